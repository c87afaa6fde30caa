#include "explain_parts.h"

#include <stdlib.h>
#include <string.h>

/* Codes in running text. A first look at three folded characters (one bit each way) passes over nearly every byte;
 * what it lets through and begins a word walks down the tree of all patterns; the longest that ends there counts.
 *
 * Patterns are the messages and symbols of the rows, and words that say what the number behind them is ("alert 70",
 * "EventID>36887<", "curl: (60)"). Numbers alone are taken only where they can be nothing else (0x80090302).
 * A log may be full of such words: no byte is walked over again for each of them (struct ahead). */

struct found {
    const struct code *code;
    uint32_t           value;
    size_t             at;
    bool               weak, proxy;
};

enum { FOUND_MAX = 64, NUMBER_NEAR = 48, ALERT_NEAR = 64 };

/* What comes behind words that introduce something: asked at any place between `from` and `stop`, the answer is `stop`. */
struct ahead {
    size_t             from, stop;
    const struct code *code;
};

struct scan {
    const struct scan_index *index;
    enum context    source;           /* of the event record being read */
    bool            refused_here, refused_there; /* event 36888, 36887 */
    int             alert;            /* of this record, or -1 */
    /* the line being read */
    const uint8_t  *line;
    size_t          line_n;
    struct ahead    number, named;    /* the next number, the next alert */
    struct found    found[FOUND_MAX];
    size_t          found_n;
    bool            tls, proxy;
};

struct scan *scan_new(void)
{
    struct scan *s = mem_get(1, sizeof *s);
    memset(s, 0, sizeof *s);
    s->index = scan_index();
    s->alert = -1;
    return s;
}

void scan_free(struct scan *s) { free(s); }

static bool is(const struct scan *s, size_t at, unsigned kinds) { return at < s->line_n && (s->index->kind[s->line[at]] & kinds) != 0; }

/* Does the word (lower case) stand at `at`? */
static bool stands(const struct scan *s, size_t at, const char *word, size_t len)
{
    size_t i = 0;
    while (i < len && at + i < s->line_n && s->index->lower[s->line[at + i]] == (uint8_t)word[i])
        i++;
    return i == len;
}

static void find(struct scan *s, const struct code *c, uint32_t value, size_t at, bool weak, bool proxy)
{
    if (s->found_n < FOUND_MAX && (c != NULL || value != 0))
        s->found[s->found_n++] = (struct found){ c, value, at, weak, proxy };
}

/* A number that stands at `at`, with sign and base. False: there is none. */
struct digits {
    int64_t v, as_hex; /* as_hex: the same digits read as hex */
    size_t  n, end;
    bool    hex, negative;
};
static bool number_at(const struct scan *s, size_t at, struct digits *d)
{
    const uint8_t *nibble = s->index->nibble;
    size_t         i = at, n = s->line_n;
    *d = (struct digits){ 0 };
    if (i < n && s->line[i] == '-') {
        d->negative = true;
        i++;
    }
    if (n - i > 2 && s->line[i] == '0' && (s->line[i + 1] | 0x20) == 'x') {
        d->hex = true;
        i += 2;
    }
    size_t   from = i;
    bool     letters = false;
    uint64_t hex = 0, decimal = 0;
    for (; i < n && i - from < 17 && nibble[s->line[i]] < 16; i++) {
        unsigned digit = nibble[s->line[i]];
        letters |= digit > 9;
        hex = hex << 4 | digit;
        decimal = decimal * 10 + digit;
    }
    d->n = i - from;
    uint64_t v = d->hex || letters ? hex : decimal;
    if (d->n == 0 || d->n > 16 || is(s, i, WORDY) || (letters && !d->hex && d->n != 8) || v > UINT64_C(0xffffffffff))
        return false;
    d->hex |= letters;
    d->v = d->negative ? -(int64_t)v : (int64_t)v;
    d->as_hex = d->negative ? -(int64_t)hex : (int64_t)hex;
    d->end = i;
    return true;
}

/* A Windows code: 0x80090302, 80090302, 2148074242 or -2146893054; 0x8007NNNN wraps a small error number. */
static bool windows_code(struct scan *s, const struct digits *d, size_t at)
{
    const struct scan_index *x = s->index;
    int64_t wide = d->v < 0 ? d->v + INT64_C(0x100000000) : d->v;
    if (!d->hex && d->n == 8) /* eight digits without 0x: hex */
        wide = d->as_hex;
    if (wide < 0 || wide > UINT32_MAX)
        return false;
    const struct code *c = value_code(x, CODE, wide);
    if (c == NULL && wide >> 16 == 0x8007)
        c = value_code(x, WINDOWS, wide & 0xffff);
    if (c == NULL && (wide >> 23 == 20 || wide >> 24 == 20))
        c = value_code(x, OPENSSL, wide >> 23 == 20 ? wide & 0x7fffff : wide & 0xfff);
    bool ours = wide >> 16 == 0x8009 || wide >> 16 == 0x800b;
    find(s, c, c == NULL && ours ? (uint32_t)wide : 0, at, false, false);
    return c != NULL || ours;
}

static bool filler(const struct scan *s, size_t at, size_t len)
{
    static const struct {
        size_t      len;
        const char *word;
    } rows[] = { { 6, "number" }, { 4, "code" }, { 2, "is" }, { 2, "id" }, { 3, "num" }, { 5, "error" }, { 4, "exit" }, { 6, "result" }, { 8, "returned" }, { 6, "status" }, { 5, "value" }, { 2, "of" }, { 2, "no" } };
    uint8_t initial = s->index->lower[s->line[at]];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].len == len && (uint8_t)rows[i].word[0] == initial && stands(s, at, rows[i].word, len))
            return true;
    }
    return false;
}

/* Past what stands between a word and its number: punctuation, an attribute, a few filler words. */
static void find_number(struct scan *s, size_t at)
{
    const uint8_t *kind = s->index->kind;
    size_t         n = s->line_n, from = at;
    while (at < n) {
        uint8_t c = s->line[at];
        size_t  len = 0;
        if ((kind[c] & DIGITS) != 0 || (c == '-' && is(s, at + 1, DIGITS)))
            break;
        if ((kind[c] & ALPHA) == 0) {
            at++;
            continue;
        }
        while (at + len < n && (kind[s->line[at + len]] & WORDY) != 0)
            len++;
        const uint8_t *close = len == 10 && stands(s, at, "qualifiers", len) ? memchr(s->line + at, '>', n - at < NUMBER_NEAR ? n - at : NUMBER_NEAR) : NULL;
        if (close != NULL)
            from = at = (size_t)(close - s->line); /* <EventID Qualifiers="0">36887 */
        else if (filler(s, at, len))
            at += len;
        else
            break;
    }
    s->number = (struct ahead){ from, at, NULL };
}

/* Where the number behind a word begins, if it is near; SIZE_MAX: it is not. What stands there may still be none. */
static size_t to_number(struct scan *s, size_t at)
{
    if (at < s->number.from || at > s->number.stop)
        find_number(s, at);
    return s->number.stop < s->line_n && s->number.stop - at < NUMBER_NEAR ? s->number.stop : SIZE_MAX;
}

static const struct node *in_chain(const struct scan_index *x, size_t chain, uint8_t c)
{
    while (chain != 0 && x->nodes[chain].c != c)
        chain = x->nodes[chain].sibling;
    return chain != 0 ? &x->nodes[chain] : NULL;
}

static const struct node *child_of(const struct scan_index *x, const struct node *node, uint8_t c)
{
    return (node->below >> x->fold[c] & 1) != 0 ? in_chain(x, node->child, c) : NULL;
}

/* The name of an alert from `at`, written in any way: handshake_failure, "handshake failure", HandshakeFailure. */
static const struct code *alert_named(const struct scan *s, size_t at)
{
    const struct scan_index *x = s->index;
    const struct code       *best = NULL;
    const struct node       *node = in_chain(x, x->alerts, x->lower[s->line[at]]);
    for (size_t i = at + 1; node != NULL && i < s->line_n; i++) {
        if ((x->kind[s->line[i]] & GAPPY) != 0)
            continue;
        node = child_of(x, node, x->lower[s->line[i]]);
        if (node != NULL && node->leaf != 0 && !is(s, i + 1, WORDY))
            best = x->values[node->leaf - 1].code;
    }
    return best;
}

/* The next number or name of an alert; a number that is none has no code, and ends the search as well. */
static void find_alert(struct scan *s, size_t at)
{
    const uint8_t *kind = s->index->kind;
    size_t         n = s->line_n;
    struct digits  d;
    s->named = (struct ahead){ at, n, NULL };
    while (at < n) {
        uint8_t c = kind[s->line[at]];
        if ((c & ALNUM) == 0) {
            at++;
            continue;
        }
        if ((c & DIGITS) != 0)
            s->named.code = number_at(s, at, &d) && d.n <= 4 ? value_code(s->index, ALERT, d.v) : NULL;
        else
            s->named.code = alert_named(s, at);
        if ((c & DIGITS) != 0 || s->named.code != NULL) {
            s->named.stop = at;
            return;
        }
        while (at < n && (kind[s->line[at]] & WORDY) != 0)
            at++;
    }
}

/* What follows "alert" within a few words: its number, or its name. "Alert (Level: Fatal, Description: ...". */
static void alert_after(struct scan *s, size_t at, size_t from, bool weak)
{
    if (at < s->named.from || at > s->named.stop)
        find_alert(s, at);
    if (s->named.code == NULL || s->named.stop - at >= ALERT_NEAR)
        return;
    s->alert = atoi(s->named.code->code);
    find(s, s->named.code, 0, from, weak, false);
}

static void event_number(struct scan *s, int64_t v, size_t at)
{
    const struct scan_index *x = s->index;
    const struct code *c = s->source != CAPI2 ? value_code(x, SCHANNEL, v) : NULL;
    if (c == NULL && (s->source == CAPI2 || v > 4000))
        c = value_code(x, CAPI2, v);
    if (c == NULL)
        return;
    s->refused_there = v == 36887;
    s->refused_here = v == 36888;
    find(s, c, 0, at, false, false);
}

/* Event 36888 with its alert and "internal error state": the three together have rows of their own. */
static void error_state(struct scan *s, int64_t state, size_t at)
{
    find(s, value_code(s->index, STATE, state_value(s->alert, state)), 0, at, false, false);
}

/* The number behind a word. Gives where reading goes on. */
static size_t number_after(struct scan *s, const struct pattern *p, size_t at, size_t end)
{
    const struct scan_index *x = s->index;
    size_t        from = to_number(s, end);
    struct digits d;
    if (from == SIZE_MAX || !number_at(s, from, &d))
        return end;
    const struct code *c = NULL;
    switch (p->what) {
    case EVENT: event_number(s, d.v, at); break;
    case SCHANNEL: case CAPI2:
        if (d.v > 4000)
            event_number(s, d.v, at);
        break;
    case STATE: error_state(s, d.v, at); break;
    case HTTP: {
        size_t second = d.end; /* "HTTP/1.1 407" */
        c = value_code(x, HTTP, d.v);
        find(s, c, 0, at, false, c != NULL && d.v != 407);
        return second;
    }
    default:
        if ((d.n == 8 || d.n == 10) && windows_code(s, &d, at))
            return d.end;
        c = value_code(x, p->what, d.v);
        if (c == NULL && p->what == WINDOWS && d.v < 0)
            c = d.v <= -9800 || d.v >= -1300 ? NULL : value_code(x, NSS, d.v);
        find(s, c, 0, at, p->what == WINDOWS && d.v < 12000, false);
    }
    return c != NULL ? d.end : end;
}

/* A number that needs no word before it, from its first digit on. Gives where reading goes on. */
static size_t bare_number(struct scan *s, size_t at)
{
    const struct scan_index *x = s->index;
    size_t        sign = at > 0 && s->line[at - 1] == '-' && (at < 2 || !is(s, at - 2, WORDY)) ? at - 1 : at, run = at;
    struct digits d;
    while (is(s, run, DIGITS))
        run++;
    bool likely = sign != at || run - at == 8 || run - at == 10 || is(s, run, ALPHA); /* 8: hex without 0x */
    if (!likely || !number_at(s, sign, &d))
        return run;
    bool eight = d.hex && d.n == 8, plain_eight = !d.hex && !d.negative && d.n == 8 && (s->line[at] == '8'), ten = !d.hex && d.n == 10 && s->line[at] == '2';
    if (eight || plain_eight || ten)
        return windows_code(s, &d, at) ? d.end : at;
    if (d.negative && !d.hex && d.n >= 4 && d.n <= 5) { /* NSS and Apple, beside a word of TLS */
        const struct code *c = value_code(x, NSS, d.v);
        find(s, c != NULL ? c : value_code(x, APPLE, d.v), 0, at, true, false);
        return d.end;
    }
    if (d.negative && d.hex && d.n == 4) {
        find(s, value_code(x, MBEDTLS, d.v), 0, at, true, false);
        return d.end;
    }
    return at;
}

/* What a pattern that stands at `at` says. Gives where reading goes on. */
static size_t take(struct scan *s, const struct pattern *p, size_t at, size_t end)
{
    switch (p->what) {
    case CODE:
        find(s, p->code, 0, at, p->weak, false);
        s->tls |= p->of_tls;
        if (p->leads)
            alert_after(s, end, at, false);
        return end;
    case ALERT: alert_after(s, end, at, p->len == strlen("alert")); return end;
    case RECORD: case SOURCE:
        s->source = NOTHING;
        s->alert = p->what == RECORD ? -1 : s->alert;
        return end;
    case SCHANNEL: case CAPI2:
        s->source = p->what;
        s->tls = true;
        return number_after(s, p, at, end);
    default:
        s->tls |= p->what == CURL || p->what == GNUTLS || p->what == MBEDTLS || p->what == VERIFY || p->what == APPLE;
        return number_after(s, p, at, end);
    }
}

/* Does the line go on from `at` with the characters of these nodes? */
static bool goes_on(const struct scan *s, size_t at, const struct node *v, size_t n)
{
    if (n > s->line_n - at)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (s->index->lower[s->line[at + i]] != v[i].c)
            return false;
    }
    return true;
}

/* The longest pattern that stands at `at`, and where it ends. One blank of a pattern stands for up to 8 gaps. */
static const struct pattern *pattern_at(const struct scan *s, size_t at, size_t *end)
{
    enum { GAP_MAX = 8 };
    const struct scan_index *x = s->index;
    const struct pattern    *best = NULL;
    const struct node       *node = NULL;
    const uint8_t           *line = s->line, *plain = x->plain;
    size_t                   i = at + 1, n = s->line_n, chain = x->pair[(size_t)plain[line[at]] << 8 | plain[line[i]]];
    for (;;) {
        for (size_t from = i++; plain[line[from]] == ' ' && i < n && i - from < GAP_MAX && plain[line[i]] == ' ';)
            i++;
        if (i >= n)
            return best;
        node = node == NULL ? in_chain(x, chain, plain[line[i]]) : child_of(x, node, plain[line[i]]);
        if (node == NULL)
            return best;
        if (node->run != 0 && node->leaf == 0) {
            if (!goes_on(s, i + 1, node + 1, node->run))
                return best;
            i += node->run;
            node += node->run;
        }
        if (node->leaf != 0 && !((x->kind[line[i]] & WORDY) != 0 && is(s, i + 1, WORDY))) {
            best = &x->patterns[node->leaf - 1];
            *end = i + 1;
        }
    }
}

/* A word of the line that the first look let through. Gives where reading goes on: `at` = nothing was taken. */
static size_t look(struct scan *s, size_t at)
{
    size_t                end = 0;
    const struct pattern *p = pattern_at(s, at, &end);
    if (p != NULL)
        return take(s, p, at, end);
    return is(s, at, DIGITS) ? bare_number(s, at) : at;
}

/* Words of TLS and of proxies, at the begin of a word or inside one ("openssl"): weak finds of the line count beside them. */
static void mark(struct scan *s, unsigned prefix, size_t at)
{
    for (size_t i = 0; i < MARKS; i++) {
        const struct mark *m = &s->index->marks[i];
        if (m->prefix != prefix)
            continue;
        *(m->proxy ? &s->proxy : &s->tls) |= stands(s, at, m->word, m->len);
        return;
    }
}

/* The first look, at up to 64 places that each have two more characters behind them: a bit for each place where a
 * pattern or a number may begin with a word, or where a mark may. No branch depends on what stands there. */
static uint64_t candidates(const struct scan_index *x, const uint8_t *p, size_t places, bool in_word)
{
    enum { FOLD = 31, BEFORE = 3 }; /* three characters back: the one before the place */
    uint64_t found = 0;
    unsigned before = in_word, h = 0;
    for (size_t i = 0; i < 2; i++) {
        h = h << 5 | (x->folded[p[i]] & FOLD);
        before = before << 1 | x->folded[p[i]] >> 5;
    }
    for (size_t i = 0; i < places; i++) {
        unsigned c = x->folded[p[i + 2]];
        h = (h << 5 | (c & FOLD)) & (PREFIXES - 1);
        before = before << 1 | c >> 5;
        unsigned look = x->looks[h];
        found = found >> 1 | (uint64_t)((look & ~(before >> BEFORE)) | look >> 1) << 63;
    }
    return found >> (64 - places);
}

/* One place that the first look let through. Gives up to where the line is explained now. */
static size_t second_look(struct scan *s, size_t at, size_t taken)
{
    const struct scan_index *x = s->index;
    unsigned                 prefix = prefix_of(x, s->line + at);
    unsigned                 look_for = x->looks[prefix];
    if ((look_for & LOOK_MARK) != 0 && !(s->tls && s->proxy))
        mark(s, prefix, at);
    if ((look_for & LOOK_WORD) == 0 || at < taken || (at > 0 && (x->kind[s->line[at - 1]] & WORDY) != 0))
        return taken;
    unsigned after = at + 5 < s->line_n ? prefix_of(x, s->line + at + 3) : 0;
    if (!bit(x->brief, prefix) && !bit(x->second, six(prefix, after)))
        return taken;
    size_t end = look(s, at);
    return end > at ? end : taken;
}

void scan_line(struct scan *s, const char *line, size_t n, bool everything, scan_hit *hit, void *ctx)
{
    enum { PLACES = 64 };
    const uint8_t *p = (const uint8_t *)line;
    size_t         taken = 0; /* up to here the line is explained */
    s->line = p;
    s->line_n = n;
    s->found_n = 0;
    s->number = s->named = (struct ahead){ .from = SIZE_MAX };
    s->tls = s->proxy = everything;
    for (size_t at = 0; at + 2 < n; at += PLACES) {
        size_t   places = n - 2 - at < PLACES ? n - 2 - at : PLACES;
        uint64_t found = candidates(s->index, p + at, places, at > 0 && (s->index->kind[p[at - 1]] & WORDY) != 0);
        for (; found != 0; found &= found - 1)
            taken = second_look(s, at + (size_t)__builtin_ctzll(found), taken);
    }
    for (size_t i = 0; i < s->found_n; i++) {
        const struct found *f = &s->found[i];
        if ((!f->weak || s->tls) && (!f->proxy || s->proxy))
            hit(ctx, f->code, f->value, f->at);
    }
}
