/* fuzz_serve.c - a hostile client for the lab's servers: the first byte chooses the case, the rest is what the client says, in pieces of a
 * length byte and so many bytes. Over loopback, both ends in this process. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tlswhy/serve.h"

static const char *const names[] = { "healthy", "healthy-tls13", "hello-retry", "iis6", "revoked", "hybrid-only", "client-certificate-13", "smtp", "unknown-name", "endless" };
static size_t told;

static void saw(void *ctx, const struct serve_sight *s)
{
    (void)ctx;
    if (serve_case_at(s->which) == NULL || s->heard_n > sizeof s->heard || s->request_n > sizeof s->request)
        abort();
    told++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct serve *s;
    static uint16_t      ports[ARRAY_LEN(names)];
    struct sockaddr_in   in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct linger        at_once = { .l_onoff = 1 };
    struct err           err = { 0 };
    if (s == NULL) {
        s = serve_new(&(struct serve_options){ .saw = saw }, &err);
        for (size_t i = 0; i < ARRAY_LEN(names); i++)
            ports[i] = serve_start(s, serve_case_named(names[i]), (struct sockaddr *)&in, sizeof in, &err);
    }
    if (size == 0)
        return 0;
    size_t before = told;
    int    fd = socket(AF_INET, SOCK_STREAM, 0);
    in.sin_port = htons(ports[data[0] % ARRAY_LEN(names)]);
    if (in.sin_port == 0 || fd < 0)
        abort();
    if (connect(fd, (struct sockaddr *)&in, sizeof in) != 0) { /* by a signal, or ports that are all in use: of this machine, not of ours */
        if (errno == ECONNREFUSED)
            abort();
        close(fd);
        return 0;
    }
    serve_step(s, 0);
    for (size--, data++; size > 1;) {
        size_t n = data[0] < size - 1 ? data[0] : size - 1;
        (void)!send(fd, data + 1, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        data += 1 + n, size -= 1 + n;
        serve_step(s, 0);
    }
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
    for (int i = 0; told == before; i++) {
        serve_step(s, INT64_C(1000000));
        if (i > 5000)
            abort();
    }
    return 0;
}
