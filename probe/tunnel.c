/* tunnel.c - the way through a proxy, spoken by libcurl: its multi interface, driven by one epoll descriptor that holds
 * libcurl's sockets and its timer, so that a caller waits for one thing only. */
#include "tlswhy/tunnel.h"
#include "tlswhy/text.h"

#include "curl_lib.h"

#include <errno.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { RC_RESOLVE_PROXY = 5, RC_RESOLVE_HOST = 6, RC_TLS = 35, RC_GOT_NOTHING = 52, RC_SEND = 55, RC_RECV = 56, RC_CERTIFICATE = 60,
       RC_AUTH = 94, RC_PROXY = 97 };
enum { HEARD_MAX = 64 * 1024, ALREADY_CONNECTED = 2 };

struct tunnel {
    const struct curl_lib   *curl;
    const struct tunnel_way *way;
    curl_handle             *easy;
    curl_multi              *multi;
    struct curl_list        *addresses;
    int                      epoll, timer, given; /* given: the caller's connection, until libcurl takes it; then -1 */
    int                      first;               /* its number */
    int                      socket;              /* once open */
    bool                     wants_out;
    enum tunnel_state        state;
    struct tunnel_failure    failure;
    char                     host[256];
    uint16_t                 port;
    tunnel_heard            *heard;
    void                    *ctx;
    struct text              answer; /* lines of the proxy's answer, until they are whole */
    size_t                   total;
    bool                     asked;  /* a request went out since the last answer */
    char                     said[CURL_ERROR_SIZE];
};

/* ------------------------------------------------------------------------------------ what is told of the dialog */

static void tell(struct tunnel *t, enum side from, const void *p, size_t n)
{
    if (n > 0 && t->heard != NULL)
        t->heard(t->ctx, from, (struct bytes){ p, n });
}

/* A request, with what stands behind the scheme of Proxy-Authorization replaced. */
static void tell_request(struct tunnel *t, const char *p, size_t n)
{
    static const char header[] = "Proxy-Authorization:";
    struct text       safe = { 0 };
    while (n > 0) {
        const char *end = memchr(p, '\n', n);
        size_t      line = end != NULL ? (size_t)(end - p) + 1 : n;
        if (line >= sizeof header - 1 && strncasecmp(p, header, sizeof header - 1) == 0) {
            size_t scheme = sizeof header - 1;
            scheme += strspn(p + scheme, " ");
            scheme += strcspn(p + scheme, " \r\n");
            text_add_n(&safe, p, scheme);
            text_add(&safe, " ***\r\n");
        } else {
            text_add_n(&safe, p, line);
        }
        p += line;
        n -= line;
    }
    tell(t, CLIENT, safe.s, safe.n);
    text_free(&safe);
}

static void tell_answer(struct tunnel *t)
{
    tell(t, SERVER, t->answer.s, t->answer.n);
    text_clear(&t->answer);
}

/* libcurl hands over requests whole, and answers line by line. */
static int on_debug(curl_handle *c, int type, char *p, size_t n, void *ctx)
{
    enum { HEADER_IN = 1, HEADER_OUT = 2 };
    struct tunnel *t = ctx;
    (void)c;
    if (t->state != TUNNEL_OPENING || !proxy_is_http(t->way->kind) || t->total > HEARD_MAX)
        return 0;
    t->total += n;
    if (type == HEADER_OUT) {
        tell_answer(t);
        tell_request(t, p, n);
    } else if (type == HEADER_IN) {
        text_add_n(&t->answer, p, n);
        if (n <= 2 && (p[0] == '\r' || p[0] == '\n'))
            tell_answer(t);
    }
    return 0;
}

/* libcurl shows nothing of a SOCKS dialog but its end: what was said up to there follows from it (RFC 1928, RFC 1929), but
 * that the login is not shown. `reply` < 0: the proxy took no method; 256: it refused the login. */
enum { SOCKS_NO_METHOD = -1, SOCKS_BAD_LOGIN = 256 };

static size_t socks_address(const struct tunnel *t, uint8_t *out)
{
    enum { V4 = 1, NAME = 3, V6 = 4 };
    size_t n = strlen(t->host), len = 0;
    if (inet_pton(AF_INET, t->host, out + 1) == 1) {
        out[0] = V4;
        len = 5;
    } else if (inet_pton(AF_INET6, t->host, out + 1) == 1) {
        out[0] = V6;
        len = 17;
    } else {
        out[0] = NAME;
        out[1] = (uint8_t)n;
        memcpy(out + 2, t->host, n);
        len = 2 + n;
    }
    out[len] = (uint8_t)(t->port >> 8);
    out[len + 1] = (uint8_t)t->port;
    return len + 2;
}

static void tell_socks5(struct tunnel *t, int reply)
{
    static const uint8_t no_login[] = { 5, 1, 0 }, both[] = { 5, 2, 0, 2 }, none_fits[] = { 5, 0xff }, login[] = { 1, 1, '*', 1, '*' };
    bool                 user = t->way->has_user;
    uint8_t              method[] = { 5, user ? 2 : 0 }, verdict[] = { 1, reply == SOCKS_BAD_LOGIN }, request[3 + 2 + 256 + 2] = { 5, 1, 0 };
    uint8_t              answer[] = { 5, (uint8_t)reply, 0, 1, 0, 0, 0, 0, 0, 0 };
    tell(t, CLIENT, user ? both : no_login, user ? sizeof both : sizeof no_login);
    if (reply == SOCKS_NO_METHOD) {
        tell(t, SERVER, none_fits, sizeof none_fits);
        return;
    }
    tell(t, SERVER, method, sizeof method);
    if (user) {
        tell(t, CLIENT, login, sizeof login);
        tell(t, SERVER, verdict, sizeof verdict);
    }
    if (reply == SOCKS_BAD_LOGIN)
        return;
    tell(t, CLIENT, request, 3 + socks_address(t, request + 3));
    tell(t, SERVER, answer, sizeof answer);
}

static void tell_socks4(struct tunnel *t, int reply)
{
    uint8_t request[8 + 2 + 256] = { 4, 1, (uint8_t)(t->port >> 8), (uint8_t)t->port, 0, 0, 0, 1 }, answer[8] = { 0, (uint8_t)reply };
    size_t  n = 8;
    bool    is_ip = inet_pton(AF_INET, t->host, request + 4) == 1;
    if (t->way->has_user)
        request[n++] = '*';
    request[n++] = 0;
    if (!is_ip) { /* 4a; with 4 the address was looked up, and libcurl does not tell it */
        memcpy(request + n, t->host, strlen(t->host) + 1);
        n += strlen(t->host) + 1;
    }
    tell(t, CLIENT, request, n);
    tell(t, SERVER, answer, sizeof answer);
}

static bool is_socks5(enum proxy_kind k) { return k == PROXY_SOCKS5 || k == PROXY_SOCKS5H; }

/* ------------------------------------------------------------------------------------ how it ended */

static void fail(struct tunnel *t, enum way_trouble trouble, const char *words)
{
    t->state = TUNNEL_FAILED;
    t->failure.trouble = trouble;
    snprintf(t->failure.words, sizeof t->failure.words, "%s", words);
}

/* CURLE_PROXY, by CURLINFO_PROXY_ERROR (CURLproxycode). */
static void socks_failed(struct tunnel *t)
{
    enum { BAD_VERSION = 2, CLOSED = 3, IDENTD = 7, IDENTD_DIFFER = 8, NO_AUTH = 12, RECV_FIRST = 13, RECV_LAST = 16, REPLY_FIRST = 17, REPLY_LAST = 24,
           REQUEST_FAILED = 26, RESOLVE_HOST = 27, SEND_FIRST = 28, SEND_LAST = 30, USER_REJECTED = 33 };
    static const uint8_t reply[] = { 8, 7, 5, 1, 4, 3, 2, 6 }; /* of RFC 1928, in the order of libcurl's codes */
    long code = 0;
    t->curl->getinfo(t->easy, CURL_INFO_PROXY_ERROR, &code);
    enum way_trouble trouble = WAY_REFUSED;
    if (code == NO_AUTH || code == USER_REJECTED)
        tell_socks5(t, code == NO_AUTH ? SOCKS_NO_METHOD : SOCKS_BAD_LOGIN);
    else if (code >= REPLY_FIRST && code <= REPLY_LAST)
        tell_socks5(t, reply[code - REPLY_FIRST]);
    else if (code == REQUEST_FAILED || code == IDENTD || code == IDENTD_DIFFER)
        tell_socks4(t, code == REQUEST_FAILED ? 91 : code == IDENTD ? 92 : 93);
    else
        trouble = code == RESOLVE_HOST ? WAY_NAME
                  : code == CLOSED || (code >= RECV_FIRST && code <= RECV_LAST) || (code >= SEND_FIRST && code <= SEND_LAST) ? WAY_CLOSED
                  : code == BAD_VERSION ? WAY_NO_PROXY : WAY_BROKEN;
    fail(t, trouble, t->said);
}

static void http_failed(struct tunnel *t, int rc)
{
    long code = 0, error = 0;
    t->curl->getinfo(t->easy, CURL_INFO_CONNECTCODE, &code);
    t->curl->getinfo(t->easy, CURL_INFO_OS_ERRNO, &error);
    bool spoke = t->answer.n != 0;
    tell_answer(t);
    enum way_trouble trouble = code != 0                        ? WAY_REFUSED
                               : rc == RC_CERTIFICATE           ? WAY_CERTIFICATE
                               : rc == RC_TLS                   ? WAY_NO_TLS
                               : rc == RC_AUTH                  ? WAY_LOGIN
                               : spoke                          ? WAY_NO_PROXY
                               : error == ECONNRESET            ? WAY_RESET
                               : rc == RC_RECV || rc == RC_SEND ? WAY_CLOSED : WAY_BROKEN;
    fail(t, trouble, t->said[0] != '\0' ? t->said : t->curl->strerror(rc));
}

static void watch_socket(struct tunnel *t, bool out)
{
    struct epoll_event ev = { .events = (uint32_t)(out ? EPOLLIN | EPOLLOUT : EPOLLIN), .data.fd = t->socket };
    t->wants_out = out;
    if (epoll_ctl(t->epoll, EPOLL_CTL_MOD, t->socket, &ev) != 0 && errno == ENOENT)
        epoll_ctl(t->epoll, EPOLL_CTL_ADD, t->socket, &ev);
}

static void opened(struct tunnel *t)
{
    long code = 0;
    tell_answer(t);
    t->curl->getinfo(t->easy, CURL_INFO_CONNECTCODE, &code);
    if (proxy_is_http(t->way->kind) && code / 100 != 2) { /* without a 2xx the bytes would go to the proxy itself */
        fail(t, WAY_BROKEN, "libcurl opened no tunnel");
        return;
    }
    if (is_socks5(t->way->kind))
        tell_socks5(t, 0);
    else if (!proxy_is_http(t->way->kind))
        tell_socks4(t, 90);
    t->curl->getinfo(t->easy, CURL_INFO_ACTIVESOCKET, &t->socket);
    t->state = TUNNEL_OPEN;
    watch_socket(t, false);
}

static void over(struct tunnel *t, int rc)
{
    if (rc == CURL_OK)
        opened(t);
    else if (rc == RC_RESOLVE_HOST || rc == RC_RESOLVE_PROXY)
        fail(t, WAY_NAME, t->said);
    else if (rc == RC_PROXY)
        socks_failed(t);
    else
        http_failed(t, rc);
}

/* ------------------------------------------------------------------------------------ libcurl's waiting */

static int on_socket(curl_handle *c, int fd, int what, void *ctx, void *of_socket)
{
    struct tunnel *t = ctx;
    (void)c;
    (void)of_socket;
    struct epoll_event ev = { .events = (uint32_t)((what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0)), .data.fd = fd };
    if (what == CURL_POLL_REMOVE)
        epoll_ctl(t->epoll, EPOLL_CTL_DEL, fd, NULL);
    else if (epoll_ctl(t->epoll, EPOLL_CTL_ADD, fd, &ev) != 0 && errno == EEXIST)
        epoll_ctl(t->epoll, EPOLL_CTL_MOD, fd, &ev);
    return 0;
}

static int on_timer(curl_multi *m, long ms, void *ctx)
{
    struct tunnel    *t = ctx;
    struct itimerspec at = { .it_value = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 } };
    (void)m;
    if (ms == 0)
        at.it_value.tv_nsec = 1; /* zero would stop it */
    if (ms < 0)
        at = (struct itimerspec){ 0 };
    timerfd_settime(t->timer, 0, &at, NULL);
    return 0;
}

/* The first connection is the caller's; another is wanted where the proxy hangs up between a 407 and the login. */
struct curl_address { /* struct curl_sockaddr, as far as it is looked at */
    int family, type, protocol;
};
static int on_open_socket(void *ctx, int purpose, struct curl_address *a)
{
    struct tunnel *t = ctx;
    int            fd = t->given;
    (void)purpose;
    t->given = -1;
    return fd >= 0 ? fd : socket(a->family, a->type | SOCK_NONBLOCK | SOCK_CLOEXEC, a->protocol);
}

static int on_socket_made(void *ctx, int fd, int purpose)
{
    struct tunnel *t = ctx;
    (void)purpose;
    bool first = fd == t->first;
    t->first = -1;
    return first ? ALREADY_CONNECTED : 0;
}

enum tunnel_state tunnel_step(struct tunnel *t)
{
    struct epoll_event   ev[8];
    struct curl_message *m = NULL;
    int                  running = 0, left = 0;
    if (t->state != TUNNEL_OPENING)
        return t->state;
    int n = epoll_wait(t->epoll, ev, (int)ARRAY_LEN(ev), 0);
    for (int i = 0; i < n; i++) {
        int what = (ev[i].events & EPOLLIN ? CURL_POLL_IN : 0) | (ev[i].events & EPOLLOUT ? CURL_POLL_OUT : 0) |
                   (ev[i].events & (EPOLLERR | EPOLLHUP) ? CURL_POLL_ERR : 0);
        uint64_t ticks;
        if (ev[i].data.fd == t->timer && read(t->timer, &ticks, sizeof ticks) == sizeof ticks)
            t->curl->multi_action(t->multi, -1, 0, &running);
        else if (ev[i].data.fd != t->timer)
            t->curl->multi_action(t->multi, ev[i].data.fd, what, &running);
    }
    while (t->state == TUNNEL_OPENING && (m = t->curl->multi_read(t->multi, &left)) != NULL) {
        if (m->what == CURL_MESSAGE_DONE)
            over(t, m->data.result);
    }
    return t->state;
}

/* ------------------------------------------------------------------------------------ beginning */

static const int curl_kind[] = { [PROXY_HTTP] = 0, [PROXY_HTTPS] = 2, [PROXY_SOCKS4] = 4, [PROXY_SOCKS4A] = 6, [PROXY_SOCKS5] = 5, [PROXY_SOCKS5H] = 7 };
static const long curl_auth[] = { [PROXY_AUTH_NONE] = CURL_AUTH_NONE, [PROXY_AUTH_BASIC] = CURL_AUTH_BASIC, [PROXY_AUTH_DIGEST] = CURL_AUTH_DIGEST,
                                  [PROXY_AUTH_NTLM] = CURL_AUTH_NTLM, [PROXY_AUTH_NEGOTIATE] = CURL_AUTH_NEGOTIATE };

/* The proxy's address is known: nothing is to be looked up again. */
static void know_address(struct tunnel *t, const struct sockaddr *at)
{
    char ip[INET6_ADDRSTRLEN] = "", row[400];
    bool six = at->sa_family == AF_INET6;
    if (six) {
        struct sockaddr_in6 in;
        memcpy(&in, at, sizeof in);
        inet_ntop(AF_INET6, &in.sin6_addr, ip, sizeof ip);
    } else {
        struct sockaddr_in in;
        memcpy(&in, at, sizeof in);
        inet_ntop(AF_INET, &in.sin_addr, ip, sizeof ip);
    }
    snprintf(row, sizeof row, six ? "%s:%u:[%s]" : "%s:%u:%s", t->way->host, t->way->port, ip);
    t->addresses = t->curl->list_append(NULL, row);
    t->curl->setopt(t->easy, CURL_RESOLVE, t->addresses);
}

static void set_anchors(struct tunnel *t)
{
    struct stat is;
    const char *ca = t->way->ca;
    if (ca == NULL)
        return;
    bool folder = stat(ca, &is) == 0 && S_ISDIR(is.st_mode);
    t->curl->setopt(t->easy, CURL_PROXY_CAINFO, folder ? NULL : ca);
    t->curl->setopt(t->easy, CURL_PROXY_CAPATH, folder ? ca : NULL);
}

static bool set_kind(struct tunnel *t, struct err *err)
{
    if (t->curl->setopt(t->easy, CURL_PROXYTYPE, (long)curl_kind[t->way->kind]) == CURL_OK)
        return true;
    err_set(err, "the libcurl found here cannot speak with a proxy of this kind (%s)", t->way->shown);
    return false;
}

static bool set_login(struct tunnel *t, struct err *err)
{
    const struct tunnel_way *w = t->way;
    bool                     http = proxy_is_http(w->kind), ticket = http && w->auth == PROXY_AUTH_NEGOTIATE;
    if (http && t->curl->setopt(t->easy, CURL_PROXYAUTH, curl_auth[w->auth]) != CURL_OK) {
        err_set(err, "the libcurl found here cannot log on with %s; choose another --proxy-auth", proxy_auth_name(w->auth));
        return false;
    }
    t->curl->setopt(t->easy, CURL_SOCKS5_AUTH, (long)CURL_AUTH_BASIC);
    if ((http && w->auth == PROXY_AUTH_NONE) || (!w->has_user && !ticket))
        return true;
    t->curl->setopt(t->easy, CURL_PROXYUSERNAME, w->user);
    t->curl->setopt(t->easy, CURL_PROXYPASSWORD, w->password);
    return true;
}

static bool set_up(struct tunnel *t, const struct sockaddr *at, struct err *err)
{
    char  url[300], proxy[300];
    bool  six = strchr(t->host, ':') != NULL;
    void *c = t->easy;
    snprintf(url, sizeof url, six ? "http://[%s]:%u/" : "http://%s:%u/", t->host, t->port);
    snprintf(proxy, sizeof proxy, strchr(t->way->host, ':') != NULL ? "[%s]:%u" : "%s:%u", t->way->host, t->way->port);
    t->curl->setopt(c, CURL_URL, url);
    t->curl->setopt(c, CURL_PROTOCOLS, (long)CURL_PROTO_HTTP);
    t->curl->setopt(c, CURL_CONNECT_ONLY, 1L);
    t->curl->setopt(c, CURL_HTTPPROXYTUNNEL, 1L);
    t->curl->setopt(c, CURL_CONNECTTIMEOUT_MS, 24L * 3600 * 1000); /* the caller's deadline counts */
    t->curl->setopt(c, CURL_USERAGENT, "tlswhy/" TLSWHY_VERSION);
    t->curl->setopt(c, CURL_ERRORBUFFER, t->said);
    t->curl->setopt(c, CURL_VERBOSE, 1L);
    t->curl->setopt(c, CURL_DEBUGFUNCTION, on_debug);
    t->curl->setopt(c, CURL_DEBUGDATA, t);
    t->curl->setopt(c, CURL_OPENSOCKETFUNCTION, on_open_socket);
    t->curl->setopt(c, CURL_OPENSOCKETDATA, t);
    t->curl->setopt(c, CURL_SOCKOPTFUNCTION, on_socket_made);
    t->curl->setopt(c, CURL_SOCKOPTDATA, t);
    t->curl->setopt(c, CURL_PROXY, proxy);
    t->curl->setopt(c, CURL_NOPROXY, "");
    know_address(t, at);
    set_anchors(t);
    return set_kind(t, err) && set_login(t, err);
}

static bool start(struct tunnel *t, const struct sockaddr *at, struct err *err)
{
    int                running = 0;
    struct epoll_event ev = { .events = EPOLLIN };
    if ((t->curl = curl_lib(err)) == NULL)
        return false;
    t->epoll = epoll_create1(EPOLL_CLOEXEC);
    t->timer = ev.data.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (t->epoll < 0 || t->timer < 0 || epoll_ctl(t->epoll, EPOLL_CTL_ADD, t->timer, &ev) != 0) {
        err_sys(err, "no descriptor is left for the way through the proxy");
        return false;
    }
    if ((t->easy = t->curl->init()) == NULL || (t->multi = t->curl->multi_init()) == NULL)
        mem_fail();
    if (!set_up(t, at, err))
        return false;
    t->curl->multi_setopt(t->multi, CURL_MULTI_SOCKETFUNCTION, on_socket);
    t->curl->multi_setopt(t->multi, CURL_MULTI_SOCKETDATA, t);
    t->curl->multi_setopt(t->multi, CURL_MULTI_TIMERFUNCTION, on_timer);
    t->curl->multi_setopt(t->multi, CURL_MULTI_TIMERDATA, t);
    t->curl->multi_add(t->multi, t->easy);
    t->curl->multi_action(t->multi, -1, 0, &running);
    return true;
}

bool tunnel_ready(const struct tunnel_way *way, struct err *err)
{
    struct tunnel t = { .way = way, .curl = curl_lib(err) };
    if (t.curl == NULL)
        return false;
    if ((t.easy = t.curl->init()) == NULL)
        mem_fail();
    bool fine = set_kind(&t, err) && set_login(&t, err);
    t.curl->cleanup(t.easy);
    return fine;
}

struct tunnel *tunnel_begin(const struct tunnel_way *way, int fd, const struct sockaddr *at, const char *host, uint16_t port,
                            tunnel_heard *heard, void *ctx, struct err *err)
{
    struct tunnel *t = mem_get(1, sizeof *t);
    *t = (struct tunnel){ .way = way, .given = fd, .first = fd, .epoll = -1, .timer = -1, .socket = -1, .port = port, .heard = heard, .ctx = ctx };
    snprintf(t->host, sizeof t->host, "%s", host);
    bool fine = host[strcspn(host, "/?#@%\\\" ")] == '\0';
    if (!fine)
        err_set(err, "'%.60s' cannot be asked of a proxy", host);
    if (!fine || !start(t, at, err)) {
        tunnel_end(t);
        return NULL;
    }
    return t;
}

int tunnel_fd(const struct tunnel *t) { return t->epoll; }
int tunnel_socket(const struct tunnel *t) { return t->socket; }
const struct tunnel_failure *tunnel_failure(const struct tunnel *t) { return &t->failure; }

void tunnel_end(struct tunnel *t)
{
    if (t == NULL)
        return;
    if (t->multi != NULL && t->easy != NULL)
        t->curl->multi_remove(t->multi, t->easy);
    if (t->easy != NULL)
        t->curl->cleanup(t->easy);
    if (t->multi != NULL)
        t->curl->multi_cleanup(t->multi);
    if (t->addresses != NULL)
        t->curl->list_free(t->addresses);
    if (t->given >= 0)
        close(t->given);
    if (t->timer >= 0)
        close(t->timer);
    if (t->epoll >= 0)
        close(t->epoll);
    text_free(&t->answer);
    free(t);
}

/* ------------------------------------------------------------------------------------ through it */

static ssize_t result(struct tunnel *t, int rc, size_t n)
{
    long error = 0;
    if (rc == CURL_OK || rc == RC_GOT_NOTHING)
        return rc == CURL_OK ? (ssize_t)n : 0;
    t->curl->getinfo(t->easy, CURL_INFO_OS_ERRNO, &error);
    errno = rc == CURL_AGAIN ? EAGAIN : rc == RC_SEND ? EPIPE : error == ETIMEDOUT ? ETIMEDOUT : ECONNRESET;
    return -1;
}

ssize_t tunnel_send(struct tunnel *t, const void *p, size_t n)
{
    size_t  sent = 0;
    int     rc = t->curl->send(t->easy, p, n, &sent);
    bool    full = rc == CURL_AGAIN;
    if (full != t->wants_out)
        watch_socket(t, full);
    return result(t, rc, sent);
}

ssize_t tunnel_recv(struct tunnel *t, void *p, size_t n)
{
    size_t got = 0;
    int    rc = t->curl->recv(t->easy, p, n, &got);
    return result(t, rc, got);
}
