/* pair.c - which handshakes of two captures belong to one connection. */
#include "tlswhy/compare.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LATEST_NS (10 * NS_PER_S) /* something in between that ends TLS opens its own side by then */

const char *relation_name(enum relation r)
{
    static const char *const names[] = { "forwarded", "edited", "terminated", "unpaired", "repeated" };
    return names[r];
}

/* ---- views by their random */

struct by_random {
    const uint8_t *random; /* 32 bytes */
    size_t         at;     /* of the view */
};

static int compare_random(const void *a, const void *b)
{
    const struct by_random *x = a, *y = b;
    int                     order = memcmp(x->random, y->random, 32);
    return order != 0 ? order : x->at < y->at ? -1 : x->at > y->at;
}

static bool has_random(const struct handshake *h)
{
    return (h->known & (KNOW_CLIENT_HELLO | KNOW_CLIENT_HELLO_PART)) != 0 && h->hello.random.n == 32;
}

static struct by_random *sorted_by_random(const struct views *all, struct arena *a, size_t *n)
{
    struct by_random *index = ARENA_NEW_N(a, all->n + 1, struct by_random);
    *n = 0;
    for (size_t i = 0; i < all->n; i++)
        if (has_random(all->v[i].h))
            index[(*n)++] = (struct by_random){ all->v[i].h->hello.random.p, i };
    qsort(index, *n, sizeof index[0], compare_random);
    return index;
}

/* The first of them with this random, `n` where there is none. */
static size_t first_with(const struct by_random *index, size_t n, const uint8_t *random)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (memcmp(index[mid].random, random, 32) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low < n && memcmp(index[low].random, random, 32) == 0 ? low : n;
}

/* ---- what two views have in common */

static int64_t began(const struct handshake *h) { return h->start_ns; }
static int64_t asked(const struct handshake *h) { return h->hello.where.ns != 0 ? h->hello.where.ns : h->start_ns; }

/* The name that it is for. An address is none: some put one where a name belongs. */
static struct bytes purpose(const struct handshake *h)
{
    struct bytes name = h->hello.sni.p != NULL ? h->hello.sni : h->prelude.host, ip;
    uint8_t      buf[16];
    return name.p != NULL && ip_from_text((const char *)name.p, name.n, &ip, buf) ? (struct bytes){ 0 } : name;
}

static bool same_name(const struct handshake *a, const struct handshake *b)
{
    struct bytes x = purpose(a), y = purpose(b);
    return x.n != 0 && x.n == y.n && strncasecmp((const char *)x.p, (const char *)y.p, x.n) == 0;
}

static bool other_name(const struct handshake *a, const struct handshake *b)
{
    return purpose(a).n != 0 && purpose(b).n != 0 && !same_name(a, b);
}

/* Does this view end at a proxy that was asked for a way on? */
static bool at_proxy(const struct handshake *h) { return h->prelude.kind == PRELUDE_CONNECT || h->prelude.kind == PRELUDE_SOCKS; }

/* ---- pairing */

struct work {
    const struct views *client, *server;
    bool                one;    /* both sides are in one capture */
    bool               *taken;  /* views of the server's side */
    size_t             *partner; /* by view of the client's side: of the server's side, SIZE_MAX = none */
    enum paired_by     *by;
    bool               *rivals;
    int64_t             offset;
};

/* In one capture the client's view is the one that talks to a proxy, else the one that began first. */
static bool may_face(const struct work *w, size_t c, size_t s)
{
    const struct handshake *x = w->client->v[c].h, *y = w->server->v[s].h;
    if (!w->one)
        return true;
    if (c == s || (at_proxy(y) && !at_proxy(x)))
        return false;
    return at_proxy(x) != at_proxy(y) || began(x) < began(y) || (began(x) == began(y) && c < s);
}

static void join(struct work *w, size_t c, size_t s, enum paired_by by, bool rivals)
{
    w->taken[s] = true;
    w->partner[c] = s;
    w->by[c] = by;
    w->rivals[c] = rivals;
}

static void join_by_random(struct work *w, struct arena *a)
{
    size_t            n;
    struct by_random *index = sorted_by_random(w->server, a, &n);
    for (size_t c = 0; c < w->client->n; c++) {
        const struct handshake *h = w->client->v[c].h;
        if (!has_random(h))
            continue;
        for (size_t k = first_with(index, n, h->hello.random.p); k < n && memcmp(index[k].random, h->hello.random.p, 32) == 0; k++) {
            if (!w->taken[index[k].at] && may_face(w, c, index[k].at)) {
                join(w, c, index[k].at, BY_RANDOM, false);
                break;
            }
        }
    }
}

static int compare_ns(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* The clocks' difference, from hellos that are on both sides: the median, the way between included. Where there is none and
 * the captures do not even overlap, both are taken to begin with the same connection, which is a guess. */
static bool learn_offset(struct work *w, struct arena *a)
{
    const struct views *x = w->client, *y = w->server;
    int64_t *d = ARENA_NEW_N(a, w->client->n + 1, int64_t);
    size_t   n = 0;
    bool     apart = x->n != 0 && y->n != 0 && (x->last_ns + LATEST_NS < y->first_ns || y->last_ns < x->first_ns);
    for (size_t c = 0; c < w->client->n; c++)
        if (w->by[c] == BY_RANDOM)
            d[n++] = asked(w->server->v[w->partner[c]].h) - asked(w->client->v[c].h);
    qsort(d, n, sizeof d[0], compare_ns);
    w->offset = w->one ? 0 : n != 0 ? d[n / 2] : apart ? asked(y->v[0].h) - asked(x->v[0].h) : 0;
    return n != 0;
}

/* How well does a view of the server's side fit? 0: not at all. */
static unsigned fitness(const struct work *w, size_t c, size_t s)
{
    const struct handshake *x = w->client->v[c].h, *y = w->server->v[s].h;
    int64_t                 after = began(y) - w->offset - began(x), late = asked(y) - w->offset - asked(x);
    bool same_ends = same_endpoint(&x->ends[CLIENT], &y->ends[CLIENT]) && same_endpoint(&x->ends[SERVER], &y->ends[SERVER]);
    bool both_hellos = has_random(x) && has_random(y);
    if (w->taken[s] || !may_face(w, c, s) || other_name(x, y))
        return 0;
    if (!w->one && same_ends && !both_hellos) /* no proxy at all, and the hello got lost on the way */
        return 4;
    if (after < -NS_PER_S / 10 || late > LATEST_NS)
        return 0;
    if (w->one && !same_host(&x->ends[SERVER], &y->ends[CLIENT]) && !at_proxy(x))
        return 0;
    return same_name(x, y) ? 3 : w->one ? 0 : 2;
}

static void join_by_fitness(struct work *w)
{
    enum { LOOKED_AT = 1 << 26 }; /* pairs in all: 8,192 by 8,192 */
    size_t looked = 0;
    for (size_t c = 0; c < w->client->n; c++) {
        size_t   best = SIZE_MAX, rivals = 0;
        unsigned fit = 0;
        int64_t  nearest = INT64_MAX;
        for (size_t s = 0; s < w->server->n && w->partner[c] == SIZE_MAX && ++looked < LOOKED_AT; s++) {
            unsigned f = fitness(w, c, s);
            int64_t  d = asked(w->server->v[s].h) - w->offset - asked(w->client->v[c].h);
            d = d < 0 ? -d : d;
            rivals = f > fit ? 0 : rivals + (f != 0 && f == fit);
            if (f > fit || (f != 0 && f == fit && d < nearest)) {
                best = s;
                nearest = d;
                fit = f;
            }
        }
        if (best != SIZE_MAX)
            join(w, c, best, fit == 4 ? BY_ADDRESS : fit == 3 ? BY_NAME : BY_TIME, rivals != 0);
    }
}

static struct pair pair_of(const struct work *w, size_t c)
{
    struct pair p = { .client = &w->client->v[c], .relation = RELATION_UNPAIRED, .by = w->by[c], .rivals = w->rivals[c] };
    if (w->partner[c] == SIZE_MAX)
        return p;
    p.server = &w->server->v[w->partner[c]];
    const struct handshake *x = p.client->h, *y = p.server->h;
    bool whole = knows(x, KNOW_CLIENT_HELLO) && knows(y, KNOW_CLIENT_HELLO);
    if (p.by == BY_ADDRESS || (p.by == BY_RANDOM && !whole))
        p.relation = RELATION_FORWARDED;
    else if (p.by == BY_RANDOM)
        p.relation = bytes_equal(x->hello.raw, y->hello.raw) ? RELATION_FORWARDED : RELATION_EDITED;
    else
        p.relation = RELATION_TERMINATED;
    return p;
}

void pairs_find(const struct views *client, const struct views *server, struct arena *a, struct pairs *out)
{
    struct work w = { .client = client, .server = server != NULL ? server : client, .one = server == NULL };
    w.taken = ARENA_NEW_N(a, w.server->n + 1, bool);
    w.rivals = ARENA_NEW_N(a, client->n + 1, bool);
    w.partner = ARENA_NEW_N(a, client->n + 1, size_t);
    w.by = ARENA_NEW_N(a, client->n + 1, enum paired_by);
    memset(w.partner, 0xff, client->n * sizeof w.partner[0]);
    join_by_random(&w, a);
    *out = (struct pairs){ .v = ARENA_NEW_N(a, client->n + 1, struct pair), .offset_known = learn_offset(&w, a) };
    out->offset_ns = w.offset;
    join_by_fitness(&w);
    for (size_t c = 0; c < client->n; c++) {
        bool shown = !w.one || w.partner[c] != SIZE_MAX || (at_proxy(client->v[c].h) && !w.taken[c]);
        if (shown)
            out->v[out->n++] = pair_of(&w, c);
    }
    for (size_t s = 0; !w.one && s < w.server->n; s++)
        out->left_over += !w.taken[s];
}

static bool same_question(const struct handshake *a, const struct handshake *b)
{
    return a->probed != NULL && b->probed != NULL && strcmp(a->probed->target, b->probed->target) == 0;
}

/* Of several attempts at a target the first is the question; the others ask why. */
void pairs_of_runs(const struct views *first, const struct views *second, struct arena *a, struct pairs *out)
{
    bool *taken = ARENA_NEW_N(a, second->n + 1, bool);
    *out = (struct pairs){ .v = ARENA_NEW_N(a, first->n + 1, struct pair) };
    for (size_t c = 0; c < first->n; c++) {
        struct pair p = { .client = &first->v[c], .relation = RELATION_UNPAIRED };
        if (p.client->h->probed == NULL || p.client->h->probed->attempt != 1)
            continue;
        for (size_t s = 0; s < second->n && p.server == NULL; s++) {
            if (taken[s] || second->v[s].h->probed == NULL || second->v[s].h->probed->attempt != 1 || !same_question(p.client->h, second->v[s].h))
                continue;
            taken[s] = true;
            p.server = &second->v[s];
            p.relation = RELATION_REPEATED;
        }
        out->v[out->n++] = p;
    }
    for (size_t s = 0; s < second->n; s++)
        out->left_over += !taken[s] && second->v[s].h->probed != NULL && second->v[s].h->probed->attempt == 1;
}

/* Is it known that the server's side looks at this server, and not only at others? By its address, or by the name. */
static bool sees_server(const struct views *server, const struct handshake *client)
{
    const struct endpoint *to = &client->ends[SERVER];
    const struct bytes    *name = &client->hello.sni;
    for (size_t i = 0; i < server->n; i++) {
        const struct handshake *h = server->v[i].h;
        const struct endpoint  *e = &h->ends[SERVER];
        bool same_name = name->p != NULL && h->hello.sni.p != NULL && name->n == h->hello.sni.n && memcmp(name->p, h->hello.sni.p, name->n) == 0;
        if (same_name || (e->port == to->port && e->ip_len == to->ip_len && memcmp(e->ip, to->ip, to->ip_len) == 0))
            return true;
    }
    return false;
}

bool views_cover(const struct views *server, const struct pairs *all, const struct view *client)
{
    int64_t at = asked(client->h) + all->offset_ns;
    return server != NULL && server->packets != 0 && server->complete && at >= server->first_ns && at <= server->last_ns &&
           sees_server(server, client->h);
}
