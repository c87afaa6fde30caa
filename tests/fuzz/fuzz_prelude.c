/* Both sides of a dialog from one input: the first byte of each piece names the side and its length. The machine
 * must take no more than it was given, and only say things that its header lists. */
#include "tlswhy/prelude.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HELD = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct prelude_machine m = { 0 };
    struct prelude         out = { 0 };
    struct arena           arena = { 0 };
    uint8_t               *held[2] = { mem_get(HELD, 1), mem_get(HELD, 1) };
    size_t                 n[2] = { 0, 0 };
    for (size_t at = 0; at < size;) {
        uint8_t head = data[at++];
        int     side = head >> 7;
        size_t  len = (head & 127u) < size - at ? (head & 127u) : size - at;
        if (len > HELD - n[side])
            break;
        memcpy(held[side] + n[side], data + at, len);
        at += len;
        n[side] += len;
        /* An exact copy: reading behind it is an error that the sanitizer sees. */
        uint8_t          *exact = mem_get(n[side], 1);
        struct place      where = { .frame = at };
        enum prelude_says says = PRELUDE_UNKNOWN;
        memcpy(exact, held[side], n[side]);
        size_t took = prelude_feed(&m, &arena, (enum side)side, (struct bytes){ exact, n[side] }, &where, &out, &says);
        plain_protocol((enum side)side, (struct bytes){ exact, n[side] < 256 ? n[side] : 256 });
        free(exact);
        if (took > n[side] || says > PRELUDE_UNKNOWN)
            abort();
        memmove(held[side], held[side] + took, n[side] - took);
        n[side] -= took;
        if (says == PRELUDE_OVER)
            break;
    }
    free(held[0]);
    free(held[1]);
    arena_free(&arena);
    return 0;
}
