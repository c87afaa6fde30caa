/* identity_mbedtls.c - private keys read and used, with mbedTLS 2.28 or 3.6. */
#include "tlswhy/identity.h"

#include "crypto_memory.h"
#include "tlswhy/keys.h"

#include <mbedtls/ecp.h>
#include <mbedtls/pk.h>
#include <mbedtls/rsa.h>
#include <mbedtls/version.h>
#include <stdlib.h>
#include <string.h>

struct identity {
    struct cert_store *store;
    struct cert      **chain;
    size_t             n;
    mbedtls_pk_context key;
};

/* ------------------------------------------------------------------------------------ files */

static bool holds(struct bytes file, const char *what) { return memmem(file.p, file.n, what, strlen(what)) != NULL; }

/* PFX (RFC 7292 section 4) begins with version 3; a private key (RFC 5958, 8017, 5915) with 0 or 1. */
static bool is_pkcs12(struct bytes file)
{
    size_t head = file.n > 2 && file.p[0] == 0x30 ? (file.p[1] < 0x80 ? 2 : 2 + (file.p[1] & 0x7fu)) : file.n;
    return head + 3 <= file.n && memcmp(file.p + head, "\x02\x01\x03", 3) == 0;
}

static void say_pkcs12(struct err *err, const char *path)
{
    err_set(err, "%s is a PKCS#12 file; convert it with: openssl pkcs12 -in %s -nodes -out client.pem, and give client.pem to --cert", path, path);
}

static bool read_chain(struct identity *i, const char *path, struct err *err)
{
    size_t   n = 0;
    uint8_t *file = file_read(path, &n, err);
    bool     other = file == NULL || is_pkcs12((struct bytes){ file, n });
    if (file != NULL && other)
        say_pkcs12(err, path);
    else if (file != NULL)
        other = !certs_load(i->store, path, &i->chain, &i->n, err);
    free(file);
    return !other;
}

static void say_no_key(struct err *err, const char *path, struct bytes file)
{
    bool pem = holds(file, "PRIVATE KEY-----");
    if (file.n == 0)
        err_set(err, "%s is empty; give a file with a private key", path);
    else if (holds(file, "ENCRYPTED"))
        err_set(err, "the private key in %s is encrypted; decrypt it into a file of its own with: openssl pkey -in %s -out key.pem", path, path);
    else if (is_pkcs12(file))
        say_pkcs12(err, path);
    else if (holds(file, "OPENSSH PRIVATE KEY"))
        err_set(err, "%s holds a key of OpenSSH; convert a copy of it with: ssh-keygen -p -m PKCS8 -f COPY", path);
    else if (!pem && holds(file, "-----BEGIN"))
        err_set(err, "%s holds no private key; give the one that belongs to the certificate to --key", path);
    else
        err_set(err, "the private key in %s cannot be read; it must be RSA or EC, in PEM or DER, and whole", path);
}

/* The library wants PEM to end with a zero that is counted. */
static bool parse_key(mbedtls_pk_context *key, const uint8_t *p, size_t n)
{
#if MBEDTLS_VERSION_MAJOR >= 3
    return checked(mbedtls_pk_parse_key(key, p, n + 1, NULL, 0, random_source, NULL)) == 0 || checked(mbedtls_pk_parse_key(key, p, n, NULL, 0, random_source, NULL)) == 0;
#else
    return checked(mbedtls_pk_parse_key(key, p, n + 1, NULL, 0)) == 0 || checked(mbedtls_pk_parse_key(key, p, n, NULL, 0)) == 0;
#endif
}

static bool read_key(struct identity *i, const char *path, struct err *err)
{
    size_t   n = 0;
    uint8_t *file = file_read(path, &n, err);
    if (file == NULL)
        return false;
    file = mem_grow(file, n + 1, 1);
    file[n] = '\0';
    bool ok = parse_key(&i->key, file, n) && (mbedtls_pk_can_do(&i->key, MBEDTLS_PK_RSA) || mbedtls_pk_can_do(&i->key, MBEDTLS_PK_ECDSA));
    if (!ok)
        say_no_key(err, path, (struct bytes){ file, n });
    keys_wipe(file, n);
    free(file);
    return ok;
}

/* ------------------------------------------------------------------------------------ signing */

static bool is_rsa(const struct identity *i) { return mbedtls_pk_can_do(&i->key, MBEDTLS_PK_RSA) != 0; }

static mbedtls_md_type_t md_of(enum hash_id h)
{
    static const mbedtls_md_type_t md[] = { [HASH_SHA1] = MBEDTLS_MD_SHA1, [HASH_SHA224] = MBEDTLS_MD_SHA224, [HASH_SHA256] = MBEDTLS_MD_SHA256,
                                            [HASH_SHA384] = MBEDTLS_MD_SHA384, [HASH_SHA512] = MBEDTLS_MD_SHA512 };
    return h < ARRAY_LEN(md) ? md[h] : MBEDTLS_MD_NONE; /* NONE: a bare digest, as MD5 and SHA-1 together are signed */
}

size_t identity_sign(const struct identity *i, uint16_t scheme, const struct bytes *pieces, size_t n, uint8_t out[SIGNATURE_MAX])
{
    mbedtls_pk_context key = i->key; /* signing changes its padding and blinding, not what it is */
    struct sig_alg     alg = scheme_alg(scheme, is_rsa(i) ? CERT_KEY_RSA : CERT_KEY_EC);
    uint8_t            hash[DIGEST_MAX];
    size_t             hash_len = digest(alg.hash, pieces, n, hash), len = 0;
    if (hash_len == 0 || is_rsa(i) != (alg.kind == SIG_RSA || alg.kind == SIG_RSA_PSS) || mbedtls_pk_get_len(&key) > SIGNATURE_MAX / 2)
        return 0;
    if (is_rsa(i)) /* the salt is then as long as the hash, as TLS wants it */
        (void)mbedtls_rsa_set_padding(mbedtls_pk_rsa(key), alg.kind == SIG_RSA_PSS ? MBEDTLS_RSA_PKCS_V21 : MBEDTLS_RSA_PKCS_V15,
                                      (int)(alg.kind == SIG_RSA_PSS ? md_of(alg.hash) : MBEDTLS_MD_NONE));
#if MBEDTLS_VERSION_MAJOR >= 3
    int bad = checked(mbedtls_pk_sign(&key, md_of(alg.hash), hash, hash_len, out, SIGNATURE_MAX, &len, random_source, NULL));
#else
    int bad = checked(mbedtls_pk_sign(&key, md_of(alg.hash), hash, hash_len, out, &len, random_source, NULL));
#endif
    return bad == 0 ? len : 0;
}

/* RFC 8446 section 4.2.3: there a curve belongs to each scheme of ECDSA, and RSA signs with PSS only. */
static bool signs_with(const struct identity *i, uint16_t version, uint16_t scheme)
{
    struct sig_alg alg = scheme_alg(scheme, is_rsa(i) ? CERT_KEY_RSA : CERT_KEY_EC);
    unsigned       bits = i->chain[0]->key_bits;
    bool           pss_key = i->chain[0]->key == CERT_KEY_RSA_PSS, pss_scheme = scheme >= 0x0809 && scheme <= 0x080b;
    if (is_rsa(i))
        return (alg.kind == SIG_RSA_PSS && pss_key == pss_scheme) || (alg.kind == SIG_RSA && !pss_key && !version_is_13(version) && alg.hash != HASH_MD5);
    if (alg.kind != SIG_ECDSA || alg.hash == HASH_MD5)
        return false;
    return !version_is_13(version) || (alg.hash == HASH_SHA256 && bits == 256) || (alg.hash == HASH_SHA384 && bits == 384) || (alg.hash == HASH_SHA512 && bits == 521);
}

static bool fits_scheme(const struct identity *i, uint16_t scheme)
{
    static const char text[] = "tlswhy";
    struct bytes      piece = { (const uint8_t *)text, sizeof text };
    uint8_t           signature[SIGNATURE_MAX];
    size_t            n = identity_sign(i, scheme, &piece, 1, signature);
    return n != 0 && cert_verifies(i->chain[0], scheme, &piece, 1, (struct bytes){ signature, n }) == SIG_GOOD;
}

/* Are key and certificate a pair? What one signs, the other must verify. */
static bool is_pair(const struct identity *i)
{
    return fits_scheme(i, !is_rsa(i) ? 0x0403 : i->chain[0]->key == CERT_KEY_RSA_PSS ? 0x0809 : 0x0401);
}

bool identity_scheme(const struct identity *i, uint16_t version, const struct cert_request *request, uint16_t *scheme)
{
    *scheme = 0;
    if (version < 0x0303)
        return i->chain[0]->key != CERT_KEY_RSA_PSS;
    for (size_t k = 0; k < request->sigalgs.n; k++) {
        *scheme = request->sigalgs.v[k];
        if (signs_with(i, version, *scheme))
            return true;
    }
    return false;
}

/* ------------------------------------------------------------------------------------ the whole */

struct identity *identity_load(const char *cert_path, const char *key_path, struct err *err)
{
    struct identity *i = mem_get(1, sizeof *i);
    i->store = cert_store_new();
    mbedtls_pk_init(&i->key);
    if (!read_chain(i, cert_path, err))
        goto failed;
    if (!read_key(i, key_path != NULL ? key_path : cert_path, err))
        goto failed;
    if (!is_pair(i)) {
        err_set(err, "the private key in %s does not belong to the first certificate in %s", key_path != NULL ? key_path : cert_path, cert_path);
        goto failed;
    }
    return i;
failed:
    identity_free(i);
    return NULL;
}

void identity_free(struct identity *i)
{
    if (i == NULL)
        return;
    mbedtls_pk_free(&i->key);
    free(i->chain);
    cert_store_free(i->store);
    free(i);
}

struct cert *const *identity_chain(const struct identity *i, size_t *n)
{
    *n = i->n;
    return i->chain;
}
