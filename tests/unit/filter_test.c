/* dissect/filter_pcap.c: filters work on numbers, and never look a name up. */
#include "tlswhy/filter.h"

#include <CUnit/Basic.h>
#include <string.h>

static void expressions(void)
{
    static const struct { const char *expression; bool ok; const char *says; } t[] = {
        { "tcp port 443", true, NULL },
        { "host 192.0.2.1 and not portrange 1000-2000", true, NULL },
        { "net 10.0.0.0/8 or net 192.168", true, NULL },
        { "ip6 host 2001:db8::1", true, NULL },
        { "ether host 00:1b:21:aa:bb:cc", true, NULL },
        { "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0", true, NULL },
        { "tcp[12:1] >> 4 = 5", true, NULL },
        { "vlan 7 and tcp", true, NULL },
        { "host www.example", false, "www.example" },
        { "port https", false, "https" },
        { "src net intranet", false, "intranet" },
        { "tcp port", false, "pcap-filter" },
        { "", true, NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct err     err = { "" };
        struct filter *f = filter_new(t[i].expression, &err);
        CU_ASSERT_EQUAL(f != NULL, t[i].ok);
        if ((f != NULL) != t[i].ok)
            printf("  %s: %s\n", t[i].expression, err.text);
        if (!t[i].ok)
            CU_ASSERT_PTR_NOT_NULL(strstr(err.text, t[i].says));
        filter_free(f);
    }
}

static void packets(void)
{
    static const uint8_t raw[40] = { 0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 0xc0, 0, 1, 0xbb };
    const struct packet  p = { .p = raw, .caplen = sizeof raw, .len = sizeof raw, .linktype = 101 };
    struct err           err = { "" };
    struct filter       *yes = filter_new("tcp port 443", &err), *no = filter_new("tcp port 80", &err);
    CU_ASSERT_TRUE(filter_passes(yes, &p, &err));
    CU_ASSERT_TRUE(filter_passes(yes, &p, &err)); /* compiled once */
    CU_ASSERT_FALSE(filter_passes(no, &p, &err));
    CU_ASSERT_STRING_EQUAL(err.text, "");
    filter_free(yes);
    filter_free(no);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("filter", NULL, NULL);
    CU_add_test(s, "expressions", expressions);
    CU_add_test(s, "packets", packets);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
