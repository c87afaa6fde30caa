#include "tlswhy/report.h"

#include <stdlib.h>
#include <string.h>

enum { GROUPS_MAX = 10000, KIND_LEN = 48, EVERYWHERE_MAX = 50 };

/* How many of one kind there were: the kind is a few bytes that say what counts as alike. */
struct kind {
    uint8_t  bytes[KIND_LEN];
    uint64_t n;
    size_t   group;           /* index of its row; for the rows' own table */
    uint32_t first;           /* stream of the first in `file` */
    const char *file;
};
struct kinds {
    struct kind *kind;
    size_t       used, cap;
    struct cell { /* open addressing; a power of two, at most half full: small, for of a scan nearly all are looked up in vain */
        uint32_t tag, number; /* of its hash; index + 1 of the kind, 0 = free */
    }           *cell;
    size_t       cells;
};

struct group_table {
    struct hash_key secret;
    struct kinds    rows, alike;
    struct group   *groups, *sorted;
    size_t          n, cap;
    uint64_t        in_none;
};

struct group_table *groups_new(void)
{
    struct group_table *g = mem_get(1, sizeof *g);
    g->secret = hash_key_random();
    return g;
}

static void kinds_free(struct kinds *kinds)
{
    free(kinds->kind);
    free(kinds->cell);
}

void groups_free(struct group_table *g)
{
    if (g == NULL)
        return;
    kinds_free(&g->rows);
    kinds_free(&g->alike);
    free(g->groups);
    free(g->sorted);
    free(g);
}

/* The cell of this kind, or the free one where it belongs. */
static struct cell *cell_of(const struct kinds *kinds, uint32_t tag, const uint8_t bytes[KIND_LEN])
{
    size_t i = tag & (kinds->cells - 1);
    for (; kinds->cell[i].number != 0; i = (i + 1) & (kinds->cells - 1)) {
        if (kinds->cell[i].tag == tag && memcmp(kinds->kind[kinds->cell[i].number - 1].bytes, bytes, KIND_LEN) == 0)
            break;
    }
    return &kinds->cell[i];
}

static uint32_t tag_of(const struct group_table *g, const uint8_t bytes[KIND_LEN])
{
    return (uint32_t)hash_bytes(&g->secret, bytes, KIND_LEN);
}

static void kinds_grow(const struct group_table *g, struct kinds *kinds)
{
    free(kinds->cell);
    kinds->cells = kinds->cells != 0 ? kinds->cells * 2 : 64;
    kinds->cell = mem_get(kinds->cells, sizeof *kinds->cell);
    for (size_t i = 0; i < kinds->used; i++) {
        uint32_t tag = tag_of(g, kinds->kind[i].bytes);
        *cell_of(kinds, tag, kinds->kind[i].bytes) = (struct cell){ tag, (uint32_t)i + 1 };
    }
}

static struct kind *kind_new(struct kinds *kinds, const uint8_t bytes[KIND_LEN])
{
    if (kinds->used == kinds->cap) {
        kinds->cap = kinds->cap != 0 ? kinds->cap * 2 : 16;
        kinds->kind = mem_grow(kinds->kind, kinds->cap, sizeof *kinds->kind);
    }
    struct kind *k = &kinds->kind[kinds->used++];
    *k = (struct kind){ 0 };
    memcpy(k->bytes, bytes, KIND_LEN);
    return k;
}

/* Counts one more of this kind; good until the next is counted. NULL: it is a new one and the table is full. */
static struct kind *count(const struct group_table *g, struct kinds *kinds, const uint8_t bytes[KIND_LEN])
{
    if (kinds->used * 2 >= kinds->cells)
        kinds_grow(g, kinds);
    uint32_t     tag = tag_of(g, bytes);
    struct cell *c = cell_of(kinds, tag, bytes);
    if (c->number == 0 && kinds->used == GROUPS_MAX)
        return NULL;
    struct kind *k = c->number != 0 ? &kinds->kind[c->number - 1] : kind_new(kinds, bytes);
    *c = (struct cell){ tag, (uint32_t)(k - kinds->kind) + 1 };
    k->n++;
    return k;
}

/* Cause, and the ends that matter. */
static void kind_bytes(uint8_t out[KIND_LEN], const char *cause, const struct endpoint *server, const struct endpoint *client)
{
    const struct cause *c = cause_of(cause), *first = cause_at(0);
    memset(out, 0, KIND_LEN);
    out[0] = (uint8_t)(1 + (c - first));
    if (server != NULL) {
        memcpy(out + 1, server->ip, sizeof server->ip);
        out[17] = server->ip_len;
        memcpy(out + 18, &server->port, sizeof server->port);
    }
    if (client != NULL) {
        memcpy(out + 20, client->ip, sizeof client->ip);
        out[36] = client->ip_len;
    }
}

static size_t group_new(struct group_table *g, const struct handshake *h, const struct finding *f)
{
    struct text name = { 0 };
    if (g->n == g->cap) {
        g->cap = g->cap != 0 ? g->cap * 2 : 16;
        g->groups = mem_grow(g->groups, g->cap, sizeof *g->groups);
    }
    struct group *row = &g->groups[g->n];
    *row = (struct group){ .cause = f->cause, .server = h->ends[SERVER], .order = g->n, .stream = h->stream, .file = h->file };
    struct bytes asked = h->hello.sni.p != NULL ? h->hello.sni : h->prelude.host;
    text_safe(&name, asked.p, asked.n, 40);
    if (name.n != 0 && name.n < sizeof row->name)
        memcpy(row->name, name.s, name.n + 1);
    text_free(&name);
    return g->n++;
}

uint64_t groups_add(struct group_table *g, const struct handshake *h, const struct finding *f, uint32_t *first)
{
    uint8_t bytes[KIND_LEN];
    *first = h->stream;
    enum result result = finding_result(h, f);
    if (result == RESULT_FAILURE) {
        kind_bytes(bytes, f->cause, &h->ends[SERVER], NULL);
        struct kind *row = count(g, &g->rows, bytes);
        if (row != NULL && row->n == 1)
            row->group = group_new(g, h, f);
        if (row != NULL)
            g->groups[row->group].n++;
        else
            g->in_none++;
    }
    /* A client that fails in one way with very many servers (a scan, a proxy that is down) is one story, too. */
    kind_bytes(bytes, f->cause, NULL, &h->ends[CLIENT]);
    bytes[KIND_LEN - 1] = 1; /* another count than the one below */
    const struct kind *everywhere = count(g, &g->alike, bytes);
    if (everywhere == NULL || everywhere->n > EVERYWHERE_MAX)
        return UINT64_MAX;
    kind_bytes(bytes, f->cause, result == RESULT_UNCLEAR || h->outcome == OUTCOME_NOT_OPENED ? NULL : &h->ends[SERVER],
               result == RESULT_UNCLEAR ? NULL : &h->ends[CLIENT]);
    struct kind *alike = count(g, &g->alike, bytes);
    if (alike == NULL)
        return UINT64_MAX; /* no room to count it: surely one of very many */
    if (alike->n == 1 || alike->file != h->file) {
        alike->first = h->stream;
        alike->file = h->file;
    }
    *first = alike->first;
    return alike->n;
}

void groups_take_back(struct group_table *g, const struct handshake *h, const struct finding *f)
{
    uint8_t bytes[KIND_LEN];
    if (finding_result(h, f) != RESULT_FAILURE || g->rows.cells == 0)
        return;
    kind_bytes(bytes, f->cause, &h->ends[SERVER], NULL);
    const struct cell *c = cell_of(&g->rows, tag_of(g, bytes), bytes);
    struct group      *row = c->number != 0 ? &g->groups[g->rows.kind[c->number - 1].group] : NULL;
    if (row != NULL && row->n != 0)
        row->n--;
}

/* qsort is not stable, so the order of appearance is spelt out. */
static int most_frequent(const void *a, const void *b)
{
    const struct group *x = a, *y = b;
    if (x->n != y->n)
        return x->n > y->n ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

const struct group *groups_sorted(struct group_table *g, size_t *n, uint64_t *in_none)
{
    *n = 0;
    *in_none = g->in_none;
    free(g->sorted);
    g->sorted = mem_get(g->n, sizeof *g->sorted);
    for (size_t i = 0; i < g->n; i++) {
        if (g->groups[i].n != 0) /* all of them may have been taken back */
            g->sorted[(*n)++] = g->groups[i];
    }
    if (*n != 0)
        qsort(g->sorted, *n, sizeof *g->sorted, most_frequent);
    return g->sorted;
}
