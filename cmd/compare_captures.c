/* compare_captures.c - both sides of a proxy or of the network, a capture each or both in one: read, paired, explained. */
#include "tlswhy/compare.h"
#include "tlswhy/keylog.h"
#include "tlswhy/observe.h"
#include "asked.h"
#include "compare.h"

#include <stdlib.h>

/* One side while it is read. */
struct side_input {
    const struct compare_options *o;
    struct verdicts *v;
    struct peers    *peers;
    struct views     views;
    size_t           cap, bytes; /* room for views; what they hold */
    bool             too_much;
    struct asked    *asked; /* a probe's recording: what it asked; NULL = none of those */
};

static void keep(struct side_input *in, struct handshake *h)
{
    peers_add(in->peers, h);
    h->file = in->views.file;
    in->bytes += sizeof *h + h->arena.used;
    in->too_much = in->too_much || in->bytes > in->o->memory;
    if (surely_other(h) || in->too_much) {
        handshake_free(h);
        return;
    }
    if (in->views.n == in->cap)
        in->views.v = mem_grow(in->views.v, in->cap = in->cap != 0 ? 2 * in->cap : 64, sizeof in->views.v[0]);
    in->views.v[in->views.n++] = (struct view){ .h = h };
}

static void keep_finished(struct side_input *in, struct observer *observer)
{
    for (struct handshake *h; (h = observed(observer)) != NULL;)
        keep(in, h);
}

static void observe_all(struct side_input *in, struct flows *flows, struct observer *observer)
{
    struct wire_event ev;
    while (flows_next(flows, &ev)) {
        observe(observer, &ev);
        keep_finished(in, observer);
    }
}

/* What each view tells by itself; those that have nothing to do with TLS are let go. */
static void explain_views(struct side_input *in)
{
    size_t kept = 0;
    for (size_t i = 0; i < in->views.n; i++) {
        struct view *view = &in->views.v[i];
        if (!worth_showing(view->h, in->peers)) {
            handshake_free(view->h);
            continue;
        }
        if (view->h->at_end_of_capture && in->views.last_ns > view->h->end_ns)
            view->h->capture_left = in->views.last_ns - view->h->end_ns;
        asked_about(in->asked, view->h);
        verdicts_judge(in->v, view->h);
        why_explain(view->h, in->peers, &view->h->arena, &view->f);
        in->views.v[kept++] = *view;
    }
    in->views.n = kept;
}

/* What a probe knew of the connections of its recording. */
static void learn_marks(struct side_input *in, struct flows *flows, struct observer *observer, struct bytes marks)
{
    struct reader r = rd_of(marks.p, marks.n);
    for (struct mark m; mark_next(&r, &m);) {
        flows_mark(flows, &m);
        observe_all(in, flows, observer);
    }
    in->asked = asked_new(marks);
}

/* False: trouble was said. */
static bool read_side(struct side_input *in, const char *path)
{
    struct err      err = { 0 }, odd = { 0 };
    struct capture *capture = capture_open(path, &err);
    size_t          secrets = 0;
    if (capture == NULL)
        return trouble("%s", err.text) == EXIT_NONE_FOUND;
    struct flows    *flows = flows_new(in->o->memory);
    struct observer *observer = observer_new(verdicts_store(in->v), flows);
    in->peers = peers_new();
    in->views.file = path;
    observer_secrets(observer, keylog_secrets, in->o->keylog);
    verdicts_begin(in->v, path);
    for (struct packet p; capture_next(capture, &p, &err);) {
        keylog_follow(in->o->keylog, capture_facts(capture)->secrets, &secrets);
        flows_packet(flows, &p, &odd);
        observe_all(in, flows, observer);
    }
    learn_marks(in, flows, observer, capture_facts(capture)->marks);
    flows_end(flows);
    observe_all(in, flows, observer);
    observer_end(observer);
    keep_finished(in, observer);
    const struct capture_facts *facts = capture_facts(capture);
    in->views.packets = facts->packets;
    in->views.first_ns = facts->first_ns;
    in->views.last_ns = facts->last_ns;
    in->views.complete = err.text[0] == '\0' && !in->too_much && !facts->cut_short && facts->dropped == 0 && facts->snapped == 0 && flow_facts(flows)->evicted == 0;
    explain_views(in);
    verdicts_end(in->v, facts, flow_facts(flows));
    observer_free(observer);
    flows_free(flows);
    capture_close(capture);
    if (odd.text[0] != '\0')
        trouble("%s: %s", path, odd.text);
    if (in->too_much)
        trouble("%s: more handshakes than --memory holds; the rest is left out, cut the capture or give more", path);
    if (err.text[0] != '\0')
        trouble("%s", err.text);
    return err.text[0] == '\0' && !in->too_much;
}

static void forget_side(struct side_input *in)
{
    for (size_t i = 0; i < in->views.n; i++)
        handshake_free(in->views.v[i].h);
    free(in->views.v);
    peers_free(in->peers);
    asked_free(in->asked);
}

/* Writes what the two tell together; gives how many connections failed. */
static size_t tell_pairs(const struct compare_options *o, const struct views *client, const struct views *server, bool runs)
{
    struct arena           a = { 0 };
    struct text            out = { 0 };
    struct pairs           pairs;
    const struct report_options *how = &o->verdicts.report;
    bool                   json = o->verdicts.renderer == &json_renderer;
    struct comparison_sums sums = { .one_capture = server == NULL };
    (runs ? pairs_of_runs : pairs_find)(client, server, &a, &pairs);
    for (size_t i = 0; i < pairs.n; i++) {
        struct comparison c;
        compare_pair(&pairs.v[i], views_cover(server, &pairs, pairs.v[i].client), &pairs.v[i].client->h->arena, &c);
        (json ? compare_json : compare_text)(&out, how, &c);
        sums.failed += finding_counts(c.pair.client->h, &c.f);
        sums.by_relation[c.pair.relation]++;
        out_flush(&out);
    }
    sums.pairs = pairs.n;
    sums.left_over = pairs.left_over;
    sums.offset_known = pairs.offset_known;
    sums.offset_ns = pairs.offset_ns;
    if (!json)
        compare_sums_text(&out, how, &sums);
    out_flush(&out);
    text_free(&out);
    arena_free(&a);
    return sums.failed;
}

int compare_captures(const struct compare_options *o, const char *a, const char *b)
{
    struct verdict_options how = o->verdicts;
    how.renderer = &silent_renderer; /* verdicts are asked for one by one */
    how.memory = o->memory;
    struct verdicts *v = verdicts_new(&how);
    if (v == NULL)
        return EXIT_TROUBLE;
    struct side_input client = { .o = o, .v = v }, server = { .o = o, .v = v };
    bool   whole = read_side(&client, a);
    whole = (b == NULL || read_side(&server, b)) && whole;
    bool   opened = client.peers != NULL && (b == NULL || server.peers != NULL); /* what was not read is not "not seen there" */
    bool   runs = client.asked != NULL && server.asked != NULL;
    size_t failed = opened ? tell_pairs(o, &client.views, b != NULL ? &server.views : NULL, runs) : 0;
    forget_side(&client);
    forget_side(&server);
    verdicts_close(v);
    return !whole ? EXIT_TROUBLE : failed != 0 ? EXIT_FOUND : EXIT_NONE_FOUND;
}
