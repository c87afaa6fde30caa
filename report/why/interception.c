/* Somebody else's certificate: a box on the path ends TLS in the server's place. One sign proves nothing, since a
 * private authority looks alike; two make it likely. Products known by name are the judge's (trust.h). */
#include "refusal.h"

#include <string.h>

/* The same server showed another certificate, from another issuer, for the same name. */
static bool other_issuer(const struct case_file *c, const struct peer_fact *own, const struct peer_fact *p)
{
    const struct cert *mine = c->h->cert_count != 0 ? c->h->certs[0] : NULL;
    return mine != NULL && p->leaf != NULL && p->leaf != mine && own->name_hash != 0 &&
           p->name_hash == own->name_hash && !p->client_rejected && p->finished && !mine->malformed &&
           !p->leaf->malformed && !names_equal(&mine->issuer, &p->leaf->issuer);
}

static bool two_issuers(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct refusal *r = &c->went->refusal;
    if (r->when == REFUSED_NOT || r->when == REFUSED_AFTER || r->hidden ||
        (h->chain != NULL && h->chain->verdict == CHAIN_OK))
        return false;
    const struct peer_fact *p = find_peer(c, other_issuer);
    if (p == NULL)
        return false;
    f->weight = 9;
    ALSO(f, "cert-untrusted-root");
    say(c, f, BLAME_PROXY, LIKELY,
        "for one name at one address, two certificates from different authorities; a server in the middle of a "
        "change could do that, too",
        WORDS(c,
              "This certificate comes from %s, but in stream %u the same server showed one from %s. So something on "
              "the way seems to answer in its place, and %s.",
              x509_name_text(c->arena, &h->certs[0]->issuer), p->stream, x509_name_text(c->arena, &p->leaf->issuer),
              ending_words(c, &r->how)));
    cite_peer(c, f, p, p->answer_frame, "another certificate for the same name");
    return true;
}

/* Words in the name of an issuer that boxes which inspect TLS like to bear. */
static const char *inspects(const struct x509_name *name)
{
    static const char *const words[] = { "filter",   "proxy",   "inspect",      "intercept",
                                         "firewall", "gateway", "antivirus",    "anti-virus",
                                         "decrypt",  "mitm",    "untrusted",    "sslbump",
                                         "ssl bump", "dpi-ssl", "do not trust", "man-in-the" };
    for (size_t i = 0; i < name->n; i++) {
        for (size_t k = 0; k < ARRAY_LEN(words); k++) {
            if (strcasestr(name->attr[i].value, words[k]) != NULL)
                return words[k];
        }
    }
    return NULL;
}

static bool issuer_inspects(const struct handshake *h)
{
    if (h->cert_count == 0 || h->certs[0]->malformed || h->certs[0]->self_issued || h->certs[0]->sct_count != 0 ||
        h->chain == NULL || h->chain->verdict != CHAIN_FAIL)
        return false;
    bool foreign = chain_has(h->chain, "untrusted_root", SEV_ERROR, NULL) ||
                   chain_has(h->chain, "missing_intermediate", SEV_ERROR, NULL);
    return foreign && inspects(&h->certs[0]->issuer) != NULL && inspects(&h->certs[0]->subject) == NULL;
}

bool looks_intercepted(const struct case_file *c)
{
    return issuer_inspects(c->h) || find_peer(c, other_issuer) != NULL;
}

/* A leaf for a name that is asked for, from an authority that nobody here knows and whose name says that it inspects;
 * what such boxes make carries no transparency marks, and most of it is new. */
static bool made_on_the_way(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct refusal *r = &c->went->refusal;
    enum { FRESH = 3 * 86400, DAY = 86400 };
    if ((r->when != REFUSED_AT_FLIGHT && r->when != REFUSED_AT_REPLY) || r->hidden || !issuer_inspects(h))
        return false;
    const struct cert *leaf = h->certs[0];
    int64_t age = leaf->not_before.ok ? h->certs_at.ns / NS_PER_S - leaf->not_before.s : -1;
    bool fresh = age >= -DAY && age <= FRESH;
    char when[40] = "";
    time_rfc3339_s(when, leaf->not_before.s);
    f->weight = 9;
    ALSO(f, "cert-untrusted-root", "cert-missing-intermediate");
    return say(
        c, f, BLAME_PROXY, LIKELY,
        WORDS(c,
              "the issuer's name%s and the missing transparency marks fit; a private authority could look the same",
              fresh ? ", the certificate's age" : ""),
        WORDS(c,
              "The certificate was made%s%s by %s, which nobody here trusts: it looks like one made on the way by an "
              "inspecting box. So %s.",
              fresh ? " shortly before, " : "", fresh ? WORDS(c, "on %.10s,", when) : "",
              x509_name_text(c->arena, &leaf->issuer), ending_words(c, &r->how)));
}

const struct rule interception_rules[] = {
    { "two-issuers", "interception", SHOWS_REFUSAL, two_issuers },
    { "made-on-the-way", "interception", SHOWS_REFUSAL, made_on_the_way },
    { 0 }
};
