/* Names: which certificate is for which host (RFC 6125, RFC 9525), which name equals which (RFC 5280 section
 * 7.1), and how they are written for people. */
#include "tlswhy/names.h"
#include "tlswhy/x509.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { TEXT_MAX = 256 };

/* ---- hosts ---- */

static bool same_text(const uint8_t *a, const char *b, size_t n)
{
    return strncasecmp((const char *)a, b, n) == 0;
}

/* One pattern of a certificate against one host name without its last dot. The wildcard is a whole left-most
 * label, stands for one label, and needs two labels behind it (RFC 9525 section 6.3). */
static bool host_fits(struct bytes pattern, const char *host, size_t n)
{
    if (pattern.n == 0 || memchr(pattern.p, '\0', pattern.n) != NULL)
        return false;
    if (pattern.n == n && same_text(pattern.p, host, n))
        return true;
    if (pattern.n < 3 || pattern.p[0] != '*' || pattern.p[1] != '.')
        return false;
    const char *dot = memchr(host, '.', n);
    if (dot == NULL || dot == host || memchr(pattern.p + 2, '.', pattern.n - 2) == NULL)
        return false;
    size_t rest = n - (size_t)(dot - host);
    return pattern.n - 1 == rest && same_text(pattern.p + 1, dot, rest);
}

bool ip_from_text(const char *s, size_t n, struct bytes *out, uint8_t buf[16])
{
    char text[64];
    if (n >= 2 && s[0] == '[' && s[n - 1] == ']')
        s++, n -= 2;
    if (n >= sizeof text || n == 0)
        return false;
    memcpy(text, s, n);
    text[n] = '\0';
    *out = (struct bytes){ buf, strchr(text, ':') != NULL ? 16 : 4 };
    return inet_pton(out->n == 16 ? AF_INET6 : AF_INET, text, buf) == 1;
}

bool cert_matches_name(const struct cert *c, const char *name, size_t len, bool *cn_used)
{
    uint8_t      buf[16];
    struct bytes ip;
    bool         is_ip = ip_from_text(name, len, &ip, buf), has_names = false;
    if (cn_used != NULL)
        *cn_used = false;
    if (len > 1 && name[len - 1] == '.')
        len--;
    for (size_t i = 0; i < c->sans; i++) {
        const struct san *s = &c->san[i];
        has_names |= s->kind == SAN_DNS || s->kind == SAN_IP;
        if (is_ip && s->kind == SAN_IP && bytes_equal(s->value, ip))
            return true;
        if (!is_ip && s->kind == SAN_DNS && host_fits(s->value, name, len))
            return true;
    }
    if (is_ip || has_names)
        return false;
    for (size_t i = 0; i < c->subject.n; i++) {
        const struct x509_attr *a = &c->subject.attr[i];
        if (strcmp(a->type, "CN") == 0 &&
            host_fits((struct bytes){ (const uint8_t *)a->value, a->len }, name, len)) {
            if (cn_used != NULL)
                *cn_used = true;
            return true;
        }
    }
    return false;
}

/* ---- distinguished names ---- */

/* Compares without case, without blanks at the ends, and with every run of blanks as one. Non-ASCII letters
 * are compared as they are. */
static bool same_value(const struct x509_attr *a, const struct x509_attr *b)
{
    const char *p = a->value, *p_end = p + a->len, *q = b->value, *q_end = q + b->len;
    for (bool start = true;; start = false) {
        bool blank_p = false, blank_q = false;
        for (; p < p_end && *p == ' '; p++)
            blank_p = true;
        for (; q < q_end && *q == ' '; q++)
            blank_q = true;
        if (p == p_end || q == q_end)
            return p == p_end && q == q_end;
        if (blank_p != blank_q && !start)
            return false;
        char x = *p++, y = *q++;
        x = x >= 'A' && x <= 'Z' ? (char)(x + 32) : x;
        y = y >= 'A' && y <= 'Z' ? (char)(y + 32) : y;
        if (x != y)
            return false;
    }
}

bool x509_attr_equal(const struct x509_attr *a, const struct x509_attr *b)
{
    return strcmp(a->oid, b->oid) == 0 && a->joined == b->joined && same_value(a, b);
}

bool names_equal(const struct x509_name *a, const struct x509_name *b)
{
    if (a->der.p == NULL || b->der.p == NULL || a->n != b->n)
        return false;
    if (bytes_equal(a->der, b->der))
        return true;
    bool same = true;
    for (size_t i = a->n; same && i-- > 0;) /* what tells names apart mostly stands last */
        same = x509_attr_equal(&a->attr[i], &b->attr[i]);
    return same;
}

/* Most specific part first, as RFC 4514 has it; the parts of one RDN are joined by "+". */
const char *x509_name_text(struct arena *a, const struct x509_name *n)
{
    struct text t = { 0 };
    for (size_t i = n->n; i-- > 0;) {
        const struct x509_attr *v = &n->attr[i];
        const char             *type = oid_attribute(v->oid);
        text_printf(&t, "%s=", type != NULL ? type : v->type);
        text_safe(&t, v->value, v->len, TEXT_MAX);
        if (i != 0)
            text_add(&t, v->joined ? "+" : ", ");
    }
    const char *s = t.n != 0 ? arena_str(a, t.s) : "(empty name)";
    text_free(&t);
    return s;
}

static const struct x509_attr *attr_of(const struct x509_name *n, const char *type)
{
    for (size_t i = n->n; i-- > 0;)
        if (strcmp(n->attr[i].type, type) == 0 && n->attr[i].len != 0)
            return &n->attr[i];
    return NULL;
}

static const char *safe_short(struct arena *a, const void *p, size_t n)
{
    struct text t = { 0 };
    text_safe(&t, p, n, 64);
    const char *s = arena_str(a, t.n != 0 ? t.s : "");
    text_free(&t);
    return s;
}

const char *x509_name_short(struct arena *a, const struct x509_name *n)
{
    static const char *const order[] = { "CN", "OU", "O" };
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        const struct x509_attr *v = attr_of(n, order[i]);
        if (v != NULL)
            return safe_short(a, v->value, v->len);
    }
    return x509_name_text(a, n);
}

const char *cert_short_name(struct arena *a, const struct cert *c)
{
    const struct x509_attr *v = attr_of(&c->subject, "CN");
    for (size_t i = 0; v == NULL && i < c->sans; i++)
        if (c->san[i].kind == SAN_DNS)
            return safe_short(a, c->san[i].value.p, c->san[i].value.n);
    return c->subject.der.p == NULL ? "(unreadable certificate)" : x509_name_short(a, &c->subject);
}

/* ---- algorithms ---- */

const char *cert_key_name(const struct cert *c, char buf[64])
{
    static const char *const names[] = {
        [CERT_KEY_UNKNOWN] = "unknown key", [CERT_KEY_RSA] = "RSA", [CERT_KEY_RSA_PSS] = "RSA-PSS",
        [CERT_KEY_DSA] = "DSA",
        [CERT_KEY_EC] = "EC", [CERT_KEY_ED25519] = "Ed25519", [CERT_KEY_ED448] = "Ed448",
        [CERT_KEY_DH] = "DH",
        [CERT_KEY_GOST] = "GOST", [CERT_KEY_MLDSA] = "ML-DSA", [CERT_KEY_SM2] = "SM2",
    };
    const char *name = names[c->key];
    if (c->key == CERT_KEY_EC && c->explicit_curve)
        snprintf(buf, 64, "EC %u, explicit parameters", c->key_bits);
    else if (c->key == CERT_KEY_EC && c->curve_oid != NULL)
        snprintf(buf, 64, "EC %.55s", oid_name(c->curve_oid));
    else if (c->key == CERT_KEY_UNKNOWN && c->key_oid != NULL)
        snprintf(buf, 64, "%.63s", oid_name(c->key_oid));
    else if (c->key == CERT_KEY_RSA || c->key == CERT_KEY_RSA_PSS || c->key == CERT_KEY_DSA)
        snprintf(buf, 64, "%s %u", name, c->key_bits);
    else
        snprintf(buf, 64, "%s", name);
    return buf;
}

const char *cert_sig_name(const struct cert *c)
{
    return c->sig_oid != NULL ? oid_name(c->sig_oid) : "unreadable";
}

const char *key_usage_name(unsigned bit)
{
    static const char *const names[] = { "digitalSignature", "nonRepudiation", "keyEncipherment",
                                         "dataEncipherment", "keyAgreement",
                                         "keyCertSign", "cRLSign", "encipherOnly", "decipherOnly" };
    return bit < ARRAY_LEN(names) ? names[bit] : "?";
}

const char *san_text(struct arena *a, const struct san *s)
{
    static const char *const kinds[] = { "dns", "ip", "uri", "email", "dir", "other", "x400", "edi", "rid" };
    char                     ip[INET6_ADDRSTRLEN] = "", mask[INET6_ADDRSTRLEN] = "";
    size_t                   half = s->value.n / 2;
    struct text              t = { 0 };
    if (s->kind == SAN_DIR && s->dir != NULL)
        return arena_printf(a, "dir:%s", x509_name_text(a, s->dir));
    text_printf(&t, "%s:", kinds[s->kind]);
    if (s->kind == SAN_IP && (s->value.n == 4 || s->value.n == 16)) {
        text_add(&t, inet_ntop(s->value.n == 4 ? AF_INET : AF_INET6, s->value.p, ip, sizeof ip));
    } else if (s->kind == SAN_IP && (s->value.n == 8 || s->value.n == 32)) {
        inet_ntop(half == 4 ? AF_INET : AF_INET6, s->value.p, ip, sizeof ip);
        inet_ntop(half == 4 ? AF_INET : AF_INET6, s->value.p + half, mask, sizeof mask);
        text_printf(&t, "%s/%s", ip, mask);
    } else if (s->kind == SAN_DNS || s->kind == SAN_URI || s->kind == SAN_EMAIL) {
        text_safe(&t, s->value.p, s->value.n, TEXT_MAX);
    } else {
        text_hex(&t, s->value.p, s->value.n < 64 ? s->value.n : 64);
    }
    const char *out = arena_str(a, t.s);
    text_free(&t);
    return out;
}
