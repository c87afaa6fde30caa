/* probe/proxy_url.c: proxies as users and the environment write them. */
#include "tlswhy/tunnel.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <string.h>

static void urls(void)
{
    static const struct { const char *url, *shown, *user, *password; } t[] = {
        { "proxy.example", "http://proxy.example:1080", NULL, NULL },
        { "proxy.example:3128", "http://proxy.example:3128", NULL, NULL },
        { "http://proxy.example:3128/", "http://proxy.example:3128", NULL, NULL },
        { "HTTPS://proxy.example", "https://proxy.example:443", NULL, NULL },
        { "socks5h://[2001:db8::1]:9050", "socks5h://[2001:db8::1]:9050", NULL, NULL },
        { "[2001:db8::1]", "http://[2001:db8::1]:1080", NULL, NULL },
        { "socks://proxy.example", "socks4://proxy.example:1080", NULL, NULL },
        { "http://user:secret@proxy.example:8080", "http://proxy.example:8080", "user", "secret" },
        { "http://us%40er:s%3ac%2Fret@proxy.example:8080", "http://proxy.example:8080", "us@er", "s:c/ret" },
        { "http://user:p@ss@proxy.example:8080", "http://proxy.example:8080", "user", "p@ss" },
        { "user@proxy.example", "http://proxy.example:1080", "user", NULL },
        { "http://user:@proxy.example", "http://proxy.example:1080", "user", "" },
        { "http://:secret@proxy.example", "http://proxy.example:1080", "", "secret" },
        { "http://100%:50%2@proxy.example", "http://proxy.example:1080", "100%", "50%2" },
        { "ftp://proxy.example", NULL, NULL, NULL },
        { "http://", NULL, NULL, NULL },
        { "", NULL, NULL, NULL },
        { "http://proxy.example:", "http://proxy.example:1080", NULL, NULL },
        { "http://proxy.example:0", NULL, NULL, NULL },
        { "http://proxy.example:65536", NULL, NULL, NULL },
        { "http://proxy.example:31x", NULL, NULL, NULL },
        { "http://[::1]x", NULL, NULL, NULL },
        { "http://us%00er:x@proxy.example", NULL, NULL, NULL },
        { "http://proxy example:3128", NULL, NULL, NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct tunnel_way w;
        struct err        err = { 0 };
        bool              read = tunnel_way_parse(t[i].url, &w, &err);
        if (read != (t[i].shown != NULL))
            printf("\n  '%s': %s\n", t[i].url, read ? w.shown : err.text);
        CU_ASSERT_EQUAL(read, t[i].shown != NULL);
        CU_ASSERT_EQUAL(read, err.text[0] == '\0');
        if (!read || t[i].shown == NULL)
            continue;
        CU_ASSERT_STRING_EQUAL(w.shown, t[i].shown);
        CU_ASSERT_EQUAL(w.has_user, t[i].user != NULL);
        CU_ASSERT_EQUAL(w.has_password, t[i].password != NULL);
        CU_ASSERT_STRING_EQUAL(w.user, t[i].user != NULL ? t[i].user : "");
        CU_ASSERT_STRING_EQUAL(w.password, t[i].password != NULL ? t[i].password : "");
    }
}

/* What cannot be read is never repeated with the login in it. */
static void discretion(void)
{
    static const char *const wrong[] = { "ftp://user:secret@proxy.example", "user:secret@http://proxy.example", "http://user:secret@proxy.example:99999",
                                         "http://user:secret@", "user:secret://x", "http://user:secret@pro xy" };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct tunnel_way w;
        struct err        err = { 0 };
        tunnel_way_parse(wrong[i], &w, &err);
        CU_ASSERT_PTR_NULL(strstr(err.text, "secret"));
        CU_ASSERT_PTR_NULL(strstr(w.shown, "secret"));
    }
}

static void exceptions(void)
{
    static const struct { const char *list, *host; bool covered; } t[] = {
        { "*", "www.example", true },
        { "example", "www.example", true },
        { ".example", "www.example", true },
        { ".example", "example", true },
        { "ample", "www.example", false },
        { "a, b\twww.EXAMPLE,c", "www.example", true },
        { "www.example.", "www.example", true },
        { "x.www.example", "www.example", false },
        { "", "www.example", false },
        { ",,", "www.example", false },
        { "192.0.2.0/24", "192.0.2.77", true },
        { "192.0.2.0/25", "192.0.2.200", false },
        { "0.0.0.0/0", "198.51.100.1", true },
        { "192.0.2.7", "192.0.2.7", true },
        { "192.0.2.7", "192.0.2.70", false },
        { "192.0.2.0/33", "192.0.2.1", false },
        { "192.0.2.0/", "192.0.2.0", false },
        { "192.0.2.0/x", "192.0.2.0", false },
        { "2001:db8::/32", "2001:db8:1::5", true },
        { "[2001:db8::5]", "2001:db8::5", true },
        { "2001:db8::/32", "192.0.2.1", false },
        { "0.2.1", "192.0.2.1", false }, /* no tail of an address */
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        bool covered = no_proxy_covers(t[i].list, t[i].host);
        if (covered != t[i].covered)
            printf("\n  '%s' and %s: %d\n", t[i].list, t[i].host, covered);
        CU_ASSERT_EQUAL(covered, t[i].covered);
    }
    CU_ASSERT_FALSE(no_proxy_covers(NULL, "www.example"));
}

static void words(void)
{
    enum proxy_auth auth = PROXY_AUTH_NONE;
    CU_ASSERT_TRUE(proxy_auth_named("ntlm", &auth) && auth == PROXY_AUTH_NTLM);
    CU_ASSERT_TRUE(proxy_auth_named("Negotiate", &auth) && auth == PROXY_AUTH_NEGOTIATE);
    CU_ASSERT_TRUE(proxy_auth_named("none", &auth) && auth == PROXY_AUTH_NONE);
    CU_ASSERT_FALSE(proxy_auth_named("bearer", &auth));
    CU_ASSERT_TRUE(proxy_is_told_names(PROXY_SOCKS5H) && !proxy_is_told_names(PROXY_SOCKS5) && proxy_is_told_names(PROXY_HTTP));
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("proxy_url", NULL, NULL);
    CU_add_test(s, "URLs", urls);
    CU_add_test(s, "no login in a message", discretion);
    CU_add_test(s, "NO_PROXY", exceptions);
    CU_add_test(s, "words", words);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
