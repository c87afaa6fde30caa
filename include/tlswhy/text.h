/* text.h - text that grows, outside bytes made harmless, times and hex, and a JSON writer.
 *
 * Outside bytes (names, SNI, ALPN, proxy text) may hold escape sequences, control characters,
 * bidirectional marks or broken UTF-8. They enter a text only through text_safe() or json_bytes(). */
#ifndef TLSWHY_TEXT_H
#define TLSWHY_TEXT_H

#include "tlswhy/base.h"

struct text {
    char  *s; /* NUL-terminated once something was added; NULL before */
    size_t n, cap;
};

void text_add(struct text *t, const char *s);
void text_add_n(struct text *t, const char *s, size_t n);
void text_char(struct text *t, char c);
void text_padded(struct text *t, const char *s, size_t width); /* spaces behind it, up to so many bytes in all */
void text_printf(struct text *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Adds outside bytes: valid printable UTF-8 as it is; C0, C1, DEL, bidi controls, line separators, and
 * bytes that are no UTF-8 as \x1b or \u202e. At most `max` characters, then "...". */
void text_safe(struct text *t, const void *p, size_t n, size_t max);
void text_hex(struct text *t, const void *p, size_t n);
/* Breaks s into lines of at most `width` columns, each line after the first indented by `indent` spaces. */
void text_wrap(struct text *t, const char *s, size_t indent, size_t width);
/* A label in column 3, beside it what s says: wrapped, from column `indent` + 1 on. */
void text_row(struct text *t, const char *label, const char *s, size_t indent, size_t width);
void text_clear(struct text *t); /* empty again, memory kept */
void text_free(struct text *t);

/* The same as text_safe, into an arena; for sentences that carry a name. */
const char *safe_str(struct arena *a, const void *p, size_t n);

/* Times: ns since 1970-01-01 UTC; negative before. Any int64 gives a text. */
#define NS_PER_S INT64_C(1000000000)
int64_t time_now(void);    /* by the system's clock */
int64_t time_steady(void); /* by one that nobody sets; it counts from some moment or other */
void time_rfc3339(char out[40], int64_t ns);         /* 2024-02-03T10:11:12.345678Z */
void time_rfc3339_s(char out[40], int64_t s);        /* 2024-02-03T10:11:12Z, seconds since 1970 */
bool time_parse(const char *s, int64_t *ns);         /* RFC 3339 date or date-time, or epoch seconds */
int64_t time_from_civil(int64_t year, unsigned month, unsigned day, unsigned h, unsigned m, unsigned s); /* -> seconds */

/* JSON, streamed, always valid: commas and nesting are kept by the writer, outside bytes that are no
 * UTF-8 become U+FFFD. A key of NULL is for elements of arrays. */
struct json {
    struct text *out;
    unsigned     depth;
    bool         comma[32];
};

void json_open(struct json *j, const char *key, char bracket); /* '{' or '[' */
void json_close(struct json *j, char bracket);                  /* '}' or ']' */
void json_str(struct json *j, const char *key, const char *s);  /* NULL writes null */
void json_strs(struct json *j, const char *key, const char *const *v, size_t n); /* an array of them */
void json_bytes(struct json *j, const char *key, const void *p, size_t n);
void json_int(struct json *j, const char *key, int64_t v);
void json_uint(struct json *j, const char *key, uint64_t v);
void json_fixed(struct json *j, const char *key, double v, int decimals);
void json_bool(struct json *j, const char *key, bool v);
void json_nil(struct json *j, const char *key); /* null; not json_null, which is jansson's in tests */
void json_hex(struct json *j, const char *key, const void *p, size_t n);

#endif
