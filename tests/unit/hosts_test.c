/* dissect/hosts.c: names from DNS answers. */
#include "tlswhy/hosts.h"

#include <CUnit/Basic.h>
#include <string.h>

/* www.example. is a CNAME of cdn.example., which has 192.0.2.7: the name asked for is what counts. */
static const uint8_t answer[] = {
    0x12, 0x34, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0,
    3, 'W', 'w', 'w', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 1, 0, 1,
    0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 6, 3, 'c', 'd', 'n', 0xc0, 16,
    0xc0, 41, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7,
};
static const struct endpoint server = { .ip = { 192, 0, 2, 7 }, .ip_len = 4, .port = 443 };

static void learns(void)
{
    struct hosts *t = hosts_new();
    CU_ASSERT_PTR_NULL(hosts_find(t, &server).p);
    hosts_learn_dns(t, answer, sizeof answer);
    struct bytes name = hosts_find(t, &server);
    CU_ASSERT_EQUAL_FATAL(name.n, 11);
    CU_ASSERT_EQUAL(memcmp(name.p, "www.example", 11), 0);
    hosts_learn(t, server.ip, 4, "later.example", 13);
    CU_ASSERT_EQUAL(hosts_find(t, &server).n, 13);
    hosts_free(t);
}

/* Every cut, and every byte changed: no crash, no endless loop, and a cut answer teaches nothing wrong. */
static void hostile(void)
{
    for (size_t n = 0; n < sizeof answer; n++) {
        struct hosts *t = hosts_new();
        hosts_learn_dns(t, answer, n);
        CU_ASSERT_PTR_NULL(hosts_find(t, &server).p);
        hosts_free(t);
    }
    struct hosts *t = hosts_new();
    for (size_t i = 0; i < sizeof answer; i++) {
        for (unsigned v = 0; v < 256; v++) {
            uint8_t bad[sizeof answer];
            memcpy(bad, answer, sizeof bad);
            bad[i] = (uint8_t)v;
            hosts_learn_dns(t, bad, sizeof bad);
        }
    }
    static const uint8_t loop[] = { 0, 0, 0x80, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1 }; /* points at itself */
    hosts_learn_dns(t, loop, sizeof loop);
    hosts_free(t);
}

static void many(void)
{
    struct hosts *t = hosts_new();
    for (uint32_t i = 0; i < 70000; i++) { /* beyond the bound: the first ones stay */
        uint8_t ip[4] = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i };
        hosts_learn(t, ip, 4, "a.example", 9);
    }
    CU_ASSERT_EQUAL(hosts_find(t, &(struct endpoint){ .ip = { 10, 0, 0, 1 }, .ip_len = 4 }).n, 9);
    CU_ASSERT_EQUAL(hosts_find(t, &(struct endpoint){ .ip = { 10, 1, 0x11, 0x6f }, .ip_len = 4 }).n, 0);
    hosts_free(t);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("hosts", NULL, NULL);
    CU_add_test(s, "learns the name asked for", learns);
    CU_add_test(s, "hostile answers", hostile);
    CU_add_test(s, "bounded", many);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
