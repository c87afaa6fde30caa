/* fuzz_probe.c - the prober against a server that says anything. The input: a byte for the dialog before TLS, one for the client whose
 * hello is sent, one for how it ends (FIN or RST); then pieces, each a length and so many bytes, sent one by one. */
#include "tlswhy/probe.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_NS (2000 * INT64_C(1000000))

static struct loop   *loop;
static struct prober *prober;
static struct address at;
static int            door;

/* The server, in the loop of the prober. */
static struct {
    struct watch   watch;
    const uint8_t *p;
    size_t         n;
    bool           rst;
} peer;

static void leave(void)
{
    struct linger now = { .l_onoff = 1 }; /* RST: nobody is left in TIME_WAIT, of whom there would be thousands */
    if (peer.watch.fd < 0)
        return;
    setsockopt(peer.watch.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    loop_close(loop, &peer.watch);
}

static void say(void *ctx, unsigned what)
{
    uint8_t heard[4096];
    (void)ctx;
    (void)what;
    while (recv(peer.watch.fd, heard, sizeof heard, 0) > 0)
        ;
    if (peer.n > 0) {
        size_t n = peer.p[0] < peer.n ? peer.p[0] : peer.n - 1;
        send(peer.watch.fd, peer.p + 1, n, MSG_NOSIGNAL);
        peer.p += n + 1;
        peer.n -= n + 1;
        loop_again(loop, &peer.watch); /* the next piece in a step of its own */
    } else if (peer.rst) {
        leave();
    } else {
        shutdown(peer.watch.fd, SHUT_WR);
    }
}

static void come_in(void *ctx, unsigned what)
{
    int fd;
    (void)ctx;
    (void)what;
    while ((fd = accept4(door, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        leave();
        peer.watch = (struct watch){ .fd = fd, .call = say };
        loop_poll(loop, &peer.watch);
    }
}

static struct cert_store *certs;

/* What a store keeps is no leak, but it grows. */
static void renew(void)
{
    struct cert_store *old = certs;
    certs = cert_store_new();
    prober_certs(prober, certs);
    cert_store_free(old);
}

static void begin(void)
{
    static struct watch       watch = { .call = come_in };
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    certs = cert_store_new();
    prober = prober_new(certs);
    loop = prober_loop(prober);
    at.len = sizeof here;
    door = watch.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(door, (struct sockaddr *)&here, sizeof here) != 0 || listen(door, 16) != 0)
        abort();
    getsockname(door, (struct sockaddr *)&at.to, &at.len);
    loop_poll(loop, &watch);
    peer.watch.fd = -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned   runs;
    struct probe_done done;
    size_t            dialogs = 0, profiles = 0;
    if (prober == NULL)
        begin();
    if (size < 3)
        return 0;
    if (runs++ % 1024 == 1023)
        renew();
    while (dialog_name_at(dialogs) != NULL)
        dialogs++;
    while (profile_at(profiles) != NULL)
        profiles++;
    struct probe_ask ask = { .to = at, .timeout_ns = MOST_NS, .host = "fuzz.example", .hello_only = (data[2] & 2) != 0, .whole = (data[2] & 4) != 0 };
    ask.starttls = data[0] % 4 == 0 ? dialog_named(dialog_name_at(data[0] / 4 % dialogs)) : NULL;
    ask.spec.shape = data[1] % 2 == 0 ? *hello_modern() : *profile_at(data[1] / 2 % profiles);
    peer.p = data + 3;
    peer.n = size - 3;
    peer.rst = (data[2] & 1) != 0;
    int64_t began = loop_now();
    probe_start(prober, &ask);
    while (!probe_collect(prober, &done))
        probe_step(prober, INT64_MAX);
    assert(done.h != NULL && done.trouble == 0);
    assert(loop_now() - began < MOST_NS + MOST_NS / 2);
    handshake_free(done.h);
    leave();
    return 0;
}
