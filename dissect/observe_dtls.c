/* observe_dtls.c - DTLS: records and fragments of handshake messages, in whatever order they come (RFC 6347, RFC 9147). */
#include <stdlib.h>
#include <string.h>

#include "observe_datagram.h"

static struct waiting *waiting_for(struct dtls_side *s, const struct dtls_fragment *f)
{
    enum { HEADER = 4 };
    for (size_t i = 0; i < s->n; i++)
        if (s->waiting[i]->seq == f->seq)
            return s->waiting[i]->len == f->len && s->waiting[i]->type == f->type ? s->waiting[i] : NULL;
    if (s->n == WAITING_MAX)
        return NULL;
    struct waiting *w = mem_get(1, sizeof *w + HEADER + 2 * (size_t)f->len);
    w->len = f->len;
    w->seq = f->seq;
    w->type = f->type;
    w->have = w->bytes + HEADER + f->len;
    w->bytes[0] = f->type;
    w->bytes[1] = (uint8_t)(f->len >> 16), w->bytes[2] = (uint8_t)(f->len >> 8), w->bytes[3] = (uint8_t)f->len;
    s->waiting[s->n++] = w;
    return w;
}

static void forget_waiting(struct dtls_side *s, size_t i)
{
    free(s->waiting[i]);
    s->waiting[i] = s->waiting[--s->n];
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
        size_t first = 0;
        found = false;
        for (size_t i = 0; i < s->n; i++) {
            const struct waiting *x = s->waiting[i];
            if (x->got == x->len && (x->seq == s->next || all) && (!found || x->seq < s->waiting[first]->seq))
                first = i, found = true;
        }
        if (found) {
            s->next = (uint16_t)(s->waiting[first]->seq + 1);
            dtls_message(d, w, s->waiting[first]);
            forget_waiting(s, first);
        }
    }
}

/* First copy wins. */
static void put_fragment(struct waiting *m, const struct dtls_fragment *f)
{
    uint8_t *have = m->have + f->at, *bytes = m->bytes + 4 + f->at;
    size_t   n = f->body.n;
    if (n == 0)
        return;
    if (memchr(have, 1, n) == NULL) { /* mostly all of it is new */
        memcpy(bytes, f->body.p, n);
        m->got += n;
    } else {
        for (size_t i = 0; i < n; i++) {
            bytes[i] = have[i] ? bytes[i] : f->body.p[i];
            m->got += !have[i];
        }
    }
    memset(have, 1, n);
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
        if (m != NULL) {
            put_fragment(m, &f);
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

uint64_t dtls_missing(const struct dtls_side *s)
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

void dtls_datagram(struct datagrams *d, enum side w, const struct wire_event *ev)
{
    struct reader      r = rd_of(ev->bytes, ev->len);
    struct dtls_record rec;
    while (rd_left(&r) > 0 && dtls_record(&r, &rec))
        dtls_one(d, w, &rec, ev);
}

void dtls_forget(struct dtls_side *s)
{
    while (s->n > 0)
        forget_waiting(s, s->n - 1);
}
