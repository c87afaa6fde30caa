#include "held.h"

#include "tlswhy/packed.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 4096 };

void held_add_unopened(struct held *q, const char *file, const struct unopened *u)
{
    q->file = file;
    if (q->unopened % CHUNK == 0) {
        q->chunk = mem_grow(q->chunk, q->unopened / CHUNK + 1, sizeof *q->chunk);
        q->chunk[q->unopened / CHUNK] = mem_get(CHUNK, sizeof **q->chunk);
        q->bytes += CHUNK * (sizeof **q->chunk + sizeof *q->order);
        memory_note(CHUNK * sizeof **q->chunk, 0);
    }
    q->chunk[q->unopened / CHUNK][q->unopened % CHUNK] = *u;
    q->unopened++;
}

static struct unopened *unopened_at(const struct held *q, size_t i) { return &q->chunk[i / CHUNK][i % CHUNK]; }

void held_add(struct held *q, struct handshake *h)
{
    struct unopened u;
    q->file = h->file;
    if (q->unopened < UINT32_MAX - 1 && unopened_of(h, &u)) {
        held_add_unopened(q, h->file, &u);
        handshake_free(h);
        return;
    }
    if (q->n == q->cap) {
        q->cap = q->cap != 0 ? q->cap * 2 : 64;
        q->packed = mem_grow(q->packed, q->cap, sizeof *q->packed);
    }
    struct packed *p = handshake_pack(h, NULL, 0);
    q->bytes += packed_size(p) + sizeof p;
    q->packed[q->n++] = p;
}

static int by_stream(const void *a, const void *b)
{
    const struct packed *x = *(struct packed *const *)a, *y = *(struct packed *const *)b;
    if (x->datagram != y->datagram)
        return x->datagram ? 1 : -1;
    return x->stream < y->stream ? -1 : x->stream > y->stream;
}

/* Stream numbers count the connections of the input, and each is here once at most: a table of them is the order. */
void held_order(struct held *q)
{
    uint32_t lowest = UINT32_MAX, highest = 0;
    if (q->n != 0)
        qsort(q->packed, q->n, sizeof *q->packed, by_stream);
    for (size_t i = 0; i < q->unopened; i++) {
        uint32_t stream = unopened_at(q, i)->stream;
        lowest = stream < lowest ? stream : lowest;
        highest = stream > highest ? stream : highest;
    }
    if (q->unopened == 0)
        return;
    q->lowest = lowest;
    q->streams = highest - lowest + 1;
    q->order = mem_get(q->streams, sizeof *q->order);
    for (size_t i = 0; i < q->unopened; i++)
        q->order[unopened_at(q, i)->stream - lowest] = (uint32_t)i + 1;
}

struct handshake *held_next(struct held *q, struct handshake *room)
{
    const struct packed *next = q->packed_at < q->n ? q->packed[q->packed_at] : NULL;
    while (q->order_at < q->streams && q->order[q->order_at] == 0)
        q->order_at++;
    if (q->order_at < q->streams && (next == NULL || next->datagram || next->stream > q->lowest + q->order_at)) {
        unopened_become(unopened_at(q, q->order[q->order_at++] - 1), q->file, room);
        return room;
    }
    return next != NULL ? handshake_unpack(q->packed[q->packed_at++], NULL) : NULL;
}

void held_done(struct handshake *h, struct handshake *room)
{
    if (h != room) {
        handshake_free(h);
    } else if (h->arena.used != 0) { /* it was judged */
        arena_free(&h->arena);
        memset(h, 0, sizeof *h);
    }
}

void held_clear(struct held *q)
{
    while (q->packed_at < q->n)
        handshake_free(handshake_unpack(q->packed[q->packed_at++], NULL));
    for (size_t i = 0; i * CHUNK < q->unopened; i++) {
        memory_note(0, CHUNK * sizeof **q->chunk);
        free(q->chunk[i]);
    }
    free(q->chunk);
    free(q->order);
    free(q->packed);
    *q = (struct held){ 0 };
}
