/* Handshakes that wait: what never opened comes back as it was, in stream order among the others; and its cause by flags
 * alone is the one that the rules find. */
#include "../../cmd/held.c"

#include "tlswhy/why.h"

#include <CUnit/Basic.h>

/* As the observer makes them: bit 0 refused, 1 unreachable, 2 timed out, 3 asked again. */
static struct handshake *unopened(uint32_t stream, unsigned bits)
{
    struct handshake *h = handshake_new();
    h->file = "x.pcap";
    h->stream = stream;
    h->ends[CLIENT] = (struct endpoint){ .ip = { 192, 0, 2, 1 }, .ip_len = 4, .port = 40000 };
    h->ends[SERVER] = (struct endpoint){ .ip = { 198, 51, 100, 7 }, .ip_len = 4, .port = 443 };
    h->outcome = OUTCOME_NOT_OPENED;
    h->tcp.syn = h->first = (struct place){ .frame = stream + 1, .ns = 1000 };
    h->tcp.syn_seg = (struct segment){ .seen = true, .ttl = 64, .flags = 2, .window = 1024, .mss = 1460, .options = 4, .seq = 77 };
    h->tcp.syns = bits & 8 ? 4 : 1;
    h->last = h->tcp.last_seen[CLIENT] = bits & 11 ? (struct place){ .frame = stream + 9, .ns = 5000 } : h->first;
    h->tcp.start_seen[CLIENT] = true;
    h->refused = bits & 1;
    h->unreachable = (bits & 2) != 0;
    h->timed_out = (bits & 4) != 0;
    h->code = h->unreachable ? 3 << 8 | 1 : 0;
    if (h->refused) {
        h->tcp.last_seen[SERVER] = h->last;
        h->tcp.both_directions = true;
        h->known = KNOW_BOTH_SIDES;
    }
    h->error_at = (bits & 7) != 0 ? h->last : (struct place){ 0 };
    h->start_ns = h->first.ns;
    h->end_ns = h->last.ns;
    h->at_end_of_capture = !h->refused && !h->unreachable;
    return h;
}

static void comes_back(void)
{
    struct handshake was, room, *h;
    memset(&room, 0, sizeof room);
    for (unsigned bits = 0; bits < 16; bits++) {
        struct held q = { 0 };
        h = unopened(5, bits);
        memcpy(&was, h, sizeof was);
        held_add(&q, h);
        CU_ASSERT_EQUAL(q.unopened, 1);
        held_order(&q);
        h = held_next(&q, &room);
        CU_ASSERT_PTR_EQUAL(h, &room);
        CU_ASSERT_EQUAL(memcmp(&was, h, sizeof was), 0);
        CU_ASSERT_PTR_NULL(held_next(&q, &room));
        held_done(&room, &room);
        held_clear(&q);
    }
}

static void in_order(void)
{
    static const uint32_t streams[] = { 7, 3, 9, 1, 8, 2, 0, 12 };
    struct held       q = { 0 };
    struct handshake  room = { 0 }, *h;
    uint32_t          last = 0;
    size_t            n = 0;
    for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
        h = unopened(streams[i], 4);
        if (i % 3 == 1)
            h->tcp.bytes[CLIENT] = 1; /* more than the few facts: kept whole */
        h->datagram = streams[i] == 0;
        held_add(&q, h);
    }
    CU_ASSERT_EQUAL(q.unopened, 4);
    held_order(&q);
    while ((h = held_next(&q, &room)) != NULL) {
        CU_ASSERT(++n == ARRAY_LEN(streams) ? h->datagram : h->stream > last);
        last = h->stream;
        held_done(h, &room);
    }
    CU_ASSERT_EQUAL(n, ARRAY_LEN(streams));
    held_clear(&q);
}

/* Thousands at the end of a long capture, and one from its start: no table of all streams between is made. */
static void far_apart(void)
{
    enum { MANY = 2000 };
    struct held      q = { 0 };
    struct handshake room = { 0 }, *h;
    uint32_t         n = 0;
    for (uint32_t i = 0; i < MANY; i++)
        held_add(&q, unopened(i == 0 ? 3 : 4000000000u - i, 4));
    held_order(&q);
    while ((h = held_next(&q, &room)) != NULL) {
        CU_ASSERT_EQUAL(h->stream, n == 0 ? 3 : 4000000000u - MANY + n);
        n++;
        held_done(h, &room);
    }
    CU_ASSERT_EQUAL(n, MANY);
    held_clear(&q);
}

static void cause_by_flags(void)
{
    for (unsigned bits = 0; bits < 16; bits++) {
        struct handshake *h = unopened(5, bits);
        struct finding    f = { 0 };
        why_explain(h, NULL, &h->arena, &f);
        CU_ASSERT_STRING_EQUAL(why_never_opened(h), f.cause);
        h->tls_seen[CLIENT] = true;
        CU_ASSERT_PTR_NULL(why_never_opened(h));
        handshake_free(h);
    }
}

int main(void)
{
    CU_TestInfo  tests[] = { { "comes back as it was", comes_back }, { "in stream order", in_order }, { "streams far apart", far_apart },
                             { "the cause by flags", cause_by_flags }, CU_TEST_INFO_NULL };
    CU_SuiteInfo suites[] = { { "held", NULL, NULL, NULL, NULL, tests }, CU_SUITE_INFO_NULL };
    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
        return 1;
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
