/* JA3, JA3S and JA4 of a handshake. JA3: "version,suites,extensions,groups,point formats", decimal, MD5. JA4:
 * what can be read, then SHA-256 of the sorted suites and of the sorted extensions with the signature algorithms.
 * Both pass over GREASE (RFC 8701). SSL 2.0 hellos have neither: their definitions begin at SSL 3.0. */
#include "tlswhy/crypto.h"
#include "tlswhy/handshake.h"
#include "tlswhy/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { JA4_HASH = 12 };

static void hex_digest(enum hash_id h, const struct text *t, char *out, size_t chars)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t           d[DIGEST_MAX] = { 0 };
    digest_of(h, t->n > 0 ? t->s : "", t->n, d);
    for (size_t i = 0; i < chars; i++)
        out[i] = digits[i % 2 == 0 ? d[i / 2] >> 4 : d[i / 2] & 15];
    out[chars] = '\0';
}

/* One number of a list, with `between` before all but the first. */
static void add_number(struct text *t, bool *first, bool hex, char between, unsigned v)
{
    char     number[16];
    unsigned base = hex ? 16 : 10, least = hex ? 4 : 1;
    size_t   at = sizeof number;
    if (is_grease((uint16_t)v))
        return;
    while (v != 0 || sizeof number - at < least) {
        number[--at] = "0123456789abcdef"[v % base];
        v /= base;
    }
    if (!*first)
        number[--at] = between;
    *first = false;
    text_add_n(t, number + at, sizeof number - at);
}

static void ja3(const struct client_hello *c, char out[33])
{
    struct text t = { 0 };
    bool        first = true;
    text_printf(&t, "%u,", c->version);
    for (size_t i = 0; i < c->suites.n; i++)
        add_number(&t, &first, false, '-', c->suites.v[i]);
    text_char(&t, ',');
    first = true;
    for (size_t i = 0; i < c->exts; i++)
        add_number(&t, &first, false, '-', c->ext[i].type);
    text_char(&t, ',');
    first = true;
    for (size_t i = 0; i < c->groups.n; i++)
        add_number(&t, &first, false, '-', c->groups.v[i]);
    text_char(&t, ',');
    first = true;
    for (size_t i = 0; i < c->point_formats.n; i++)
        add_number(&t, &first, false, '-', c->point_formats.p[i]);
    hex_digest(HASH_MD5, &t, out, 32);
    text_free(&t);
}

static void ja3s(const struct server_hello *s, char out[33])
{
    struct text t = { 0 };
    bool        first = true;
    text_printf(&t, "%u,%u,", s->version, s->suite);
    for (size_t i = 0; i < s->exts; i++)
        add_number(&t, &first, false, '-', s->ext[i].type);
    hex_digest(HASH_MD5, &t, out, 32);
    text_free(&t);
}

static const char *ja4_version(const struct client_hello *c)
{
    static const struct { uint16_t version; const char *name; } names[] = {
        { 0x0304, "13" }, { 0x0303, "12" }, { 0x0302, "11" }, { 0x0301, "10" }, { 0x0300, "s3" }, { 0x0002, "s2" },
        { 0xfeff, "d1" }, { 0xfefd, "d2" }, { 0xfefc, "d3" },
    };
    uint16_t highest = 0;
    for (size_t i = 0; i < c->versions.n; i++)
        if (!is_grease(c->versions.v[i]) && c->versions.v[i] > highest)
            highest = c->versions.v[i];
    if (c->versions.v == NULL)
        highest = c->version;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (names[i].version == highest)
            return names[i].name;
    return "00";
}

/* First and last character of the first protocol; of its hexadecimal form where one is no letter or digit. */
static void ja4_alpn(const struct client_hello *c, char out[3])
{
    static const char digits[] = "0123456789abcdef";
    strcpy(out, "00");
    if (c->alpn.n == 0 || c->alpn.v[0].n == 0)
        return;
    uint8_t first = c->alpn.v[0].p[0], last = c->alpn.v[0].p[c->alpn.v[0].n - 1];
    bool    plain = first < 0x80 && last < 0x80 && isalnum(first) && isalnum(last);
    out[0] = plain ? (char)first : digits[first >> 4];
    out[1] = plain ? (char)last : digits[last & 15];
}

static int by_value(const void *a, const void *b)
{
    uint16_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

/* Hash of a sorted list, and behind it, where there are any, the signature algorithms in their order. */
static void ja4_hash(uint16_t *v, size_t n, const struct u16s *sigalgs, char out[JA4_HASH + 1])
{
    struct text t = { 0 };
    bool        first = true;
    if (n > 0)
        qsort(v, n, sizeof *v, by_value);
    for (size_t i = 0; i < n; i++)
        add_number(&t, &first, true, ',', v[i]);
    if (sigalgs != NULL && sigalgs->n > 0 && n > 0) {
        text_char(&t, '_');
        first = true;
        for (size_t i = 0; i < sigalgs->n; i++)
            add_number(&t, &first, true, ',', sigalgs->v[i]);
    }
    if (n == 0)
        memset(out, '0', JA4_HASH), out[JA4_HASH] = '\0';
    else
        hex_digest(HASH_SHA256, &t, out, JA4_HASH);
    text_free(&t);
}

static void ja4(const struct client_hello *c, bool datagram, char out[40])
{
    uint16_t *v = mem_get((c->suites.n > c->exts ? c->suites.n : c->exts) + 1, sizeof *v);
    char      alpn[3], suites_hash[JA4_HASH + 1], ext_hash[JA4_HASH + 1];
    size_t    suites = 0, exts = 0, hashed = 0;
    bool      sni = false;
    for (size_t i = 0; i < c->suites.n; i++)
        if (!is_grease((uint16_t)c->suites.v[i]))
            v[suites++] = (uint16_t)c->suites.v[i];
    ja4_hash(v, suites, NULL, suites_hash);
    for (size_t i = 0; i < c->exts; i++) {
        uint16_t type = c->ext[i].type;
        exts += !is_grease(type);
        sni |= type == EXT_SERVER_NAME;
        if (!is_grease(type) && type != EXT_SERVER_NAME && type != EXT_APPLICATION_LAYER_PROTOCOL_NEGOTIATION)
            v[hashed++] = type;
    }
    ja4_hash(v, hashed, &c->sigalgs, ext_hash);
    free(v);
    ja4_alpn(c, alpn);
    char     transport = !datagram ? 't' : c->version >> 8 == 0xfe ? 'd' : 'q';
    unsigned n = (unsigned)(suites < 99 ? suites : 99), m = (unsigned)(exts < 99 ? exts : 99);
    snprintf(out, 40, "%c%s%c%02u%02u%s_%s_%s", transport, ja4_version(c), sni ? 'd' : 'i', n, m, alpn, suites_hash,
             ext_hash);
}

void handshake_fingerprints(struct handshake *h)
{
    if (knows(h, KNOW_CLIENT_HELLO) && !h->hello.v2_format) {
        ja3(&h->hello, h->ja3);
        ja4(&h->hello, h->datagram, h->ja4);
    }
    if (knows(h, KNOW_SERVER_HELLO) && h->answer.version >= 0x0300)
        ja3s(&h->answer, h->ja3s);
}
