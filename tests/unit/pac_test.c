/* dissect/pac.c: what a proxy configuration file names. */
#include "tlswhy/pac.h"
#include "tlswhy/text.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <string.h>

/* "PROXY a:1, SOCKS b:2": all places in order. */
static bool places_are(const struct pac *p, const char *want)
{
    struct text t = { 0 };
    for (size_t i = 0; i < p->n; i++)
        text_printf(&t, "%s%s %.*s", i != 0 ? ", " : "", p->place[i].how, (int)p->place[i].where.n, (const char *)p->place[i].where.p);
    bool same = strcmp(t.s != NULL ? t.s : "", want) == 0;
    if (!same)
        printf("\n  got '%s', wanted '%s'\n", t.s != NULL ? t.s : "", want);
    text_free(&t);
    return same;
}

static void files(void)
{
    static const struct { const char *in, *places; bool script, direct; } t[] = {
        { "function FindProxyForURL(url, host) { return \"PROXY proxy.example:8080; DIRECT\"; }", "PROXY proxy.example:8080", true, true },
        { "function FindProxyForURL(u,h){return 'SOCKS5 [2001:db8::1]:1080;HTTPS s.example:443'}", "SOCKS5 [2001:db8::1]:1080, HTTPS s.example:443", true, false },
        { "var p = \"proxy a.example:1\"; /* \"PROXY b:2\" */ // 'PROXY c:3'\nvar q = 'PROXY a.EXAMPLE:1';", "PROXY a.example:1", false, false },
        { "return \"PROXY  spaced.example:3128 ; SOCKS old.example:1\"", "PROXY spaced.example:3128, SOCKS old.example:1", false, false },
        { "\"PROXY\" 'PROXY ' \"PROXYx:1\" \"DIRECTLY\"", "", false, false },
        { "\"PROXY open.example:1\n\"PROXY next.example:2\"", "PROXY open.example:1, PROXY next.example:2", false, false },
        { "/* never closed \"PROXY a:1\"", "", false, false },
        { "\"PROXY \\\"a\\\":1\" 'DIRECT'", "", false, true },
        { "<html>404</html>", "", false, false },
        { "", "", false, false },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct pac p = { .from = "x" };
        pac_read((struct bytes){ (const uint8_t *)t[i].in, strlen(t[i].in) }, &p);
        CU_ASSERT(places_are(&p, t[i].places));
        CU_ASSERT_EQUAL(p.is_script, t[i].script);
        CU_ASSERT_EQUAL(p.direct, t[i].direct);
        CU_ASSERT_STRING_EQUAL(p.from, "x");
    }
}

static void too_many(void)
{
    struct text t = { 0 };
    struct pac  p = { 0 };
    for (int i = 0; i < PAC_PLACES + 7; i++)
        text_printf(&t, "'PROXY p%d.example:1'\n", i);
    pac_read((struct bytes){ (const uint8_t *)t.s, t.n }, &p);
    CU_ASSERT_EQUAL(p.n, PAC_PLACES);
    CU_ASSERT_EQUAL(p.more, 7);
    CU_ASSERT(pac_names(&p, "P3.example", 1));
    CU_ASSERT(!pac_names(&p, "p3.example", 2));
    CU_ASSERT(!pac_names(&p, "::1", 1));
    text_free(&t);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("pac", NULL, NULL);
    CU_add_test(s, "files", files);
    CU_add_test(s, "too many", too_many);
    CU_basic_set_mode(CU_BRM_SILENT);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
