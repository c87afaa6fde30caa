#include "prelude_row.h"

#include <string.h>
#include <strings.h>

static const struct prelude_row rows[] = {
    { "http-connect", http_fits, http_step },
    { "lines", lines_fits, lines_step },
    { "xmpp", xmpp_fits, xmpp_step },
    { "socks", socks_fits, socks_step },
    { "proxy", proxy_header_fits, proxy_header_step },
    { "postgres", postgres_fits, postgres_step },
    { "mysql", mysql_fits, mysql_step },
    { "ldap", ldap_fits, ldap_step },
    { "rdp", rdp_fits, rdp_step },
    { "tds", tds_fits, tds_step },
};

struct bytes prelude_keep(struct prelude_step *s, const void *p, size_t n)
{
    n = n < KEPT_MAX ? n : KEPT_MAX;
    return (struct bytes){ .p = arena_copy(s->arena, p, n), .n = n };
}

void prelude_asked(struct prelude_step *s, enum prelude_kind kind, const char *protocol)
{
    s->out->kind = kind;
    s->out->protocol = protocol;
    s->out->asked = *s->where;
    s->out->asked_for_tls = true;
    s->out->accepted = s->out->refused = false;
    s->out->tries++;
}

void prelude_answer(struct prelude_step *s, int status, const void *line, size_t n)
{
    s->out->answered = *s->where;
    s->out->status = status;
    s->out->answer = prelude_keep(s, line, n);
}

/* A tunnel's machine starts afresh: another dialog may be inside. */
size_t prelude_accept(struct prelude_step *s, size_t took)
{
    s->out->accepted = true;
    s->out->refused = s->out->not_offered = s->out->auth_failed = false;
    s->says = PRELUDE_TLS;
    if (s->out->kind != PRELUDE_STARTTLS)
        *s->m = (struct prelude_machine){ .inside = true };
    return took;
}

size_t prelude_refuse(struct prelude_step *s, size_t took)
{
    s->out->refused = true;
    s->out->accepted = false;
    return took;
}

/* Nobody asked for TLS: then it never was a prelude. */
size_t prelude_plain(struct prelude_step *s)
{
    if (!s->out->asked_for_tls)
        s->out->kind = PRELUDE_NONE;
    s->out->plain_on = true;
    return prelude_stop(s, PRELUDE_OVER);
}

size_t prelude_stop(struct prelude_step *s, enum prelude_says says)
{
    s->says = says;
    return 0;
}

enum fit prelude_prefix(struct bytes start, const void *magic, size_t n)
{
    size_t common = start.n < n ? start.n : n;
    if (memcmp(start.p, magic, common) != 0)
        return FIT_NO;
    return common == n ? FIT_YES : FIT_MAYBE;
}

bool text_starts(struct bytes a, const char *prefix)
{
    size_t n = strlen(prefix);
    return a.n >= n && strncasecmp((const char *)a.p, prefix, n) == 0;
}

bool text_is(struct bytes a, const char *word)
{
    return a.n == strlen(word) && text_starts(a, word);
}

struct bytes text_line(struct bytes in, size_t *took)
{
    const uint8_t *lf = memchr(in.p, '\n', in.n);
    *took = 0;
    if (lf == NULL)
        return (struct bytes){ 0 };
    size_t n = (size_t)(lf - in.p);
    *took = n + 1;
    return (struct bytes){ .p = in.p, .n = n > 0 && in.p[n - 1] == '\r' ? n - 1 : n };
}

static bool is_blank(uint8_t c) { return c == ' ' || c == '\t'; }

struct bytes text_trim(struct bytes a)
{
    while (a.n > 0 && is_blank(a.p[0]))
        a.p++, a.n--;
    while (a.n > 0 && is_blank(a.p[a.n - 1]))
        a.n--;
    return a;
}

struct bytes text_word(struct bytes *line)
{
    struct bytes rest = text_trim(*line);
    size_t       n = 0;
    while (n < rest.n && !is_blank(rest.p[n]))
        n++;
    *line = (struct bytes){ .p = rest.p + n, .n = rest.n - n };
    return (struct bytes){ .p = rest.p, .n = n };
}

/* A TLS record of a version there is or was (RFC 8446 section 5.1): it ends whatever was said before. */
static enum fit looks_like_tls(struct bytes in)
{
    if (in.p[0] < 20 || in.p[0] > 24)
        return FIT_NO;
    if (in.n < 2)
        return FIT_MAYBE;
    return in.p[1] == 3 ? FIT_YES : FIT_NO;
}

static enum prelude_says recognise(struct prelude_machine *m, enum side from, struct bytes in)
{
    enum fit tls = looks_like_tls(in), best = tls;
    if (tls == FIT_YES)
        return m->inside ? PRELUDE_TLS : PRELUDE_UNKNOWN;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        enum fit fit = rows[i].fits(from, in, &m->dialog);
        if (fit == FIT_YES) {
            m->row = &rows[i];
            return PRELUDE_GOES_ON;
        }
        best = fit > best ? fit : best;
    }
    return best == FIT_MAYBE ? PRELUDE_WAIT : PRELUDE_UNKNOWN;
}

size_t prelude_feed(struct prelude_machine *m, struct arena *a, enum side from, struct bytes pending,
                    const struct place *where, struct prelude *out, enum prelude_says *says)
{
    size_t taken = 0;
    *says = PRELUDE_WAIT;
    while (taken < pending.n) {
        struct bytes in = { .p = pending.p + taken, .n = pending.n - taken };
        if (m->row == NULL && (*says = recognise(m, from, in)) != PRELUDE_GOES_ON)
            break;
        struct prelude_step s = { .m = m, .arena = a, .from = from, .in = in, .where = where, .out = out,
                                  .says = PRELUDE_GOES_ON };
        size_t              n = m->row->step(&s);
        taken += n;
        *says = n == 0 && s.says == PRELUDE_GOES_ON ? PRELUDE_WAIT : s.says;
        if (n == 0 || *says != PRELUDE_GOES_ON)
            break;
        if (m->units++ >= UNITS_MAX) {
            *says = PRELUDE_OVER;
            break;
        }
    }
    return taken;
}
