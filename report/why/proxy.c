/* Proxies before TLS: HTTP CONNECT (RFC 9110 section 9.3.6) and SOCKS (RFC 1928). */
#include "say.h"
#include "tlswhy/fetched.h"

#include <string.h>

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

static bool login_wanted(const struct case_file *c, struct finding *f)
{
    const struct prelude *p = &c->h->prelude;
    if (!is_tunnel(p) || p->accepted || !(p->status == PROXY_AUTHENTICATION_REQUIRED || p->auth_failed))
        return false;
    f->weight = 15;
    f->decisive = p->answered.frame;
    const char *tried = p->sent_scheme.p != NULL ? WORDS(c, "The client had tried %s",
                                                         safe_str(c->arena, p->sent_scheme.p, p->sent_scheme.n))
                                                 : "The client sent no login";
    const char *agent = agent_words(c->arena, p->user_agent);
    if (p->kind == PRELUDE_SOCKS)
        return say(
            c, f, BLAME_PROXY, CERTAIN, "the proxy's own answer",
            WORDS(c,
                  "The SOCKS proxy wants a login before it opens the way to %s and did not get one that it accepts.",
                  target_words(c)));
    return say(c, f, BLAME_PROXY, CERTAIN, "the proxy's own answer",
               WORDS(c,
                     "The proxy answered the request for %s with 407: it wants a login (%s) before it opens the "
                     "tunnel. %s%s.",
                     target_words(c), scheme_words(c), tried, agent));
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
        return WORDS(c, "%d (%s)", p->status, socks_words(p->status));
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
                          ? WORDS(c, " It sends the client to %s.",
                                  safe_str(c->arena, p->location.p, p->location.n < 80 ? p->location.n : 80))
                          : "";
    return say(c, f, BLAME_PROXY, CERTAIN, "the proxy's own answer",
               WORDS(c, "The proxy refused to open the way to %s: it answered %s.%s", target_words(c),
                     answer_words(c), where));
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
                     "The proxy could not reach %s, or did not accept what it found there: it answered %s. No TLS "
                     "was spoken yet.",
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
    struct ending e = ending_of(h);
    if (!tunnel_open(h) || knows(h, KNOW_SERVER_HELLO) || h->tls_seen[SERVER] || h->plain[SERVER].start.p != NULL ||
        !ended_by(&e, SERVER) || !ended_silently(&e))
        return false;
    f->weight = 5;
    ALSO(f, "server-no-certificate", "protocol-version");
    return say(c, f, BLAME_PROXY, LIKELY,
               "only a capture behind the proxy, or its log, can tell whether the server or the proxy closed",
               WORDS(c,
                     "The proxy opened the tunnel to %s and then %s without a byte from the server. Many proxies "
                     "agree before they have reached the server; the server may also have hung up on this hello.",
                     target_words(c), e.how == END_FIN ? "closed it" : "reset it"));
}

static bool proxy_silent(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct prelude *p = &h->prelude;
    if (p->kind != PRELUDE_CONNECT || p->accepted || p->status != 0 || p->asked.frame == 0 ||
        h->plain[SERVER].start.p != NULL || h->tls_seen[SERVER] || h->close.how == CLOSE_NONE)
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

const struct rule proxy_rules[] = { { "login-wanted", "proxy-auth", login_wanted },
                                    { "destination-denied", "proxy-denied", destination_denied },
                                    { "upstream-failed", "proxy-upstream", upstream_failed },
                                    { "plain-in-tunnel", "proxy-upstream", plain_in_tunnel },
                                    { "tunnel-closed", "proxy-upstream", tunnel_closed },
                                    { "proxy-silent", "proxy-upstream", proxy_silent },
                                    { NULL, NULL, NULL } };
