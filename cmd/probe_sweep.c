/* probe_sweep.c - probe --sweep: runs the planner's questions over connections, several at a time, and judges what came. */
#include "probe_parts.h"

#include "tlswhy/sweep_page.h"
#include "tlswhy/sweep_plan.h"

#include <stdlib.h>
#include <string.h>

#define ALONE_NS (200 * INT64_C(1000000)) /* how long others have to be over before a question is asked alone */

#define SEGMENT_PAUSE_NS (100 * INT64_C(1000000))

enum { SLOTS_MAX = 64, SEGMENT = 128 }; /* SEGMENT: bytes of a hello that is sent in pieces */

struct slot {
    bool             busy, again; /* again: asked alone, after a crowd */
    int64_t          begun;
    struct sweep_ask question;
    struct probe_ask ask;
    struct arena     arena; /* of its hello */
};

struct sweeper {
    struct trial *t;
    struct sweep *plan;
    struct slot   slot[SLOTS_MAX];
    size_t        slots;
    struct slot  *alone;       /* waits for quiet, so nothing else begins */
    bool          drops_alone; /* the server drops what it refuses without a crowd, too */
    int64_t       timeout_ns;
    int64_t       gather_ns; /* questions that were asked so close together are answered together, before more is asked */
    int64_t       newest;    /* when the newest of those was asked whose answers are there */
};

static struct slot *free_slot(struct sweeper *w)
{
    for (size_t i = 0; i < w->slots; i++)
        if (!w->slot[i].busy)
            return &w->slot[i];
    return NULL;
}

static void start(struct sweeper *w, struct slot *s, const struct sweep_ask *question)
{
    struct trial *t = w->t;
    struct bytes  name = spec_of(t).sni;
    arena_free(&s->arena);
    s->question = *question;
    s->busy = true;
    s->again = false;
    s->begun = loop_now();
    s->ask = (struct probe_ask){ .to = t->addresses[t->address], .spec = sweep_spec(w->plan, question, name, &s->arena), .timeout_ns = w->timeout_ns,
                                 .starttls = t->target.starttls, .host = t->target.host, .port = t->target.port,
                                 .way = t->through ? &t->way : NULL, .ctx = s, .count = &t->count, .hello_only = sweep_ask_hello_only(question),
                                 .whole = sweep_ask_whole(question), .flight_only = !sweep_ask_client_certificate(question) && !sweep_ask_whole(question),
                                 .segment = sweep_ask_in_segments(question) ? SEGMENT : 0, .segment_pause_ns = SEGMENT_PAUSE_NS,
                                 .rest_ns = sweep_gentle(w->plan) ? ALONE_NS : 0 };
    probe_start(t->run->prober, &s->ask);
}

/* A connection dropped in a crowd says little: once more, alone. Where that changes nothing, drops are this server's refusals. */
static bool ask_alone(struct sweeper *w, struct slot *s, const struct probe_done *done)
{
    bool dropped = probe_dropped(done->h) && done->h->outcome != OUTCOME_NOT_OPENED;
    if (s->again) {
        w->alone = NULL;
        w->drops_alone = w->drops_alone || dropped;
        return false;
    }
    if (!dropped || !done->crowded || w->drops_alone || w->alone != NULL)
        return false;
    w->alone = s;
    s->again = true;
    s->ask.rest_ns = ALONE_NS;
    handshake_free(done->h);
    probe_start(w->t->run->prober, &s->ask);
    return true;
}

/* Answers that are looked into later are kept, like attempts. */
static bool keeps(const struct sweep_ask *q, const struct trial *t) { return q->topic == TOPIC_CHECK && t->n < ATTEMPTS_MAX; }

static void took(struct sweeper *w, const struct probe_done *done)
{
    struct slot        *s = done->ask->ctx;
    struct sweep_answer answer = sweep_answer_of(done->h);
    if (done->trouble != 0)
        answer = (struct sweep_answer){ .kind = ANSWER_UNSENT };
    else if (ask_alone(w, s, done))
        return;
    s->busy = false;
    w->newest = s->begun > w->newest ? s->begun : w->newest;
    if (keeps(&s->question, w->t)) {
        finish_attempt(w->t, done->h, NULL, "tlswhy", sweep_check_words(s->question.check));
        sweep_took(w->plan, &s->question, &answer);
        return;
    }
    sweep_took(w->plan, &s->question, &answer);
    handshake_free(done->h);
}

static void ask_more(struct sweeper *w)
{
    struct sweep_ask asks[SLOTS_MAX];
    size_t           room = 0;
    for (size_t i = 0; i < w->slots; i++)
        room += !w->slot[i].busy;
    if (w->alone != NULL)
        return;
    size_t n = sweep_next(w->plan, asks, room);
    for (size_t i = 0; i < n; i++)
        start(w, free_slot(w), &asks[i]);
}

/* Is there still a question under way that was asked together with those that are answered? */
static bool more_to_gather(const struct sweeper *w)
{
    for (size_t i = 0; i < w->slots; i++)
        if (w->slot[i].busy && w->slot[i].begun <= w->newest + w->gather_ns)
            return true;
    return false;
}

/* Waits for an answer, and a little longer for those that come with it: what to ask next depends on all of them. */
static void take_some(struct sweeper *w)
{
    struct probe_done done;
    int64_t           until = INT64_MAX;
    w->newest = 0;
    while (probe_open(w->t->run->prober) > 0 && (w->newest == 0 || (more_to_gather(w) && loop_now() < until)) &&
           probe_step(w->t->run->prober, until)) {
        while (probe_collect(w->t->run->prober, &done)) {
            took(w, &done);
            until = until == INT64_MAX && w->newest != 0 ? loop_now() + w->gather_ns : until;
        }
    }
}

/* Gives how long versions and suites took. */
static int64_t run_sweep(struct sweeper *w)
{
    int64_t begun = loop_now(), suites = 0;
    ask_more(w);
    while (probe_open(w->t->run->prober) > 0) {
        take_some(w);
        int64_t now = loop_now();
        ask_more(w); /* where there is nothing more to ask about suites, this finds it */
        if (suites == 0 && sweep_suites_over(w->plan))
            suites = now - begun;
    }
    return suites;
}

/* ------------------------------------------------------------------------------------ causes */

static bool told(const struct sweep_page *p, const char *cause)
{
    for (size_t i = 0; i < p->findings; i++)
        if (strcmp(p->finding[i].cause, cause) == 0)
            return true;
    return false;
}

static void add_cause(struct sweep_page *p, const struct handshake *h, const struct finding *f)
{
    if (p->findings < SWEEP_FINDINGS && finding_counts(h, f) && !told(p, f->cause))
        p->finding[p->findings++] = *f;
}

/* Every certificate is judged, the one for each kind of key; not those for a name that nobody asked for. */
static void add_certificate_causes(struct trial *t, struct sweep_page *p)
{
    struct sweep_leaf leaf[CHECK_COUNT];
    size_t            n = sweep_leaves(p->facts, leaf);
    for (size_t i = 0; i < n; i++) {
        struct handshake *h = t->made[leaf[i].h->probed->attempt - 1];
        struct finding    f = { 0 };
        if (((leaf[i].asked & ~(1u << CHECK_NO_NAME | 1u << CHECK_OTHER_NAME))) == 0 || h->chain == NULL || h->chain->verdict != CHAIN_FAIL)
            continue;
        why_explain(h, t->peers, &h->arena, &f);
        add_cause(p, h, &f);
    }
}

/* How long a server is waited for that does answer; one that was silent all the time of the first hello is not waited for as long again. */
static int64_t patience(const struct trial *t, const struct handshake *first)
{
    enum { ANSWERS_S = 3, SILENT_S = 1, ROUNDS = 20 };
    int64_t rtt = first->tcp.syn_ack.ns - first->tcp.syn.ns, least = (first->tcp.bytes[SERVER] > 0 ? ANSWERS_S : SILENT_S) * NS_PER_S;
    int64_t enough = ROUNDS * rtt > least ? ROUNDS * rtt : least;
    return enough < t->run->o->timeout_ns ? enough : t->run->o->timeout_ns;
}

static int64_t gathering(const struct handshake *first)
{
    enum { MOST_MS = 25, PART = 6 };
    int64_t took = first->tcp.last_seen[SERVER].ns - first->hello.where.ns, most = MOST_MS * (NS_PER_S / 1000);
    return took <= 0 ? 0 : took / PART < most ? took / PART : most;
}

/* ------------------------------------------------------------------------------------ is it one server, and does it last? */

/* A server that closes with our bytes unread may show as a FIN or a RST. */
static enum answer_kind left_kind(enum answer_kind k) { return k == ANSWER_RESET ? ANSWER_CLOSE : k; }

static bool same_certificate(const struct handshake *a, const struct handshake *b)
{
    return a->cert_count == 0 || b->cert_count == 0 || bytes_equal(a->certs[0]->der, b->certs[0]->der);
}

static bool answered_alike(const struct sweep_answer *a, const struct sweep_answer *b)
{
    return left_kind(a->kind) == left_kind(b->kind) && a->version == b->version && a->suite == b->suite && a->alert == b->alert;
}

/* The first hello, again: other answers tell of several servers behind the address that take turns, or of one that limits connections.
 * Then what all the hellos between have shown is mixed up, or missing. */
static void ask_repeats(const struct sweeper *w, const struct handshake *first, struct sweep_page *page)
{
    enum { REPEATS = 4 };
    struct trial       *t = w->t;
    struct sweep_answer before = sweep_answer_of(first);
    page->unlike = first->probed->unsteady;
    for (unsigned i = 0; i < REPEATS && before.kind != ANSWER_SILENCE && before.kind != ANSWER_UNSENT; i++) {
        struct probe_ask  ask = trial_question(t, &t->first);
        struct handshake *h = NULL;
        ask.count = &t->count;
        ask.timeout_ns = w->timeout_ns;
        probe_all(t->run->prober, &ask, 1, 1, &h);
        struct sweep_answer now = sweep_answer_of(h);
        bool                alike = answered_alike(&before, &now), leaf = same_certificate(first, h);
        page->repeats++;
        if ((!alike || !leaf) && now.kind != ANSWER_UNSENT && page->unlike++ == first->probed->unsteady) {
            page->other = now;
            page->other.h = NULL;
            page->other_certificate = alike;
        }
        handshake_free(h);
        if (now.kind == ANSWER_SILENCE)
            break;
    }
    page->connections += page->repeats;
}

static void sum_up(struct summary *s, const struct sweep_page *p)
{
    s->handshakes++;
    s->completed += p->findings == 0;
    s->failed += p->findings > 0;
    for (size_t i = 0; i < p->findings; i++)
        count_cause(s, cause_of(p->finding[i].cause)->code);
}

void sweep_target(struct trial *t)
{
    struct run       *run = t->run;
    struct finding    why = { 0 };
    struct handshake *first = trial_verdict(t, &why);
    if (first->outcome == OUTCOME_NOT_OPENED) {
        run_trouble(t, "%s: nothing to sweep, the connection does not open (%s); tlswhy probe says more", t->target.text, why.cause);
        return;
    }
    struct sweeper w = { .t = t, .slots = run->o->jobs < SLOTS_MAX ? run->o->jobs : SLOTS_MAX, .timeout_ns = patience(t, first),
                         .gather_ns = gathering(first) };
    w.plan = sweep_new(w.slots);
    int64_t        begun = loop_now(), suites = first->plain[SERVER].start.p == NULL ? run_sweep(&w) : 0; /* what is no TLS has no suites */
    struct sweep_facts *facts = ARENA_NEW(&t->arena, struct sweep_facts);
    *facts = *sweep_facts(w.plan);
    facts->suite_ns = suites;
    facts->ns = loop_now() - begun;
    struct bytes      name = spec_of(t).sni;
    struct sweep_page page = { .facts = facts, .first = first, .name = name.p != NULL ? arena_copy(&t->arena, name.p, name.n) : NULL,
                               .connections = facts->connections + (unsigned)t->n };
    for (enum sweep_check c = 0; c < CHECK_COUNT; c++)
        page.connections -= facts->check[c].h != NULL; /* counted in both */
    if (facts->connections != 0)
        ask_repeats(&w, first, &page);
    add_cause(&page, first, &why);
    add_certificate_causes(t, &page);
    sum_up(&run->sum, &page);
    if (run->o->renderer == &json_renderer)
        sweep_json(&run->out, &page);
    else
        sweep_text(&run->out, &run->o->report, &page);
    run_flush(run);
    for (size_t i = 0; i < w.slots; i++)
        arena_free(&w.slot[i].arena);
    sweep_free(w.plan);
}
