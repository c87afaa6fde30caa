/* probe.h - handshakes of our own: connections made, hellos sent, and everything that happens told to an observer, so that
 * a probe gives the same `struct handshake` as a capture of it would.
 *
 * A connection is read as far as the server's flight goes (ServerHelloDone; TLS 1.3: the server's Finished, with our own
 * keys) and then ended by us: nothing is ever sent beyond the ClientHello (and a second one after HelloRetryRequest).
 * Frames are numbered as a recording of the run would number them: SYN 1, SYN-ACK 2, ACK 3, and then a frame for
 * each piece sent or received.
 * Every wait has a deadline, and what a peer sends is bounded (512 KB). */
#ifndef TLSWHY_PROBE_H
#define TLSWHY_PROBE_H

#include "tlswhy/dialog.h"
#include "tlswhy/handshake.h"
#include "tlswhy/hello.h"

#include <sys/socket.h>

struct address {
    struct sockaddr_storage to;
    socklen_t               len;
};

/* All addresses of a host, in the system's order; `family` AF_UNSPEC, AF_INET or AF_INET6. The array is the caller's
 * (free). False: err says why, in one sentence. */
bool probe_resolve(const char *host, uint16_t port, int family, struct address **out, size_t *n, struct err *err);

/* One connection to be made. Everything is borrowed until it is over. */
struct probe_ask {
    struct address    to;
    struct hello_spec spec;
    struct bytes      raw;       /* sent as it is, instead of a hello of the spec; p NULL = none */
    int64_t           timeout_ns;
    const struct dialog *starttls; /* what leads to TLS; NULL = it begins with the hello */
    const char       *host;        /* for protocols that name it in their dialog */
    bool              hello_only; /* enough is known with the ServerHello */
};

struct prober;
struct prober *prober_new(struct cert_store *certs);
void           prober_free(struct prober *p);
/* Makes all of them, at most `at_once` at a time; out[i] is the handshake of asks[i], yours to handshake_free. */
void           probe_all(struct prober *p, const struct probe_ask *asks, size_t n, size_t at_once, struct handshake **out);

#endif
