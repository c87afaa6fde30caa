/* One side of a TCP connection as a stream: each byte once, in order, the first copy of it; holes are told when they
 * are known to stay. What is not wanted (flows_skip) is counted and neither kept nor given. */
#include "flows_parts.h"

#include <stdlib.h>
#include <string.h>

enum {
    QUEUE_MAX = 256 * 1024,        /* out-of-order bytes a side */
    PIECE_COST = 64,               /* what a piece counts for beside its bytes */
    HOLE_PATIENCE = 16,            /* packets of the connection until an acknowledged hole is lost for good */
    ACK_AHEAD_MAX = 16 * 1024 * 1024, /* beyond what was seen: more is no acknowledgement of this connection */
    LATE_COPY = 10 * 1000 * 1000,  /* ns; what was acknowledged longer ago than that was sent again */
    START_WINDOW = 64 * 1024       /* a first segment this far behind the start is out of order, not in the middle */
};

void pieces_free(struct piece *p)
{
    while (p != NULL) {
        struct piece *next = p->next;
        free(p);
        p = next;
    }
}

void conn_open(struct flows *f, struct conn *c, enum side from, struct place at)
{
    if (c->open_given)
        return;
    c->open_given = true;
    flows_push(f, c->flow, WIRE_OPEN, from, c->facts.syn_ack.frame != 0 ? c->facts.syn_ack : at);
}

static void give_bytes(struct flows *f, struct conn *c, enum side s, const uint8_t *bytes, size_t len, struct place at, const struct segment *seg)
{
    struct tcp_side *side = &c->side[s];
    if (len == 0)
        return;
    c->facts.bytes[s] += len;
    if (!c->open_given)
        conn_open(f, c, s, at);
    if (bytes != NULL && !c->close_only && side->next + len > side->skip_to) {
        struct wire_event *e = flows_push(f, c->flow, WIRE_BYTES, s, at);
        e->at = side->next;
        e->bytes = bytes;
        e->len = len;
        if (seg != NULL)
            e->seg = *seg;
    }
    side->next += len;
    side->next_seq += (uint32_t)len;
}

static void give_gap(struct flows *f, struct conn *c, enum side s, uint64_t to, struct place at)
{
    struct tcp_side *side = &c->side[s];
    uint64_t         n = to - side->next;
    if (c->facts.missing[s] == 0) {
        c->facts.hole_at[s] = side->next;
        c->facts.hole_frame[s] = at.frame;
    }
    c->facts.missing[s] += n;
    conn_open(f, c, s, at);
    if (!c->close_only && to > side->skip_to) {
        struct wire_event *e = flows_push(f, c->flow, WIRE_GAP, s, at);
        e->at = side->next;
        e->len = n;
    }
    side->next = to;
    side->next_seq += (uint32_t)n;
    side->waits = 0;
}

/* An offset told by an acknowledgement or an empty segment, as a number of bytes. A FIN counts like a byte: where none
 * was captured, one byte beyond all others is taken for it. */
static uint64_t without_fin(const struct tcp_side *side, uint64_t at)
{
    if (side->fin)
        return at < side->fin_at ? at : side->fin_at;
    return at == side->next + 1 && side->queue == NULL ? side->next : at;
}

/* How far this side's bytes are known to have reached the other one. */
static uint64_t acked_end(const struct conn *c, enum side s) { return without_fin(&c->side[s], c->facts.acked[s]); }

/* How far this side is known to have sent, whether it arrived or not. */
static uint64_t sent_end(const struct conn *c, enum side s)
{
    uint64_t acked = acked_end(c, s), sent = without_fin(&c->side[s], c->side[s].sent);
    return acked > sent ? acked : sent;
}

/* A close comes after what its sender had read: not before the bytes of the other side that it has acknowledged. */
static void give_fin(struct flows *f, struct conn *c, enum side s)
{
    struct tcp_side *side = &c->side[s];
    if (!side->fin || side->fin_given || side->next < side->fin_at || acked_end(c, other_side(s)) > c->side[other_side(s)].next)
        return;
    side->fin_given = true;
    if (c->facts.syn_ack.frame != 0)
        conn_open(f, c, s, side->fin_place);
    struct wire_event *e = flows_push(f, c->flow, WIRE_FIN, s, side->fin_place);
    e->at = side->fin_at;
    e->seg = side->fin_seg;
}

static void give_fins(struct flows *f, struct conn *c)
{
    bool server_first = c->side[SERVER].fin_place.frame < c->side[CLIENT].fin_place.frame;
    give_fin(f, c, server_first ? SERVER : CLIENT);
    give_fin(f, c, server_first ? CLIENT : SERVER);
}

/* Gives the queued pieces that have become next in line. `filled` is the frame that filled the hole before them; NULL:
 * nothing did, and a piece counts as of its own frame. */
static void drain(struct flows *f, struct conn *c, enum side s, const struct place *filled)
{
    struct tcp_side *side = &c->side[s];
    while (side->queue != NULL && !side->held && side->queue->at <= side->next) {
        struct piece *p = side->queue;
        side->queue = p->next;
        side->queued -= p->len + PIECE_COST;
        f->queued -= p->len + PIECE_COST;
        uint64_t     end = p->at + p->len, old = side->next - p->at;
        struct place seen = filled != NULL ? *filled : p->seen;
        if (seen.ns < p->seen.ns) /* what filled the hole may have come before and be written late */
            seen.ns = p->seen.ns;
        if (end > side->next)
            give_bytes(f, c, s, p->bytes != NULL ? p->bytes + old : NULL, (size_t)(end - side->next), seen, NULL);
        p->next = f->spent;
        f->spent = p;
        side->waits = 0;
    }
    give_fins(f, c);
}

static void drop_queue(struct flows *f, struct tcp_side *side)
{
    pieces_free(side->queue);
    f->queued -= side->queued;
    side->queue = NULL;
    side->queued = 0;
}

/* The hole before the first piece will not be filled. */
static void lose_first_hole(struct flows *f, struct conn *c, enum side s)
{
    struct tcp_side *side = &c->side[s];
    if (side->queue->at > side->next)
        give_gap(f, c, s, side->queue->at, side->queue->seen);
    drain(f, c, s, NULL);
}

void stream_end(struct flows *f, struct conn *c, enum side s)
{
    struct tcp_side *side = &c->side[s];
    stream_release(f, c, s, false, (struct place){ 0 });
    if (c->rst) /* what comes after a reset, and not in order, tells nothing about what was lost before it */
        drop_queue(f, side);
    while (side->queue != NULL)
        lose_first_hole(f, c, s);
    uint64_t end = side->fin ? side->fin_at : sent_end(c, s);
    if (side->based && end > side->next && !c->rst)
        give_gap(f, c, s, end, side->fin ? side->fin_place : c->facts.last_seen[other_side(s)]);
    give_fins(f, c);
}

void stream_lose_patience(struct flows *f, struct conn *c, enum side s)
{
    struct tcp_side *side = &c->side[s];
    bool             one_way = !c->facts.both_directions && side->queue != NULL && !side->held;
    if (!one_way && (side->held || acked_end(c, s) <= side->next)) {
        side->waits = 0;
        return;
    }
    if (++side->waits <= HOLE_PATIENCE)
        return;
    while (one_way || acked_end(c, s) > side->next) {
        uint64_t acked = acked_end(c, s);
        one_way = false;
        if (side->queue != NULL && (side->queue->at <= acked || acked <= side->next)) {
            lose_first_hole(f, c, s);
        } else {
            give_gap(f, c, s, acked, c->facts.last_seen[other_side(s)]);
            drain(f, c, s, NULL);
        }
    }
}

/* Keeps out-of-order payload. First copy wins: only what no piece holds yet is added. */
static void enqueue(struct flows *f, struct conn *c, enum side s, uint64_t at, struct bytes b, struct place seen)
{
    struct tcp_side *side = &c->side[s];
    struct piece   **p = &side->queue;
    while (b.n != 0) {
        while (*p != NULL && (*p)->at + (*p)->len <= at)
            p = &(*p)->next;
        size_t n = b.n;
        if (*p != NULL && (*p)->at <= at) { /* held already, as far as that piece goes */
            size_t same = (size_t)((*p)->at + (*p)->len - at);
            n = same < n ? same : n;
            if ((*p)->bytes != NULL && memcmp((*p)->bytes + (at - (*p)->at), b.p, n) != 0)
                c->facts.overlap_differs = true;
        } else {
            if (*p != NULL && (*p)->at - at < n)
                n = (size_t)((*p)->at - at);
            bool          wanted = !c->close_only && at + n > side->skip_to;
            struct piece *fresh = mem_get(1, sizeof *fresh + (wanted ? n : 0));
            *fresh = (struct piece){ .next = *p, .at = at, .seen = seen, .len = n };
            if (wanted)
                fresh->bytes = memcpy(fresh + 1, b.p, n);
            *p = fresh;
            side->queued += n + PIECE_COST;
            f->queued += n + PIECE_COST;
        }
        at += n;
        b.p += n;
        b.n -= n;
    }
    if (side->queued > QUEUE_MAX && !side->held)
        lose_first_hole(f, c, s);
}

static void start_at(struct flows *f, struct tcp_side *side, uint32_t seq)
{
    if (side->next_seq != seq)
        drop_queue(f, side);
    side->based = true;
    side->guessed = false;
    side->next_seq = seq;
}

void stream_starts(struct flows *f, struct conn *c, enum side s, uint32_t seq)
{
    start_at(f, &c->side[s], seq);
    c->facts.start_seen[s] = true;
}

/* Where the stream stands when its first payload comes: known from the SYN; or by what the other side acknowledged
 * before, which is right at the start of a connection and may be anything in its middle; or here. */
static void find_start(struct flows *f, struct conn *c, enum side s, uint32_t seq)
{
    struct tcp_side *side = &c->side[s];
    int32_t          ahead = (int32_t)(seq - side->next_seq);
    bool             at_start = c->facts.start_seen[other_side(s)] && ahead > 0 && ahead < START_WINDOW;
    if (!side->based || (side->guessed && !at_start))
        start_at(f, side, seq);
    else if (s == SERVER && c->facts.syn_acks > 1 && seq == side->acked_seq && side->queue == NULL)
        side->next_seq = seq; /* of several SYN-ACKs with different numbers, the one that the client took */
    side->guessed = false;
}

void stream_payload(struct flows *f, struct conn *c, enum side s, uint32_t seq, struct cut body, const struct packet *p,
                    const struct segment *seg)
{
    struct tcp_side *side = &c->side[s];
    struct place     now = place_of(p);
    if (side->held && (seg->flags & FLAG_SYN) == 0)
        stream_release(f, c, s, seq != side->next_seq, now);
    if (c->facts.bytes[s] + c->facts.missing[s] == 0)
        find_start(f, c, s, seq);
    int64_t ahead = (int32_t)(seq - side->next_seq); /* sequence numbers wrap */
    bool    early = (seg->flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN; /* Fast Open */
    bool    copy = seg->ip_id != 0 && seg->ip_id == side->last_id; /* a mirror port sent the frame twice */
    bool    cut = body.cap < body.len;
    side->last_id = seg->ip_id;
    if (ahead + (int64_t)body.len <= 0) {
        bool keep_alive = body.len <= 1 && ahead == -1;
        if (!keep_alive && !copy)
            count_up(&c->facts.retransmissions[s]);
        return;
    }
    if ((int64_t)side->next + ahead + (int64_t)body.len <= (int64_t)c->facts.acked[s] &&
        p->ns - c->facts.last_seen[other_side(s)].ns > LATE_COPY)
        c->facts.late_copy[s] = true;
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
    if (ahead == 0 && side->queue == NULL && !early) {
        give_bytes(f, c, s, body.p, body.cap, now, seg);
    } else {
        side->held |= early && side->next == 0;
        enqueue(f, c, s, at, (struct bytes){ body.p, body.cap }, now);
    }
    if (side->queue != NULL || c->side[CLIENT].fin || c->side[SERVER].fin)
        drain(f, c, s, &now);
    /* Bytes that were on the wire and, by the snap length, not in the capture: lost when the stream gets there. */
    uint64_t end = at + body.len;
    if (side->queue != NULL && side->queue->at < end)
        end = side->queue->at;
    if (cut && !side->held && side->next == at + body.cap && end > side->next) {
        give_gap(f, c, s, end, now);
        drain(f, c, s, &now);
    }
}

void stream_release(struct flows *f, struct conn *c, enum side s, bool taken, struct place at)
{
    struct tcp_side *side = &c->side[s];
    if (!side->held)
        return;
    side->held = false;
    if (!taken)
        drop_queue(f, side);
    drain(f, c, s, &at);
}

void stream_acked(struct conn *c, enum side s, uint32_t ack)
{
    struct tcp_side *side = &c->side[s];
    if (!side->based) {
        side->based = side->guessed = true;
        side->next_seq = ack;
    }
    side->acked_seq = ack;
    int64_t ahead = (int32_t)(ack - side->next_seq), acked = (int64_t)side->next + ahead;
    if (ahead <= ACK_AHEAD_MAX && acked > (int64_t)c->facts.acked[s])
        c->facts.acked[s] = (uint64_t)acked;
}

void stream_sent(struct conn *c, enum side s, uint32_t seq)
{
    struct tcp_side *side = &c->side[s];
    int64_t          ahead = (int32_t)(seq - side->next_seq), sent = (int64_t)side->next + ahead;
    if (side->based && ahead <= ACK_AHEAD_MAX && sent > (int64_t)side->sent)
        side->sent = (uint64_t)sent;
}

void stream_fin(struct flows *f, struct conn *c, enum side s, uint32_t seq, const struct packet *p, const struct segment *seg)
{
    struct tcp_side *side = &c->side[s];
    if (side->fin)
        return;
    if (!side->based)
        start_at(f, side, seq);
    int64_t at = (int64_t)side->next + (int32_t)(seq - side->next_seq);
    side->fin = true;
    side->fin_at = at > 0 ? (uint64_t)at : 0;
    side->fin_place = place_of(p);
    side->fin_seg = *seg;
    drain(f, c, s, NULL);
}
