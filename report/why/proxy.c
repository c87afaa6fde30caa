/* Proxies before TLS: HTTP CONNECT (RFC 9110 section 9.3.6) and SOCKS (RFC 1928). */
#include "say.h"
#include "tlswhy/fetched.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PROXY_AUTHENTICATION_REQUIRED = 407 };

static bool is_tunnel(const struct prelude *p) { return p->kind == PRELUDE_CONNECT || p->kind == PRELUDE_SOCKS; }

/* It opened: the proxy said so, or the client went on as if it had. */
static bool tunnel_open(const struct handshake *h)
{
    return is_tunnel(&h->prelude) && (h->prelude.accepted || (h->tls_seen[CLIENT] && !h->prelude.refused));
}

static const char *target_words(const struct case_file *c)
{
    const struct prelude *p = &c->h->prelude;
    return p->host.p != NULL ? WORDS(c, "%s:%u", safe_str(c->arena, p->host.p, p->host.n), p->port)
                             : "its destination";
}

static const char *scheme_words(const struct case_file *c)
{
    const struct byte_list *list = &c->h->prelude.schemes;
    struct text t = { 0 };
    for (size_t i = 0; i < list->n && i < 5; i++) {
        text_add(&t, i != 0 ? ", " : "");
        text_safe(&t, list->v[i].p, list->v[i].n, 24);
    }
    const char *words = t.s != NULL ? arena_str(c->arena, t.s) : "no scheme";
    text_free(&t);
    return words;
}

static bool offers(const struct byte_list *schemes, const char *name)
{
    for (size_t i = 0; i < schemes->n; i++) {
        if (schemes->v[i].n == strlen(name) && strncasecmp((const char *)schemes->v[i].p, name, schemes->v[i].n) == 0)
            return true;
    }
    return false;
}

/* Does it take no more what the client sent, but something else? Then the password is not what is wrong. */
static bool offers_other(const struct prelude *p)
{
    char word[32];
    snprintf(word, sizeof word, "%.*s", (int)(p->sent_scheme.n < 31 ? p->sent_scheme.n : 31), (const char *)p->sent_scheme.p);
    return p->schemes.n != 0 && !offers(&p->schemes, word);
}

/* Who would have to log on: a password is a person's or a program's, the others stand for an account of Windows. */
static const char *who_words(const struct prelude *p)
{
    bool account = offers(&p->schemes, "Negotiate") || offers(&p->schemes, "NTLM") || offers(&p->schemes, "Kerberos");
    bool password = offers(&p->schemes, "Basic") || offers(&p->schemes, "Digest");
    return account && password ? " of a user with a password or of the account that runs the program"
           : account           ? " of the account that runs the program (a Windows service: the computer's own)"
           : password          ? " of a user with a password" : "";
}

#define NOT_THE_SERVER "No TLS was sent: the server is not at fault."

static bool socks_login_wanted(const struct case_file *c, struct finding *f)
{
    enum { NO_METHOD = 0xff, NO_IDENTD = 92, OTHER_USER };
    const struct prelude *p = &c->h->prelude;
    if (p->status == NO_IDENTD || p->status == OTHER_USER)
        return say(c, f, BLAME_PROXY, CERTAIN, "the proxy's own answer",
                   WORDS(c, "The SOCKS 4 proxy asks the client's identd (RFC 1413) who it is, and %s. " NOT_THE_SERVER,
                         p->status == NO_IDENTD ? "none answers there" : "that names another user than the request"));
    bool                  gave = c->h->way != NULL ? c->h->way->login != NULL : p->sent_scheme.p != NULL;
    const char           *what = p->status != NO_METHOD ? "refused the login: the user or the password is wrong, or that user may not"
                                 : gave                 ? "takes none of the ways to log on that it was offered"
                                                        : "wants a login and got none";
    return say(c, f, BLAME_PROXY, CERTAIN, "the proxy's own answer", WORDS(c, "The SOCKS proxy %s. " NOT_THE_SERVER, what));
}

static bool login_wanted(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct prelude   *p = &h->prelude;
    if (!is_tunnel(p) || p->accepted || !(p->status == PROXY_AUTHENTICATION_REQUIRED || p->auth_failed))
        return false;
    f->weight = 15;
    f->decisive = p->answered.frame;
    if (p->kind == PRELUDE_SOCKS)
        return socks_login_wanted(c, f);
    const char *agent = h->way == NULL ? agent_words(c->arena, p->user_agent) : "";
    const char *scheme = h->way != NULL && h->way->login != NULL ? h->way->login
                         : p->sent_scheme.p != NULL              ? safe_str(c->arena, p->sent_scheme.p, p->sent_scheme.n) : NULL;
    const char *tried = scheme == NULL               ? "the client sent none"
                        : p->sent_scheme.p == NULL   ? WORDS(c, "nothing to log on with was there for %s (a Kerberos ticket?)", scheme)
                        : offers_other(p)            ? WORDS(c, "the client tried %s, which it did not accept", scheme)
                                                     : WORDS(c, "the client tried %s: wrong user or password, or one that may not", scheme);
    return say(c, f, BLAME_PROXY, CERTAIN, "the proxy's own answer",
               WORDS(c, "The proxy wants a login (%s)%s before it opens the tunnel to %s: it answered 407, and %s%s. " NOT_THE_SERVER,
                     scheme_words(c), who_words(p), target_words(c), tried, agent));
}

/* SOCKS 5 replies (RFC 1928 section 6) and 4 (91..93); HTTP: anything of 3xx and 4xx is the proxy's own decision. */
enum reply { REPLY_DENIED, REPLY_UPSTREAM };
static enum reply reply_of(const struct prelude *p)
{
    if (p->kind == PRELUDE_CONNECT)
        return p->status >= 500 ? REPLY_UPSTREAM : REPLY_DENIED;
    return p->status == 2 || p->status == 7 || p->status == 8 ? REPLY_DENIED : REPLY_UPSTREAM;
}

static const char *socks_words(int reply)
{
    static const char *const words[] = { NULL,
                                         "general failure",
                                         "not allowed by its rules",
                                         "network unreachable",
                                         "host unreachable",
                                         "connection refused",
                                         "TTL expired",
                                         "command not supported",
                                         "address type not supported" };
    return reply > 0 && (size_t)reply < ARRAY_LEN(words) ? words[reply] : "refused or failed";
}

static const char *answer_words(const struct case_file *c)
{
    const struct prelude *p = &c->h->prelude;
    if (p->kind == PRELUDE_SOCKS)
        return WORDS(c, "%d (%s)", p->status, p->status == 91 ? "rejected or failed" : socks_words(p->status));
    return p->answer.p != NULL
             ? WORDS(c, "\"%s\"", safe_str(c->arena, p->answer.p, p->answer.n < 60 ? p->answer.n : 60))
             : WORDS(c, "%d", p->status);
}

static bool tunnel_refused(const struct prelude *p)
{
    return is_tunnel(p) && !p->accepted && p->status != 0 && !p->auth_failed &&
           p->status != PROXY_AUTHENTICATION_REQUIRED && (p->kind == PRELUDE_SOCKS ? p->refused : p->status >= 300);
}

static bool destination_denied(const struct case_file *c, struct finding *f)
{
    const struct prelude *p = &c->h->prelude;
    if (!tunnel_refused(p) || reply_of(p) != REPLY_DENIED)
        return false;
    f->weight = 15;
    f->decisive = p->answered.frame;
    const char *where = p->location.p != NULL
                          ? WORDS(c, " and sends the client to %s",
                                  safe_str(c->arena, p->location.p, p->location.n < 80 ? p->location.n : 80))
                          : "";
    return say(c, f, BLAME_PROXY, CERTAIN, "the proxy's own answer",
               WORDS(c, "The proxy refused to open the way to %s: it answered %s%s. " NOT_THE_SERVER, target_words(c), answer_words(c), where));
}

static bool upstream_failed(const struct case_file *c, struct finding *f)
{
    const struct prelude *p = &c->h->prelude;
    if (!tunnel_refused(p) || reply_of(p) != REPLY_UPSTREAM)
        return false;
    f->weight = 15;
    f->decisive = p->answered.frame;
    return say(c, f, BLAME_PROXY, CERTAIN, "the proxy's own answer",
               WORDS(c,
                     "The proxy could not reach %s, or did not accept what it found there: it answered %s. No TLS was sent by the client.",
                     target_words(c), answer_words(c)));
}

static bool plain_in_tunnel(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct plain *p = &h->plain[SERVER];
    if (!is_tunnel(&h->prelude) || !h->prelude.accepted || p->start.p == NULL || h->tls_seen[SERVER])
        return false;
    f->weight = 15;
    f->decisive = p->where.frame;
    bool http = p->protocol == NULL || strcmp(p->protocol, "http") == 0;
    if (!http) { /* what proxies do not speak */
        f->cause = "not-tls";
        return say(c, f, BLAME_SERVER, CERTAIN, "the bytes after the proxy's yes are the server's, and no TLS",
                   WORDS(c, "The proxy opened the tunnel to %s, but the server there speaks %s in plain text. It is the wrong port, the wrong service, or "
                            "TLS has to be asked for first.", target_words(c), p->protocol));
    }
    bool not_understood = p->start.n > 12 && memcmp(p->start.p, "HTTP/1.", 7) == 0 && memcmp(p->start.p + 9, "400", 3) == 0;
    if (not_understood) {
        f->cause = "not-tls";
        ALSO(f, "proxy-upstream");
        return say(c, f, BLAME_SERVER, LIKELY, "the bytes after the proxy's yes are no TLS; that the proxy wrote them is less likely",
                   WORDS(c, "The proxy opened the tunnel to %s, but what answers there speaks plain HTTP and could not read the hello (400): most "
                            "likely a server that has no TLS on this port.", target_words(c)));
    }
    ALSO(f, "not-tls");
    return say(c, f, BLAME_PROXY, CERTAIN, "the bytes after the proxy's yes are no TLS",
               WORDS(c,
                     "The proxy opened the tunnel to %s, but what came out of it is %s instead of TLS: an error page "
                     "of the proxy, or a server that speaks none on this port.",
                     target_words(c),
                     p->protocol != NULL && strcmp(p->protocol, "http") == 0 ? "plain HTTP" : "plain text"));
}

/* The tunnel stood and closed without one byte from the far end: many proxies say yes before they have tried. */
static bool tunnel_closed(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    if (!tunnel_open(h) || knows(h, KNOW_SERVER_HELLO) || h->tls_seen[SERVER] || h->plain[SERVER].start.p != NULL ||
        !ended_by(e, SERVER) || !ended_silently(e))
        return false;
    f->weight = 5;
    ALSO(f, "server-no-certificate", "protocol-version");
    return say(c, f, BLAME_PROXY, LIKELY,
               "only a capture behind the proxy, or its log, can tell whether the server or the proxy closed",
               WORDS(c,
                     "The proxy opened the tunnel to %s and then %s without a byte from the server. Many proxies "
                     "agree before they have reached the server; the server may also have hung up on this hello.",
                     target_words(c), e->how == END_FIN ? "closed it" : "reset it"));
}

static bool proxy_silent(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct prelude *p = &h->prelude;
    if (!is_tunnel(p) || p->accepted || p->auth_failed || p->status != 0 || p->asked.frame == 0 ||
        (h->plain[SERVER].start.p != NULL && p->kind == PRELUDE_CONNECT) || /* of SOCKS it is the first half of the dialog */ h->tls_seen[SERVER] || (h->close.how == CLOSE_NONE && !h->timed_out) || h->way != NULL)
        return false;
    f->weight = 4;
    ALSO(f, "proxy-denied", "not-tls");
    bool server = h->close.by == SERVER;
    if (!server && ns_between(&p->asked, &h->close.where) < NS_PER_S)
        return false; /* the client did not wait */
    return say(c, f, BLAME_PROXY, server ? LIKELY : POSSIBLE,
               "no answer was seen, so the reason is the proxy's secret",
               WORDS(c, "The client asked the proxy for %s and %s. It could not reach the server, or it is no proxy.",
                     target_words(c), server ? "the proxy hung up without an answer" : "gave up without an answer"));
}

/* ---- a probe's own way: it knows what it asked, and of whom */

/* No tunnel yet, and none refused in so many words. */
static bool way_broke(const struct handshake *h)
{
    return h->way != NULL && !h->prelude.accepted && !h->prelude.refused && !h->prelude.auth_failed;
}

static bool proxy_not_reached(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    if (!way_broke(h) || knows(h, KNOW_OPEN) || !(h->refused || h->unreachable || h->timed_out))
        return false;
    f->weight = 30;
    f->cause = h->refused ? "tcp-refused" : "tcp-timeout";
    return say(c, f, BLAME_PROXY, CERTAIN, "we tried",
               WORDS(c, "The proxy %s itself cannot be reached: %s. The server was not asked.", h->way->proxy,
                     h->refused       ? "nothing listens there (RST in answer to SYN)"
                     : h->unreachable ? "the network says that there is no way to it"
                                      : "it does not answer the first packet"));
}

static bool proxy_gave_no_answer(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    enum way_trouble        t = way_broke(h) ? h->way->trouble : WAY_REFUSED;
    bool                    waited = way_broke(h) && t == WAY_FINE && h->timed_out && knows(h, KNOW_OPEN);
    if (!waited && t != WAY_CLOSED && t != WAY_RESET)
        return false;
    f->weight = 30;
    ALSO(f, "proxy-denied", "not-tls");
    return say(c, f, BLAME_PROXY, LIKELY, "it gave no answer, so its reason is not known",
               WORDS(c, "Asked for the way to the server, the proxy %s %s. It could not reach the server, or it is no proxy of this kind; no TLS was sent.",
                     h->way->proxy, waited ? WORDS(c, "said nothing for %s", duration_text(c->arena, h->error_at.ns - h->start_ns))
                                    : t == WAY_CLOSED ? "hung up without an answer" : "reset the connection without an answer"));
}

static bool no_proxy_there(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct plain     *p = &h->plain[SERVER];
    if (!way_broke(h) || (h->way->trouble != WAY_NO_PROXY && p->start.p == NULL))
        return false;
    f->weight = 30;
    f->decisive = p->where.frame;
    size_t line = 0;
    while (line < p->start.n && line < 60 && p->start.p[line] != '\r' && p->start.p[line] != '\n')
        line++;
    const char *said = p->start.p != NULL ? WORDS(c, ": it answered \"%s\"", safe_str(c->arena, p->start.p, line)) : "";
    return say(c, f, BLAME_PROXY, CERTAIN, "its own bytes",
               WORDS(c, "What listens at %s is no proxy of this kind%s. Check the scheme and the port of the proxy; the server was not asked.", h->way->proxy,
                     said));
}

/* libcurl's (OpenSSL's, GnuTLS's) words for what is wrong with the proxy's own certificate. */
static const char *certificate_cause(const char *words)
{
    static const struct {
        const char *words, *cause;
    } known[] = { { "expired", "cert-expired" },         { "not yet valid", "cert-not-yet-valid" },  { "host name", "cert-name" },
                  { "subject name", "cert-name" },       { "match", "cert-name" },                   { "self-signed", "cert-untrusted-root" },
                  { "self signed", "cert-untrusted-root" }, { "issuer", "cert-untrusted-root" },     { "revoked", "cert-revoked" } };
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (strcasestr(words, known[i].words) != NULL)
            return known[i].cause;
    }
    return "cert-rejected";
}

static bool proxy_tls_failed(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    bool                    cert = way_broke(h) && h->way->trouble == WAY_CERTIFICATE;
    if (!cert && !(way_broke(h) && h->way->trouble == WAY_NO_TLS))
        return false;
    const char *words = safe_str(c->arena, h->way->words, strnlen(h->way->words, 120));
    f->weight = 30;
    f->cause = cert ? certificate_cause(h->way->words) : "not-tls";
    if (cert)
        return say(c, f, BLAME_PROXY, CERTAIN, "the certificate was checked when the proxy was spoken to",
                   WORDS(c, "The proxy %s was not trusted with the request: its own certificate does not verify (%s). The server was not asked.",
                         h->way->proxy, words));
    ALSO(f, "protocol-version");
    return say(c, f, BLAME_PROXY, LIKELY, "most often a proxy that is spoken to in clear was named with https://",
               WORDS(c, "There was no TLS handshake with the proxy %s (%s). The server was not asked.", h->way->proxy, words));
}

static bool way_not_made(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    enum way_trouble        t = way_broke(h) ? h->way->trouble : WAY_FINE;
    if (t != WAY_NAME && t != WAY_LOGIN && t != WAY_BROKEN)
        return false;
    const char *words = safe_str(c->arena, h->way->words, strnlen(h->way->words, 160));
    f->weight = 30;
    f->cause = t == WAY_LOGIN ? "proxy-auth" : "proxy-upstream";
    if (t == WAY_NAME)
        return say(c, f, BLAME_CLIENT, CERTAIN, "we looked it up",
                   WORDS(c, "The server's name could not be looked up here, and a proxy of this kind is told addresses only (%s). Let the proxy look it "
                            "up: socks5h:// or socks4a://.", words));
    if (t == WAY_LOGIN)
        return say(c, f, BLAME_CLIENT, CERTAIN, "nothing could be sent", WORDS(c, "The login at the proxy could not be made here (%s). " NOT_THE_SERVER, words));
    return say(c, f, BLAME_PROXY, POSSIBLE, "the library gives no more", WORDS(c, "The way through the proxy %s did not come about: %s.", h->way->proxy, words));
}

/* ---- inside a good handshake */

/* Names that proxies which inspect give themselves in their pages' headers. */
static bool names_a_proxy(struct bytes who)
{
    static const char *const names[] = { "squid", "mitmproxy", "privoxy", "zscaler", "bluecoat", "blue coat", "fortigate", "sonicwall", "websense", "forcepoint",
                                         "mcafee", "sophos", "barracuda", "proxysg", "ironport", "untangle" };
    char text[201];
    snprintf(text, sizeof text, "%.*s", (int)(who.n < 200 ? who.n : 200), who.p != NULL ? (const char *)who.p : "");
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcasestr(text, names[i]) != NULL)
            return true;
    }
    return false;
}

bool proxy_page(const struct inside *in)
{
    enum { FORBIDDEN = 403 };
    bool bad = in->status >= 500 || in->status == FORBIDDEN;
    return bad && (in->error.p != NULL || names_a_proxy(in->server) || names_a_proxy(in->line) || names_a_proxy(in->reason) ||
                   (in->intercepted && (in->reason.p != NULL || in->status >= 502)));
}

/* The request inside came with an older version than the hello that was looked at, and what failed is not the certificate:
 * behind a proxy that follows its client a newer server may have refused just that. */
static bool older_inside(const struct handshake *h)
{
    const struct inside *in = h->inside;
    char                 reason[201];
    snprintf(reason, sizeof reason, "%.*s", (int)(in->reason.n < 200 ? in->reason.n : 200), in->reason.p != NULL ? (const char *)in->reason.p : "");
    bool certificate = strcasestr(reason, "X509") != NULL || strcasestr(reason, "certificate") != NULL;
    return in->version != 0 && version_rank(in->version) < version_rank(handshake_version(h)) && !certificate;
}

/* The handshake with the proxy is good; what the proxy found behind it is told inside only. */
static bool failed_inside(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct inside    *in = h->inside;
    if (in == NULL || !proxy_page(in) || (h->chain != NULL && h->chain->verdict == CHAIN_FAIL))
        return false;
    bool older = older_inside(h);
    f->weight = 8;
    f->decisive = h->answer.where.frame;
    if (older)
        ALSO(f, "protocol-version");
    const char *reason = in->reason.p != NULL ? WORDS(c, ": %s", safe_str(c->arena, in->reason.p, in->reason.n)) : "";
    return say(c, f, BLAME_PROXY, older ? POSSIBLE : in->intercepted ? CERTAIN : LIKELY,
               older             ? "the request inside could be made with an older version only, which the server may mind"
               : in->intercepted ? "the certificate is the proxy's, and so is the page"
                                 : "the page inside is a proxy's; a proxy of the server's own could write the same",
               WORDS(c, "The handshake is fine, but with the proxy: inside, it answers \"%s\"%s. So it is the proxy that failed upstream.",
                     safe_str(c->arena, in->line.p, in->line.n), reason));
}

const struct rule proxy_rules[] = {
    { "login-wanted", "proxy-auth", SHOWS_TUNNEL, login_wanted },
    { "destination-denied", "proxy-denied", SHOWS_TUNNEL, destination_denied },
    { "upstream-failed", "proxy-upstream", SHOWS_TUNNEL, upstream_failed },
    { "plain-in-tunnel", "proxy-upstream", SHOWS_TUNNEL, plain_in_tunnel },
    { "tunnel-closed", "proxy-upstream", SHOWS_TUNNEL | SHOWS_BY_SERVER | SHOWS_SILENT_END, tunnel_closed },
    { "proxy-silent", "proxy-upstream", SHOWS_TUNNEL, proxy_silent },
    { "proxy-not-reached", "tcp-refused", SHOWS_PROBE, proxy_not_reached },
    { "proxy-gave-no-answer", "proxy-upstream", SHOWS_PROBE, proxy_gave_no_answer },
    { "no-proxy-there", "not-tls", SHOWS_PROBE, no_proxy_there },
    { "proxy-tls-failed", "not-tls", SHOWS_PROBE, proxy_tls_failed },
    { "failed-inside", "proxy-upstream", SHOWS_PROBE, failed_inside },
    { "way-not-made", "proxy-upstream", SHOWS_PROBE, way_not_made },
    { 0 }
};
