/* client.h - the client's part of a handshake after the server's flight, made by hand: its certificate where the server asks
 * for one, key exchange and Finished.
 *
 *     tls12_client_hear(c, h, bytes)          all that the server sends, in order; the observer has seen it already
 *     tls12_client_reply(c, h, own, out)      once its flight is whole
 *
 * TLS 1.0 to 1.2 (RFC 5246): RSA, DHE and ECDHE (P-256, P-384, P-521, X25519), anonymous ones too, with the ciphers of tls12.h.
 * TLS 1.3 (RFC 8446 section 4.4): in one call, from what the observer keeps.
 * `own` may be NULL: a server that asks for a certificate is told that there is none. Nothing here waits or sends: bytes in,
 * bytes out. */
#ifndef TLSWHY_PROBE_CLIENT_H
#define TLSWHY_PROBE_CLIENT_H

#include "tlswhy/identity.h"
#include "tlswhy/observe.h"
#include "tlswhy/text.h"
#include "tlswhy/tls12.h"

struct tls12_client {
    struct text         heard;    /* of the server, not yet a whole record */
    struct text         messages; /* of both sides, for what hashes them */
    struct text         data;     /* the first application data of the server */
    struct tls12_opener send, receive;
    uint8_t             master[TLS12_MASTER];
    bool                keyed;    /* master is there, and our Finished was made */
    bool                ccs;      /* the server goes on under encryption */
    enum sig_check      finished; /* its Finished: SIG_GOOD, SIG_BAD; SIG_UNCHECKED: not seen yet */
};

void   tls12_client_hear(struct tls12_client *c, const struct handshake *h, struct bytes b);
bool   tls12_client_reply(struct tls12_client *c, const struct handshake *h, const struct identity *own, struct text *out);
/* Content in a record of its own; with `split` its first byte comes in one before (1/n-1, against BEAST). */
bool   tls12_client_send(struct tls12_client *c, unsigned type, struct bytes content, bool split, struct text *out);
void   tls12_client_free(struct tls12_client *c);

/* Certificate, CertificateVerify (with a certificate) and Finished, sealed; `all`: the hash of all messages, these included. False: no keys, or the server's Finished was not seen. */
bool   tls13_client_reply(const void *slot, const struct handshake *h, const struct identity *own, struct text *out, uint8_t all[DIGEST_MAX]);

#endif
