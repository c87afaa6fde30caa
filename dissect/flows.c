/* Packets in, wire events out.
 *
 * Events of one packet are collected and given one by one; what the observer says meanwhile about bytes it does not
 * need (flows_skip) is applied when an event is given. */
#include "flows_parts.h"

#include "tlswhy/reader.h"

#include <stdlib.h>
#include <string.h>

struct flows *flows_new(size_t memory)
{
    struct flows *f = mem_get(1, sizeof *f);
    flow_table_init(&f->table);
    f->unwrap = unwrap_new();
    f->memory = memory;
    f->many = SIZE_MAX;
    return f;
}

void flows_thrifty(struct flows *f, size_t many) { f->many = many; }

void flows_spend(struct flows *f)
{
    if (f->spent != NULL)
        pieces_free(f->spent);
    f->spent = NULL;
    if (f->spent_early != NULL)
        early_free(f->spent_early);
    f->spent_early = NULL;
    while (f->spent_conns != NULL) {
        struct conn *next = f->spent_conns->next_over;
        conn_free(f->spent_conns);
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
    flows_spend(f);
    for (size_t i = 0; i < f->table.n; i++) {
        struct flow *flow = flow_at(&f->table, i);
        if (flow != NULL && flow->conn != NULL)
            conn_free(flow->conn);
        if (flow != NULL && flow->waits)
            early_free(flow->early);
    }
    flow_table_free(&f->table);
    unwrap_free(f->unwrap);
    free(f->event);
    free(f->leaving);
    free(f);
}

struct wire_event *flows_push(struct flows *f, struct flow *flow, enum wire_kind kind, enum side from, struct place at)
{
    if (f->events == f->event_cap) {
        f->event_cap = f->event_cap != 0 ? f->event_cap * 2 : 32;
        f->event = mem_grow(f->event, f->event_cap, sizeof *f->event);
    }
    struct pending *e = &f->event[f->events++];
    *e = (struct pending){ .ev = { .kind = kind, .from = from, .frame = at.frame, .ns = at.ns, .stream = flow->stream },
                           .flow = flow, .conn = flow->conn };
    return &e->ev;
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

enum { PORTS = 4, HEADER_START = 16, HEADER = 20 }; /* bytes of a TCP header: the ports; up to the window; without options */

static void set_ports(struct transport *t)
{
    t->src.port = be16(t->body.p);
    t->dst.port = be16(t->body.p + 2);
}

/* The connection of a TCP header of which HEADER_START bytes are there, whose ports are set. These tell all that Wireshark
 * numbers streams by, so whatever else is wrong with the packet, or cut off, it has its number. */
__attribute__((always_inline)) static inline struct flow *flow_of_header(struct flows *f, const struct transport *t, uint32_t hash, struct segment *seg, enum side *s)
{
    const uint8_t *h = t->body.p;
    bool           fresh = false;
    *seg = (struct segment){ .seen = true, .ttl = t->ttl, .flags = h[13], .ip_id = t->ip_id, .window = be16(h + 14), .seq = be32(h + 4),
                             .ack = be32(h + 8) };
    struct flow *flow = flow_find_hashed(&f->table, hash, &t->src, &t->dst, PROTO_TCP, true, s, &fresh);
    bool payload = t->body.len > (size_t)(h[12] >> 4) * 4;
    if (!fresh && (conn_starts_anew(flow, *s, seg) || conn_goes_on(flow, seg, payload))) {
        conn_replace(f, flow);
        flow = flow_find_hashed(&f->table, hash, &t->src, &t->dst, PROTO_TCP, true, s, &fresh);
    }
    if (fresh)
        *s = conn_start(f, flow, seg);
    return flow;
}

static void tcp(struct flows *f, const struct transport *t, uint32_t hash, const struct packet *p)
{
    struct cut     body = t->body;
    struct segment seg;
    enum side      s = CLIENT;
    size_t header = (size_t)(body.p[12] >> 4) * 4, there = header < body.cap ? header : body.cap;
    f->facts.tcp_packets++;
    f->last = flow_of_header(f, t, hash, &seg, &s);
    if (header <= body.len)
        conn_note_base(f->last, s, &seg);
    if (header < HEADER || header > body.len) {
        f->facts.malformed++;
        return;
    }
    if ((seg.flags & FLAG_SYN) != 0 && there > HEADER)
        options(body.p + HEADER, there - HEADER, &seg);
    body = (struct cut){ body.p + there, body.cap - there, body.len - header };
    conn_segment(f, f->last, s, &body, &seg, p);
    if (f->memory != 0 && memory_in_use() + f->queued > f->memory)
        conns_keep_within(f, f->last);
}

static void udp(struct flows *f, struct transport *t, const struct packet *p)
{
    bool      fresh = false;
    enum side s = CLIENT;
    if (t->body.cap < 8)
        return;
    set_ports(t);
    struct flow *flow = flow_find(&f->table, &t->src, &t->dst, PROTO_UDP, true, &s, &fresh);
    if (fresh) {
        flow->stream = f->udp_streams++;
        if (t->src.port < t->dst.port) { /* the higher port is the client's */
            flow->ends[CLIENT] = t->dst;
            flow->ends[SERVER] = t->src;
            s = SERVER;
        }
    }
    f->last = flow;
    struct cut body = t->body;
    cut_to(&body, be16(body.p + 4) >= 8 ? be16(body.p + 4) : body.len);
    cut_off(&body, 8);
    struct wire_event *e = flows_push(f, flow, WIRE_DATAGRAM, s, place_of(p));
    e->bytes = body.p;
    e->len = body.cap;
    flow->last_ns = p->ns;
    flow->last_frame = p->frame & FRAMES;
}

/* ICMP errors quote the header of the packet they are about: no traffic of their own, but a fact of that connection.
 * Too big for the path: RFC 1191 section 4, RFC 4443 section 3.2. */
static void icmp(struct flows *f, const struct transport *t, const struct packet *p)
{
    struct transport quoted;
    struct segment   seg;
    struct cut       c = t->body;
    bool             v6 = t->proto == PROTO_ICMPV6, fresh = false;
    enum side        s = CLIENT;
    if (c.cap < 8)
        return;
    unsigned type = c.p[0], code = c.p[1];
    bool     error = v6 ? type >= 1 && type <= 4 : type == 3 || type == 11 || type == 12;
    bool     too_big = v6 ? type == 2 : type == 3 && code == 4;
    cut_off(&c, 8);
    if (!error || !ip_header(&c, &quoted) || (quoted.proto != PROTO_TCP && quoted.proto != PROTO_UDP) || quoted.body.cap < PORTS)
        return;
    if (quoted.proto == PROTO_TCP && quoted.body.cap >= HEADER_START) {
        set_ports(&quoted);
        f->last = flow_of_header(f, &quoted, flow_hash(&f->table, &quoted.src, &quoted.dst, PROTO_TCP), &seg, &s);
    } else { /* RFC 792 demands no more than 8 bytes */
        set_ports(&quoted);
        f->last = flow_find(&f->table, &quoted.src, &quoted.dst, quoted.proto, false, &s, &fresh);
    }
    if (f->last != NULL && quoted.proto == PROTO_UDP && !too_big)
        flows_push(f, f->last, WIRE_UNREACHABLE, s == CLIENT ? SERVER : CLIENT, place_of(p))->code = (int)(type << 8 | code);
    else if (f->last != NULL && quoted.proto == PROTO_TCP)
        conn_unreachable(f, f->last, s, type, code, too_big, p);
}

bool flows_stream(const struct flows *f, uint32_t *stream, bool *datagram)
{
    *stream = f->last != NULL ? f->last->stream : 0;
    *datagram = f->last != NULL && f->last->proto == PROTO_UDP;
    return f->last != NULL;
}

enum { SOON = 2 };

/* The connection of a packet that comes soon. */
static void fetch_next(const struct flows *f, uint64_t frame)
{
    const struct ahead *a = &f->ahead[frame % FLOWS_AHEAD];
    if (a->p == NULL || a->flow == NULL)
        return;
    fetch_early(a->flow->conn, sizeof *a->flow->conn);
    fetch_early(a->flow->slot, SLOT_START);
}

/* What is found at one place tells where to ask next: a round over all packets for each step, so that nobody waits. */
void flows_ahead(struct flows *f, const struct packet *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct ahead *a = &f->ahead[p[i].frame % FLOWS_AHEAD];
        a->p = NULL;
        if (!plain_frame(&p[i], &a->t) || a->t.body.cap < HEADER_START)
            continue;
        a->p = p[i].p;
        set_ports(&a->t);
        a->hash = flow_hash(&f->table, &a->t.src, &a->t.dst, PROTO_TCP);
        flow_look_ahead(&f->table, a->hash);
    }
    for (size_t i = 0; i < n; i++) {
        struct ahead *a = &f->ahead[p[i].frame % FLOWS_AHEAD];
        a->flow = a->p != NULL ? flow_guess(&f->table, a->hash) : NULL;
        fetch_early(a->flow, sizeof *a->flow);
    }
    for (size_t i = 0; i < n && i < SOON; i++)
        fetch_next(f, p[i].frame);
}

bool flows_packet(struct flows *f, const struct packet *p, struct err *err)
{
    struct transport t;
    flows_spend(f);
    f->last = NULL;
    f->now = p->ns;
    conns_linger_out(f);
    struct ahead *a = &f->ahead[p->frame % FLOWS_AHEAD];
    fetch_next(f, p->frame + SOON);
    if (a->p == p->p && a->p != NULL) {
        a->p = NULL;
        if (a->flow != NULL && !a->flow->detached)
            f->table.last = a->flow;
        tcp(f, &a->t, a->hash, p);
        return true;
    }
    enum layer found = unwrap_packet(f->unwrap, p, &t);
    f->facts.fragments = unwrap_fragments(f->unwrap);
    switch (found) {
    case LAYER_TRANSPORT:
        if (t.proto == PROTO_TCP && t.body.cap < HEADER_START) {
            f->facts.malformed++;
            return true;
        }
        if (t.proto == PROTO_TCP) {
            set_ports(&t);
            tcp(f, &t, flow_hash(&f->table, &t.src, &t.dst, PROTO_TCP), p);
            return true;
        }
        if (t.proto == PROTO_UDP)
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
        memcpy(f->facts.eap, unwrap_eap(f->unwrap), sizeof f->facts.eap);
        break;
    }
    f->facts.other_packets++;
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
            ev->tcp = e->flow->proto != PROTO_TCP ? NULL : e->conn != NULL ? &e->conn->facts : conn_bare_facts(f, e->flow);
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
        flows_spend(f);
        while (f->events == 0 && f->end_at < f->table.n) {
            flow_done_before(&f->table, f->end_at);
            struct flow *flow = flow_at(&f->table, f->end_at++);
            if (flow != NULL)
                conn_finish(f, flow, false);
        }
        if (f->events == 0)
            return false;
    }
}

void flows_mark(struct flows *f, const struct mark *m)
{
    enum side from = CLIENT;
    bool      fresh = false;
    flows_spend(f);
    struct flow *flow = flow_find(&f->table, &m->ends[CLIENT], &m->ends[SERVER], PROTO_TCP, false, &from, &fresh);
    if (flow != NULL && !flow->done)
        conn_mark(f, flow, m);
}

int64_t flows_now(const struct flows *f) { return f->now; }

void flows_end(struct flows *f)
{
    flows_spend(f);
    f->ending = true;
    flow_table_close(&f->table);
    f->over[0] = f->over[1] = (struct over_list){ 0 };
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
