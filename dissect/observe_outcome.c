/* observe_outcome.c - the bare fact of how a handshake ended, derived once, from what was recorded. */
#include <string.h>

#include "observe_conn.h"

static bool finished_in_time(const struct handshake *h, enum side t)
{
    return h->side[t].finished_seen && before_close(h, t, &h->side[t].finished_at);
}

static bool is_full_handshake(const struct handshake *h)
{
    return !h->resumed && (h->cert_count > 0 || h->hello_done.len != 0 || h->kex.where.len != 0);
}

static bool established(const struct handshake *h)
{
    bool client = finished_in_time(h, CLIENT), server = finished_in_time(h, SERVER);
    if (!knows(h, KNOW_SERVER_HELLO) && !knows(h, KNOW_CLIENT_HELLO))
        return false;
    if (knows(h, KNOW_SERVER_HELLO) && version_is_13(h->answer.chosen_version))
        return client && server && knows(h, KNOW_CLIENT_HELLO);
    if (h->side[CLIENT].app_records != 0 && h->side[SERVER].app_records != 0 && knows(h, KNOW_SERVER_HELLO))
        return true; /* data both ways: what was finished before may be in a hole (RFC 5246 section 7.3) */
    return (client && server) || (server && is_full_handshake(h) && knows(h, KNOW_BOTH_SIDES));
}

/* The last thing said before the close was this side's warning: close_notify, user_canceled, no_certificate. */
static bool warned_last(const struct handshake *h, const struct alert *a)
{
    if (a->encrypted || a->level != 1 || h->close.how == CLOSE_NONE)
        return false;
    for (int t = 0; t < 2; t++)
        if (h->last_before_close[t].frame > a->where.frame || h->last_before_close[t].ns > a->where.ns)
            return false;
    return true;
}

/* Bytes that are missing before the close and are enough to hide a Finished. One lost alert record is not. */
static bool hole_matters(const struct handshake *h)
{
    uint64_t client = knows(h, KNOW_WHOLE_CLIENT) ? 0 : h->tcp.missing[CLIENT];
    uint64_t server = knows(h, KNOW_WHOLE_SERVER) ? 0 : h->tcp.missing[SERVER];
    return client + server > 32;
}

/* The alert that ended it: fatal in clear, or a last warning, or an encrypted one before the other side had finished.
 * The last only where nothing is missing: a hole could hide a Finished, and the alert is the usual close_notify. */
static const struct alert *ending_alert(const struct handshake *h)
{
    for (size_t i = 0; i < h->alert_count; i++) {
        const struct alert *a = &h->alerts[i];
        bool                ends = a->encrypted ? !hole_matters(h) : a->level == 2 || warned_last(h, a);
        if (ends && before_close(h, a->from, &a->where))
            return a;
    }
    return NULL;
}

bool tunnel_asked(const struct handshake *h)
{
    return h->prelude.kind == PRELUDE_CONNECT || h->prelude.kind == PRELUDE_SOCKS;
}

static enum outcome aborted_by(enum side t)
{
    return t == CLIENT ? OUTCOME_ABORTED_BY_CLIENT : OUTCOME_ABORTED_BY_SERVER;
}

/* It opened the connection and closed it without a byte, as health checks do; some servers answer that with an alert. */
static bool client_left_mute(const struct handshake *h)
{
    return h->tcp.start_seen[CLIENT] && h->tcp.both_directions && h->tcp.bytes[CLIENT] + h->tcp.missing[CLIENT] == 0 &&
           h->close.how != CLOSE_NONE && h->close.by == CLIENT && !h->datagram;
}

/* No TLS of the client was seen. */
static enum outcome without_client(const struct handshake *h, int64_t now)
{
    const struct alert *a = ending_alert(h);
    if (h->tls_seen[SERVER] && client_left_mute(h))
        return OUTCOME_NOT_TLS;
    if (h->tls_seen[SERVER] && h->plain[CLIENT].start.p == NULL)
        return a != NULL && !a->encrypted ? aborted_by(a->from) : OUTCOME_INCOMPLETE;
    if (tunnel_asked(h) && !h->prelude.accepted)
        return h->prelude.refused || h->close.how != CLOSE_NONE ? OUTCOME_NOT_OPENED : OUTCOME_INCOMPLETE;
    bool plain = h->plain[CLIENT].start.p != NULL || h->plain[SERVER].start.p != NULL;
    bool missing = h->tcp.missing[CLIENT] + h->tcp.missing[SERVER] > 0;
    bool said = h->tcp.bytes[CLIENT] + h->tcp.bytes[SERVER] > 0 || plain || missing;
    bool opened = h->tcp.syn_ack.frame != 0 || h->tcp.both_directions;
    bool young = h->tcp.syn.frame != 0 && h->close.how == CLOSE_NONE && now - h->tcp.syn.ns < SILENCE_NS;
    if (!said && (h->refused || h->unreachable))
        return OUTCOME_NOT_OPENED;
    if (!said && h->tcp.syn.frame != 0 && h->tcp.syn_ack.frame == 0 && h->tcp.both_directions)
        return OUTCOME_INCOMPLETE; /* the server's part in the opening is not there */
    if (!said && young && !h->timed_out) /* the capture ended before anything could be said */
        return OUTCOME_INCOMPLETE;
    if (!said && !opened && (h->timed_out || h->tcp.syn.frame != 0))
        return OUTCOME_NOT_OPENED;
    return missing && !plain ? OUTCOME_INCOMPLETE : OUTCOME_NOT_TLS; /* nobody knows what the lost bytes were */
}

/* By whom a handshake that was not finished was ended: RST, or the first FIN. */
static enum outcome ended_by_close(const struct handshake *h)
{
    if (h->close.how == CLOSE_RST)
        return h->close.by == CLIENT ? OUTCOME_RESET_BY_CLIENT : OUTCOME_RESET_BY_SERVER;
    return aborted_by(h->close.by);
}

static enum outcome outcome_of(const struct handshake *h, int64_t now)
{
    bool                hello = (h->known & (KNOW_CLIENT_HELLO | KNOW_CLIENT_HELLO_PART)) != 0;
    const struct alert *a = ending_alert(h);
    if (established(h))
        return OUTCOME_ESTABLISHED;
    if (!h->tls_seen[CLIENT])
        return without_client(h, now);
    if (a != NULL && (hello || !a->encrypted))
        return aborted_by(a->from);
    if (h->datagram && h->unreachable && !h->tls_seen[SERVER])
        return OUTCOME_NOT_OPENED;
    bool probed = h->timed_out || h->stopped_by_us; /* a socket sees both sides */
    if ((!knows(h, KNOW_BOTH_SIDES) && !probed) || !hello || hole_matters(h))
        return OUTCOME_INCOMPLETE;
    if (h->close.how != CLOSE_NONE)
        return ended_by_close(h);
    if ((h->stopped_by_us && (knows(h, KNOW_SERVER_HELLO) || h->retry.raw.p != NULL)) || (h->timed_out && h->tls_seen[SERVER]))
        return OUTCOME_STOPPED;
    bool answered = h->tls_seen[SERVER], whole = knows(h, KNOW_CLIENT_HELLO);
    bool waited = h->timed_out || now - h->hello.where.ns >= SILENCE_NS || h->plain[SERVER].start.p != NULL;
    return !answered && whole && waited ? OUTCOME_NO_SERVER_HELLO : OUTCOME_INCOMPLETE;
}

/* A renegotiation stands on a handshake that was good; only its own end counts. */
static enum outcome renegotiation_outcome(const struct handshake *again)
{
    if (again->again != NULL || (finished_in_time(again, CLIENT) && finished_in_time(again, SERVER)))
        return OUTCOME_ESTABLISHED;
    return again->close.how != CLOSE_NONE ? ended_by_close(again) : OUTCOME_INCOMPLETE;
}

/* What came after the first close was not seen by the closer. Frame order is known only now: a FIN waits for the
 * bytes before it. */
static void mark_late(struct handshake *h)
{
    const struct place *client = &h->side[CLIENT].last_tls, *server = &h->side[SERVER].last_tls;
    bool                late = !before_close(h, CLIENT, client) || !before_close(h, SERVER, server);
    for (size_t i = 0; late && i < h->message_count; i++)
        h->messages[i].late = !before_close(h, h->messages[i].from, &h->messages[i].where);
    for (size_t i = 0; i < h->alert_count; i++)
        h->alerts[i].after_close = h->alerts[i].after_established || !before_close(h, h->alerts[i].from, &h->alerts[i].where);
}

/* An alert that was hidden as a record of another size comes first in the list: nothing was established before it. */
static void hidden_alert_first(struct handshake *h, struct place where)
{
    if (h->alert_count < ALERTS_KEPT)
        alert_room(h);
    h->alert_count += h->alert_count < ALERTS_KEPT;
    memmove(h->alerts + 1, h->alerts, (h->alert_count - 1) * sizeof *h->alerts);
    h->alerts[0] = (struct alert){ .where = where, .from = CLIENT, .encrypted = true };
    for (size_t i = 0; i < h->alert_count; i++)
        h->alerts[i].after_established = false;
    for (size_t i = 0; i < h->message_count; i++)
        if (h->messages[i].from == CLIENT && h->messages[i].type == MSG_ENCRYPTED && h->messages[i].where.at == where.at)
            h->messages[i].type = MSG_ALERT;
}

/* TLS 1.3: a single record of the client that is too small for a Finished (RFC 8446 section 4.4.4) is none. Some pad
 * their alerts (Java), so it is one where the connection ended with it; of the size of an empty Certificate it may be
 * the first half of the client's answer. */
static void no_room_for_finished(struct handshake *h)
{
    struct side_progress *p = &h->side[CLIENT];
    bool                  one = p->finished_seen && version_is_13(h->answer.chosen_version) && p->enc_records == 1;
    const struct suite   *s = one ? suite_of(h->answer.suite) : NULL;
    if (s == NULL)
        return; /* where it could be opened, the bytes have told */
    enum { HEADER = 4, TYPE = 1, EMPTY_CERTIFICATE = HEADER + 1 + 3 };
    size_t hash = strstr(s->name, "SHA384") != NULL ? 48 : 32, more = TYPE + (s->tag != 0 ? s->tag : 16u);
    if (p->enc_len[0] >= HEADER + hash + more)
        return;
    p->finished_seen = false;
    if (h->close.how != CLOSE_NONE && h->tcp.missing[CLIENT] == 0 && p->enc_len[0] != EMPTY_CERTIFICATE + more)
        hidden_alert_first(h, p->enc_where[0]);
}

/* What never arrived is no gap in the capture: it holds all that there was to hear. */
static void forgive_losses(struct handshake *h)
{
    h->known |= lost_on_the_way(h, CLIENT) ? KNOW_WHOLE_CLIENT : 0u;
    h->known |= lost_on_the_way(h, SERVER) ? KNOW_WHOLE_SERVER : 0u;
}

void conn_outcome(struct conn *c)
{
    struct handshake *h = c->h;
    forgive_losses(h);
    no_room_for_finished(h);
    mark_late(h);
    /* a source that ended it for its silence goes by the clock, and nothing else need have come since */
    h->outcome = outcome_of(h, h->tcp.silence != 0 ? h->end_ns + h->tcp.silence : c->o->now);
    for (struct handshake *again = h->again; again != NULL; again = again->again) {
        again->close = h->close;
        mark_late(again);
        again->start_ns = again->first.ns;
        again->end_ns = h->end_ns;
        again->last = h->last;
        again->outcome = renegotiation_outcome(again);
    }
}
