/* The name asked for (RFC 6066 section 3) and the protocol inside (RFC 7301). */
#include "refusal.h"

#include <string.h>

static bool name_refused(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    bool fatal = e->how == END_ALERT;
    if (!ended_by_alert(e, SERVER, ALERT_UNRECOGNIZED_NAME) || h->outcome == OUTCOME_ESTABLISHED ||
        (!fatal && knows(h, KNOW_SERVER_HELLO))) /* it warned and went on */
        return false;
    f->weight = 15;
    return say(c, f, BLAME_CLIENT, fatal ? CERTAIN : LIKELY,
               fatal ? "the server says so itself" : "the server only warned, but then it closed",
               h->hello.sni.p != NULL
                   ? WORDS(c, "The server does not serve the name %s: it refused with alert unrecognized_name (112).",
                           asked_name(c, "?"))
                   : "The client named no host and the server serves named ones only: it refused with alert "
                     "unrecognized_name (112).");
}

/* The warning should not end anything, but some clients stop at it (Java 7 and 8 before their updates). */
static bool name_warned(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    const struct alert *warning = NULL;
    for (size_t i = 0; i < h->alert_count; i++) {
        const struct alert *a = &h->alerts[i];
        if (a->from == SERVER && !a->encrypted && a->number == ALERT_UNRECOGNIZED_NAME && a->level == 1 &&
            !a->after_close)
            warning = a;
    }
    if (warning == NULL || !ended_by(e, CLIENT) || c->went->stage > STAGE_FLIGHT)
        return false;
    bool at_once = c->went->stage <= STAGE_ANSWER || e->number == ALERT_UNRECOGNIZED_NAME ||
                   e->number == ALERT_UNEXPECTED_MESSAGE ||
                   e->number == ALERT_HANDSHAKE_FAILURE; /* Java reads the flight first */
    if (!at_once && !ended_silently(e))
        return false;
    f->weight = 6;
    f->decisive = warning->where.frame;
    ALSO(f, "cert-name", "cert-rejected");
    return say(c, f, BLAME_SERVER, at_once ? LIKELY : POSSIBLE,
               "the warning alone should not end a handshake, but some clients stop at it",
               WORDS(c, "The server warned that it does not know the name %s (unrecognized_name, 112), and %s.",
                     asked_name(c, "asked for"), ending_words(c, e)));
}

/* The same server answers the same kind of hello with another name, or with any. */
static bool answered_other_name(const struct case_file *c, const struct peer_fact *own, const struct peer_fact *p)
{
    (void)c;
    return p->answered && p->name_hash != own->name_hash && p->name_hash != 0 && p->suites_hash == own->suites_hash &&
           p->max_version == own->max_version;
}

static bool answered_same_name(const struct case_file *c, const struct peer_fact *own, const struct peer_fact *p)
{
    (void)c;
    return p->answered && p->name_hash == own->name_hash;
}

static bool refused_other_name(const struct case_file *c, const struct peer_fact *own, const struct peer_fact *p)
{
    (void)c;
    return !p->answered && p->hello && p->name_hash != own->name_hash;
}

static bool name_makes_difference(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    if (c->went->stage != STAGE_HELLO || !ended_by(e, SERVER) || server_plain(h) ||
        (e->alert != NULL && e->number != ALERT_HANDSHAKE_FAILURE && e->number != ALERT_INTERNAL_ERROR &&
         e->number != ALERT_ACCESS_DENIED && e->number != ALERT_CLOSE_NOTIFY && e->number != ALERT_ILLEGAL_PARAMETER &&
         e->number != ALERT_MISSING_EXTENSION))
        return false;
    const struct peer_fact *p = find_peer(c, answered_other_name);
    if (p == NULL || find_peer(c, answered_same_name) != NULL)
        return false;
    bool many = count_peers(c, refused_other_name) > 2;
    f->weight = many ? 2 : 9;
    ALSO(f, "tcp-reset");
    if (e->alert == NULL) /* what goes by names and passes on, and finds nobody there */
        ALSO(f, "server-no-certificate");
    say(c, f, BLAME_CLIENT, many ? POSSIBLE : LIKELY,
        many ? "the same server answers the same offer under another name; under several others it does not, which more may explain than the name"
             : "the same server answers the same offer under another name",
        h->hello.sni.p != NULL
            ? WORDS(c, "The server answers this hello when it asks for another name (stream %u), but for %s %s.",
                    p->stream, asked_name(c, "?"), ending_words(c, e))
            : WORDS(c, "The client named no host and %s; the same hello with a server name is answered (stream %u).",
                    ending_words(c, e), p->stream));
    cite_peer(c, f, p, p->answer_frame,
              h->hello.sni.p != NULL ? "answered, with another name" : "answered, with a name");
    return true;
}

/* A hello of today without a name is unusual, and servers that hold many names refuse it in several ways. */
static bool no_name_sent(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    bool missing = e->number == ALERT_MISSING_EXTENSION && h->hello.sigalgs.v != NULL && h->hello.groups.v != NULL;
    if (c->went->stage != STAGE_HELLO || !ended_by(e, SERVER) || h->hello.sni.p != NULL || h->hello.v2_format ||
        !(missing || e->number == ALERT_HANDSHAKE_FAILURE || e->number == ALERT_ACCESS_DENIED || ended_silently(e)))
        return false;
    f->weight = missing ? 4 : -3;
    ALSO(f, "cipher-mismatch", "server-no-certificate");
    return say(c, f, BLAME_CLIENT, missing ? LIKELY : POSSIBLE,
               missing ? "the server misses an extension, and the name is the one that is not there"
                       : "many reasons look like this; a hello without a name is one",
               WORDS(c,
                     "The client named no host (no server_name extension) and %s. Servers with many names refuse "
                     "such a hello.",
                     ending_words(c, e)));
}

static bool holds_address(const struct cert *c, const struct endpoint *e)
{
    for (size_t i = 0; i < c->sans; i++) {
        if (c->san[i].kind == SAN_IP && c->san[i].value.n == e->ip_len &&
            memcmp(c->san[i].value.p, e->ip, c->san[i].value.n) == 0)
            return true;
    }
    return false;
}

/* A client that is told an address in place of a name sends no server_name (RFC 6066 section 3), and holds the address
 * against the certificate. */
static bool asked_by_address(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct refusal *r = &c->went->refusal;
    char ip[64];
    if (r->when != REFUSED_AT_FLIGHT || r->hidden || h->hello.sni.p != NULL || h->prelude.host.p != NULL || h->dns_name.p != NULL ||
        h->hello.sigalgs.v == NULL || h->cert_count == 0 || h->chain == NULL || h->chain->verdict != CHAIN_OK ||
        holds_address(h->certs[0], &h->ends[SERVER]) ||
        (r->how.number != ALERT_BAD_CERTIFICATE && r->how.number != ALERT_CERTIFICATE_UNKNOWN))
        return false;
    f->weight = 2;
    ALSO(f, "cert-rejected");
    return say(c, f, BLAME_SERVER, LIKELY, "the name asked for is not seen, and nothing else is wrong with the chain",
               WORDS(c,
                     "The client named no host, as one does that was told an address, and the server's certificate does not hold the "
                     "address %s: %s.",
                     endpoint_ip_text(&h->ends[SERVER], ip), ending_words(c, &r->how)));
}

static const char *alpn_words(const struct case_file *c)
{
    struct text t = { 0 };
    const struct byte_list *list = &c->h->hello.alpn;
    for (size_t i = 0; i < list->n && i < 6; i++) {
        text_add(&t, i != 0 ? ", " : "");
        text_safe(&t, list->v[i].p, list->v[i].n, 32);
    }
    if (list->n > 6)
        text_add(&t, ", ...");
    const char *words = arena_str(c->arena, t.s != NULL ? t.s : "nothing");
    text_free(&t);
    return words;
}

static bool alpn_refused(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    if (e->number != ALERT_NO_APPLICATION_PROTOCOL || h->outcome == OUTCOME_ESTABLISHED)
        return false;
    f->weight = 15;
    return say(c, f, e->by == SERVER ? BLAME_CLIENT : BLAME_SERVER, CERTAIN,
               WORDS(c, "the %s says so itself", e->by == SERVER ? "server" : "client"),
               h->hello.alpn.v == NULL
                   ? WORDS(c, "The client names no application protocol (ALPN) and %s.", ending_words(c, e))
                   : WORDS(c, "The client offers the application protocol%s %s, and %s.",
                           h->hello.alpn.n == 1 ? "" : "s", alpn_words(c), ending_words(c, e)));
}

/* A server may choose among the protocols offered only (RFC 7301 section 3.2); some answer with the one they have. */
static bool alpn_not_offered(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    struct bytes chosen = h->answer.alpn;
    if (!knows(h, KNOW_CLIENT_HELLO | KNOW_SERVER_HELLO) || chosen.p == NULL || h->hello.alpn.v == NULL ||
        h->outcome == OUTCOME_ESTABLISHED || !ended_by(e, CLIENT) || about_certificate(e->number) || c->went->stage > STAGE_FLIGHT)
        return false;
    for (size_t i = 0; i < h->hello.alpn.n; i++) {
        if (h->hello.alpn.v[i].n == chosen.n && memcmp(h->hello.alpn.v[i].p, chosen.p, chosen.n) == 0)
            return false;
    }
    bool told = e->how == END_ALERT;
    f->weight = 15;
    f->decisive = h->answer.where.frame;
    ALSO(f, "protocol-error");
    return say(c, f, BLAME_SERVER, told ? CERTAIN : LIKELY,
               told ? "the protocol chosen is not among those offered, and the client refused the answer"
                    : "the protocol chosen is not among those offered, but the client did not name a reason",
               WORDS(c, "The client offers the application protocol%s %s; the server chose %s, which is none of them, and %s.",
                     h->hello.alpn.n == 1 ? "" : "s", alpn_words(c), safe_str(c->arena, chosen.p, chosen.n < 32 ? chosen.n : 32),
                     ending_words(c, e)));
}

/* TLS 1.3: the first and only thing under encryption is as small as an alert. Servers that choose the protocol for
 * EncryptedExtensions (Go) refuse it there. */
static bool alpn_refused_13(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    enum { ALERT_RECORD = 2 + 1 + 16 };
    const struct side_progress *p = &h->side[SERVER];
    const struct ending *e = &c->went->end;
    if (!version_is_13(handshake_version(h)) || p->enc_records != 1 || p->enc_len[0] != ALERT_RECORD ||
        h->side[CLIENT].enc_records != 0 || !ended_by(e, SERVER) || h->hello.alpn.v == NULL || h->resumed ||
        e->how == END_ALERT) /* what its number says is known */
        return false;
    f->weight = 3;
    f->decisive = p->enc_where[0].frame;
    ALSO(f, "protocol-error");
    return say(
        c, f, BLAME_CLIENT, LIKELY,
        "the alert is encrypted; at this place the server answers the extensions, and ALPN is the one it may refuse",
        WORDS(c,
              "Right after its ServerHello the server sent one record of the size of an alert and closed. Most "
              "likely it speaks none of the application protocols that the client offers (%s).",
              alpn_words(c)));
}

const struct rule name_rules[] = {
    { "name-refused", "sni-unrecognized", SHOWS_BY_SERVER | SHOWS_ALERT, name_refused },
    { "name-makes-difference", "sni-unrecognized", SHOWS_UNANSWERED | SHOWS_BY_SERVER, name_makes_difference },
    { "name-warned", "sni-unrecognized", SHOWS_BY_CLIENT, name_warned },
    { "no-name-sent", "sni-unrecognized", SHOWS_UNANSWERED | SHOWS_BY_SERVER, no_name_sent },
    { "asked-by-address", "cert-name", SHOWS_REFUSAL | SHOWS_ALERT, asked_by_address },
    { "alpn-refused", "alpn-mismatch", SHOWS_ALERT, alpn_refused },
    { "alpn-not-offered", "alpn-mismatch", KNOW_CLIENT_HELLO | KNOW_SERVER_HELLO | SHOWS_BY_CLIENT, alpn_not_offered },
    { "alpn-refused-13", "alpn-mismatch", SHOWS_TLS13 | SHOWS_BY_SERVER, alpn_refused_13 },
    { 0 }
};
