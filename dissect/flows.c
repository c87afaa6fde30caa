/* TCP: segments in, wire events out, in the order of each side's stream.
 *
 * Events of one packet are collected in `event` and given one by one; what the observer says meanwhile about bytes
 * it does not need (flows_skip) is applied when an event is given. */
#include "tlswhy/flows.h"

#include "flow_table.h"
#include "link.h"
#include "tlswhy/reader.h"
#include "tlswhy/text.h"

#include <stdlib.h>
#include <string.h>

enum {
    FIN = 1, SYN = 2, RST = 4, ACK = 16, P_ICMP = 1, P_TCP = 6, P_UDP = 17, P_ICMPV6 = 58,
    QUEUE_MAX = 256 * 1024,  /* out-of-order bytes a side */
    PIECES_SMALL = 64,       /* a piece costs at least this much of it */
    HOLE_PATIENCE = 16,      /* packets of the connection until an acknowledged hole is lost for good */
    EVICT_AT_ONCE = 64, TYPES_SAID = 16
};
#define LINGER (1 * NS_PER_S)       /* after the close: a late alert or RST still belongs to the connection */
#define OPENING_PATIENCE (3 * NS_PER_S)

/* An event and what it speaks of; `conn` NULL: a connection that never opened, or a datagram. */
struct pending {
    struct wire_event ev;
    struct flow      *flow;
    struct conn      *conn;
};

struct flows {
    struct flow_table table;
    struct unwrap    *unwrap;
    struct flow_facts facts;
    size_t            memory, conns, queued, sweep;
    struct pending   *event;
    size_t            events, event_cap, given;
    struct piece     *spent;        /* what events still borrow: payload, */
    struct conn      *spent_conns;  /* connections that have ended, */
    struct flow     **leaving;      /* and tuples that were evicted or used again */
    size_t            leaving_n, leaving_cap;
    struct conn      *over_first, *over_last;
    struct tcp_facts  bare;         /* built for events of connections that never opened */
    struct endpoint   sender;       /* of the packet that starts a connection */
    uint32_t          tcp_streams, udp_streams;
    struct {
        bool     there, udp;
        uint32_t stream;
    } last;                         /* what flows_stream tells of the packet taken last */
    int64_t           now;
    bool              ending;
    size_t            end_at;
    uint32_t          said[TYPES_SAID];
    size_t            said_n;
};

struct flows *flows_new(size_t memory)
{
    struct flows *f = mem_get(1, sizeof *f);
    flow_table_init(&f->table);
    f->unwrap = unwrap_new();
    f->memory = memory;
    return f;
}

static void free_pieces(struct piece *p)
{
    while (p != NULL) {
        struct piece *next = p->next;
        free(p);
        p = next;
    }
}

static void free_conn(struct conn *c)
{
    free_pieces(c->side[CLIENT].queue);
    free_pieces(c->side[SERVER].queue);
    free(c);
}

/* What the events of the last packet borrowed. */
static void free_spent(struct flows *f)
{
    free_pieces(f->spent);
    f->spent = NULL;
    while (f->spent_conns != NULL) {
        struct conn *next = f->spent_conns->next_over;
        free_conn(f->spent_conns);
        f->spent_conns = next;
    }
    while (f->leaving_n != 0)
        flow_release(&f->table, f->leaving[--f->leaving_n]);
    f->events = f->given = 0;
}

void flows_free(struct flows *f)
{
    if (f == NULL)
        return;
    free_spent(f);
    for (size_t i = 0; i < f->table.n; i++) {
        struct flow *flow = flow_at(&f->table, i);
        if (flow != NULL && flow->conn != NULL)
            free_conn(flow->conn);
    }
    flow_table_free(&f->table);
    unwrap_free(f->unwrap);
    free(f->event);
    free(f->leaving);
    free(f);
}

static struct wire_event *push(struct flows *f, struct flow *flow, enum wire_kind kind, enum side from, uint64_t frame, int64_t ns)
{
    if (f->events == f->event_cap) {
        f->event_cap = f->event_cap != 0 ? f->event_cap * 2 : 32;
        f->event = mem_grow(f->event, f->event_cap, sizeof *f->event);
    }
    struct pending *e = &f->event[f->events++];
    *e = (struct pending){ .ev = { .kind = kind, .from = from, .frame = frame, .ns = ns, .stream = flow->stream },
                           .flow = flow, .conn = flow->conn };
    return &e->ev;
}

/* The tuple's record goes away once the events of this packet have been given. */
static void leave(struct flows *f, struct flow *flow)
{
    if (f->leaving_n == f->leaving_cap) {
        f->leaving_cap = f->leaving_cap != 0 ? f->leaving_cap * 2 : 64;
        f->leaving = mem_grow(f->leaving, f->leaving_cap, sizeof *f->leaving);
    }
    f->leaving[f->leaving_n++] = flow;
}

static struct conn *conn_of(struct flows *f, struct flow *flow)
{
    if (flow->conn != NULL)
        return flow->conn;
    struct conn *c = mem_get(1, sizeof *c);
    flow->conn = c;
    c->flow = flow;
    f->conns++;
    c->facts.syns = flow->syns;
    if (flow->syns != 0) {
        c->facts.syn = (struct place){ .frame = flow->syn_frame, .ns = flow->syn_ns };
        c->facts.syn_seg = flow->syn_seg;
        c->facts.last_seen[CLIENT] = c->facts.syn;
        c->facts.start_seen[CLIENT] = true;
        c->side[CLIENT].based = true;
        c->side[CLIENT].next_seq = flow->base[CLIENT] + 1;
    }
    return c;
}

/* A connection leaves: it is freed once the events of this packet have been given. */
static void drop_conn(struct flows *f, struct flow *flow)
{
    struct conn *c = flow->conn;
    if (c == NULL)
        return;
    f->conns--;
    f->queued -= c->side[CLIENT].queued + c->side[SERVER].queued;
    flow->conn = NULL;
    c->next_over = f->spent_conns;
    f->spent_conns = c;
}

static void count(uint16_t *n) { *n = (uint16_t)(*n < UINT16_MAX ? *n + 1 : *n); }

/* ---- one side's stream ---- */

static void give_bytes(struct flows *f, struct conn *c, enum side s, const uint8_t *bytes, size_t len, uint64_t frame, int64_t ns,
                       const struct segment *seg)
{
    struct tcp_side *side = &c->side[s];
    if (len == 0)
        return;
    c->facts.bytes[s] += len;
    if (bytes != NULL && !c->close_only && side->next + len > side->skip_to) {
        struct wire_event *e = push(f, c->flow, WIRE_BYTES, s, frame, ns);
        e->at = side->next;
        e->bytes = bytes;
        e->len = len;
        if (seg != NULL)
            e->seg = *seg;
    }
    side->next += len;
    side->next_seq += (uint32_t)len;
}

static void give_gap(struct flows *f, struct conn *c, enum side s, uint64_t to, uint64_t frame, int64_t ns)
{
    struct tcp_side *side = &c->side[s];
    uint64_t         n = to - side->next;
    c->facts.missing[s] += n;
    if (!c->close_only && to > side->skip_to) {
        struct wire_event *e = push(f, c->flow, WIRE_GAP, s, frame, ns);
        e->at = side->next;
        e->len = n;
    }
    side->next = to;
    side->next_seq += (uint32_t)n;
}

static void give_fin(struct flows *f, struct conn *c, enum side s)
{
    struct tcp_side *side = &c->side[s];
    if (!side->fin || side->fin_given || side->next < side->fin_at)
        return;
    side->fin_given = true;
    struct wire_event *e = push(f, c->flow, WIRE_FIN, s, side->fin_place.frame, side->fin_place.ns);
    e->at = side->fin_at;
    e->seg = side->fin_seg;
}

/* Gives the queued pieces that have become next in line. `frame` is the one that filled the hole before them; 0:
 * nothing did, and a piece counts as of its own frame. */
static void drain(struct flows *f, struct conn *c, enum side s, uint64_t frame, int64_t ns)
{
    struct tcp_side *side = &c->side[s];
    while (side->queue != NULL && side->queue->at <= side->next) {
        struct piece *p = side->queue;
        side->queue = p->next;
        side->queued -= p->len + PIECES_SMALL;
        f->queued -= p->len + PIECES_SMALL;
        uint64_t end = p->at + p->len, old = side->next - p->at;
        if (end > side->next)
            give_bytes(f, c, s, p->bytes != NULL ? p->bytes + old : NULL, (size_t)(end - side->next), frame != 0 ? frame : p->frame,
                       frame != 0 ? ns : p->ns, NULL);
        p->next = f->spent;
        f->spent = p;
    }
    give_fin(f, c, s);
}

/* The hole before the queue will not be filled: it is told, and what waits behind it comes. */
static void declare_lost(struct flows *f, struct conn *c, enum side s, bool to_the_end)
{
    struct tcp_side *side = &c->side[s];
    side->waits = 0;
    while (side->queue != NULL) {
        if (side->queue->at > side->next)
            give_gap(f, c, s, side->queue->at, side->queue->frame, side->queue->ns);
        drain(f, c, s, 0, 0);
        if (!to_the_end)
            return;
    }
    /* Bytes that the other side acknowledged, or that stand before the FIN, and nobody has seen. */
    uint64_t known = side->fin ? side->fin_at : c->facts.acked[s]; /* an acknowledgement counts the FIN as a byte */
    if (to_the_end && side->based && known > side->next)
        give_gap(f, c, s, known, side->fin ? side->fin_place.frame : c->facts.last_seen[s].frame,
                 side->fin ? side->fin_place.ns : c->facts.last_seen[s].ns);
    give_fin(f, c, s);
}

/* Keeps out-of-order payload. First copy wins: only what no piece holds yet is added. */
static void enqueue(struct flows *f, struct conn *c, enum side s, uint64_t at, const uint8_t *bytes, size_t len, uint64_t frame, int64_t ns)
{
    struct tcp_side *side = &c->side[s];
    struct piece   **p = &side->queue;
    while (len != 0) {
        while (*p != NULL && (*p)->at + (*p)->len <= at)
            p = &(*p)->next;
        size_t n = len;
        if (*p != NULL && (*p)->at <= at) { /* held already, as far as that piece goes */
            size_t same = (size_t)((*p)->at + (*p)->len - at);
            same = same < len ? same : len;
            if (bytes != NULL && (*p)->bytes != NULL && memcmp((*p)->bytes + (at - (*p)->at), bytes, same) != 0)
                c->facts.overlap_differs = true;
            n = same;
        } else {
            if (*p != NULL && (*p)->at - at < n)
                n = (size_t)((*p)->at - at);
            bool          wanted = bytes != NULL && !c->close_only && at + n > side->skip_to;
            struct piece *fresh = mem_get(1, sizeof *fresh + (wanted ? n : 0));
            *fresh = (struct piece){ .next = *p, .at = at, .frame = frame, .ns = ns, .len = n };
            if (wanted)
                fresh->bytes = memcpy(fresh + 1, bytes, n);
            *p = fresh;
            side->queued += n + PIECES_SMALL;
            f->queued += n + PIECES_SMALL;
        }
        at += n;
        bytes = bytes != NULL ? bytes + n : NULL;
        len -= n;
    }
    if (side->queued > QUEUE_MAX)
        declare_lost(f, c, s, false);
}

static void payload(struct flows *f, struct conn *c, enum side s, uint32_t seq, struct cut body, const struct packet *p,
                    const struct segment *seg)
{
    struct tcp_side *side = &c->side[s];
    if (!side->based || (side->guessed && c->facts.bytes[s] == 0)) {
        side->based = true;
        side->next_seq = seq;
    }
    side->guessed = false;
    int64_t ahead = (int32_t)(seq - side->next_seq); /* sequence numbers wrap */
    bool    copy = seg->ip_id != 0 && seg->ip_id == side->last_id; /* a mirror port sent the frame twice */
    bool    cut = body.cap < body.len;
    side->last_id = seg->ip_id;
    if (ahead + (int64_t)body.len <= 0) {
        bool keep_alive = body.len <= 1 && ahead == -1;
        if (!keep_alive && !copy)
            count(&c->facts.retransmissions[s]);
        return;
    }
    if (cut) {
        c->facts.snapped = true;
        if (c->facts.snaplen == 0 || p->caplen < c->facts.snaplen)
            c->facts.snaplen = p->caplen;
    }
    if (ahead < 0) { /* its start is known already */
        size_t old = (size_t)-ahead, there = old < body.cap ? old : body.cap;
        body = (struct cut){ body.p + there, body.cap - there, body.len - old };
        ahead = 0;
    }
    uint64_t at = side->next + (uint64_t)ahead;
    if (ahead == 0 && side->queue == NULL)
        give_bytes(f, c, s, body.p, body.cap, p->frame, p->ns, seg);
    else
        enqueue(f, c, s, at, body.p, body.cap, p->frame, p->ns);
    drain(f, c, s, p->frame, p->ns);
    /* Bytes that were on the wire and, by the snap length, not in the capture: lost when the stream gets there. */
    uint64_t end = at + body.len;
    if (side->queue != NULL && side->queue->at < end)
        end = side->queue->at;
    if (cut && side->next == at + body.cap && end > side->next) {
        give_gap(f, c, s, end, p->frame, p->ns);
        drain(f, c, s, p->frame, p->ns);
    }
}

/* ---- one connection ---- */

static void place_now(struct place *where, const struct packet *p) { *where = (struct place){ .frame = p->frame, .ns = p->ns }; }

static bool opened(const struct conn *c) { return c->facts.syn_ack.frame != 0 || c->facts.bytes[0] + c->facts.bytes[1] != 0; }

static void give_open(struct flows *f, struct conn *c, const struct packet *p, enum side from)
{
    if (c->open_given)
        return;
    c->open_given = true;
    struct place at = c->facts.syn_ack;
    if (at.frame == 0)
        place_now(&at, p);
    push(f, c->flow, WIRE_OPEN, from, at.frame, at.ns);
}

static void over(struct flows *f, struct conn *c, int64_t now)
{
    if (c->over_since != 0)
        return;
    c->over_since = now != 0 ? now : 1;
    c->next_over = NULL;
    c->flow->lingering = true;
    if (f->over_last != NULL)
        f->over_last->next_over = c;
    else
        f->over_first = c;
    f->over_last = c;
}

/* Never opened: the facts of its SYNs. */
static const struct tcp_facts *bare_facts(struct flows *f, const struct flow *flow)
{
    f->bare = (struct tcp_facts){ .syn = { .frame = flow->syn_frame, .ns = flow->syn_ns }, .syn_seg = flow->syn_seg, .syns = flow->syns };
    f->bare.last_seen[CLIENT] = (struct place){ .frame = flow->syn_frame, .ns = flow->last_ns };
    f->bare.start_seen[CLIENT] = flow->syns != 0;
    f->bare.both_directions = flow->refused;
    return &f->bare;
}

/* The last events of a connection; its tuple stays known. */
static void finish(struct flows *f, struct flow *flow, bool evicted)
{
    struct conn *c = flow->conn;
    uint64_t     frame = flow->syn_frame;
    int64_t      ns = flow->last_ns;
    if (flow->done || (flow->proto != P_TCP && flow->slot == NULL))
        return;
    if (c != NULL) {
        struct place last = c->facts.last_seen[c->facts.last_seen[SERVER].frame > c->facts.last_seen[CLIENT].frame ? SERVER : CLIENT];
        declare_lost(f, c, CLIENT, true);
        declare_lost(f, c, SERVER, true);
        if (opened(c) && !c->open_given) {
            c->open_given = true;
            push(f, flow, WIRE_OPEN, CLIENT, c->facts.syn_ack.frame, c->facts.syn_ack.ns);
        }
        c->facts.evicted = evicted;
        frame = last.frame;
        ns = last.ns;
    } else if (flow->syns != 0 && !flow->told && !evicted && (flow->syns > 1 || f->now - flow->syn_ns >= OPENING_PATIENCE)) {
        push(f, flow, WIRE_TIMEOUT, CLIENT, frame, ns);
    }
    push(f, flow, WIRE_END, CLIENT, frame, ns);
    flow->done = true;
    flow->lingering = false;
    drop_conn(f, flow);
}

static void linger_out(struct flows *f)
{
    while (f->over_first != NULL && (f->now - f->over_first->over_since > LINGER || f->now < f->over_first->over_since - LINGER)) {
        struct conn *c = f->over_first;
        f->over_first = c->next_over;
        if (f->over_first == NULL)
            f->over_last = NULL;
        finish(f, c->flow, false);
    }
}

/* A port used again, or the end of memory: the connection ends before its time. */
static void cut_short(struct flows *f, struct flow *flow, bool evicted)
{
    if (flow->lingering) {
        struct conn **c = &f->over_first, *before = NULL;
        while (*c != flow->conn) {
            before = *c;
            c = &(*c)->next_over;
        }
        *c = flow->conn->next_over;
        if (f->over_last == flow->conn)
            f->over_last = before;
    }
    finish(f, flow, evicted);
}

static size_t memory_used(const struct flows *f)
{
    return f->table.used * (sizeof(struct flow) + 2 * sizeof(struct cell)) + f->conns * (sizeof(struct conn) + 32) + f->queued;
}

/* Makes room, oldest first: connections that are over or half open before others. */
static void evict(struct flows *f, const struct flow *keep)
{
    size_t freed = 0;
    for (size_t round = 0; round < 2 && freed < EVICT_AT_ONCE; round++) {
        for (size_t i = 0; i < f->table.n && freed < EVICT_AT_ONCE; i++) {
            struct flow *flow = flow_at(&f->table, f->sweep++ % f->table.n);
            bool         lively = flow != NULL && flow->conn != NULL && flow->conn->over_since == 0 && flow->conn->facts.bytes[0] != 0;
            if (flow == NULL || flow == keep || flow->detached || (round == 0 && lively))
                continue;
            f->facts.evicted += !flow->done;
            cut_short(f, flow, true);
            flow_detach(&f->table, flow);
            leave(f, flow);
            freed++;
        }
    }
}

/* A new connection: its number, and which end is the client (wire.h). */
static void start(struct flows *f, struct flow *flow, const struct segment *seg)
{
    bool syn = (seg->flags & SYN) != 0, ack = (seg->flags & ACK) != 0;
    bool sender_is_client = syn ? !ack : flow->ends[0].port >= flow->ends[1].port;
    if (!sender_is_client)
        flow->ends[0] = flow->ends[1], flow->ends[1] = f->sender;
    flow->stream = f->tcp_streams++;
    f->facts.streams++;
}

static void segment(struct flows *f, struct flow *flow, enum side s, struct cut body, const struct segment *seg, const struct packet *p)
{
    enum side other = s == CLIENT ? SERVER : CLIENT;
    bool      syn = (seg->flags & SYN) != 0, ack = (seg->flags & ACK) != 0;
    flow->last_ns = p->ns;
    if ((flow->has_base & (1 << s)) == 0) {
        flow->has_base |= (uint8_t)(1 << s);
        flow->base[s] = syn ? seg->seq : seg->seq - 1;
    }
    if (flow->done)
        return;
    if (flow->conn == NULL && s == CLIENT && syn && !ack && body.len == 0) { /* a bare SYN leaves nothing but this */
        if (flow->syns == 0) {
            flow->syn_frame = p->frame;
            flow->syn_ns = p->ns;
            flow->base[CLIENT] = seg->seq;
        }
        if (flow->syns == 0 || seg->ip_id == 0 || seg->ip_id != flow->syn_seg.ip_id) /* else a mirror port's copy */
            count(&flow->syns);
        flow->syn_seg = flow->syns == 1 ? *seg : flow->syn_seg;
        return;
    }
    if (flow->conn == NULL && flow->syns != 0 && s == SERVER && (seg->flags & RST) != 0) {
        flow->refused = flow->told = true;
        push(f, flow, WIRE_REFUSED, SERVER, p->frame, p->ns)->seg = *seg;
        finish(f, flow, false);
        return;
    }
    struct conn      *c = conn_of(f, flow);
    struct tcp_facts *facts = &c->facts;
    struct tcp_side  *side = &c->side[s], *peer = &c->side[other];
    place_now(&facts->last_seen[s], p);
    facts->both_directions = facts->last_seen[CLIENT].frame != 0 && facts->last_seen[SERVER].frame != 0;
    if (syn) {
        if (s == CLIENT && !ack) {
            count(&facts->syns);
            if (facts->syn.frame == 0) {
                place_now(&facts->syn, p);
                facts->syn_seg = *seg;
            }
            facts->fast_open |= body.len != 0;
        } else if (s == SERVER) {
            count(&facts->syn_acks);
            if (facts->syn_ack.frame == 0) {
                place_now(&facts->syn_ack, p);
                facts->syn_ack_seg = *seg;
            }
        }
        if (!side->based || facts->bytes[s] == 0) { /* the server may answer again with another number */
            side->based = true;
            side->guessed = false;
            side->next_seq = seg->seq + 1;
            facts->start_seen[s] = true;
        }
    }
    if (ack && (seg->flags & RST) == 0) {
        if (!peer->based) {
            peer->based = peer->guessed = true;
            peer->next_seq = seg->ack;
        }
        int64_t acked = (int64_t)peer->next + (int32_t)(seg->ack - peer->next_seq);
        if (acked > (int64_t)facts->acked[other])
            facts->acked[other] = (uint64_t)acked;
    }
    if (body.len != 0 && (seg->flags & RST) == 0) {
        if (facts->bytes[0] + facts->bytes[1] == 0)
            give_open(f, c, p, s);
        payload(f, c, s, seg->seq + (syn ? 1 : 0), body, p, seg);
    }
    if ((seg->flags & FIN) != 0 && !side->fin) {
        if (!side->based) {
            side->based = true;
            side->next_seq = seg->seq;
        }
        int64_t at = (int64_t)side->next + (int32_t)(seg->seq + (uint32_t)body.len - side->next_seq);
        if (opened(c))
            give_open(f, c, p, s);
        side->fin = true;
        side->fin_at = at > 0 ? (uint64_t)at : 0;
        place_now(&side->fin_place, p);
        side->fin_seg = *seg;
        give_fin(f, c, s);
    }
    for (enum side q = CLIENT; q <= SERVER; q++) { /* holes that were acknowledged and stay */
        struct tcp_side *w = &c->side[q];
        bool             hole = w->queue != NULL || (w->fin && !w->fin_given);
        if (!hole || facts->acked[q] <= w->next)
            w->waits = 0;
        else if (++w->waits > HOLE_PATIENCE)
            declare_lost(f, c, q, w->queue == NULL);
    }
    if ((seg->flags & RST) != 0 && !c->rst) {
        c->rst = true;
        declare_lost(f, c, CLIENT, true);
        declare_lost(f, c, SERVER, true);
        if (opened(c))
            give_open(f, c, p, s);
        struct wire_event *e = push(f, flow, WIRE_RST, s, p->frame, p->ns);
        e->at = side->next;
        e->seg = *seg;
    }
    if (c->rst || (c->side[CLIENT].fin && c->side[SERVER].fin))
        over(f, c, p->ns);
}

/* MSS and how many options there are: a box that answers for a server often sends none. */
static void options(const uint8_t *o, size_t n, struct segment *seg)
{
    for (size_t i = 0; i < n && o[i] != 0;) {
        if (o[i] == 1) {
            i++;
            continue;
        }
        size_t len = i + 1 < n ? o[i + 1] : 0;
        if (len < 2 || len > n - i)
            return;
        seg->options++;
        if (o[i] == 2 && len == 4)
            seg->mss = be16(o + i + 2);
        i += len;
    }
}

/* RFC 9293 section 3.10.7.4 is for hosts; Wireshark's rule for what a new stream is, is ours: a SYN whose number differs
 * from the first one of its side. */
static bool starts_anew(const struct flow *flow, enum side s, const struct segment *seg)
{
    return (seg->flags & (SYN | ACK)) == SYN && (flow->has_base & (1 << s)) != 0 && flow->base[s] != seg->seq;
}

static void last_is(struct flows *f, const struct flow *flow)
{
    f->last.there = true;
    f->last.udp = flow->proto == P_UDP;
    f->last.stream = flow->stream;
}

bool flows_stream(const struct flows *f, uint32_t *stream, bool *datagram)
{
    *stream = f->last.stream;
    *datagram = f->last.udp;
    return f->last.there;
}

static void tcp(struct flows *f, struct transport *t, const struct packet *p)
{
    const uint8_t *h = t->body.p;
    size_t         header = t->body.cap >= 20 ? (size_t)(h[12] >> 4) * 4 : 0;
    if (header < 20 || header > t->body.len) {
        f->facts.malformed++;
        return;
    }
    struct segment seg = { .seen = true, .ttl = t->ttl, .flags = h[13], .ip_id = t->ip_id, .window = be16(h + 14), .seq = be32(h + 4),
                           .ack = be32(h + 8) };
    size_t         there = header < t->body.cap ? header : t->body.cap;
    if ((seg.flags & SYN) != 0)
        options(h + 20, there - 20, &seg);
    t->src.port = be16(h);
    t->dst.port = be16(h + 2);
    struct cut body = t->body;
    body.len -= header;
    body.p += there;
    body.cap -= there;
    f->facts.tcp_packets++;
    bool         fresh = false;
    enum side    s = CLIENT;
    struct flow *flow = flow_find(&f->table, &t->src, &t->dst, P_TCP, true, &s, &fresh);
    if (!fresh && starts_anew(flow, s, &seg)) {
        cut_short(f, flow, false);
        flow_detach(&f->table, flow);
        leave(f, flow);
        flow = flow_find(&f->table, &t->src, &t->dst, P_TCP, true, &s, &fresh);
    }
    if (fresh) {
        f->sender = t->src;
        start(f, flow, &seg);
        s = same_end(&flow->ends[CLIENT], &t->src) ? CLIENT : SERVER;
    }
    last_is(f, flow);
    segment(f, flow, s, body, &seg, p);
    if (f->memory != 0 && memory_used(f) > f->memory)
        evict(f, flow);
}

static void udp(struct flows *f, struct transport *t, const struct packet *p)
{
    if (t->body.cap < 8)
        return;
    bool         fresh = false;
    enum side    s = CLIENT;
    t->src.port = be16(t->body.p);
    t->dst.port = be16(t->body.p + 2);
    struct flow *flow = flow_find(&f->table, &t->src, &t->dst, P_UDP, true, &s, &fresh);
    if (fresh) {
        flow->stream = f->udp_streams++;
        if (t->src.port < t->dst.port) { /* the higher port is the client's */
            flow->ends[CLIENT] = t->dst;
            flow->ends[SERVER] = t->src;
            s = SERVER;
        }
    }
    last_is(f, flow);
    struct cut body = t->body;
    cut_to(&body, be16(body.p + 4) >= 8 ? be16(body.p + 4) : body.len);
    cut_off(&body, 8);
    struct wire_event *e = push(f, flow, WIRE_DATAGRAM, s, p->frame, p->ns);
    e->bytes = body.p;
    e->len = body.cap;
    flow->last_ns = p->ns;
}

/* ICMP errors quote the header of the packet they are about: no traffic of their own, but a fact of that connection. */
static void icmp(struct flows *f, const struct transport *t, const struct packet *p)
{
    struct transport quoted;
    struct cut       c = t->body;
    bool             v6 = t->proto == P_ICMPV6, fresh = false;
    enum side        s = CLIENT;
    if (c.cap < 8)
        return;
    unsigned type = c.p[0], code = c.p[1];
    bool     error = v6 ? type >= 1 && type <= 4 : type == 3 || type == 11 || type == 12;
    cut_off(&c, 8);
    if (!error || !ip_header(&c, &quoted) || quoted.proto != P_TCP || quoted.body.cap < 8)
        return;
    quoted.src.port = be16(quoted.body.p);
    quoted.dst.port = be16(quoted.body.p + 2);
    struct flow *flow = flow_find(&f->table, &quoted.src, &quoted.dst, P_TCP, false, &s, &fresh);
    if (flow != NULL)
        last_is(f, flow);
    if (flow == NULL || flow->done)
        return;
    if (v6 ? type == 2 : type == 3 && code == 4) { /* a packet was too big for the path: RFC 1191, RFC 8201 */
        struct place *where = &conn_of(f, flow)->facts.too_big[s];
        if (where->frame == 0)
            place_now(where, p);
        return;
    }
    flow->told = true;
    push(f, flow, WIRE_UNREACHABLE, s == CLIENT ? SERVER : CLIENT, p->frame, p->ns)->code = (int)(type << 8 | code);
}

bool flows_packet(struct flows *f, const struct packet *p, struct err *err)
{
    struct transport t;
    free_spent(f);
    f->last.there = false;
    f->now = p->ns;
    linger_out(f);
    switch (unwrap_packet(f->unwrap, p, &t)) {
    case LAYER_TRANSPORT:
        if (t.proto == P_TCP) {
            tcp(f, &t, p);
            return true;
        }
        if (t.proto == P_UDP)
            udp(f, &t, p);
        else
            icmp(f, &t, p);
        break;
    case LAYER_UNKNOWN_LINK:
        f->facts.unknown_link++;
        for (size_t i = 0; i < f->said_n; i++) {
            if (f->said[i] == p->linktype)
                return false;
        }
        if (f->said_n < TYPES_SAID) {
            f->said[f->said_n++] = p->linktype;
            err_set(err, "link type %u is not one that tlswhy reads: packets of it, from frame %llu on, are passed over", p->linktype,
                    (unsigned long long)p->frame);
        }
        return false;
    default:
        break;
    }
    f->facts.other_packets++;
    f->facts.fragments = unwrap_fragments(f->unwrap);
    return true;
}

bool flows_next(struct flows *f, struct wire_event *ev)
{
    for (;;) {
        while (f->given < f->events) {
            const struct pending *e = &f->event[f->given++];
            *ev = e->ev;
            ev->ends = e->flow->ends;
            ev->slot = &e->flow->slot;
            ev->tcp = e->flow->proto != P_TCP ? NULL : e->conn != NULL ? &e->conn->facts : bare_facts(f, e->flow);
            if (ev->kind == WIRE_BYTES || ev->kind == WIRE_GAP) {
                struct tcp_side *side = &e->conn->side[ev->from];
                uint64_t         end = ev->at + ev->len, skip = side->skip_to;
                side->given = end;
                if (end <= skip || e->conn->close_only)
                    continue;
                if (ev->at < skip) {
                    ev->bytes = ev->bytes != NULL ? ev->bytes + (skip - ev->at) : NULL;
                    ev->len = (size_t)(end - skip);
                    ev->at = skip;
                }
            }
            return true;
        }
        if (!f->ending)
            return false;
        free_spent(f);
        while (f->events == 0 && f->end_at < f->table.n) {
            struct flow *flow = flow_at(&f->table, f->end_at++);
            if (flow != NULL)
                finish(f, flow, false);
        }
        if (f->events == 0)
            return false;
    }
}

void flows_end(struct flows *f)
{
    free_spent(f);
    f->ending = true;
    f->over_first = f->over_last = NULL;
}

void flows_skip(struct flows *f, const struct wire_event *ev, enum side side, uint64_t n)
{
    struct conn *c = f->event[f->given - 1].conn;
    (void)ev;
    if (c == NULL)
        return;
    struct tcp_side *s = &c->side[side];
    uint64_t         from = s->given > s->skip_to ? s->given : s->skip_to;
    s->skip_to = n < UINT64_MAX - from ? from + n : UINT64_MAX;
}

void flows_close_only(struct flows *f, const struct wire_event *ev)
{
    (void)ev;
    if (f->event[f->given - 1].conn != NULL)
        f->event[f->given - 1].conn->close_only = true;
}

const struct flow_facts *flow_facts(const struct flows *f)
{
    return &f->facts;
}
