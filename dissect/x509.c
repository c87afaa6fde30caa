#include "x509_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ATTRS = 128 };

const char *oid_text(struct arena *a, struct bytes body)
{
    char text[256];
    return der_oid(body, text, sizeof text) ? arena_str(a, text) : "?";
}

/* ---- algorithms (RFC 3279, 4055, 5758, 8410; Microsoft and OIW spellings of old ones) ---- */

static const struct { const char *oid; enum sig_kind kind; enum hash_id hash; } sig_algs[] = {
    { "1.2.840.113549.1.1.11", SIG_RSA, HASH_SHA256 },    { "1.2.840.113549.1.1.5", SIG_RSA, HASH_SHA1 },
    { "1.2.840.10045.4.3.2", SIG_ECDSA, HASH_SHA256 },    { "1.2.840.10045.4.3.3", SIG_ECDSA, HASH_SHA384 },
    { "1.2.840.113549.1.1.12", SIG_RSA, HASH_SHA384 },    { "1.2.840.113549.1.1.13", SIG_RSA, HASH_SHA512 },
    { "1.2.840.113549.1.1.10", SIG_RSA_PSS, HASH_SHA1 },  { "1.2.840.113549.1.1.4", SIG_RSA, HASH_MD5 },
    { "1.2.840.113549.1.1.14", SIG_RSA, HASH_SHA224 },    { "1.2.840.113549.1.1.2", SIG_RSA, HASH_MD2 },
    { "1.2.840.113549.1.1.3", SIG_RSA, HASH_MD4 },        { "1.2.840.10045.4.1", SIG_ECDSA, HASH_SHA1 },
    { "1.2.840.10045.4.3.1", SIG_ECDSA, HASH_SHA224 },    { "1.2.840.10045.4.3.4", SIG_ECDSA, HASH_SHA512 },
    { "1.3.101.112", SIG_ED25519, HASH_NONE },            { "1.3.101.113", SIG_ED448, HASH_NONE },
    { "1.2.840.10040.4.3", SIG_DSA, HASH_SHA1 },          { "2.16.840.1.101.3.4.3.1", SIG_DSA, HASH_SHA224 },
    { "2.16.840.1.101.3.4.3.2", SIG_DSA, HASH_SHA256 },   { "2.16.840.1.101.3.4.3.3", SIG_DSA, HASH_SHA384 },
    { "2.16.840.1.101.3.4.3.4", SIG_DSA, HASH_SHA512 },   { "1.3.14.3.2.29", SIG_RSA, HASH_SHA1 },
    { "1.3.14.3.2.3", SIG_RSA, HASH_MD5 },                { "1.3.14.3.2.27", SIG_DSA, HASH_SHA1 },
    { "2.16.840.1.101.3.4.3.13", SIG_RSA, HASH_OTHER },   { "2.16.840.1.101.3.4.3.14", SIG_RSA, HASH_OTHER },
    { "2.16.840.1.101.3.4.3.15", SIG_RSA, HASH_OTHER },   { "2.16.840.1.101.3.4.3.16", SIG_RSA, HASH_OTHER },
    { "2.16.840.1.101.3.4.3.9", SIG_ECDSA, HASH_OTHER },
    { "2.16.840.1.101.3.4.3.10", SIG_ECDSA, HASH_OTHER },
    { "2.16.840.1.101.3.4.3.11", SIG_ECDSA, HASH_OTHER },
    { "2.16.840.1.101.3.4.3.12", SIG_ECDSA, HASH_OTHER },
    { "1.2.156.10197.1.501", SIG_SM2, HASH_OTHER },       { "1.2.643.2.2.3", SIG_GOST, HASH_OTHER },
    { "1.2.643.2.2.4", SIG_GOST, HASH_OTHER },            { "1.2.643.7.1.1.3.2", SIG_GOST, HASH_OTHER },
    { "1.2.643.7.1.1.3.3", SIG_GOST, HASH_OTHER },        { "2.16.840.1.101.3.4.3.17", SIG_MLDSA, HASH_NONE },
    { "2.16.840.1.101.3.4.3.18", SIG_MLDSA, HASH_NONE },  { "2.16.840.1.101.3.4.3.19", SIG_MLDSA, HASH_NONE },
};

static const struct { const char *oid; enum hash_id hash; } hashes[] = {
    { "2.16.840.1.101.3.4.2.1", HASH_SHA256 }, { "2.16.840.1.101.3.4.2.2", HASH_SHA384 },
    { "2.16.840.1.101.3.4.2.3", HASH_SHA512 }, { "1.3.14.3.2.26", HASH_SHA1 },
    { "2.16.840.1.101.3.4.2.4", HASH_SHA224 }, { "1.2.840.113549.2.5", HASH_MD5 },
};

enum hash_id hash_of_oid(const char *oid)
{
    for (size_t i = 0; i < ARRAY_LEN(hashes); i++)
        if (strcmp(hashes[i].oid, oid) == 0)
            return hashes[i].hash;
    return HASH_OTHER;
}

/* The hash that an AlgorithmIdentifier names, inside a context tag of the PSS parameters. */
static enum hash_id hash_parse(struct arena *a, struct reader in, const char **oid)
{
    struct reader seq = der_into(&in, DER_SEQUENCE, "hash algorithm");
    struct der    d;
    *oid = der_expect(&seq, DER_OID, &d, "hash OID") ? oid_text(a, d.body) : "?";
    return hash_of_oid(*oid);
}

/* RSASSA-PSS-params (RFC 4055 section 3.1): all fields have defaults. */
static void pss_parse(struct arena *a, struct reader in, struct alg_id *out)
{
    struct reader params = der_into(&in, DER_SEQUENCE, "PSS parameters");
    struct der    d, mgf;
    int           salt = 20;
    const char   *ignored;
    out->pss_hash_oid = "1.3.14.3.2.26";
    out->alg.mgf_hash = HASH_SHA1;
    if (der_take(&params, DER_CONS(0), &d))
        out->alg.hash = hash_parse(a, der_inside(&d), &out->pss_hash_oid);
    if (der_take(&params, DER_CONS(1), &d)) {
        struct reader mgf_in = der_inside(&d), seq = der_into(&mgf_in, DER_SEQUENCE, "mask generation");
        if (der_expect(&seq, DER_OID, &mgf, "mask generation OID"))
            out->alg.mgf_hash = hash_parse(a, seq, &ignored);
    }
    if (der_take(&params, DER_CONS(2), &d)) {
        struct reader in_salt = der_inside(&d);
        if (!der_expect(&in_salt, DER_INTEGER, &d, "salt length") || !der_small(d.body, &salt))
            salt = 0;
    }
    out->alg.salt = (unsigned)salt;
}

bool alg_parse(struct arena *a, struct reader in, struct alg_id *out)
{
    struct der oid;
    *out = (struct alg_id){ .oid = "?" };
    if (!der_expect(&in, DER_OID, &oid, "algorithm OID"))
        return false;
    out->oid = oid_text(a, oid.body);
    out->params = (struct bytes){ in.p, rd_left(&in) };
    for (size_t i = 0; i < ARRAY_LEN(sig_algs); i++)
        if (strcmp(sig_algs[i].oid, out->oid) == 0) {
            out->alg = (struct sig_alg){ .kind = sig_algs[i].kind, .hash = sig_algs[i].hash };
            break;
        }
    if (out->alg.kind == SIG_RSA_PSS)
        pss_parse(a, in, out);
    return true;
}

/* ---- names ---- */

static size_t utf8_put(char *out, uint32_t c)
{
    if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        c = 0xfffd;
    if (c < 0x80)
        return (size_t)(out[0] = (char)c, 1);
    if (c < 0x800)
        return out[0] = (char)(0xc0 | c >> 6), out[1] = (char)(0x80 | (c & 0x3f)), 2;
    if (c < 0x10000)
        return out[0] = (char)(0xe0 | c >> 12), out[1] = (char)(0x80 | (c >> 6 & 0x3f)),
               out[2] = (char)(0x80 | (c & 0x3f)), 3;
    out[0] = (char)(0xf0 | c >> 18), out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    return out[2] = (char)(0x80 | (c >> 6 & 0x3f)), out[3] = (char)(0x80 | (c & 0x3f)), 4;
}

/* Fixed-width strings to UTF-8: T61String is read as Latin-1 (what issuers put there), BMPString as UTF-16. */
static void widen(struct arena *a, struct bytes in, size_t width, struct x509_attr *attr)
{
    char *out = arena_get(a, in.n / width * (width == 4 ? 4 : width + 1) + 1, 1);
    for (size_t i = 0; i + width <= in.n; i += width) {
        const uint8_t *b = in.p + i;
        uint32_t       c = width == 1 ? b[0] : width == 2 ? be16(b) : be32(b);
        if (width == 2 && c >= 0xd800 && c < 0xdc00 && i + 4 <= in.n && be16(b + 2) >> 10 == 0xdc00 >> 10) {
            c = 0x10000 + ((c - 0xd800) << 10) + (be16(b + 2) - 0xdc00u);
            i += 2;
        }
        attr->len += utf8_put(out + attr->len, c);
    }
    attr->value = out;
}

static void attr_value(struct arena *a, const struct der *d, struct x509_attr *attr)
{
    attr->tag = (uint8_t)d->tag;
    switch (d->tag) {
    case DER_T61: widen(a, d->body, 1, attr); return;
    case DER_BMP: widen(a, d->body, 2, attr); return;
    case DER_UNIVERSAL: widen(a, d->body, 4, attr); return;
    case DER_UTF8:
    case DER_PRINTABLE:
    case DER_IA5:
    case 0x12: /* NumericString */
    case 0x1a: /* VisibleString */
        attr->value = arena_copy(a, d->body.p, d->body.n);
        attr->len = d->body.n;
        return;
    default: { /* no string: as RFC 4514 section 2.4 writes it */
        char *hex = arena_get(a, d->whole.n * 2 + 2, 1);
        hex[0] = '#';
        for (size_t i = 0; i < d->whole.n; i++)
            snprintf(hex + 1 + 2 * i, 3, "%02x", d->whole.p[i]);
        attr->value = hex;
        attr->len = d->whole.n * 2 + 1;
    }
    }
}

/* Short names of RFC 4514 section 3 and the three other types everybody writes short. */
static const char *attr_type(const char *oid)
{
    static const char *const arcs[] = { [3] = "CN", [5] = "serialNumber", [6] = "C", [7] = "L", [8] = "ST",
                                        [10] = "O", [11] = "OU" };
    static const struct { const char *oid, *type; } others[] = {
        { "1.2.840.113549.1.9.1", "emailAddress" },
        { "0.9.2342.19200300.100.1.25", "DC" },
        { "0.9.2342.19200300.100.1.1", "UID" },
    };
    if (strncmp(oid, "2.5.4.", 6) == 0) {
        size_t arc = (size_t)strtoul(oid + 6, NULL, 10);
        return arc < ARRAY_LEN(arcs) && arcs[arc] != NULL ? arcs[arc] : oid;
    }
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (strcmp(others[i].oid, oid) == 0)
            return others[i].type;
    return oid;
}

bool name_parse(struct arena *a, struct bytes der, struct x509_name *out)
{
    struct x509_attr attrs[MAX_ATTRS];
    struct reader    rdns = der_open(der, DER_SEQUENCE, "name");
    size_t           n = 0;
    *out = (struct x509_name){ .der = der };
    while (rd_more(&rdns) && n < MAX_ATTRS) {
        struct reader set = der_into(&rdns, DER_SET, "relative distinguished name");
        bool          joined = false;
        while (rd_more(&set) && n < MAX_ATTRS) {
            struct reader seq = der_into(&set, DER_SEQUENCE, "attribute");
            struct der    oid, value;
            if (!der_expect(&seq, DER_OID, &oid, "attribute type") ||
                !der_next(&seq, &value, "attribute value")) {
                rdns.want = seq.want;
                break;
            }
            attrs[n] = (struct x509_attr){ .oid = oid_text(a, oid.body), .joined = joined };
            attrs[n].type = attr_type(attrs[n].oid);
            attr_value(a, &value, &attrs[n++]);
            joined = true;
        }
        if (set.want != NULL)
            rdns.want = set.want;
    }
    struct x509_attr *kept = ARENA_NEW_N(a, n, struct x509_attr);
    if (n != 0)
        memcpy(kept, attrs, n * sizeof *kept);
    out->attr = kept;
    out->n = n;
    return rdns.want == NULL;
}

bool x509_name_read(struct arena *a, struct bytes der, struct x509_name *out) { return name_parse(a, der, out); }

const char *x509_der_name_text(struct arena *a, struct bytes der)
{
    struct x509_name name = { 0 };
    name_parse(a, der, &name);
    return x509_name_text(a, &name);
}

/* ---- dates (RFC 5280 section 4.1.2.5), also those that leave out the seconds or give an offset ---- */

static bool two_digits(struct reader *r, unsigned *v)
{
    if (rd_left(r) < 2 || r->p[0] < '0' || r->p[0] > '9' || r->p[1] < '0' || r->p[1] > '9')
        return false;
    *v = (unsigned)(r->p[0] - '0') * 10 + (unsigned)(r->p[1] - '0');
    rd_bytes(r, 2, "digits");
    return true;
}

static bool days_fit(unsigned year, unsigned month, unsigned day)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool                 leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

struct x509_time time_read(const struct der *d)
{
    struct x509_time t = { .raw = d->body };
    struct reader    r = rd_of(d->body.p, d->body.n);
    unsigned         century = 0, yy, month, day, hour, minute, second = 0, oh, om;
    bool             general = d->tag == DER_TIME;
    if ((!general && d->tag != DER_UTC_TIME) || (general && !two_digits(&r, &century)) ||
        !two_digits(&r, &yy) || !two_digits(&r, &month) || !two_digits(&r, &day) || !two_digits(&r, &hour) ||
        !two_digits(&r, &minute))
        return t;
    t.odd = !two_digits(&r, &second);
    unsigned year = general ? century * 100 + yy : yy < 50 ? 2000 + yy : 1900 + yy;
    if (!days_fit(year, month, day) || hour > 23 || minute > 59 || second > 59)
        return t;
    t.s = time_from_civil(year, month, day, hour, minute, second);
    if (rd_more(&r) && (*r.p == '.' || *r.p == ',')) { /* a fraction: rounded down */
        t.odd = t.strange = true;
        rd_u8(&r, "point");
        while (rd_more(&r) && *r.p >= '0' && *r.p <= '9')
            rd_u8(&r, "fraction");
    }
    uint8_t zone = rd_u8(&r, "zone");
    if ((zone == '+' || zone == '-') && two_digits(&r, &oh) && two_digits(&r, &om)) {
        int64_t offset = (int64_t)oh * 3600 + (int64_t)om * 60;
        t.s += zone == '+' ? -offset : offset;
        t.odd = t.strange = true;
    } else if (zone != 'Z') {
        t.odd = t.strange = true;
        if (zone != 0) /* a missing zone is read as UTC; anything else is no date */
            return t;
    }
    t.ok = rd_left(&r) == 0;
    return t;
}

/* ---- the key ---- */

static const struct { const char *oid; enum cert_key key; unsigned bits; } keys[] = {
    { "1.2.840.113549.1.1.1", CERT_KEY_RSA, 0 },       { "1.2.840.10045.2.1", CERT_KEY_EC, 0 },
    { "1.2.840.113549.1.1.10", CERT_KEY_RSA_PSS, 0 },  { "2.5.8.1.1", CERT_KEY_RSA, 0 },
    { "1.3.101.112", CERT_KEY_ED25519, 256 },            { "1.3.101.113", CERT_KEY_ED448, 456 },
    { "1.2.840.10040.4.1", CERT_KEY_DSA, 0 },
    { "1.2.840.10046.2.1", CERT_KEY_DH, 0 },           { "1.2.840.113549.1.3.1", CERT_KEY_DH, 0 },
    { "1.2.643.2.2.19", CERT_KEY_GOST, 256 },          { "1.2.643.2.2.20", CERT_KEY_GOST, 1024 },
    { "1.2.643.7.1.1.1.1", CERT_KEY_GOST, 256 },       { "1.2.643.7.1.1.1.2", CERT_KEY_GOST, 512 },
    { "2.16.840.1.101.3.4.3.17", CERT_KEY_MLDSA, 0 },  { "2.16.840.1.101.3.4.3.18", CERT_KEY_MLDSA, 0 },
    { "2.16.840.1.101.3.4.3.19", CERT_KEY_MLDSA, 0 },
};

static const struct { const char *oid; unsigned bits; } curves[] = {
    { "1.2.840.10045.3.1.7", 256 },    { "1.3.132.0.34", 384 },           { "1.3.132.0.35", 521 },
    { "1.2.840.10045.3.1.1", 192 },    { "1.3.132.0.33", 224 },           { "1.3.132.0.10", 256 },
    { "1.3.132.0.31", 192 },           { "1.3.132.0.32", 224 },           { "1.3.36.3.3.2.8.1.1.7", 256 },
    { "1.3.36.3.3.2.8.1.1.11", 384 },  { "1.3.36.3.3.2.8.1.1.13", 512 },  { "1.2.156.10197.1.301", 256 },
};

static bool ec_key(struct arena *a, struct cert *c, const struct der *params, struct bytes bits)
{
    if (params->tag == DER_SEQUENCE) { /* explicit parameters: ECParameters, RFC 3279 section 2.3.5 */
        struct reader in = der_inside(params), field;
        struct der    d;
        c->explicit_curve = true;
        der_take(&in, DER_INTEGER, &d);
        field = der_into(&in, DER_SEQUENCE, "fieldID");
        if (der_expect(&field, DER_OID, &d, "field type") && der_take(&field, DER_INTEGER, &d))
            c->key_bits = der_bits(d.body);
        return bits.n > 0;
    }
    if (params->tag != DER_OID)
        return false;
    c->curve_oid = oid_text(a, params->body);
    for (size_t i = 0; i < ARRAY_LEN(curves); i++)
        if (strcmp(curves[i].oid, c->curve_oid) == 0)
            c->key_bits = curves[i].bits;
    if (strcmp(c->curve_oid, "1.2.156.10197.1.301") == 0)
        c->key = CERT_KEY_SM2;
    size_t field = (c->key_bits + 7) / 8;
    return bits.n > 0 && (field == 0 || (bits.p[0] == 4 ? bits.n == 1 + 2 * field : bits.n == 1 + field));
}

/* False: the key does not decode as its algorithm says. */
static bool key_parse(struct arena *a, struct cert *c)
{
    struct reader r = der_open(c->spki, DER_SEQUENCE, "subjectPublicKeyInfo");
    struct reader alg = der_into(&r, DER_SEQUENCE, "key algorithm");
    struct der    oid, params = { 0 }, d;
    if (!der_expect(&alg, DER_OID, &oid, "key algorithm OID") ||
        !der_expect(&r, DER_BIT_STRING, &d, "public key"))
        return false;
    struct bytes bits = der_bit_string(d.body, NULL);
    struct reader inside = rd_of(bits.p, bits.n);
    if (rd_more(&alg))
        der_next(&alg, &params, "key parameters");
    c->key_oid = oid_text(a, oid.body);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (strcmp(keys[i].oid, c->key_oid) == 0)
            c->key = keys[i].key, c->key_bits = keys[i].bits;
    switch (c->key) {
    case CERT_KEY_RSA:
    case CERT_KEY_RSA_PSS: {
        struct reader seq = der_into(&inside, DER_SEQUENCE, "RSAPublicKey");
        struct der    e;
        if (!der_expect(&seq, DER_INTEGER, &d, "modulus") ||
            !der_expect(&seq, DER_INTEGER, &e, "publicExponent"))
            return false;
        c->key_bits = der_bits(d.body);
        c->rsa_exponent = der_magnitude(e.body);
        if (c->key == CERT_KEY_RSA_PSS && params.tag == DER_SEQUENCE) {
            struct alg_id limits = { .alg = { .kind = SIG_RSA_PSS, .hash = HASH_SHA1 } };
            pss_parse(a, (struct reader){ .p = params.whole.p, .end = params.whole.p + params.whole.n }, &limits);
            c->key_pss = limits.alg;
        }
        return c->key_bits != 0 && c->rsa_exponent.n != 0;
    }
    case CERT_KEY_EC: return ec_key(a, c, &params, bits);
    case CERT_KEY_DSA: {
        struct reader p = der_inside(&params);
        if (params.tag == DER_SEQUENCE && der_expect(&p, DER_INTEGER, &d, "p"))
            c->key_bits = der_bits(d.body);
        return der_expect(&inside, DER_INTEGER, &d, "DSA key");
    }
    default: return bits.p != NULL;
    }
}

/* ---- the frame (RFC 5280 section 4.1) ---- */

static void tbs_parse(struct arena *a, struct cert *c, struct reader *tbs, struct bytes *sig_params)
{
    struct der    d;
    struct alg_id alg = { 0 };
    int           version = 0;
    if (der_take(tbs, DER_CONS(0), &d)) {
        struct reader in = der_inside(&d);
        if (!der_expect(&in, DER_INTEGER, &d, "version") || !der_small(d.body, &version))
            version = -1;
    }
    c->version = (unsigned)version + 1;
    der_expect(tbs, DER_INTEGER, &d, "serialNumber");
    c->serial = d.body;
    struct reader inner = der_into(tbs, DER_SEQUENCE, "signature algorithm in the TBSCertificate");
    if (inner.want == NULL && !alg_parse(a, inner, &alg))
        tbs->want = "signature algorithm in the TBSCertificate";
    c->inner_sig_oid = alg.oid;
    *sig_params = alg.params;
    if (der_expect(tbs, DER_SEQUENCE, &d, "issuer") && !name_parse(a, d.whole, &c->issuer))
        tbs->want = "issuer";
    if (der_expect(tbs, DER_SEQUENCE, &d, "validity")) {
        struct reader times = der_inside(&d);
        c->not_before = der_next(&times, &d, "notBefore") ? time_read(&d) : (struct x509_time){ 0 };
        c->not_after = der_next(&times, &d, "notAfter") ? time_read(&d) : (struct x509_time){ 0 };
    }
    if (der_expect(tbs, DER_SEQUENCE, &d, "subject") && !name_parse(a, d.whole, &c->subject))
        tbs->want = "subject";
    if (der_expect(tbs, DER_SEQUENCE, &d, "subjectPublicKeyInfo")) {
        c->spki = d.whole;
        if (!key_parse(a, c))
            c->odd = "the public key";
    }
    der_take(tbs, DER_CONTEXT(1), &d); /* issuerUniqueID, subjectUniqueID: nobody uses them */
    der_take(tbs, DER_CONTEXT(2), &d);
    if (der_take(tbs, DER_CONS(3), &d)) {
        struct reader in = der_inside(&d), list = der_into(&in, DER_SEQUENCE, "extensions");
        extensions_parse(a, c, list);
    }
    if (rd_more(tbs) && c->odd == NULL)
        c->odd = "what stands behind the extensions";
}

void cert_parse(struct arena *a, struct cert *c)
{
    struct reader r = rd_of(c->der.p, c->der.n), in, tbs = { 0 };
    struct der    d;
    struct alg_id alg = { 0 };
    struct bytes  inner = { 0 };
    c->path_len = -1;
    if (!der_expect(&r, DER_SEQUENCE, &d, "Certificate")) {
        c->malformed = true;
        c->broken = "the outer SEQUENCE";
        return;
    }
    c->trailing = rd_left(&r);
    c->der = d.whole;
    c->loose = d.loose;
    in = der_inside(&d);
    if (der_expect(&in, DER_SEQUENCE, &d, "TBSCertificate")) {
        c->tbs = d.whole;
        c->loose |= d.loose;
        tbs = der_inside(&d);
        tbs_parse(a, c, &tbs, &inner);
    }
    struct reader outer = der_into(&in, DER_SEQUENCE, "signatureAlgorithm");
    if (outer.want == NULL && !alg_parse(a, outer, &alg))
        in.want = "signatureAlgorithm";
    if (der_expect(&in, DER_BIT_STRING, &d, "signatureValue"))
        c->sig = der_bit_string(d.body, NULL);
    c->sig_oid = alg.oid;
    c->sig_params_differ = alg.oid != NULL && c->inner_sig_oid != NULL && strcmp(alg.oid, c->inner_sig_oid) == 0 &&
                           !bytes_equal(alg.params, inner);
    c->sig_kind = alg.alg.kind;
    c->sig_hash = alg.alg.hash;
    c->pss_salt = alg.alg.salt;
    c->pss_mgf_hash = alg.alg.mgf_hash;
    c->pss_hash_oid = alg.pss_hash_oid;
    c->self_issued = c->issuer.der.p != NULL && bytes_equal(c->issuer.der, c->subject.der);
    c->broken = tbs.want != NULL ? tbs.want : in.want;
    c->malformed = c->broken != NULL;
}
