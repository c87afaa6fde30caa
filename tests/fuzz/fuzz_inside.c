/* An HTTP answer found inside a handshake. */
#include "tlswhy/inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena  a = { 0 };
    struct inside in = { 0 };
    inside_read(&a, (struct bytes){ data, n }, &in);
    arena_free(&a);
    return 0;
}
