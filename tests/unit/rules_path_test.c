/* Rules about the path: opening, resets, silence, size, leaving early, and captures that show too little. */
#include "rules_case.h"

static void unopened(struct handshake *h, int syns)
{
    hello(h, 0x0303);
    h->hello = (struct client_hello){ 0 };
    h->known = 0;
    h->message_count = 0;
    h->tls_seen[CLIENT] = false;
    h->tcp.syn_ack = (struct place){ 0 };
    h->tcp.syns = (uint16_t)syns;
    h->outcome = OUTCOME_NOT_OPENED;
    h->timed_out = true;
}
static void refused(struct handshake *h, int unused) { (void)unused, h->timed_out = false, h->refused = true, h->error_at = now(h, 1); }
static void icmp(struct handshake *h, int code) { h->timed_out = false, h->unreachable = true, h->code = code, h->error_at = now(h, 1); }
static void other_ttl(struct handshake *h, int ttl) { h->close.seg.ttl = (uint8_t)ttl; }
static void answered_late(struct handshake *h, int unused)
{
    enum outcome was = h->outcome;
    answer(h, 0x0304);
    h->tcp.bytes[SERVER] = 1448;
    h->tcp.last_seen[SERVER] = h->answer.where;
    h->outcome = was;
    (void)unused;
}
static void large(struct handshake *h, int bytes)
{
    static const uint8_t zeros[4096];
    h->hello.raw = (struct bytes){ zeros, (size_t)bytes };
    h->hello.where.len = (size_t)bytes;
    h->hello.segments = 2;
}
static void resent(struct handshake *h, int times) { h->tcp.retransmissions[CLIENT] = (uint16_t)times; }
static void goes_on(struct handshake *h, int ms) { h->end_ns = now(h, ms).ns; }
static void over_udp(struct handshake *h, int unused) { (void)unused, h->datagram = true; }
static void acked(struct handshake *h, int bytes) { h->tcp.acked[CLIENT] = (uint64_t)bytes; }
static void hole(struct handshake *h, int bytes)
{
    h->tcp.missing[SERVER] = (uint64_t)bytes;
    h->known &= ~(unsigned)KNOW_WHOLE_SERVER;
    h->tls_seen[SERVER] = true;
}
/* So many bytes of the server, from its first on, neither captured nor acknowledged. */
static void never_came(struct handshake *h, int bytes)
{
    h->tcp.missing[SERVER] = (uint64_t)bytes;
    h->tcp.hole_frame[SERVER] = h->close.where.frame + 1;
    h->tcp.start_seen[SERVER] = h->tcp.both_directions = true;
    h->close.acks = true;
}
/* The flight was captured near the server, sent so often again, and the client's close acknowledges none of it. */
static void not_acked(struct handshake *h, int again)
{
    h->close.acks = true;
    h->answer.where.len = h->certs_at.len = h->hello_done.len = 90;
    for (size_t i = 0; i < h->message_count; i++)
        h->messages[i].where.len = 90, h->messages[i].late = h->messages[i].from == SERVER;
    h->side[SERVER].last_tls.len = 90;
    h->last_before_close[SERVER] = h->side[SERVER].last_tls;
    h->tcp.retransmissions[SERVER] = (uint16_t)again;
}
static void bare(struct handshake *h, int unused) { (void)unused, h->close.seg.flags = 4; }
static void syn_again(struct handshake *h, int ms) { h->tcp.syns = 2, h->tcp.syn.ns -= ms * MS; }
static void icmp_later(struct handshake *h, int code) { h->unreachable = true, h->code = code, h->error_at = now(h, 1); }
static void one_side(struct handshake *h, int unused) { (void)unused, h->known &= ~(unsigned)(KNOW_BOTH_SIDES | KNOW_WHOLE_SERVER); }

/* QUIC: the server answers with the versions it has. */
static void negotiation(struct handshake *h, int v1_too)
{
    h->datagram = true;
    h->quic.version = v1_too ? 0xff00001d : 1;
    h->quic.offered = v1_too ? LIST32(h, 0x1a2a3a4a, 0x00000001) : LIST32(h, 0xff00001d, 0xff00001c);
    h->quic.offered_at = now(h, 2);
}
static void on_purpose(struct handshake *h, int unused) { (void)unused, h->quic.version = 0x1a2a3a4a; }

/* Opened and closed, and not a byte of the client between; OpenSSL 3 answers even that with an alert. */
static void port_check(struct handshake *h, int unused)
{
    (void)unused;
    hello(h, 0x0303);
    h->known &= ~(unsigned)KNOW_CLIENT_HELLO;
    h->message_count = 0;
    client_closes(h, 1);
    server_says(h, 50);
    h->outcome = OUTCOME_INCOMPLETE;
}
static const struct rules_case cases[] = {
    { "QUIC, the server knows drafts only", { { hello, 0x0304 }, { negotiation, 0 } }, "protocol-version", BLAME_SERVER, LIKELY },
    { "QUIC, the client knows drafts only", { { hello, 0x0304 }, { negotiation, 1 } }, "protocol-version", BLAME_CLIENT, LIKELY },
    { "QUIC, negotiation called for on purpose", { { hello, 0x0304 }, { negotiation, 0 }, { on_purpose, 0 } }, "unknown", BLAME_NONE, POSSIBLE },
    { "refused", { { unopened, 1 }, { refused, 0 } }, "tcp-refused", BLAME_SERVER, CERTAIN },
    { "prohibited", { { unopened, 1 }, { icmp, 3 << 8 | 10 } }, "tcp-refused", BLAME_SERVER, CERTAIN },
    { "no answer to five SYNs", { { unopened, 5 } }, "tcp-timeout", BLAME_PATH, CERTAIN },
    { "no answer to one SYN", { { unopened, 1 } }, "tcp-timeout", BLAME_PATH, POSSIBLE },
    { "reset, other TTL", { { hello, 0x0304 }, { server_resets, 1 }, { other_ttl, 250 } }, "tcp-reset", BLAME_PATH, LIKELY },
    { "reset, then the answer", { { hello, 0x0304 }, { server_resets, 1 }, { answered_late, 0 } }, "tcp-reset", BLAME_PATH, CERTAIN },
    { "reset in the client's name", { { hello, 0x0303 }, { answer, 0x0303 }, { flight, HASH_SHA256 }, { client_resets, 1 }, { other_ttl, 33 } }, "tcp-reset", BLAME_PATH, LIKELY },
    { "reset by the server", { { hello, 0x0304 }, { server_resets, 1 } }, "tcp-reset", BLAME_SERVER, POSSIBLE },
    { "acknowledged, silence", { { hello, 0x0304 }, { acked, 250 }, { client_closes, 5000 } }, "silent-drop", BLAME_PATH, LIKELY },
    { "resent, silence", { { hello, 0x0304 }, { resent, 4 }, { client_closes, 8000 } }, "silent-drop", BLAME_PATH, LIKELY },
    { "closed soon, the hello resent long after", { { hello, 0x0304 }, { resent, 9 }, { client_closes, 150 }, { goes_on, 70000 } }, "silent-drop", BLAME_PATH, LIKELY },
    { "an alert of one that heard nothing", { { hello, 0x0304 }, { over_udp, 0 }, { resent, 6 }, { goes_on, 9000 }, { client_says, 22 } }, "silent-drop", BLAME_PATH, LIKELY },
    { "half a flight, silence", { { hello, 0x0303 }, { answer, 0x0303 }, { client_closes, 9000 } }, "silent-drop", BLAME_PATH, POSSIBLE },
    { "the answer never came", { { hello, 0x0304 }, { acked, 250 }, { client_closes, 5000 }, { never_came, 2292 } }, "silent-drop", BLAME_PATH, LIKELY },
    { "the flight is never acknowledged", { { hello, 0x0303 }, { answer, 0x0303 }, { flight, HASH_SHA256 }, { client_closes, 5000 }, { not_acked, 4 } }, "silent-drop", BLAME_PATH, CERTAIN },
    { "the client left before the flight came", { { hello, 0x0303 }, { answer, 0x0303 }, { flight, HASH_SHA256 }, { client_closes, 50 }, { not_acked, 0 } }, "abandoned", BLAME_CLIENT, LIKELY },
    { "a stranger's reset in the client's name", { { hello, 0x0303 }, { answer, 0x0303 }, { flight, HASH_SHA256 }, { client_resets, 1 }, { bare, 0 } }, "tcp-reset", BLAME_PATH, LIKELY },
    { "a stranger's reset in the server's name", { { hello, 0x0304 }, { server_resets, 1 }, { bare, 0 } }, "tcp-reset", BLAME_PATH, LIKELY },
    { "SYN sent again, then the server's own reset", { { hello, 0x0304 }, { syn_again, 1000 }, { server_resets, 10 } }, "tcp-reset", BLAME_SERVER, POSSIBLE },
    { "the hello turned away by ICMP", { { hello, 0x0304 }, { icmp_later, 3 << 8 | 3 }, { client_closes, 5000 } }, "silent-drop", BLAME_PATH, CERTAIN },
    { "large hello resent", { { hello, 0x0304 }, { large, 1700 }, { resent, 4 }, { client_closes, 8000 } }, "hello-size", BLAME_PATH, LIKELY },
    { "a port check that is answered with an alert", { { port_check, 0 } }, "abandoned", BLAME_CLIENT, CERTAIN },
    { "sooner than a round trip", { { hello, 0x0304 }, { client_closes, 1 } }, "abandoned", BLAME_CLIENT, LIKELY },
    { "after half a second", { { hello, 0x0304 }, { client_closes, 500 } }, "abandoned", BLAME_CLIENT, POSSIBLE },
    { "the answer came too late", { { hello, 0x0304 }, { client_closes, 900 }, { answered_late, 0 } }, "abandoned", BLAME_CLIENT, LIKELY },
    { "left in the middle", { { hello, 0x0303 }, { answer, 0x0303 }, { flight, HASH_SHA256 }, { keys, 0 }, { client_closes, 1 } }, "abandoned", BLAME_CLIENT, POSSIBLE },
    { "a hole where the certificate was", { { hello, 0x0303 }, { hole, 1448 }, { client_says, 42 } }, "capture-incomplete", BLAME_NONE, LIKELY },
    { "a hole where the server's Finished was", { { hello, 0x0303 }, { answer, 0x0303 }, { flight, HASH_SHA256 }, { keys, 0 }, { hole, 45 }, { client_hides, 0 } }, "capture-incomplete", BLAME_NONE, LIKELY },
    { "one side only", { { hello, 0x0303 }, { one_side, 0 }, { client_hides, 0 } }, "capture-incomplete", BLAME_NONE, CERTAIN },
};

static void paths(void) { expect_all(cases, ARRAY_LEN(cases)); }

int main(void)
{
    static const CU_TestInfo tests[] = { { "the path", paths }, CU_TEST_INFO_NULL };
    return run_tests("rules_path", tests);
}
