/* dissect/inside.c: what an HTTP answer inside a handshake says about who gave it and why. */
#include "tlswhy/inside.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is(struct bytes got, const char *want)
{
    bool same = want == NULL ? got.p == NULL : got.p != NULL && got.n == strlen(want) && memcmp(got.p, want, got.n) == 0;
    if (!same)
        printf("\n  got '%.*s', wanted '%s'\n", (int)got.n, got.p != NULL ? (const char *)got.p : "", want != NULL ? want : "(nothing)");
    return same;
}

static void answers(void)
{
    static const struct { const char *in; int status; const char *line, *server, *error, *reason; } t[] = {
        { "HTTP/1.1 503 Service Unavailable\r\nServer: squid/5.7\r\nX-Squid-Error: ERR_SECURE_CONNECT_FAIL 0\r\nVia: 1.1 proxy (squid/5.7)\r\n\r\n"
          "<html><head><title>ERROR: The requested URL could not be retrieved</title><style type=\"text/css\"><!-- body { error: failed } --></style></head>"
          "<body><p>Failed to establish a secure connection to 192.0.2.1</p><pre>[No Error] (TLS code:\n X509_V_ERR_CERT_HAS_EXPIRED)</pre></body></html>",
          503, "HTTP/1.1 503 Service Unavailable", "squid/5.7", "ERR_SECURE_CONNECT_FAIL 0", "[No Error] (TLS code: X509_V_ERR_CERT_HAS_EXPIRED)" },
        { "HTTP/1.1 502 Bad Gateway\r\nServer: mitmproxy 8.1.1\r\n\r\n<html>\n<head>\n    <title>502 Bad Gateway</title>\n</head>\n<body>\n    <h1>502 Bad Gateway</h1>\n"
          "    <p>Certificate verify failed: certificate has expired</p>\n</body>", 502, "HTTP/1.1 502 Bad Gateway", "mitmproxy 8.1.1", NULL,
          "Certificate verify failed: certificate has expired" },
        { "HTTP/1.1 403 Certificate validation failed\r\n\r\n<h1>Server certificate verification failed</h1><p><a href=\"x\">Privoxy</a> was unable to securely "
          "connect</p><p>Reason: The certificate validity has expired</p><pre>cert. version : 3</pre>", 403, "HTTP/1.1 403 Certificate validation failed", NULL,
          NULL, "Reason: The certificate validity has expired" },
        { "HTTP/1.1 504 Gateway Timeout\r\nVia: 1.1 box\r\nServer: box\r\n\r\nnothing to see", 504, "HTTP/1.1 504 Gateway Timeout", "box", NULL, NULL },
        { "HTTP/1.0 500 Oops\n\n<title>Internal trouble</title><p>Sorry.", 500, "HTTP/1.0 500 Oops", NULL, NULL, "Internal trouble" },
        { "HTTP/1.1 200 OK\r\nSer", 200, "HTTP/1.1 200 OK", NULL, NULL, NULL },
        { "HTTP/1.1 503 a\r\n\r\n<style>error", 503, "HTTP/1.1 503 a", NULL, NULL, NULL },
        { "HTTP/1.1 503 a\r\n\r\n<!-- error -- <script>failed", 503, "HTTP/1.1 503 a", NULL, NULL, NULL },
        { "HTTP/1.1 503 a\r\n\r\n<p error", 503, "HTTP/1.1 503 a", NULL, NULL, NULL },
        { "SSH-2.0-x\r\n", 0, NULL, NULL, NULL, NULL },
        { "HTTP/1.1 200", 0, NULL, NULL, NULL, NULL },
        { "", 0, NULL, NULL, NULL, NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct arena  a = { 0 };
        struct inside in = { 0 };
        size_t        n = strlen(t[i].in);
        uint8_t      *copy = mem_get(n + 1, 1); /* of its own size, so that a sanitizer sees every step too far */
        memcpy(copy, t[i].in, n);
        inside_read(&a, (struct bytes){ copy, n }, &in);
        CU_ASSERT_EQUAL(in.status, t[i].status);
        CU_ASSERT_TRUE(is(in.line, t[i].line) && is(in.server, t[i].server) && is(in.error, t[i].error) && is(in.reason, t[i].reason));
        free(copy);
        arena_free(&a);
    }
}

/* Every beginning of an answer is an answer. */
static void cut(void)
{
    static const char page[] = "HTTP/1.1 502 Bad\r\nServer: s\r\n\r\n<!-- c --><title>t</title><p>it <b>failed</b></p><script>x</script>error";
    for (size_t n = 0; n < sizeof page; n++) {
        struct arena  a = { 0 };
        struct inside in = { 0 };
        uint8_t      *copy = mem_get(n + 1, 1);
        memcpy(copy, page, n);
        inside_read(&a, (struct bytes){ copy, n }, &in);
        CU_ASSERT_TRUE(in.reason.n <= 200);
        free(copy);
        arena_free(&a);
    }
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("inside", NULL, NULL);
    CU_add_test(s, "answers", answers);
    CU_add_test(s, "cut anywhere", cut);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
