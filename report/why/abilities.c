/* A sound certificate that this client cannot or will not take: algorithms it does not know, ones it has given up,
 * keys it finds too small. What the client can do shows in its hello, and
 * better where the hello fits a known client (profile.h). */
#include "refusal.h"
#include "tlswhy/profile.h"

#include <string.h>

enum { TLS_1_2 = 0x0303 };

static bool is_sha2(const struct cert *c)
{
    return c->sig_hash == HASH_SHA224 || c->sig_hash == HASH_SHA256 || c->sig_hash == HASH_SHA384 ||
           c->sig_hash == HASH_SHA512;
}
static bool is_weak_hash(const struct cert *c)
{
    return c->sig_hash == HASH_SHA1 || c->sig_hash == HASH_MD5 || c->sig_hash == HASH_MD2 || c->sig_hash == HASH_MD4;
}

static const struct cert *first_below(const struct handshake *h, bool (*fits)(const struct cert *))
{
    const struct cert *cert;
    for (size_t i = 0; (cert = below_anchor(h, i)) != NULL; i++) {
        if (fits(cert))
            return cert;
    }
    return NULL;
}

bool sha2_in_doubt(const struct handshake *h)
{
    for (size_t i = 0; i < h->hello.sigalgs.n; i++)
        if (sigalg_hash(h->hello.sigalgs.v[i]) > 2 || sigalg_is_pss(h->hello.sigalgs.v[i]))
            return false; /* it says that it can */
    return h->client != NULL && ((h->client->all_can | h->client->any_cannot) & CAN_SHA2_CHAIN) == 0 && first_below(h, is_sha2) != NULL;
}

static bool cannot(const struct handshake *h, enum client_can what)
{
    return h->client != NULL && (h->client->any_cannot & what) != 0;
}
static bool can(const struct handshake *h, enum client_can what)
{
    return h->client != NULL && h->client->how == MATCH_EXACT && (h->client->all_can & what) != 0;
}

/* The same client took a SHA-2 certificate with the same hello. */
static bool took_sha2(const struct case_file *c, const struct peer_fact *own, const struct peer_fact *p)
{
    (void)c;
    return p->finished && !p->resumed && p->leaf != NULL && is_sha2(p->leaf) && p->suites_hash == own->suites_hash;
}

/* Clients that fail at SHA-2 chains speak TLS 1.0 at most; XP and Server 2003 send neither a name nor AES suites. */
static bool sha2_not_known(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct refusal *r = &c->went->refusal;
    const struct cert *cert = first_below(h, is_sha2);
    int n = r->how.number;
    bool old = version_rank(h->hello.max_version) < version_rank(TLS_1_2) && h->hello.sigalgs.v == NULL;
    if (r->when != REFUSED_AT_FLIGHT || cert == NULL || chain_at_fault(h) || !(old || cannot(h, CAN_SHA2_CHAIN)) ||
        can(h, CAN_SHA2_CHAIN))
        return false;
    if (find_client_peer(c, took_sha2) != NULL || n == ALERT_UNKNOWN_CA || n == ALERT_CERTIFICATE_EXPIRED ||
        n == ALERT_CERTIFICATE_REVOKED || n == ALERT_BAD_CERTIFICATE_STATUS_RESPONSE)
        return false;
    bool before_2007 = h->hello.sni.p == NULL && !any_suite(&h->hello, suite_of_today);
    bool known = cannot(h, CAN_SHA2_CHAIN) || (h->client != NULL && (h->client->disputed & CAN_SHA2_CHAIN) != 0);
    f->weight = before_2007 || known ? 5 : -2;
    ALSO(f, "cert-rejected", "cert-untrusted-root");
    return say(c, f, BLAME_CLIENT, before_2007 || known ? LIKELY : POSSIBLE,
               known ? "this hello is known from systems that cannot verify SHA-2; a missing root would look the same"
                     : "the hello is of the kind that such systems send; a missing root would look the same",
               WORDS(c,
                     "The client (%s, no signature_algorithms) left right after a chain signed with %s: %s. Systems "
                     "with such a hello often cannot verify SHA-2 signatures.",
                     offer_words(c), cert_sig_name(cert), ending_words(c, &r->how)));
}

/* ---- what the client's own list of signature algorithms leaves out */

static bool scheme_covers(uint16_t scheme, const struct cert *c)
{
    static const enum hash_id hashes[] = { HASH_NONE,   HASH_MD5,    HASH_SHA1,  HASH_SHA224,
                                           HASH_SHA256, HASH_SHA384, HASH_SHA512 };
    unsigned hash = sigalg_hash(scheme);
    enum sig_key want = c->sig_kind == SIG_RSA || c->sig_kind == SIG_RSA_PSS ? KEY_RSA
                      : c->sig_kind == SIG_ECDSA                             ? KEY_ECDSA
                      : c->sig_kind == SIG_DSA                               ? KEY_DSA
                                                                             : KEY_UNKNOWN;
    if (want == KEY_UNKNOWN)
        return true; /* Ed25519 and others: the judge's business */
    return sigalg_key(scheme) == want && sigalg_is_pss(scheme) == (c->sig_kind == SIG_RSA_PSS) &&
           hash < ARRAY_LEN(hashes) && hashes[hash] == c->sig_hash;
}

static const struct cert *not_in_list(const struct handshake *h)
{
    const struct u16s *list = h->hello.sigalgs_cert.v != NULL ? &h->hello.sigalgs_cert : &h->hello.sigalgs;
    const struct cert *cert;
    for (size_t i = 0; list->v != NULL && (cert = below_anchor(h, i)) != NULL; i++) {
        bool covered = cert->malformed || cert->sig_kind == SIG_KIND_UNKNOWN;
        for (size_t k = 0; k < list->n && !covered; k++)
            covered = scheme_covers(list->v[k], cert);
        if (!covered)
            return cert;
    }
    return NULL;
}

/* The rule answers for the cause of its row: what the list lacks decides which one it is. */
static bool chain_not_in_list(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct refusal *r = &c->went->refusal;
    if (r->when != REFUSED_AT_FLIGHT || r->hidden || chain_at_fault(h))
        return false;
    const struct cert *cert = not_in_list(h);
    if (cert == NULL)
        return false;
    bool sha2 = is_sha2(cert) && cert->sig_kind != SIG_RSA_PSS, weak = is_weak_hash(cert);
    const char *cause = sha2 ? "sha2-unsupported" : weak ? "sha1-refused" : "signature-algorithms";
    if (strcmp(f->cause, cause) != 0)
        return false;
    f->weight = 6;
    ALSO(f, "cert-rejected");
    return say(c, f, weak ? BLAME_SERVER : BLAME_CLIENT, LIKELY,
               "the client's list lacks it, and nothing else is wrong with the chain",
               WORDS(c,
                     "A certificate of the chain is signed with %s, which the client's signature_algorithms do not "
                     "list; %s.",
                     cert_sig_name(cert), ending_words(c, &r->how)));
}

/* The curve of the certificate's key has to be one the client lists (RFC 8422 section 5.1). */
static bool curve_not_in_list(const struct case_file *c, struct finding *f)
{
    static const struct {
        const char *oid;
        uint16_t group;
    } curves[] = {
        { "1.2.840.10045.3.1.1", 19 }, { "1.3.132.0.33", 21 }, { "1.3.132.0.10", 22 },
        { "1.2.840.10045.3.1.7", 23 }, { "1.3.132.0.34", 24 }, { "1.3.132.0.35", 25 },
    };
    const struct handshake *h = c->h;
    const struct refusal *r = &c->went->refusal;
    char name[NAME_MAX_LEN];
    if (r->when != REFUSED_AT_FLIGHT || r->hidden || h->cert_count == 0 || h->certs[0]->curve_oid == NULL ||
        h->hello.groups.v == NULL || chain_at_fault(h))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(curves); i++) {
        if (strcmp(curves[i].oid, h->certs[0]->curve_oid) != 0 || offers_group(&h->hello, curves[i].group))
            continue;
        f->weight = 6;
        return say(
            c, f, BLAME_SERVER, LIKELY, "the client's list lacks the curve, and nothing else is wrong with the chain",
            WORDS(c, "The key of the server's certificate lies on the curve %s, which the client does not list; %s.",
                  group_name(curves[i].group, name), ending_words(c, &r->how)));
    }
    return false;
}

/* ---- strength: what the judge may let pass and clients of today do not */

/* An alert about the certificate that no weak hash or short key would bring: expired, revoked, an unknown authority... */
static bool says_another_fault(int alert)
{
    return about_certificate(alert) && alert != ALERT_BAD_CERTIFICATE && alert != ALERT_UNSUPPORTED_CERTIFICATE && alert != ALERT_CERTIFICATE_UNKNOWN;
}

static bool weak_hash_refused(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct refusal *r = &c->went->refusal;
    const struct cert *cert = first_below(h, is_weak_hash);
    if ((r->when != REFUSED_AT_FLIGHT && !(r->when == REFUSED_AT_REPLY && r->how.how == END_HIDDEN_ALERT)) ||
        cert == NULL || chain_at_fault(h) || !sha1_is_refused(h))
        return false;
    if (says_another_fault(r->how.number))
        return false;
    f->weight = 4;
    ALSO(f, "cert-rejected");
    return say(c, f, BLAME_SERVER, LIKELY,
               "clients of today refuse such signatures, and nothing else is wrong with the chain",
               WORDS(c, "A certificate of the server's chain is signed with %s, which clients of today refuse; %s.",
                     cert_sig_name(cert), ending_words(c, &r->how)));
}

static bool is_short(const struct cert *c)
{
    return ((c->key == CERT_KEY_RSA || c->key == CERT_KEY_RSA_PSS) && c->key_bits != 0 && c->key_bits < 2048) ||
           (c->key == CERT_KEY_EC && c->key_bits != 0 && c->key_bits < 224) ||
           (c->key == CERT_KEY_DSA && c->key_bits < 2048);
}

static bool short_key_refused(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct refusal *r = &c->went->refusal;
    const struct cert *cert = first_below(h, is_short);
    char key[64];
    if ((r->when != REFUSED_AT_FLIGHT && r->when != REFUSED_AT_REPLY) || cert == NULL || chain_at_fault(h))
        return false;
    if (says_another_fault(r->how.number))
        return false;
    f->weight = 4;
    ALSO(f, "cert-rejected");
    return say(c, f, BLAME_SERVER, LIKELY, "nothing else is wrong with the chain, and many clients demand more",
               WORDS(c, "The server's chain holds a key of %s, too small for many clients of today; %s.",
                     cert_key_name(cert, key), ending_words(c, &r->how)));
}

/* The client asked for a stapled status, the certificate demands one (RFC 7633), and the server sent none. */
static bool staple_missing(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct refusal *r = &c->went->refusal;
    int n = r->how.number;
    if (r->when == REFUSED_NOT || r->when == REFUSED_AFTER || r->hidden || h->cert_count == 0 ||
        !h->certs[0]->must_staple || !h->hello.status_request || knows(h, KNOW_STAPLE) || chain_at_fault(h) ||
        n == ALERT_UNKNOWN_CA || n == ALERT_CERTIFICATE_EXPIRED || n == ALERT_CERTIFICATE_REVOKED)
        return false;
    f->weight = 6;
    ALSO(f, "cert-rejected");
    return say(c, f, BLAME_SERVER, LIKELY,
               "nothing else is wrong with the chain, and the certificate demands what the server left out",
               WORDS(c,
                     "The certificate demands a stapled revocation status (must-staple) and the client asked for it, "
                     "but the server sent none; %s.",
                     ending_words(c, &r->how)));
}

/* On the judge's way up, does an issuer stand before what it signed? The root does not matter: clients have their own. */
static bool sent_backwards(const struct handshake *h)
{
    size_t before = 0;
    for (size_t i = 0; i < h->chain->path_len; i++) {
        const struct path_step *s = &h->chain->path[i];
        if (s->cert->self_issued || strcmp(s->from, "chain") != 0)
            continue;
        if (s->index < before)
            return true;
        before = s->index;
    }
    return false;
}

/* A server has to send each issuer after what it signed (RFC 5246 section 7.4.2). Most clients sort; mbedTLS and other
 * small ones look onwards only, and then find no way to a root that they have. */
static bool order_refused(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct refusal *r = &c->went->refusal;
    int n = r->how.number;
    if (r->when != REFUSED_AT_FLIGHT || r->hidden || h->chain == NULL || chain_at_fault(h) || !sent_backwards(h) ||
        (n != ALERT_UNKNOWN_CA && n != ALERT_BAD_CERTIFICATE && n != ALERT_CERTIFICATE_UNKNOWN))
        return false;
    f->weight = n == ALERT_UNKNOWN_CA ? 8 : 2;
    ALSO(f, "cert-untrusted-root", "cert-rejected");
    return say(c, f, BLAME_SERVER, LIKELY, "nothing else is wrong with the chain; a client that lacks the root would end alike",
               WORDS(c,
                     "The server sends its certificates in the wrong order (an issuer before what it signed). Most clients sort "
                     "them; one that does not misses an intermediate: %s.",
                     ending_words(c, &r->how)));
}

/* rustls (webpki) and Firefox take no CA certificate for a server's, however good its chain is. */
static bool ca_as_server(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct refusal *r = &c->went->refusal;
    int n = r->how.number;
    if (r->when != REFUSED_AT_FLIGHT || r->hidden || h->cert_count == 0 || !h->certs[0]->ca || chain_at_fault(h) ||
        (n != ALERT_BAD_CERTIFICATE && n != ALERT_CERTIFICATE_UNKNOWN && n != ALERT_UNSUPPORTED_CERTIFICATE))
        return false;
    f->weight = 4;
    ALSO(f, "cert-usage", "cert-rejected");
    return say(c, f, BLAME_SERVER, LIKELY, "nothing else is wrong with the chain, and some clients mind this",
               WORDS(c,
                     "The server's own certificate is that of a CA (basicConstraints), which rustls and Firefox refuse for a "
                     "server; %s.",
                     ending_words(c, &r->how)));
}

/* A key that may only sign with PSS (rsassaPss, RFC 8446 section 4.2.3): rare, and libraries that verify such signatures
 * still trip over such keys. */
static bool pss_key_refused(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct refusal *r = &c->went->refusal;
    if (r->when != REFUSED_AT_FLIGHT || r->hidden || h->cert_count == 0 || h->certs[0]->key != CERT_KEY_RSA_PSS ||
        h->chain == NULL || h->chain->verdict != CHAIN_OK || r->how.number == ALERT_UNKNOWN_CA ||
        r->how.number == ALERT_CERTIFICATE_EXPIRED || r->how.number == ALERT_CERTIFICATE_REVOKED)
        return false;
    f->weight = 4;
    ALSO(f, "signature-algorithms", "cert-rejected");
    return say(c, f, BLAME_CLIENT, LIKELY, "nothing else is wrong with the chain, and such keys are rare",
               WORDS(c,
                     "The key of the server's certificate is of the kind RSA-PSS (rsassaPss), which many TLS libraries do not take, "
                     "though they may list such signatures; %s.",
                     ending_words(c, &r->how)));
}

/* A strict reader (rustls) cannot read what others pass over: a serial number of 0, an encoding that is not DER. */
static bool loosely_made(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct refusal *r = &c->went->refusal;
    const struct chain_problem *odd = NULL;
    for (size_t i = 0; h->chain != NULL && i < h->chain->n && odd == NULL; i++) {
        const struct chain_problem *p = &h->chain->problems[i];
        odd = strcmp(p->code, "non_strict_der") == 0 || strcmp(p->code, "profile_violation") == 0 ? p : NULL;
    }
    if (r->when != REFUSED_AT_FLIGHT || r->hidden || odd == NULL || r->how.number != ALERT_DECODE_ERROR || chain_at_fault(h))
        return false;
    f->weight = 9;
    ALSO(f, "protocol-error");
    return say(c, f, BLAME_SERVER, LIKELY, "the client could not read something right after the certificate, and nothing else is odd",
               WORDS(c, "A certificate of the server's chain breaks a rule that strict clients enforce (%s); %s.",
                     odd->detail != NULL ? odd->detail : odd->code, ending_words(c, &r->how)));
}

/* The longest RSA key that cannot carry a PSS signature with SHA-256 (RFC 8017 section 9.1.1) has 521 bits. */
static bool key_cannot_sign(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    char key[64];
    if (!ended_by_alert(e, SERVER, ALERT_INTERNAL_ERROR) || h->cert_count == 0 || flight_whole(h) ||
        h->certs[0]->key != CERT_KEY_RSA || h->certs[0]->key_bits == 0 || h->certs[0]->key_bits >= 1024)
        return false;
    f->weight = 6;
    f->decisive = e->where.frame;
    ALSO(f, "protocol-error");
    say(c, f, BLAME_SERVER, LIKELY, "the key is the odd thing about this server, and its signature is what would come next",
        WORDS(c, "The server's key (%s) is too small for the signatures of today: after its certificate it could not go on, and %s.",
              cert_key_name(h->certs[0], key), ending_words(c, e)));
    cite_alert(c, f, e->alert);
    return true;
}

const struct rule abilities_rules[] = {
    { "chain-not-in-list", "sha2-unsupported", SHOWS_REFUSAL, chain_not_in_list },
    { "chain-signature-not-in-list", "signature-algorithms", SHOWS_REFUSAL, chain_not_in_list },
    { "chain-hash-not-in-list", "sha1-refused", SHOWS_REFUSAL, chain_not_in_list },
    { "curve-not-in-list", "cert-key-type", SHOWS_REFUSAL, curve_not_in_list },
    { "staple-missing", "cert-status", SHOWS_REFUSAL, staple_missing },
    { "sha2-not-known", "sha2-unsupported", SHOWS_REFUSAL, sha2_not_known },
    { "weak-hash-refused", "sha1-refused", SHOWS_REFUSAL, weak_hash_refused },
    { "short-key-refused", "cert-weak-key", SHOWS_REFUSAL, short_key_refused },
    { "key-cannot-sign", "cert-weak-key", SHOWS_BY_SERVER | SHOWS_ALERT, key_cannot_sign },
    { "ca-as-server", "cert-constraint", SHOWS_REFUSAL | SHOWS_ALERT, ca_as_server },
    { "pss-key-refused", "cert-key-type", SHOWS_REFUSAL, pss_key_refused },
    { "loosely-made", "cert-malformed", SHOWS_REFUSAL | SHOWS_ALERT, loosely_made },
    { "order-refused", "cert-missing-intermediate", SHOWS_REFUSAL | SHOWS_ALERT, order_refused },
    { 0 }
};
