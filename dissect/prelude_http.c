/* HTTP CONNECT (RFC 9110 section 9.3.6) and its answer. After a refusal the client may try again on the same
 * connection: bodies are passed over by looking for the next status line, not by their length. */
#include "http.h"
#include "prelude_row.h"

#include <ctype.h>
#include <string.h>

enum { CONNECT_DUE, ANSWER_DUE, REFUSED };
enum { SCHEMES_MAX = 16 };

enum fit http_fits(enum side from, struct bytes start, unsigned *dialog)
{
    (void)dialog;
    return from == CLIENT ? prelude_prefix(start, "CONNECT ", 8) : FIT_NO;
}

static bool is_token(uint8_t c) { return isalnum(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL); }

static void add_scheme(struct bytes *schemes, size_t *n, struct bytes name)
{
    for (size_t i = 0; i < *n; i++)
        if (schemes[i].n == name.n && strncasecmp((const char *)schemes[i].p, (const char *)name.p, name.n) == 0)
            return;
    if (*n < SCHEMES_MAX && name.n > 0)
        schemes[(*n)++] = name;
}

/* Scheme names of a Proxy-Authenticate value (RFC 9110 section 11.6.1): challenges and their parameters are
 * both separated by commas; an item is a parameter where "=" follows its first token. */
static void add_schemes(struct bytes value, struct bytes *schemes, size_t *n)
{
    size_t i = 0;
    while (i < value.n) {
        while (i < value.n && (value.p[i] == ',' || value.p[i] == ' ' || value.p[i] == '\t'))
            i++;
        size_t start = i;
        while (i < value.n && is_token(value.p[i]))
            i++;
        struct bytes token = { value.p + start, i - start };
        while (i < value.n && (value.p[i] == ' ' || value.p[i] == '\t'))
            i++;
        if (i >= value.n || value.p[i] != '=')
            add_scheme(schemes, n, token);
        for (bool quoted = false; i < value.n && (quoted || value.p[i] != ','); i++) {
            if (quoted && value.p[i] == '\\')
                i++;
            else if (value.p[i] == '"')
                quoted = !quoted;
        }
    }
}

/* "host:port", "[v6]:port". */
static void read_target(struct prelude_step *s, struct bytes target)
{
    const uint8_t *colon = target.n > 0 ? memrchr(target.p, ':', target.n) : NULL;
    size_t         n = colon != NULL ? (size_t)(colon - target.p) : target.n;
    unsigned       port = 0;
    for (size_t i = n + 1; i < target.n && isdigit(target.p[i]) && port <= UINT16_MAX; i++)
        port = port * 10 + (unsigned)(target.p[i] - '0');
    s->out->port = (uint16_t)(port <= UINT16_MAX ? port : 0);
    if (n >= 2 && target.p[0] == '[' && target.p[n - 1] == ']')
        s->out->host = prelude_keep(s, target.p + 1, n - 2);
    else
        s->out->host = prelude_keep(s, target.p, n);
}

static size_t read_request(struct prelude_step *s, size_t len)
{
    struct bytes block = { s->in.p, len }, name, value;
    size_t       took;
    struct bytes line = text_line(block, &took);
    block.p += took;
    block.n -= took;
    text_word(&line);
    prelude_asked(s, PRELUDE_CONNECT, "http-connect");
    read_target(s, text_word(&line));
    while (http_header(&block, &name, &value)) {
        if (text_is(name, "User-Agent"))
            s->out->user_agent = prelude_keep(s, value.p, value.n);
        if (text_is(name, "Proxy-Authorization")) {
            struct bytes scheme = text_word(&value);
            s->out->sent_scheme = prelude_keep(s, scheme.p, scheme.n);
        }
    }
    s->m->state = ANSWER_DUE;
    return len;
}

static void keep_schemes(struct prelude_step *s, const struct bytes *schemes, size_t n)
{
    struct bytes *kept = ARENA_NEW_N(s->arena, n, struct bytes);
    for (size_t i = 0; i < n; i++)
        kept[i] = prelude_keep(s, schemes[i].p, schemes[i].n);
    s->out->schemes = (struct byte_list){ .v = kept, .n = n };
}

/* Who answered: a proxy names itself in one of three headers; the more telling wins. */
static void read_answer_headers(struct prelude_step *s, struct bytes block)
{
    static const char *const who[] = { "Proxy-Agent", "Server", "Via" };
    struct bytes name, value, schemes[SCHEMES_MAX];
    size_t       n = 0, best = ARRAY_LEN(who);
    s->out->location = (struct bytes){ 0 };
    while (http_header(&block, &name, &value)) {
        if (text_is(name, "Location"))
            s->out->location = prelude_keep(s, value.p, value.n);
        if (text_is(name, "Proxy-Authenticate"))
            add_schemes(value, schemes, &n);
        for (size_t i = 0; i < best; i++) {
            if (text_is(name, who[i])) {
                s->out->server = prelude_keep(s, value.p, value.n);
                best = i;
            }
        }
    }
    if (n > 0)
        keep_schemes(s, schemes, n);
}

static size_t read_answer(struct prelude_step *s, size_t len)
{
    struct bytes block = { s->in.p, len };
    size_t       took;
    struct bytes line = text_line(block, &took);
    int          status = http_status(line);
    if (status >= 100 && status < 200)
        return len; /* interim */
    prelude_answer(s, status, line.p, line.n);
    read_answer_headers(s, (struct bytes){ block.p + took, block.n - took });
    s->m->state = REFUSED;
    if (status >= 200 && status < 300)
        return prelude_accept(s, len);
    s->out->auth_failed = status == 407;
    return prelude_refuse(s, len);
}

/* Bytes before the next status line; the last few are kept, as they may be its start. */
static size_t before_status_line(struct bytes in)
{
    const uint8_t *p = memmem(in.p, in.n, "HTTP/1.", 7);
    if (p != NULL)
        return (size_t)(p - in.p);
    for (size_t keep = in.n < 6 ? in.n : 6; keep > 0; keep--)
        if (memcmp(in.p + in.n - keep, "HTTP/1.", keep) == 0)
            return in.n - keep;
    return in.n;
}

size_t http_step(struct prelude_step *s)
{
    size_t len = 0, skip = 0;
    if (s->from == SERVER && s->m->state != ANSWER_DUE)
        return s->m->state == REFUSED ? s->in.n : prelude_stop(s, PRELUDE_WAIT); /* a body; or the request is not all here */
    if (s->from == CLIENT) {
        enum fit fit = prelude_prefix(s->in, "CONNECT ", 8);
        if (s->m->state == ANSWER_DUE)
            return prelude_stop(s, PRELUDE_WAIT); /* said before the answer: TLS in haste, or a body */
        if (fit != FIT_YES)
            return prelude_stop(s, fit == FIT_MAYBE ? PRELUDE_WAIT : PRELUDE_OVER);
    } else if ((skip = before_status_line(s->in)) > 0) {
        return s->out->tries > 1 ? skip : prelude_stop(s, PRELUDE_UNKNOWN);
    }
    len = http_head(s->in);
    if (len == 0 || len > HEADERS_MAX_LEN)
        return prelude_stop(s, s->in.n > HEADERS_MAX_LEN ? PRELUDE_OVER : PRELUDE_WAIT);
    return s->from == CLIENT ? read_request(s, len) : read_answer(s, len);
}
