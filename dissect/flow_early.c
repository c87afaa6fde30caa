/* Connections that have hardly begun, kept as the packets that came, and followed when there is more to them. In a scan most
 * are answered and never used, or say hello and hear nothing: what they leave is then a tenth of what following one takes. */
#include "flows_parts.h"

#include <stdlib.h>
#include <string.h>

enum { SEGMENTS_MAX = 6, BYTES_MAX = 4096 }; /* of a connection: SYN-ACK, ACK, a hello in two segments, their ACKs */

struct early { /* a segment; the newest stands in the flow */
    struct early  *before;
    uint64_t       frame;
    int64_t        ns;
    struct segment seg;
    uint16_t       len, bytes_before; /* payload of this one, and of those before it */
    uint8_t        from;              /* enum side */
    uint8_t        nth;
    bool           spared; /* when memory was short, since its last packet */
    uint8_t        bytes[];
};
static _Thread_local struct pool bare = { .size = sizeof(struct early) };

static struct early *segment_new(size_t payload)
{
    if (payload == 0)
        return pool_take(&bare);
    struct early *e = malloc(sizeof *e + payload);
    if (e == NULL)
        mem_fail();
    memory_note(sizeof *e + payload, 0);
    return e;
}

static void segment_free(struct early *e)
{
    if (e->len == 0) {
        pool_put(&bare, e);
        return;
    }
    memory_note(0, sizeof *e + e->len);
    free(e);
}

void early_free(struct early *e)
{
    while (e != NULL) {
        struct early *before = e->before;
        segment_free(e);
        e = before;
    }
}

/* Nothing that is done with such a segment is needed before another kind comes: the answer to a SYN that was seen, what the client
 * says then, all of it captured, and bare acknowledgements. */
static bool may_wait(const struct early *last, enum side s, const struct cut *body, const struct segment *seg)
{
    bool answer = (seg->flags & (FLAG_SYN | FLAG_ACK)) == (FLAG_SYN | FLAG_ACK) && s == SERVER && last == NULL;
    bool later = (seg->flags & (FLAG_SYN | FLAG_ACK)) == FLAG_ACK && last != NULL;
    if ((!answer && !later) || (seg->flags & (FLAG_FIN | FLAG_RST)) != 0)
        return false;
    if (body->len != 0 && (answer || s != CLIENT || body->cap != body->len || body->len > BYTES_MAX))
        return false;
    return last == NULL || (last->nth < SEGMENTS_MAX && (size_t)last->bytes_before + last->len + body->len <= BYTES_MAX);
}

bool early_keeps(struct flows *f, struct flow *flow, enum side s, const struct cut *body, const struct segment *seg, const struct packet *p)
{
    struct early *last = flow->waits ? flow->early : NULL;
    if (last == NULL && (f->begun < f->many || flow->syns == 0 || flow->conn != NULL || flow->slot != NULL))
        return false;
    if (!may_wait(last, s, body, seg))
        return false;
    struct early *e = segment_new(body->len);
    f->begun += last == NULL;
    *e = (struct early){ .before = last, .frame = p->frame, .ns = p->ns, .seg = *seg, .len = (uint16_t)body->len, .from = (uint8_t)s };
    if (last != NULL) {
        e->bytes_before = (uint16_t)(last->bytes_before + last->len);
        e->nth = (uint8_t)(last->nth + 1);
    }
    memcpy(e->bytes, body->p, body->len);
    flow->early = e;
    flow->waits = true;
    return true;
}

void early_ends(struct flows *f, struct flow *flow)
{
    struct early *in_order = NULL, *e;
    if (!flow->waits)
        return;
    for (struct early *at = flow->early, *before; at != NULL; at = before) {
        before = at->before;
        at->before = in_order;
        in_order = at;
    }
    flow->slot = NULL;
    flow->waits = false;
    f->begun--;
    while ((e = in_order) != NULL) {
        in_order = e->before;
        const struct packet p = { .frame = e->frame, .ns = e->ns };
        conn_take(f, flow, (enum side)e->from, &(struct cut){ e->bytes, e->len, e->len }, &e->seg, &p);
        e->before = f->spent_early; /* the events borrow its bytes */
        f->spent_early = e;
    }
}

bool early_spare(struct flow *flow)
{
    bool spared = flow->early->spared;
    flow->early->spared = true;
    return !spared;
}
