/* observe_quic.c - QUIC: the handshake bytes of Initial packets put together, and what the others tell by being there. */
#include <stdlib.h>
#include <string.h>

#include "observe_datagram.h"

enum { CRYPTO_MAX = 64 * 1024 };

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
    for (size_t nth = 0; n < 0 && quic_initial_keys(p->version, nth, p->dcid, keys); nth++) {
        n = quic_open(&keys[CLIENT], p, out);
        if (n < 0)
            continue;
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

static void note_negotiation(struct handshake *h, const struct quic_packet *p, struct place where)
{
    enum { LISTED = 32 };
    size_t    n = p->versions.n / 4 < LISTED ? p->versions.n / 4 : LISTED;
    uint32_t *v = ARENA_NEW_N(&h->arena, n + 1, uint32_t);
    struct reader r = rd_of(p->versions.p, p->versions.n);
    for (size_t i = 0; i < n; i++)
        v[i] = rd_u32(&r, "version");
    h->quic.offered = (struct u32s){ v, n };
    h->quic.offered_at = where;
}

/* What headers tell in clear. */
static void note_header(struct conn *c, enum side w, const struct quic_packet *p, struct place where)
{
    struct handshake *h = c->h;
    bool              server = tls_side(c, w) == SERVER;
    if (p->type == QUIC_INITIAL && !server && h->quic.version == 0)
        h->quic.version = p->version;
    h->quic.retry = h->quic.retry || (p->type == QUIC_RETRY && server);
    if (p->type == QUIC_NEGOTIATION && server && h->quic.offered.v == NULL && !knows(h, KNOW_SERVER_HELLO))
        note_negotiation(h, p, where);
}

void quic_datagram(struct datagrams *d, enum side w, const struct wire_event *ev)
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
        note_header(d->c, w, &p, where);
    }
}
