#include "recorder.h"

#include "tlswhy/text.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUCKETS = 1 << 16, BYTES_MAX = 64 * 1024, PACKETS_MAX = 200, FIRST_BYTES = 2048, A_SECOND = 20 };
#define PATTERN "tlswhy-*.pcapng"

struct recording {
    struct recording *next;           /* of its bucket */
    struct recording *older, *newer;
    uint8_t          *bytes;          /* each a struct packet and what it captured, rounded up to 8 bytes */
    size_t            n, cap;
    unsigned          packets;
    uint32_t          stream;
    bool              datagram;
};

struct recorder {
    const char           *dir;
    struct pcapng_writer *all;
    size_t                memory, used;
    struct recording     *bucket[BUCKETS];
    struct recording     *oldest, *newest;
    char                **file;       /* the files there are, a ring; the oldest first */
    size_t                keep, first, files;
    int64_t               second;     /* since when `written` counts */
    unsigned              written;
    uint64_t              missed;
};

static struct recording **place_of(struct recorder *r, bool datagram, uint32_t stream)
{
    struct recording **at = &r->bucket[stream % BUCKETS]; /* streams are numbered one by one */
    while (*at != NULL && ((*at)->stream != stream || (*at)->datagram != datagram))
        at = &(*at)->next;
    return at;
}

static void remove_at(struct recorder *r, struct recording **at)
{
    struct recording *c = *at;
    *at = c->next;
    *(c->older != NULL ? &c->older->newer : &r->oldest) = c->newer;
    *(c->newer != NULL ? &c->newer->older : &r->newest) = c->older;
    r->used -= sizeof *c + c->cap;
    free(c->bytes);
    free(c);
}

static struct recording *add_at(struct recorder *r, struct recording **at, bool datagram, uint32_t stream)
{
    struct recording *c = mem_get(1, sizeof *c);
    c->stream = stream;
    c->datagram = datagram;
    c->older = r->newest;
    *(r->newest != NULL ? &r->newest->newer : &r->oldest) = c;
    r->newest = c;
    r->used += sizeof *c;
    *at = c;
    return c;
}

void recorder_packet(struct recorder *r, const struct packet *p, bool datagram, uint32_t stream)
{
    const size_t       size = (sizeof(struct packet) + p->caplen + 7) & ~(size_t)7;
    struct recording **at = place_of(r, datagram, stream), *c = *at != NULL ? *at : add_at(r, at, datagram, stream);
    if (c->packets == PACKETS_MAX || c->n + size > BYTES_MAX + sizeof(struct packet))
        return;
    if (c->n + size > c->cap) {
        size_t cap = c->cap != 0 ? c->cap * 2 : FIRST_BYTES;
        cap = cap < c->n + size ? c->n + size : cap;
        c->bytes = mem_grow(c->bytes, cap, 1);
        r->used += cap - c->cap;
        c->cap = cap;
    }
    struct packet head = *p;
    head.p = NULL;
    memcpy(c->bytes + c->n, &head, sizeof head);
    memcpy(c->bytes + c->n + sizeof head, p->p, p->caplen);
    c->n += size;
    c->packets++;
    while (r->used > r->memory && r->oldest != c)
        remove_at(r, place_of(r, r->oldest->datagram, r->oldest->stream));
}

void recorder_forget(struct recorder *r, bool datagram, uint32_t stream)
{
    struct recording **at = place_of(r, datagram, stream);
    if (*at != NULL)
        remove_at(r, at);
}

static void put_packets(const struct recording *c, struct pcapng_writer *w, uint64_t decisive, const char *remark)
{
    struct packet k;
    for (size_t at = 0; at < c->n; at += (sizeof k + k.caplen + 7) & ~(size_t)7) {
        memcpy(&k, c->bytes + at, sizeof k);
        k.p = c->bytes + at + sizeof k;
        pcapng_packet(w, &k, k.frame == decisive ? remark : NULL);
    }
}

/* ---- files ---- */

/* One more: beyond `keep` the oldest goes. `path` is ours now. */
static void add_file(struct recorder *r, char *path)
{
    if (r->files == r->keep) {
        unlink(r->file[r->first]);
        free(r->file[r->first]);
        r->first = (r->first + 1) % r->keep;
        r->files--;
    }
    r->file[(r->first + r->files++) % r->keep] = path;
}

static int is_ours(const struct dirent *e) { return fnmatch(PATTERN, e->d_name, 0) == 0; }
static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

/* Files of earlier runs count; their names begin with their time. */
static bool find_files(struct recorder *r, struct err *err)
{
    struct dirent **names = NULL;
    int             n = scandir(r->dir, &names, is_ours, by_name);
    if (n < 0)
        err_sys(err, "cannot list the folder %s", r->dir);
    for (int i = 0; i < n; i++) {
        struct text path = { 0 };
        text_printf(&path, "%s/%s", r->dir, names[i]->d_name);
        add_file(r, path.s);
        free(names[i]);
    }
    free(names);
    return n >= 0;
}

struct recorder *recorder_new(const char *dir, size_t keep, struct pcapng_writer *all, size_t memory, struct err *err)
{
    struct recorder *r = mem_get(1, sizeof *r);
    r->dir = dir;
    r->all = all;
    r->memory = memory;
    r->keep = keep;
    r->file = mem_get(keep, sizeof *r->file);
    if (dir == NULL || find_files(r, err))
        return r;
    recorder_free(r);
    return NULL;
}

void recorder_free(struct recorder *r)
{
    if (r == NULL)
        return;
    while (r->oldest != NULL)
        remove_at(r, place_of(r, r->oldest->datagram, r->oldest->stream));
    for (size_t i = 0; i < r->files; i++)
        free(r->file[(r->first + i) % r->keep]);
    free(r->file);
    free(r);
}

/* 20240203T101112.345678Z: sorts by time, and no file system minds it. */
static void add_time(struct text *t, int64_t ns)
{
    char time[40];
    time_rfc3339(time, ns);
    for (const char *c = time; *c != '\0'; c++) {
        if (*c != '-' && *c != ':')
            text_char(t, *c);
    }
}

static bool write_file(struct recorder *r, const struct recording *c, const struct handshake *h, const struct finding *f, const char *remark,
                       struct err *err)
{
    struct text path = { 0 };
    text_printf(&path, "%s/tlswhy-", r->dir);
    add_time(&path, h->start_ns);
    text_printf(&path, "-%u-%s.pcapng", h->stream, f->cause);
    struct pcapng_writer *w = pcapng_create(path.s, err);
    bool                  ok = w != NULL;
    if (ok) {
        put_packets(c, w, f->decisive, remark);
        ok = pcapng_finish(w, true, err);
    }
    if (ok)
        add_file(r, path.s);
    else
        text_free(&path);
    return ok;
}

bool recorder_failed(struct recorder *r, const struct handshake *h, const struct finding *f, const char *remark, int64_t steady_ns,
                     struct err *err)
{
    const struct recording *c = *place_of(r, h->datagram, h->stream);
    if (steady_ns - r->second >= NS_PER_S) {
        r->second = steady_ns;
        r->written = 0;
    }
    if (c == NULL || r->written == A_SECOND) {
        r->missed++;
        return true;
    }
    r->written++;
    if (r->all != NULL)
        put_packets(c, r->all, f->decisive, remark);
    return r->dir == NULL || write_file(r, c, h, f, remark, err);
}

uint64_t recorder_missed(const struct recorder *r) { return r->missed; }
