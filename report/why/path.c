/* The path: connections that never open, resets and silence, and hellos too large for something on the way. */
#include "say.h"

enum {
    LARGE_HELLO = 1200,
    SEGMENT = 1400,
    NOTICE = 1
}; /* bytes: from here one packet can get lost, or there are two; seconds: shorter waits prove nothing */

/* ---- never opened */

static bool is_forbidden(const struct handshake *h)
{
    int type = h->code >> 8, code = h->code & 0xff;
    return h->ends[SERVER].ip_len == 16 ? type == 1 && (code == 1 || code == 5 || code == 6)
                                        : type == 3 && (code == 9 || code == 10 || code == 13);
}

static const char *icmp_words(const struct case_file *c)
{
    const struct handshake *h = c->h;
    int type = h->code >> 8, code = h->code & 0xff;
    bool six = h->ends[SERVER].ip_len == 16, forbidden = is_forbidden(h);
    bool port = six ? type == 1 && code == 4 : type == 3 && code == 3;
    return WORDS(c, "%s (ICMP type %d code %d)",
                 forbidden ? "a filter forbids it"
                 : port    ? "nothing listens on that port"
                           : "it is unreachable",
                 type, code);
}

static bool was_refused(const struct handshake *h)
{
    return (h->refused || h->unreachable) && (!knows(h, KNOW_CLIENT_HELLO) || (h->datagram && h->outcome == OUTCOME_NOT_OPENED));
}

static bool was_ignored(const struct handshake *h)
{
    return h->outcome == OUTCOME_NOT_OPENED && !h->refused && !h->unreachable && h->prelude.kind == PRELUDE_NONE &&
           !knows(h, KNOW_OPEN);
}

static bool refused(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    char to[64];
    if (!was_refused(h))
        return false;
    f->weight = 15;
    f->decisive = h->error_at.frame;
    endpoint_text(&h->ends[SERVER], to);
    return say(c, f, BLAME_SERVER, CERTAIN, "the answer to the connection request",
               h->refused ? WORDS(c,
                                  "The connection to %s was refused (RST in answer to SYN): nothing listens there, "
                                  "or a firewall refuses on its behalf.",
                                  to)
                          : WORDS(c, "The connection to %s was refused: %s.", to, icmp_words(c)));
}

static bool never_opened(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    char to[64];
    if (!was_ignored(h))
        return false;
    bool repeated = h->tcp.syns > 1 || h->tcp.syn_acks > 1;
    f->weight = 10;
    f->decisive = h->last.frame;
    endpoint_text(&h->ends[SERVER], to);
    return say(c, f, BLAME_PATH, repeated ? CERTAIN : POSSIBLE,
               repeated ? "the client asked more than once and got no answer" : "only one attempt was seen",
               WORDS(c,
                     "The connection to %s never opened: %u connection request%s (SYN) and no answer%s. The host is "
                     "down, or a filter drops the packets on the way there or back.",
                     to, h->tcp.syns, h->tcp.syns == 1 ? "" : "s", h->tcp.syn_acks != 0 ? " that arrived" : ""));
}

/* No other rule has anything to look at where nobody said a word. */
const char *why_never_opened(const struct handshake *h)
{
    bool mute = !h->tls_seen[CLIENT] && !h->tls_seen[SERVER] && h->plain[CLIENT].start.p == NULL && h->plain[SERVER].start.p == NULL &&
                h->prelude.kind == PRELUDE_NONE && h->message_count == 0 && h->close.how == CLOSE_NONE;
    if (h->outcome != OUTCOME_NOT_OPENED || h->datagram || !mute)
        return NULL;
    return was_refused(h) ? "tcp-refused" : was_ignored(h) ? "tcp-timeout" : NULL;
}

/* ---- reset */

/* The server sent payload behind its own reset in its stream, and after it: who has reset a connection does not. */
static bool spoke_after(const struct handshake *h)
{
    const struct segment *rst = &h->close.seg, *opened = &h->tcp.syn_ack_seg;
    uint32_t at = rst->seq - opened->seq - 1; /* of the reset in the server's stream; numbers wrap */
    return h->close.how == CLOSE_RST && h->close.by == SERVER && rst->seen && opened->seen &&
           h->plain[SERVER].start.p == NULL && h->tcp.last_seen[SERVER].frame > h->close.where.frame &&
           h->tcp.missing[SERVER] + h->tcp.bytes[SERVER] > at;
}

/* Signs that a reset was sent by somebody else than the end it names. */
static const char *foreign_signs(const struct case_file *c, bool *strong)
{
    const struct handshake *h = c->h;
    const struct closing *end = &h->close;
    const struct segment *own = end->by == SERVER ? &h->tcp.syn_ack_seg : &h->tcp.syn_seg, *rst = &end->seg;
    int64_t rtt = round_trip(h), after = ns_between(&h->hello.where, &end->where);
    *strong = false;
    if (own->seen && rst->seen && own->ttl != rst->ttl) {
        *strong = true;
        return WORDS(c, "its TTL is %u where the %s's own packets have %u", rst->ttl,
                     end->by == SERVER ? "server" : "client", own->ttl);
    }
    if (spoke_after(h)) {
        *strong = true;
        return "the server went on with its answer after it";
    }
    if (end->by == SERVER && rtt > 4000000 && after >= 0 && after < rtt / 2)
        return WORDS(c, "it came %s after the hello, sooner than the server's round trip of %s",
                     duration_text(c->arena, after), duration_text(c->arena, rtt));
    if (reset_by_stranger(h))
        return "it acknowledges nothing, as the answer to a packet of a connection that its sender does not know, or no more";
    return NULL;
}

static bool reset(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    enum stage stage = c->went->stage;
    bool strong, by_server = e->by == SERVER;
    bool fin = e->how == END_FIN && by_server && stage == STAGE_HELLO && !h->prelude.accepted; /* some boxes close politely */
    if ((e->how != END_RST && !fin) || stage == STAGE_DONE || stage == STAGE_NONE || h->plain[SERVER].start.p != NULL)
        return false;
    const char *signs = foreign_signs(c, &strong);
    if (fin && signs == NULL)
        return false;
    if (signs == NULL && (!by_server || stage > STAGE_FLIGHT))
        return false;
    const char *name = asked_name(c, NULL);
    bool proven = spoke_after(h);
    f->weight = strong ? 7 : signs != NULL ? 5 : -3;
    if (signs == NULL)
        ALSO(f, "server-no-certificate", "protocol-version", "cipher-mismatch");
    ALSO(f, "sni-unrecognized");
    const char *at = stage == STAGE_HELLO ? "right after the ClientHello" : "in the middle of the handshake";
    return say(
        c, f, signs != NULL ? BLAME_PATH : BLAME_SERVER,
        proven          ? CERTAIN
        : signs != NULL ? LIKELY
                        : POSSIBLE,
        signs != NULL ? WORDS(c, "the %s does not look like the %s's: %s", fin ? "close" : "reset", by_server ? "server" : "client", signs)
                      : "the reset looks like the server's own packets, and it gave no reason",
        signs != NULL
            ? WORDS(
                  c, "The connection was cut by a %s %s in the %s's name, most likely by a box on the path: %s.%s",
                  fin ? "close (FIN)" : "reset", at, by_server ? "server" : "client", signs,
                  name != NULL ? WORDS(c, " Such boxes go by the name in the hello (%s) or in the certificate.", name)
                               : "")
            : WORDS(c,
                    "The server reset the connection %s without an alert. A server without a usable certificate or "
                    "key, one that refuses the offer, or a filter does this.",
                    at));
}

/* ---- silence */

static bool hello_acked(const struct handshake *h)
{
    uint64_t end = h->hello.where.at + h->hello.where.len;
    return end != 0 && h->tcp.acked[CLIENT] >= end;
}

/* Did the client close and go on sending its hello, which nobody ever acknowledged? */
static bool resent_after_close(const struct handshake *h)
{
    return h->close.how == CLOSE_FIN && h->close.by == CLIENT && h->tcp.retransmissions[CLIENT] != 0 && !hello_acked(h);
}

/* How long the client waited in vain, ns; -1 where that cannot be said. */
static int64_t wait_of(const struct handshake *h)
{
    if (h->close.how != CLOSE_NONE && !resent_after_close(h))
        return ns_between(&h->hello.where, &h->close.where);
    return h->end_ns - h->hello.where.ns + h->capture_left;
}

static bool silent_at_hello(const struct case_file *c)
{
    const struct handshake *h = c->h;
    return c->went->stage == STAGE_HELLO && !server_spoke(h) && h->plain[SERVER].start.p == NULL && !h->stopped_by_us &&
           knows(h, KNOW_BOTH_SIDES) && (h->tcp.missing[SERVER] == 0 || lost_on_the_way(h, SERVER)) && !(h->close.how == CLOSE_RST && h->close.by == SERVER);
}

/* Over UDP nothing is acknowledged; a DTLS server that asked for a cookie has at least been reached. */
static bool no_answer_to_datagrams(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    bool    met = sent(h, SERVER, MSG_HELLO_VERIFY_REQUEST), again = h->tcp.retransmissions[CLIENT] != 0;
    int64_t wait = wait_of(h);
    if (!h->datagram || !silent_at_hello(c) || !again || wait < NOTICE * NS_PER_S)
        return false;
    f->weight = 2;
    f->decisive = h->hello.where.frame;
    if (met)
        ALSO(f, "cipher-mismatch", "protocol-version", "cert-key-type");
    ALSO(f, "hello-size");
    return say(c, f, met ? BLAME_SERVER : BLAME_PATH, LIKELY,
               met ? "the server asked for a cookie before, so the way there and back is open; some servers refuse an offer without a word"
                   : "the client sent its hello again and again, as one that hears nothing does",
               WORDS(c, "%s, and then nothing came for %s, though the client sent its hello again.",
                     met ? "The server asked the client for a cookie and got it" : "The client sent its hello", duration_text(c->arena, wait)));
}

/* The connection had opened, and then ICMP answers the hello: a filter that looks into it, or a way that broke. */
static bool turned_away(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    int type = h->code >> 8, code = h->code & 0xff;
    bool port = h->ends[SERVER].ip_len == 16 ? type == 1 && code == 4 : type == 3 && code == 3;
    if (h->datagram || !h->unreachable || !silent_at_hello(c) || h->probed != NULL || ns_between(&h->hello.where, &h->error_at) < 0)
        return false;
    bool filter = port || is_forbidden(h);
    f->weight = 8;
    f->decisive = h->error_at.frame;
    ALSO(f, "sni-unrecognized", "tcp-refused");
    const char *name = asked_name(c, NULL);
    return say(c, f, BLAME_PATH, filter ? CERTAIN : LIKELY,
               filter ? "the connection had opened, so it is its content that is refused" : "the message says no more",
               WORDS(c, "The connection opened, but the ClientHello is turned away with ICMP type %d code %d: %s%s.", type, code,
                     filter ? "a filter on the way does not let it pass" : "the server is not reached any more",
                     filter && name != NULL ? WORDS(c, ", as such do that look for names (%s)", name) : ""));
}

static bool no_answer(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    int64_t wait = wait_of(h), rtt = round_trip(h);
    bool server_left = h->close.how == CLOSE_FIN && h->close.by == SERVER;
    bool waited_out = h->probed != NULL && h->timed_out; /* as long as somebody chose to wait */
    if (h->datagram || !silent_at_hello(c) || (wait < NOTICE * NS_PER_S && !waited_out) || wait < 3 * rtt)
        return false;
    if (server_left && wait < 3 * NS_PER_S)
        return false; /* an answer of its own: it hung up */
    bool acked = hello_acked(h), again = h->tcp.retransmissions[CLIENT] != 0;
    f->weight = server_left ? -2 : wait >= 2 * NS_PER_S || again ? 2 : 0;
    f->decisive = h->hello.where.frame;
    ALSO(f, "hello-size", "version-intolerance");
    if (acked || h->probed != NULL) /* a service of lines (Redis, IRC) takes the hello for the beginning of one */
        ALSO(f, "not-tls");
    return say(c, f, server_left ? BLAME_SERVER : BLAME_PATH,
               server_left                     ? POSSIBLE
               : wait >= 2 * NS_PER_S || again ? LIKELY
                                               : POSSIBLE,
               acked ? "the hello was acknowledged, so it arrived somewhere; whether at the server or at a box "
                       "before it is not to be seen"
                     : "nothing shows that the hello arrived",
               WORDS(c, "The client sent its hello%s, %s, and then nothing came for %s%s.",
                     again ? " and sent it again" : "",
                     acked ? "the other end acknowledged it" : "nobody acknowledged it",
                     duration_text(c->arena, wait),
                     server_left                  ? " until the server closed"
                     : h->close.how != CLOSE_NONE ? " until the client gave up"
                                                  : ""));
}

/* The server answered and the client never had it, or not all of it: either it was not captured, and the client, heard after
 * it, acknowledges nothing behind the hole; or it was, nearer to the server, and was sent again without an acknowledgement.
 * How many bytes; 0 = none. */
static uint64_t unreceived(const struct handshake *h)
{
    const struct place *last = &h->last_before_close[SERVER];
    uint64_t end = last->at + last->len, got = h->close.how != CLOSE_NONE && h->close.by == CLIENT && h->close.acks
                                             ? h->close.acked : h->tcp.acked[SERVER];
    if (lost_on_the_way(h, SERVER))
        return h->tcp.missing[SERVER];
    return h->tcp.retransmissions[SERVER] != 0 && last->len != 0 && got < end ? end - got : 0;
}

static bool answer_lost(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    enum stage stage = c->went->stage;
    uint64_t lost = unreceived(h);
    int64_t wait = wait_of(h);
    if (h->datagram || h->stopped_by_us || stage == STAGE_NONE || stage >= STAGE_REPLY || lost == 0 || e->alert != NULL ||
        !knows(h, KNOW_CLIENT_HELLO | KNOW_BOTH_SIDES) || wait < NOTICE * NS_PER_S || wait < 3 * round_trip(h))
        return false;
    bool unseen = lost_on_the_way(h, SERVER), later = unseen && h->tcp.bytes[SERVER] > h->tcp.hole_at[SERVER];
    f->weight = 6;
    ALSO(f, "hello-size");
    f->decisive = unseen ? h->tcp.hole_frame[SERVER] : h->last_before_close[SERVER].frame;
    return say(c, f, BLAME_PATH, !unseen && h->tcp.retransmissions[SERVER] > 1 && ended_by(e, CLIENT) ? CERTAIN : LIKELY,
               unseen ? "the client, heard after them, acknowledged none of these bytes: they are not just missing from the capture"
                      : "the server sent these bytes again, and the client, heard after them, never acknowledged them",
               WORDS(c,
                     "The server answered, but %llu bytes of its answer did not reach the client%s, and nothing else came of it for %s. Packets "
                     "are lost on the way back: all of them, or the large ones (an MTU hole), or those that a filter does not let pass.",
                     (unsigned long long)lost, later ? " (a smaller packet behind them did)" : "", duration_text(c->arena, wait)));
}

/* The server's flight began and broke off: its larger packets do not come through, or it hangs. */
static bool flight_broke_off(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    if (c->went->stage != STAGE_ANSWER || version_is_13(handshake_version(h)) || h->hello_done.frame != 0 ||
        h->resumed || h->side[SERVER].ccs || e->alert != NULL || ended_by(e, SERVER) || !knows(h, KNOW_BOTH_SIDES) ||
        h->stopped_by_us)
        return false;
    int64_t wait =
        h->close.how != CLOSE_NONE ? ns_between(&h->side[SERVER].last_tls, &h->close.where) : h->capture_left;
    if (wait < 3 * NS_PER_S)
        return false;
    f->weight = -1;
    ALSO(f, "hello-size");
    return say(c, f, BLAME_PATH, POSSIBLE, "what the server sent further on, if anything, is not in this capture",
               WORDS(c,
                     "The server's answer broke off after its first part and nothing more came for %s. Larger "
                     "packets get lost on the way (an MTU hole), or the server hangs.",
                     duration_text(c->arena, wait)));
}

/* ---- size */

static bool smaller_answered(const struct case_file *c, const struct peer_fact *own, const struct peer_fact *p)
{
    (void)c;
    return p->answered && p->hello_len + 200 < own->hello_len && p->hello_len < SEGMENT &&
           (p->name_hash == own->name_hash || p->name_hash == 0 || own->name_hash == 0);
}

/* All the same but the size: then even a hello that is not large is too large for something. */
static bool same_but_smaller(const struct case_file *c, const struct peer_fact *own, const struct peer_fact *p)
{
    return smaller_answered(c, own, p) && p->suites_hash == own->suites_hash && p->max_version == own->max_version &&
           p->name_hash == own->name_hash;
}

static bool as_large_answered(const struct case_file *c, const struct peer_fact *own, const struct peer_fact *p)
{
    (void)c;
    return p->answered && p->hello_len >= own->hello_len;
}

static bool too_large(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    size_t size = h->hello.raw.n;
    if (c->went->stage != STAGE_HELLO || server_spoke(h) || h->plain[SERVER].start.p != NULL ||
        (h->hello.records > 1 && size < SEGMENT) || (size < LARGE_HELLO && find_peer(c, same_but_smaller) == NULL) ||
        (e->alert != NULL && e->by == SERVER) || find_peer(c, as_large_answered) != NULL)
        return false;
    bool server_ended = ended_by(e, SERVER);
    int64_t wait = wait_of(h);
    if (!server_ended && wait < NOTICE * NS_PER_S)
        return false;
    const struct peer_fact *p = find_peer(c, smaller_answered);
    bool lost = !hello_acked(h) && h->tcp.retransmissions[CLIENT] != 0;
    bool two = h->hello.segments > 1 || size > SEGMENT;
    if (p == NULL && !lost && !two)
        return false;
    f->weight = p != NULL ? 11 : lost ? 6 : server_ended ? 0 : -1;
    ALSO(f, server_ended ? "tcp-reset" : "silent-drop", "version-intolerance");
    f->decisive = h->hello.where.frame;
    say(c, f, BLAME_PATH, p != NULL || lost ? LIKELY : POSSIBLE,
        p != NULL ? "the same server answers a smaller hello"
        : lost    ? "part of it is sent again and again and never acknowledged, while the connection itself opened"
                  : "the size is the one thing that stands out",
        WORDS(
            c, "The ClientHello has %zu bytes%s and %s. %s.", size,
            h->hello.segments > 1 ? WORDS(c, " in %zu packets", h->hello.segments) : "",
            server_ended ? ending_words(c, e)
            : lost       ? "is never acknowledged in full"
                         : "gets no answer",
            p != NULL
                ? WORDS(c, "A hello of %u bytes is answered by the same server (stream %u)", p->hello_len, p->stream)
                : "Large packets get lost on the way, or something before the server reads only the first packet"));
    if (p != NULL)
        cite_peer(c, f, p, p->answer_frame, WORDS(c, "a hello of %u bytes is answered", p->hello_len));
    return true;
}

const struct rule path_rules[] = {
    { "refused", "tcp-refused", SHOWS_NO_WAY, refused },
    { "never-opened", "tcp-timeout", SHOWS_NOT_OPENED, never_opened },
    { "reset", "tcp-reset", SHOWS_SILENT_END, reset },
    { "too-large", "hello-size", SHOWS_UNANSWERED, too_large },
    { "turned-away", "silent-drop", SHOWS_UNANSWERED | SHOWS_NO_WAY, turned_away },
    { "no-answer", "silent-drop", SHOWS_UNANSWERED, no_answer },
    { "answer-lost", "silent-drop", KNOW_CLIENT_HELLO, answer_lost },
    { "no-answer-udp", "silent-drop", SHOWS_UNANSWERED | SHOWS_DATAGRAMS, no_answer_to_datagrams },
    { "flight-broke-off", "silent-drop", KNOW_SERVER_HELLO, flight_broke_off },
    { 0 }
};
