/* tlswhy explain [CODE|TEXT|CAUSE...] | -: what an alert, an error code, an event or a log line means. */
#include "tlswhy/cmd.h"
#include "tlswhy/explain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FULL_IN_LOG = 12, ALL_TOGETHER = 4, NEAR_LINES = 500, CODES_MAX = 64, PIECE = 1 << 18 };

static const struct option_row rows[] = {
    { 1000, "json", NULL, "one JSON object a reading, instead of text" },
    { 1001, "color", "WHEN", "auto (the default), always or never" },
    { 'v', "verbose", NULL, "all readings and all codes of a log in full" },
    { 'h', "help", NULL, "this help" },
    { 0 },
};
static const char examples[] = "  tlswhy explain 0x80090302               a Windows code, in hex or decimal, also negative\n"
                               "  tlswhy explain 36887 46                 several codes together say more\n"
                               "  tlswhy explain \"PKIX path building failed\"\n"
                               "  tlswhy explain cert-expired             the page of a cause; without arguments: all causes\n"
                               "  wevtutil qe System /f:xml | tlswhy explain -\n";

struct ask {
    bool               json, color, verbose, known;
    struct text        out;
    const struct code *codes[CODES_MAX]; /* the likeliest reading of each input */
    size_t             n;
};

static void note_code(struct ask *a, const struct code *c)
{
    for (size_t i = 0; i < a->n; i++) {
        if (a->codes[i] == c)
            return;
    }
    if (a->n < CODES_MAX)
        a->codes[a->n++] = c;
}

static void gap(struct ask *a)
{
    if (a->known && !a->json)
        text_char(&a->out, '\n');
    a->known = true;
}

/* The other readings, a line each: "60 is also: alert 60 export_restriction". */
static void show_others(struct ask *a, const struct code *const *v, size_t n)
{
    struct text line = { 0 };
    for (size_t i = 1; i < n; i++) {
        text_add(&line, i != 1 ? "; " : "");
        code_title(&line, v[i]);
        text_printf(&line, " (%s)", v[i]->system);
    }
    text_add(&a->out, "  Or        ");
    text_wrap(&a->out, line.s, 12, 100);
    text_char(&a->out, '\n');
    text_free(&line);
}

static void show_readings(struct ask *a, const char *input, const struct code *const *v, size_t n)
{
    gap(a);
    note_code(a, v[0]);
    if (a->json) {
        for (size_t i = 0; i < n; i++)
            show_code_json(&a->out, v[i], input, i + 1, n, NULL);
        return;
    }
    size_t full = a->verbose ? n : 1;
    for (size_t i = 0; i < full; i++)
        show_code(&a->out, v[i], input, NULL);
    if (full < n)
        show_others(a, v, n);
}

static void show_page(struct ask *a, const struct cause *c, const char *input)
{
    gap(a);
    if (a->json)
        show_cause_json(&a->out, c, input);
    else
        show_cause(&a->out, c, a->color);
}

/* One argument. False: it has no reading; nothing was said. */
static bool explain_one(struct ask *a, const char *input)
{
    const struct code  *v[READINGS];
    const struct cause *cause = cause_of(input);
    if (cause != NULL) {
        show_page(a, cause, input);
        return true;
    }
    size_t n = explain_lookup(input, v);
    if (n != 0)
        show_readings(a, input, v, n);
    return n != 0;
}

static void unknown(struct ask *a, const char *input)
{
    if (a->json)
        show_unknown_json(&a->out, input);
    else
        show_unknown(&a->out, input);
}

/* What all of it says together is the answer: it stands before its parts. */
static void show_sum(struct ask *a, const char *input)
{
    struct together g;
    struct text     sum = { 0 };
    if (a->n < 2)
        return;
    explain_together(a->codes, a->n, &g);
    if (g.cause == NULL && g.others_n == 0)
        return;
    if (a->json)
        show_together_json(&sum, &g, input);
    else
        show_together(&sum, &g);
    text_add(&sum, a->json ? "" : "\n");
    text_add(&sum, a->out.s);
    text_free(&a->out);
    a->out = sum;
}

/* All arguments as one text: "PKIX path building failed" without quotes; what is known only whole ("36888 40 1205"). */
static char *joined(int argc, char **argv)
{
    struct text t = { 0 };
    for (int i = 0; i < argc; i++)
        text_printf(&t, "%s%s", i != 0 ? " " : "", argv[i]);
    return t.s;
}

static bool like_code(const char *s)
{
    const struct code *v[READINGS];
    return cause_of(s) != NULL || s[strcspn(s, "0123456789")] != '\0' || (strchr(s, '_') != NULL && explain_lookup(s, v) != 0);
}

static int explain_arguments(struct ask *a, int argc, char **argv)
{
    const struct code *v[READINGS];
    char              *whole = joined(argc, argv);
    bool               each = true, missed = false;
    for (int i = 0; i < argc; i++)
        each &= like_code(argv[i]);
    size_t n = argc > 1 ? explain_lookup(whole, v) : 0;
    if (n != 0 && !each) { /* one text */
        for (size_t i = 0; i < n; i++)
            show_readings(a, whole, &v[i], 1);
    } else {
        bool row = n != 0 && strcmp(v[0]->system, "schannel-state") == 0; /* "36888 40 1205" has a row of its own */
        if (row)
            show_readings(a, whole, v, 1);
        for (int i = 0; i < argc; i++) {
            if (row ? i > 1 || explain_one(a, argv[i]) : explain_one(a, argv[i]))
                continue;
            gap(a);
            unknown(a, argv[i]);
            missed = true;
        }
    }
    bool nothing = a->n == 0 && missed;
    show_sum(a, whole);
    out_flush(&a->out);
    free(whole);
    return nothing ? EXIT_TROUBLE : EXIT_NONE_FOUND;
}

/* ---- a log ---- */

static void show_log(struct ask *a, struct log *l)
{
    size_t                    n, unknown_n;
    const struct log_code    *v = log_codes(l, &n);
    const struct log_unknown *u = log_unknowns(l, &unknown_n);
    for (size_t i = 0; i < n; i++) {
        char     where[96];
        uint64_t away = v[i].line > v[0].line ? v[i].line - v[0].line : v[0].line - v[i].line;
        if (i < ALL_TOGETHER || away <= NEAR_LINES) /* what is far apart in a long log need not belong together */
            note_code(a, v[i].code);
        if (a->json) {
            show_code_json(&a->out, v[i].code, "-", 1, 1, &v[i]);
            continue;
        }
        if (!a->verbose && i == FULL_IN_LOG) {
            text_printf(&a->out, "\n... and %zu more kinds of code, less telling; -v shows them\n", n - i);
            break;
        }
        snprintf(where, sizeof where, "line %llu%s", (unsigned long long)v[i].line, v[i].count > 1 ? ", " : "");
        if (v[i].count > 1)
            snprintf(where + strlen(where), sizeof where - strlen(where), "%llu times", (unsigned long long)v[i].count);
        gap(a);
        show_code(&a->out, v[i].code, "-", where);
        text_add(&a->out, "  Line      ");
        text_safe(&a->out, v[i].excerpt, v[i].excerpt_n, LOG_EXCERPT);
        text_char(&a->out, '\n');
    }
    for (size_t i = 0; i < unknown_n; i++) {
        char code[16];
        snprintf(code, sizeof code, "0x%08X", u[i].value);
        gap(a);
        unknown(a, code);
    }
    show_sum(a, "-");
}

static int explain_log(struct ask *a)
{
    struct log *l = log_new();
    char       *piece = mem_get(PIECE, 1);
    ssize_t     got;
    size_t      n;
    while ((got = read(STDIN_FILENO, piece, PIECE)) > 0 || (got < 0 && errno == EINTR)) {
        if (got > 0)
            log_push(l, piece, (size_t)got);
    }
    int status = got < 0 ? trouble("cannot read standard input: %s", strerror(errno)) : EXIT_NONE_FOUND;
    log_end(l);
    log_codes(l, &n);
    if (status == EXIT_NONE_FOUND && log_evtx(l))
        status = trouble("this is a Windows event log in its binary form; export it as text first: wevtutil qe FILE.evtx /lf:true /f:xml");
    else if (status == EXIT_NONE_FOUND && n == 0 && log_binary(l))
        status = trouble("standard input is binary, no log, and no known code is in it");
    else if (status == EXIT_NONE_FOUND)
        show_log(a, l);
    if (status == EXIT_NONE_FOUND && !a->known && !a->json && a->n == 0)
        text_printf(&a->out, "No code or message of TLS that is known here in %llu lines.\n", (unsigned long long)log_lines(l));
    out_flush(&a->out);
    log_free(l);
    free(piece);
    return status;
}

static void list_causes(struct ask *a)
{
    for (size_t i = 0; cause_at(i) != NULL; i++) {
        const struct cause *c = cause_at(i);
        if (a->json) {
            show_cause_json(&a->out, c, c->code);
            continue;
        }
        text_printf(&a->out, "  %-26s", c->code);
        text_wrap(&a->out, c->meaning, 28, 100);
        text_char(&a->out, '\n');
    }
    out_flush(&a->out);
}

static int run_explain(int argc, char **argv)
{
    struct ask  a = { 0 };
    const char *value, *when = "auto";
    int         first = 1, id;
    /* Negative numbers are codes, not options: everything from the first one on is an operand. */
    int end = 1;
    while (end < argc && !(argv[end][0] == '-' && argv[end][1] >= '0' && argv[end][1] <= '9'))
        end++;
    while ((id = option_next(rows, end, argv, &value, &first)) > 0) {
        if (id == 'h') {
            options_help(&explain_command, examples);
            return out_finish(EXIT_NONE_FOUND);
        }
        a.json |= id == 1000;
        a.verbose |= id == 'v';
        when = id == 1001 ? value : when;
    }
    if (id < 0 || !color_wanted(when, &a.color))
        return EXIT_TROUBLE;
    int status = EXIT_NONE_FOUND;
    if (first == argc)
        list_causes(&a);
    else if (argc - first == 1 && strcmp(argv[first], "-") == 0)
        status = explain_log(&a);
    else
        status = explain_arguments(&a, argc - first, argv + first);
    text_free(&a.out);
    return out_finish(status);
}

const struct command explain_command = { "explain", "[CODE|TEXT...] | -", "what an alert, error code, event id or log line means", run_explain, rows };
