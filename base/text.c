#include "tlswhy/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Room for n more bytes and the NUL. */
static void text_room(struct text *t, size_t n)
{
    size_t need = 0;
    if (__builtin_add_overflow(t->n, n, &need) || __builtin_add_overflow(need, 1, &need))
        mem_fail();
    if (need <= t->cap)
        return;
    size_t cap = t->cap != 0 ? t->cap : 256;
    while (cap < need)
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    t->s = mem_grow(t->s, cap, 1);
    t->cap = cap;
}

void text_add_n(struct text *t, const char *s, size_t n)
{
    if (n >= t->cap - t->n) /* the NUL has its place, too */
        text_room(t, n);
    if (n != 0)
        memcpy(t->s + t->n, s, n);
    t->n += n;
    t->s[t->n] = '\0';
}

void text_add(struct text *t, const char *s) { text_add_n(t, s, strlen(s)); }

void text_char(struct text *t, char c)
{
    if (t->cap - t->n < 2)
        text_room(t, 1);
    t->s[t->n++] = c;
    t->s[t->n] = '\0';
}

static void spaces(struct text *t, size_t n)
{
    text_room(t, n);
    memset(t->s + t->n, ' ', n);
    t->n += n;
    t->s[t->n] = '\0';
}

void text_padded(struct text *t, const char *s, size_t width)
{
    size_t n = strlen(s);
    text_add_n(t, s, n);
    spaces(t, n < width ? width - n : 0);
}

void text_printf(struct text *t, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    text_room(t, 128);
    int n = vsnprintf(t->s + t->n, t->cap - t->n, fmt, ap);
    assert(n >= 0);
    if ((size_t)n >= t->cap - t->n) {
        text_room(t, (size_t)n);
        vsnprintf(t->s + t->n, t->cap - t->n, fmt, again);
    }
    t->n += (size_t)n;
    va_end(again);
    va_end(ap);
}

void text_clear(struct text *t)
{
    t->n = 0;
    if (t->s != NULL)
        t->s[0] = '\0';
}

void text_free(struct text *t)
{
    free(t->s);
    *t = (struct text){ 0 };
}

void text_hex(struct text *t, const void *p, size_t n)
{
    const uint8_t *b = p;
    for (size_t i = 0; i < n; i++) {
        text_char(t, "0123456789abcdef"[b[i] >> 4]);
        text_char(t, "0123456789abcdef"[b[i] & 15]);
    }
}

/* Decodes one code point (RFC 3629: no overlong forms, no surrogates, none above U+10FFFF). Gives its
 * length in bytes; 0: these bytes are no UTF-8. */
static size_t utf8_next(const uint8_t *p, size_t n, uint32_t *code)
{
    static const struct { uint8_t mask, lead; uint32_t least; } forms[] = {
        { 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 }
    };
    for (size_t len = 1; len <= ARRAY_LEN(forms); len++) {
        if ((p[0] & forms[len - 1].mask) != forms[len - 1].lead)
            continue;
        if (len > n)
            return 0;
        uint32_t c = (uint32_t)p[0] & (uint8_t)~forms[len - 1].mask;
        for (size_t i = 1; i < len; i++) {
            if ((p[i] & 0xc0) != 0x80)
                return 0;
            c = c << 6 | (p[i] & 0x3f);
        }
        *code = c;
        return c < forms[len - 1].least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0 : len;
    }
    return 0;
}

/* Code points that steer a terminal or hide what stands there: controls, bidirectional and zero-width
 * marks, line separators, byte order mark, tags, non-characters. */
static bool steers(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x061c || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
           (c >= 0xe0000 && c <= 0xe007f) || (c & 0xfffe) == 0xfffe;
}

/* Most of it is plain: so many bytes of ASCII, at most `n`, stand for themselves. */
static size_t plain_run(const uint8_t *p, size_t n)
{
    size_t i = 0;
    while (i < n && p[i] >= 0x20 && p[i] < 0x7f && p[i] != '\\')
        i++;
    return i;
}

void text_safe(struct text *t, const void *bytes, size_t n, size_t max)
{
    const uint8_t *p = bytes;
    size_t         chars = 0;
    for (size_t i = 0; i < n; chars++) {
        size_t run = plain_run(p + i, n - i < max - chars ? n - i : max - chars);
        text_add_n(t, (const char *)p + i, run);
        i += run;
        chars += run;
        if (i == n)
            return;
        uint32_t c = 0;
        size_t   len = utf8_next(p + i, n - i, &c);
        if (chars == max) {
            text_add(t, "...");
            return;
        }
        if (len == 0)
            text_printf(t, "\\x%02x", p[i]);
        else if (c == '\\')
            text_add(t, "\\\\");
        else if (steers(c))
            text_printf(t, c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
        else
            text_add_n(t, (const char *)p + i, len);
        i += len != 0 ? len : 1;
    }
}

const char *safe_str(struct arena *a, const void *p, size_t n)
{
    struct text t = { 0 };
    text_safe(&t, p, n, 256);
    const char *s = arena_copy(a, t.s != NULL ? t.s : "", t.n);
    text_free(&t);
    return s;
}

/* Columns of the n bytes at s: code points, which is near enough for names of hosts and people. */
static size_t columns(const char *s, size_t n)
{
    size_t c = 0;
    for (size_t i = 0; i < n; i++)
        c += ((uint8_t)s[i] & 0xc0) != 0x80;
    return c;
}

/* The next word, up to a space, a line break or the end. */
static size_t word(const char *s, size_t *cols)
{
    size_t  n = 0;
    uint8_t all = 0;
    for (; (uint8_t)s[n] > ' ' || (s[n] != ' ' && s[n] != '\n' && s[n] != '\0'); n++)
        all |= (uint8_t)s[n];
    *cols = all < 0x80 ? n : columns(s, n);
    return n;
}

void text_wrap(struct text *t, const char *s, size_t indent, size_t width)
{
    size_t column = indent, c;
    bool   first = true;
    while (*s != '\0') {
        size_t n = word(s, &c);
        if (n != 0) {
            if (!first && column + 1 + c > width) {
                text_char(t, '\n');
                spaces(t, indent);
                column = indent;
            } else if (!first) {
                text_char(t, ' ');
                column++;
            }
            text_add_n(t, s, n);
            column += c;
            first = false;
        }
        s += n;
        if (*s == '\n') { /* a line break of the text stays one */
            text_char(t, '\n');
            spaces(t, indent);
            column = indent;
            first = true;
        }
        s += *s != '\0';
    }
}

void text_row(struct text *t, const char *label, const char *s, size_t indent, size_t width)
{
    text_printf(t, "  %-*s", (int)indent - 2, label);
    text_wrap(t, s, indent, width);
    text_char(t, '\n');
}

/* Days since 1970-01-01 of a proleptic Gregorian date, and back (Howard Hinnant's algorithms, public domain). */
static int64_t days_from_civil(int64_t y, unsigned m, unsigned d)
{
    y -= m <= 2;
    int64_t  era = (y >= 0 ? y : y - 399) / 400;
    unsigned yoe = (unsigned)(y - era * 400);
    unsigned doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
    unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + (int64_t)doe - 719468;
}

static void civil_from_days(int64_t z, int64_t *y, unsigned *m, unsigned *d)
{
    z += 719468;
    int64_t  era = (z >= 0 ? z : z - 146096) / 146097;
    unsigned doe = (unsigned)(z - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    unsigned mp = (5 * doy + 2) / 153;
    *d = doy - (153 * mp + 2) / 5 + 1;
    *m = mp < 10 ? mp + 3 : mp - 9;
    *y = (int64_t)yoe + era * 400 + (*m <= 2);
}

int64_t time_from_civil(int64_t year, unsigned month, unsigned day, unsigned h, unsigned m, unsigned s)
{
    return days_from_civil(year, month, day) * 86400 + (int64_t)h * 3600 + (int64_t)m * 60 + (int64_t)s;
}

static int write_date(char out[40], int64_t s)
{
    int64_t  days = s / 86400, left = s % 86400, y = 0;
    unsigned mo = 0, d = 0;
    if (left < 0) {
        left += 86400;
        days--;
    }
    if (days < -INT64_C(3652424) || days > INT64_C(3652424000)) /* far from any calendar: epoch seconds instead */
        return snprintf(out, 40, "%lld", (long long)s);
    civil_from_days(days, &y, &mo, &d);
    return snprintf(out, 40, "%04lld-%02u-%02uT%02d:%02d:%02d", (long long)y, mo, d, (int)(left / 3600), (int)(left / 60 % 60),
                    (int)(left % 60));
}

static int64_t clock_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t time_now(void) { return clock_ns(CLOCK_REALTIME); }
int64_t time_steady(void) { return clock_ns(CLOCK_MONOTONIC); }

void time_rfc3339_s(char out[40], int64_t s)
{
    int n = write_date(out, s);
    snprintf(out + n, 40 - (size_t)n, "Z");
}

void time_rfc3339(char out[40], int64_t ns)
{
    int64_t s = ns / NS_PER_S, part = ns % NS_PER_S;
    if (part < 0) {
        part += NS_PER_S;
        s--;
    }
    int n = write_date(out, s);
    snprintf(out + n, 40 - (size_t)n, ".%06dZ", (int)(part / 1000));
}

bool time_parse(const char *s, int64_t *ns)
{
    int      y = 0, mo = 0, d = 0, h = 0, m = 0, sec = 0, n = 0, off_h = 0, off_m = 0;
    char     sign = 0, *end = NULL;
    long long epoch = 0;
    if (sscanf(s, "%4d-%2d-%2d%n", &y, &mo, &d, &n) == 3 && n == 10 && mo >= 1 && mo <= 12 && d >= 1 && d <= 31) {
        const char *rest = s + n;
        if (*rest == 'T' || *rest == 't' || *rest == ' ') {
            if (sscanf(rest + 1, "%2d:%2d%n", &h, &m, &n) != 2)
                return false;
            rest += 1 + n;
            if (*rest == ':' && sscanf(rest, ":%2d%n", &sec, &n) == 1)
                rest += n;
            if (*rest == '.')
                rest += 1 + strspn(rest + 1, "0123456789");
            if (*rest == 'Z' || *rest == 'z')
                rest++;
            else if (sscanf(rest, "%c%2d:%2d%n", &sign, &off_h, &off_m, &n) == 3)
                rest += n;
        }
        if (*rest != '\0' || h < 0 || h > 23 || m < 0 || m > 59 || sec < 0 || sec > 60)
            return false;
        int64_t t = time_from_civil(y, (unsigned)mo, (unsigned)d, (unsigned)h, (unsigned)m, (unsigned)sec);
        t -= (sign == '-' ? -1 : 1) * (int64_t)(off_h * 3600 + off_m * 60);
        return !__builtin_mul_overflow(t, NS_PER_S, ns);
    }
    epoch = strtoll(s, &end, 10);
    return end != s && *end == '\0' && !__builtin_mul_overflow((int64_t)epoch, NS_PER_S, ns);
}
