/* observe_record.c - one record at a time: what is in clear is read, what is encrypted is known by type, size and
 * place (RFC 8446 section 5, RFC 5246 section 6.2; alerts: section 7.2). */
#include <string.h>

#include "observe_conn.h"

struct place place_here(const struct conn *c, uint64_t at, size_t len)
{
    return (struct place){ .frame = c->ev->frame, .ns = c->ev->ns, .at = at, .len = len };
}

/* The place of something that ends with the newest bytes of its side; at a hole or the end, the event is another. */
static struct place place_of(const struct conn *c, enum side w, uint64_t at, size_t len)
{
    const struct place *last = &c->side[w].last;
    return (struct place){ .frame = last->frame, .ns = last->ns, .at = at, .len = len };
}

bool handshake_done(const struct handshake *h)
{
    return h->side[CLIENT].finished_seen && h->side[SERVER].finished_seen;
}

bool speaks_13(const struct conn *c)
{
    const struct handshake *h = c->cur;
    return (knows(h, KNOW_SERVER_HELLO) && version_is_13(h->answer.chosen_version)) || h->retry.raw.p != NULL;
}

const struct suite *chosen_suite(struct conn *c)
{
    uint64_t id = c->cur->answer.suite + UINT64_C(1);
    if (c->suite_id != id) {
        c->suite_id = id;
        c->suite = suite_of(c->cur->answer.suite);
    }
    return c->suite;
}

/* A cipher suite that encrypts nothing: what follows ChangeCipherSpec can be read. */
static bool null_suite(struct conn *c)
{
    const struct suite *s = knows(c->cur, KNOW_SERVER_HELLO) ? chosen_suite(c) : NULL;
    return s != NULL && s->weak != 0 && strstr(s->name, "_WITH_NULL_") != NULL && s->kex != KEX_TLS13;
}

/* The size of an alert under TLS 1.3: level, number, inner type, tag. No handshake message is as short. */
static size_t alert_size_13(struct conn *c)
{
    const struct suite *s = chosen_suite(c);
    return 3u + (s != NULL && s->tag != 0 ? s->tag : 16u);
}

void add_message(struct conn *c, enum side t, unsigned type, unsigned version, struct place where)
{
    struct handshake     *h = c->cur;
    const struct closing *close = &c->h->close;
    h->side[t].last_tls = where;
    if (close->how == CLOSE_NONE || where.frame <= close->where.frame)
        h->last_before_close[t] = where;
    if (h->message_count >= MESSAGES_KEPT) {
        h->messages_dropped++;
        return;
    }
    size_t n = h->message_count++;
    if (n == 0 || n == message_room(n)) {
        struct message *v = ARENA_NEW_N(&h->arena, message_room(n + 1), struct message);
        if (n > 0)
            memcpy(v, h->messages, n * sizeof *v);
        h->messages = v;
    }
    h->messages[n] =
        (struct message){ .where = where, .from = t, .type = (uint16_t)type, .version = (uint16_t)version };
}

void alert_room(struct handshake *h)
{
    size_t n = h->alert_count;
    if (n != 0 && n != alerts_room(n))
        return;
    struct alert *v = ARENA_NEW_N(&h->arena, alerts_room(n + 1), struct alert);
    if (n != 0)
        memcpy(v, h->alerts, n * sizeof *v);
    h->alerts = v;
}

void add_alert(struct conn *c, struct alert a)
{
    struct handshake *h = c->cur;
    a.after_established = a.after_established || handshake_done(h);
    if (h->alert_count >= ALERTS_KEPT) {
        h->alerts_dropped++;
        return;
    }
    alert_room(h);
    h->alerts[h->alert_count++] = a;
}

void clear_alerts(struct conn *c, enum side t, const uint8_t *p, size_t n, unsigned version, bool decrypted,
                  struct place where)
{
    for (size_t i = 0; i + 2 <= n; i += 2) {
        add_alert(c, (struct alert){ .where = where, .from = t, .level = p[i], .number = p[i + 1], .decrypted = decrypted });
        add_message(c, t, MSG_ALERT, version, where);
    }
}

/* TLS 1.3, after the handshake: a record of an alert's size is one if the side says nothing more. */
void drop_held_alert(struct conn *c, enum side w, bool it_was_one)
{
    struct side_state *s = &c->side[w];
    enum side          t = tls_side(c, w);
    if (!s->holding)
        return;
    s->holding = false;
    if (it_was_one) {
        add_alert(c, s->held);
        add_message(c, t, MSG_ALERT, 0x0303, s->held.where);
    } else {
        c->cur->side[t].app_records++;
    }
}

/* ------------------------------------------------------------------------------------ under encryption */

void finished(struct handshake *h, enum side t, struct place where)
{
    struct side_progress *p = &h->side[t];
    if (!p->finished_seen)
        p->finished_at = where;
    p->finished_seen = true;
}

/* How long a record of at most one byte is under a CBC suite of TLS 1.0 (RFC 2246 section 6.2.3.2, RFC 7366). */
static size_t smallest_cbc_record(const struct suite *s, const struct server_hello *answer)
{
    size_t mac = strstr(s->name, "_MD5") != NULL ? 16 : 20;
    bool   old = strstr(s->name, "DES") != NULL || strstr(s->name, "RC2") != NULL || strstr(s->name, "IDEA") != NULL;
    size_t block = old ? 8 : 16;
    for (size_t i = 0; i < answer->exts; i++)
        if (answer->ext[i].type == EXT_ENCRYPT_THEN_MAC)
            return block + mac;
    return (1 + mac + 1 + block - 1) / block * block;
}

/* A first record that holds one byte or none, and then the rest: the answer to BEAST. */
static void note_split(struct conn *c, size_t len)
{
    struct handshake           *h = c->cur;
    const struct side_progress *p = &h->side[CLIENT];
    const struct suite         *s = p->app_records == 1 ? chosen_suite(c) : NULL;
    if (s == NULL || !s->cbc || version_rank(h->answer.chosen_version) > version_rank(0x0301))
        return;
    size_t first = p->first_app.len - 5;
    h->record_split = first == smallest_cbc_record(s, &h->answer) && len >= first;
}

void application_record(struct conn *c, enum side t, size_t len, struct place where)
{
    struct side_progress *p = &c->cur->side[t];
    if (t == CLIENT)
        note_split(c, len);
    if (p->first_app.frame == 0 && p->first_app.ns == 0)
        p->first_app = where;
    if (p->app_records < 2)
        add_message(c, t, MSG_APPLICATION_DATA, 0, where);
    p->app_records++;
    p->app_bytes += len;
    p->last_tls = where;
}

/* TLS 1.3: everything is type 23. The server's records follow its hello; the client's first record after them that
 * is no alert is its Finished, or its Certificate before it. Early data comes sooner. */
static void encrypted_13(struct conn *c, enum side w, size_t len, struct place where)
{
    struct handshake *h = c->cur;
    enum side         t = tls_side(c, w);
    bool              answered = t == SERVER || h->side[SERVER].enc_records > 0;
    bool              like_alert = len < 64 && len == alert_size_13(c); /* no tag is as long */
    if (handshake_done(h)) {
        if (like_alert) {
            c->side[w].holding = true;
            c->side[w].held =
                (struct alert){ .where = where, .from = t, .encrypted = true, .after_established = true };
        } else {
            application_record(c, t, len, where);
        }
        return;
    }
    if (like_alert && answered) {
        add_alert(c, (struct alert){ .where = where, .from = t, .encrypted = true });
        add_message(c, t, MSG_ALERT, 0x0303, where);
        return;
    }
    add_message(c, t, MSG_ENCRYPTED, 0x0303, where);
    if (t == SERVER || (answered && knows(h, KNOW_SERVER_HELLO)))
        finished(h, t, where);
}

/* A client that begins a new handshake under the old one's encryption (RFC 5246 section 7.4.1.1). */
void renegotiation(struct conn *c)
{
    struct handshake *again = handshake_new();
    again->stream = c->h->stream;
    again->ends[CLIENT] = c->h->ends[CLIENT];
    again->ends[SERVER] = c->h->ends[SERVER];
    again->first = (struct place){ .frame = c->ev->frame, .ns = c->ev->ns };
    c->cur->again = again;
    c->cur = again;
    c->h->renegotiations++;
}

/* TLS 1.2 and older: the types are in clear. */
static void encrypted_12(struct conn *c, enum side t, unsigned type, size_t len, struct place where)
{
    struct handshake *h = c->cur;
    if (type == TLS_ALERT) {
        add_alert(c, (struct alert){ .where = where, .from = t, .encrypted = true });
        add_message(c, t, MSG_ALERT, 0, where);
    } else if (type == TLS_HANDSHAKE) {
        if (handshake_done(h) && t == CLIENT && c->h->renegotiations < 16) {
            renegotiation(c);
            h = c->cur;
        }
        add_message(c, t, MSG_ENCRYPTED_HANDSHAKE, 0, where);
        if (h->side[t].ccs)
            finished(h, t, where);
    } else if (type == TLS_APPLICATION_DATA) {
        if (h->side[t].ccs) /* where its Finished is in a hole, this stands for it */
            finished(h, t, where);
        application_record(c, t, len, where);
    } else {
        add_message(c, t, type == TLS_HEARTBEAT ? MSG_HEARTBEAT : MSG_UNKNOWN, 0, where);
    }
}

void note_encrypted(struct side_progress *p, unsigned type, size_t len, struct place where)
{
    if (p->enc_records < ENC_KEPT) {
        p->enc_len[p->enc_records] = (uint32_t)len;
        p->enc_type[p->enc_records] = (uint8_t)type;
        p->enc_where[p->enc_records] = where;
    }
    p->enc_records++;
}

void encrypted_record(struct conn *c, enum side w, unsigned type, size_t len, struct place where)
{
    enum side             t = tls_side(c, w);
    struct side_progress *p = &c->cur->side[t];
    drop_held_alert(c, w, false);
    note_encrypted(p, type, len, where);
    if (speaks_13(c) && type == TLS_APPLICATION_DATA)
        encrypted_13(c, w, len, where);
    else
        encrypted_12(c, t, type, len, where);
}

/* ------------------------------------------------------------------------------------ records */

void change_cipher_spec(struct conn *c, enum side w, unsigned version, struct place where)
{
    struct handshake     *h = c->cur;
    enum side             t = tls_side(c, w);
    struct side_progress *p = &h->side[t];
    add_message(c, t, MSG_CHANGE_CIPHER_SPEC, version, where);
    if (!p->ccs)
        p->ccs_at = where;
    p->ccs = true;
    if (speaks_13(c)) /* only for the eyes of middleboxes (RFC 8446 section D.4) */
        return;
    c->side[w].encrypted = true;
    rekey_12(c, w);
    bool full = h->hello_done.len != 0 || h->cert_count + h->certs_dropped > 0 || h->kex.where.len != 0;
    if (t == SERVER && knows(h, KNOW_SERVER_HELLO) && c->hole[w] == 0)
        h->resumed = !full; /* straight from its hello: a session taken up again */
}

/* After a hole: do these bytes start a handshake message in clear? */
static bool clear_message_likely(const uint8_t *p, size_t n)
{
    char   buf[NAME_MAX_LEN];
    size_t len = n >= 4 ? (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3] : 0;
    if (n == 0 || handshake_type_name(p[0], buf) == buf || (n > 1 && p[1] != 0))
        return false;
    return p[0] != HS_HELLO_REQUEST || (n == 4 && len == 0);
}

static void read_record(struct conn *c, enum side w, const struct record *rec, const uint8_t *body, uint64_t at)
{
    struct side_state *s = &c->side[w];
    enum side          t = tls_side(c, w);
    struct place       where = place_of(c, w, at, rec->header + rec->len);
    bool               readable = !s->encrypted || null_suite(c);
    if (opens_12(c, w) && opened_12(c, w, rec, body, at, where))
        return;
    switch (rec->type) {
    case TLS_CHANGE_CIPHER_SPEC:
        change_cipher_spec(c, w, rec->version, where);
        return;
    case TLS_ALERT:
        drop_held_alert(c, w, false);
        if (rec->len == 2 || (readable && !s->unsure && rec->len < 16 && rec->len % 2 == 0))
            clear_alerts(c, t, body, rec->len, rec->version, false, where);
        else if (null_suite(c) && s->encrypted && rec->len > 2) /* the MAC behind it */
            clear_alerts(c, t, body, 2, rec->version, false, where);
        else
            encrypted_record(c, w, rec->type, rec->len, where);
        return;
    case TLS_APPLICATION_DATA:
        if (opens_13(c, w))
            opened_13(c, w, rec, body, at, where);
        else
            encrypted_record(c, w, rec->type, rec->len, where);
        return;
    default: /* handshake */
        if (s->hs_n == 0 && s->hs_skip == 0 && (s->unsure || (s->encrypted && readable)) &&
            !clear_message_likely(body, rec->len))
            readable = false;
        if (!readable) {
            encrypted_record(c, w, rec->type, rec->len, where);
            return;
        }
        s->unsure = false;
        c->cur->side[t].handshake_bytes += rec->len;
        s->records++;
        if (rec->version != 0 && c->cur->hello.record_version == 0 && t == CLIENT)
            c->cur->hello.record_version = rec->version;
        if (c->cur->answer.record_version == 0 && t == SERVER)
            c->cur->answer.record_version = rec->version;
        handshake_fragment(c, w, (struct bytes){ body, rec->len }, at + rec->header);
    }
}

/* Must the body be looked at? Alerts, ChangeCipherSpec, handshake messages in clear; after a hole nobody knows. */
static bool body_needed(struct conn *c, enum side w, const struct record *rec)
{
    if (opens_12(c, w))
        return wants_12(c, w, rec);
    if (rec->type == TLS_APPLICATION_DATA)
        return opens_13(c, w) && wants_13(c, w, rec);
    if (rec->type == TLS_HEARTBEAT)
        return false;
    return rec->type != TLS_HANDSHAKE || !c->side[w].encrypted || null_suite(c);
}

static void passed_over(struct conn *c, enum side w)
{
    struct side_state   *s = &c->side[w];
    const struct record *rec = &s->rec;
    struct place         where = place_of(c, w, s->rec_at, rec->header + rec->len);
    c->h->tls_seen[tls_side(c, w)] = true;
    if (s->encrypted)
        passed_12(c, w);
    else if (rec->type == TLS_APPLICATION_DATA)
        passed_13(c, w);
    if (rec->type == TLS_HEARTBEAT && !s->encrypted)
        add_message(c, tls_side(c, w), MSG_HEARTBEAT, rec->version, where);
    else
        encrypted_record(c, w, rec->type, rec->len, where);
}

/* Bytes that are no record where one was due. */
static void no_record(struct conn *c, enum side w, struct bytes in)
{
    struct side_state *s = &c->side[w];
    if (!handshake_done(c->cur) && !s->unsure && !s->encrypted)
        begin_plain(c, w, in);
    s->reading = READ_LOST;
    s->unsure = true;
    s->hs_n = 0;
    s->hs_skip = 0;
}

/* What is there of a body that is passed over, of `have` bytes. */
static size_t pass_body(struct conn *c, enum side w, size_t have)
{
    struct side_state *s = &c->side[w];
    size_t             n = s->body_left < have ? (size_t)s->body_left : have;
    s->body_left -= n;
    if (s->body_left == 0)
        passed_over(c, w);
    return n;
}

/* Whole records, and bodies that need not be kept as they come. */
size_t take_records(struct conn *c, enum side w, struct bytes in)
{
    struct side_state *s = &c->side[w];
    size_t             took = 0;
    while (took < in.n && s->reading == READ_TLS) {
        struct reader r = rd_of(in.p + took, in.n - took);
        if (s->body_left > 0) {
            took += pass_body(c, w, rd_left(&r));
            continue;
        }
        struct record    rec;
        enum record_peek peek = record_usual(&r, &rec) ? RECORD_YES : record_peek(&r, false, &rec);
        if (peek == RECORD_MORE)
            break;
        if (peek == RECORD_NOT_TLS) {
            no_record(c, w, (struct bytes){ r.p, rd_left(&r) });
            break;
        }
        uint64_t at = s->at + took;
        if (!body_needed(c, w, &rec)) {
            s->rec = rec;
            s->rec_at = at;
            s->body_left = rec.len;
            took += rec.header;
            took += pass_body(c, w, in.n - took);
        } else if (rd_left(&r) >= rec.header + rec.len) {
            read_record(c, w, &rec, r.p + rec.header, at);
            took += rec.header + rec.len;
        } else {
            break;
        }
    }
    return took;
}
