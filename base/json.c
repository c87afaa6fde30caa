#include "tlswhy/text.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

/* Length of the valid UTF-8 sequence at p, 0 for bytes that are none (RFC 3629). */
static size_t utf8_len(const uint8_t *p, size_t n)
{
    size_t   len = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] <= 0xdf ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4 : 0;
    if (len == 0 || len > n)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    if (len == 3 && ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f))) /* overlong, surrogate */
        return 0;
    if (len == 4 && ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f)))
        return 0;
    return len;
}

/* How many bytes stand for themselves in a JSON string: ASCII that is no control character, quote or backslash. Eight at a
 * time: a byte is below a bound where subtracting the bound borrows into its highest bit. */
static size_t plain_run(const uint8_t *p, size_t n)
{
#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))
#define BELOW(v, bound) (((v) - EACH(bound)) & ~(v))
    size_t i = 0;
    for (uint64_t v; i + sizeof v <= n; i += sizeof v) {
        memcpy(&v, p + i, sizeof v);
        if (((v | BELOW(v, 0x20) | BELOW(v ^ EACH('"'), 1) | BELOW(v ^ EACH('\\'), 1) | BELOW(v ^ EACH(0x7f), 1)) & EACH(0x80)) != 0)
            break;
    }
    while (i < n && p[i] >= 0x20 && p[i] < 0x7f && p[i] != '"' && p[i] != '\\')
        i++;
    return i;
#undef EACH
#undef BELOW
}

static void quote(struct text *out, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    text_char(out, '"');
    for (size_t i = 0, plain = 0; i < n; i += plain) {
        /* Most text needs no escape: copy runs of it at once. */
        plain = plain_run(p + i, n - i);
        if (plain != 0) {
            text_add_n(out, (const char *)p + i, plain);
            continue;
        }
        plain = utf8_len(p + i, n - i);
        if (plain == 0) {
            text_add(out, "\\ufffd");
            plain = 1;
        } else if (p[i] == '"' || p[i] == '\\') {
            text_char(out, '\\');
            text_char(out, (char)p[i]);
        } else if (p[i] < 0x20 || p[i] == 0x7f || (p[i] == 0xc2 && p[i + 1] < 0xa0)) { /* C0, DEL, C1 */
            text_printf(out, "\\u%04x", plain == 1 ? p[i] : p[i + 1]);
        } else if (plain == 3 && p[i] == 0xe2 && ((p[i + 1] == 0x80 && p[i + 2] >= 0x8b && p[i + 2] <= 0xaf) ||
                                                   (p[i + 1] == 0x81 && p[i + 2] >= 0xa0 && p[i + 2] <= 0xaf))) {
            /* zero-width, line separators, bidirectional marks: readable in a terminal only as escapes */
            text_printf(out, "\\u%04x", (unsigned)((p[i] & 0x0f) << 12 | (p[i + 1] & 0x3f) << 6 | (p[i + 2] & 0x3f)));
        } else {
            text_add_n(out, (const char *)p + i, plain);
        }
    }
    text_char(out, '"');
}

static void next(struct json *j, const char *key)
{
    if (j->comma[j->depth])
        text_char(j->out, ',');
    j->comma[j->depth] = true;
    if (key != NULL) {
        quote(j->out, key, strlen(key));
        text_char(j->out, ':');
    }
}

void json_open(struct json *j, const char *key, char bracket)
{
    assert(bracket == '{' || bracket == '[');
    next(j, key);
    text_char(j->out, bracket);
    j->depth++;
    assert(j->depth < ARRAY_LEN(j->comma));
    j->comma[j->depth] = false;
}

void json_close(struct json *j, char bracket)
{
    assert(j->depth > 0 && (bracket == '}' || bracket == ']'));
    text_char(j->out, bracket);
    j->depth--;
}

void json_bytes(struct json *j, const char *key, const void *p, size_t n)
{
    next(j, key);
    quote(j->out, p, n);
}

void json_str(struct json *j, const char *key, const char *s)
{
    if (s == NULL)
        json_nil(j, key);
    else
        json_bytes(j, key, s, strlen(s));
}

void json_strs(struct json *j, const char *key, const char *const *v, size_t n)
{
    json_open(j, key, '[');
    for (size_t i = 0; i < n; i++)
        json_str(j, NULL, v[i]);
    json_close(j, ']');
}

void json_int(struct json *j, const char *key, int64_t v)
{
    next(j, key);
    text_printf(j->out, "%" PRId64, v);
}

void json_uint(struct json *j, const char *key, uint64_t v)
{
    next(j, key);
    text_printf(j->out, "%" PRIu64, v);
}

void json_fixed(struct json *j, const char *key, double v, int decimals)
{
    next(j, key);
    text_printf(j->out, "%.*f", decimals, v);
}

void json_bool(struct json *j, const char *key, bool v)
{
    next(j, key);
    text_add(j->out, v ? "true" : "false");
}

void json_nil(struct json *j, const char *key)
{
    next(j, key);
    text_add(j->out, "null");
}

void json_hex(struct json *j, const char *key, const void *p, size_t n)
{
    next(j, key);
    text_char(j->out, '"');
    text_hex(j->out, p, n);
    text_char(j->out, '"');
}
