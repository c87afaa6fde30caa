#include "tlswhy/pac.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const words[] = { "PROXY", "HTTPS", "HTTP", "SOCKS5", "SOCKS4", "SOCKS" };

static bool begins(struct bytes in, const char *word)
{
    size_t n = strlen(word);
    return in.n >= n && strncasecmp((const char *)in.p, word, n) == 0;
}

static bool is_place(uint8_t c) { return isalnum(c) || c == '.' || c == '-' || c == '_' || c == ':' || c == '[' || c == ']'; }

static void keep(struct pac *p, const char *how, struct bytes where)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->place[i].how == how && p->place[i].where.n == where.n && strncasecmp((const char *)p->place[i].where.p, (const char *)where.p, where.n) == 0)
            return;
    if (p->n < PAC_PLACES)
        p->place[p->n++] = (struct pac_place){ how, where };
    else
        p->more++;
}

/* One answer: "PROXY a:1; SOCKS b:2; DIRECT". What does not look like that is passed over. */
static void answers(struct pac *p, struct bytes s)
{
    size_t at = 0;
    while (at < s.n) {
        while (at < s.n && (isspace(s.p[at]) || s.p[at] == ';'))
            at++;
        size_t end = at;
        while (end < s.n && s.p[end] != ';')
            end++;
        struct bytes one = { s.p + at, end - at };
        p->direct = p->direct || (begins(one, "DIRECT") && (one.n == 6 || isspace(one.p[6])));
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
            size_t n = strlen(words[i]), from = n, to;
            if (!begins(one, words[i]) || one.n <= n || !isspace(one.p[n]))
                continue;
            while (from < one.n && isspace(one.p[from]))
                from++;
            for (to = from; to < one.n && is_place(one.p[to]);)
                to++;
            if (to > from)
                keep(p, words[i], (struct bytes){ one.p + from, to - from });
        }
        at = end;
    }
}

/* Past a comment; 0: there is none here. */
static size_t comment(struct bytes in)
{
    if (begins(in, "//")) {
        const uint8_t *end = memchr(in.p, '\n', in.n);
        return end != NULL ? (size_t)(end - in.p) : in.n;
    }
    if (!begins(in, "/*"))
        return 0;
    const uint8_t *end = memmem(in.p + 2, in.n - 2, "*/", 2);
    return end != NULL ? (size_t)(end - in.p) + 2 : in.n;
}

/* The content of a string with its quote at the start; a line ends one that is not closed. */
static struct bytes string(struct bytes in)
{
    size_t n = 1;
    while (n < in.n && in.p[n] != in.p[0] && in.p[n] != '\n')
        n += in.p[n] == '\\' && n + 1 < in.n ? 2 : 1;
    return (struct bytes){ in.p + 1, n - 1 };
}

void pac_read(struct bytes body, struct pac *out)
{
    const char *from = out->from;
    *out = (struct pac){ .from = from, .body = body, .is_script = body.n > 0 && memmem(body.p, body.n, "FindProxyForURL", 15) != NULL };
    struct bytes in = body;
    while (in.n > 0) {
        size_t past = comment(in);
        if (past == 0 && (in.p[0] == '"' || in.p[0] == '\'')) {
            struct bytes s = string(in);
            answers(out, s);
            past = s.n + 2;
        }
        past = past != 0 ? past : 1;
        past = past < in.n ? past : in.n;
        in = (struct bytes){ in.p + past, in.n - past };
    }
}

bool pac_names(const struct pac *p, const char *host, uint16_t port)
{
    char where[300];
    int  n = snprintf(where, sizeof where, strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u", host, port);
    for (size_t i = 0; n > 0 && i < p->n; i++)
        if (p->place[i].where.n == (size_t)n && strncasecmp((const char *)p->place[i].where.p, where, (size_t)n) == 0)
            return true;
    return false;
}
