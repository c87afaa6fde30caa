/* observe_message.c - handshake messages: put together from records, and folded into the handshake (RFC 8446
 * section 4, RFC 5246 section 7.4). */
#include <stdlib.h>
#include <string.h>

#include "observe_conn.h"

void note_malformed(struct conn *c, enum side t, const char *field, struct place where)
{
    if (field == NULL || c->cur->malformed[t] != NULL)
        return;
    c->cur->malformed[t] = field;
    c->cur->malformed_at[t] = where;
}

/* ------------------------------------------------------------------------------------ who is who */

/* The TLS client is the other end than it seemed: all that was recorded so far goes to the other side. */
static void turn_round(struct handshake *h)
{
    SWAP_SIDES(h->ends);
    SWAP_SIDES(h->plain);
    SWAP_SIDES(h->tls_seen);
    SWAP_SIDES(h->side);
    SWAP_SIDES(h->oversized);
    SWAP_SIDES(h->malformed);
    SWAP_SIDES(h->malformed_at);
    SWAP_SIDES(h->last_before_close);
    for (size_t i = 0; i < h->message_count; i++)
        h->messages[i].from = other(h->messages[i].from);
    for (size_t i = 0; i < h->alert_count; i++)
        h->alerts[i].from = other(h->alerts[i].from);
    h->close.by = other(h->close.by);
    h->close2.by = other(h->close2.by);
}

/* Side w has sent a ClientHello, or its peer a ServerHello. The first of them decides. */
void settle_client(struct conn *c, enum side w)
{
    if (tls_side(c, w) == CLIENT || c->cur != c->h || (c->h->known & (KNOW_CLIENT_HELLO | KNOW_SERVER_HELLO)) != 0)
        return;
    c->flip = !c->flip;
    turn_round(c->h);
}

/* ------------------------------------------------------------------------------------ messages */

/* A copy that lives as long as the handshake, as a reader over the body behind the 4-byte header. */
static struct reader keep_message(struct handshake *h, struct bytes whole, struct bytes *raw)
{
    *raw = (struct bytes){ arena_copy(&h->arena, whole.p, whole.n), whole.n };
    return rd_of(raw->p + 4, raw->n - 4);
}

static void client_hello(struct conn *c, enum side w, struct bytes whole, struct place where)
{
    settle_client(c, w);
    struct handshake *h = c->cur;
    if (tls_side(c, w) != CLIENT)
        return;
    struct client_hello *to = &h->hello;
    if (knows(h, KNOW_CLIENT_HELLO)) {
        if (h->retry.raw.p == NULL || h->hello2.raw.p != NULL)
            return;
        to = &h->hello2;
    }
    const struct side_state *s = &c->side[w];
    /* nothing stays of the part of a hello that was read before all of it was there */
    *to = (struct client_hello){ .where = where, .record_version = h->hello.record_version, .records = s->records, .segments = s->segments };
    tls_client_hello(keep_message(h, whole, &to->raw), &h->arena, to);
    to->digest = hello_digest(to);
    note_malformed(c, CLIENT, to->malformed, where);
    if (to == &h->hello)
        h->known = (h->known | KNOW_CLIENT_HELLO) & ~(unsigned)KNOW_CLIENT_HELLO_PART;
}

/* An extension in the answer that was not asked for (RFC 8446 section 4.2). */
static bool answers_unasked(const struct client_hello *c, const struct server_hello *s)
{
    for (size_t i = 0; i < s->exts; i++) {
        uint16_t type = s->ext[i].type;
        if (!has_ext(c, type) && type != EXT_COOKIE && !(type == EXT_RENEGOTIATION_INFO && c->renego_scsv))
            return true;
    }
    return false;
}

static void server_hello(struct conn *c, enum side w, unsigned type, struct bytes whole, struct place where)
{
    settle_client(c, other(w));
    struct handshake   *h = c->cur;
    struct server_hello s = { .where = where, .record_version = h->answer.record_version };
    if (tls_side(c, w) != SERVER)
        return;
    struct reader body = keep_message(h, whole, &s.raw);
    if (type == HS_HELLO_RETRY_REQUEST)
        tls_draft_hello_retry(body, &h->arena, &s);
    else
        tls_server_hello(body, &h->arena, &s);
    note_malformed(c, SERVER, s.malformed, where);
    if (knows(h, KNOW_CLIENT_HELLO))
        s.unoffered_ext = answers_unasked(&h->hello, &s);
    if (type == HS_HELLO_RETRY_REQUEST || tls_is_hello_retry(&s)) {
        if (h->retry.raw.p == NULL)
            h->retry = s;
        return;
    }
    bool chose = s.malformed == NULL || s.has_extensions; /* it was not broken before its choice of suite */
    if (knows(h, KNOW_SERVER_HELLO) || !chose)
        return;
    h->answer = s;
    h->known |= KNOW_SERVER_HELLO;
    if (version_is_13(s.chosen_version))
        h->resumed = s.psk;
    else
        h->resumed =
            s.session_id.n > 0 && knows(h, KNOW_CLIENT_HELLO) && bytes_equal(s.session_id, h->hello.session_id);
}

static void keep_staple(struct handshake *h, struct bytes staple)
{
    if (knows(h, KNOW_STAPLE) || staple.p == NULL)
        return;
    h->staple = (struct bytes){ arena_copy(&h->arena, staple.p, staple.n), staple.n };
    h->known |= KNOW_STAPLE;
}

static void keep_ticket(struct handshake *h, enum side t, struct bytes whole)
{
    if (t == SERVER && h->new_ticket.p == NULL)
        h->new_ticket = (struct bytes){ arena_copy(&h->arena, whole.p + 4, whole.n - 4), whole.n - 4 };
}

static void certificate(struct conn *c, enum side t, struct bytes whole, struct place where)
{
    struct handshake *h = c->cur;
    struct bytes      der[64];
    const char       *bad = NULL;
    size_t            n = tls_certificates(rd_of(whole.p + 4, whole.n - 4), speaks_13(c), der, &bad);
    size_t            kept = n < ARRAY_LEN(der) ? n : ARRAY_LEN(der);
    struct cert     **v = ARENA_NEW_N(&h->arena, kept + 1, struct cert *);
    size_t            good = 0;
    for (size_t i = 0; i < kept; i++)
        if (der[i].n > 0)
            v[good++] = cert_intern(c->o->certs, der[i].p, der[i].n);
    note_malformed(c, t, bad == NULL && good < kept ? "certificate without a byte" : bad, where);
    if (t == SERVER && h->certs_at.len == 0) {
        h->certs = v;
        h->cert_count = good;
        h->certs_dropped = n - kept;
        h->certs_at = where;
        h->known |= bad == NULL ? KNOW_CERTIFICATE : 0u;
        h->resumed = false;
        if (speaks_13(c))
            keep_staple(h, tls_certificate_staple(rd_of(whole.p + 4, whole.n - 4)));
    } else if (t == CLIENT && h->client_certs_at.len == 0) {
        h->client_certs = v;
        h->client_cert_count = good;
        h->client_certs_at = where;
        h->known |= KNOW_CLIENT_CERT;
    }
}

static void compressed_certificate(struct conn *c, enum side t, struct bytes whole, struct place where)
{
    enum { HEADER = 4 };
    uint8_t *message = mem_get(DIRECTION_KEPT, 1);
    size_t   n = tls_compressed_certificate(rd_of(whole.p + HEADER, whole.n - HEADER), message + HEADER, DIRECTION_KEPT - HEADER);
    if (n != 0)
        certificate(c, t, (struct bytes){ message, HEADER + n }, where);
    free(message);
}

static void server_key_exchange(struct conn *c, struct bytes whole, struct place where)
{
    struct handshake *h = c->cur;
    struct bytes      raw;
    if (knows(h, KNOW_SERVER_KEX))
        return;
    h->kex.where = where;
    tls_server_key_exchange(keep_message(h, whole, &raw), chosen_suite(c), h->answer.chosen_version,
                            &h->kex);
    h->known |= KNOW_SERVER_KEX;
}

static void certificate_request(struct conn *c, struct bytes whole, struct place where)
{
    struct handshake *h = c->cur;
    struct bytes      raw;
    if (knows(h, KNOW_CERT_REQUEST))
        return;
    h->cert_request.where = where;
    tls_certificate_request(keep_message(h, whole, &raw), h->answer.chosen_version, &h->arena, &h->cert_request);
    h->known |= KNOW_CERT_REQUEST;
}

static void certificate_verify(struct conn *c, enum side t, struct bytes whole)
{
    struct handshake *h = c->cur;
    if (t == CLIENT && whole.n >= 6 && version_rank(h->answer.chosen_version) >= version_rank(0x0303))
        h->client_verify_sigalg = be16(whole.p + 4);
}

/* A handshake in clear on a connection that already has one: suites that do not encrypt, or keys are known. */
static void new_handshake_in_clear(struct conn *c, enum side w)
{
    if (!handshake_done(c->cur) || tls_side(c, w) != CLIENT || c->h->renegotiations >= 16)
        return;
    renegotiation(c);
    if (c->keys12 == NULL) /* else it was read under the keys that are still in use */
        c->side[CLIENT].encrypted = c->side[SERVER].encrypted = false;
}

/* One whole message, with its 4-byte header. */
void handshake_message(struct conn *c, enum side w, unsigned type, struct bytes whole, struct place where)
{
    bool retry = false;
    if (type == HS_CLIENT_HELLO) {
        new_handshake_in_clear(c, w);
        client_hello(c, w, whole, where);
    } else if (type == HS_SERVER_HELLO || (type == HS_HELLO_RETRY_REQUEST && whole.n > 4)) {
        bool had = c->cur->retry.raw.p != NULL;
        server_hello(c, w, type, whole, where);
        retry = !had && c->cur->retry.raw.p != NULL;
    }
    struct handshake *h = c->cur;
    enum side t = tls_side(c, w);
    message_13(c, w, type, whole, where);
    switch (type) {
    case HS_CERTIFICATE:
        certificate(c, t, whole, where);
        break;
    case HS_SERVER_KEY_EXCHANGE:
        server_key_exchange(c, whole, where);
        break;
    case HS_CERTIFICATE_REQUEST:
        certificate_request(c, whole, where);
        break;
    case HS_COMPRESSED_CERTIFICATE:
        compressed_certificate(c, t, whole, where);
        break;
    case HS_NEW_SESSION_TICKET:
        keep_ticket(h, t, whole);
        break;
    case HS_CERTIFICATE_STATUS:
        keep_staple(h, tls_certificate_status(rd_of(whole.p + 4, whole.n - 4)));
        break;
    case HS_CERTIFICATE_VERIFY:
        certificate_verify(c, t, whole);
        break;
    case HS_SERVER_HELLO_DONE:
        h->hello_done = where;
        h->resumed = false;
        break;
    case HS_FINISHED: /* in clear: a suite without encryption */
        finished(h, t, where);
        break;
    default:
        break;
    }
    add_message(c, t, retry ? MSG_HELLO_RETRY_REQUEST : type,
                t == CLIENT ? h->hello.record_version : h->answer.record_version, where);
}

/* A message longer than is kept is passed over; its rest is still to come. Gives what was taken of the bytes. */
static size_t pass_over_message(struct conn *c, enum side w, size_t len, size_t have)
{
    struct side_state *s = &c->side[w];
    size_t             now = len < have ? len : have;
    c->cur->oversized[tls_side(c, w)] += len;
    s->hs_skip = len - now;
    return now;
}

/* All whole messages in `in`; gives how many bytes they are. */
static size_t take_messages(struct conn *c, enum side w, struct bytes in, uint64_t at)
{
    struct side_state *s = &c->side[w];
    size_t             took = 0;
    while (in.n - took >= 4) {
        const uint8_t *p = in.p + took;
        size_t         have = in.n - took, len = 4 + ((size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3]);
        if (len > DIRECTION_KEPT || c->cur->side[tls_side(c, w)].handshake_bytes > DIRECTION_KEPT) {
            took += pass_over_message(c, w, len, have);
            continue;
        }
        if (len > have)
            break;
        struct place where = { .frame = s->last.frame, .ns = s->last.ns, .at = at + took, .len = len };
        handshake_message(c, w, p[0], (struct bytes){ p, len }, where);
        took += len;
        s->records = s->segments = 1; /* of the next message: the record and segment it begins in */
    }
    return took;
}

void handshake_fragment(struct conn *c, enum side w, struct bytes body, uint64_t at)
{
    struct side_state *s = &c->side[w];
    size_t             skip = s->hs_skip < body.n ? (size_t)s->hs_skip : body.n;
    s->hs_skip -= skip;
    body = (struct bytes){ body.p + skip, body.n - skip };
    if (s->hs_n == 0) {
        s->hs_at = at + skip;
        size_t took = take_messages(c, w, body, s->hs_at);
        s->hs_at += took;
        keep_bytes(&s->hs, &s->hs_n, &s->hs_cap, body.p + took, body.n - took);
    } else {
        keep_bytes(&s->hs, &s->hs_n, &s->hs_cap, body.p, body.n);
        size_t took = take_messages(c, w, (struct bytes){ s->hs, s->hs_n }, s->hs_at);
        s->hs_at += took;
        s->hs_n -= took;
        if (took > 0)
            memmove(s->hs, s->hs + took, s->hs_n);
    }
    if (s->hs_n == 0)
        s->records = 0;
}

/* The start of a message whose rest will not come. Of a ClientHello even that is worth having. */
void partial_message(struct conn *c, enum side w)
{
    struct side_state *s = &c->side[w];
    if (s->hs_n < 6 || s->hs[0] != HS_CLIENT_HELLO)
        return;
    settle_client(c, w);
    struct handshake *h = c->cur;
    if (knows(h, KNOW_CLIENT_HELLO) || tls_side(c, w) != CLIENT)
        return;
    h->hello = (struct client_hello){ .where = { .frame = s->last.frame, .ns = s->last.ns, .at = s->hs_at, .len = s->hs_n },
                                      .record_version = h->hello.record_version, .records = s->records, .segments = s->segments };
    tls_client_hello(keep_message(h, (struct bytes){ s->hs, s->hs_n }, &h->hello.raw), &h->arena, &h->hello);
    h->hello.malformed = NULL; /* it was cut by the capture, not by its sender */
    if (h->hello.versions.v == NULL) /* the list may stand in the part that is missing */
        h->hello.max_version = 0;
    h->known |= KNOW_CLIENT_HELLO_PART;
}
