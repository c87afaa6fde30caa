/* serve_caller.c - one connection to one of the lab's servers: hears the ClientHello, then does what its case does. */
#include "serve_caller.h"

#include "tlswhy/loop.h"
#include "tlswhy/names.h"
#include "tlswhy/text.h"
#include "tlswhy/tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CUT_AT = 1000, TAKES_AT_MOST = 256 * 1024, FLOODS_AT_MOST = 4 * 1024 * 1024 };
static const int64_t LINGER = 2 * NS_PER_S, DRIP = NS_PER_S;

/* ------------------------------------------------------------------------------------ the end of a connection */

void caller_free(struct caller *c)
{
    close(c->fd);
    tls_talk_free(c->tls);
    flown_free(c->flown);
    arena_free(&c->arena);
    free(c);
}

static void over(struct caller *c, const struct sights *s)
{
    if (c->state == GONE)
        return;
    if (c->resets)
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 }, sizeof(struct linger));
    c->state = GONE;
    c->sight.ms = (loop_now() - c->opened) / 1000000;
    s->tell(s->ctx, &c->sight);
}

/* All is sent: we close our side and wait for the client's, so that no reset overtakes what was said. */
static void close_now(struct caller *c, const struct sights *s)
{
    int64_t until = loop_now() + LINGER;
    if (c->resets) {
        over(c, s);
        return;
    }
    shutdown(c->fd, SHUT_WR);
    c->closing = false;
    c->state = HOLDING;
    c->deadline = until < c->deadline ? until : c->deadline;
    if (c->peer_ended)
        over(c, s);
}

/* ------------------------------------------------------------------------------------ hearing */

/* A whole ClientHello, as far as `in` holds one. */
struct heard {
    struct client_hello hello;
    size_t              records;
};
enum { HEARD_MORE, HEARD_YES, HEARD_NOT_TLS };

static int hear_v2(struct bytes in, const struct record *rec, struct arena *a, struct heard *out)
{
    if (in.n < rec->header + rec->len)
        return HEARD_MORE;
    tls_v2_client_hello(rd_of(in.p + rec->header, rec->len), a, &out->hello);
    out->hello.raw = (struct bytes){ in.p + rec->header, rec->len };
    out->records = 1;
    return HEARD_YES;
}

static int hear(struct bytes in, struct arena *a, struct heard *out)
{
    struct reader r = rd_of(in.p, in.n);
    struct record rec;
    uint8_t      *message = arena_get_n(a, SERVE_HEARD_MAX, 1, 1);
    size_t        n = 0;
    *out = (struct heard){ 0 };
    while (rd_more(&r)) {
        enum record_peek peek = record_peek(&r, out->records == 0, &rec);
        if (peek != RECORD_YES)
            return peek == RECORD_MORE ? HEARD_MORE : HEARD_NOT_TLS;
        if (rec.v2)
            return hear_v2(in, &rec, a, out);
        if (rec.type != TLS_HANDSHAKE)
            return HEARD_NOT_TLS;
        rd_bytes(&r, rec.header, "record header");
        const uint8_t *body = rd_bytes(&r, rec.len, "record");
        if (body == NULL)
            return HEARD_MORE;
        memcpy(message + n, body, rec.len); /* all of it came out of `in`, which is no larger */
        n += rec.len;
        out->records++;
        out->hello.record_version = rec.version;
        if (n >= 4 && n >= 4 + (size_t)(message[1] << 16 | message[2] << 8 | message[3])) {
            if (message[0] != HS_CLIENT_HELLO)
                return HEARD_NOT_TLS;
            struct reader body_of = rd_of(message + 4, (size_t)(message[1] << 16 | message[2] << 8 | message[3]));
            tls_client_hello(body_of, a, &out->hello);
            out->hello.raw = (struct bytes){ message, 4 + rd_left(&body_of) };
            return HEARD_YES;
        }
    }
    return HEARD_MORE;
}

bool serve_hello(const struct serve_sight *s, struct arena *a, struct client_hello *out)
{
    struct heard h;
    if (hear((struct bytes){ s->heard, s->heard_n }, a, &h) != HEARD_YES)
        return false;
    *out = h.hello;
    out->records = h.records;
    return true;
}

/* ------------------------------------------------------------------------------------ acting */

static void say(struct caller *c, const char *text) { wr_bytes(&c->out, text, strlen(text)); }

static void alert(struct caller *c, unsigned number)
{
    uint8_t record[] = { TLS_ALERT, 3, 3, 0, 2, 2, (uint8_t)(number != 0 ? number : ALERT_HANDSHAKE_FAILURE) };
    wr_bytes(&c->out, record, sizeof record);
    c->closing = true;
}

static bool fly(struct caller *c, const struct sights *s, const struct client_hello *hello)
{
    c->flown = c->flown != NULL ? c->flown : flown_new();
    const struct flight *f = &c->on->what->play->flight;
    size_t               before = c->out.n;
    if (!flight_write(f, c->flown, s->pki, c->on->certs, hello, &c->out)) {
        c->out.n = before;
        c->out.full = false;
        return false;
    }
    if ((f->flags & FLIGHT_CUT) != 0) {
        c->out.n = c->out.n < CUT_AT ? c->out.n : CUT_AT;
        c->closing = c->resets = true;
    }
    return true;
}

static void act(struct caller *c, const struct sights *s, enum serve_act what, const struct heard *h)
{
    const struct serve_play *p = c->on->what->play;
    c->sight.end = SERVE_PLAYED;
    c->state = HOLDING;
    switch (what) {
    case ACT_TLS:
        c->tls = tls_talk_new(c->on->tls);
        c->sight.end = SERVE_FAILED;
        c->state = TALKING_TLS;
        return;
    case ACT_FLIGHT:
    case ACT_DRIP:
    case ACT_FLOOD:
        c->state = FLYING;
        c->next_drip = what == ACT_DRIP ? loop_now() : 0;
        c->floods = what == ACT_FLOOD;
        if (!fly(c, s, &h->hello))
            act(c, s, p->refusal, h); /* never a flight itself */
        return;
    case ACT_ALERT: alert(c, p->alert); return;
    case ACT_RESET: c->resets = true; c->closing = true; return;
    case ACT_CLOSE: c->closing = true; return;
    case ACT_TEXT: say(c, p->text); c->closing = true; return;
    case ACT_SILENCE:
    case ACT_WEB: return;
    }
}

/* A line of the client's in a dialog: the next of ours. */
static void next_line(struct caller *c)
{
    const char *const *lines = c->on->what->play->lines;
    const uint8_t     *end = memchr(c->in, '\n', c->in_n);
    if (end == NULL && c->in_n < sizeof c->in)
        return;
    c->sight.end = SERVE_PLAYED;
    c->in_n = 0;
    if (c->lines < ARRAY_LEN(c->on->what->play->lines) && lines[c->lines] != NULL)
        say(c, lines[c->lines++]);
    else
        c->closing = true;
}

/* Plain HTTP: a request is whole with its empty line. */
static void listen_for_request(struct caller *c, const struct sights *s)
{
    static const uint8_t end[] = "\r\n\r\n";
    bool tls = c->in[0] < ' ';
    if (!tls && c->in_n < sizeof c->in && memmem(c->in, c->in_n, end, 4) == NULL)
        return;
    c->sight.request_n = c->in_n < sizeof c->sight.request ? c->in_n : sizeof c->sight.request;
    memcpy(c->sight.request, c->in, c->sight.request_n);
    c->sight.end = tls ? SERVE_NOT_TLS : SERVE_PLAYED;
    web_answer(s->pki, (struct bytes){ c->in, c->in_n }, &c->out);
    c->in_n = 0;
    c->closing = true;
}

/* The first bytes, or the first after a HelloRetryRequest. */
static void listen_for_hello(struct caller *c, const struct sights *s)
{
    const struct serve_play *p = c->on->what->play;
    struct heard             h;
    arena_free(&c->arena);
    int heard = hear((struct bytes){ c->in, c->in_n }, &c->arena, &h);
    if (heard == HEARD_MORE && c->in_n < sizeof c->in)
        return;
    if (heard != HEARD_YES) {
        c->sight.end = SERVE_NOT_TLS;
        c->closing = true;
        return;
    }
    bool first = c->flown == NULL;
    bool refused = first && p->refuses != NULL && p->refuses(&h.hello, h.records);
    if (p->act == ACT_TLS && !refused && h.hello.v2_format) { /* beyond the library */
        c->sight.end = SERVE_PLAYED;
        alert(c, ALERT_HANDSHAKE_FAILURE);
        return;
    }
    act(c, s, refused ? p->refusal : p->act, &h);
    if (c->state != TALKING_TLS)
        c->in_n = 0;
}

static void talk_tls(struct caller *c)
{
    char   page[128];
    struct text t = { 0 };
    text_printf(&t, "tlswhy lab: %s\n", c->on->what->name);
    memcpy(page, t.s, t.n < sizeof page ? t.n + 1 : sizeof page);
    page[sizeof page - 1] = '\0';
    text_free(&t);
    enum tls_state state = tls_talk_go(c->tls, (struct bytes){ c->in, c->in_n }, c->peer_ended, page, &c->sight, &c->out);
    c->in_n = 0;
    if (state == TLS_WAITS)
        return;
    c->resets = state == TLS_SPLIT;
    c->closing = true;
}

/* What comes after a flight: a second hello that was asked for, or the client's part, which is an empty certificate where one is
 * wanted. */
static void after_flight(struct caller *c, const struct sights *s)
{
    if (flight_retried(c->flown)) {
        size_t skip = c->in_n >= 6 && c->in[0] == TLS_CHANGE_CIPHER_SPEC ? 6 : 0; /* RFC 8446 appendix D.4 */
        memmove(c->in, c->in + skip, c->in_n - skip);
        c->in_n -= skip;
        if (c->in_n != 0)
            listen_for_hello(c, s);
        return;
    }
    bool sealed = c->in_n != 0 && memchr(c->in, TLS_APPLICATION_DATA, c->in_n) != NULL;
    if (sealed && (c->on->what->play->flight.flags & FLIGHT_ASKS) != 0 && flight_alert(c->flown, ALERT_CERTIFICATE_REQUIRED, &c->out))
        c->closing = true;
    c->in_n = 0;
}

static void react(struct caller *c, const struct sights *s)
{
    if (c->closing)
        c->in_n = 0; /* too late */
    else if (c->state == HEARING && c->on->what->play->lines[0] != NULL && c->in_n != 0)
        next_line(c);
    else if (c->state == HEARING && c->on->what->play->act == ACT_WEB && c->in_n != 0)
        listen_for_request(c, s);
    else if (c->state == HEARING && c->in_n != 0)
        listen_for_hello(c, s);
    if (c->state == TALKING_TLS && !c->closing)
        talk_tls(c);
    else if (c->state == FLYING && c->in_n != 0)
        after_flight(c, s);
    if (c->state == HOLDING)
        c->in_n = 0;
    if (c->peer_ended && c->out.n == c->sent)
        over(c, s);
}

/* ------------------------------------------------------------------------------------ bytes */

/* A fatal alert in clear that the client sends, however its bytes are cut: the record that begins a read. */
static void notice_alert(struct caller *c, const uint8_t *p, size_t n)
{
    if (n >= 7 && p[0] == TLS_ALERT && p[1] == 3 && p[3] == 0 && p[4] == 2 && p[5] == 2)
        c->sight.alert = p[6];
}

static void take(struct caller *c, const struct sights *s)
{
    ssize_t n = recv(c->fd, c->in + c->in_n, sizeof c->in - c->in_n, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0) {
        size_t room = sizeof c->sight.heard - c->sight.heard_n, some = c->state == HEARING ? (size_t)n : 0;
        some = some < room ? some : room;
        memcpy(c->sight.heard + c->sight.heard_n, c->in + c->in_n, some);
        c->sight.heard_n += some;
        c->sight.pieces += some != 0;
        notice_alert(c, c->in + c->in_n, (size_t)n);
        c->in_n += (size_t)n;
        c->took += (size_t)n;
    } else {
        c->peer_ended = true;
    }
    if (c->took > TAKES_AT_MOST || (n < 0 && c->state != TALKING_TLS))
        over(c, s);
    else
        react(c, s);
}

/* More of the same: the last record that was sent, again. */
static void flood(struct caller *c, const struct sights *s)
{
    enum { RECORD = 4096 };
    static const uint8_t record[5 + RECORD] = { TLS_HANDSHAKE, 3, 3, RECORD >> 8, RECORD & 0xff };
    c->out.n = c->sent = 0;
    wr_bytes(&c->out, record, sizeof record);
    c->flooded += sizeof record;
    if (c->flooded > FLOODS_AT_MOST)
        over(c, s);
}

static void give(struct caller *c, const struct sights *s)
{
    size_t  left = c->out.n - c->sent;
    int64_t now = loop_now();
    if (c->next_drip != 0) {
        left = left != 0 ? 1 : 0;
        c->next_drip = now + DRIP;
    }
    ssize_t n = left != 0 ? send(c->fd, c->out.p + c->sent, left, MSG_NOSIGNAL) : 0;
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        over(c, s);
    c->sent += n > 0 ? (size_t)n : 0;
    if (c->sent < c->out.n || c->state == GONE)
        return;
    c->out.n = c->sent = 0;
    if (c->floods)
        flood(c, s);
}

struct caller *caller_new(struct listener *l, int fd, const struct sockaddr_storage *from, int64_t timeout_ns)
{
    struct caller *c = mem_get(1, sizeof *c);
    int          one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    c->on = l;
    c->fd = fd;
    c->opened = loop_now();
    c->deadline = c->opened + timeout_ns;
    c->out = (struct writer){ .p = c->out_room, .cap = sizeof c->out_room };
    c->sight = (struct serve_sight){ .which = (size_t)(l->what - serve_case_at(0)), .port = l->port, .from = *from, .alert = -1 };
    if (l->what->play->lines[0] != NULL)
        say(c, l->what->play->lines[c->lines++]);
    return c;
}

static bool wants_to_send(const struct caller *c, int64_t now) { return c->sent < c->out.n && now >= c->next_drip; }

short caller_wants(const struct caller *c, int64_t now, int64_t *until)
{
    *until = c->deadline < *until ? c->deadline : *until;
    if (c->sent < c->out.n && c->next_drip > now && c->next_drip < *until)
        *until = c->next_drip;
    return (short)((c->peer_ended ? 0 : POLLIN) | (wants_to_send(c, now) ? POLLOUT : 0));
}

void caller_wake(struct caller *c, const struct sights *s, short events)
{
    int64_t now = loop_now();
    if ((events & (POLLIN | POLLHUP | POLLERR)) != 0)
        take(c, s);
    if (c->state != GONE && wants_to_send(c, now))
        give(c, s);
    if (c->state != GONE && c->closing && c->sent == c->out.n)
        close_now(c, s);
    if (c->state != GONE && now >= c->deadline)
        over(c, s);
}
