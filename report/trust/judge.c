/* The question in, the verdict out. */
#include "judge.h"

#include <stdio.h>
#include <string.h>

const char *who(struct judge *j, const struct cert *c) { return arena_printf(j->a, "\"%s\"",
                                                                             cert_short_name(j->a, c)); }

static struct chain_problem *add(struct judge *j, const char *code, const enum severity *s, int step,
                                 const char *fmt, va_list ap) PRINTF_LIKE(5, 0);
static struct chain_problem *add(struct judge *j, const char *code, const enum severity *s, int step,
                                 const char *fmt, va_list ap)
{
    static struct chain_problem spill; /* nobody reads what did not fit */
    struct problems            *f = j->found;
    const struct word          *w = word_of(code);
    struct chain_problem       *p = f->n < PROBLEMS_MAX ? &f->v[f->n++] : &spill;
    *p = (struct chain_problem){ .code = w->code, .severity = s != NULL ? *s : word_severity(w), .fix = w->fix };
    p->cert = -1;
    p->role = "leaf";
    p->detail = arena_vprintf(j->a, fmt, ap);
    if (step >= 0) {
        bool top = (size_t)step + 1 == j->path.n && step > 0 &&
            (j->path.end == END_ANCHOR || j->path.end == END_SELF_SIGNED);
        p->cert = sent_index(j->q, path_cert(j, (size_t)step));
        p->role = step == 0 ? "leaf" : top ? "anchor" : "intermediate";
    }
    return p;
}

struct chain_problem *problem_add(struct judge *j, const char *code, int step, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct chain_problem *p = add(j, code, NULL, step, fmt, ap);
    va_end(ap);
    return p;
}

struct chain_problem *problem_add_as(struct judge *j, const char *code, enum severity s, int step,
                                     const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct chain_problem *p = add(j, code, &s, step, fmt, ap);
    va_end(ap);
    return p;
}

/* Errors first, each group in order of precedence; what ranks alike stays in the order found. */
static bool goes_before(const struct chain_problem *a, const struct chain_problem *b)
{
    return a->severity != b->severity ? a->severity > b->severity : word_rank(a->code) < word_rank(b->code);
}

static void sort_problems(struct problems *f)
{
    for (size_t i = 1; i < f->n; i++) {
        struct chain_problem p = f->v[i];
        size_t               k = i;
        for (; k > 0 && goes_before(&p, &f->v[k - 1]); k--)
            f->v[k] = f->v[k - 1];
        f->v[k] = p;
    }
}

/* What keeps us from saying that a chain without errors is good. */
static bool undecides(const struct chain_problem *p)
{
    return p->severity >= SEV_WARNING &&
           (strcmp(p->code, "unsupported_by_tool") == 0 || strcmp(p->code, "untrusted_root") == 0 ||
            strcmp(p->code, "missing_intermediate") == 0);
}

static void conclude(struct judge *j, struct chain *out)
{
    struct problems *f = j->found;
    sort_problems(f);
    for (size_t i = 0; i < f->n; i++)
        f->v[i].also_known_as = word_names(word_of(f->v[i].code), j->a);
    out->problems = f->v;
    out->n = f->n;
    out->verdict = CHAIN_OK;
    for (size_t i = 0; i < f->n && out->primary == NULL; i++)
        if (f->v[i].severity == SEV_ERROR || undecides(&f->v[i])) {
            out->verdict = f->v[i].severity == SEV_ERROR ? CHAIN_FAIL : CHAIN_UNKNOWN;
            out->primary = f->v[i].code;
        }
    out->path = ARENA_NEW_N(j->a, j->path.n, struct path_step);
    out->path_len = j->path.n;
    memcpy(out->path, j->path.step, j->path.n * sizeof *out->path);
}

void chain_judge(const struct trust_question *q, struct arena *a, struct chain *out)
{
    struct judge j = { .q = q, .a = a };
    *out = (struct chain){ .verdict = CHAIN_UNKNOWN, .time = q->time, .anchors = q->anchors };
    if (q->n == 0)
        return;
    paths_search(&j);
    check_sent(&j);
    check_era(&j);
    check_interception(&j);
    conclude(&j, out);
    out->compared = j.compared + j.pairs;
}

bool chain_has(const struct chain *c, const char *code, enum severity at_least,
               const struct chain_problem **which)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->problems[i].severity >= at_least && strcmp(c->problems[i].code, code) == 0) {
            if (which != NULL)
                *which = &c->problems[i];
            return true;
        }
    return false;
}

const char *verdict_name(enum verdict v) { return v == CHAIN_OK ? "ok" : v == CHAIN_FAIL ? "fail"
                                           : "unknown"; }
const char *severity_name(enum severity s) { return s == SEV_ERROR ? "error" : s == SEV_WARNING ? "warning"
                                             : "info"; }
