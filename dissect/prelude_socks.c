/* Tunnels that speak in bytes: SOCKS 4, 4a and 5 (RFC 1928, RFC 1929, RFC 1961), and the PROXY header that load
 * balancers put before a connection (PROXY protocol versions 1 and 2). */
#include "prelude_row.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { SOCKS4_OK = 90, SOCKS4_NO_IDENTD = 92, SOCKS4_OTHER_USER, SOCKS5_NO_METHOD = 0xff };
enum { METHOD_NONE = 0, METHOD_GSSAPI = 1, METHOD_PASSWORD = 2 };
enum { GREETING, METHOD_DUE, LOGIN, LOGIN_ANSWER_DUE, REQUEST, REPLY_DUE, REPLIED };

static const char *socks4_reply(unsigned code)
{
    static const char *const names[] = {
        "request granted", "request rejected or failed", "rejected: no identd at the client",
        "rejected: identd names another user",
    };
    return code >= SOCKS4_OK && code - SOCKS4_OK < ARRAY_LEN(names) ? names[code - SOCKS4_OK] : "unassigned reply";
}

static const char *socks5_reply(unsigned code)
{
    static const char *const names[] = {
        "succeeded", "general SOCKS server failure", "connection not allowed by ruleset", "network unreachable",
        "host unreachable", "connection refused", "TTL expired", "command not supported", "address type not supported",
    };
    return code < ARRAY_LEN(names) ? names[code] : "unassigned reply";
}

static const char *socks5_method(unsigned method)
{
    static const char *const names[] = { "none", "GSSAPI", "username/password", "CHAP" };
    return method < ARRAY_LEN(names) ? names[method] : "other";
}

static struct bytes keep_address(struct prelude_step *s, const uint8_t *address, size_t n)
{
    char text[INET6_ADDRSTRLEN];
    inet_ntop(n == 4 ? AF_INET : AF_INET6, address, text, sizeof text);
    return prelude_keep(s, text, strlen(text));
}

static size_t answer_with(struct prelude_step *s, bool yes, unsigned code, const char *meaning, size_t took)
{
    char line[96];
    snprintf(line, sizeof line, "SOCKS reply %u: %s", code, meaning);
    prelude_answer(s, (int)code, line, strlen(line));
    s->m->state = REPLIED;
    return yes ? prelude_accept(s, took) : prelude_refuse(s, took);
}

/* 04, command, port, address, user, NUL; version 4a: address 0.0.0.x, then the host name and NUL. */
static size_t socks4_request(struct prelude_step *s)
{
    struct bytes   in = s->in;
    const uint8_t *user = in.n > 8 ? memchr(in.p + 8, 0, in.n - 8) : NULL, *host = NULL;
    bool           named = in.n >= 8 && in.p[4] == 0 && in.p[5] == 0 && in.p[6] == 0 && in.p[7] != 0;
    if (user != NULL && named)
        host = memchr(user + 1, 0, in.n - (size_t)(user + 1 - in.p));
    const uint8_t *end = named ? host : user;
    bool text = true; /* a user or host of other bytes: another protocol that begins with 4 */
    for (size_t i = 8; i < in.n && in.p + i != end; i++)
        text &= in.p[i] > ' ' || in.p + i == user;
    if (!text || (end == NULL && in.n > KEPT_MAX))
        return prelude_stop(s, PRELUDE_UNKNOWN);
    if (end == NULL)
        return prelude_stop(s, PRELUDE_WAIT);
    prelude_asked(s, PRELUDE_SOCKS, named ? "socks4a" : "socks4");
    s->out->host = named ? prelude_keep(s, user + 1, (size_t)(host - user - 1)) : keep_address(s, in.p + 4, 4);
    s->out->port = be16(in.p + 2);
    s->m->state = REPLY_DUE;
    return (size_t)(end - in.p) + 1;
}

static size_t socks4_step(struct prelude_step *s)
{
    if (s->from == CLIENT && s->m->state == GREETING)
        return socks4_request(s);
    if (s->from == CLIENT)
        return prelude_stop(s, s->m->state == REPLIED ? PRELUDE_OVER : PRELUDE_WAIT);
    if (s->m->state != REPLY_DUE || s->in.p[0] != 0)
        return prelude_stop(s, PRELUDE_UNKNOWN);
    if (s->in.n < 8)
        return prelude_stop(s, PRELUDE_WAIT);
    s->out->auth_failed = s->in.p[1] == SOCKS4_NO_IDENTD || s->in.p[1] == SOCKS4_OTHER_USER;
    return answer_with(s, s->in.p[1] == SOCKS4_OK, s->in.p[1], socks4_reply(s->in.p[1]), 8);
}

/* Length of an address as SOCKS 5 writes it, with its type and the port behind; 0 = not all here, or no such type. */
static size_t socks5_address(struct bytes in)
{
    enum { IPV4 = 1, NAME = 3, IPV6 = 4 };
    if (in.n < 2)
        return 0;
    size_t n = in.p[0] == IPV4 ? 1 + 4 + 2 : in.p[0] == IPV6 ? 1 + 16 + 2 : in.p[0] == NAME ? 2u + in.p[1] + 2 : 0;
    return n <= in.n ? n : 0;
}

/* A login of RFC 1929, or the length-prefixed tokens of RFC 1961. */
static size_t socks5_login(struct prelude_step *s)
{
    struct reader r = rd_of(s->in.p, s->in.n);
    rd_u8(&r, "version");
    if (s->m->memory[0] == METHOD_GSSAPI) {
        rd_u8(&r, "type");
        rd_vec(&r, 2, "token");
    } else {
        rd_vec(&r, 1, "user");
        rd_vec(&r, 1, "password");
    }
    if (r.want != NULL)
        return prelude_stop(s, s->in.n > MESSAGE_MAX_LEN + 4 ? PRELUDE_OVER : PRELUDE_WAIT);
    s->m->state = LOGIN_ANSWER_DUE;
    return (size_t)r.at;
}

static size_t socks5_client(struct prelude_step *s)
{
    struct bytes in = s->in;
    if (s->m->state == GREETING) {
        if (in.n < 2 || in.n < 2u + in.p[1])
            return prelude_stop(s, PRELUDE_WAIT);
        s->out->asked = *s->where;
        s->m->state = METHOD_DUE;
        return 2u + in.p[1];
    }
    if (s->m->state == LOGIN)
        return socks5_login(s);
    if (s->m->state != REQUEST || in.n < 4)
        return prelude_stop(s, s->m->state == REPLIED ? PRELUDE_OVER : PRELUDE_WAIT);
    struct bytes address = { in.p + 3, in.n - 3 };
    size_t       n = socks5_address(address);
    if (in.p[0] != 5 || n == 0)
        return prelude_stop(s, in.p[0] != 5 || in.n > 4 + 1 + 255 + 2 ? PRELUDE_UNKNOWN : PRELUDE_WAIT);
    prelude_asked(s, PRELUDE_SOCKS, "socks5");
    bool named = address.p[0] == 3;
    s->out->host = named ? prelude_keep(s, address.p + 2, address.p[1]) : keep_address(s, address.p + 1, n - 3);
    s->out->port = be16(address.p + n - 2);
    s->m->state = REPLY_DUE;
    return 3 + n;
}

static size_t socks5_method_chosen(struct prelude_step *s, unsigned method)
{
    const char *name = socks5_method(method);
    s->out->kind = PRELUDE_SOCKS; /* now that it has answered as one */
    s->out->protocol = "socks5";
    s->out->asked_for_tls = true;
    if (method == SOCKS5_NO_METHOD) {
        s->out->auth_failed = true;
        return answer_with(s, false, method, "no authentication method in common", 2);
    }
    if (method != METHOD_NONE) {
        struct bytes *scheme = ARENA_NEW(s->arena, struct bytes);
        *scheme = s->out->sent_scheme = prelude_keep(s, name, strlen(name));
        s->out->schemes = (struct byte_list){ .v = scheme, .n = 1 };
    }
    s->m->memory[0] = (uint8_t)method;
    s->m->state = method == METHOD_NONE ? REQUEST : LOGIN;
    return method <= METHOD_PASSWORD ? 2 : prelude_stop(s, PRELUDE_OVER);
}

static size_t socks5_login_answer(struct prelude_step *s)
{
    struct bytes in = s->in;
    if (s->m->memory[0] == METHOD_GSSAPI && in.p[1] != 0xff) {
        if (in.n < 4 || in.n < 4u + be16(in.p + 2))
            return prelude_stop(s, PRELUDE_WAIT);
        s->m->state = in.p[1] == 1 ? LOGIN : REQUEST; /* 1: another token is due; 2: the protection is agreed */
        return 4u + be16(in.p + 2);
    }
    s->m->state = REQUEST;
    if (in.p[1] == 0)
        return 2;
    s->out->auth_failed = true;
    return answer_with(s, false, in.p[1], "login refused", 2);
}

static size_t socks5_server(struct prelude_step *s)
{
    struct bytes in = s->in;
    if (s->m->state == REPLIED)
        return in.n; /* the rest of a refusal */
    if (in.n < 2)
        return prelude_stop(s, PRELUDE_WAIT);
    if (s->m->state == METHOD_DUE)
        return in.p[0] == 5 ? socks5_method_chosen(s, in.p[1]) : prelude_stop(s, PRELUDE_UNKNOWN);
    if (s->m->state == LOGIN_ANSWER_DUE)
        return socks5_login_answer(s);
    if (s->m->state != REPLY_DUE || in.p[0] != 5)
        return prelude_stop(s, PRELUDE_UNKNOWN);
    size_t n = in.n > 3 ? socks5_address((struct bytes){ in.p + 3, in.n - 3 }) : 0;
    if (n == 0 && in.p[1] == 0)
        return prelude_stop(s, in.n > 4 + 1 + 255 + 2 ? PRELUDE_UNKNOWN : PRELUDE_WAIT);
    return answer_with(s, in.p[1] == 0, in.p[1], socks5_reply(in.p[1]), n > 0 ? 3 + n : in.n);
}

enum fit socks_fits(enum side from, struct bytes start, unsigned *dialog)
{
    (void)dialog;
    struct bytes in = start;
    if (from != CLIENT || (in.p[0] != 4 && in.p[0] != 5))
        return FIT_NO;
    if (in.n < 2)
        return FIT_MAYBE;
    if (in.p[0] == 4) /* CONNECT or BIND, to a port that is one, for a user whose name is text */
        return in.p[1] != 1 && in.p[1] != 2 ? FIT_NO
               : in.n < 9                   ? FIT_MAYBE
               : be16(in.p + 2) != 0 && (in.p[8] == 0 || in.p[8] > ' ') ? FIT_YES : FIT_NO;
    size_t greeting = 2u + in.p[1]; /* behind it only a login or a request sent in haste */
    if (in.p[1] == 0 || (in.n > greeting && in.p[greeting] != 1 && in.p[greeting] != 5))
        return FIT_NO;
    return in.n >= greeting ? FIT_YES : FIT_MAYBE;
}

size_t socks_step(struct prelude_step *s)
{
    if (s->m->memory[1] == 0)
        s->m->memory[1] = s->in.p[0]; /* the version: the first byte that the row sees */
    if (s->m->memory[1] == 4)
        return socks4_step(s);
    return s->from == CLIENT ? socks5_client(s) : socks5_server(s);
}

static const char proxy_v2[12] = "\r\n\r\n\0\r\nQUIT\n";

enum fit proxy_header_fits(enum side from, struct bytes start, unsigned *dialog)
{
    (void)dialog;
    enum fit v1 = prelude_prefix(start, "PROXY ", 6), v2 = prelude_prefix(start, proxy_v2, sizeof proxy_v2);
    return from != CLIENT ? FIT_NO : v1 > v2 ? v1 : v2;
}

/* PROXY TCP4 from to from-port to-port CR LF */
static size_t proxy_v1(struct prelude_step *s)
{
    size_t       took;
    struct bytes line = text_line(s->in, &took), word[3];
    if (took == 0)
        return prelude_stop(s, s->in.n > 107 ? PRELUDE_UNKNOWN : PRELUDE_WAIT); /* 107: the longest line there is */
    for (size_t i = 0; i < ARRAY_LEN(word); i++)
        word[i] = text_word(&line);
    if (!text_is(word[1], "TCP4") && !text_is(word[1], "TCP6") && !text_is(word[1], "UNKNOWN"))
        return prelude_stop(s, PRELUDE_UNKNOWN);
    s->out->client = prelude_keep(s, word[2].p, word[2].n);
    return took;
}

static size_t proxy_v2_header(struct prelude_step *s)
{
    struct bytes in = s->in;
    size_t       n = in.n >= 16 ? 16u + be16(in.p + 14) : 0;
    if (n == 0 || in.n < n)
        return prelude_stop(s, PRELUDE_WAIT);
    if (in.p[13] >> 4 == 1 && n >= 16 + 12)
        s->out->client = keep_address(s, in.p + 16, 4);
    else if (in.p[13] >> 4 == 2 && n >= 16 + 36)
        s->out->client = keep_address(s, in.p + 16, 16);
    return n;
}

/* Says whom the connection comes from; what follows may be TLS, another dialog, or plain text. */
size_t proxy_header_step(struct prelude_step *s)
{
    if (s->from == SERVER) {
        s->m->row = NULL; /* a greeting while the header is still coming in */
        s->m->inside = true;
        return prelude_stop(s, PRELUDE_WAIT);
    }
    bool   v1 = s->in.p[0] == 'P';
    size_t n = v1 ? proxy_v1(s) : proxy_v2_header(s);
    if (n == 0)
        return 0;
    s->out->kind = PRELUDE_PROXY_PROTOCOL;
    s->out->protocol = v1 ? "proxy-v1" : "proxy-v2";
    s->out->asked = *s->where;
    s->out->accepted = true;
    *s->m = (struct prelude_machine){ .inside = true };
    return n;
}
