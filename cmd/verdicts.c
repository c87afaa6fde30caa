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

enum { IN_FULL = 10, OUT_FULL = 64 * 1024 }; /* alike failures told in full; bytes of output kept before writing */

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

const struct anchors *verdict_anchors(struct verdicts *v)
{
    struct err ignored = { 0 }; /* a system without a bundle: chains are judged without anchors */
    if (!v->anchors_tried)
        v->anchors_there = anchors_load(NULL, v->store, &v->anchors, &ignored);
    v->anchors_tried = true;
    return v->anchors_there ? &v->anchors : NULL;
}

/* Where the client was this program, they are the client's. */
static const struct anchors *probes_anchors(struct verdicts *v)
{
    const struct anchors *there = verdict_anchors(v);
    if (there == NULL)
        return NULL;
    v->probes = *there;
    v->probes.clients_own = true;
    return &v->probes;
}

/* One slot a hash, the latest wins; what it replaces stays in the arena, so a handshake may keep pointing to it. */
static const struct client_match *client_of(struct verdicts *v, struct handshake *h)
{
    enum { KEPT = 1 << 20 };
    struct peer_fact fact;
    if (v->o.client != NULL)
        return v->o.client;
    if (v->asking != NULL)
        return h->client; /* what the probe asked as; our own hello is no client's */
    peer_fact_of(h, &fact);
    struct match *m = &v->matches[fact.hello_hash % MATCHES];
    if (m->hello_hash == fact.hello_hash)
        return m->client;
    if (v->arena.used > KEPT)
        return profile_match(&h->hello, &h->arena);
    *m = (struct match){ fact.hello_hash, profile_match(&h->hello, &v->arena) };
    return m->client;
}

/* The name that the certificate is held against, and whether only DNS says it. An address asked of a proxy is none: the
 * client may have looked it up itself, and then checks a name that is not seen here. */
static struct bytes name_of(const struct verdicts *v, const struct handshake *h, bool *learnt)
{
    struct endpoint to = h->ends[SERVER];
    struct bytes    ip;
    *learnt = false;
    if (v->asking != NULL && v->asking->name.n != 0)
        return v->asking->name;
    if (h->hello.sni.p != NULL)
        return h->hello.sni;
    if (h->prelude.host.p != NULL) {
        if (!ip_from_text((const char *)h->prelude.host.p, h->prelude.host.n, &ip, to.ip))
            return h->prelude.host;
        to.ip_len = (uint8_t)ip.n;
    }
    *learnt = true;
    return hosts_find_only(v->hosts, &to);
}

/* Can the server's signature over its key exchange be why this handshake failed? Checking one costs more than all the rest
 * of a handshake (ECDSA: 2 ms), so it is not done where the client says that it minds the certificate. */
static bool key_in_doubt(const struct handshake *h)
{
    const struct alert *a = last_fatal_alert(h, CLIENT);
    if (!knows(h, KNOW_SERVER_KEX) || h->outcome == OUTCOME_ESTABLISHED)
        return false;
    if (a == NULL || a->encrypted)
        return h->chain == NULL || h->chain->verdict != CHAIN_FAIL;
    return !(a->number >= ALERT_BAD_CERTIFICATE && a->number <= ALERT_CERTIFICATE_UNKNOWN) && a->number != ALERT_UNKNOWN_CA &&
           a->number != ALERT_PROTOCOL_VERSION;
}

void verdicts_judge(struct verdicts *v, struct handshake *h)
{
    v->asking = asked_about(v->asked, h);
    if (knows(h, KNOW_CLIENT_HELLO))
        h->client = client_of(v, h);
    if (h->hello.sni.p == NULL && h->prelude.host.p == NULL)
        h->dns_name = hosts_find(v->hosts, &h->ends[SERVER]);
    if (v->asking != NULL && knows(h, KNOW_SERVER_KEX))
        handshake_check_kex(h);
    if (h->cert_count == 0)
        return;
    const struct judging j = { .store = v->store, .anchors = v->asking != NULL ? probes_anchors(v) : verdict_anchors(v), .at_given = v->o.at_given, .at_ns = v->o.at_ns,
                               .client_named = v->o.client != NULL || (v->asking != NULL && h->client != NULL) };
    bool         learnt;
    struct bytes name = name_of(v, h, &learnt);
    judge_chain(&j, h, name, learnt);
    if (v->asking == NULL && key_in_doubt(h))
        proven_check(&v->proven, h);
}

static void count_cause(struct summary *s, const struct cause *cause, int by)
{
    size_t i = 0;
    while (i < s->causes_n && s->causes[i].code != cause->code) /* rows of one table */
        i++;
    if (i == s->causes_n && (by < 0 || i == ARRAY_LEN(s->causes)))
        return;
    if (i == s->causes_n)
        s->causes[s->causes_n++] = (struct cause_count){ .code = cause->code };
    s->causes[i].n += (uint64_t)by;
    if (s->causes[i].n == 0) {
        memmove(&s->causes[i], &s->causes[i + 1], (s->causes_n - i - 1) * sizeof s->causes[0]);
        s->causes_n--;
    }
}

bool verdict_is_ignored(const struct verdicts *v, const char *cause)
{
    for (size_t i = 0; i < v->o.ignored_n; i++) {
        if (strcmp(v->o.ignored[i], cause) == 0)
            return true;
    }
    return false;
}

/* Which of the sums tells of a handshake that did not succeed? */
static uint64_t *sum_of(struct verdicts *v, const struct finding *f, enum result r)
{
    struct summary *s = &v->sum;
    if (verdict_is_ignored(v, f->cause))
        return &s->ignored;
    if (is_cause(f, "abandoned"))
        return &s->abandoned;
    if (r == RESULT_FAILURE && !is_cause(f, "unknown"))
        return &s->failed;
    return r == RESULT_UNCLEAR ? &s->partial : &s->unknown;
}

static void count(struct verdicts *v, const struct handshake *h, const struct finding *f, const struct cause *cause, enum result r)
{
    struct summary *s = &v->sum;
    if (r == RESULT_NO_TLS) {
        s->other_connections++;
        return;
    }
    s->handshakes++;
    s->decrypted += knows(h, KNOW_DECRYPTED);
    if (r == RESULT_SUCCESS) {
        s->completed++;
        return;
    }
    count_cause(s, cause, 1);
    ++*sum_of(v, f, r);
    s->hidden += r == RESULT_UNCLEAR && !v->o.report.all && !shown_by_default(h, r);
}

void verdict_recount(struct verdicts *v, const struct handshake *h, const struct finding *was, const struct finding *is)
{
    uint32_t            first;
    const struct cause *before = cause_of(was->cause), *now = cause_of(is->cause);
    enum result         r_before = finding_result(h, was), r = finding_result(h, is);
    --*sum_of(v, was, r_before);
    count_cause(&v->sum, before, -1);
    groups_take_back(v->groups, h, before, r_before);
    if (r == RESULT_SUCCESS) {
        v->sum.completed++;
        return;
    }
    count_cause(&v->sum, now, 1);
    ++*sum_of(v, is, r);
    groups_add(v->groups, h, now, r, &first);
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

static const char *short_verdict(const struct finding *f, struct arena *a)
{
    const char *side = blame_name(f->side);
    return arena_printf(a, "%s%s%s, %s", f->cause, side != NULL ? ", " : "", side != NULL ? side : "", sure_name(f->sure));
}

const char *verdict_remark(const struct finding *f, struct arena *a)
{
    return arena_printf(a, "tlswhy: %s: %s", short_verdict(f, a), f->why);
}

/* The remark of the deciding frame says why; that of the first frame sends the reader there. */
static void remember(struct verdicts *v, const struct handshake *h, const struct finding *f)
{
    struct arena *a = &v->remark_text;
    uint64_t      decisive = f->decisive != 0 ? f->decisive : h->last.frame;
    remarks_add(&v->remarks, decisive, verdict_remark(f, a));
    if (h->first.frame != 0 && h->first.frame != decisive)
        remarks_add(&v->remarks, h->first.frame, arena_printf(a, "tlswhy: this handshake fails: %s; see frame %llu", short_verdict(f, a),
                                                              (unsigned long long)decisive));
    streams_add(&v->failed, h->datagram, h->stream);
}

/* Counts it; true where it is to be told in full. Of the finding the cause is enough, but with remember_failed. */
static bool sum_up(struct verdicts *v, const struct handshake *h, struct finding *f)
{
    uint32_t            first = h->stream;
    const struct cause *cause = cause_of(f->cause);
    enum result         r = finding_result(h, f);
    if (v->o.one_stream && h->stream != v->o.stream)
        return false;
    count(v, h, f, cause, r);
    bool failed = r == RESULT_FAILURE || r == RESULT_UNCLEAR;
    if (failed && verdict_is_ignored(v, f->cause))
        return false;
    if (!v->o.report.all && !v->o.one_stream && !shown_by_default(h, r))
        return false;
    if (v->o.remember_failed && r == RESULT_FAILURE)
        remember(v, h, f);
    uint64_t alike = failed ? groups_add(v->groups, h, cause, r, &first) : 0;
    f->repeats = first != h->stream;
    f->repeats_of = first;
    bool in_full = alike <= IN_FULL || !v->o.renderer->folds || v->o.one_stream;
    v->sum.folded += !in_full;
    return in_full;
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
    if (sum_up(v, h, f))
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
    if (!sum_up(v, h, f))
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

void verdicts_take(struct verdicts *v, struct handshake *h)
{
    h->file = v->file;
    v->last_ns = h->end_ns > v->last_ns ? h->end_ns : v->last_ns;
    v->gaps += h->tcp.missing[CLIENT] != 0 || h->tcp.missing[SERVER] != 0;
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

/* The first reason why an input was not whole, kept for the summary. */
static void not_whole(struct verdicts *v, bool when, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void not_whole(struct verdicts *v, bool when, const char *fmt, ...)
{
    va_list ap;
    if (!when || !v->sum.complete)
        return;
    va_start(ap, fmt);
    vsnprintf(v->incomplete, sizeof v->incomplete, fmt, ap);
    va_end(ap);
    v->sum.complete = false;
    v->sum.incomplete = v->incomplete;
}

/* What the input came to goes into the sums. */
static void add_up(struct verdicts *v, const struct capture_facts *capture, const struct flow_facts *flows)
{
    v->sum.packets += capture->packets;
    v->sum.dropped += capture->dropped;
    v->sum.secrets = v->sum.secrets || v->o.secrets || capture->secrets.n != 0;
    v->sum.evicted += flows->evicted;
    v->sum.unknown_link += flows->unknown_link;
    for (size_t i = 0; i < EAP_METHODS; i++)
        v->sum.eap[i] += flows->eap[i];
    not_whole(v, capture->cut_short, "the file ends inside a packet");
    not_whole(v, capture->dropped != 0, "%llu more were dropped while capturing", (unsigned long long)capture->dropped);
    not_whole(v, capture->snapped != 0, "%llu of them cut short by the snap length (%u bytes)", (unsigned long long)capture->snapped,
              capture->snaplen);
    not_whole(v, v->gaps != 0, "bytes missing in %llu connection%s", (unsigned long long)v->gaps, v->gaps == 1 ? "" : "s");
    not_whole(v, flows->evicted != 0, "%llu connections let go for want of memory (--memory)", (unsigned long long)flows->evicted);
    not_whole(v, flows->unknown_link != 0, "%llu on links of unknown type", (unsigned long long)flows->unknown_link);
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
    add_up(v, capture, flows);
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
    add_up(v, capture, flows);
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
