/* talk.c - what a probe says, and when it has heard enough. */
#include "attempt.h"

#include "tlswhy/reader.h"
#include "tlswhy/tls.h"

#include <string.h>

enum { READ_AT_MOST = 512 * 1024 };
#define AFTER_ALERT_NS (100 * INT64_C(1000000)) /* the close that belongs to an alert comes soon */

static const struct bytes nothing;

/* ------------------------------------------------------------------------------------ secrets of our own */

/* The server's share in its hello (RFC 8446 section 4.2.8). */
static struct bytes share_in(const struct server_hello *s)
{
    for (size_t i = 0; i < s->exts; i++) {
        if (s->ext[i].type != EXT_KEY_SHARE)
            continue;
        struct reader r = rd_of(s->ext[i].body.p, s->ext[i].body.n);
        rd_u16(&r, "group");
        struct reader key = rd_vec(&r, 2, "key exchange");
        return rd_rest(&key);
    }
    return (struct bytes){ 0 };
}

bool talk_secrets(void *prober, const struct handshake *h, struct tls13_secrets *out)
{
    const struct attempt *a = ((const struct prober *)prober)->telling;
    uint8_t shared[KEY_SHARED_MAX];
    bool    known = !version_is_13(h->answer.chosen_version) && finish_secrets(a, out);
    for (size_t k = 0; k < a->keys.shares && !known && !h->answer.psk; k++) {
        if (a->keys.share[k].group != h->answer.group)
            continue;
        size_t n = ephemeral_shared(&a->keys.share[k], share_in(&h->answer), shared);
        known = n != 0 && tls13_handshake_secrets(h, (struct bytes){ shared, n }, out);
    }
    keys_wipe(shared, sizeof shared);
    return known;
}

/* ------------------------------------------------------------------------------------ speaking */

static void say_hello(struct attempt *a)
{
    if (a->ask->raw.p != NULL) {
        a->out = a->ask->raw;
    } else if (hello_draw(&a->spec, a->retried, &a->keys)) {
        struct bytes message = hello_message(&a->spec, &a->keys, &a->arena);
        a->out = message.p != NULL ? hello_records(&a->spec, message, &a->arena) : nothing;
    }
    if (a->out.n == 0)
        attempt_stop(a);
    a->out = dialog_wrap(a->ask->starttls, a->out, &a->arena);
    attempt_send(a);
}

static struct bytes cookie_in(const struct server_hello *s)
{
    for (size_t i = 0; i < s->exts; i++)
        if (s->ext[i].type == EXT_COOKIE && s->ext[i].body.n > 2)
            return (struct bytes){ s->ext[i].body.p + 2, s->ext[i].body.n - 2 };
    return nothing;
}

/* HelloRetryRequest (RFC 8446 section 4.1.4): the same hello again, with the share that is wanted. False: we have no such
 * key, or it asks for nothing new. */
static bool answer_retry(struct attempt *a, const struct handshake *h)
{
    uint16_t group = h->retry.group;
    if (a->retried || a->ask->raw.p != NULL || !offers_group(&h->hello, group) || !keys_can(group))
        return false;
    a->retried = true;
    a->spec.retry_group = group;
    a->spec.cookie = cookie_in(&h->retry);
    say_hello(a);
    return true;
}

/* The next line of the dialog that leads to TLS, or the hello behind it. */
static void go_on(struct attempt *a)
{
    enum { HEARD_MAX = 16 * 1024 };
    struct bytes heard = { (const uint8_t *)(a->heard.s != NULL ? a->heard.s : ""), a->heard.n };
    enum dialog_says says = DIALOG_SEND;
    while (says == DIALOG_SEND && a->state == TALKING && a->out.n == 0) {
        says = dialog_next(a->ask->starttls, &a->step, heard, a->ask->service != NULL ? a->ask->service : a->ask->host, &a->arena, &a->out);
        if (says == DIALOG_SEND) {
            text_clear(&a->heard);
            heard.n = 0;
            attempt_send(a);
        }
    }
    if (says == DIALOG_TLS) {
        a->in_dialog = false;
        say_hello(a);
    } else if (says == DIALOG_REFUSED) {
        attempt_stop(a);
    } else if (a->heard.n > HEARD_MAX) {
        attempt_give_up(a);
    }
}

/* A whole connection is somebody else's to make: what it wants to send goes out. */
static void let_inside_speak(struct attempt *a, struct bytes in)
{
    struct bytes more;
    bool         goes_on = inside_hear(a->inside, in, &a->arena, &more);
    if (a->out.n != 0 && more.n != 0) {
        uint8_t *both = ARENA_NEW_N(&a->arena, a->out.n + more.n, uint8_t);
        memcpy(both, a->out.p, a->out.n);
        memcpy(both + a->out.n, more.p, more.n);
        more = (struct bytes){ both, a->out.n + more.n };
    }
    a->out = more.n != 0 ? more : a->out;
    attempt_send(a);
    if (!goes_on && a->state == TALKING)
        attempt_stop(a);
}

void talk_begin(struct attempt *a)
{
    if (a->ask->inside) {
        a->inside = inside_new(a->ask->name, a->ask->port, a->ask->inside_high);
        let_inside_speak(a, nothing);
        return;
    }
    a->in_dialog = a->ask->starttls != NULL;
    if (a->in_dialog)
        go_on(a);
    else
        say_hello(a);
}

/* ------------------------------------------------------------------------------------ listening */

/* Is all there that the server says before it waits for us? */
static bool seen_enough(const struct attempt *a, const struct handshake *h)
{
    const struct side_progress *server = &h->side[SERVER];
    if (h->plain[SERVER].start.p != NULL && (a->ask->starttls == NULL || h->plain[SERVER].where.ns > h->hello.where.ns))
        return true;
    if (!knows(h, KNOW_SERVER_HELLO))
        return h->retry.raw.p != NULL && a->ask->hello_only;
    if (a->ask->hello_only || h->answer.chosen_version == 0x0002)
        return true;
    if (version_is_13(h->answer.chosen_version)) /* without keys there is nothing to wait for */
        return knows(h, KNOW_DECRYPTED) ? server->finished_seen : server->enc_records > 0 || !keys_can(h->answer.group);
    return h->hello_done.len != 0 || server->ccs;
}

static void look(struct attempt *a)
{
    const struct handshake *h = observing(a->slot);
    if (h == NULL || a->state != TALKING)
        return;
    if (last_fatal_alert(h, SERVER) != NULL) {
        if (!a->alerted)
            attempt_by(a, loop_now() + AFTER_ALERT_NS);
        a->alerted = true;
    } else if (seen_enough(a, h)) {
        if (!finish_reply(a, h) && (!a->replied || finish_over(a, h)))
            attempt_stop(a);
    } else if (h->retry.raw.p != NULL && !knows(h, KNOW_SERVER_HELLO) && h->hello2.raw.p == NULL && a->out.n == 0 && !answer_retry(a, h)) {
        attempt_stop(a);
    } else if (a->tcp.bytes[SERVER] > READ_AT_MOST) {
        attempt_give_up(a);
    }
}

void talk_hear(struct attempt *a, struct bytes b)
{
    if (a->inside != NULL) {
        let_inside_speak(a, b);
        return;
    }
    if (!a->in_dialog) {
        const struct handshake *h = observing(a->slot);
        if (h != NULL)
            finish_hear(a, h, b);
        look(a);
        return;
    }
    text_add_n(&a->heard, (const char *)b.p, b.n);
    go_on(a);
}

