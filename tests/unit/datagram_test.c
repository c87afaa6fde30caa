/* DTLS and QUIC: keys of RFC 9001 and RFC 9369, packets sealed here and opened, hellos in any order of their parts. */
#include "tlswhy/dtls.h"
#include "tlswhy/observe.h"
#include "tlswhy/quic.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t unhex(const char *s, uint8_t *out)
{
    size_t n = 0;
    for (unsigned v; sscanf(s + 2 * n, "%2x", &v) == 1; n++)
        out[n] = (uint8_t)v;
    return n;
}

static bool same_hex(const uint8_t *p, size_t n, const char *hex)
{
    uint8_t want[64];
    return unhex(hex, want) == n && memcmp(p, want, n) == 0;
}

/* RFC 9001 appendix A.1, RFC 9369 appendix A.1. */
static void initial_keys(void)
{
    static const struct { uint32_t version; const char *key[2], *iv[2], *hp[2]; } t[] = {
        { 1, { "1f369613dd76d5467730efcbe3b1a22d", "cf3a5331653c364c88f0f379b6067e37" }, { "fa044b2f42a3fd3b46fb255c", "0ac1493ca1905853b0bba03e" },
          { "9f50449e04a0e810283a1e9933adedd2", "c206b8d9b9f0f37644430b490eeaa314" } },
        { 0x6b3343cf, { "8b1a0bc121284290a29e0971b5cd045d", "82db637861d55e1d011f19ea71d5d2a7" }, { "91f73e2351d8fa91660e909f", "dd13c276499c0249d3310652" },
          { "45b95e15235d6f45a6b19cbcb0294ba9", "edf6d05c83121201b436e16877593c3a" } },
    };
    uint8_t          dcid[8];
    struct quic_keys keys[2];
    unhex("8394c8f03e515708", dcid);
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        CU_ASSERT(quic_initial_keys(t[i].version, 0, (struct bytes){ dcid, 8 }, keys));
        for (int side = 0; side < 2; side++) {
            CU_ASSERT(same_hex(keys[side].key, 16, t[i].key[side]));
            CU_ASSERT(same_hex(keys[side].iv, 12, t[i].iv[side]));
            CU_ASSERT(same_hex(keys[side].hp, 16, t[i].hp[side]));
        }
    }
    CU_ASSERT_FALSE(quic_initial_keys(0x1a2a3a4b, 0, (struct bytes){ dcid, 8 }, keys));
}

/* ---- packets made here */

static const uint8_t dcid[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

/* An Initial packet with these frames, padded to 1,200 bytes; `side` seals it. */
static size_t initial(enum side side, uint8_t number, const uint8_t *frames, size_t n, uint8_t *out)
{
    enum { SIZE = 1200, TAG = 16, HEADER = 1 + 4 + 1 + 8 + 1 + 1 + 2 + 1 };
    struct quic_keys keys[2];
    uint8_t          plain[SIZE] = { 0 }, nonce[12], mask[16];
    quic_initial_keys(1, 0, (struct bytes){ dcid, 8 }, keys);
    memcpy(plain, frames, n);
    const uint8_t head[] = { 0xc0, 0, 0, 0, 1, 8 };
    memcpy(out, head, sizeof head);
    memcpy(out + 6, dcid, 8);
    out[14] = 0; /* no source connection id */
    out[15] = 0; /* no token */
    size_t sealed = SIZE - HEADER;
    out[16] = (uint8_t)(0x40 | (sealed + 1) >> 8);
    out[17] = (uint8_t)(sealed + 1);
    out[18] = number;
    memcpy(nonce, keys[side].iv, 12);
    nonce[11] ^= number;
    aead_seal(AEAD_AES_GCM, (struct bytes){ keys[side].key, 16 }, nonce, (struct bytes){ out, HEADER }, (struct bytes){ plain, sealed - TAG }, out + HEADER);
    aes_block(keys[side].hp, out + 18 + 4, mask);
    out[0] ^= mask[0] & 0x0f;
    out[18] ^= mask[1];
    return SIZE;
}

static size_t crypto_frame(uint16_t at, const uint8_t *p, uint16_t n, uint8_t *out)
{
    out[0] = 6;
    out[1] = (uint8_t)(0x40 | at >> 8), out[2] = (uint8_t)at;
    out[3] = (uint8_t)(0x40 | n >> 8), out[4] = (uint8_t)n;
    memcpy(out + 5, p, n);
    return 5u + n;
}

/* A ClientHello of TLS 1.3 for "quic.example". */
static size_t client_hello(uint8_t *out)
{
    static const char hex[] = "010000560303" "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" "00" "0004" "13011302" "0100" "0029"
                              "00000011000f00000c717569632e6578616d706c65" "002b0003020304" "000a00040002001d" "ff0d0001ff";
    size_t n = unhex(hex, out);
    out[3] = (uint8_t)(n - 4);
    return n;
}

/* ---- observed */

struct play {
    struct observer   *o;
    struct cert_store *certs;
    struct endpoint    ends[2];
    void              *slot;
    uint64_t           frame;
};

static struct play play_new(void)
{
    struct play p = { .certs = cert_store_new(), .ends = { { .ip = { 192, 0, 2, 1 }, .ip_len = 4, .port = 50000 }, { .ip = { 192, 0, 2, 2 }, .ip_len = 4, .port = 443 } } };
    p.o = observer_new(p.certs, NULL);
    return p;
}

static void datagram(struct play *p, enum side from, const uint8_t *b, size_t n)
{
    uint8_t          *copy = mem_get(n, 1); /* of its exact size, for the sanitizer */
    struct wire_event ev = { .kind = WIRE_DATAGRAM, .from = from, .frame = ++p->frame, .ns = (int64_t)p->frame * 1000000, .bytes = copy, .len = n,
                             .stream = 7, .ends = p->ends, .slot = &p->slot };
    memcpy(copy, b, n);
    observe(p->o, &ev);
    free(copy);
}

static struct handshake *play_end(struct play *p)
{
    observer_end(p->o);
    struct handshake *h = observed(p->o);
    CU_ASSERT_PTR_NULL(observed(p->o));
    observer_free(p->o);
    return h;
}

static bool asks_for(const struct handshake *h, const char *name)
{
    return h->hello.sni.n == strlen(name) && memcmp(h->hello.sni.p, name, h->hello.sni.n) == 0;
}

/* The hello in two packets, the second part first, each twice. */
static void quic_hello_in_parts(void)
{
    uint8_t     hello[128], frames[1024], packet[1200];
    size_t      n = client_hello(hello), half = n / 2, len;
    struct play p = play_new();
    for (int twice = 0; twice < 2; twice++) {
        len = crypto_frame((uint16_t)half, hello + half, (uint16_t)(n - half), frames);
        datagram(&p, CLIENT, packet, initial(CLIENT, 1, frames, len, packet));
        len = crypto_frame(0, hello, (uint16_t)half, frames);
        datagram(&p, CLIENT, packet, initial(CLIENT, 0, frames, len, packet));
    }
    struct handshake *h = play_end(&p);
    CU_ASSERT_PTR_NOT_NULL_FATAL(h);
    CU_ASSERT(h->datagram && knows(h, KNOW_CLIENT_HELLO) && asks_for(h, "quic.example"));
    CU_ASSERT_EQUAL(h->hello.where.frame, 2);
    CU_ASSERT(h->tcp.retransmissions[CLIENT] >= 1);
    handshake_free(h);
    cert_store_free(p.certs);
}

/* CONNECTION_CLOSE with CRYPTO_ERROR 0x128: the server's handshake_failure (40). */
static void quic_close_is_an_alert(void)
{
    static const uint8_t close[] = { 0x1c, 0x41, 0x28, 0x06, 0x00 };
    uint8_t     hello[128], frames[1024], packet[1200];
    size_t      n = client_hello(hello), len = crypto_frame(0, hello, (uint16_t)n, frames);
    struct play p = play_new();
    datagram(&p, CLIENT, packet, initial(CLIENT, 0, frames, len, packet));
    datagram(&p, SERVER, packet, initial(SERVER, 0, close, sizeof close, packet));
    struct handshake   *h = play_end(&p);
    const struct alert *a = last_fatal_alert(h, SERVER);
    CU_ASSERT(a != NULL && a->number == ALERT_HANDSHAKE_FAILURE);
    CU_ASSERT_EQUAL(h->outcome, OUTCOME_ABORTED_BY_SERVER);
    handshake_free(h);
    cert_store_free(p.certs);
}

/* The hello twice, then the client gives up: there is nothing that the capture could lack. */
static void quic_client_gives_up(void)
{
    static const uint8_t close[] = { 0x1c, 0x41, 0x16, 0x06, 0x00 };
    uint8_t     hello[128], frames[1024], packet[1200];
    size_t      n = client_hello(hello), len = crypto_frame(0, hello, (uint16_t)n, frames);
    struct play p = play_new();
    for (uint8_t number = 0; number < 2; number++)
        datagram(&p, CLIENT, packet, initial(CLIENT, number, frames, len, packet));
    datagram(&p, CLIENT, packet, initial(CLIENT, 2, close, sizeof close, packet));
    struct handshake *h = play_end(&p);
    CU_ASSERT(last_fatal_alert(h, CLIENT) != NULL && knows(h, KNOW_BOTH_SIDES) && !h->tcp.both_directions);
    handshake_free(h);
    cert_store_free(p.certs);
}

/* One bit wrong anywhere: the packet does not open, and nothing is begun by it. */
static void quic_flipped_bits(void)
{
    uint8_t hello[128], frames[1024], packet[1200], out[1200];
    size_t  n = client_hello(hello), len = crypto_frame(0, hello, (uint16_t)n, frames);
    struct quic_keys keys[2];
    initial(CLIENT, 0, frames, len, packet);
    quic_initial_keys(1, 0, (struct bytes){ dcid, 8 }, keys);
    for (size_t bit = 0; bit < sizeof packet * 8; bit += 7) {
        struct quic_packet p;
        packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
        struct reader r = rd_of(packet, sizeof packet);
        if (quic_packet(&r, &p))
            CU_ASSERT(quic_open(&keys[CLIENT], &p, out) < 0);
        packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

/* ---- DTLS */

static size_t dtls_hello_fragment(uint16_t seq, const uint8_t *body, size_t len, size_t at, size_t n, uint8_t *out)
{
    const uint8_t head[] = { 22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, (uint8_t)((n + 12) >> 8), (uint8_t)(n + 12), 1, 0, (uint8_t)(len >> 8), (uint8_t)len,
                             (uint8_t)(seq >> 8), (uint8_t)seq, 0, (uint8_t)(at >> 8), (uint8_t)at, 0, (uint8_t)(n >> 8), (uint8_t)n };
    memcpy(out, head, sizeof head);
    memcpy(out + sizeof head, body + at, n);
    return sizeof head + n;
}

static size_t dtls_hello(uint8_t *out, bool cookie)
{
    static const char start[] = "fefd" "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" "00";
    static const char rest[] = "0002c02f" "0100" "0015" "00000011000f00000c64746c732e6578616d706c65";
    size_t n = unhex(start, out);
    n += unhex(cookie ? "04deadbeef" : "00", out + n);
    return n + unhex(rest, out + n);
}

/* Fragments in any order and again; the hello with a cookie takes the place of the first. */
static void dtls_fragments(void)
{
    static const uint8_t verify[] = { 22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 19, 3, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 7, 0xfe, 0xff, 4, 0xde, 0xad, 0xbe, 0xef };
    uint8_t     hello[256], packet[512];
    size_t      n = dtls_hello(hello, false);
    struct play p = play_new();
    datagram(&p, CLIENT, packet, dtls_hello_fragment(0, hello, n, 0, n, packet));
    datagram(&p, SERVER, verify, sizeof verify);
    n = dtls_hello(hello, true);
    datagram(&p, CLIENT, packet, dtls_hello_fragment(1, hello, n, 30, n - 30, packet));
    datagram(&p, CLIENT, packet, dtls_hello_fragment(1, hello, n, 30, n - 30, packet));
    datagram(&p, CLIENT, packet, dtls_hello_fragment(1, hello, n, 0, 40, packet));
    struct handshake *h = play_end(&p);
    CU_ASSERT_PTR_NOT_NULL_FATAL(h);
    CU_ASSERT(knows(h, KNOW_CLIENT_HELLO) && asks_for(h, "dtls.example"));
    CU_ASSERT_EQUAL(h->hello.where.frame, 5);
    CU_ASSERT_EQUAL(h->hello.max_version, 0xfefd);
    CU_ASSERT_EQUAL(h->hello.suites.n, 1);
    CU_ASSERT_FALSE(h->tls_seen[SERVER]);
    handshake_free(h);
    cert_store_free(p.certs);
}

static void other_datagrams_begin_nothing(void)
{
    static const char *const odd[] = { "", "16", "16feff", "1603010005", "c0", "c000000001", "000100002112a442", "16feff000000000000000000000c6300000000000000000000000000" };
    struct play p = play_new();
    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        uint8_t b[64] = { 0 };
        datagram(&p, CLIENT, b, unhex(odd[i], b));
    }
    CU_ASSERT_PTR_NULL(play_end(&p));
    cert_store_free(p.certs);
}

int main(void)
{
    static CU_TestInfo tests[] = { { "Initial keys of the RFCs", initial_keys },
                                   { "a QUIC hello in parts", quic_hello_in_parts },
                                   { "a QUIC close is an alert", quic_close_is_an_alert },
                                   { "a QUIC client that gives up", quic_client_gives_up },
                                   { "flipped bits", quic_flipped_bits },
                                   { "DTLS fragments and cookie", dtls_fragments },
                                   { "other datagrams begin nothing", other_datagrams_begin_nothing },
                                   CU_TEST_INFO_NULL };
    CU_SuiteInfo       suites[] = { { "datagrams", NULL, NULL, NULL, NULL, tests }, CU_SUITE_INFO_NULL };
    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
        return 2;
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
