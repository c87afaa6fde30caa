/* verdicts.c - handshakes of an input that has an end: taken, held until their neighbours are known, told. */
#include "verdicts_parts.h"

#include "tlswhy/html.h"
#include "judge.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OUT_FULL = 64 * 1024 }; /* bytes of output kept before writing */

void verdict_flush(struct verdicts *v)
{
    out_flush(&v->out);
    v->whole = 0;
}

static void write_whole(void *ctx)
{
    struct verdicts *v = ctx;
    v->out.n = v->whole;
    verdict_flush(v);
}

struct verdicts *verdicts_new(const struct verdict_options *o)
{
    struct verdicts *v = mem_get(1, sizeof *v);
    struct err       err = { 0 };
    v->o = *o;
    v->last = (struct last_act){ .act = write_whole, .ctx = v };
    last_act_add(&v->last);
    v->store = cert_store_new();
    v->groups = groups_new();
    v->page = o->html != NULL ? html_new() : NULL;
    v->sum.complete = true;
    if (o->ca != NULL && !anchors_load(o->ca, v->store, &v->anchors, &err)) { /* the system's are read when needed */
        trouble("%s", err.text);
        v->trouble = true;
        verdicts_close(v);
        return NULL;
    }
    v->anchors.clients_own = o->ca != NULL;
    v->anchors_there = v->anchors_tried = o->ca != NULL;
    if (o->renderer->begin != NULL)
        o->renderer->begin(&v->out, &o->report);
    return v;
}

struct cert_store *verdicts_store(struct verdicts *v) { return v->store; }
struct hosts *verdicts_hosts(struct verdicts *v) { return v->hosts; }
const struct summary *verdicts_sums(const struct verdicts *v) { return &v->sum; }
const struct stream_set *verdicts_failed(const struct verdicts *v) { return &v->failed; }
struct remarks *verdicts_remarks(struct verdicts *v)
{
    remarks_order(&v->remarks, &v->remark_text);
    return &v->remarks;
}

static void forget_failed(struct verdicts *v)
{
    streams_free(&v->failed);
    remarks_free(&v->remarks);
    arena_free(&v->remark_text);
}

void verdicts_begin(struct verdicts *v, const char *file)
{
    v->file = file;
    v->file_named = false;
    v->gaps = 0;
    forget_failed(v);
    v->peers = peers_new();
    if (v->o.memory != 0)
        peers_keep_within(v->peers, v->o.memory / 2);
    hosts_free(v->hosts);
    v->hosts = hosts_new();
}

void verdict_write(struct verdicts *v, struct handshake *h, const struct finding *f)
{
    const struct renderer *r = v->o.renderer;
    if (v->o.name_files && r->file != NULL && !v->file_named)
        r->file(&v->out, &v->o.report, v->file);
    v->file_named = true;
    if (r->handshake != NULL)
        r->handshake(&v->out, &v->o.report, h, f);
    if (v->page != NULL)
        html_handshake(v->page, h, f);
    v->whole = v->out.n;
    if (v->out.n > OUT_FULL)
        verdict_flush(v);
}

static void explain(struct verdicts *v, struct handshake *h, struct finding *f)
{
    verdicts_judge(v, h);
    why_explain(h, v->peers, &h->arena, f);
    for (size_t i = 0; i < f->evidence_n; i++) {
        if (strcmp(f->evidence[i].what, "fetch") == 0)
            peers_fetch_told(v->peers, f->evidence[i].stream, f->evidence[i].frame);
    }
    live_doubt(v, h, f);
}

void verdict_tell(struct verdicts *v, struct handshake *h, struct finding *f)
{
    if (verdict_sum_up(v, h, f))
        verdict_write(v, h, f);
}

bool verdict_settle(struct verdicts *v, struct handshake *h, struct finding *f)
{
    if (!worth_showing(h, v->peers) && !(h->outcome == OUTCOME_NOT_TLS && v->o.report.all)) {
        v->sum.other_connections++;
        return false;
    }
    enum { FLOOD = 64 };
    if (h->at_end_of_capture)
        h->capture_left = h->tcp.silence != 0 ? h->tcp.silence : v->last_ns > h->end_ns ? v->last_ns - h->end_ns : 0;
    bool folds = v->o.renderer->folds && !v->o.one_stream && !v->o.report.all && !v->o.remember_failed;
    const char *never_opened = folds ? why_never_opened(h) : NULL;
    bool        short_one = true;
    if (never_opened != NULL) {
        f->cause = never_opened; /* a finding is large, and of this one nothing else is looked at */
        f->side = BLAME_NONE;
    } else if (folds && v->live == NULL && v->sum.folded > FLOOD) { /* one more that is likely to be only counted */
        verdicts_judge(v, h);
        why_cause(h, v->peers, &h->arena, f);
    } else {
        explain(v, h, f);
        short_one = false;
    }
    if (!verdict_sum_up(v, h, f))
        return true;
    if (short_one) {
        struct finding whole = { 0 };
        explain(v, h, &whole);
        whole.repeats = f->repeats;
        whole.repeats_of = f->repeats_of;
        *f = whole;
    }
    verdict_write(v, h, f);
    return true;
}

/* Root lists that this input brought: with the client's own anchors where they were given. */
static void judge_fetched(struct verdicts *v)
{
    const struct judging j = { .store = v->store, .anchors = v->o.ca != NULL ? &v->anchors : NULL, .at_given = v->o.at_given, .at_ns = v->o.at_ns };
    judge_lists(&j, v->peers, &v->lists);
}

/* What is worth telling of the fetches, whether a handshake failed or not. */
static void note_fetches(struct verdicts *v)
{
    struct fetch     *f;
    struct fetch_note note;
    for (size_t i = 0; !v->o.one_stream && (f = peers_fetch_at(v->peers, i)) != NULL; i++) {
        if (!fetch_noted(f, v->file, &v->note_text, &note))
            continue;
        if (v->sum.notes_n < ARRAY_LEN(v->sum.notes))
            v->sum.notes[v->sum.notes_n++] = note;
        else
            v->sum.notes_left++;
    }
}

void verdict_fetches(struct verdicts *v, bool last)
{
    judge_fetched(v);
    if (last)
        note_fetches(v);
}

/* Explains and writes what is held. */
static void settle(struct verdicts *v)
{
    struct handshake room = { 0 }, *h;
    struct finding   f;
    judge_fetched(v);
    held_order(&v->held);
    if (v->asked != NULL)
        asked_settle(v);
    while ((h = held_next(&v->held, &room)) != NULL) {
        verdict_settle(v, h, &f);
        held_done(h, &room);
    }
    held_clear(&v->held);
}

/* Writes a certificate as DIR/SHA256.der, once. */
static void keep_certificate(struct verdicts *v, const struct cert *c)
{
    struct text path = { 0 };
    text_printf(&path, "%s/", v->o.certs_dir);
    text_hex(&path, cert_sha256(c), 32);
    text_add(&path, ".der");
    int fd = open(path.s, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd >= 0) {
        bool whole = write(fd, c->der.p, c->der.n) == (ssize_t)c->der.n;
        whole = close(fd) == 0 && whole;
        if (!whole) {
            trouble("cannot write %s: %s; make room and run it again", path.s, strerror(errno));
            unlink(path.s);
            v->trouble = true;
        }
    } else if (errno != EEXIST) {
        trouble("cannot write %s: %s", path.s, strerror(errno));
        v->trouble = true;
        v->o.certs_dir = NULL; /* said once */
    }
    text_free(&path);
}

/* What is held is told where it is a good part of the memory; a small one, where all parts together have none left. */
static void keep_within(struct verdicts *v)
{
    bool full = v->o.memory_of_all != 0 && memory_in_use() > v->o.memory_of_all;
    if (v->held.bytes > (full ? v->o.memory / 4 : v->o.memory))
        settle(v);
}

static void hold(struct verdicts *v, struct handshake *h)
{
    if (v->live != NULL) {
        live_take(v, h);
        return;
    }
    held_add(&v->held, h);
    keep_within(v);
}

/* A finished handshake without data whose client left as one does that has what it wanted: unless its chain is bad, no
 * rule can turn it into a failure, whatever its neighbours show. Held until the end, such handshakes would be most of
 * what a busy capture costs. */
static bool ended_quietly(struct verdicts *v, struct handshake *h)
{
    if (h->outcome != OUTCOME_ESTABLISHED || h->again != NULL || h->record_split || h->side[CLIENT].app_records != 0 ||
        (h->close.how != CLOSE_NONE && (h->close.by != CLIENT || h->close.how != CLOSE_FIN)))
        return false;
    for (size_t i = 0; i < h->alert_count; i++) {
        if (h->alerts[i].from == SERVER || !h->alerts[i].encrypted || h->alerts[i].decrypted)
            return false;
    }
    verdicts_judge(v, h);
    return h->chain == NULL || h->chain->verdict == CHAIN_OK;
}

static bool has_gap(const struct handshake *h, enum side s) { return h->tcp.missing[s] != 0 && !lost_on_the_way(h, s); }

void verdicts_take(struct verdicts *v, struct handshake *h)
{
    h->file = v->file;
    v->last_ns = h->end_ns > v->last_ns ? h->end_ns : v->last_ns;
    v->gaps += has_gap(h, CLIENT) || has_gap(h, SERVER);
    peers_add(v->peers, h);
    live_neighbour(v, h);
    for (size_t i = 0; v->o.certs_dir != NULL && i < h->cert_count; i++)
        keep_certificate(v, h->certs[i]);
    for (size_t i = 0; v->o.certs_dir != NULL && i < h->client_cert_count; i++)
        keep_certificate(v, h->client_certs[i]);
    if (v->o.report.all || v->o.one_stream) {
        hold(v, h);
        return;
    }
    bool other = surely_other(h), good = !other && (ended_well(h) || ended_quietly(v, h));
    if (good || other) {
        v->sum.handshakes += good;
        v->sum.decrypted += knows(h, KNOW_DECRYPTED);
        v->sum.completed += good;
        v->sum.other_connections += other;
        live_good(v, h);
        handshake_free(h);
        return;
    }
    hold(v, h);
}

void verdicts_take_unopened(struct verdicts *v, const struct unopened *u)
{
    if (v->live != NULL) {
        struct handshake *h = handshake_new();
        unopened_become(u, v->file, h);
        verdicts_take(v, h);
        return;
    }
    v->last_ns = u->last_ns > v->last_ns ? u->last_ns : v->last_ns;
    if (!peers_pass_over_unopened(v->peers)) {
        unopened_become(u, v->file, &v->room);
        peers_add(v->peers, &v->room);
    }
    held_add_unopened(&v->held, v->file, u);
    keep_within(v);
}

bool verdicts_counts_silent(const struct verdicts *v) { return v->live == NULL && !v->o.report.all && !v->o.one_stream; }

void verdicts_take_silent(struct verdicts *v, int64_t end_ns)
{
    v->last_ns = end_ns > v->last_ns ? end_ns : v->last_ns;
    peers_count_silent(v->peers);
    v->sum.other_connections++;
}

void verdicts_end(struct verdicts *v, const struct capture_facts *capture, const struct flow_facts *flows)
{
    v->last_ns = capture->last_ns;
    if (v->live != NULL)
        live_end(v);
    else
        v->asked = asked_new(capture->marks);
    settle(v);
    note_fetches(v);
    verdicts_add_up(v, capture, flows);
    asked_free(v->asked);
    v->asked = NULL;
    v->asking = NULL;
    peers_free(v->peers);
    arena_free(&v->lists);
    v->peers = NULL;
    v->last_ns = 0;
}

void verdicts_interim(struct verdicts *v, const struct capture_facts *capture, const struct flow_facts *flows)
{
    const struct summary so_far = v->sum;
    v->sum.interim = true;
    verdicts_add_up(v, capture, flows);
    v->o.renderer->summary(&v->out, &v->o.report, &v->sum, v->groups);
    verdict_flush(v);
    v->sum = so_far;
}

void verdicts_discard(struct verdicts *v)
{
    last_act_remove(&v->last);
    text_free(&v->out);
    groups_free(v->groups);
    html_free(v->page);
    peers_free(v->peers);
    hosts_free(v->hosts);
    anchors_free(&v->anchors);
    forget_failed(v);
    arena_free(&v->arena);
    arena_free(&v->note_text);
    cert_store_free(v->store);
    held_clear(&v->held);
    live_free(v->live);
    free(v);
}

/* The page of all inputs, into its file. */
static void write_page(struct verdicts *v)
{
    struct text page = { 0 };
    struct err  err = { 0 };
    html_page(v->page, v->o.name_files ? "several captures" : v->file, &v->sum, v->groups, &page);
    if (!save_text(v->o.html, &page, &err)) {
        trouble("--html: %s", err.text);
        v->trouble = true;
    }
    text_free(&page);
}

int verdicts_close(struct verdicts *v)
{
    if (v->page != NULL && v->file != NULL)
        write_page(v);
    int status = v->trouble ? EXIT_TROUBLE : v->sum.failed != 0 ? EXIT_FOUND : EXIT_NONE_FOUND;
    if (v->file != NULL) /* at least one input could be opened */
        v->o.renderer->summary(&v->out, &v->o.report, &v->sum, v->groups);
    verdict_flush(v);
    verdicts_discard(v);
    return status;
}
