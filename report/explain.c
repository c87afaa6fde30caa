#include "tlswhy/explain.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The rows, and their readings for one thing that somebody pasted. Finding codes in running text is explain_scan.c. */

static const struct code codes[] = {
#define ROW(...) { __VA_ARGS__ },
#include "gen/knowledge/error_codes.inc"
#include "gen/knowledge/alerts.inc"
#undef ROW
};

static const struct step {
    const char *cause, *step;
} steps[] = {
#define ROW(cause, step) { cause, step },
#include "gen/knowledge/next_steps.inc"
#undef ROW
};

/* How numbers of a system are written, and how likely a bare number is meant to be one of it (0-9). */
static const struct system_row {
    const char *name;
    int         likely;
    bool        bits32;   /* a Windows 32-bit code: hex, unsigned or negative decimal are the same */
    bool        unsigned_too; /* people leave the minus sign out */
} systems[] = {
    { "schannel", 9, true, false },     { "trust", 9, true, false },       { "cryptoapi", 9, true, false }, { "trust-status", 2, true, false },
    { "winhttp-flag", 1, true, false }, { "alert", 8, false, false },      { "capi2-event", 5, false, false }, { "schannel-event", 7, false, false },
    { "winhttp", 7, false, false },     { "wininet", 6, false, false },    { "winsock", 6, false, false },  { "proxy-http", 6, false, false },
    { "curl", 7, false, false },        { "openssl-verify", 5, false, false }, { "openssl", 2, false, false }, { "nss", 5, false, true },
    { "chrome", 4, false, true },       { "apple", 5, false, true },       { "gnutls", 3, false, true },    { "mbedtls", 3, false, true },
    { "mbedtls-flag", 0, true, false },
};

const struct code *code_at(size_t i) { return i < ARRAY_LEN(codes) ? &codes[i] : NULL; }
size_t             code_index(const struct code *c) { return (size_t)(c - codes); }

static const struct system_row *system_of(const struct code *c)
{
    static const struct system_row other = { "", 3, false, false };
    for (size_t i = 0; i < ARRAY_LEN(systems); i++) {
        if (strcmp(systems[i].name, c->system) == 0)
            return &systems[i];
    }
    return &other;
}

void code_title(struct text *t, const struct code *c)
{
    bool named = strcmp(c->system, "alert") == 0 || strcmp(c->system, "curl") == 0, event = strstr(c->system, "-event") != NULL;
    if (named || event)
        text_printf(t, "%s ", named ? c->system : event ? "event" : "");
    text_add(t, c->code);
    text_add(t, c->code[0] != '\0' && c->symbol[0] != '\0' ? " " : "");
    text_add(t, c->symbol);
    if (c->code[0] == '\0' && c->symbol[0] == '\0')
        text_printf(t, "\"%.*s\"", (int)strcspn(c->says, "|?") - (strchr(c->says, '|') != NULL), c->says);
}

size_t code_causes(const struct code *c, struct code_cause out[CODE_CAUSES])
{
    size_t n = 0;
    for (const char *p = c->causes; *p != '\0' && n < CODE_CAUSES;) {
        char   word[48];
        size_t len = strcspn(p, " !");
        snprintf(word, sizeof word, "%.*s", (int)len, p);
        out[n] = (struct code_cause){ cause_of(word), p[len] == '!' };
        n += out[n].cause != NULL;
        p += len + (p[len] == '!');
        p += *p == ' ';
    }
    return n;
}

static const char *step_of(const char *cause)
{
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        if (strcmp(steps[i].cause, cause) == 0)
            return steps[i].step;
    }
    return NULL;
}

size_t code_next(const struct code *c, const char *out[3])
{
    struct code_cause v[CODE_CAUSES];
    size_t            n = 0, causes = code_causes(c, v);
    if (c->next[0] != '\0')
        out[n++] = c->next;
    for (size_t i = 0; i < causes && n < 2; i++) {
        const char *step = step_of(v[i].cause->code);
        if (step != NULL && strstr(c->next, "tlswhy") == NULL)
            out[n++] = step;
    }
    return n;
}

/* ---- one number, in whatever form ---- */

struct number {
    bool     negative, hex;
    uint64_t v;
    size_t   digits;
};

static bool number_parse(const char *s, size_t len, struct number *n)
{
    *n = (struct number){ 0 };
    size_t i = 0;
    if (i < len && s[i] == '-') {
        n->negative = true;
        i++;
    }
    if (len - i > 2 && s[i] == '0' && (s[i + 1] | 0x20) == 'x') {
        n->hex = true;
        i += 2;
    } else {
        bool letters = false;
        for (size_t k = i; k < len; k++)
            letters |= isalpha((unsigned char)s[k]) != 0;
        n->hex = letters && len - i == 8; /* 80090302 is decimal by its look; code_number_fits takes both */
    }
    if (i == len || len - i > 16)
        return false;
    for (; i < len; i++, n->digits++) {
        int c = tolower((unsigned char)s[i]), d = c >= '0' && c <= '9' ? c - '0' : n->hex && c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (d < 0)
            return false;
        n->v = n->v * (n->hex ? 16 : 10) + (uint64_t)d;
    }
    return true;
}

/* The reason inside a packed OpenSSL error: 0x0A0000C1 (3.0 on) or 0x1408A0C1 (before); both are of library 20, SSL. */
static bool openssl_reason(uint64_t v, uint64_t *reason)
{
    if (v > UINT32_MAX)
        return false;
    if (v >> 23 == 20)
        *reason = v & 0x7fffff;
    else if (v >> 24 == 20)
        *reason = v & 0xfff;
    else
        return false;
    return true;
}

/* How well the number fits a row: 0 not at all, 3 written as that system writes it. */
static int number_fits(const struct number *n, const struct code *c, const struct system_row *sys)
{
    const char *p = c->code;
    int         best = 0;
    while (*p != '\0') {
        struct number row;
        size_t        len = strcspn(p, " ");
        int           fit = 0;
        if (number_parse(p, len, &row)) {
            uint64_t low = n->negative ? (uint64_t)(uint32_t)(0u - (uint32_t)n->v) : n->v;
            if (sys->bits32 && n->v <= UINT32_MAX)
                fit = low == row.v ? (n->hex || n->negative || n->digits == 10 ? 3 : 1) : 0;
            else if (n->v == row.v && n->negative == row.negative)
                fit = n->hex == row.hex ? 3 : row.hex ? 2 : 1;
            else if (n->v == row.v && sys->unsigned_too)
                fit = 1;
        }
        best = fit > best ? fit : best;
        p += len + strspn(p + len, " ");
    }
    return best;
}

struct ranked {
    int    rank;
    size_t row;
};

static int by_rank(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->rank != y->rank)
        return y->rank - x->rank;
    return x->row < y->row ? -1 : x->row > y->row;
}

static size_t number_readings(const struct number *n, struct ranked *out, size_t cap)
{
    size_t   found = 0;
    uint64_t reason = 0, value = n->negative ? (uint32_t)(0u - (uint32_t)n->v) : n->v;
    bool     packed = n->hex && !n->negative && openssl_reason(n->v, &reason), wrapped = n->v <= UINT32_MAX && value >> 16 == 0x8007;
    /* Windows wraps its small error numbers as 0x8007NNNN, QUIC a TLS alert as 0x01NN. */
    struct number small = { .v = wrapped ? value & 0xffff : packed ? reason : n->v - 0x100, .digits = 5 };
    bool          quic = n->hex && !n->negative && n->v >= 0x100 && n->v < 0x200 && n->digits <= 4;
    struct number eight = *n; /* 80090302 without 0x */
    bool          bare = !n->hex && !n->negative && n->digits == 8;
    if (bare) {
        char digits[24];
        snprintf(digits, sizeof digits, "0x%llu", (unsigned long long)n->v);
        bare = number_parse(digits, strlen(digits), &eight);
    }
    for (size_t i = 0; i < ARRAY_LEN(codes) && found < cap; i++) {
        const struct system_row *sys = system_of(&codes[i]);
        bool                     ssl = strcmp(codes[i].system, "openssl") == 0, win = strncmp(codes[i].system, "win", 3) == 0;
        int                      fit = number_fits(n, &codes[i], sys);
        if (fit == 0 && bare && sys->bits32)
            fit = number_fits(&eight, &codes[i], sys);
        if (fit == 0 && ((wrapped && win && !sys->bits32) || (packed && ssl) || (quic && strcmp(codes[i].system, "alert") == 0)))
            fit = number_fits(&small, &codes[i], sys) != 0 ? 3 : 0;
        if (fit != 0 && codes[i].code[0] != '\0')
            out[found++] = (struct ranked){ fit * 20 + codes[i].often * 6 + sys->likely, i };
    }
    return found;
}

/* ---- symbols and messages ---- */

/* Compares as people paste: case, and any mix of spaces, underscores and hyphens, do not count. */
static bool same_words(const char *a, size_t an, const char *b)
{
    size_t i = 0;
    while (i < an && *b != '\0') {
        bool ga = strchr(" _-\t", a[i]) != NULL, gb = strchr(" _-\t", *b) != NULL;
        if (ga && gb) {
            while (i < an && strchr(" _-\t", a[i]) != NULL)
                i++;
            while (*b != '\0' && strchr(" _-\t", *b) != NULL)
                b++;
        } else if (tolower((unsigned char)a[i]) == tolower((unsigned char)*b)) {
            i++;
            b++;
        } else {
            return false;
        }
    }
    return i == an && *b == '\0';
}

/* Symbols are also written without what all of a family begin with. */
static const char *const prefixes[] = { "SSL_R_", "X509_V_ERR_", "GNUTLS_E_", "MBEDTLS_ERR_", "MBEDTLS_", "CURLE_", "ERR_SSL_", "ERR_", "ERROR_", "WINHTTP_CALLBACK_STATUS_FLAG_", "CERT_TRUST_" };

static int text_fits(const char *s, const struct code *c)
{
    if (c->symbol[0] != '\0' && same_words(c->symbol, strlen(c->symbol), s))
        return 3;
    for (const char *p = c->says; *p != '\0';) {
        size_t len = strcspn(p, "|"), n = len;
        while (n > 0 && (p[n - 1] == ' ' || p[n - 1] == '?'))
            n--;
        if (n != 0 && same_words(p, n, s))
            return 3;
        p += len + (p[len] == '|');
        p += strspn(p, " ");
    }
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        size_t len = strlen(prefixes[i]);
        if (strncmp(c->symbol, prefixes[i], len) == 0 && same_words(c->symbol + len, strlen(c->symbol) - len, s))
            return 2;
        if (c->symbol[0] != '\0' && strncasecmp(s, prefixes[i], len) == 0 && same_words(c->symbol, strlen(c->symbol), s + len))
            return 2;
    }
    return 0;
}

/* "alert 70", "curl 60", "event 36870", "gnutls -43", "chrome -202": a number that says whose it is. */
static const struct {
    const char *word, *system;
} words[] = { { "alert", "alert" }, { "curl", "curl" }, { "event", "schannel-event" }, { "event", "capi2-event" }, { "event id", "schannel-event" }, { "event id", "capi2-event" },
              { "schannel", "schannel-event" }, { "capi2", "capi2-event" }, { "gnutls", "gnutls" }, { "openssl", "openssl" }, { "verify", "openssl-verify" }, { "nss", "nss" },
              { "chrome", "chrome" }, { "net error", "chrome" }, { "mbedtls", "mbedtls" }, { "apple", "apple" }, { "nsurlerrordomain", "apple" }, { "winhttp", "winhttp" },
              { "wininet", "wininet" }, { "winsock", "winsock" }, { "http", "proxy-http" }, { "proxy", "proxy-http" } };

static bool system_named(const char *s, size_t n, const char *system)
{
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp(words[i].system, system) == 0 && same_words(s, n, words[i].word))
            return true;
    }
    return false;
}

struct gather {
    struct ranked *v;
    size_t         n;
};

static void gather_hit(void *ctx, const struct code *c, uint32_t value, size_t at)
{
    struct gather *g = ctx;
    (void)value;
    (void)at;
    if (c == NULL)
        return;
    for (size_t i = 0; i < g->n; i++) {
        if (g->v[i].row == code_index(c))
            return;
    }
    if (g->n < 64)
        g->v[g->n++] = (struct ranked){ 10 + c->often * 6, code_index(c) };
}

size_t explain_lookup(const char *input, const struct code *out[READINGS])
{
    struct ranked v[64];
    size_t        n = 0;
    char          s[512];
    while (*input == ' ' || *input == '\t' || *input == '"' || *input == '\'')
        input++;
    snprintf(s, sizeof s, "%s", input);
    for (size_t len = strlen(s); len > 0 && strchr(" \t\r\n\"'.,;:", s[len - 1]) != NULL; len--)
        s[len - 1] = '\0';
    if (strncasecmp(s, "net::", 5) == 0)
        memmove(s, s + 5, strlen(s + 5) + 1);

    struct number num;
    const char   *last = strrchr(s, ' ');
    if (number_parse(s, strlen(s), &num))
        n = number_readings(&num, v, ARRAY_LEN(v));
    for (size_t i = 0; n == 0 && last != NULL && number_parse(last + 1, strlen(last + 1), &num) && i < ARRAY_LEN(codes); i++) {
        if (system_named(s, (size_t)(last - s), codes[i].system) && number_fits(&num, &codes[i], system_of(&codes[i])) != 0)
            v[n++] = (struct ranked){ codes[i].often * 6 + system_of(&codes[i])->likely, i };
    }
    for (size_t i = 0; i < ARRAY_LEN(codes) && n < ARRAY_LEN(v); i++) {
        int fit = text_fits(s, &codes[i]);
        if (fit == 0 && strcmp(s, codes[i].code) == 0 && s[0] != '\0' && !number_parse(s, strlen(s), &num))
            fit = 3; /* object identifiers, KB numbers */
        if (fit == 0 && strcmp(codes[i].system, "update") == 0 && strcasecmp(s, codes[i].code) == 0)
            fit = 3;
        if (fit != 0)
            v[n++] = (struct ranked){ fit * 20 + codes[i].often * 6 + system_of(&codes[i])->likely, i };
    }
    if (n == 0) { /* a whole line: every code in it */
        struct scan  *scan = scan_new();
        struct gather g = { v, 0 };
        scan_line(scan, input, strlen(input), true, gather_hit, &g);
        scan_free(scan);
        n = g.n;
    }
    qsort(v, n, sizeof v[0], by_rank);
    n = n < READINGS ? n : READINGS;
    for (size_t i = 0; i < n; i++)
        out[i] = &codes[v[i].row];
    return n;
}

/* ---- what is near ---- */

/* What the number itself says: Windows packs who speaks into it ([MS-ERREF] section 2.1). */
static void facility(const struct number *n, struct text *says)
{
    static const struct {
        unsigned    id;
        const char *who;
    } facilities[] = { { 7, "a Windows error number" }, { 9, "the security packages (Schannel, Kerberos) and cryptography" }, { 11, "certificate checks" }, { 0x0e, "Windows setup" }, { 12, "Internet transfer" }, { 25, "HTTP" } };
    uint64_t v = n->negative ? (uint64_t)(uint32_t)(0u - (uint32_t)n->v) : n->v, reason;
    if (n->hex && !n->negative && openssl_reason(v, &reason)) {
        text_printf(says, "an OpenSSL error of its SSL part, reason %llu", (unsigned long long)reason);
        return;
    }
    if (v > UINT32_MAX || v >> 31 == 0)
        return;
    text_printf(says, "0x%08llX, a Windows error code", (unsigned long long)v);
    for (size_t i = 0; i < ARRAY_LEN(facilities); i++) {
        if ((v >> 16 & 0x7ff) == facilities[i].id) {
            text_printf(says, " of %s", facilities[i].who);
            if (facilities[i].id == 7)
                text_printf(says, " (%llu)", (unsigned long long)(v & 0xffff));
        }
    }
}

enum { NEAREST_MAX = 64 };

static uint64_t far_apart(const struct number *n, const struct code *c)
{
    struct number row;
    if (!number_parse(c->code, strcspn(c->code, " "), &row) || row.negative != n->negative)
        return UINT64_MAX;
    uint64_t d = row.v > n->v ? row.v - n->v : n->v - row.v;
    return d <= (row.v > 0xffff ? 64 : 8) && (row.v > 0xffff) == (n->v > 0xffff) ? d : UINT64_MAX;
}

/* Letters that two words do not share, by pairs; cheap, and good enough to offer a name. */
static uint64_t unlike(const char *a, const char *b)
{
    size_t an = strlen(a), len = strlen(b), pairs = an > 1 ? an - 1 : 0, missed = 0;
    for (; pairs >= 4 && missed * 5 <= pairs && a[1] != '\0'; a++) {
        const char *p = b;
        while (p[0] != '\0' && p[1] != '\0' && (tolower((unsigned char)p[0]) != tolower((unsigned char)a[0]) || tolower((unsigned char)p[1]) != tolower((unsigned char)a[1])))
            p++;
        missed += p[0] == '\0' || p[1] == '\0';
    }
    return pairs < 4 || missed * 5 > pairs ? UINT64_MAX : missed + (len > pairs ? len - pairs : pairs - len);
}

size_t explain_nearest(const char *s, const struct code *out[3], struct text *says)
{
    uint64_t      best[3] = { UINT64_MAX, UINT64_MAX, UINT64_MAX };
    size_t        n = 0;
    struct number num;
    bool          numeric = number_parse(s, strlen(s), &num);
    if (strlen(s) > NEAREST_MAX) /* no name is that long */
        return 0;
    if (numeric)
        facility(&num, says);
    if (numeric && !num.hex && !num.negative && num.v >> 31 == 1 && num.v <= UINT32_MAX)
        num.hex = true;
    if (numeric && num.negative && !num.hex && num.v > 0xffffff && num.v <= UINT32_MAX)
        num = (struct number){ .hex = true, .v = (uint32_t)(0u - (uint32_t)num.v), .digits = 8 };
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        uint64_t d = numeric ? far_apart(&num, &codes[i]) : codes[i].symbol[0] != '\0' ? unlike(s, codes[i].symbol) : UINT64_MAX;
        for (size_t k = 0; k < 3 && d != UINT64_MAX; k++) {
            if (d >= best[k])
                continue;
            memmove(&best[k + 1], &best[k], (2 - k) * sizeof best[0]);
            memmove(&out[k + 1], &out[k], (2 - k) * sizeof out[0]);
            best[k] = d;
            out[k] = &codes[i];
            n += n < 3;
            break;
        }
    }
    return n;
}
