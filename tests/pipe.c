#include "pipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tlswhy/capture.h"
#include "tlswhy/flows.h"
#include "tlswhy/observe.h"
#include "tlswhy/report.h"

#define FLOW_MEMORY ((size_t)64 << 20)

void world_new(struct world *w, const char *folder)
{
    char       path[4096];
    struct err err = { "" };
    *w = (struct world){ .store = cert_store_new() };
    snprintf(path, sizeof path, "%s/roots.pem", folder);
    if (!anchors_load(path, w->store, &w->anchors, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(2);
    }
    w->anchors.clients_own = true;
}

void world_free(struct world *w)
{
    anchors_free(&w->anchors);
    cert_store_free(w->store);
}

struct pipe {
    struct world     *world;
    struct flows     *flows;
    struct observer  *observer;
    struct peers     *peers;
    struct handshake *done[ANSWERS];
    size_t            n;
};

static void drain(struct pipe *p)
{
    struct wire_event ev;
    while (flows_next(p->flows, &ev)) {
        observe(p->observer, &ev);
        for (struct handshake *h; (h = observed(p->observer)) != NULL;) {
            peers_add(p->peers, h);
            if (p->n < ANSWERS)
                p->done[p->n++] = h;
            else
                handshake_free(h);
        }
    }
}

/* As cmd/verdicts.c judges, with the client's own anchors. */
static void judge(struct world *w, struct handshake *h)
{
    if (h->cert_count == 0)
        return;
    const struct suite *suite = suite_of(h->answer.suite);
    struct bytes        name = h->hello.sni.p != NULL ? h->hello.sni : h->prelude.host;
    int64_t             ns = h->certs_at.ns != 0 ? h->certs_at.ns : h->start_ns;
    struct trust_question q = { .store = w->store, .certs = h->certs, .n = h->cert_count, .anchors = &w->anchors,
                                .time = ns / NS_PER_S - (ns % NS_PER_S < 0), .name = (const char *)name.p, .name_len = name.n,
                                .staple = h->staple, .kex = suite != NULL ? suite->kex : KEX_UNKNOWN };
    struct chain *chain = ARENA_NEW(&h->arena, struct chain);
    chain_judge(&q, &h->arena, chain);
    h->chain = chain;
}

static void explain(struct pipe *p, int64_t last_ns, struct answers *out)
{
    for (size_t i = 0; i < p->n; i++) {
        struct handshake *h = p->done[i];
        struct finding    f = { 0 };
        if (h->at_end_of_capture && last_ns > h->end_ns)
            h->capture_left = last_ns - h->end_ns;
        judge(p->world, h);
        if (worth_showing(h, p->peers))
            why_explain(h, p->peers, &h->arena, &f);
        if (f.cause == NULL || finding_result(h, &f) == RESULT_NO_TLS) {
            handshake_free(h); /* a connection among others: nothing is said about it */
            continue;
        }
        struct answer *v = &out->v[out->n++];
        *v = (struct answer){ .stream = h->stream, .outcome = h->outcome, .side = f.side, .sure = f.sure };
        snprintf(v->cause, sizeof v->cause, "%s", f.cause);
        snprintf(v->rule, sizeof v->rule, "%s", f.rule != NULL ? f.rule : "");
        handshake_free(h);
    }
}

void answers_of(struct world *w, const void *capture, size_t n, struct answers *out)
{
    struct err      err = { "" };
    struct capture *c = capture_open_memory(capture, n, &err);
    struct pipe     p = { .world = w };

    *out = (struct answers){ .opened = c != NULL };
    if (c == NULL)
        return;
    p.flows = flows_new(FLOW_MEMORY);
    p.observer = observer_new(w->store, p.flows);
    p.peers = peers_new();
    for (struct packet packet; capture_next(c, &packet, &err);) {
        flows_packet(p.flows, &packet, &err);
        drain(&p);
    }
    flows_end(p.flows);
    drain(&p);
    explain(&p, capture_facts(c)->last_ns, out);
    peers_free(p.peers);
    observer_free(p.observer);
    flows_free(p.flows);
    capture_close(c);
}

const struct answer *answer_of_stream(const struct answers *all, uint32_t stream)
{
    for (size_t i = 0; i < all->n; i++) {
        if (all->v[i].stream == stream)
            return &all->v[i];
    }
    return NULL;
}

uint8_t *file_bytes(const char *path, size_t *n)
{
    FILE    *f = fopen(path, "rb");
    uint8_t *p = NULL;
    long     size;
    if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0 || fseek(f, 0, SEEK_SET) != 0) {
        perror(path);
        goto done;
    }
    p = mem_get((size_t)size + 1, 1);
    *n = fread(p, 1, (size_t)size, f);
done:
    if (f != NULL)
        fclose(f);
    return p;
}

bool is_capture_name(const char *name)
{
    static const char *const ends[] = { ".pcap", ".pcapng" };
    size_t n = strlen(name);
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        size_t m = strlen(ends[i]);
        if (n > m && strcmp(name + n - m, ends[i]) == 0)
            return true;
    }
    return false;
}
