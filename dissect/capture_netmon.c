/* Microsoft Network Monitor 2.x (.cap, "GMBU"): a frame table at the end says where each frame stands, so the file
 * is read whole. Layout as Network Monitor 3.4's own help documents it: a 128-byte header, frames with a time in
 * microseconds since the start, from 2.1 on a media type behind each frame. */
#include "capture_parts.h"

#include "tlswhy/reader.h"
#include "tlswhy/text.h"

#include <stdlib.h>
#include <string.h>

enum { HEADER = 128, LARGEST_FILE = 1 << 30, FRAME_HEADER = 16, LINK_ETHERNET = 1 };

/* NDIS media types that carry what tlswhy reads -> LINKTYPE_. */
static uint32_t link_of(unsigned media)
{
    switch (media) {
    case 1: return LINK_ETHERNET;
    case 6: return 105;          /* 802.11 behind a metadata header: passed over by the link layer as unknown */
    case 8: return 101;          /* raw IP (WWAN and tunnels) */
    case 0xe004: return LINK_ETHERNET; /* Linux cooked, written by some converters as Ethernet */
    default: return 0x10000 + media; /* unknown, told with its number */
    }
}

static int64_t start_time(const uint8_t *b)
{
    int64_t s = time_from_civil(le16(b), le16(b + 2), le16(b + 6), le16(b + 8), le16(b + 10), le16(b + 12));
    return s * NS_PER_S + le16(b + 14) * INT64_C(1000000);
}

static struct capture_interface *interface_of(struct capture *c, uint32_t linktype, size_t *number)
{
    for (*number = 0; *number < c->interfaces; (*number)++) {
        if (c->interface[*number].linktype == linktype)
            return &c->interface[*number];
    }
    struct capture_interface *i = capture_add_interface(c);
    if (i != NULL)
        i->linktype = linktype;
    return i;
}

/* The whole file stands in the buffer from `base` on; `p` walks the frame table. */
static bool netmon_next(struct capture *c, struct packet *p, struct err *err)
{
    const uint8_t *base = c->p; /* nothing is taken from the buffer: it holds the file */
    size_t         size = (size_t)(c->end - base), number = 0;
    (void)err;
    size_t table = le32(base + 24), table_len = le32(base + 28);
    while (c->facts.packets < table_len / 4) {
        uint64_t at = le32(base + table + 4 * (size_t)c->facts.packets);
        if (at > size || size - at < FRAME_HEADER)
            return capture_over(c, true);
        const uint8_t *f = base + at;
        uint32_t       len = le32(f + 8), caplen = le32(f + 12);
        uint64_t       us = (uint64_t)le32(f) | (uint64_t)le32(f + 4) << 32;
        if (caplen > size - at - FRAME_HEADER)
            return capture_over(c, true);
        unsigned media = le16(base + 6);
        if (base[4] >= 1 && size - at - FRAME_HEADER - caplen >= 2) /* minor version: 2.1 and later */
            media = le16(f + FRAME_HEADER + caplen);
        if (interface_of(c, link_of(media), &number) == NULL)
            return capture_over(c, true);
        int64_t ns = us < INT64_MAX / 1000 ? start_time(base + 8) + (int64_t)us * 1000 : 0;
        capture_give(c, p, number, f + FRAME_HEADER, caplen, len, ns);
        return true;
    }
    return false;
}

bool netmon_open(struct capture *c, struct err *err)
{
    size_t want = HEADER;
    while (capture_fill(c, want, err) && want < LARGEST_FILE)
        want = capture_left(c) + 1;
    size_t size = capture_left(c);
    if (size < HEADER || c->p[5] != 2) {
        err_set(err, "%s is a Network Monitor file of a version other than 2: save it again with Network Monitor 3.4", c->path);
        return false;
    }
    size_t table = le32(c->p + 24), table_len = le32(c->p + 28);
    if (table > size || table_len > size - table) {
        err_set(err, "%s is a Network Monitor file without its frame table, which stands at the end: the file is cut", c->path);
        return false;
    }
    c->next = netmon_next;
    return true;
}
