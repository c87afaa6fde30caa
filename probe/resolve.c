#include "tlswhy/resolve.h"

#include <ares.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SOCKETS = 64,  /* servers times (UDP and TCP), and some more */
    ASKED_MOST = 64 /* names at a time: more would overflow a server's socket, and what is lost costs seconds */
};

/* A socket of libcares. */
struct line {
    struct resolver *r;
    struct watch     watch;
    bool             reads, writes; /* what libcares waits for */
};

struct resolver {
    struct loop *loop;
    ares_channel channel;
    struct watch clock; /* when libcares wants to ask again */
    struct line  lines[SOCKETS];
    bool         ending;
    size_t       asked;            /* names that an answer is waited for, */
    struct question *first, *last; /* and those that wait for their turn */
};

struct question {
    struct resolver *r;
    struct question *behind;
    int              family;
    int64_t          timeout_ns;
    char             service[8];
    struct watch     deadline;
    resolve_answer  *answer; /* NULL: it came too late */
    void            *ctx;
    char             host[]; /* for the sentence */
};

/* ------------------------------------------------------------------------------------ libcares in the loop */

static void ask_next(struct resolver *r);

/* When libcares wants to ask again; at once where another name's turn has come. */
static void set_clock(struct resolver *r)
{
    struct timeval  most = { .tv_sec = 60 }, left;
    struct timeval *next = ares_timeout(r->channel, &most, &left);
    bool            turn = r->first != NULL && r->asked < ASKED_MOST;
    loop_due(r->loop, &r->clock, loop_now() + (turn ? 0 : next->tv_sec * NS_PER_S + next->tv_usec * 1000 + 1));
}

static void clock_call(void *ctx, unsigned what)
{
    struct resolver *r = ctx;
    (void)what;
    ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    ask_next(r);
    set_clock(r);
}

static void line_call(void *ctx, unsigned what)
{
    struct line     *l = ctx;
    struct resolver *r = l->r;
    int              fd = l->watch.fd;
    bool             in = (what & LOOP_IN) != 0 && l->reads, out = (what & LOOP_OUT) != 0 && l->writes;
    ares_process_fd(r->channel, in ? fd : ARES_SOCKET_BAD, out ? fd : ARES_SOCKET_BAD);
    set_clock(r);
}

static void socket_state(void *ctx, ares_socket_t fd, int reads, int writes)
{
    struct resolver *r = ctx;
    struct line     *l = NULL;
    for (size_t i = 0; i < SOCKETS && l == NULL; i++)
        if (r->lines[i].watch.polled && r->lines[i].watch.fd == fd)
            l = &r->lines[i];
    for (size_t i = 0; i < SOCKETS && l == NULL; i++)
        if (!r->lines[i].watch.polled)
            l = &r->lines[i];
    if (l == NULL) /* its questions end at their deadlines */
        return;
    if (l->watch.polled && !reads && !writes) {
        loop_forget(r->loop, &l->watch);
        return;
    }
    bool new = !l->watch.polled;
    *l = (struct line){ .r = r, .watch = new ? (struct watch){ .fd = fd, .call = line_call, .ctx = l } : l->watch, .reads = reads, .writes = writes };
    if (new)
        loop_poll(r->loop, &l->watch);
    else
        loop_again(r->loop, &l->watch);
}

struct resolver *resolver_new(struct loop *loop, struct err *err)
{
    struct resolver    *r = mem_get(1, sizeof *r);
    struct ares_options o = { .timeout = 2000, .tries = 3, .sock_state_cb = socket_state, .sock_state_cb_data = r };
    r->loop = loop;
    r->clock = (struct watch){ .fd = -1, .call = clock_call, .ctx = r };
    int bad = ares_library_init(ARES_LIB_INIT_ALL);
    bad = bad != ARES_SUCCESS ? bad : ares_init_options(&r->channel, &o, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
    if (bad == ARES_SUCCESS)
        return r;
    err_set(err, "names cannot be looked up: %s", ares_strerror(bad));
    free(r);
    return NULL;
}

void resolver_free(struct resolver *r)
{
    if (r == NULL)
        return;
    r->ending = true;
    ares_destroy(r->channel);
    for (struct question *q = r->first, *next; q != NULL; q = next) {
        next = q->behind;
        free(q);
    }
    for (size_t i = 0; i < SOCKETS; i++)
        loop_forget(r->loop, &r->lines[i].watch);
    loop_forget(r->loop, &r->clock);
    ares_library_cleanup();
    free(r);
}

/* ------------------------------------------------------------------------------------ questions */

void addresses_in_turn(struct address *list, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        size_t k = i;
        while (k < n && list[k].to.ss_family == list[i - 1].to.ss_family)
            k++;
        if (k == n)
            return;
        struct address next = list[k];
        memmove(&list[i + 1], &list[i], (k - i) * sizeof *list);
        list[i] = next;
    }
}

static bool add_address(struct address **list, size_t *n, const struct sockaddr *to, size_t len)
{
    if (len > sizeof(struct sockaddr_storage))
        return false;
    *list = mem_grow(*list, *n + 1, sizeof **list);
    (*list)[*n] = (struct address){ .len = (socklen_t)len };
    memcpy(&(*list)[(*n)++].to, to, len);
    return true;
}

static void say(struct question *q, struct address *list, size_t n, const struct err *err)
{
    resolve_answer *answer = q->answer;
    q->answer = NULL;
    q->r->asked -= answer != NULL;
    if (answer != NULL && !q->r->ending)
        answer(q->ctx, list, n, err);
    else
        free(list);
}

static const char *why_not(int status)
{
    switch (status) {
    case ARES_ENODATA:
    case ARES_ENOTFOUND: return "there is no such name";
    case ARES_ECONNREFUSED: return "no DNS server answers";
    case ARES_ETIMEOUT: return "the DNS servers do not answer";
    case ARES_ESERVFAIL: return "the DNS server failed to find out";
    case ARES_EREFUSED: return "the DNS server refuses to say";
    default: return ares_strerror(status);
    }
}

static void answered(void *ctx, int status, int timeouts, struct ares_addrinfo *found)
{
    struct question *q = ctx;
    struct address  *list = NULL;
    struct err       err = { 0 };
    size_t           n = 0;
    (void)timeouts;
    for (const struct ares_addrinfo_node *a = found != NULL ? found->nodes : NULL; a != NULL; a = a->ai_next)
        add_address(&list, &n, a->ai_addr, a->ai_addrlen);
    if (n == 0)
        err_set(&err, "cannot find the address of '%.200s': %s", q->host, status == ARES_SUCCESS ? "it has none" : why_not(status));
    addresses_in_turn(list, n);
    ares_freeaddrinfo(found);
    loop_forget(q->r->loop, &q->deadline);
    say(q, list, n, &err);
    free(q);
}

static void too_late(void *ctx, unsigned what)
{
    struct question *q = ctx;
    struct err       err = { 0 };
    (void)what;
    err_set(&err, "cannot find the address of '%.200s': %s", q->host, why_not(ARES_ETIMEOUT));
    struct resolver *r = q->r;
    say(q, NULL, 0, &err); /* libcares still has it, and gives it back in its own time */
    set_clock(r);
}

/* "192.0.2.1", "2001:db8::1", "fe80::1%eth0" */
static bool numeric(const char *host, uint16_t port, int family, struct address *out)
{
    struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV }, *one = NULL;
    struct in_addr  v4;
    char            service[8];
    *out = (struct address){ 0 };
    if (inet_pton(AF_INET, host, &v4) == 1 && family != AF_INET6) {
        struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = v4 };
        memcpy(&out->to, &to, out->len = sizeof to);
        return true;
    }
    snprintf(service, sizeof service, "%u", port);
    if (strchr(host, ':') == NULL || getaddrinfo(host, service, &hints, &one) != 0)
        return false;
    bool fits = one->ai_addrlen <= sizeof out->to;
    if (fits)
        memcpy(&out->to, one->ai_addr, out->len = one->ai_addrlen);
    freeaddrinfo(one);
    return fits;
}

static void ask_next(struct resolver *r)
{
    while (r->first != NULL && r->asked < ASKED_MOST) {
        struct question           *q = r->first;
        struct ares_addrinfo_hints hints = { .ai_family = q->family, .ai_socktype = SOCK_STREAM, .ai_flags = ARES_AI_NUMERICSERV };
        r->first = q->behind;
        r->asked++;
        loop_due(r->loop, &q->deadline, loop_now() + q->timeout_ns);
        ares_getaddrinfo(r->channel, q->host, q->service, &hints, answered, q);
    }
}

void resolve(struct resolver *r, const char *host, uint16_t port, int family, int64_t timeout_ns, resolve_answer *answer, void *ctx)
{
    struct address  one, *list = NULL;
    struct in6_addr ip;
    struct err      err = { 0 };
    size_t          n = 0;
    if (numeric(host, port, family, &one)) {
        add_address(&list, &n, (const struct sockaddr *)&one.to, one.len);
        answer(ctx, list, n, &err);
        return;
    }
    if (strchr(host, ':') != NULL || inet_pton(AF_INET, host, &ip) == 1) {
        err_set(&err, "'%.200s' is no IPv%s address", host, family == AF_INET6 ? "6" : strchr(host, ':') != NULL && family == AF_UNSPEC ? "6" : "4");
        answer(ctx, NULL, 0, &err);
        return;
    }
    size_t           len = strlen(host);
    struct question *q = mem_get(1, sizeof *q + len + 1);
    *q = (struct question){ .r = r, .family = family, .timeout_ns = timeout_ns, .answer = answer, .ctx = ctx, .deadline = { .fd = -1, .call = too_late, .ctx = q } };
    snprintf(q->service, sizeof q->service, "%u", port);
    memcpy(q->host, host, len + 1);
    if (r->first != NULL)
        r->last->behind = q;
    else
        r->first = q;
    r->last = q;
    ask_next(r);
    set_clock(r);
}

bool address_in_text(const char *s, uint16_t port, struct address *out)
{
    struct sockaddr_in  four = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    bool                is_six = inet_pton(AF_INET6, s, &six.sin6_addr) == 1, is_four = !is_six && inet_pton(AF_INET, s, &four.sin_addr) == 1;
    *out = (struct address){ .len = is_six ? sizeof six : sizeof four };
    memcpy(&out->to, is_six ? (const void *)&six : &four, out->len);
    return is_six || is_four;
}
