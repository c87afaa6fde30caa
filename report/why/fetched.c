/* What the client fetched over plain HTTP to judge a certificate, and did not get: the root list above all. */
#include "refusal.h"
#include "tlswhy/fetched.h"
#include "tlswhy/rootlist.h"

#include <string.h>

/* Seconds after its end in which a fetch still belongs to a handshake, and before it in which it surely does. */
enum { AFTER = 60, SHORTLY = 600 };

static bool is_root(enum fetch_kind k) { return k == FETCH_ROOT_LIST || k == FETCH_ROOT; }
static bool is_helper(enum fetch_kind k) { return k == FETCH_CRL || k == FETCH_OCSP || k == FETCH_ISSUER; }

/* The client's fetch of such a kind that counts for this handshake: the last one before its end, else the first soon after. */
static const struct fetch *fetch_near(const struct case_file *c, bool (*wanted)(enum fetch_kind))
{
    const struct fetch *best = NULL, *f;
    size_t at = 0;
    while (c->others != NULL && (f = peers_fetch(c->others, c->h, &at)) != NULL) {
        bool before = f->asked.ns <= c->h->end_ns, best_before = best != NULL && best->asked.ns <= c->h->end_ns;
        if (!wanted(f->kind) || f->asked.ns > c->h->end_ns + AFTER * NS_PER_S)
            continue;
        if (best == NULL || (before && (!best_before || f->asked.ns >= best->asked.ns)) || (!before && !best_before && f->asked.ns < best->asked.ns))
            best = f;
    }
    return best;
}

static bool is_trouble(const struct fetched_verdict *v) { return v->is >= FETCHED_BEYOND; }

const struct fetch *failed_list_fetch(const struct case_file *c)
{
    struct fetched_verdict v;
    const struct fetch *f = fetch_near(c, is_root);
    if (f == NULL)
        return NULL;
    fetched_judge(f, recognised(c->h), c->arena, &v);
    return is_trouble(&v) && v.is != FETCHED_BEYOND ? f : NULL;
}

/* Does the hello say that it is not Windows' own TLS? Other programs bring their roots with them. */
static bool of_another_system(const struct client_match *m)
{
    for (size_t i = 0; m != NULL && i < m->n; i++) {
        if (strncmp(m->profiles[i]->id, "win", 3) == 0 || strstr(m->profiles[i]->id, "-win") != NULL)
            return false;
    }
    return m != NULL;
}

static bool could_be_trust(int alert)
{
    return !about_certificate(alert) || alert == ALERT_UNKNOWN_CA || alert == ALERT_CERTIFICATE_UNKNOWN || alert == ALERT_BAD_CERTIFICATE;
}

/* The chain has a fault that no fetch would have cured. */
static bool other_fault(const struct handshake *h)
{
    return chain_at_fault(h) && !chain_has(h->chain, "untrusted_root", SEV_WARNING, NULL) && !chain_has(h->chain, "missing_intermediate", SEV_WARNING, NULL);
}

static void cite_fetch(const struct case_file *c, struct finding *f, const struct fetch *p)
{
    const char *answer = p->answer.p != NULL ? safe_str(c->arena, p->answer.p, p->answer.n) : "no answer";
    const char *issued = p->list != NULL ? rootlist_issued(p->list, c->arena) : NULL;
    if (issued != NULL)
        answer = WORDS(c, "%s, the list of %s, %zu bytes", answer, issued, p->body.n);
    cite_elsewhere(c, f, p->stream, p->asked.frame, "fetch", "HTTP request", safe_str(c->arena, p->url.p, p->url.n < 200 ? p->url.n : 200));
    if (p->answered.frame != 0)
        cite_elsewhere(c, f, p->stream, p->ended.frame != 0 ? p->ended.frame : p->answered.frame, "fetch_answer", "HTTP answer", answer);
}

static enum sure how_sure(const struct case_file *c, const struct fetch *p, const struct fetched_verdict *v, const char **because)
{
    *because = "what was fetched and the refused certificate belong to one client; that the one caused the other is the usual case";
    if (of_another_system(recognised(c->h)))
        *because = "the hello is not that of Windows' own TLS, and other programs may bring their own roots";
    else if (v->is == FETCHED_BEYOND)
        *because = "so this system is as it comes; updates may have been installed";
    else if (v->is == FETCHED_SILENT || v->is == FETCHED_REDIRECTED)
        *because = "it may have got the list another way";
    else if (p->asked.ns + SHORTLY * NS_PER_S < c->h->start_ns)
        *because = "the fetch was long before this handshake";
    else
        return LIKELY;
    return POSSIBLE;
}

static bool root_list_missing(const struct case_file *c, struct finding *f)
{
    const struct refusal *r = &c->went->refusal;
    const struct fetch *p = fetch_near(c, is_root);
    struct fetched_verdict v;
    const char *because;
    if (r->when == REFUSED_NOT || r->when == REFUSED_AFTER || p == NULL || !could_be_trust(r->how.number) || other_fault(c->h))
        return false;
    fetched_judge(p, recognised(c->h), c->arena, &v);
    if (!is_trouble(&v))
        return false;
    f->weight = 14;
    ALSO(f, "cert-untrusted-root", "cert-rejected");
    enum sure sure = how_sure(c, p, &v, &because);
    say(c, f, v.side, sure, because,
        WORDS(c, "The client%s asked for %s and got %s; then it refused the server's certificate. Windows takes missing roots from that list, so "
                 "the root stays unknown.", agent_words(c->arena, p->agent), fetch_name(p->kind), v.got));
    cite_fetch(c, f, p);
    return true;
}

/* A revocation list, an OCSP answer or an issuer was asked for while the certificate was looked at, and did not come. */
static bool helper_missing(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct refusal *r = &c->went->refusal;
    const struct fetch *p = fetch_near(c, is_helper);
    struct fetched_verdict v;
    if (r->when == REFUSED_NOT || p == NULL || p->asked.ns < h->start_ns || p->asked.ns > h->end_ns || !could_be_trust(r->how.number) || other_fault(h))
        return false;
    bool issuer_due = chain_has(h->chain, "missing_intermediate", SEV_WARNING, NULL) || chain_has(h->chain, "untrusted_root", SEV_WARNING, NULL);
    fetched_judge(p, NULL, c->arena, &v);
    if (!is_trouble(&v) || (p->kind == FETCH_ISSUER) != issuer_due)
        return false;
    bool windows = recognised(h) != NULL && !of_another_system(recognised(h));
    f->weight = 5;
    ALSO(f, p->kind == FETCH_ISSUER ? "cert-missing-intermediate" : "cert-rejected");
    say(c, f, v.side, windows || p->kind == FETCH_ISSUER ? LIKELY : POSSIBLE,
        p->kind == FETCH_ISSUER ? "the issuer was not sent, and it was asked for in vain while the handshake waited"
        : windows               ? "nothing else is wrong with the chain, and it was asked for in vain while the handshake waited"
                                : "many clients go on without it; this one may be told not to",
        WORDS(c, "While it looked at the server's certificate the client%s asked for %s and got %s; then it refused the certificate.",
              agent_words(c->arena, p->agent), fetch_name(p->kind), v.got));
    cite_fetch(c, f, p);
    return true;
}

const struct rule fetched_rules[] = {
    { "root-list-missing", "trust-list", SHOWS_REFUSAL, root_list_missing },
    { "helper-missing", "trust-list", SHOWS_REFUSAL, helper_missing },
    { 0 }
};
