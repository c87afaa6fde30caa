/* Versions: no common one (protocol-version), a server that breaks on a newer offer (version-intolerance), and a
 * downgrade that one side noticed (version-downgrade). RFC 8446 sections 4.1.3, 4.2.1 and E, RFC 7507. */
#include "say.h"

enum { TLS_1_0 = 0x0301, TLS_1_1 = 0x0302, TLS_1_2 = 0x0303, TLS_1_3 = 0x0304 };

static bool below(uint16_t a, uint16_t b) { return a != 0 && b != 0 && version_rank(a) < version_rank(b); }

/* Did the hello say that it takes this version? Without a list of versions everything up to the highest is implied
 * (RFC 5246 appendix E.1), but clients that cut at the lower end do not say where. */
static bool listed(const struct client_hello *hello, uint16_t version)
{
    return hello->versions.v != NULL && offers_version(hello, version);
}

/* ---- the server answered with an older version */

static bool answer_too_old(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    uint16_t v = handshake_version(h);
    if (!knows(h, KNOW_CLIENT_HELLO | KNOW_SERVER_HELLO) || h->outcome == OUTCOME_ESTABLISHED ||
        h->answer.downgrade != DOWNGRD_NONE || version_rank(v) == 0) /* no version at all is no older one */
        return false;
    const struct ending *e = &c->went->end;
    enum stage stage = c->went->stage;
    enum sure sure;
    const char *because;

    if (below(v, h->hello.min_version)) {
        sure = CERTAIN;
        because = "the version in the ServerHello lies below the lowest that the ClientHello lists";
    } else if (!below(v, h->hello.max_version) || listed(&h->hello, v) || !ended_by(e, CLIENT) ||
               stage > STAGE_FLIGHT) {
        return false;
    } else if (e->number == ALERT_PROTOCOL_VERSION) {
        sure = CERTAIN;
        because = "the client says so itself, right after the ServerHello";
    } else if (!below(v, TLS_1_2) || (h->chain != NULL && h->chain->verdict == CHAIN_FAIL)) {
        return false;
    } else if (e->number == ALERT_INTERNAL_ERROR || (e->number == ALERT_HANDSHAKE_FAILURE && h->answer.renego_info) ||
               e->number == ALERT_ILLEGAL_PARAMETER || e->number == ALERT_INSUFFICIENT_SECURITY) {
        sure = LIKELY;
        because = "no alert protocol_version (70), but clients of today end like this when a server knows only a "
                  "version this old";
    } else if (ended_silently(e) && !below(h->hello.max_version, TLS_1_2)) {
        sure = LIKELY;
        because = "the client gave no reason; a refused certificate would look the same";
        ALSO(f, "cert-rejected");
    } else {
        return false;
    }
    f->decisive = h->answer.where.frame;
    f->weight = 10;
    return say(c, f, BLAME_SERVER, sure, because,
               WORDS(c,
                     "The server answered with %s, the newest version it speaks, but the client (%s) does not go "
                     "that low: %s.",
                     version_words(c, v), offer_words(c), ending_words(c, e)));
}

/* ---- the server refused the hello */

static bool answered_newer(const struct case_file *c, const struct peer_fact *own, const struct peer_fact *p)
{
    (void)c;
    return p->answered && below(own->max_version, p->version);
}

static bool answered_as_low(const struct case_file *c, const struct peer_fact *own, const struct peer_fact *p)
{
    (void)c;
    return p->answered && !below(own->max_version, p->version) && !p->client_rejected;
}

/* Offered at least what this client offers, and was given less than this client takes: that is the server's best. */
static bool answered_too_old(const struct case_file *c, const struct peer_fact *own, const struct peer_fact *p)
{
    return p->answered && below(p->version, c->h->hello.min_version) && !below(p->max_version, own->max_version) &&
           !p->fallback_scsv;
}

/* What it took there this hello offers as well, so it should have taken it here. */
static bool answered_without_newer(const struct case_file *c, const struct peer_fact *own, const struct peer_fact *p)
{
    const struct client_hello *hello = &c->h->hello;
    return p->answered && below(p->max_version, own->max_version) && p->name_hash == own->name_hash &&
           offers_version(hello, p->version) && !below(p->version, hello->min_version) &&
           !below(own->max_version, p->version);
}

static void cite_version_peer(const struct case_file *c, struct finding *f, const struct peer_fact *p)
{
    if (p != NULL)
        cite_peer(c, f, p, p->answer_frame,
                  WORDS(c, "the same server answered a hello up to %s with %s", version_words(c, p->max_version),
                        version_words(c, p->version)));
}

/* Alert 70 to a hello. Who is behind follows from the ends of the offer: nothing is newer than TLS 1.3, and hardly
 * anything older than TLS 1.0 or 1.1 is left. */
static bool alert_protocol_version(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    if (c->went->stage > STAGE_RETRY || !knows(h, KNOW_CLIENT_HELLO) ||
        !ended_by_alert(e, SERVER, ALERT_PROTOCOL_VERSION) || find_peer(c, answered_without_newer) != NULL)
        return false; /* with such a neighbour it is intolerance */
    const struct peer_fact *newer = find_peer(c, answered_newer), *older = find_peer(c, answered_too_old);
    bool draft =
        offers_13(h) && h->hello.max_version != TLS_1_3; /* the server may want the final TLS 1.3, or another draft */
    bool server_behind = older != NULL || (newer == NULL && offers_13(h) && !draft);
    enum sure sure = CERTAIN;
    const char *because = "the server says so itself";
    if (draft && newer == NULL) {
        sure = LIKELY;
        because =
            "the newest version offered is a draft of TLS 1.3, and which one the server wants is not to be seen";
    } else if (newer == NULL && older == NULL && !offers_13(h) && h->hello.min_version != 0 &&
               !below(h->hello.min_version, TLS_1_2)) {
        sure = LIKELY;
        because = "the server refuses the only version offered; that it wants a newer one, not an older one, is the "
                  "usual case";
    } else if (server_behind && h->hello.min_version != 0 && below(h->hello.min_version, TLS_1_2)) {
        sure = LIKELY; /* it refuses everything there is */
        because = "the server refuses every version from the oldest to the newest, which a sound one does not";
        ALSO(f, "version-intolerance", "protocol-error");
    }
    say(c, f, server_behind ? BLAME_SERVER : BLAME_CLIENT, sure, because,
        server_behind ? WORDS(c,
                              "The client offers %s and the server refused with alert protocol_version (70): the "
                              "server's newest version is older than that.",
                              offer_words(c))
                      : WORDS(c,
                              "The client offers %s and the server refused with alert protocol_version (70): the "
                              "server wants a newer version.",
                              offer_words(c)));
    cite_version_peer(c, f, server_behind ? older : newer);
    return true;
}

/* A hello up to TLS 1.1 that the server ends without saying protocol_version: many stacks have other ways to say it.
 */
static bool old_hello_refused(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    if (c->went->stage != STAGE_HELLO || !below(h->hello.max_version, TLS_1_2) || !ended_by(e, SERVER))
        return false;
    if (find_peer(c, answered_as_low) != NULL)
        return false; /* the server does speak it */
    if (e->alert != NULL && e->number != ALERT_INTERNAL_ERROR && e->number != ALERT_HANDSHAKE_FAILURE &&
        e->number != ALERT_ILLEGAL_PARAMETER && e->number != ALERT_INSUFFICIENT_SECURITY &&
        e->number != ALERT_DECODE_ERROR && e->number != ALERT_CLOSE_NOTIFY && e->number != ALERT_UNEXPECTED_MESSAGE)
        return false;
    const struct peer_fact *newer = find_peer(c, answered_newer);
    bool says_internal = e->number == ALERT_INTERNAL_ERROR;
    enum sure sure = newer != NULL || says_internal || below(h->hello.max_version, TLS_1_0) ? LIKELY : POSSIBLE;
    const char *because =
        newer != NULL
            ? "the server answers a newer hello, but the lists of the two hellos differ in more than the version"
        : says_internal ? "the alert does not name a reason; OpenSSL 3 answers hellos below TLS 1.2 like this"
                        : "the server did not name a reason, and a hello this old also lacks suites and extensions";
    if (e->number == ALERT_HANDSHAKE_FAILURE && any_suite(&h->hello, suite_of_today))
        f->weight = 2;
    f->weight += newer != NULL ? 5 : 1;
    ALSO(f, "cipher-mismatch", "signature-algorithms", "server-no-certificate");
    say(c, f, BLAME_CLIENT, sure, because,
        WORDS(c, "The client offers %s and %s. Most servers of today take TLS 1.2 and newer only.", offer_words(c),
              ending_words(c, e)));
    cite_version_peer(c, f, newer);
    return true;
}

/* A neighbour shows that the server's best is older than this client's lowest. */
static bool server_seen_older(const struct case_file *c, struct finding *f)
{
    const struct ending *e = &c->went->end;
    if (c->went->stage != STAGE_HELLO || !ended_by(e, SERVER) || e->number == ALERT_PROTOCOL_VERSION)
        return false;
    const struct peer_fact *p = find_peer(c, answered_too_old);
    if (p == NULL)
        return false;
    f->weight = 8;
    say(c, f, BLAME_SERVER, LIKELY, "the same server gave an older version to a client that offered as much",
        WORDS(c, "The client offers %s; the server's newest version, seen in stream %u, is %s.", offer_words(c),
              p->stream, version_words(c, p->version)));
    cite_version_peer(c, f, p);
    return true;
}

/* A server that ignores supported_versions sees a TLS 1.3-only hello as TLS 1.2 without one suite it knows. */
static bool modern_suite(const struct suite *s) { return s->kex != KEX_TLS13; }

static bool only_13_refused(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    if (c->went->stage != STAGE_HELLO || !only_13(h) || !ended_by(e, SERVER) || any_suite(&h->hello, modern_suite))
        return false;
    if ((e->alert != NULL && e->number != ALERT_HANDSHAKE_FAILURE && e->number != ALERT_INSUFFICIENT_SECURITY) ||
        real_suites(&h->hello) < 2 || real_values(&h->hello.groups) < 2 || !any_sigalg(&h->hello, KEY_ECDSA) ||
        !any_sigalg(&h->hello, KEY_RSA))
        return false; /* a narrow offer has its own rules */
    if (h->hello.psk_identities != 0)
        return false; /* a server that met this client in TLS 1.3 before, or one that has the key and no certificate */
    ALSO(f, "server-no-certificate", "group-mismatch", "sni-unrecognized");
    return say(c, f, BLAME_SERVER, e->alert != NULL ? LIKELY : POSSIBLE,
               "the alert is not protocol_version (70), but the offer is wide in everything but the version",
               WORDS(c,
                     "The client offers TLS 1.3 only and %s: a server without TLS 1.3 finds no cipher suite it knows "
                     "in such a hello.",
                     ending_words(c, e)));
}

/* ---- intolerance */

static bool answered_with_same(const struct case_file *c, const struct peer_fact *own, const struct peer_fact *p)
{
    (void)c;
    return p->answered && !below(p->max_version, own->max_version);
}

static bool refused_newer(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    enum stage stage = c->went->stage;
    if (stage != STAGE_HELLO || server_plain(h) || e->number == ALERT_INAPPROPRIATE_FALLBACK ||
        e->number == ALERT_UNRECOGNIZED_NAME || e->number == ALERT_NO_APPLICATION_PROTOCOL)
        return false;
    const struct peer_fact *p = find_peer(c, answered_without_newer);
    if (p == NULL || find_peer(c, answered_with_same) != NULL)
        return false;
    if (h->hello.segments > 1 && h->hello.raw.n > 1200 && p->hello_len < 1200)
        return false; /* size explains it as well: hello-size says so */
    f->weight = 10;
    ALSO(f, "hello-size");
    say(c, f, BLAME_SERVER, LIKELY,
        "the same server answers a hello whose newest version is older, and this client would have taken that answer",
        WORDS(c,
              "The server takes %s (stream %u), which this hello offers too, but on a hello up to %s %s instead of "
              "negotiating down.",
              version_words(c, p->version), p->stream, version_words(c, h->hello.max_version),
              e->how != END_NONE && e->by == SERVER ? ending_words(c, e) : "it is silent"));
    cite_version_peer(c, f, p);
    return true;
}

/* ---- downgrade */

bool marked_as_downgraded(const struct handshake *h)
{
    uint16_t v = handshake_version(h);
    return (h->answer.downgrade == DOWNGRD_TLS12 && v == TLS_1_2 && offers_13(h)) ||
           (h->answer.downgrade == DOWNGRD_TLS11 && below(v, TLS_1_2) && !below(h->hello.max_version, TLS_1_2));
}

/* The client offers less than it can and says so (RFC 7507); a server that does not look at that marks its answer all the same. */
static bool fallback_marked(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    if (!knows(h, KNOW_CLIENT_HELLO | KNOW_SERVER_HELLO) || h->outcome == OUTCOME_ESTABLISHED || !h->hello.fallback_scsv ||
        h->answer.downgrade == DOWNGRD_NONE || marked_as_downgraded(h) || c->went->stage > STAGE_FLIGHT ||
        !(ended_by_alert(e, CLIENT, ALERT_ILLEGAL_PARAMETER) || ended_by_alert(e, CLIENT, ALERT_INAPPROPRIATE_FALLBACK) ||
          ended_by_alert(e, CLIENT, ALERT_PROTOCOL_VERSION)))
        return false;
    f->weight = 20;
    f->decisive = h->answer.where.frame;
    return say(c, f, BLAME_CLIENT, CERTAIN, "the client's signal, the mark in the server's random value and the client's alert agree",
               WORDS(c,
                     "The client retries with %s and says that this is a fallback; the server's random value is marked: it can do "
                     "better. So the client ended it. What made it fall back is the earlier failure.",
                     version_words(c, h->hello.max_version)));
}

static bool downgrade_marked(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    uint16_t v = handshake_version(h);
    if (!knows(h, KNOW_CLIENT_HELLO | KNOW_SERVER_HELLO) || h->outcome == OUTCOME_ESTABLISHED ||
        !ended_by(e, CLIENT))
        return false;
    if (!marked_as_downgraded(h) || c->went->stage > STAGE_FLIGHT)
        return false;
    bool noticed = e->number == ALERT_ILLEGAL_PARAMETER || e->number == ALERT_PROTOCOL_VERSION;
    if (!noticed && h->chain != NULL && h->chain->verdict == CHAIN_FAIL)
        return false;
    f->weight = 20;
    return say(
        c, f, BLAME_PATH, noticed ? CERTAIN : LIKELY,
        noticed ? "the mark in the server's random value and the client's alert agree (RFC 8446 section 4.1.3)"
                : "the server's random value carries the mark, but the client did not name a reason",
        WORDS(c,
              "The client offers %s, yet the server answered %s and marked its random value: it can do more and saw "
              "no such offer. Something between the two changed the ClientHello, and the client noticed.",
              version_words(c, h->hello.max_version), version_words(c, v)));
}

static bool same_client_failed_higher(const struct case_file *c, const struct peer_fact *own,
                                      const struct peer_fact *p)
{
    (void)c;
    return !p->finished && p->hello && below(own->max_version, p->max_version) && p->start_ns <= own->start_ns &&
           p->server.port == own->server.port;
}

static bool fallback_refused(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    if (!ended_by_alert(e, SERVER, ALERT_INAPPROPRIATE_FALLBACK))
        return false;
    f->weight = 20;
    if (knows(h, KNOW_CLIENT_HELLO) && !h->hello.fallback_scsv) {
        f->cause = "protocol-error";
        return say(c, f, BLAME_SERVER, LIKELY, "the hello carries no such signal (TLS_FALLBACK_SCSV, 0x5600)",
                   "The server refused with inappropriate_fallback (86), which answers a hello that calls itself a fallback (RFC 7507); this one does not.");
    }
    say(c, f, BLAME_CLIENT, CERTAIN, "the server says so itself (RFC 7507)",
        WORDS(c,
              "The client retries with %s and says that this is a fallback; the server can do better and refused "
              "with inappropriate_fallback (86). What made the client fall back is the earlier failure.",
              version_words(c, h->hello.max_version)));
    const struct peer_fact *p = find_client_peer(c, same_client_failed_higher);
    if (p != NULL)
        cite_peer(c, f, p, p->hello_frame,
                  WORDS(c, "the same client had failed with %s before", version_words(c, p->max_version)));
    return true;
}

/* ---- QUIC */

static bool lists_v1(const struct u32s *v)
{
    for (size_t i = 0; i < v->n; i++)
        if (v->v[i] == 1)
            return true;
    return false;
}

static const char *quic_list(const struct case_file *c, const struct u32s *v)
{
    const char *out = "";
    size_t      shown = 0;
    for (size_t i = 0; i < v->n && shown < 6; i++)
        if ((v->v[i] & 0x0f0f0f0f) != 0x0a0a0a0a) /* reserved, for exercise */
            out = WORDS(c, "%s%s0x%08x", out, shown++ != 0 ? ", " : "", v->v[i]);
    return shown != 0 ? out : "none";
}

/* The server answered with Version Negotiation and the client made nothing of it (RFC 9000 section 6). */
static bool quic_version_refused(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    bool reserved = (h->quic.version & 0x0f0f0f0f) == 0x0a0a0a0a;
    if (!h->datagram || h->quic.offered.v == NULL || knows(h, KNOW_SERVER_HELLO) || reserved)
        return false;
    bool server_behind = !lists_v1(&h->quic.offered);
    f->weight = 10;
    f->decisive = h->quic.offered_at.frame;
    return say(c, f, server_behind ? BLAME_SERVER : BLAME_CLIENT, LIKELY, "the server lists its versions; a client may begin anew with one of them, or over TCP",
               WORDS(c, "The client asked with QUIC version 0x%08x, which the server does not speak: it answered that it has %s.", h->quic.version,
                     quic_list(c, &h->quic.offered)));
}

const struct rule version_rules[] = {
    { "quic-version-refused", "protocol-version", SHOWS_DATAGRAMS, quic_version_refused },
    { "downgrade-marked", "version-downgrade", KNOW_CLIENT_HELLO | KNOW_SERVER_HELLO | SHOWS_BY_CLIENT, downgrade_marked },
    { "fallback-marked", "version-downgrade", KNOW_CLIENT_HELLO | KNOW_SERVER_HELLO | SHOWS_BY_CLIENT | SHOWS_ALERT, fallback_marked },
    { "fallback-refused", "version-downgrade", SHOWS_BY_SERVER | SHOWS_ALERT, fallback_refused },
    { "answer-too-old", "protocol-version", KNOW_CLIENT_HELLO | KNOW_SERVER_HELLO, answer_too_old },
    { "alert-protocol-version", "protocol-version", SHOWS_UNANSWERED | SHOWS_BY_SERVER | SHOWS_ALERT, alert_protocol_version },
    { "server-seen-older", "protocol-version", SHOWS_UNANSWERED | SHOWS_BY_SERVER, server_seen_older },
    { "refused-newer", "version-intolerance", SHOWS_UNANSWERED, refused_newer },
    { "old-hello-refused", "protocol-version", SHOWS_UNANSWERED | SHOWS_BY_SERVER, old_hello_refused },
    { "only-13-refused", "protocol-version", SHOWS_UNANSWERED | SHOWS_BY_SERVER, only_13_refused },
    { 0 }
};
