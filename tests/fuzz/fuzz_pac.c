/* A proxy configuration file that is read, not run. */
#include "tlswhy/pac.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct pac p = { 0 };
    pac_read((struct bytes){ data, n }, &p);
    return pac_names(&p, "proxy.example", 8080) && p.n == 0 ? 1 : 0;
}
