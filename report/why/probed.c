/* A probe that saw the server's whole flight and hung up: what in it no client like ours could take. The certificate is
 * judged in certificate.c; what never came is for the other families. */
#include "say.h"

#include "tlswhy/profile.h"

#include <string.h>

enum { DH_LEAST = 1024 }; /* bits: below, every current client refuses (Logjam, 2015) */

bool probe_saw_flight(const struct handshake *h)
{
    return h->stopped_by_us && !h->timed_out && (h->outcome == OUTCOME_STOPPED || h->outcome == OUTCOME_ESTABLISHED);
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
    if (!took_flight(h) || h->hello.versions.v == NULL || offers_version(&h->hello, chosen) || version_rank(chosen) > version_rank(h->hello.max_version))
        return false;
    f->weight = 20;
    f->decisive = h->answer.where.frame;
    return say(c, f, BLAME_SERVER, CERTAIN, "its ServerHello says so",
               WORDS(c, "The server speaks %s at most: asked for %s to %s, it answered with %s.", version_words(c, chosen),
                     version_words(c, least), version_words(c, h->hello.max_version), version_words(c, chosen)));
}

static bool suite_not_offered(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    char name[NAME_MAX_LEN];
    if (!took_flight(h) || h->hello.v2_format || h->answer.chosen_version == 0x0002 || offers_suite(&h->hello, h->answer.suite))
        return false;
    f->weight = 10;
    f->decisive = h->answer.where.frame;
    return say(c, f, BLAME_SERVER, CERTAIN, "its ServerHello against our ClientHello",
               WORDS(c, "The server picked %s, which was not offered.", suite_name(h->answer.suite, name)));
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
    bool asks = knows(h, KNOW_CERT_REQUEST);
    return say(c, f, BLAME_NONE, judged && !asks ? CERTAIN : LIKELY,
               !judged ? "the certificate is not judged" : asks ? "a program behind TLS may insist on the client certificate" : NULL,
               WORDS(c, "The server answers with %s, %s%s%s.%s", version_words(c, handshake_version(h)), suite_name(h->answer.suite, suite),
                     about[0] == ';' ? "" : ", ", about,
                     !asks                          ? ""
                     : knows(h, KNOW_CLIENT_CERT) ? " It asks for a client certificate and does not object to none."
                                                  : " It asks for a client certificate; whether it insists on one was not tried."));
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
    bool flood = h->tcp.bytes[SERVER] > TOO_MUCH;
    f->weight = 25;
    f->cause = flood ? "protocol-error" : f->cause;
    return say(c, f, BLAME_SERVER, CERTAIN, "we waited, and gave up",
               WORDS(c, "The server %s and did not come to an end: %llu bytes in %s.",
                     knows(h, KNOW_SERVER_HELLO) ? "sent its ServerHello, began its flight" : "began an answer",
                     (unsigned long long)h->tcp.bytes[SERVER], duration_text(c->arena, h->error_at.ns - h->start_ns)));
}

/* The dialog that was to lead to TLS went nowhere. Where the server said no to it, the prelude's own rules say so. */
static bool dialog_failed(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const char *wanted = h->probed != NULL ? h->probed->starttls : NULL, *spoken = h->plain[SERVER].protocol;
    bool        quiet = h->tcp.bytes[SERVER] == 0;
    if (wanted == NULL || h->outcome == OUTCOME_NOT_OPENED || knows(h, KNOW_CLIENT_HELLO) || h->prelude.refused || h->prelude.not_offered)
        return false;
    f->weight = 15;
    f->decisive = quiet ? h->tcp.syn_ack.frame : h->plain[SERVER].where.frame;
    if (quiet && h->timed_out)
        return say(c, f, BLAME_SERVER, LIKELY, "nothing came; TLS from the first byte would look the same, and so would a server that is stuck",
                   WORDS(c, "The server did not say a word of %s before TLS. Most likely TLS starts at once on this port: ask without STARTTLS.", wanted));
    if (spoken != NULL && strcmp(spoken, wanted) != 0 && strncmp(wanted, spoken, strlen(spoken)) != 0)
        return say(c, f, BLAME_SERVER, CERTAIN, "its first bytes say so", WORDS(c, "The server does not speak %s here but %s.", wanted, spoken));
    if (quiet)
        return false;
    f->cause = "starttls-refused";
    return say(c, f, BLAME_SERVER, LIKELY, "it answered, and TLS was not agreed", WORDS(c, "The server's %s dialog did not lead to TLS.", wanted));
}

const struct rule probed_rules[] = {
    { "probed-dialog", "not-tls", dialog_failed }, { "probed-no-end", "silent-drop", no_end },
    { "probed-version", "protocol-version", older_than_offered }, { "probed-suite", "protocol-error", suite_not_offered },
    { "probed-small-group", "group-mismatch", small_group }, { "probed-key", "key-mismatch", wrong_key },
    { NULL, NULL, NULL }
};
