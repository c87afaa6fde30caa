#include "streams.h"

#include "tlswhy/flows.h"

#include <stdlib.h>
#include <string.h>

void streams_add(struct stream_set *s, bool datagram, uint32_t stream)
{
    size_t at = stream / 8;
    if (at >= s->cap[datagram]) {
        size_t cap = at + 1 > 2 * s->cap[datagram] ? at + 1 : 2 * s->cap[datagram];
        s->bits[datagram] = mem_grow(s->bits[datagram], cap, 1);
        memset(s->bits[datagram] + s->cap[datagram], 0, cap - s->cap[datagram]);
        s->cap[datagram] = cap;
    }
    s->bits[datagram][at] |= (uint8_t)(1 << stream % 8);
}

bool streams_has(const struct stream_set *s, bool datagram, uint32_t stream)
{
    return stream / 8 < s->cap[datagram] && (s->bits[datagram][stream / 8] >> stream % 8 & 1) != 0;
}

void streams_free(struct stream_set *s)
{
    free(s->bits[0]);
    free(s->bits[1]);
    *s = (struct stream_set){ 0 };
}

void remarks_add(struct remarks *r, uint64_t frame, const char *text)
{
    if (r->n == r->cap) {
        r->cap = r->cap != 0 ? r->cap * 2 : 16;
        r->v = mem_grow(r->v, r->cap, sizeof *r->v);
    }
    r->v[r->n++] = (struct remark){ frame, text };
}

void remarks_free(struct remarks *r)
{
    free(r->v);
    *r = (struct remarks){ 0 };
}

static int by_frame(const void *a, const void *b)
{
    const struct remark *x = a, *y = b;
    if (x->frame != y->frame)
        return x->frame < y->frame ? -1 : 1;
    return strcmp(x->text, y->text); /* the sort is not a stable one */
}

void remarks_order(struct remarks *r, struct arena *a)
{
    size_t n = 0;
    if (r->n != 0)
        qsort(r->v, r->n, sizeof *r->v, by_frame);
    for (size_t i = 0; i < r->n; i++) {
        if (n > 0 && r->v[n - 1].frame == r->v[i].frame)
            r->v[n - 1].text = arena_printf(a, "%s\n%s", r->v[n - 1].text, r->v[i].text);
        else
            r->v[n++] = r->v[i];
    }
    r->n = n;
    r->next = 0;
}

const char *remark_on(void *remarks, uint64_t frame)
{
    struct remarks *r = remarks;
    while (r->next < r->n && r->v[r->next].frame < frame)
        r->next++;
    return r->next < r->n && r->v[r->next].frame == frame ? r->v[r->next].text : NULL;
}

bool streams_write(struct capture *c, const struct stream_set *s, struct remarks *r, struct pcapng_writer *w, struct err *err)
{
    struct packet     p;
    struct err        told = { 0 }; /* of odd links: said when the capture was read first */
    uint32_t          stream = 0;
    bool              datagram = false;
    struct flows     *flows = flows_new(0);
    struct wire_event ev;
    while (capture_next(c, &p, err)) {
        flows_packet(flows, &p, &told);
        bool known = flows_stream(flows, &stream, &datagram);
        while (flows_next(flows, &ev)) {
            if (ev.tcp != NULL && ev.kind != WIRE_END)
                flows_close_only(flows, &ev); /* only their numbers are wanted */
        }
        if (known && streams_has(s, datagram, stream))
            pcapng_packet(w, &p, remark_on(r, p.frame));
    }
    flows_free(flows);
    capture_close(c);
    return err->text[0] == '\0';
}
