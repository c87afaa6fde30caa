/* The server's certificate: the judge of chains (trust.h) says what is wrong with it, the client's way of leaving
 * says whether and why it minded. The alert names the sender's habit as much as the cause: GnuTLS sends
 * bad_certificate (42) for everything, Java certificate_unknown (46), Node and NSS nothing in clear. So a fault that
 * both the alert and the certificate itself show is certain, one that only one of them shows is likely. */
#include "refusal.h"
#include "tlswhy/profile.h"

#include <string.h>

/* Groups of causes that an alert can tell apart. */
enum kind { K_TRUST, K_DATES, K_NAME, K_USAGE, K_BYTES, K_STRENGTH, K_REVOKED, K_STATUS, K_OTHER };

/* The one crossing between the judge's words and causes. `by_anchors`: true only for whom has the same anchors. */
static const struct crossing {
    const char *code, *cause;
    enum kind kind;
    bool by_anchors;
    const char *says;
} crossings[] = {
    { "malformed", "cert-malformed", K_BYTES, false, "A certificate that the server sent does not decode" },
    { "bad_signature", "cert-malformed", K_BYTES, false,
      "A certificate that the server sent carries a signature that is wrong" },
    { "self_signed_leaf", "cert-self-signed", K_TRUST, false,
      "The server's certificate is signed by itself and by no authority" },
    { "interception_suspected", "interception", K_TRUST, false,
      "The certificate looks like one made on the way by an inspecting proxy" },
    { "missing_intermediate", "cert-missing-intermediate", K_TRUST, false,
      "The server did not send the intermediate certificate that leads to the root" },
    { "untrusted_root", "cert-untrusted-root", K_TRUST, true,
      "The server's certificate chain ends in a root that is not trusted" },
    { "ctl_missing_root", "cert-untrusted-root", K_TRUST, true,
      "The server's certificate chain ends in a root that this Windows does not have" },
    { "distrusted", "cert-untrusted-root", K_TRUST, true,
      "The server's certificate comes from an authority that is distrusted" },
    { "cross_sign_expired", "cert-expired", K_DATES, true,
      "The server's certificate chain passes an expired cross certificate" },
    { "expired", "cert-expired", K_DATES, false, "A certificate of the server's chain has expired" },
    { "expired_anchor", "cert-expired", K_DATES, true, "The root of the server's certificate chain has expired" },
    { "not_yet_valid", "cert-not-yet-valid", K_DATES, false, "A certificate of the server's chain is not valid yet" },
    { "name_mismatch", "cert-name", K_NAME, false, "The server's certificate does not hold the name asked for" },
    { "no_san", "cert-name", K_NAME, false,
      "The server's certificate has its name only in the subject, not as a subjectAltName" },
    { "wrong_leaf", "cert-name", K_NAME, false, "The first certificate that the server sends is not its own" },
    { "wrong_eku", "cert-usage", K_USAGE, false,
      "A certificate of the server's chain is not meant for TLS server authentication" },
    { "wrong_ku", "cert-usage", K_USAGE, false, "The key usage of a certificate of the server's chain does not fit" },
    { "not_a_ca", "cert-constraint", K_TRUST, false,
      "The server's certificate was issued by a certificate that is no CA" },
    { "path_len", "cert-constraint", K_TRUST, false,
      "The server's certificate chain is longer than one of its CAs allows" },
    { "name_constraint", "cert-constraint", K_TRUST, false,
      "A CA of the server's chain may not issue for this name" },
    { "unknown_critical_ext", "cert-constraint", K_OTHER, false,
      "A certificate of the server's chain has a critical extension that no client knows" },
    { "weak_signature", "sha1-refused", K_STRENGTH, false,
      "The server's certificate chain is signed with SHA-1 or MD5, which this client refuses" },
    { "weak_key", "cert-weak-key", K_STRENGTH, false, "A key of the server's certificate chain is too small" },
    { "revoked", "cert-revoked", K_REVOKED, false, "A certificate of the server's chain was revoked" },
    { "ocsp_bad", "cert-status", K_STATUS, false, "The revocation status that the server staples is not valid" },
    { "ocsp_missing", "cert-status", K_STATUS, false,
      "The certificate demands a stapled revocation status and the server sent none" },
    { "sha2_unsupported_by_client", "sha2-unsupported", K_STRENGTH, false,
      "The chain is signed with SHA-2, which this client cannot verify" },
    { "sig_unsupported_by_client", "signature-algorithms", K_STRENGTH, false,
      "The chain is signed with an algorithm that this client does not take" },
    { "unsupported_key_for_client", "cert-key-type", K_STRENGTH, false,
      "The server's certificate has a kind of key that this client cannot use" },
};

static const struct crossing *crossing_of(const char *code)
{
    for (size_t i = 0; i < ARRAY_LEN(crossings); i++) {
        if (crossings[i].code[0] == code[0] && strcmp(crossings[i].code, code) == 0) /* asked often: most differ at once */
            return &crossings[i];
    }
    return NULL;
}

/* Whose doing it is: what this client cannot is the client's. */
static enum blame side_of(const struct crossing *x, bool wrong_clock)
{
    bool client = strcmp(x->code, "sha2_unsupported_by_client") == 0 || strcmp(x->code, "sig_unsupported_by_client") == 0 ||
                  strcmp(x->code, "unsupported_key_for_client") == 0;
    return strcmp(x->cause, "interception") == 0 ? BLAME_PROXY : client || wrong_clock ? BLAME_CLIENT : BLAME_SERVER;
}

/* A problem's row. That the client's list lacks SHA-1 or an older hash is the same as refusing it. */
static const struct crossing *crossing_for(const struct handshake *h, const struct chain_problem *p)
{
    const struct cert *c = p->cert >= 0 && (size_t)p->cert < h->cert_count ? h->certs[p->cert] : NULL;
    bool weak = c != NULL && c->sig_hash >= HASH_MD2 && c->sig_hash <= HASH_SHA1;
    return crossing_of(weak && strcmp(p->code, "sig_unsupported_by_client") == 0 ? "weak_signature" : p->code);
}

/* What the alert says beyond "I do not like it": +1 names this kind, 0 fits it, -1 names another. */
static int alert_fits(int alert, enum kind kind)
{
    static const struct {
        int alert;
        unsigned kinds;
    } special[] = {
        { ALERT_UNKNOWN_CA, 1u << K_TRUST },
        { ALERT_CERTIFICATE_EXPIRED, 1u << K_DATES },
        { ALERT_CERTIFICATE_REVOKED, 1u << K_REVOKED },
        { ALERT_BAD_CERTIFICATE_STATUS_RESPONSE, 1u << K_STATUS },
        { ALERT_UNSUPPORTED_CERTIFICATE, 1u << K_USAGE | 1u << K_STRENGTH | 1u << K_OTHER },
        { ALERT_INSUFFICIENT_SECURITY, 1u << K_STRENGTH },
        { ALERT_DECODE_ERROR, 1u << K_BYTES },
        { ALERT_DECRYPT_ERROR, 1u << K_BYTES },
    };
    for (size_t i = 0; i < ARRAY_LEN(special); i++) {
        if (special[i].alert == alert)
            return special[i].kinds & 1u << kind ? 1 : -1;
    }
    return 0;
}

/* Faults that keep a client from seeing the way to a root at all: it passes such a certificate over while it looks for
 * an issuer (mbedTLS, OpenSSL), or has thrown out the root that ran out (wolfSSL), and then says unknown_ca. */
static bool hides_the_way(const struct chain_problem *p)
{
    return strcmp(p->code, "bad_signature") == 0 || strcmp(p->code, "malformed") == 0 || strcmp(p->code, "expired_anchor") == 0 ||
           (strcmp(p->code, "wrong_ku") == 0 && p->cert > 0);
}

/* The same for one problem of the chain. */
static int alert_fits_problem(int alert, const struct crossing *x, const struct chain_problem *p)
{
    return alert == ALERT_UNKNOWN_CA && hides_the_way(p) ? p->severity == SEV_ERROR : alert_fits(alert, x->kind);
}

/* The fault that explains the ending: among errors the first that the alert names, else the first, those that are sure
 * before others; where there is no error, a warning about strength, name or old lists that some clients take for one. */
static const struct crossing *fault_of(const struct handshake *h, int alert, bool at_flight, const struct chain_problem **which)
{
    const struct chain *chain = h->chain;
    const struct crossing *best = NULL;
    int best_fit = -4;
    for (size_t i = 0; chain != NULL && i < chain->n; i++) {
        const struct chain_problem *p = &chain->problems[i];
        const struct crossing *x = crossing_for(h, p);
        bool warns = p->severity == SEV_WARNING && x != NULL &&
                     (x->kind == K_STRENGTH || x->kind == K_NAME || x->kind == K_STATUS ||
                      strcmp(p->code, "ctl_missing_root") == 0);
        /* Most clients read all that is sent before they look at anything. */
        bool unreadable = at_flight && p->severity == SEV_WARNING && strcmp(p->code, "malformed") == 0;
        bool made_on_the_way = x != NULL && strcmp(x->cause, "interception") == 0 && chain->verdict == CHAIN_FAIL;
        if (warns && strcmp(p->code, "weak_signature") == 0 && !sha1_is_refused(h))
            continue;
        if (x == NULL || !(p->severity == SEV_ERROR || made_on_the_way || (warns && chain->verdict != CHAIN_FAIL) || unreadable))
            continue;
        int fit = 2 * alert_fits_problem(alert, x, p) - p->unsure + (unreadable && alert != ALERT_UNKNOWN_CA);
        if (fit > best_fit) {
            best = x;
            *which = p;
            best_fit = fit;
        }
    }
    return best;
}

void find_fault(const struct handshake *h, struct course *went)
{
    if (h->chain == NULL)
        return;
    if (probe_saw_flight(h))
        went->fault = fault_of(h, ALERT_NONE, false, &went->problem);
    else if (went->refusal.when != REFUSED_NOT)
        went->fault = fault_of(h, went->refusal.how.number, went->refusal.when == REFUSED_AT_FLIGHT, &went->problem);
}

static bool several_errors(const struct handshake *h, const struct crossing *x)
{
    const struct chain *chain = h->chain;
    for (size_t i = 0; i < chain->n; i++) {
        const struct crossing *y = crossing_for(h, &chain->problems[i]);
        if (chain->problems[i].severity == SEV_ERROR && y != NULL && strcmp(y->cause, x->cause) != 0)
            return true;
    }
    return false;
}

/* An expired certificate at the top of a path that reaches no anchor here: where it is a cross certificate, a client
 * that has the newer root of that name passes it by. */
static bool may_be_passed_by(const struct handshake *h, const struct chain_problem *p)
{
    const struct chain *chain = h->chain;
    if (strcmp(p->code, "expired") != 0 || p->cert <= 0 || chain->path_len == 0)
        return false;
    const struct path_step *top = &chain->path[chain->path_len - 1];
    return strcmp(top->from, "chain") == 0 && top->index == (size_t)p->cert;
}

static enum sure how_sure(const struct case_file *c, const struct refusal *r, const struct crossing *x,
                          const struct chain_problem *p, const char **because)
{
    const struct handshake *h = c->h;
    int fit = alert_fits_problem(r->how.number, x, p);
    bool own = h->chain->anchors != NULL && h->chain->anchors->clients_own;
    bool alert = r->when != REFUSED_AFTER && about_certificate(r->how.number);
    if (strcmp(x->cause, "interception") == 0) {
        *because = "several signs of a certificate made on the way; a private authority could look the same";
        return LIKELY;
    }
    if (r->when == REFUSED_AFTER) {
        *because =
            "the handshake completed; that the client left without sending data is the only sign that it minded";
        return p->severity == SEV_ERROR && (own || !x->by_anchors) ? LIKELY : POSSIBLE;
    }
    if (p->unsure) {
        *because = strcmp(p->code, "name_mismatch") == 0
                       ? "only a DNS answer tells what the server is called; the client may have asked for another name"
                       : "the certificate leaves another reading open, or what this client has is only known by its kind";
        return LIKELY;
    }
    if (p->severity != SEV_ERROR && strcmp(p->code, "malformed") == 0) {
        *because = "most clients read all that is sent; some pass over what they do not need";
        return LIKELY;
    }
    if (p->severity != SEV_ERROR) {
        *because = "not every client minds this, and nothing else is wrong with the certificate";
        return LIKELY;
    }
    if (fit <= 0 && may_be_passed_by(h, p)) {
        *because = "a client that has a newer root of the same name does not need the expired certificate";
        return LIKELY;
    }
    if (fit < 0) {
        *because = "the fault is there, but the alert speaks of something else";
        return LIKELY;
    }
    if (r->how.number == ALERT_UNKNOWN_CA && hides_the_way(p) && strcmp(p->code, "bad_signature") != 0) {
        *because = "the fault is there, and some clients put it as an unknown authority; but this one may lack the root besides";
        return LIKELY;
    }
    if (x->by_anchors && !own) {
        *because = "judged with this system's list of roots, not the client's own";
        return LIKELY;
    }
    if (x->kind == K_TRUST && (x->by_anchors || strcmp(p->code, "missing_intermediate") == 0) &&
        (looks_intercepted(c) || failed_list_fetch(c) != NULL)) {
        *because = "the root is unknown; whose doing that is, other signs tell";
        return LIKELY;
    }
    if (!alert && fit == 0) {
        *because = r->how.how == END_HIDDEN_ALERT ? "the fault is in the certificate; the client's alert is encrypted"
                                                  : "the fault is in the certificate, but the client gave no reason";
        return LIKELY;
    }
    if ((fit == 0 || r->how.number == ALERT_UNSUPPORTED_CERTIFICATE) && several_errors(h, x)) {
        *because = "the certificate has more than one fault and the alert does not say which one counted";
        return LIKELY;
    }
    if (strcmp(p->code, "missing_intermediate") == 0) {
        *because =
            "the issuer was not sent; that it is an intermediate, not a root of somebody's own, is the usual case";
        return LIKELY;
    }
    *because = fit > 0 ? "the certificate shows the fault and the client's alert names it"
                       : "the certificate shows the fault and the client refused it";
    return CERTAIN;
}

/* Every certificate on the way is still to come: then the clock is wrong, not the certificates. */
static bool all_to_come(const struct handshake *h)
{
    for (size_t i = 0; i < h->cert_count; i++) {
        if (!h->certs[i]->not_before.ok || h->certs[i]->not_before.s <= h->chain->time)
            return false;
    }
    return h->cert_count > 1;
}

static const char *refusal_words(const struct case_file *c, const struct refusal *r)
{
    if (r->when == REFUSED_AFTER)
        return WORDS(c, "the client completed the handshake and left without sending any data (%s)",
                     ending_noun(c, &r->how));
    return ending_words(c, &r->how);
}

/* The handshake was completed and the client left: scanners, health checks and preconnects do that every day,
 * whatever the certificate. So only a fault counts that every client minds, and an unknown root only by the client's
 * own list. */
static bool counts_after_all(const struct handshake *h, const struct crossing *x, const struct chain_problem *p)
{
    if (strcmp(p->code, "weak_signature") == 0)
        return sha1_is_refused(h);
    bool own = h->chain->anchors != NULL && h->chain->anchors->clients_own;
    return p->severity == SEV_ERROR && (x->kind != K_TRUST || own) && (!x->by_anchors || own) && !may_be_passed_by(h, p);
}

/* A probe saw the whole flight and judges it itself: it is the client, and these are its anchors. */
static bool fault_here(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct chain_problem *p = c->went->problem;
    const struct crossing *x = c->went->fault;
    bool strict = p->severity == SEV_ERROR, missing = strcmp(p->code, "missing_intermediate") == 0;
    bool clock = strcmp(p->code, "not_yet_valid") == 0 && all_to_come(h);
    enum sure sure = !strict || p->unsure || missing || strcmp(x->cause, "interception") == 0 ? LIKELY : CERTAIN;
    const char *because = !strict    ? "not every client minds this"
                        : p->unsure  ? "the bytes leave another reading open"
                        : missing    ? "the issuer was not sent; that it is an intermediate, not a root of somebody's own, is the usual case"
                        : x->by_anchors && h->chain->anchors != NULL
                            ? WORDS(c, "judged with %zu anchors: %s", h->chain->anchors->n, h->chain->anchors->name)
                            : "the certificate shows it";
    f->weight = strict ? 8 : 3;
    return say(c, f, side_of(x, clock), sure, because,
               WORDS(c, "%s%s%s%s.", x->says, p->detail != NULL ? " (" : "", p->detail != NULL ? p->detail : "",
                     p->detail != NULL ? ")" : ""));
}

/* One row for each cause: the rule answers for the cause of its row. */
static bool chain_fault(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct crossing *x = c->went->fault;
    const struct chain_problem *p = c->went->problem;
    const struct refusal *r = &c->went->refusal;
    const char *because = NULL;
    if (x == NULL || strcmp(x->cause, f->cause) != 0)
        return false;
    if (probe_saw_flight(h))
        return fault_here(c, f);
    if (r->when == REFUSED_AFTER && !counts_after_all(h, x, p))
        return false;
    if (r->when == REFUSED_AT_REPLY && ended_silently(&r->how) && p->severity != SEV_ERROR)
        return false;
    enum sure sure = how_sure(c, r, x, p, &because);
    bool clock = x->kind == K_DATES && strcmp(p->code, "not_yet_valid") == 0 && all_to_come(h);
    if (r->how.number == ALERT_UNKNOWN_CA && hides_the_way(p))
        ALSO(f, "cert-untrusted-root");
    if (x->kind == K_TRUST)
        ALSO(f, strcmp(x->code, "missing_intermediate") == 0 ? "cert-untrusted-root" : "cert-missing-intermediate",
             "interception");
    if (x->kind == K_TRUST && p->unsure && h->client != NULL &&
        ((h->client->disputed | h->client->any_cannot) & CAN_SHA2_CHAIN) != 0)
        ALSO(f, "sha2-unsupported"); /* a client that may lack both the root and SHA-2 */
    if (sure != CERTAIN)
        ALSO(f, "cert-rejected");
    bool old = r->how.number == ALERT_INTERNAL_ERROR && version_rank(handshake_version(h)) < version_rank(0x0303);
    if (old && sure != CERTAIN) { /* OpenSSL 3 offers TLS 1.0 and then cannot bear its signatures */
        ALSO(f, "protocol-version");
        because = "the fault is in the certificate, but some clients end like this where only a version this old was agreed";
        sure = POSSIBLE;
    }
    f->weight = p->severity != SEV_ERROR ? 3 : alert_fits_problem(r->how.number, x, p) < 0 ? 5 : 8;
    return say(c, f, side_of(x, clock), sure, because,
               WORDS(c, "%s%s%s%s. So %s.", x->says, p->detail != NULL ? " (" : "",
                     p->detail != NULL ? p->detail : "", p->detail != NULL ? ")" : "", refusal_words(c, r)));
}

/* ---- the alert alone: it names a reason that the certificate does not show, or the certificate is not to be seen */

static const struct {
    int alert;
    const char *cause;
    enum blame side;
    const char *says;
    const char *also[4];
} meanings[] = {
    { ALERT_UNKNOWN_CA,
      "cert-untrusted-root",
      BLAME_SERVER,
      "the client cannot follow the server's certificate to a root that it trusts",
      { "cert-missing-intermediate", "cert-self-signed", "interception", NULL } },
    { ALERT_CERTIFICATE_EXPIRED,
      "cert-expired",
      BLAME_SERVER,
      "for the client a certificate of the chain is past its date",
      { "cert-not-yet-valid", NULL } },
    { ALERT_CERTIFICATE_REVOKED,
      "cert-revoked",
      BLAME_SERVER,
      "the client found a certificate of the chain revoked",
      { NULL } },
    { ALERT_BAD_CERTIFICATE_STATUS_RESPONSE,
      "cert-status",
      BLAME_SERVER,
      "the client does not accept the stapled revocation status",
      { NULL } },
    { ALERT_UNSUPPORTED_CERTIFICATE,
      "cert-usage",
      BLAME_SERVER,
      "the client cannot use this certificate for a TLS server: its usage or its kind of key is wrong",
      { "cert-key-type", "cert-rejected", NULL } },
    { ALERT_DECRYPT_ERROR,
      "cert-malformed",
      BLAME_SERVER,
      "the server's own signature over its key exchange is good, so a signature in the certificate chain is meant: an altered "
      "certificate, or one that the issuer of that name did not sign",
      { "cert-untrusted-root", "protocol-error", NULL } },
};

/* Whose signature did the client find wrong? Not the key exchange's, where that verifies here; and a chain that verifies
 * here up to an anchor leaves none. */
static bool leaves_the_chain(const struct handshake *h)
{
    return h->kex.verified == SIG_GOOD && (h->chain == NULL || h->chain->verdict != CHAIN_OK);
}

/* The leaf's usage shows whatever the roots are. */
static bool leaf_seen(const struct handshake *h, const struct refusal *r)
{
    return !r->hidden && h->chain != NULL && h->cert_count != 0 && !h->certs[0]->malformed;
}

static bool alert_names_it(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct refusal *r = &c->went->refusal;
    const struct chain_problem *p = c->went->problem;
    if (r->when != REFUSED_AT_FLIGHT)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
        if (meanings[i].alert != r->how.number || strcmp(meanings[i].cause, f->cause) != 0)
            continue;
        const struct crossing *x = c->went->fault;
        bool judged = h->chain != NULL && h->chain->verdict != CHAIN_UNKNOWN && !r->hidden;
        bool own = judged && h->chain->anchors != NULL && h->chain->anchors->clients_own;
        bool exact =
            r->how.number == ALERT_CERTIFICATE_REVOKED || r->how.number == ALERT_BAD_CERTIFICATE_STATUS_RESPONSE;
        if (x != NULL && p->severity == SEV_ERROR && alert_fits_problem(r->how.number, x, p) > 0)
            return false; /* the certificate shows it as well: chain_fault says so */
        if (r->how.number == ALERT_DECRYPT_ERROR && (r->hidden || !leaves_the_chain(h)))
            return false;
        if (r->how.number == ALERT_UNSUPPORTED_CERTIFICATE && (judged || leaf_seen(h, r)))
            return false; /* its usage is in order: cert-rejected */
        add_causes(f->alternatives, &f->alternatives_n, meanings[i].also);
        f->weight = exact ? 12 : 7;
        const char *seen = exact    ? "the client's alert names it"
                         : r->hidden ? "the alert names the reason, but TLS 1.3 hides the certificate"
                         : judged && h->chain->verdict == CHAIN_OK
                             ? "the alert names the reason, but the certificate looks sound from here"
                             : "the alert names the reason";
        return say(c, f, own && h->chain->verdict == CHAIN_OK && !exact ? BLAME_CLIENT : meanings[i].side,
                   exact ? CERTAIN : LIKELY, seen,
                   WORDS(c, "The client refused the server's certificate with %s: %s.", ending_noun(c, &r->how),
                         meanings[i].says));
    }
    return false;
}

/* ---- no certificate where one is announced */

static bool entry_is_empty(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct refusal *r = &c->went->refusal;
    if (r->when != REFUSED_AT_FLIGHT || r->hidden || h->malformed[SERVER] == NULL ||
        strcmp(h->malformed[SERVER], "certificate without a byte") != 0)
        return false;
    f->weight = 20;
    ALSO(f, "protocol-error");
    return say(c, f, BLAME_SERVER, r->how.how == END_ALERT ? CERTAIN : LIKELY,
               "no certificate can be that short, and most clients refuse the message for it",
               WORDS(c, "The server's list of certificates holds an entry without a single byte: a certificate was lost there. So %s.",
                     ending_words(c, &r->how)));
}

/* ---- refused, and nothing tells why */

static bool refused_somehow(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct refusal *r = &c->went->refusal;
    bool alert = about_certificate(r->how.number), silent = ended_silently(&r->how);
    if (r->when == REFUSED_NOT || r->when == REFUSED_AFTER)
        return false; /* a finished handshake and a sound chain: nothing says that anything failed */
    if (r->when == REFUSED_AT_REPLY && !alert && r->how.how != END_HIDDEN_ALERT)
        return false;
    const char *sound = r->hidden                                            ? "TLS 1.3 hides it from here"
                      : h->chain != NULL && h->chain->verdict == CHAIN_OK   ? "it looks sound from here"
                      : h->chain != NULL && h->chain->verdict == CHAIN_FAIL ? "its faults do not settle it"
                                                                            : "it could not be judged from here";
    const char *because =
        alert ? WORDS(c, "%s is about the certificate, but does not say what is wrong with it; %s",
                      ending_noun(c, &r->how), sound)
        : silent
            ? WORDS(c, "the client gave no reason; a certificate is what a client checks at this point; %s", sound)
            : WORDS(c, "%s came at the point where the certificate is checked; %s", ending_noun(c, &r->how), sound);
    enum sure sure = alert || silent || r->how.how == END_HIDDEN_ALERT ? LIKELY : POSSIBLE;
    f->weight = alert ? 1 : -1;
    ALSO(f, "cert-untrusted-root");
    if (r->hidden)
        ALSO(f, "cert-expired", "cert-name", "cert-missing-intermediate", "cert-self-signed", "key-mismatch");
    if (silent)
        ALSO(f, "abandoned");
    return say(c, f, BLAME_CLIENT, sure, because,
               WORDS(c,
                     "The client ended the handshake right after the server's certificate%s: %s. Its own log knows "
                     "the reason: a root it lacks, a pinned certificate, an algorithm or a policy.",
                     r->hidden ? ", which TLS 1.3 encrypts" : "", ending_words(c, &r->how)));
}

#define CHAIN_FAULT(cause) \
    { \
        "chain-" cause, cause, SHOWS_FAULT, chain_fault \
    }
#define ALERT_NAMES(cause) \
    { \
        "alert-" cause, cause, SHOWS_REFUSAL | SHOWS_ALERT, alert_names_it \
    }
const struct rule certificate_rules[] = { CHAIN_FAULT("cert-malformed"),
                                          CHAIN_FAULT("cert-self-signed"),
                                          CHAIN_FAULT("interception"),
                                          CHAIN_FAULT("cert-missing-intermediate"),
                                          CHAIN_FAULT("cert-untrusted-root"),
                                          CHAIN_FAULT("cert-expired"),
                                          CHAIN_FAULT("cert-not-yet-valid"),
                                          CHAIN_FAULT("cert-name"),
                                          CHAIN_FAULT("cert-usage"),
                                          CHAIN_FAULT("cert-constraint"),
                                          CHAIN_FAULT("sha1-refused"),
                                          CHAIN_FAULT("cert-weak-key"),
                                          CHAIN_FAULT("cert-revoked"),
                                          CHAIN_FAULT("cert-status"),
                                          CHAIN_FAULT("sha2-unsupported"),
                                          CHAIN_FAULT("signature-algorithms"),
                                          CHAIN_FAULT("cert-key-type"),
                                          ALERT_NAMES("cert-untrusted-root"),
                                          ALERT_NAMES("cert-expired"),
                                          ALERT_NAMES("cert-revoked"),
                                          ALERT_NAMES("cert-status"),
                                          ALERT_NAMES("cert-usage"),
                                          ALERT_NAMES("cert-malformed"),
                                          { "entry-is-empty", "cert-malformed", SHOWS_REFUSAL, entry_is_empty },
                                          { "refused-somehow", "cert-rejected", SHOWS_REFUSAL, refused_somehow },
                                          { 0 } };
