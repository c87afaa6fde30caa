/* prober.c - many attempts at once: whose turn it is, and what is collected. */
#include "attempt.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = 1 << 14, STEADY = 2 /* so many times it was not the crowd */ };
#define TRY_AGAIN_NS (50 * INT64_C(1000000)) /* when sockets or ports have run out */

static void view_leave(struct view *v)
{
    if (v == NULL || --v->users > 0)
        return;
    observer_free(v->observer);
    free(v);
}

void prober_certs(struct prober *p, struct cert_store *certs)
{
    view_leave(p->view);
    p->view = mem_get(1, sizeof *p->view);
    *p->view = (struct view){ .observer = observer_new(certs, NULL), .users = 1 };
    observer_secrets(p->view->observer, talk_secrets, p);
}

struct prober *prober_new(struct cert_store *certs)
{
    struct loop *loop = loop_new();
    if (loop == NULL)
        return NULL;
    struct prober *p = mem_get(1, sizeof *p);
    p->loop = loop;
    p->lanes = mem_get(LANES, sizeof *p->lanes);
    p->secret = hash_key_random();
    prober_certs(p, certs);
    return p;
}

static void attempt_free(struct attempt *a)
{
    keys_wipe(&a->keys, sizeof a->keys);
    finish_free(a);
    arena_free(&a->arena);
    text_free(&a->heard);
    inside_free(a->inside);
    free(a);
}

void prober_free(struct prober *p)
{
    if (p == NULL)
        return;
    for (struct attempt *a = p->open, *next; a != NULL; a = next) {
        next = a->next;
        attempt_close(a);
        view_leave(a->view);
        attempt_free(a);
    }
    for (struct attempt *a = p->over, *next; a != NULL; a = next) {
        next = a->next;
        handshake_free(a->h);
        attempt_free(a);
    }
    view_leave(p->view);
    loop_free(p->loop);
    keys_wipe(&p->ring, sizeof p->ring);
    free(p->lanes);
    free(p);
}

struct loop *prober_loop(struct prober *p) { return p->loop; }
void         prober_record(struct prober *p, struct recording *r) { p->recording = r; }
void         prober_pause(struct prober *p, int64_t ns) { p->pause = ns; }
size_t       probe_open(const struct prober *p) { return p->open_n; }
int          probe_trouble(const struct prober *p) { return p->trouble; }

/* ------------------------------------------------------------------------------------ turns */

static struct lane *lane_of(const struct prober *p, const struct address *to)
{
    struct endpoint e;
    endpoint_of(&to->to, &e);
    return &p->lanes[hash_bytes(&p->secret, e.ip, e.ip_len) % LANES];
}

/* The moment from which it may begin; INT64_MAX: when one of those open has ended. */
static int64_t turn(const struct lane *l, const struct attempt *a)
{
    int64_t rested = l->emptied != 0 ? l->emptied + a->ask->rest_ns : 0;
    if (a->ask->rest_ns == 0 || l->steady >= STEADY)
        return l->next;
    return l->open > 0 ? INT64_MAX : rested > l->next ? rested : l->next;
}

static void begin(struct attempt *a, int64_t now)
{
    struct lane *l = a->lane;
    l->next = a->prober->pause > 0 ? now + a->prober->pause : 0;
    if (++l->open > 1)
        l->crowded = now;
    a->begun = a->begun != 0 ? a->begun : now;
    a->deadline = a->begun + (a->ask->open_ns > 0 && a->ask->open_ns < a->ask->timeout_ns ? a->ask->open_ns : a->ask->timeout_ns);
    attempt_open(a);
}

static void wake(struct lane *l, int64_t now)
{
    if (l->first != NULL)
        loop_due(l->first->prober->loop, &l->first->watch, now);
}

void prober_turn(struct attempt *a)
{
    struct lane *l = a->lane;
    int64_t      now = loop_now(), at = turn(l, a);
    assert(l->first == a);
    if (at > now) {
        loop_due(a->prober->loop, &a->watch, at);
        return;
    }
    l->first = a->behind;
    a->behind = NULL;
    wake(l, now);
    begin(a, now);
}

void prober_later(struct attempt *a)
{
    struct lane *l = a->lane;
    int64_t      now = loop_now();
    if (now >= a->deadline) {
        attempt_give_up(a);
        return;
    }
    l->open--;
    a->behind = l->first;
    l->last = l->first == NULL ? a : l->last;
    l->first = a;
    loop_due(a->prober->loop, &a->watch, now + TRY_AGAIN_NS);
}

bool probe_dropped(const struct handshake *h)
{
    enum { TOO_MANY = 421 }; /* RFC 5321 section 3.8, RFC 959 section 4.2 */
    if (h->prelude.refused && h->prelude.status == TOO_MANY)
        return true;
    return h->tcp.bytes[SERVER] == 0 && !h->stopped_by_us;
}

void prober_over(struct attempt *a)
{
    struct prober *p = a->prober;
    struct lane   *l = a->lane;
    int64_t        now = loop_now();
    bool           dropped = probe_dropped(a->h);
    if (a->ask->rest_ns > 0)
        l->steady = dropped ? l->steady + 1 : 0;
    a->crowded = dropped && l->steady < STEADY && (l->crowded >= a->begun || l->open > 1);
    if (--l->open == 0)
        l->emptied = now;
    wake(l, now);
    view_leave(a->view);
    a->view = NULL;
    *a->before = a->next;
    if (a->next != NULL)
        a->next->before = a->before;
    p->open_n--;
    a->next = NULL;
    if (p->over == NULL)
        p->over = a;
    else
        p->over_last->next = a;
    p->over_last = a;
}

void probe_start(struct prober *p, const struct probe_ask *ask)
{
    struct attempt *a = mem_get(1, sizeof *a);
    *a = (struct attempt){ .prober = p, .view = p->view, .ask = ask, .spec = ask->spec, .count = ask->count != NULL ? ask->count : &p->count,
                           .watch = { .fd = -1, .call = attempt_ready, .ctx = a }, .keys.ring = &p->ring };
    a->view->users++;
    a->frames = p->recording != NULL ? recording_frames(p->recording) : &a->count->frames;
    endpoint_of(&ask->to.to, &a->ends[SERVER]);
    a->ends[CLIENT].ip_len = a->ends[SERVER].ip_len;
    a->stream = ++a->count->streams;
    a->lane = lane_of(p, &ask->to);
    a->next = p->open;
    a->before = &p->open;
    if (p->open != NULL)
        p->open->before = &a->next;
    p->open = a;
    p->open_n++;
    int64_t now = loop_now();
    if (a->lane->first != NULL) {
        a->lane->last->behind = a;
        a->lane->last = a;
    } else if (turn(a->lane, a) <= now) {
        begin(a, now);
    } else {
        a->lane->first = a->lane->last = a;
        prober_turn(a);
    }
}

bool probe_step(struct prober *p, int64_t until) { return loop_step(p->loop, p->over != NULL ? 0 : until); }

bool probe_collect(struct prober *p, struct probe_done *out)
{
    struct attempt *a = p->over;
    if (a == NULL)
        return false;
    p->over = a->next;
    p->trouble = a->trouble != 0 ? a->trouble : p->trouble;
    *out = (struct probe_done){ .ask = a->ask, .h = a->h, .crowded = a->crowded, .trouble = a->trouble };
    attempt_free(a);
    return true;
}

/* ------------------------------------------------------------------------------------ all of them */

/* One that was dropped in a crowd, with nobody else there. */
static struct handshake *ask_alone(struct prober *p, const struct probe_ask *ask)
{
    struct probe_ask  alone = *ask;
    struct probe_done done = { 0 };
    alone.rest_ns = NS_PER_S;
    probe_start(p, &alone);
    while (!probe_collect(p, &done) && probe_step(p, INT64_MAX))
        ;
    return done.h;
}

void probe_all(struct prober *p, const struct probe_ask *asks, size_t n, size_t at_once, struct handshake **out)
{
    struct probe_done done;
    bool             *doubtful = mem_get(n + 1, sizeof *doubtful);
    size_t            next = 0;
    do {
        while (next < n && p->open_n < (at_once > 0 ? at_once : 1))
            probe_start(p, &asks[next++]);
        probe_step(p, INT64_MAX);
        while (probe_collect(p, &done)) {
            out[done.ask - asks] = done.h;
            doubtful[done.ask - asks] = done.crowded;
        }
    } while (next < n || p->open_n > 0);
    for (size_t i = 0; i < n; i++) {
        if (!doubtful[i] || lane_of(p, &asks[i].to)->steady >= STEADY)
            continue;
        handshake_free(out[i]);
        out[i] = ask_alone(p, &asks[i]);
    }
    free(doubtful);
}
