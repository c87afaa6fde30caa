/* What a client of our own needs to finish a handshake: the PRF, records sealed and opened again, key agreement, and the planner
 * of split records. */
#include "rules_case.h"

#include "tlswhy/keys.h"
#include "tlswhy/split.h"
#include "tlswhy/tls12.h"

/* Published for the PRF of TLS 1.2 with SHA-256 (IETF TLS list, "Test vectors for TLS 1.2 PRF"). */
static void prf(void)
{
    static const uint8_t secret[] = { 0x9b, 0xbe, 0x43, 0x6b, 0xa9, 0x40, 0xf0, 0x17, 0xb1, 0x76, 0x52, 0x84, 0x9a, 0x71, 0xdb, 0x35 };
    static const uint8_t seed[] = { 0xa0, 0xba, 0x9f, 0x93, 0x6c, 0xda, 0x31, 0x18, 0x27, 0xa6, 0xf7, 0x96, 0xff, 0xd5, 0x19, 0x8c };
    static const uint8_t want[] = { 0xe3, 0xf2, 0x29, 0xba, 0x72, 0x7b, 0xe1, 0x7b, 0x8d, 0x12, 0x26, 0x20, 0x55, 0x7c, 0xd4, 0x53, 0xc2, 0xaa,
                                    0xb2, 0x1d, 0x07, 0xc3, 0xd4, 0x95, 0x32, 0x9b, 0x52, 0xd4, 0xe6, 0x1e, 0xdb, 0x5a, 0x6b, 0x30, 0x17, 0x91 };
    struct handshake h = { .answer = { .chosen_version = 0x0303, .suite = 0x002f } };
    struct bytes     pieces[2] = { { seed, 5 }, { seed + 5, sizeof seed - 5 } };
    uint8_t          got[sizeof want];
    CU_ASSERT(tls12_prf(&h, (struct bytes){ secret, sizeof secret }, "test label", pieces, got, sizeof got));
    CU_ASSERT_EQUAL(memcmp(got, want, sizeof want), 0);
    h.answer.suite = 0xc030; /* with SHA-384 it is another */
    CU_ASSERT(tls12_prf(&h, (struct bytes){ secret, sizeof secret }, "test label", pieces, got, sizeof got) && memcmp(got, want, sizeof want) != 0);
    h.answer.chosen_version = 0x0301;
    CU_ASSERT(tls12_prf(&h, (struct bytes){ secret, sizeof secret - 1 }, "test label", pieces, got, sizeof got)); /* an odd secret */
}

static struct handshake agreed(uint16_t version, uint32_t suite, bool etm)
{
    static const uint8_t          randoms[64] = { 1, 2, 3 };
    static const struct extension ext = { .type = EXT_ENCRYPT_THEN_MAC };
    struct handshake h = { .answer = { .chosen_version = version, .suite = suite, .random = { randoms, 32 }, .ext = &ext, .exts = etm } };
    h.hello.random = (struct bytes){ randoms + 32, 32 };
    return h;
}

/* What one end seals the other opens, record after record; a changed byte never opens. */
static void records(void)
{
    static const uint32_t suites[] = { 0x002f, 0x0035, 0x000a, 0x0041, 0x003c, 0xc028, 0x009c, 0x009d, 0xc09c, 0xc0a0, 0xcca8 };
    static const size_t   sizes[] = { 0, 1, 11, 12, 16, 100, 1000, TLS12_CONTENT_MAX };
    static const uint8_t  master[TLS12_MASTER] = { 7 };
    uint8_t              *content = mem_get(TLS12_CONTENT_MAX, 1), *sealed = mem_get(TLS12_SEALED_MAX, 1), *opened = mem_get(TLS12_SEALED_MAX, 1);
    for (size_t i = 0; i < ARRAY_LEN(suites); i++)
        for (uint16_t version = 0x0301; version <= 0x0303; version++)
            for (int etm = 0; etm < 2; etm++) {
                struct handshake    h = agreed(version, suites[i], etm != 0);
                struct tls12_opener one[2], other[2];
                CU_ASSERT_FATAL(tls12_can(&h) && tls12_openers(&h, master, one) && tls12_openers(&h, master, other));
                for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
                    memset(content, (int)k, sizes[k]);
                    size_t n = tls12_seal(&one[CLIENT], 23, content, sizes[k], sealed);
                    CU_ASSERT_FATAL(n > 5 + sizes[k] && n <= TLS12_SEALED_MAX && n == 5u + (size_t)(sealed[3] << 8 | sealed[4]));
                    struct tls12_opener spoilt = other[CLIENT];
                    sealed[n - 1] ^= 1;
                    CU_ASSERT(tls12_open(&spoilt, 23, sealed + 5, n - 5, opened) < 0);
                    sealed[n - 1] ^= 1;
                    CU_ASSERT_EQUAL(tls12_open(&other[CLIENT], 23, sealed + 5, n - 5, opened), (ptrdiff_t)sizes[k]);
                    CU_ASSERT_EQUAL(memcmp(opened, content, sizes[k]), 0);
                }
                CU_ASSERT_EQUAL(tls12_seal(&one[CLIENT], 23, content, TLS12_CONTENT_MAX + 1, sealed), 0);
            }
    struct handshake rc4 = agreed(0x0301, 0x0005, false), v3 = agreed(0x0300, 0x002f, false);
    CU_ASSERT(!tls12_can(&rc4) && !tls12_can(&v3));
    free(content);
    free(sealed);
    free(opened);
}

/* p = 23, g = 5 (both ends of ours), and groups that are none. */
static void diffie_hellman(void)
{
    static const uint8_t p = 23, g = 5, even = 24, one = 1, zero = 0;
    struct dh_group      good = { { &p, 1 }, { &g, 1 } }, bad = { { &even, 1 }, { &g, 1 } }, none = { { &p, 0 }, { &g, 1 } };
    uint8_t              own[DH_MAX], secret[DH_MAX];
    size_t               n = 0;
    CU_ASSERT(dh_agree(&good, (struct bytes){ &g, 1 }, own, secret, &n) && n == 1 && own[0] == secret[0]); /* the peer sent g itself */
    CU_ASSERT(!dh_agree(&good, (struct bytes){ &one, 1 }, own, secret, &n));
    CU_ASSERT(!dh_agree(&good, (struct bytes){ &zero, 1 }, own, secret, &n));
    CU_ASSERT(!dh_agree(&good, (struct bytes){ &p, 1 }, own, secret, &n));
    CU_ASSERT(!dh_agree(&bad, (struct bytes){ &g, 1 }, own, secret, &n));
    CU_ASSERT(!dh_agree(&none, (struct bytes){ &g, 1 }, own, secret, &n));
}

/* ---- split records */

enum { SILENT = -1, NO_HANDSHAKE = -2, NO_HELLO = -3 };

/* What came of one attempt: an HTTP status, 1 for an answer that is no HTTP, or one of the above. */
static struct handshake *tried(int status, uint32_t suite)
{
    struct handshake *h = handshake_new();
    struct inside    *in = ARENA_NEW(&h->arena, struct inside);
    hello(h, 0x0301);
    if (status == NO_HELLO)
        return h;
    answer(h, 0x0301);
    h->answer.suite = suite;
    h->outcome = status == NO_HANDSHAKE ? OUTCOME_ABORTED_BY_SERVER : OUTCOME_ESTABLISHED;
    in->status = status > 1 ? status : 0;
    in->line = status > 0 ? (struct bytes){ (const uint8_t *)"x", 1 } : in->line;
    h->inside = in;
    return h;
}

static void split(void)
{
    enum { CBC = 0x002f, RC4 = 0x0005 };
    static const struct {
        const char     *name;
        uint32_t        suite;
        int             came[5];
        enum split_step steps[5]; /* what was asked; SPLIT_DONE ends it */
        const char     *cause;    /* NULL: nothing against it */
        enum sure       sure;
    } t[] = {
        { "all well", CBC, { 200, 200, 200 }, { SPLIT_WHOLE, SPLIT_DATA, SPLIT_HELLO, SPLIT_DONE }, NULL, 0 },
        { "no TLS 1.0 there", CBC, { NO_HANDSHAKE }, { SPLIT_WHOLE, SPLIT_DONE }, NULL, 0 },
        { "RC4 needs no split", RC4, { 200, 200 }, { SPLIT_WHOLE, SPLIT_HELLO, SPLIT_DONE }, NULL, 0 },
        { "no answer at all", CBC, { SILENT, SILENT }, { SPLIT_WHOLE, SPLIT_HELLO, SPLIT_DONE }, NULL, 0 },
        { "silence for split data", CBC, { 200, SILENT, SILENT, 200 }, { SPLIT_WHOLE, SPLIT_DATA, SPLIT_DATA_AGAIN, SPLIT_WHOLE_AGAIN, SPLIT_DONE }, "record-split", CERTAIN },
        { "400 for split data", CBC, { 200, 400, 400, 200 }, { SPLIT_WHOLE, SPLIT_DATA, SPLIT_DATA_AGAIN, SPLIT_WHOLE_AGAIN, SPLIT_DONE }, "record-split", CERTAIN },
        { "a server that comes and goes", CBC, { 200, SILENT, SILENT, SILENT }, { SPLIT_WHOLE, SPLIT_DATA, SPLIT_DATA_AGAIN, SPLIT_WHOLE_AGAIN, SPLIT_DONE }, "record-split", POSSIBLE },
        { "chance", CBC, { 200, SILENT, 200, 200 }, { SPLIT_WHOLE, SPLIT_DATA, SPLIT_DATA_AGAIN, SPLIT_HELLO, SPLIT_DONE }, NULL, 0 },
        { "a hello in pieces", CBC, { 200, 200, NO_HELLO, NO_HELLO, 200 }, { SPLIT_WHOLE, SPLIT_DATA, SPLIT_HELLO, SPLIT_HELLO_AGAIN, SPLIT_WHOLE_AGAIN }, "record-split", CERTAIN },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct split_tried made[5];
        struct arena       a = { 0 };
        struct finding     f = { .cause = "ok", .why = "It answers." };
        size_t             n = 0;
        bool               fits = true;
        for (; n < 5 && t[i].steps[n] != SPLIT_DONE && fits; n++) {
            fits = n == 0 || split_next(made, n) == t[i].steps[n];
            made[n] = (struct split_tried){ tried(t[i].came[n], t[i].suite), t[i].steps[n] };
        }
        fits = fits && split_next(made, n) == SPLIT_DONE;
        const struct handshake *faulty = split_explain(made, n, NULL, &a, &f);
        bool right = t[i].cause == NULL ? faulty == NULL && strcmp(f.cause, "ok") == 0 : faulty != NULL && strcmp(f.cause, t[i].cause) == 0 && f.sure == t[i].sure;
        if (!fits || !right)
            printf("%s: %zu steps, %s, %d\n", t[i].name, n, f.cause, f.sure);
        CU_ASSERT(fits && right);
        for (size_t k = 0; k < n; k++)
            handshake_free((struct handshake *)(uintptr_t)made[k].h);
        arena_free(&a);
    }
}

int main(void)
{
    static const CU_TestInfo tests[] = { { "PRF", prf }, { "records sealed and opened", records }, { "Diffie-Hellman", diffie_hellman },
                                         { "split records", split }, CU_TEST_INFO_NULL };
    return run_tests("finish", tests);
}
