/* Every way from the leaf to an anchor, within bounds. A stack of places instead of recursion: place d holds
 * the certificate at depth d and which candidate comes next for it. Each way that ends, well or not, is judged;
 * the one with the least against it is kept, and a faultless one ends the search. */
#include "judge.h"

#include <string.h>

struct place_in_path {
    size_t             next;           /* candidate to try next; all come twice, in two rounds */
    bool               extended;       /* at least one issuer was found */
    const struct cert *impostor;
    bool               impostor_keyed; /* its key identifier is the one asked for, or none is given */
};

struct search {
    struct judge        *j;
    struct place_in_path place[PATH_MAX_STEPS];
    size_t               steps, signatures, judged;
    long                 best_cost;
    struct path          best;
    struct problems     *best_found;
};

bool is_anchor(const struct trust_question *q, const struct cert *c)
{
    for (size_t i = 0; q->anchors != NULL && i < q->anchors->n; i++)
        if (q->anchors->v[i] == c)
            return true;
    return q->anchors != NULL && anchors_limit(q->anchors, c) != NULL;
}

int sent_index(const struct trust_question *q, const struct cert *c)
{
    for (size_t i = 0; i < q->n; i++)
        if (q->certs[i] == c)
            return (int)i;
    return -1;
}

/* Candidate i of all: anchors first (they end the path), then what was sent, then the pool. */
static bool candidate(const struct trust_question *q, size_t i, struct path_step *out)
{
    size_t anchors = q->anchors != NULL ? q->anchors->n : 0;
    if (i < anchors)
        *out = (struct path_step){ "trust", i, q->anchors->v[i] };
    else if (i - anchors < q->n)
        *out = (struct path_step){ "chain", i - anchors, q->certs[i - anchors] };
    else if (i - anchors - q->n < q->pool_n)
        *out = (struct path_step){ "pool", i - anchors - q->n, q->pool[i - anchors - q->n] };
    else
        return false;
    return true;
}

/* The same CA again (name and key) leads in a circle, whatever certificate says it. */
static bool in_path(const struct path *p, const struct cert *c)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct cert *x = p->step[i].cert;
        if (x == c || (bytes_equal(x->spki, c->spki) && c->spki.n != 0 &&
                       bytes_equal(x->subject.der, c->subject.der)))
            return true;
    }
    return false;
}

static bool key_id_names(const struct cert *child, const struct cert *issuer)
{
    return child->aki.p != NULL && issuer->ski.p != NULL && bytes_equal(child->aki, issuer->ski);
}

static bool key_id_fits(const struct cert *child, const struct cert *issuer)
{
    return child->aki.p == NULL || issuer->ski.p == NULL || bytes_equal(child->aki, issuer->ski);
}

/* Errors weigh most, then a path that ends nowhere; among those the longer one tells more. */
static long cost_of(const struct judge *j)
{
    long cost = j->path.end == END_ANCHOR ? 0 : 100000 - (long)j->path.n;
    for (size_t i = 0; i < j->found->n; i++)
        cost += j->found->v[i].severity == SEV_ERROR ? 1000 : 0;
    for (size_t i = 0; i + 1 < j->path.n; i++)
        cost += j->path.sig[i] != SIG_GOOD ? 500 : 0;
    return cost + (j->path.end == END_ANCHOR ? (long)j->path.n : 0);
}

/* A path has come to its end. True: nothing is against it, no need to look on. */
static bool judge_end(struct search *s, enum path_end end)
{
    struct judge *j = s->j;
    j->path.end = end;
    j->found = ARENA_NEW(j->a, struct problems);
    judge_path(j);
    long cost = cost_of(j);
    s->judged++;
    if (s->best_found == NULL || cost < s->best_cost) {
        s->best_cost = cost;
        s->best = j->path;
        s->best_found = j->found;
    }
    return cost < 500;
}

static enum path_end dead_end(struct search *s, const struct place_in_path *at, const struct cert *c)
{
    s->j->path.impostor = at->impostor;
    if (c->self_issued && cert_signed_by(s->j->q->store, c, c) != SIG_BAD)
        return END_SELF_SIGNED;
    return at->impostor != NULL && at->impostor_keyed ? END_BAD_SIGNATURE : END_NO_ISSUER;
}

/* Those whose key identifier is the one asked for come in the first round, all others in the second: among many CAs of
 * one name the signatures of few need checking. */
static bool next_candidate(const struct judge *j, struct place_in_path *at, const struct cert *c, struct path_step *out)
{
    size_t all = (j->q->anchors != NULL ? j->q->anchors->n : 0) + j->q->n + j->q->pool_n;
    while (at->next < 2 * all) {
        bool first = at->next < all;
        if (candidate(j->q, at->next++ % all, out) && key_id_names(c, out->cert) == first)
            return true;
    }
    return false;
}

/* Looks for the next issuer of the last certificate and appends it. False: there is none (left). */
static bool extend(struct search *s)
{
    struct judge         *j = s->j;
    struct path          *p = &j->path;
    struct place_in_path *at = &s->place[p->n - 1];
    const struct cert    *c = p->step[p->n - 1].cert;
    struct path_step      x;
    while (next_candidate(j, at, c, &x)) {
        j->compared++;
        if (x.cert == c || !names_equal(&c->issuer, &x.cert->subject) || in_path(p, x.cert))
            continue;
        if (p->n == PATH_MAX_STEPS || ++s->signatures > SEARCH_SIGNATURES) {
            j->limit = true;
            return false;
        }
        enum sig_check sig = cert_signed_by(j->q->store, c, x.cert);
        if (sig == SIG_BAD) {
            bool keyed = key_id_fits(c, x.cert);
            if (at->impostor == NULL || (keyed && !at->impostor_keyed))
                at->impostor = x.cert, at->impostor_keyed = keyed;
            continue;
        }
        at->extended = true;
        p->sig[p->n - 1] = sig;
        s->place[p->n] = (struct place_in_path){ 0 };
        p->step[p->n++] = x;
        return true;
    }
    return false;
}

void paths_search(struct judge *j)
{
    struct search s = { .j = j };
    struct path  *p = &j->path;
    bool          done = false;
    p->step[0] = (struct path_step){ "chain", 0, j->q->certs[0] };
    p->n = 1;
    while (p->n > 0 && !done) {
        const struct cert    *c = p->step[p->n - 1].cert;
        struct place_in_path *at = &s.place[p->n - 1];
        j->limit |= ++s.steps > SEARCH_STEPS || s.judged >= PATHS_JUDGED;
        if (at->next == 0 && is_anchor(j->q, c)) {
            done = judge_end(&s, END_ANCHOR);
            p->n--;
        } else if (j->limit || !extend(&s)) {
            if (j->limit || !at->extended)
                done = judge_end(&s, j->limit ? END_LIMIT : dead_end(&s, at, c));
            p->impostor = NULL;
            p->n--;
            done |= j->limit;
        }
    }
    j->path = s.best;
    j->found = s.best_found;
}
