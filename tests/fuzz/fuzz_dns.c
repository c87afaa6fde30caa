#include "tlswhy/hosts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hosts *t = hosts_new();
    hosts_learn_dns(t, data, size);
    hosts_free(t);
    return 0;
}
