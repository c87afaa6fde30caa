/* serve_pki.c - the lab's keys and certificates, made when they are needed with mbedTLS 2.28 or 3.6. Nothing is stored. */
#include "serving.h"

#include "tlswhy/der.h"
#include "tlswhy/keys.h"
#include "tlswhy/text.h"

#include <arpa/inet.h>
#include <mbedtls/ecp.h>
#include <mbedtls/oid.h>
#include <mbedtls/pk.h>
#include <mbedtls/rsa.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SUBJECT "CN=" SERVE_NAME ",O=tlswhy lab"
enum { DAY = 86400, ROOT_DAYS = 3650, PEM_MAX = 4096 };

/* The keys that certificates are for. All leaves of a kind share one: what differs is the certificate. */
enum pki_key { PK_ROOT, PK_INTERMEDIATE, PK_STRANGE, PK_OLD_ISSUER, PK_EC, PK_EC_OTHER, PK_RSA, PK_RSA_1024, PK_COUNT };
static const unsigned key_bits[PK_COUNT] = { [PK_ROOT] = 2048, [PK_OLD_ISSUER] = 2048, [PK_RSA] = 2048, [PK_RSA_1024] = 1024 }; /* 0: ECDSA with P-256 */

/* Those that sign. By itself: the leaf's own key under its own name. */
enum pki_issuer { BY_ROOT, BY_INTERMEDIATE, BY_STRANGE, BY_OLD, BY_LEAF, BY_ITSELF };
static const struct issuer {
    const char  *name;
    enum pki_key key;
} issuers[] = {
    [BY_ROOT] = { "CN=tlswhy lab root,O=tlswhy lab", PK_ROOT },
    [BY_INTERMEDIATE] = { "CN=tlswhy lab CA,O=tlswhy lab", PK_INTERMEDIATE },
    [BY_STRANGE] = { "CN=A root that nobody trusts,O=tlswhy lab", PK_STRANGE },
    [BY_OLD] = { "CN=tlswhy lab RSA CA,O=tlswhy lab", PK_OLD_ISSUER },
    [BY_LEAF] = { "CN=mail.lab.example,O=tlswhy lab", PK_EC },
    [BY_ITSELF] = { SUBJECT, PK_EC },
};

enum blank_flags { IS_CA = 1, CLIENT_USAGE = 2, CRITICAL = 4, WANTS_STAPLE = 8, NO_NAMES = 16, OTHER_NAME = 32, SPOILT = 64, TORN = 128, LISTED = 256 };

/* A certificate to be made. Days count from now; none lives longer than the 398 that browsers allow. */
struct blank {
    enum pki_key      key;
    enum pki_issuer   by;
    int               from, to;
    mbedtls_md_type_t hash;
    unsigned          flags;
};

/* What the server sends: its leaf, then `above`. */
static const struct recipe {
    struct blank leaf;
    enum { SENDS_INTERMEDIATE, SENDS_NOTHING, SENDS_OLD, SENDS_A_LEAF, SENDS_STRANGE } above;
    enum pki_key signs; /* the server's; PK_ROOT: the leaf's, as it should be */
} recipes[CHAIN_KINDS] = {
#define LEAF(key, by, flags) { key, by, -30, 60, MBEDTLS_MD_SHA256, flags }
    [CHAIN_SOUND] = { LEAF(PK_EC, BY_INTERMEDIATE, 0), SENDS_INTERMEDIATE, PK_ROOT },
    [CHAIN_RSA] = { LEAF(PK_RSA, BY_OLD, 0), SENDS_OLD, PK_ROOT },
    [CHAIN_EXPIRED] = { { PK_EC, BY_INTERMEDIATE, -120, -30, MBEDTLS_MD_SHA256, 0 }, SENDS_INTERMEDIATE, PK_ROOT },
    [CHAIN_EARLY] = { { PK_EC, BY_INTERMEDIATE, 30, 120, MBEDTLS_MD_SHA256, 0 }, SENDS_INTERMEDIATE, PK_ROOT },
    [CHAIN_OTHER_NAME] = { LEAF(PK_EC, BY_INTERMEDIATE, OTHER_NAME), SENDS_INTERMEDIATE, PK_ROOT },
    [CHAIN_NAMELESS] = { LEAF(PK_EC, BY_INTERMEDIATE, NO_NAMES), SENDS_INTERMEDIATE, PK_ROOT },
    [CHAIN_SELF_SIGNED] = { LEAF(PK_EC, BY_ITSELF, 0), SENDS_NOTHING, PK_ROOT },
    [CHAIN_STRANGE_ROOT] = { LEAF(PK_EC, BY_STRANGE, 0), SENDS_STRANGE, PK_ROOT },
    [CHAIN_ALONE] = { LEAF(PK_EC, BY_INTERMEDIATE, 0), SENDS_NOTHING, PK_ROOT },
    [CHAIN_CLIENT_USAGE] = { LEAF(PK_EC, BY_INTERMEDIATE, CLIENT_USAGE), SENDS_INTERMEDIATE, PK_ROOT },
    [CHAIN_BY_LEAF] = { LEAF(PK_EC_OTHER, BY_LEAF, 0), SENDS_A_LEAF, PK_ROOT },
    [CHAIN_CRITICAL] = { LEAF(PK_EC, BY_INTERMEDIATE, CRITICAL), SENDS_INTERMEDIATE, PK_ROOT },
    [CHAIN_WEAK_KEY] = { LEAF(PK_RSA_1024, BY_INTERMEDIATE, 0), SENDS_INTERMEDIATE, PK_ROOT },
    [CHAIN_SHA1] = { { PK_RSA, BY_OLD, -30, 60, MBEDTLS_MD_SHA1, 0 }, SENDS_OLD, PK_ROOT },
    [CHAIN_MD5] = { { PK_RSA, BY_OLD, -30, 60, MBEDTLS_MD_MD5, 0 }, SENDS_OLD, PK_ROOT },
    [CHAIN_BAD_SIGNATURE] = { LEAF(PK_EC, BY_INTERMEDIATE, SPOILT), SENDS_INTERMEDIATE, PK_ROOT },
    [CHAIN_TORN] = { LEAF(PK_EC, BY_INTERMEDIATE, TORN), SENDS_INTERMEDIATE, PK_ROOT },
    [CHAIN_STAPLE_WANTED] = { LEAF(PK_EC, BY_INTERMEDIATE, WANTS_STAPLE), SENDS_INTERMEDIATE, PK_ROOT },
    [CHAIN_REVOKED] = { LEAF(PK_EC, BY_INTERMEDIATE, LISTED), SENDS_INTERMEDIATE, PK_ROOT },
    [CHAIN_OTHER_KEY] = { LEAF(PK_EC, BY_INTERMEDIATE, 0), SENDS_INTERMEDIATE, PK_EC_OTHER },
#undef LEAF
};

struct pki {
    const char *const *names;
    size_t             name_n;
    struct arena       arena;
    mbedtls_pk_context keys[PK_COUNT];
    struct bytes       root, intermediate, old, a_leaf, strange, plain[PK_COUNT];
    struct serve_certs made[CHAIN_KINDS];
    char              *root_pem, *root_key_pem;
    const char        *status_url; /* NULL = nobody tells it */
    uint64_t           serial;
};

/* ------------------------------------------------------------------------------------ keys */

static mbedtls_pk_context *key_of(struct pki *p, enum pki_key k)
{
    mbedtls_pk_context *pk = &p->keys[k];
    unsigned            bits = key_bits[k];
    if (mbedtls_pk_get_type(pk) != MBEDTLS_PK_NONE)
        return pk;
    int bad = mbedtls_pk_setup(pk, mbedtls_pk_info_from_type(bits != 0 ? MBEDTLS_PK_RSA : MBEDTLS_PK_ECKEY));
    if (bad == 0)
        bad = bits != 0 ? mbedtls_rsa_gen_key(mbedtls_pk_rsa(*pk), random_source, NULL, bits, 65537)
                        : mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(*pk), random_source, NULL);
    if (bad == 0)
        return pk;
    mbedtls_pk_free(pk);
    mbedtls_pk_init(pk);
    return NULL;
}

static mbedtls_md_type_t md_of(enum hash_id h)
{
    return h == HASH_SHA1 ? MBEDTLS_MD_SHA1 : h == HASH_SHA384 ? MBEDTLS_MD_SHA384 : h == HASH_SHA512 ? MBEDTLS_MD_SHA512 : MBEDTLS_MD_SHA256;
}

static size_t sign_with(mbedtls_pk_context *key, enum hash_id h, const struct bytes *pieces, size_t n, uint8_t *out)
{
    uint8_t hash[DIGEST_MAX];
    size_t  len = digest(h, pieces, n, hash), size = 0;
#if MBEDTLS_VERSION_MAJOR >= 3
    int bad = mbedtls_pk_sign(key, md_of(h), hash, len, out, PKI_SIGNATURE_MAX, &size, random_source, NULL);
#else
    int bad = mbedtls_pk_sign(key, md_of(h), hash, len, out, &size, random_source, NULL);
#endif
    return len != 0 && bad == 0 ? size : 0;
}

size_t pki_sign_status(struct pki *p, struct bytes data, uint8_t *out) { return sign_with(&p->keys[PK_INTERMEDIATE], HASH_SHA256, &data, 1, out); }

size_t pki_sign(const struct serve_certs *c, enum hash_id h, const struct bytes *pieces, size_t n, uint8_t *out)
{
    return sign_with(c->key, h, pieces, n, out);
}

/* ------------------------------------------------------------------------------------ certificates */

/* subjectAltName: the lab's name, the names given, the loopback addresses (RFC 5280 section 4.2.1.6). */
static void alt_names(const struct pki *p, struct writer *w)
{
    static const uint8_t v4[4] = { 127, 0, 0, 1 }, v6[16] = { [15] = 1 };
    der_element(w, DER_CONTEXT(2), SERVE_NAME, strlen(SERVE_NAME));
    for (size_t i = 0; i < p->name_n; i++) {
        uint8_t ip[16];
        if (inet_pton(AF_INET, p->names[i], ip) == 1)
            der_element(w, DER_CONTEXT(7), ip, 4);
        else if (inet_pton(AF_INET6, p->names[i], ip) == 1)
            der_element(w, DER_CONTEXT(7), ip, 16);
        else
            der_element(w, DER_CONTEXT(2), p->names[i], strlen(p->names[i]));
    }
    der_element(w, DER_CONTEXT(7), v4, sizeof v4);
    der_element(w, DER_CONTEXT(7), v6, sizeof v6);
}

/* Where the status is told: cRLDistributionPoints and authorityInfoAccess (RFC 5280 sections 4.2.1.13 and 4.2.2.1). */
static void list_url(const struct pki *p, struct writer *w, const char *file)
{
    size_t from = w->n;
    wr_bytes(w, p->status_url, strlen(p->status_url));
    wr_bytes(w, file, strlen(file));
    der_wrap(w, from, DER_CONTEXT(6));
}

static void list_point(const struct pki *p, struct writer *w)
{
    list_url(p, w, "lab.crl");
    der_wrap(w, 0, DER_CONS(0)); /* fullName */
    der_wrap(w, 0, DER_CONS(0));
    der_wrap(w, 0, DER_SEQUENCE);
    der_wrap(w, 0, DER_SEQUENCE);
}

static void ocsp_point(const struct pki *p, struct writer *w)
{
    der_element(w, DER_OID, "\x2b\x06\x01\x05\x05\x07\x30\x01", 8); /* id-ad-ocsp */
    list_url(p, w, "ocsp");
    der_wrap(w, 0, DER_SEQUENCE);
    der_wrap(w, 0, DER_SEQUENCE);
}

static int extension(mbedtls_x509write_cert *w, const char *oid, size_t oid_len, bool critical, const struct writer *value)
{
    return value->full ? -1 : mbedtls_x509write_crt_set_extension(w, oid, oid_len, critical, value->p, value->n);
}

static int leaf_extensions(const struct pki *p, mbedtls_x509write_cert *w, unsigned flags)
{
    static const char server_auth[] = MBEDTLS_OID_SERVER_AUTH, client_auth[] = MBEDTLS_OID_CLIENT_AUTH;
    static const char tls_feature[] = MBEDTLS_OID_PKIX "\x01\x18", unheard_of[] = "\x2b\x06\x01\x04\x01\x86\x8d\x1f\x4d"; /* 1.3.6.1.4.1.99999.77 */
    uint8_t       room[1024];
    struct writer v = { .p = room, .cap = sizeof room };
    int           bad = mbedtls_x509write_crt_set_basic_constraints(w, 0, -1);
    bad = bad != 0 ? bad : mbedtls_x509write_crt_set_key_usage(w, MBEDTLS_X509_KU_DIGITAL_SIGNATURE | MBEDTLS_X509_KU_KEY_ENCIPHERMENT);
    der_element(&v, DER_OID, (flags & CLIENT_USAGE) != 0 ? client_auth : server_auth, sizeof server_auth - 1);
    der_wrap(&v, 0, DER_SEQUENCE);
    bad = bad != 0 ? bad : extension(w, MBEDTLS_OID_EXTENDED_KEY_USAGE, MBEDTLS_OID_SIZE(MBEDTLS_OID_EXTENDED_KEY_USAGE), false, &v);
    v.n = 0;
    if ((flags & OTHER_NAME) != 0)
        der_element(&v, DER_CONTEXT(2), "other.example", 13);
    else
        alt_names(p, &v);
    der_wrap(&v, 0, DER_SEQUENCE);
    if ((flags & NO_NAMES) == 0)
        bad = bad != 0 ? bad : extension(w, MBEDTLS_OID_SUBJECT_ALT_NAME, MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME), false, &v);
    v.n = 0;
    der_element(&v, DER_INTEGER, "\x05", 1); /* status_request: RFC 7633 */
    der_wrap(&v, 0, DER_SEQUENCE);
    if ((flags & WANTS_STAPLE) != 0)
        bad = bad != 0 ? bad : extension(w, tls_feature, sizeof tls_feature - 1, false, &v);
    if ((flags & LISTED) != 0 && p->status_url != NULL) {
        v.n = 0;
        list_point(p, &v);
        bad = bad != 0 ? bad : extension(w, "\x55\x1d\x1f", 3, false, &v);
        v.n = 0;
        ocsp_point(p, &v);
        bad = bad != 0 ? bad : extension(w, "\x2b\x06\x01\x05\x05\x07\x01\x01", 8, false, &v);
    }
    v.n = 0;
    der_element(&v, DER_UTF8, "unheard of", 10);
    if ((flags & CRITICAL) != 0)
        bad = bad != 0 ? bad : extension(w, unheard_of, sizeof unheard_of - 1, true, &v);
    return bad;
}

static int ca_extensions(mbedtls_x509write_cert *w)
{
    int bad = mbedtls_x509write_crt_set_basic_constraints(w, 1, -1);
    return bad != 0 ? bad : mbedtls_x509write_crt_set_key_usage(w, MBEDTLS_X509_KU_KEY_CERT_SIGN | MBEDTLS_X509_KU_CRL_SIGN);
}

void pki_moment(char out[16], int days)
{
    time_t    t = time(NULL) + (time_t)days * DAY;
    struct tm tm;
    gmtime_r(&t, &tm);
    strftime(out, 16, "%Y%m%d%H%M%S", &tm);
}

static int serial_number(struct pki *p, mbedtls_x509write_cert *w)
{
    uint8_t b[8];
    p->serial++;
    for (size_t i = 0; i < sizeof b; i++)
        b[i] = (uint8_t)(p->serial >> 8 * (7 - i));
#if MBEDTLS_VERSION_MAJOR >= 3
    return mbedtls_x509write_crt_set_serial_raw(w, b, sizeof b);
#else
    mbedtls_mpi n;
    mbedtls_mpi_init(&n);
    int bad = mbedtls_mpi_read_binary(&n, b, sizeof b);
    bad = bad != 0 ? bad : mbedtls_x509write_crt_set_serial(w, &n);
    mbedtls_mpi_free(&n);
    return bad;
#endif
}

/* Makes one. n 0: the library could not. */
static struct bytes make(struct pki *p, const struct blank *b, const char *subject)
{
    uint8_t                der[DER_MAX];
    char                   from[16], to[16];
    mbedtls_x509write_cert w;
    mbedtls_pk_context    *own = key_of(p, b->key), *issuer = b->by == BY_ITSELF ? own : key_of(p, issuers[b->by].key);
    if (own == NULL || issuer == NULL)
        return (struct bytes){ 0 };
    pki_moment(from, b->from);
    pki_moment(to, b->to);
    mbedtls_x509write_crt_init(&w);
    mbedtls_x509write_crt_set_version(&w, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&w, b->hash);
    mbedtls_x509write_crt_set_subject_key(&w, own);
    mbedtls_x509write_crt_set_issuer_key(&w, issuer);
    int bad = serial_number(p, &w);
    bad = bad != 0 ? bad : mbedtls_x509write_crt_set_validity(&w, from, to);
    bad = bad != 0 ? bad : mbedtls_x509write_crt_set_subject_name(&w, subject);
    bad = bad != 0 ? bad : mbedtls_x509write_crt_set_issuer_name(&w, b->by == BY_ITSELF ? subject : issuers[b->by].name);
    bad = bad != 0 ? bad : mbedtls_x509write_crt_set_subject_key_identifier(&w);
    bad = bad != 0 ? bad : mbedtls_x509write_crt_set_authority_key_identifier(&w);
    bad = bad != 0 ? bad : (b->flags & IS_CA) != 0 ? ca_extensions(&w) : leaf_extensions(p, &w, b->flags);
    int n = bad != 0 ? bad : mbedtls_x509write_crt_der(&w, der, sizeof der, random_source, NULL); /* written at the end of the room */
    mbedtls_x509write_crt_free(&w);
    if (n <= 0)
        return (struct bytes){ 0 };
    uint8_t *copy = arena_copy(&p->arena, der + sizeof der - n, (size_t)n);
    if ((b->flags & SPOILT) != 0)
        copy[n - 1] ^= 1; /* the last byte of the signature */
    n -= (b->flags & TORN) != 0 ? 7 : 0;
    return (struct bytes){ copy, (size_t)n };
}

static bool make_once(struct pki *p, struct bytes *where, const struct blank *b, const char *subject)
{
    if (where->n == 0)
        *where = make(p, b, subject);
    return where->n != 0;
}

static struct bytes above(struct pki *p, const struct recipe *r)
{
    static const struct blank old = { PK_OLD_ISSUER, BY_ROOT, -ROOT_DAYS / 2, ROOT_DAYS, MBEDTLS_MD_SHA256, IS_CA };
    static const struct blank strange = { PK_STRANGE, BY_ITSELF, -ROOT_DAYS / 2, ROOT_DAYS, MBEDTLS_MD_SHA256, IS_CA };
    switch (r->above) {
    case SENDS_INTERMEDIATE: return p->intermediate;
    case SENDS_OLD: return make_once(p, &p->old, &old, issuers[BY_OLD].name) ? p->old : (struct bytes){ 0 };
    case SENDS_STRANGE: return make_once(p, &p->strange, &strange, issuers[BY_STRANGE].name) ? p->strange : (struct bytes){ 0 };
    case SENDS_A_LEAF: return make_once(p, &p->a_leaf, &recipes[CHAIN_SOUND].leaf, issuers[BY_LEAF].name) ? p->a_leaf : (struct bytes){ 0 };
    default: return (struct bytes){ 0 };
    }
}

const struct serve_certs *pki_chain(struct pki *p, enum serve_chain kind, struct err *err)
{
    const struct recipe *r = &recipes[kind];
    struct serve_certs  *c = &p->made[kind];
    if (c->n != 0)
        return c;
    enum pki_key signs = r->signs == PK_ROOT ? r->leaf.key : r->signs;
    struct blank plain = recipes[CHAIN_SOUND].leaf;
    plain.key = signs;
    struct bytes leaf = make(p, &r->leaf, (r->leaf.flags & OTHER_NAME) != 0 ? "CN=other.example,O=tlswhy lab" : SUBJECT);
    struct bytes next = above(p, r);
    c->key = key_of(p, signs);
    if (leaf.n == 0 || c->key == NULL || !make_once(p, &p->plain[signs], &plain, SUBJECT) || (r->above != SENDS_NOTHING && next.n == 0)) {
        err_set(err, "cannot make a certificate: the crypto library refuses; a build with RSA, ECDSA and SHA-1 is needed for all cases");
        return NULL;
    }
    c->plain = p->plain[signs];
    c->der[c->n++] = leaf;
    if (next.n != 0)
        c->der[c->n++] = next;
    if (r->above == SENDS_A_LEAF)
        c->der[c->n++] = p->intermediate;
    return c;
}

static char *pem_of(struct arena *a, struct bytes der)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct text       t = { 0 };
    text_add(&t, "-----BEGIN CERTIFICATE-----\n");
    for (size_t i = 0; i < der.n; i += 3) {
        uint32_t v = (uint32_t)der.p[i] << 16 | (i + 1 < der.n ? (uint32_t)der.p[i + 1] << 8 : 0) | (i + 2 < der.n ? der.p[i + 2] : 0);
        text_char(&t, digits[v >> 18]);
        text_char(&t, digits[v >> 12 & 63]);
        text_char(&t, i + 1 < der.n ? digits[v >> 6 & 63] : '=');
        text_char(&t, i + 2 < der.n ? digits[v & 63] : '=');
        if (i % 48 == 45 || i + 3 >= der.n)
            text_char(&t, '\n');
    }
    text_add(&t, "-----END CERTIFICATE-----\n");
    char *s = arena_str(a, t.s);
    text_free(&t);
    return s;
}

/* A root that was made before: its certificate and its key, PEM. */
static bool root_again(struct pki *p, const char *cert, const char *key)
{
    const unsigned char *c = (const unsigned char *)cert, *k = (const unsigned char *)key;
    mbedtls_x509_crt     root;
    mbedtls_x509_crt_init(&root);
#if MBEDTLS_VERSION_MAJOR >= 3
    int bad = mbedtls_pk_parse_key(&p->keys[PK_ROOT], k, strlen(key) + 1, NULL, 0, random_source, NULL);
#else
    int bad = mbedtls_pk_parse_key(&p->keys[PK_ROOT], k, strlen(key) + 1, NULL, 0);
#endif
    bad = bad != 0 ? bad : mbedtls_x509_crt_parse(&root, c, strlen(cert) + 1);
#if MBEDTLS_VERSION_MAJOR >= 3
    bad = bad != 0 ? bad : mbedtls_pk_check_pair(&root.pk, &p->keys[PK_ROOT], random_source, NULL);
#else
    bad = bad != 0 ? bad : mbedtls_pk_check_pair(&root.pk, &p->keys[PK_ROOT]);
#endif
    if (bad == 0)
        p->root = (struct bytes){ arena_copy(&p->arena, root.raw.p, root.raw.len), root.raw.len };
    mbedtls_x509_crt_free(&root);
    return bad == 0;
}

struct pki *pki_new(const struct serve_options *o, struct err *err)
{
    static const struct blank root = { PK_ROOT, BY_ITSELF, -ROOT_DAYS / 2, ROOT_DAYS, MBEDTLS_MD_SHA256, IS_CA };
    static const struct blank intermediate = { PK_INTERMEDIATE, BY_ROOT, -ROOT_DAYS / 2, ROOT_DAYS, MBEDTLS_MD_SHA256, IS_CA };
    struct pki *p = mem_get(1, sizeof *p);
    *p = (struct pki){ .names = o->names, .name_n = o->name_n };
    random_bytes(&p->serial, sizeof p->serial);
    p->serial >>= 2; /* positive, and room to count */
    for (size_t i = 0; i < PK_COUNT; i++)
        mbedtls_pk_init(&p->keys[i]);
    if (o->root != NULL && !root_again(p, o->root, o->root_key)) {
        err_set(err, "the lab's root and its key do not belong together, or are no PEM; remove both files to have new ones made");
        pki_free(p);
        return NULL;
    }
    if (o->root == NULL)
        p->root = make(p, &root, issuers[BY_ROOT].name);
    p->intermediate = make(p, &intermediate, issuers[BY_INTERMEDIATE].name);
    unsigned char key[PEM_MAX] = "";
    if (p->root.n == 0 || p->intermediate.n == 0 || mbedtls_pk_write_key_pem(&p->keys[PK_ROOT], key, sizeof key) != 0) {
        err_set(err, "cannot make the lab's root certificate: the crypto library refuses; a build with ECDSA, P-256 and SHA-256 is needed");
        pki_free(p);
        return NULL;
    }
    p->root_pem = pem_of(&p->arena, p->root);
    p->root_key_pem = arena_str(&p->arena, (const char *)key);
    explicit_bzero(key, sizeof key);
    return p;
}

void pki_free(struct pki *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < PK_COUNT; i++)
        mbedtls_pk_free(&p->keys[i]);
    arena_free(&p->arena);
    free(p);
}

void         pki_tell_status_at(struct pki *p, const char *url) { p->status_url = arena_str(&p->arena, url); }
const char  *pki_root_pem(const struct pki *p) { return p->root_pem; }
const char  *pki_root_key_pem(const struct pki *p) { return p->root_key_pem; }
struct bytes pki_intermediate(const struct pki *p) { return p->intermediate; }
struct bytes pki_root(const struct pki *p) { return p->root; }
