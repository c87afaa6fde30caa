#include "asked.h"

#include "tlswhy/keys.h"
#include "tlswhy/text.h"

#include <stdlib.h>
#include <string.h>

struct asked {
    struct mark *v; /* by ends */
    size_t       n;
};

static int by_ends(const void *a, const void *b)
{
    const struct mark *x = a, *y = b;
    for (int s = 0; s < 2; s++) {
        int d = memcmp(x->ends[s].ip, y->ends[s].ip, sizeof x->ends[s].ip);
        if (d != 0 || x->ends[s].port != y->ends[s].port)
            return d != 0 ? d : x->ends[s].port < y->ends[s].port ? -1 : 1;
    }
    return 0;
}

struct asked *asked_new(struct bytes marks)
{
    struct reader r = rd_of(marks.p, marks.n);
    struct mark   m;
    struct asked *a = mem_get(1, sizeof *a);
    size_t        cap = 0;
    while (mark_next(&r, &m)) {
        if (m.kind != MARK_ASKED)
            continue;
        if (a->n == cap) {
            cap = cap != 0 ? 2 * cap : 64;
            a->v = mem_grow(a->v, cap, sizeof *a->v);
        }
        a->v[a->n++] = m;
    }
    if (a->n == 0) {
        asked_free(a);
        return NULL;
    }
    qsort(a->v, a->n, sizeof *a->v, by_ends);
    return a;
}

void asked_free(struct asked *a)
{
    if (a == NULL)
        return;
    free(a->v);
    free(a);
}

static const char *safe_or_null(struct handshake *h, struct bytes s) { return s.n != 0 ? safe_str(&h->arena, s.p, s.n) : NULL; }

static const struct mark *mark_of(const struct asked *a, const struct handshake *h)
{
    struct mark key = { .ends = { h->ends[CLIENT], h->ends[SERVER] } };
    return a != NULL ? bsearch(&key, a->v, a->n, sizeof key, by_ends) : NULL;
}

bool asked_modern(const struct asked *a, const struct handshake *h)
{
    const struct mark *m = mark_of(a, h);
    return m != NULL && m->modern;
}

const struct mark *asked_about(const struct asked *a, struct handshake *h)
{
    const struct mark *m = mark_of(a, h);
    if (m == NULL || m->target.n == 0)
        return NULL;
    struct probed *facts = ARENA_NEW(&h->arena, struct probed);
    *facts = (struct probed){ .target = safe_or_null(h, m->target), .typed = safe_str(&h->arena, m->typed.p, m->typed.n),
                              .as = safe_str(&h->arena, m->as.p, m->as.n),
                              .starttls = safe_or_null(h, m->starttls),
                              .changed = safe_or_null(h, m->changed), .attempt = m->attempt != 0 ? m->attempt : 1 };
    h->probed = facts;
    const struct profile *p = facts->as != NULL ? profile_named(facts->as) : NULL;
    if (p != NULL) {
        struct client_match *match = ARENA_NEW(&h->arena, struct client_match);
        *match = client_match_of(p);
        h->client = match;
    }
    if (h->timed_out && h->error_at.ns > h->end_ns)
        h->capture_left = h->error_at.ns - h->end_ns;
    return m;
}

/* ------------------------------------------------------------------------------------ trials */

static int by_target(const void *a, const void *b)
{
    const struct handshake *x = *(struct handshake *const *)a, *y = *(struct handshake *const *)b;
    int d = strcmp(x->probed->target, y->probed->target);
    return d != 0 ? d : x->stream < y->stream ? -1 : x->stream > y->stream;
}

/* A target that was named twice was asked twice: its attempts begin at 1 again. */
static bool begins_trial(const struct handshake *before, const struct handshake *h)
{
    return strcmp(before->probed->target, h->probed->target) != 0 || h->probed->attempt <= before->probed->attempt;
}

static int by_first(const void *a, const void *b)
{
    const struct trial_attempts *x = a, *y = b;
    return x->h[0]->stream < y->h[0]->stream ? -1 : x->h[0]->stream > y->h[0]->stream;
}

bool trials_next(struct handshake *const *h, size_t n, size_t *at, struct trial_attempts *out)
{
    if (*at >= n)
        return false;
    *out = (struct trial_attempts){ .h = h + *at, .n = 1 };
    while (*at + out->n < n && !begins_trial(out->h[out->n - 1], out->h[out->n]))
        out->n++;
    *at += out->n;
    return true;
}

void trials_order(struct handshake **h, size_t n)
{
    struct trial_attempts *trials = mem_get(n + 1, sizeof *trials);
    struct handshake     **copy = mem_get(n + 1, sizeof(struct handshake *));
    size_t                 count = 0, at = 0;
    if (n != 0)
        qsort(h, n, sizeof(struct handshake *), by_target);
    memcpy(copy, h, n * sizeof(struct handshake *));
    while (trials_next(copy, n, &at, &trials[count]))
        count++;
    if (count != 0)
        qsort(trials, count, sizeof *trials, by_first);
    for (size_t i = 0, to = 0; i < count; to += trials[i++].n)
        memcpy(h + to, trials[i].h, trials[i].n * sizeof(struct handshake *));
    free(copy);
    free(trials);
}

void attempt_unsteady(struct handshake *h)
{
    struct probed *p = ARENA_NEW(&h->arena, struct probed);
    *p = *h->probed;
    p->unsteady = true;
    h->probed = p;
}

bool picked_hybrid(const struct handshake *h)
{
    uint16_t group = h->retry.raw.p != NULL && !knows(h, KNOW_SERVER_HELLO) ? h->retry.group : h->answer.group;
    return h->outcome == OUTCOME_STOPPED && h->cert_count == 0 && group == GROUP_X25519MLKEM768;
}

void attempt_hybrid_only(struct handshake *h)
{
    struct probed *p = ARENA_NEW(&h->arena, struct probed);
    *p = *h->probed;
    p->hybrid_only = true;
    h->probed = p;
}

static enum change change_of(const char *words)
{
    for (int c = CHANGE_NONE + 1; c < CHANGE_COUNT; c++)
        if (strcmp(change_words((enum change)c), words) == 0)
            return (enum change)c;
    return CHANGE_NONE;
}

bool trial_plan(const struct trial_attempts *t, struct tried tried[CHANGE_COUNT], size_t *n)
{
    size_t first = 0, opened = 0;
    *n = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (t->h[i]->probed->changed != NULL)
            continue;
        first = i; /* of several addresses the last: the others did not open */
        opened += t->h[i]->outcome != OUTCOME_NOT_OPENED;
    }
    if (opened > 1 || t->h[first]->probed->changed != NULL)
        return false;
    tried[(*n)++] = (struct tried){ t->h[first], CHANGE_NONE };
    for (size_t i = first + 1; i < t->n && *n < CHANGE_COUNT; i++) {
        enum change change = change_of(t->h[i]->probed->changed);
        if (change == CHANGE_NONE) { /* the hello without the group that the server picked: the question is about that one, where it was answered */
            if (plan_refused(t->h[i]) && picked_hybrid(t->h[first]))
                attempt_hybrid_only(t->h[first]);
            else
                tried[0].h = t->h[i];
        } else {
            tried[(*n)++] = (struct tried){ t->h[i], change };
        }
    }
    const struct handshake *good = plan_bad_moment(tried, *n);
    for (size_t i = 0; i < t->n && good != NULL; i++) {
        if (t->h[i] != good)
            continue;
        attempt_unsteady(t->h[i]);
        tried[0].h = good;
        *n = 1;
    }
    return true;
}
