/* Proxies and exceptions as users and the environment write them: list, zero byte, host or URL. */
#include "tlswhy/tunnel.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct tunnel_way way;
    struct err        err = { 0 };
    char             *text = mem_get(n + 2, 1);
    memcpy(text, data, n);
    const char *second = text + strlen(text) + 1 <= text + n ? text + strlen(text) + 1 : "";
    tunnel_way_parse(text, &way, &err);
    no_proxy_covers(text, second);
    free(text);
    return 0;
}
