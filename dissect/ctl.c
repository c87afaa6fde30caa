#include "tlswhy/ctl.h"
#include "tlswhy/der.h"
#include "tlswhy/names.h"
#include "x509_parts.h"

#include <string.h>

/* CertificateTrustList and its entries. An entry's attributes are the properties that Windows gives the certificate:
 * 1.3.6.1.4.1.311.10.11.N with N a CERT_..._PROP_ID of wincrypt.h, the value in an OCTET STRING. */

enum property {
    PROP_USAGES = 9, PROP_NAME = 11, PROP_KEY_ID = 20, PROP_POLICIES = 83, PROP_SHA256 = 98, PROP_DISALLOWED_FROM = 104, PROP_REFUSED_USAGES = 122,
    PROP_NOT_BEFORE = 126, PROP_NOT_BEFORE_USAGES = 127
};
static const char property_prefix[] = "1.3.6.1.4.1.311.10.11.";
enum { OID_TEXT = 128 };

/* FILETIME: 100 ns since 1601, little-endian. */
static int64_t filetime(struct bytes b)
{
    uint64_t v = 0;
    for (size_t i = b.n; i-- > 0;)
        v = v << 8 | b.p[i];
    return (int64_t)(v / 10000000) - INT64_C(11644473600);
}

static void property(struct ctl_entry *e, unsigned id, struct bytes v)
{
    switch (id) {
    case PROP_USAGES: e->usages = v; break;
    case PROP_NAME: e->name = v; break;
    case PROP_KEY_ID: e->key_id = v; break;
    case PROP_POLICIES: e->ev = true; break;
    case PROP_SHA256: e->sha256 = v; break;
    case PROP_REFUSED_USAGES: e->refused_usages = v; break;
    case PROP_NOT_BEFORE_USAGES: e->late_usages = v; break;
    case PROP_DISALLOWED_FROM:
        e->has_disallowed_from = v.n == 8;
        e->disallowed_from = v.n == 8 ? filetime(v) : 0;
        break;
    case PROP_NOT_BEFORE:
        e->has_not_before = v.n == 8;
        e->not_before = v.n == 8 ? filetime(v) : 0;
        break;
    default: break;
    }
}

static unsigned property_id(struct bytes oid)
{
    char     text[OID_TEXT];
    unsigned id = 0;
    size_t   prefix = sizeof property_prefix - 1;
    if (!der_oid(oid, text, sizeof text) || strncmp(text, property_prefix, prefix) != 0)
        return 0;
    for (const char *p = text + prefix; *p >= '0' && *p <= '9' && id < 100000; p++)
        id = id * 10 + (unsigned)(*p - '0');
    return id;
}

static bool read_entry(struct reader r, struct ctl_entry *e)
{
    struct der id, attributes, oid, value;
    *e = (struct ctl_entry){ 0 };
    if (!der_expect(&r, DER_OCTET_STRING, &id, "an entry"))
        return false;
    e->id = id.body;
    if (!der_take(&r, DER_SET, &attributes))
        return r.want == NULL;
    struct reader all = der_inside(&attributes);
    while (rd_more(&all)) {
        struct reader one = der_into(&all, DER_SEQUENCE, "an attribute");
        if (!der_expect(&one, DER_OID, &oid, "an attribute"))
            return false;
        struct reader set = der_into(&one, DER_SET, "an attribute");
        if (der_take(&set, DER_OCTET_STRING, &value))
            property(e, property_id(oid.body), value.body);
    }
    return all.want == NULL;
}

static void read_entries(struct reader r, struct arena *a, struct ctl *out)
{
    struct reader count = r;
    struct der    d;
    size_t        n = 0;
    while (n < CTL_ENTRIES && rd_more(&count) && der_next(&count, &d, ""))
        n++;
    struct ctl_entry *v = ARENA_NEW_N(a, n, struct ctl_entry);
    out->entry = v;
    while (out->entries < n) {
        struct reader one = der_into(&r, DER_SEQUENCE, "an entry");
        if (one.want != NULL || !read_entry(one, &v[out->entries])) {
            out->broken = "an entry";
            return;
        }
        out->entries++;
    }
    if (rd_more(&r) || r.want != NULL)
        out->broken = "an entry";
}

void ctl_read(struct bytes whole, struct arena *a, struct ctl *out)
{
    struct reader r = der_open(whole, DER_SEQUENCE, "the list"), in;
    struct der    d;
    char          text[OID_TEXT];
    *out = (struct ctl){ 0 };
    der_take(&r, DER_INTEGER, &d); /* version, DEFAULT v1 */
    in = der_into(&r, DER_SEQUENCE, "the usage");
    while (rd_more(&in) && der_expect(&in, DER_OID, &d, "the usage")) {
        if (out->usages < CTL_USAGES && der_oid(d.body, text, sizeof text))
            out->usage[out->usages++] = arena_str(a, text);
    }
    if (der_take(&r, DER_OCTET_STRING, &d))
        out->list_id = d.body;
    if (der_take(&r, DER_INTEGER, &d))
        out->sequence = d.body;
    if (der_take(&r, DER_UTC_TIME, &d) || der_take(&r, DER_TIME, &d))
        out->this_update = time_read(&d);
    if (der_take(&r, DER_UTC_TIME, &d) || der_take(&r, DER_TIME, &d))
        out->next_update = time_read(&d);
    in = der_into(&r, DER_SEQUENCE, "the algorithm of its entries");
    if (der_expect(&in, DER_OID, &d, "the algorithm of its entries") && der_oid(d.body, text, sizeof text))
        out->algorithm = arena_str(a, text);
    out->broken = r.want != NULL ? r.want : in.want;
    if (out->broken == NULL && der_take(&r, DER_SEQUENCE, &d))
        read_entries(der_inside(&d), a, out);
    if (der_take(&r, DER_CONS(0), &d)) {
        in = der_inside(&d);
        in = der_into(&in, DER_SEQUENCE, "the extensions");
        while (rd_more(&in) && der_next(&in, &d, "an extension"))
            out->extensions++;
    }
    out->broken = out->broken != NULL ? out->broken : r.want;
}

void ctl_file_read(struct bytes b, struct cert_store *s, struct arena *a, struct ctl_file *out)
{
    *out = (struct ctl_file){ .in_cab = cab_is(b) };
    if (out->in_cab) {
        cab_read(b, a, &out->cab);
        b = (struct bytes){ NULL, 0 };
        for (size_t i = 0; i < out->cab.files && b.p == NULL; i++)
            b = out->cab.file[i].content;
    }
    out->is_list = p7_is(b);
    if (!out->is_list)
        return;
    p7_read(b, (struct bytes){ NULL, 0 }, s, a, &out->sig);
    if (out->sig.whole.p != NULL && out->sig.content_type != NULL && strcmp(out->sig.content_type, OID_CTL) == 0)
        ctl_read(out->sig.whole, a, &out->list);
    else
        out->list.broken = "the content (it is no trust list)";
    if (out->sig.signers != 0 && out->sig.signer[0].nested.p != NULL)
        p7_read(out->sig.signer[0].nested, out->sig.whole, s, a, &out->nested);
}

/* UTF-16LE with its NUL; unpaired surrogates become U+FFFD. */
static void utf8(struct text *t, uint32_t c)
{
    if (c < 0x80)
        text_char(t, (char)c);
    else if (c < 0x800)
        text_printf(t, "%c%c", (int)(0xc0 | c >> 6), (int)(0x80 | (c & 63)));
    else if (c < 0x10000)
        text_printf(t, "%c%c%c", (int)(0xe0 | c >> 12), (int)(0x80 | (c >> 6 & 63)), (int)(0x80 | (c & 63)));
    else
        text_printf(t, "%c%c%c%c", (int)(0xf0 | c >> 18), (int)(0x80 | (c >> 12 & 63)), (int)(0x80 | (c >> 6 & 63)), (int)(0x80 | (c & 63)));
}

const char *ctl_entry_name(struct arena *a, const struct ctl_entry *e)
{
    struct text t = { 0 };
    for (size_t i = 0; i + 1 < e->name.n && i < 1024; i += 2) {
        uint32_t c = (uint32_t)e->name.p[i] | (uint32_t)e->name.p[i + 1] << 8, low = 0;
        if (c == 0)
            break;
        if (c >= 0xd800 && c < 0xdc00 && i + 3 < e->name.n)
            low = (uint32_t)e->name.p[i + 2] | (uint32_t)e->name.p[i + 3] << 8;
        if (low >= 0xdc00 && low < 0xe000) {
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
            i += 2;
        }
        utf8(&t, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
    }
    const char *s = t.n != 0 ? safe_str(a, t.s, t.n) : "";
    text_free(&t);
    return s;
}

bool ctl_usages_hold(struct bytes usages, const char *oid)
{
    char          text[OID_TEXT];
    struct der    d;
    struct reader r = der_open(usages, DER_SEQUENCE, "usages");
    while (rd_more(&r) && der_expect(&r, DER_OID, &d, "usages")) {
        if (der_oid(d.body, text, sizeof text) && strcmp(text, oid) == 0)
            return true;
    }
    return false;
}

const char *ctl_usages_text(struct arena *a, struct bytes usages)
{
    struct reader r = der_open(usages, DER_SEQUENCE, "usages");
    struct text   t = { 0 };
    struct der    d;
    char          text[OID_TEXT];
    while (rd_more(&r) && der_expect(&r, DER_OID, &d, "usages")) {
        if (der_oid(d.body, text, sizeof text))
            text_printf(&t, "%s%s", t.n != 0 ? ", " : "", oid_name(text));
    }
    const char *s = t.n != 0 ? arena_str(a, t.s) : "none";
    text_free(&t);
    return s;
}
