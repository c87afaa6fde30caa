/* The lab's servers as a library: cases, chains, sights, the process of its own. */
#include "sample.h"

#include "tlswhy/serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct sockaddr_in loopback = { .sin_family = AF_INET, .sin_addr = { .s_addr = 0x0100007f } };

static uint16_t start(struct serve *s, const char *name)
{
    struct err err = { 0 };
    uint16_t   port = serve_start(s, serve_case_named(name), (const struct sockaddr *)&loopback, sizeof loopback, &err);
    CU_ASSERT_STRING_EQUAL(err.text, "");
    return port;
}

static int visit(uint16_t port, const void *says, size_t n)
{
    struct sockaddr_in at = loopback;
    int                fd = socket(AF_INET, SOCK_STREAM, 0);
    at.sin_port = htons(port);
    CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    CU_ASSERT(send(fd, says, n, MSG_NOSIGNAL) >= 0);
    return fd;
}

static void count_sights(void *ctx, const struct serve_sight *s)
{
    struct serve_sight *last = ctx;
    *last = *s;
}

static void every_case(void)
{
    struct err    err = { 0 };
    struct serve *s = serve_new(&(struct serve_options){ .names = { "more.example", "192.0.2.7", "2001:db8::7" }, .name_n = 3 }, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    for (size_t i = 0; serve_case_at(i) != NULL; i++) {
        const struct serve_case *c = serve_case_at(i);
        CU_ASSERT_PTR_EQUAL(serve_case_named(c->name), c);
        if (serve_cannot(c) == NULL)
            CU_ASSERT(start(s, c->name) != 0);
    }
    CU_ASSERT_PTR_NULL(serve_case_named("no-such-case"));
    CU_ASSERT(strncmp(serve_root_pem(s), "-----BEGIN CERTIFICATE-----\n", 28) == 0);
    serve_free(s);
    serve_free(NULL);
}

static void a_sight(void)
{
    static struct serve_sight last;
    struct err    err = { 0 };
    struct serve *s = serve_new(&(struct serve_options){ .saw = count_sights, .ctx = &last }, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    uint16_t port = start(s, "no-certificate");
    int      fd = visit(port, "GET / HTTP/1.1\r\n\r\n", 18);
    shutdown(fd, SHUT_WR);
    for (int i = 0; i < 100 && last.port == 0; i++)
        serve_step(s, 10000000);
    CU_ASSERT_EQUAL(last.port, port);
    CU_ASSERT_EQUAL(last.end, SERVE_NOT_TLS);
    CU_ASSERT(last.heard_n == 18 && memcmp(last.heard, "GET /", 5) == 0 && last.alert == -1);
    close(fd);
    serve_free(s);
}

static void taken_port(void)
{
    struct err         err = { 0 };
    struct serve      *s = serve_new(&(struct serve_options){ 0 }, &err);
    struct sockaddr_in at = loopback;
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    at.sin_port = htons(start(s, "silent"));
    CU_ASSERT_EQUAL(serve_start(s, serve_case_named("http"), (const struct sockaddr *)&at, sizeof at, &err), 0);
    CU_ASSERT(strstr(err.text, "cannot listen for the case http") != NULL);
    serve_free(s);
}

static void time_is_bounded(void)
{
    static struct serve_sight last;
    struct err    err = { 0 };
    struct serve *s = serve_new(&(struct serve_options){ .timeout_ns = 50000000, .saw = count_sights, .ctx = &last }, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    int fd = visit(start(s, "healthy"), "\x16", 1);
    for (int i = 0; i < 100 && last.port == 0; i++)
        serve_step(s, 10000000);
    CU_ASSERT_EQUAL(last.end, SERVE_NO_HELLO);
    CU_ASSERT(last.port != 0 && last.ms >= 50);
    close(fd);
    serve_free(s);
}

static void another_process(void)
{
    static struct serve_sight seen;
    struct err    err = { 0 };
    struct serve *s = serve_new(&(struct serve_options){ 0 }, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    uint16_t port = start(s, "http");
    CU_ASSERT(!serve_next(s, 0, &seen));
    pid_t child = serve_fork(s, &err);
    CU_ASSERT_FATAL(child > 0);
    uint8_t hello[5 + 4 + 2 + 32 + 1 + 4 + 2] = { 22, 3, 1, 0, 45, 1, 0, 0, 41, 3, 3, [45] = 2, 0, 0x2f, 1 };
    int     fd = visit(port, hello, sizeof hello);
    char    got[8] = "";
    CU_ASSERT(recv(fd, got, 7, MSG_WAITALL) == 7 && memcmp(got, "HTTP/1.", 7) == 0);
    close(fd);
    CU_ASSERT(serve_next(s, 5000000000, &seen) && seen.port == port && seen.end == SERVE_PLAYED && seen.heard_n == 50);
    serve_free(s);
    CU_ASSERT(waitpid(child, NULL, WNOHANG) == -1 && errno == ECHILD);
}

int main(void)
{
    static const CU_TestInfo tests[] = { { "every case starts", every_case }, { "a sight", a_sight }, { "a port that is taken", taken_port },
                                         { "time is bounded", time_is_bounded }, { "a process of its own", another_process }, CU_TEST_INFO_NULL };
    return run_tests("serve", tests);
}
