#include "tlswhy/explain.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* A log of any size in bounded memory: one buffer for the line being read, one slot a row for what was found. */

enum encoding { UNDECIDED, BYTES, UTF16_LE, UTF16_BE };
enum { BESIDE = 200 }; /* bytes: a number and its text stand so near */
enum { TAIL = 512 }; /* of a line cut into pieces: looked at again with the next piece, so that nothing falls between */

struct log {
    struct scan       *scan;
    struct log_code   *codes;   /* one slot a row, in order of first sight */
    size_t             n;
    uint16_t          *slot;    /* by row: index + 1 */
    struct log_unknown unknown[LOG_UNKNOWN];
    size_t             unknown_n;
    uint64_t           line;    /* of what is being looked at, from 1 */
    char              *held;    /* the begin of a line whose end has not come */
    size_t             held_n, tail; /* tail: bytes of `held` that were looked at before */
    enum encoding      encoding;
    uint8_t            odd_byte;
    bool               has_odd, evtx, any;
    uint64_t           looked, control; /* of the first bytes: how many, and how many are no text */
    const char        *now;     /* the line under the scanner */
    size_t             now_n, now_skip;
};

struct log *log_new(void)
{
    size_t rows = 0;
    while (code_at(rows) != NULL)
        rows++;
    struct log *l = mem_get(1, sizeof *l);
    memset(l, 0, sizeof *l);
    l->scan = scan_new();
    l->codes = mem_get(rows, sizeof l->codes[0]);
    l->slot = mem_get(rows, sizeof l->slot[0]);
    memset(l->slot, 0, rows * sizeof l->slot[0]);
    l->held = mem_get(LOG_LINE, 1);
    l->line = 1;
    return l;
}

void log_free(struct log *l)
{
    if (l == NULL)
        return;
    for (size_t i = 0; i < l->n; i++)
        free(l->codes[i].excerpt);
    scan_free(l->scan);
    free(l->codes);
    free(l->slot);
    free(l->held);
    free(l);
}

/* The part of the line that shows what was found. */
static void excerpt(struct log_code *c, const char *line, size_t n, size_t at)
{
    size_t from = 0;
    while (from < at && isspace((unsigned char)line[from]))
        from++;
    if (at - from > LOG_EXCERPT / 2 && n - from > LOG_EXCERPT)
        from = at - LOG_EXCERPT / 2;
    c->excerpt_n = n - from < LOG_EXCERPT ? n - from : LOG_EXCERPT;
    c->excerpt = mem_get(c->excerpt_n + 1, 1);
    memcpy(c->excerpt, line + from, c->excerpt_n);
    while (c->excerpt_n > 0 && isspace((unsigned char)c->excerpt[c->excerpt_n - 1]))
        c->excerpt_n--;
}

static void note_unknown(struct log *l, uint32_t value)
{
    for (size_t i = 0; i < l->unknown_n; i++) {
        if (l->unknown[i].value == value) {
            l->unknown[i].count++;
            return;
        }
    }
    if (l->unknown_n < LOG_UNKNOWN)
        l->unknown[l->unknown_n++] = (struct log_unknown){ value, l->line, 1 };
}

static void note(void *ctx, const struct code *c, uint32_t value, size_t at)
{
    struct log *l = ctx;
    if (at < l->now_skip) /* seen with the piece before */
        return;
    if (c == NULL) {
        note_unknown(l, value);
        return;
    }
    uint16_t *slot = &l->slot[code_index(c)];
    if (*slot == 0) {
        struct log_code *fresh = &l->codes[l->n++];
        *slot = (uint16_t)l->n;
        *fresh = (struct log_code){ .code = c, .line = l->line };
        excerpt(fresh, l->now, l->now_n, at);
    }
    struct log_code *known = &l->codes[*slot - 1];
    bool             again = known->count != 0 && known->last_line == l->line && at >= known->last_at && at - known->last_at < BESIDE;
    known->count += !again;
    known->last_line = l->line;
    known->last_at = at;
}

static void look_at(struct log *l, const char *line, size_t n, size_t skip)
{
    l->now = line;
    l->now_n = n;
    l->now_skip = skip;
    scan_line(l->scan, line, n, false, note, l);
}

/* Bytes of text, not ending at a line's end in general. */
static void push_text(struct log *l, const char *p, size_t n)
{
    while (n > 0) {
        const char *end = memchr(p, '\n', n);
        size_t      len = end != NULL ? (size_t)(end - p) : n;
        if (end != NULL && l->held_n == 0) {
            for (size_t at = 0; at < len || at == 0;) { /* a whole line in place; a very long one in pieces */
                size_t piece = len - at < LOG_LINE ? len - at : LOG_LINE;
                look_at(l, p + at, piece, at == 0 ? 0 : TAIL);
                if (at + piece >= len)
                    break;
                at += piece - TAIL;
            }
        } else {
            size_t room = LOG_LINE - l->held_n, take = len < room ? len : room;
            memcpy(l->held + l->held_n, p, take);
            l->held_n += take;
            if (take < len || (end == NULL && l->held_n == LOG_LINE)) { /* full: look at it, keep its tail */
                look_at(l, l->held, l->held_n, l->tail);
                memmove(l->held, l->held + l->held_n - TAIL, TAIL);
                l->held_n = l->tail = TAIL;
                p += take;
                n -= take;
                continue;
            }
            if (end != NULL)
                look_at(l, l->held, l->held_n, l->tail);
        }
        if (end == NULL)
            return;
        l->held_n = l->tail = 0;
        l->line++;
        p += len + 1;
        n -= len + 1;
    }
}

/* UTF-16 as Windows writes it; what is no ASCII becomes "?": no code holds such letters. */
static void push_utf16(struct log *l, const uint8_t *p, size_t n)
{
    char   out[4096];
    size_t k = 0, high = l->encoding == UTF16_LE;
    for (size_t i = 0; i < n; i++) {
        if (!l->has_odd) {
            l->odd_byte = p[i];
            l->has_odd = true;
            continue;
        }
        uint8_t pair[2] = { l->odd_byte, p[i] };
        l->has_odd = false;
        out[k++] = pair[high] == 0 && pair[1 - high] < 128 ? (char)pair[1 - high] : '?';
        if (k == sizeof out) {
            push_text(l, out, k);
            k = 0;
        }
    }
    push_text(l, out, k);
}

/* From the first bytes: how text is written, and whether it is text at all. */
static void decide(struct log *l, const uint8_t *p, size_t n)
{
    size_t zeros[2] = { 0, 0 }, look = n < 4096 ? n : 4096;
    for (size_t i = 0; i < look; i++) {
        zeros[i & 1] += p[i] == 0;
        l->control += p[i] < 32 && strchr("\t\n\r\f\033", p[i]) == NULL;
    }
    l->looked = look;
    l->evtx = n >= 8 && memcmp(p, "ElfFile", 8) == 0;
    l->encoding = BYTES;
    if (n >= 2 && p[0] == 0xff && p[1] == 0xfe)
        l->encoding = UTF16_LE;
    else if (n >= 2 && p[0] == 0xfe && p[1] == 0xff)
        l->encoding = UTF16_BE;
    else if (look >= 16 && zeros[1] * 2 > look * 8 / 10 && zeros[0] == 0)
        l->encoding = UTF16_LE;
    if (l->encoding != BYTES)
        l->control = 0;
}

void log_push(struct log *l, const void *p, size_t n)
{
    if (n == 0)
        return;
    if (l->encoding == UNDECIDED)
        decide(l, p, n);
    l->any = true;
    if (l->encoding == BYTES)
        push_text(l, p, n);
    else
        push_utf16(l, p, n);
}

void log_end(struct log *l)
{
    if (l->held_n > l->tail)
        look_at(l, l->held, l->held_n, l->tail);
    else if (l->any && l->held_n == 0)
        l->line--; /* the last line ended with a newline */
    l->held_n = l->tail = 0;
}

uint64_t log_lines(const struct log *l) { return l->any ? l->line : 0; }
bool     log_evtx(const struct log *l) { return l->evtx; }
bool     log_binary(const struct log *l) { return l->control * 10 > l->looked; }

/* How much a row tells: strong causes before umbrellas, common rows before rare ones. */
static int telling(const struct code *c)
{
    struct code_cause v[CODE_CAUSES];
    size_t            n = code_causes(c, v), strong = 0;
    for (size_t i = 0; i < n; i++)
        strong += v[i].strong;
    return (strong != 0 ? 100 - (int)strong * 8 : n != 0 ? 30 : 0) + c->often * 5;
}

static int by_telling(const void *a, const void *b)
{
    const struct log_code *x = a, *y = b;
    int                    tx = telling(x->code), ty = telling(y->code);
    if (tx != ty)
        return ty - tx;
    return x->line != y->line ? (x->line < y->line ? -1 : 1) : x->code < y->code ? -1 : x->code > y->code;
}

const struct log_code *log_codes(struct log *l, size_t *n)
{
    qsort(l->codes, l->n, sizeof l->codes[0], by_telling);
    for (size_t i = 0; i < l->n; i++) /* slots follow, in case more comes */
        l->slot[code_index(l->codes[i].code)] = (uint16_t)(i + 1);
    *n = l->n;
    return l->codes;
}

const struct log_unknown *log_unknowns(const struct log *l, size_t *n)
{
    *n = l->unknown_n;
    return l->unknown;
}
