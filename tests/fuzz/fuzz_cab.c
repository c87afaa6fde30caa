/* Any bytes as a cabinet: bounded, and every content that is given lies in what was unpacked. */
#include "tlswhy/cab.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = { 0 };
    struct cab   c;
    unsigned     sum = 0;
    cab_read((struct bytes){ data, size }, &a, &c);
    for (size_t i = 0; i < c.files; i++) {
        if (c.file[i].content.n > CAB_CONTENT_MAX)
            abort();
        for (size_t k = 0; k < c.file[i].content.n; k++)
            sum += c.file[i].content.p[k];
    }
    arena_free(&a);
    return sum == 1u << 31;
}
