/* peers.h - facts of the neighbours in the same input, small and bounded: what the same server said to another
 * hello, what the same client got elsewhere or when it tried lower. Rules may cite them, by stream and frame.
 *
 * Bounds: 32 facts kept a server and a client (first ones, and one of each new kind), 100,000 servers and
 *         clients; what is passed over is counted. */
#ifndef TLSWHY_PEERS_H
#define TLSWHY_PEERS_H

#include "tlswhy/handshake.h"

struct peer_fact {
    uint32_t        stream;
    enum outcome    outcome;
    int64_t         start_ns, end_ns;
    struct endpoint client, server;
    uint64_t        hello_frame, answer_frame, close_frame;
    bool            hello, answered; /* whole ClientHello; a ServerHello came */
    bool            server_alert, finished, resumed, had_sni, had_sigalgs, fallback_scsv, client_rejected; /* client left after Certificate */
    uint64_t        name_hash;  /* of the SNI, lower case; 0 = none */
    uint16_t        max_version, version; /* offered, chosen */
    uint32_t        suite;
    uint16_t        group;
    size_t          hello_len;
    uint64_t        suites_hash, hello_hash; /* the offer without random, session id, key shares */
    uint8_t         leaf_key;   /* enum cert_key of its leaf; 0 = not seen */
    uint8_t         alert;      /* server's or client's fatal alert in clear, 0xff = none */
    enum side       alert_from;
    const struct cert *leaf;    /* in the run's store; NULL = not seen */
};

struct peers;
struct peers *peers_new(void);
void          peers_free(struct peers *p);
void          peers_add(struct peers *p, const struct handshake *h);

/* Facts about the same server (address and port), or the same client address, or the same server name; the
 * handshake's own fact is left out. Walk: it starts at 0 and gives NULL at the end. */
const struct peer_fact *peers_server(const struct peers *p, const struct handshake *h, size_t *walk);
const struct peer_fact *peers_client(const struct peers *p, const struct handshake *h, size_t *walk);
const struct peer_fact *peers_name(const struct peers *p, const struct handshake *h, size_t *walk);
/* Has TLS been seen on this server address and port anywhere in the input? */
bool peers_speaks_tls(const struct peers *p, const struct endpoint *server);
void peer_fact_of(const struct handshake *h, struct peer_fact *out);

#endif
