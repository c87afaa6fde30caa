#include "held.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 4096 };

enum { WORDS = sizeof(struct handshake) / sizeof(uint64_t) };
_Static_assert(sizeof(struct handshake) % sizeof(uint64_t) == 0, "a handshake is whole words");

/* A handshake without its zeros, which are most of it. What it points to stays where it is. */
struct packed {
    uint32_t stream;
    bool     datagram;
    size_t   size;
    uint64_t there[(WORDS + 63) / 64]; /* a bit a word: is it not zero? */
    uint64_t word[];
};

static struct packed *pack(const struct handshake *h)
{
    uint64_t      word[WORDS];
    struct packed head = { .stream = h->stream, .datagram = h->datagram };
    size_t        n = 0;
    memcpy(word, h, sizeof word);
    for (size_t i = 0; i < WORDS; i++) {
        if (word[i] == 0)
            continue;
        head.there[i / 64] |= UINT64_C(1) << i % 64;
        word[n++] = word[i];
    }
    size_t         size = sizeof head + n * sizeof word[0];
    struct packed *p = malloc(size);
    if (p == NULL)
        mem_fail();
    memory_note(size, 0);
    head.size = size;
    *p = head;
    memcpy(p->word, word, n * sizeof word[0]);
    return p;
}

static struct handshake *unpack(struct packed *p)
{
    struct handshake *h = handshake_new();
    uint64_t          word[WORDS];
    size_t            n = 0;
    for (size_t i = 0; i < WORDS; i++)
        word[i] = (p->there[i / 64] >> i % 64 & 1) != 0 ? p->word[n++] : 0;
    memcpy(h, word, sizeof word);
    memory_note(0, p->size);
    free(p);
    return h;
}

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
    struct packed *p = pack(h);
    q->bytes += p->size + sizeof p + arena_size(&h->arena);
    q->packed[q->n++] = p;
    handshake_leave(h);
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
    return next != NULL ? unpack(q->packed[q->packed_at++]) : NULL;
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
        handshake_free(unpack(q->packed[q->packed_at++]));
    for (size_t i = 0; i * CHUNK < q->unopened; i++) {
        memory_note(0, CHUNK * sizeof **q->chunk);
        free(q->chunk[i]);
    }
    free(q->chunk);
    free(q->order);
    free(q->packed);
    *q = (struct held){ 0 };
}
