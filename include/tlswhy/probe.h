/* probe.h - handshakes of our own: connections made, hellos sent, and everything that happens told to an observer, so that
 * a probe gives the same `struct handshake` as a capture of it would.
 *
 *     probe_start(p, &ask);                          as often as wanted
 *     while (probe_step(p, INT64_MAX))               waits until something happened
 *         while (probe_collect(p, &done))            done.ask, done.h
 *
 * Thousands may be under way. Whoever waits for other things too (names, tunnels) puts them into the same loop.
 * A connection is read as far as the server's flight goes (ServerHelloDone; TLS 1.3: the server's Finished, with our own
 * keys) and then ended by us, unless going on settles something: the server asks for a client certificate, the key exchange
 * is RSA's and the key is to be proven (only by its Finished shows the server that it has it), or a request is to be sent.
 * Frames are numbered as a recording of the run would number them: SYN 1, SYN-ACK 2, ACK 3, and then a frame for
 * each piece sent or received.
 * Every wait has a deadline, and what a peer sends is bounded (512 KB). */
#ifndef TLSWHY_PROBE_H
#define TLSWHY_PROBE_H

#include "tlswhy/dialog.h"
#include "tlswhy/handshake.h"
#include "tlswhy/hello.h"
#include "tlswhy/identity.h"
#include "tlswhy/loop.h"
#include "tlswhy/tunnel.h"

#include <sys/socket.h>

struct address {
    struct sockaddr_storage to;
    socklen_t               len;
};

/* Where frames and connections are counted: those that are to be numbered together share one. Zero at first. */
struct probe_count {
    uint64_t frames;
    uint32_t streams;
};

/* One connection to be made. Everything is borrowed until it is collected. */
struct probe_ask {
    struct address    to;        /* the server, or the proxy */
    const struct tunnel_way *way; /* the proxy, through which host and port are to be reached; NULL = none */
    struct hello_spec spec;
    struct bytes      raw;       /* sent as it is, instead of a hello of the spec; p NULL = none */
    int64_t           timeout_ns; /* from its first packet to its end */
    int64_t           open_ns;   /* of that, for the connection to open; 0 = all of it */
    int64_t           rest_ns;   /* > 0: begun only when no other connection to this address has been open for so long */
    const struct dialog *starttls; /* what leads to TLS; NULL = it begins with the hello */
    const char       *host;        /* for protocols that name it in their dialog, and for proxies */
    const char       *service;     /* the name in the dialog where it is another than the host's (XMPP: the domain); NULL = host */
    uint16_t          port;        /* with `way` */
    struct probe_count *count;   /* NULL = the prober's own */
    void             *ctx;       /* the caller's */
    const struct identity *own;  /* for servers that ask for a client certificate; NULL = there is none */
    struct bytes      request;   /* sent inside a handshake of TLS 1.0 to 1.2, and its answer told as h->inside; p NULL = none */
    bool              prove_key;   /* an RSA key exchange is finished to see whether the server has the key */
    bool              split_request; /* its first byte comes in a record of its own (1/n-1) */
    size_t            segment;   /* what is said of TLS goes out in pieces of so many bytes; 0 = as much as goes */
    int64_t           segment_pause_ns; /* between them */
    bool              inside;     /* a whole connection, and one HTTP request in it: h->inside tells; spec and raw do not count */
    const char       *name;       /* with `inside`: the server's name, or its address, which is never sent as one */
    uint16_t          inside_high; /* with `inside`: the newest version; 0 = what the library has. To TLS 1.2 the certificate is seen */
    bool              whole;      /* goes on to the server's Finished (TLS 1.3: its first ticket), and h->session tells how to take the session up */
    bool              hello_only; /* enough is known with the ServerHello */
    bool              flight_only; /* enough is known with the server's flight: whether it insists on a client certificate is not asked */
};

struct probe_done {
    const struct probe_ask *ask;
    struct handshake       *h;       /* yours to handshake_free */
    bool                    crowded; /* dropped, perhaps for others of ours that were open to the same address: ask again with rest_ns */
    int                     trouble; /* errno: we had no socket or port to ask with, and h tells nothing; 0 = none */
};

struct prober;
struct prober *prober_new(struct cert_store *certs); /* NULL: the system gives no means to wait, see errno */
void           prober_free(struct prober *p);         /* ends what is under way */
/* What begins from now on keeps its certificates there; the store before is needed until what began with it is freed. */
void           prober_certs(struct prober *p, struct cert_store *certs);
struct loop   *prober_loop(struct prober *p);
/* What happens from now on is recorded (record.h), too. */
struct recording;
void           prober_record(struct prober *p, struct recording *r);
/* From the beginning of one connection to an address to that of the next there pass at least so many ns. Servers are
 * told apart by IP address. */
void           prober_pause(struct prober *p, int64_t ns);
void           probe_start(struct prober *p, const struct probe_ask *ask);
size_t         probe_open(const struct prober *p); /* under way or waiting for their turn */
/* Waits until something happened, at most until `until` (loop.h). False: nothing is under way in the loop. */
bool           probe_step(struct prober *p, int64_t until);
bool           probe_collect(struct prober *p, struct probe_done *out); /* the next that is over; false: none */

/* Did the server hang up, or never speak, without a byte of its own (or saying that it has too many visitors)? Of a crowd
 * that says little: it may have minded the number. */
bool           probe_dropped(const struct handshake *h);
/* Makes all of them, at most `at_once` at a time; out[i] is the handshake of asks[i], yours to handshake_free. What was
 * dropped in a crowd is asked again alone (one to see whether that changes the answer; if so, the others too). Nothing else
 * may be under way. */
void           probe_all(struct prober *p, const struct probe_ask *asks, size_t n, size_t at_once, struct handshake **out);
int            probe_trouble(const struct prober *p); /* the last trouble there was with any of them, see probe_done */

#endif
