/* pcapng_copy.c - a capture again, block by block, with comments on some of its packets. */
#include "capture_parts.h"
#include "pcapng_parts.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD = 8, TRAILER = 4, PACKET_FIXED = 20, SECTION_LEN_AT = 16, SECTION_LEAST = 28 };

struct copying {
    struct pcapng_writer *to;
    struct capture       *from;
    comment_source       *comment;
    void                 *ctx;
    bool                  by_block; /* pcapng: the tap has copied the packet */
};

/* Numbers of the section's own byte order. */
static void put16(const struct capture *c, uint8_t *b, unsigned v)
{
    b[c->swapped ? 1 : 0] = (uint8_t)v;
    b[c->swapped ? 0 : 1] = (uint8_t)(v >> 8);
}

static void put32(const struct capture *c, uint8_t *b, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        b[c->swapped ? 3 - i : i] = (uint8_t)(v >> 8 * i);
}

/* A section that states its length would state a wrong one: -1 says that it is not stated. */
static void copy_section(struct copying *y, struct bytes block)
{
    static const uint8_t unstated[8] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    pcapng_section_over(y->to);
    pcapng_raw(y->to, block.p, SECTION_LEN_AT);
    pcapng_raw(y->to, unstated, sizeof unstated);
    pcapng_raw(y->to, block.p + SECTION_LEN_AT + sizeof unstated, block.n - SECTION_LEN_AT - sizeof unstated);
}

static void copy_block(struct copying *y, struct bytes block)
{
    pcapng_raw(y->to, block.p, block.n);
    pcapng_raw(y->to, "\0\0\0", pcapng_padded(block.n) - block.n);
}

/* The fixed part and the data of a packet block, padded, as they are in an Enhanced Packet Block. */
static size_t packet_part(const struct copying *y, struct bytes block, const struct packet *p, uint8_t *out)
{
    const struct capture *c = y->from;
    if (capture_u32(c, block.p) == BLOCK_SIMPLE_PACKET) {
        uint64_t ticks = capture_ticks(&c->interface[p->interface], p->ns);
        put32(c, out, p->interface);
        put32(c, out + 4, (uint32_t)(ticks >> 32));
        put32(c, out + 8, (uint32_t)ticks);
        put32(c, out + 12, p->caplen);
        put32(c, out + 16, p->len);
    } else {
        memcpy(out, block.p + HEAD, PACKET_FIXED);
    }
    memcpy(out + PACKET_FIXED, p->p, p->caplen);
    return PACKET_FIXED + pcapng_padded(p->caplen);
}

/* The options behind a packet's data; what is there is kept, whatever it is. */
static struct bytes packet_options(const struct capture *c, struct bytes block, const struct packet *p)
{
    size_t before = HEAD + PACKET_FIXED + pcapng_padded(p->caplen);
    if (capture_u32(c, block.p) == BLOCK_SIMPLE_PACKET || block.n - TRAILER <= before)
        return (struct bytes){ 0 };
    return (struct bytes){ block.p + before, block.n - TRAILER - before };
}

/* A packet block again, the comment before the options it has. */
static void copy_commented(struct copying *y, struct bytes block, const struct packet *p, const char *comment)
{
    const struct capture *c = y->from;
    struct bytes options = packet_options(c, block, p);
    size_t       said = strnlen(comment, PCAPNG_COMMENT_MAX);
    size_t       total = pcapng_padded(HEAD + PACKET_FIXED + pcapng_padded(p->caplen) + 4 + pcapng_padded(said) + options.n + 4 + TRAILER);
    uint8_t     *out = mem_get(total, 1);
    bool         simple = capture_u32(c, block.p) == BLOCK_SIMPLE_PACKET;
    size_t       n = HEAD + packet_part(y, block, p, out + HEAD);
    put32(c, out, simple ? BLOCK_PACKET : capture_u32(c, block.p));
    put16(c, out + n, OPT_COMMENT);
    put16(c, out + n + 2, (unsigned)said);
    memcpy(out + n + 4, comment, said);
    n += 4 + pcapng_padded(said);
    if (options.n != 0)
        memcpy(out + n, options.p, options.n);
    n += options.n != 0 ? pcapng_padded(options.n) : 4; /* four zeros end the options */
    n += TRAILER;
    put32(c, out + 4, (uint32_t)n);
    put32(c, out + n - TRAILER, (uint32_t)n);
    pcapng_raw(y->to, out, n);
    free(out);
}

static void copy(void *ctx, struct bytes block, const struct packet *p)
{
    struct copying *y = ctx;
    const char     *comment = p != NULL ? y->comment(y->ctx, p->frame) : NULL;
    y->by_block = true;
    if (be32(block.p) == BLOCK_SECTION && block.n >= SECTION_LEAST)
        copy_section(y, block);
    else if (comment != NULL)
        copy_commented(y, block, p, comment);
    else
        copy_block(y, block);
}

bool pcapng_copy(struct pcapng_writer *w, struct capture *c, comment_source *comment, void *ctx, struct err *err)
{
    struct copying y = { .to = w, .from = c, .comment = comment, .ctx = ctx };
    struct packet  p;
    c->tap = copy;
    c->tap_ctx = &y;
    pcapng_section_over(w);
    while (capture_next(c, &p, err))
        if (!y.by_block)
            pcapng_packet(w, &p, comment(ctx, p.frame));
    pcapng_section_over(w);
    capture_close(c);
    return err->text[0] == '\0';
}
