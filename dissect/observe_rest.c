/* observe_rest.c - connections that are quiet after their handshake, packed: an input may hold thousands that nobody closes, and
 * nothing that is kept of them is needed before something follows. */
#include "observe_conn.h"

#include <stdlib.h>

enum { MANY_OPEN = 1024, LOOKS = 2 };

/* Its slot holds this address + RESTS. */
struct resting {
    struct resting *before, *after;
    struct packed  *packed;
};
static _Thread_local struct pool restings = { .size = sizeof(struct resting) };

_Static_assert(sizeof(struct conn) <= PACK_MORE && sizeof(struct conn) % 8 == 0, "goes along with its handshake");

/* Nothing but the handshake belongs to it any more, and that is finished. */
static bool may_rest(const struct conn *c)
{
    const struct side_state *a = &c->side[0], *b = &c->side[1];
    return c->slot != NULL && c->cur == c->h && handshake_done(c->h) && a->buf == NULL && b->buf == NULL && a->hs == NULL && b->hs == NULL &&
           a->plain == NULL && b->plain == NULL && c->keys == NULL && c->keys12 == NULL && c->tap == NULL;
}

static void rest(struct observer *o, struct conn *c)
{
    struct resting   *r = pool_get(&restings);
    struct handshake *h = c->h;
    *c->slot = (char *)r + RESTS;
    conn_unlink(c);
    c->o = NULL;
    c->h = c->cur = NULL;
    c->ev = NULL;
    r->packed = handshake_pack(h, c, sizeof *c);
    conn_drop(c);
    r->after = o->resting;
    if (o->resting != NULL)
        o->resting->before = r;
    o->resting = r;
    o->resting_n++;
}

static struct conn *take_up(struct observer *o, struct resting *r)
{
    struct conn *c = conn_get();
    struct handshake *h = handshake_unpack(r->packed, c);
    c->h = c->cur = h;
    if (r->after != NULL)
        r->after->before = r->before;
    *(r->before != NULL ? &r->before->after : &o->resting) = r->after;
    o->resting_n--;
    pool_put(&restings, r);
    return c;
}

void rest_some(struct observer *o)
{
    for (size_t i = 0; o->thrifty && o->open_n >= MANY_OPEN && i < LOOKS; i++) {
        struct conn *c = o->hand != NULL ? o->hand : o->open;
        o->hand = c->after;
        if (!c->stirred && may_rest(c))
            rest(o, c);
        else
            c->stirred = false;
    }
}

void rest_ends(struct observer *o, void **slot)
{
    struct conn *c = take_up(o, (struct resting *)((char *)*slot - RESTS));
    conn_list(o, c);
    *slot = c;
}

void rest_free(struct observer *o)
{
    while (o->resting != NULL) {
        struct conn *c = take_up(o, o->resting);
        handshake_free(c->h);
        conn_drop(c);
    }
}

size_t rest_memory(const struct observer *o)
{
    size_t sum = 0;
    for (const struct resting *r = o->resting; r != NULL; r = r->after)
        sum += sizeof *r + packed_size(r->packed);
    return sum;
}
