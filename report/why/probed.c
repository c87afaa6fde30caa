/* A probe that saw the server's whole flight and hung up: what in it no client like ours could take. The certificate is
 * judged in certificate.c; what never came is for the other families. */
#include "say.h"

#include "tlswhy/profile.h"

#include <string.h>

enum { DH_LEAST = 1024 }; /* bits: below, every current client refuses (Logjam, 2015) */

bool probe_saw_flight(const struct handshake *h)
{
    bool finished = h->probed != NULL && h->outcome == OUTCOME_ESTABLISHED; /* then the server may close as well */
    return !h->timed_out && (finished || (h->stopped_by_us && (h->outcome == OUTCOME_STOPPED || h->outcome == OUTCOME_ESTABLISHED)));
}

static bool took_flight(const struct handshake *h)
{
    return probe_saw_flight(h) && knows(h, KNOW_SERVER_HELLO) && knows(h, KNOW_CLIENT_HELLO);
}

/* A server that speaks less than the hello's least answers with what it has; hanging up is the client's part
 * (RFC 5246 appendix E.1). */
static bool older_than_offered(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    uint16_t chosen = handshake_version(h), least = h->hello.min_version;
    if (!took_flight(h) || version_rank(chosen) == 0 || h->hello.versions.v == NULL || offers_version(&h->hello, chosen) || version_rank(chosen) > version_rank(h->hello.max_version))
        return false;
    f->weight = 20;
    f->decisive = h->answer.where.frame;
    return say(c, f, BLAME_SERVER, CERTAIN, "its ServerHello says so",
               WORDS(c, "The server speaks %s at most: asked for %s to %s, it answered with %s.", version_words(c, chosen),
                     version_words(c, least), version_words(c, h->hello.max_version), version_words(c, chosen)));
}

static bool answer_broken(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const char *fault = took_flight(h) ? answer_fault(c) : NULL;
    bool        unasked = took_flight(h) && fault == NULL && h->answer.unoffered_ext;
    if (fault == NULL && !unasked)
        return false;
    f->weight = 10;
    f->decisive = h->answer.where.frame;
    return say(c, f, BLAME_SERVER, unasked ? LIKELY : CERTAIN, unasked ? "some clients pass over such an extension" : "its ServerHello against our ClientHello",
               WORDS(c, "The server's ServerHello breaks the protocol: %s.", unasked ? "it holds an extension that was not offered" : fault));
}

/* RFC 7301 section 3.2: the server picks from the list. OpenSSL, NSS and Go leave where it did not. */
static bool alpn_not_offered(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    struct bytes picked = h->answer.alpn;
    if (!took_flight(h) || picked.p == NULL || h->hello.alpn.v == NULL)
        return false;
    for (size_t i = 0; i < h->hello.alpn.n; i++) {
        if (bytes_equal(h->hello.alpn.v[i], picked))
            return false;
    }
    f->weight = 6;
    f->decisive = h->answer.where.frame;
    return say(c, f, BLAME_SERVER, LIKELY, "some clients pass over such an answer",
               WORDS(c, "The server chose the application protocol \"%s\", which is not in the hello's ALPN list: it has none in common with it. Many clients leave then.",
                     safe_str(c->arena, picked.p, picked.n)));
}

/* Does this server have to show a certificate? In TLS 1.3 it need not where a key known beforehand was taken. */
static bool owes_certificate(const struct handshake *h)
{
    const struct suite *s = suite_of(h->answer.suite);
    return s != NULL && s->kex != KEX_TLS13 && (s->auth == KEY_RSA || s->auth == KEY_ECDSA || s->auth == KEY_DSA) && strstr(s->name, "_PSK_") == NULL &&
           !h->resumed && !h->answer.psk;
}

static bool no_certificate(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    char name[NAME_MAX_LEN];
    if (!took_flight(h) || !flight_whole(h) || !owes_certificate(h) || h->cert_count != 0 || h->malformed[SERVER] != NULL)
        return false;
    f->weight = 14;
    f->decisive = h->certs_at.frame != 0 ? h->certs_at.frame : h->hello_done.frame;
    return say(c, f, BLAME_SERVER, CERTAIN, "its flight is whole and holds none",
               WORDS(c, "The server chose %s, which needs a certificate, and %s.", suite_name(h->answer.suite, name),
                     h->certs_at.frame != 0 ? "its Certificate message is empty" : "sent no Certificate message"));
}

/* Both have what the keys come from, and what the server sends does not open with them. */
static bool other_keys(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    if (!took_flight(h) || !h->unopened || knows(h, KNOW_DECRYPTED))
        return false;
    f->weight = 10;
    f->decisive = h->answer.where.frame;
    return say(c, f, BLAME_SERVER, LIKELY, "its first encrypted record does not open with the keys of this handshake",
               "What the server encrypts after its ServerHello cannot be read with the keys agreed on: it computed others, or something "
               "on the path changed the hellos. Clients leave with bad_record_mac (20).");
}

static bool small_group(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    if (!took_flight(h) || !knows(h, KNOW_SERVER_KEX) || h->kex.dh_bits == 0 || h->kex.dh_bits >= DH_LEAST)
        return false;
    f->weight = 6;
    f->decisive = h->kex.where.frame;
    return say(c, f, BLAME_SERVER, CERTAIN, "its ServerKeyExchange says so",
               WORDS(c, "The server uses a Diffie-Hellman group of %u bits; current clients refuse less than %d.", h->kex.dh_bits, DH_LEAST));
}

static bool wrong_key(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    if (!took_flight(h) || h->kex.verified != SIG_BAD)
        return false;
    f->weight = 12;
    f->decisive = h->kex.where.frame;
    return say(c, f, BLAME_SERVER, CERTAIN, "the signature was checked with the certificate's key",
               WORDS(c, "The server's private key does not belong to its certificate: what it signed in the handshake does not verify."));
}

static bool downgraded(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    if (!took_flight(h) || !marked_as_downgraded(h))
        return false;
    f->weight = 18;
    f->decisive = h->answer.where.frame;
    return say(c, f, BLAME_PATH, CERTAIN, "the mark in the server's random value (RFC 8446 section 4.1.3)",
               WORDS(c, "Offered %s, the server answered %s and marked its random value: it can do more and saw no such offer. Something between "
                        "changed the ClientHello, or the server does not know its own versions; current clients leave with illegal_parameter (47).",
                     version_words(c, h->hello.max_version), version_words(c, handshake_version(h))));
}

static bool garbage_behind(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    if (!took_flight(h) || h->plain[SERVER].start.p == NULL || ns_between(&h->answer.where, &h->plain[SERVER].where) < 0)
        return false;
    f->weight = 18;
    f->decisive = h->plain[SERVER].where.frame;
    return say(c, f, BLAME_SERVER, CERTAIN, "the bytes show it", "After its ServerHello the server went on with bytes that are no TLS.");
}

/* RFC 5746 section 4.1: whether to go on with such a server is the client's to decide. */
static bool lacks_renegotiation(const struct handshake *h)
{
    uint16_t version = handshake_version(h);
    return !h->answer.renego_info && (h->hello.renego_info || h->hello.renego_scsv) && !version_is_13(version) && version_rank(version) >= version_rank(0x0300);
}

static bool renegotiation_wanted(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    if (!took_flight(h) || !lacks_renegotiation(h) || h->client == NULL || (h->client->any_cannot & CAN_OLD_RENEGO) == 0)
        return false;
    bool all = h->client->how == MATCH_EXACT && h->client->n == 1;
    f->weight = 6;
    f->decisive = h->answer.where.frame;
    return say(c, f, BLAME_SERVER, all ? CERTAIN : LIKELY, "the ServerHello lacks renegotiation_info, and this client insists on it by default",
               "The server does not know secure renegotiation (RFC 5746). This client refuses such servers with handshake_failure (40).");
}

/* What is to be said of a request for a client certificate, or of a certificate that was not asked for. */
static const char *client_certificate_words(const struct case_file *c)
{
    const struct handshake *h = c->h;
    if (!knows(h, KNOW_CERT_REQUEST))
        return h->probed != NULL && h->probed->own_certificate ? " It did not ask for a client certificate." : "";
    if (!knows(h, KNOW_CLIENT_CERT))
        return " It asks for a client certificate; whether it insists on one was not tried.";
    if (h->client_cert_count == 0 && h->probed != NULL && h->probed->kept_back)
        return " It asks for a client certificate and takes none of the signature algorithms that yours can sign with; it does not object to none.";
    if (h->client_cert_count == 0)
        return WORDS(c, " It asks for a client certificate and does not object to none.%s", authorities_words(c));
    return WORDS(c, " It asks for a client certificate and took that of %s.%s", cert_short_name(c->arena, h->client_certs[0]), authorities_words(c));
}

/* Nothing is wrong with what was seen; what was not seen is said. */
bool probed_sound(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    char suite[NAME_MAX_LEN];
    if (!took_flight(h))
        return false;
    const struct chain *chain = h->chain;
    bool        judged = chain != NULL && chain->verdict == CHAIN_OK;
    const char *about = judged                  ? "and its certificate is in order"
                      : chain == NULL           ? "; its certificate could not be read"
                                                : "; whether its certificate is good could not be told";
    *f = (struct finding){ .rule = "probed-sound", .cause = "ok" };
    bool asks = knows(h, KNOW_CERT_REQUEST), doubt = judged && sha2_in_doubt(h), unsteady = h->probed != NULL && h->probed->unsteady;
    return say(c, f, BLAME_NONE, judged && !asks && !doubt && !unsteady ? CERTAIN : LIKELY,
               !judged  ? "the certificate is not judged"
               : unsteady ? "the same hello was refused before"
               : doubt ? "whether this client can verify the chain's SHA-2 signatures is not known"
               : asks  ? h->client_cert_count != 0 ? "a program behind TLS may still refuse the client certificate" : "a program behind TLS may insist on the client certificate"
                       : NULL,
               WORDS(c, "The server answers with %s, %s%s%s.%s%s%s%s", version_words(c, handshake_version(h)), suite_name(h->answer.suite, suite),
                     about[0] == ';' ? "" : ", ", about,
                     client_certificate_words(c),
                     h->probed != NULL && h->probed->hybrid_only
                         ? " It takes no key exchange group but X25519MLKEM768, which hides the certificate from us; clients without that group are refused."
                         : "",
                     unsteady ? " But it refused the same hello before: of several servers behind this address not all are well, or it had a bad moment, or limits connections." : "",
                     lacks_renegotiation(h) && handshake_version(h) >= 0x0303 ? " It has no secure renegotiation (RFC 5746): clients with OpenSSL 3 refuse that."
                                                                              : ""));
}

/* The server began to answer, and its flight had no end: we gave up. */
static bool no_end(const struct case_file *c, struct finding *f)
{
    enum { TOO_MUCH = 256 * 1024 };
    const struct handshake *h = c->h;
    bool began = h->outcome == OUTCOME_STOPPED ||
                 (h->outcome == OUTCOME_NO_SERVER_HELLO && h->tcp.bytes[SERVER] > 0 && h->plain[SERVER].start.p == NULL);
    if (!began || !h->timed_out)
        return false;
    bool flood = h->tcp.bytes[SERVER] > TOO_MUCH || h->oversized[SERVER] != 0;
    if (c->went->stage == STAGE_REPLY) {
        bool empty = knows(h, KNOW_CERT_REQUEST) && knows(h, KNOW_CLIENT_CERT) && h->client_cert_count == 0;
        f->weight = 25;
        if (empty)
            ALSO(f, "client-cert-missing");
        return say(c, f, BLAME_SERVER, empty ? LIKELY : CERTAIN, empty ? "it had asked for a client certificate and got none: that may be why it says nothing more" : "we waited, and gave up",
                   WORDS(c, "The server's flight was whole, and it took our key exchange and Finished; its own Finished did not come within %s.",
                         duration_text(c->arena, h->error_at.ns - h->start_ns)));
    }
    f->weight = 25;
    f->cause = flood ? "protocol-error" : f->cause;
    return say(c, f, BLAME_SERVER, flood ? CERTAIN : LIKELY, flood ? "we counted, and gave up" : "we waited, and gave up; large packets that are lost on the way back would look the same",
               WORDS(c, "The server %s and did not come to an end: %llu bytes in %s%s%s.",
                     knows(h, KNOW_SERVER_HELLO) ? "sent its ServerHello, began its flight" : "began an answer",
                     (unsigned long long)h->tcp.bytes[SERVER], duration_text(c->arena, h->error_at.ns - h->start_ns),
                     flood ? "" : WORDS(c, ", the last %s before that", duration_text(c->arena, h->error_at.ns - h->end_ns)),
                     h->oversized[SERVER] != 0 ? WORDS(c, "; one message of it says to be %zu bytes long", h->oversized[SERVER]) : ""));
}

/* What the server said last in the dialog, as far as it is text. */
static const char *last_words(const struct case_file *c)
{
    enum { MOST = 120, MYSQL_ERROR = 7 }; /* header of the packet, 0xff, error number */
    static const char       stream_error[] = "<stream:error";
    const struct handshake *h = c->h;
    struct bytes   said = h->prelude.answer.n > 0 ? h->prelude.answer : h->plain[SERVER].start.n > 0 ? h->plain[SERVER].start : h->prelude.server;
    const uint8_t *at = said.n > 0 ? memmem(said.p, said.n, stream_error, sizeof stream_error - 1) : NULL;
    if (at == NULL && strcmp(h->probed->starttls, "mysql") == 0 && said.n > MYSQL_ERROR && said.p[4] == 0xff)
        at = said.p + MYSQL_ERROR;
    if (at != NULL)
        said = (struct bytes){ at, said.n - (size_t)(at - said.p) };
    while (said.n > 0 && (said.p[0] < ' ' || said.p[0] > '~'))
        said = (struct bytes){ said.p + 1, said.n - 1 };
    const uint8_t *end = said.n > 0 ? memchr(said.p, '\n', said.n) : NULL;
    said.n = end != NULL ? (size_t)(end - said.p) : said.n;
    while (said.n > 0 && said.p[said.n - 1] <= ' ')
        said.n--;
    return said.n > 3 ? safe_str(c->arena, said.p, said.n < MOST ? said.n : MOST) : NULL;
}

/* Protocols in which the server waits for the client's first word: silence says nothing about TLS there. */
static bool client_begins(const char *protocol)
{
    static const char *const those[] = { "irc", "xmpp", "xmpp-server", "ldap", "postgres", "rdp", "mssql" };
    for (size_t i = 0; i < ARRAY_LEN(those); i++) {
        if (strcmp(those[i], protocol) == 0)
            return true;
    }
    return false;
}

/* The dialog that was to lead to TLS went nowhere. Where the server said no to it, the prelude's own rules say so. */
static bool dialog_failed(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const char *wanted = h->probed != NULL ? h->probed->starttls : NULL, *spoken = h->plain[SERVER].protocol;
    bool        quiet = h->tcp.bytes[SERVER] == 0;
    if (wanted == NULL || h->outcome == OUTCOME_NOT_OPENED || knows(h, KNOW_CLIENT_HELLO) || (h->prelude.refused && h->prelude.asked_for_tls))
        return false;
    f->weight = 15;
    f->decisive = quiet ? h->tcp.syn_ack.frame : h->plain[SERVER].where.frame;
    if (quiet && h->timed_out && client_begins(wanted)) {
        f->cause = "starttls-refused";
        ALSO(f, "silent-drop");
        return say(c, f, BLAME_SERVER, POSSIBLE, "nothing came; a server that is stuck, or a box that drops the request, would look the same",
                   WORDS(c, "The server did not answer the request to start TLS (%s): it does not know it, or does not speak %s here.", wanted, wanted));
    }
    if (quiet && h->timed_out)
        return say(c, f, BLAME_SERVER, LIKELY, "nothing came; TLS from the first byte would look the same, and so would a server that is stuck",
                   WORDS(c, "The server did not say a word of %s before TLS. Most likely TLS starts at once on this port: ask without STARTTLS.", wanted));
    if (spoken != NULL && strcmp(spoken, wanted) != 0 && strncmp(wanted, spoken, strlen(spoken)) != 0)
        return say(c, f, BLAME_SERVER, CERTAIN, "its first bytes say so", WORDS(c, "The server does not speak %s here but %s.", wanted, spoken));
    if (quiet)
        return false;
    f->cause = "starttls-refused";
    if (h->prelude.not_offered)
        return say(c, f, BLAME_SERVER, CERTAIN, "it lists what it can do, and TLS is not among it", WORDS(c, "The %s server does not offer to start TLS.", wanted));
    const char *words = last_words(c);
    return say(c, f, BLAME_SERVER, LIKELY, "it answered, and TLS was not agreed",
               WORDS(c, "The server's %s dialog did not lead to TLS%s%s%s.", wanted, words != NULL ? "; it said \"" : "", words != NULL ? words : "", words != NULL ? "\"" : ""));
}

/* The connection was open and was ended before we had said anything. */
static bool ended_at_once(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    if (h->probed == NULL || !knows(h, KNOW_OPEN) || h->close.how == CLOSE_NONE || h->close.by != SERVER || h->tcp.bytes[CLIENT] != 0 ||
        h->tcp.bytes[SERVER] != 0)
        return false;
    bool reset = h->close.how == CLOSE_RST;
    f->weight = 15;
    f->decisive = h->close.where.frame;
    f->cause = reset ? f->cause : "server-no-certificate";
    ALSO(f, reset ? "server-no-certificate" : "tcp-reset");
    return say(c, f, BLAME_SERVER, reset ? LIKELY : POSSIBLE, "a box on the path that does so in its name would look the same",
               WORDS(c, "The server took the connection and %s it at once, before the ClientHello: a filter by address, or a load balancer with "
                        "nothing behind it.", reset ? "reset" : "closed"));
}

enum { TOOK_FLIGHT = KNOW_CLIENT_HELLO | KNOW_SERVER_HELLO | SHOWS_PROBE };
const struct rule probed_rules[] = {
    { "probed-ended", "tcp-reset", SHOWS_PROBE, ended_at_once },
    { "probed-dialog", "not-tls", SHOWS_PROBE, dialog_failed },
    { "probed-no-end", "silent-drop", SHOWS_PROBE, no_end },
    { "probed-version", "protocol-version", TOOK_FLIGHT, older_than_offered },
    { "probed-answer", "protocol-error", TOOK_FLIGHT, answer_broken },
    { "probed-alpn", "alpn-mismatch", TOOK_FLIGHT, alpn_not_offered },
    { "probed-no-certificate", "server-no-certificate", TOOK_FLIGHT, no_certificate },
    { "probed-keys", "protocol-error", TOOK_FLIGHT, other_keys },
    { "probed-small-group", "group-mismatch", TOOK_FLIGHT, small_group },
    { "probed-key", "key-mismatch", TOOK_FLIGHT, wrong_key },
    { "probed-downgrade", "version-downgrade", TOOK_FLIGHT, downgraded },
    { "probed-garbage", "protocol-error", TOOK_FLIGHT, garbage_behind },
    { "probed-renegotiation", "legacy-renegotiation", TOOK_FLIGHT, renegotiation_wanted },
    { 0 }
};
