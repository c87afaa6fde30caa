/* dissect/fetch.c: which plain HTTP explains a TLS failure, how it was answered, and what of it may be judged. */
#include "tlswhy/fetch.h"

#include <CUnit/Basic.h>
#include <string.h>

#define LIST "/msdownload/update/v3/static/trustedr/en/authrootstl.cab"
#define GET_LIST "GET " LIST " HTTP/1.1\r\nHost: ctldl.windowsupdate.com\r\nUser-Agent: Microsoft-CryptoAPI/6.1\r\n\r\n"

static struct said said(const char *s, size_t n, const struct fetch_mark *mark, const char *cut)
{
    return (struct said){ .bytes = { (const uint8_t *)s, n }, .mark = mark, .marks = n != 0, .cut = cut };
}

static size_t read_talk(const char *ask, const char *reply, size_t reply_n, bool server_left, const char *cut, struct arena *a, const struct fetch **v)
{
    const struct fetch_mark m[2] = { { strlen(ask), { .frame = 4 } }, { reply_n, { .frame = 6 } } };
    const struct talk       t = { .side = { said(ask, strlen(ask), &m[0], NULL), said(reply, reply_n, &m[1], cut) }, .stream = 3, .server_left = server_left };
    return fetches_read(&t, a, v);
}

static void requests(void)
{
    static const struct { const char *ask, *reply; bool fetch; enum fetch_kind kind; bool to_proxy; int status; } t[] = {
        { "GET /msdownload/update/v3/static/trustedr/en/authrootstl.cab?8f2 HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\n", true,
          FETCH_ROOT_LIST, false, 200 },
        { "GET http://ctldl.windowsupdate.com/msdownload/update/v3/static/trustedr/en/authrootstl.cab HTTP/1.1\r\n",
          "HTTP/1.1 407 Proxy Authentication Required\r\n", true, FETCH_ROOT_LIST, true, 407 },
        { "GET /msdownload/update/v3/static/trustedr/en/disallowedcertstl.cab HTTP/1.1\r\n", "", true, FETCH_DISALLOWED_LIST, false, 0 },
        { "GET /msdownload/update/v3/static/trustedr/en/DF3C24F9BFD666761B268073FE06D1CC8D4F82A4.crt HTTP/1.1\r\n", "HTTP/1.1 403 No\r\n",
          true, FETCH_ROOT, false, 403 },
        { "GET /ca.CRL HTTP/1.1\r\n", "HTTP/1.0 404 Not Found\r\n", true, FETCH_CRL, false, 404 },
        { "GET /ca.crt HTTP/1.1\r\n", "HTTP/1.0 200 OK\r\n\r\n", true, FETCH_ISSUER, false, 200 },
        { "POST / HTTP/1.1\r\nContent-Type: application/ocsp-request\r\n", "HTTP/1.1 200 OK\r\n", true, FETCH_OCSP, false, 200 },
        { "GET /MFEwTzBNMEs HTTP/1.1\r\nHost: ocsp.example\r\n\r\n", "HTTP/1.1 200 OK\r\n", true, FETCH_OCSP, false, 200 },
        { "HEAD " LIST " HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", true, FETCH_ROOT_LIST, false, 200 },
        { "GET " LIST " HTTP/1.1\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 No\r\n\r\n", true, FETCH_ROOT_LIST, false, 403 },
        { "GET " LIST " HTTP/1.1\r\n\r\n", "SSH-2.0-x\r\n", true, FETCH_ROOT_LIST, false, 0 },
        { "GET /msdownload/update/v3/static/trustedr/en/pinrulesstl.cab HTTP/1.1\r\n", "", false, FETCH_ROOT_LIST, false, 0 },
        { "GET /index.html HTTP/1.1\r\n", "HTTP/1.1 200 OK\r\n", false, FETCH_ROOT_LIST, false, 0 },
        { "CONNECT a.example:443 HTTP/1.1\r\n", "", false, FETCH_ROOT_LIST, false, 0 },
        { "GET", "", false, FETCH_ROOT_LIST, false, 0 },
        { "", "", false, FETCH_ROOT_LIST, false, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct arena        a = { 0 };
        const struct fetch *f = NULL;
        size_t              n = read_talk(t[i].ask, t[i].reply, strlen(t[i].reply), true, NULL, &a, &f);
        CU_ASSERT_EQUAL(n, t[i].fetch);
        CU_ASSERT_EQUAL(fetch_begins((struct bytes){ (const uint8_t *)t[i].ask, strlen(t[i].ask) }), t[i].fetch);
        if (n == 1 && t[i].fetch) {
            CU_ASSERT_EQUAL(f->kind, t[i].kind);
            CU_ASSERT_EQUAL(f->to_proxy, t[i].to_proxy);
            CU_ASSERT_EQUAL(f->status, t[i].status);
            CU_ASSERT_EQUAL(f->stream, 3);
            CU_ASSERT_EQUAL(f->asked.frame, 4);
            CU_ASSERT_EQUAL(f->answered.frame, t[i].status != 0 ? 6 : 0);
            CU_ASSERT_TRUE(strlen(fetch_name(f->kind)) > 0);
        }
        arena_free(&a);
    }
}

/* What of a list's body may be judged. `body` NULL: it must not be read. */
static void bodies(void)
{
#define OK "HTTP/1.1 200 OK\r\n"
    static const char gap[] = "bytes of it are missing from the capture";
    static const struct { const char *reply, *cut; bool left; const char *body, *unread; bool short_one; } t[] = {
        { OK "Content-Length: 4\r\n\r\nMSCF", NULL, false, "MSCF", NULL, false },
        { OK "Content-Length: 4\r\n\r\nMSCFnext", NULL, false, "MSCF", NULL, false },
        { OK "Content-Length: 9\r\n\r\nMSCF", NULL, true, "MSCF", NULL, true },
        { OK "Content-Length: 9\r\n\r\nMSCF", NULL, false, NULL, "capture ends", false },
        { OK "Content-Length: 9\r\n\r\nMSCF", gap, true, NULL, "missing", false },
        { OK "\r\nMSCF", NULL, true, "MSCF", NULL, false },
        { OK "\r\nMSCF", NULL, false, NULL, "capture ends", false },
        { OK "\r\nMSCF", gap, true, NULL, "missing", false },
        { OK "Transfer-Encoding: chunked\r\n\r\n2\r\nMS\r\n2;x=y\r\nCF\r\n0\r\n\r\n", NULL, false, "MSCF", NULL, false },
        { OK "Transfer-Encoding: chunked\r\n\r\n2\r\nMS\r\n2\r\nCF\r\n0\r\nA: b\r\n\r\n", NULL, false, "MSCF", NULL, false },
        { OK "Transfer-Encoding: chunked\r\n\r\n2\r\nMS\r\nffffffffff\r\nCF", NULL, true, "MSCF", NULL, true },
        { OK "Transfer-Encoding: chunked\r\n\r\n2\r\nMS\r\nxyz", NULL, false, NULL, "capture ends", false },
        { OK "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nMSCF", NULL, false, NULL, "compressed (Content-Encoding: gzip)", false },
        { OK "Content-Encoding: identity\r\nContent-Length: 4\r\n\r\nMSCF", NULL, false, "MSCF", NULL, false },
        { OK "Content-Length: 4294967296\r\n\r\nMSCF", NULL, true, "MSCF", NULL, true },
        { "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-3/4\r\nContent-Length: 4\r\n\r\nMSCF", NULL, false, "MSCF", NULL, false },
        { "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-3/9\r\nContent-Length: 4\r\n\r\nMSCF", NULL, false, NULL, "a part", false },
        { "HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\n\r\nMSCF", NULL, false, NULL, "a part", false },
        { "HTTP/1.1 407 No\r\nContent-Length: 4\r\n\r\nMSCF", NULL, false, NULL, NULL, false },
        { "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n", NULL, false, NULL, NULL, false },
        { OK "Content-Le", NULL, false, NULL, "its head", false },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct arena        a = { 0 };
        const struct fetch *f = NULL;
        CU_ASSERT_EQUAL_FATAL(read_talk(GET_LIST, t[i].reply, strlen(t[i].reply), t[i].left, t[i].cut, &a, &f), 1);
        CU_ASSERT_EQUAL(f->body.p != NULL, t[i].body != NULL);
        CU_ASSERT(t[i].body == NULL || bytes_equal(f->body, (struct bytes){ (const uint8_t *)t[i].body, strlen(t[i].body) }));
        CU_ASSERT_EQUAL(f->cut, t[i].short_one);
        CU_ASSERT_EQUAL(f->unread != NULL, t[i].unread != NULL);
        CU_ASSERT(f->unread == NULL || t[i].unread == NULL || strstr(f->unread, t[i].unread) != NULL);
        arena_free(&a);
    }
}

/* A proxy's 407 is followed by the answer itself, on the same connection. */
static void conversation(void)
{
    static const char ask[] = GET_LIST GET_LIST "GET /a.html HTTP/1.1\r\n\r\nPOST / HTTP/1.1\r\nContent-Type: application/ocsp-request\r\nContent-Length: 3\r\n\r\nabcGET /x.crl HTTP/1.1\r\n\r\n";
    static const char reply[] = "HTTP/1.1 407 Login\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\nContent-Length: 2\r\n\r\nno" OK
                                "Content-Length: 4\r\n\r\nMSCF" OK "Content-Type: text/html\r\nContent-Length: 0\r\n\r\n" OK
                                "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\nHTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\n\r\n";
    struct arena        a = { 0 };
    const struct fetch *f = NULL;
    CU_ASSERT_EQUAL_FATAL(read_talk(ask, reply, sizeof reply - 1, true, NULL, &a, &f), 4);
    CU_ASSERT_EQUAL(f[0].status, 407);
    CU_ASSERT(f[0].more.n == 9 && memcmp(f[0].more.p, "Negotiate", 9) == 0);
    CU_ASSERT(f[0].agent.n == 23);
    CU_ASSERT_EQUAL(f[1].status, 200);
    CU_ASSERT_EQUAL(f[1].body.n, 4);
    CU_ASSERT_EQUAL(f[2].kind, FETCH_OCSP);
    CU_ASSERT_EQUAL(f[2].status, 200);
    CU_ASSERT_EQUAL(f[3].kind, FETCH_CRL);
    CU_ASSERT(f[3].more.n == 22 && f[3].status == 302);
    arena_free(&a);
}

/* No answer: the server's doing, or nothing that proves anything. */
static void silence(void)
{
    struct arena        a = { 0 };
    const struct fetch *f = NULL;
    for (int left = 0; left < 2; left++) {
        CU_ASSERT_EQUAL_FATAL(read_talk(GET_LIST, "", 0, left == 1, NULL, &a, &f), 1);
        CU_ASSERT_EQUAL(f->unsettled, left == 0);
    }
    arena_free(&a);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("fetch", NULL, NULL);
    CU_add_test(s, "requests", requests);
    CU_add_test(s, "bodies", bodies);
    CU_add_test(s, "conversation", conversation);
    CU_add_test(s, "silence", silence);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
