/* observe_thrift.c - what most connections of a scan or a flood come to, without the weight of a handshake each: an error and
 * then the end, or a hello and then nothing. */
#include <stdlib.h>
#include <string.h>

#include "observe_conn.h"

enum { MANY_OPEN = 2048, HELLO_MAX = 2048 };

/* A hello that nothing has followed, as the event that brought it. Its slot holds this address + WAITS. */
struct waiting {
    struct waiting *before, *after;
    uint64_t        frame;
    int64_t         ns;
    struct segment  seg;
    uint32_t        len;
    uint8_t         bytes[];
};

static struct waiting *waiting_in(void *const *slot)
{
    return slot_has(slot, WAITS) ? (struct waiting *)((char *)*slot - WAITS) : NULL;
}

static void waiting_free(struct observer *o, struct waiting *w)
{
    if (w->after != NULL)
        w->after->before = w->before;
    *(w->before != NULL ? &w->before->after : &o->waiting) = w->after;
    o->waiting_n--;
    memory_note(0, sizeof *w + w->len);
    free(w);
}

void thrift_free(struct observer *o)
{
    while (o->waiting != NULL)
        waiting_free(o, o->waiting);
}

/* The first bytes of the client, and they begin a ClientHello: nothing that is done with them is needed before more comes. */
static bool may_wait(const struct observer *o, const struct wire_event *ev)
{
    return o->open_n + o->waiting_n >= MANY_OPEN && ev->kind == WIRE_BYTES && ev->from == CLIENT && ev->at == 0 && ev->len <= HELLO_MAX &&
           ev->tcp != NULL && ev->tcp->start_seen[CLIENT] && starts_with_hello((struct bytes){ ev->bytes, ev->len });
}

static void let_wait(struct observer *o, const struct wire_event *ev)
{
    struct waiting *w = malloc(sizeof *w + ev->len);
    if (w == NULL)
        mem_fail();
    *w = (struct waiting){ .after = o->waiting, .frame = ev->frame, .ns = ev->ns, .seg = ev->seg, .len = (uint32_t)ev->len };
    memcpy(w->bytes, ev->bytes, ev->len);
    if (o->waiting != NULL)
        o->waiting->before = w;
    o->waiting = w;
    o->waiting_n++;
    memory_note(sizeof *w + w->len, 0);
    *ev->slot = (char *)w + WAITS;
}

/* Something has followed it. */
static void take_up(struct observer *o, struct waiting *w, const struct wire_event *next)
{
    struct wire_event ev = { .kind = WIRE_BYTES, .from = CLIENT, .frame = w->frame, .ns = w->ns, .bytes = w->bytes, .len = w->len,
                             .seg = w->seg, .stream = next->stream, .ends = next->ends, .tcp = next->tcp, .slot = next->slot };
    *next->slot = NULL;
    observe_now(o, &ev);
    waiting_free(o, w);
}

void observer_thrifty(struct observer *o) { o->thrifty = true; }

bool observed_unopened(struct observer *o, struct unopened *u)
{
    if (!o->unopened_ready)
        return false;
    o->unopened_ready = false;
    *u = o->unopened;
    return true;
}

/* Is there nothing but SYNs of the client, and at most the answer that refused them? */
static bool bare(const struct tcp_facts *t)
{
    uint64_t more = t->syn_ack.frame | t->bytes[0] | t->bytes[1] | t->missing[0] | t->missing[1] | t->acked[0] | t->acked[1] |
                    t->too_big[0].frame | t->too_big[1].frame | t->retransmissions[0] | t->retransmissions[1] | t->syn_acks | (uint64_t)t->silence;
    bool odd = t->start_seen[SERVER] || t->late_copy[0] || t->late_copy[1] || t->overlap_differs || t->snapped || t->fast_open || t->evicted;
    return more == 0 && !odd && t->start_seen[CLIENT] && t->syn.frame != 0;
}

/* The same facts as conn_outcome and tcp_known find in a handshake of these events. */
static bool ends_unopened(struct observer *o, const struct wire_event *error, const struct wire_event *end)
{
    const struct tcp_facts *t = end->tcp;
    bool refused = error->kind == WIRE_REFUSED;
    if (end->kind != WIRE_END || t == NULL || !bare(t) || refused != t->both_directions || error->code != 0 ||
        t->last_seen[CLIENT].frame < t->last_seen[SERVER].frame)
        return false;
    o->unopened = (struct unopened){
        .ends = { end->ends[CLIENT], end->ends[SERVER] },
        .syn_ns = t->syn.ns, .last_ns = t->last_seen[CLIENT].ns, .error_ns = error->ns,
        .syn_frame = (uint32_t)t->syn.frame, .last_frame = (uint32_t)t->last_seen[CLIENT].frame, .error_frame = (uint32_t)error->frame,
        .stream = end->stream, .known = KNOW_WHOLE_CLIENT | (refused ? KNOW_BOTH_SIDES : 0u), .syn_seg = t->syn_seg, .syns = t->syns,
        .refused = refused, .timed_out = !refused, .at_end = !refused, .both_directions = t->both_directions,
    };
    return o->unopened_ready = true;
}

static bool lone_event(struct observer *o, const struct wire_event *ev)
{
    struct wire_event first = o->lone.ev;
    bool              same = first.slot == ev->slot;
    if (first.slot != NULL) {
        o->lone.ev.slot = NULL;
        if (same && ends_unopened(o, &first, ev))
            return true;
        observe_now(o, &first); /* there is more to it */
    }
    if (*ev->slot != NULL || (ev->kind != WIRE_REFUSED && ev->kind != WIRE_TIMEOUT) || (same && first.slot != NULL))
        return false;
    o->lone.ends[CLIENT] = ev->ends[CLIENT];
    o->lone.ends[SERVER] = ev->ends[SERVER];
    o->lone.ev = *ev;
    o->lone.ev.ends = o->lone.ends;
    o->lone.ev.tcp = NULL; /* borrowed; the end brings it again */
    return true;
}

bool thrift_takes(struct observer *o, const struct wire_event *ev)
{
    struct waiting *w = waiting_in(ev->slot);
    if (w != NULL)
        take_up(o, w, ev);
    if (lone_event(o, ev))
        return true;
    if (*ev->slot != NULL || !may_wait(o, ev))
        return false;
    let_wait(o, ev);
    return true;
}
