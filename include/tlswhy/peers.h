/* peers.h - facts of the neighbours in the same input, small and bounded: what the same server said to another
 * hello, what the same client got elsewhere or when it tried lower. Rules may cite them, by stream and frame.
 *
 * Bounds: 32 facts kept a server, a client and a name (the first 16, then one of each new kind), 100,000 of
 *         each, 100,000 facts and 1,024 fetches in all, 16 lists with their bodies; what is passed over is counted.
 * Order:  walks go in the order of peers_add. */
#ifndef TLSWHY_PEERS_H
#define TLSWHY_PEERS_H

#include "tlswhy/fetch.h"

struct peer_fact { /* there are many: no byte more than it takes */
    int64_t         start_ns, end_ns;
    struct endpoint client, server;
    uint64_t        name_hash;  /* of the SNI, lower case; 0 = none */
    uint64_t        suites_hash, hello_hash; /* the offer without random, session id, key shares */
    const struct cert *leaf;    /* in the run's store; NULL = not seen */
    uint32_t        stream;
    uint32_t        hello_frame, answer_frame, close_frame; /* 0 where there was none, or beyond the 4,294,967,295th */
    uint32_t        suite, hello_len;
    uint16_t        group, max_version, version; /* version: chosen; max_version: offered */
    uint8_t         leaf_key;   /* enum cert_key of its leaf; 0 = not seen */
    uint8_t         alert;      /* server's or client's fatal alert in clear, 0xff = none */
    uint8_t         alert_from; /* enum side */
    uint8_t         outcome;    /* enum outcome */
    bool            hello : 1, answered : 1; /* whole ClientHello; a ServerHello came */
    bool            server_alert : 1, finished : 1, resumed : 1, had_sni : 1, had_sigalgs : 1, fallback_scsv : 1;
    bool            client_rejected : 1; /* client left after Certificate */
};

struct peers;
struct peers *peers_new(void);
/* Facts of no more than about so many bytes are kept from now on, and in any case of no more than 100,000 connections. */
void          peers_keep_within(struct peers *p, size_t memory);
void          peers_free(struct peers *p);
void          peers_add(struct peers *p, const struct handshake *h);
/* Counts a connection that never opened, where there is no room for its fact. False: there is; peers_add it. */
bool          peers_pass_over_unopened(struct peers *p);
/* One that was opened, and on which nobody said a word. */
void          peers_count_silent(struct peers *p);

/* Facts about the same server (address and port), or the same client address, or the same server name; the
 * handshake's own fact is left out. Walk: it starts at 0 and gives NULL at the end. */
const struct peer_fact *peers_server(const struct peers *p, const struct handshake *h, size_t *walk);
const struct peer_fact *peers_client(const struct peers *p, const struct handshake *h, size_t *walk);
const struct peer_fact *peers_name(const struct peers *p, const struct handshake *h, size_t *walk);
/* Plain HTTP fetches of root lists and the like (fetch.h) that the handshake's client made. */
const struct fetch *peers_fetch(const struct peers *p, const struct handshake *h, size_t *walk);
/* All of them, to be judged (fetch.h: `list`); NULL past the last. */
struct fetch       *peers_fetch_at(struct peers *p, size_t i);
void                peers_fetch_told(struct peers *p, uint32_t stream, uint64_t asked_frame); /* sets `told` */

/* Has TLS (or a proxy's or STARTTLS dialog) been seen on this server address and port, or on this port of any
 * server, anywhere in the input? */
bool peers_speaks_tls(const struct peers *p, const struct endpoint *server);
bool peers_port_speaks_tls(const struct peers *p, uint16_t port);

struct peer_sums {
    uint64_t connections, tls, not_opened, passed_over;
};
const struct peer_sums *peers_sums(const struct peers *p);
/* `leaf` is borrowed from the certificate store; everything else is a copy. */
void peer_fact_of(const struct handshake *h, struct peer_fact *out);

#endif
