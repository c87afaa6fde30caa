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

/* Stream numbers count the connections of the input, and each is here once at most: a table of them is the order, and its
 * gaps are closed. */
static void order_by_table(struct held *q, uint32_t lowest, size_t streams)
{
    size_t n = 0;
    q->order = mem_get(streams, sizeof *q->order);
    for (size_t i = 0; i < q->unopened; i++)
        q->order[unopened_at(q, i)->stream - lowest] = (uint32_t)i + 1;
    for (size_t i = 0; i < streams; i++) {
        if (q->order[i] != 0)
            q->order[n++] = q->order[i];
    }
}

static int by_stream_of(const void *a, const void *b, void *held)
{
    uint32_t x = unopened_at(held, *(const uint32_t *)a - 1)->stream, y = unopened_at(held, *(const uint32_t *)b - 1)->stream;
    return x < y ? -1 : x > y;
}

static void order_by_sorting(struct held *q)
{
    q->order = mem_get(q->unopened, sizeof *q->order);
    for (size_t i = 0; i < q->unopened; i++)
        q->order[i] = (uint32_t)i + 1;
    qsort_r(q->order, q->unopened, sizeof *q->order, by_stream_of, q);
}

void held_order(struct held *q)
{
    enum { DENSE = 4, FEW = 4096 };
    uint32_t lowest = UINT32_MAX, highest = 0;
    if (q->n != 0)
        qsort(q->packed, q->n, sizeof *q->packed, by_stream);
    for (size_t i = 0; i < q->unopened; i++) {
        uint32_t stream = unopened_at(q, i)->stream;
        lowest = stream < lowest ? stream : lowest;
        highest = stream > highest ? stream : highest;
    }
    if (q->unopened != 0 && highest - lowest < DENSE * q->unopened + FEW)
        order_by_table(q, lowest, (size_t)highest - lowest + 1);
    else if (q->unopened != 0)
        order_by_sorting(q);
}

struct handshake *held_next(struct held *q, struct handshake *room)
{
    const struct packed   *next = q->packed_at < q->n ? q->packed[q->packed_at] : NULL;
    const struct unopened *u = q->order_at < q->unopened ? unopened_at(q, q->order[q->order_at] - 1) : NULL;
    if (u != NULL && q->order_at + AHEAD < q->unopened)
        __builtin_prefetch(unopened_at(q, q->order[q->order_at + AHEAD] - 1));
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
