#include "tlswhy/explain.h"

#include <stdio.h>
#include <string.h>

/* The page of a cause, with what the tables of systems say about it. */
enum { WIDTH = 100 };

/* The columns of windows_tls.tsv and runtimes_tls.tsv. */
enum { W_OS, W_CLIENT, W_CLIENT_MAX, W_SERVER, W_SERVER_MAX, W_UPDATE, W_SHA2_CHAIN, W_SHA2_CODE, W_SIGALGS, W_ECC, W_GCM, W_MIN_RSA, W_ROOTS, W_CLOSE, W_SURE, W_SOURCE, W_COLUMNS };
enum { R_RUNTIME, R_DEFAULT, R_MAX, R_SHA2, R_SIGALGS, R_ECC, R_NOTES, R_SURE, R_SOURCE, R_COLUMNS };

static const char *const windows[][W_COLUMNS] = {
#define ROW(...) { __VA_ARGS__ },
#include "gen/knowledge/windows_tls.inc"
#undef ROW
};
static const char *const runtimes[][R_COLUMNS] = {
#define ROW(...) { __VA_ARGS__ },
#include "gen/knowledge/runtimes_tls.inc"
#undef ROW
};

struct column {
    int         at;
    const char *label;
};
/* Which columns belong to which cause; a row without labels ends a list. */
static const struct {
    const char   *causes;
    struct column win[4], run[3];
} tables[] = {
    { "protocol-version version-intolerance", { { W_CLIENT, "as a client" }, { W_CLIENT_MAX, "at most" }, { W_UPDATE, "to raise it" } }, { { R_DEFAULT, "by default" }, { R_MAX, "at most" }, { R_NOTES, "note" } } },
    { "cipher-mismatch cert-key-type group-mismatch", { { W_GCM, "GCM" }, { W_ECC, "ECC" } }, { { R_ECC, "ECC" } } },
    { "signature-algorithms", { { W_SIGALGS, "offers" } }, { { R_SIGALGS, "signature_algorithms" } } },
    { "sha2-unsupported sha1-refused", { { W_SHA2_CHAIN, "SHA-2 chains" }, { W_SHA2_CODE, "SHA-2 signed code and lists" } }, { { R_SHA2, "SHA-2 chains" } } },
    { "trust-list cert-untrusted-root", { { W_ROOTS, "roots" }, { W_SHA2_CODE, "SHA-2 signed code and lists" } }, { { 0, NULL } } },
    { "cert-weak-key", { { W_MIN_RSA, "RSA at least" } }, { { 0, NULL } } },
};

static bool has_word(const char *words, const char *word)
{
    size_t len = strlen(word);
    for (const char *p = words; (p = strstr(p, word)) != NULL; p += len) {
        if ((p == words || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0'))
            return true;
    }
    return false;
}

/* A paragraph from column 0, or an item that stands in by two and hangs by two more. */
static void wrapped(struct text *t, const char *s, size_t indent)
{
    text_printf(t, "%*s", (int)indent, "");
    text_wrap(t, s, 2 * indent, WIDTH);
    text_char(t, '\n');
}

static void system_row(struct text *t, const char *const *cells, const struct column *columns, size_t n, const char *sure)
{
    struct text line = { 0 };
    text_printf(&line, "%s: ", cells[0]);
    size_t said = 0;
    for (size_t i = 0; i < n && columns[i].label != NULL; i++) {
        if (cells[columns[i].at][0] != '\0')
            text_printf(&line, "%s%s %s", said++ != 0 ? "; " : "", columns[i].label, cells[columns[i].at]);
    }
    if (strstr(sure, "recalled") != NULL)
        text_add(&line, " (recalled)");
    if (said != 0)
        wrapped(t, line.s, 2);
    text_free(&line);
}

static void heading(struct text *t, const char *s, size_t n, bool color)
{
    text_printf(t, "%s%.*s%s\n", color ? "\033[1m" : "", (int)n, s, color ? "\033[0m" : "");
}

static void systems(struct text *t, const char *cause, bool color)
{
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        if (!has_word(tables[i].causes, cause))
            continue;
        text_char(t, '\n');
        heading(t, "By system", 9, color);
        for (size_t k = 0; k < ARRAY_LEN(windows); k++)
            system_row(t, windows[k], tables[i].win, ARRAY_LEN(tables[i].win), windows[k][W_SURE]);
        for (size_t k = 0; k < ARRAY_LEN(runtimes) && tables[i].run[0].label != NULL; k++)
            system_row(t, runtimes[k], tables[i].run, ARRAY_LEN(tables[i].run), runtimes[k][R_SURE]);
    }
}

/* Codes for which this cause is the strong sign, those that people meet most often first. */
static void signs(struct text *t, const struct cause *cause, bool color)
{
    struct text line = { 0 };
    for (int often = 3; often >= 1; often--) {
        for (size_t i = 0; code_at(i) != NULL; i++) {
            struct code_cause  v[CODE_CAUSES];
            const struct code *c = code_at(i);
            size_t             n = c->often == often ? code_causes(c, v) : 0;
            if (n == 0 || v[0].cause != cause || !v[0].strong || line.n > 1200)
                continue;
            text_add(&line, line.n != 0 ? ", " : "");
            code_title(&line, c);
        }
    }
    if (line.n != 0) {
        text_char(t, '\n');
        heading(t, "Codes that say so", 17, color);
        wrapped(t, line.s, 2);
    }
    text_free(&line);
}

/* A page is Markdown of a simple kind: headings, lists, paragraphs, `words`. For a terminal. */
static void page(struct text *t, const char *s, bool color)
{
    struct text block = { 0 };
    size_t      indent = 0;
    for (const char *p = s;; ) {
        size_t len = strcspn(p, "\n"), digits = strspn(p, "0123456789");
        bool   item = strncmp(p, "- ", 2) == 0 || (digits != 0 && p[digits] == '.'), head = p[0] == '#', blank = len == 0;
        if ((item || head || blank) && block.n != 0) {
            wrapped(t, block.s, indent);
            text_clear(&block);
            indent = 0;
        }
        if (*p == '\0')
            break;
        if (head)
            heading(t, p + strspn(p, "# "), len - strspn(p, "# "), color);
        else if (blank)
            text_char(t, '\n');
        else {
            if (block.n != 0)
                text_char(&block, ' ');
            indent = item ? 2 : block.n != 0 ? indent : 0;
            for (size_t i = block.n != 0 ? strspn(p, " ") : 0; i < len; i++) {
                if (p[i] != '`')
                    text_char(&block, p[i]);
            }
        }
        p += len + (p[len] == '\n');
    }
    text_free(&block);
}

void show_cause(struct text *t, const struct cause *c, bool color)
{
    if (c->page[0] != '\0') {
        page(t, c->page, color);
    } else {
        heading(t, c->code, strlen(c->code), color);
        wrapped(t, c->meaning, 2);
        text_char(t, '\n');
        heading(t, "How it shows", 12, color);
        wrapped(t, c->proof, 2);
    }
    systems(t, c->code, color);
    signs(t, c, color);
}

void show_cause_json(struct text *t, const struct cause *c, const char *input)
{
    struct json j = { .out = t };
    json_open(&j, NULL, '{');
    json_str(&j, "type", "explanation");
    json_str(&j, "schema", "tlswhy/1");
    json_bytes(&j, "input", input, strlen(input));
    json_str(&j, "system", "cause");
    json_str(&j, "symbol", c->code);
    json_str(&j, "meaning", c->meaning);
    json_str(&j, "category", c->category);
    json_str(&j, "side", c->side);
    json_str(&j, "proof", c->proof);
    json_open(&j, "causes", '[');
    json_open(&j, NULL, '{');
    json_str(&j, "code", c->code);
    json_str(&j, "strength", "strong");
    json_close(&j, '}');
    json_close(&j, ']');
    json_open(&j, "next", '[');
    for (const char *const *f = c->fix; *f != NULL; f++)
        json_str(&j, NULL, *f);
    json_close(&j, ']');
    json_str(&j, "page", c->page);
    json_close(&j, '}');
    text_char(t, '\n');
}
