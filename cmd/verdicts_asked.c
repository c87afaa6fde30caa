/* verdicts_asked.c - verdicts of a probe's recording: its attempts are brought together by target, and judged as the probe did. */
#include "verdicts_parts.h"

#include <stdlib.h>

static void attempt_final(struct handshake *h)
{
    struct probed *p = ARENA_NEW(&h->arena, struct probed);
    *p = *h->probed;
    p->final = true;
    h->probed = p;
}

/* Each attempt by itself, but the one that the trial was about, as the planner says. */
static void settle_trial(struct verdicts *v, const struct trial_attempts *t)
{
    struct tried tried[CHANGE_COUNT];
    size_t       n = 0;
    for (size_t i = 0; i < t->n; i++)
        verdicts_judge(v, t->h[i]);
    bool planned = trial_plan(t, tried, &n);
    for (size_t i = 0; i < t->n; i++) {
        struct handshake *h = t->h[i];
        struct finding    f = { 0 };
        bool              asked = planned && h == tried[0].h;
        if (asked)
            attempt_final(h);
        if (!asked || !plan_explain(tried, n, asked_modern(v->asked, h), v->peers, &h->arena, &f))
            why_explain(h, v->peers, &h->arena, &f);
        verdict_tell(v, h, &f);
    }
}

void asked_settle(struct verdicts *v)
{
    struct handshake    **h = mem_get(v->held.n + v->held.unopened + 1, sizeof(struct handshake *)), *next, room = { 0 };
    struct trial_attempts t;
    struct finding        f;
    size_t                n = 0, at = 0;
    while ((next = held_next(&v->held, &room)) != NULL) {
        if (next == &room) { /* it will become another */
            next = handshake_new();
            *next = room;
        }
        if (asked_about(v->asked, next) != NULL) {
            h[n++] = next;
        } else {
            verdict_settle(v, next, &f);
            handshake_free(next);
        }
    }
    trials_order(h, n);
    while (trials_next(h, n, &at, &t))
        settle_trial(v, &t);
    for (size_t i = 0; i < n; i++)
        handshake_free(h[i]);
    free(h);
}
