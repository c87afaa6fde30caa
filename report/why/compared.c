/* compared.c - what two views of one connection prove together: who was at fault, where a reset was born, where bytes got
 * lost, and what something in between did to the handshake. */
#include "tlswhy/compare.h"
#include "refusal.h"

#include <string.h>

/* Both views, and what is said about them. On the server's side of something that ends TLS the client is that thing. */
struct both {
    struct case_file   c, s; /* client's and server's view; s.h NULL: none */
    const struct view *cv, *sv;
    enum relation      relation;
    enum paired_by     by;
    bool               rivals, covered;
};

static bool fine(const struct view *v) { return finding_result(v->h, &v->f) == RESULT_SUCCESS; }
static bool failed(const struct view *v) { return finding_result(v->h, &v->f) == RESULT_FAILURE; }
static bool in_tunnel(const struct handshake *h) { return h->prelude.kind == PRELUDE_CONNECT || h->prelude.kind == PRELUDE_SOCKS; }
static bool about_trust(const struct finding *f)
{
    const char *category = cause_of(f->cause)->category;
    return strcmp(category, "trust") == 0 || strcmp(category, "sha2") == 0;
}

/* What stands between the two captures, in words. */
static const char *middle(const struct both *b) { return in_tunnel(b->c.h) ? "the proxy" : "something on the way"; }
static enum blame blame_middle(const struct both *b) { return in_tunnel(b->c.h) ? BLAME_PROXY : BLAME_PATH; }

/* A pair by name or time alone may be two strangers. */
static enum sure surely(const struct both *b, enum sure sure)
{
    bool weak = b->by == BY_TIME || b->rivals;
    return weak && sure > POSSIBLE ? sure - 1 : sure;
}

static bool verdict(const struct both *b, struct finding *f, const char *cause, enum blame side, enum sure sure, const char *because, const char *why)
{
    f->rule = "compared";
    f->cause = cause;
    f->side = side;
    f->sure = surely(b, sure);
    f->because = f->sure != sure ? "the two views were paired by name and time only" : because;
    f->why = why[0] >= 'a' && why[0] <= 'z' ? WORDS(&b->c, "%c%s", why[0] - 'a' + 'A', why + 1) : why;
    return true;
}

/* One view's own verdict stands for both; sides are those of its own capture. */
static bool stands(const struct both *b, const struct view *v, struct finding *f)
{
    f->rule = v->f.rule;
    f->cause = v->f.cause;
    f->side = v->f.side;
    f->sure = v->f.sure;
    f->because = v->f.because;
    f->why = v->f.why;
    f->decisive = v == b->cv ? v->f.decisive : 0;
    memcpy(f->alternatives, v->f.alternatives, sizeof f->alternatives);
    memcpy(f->ruled_out, v->f.ruled_out, sizeof f->ruled_out);
    memcpy(f->fix, v->f.fix, sizeof f->fix);
    memcpy(f->settle, v->f.settle, sizeof f->settle);
    f->alternatives_n = v->f.alternatives_n;
    f->ruled_out_n = v->f.ruled_out_n;
    f->fix_n = v->f.fix_n;
    f->settle_n = v->f.settle_n;
    return true;
}

static bool all_fine(const struct both *b, struct finding *f)
{
    if (!fine(b->cv) || (b->sv != NULL && !fine(b->sv)))
        return false;
    const char *why = b->sv == NULL                        ? "The handshake completed, and the server's side shows nothing of it."
                    : b->relation == RELATION_FORWARDED    ? "The handshake passed unchanged and completed on both sides."
                    : b->relation == RELATION_EDITED       ? WORDS(&b->c, "The handshake completed on both sides, though %s changed it.", middle(b))
                                                           : WORDS(&b->c, "Both sides completed their handshakes; %s ends TLS and makes its own to the server.", middle(b));
    return verdict(b, f, "ok", BLAME_NONE, CERTAIN, NULL, why);
}

/* ---- nothing at the server's side */

static bool never_arrived(const struct both *b, struct finding *f)
{
    const struct handshake *h = b->c.h;
    struct ending           e = ending_of(h);
    const char *seen = b->covered ? "the server's side was captured at that time and shows no packet of it"
                                  : "the server's side shows nothing of it, but perhaps it was not captured at that time, or not of this server";
    enum sure   sure = b->covered ? CERTAIN : LIKELY;
    bool        tunnel = in_tunnel(h);
    if (!knows(h, KNOW_CLIENT_HELLO) || (tunnel && !h->prelude.accepted))
        return false; /* its own verdict says it */
    if (stage_of(h) >= STAGE_FLIGHT)
        return b->covered && b->cv->f.side == BLAME_SERVER && strcmp(cause_of(b->cv->f.cause)->category, "trust") == 0 &&
               verdict(b, f, "interception", BLAME_PROXY, LIKELY, seen,
                       WORDS(&b->c, "The client was shown a certificate, and nothing of this connection reached the server's side: %s answers in its place, and %s.",
                             tunnel ? "the proxy" : "something on the way", ending_words(&b->c, &e)));
    ALSO(f, "server-no-certificate");
    if (offers_13(h))
        ALSO(f, "version-intolerance");
    if (ended_by(&e, SERVER) && e.how == END_RST)
        return verdict(b, f, "tcp-reset", tunnel ? BLAME_PROXY : BLAME_PATH, sure, seen,
                       WORDS(&b->c, "The client's hello was answered with a reset, and nothing of this connection reached the server's side: the reset "
                             "came from %s, not from the server.", tunnel ? "the proxy" : "a box on the way"));
    if (ended_by(&e, SERVER) && e.how == END_FIN && !tunnel && h->plain[SERVER].start.p == NULL)
        return verdict(b, f, "tcp-reset", BLAME_PATH, sure, seen,
                       "The client's hello was answered with a close (FIN), and it never reached the server's side: a box on the way closed, not the "
                       "server.");
    if (ended_by(&e, SERVER) && e.how == END_FIN && tunnel)
        return verdict(b, f, "proxy-upstream", BLAME_PROXY, sure, seen,
                       "The proxy agreed to the tunnel and closed it without passing anything on to the server.");
    if (h->plain[SERVER].start.p != NULL && h->plain[SERVER].where.ns >= h->hello.where.ns)
        return verdict(b, f, "not-tls", tunnel ? BLAME_PROXY : BLAME_PATH, sure, seen,
                       WORDS(&b->c, "%s answered the client's hello in plain text%s%s%s in the server's place: a block page, or a log-in to a network.",
                             tunnel ? "The proxy" : "Something on the way", h->plain[SERVER].protocol != NULL ? " (" : "",
                             h->plain[SERVER].protocol != NULL ? h->plain[SERVER].protocol : "", h->plain[SERVER].protocol != NULL ? ")" : ""));
    if (ended_by(&e, SERVER) && e.alert != NULL)
        return verdict(b, f, b->cv->f.cause, tunnel ? BLAME_PROXY : BLAME_PATH, b->covered ? CERTAIN : LIKELY, seen,
                       WORDS(&b->c, "%s answered the client's hello by itself: %s, and nothing of it reached the server's side.",
                             tunnel ? "The proxy" : "Something on the way", ending_noun(&b->c, &e)));
    if (e.how == END_NONE || ended_by(&e, CLIENT))
        return verdict(b, f, h->hello.raw.n > 1200 ? "hello-size" : "silent-drop", tunnel ? BLAME_PROXY : BLAME_PATH, h->hello.raw.n > 1200 ? LIKELY : sure, seen,
                       WORDS(&b->c, "The client's hello (%zu bytes) got no answer, and it never reached the server's side: %s lost it.", h->hello.raw.n,
                             tunnel ? "the proxy" : "something on the way"));
    return false;
}

/* ---- the same handshake on both sides */

/* Bytes that a sender's own end shows and the receiver's end does not; the dialog with a proxy does not count. */
static uint64_t lost_of(const struct handshake *sent, const struct handshake *got, enum side side, uint64_t sent_skip, uint64_t got_skip)
{
    uint64_t out = sent->tcp.bytes[side] + sent->tcp.missing[side], in = got->tcp.bytes[side] + got->tcp.missing[side];
    out = out > sent_skip ? out - sent_skip : 0;
    in = in > got_skip ? in - got_skip : 0;
    return out > in ? out - in : 0;
}

static uint64_t dialog_bytes(const struct handshake *h, enum side side)
{
    const struct place *p = side == CLIENT ? &h->prelude.asked : &h->prelude.answered;
    return h->prelude.kind == PRELUDE_NONE ? 0 : p->at + p->len;
}

static void lost(const struct both *b, uint64_t out[2])
{
    const struct handshake *x = b->c.h, *y = b->s.h;
    bool                    same = b->relation == RELATION_FORWARDED;
    out[CLIENT] = same ? lost_of(x, y, CLIENT, dialog_bytes(x, CLIENT), dialog_bytes(y, CLIENT)) : 0;
    out[SERVER] = same ? lost_of(y, x, SERVER, dialog_bytes(y, SERVER), dialog_bytes(x, SERVER)) : 0;
}

static bool rst_from(const struct handshake *h, enum side side)
{
    return (h->close.how == CLOSE_RST && h->close.by == side) || (h->close2.how == CLOSE_RST && h->close2.by == side);
}

/* A reset in the server's name that its own end never sent: born on the way. */
static bool reset_on_the_way(const struct both *b, struct finding *f)
{
    const struct handshake *x = b->c.h, *y = b->s.h;
    bool at_client = x->close.how != CLOSE_NONE && x->close.by == SERVER && !(x->close.how == CLOSE_RST && rst_from(y, SERVER));
    bool at_server = y->close.how != CLOSE_NONE && y->close.by == CLIENT; /* though the client saw the other end go first */
    bool cut = x->close.how == CLOSE_RST || at_server; /* a proxy may close towards the client for a server that is silent */
    bool server_left = y->close.how != CLOSE_NONE && y->close.by == SERVER;
    if (x->outcome == OUTCOME_ESTABLISHED || !at_client || !cut || server_left || last_fatal_alert(x, SERVER) != NULL || !knows(y, KNOW_BOTH_SIDES) || last_fatal_alert(y, SERVER) != NULL)
        return false;
    return verdict(b, f, "tcp-reset", blame_middle(b), CERTAIN, "each end saw the other one close, or was reset by an end that did not",
                   at_server ? WORDS(&b->c, "Each end saw the other one close, and neither did: %s cut the connection.", middle(b))
                             : WORDS(&b->c, "The client was reset in the server's name, but the server never sent that reset: it came from %s.", middle(b)));
}

static bool hello_lost(const struct both *b, struct finding *f)
{
    const struct handshake *x = b->c.h, *y = b->s.h;
    if (!knows(x, KNOW_CLIENT_HELLO) || knows(y, KNOW_CLIENT_HELLO) || y->tls_seen[SERVER] || y->tcp.snapped || y->tcp.bytes[CLIENT] >= x->tcp.bytes[CLIENT])
        return false;
    bool large = x->hello.segments > 1 || x->hello.raw.n > 1200;
    return verdict(b, f, large ? "hello-size" : "silent-drop", BLAME_PATH, CERTAIN, "what one end sent is missing at the other",
                   WORDS(&b->c, "The client sent a hello of %zu bytes, and %llu of them reached the server%s.", x->hello.raw.n,
                         (unsigned long long)y->tcp.bytes[CLIENT], large ? ": larger packets get lost on the way" : ""));
}

static bool answer_lost(const struct both *b, const uint64_t missing[2], struct finding *f)
{
    const struct handshake *x = b->c.h, *y = b->s.h;
    struct ending           e = ending_of(x);
    bool waited = e.how == END_NONE || e.where.ns - x->side[SERVER].last_tls.ns > NS_PER_S;
    if (missing[SERVER] == 0 || x->outcome == OUTCOME_ESTABLISHED || e.alert != NULL || rst_from(x, SERVER) || !waited || x->tcp.snapped)
        return false;
    return verdict(b, f, "silent-drop", BLAME_PATH, CERTAIN, "what one end sent is missing at the other",
                   WORDS(&b->c, "The server sent its answer, but its last %llu bytes never reached the client%s: %s.", (unsigned long long)missing[SERVER],
                         y->tcp.retransmissions[SERVER] != 0 ? ", though it sent them again" : "",
                         x->tcp.bytes[SERVER] > dialog_bytes(x, SERVER) ? "larger packets get lost on the way back (an MTU hole)" : "they are lost on the way back"));
}

/* A hello that was changed on its way breaks what both ends sign at the end (RFC 8446 section 4.4, RFC 5246 section 7.4.9). */
static bool edited(const struct both *b, struct finding *f)
{
    const struct client_hello *x = &b->c.h->hello, *y = &b->s.h->hello;
    if (b->relation != RELATION_EDITED)
        return false;
    bool lowered = version_rank(y->max_version) < version_rank(x->max_version);
    return verdict(b, f, lowered ? "version-downgrade" : "protocol-error", blame_middle(b), CERTAIN, "the hello is not the same in both captures",
                   WORDS(&b->c, "%s changed the client's hello on its way to the server%s. Both ends check what was said, so such a handshake cannot end well.",
                         in_tunnel(b->c.h) ? "The proxy" : "Something on the way", lowered ? " and took its newest version out" : ""));
}

/* The same handshake seen twice: the view that is surer speaks for both. How a close looks does not survive a proxy, and
 * what the server's own end shows of the server is nearer to it. */
static bool surer_view(const struct both *b, struct finding *f)
{
    const struct view *v = b->cv;
    struct ending      e = ending_of(b->s.h);
    bool proxy_blamed = strcmp(cause_of(b->cv->f.cause)->category, "proxy") == 0 && ended_by(&e, SERVER); /* for what the server did */
    if (proxy_blamed && failed(b->sv))
        return stands(b, b->sv, f);
    if (failed(b->sv) && (!failed(b->cv) || b->sv->f.sure > b->cv->f.sure || (b->sv->f.sure == b->cv->f.sure && ended_by(&e, SERVER))))
        v = b->sv;
    return stands(b, v, f);
}

/* ---- something in between ends TLS */

static bool same_leaf(const struct both *b)
{
    const struct handshake *x = b->c.h, *y = b->s.h;
    return x->cert_count != 0 && y->cert_count != 0 && memcmp(cert_sha256(x->certs[0]), cert_sha256(y->certs[0]), 32) == 0;
}

static bool client_refused_copy(const struct both *b, struct finding *f)
{
    struct refusal r = refusal_of(b->c.h);
    bool           both_seen = b->c.h->cert_count != 0 && b->s.h->cert_count != 0;
    if (r.when == REFUSED_NOT || fine(b->cv) || same_leaf(b))
        return false;
    return verdict(b, f, "interception", BLAME_PROXY, both_seen ? CERTAIN : LIKELY,
                   both_seen ? "each side shows another certificate for the same name" : "the certificate of one side is not to be seen",
                   both_seen ? WORDS(&b->c, "%s answered with its own certificate (issuer %s) in place of the server's (issuer %s), and %s.",
                                     in_tunnel(b->c.h) ? "The proxy" : "Something on the way", x509_name_short(b->c.arena, &b->c.h->certs[0]->issuer),
                                     x509_name_short(b->c.arena, &b->s.h->certs[0]->issuer), ending_words(&b->c, &r.how))
                             : WORDS(&b->c, "%s ends TLS in the server's place, and %s after its certificate.",
                                     in_tunnel(b->c.h) ? "The proxy" : "Something on the way", ending_words(&b->c, &r.how)));
}

/* Did the side of the proxy towards the server end at the server's certificate, or right after a handshake in which it
 * asked for nothing? */
static bool proxy_refused_server(const struct both *b)
{
    struct refusal r = refusal_of(b->s.h);
    return r.when == REFUSED_AT_FLIGHT || r.when == REFUSED_AT_REPLY || (r.when == REFUSED_AFTER && b->c.h->side[CLIENT].app_records != 0) ||
           (failed(b->sv) && about_trust(&b->sv->f));
}

static const char *inside_words(const struct both *b)
{
    return fine(b->cv) ? " The client's own handshake was fine, so it sees this only in what came inside." : "";
}

static bool upstream_certificate(const struct both *b, struct finding *f)
{
    const struct chain *chain = b->s.h->chain;
    bool                bad = chain != NULL && chain->verdict == CHAIN_FAIL && chain->n != 0;
    bool                told = failed(b->sv) && about_trust(&b->sv->f) && b->sv->f.side == BLAME_SERVER; /* by the proxy's alert, or by the bytes */
    if (!proxy_refused_server(b))
        return false;
    if (failed(b->sv) && about_trust(&b->sv->f))
        ALSO(f, b->sv->f.cause);
    return verdict(b, f, "proxy-upstream", bad || told ? BLAME_SERVER : BLAME_PROXY, (bad || told) && failed(b->sv) ? b->sv->f.sure : LIKELY,
                   bad    ? "the proxy left after the server's certificate, which is bad for us, too"
                   : told ? "the proxy's alert to the server says what it minds"
                          : "the proxy left after the server's certificate, which is not to be seen or looks sound to us",
                   WORDS(&b->c, "The proxy did not accept the server's certificate%s and gave up its own handshake with the server.%s",
                         bad    ? WORDS(&b->c, " (%s)", chain->problems[0].detail)
                         : told ? WORDS(&b->c, " (%s)", cause_of(b->sv->f.cause)->brief)
                                : "",
                         inside_words(b)));
}

/* What the client offered and the proxy's own hello does not: then it is the proxy that is behind. */
static const char *offered_less(const struct both *b)
{
    const struct client_hello *x = &b->c.h->hello, *y = &b->s.h->hello;
    char u[NAME_MAX_LEN], v[NAME_MAX_LEN];
    if (!knows(b->c.h, KNOW_CLIENT_HELLO) || !knows(b->s.h, KNOW_CLIENT_HELLO))
        return NULL;
    if (version_rank(y->max_version) < version_rank(x->max_version))
        return WORDS(&b->c, "the client offers %s, the proxy's own hello %s at most", version_name(x->max_version, u), version_name(y->max_version, v));
    if (x->sni.p != NULL && y->sni.p == NULL)
        return "the client asks for a name, the proxy's own hello does not";
    return NULL;
}

static bool upstream_failed(const struct both *b, struct finding *f)
{
    const char   *less = offered_less(b);
    struct ending e = ending_of(b->s.h);
    if (!failed(b->sv))
        return false;
    ALSO(f, b->sv->f.cause);
    if (b->s.h->outcome == OUTCOME_NOT_OPENED)
        return verdict(b, f, "proxy-upstream", b->sv->f.side, b->sv->f.sure, "seen at the server's side", WORDS(&b->c, "The proxy could not reach the server: %s", b->sv->f.why));
    if (less != NULL && ended_by(&e, SERVER))
        return verdict(b, f, b->sv->f.cause, BLAME_PROXY, LIKELY, less,
                       WORDS(&b->c, "The server refused the proxy's own hello (%s), which offers less than the client's: %s.%s", ending_noun(&b->s, &e), less, inside_words(b)));
    return verdict(b, f, strcmp(b->sv->f.cause, "unknown") == 0 ? "proxy-upstream" : b->sv->f.cause, b->sv->f.side == BLAME_CLIENT ? BLAME_PROXY : b->sv->f.side,
                   b->sv->f.sure == CERTAIN ? LIKELY : b->sv->f.sure, "seen in the proxy's own handshake with the server",
                   WORDS(&b->c, "The proxy's own handshake with the server failed: %s%s", b->sv->f.why, inside_words(b)));
}

/* The server does not answer the proxy, so the proxy does not answer the client. */
static bool server_silent(const struct both *b, struct finding *f)
{
    const struct handshake *y = b->s.h;
    if (fine(b->sv) || stage_of(y) != STAGE_HELLO || server_spoke(y) || y->close.by == SERVER || fine(b->cv) || stage_of(b->c.h) > STAGE_ANSWER)
        return false;
    ALSO(f, "hello-size", "version-intolerance");
    return verdict(b, f, "silent-drop", BLAME_SERVER, LIKELY, "the proxy's hello is at the server's side, and no answer to it",
                   WORDS(&b->c, "%s sent its own hello to the server and got no answer, so the client got none either.",
                         in_tunnel(b->c.h) ? "The proxy" : "What ends TLS on the way"));
}

/* The client's own connection broke, though the server's side is fine: it is between the client and what ends TLS there. */
static bool near_side(const struct both *b, struct finding *f)
{
    if (!failed(b->cv) || !fine(b->sv))
        return false;
    stands(b, b->cv, f);
    f->side = f->side == BLAME_SERVER ? BLAME_PROXY : f->side;
    f->why = WORDS(&b->c, "%s It is not the server that says so: the server's side shows a sound handshake of the proxy's own.", f->why);
    f->ruled_out_n = f->fix_n = 0; /* they speak of the server */
    return true;
}

/* ---- the same question twice */

static bool asked_again(const struct both *b, struct finding *f)
{
    const char *before = b->cv->f.cause, *now = b->sv->f.cause;
    bool        was_fine = fine(b->cv), is_fine = fine(b->sv);
    if (was_fine && is_fine)
        return verdict(b, f, "ok", BLAME_NONE, CERTAIN, NULL, "It worked at the first time and at the second.");
    if (is_fine)
        return verdict(b, f, "ok", BLAME_NONE, CERTAIN, NULL, WORDS(&b->c, "It failed at the first time (%s) and works now.", before));
    stands(b, b->sv, f);
    f->why = was_fine                    ? WORDS(&b->c, "It worked at the first time. %s", f->why)
             : strcmp(before, now) != 0 ? WORDS(&b->c, "It fails for another reason than at the first time (%s). %s", before, f->why)
                                        : WORDS(&b->c, "It fails as it did at the first time. %s", f->why);
    return true;
}

/* ---- all of it */

static bool decide(const struct both *b, const uint64_t missing[2], struct finding *f)
{
    if (b->relation == RELATION_REPEATED)
        return asked_again(b, f);
    if (all_fine(b, f) && !(b->relation == RELATION_TERMINATED && proxy_refused_server(b)))
        return true;
    *f = (struct finding){ 0 };
    if (b->sv == NULL)
        return never_arrived(b, f) || stands(b, b->cv, f);
    if (b->relation != RELATION_TERMINATED)
        return edited(b, f) || reset_on_the_way(b, f) || hello_lost(b, f) || answer_lost(b, missing, f) || surer_view(b, f);
    return client_refused_copy(b, f) || upstream_certificate(b, f) || upstream_failed(b, f) || server_silent(b, f) || near_side(b, f) || stands(b, b->cv, f);
}

/* One view's story, with what came after a handshake that completed. */
static void story_of(const struct case_file *c, struct finding *f)
{
    cite_story(c, f);
    if (c->h->outcome != OUTCOME_ESTABLISHED)
        return;
    for (size_t i = 0; i < c->h->alert_count; i++)
        if (c->h->alerts[i].after_established)
            cite_alert(c, f, &c->h->alerts[i]);
    cite_close(c, f);
}

/* Both stories, each in its order; which capture an entry is of is remembered. Where there is no room for all, the ends
 * tell more than the beginnings. */
static void cite_both(const struct both *b, struct comparison *out)
{
    struct finding story[2] = { { 0 }, { 0 } };
    size_t         most = b->sv != NULL ? FINDING_LIST / 2 : FINDING_LIST;
    story_of(&b->c, &story[0]);
    if (b->sv != NULL)
        story_of(&b->s, &story[1]);
    for (size_t k = 0; k < 2; k++) {
        size_t n = story[k].evidence_n, skip = n > most ? n - most : 0;
        for (size_t i = skip; i < n; i++) {
            out->from_server[out->f.evidence_n] = k == 1;
            out->f.evidence[out->f.evidence_n++] = story[k].evidence[i];
        }
    }
}

static const char *how_it_ended(const struct case_file *c)
{
    struct ending e = ending_of(c->h);
    if (c->h->stopped_by_us)
        return "the probe hung up: it had seen enough";
    if (c->h->outcome == OUTCOME_NOT_OPENED)
        return c->h->prelude.kind != PRELUDE_NONE ? "the way through the proxy never opened" : "it never opened";
    return c->h->outcome == OUTCOME_ESTABLISHED ? WORDS(c, "the handshake completed; then %s", ending_words(c, &e)) : ending_words(c, &e);
}

void compare_pair(const struct pair *p, bool covered, struct arena *a, struct comparison *out)
{
    struct both b = { .c = { .h = p->client->h, .arena = a }, .cv = p->client, .sv = p->server, .relation = p->relation, .by = p->by,
                      .rivals = p->rivals, .covered = covered };
    if (p->server != NULL)
        b.s = (struct case_file){ .h = p->server->h, .arena = a };
    *out = (struct comparison){ .pair = *p };
    if (b.sv != NULL)
        lost(&b, out->lost);
    decide(&b, out->lost, &out->f);
    cite_both(&b, out);
    if (strcmp(out->f.cause, "ok") != 0)
        finding_complete(&b.c, &out->f);
    out->ends[CLIENT] = how_it_ended(&b.c);
    out->ends[SERVER] = b.sv == NULL                          ? "nothing of it was captured there"
                      : p->relation == RELATION_TERMINATED ? arena_printf(a, "%s (the client here is what ends TLS on the way)", how_it_ended(&b.s))
                                                           : how_it_ended(&b.s);
    compare_changes(p, a, out);
}
