/* shuffle_test - seeded changes to every capture of a folder, as networks and capture points make them.
 * Odd seeds lose nothing (segments of one side reordered, sent again, split anew): the verdict must be the same. Each eighth seed is
 * what a SPAN port gives: every frame twice, the second as it was at another port (one hop further, in a VLAN).
 * Even seeds also lose packets: the verdict must be the same or a weaker one. Where neighbours
 * lost some it may be another one that is likely: what they told is gone. Some are cut by a snap length, or not in the order of
 * time, as several queues of an interface write them. Rules are asked again (ask_twice).
 *
 *     shuffle_test FOLDER [SEEDS [NAME [OUT]]]     1,000 seeds by default; NAME takes one capture only, and writes what
 *                                                  the last seed made of it to OUT */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipe.h"
#include "tlswhy/capture.h"

enum { LINK_ETHERNET = 1, LINK_RAW = 101, LINK_SLL = 113, LINK_SLL2 = 276 };
enum { FLAG_FIN = 1, FLAG_SYN = 2, FLAG_RST = 4, FLAG_PSH = 8, IP_TCP = 6 };
#define PACKETS_MAX 1024

struct pkt {
    uint8_t *p;
    uint32_t caplen, len;
    int64_t  ns;
    size_t   ip, tcp, data; /* offsets; tcp 0 = not TCP over IP as these recordings have it */
    uint32_t data_n;
    uint8_t  flags;
};
struct packets {
    struct pkt v[PACKETS_MAX];
    size_t     n;
    uint32_t   linktype;
    struct bytes secrets; /* of the capture; a copy */
};

static uint64_t rng;
static uint32_t below(size_t n) /* xorshift64*; n > 0 */
{
    rng ^= rng >> 12;
    rng ^= rng << 25;
    rng ^= rng >> 27;
    return (uint32_t)((rng * UINT64_C(2685821657736338717)) >> 33) % (uint32_t)n;
}

static uint32_t be(const uint8_t *p, size_t width)
{
    uint32_t v = 0;
    for (size_t i = 0; i < width; i++)
        v = v << 8 | p[i];
    return v;
}

static void put(uint8_t *p, size_t width, uint32_t v)
{
    for (size_t i = width; i-- > 0; v >>= 8)
        p[i] = (uint8_t)v;
}

static size_t link_header(uint32_t linktype)
{
    return linktype == LINK_ETHERNET ? 14 : linktype == LINK_SLL ? 16 : linktype == LINK_SLL2 ? 20 : 0;
}

/* Finds the TCP payload. Only what the recordings hold: no VLAN, no IP options, no extension headers. */
static void locate(struct pkt *k, uint32_t linktype)
{
    size_t ip = link_header(linktype);
    if (k->caplen < ip + 60)
        return;
    bool   six = k->p[ip] >> 4 == 6;
    size_t tcp = ip + (six ? 40 : 20), total = six ? 40 + be(k->p + ip + 4, 2) : be(k->p + ip + 2, 2);
    if (k->p[ip + (six ? 6 : 9)] != IP_TCP || k->caplen < tcp + 20)
        return;
    k->ip = ip;
    k->tcp = tcp;
    k->data = tcp + (size_t)(k->p[tcp + 12] >> 4) * 4;
    k->flags = k->p[tcp + 13];
    k->data_n = ip + total > k->data ? (uint32_t)(ip + total - k->data) : 0;
}

static bool is_data(const struct pkt *k)
{
    return k->tcp != 0 && k->data_n != 0 && (k->flags & (FLAG_SYN | FLAG_FIN | FLAG_RST)) == 0;
}

static bool same_side(const struct pkt *a, const struct pkt *b)
{
    size_t n = a->data < b->data ? a->data : b->data, addresses = a->p[a->ip] >> 4 == 6 ? 8 : 12;
    return a->tcp == b->tcp && n > a->tcp && memcmp(a->p + a->ip + addresses, b->p + b->ip + addresses, a->tcp - a->ip - addresses) == 0 &&
           memcmp(a->p + a->tcp, b->p + b->tcp, 4) == 0;
}

static struct pkt copy_of(const struct pkt *k)
{
    struct pkt c = *k;
    c.p = mem_get(k->caplen, 1);
    memcpy(c.p, k->p, k->caplen);
    return c;
}

static void insert(struct packets *all, size_t at, struct pkt k)
{
    if (all->n == PACKETS_MAX) {
        free(k.p);
        return;
    }
    memmove(&all->v[at + 1], &all->v[at], (all->n - at) * sizeof *all->v);
    all->v[at] = k;
    all->n++;
    all->v[at].ns = at > 0 ? all->v[at - 1].ns : k.ns;
}

/* The ports of what was dropped, as often as a shuffle does that. */
static struct { uint16_t v[4][2]; size_t n; bool everywhere; } lost;

static void note_lost(const struct pkt *k)
{
    if (lost.n == ARRAY_LEN(lost.v))
        return;
    for (size_t i = 0; i < 2; i++)
        lost.v[lost.n][i] = (uint16_t)(k->tcp != 0 ? be(k->p + k->tcp + 2 * i, 2) : 0);
    lost.n++;
}

/* Was something dropped that is not of this connection? */
static bool neighbour_lost(const struct answer *a)
{
    for (size_t i = 0; i < lost.n; i++) {
        const uint16_t *p = lost.v[i];
        if (!((p[0] == a->ports[0] && p[1] == a->ports[1]) || (p[0] == a->ports[1] && p[1] == a->ports[0])))
            return true;
    }
    return lost.everywhere;
}

static void drop(struct packets *all, size_t at)
{
    free(all->v[at].p);
    all->n--;
    memmove(&all->v[at], &all->v[at + 1], (all->n - at) * sizeof *all->v);
}

/* Two neighbouring segments of one side change places; the times stay where they are. */
static void reorder(struct packets *all)
{
    size_t i = below(all->n);
    if (i + 1 >= all->n || !is_data(&all->v[i]) || !is_data(&all->v[i + 1]) || !same_side(&all->v[i], &all->v[i + 1]))
        return;
    struct pkt a = all->v[i], b = all->v[i + 1];
    int64_t    ns = a.ns;
    a.ns = b.ns;
    b.ns = ns;
    all->v[i] = b;
    all->v[i + 1] = a;
}

/* A segment is seen a second time, at once or a few packets later. */
static void repeat(struct packets *all)
{
    size_t i = below(all->n), later = i + 1 + below(3);
    if (is_data(&all->v[i]))
        insert(all, later < all->n ? later : all->n, copy_of(&all->v[i]));
}

static void resize(struct pkt *k, uint32_t data_n)
{
    size_t ip = k->ip;
    bool   six = k->p[ip] >> 4 == 6;
    k->data_n = data_n;
    k->len = k->caplen = (uint32_t)k->data + data_n;
    put(k->p + ip + (six ? 4 : 2), 2, (uint32_t)(k->data - ip) + data_n - (six ? 40 : 0));
}

/* One segment becomes two. */
static void split(struct packets *all)
{
    size_t i = below(all->n);
    if (!is_data(&all->v[i]) || all->v[i].data_n < 2 || all->v[i].caplen != all->v[i].len || all->n == PACKETS_MAX)
        return;
    uint32_t   first = 1 + below(all->v[i].data_n - 1), rest = all->v[i].data_n - first;
    struct pkt b = copy_of(&all->v[i]), *a = &all->v[i];
    memmove(b.p + b.data, b.p + b.data + first, rest);
    put(b.p + b.tcp + 4, 4, be(b.p + b.tcp + 4, 4) + first);
    resize(&b, rest);
    resize(a, first);
    a->p[a->tcp + 13] &= (uint8_t)~FLAG_PSH;
    insert(all, i + 1, b);
}

/* ---- as capture points see it ---- */

/* At another port: routed once more, and tagged where the link can be. */
static struct pkt seen_again(const struct pkt *k, uint32_t linktype, bool routed, bool tagged)
{
    static const uint8_t tag[4] = { 0x81, 0x00, 0x00, 0x64 }; /* IEEE 802.1Q, VLAN 100 */
    enum { MACS = 12 };
    struct pkt c = copy_of(k);
    if (routed && c.ip != 0) {
        bool six = c.p[c.ip] >> 4 == 6;
        c.p[c.ip + (six ? 7 : 8)]--;
        if (!six) { /* its checksum, RFC 1141 */
            uint32_t sum = be(c.p + c.ip + 10, 2) + 0x100;
            put(c.p + c.ip + 10, 2, (sum + (sum >> 16)) & 0xffff);
        }
    }
    if (!tagged || linktype != LINK_ETHERNET || c.caplen < MACS)
        return c;
    uint8_t *longer = mem_get(c.caplen + sizeof tag, 1);
    memcpy(longer, c.p, MACS);
    memcpy(longer + MACS, tag, sizeof tag);
    memcpy(longer + MACS + sizeof tag, c.p + MACS, c.caplen - MACS);
    free(c.p);
    c.p = longer;
    c.caplen += sizeof tag, c.len += sizeof tag;
    if (c.tcp != 0)
        c.ip += sizeof tag, c.tcp += sizeof tag, c.data += sizeof tag;
    return c;
}

static void span_port(struct packets *all)
{
    bool routed = below(2) != 0, tagged = below(2) != 0;
    if (all->n * 2 > PACKETS_MAX)
        return;
    for (size_t i = all->n; i-- > 0;) {
        struct pkt again = seen_again(&all->v[i], all->linktype, routed, tagged);
        int64_t    ns = all->v[i].ns;
        insert(all, i + 1, again);
        all->v[i + 1].ns = ns + 2000;
    }
}

static void snap(struct packets *all)
{
    uint32_t most = 40 + below(400);
    for (size_t i = 0; i < all->n; i++)
        all->v[i].caplen = all->v[i].caplen < most ? all->v[i].caplen : most;
}

/* Neighbours change places and take their times, which tell the order, with them. No SYN gets behind data: there a new stream would begin. */
static void queues(struct packets *all)
{
    for (size_t i = 0; i + 1 < all->n; i++) {
        if (below(4) != 0 || all->v[i].ns == all->v[i + 1].ns || ((all->v[i].flags ^ all->v[i + 1].flags) & FLAG_SYN) != 0)
            continue;
        struct pkt a = all->v[i];
        all->v[i] = all->v[i + 1];
        all->v[i + 1] = a;
    }
}

static void load(struct packets *all, const uint8_t *p, size_t n)
{
    struct err      err = { "" };
    struct capture *c = capture_open_memory(p, n, &err);
    *all = (struct packets){ .n = 0 };
    for (struct packet k; c != NULL && all->n < PACKETS_MAX && capture_next(c, &k, &err);) {
        struct pkt *own = &all->v[all->n++];
        *own = (struct pkt){ .caplen = k.caplen, .len = k.len, .ns = k.ns, .p = mem_get(k.caplen + 1, 1) };
        memcpy(own->p, k.p, k.caplen);
        all->linktype = k.linktype;
        locate(own, k.linktype);
    }
    struct bytes secrets = capture_facts(c)->secrets;
    uint8_t     *copy = mem_get(secrets.n + 1, 1);
    if (secrets.n != 0)
        memcpy(copy, secrets.p, secrets.n);
    all->secrets = (struct bytes){ copy, secrets.n };
    capture_close(c);
}

static void unload(struct packets *all)
{
    while (all->n > 0)
        drop(all, all->n - 1);
    free((void *)(uintptr_t)all->secrets.p);
    all->secrets = (struct bytes){ 0 };
}

/* As a classic capture with nanoseconds, big-endian. */
static uint8_t *save(const struct packets *all, size_t *n)
{
    *n = 24;
    for (size_t i = 0; i < all->n; i++)
        *n += 16 + all->v[i].caplen;
    uint8_t *out = mem_get(*n, 1), *p = out + 24;
    memset(out, 0, 24);
    put(out, 4, 0xa1b23c4d);
    put(out + 4, 2, 2);
    put(out + 6, 2, 4);
    put(out + 16, 4, 262144);
    put(out + 20, 4, all->linktype);
    for (size_t i = 0; i < all->n; i++) {
        const struct pkt *k = &all->v[i];
        put(p, 4, (uint32_t)(k->ns / 1000000000));
        put(p + 4, 4, (uint32_t)(k->ns % 1000000000));
        put(p + 8, 4, k->caplen);
        put(p + 12, 4, k->len);
        memcpy(p + 16, k->p, k->caplen);
        p += 16 + k->caplen;
    }
    return out;
}

static bool same(const struct answer *a, const struct answer *b)
{
    return strcmp(a->cause, b->cause) == 0 && a->side == b->side && a->sure == b->sure;
}

static bool says_nothing(const struct answer *v)
{
    return strcmp(v->cause, "ok") == 0 || strcmp(v->cause, "unknown") == 0 || strcmp(v->cause, "capture-incomplete") == 0;
}

/* The same, or less sure, or as likely where what told more may be gone: a neighbour's packets, or the sign of a hole.
 * A good handshake never becomes a likely failure. */
static bool same_or_weaker(const struct answer *v, const struct answer *whole)
{
    if (says_nothing(v) || v->sure == POSSIBLE)
        return true;
    if (whole != NULL && strcmp(whole->cause, "capture-incomplete") == 0)
        return v->sure < CERTAIN;
    if (whole == NULL || says_nothing(whole))
        return false;
    if (v->sure != whole->sure)
        return v->sure < whole->sure;
    bool less = strcmp(v->cause, "cert-rejected") == 0 && strncmp(whole->cause, "cert-", 5) == 0; /* "which, nothing tells" */
    return (strcmp(v->cause, whole->cause) == 0 && v->side == whole->side) || (v->sure < CERTAIN && (less || neighbour_lost(v)));
}

static size_t      shuffles, bad;
static const char *keep; /* file for what a shuffle made, or NULL */

static void write_file(const char *path, const uint8_t *p, size_t n)
{
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(p, 1, n, f) != n || fclose(f) != 0)
        perror(path);
}

static void one_shuffle(struct world *w, const char *name, const uint8_t *p, size_t n, const struct answers *whole, unsigned seed)
{
    static struct packets all;
    struct answers       got;
    bool                  lossy = seed % 2 == 0;
    size_t                changed = 0;
    rng = UINT64_C(88172645463325252) + seed * UINT64_C(6364136223846793005);
    load(&all, p, n);
    if (seed % 8 == 7)
        span_port(&all);
    for (size_t k = all.n + 4; k > 0 && all.n > 0; k--) {
        static void (*const changes[])(struct packets *) = { reorder, repeat, split };
        changes[below(3)](&all);
    }
    lost.n = 0;
    lost.everywhere = seed % 8 == 4 || seed % 8 == 6;
    for (size_t k = lossy ? 1 + below(3) : 0; k > 0 && all.n > 0; k--) {
        size_t at = below(all.n);
        note_lost(&all.v[at]);
        drop(&all, at);
    }
    if (seed % 8 == 6)
        snap(&all);
    if (seed % 8 == 4)
        queues(&all);
    uint8_t *out = save(&all, &changed);
    w->secrets = all.secrets; /* the classic format has no place for them */
    answers_of(w, out, changed, &got);
    w->secrets = (struct bytes){ 0 };
    if (keep != NULL)
        write_file(keep, out, changed);
    const struct answers *walk = lossy ? &got : whole;
    for (size_t i = 0; i < walk->n; i++) {
        const struct answer *a = answer_of_stream(&got, walk->v[i].stream), *b = answer_of_stream(whole, walk->v[i].stream);
        if (lossy ? same_or_weaker(a, b) : a != NULL && b != NULL && same(a, b))
            continue;
        bad++;
        printf("FAIL %s seed %u (%s), stream %u: %s %s %s (rule %s), unchanged it is %s %s\n", name, seed, lossy ? "lossy" : "lossless",
               walk->v[i].stream, a != NULL ? sure_name(a->sure) : "-", a != NULL ? a->cause : "nothing",
               a != NULL && a->side != BLAME_NONE ? blame_name(a->side) : "", a != NULL ? a->rule : "", b != NULL ? sure_name(b->sure) : "-",
               b != NULL ? b->cause : "nothing");
        break;
    }
    free(out);
    unload(&all);
    shuffles++;
}

static void one_file(struct world *w, const char *folder, const char *name, unsigned seeds)
{
    char            path[4096];
    size_t          n = 0, before = bad;
    struct answers whole;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    uint8_t *p = file_bytes(path, &n);
    if (p == NULL)
        exit(EXIT_FAILURE);
    answers_of(w, p, n, &whole);
    for (unsigned seed = 1; seed <= seeds && bad - before < 3; seed++)
        one_shuffle(w, name, p, n, &whole, seed);
    free(p);
}

int main(int argc, char **argv)
{
    struct dirent **names = NULL;
    unsigned        seeds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1000;
    int             n = argc > 1 ? scandir(argv[1], &names, NULL, alphasort) : -1;
    struct world    w;
    if (n < 0) {
        fprintf(stderr, "usage: shuffle_test FOLDER [SEEDS [NAME [OUT]]]\n");
        return 2;
    }
    keep = argc > 4 ? argv[4] : NULL;
    world_new(&w, argv[1]);
    w.each = ask_twice;
    for (int i = 0; i < n; i++) {
        if (is_capture_name(names[i]->d_name) && (argc < 4 || strcmp(argv[3], names[i]->d_name) == 0))
            one_file(&w, argv[1], names[i]->d_name, seeds);
        free(names[i]);
    }
    free(names);
    world_free(&w);
    bad += w.wrong;
    printf("shuffle: %zu shuffles, %zu failed\n", shuffles, bad);
    return bad != 0 || shuffles == 0;
}
