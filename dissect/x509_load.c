/* Certificates from files: PEM (RFC 7468), DER, several in a row, and PKCS#7 bundles (RFC 2315). */
#include "x509_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 64 * 1024 * 1024, CERT_MAX = (1 << 24) - 1 /* what a Certificate message can hold */ };

struct pile {
    struct cert_store *store;
    struct cert      **v;
    size_t             n, cap, bad, kept, cut; /* kept: of the bad, those in v; cut: the last block has no END line */
    const char        *other; /* what was there instead of a certificate */
};

static void pile_add(struct pile *p, struct bytes der)
{
    if (der.n == 0 || der.n > CERT_MAX) {
        p->bad++;
        return;
    }
    if (p->n == p->cap)
        p->v = mem_grow(p->v, p->cap = p->cap != 0 ? p->cap * 2 : 16, sizeof(struct cert *));
    p->v[p->n++] = cert_intern(p->store, der.p, der.n);
}

/* SignedData (RFC 2315 section 9.1): the certificates stand in [0]. False: this is something else. */
static bool add_pkcs7(struct pile *p, struct bytes der)
{
    struct reader r = der_open(der, DER_SEQUENCE, "ContentInfo");
    struct der    d, cert;
    char          oid[32];
    if (!der_expect(&r, DER_OID, &d, "contentType") || !der_oid(d.body, oid, sizeof oid) ||
        strcmp(oid, "1.2.840.113549.1.7.2") != 0)
        return false;
    struct reader content = der_into(&r, DER_CONS(0), "content");
    struct reader data = der_into(&content, DER_SEQUENCE, "SignedData");
    der_expect(&data, DER_INTEGER, &d, "version");
    der_expect(&data, DER_SET, &d, "digestAlgorithms");
    der_expect(&data, DER_SEQUENCE, &d, "contentInfo");
    if (der_take(&data, DER_CONS(0), &d)) {
        struct reader set = der_inside(&d);
        while (rd_more(&set) && der_next(&set, &cert, "certificate"))
            if (cert.tag == DER_SEQUENCE)
                pile_add(p, cert.whole);
    }
    return true;
}

static bool has_server_usage(struct reader list)
{
    struct der d;
    char       oid[32];
    while (rd_more(&list) && der_expect(&list, DER_OID, &d, "usage"))
        if (der_oid(d.body, oid, sizeof oid) && (strcmp(oid, "1.3.6.1.5.5.7.3.1") == 0 || strcmp(oid, "2.5.29.37.0") == 0))
            return true;
    return false;
}

/* OpenSSL's own form: a certificate, and behind it what its owner trusts it for and what not (X509_CERT_AUX: usages, [0]
 * usages). Fedora's and openSUSE's bundles are made of these. */
static void add_trusted(struct pile *p, struct reader r)
{
    struct der d, yes, no;
    if (!der_next(&r, &d, "certificate"))
        return;
    size_t before = p->n;
    pile_add(p, d.whole);
    struct reader aux = der_into(&r, DER_SEQUENCE, "trust settings");
    bool          some = der_take(&aux, DER_SEQUENCE, &yes) && yes.body.n != 0 && !has_server_usage(der_inside(&yes));
    bool          none = der_take(&aux, DER_CONS(0), &no) && has_server_usage(der_inside(&no));
    if (p->n != before && (some || none))
        p->v[p->n - 1]->not_for_servers = true;
}

/* TBSCertList (RFC 5280 section 5.1): a version, the algorithm, the issuer, and then a date where a certificate has two. */
static bool is_crl(struct reader in)
{
    struct der d;
    der_take(&in, DER_INTEGER, &d);
    return der_expect(&in, DER_SEQUENCE, &d, "algorithm") && der_expect(&in, DER_SEQUENCE, &d, "issuer") &&
           der_next(&in, &d, "thisUpdate") && (d.tag == DER_UTC_TIME || d.tag == DER_TIME);
}

/* What else a lone DER file may be; NULL: it may well be a certificate, broken or not. */
static const char *other_der(struct bytes der)
{
    struct reader r = der_open(der, DER_SEQUENCE, "file");
    struct der    first, second, inner;
    if (!der_next(&r, &first, "first") || !der_next(&r, &second, "second"))
        return NULL;
    if (first.tag == DER_INTEGER)
        return first.body.n == 1 && first.body.p[0] == 3 ? "PKCS12" : "PRIVATE KEY";
    if (first.tag == DER_SEQUENCE && second.tag == DER_BIT_STRING)
        return "PUBLIC KEY";
    struct reader in = der_inside(&first);
    if (first.tag == DER_SEQUENCE && is_crl(in))
        return "X509 CRL";
    if (first.tag != DER_SEQUENCE || !der_next(&in, &inner, "version") || inner.tag != DER_INTEGER ||
        !der_next(&in, &second, "name"))
        return NULL;
    if (inner.body.n == 1 && inner.body.p[0] == 0 && second.tag == DER_SEQUENCE && der_next(&in, &inner, "key") &&
        inner.tag == DER_SEQUENCE && rd_more(&in) && *in.p == DER_CONS(0))
        return "CERTIFICATE REQUEST";
    return NULL;
}

/* DER certificates in a row; the last one keeps whatever trails, but for the line break that an editor left. */
static void add_der(struct pile *p, struct bytes all)
{
    struct der    d;
    struct reader r = rd_of(all.p, all.n);
    size_t        breaks = 0;
    while (breaks < all.n && strchr("\r\n", all.p[all.n - 1 - breaks]) != NULL)
        breaks++;
    if (der_next(&r, &d, "certificate") && rd_left(&r) == breaks)
        all.n -= breaks;
    r = rd_of(all.p, all.n);
    if (add_pkcs7(p, all))
        return;
    if ((p->other = other_der(all)) != NULL)
        return;
    while (rd_more(&r)) {
        struct reader start = r;
        bool          whole = der_next(&r, &d, "certificate");
        if (!whole || !rd_more(&r) || *r.p != DER_SEQUENCE) {
            pile_add(p, rd_rest(&start));
            return;
        }
        pile_add(p, d.whole);
    }
}

static int base64_digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* RFC 4648 section 4, white space passed over, also line breaks written as \n, as in JSON and environment variables.
 * SIZE_MAX: not base64. `out` holds at least n bytes. */
static size_t base64_decode(const uint8_t *p, size_t n, uint8_t *out)
{
    uint32_t bits = 0;
    size_t   used = 0, digits = 0, pads = 0;
    for (size_t i = 0; i < n; i++) {
        int v = base64_digit(p[i]);
        if (p[i] == ' ' || (p[i] >= '\t' && p[i] <= '\r'))
            continue;
        if (p[i] == '\\' && i + 1 < n && (p[i + 1] == 'n' || p[i + 1] == 'r')) {
            i++;
            continue;
        }
        if (p[i] == '=' && ++pads <= 2)
            continue;
        if (v < 0 || pads != 0)
            return SIZE_MAX;
        bits = bits << 6 | (uint32_t)v;
        if (++digits % 4 != 1)
            out[used++] = (uint8_t)(bits >> (2 * (3 - (digits - 1) % 4)));
    }
    return digits % 4 != 1 && digits > 0 ? used : SIZE_MAX;
}

static const uint8_t *find(const uint8_t *p, const uint8_t *end, const char *what)
{
    return p < end ? memmem(p, (size_t)(end - p), what, strlen(what)) : NULL;
}

static bool label_is(const uint8_t *p, size_t n, const char *label)
{
    return n == strlen(label) && memcmp(p, label, n) == 0;
}

/* Behind the header lines that may come before the base64, "Comment: ..." and an empty line (RFC 1421 section 4.4). */
static const uint8_t *past_headers(const uint8_t *body, const uint8_t *stop)
{
    const uint8_t *line = find(body, stop, "\n");
    const uint8_t *colon = line != NULL ? memchr(line + 1, ':', (size_t)(stop - line - 1)) : NULL;
    const uint8_t *empty = colon != NULL ? find(colon, stop, "\n\n") : NULL;
    empty = colon != NULL && empty == NULL ? find(colon, stop, "\n\r\n") : empty;
    return empty != NULL ? empty + 2 : body;
}

static bool is_pkcs7(const uint8_t *label, size_t n)
{
    return label_is(label, n, "PKCS7") || label_is(label, n, "CMS") || label_is(label, n, "PKCS #7 SIGNED DATA");
}

static void add_pem(struct pile *p, const uint8_t *s, const uint8_t *end)
{
    static const char *const others[] = { "PRIVATE KEY", "CERTIFICATE REQUEST", "X509 CRL", "PUBLIC KEY",
                                          "DH PARAMETERS", "EC PARAMETERS" };
    uint8_t                 *buf = mem_get((size_t)(end - s), 1);
    while ((s = find(s, end, "-----BEGIN ")) != NULL) {
        const uint8_t *label = s + 11, *label_end = find(label, end, "-----");
        if (label_end == NULL)
            break;
        size_t         n = (size_t)(label_end - label);
        const uint8_t *body = label_end + 5, *stop = find(body, end, "-----END ");
        bool           cert = label_is(label, n, "CERTIFICATE") || label_is(label, n, "X509 CERTIFICATE");
        bool           trusted = label_is(label, n, "TRUSTED CERTIFICATE");
        s = stop != NULL ? stop + 9 : end;
        if (cert || trusted || is_pkcs7(label, n)) {
            body = stop != NULL ? past_headers(body, stop) : body;
            size_t       len = stop != NULL ? base64_decode(body, (size_t)(stop - body), buf) : SIZE_MAX;
            if (len == SIZE_MAX) {
                const uint8_t *last = stop != NULL ? stop : end;
                p->bad++;
                p->cut += stop == NULL;
                if (last > body + 1) { /* keeps its place in the chain, as a malformed one */
                    pile_add(p, (struct bytes){ body, (size_t)(last - body) });
                    p->kept++;
                }
            } else if (trusted)
                add_trusted(p, rd_of(buf, len));
            else if (cert || !add_pkcs7(p, (struct bytes){ buf, len }))
                pile_add(p, (struct bytes){ buf, len });
            continue;
        }
        for (size_t i = 0; i < ARRAY_LEN(others); i++) /* a key matters more than the parameters before it */
            if ((p->other == NULL || i == 0) && n >= strlen(others[i]) &&
                label_is(label_end - strlen(others[i]), strlen(others[i]), others[i]))
                p->other = others[i];
    }
    free(buf);
}

/* DER in base64 without the lines around it. */
static void add_bare(struct pile *p, const uint8_t *b, size_t n)
{
    uint8_t *buf = mem_get(n, 1);
    size_t   len = base64_decode(b, n, buf);
    if (len != SIZE_MAX && buf[0] == DER_SEQUENCE)
        add_der(p, (struct bytes){ buf, len });
    free(buf);
}

/* Files by their first bytes; NULL: none of these. */
static const char *other_file(const uint8_t *b, size_t n)
{
    static const struct { const char *start; size_t len; const char *other; } t[] = {
        { "\xfe\xed\xfe\xed", 4, "JKS" },     { "\xce\xce\xce\xce", 4, "JKS" },
        { "\xff\xfe", 2, "UTF-16" },           { "\xfe\xff", 2, "UTF-16" },
        { "-\0", 2, "UTF-16" },                { "MSCF", 4, "LIST" },
        { "\xd4\xc3\xb2\xa1", 4, "CAPTURE" }, { "\xa1\xb2\xc3\xd4", 4, "CAPTURE" },
        { "\x4d\x3c\xb2\xa1", 4, "CAPTURE" }, { "\x0a\x0d\x0d\x0a", 4, "CAPTURE" },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++)
        if (n >= t[i].len && memcmp(b, t[i].start, t[i].len) == 0)
            return t[i].other;
    return NULL;
}

static struct pile pile_read(struct cert_store *s, const void *bytes, size_t n)
{
    const uint8_t *b = bytes;
    struct pile    p = { .store = s };
    bool           text = n > 1 && b[1] < 0x80 && find(b, b + n, "-----BEGIN ") != NULL; /* may begin with "0", too */
    if (n > 0 && b[0] == DER_SEQUENCE && !text)
        add_der(&p, (struct bytes){ b, n });
    else
        add_pem(&p, b, b + n);
    if (p.n == 0 && p.bad == 0 && p.other == NULL && n > 0 && b[0] == 'M')
        add_bare(&p, b, n);
    if (p.n == 0 && p.other == NULL)
        p.other = other_file(b, n);
    return p;
}

void certs_from_memory(struct cert_store *s, const void *p, size_t n, struct cert ***out, size_t *count,
                       size_t *bad)
{
    struct pile pile = pile_read(s, p, n);
    *out = pile.v;
    *count = pile.n;
    *bad = pile.bad;
}

uint8_t *file_read(const char *path, size_t *n, struct err *err)
{
    FILE    *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    uint8_t *buf = NULL;
    size_t   cap = 0, got = 0;
    if (f == NULL) {
        err_sys(err, "cannot open %s", path);
        return NULL;
    }
    do {
        if (got == cap)
            buf = mem_grow(buf, cap = cap != 0 ? cap * 2 : 16384, 1);
        size_t more = fread(buf + got, 1, cap - got, f);
        got += more;
        if (more == 0)
            break;
    } while (got <= FILE_MAX);
    bool failed = ferror(f) != 0;
    if (failed)
        err_sys(err, "cannot read %s", path);
    else if (got > FILE_MAX)
        err_set(err, "%s is larger than 64 MB; no certificate file is", path);
    if (f != stdin)
        fclose(f);
    if (failed || got > FILE_MAX) {
        free(buf);
        return NULL;
    }
    *n = got;
    return buf;
}

/* What to say of a file without a certificate: what it is instead, and what to do. */
static void say_what(struct err *err, const char *path, const struct pile *p, size_t size)
{
    static const struct { const char *other, *say; } t[] = {
        { "PKCS12", "is a PKCS#12 file; take the certificates out of it with: openssl pkcs12 -in FILE "
                    "-nokeys -out certs.pem" },
        { "PRIVATE KEY", "holds a private key and no certificate; give the certificate file that belongs to "
                         "it" },
        { "CERTIFICATE REQUEST", "holds a certificate request and no certificate; give what the CA made of "
                                 "it" },
        { "X509 CRL", "holds a revocation list and no certificate" },
        { "JKS", "is a Java key store; take the certificates out of it with: keytool -list -rfc -keystore FILE" },
        { "UTF-16", "is written in UTF-16; save it as plain text (UTF-8)" },
        { "CAPTURE", "is a capture of packets; explain it with: tlswhy read FILE" },
        { "LIST", "is a cabinet, such as Windows fetches its list of roots in; look into it with: tlswhy ctl FILE" },
        { "PUBLIC KEY", "holds a bare public key and no certificate" },
        { "DH PARAMETERS", "holds Diffie-Hellman parameters and no certificate" },
        { "EC PARAMETERS", "holds curve parameters and no certificate" },
    };
    for (size_t i = 0; p->other != NULL && i < ARRAY_LEN(t); i++)
        if (strcmp(t[i].other, p->other) == 0)
            err_set(err, "%s %s", path, t[i].say);
    if (size == 0)
        err_set(err, "%s is empty; give a PEM or DER file with certificates", path);
    if (p->cut != 0)
        err_set(err, "%s is cut short: the CERTIFICATE block in it has no END line; copy the certificate again", path);
    if (p->bad != 0)
        err_set(err, "%s: no CERTIFICATE block in it decodes as base64; copy the certificate again", path);
    err_set(err, "%s holds no certificate; give a PEM file (-----BEGIN CERTIFICATE-----), a DER file or a "
                 "PKCS#7 bundle", path);
}

bool certs_load(struct cert_store *s, const char *path, struct cert ***out, size_t *n, struct err *err)
{
    size_t   size = 0;
    uint8_t *bytes = file_read(path, &size, err);
    if (bytes == NULL)
        return false;
    struct pile p = pile_read(s, bytes, size);
    bool        none = p.n <= p.kept; /* what does not decode keeps its place, but nothing else is there */
    if (none)
        say_what(err, path, &p, size);
    free(bytes);
    if (none)
        free(p.v);
    *out = none ? NULL : p.v;
    *n = none ? 0 : p.n;
    return !none;
}
