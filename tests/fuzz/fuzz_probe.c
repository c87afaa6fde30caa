/* fuzz_probe.c - a hostile server for the prober: the input is what it says, in pieces of a length byte and so many bytes; the first
 * byte chooses the hello, whether STARTTLS leads to it, and how the server leaves. Over loopback, both ends in this process. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "tlswhy/probe.h"
#include "tlswhy/why.h"

static int listener(struct address *at)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int                fd = socket(AF_INET, SOCK_STREAM, 0);
    at->len = sizeof in;
    memcpy(&at->to, &in, sizeof in);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at->to, at->len) != 0 || listen(fd, 8) != 0 || getsockname(fd, (struct sockaddr *)&at->to, &at->len) != 0)
        abort();
    return fd;
}

static void look_at(struct handshake *h)
{
    struct finding f = { 0 };
    struct peers  *peers = peers_new();
    if (knows(h, KNOW_SERVER_KEX))
        handshake_check_kex(h);
    peers_add(peers, h);
    why_explain(h, peers, &h->arena, &f);
    if (f.cause == NULL || f.why == NULL)
        abort();
    peers_free(peers);
    handshake_free(h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char    *const shapes[] = { "winsrv2008sp2", "openssl102e", "winxp-ie6" };
    static struct address at;
    static int            door;
    struct linger         at_once = { .l_onoff = 1 };
    door = door != 0 ? door : listener(&at);
    unsigned           how = size > 0 ? data[0] : 0;
    struct probe_ask   ask = { .to = at, .timeout_ns = 200 * INT64_C(1000000), .host = "www.example", .hello_only = (how & 4) != 0,
                               .spec = { .shape = (how & 3) != 0 ? *profile_named(shapes[(how & 3) - 1]) : *hello_modern() },
                               .starttls = (how & 24) == 8 ? dialog_named("smtp") : (how & 24) == 16 ? dialog_named("postgres") : NULL };
    struct cert_store *certs = cert_store_new();
    struct prober     *p = prober_new(certs);
    struct probe_done  done;
    probe_start(p, &ask);
    probe_step(p, loop_now());
    int peer = accept(door, NULL, NULL);
    for (size -= size > 0, data++; size > 1;) {
        size_t n = data[0] < size - 1 ? data[0] : size - 1;
        (void)!send(peer, data + 1, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        data += 1 + n, size -= 1 + n;
        probe_step(p, loop_now());
    }
    if ((how & 32) != 0)
        shutdown(peer, SHUT_WR);
    else
        setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    if ((how & 32) == 0)
        close(peer);
    while (probe_open(p) != 0 && probe_step(p, loop_now() + 50 * INT64_C(1000000))) {
    }
    if (!probe_collect(p, &done))
        abort();
    look_at(done.h);
    if ((how & 32) != 0) {
        setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(peer);
    }
    prober_free(p);
    cert_store_free(certs);
    return 0;
}
