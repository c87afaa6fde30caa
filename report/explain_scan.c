#include "tlswhy/explain.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Codes in running text. A first look at three folded characters (one bit each way) passes over nearly every byte;
 * what it lets through and begins a word is compared with the few patterns of its bucket, longest first.
 *
 * Patterns are the messages and symbols of the rows, and words that say what the number behind them is ("alert 70",
 * "EventID>36887<", "curl: (60)"). Numbers alone are taken only where they can be nothing else (0x80090302). */

enum context {
    NOTHING, CODE, ALERT, EVENT, SCHANNEL, CAPI2, RECORD, SOURCE, STATE, CURL, VERIFY, CHROME, GNUTLS, MBEDTLS, WINDOWS, APPLE, HTTP,
    OPENSSL, NSS
};
static const struct word {
    const char  *text;
    enum context what;
} words[] = {
    { "alert", ALERT }, { "alertdesc", ALERT }, { "alert number", ALERT }, { "fatal alert", ALERT }, { "fatal alert code is", ALERT }, { "fatal error code is", ALERT },
    { "remote error: tls:", ALERT }, { "event id", EVENT }, { "eventid", EVENT }, { "event", EVENT }, { "schannel", SCHANNEL }, { "capi2", CAPI2 },
    { "event xmlns", RECORD }, { "log name", RECORD }, { "provider name", SOURCE }, { "source", SOURCE }, { "error state is", STATE }, { "errorstate", STATE },
    { "curl", CURL }, { "curl error", CURL }, { "libcurl", CURL }, { "verify error", VERIFY }, { "verify return code", VERIFY }, { "verify result", VERIFY },
    { "net error", CHROME }, { "gnutls", GNUTLS }, { "gnutls error", GNUTLS }, { "mbedtls", MBEDTLS }, { "error", WINDOWS }, { "error code", WINDOWS }, { "errno", WINDOWS },
    { "os error", WINDOWS }, { "failed with", WINDOWS }, { "winhttp", WINDOWS }, { "wininet", WINDOWS }, { "winsock", WINDOWS }, { "code", WINDOWS },
    { "nsurlerrordomain", APPLE }, { "cfnetwork", APPLE }, { "osstatus", APPLE }, { "kcfstreamerrorcodekey", APPLE }, { "sslhandshake failed", APPLE }, { "securetransport", APPLE },
    { "http/1.0", HTTP }, { "http/1.1", HTTP }, { "http status", HTTP }, { "status code", HTTP }, { "tcp denied/", HTTP }, { "proxy returned", HTTP }, { "connect tunnel failed, response", HTTP },
};
/* Words beside which a weak find counts; asked only where there is one. */
static const char *const tls_words[] = { "ssl", "tls", "https", "handshake", "certificate", "x509", "cipher", "crypto", NULL };
static const char *const proxy_words[] = { "proxy", "connect", "tunnel", "squid", NULL };

struct pattern {
    const char  *text; /* lower case, one space where any mix of spaces, underscores and hyphens may stand */
    uint16_t     len;
    enum context what;
    bool         weak; /* counts only beside a word of TLS */
    bool         of_tls, leads; /* speaks of TLS itself; ends with "alert", whose number or name follows */
    const struct code *code;
};

/* What is compared first of a pattern; those of a bucket stand together, longest first. */
struct key {
    uint16_t after;  /* the fold of its characters 4 to 6; 0 = it is shorter */
    uint16_t third, third_mask; /* that of 7 and 8, as far as they stand where they do in the line */
    uint16_t pattern; /* index + 1; 0 = the bucket ends */
};

struct value {
    enum context       what;
    int64_t            v;
    const struct code *code;
};

struct found {
    const struct code *code;
    uint32_t           value;
    size_t             at;
    bool               weak, proxy;
};

enum { ALERT_ROWS = 96, FOUND_MAX = 64, PREFIXES = 1 << 15, DIGIT = 27, GAP, OTHER };
struct scan {
    struct arena    arena;
    struct pattern *patterns;
    size_t          n;
    struct key     *keys;
    struct value   *values;
    size_t          values_n;
    const struct code *alert_rows[ALERT_ROWS]; /* by the first letter of their names */
    uint8_t         alert_first['z' - 'a' + 2]; /* where each letter begins */
    uint8_t         lower[256]; /* ASCII */
    uint8_t         fold[256]; /* 1-26 letters, DIGIT, GAP, OTHER */
    uint64_t        first[PREFIXES / 64], second[PREFIXES / 64]; /* of three characters, and of six */
    uint64_t        brief[PREFIXES / 64];    /* three characters that begin a pattern of less than six, or a number */
    uint16_t        short_bucket[PREFIXES]; /* by three characters: the first key of those of less than six, */
    uint16_t        long_bucket[PREFIXES];  /* by six of them: of the others */
    enum context    source;           /* of the event record being read */
    bool            refused_here, refused_there; /* event 36888, 36887 */
    int             alert;            /* of this record, or -1 */
    /* the line being read */
    const uint8_t  *line;
    size_t          line_n;
    struct found    found[FOUND_MAX];
    size_t          found_n;
    bool            tls, proxy;
};

static bool gap(unsigned char c) { return c == ' ' || c == '_' || c == '-' || c == '\t'; }
static bool wordy(unsigned char c) { return isalnum(c) != 0 || c == '_'; }

static size_t normalise(char *out, const char *s, size_t n)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        if (!gap((unsigned char)s[i]))
            out[k++] = (char)tolower((unsigned char)s[i]);
        else if (k > 0 && out[k - 1] != ' ')
            out[k++] = ' ';
    }
    while (k > 0 && out[k - 1] == ' ')
        k--;
    out[k] = '\0';
    return k;
}

static unsigned prefix_of(const struct scan *s, const char *p)
{
    return (unsigned)s->fold[(unsigned char)p[0]] << 10 | (unsigned)s->fold[(unsigned char)p[1]] << 5 | s->fold[(unsigned char)p[2]];
}

static void pattern_add(struct scan *s, const char *text, size_t n, enum context what, const struct code *c, bool weak)
{
    char *copy = ARENA_NEW_N(&s->arena, n + 1, char);
    n = normalise(copy, text, n);
    if (n < 3)
        return;
    s->patterns[s->n++] = (struct pattern){ .text = copy, .len = (uint16_t)n, .what = what, .weak = weak, .code = c,
                                            .of_tls = strstr(copy, "ssl") != NULL || strstr(copy, "tls") != NULL || strstr(copy, "certificate") != NULL,
                                            .leads = n > 5 && strcmp(copy + n - 5, "alert") == 0 };
}

static void code_patterns(struct scan *s, const struct code *c)
{
    bool alert = strcmp(c->system, "alert") == 0;
    if (strlen(c->symbol) > 2 && !alert) /* names of alerts are common words: only behind "alert" */
        pattern_add(s, c->symbol, strlen(c->symbol), CODE, c, strchr(c->symbol, '_') == NULL && strlen(c->symbol) < 10);
    if (strcmp(c->system, "oid") == 0 || strcmp(c->system, "update") == 0)
        pattern_add(s, c->code, strlen(c->code), CODE, c, false);
    for (const char *p = c->says; *p != '\0';) {
        size_t len = strcspn(p, "|"), n = len;
        while (n > 0 && p[n - 1] == ' ')
            n--;
        bool weak = n > 0 && p[n - 1] == '?';
        pattern_add(s, p, n - weak, CODE, c, weak);
        p += len + (p[len] == '|');
        p += strspn(p, " ");
    }
}

/* ---- numbers ---- */

static int by_value(const void *a, const void *b)
{
    const struct value *x = a, *y = b;
    if (x->what != y->what)
        return x->what < y->what ? -1 : 1;
    if (x->v != y->v)
        return x->v < y->v ? -1 : 1;
    return x->code < y->code ? -1 : x->code > y->code;
}

/* Systems whose numbers are looked up, by what introduces them. CODE stands for Windows' 32-bit codes. */
static const struct {
    const char  *system;
    enum context what;
} numbered[] = { { "schannel", CODE }, { "cryptoapi", CODE }, { "trust", CODE }, { "alert", ALERT }, { "schannel-event", SCHANNEL }, { "capi2-event", CAPI2 },
                 { "winhttp", WINDOWS }, { "wininet", WINDOWS }, { "winsock", WINDOWS }, { "curl", CURL }, { "openssl-verify", VERIFY }, { "chrome", CHROME },
                 { "gnutls", GNUTLS }, { "mbedtls", MBEDTLS }, { "apple", APPLE }, { "proxy-http", HTTP }, { "openssl", OPENSSL }, { "nss", NSS } };

static void code_values(struct scan *s, const struct code *c)
{
    for (size_t i = 0; i < ARRAY_LEN(numbered); i++) {
        if (strcmp(numbered[i].system, c->system) != 0)
            continue;
        for (const char *p = c->code; *p != '\0' && s->values_n < 1024;) {
            char *end = NULL;
            s->values[s->values_n++] = (struct value){ numbered[i].what, strtoll(p, &end, 0), c };
            p = end + strspn(end, " ");
        }
    }
}

static const struct code *value_code(const struct scan *s, enum context what, int64_t v)
{
    size_t low = 0, high = s->values_n;
    while (low < high) {
        size_t              mid = (low + high) / 2;
        const struct value *at = &s->values[mid];
        if (at->what < what || (at->what == what && at->v < v))
            low = mid + 1;
        else
            high = mid;
    }
    return low < s->values_n && s->values[low].what == what && s->values[low].v == v ? s->values[low].code : NULL;
}

/* ---- building ---- */

static void sort_alerts(struct scan *s)
{
    size_t n = 0;
    for (int letter = 'a'; letter <= 'z'; letter++) {
        s->alert_first[letter - 'a'] = (uint8_t)n;
        for (size_t i = 0; i < s->values_n && n < ALERT_ROWS; i++) {
            if (s->values[i].what == ALERT && s->values[i].code->symbol[0] == letter)
                s->alert_rows[n++] = s->values[i].code;
        }
    }
    s->alert_first['z' - 'a' + 1] = (uint8_t)n;
}

static int longest_first(const void *a, const void *b)
{
    const struct pattern *x = a, *y = b;
    if (x->len != y->len)
        return x->len > y->len ? -1 : 1;
    int words_differ = strcmp(x->text, y->text);
    if (words_differ != 0)
        return words_differ;
    int ox = x->code != NULL ? x->code->often : 9, oy = y->code != NULL ? y->code->often : 9;
    return ox != oy ? oy - ox : x->code < y->code ? -1 : x->code > y->code;
}

static const char *const number_starts[] = { "0x0", "000", "0a0" }; /* folded: any digits */

static bool bit(const uint64_t *set, unsigned i) { return (set[i >> 6] >> (i & 63) & 1) != 0; }
static void set_bit(uint64_t *set, unsigned i) { set[i >> 6] |= UINT64_C(1) << (i & 63); }
static unsigned six(unsigned a, unsigned b) { return (a * 0x9E3779B1u ^ b * 0x85EBCA6Bu) >> 17; } /* 15 bits */

static void admit(struct scan *s, const char *text)
{
    unsigned h = prefix_of(s, text);
    set_bit(s->first, h);
    if (strlen(text) < 6)
        set_bit(s->brief, h);
    else
        set_bit(s->second, six(h, prefix_of(s, text + 3)));
}

/* One gap of a pattern stands for any run of them, so behind it nothing is sure to stand in its place. */
static struct key key_of(const struct scan *s, size_t i)
{
    enum { LETTER = 31 };
    const struct pattern *p = &s->patterns[i];
    struct key            k = { .after = p->len < 6 ? 0 : (uint16_t)prefix_of(s, p->text + 3), .pattern = (uint16_t)(i + 1) };
    if (p->len > 6) {
        k.third = (uint16_t)(s->fold[(unsigned char)p->text[6]] << 5);
        k.third_mask = LETTER << 5;
    }
    if (p->len > 7 && p->text[6] != ' ') {
        k.third |= s->fold[(unsigned char)p->text[7]];
        k.third_mask |= LETTER;
    }
    return k;
}

static uint16_t *bucket_of(struct scan *s, size_t i, unsigned after)
{
    unsigned h = prefix_of(s, s->patterns[i].text);
    return after == 0 ? &s->short_bucket[h] : &s->long_bucket[six(h, after)];
}

/* Counts first; then each bucket's place holds where its next key goes, and in the end, from behind, its first. */
static void fill_buckets(struct scan *s)
{
    size_t at = 1; /* key 0 ends the empty bucket */
    s->keys = ARENA_NEW_N(&s->arena, 2 * s->n + 1, struct key);
    for (size_t i = 0; i < s->n; i++)
        ++*bucket_of(s, i, key_of(s, i).after);
    uint16_t *const tables[] = { s->short_bucket, s->long_bucket };
    for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
        for (size_t b = 0; b < PREFIXES; b++) {
            if (tables[t][b] == 0)
                continue;
            at += tables[t][b];
            tables[t][b] = (uint16_t)at++; /* the end of the bucket, left zero */
        }
    }
    for (size_t i = s->n; i-- > 0;) {
        struct key k = key_of(s, i);
        s->keys[--*bucket_of(s, i, k.after)] = k;
    }
}

struct scan *scan_new(void)
{
    struct scan *s = mem_get(1, sizeof *s);
    memset(s, 0, sizeof *s);
    s->alert = -1;
    s->patterns = ARENA_NEW_N(&s->arena, 4096, struct pattern);
    s->values = ARENA_NEW_N(&s->arena, 1024, struct value);
    for (unsigned c = 0; c < 256; c++)
        s->lower[c] = (uint8_t)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    for (unsigned c = 0; c < 256; c++)
        s->fold[c] = (uint8_t)((c | 0x20) >= 'a' && (c | 0x20) <= 'z' && c < 128 ? (c & 31) : c >= '0' && c <= '9' ? DIGIT : gap((unsigned char)c) ? GAP : OTHER);
    for (size_t i = 0; code_at(i) != NULL; i++) {
        code_patterns(s, code_at(i));
        code_values(s, code_at(i));
    }
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        pattern_add(s, words[i].text, strlen(words[i].text), words[i].what, NULL, false);
    qsort(s->patterns, s->n, sizeof s->patterns[0], longest_first);
    qsort(s->values, s->values_n, sizeof s->values[0], by_value);
    sort_alerts(s);
    fill_buckets(s);
    for (size_t i = 0; i < s->n; i++) {
        admit(s, s->patterns[i].text);
    }
    for (size_t i = 0; i < ARRAY_LEN(number_starts); i++)
        admit(s, number_starts[i]);
    return s;
}

void scan_free(struct scan *s)
{
    if (s == NULL)
        return;
    arena_free(&s->arena);
    free(s);
}

/* ---- matching ---- */

/* The end of the pattern in the line from `at`, or 0. */
static size_t matches(const struct scan *s, const struct pattern *p, size_t at)
{
    size_t i = at;
    for (size_t k = 0; k < p->len; k++) {
        size_t from = i;
        if (i >= s->line_n)
            return 0;
        if (p->text[k] != ' ' && s->lower[s->line[i++]] != (uint8_t)p->text[k])
            return 0;
        while (p->text[k] == ' ' && i < s->line_n && i - from < 8 && gap(s->line[i]))
            i++;
        if (i == from)
            return 0;
    }
    bool ends_in_word = wordy((unsigned char)p->text[p->len - 1]);
    return ends_in_word && i < s->line_n && wordy(s->line[i]) ? 0 : i;
}

static void find(struct scan *s, const struct code *c, uint32_t value, size_t at, bool weak, bool proxy)
{
    if (s->found_n < FOUND_MAX && (c != NULL || value != 0))
        s->found[s->found_n++] = (struct found){ c, value, at, weak, proxy };
}

/* A number that stands at `at`, with sign and base. False: there is none. */
struct digits {
    int64_t v;
    size_t  n, end;
    bool    hex, negative;
};
static bool number_at(const struct scan *s, size_t at, struct digits *d)
{
    size_t i = at;
    *d = (struct digits){ 0 };
    if (i < s->line_n && s->line[i] == '-') {
        d->negative = true;
        i++;
    }
    if (s->line_n - i > 2 && s->line[i] == '0' && (s->line[i + 1] | 0x20) == 'x') {
        d->hex = true;
        i += 2;
    }
    size_t from = i, letters = 0;
    for (; i < s->line_n && i - from < 17 && isxdigit(s->line[i]); i++)
        letters += isalpha(s->line[i]) != 0;
    d->n = i - from;
    if (d->n == 0 || d->n > 16 || (i < s->line_n && wordy(s->line[i])))
        return false;
    if (letters != 0 && !d->hex && d->n != 8)
        return false;
    d->hex |= letters != 0;
    for (size_t k = from; k < i; k++) {
        int c = tolower(s->line[k]);
        d->v = d->v * (d->hex ? 16 : 10) + (c <= '9' ? c - '0' : c - 'a' + 10);
        if (d->v > INT64_C(0xffffffffff))
            return false;
    }
    d->v = d->negative ? -d->v : d->v;
    d->end = i;
    return true;
}

/* A Windows code: 0x80090302, 80090302, 2148074242 or -2146893054; 0x8007NNNN wraps a small error number. */
static bool windows_code(struct scan *s, const struct digits *d, size_t at)
{
    int64_t wide = d->v < 0 ? d->v + INT64_C(0x100000000) : d->v;
    if (!d->hex && d->n == 8) { /* eight digits without 0x: hex */
        char digits[17];
        snprintf(digits, sizeof digits, "%lld", (long long)d->v);
        wide = strtoll(digits, NULL, 16);
    }
    if (wide < 0 || wide > UINT32_MAX)
        return false;
    const struct code *c = value_code(s, CODE, wide);
    if (c == NULL && wide >> 16 == 0x8007)
        c = value_code(s, WINDOWS, wide & 0xffff);
    if (c == NULL && (wide >> 23 == 20 || wide >> 24 == 20))
        c = value_code(s, OPENSSL, wide >> 23 == 20 ? wide & 0x7fffff : wide & 0xfff);
    bool ours = wide >> 16 == 0x8009 || wide >> 16 == 0x800b;
    find(s, c, c == NULL && ours ? (uint32_t)wide : 0, at, false, false);
    return c != NULL || ours;
}

/* Skips what stands between a word and its number: punctuation, an attribute, a few filler words. */
static size_t to_number(const struct scan *s, size_t at)
{
    static const struct {
        size_t      len;
        const char *word;
    } filler[] = { { 6, "number" }, { 4, "code" }, { 2, "is" }, { 2, "id" }, { 3, "num" }, { 5, "error" }, { 4, "exit" }, { 6, "result" }, { 8, "returned" }, { 6, "status" }, { 5, "value" }, { 2, "of" }, { 2, "no" } };
    size_t end = s->line_n < at + 48 ? s->line_n : at + 48;
    for (unsigned steps = 0; at < end && steps < 24; steps++) {
        unsigned char c = s->line[at];
        if (isdigit(c) || (c == '-' && at + 1 < end && isdigit(s->line[at + 1])))
            return at;
        if (!isalpha(c)) {
            at++;
            continue;
        }
        size_t len = 0;
        while (at + len < end && wordy(s->line[at + len]))
            len++;
        bool known = false;
        for (size_t i = 0; i < ARRAY_LEN(filler); i++)
            known |= filler[i].len == len && strncasecmp((const char *)s->line + at, filler[i].word, len) == 0;
        const unsigned char *close = len == 10 && strncasecmp((const char *)s->line + at, "qualifiers", len) == 0 ? memchr(s->line + at, '>', end - at) : NULL;
        if (close != NULL)
            at = (size_t)(close - s->line); /* <EventID Qualifiers="0">36887 */
        else if (known)
            at += len;
        else if (isxdigit(c) && len == 8)
            return at;
        else
            return SIZE_MAX;
    }
    return SIZE_MAX;
}

/* The name of an alert from `at`, written in any way: handshake_failure, "handshake failure", HandshakeFailure. */
static const struct code *alert_named(const struct scan *s, size_t at)
{
    const struct code *best = NULL;
    size_t             longest = 0;
    int                letter = tolower(s->line[at]) - 'a';
    if (letter < 0 || letter > 'z' - 'a')
        return NULL;
    for (size_t i = s->alert_first[letter]; i < s->alert_first[letter + 1]; i++) {
        const char *name = s->alert_rows[i]->symbol;
        size_t      k = at, n = 0;
        for (; name[n] != '\0' && k < s->line_n; k++) {
            if (name[n] == '_')
                n++;
            if (gap(s->line[k]))
                continue;
            if (tolower(s->line[k]) != name[n])
                break;
            n++;
        }
        bool whole = name[n] == '\0' && (k >= s->line_n || !wordy(s->line[k]));
        if (whole && n > longest) {
            longest = n;
            best = s->alert_rows[i];
        }
    }
    return best;
}

/* What follows "alert" within a few words: its number, or its name. "Alert (Level: Fatal, Description: ...". */
static void alert_after(struct scan *s, size_t at, size_t from, bool weak)
{
    size_t end = s->line_n < at + 64 ? s->line_n : at + 64;
    for (size_t i = at, steps = 0; i < end && steps < 12; steps++) {
        while (i < end && !isalnum(s->line[i]))
            i++;
        struct digits      d;
        const struct code *c = NULL;
        if (i < end && isdigit(s->line[i])) {
            if (number_at(s, i, &d) && d.n <= 4)
                c = value_code(s, ALERT, d.v);
            if (c == NULL)
                return;
        } else if (i < end) {
            c = alert_named(s, i);
        }
        if (c != NULL) {
            s->alert = atoi(c->code);
            find(s, c, 0, from, weak, false);
            return;
        }
        while (i < end && wordy(s->line[i]))
            i++;
    }
}

static void event_number(struct scan *s, int64_t v, size_t at)
{
    const struct code *c = s->source != CAPI2 ? value_code(s, SCHANNEL, v) : NULL;
    if (c == NULL && (s->source == CAPI2 || v > 4000))
        c = value_code(s, CAPI2, v);
    if (c == NULL)
        return;
    s->refused_there = v == 36887;
    s->refused_here = v == 36888;
    find(s, c, 0, at, false, false);
}

/* Event 36888 with its alert and "internal error state": the three together have rows of their own. */
static void error_state(struct scan *s, int64_t state, size_t at)
{
    char text[48];
    snprintf(text, sizeof text, "36888 %d %lld", s->alert, (long long)state);
    for (size_t i = 0; i < s->n && s->alert >= 0; i++) {
        if (strcmp(s->patterns[i].text, text) == 0)
            find(s, s->patterns[i].code, 0, at, false, false);
    }
}

/* The number behind a word. Gives where reading goes on. */
static size_t number_after(struct scan *s, const struct pattern *p, size_t at, size_t end)
{
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
        c = value_code(s, HTTP, d.v);
        find(s, c, 0, at, false, c != NULL && d.v != 407);
        return second;
    }
    default:
        if ((d.n == 8 || d.n == 10) && windows_code(s, &d, at))
            return d.end;
        c = value_code(s, p->what, d.v);
        if (c == NULL && p->what == WINDOWS && d.v < 0)
            c = d.v <= -9800 || d.v >= -1300 ? NULL : value_code(s, NSS, d.v);
        find(s, c, 0, at, p->what == WINDOWS && d.v < 12000, false);
    }
    return c != NULL ? d.end : end;
}

/* A number that needs no word before it, from its first digit on. Gives where reading goes on. */
static size_t bare_number(struct scan *s, size_t at)
{
    size_t        sign = at > 0 && s->line[at - 1] == '-' && (at < 2 || !wordy(s->line[at - 2])) ? at - 1 : at, run = at;
    struct digits d;
    while (run < s->line_n && isdigit(s->line[run]))
        run++;
    bool likely = sign != at || run - at == 8 || run - at == 10 || (run < s->line_n && isalpha(s->line[run])); /* 8: hex without 0x */
    if (!likely || !number_at(s, sign, &d))
        return run;
    bool eight = d.hex && d.n == 8, plain_eight = !d.hex && !d.negative && d.n == 8 && (s->line[at] == '8'), ten = !d.hex && d.n == 10 && s->line[at] == '2';
    if (eight || plain_eight || ten)
        return windows_code(s, &d, at) ? d.end : at;
    if (d.negative && !d.hex && d.n >= 4 && d.n <= 5) { /* NSS and Apple, beside a word of TLS */
        const struct code *c = value_code(s, NSS, d.v);
        find(s, c != NULL ? c : value_code(s, APPLE, d.v), 0, at, true, false);
        return d.end;
    }
    if (d.negative && d.hex && d.n == 4) {
        find(s, value_code(s, MBEDTLS, d.v), 0, at, true, false);
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

/* The longest pattern of a bucket that stands at `at`. */
static const struct pattern *in_bucket(const struct scan *s, size_t i, unsigned after, size_t at, size_t *end)
{
    unsigned six = at + 6 < s->line_n ? s->fold[s->line[at + 6]] : 0, seven = at + 7 < s->line_n ? s->fold[s->line[at + 7]] : 0;
    unsigned third = six << 5 | seven, mask = (after & 31) == GAP && six == GAP ? 0 : UINT16_MAX; /* a run of gaps: look closely */
    for (const struct key *k = &s->keys[i]; k->pattern != 0; k++) {
        const struct pattern *p = &s->patterns[k->pattern - 1];
        if ((k->after == 0 || k->after == after) && ((k->third ^ third) & k->third_mask & mask) == 0 && (*end = matches(s, p, at)) != 0)
            return p;
    }
    return NULL;
}

/* A word of the line that the first look let through. Gives where reading goes on: `at` = nothing was taken. */
static size_t look(struct scan *s, unsigned prefix, unsigned after, size_t at)
{
    size_t                end = 0;
    const struct pattern *p = in_bucket(s, s->long_bucket[six(prefix, after)], after, at, &end);
    if (p == NULL)
        p = in_bucket(s, s->short_bucket[prefix], after, at, &end);
    if (p != NULL)
        return take(s, p, at, end);
    return isdigit(s->line[at]) ? bare_number(s, at) : at;
}

/* Any of the words, at the begin of a word or inside one ("openssl"). */
static bool has_word(const struct scan *s, const char *const *list)
{
    for (; *list != NULL; list++) {
        size_t len = strlen(*list);
        for (size_t i = 0; i + len <= s->line_n; i++) {
            if ((s->line[i] | 0x20) == (unsigned char)**list && strncasecmp((const char *)s->line + i, *list, len) == 0)
                return true;
        }
    }
    return false;
}

void scan_line(struct scan *s, const char *line, size_t n, bool everything, scan_hit *hit, void *ctx)
{
    const uint8_t *p = (const uint8_t *)line;
    unsigned       h = 0;
    size_t         taken = 0; /* up to here the line is explained */
    s->line = p;
    s->line_n = n;
    s->found_n = 0;
    s->tls = s->proxy = everything;
    if (n < 3)
        return;
    h = (unsigned)s->fold[p[0]] << 5 | s->fold[p[1]];
    for (size_t i = 2; i < n; i++) {
        h = (h << 5 | s->fold[p[i]]) & (PREFIXES - 1);
        if (!bit(s->first, h))
            continue;
        size_t at = i - 2;
        if (at < taken || (at > 0 && wordy(p[at - 1])))
            continue;
        unsigned after = i + 3 < n ? prefix_of(s, line + i + 1) : 0;
        if (!bit(s->brief, h) && !bit(s->second, six(h, after)))
            continue;
        size_t end = look(s, h, after, at);
        taken = end > at ? end : taken;
    }
    for (size_t i = 0; i < s->found_n; i++) {
        const struct found *f = &s->found[i];
        s->tls |= f->weak && !s->tls && has_word(s, tls_words);
        s->proxy |= f->proxy && !s->proxy && has_word(s, proxy_words);
        if ((!f->weak || s->tls) && (!f->proxy || s->proxy))
            hit(ctx, f->code, f->value, f->at);
    }
}
