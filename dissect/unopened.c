#include "tlswhy/unopened.h"

#include <string.h>

static struct unopened facts_of(const struct handshake *h)
{
    return (struct unopened){
        .ends = { h->ends[CLIENT], h->ends[SERVER] },
        .syn_ns = h->tcp.syn.ns, .last_ns = h->last.ns, .error_ns = h->error_at.ns,
        .syn_frame = (uint32_t)h->tcp.syn.frame, .last_frame = (uint32_t)h->last.frame, .error_frame = (uint32_t)h->error_at.frame,
        .stream = h->stream, .known = h->known, .code = h->code, .syn_seg = h->tcp.syn_seg, .syns = h->tcp.syns,
        .refused = h->refused, .unreachable = h->unreachable, .timed_out = h->timed_out, .at_end = h->at_end_of_capture,
        .both_directions = h->tcp.both_directions,
    };
}

void unopened_become(const struct unopened *u, const char *file, struct handshake *h)
{
    struct place syn = { .frame = u->syn_frame, .ns = u->syn_ns }, last = { .frame = u->last_frame, .ns = u->last_ns };
    h->file = file;
    h->stream = u->stream;
    memcpy(h->ends, u->ends, sizeof h->ends);
    h->outcome = OUTCOME_NOT_OPENED;
    h->known = u->known;
    h->first = h->tcp.syn = syn;
    h->last = h->tcp.last_seen[CLIENT] = last;
    h->tcp.last_seen[SERVER] = u->both_directions ? last : (struct place){ 0 };
    h->start_ns = syn.ns;
    h->end_ns = last.ns;
    h->tcp.syn_seg = u->syn_seg;
    h->tcp.syns = u->syns;
    h->tcp.both_directions = u->both_directions;
    h->tcp.start_seen[CLIENT] = true;
    h->refused = u->refused;
    h->unreachable = u->unreachable;
    h->timed_out = u->timed_out;
    h->code = u->code;
    h->error_at = (struct place){ .frame = u->error_frame, .ns = u->error_ns };
    h->at_end_of_capture = u->at_end;
    h->capture_left = 0;
}

bool unopened_of(const struct handshake *h, struct unopened *out)
{
    static _Thread_local struct handshake again;
    if (h->outcome != OUTCOME_NOT_OPENED || h->arena.used != 0)
        return false;
    *out = facts_of(h);
    unopened_become(out, h->file, &again);
    return memcmp(&again, h, sizeof again) == 0;
}
