/* proxy_kind.c - what a proxy is, by what became of the connections that were made through it. */
#include "proxy_parts.h"

#include "tlswhy/trust.h"
#include "tlswhy/why.h"

#include <string.h>

static const char *const kinds[] = {
    [PROXY_FORWARDER] = "forwarder", [PROXY_INTERCEPTOR] = "interceptor", [PROXY_REFUSES] = "refuses",
    [PROXY_AUTHENTICATES] = "authenticates", [PROXY_BROKEN] = "broken", [PROXY_UNKNOWN] = "unknown",
};

const char *proxy_is_name(enum proxy_is k) { return kinds[k]; }

bool answered(const struct handshake *h) { return knows(h, KNOW_SERVER_HELLO) || h->retry.raw.p != NULL; }

bool tunnel_opened(const struct handshake *h)
{
    return h->outcome != OUTCOME_NOT_OPENED && (h->way == NULL || h->way->trouble == WAY_FINE) && !h->prelude.refused;
}

const char *end_words(struct arena *a, const struct handshake *h)
{
    char                buf[NAME_MAX_LEN];
    const struct alert *alert = last_fatal_alert(h, SERVER);
    if (!tunnel_opened(h))
        return h->prelude.status != 0 ? arena_printf(a, "the proxy answered %d", h->prelude.status) : "no connection through the proxy";
    if (alert != NULL)
        return arena_printf(a, "alert %s", alert_name(alert->number, buf));
    if (h->plain[SERVER].start.p != NULL)
        return "an answer that is no TLS";
    if (h->timed_out)
        return "silence";
    return h->close.how == CLOSE_RST && h->close.by == SERVER ? "a reset" : h->close.how == CLOSE_FIN && h->close.by == SERVER ? "a close without a word" : "no answer";
}

const char *inside_words(const struct proxy_judging *j, const struct handshake *h)
{
    const struct inside *in = h->inside;
    if (in == NULL || in->line.p == NULL)
        return h->timed_out ? "no answer inside" : "closed without an answer";
    const char *line = safe_str(j->a, in->line.p, in->line.n);
    return in->reason.p != NULL ? arena_printf(j->a, "%s: %s", line, safe_str(j->a, in->reason.p, in->reason.n)) : line;
}

/* ---- what the client is shown */

static const struct cert *leaf_of(const struct handshake *h) { return h != NULL && h->cert_count != 0 ? h->certs[0] : NULL; }

static bool weak_hash(const struct cert *c) { return c->sig_hash == HASH_SHA1 || c->sig_hash == HASH_MD5; }
static bool weak_key(const struct cert *c) { return c->key == CERT_KEY_RSA && c->key_bits < 2048; }

static bool has_error(const struct chain *chain, const char *code)
{
    return chain != NULL && chain_has(chain, code, SEV_ERROR, NULL);
}

/* Is there anything wrong with it that is not wrong with what is shown for a sound origin, too? */
static bool shows_more_wrong(const struct handshake *h, const struct handshake *sound)
{
    const struct cert *mine = leaf_of(h), *good = leaf_of(sound);
    if (mine == NULL || good == NULL)
        return false;
    if (!names_equal(&mine->issuer, &good->issuer)) /* key identifiers are copied from the origin's by some */
        return true;
    if ((weak_hash(mine) && !weak_hash(good)) || (weak_key(mine) && !weak_key(good)))
        return true;
    for (size_t i = 0; h->chain != NULL && i < h->chain->n; i++)
        if (h->chain->problems[i].severity == SEV_ERROR && !has_error(sound->chain, h->chain->problems[i].code))
            return true;
    return false;
}

enum fate fate_of(const struct proxy_judging *j, enum proxy_question q)
{
    const struct proxy_fact *f = &j->p->ask[q];
    if (f->h == NULL)
        return FATE_NONE;
    if (f->forwarded)
        return FATE_FORWARDED;
    if (f->h->inside == NULL || !f->h->inside->finished)
        return FATE_CUT;
    if (q != ASK_GOOD && shows_more_wrong(f->h, j->p->ask[ASK_GOOD].h))
        return FATE_SEEN;
    return f->requested ? FATE_REACHED : FATE_PAGE;
}

/* ---- what it is */

static bool told(const struct proxy_judging *j, enum proxy_is kind, const char *why)
{
    j->c->kind = kind;
    j->c->why = why;
    return true;
}

static const char *schemes_of(const struct proxy_judging *j, const struct handshake *h)
{
    struct text t = { 0 };
    for (size_t i = 0; i < h->prelude.schemes.n; i++) {
        text_add(&t, i != 0 ? ", " : "");
        text_safe(&t, h->prelude.schemes.v[i].p, h->prelude.schemes.v[i].n, 30);
    }
    const char *s = t.n != 0 ? arena_str(j->a, t.s) : "no scheme named";
    text_free(&t);
    return s;
}

static bool no_tunnel(const struct proxy_judging *j, const struct handshake *h)
{
    const struct prelude *p = &h->prelude;
    if (p->status == 407 || p->auth_failed)
        return told(j, PROXY_AUTHENTICATES,
                    j->p->login_given ? arena_printf(j->a, "The proxy wants a login (%s), and takes none of those that were tried.", schemes_of(j, h))
                                      : arena_printf(j->a, "The proxy wants a login (%s) before it opens any connection; no TLS was sent.", schemes_of(j, h)));
    if (p->refused || (h->way != NULL && h->way->trouble == WAY_REFUSED))
        return told(j, PROXY_REFUSES,
                    arena_printf(j->a, "The proxy refuses the connection%s%s%s; no TLS was sent.", p->answer.p != NULL ? ": \"" : "",
                                 p->answer.p != NULL ? safe_str(j->a, p->answer.p, p->answer.n) : "", p->answer.p != NULL ? "\"" : ""));
    if (h->way == NULL || h->way->trouble == WAY_FINE)
        return told(j, PROXY_BROKEN, h->refused     ? "Nothing listens at the proxy's address."
                                     : h->timed_out ? "The proxy's address does not answer."
                                                    : "No connection to the proxy could be made.");
    static const char *const words[] = {
        [WAY_CLOSED] = "The proxy hangs up instead of answering.", [WAY_RESET] = "The proxy resets the connection instead of answering.",
        [WAY_CERTIFICATE] = "The proxy's own certificate does not verify (--proxy-ca names its authority).",
        [WAY_NO_TLS] = "The proxy does not speak TLS itself: its URL begins with https://.",
        [WAY_NO_PROXY] = "What answers is no proxy of this kind.", [WAY_NAME] = "The origin's name could not be looked up here, as this kind of proxy needs it.",
        [WAY_LOGIN] = "The login could not be made here: no Kerberos ticket.",
    };
    const char *fixed = h->way->trouble < ARRAY_LEN(words) ? words[h->way->trouble] : NULL;
    return told(j, h->way->trouble == WAY_LOGIN ? PROXY_AUTHENTICATES : PROXY_BROKEN,
                fixed != NULL ? fixed
                : h->timed_out ? "The proxy takes the connection and never answers."
                               : arena_printf(j->a, "The proxy does not open the connection: %s.", safe_str(j->a, h->way->words, strlen(h->way->words))));
}

/* The first handshake in which the proxy showed a certificate. */
static const struct proxy_fact *shown_by(const struct proxy_facts *p)
{
    static const enum proxy_question ask[] = { ASK_GOOD, ASK_LARGE, ASK_TLS13 };
    for (size_t i = 0; i < ARRAY_LEN(ask); i++)
        if (leaf_of(p->ask[ask[i]].h) != NULL)
            return &p->ask[ask[i]];
    return NULL;
}

static bool same_leaf(const struct handshake *h, const struct handshake *direct)
{
    const struct cert *x = leaf_of(h), *y = leaf_of(direct);
    return x != NULL && y != NULL && memcmp(cert_sha256(x), cert_sha256(y), 32) == 0;
}

static void told_interceptor(const struct proxy_judging *j, const struct handshake *h)
{
    const struct cert *leaf = leaf_of(h);
    j->c->shown = leaf;
    for (size_t i = 1; i < h->cert_count; i++)
        if (names_equal(&h->certs[i]->subject, &leaf->issuer))
            j->c->ca = h->certs[i];
    j->c->ca_name = x509_name_text(j->a, &leaf->issuer);
    bool own = leaf->self_issued;
    told(j, PROXY_INTERCEPTOR,
         own ? arena_printf(j->a, "The proxy ends TLS itself and shows a certificate of its own, \"%s\", signed by itself.", cert_short_name(j->a, leaf))
             : arena_printf(j->a, "The proxy ends TLS itself: what it shows is made by \"%s\".", x509_name_short(j->a, &leaf->issuer)));
}

/* The origin was asked directly, too; it may have several certificates. */
static bool by_direct(const struct proxy_judging *j, const struct handshake *h, const struct handshake *direct)
{
    if (same_leaf(h, direct))
        return told(j, PROXY_FORWARDER, "The proxy shows the server's own certificate: it passes TLS on.");
    if (leaf_of(direct) == NULL)
        return told(j, PROXY_UNKNOWN, "The server could not be asked without the proxy, so that nothing says whose certificate this is.");
    if (names_equal(&leaf_of(h)->issuer, &leaf_of(direct)->issuer))
        return told(j, PROXY_FORWARDER, "The proxy shows another certificate than the server does directly, but one of the same authority: a server with several.");
    told_interceptor(j, h);
    return true;
}

void judge_kind(const struct proxy_judging *j)
{
    const struct proxy_fact *good = &j->p->ask[ASK_GOOD];
    const struct proxy_fact *shown = shown_by(j->p);
    bool forwarded = good->forwarded || j->p->ask[ASK_LARGE].forwarded || j->p->ask[ASK_TLS13].forwarded;
    if (good->h == NULL) {
        told(j, PROXY_UNKNOWN, "It was not asked: the check was ended before.");
    } else if (!tunnel_opened(good->h)) {
        no_tunnel(j, good->h);
    } else if (forwarded && (good->edited || j->p->ask[ASK_LARGE].edited)) {
        told(j, PROXY_BROKEN, "The proxy passes the hello on, but changes it on the way; no handshake can come to its end.");
    } else if (forwarded) {
        told(j, PROXY_FORWARDER, "The proxy passes TLS on as it is: the hello arrived unchanged, and nothing is intercepted.");
    } else if (shown != NULL && j->p->target != NULL) {
        by_direct(j, shown->h, shown->direct);
    } else if (shown != NULL) {
        told_interceptor(j, shown->h);
    } else if (good->upstream != NULL) {
        told(j, PROXY_INTERCEPTOR, arena_printf(j->a, "The proxy made a connection of its own to the origin, and the client got %s.", end_words(j->a, good->h)));
    } else if (j->p->target != NULL && good->direct != NULL && !answered(good->direct)) {
        told(j, PROXY_UNKNOWN, "The server answers neither through the proxy nor directly.");
    } else if (good->h->plain[SERVER].start.p != NULL) {
        const struct bytes page = good->h->plain[SERVER].start;
        const uint8_t     *end = memchr(page.p, '\r', page.n);
        told(j, PROXY_REFUSES, arena_printf(j->a, "The proxy answers the hello itself, and not with TLS: \"%s\".", safe_str(j->a, page.p, end != NULL ? (size_t)(end - page.p) : page.n)));
    } else if (last_fatal_alert(good->h, SERVER) != NULL && j->p->target == NULL) {
        told(j, PROXY_REFUSES, arena_printf(j->a, "The proxy refuses the handshake itself, with %s; nothing of it arrives at the origin.", end_words(j->a, good->h)));
    } else {
        told(j, PROXY_BROKEN, arena_printf(j->a, "The proxy opens the connection, but nothing of it arrives at the origin: the client got %s.", end_words(j->a, good->h)));
    }
    j->c->trusts_lab = j->p->target == NULL && fate_of(j, ASK_GOOD) == FATE_REACHED;
}

bool proxy_failed(const struct proxy_check *c)
{
    bool low = false;
    for (size_t g = 0; g < GRADES; g++)
        low = low || c->grade[g] == 'C' || c->grade[g] == 'F';
    return low || (c->kind != PROXY_FORWARDER && c->kind != PROXY_INTERCEPTOR && c->kind != PROXY_UNKNOWN);
}
