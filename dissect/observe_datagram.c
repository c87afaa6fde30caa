/* observe_datagram.c - DTLS and QUIC: datagrams in, the same handshakes out. A connection is known by its UDP stream, and is
 * begun only by a datagram that is plainly one of these; it ends with the input, or after a silence. */
#include <stdlib.h>
#include <string.h>

#include "observe_datagram.h"

enum { OPEN_MAX = 4096, BUCKETS = 1024 };
#define IDLE_NS (60 * NS_PER_S)
#define LIVE_NS (30 * NS_PER_S) /* by then a DTLS client has sent its hello five times (RFC 6347 section 4.2.4) */

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
        dtls_forget(&d->dtls[w]);
        free(d->crypto[w].bytes);
        free(d->crypto[w].have);
    }
    free(d);
}

/* A client that only repeats its hello, and may say at last that it gives up, got no answer: there is no other direction that the
 * capture could lack. */
static bool only_repeats(const struct handshake *h)
{
    return h->tcp.retransmissions[CLIENT] != 0 && knows(h, KNOW_CLIENT_HELLO) && !h->tls_seen[SERVER] &&
           h->message_count - h->alert_count == 1;
}

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
    if (only_repeats(h))
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
