/* report/peers.c: neighbours are found by server, client and name, in order, and the index stays bounded. */
#include "sample.h"

static struct handshake *connection(uint32_t stream, uint8_t client, uint8_t server, const char *name)
{
    struct handshake *h = sample_new(bytes_of(name, strlen(name)));
    h->stream = stream;
    h->ends[CLIENT].ip[3] = client;
    h->ends[SERVER].ip[3] = server;
    return h;
}

static void three_ways(void)
{
    static const struct { uint8_t client, server; const char *name; } t[] = {
        { 1, 1, "a.example" }, { 1, 2, "b.example" }, { 2, 1, "A.EXAMPLE" }, { 3, 3, "a.example" }
    };
    struct peers     *p = peers_new();
    struct handshake *h[ARRAY_LEN(t)];
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        h[i] = connection((uint32_t)i, t[i].client, t[i].server, t[i].name);
        peers_add(p, h[i]);
    }
    size_t walk = 0;
    const struct peer_fact *f = peers_server(p, h[0], &walk);
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL(f->stream, 2);
    CU_ASSERT_PTR_NULL(peers_server(p, h[0], &walk));
    walk = 0;
    f = peers_client(p, h[0], &walk);
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL(f->stream, 1);
    CU_ASSERT_PTR_NULL(peers_client(p, h[0], &walk));
    walk = 0;
    f = peers_name(p, h[0], &walk);
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL(f->stream, 2); /* the same name in capitals */
    f = peers_name(p, h[0], &walk);
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL(f->stream, 3);
    CU_ASSERT_PTR_NULL(peers_name(p, h[0], &walk));
    walk = 0;
    CU_ASSERT_PTR_NULL(peers_name(p, h[1], &walk));
    CU_ASSERT_TRUE(peers_speaks_tls(p, &h[0]->ends[SERVER]));
    CU_ASSERT_TRUE(peers_port_speaks_tls(p, 443));
    CU_ASSERT_FALSE(peers_port_speaks_tls(p, 444));
    for (size_t i = 0; i < ARRAY_LEN(t); i++)
        sample_free(h[i]);
    peers_free(p);
}

/* 16 facts alike, then only new kinds, 32 at most. */
static void bounds(void)
{
    struct peers     *p = peers_new();
    struct handshake *h = connection(0, 1, 1, "a.example");
    size_t            walk = 0, n = 0;
    for (uint32_t i = 0; i < 5000; i++) {
        h->stream = i;
        peers_add(p, h);
    }
    h->stream = 5000;
    h->answer.suite = 0x0035; /* another kind */
    peers_add(p, h);
    h->stream = 9999;
    const struct peer_fact *f = NULL, *last = NULL;
    while ((f = peers_server(p, h, &walk)) != NULL) {
        last = f;
        n++;
    }
    CU_ASSERT_EQUAL(n, 17);
    CU_ASSERT_PTR_NOT_NULL_FATAL(last);
    CU_ASSERT_EQUAL(last->stream, 5000);
    for (uint32_t i = 0; i < 100; i++) {
        h->stream = 6000 + i;
        h->answer.suite = 0xc000 + i;
        peers_add(p, h);
    }
    h->stream = 9999;
    for (walk = 0, n = 0; peers_server(p, h, &walk) != NULL;)
        n++;
    CU_ASSERT_EQUAL(n, 32);
    sample_free(h);
    peers_free(p);
}

static void the_offer(void)
{
    static const uint32_t greased[] = { 0x1a1a, 0x002f, 0x0035 }, other[] = { 0x0035, 0x002f };
    struct handshake *h = connection(0, 1, 1, "a.example");
    struct peer_fact  a, b, c;
    peer_fact_of(h, &a);
    h->hello.random = bytes_of("another random", 14);
    h->hello.suites.v = greased;
    peer_fact_of(h, &b);
    h->hello.suites = (struct u32s){ other, ARRAY_LEN(other) };
    peer_fact_of(h, &c);
    CU_ASSERT_EQUAL(a.hello_hash, b.hello_hash); /* random and GREASE do not count */
    CU_ASSERT_EQUAL(a.suites_hash, b.suites_hash);
    CU_ASSERT_NOT_EQUAL(a.suites_hash, c.suites_hash);
    sample_free(h);
}

int main(void)
{
    return run_tests("peers", (CU_TestInfo[]){ { "three ways", three_ways }, { "bounds", bounds }, { "the offer", the_offer }, CU_TEST_INFO_NULL });
}
