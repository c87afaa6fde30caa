/* Rules about a probe's way through a proxy: what broke before a tunnel stood, and what was found inside one. */
#include "rules_case.h"

/* A connection to the proxy, and nothing of TLS on it. */
static void way(struct handshake *h, int trouble)
{
    static const char *const words[] = { [WAY_CERTIFICATE] = "certificate has expired", [WAY_NO_TLS] = "wrong version number" };
    struct way *w = ARENA_NEW(&h->arena, struct way);
    hello(h, 0x0304);
    h->hello = (struct client_hello){ 0 };
    h->known = KNOW_OPEN | KNOW_BOTH_SIDES | KNOW_WHOLE_CLIENT | KNOW_WHOLE_SERVER;
    h->message_count = 0;
    h->tls_seen[CLIENT] = false;
    h->outcome = OUTCOME_NOT_OPENED;
    *w = (struct way){ .proxy = "http://proxy.example:8080", .trouble = (enum way_trouble)trouble, .words = "" };
    if ((size_t)trouble < sizeof words / sizeof *words && words[trouble] != NULL)
        w->words = words[trouble];
    h->way = w;
}
static void nobody_there(struct handshake *h, int unused)
{
    (void)unused;
    h->known = 0;
    h->tcp.syn_ack = (struct place){ 0 };
    h->refused = true;
    h->error_at = now(h, 1);
}
static void waits(struct handshake *h, int ms)
{
    h->timed_out = true;
    h->error_at = now(h, ms);
}
static void asked(struct handshake *h, int status)
{
    h->prelude = (struct prelude){ .kind = PRELUDE_CONNECT, .protocol = "http-connect", .asked = now(h, 1), .host = bytes_of("www.example", 11), .port = 443,
                                   .asked_for_tls = true, .tries = 1, .status = status };
    if (status != 0) {
        h->prelude.answered = now(h, 1);
        h->prelude.refused = true;
        h->prelude.auth_failed = status == 407;
    }
}
static void banner(struct handshake *h, int unused)
{
    (void)unused;
    h->plain[SERVER] = (struct plain){ .where = now(h, 1), .start = bytes_of("SSH-2.0-OpenSSH_9.2\r\n", 21), .protocol = "ssh" };
}

/* A good handshake through the proxy, and the answer to the request inside. */
static void tunnelled(struct handshake *h, int version)
{
    struct way *w = ARENA_NEW(&h->arena, struct way);
    hello(h, 0x0304);
    *w = (struct way){ .proxy = "http://proxy.example:8080", .words = "" };
    h->way = w;
    asked(h, 0);
    h->prelude.status = 200;
    h->prelude.accepted = true;
    h->prelude.answered = now(h, 1);
    answer(h, version);
    flight(h, HASH_SHA256);
    h->stopped_by_us = true;
    h->outcome = OUTCOME_STOPPED;
    judged(h, NULL, SEV_INFO, true);
}
static struct inside *page(struct handshake *h, int status)
{
    struct inside *in = ARENA_NEW(&h->arena, struct inside);
    char           line[40];
    int            n = snprintf(line, sizeof line, "HTTP/1.1 %d Something", status);
    *in = (struct inside){ .finished = true, .status = status, .line = { arena_copy(&h->arena, line, (size_t)n), (size_t)n } };
    h->inside = in;
    return in;
}
static void by_server(struct handshake *h, int status) { page(h, status); }
static void by_product(struct handshake *h, int status) { page(h, status)->server = bytes_of("squid/5.7", 9); }
static void by_interceptor(struct handshake *h, int status)
{
    struct inside *in = page(h, status);
    in->intercepted = true;
    in->reason = bytes_of("Reason: expired", 15);
}

static void older(struct handshake *h, int version)
{
    struct inside *in = ARENA_NEW(&h->arena, struct inside);
    *in = *h->inside;
    in->version = (uint16_t)version;
    in->reason = bytes_of("Protocol error", 14);
    h->inside = in;
}

static void no_tunnel(struct handshake *h, int unused) { (void)unused, h->outcome = OUTCOME_NOT_OPENED; }

static const struct rules_case cases[] = {
    { "nobody at the proxy's port", { { way, WAY_FINE }, { nobody_there, 0 } }, "tcp-refused", BLAME_PROXY, CERTAIN },
    { "the proxy is silent", { { way, WAY_FINE }, { asked, 0 }, { waits, 5000 } }, "proxy-upstream", BLAME_PROXY, LIKELY },
    { "the proxy hangs up", { { way, WAY_CLOSED }, { asked, 0 }, { server_closes, 1 }, { no_tunnel, 0 } }, "proxy-upstream", BLAME_PROXY, LIKELY },
    { "the proxy resets", { { way, WAY_RESET }, { asked, 0 }, { server_resets, 1 }, { no_tunnel, 0 } }, "proxy-upstream", BLAME_PROXY, LIKELY },
    { "no proxy", { { way, WAY_NO_PROXY }, { asked, 0 }, { banner, 0 }, { server_closes, 1 }, { no_tunnel, 0 } }, "not-tls", BLAME_PROXY, CERTAIN },
    { "its certificate", { { way, WAY_CERTIFICATE } }, "cert-expired", BLAME_PROXY, CERTAIN },
    { "no TLS with it", { { way, WAY_NO_TLS } }, "not-tls", BLAME_PROXY, LIKELY },
    { "no such name here", { { way, WAY_NAME } }, "proxy-upstream", BLAME_CLIENT, CERTAIN },
    { "no ticket", { { way, WAY_LOGIN } }, "proxy-auth", BLAME_CLIENT, CERTAIN },
    { "something else", { { way, WAY_BROKEN } }, "proxy-upstream", BLAME_PROXY, POSSIBLE },
    { "a login is wanted", { { way, WAY_REFUSED }, { asked, 407 } }, "proxy-auth", BLAME_PROXY, CERTAIN },
    { "not allowed", { { way, WAY_REFUSED }, { asked, 403 } }, "proxy-denied", BLAME_PROXY, CERTAIN },
    { "an error page of a product inside", { { tunnelled, 0x0303 }, { by_product, 503 } }, "proxy-upstream", BLAME_PROXY, LIKELY },
    { "an error page of an interceptor", { { tunnelled, 0x0304 }, { by_interceptor, 403 } }, "proxy-upstream", BLAME_PROXY, CERTAIN },
    { "an error that an older version may have made", { { tunnelled, 0x0304 }, { by_interceptor, 503 }, { older, 0x0303 } }, "proxy-upstream", BLAME_PROXY, POSSIBLE },
    { "an error of the server's own", { { tunnelled, 0x0303 }, { by_server, 503 } }, "ok", BLAME_NONE, CERTAIN },
    { "a good page of a product", { { tunnelled, 0x0303 }, { by_product, 200 } }, "ok", BLAME_NONE, CERTAIN },
    { "not reached", { { way, WAY_REFUSED }, { asked, 502 } }, "proxy-upstream", BLAME_PROXY, CERTAIN },
};

static void proxies(void) { expect_all(cases, ARRAY_LEN(cases)); }

int main(void)
{
    static const CU_TestInfo tests[] = { { "the way through a proxy", proxies }, CU_TEST_INFO_NULL };
    return run_tests("rules_proxy", tests);
}
