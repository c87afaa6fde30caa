#include "tlswhy/report.h"

#include <stdlib.h>
#include <string.h>

enum { GROUPS_MAX = 10000, EVERYWHERE_MAX = 50, CLIENTS = 1024 };

/* What counts as alike: the cause, and the ends that matter. Compared and hashed as bytes. */
struct likeness {
    uint8_t  server[16], client[16];
    uint16_t port;
    uint8_t  server_len, client_len;
    uint8_t  cause;      /* number of its row */
    uint8_t  everywhere; /* counted apart: of this client, whatever the server */
    uint8_t  unused[2];
};
_Static_assert(sizeof(struct likeness) == 40, "no holes");

/* How many of one kind there were. */
struct kind {
    struct likeness is;
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
    const struct cause *first; /* row of the list */
    struct kinds    rows, alike;
    struct group   *groups, *sorted;
    size_t          n, cap;
    uint64_t        in_none;
    uint32_t        client[CLIENTS]; /* who scans comes again and again: number + 1 in `alike` of the last ones, `everywhere` */
};

struct group_table *groups_new(void)
{
    struct group_table *g = mem_get(1, sizeof *g);
    g->secret = hash_key_random();
    g->first = cause_at(0);
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

static bool same(const struct likeness *a, const struct likeness *b) { return memcmp(a, b, sizeof *a) == 0; }

/* The cell of this kind, or the free one where it belongs. */
static struct cell *cell_of(const struct kinds *kinds, uint32_t tag, const struct likeness *is)
{
    size_t i = tag & (kinds->cells - 1);
    for (; kinds->cell[i].number != 0; i = (i + 1) & (kinds->cells - 1)) {
        if (kinds->cell[i].tag == tag && same(&kinds->kind[kinds->cell[i].number - 1].is, is))
            break;
    }
    return &kinds->cell[i];
}

static uint32_t tag_of(const struct group_table *g, const struct likeness *is) { return (uint32_t)hash_bytes(&g->secret, is, sizeof *is); }

static void kinds_grow(const struct group_table *g, struct kinds *kinds)
{
    free(kinds->cell);
    kinds->cells = kinds->cells != 0 ? kinds->cells * 2 : 64;
    kinds->cell = mem_get(kinds->cells, sizeof *kinds->cell);
    for (size_t i = 0; i < kinds->used; i++) {
        uint32_t tag = tag_of(g, &kinds->kind[i].is);
        *cell_of(kinds, tag, &kinds->kind[i].is) = (struct cell){ tag, (uint32_t)i + 1 };
    }
}

static void kind_new(struct kinds *kinds, const struct likeness *is)
{
    if (kinds->used == kinds->cap) {
        kinds->cap = kinds->cap != 0 ? kinds->cap * 2 : 16;
        kinds->kind = mem_grow(kinds->kind, kinds->cap, sizeof *kinds->kind);
    }
    kinds->kind[kinds->used++] = (struct kind){ .is = *is };
}

/* Counts one more of this kind; good until the next is counted. NULL: it is a new one and the table is full. */
static struct kind *count(const struct group_table *g, struct kinds *kinds, const struct likeness *is)
{
    if (kinds->used * 2 >= kinds->cells)
        kinds_grow(g, kinds);
    uint32_t     tag = tag_of(g, is);
    struct cell *c = cell_of(kinds, tag, is);
    if (c->number == 0 && kinds->used == GROUPS_MAX)
        return NULL;
    if (c->number == 0) {
        kind_new(kinds, is);
        *c = (struct cell){ tag, (uint32_t)kinds->used };
    }
    struct kind *k = &kinds->kind[c->number - 1];
    k->n++;
    return k;
}

/* A client that fails in one way with very many servers (a scan, a proxy that is down) is one story, too: how many there are of
 * it. UINT64_MAX: there is no room to count it. */
static uint64_t count_everywhere(struct group_table *g, const struct likeness *is)
{
    uint64_t w[2], spread = UINT64_C(0x9e3779b97f4a7c15);
    memcpy(w, is->client, sizeof w);
    uint32_t    *last = &g->client[((w[0] ^ w[1]) + is->cause) * spread >> 32 & (CLIENTS - 1)];
    struct kind *k = *last != 0 ? &g->alike.kind[*last - 1] : NULL;
    if (k != NULL && same(&k->is, is))
        return ++k->n;
    k = count(g, &g->alike, is);
    *last = k != NULL ? (uint32_t)(k - g->alike.kind) + 1 : 0;
    return k != NULL ? k->n : UINT64_MAX;
}

static void liken(struct likeness *out, ptrdiff_t cause, const struct endpoint *server, const struct endpoint *client)
{
    *out = (struct likeness){ .cause = (uint8_t)cause };
    if (server != NULL) {
        memcpy(out->server, server->ip, sizeof out->server);
        out->server_len = server->ip_len;
        out->port = server->port;
    }
    if (client != NULL) {
        memcpy(out->client, client->ip, sizeof out->client);
        out->client_len = client->ip_len;
    }
}

static size_t group_new(struct group_table *g, const struct handshake *h, const struct cause *cause)
{
    struct text name = { 0 };
    if (g->n == g->cap) {
        g->cap = g->cap != 0 ? g->cap * 2 : 16;
        g->groups = mem_grow(g->groups, g->cap, sizeof *g->groups);
    }
    struct group *row = &g->groups[g->n];
    *row = (struct group){ .cause = cause->code, .server = h->ends[SERVER], .order = g->n, .stream = h->stream, .file = h->file };
    struct bytes asked = h->hello.sni.p != NULL ? h->hello.sni : h->prelude.host;
    text_safe(&name, asked.p, asked.n, 40);
    if (name.n != 0 && name.n < sizeof row->name)
        memcpy(row->name, name.s, name.n + 1);
    text_free(&name);
    return g->n++;
}

uint64_t groups_add(struct group_table *g, const struct handshake *h, const struct cause *cause, enum result result, uint32_t *first)
{
    ptrdiff_t       number = cause - g->first;
    struct likeness is;
    *first = h->stream;
    if (result == RESULT_FAILURE) {
        liken(&is, number, &h->ends[SERVER], NULL);
        struct kind *row = count(g, &g->rows, &is);
        if (row != NULL && row->n == 1)
            row->group = group_new(g, h, cause);
        if (row != NULL)
            g->groups[row->group].n++;
        else
            g->in_none++;
    }
    liken(&is, number, NULL, &h->ends[CLIENT]);
    is.everywhere = 1;
    if (count_everywhere(g, &is) > EVERYWHERE_MAX)
        return UINT64_MAX;
    liken(&is, number, result == RESULT_UNCLEAR || h->outcome == OUTCOME_NOT_OPENED ? NULL : &h->ends[SERVER],
          result == RESULT_UNCLEAR ? NULL : &h->ends[CLIENT]);
    struct kind *alike = count(g, &g->alike, &is);
    if (alike == NULL)
        return UINT64_MAX; /* no room to count it: surely one of very many */
    if (alike->n == 1 || alike->file != h->file) {
        alike->first = h->stream;
        alike->file = h->file;
    }
    *first = alike->first;
    return alike->n;
}

void groups_take_back(struct group_table *g, const struct handshake *h, const struct cause *cause, enum result result)
{
    if (result != RESULT_FAILURE || g->rows.cells == 0)
        return;
    struct likeness is;
    liken(&is, cause - g->first, &h->ends[SERVER], NULL);
    const struct cell *c = cell_of(&g->rows, tag_of(g, &is), &is);
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
