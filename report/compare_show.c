/* compare_show.c - what two captures tell together, for people and as JSON. */
#include "tlswhy/compare.h"

#include <string.h>

/* ---- for people */

static void headline(struct text *t, const struct report_options *o, const struct comparison *c)
{
    const struct handshake *h = c->pair.client->h;
    struct bytes name = h->hello.sni.p != NULL ? h->hello.sni : h->prelude.host;
    bool         good = strcmp(c->f.cause, "ok") == 0;
    char         a[64], b[64];
    struct text  line = { 0 };
    text_printf(&line, "%-8s", good ? "ok" : "FAILED");
    if (h->probed != NULL)
        text_safe(&line, h->probed->target, strlen(h->probed->target), 64);
    else
        text_printf(&line, "stream %u", h->stream);
    if (c->pair.server != NULL && h->probed == NULL)
        text_printf(&line, " | stream %u", c->pair.server->h->stream);
    text_printf(&line, "  %s > %s", endpoint_text(&h->ends[CLIENT], a),
                endpoint_text(&(c->pair.server != NULL ? c->pair.server->h : h)->ends[SERVER], b));
    if (name.n != 0) {
        text_add(&line, "  ");
        text_safe(&line, name.p, name.n, 64);
    }
    const char *right = arena_printf(&c->pair.client->h->arena, "%s%s%s", relation_name(c->pair.relation), good ? "" : ", ", good ? "" : c->f.cause);
    size_t      gap = line.n + 2 + strlen(right) < report_width(o) ? report_width(o) - line.n - strlen(right) : 2;
    const char *color = o->color && !good ? "\033[31m" : "";
    text_printf(t, "%s%.6s%s%s%*s%s\n", color, line.s, *color != '\0' ? "\033[0m" : "", line.s + 6, (int)gap, "", right);
    text_free(&line);
}

static bool repeated(const struct comparison *c) { return c->pair.relation == RELATION_REPEATED; }

static void ends(struct text *t, const struct report_options *o, const struct comparison *c)
{
    const char *const labels[] = { repeated(c) ? "First" : "At client", repeated(c) ? "Second" : "At server" };
    for (int side = CLIENT; side <= SERVER; side++)
        report_row(t, o, labels[side], c->ends[side]);
    for (int side = CLIENT; side <= SERVER; side++) {
        if (c->lost[side] != 0)
            text_printf(t, "  %-10s%llu bytes of the %s that its own side shows and the other does not\n", "Lost", (unsigned long long)c->lost[side],
                        side == CLIENT ? "client" : "server");
    }
}

static void changes(struct text *t, const struct report_options *o, const struct comparison *c)
{
    struct text line = { 0 };
    for (size_t i = 0; i < c->changes; i++) {
        const struct change_seen *s = &c->change[i];
        text_clear(&line);
        text_printf(&line, "%s: %s %s; %s %s", s->field, repeated(c) ? "at first" : "client's side", s->client[0] != '\0' ? s->client : "none of its own",
                    repeated(c) ? "then" : "server's side", s->server[0] != '\0' ? s->server : "none of its own");
        report_row(t, o, i == 0 ? "Changed" : "", line.s);
    }
    text_free(&line);
}

static void evidence(struct text *t, const struct report_options *o, const struct comparison *c)
{
    enum { BEFORE_NOTE = 41 };
    for (size_t i = 0; i < c->f.evidence_n; i++) {
        const struct evidence *e = &c->f.evidence[i];
        text_printf(t, "  %-10s%s #%-5llu %c %-16s ", i == 0 ? "Evidence" : "", repeated(c) ? (c->from_server[i] ? "second" : "first ") : c->from_server[i] ? "server" : "client", (unsigned long long)e->frame,
                    e->from == CLIENT ? '>' : e->from == SERVER ? '<' : ' ', e->label);
        text_wrap(t, e->note != NULL ? e->note : "", BEFORE_NOTE, report_width(o));
        text_char(t, '\n');
    }
}

void compare_text(struct text *t, const struct report_options *o, const struct comparison *c)
{
    const struct finding *f = &c->f;
    struct text           line = { 0 };
    headline(t, o, c);
    if (strcmp(f->cause, "ok") == 0) {
        if (c->pair.relation != RELATION_FORWARDED || o->verbose)
            report_row(t, o, "Why", f->why);
        changes(t, o, c);
        return;
    }
    report_row(t, o, "Why", f->why);
    text_printf(t, "  %-10s%-15s Sure  ", "Side", f->side != BLAME_NONE ? blame_name(f->side) : "-");
    text_printf(&line, "%s%s%s", sure_name(f->sure), f->because != NULL ? ": " : "", f->because != NULL ? f->because : "");
    text_wrap(t, line.s, REPORT_INDENT + 22, report_width(o));
    text_char(t, '\n');
    ends(t, o, c);
    changes(t, o, c);
    evidence(t, o, c);
    report_numbered(t, o, "Fix", f->fix, f->fix_n);
    report_numbered(t, o, "Settle", f->settle, f->settle_n);
    text_free(&line);
}

void compare_ways_text(struct text *t, const struct report_options *o, const struct comparison *c)
{
    const struct view *d = c->pair.server;
    char               version[NAME_MAX_LEN], suite[NAME_MAX_LEN];
    struct text        line = { 0 };
    bool               good = strcmp(d->f.cause, "ok") == 0;
    text_printf(&line, "%s", good ? "in order" : d->f.cause);
    if (knows(d->h, KNOW_SERVER_HELLO))
        text_printf(&line, ", %s, %s", version_name(handshake_version(d->h), version), suite_name(d->h->answer.suite, suite));
    report_row(t, o, "Directly", line.s);
    const char *label = "Changed";
    for (size_t i = 0; i < c->changes; i++) {
        const struct change_seen *s = &c->change[i];
        if (strcmp(s->field, "certificate") == 0) /* its digest: what it says tells more */
            continue;
        text_clear(&line);
        text_printf(&line, "%s: %s; directly %s", s->field, s->client[0] != '\0' ? s->client : "none", s->server[0] != '\0' ? s->server : "none");
        report_row(t, o, label, line.s);
        label = "";
    }
    text_free(&line);
}

void compare_sums_text(struct text *t, const struct report_options *o, const struct comparison_sums *s)
{
    struct text line = { 0 };
    if (s->pairs == 0) {
        text_add(t, s->one_capture ? "No connection in this capture is seen on both sides of anything.\n" : "No TLS handshake at the client's side.\n");
        return;
    }
    if (s->by_relation[RELATION_REPEATED] != 0) {
        text_printf(&line, "%zu of %zu targets asked twice; %zu fail%s now.", s->by_relation[RELATION_REPEATED], s->pairs + s->left_over, s->failed,
                    s->failed == 1 ? "s" : "");
        text_wrap(t, line.s, 0, report_width(o));
        text_char(t, '\n');
        text_free(&line);
        return;
    }
    text_printf(&line, "%zu connection%s compared: %zu forwarded, %zu edited, %zu terminated, %zu not seen at the server's side; %zu failed.", s->pairs,
                s->pairs == 1 ? "" : "s", s->by_relation[RELATION_FORWARDED], s->by_relation[RELATION_EDITED], s->by_relation[RELATION_TERMINATED],
                s->by_relation[RELATION_UNPAIRED], s->failed);
    if (s->left_over != 0)
        text_printf(&line, " %zu of the server's side belong to none of them.", s->left_over);
    if (s->offset_known && !s->one_capture)
        text_printf(&line, " The server side's clock is %.3f ms %s.", (double)(s->offset_ns < 0 ? -s->offset_ns : s->offset_ns) / 1e6,
                    s->offset_ns < 0 ? "behind" : "ahead");
    text_wrap(t, line.s, 0, report_width(o));
    text_char(t, '\n');
    text_free(&line);
}

/* ---- JSON */

static void verdict(struct json *j, const struct comparison *c)
{
    const struct finding *f = &c->f;
    json_open(j, "tlswhy", '{');
    json_str(j, "category", cause_of(f->cause)->category);
    if (f->side != BLAME_NONE)
        json_str(j, "side", blame_name(f->side));
    json_str(j, "certainty", sure_name(f->sure));
    if (f->because != NULL)
        json_str(j, "because", f->because);
    json_open(j, "lost_bytes", '{');
    json_uint(j, "client", c->lost[CLIENT]);
    json_uint(j, "server", c->lost[SERVER]);
    json_close(j, '}');
    json_open(j, "evidence", '[');
    for (size_t i = 0; i < f->evidence_n; i++) {
        json_open(j, NULL, '{');
        json_str(j, "capture", c->from_server[i] ? "server" : "client");
        json_uint(j, "frame", f->evidence[i].frame);
        if (f->evidence[i].from >= 0)
            json_str(j, "from", f->evidence[i].from == CLIENT ? "client" : "server");
        json_str(j, "what", f->evidence[i].what);
        json_str(j, "note", f->evidence[i].note != NULL ? f->evidence[i].note : "");
        json_close(j, '}');
    }
    json_close(j, ']');
    json_strs(j, "alternatives", f->alternatives, f->alternatives_n);
    json_strs(j, "fix", f->fix, f->fix_n);
    json_strs(j, "settle", f->settle, f->settle_n);
    json_close(j, '}');
}

void compare_json(struct text *out, const struct report_options *o, const struct comparison *c)
{
    struct json j = { .out = out };
    bool        good = strcmp(c->f.cause, "ok") == 0;
    (void)o;
    json_open(&j, NULL, '{');
    json_str(&j, "type", "comparison");
    json_str(&j, "schema", "tlswhy/1");
    json_str(&j, "relation", relation_name(c->pair.relation));
    json_open(&j, "event", '{');
    json_str(&j, "kind", "event");
    json_str(&j, "outcome", good ? "success" : finding_result(c->pair.client->h, &c->f) == RESULT_UNCLEAR ? "unknown" : "failure");
    json_str(&j, "code", c->f.cause);
    json_str(&j, "reason", c->f.why);
    json_close(&j, '}');
    verdict(&j, c);
    json_open(&j, "changes", '[');
    for (size_t i = 0; i < c->changes; i++) {
        json_open(&j, NULL, '{');
        json_str(&j, "field", c->change[i].field);
        json_str(&j, "client", c->change[i].client);
        json_str(&j, "server", c->change[i].server);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_handshake_object(&j, "client", c->pair.client->h, &c->pair.client->f);
    if (c->pair.server != NULL)
        json_handshake_object(&j, "server", c->pair.server->h, &c->pair.server->f);
    json_close(&j, '}');
    text_char(out, '\n');
}
