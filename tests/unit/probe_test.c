/* The loop, and the prober against a server that lives in the same loop. */
#include "tlswhy/probe.h"
#include "tlswhy/resolve.h"

#include <CUnit/Basic.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MS INT64_C(1000000)

/* ------------------------------------------------------------------------------------ the loop */

struct bell {
    struct watch watch;
    struct loop *loop;
    int          order;
    struct bell *ends; /* forgets this one when it rings */
};
static int rung[8], rung_n;

static void ring(void *ctx, unsigned what)
{
    struct bell *b = ctx;
    CU_ASSERT_EQUAL(what, LOOP_DUE);
    rung[rung_n++] = b->order;
    if (b->ends != NULL)
        loop_forget(b->loop, &b->ends->watch);
}

static void moments_in_order(void)
{
    static const int64_t at[] = { 5, 1, 4, 2, 3 };
    struct loop *l = loop_new();
    struct bell  b[ARRAY_LEN(at)] = { 0 };
    int64_t      now = loop_now();
    rung_n = 0;
    for (size_t i = 0; i < ARRAY_LEN(at); i++) {
        b[i] = (struct bell){ .watch = { .fd = -1, .call = ring, .ctx = &b[i] }, .loop = l, .order = (int)at[i] };
        loop_due(l, &b[i].watch, now + at[i] * MS);
    }
    loop_due(l, &b[0].watch, now + MS / 2);    /* earlier: the first now */
    loop_due(l, &b[2].watch, INT64_MAX);       /* never */
    b[1].ends = &b[4];                         /* the one of 1 ends that of 3 */
    while (loop_step(l, INT64_MAX))
        ;
    CU_ASSERT_EQUAL(rung_n, 3);
    CU_ASSERT(rung[0] == 5 && rung[1] == 1 && rung[2] == 2);
    loop_free(l);
}

static void waits_no_longer_than_asked(void)
{
    struct loop *l = loop_new();
    struct bell  b = { .watch = { .fd = -1, .call = ring, .ctx = &b }, .loop = l };
    int64_t      now = loop_now();
    rung_n = 0;
    loop_due(l, &b.watch, now + 1000 * MS);
    CU_ASSERT(loop_step(l, now + 20 * MS));
    CU_ASSERT_EQUAL(rung_n, 0);
    CU_ASSERT(loop_now() >= now + 20 * MS && loop_now() < now + 900 * MS);
    loop_forget(l, &b.watch);
    CU_ASSERT_FALSE(loop_step(l, INT64_MAX));
    loop_free(l);
}

/* ------------------------------------------------------------------------------------ a server */

enum manner { ANSWERS, SILENT, CLOSES, ONE_AT_A_TIME };

struct visit {
    struct server *server;
    struct watch   watch;
};
struct server {
    struct loop   *loop;
    struct watch   door;
    enum manner    manner;
    struct address at;
    size_t         open, most, visits;
    int64_t        first, last; /* when they came */
    struct visit   visit[64];
};

static void leave(struct visit *v)
{
    loop_forget(v->server->loop, &v->watch);
    close(v->watch.fd);
    v->watch.fd = -1;
    v->server->open--;
}

static void heard(void *ctx, unsigned what)
{
    static const uint8_t alert[] = { 21, 3, 1, 0, 2, 2, 40 };
    struct visit *v = ctx;
    uint8_t       buf[4096];
    ssize_t       n = recv(v->watch.fd, buf, sizeof buf, 0);
    (void)what;
    if (n == 0 || (n < 0 && errno != EAGAIN)) {
        leave(v);
    } else if (n > 0 && v->server->manner != SILENT) {
        if (v->server->manner != CLOSES)
            CU_ASSERT_EQUAL(send(v->watch.fd, alert, sizeof alert, MSG_NOSIGNAL), sizeof alert);
        leave(v);
    }
}

static void come_in(void *ctx, unsigned what)
{
    struct server *s = ctx;
    int            fd;
    (void)what;
    while ((fd = accept4(s->door.fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct visit *v = &s->visit[s->visits++ % ARRAY_LEN(s->visit)];
        s->last = loop_now();
        s->first = s->first != 0 ? s->first : s->last;
        if (s->manner == ONE_AT_A_TIME && s->open > 0) {
            close(fd);
            continue;
        }
        *v = (struct visit){ .server = s, .watch = { .fd = fd, .call = heard, .ctx = v } };
        s->most = ++s->open > s->most ? s->open : s->most;
        loop_poll(s->loop, &v->watch);
    }
}

static void server_open(struct server *s, struct loop *l, enum manner manner)
{
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    *s = (struct server){ .loop = l, .manner = manner, .at.len = sizeof here };
    s->door = (struct watch){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), .call = come_in, .ctx = s };
    CU_ASSERT_FATAL(bind(s->door.fd, (struct sockaddr *)&here, sizeof here) == 0 && listen(s->door.fd, 64) == 0);
    getsockname(s->door.fd, (struct sockaddr *)&s->at.to, &s->at.len);
    loop_poll(l, &s->door);
}

static void server_close(struct server *s)
{
    loop_forget(s->loop, &s->door);
    close(s->door.fd);
    for (size_t i = 0; i < ARRAY_LEN(s->visit); i++)
        if (s->visit[i].watch.polled)
            leave(&s->visit[i]);
}

/* ------------------------------------------------------------------------------------ the prober */

static struct cert_store *store;

static struct probe_ask ask_of(const struct server *s, int64_t timeout_ms)
{
    return (struct probe_ask){ .to = s->at, .spec.shape = *hello_modern(), .timeout_ns = timeout_ms * MS };
}

static const struct alert *refusal(const struct handshake *h) { return last_fatal_alert(h, SERVER); }

static void all_are_answered(void)
{
    enum { N = 40 };
    struct prober    *p = prober_new(store);
    struct server     s;
    struct probe_ask  asks[N];
    struct handshake *h[N] = { 0 };
    server_open(&s, prober_loop(p), ANSWERS);
    for (size_t i = 0; i < N; i++)
        asks[i] = ask_of(&s, 5000);
    probe_all(p, asks, N, 8, h);
    for (size_t i = 0; i < N; i++) {
        CU_ASSERT_FATAL(h[i] != NULL);
        CU_ASSERT(refusal(h[i]) != NULL && refusal(h[i])->number == 40 && h[i]->outcome == OUTCOME_ABORTED_BY_SERVER);
        handshake_free(h[i]);
    }
    CU_ASSERT(s.visits == N && s.most <= 8 && s.most > 1);
    CU_ASSERT_EQUAL(probe_trouble(p), 0);
    server_close(&s);
    prober_free(p);
}

static void silence_ends_in_time(void)
{
    struct prober    *p = prober_new(store);
    struct server     s;
    struct probe_done done = { 0 };
    int64_t           began = loop_now();
    server_open(&s, prober_loop(p), SILENT);
    struct probe_ask ask = ask_of(&s, 60);
    ask.ctx = &s;
    probe_start(p, &ask);
    CU_ASSERT_EQUAL(probe_open(p), 1);
    while (!probe_collect(p, &done))
        probe_step(p, INT64_MAX);
    CU_ASSERT(loop_now() - began >= 60 * MS && loop_now() - began < 1060 * MS);
    CU_ASSERT(done.h->timed_out && done.h->outcome == OUTCOME_NO_SERVER_HELLO);
    CU_ASSERT(done.ask == &ask && done.ask->ctx == &s && !done.crowded && done.trouble == 0);
    CU_ASSERT_EQUAL(probe_open(p), 0);
    handshake_free(done.h);
    server_close(&s);
    prober_free(p);
}

static void a_crowd_is_asked_again_alone(void)
{
    enum { N = 4 };
    struct prober    *p = prober_new(store);
    struct server     s;
    struct probe_ask  asks[N];
    struct handshake *h[N] = { 0 };
    server_open(&s, prober_loop(p), ONE_AT_A_TIME);
    for (size_t i = 0; i < N; i++)
        asks[i] = ask_of(&s, 5000);
    probe_all(p, asks, N, N, h);
    for (size_t i = 0; i < N; i++) {
        CU_ASSERT(refusal(h[i]) != NULL); /* nobody is judged by what the crowd got */
        handshake_free(h[i]);
    }
    CU_ASSERT(s.visits > N);
    server_close(&s);
    prober_free(p);
}

static void who_always_closes_is_believed(void)
{
    enum { N = 12 };
    struct prober    *p = prober_new(store);
    struct server     s;
    struct probe_ask  asks[N];
    struct handshake *h[N] = { 0 };
    server_open(&s, prober_loop(p), CLOSES);
    for (size_t i = 0; i < N; i++)
        asks[i] = ask_of(&s, 5000);
    probe_all(p, asks, N, N, h);
    for (size_t i = 0; i < N; i++) {
        CU_ASSERT(probe_dropped(h[i]));
        handshake_free(h[i]);
    }
    CU_ASSERT_EQUAL(s.visits, N + 2); /* twice it was not the crowd: that is enough */
    server_close(&s);
    prober_free(p);
}

static void pause_between_two(void)
{
    enum { N = 4 };
    struct prober    *p = prober_new(store);
    struct server     s;
    struct probe_ask  asks[N];
    struct handshake *h[N] = { 0 };
    server_open(&s, prober_loop(p), ANSWERS);
    prober_pause(p, 40 * MS);
    for (size_t i = 0; i < N; i++)
        asks[i] = ask_of(&s, 5000);
    probe_all(p, asks, N, N, h);
    for (size_t i = 0; i < N; i++)
        handshake_free(h[i]);
    CU_ASSERT_EQUAL(s.visits, N);
    CU_ASSERT(s.last - s.first >= (N - 1) * 40 * MS - 20 * MS);
    server_close(&s);
    prober_free(p);
}

/* Out of files of our own: that is no finding about the server. */
static void our_own_trouble_is_no_finding(void)
{
    struct rlimit     old, few;
    struct prober    *p = prober_new(store);
    struct server     s;
    struct probe_done done = { 0 };
    int               taken[64], n = 0;
    server_open(&s, prober_loop(p), ANSWERS);
    getrlimit(RLIMIT_NOFILE, &old);
    few = old;
    few.rlim_cur = (rlim_t)s.door.fd + 1;
    setrlimit(RLIMIT_NOFILE, &few);
    while (n < (int)ARRAY_LEN(taken) && (taken[n] = dup(1)) >= 0) /* gaps below */
        n++;
    struct probe_ask ask = ask_of(&s, 120);
    probe_start(p, &ask);
    while (!probe_collect(p, &done))
        probe_step(p, INT64_MAX);
    CU_ASSERT_EQUAL(done.trouble, EMFILE);
    CU_ASSERT_FALSE(done.crowded);
    handshake_free(done.h);
    setrlimit(RLIMIT_NOFILE, &old);
    while (n > 0)
        close(taken[--n]);
    server_close(&s);
    prober_free(p);
}

static void ends_in_the_midst(void)
{
    struct prober *p = prober_new(store);
    struct server  s;
    server_open(&s, prober_loop(p), SILENT);
    struct probe_ask asks[3] = { ask_of(&s, 5000), ask_of(&s, 5000), ask_of(&s, 5000) };
    asks[1].rest_ns = 1000 * MS; /* waits for the first, and the third behind it */
    for (size_t i = 0; i < ARRAY_LEN(asks); i++)
        probe_start(p, &asks[i]);
    probe_step(p, loop_now() + 20 * MS);
    probe_step(p, loop_now() + 20 * MS);
    CU_ASSERT(probe_open(p) == 3 && s.most == 1);
    server_close(&s);
    prober_free(p); /* nothing leaks */
}

/* ------------------------------------------------------------------------------------ addresses */

static void families_in_turn(void)
{
    static const struct { const char *in, *out; } t[] = {
        { "", "" }, { "4", "4" }, { "66644", "64646" }, { "64", "64" }, { "4466", "4646" }, { "4444", "4444" }, { "6466", "6466" },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct address list[8] = { 0 };
        char           out[9] = "";
        size_t         n = strlen(t[i].in);
        for (size_t k = 0; k < n; k++)
            list[k].to.ss_family = t[i].in[k] == '4' ? AF_INET : AF_INET6;
        addresses_in_turn(list, n);
        for (size_t k = 0; k < n; k++)
            out[k] = list[k].to.ss_family == AF_INET ? '4' : '6';
        CU_ASSERT_STRING_EQUAL(out, t[i].out);
    }
}

struct answer {
    size_t n, calls;
    int    family;
    struct err why;
};

static void take_answer(void *ctx, struct address *list, size_t n, const struct err *err)
{
    struct answer *a = ctx;
    a->n = n;
    a->calls++;
    a->family = n > 0 ? list[0].to.ss_family : 0;
    a->why = *err;
    free(list);
}

static void addresses_are_no_question(void)
{
    static const struct { const char *host; int family; int found; } t[] = {
        { "127.0.0.1", AF_UNSPEC, AF_INET }, { "::1", AF_UNSPEC, AF_INET6 }, { "127.0.0.1", AF_INET6, 0 }, { "::1", AF_INET, 0 }, { "1::2::3", AF_UNSPEC, 0 },
        { "fe80::1%lo", AF_UNSPEC, AF_INET6 },
    };
    struct err       err = { 0 };
    struct loop     *l = loop_new();
    struct resolver *r = resolver_new(l, &err);
    CU_ASSERT_FATAL(r != NULL);
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct answer a = { 0 };
        resolve(r, t[i].host, 443, t[i].family, 1000 * MS, take_answer, &a);
        CU_ASSERT_EQUAL(a.calls, 1); /* at once */
        CU_ASSERT_EQUAL(a.family, t[i].found);
        CU_ASSERT_EQUAL(a.why.text[0] != '\0', t[i].found == 0);
    }
    resolver_free(r);
    loop_free(l);
}

int main(void)
{
    static CU_TestInfo loop[] = { { "moments in order", moments_in_order }, { "waits no longer than asked", waits_no_longer_than_asked }, CU_TEST_INFO_NULL };
    static CU_TestInfo prober[] = { { "all are answered", all_are_answered },
                                    { "silence ends in time", silence_ends_in_time },
                                    { "a crowd is asked again alone", a_crowd_is_asked_again_alone },
                                    { "who always closes is believed", who_always_closes_is_believed },
                                    { "pause between two", pause_between_two },
                                    { "our own trouble is no finding", our_own_trouble_is_no_finding },
                                    { "ends in the midst", ends_in_the_midst },
                                    CU_TEST_INFO_NULL };
    static CU_TestInfo names[] = { { "families in turn", families_in_turn }, { "addresses are no question", addresses_are_no_question }, CU_TEST_INFO_NULL };
    CU_SuiteInfo suites[] = { { "loop", NULL, NULL, NULL, NULL, loop }, { "prober", NULL, NULL, NULL, NULL, prober }, { "names", NULL, NULL, NULL, NULL, names }, CU_SUITE_INFO_NULL };
    CU_initialize_registry();
    CU_register_suites(suites);
    store = cert_store_new();
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    cert_store_free(store);
    return failed != 0;
}
