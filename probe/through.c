/* through.c - an attempt's way through a proxy, before the server is spoken to. */
#include "attempt.h"

#include <string.h>

static const struct bytes nothing;

static void heard(void *ctx, enum side from, struct bytes b) { attempt_tell(ctx, WIRE_BYTES, from, b, 0); }

static void failed(struct attempt *a, enum way_trouble trouble, const char *words)
{
    a->way.trouble = trouble;
    a->way.words = arena_str(&a->arena, words);
    if (trouble == WAY_CLOSED || trouble == WAY_RESET || trouble == WAY_NO_PROXY) {
        attempt_tell(a, trouble == WAY_RESET ? WIRE_RST : WIRE_FIN, SERVER, nothing, 0);
        attempt_over(a);
    } else {
        attempt_stop(a);
    }
}

void through_ready(struct attempt *a)
{
    enum tunnel_state state = tunnel_step(a->tunnel);
    if (state == TUNNEL_FAILED) {
        failed(a, tunnel_failure(a->tunnel)->trouble, tunnel_failure(a->tunnel)->words);
        return;
    }
    if (state == TUNNEL_OPEN && a->state == TUNNELLING) {
        a->state = TALKING;
        talk_begin(a);
    }
    if (a->state == TALKING) {
        attempt_send(a);
        attempt_listen(a, false);
    }
    if (a->state != OVER)
        loop_again(a->prober->loop, &a->watch); /* libcurl may have left something */
}

void through_begin(struct attempt *a)
{
    const struct probe_ask *ask = a->ask;
    struct err              err = { 0 };
    int                     fd = a->watch.fd;
    loop_forget(a->prober->loop, &a->watch);
    a->watch.fd = -1; /* the tunnel's, whatever happens */
    a->state = TUNNELLING;
    a->tunnel = tunnel_begin(ask->way, fd, (const struct sockaddr *)&ask->to.to, ask->host, ask->port, heard, a, &err);
    if (a->tunnel == NULL) {
        failed(a, WAY_BROKEN, err.text);
        return;
    }
    a->watch.fd = tunnel_fd(a->tunnel);
    if (!loop_poll(a->prober->loop, &a->watch)) {
        failed(a, WAY_BROKEN, "the system gives no means to wait for the proxy");
        return;
    }
    attempt_by(a, a->deadline);
}

void through_told(const struct attempt *a, struct handshake *h)
{
    const struct tunnel_way *way = a->ask->way;
    struct way              *told = way != NULL ? ARENA_NEW(&h->arena, struct way) : NULL;
    h->way = told;
    if (told == NULL)
        return;
    if (!h->prelude.accepted && !knows(h, KNOW_CLIENT_HELLO))
        h->outcome = OUTCOME_NOT_OPENED; /* the tunnel, whatever became of the connection */
    bool logged_on = proxy_is_http(way->kind) ? way->auth != PROXY_AUTH_NONE : way->has_user;
    *told = (struct way){ .proxy = arena_str(&h->arena, way->shown), .trouble = a->way.trouble,
                          .login = !logged_on ? NULL : proxy_is_http(way->kind) ? proxy_auth_name(way->auth) : "user name",
                          .words = arena_str(&h->arena, a->way.words != NULL ? a->way.words : "") };
}
