#include "tlswhy/explain.h"

#include <stdio.h>
#include <string.h>

static const struct combination {
    const char *codes, *cause, *why, *next;
} combinations[] = {
#define ROW(codes, cause, why, next) { codes, cause, why, next },
#include "gen/knowledge/together.inc"
#undef ROW
};

/* Is one of "system:number/number" among the codes? "-" stands for a row without a number. */
static bool there(const char *need, size_t len, const struct code *const *codes, size_t n)
{
    const char *colon = memchr(need, ':', len);
    size_t      sys = colon != NULL ? (size_t)(colon - need) : 0;
    for (const char *p = need + sys + 1; sys != 0 && p < need + len;) {
        size_t one = strcspn(p, "/ ");
        for (size_t i = 0; i < n; i++) {
            const char *code = codes[i]->code[0] != '\0' ? codes[i]->code : "-";
            if (strncmp(codes[i]->system, need, sys) == 0 && codes[i]->system[sys] == '\0' && strncmp(code, p, one) == 0 && code[one] == '\0')
                return true;
        }
        p += one + 1;
    }
    return false;
}

static const struct combination *combination_of(const struct code *const *codes, size_t n)
{
    for (size_t i = 0; i < ARRAY_LEN(combinations); i++) {
        bool all = true;
        for (const char *p = combinations[i].codes; *p != '\0' && all;) {
            size_t len = strcspn(p, " ");
            all = there(p, len, codes, n);
            p += len + strspn(p + len, " ");
        }
        if (all)
            return &combinations[i];
    }
    return NULL;
}

struct tally {
    const struct cause *cause;
    unsigned            points, rows, strong;
};

static struct tally *tally_of(struct tally *t, size_t *n, size_t cap, const struct cause *cause)
{
    for (size_t i = 0; i < *n; i++) {
        if (t[i].cause == cause)
            return &t[i];
    }
    if (*n == cap)
        return NULL;
    t[*n].cause = cause;
    return &t[(*n)++];
}

static bool speaks_for(const struct code *c, const struct cause *cause)
{
    struct code_cause v[CODE_CAUSES];
    size_t            n = code_causes(c, v);
    for (size_t i = 0; i < n; i++) {
        if (v[i].cause == cause)
            return true;
    }
    return false;
}

/* A strong sign counts three, a weak one one: two that agree outweigh one umbrella that lists everything. */
void explain_together(const struct code *const *codes, size_t n, struct together *out)
{
    struct tally t[64] = { 0 };
    size_t       kinds = 0;
    *out = (struct together){ 0 };
    for (size_t i = 0; i < n; i++) {
        struct code_cause v[CODE_CAUSES];
        size_t            causes = code_causes(codes[i], v);
        for (size_t k = 0; k < causes; k++) {
            struct tally *at = tally_of(t, &kinds, ARRAY_LEN(t), v[k].cause);
            if (at == NULL)
                continue;
            at->points += v[k].strong ? 3 : 1;
            at->rows++;
            at->strong += v[k].strong;
        }
    }
    for (size_t i = 1; i < kinds; i++) { /* best first; few */
        struct tally x = t[i];
        size_t       k = i;
        for (; k > 0 && t[k - 1].points < x.points; k--)
            t[k] = t[k - 1];
        t[k] = x;
    }
    const struct combination *known = combination_of(codes, n);
    if (known != NULL) {
        out->cause = cause_of(known->cause);
        out->why = known->why;
        out->next = known->next[0] != '\0' ? known->next : NULL;
    } else if (kinds > 0 && t[0].rows > 1 && t[0].strong > 0 && (kinds == 1 || t[0].points > t[1].points)) {
        out->cause = t[0].cause;
    }
    for (size_t i = 0; i < kinds && out->others_n < 3; i++) {
        if (t[i].cause != out->cause && (t[i].rows > 1 || t[i].strong > 0))
            out->others[out->others_n++] = (struct code_cause){ t[i].cause, t[i].strong > 0 };
    }
    for (size_t i = 0; i < n && out->cause != NULL && out->agree_n < READINGS; i++) {
        if (speaks_for(codes[i], out->cause))
            out->agree[out->agree_n++] = codes[i];
    }
}
