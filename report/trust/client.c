/* The client's eyes: what a known client can verify, and whether the list of roots it came with had this root.
 * Lists grow: a device that has had no update since then lacks what joined later. What was installed by hand or
 * fetched in between is not seen, so nothing here is ever sure. */
#include "judge.h"
#include "tlswhy/profile.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS = 64, DAY_LEN = 10 }; /* "2008-12-31" */

/* ---- from profiles to the question ---- */

static bool in_words(const char *const *v, size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(v[i], word) == 0)
            return true;
    return false;
}

/* What at least one of them takes: what is not in this list none of them takes. NULL: of one it is not known. */
static const char *const *any_takes(const struct client_match *m, const char *const *(*list)(const struct profile *),
                                    struct arena *a)
{
    const char **v = ARENA_NEW_N(a, WORDS + 1, const char *);
    size_t       n = 0;
    for (size_t i = 0; i < m->n; i++) {
        const char *const *one = list(m->profiles[i]);
        if (one == NULL)
            return NULL;
        for (; *one != NULL; one++) {
            if (n == WORDS)
                return NULL;
            if (!in_words(v, n, *one))
                v[n++] = *one;
        }
    }
    return v;
}

static const char *const *sigs_of(const struct profile *p) { return p->cert_sigs; }
static const char *const *keys_of(const struct profile *p) { return p->cert_keys; }

static unsigned least_rsa(const struct client_match *m)
{
    unsigned least = m->profiles[0]->rsa_min;
    for (size_t i = 1; i < m->n; i++)
        least = m->profiles[i]->rsa_min < least ? m->profiles[i]->rsa_min : least; /* 0, not known, is the least */
    return least;
}

static const char *const *eras_of(const struct client_match *m, struct arena *a)
{
    const char **v = ARENA_NEW_N(a, m->n + 1, const char *);
    for (size_t i = 0; i < m->n; i++) {
        v[i] = m->profiles[i]->root_era;
        if (v[i] == NULL)
            return NULL;
    }
    return v;
}

void trust_ask_as(struct trust_question *q, const struct client_match *client, bool named, struct arena *a)
{
    if (client == NULL || client->how != MATCH_EXACT || client->n == 0 || client->n == MATCH_MAX)
        return; /* nearly alike is not alike, and of a full set some members may be missing */
    q->client_guessed = !named;
    q->sigs = q->sigs != NULL ? q->sigs : any_takes(client, sigs_of, a);
    q->keys = q->keys != NULL ? q->keys : any_takes(client, keys_of, a);
    q->rsa_min = q->rsa_min != 0 ? q->rsa_min : least_rsa(client);
    q->san_needed |= (client->all_cannot & CAN_WITHOUT_SAN) != 0;
    q->eras = eras_of(client, a);
}

/* ---- roots and eras ---- */

/* A row is sorted by fingerprint; days as text, "still" for a list that has it to this day, "" = not seen in it. */
struct root_row {
    const char *sha256, *name, *ms_first, *ms_last, *android_first, *android_last, *java_first;
};
static const struct root_row roots[] = {
#define ROW(sha256, name, ms_first, ms_last, ms_server_auth, android_first, android_last, java_first) \
    { sha256, name, ms_first, ms_last, android_first, android_last, java_first },
#include "gen/knowledge/root_eras.inc"
#undef ROW
};

static const struct root_list {
    const char *word, *name, *code, *from, *to; /* from, to: what of its history was seen */
    bool        whole;                          /* all that it held then is in the table */
    bool        updates_itself;
} lists[] = {
    { "microsoft", "Microsoft's list", "ctl_missing_root", "2006-12-14", "2025-06-16", true, true },
    { "android", "Android's list", "untrusted_root", "2011-01-07", "2023-11-09", true, false },
    { "java", "Java's list", "untrusted_root", "", "", false, false },
};
enum { MICROSOFT, ANDROID };

static int by_sha256(const void *key, const void *row) { return strcmp(key, ((const struct root_row *)row)->sha256); }

static const struct root_row *root_of(const uint8_t sha256[32])
{
    static const char hex[] = "0123456789abcdef";
    char              text[65];
    for (size_t i = 0; i < 32; i++) {
        text[2 * i] = hex[sha256[i] >> 4];
        text[2 * i + 1] = hex[sha256[i] & 15];
    }
    text[64] = '\0';
    return bsearch(text, roots, ARRAY_LEN(roots), sizeof *roots, by_sha256);
}

/* A list that held the root and dropped it before that day leaves it open: devices do not forget what they had. */
static enum era_had had_by(const struct root_list *l, const char *day, const char *first, const char *last)
{
    if (first[0] == '\0')
        return l->whole ? ERA_LACKED : ERA_UNKNOWN;
    if (strcmp(day, l->from) < 0) /* before what was seen: only of what joined later is it known */
        return strcmp(first, l->from) > 0 ? ERA_LACKED : ERA_UNKNOWN;
    if (strcmp(day, first) < 0)
        return ERA_LACKED;
    return strcmp(last, "still") == 0 || strcmp(day, last) <= 0 ? ERA_HAD : ERA_UNKNOWN;
}

struct era_answer era_ask(const char *era, const uint8_t sha256[32], int64_t time)
{
    struct era_answer       x = { .had = ERA_UNKNOWN, .first = "" };
    const struct root_row  *r = root_of(sha256);
    const struct root_list *l = NULL;
    const char             *day = strchr(era, ' ');
    char                    now[40];
    for (size_t i = 0; i < ARRAY_LEN(lists) && day != NULL; i++)
        if (strlen(lists[i].word) == (size_t)(day - era) && strncmp(era, lists[i].word, (size_t)(day - era)) == 0)
            l = &lists[i];
    if (l == NULL || strlen(day + 1) != DAY_LEN)
        return x;
    time_rfc3339_s(now, time);
    memcpy(x.day, strncmp(now, day + 1, DAY_LEN) < 0 ? now : day + 1, DAY_LEN);
    x.list = l->name;
    x.code = l->code;
    x.updates_itself = l->updates_itself;
    x.from = l->from;
    x.to = l->to;
    if (r == NULL)
        return x; /* a root that none of the lists ever had: somebody's own, or newer than the table */
    x.first = l == &lists[MICROSOFT] ? r->ms_first : l == &lists[ANDROID] ? r->android_first : r->java_first;
    x.had = had_by(l, x.day, x.first, l == &lists[MICROSOFT] ? r->ms_last : l == &lists[ANDROID] ? r->android_last : "still");
    return x;
}

/* The server sent a cross certificate for this root: another way may lead to a root that the client has. */
static bool has_other_way(const struct judge *j, const struct cert *root)
{
    for (size_t i = 0; i < j->q->n; i++) {
        const struct cert *c = j->q->certs[i];
        if (c != root && !c->malformed && !c->self_issued && names_equal(&c->subject, &root->subject))
            return true;
    }
    return false;
}

static void lacks_root(struct judge *j, const struct cert *root, const struct era_answer *x)
{
    bool        doubtful = j->q->client_guessed && x->updates_itself;
    const char *when = x->first[0] == '\0' ? arena_printf(j->a, "no list from %s to %s has it", x->from, x->to)
                                           : arena_printf(j->a, "it first appears on %s", x->first);
    problem_add_as(j, x->code, doubtful ? SEV_WARNING : SEV_ERROR, (int)j->path.n - 1,
                   "%s of %s, which this client has if it was never updated, did not hold the root %s: %s; whether it "
                   "was added since cannot be seen", x->list, x->day, who(j, root), when)->unsure = true;
}

/* The root that our list lacks was in the client's: then its absence here says nothing. */
static void had_root(struct judge *j, const struct era_answer *x)
{
    for (size_t i = 0; i < j->found->n; i++) {
        struct chain_problem *p = &j->found->v[i];
        if (strcmp(p->code, "untrusted_root") != 0)
            continue;
        p->severity = SEV_INFO;
        p->detail = arena_printf(j->a, "%s; %s of %s, which this client has, held it", p->detail, x->list, x->day);
    }
}

void check_era(struct judge *j)
{
    const struct trust_question *q = j->q;
    const struct cert           *root = path_cert(j, j->path.n - 1);
    struct era_answer            first = { .had = ERA_UNKNOWN };
    bool                         own = q->anchors != NULL && q->anchors->clients_own;
    if (q->eras == NULL || own || j->path.n < 2 || (j->path.end != END_ANCHOR && j->path.end != END_SELF_SIGNED))
        return;
    for (size_t i = 0; q->eras[i] != NULL; i++) { /* all must agree */
        struct era_answer x = era_ask(q->eras[i], cert_sha256(root), q->time);
        if (i != 0 && x.had != first.had)
            return;
        first = i == 0 ? x : first;
    }
    if (first.had == ERA_LACKED && !has_other_way(j, root))
        lacks_root(j, root, &first);
    else if (first.had == ERA_HAD && j->path.end == END_SELF_SIGNED)
        had_root(j, &first);
}
