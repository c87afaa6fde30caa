/* Where the handshake itself says nothing: the client did not wait for an answer, or the capture does not show one.
 */
#include "say.h"

/* Races between addresses, cancelled requests, preconnects: the client leaves before any answer can be there. */
static bool left_early(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    enum { SHORT_MS = 1000 };
    if (c->went->stage != STAGE_HELLO || !ended_by(e, CLIENT) ||
        (e->alert != NULL && e->number != ALERT_CLOSE_NOTIFY && e->number != ALERT_USER_CANCELED) || server_spoke(h) ||
        h->plain[SERVER].start.p != NULL || h->stopped_by_us || !knows(h, KNOW_BOTH_SIDES) ||
        h->tcp.late_copy[CLIENT]) /* when it sent its hello is not known */
        return false;
    int64_t rtt = round_trip(h), wait = ns_between(&h->hello.where, &e->where);
    bool late = server_late(h);
    if (wait < 0 ||
        (!late && ((wait >= SHORT_MS * (NS_PER_S / 1000) && wait > 2 * rtt) || h->tcp.retransmissions[CLIENT] != 0)))
        return false;
    /* it acknowledged more than was captured, or the server sent more */
    bool heard = h->tcp.acked[SERVER] > h->tcp.bytes[SERVER] || h->tcp.missing[SERVER] != 0;
    bool sooner = late || (rtt >= 0 && wait <= rtt + rtt / 2);
    f->weight = 1;
    if (!sooner)
        ALSO(f, "silent-drop");
    return say(c, f, BLAME_CLIENT, !heard && (sooner || wait < 200 * (NS_PER_S / 1000)) ? LIKELY : POSSIBLE,
               heard    ? "something of the server's was not captured"
               : late   ? "the server's answer came after the client had left"
               : sooner ? "it left sooner than the server's answer could be there"
                        : "it waited less than a server may take",
               WORDS(c,
                     "The client left %s after its own hello, before the server could answer%s. No fault shows: a "
                     "race between addresses or a cancelled request ends like this.",
                     duration_text(c->arena, wait),
                     rtt >= 0 ? WORDS(c, " (a round trip takes %s)", duration_text(c->arena, rtt)) : ""));
}

/* It leaves without a word in the middle of the exchange, at a point where nothing is checked. */
static bool left_midway(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    enum stage stage = c->went->stage;
    bool whole = flight_whole(h) || version_is_13(handshake_version(h));
    if (!ended_by(e, CLIENT) || !ended_silently(e) || h->stopped_by_us ||
        !(stage == STAGE_REPLY || ((stage == STAGE_ANSWER || stage == STAGE_FLIGHT) && !whole)))
        return false;
    if (h->close.since_peer > 3 * NS_PER_S)
        return false; /* it waited: the path family speaks */
    f->weight = -5;
    ALSO(f, "cert-rejected");
    return say(
        c, f, BLAME_CLIENT, POSSIBLE, "the client gave no reason",
        WORDS(c, "The client left in the middle of the handshake: %s %s. A cancelled request ends like this.",
              ending_words(c, e),
              stage == STAGE_REPLY ? "after its own last message" : "before the server had finished its part"));
}

/* It opened the connection and closed it without a byte: a check whether the port is open. Some servers answer even that
 * with an alert (OpenSSL 3). */
static bool never_spoke(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    if (!knows(h, KNOW_OPEN | KNOW_BOTH_SIDES) || h->datagram || h->close.how == CLOSE_NONE || h->close.by != CLIENT ||
        h->tcp.bytes[CLIENT] != 0 || knows(h, KNOW_CLIENT_HELLO) || knows(h, KNOW_SERVER_HELLO) || h->tcp.missing[SERVER] != 0 || sent_unseen(h, CLIENT) || !h->tls_seen[SERVER])
        return false;
    f->decisive = h->close.where.frame;
    return say(c, f, BLAME_CLIENT, CERTAIN, "the whole connection was seen, and it holds no byte of the client",
               "The client opened the connection and closed it without sending anything, as a health check or a port scan does. The "
               "server's alert only answers that.");
}

/* Bytes are missing that would tell. A cause that is likely all the same wins over this one, a guess does not. */
static bool too_much_missing(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    if (h->outcome == OUTCOME_ESTABLISHED || h->outcome == OUTCOME_INCOMPLETE || h->outcome == OUTCOME_NOT_OPENED ||
        h->outcome == OUTCOME_NOT_TLS || h->datagram || h->stopped_by_us || alert_instead_of_hello(h))
        return false;
    uint64_t lost = h->tcp.missing[CLIENT] + h->tcp.missing[SERVER];
    bool one_side = !knows(h, KNOW_BOTH_SIDES), cut = h->tcp.snapped,
         hole = lost != 0 && !knows(h, KNOW_WHOLE_CLIENT | KNOW_WHOLE_SERVER);
    bool no_hello = !knows(h, KNOW_CLIENT_HELLO) && !h->hello.v2_format;
    if (!one_side && !cut && !hole && !no_hello)
        return false;
    f->weight = -10;
    const char *what =
        one_side ? "Only one direction of this connection was captured"
        : cut    ? WORDS(c, "The capture kept only the first %u bytes of each packet", h->tcp.snaplen)
        : hole   ? WORDS(c, "%llu bytes of this connection are missing from the capture", (unsigned long long)lost)
                 : "The capture does not hold the whole ClientHello";
    const struct ending *e = &c->went->end;
    return say(
        c, f, BLAME_NONE, LIKELY, "what is missing would tell more",
        WORDS(c, "%s, so why it failed cannot be told. What is seen of the end: %s.", what, ending_words(c, e)));
}

const struct rule limits_rules[] = {
    { "left-early", "abandoned", SHOWS_UNANSWERED | SHOWS_BY_CLIENT, left_early },
    { "never-spoke", "abandoned", KNOW_OPEN, never_spoke },
    { "too-much-missing", "capture-incomplete", 0, too_much_missing },
    { "left-midway", "abandoned", KNOW_SERVER_HELLO | SHOWS_BY_CLIENT | SHOWS_SILENT_END, left_midway },
    { 0 }
};
