/* fuzz_keylog.c - what stands behind keys. The first byte chooses: key log text; a TLS 1.0 to 1.2 record of any suite under
 * known keys; or a TLS 1.3 connection whose secrets are known, where the input is what both sides say under encryption:
 * chunks of a head byte (side, content type), a length byte and content, each sealed as a record. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tlswhy/keylog.h"
#include "tlswhy/observe.h"
#include "tlswhy/tls12.h"

static const uint8_t secret[32] = { 1, 2, 3 }, server_random[32] = { 4, 5, 6 };

/* From RFC 8446 section 4.1: the least that has a random, one suite and supported_versions. */
static const uint8_t client_hello[] = {
    22, 3, 1, 0, 54, 1, 0, 0, 50, 3, 3, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0, 0, 2, 0x13, 1, 1, 0, 0, 7, 0, 43, 0, 3, 2, 3, 4,
};
static const uint8_t server_hello[] = {
    22, 3, 3, 0, 50, 2, 0, 0, 46, 3, 3, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8,
    8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 0, 0x13, 1, 0, 0, 6, 0, 43, 0, 2, 3, 4,
};

static bool known_secrets(void *ctx, const struct handshake *h, struct tls13_secrets *out)
{
    (void)ctx;
    (void)h;
    *out = (struct tls13_secrets){ 0 };
    for (int t = 0; t < 2; t++) {
        memcpy(out->handshake[t], secret, sizeof secret);
        memcpy(out->application[t], secret, sizeof secret);
        out->handshake_len[t] = out->application_len[t] = sizeof secret;
    }
    return true;
}

static void text(const uint8_t *data, size_t size)
{
    struct keylog       *k = keylog_new();
    struct tls13_secrets s;
    struct handshake     h = { .hello.random = { data, size < 32 ? size : 32 } };
    size_t               half = size / 2, taken = 0;
    keylog_learn(k, (struct bytes){ data, half });
    keylog_follow(k, (struct bytes){ data, size }, &taken);
    keylog_secrets(k, &h, &s);
    if (keylog_handshakes(k) > size)
        abort();
    keylog_free(k);
}

static void record_12(const uint8_t *data, size_t size)
{
    struct extension    etm = { .type = EXT_ENCRYPT_THEN_MAC };
    struct handshake    h = { .hello.random = { server_random, 32 } };
    struct tls12_opener open[2];
    uint8_t             master[TLS12_MASTER] = { 9 };
    if (size < 4)
        return;
    h.answer = (struct server_hello){ .suite = (uint32_t)(data[0] << 8 | data[1]), .chosen_version = (uint16_t)(0x0300 | (data[2] & 3)),
                                      .random = { server_random, 32 }, .ext = &etm, .exts = data[2] >> 7 };
    if (!tls12_openers(&h, master, open))
        return;
    for (int i = 0; i < 3; i++) {
        uint8_t *body = mem_get(size - 3, 1), *out = mem_get(size - 3, 1);
        memcpy(body, data + 4, size - 4);
        if (tls12_open(&open[i & 1], data[3], body, size - 4, out) > (ptrdiff_t)size)
            abort();
        if (i == 1)
            tls12_skip(&open[0]);
        free(body);
        free(out);
    }
}

static void say(struct observer *o, struct wire_event *ev, uint64_t at[2], enum side from, const uint8_t *p, size_t n)
{
    uint8_t *copy = mem_get(n, 1);
    memcpy(copy, p, n);
    ev->frame++;
    ev->kind = WIRE_BYTES;
    ev->from = from;
    ev->bytes = copy;
    ev->len = n;
    ev->at = at[from];
    at[from] += n;
    observe(o, ev);
    free(copy);
}

static void connection_13(const uint8_t *data, size_t size)
{
    static struct cert_store *certs;
    static unsigned           runs;
    if (runs++ % 1024 == 0) {
        cert_store_free(certs);
        certs = cert_store_new();
    }
    struct observer    *o = observer_new(certs, NULL);
    struct tcp_facts    tcp = { .both_directions = true, .start_seen = { true, true } };
    struct endpoint     ends[2] = { { .ip_len = 4, .port = 49152 }, { .ip_len = 4, .port = 443 } };
    void               *slot = NULL;
    uint64_t            at[2] = { 0, 0 };
    struct wire_event   ev = { .ends = ends, .tcp = &tcp, .slot = &slot };
    struct tls13_opener seal[2];
    observer_secrets(o, known_secrets, NULL);
    say(o, &ev, at, CLIENT, client_hello, sizeof client_hello);
    say(o, &ev, at, SERVER, server_hello, sizeof server_hello);
    for (int t = 0; t < 2; t++)
        tls13_opener_init(&seal[t], 0x1301, secret, sizeof secret);
    while (size >= 2) {
        uint8_t   record[512];
        enum side from = (data[0] & 1) != 0 ? CLIENT : SERVER;
        size_t    n = data[1] < size - 2 ? data[1] : size - 2;
        uint8_t   type = (uint8_t)(20 + (data[0] >> 1) % 5);
        bool      finished = type == 22 && n >= 4 && data[2] == 20;
        size_t    len = tls13_seal(&seal[from], type, data + 2, n, record);
        if ((data[0] & 0x80) != 0)
            record[len - 1] ^= 1;
        say(o, &ev, at, from, record, len);
        if (finished) /* as good as any guess: the keys are alike, the numbers start anew */
            seal[from].sequence = 0;
        data += 2 + n;
        size -= 2 + n;
    }
    ev.kind = WIRE_END;
    observe(o, &ev);
    for (struct handshake *h; (h = observed(o)) != NULL; handshake_free(h)) {
        char history[64];
        handshake_history(h, history, sizeof history);
        if (!knows(h, KNOW_SERVER_HELLO))
            abort(); /* the hellos above are sound */
    }
    if (observer_memory(o) != 0 || observer_open(o) != 0)
        abort();
    observer_free(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(const uint8_t *, size_t) = { connection_13, text, record_12 };
    if (size > 0)
        targets[data[0] % 3](data + 1, size - 1);
    return 0;
}
