/* Any capture through links, IP and TCP: each side's bytes come in order and once, and nothing comes after the end. */
#include "tlswhy/flows.h"

#include <stdlib.h>

struct seen {
    uint64_t next[2];
    bool     open, fin[2], datagrams;
};

static void hold(bool ok)
{
    if (!ok)
        abort();
}

static void check(struct flows *f, const struct wire_event *ev)
{
    unsigned sum = 0;
    if (*ev->slot == NULL)
        *ev->slot = mem_get(1, sizeof(struct seen));
    struct seen *s = *ev->slot;
    s->datagrams |= ev->kind == WIRE_DATAGRAM;
    hold(s->datagrams || ev->tcp != NULL || ev->kind == WIRE_END);
    switch (ev->kind) {
    case WIRE_OPEN:
        hold(!s->open);
        s->open = true;
        break;
    case WIRE_BYTES:
        for (size_t i = 0; i < ev->len; i++)
            sum += ev->bytes[i];
        hold(sum <= 255 * ev->len);
        /* fall through */
    case WIRE_GAP:
        hold(s->open && ev->len != 0 && ev->at >= s->next[ev->from]);
        s->next[ev->from] = ev->at + ev->len;
        if (ev->len % 7 == 3)
            flows_skip(f, ev, ev->from, ev->len * 3);
        if (ev->len % 251 == 5)
            flows_close_only(f, ev);
        break;
    case WIRE_FIN:
        hold(!s->fin[ev->from]);
        s->fin[ev->from] = true;
        break;
    case WIRE_END:
        free(s);
        *ev->slot = NULL;
        break;
    default:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err        err = { "" };
    struct packet     p;
    struct wire_event ev;
    struct capture   *c = capture_open_memory(data, size, &err);
    if (c == NULL)
        return 0;
    struct flows *f = flows_new(size % 3 == 0 ? 4096 : 1 << 20);
    flows_thrifty(f, size % 2 == 0 ? 0 : SIZE_MAX);
    while (capture_next(c, &p, &err)) {
        flows_packet(f, &p, &err);
        while (flows_next(f, &ev))
            check(f, &ev);
    }
    struct reader marks = rd_of(capture_facts(c)->marks.p, capture_facts(c)->marks.n);
    for (struct mark m; mark_next(&marks, &m);) {
        flows_mark(f, &m);
        while (flows_next(f, &ev))
            check(f, &ev);
    }
    flows_end(f);
    while (flows_next(f, &ev))
        check(f, &ev);
    flows_free(f);
    capture_close(c);
    return 0;
}
