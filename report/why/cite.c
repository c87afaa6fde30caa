#include "say.h"

#include "tlswhy/profile.h"

#include <stdio.h>
#include <string.h>

void cite(struct finding *f, const struct handshake *h, uint64_t frame, int from, const char *what, const char *label,
          const char *note)
{
    if (f->evidence_n == FINDING_LIST)
        return;
    f->evidence[f->evidence_n++] = (struct evidence){
        .frame = frame, .from = from, .what = what, .label = label, .note = note, .stream = h->stream
    };
}

const char *duration_text(struct arena *a, int64_t ns)
{
    double ms = (double)ns / 1e6;
    return ms < 10 ? arena_printf(a, "%.1f ms", ms) : ms < 1000 ? arena_printf(a, "%.0f ms", ms) : arena_printf(a, "%.1f s", ms / 1000);
}

const struct client_match *recognised(const struct handshake *h)
{
    enum { NEAR = 90 }; /* per cent; what is less alike says little */
    const struct client_match *m = h->client;
    bool known = m != NULL && m->n != 0 && (m->how == MATCH_EXACT || (m->how == MATCH_NEAREST && m->similarity >= NEAR));
    return known ? m : NULL;
}

/* "; the hello of Windows Vista SP2, IE 9 and 2 more": who sends such a hello, "" where nobody known does. */
static const char *client_note(struct arena *a, const struct client_match *m)
{
    if (m == NULL)
        return "";
    const char *more = m->n > 1 ? arena_printf(a, " and %zu more", m->n - 1) : "";
    return arena_printf(a, "; %s %s%s", m->how == MATCH_EXACT ? "the hello of" : "nearly the hello of", m->profiles[0]->name,
                        m->how == MATCH_EXACT ? more : "");
}

static const char *hello_note(struct arena *a, const struct client_hello *hello, const struct client_match *client)
{
    char   version[NAME_MAX_LEN];
    size_t n = real_suites(hello);
    return arena_printf(a, "%s, %zu cipher suite%s%s%s%s", version_name(hello->max_version, version), n, n == 1 ? "" : "s",
                        hello->sni.p == NULL ? ", no server name" : "",
                        hello->sigalgs.v == NULL && !hello->v2_format ? ", no signature_algorithms" : "", client_note(a, client));
}

void cite_hello(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    if (c->brief || !knows(h, KNOW_CLIENT_HELLO))
        return;
    cite(f, h, h->hello.where.frame, CLIENT, "client_hello", "ClientHello", hello_note(c->arena, &h->hello, recognised(h)));
}

void cite_answer(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    char version[NAME_MAX_LEN], suite[NAME_MAX_LEN];
    if (c->brief || !knows(h, KNOW_SERVER_HELLO))
        return;
    cite(f, h, h->answer.where.frame, SERVER, "server_hello", "ServerHello",
         arena_printf(c->arena, "%s, %s", version_name(handshake_version(h), version), suite_name(h->answer.suite, suite)));
}

void cite_certificate(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    if (c->brief || !knows(h, KNOW_CERTIFICATE) || h->cert_count == 0)
        return;
    const struct cert *leaf = h->certs[0];
    cite(f, h, h->certs_at.frame, SERVER, "certificate", "Certificate",
         leaf->malformed ? arena_printf(c->arena, "does not decode at %s", leaf->broken != NULL ? leaf->broken : "its start")
                         : arena_printf(c->arena, "%s <- %s, %s; %zu sent", cert_short_name(c->arena, leaf), leaf->self_issued ? "itself" : x509_name_short(c->arena, &leaf->issuer),
                                        cert_sig_name(leaf), h->cert_count));
}

void cite_alert(const struct case_file *c, struct finding *f, const struct alert *a)
{
    char name[NAME_MAX_LEN];
    if (c->brief || a == NULL)
        return;
    const char *note = a->encrypted ? "encrypted" : a->level == 2 ? "fatal" : a->level == 1 ? "warning" : "of no known level";
    if (!a->encrypted)
        note = arena_printf(c->arena, "%s, %s (%u)%s", note, alert_name(a->number, name), a->number, a->decrypted ? ", decrypted" : "");
    cite(f, c->h, a->where.frame, (int)a->from, "alert", "Alert", note);
}

void cite_close(const struct case_file *c, struct finding *f)
{
    const struct closing *end = &c->h->close;
    if (c->brief || end->how == CLOSE_NONE)
        return;
    const char *note = end->since_peer >= 0 ? arena_printf(c->arena, "%s after the %s", duration_text(c->arena, end->since_peer),
                                                           end->by == CLIENT ? "server's last packet" : "client's last packet")
                                            : "";
    bool fin = end->how == CLOSE_FIN;
    cite(f, c->h, end->where.frame, (int)end->by, fin ? "fin" : "rst", fin ? "FIN" : "RST", note);
}

void cite_prelude(const struct case_file *c, struct finding *f)
{
    const struct prelude *p = &c->h->prelude;
    if (c->brief || p->kind == PRELUDE_NONE)
        return;
    if (p->asked.frame != 0) {
        const char *host = p->host.p != NULL ? safe_str(c->arena, p->host.p, p->host.n) : NULL;
        cite(f, c->h, p->asked.frame, CLIENT, "prelude", p->kind == PRELUDE_CONNECT ? "CONNECT" : p->kind == PRELUDE_SOCKS ? "SOCKS" : "plain text",
             host != NULL ? arena_printf(c->arena, "%s:%u", host, p->port) : p->protocol != NULL ? p->protocol : "");
    }
    if (p->answered.frame != 0)
        cite(f, c->h, p->answered.frame, SERVER, "prelude_answer", "answer",
             p->answer.p != NULL ? safe_str(c->arena, p->answer.p, p->answer.n) : arena_printf(c->arena, "%d", p->status));
}

void cite_plain(const struct case_file *c, struct finding *f, enum side side)
{
    const struct plain *p = &c->h->plain[side];
    if (p->start.p == NULL)
        return;
    size_t line = 0;
    while (line < p->start.n && line < 48 && p->start.p[line] != '\r' && p->start.p[line] != '\n')
        line++;
    cite(f, c->h, p->where.frame, (int)side, "plain", "no TLS",
         arena_printf(c->arena, "%s%s\"%s\"", p->protocol != NULL ? p->protocol : "", p->protocol != NULL ? ": " : "",
                      safe_str(c->arena, p->start.p, line)));
}

void cite_opening(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    if (h->tcp.syn.frame != 0)
        cite(f, h, h->tcp.syn.frame, CLIENT, "syn", "SYN", h->tcp.syns > 1 ? arena_printf(c->arena, "sent %u times", h->tcp.syns) : "");
    if (h->tcp.syn_ack.frame != 0)
        cite(f, h, h->tcp.syn_ack.frame, SERVER, "syn_ack", "SYN-ACK", "");
    if (h->refused || h->unreachable)
        cite(f, h, h->error_at.frame, SERVER, h->refused ? "rst" : "icmp", h->refused ? "RST" : "ICMP",
             h->refused ? "the connection is refused" : arena_printf(c->arena, "unreachable, type %d code %d", h->code >> 8, h->code & 0xff));
}

/* A few lines: insertion is enough, and keeps what stands in one frame in its order. */
static void in_frame_order(struct finding *f)
{
    for (size_t i = 1; i < f->evidence_n; i++) {
        struct evidence e = f->evidence[i];
        size_t          k = i;
        for (; k > 0 && f->evidence[k - 1].frame > e.frame; k--)
            f->evidence[k] = f->evidence[k - 1];
        f->evidence[k] = e;
    }
}

void cite_story(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    if (h->outcome == OUTCOME_NOT_OPENED)
        cite_opening(c, f);
    cite_prelude(c, f);
    cite_hello(c, f);
    cite_answer(c, f);
    cite_certificate(c, f);
    if (h->prelude.kind == PRELUDE_NONE || h->prelude.accepted) { /* else it is the prelude itself */
        cite_plain(c, f, CLIENT);
        cite_plain(c, f, SERVER);
    }
    cite_alert(c, f, alert_before_end(h, SIDE_ANY));
    if (h->outcome != OUTCOME_ESTABLISHED)
        cite_close(c, f);
    in_frame_order(f);
}
