/* observe_stream.c - where does TLS start in a side's bytes? At once, after a prelude, or somewhere in the middle
 * of a capture that began too late or has holes. By content, on any port. */
#include <string.h>

#include "observe_conn.h"

/* Are the next bytes likely to be a record header? Stricter than record_peek: nothing vouches for them. */
static bool header_likely(struct bytes b, size_t off, size_t *end)
{
    struct reader r = rd_of(b.p + off, b.n - off);
    struct record rec;
    if (record_peek(&r, false, &rec) != RECORD_YES || rec.type == TLS_HEARTBEAT || rec.len == 0 ||
        rec.version > 0x0303)
        return false;
    bool len_ok = rec.type == TLS_CHANGE_CIPHER_SPEC ? rec.len == 1 : rec.type != TLS_ALERT || rec.len <= 256;
    *end = off + rec.header + rec.len;
    return len_ok;
}

/* Is there a record at `off`: whole and followed by another one or by nothing? At the start of a segment a record
 * that reaches beyond it will do, too. */
static bool record_chain(struct bytes b, size_t off)
{
    size_t end = off, start = off;
    for (int i = 0; i < 4 && end + 5 <= b.n; i++)
        if (!header_likely(b, end, &end))
            return false;
    return end > start && (end <= b.n || start == 0);
}

static enum record_peek tls_at(const struct conn *c, enum side w, struct bytes in, struct record *rec, bool *strict)
{
    struct reader    r = rd_of(in.p, in.n);
    enum record_peek peek = record_peek(&r, true, rec);
    *strict = peek == RECORD_YES;
    if (peek == RECORD_NOT_TLS && !c->start_seen[w] && record_chain(in, 0)) {
        record_peek(&r, false, rec);
        return RECORD_YES;
    }
    return peek;
}

/* A client in haste may send its hello before the proxy or server has agreed: that answer is still read. */
static bool answer_due(const struct prelude *p) { return p->asked_for_tls && !p->accepted && !p->refused; }

/* Do these bytes begin with a ClientHello that stands up to the strict look? */
bool starts_with_hello(struct bytes in)
{
    struct reader r = rd_of(in.p, in.n);
    struct record rec;
    return record_peek(&r, true, &rec) == RECORD_YES && (rec.v2 || rec.type == TLS_HANDSHAKE) &&
           in.p[rec.header] == HS_CLIENT_HELLO;
}

/* `strict`: the start of a handshake. Else it is somewhere in the middle, and what state it is in is only likely. */
static void begin_tls(struct conn *c, enum side w, struct bytes in, const struct record *rec, bool strict)
{
    struct side_state *s = &c->side[w];
    enum side          t = tls_side(c, w);
    s->reading = rec->v2 ? READ_V2 : READ_TLS;
    s->records = 0;
    s->unsure = !strict;
    c->no_prelude = w != CLIENT || !answer_due(&c->h->prelude);
    /* In an open tunnel, plain text before a hello that nobody asked for is no dialog: a page, or a banner. */
    bool page = w == CLIENT && c->h->prelude.accepted && tunnel_asked(c->h) && c->h->plain[t].start.p == NULL;
    c->h->plain[t] = (struct plain){ 0 };
    /* What was said before was a prelude, understood or not; or, in a stream whose start is not there, part of a record. */
    bool part = !c->start_seen[other(w)] && c->h->plain[other(t)].protocol == NULL;
    if (((starts_with_hello(in) && !page) || part) && !c->h->tls_seen[other(t)])
        c->h->plain[other(t)] = (struct plain){ 0 };
    c->h->tls_seen[t] = true;
}

/* The first bytes of a side that are no TLS, kept for naming what it speaks, however they are cut into segments: `in`
 * is looked at again with more behind it, or holds the next ones. */
void begin_plain(struct conn *c, enum side w, struct bytes in)
{
    struct handshake  *h = c->h;
    struct side_state *s = &c->side[w];
    struct plain      *p = &h->plain[tls_side(c, w)];
    if (in.n == 0)
        return;
    if (p->start.p == NULL) {
        p->start.p = s->plain = arena_get(&h->arena, PLAIN_KEPT, 1);
        p->where = place_here(c, s->at, in.n);
    }
    uint64_t end = p->where.at + p->start.n;
    if (s->plain != p->start.p || s->at > end || s->at < p->where.at || s->at + in.n <= end)
        return;
    size_t known = (size_t)(end - s->at), room = PLAIN_KEPT - p->start.n;
    size_t n = in.n - known < room ? in.n - known : room;
    if (n == 0)
        return;
    memcpy(s->plain + p->start.n, in.p + known, n);
    p->start.n += n;
    p->protocol = plain_protocol(tls_side(c, w), p->start);
}

/* TLS was agreed: the next bytes of both sides are TLS, bare or wrapped. */
static void prelude_done(struct conn *c, enum side answered)
{
    struct side_state *asked = &c->side[other(answered)];
    c->no_prelude = true;
    for (int w = 0; w < 2; w++) {
        c->side[w].wrap.on = prelude_wraps(&c->h->prelude);
        c->h->plain[w] = (struct plain){ 0 };
        c->side[w].looks = 0;
        if (c->side[w].reading == READ_PLAIN)
            c->side[w].reading = READ_START;
    }
    if (asked->wrap.on && asked->n > 0) /* a hello in haste */
        asked->n = prelude_unwrap(&asked->wrap, (struct bytes){ asked->buf, asked->n }, asked->buf);
}

/* Gives the bytes to the prelude machine until it waits or has said its last word. */
static size_t take_prelude(struct conn *c, enum side w, struct bytes in)
{
    struct handshake *h = c->h;
    size_t            took = 0;
    while (took < in.n && !c->no_prelude) {
        enum prelude_says says = PRELUDE_UNKNOWN;
        struct bytes      left = { in.p + took, in.n - took };
        struct place      where = place_here(c, c->side[w].at + took, left.n);
        size_t            n = prelude_feed(&c->machine, &h->arena, w, left, &where, &h->prelude, &says);
        took += n;
        if (says == PRELUDE_TLS)
            prelude_done(c, w);
        else if (says == PRELUDE_OVER || says == PRELUDE_UNKNOWN)
            c->no_prelude = true;
        else if (n == 0)
            break;
        for (int t = 0; t < 2 && (says == PRELUDE_OVER || says == PRELUDE_UNKNOWN); t++)
            if (c->side[t].reading == READ_START)
                c->side[t].reading = READ_PLAIN;
    }
    return took;
}

static size_t take_start(struct conn *c, enum side w, struct bytes in)
{
    struct side_state *s = &c->side[w];
    struct record      rec;
    bool               strict;
    enum record_peek   peek = tls_at(c, w, in, &rec, &strict);
    if (peek == RECORD_MORE)
        return 0;
    if (peek == RECORD_YES) {
        begin_tls(c, w, in, &rec, strict);
        return 0;
    }
    if (!c->start_seen[w] && c->h->tls_seen[tls_side(c, other(w))]) { /* in the middle of TLS */
        s->reading = READ_LOST;
        return 0;
    }
    begin_plain(c, w, in);
    if (c->no_prelude) { /* the time for dialogs is over */
        s->reading = READ_PLAIN;
        return in.n;
    }
    size_t took = take_prelude(c, w, in);
    if (took == 0 && in.n > PENDING_MAX) {
        c->no_prelude = true;
        s->reading = READ_PLAIN;
    }
    return s->reading == READ_PLAIN ? in.n : took;
}

/* Gives a side up after many looks; two that are given up need no more bytes at all. */
static void look_in_vain(struct side_state *s)
{
    if (++s->looks >= LOOKS_MAX)
        s->reading = READ_NOTHING;
}

/* Plain text so far. A dialog that was not understood may still have led to TLS. */
static size_t take_plain(struct conn *c, enum side w, struct bytes in)
{
    struct record    rec;
    bool             strict;
    enum record_peek peek = tls_at(c, w, in, &rec, &strict);
    if (peek == RECORD_YES)
        begin_tls(c, w, in, &rec, strict);
    if (peek == RECORD_YES || (peek == RECORD_MORE && in.n < 16))
        return 0;
    begin_plain(c, w, in);
    look_in_vain(&c->side[w]);
    return in.n;
}

/* After a hole: the next record header that is likely one. A segment that starts with one is the usual case. */
static size_t take_lost(struct conn *c, enum side w, struct bytes in)
{
    struct side_state *s = &c->side[w];
    for (size_t i = 0; i + 5 <= in.n; i++) {
        if (in.p[i] < TLS_CHANGE_CIPHER_SPEC || in.p[i] > TLS_APPLICATION_DATA || !record_chain(in, i))
            continue;
        s->reading = READ_TLS;
        s->unsure = true;
        c->h->tls_seen[tls_side(c, w)] = true;
        c->no_prelude = true;
        return i;
    }
    struct reader r = rd_of(in.p, in.n);
    struct record rec;
    if (in.n < 5 && record_peek(&r, false, &rec) == RECORD_MORE) /* a tiny segment that may be the start of a header */
        return 0;
    look_in_vain(s);
    return in.n;
}

size_t take_bytes(struct conn *c, enum side w, struct bytes in)
{
    struct side_state *s = &c->side[w];
    size_t             took = 0;
    for (;;) {
        enum reading reading = s->reading;
        struct bytes left = { in.p + took, in.n - took };
        size_t       n = 0;
        if (left.n == 0)
            return took;
        switch (reading) {
        case READ_START:
            n = take_start(c, w, left);
            break;
        case READ_PLAIN:
            n = take_plain(c, w, left);
            break;
        case READ_LOST:
            n = take_lost(c, w, left);
            break;
        case READ_TLS:
            n = take_records(c, w, left);
            break;
        case READ_V2:
            n = take_v2_records(c, w, left);
            break;
        case READ_NOTHING:
            n = left.n;
            break;
        }
        took += n;
        s->at += n;
        if (n == 0 && s->reading == reading)
            return took;
    }
}

/* The first part of a record whose rest was lost, or never sent: the whole messages in it are worth reading. Where
 * only the capture ended nobody has failed, and only a hello is looked at, for the names in it. */
static void take_part_of_record(struct conn *c, enum side w)
{
    struct side_state *s = &c->side[w];
    struct reader      r = rd_of(s->buf, s->n);
    struct record      rec;
    bool               ended = c->ev->kind == WIRE_GAP || c->h->close.how != CLOSE_NONE || c->h->timed_out;
    if (s->n > 5 && record_peek(&r, false, &rec) == RECORD_YES && rec.type == TLS_HANDSHAKE && !s->encrypted &&
        !s->unsure && (ended || s->hs_n > 0 || s->buf[5] == HS_CLIENT_HELLO))
        handshake_fragment(c, w, (struct bytes){ s->buf + 5, s->n - 5 }, s->at + 5);
}

/* No more will follow what is kept: a hole, or the end. */
void take_rest(struct conn *c, enum side w)
{
    struct side_state *s = &c->side[w];
    struct reader r = rd_of(s->buf, s->n);
    struct record rec;
    bool          tiny = s->n < 3 && record_peek(&r, true, &rec) == RECORD_MORE; /* TLS or not, nobody can tell */
    if (s->reading == READ_START && s->n >= 3 && s->buf[0] == TLS_HANDSHAKE)
        c->h->tls_seen[tls_side(c, w)] = true;
    else if (s->reading == READ_START && s->n > 0 && !tiny)
        begin_plain(c, w, (struct bytes){ s->buf, s->n });
    if (s->reading == READ_TLS && s->body_left == 0)
        take_part_of_record(c, w);
    if (s->hs_n > 0)
        partial_message(c, w);
    s->hs_n = s->n = 0;
}
