/* sweep_facts.c - a handshake as the answer to a question, and what a sweep's pieces are called. */
#include "tlswhy/sweep.h"

#include "tlswhy/session.h"

#include <stdio.h>

static const struct {
    const char *id, *words;
    bool        tolerance;
} checks[CHECK_COUNT] = {
    [CHECK_USUAL] = { "usual", "an ordinary hello", false },
    [CHECK_USUAL_13] = { "usual-1.3", "an ordinary hello of TLS 1.3", false },
    [CHECK_CERT_RSA] = { "certificate-rsa", "RSA certificates alone", false },
    [CHECK_CERT_PSS] = { "certificate-rsa-pss", "RSA-PSS certificates alone", false },
    [CHECK_CERT_ECDSA] = { "certificate-ecdsa", "ECDSA certificates alone", false },
    [CHECK_CERT_EDDSA] = { "certificate-eddsa", "EdDSA certificates alone", false },
    [CHECK_CERT_DSA] = { "certificate-dsa", "DSA certificates alone", false },
    [CHECK_NO_NAME] = { "no-name", "no server name", false },
    [CHECK_OTHER_NAME] = { "other-name", "a name nobody has", false },
    [CHECK_ALPN_H2] = { "alpn-h2", "h2", false },
    [CHECK_ALPN_HTTP11] = { "alpn-http/1.1", "http/1.1", false },
    [CHECK_ALPN_OTHER] = { "alpn-other", "a protocol nobody speaks", false },
    [CHECK_DHE] = { "dhe", "DHE alone", false },
    [CHECK_COMPRESSION] = { "compression", "compression", false },
    [CHECK_FALLBACK] = { "fallback", "an older version, marked as a fallback", false },
    [CHECK_GREASE] = { "grease", "reserved values (GREASE)", true },
    [CHECK_UNKNOWN_EXTENSION] = { "unknown-extension", "an unknown extension", true },
    [CHECK_NO_EXTENSIONS] = { "no-extensions", "no extensions", true },
    [CHECK_NEWER_VERSION] = { "newer-version", "a version after TLS 1.3", true },
    [CHECK_NEWER_LIST] = { "newer-version-list", "a version after TLS 1.3 in the list", true },
    [CHECK_BYTES_256] = { "hello-256", "a hello of 256 to 511 bytes", true },
    [CHECK_LARGE] = { "large-hello", "a hello of 4 KB", true },
    [CHECK_RECORDS] = { "split-records", "a hello in several records", true },
    [CHECK_SEGMENTS] = { "split-segments", "a hello in several TCP segments with a pause", true },
    [CHECK_BY_ID] = { "session-id", "a session without tickets", false },
    [CHECK_BY_ID_AGAIN] = { "session-id-again", "that session by its id", false },
    [CHECK_BY_TICKET] = { "ticket", "a session with a ticket", false },
    [CHECK_BY_TICKET_AGAIN] = { "ticket-again", "that session by its ticket", false },
    [CHECK_BY_TICKET_13] = { "ticket-1.3", "a session of TLS 1.3", false },
    [CHECK_BY_TICKET_13_AGAIN] = { "ticket-1.3-again", "that session of TLS 1.3 by its ticket", false },
};

const char *sweep_check_id(enum sweep_check c) { return checks[c].id; }
const char *sweep_check_words(enum sweep_check c) { return checks[c].words; }
bool        sweep_check_tolerance(enum sweep_check c) { return checks[c].tolerance; }

const char *preference_name(enum preference p)
{
    static const char *const names[] = { "unknown", "client", "server" };
    return names[p];
}

/* A server's alert before anything else of it, of whatever level: some close after a warning. */
static const struct alert *only_alert(const struct handshake *h)
{
    const struct alert *fatal = last_fatal_alert(h, SERVER);
    for (size_t i = 0; i < h->alert_count && fatal == NULL; i++)
        if (h->alerts[i].from == SERVER && !h->alerts[i].encrypted)
            fatal = &h->alerts[i];
    return fatal;
}

static bool v2_error(const struct handshake *h)
{
    for (size_t i = 0; i < h->message_count; i++)
        if (h->messages[i].from == SERVER && h->messages[i].type == MSG_V2)
            return true;
    return false;
}

static enum answer_kind refused_how(const struct handshake *h)
{
    if (v2_error(h)) /* some send an alert behind it */
        return ANSWER_V2_ERROR;
    if (only_alert(h) != NULL) /* some go on in plain text */
        return ANSWER_ALERT;
    if (h->plain[SERVER].start.p != NULL)
        return ANSWER_NOT_TLS;
    if (knows(h, KNOW_CLOSE) && h->close.by == SERVER)
        return h->close.how == CLOSE_RST ? ANSWER_RESET : ANSWER_CLOSE;
    return ANSWER_SILENCE;
}

struct sweep_answer sweep_answer_of(const struct handshake *h)
{
    struct sweep_answer a = { .h = h };
    if (h->outcome == OUTCOME_NOT_OPENED || !knows(h, KNOW_CLIENT_HELLO)) {
        a.kind = ANSWER_UNSENT;
    } else if (knows(h, KNOW_SERVER_HELLO)) {
        a.kind = ANSWER_HELLO;
        a.version = handshake_version(h);
        a.suite = h->answer.suite;
        a.group = h->answer.group != 0 ? h->answer.group : h->kex.group;
        a.sigalg = h->kex.sigalg;
        a.dh_bits = h->kex.dh_bits;
    } else if (h->retry.raw.p != NULL) {
        a.kind = ANSWER_HELLO;
        a.version = h->retry.chosen_version;
        a.suite = h->retry.suite;
        a.group = h->retry.group;
    } else {
        a.kind = refused_how(h);
        a.alert = a.kind == ANSWER_ALERT ? only_alert(h)->number : 0;
    }
    return a;
}

bool sweep_alpn_kept(const struct handshake *h)
{
    for (size_t i = 0; i < h->hello.alpn.n; i++)
        if (bytes_equal(h->hello.alpn.v[i], h->answer.alpn))
            return true;
    return false;
}

const char *sweep_answer_text(const struct sweep_answer *a, char buf[NAME_MAX_LEN])
{
    char name[NAME_MAX_LEN];
    switch (a->kind) {
    case ANSWER_HELLO: snprintf(buf, NAME_MAX_LEN, "ServerHello %.40s", version_name(a->version, name)); return buf;
    case ANSWER_ALERT: snprintf(buf, NAME_MAX_LEN, "alert %u", a->alert); return buf;
    case ANSWER_CLOSE: return "close";
    case ANSWER_RESET: return "reset";
    case ANSWER_SILENCE: return "timeout";
    case ANSWER_NOT_TLS: return "not TLS";
    case ANSWER_V2_ERROR: return "SSL 2.0 ERROR";
    case ANSWER_UNSENT: return "no connection";
    default: return "not asked";
    }
}

const struct sweep_version *sweep_best(const struct sweep_facts *f, uint16_t most)
{
    for (size_t i = SWEEP_VERSIONS; i-- > 0;)
        if (f->version[i].accepted && f->version[i].version <= most)
            return &f->version[i];
    return NULL;
}

bool sweep_tolerated(const struct sweep_facts *f, enum sweep_check c) { return f->check[c].kind == ANSWER_HELLO; }

static bool session_offers(const struct session *s, enum sweep_check again) { return again == CHECK_BY_ID_AGAIN ? s->id.n > 0 : s->ticket.n > 0; }

enum resumed sweep_resumed(const struct sweep_facts *f, enum sweep_check again)
{
    const struct sweep_answer *first = &f->check[again - 1], *second = &f->check[again];
    if (first->kind != ANSWER_HELLO || first->h == NULL || first->h->session == NULL)
        return RESUMED_UNTRIED;
    if (!session_offers(first->h->session, again))
        return RESUMED_NOTHING;
    if (second->kind == ANSWER_NONE || second->kind == ANSWER_UNSENT)
        return RESUMED_UNTRIED;
    return second->kind == ANSWER_HELLO && second->h != NULL && second->h->resumed ? RESUMED_YES : RESUMED_NO;
}
