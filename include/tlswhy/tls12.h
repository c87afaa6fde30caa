/* tls12.h - secrets and record protection of TLS 1.0 to 1.2 (RFC 5246 sections 5, 6.3 and 8.1, RFC 2246): the keys from the
 * master secret, records opened and sealed in their order, and what a client of our own makes its Finished with.
 *
 * AES in GCM, CCM and CBC, Camellia and 3DES in CBC, ChaCha20-Poly1305; encrypt-then-MAC (RFC 7366). Not RC4, not
 * compressed records, not SSL 3.0.
 * Errors: false where the suite or version is none of these; -1 where the record does not open. */
#ifndef TLSWHY_TLS12_H
#define TLSWHY_TLS12_H

#include "tlswhy/handshake.h"
#include "tlswhy/keys.h"

enum { TLS12_MASTER = 48, TLS12_FINISHED = 12, TLS12_CONTENT_MAX = 16384, TLS12_SEALED_MAX = 5 + 16 + TLS12_CONTENT_MAX + 48 + 16 };

/* The randoms of both hellos, 32 bytes each. False: they are not there. */
struct tls12_randoms {
    uint8_t client[32], server[32];
};
bool tls12_randoms(const struct handshake *h, struct tls12_randoms *out);

/* The PRF of the handshake's version and suite over label and seed. */
bool tls12_prf(const struct handshake *h, struct bytes secret, const char *label, const struct bytes seed[2], uint8_t *out, size_t len);
/* `messages`: all handshake messages, one behind the other, up to ClientKeyExchange; matters with extended_master_secret. */
bool tls12_master(const struct handshake *h, struct bytes premaster, struct bytes messages, uint8_t master[TLS12_MASTER]);
/* The contents of Finished (RFC 5246 section 7.4.9); `messages`: all before it. */
bool tls12_finished(const struct handshake *h, const uint8_t master[TLS12_MASTER], enum side by, struct bytes messages, uint8_t out[TLS12_FINISHED]);

/* Is what was agreed among what is opened and sealed here? */
bool tls12_can(const struct handshake *h);

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
/* Seals content as one whole record into `out`, which has room for TLS12_SEALED_MAX bytes; gives its length, 0 where it cannot. */
size_t tls12_seal(struct tls12_opener *o, unsigned type, const uint8_t *content, size_t n, uint8_t *out);
/* The body of the next record is not looked at. */
void tls12_skip(struct tls12_opener *o);
/* Is each record needed to open the next? (TLS 1.0 with CBC) */
bool tls12_chained(const struct tls12_opener *o);

#endif
