#include "tlswhy/ladder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* For people: 100 columns, labels in column 3, what they say from column 13 on.
 *
 *     FAILED  stream 4  10.0.0.20:49213 > 203.0.113.7:443  activation.example        cert-rejected
 *       Why       The client closed right after ...
 */
enum { NAME_COLUMNS = 64, ROWS = 40 };

#define RED "\033[31m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

static void colored(struct text *t, const struct report_options *o, const char *color, const char *s)
{
    text_printf(t, "%s%s%s", o->color ? color : "", s, o->color ? PLAIN : "");
}

/* Columns that a text takes: code points that are no escape of ours. */
static size_t columns(const char *s)
{
    size_t n = 0;
    for (; s != NULL && *s != '\0'; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

/* A number as people write it: 5,210. */
static void number(struct text *t, uint64_t n)
{
    char digits[32];
    int  len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
    for (int i = 0; i < len; i++) {
        if (i != 0 && (len - i) % 3 == 0)
            text_char(t, ',');
        text_char(t, digits[i]);
    }
}

static void counted(struct text *t, uint64_t n, const char *what)
{
    number(t, n);
    text_printf(t, " %s%s", what, n == 1 ? "" : "s");
}

static void label(struct text *t, const char *name)
{
    text_add(t, "  ");
    text_padded(t, name, 10);
}

/* What the connection was for: the name asked for, where a tunnel was to go, or the name that DNS gave the address,
 * which is marked. */
static void add_name(struct text *t, const struct handshake *h)
{
    bool         dns = h->hello.sni.p == NULL && h->prelude.host.p == NULL;
    struct bytes name = dns ? h->dns_name : h->hello.sni.p != NULL ? h->hello.sni : h->prelude.host;
    if (name.n == 0)
        return;
    text_add(t, "  ");
    text_safe(t, name.p, name.n, NAME_COLUMNS);
    text_add(t, dns ? " (DNS)" : "");
}

/* A probe of now: there are no frames to look up. */
static bool live(const struct handshake *h) { return h->probed != NULL && h->file == NULL; }

/* The first line. `right` stands at the right edge, or `less` where there is no room for it; what still does not fit
 * before it gets lines of its own. */
static void headline(struct text *t, const struct report_options *o, const struct handshake *h, const char *word, const char *color,
                     const char *right, const char *less)
{
    char        a[64], b[64];
    struct text ends = { 0 }, name = { 0 }, stream = { 0 };
    size_t      width = report_width(o);
    if (live(h)) {
        text_safe(&stream, h->probed->target, strlen(h->probed->target), NAME_COLUMNS);
        text_printf(&ends, "  %s%s%s%s", h->way != NULL ? "through " : "", h->way != NULL ? h->way->proxy : endpoint_text(&h->ends[SERVER], b), h->probed->as != NULL ? "  as " : "",
                    h->probed->as != NULL ? h->probed->as : "");
    } else {
        text_printf(&stream, "%sstream %u", h->datagram ? "udp " : "", h->stream);
        text_printf(&ends, "  %s > %s", endpoint_text(&h->ends[CLIENT], a), endpoint_text(&h->ends[SERVER], b));
    }
    text_add(&name, "");
    if (!live(h))
        add_name(&name, h);
    size_t used = 8 + stream.n, both = ends.n + columns(name.s);
    right = used + both + 2 + columns(right) <= width ? right : less;
    bool one_line = used + both + 2 + columns(right) <= width;

    colored(t, o, color, word);
    text_printf(t, "%*s%s", (int)(8 - strlen(word)), "", stream.s);
    if (one_line) {
        text_printf(t, "%s%s", ends.s, name.s);
        used += both;
    }
    size_t gap = used + 2 + columns(right) < width ? width - used - columns(right) : 2;
    text_printf(t, "%*s%s\n", (int)gap, "", right);
    if (!one_line)
        text_printf(t, "%s%s%s\n", ends.s, both > width ? "\n" : "", name.s);
    text_free(&ends);
    text_free(&name);
    text_free(&stream);
}

static void side_and_sure(struct text *t, const struct report_options *o, const struct finding *f)
{
    const char *side = blame_name(f->side), *sure = sure_name(f->sure);
    struct text line = { 0 }, wrapped = { 0 };
    text_printf(&line, "%s%s%s", sure, f->because != NULL ? ": " : "", f->because != NULL ? f->because : "");
    text_wrap(&wrapped, line.s, REPORT_INDENT + 22, report_width(o));
    label(t, "Side");
    text_printf(t, "%-15s Sure  ", side != NULL ? side : "-");
    colored(t, o, f->sure == LIKELY ? YELLOW : "", sure); /* after wrapping: colors take no columns */
    text_printf(t, "%s\n", wrapped.s + strlen(sure));
    text_free(&wrapped);
    text_free(&line);
}

/* Causes in a row: by their two or three words, or by the codes that `explain` takes. */
static void causes(struct text *t, const struct report_options *o, const char *name, const char *head, const char *const *list, size_t n,
                   bool brief)
{
    struct text line = { 0 };
    if (n == 0)
        return;
    text_add(&line, head);
    for (size_t i = 0; i < n; i++)
        text_printf(&line, "%s%s", i != 0 ? ", " : "", brief ? cause_of(list[i])->brief : list[i]);
    report_row(t, o, name, line.s);
    text_free(&line);
}

static void evidence(struct text *t, const struct report_options *o, const struct handshake *h, const struct finding *f)
{
    size_t      frame_width = 0, label_width = 0;
    struct text line = { 0 };
    for (size_t i = 0; i < f->evidence_n; i++) {
        size_t n = (size_t)snprintf(NULL, 0, "%llu", (unsigned long long)f->evidence[i].frame);
        frame_width = n > frame_width ? n : frame_width;
        n = strlen(f->evidence[i].label);
        label_width = n > label_width ? n : label_width;
    }
    for (size_t i = 0; i < f->evidence_n; i++) {
        const struct evidence *e = &f->evidence[i];
        label(t, i == 0 ? "Evidence" : "");
        if (!live(h))
            text_printf(t, "#%-*llu ", (int)frame_width, (unsigned long long)e->frame);
        text_printf(t, "%c %-*s  ", e->from == CLIENT ? '>' : e->from == SERVER ? '<' : ' ', (int)label_width, e->label);
        text_clear(&line);
        text_add(&line, e->note != NULL ? e->note : "");
        if (e->stream != h->stream && strncmp(e->label, "stream ", 7) != 0 && strncmp(e->label, "attempt ", 8) != 0)
            text_printf(&line, "%s(%s %u)", line.n != 0 ? " " : "", live(h) ? "attempt" : "stream", e->stream);
        text_wrap(t, line.s != NULL ? line.s : "", REPORT_INDENT + (!live(h) ? 2 + frame_width : 0) + 2 + label_width + 2, report_width(o));
        while (t->n != 0 && t->s[t->n - 1] == ' ')
            t->s[--t->n] = '\0';
        text_char(t, '\n');
    }
    causes(t, o, "", "ruled out: ", f->ruled_out, f->ruled_out_n, true);
    text_free(&line);
}

void report_numbered(struct text *t, const struct report_options *o, const char *name, const char *const *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        label(t, i == 0 ? name : "");
        if (n > 1)
            text_printf(t, "%zu. ", i + 1);
        text_wrap(t, items[i], REPORT_INDENT + (n > 1 ? 3 : 0), report_width(o));
        text_char(t, '\n');
    }
}

/* A display filter for the frames that are cited, and how to make Wireshark see TLS on a port where it does not look. */
static void show(struct text *t, const struct handshake *h, const struct finding *f)
{
    uint64_t low = 0, high = 0;
    for (size_t i = 0; i < f->evidence_n; i++) {
        uint64_t frame = f->evidence[i].frame;
        if (f->evidence[i].stream != h->stream || frame == 0)
            continue;
        low = low == 0 || frame < low ? frame : low;
        high = frame > high ? frame : high;
    }
    label(t, "Show");
    text_printf(t, "%s.stream == %u", h->datagram ? "udp" : "tcp", h->stream);
    if (low != 0 && low == high)
        text_printf(t, " && frame.number == %llu", (unsigned long long)low);
    else if (low != 0)
        text_printf(t, " && frame.number >= %llu && frame.number <= %llu", (unsigned long long)low, (unsigned long long)high);
    if (h->tls_seen[CLIENT] && h->prelude.kind == PRELUDE_NONE && !h->datagram && !is_tls_port(h->ends[SERVER].port))
        text_printf(t, "   (-d tcp.port==%u,tls)", h->ends[SERVER].port);
    text_char(t, '\n');
}

/* -v: what else was seen. */
static void detail(struct text *t, const struct report_options *o, const struct handshake *h, const struct finding *f)
{
    char        time[40], history[128], version[NAME_MAX_LEN], suite[NAME_MAX_LEN];
    struct text line = { 0 };
    time_rfc3339(time, h->start_ns);
    handshake_history(h, history, sizeof history);
    text_printf(&line, "%s, %s, history %s", time, outcome_name(h->outcome), history[0] != '\0' ? history : "-");
    if (knows(h, KNOW_SERVER_HELLO))
        text_printf(&line, ", %s, %s", version_name(handshake_version(h), version), suite_name(h->answer.suite, suite));
    text_printf(&line, ", rule %s", f->rule);
    report_row(t, o, "Detail", line.s);
    text_free(&line);
}

static void corrected(struct text *t, const struct report_options *o, const struct finding *f)
{
    struct text line = { 0 };
    if (f->corrects == NULL)
        return;
    text_printf(&line, "corrects what was said of this handshake before: %s, %s", f->corrects, sure_name(f->corrects_sure));
    report_row(t, o, "Now", line.s);
    text_free(&line);
}

/* What one request inside was answered. */
static void inside(struct text *t, const struct report_options *o, const struct handshake *h)
{
    const struct inside *in = h->inside;
    struct text          line = { 0 };
    if (in == NULL)
        return;
    if (in->line.p != NULL)
        text_safe(&line, in->line.p, in->line.n, 80);
    else
        text_printf(&line, "no answer to an HTTP request: %s", in->trouble != NULL ? in->trouble : "what came is no HTTP");
    if (in->server.p != NULL) {
        text_add(&line, ", from ");
        text_safe(&line, in->server.p, in->server.n, 60);
    }
    if (in->status >= 400 && in->reason.p != NULL) {
        text_add(&line, ": ");
        text_safe(&line, in->reason.p, in->reason.n, 200);
    }
    report_row(t, o, "Inside", line.s);
    text_free(&line);
}

static void verdict(struct text *t, const struct report_options *o, const struct handshake *h, const struct finding *f)
{
    bool given_up = strcmp(f->cause, "abandoned") == 0, unclear = finding_result(h, f) == RESULT_UNCLEAR;
    headline(t, o, h, unclear ? "UNCLEAR" : given_up ? "GAVE UP" : "FAILED", unclear || given_up ? "" : RED, f->cause, f->cause);
    corrected(t, o, f);
    report_row(t, o, "Why", f->why);
    side_and_sure(t, o, f);
    if (f->sure != CERTAIN)
        causes(t, o, "Or else", "", f->alternatives, f->alternatives_n, false);
    evidence(t, o, h, f);
    inside(t, o, h);
    if (f->repeats && !o->verbose) {
        label(t, "Fix");
        text_printf(t, "as for stream %u above\n", f->repeats_of);
    } else {
        report_numbered(t, o, "Fix", f->fix, f->fix_n);
        report_numbered(t, o, "Settle", f->settle, f->settle_n);
    }
    if (!live(h))
        show(t, h, f);
    if (o->verbose) {
        ladder_text(t, o, h, f);
        detail(t, o, h, f);
    }
}

/* One line for what did not fail. */
static void good(struct text *t, const struct report_options *o, const struct handshake *h, const struct finding *f)
{
    char        buf[NAME_MAX_LEN], suite[NAME_MAX_LEN];
    struct text right = { 0 };
    const struct plain *plain = &h->plain[h->plain[SERVER].protocol != NULL ? SERVER : CLIENT];
    const char *less = "";
    if (knows(h, KNOW_SERVER_HELLO))
        less = version_name(handshake_version(h), buf);
    else if (h->outcome == OUTCOME_NOT_TLS)
        less = plain->protocol != NULL ? plain->protocol : "not TLS";
    text_add(&right, less);
    if (knows(h, KNOW_SERVER_HELLO))
        text_printf(&right, " %s%s", suite_name(h->answer.suite, suite), h->resumed ? ", resumed" : "");
    headline(t, o, h, finding_result(h, f) == RESULT_NO_TLS ? "plain" : "ok", "", right.s, less);
    if (live(h))
        report_row(t, o, "Why", f->why);
    inside(t, o, h);
    text_free(&right);
}

/* A client that tries them in another order may fare differently. */
static void other_addresses(struct text *t, const struct report_options *o, struct handshake *h)
{
    const struct probed *p = h->probed;
    if (p == NULL || (p->unopened == 0 && p->untried == 0))
        return;
    const char *more = p->untried == 0 ? "" : arena_printf(&h->arena, "%s%u%s", p->unopened != 0 ? "; not tried: " : "not tried: ", p->untried, p->unopened == 0 ? " of this name's addresses" : "");
    report_row(t, o, "Others", p->unopened == 0 ? more : arena_printf(&h->arena, "did not open: %u of this name's addresses%s", p->unopened, more));
}

static void text_handshake(struct text *t, const struct report_options *o, struct handshake *h, const struct finding *f)
{
    enum result r = finding_result(h, f);
    if (r == RESULT_SUCCESS || r == RESULT_NO_TLS)
        good(t, o, h, f);
    else
        verdict(t, o, h, f);
    other_addresses(t, o, h);
    if (h->probed != NULL && h->probed->direct != NULL)
        report_row(t, o, "Directly", arena_printf(&h->arena, "not asked: %s", safe_str(&h->arena, h->probed->direct, strlen(h->probed->direct))));
}

static void text_file(struct text *t, const struct report_options *o, const char *name)
{
    (void)o;
    text_safe(t, name, strlen(name), 4096);
    text_add(t, ":\n");
}

static void table(struct text *t, const struct group *groups, size_t n, uint64_t in_none)
{
    size_t   cause_width = 5, server_width = 6;
    uint64_t left = in_none;
    char     buf[64];
    for (size_t i = 0; i < n && i < ROWS; i++) {
        size_t c = strlen(groups[i].cause), s = strlen(endpoint_text(&groups[i].server, buf));
        cause_width = c > cause_width ? c : cause_width;
        server_width = s > server_width ? s : server_width;
    }
    text_printf(t, "%7s  %-*s  %-*s  %s\n", "Times", (int)cause_width, "Cause", (int)server_width, "Server", "Name, first seen");
    for (size_t i = 0; i < n && i < ROWS; i++)
        text_printf(t, "%7llu  %-*s  %-*s  %s%sstream %u\n", (unsigned long long)groups[i].n, (int)cause_width, groups[i].cause,
                    (int)server_width, endpoint_text(&groups[i].server, buf), groups[i].name, groups[i].name[0] != '\0' ? ", " : "",
                    groups[i].stream);
    for (size_t i = ROWS; i < n; i++)
        left += groups[i].n;
    if (left != 0)
        text_printf(t, "%7llu  more, of other causes or servers\n", (unsigned long long)left);
}

static int most_of(const void *a, const void *b)
{
    const struct cause_count *x = a, *y = b;
    return x->n != y->n ? (x->n > y->n ? -1 : 1) : strcmp(x->code, y->code);
}

/* "In all: 149,832 tcp-timeout, 37,687 tcp-refused": where the table cannot hold every server. */
static void cause_totals(struct text *t, const struct report_options *o, const struct summary *s)
{
    struct cause_count all[ARRAY_LEN(s->causes)];
    struct text        line = { 0 };
    memcpy(all, s->causes, s->causes_n * sizeof all[0]);
    qsort(all, s->causes_n, sizeof all[0], most_of);
    text_add(&line, "In all: ");
    for (size_t i = 0; i < s->causes_n; i++) {
        text_add(&line, i != 0 ? ", " : "");
        number(&line, all[i].n);
        text_printf(&line, " %s", all[i].code);
    }
    text_wrap(t, line.s, 0, report_width(o));
    text_char(t, '\n');
    text_free(&line);
}

/* A line for each fetch that brought nothing of use: it may be why a certificate was refused, here or later. */
static void fetch_notes(struct text *t, const struct report_options *o, const struct summary *s)
{
    enum { SHOWN = 5 };
    char buf[64];
    size_t   shown = 0;
    uint64_t left = s->notes_left;
    for (size_t i = 0; i < s->notes_n; i++) {
        const struct fetch_note *n = &s->notes[i];
        struct text              line = { 0 };
        if (n->told || shown == SHOWN) {
            left += !n->told;
            continue;
        }
        shown++;
        text_printf(&line, "Note: %s%s%s%s asked for %s and got %s (frame %llu, stream %u).", endpoint_ip_text(&n->client, buf),
                    n->agent != NULL ? " (" : "", n->agent != NULL ? n->agent : "", n->agent != NULL ? ")" : "", n->what, n->got,
                    (unsigned long long)n->frame, n->stream);
        text_wrap(t, line.s, 6, report_width(o));
        text_char(t, '\n');
        text_free(&line);
    }
    if (left != 0)
        text_printf(t, "Note: %llu more fetches like these; --json has %s.\n", (unsigned long long)left, s->notes_left == 0 ? "all" : "more");
}

static void text_summary(struct text *t, const struct report_options *o, const struct summary *s, struct group_table *groups)
{
    enum { MANY = 8 };
    uint64_t    in_none = 0;
    size_t      n = 0;
    const struct group *rows = groups_sorted(groups, &n, &in_none);
    struct text line = { 0 };
    if (s->failed + s->unknown + s->abandoned > MANY && n != 0)
        table(t, rows, n, in_none);
    if (n > ROWS)
        cause_totals(t, o, s);
    fetch_notes(t, o, s);
    text_add(&line, s->interim ? "So far: " : "");
    if (s->handshakes == 0)
        text_add(&line, "No TLS handshake");
    else
        counted(&line, s->handshakes, "handshake");
    const struct { uint64_t n; bool always; const char *what; } parts[] = {
        { s->completed, true, "completed" }, { s->failed, s->unknown == 0, "failed" }, { s->unknown, false, "failed for no known cause" },
        { s->abandoned, false, "given up by the client" }, { s->ignored, false, "ignored" }, { s->partial, false, "not captured whole" }
    };
    const char *before = ": ";
    for (size_t i = 0; s->handshakes != 0 && i < ARRAY_LEN(parts); i++) {
        if (parts[i].n == 0 && !parts[i].always)
            continue;
        text_add(&line, before);
        number(&line, parts[i].n);
        text_printf(&line, " %s", parts[i].what);
        before = ", ";
    }
    text_add(&line, ". ");
    counted(&line, s->packets, "packet");
    text_printf(&line, ", %s.", s->complete ? "none missing" : s->incomplete != NULL ? s->incomplete : "not all captured");
    if (s->other_connections != 0) {
        text_char(&line, ' ');
        counted(&line, s->other_connections, "other connection");
        text_char(&line, '.');
    }
    for (size_t i = 0; i < EAP_METHODS; i++) {
        if (s->eap[i] == 0)
            continue;
        text_char(&line, ' ');
        counted(&line, s->eap[i], "frame");
        text_printf(&line, " of %s: the TLS inside is not read.", eap_method_name(i));
    }
    if (s->secrets)
        text_printf(&line, " Secrets for %llu of %llu.", (unsigned long long)s->decrypted, (unsigned long long)s->handshakes);
    if (s->folded != 0) {
        text_char(&line, ' ');
        number(&line, s->folded);
        text_add(&line, " like those above are not told in full; --json has all.");
    }
    if (s->hidden != 0) {
        text_char(&line, ' ');
        number(&line, s->hidden);
        text_add(&line, " began before the capture; --all shows them.");
    }
    text_wrap(t, line.s, 0, report_width(o));
    text_char(t, '\n');
    text_free(&line);
}

const struct renderer text_renderer = {
    .name = "text", .folds = true, .file = text_file, .handshake = text_handshake, .summary = text_summary
};

static void no_summary(struct text *t, const struct report_options *o, const struct summary *s, struct group_table *groups)
{
    (void)t;
    (void)o;
    (void)s;
    (void)groups;
}

const struct renderer silent_renderer = { .name = "silent", .summary = no_summary };
