/* Client certificates (RFC 5246 sections 7.4.4 and 7.4.6, RFC 8446 sections 4.3.2 and 4.4.2). In TLS 1.3 the request
 * and the client's answer are encrypted, but an empty Certificate message has one size only. */
#include "say.h"

#include <string.h>

enum { LATE = 10 }; /* seconds after which a close is a time-out rather than an answer */

static bool server_minds(const struct ending *e)
{
    if (!ended_by(e, SERVER))
        return false;
    switch (e->number) {
    case ALERT_NONE:
    case ALERT_CLOSE_NOTIFY:
    case ALERT_NO_CERTIFICATE:
    case ALERT_HANDSHAKE_FAILURE:
    case ALERT_BAD_CERTIFICATE:
    case ALERT_UNSUPPORTED_CERTIFICATE:
    case ALERT_CERTIFICATE_REVOKED:
    case ALERT_CERTIFICATE_EXPIRED:
    case ALERT_CERTIFICATE_UNKNOWN:
    case ALERT_UNKNOWN_CA:
    case ALERT_ACCESS_DENIED:
    case ALERT_CERTIFICATE_REQUIRED:
    case ALERT_DECRYPT_ERROR:
    case ALERT_INTERNAL_ERROR:
    case ALERT_ILLEGAL_PARAMETER:
    case ALERT_UNEXPECTED_MESSAGE:
    case ALERT_DECODE_ERROR:
    case ALERT_CERTIFICATE_UNOBTAINABLE:
    case ALERT_INSUFFICIENT_SECURITY: return true;
    default: return false;
    }
}

static bool says_so(const struct ending *e)
{
    return e->how == END_ALERT && e->number != ALERT_INTERNAL_ERROR && e->number != ALERT_UNEXPECTED_MESSAGE &&
           e->number != ALERT_CLOSE_NOTIFY;
}

/* SSL 3.0 has a warning in place of an empty Certificate message (RFC 6101 section 5.6.6). */
static bool said_no_certificate(const struct handshake *h)
{
    for (size_t i = 0; i < h->alert_count; i++) {
        if (h->alerts[i].from == CLIENT && !h->alerts[i].encrypted && h->alerts[i].number == ALERT_NO_CERTIFICATE)
            return true;
    }
    return false;
}

static bool comes_after(const struct place *a, const struct place *b)
{
    return a->frame != 0 ? a->frame > b->frame : a->ns > b->ns;
}

/* In TLS 1.3 the client has finished before the server looks at its certificate. Where it was read with its keys, an
 * alert before any data is the server's answer to it, and so is a close where the server said nothing since. */
static bool judged_late(const struct handshake *h, const struct ending *e)
{
    bool silent = ended_silently(e) && !comes_after(&h->side[SERVER].last_tls, &h->client_certs_at);
    return version_is_13(handshake_version(h)) && knows(h, KNOW_DECRYPTED | KNOW_CLIENT_CERT) && (e->how == END_ALERT || silent) &&
           h->side[SERVER].app_records == 0;
}

/* Did an authority that the server names issue one of the certificates that were sent? */
static bool issuer_named(const struct case_file *c)
{
    const struct handshake *h = c->h;
    for (size_t i = 0; i < h->cert_request.ca_names.n; i++) {
        struct x509_name name;
        if (!x509_name_read(c->arena, h->cert_request.ca_names.v[i], &name))
            continue;
        for (size_t k = 0; k < h->client_cert_count; k++)
            if (names_equal(&name, &h->client_certs[k]->issuer))
                return true;
    }
    return false;
}

const char *authorities_words(const struct case_file *c)
{
    enum { SHOWN = 2 };
    const struct cert_request *r = &c->h->cert_request;
    size_t      all = r->authorities, shown = r->ca_names.n < SHOWN ? r->ca_names.n : SHOWN;
    const char *names = "";
    if (all == 0)
        return "";
    for (size_t i = 0; i < shown; i++)
        names = WORDS(c, "%s%s\"%s\"", names, i == 0 ? "" : all == 2 ? " and " : ", ", x509_der_name_text(c->arena, r->ca_names.v[i]));
    const char *more = all > shown ? WORDS(c, " and %zu more", all - shown) : "";
    if (c->h->client_cert_count == 0)
        return WORDS(c, " It takes certificates from %s%s.", names, more);
    if (issuer_named(c))
        return all == 1 ? " Its issuer is the one that the server names." : WORDS(c, " Its issuer is among the %zu that the server names.", all);
    return all > r->ca_names.n ? "" : WORDS(c, " None of its issuers is one that the server names: %s%s.", names, more);
}

static bool none_sent(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    bool empty = (knows(h, KNOW_CLIENT_CERT) && h->client_cert_count == 0) || said_no_certificate(h);
    if (!knows(h, KNOW_CERT_REQUEST) || !empty || !server_minds(e) ||
        (h->outcome == OUTCOME_ESTABLISHED && !judged_late(h, e)))
        return false;
    f->weight = 10;
    return say(c, f, BLAME_CLIENT, says_so(e) ? CERTAIN : LIKELY,
               says_so(e) ? "the request, the empty answer and the server's alert follow each other"
                           : "the server did not name a reason",
               h->probed != NULL && h->probed->kept_back
                   ? WORDS(c, "The server asked for a client certificate and takes none of the signature algorithms that yours can sign with, so none was sent, and %s.",
                           ending_words(c, e))
                   : WORDS(c, "The server asked for a client certificate, the client sent none, and %s.%s", ending_words(c, e), authorities_words(c)));
}

static bool one_refused(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    if (!knows(h, KNOW_CLIENT_CERT) || h->client_cert_count == 0 || !server_minds(e) ||
        (h->outcome == OUTCOME_ESTABLISHED && !judged_late(h, e)))
        return false;
    const struct cert *own = h->client_certs[0];
    bool late = e->how == END_FIN && h->close.since_peer > LATE * NS_PER_S;
    char when[40] = "";
    if (own->not_after.ok)
        time_rfc3339_s(when, own->not_after.s);
    bool expired = own->not_after.ok && h->client_certs_at.ns / NS_PER_S > own->not_after.s;
    const char *fault = expired ? WORDS(c, " It expired on %.10s.", when)
                      : own->self_issued
                          ? " It is self-signed."
                          : WORDS(c, " It was issued by %s.",
                                  own->malformed ? "nobody readable" : x509_name_text(c->arena, &own->issuer));
    f->weight = 10;
    return say(c, f, BLAME_CLIENT,
               says_so(e) && e->number != ALERT_HANDSHAKE_FAILURE ? CERTAIN
               : late                                             ? POSSIBLE
                                                                  : LIKELY,
               says_so(e) ? "the server's alert answers the client's certificate"
                           : "the server did not name a reason",
               WORDS(c, "The client sent the certificate of %s and %s.%s%s", cert_short_name(c->arena, own),
                     ending_words(c, e), fault, authorities_words(c)));
}

/* ---- asked for later: a renegotiation (to TLS 1.2), as IIS and Apache do it where only some paths want a certificate */

/* Under encryption types and sizes are to be seen: of what answers the server's second flight an empty Certificate (7 bytes) is
 * the first, and smaller than a Finished (16 bytes). Then comes an alert. */
static bool was_asked_again(const struct handshake *h, bool *empty)
{
    enum { EMPTY = 4 + 3, FINISHED = 4 + 12 };
    const struct handshake *again = h->again;
    if (h->outcome != OUTCOME_ESTABLISHED || version_is_13(handshake_version(h)) || h->datagram || again == NULL ||
        again->again != NULL || again->outcome != OUTCOME_ABORTED_BY_SERVER || knows(again, KNOW_CLIENT_HELLO))
        return false; /* with its messages read the other rules speak */
    const struct side_progress *client = &again->side[CLIENT], *server = &again->side[SERVER], *first = &h->side[SERVER];
    size_t n = server->enc_records;
    bool alert = n > 1 && n <= ENC_KEPT && server->enc_type[n - 1] == 21 && server->enc_type[0] == 22;
    if (!alert || client->enc_records == 0 || client->enc_type[0] != 22 || first->enc_records == 0 ||
        !comes_after(&server->enc_where[n - 1], &client->enc_where[0]) || !comes_after(&client->enc_where[0], &server->enc_where[0]))
        return false;
    *empty = client->enc_len[0] + FINISHED <= first->enc_len[0] + EMPTY;
    return *empty || client->enc_records > 2; /* not only keys and Finished */
}

static bool refused_later(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    bool empty = false;
    if (!was_asked_again(h, &empty) || empty != (strcmp(f->cause, "client-cert-missing") == 0))
        return false;
    f->weight = 10;
    f->decisive = h->again->side[CLIENT].enc_where[0].frame;
    ALSO(f, empty ? "client-cert-rejected" : "client-cert-missing", "protocol-error");
    say(c, f, BLAME_CLIENT, empty ? LIKELY : POSSIBLE,
        empty ? "the second handshake is encrypted, but the sizes fit an empty Certificate message and an alert in answer"
                : "the second handshake is encrypted: that it was about a certificate is the usual case",
        WORDS(c, "After a good handshake and the client's request the server asked for a second handshake on the same connection "
                 "and ended it with an alert. Servers do that to get a client certificate; %s.",
              empty ? "the client had none to send" : "most likely it did not accept the one it got"));
    cite(f, h, f->decisive, CLIENT, "renegotiation", "renegotiation", empty ? "its answer is as small as an empty Certificate" : "its answer");
    return true;
}

/* ---- TLS 1.3: sizes of encrypted records */

enum {
    TYPE_AND_TAG = 17,
    EMPTY_CERTIFICATE = 4 + 1 + 3,
    FINISHED_SHA256 = 4 + 32,
    FINISHED_SHA384 = 4 + 48,
    ALERT_RECORD = 2 + TYPE_AND_TAG
};

static uint32_t first_flight_length(const struct handshake *h, size_t i)
{
    const struct side_progress *p = &h->side[CLIENT];
    return i < p->enc_records && i < ENC_KEPT ? p->enc_len[i] : 0;
}

static bool is_finished(uint32_t len)
{
    return len == FINISHED_SHA256 + TYPE_AND_TAG || len == FINISHED_SHA384 + TYPE_AND_TAG;
}

/* An empty Certificate and the Finished, in one record or in two. */
static bool sent_empty_13(const struct handshake *h)
{
    uint32_t a = first_flight_length(h, 0), b = first_flight_length(h, 1);
    if (knows(h, KNOW_DECRYPTED | KNOW_CLIENT_CERT)) /* seen */
        return h->client_cert_count == 0;
    if (a == EMPTY_CERTIFICATE + FINISHED_SHA256 + TYPE_AND_TAG ||
        a == EMPTY_CERTIFICATE + FINISHED_SHA384 + TYPE_AND_TAG)
        return true;
    return a == EMPTY_CERTIFICATE + TYPE_AND_TAG && is_finished(b);
}

/* A Certificate with something in it and what comes with it take more room than a Finished. */
static bool sent_certificate_13(const struct handshake *h)
{
    uint32_t a = first_flight_length(h, 0);
    if (knows(h, KNOW_DECRYPTED | KNOW_CLIENT_CERT))
        return h->client_cert_count != 0;
    return a > 200 && !is_finished(a) &&
           is_finished(first_flight_length(h, 2)); /* Certificate, CertificateVerify, Finished */
}

/* All that the server sends after the client's flight is the size of an alert: the reason, and with some a close_notify. */
static bool refused_after_flight_13(const struct handshake *h)
{
    const struct side_progress *client = &h->side[CLIENT], *server = &h->side[SERVER];
    if (!version_is_13(handshake_version(h)) || h->outcome != OUTCOME_ESTABLISHED || client->enc_records == 0 ||
        h->resumed)
        return false;
    size_t after = 0;
    bool alerts = true;
    for (size_t i = 0; i < server->enc_records && i < ENC_KEPT; i++) {
        if (!comes_after(&server->enc_where[i], &client->enc_where[0]))
            continue;
        after++;
        alerts = alerts && server->enc_len[i] == ALERT_RECORD;
    }
    bool alert = (after == 1 || after == 2) && alerts && server->enc_records <= ENC_KEPT;
    return alert && h->close.how != CLOSE_NONE && server->app_bytes <= after * ALERT_RECORD;
}

/* Nothing at all comes after the client's flight and its data but the close: such a server leaves without a word. */
static bool left_after_flight_13(const struct handshake *h)
{
    const struct side_progress *client = &h->side[CLIENT], *server = &h->side[SERVER];
    if (!version_is_13(handshake_version(h)) || h->outcome != OUTCOME_ESTABLISHED || h->resumed ||
        client->app_records == 0 || server->app_records != 0 || server->enc_records > ENC_KEPT ||
        h->close.how == CLOSE_NONE || h->close.by != SERVER)
        return false;
    for (size_t i = 0; i < server->enc_records; i++) {
        if (comes_after(&server->enc_where[i], &client->enc_where[0]))
            return false;
    }
    return true;
}

/* The same from a server that says it in clear. */
static bool clear_alert_13(const struct handshake *h, const struct ending *e)
{
    return version_is_13(handshake_version(h)) && ended_by(e, SERVER) &&
           (e->number == ALERT_CERTIFICATE_REQUIRED || e->number == ALERT_UNKNOWN_CA ||
            e->number == ALERT_BAD_CERTIFICATE || e->number == ALERT_CERTIFICATE_EXPIRED ||
            e->number == ALERT_CERTIFICATE_UNKNOWN);
}

static const char *ending_13(bool left) { return left ? "a server that leaves at once" : "an alert in answer"; }
static const char *ended_13(bool left)
{
    return left ? "closed without a word, though data was waiting" : "answered with an alert and closed";
}

static bool none_sent_13(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    bool named = clear_alert_13(h, e) && e->number == ALERT_CERTIFICATE_REQUIRED;
    bool left = left_after_flight_13(h);
    if (!named && !(sent_empty_13(h) && (left || refused_after_flight_13(h) || clear_alert_13(h, e))))
        return false;
    f->weight = 10;
    ALSO(f, "client-cert-rejected");
    if (!named && h->side[CLIENT].enc_records != 0)
        f->decisive = h->side[CLIENT].enc_where[0].frame;
    return say(c, f, BLAME_CLIENT,
               named  ? CERTAIN
               : left ? POSSIBLE
                      : LIKELY,
               named ? "the server says so itself"
                     : WORDS(c, "TLS 1.3 encrypts it, but the sizes fit an empty Certificate message and %s",
                             ending_13(left)),
               named ? WORDS(c, "The server demands a client certificate and got none: %s.", ending_words(c, e))
                     : WORDS(c,
                             "The client's last handshake messages have the size of an empty Certificate and a "
                             "Finished, and the server %s. So it asked for a client certificate and got none.",
                             ended_13(left)));
}

static bool one_refused_13(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    bool named = clear_alert_13(h, e) && e->number != ALERT_CERTIFICATE_REQUIRED;
    bool left = left_after_flight_13(h);
    if (sent_empty_13(h) || !(named || (sent_certificate_13(h) && (left || refused_after_flight_13(h)))))
        return false;
    f->weight = 10;
    ALSO(f, "client-cert-missing");
    return say(c, f, BLAME_CLIENT,
               named  ? CERTAIN
               : left ? POSSIBLE
                      : LIKELY,
               named
                   ? "only the client's certificate can be meant"
                   : WORDS(c, "TLS 1.3 encrypts it, but the sizes fit a client certificate and %s", ending_13(left)),
               named ? WORDS(c, "The server refused the client's certificate: %s.", ending_words(c, e))
                     : WORDS(c,
                             "The client's last handshake messages have the size of a certificate with its proof, "
                             "and the server %s. So it did not accept the client's certificate.",
                             ended_13(left)));
}

const struct rule clientauth_rules[] = {
    { "none-sent", "client-cert-missing", KNOW_CERT_REQUEST | SHOWS_BY_SERVER, none_sent },
    { "one-refused", "client-cert-rejected", KNOW_CLIENT_CERT | SHOWS_BY_SERVER, one_refused },
    { "none-sent-later", "client-cert-missing", KNOW_SERVER_HELLO | SHOWS_FINISHED, refused_later },
    { "one-refused-later", "client-cert-rejected", KNOW_SERVER_HELLO | SHOWS_FINISHED, refused_later },
    { "none-sent-13", "client-cert-missing", SHOWS_TLS13, none_sent_13 },
    { "one-refused-13", "client-cert-rejected", SHOWS_TLS13, one_refused_13 },
    { 0 }
};
