/* handshake_pack.c - handshakes that wait: without zeros, and without what can be read again. */
#include "tlswhy/packed.h"
#include "tlswhy/tls.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

enum { WORD = sizeof(uint64_t), RUN_MAX = 255, HEADER = 4 };
enum { CODED_MAX = (sizeof(struct handshake) + MESSAGES_KEPT * sizeof(struct message) + ALERTS_KEPT * sizeof(struct alert) + PACK_MORE) / WORD * (WORD + 1) };
_Static_assert(sizeof(struct handshake) % WORD == 0 && sizeof(struct message) % WORD == 0 && sizeof(struct alert) % WORD == 0, "whole words");

/* ------------------------------------------------------------------------------------ words */

static uint64_t word_at(const uint8_t *p)
{
    uint64_t w;
    memcpy(&w, p, WORD);
    return w;
}

/* The first word that is not zero. */
static const uint8_t *past_zeros(const uint8_t *p, const uint8_t *end)
{
    while (end - p >= 4 * WORD && (word_at(p) | word_at(p + WORD) | word_at(p + 2 * WORD) | word_at(p + 3 * WORD)) == 0)
        p += 4 * WORD;
    while (p < end && word_at(p) == 0)
        p += WORD;
    return p;
}

/* Most words are zero, and most others small numbers: a byte tells how many bytes of a word are there, the lowest first; zeros
 * are a zero and their number. Whole words are written and read, whatever counts of them: both ends need room for that. */
static uint8_t *code(uint8_t *to, const void *words, size_t n)
{
    const uint8_t *p = words, *end = n != 0 ? p + n : p;
    while (p < end) {
        uint64_t w = word_at(p);
        if (w != 0) {
            uint64_t low_first = htole64(w);
            *to = (uint8_t)(WORD - (unsigned)__builtin_clzll(w) / 8);
            memcpy(to + 1, &low_first, WORD);
            to += 1 + *to;
            p += WORD;
            continue;
        }
        size_t zeros = (size_t)(past_zeros(p, end) - p) / WORD;
        p += zeros * WORD;
        for (size_t some; zeros != 0; zeros -= some) {
            some = zeros < RUN_MAX ? zeros : RUN_MAX;
            *to++ = 0;
            *to++ = (uint8_t)some;
        }
    }
    return to;
}

/* Into words that are zero. */
static const uint8_t *decode(const uint8_t *from, void *words, size_t n)
{
    uint8_t *p = words;
    for (size_t at = 0; at + WORD <= n;) {
        unsigned len = *from++;
        if (len == 0) {
            at += *from++ * (size_t)WORD;
            continue;
        }
        uint64_t w = le64toh(word_at(from)) & UINT64_MAX >> (WORD - len) * 8;
        memcpy(p + at, &w, WORD);
        from += len;
        at += WORD;
    }
    return from;
}

/* ------------------------------------------------------------------------------------ what a handshake points to */

static bool all_zero(const void *p, size_t n)
{
    const uint8_t *b = p;
    return n == 0 || (b[0] == 0 && memcmp(b, b + 1, n - 1) == 0);
}

static bool is_message(struct bytes raw, uint8_t type) { return raw.n >= HEADER && raw.p[0] == type; }

/* The part of the ServerKeyExchange that is pointed to. */
static struct bytes kex_bytes(const struct server_kex *k)
{
    if (k->params.p == NULL || k->signature.p == NULL)
        return k->params.p != NULL ? k->params : k->signature;
    return (struct bytes){ k->params.p, (size_t)(k->signature.p + k->signature.n - k->params.p) };
}

/* Is all that it points to known here? Over TCP a hello, perhaps an answer, and what else most handshakes have; nothing that
 * was decrypted, and nothing that came before or beside TLS. */
static bool ordinary(const struct handshake *h)
{
    const struct cert_request *r = &h->cert_request;
    const struct server_kex   *k = &h->kex;
    bool hellos = knows(h, KNOW_CLIENT_HELLO) && is_message(h->hello.raw, HS_CLIENT_HELLO) && !h->hello.v2_format && h->hello2.raw.p == NULL &&
                  h->retry.raw.p == NULL && (h->answer.raw.p == NULL || is_message(h->answer.raw, HS_SERVER_HELLO));
    return hellos && !h->datagram && (h->known & (KNOW_CLIENT_HELLO_PART | KNOW_DECRYPTED)) == 0 && all_zero(&h->prelude, sizeof h->prelude) &&
           h->plain[CLIENT].start.p == NULL && h->plain[SERVER].start.p == NULL && h->fetch_n == 0 && r->types.p == NULL &&
           r->sigalgs.v == NULL && r->ca_names.v == NULL && h->again == NULL && h->dns_name.p == NULL && h->chain == NULL &&
           h->client == NULL && h->probed == NULL && h->way == NULL && h->inside == NULL && h->message_count <= MESSAGES_KEPT &&
           h->alert_count <= ALERTS_KEPT && (k->params.p == NULL || k->signature.p == NULL || k->params.p <= k->signature.p);
}

/* What is read again is told by its bytes; the rest of the hellos is not. */
static struct client_hello hello_rest(const struct client_hello *c)
{
    return (struct client_hello){ .where = c->where, .raw.n = c->raw.n, .record_version = c->record_version, .records = c->records,
                                  .segments = c->segments, .digest = c->digest };
}

static struct server_hello answer_rest(const struct server_hello *s)
{
    return (struct server_hello){ .where = s->where, .raw.n = s->raw.n, .record_version = s->record_version, .unoffered_ext = s->unoffered_ext };
}

/* What is put behind the words. */
enum { PIECES = 6 };
static void pieces_of(const struct handshake *h, struct bytes piece[PIECES])
{
    piece[0] = h->hello.raw;
    piece[1] = h->answer.raw;
    piece[2] = kex_bytes(&h->kex);
    piece[3] = h->staple;
    piece[4] = (struct bytes){ (const uint8_t *)h->certs, h->cert_count * sizeof(struct cert *) };
    piece[5] = (struct bytes){ (const uint8_t *)h->client_certs, h->client_cert_count * sizeof(struct cert *) };
}

/* Pointers that stay tell only that there is something. */
static void leave_out(struct handshake *words)
{
    words->arena = (struct arena){ 0 };
    words->hello = hello_rest(&words->hello);
    words->answer = answer_rest(&words->answer);
}

static struct packed *packed_new(const struct handshake *h, size_t n)
{
    struct packed *p = malloc(sizeof *p + n);
    if (p == NULL)
        mem_fail();
    *p = (struct packed){ .stream = h->stream, .datagram = h->datagram, .size = sizeof *p + n };
    memory_note(p->size, 0);
    return p;
}

struct packed *handshake_pack(struct handshake *h, const void *more, size_t n)
{
    uint8_t      coded[CODED_MAX];
    struct bytes piece[PIECES];
    struct arena arena = h->arena;
    bool         again = ordinary(h);
    size_t       size = 0;
    pieces_of(h, piece);
    if (again)
        leave_out(h);
    uint8_t *end = code(code(coded, more, n), h, sizeof *h);
    if (again)
        end = code(code(end, h->messages, h->message_count * sizeof *h->messages), h->alerts, h->alert_count * sizeof *h->alerts);
    size_t coded_n = (size_t)(end - coded);
    for (size_t i = 0; again && i < PIECES; i++)
        size += piece[i].n;
    struct packed *p = packed_new(h, coded_n + size + WORD);
    uint8_t       *to = (uint8_t *)memcpy(p->bytes, coded, coded_n) + coded_n;
    for (size_t i = 0; again && i < PIECES; to += piece[i++].n) {
        if (piece[i].n != 0)
            memcpy(to, piece[i].p, piece[i].n);
    }
    p->read_again = again;
    p->more = n;
    h->arena = arena;
    if (again)
        arena_free(&h->arena);
    p->pointed = arena_size(&h->arena);
    handshake_leave(h);
    return p;
}

/* ------------------------------------------------------------------------------------ and back */

static struct bytes take(struct arena *a, const uint8_t **from, size_t n)
{
    struct bytes b = { arena_copy(a, *from, n), n };
    *from += n;
    return b;
}

static struct cert **take_certs(struct arena *a, const uint8_t **from, size_t n)
{
    struct cert **v = ARENA_NEW_N(a, n + 1, struct cert *);
    memcpy(v, *from, n * sizeof(struct cert *));
    *from += n * sizeof(struct cert *);
    return v;
}

static void read_hello(struct handshake *h, const uint8_t **from)
{
    struct client_hello *c = &h->hello;
    c->raw = take(&h->arena, from, c->raw.n);
    tls_client_hello(rd_of(c->raw.p + HEADER, c->raw.n - HEADER), &h->arena, c);
}

static void read_answer(struct handshake *h, const uint8_t **from)
{
    struct server_hello *s = &h->answer;
    if (s->raw.n == 0)
        return;
    s->raw = take(&h->arena, from, s->raw.n);
    tls_server_hello(rd_of(s->raw.p + HEADER, s->raw.n - HEADER), &h->arena, s);
}

/* Both parts, as far from each other as they were. */
static void take_kex(struct handshake *h, const uint8_t **from)
{
    struct server_kex  *k = &h->kex;
    const uint8_t      *first = k->params.p != NULL ? k->params.p : k->signature.p;
    const struct bytes  b = take(&h->arena, from, kex_bytes(k).n);
    k->params.p = k->params.p != NULL ? b.p : NULL;
    k->signature.p = k->signature.p != NULL ? b.p + (k->signature.p - first) : NULL;
}

struct handshake *handshake_unpack(struct packed *p, void *more)
{
    struct handshake *h = handshake_new();
    const uint8_t    *from = decode(decode(p->bytes, more, p->more), h, sizeof *h);
    if (p->read_again) {
        size_t messages = h->message_count, alerts = h->alert_count;
        h->messages = messages != 0 ? ARENA_NEW_N(&h->arena, message_room(messages), struct message) : NULL;
        h->alerts = alerts != 0 ? ARENA_NEW_N(&h->arena, alerts_room(alerts), struct alert) : NULL;
        from = decode(decode(from, h->messages, messages * sizeof *h->messages), h->alerts, alerts * sizeof *h->alerts);
        read_hello(h, &from);
        read_answer(h, &from);
        take_kex(h, &from);
        h->staple = h->staple.p != NULL ? take(&h->arena, &from, h->staple.n) : h->staple;
        h->certs = h->certs != NULL ? take_certs(&h->arena, &from, h->cert_count) : NULL;
        h->client_certs = h->client_certs != NULL ? take_certs(&h->arena, &from, h->client_cert_count) : NULL;
    }
    memory_note(0, p->size);
    free(p);
    return h;
}
