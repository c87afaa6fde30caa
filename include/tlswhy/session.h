/* session.h - what a client of our own keeps of a handshake to take its session up again: the session id (RFC 5246 section 7.4.1.2), the
 * ticket (RFC 5077 section 3.3), and for TLS 1.3 the key that goes with it (RFC 8446 section 4.6.1).
 *
 * Owns: bytes belong to the handshake that it came of. */
#ifndef TLSWHY_SESSION_H
#define TLSWHY_SESSION_H

#include "tlswhy/crypto.h"

struct session {
    struct bytes id;      /* TLS 1.2 and older; n 0 = none */
    struct bytes ticket;  /* n 0 = none */
    struct bytes psk;     /* TLS 1.3; as long as the hash */
    enum hash_id hash;    /* it goes with */
    uint32_t     age_add; /* to its age in ms, modulo 2^32 */
};

#endif
