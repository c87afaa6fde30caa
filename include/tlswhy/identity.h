/* identity.h - a client's certificate, the certificates sent along with it, and the private key (RFC 5246 section 7.4.6 and
 * 7.4.8, RFC 8446 section 4.4.2 and 4.4.3).
 * dissect/identity_mbedtls.c sees mbedTLS (2.28 or 3.6).
 *
 * Files: PEM or DER; both may be one PEM file. Keys: RSA, and EC over P-256, P-384 and P-521; not encrypted.
 * Owns:   everything; the key is wiped by identity_free and never printed. */
#ifndef TLSWHY_IDENTITY_H
#define TLSWHY_IDENTITY_H

#include "tlswhy/handshake.h"

enum { SIGNATURE_MAX = 1024 };

struct identity;
/* The first certificate of the file is the client's own. `key_path` NULL: the key is in the certificate's file. NULL: err says
 * which file is wrong, what is there instead, and what to do; also where key and certificate are no pair. */
struct identity   *identity_load(const char *cert_path, const char *key_path, struct err *err);
void               identity_free(struct identity *i); /* NULL is fine */
struct cert *const *identity_chain(const struct identity *i, size_t *n);

/* How it signs for a server that asks like this. False: the server takes none of the schemes that the key can sign with.
 * Scheme 0: before TLS 1.2 there is no choice. */
bool   identity_scheme(const struct identity *i, uint16_t version, const struct cert_request *request, uint16_t *scheme);
/* Signs the pieces, one behind the other; gives the length, 0 where it cannot. */
size_t identity_sign(const struct identity *i, uint16_t scheme, const struct bytes *pieces, size_t n, uint8_t out[SIGNATURE_MAX]);

#endif
