/* serve.c - the loop of the lab's servers: listeners and their connections, here or in a process of its own. */
#include "serve_caller.h"

#include "tlswhy/loop.h"
#include "tlswhy/text.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LISTENERS_MAX = 512, CALLERS_MAX = 256 };
static const int64_t USUAL_TIMEOUT = 60 * NS_PER_S;

struct serve {
    struct serve_options o;
    struct pki          *pki;
    struct listener      listeners[LISTENERS_MAX];
    size_t               n;
    struct caller         *callers[CALLERS_MAX];
    int                  channel; /* to or from the other process, or -1 */
    pid_t                child;   /* 0: none, or we are it */
};

/* ------------------------------------------------------------------------------------ starting */

struct serve *serve_new(const struct serve_options *o, struct err *err)
{
    struct serve *s = mem_get(1, sizeof *s);
    *s = (struct serve){ .o = *o, .channel = -1 };
    s->o.timeout_ns = s->o.timeout_ns > 0 ? s->o.timeout_ns : USUAL_TIMEOUT;
    s->pki = pki_new(&s->o, err);
    if (s->pki != NULL)
        return s;
    free(s);
    return NULL;
}

const char *serve_root_pem(const struct serve *s) { return pki_root_pem(s->pki); }
const char *serve_root_key_pem(const struct serve *s) { return pki_root_key_pem(s->pki); }

static uint16_t port_of(int fd)
{
    struct sockaddr_storage own;
    socklen_t               len = sizeof own;
    uint16_t                port = 0;
    if (getsockname(fd, (struct sockaddr *)&own, &len) != 0)
        return 0;
    memcpy(&port, (uint8_t *)&own + (own.ss_family == AF_INET6 ? offsetof(struct sockaddr_in6, sin6_port) : offsetof(struct sockaddr_in, sin_port)), 2);
    return ntohs(port);
}

/* With its queue full a listener's kernel drops what asks to be let in. */
static int fill_queue(int fd)
{
    struct sockaddr_storage own;
    socklen_t               len = sizeof own;
    if (getsockname(fd, (struct sockaddr *)&own, &len) != 0)
        return -1;
    int filler = socket(own.ss_family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
    if (filler < 0 || connect(filler, (const struct sockaddr *)&own, len) == 0)
        return filler;
    close(filler);
    return -1;
}

static bool open_door(struct listener *l, const struct sockaddr *on, socklen_t len, struct err *err)
{
    bool closed = l->what->play->door == DOOR_CLOSED, stuck = l->what->play->door == DOOR_STUCK;
    int  one = 1;
    l->fd = socket(on->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (l->fd >= 0)
        setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (l->fd < 0 || bind(l->fd, on, len) != 0 || (!closed && listen(l->fd, stuck ? 0 : 128) != 0)) {
        err_sys(err, "cannot listen for the case %s", l->what->name);
        return false;
    }
    l->port = port_of(l->fd);
    if (stuck)
        l->filler = fill_queue(l->fd);
    return true;
}

static void listener_close(struct listener *l)
{
    if (l->fd >= 0)
        close(l->fd);
    if (l->filler >= 0)
        close(l->filler);
    tls_server_free(l->tls);
}

/* By the first name that the certificates are for, else by its address. */
static void tell_status_at(struct serve *s, const struct sockaddr *on, uint16_t port)
{
    char        address[64] = "", url[128];
    const char *host = s->o.name_n != 0 ? s->o.names[0] : address;
    if (host == address)
        getnameinfo(on, on->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in), address, sizeof address, NULL, 0, NI_NUMERICHOST);
    snprintf(url, sizeof url, strchr(host, ':') != NULL ? "http://[%s]:%u/" : "http://%s:%u/", host, port);
    pki_tell_status_at(s->pki, url);
}

uint16_t serve_start(struct serve *s, const struct serve_case *c, const struct sockaddr *on, socklen_t len, struct err *err)
{
    const char      *cannot = serve_cannot(c);
    struct listener *l = &s->listeners[s->n];
    if (cannot != NULL || s->n == LISTENERS_MAX) {
        err_set(err, "cannot start the case %s: %s", c->name, cannot != NULL ? cannot : "too many cases at once");
        return 0;
    }
    *l = (struct listener){ .what = c, .fd = -1, .filler = -1 };
    l->certs = pki_chain(s->pki, c->play->chain, err);
    if (l->certs != NULL && c->play->act == ACT_TLS)
        l->tls = tls_server_new(&c->play->tls, l->certs, pki_root(s->pki), err);
    if (l->certs == NULL || (l->tls == NULL && c->play->act == ACT_TLS) || !open_door(l, on, len, err)) {
        listener_close(l);
        return 0;
    }
    s->n++;
    if (c->play->act == ACT_WEB)
        tell_status_at(s, on, l->port);
    return l->port;
}

/* ------------------------------------------------------------------------------------ the loop */

/* Only as much as there is of it: a channel takes few large ones. Who does not read misses it. */
static void send_sight(int channel, const struct serve_sight *sight)
{
    struct iovec part[] = { { (void *)(uintptr_t)sight, offsetof(struct serve_sight, heard) }, { (void *)(uintptr_t)sight->heard, sight->heard_n },
                            { (void *)(uintptr_t)sight->request, sight->request_n } };
    (void)!sendmsg(channel, &(struct msghdr){ .msg_iov = part, .msg_iovlen = ARRAY_LEN(part) }, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static bool take_sight(int channel, struct serve_sight *out)
{
    const size_t head = offsetof(struct serve_sight, heard);
    ssize_t      n = recv(channel, out, sizeof *out, 0);
    if (n < (ssize_t)head || out->heard_n > sizeof out->heard || out->request_n > sizeof out->request || (size_t)n != head + out->heard_n + out->request_n)
        return false;
    memmove(out->request, out->heard + out->heard_n, out->request_n);
    return true;
}

static void tell(void *ctx, const struct serve_sight *sight)
{
    struct serve *s = ctx;
    if (s->channel >= 0)
        send_sight(s->channel, sight);
    else if (s->o.saw != NULL)
        s->o.saw(s->o.ctx, sight);
}

static void let_in(struct serve *s, struct listener *l)
{
    struct sockaddr_storage from = { 0 };
    socklen_t               len = sizeof from;
    size_t                  i = 0;
    int                     fd = accept4(l->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    while (i < CALLERS_MAX && s->callers[i] != NULL)
        i++;
    if (fd >= 0 && i == CALLERS_MAX)
        close(fd);
    else if (fd >= 0)
        s->callers[i] = caller_new(l, fd, &from, s->o.timeout_ns);
}

static void bury(struct serve *s)
{
    for (size_t i = 0; i < CALLERS_MAX; i++) {
        if (s->callers[i] != NULL && s->callers[i]->state == GONE) {
            caller_free(s->callers[i]);
            s->callers[i] = NULL;
        }
    }
}

void serve_step(struct serve *s, int64_t wait_ns)
{
    const struct sights sights = { tell, s, s->pki };
    struct pollfd       fds[LISTENERS_MAX + CALLERS_MAX];
    struct caller        *of[CALLERS_MAX];
    size_t              n = s->n, callers = 0;
    int64_t             now = loop_now(), until = now + wait_ns;
    for (size_t i = 0; i < n; i++) /* a negative descriptor is passed over: doors that are never opened */
        fds[i] = (struct pollfd){ .fd = s->listeners[i].what->play->door == DOOR_OPEN ? s->listeners[i].fd : -1, .events = POLLIN };
    for (size_t i = 0; i < CALLERS_MAX; i++) {
        if (s->callers[i] == NULL)
            continue;
        of[callers] = s->callers[i];
        fds[n + callers++] = (struct pollfd){ .fd = s->callers[i]->fd, .events = caller_wants(s->callers[i], now, &until) };
    }
    int64_t ms = until > now ? (until - now + 999999) / 1000000 : 0;
    if (poll(fds, n + callers, ms > INT_MAX ? INT_MAX : (int)ms) < 0)
        return;
    for (size_t i = 0; i < callers; i++)
        caller_wake(of[i], &sights, fds[n + i].revents);
    for (size_t i = 0; i < n; i++)
        if ((fds[i].revents & POLLIN) != 0)
            let_in(s, &s->listeners[i]);
    bury(s);
}

/* ------------------------------------------------------------------------------------ a process of its own */

/* The child: serves until the parent closes its end of the channel, or a signal ends it. */
static _Noreturn void serve_on(struct serve *s)
{
    struct pollfd parent = { .fd = s->channel, .events = POLLIN };
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_IGN); /* Ctrl-C is for the parent, which then ends us */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    while (poll(&parent, 1, 0) == 0)
        serve_step(s, NS_PER_S / 4);
    _exit(0);
}

pid_t serve_fork(struct serve *s, struct err *err)
{
    int ends[2], room = 4 * 1024 * 1024;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        err_sys(err, "cannot make a channel to the lab's process");
        return -1;
    }
    setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    pid_t child = fork();
    if (child < 0) {
        err_sys(err, "cannot start the lab's process");
        close(ends[0]);
        close(ends[1]);
        return -1;
    }
    s->channel = ends[child == 0];
    close(ends[child != 0]);
    if (child == 0)
        serve_on(s);
    s->child = child;
    return child;
}

bool serve_next(struct serve *s, int64_t wait_ns, struct serve_sight *out)
{
    struct pollfd channel = { .fd = s->channel, .events = POLLIN };
    int64_t       ms = wait_ns > 0 ? (wait_ns + 999999) / 1000000 : 0;
    if (s->channel < 0 || poll(&channel, 1, ms > INT_MAX ? INT_MAX : (int)ms) <= 0)
        return false;
    return take_sight(s->channel, out);
}

void serve_free(struct serve *s)
{
    if (s == NULL)
        return;
    if (s->child > 0)
        kill(s->child, SIGTERM);
    if (s->channel >= 0)
        close(s->channel);
    if (s->child > 0)
        waitpid(s->child, NULL, 0);
    for (size_t i = 0; i < CALLERS_MAX; i++)
        if (s->callers[i] != NULL)
            caller_free(s->callers[i]);
    for (size_t i = 0; i < s->n; i++)
        listener_close(&s->listeners[i]);
    pki_free(s->pki);
    free(s);
}
