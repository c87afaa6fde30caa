/* The one file that sees mbedTLS, 2.28 or 3.6. Keys are taken apart here and handed over as numbers, so that
 * what the library refuses to parse (RSASSA-PSS keys, odd encodings) can still be checked; and only calls that
 * are public and alike in both versions are used, which is why there is no #if at all. */
#include "tlswhy/crypto.h"

#include "crypto_memory.h"
#include "tlswhy/der.h"
#include "tlswhy/keys.h"

#include <mbedtls/bignum.h>
#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>
#include <mbedtls/md.h>
#include <mbedtls/pk.h>
#include <mbedtls/rsa.h>
#include <string.h>

enum { RSA_MIN_BITS = 512, RSA_MAX_BITS = 8192, RSA_PLAIN_BITS = 3072, EXPONENT_MAX = 8,
       DSA_MAX_BITS = 4096 };

static mbedtls_md_type_t md_type(enum hash_id h)
{
    switch (h) {
    case HASH_MD5: return MBEDTLS_MD_MD5;
    case HASH_SHA1: return MBEDTLS_MD_SHA1;
    case HASH_SHA224: return MBEDTLS_MD_SHA224;
    case HASH_SHA256: return MBEDTLS_MD_SHA256;
    case HASH_SHA384: return MBEDTLS_MD_SHA384;
    case HASH_SHA512: return MBEDTLS_MD_SHA512;
    default: return MBEDTLS_MD_NONE;
    }
}

size_t digest(enum hash_id h, const struct bytes *pieces, size_t n, uint8_t out[DIGEST_MAX])
{
    if (h == HASH_MD5_SHA1) {
        uint8_t second[DIGEST_MAX];
        size_t  md5 = digest(HASH_MD5, pieces, n, out), sha1 = digest(HASH_SHA1, pieces, n, second);
        if (md5 == 0 || sha1 == 0)
            return 0;
        memcpy(out + md5, second, sha1);
        return md5 + sha1;
    }
    const mbedtls_md_info_t *info = mbedtls_md_info_from_type(md_type(h));
    if (info == NULL)
        return 0;
    mbedtls_md_context_t md;
    mbedtls_md_init(&md);
    int bad = checked(mbedtls_md_setup(&md, info, 0));
    bad = bad != 0 ? bad : mbedtls_md_starts(&md);
    for (size_t i = 0; i < n && bad == 0; i++)
        if (pieces[i].n != 0)
            bad = mbedtls_md_update(&md, pieces[i].p, pieces[i].n);
    bad = bad != 0 ? bad : mbedtls_md_finish(&md, out);
    mbedtls_md_free(&md);
    return bad == 0 ? mbedtls_md_get_size(info) : 0;
}

size_t digest_of(enum hash_id h, const void *p, size_t n, uint8_t out[DIGEST_MAX])
{
    return digest(h, &(struct bytes){ p, n }, 1, out);
}

/* A SubjectPublicKeyInfo taken apart: the algorithm's OID, its parameters, the key's bits. */
struct key_parts {
    struct bytes oid, params, bits;
};

static bool key_parts(struct bytes spki, struct key_parts *k)
{
    struct reader r = der_open(spki, DER_SEQUENCE, "subjectPublicKeyInfo");
    struct reader alg = der_into(&r, DER_SEQUENCE, "algorithm");
    struct der    oid, params, bits;
    if (!der_expect(&alg, DER_OID, &oid, "algorithm OID") ||
        !der_expect(&r, DER_BIT_STRING, &bits, "public key"))
        return false;
    *k = (struct key_parts){ .oid = oid.body, .bits = der_bit_string(bits.body, NULL) };
    if (rd_more(&alg) && der_next(&alg, &params, "parameters"))
        k->params = params.whole;
    return k->bits.p != NULL;
}

static bool is_oid(struct bytes body, const char *dotted)
{
    char text[64];
    return der_oid(body, text, sizeof text) && strcmp(text, dotted) == 0;
}

/* RFC 8017 appendix A.1.1. As OpenSSL does, a huge exponent is refused where it would cost seconds. */
static bool rsa_load(const struct key_parts *k, mbedtls_rsa_context *rsa)
{
    struct reader r = der_open(k->bits, DER_SEQUENCE, "RSAPublicKey");
    struct der    n, e;
    if (!der_expect(&r, DER_INTEGER, &n, "modulus") || !der_expect(&r, DER_INTEGER, &e, "publicExponent"))
        return false;
    struct bytes modulus = der_magnitude(n.body), exponent = der_magnitude(e.body);
    unsigned     bits = der_bits(n.body);
    if (bits < RSA_MIN_BITS || bits > RSA_MAX_BITS || (bits > RSA_PLAIN_BITS && exponent.n > EXPONENT_MAX))
        return false;
    return checked(mbedtls_rsa_import_raw(rsa, modulus.p, modulus.n, NULL, 0, NULL, 0, NULL, 0, exponent.p,
                                  exponent.n)) == 0 &&
           checked(mbedtls_rsa_complete(rsa)) == 0 && checked(mbedtls_rsa_check_pubkey(rsa)) == 0;
}

enum { RSA_MAX_BYTES = RSA_MAX_BITS / 8 };

/* MGF1 (RFC 8017 appendix B.2.1), laid over `out` by exclusive or. False: the hash is not known. */
static bool mask_over(enum hash_id h, struct bytes seed, uint8_t *out, size_t n)
{
    uint8_t block[DIGEST_MAX];
    for (uint32_t count = 0; n != 0; count++) {
        uint8_t      be[4] = { (uint8_t)(count >> 24), (uint8_t)(count >> 16), (uint8_t)(count >> 8), (uint8_t)count };
        struct bytes in[] = { seed, { be, sizeof be } };
        size_t       len = digest(h, in, ARRAY_LEN(in), block);
        if (len == 0)
            return false;
        len = len < n ? len : n;
        for (size_t i = 0; i < len; i++)
            *out++ ^= block[i];
        n -= len;
    }
    return true;
}

/* EMSA-PSS-VERIFY (RFC 8017 section 9.1.2) of `em`, `bits` long. By hand, as the library wants the mask made with the
 * hash of the message; signers that use SHA-1 there are many. */
static enum sig_check pss_check(uint8_t *em, size_t n, size_t bits, const struct sig_alg *alg, struct bytes hash)
{
    static const uint8_t zeros[8];
    enum hash_id         mgf = alg->mgf_hash != HASH_NONE ? alg->mgf_hash : alg->hash;
    uint8_t              again[DIGEST_MAX];
    uint8_t              top = (uint8_t)(0xff >> (8 * n - bits));
    if (n < hash.n + 2 || alg->salt > n - hash.n - 2 || em[n - 1] != 0xbc || (em[0] & ~top) != 0)
        return SIG_BAD;
    size_t       db = n - hash.n - 1, pad = db - alg->salt - 1;
    struct bytes h = { em + db, hash.n };
    if (!mask_over(mgf, h, em, db))
        return SIG_UNSUPPORTED;
    em[0] &= top;
    for (size_t i = 0; i < pad; i++)
        if (em[i] != 0)
            return SIG_BAD;
    struct bytes in[] = { { zeros, sizeof zeros }, hash, { em + pad + 1, alg->salt } };
    return em[pad] == 1 && digest(alg->hash, in, ARRAY_LEN(in), again) == hash.n && memcmp(again, h.p, hash.n) == 0
        ? SIG_GOOD : SIG_BAD;
}

static enum sig_check rsa_pss_check(mbedtls_rsa_context *rsa, size_t modulus_bits, const struct sig_alg *alg, struct bytes hash,
                                    struct bytes sig)
{
    uint8_t em[RSA_MAX_BYTES];
    size_t  skip = modulus_bits % 8 == 1 ? 1 : 0; /* the encoded message has one bit less than the modulus */
    if (checked(mbedtls_rsa_public(rsa, sig.p, em)) != 0 || (skip == 1 && em[0] != 0))
        return SIG_BAD;
    return pss_check(em + skip, sig.n - skip, modulus_bits - 1, alg, hash);
}

static enum sig_check rsa_check(const struct key_parts *k, const struct sig_alg *alg, const uint8_t *hash,
                                size_t hash_len,
                                struct bytes sig)
{
    enum sig_check     result = SIG_UNSUPPORTED;
    bool               pss = alg->kind == SIG_RSA_PSS;
    mbedtls_md_type_t  md = md_type(alg->hash);
    mbedtls_pk_context pk;
    mbedtls_pk_init(&pk);
    if (!is_oid(k->oid, "1.2.840.113549.1.1.1") && !(pss && is_oid(k->oid, "1.2.840.113549.1.1.10")))
        goto done;
    if (checked(mbedtls_pk_setup(&pk, mbedtls_pk_info_from_type(MBEDTLS_PK_RSA))) != 0 ||
        !rsa_load(k, mbedtls_pk_rsa(pk)))
        goto done;
    size_t size = mbedtls_rsa_get_len(mbedtls_pk_rsa(pk));
    result = SIG_BAD;
    if (sig.n != size)
        goto done;
    if (pss) {
        result = rsa_pss_check(mbedtls_pk_rsa(pk), mbedtls_pk_get_bitlen(&pk), alg, (struct bytes){ hash, hash_len }, sig);
        goto done;
    }
    int bad = checked(mbedtls_pk_verify(&pk, md, hash, hash_len, sig.p, sig.n));
    result = bad == 0 ? SIG_GOOD : bad == MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE ? SIG_UNSUPPORTED : SIG_BAD;
done:
    mbedtls_pk_free(&pk);
    return result;
}

/* Named curves (RFC 5480 section 2.1.1.1, RFC 5639). Others, and explicit parameters, cannot be checked. */
static mbedtls_ecp_group_id curve_of(struct bytes params)
{
    static const struct { const char *oid; mbedtls_ecp_group_id id; } t[] = {
        { "1.2.840.10045.3.1.7", MBEDTLS_ECP_DP_SECP256R1 }, { "1.3.132.0.34", MBEDTLS_ECP_DP_SECP384R1 },
        { "1.3.132.0.35", MBEDTLS_ECP_DP_SECP521R1 },
        { "1.2.840.10045.3.1.1", MBEDTLS_ECP_DP_SECP192R1 },
        { "1.3.132.0.33", MBEDTLS_ECP_DP_SECP224R1 },        { "1.3.132.0.31", MBEDTLS_ECP_DP_SECP192K1 },
        { "1.3.132.0.32", MBEDTLS_ECP_DP_SECP224K1 },        { "1.3.132.0.10", MBEDTLS_ECP_DP_SECP256K1 },
        { "1.3.36.3.3.2.8.1.1.7", MBEDTLS_ECP_DP_BP256R1 },
        { "1.3.36.3.3.2.8.1.1.11", MBEDTLS_ECP_DP_BP384R1 },
        { "1.3.36.3.3.2.8.1.1.13", MBEDTLS_ECP_DP_BP512R1 },
    };
    struct reader r = rd_of(params.p, params.n);
    struct der    oid;
    char          text[64];
    if (der_expect(&r, DER_OID, &oid, "curve") && der_oid(oid.body, text, sizeof text))
        for (size_t i = 0; i < ARRAY_LEN(t); i++)
            if (strcmp(t[i].oid, text) == 0)
                return t[i].id;
    return MBEDTLS_ECP_DP_NONE;
}

/* A positive INTEGER in its shortest form. */
static bool is_plain(const struct der *d)
{
    struct bytes b = d->body;
    return !d->loose && b.n != 0 && b.n <= 1024 && (b.p[0] & 0x80) == 0 && (b.n == 1 || b.p[0] != 0 || (b.p[1] & 0x80) != 0);
}

/* SEQUENCE of two INTEGERs, as ECDSA and DSA sign (RFC 3279 section 2.2.2 and 2.2.3). Strict DER with nothing behind
 * it, as all verifiers want since a signature could be changed otherwise. */
static bool read_pair(struct bytes sig, mbedtls_mpi *a, mbedtls_mpi *b)
{
    struct reader all = rd_of(sig.p, sig.n);
    struct der    d, x, y;
    if (!der_expect(&all, DER_SEQUENCE, &d, "signature") || d.loose || rd_more(&all))
        return false;
    struct reader r = der_inside(&d);
    return der_expect(&r, DER_INTEGER, &x, "r") && der_expect(&r, DER_INTEGER, &y, "s") && !rd_more(&r) &&
           is_plain(&x) && is_plain(&y) &&
           checked(mbedtls_mpi_read_binary(a, x.body.p, x.body.n)) == 0 &&
               checked(mbedtls_mpi_read_binary(b, y.body.p, y.body.n)) == 0;
}

/* The group used last is kept: the library keeps multiples of its base point in it, which take a good part of a check to work out. */
static mbedtls_ecp_group *group_of(mbedtls_ecp_group_id id)
{
    static _Thread_local mbedtls_ecp_group kept; /* zeros: none */
    if (kept.id == id)
        return &kept;
    mbedtls_ecp_group_free(&kept);
    mbedtls_ecp_group_init(&kept);
    if (checked(mbedtls_ecp_group_load(&kept, id)) == 0)
        return &kept;
    mbedtls_ecp_group_free(&kept);
    return NULL;
}

static enum sig_check ecdsa_check(const struct key_parts *k, const uint8_t *hash, size_t hash_len,
                                  struct bytes sig)
{
    enum sig_check       result = SIG_UNSUPPORTED;
    mbedtls_ecp_group_id id = curve_of(k->params);
    bool                 known = id != MBEDTLS_ECP_DP_NONE && is_oid(k->oid, "1.2.840.10045.2.1");
    mbedtls_ecp_group   *group = known ? group_of(id) : NULL;
    mbedtls_ecp_point    q;
    mbedtls_mpi          r, s;
    mbedtls_ecp_point_init(&q);
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    if (group == NULL)
        goto done;
    if (checked(mbedtls_ecp_point_read_binary(group, &q, k->bits.p, k->bits.n)) != 0 ||
        checked(mbedtls_ecp_check_pubkey(group, &q)) != 0)
        goto done; /* compressed points are beyond 2.28; a point off the curve is no key at all */
    result = read_pair(sig, &r, &s) && checked(mbedtls_ecdsa_verify(group, hash, hash_len, &q, &r, &s)) == 0
        ? SIG_GOOD : SIG_BAD;
done:
    mbedtls_mpi_free(&s);
    mbedtls_mpi_free(&r);
    mbedtls_ecp_point_free(&q);
    return result;
}

/* FIPS 186-4 section 4.7. The library has no DSA, but it has the arithmetic. v holds the numbers by name. */
static enum sig_check dsa_check(const struct key_parts *k, const uint8_t *hash, size_t hash_len,
                                struct bytes sig)
{
    enum { P, Q, G, Y, R, S, H, W, U1, U2, A, B, COUNT };
    enum sig_check result = SIG_UNSUPPORTED;
    mbedtls_mpi    v[COUNT];
    for (int i = 0; i < COUNT; i++)
        mbedtls_mpi_init(&v[i]);
    struct reader params = der_open(k->params, DER_SEQUENCE, "DSA parameters"),
        bits = rd_of(k->bits.p, k->bits.n);
    for (int i = P; i <= Y; i++) {
        struct der d;
        if (!der_expect(i < Y ? &params : &bits, DER_INTEGER, &d, "DSA number") ||
            der_bits(d.body) > DSA_MAX_BITS ||
            checked(mbedtls_mpi_read_binary(&v[i], d.body.p, d.body.n)) != 0)
            goto done;
    }
    size_t q_len = mbedtls_mpi_size(&v[Q]);
    if (!is_oid(k->oid, "1.2.840.10040.4.1") || q_len == 0 || mbedtls_mpi_bitlen(&v[Q]) % 8 != 0 ||
        mbedtls_mpi_get_bit(&v[P], 0) == 0 || mbedtls_mpi_cmp_mpi(&v[Q], &v[P]) >= 0)
        goto done;
    result = SIG_BAD;
    if (!read_pair(sig, &v[R], &v[S]) || mbedtls_mpi_cmp_int(&v[R], 0) <= 0 ||
        mbedtls_mpi_cmp_mpi(&v[R], &v[Q]) >= 0 ||
        mbedtls_mpi_cmp_int(&v[S], 0) <= 0 || mbedtls_mpi_cmp_mpi(&v[S], &v[Q]) >= 0)
        goto done;
    int bad = checked(mbedtls_mpi_read_binary(&v[H], hash, hash_len < q_len ? hash_len : q_len));
    bad |= checked(mbedtls_mpi_inv_mod(&v[W], &v[S], &v[Q]));
    bad |= checked(mbedtls_mpi_mul_mpi(&v[A], &v[H], &v[W])) | checked(mbedtls_mpi_mod_mpi(&v[U1], &v[A], &v[Q]));
    bad |= checked(mbedtls_mpi_mul_mpi(&v[A], &v[R], &v[W])) | checked(mbedtls_mpi_mod_mpi(&v[U2], &v[A], &v[Q]));
    bad |= checked(mbedtls_mpi_exp_mod(&v[A], &v[G], &v[U1], &v[P], NULL)) | checked(mbedtls_mpi_exp_mod(&v[B], &v[Y], &v[U2],
        &v[P], NULL));
    bad |= checked(mbedtls_mpi_mul_mpi(&v[H], &v[A], &v[B])) | checked(mbedtls_mpi_mod_mpi(&v[A], &v[H], &v[P]));
    bad |= checked(mbedtls_mpi_mod_mpi(&v[B], &v[A], &v[Q]));
    if (bad == 0 && mbedtls_mpi_cmp_mpi(&v[B], &v[R]) == 0)
        result = SIG_GOOD;
done:
    for (int i = 0; i < COUNT; i++)
        mbedtls_mpi_free(&v[i]);
    return result;
}

enum sig_check key_verifies(struct bytes spki, const struct sig_alg *alg, const struct bytes *pieces,
                            size_t n, struct bytes signature)
{
    uint8_t          hash[DIGEST_MAX];
    size_t           len = digest(alg->hash, pieces, n, hash);
    struct key_parts k;
    if (len == 0 || signature.p == NULL || !key_parts(spki, &k))
        return SIG_UNSUPPORTED;
    switch (alg->kind) {
    case SIG_RSA:
    case SIG_RSA_PSS: return rsa_check(&k, alg, hash, len, signature);
    case SIG_ECDSA: return ecdsa_check(&k, hash, len, signature);
    case SIG_DSA: return dsa_check(&k, hash, len, signature);
    default: return SIG_UNSUPPORTED;
    }
}

size_t key_encrypts(struct bytes spki, struct bytes in, uint8_t *out, size_t room)
{
    struct key_parts   k;
    mbedtls_pk_context pk;
    size_t             n = 0;
    mbedtls_pk_init(&pk);
    bool ok = key_parts(spki, &k) && is_oid(k.oid, "1.2.840.113549.1.1.1") &&
              checked(mbedtls_pk_setup(&pk, mbedtls_pk_info_from_type(MBEDTLS_PK_RSA))) == 0 && rsa_load(&k, mbedtls_pk_rsa(pk)) &&
              checked(mbedtls_pk_encrypt(&pk, in.p, in.n, out, &n, room, random_source, NULL)) == 0;
    mbedtls_pk_free(&pk);
    return ok ? n : 0;
}
