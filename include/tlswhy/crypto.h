/* crypto.h - digests and signature checks. dissect/crypto_mbedtls.c is the one file that sees mbedTLS; it
 * builds against 2.28 and 3.6. Nothing here keeps state, allocates what it returns, or needs a start call.
 *
 * Unsupported is told apart from bad: an algorithm, curve or key that the library (or this file) cannot
 * handle gives SIG_UNSUPPORTED, and only a signature that was really computed and differs gives SIG_BAD. */
#ifndef TLSWHY_CRYPTO_H
#define TLSWHY_CRYPTO_H

#include "tlswhy/base.h"

/* HASH_MD5_SHA1: both, one behind the other (36 bytes), as TLS 1.0 and 1.1 sign with RSA. */
enum hash_id { HASH_NONE, HASH_MD2, HASH_MD4, HASH_MD5, HASH_SHA1, HASH_SHA224, HASH_SHA256, HASH_SHA384, HASH_SHA512, HASH_OTHER, HASH_MD5_SHA1 };
enum sig_kind { SIG_KIND_UNKNOWN, SIG_RSA, SIG_RSA_PSS, SIG_ECDSA, SIG_DSA, SIG_ED25519, SIG_ED448, SIG_SM2, SIG_GOST, SIG_MLDSA };
enum sig_check { SIG_UNCHECKED, SIG_GOOD, SIG_BAD, SIG_UNSUPPORTED };

#define DIGEST_MAX 64

/* The digest of the pieces, one behind the other; returns its length. 0: no such hash here (MD2, MD4, other). */
size_t digest(enum hash_id h, const struct bytes *pieces, size_t n, uint8_t out[DIGEST_MAX]);
size_t digest_of(enum hash_id h, const void *p, size_t n, uint8_t out[DIGEST_MAX]);

struct sig_alg {
    enum sig_kind kind;
    enum hash_id  hash;
    enum hash_id  mgf_hash; /* RSA-PSS (RFC 8017 section 8.1); HASH_NONE = as hash */
    unsigned      salt;     /* RSA-PSS: salt length in bytes */
};

/* Does the public key (SubjectPublicKeyInfo, DER: RFC 5280 section 4.1.2.7) verify `signature` over the pieces? */
enum sig_check key_verifies(struct bytes spki, const struct sig_alg *alg, const struct bytes *pieces, size_t n,
                            struct bytes signature);
/* Encrypts for an RSA key by PKCS #1 v1.5 (RFC 8017 section 7.2) into `out`; gives the length. 0: no such key, or it does not fit. */
size_t key_encrypts(struct bytes spki, struct bytes in, uint8_t *out, size_t room);

#endif
