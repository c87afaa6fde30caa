/* Verdicts on an input that has no end: told at once, corrected where a neighbour later settles it, forgotten in time. */
#include "verdicts_parts.h"

#include "tlswhy/peers.h"
#include "tlswhy/text.h"

#include <stdlib.h>
#include <string.h>

enum { KEPT_MAX = 256 };
#define TELL_AFTER  (NS_PER_S / 4)   /* the same client's next try has mostly come by then */
#define KEEP_FOR    (60 * NS_PER_S)  /* for corrections */
#define AGE_AFTER   (600 * NS_PER_S) /* half the time that a neighbour is remembered */
#define FACTS_YOUNG 50000            /* or so many of them */

/* A failure that waits to be told, or was told and may have to be corrected. */
struct kept {
    struct handshake *h;   /* NULL = free */
    int64_t           since;
    bool              told, doubted; /* a neighbour has come since */
    bool              went_on;       /* it was ended for its silence, and more has come since */
    struct finding    f;   /* as told; its texts live in the handshake */
};

struct live_verdicts {
    verdict_decided *decided;
    void            *ctx;
    struct kept      kept[KEPT_MAX]; /* a ring */
    size_t           first, n, bytes;
    uint64_t         server[KEPT_MAX], client[KEPT_MAX], name[KEPT_MAX]; /* hashes of who they were; 0 = no name */
    struct peers    *young;          /* facts since the last ageing; v->peers has those before, too */
    struct hosts    *young_hosts;
    uint64_t         young_facts;
    int64_t          steady, aged, lossy_until; /* the last on the packets' clock */
    struct hash_key  key;
};

static struct kept *kept_at(struct live_verdicts *l, size_t i) { return &l->kept[(l->first + i) % KEPT_MAX]; }

void verdicts_live(struct verdicts *v, verdict_decided *decided, void *ctx)
{
    struct live_verdicts *l = mem_get(1, sizeof *l);
    l->decided = decided;
    l->ctx = ctx;
    l->key = hash_key_random();
    l->young = peers_new();
    l->young_hosts = hosts_new();
    l->lossy_until = INT64_MIN;
    v->live = l;
    verdict_anchors(v); /* while files can still be opened */
}

void live_free(struct live_verdicts *l)
{
    if (l == NULL)
        return;
    for (size_t i = 0; i < l->n; i++)
        handshake_free(kept_at(l, i)->h);
    peers_free(l->young);
    hosts_free(l->young_hosts);
    free(l);
}

void verdicts_dropped(struct verdicts *v, int64_t now_ns) { v->live->lossy_until = now_ns; }

/* What the kernel dropped may have been this connection's, and nothing in the capture shows it. */
void live_doubt(const struct verdicts *v, const struct handshake *h, struct finding *f)
{
    if (v->live == NULL || f->sure != CERTAIN || finding_result(h, f) != RESULT_FAILURE || v->live->lossy_until < h->start_ns)
        return;
    f->sure = LIKELY;
    f->because = "the kernel dropped packets while this went on: the capture was too slow, and what is missing cannot be told";
}

/* ---- neighbours ---- */

static uint64_t hash_end(const struct live_verdicts *l, const struct endpoint *e, bool port)
{
    uint8_t bytes[19] = { 0 };
    memcpy(bytes, e->ip, sizeof e->ip);
    bytes[16] = e->ip_len;
    memcpy(bytes + 17, &e->port, port ? sizeof e->port : 0);
    return hash_bytes(&l->key, bytes, sizeof bytes);
}

static uint64_t hash_name(const struct live_verdicts *l, struct bytes name)
{
    return name.n != 0 ? hash_bytes(&l->key, name.p, name.n) | 1 : 0;
}

void live_neighbour(struct verdicts *v, const struct handshake *h)
{
    struct live_verdicts *l = v->live;
    if (l == NULL)
        return;
    peers_add(l->young, h);
    l->young_facts++;
    if (l->n == 0)
        return;
    uint64_t server = hash_end(l, &h->ends[SERVER], true), client = hash_end(l, &h->ends[CLIENT], false);
    uint64_t name = hash_name(l, h->hello.sni);
    for (size_t i = 0; i < KEPT_MAX; i++) {
        if (l->server[i] != server && l->client[i] != client && (name == 0 || l->name[i] != name))
            continue;
        struct kept *k = &l->kept[i];
        k->doubted = true;
        k->went_on |= k->h->tcp.silence != 0 && same_endpoint(&k->h->ends[CLIENT], &h->ends[CLIENT]) && same_endpoint(&k->h->ends[SERVER], &h->ends[SERVER]);
    }
}

/* What is old goes: facts and names since the last ageing are all there are from now on, and collect new ones. */
static void age(struct verdicts *v)
{
    struct live_verdicts *l = v->live;
    verdict_fetches(v, true);
    peers_free(v->peers);
    hosts_free(v->hosts);
    arena_free(&v->lists);
    v->peers = l->young;
    v->hosts = l->young_hosts;
    l->young = peers_new();
    l->young_hosts = hosts_new();
    l->young_facts = 0;
    l->aged = l->steady;
}

void verdicts_learn_dns(struct verdicts *v, const uint8_t *message, size_t n)
{
    hosts_learn_dns(v->hosts, message, n);
    hosts_learn_dns(v->live->young_hosts, message, n);
}

/* ---- telling and correcting ---- */

static void decide(struct verdicts *v, const struct handshake *h, const struct finding *f)
{
    bool failed = f != NULL && finding_result(h, f) == RESULT_FAILURE && !verdict_is_ignored(v, f->cause);
    if (v->live->decided != NULL)
        v->live->decided(v->live->ctx, h, failed ? f : NULL);
}

void live_good(struct verdicts *v, const struct handshake *h)
{
    if (v->live != NULL)
        decide(v, h, NULL);
}

static void let_go(struct live_verdicts *l)
{
    struct kept *k = kept_at(l, 0);
    size_t       at = (size_t)(k - l->kept);
    l->bytes -= k->h->arena.used;
    handshake_free(k->h);
    *k = (struct kept){ 0 };
    l->server[at] = l->client[at] = l->name[at] = 0;
    l->first = (l->first + 1) % KEPT_MAX;
    l->n--;
}

static void tell(struct verdicts *v, struct kept *k)
{
    size_t before = k->h->arena.used;
    bool   ours = verdict_settle(v, k->h, &k->f);
    decide(v, k->h, ours ? &k->f : NULL);
    if (!ours || finding_result(k->h, &k->f) != RESULT_FAILURE || k->f.why == NULL)
        k->f.cause = NULL; /* nothing that a neighbour could change */
    k->told = true;
    k->doubted = false;
    v->live->bytes += k->h->arena.used - before;
}

/* Silence was all that spoke for a failure, and it has ended. */
static void take_back(const struct kept *k, struct arena *a, struct finding *f)
{
    *f = (struct finding){
        .rule = "went-on", .cause = "capture-incomplete", .sure = CERTAIN,
        .because = "the connection itself shows it",
        .why = arena_printf(a, "It went on after %.0f s of silence, when it had already been given up here. How it ended was not followed.",
                            (double)k->h->tcp.silence / NS_PER_S),
    };
}

static void correct(struct verdicts *v, struct kept *k)
{
    struct arena   scratch = { 0 };
    struct finding f = { 0 };
    k->doubted = false;
    if (k->f.cause == NULL)
        return;
    if (k->went_on)
        take_back(k, &scratch, &f);
    else
        why_explain(k->h, v->peers, &scratch, &f);
    live_doubt(v, k->h, &f);
    bool other = strcmp(f.cause, k->f.cause) != 0;
    if (other || f.sure > k->f.sure) {
        f.corrects = k->f.cause;
        f.corrects_sure = k->f.sure;
        if (other)
            verdict_recount(v, k->h, &k->f, &f);
        verdict_write(v, k->h, &f);
        k->f = (struct finding){ .cause = finding_result(k->h, &f) == RESULT_FAILURE ? f.cause : NULL, .side = f.side, .sure = f.sure };
    }
    arena_free(&scratch);
}

void live_take(struct verdicts *v, struct handshake *h)
{
    struct live_verdicts *l = v->live;
    while (l->n == KEPT_MAX || (l->n != 0 && l->bytes + h->arena.used > v->o.memory)) {
        if (!kept_at(l, 0)->told)
            tell(v, kept_at(l, 0));
        let_go(l);
    }
    struct kept *k = kept_at(l, l->n++);
    size_t       at = (size_t)(k - l->kept);
    *k = (struct kept){ .h = h, .since = l->steady };
    l->server[at] = hash_end(l, &h->ends[SERVER], true);
    l->client[at] = hash_end(l, &h->ends[CLIENT], false);
    l->name[at] = hash_name(l, h->hello.sni);
    l->bytes += h->arena.used;
}

void live_end(struct verdicts *v)
{
    struct live_verdicts *l = v->live;
    for (size_t i = 0; i < l->n; i++) {
        if (!kept_at(l, i)->told)
            tell(v, kept_at(l, i));
        else if (kept_at(l, i)->doubted)
            correct(v, kept_at(l, i));
    }
    while (l->n != 0)
        let_go(l);
}

void verdicts_tick(struct verdicts *v, int64_t steady_ns, int64_t now_ns)
{
    struct live_verdicts *l = v->live;
    l->steady = steady_ns;
    v->last_ns = now_ns;
    verdict_fetches(v, false);
    for (size_t i = 0; i < l->n; i++) {
        struct kept *k = kept_at(l, i);
        if (!k->told && steady_ns - k->since >= TELL_AFTER)
            tell(v, k);
        else if (k->told && k->doubted)
            correct(v, k);
    }
    while (l->n != 0 && kept_at(l, 0)->told && (kept_at(l, 0)->f.cause == NULL || steady_ns - kept_at(l, 0)->since >= KEEP_FOR))
        let_go(l);
    if (steady_ns - l->aged >= AGE_AFTER || l->young_facts >= FACTS_YOUNG) {
        live_end(v); /* what is kept may point to a name that goes */
        age(v);
    }
    verdict_flush(v);
}

/* ---- certificates ---- */

bool verdicts_store_full(const struct verdicts *v) { return cert_store_bytes(v->store) > v->o.memory; }

/* The anchors move to the new store: certificates are compared by where they are. */
void verdicts_store_renew(struct verdicts *v)
{
    struct cert_store *old = v->store;
    live_end(v);
    age(v);
    age(v);
    v->store = cert_store_new();
    for (size_t i = 0; i < v->anchors.n; i++)
        v->anchors.v[i] = cert_intern(v->store, v->anchors.v[i]->der.p, v->anchors.v[i]->der.n);
    v->proven = (struct proven){ 0 };
    cert_store_free(old);
}
