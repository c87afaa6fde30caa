/* fuzz_datagram.c - DTLS and QUIC. The input is a list of datagrams: a head byte (side, stream), two of length, the bytes. */
#include <stdlib.h>
#include <string.h>

#include "tlswhy/observe.h"
#include "tlswhy/quic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cert_store *certs;
    static unsigned           runs;
    if (runs++ % 1024 == 0) { /* what the store keeps is no leak, but it grows */
        cert_store_free(certs);
        certs = cert_store_new();
    }
    struct observer *o = observer_new(certs, NULL);
    struct endpoint  ends[2] = { { .ip = { 192, 0, 2, 1 }, .ip_len = 4, .port = 49152 }, { .ip = { 192, 0, 2, 2 }, .ip_len = 4, .port = 443 } };
    void            *slot = NULL;
    struct reader    frames = rd_of(data, size);
    for (struct quic_frame f; quic_frame(&frames, &f);) /* what would stand in a packet that opens */
        ;
    for (uint64_t frame = 1; size >= 3; frame++) {
        size_t len = (size_t)data[1] << 8 | data[2];
        len = len < size - 3 ? len : size - 3;
        uint8_t *copy = mem_get(len, 1);
        memcpy(copy, data + 3, len);
        struct wire_event ev = { .kind = WIRE_DATAGRAM, .from = (data[0] & 1) != 0 ? SERVER : CLIENT, .stream = data[0] >> 6, .frame = frame,
                                 .ns = (int64_t)frame * 1000000, .bytes = copy, .len = len, .ends = ends, .slot = &slot };
        observe(o, &ev);
        free(copy);
        data += 3 + len, size -= 3 + len;
    }
    observer_end(o);
    for (struct handshake *h; (h = observed(o)) != NULL; handshake_free(h)) {
        char history[64];
        handshake_history(h, history, sizeof history);
    }
    if (observer_open(o) != 0)
        abort();
    observer_free(o);
    return 0;
}
