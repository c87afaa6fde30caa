/* sample.h - made-up handshakes for the tests of rules and renderers: a client of TLS 1.0 that leaves after the
 * server's certificate, with chosen outside bytes wherever outside bytes go. */
#ifndef TLSWHY_SAMPLE_H
#define TLSWHY_SAMPLE_H

#include "tlswhy/report.h"

#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

/* Everything that must never reach a terminal raw: an escape sequence that sets the title, C0, C1, DEL, bidirectional
 * and zero-width marks, a line separator, bytes that are no UTF-8, a NUL, and what JSON must quote. */
#define NASTY "\x1b]0;owned\x07 \x01\x7f \xc2\x9b" "31m \xe2\x80\xae" "evil \xe2\x80\x8b \xe2\x80\xa8 \xff\xfe \xc3\x28 \xed\xa0\x80 a\0b \"q\" \\ </script>"
enum { NASTY_LEN = sizeof NASTY - 1 };

static inline struct bytes bytes_of(const char *s, size_t n) { return (struct bytes){ (const uint8_t *)s, n }; }

/* `name` is what the client asks for, and stands in every other outside text, too. End it with sample_free. */
static inline struct handshake *sample_new(struct bytes name)
{
    static const uint32_t suites[] = { 0x0a0a, 0x002f, 0x0035 };
    static const uint8_t  v4[2][4] = { { 10, 0, 0, 20 }, { 203, 0, 113, 7 } };
    struct handshake *h = mem_get(1, sizeof *h);
    h->file = "activation.pcapng";
    h->stream = 4;
    for (size_t i = 0; i < 2; i++) {
        memcpy(h->ends[i].ip, v4[i], 4);
        h->ends[i].ip_len = 4;
        h->ends[i].port = i == CLIENT ? 49213 : 443;
    }
    h->start_ns = INT64_C(1706955072345678000); /* 2024-02-03T10:11:12.345678Z */
    h->end_ns = h->start_ns + 10000000;
    h->first.frame = 38;
    h->last.frame = 47;
    h->known = KNOW_OPEN | KNOW_CLIENT_HELLO | KNOW_SERVER_HELLO | KNOW_CLOSE | KNOW_BOTH_SIDES | KNOW_WHOLE_CLIENT | KNOW_WHOLE_SERVER;
    h->outcome = OUTCOME_ABORTED_BY_CLIENT;
    h->tls_seen[CLIENT] = h->tls_seen[SERVER] = true;
    h->hello = (struct client_hello){ .where.frame = 41, .version = 0x0301, .record_version = 0x0301, .max_version = 0x0301,
                                      .suites = { suites, ARRAY_LEN(suites) }, .sni = name };
    h->hello.raw = name;
    struct bytes *alpn = ARENA_NEW(&h->arena, struct bytes);
    *alpn = name;
    h->hello.alpn = (struct byte_list){ alpn, 1 };
    h->answer = (struct server_hello){ .where.frame = 43, .version = 0x0301, .chosen_version = 0x0301, .suite = 0x002f, .alpn = name };
    h->prelude = (struct prelude){ .kind = PRELUDE_CONNECT, .protocol = "http-connect", .host = name, .port = 443, .status = 200,
                                   .answer = name, .server = name, .location = name, .schemes = { alpn, 1 }, .accepted = true,
                                   .asked_for_tls = true };
    h->plain[SERVER] = (struct plain){ .where.frame = 44, .start = name, .protocol = "http" };
    h->close = (struct closing){ .by = CLIENT, .how = CLOSE_FIN, .where.frame = 45, .since_peer = 4100000 };
    return h;
}

static inline void sample_free(struct handshake *h)
{
    arena_free(&h->arena);
    free(h);
}

/* A finding with every list filled, words of the interface's example. */
static inline struct finding sample_finding(const struct handshake *h, const char *note)
{
    return (struct finding){
        .rule = "left-after-certificate", .cause = "cert-rejected", .side = BLAME_CLIENT, .sure = LIKELY,
        .because = "no alert, and a missing root would look the same",
        .why = "The client closed right after the server's certificate and gave no reason. Likely it cannot verify the chain: all of "
               "it is signed with SHA-256.",
        .evidence = { { 41, CLIENT, "client_hello", "ClientHello", note, h->stream },
                      { 43, SERVER, "certificate", "Certificate", "activation.example <- Example TLS CA 1, both sha256WithRSAEncryption", h->stream },
                      { 45, CLIENT, "fin", "FIN", "4 ms later, no alert", h->stream } },
        .evidence_n = 3, .decisive = 45,
        .alternatives = { "cert-untrusted-root", "sha2-unsupported" }, .alternatives_n = 2,
        .ruled_out = { "protocol-version", "cipher-mismatch" }, .ruled_out_n = 2,
        .fix = { "Client: install the SHA-2 updates, reboot, try again.", "Client: is the root in its Trusted Roots?" }, .fix_n = 2,
        .settle = { "the client's CAPI2 operational log" }, .settle_n = 1
    };
}

/* Runs suites of one program and gives its exit status. */
static inline int run_tests(const char *suite, const CU_TestInfo *tests)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite(suite, NULL, NULL);
    for (; tests->pName != NULL; tests++)
        CU_add_test(s, tests->pName, tests->pTestFunc);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}

#endif
