/* fuzz_tunnel.c - a proxy that says anything. The input: a byte for the kind of proxy, one for the login; then pieces, each a length
 * and so many bytes, sent one by one. The tunnel ends up open or failed, and what is told of the dialog does not hold the password. */
#include "tlswhy/text.h"
#include "tlswhy/tunnel.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PASSWORD "open sesame"
#define ENCODED "dXNlcjpvcGVuIHNlc2FtZQ" /* user:open sesame, as Basic sends it */

static void heard(void *ctx, enum side from, struct bytes b)
{
    size_t *told = ctx;
    *told += b.n;
    if (from == CLIENT && (memmem(b.p, b.n, PASSWORD, sizeof PASSWORD - 1) != NULL || memmem(b.p, b.n, ENCODED, sizeof ENCODED - 1) != NULL))
        abort();
}

/* The next piece; at the end the proxy hangs up. */
static void speak(int *fd, const uint8_t **p, size_t *n)
{
    uint8_t ignored[4096];
    while (*fd >= 0 && recv(*fd, ignored, sizeof ignored, MSG_DONTWAIT) > 0)
        ;
    if (*n > 0) {
        size_t len = (*p)[0] < *n ? (*p)[0] : *n - 1;
        send(*fd, *p + 1, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        *p += len + 1;
        *n -= len + 1;
    } else if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const ways[] = { "http", "http", "socks4", "socks4a", "socks5", "socks5h" };
    static const char *const hosts[] = { "www.example", "192.0.2.1", "2001:db8::1" };
    struct sockaddr_in       at = { .sin_family = AF_INET, .sin_port = htons(1), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) }; /* again: refused */
    struct tunnel_way        way;
    struct err               err = { 0 };
    char                     url[64], ignored[4096];
    int                      pair[2];
    size_t                   told = 0;
    if (size < 2 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
        return 0;
    struct text t = { 0 };
    text_printf(&t, "%s://proxy.example:3128", ways[data[0] % ARRAY_LEN(ways)]);
    memcpy(url, t.s, t.n + 1);
    text_free(&t);
    if (!tunnel_way_parse(url, &way, &err) || ((data[1] & 1) != 0 && !tunnel_way_login(&way, "user:" PASSWORD, &err)))
        abort();
    way.auth = (data[1] & 1) != 0 ? 1 + (data[1] >> 1) % (PROXY_AUTH_NTLM - PROXY_AUTH_NONE) : PROXY_AUTH_NONE;
    const char    *host = proxy_is_told_names(way.kind) ? hosts[(data[1] >> 4) % ARRAY_LEN(hosts)] : hosts[1]; /* nothing is looked up */
    struct tunnel *tunnel = tunnel_ready(&way, &err) ? tunnel_begin(&way, pair[0], (const struct sockaddr *)&at, host, 443, heard, &told, &err) : NULL;
    if (tunnel == NULL)
        abort();
    data += 2, size -= 2;
    enum tunnel_state state;
    for (unsigned turns = 0; (state = tunnel_step(tunnel)) == TUNNEL_OPENING; turns++) {
        struct pollfd wait = { .fd = tunnel_fd(tunnel), .events = POLLIN };
        if (poll(&wait, 1, pair[1] >= 0 ? 0 : 100) == 0 && pair[1] < 0 && turns > 100000)
            abort();
        if (wait.revents == 0)
            speak(&pair[1], &data, &size);
    }
    if (state == TUNNEL_OPEN) {
        tunnel_send(tunnel, "hello", 5);
        while (tunnel_recv(tunnel, ignored, sizeof ignored) > 0)
            ;
    } else if (tunnel_failure(tunnel)->trouble == 0) {
        abort();
    }
    tunnel_end(tunnel);
    if (pair[1] >= 0)
        close(pair[1]);
    return 0;
}
