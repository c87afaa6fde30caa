/* conn.c - connections of a probe: sockets in, wire events out. */
#include "attempt.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 16 * 1024 };

static const struct bytes nothing;

/* ------------------------------------------------------------------------------------ telling the observer */

/* The connection as a recording numbers it; nothing has happened yet but its first packet. */
static void record_syn(const struct attempt *a)
{
    struct wire_event ev = { .ns = a->tcp.syn.ns, .stream = a->stream, .ends = a->ends, .tcp = &a->tcp };
    if (a->prober->recording != NULL)
        recording_syn(a->prober->recording, &ev);
}

/* The packets of an event stand behind the secrets that open them. */
static void record(struct attempt *a, const struct wire_event *ev)
{
    struct recording           *r = a->prober->recording;
    const struct tls13_secrets *s = ev->kind == WIRE_BYTES ? observing_secrets(a->slot) : NULL;
    struct tls13_secrets        old = { 0 };
    if (s == NULL && ev->kind == WIRE_BYTES && finish_secrets(a, &old))
        s = &old;
    unsigned known = s == NULL || (s->handshake_len[SERVER] == 0 && s->master_len == 0) ? 0 : s->application_len[SERVER] == 0 ? 1 : 2;
    if (known > a->secrets_told)
        recording_secrets(r, observing(a->slot), s);
    keys_wipe(&old, sizeof old);
    a->secrets_told = known > a->secrets_told ? known : a->secrets_told;
    recording_take(r, ev);
}

void attempt_tell(struct attempt *a, enum wire_kind kind, enum side from, struct bytes b, int code)
{
    bool              seen = kind != WIRE_STOPPED && kind != WIRE_TIMEOUT && kind != WIRE_END;
    struct place      here = { .frame = seen ? ++*a->frames : *a->frames, .ns = time_now() };
    struct wire_event ev = {
        .kind = kind, .from = from, .frame = here.frame, .ns = here.ns, .at = a->tcp.bytes[from], .bytes = b.p, .len = b.n, .code = code,
        .stream = a->stream, .ends = a->ends, .tcp = &a->tcp, .slot = &a->slot
    };
    a->tcp.bytes[from] += b.n;
    if (seen && kind != WIRE_UNREACHABLE) /* which is no traffic of the connection */
        a->tcp.last_seen[from] = here;
    if (kind == WIRE_OPEN) {
        a->tcp.syn_ack = here;
        a->tcp.syn_acks = 1;
        a->tcp.both_directions = a->tcp.start_seen[CLIENT] = a->tcp.start_seen[SERVER] = true;
        a->tcp.last_seen[CLIENT] = (struct place){ .frame = ++*a->frames, .ns = here.ns }; /* the ACK */
    }
    a->prober->telling = a;
    observe(a->view->observer, &ev);
    if (a->prober->recording != NULL)
        record(a, &ev);
    if (kind == WIRE_END && (a->h = observed(a->view->observer)) != NULL) {
        through_told(a, a->h);
        if (a->inside != NULL)
            inside_told(a->inside, a->h);
        finish_told(a, a->h);
    }
}

/* What the kernel knows: how much has arrived there, and what it sent again. */
static void ask_kernel(struct attempt *a)
{
    struct tcp_info info = { 0 };
    socklen_t       len = sizeof info;
    int             fd = a->tunnel != NULL ? tunnel_socket(a->tunnel) : a->watch.fd;
    if (fd < 0 || getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return;
    uint16_t again = info.tcpi_total_retrans < UINT16_MAX ? (uint16_t)info.tcpi_total_retrans : UINT16_MAX;
    if (a->state == CONNECTING)
        a->tcp.syns = (uint16_t)(again < UINT16_MAX ? again + 1 : again);
    else
        a->tcp.retransmissions[CLIENT] = again;
    a->tcp.acked[SERVER] = a->tcp.bytes[SERVER];
    a->tcp.acked[CLIENT] = info.tcpi_unacked == 0 ? a->tcp.bytes[CLIENT] : 0;
}

void attempt_close(struct attempt *a)
{
    if (a->tunnel != NULL) {
        loop_forget(a->prober->loop, &a->watch);
        tunnel_end(a->tunnel);
    } else {
        loop_close(a->prober->loop, &a->watch);
    }
    a->tunnel = NULL;
    a->watch.fd = -1;
}

void attempt_over(struct attempt *a)
{
    ask_kernel(a);
    attempt_tell(a, WIRE_END, CLIENT, nothing, 0);
    attempt_close(a);
    a->state = OVER;
    prober_over(a);
}

void attempt_stop(struct attempt *a)
{
    attempt_tell(a, WIRE_STOPPED, CLIENT, nothing, 0);
    attempt_over(a);
}

void attempt_give_up(struct attempt *a)
{
    ask_kernel(a);
    attempt_tell(a, WIRE_TIMEOUT, CLIENT, nothing, 0);
    attempt_over(a);
}

/* A socket's error as the ICMP message that it stands for (RFC 792, RFC 4443). */
static void unreachable(struct attempt *a, int error)
{
    bool six = a->ends[SERVER].ip_len == 16;
    int  code = error == ENETUNREACH ? 0 : error == EACCES || error == EPERM ? (six ? 1 : 13) : six ? 3 : 1;
    attempt_tell(a, WIRE_UNREACHABLE, SERVER, nothing, (six ? 1 : 3) << 8 | code);
    attempt_over(a);
}

static void failed(struct attempt *a, int error)
{
    if (a->state == CONNECTING && error == ECONNREFUSED) {
        attempt_tell(a, WIRE_REFUSED, SERVER, nothing, 0);
        attempt_over(a);
    } else if (error == ETIMEDOUT) {
        attempt_give_up(a);
    } else if (a->state == CONNECTING) {
        unreachable(a, error);
    } else { /* ECONNRESET, EPIPE: whatever was sent before it has been read */
        attempt_tell(a, WIRE_RST, SERVER, nothing, 0);
        attempt_over(a);
    }
}

/* ------------------------------------------------------------------------------------ bytes */

/* How much goes out at once: a frame's worth, or the segments that were wished for. */
static size_t piece_of(const struct attempt *a)
{
    size_t most = a->ask->segment != 0 && !a->in_dialog && a->ask->segment < CHUNK ? a->ask->segment : CHUNK;
    return a->out.n < most ? a->out.n : most;
}

static void pause_between(struct attempt *a)
{
    if (a->ask->segment == 0 || a->in_dialog || a->ask->segment_pause_ns == 0 || a->out.n == 0)
        return;
    a->resume = loop_now() + a->ask->segment_pause_ns;
    loop_due(a->prober->loop, &a->watch, a->resume < a->deadline ? a->resume : a->deadline);
}

void attempt_send(struct attempt *a)
{
    while (a->out.n > 0 && a->state == TALKING && (a->resume == 0 || loop_now() >= a->resume)) {
        size_t  piece = piece_of(a);
        ssize_t n = a->tunnel != NULL ? tunnel_send(a->tunnel, a->out.p, piece) : send(a->watch.fd, a->out.p, piece, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (n < 0) { /* what the server said before it hung up may still be there: reading tells; but a reset is told once */
            a->reset = errno == ECONNRESET;
            a->out = nothing;
            return;
        }
        struct bytes sent = { a->out.p, (size_t)n };
        a->out = (struct bytes){ a->out.p + n, a->out.n - (size_t)n };
        attempt_tell(a, WIRE_BYTES, CLIENT, sent, 0);
        pause_between(a);
    }
}

void attempt_listen(struct attempt *a, bool hung_up)
{
    enum { SHARE = 8 };
    uint8_t buf[CHUNK];
    for (int i = 0; a->state == TALKING; i++) {
        if (i == SHARE && a->tunnel == NULL) { /* a tunnel is to be read dry: it may hold what the loop does not see */
            loop_again(a->prober->loop, &a->watch);
            return;
        }
        ssize_t n = a->tunnel != NULL ? tunnel_recv(a->tunnel, buf, sizeof buf) : recv(a->watch.fd, buf, sizeof buf, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (n < 0) {
            failed(a, errno);
        } else if (n == 0) {
            attempt_tell(a, a->reset ? WIRE_RST : WIRE_FIN, SERVER, nothing, 0);
            attempt_over(a);
        } else {
            struct bytes got = { buf, (size_t)n };
            attempt_tell(a, WIRE_BYTES, SERVER, got, 0);
            talk_hear(a, got);
            if (got.n < sizeof buf && !hung_up && a->tunnel == NULL)
                return;
        }
    }
}

/* ------------------------------------------------------------------------------------ opening */

void endpoint_of(const struct sockaddr_storage *from, struct endpoint *out)
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
    if (getsockname(a->watch.fd, (struct sockaddr *)&own, &len) == 0)
        endpoint_of(&own, &a->ends[CLIENT]);
}

static void opened(struct attempt *a, bool hung_up)
{
    int       error = 0;
    socklen_t len = sizeof error;
    if (hung_up && getsockopt(a->watch.fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        error = errno;
    if (error != 0 && error != ECONNRESET) { /* that one is told of connections that had been open only */
        failed(a, error);
        return;
    }
    attempt_tell(a, WIRE_OPEN, SERVER, nothing, 0);
    if (a->ask->open_ns != 0) {
        a->deadline = a->begun + a->ask->timeout_ns;
        attempt_by(a, a->deadline);
    }
    if (a->ask->way != NULL && error == 0) {
        through_begin(a);
        return;
    }
    a->state = TALKING;
    if (error != 0)
        failed(a, error);
    else
        talk_begin(a);
}

/* Is it we who have too much open, and not the way to them that is missing? */
static bool lacks_means(const struct attempt *a, int error)
{
    switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EAGAIN: return true;
    case EADDRNOTAVAIL: return a->ends[SERVER].ip_len == 4; /* no free port; IPv6: no address of our own */
    default: return false;
    }
}

static void close_again(struct attempt *a, int error)
{
    if (a->watch.fd >= 0)
        close(a->watch.fd);
    a->watch.fd = -1;
    a->trouble = error;
    prober_later(a);
}

void attempt_open(struct attempt *a)
{
    const struct address *to = &a->ask->to;
    a->watch.fd = socket(to->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    int error = a->watch.fd < 0 || connect(a->watch.fd, (const struct sockaddr *)&to->to, to->len) != 0 ? errno : 0;
    if (lacks_means(a, error)) {
        close_again(a, error);
        return;
    }
    a->trouble = 0;
    a->state = CONNECTING;
    if (a->ask->segment != 0 && a->watch.fd >= 0)
        setsockopt(a->watch.fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)); /* each piece a segment of its own */
    a->tcp.syn = a->tcp.last_seen[CLIENT] = (struct place){ .frame = ++*a->frames, .ns = time_now() };
    a->tcp.syns = 1;
    own_address(a);
    record_syn(a);
    if (error != 0 && error != EINPROGRESS)
        failed(a, error);
    else if (!loop_poll(a->prober->loop, &a->watch))
        failed(a, errno);
    else
        attempt_by(a, a->deadline); /* that it is open already, the loop will tell */
}

void attempt_by(struct attempt *a, int64_t moment)
{
    a->deadline = moment < a->deadline ? moment : a->deadline;
    loop_due(a->prober->loop, &a->watch, a->resume != 0 && a->resume < a->deadline ? a->resume : a->deadline);
}

static void too_late(struct attempt *a)
{
    if (a->resume != 0 && loop_now() < a->deadline) { /* the pause is over, not the time */
        a->resume = 0;
        loop_due(a->prober->loop, &a->watch, a->deadline);
        attempt_send(a);
        return;
    }
    if (a->alerted)
        attempt_over(a);
    else if (a->replied && !finish_waits(a))
        attempt_stop(a);
    else
        attempt_give_up(a);
}

void attempt_ready(void *attempt, unsigned what)
{
    struct attempt *a = attempt;
    if (a->state == WAITING) {
        prober_turn(a);
        return;
    }
    if (a->tunnel != NULL && (what & LOOP_IN) != 0)
        through_ready(a);
    else if (a->state == CONNECTING && (what & (LOOP_IN | LOOP_OUT)) != 0)
        opened(a, (what & LOOP_HUP) != 0);
    if (a->state == TALKING && (what & LOOP_OUT) != 0)
        attempt_send(a);
    if (a->state == TALKING && a->tunnel == NULL && (what & LOOP_IN) != 0)
        attempt_listen(a, (what & LOOP_HUP) != 0);
    if (a->state != OVER && (what & LOOP_DUE) != 0)
        too_late(a);
}
