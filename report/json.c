#include "tlswhy/report.h"

#include "tlswhy/profile.h"

#include <stdio.h>
#include <string.h>

/* One object a line; fields, their order and when they are absent or null: see doc/schema.json. In what a peer
 * offers or sends, absent means not seen and null means seen and not there. */

static void u16_list(struct json *j, const char *key, const struct u16s *list, const char *(*name)(uint16_t, char *))
{
    char buf[NAME_MAX_LEN];
    if (list->v == NULL) {
        json_nil(j, key);
        return;
    }
    json_open(j, key, '[');
    for (size_t i = 0; i < list->n; i++) {
        if (!is_grease(list->v[i]))
            json_str(j, NULL, name(list->v[i], buf));
    }
    json_close(j, ']');
}

static const char *version_text(uint16_t v, char *buf) { return version_name(v, buf); }
static const char *group_text(uint16_t v, char *buf) { return group_name(v, buf); }
static const char *sigalg_text(uint16_t v, char *buf) { return sigalg_name(v, buf); }

static void suite_list(struct json *j, const char *key, const struct u32s *list)
{
    char buf[NAME_MAX_LEN];
    json_open(j, key, '[');
    for (size_t i = 0; i < list->n; i++) {
        if (list->v[i] > 0xffff || !is_grease((uint16_t)list->v[i]))
            json_str(j, NULL, suite_name(list->v[i], buf));
    }
    json_close(j, ']');
}

static void bytes_or_null(struct json *j, const char *key, struct bytes b)
{
    if (b.p == NULL)
        json_nil(j, key);
    else
        json_bytes(j, key, b.p, b.n);
}

static const char *side_name(int side) { return side == CLIENT ? "client" : side == SERVER ? "server" : NULL; }

static void frame_of(struct json *j, const char *key, uint64_t frame)
{
    if (frame != 0)
        json_uint(j, key, frame);
}

static void endpoint(struct json *j, const char *key, const struct endpoint *e, struct bytes dns_name)
{
    char buf[64];
    json_open(j, key, '{');
    if (dns_name.n != 0)
        json_bytes(j, "domain", dns_name.p, dns_name.n);
    json_str(j, "ip", endpoint_ip_text(e, buf));
    json_uint(j, "port", e->port);
    json_close(j, '}');
}

static void event(struct json *j, const struct handshake *h, const struct finding *f)
{
    static const char *const outcomes[] = { "success", "failure", "unknown", "success" };
    json_open(j, "event", '{');
    json_str(j, "kind", "event");
    json_open(j, "category", '[');
    json_str(j, NULL, "network");
    json_close(j, ']');
    json_str(j, "outcome", outcomes[finding_result(h, f)]);
    json_str(j, "code", f->cause);
    json_str(j, "reason", f->why);
    json_close(j, '}');
}

/* "TLS 1.0" is "1.0" of "tls", as the Elastic Common Schema has it. */
static void version_fields(struct json *j, uint16_t version)
{
    char        buf[NAME_MAX_LEN], protocol[8] = "";
    const char *name = version_name(version, buf), *space = strchr(name, ' ');
    size_t      n = space != NULL ? (size_t)(space - name) : 0;
    if (space == NULL || n >= sizeof protocol)
        return;
    for (size_t i = 0; i < n; i++)
        protocol[i] = (char)(name[i] | 0x20);
    json_str(j, "version", space + 1);
    json_str(j, "version_protocol", protocol);
}

static void tls_server(struct json *j, struct handshake *h)
{
    bool certificate = knows(h, KNOW_CERTIFICATE) && h->cert_count != 0;
    if (!certificate && h->ja3s[0] == '\0')
        return;
    json_open(j, "server", '{');
    if (certificate) {
        const struct cert *leaf = h->certs[0];
        char   date[40], hash[65];
        json_str(j, "subject", x509_name_text(&h->arena, &leaf->subject));
        json_str(j, "issuer", x509_name_text(&h->arena, &leaf->issuer));
        if (leaf->not_before.ok) {
            time_rfc3339_s(date, leaf->not_before.s);
            json_str(j, "not_before", date);
        }
        if (leaf->not_after.ok) {
            time_rfc3339_s(date, leaf->not_after.s);
            json_str(j, "not_after", date);
        }
        for (size_t i = 0; i < 32; i++) { /* in capitals, as the Elastic Common Schema has it */
            hash[2 * i] = "0123456789ABCDEF"[cert_sha256(leaf)[i] >> 4];
            hash[2 * i + 1] = "0123456789ABCDEF"[cert_sha256(leaf)[i] & 15];
        }
        hash[64] = '\0';
        json_open(j, "hash", '{');
        json_str(j, "sha256", hash);
        json_close(j, '}');
    }
    if (h->ja3s[0] != '\0')
        json_str(j, "ja3s", h->ja3s);
    json_close(j, '}');
}

static void tls(struct json *j, struct handshake *h)
{
    char     buf[NAME_MAX_LEN];
    bool     hello = knows(h, KNOW_CLIENT_HELLO), answer = knows(h, KNOW_SERVER_HELLO);
    uint16_t group = h->answer.group != 0 ? h->answer.group : h->kex.group;
    json_open(j, "tls", '{');
    json_bool(j, "established", h->outcome == OUTCOME_ESTABLISHED);
    if (answer) {
        version_fields(j, handshake_version(h));
        json_str(j, "cipher", suite_name(h->answer.suite, buf));
        if (group != 0)
            json_str(j, "curve", group_name(group, buf));
        json_bool(j, "resumed", h->resumed);
        if (h->answer.alpn.p != NULL || !version_is_13(handshake_version(h))) /* TLS 1.3 sends it encrypted */
            bytes_or_null(j, "next_protocol", h->answer.alpn);
    }
    if (hello || knows(h, KNOW_CLIENT_HELLO_PART)) {
        json_open(j, "client", '{');
        if (hello || h->hello.sni.p != NULL)
            bytes_or_null(j, "server_name", h->hello.sni);
        if (h->ja3[0] != '\0')
            json_str(j, "ja3", h->ja3);
        if (h->hello.suites.v != NULL)
            suite_list(j, "supported_ciphers", &h->hello.suites);
        json_close(j, '}');
    }
    tls_server(j, h);
    json_close(j, '}');
}

/* The hello as the client meant it; the lists are not cut. */
static void client(struct json *j, const struct handshake *h)
{
    const struct client_hello *c = &h->hello;
    char buf[NAME_MAX_LEN];
    if (!knows(h, KNOW_CLIENT_HELLO) && !knows(h, KNOW_CLIENT_HELLO_PART))
        return;
    json_open(j, "client", '{');
    json_str(j, "max_version", version_name(c->max_version, buf));
    if (knows(h, KNOW_CLIENT_HELLO)) {
        u16_list(j, "versions", &c->versions, version_text);
        suite_list(j, "ciphers", &c->suites);
        u16_list(j, "groups", &c->groups, group_text);
        u16_list(j, "signature_algorithms", &c->sigalgs, sigalg_text);
        if (c->alpn.v == NULL) {
            json_nil(j, "alpn");
        } else {
            json_open(j, "alpn", '[');
            for (size_t i = 0; i < c->alpn.n; i++)
                json_bytes(j, NULL, c->alpn.v[i].p, c->alpn.v[i].n);
            json_close(j, ']');
        }
        if (h->client != NULL && h->client->how != MATCH_NONE) {
            json_open(j, "profiles", '[');
            for (size_t i = 0; i < h->client->n; i++)
                json_str(j, NULL, h->client->profiles[i]->id);
            json_close(j, ']');
            json_str(j, "match", match_name(h->client->how));
        }
        if (h->ja4[0] != '\0')
            json_str(j, "ja4", h->ja4);
    }
    json_close(j, '}');
}

static void alerts(struct json *j, const struct handshake *h)
{
    char buf[NAME_MAX_LEN];
    json_open(j, "alerts", '[');
    for (size_t i = 0; i < h->alert_count; i++) {
        const struct alert *a = &h->alerts[i];
        json_open(j, NULL, '{');
        json_str(j, "from", side_name((int)a->from));
        if (!a->encrypted) {
            if (a->level == 1 || a->level == 2)
                json_str(j, "level", a->level == 2 ? "fatal" : "warning");
            else
                json_uint(j, "level", a->level);
            json_str(j, "description", alert_name(a->number, buf));
            json_uint(j, "number", a->number);
        }
        json_bool(j, "encrypted", a->encrypted || a->decrypted);
        if (a->decrypted)
            json_bool(j, "decrypted", true);
        frame_of(j, "frame", a->where.frame);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void closing(struct json *j, const struct closing *c)
{
    if (c->how == CLOSE_NONE)
        return;
    json_open(j, "close", '{');
    json_str(j, "by", side_name((int)c->by));
    json_str(j, "how", c->how == CLOSE_FIN ? "fin" : "rst");
    frame_of(j, "frame", c->where.frame);
    if (c->since_peer >= 0)
        json_fixed(j, "ms", (double)c->since_peer / 1e6, 3);
    json_close(j, '}');
}

static void prelude(struct json *j, const struct prelude *p)
{
    static const char *const kinds[] = { NULL, "connect", "starttls", "socks", "proxy-protocol" };
    if (p->kind == PRELUDE_NONE)
        return;
    json_open(j, "prelude", '{');
    json_str(j, "kind", kinds[p->kind]);
    if (p->protocol != NULL)
        json_str(j, "protocol", p->protocol);
    if (p->host.p != NULL) {
        json_bytes(j, "host", p->host.p, p->host.n);
        json_uint(j, "port", p->port);
    }
    if (p->status != 0)
        json_int(j, "status", p->status);
    if (p->answer.p != NULL)
        json_bytes(j, "answer", p->answer.p, p->answer.n);
    if (p->server.p != NULL)
        json_bytes(j, "server", p->server.p, p->server.n);
    if (p->location.p != NULL)
        json_bytes(j, "location", p->location.p, p->location.n);
    if (p->schemes.v != NULL) {
        json_open(j, "schemes", '[');
        for (size_t i = 0; i < p->schemes.n; i++)
            json_bytes(j, NULL, p->schemes.v[i].p, p->schemes.v[i].n);
        json_close(j, ']');
    }
    json_close(j, '}');
}

static void inside(struct json *j, const struct inside *in)
{
    if (in == NULL)
        return;
    json_open(j, "inside", '{');
    json_bool(j, "established", in->finished);
    if (in->status != 0)
        json_int(j, "http_status", in->status);
    if (in->line.p != NULL)
        json_bytes(j, "answer", in->line.p, in->line.n);
    if (in->server.p != NULL)
        json_bytes(j, "server", in->server.p, in->server.n);
    if (in->error.p != NULL)
        json_bytes(j, "error", in->error.p, in->error.n);
    if (in->reason.p != NULL)
        json_bytes(j, "reason", in->reason.p, in->reason.n);
    json_str(j, "note", in->trouble != NULL ? in->trouble : proxy_page(in) ? "the proxy's error page, seen inside an intercepted handshake" : "the answer to one request, sent inside the handshake");
    json_close(j, '}');
}

/* What the server asked of the client, and what it got. */
static void client_certificate(struct json *j, const struct handshake *h)
{
    const struct cert_request *r = &h->cert_request;
    struct arena               a = { 0 };
    if (!knows(h, KNOW_CERT_REQUEST))
        return;
    json_open(j, "client_certificate", '{');
    json_uint(j, "authorities_total", r->authorities);
    json_open(j, "authorities", '[');
    for (size_t i = 0; i < r->ca_names.n; i++)
        json_str(j, NULL, x509_der_name_text(&a, r->ca_names.v[i]));
    json_close(j, ']');
    if (knows(h, KNOW_CLIENT_CERT))
        json_str(j, "sent", h->client_cert_count != 0 ? x509_name_text(&a, &h->client_certs[0]->subject) : NULL);
    json_close(j, '}');
    arena_free(&a);
}

static void quic(struct json *j, const struct quic_facts *q)
{
    char buf[16];
    if (q->version == 0)
        return;
    snprintf(buf, sizeof buf, "0x%08x", q->version);
    json_open(j, "quic", '{');
    json_str(j, "version", buf);
    json_bool(j, "retry", q->retry);
    if (q->offered.v != NULL) {
        json_open(j, "versions_offered", '[');
        for (size_t i = 0; i < q->offered.n; i++) {
            snprintf(buf, sizeof buf, "0x%08x", q->offered.v[i]);
            json_str(j, NULL, buf);
        }
        json_close(j, ']');
    }
    json_close(j, '}');
}

static void chain(struct json *j, const struct chain *c)
{
    static const char *const verdicts[] = { "ok", "fail", "unknown" }, *const severities[] = { "info", "warning", "error" };
    if (c == NULL)
        return;
    json_open(j, "chain", '{');
    json_str(j, "verdict", verdicts[c->verdict]);
    json_str(j, "primary", c->primary);
    json_open(j, "problems", '[');
    for (size_t i = 0; i < c->n; i++) {
        const struct chain_problem *p = &c->problems[i];
        json_open(j, NULL, '{');
        json_str(j, "code", p->code);
        json_str(j, "severity", severities[p->severity]);
        if (p->cert >= 0)
            json_int(j, "cert", p->cert);
        if (p->role != NULL)
            json_str(j, "role", p->role);
        if (p->detail != NULL)
            json_str(j, "detail", p->detail);
        json_close(j, '}');
    }
    json_close(j, ']');
    json_close(j, '}');
}

static void evidence(struct json *j, const struct handshake *h, const struct finding *f)
{
    json_open(j, "evidence", '[');
    for (size_t i = 0; i < f->evidence_n; i++) {
        const struct evidence *e = &f->evidence[i];
        json_open(j, NULL, '{');
        frame_of(j, "frame", e->frame);
        if (e->stream != h->stream)
            json_uint(j, "stream", e->stream);
        if (e->from >= 0)
            json_str(j, "from", side_name(e->from));
        json_str(j, "what", e->what);
        json_str(j, "note", e->note);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void frames(struct json *j, const struct handshake *h, const struct finding *f)
{
    json_open(j, "frames", '{');
    frame_of(j, "first", h->first.frame);
    frame_of(j, "hello", h->hello.where.frame);
    frame_of(j, "answer", h->answer.where.frame);
    frame_of(j, "decisive", f->decisive);
    frame_of(j, "last", h->last.frame);
    json_close(j, '}');
}

static void verdict(struct json *j, struct handshake *h, const struct finding *f)
{
    const struct cause *cause = cause_of(f->cause);
    char history[128], buf[NAME_MAX_LEN], filter[32];
    handshake_history(h, history, sizeof history);
    snprintf(filter, sizeof filter, "%s.stream == %u", h->datagram ? "udp" : "tcp", h->stream);
    json_open(j, "tlswhy", '{');
    json_str(j, "category", cause->category);
    if (f->side != BLAME_NONE)
        json_str(j, "side", blame_name(f->side));
    json_str(j, "certainty", sure_name(f->sure));
    if (f->because != NULL)
        json_str(j, "because", f->because);
    json_str(j, "outcome", outcome_name(h->outcome));
    json_uint(j, "stream", h->stream);
    if (knows(h, KNOW_SERVER_HELLO))
        json_str(j, "version", version_name(handshake_version(h), buf));
    json_str(j, "history", history);
    frames(j, h, f);
    client(j, h);
    alerts(j, h);
    closing(j, &h->close);
    prelude(j, &h->prelude);
    quic(j, &h->quic);
    inside(j, h->inside);
    client_certificate(j, h);
    chain(j, h->chain);
    json_uint(j, "missing_bytes", h->tcp.missing[CLIENT] + h->tcp.missing[SERVER]);
    evidence(j, h, f);
    json_strs(j, "ruled_out", f->ruled_out, f->ruled_out_n);
    json_strs(j, "alternatives", f->alternatives, f->alternatives_n);
    json_strs(j, "fix", f->fix, f->fix_n);
    json_strs(j, "settle", f->settle, f->settle_n);
    json_str(j, "filter", filter);
    if (f->corrects != NULL) {
        json_open(j, "corrects", '{');
        json_str(j, "code", f->corrects);
        json_str(j, "certainty", sure_name(f->corrects_sure));
        json_close(j, '}');
    }
    json_close(j, '}');
}

/* What a probe's attempt was made for: of now, or of a recording. */
static void probe(struct json *j, const struct handshake *h)
{
    const struct probed *p = h->probed;
    const struct place  *syn = &h->tcp.syn, *opened = &h->tcp.syn_ack;
    char address[64];
    json_open(j, "probe", '{');
    json_str(j, "target", p->typed);
    json_uint(j, "attempt", p->attempt);
    json_str(j, "as", p->as);
    if (p->changed != NULL)
        json_str(j, "changed", p->changed);
    if (opened->frame != 0)
        json_fixed(j, "connect_ms", (double)(opened->ns - syn->ns) / 1e6, 3);
    json_str(j, "address", endpoint_ip_text(&h->ends[SERVER], address));
    if (p->unopened != 0)
        json_uint(j, "addresses_unopened", p->unopened);
    if (p->untried != 0)
        json_uint(j, "addresses_untried", p->untried);
    json_str(j, "proxy", h->way != NULL ? h->way->proxy : NULL);
    if (h->way != NULL)
        json_str(j, "proxy_login", h->way->login);
    if (p->direct != NULL)
        json_str(j, "direct", p->direct);
    if (p->final)
        json_bool(j, "final", true);
    json_close(j, '}');
}

void json_handshake_object(struct json *j, const char *key, struct handshake *h, const struct finding *f)
{
    char time[40], community[48];
    handshake_fingerprints(h);
    handshake_community_id(h, community);
    time_rfc3339(time, h->start_ns);
    json_open(j, key, '{');
    json_str(j, "type", "handshake");
    json_str(j, "schema", "tlswhy/1");
    json_str(j, "@timestamp", time);
    if (h->probed != NULL)
        probe(j, h);
    if (h->file != NULL)
        json_str(j, "file", h->file);
    event(j, h, f);
    endpoint(j, "source", &h->ends[CLIENT], (struct bytes){ 0 });
    endpoint(j, "destination", &h->ends[SERVER], h->dns_name);
    json_open(j, "network", '{');
    json_str(j, "transport", h->datagram ? "udp" : "tcp");
    json_str(j, "community_id", community);
    json_close(j, '}');
    tls(j, h);
    verdict(j, h, f);
    json_close(j, '}');
}

static void json_handshake(struct text *out, const struct report_options *o, struct handshake *h, const struct finding *f)
{
    struct json j = { .out = out };
    (void)o;
    json_handshake_object(&j, NULL, h, f);
    text_char(out, '\n');
}

static void json_fetches(struct json *j, const struct summary *s)
{
    char buf[64];
    json_open(j, "fetches", '[');
    for (size_t i = 0; i < s->notes_n; i++) {
        const struct fetch_note *n = &s->notes[i];
        json_open(j, NULL, '{');
        if (n->file != NULL)
            json_str(j, "file", n->file);
        json_uint(j, "stream", n->stream);
        json_uint(j, "frame", n->frame);
        json_str(j, "client", endpoint_ip_text(&n->client, buf));
        json_str(j, "what", n->what);
        if (n->agent != NULL)
            json_str(j, "agent", n->agent);
        json_str(j, "url", n->url);
        if (n->status != 0)
            json_uint(j, "status", (uint64_t)n->status);
        json_str(j, "state", n->state);
        if (n->primary != NULL)
            json_str(j, "primary", n->primary);
        json_str(j, "got", n->got);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void json_eap(struct json *j, const struct summary *s)
{
    bool any = false;
    for (size_t i = 0; i < EAP_METHODS; i++)
        any |= s->eap[i] != 0;
    if (!any)
        return;
    json_open(j, "eap", '{');
    for (size_t i = 0; i < EAP_METHODS; i++) {
        if (s->eap[i] != 0)
            json_uint(j, eap_method_name(i), s->eap[i]);
    }
    json_close(j, '}');
}

static void json_summary(struct text *out, const struct report_options *o, const struct summary *s, struct group_table *groups)
{
    struct json j = { .out = out };
    (void)o;
    (void)groups;
    json_open(&j, NULL, '{');
    json_str(&j, "type", "summary");
    json_str(&j, "schema", "tlswhy/1");
    json_uint(&j, "handshakes", s->handshakes);
    json_uint(&j, "failed", s->failed);
    json_uint(&j, "unknown", s->unknown + s->partial);
    json_uint(&j, "other_connections", s->other_connections);
    if (s->secrets)
        json_uint(&j, "decrypted", s->decrypted);
    json_uint(&j, "packets", s->packets);
    json_uint(&j, "dropped", s->dropped);
    json_uint(&j, "evicted", s->evicted);
    json_eap(&j, s);
    if (s->interim)
        json_bool(&j, "interim", true);
    json_bool(&j, "complete", s->complete);
    if (s->incomplete != NULL)
        json_str(&j, "incomplete", s->incomplete);
    json_open(&j, "causes", '{');
    for (size_t i = 0; i < s->causes_n; i++)
        json_uint(&j, s->causes[i].code, s->causes[i].n);
    json_close(&j, '}');
    if (s->notes_n != 0)
        json_fetches(&j, s);
    json_close(&j, '}');
    text_char(out, '\n');
}

const struct renderer json_renderer = { .name = "json", .handshake = json_handshake, .summary = json_summary };
