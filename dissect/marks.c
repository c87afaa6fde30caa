#include "tlswhy/marks.h"

#include <string.h>

static const char magic[8] = { 't', 'l', 's', 'w', 'h', 'y', 0, 1 }; /* the last is the version of the format */

void marks_begin(struct text *out) { text_add_n(out, magic, sizeof magic); }

/* ------------------------------------------------------------------------------------ writing */

static void put(struct text *t, size_t width, uint64_t v)
{
    while (width-- > 0)
        text_char(t, (char)(v >> 8 * width));
}

static void put_string(struct text *t, struct bytes s)
{
    size_t n = s.n < UINT16_MAX ? s.n : UINT16_MAX;
    put(t, 2, n);
    text_add_n(t, s.p != NULL ? (const char *)s.p : "", n);
}

static void put_end(struct text *t, const struct endpoint *e)
{
    text_add_n(t, (const char *)e->ip, e->ip_len);
    put(t, 2, e->port);
}

static void put_body(struct text *t, const struct mark *m)
{
    put(t, 1, m->ends[CLIENT].ip_len);
    put_end(t, &m->ends[CLIENT]);
    put_end(t, &m->ends[SERVER]);
    switch (m->kind) {
    case MARK_STOPPED:
    case MARK_GAVE_UP: put(t, 8, (uint64_t)m->ns); break;
    case MARK_KERNEL:
        put(t, 8, m->acked);
        put(t, 2, m->retransmissions);
        put(t, 2, m->syns);
        break;
    case MARK_ASKED:
        put(t, 2, m->attempt);
        put(t, 1, m->modern);
        put_string(t, m->target);
        put_string(t, m->typed);
        put_string(t, m->as);
        put_string(t, m->starttls);
        put_string(t, m->changed);
        put_string(t, m->name);
        break;
    }
}

void mark_add(struct text *out, const struct mark *m)
{
    struct text body = { 0 };
    put_body(&body, m);
    put(out, 1, m->kind);
    put(out, 4, body.n);
    text_add_n(out, body.s, body.n);
    text_free(&body);
}

/* ------------------------------------------------------------------------------------ reading */

bool marks_open(struct bytes block, struct reader *r)
{
    *r = rd_of(block.p, block.n);
    const uint8_t *start = rd_bytes(r, sizeof magic, "magic");
    return start != NULL && memcmp(start, magic, sizeof magic) == 0;
}

static struct endpoint end_of(struct reader *r, uint8_t ip_len)
{
    struct endpoint e = { .ip_len = ip_len };
    const uint8_t  *ip = rd_bytes(r, ip_len, "address");
    if (ip != NULL)
        memcpy(e.ip, ip, ip_len);
    e.port = rd_u16(r, "port");
    return e;
}

static struct bytes string_of(struct reader *r)
{
    struct reader s = rd_vec(r, 2, "string");
    return rd_rest(&s);
}

static uint64_t u64(struct reader *r)
{
    uint64_t high = rd_u32(r, "number");
    return high << 32 | rd_u32(r, "number");
}

/* False: out of shape, or of a kind that is not known. */
static bool body_of(struct reader *r, unsigned kind, struct mark *m)
{
    *m = (struct mark){ .kind = (enum mark_kind)kind };
    uint8_t ip_len = rd_u8(r, "address length");
    if (ip_len != 4 && ip_len != 16)
        return false;
    m->ends[CLIENT] = end_of(r, ip_len);
    m->ends[SERVER] = end_of(r, ip_len);
    switch (kind) {
    case MARK_STOPPED:
    case MARK_GAVE_UP: m->ns = (int64_t)u64(r); break;
    case MARK_KERNEL:
        m->acked = u64(r);
        m->retransmissions = rd_u16(r, "retransmissions");
        m->syns = rd_u16(r, "SYNs");
        break;
    case MARK_ASKED:
        m->attempt = rd_u16(r, "attempt");
        m->modern = rd_u8(r, "flags") & 1;
        m->target = string_of(r);
        m->typed = string_of(r);
        m->as = string_of(r);
        m->starttls = string_of(r);
        m->changed = string_of(r);
        m->name = string_of(r);
        break;
    default: return false;
    }
    return r->want == NULL;
}

bool mark_next(struct reader *r, struct mark *m)
{
    while (rd_more(r)) {
        unsigned kind = rd_u8(r, "kind");
        if (kind == 0) /* what fills a block up */
            continue;
        size_t        n = rd_u32(r, "length");
        struct reader body = rd_cut(r, n, "mark");
        if (body.want == NULL && body_of(&body, kind, m))
            return true;
    }
    return false;
}
