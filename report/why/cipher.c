/* What client and server must have in common beside the version: cipher suites, groups, the kind of certificate key,
 * signature algorithms (RFC 5246 section 7.4.1, RFC 8446 section 4.1.1).
 *
 * A server that finds nothing in common says handshake_failure (40) whatever was missing, so the alert alone seldom
 * tells. Two things do: neighbours (what the same server chose from another hello), and the offer itself: where all
 * but one part of it is what every server of today takes, the odd part is the likely one. */
#include "say.h"

/* Parts of the offer that are narrower than servers expect. */
enum { NARROW_SUITES = 1, NARROW_GROUPS = 2, NARROW_KEYS = 4, NARROW_SIGALGS = 8 };

enum { X25519 = 29, SECP256R1 = 23, TLS_AES_128_GCM_SHA256 = 0x1301, TLS_1_2 = 0x0303 };

static bool is_13_suite(const struct suite *s) { return s->kex == KEX_TLS13; }
static bool is_old_suite(const struct suite *s) { return s->kex != KEX_TLS13; }
static bool is_usual(const struct suite *s)
{
    return s->aead && s->kex == KEX_ECDHE && s->auth == KEY_RSA;
} /* what nearly all servers take; Windows before 10 lacks it */
static bool needs_no_curve(const struct suite *s)
{
    return s->kex != KEX_TLS13 && s->kex != KEX_ECDHE && s->kex != KEX_ECDH;
}
static bool fits_rsa(const struct suite *s) { return s->auth == KEY_RSA; }
static bool fits_ecdsa(const struct suite *s) { return s->auth == KEY_ECDSA; }

static bool any_pss(const struct client_hello *hello)
{
    for (size_t i = 0; i < hello->sigalgs.n; i++) {
        if (sigalg_is_pss(hello->sigalgs.v[i]))
            return true;
    }
    return false;
}

static bool any_sha2(const struct client_hello *hello)
{
    for (size_t i = 0; i < hello->sigalgs.n; i++) {
        unsigned hash = sigalg_hash(hello->sigalgs.v[i]);
        if (!is_grease(hello->sigalgs.v[i]) && (hash == 0 || hash >= 4))
            return true;
    }
    return false;
}

static bool up_to_12(const struct client_hello *hello)
{
    return any_suite(hello, is_old_suite) && !version_is_13(hello->min_version);
}

static bool narrow_suites(const struct client_hello *hello)
{
    if (!up_to_12(hello))
        return real_suites(hello) < 2 || !offers_suite(hello, TLS_AES_128_GCM_SHA256);
    if (version_is_13(hello->max_version) && any_suite(hello, is_13_suite))
        return false; /* a server has TLS 1.3 or TLS 1.2 suites to choose from */
    if (version_rank(hello->max_version) < version_rank(TLS_1_2))
        return !any_suite(hello, suite_of_today);
    return real_suites(hello) < 3 || !any_suite(hello, is_usual);
}

static bool few_groups(const struct client_hello *hello)
{
    return hello->groups.v != NULL &&
           (real_values(&hello->groups) < 2 || (!offers_group(hello, X25519) && !offers_group(hello, SECP256R1)));
}

/* A single group for TLS 1.3, beside suites of TLS 1.2 that need none: a server with TLS 1.3 does not fall back to these. */
static bool only_one_for_13(const struct client_hello *hello)
{
    return version_is_13(hello->max_version) && real_values(&hello->groups) < 2;
}

static bool narrow_groups(const struct client_hello *hello)
{
    if (hello->groups.v == NULL || (!only_one_for_13(hello) && up_to_12(hello) && any_suite(hello, needs_no_curve)))
        return false;
    return few_groups(hello);
}

/* Only one kind of key, ECDSA in suites or either in TLS 1.3's schemes. RSA alone in old suites is no oddity. */
static bool narrow_keys(const struct client_hello *hello)
{
    if (version_is_13(hello->max_version) && hello->sigalgs.v != NULL)
        return any_sigalg(hello, KEY_RSA) != any_sigalg(hello, KEY_ECDSA);
    return up_to_12(hello) && any_suite(hello, fits_ecdsa) && !any_suite(hello, fits_rsa);
}

static bool narrow_sigalgs(const struct client_hello *hello)
{
    if (version_rank(hello->max_version) < version_rank(TLS_1_2))
        return false;
    if (hello->sigalgs.v == NULL || !any_sha2(hello))
        return true;
    return version_is_13(hello->max_version) && any_sigalg(hello, KEY_RSA) && !any_pss(hello);
}

static unsigned narrow_parts(const struct client_hello *hello)
{
    return (narrow_suites(hello) ? NARROW_SUITES : 0u) | (narrow_groups(hello) ? NARROW_GROUPS : 0u) |
           (narrow_keys(hello) ? NARROW_KEYS : 0u) | (narrow_sigalgs(hello) ? NARROW_SIGALGS : 0u);
}

/* ---- what neighbours say */

static bool chose_from_same_version(const struct case_file *c, const struct peer_fact *p)
{
    return p->answered && !p->resumed && offers_version(&c->h->hello, p->version) &&
           version_rank(p->version) >= version_rank(c->h->hello.min_version);
}

static bool usable_key(const struct client_hello *hello, uint8_t key, bool tls13)
{
    enum sig_key want = key == CERT_KEY_EC ? KEY_ECDSA : key == CERT_KEY_RSA ? KEY_RSA : KEY_UNKNOWN;
    if (want == KEY_UNKNOWN)
        return true;
    return tls13 ? any_sigalg(hello, want) : any_suite(hello, want == KEY_RSA ? fits_rsa : fits_ecdsa);
}

static bool other_key(const struct case_file *c, const struct peer_fact *own, const struct peer_fact *p)
{
    return chose_from_same_version(c, p) && own->name_hash == p->name_hash &&
           !usable_key(&c->h->hello, p->leaf_key, version_is_13(p->version));
}

static bool other_suite(const struct case_file *c, const struct peer_fact *own, const struct peer_fact *p)
{
    (void)own;
    return chose_from_same_version(c, p) && !offers_suite(&c->h->hello, p->suite);
}

static bool same_suite(const struct case_file *c, const struct peer_fact *own, const struct peer_fact *p)
{
    (void)own;
    return chose_from_same_version(c, p) && offers_suite(&c->h->hello, p->suite);
}

static bool other_group(const struct case_file *c, const struct peer_fact *own, const struct peer_fact *p)
{
    (void)own;
    return same_suite(c, own, p) && p->group != 0 && c->h->hello.groups.v != NULL &&
           !offers_group(&c->h->hello, p->group);
}

static bool same_offer_answered(const struct case_file *c, const struct peer_fact *own, const struct peer_fact *p)
{
    (void)c;
    return p->answered && p->hello_hash == own->hello_hash;
}

/* ---- the rules for a hello that the server refused */

/* Did the server end it at the hello, in a way that can mean "nothing in common"? */
static bool refused_offer(const struct case_file *c)
{
    const struct ending *e = &c->went->end;
    enum stage stage = c->went->stage;
    if ((stage != STAGE_HELLO && stage != STAGE_RETRY) || !ended_by(e, SERVER) || server_plain(c->h))
        return false;
    switch (e->number) {
    case ALERT_HANDSHAKE_FAILURE:
    case ALERT_INSUFFICIENT_SECURITY:
    case ALERT_UNSUPPORTED_CERTIFICATE:
    case ALERT_ILLEGAL_PARAMETER:
    case ALERT_MISSING_EXTENSION:
    case ALERT_INTERNAL_ERROR:
    case ALERT_NONE:
    case ALERT_BAD_CERTIFICATE:
    case ALERT_CLOSE_NOTIFY: return find_peer(c, same_offer_answered) == NULL;
    default: return false;
    }
}

static bool says_nothing_common(const struct ending *e)
{
    return e->number == ALERT_HANDSHAKE_FAILURE || e->number == ALERT_INSUFFICIENT_SECURITY;
}

static void other_parts(struct finding *f)
{
    ALSO(f, "cipher-mismatch", "cert-key-type", "group-mismatch", "signature-algorithms");
}

/* How sure a part is the reason: the only odd one, with the alert that means it, is likely. */
static enum sure odd_part(const struct ending *e, unsigned narrow, unsigned part)
{
    return says_nothing_common(e) && narrow == part ? LIKELY : POSSIBLE;
}

static const char *odd_because(const struct case_file *c, const struct ending *e, enum sure sure)
{
    return WORDS(c, "%s does not say what was missing; %s", ending_noun(c, e),
                 sure == LIKELY ? "but this is the one part of the offer that is unusual"
                                : "more than one part of the offer could be it");
}

static bool settled_by_peer(const struct case_file *c, struct finding *f, const struct ending *e,
                            const struct peer_fact *p, const char *why, const char *note)
{
    f->weight = 6;
    say(c, f, BLAME_CLIENT, e->alert != NULL ? LIKELY : POSSIBLE,
        "the same server's choice from another hello is not among what this one offers", why);
    cite_peer(c, f, p, p->answer_frame, note);
    return true;
}

static bool no_common_suite(const struct case_file *c, struct finding *f)
{
    const struct client_hello *hello = &c->h->hello;
    const struct ending *e = &c->went->end;
    char name[NAME_MAX_LEN];
    if (!refused_offer(c))
        return false;
    const struct peer_fact *p = find_peer(c, other_suite);
    if (p != NULL && find_peer(c, same_suite) == NULL && find_peer(c, other_key) == NULL)
        return settled_by_peer(c, f, e, p,
                               WORDS(c,
                                     "The client offers %zu cipher suite%s and not the one the server uses: in "
                                     "stream %u it chose %s. Here %s.",
                                     real_suites(hello), real_suites(hello) == 1 ? "" : "s", p->stream,
                                     suite_name(p->suite, name), ending_words(c, e)),
                               WORDS(c, "the same server chose %s", suite_name(p->suite, name)));
    unsigned narrow = narrow_parts(hello);
    if (!(narrow & NARROW_SUITES) && !(narrow == 0 && says_nothing_common(e)))
        return false;
    if (narrow == 0 || e->alert == NULL) {
        f->weight = -1;
        ALSO(f, "server-no-certificate", "sni-unrecognized");
    }
    enum sure sure = odd_part(e, narrow, NARROW_SUITES);
    other_parts(f);
    size_t n = real_suites(hello);
    bool weak = !any_suite(hello, suite_of_today);
    const char *odd = narrow == 0 ? "none of which is unusual"
                    : weak        ? "all of them too weak for today's servers"
                    : n < 3       ? "very few"
                                  : "none with ECDHE, RSA and AES-GCM";
    return say(c, f, narrow & NARROW_SUITES ? BLAME_CLIENT : BLAME_SERVER, sure,
               narrow == 0 ? "the alert says that nothing was in common, and nothing in the offer stands out"
                           : odd_because(c, e, sure),
               WORDS(c, "The client offers %zu cipher suite%s (%s%s) and %s.%s", n, n == 1 ? "" : "s", odd,
                     n == 1 && hello->suites.n != 0 ? WORDS(c, ": %s", suite_name(hello->suites.v[0], name)) : "",
                     ending_words(c, e),
                     narrow == 0 ? " The server found nothing in common with an ordinary offer, or refuses this "
                                   "client or name."
                                 : " Most likely the server accepts none of them."));
}

static bool no_common_group(const struct case_file *c, struct finding *f)
{
    const struct client_hello *hello = &c->h->hello;
    const struct ending *e = &c->went->end;
    char name[NAME_MAX_LEN];
    if (!refused_offer(c))
        return false;
    const struct peer_fact *p = find_peer(c, other_group);
    if (p != NULL)
        return settled_by_peer(
            c, f, e, p,
            WORDS(c, "The client's groups lack the one that the server uses: in stream %u it chose %s. Here %s.",
                  p->stream, group_name(p->group, name), ending_words(c, e)),
            WORDS(c, "the same server chose %s", group_name(p->group, name)));
    unsigned narrow = narrow_parts(hello);
    bool rest = narrow == 0 && few_groups(hello) && says_nothing_common(e); /* beside suites that need none, which servers seldom take today */
    if (!(narrow & NARROW_GROUPS) && !rest)
        return false;
    enum sure sure = odd_part(e, narrow, NARROW_GROUPS);
    f->weight = 1;
    other_parts(f);
    size_t n = real_values(&hello->groups);
    return say(c, f, BLAME_CLIENT, sure,
               rest ? "the groups stand out, but the offer holds suites that need none" : odd_because(c, e, sure),
               WORDS(c,
                     "The client offers %zu key exchange group%s (%s%s) and %s. Most likely the server accepts none "
                     "of them.",
                     n, n == 1 ? "" : "s", n != 0 ? group_name(hello->groups.v[0], name) : "none",
                     n > 1 ? " first" : "", ending_words(c, e)));
}

static bool other_key_type(const struct case_file *c, struct finding *f)
{
    const struct client_hello *hello = &c->h->hello;
    const struct ending *e = &c->went->end;
    if (!refused_offer(c))
        return false;
    const struct peer_fact *p = find_peer(c, other_key);
    if (p != NULL) {
        const char *key = p->leaf_key == CERT_KEY_EC ? "ECDSA" : "RSA";
        f->weight = 1;
        return settled_by_peer(c, f, e, p,
                               WORDS(c,
                                     "The server's certificate has an %s key (stream %u), and nothing this client "
                                     "offers can use one. Here %s.",
                                     key, p->stream, ending_words(c, e)),
                               WORDS(c, "the same server's certificate has an %s key", key));
    }
    unsigned narrow = narrow_parts(hello);
    if (!(narrow & NARROW_KEYS))
        return false;
    bool rsa = version_is_13(hello->max_version) ? any_sigalg(hello, KEY_RSA) : any_suite(hello, fits_rsa);
    enum sure sure = odd_part(e, narrow & ~(unsigned)NARROW_SUITES, NARROW_KEYS);
    f->weight = 2;
    other_parts(f);
    return say(c, f, BLAME_CLIENT, sure, odd_because(c, e, sure),
               WORDS(c,
                     "The client can use a server certificate with an %s key only, and %s. Most likely the server's "
                     "certificate has an %s key.",
                     rsa ? "RSA" : "ECDSA", ending_words(c, e), rsa ? "ECDSA" : "RSA"));
}

static bool no_common_sigalg(const struct case_file *c, struct finding *f)
{
    const struct client_hello *hello = &c->h->hello;
    const struct ending *e = &c->went->end;
    if (!refused_offer(c))
        return false;
    unsigned narrow = narrow_parts(hello);
    bool missing = e->number == ALERT_MISSING_EXTENSION && offers_13(c->h) && hello->sigalgs.v == NULL;
    if (!(narrow & NARROW_SIGALGS))
        return false;
    enum sure sure =
        missing ? CERTAIN : odd_part(e, narrow & ~(unsigned)(NARROW_SUITES | NARROW_KEYS), NARROW_SIGALGS);
    if (narrow & NARROW_SUITES)
        sure = missing ? CERTAIN : sure; /* an offer without SHA-2 is the stronger reason */
    f->weight = 3;
    other_parts(f);
    const char *what =
        hello->sigalgs.v == NULL ? "has no signature_algorithms extension, which means SHA-1 in TLS 1.2"
        : !any_sha2(hello)       ? "lists no signature algorithm with SHA-2"
                           : "lists no RSA-PSS signature algorithm, which TLS 1.3 needs with an RSA certificate";
    return say(
        c, f, BLAME_CLIENT, sure,
        missing ? "TLS 1.3 demands the extension, and the server says that one is missing" : odd_because(c, e, sure),
        WORDS(c, "The ClientHello (%s) %s, and %s. Most likely the server has no signature that this client takes.",
              offer_words(c), what, ending_words(c, e)));
}

/* ---- after the server's answer */

static bool retry_group(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    char name[NAME_MAX_LEN];
    const struct ending *e = &c->went->end;
    if (c->went->stage != STAGE_RETRY || h->retry.group == 0 || h->hello.groups.v == NULL ||
        offers_group(&h->hello, h->retry.group))
        return false;
    f->decisive = h->retry.where.frame;
    return say(c, f, BLAME_SERVER, CERTAIN,
               "the HelloRetryRequest asks for a group that the ClientHello does not list",
               WORDS(c, "The server's HelloRetryRequest asks for the group %s, which the client does not offer; %s.",
                     group_name(h->retry.group, name), ending_words(c, e)));
}

static bool dh_refused(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    unsigned bits = h->kex.dh_bits;
    bool weak_alert = e->number == ALERT_HANDSHAKE_FAILURE || e->number == ALERT_INSUFFICIENT_SECURITY ||
                      e->number == ALERT_ILLEGAL_PARAMETER;
    bool alert = weak_alert || e->number == ALERT_INTERNAL_ERROR;
    if (!knows(h, KNOW_SERVER_KEX | KNOW_CLIENT_HELLO) || bits == 0 || !ended_by(e, CLIENT) ||
        c->went->stage > STAGE_FLIGHT || (!alert && !ended_silently(e)))
        return false;
    bool sound = h->chain == NULL || h->chain->verdict != CHAIN_FAIL;
    f->decisive = h->kex.where.frame;
    f->weight = 4;
    ALSO(f, "cert-rejected");
    if (bits < 1024 || (bits < 2048 && weak_alert)) {
        enum sure sure = bits < 1024 && weak_alert ? CERTAIN : weak_alert || sound ? LIKELY : POSSIBLE;
        return say(c, f, BLAME_SERVER, sure,
                   alert ? "the client's alert fits a key exchange that is too weak" : "the client gave no reason",
                   WORDS(c, "The server's Diffie-Hellman group has %u bits, too few for this client: %s.", bits,
                         ending_words(c, e)));
    }
    bool old = version_rank(h->hello.max_version) < version_rank(TLS_1_2) && h->hello.sni.p == NULL;
    if (bits > 1024 && old && sound && e->number != ALERT_HANDSHAKE_FAILURE)
        return say(
            c, f, BLAME_CLIENT, e->number == ALERT_INTERNAL_ERROR ? LIKELY : POSSIBLE,
            "Java 6 and 7 cannot compute with more than 1024 bits and end like this, but other reasons look the same",
            WORDS(c,
                  "The server's Diffie-Hellman group has %u bits; old clients such as Java 6 and 7 take 1024 at "
                  "most, and %s.",
                  bits, ending_words(c, e)));
    return false;
}

static bool kex_group_not_offered(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    char name[NAME_MAX_LEN];
    const struct ending *e = &c->went->end;
    uint16_t group = h->kex.group != 0 ? h->kex.group : h->answer.group;
    if (group == 0 || h->hello.groups.v == NULL || offers_group(&h->hello, group) ||
        offers_group(&h->hello2, group) || !ended_by(e, CLIENT) || c->went->stage > STAGE_FLIGHT)
        return false;
    f->decisive = h->kex.group != 0 ? h->kex.where.frame : h->answer.where.frame;
    f->weight = 4;
    return say(c, f, BLAME_SERVER, CERTAIN, "the group that the server uses is not in the client's list",
               WORDS(c, "The server uses the group %s, which the client does not offer; %s.", group_name(group, name),
                     ending_words(c, e)));
}

/* The server signs its key exchange with a scheme that the client did not list, or with SHA-1 or MD5 in TLS 1.2. */
static bool handshake_signature_refused(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    char name[NAME_MAX_LEN];
    const struct ending *e = &c->went->end;
    uint16_t scheme = h->kex.sigalg;
    if (!knows(h, KNOW_SERVER_KEX | KNOW_CLIENT_HELLO) || scheme == 0 || !ended_by(e, CLIENT) ||
        c->went->stage > STAGE_FLIGHT || e->how == END_HIDDEN_ALERT)
        return false;
    bool listed = h->hello.sigalgs.v == NULL ? sigalg_hash(scheme) == 2 : offers_sigalg(&h->hello, scheme);
    bool about_it = e->number == ALERT_ILLEGAL_PARAMETER || e->number == ALERT_HANDSHAKE_FAILURE ||
                    e->number == ALERT_DECRYPT_ERROR || e->number == ALERT_INTERNAL_ERROR ||
                    e->number == ALERT_INSUFFICIENT_SECURITY;
    if (listed && !(sigalg_hash(scheme) != 0 && sigalg_hash(scheme) < 4 && about_it))
        return false;
    f->decisive = h->kex.where.frame;
    f->weight = 5;
    return say(c, f, BLAME_SERVER, !listed && about_it ? CERTAIN : LIKELY,
               listed ? "the client lists it, but such clients often refuse it by policy"
                      : "the client's list lacks it",
               WORDS(c, "The server signs its key exchange with %s, which the client %s; %s.",
                     sigalg_name(scheme, name), listed ? "seems to refuse" : "does not offer", ending_words(c, e)));
}

const struct rule cipher_rules[] = {
    { "retry-group", "group-mismatch", SHOWS_UNANSWERED, retry_group },
    { "kex-group-not-offered", "group-mismatch", SHOWS_BY_CLIENT, kex_group_not_offered },
    { "dh-refused", "group-mismatch", KNOW_CLIENT_HELLO | KNOW_SERVER_KEX | SHOWS_BY_CLIENT, dh_refused },
    { "handshake-signature-refused", "signature-algorithms", KNOW_CLIENT_HELLO | KNOW_SERVER_KEX | SHOWS_BY_CLIENT, handshake_signature_refused },
    { "no-common-sigalg", "signature-algorithms", SHOWS_UNANSWERED | SHOWS_BY_SERVER, no_common_sigalg },
    { "other-key-type", "cert-key-type", SHOWS_UNANSWERED | SHOWS_BY_SERVER, other_key_type },
    { "no-common-group", "group-mismatch", SHOWS_UNANSWERED | SHOWS_BY_SERVER, no_common_group },
    { "no-common-suite", "cipher-mismatch", SHOWS_UNANSWERED | SHOWS_BY_SERVER, no_common_suite },
    { 0 }
};
