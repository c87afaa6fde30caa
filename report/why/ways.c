/* ways.c - one server probed through a proxy and without it: what the proxy changed, and whose a failure is. Of the pair the
 * client's view is the way through the proxy, the server's view the direct one. */
#include "tlswhy/compare.h"
#include "rules.h"

#include <string.h>

static bool good(const struct view *v) { return strcmp(v->f.cause, "ok") == 0; }
static bool is_trust(const struct finding *f)
{
    const char *category = cause_of(f->cause)->category;
    return strcmp(category, "trust") == 0 || strcmp(f->cause, "cert-name") == 0 || strcmp(f->cause, "interception") == 0;
}
static const struct cert *leaf_of(const struct view *v) { return v->h->cert_count != 0 ? v->h->certs[0] : NULL; }

static bool same_leaf(const struct cert *x, const struct cert *y) { return memcmp(cert_sha256(x), cert_sha256(y), 32) == 0; }

/* A server may have several certificates: another one is the proxy's only where it has another key, and another authority
 * or none made it. */
static bool other_author(const struct cert *x, const struct cert *y)
{
    bool other_key = !x->malformed && !y->malformed && memcmp(cert_spki_sha256(x), cert_spki_sha256(y), 32) != 0;
    return other_key && (x->self_issued || !names_equal(&x->issuer, &y->issuer));
}

/* Where the server itself says no to a hello that is answered through the proxy, it is the proxy that answers; so it is where
 * its own page is found inside. */
static bool answers_itself(const struct handshake *through, const struct handshake *direct)
{
    bool refused = direct != NULL && direct->tls_seen[SERVER] && !knows(direct, KNOW_SERVER_HELLO);
    return knows(through, KNOW_SERVER_HELLO) && (refused || (through->inside != NULL && proxy_page(through->inside)));
}

enum relation ways_relation(const struct handshake *through, const struct handshake *direct)
{
    const struct cert *x = through->cert_count != 0 ? through->certs[0] : NULL, *y = direct != NULL && direct->cert_count != 0 ? direct->certs[0] : NULL;
    if (x == NULL || y == NULL)
        return answers_itself(through, direct) ? RELATION_TERMINATED : RELATION_UNPAIRED;
    return same_leaf(x, y) || !other_author(x, y) ? RELATION_FORWARDED : RELATION_TERMINATED;
}

/* ---- what is told beside the fields that every comparison has */

static void change(struct comparison *c, const char *field, const char *through, const char *direct)
{
    if (c->changes < CHANGES_MAX && strcmp(through, direct) != 0)
        c->change[c->changes++] = (struct change_seen){ field, through, direct };
}

static const char *resumption(const struct server_hello *s)
{
    return s->ticket ? "by ticket" : s->session_id.n != 0 ? "by session id" : "not offered";
}

static void changes(struct comparison *c, const struct handshake *x, const struct handshake *y, struct arena *a)
{
    struct pair same_hello = c->pair; /* it was ours both times */
    same_hello.relation = RELATION_FORWARDED;
    compare_changes(&same_hello, a, c);
    if (!knows(x, KNOW_SERVER_HELLO) || !knows(y, KNOW_SERVER_HELLO))
        return;
    bool old = !version_is_13(handshake_version(x)) && !version_is_13(handshake_version(y));
    if (old) {
        change(c, "resumption", resumption(&x->answer), resumption(&y->answer));
        change(c, "sni_taken", x->answer.sni_ack ? "yes" : "no", y->answer.sni_ack ? "yes" : "no");
        change(c, "secure_renegotiation", x->answer.renego_info ? "yes" : "no", y->answer.renego_info ? "yes" : "no");
        change(c, "extended_master_secret", x->answer.ems ? "yes" : "no", y->answer.ems ? "yes" : "no");
    }
    change(c, "client_certificate", knows(x, KNOW_CERT_REQUEST) ? "asked for" : "not asked for", knows(y, KNOW_CERT_REQUEST) ? "asked for" : "not asked for");
}

/* ---- the verdict */

struct judgement {
    const struct finding *base;
    const char           *cause; /* in place of the base's; NULL = that */
    enum blame            side;
    enum sure             sure;
    const char           *because, *why;
};

#define SAY(...) arena_printf(a, __VA_ARGS__)

static const char *issuer_of(const struct view *v, struct arena *a) { return leaf_of(v) != NULL ? x509_name_text(a, &leaf_of(v)->issuer) : "nobody"; }

static bool answered_inside(const struct handshake *h) { return h->inside != NULL && h->inside->status != 0 && !proxy_page(h->inside); }

static struct judgement of_interceptor(const struct view *p, const struct view *d, struct arena *a)
{
    const char *shown = leaf_of(d) == NULL ? SAY("it shows a certificate of its own, by %s", issuer_of(p, a))
                                           : SAY("in place of the server's certificate, by %s, it shows its own, by %s", issuer_of(d, a), issuer_of(p, a));
    bool        told_inside = p->h->inside != NULL && proxy_page(p->h->inside);
    if (!good(p) && is_trust(&p->f) && (!told_inside || good(d)))
        return (struct judgement){ &p->f, "interception", BLAME_PROXY, LIKELY, "for one name at one time two certificates from different authorities",
                              SAY("The proxy intercepts: %s, which this client does not trust. Directly the server %s.", shown,
                                  good(d) ? "is in order" : SAY("fails, too (%s)", d->f.cause)) };
    if (told_inside && !good(d))
        return (struct judgement){ &d->f, NULL, d->f.side, d->f.sure, d->f.because,
                              SAY("The failure is not the proxy's: %s The proxy intercepts, and tells of it only in its page inside a good handshake (%s).", d->f.why,
                                  safe_str(a, p->h->inside->line.p, p->h->inside->line.n)) };
    if (told_inside)
        return (struct judgement){ &p->f, "proxy-upstream", BLAME_PROXY, p->f.sure, p->f.because,
                              SAY("Directly the server is in order. %s", p->f.why) };
    if (good(p) && !good(d))
        return (struct judgement){ &d->f, NULL, d->f.side, d->f.sure, d->f.because,
                              SAY("%s The proxy intercepts and %s: through it the handshake looks good.", d->f.why,
                                  answered_inside(p->h) ? "hides that: it took what this client refuses" : "may hide that") };
    if (!good(p) && good(d))
        return (struct judgement){ &p->f, NULL, BLAME_PROXY, LIKELY, "directly the same hello succeeds",
                              SAY("Only through the proxy, which intercepts (%s): %s", shown, p->f.why) };
    if (!good(p))
        return (struct judgement){ &p->f, NULL, p->f.side, p->f.sure, p->f.because,
                              SAY("The proxy intercepts, and both ways fail. Through it: %s Directly: %s.", p->f.why, d->f.cause) };
    return (struct judgement){ &p->f, NULL, BLAME_NONE, LIKELY, "for one name at one time two certificates from different authorities",
                          SAY("The proxy intercepts: %s, which this client trusts.", shown) };
}

/* The tunnel stood, and what came through it is the server's own; or nothing came. */
static struct judgement of_forwarder(const struct comparison *c, const struct view *p, const struct view *d, struct arena *a)
{
    bool forwards = c->pair.relation == RELATION_FORWARDED;
    if (good(p) && good(d))
        return (struct judgement){ &p->f, NULL, BLAME_NONE, forwards ? CERTAIN : LIKELY, forwards ? NULL : "no certificate was seen on one of the ways",
                              forwards ? "The proxy forwards: what comes through it is the server's own certificate, and the server is in order." : p->f.why };
    if (good(p))
        return (struct judgement){ &p->f, NULL, BLAME_NONE, p->f.sure, p->f.because, SAY("%s Directly it fails: %s", p->f.why, d->f.why) };
    if (good(d))
        return (struct judgement){ &p->f, NULL, BLAME_PROXY, p->f.sure == CERTAIN ? CERTAIN : LIKELY, "directly the same hello succeeds",
                              SAY("Only through the proxy: %s Directly the server is in order.", p->f.why) };
    if (!p->h->prelude.accepted)
        return (struct judgement){ &p->f, NULL, p->f.side, p->f.sure, p->f.because, SAY("%s Directly the server fails, too: %s", p->f.why, d->f.why) };
    return (struct judgement){ &d->f, NULL, d->f.side, d->f.sure, d->f.because,
                          SAY("The failure is not the proxy's, it is there without it, too: %s", d->f.why) };
}

void compare_ways(const struct view *through, const struct view *direct, struct arena *a, struct comparison *out)
{
    *out = (struct comparison){ .pair = { .client = through, .server = direct, .by = BY_NAME, .relation = ways_relation(through->h, direct->h) },
                                .ends = { "", "" } };
    changes(out, through->h, direct->h, a);
    struct judgement s = out->pair.relation == RELATION_TERMINATED ? of_interceptor(through, direct, a) : of_forwarder(out, through, direct, a);
    out->f = *s.base;
    out->f.cause = s.cause != NULL ? s.cause : s.base->cause;
    out->f.side = s.side;
    out->f.sure = s.sure;
    out->f.because = s.because;
    out->f.why = s.why;
    if (strcmp(out->f.cause, s.base->cause) != 0) { /* another page's advice */
        out->f.fix_n = out->f.settle_n = out->f.alternatives_n = 0;
        finding_complete(&(struct case_file){ .h = through->h, .arena = a }, &out->f);
    }
    for (size_t i = 0; i < out->f.evidence_n; i++)
        out->from_server[i] = s.base == &direct->f;
}
