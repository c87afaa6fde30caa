/* tls13.h - the TLS 1.3 key schedule (RFC 8446 section 7.1) and record protection (section 5.2), as far as reading needs them.
 *
 * The secrets of a handshake come from somebody who knows them: a probe that has the private key, a key log, a Decryption
 * Secrets Block. The observer asks for them when the ServerHello is there (observer_secrets in observe.h).
 * Errors: false where the suite is none of TLS 1.3 or the record does not open. */
#ifndef TLSWHY_TLS13_H
#define TLSWHY_TLS13_H

#include "tlswhy/handshake.h"
#include "tlswhy/keys.h"

/* Traffic secrets of both sides, by enum side; a length of 0 = not known. */
struct tls13_secrets {
    uint8_t handshake[2][DIGEST_MAX], application[2][DIGEST_MAX];
    size_t  handshake_len[2], application_len[2];
    uint8_t secret[DIGEST_MAX]; /* the handshake secret of TLS 1.3, where it is known: the application secrets follow from it */
    size_t  secret_len;
    uint8_t master[DIGEST_MAX]; /* of TLS 1.2 and older: tls12.h; 48 bytes */
    size_t  master_len;
};

struct tls13_suite {
    uint16_t     id;
    enum hash_id hash;
    size_t       hash_len, key_len;
    enum aead    aead;
};
const struct tls13_suite *tls13_suite_of(uint32_t id); /* NULL: none of TLS 1.3 */

/* From the (EC)DHE shared secret and the messages seen so far (both hellos and the retry, if any; without a PSK):
 * the handshake traffic secrets, and the handshake secret for tls13_application. */
bool tls13_handshake_secrets(const struct handshake *h, struct bytes shared, struct tls13_secrets *out);

/* From the handshake secret and the hash of all messages up to the server's Finished: the application secrets. */
bool tls13_application_secrets(const struct tls13_suite *s, const uint8_t *messages, struct tls13_secrets *io);

/* The key of a session that a ticket stands for (section 4.6.1), from the handshake secret, the hash of all messages up to the client's
 * Finished, and the ticket's nonce. */
bool tls13_session_key(const struct tls13_suite *s, const struct tls13_secrets *known, const uint8_t *messages, struct bytes nonce,
                       uint8_t out[DIGEST_MAX]);
/* What proves to the server that we have that key (section 4.2.11.2); `hello`: up to the binders. Gives its length, 0 on failure. */
size_t tls13_binder(enum hash_id h, struct bytes key, struct bytes hello, uint8_t out[DIGEST_MAX]);

/* One direction's record protection. */
struct tls13_opener {
    const struct tls13_suite *suite; /* NULL = not set up */
    uint8_t  key[32], iv[12];
    uint64_t sequence;
};
bool tls13_opener_init(struct tls13_opener *o, uint32_t suite, const uint8_t *secret, size_t len);
/* Opens a record's body into `out` (len bytes of room); `inner` gets the real content type. Gives the content's length, or
 * -1 where it does not open; the sequence number moves on only where it does. */
ptrdiff_t tls13_open(struct tls13_opener *o, uint16_t record_version, const uint8_t *body, size_t len, uint8_t *out, uint8_t *inner);
/* Seals content as one whole record into `out`, which has room for n + 22 bytes; gives its length, 0 where it cannot. */
size_t tls13_seal(struct tls13_opener *o, uint8_t type, const uint8_t *content, size_t n, uint8_t *out);

/* HKDF-Expand-Label (RFC 8446 section 7.1), at most DIGEST_MAX bytes. */
bool tls13_expand(enum hash_id h, struct bytes secret, const char *label, struct bytes context, uint8_t *out, size_t len);

#endif
