/* fuzz_observe.c - wire events in any order. The input is a list of events: a head byte (kind, side), a length byte and,
 * for bytes, that many of them. */
#include <stdlib.h>
#include <string.h>

#include "tlswhy/observe.h"

static const enum wire_kind kinds[] = { WIRE_BYTES, WIRE_BYTES, WIRE_BYTES, WIRE_BYTES, WIRE_GAP, WIRE_FIN, WIRE_RST, WIRE_TIMEOUT };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cert_store *certs;
    static unsigned           runs;
    if (runs++ % 1024 == 0) { /* what the store keeps is no leak, but it grows */
        cert_store_free(certs);
        certs = cert_store_new();
    }
    struct observer *o = observer_new(certs, NULL);
    struct tcp_facts tcp = { .both_directions = true };
    struct endpoint  ends[2] = { { .ip = { 192, 0, 2, 1 }, .ip_len = 4, .port = 49152 }, { .ip = { 192, 0, 2, 2 }, .ip_len = 4, .port = 443 } };
    void            *slot = NULL;
    uint64_t         at[2] = { 0, 0 }, frame = 0;
    if (size > 0)
        tcp.start_seen[CLIENT] = tcp.start_seen[SERVER] = (data[0] & 0x80) != 0;
    while (size >= 2) {
        struct wire_event ev = { .kind = kinds[data[0] & 7], .from = (data[0] & 8) != 0 ? SERVER : CLIENT, .len = data[1] };
        data += 2, size -= 2;
        uint8_t *copy = NULL;
        if (ev.kind == WIRE_BYTES) {
            ev.len = ev.len < size ? ev.len : size;
            copy = mem_get(ev.len, 1);
            memcpy(copy, data, ev.len);
            data += ev.len, size -= ev.len;
        } else if (ev.kind != WIRE_GAP) {
            ev.len = 0;
        }
        ev.bytes = copy;
        ev.at = at[ev.from];
        at[ev.from] += ev.len;
        ev.frame = ++frame;
        ev.ns = (int64_t)frame * 1000;
        ev.ends = ends;
        ev.tcp = &tcp;
        ev.slot = &slot;
        if (ev.kind == WIRE_BYTES || ev.kind == WIRE_GAP)
            *(ev.kind == WIRE_GAP ? &tcp.missing[ev.from] : &tcp.bytes[ev.from]) += ev.len;
        observe(o, &ev);
        free(copy);
    }
    struct wire_event end = { .kind = WIRE_END, .frame = frame + 1, .ends = ends, .tcp = &tcp, .slot = &slot };
    if (slot != NULL)
        observe(o, &end);
    for (struct handshake *h; (h = observed(o)) != NULL; handshake_free(h)) {
        char history[64];
        handshake_history(h, history, sizeof history);
        handshake_check_kex(h);
    }
    if (observer_memory(o) != 0 || observer_open(o) != 0)
        abort();
    observer_free(o);
    return 0;
}
