/* observe_fetch.c - plain connections whose first request is for a root list, a revocation list and the like: both
 * sides are kept, within bounds, and read when the connection is over. */
#include "observe_conn.h"

#include "tlswhy/fetch.h"

#include <stdlib.h>

struct tapped {
    uint8_t          *buf;
    size_t            n, cap;
    struct fetch_mark mark[FETCH_MARKS];
    size_t            marks;
    const char       *cut;
};
struct tap {
    struct tapped side[2]; /* by w */
};

/* The first bytes of a client that are worth following. */
static bool begins(const struct conn *c, enum side w, struct bytes in)
{
    return w == CLIENT && in.n > 16 && (in.p[0] == 'G' || in.p[0] == 'P' || in.p[0] == 'H') && c->side[w].reading == READ_START &&
           c->side[w].next == in.n && c->side[SERVER].next == 0 && c->o->taps < FETCH_TAPS && fetch_begins(in);
}

void tap_bytes(struct conn *c, enum side w, struct bytes in)
{
    if (c->tap == NULL && !begins(c, w, in))
        return;
    if (c->tap == NULL) {
        c->tap = mem_get(1, sizeof *c->tap);
        c->o->taps++;
    }
    struct tapped *t = &c->tap->side[w];
    size_t         room = (w == CLIENT ? FETCH_ASK_KEPT : FETCH_REPLY_KEPT) - t->n;
    if (t->cut != NULL)
        return;
    if (in.n > room || t->marks == FETCH_MARKS) {
        t->cut = "it is larger than what is kept of a fetch";
        return;
    }
    keep_bytes(&t->buf, &t->n, &t->cap, in.p, in.n);
    t->mark[t->marks++] = (struct fetch_mark){ t->n, c->side[w].last };
}

void tap_gap(struct conn *c, enum side w)
{
    if (c->tap != NULL && c->tap->side[w].cut == NULL)
        c->tap->side[w].cut = "bytes of it are missing from the capture";
}

bool tap_wants(const struct conn *c, enum side w) { return c->tap != NULL && c->tap->side[w].cut == NULL; }

size_t tap_memory(const struct conn *c) { return c->tap != NULL ? sizeof *c->tap + c->tap->side[0].cap + c->tap->side[1].cap : 0; }

void tap_free(struct conn *c)
{
    if (c->tap == NULL)
        return;
    c->o->taps--;
    forget_bytes(&c->tap->side[0].buf, &c->tap->side[0].cap);
    forget_bytes(&c->tap->side[1].buf, &c->tap->side[1].cap);
    free(c->tap);
    c->tap = NULL;
}

/* Without a tap the first bytes are what there is. */
static struct said said_of(const struct conn *c, enum side w, struct fetch_mark *only)
{
    const struct tapped *t = c->tap != NULL ? &c->tap->side[w] : NULL;
    const struct plain  *p = &c->h->plain[w];
    if (t != NULL)
        return (struct said){ .bytes = { t->buf != NULL ? t->buf : (const uint8_t *)"", t->n }, .mark = t->mark, .marks = t->marks, .cut = t->cut };
    *only = (struct fetch_mark){ p->start.n, p->where };
    return (struct said){ .bytes = { p->start.p != NULL ? p->start.p : (const uint8_t *)"", p->start.n }, .mark = only,
                          .marks = p->start.p != NULL, .cut = p->start.n >= PLAIN_KEPT ? "too many were under way at once" : NULL };
}

void tap_read(struct conn *c)
{
    struct handshake *h = c->h;
    struct fetch_mark only[2];
    if (h->outcome != OUTCOME_NOT_TLS || c->flip || h->plain[CLIENT].start.p == NULL)
        return;
    struct talk t = { .side = { said_of(c, CLIENT, &only[0]), said_of(c, SERVER, &only[1]) }, .client = h->ends[CLIENT], .stream = h->stream,
                      .server_left = h->close.how != CLOSE_NONE && h->close.by == SERVER };
    h->fetch_n = fetches_read(&t, &h->arena, &h->fetches);
}
