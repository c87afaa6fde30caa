/* tls12.h - record protection of TLS 1.0 to 1.2 (RFC 5246 section 6.3, RFC 2246), as far as reading needs it: the keys
 * from the master secret, and records opened in their order.
 *
 * AES in GCM, CCM and CBC, Camellia and 3DES in CBC, ChaCha20-Poly1305; encrypt-then-MAC (RFC 7366). Not RC4, not
 * compressed records, not SSL 3.0.
 * Errors: false where the suite or version is none of these; -1 where the record does not open. */
#ifndef TLSWHY_TLS12_H
#define TLSWHY_TLS12_H

#include "tlswhy/handshake.h"
#include "tlswhy/keys.h"

enum { TLS12_MASTER = 48 };

/* One direction's record protection. */
struct tls12_opener {
    const struct tls12_cipher *cipher; /* private; NULL = not set up */
    uint16_t     version;
    enum hash_id mac;
    size_t       mac_len;
    bool         encrypt_then_mac;
    bool         chain_lost;   /* TLS 1.0: a record was passed over, whose last block is the next one's IV */
    uint8_t      key[32], mac_key[48], iv[16]; /* iv: AEAD: the fixed part of the nonce; TLS 1.0: of the next record */
    uint64_t     sequence;
};
/* Both directions, by enum side, for the records after ChangeCipherSpec. */
bool tls12_openers(const struct handshake *h, const uint8_t master[TLS12_MASTER], struct tls12_opener open[2]);
/* Opens a record's body into `out` (len bytes of room). Gives the content's length, or -1. */
ptrdiff_t tls12_open(struct tls12_opener *o, unsigned type, const uint8_t *body, size_t len, uint8_t *out);
/* The body of the next record is not looked at. */
void tls12_skip(struct tls12_opener *o);
/* Is each record needed to open the next? (TLS 1.0 with CBC) */
bool tls12_chained(const struct tls12_opener *o);

#endif
