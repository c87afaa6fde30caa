/* observe_datagram.c - DTLS and QUIC: datagrams in, the same handshakes out. A connection is known by its UDP stream, and is
 * begun only by a datagram that is plainly one of these; it ends with the input, or after a silence. */
#include <stdlib.h>
#include <string.h>

#include "observe_conn.h"
#include "tlswhy/dtls.h"
#include "tlswhy/quic.h"

enum { OPEN_MAX = 4096, BUCKETS = 1024, WAITING_MAX = 16, CRYPTO_MAX = 64 * 1024, DATAGRAM_MAX = 65536 };
#define IDLE_NS (60 * NS_PER_S)
#define LIVE_NS (30 * NS_PER_S) /* by then a DTLS client has sent its hello five times (RFC 6347 section 4.2.4) */

/* A message of DTLS whose fragments are gathered; `have` has a flag for each byte. */
struct waiting {
    uint8_t *bytes, *have; /* bytes: with the 4-byte header of TLS in front */
    size_t   len, got;
    uint16_t seq;
    uint8_t  type;
    struct place where;
};

struct dtls_side {
    struct waiting waiting[WAITING_MAX];
    size_t         n;
    uint16_t       next; /* message_seq that is due */
    bool           begun;
    uint64_t       records[2], end[2]; /* by epoch 0 and 1: which of the first 64 were seen, and the number behind the last of them */
};

/* Handshake bytes of QUIC, as they come; those before `taken` were handed on. */
struct crypto_side {
    uint8_t *bytes, *have;
    size_t   cap, end, taken;
    bool     one_rtt; /* a packet with a short header was seen */
};

struct datagrams {
    struct datagrams *next; /* in its bucket */
    struct datagrams *newer, *older;
    struct conn      *c;
    bool              quic;
    struct dtls_side  dtls[2];
    struct crypto_side crypto[2];
    struct quic_keys  keys[2];
    uint32_t          version; /* that the keys are for; 0 = none yet */
    bool              seen[2]; /* a datagram of this side */
    bool              again;   /* this datagram repeats what was said */
    uint64_t          bytes[2];
    int64_t           last_ns;
};

struct datagram_table {
    struct datagrams *bucket[BUCKETS];
    struct datagrams *newest, *oldest;
    size_t            n;
};

/* ------------------------------------------------------------------------------------ the table */

static struct datagrams **place_in(struct datagram_table *t, uint32_t stream)
{
    struct datagrams **at = &t->bucket[stream % BUCKETS];
    while (*at != NULL && (*at)->c->h->stream != stream)
        at = &(*at)->next;
    return at;
}

static void unlist(struct datagram_table *t, struct datagrams *d)
{
    *(d->newer != NULL ? &d->newer->older : &t->newest) = d->older;
    *(d->older != NULL ? &d->older->newer : &t->oldest) = d->newer;
}

static void list_newest(struct datagram_table *t, struct datagrams *d)
{
    d->newer = NULL;
    d->older = t->newest;
    *(t->newest != NULL ? &t->newest->newer : &t->oldest) = d;
    t->newest = d;
}

static void datagrams_free(struct datagrams *d)
{
    for (int w = 0; w < 2; w++) {
        for (size_t i = 0; i < d->dtls[w].n; i++) {
            free(d->dtls[w].waiting[i].bytes);
            free(d->dtls[w].waiting[i].have);
        }
        free(d->crypto[w].bytes);
        free(d->crypto[w].have);
    }
    free(d);
}

static uint64_t dtls_missing(const struct dtls_side *s);

static void finish(struct observer *o, struct datagrams *d)
{
    struct handshake *h = d->c->h;
    struct conn      *c = d->c;
    *place_in(o->datagrams, h->stream) = d->next;
    unlist(o->datagrams, d);
    o->datagrams->n--;
    drop_held_alert(c, CLIENT, true);
    drop_held_alert(c, SERVER, true);
    for (int w = 0; w < 2; w++) {
        h->tcp.bytes[tls_side(c, (enum side)w)] = d->bytes[w];
        h->tcp.missing[tls_side(c, (enum side)w)] = dtls_missing(&d->dtls[w]);
    }
    h->tcp.both_directions = d->seen[CLIENT] && d->seen[SERVER];
    /* A client that only repeats its hello got no answer: there is no other direction that the capture could lack. */
    if (h->tcp.retransmissions[CLIENT] != 0 && knows(h, KNOW_CLIENT_HELLO) && h->message_count == 1)
        h->known |= KNOW_BOTH_SIDES;
    h->known |= h->tcp.both_directions ? KNOW_BOTH_SIDES : 0u;
    h->known |= knows(h, KNOW_CLIENT_HELLO) && h->tcp.missing[CLIENT] == 0 ? KNOW_WHOLE_CLIENT : 0u;
    h->known |= knows(h, KNOW_CLIENT_HELLO) && h->tcp.missing[SERVER] == 0 ? KNOW_WHOLE_SERVER : 0u;
    h->start_ns = h->first.ns;
    h->end_ns = h->last.ns;
    h->at_end_of_capture = h->close.how == CLOSE_NONE;
    datagrams_free(d);
    conn_over(c);
}

static struct datagrams *begin(struct observer *o, const struct wire_event *ev, bool quic)
{
    if (o->datagrams == NULL)
        o->datagrams = mem_get(1, sizeof *o->datagrams);
    if (o->datagrams->n == OPEN_MAX)
        finish(o, o->datagrams->oldest);
    struct datagrams *d = mem_get(1, sizeof *d);
    *d = (struct datagrams){ .c = conn_new(o, ev), .quic = quic };
    d->c->h->datagram = true;
    *place_in(o->datagrams, ev->stream) = d;
    list_newest(o->datagrams, d);
    o->datagrams->n++;
    return d;
}

/* ------------------------------------------------------------------------------------ DTLS */

static struct waiting *waiting_for(struct dtls_side *s, const struct dtls_fragment *f)
{
    enum { HEADER = 4 };
    for (size_t i = 0; i < s->n; i++)
        if (s->waiting[i].seq == f->seq)
            return s->waiting[i].len == f->len && s->waiting[i].type == f->type ? &s->waiting[i] : NULL;
    if (s->n == WAITING_MAX)
        return NULL;
    struct waiting *w = &s->waiting[s->n++];
    *w = (struct waiting){ .bytes = mem_get(f->len + HEADER, 1), .have = mem_get(f->len + 1, 1), .len = f->len, .seq = f->seq, .type = f->type };
    w->bytes[0] = f->type;
    w->bytes[1] = (uint8_t)(f->len >> 16), w->bytes[2] = (uint8_t)(f->len >> 8), w->bytes[3] = (uint8_t)f->len;
    return w;
}

static void forget_waiting(struct dtls_side *s, struct waiting *w)
{
    free(w->bytes);
    free(w->have);
    *w = s->waiting[--s->n];
}

/* The second hello, with the cookie that was asked for, takes the place of the first (RFC 6347 section 4.2.1). */
static void hello_again(struct handshake *h)
{
    if (knows(h, KNOW_SERVER_HELLO) || !knows(h, KNOW_CLIENT_HELLO) || h->retry.raw.p != NULL)
        return;
    h->known &= ~(unsigned)KNOW_CLIENT_HELLO;
    h->hello = (struct client_hello){ .record_version = h->hello.record_version };
}

static void dtls_message(struct datagrams *d, enum side w, const struct waiting *m)
{
    enum { HEADER = 4 };
    struct conn *c = d->c;
    struct bytes whole = { m->bytes, m->len + HEADER };
    if (c->cur->side[tls_side(c, w)].handshake_bytes > DIRECTION_KEPT)
        return;
    if (m->type != HS_CLIENT_HELLO) {
        handshake_message(c, w, m->type, whole, m->where);
        return;
    }
    uint8_t *hello = mem_get(whole.n, 1);
    size_t   n = dtls_without_cookie((struct bytes){ whole.p + HEADER, m->len }, hello + HEADER, m->len);
    hello_again(c->cur);
    hello[0] = HS_CLIENT_HELLO;
    hello[1] = (uint8_t)(n >> 16), hello[2] = (uint8_t)(n >> 8), hello[3] = (uint8_t)n;
    if (n != 0)
        handshake_message(c, w, HS_CLIENT_HELLO, (struct bytes){ hello, n + HEADER }, m->where);
    free(hello);
}

/* Whole messages in their order; with `all` also those behind a gap: it will not be closed any more. */
static void dtls_deliver(struct datagrams *d, enum side w, bool all)
{
    struct dtls_side *s = &d->dtls[w];
    for (bool found = true; found;) {
        struct waiting *m = NULL;
        for (size_t i = 0; i < s->n; i++) {
            struct waiting *x = &s->waiting[i];
            if (x->got == x->len && (x->seq == s->next || all) && (m == NULL || x->seq < m->seq))
                m = x;
        }
        found = m != NULL;
        if (found) {
            s->next = (uint16_t)(m->seq + 1);
            dtls_message(d, w, m);
            forget_waiting(s, m);
        }
    }
}

static void dtls_handshake(struct datagrams *d, enum side w, struct bytes body, const struct wire_event *ev)
{
    struct dtls_side    *s = &d->dtls[w];
    struct reader        r = rd_of(body.p, body.n);
    struct dtls_fragment f;
    while (rd_more(&r) && dtls_fragment(&r, &f)) {
        bool start = !s->begun && (f.type <= HS_HELLO_VERIFY_REQUEST || f.seq <= 2);
        if (start) { /* where the first of them was not captured, what follows is still worth having */
            s->begun = true;
            s->next = f.seq;
        }
        struct waiting *m = f.seq < s->next ? NULL : waiting_for(s, &f); /* NULL: sent again */
        d->again = d->again || m == NULL;
        for (size_t i = 0; m != NULL && i < f.body.n; i++) {
            m->got += !m->have[f.at + i];
            if (!m->have[f.at + i])
                m->bytes[4 + f.at + i] = f.body.p[i];
            m->have[f.at + i] = 1;
        }
        if (m != NULL) {
            m->where = (struct place){ .frame = ev->frame, .ns = ev->ns, .len = m->len };
            d->c->side[w].segments = d->c->side[w].records = 1;
            d->c->cur->side[tls_side(d->c, w)].handshake_bytes += f.body.n;
        }
        dtls_deliver(d, w, s->n == WAITING_MAX);
    }
}

/* Records are numbered, so it shows which of them the capture lacks; what a number stands for is not known, so each counts as a small
 * one. In DTLS 1.3 the numbers are encrypted. */
static void dtls_number(struct dtls_side *s, const struct dtls_record *rec)
{
    enum { COUNTED = 64 };
    if (rec->unified || rec->epoch > 1 || rec->number >= COUNTED)
        return;
    s->records[rec->epoch] |= UINT64_C(1) << rec->number;
    s->end[rec->epoch] = rec->number + 1 > s->end[rec->epoch] ? rec->number + 1 : s->end[rec->epoch];
}

static uint64_t dtls_missing(const struct dtls_side *s)
{
    enum { SMALL_RECORD = 64 };
    uint64_t n = 0;
    for (int epoch = 0; epoch < 2; epoch++)
        n += s->end[epoch] - (uint64_t)__builtin_popcountll(s->records[epoch]);
    return n * SMALL_RECORD;
}

static void dtls_versions(struct conn *c, enum side w, uint16_t version)
{
    if (tls_side(c, w) == CLIENT && c->cur->hello.record_version == 0)
        c->cur->hello.record_version = version;
    else if (tls_side(c, w) == SERVER && c->cur->answer.record_version == 0)
        c->cur->answer.record_version = version;
}

static void dtls_one(struct datagrams *d, enum side w, const struct dtls_record *rec, const struct wire_event *ev)
{
    struct conn *c = d->c;
    struct place where = { .frame = ev->frame, .ns = ev->ns, .at = d->bytes[w], .len = rec->body.n + 13 };
    dtls_number(&d->dtls[w], rec);
    bool cookie_wanted = rec->epoch == 0 && rec->type == TLS_HANDSHAKE && rec->body.n > 0 && rec->body.p[0] == HS_HELLO_VERIFY_REQUEST;
    if (!cookie_wanted) /* that one answers no offer yet */
        c->h->tls_seen[tls_side(c, w)] = true;
    dtls_deliver(d, other(w), true); /* the other side goes on: it had all it waited for */
    if (rec->epoch != 0) { /* the epoch says that ChangeCipherSpec was sent, whether it was captured or not */
        c->cur->side[tls_side(c, w)].ccs = true;
        encrypted_record(c, w, rec->type, rec->body.n, where);
        /* A client that sends data has accepted the server's Finished: where that was lost, so were its copies. */
        if (rec->type == TLS_APPLICATION_DATA && tls_side(c, w) == CLIENT && !speaks_13(c))
            finished(c->cur, SERVER, where);
        return;
    }
    dtls_versions(c, w, rec->version);
    if (rec->type == TLS_HANDSHAKE)
        dtls_handshake(d, w, rec->body, ev);
    else if (rec->type == TLS_CHANGE_CIPHER_SPEC)
        change_cipher_spec(c, w, rec->version, where);
    else if (rec->type == TLS_ALERT && rec->body.n >= 2)
        clear_alerts(c, tls_side(c, w), rec->body.p, 2, rec->version, false, where);
}

static void dtls_datagram(struct datagrams *d, enum side w, const struct wire_event *ev)
{
    struct reader      r = rd_of(ev->bytes, ev->len);
    struct dtls_record rec;
    while (rd_left(&r) > 0 && dtls_record(&r, &rec))
        dtls_one(d, w, &rec, ev);
}

/* ------------------------------------------------------------------------------------ QUIC */

static void crypto_add(struct datagrams *d, enum side w, const struct quic_frame *f)
{
    struct crypto_side *s = &d->crypto[w];
    if (f->at > CRYPTO_MAX || f->body.n > CRYPTO_MAX - f->at)
        return;
    d->again = d->again || (f->body.n != 0 && f->at + f->body.n <= s->taken);
    size_t at = (size_t)f->at, end = at + f->body.n;
    if (end > s->cap) {
        size_t cap = end > 2 * s->cap ? end : 2 * s->cap;
        s->bytes = mem_grow(s->bytes, cap, 1);
        s->have = mem_grow(s->have, cap, 1);
        memset(s->have + s->cap, 0, cap - s->cap);
        s->cap = cap;
    }
    for (size_t i = at; i < end; i++) {
        if (!s->have[i])
            s->bytes[i] = f->body.p[i - at];
        s->have[i] = 1;
    }
    s->end = end > s->end ? end : s->end;
    size_t from = s->taken;
    while (s->taken < s->end && s->have[s->taken])
        s->taken++;
    if (s->taken > from) {
        d->c->side[w].records = 1;
        d->c->cur->side[tls_side(d->c, w)].handshake_bytes += s->taken - from;
        handshake_fragment(d->c, w, (struct bytes){ s->bytes + from, s->taken - from }, from);
    }
}

/* CONNECTION_CLOSE (RFC 9000 section 19.19): an alert of TLS, or an end for a reason of QUIC's own. */
static void quic_close(struct datagrams *d, enum side w, const struct quic_frame *f, struct place where)
{
    enum { CRYPTO_ERROR = 0x100, FATAL = 2 };
    struct conn *c = d->c;
    enum side    t = tls_side(c, w);
    uint8_t      alert[2] = { FATAL, (uint8_t)f->code };
    if (f->code >= CRYPTO_ERROR && f->code <= CRYPTO_ERROR + 0xff)
        clear_alerts(c, t, alert, sizeof alert, 0, false, where);
    if (c->h->close.how == CLOSE_NONE) {
        c->h->close = (struct closing){ .by = t, .how = CLOSE_FIN, .where = where, .since_peer = -1 };
        c->h->known |= KNOW_CLOSE;
    }
}

/* Keys follow from where the client's first Initial packet is sent; after a Retry, from the first one behind it. Whoever
 * sends a packet that opens with the client's keys is the client. */
static ptrdiff_t quic_open_initial(struct datagrams *d, enum side *w, const struct quic_packet *p, uint8_t *out)
{
    struct quic_keys keys[2];
    ptrdiff_t        n = -1;
    for (int side = CLIENT; d->version == p->version && side <= SERVER && n < 0; side++)
        n = quic_open(&d->keys[tls_side(d->c, *w) == CLIENT ? side : 1 - side], p, out);
    if (n >= 0 || !quic_initial_keys(p->version, p->dcid, keys))
        return n;
    n = quic_open(&keys[CLIENT], p, out);
    if (n >= 0) {
        memcpy(d->keys, keys, sizeof keys);
        d->version = p->version;
        settle_client(d->c, *w);
    }
    return n;
}

static void quic_initial(struct datagrams *d, enum side w, const struct quic_packet *p, struct place where)
{
    uint8_t          *frames = mem_get(p->whole.n, 1);
    ptrdiff_t         n = quic_open_initial(d, &w, p, frames);
    struct reader     r = rd_of(frames, n > 0 ? (size_t)n : 0);
    struct quic_frame f;
    while (n > 0 && quic_frame(&r, &f)) {
        if (f.kind == QUIC_CRYPTO)
            crypto_add(d, w, &f);
        else if (f.kind == QUIC_CLOSE)
            quic_close(d, w, &f, where);
    }
    free(frames);
}

/* What cannot be opened: packets of the handshake, and of what comes after it. The client sends the latter only once it has
 * accepted the server's Finished. */
static void quic_sealed(struct datagrams *d, enum side w, const struct quic_packet *p, struct place where)
{
    struct conn      *c = d->c;
    struct handshake *h = c->cur;
    enum side         t = tls_side(c, w);
    bool              short_one = p->type == QUIC_SHORT, known = knows(h, KNOW_SERVER_HELLO);
    if (!known || (p->type != QUIC_HANDSHAKE && !short_one))
        return;
    note_encrypted(&h->side[t], TLS_APPLICATION_DATA, p->whole.n, where);
    if (short_one && d->crypto[w].one_rtt) {
        application_record(c, t, p->whole.n, where);
        return;
    }
    d->crypto[w].one_rtt = d->crypto[w].one_rtt || short_one;
    add_message(c, t, MSG_ENCRYPTED, 0, where);
    if (t == SERVER || short_one)
        finished(h, t, where);
}

static void quic_datagram(struct datagrams *d, enum side w, const struct wire_event *ev)
{
    struct reader      r = rd_of(ev->bytes, ev->len);
    struct quic_packet p;
    struct place       where = { .frame = ev->frame, .ns = ev->ns, .at = d->bytes[w], .len = ev->len };
    while (rd_left(&r) > 0 && quic_packet(&r, &p)) {
        d->c->h->tls_seen[tls_side(d->c, w)] = d->c->h->tls_seen[tls_side(d->c, w)] || p.type != QUIC_SHORT;
        if (p.type == QUIC_INITIAL)
            quic_initial(d, w, &p, where);
        else
            quic_sealed(d, w, &p, where);
    }
}

/* ------------------------------------------------------------------------------------ from outside */

static void unreachable(struct datagrams *d, const struct wire_event *ev)
{
    struct handshake *h = d->c->h;
    h->unreachable = true;
    h->code = ev->code;
    h->error_at = h->last = (struct place){ .frame = ev->frame, .ns = ev->ns };
}

void observe_datagram(struct observer *o, const struct wire_event *ev)
{
    struct bytes      in = { ev->bytes, ev->len };
    struct datagrams *d = o->datagrams != NULL ? *place_in(o->datagrams, ev->stream) : NULL;
    if (ev->kind == WIRE_UNREACHABLE) {
        if (d != NULL)
            unreachable(d, ev);
        return;
    }
    if (d == NULL) {
        bool quic = quic_begins(in);
        if (!quic && !dtls_begins(in))
            return;
        d = begin(o, ev, quic);
    }
    enum side w = ev->from;
    d->c->ev = ev;
    d->c->side[w].last = (struct place){ .frame = ev->frame, .ns = ev->ns, .at = d->bytes[w], .len = ev->len };
    d->c->side[w].segments++;
    d->c->h->last = (struct place){ .frame = ev->frame, .ns = ev->ns };
    d->seen[w] = true;
    d->last_ns = ev->ns;
    unlist(o->datagrams, d);
    list_newest(o->datagrams, d);
    d->again = false;
    (d->quic ? quic_datagram : dtls_datagram)(d, w, ev);
    d->bytes[w] += ev->len;
    d->c->h->tcp.retransmissions[tls_side(d->c, w)] += d->again;
    while (o->datagrams->oldest != NULL && o->now - o->datagrams->oldest->last_ns > IDLE_NS)
        finish(o, o->datagrams->oldest);
}

void observer_quiet(struct observer *o, int64_t now)
{
    struct datagrams *d;
    while (o->datagrams != NULL && (d = o->datagrams->oldest) != NULL && now - d->last_ns >= LIVE_NS) {
        d->c->h->tcp.silence = now - d->last_ns;
        finish(o, d);
    }
}

void observer_clock_set(struct observer *o, int64_t by)
{
    for (struct datagrams *d = o->datagrams != NULL ? o->datagrams->newest : NULL; d != NULL; d = d->older)
        d->last_ns += by;
}

void observer_end(struct observer *o)
{
    while (o->datagrams != NULL && o->datagrams->oldest != NULL)
        finish(o, o->datagrams->oldest);
}

void datagrams_forget(struct observer *o)
{
    for (struct datagrams *d = o->datagrams != NULL ? o->datagrams->newest : NULL, *next; d != NULL; d = next) {
        next = d->older;
        datagrams_free(d);
    }
    free(o->datagrams);
    o->datagrams = NULL;
}
