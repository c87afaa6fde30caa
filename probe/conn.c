/* conn.c - connections of a probe: sockets in, wire events out; when to speak, and when enough is known. */
#include "tlswhy/observe.h"
#include "tlswhy/probe.h"
#include "tlswhy/reader.h"
#include "tlswhy/tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { READ_AT_MOST = 512 * 1024, AT_ONCE_MAX = 64, CHUNK = 16 * 1024 };
#define AFTER_ALERT_NS (100 * INT64_C(1000000)) /* the close that belongs to an alert comes soon */

enum state { CONNECTING, TALKING, OVER };

struct attempt {
    struct prober          *prober;
    const struct probe_ask *ask;
    struct hello_spec       spec; /* of the hello sent last */
    struct hello_keys       keys;
    struct arena            arena;
    enum state              state;
    int                     fd;
    int64_t                 deadline;
    struct endpoint         ends[2];
    struct tcp_facts        tcp;
    void                   *slot; /* the observer's */
    uint32_t                stream;
    struct bytes            out;  /* still to be sent */
    bool                    alerted, retried, replied;
    size_t                  step;  /* of the dialog before TLS */
    bool                    in_dialog;
    struct text             heard; /* since the last line of it was sent */
};

struct prober {
    struct observer *observer;
    struct attempt  *now[AT_ONCE_MAX]; /* under way; NULL = free */
    uint64_t         frame;            /* the last one */
    uint32_t         streams;
};

static int64_t clock_ns(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* ------------------------------------------------------------------------------------ secrets of our own */

/* The server's share in its hello (RFC 8446 section 4.2.8). */
static struct bytes share_in(const struct server_hello *s)
{
    for (size_t i = 0; i < s->exts; i++) {
        if (s->ext[i].type != EXT_KEY_SHARE)
            continue;
        struct reader r = rd_of(s->ext[i].body.p, s->ext[i].body.n);
        rd_u16(&r, "group");
        struct reader key = rd_vec(&r, 2, "key exchange");
        return rd_rest(&key);
    }
    return (struct bytes){ 0 };
}

static bool own_secrets(void *ctx, const struct handshake *h, struct tls13_secrets *out)
{
    struct prober *p = ctx;
    uint8_t        shared[KEY_SHARED_MAX];
    bool           known = false;
    for (size_t i = 0; i < ARRAY_LEN(p->now); i++) {
        const struct attempt *a = p->now[i];
        if (a == NULL || a->stream != h->stream || h->answer.psk)
            continue;
        for (size_t k = 0; k < a->keys.shares && !known; k++) {
            if (a->keys.share[k].group != h->answer.group)
                continue;
            size_t n = ephemeral_shared(&a->keys.share[k], share_in(&h->answer), shared);
            known = n != 0 && tls13_handshake_secrets(h, (struct bytes){ shared, n }, out);
        }
    }
    keys_wipe(shared, sizeof shared);
    return known;
}

struct prober *prober_new(struct cert_store *certs)
{
    struct prober *p = mem_get(1, sizeof *p);
    p->observer = observer_new(certs, NULL);
    observer_secrets(p->observer, own_secrets, p);
    return p;
}

void prober_free(struct prober *p)
{
    if (p == NULL)
        return;
    observer_free(p->observer);
    free(p);
}

/* ------------------------------------------------------------------------------------ telling the observer */

static void tell(struct attempt *a, enum wire_kind kind, enum side from, struct bytes b, int code)
{
    bool              seen = kind != WIRE_STOPPED && kind != WIRE_TIMEOUT && kind != WIRE_END;
    struct place      here = { .frame = seen ? ++a->prober->frame : a->prober->frame, .ns = clock_ns(CLOCK_REALTIME) };
    struct wire_event ev = {
        .kind = kind, .from = from, .frame = here.frame, .ns = here.ns, .at = a->tcp.bytes[from], .bytes = b.p, .len = b.n, .code = code,
        .stream = a->stream, .ends = a->ends, .tcp = &a->tcp, .slot = &a->slot
    };
    a->tcp.bytes[from] += b.n;
    if (seen)
        a->tcp.last_seen[from] = here;
    if (kind == WIRE_OPEN) {
        a->tcp.syn_ack = here;
        a->tcp.syn_acks = 1;
        a->tcp.both_directions = a->tcp.start_seen[CLIENT] = a->tcp.start_seen[SERVER] = true;
        a->prober->frame++; /* the ACK */
    }
    observe(a->prober->observer, &ev);
}

static const struct bytes nothing;

/* What the kernel knows: how much has arrived there, and what it sent again. */
static void ask_kernel(struct attempt *a)
{
    struct tcp_info info = { 0 };
    socklen_t       len = sizeof info;
    if (a->fd < 0 || getsockopt(a->fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return;
    uint16_t again = info.tcpi_total_retrans < UINT16_MAX ? (uint16_t)info.tcpi_total_retrans : UINT16_MAX;
    if (a->state == CONNECTING)
        a->tcp.syns = (uint16_t)(again < UINT16_MAX ? again + 1 : again);
    else
        a->tcp.retransmissions[CLIENT] = again;
    a->tcp.acked[SERVER] = a->tcp.bytes[SERVER];
    a->tcp.acked[CLIENT] = info.tcpi_unacked == 0 ? a->tcp.bytes[CLIENT] : 0;
}

static void over(struct attempt *a)
{
    ask_kernel(a);
    tell(a, WIRE_END, CLIENT, nothing, 0);
    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
    a->state = OVER;
}

/* We have seen enough, and hang up. */
static void stop(struct attempt *a)
{
    tell(a, WIRE_STOPPED, CLIENT, nothing, 0);
    over(a);
}

static void gave_up(struct attempt *a)
{
    ask_kernel(a);
    tell(a, WIRE_TIMEOUT, CLIENT, nothing, 0);
    over(a);
}

/* A socket's error as the ICMP message that it stands for (RFC 792, RFC 4443). */
static void unreachable(struct attempt *a, int error)
{
    bool six = a->ends[SERVER].ip_len == 16;
    int  code = error == ENETUNREACH ? 0 : error == EACCES || error == EPERM ? (six ? 1 : 13) : six ? 3 : 1;
    tell(a, WIRE_UNREACHABLE, SERVER, nothing, (six ? 1 : 3) << 8 | code);
    over(a);
}

static void failed(struct attempt *a, int error)
{
    if (a->state == CONNECTING && error == ECONNREFUSED) {
        tell(a, WIRE_REFUSED, SERVER, nothing, 0);
        over(a);
    } else if (error == ETIMEDOUT) {
        gave_up(a);
    } else if (a->state == CONNECTING) {
        unreachable(a, error);
    } else { /* ECONNRESET, EPIPE: whatever was sent before it has been read */
        tell(a, WIRE_RST, SERVER, nothing, 0);
        over(a);
    }
}

/* ------------------------------------------------------------------------------------ speaking */

static void send_some(struct attempt *a)
{
    while (a->out.n > 0 && a->state == TALKING) {
        ssize_t n = send(a->fd, a->out.p, a->out.n, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (n < 0) { /* what the server said before it hung up may still be there: reading tells */
            a->out = nothing;
            return;
        }
        struct bytes sent = { a->out.p, (size_t)n };
        a->out = (struct bytes){ a->out.p + n, a->out.n - (size_t)n };
        tell(a, WIRE_BYTES, CLIENT, sent, 0);
    }
}

static void say_hello(struct attempt *a)
{
    if (a->ask->raw.p != NULL) {
        a->out = a->ask->raw;
    } else if (hello_draw(&a->spec, a->retried, &a->keys)) {
        struct bytes message = hello_message(&a->spec, &a->keys, &a->arena);
        a->out = message.p != NULL ? hello_records(&a->spec, message, &a->arena) : nothing;
    }
    if (a->out.n == 0)
        stop(a);
    send_some(a);
}

static struct bytes cookie_in(const struct server_hello *s)
{
    for (size_t i = 0; i < s->exts; i++)
        if (s->ext[i].type == EXT_COOKIE && s->ext[i].body.n > 2)
            return (struct bytes){ s->ext[i].body.p + 2, s->ext[i].body.n - 2 };
    return nothing;
}

/* HelloRetryRequest (RFC 8446 section 4.1.4): the same hello again, with the share that is wanted. False: we have no such
 * key, or it asks for nothing new. */
static bool answer_retry(struct attempt *a, const struct handshake *h)
{
    uint16_t group = h->retry.group;
    if (a->retried || a->ask->raw.p != NULL || !offers_group(&h->hello, group) || !keys_can(group))
        return false;
    a->retried = true;
    a->spec.retry_group = group;
    a->spec.cookie = cookie_in(&h->retry);
    say_hello(a);
    return true;
}

/* The next line of the dialog that leads to TLS, or the hello behind it. */
static void go_on(struct attempt *a)
{
    enum { HEARD_MAX = 16 * 1024 };
    struct bytes heard = { (const uint8_t *)(a->heard.s != NULL ? a->heard.s : ""), a->heard.n };
    enum dialog_says says = DIALOG_SEND;
    while (says == DIALOG_SEND && a->state == TALKING && a->out.n == 0) {
        says = dialog_next(a->ask->starttls, &a->step, heard, a->ask->host, &a->arena, &a->out);
        if (says == DIALOG_SEND) {
            text_clear(&a->heard);
            heard.n = 0;
            send_some(a);
        }
    }
    if (says == DIALOG_TLS) {
        a->in_dialog = false;
        say_hello(a);
    } else if (says == DIALOG_REFUSED) {
        stop(a);
    } else if (a->heard.n > HEARD_MAX) {
        gave_up(a);
    }
}

static void begin(struct attempt *a)
{
    a->in_dialog = a->ask->starttls != NULL;
    if (a->in_dialog)
        go_on(a);
    else
        say_hello(a);
}

/* ------------------------------------------------------------------------------------ listening */

/* Is all there that the server says before it waits for us? */
static bool seen_enough(const struct attempt *a, const struct handshake *h)
{
    const struct side_progress *server = &h->side[SERVER];
    if (h->plain[SERVER].start.p != NULL && (a->ask->starttls == NULL || h->plain[SERVER].where.ns > h->hello.where.ns))
        return true;
    if (!knows(h, KNOW_SERVER_HELLO))
        return h->retry.raw.p != NULL && a->ask->hello_only;
    if (a->ask->hello_only || h->answer.chosen_version == 0x0002)
        return true;
    if (version_is_13(h->answer.chosen_version)) /* without keys there is nothing to wait for */
        return knows(h, KNOW_DECRYPTED) ? server->finished_seen : server->enc_records > 0 || !keys_can(h->answer.group);
    return h->hello_done.len != 0 || server->ccs;
}

/* The server asks for a client certificate. Whether it insists shows when it is told that there is none: at once, where it
 * minds; a server that does not mind waits for the rest (TLS 1.2), or goes on (TLS 1.3). */
static bool say_no_certificate(struct attempt *a, const struct handshake *h)
{
    enum { LEAST_MS = 300 };
    uint8_t  buf[256] = { TLS_HANDSHAKE, (uint8_t)(h->answer.chosen_version >> 8), (uint8_t)h->answer.chosen_version, 0, 7, HS_CERTIFICATE, 0, 0, 3, 0, 0, 0 };
    bool     new = version_is_13(h->answer.chosen_version);
    size_t   n = new ? observing_reply_13(a->slot, buf) : h->hello_done.len != 0 && h->answer.chosen_version > 0x0300 ? 12 : 0;
    int64_t  rtt = a->tcp.syn_ack.ns - a->tcp.syn.ns, wait = 4 * rtt > LEAST_MS * INT64_C(1000000) ? 4 * rtt : LEAST_MS * INT64_C(1000000);
    int64_t  until = clock_ns(CLOCK_MONOTONIC) + wait;
    if (a->replied || n == 0 || a->ask->hello_only || a->ask->raw.p != NULL || !knows(h, KNOW_CERT_REQUEST))
        return false;
    a->replied = true;
    a->deadline = until < a->deadline ? until : a->deadline;
    a->out = (struct bytes){ arena_copy(&a->arena, buf, n), n };
    send_some(a);
    return true;
}

static void look(struct attempt *a)
{
    const struct handshake *h = observing(a->slot);
    if (h == NULL || a->state != TALKING)
        return;
    if (last_fatal_alert(h, SERVER) != NULL) {
        int64_t soon = clock_ns(CLOCK_MONOTONIC) + AFTER_ALERT_NS;
        a->deadline = !a->alerted && soon < a->deadline ? soon : a->deadline;
        a->alerted = true;
    } else if (seen_enough(a, h)) {
        if (!say_no_certificate(a, h) && (!a->replied || h->side[SERVER].app_records > 0))
            stop(a);
    } else if (h->retry.raw.p != NULL && !knows(h, KNOW_SERVER_HELLO) && h->hello2.raw.p == NULL && a->out.n == 0 && !answer_retry(a, h)) {
        stop(a);
    } else if (a->tcp.bytes[SERVER] > READ_AT_MOST) {
        gave_up(a);
    }
}

static void hear(struct attempt *a, struct bytes b)
{
    if (!a->in_dialog) {
        look(a);
        return;
    }
    text_add_n(&a->heard, (const char *)b.p, b.n);
    go_on(a);
}

static void listen_now(struct attempt *a)
{
    uint8_t buf[CHUNK];
    for (int i = 0; i < 8 && a->state == TALKING; i++) { /* others wait, too */
        ssize_t n = recv(a->fd, buf, sizeof buf, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (n < 0) {
            failed(a, errno);
        } else if (n == 0) {
            tell(a, WIRE_FIN, SERVER, nothing, 0);
            over(a);
        } else {
            tell(a, WIRE_BYTES, SERVER, (struct bytes){ buf, (size_t)n }, 0);
            hear(a, (struct bytes){ buf, (size_t)n });
        }
    }
}

/* ------------------------------------------------------------------------------------ opening */

static void endpoint_of(const struct sockaddr_storage *from, struct endpoint *out)
{
    *out = (struct endpoint){ 0 };
    if (from->ss_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, from, sizeof in);
        memcpy(out->ip, &in.sin_addr, 4);
        out->ip_len = 4;
        out->port = ntohs(in.sin_port);
    } else if (from->ss_family == AF_INET6) {
        struct sockaddr_in6 in;
        memcpy(&in, from, sizeof in);
        memcpy(out->ip, &in.sin6_addr, 16);
        out->ip_len = 16;
        out->port = ntohs(in.sin6_port);
    }
}

static void own_address(struct attempt *a)
{
    struct sockaddr_storage own = { 0 };
    socklen_t               len = sizeof own;
    if (getsockname(a->fd, (struct sockaddr *)&own, &len) == 0)
        endpoint_of(&own, &a->ends[CLIENT]);
}

static void opened(struct attempt *a)
{
    int       error = 0;
    socklen_t len = sizeof error;
    if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        error = errno;
    own_address(a);
    if (error != 0) {
        failed(a, error);
        return;
    }
    a->state = TALKING;
    tell(a, WIRE_OPEN, SERVER, nothing, 0);
    begin(a);
}

static struct attempt *attempt_new(struct prober *p, const struct probe_ask *ask)
{
    struct attempt *a = mem_get(1, sizeof *a);
    *a = (struct attempt){ .prober = p, .ask = ask, .spec = ask->spec, .stream = ++p->streams };
    a->deadline = clock_ns(CLOCK_MONOTONIC) + ask->timeout_ns;
    endpoint_of(&ask->to.to, &a->ends[SERVER]);
    a->ends[CLIENT].ip_len = a->ends[SERVER].ip_len;
    a->fd = socket(ask->to.to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    a->tcp.syn = a->tcp.last_seen[CLIENT] = (struct place){ .frame = ++p->frame, .ns = clock_ns(CLOCK_REALTIME) };
    a->tcp.syns = 1;
    if (a->fd >= 0 && connect(a->fd, (const struct sockaddr *)&ask->to.to, ask->to.len) == 0)
        opened(a);
    else if (a->fd < 0 || errno != EINPROGRESS)
        failed(a, errno);
    else
        own_address(a);
    return a;
}

static void attempt_free(struct attempt *a)
{
    keys_wipe(&a->keys, sizeof a->keys);
    arena_free(&a->arena);
    text_free(&a->heard);
    free(a);
}

/* ------------------------------------------------------------------------------------ all of them */

/* Waits until something happens to one of them, and deals with it. */
static void wait_for_some(struct prober *p)
{
    struct pollfd fds[AT_ONCE_MAX];
    int64_t       now = clock_ns(CLOCK_MONOTONIC), first = INT64_MAX;
    nfds_t        n = 0;
    size_t        of[AT_ONCE_MAX];
    for (size_t i = 0; i < ARRAY_LEN(p->now); i++) {
        struct attempt *a = p->now[i];
        if (a == NULL || a->state == OVER)
            continue;
        first = a->deadline < first ? a->deadline : first;
        of[n] = i;
        fds[n++] = (struct pollfd){ .fd = a->fd, .events = (short)(a->state == CONNECTING || a->out.n > 0 ? POLLIN | POLLOUT : POLLIN) };
    }
    int64_t ms = first > now ? (first - now) / 1000000 + 1 : 0;
    if (n == 0 || (poll(fds, n, ms > 60000 ? 60000 : (int)ms) < 0 && errno != EINTR))
        return;
    now = clock_ns(CLOCK_MONOTONIC);
    for (nfds_t i = 0; i < n; i++) {
        struct attempt *a = p->now[of[i]];
        if (fds[i].revents != 0 && a->state == CONNECTING)
            opened(a);
        if ((fds[i].revents & POLLOUT) != 0 && a->state == TALKING)
            send_some(a);
        if ((fds[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && a->state == TALKING)
            listen_now(a);
        if (a->state != OVER && now >= a->deadline && a->alerted)
            over(a);
        else if (a->state != OVER && now >= a->deadline && a->replied)
            stop(a);
        else if (a->state != OVER && now >= a->deadline)
            gave_up(a);
    }
}

/* Takes the handshakes of those that are over; gives how many are left. */
static size_t reap(struct prober *p, const struct probe_ask *asks, struct handshake **out)
{
    struct handshake *h = NULL;
    size_t            left = 0;
    while ((h = observed(p->observer)) != NULL) {
        for (size_t i = 0; i < ARRAY_LEN(p->now); i++)
            if (p->now[i] != NULL && p->now[i]->stream == h->stream)
                out[p->now[i]->ask - asks] = h;
    }
    for (size_t i = 0; i < ARRAY_LEN(p->now); i++) {
        if (p->now[i] != NULL && p->now[i]->state == OVER) {
            attempt_free(p->now[i]);
            p->now[i] = NULL;
        }
        left += p->now[i] != NULL;
    }
    return left;
}

void probe_all(struct prober *p, const struct probe_ask *asks, size_t n, size_t at_once, struct handshake **out)
{
    size_t next = 0, left = 0;
    at_once = at_once < 1 ? 1 : at_once > AT_ONCE_MAX ? AT_ONCE_MAX : at_once;
    do {
        for (size_t i = 0; i < at_once && next < n; i++)
            if (p->now[i] == NULL)
                p->now[i] = attempt_new(p, &asks[next++]);
        left = reap(p, asks, out);
        if (left != 0)
            wait_for_some(p);
        left = reap(p, asks, out);
    } while (left != 0 || next < n);
}
