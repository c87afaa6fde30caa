#include "tlswhy/ctl.h"
#include "tlswhy/der.h"

#include <string.h>

/* PKCS#7 SignedData (RFC 2315 section 9) as Windows signs its lists: one content, certificates, signers with
 * authenticated attributes. Versions and digestAlgorithms say nothing that is not said again by the signer. */

#define OID_SIGNED_DATA "1.2.840.113549.1.7.2"
#define OID_CONTENT_TYPE "1.2.840.113549.1.9.3"
#define OID_MESSAGE_DIGEST "1.2.840.113549.1.9.4"
#define OID_COUNTER_SIGNATURE "1.2.840.113549.1.9.6"
#define OID_MS_TIME_STAMP "1.3.6.1.4.1.311.3.3.1"
#define OID_NESTED_SIGNATURE "1.3.6.1.4.1.311.2.4.1"

enum { OID_TEXT = 128 };

static const char *oid_text(struct bytes body, struct arena *a)
{
    char text[OID_TEXT];
    return der_oid(body, text, sizeof text) ? arena_str(a, text) : NULL;
}

static bool is(const char *oid, const char *what) { return oid != NULL && strcmp(oid, what) == 0; }

/* The first field of an AlgorithmIdentifier. */
static const char *algorithm(struct reader *r, struct arena *a, const char *what)
{
    struct reader in = der_into(r, DER_SEQUENCE, what);
    struct der    oid;
    return der_expect(&in, DER_OID, &oid, what) ? oid_text(oid.body, a) : NULL;
}

static enum hash_id digest_by_oid(const char *oid)
{
    static const struct {
        const char  *oid;
        enum hash_id hash;
    } known[] = { { "1.3.14.3.2.26", HASH_SHA1 }, { "2.16.840.1.101.3.4.2.1", HASH_SHA256 }, { "2.16.840.1.101.3.4.2.2", HASH_SHA384 }, { "2.16.840.1.101.3.4.2.3", HASH_SHA512 }, { "1.2.840.113549.2.5", HASH_MD5 } };
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (is(oid, known[i].oid))
            return known[i].hash;
    }
    return HASH_OTHER;
}

/* rsaEncryption or anyhashWithRSAEncryption (but PSS), ecdsa-with-any or the plain key type. */
static enum sig_kind kind_by_oid(const char *oid)
{
    if (oid == NULL || is(oid, "1.2.840.113549.1.1.10"))
        return SIG_KIND_UNKNOWN;
    if (strncmp(oid, "1.2.840.113549.1.1.", 19) == 0)
        return SIG_RSA;
    return strncmp(oid, "1.2.840.10045.", 14) == 0 ? SIG_ECDSA : SIG_KIND_UNKNOWN;
}

static bool digest_equal(const struct p7 *m, enum hash_id hash, struct bytes want)
{
    uint8_t out[DIGEST_MAX];
    size_t  value = digest_of(hash, m->content.p, m->content.n, out);
    if (value != 0 && value == want.n && memcmp(out, want.p, value) == 0)
        return true;
    size_t whole = digest_of(hash, m->whole.p, m->whole.n, out); /* a nested signature signs the element with its header */
    return whole != 0 && whole == want.n && memcmp(out, want.p, whole) == 0;
}

/* Attribute ::= SEQUENCE { type, values SET } (RFC 5652 section 5.3): the next one's type, NULL where there is none, and its values. */
static const char *next_attribute(struct reader *r, struct reader *values, struct arena *a)
{
    struct der oid;
    if (!rd_more(r))
        return NULL;
    struct reader attribute = der_into(r, DER_SEQUENCE, "an attribute");
    if (!der_expect(&attribute, DER_OID, &oid, "an attribute"))
        return NULL;
    *values = der_into(&attribute, DER_SET, "an attribute");
    return oid_text(oid.body, a);
}

/* The authenticated attributes say what is signed: type and digest of the content. */
static void signed_attributes(struct bytes body, const struct p7 *m, struct p7_signer *s, struct arena *a)
{
    struct reader r = rd_of(body.p, body.n), values;
    struct der    value;
    for (const char *name; (name = next_attribute(&r, &values, a)) != NULL;) {
        if (is(name, OID_MESSAGE_DIGEST) && der_expect(&values, DER_OCTET_STRING, &value, "the digest"))
            s->digest_good = digest_equal(m, s->digest, value.body);
        if (is(name, OID_CONTENT_TYPE) && der_expect(&values, DER_OID, &value, "the content type"))
            s->type_good = is(oid_text(value.body, a), m->content_type != NULL ? m->content_type : "");
    }
}

static void other_attributes(struct bytes body, struct p7_signer *s, struct arena *a)
{
    struct reader r = rd_of(body.p, body.n), values;
    struct der    value;
    for (const char *name; (name = next_attribute(&r, &values, a)) != NULL;) {
        s->time_stamped |= is(name, OID_COUNTER_SIGNATURE) || is(name, OID_MS_TIME_STAMP);
        if (is(name, OID_NESTED_SIGNATURE) && der_next(&values, &value, "the nested signature"))
            s->nested = value.whole;
    }
}

/* RFC 2315 section 9.3: the attributes are signed as a SET, whatever tag they carry in the message. */
static enum sig_check verify(const struct p7 *m, const struct p7_signer *s, struct bytes attributes, struct bytes signature)
{
    const struct sig_alg alg = { .kind = kind_by_oid(s->signature_oid), .hash = s->digest };
    const uint8_t        set = DER_SET;
    if (s->cert == NULL || s->cert->spki.p == NULL)
        return SIG_UNCHECKED;
    if (alg.kind == SIG_KIND_UNKNOWN || alg.hash == HASH_OTHER)
        return SIG_UNSUPPORTED;
    if (!s->has_attributes)
        return key_verifies(s->cert->spki, &alg, &m->content, 1, signature);
    const struct bytes signed_as_set[] = { { &set, 1 }, { attributes.p + 1, attributes.n - 1 } };
    return key_verifies(s->cert->spki, &alg, signed_as_set, 2, signature);
}

/* From the signer up, while the issuer is inside and really signed. */
static void build_path(const struct p7 *m, struct p7_signer *s, struct cert_store *store)
{
    struct cert *at = s->cert;
    while (at != NULL && s->path_n < P7_PATH) {
        struct cert *up = NULL;
        bool         named = false;
        s->path[s->path_n++] = at;
        for (size_t i = 0; i < m->certs_n && up == NULL && !at->self_issued; i++) {
            bool issuer = m->certs[i] != at && names_equal(&m->certs[i]->subject, &at->issuer);
            named |= issuer;
            up = issuer && cert_signed_by(store, at, m->certs[i]) == SIG_GOOD ? m->certs[i] : NULL;
        }
        s->path_broken |= named && up == NULL;
        at = up;
    }
}

static void read_signer(struct reader r, struct p7 *m, struct cert_store *store, struct arena *a)
{
    struct p7_signer *s = &m->signer[m->signers];
    struct der        d, signature, attributes = { 0 }, others = { 0 }, name;
    *s = (struct p7_signer){ 0 };
    der_expect(&r, DER_INTEGER, &d, "a signer");
    struct reader who = der_into(&r, DER_SEQUENCE, "a signer");
    der_expect(&who, DER_SEQUENCE, &name, "a signer");
    der_expect(&who, DER_INTEGER, &d, "a signer");
    s->issuer = name.whole;
    s->serial = d.body;
    s->digest_oid = algorithm(&r, a, "a signer");
    s->digest = digest_by_oid(s->digest_oid);
    s->has_attributes = der_take(&r, DER_CONS(0), &attributes);
    s->signature_oid = algorithm(&r, a, "a signer");
    der_expect(&r, DER_OCTET_STRING, &signature, "a signer");
    der_take(&r, DER_CONS(1), &others);
    if (r.want != NULL || who.want != NULL) {
        m->broken = m->broken != NULL ? m->broken : "a signer";
        return;
    }
    m->signers++;
    for (size_t i = 0; i < m->certs_n && s->cert == NULL; i++) {
        if (bytes_equal(m->certs[i]->issuer.der, s->issuer) && bytes_equal(m->certs[i]->serial, s->serial))
            s->cert = m->certs[i];
    }
    if (s->has_attributes)
        signed_attributes(attributes.body, m, s, a);
    else
        s->digest_good = s->type_good = true; /* the signature covers the content itself */
    other_attributes(others.body, s, a);
    s->signature = verify(m, s, attributes.whole, signature.body);
    build_path(m, s, store);
}

static void read_content(struct reader r, struct bytes detached, struct p7 *m, struct arena *a)
{
    struct der oid, inner, d;
    if (!der_expect(&r, DER_OID, &oid, "the content")) {
        m->broken = r.want;
        return;
    }
    m->content_type = oid_text(oid.body, a);
    if (der_take(&r, DER_CONS(0), &inner)) {
        struct reader in = der_inside(&inner);
        if (!der_next(&in, &d, "the content"))
            m->broken = in.want;
    } else {
        struct reader in = rd_of(detached.p, detached.n);
        if (detached.n == 0 || !der_next(&in, &d, "the content"))
            return;
    }
    m->content = d.body;
    m->whole = d.whole;
}

bool p7_is(struct bytes b)
{
    struct reader r = rd_of(b.p, b.n);
    if (b.n < 16 || b.p[0] != DER_SEQUENCE)
        return false;
    rd_u8(&r, "");
    size_t width = rd_u8(&r, "");
    rd_bytes(&r, width >= 0x80 ? width & 7 : 0, "");
    static const uint8_t signed_data[] = { 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2 }; /* OID_SIGNED_DATA */
    return rd_left(&r) >= sizeof signed_data && memcmp(r.p, signed_data, sizeof signed_data) == 0;
}

void p7_read(struct bytes b, struct bytes detached, struct cert_store *s, struct arena *a, struct p7 *out)
{
    struct reader r = rd_of(b.p, b.n), certs, signers;
    struct der    oid, d, wrapped, skipped;
    *out = (struct p7){ 0 };
    r = der_into(&r, DER_SEQUENCE, "the outer SEQUENCE");
    if (!der_expect(&r, DER_OID, &oid, "the type") || !is(oid_text(oid.body, a), OID_SIGNED_DATA) || !der_expect(&r, DER_CONS(0), &wrapped, "the signed data")) {
        out->broken = r.want != NULL ? r.want : "the type (it is no signed data)";
        return;
    }
    r = der_inside(&wrapped);
    r = der_into(&r, DER_SEQUENCE, "the signed data");
    der_expect(&r, DER_INTEGER, &d, "the version");
    der_expect(&r, DER_SET, &d, "the list of digests");
    read_content(der_into(&r, DER_SEQUENCE, "the content"), detached, out, a);
    if (der_take(&r, DER_CONS(0), &d)) {
        certs = der_inside(&d);
        while (out->certs_n < P7_CERTS && rd_more(&certs) && der_next(&certs, &d, "a certificate"))
            out->certs[out->certs_n++] = cert_intern(s, d.whole.p, d.whole.n);
        out->broken = out->broken != NULL ? out->broken : certs.want;
    }
    der_take(&r, DER_CONS(1), &skipped); /* revocation lists */
    signers = der_into(&r, DER_SET, "the signers");
    out->broken = out->broken != NULL ? out->broken : signers.want;
    while (out->signers < P7_SIGNERS && rd_more(&signers)) {
        struct reader one = der_into(&signers, DER_SEQUENCE, "a signer");
        if (one.want != NULL) {
            out->broken = out->broken != NULL ? out->broken : one.want;
            return;
        }
        size_t before = out->signers;
        read_signer(one, out, s, a);
        if (out->signers == before)
            return;
    }
}
