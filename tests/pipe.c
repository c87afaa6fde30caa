#include "pipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cmd/verdicts_parts.h"
#include "needs.h"
#include "tlswhy/keylog.h"
#include "tlswhy/observe.h"

#define FLOW_MEMORY ((size_t)64 << 20)

/* A renderer that writes nothing: it takes the verdicts down. Renderers have no pointer of their own. */
static struct world   *now;
static struct answers *into;

static void take_down(struct text *out, const struct report_options *o, struct handshake *h, const struct finding *f)
{
    (void)out;
    (void)o;
    if (now->each != NULL)
        now->each(now, h, &h->arena);
    if (finding_result(h, f) == RESULT_NO_TLS || into->n == ANSWERS)
        return; /* a connection among others: nothing is said about it */
    struct answer *a = &into->v[into->n++];
    *a = (struct answer){ .stream = h->stream, .outcome = h->outcome, .side = f->side, .sure = f->sure,
                          .ports = { h->ends[CLIENT].port, h->ends[SERVER].port } };
    snprintf(a->cause, sizeof a->cause, "%s", f->cause);
    snprintf(a->rule, sizeof a->rule, "%s", f->rule);
}

void ask_twice(struct world *w, const struct handshake *h, struct arena *a)
{
    struct finding     whole, alone;
    const struct rule *rule = ended_well(h) ? NULL : undue_rule(h, w->others, a);
    if (rule != NULL) {
        printf("FAIL stream %u: the rule %s says yes, but by its row it would not have been asked\n", h->stream, rule->id);
        w->wrong++;
    }
    why_explain(h, w->others, a, &whole);
    why_cause(h, w->others, a, &alone);
    if (strcmp(whole.cause, alone.cause) != 0 || whole.side != alone.side) {
        printf("FAIL stream %u: its cause is %s (rule %s), alone it is %s (rule %s)\n", h->stream, whole.cause, whole.rule, alone.cause, alone.rule);
        w->wrong++;
    }
}

static void no_summary(struct text *out, const struct report_options *o, const struct summary *s, struct group_table *groups)
{
    (void)out;
    (void)o;
    (void)s;
    (void)groups;
}

static const struct renderer taking_down = { .name = "test", .handshake = take_down, .summary = no_summary };

void world_new(struct world *w, const char *folder)
{
    *w = (struct world){ .others = NULL };
    snprintf(w->roots, sizeof w->roots, "%s/roots.pem", folder != NULL ? folder : "");
    w->verdicts = verdicts_new(&(struct verdict_options){
        .renderer = &taking_down, .report.all = true, .ca = folder != NULL ? w->roots : NULL, .memory = FLOW_MEMORY });
    if (w->verdicts == NULL)
        exit(2);
}

void world_free(struct world *w) { verdicts_close(w->verdicts); }

static void take_finished(struct world *w, struct observer *observer)
{
    for (struct handshake *h; (h = observed(observer)) != NULL;) {
        peers_add(w->others, h);
        verdicts_take(w->verdicts, h);
    }
}

static void observe_all(struct world *w, struct flows *flows, struct observer *observer)
{
    struct wire_event ev;
    while (flows_next(flows, &ev)) {
        observe(observer, &ev);
        take_finished(w, observer);
    }
}

void answers_of(struct world *w, const void *capture, size_t n, struct answers *out)
{
    struct err      err = { "" };
    struct capture *c = capture_open_memory(capture, n, &err);
    *out = (struct answers){ .n = 0 };
    if (c == NULL)
        return;
    struct flows    *flows = flows_new(FLOW_MEMORY);
    struct observer *observer = observer_new(verdicts_store(w->verdicts), flows);
    struct keylog   *keylog = keylog_new();
    size_t           secrets = 0;
    keylog_learn(keylog, w->secrets);
    observer_secrets(observer, keylog_secrets, keylog);
    now = w;
    into = out;
    w->others = peers_new();
    w->verdicts->proven = (struct proven){ .checks = 0 }; /* each capture is the first: nobody has signed wrongly before */
    verdicts_begin(w->verdicts, "test");
    for (struct packet packet; capture_next(c, &packet, &err);) {
        keylog_follow(keylog, capture_facts(c)->secrets, &secrets);
        flows_packet(flows, &packet, &err);
        observe_all(w, flows, observer);
    }
    flows_end(flows);
    observe_all(w, flows, observer);
    observer_end(observer);
    take_finished(w, observer);
    verdicts_end(w->verdicts, capture_facts(c), flow_facts(flows));
    peers_free(w->others);
    observer_free(observer);
    flows_free(flows);
    keylog_free(keylog);
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
