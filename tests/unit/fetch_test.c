/* dissect/fetch.c: which plain HTTP explains a TLS failure, and how it was answered. */
#include "tlswhy/fetch.h"

#include <CUnit/Basic.h>
#include <string.h>

static void requests(void)
{
    static const struct { const char *ask, *reply; bool fetch; enum fetch_kind kind; bool to_proxy; int status; } t[] = {
        { "GET /msdownload/update/v3/static/trustedr/en/authrootstl.cab?8f2 HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\n", true,
          FETCH_ROOT_LIST, false, 200 },
        { "GET http://ctldl.windowsupdate.com/msdownload/update/v3/static/trustedr/en/authrootstl.cab HTTP/1.1\r\n",
          "HTTP/1.1 407 Proxy Authentication Required\r\n", true, FETCH_ROOT_LIST, true, 407 },
        { "GET /msdownload/update/v3/static/trustedr/en/disallowedcertstl.cab HTTP/1.1\r\n", NULL, true, FETCH_DISALLOWED_LIST, false, 0 },
        { "GET /msdownload/update/v3/static/trustedr/en/DF3C24F9BFD666761B268073FE06D1CC8D4F82A4.crt HTTP/1.1\r\n", "HTTP/1.1 403 No\r\n",
          true, FETCH_ROOT, false, 403 },
        { "GET /ca.CRL HTTP/1.1\r\n", "HTTP/1.0 404 Not Found\r\n", true, FETCH_CRL, false, 404 },
        { "POST / HTTP/1.1\r\nContent-Type: application/ocsp-request\r\n", "HTTP/1.1 200 OK\r\n", true, FETCH_OCSP, false, 200 },
        { "GET /index.html HTTP/1.1\r\n", "HTTP/1.1 200 OK\r\n", false, FETCH_ROOT_LIST, false, 0 },
        { "CONNECT a.example:443 HTTP/1.1\r\n", NULL, false, FETCH_ROOT_LIST, false, 0 },
        { "GET", NULL, false, FETCH_ROOT_LIST, false, 0 },
        { "", NULL, false, FETCH_ROOT_LIST, false, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct handshake h = { .stream = 3 };
        struct fetch     f = { 0 };
        h.plain[CLIENT].start = (struct bytes){ (const uint8_t *)t[i].ask, strlen(t[i].ask) };
        if (t[i].reply != NULL)
            h.plain[SERVER].start = (struct bytes){ (const uint8_t *)t[i].reply, strlen(t[i].reply) };
        CU_ASSERT_EQUAL(fetch_of(&h, &f), t[i].fetch);
        if (!t[i].fetch)
            continue;
        CU_ASSERT_EQUAL(f.kind, t[i].kind);
        CU_ASSERT_EQUAL(f.to_proxy, t[i].to_proxy);
        CU_ASSERT_EQUAL(f.status, t[i].status);
        CU_ASSERT_EQUAL(f.stream, 3);
        CU_ASSERT_TRUE(strlen(fetch_name(f.kind)) > 0);
    }
}

int main(void)
{
    CU_initialize_registry();
    CU_add_test(CU_add_suite("fetch", NULL, NULL), "requests", requests);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
