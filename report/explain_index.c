#include "explain_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The index of all patterns and numbers that the rows have. Built at the first use, and kept. */

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
static const char *const tls_words[] = { "ssl", "tls", "https", "handshake", "certificate", "x509", "cipher", "crypto" };
static const char *const proxy_words[] = { "proxy", "connect", "tunnel", "squid" };

static bool gap(unsigned char c) { return c == ' ' || c == '_' || c == '-' || c == '\t'; }
static bool letter(unsigned char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
static bool digit(unsigned char c) { return c >= '0' && c <= '9'; }
static uint8_t lower(unsigned char c) { return (uint8_t)(c >= 'A' && c <= 'Z' ? c | 0x20 : c); }
static void set_bit(uint64_t *set, unsigned i) { set[i >> 6] |= UINT64_C(1) << (i & 63); }

static size_t normalise(char *out, const char *s, size_t n)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        if (!gap((unsigned char)s[i]))
            out[k++] = (char)lower((unsigned char)s[i]);
        else if (k > 0 && out[k - 1] != ' ')
            out[k++] = ' ';
    }
    while (k > 0 && out[k - 1] == ' ')
        k--;
    out[k] = '\0';
    return k;
}

static void pattern_add(struct scan_index *x, const char *text, size_t n, enum context what, const struct code *c, bool weak)
{
    char *copy = ARENA_NEW_N(&x->arena, n + 1, char);
    n = normalise(copy, text, n);
    if (n < 3)
        return;
    x->patterns[x->n++] = (struct pattern){ .text = copy, .len = (uint16_t)n, .what = what, .weak = weak, .code = c,
                                            .of_tls = strstr(copy, "ssl") != NULL || strstr(copy, "tls") != NULL || strstr(copy, "certificate") != NULL,
                                            .leads = n > 5 && strcmp(copy + n - 5, "alert") == 0 };
}

static void code_patterns(struct scan_index *x, const struct code *c)
{
    bool alert = strcmp(c->system, "alert") == 0;
    if (strlen(c->symbol) > 2 && !alert) /* names of alerts are common words: only behind "alert" */
        pattern_add(x, c->symbol, strlen(c->symbol), CODE, c, strchr(c->symbol, '_') == NULL && strlen(c->symbol) < 10);
    if (strcmp(c->system, "oid") == 0 || strcmp(c->system, "update") == 0)
        pattern_add(x, c->code, strlen(c->code), CODE, c, false);
    for (const char *p = c->says; *p != '\0';) {
        size_t len = strcspn(p, "|"), n = len;
        while (n > 0 && p[n - 1] == ' ')
            n--;
        bool weak = n > 0 && p[n - 1] == '?';
        pattern_add(x, p, n - weak, CODE, c, weak);
        p += len + (p[len] == '|');
        p += strspn(p, " ");
    }
}

/* ---- numbers ---- */

static size_t value_hash(enum context what, int64_t v)
{
    return (size_t)(((uint64_t)v * UINT64_C(0x9E3779B97F4A7C15) ^ (uint64_t)what * UINT64_C(0xC2B2AE3D27D4EB4F)) * UINT64_C(0x9E3779B97F4A7C15) >> 40) % VALUE_SLOTS;
}

/* The slot of a number, or the free one where it belongs. There are more slots than numbers. */
static size_t value_place(const struct scan_index *x, enum context what, int64_t v)
{
    size_t at = value_hash(what, v);
    for (; x->value_slot[at] != 0; at = (at + 1) % VALUE_SLOTS) {
        const struct value *there = &x->values[x->value_slot[at] - 1];
        if (there->what == what && there->v == v)
            break;
    }
    return at;
}

const struct code *value_code(const struct scan_index *x, enum context what, int64_t v)
{
    size_t i = x->value_slot[value_place(x, what, v)];
    return i != 0 ? x->values[i - 1].code : NULL;
}

int64_t state_value(int alert, int64_t state)
{
    return alert < 0 || state < 0 || state >= 1 << 20 ? -1 : (int64_t)alert << 20 | state;
}

/* Where two rows have one number, the first stays. */
static void value_add(struct scan_index *x, enum context what, int64_t v, const struct code *c)
{
    size_t at = value_place(x, what, v);
    if (x->value_slot[at] != 0 || x->values_n == VALUES)
        return;
    x->values[x->values_n++] = (struct value){ what, v, c };
    x->value_slot[at] = (uint16_t)x->values_n;
}

/* Systems whose numbers are looked up, by what introduces them. CODE stands for Windows' 32-bit codes. */
static const struct {
    const char  *system;
    enum context what;
} numbered[] = { { "schannel", CODE }, { "cryptoapi", CODE }, { "trust", CODE }, { "alert", ALERT }, { "schannel-event", SCHANNEL }, { "capi2-event", CAPI2 },
                 { "winhttp", WINDOWS }, { "wininet", WINDOWS }, { "winsock", WINDOWS }, { "curl", CURL }, { "openssl-verify", VERIFY }, { "chrome", CHROME },
                 { "gnutls", GNUTLS }, { "mbedtls", MBEDTLS }, { "apple", APPLE }, { "proxy-http", HTTP }, { "openssl", OPENSSL }, { "nss", NSS } };

static void code_values(struct scan_index *x, const struct code *c)
{
    for (size_t i = 0; i < ARRAY_LEN(numbered); i++) {
        if (strcmp(numbered[i].system, c->system) != 0)
            continue;
        for (const char *p = c->code; *p != '\0';) {
            char *end = NULL;
            value_add(x, numbered[i].what, strtoll(p, &end, 0), c);
            p = end + strspn(end, " ");
        }
    }
    static const char event[] = "36888 "; /* and its alert, and its state */
    for (const char *p = strcmp(c->system, "schannel-state") == 0 ? strstr(c->says, event) : NULL; p != NULL; p = strstr(p, event)) {
        char *end = NULL;
        int   alert = (int)strtol(p += strlen(event), &end, 10);
        value_add(x, STATE, state_value(alert, strtol(end, NULL, 10)), c);
    }
}

/* ---- building ---- */

/* The children of a node are few, and stand in a chain. Gives the one for `c`, made where there is none. */
static uint16_t child_for(struct scan_index *x, uint16_t *chain, uint8_t c)
{
    while (*chain != 0 && x->nodes[*chain].c != c)
        chain = &x->nodes[*chain].sibling;
    if (*chain == 0) {
        assert(x->nodes_n < NODES);
        *chain = (uint16_t)x->nodes_n++;
        x->nodes[*chain].c = c;
    }
    return *chain;
}

/* Puts a text below a chain of nodes. Of equal texts the first one stays. */
static void trie_add(struct scan_index *x, uint16_t *chain, const char *text, uint16_t leaf)
{
    uint16_t node = 0;
    for (; *text != '\0'; text++) {
        x->nodes[node].below |= UINT32_C(1) << x->fold[(unsigned char)*text]; /* node 0 takes those of all roots */
        node = child_for(x, chain, (uint8_t)*text);
        chain = &x->nodes[node].child;
    }
    if (x->nodes[node].leaf == 0)
        x->nodes[node].leaf = leaf;
}

/* Nodes of one text that were made together stand one behind the other. */
static void measure_runs(struct scan_index *x)
{
    for (size_t i = 1; i < x->nodes_n; i++) {
        size_t last = i;
        while (x->nodes[last].c != ' ' && (last == i || x->nodes[last].leaf == 0) && x->nodes[last].child == last + 1 &&
               x->nodes[last + 1].sibling == 0 && x->nodes[last + 1].c != ' ' && last - i < UINT8_MAX)
            last++;
        x->nodes[i].run = (uint8_t)(last - i);
    }
}

static void add_alerts(struct scan_index *x)
{
    for (size_t i = 0; i < x->values_n; i++) {
        const char *symbol = x->values[i].code->symbol;
        char        name[64]; /* without gaps: the input's are passed over */
        size_t      n = 0;
        if (x->values[i].what != ALERT || !letter((unsigned char)*symbol))
            continue;
        for (; *symbol != '\0' && n + 1 < sizeof name; symbol++) {
            if (!gap((unsigned char)*symbol))
                name[n++] = (char)lower((unsigned char)*symbol);
        }
        name[n] = '\0';
        trie_add(x, &x->alerts, name, (uint16_t)(i + 1));
    }
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

static void set_look(struct scan_index *x, unsigned prefix, uint8_t what) { x->looks[prefix] |= what; }

static void admit(struct scan_index *x, const char *text)
{
    unsigned h = prefix_of(x, text);
    set_look(x, h, LOOK_WORD);
    if (strlen(text) < 6)
        set_bit(x->brief, h);
    else
        set_bit(x->second, six(h, prefix_of(x, text + 3)));
}

static void add_marks(struct scan_index *x, const char *const *v, size_t n, bool proxy, struct mark *out)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = (struct mark){ (uint16_t)prefix_of(x, v[i]), proxy, (uint8_t)strlen(v[i]), v[i] };
        set_look(x, out[i].prefix, LOOK_MARK);
    }
}

static void classify(struct scan_index *x)
{
    for (unsigned i = 0; i < 256; i++) {
        unsigned char c = (unsigned char)i;
        bool          hex = digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
        x->lower[i] = lower(c);
        x->plain[i] = gap(c) ? ' ' : lower(c);
        x->fold[i] = (uint8_t)(letter(c) ? c & 31 : digit(c) ? DIGIT : gap(c) ? GAP : OTHER);
        x->kind[i] = (uint8_t)((letter(c) ? ALPHA : 0) | (digit(c) ? DIGITS : 0) | (letter(c) || digit(c) || c == '_' ? WORDY : 0) | (gap(c) ? GAPPY : 0));
        x->folded[i] = (uint8_t)(x->fold[i] | ((x->kind[i] & WORDY) != 0 ? 32 : 0));
        x->nibble[i] = (uint8_t)(!hex ? 255 : digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }
}

static void build(struct scan_index *x)
{
    _Static_assert(ARRAY_LEN(tls_words) + ARRAY_LEN(proxy_words) == MARKS, "MARKS counts both lists");
    x->patterns = ARENA_NEW_N(&x->arena, PATTERNS, struct pattern);
    x->values = ARENA_NEW_N(&x->arena, VALUES, struct value);
    classify(x);
    for (size_t i = 0; code_at(i) != NULL; i++) {
        code_patterns(x, code_at(i));
        code_values(x, code_at(i));
    }
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        pattern_add(x, words[i].text, strlen(words[i].text), words[i].what, NULL, false);
    qsort(x->patterns, x->n, sizeof x->patterns[0], longest_first);
    x->nodes = ARENA_NEW_N(&x->arena, NODES, struct node);
    x->nodes_n = 1;
    for (size_t i = 0; i < x->n; i++) {
        const char *text = x->patterns[i].text;
        trie_add(x, &x->pair[(size_t)(uint8_t)text[0] << 8 | (uint8_t)text[1]], text + 2, (uint16_t)(i + 1));
        admit(x, text);
    }
    add_alerts(x);
    measure_runs(x);
    for (size_t i = 0; i < ARRAY_LEN(number_starts); i++)
        admit(x, number_starts[i]);
    add_marks(x, tls_words, ARRAY_LEN(tls_words), false, x->marks);
    add_marks(x, proxy_words, ARRAY_LEN(proxy_words), true, x->marks + ARRAY_LEN(tls_words));
}

const struct scan_index *scan_index(void)
{
    static struct scan_index index;
    if (index.n == 0)
        build(&index);
    return &index;
}
