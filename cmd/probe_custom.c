/* probe_custom.c - options for the details of a hello: every field, and how it goes out. */
#include "probe_parts.h"

#include "tlswhy/tls.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SCSV_RENEGOTIATION = 0x00ff, SCSV_FALLBACK = 0x5600, MESSAGE_MAX = 60000, RECORD_MAX = 16384 }; /* RFC 5746 section 3.3, RFC 7507 */

/* ------------------------------------------------------------------------------------ values */

/* A number in decimal, or in hex behind 0x, `end` behind it. */
static bool number(const char *s, unsigned long most, unsigned long *out, const char **end)
{
    char *stop = NULL;
    bool  hex = strncasecmp(s, "0x", 2) == 0;
    if (s[0] < '0' || s[0] > '9')
        return false;
    *out = strtoul(s, &stop, hex ? 16 : 10);
    *end = stop;
    return stop != s && (!hex || stop > s + 2) && *out <= most;
}

static bool whole_number(const char *option, const char *s, unsigned long least, unsigned long most, unsigned long *out)
{
    const char *end = NULL;
    if (number(s, most, out, &end) && *end == '\0' && *out >= least)
        return true;
    return trouble("%s takes a number from %lu to %lu, not '%s'", option, least, most, s) == EXIT_NONE_FOUND;
}

static bool one_version(const char *option, const char *s, uint16_t *out)
{
    unsigned long v = 0;
    const char   *end = NULL;
    uint16_t      high = 0;
    if (strncasecmp(s, "0x", 2) == 0)
        return number(s, UINT16_MAX, &v, &end) && *end == '\0' ? (*out = (uint16_t)v, true)
                                                               : trouble("%s: '%s' is no version", option, s) == EXIT_NONE_FOUND;
    if (strchr(s, '-') != NULL)
        return trouble("%s takes one version, not a range", option) == EXIT_NONE_FOUND;
    return version_range(option, s, out, &high);
}

static int nibble(char c)
{
    const char *digits = "0123456789abcdef", *at = c != '\0' ? strchr(digits, c | 0x20) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

/* Hex digits, without anything between. False: something else is there. */
static bool hex_bytes(const char *s, struct arena *a, struct bytes *out)
{
    size_t   n = strlen(s);
    uint8_t *p = ARENA_NEW_N(a, n / 2 + 1, uint8_t);
    for (size_t i = 0; i < n; i++) {
        int v = nibble(s[i]);
        if (v < 0)
            return false;
        p[i / 2] = (uint8_t)(i % 2 == 0 ? v << 4 : p[i / 2] | v);
    }
    *out = (struct bytes){ p, n / 2 };
    return n % 2 == 0;
}

/* ------------------------------------------------------------------------------------ taking options */

static bool keep(const char *option, struct list_of_words *l, const char *value)
{
    if (l->n == ARRAY_LEN(l->v))
        return trouble("%s: at most %zu of them", option, ARRAY_LEN(l->v)) == EXIT_NONE_FOUND;
    l->v[l->n++] = value;
    return true;
}

static bool split_segments(struct probe_options *o, const char *value)
{
    unsigned long size = 0, ms = 0;
    const char   *end = NULL;
    bool          ok = number(value, MESSAGE_MAX, &size, &end) && size > 0;
    if (ok && *end == ',')
        ok = number(end + 1, 60000, &ms, &end);
    if (!ok || *end != '\0')
        return trouble("--split-segments takes a size in bytes and perhaps a pause in milliseconds (1,200), not '%s'", value) == EXIT_NONE_FOUND;
    o->segment = size;
    o->segment_pause_ns = (int64_t)ms * 1000000;
    return true;
}

bool custom_option(struct probe_options *o, struct changes *c, int id, const char *value, bool *ok)
{
    switch (id) {
    case OPT_RECORD_VERSION: c->record_version = value; return true;
    case OPT_HELLO_VERSION: c->hello_version = value; return true;
    case OPT_EXT: *ok = keep("--ext", &c->ext, value); return true;
    case OPT_NO_EXT: *ok = keep("--no-ext", &c->no_ext, value); return true;
    case OPT_EXT_ORDER: c->ext_order = value; return true;
    case OPT_GREASE: c->grease = true; return true;
    case OPT_NO_GREASE: c->no_grease = true; return true;
    case OPT_PAD_TO: c->pad_to = value; return true;
    case OPT_SESSION_ID: c->session_id = value; return true;
    case OPT_SCSV: c->scsv = value; return true;
    case OPT_COMPRESSION: c->compression = value; return true;
    case OPT_SPLIT_RECORDS: c->split_records = value; return true;
    case OPT_SPLIT_SEGMENTS: *ok = split_segments(o, value); return true;
    case OPT_SSLV2_FORMAT: c->sslv2_format = true; return true;
    default: return false;
    }
}

bool custom_any(const struct changes *c)
{
    return c->record_version != NULL || c->hello_version != NULL || c->ext.n != 0 || c->no_ext.n != 0 || c->ext_order != NULL || c->grease ||
           c->no_grease || c->pad_to != NULL || c->session_id != NULL || c->scsv != NULL || c->compression != NULL || c->split_records != NULL ||
           c->sslv2_format;
}

/* ------------------------------------------------------------------------------------ applying them */

/* N or N=HEX; each a row of its own, the last of a number counts. */
static bool add_extensions(struct probe_options *o, const struct list_of_words *l)
{
    struct own_extension *own = ARENA_NEW_N(&o->arena, l->n + 1, struct own_extension);
    for (size_t i = l->n; i-- > 0;) {
        unsigned long type = 0;
        const char   *end = NULL;
        if (!number(l->v[i], UINT16_MAX, &type, &end) || (*end != '\0' && *end != '='))
            return trouble("--ext takes a number, and perhaps bytes in hex (0x1234=00ff), not '%.60s'", l->v[i]) == EXIT_NONE_FOUND;
        if (*end == '\0')
            continue;
        own[o->custom.own_n].type = (uint16_t)type;
        if (!hex_bytes(end + 1, &o->arena, &own[o->custom.own_n++].body))
            return trouble("--ext: '%.60s' is no hex of whole bytes", end + 1) == EXIT_NONE_FOUND;
    }
    o->custom.own = own;
    for (size_t i = 0; i < l->n; i++)
        hello_add_extension(&o->shape, (uint16_t)strtoul(l->v[i], NULL, 0), &o->arena);
    return true;
}

static bool drop_extensions(struct probe_options *o, const struct list_of_words *l)
{
    for (size_t i = 0; i < l->n; i++) {
        unsigned long type = 0;
        if (!whole_number("--no-ext", l->v[i], 0, UINT16_MAX, &type))
            return false;
        hello_drop_extension(&o->shape, (uint16_t)type, &o->arena);
    }
    return true;
}

/* A list of words, each a number or one of those that have a name. */
struct named { const char *word; uint16_t v; };
static bool named_list(const char *option, const char *text, const struct named *names, size_t n, unsigned long most, struct arena *a, struct u16s *out)
{
    struct byte_list words;
    const char      *end = NULL;
    if (!list_words(option, text, a, &words))
        return false;
    uint16_t *v = ARENA_NEW_N(a, words.n + 1, uint16_t);
    for (size_t i = 0; i < words.n; i++) {
        const char   *word = (const char *)words.v[i].p;
        unsigned long value = 0;
        bool          known = number(word, most, &value, &end) && *end == '\0';
        for (size_t k = 0; k < n && !known; k++) {
            known = strcasecmp(names[k].word, word) == 0;
            value = names[k].v;
        }
        if (!known)
            return trouble("%s: '%.60s' is none of them; --help says what it takes", option, word) == EXIT_NONE_FOUND;
        v[i] = (uint16_t)value;
    }
    *out = (struct u16s){ v, words.n };
    return true;
}

static bool order_extensions(struct probe_options *o, const char *text)
{
    struct u16s first;
    if (!named_list("--ext-order", text, NULL, 0, UINT16_MAX, &o->arena, &first))
        return false;
    hello_order_extensions(&o->shape, first, &o->arena);
    return true;
}

static bool add_scsvs(struct probe_options *o, const char *text)
{
    static const struct named names[] = { { "fallback", SCSV_FALLBACK }, { "renegotiation", SCSV_RENEGOTIATION } };
    struct u16s list;
    if (!named_list("--scsv", text, names, ARRAY_LEN(names), 0, &o->arena, &list))
        return false;
    for (size_t i = 0; i < list.n; i++)
        hello_add_suite(&o->shape, list.v[i], &o->arena);
    return true;
}

static bool set_compression(struct probe_options *o, const char *text)
{
    static const struct named names[] = { { "null", 0 }, { "deflate", 1 } }; /* RFC 3749 */
    return named_list("--compression", text, names, ARRAY_LEN(names), UINT8_MAX, &o->arena, &o->shape.compression);
}

static bool set_session_id(struct probe_options *o, const char *text)
{
    enum { MOST = 32 };
    unsigned long n = 0;
    if (strncasecmp(text, "0x", 2) == 0) {
        if (hex_bytes(text + 2, &o->arena, &o->custom.session_id) && o->custom.session_id.n <= MOST)
            return true;
        return trouble("--session-id: '%.80s' is no hex of at most %d bytes", text, MOST) == EXIT_NONE_FOUND;
    }
    if (!whole_number("--session-id", text, 0, MOST, &n))
        return false;
    o->shape.session_id_len = n;
    return true;
}

/* The old format has no extensions, no session id, no compression. */
static bool set_sslv2_format(struct probe_options *o, const struct changes *c)
{
    if (c->ext.n != 0 || c->no_ext.n != 0 || c->ext_order != NULL || c->grease || c->pad_to != NULL || c->session_id != NULL ||
        c->compression != NULL || c->split_records != NULL || c->record_version != NULL)
        return trouble("--sslv2-format: such a hello has neither extensions nor a session id, compression methods or records") == EXIT_NONE_FOUND;
    o->shape.v2_format = true;
    o->shape.extensions = (struct u16s){ 0 };
    if (c->hello_version == NULL && o->shape.versions.v != NULL) /* TLS 1.3 cannot be asked for in it */
        o->shape.client_version = 0x0303;
    return true;
}

bool custom_shape(struct probe_options *o, const struct changes *c)
{
    struct profile *p = &o->shape;
    unsigned long   n = 0;
    if (c->grease && c->no_grease)
        return trouble("--grease and --no-grease say the opposite; leave one out") == EXIT_NONE_FOUND;
    if (c->grease || c->no_grease)
        hello_grease(p, c->grease, &o->arena);
    if (c->sslv2_format && !set_sslv2_format(o, c))
        return false;
    if (c->record_version != NULL && !one_version("--record-version", c->record_version, &p->record_version))
        return false;
    if (c->hello_version != NULL && !one_version("--hello-version", c->hello_version, &p->client_version))
        return false;
    if (!add_extensions(o, &c->ext) || !drop_extensions(o, &c->no_ext) || (c->ext_order != NULL && !order_extensions(o, c->ext_order)))
        return false;
    if ((c->scsv != NULL && !add_scsvs(o, c->scsv)) || (c->compression != NULL && !set_compression(o, c->compression)) ||
        (c->session_id != NULL && !set_session_id(o, c->session_id)))
        return false;
    if (c->pad_to != NULL && !whole_number("--pad-to", c->pad_to, 1, MESSAGE_MAX, &n))
        return false;
    o->custom.pad_to = n;
    if (n != 0)
        hello_add_extension(p, EXT_PADDING, &o->arena);
    n = 0;
    if (c->split_records != NULL && !whole_number("--split-records", c->split_records, 1, RECORD_MAX, &n))
        return false;
    o->custom.record_max = n;
    return true;
}
