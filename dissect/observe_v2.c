/* observe_v2.c - SSL 2.0: hellos, CLIENT-MASTER-KEY, and what follows under encryption
 * (draft-hickman-netscape-ssl-00). */
#include "observe_conn.h"

enum v2_type { V2_ERROR, V2_CLIENT_HELLO, V2_CLIENT_MASTER_KEY, V2_CLIENT_FINISHED, V2_SERVER_HELLO };

/* A record header: two bytes, or three with padding. */
static bool v2_header(struct reader r, struct record *rec)
{
    uint16_t head = rd_u16(&r, "record header");
    bool     padded = (head & 0x8000) == 0;
    if (padded)
        rd_u8(&r, "padding");
    *rec = (struct record){
        .version = 2, .v2 = true, .header = padded ? 3 : 2, .len = head & (padded ? 0x3fffu : 0x7fffu)
    };
    return r.want == NULL;
}

static void v2_client_hello(struct conn *c, enum side w, struct bytes body, struct place where)
{
    settle_client(c, w);
    struct handshake *h = c->cur;
    if (knows(h, KNOW_CLIENT_HELLO) || tls_side(c, w) != CLIENT)
        return;
    struct client_hello *to = &h->hello;
    to->where = where;
    to->records = 1;
    to->segments = c->side[w].segments;
    to->record_version = 2;
    to->raw = (struct bytes){ arena_copy(&h->arena, body.p, body.n), body.n };
    tls_v2_client_hello(rd_of(to->raw.p, to->raw.n), &h->arena, to);
    note_malformed(c, CLIENT, to->malformed, where);
    h->known |= KNOW_CLIENT_HELLO;
}

static void v2_server_hello(struct conn *c, enum side w, struct bytes body, struct place where)
{
    settle_client(c, other(w));
    struct handshake *h = c->cur;
    struct bytes      der = { 0 };
    if (knows(h, KNOW_SERVER_HELLO) || tls_side(c, w) != SERVER)
        return;
    h->answer.where = where;
    h->answer.record_version = 2;
    h->answer.raw = (struct bytes){ arena_copy(&h->arena, body.p, body.n), body.n };
    tls_v2_server_hello(rd_of(h->answer.raw.p, h->answer.raw.n), &h->arena, &h->answer, &der);
    note_malformed(c, SERVER, h->answer.malformed, where);
    h->known |= KNOW_SERVER_HELLO;
    h->resumed = h->answer.session_id_hit;
    c->v2 = true;
    if (der.n > 0) {
        h->certs = ARENA_NEW_N(&h->arena, 1, struct cert *);
        h->certs[h->cert_count++] = cert_intern(c->o->certs, der.p, der.n);
        h->certs_at = where;
        h->known |= KNOW_CERTIFICATE;
    }
    if (h->resumed)
        c->side[CLIENT].encrypted = c->side[SERVER].encrypted = true;
}

/* The client chooses the cipher here; from now on both sides encrypt. */
static void v2_master_key(struct conn *c, struct bytes body)
{
    struct reader r = rd_of(body.p, body.n);
    rd_u8(&r, "message type");
    uint32_t suite = rd_u24(&r, "cipher_kind");
    if (r.want == NULL)
        c->cur->answer.suite = suite;
    c->side[CLIENT].encrypted = c->side[SERVER].encrypted = true;
}

static void v2_encrypted(struct conn *c, enum side w, size_t len, struct place where)
{
    struct handshake     *h = c->cur;
    enum side             t = tls_side(c, w);
    struct side_progress *p = &h->side[t];
    if (p->enc_records < ENC_KEPT) {
        p->enc_len[p->enc_records] = (uint32_t)len;
        p->enc_type[p->enc_records] = TLS_HANDSHAKE;
        p->enc_where[p->enc_records] = where;
    }
    p->enc_records++;
    if (!p->finished_seen) {
        p->finished_seen = true;
        p->finished_at = where;
    }
    if (p->enc_records <= (t == CLIENT ? 1u : 2u)) { /* CLIENT-FINISHED; SERVER-VERIFY and SERVER-FINISHED */
        add_message(c, t, MSG_ENCRYPTED_HANDSHAKE, 2, where);
        return;
    }
    if (p->first_app.len == 0)
        p->first_app = where;
    if (p->app_records < 2)
        add_message(c, t, MSG_APPLICATION_DATA, 2, where);
    p->app_records++;
    p->app_bytes += len;
    p->last_tls = where;
}

static void v2_message(struct conn *c, enum side w, struct bytes body, struct place where)
{
    unsigned type = body.n > 0 ? body.p[0] : 0xff;
    c->h->tls_seen[tls_side(c, w)] = true;
    if (c->side[w].encrypted) {
        v2_encrypted(c, w, body.n, where);
        return;
    }
    if (type == V2_CLIENT_HELLO)
        v2_client_hello(c, w, body, where);
    else if (type == V2_SERVER_HELLO)
        v2_server_hello(c, w, body, where);
    else if (type == V2_CLIENT_MASTER_KEY)
        v2_master_key(c, body);
    add_message(c, tls_side(c, w), MSG_V2 + (type & 0xff), 2, where);
}

size_t take_v2_records(struct conn *c, enum side w, struct bytes in)
{
    struct side_state *s = &c->side[w];
    size_t             took = 0;
    while (took < in.n) {
        struct reader r = rd_of(in.p + took, in.n - took);
        struct record rec;
        /* A v2-format hello that was answered by a newer protocol: the rest is in TLS records. */
        if (!c->v2 && knows(c->cur, KNOW_CLIENT_HELLO) && r.p[0] >= TLS_CHANGE_CIPHER_SPEC &&
            r.p[0] <= TLS_APPLICATION_DATA) {
            s->reading = READ_TLS;
            break;
        }
        if (!v2_header(r, &rec) || rd_left(&r) < rec.header + rec.len)
            break;
        struct place where = {
            .frame = s->last.frame, .ns = s->last.ns, .at = s->at + took, .len = rec.header + rec.len
        };
        v2_message(c, w, (struct bytes){ r.p + rec.header, rec.len }, where);
        took += rec.header + rec.len;
    }
    return took;
}
