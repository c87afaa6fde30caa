/* observe.c - wire events in, handshakes out: connections, their bytes in order, their closes. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "observe_conn.h"

struct observer *observer_new(struct cert_store *certs, struct flows *flows)
{
    struct observer *o = mem_get(1, sizeof *o);
    o->certs = certs;
    o->flows = flows;
    o->finished_end = &o->finished;
    return o;
}

void observer_certs(struct observer *o, struct cert_store *certs) { o->certs = certs; }

static _Thread_local struct pool conns = { .size = sizeof(struct conn) };

void conn_drop(struct conn *c)
{
    for (int w = 0; w < 2; w++) {
        forget_bytes(&c->side[w].buf, &c->side[w].cap);
        forget_bytes(&c->side[w].hs, &c->side[w].hs_cap);
    }
    forget_13(c);
    forget_12(c);
    tap_free(c);
    pool_put(&conns, c);
}

static void conn_free(struct conn *c)
{
    handshake_free(c->h);
    conn_drop(c);
}

void observer_free(struct observer *o)
{
    if (o == NULL)
        return;
    rest_free(o);
    datagrams_forget(o);
    for (struct conn *list = o->open, *c; (c = list) != NULL; conn_free(c))
        list = c->after;
    for (struct conn *list = o->finished, *c; (c = list) != NULL; conn_free(c))
        list = c->after;
    free(o);
}

size_t   observer_open(const struct observer *o) { return o->open_n + o->resting_n; }

void observer_secrets(struct observer *o, secrets_source *ask, void *ctx)
{
    o->ask = ask;
    o->ask_ctx = ctx;
}

const struct handshake *observing(const void *slot) { return slot != NULL ? ((const struct conn *)slot)->cur : NULL; }

struct handshake *observed(struct observer *o)
{
    struct conn *c = o->finished;
    if (c == NULL)
        return NULL;
    o->finished = c->after;
    if (o->finished == NULL)
        o->finished_end = &o->finished;
    struct handshake *h = c->h;
    c->h = NULL;
    conn_free(c);
    return h;
}

struct conn *conn_get(void) { return pool_get(&conns); }

void conn_list(struct observer *o, struct conn *c)
{
    c->o = o;
    c->after = o->open;
    if (o->open != NULL)
        o->open->before = c;
    o->open = c;
    o->open_n++;
}

struct conn *conn_new(struct observer *o, const struct wire_event *ev)
{
    struct conn *c = conn_get();
    c->h = c->cur = handshake_new();
    c->h->stream = ev->stream;
    c->h->ends[CLIENT] = ev->ends[CLIENT];
    c->h->ends[SERVER] = ev->ends[SERVER];
    c->h->first = (struct place){ .frame = ev->frame, .ns = ev->ns };
    conn_list(o, c);
    return c;
}

void conn_unlink(struct conn *c)
{
    if (c->o->hand == c)
        c->o->hand = c->after;
    if (c->before != NULL)
        c->before->after = c->after;
    else
        c->o->open = c->after;
    if (c->after != NULL)
        c->after->before = c->before;
    c->before = c->after = NULL;
    c->o->open_n--;
}

/* ------------------------------------------------------------------------------------ bytes */

/* Most of what waits is the start of a server's flight. */
enum { SMALL_BUFFER = 4096 };
static _Thread_local struct pool buffers = { .size = SMALL_BUFFER };

void forget_bytes(uint8_t **buf, size_t *cap)
{
    if (*cap == SMALL_BUFFER) {
        pool_put(&buffers, *buf);
    } else if (*buf != NULL) {
        memory_note(0, *cap);
        free(*buf);
    }
    *buf = NULL;
    *cap = 0;
}

void keep_bytes(uint8_t **buf, size_t *n, size_t *cap, const uint8_t *p, size_t len)
{
    if (len == 0)
        return;
    if (*n + len > *cap) {
        size_t   room = *n + len > 2 * *cap ? *n + len : 2 * *cap;
        uint8_t *more = room <= SMALL_BUFFER ? pool_take(&buffers) : malloc(room);
        if (more == NULL)
            mem_fail();
        room = room <= SMALL_BUFFER ? SMALL_BUFFER : room;
        if (room != SMALL_BUFFER)
            memory_note(room, 0);
        if (*n != 0)
            memcpy(more, *buf, *n);
        forget_bytes(buf, cap);
        *buf = more;
        *cap = room;
    }
    memcpy(*buf + *n, p, len);
    *n += len;
}

/* The body of an application record is of no use once all about the handshake is known. */
static void skip_bulk(struct conn *c, enum side w)
{
    struct side_state          *s = &c->side[w];
    const struct side_progress *p = &c->cur->side[tls_side(c, w)];
    bool known = handshake_done(c->cur) ? p->enc_records >= ENC_KEPT : p->app_records >= ENC_KEPT;
    if (s->body_left <= 1 || s->rec.type != TLS_APPLICATION_DATA || !known || s->wrap.on || c->o->flows == NULL)
        return;
    flows_skip(c->o->flows, c->ev, w, s->body_left - 1); /* the last byte comes: with it the record is complete */
    s->next += s->body_left - 1;
    s->body_left = 1;
}

/* Hands `in` on; what is not taken stays for the next time. */
static void feed_bare(struct conn *c, enum side w, struct bytes in)
{
    struct side_state *s = &c->side[w];
    /* A dialog nobody understood has led to TLS. */
    if (s->reading == READ_START && s->n > 0 && starts_with_hello(in)) {
        begin_plain(c, w, (struct bytes){ s->buf, s->n });
        s->n = 0;
    }
    if (s->n == 0) {
        s->at = s->next - in.n;
        size_t took = take_bytes(c, w, in);
        keep_bytes(&s->buf, &s->n, &s->cap, in.p + took, in.n - took);
    } else {
        keep_bytes(&s->buf, &s->n, &s->cap, in.p, in.n);
        size_t took = take_bytes(c, w, (struct bytes){ s->buf, s->n });
        s->n -= took;
        if (took > 0)
            memmove(s->buf, s->buf + took, s->n);
    }
}

static void feed(struct conn *c, enum side w, struct bytes in)
{
    struct side_state *s = &c->side[w];
    if (s->reading == READ_NOTHING)
        return;
    if (!s->wrap.on) {
        feed_bare(c, w, in);
        return;
    }
    uint8_t *bare = mem_get(in.n, 1);
    feed_bare(c, w, (struct bytes){ bare, prelude_unwrap(&s->wrap, in, bare) });
    free(bare);
}

static void on_gap(struct conn *c, enum side w, uint64_t end)
{
    struct side_state *s = &c->side[w];
    if (c->hole[w] == 0)
        c->hole[w] = c->ev->frame != 0 ? c->ev->frame : 1;
    tap_gap(c, w);
    if (end != 0 && end <= s->next) /* inside a body that was passed over anyway */
        return;
    take_rest(c, w);
    s->n = s->hs_n = 0;
    s->hs_skip = s->body_left = 0;
    s->segments = s->records = 0;
    s->next = end != 0 ? end : s->next;
    s->unsure = true;
    if (s->reading != READ_NOTHING)
        s->reading = READ_LOST;
}

static void on_bytes(struct conn *c, const struct wire_event *ev)
{
    enum side          w = ev->from;
    struct side_state *s = &c->side[w];
    struct bytes       in = { ev->bytes, ev->len };
    if (ev->at < s->next) { /* skipped, or seen */
        size_t known = s->next - ev->at < in.n ? (size_t)(s->next - ev->at) : in.n;
        in = (struct bytes){ in.p + known, in.n - known };
    } else if (ev->at > s->next) {
        on_gap(c, w, ev->at);
    }
    if (in.n == 0)
        return;
    s->next += in.n;
    s->segments = s->n > 0 || s->hs_n > 0 ? s->segments + 1 : 1;
    s->last = (struct place){ .frame = ev->frame, .ns = ev->ns, .at = ev->at, .len = ev->len };
    if (c->tap != NULL || s->reading == READ_START) /* a fetch begins with the first bytes */
        tap_bytes(c, w, in);
    feed(c, w, in);
    enum side back = other(w);
    /* What was said in haste: this may be what it waited for. */
    if (c->side[back].n > 0 && c->side[back].reading == READ_START)
        feed(c, back, (struct bytes){ (const uint8_t *)"", 0 });
    skip_bulk(c, w);
    if (s->n == 0 && s->cap != 0) /* whoever needs one next finds it in the cache */
        forget_bytes(&s->buf, &s->cap);
    if (s->hs_n == 0 && s->hs_cap != 0)
        forget_bytes(&s->hs, &s->hs_cap);
    if (s->reading == READ_NOTHING && c->o->flows != NULL && !tap_wants(c, w)) /* looked long enough: only the closes are of interest */
        flows_skip(c->o->flows, ev, w, UINT64_MAX);
}

/* ------------------------------------------------------------------------------------ closes and the end */

/* How much of that side's stream a closing segment acknowledges; false where that is not known. */
static bool acked_by(const struct tcp_facts *tcp, const struct segment *seg, enum side of, uint64_t *out)
{
    enum { FLAG_ACK = 16 };
    const struct segment *opening = tcp == NULL ? NULL : of == CLIENT ? &tcp->syn_seg : &tcp->syn_ack_seg;
    if (opening == NULL || !opening->seen || !seg->seen || (seg->flags & FLAG_ACK) == 0)
        return false;
    uint32_t acked = seg->ack - opening->seq - 1; /* numbers wrap */
    bool     fits = acked <= tcp->bytes[of] + tcp->missing[of];
    *out = fits ? acked : 0;
    return fits;
}

static void on_close(struct conn *c, const struct wire_event *ev)
{
    struct handshake *h = c->h;
    enum side         back = other(ev->from);
    int64_t           peer = ev->tcp != NULL ? ev->tcp->last_seen[back].ns : 0;
    if (c->side[back].last.frame != 0)
        peer = c->side[back].last.ns;
    struct closing it = { .by = tls_side(c, ev->from),
                          .how = ev->kind == WIRE_FIN ? CLOSE_FIN : CLOSE_RST,
                          .seg = ev->seg,
                          .where = { .frame = ev->frame, .ns = ev->ns, .at = ev->at },
                          .since_peer = peer != 0 && ev->ns >= peer ? ev->ns - peer : -1 };
    it.acks = acked_by(ev->tcp, &ev->seg, back, &it.acked);
    drop_held_alert(c, ev->from, true);
    if (h->close.how == CLOSE_NONE) {
        h->close = it;
    } else if (it.where.frame < h->close.where.frame) { /* it waited for bytes that were missing before it */
        if (h->close.by != it.by)
            h->close2 = h->close;
        h->close = it;
    } else if (it.by != h->close.by && h->close2.how == CLOSE_NONE) {
        h->close2 = it;
    }
    h->known |= KNOW_CLOSE;
}

/* Turns what TCP counted round where the TLS client is the wire's server. */
static void turn_tcp(struct tcp_facts *t)
{
    SWAP_SIDES(t->retransmissions);
    SWAP_SIDES(t->bytes);
    SWAP_SIDES(t->missing);
    SWAP_SIDES(t->hole_at);
    SWAP_SIDES(t->hole_frame);
    SWAP_SIDES(t->acked);
    SWAP_SIDES(t->late_copy);
    SWAP_SIDES(t->last_seen);
    SWAP_SIDES(t->start_seen);
}

static void tcp_known(struct conn *c, const struct wire_event *ev)
{
    struct handshake *h = c->h;
    if (ev->tcp == NULL)
        return;
    h->tcp = *ev->tcp;
    if (c->flip)
        turn_tcp(&h->tcp);
    const struct place *a = &h->tcp.last_seen[CLIENT], *b = &h->tcp.last_seen[SERVER];
    h->last = a->frame >= b->frame ? *a : *b;
    if (h->tcp.syn.frame != 0 && (h->first.frame == 0 || h->tcp.syn.frame <= h->first.frame))
        h->first = h->tcp.syn;
    else if (h->tcp.syn_ack.frame != 0 && h->tcp.syn_ack.frame < h->first.frame)
        h->first = h->tcp.syn_ack;
    h->known |= h->tcp.syn.frame != 0 && h->tcp.syn_ack.frame != 0 ? KNOW_OPEN : 0u;
    h->known |= h->tcp.both_directions ? KNOW_BOTH_SIDES : 0u;
    bool closed = h->close.how != CLOSE_NONE;
    for (int w = 0; w < 2; w++)
        if (ev->tcp->start_seen[w] && (c->hole[w] == 0 || (closed && c->hole[w] > h->close.where.frame)))
            h->known |= tls_side(c, (enum side)w) == CLIENT ? KNOW_WHOLE_CLIENT : KNOW_WHOLE_SERVER;
}

void conn_over(struct conn *c)
{
    struct observer *o = c->o;
    conn_outcome(c);
    tap_read(c);
    conn_unlink(c);
    *o->finished_end = c;
    o->finished_end = &c->after;
}

static void on_end(struct conn *c, const struct wire_event *ev)
{
    struct handshake *h = c->h;
    for (int w = 0; w < 2; w++) {
        drop_held_alert(c, (enum side)w, true);
        take_rest(c, (enum side)w);
    }
    if (h->last.frame == 0)
        h->last = (struct place){ .frame = ev->frame, .ns = ev->ns };
    tcp_known(c, ev);
    h->start_ns = h->first.ns;
    h->end_ns = h->last.ns;
    h->at_end_of_capture = h->close.how == CLOSE_NONE && !h->refused && !h->unreachable && !h->stopped_by_us;
    conn_over(c);
    *ev->slot = NULL;
}

static void on_error(struct conn *c, const struct wire_event *ev)
{
    struct handshake *h = c->h;
    h->refused = h->refused || ev->kind == WIRE_REFUSED;
    h->unreachable = h->unreachable || ev->kind == WIRE_UNREACHABLE;
    h->timed_out = h->timed_out || ev->kind == WIRE_TIMEOUT;
    h->stopped_by_us = h->stopped_by_us || ev->kind == WIRE_STOPPED;
    h->code = ev->code != 0 ? ev->code : h->code;
    h->error_at = (struct place){ .frame = ev->frame, .ns = ev->ns };
}

uint64_t observer_memory(const struct observer *o)
{
    uint64_t sum = rest_memory(o);
    for (const struct conn *c = o->open; c != NULL; c = c->after) {
        const struct side_state *a = &c->side[0], *b = &c->side[1];
        sum += sizeof *c + sizeof *c->h + c->h->arena.used + a->cap + a->hs_cap + b->cap + b->hs_cap + tap_memory(c);
    }
    return sum;
}

bool observe(struct observer *o, const struct wire_event *ev)
{
    int64_t now = ev->kind == WIRE_END && o->flows != NULL ? flows_now(o->flows) : ev->ns;
    o->now = now > o->now ? now : o->now;
    bool datagram = ev->kind == WIRE_DATAGRAM || (ev->kind == WIRE_UNREACHABLE && ev->tcp == NULL);
    if (datagram)
        observe_datagram(o, ev);
    if (datagram || ev->slot == NULL)
        return o->finished != NULL;
    if (slot_rests(ev->slot))
        rest_ends(o, ev->slot);
    if (!o->thrifty || !takes_unopened(o, ev))
        observe_now(o, ev);
    return o->finished != NULL || o->unopened_ready || o->silent_ready;
}

void observe_now(struct observer *o, const struct wire_event *ev)
{
    struct conn *c = *ev->slot;
    if (c == NULL && ev->kind == WIRE_OPEN) /* nothing to observe yet: tcp_facts will tell of it */
        return;
    if (c == NULL) {
        rest_some(o);
        *ev->slot = c = conn_new(o, ev);
        c->slot = ev->slot;
    }
    c->ev = ev;
    c->stirred = true;
    if (ev->tcp != NULL)
        memcpy(c->start_seen, ev->tcp->start_seen, sizeof c->start_seen);
    switch (ev->kind) {
    case WIRE_BYTES:
        on_bytes(c, ev);
        break;
    case WIRE_GAP:
        on_gap(c, ev->from, ev->len != 0 ? ev->at + ev->len : 0);
        break;
    case WIRE_FIN:
    case WIRE_RST:
        on_close(c, ev);
        break;
    case WIRE_REFUSED:
    case WIRE_UNREACHABLE:
    case WIRE_TIMEOUT:
    case WIRE_STOPPED:
        on_error(c, ev);
        break;
    case WIRE_END:
        on_end(c, ev);
        return;
    case WIRE_OPEN:
    case WIRE_DATAGRAM:
        break;
    }
}
