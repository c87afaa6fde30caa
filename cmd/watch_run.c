/* The loop of tlswhy watch: packets while there are any, and ten times a second all that goes by the clock. */
#include "recorder.h"
#include "tlswhy/observe.h"
#include "watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 1024, KEY_LINES = 64 * 1024 };
#define JUMP        (NS_PER_S / 2) /* the clock was set, and did not just drift */
#define SAY_AGAIN   (60 * NS_PER_S)
#define EACH_SECOND NS_PER_S
#define DOWN_NOTICE (2 * NS_PER_S) /* cables are pulled for a moment, too */

static volatile sig_atomic_t stop_wanted, sums_wanted;

struct watch {
    const struct watch_options *o;
    struct live          *live;
    struct flows         *flows;
    struct observer      *observer;
    struct verdicts      *v;
    struct recorder      *recorder; /* NULL: no recordings */
    struct pcapng_writer *all;      /* --annotate */
    struct arena          remarks;
    FILE                 *keys;     /* --keylog, as it grows */
    struct text           key_lines; /* read, but no whole line yet */
    int64_t               steady, clock_ahead; /* monotonic clock; how far the packets' clock is ahead of it */
    int64_t               tick_at, second_at, down_since, drops_said_at;
    uint64_t              drops, drops_said;
    bool                  status_shown, failed, down_said;
    struct err            record_err;
};

static int64_t packets_now(const struct watch *w) { return w->steady + w->clock_ahead; }

/* ---- what is said beside the verdicts ---- */

static void status_clear(struct watch *w)
{
    if (w->status_shown)
        fputs("\r\033[K", stderr);
    w->status_shown = false;
}

static void notice(struct watch *w, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void notice(struct watch *w, const char *fmt, ...)
{
    char    line[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    status_clear(w);
    trouble("%s", line);
}

static void status_show(struct watch *w)
{
    const struct capture_facts *f = live_facts(w->live);
    const struct summary       *s = verdicts_sums(w->v);
    if (!isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r\033[K%s: %llu packets, %llu connections, %zu open, %llu handshakes, %llu failed, %llu dropped", w->o->interface,
            (unsigned long long)f->packets, (unsigned long long)flow_facts(w->flows)->streams, observer_open(w->observer),
            (unsigned long long)s->handshakes, (unsigned long long)s->failed, (unsigned long long)f->dropped);
    w->status_shown = true;
}

/* ---- packets to verdicts ---- */

static void take_finished(struct watch *w)
{
    for (struct handshake *h; (h = observed(w->observer)) != NULL;)
        verdicts_take(w->v, h);
}

static void observe_all(struct watch *w)
{
    struct wire_event ev;
    while (flows_next(w->flows, &ev)) {
        if (is_dns_message(&ev))
            verdicts_learn_dns(w->v, ev.bytes, ev.len);
        observe(w->observer, &ev);
        take_finished(w);
    }
}

static void take_packet(struct watch *w, const struct packet *p)
{
    struct err odd = { 0 };
    uint32_t   stream = 0;
    bool       datagram = false;
    flows_packet(w->flows, p, &odd);
    if (w->recorder != NULL && flows_stream(w->flows, &stream, &datagram))
        recorder_packet(w->recorder, p, datagram, stream);
    if (odd.text[0] != '\0')
        notice(w, "%s: %s", w->o->interface, odd.text);
    observe_all(w);
}

/* Its packets go to a file, or are forgotten. */
static void decided(void *ctx, const struct handshake *h, const struct finding *failed)
{
    struct watch *w = ctx;
    if (w->recorder == NULL)
        return;
    if (failed != NULL && failed->why != NULL && !w->failed &&
        !recorder_failed(w->recorder, h, failed, verdict_remark(failed, &w->remarks), w->steady, &w->record_err)) {
        notice(w, "%s; make room and start it again", w->record_err.text);
        w->failed = true;
    }
    arena_free(&w->remarks);
    recorder_forget(w->recorder, h->datagram, h->stream);
}

/* ---- by the clock ---- */

/* Was the clock that packets are stamped with set? */
static void watch_clock(struct watch *w)
{
    int64_t ahead = time_now() - w->steady, by = ahead - w->clock_ahead;
    w->clock_ahead = ahead;
    if (by > JUMP || by < -JUMP) {
        notice(w, "the clock was set by %+.1f s; silences are measured without it", (double)by / NS_PER_S);
        flows_clock_set(w->flows, by);
        observer_clock_set(w->observer, by);
    }
}

static void watch_drops(struct watch *w)
{
    uint64_t drops = live_facts(w->live)->dropped;
    if (drops != w->drops)
        verdicts_dropped(w->v, packets_now(w));
    w->drops = drops;
    if (drops == w->drops_said || (w->drops_said != 0 && w->steady - w->drops_said_at < SAY_AGAIN))
        return;
    notice(w, "%s: the kernel dropped %llu packets, which came faster than they could be read; verdicts from this time are less sure "
           "(--ring helps against bursts, a filter against load)", w->o->interface, (unsigned long long)(drops - w->drops_said));
    w->drops_said = drops;
    w->drops_said_at = w->steady;
}

/* False: the interface is gone. */
static bool watch_link(struct watch *w)
{
    enum live_link link = live_link(w->live);
    if (link == LINK_GONE)
        return false;
    if (link != LINK_DOWN) {
        if (w->down_said)
            notice(w, "%s: the link is up again", w->o->interface);
        w->down_since = 0;
        w->down_said = false;
    } else if (w->down_since == 0) {
        w->down_since = w->steady;
    } else if (!w->down_said && w->steady - w->down_since >= DOWN_NOTICE) {
        notice(w, "%s: the link is down, so nothing comes", w->o->interface);
        w->down_said = true;
    }
    return true;
}

/* What was added to the key log since: whole lines of it. */
static void read_keys(struct watch *w)
{
    char   part[4096];
    size_t n = 0;
    if (w->keys == NULL)
        return;
    clearerr(w->keys);
    while ((n = fread(part, 1, sizeof part, w->keys)) != 0 && w->key_lines.n < KEY_LINES)
        text_add_n(&w->key_lines, part, n);
    size_t whole = w->key_lines.n;
    while (whole != 0 && w->key_lines.s[whole - 1] != '\n')
        whole--;
    if (whole == 0)
        return;
    keylog_learn(w->o->packets.keylog, (struct bytes){ (const uint8_t *)w->key_lines.s, whole });
    memmove(w->key_lines.s, w->key_lines.s + whole, w->key_lines.n - whole);
    w->key_lines.n -= whole;
    w->key_lines.s[w->key_lines.n] = '\0';
}

/* Every connection that holds a certificate is told as far as it is known, and certificates are collected anew. */
static void empty_store(struct watch *w)
{
    for (size_t left = flows_rounds(w->flows); left-- != 0;) {
        flows_quiet(w->flows, packets_now(w), observer_no_patience);
        observe_all(w);
    }
    observer_end(w->observer);
    take_finished(w);
    verdicts_store_renew(w->v);
    observer_certs(w->observer, verdicts_store(w->v));
}

/* False: it is over, and trouble was said. */
static bool tick(struct watch *w)
{
    watch_clock(w);
    watch_drops(w);
    read_keys(w);
    flows_quiet(w->flows, packets_now(w), observer_patience);
    observe_all(w);
    observer_quiet(w->observer, packets_now(w));
    take_finished(w);
    bool terminal = w->status_shown && isatty(STDOUT_FILENO);
    if (terminal)
        status_clear(w);
    verdicts_tick(w->v, w->steady, packets_now(w));
    if (verdicts_store_full(w->v))
        empty_store(w);
    if (sums_wanted) {
        sums_wanted = 0;
        verdicts_interim(w->v, live_facts(w->live), flow_facts(w->flows));
    }
    if (terminal || w->steady >= w->second_at)
        status_show(w);
    if (w->steady >= w->second_at) {
        w->second_at = w->steady + EACH_SECOND;
        if (!watch_link(w)) {
            notice(w, "the interface %s is gone", w->o->interface);
            return false;
        }
    }
    return out_error() == 0 && !w->failed; /* a full disk: told at the end */
}

/* ---- the loop ---- */

static void on_stop(int signal_number)
{
    (void)signal_number;
    stop_wanted = 1;
}

static void on_sums(int signal_number)
{
    (void)signal_number;
    sums_wanted = 1;
}

/* A second signal finds the default: it ends us at once. */
static void take_signals(void)
{
    struct sigaction stop = { .sa_handler = on_stop, .sa_flags = (int)SA_RESETHAND }, sums = { .sa_handler = on_sums, .sa_flags = SA_RESTART };
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGUSR1, &sums, NULL);
}

/* Takes what there is, a batch at most. */
static enum live_state take_packets(struct watch *w)
{
    struct err      err = { 0 };
    struct packet   p;
    enum live_state state = LIVE_NONE;
    for (unsigned n = 0; n < BATCH && (state = live_next(w->live, &p, &err)) == LIVE_PACKET; n++)
        take_packet(w, &p);
    if (state == LIVE_GONE)
        notice(w, "%s", err.text);
    return state;
}

/* Until there are packets or it is time to look at the clock. An error of the socket (the link went down) is seen by
 * live_next; until then poll would come back at once. */
static void wait_for_packets(struct watch *w)
{
    struct pollfd p = { .fd = live_fd(w->live), .events = POLLIN };
    int64_t       left = w->tick_at - time_steady();
    int           ms = left > 0 ? (int)(left / 1000000) + 1 : 0;
    if (poll(&p, 1, ms) > 0 && (p.revents & POLLIN) == 0)
        poll(NULL, 0, ms);
}

/* False: the interface is gone, or the output broken. */
static bool loop(struct watch *w)
{
    while (!stop_wanted) {
        enum live_state state = take_packets(w);
        if (state == LIVE_GONE)
            return false;
        w->steady = time_steady();
        if (w->steady >= w->tick_at) {
            w->tick_at = w->steady + LIVE_TICK_MS * INT64_C(1000000);
            if (!tick(w))
                return false;
        } else if (state == LIVE_NONE) {
            wait_for_packets(w);
        }
    }
    return true;
}

/* What came before the signal may still be in a block that the kernel has not handed over. */
static void take_last_packets(struct watch *w)
{
    int64_t       until = time_steady() + (LIVE_BLOCK_MS + 20) * INT64_C(1000000);
    struct pollfd p = { .fd = live_fd(w->live), .events = POLLIN };
    while (time_steady() < until) {
        if (take_packets(w) == LIVE_GONE)
            return;
        poll(&p, 1, 10);
    }
}

static void free_all(struct watch *w)
{
    observer_free(w->observer);
    flows_free(w->flows);
    live_close(w->live);
    recorder_free(w->recorder);
    arena_free(&w->remarks);
    text_free(&w->key_lines);
    if (w->keys != NULL)
        fclose(w->keys);
    free(w);
}

int watch_run(struct watch *w)
{
    struct err err = { 0 };
    bool       whole = loop(w);
    if (whole)
        take_last_packets(w);
    status_clear(w);
    struct capture_facts facts = *live_facts(w->live);
    w->steady = time_steady();
    watch_clock(w);
    facts.last_ns = packets_now(w);
    flows_end(w->flows);
    observe_all(w);
    observer_end(w->observer);
    take_finished(w);
    verdicts_tick(w->v, w->steady, facts.last_ns);
    verdicts_end(w->v, &facts, flow_facts(w->flows));
    if (w->recorder != NULL && recorder_missed(w->recorder) != 0)
        notice(w, "%llu failed handshakes were not recorded: too many at once, or their packets were no longer at hand",
               (unsigned long long)recorder_missed(w->recorder));
    int status = verdicts_close(w->v);
    if (w->all != NULL && !pcapng_finish(w->all, true, &err))
        status = trouble("%s", err.text);
    free_all(w);
    return whole ? status : EXIT_TROUBLE;
}

void watch_abandon(struct watch *w)
{
    struct err ignored = { 0 };
    verdicts_discard(w->v);
    if (w->all != NULL)
        pcapng_finish(w->all, false, &ignored);
    free_all(w);
}

struct watch *watch_open(const struct watch_options *o, struct err *err)
{
    const struct packet_options *p = &o->packets;
    struct watch    *w = mem_get(1, sizeof *w);
    struct verdicts *v = NULL;
    w->o = o;
    w->live = live_open(o->interface, o->filter, o->ring, err);
    if (w->live == NULL || (p->annotate != NULL && (w->all = pcapng_create(p->annotate, err)) == NULL))
        goto failed;
    if ((p->write != NULL || w->all != NULL) &&
        (w->recorder = recorder_new(p->write, o->keep, w->all, p->memory / 4, err)) == NULL)
        goto failed;
    if (o->keylog_path != NULL && ((w->keys = fopen(o->keylog_path, "rbe")) == NULL || fseek(w->keys, 0, SEEK_END) != 0)) {
        err_sys(err, "cannot read %s", o->keylog_path);
        goto failed;
    }
    v = verdicts_new(&p->verdicts);
    if (v == NULL)
        goto failed;
    w->v = v;
    w->flows = flows_new(p->memory / 2);
    w->observer = observer_new(verdicts_store(v), w->flows);
    if (w->keys != NULL)
        observer_secrets(w->observer, keylog_secrets, p->keylog);
    verdicts_live(v, decided, w);
    verdicts_begin(v, o->interface);
    w->steady = time_steady();
    w->clock_ahead = time_now() - w->steady;
    take_signals();
    return w;
failed:
    if (w->all != NULL)
        pcapng_finish(w->all, false, &(struct err){ 0 });
    free_all(w);
    return NULL;
}
