#include "flow_table.h"

#include <stdlib.h>
#include <string.h>

/* Most inputs have few tuples; the rest come in large pieces. */
enum { FIRST_CHUNK = 256, CHUNK = PIECE_SIZE / sizeof(struct flow) };
static _Thread_local struct pool first_chunks = { .size = FIRST_CHUNK * sizeof(struct flow) };

void flow_table_init(struct flow_table *t)
{
    struct hash_key a = hash_key_random(), b = hash_key_random();
    *t = (struct flow_table){ .key = { a.k[0], a.k[1] | 1, b.k[0], b.k[1] | 1 }, .cells = 1024 };
    t->cell = pages_get(t->cells * sizeof *t->cell);
}

static inline size_t chunk_of(size_t i) { return i < FIRST_CHUNK ? 0 : 1 + (i - FIRST_CHUNK) / CHUNK; }
static inline size_t place_in_chunk(size_t i) { return i < FIRST_CHUNK ? i : (i - FIRST_CHUNK) % CHUNK; }

/* A record that waits for another use counts as half of one: were it nothing, --memory would not hold, and were it all, letting
 * bare SYNs go would not help, and none would be left. */
enum { SPARED = sizeof(struct flow) / 2 };

static void chunk_free(struct flow_table *t, size_t i)
{
    struct flow_chunk *c = &t->chunk[i];
    memory_note(c->free * SPARED, 0);
    if (i == 0)
        pool_put(&first_chunks, c->flow);
    else
        piece_put(c->flow);
    *c = (struct flow_chunk){ 0 };
}

static void chunk_new(struct flow_table *t)
{
    t->chunk = mem_grow(t->chunk, t->chunks + 1, sizeof *t->chunk);
    t->chunk[t->chunks] = (struct flow_chunk){ .flow = t->chunks == 0 ? pool_get(&first_chunks) : piece_get() };
    t->chunks++;
}

void flow_table_close(struct flow_table *t)
{
    pages_put(t->cell, t->cells * sizeof *t->cell);
    t->cell = NULL;
    t->last = NULL;
}

void flow_table_free(struct flow_table *t)
{
    flow_table_close(t);
    for (size_t i = 0; i < t->chunks; i++)
        chunk_free(t, i);
    free(t->chunk);
    free(t->free_list);
}

/* One multiplication a word; without the key nobody can aim at a bucket. */
static inline uint64_t end_hash(const struct flow_table *t, const struct endpoint *e)
{
    uint64_t w[2];
    memcpy(w, e->ip, sizeof w);
    return hash_fold(w[0] ^ t->key[0], w[1] ^ t->key[1]) ^ hash_fold((uint64_t)e->port << 8 ^ e->ip_len ^ t->key[2], t->key[3]);
}

/* The same for both directions: what is combined does not depend on the order. */
static inline uint32_t tuple_hash(const struct flow_table *t, const struct endpoint *a, const struct endpoint *b, uint8_t proto)
{
    uint64_t x = end_hash(t, a), y = end_hash(t, b);
    return (uint32_t)hash_fold((x + y) ^ t->key[1], (x ^ y) + proto + t->key[2]);
}

static inline struct flow *flow_of(const struct flow_table *t, uint32_t number)
{
    return &t->chunk[chunk_of(number - 1)].flow[place_in_chunk(number - 1)];
}

struct flow *flow_at(const struct flow_table *t, size_t i)
{
    if (t->chunk[chunk_of(i)].flow == NULL)
        return NULL;
    struct flow *f = flow_of(t, (uint32_t)i + 1);
    return f->ends[CLIENT].ip_len != 0 ? f : NULL;
}

void flow_done_before(struct flow_table *t, size_t i)
{
    if (i != 0 && place_in_chunk(i) == 0)
        chunk_free(t, chunk_of(i) - 1);
}

/* Where the search for a tuple begins. The cell knows by itself, so that moving cells touches no flow. */
static inline size_t home_of(const struct flow_table *t, uint32_t tag) { return (size_t)tag & (t->cells - 1); }

static void cells_grow(struct flow_table *t)
{
    struct cell *old = t->cell;
    size_t       n = t->cells;
    t->cells *= 2;
    t->cell = pages_get(t->cells * sizeof *t->cell);
    for (size_t i = 0; i < n; i++) {
        if (old[i].number == 0)
            continue;
        size_t at = home_of(t, old[i].tag);
        while (t->cell[at].number != 0)
            at = (at + 1) & (t->cells - 1);
        t->cell[at] = old[i];
    }
    pages_put(old, n * sizeof *old);
}

static uint32_t new_number(struct flow_table *t)
{
    if (t->free_n != 0) {
        uint32_t number = t->free_list[--t->free_n];
        t->chunk[chunk_of(number - 1)].free--;
        memory_note(SPARED, 0);
        return number;
    }
    if (t->n == UINT32_MAX - 1)
        mem_fail();
    if (chunk_of(t->n) == t->chunks)
        chunk_new(t);
    return (uint32_t)++t->n;
}

static inline bool between(const struct flow *f, const struct endpoint *src, const struct endpoint *dst, uint8_t proto, enum side *from)
{
    if (f->proto != proto)
        return false;
    *from = same_endpoint(&f->ends[CLIENT], src) && same_endpoint(&f->ends[SERVER], dst) ? CLIENT : SERVER;
    return *from == CLIENT || (same_endpoint(&f->ends[SERVER], src) && same_endpoint(&f->ends[CLIENT], dst));
}

uint32_t flow_hash(const struct flow_table *t, const struct endpoint *src, const struct endpoint *dst, uint8_t proto)
{
    return tuple_hash(t, src, dst, proto);
}

void flow_look_ahead(const struct flow_table *t, uint32_t hash) { __builtin_prefetch(&t->cell[home_of(t, hash)]); }

struct flow *flow_guess(const struct flow_table *t, uint32_t hash)
{
    size_t at = home_of(t, hash);
    for (; t->cell[at].number != 0; at = (at + 1) & (t->cells - 1)) {
        if (t->cell[at].tag == hash)
            return flow_of(t, t->cell[at].number);
    }
    return NULL;
}

struct flow *flow_find(struct flow_table *t, const struct endpoint *src, const struct endpoint *dst, uint8_t proto, bool add,
                       enum side *from, bool *fresh)
{
    return flow_find_hashed(t, tuple_hash(t, src, dst, proto), src, dst, proto, add, from, fresh);
}

struct flow *flow_find_hashed(struct flow_table *t, uint32_t tag, const struct endpoint *src, const struct endpoint *dst, uint8_t proto, bool add,
                              enum side *from, bool *fresh)
{
    *fresh = false;
    if (t->last != NULL && between(t->last, src, dst, proto, from))
        return t->last;
    size_t at = home_of(t, tag);
    for (; t->cell[at].number != 0; at = (at + 1) & (t->cells - 1)) {
        if (t->cell[at].tag != tag)
            continue;
        struct flow *f = flow_of(t, t->cell[at].number);
        __builtin_prefetch((const char *)f + 64);
        if (between(f, src, dst, proto, from))
            return t->last = f;
    }
    if (!add)
        return NULL;
    uint32_t     number = new_number(t);
    struct flow *f = flow_of(t, number);
    *f = (struct flow){ .ends = { *src, *dst }, .proto = proto };
    t->cell[at] = (struct cell){ tag, number };
    if (++t->used * 4 > t->cells * 3)
        cells_grow(t);
    *from = CLIENT;
    *fresh = true;
    return t->last = f;
}

/* The cells behind it move up, so that searches still find them. */
uint32_t flow_detach(struct flow_table *t, struct flow *f)
{
    uint32_t tag = tuple_hash(t, &f->ends[0], &f->ends[1], f->proto);
    size_t   mask = t->cells - 1, hole = home_of(t, tag);
    while (t->cell[hole].tag != tag || flow_of(t, t->cell[hole].number) != f)
        hole = (hole + 1) & mask;
    uint32_t number = t->cell[hole].number;
    for (size_t i = (hole + 1) & mask; t->cell[i].number != 0; i = (i + 1) & mask) {
        size_t home = home_of(t, t->cell[i].tag);
        if (((i - home) & mask) < ((i - hole) & mask))
            continue; /* its home lies behind the hole */
        t->cell[hole] = t->cell[i];
        hole = i;
    }
    t->cell[hole] = (struct cell){ 0, 0 };
    t->used--;
    t->last = NULL;
    f->detached = true;
    return number;
}

void flow_release(struct flow_table *t, uint32_t number)
{
    *flow_of(t, number) = (struct flow){ 0 };
    t->chunk[chunk_of(number - 1)].free++;
    memory_note(0, SPARED);
    if (t->free_n == t->free_cap) {
        t->free_cap = t->free_cap != 0 ? t->free_cap * 2 : 1024;
        t->free_list = mem_grow(t->free_list, t->free_cap, sizeof *t->free_list);
    }
    t->free_list[t->free_n++] = number;
}
