/* One TCP connection: how it opened, was answered, refused or closed; and when its memory goes. */
#include "flows_parts.h"

#include "tlswhy/text.h"

#include <stdlib.h>

enum { EVICT_AT_ONCE = 64, LOOKS_AT_ONCE = 1024 }; /* a packet: where little can go, the hand must not go round for each */
#define OPENING_PATIENCE (3 * NS_PER_S) /* a SYN that got no answer for so long, or was repeated, timed out */
#define REPEAT_MIN (NS_PER_S / 20)      /* the same SYN sooner than this is a mirror port's copy: no stack repeats so early */

static _Thread_local struct pool conns = { .size = sizeof(struct conn) };

void conn_free(struct conn *c)
{
    pieces_free(c->side[CLIENT].queue);
    pieces_free(c->side[SERVER].queue);
    pool_put(&conns, c);
}

static struct segment syn_of(const struct flow *flow)
{
    if (flow->syns == 0)
        return (struct segment){ 0 };
    return (struct segment){ .seen = true, .ttl = flow->syn.ttl, .flags = flow->syn.flags, .ip_id = flow->syn.ip_id, .window = flow->syn.window,
                             .mss = flow->syn.mss, .options = flow->syn.options, .seq = flow->base[CLIENT] };
}

static void adopt_syn(struct flows *f, struct conn *c)
{
    const struct flow *flow = c->flow;
    c->facts.syns = flow->syns;
    if (flow->syns == 0 || c->facts.syn.frame != 0)
        return;
    c->facts.syn = (struct place){ .frame = flow->syn_frame, .ns = flow->syn_ns };
    c->facts.syn_seg = syn_of(flow);
    if (c->facts.bytes[CLIENT] == 0)
        stream_starts(f, c, CLIENT, flow->base[CLIENT] + 1);
}

/* What a bare SYN leaves is all there is until something follows it. */
static struct conn *conn_of(struct flows *f, struct flow *flow)
{
    if (flow->conn != NULL)
        return flow->conn;
    struct conn *c = pool_get(&conns);
    f->begun++;
    flow->conn = c;
    c->flow = flow;
    adopt_syn(f, c);
    c->facts.last_seen[CLIENT] = c->facts.syn;
    return c;
}

/* A connection leaves: it is freed once the events of this packet have been given. */
static void drop_conn(struct flows *f, struct flow *flow)
{
    struct conn *c = flow->conn;
    if (c == NULL)
        return;
    f->queued -= c->side[CLIENT].queued + c->side[SERVER].queued;
    f->begun--;
    flow->conn = NULL;
    c->next_over = f->spent_conns;
    f->spent_conns = c;
}

static bool opened(const struct conn *c) { return c->facts.syn_ack.frame != 0 || c->facts.bytes[0] + c->facts.bytes[1] != 0; }

/* ---- the end ---- */

static void over(struct flows *f, struct conn *c, int64_t now)
{
    if (c->over_since != 0)
        return;
    c->over_since = now != 0 ? now : 1;
    c->next_over = NULL;
    c->flow->lingering = true;
    c->rst_listed = c->rst;
    struct over_list *list = &f->over[c->rst_listed];
    c->before_over = list->last;
    if (list->last != NULL) {
        list->last->next_over = c;
    } else {
        list->first = c;
        list->since = c->over_since;
    }
    list->last = c;
}

static void leave_over(struct flows *f, struct conn *c)
{
    struct over_list *list = &f->over[c->rst_listed];
    *(c->before_over != NULL ? &c->before_over->next_over : &list->first) = c->next_over;
    *(c->next_over != NULL ? &c->next_over->before_over : &list->last) = c->before_over;
    if (list->first != NULL)
        list->since = list->first->over_since;
    c->before_over = c->next_over = NULL;
    c->over_since = 0;
    c->flow->lingering = false;
}

const struct tcp_facts *conn_bare_facts(struct flows *f, const struct flow *flow)
{
    f->bare = (struct tcp_facts){ .syn = { .frame = flow->syn_frame, .ns = flow->syn_ns }, .syn_seg = syn_of(flow), .syns = flow->syns };
    f->bare.last_seen[CLIENT] = (struct place){ .frame = flow->last_frame, .ns = flow->last_ns };
    f->bare.start_seen[CLIENT] = flow->syns != 0;
    if (flow->refused)
        f->bare.last_seen[SERVER] = f->bare.last_seen[CLIENT];
    f->bare.both_directions = flow->refused;
    return &f->bare;
}

void conn_finish(struct flows *f, struct flow *flow, bool evicted)
{
    struct place last = { .frame = flow->last_frame, .ns = flow->last_ns };
    if (flow->done || (flow->proto != PROTO_TCP && flow->slot == NULL))
        return;
    if (flow->waits)
        early_ends(f, flow);
    struct conn *c = flow->conn;
    if (c != NULL) {
        stream_end(f, c, CLIENT);
        stream_end(f, c, SERVER);
        if (opened(c))
            conn_open(f, c, CLIENT, last);
        c->facts.evicted = evicted;
        c->facts.syns = flow->syns;
    }
    bool unanswered = flow->syns != 0 && !flow->told && (c == NULL || !c->beyond_syn);
    if (unanswered && !evicted && (flow->syns > 1 || f->now - flow->syn_ns >= OPENING_PATIENCE))
        flows_push(f, flow, WIRE_TIMEOUT, CLIENT, last);
    flows_push(f, flow, WIRE_END, CLIENT, last);
    flow->done = true;
    flow->lingering = false;
    drop_conn(f, flow);
}

/* The next to end have not been looked at for long: their parts are asked for in good time, one behind the other. */
static void fetch_next_over(const struct over_list *list)
{
    const struct conn *next = list->first;
    if (next == NULL || next->next_over == NULL)
        return;
    fetch_early(next->flow->slot, SLOT_START);
    fetch_early(next->next_over->flow, sizeof *next->flow);
    fetch_early(next->next_over->next_over, sizeof *next);
}

/* Ends what was closed and has been quiet since: some go on after a reset that was not theirs. */
static void linger_out(struct flows *f, struct over_list *list, bool reset)
{
    while (list->first != NULL && !within_linger(f->now, list->since, reset)) {
        struct conn *c = list->first;
        leave_over(f, c);
        fetch_next_over(list);
        if (reset && within_linger(f->now, c->flow->last_ns, reset))
            over(f, c, c->flow->last_ns);
        else
            conn_finish(f, c->flow, false);
    }
}

void conns_let_go(struct flows *f)
{
    linger_out(f, &f->over[0], false);
    linger_out(f, &f->over[1], true);
}

void conn_end_early(struct flows *f, struct flow *flow, bool evicted)
{
    if (flow->lingering)
        leave_over(f, flow->conn);
    conn_finish(f, flow, evicted);
}

void conn_leave(struct flows *f, struct flow *flow)
{
    uint32_t number = flow_detach(&f->table, flow);
    if (f->leaving_n == f->leaving_cap) {
        f->leaving_cap = f->leaving_cap != 0 ? f->leaving_cap * 2 : 64;
        f->leaving = mem_grow(f->leaving, f->leaving_cap, sizeof *f->leaving);
    }
    f->leaving[f->leaving_n++] = number;
}

void conn_replace(struct flows *f, struct flow *flow)
{
    conn_end_early(f, flow, false);
    conn_leave(f, flow);
}

/* Makes room: a hand goes round over the tuples and takes what is over or half open; an open connection is spared
 * once after each of its packets. */
void conns_keep_within(struct flows *f, const struct flow *keep)
{
    size_t freed = 0;
    for (size_t i = 0; i < 2 * f->table.n && i < LOOKS_AT_ONCE && freed < EVICT_AT_ONCE; i++) {
        struct flow *flow = flow_at(&f->table, f->sweep++ % f->table.n);
        if (flow == NULL || flow == keep || flow->detached)
            continue;
        struct conn *c = flow->conn;
        if (flow->waits && early_spare(flow))
            continue;
        if (c != NULL && c->over_since == 0 && opened(c) && !c->spared) {
            c->spared = true;
            continue;
        }
        f->facts.evicted += !flow->done;
        conn_end_early(f, flow, true);
        conn_leave(f, flow);
        freed++;
    }
}

/* ---- its segments ---- */

enum side conn_start(struct flows *f, struct flow *flow, const struct segment *seg)
{
    bool syn = (seg->flags & FLAG_SYN) != 0, ack = (seg->flags & FLAG_ACK) != 0;
    bool sender_is_client = syn ? !ack : flow->ends[CLIENT].port >= flow->ends[SERVER].port;
    if (!sender_is_client) {
        struct endpoint sender = flow->ends[CLIENT];
        flow->ends[CLIENT] = flow->ends[SERVER];
        flow->ends[SERVER] = sender;
    }
    flow->stream = f->tcp_streams++;
    f->facts.streams++;
    return sender_is_client ? CLIENT : SERVER;
}

bool conn_syn_starts_anew(struct flow *flow, enum side s, const struct segment *seg)
{
    if ((flow->has_base & (1 << s)) == 0)
        return false;
    if ((seg->flags & FLAG_ACK) == 0)
        return flow->base[s] != seg->seq;
    flow->base[s] = seg->seq; /* the server may answer again with another number */
    return false;
}

bool conn_goes_on(const struct flow *flow, const struct segment *seg, bool payload)
{
    return flow->silent == SILENT_SO_FAR && (payload || (seg->flags & (FLAG_SYN | FLAG_ACK)) == (FLAG_SYN | FLAG_ACK));
}

void conn_set_base(struct flow *flow, enum side s, const struct segment *seg)
{
    enum side other = other_side(s);
    bool      syn = (seg->flags & FLAG_SYN) != 0, ack = (seg->flags & FLAG_ACK) != 0;
    if ((flow->has_base & (1 << s)) == 0)
        flow->base[s] = syn ? seg->seq : seg->seq - 1;
    if ((flow->has_base & (1 << other)) == 0 && ack)
        flow->base[other] = seg->ack - 1;
    flow->has_base = (flow->has_base | 1u << s | (ack ? 1u << other : 0)) & 3;
}

static void take_syn(struct flow *flow, const struct segment *seg, const struct packet *p)
{
    if (flow->syns == 0) {
        flow->syn_frame = p->frame & FRAMES;
        flow->syn_ns = p->ns;
        flow->syn.ip_id = seg->ip_id;
        flow->syn.window = seg->window;
        flow->syn.mss = seg->mss;
        flow->syn.ttl = seg->ttl;
        flow->syn.flags = (uint8_t)seg->flags;
        flow->syn.options = (uint8_t)seg->options;
    }
    bool again = flow->syns == 0 || seg->ip_id != flow->syn.ip_id || p->ns - flow->last_ns >= REPEAT_MIN;
    if (again && flow->syns < UINT16_MAX)
        flow->syns++;
}

static void take_syn_ack(struct flows *f, struct conn *c, const struct segment *seg, const struct packet *p)
{
    count_up(&c->facts.syn_acks);
    if (c->facts.syn_ack.frame == 0) {
        c->facts.syn_ack = place_of(p);
        c->facts.syn_ack_seg = *seg;
    }
    if (c->facts.bytes[SERVER] == 0) /* it may answer again with another number */
        stream_starts(f, c, SERVER, seg->seq + 1);
    if (!c->side[CLIENT].based)
        stream_starts(f, c, CLIENT, seg->ack);
}

/* Does this reset answer the SYN (RFC 9293 section 3.10.7.1)? It acknowledges the SYN and what came in it, or it has
 * no numbers at all. Any other answers something later that is not in the capture. */
static bool answers_syn(const struct flow *flow, const struct segment *seg)
{
    enum { DATA_MAX = 1460 };
    uint32_t acked = seg->ack - flow->base[CLIENT] - 1; /* beyond the SYN; numbers wrap */
    bool     data = flow->conn != NULL && flow->conn->facts.fast_open;
    return (seg->flags & FLAG_ACK) != 0 ? acked <= (data ? DATA_MAX : 0u) : seg->seq == 0;
}

static void refuse(struct flows *f, struct flow *flow, const struct segment *seg, const struct packet *p)
{
    flow->refused = flow->told = true;
    flows_push(f, flow, WIRE_REFUSED, SERVER, place_of(p))->seg = *seg;
    conn_end_early(f, flow, false);
}

static void reset(struct flows *f, struct conn *c, enum side s, const struct segment *seg, const struct packet *p)
{
    stream_end(f, c, CLIENT);
    stream_end(f, c, SERVER);
    c->rst = true;
    if (opened(c))
        conn_open(f, c, s, place_of(p));
    struct wire_event *e = flows_push(f, c->flow, WIRE_RST, s, place_of(p));
    e->at = c->side[s].next;
    e->seg = *seg;
}

/* Both sides have closed and have said that all of the other has come: there is nothing left to wait for. */
static bool closed_and_acked(const struct conn *c)
{
    for (int s = 0; s < 2; s++) {
        if (!c->side[s].fin_given || c->facts.acked[s] <= c->side[s].fin_at)
            return false;
    }
    return !c->rst;
}

static bool is_first_syn(enum side s, const struct segment *seg)
{
    return s == CLIENT && (seg->flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN;
}

__attribute__((always_inline)) static inline void take(struct flows *f, struct flow *flow, enum side s, const struct cut *body, const struct segment *seg, const struct packet *p)
{
    bool syn = (seg->flags & FLAG_SYN) != 0, ack = (seg->flags & FLAG_ACK) != 0, rst = (seg->flags & FLAG_RST) != 0;
    bool first_syn = is_first_syn(s, seg);
    struct conn      *c = conn_of(f, flow);
    struct tcp_facts *facts = &c->facts;
    enum side         other = other_side(s);
    c->beyond_syn |= !first_syn;
    c->spared = false;
    if (first_syn || facts->syn.frame == 0)
        adopt_syn(f, c);
    facts->last_seen[s] = place_of(p);
    facts->both_directions = facts->last_seen[CLIENT].frame != 0 && facts->last_seen[SERVER].frame != 0;
    facts->fast_open |= first_syn && body->len != 0;
    if (syn && ack && s == SERVER)
        take_syn_ack(f, c, seg, p);
    if (ack && !rst) {
        if (syn)
            stream_release(f, c, other, seg->ack != c->side[other].next_seq, place_of(p));
        stream_acked(c, other, seg->ack);
    }
    if (body->len == 0 && !rst && !syn)
        stream_sent(c, s, seg->seq);
    if (body->len != 0 && !rst)
        stream_payload(f, c, s, seg->seq + (syn ? 1 : 0), *body, p, seg);
    if ((seg->flags & FLAG_FIN) != 0)
        stream_fin(f, c, s, seg->seq + (uint32_t)body->len + (syn ? 1 : 0), p, seg);
    stream_patience(f, c, CLIENT);
    stream_patience(f, c, SERVER);
    if (rst && !c->rst)
        reset(f, c, s, seg, p);
    if (!c->rst && !(c->side[CLIENT].fin && c->side[SERVER].fin))
        return;
    if (closed_and_acked(c))
        conn_end_early(f, flow, false);
    else
        over(f, c, p->ns);
}

void conn_take(struct flows *f, struct flow *flow, enum side s, const struct cut *body, const struct segment *seg, const struct packet *p)
{
    take(f, flow, s, body, seg, p);
}

void conn_segment(struct flows *f, struct flow *flow, enum side s, const struct cut *body, const struct segment *seg, const struct packet *p)
{
    bool first_syn = is_first_syn(s, seg), rst = (seg->flags & FLAG_RST) != 0;
    if (flow->done) {
        flow->last_ns = p->ns;
        return;
    }
    bool waits = (flow->waits || f->begun >= f->many) && early_keeps(f, flow, s, body, seg, p);
    if (flow->waits && !waits)
        early_ends(f, flow);
    if (first_syn)
        take_syn(flow, seg, p);
    flow->last_ns = p->ns;
    flow->last_frame = p->frame & FRAMES;
    if (waits || (flow->conn == NULL && first_syn && body->len == 0))
        return;
    if (rst && s == SERVER && flow->syns != 0 && (flow->conn == NULL || !flow->conn->beyond_syn) && answers_syn(flow, seg))
        refuse(f, flow, seg, p);
    else
        take(f, flow, s, body, seg, p);
}

void conn_unreachable(struct flows *f, struct flow *flow, enum side s, unsigned type, unsigned code, bool too_big, const struct packet *p)
{
    if (flow->done)
        return;
    early_ends(f, flow);
    if (too_big) {
        struct place *where = &conn_of(f, flow)->facts.too_big[s];
        *where = where->frame == 0 ? place_of(p) : *where;
        return;
    }
    flow->told = true;
    flows_push(f, flow, WIRE_UNREACHABLE, other_side(s), place_of(p))->code = (int)(type << 8 | code);
}

static void kernel_knew(struct flow *flow, const struct mark *m)
{
    struct conn *c = flow->conn;
    flow->syns = m->syns > flow->syns ? m->syns & UINT16_MAX : flow->syns;
    if (c == NULL)
        return;
    if (m->acked > c->facts.acked[CLIENT] && m->acked <= c->facts.bytes[CLIENT])
        c->facts.acked[CLIENT] = m->acked;
    c->facts.retransmissions[CLIENT] = m->retransmissions;
}

void conn_mark(struct flows *f, struct flow *flow, const struct mark *m)
{
    struct place at = { .frame = flow->last_frame, .ns = m->ns };
    early_ends(f, flow);
    if (m->kind == MARK_KERNEL) {
        kernel_knew(flow, m);
    } else if (m->kind == MARK_STOPPED || m->kind == MARK_GAVE_UP) {
        flow->told = true;
        flows_push(f, flow, m->kind == MARK_STOPPED ? WIRE_STOPPED : WIRE_TIMEOUT, CLIENT, at);
    }
}
