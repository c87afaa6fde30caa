/* flows_parts.h - inside of the flow layer: what packets turn into before it is given as events.
 *
 * flows.c takes packets in and gives events out, flow_conn.c follows one connection, flow_early.c keeps those that wait for that,
 * flow_stream.c follows one side's bytes, flow_table.c finds tuples, link.c and ip.c take the headers off. */
#ifndef DISSECT_FLOWS_PARTS_H
#define DISSECT_FLOWS_PARTS_H

#include "flow_table.h"
#include "link.h"
#include "tlswhy/flows.h"
#include "tlswhy/text.h"

enum { FLAG_FIN = 1, FLAG_SYN = 2, FLAG_RST = 4, FLAG_ACK = 16 };
enum { PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17, PROTO_ICMPV6 = 58 };
enum { TYPES_SAID = 16 };

/* An event and what it speaks of; `conn` NULL: a connection that never opened, or a datagram. */
struct pending {
    struct wire_event ev;
    struct flow      *flow;
    struct conn      *conn;
};

/* A packet that will come soon. */
struct ahead {
    const uint8_t     *p;    /* NULL = none, or none that is known yet */
    struct flow       *flow; /* probably its own; NULL = perhaps a new one */
    uint32_t           hash;
    struct transport   t;
};

struct flows {
    struct flow_table table;
    struct unwrap    *unwrap;
    struct flow_facts facts;
    size_t            memory, queued, sweep, quiet_sweep;
    size_t            begun, many; /* connections that are followed, or that wait for it; and from how many on they wait */
    struct pending   *event;        /* of this packet, given one by one */
    size_t            events, event_cap, given;
    struct piece     *spent;        /* what events still borrow: payload, */
    struct early     *spent_early;
    struct conn      *spent_conns;  /* connections that have ended, */
    uint32_t         *leaving;      /* and tuples that were evicted or used again */
    size_t            leaving_n, leaving_cap;
    struct over_list {
        struct conn *first, *last;
        int64_t      since; /* of the first */
    } over[2]; /* connections that are closed and linger: by FIN of both sides, by a reset */
    struct tcp_facts  bare;         /* built for events of connections that never opened */
    uint32_t          tcp_streams, udp_streams;
    struct flow      *last;        /* of the packet taken last, for flows_stream; NULL = none */
    int64_t           now;
    struct ahead      ahead[FLOWS_AHEAD]; /* by frame */
    bool              ending;
    size_t            end_at;
    uint32_t          said[TYPES_SAID]; /* link types that were called unknown */
    size_t            said_n;
};

static inline enum side     other_side(enum side s) { return s == CLIENT ? SERVER : CLIENT; }
static inline struct place  place_of(const struct packet *p) { return (struct place){ .frame = p->frame, .ns = p->ns }; }
static inline void          count_up(uint16_t *n) { *n = (uint16_t)(*n < UINT16_MAX ? *n + 1 : *n); }

enum { SLOT_START = 704 }; /* what an observer is likely to need of its slot, in bytes */

/* Most of the time goes by waiting for memory: what is asked for together comes in the time of one. */
static inline void fetch_early(const void *p, size_t n)
{
    if (p == NULL)
        return;
    for (const char *at = p, *end = at + n; at < end; at += 64)
        __builtin_prefetch(at);
}

void flows_spend(struct flows *f); /* what the events of the last packet borrowed goes */
struct wire_event *flows_push(struct flows *f, struct flow *flow, enum wire_kind kind, enum side from, struct place at);

/* ---- flow_stream.c: one side's bytes ---- */

/* Payload of a segment; `seq` is that of its first byte. A SYN's payload is held until it is known whether the server
 * took it (RFC 7413). */
void stream_payload(struct flows *f, struct conn *c, enum side s, uint32_t seq, struct cut body, const struct packet *p,
                    const struct segment *seg);
/* The held payload of a SYN goes into the stream, or is dropped: it will be sent again. */
void stream_release(struct flows *f, struct conn *c, enum side s, bool taken, struct place at);
/* The other side acknowledged up to this sequence number. */
void stream_acked(struct conn *c, enum side s, uint32_t ack);
/* This side's segment without payload stands there in its stream: what comes before was sent. */
void stream_sent(struct conn *c, enum side s, uint32_t seq);
void stream_fin(struct flows *f, struct conn *c, enum side s, uint32_t seq, const struct packet *p, const struct segment *seg);
/* One more packet of the connection has passed: holes that stay for long are lost. */
void stream_lose_patience(struct flows *f, struct conn *c, enum side s);
static inline void stream_patience(struct flows *f, struct conn *c, enum side s)
{
    if (c->side[s].queue == NULL && c->facts.acked[s] <= c->side[s].next) /* the usual case: nothing is missing */
        c->side[s].waits = 0;
    else
        stream_lose_patience(f, c, s);
}
/* Nothing more will come: every hole is lost, and what waits behind it comes. */
void stream_end(struct flows *f, struct conn *c, enum side s);
/* The sequence number of its first byte, from the opening of the connection. */
void stream_starts(struct flows *f, struct conn *c, enum side s, uint32_t seq);
/* WIRE_OPEN, once: before the first of all else. */
void conn_open(struct flows *f, struct conn *c, enum side from, struct place at);
void pieces_free(struct piece *p);

/* ---- flow_conn.c: one connection ---- */

/* A new tuple: its number, and which end is the client (wire.h). Gives the sender's side; so far it is CLIENT. */
enum side conn_start(struct flows *f, struct flow *flow, const struct segment *seg);
void conn_segment(struct flows *f, struct flow *flow, enum side s, const struct cut *body, const struct segment *seg, const struct packet *p);
/* Wireshark's rule for stream numbers: a SYN begins a new stream where its number is not the first one of its side.
 * That first number is known from any packet of the side, or from what the other side acknowledges. */
bool conn_syn_starts_anew(struct flow *flow, enum side s, const struct segment *seg);
static inline bool conn_starts_anew(struct flow *flow, enum side s, const struct segment *seg)
{
    return (seg->flags & FLAG_SYN) != 0 && conn_syn_starts_anew(flow, s, seg);
}
/* A connection that was ended for its silence goes on: with payload, or with an answer to its SYN. */
bool conn_goes_on(const struct flow *flow, const struct segment *seg, bool payload);
void conn_set_base(struct flow *flow, enum side s, const struct segment *seg);
static inline void conn_note_base(struct flow *flow, enum side s, const struct segment *seg)
{
    if (flow->has_base != (1 << CLIENT | 1 << SERVER))
        conn_set_base(flow, s, seg);
}
/* The tuple's record goes away once the events of this packet have been given. */
void conn_leave(struct flows *f, struct flow *flow);
/* The old connection ends, and its tuple is free for another. */
void conn_replace(struct flows *f, struct flow *flow);
void conn_unreachable(struct flows *f, struct flow *flow, enum side s, unsigned type, unsigned code, bool too_big, const struct packet *p);
/* A port used again, the end of memory or patience: the connection ends before its time. */
void conn_end_early(struct flows *f, struct flow *flow, bool evicted);
/* One segment of a connection that is followed, or is from now on. Of `p` the frame and its time are enough where all of `body` is there. */
void conn_take(struct flows *f, struct flow *flow, enum side s, const struct cut *body, const struct segment *seg, const struct packet *p);
/* What a probe knew of its own connection (marks.h). */
void conn_mark(struct flows *f, struct flow *flow, const struct mark *m);
/* The last events of a connection; its tuple stays known. */
void conn_finish(struct flows *f, struct flow *flow, bool evicted);
void conn_free(struct conn *c);
/* After the close what is late still belongs to the connection. Where both sides have said FIN there is little to come; after a
 * reset the other side's bytes may be a long round trip under way, and some connections go on. */
static const int64_t linger[2] = { NS_PER_S / 10, NS_PER_S }; /* ns; by whether there was a reset */
static inline bool within_linger(int64_t now, int64_t then, bool reset)
{
    uint64_t passed = (uint64_t)now - (uint64_t)then; /* clocks may jump, backwards, too */
    return passed + (uint64_t)linger[reset] <= 2 * (uint64_t)linger[reset];
}
void conns_let_go(struct flows *f);
static inline void conns_linger_out(struct flows *f)
{
    for (int reset = 0; reset < 2; reset++) {
        if (f->over[reset].first != NULL && !within_linger(f->now, f->over[reset].since, reset != 0))
            conns_let_go(f);
    }
}
void conns_keep_within(struct flows *f, const struct flow *keep); /* --memory */
const struct tcp_facts *conn_bare_facts(struct flows *f, const struct flow *flow);

/* ---- flow_early.c: connections that have hardly begun ---- */

/* True: the segment is kept, and for now there is no more to do about it. */
bool early_keeps(struct flows *f, struct flow *flow, enum side s, const struct cut *body, const struct segment *seg, const struct packet *p);
/* Follows the connection from now on, beginning with what was kept. */
void early_ends(struct flows *f, struct flow *flow);
/* May it stay, this once, when memory is short? */
bool early_spare(struct flow *flow);
void early_free(struct early *e);

#endif
