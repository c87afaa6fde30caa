/* observe_unopened.c - what most connections of a scan or a flood come to, without the weight of a handshake each: SYNs, perhaps an
 * error or the answer and a reset, and then the end. */
#include "observe_conn.h"

void observer_thrifty(struct observer *o) { o->thrifty = true; }

bool observed_unopened(struct observer *o, struct unopened *u)
{
    if (!o->unopened_ready)
        return false;
    o->unopened_ready = false;
    *u = o->unopened;
    return true;
}

void observer_counts_silent(struct observer *o) { o->counts_silent = true; }

bool observed_silent(struct observer *o, uint32_t *stream, int64_t *end_ns)
{
    if (!o->silent_ready)
        return false;
    o->silent_ready = false;
    *stream = o->silent.stream;
    *end_ns = o->silent.end_ns;
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

/* The same facts as conn_outcome and tcp_known find in a handshake of these events; `error` is the end itself where there was none. */
static bool ends_unopened(struct observer *o, const struct wire_event *error, const struct wire_event *end)
{
    const struct tcp_facts *t = end->tcp;
    bool refused = error->kind == WIRE_REFUSED;
    if (end->kind != WIRE_END || t == NULL || !bare(t) || refused != t->both_directions || error->code != 0 ||
        t->last_seen[CLIENT].frame < t->last_seen[SERVER].frame || end->frame > UINT32_MAX)
        return false;
    if (error == end && o->now - t->syn.ns < SILENCE_NS) /* nothing can be said of it */
        return false;
    o->unopened = (struct unopened){
        .ends = { end->ends[CLIENT], end->ends[SERVER] },
        .syn_ns = t->syn.ns, .last_ns = t->last_seen[CLIENT].ns, .error_ns = error == end ? 0 : error->ns,
        .syn_frame = (uint32_t)t->syn.frame, .last_frame = (uint32_t)t->last_seen[CLIENT].frame,
        .error_frame = error == end ? 0 : (uint32_t)error->frame,
        .stream = end->stream, .known = KNOW_WHOLE_CLIENT | (refused ? KNOW_BOTH_SIDES : 0u), .syn_seg = t->syn_seg, .syns = t->syns,
        .refused = refused, .timed_out = error->kind == WIRE_TIMEOUT, .at_end = !refused, .both_directions = t->both_directions,
    };
    return o->unopened_ready = true;
}

/* Was it opened, in time for somebody to say something, and nobody did? conn_outcome calls that not_tls. */
static bool ends_silent(struct observer *o, bool reset, const struct wire_event *end)
{
    const struct tcp_facts *t = end->tcp;
    if (!o->counts_silent || end->kind != WIRE_END || t == NULL || t->syn.frame == 0 || t->syn_ack.frame == 0 ||
        (t->bytes[0] | t->bytes[1] | t->missing[0] | t->missing[1]) != 0 || (!reset && o->now - t->syn.ns < SILENCE_NS))
        return false;
    const struct place *last = &t->last_seen[t->last_seen[SERVER].frame > t->last_seen[CLIENT].frame ? SERVER : CLIENT];
    o->silent.stream = end->stream;
    o->silent.end_ns = last->ns;
    return o->silent_ready = true;
}

static bool ends_early(struct observer *o, const struct wire_event *error, const struct wire_event *end)
{
    bool silent = error == end || error->kind == WIRE_RST;
    return (silent && ends_silent(o, error != end, end)) || (error->kind != WIRE_RST && ends_unopened(o, error, end));
}

bool takes_unopened(struct observer *o, const struct wire_event *ev)
{
    bool had = o->lone.ev.slot != NULL, same = had && o->lone.ev.slot == ev->slot;
    if (had) {
        bool all = same && ends_early(o, &o->lone.ev, ev);
        struct wire_event first = o->lone.ev;
        o->lone.ev.slot = NULL;
        if (all)
            return true;
        observe_now(o, &first); /* there is more to it */
    }
    if (*ev->slot == NULL && ev->kind == WIRE_END)
        return ends_early(o, ev, ev);
    bool may_be_all = ev->kind == WIRE_REFUSED || ev->kind == WIRE_TIMEOUT || (ev->kind == WIRE_RST && o->counts_silent);
    if (*ev->slot != NULL || !may_be_all || same)
        return false;
    o->lone.ends[CLIENT] = ev->ends[CLIENT];
    o->lone.ends[SERVER] = ev->ends[SERVER];
    o->lone.ev = *ev;
    o->lone.ev.ends = o->lone.ends;
    o->lone.ev.tcp = NULL; /* borrowed; the end brings it again */
    return true;
}
