#include "refusal.h"
#include "tlswhy/text.h"

#include <string.h>

bool about_certificate(int alert)
{
    switch (alert) {
    case ALERT_BAD_CERTIFICATE:
    case ALERT_UNSUPPORTED_CERTIFICATE:
    case ALERT_CERTIFICATE_REVOKED:
    case ALERT_CERTIFICATE_EXPIRED:
    case ALERT_CERTIFICATE_UNKNOWN:
    case ALERT_UNKNOWN_CA:
    case ALERT_ACCESS_DENIED:
    case ALERT_BAD_CERTIFICATE_STATUS_RESPONSE: return true;
    default: return false;
    }
}

/* Alerts that some stack sends when it does not like a certificate, among other reasons. */
static bool could_be_about_certificate(int alert)
{
    switch (alert) {
    case ALERT_NONE:
    case ALERT_CLOSE_NOTIFY:
    case ALERT_HANDSHAKE_FAILURE:
    case ALERT_ILLEGAL_PARAMETER:
    case ALERT_DECODE_ERROR:
    case ALERT_DECRYPT_ERROR:
    case ALERT_INSUFFICIENT_SECURITY:
    case ALERT_INTERNAL_ERROR:
    case ALERT_USER_CANCELED: return true;
    default: return about_certificate(alert);
    }
}

/* Can the capture hide that the client went on, or that the server ended it? */
static bool hides_the_end(const struct handshake *h, const struct refusal *r, bool tls13)
{
    bool alert13 = tls13 && r->how.how == END_HIDDEN_ALERT; /* the client's alert says it all */
    if (h->datagram && h->side[CLIENT].ccs && !h->side[SERVER].finished_seen) /* a lost datagram leaves no trace if it was the last */
        return true;
    return !knows(h, KNOW_BOTH_SIDES) || sent_unseen(h, CLIENT) || (sent_unseen(h, SERVER) && !alert13);
}

/* wolfSSL sends two alerts: what its check of the certificate found, and that it refuses. */
static bool nothing_but_alerts_13(const struct side_progress *p)
{
    enum { ALERT_RECORD = 2 + 1 + 16 };
    for (size_t i = 0; i < p->enc_records; i++) {
        if (i >= ENC_KEPT || p->enc_len[i] != ALERT_RECORD)
            return false;
    }
    return true;
}

static struct refusal refusal_by(const struct handshake *h, enum stage stage, const struct ending *end)
{
    struct refusal r = { .how = *end };
    bool tls13 = version_is_13(handshake_version(h)), silent = ended_silently(&r.how);
    r.hidden = tls13 && !knows(h, KNOW_CERTIFICATE);
    if (stage < STAGE_FLIGHT || !ended_by(&r.how, CLIENT) || !could_be_about_certificate(r.how.number) ||
        h->resumed || h->stopped_by_us ||
        sent(h, CLIENT,
             MSG_HEARTBEAT)) /* a heartbeat in the middle of a handshake: a scanner, which leaves by plan */
        return r;
    bool told = r.how.how == END_ALERT || r.how.how == END_WARNING;
    if (!knows(h, KNOW_CLIENT_HELLO) || (!told && hides_the_end(h, &r, tls13)))
        return r;
    if (!r.hidden && h->certs_at.frame == 0 && h->cert_count == 0 && h->malformed[SERVER] == NULL)
        return r;
    if (stage == STAGE_DONE) {
        bool quiet = h->side[CLIENT].app_records == 0 && h->close.how != CLOSE_NONE && h->again == NULL;
        r.when = quiet ? REFUSED_AFTER : REFUSED_NOT;
    } else if (stage == STAGE_REPLY) {
        r.when = REFUSED_AT_REPLY;
    } else if (!told && (reset_by_stranger(h) || !before_close(h, SERVER, &h->last_before_close[SERVER]))) {
        r.when = REFUSED_NOT; /* it never had what it would have refused, or did not know of it any more */
    } else if (tls13 && !told && h->side[CLIENT].enc_records > 1 && !nothing_but_alerts_13(&h->side[CLIENT])) {
        r.when = REFUSED_NOT; /* it went on: something of the handshake is not seen as it was */
    } else if (tls13 || !silent || flight_whole(h)) {
        r.when = REFUSED_AT_FLIGHT; /* to leave in the middle of the server's flight without a word is no refusal */
    }
    return r;
}

struct refusal refusal_of(const struct handshake *h)
{
    const struct ending end = ending_of(h);
    return refusal_by(h, stage_of(h), &end);
}

void course_of(const struct handshake *h, struct course *went)
{
    *went = (struct course){ .stage = stage_of(h), .end = ending_of(h) };
    went->refusal = refusal_by(h, went->stage, &went->end);
    find_fault(h, went);
}

bool chain_at_fault(const struct handshake *h)
{
    for (size_t i = 0; h->chain != NULL && i < h->chain->n; i++) {
        if (h->chain->problems[i].severity == SEV_ERROR)
            return true;
    }
    return false;
}

bool sha1_is_refused(const struct handshake *h)
{
    enum { TLS_1_2 = 0x0303 };
    const int64_t y2017 = INT64_C(1483228800);
    return h->start_ns / NS_PER_S >= y2017 && version_rank(h->hello.max_version) >= version_rank(TLS_1_2);
}

const struct cert *below_anchor(const struct handshake *h, size_t i)
{
    const struct chain *chain = h->chain;
    if (chain != NULL && chain->path_len != 0) {
        if (i >= chain->path_len || strcmp(chain->path[i].from, "trust") == 0)
            return NULL;
        return i != 0 && chain->path[i].cert->self_issued ? NULL : chain->path[i].cert;
    }
    for (size_t k = 0; k < h->cert_count; k++) {
        if ((k == 0 || !h->certs[k]->self_issued) && i-- == 0)
            return h->certs[k];
    }
    return NULL;
}
