/* Certificate extensions (RFC 5280 section 4.2, RFC 6962, RFC 7633, Microsoft's and Netscape's own). */
#include "x509_parts.h"

#include <ctype.h>
#include <string.h>

enum { MAX_EXTS = 256, MAX_NAMES = 1 << 16, MAX_OIDS = 1024, MAX_URLS = 32 };

/* How many elements follow, at most `max`: lists are counted first and then filled. */
static size_t count_elements(struct reader r, size_t max)
{
    struct der d;
    size_t     n = 0;
    while (n < max && rd_more(&r) && der_next(&r, &d, "element"))
        n++;
    return n;
}

static bool general_name(struct arena *a, const struct der *d, struct san *out)
{
    static const struct { unsigned tag; enum san_kind kind; } kinds[] = {
        { DER_CONTEXT(2), SAN_DNS }, { DER_CONTEXT(7), SAN_IP },  { DER_CONTEXT(6), SAN_URI },
        { DER_CONTEXT(1), SAN_EMAIL }, { DER_CONS(4), SAN_DIR },
        { DER_CONS(0), SAN_OTHER },  { DER_CONS(3), SAN_X400 },   { DER_CONS(5), SAN_EDI },
        { DER_CONTEXT(8), SAN_RID },
    };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (kinds[i].tag != d->tag)
            continue;
        *out = (struct san){ .kind = kinds[i].kind, .value = d->body };
        if (out->kind == SAN_DIR) {
            struct x509_name *name = ARENA_NEW(a, struct x509_name);
            bool              whole = name_parse(a, d->body, name);
            out->dir = whole ? name : NULL;
            return whole;
        }
        return true;
    }
    return false;
}

/* What an otherName is stands in the OID that its value begins with. */
bool san_same_kind(const struct san *a, const struct san *b)
{
    struct reader x = rd_of(a->value.p, a->value.n), y = rd_of(b->value.p, b->value.n);
    struct der    p, q;
    if (a->kind != b->kind || a->kind != SAN_OTHER)
        return a->kind == b->kind;
    return der_next(&x, &p, "type") && der_next(&y, &q, "type") && bytes_equal(p.whole, q.whole);
}

/* GeneralNames from the inside of their SEQUENCE. */
static bool general_names(struct arena *a, struct reader in, const struct san **out, size_t *count)
{
    size_t      n = count_elements(in, MAX_NAMES);
    struct san *v = ARENA_NEW_N(a, n, struct san);
    struct der  d;
    bool        good = true;
    *count = 0;
    while (*count < n && der_next(&in, &d, "general name"))
        if (general_name(a, &d, &v[*count]))
            ++*count;
        else
            good = false, n--;
    *out = v;
    return good && !rd_more(&in);
}

static bool oid_list(struct arena *a, struct reader in, const char ***out, size_t *count)
{
    size_t       n = count_elements(in, MAX_OIDS);
    const char **v = ARENA_NEW_N(a, n, const char *);
    struct der   d;
    *count = 0;
    while (*count < n && der_expect(&in, DER_OID, &d, "OID"))
        v[(*count)++] = oid_text(a, d.body);
    *out = v;
    return in.want == NULL;
}

/* Every handler gets the extension's value; it returns false where that does not decode. */
static bool ext_san(struct arena *a, struct cert *c, struct reader in)
{
    struct reader list = der_into(&in, DER_SEQUENCE, "subjectAltName");
    c->has_san = true;
    return list.want == NULL && general_names(a, list, &c->san, &c->sans);
}

static bool ext_eku(struct arena *a, struct cert *c, struct reader in)
{
    struct reader list = der_into(&in, DER_SEQUENCE, "extKeyUsage");
    c->has_eku = true;
    return list.want == NULL && oid_list(a, list, &c->eku, &c->ekus);
}

/* Named bits come first bit first: bit 0 is the top bit of the first octet. */
static bool named_bits(struct reader in, unsigned *out)
{
    struct der   d;
    struct bytes bits = { 0 };
    if (der_expect(&in, DER_BIT_STRING, &d, "named bits"))
        bits = der_bit_string(d.body, NULL);
    for (size_t i = 0; i < 9 && i / 8 < bits.n; i++)
        if ((bits.p[i / 8] >> (7 - i % 8) & 1) != 0)
            *out |= 1u << i;
    return bits.p != NULL;
}

static bool ext_ku(struct arena *a, struct cert *c, struct reader in)
{
    (void)a;
    c->has_ku = named_bits(in, &c->ku);
    return c->has_ku;
}

static bool ext_netscape_type(struct arena *a, struct cert *c, struct reader in)
{
    (void)a;
    c->has_netscape_type = named_bits(in, &c->netscape_type);
    return c->has_netscape_type;
}

static bool ext_bc(struct arena *a, struct cert *c, struct reader in)
{
    struct reader seq = der_into(&in, DER_SEQUENCE, "basicConstraints");
    struct der    d;
    (void)a;
    c->has_bc = true;
    if (der_take(&seq, DER_BOOLEAN, &d))
        c->ca = d.body.n == 1 && d.body.p[0] != 0;
    if (der_take(&seq, DER_INTEGER, &d) && !der_small(d.body, &c->path_len))
        return false;
    return seq.want == NULL && !rd_more(&seq);
}

static bool subtrees(struct arena *a, struct reader in, const struct san **out, size_t *count)
{
    size_t      n = count_elements(in, MAX_NAMES);
    struct san *v = ARENA_NEW_N(a, n, struct san);
    *count = 0;
    *out = v;
    while (*count < n) {
        struct reader tree = der_into(&in, DER_SEQUENCE, "subtree");
        struct der    d;
        if (!der_next(&tree, &d, "base") || !general_name(a, &d, &v[*count]))
            return false;
        ++*count;
    }
    return !rd_more(&in);
}

static bool ext_nc(struct arena *a, struct cert *c, struct reader in)
{
    struct reader seq = der_into(&in, DER_SEQUENCE, "nameConstraints");
    struct der    d;
    bool          good = true;
    c->has_nc = true;
    if (der_take(&seq, DER_CONS(0), &d))
        good = subtrees(a, der_inside(&d), &c->permitted, &c->permitted_count);
    if (der_take(&seq, DER_CONS(1), &d))
        good &= subtrees(a, der_inside(&d), &c->excluded, &c->excluded_count);
    return good && seq.want == NULL && !rd_more(&seq);
}

static bool ext_aki(struct arena *a, struct cert *c, struct reader in)
{
    struct reader seq = der_into(&in, DER_SEQUENCE, "authorityKeyIdentifier");
    struct der    d;
    (void)a;
    if (der_take(&seq, DER_CONTEXT(0), &d))
        c->aki = d.body;
    if (der_take(&seq, DER_CONS(1), &d)) {
        struct reader names = der_inside(&d), name = der_into(&names, DER_CONS(4), "authorityCertIssuer");
        c->aki_issuer = rd_rest(&name);
    }
    if (der_take(&seq, DER_CONTEXT(2), &d))
        c->aki_serial = d.body;
    return seq.want == NULL;
}

static bool ext_ski(struct arena *a, struct cert *c, struct reader in)
{
    struct der d;
    (void)a;
    if (der_expect(&in, DER_OCTET_STRING, &d, "subjectKeyIdentifier"))
        c->ski = d.body;
    return c->ski.p != NULL;
}

static void add_url(struct arena *a, struct byte_list *list, struct bytes url)
{
    struct bytes *v = ARENA_NEW_N(a, list->n + 1, struct bytes);
    if (list->n != 0)
        memcpy(v, list->v, list->n * sizeof *v);
    v[list->n] = url;
    *list = (struct byte_list){ v, list->n + 1 };
}

static bool ext_aia(struct arena *a, struct cert *c, struct reader in)
{
    struct reader list = der_into(&in, DER_SEQUENCE, "authorityInfoAccess");
    for (size_t i = 0; i < MAX_URLS && rd_more(&list); i++) {
        struct reader one = der_into(&list, DER_SEQUENCE, "access description");
        struct der    oid, where;
        char          text[32];
        if (!der_expect(&one, DER_OID, &oid, "access method") || !der_next(&one, &where, "access location"))
            return false;
        if (where.tag != DER_CONTEXT(6) || !der_oid(oid.body, text, sizeof text))
            continue;
        if (strcmp(text, "1.3.6.1.5.5.7.48.2") == 0)
            add_url(a, &c->aia_issuers, where.body);
        else if (strcmp(text, "1.3.6.1.5.5.7.48.1") == 0)
            add_url(a, &c->aia_ocsp, where.body);
    }
    return list.want == NULL;
}

static bool ext_crl(struct arena *a, struct cert *c, struct reader in)
{
    struct reader list = der_into(&in, DER_SEQUENCE, "cRLDistributionPoints");
    for (size_t i = 0; i < MAX_URLS && rd_more(&list); i++) {
        struct reader point = der_into(&list, DER_SEQUENCE, "distribution point");
        struct der    name, full, uri;
        if (!der_take(&point, DER_CONS(0), &name))
            continue;
        struct reader in_name = der_inside(&name);
        if (!der_take(&in_name, DER_CONS(0), &full))
            continue;
        struct reader names = der_inside(&full);
        while (c->crl.n < MAX_URLS && rd_more(&names) && der_next(&names, &uri, "name"))
            if (uri.tag == DER_CONTEXT(6))
                add_url(a, &c->crl, uri.body);
    }
    return list.want == NULL;
}

static bool ext_policies(struct arena *a, struct cert *c, struct reader in)
{
    struct reader list = der_into(&in, DER_SEQUENCE, "certificatePolicies");
    size_t        n = count_elements(list, MAX_OIDS);
    c->policies = ARENA_NEW_N(a, n, const char *);
    while (c->policy_count < n) {
        struct reader one = der_into(&list, DER_SEQUENCE, "policy");
        struct der    oid;
        if (!der_expect(&one, DER_OID, &oid, "policy OID"))
            return false;
        c->policies[c->policy_count++] = oid_text(a, oid.body);
    }
    return list.want == NULL;
}

/* SignedCertificateTimestampList (RFC 6962 section 3.3): TLS vectors inside one more OCTET STRING. */
static bool ext_scts(struct arena *a, struct cert *c, struct reader in)
{
    struct der d;
    (void)a;
    if (!der_expect(&in, DER_OCTET_STRING, &d, "SCT list"))
        return false;
    struct reader inner = der_inside(&d), list = rd_vec(&inner, 2, "SCT list");
    while (rd_more(&list)) {
        rd_vec(&list, 2, "SCT");
        c->sct_count += list.want == NULL;
    }
    return list.want == NULL;
}

static bool ext_poison(struct arena *a, struct cert *c, struct reader in)
{
    (void)a, (void)in;
    return c->precert_poison = true;
}

/* TLS Feature (RFC 7633): status_request (5) says "do not take me without a staple". */
static bool ext_features(struct arena *a, struct cert *c, struct reader in)
{
    struct reader list = der_into(&in, DER_SEQUENCE, "features");
    struct der    d;
    (void)a;
    while (rd_more(&list) && der_expect(&list, DER_INTEGER, &d, "feature")) {
        int v = 0;
        c->must_staple |= der_small(d.body, &v) && v == 5;
    }
    return list.want == NULL;
}

static bool ext_template_name(struct arena *a, struct cert *c, struct reader in)
{
    struct der   d;
    struct text  t = { 0 };
    if (!der_expect(&in, DER_BMP, &d, "template name"))
        return false;
    for (size_t i = 0; i + 1 < d.body.n && i < 256; i += 2)
        text_char(&t, d.body.p[i] == 0 && isprint(d.body.p[i + 1]) ? (char)d.body.p[i + 1] : '?');
    c->ms_template = t.n != 0 ? arena_str(a, t.s) : NULL;
    text_free(&t);
    return true;
}

static bool ext_template(struct arena *a, struct cert *c, struct reader in)
{
    struct reader seq = der_into(&in, DER_SEQUENCE, "template");
    struct der    d;
    if (!der_expect(&seq, DER_OID, &d, "template OID"))
        return false;
    c->ms_template = oid_text(a, d.body);
    return true;
}

static const struct {
    const char *oid;
    bool (*parse)(struct arena *, struct cert *, struct reader);
} handlers[] = {
    { "2.5.29.14", ext_ski },        { "2.5.29.15", ext_ku },         { "2.5.29.17", ext_san },
    { "2.5.29.19", ext_bc },         { "2.5.29.30", ext_nc },         { "2.5.29.31", ext_crl },
    { "2.5.29.32", ext_policies },   { "2.5.29.35", ext_aki },        { "2.5.29.37", ext_eku },
    { "1.3.6.1.5.5.7.1.1", ext_aia }, { "1.3.6.1.5.5.7.1.24", ext_features },
    { "1.3.6.1.4.1.11129.2.4.2", ext_scts }, { "1.3.6.1.4.1.11129.2.4.3", ext_poison },
    { "1.3.6.1.4.1.311.20.2", ext_template_name }, { "1.3.6.1.4.1.311.21.7", ext_template },
    { "2.16.840.1.113730.1.1", ext_netscape_type },
};

static bool seen_before(const struct x509_ext *ext, size_t n, const char *oid)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(ext[i].oid, oid) == 0)
            return true;
    return false;
}

void extensions_parse(struct arena *a, struct cert *c, struct reader list)
{
    size_t           n = count_elements(list, MAX_EXTS), used = 0;
    struct x509_ext *v = ARENA_NEW_N(a, n, struct x509_ext);
    c->ext = v;
    while (used < n) {
        struct reader one = der_into(&list, DER_SEQUENCE, "extension");
        struct der    oid, d, value;
        if (!der_expect(&one, DER_OID, &oid, "extension OID"))
            break;
        struct x509_ext *e = &v[used];
        *e = (struct x509_ext){ .oid = oid_text(a, oid.body) };
        if (der_take(&one, DER_BOOLEAN, &d))
            e->critical = d.body.n > 0 && d.body.p[0] != 0;
        if (!der_expect(&one, DER_OCTET_STRING, &value, "extension value"))
            break;
        e->value = value.body;
        e->duplicate = seen_before(v, used, e->oid);
        c->exts = ++used;
        for (size_t i = 0; i < ARRAY_LEN(handlers) && !e->duplicate; i++)
            if (strcmp(handlers[i].oid, e->oid) == 0) {
                e->odd = !handlers[i].parse(a, c, rd_of(value.body.p, value.body.n));
                break;
            }
    }
    if ((list.want != NULL || used < n || rd_more(&list)) && c->odd == NULL)
        c->odd = "the extensions";
}
