#include "tlswhy/observe.h"
#include "packet_options.h"
#include "sandbox.h"
#include "spool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option_row rows[] = {
    { OPT_JSON, "json", NULL, "one JSON object a line, the sums last" },
    { OPT_ALL, "all", NULL, "good handshakes and plain connections, too" },
    { OPT_STREAM, "stream", "N", "only the connection that Wireshark calls tcp.stream N" },
    { OPT_FILTER, "filter", "BPF", "only connections with such packets; numeric, as in 'host 192.0.2.1 and port 443'" },
    { OPT_IGNORE, "ignore", "CAUSE", "accepted here: neither shown nor a failure for the exit status; may be repeated" },
    { OPT_CA, "ca", "FILE|DIR", "trust anchors of the client; default: this system's, which settle less" },
    { OPT_AT, "at", "TIME", "judge certificate dates at this time; default: the packet's" },
    { OPT_CLIENT, "client", "PROFILE", "judge as this client, or one described in a file NAME.profile; default: as its hello says" },
    { OPT_KEYLOG, "keylog", "FILE", "secrets that a client or server wrote (SSLKEYLOGFILE); those in a pcapng file are used anyway" },
    { OPT_CERTS, "certs", "DIR", "write the certificates seen as DIR/SHA256.der" },
    { OPT_WRITE, "write", "OUT.pcapng", "only the packets of failed handshakes, the first and the deciding one with a comment" },
    { OPT_ANNOTATE, "annotate", "OUT.pcapng", "the whole input again, with each verdict as a comment on the first and the deciding frame" },
    { OPT_HTML, "html", "FILE", "a page of it all, too: sums, verdicts, ladders, chains; - is standard output, then nothing else" },
    { OPT_MEMORY, "memory", "SIZE", "for connections and verdicts held; default 256M" },
    { OPT_NO_SANDBOX, "no-sandbox", NULL, "parse without it, as debuggers and tracers need" },
    { OPT_COLOR, "color", "WHEN", "auto, always or never" },
    { 'v', "verbose", NULL, "more of what was seen with each verdict" },
    { 'h', "help", NULL, "this text" },
    { 0 }
};
static const char examples[] =
    "  tlswhy read trace.pcapng                      failures, each with its why, side, evidence and fix\n"
    "  tlswhy read --all --ca corporate.pem a.pcap   judge by the roots that the client really has\n"
    "  tcpdump -w - port 443 | tlswhy read -         standard input; files may be gzipped\n"
    "  tlswhy read --json *.pcap | jq -r .event.code\n";

/* One input on its way through the pipeline. */
struct input {
    const struct packet_options *o;
    struct verdicts  *v;
    struct flows     *flows;
    struct observer  *observer;
    struct stream_set wanted; /* with a filter: connections that a passing packet belongs to */
    size_t            secrets_n; /* bytes of the capture's own secrets that were taken */
};

/* Secrets blocks serve the packets behind them: a capture from standard input is read only once, and Wireshark writes
 * them first. */
static void learn_secrets(struct input *in, const struct capture *c)
{
    if (capture_facts(c)->secrets.n != in->secrets_n && keylog_follow(in->o->keylog, capture_facts(c)->secrets, &in->secrets_n))
        observer_secrets(in->observer, keylog_secrets, in->o->keylog);
}

/* Names that the capturing program wrote down (name resolution blocks). They mostly stand behind the packets, which
 * is early enough: failures are told at the end of the input. */
static void learn_hosts(struct input *in, const struct capture *c)
{
    struct capture_host host;
    for (size_t at = 0; capture_host(c, &at, &host);)
        hosts_learn(verdicts_hosts(in->v), host.ip, host.ip_len, host.name, host.n);
}

/* Has a packet of it passed the filter? */
static bool is_wanted(const struct input *in, bool datagram, uint32_t stream)
{
    return in->o->filter == NULL || streams_has(&in->wanted, datagram, stream);
}

static void take_finished(struct input *in)
{
    struct handshake *h = NULL;
    while ((h = observed(in->observer)) != NULL) {
        if (is_wanted(in, h->datagram, h->stream))
            verdicts_take(in->v, h);
        else
            handshake_free(h);
    }
}

/* Passes on all that the packet (or the end) brought about. */
static void observe_all(struct input *in)
{
    struct wire_event ev;
    struct unopened   u;
    uint32_t          stream = 0;
    int64_t           end_ns = 0;
    while (flows_next(in->flows, &ev)) {
        if (is_dns_message(&ev))
            hosts_learn_dns(verdicts_hosts(in->v), ev.bytes, ev.len);
        if (!observe(in->observer, &ev))
            continue;
        take_finished(in);
        if (observed_unopened(in->observer, &u) && is_wanted(in, false, u.stream))
            verdicts_take_unopened(in->v, &u);
        if (observed_silent(in->observer, &stream, &end_ns) && is_wanted(in, false, stream))
            verdicts_take_silent(in->v, end_ns);
    }
}

/* What a probe knew of the connections of its recording; nothing more will come of them. */
static void learn_marks(struct input *in, const struct capture *c)
{
    struct reader marks = rd_of(capture_facts(c)->marks.p, capture_facts(c)->marks.n);
    struct mark   m;
    while (mark_next(&marks, &m)) {
        flows_mark(in->flows, &m);
        observe_all(in);
    }
}

/* Every packet counts for the stream numbers, whatever the filter says. False: of an unknown link type. */
static bool take_packet(struct input *in, const struct packet *p, const char *path)
{
    struct err odd;
    uint32_t   stream = 0;
    odd.text[0] = '\0'; /* not all of it: it is large, and packets are many */
    bool       datagram = false, known = flows_packet(in->flows, p, &odd);
    if (in->o->filter != NULL && filter_passes(in->o->filter, p, &odd) && flows_stream(in->flows, &stream, &datagram))
        streams_add(&in->wanted, datagram, stream);
    if (odd.text[0] != '\0')
        trouble("%s: %s", path, odd.text);
    observe_all(in);
    return known;
}

/* From how many open connections on those that have hardly begun are kept small: followed they take 12 KB, of which not all is
 * given back, and so they have an eighth of the memory. */
static size_t many_open(const struct packet_options *o)
{
    const size_t open = (size_t)12 << 10;
    return o->memory / 8 / open;
}

/* What connections may take of --memory, and all that is counted: the rest is for tables of groups, for output, and for what lies
 * between things in memory. Without the option that rest comes on top: letting connections go costs some of what they tell. */
static size_t counted_part(const struct packet_options *o)
{
    size_t       memory = o->memory;
    const size_t little = (size_t)32 << 20, most = (size_t)8 << 20;
    if (!o->memory_given)
        return memory;
    size_t fixed = memory < little ? 0 : memory / 8 < most ? memory / 8 : most;
    return memory - memory / 4 - fixed;
}

/* One input to its end. False: trouble was said; what could be read counts. */
static bool read_file(const struct packet_options *o, struct verdicts *v, const struct spool *from)
{
    struct err      err = { 0 };
    struct packet   p[FLOWS_AHEAD];
    size_t          n = 0;
    const char     *path = from->path;
    struct capture *capture = spool_open(from, &err);
    if (capture == NULL)
        return trouble("%s", err.text) == EXIT_NONE_FOUND;
    struct input in = { .o = o, .v = v, .flows = flows_new(counted_part(o)) };
    bool         any = false;
    in.observer = observer_new(verdicts_store(v), in.flows);
    if (keylog_handshakes(o->keylog) != 0)
        observer_secrets(in.observer, keylog_secrets, o->keylog);
    flows_thrifty(in.flows, many_open(o));
    observer_thrifty(in.observer);
    if (verdicts_counts_silent(v))
        observer_counts_silent(in.observer);
    verdicts_begin(v, path);
    while ((n = capture_some(capture, p, ARRAY_LEN(p), &err)) != 0) {
        learn_secrets(&in, capture);
        flows_ahead(in.flows, p, n);
        for (size_t i = 0; i < n; i++)
            any |= take_packet(&in, &p[i], path);
    }
    learn_hosts(&in, capture);
    learn_marks(&in, capture);
    flows_end(in.flows);
    observe_all(&in);
    observer_end(in.observer);
    take_finished(&in);
    const struct flow_facts *facts = flow_facts(in.flows);
    verdicts_end(v, capture_facts(capture), facts);
    bool useless = !any && facts->unknown_link != 0;
    if (err.text[0] != '\0')
        trouble("%s", err.text);
    observer_free(in.observer);
    flows_free(in.flows);
    capture_close(capture);
    streams_free(&in.wanted);
    return err.text[0] == '\0' && !useless;
}

/* Takes the options; gives EXIT_NONE_FOUND where the work can begin at *first, EXIT_FOUND where help was all that was
 * wanted, and EXIT_TROUBLE. */
static int take_options(struct packet_options *o, int argc, char **argv, int *first)
{
    const char *value = NULL;
    int         id = 0;
    *first = 1;
    color_wanted("auto", &o->verdicts.report.color);
    while ((id = option_next(rows, argc, argv, &value, first)) > 0) {
        if (id == 'h') {
            options_help(&read_command, examples);
            return EXIT_FOUND;
        }
        if (!packet_option(o, id, value))
            return EXIT_TROUBLE;
    }
    if (id == 0 && *first == argc)
        return trouble("which capture? tlswhy read FILE... (- is standard input; --help for more)");
    o->verdicts.remember_failed = o->write != NULL || o->annotate != NULL;
    o->verdicts.memory = o->memory / 4;
    o->verdicts.memory_of_all = counted_part(o);
    o->verdicts.name_files = argc - *first > 1;
    return id == 0 ? EXIT_NONE_FOUND : EXIT_TROUBLE;
}

/* The captures that are written beside the verdicts; NULL = not wanted. */
struct outputs {
    struct pcapng_writer *failed, *annotated;
};

/* Reads an input once more, for what is written of it. A capture that could not be opened has been told of. */
static void write_again(const struct outputs *out, const struct spool *from, struct verdicts *v, struct err *err)
{
    struct err      known = { 0 };
    struct capture *c = NULL;
    if (out->failed != NULL && (c = spool_open(from, &known)) != NULL)
        streams_write(c, verdicts_failed(v), verdicts_remarks(v), out->failed, &known);
    if (out->annotated != NULL && (c = spool_open(from, &known)) != NULL)
        pcapng_copy(out->annotated, c, remark_on, verdicts_remarks(v), &known);
    if (known.text[0] != '\0')
        err_set(err, "%s", known.text);
}

static bool outputs_open(const struct packet_options *o, struct outputs *out, struct err *err)
{
    *out = (struct outputs){ 0 };
    if (o->write != NULL)
        out->failed = pcapng_create(o->write, err);
    if (o->annotate != NULL && err->text[0] == '\0')
        out->annotated = pcapng_create(o->annotate, err);
    return err->text[0] == '\0';
}

static void outputs_close(const struct outputs *out, bool keep, struct err *err)
{
    if (out->failed != NULL)
        pcapng_finish(out->failed, keep, err);
    if (out->annotated != NULL)
        pcapng_finish(out->annotated, keep, err);
}

/* From here on only the inputs and the system's anchors can be opened, and only outputs written. False: trouble was said. */
static bool lock_up(const struct packet_options *o, int n, char **paths)
{
    struct sandbox box = { .off = o->no_sandbox };
    struct err     err = { 0 };
    for (int i = 0; i < n; i++) {
        sandbox_reads(&box, paths[i]);
        if (strcmp(paths[i], "-") == 0 && o->verdicts.remember_failed)
            sandbox_writes(&box, spool_folder());
    }
    for (size_t i = 0; anchors_system_place(i) != NULL; i++)
        sandbox_reads(&box, anchors_system_place(i));
    sandbox_writes(&box, o->write);
    sandbox_writes(&box, o->annotate);
    sandbox_writes(&box, o->verdicts.html);
    sandbox_writes(&box, o->verdicts.certs_dir);
    bool ok = sandbox_enter(&box, &err) || trouble("%s", err.text) == EXIT_NONE_FOUND;
    if (ok && o->verdicts.report.verbose)
        trouble("in force: %s", box.in_force);
    sandbox_free(&box);
    return ok;
}

static int read_all(const struct packet_options *o, int n, char **paths)
{
    struct err       err = { 0 };
    struct outputs   out;
    struct spool     from;
    bool             whole = true;
    struct verdicts *v = outputs_open(o, &out, &err) ? verdicts_new(&o->verdicts) : NULL;
    if (v != NULL && !lock_up(o, n, paths)) {
        verdicts_discard(v);
        outputs_close(&out, false, &err);
        return EXIT_TROUBLE;
    }
    for (int i = 0; v != NULL && i < n && spool_begin(&from, paths[i], o->verdicts.remember_failed, &err); i++) {
        bool good = read_file(o, v, &from);
        if (good && err.text[0] == '\0')
            write_again(&out, &from, v, &err);
        whole &= good;
        spool_end(&from);
    }
    int status = v != NULL ? verdicts_close(v) : EXIT_TROUBLE;
    outputs_close(&out, v != NULL && whole && err.text[0] == '\0', &err); /* never a part that looks whole */
    if (err.text[0] != '\0')
        return trouble("%s", err.text);
    return whole ? status : EXIT_TROUBLE;
}

static int run(int argc, char **argv)
{
    struct packet_options o = packet_options_new();
    int first = 0, status = take_options(&o, argc, argv, &first);
    if (status == EXIT_NONE_FOUND)
        status = out_finish(read_all(&o, argc - first, argv + first));
    else if (status == EXIT_FOUND)
        status = out_finish(EXIT_NONE_FOUND);
    packet_options_free(&o);
    return status;
}

const struct command read_command = { "read", "FILE... | -", "explain the handshakes in saved captures", run, rows };
