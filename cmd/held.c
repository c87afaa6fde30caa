#include "held.h"

#include "tlswhy/packed.h"

#include <stdlib.h>
#include <string.h>

/* Most inputs have few that never opened; the rest come in large pieces. */
enum { FIRST_CHUNK = 256, CHUNK = PIECE_SIZE / sizeof(struct unopened), AHEAD = 4 };

static inline size_t chunk_of(size_t i) { return i < FIRST_CHUNK ? 0 : 1 + (i - FIRST_CHUNK) / CHUNK; }
static inline size_t place_in_chunk(size_t i) { return i < FIRST_CHUNK ? i : (i - FIRST_CHUNK) % CHUNK; }

static struct unopened *unopened_at(const struct held *q, size_t i) { return &q->chunk[chunk_of(i)][place_in_chunk(i)]; }

static void chunk_add(struct held *q)
{
    q->chunk = mem_grow(q->chunk, q->chunks + 1, sizeof *q->chunk);
    q->chunk[q->chunks] = q->chunks == 0 ? mem_get(FIRST_CHUNK, sizeof **q->chunk) : piece_get();
    q->bytes += (q->chunks == 0 ? FIRST_CHUNK : CHUNK) * (sizeof **q->chunk + sizeof *q->order);
    q->chunks++;
}

void held_add_unopened(struct held *q, const char *file, const struct unopened *u)
{
    q->file = file;
    if (chunk_of(q->unopened) == q->chunks)
        chunk_add(q);
    *unopened_at(q, q->unopened++) = *u;
}

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

/* Two connections that follow each other in the input lie far apart here, and each look at one is a wait for memory. So their
 * streams are copied, one look at each, and sorted by digits, the lowest first. */
static void order_unopened(struct held *q, uint32_t lowest, uint32_t highest)
{
    enum { DIGIT = 11, VALUES = 1 << DIGIT };
    size_t    n = q->unopened;
    uint32_t *key = mem_get(n, sizeof *key), *from = mem_get(n, sizeof *from), *to = mem_get(n, sizeof *to);
    for (size_t i = 0; i < n; i++) {
        key[i] = unopened_at(q, i)->stream - lowest;
        from[i] = (uint32_t)i;
    }
    for (unsigned shift = 0; shift < 32 && (highest - lowest) >> shift != 0; shift += DIGIT) {
        size_t begin[VALUES + 1] = { 0 };
        for (size_t i = 0; i < n; i++)
            begin[(key[i] >> shift & (VALUES - 1)) + 1]++;
        for (size_t value = 1; value < VALUES; value++)
            begin[value] += begin[value - 1];
        for (size_t i = 0; i < n; i++)
            to[begin[key[from[i]] >> shift & (VALUES - 1)]++] = from[i];
        uint32_t *sorted = to;
        to = from;
        from = sorted;
    }
    q->order = from;
    free(to);
    free(key);
}

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
    if (q->unopened != 0)
        order_unopened(q, lowest, highest);
}

struct handshake *held_next(struct held *q, struct handshake *room)
{
    const struct packed   *next = q->packed_at < q->n ? q->packed[q->packed_at] : NULL;
    const struct unopened *u = q->order_at < q->unopened ? unopened_at(q, q->order[q->order_at]) : NULL;
    if (u != NULL && q->order_at + AHEAD < q->unopened)
        __builtin_prefetch(unopened_at(q, q->order[q->order_at + AHEAD]));
    if (u != NULL && (next == NULL || next->datagram || next->stream > u->stream)) {
        unopened_become(u, q->file, room);
        q->order_at++;
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
    for (size_t i = 1; i < q->chunks; i++)
        piece_put(q->chunk[i]);
    if (q->chunks != 0)
        free(q->chunk[0]);
    free(q->chunk);
    free(q->order);
    free(q->packed);
    *q = (struct held){ 0 };
}
