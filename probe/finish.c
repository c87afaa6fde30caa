/* finish.c - whether a probe goes on after the server's flight, how, and what came of it. */
#include "attempt.h"
#include "client.h"

#include "tlswhy/prelude.h"
#include "tlswhy/reader.h"
#include "tlswhy/session.h"
#include "tlswhy/tls.h"

#include <stdlib.h>
#include <string.h>

struct finishing {
    struct tls12_client old;  /* TLS 1.0 to 1.2 */
    struct prelude_wrap wrap; /* packets that TLS comes in */
    struct text         out;  /* what is to be sent */
    bool                owed; /* its answer is part of what was asked: silence is a fault */
    bool                sent; /* our Finished, */
    bool                asked; /* the request inside, */
    bool                over; /* and nothing more is to be waited for */
    uint8_t             all[DIGEST_MAX]; /* TLS 1.3: the hash of all messages, */
    uint8_t             key[DIGEST_MAX]; /* and what the server's ticket stands for, */
    size_t              key_len;         /* once it is there */
};

void finish_free(struct attempt *a)
{
    if (a->finishing == NULL)
        return;
    tls12_client_free(&a->finishing->old);
    text_free(&a->finishing->out);
    keys_wipe(a->finishing, sizeof *a->finishing);
    free(a->finishing);
    a->finishing = NULL;
}

static bool may_go_on(const struct attempt *a) { return !a->ask->hello_only && !a->ask->flight_only && a->ask->raw.p == NULL; }

static bool is_old(const struct handshake *h) { return knows(h, KNOW_SERVER_HELLO) && h->answer.chosen_version >= 0x0301 && h->answer.chosen_version <= 0x0303; }

static struct finishing *finishing(struct attempt *a)
{
    if (a->finishing == NULL) {
        a->finishing = mem_get(1, sizeof *a->finishing);
        a->finishing->wrap.on = dialog_wraps(a->ask->starttls);
    }
    return a->finishing;
}

void finish_hear(struct attempt *a, const struct handshake *h, struct bytes b)
{
    if (!may_go_on(a) || (knows(h, KNOW_SERVER_HELLO) && !is_old(h)))
        return;
    uint8_t *bare = mem_get(b.n + 1, 1);
    size_t   n = prelude_unwrap(&finishing(a)->wrap, b, bare);
    tls12_client_hear(&a->finishing->old, h, (struct bytes){ bare, n });
    free(bare);
}

/* What goes out leaves from our own memory, which nothing else is added to meanwhile. In the handshake it may have to go in packets. */
static void send_out(struct attempt *a, bool in_handshake)
{
    struct bytes out = { (const uint8_t *)a->finishing->out.s, a->finishing->out.n };
    a->out = in_handshake ? dialog_wrap(a->ask->starttls, out, &a->arena) : out;
    attempt_send(a);
}

/* ------------------------------------------------------------------------------------ the reply */

/* An RSA key exchange shows only here whether the server has the certificate's key: it is the one who must decrypt. */
static bool settles_something(const struct attempt *a, const struct handshake *h)
{
    const struct suite *s = suite_of(h->answer.suite);
    return a->ask->whole || knows(h, KNOW_CERT_REQUEST) || a->ask->request.p != NULL || (a->ask->prove_key && s != NULL && s->kex == KEX_RSA);
}

/* No client goes on with what it did not offer. */
static bool was_offered(const struct handshake *h)
{
    return (h->hello.v2_format || offers_suite(&h->hello, h->answer.suite)) && offers_version(&h->hello, h->answer.chosen_version);
}

static int64_t a_while(const struct attempt *a)
{
    enum { LEAST_MS = 300, FOR_TICKET_MS = 1000 };
    int64_t rtt = a->tcp.syn_ack.ns - a->tcp.syn.ns, least = (a->ask->whole ? FOR_TICKET_MS : LEAST_MS) * INT64_C(1000000);
    return 4 * rtt > least ? 4 * rtt : least;
}

/* Where the key exchange is none of ours: "no certificate" alone. A server that insists on one minds at once; one that does not
 * waits for the rest. */
static bool say_none_12(struct attempt *a, const struct handshake *h)
{
    uint16_t     v = h->answer.chosen_version;
    const uint8_t none[] = { TLS_HANDSHAKE, (uint8_t)(v >> 8), (uint8_t)v, 0, 7, HS_CERTIFICATE, 0, 0, 3, 0, 0, 0 };
    if (!knows(h, KNOW_CERT_REQUEST) || v <= 0x0300 || h->hello_done.len == 0)
        return false;
    text_clear(&a->finishing->out);
    text_add_n(&a->finishing->out, (const char *)none, sizeof none);
    attempt_by(a, loop_now() + a_while(a));
    return true;
}

bool finish_reply(struct attempt *a, const struct handshake *h)
{
    if (a->replied || !may_go_on(a) || !was_offered(h) || !settles_something(a, h))
        return false;
    struct finishing *f = finishing(a);
    bool              new = version_is_13(h->answer.chosen_version);
    if (new && tls13_client_reply(a->slot, h, a->ask->own, &f->out, f->all)) /* that the server does not mind, only its silence tells */
        attempt_by(a, loop_now() + a_while(a));
    else if (!new && is_old(h) && tls12_client_reply(&f->old, h, a->ask->own, &f->out))
        f->sent = true;
    else if (new || !say_none_12(a, h))
        return false;
    a->replied = true;
    f->owed = knows(h, KNOW_CERT_REQUEST) || a->ask->request.p != NULL;
    if (f->sent && !f->owed) /* a proof that does not come proves nothing */
        attempt_by(a, loop_now() + (a_while(a) > NS_PER_S ? a_while(a) : NS_PER_S));
    send_out(a, true);
    return true;
}

bool finish_secrets(const struct attempt *a, struct tls13_secrets *out)
{
    const struct finishing *f = a->finishing;
    if (f == NULL || !f->old.keyed)
        return false;
    memcpy(out->master, f->old.master, TLS12_MASTER);
    out->master_len = TLS12_MASTER;
    return true;
}

/* ------------------------------------------------------------------------------------ after it */

static void refuse_finished(struct attempt *a)
{
    static const uint8_t alert[] = { 2, ALERT_DECRYPT_ERROR };
    text_clear(&a->finishing->out);
    tls12_client_send(&a->finishing->old, TLS_ALERT, (struct bytes){ alert, sizeof alert }, false, &a->finishing->out);
    send_out(a, false);
    a->finishing->over = true;
}

static void send_request(struct attempt *a)
{
    struct finishing *f = a->finishing;
    text_clear(&f->out);
    f->asked = tls12_client_send(&f->old, TLS_APPLICATION_DATA, a->ask->request, a->ask->split_request, &f->out);
    f->over = !f->asked;
    send_out(a, false);
}

/* NewSessionTicket of TLS 1.3: lifetime, age_add, nonce, ticket (RFC 8446 section 4.6.1). */
static struct bytes ticket_of_13(const struct handshake *h, uint32_t *age_add, struct bytes *nonce)
{
    struct reader r = rd_of(h->new_ticket.p, h->new_ticket.n);
    rd_u32(&r, "ticket lifetime");
    *age_add = rd_u32(&r, "ticket age add");
    struct reader n = rd_vec(&r, 1, "ticket nonce"), ticket = rd_vec(&r, 2, "ticket");
    *nonce = rd_rest(&n);
    return rd_rest(&ticket);
}

/* The key that the ticket stands for, while the secrets are there. */
static void keep_key(struct attempt *a, const struct handshake *h)
{
    struct finishing           *f = a->finishing;
    const struct tls13_suite   *s = tls13_suite_of(h->answer.suite);
    const struct tls13_secrets *known = observing_secrets(a->slot);
    uint32_t                    age_add;
    struct bytes                nonce;
    if (f != NULL && s != NULL && known != NULL && ticket_of_13(h, &age_add, &nonce).n != 0 && tls13_session_key(s, known, f->all, nonce, f->key))
        f->key_len = s->hash_len;
}

/* Some servers forget the session of a client that leaves without a word (RFC 5246 section 7.2.1). */
static void say_good_bye(struct attempt *a, const struct handshake *h)
{
    static const uint8_t        alert[] = { 1, ALERT_CLOSE_NOTIFY };
    struct finishing           *f = a->finishing;
    const struct tls13_secrets *known = observing_secrets(a->slot);
    struct tls13_opener         own;
    uint8_t                     record[sizeof alert + 22];
    bool                        was_over = f->over;
    f->over = true;
    if (!a->ask->whole || was_over)
        return;
    text_clear(&f->out);
    if (f->old.keyed)
        tls12_client_send(&f->old, TLS_ALERT, (struct bytes){ alert, sizeof alert }, false, &f->out);
    else if (known != NULL && tls13_opener_init(&own, h->answer.suite, known->application[CLIENT], known->application_len[CLIENT]))
        text_add_n(&f->out, (const char *)record, tls13_seal(&own, TLS_ALERT, alert, sizeof alert, record));
    send_out(a, false);
}

bool finish_over(struct attempt *a, const struct handshake *h)
{
    enum { STATUS_LINE = 12 }; /* "HTTP/1.1 200" */
    struct finishing *f = a->finishing;
    if (a->ask->whole && version_is_13(h->answer.chosen_version) && h->new_ticket.p != NULL) {
        keep_key(a, h);
        say_good_bye(a, h);
        return true;
    }
    if (f == NULL || !f->sent) /* a server of TLS 1.3 that goes on with data did not mind */
        return h->side[SERVER].app_records > 0;
    if (f->old.finished == SIG_UNCHECKED || a->out.n != 0)
        return false;
    if (f->old.finished == SIG_BAD && !f->over)
        refuse_finished(a);
    else if (a->ask->request.p == NULL || f->old.data.n >= STATUS_LINE)
        say_good_bye(a, h);
    else if (!f->asked)
        send_request(a);
    return f->over;
}

bool finish_waits(const struct attempt *a) { return a->finishing != NULL && a->finishing->sent && a->finishing->owed; }

/* After our Finished of TLS 1.3: the server said nothing, or good-bye. */
static bool content(const struct handshake *h)
{
    bool left = knows(h, KNOW_CLOSE) && h->close.by == SERVER;
    for (size_t i = 0; i < h->alert_count && left; i++)
        left = h->alerts[i].from != SERVER || h->alerts[i].number != ALERT_CLOSE_NOTIFY;
    return !left && last_fatal_alert(h, SERVER) == NULL;
}

/* What the session can be taken up again with, where the handshake came to its end. */
static void tell_session(const struct attempt *a, struct handshake *h)
{
    const struct finishing *f = a->finishing;
    struct session *s = ARENA_NEW(&h->arena, struct session);
    struct bytes    nonce;
    if (f->key_len != 0) {
        s->ticket = ticket_of_13(h, &s->age_add, &nonce);
        s->psk = (struct bytes){ arena_copy(&h->arena, f->key, f->key_len), f->key_len };
        s->hash = tls13_suite_of(h->answer.suite)->hash;
    } else if (f->old.finished == SIG_GOOD) {
        struct reader r = rd_of(h->new_ticket.p, h->new_ticket.n); /* RFC 5077 section 3.3 */
        rd_u32(&r, "ticket lifetime");
        struct reader ticket = rd_vec(&r, 2, "ticket");
        s->id = h->answer.session_id;
        s->ticket = rd_rest(&ticket);
    } else if (!a->replied || !version_is_13(h->answer.chosen_version) || !content(h)) {
        return; /* it did not come to its end; else it did, and without a ticket */
    }
    h->session = s;
}

/* The status line of what came back. */
void finish_told(const struct attempt *a, struct handshake *h)
{
    const struct finishing *f = a->finishing;
    struct inside          *in;
    if (f != NULL && a->ask->whole)
        tell_session(a, h);
    if (a->ask->request.p == NULL || f == NULL || !f->asked)
        return;
    const char *line = f->old.data.s != NULL ? f->old.data.s : "";
    size_t      n = f->old.data.n, status_at = 9; /* "HTTP/1.1 200" */
    h->inside = in = ARENA_NEW(&h->arena, struct inside);
    in->finished = true;
    if (n != 0)
        in->line = (struct bytes){ arena_copy(&h->arena, line, strcspn(line, "\r\n")), strcspn(line, "\r\n") };
    if (n > status_at + 2 && memcmp(line, "HTTP/1.", 7) == 0)
        in->status = (int)strtol(line + status_at, NULL, 10);
    in->status = in->status >= 100 && in->status <= 599 ? in->status : 0;
    if (in->status == 0)
        in->trouble = n != 0 ? "the answer to the request is not HTTP" : "no answer came to the request";
}
