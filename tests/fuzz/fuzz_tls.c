/* fuzz_tls.c - the message parsers. The first byte says which; the rest is the message body. */
#include "tlswhy/tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint16_t versions[] = { 0x0002, 0x0300, 0x0303, 0x0304 };
    static const uint32_t suites[] = { 0x0005, 0x0033, 0xc02f, 0x008f, 0xc035, 0x0003, 0x2175 };
    struct arena arena = { 0 };
    const char  *bad = NULL;
    if (size < 1)
        return 0;
    struct reader       r = rd_of(data + 1, size - 1);
    struct client_hello client = { 0 };
    struct server_hello server = { 0 };
    struct server_kex   kex = { 0 };
    struct cert_request request = { 0 };
    struct record       rec;
    struct bytes        der[64];
    switch (data[0] % 10) {
    case 0:
        tls_client_hello(r, &arena, &client);
        break;
    case 1:
        tls_v2_client_hello(r, &arena, &client);
        break;
    case 2:
        tls_server_hello(r, &arena, &server);
        tls_is_hello_retry(&server);
        break;
    case 3:
        tls_v2_server_hello(r, &arena, &server, der);
        break;
    case 4:
        tls_draft_hello_retry(r, &arena, &server);
        break;
    case 5:
        tls_certificates(r, (data[0] & 0x80) != 0, der, &bad);
        break;
    case 6:
        tls_server_key_exchange(r, suite_of(suites[data[0] / 10 % ARRAY_LEN(suites)]), versions[data[0] & 3], &kex);
        break;
    case 7:
        tls_certificate_request(r, versions[data[0] & 3], &arena, &request);
        break;
    case 8:
        tls_certificate_status(r);
        break;
    default:
        record_peek(&r, (data[0] & 0x80) != 0, &rec);
        break;
    }
    arena_free(&arena);
    return 0;
}
