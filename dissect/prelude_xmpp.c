/* STARTTLS in XMPP (RFC 6120 section 5): elements instead of lines; a unit ends with ">". */
#include "prelude_row.h"

#include <string.h>

enum { NOT_ASKED, ASKED };

static bool holds(struct bytes in, const char *what) { return memmem(in.p, in.n, what, strlen(what)) != NULL; }

enum fit xmpp_fits(enum side from, struct bytes start, unsigned *dialog)
{
    (void)dialog, (void)from;
    enum fit xml = prelude_prefix(start, "<?xml", 5), stream = prelude_prefix(start, "<stream:stream", 14);
    if (stream != FIT_NO || xml == FIT_NO)
        return stream;
    if (holds(start, "<stream:stream"))
        return FIT_YES;
    return start.n < KEPT_MAX ? FIT_MAYBE : FIT_NO;
}

static size_t client_element(struct prelude_step *s, struct bytes tag, size_t took)
{
    if (text_starts(tag, "<starttls")) {
        prelude_asked(s, PRELUDE_STARTTLS, "xmpp");
        s->m->state = ASKED;
    } else if (text_starts(tag, "<auth") || text_starts(tag, "<iq") || text_starts(tag, "<db:")) {
        return prelude_plain(s);
    } else if (text_starts(tag, "<stream:stream")) {
        s->out->kind = PRELUDE_STARTTLS;
        s->out->protocol = "xmpp";
    }
    return took;
}

static size_t server_element(struct prelude_step *s, struct bytes tag, size_t took)
{
    if (text_starts(tag, "<starttls"))
        s->out->offered = true;
    bool empty = text_starts(tag, "<stream:features") && tag.n > 2 && tag.p[tag.n - 2] == '/';
    if ((empty || text_starts(tag, "</stream:features")) && s->m->state != ASKED)
        s->out->not_offered = !s->out->offered;
    bool yes = text_starts(tag, "<proceed"), no = text_starts(tag, "<failure") || text_starts(tag, "<stream:error");
    if (s->m->state != ASKED || (!yes && !no))
        return took;
    s->m->state = NOT_ASKED;
    prelude_answer(s, 0, tag.p, tag.n);
    return yes ? prelude_accept(s, took) : prelude_refuse(s, took);
}

size_t xmpp_step(struct prelude_step *s)
{
    const uint8_t *end = memchr(s->in.p, '>', s->in.n);
    if (s->in.p[0] < ' ' && strchr("\t\r\n", s->in.p[0]) == NULL)
        return prelude_stop(s, PRELUDE_UNKNOWN);
    if (end == NULL)
        return prelude_stop(s, s->in.n > LINE_MAX_LEN ? PRELUDE_OVER : PRELUDE_WAIT);
    size_t         took = (size_t)(end - s->in.p) + 1;
    const uint8_t *tag = memchr(s->in.p, '<', took);
    if (tag == NULL)
        return took;
    struct bytes element = { tag, (size_t)(end - tag) + 1 };
    return s->from == CLIENT ? client_element(s, element, took) : server_element(s, element, took);
}
