/* handshake.c - small questions about a handshake, asked by rules and renderers alike. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tlswhy/crypto.h"
#include "tlswhy/handshake.h"

static _Thread_local struct pool handshakes = { .size = sizeof(struct handshake) };

struct handshake *handshake_new(void) { return pool_get(&handshakes); }

void handshake_leave(struct handshake *h) { pool_put(&handshakes, h); }

void handshake_free(struct handshake *h)
{
    for (struct handshake *next; h != NULL; h = next) {
        next = h->again;
        arena_free(&h->arena);
        pool_put(&handshakes, h);
    }
}

const char *outcome_name(enum outcome o)
{
    static const char *const names[] = {
        [OUTCOME_ESTABLISHED] = "established",
        [OUTCOME_ABORTED_BY_CLIENT] = "aborted_by_client",
        [OUTCOME_ABORTED_BY_SERVER] = "aborted_by_server",
        [OUTCOME_RESET_BY_CLIENT] = "reset_by_client",
        [OUTCOME_RESET_BY_SERVER] = "reset_by_server",
        [OUTCOME_NO_SERVER_HELLO] = "no_server_hello",
        [OUTCOME_INCOMPLETE] = "incomplete_capture",
        [OUTCOME_NOT_TLS] = "not_tls",
        [OUTCOME_NOT_OPENED] = "not_opened",
        [OUTCOME_STOPPED] = "stopped",
    };
    return names[o];
}

bool before_close(const struct handshake *h, enum side from, const struct place *p)
{
    const struct closing *end = &h->close;
    if (end->how == CLOSE_NONE || (from == end->by ? end->how == CLOSE_FIN : p->len != 0 && p->at + p->len <= end->acked))
        return true;
    if (from != end->by && end->acks && p->len != 0)
        return false; /* on its way still, or lost: a close acknowledges all that its sender has received */
    int64_t later = p->ns - end->where.ns;
    bool    by_time = p->frame == 0 || end->where.frame == 0, in_order = p->frame <= end->where.frame;
    if (in_order == (later > 0) && later != 0) /* queues of an interface are written out of order, and times are right; a clock that was set is off by more */
        by_time = by_time || (later < NS_PER_S && later > -NS_PER_S);
    return by_time ? later <= 0 : in_order;
}

bool lost_on_the_way(const struct handshake *h, enum side s)
{
    const struct tcp_facts *t = &h->tcp;
    enum side               other = s == CLIENT ? SERVER : CLIENT;
    bool                    left = h->close.how != CLOSE_NONE && h->close.by == other && h->close.acks;
    return t->missing[s] != 0 && t->start_seen[s] && t->both_directions && t->acked[s] <= t->hole_at[s] &&
           (left || t->last_seen[other].frame > t->hole_frame[s]);
}

/* Alerts that came after the first close did not cause it. */
static bool before_end(const struct handshake *h, const struct alert *a) { return before_close(h, a->from, &a->where); }

const struct alert *last_fatal_alert(const struct handshake *h, int side)
{
    for (size_t i = h->alert_count; i-- > 0;) {
        const struct alert *a = &h->alerts[i];
        if (!a->encrypted && a->level == 2 && (side == SIDE_ANY || (int)a->from == side) && before_end(h, a))
            return a;
    }
    return NULL;
}

const struct alert *alert_before_end(const struct handshake *h, int side)
{
    for (size_t i = h->alert_count; i-- > 0;) {
        const struct alert *a = &h->alerts[i];
        if (!a->after_established && (side == SIDE_ANY || (int)a->from == side) && before_end(h, a))
            return a;
    }
    return NULL;
}

uint16_t handshake_version(const struct handshake *h)
{
    return knows(h, KNOW_SERVER_HELLO) ? h->answer.chosen_version : 0;
}

bool offers_suite(const struct client_hello *c, uint32_t id)
{
    for (size_t i = 0; i < c->suites.n; i++)
        if (c->suites.v[i] == id)
            return true;
    return false;
}

static bool has_u16(struct u16s list, uint16_t id)
{
    for (size_t i = 0; i < list.n; i++)
        if (list.v[i] == id)
            return true;
    return false;
}

bool offers_group(const struct client_hello *c, uint16_t id) { return has_u16(c->groups, id); }
bool offers_sigalg(const struct client_hello *c, uint16_t id) { return has_u16(c->sigalgs, id); }

/* Without supported_versions a hello offers all versions up to its own (RFC 5246 appendix E.1). */
bool offers_version(const struct client_hello *c, uint16_t version)
{
    if (c->versions.v != NULL)
        return has_u16(c->versions, version);
    return version_rank(version) != 0 && version_rank(version) <= version_rank(c->version) &&
           (version != 0x0002 || c->v2_format);
}

bool has_ext(const struct client_hello *c, uint16_t type)
{
    for (size_t i = 0; i < c->exts; i++)
        if (c->ext[i].type == type)
            return true;
    return false;
}

void handshake_check_kex(struct handshake *h)
{
    struct server_kex *k = &h->kex;
    static const uint8_t zeros[32];
    struct bytes random = h->hello.random; /* SSL 2.0: a shorter challenge is filled up in front (RFC 5246 E.2) */
    if (k->verified != SIG_UNCHECKED || k->signature.n == 0 || h->cert_count == 0 || random.n > sizeof zeros ||
        h->answer.random.n != sizeof zeros || !knows(h, KNOW_CLIENT_HELLO | KNOW_SERVER_HELLO))
        return;
    if (h->tcp.overlap_differs)
        return; /* bytes came twice and differ: nobody knows which of them the client has seen */
    struct bytes pieces[] = { { zeros, sizeof zeros - random.n }, random, h->answer.random, k->params };
    k->verified = cert_verifies(h->certs[0], k->sigalg, pieces, ARRAY_LEN(pieces), k->signature);
}

void handshake_history(const struct handshake *h, char *buf, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < h->message_count && n + 1 < size; i++) {
        const struct message *m = &h->messages[i];
        char                  c = handshake_type_letter(m->type);
        if (c != '\0')
            buf[n++] = (char)(m->from == CLIENT ? c : c | 0x20);
    }
    if (size > 0)
        buf[n] = '\0';
}

/* Community ID v1: SHA-1 over seed, addresses, protocol and ports, the smaller end first; in base64. */
void handshake_community_id(const struct handshake *h, char buf[48])
{
    static const char   b64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const struct endpoint *a = &h->ends[CLIENT], *b = &h->ends[SERVER];
    int                 order = memcmp(a->ip, b->ip, a->ip_len);
    if (order > 0 || (order == 0 && a->port > b->port)) {
        const struct endpoint *x = a;
        a = b;
        b = x;
    }
    uint8_t in[2 + 16 + 16 + 2 + 4] = { 0 }, *p = in + 2, hash[DIGEST_MAX] = { 0 };
    memcpy(p, a->ip, a->ip_len), p += a->ip_len;
    memcpy(p, b->ip, b->ip_len), p += b->ip_len;
    *p++ = h->datagram ? 17 : 6;
    *p++ = 0;
    *p++ = (uint8_t)(a->port >> 8), *p++ = (uint8_t)a->port;
    *p++ = (uint8_t)(b->port >> 8), *p++ = (uint8_t)b->port;
    digest_of(HASH_SHA1, in, (size_t)(p - in), hash);
    char *out = buf;
    *out++ = '1', *out++ = ':';
    for (size_t i = 0; i < 20; i += 3) {
        uint32_t v = (uint32_t)hash[i] << 16 | (uint32_t)hash[i + 1] << 8 | (i + 2 < 20 ? hash[i + 2] : 0u);
        *out++ = b64[v >> 18], *out++ = b64[v >> 12 & 63], *out++ = b64[v >> 6 & 63];
        *out++ = i + 2 < 20 ? b64[v & 63] : '=';
    }
    *out = '\0';
}

/* As inet_ntop writes it, which takes a printf for it; each failure told has two addresses. */
static const char *ipv4_text(const uint8_t ip[4], char buf[64])
{
    char *to = buf;
    for (size_t i = 0; i < 4; i++) {
        if (ip[i] >= 100)
            *to++ = (char)('0' + ip[i] / 100);
        if (ip[i] >= 10)
            *to++ = (char)('0' + ip[i] / 10 % 10);
        *to++ = (char)('0' + ip[i] % 10);
        *to++ = i < 3 ? '.' : '\0';
    }
    return buf;
}

const char *endpoint_ip_text(const struct endpoint *e, char buf[64])
{
    if (e->ip_len == 4)
        return ipv4_text(e->ip, buf);
    if (e->ip_len == 0 || inet_ntop(AF_INET6, e->ip, buf, 64) == NULL)
        snprintf(buf, 64, "?");
    return buf;
}

const char *endpoint_text(const struct endpoint *e, char buf[64])
{
    char ip[64];
    endpoint_ip_text(e, ip);
    snprintf(buf, 64, e->ip_len == 16 ? "[%.45s]:%u" : "%.45s:%u", ip, e->port);
    return buf;
}
