/* The store: every certificate once, its digests when asked for, every signature checked once. */
#include "x509_parts.h"

#include <stdlib.h>
#include <string.h>

enum { RECENT = 256 };

struct cert_digests {
    uint8_t sha256[DIGEST_MAX], sha1[DIGEST_MAX], spki[DIGEST_MAX];
    bool    have_sha256, have_sha1, have_spki;
};

struct cert_slot {
    uint64_t     hash;
    struct cert *cert;
    struct bytes whole; /* as handed in, with what trails */
};
struct sig_slot {
    const struct cert *child, *issuer;
    enum sig_check     result;
};

/* Two open-addressed tables that double at 3/4. `recent` answers the usual question, "the server's chain
 * again", with one compare and no hash of the whole. */
struct cert_store {
    struct arena      arena;
    struct hash_key   key;
    struct cert_slot *certs;
    struct sig_slot  *sigs;
    size_t            certs_cap, certs_n, sigs_cap, sigs_n;
    struct cert_slot  recent[RECENT];
};

struct cert_store *cert_store_new(void)
{
    struct cert_store *s = mem_get(1, sizeof *s);
    s->key = hash_key_random();
    return s;
}

void cert_store_free(struct cert_store *s)
{
    if (s == NULL)
        return;
    arena_free(&s->arena);
    free(s->certs);
    free(s->sigs);
    free(s);
}

size_t cert_store_bytes(const struct cert_store *s) { return s->arena.used; }

static struct cert_slot *cert_slot_of(struct cert_slot *v, size_t cap, uint64_t hash, struct bytes whole)
{
    for (size_t i = (size_t)hash & (cap - 1);; i = (i + 1) & (cap - 1))
        if (v[i].cert == NULL || (v[i].hash == hash && bytes_equal(v[i].whole, whole)))
            return &v[i];
}

static void certs_grow(struct cert_store *s)
{
    size_t            cap = s->certs_cap != 0 ? s->certs_cap * 2 : 256;
    struct cert_slot *v = mem_get(cap, sizeof *v);
    for (size_t i = 0; i < s->certs_cap; i++)
        if (s->certs[i].cert != NULL)
            *cert_slot_of(v, cap, s->certs[i].hash, s->certs[i].whole) = s->certs[i];
    free(s->certs);
    s->certs = v;
    s->certs_cap = cap;
}

/* The last octets of a certificate are its signature: as good as random, but the peer's choice, so they only
 * pick a place in `recent`, where a clash costs nothing but a real look-up. */
static size_t recent_place(const uint8_t *p, size_t n)
{
    return n >= 2 ? (p[n - 1] ^ (size_t)p[n - 2] << 3 ^ n) & (RECENT - 1) : n;
}

struct cert *cert_intern(struct cert_store *s, const void *der, size_t n)
{
    struct bytes      whole = { der, n };
    struct cert_slot *recent = &s->recent[recent_place(der, n)];
    if (recent->cert != NULL && bytes_equal(recent->whole, whole))
        return recent->cert;
    if (s->certs_n >= s->certs_cap / 4 * 3)
        certs_grow(s);
    uint64_t          hash = hash_bytes(&s->key, der, n);
    struct cert_slot *slot = cert_slot_of(s->certs, s->certs_cap, hash, whole);
    if (slot->cert == NULL) {
        struct cert *c = ARENA_NEW(&s->arena, struct cert);
        c->der = whole = (struct bytes){ arena_copy(&s->arena, der, n), n };
        c->digests = ARENA_NEW(&s->arena, struct cert_digests);
        cert_parse(&s->arena, c);
        *slot = (struct cert_slot){ hash, c, whole };
        s->certs_n++;
    }
    *recent = *slot;
    return slot->cert;
}

static const uint8_t *digest_once(enum hash_id h, struct bytes what, uint8_t *out, bool *have)
{
    if (!*have)
        digest_of(h, what.p, what.n, out);
    *have = true;
    return out;
}

const uint8_t *cert_sha256(const struct cert *c)
{
    return digest_once(HASH_SHA256, c->der, c->digests->sha256, &c->digests->have_sha256);
}

const uint8_t *cert_sha1(const struct cert *c)
{
    return digest_once(HASH_SHA1, c->der, c->digests->sha1, &c->digests->have_sha1);
}

const uint8_t *cert_spki_sha256(const struct cert *c)
{
    return digest_once(HASH_SHA256, c->spki, c->digests->spki, &c->digests->have_spki);
}

/* ---- signatures ---- */

/* Pointers are ours, not the peer's: mixing them is enough. */
static struct sig_slot *sig_slot_of(struct sig_slot *v, size_t cap, const struct cert *child,
                                    const struct cert *issuer)
{
    uint64_t a = (uintptr_t)child >> 4, b = (uintptr_t)issuer >> 4;
    uint64_t h = a * UINT64_C(0x9e3779b97f4a7c15) ^ b * UINT64_C(0xc2b2ae3d27d4eb4f);
    for (size_t i = (size_t)(h >> 20) & (cap - 1);; i = (i + 1) & (cap - 1))
        if (v[i].child == NULL || (v[i].child == child && v[i].issuer == issuer))
            return &v[i];
}

static void sigs_grow(struct cert_store *s)
{
    size_t           cap = s->sigs_cap != 0 ? s->sigs_cap * 2 : 256;
    struct sig_slot *v = mem_get(cap, sizeof *v);
    for (size_t i = 0; i < s->sigs_cap; i++)
        if (s->sigs[i].child != NULL)
            *sig_slot_of(v, cap, s->sigs[i].child, s->sigs[i].issuer) = s->sigs[i];
    free(s->sigs);
    s->sigs = v;
    s->sigs_cap = cap;
}

/* A key of one kind never made a signature of another: no need of arithmetic to call that bad. What is unknown
 * on either side stays undecided. */
static bool kinds_differ(const struct cert *child, const struct cert *issuer)
{
    static const enum cert_key makes[] = { [SIG_RSA] = CERT_KEY_RSA, [SIG_RSA_PSS] = CERT_KEY_RSA,
                                           [SIG_ECDSA] = CERT_KEY_EC, [SIG_DSA] = CERT_KEY_DSA,
                                           [SIG_ED25519] = CERT_KEY_ED25519,
                                           [SIG_ED448] = CERT_KEY_ED448, [SIG_SM2] = CERT_KEY_SM2,
                                           [SIG_GOST] = CERT_KEY_GOST, [SIG_MLDSA] = CERT_KEY_MLDSA };
    bool          pss = child->sig_kind == SIG_RSA_PSS && issuer->key == CERT_KEY_RSA_PSS;
    enum cert_key key = pss ? CERT_KEY_RSA : issuer->key;
    return child->sig_kind != SIG_KIND_UNKNOWN && key != CERT_KEY_UNKNOWN && makes[child->sig_kind] != key;
}

/* An RSASSA-PSS key may be bound to one hash, one mask and a least salt (RFC 4055 section 3.3): then every verifier
 * refuses other signatures, however right their numbers are. */
static bool breaks_pss_limits(const struct cert *child, const struct cert *issuer)
{
    const struct sig_alg *only = &issuer->key_pss;
    return only->kind == SIG_RSA_PSS && child->sig_kind == SIG_RSA_PSS &&
           (child->sig_hash != only->hash || child->pss_mgf_hash != only->mgf_hash || child->pss_salt < only->salt);
}

enum sig_check cert_signed_by(struct cert_store *s, const struct cert *child, const struct cert *issuer)
{
    if (child->tbs.p == NULL || child->sig.p == NULL || issuer->spki.p == NULL)
        return SIG_UNSUPPORTED;
    if (kinds_differ(child, issuer) || breaks_pss_limits(child, issuer))
        return SIG_BAD;
    if (s->sigs_n >= s->sigs_cap / 4 * 3)
        sigs_grow(s);
    struct sig_slot *slot = sig_slot_of(s->sigs, s->sigs_cap, child, issuer);
    if (slot->child == NULL) {
        struct sig_alg alg = { child->sig_kind, child->sig_hash, child->pss_mgf_hash, child->pss_salt };
        *slot = (struct sig_slot){ .child = child, .issuer = issuer };
        slot->result = key_verifies(issuer->spki, &alg, &child->tbs, 1, child->sig);
        s->sigs_n++;
    }
    return slot->result;
}

/* Schemes: RFC 8446 section 4.2.3; those of TLS 1.2 are hash << 8 | signature (RFC 5246 section 7.4.1.4.1). */
struct sig_alg scheme_alg(uint16_t scheme, enum cert_key key)
{
    static const enum hash_id hashes[] = { HASH_OTHER, HASH_MD5, HASH_SHA1, HASH_SHA224, HASH_SHA256,
                                           HASH_SHA384, HASH_SHA512 };
    static const enum sig_kind kinds[] = { SIG_KIND_UNKNOWN, SIG_RSA, SIG_DSA, SIG_ECDSA };
    static const struct { uint16_t scheme; enum hash_id hash; unsigned salt; } pss[] = {
        { 0x0804, HASH_SHA256, 32 }, { 0x0805, HASH_SHA384, 48 }, { 0x0806, HASH_SHA512, 64 },
        { 0x0809, HASH_SHA256, 32 }, { 0x080a, HASH_SHA384, 48 }, { 0x080b, HASH_SHA512, 64 },
    };
    if (scheme == 0) { /* before TLS 1.2 the key alone decides (RFC 4346 section 7.4.3, RFC 4492 section 5.4) */
        bool rsa = key == CERT_KEY_RSA;
        bool ec = key == CERT_KEY_EC, dsa = key == CERT_KEY_DSA;
        return (struct sig_alg){ .kind = rsa ? SIG_RSA : ec ? SIG_ECDSA : dsa ? SIG_DSA : SIG_KIND_UNKNOWN,
                                 .hash = rsa ? HASH_MD5_SHA1 : HASH_SHA1 };
    }
    if (scheme >> 8 < ARRAY_LEN(hashes) && (scheme & 0xff) < ARRAY_LEN(kinds))
        return (struct sig_alg){ .kind = kinds[scheme & 0xff], .hash = hashes[scheme >> 8] };
    for (size_t i = 0; i < ARRAY_LEN(pss); i++)
        if (pss[i].scheme == scheme)
            return (struct sig_alg){ SIG_RSA_PSS, pss[i].hash, pss[i].hash, pss[i].salt };
    return (struct sig_alg){ 0 };
}

enum sig_check cert_verifies(const struct cert *signer, uint16_t scheme, const struct bytes *pieces, size_t n,
                             struct bytes signature)
{
    struct sig_alg alg = scheme_alg(scheme, signer->key);
    return signer->spki.p != NULL ? key_verifies(signer->spki, &alg, pieces, n, signature) : SIG_UNSUPPORTED;
}
