/* Microsoft Network Monitor 2.x (.cap, "GMBU"): a frame table at the end says where each frame stands, so the file
 * is read whole. Layout as Network Monitor 3.4's own help documents it: a 128-byte header, frames with a time in
 * microseconds since the start, from 2.1 on a media type behind each frame, from 2.3 on also a time in UTC. */
#include "capture_parts.h"

#include "tlswhy/reader.h"
#include "tlswhy/text.h"

#include <stdlib.h>
#include <string.h>

enum { HEADER = 128, LARGEST_FILE = 1 << 30, FRAME_HEADER = 16, TRAILER_23 = 2 + 4 + 8 };
enum { MEDIA_LINKTYPES = 0xe000, MEDIA_NOTES = 0xf000 };
#define UNIX_EPOCH_1601 INT64_C(116444736000000000) /* 1970 in units of 100 ns since 1601 */

/* Media types -> LINKTYPE_. Those from 0xe000 on are LINKTYPE_ numbers; those from 0xf000 on are notes of the program
 * (events, filters, process names), which are no packets. */
static uint32_t link_of(unsigned media)
{
    static const uint32_t links[] = { 1, 1, 6, 10, 0x10004, 0x10005, LINK_NETMON_80211, 101, 101, 101 };
    if (media >= MEDIA_LINKTYPES && media < MEDIA_NOTES)
        return media - MEDIA_LINKTYPES;
    return media < ARRAY_LEN(links) ? links[media] : 0x10000 + media; /* unknown: told with its number */
}

/* The header's time is a date as Windows has it, of any values in a damaged file. */
static int64_t start_time(const uint8_t *b)
{
    int64_t s = time_from_civil(le16(b), le16(b + 2), le16(b + 6), le16(b + 8), le16(b + 10), le16(b + 12));
    return s > -INT64_C(9000000000) && s < INT64_C(9000000000) ? s * NS_PER_S + le16(b + 14) * INT64_C(1000000) : 0;
}

static int64_t frame_time(const uint8_t *base, const uint8_t *frame, const uint8_t *trailer, size_t left)
{
    uint64_t us = (uint64_t)le32(frame) | (uint64_t)le32(frame + 4) << 32;
    if (base[4] >= 3 && left >= TRAILER_23) {
        uint64_t utc = (uint64_t)le32(trailer + 6) | (uint64_t)le32(trailer + 10) << 32;
        int64_t  since = (int64_t)(utc - UNIX_EPOCH_1601);
        if (utc != 0 && since > -(INT64_MAX / 100) && since < INT64_MAX / 100)
            return since * 100;
    }
    int64_t start = start_time(base + 8), ns = 0;
    return us < INT64_MAX / 1000 && !__builtin_add_overflow(start, (int64_t)us * 1000, &ns) ? ns : start;
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

/* The whole file stands in the buffer and nothing is taken from it. */
static bool netmon_next(struct capture *c, struct packet *p, struct err *err)
{
    const uint8_t *base = c->p;
    size_t         size = (size_t)(c->end - base), number = 0, table = le32(base + 24), frames = le32(base + 28) / 4;
    (void)err;
    while (c->frames_taken < frames) {
        size_t at = le32(base + table + 4 * c->frames_taken++);
        if (at > size || size - at < FRAME_HEADER)
            return capture_over(c, true);
        const uint8_t *f = base + at;
        uint32_t       len = le32(f + 8), caplen = le32(f + 12);
        if (caplen > size - at - FRAME_HEADER)
            return capture_over(c, true);
        const uint8_t *trailer = f + FRAME_HEADER + caplen;
        size_t         left = size - at - FRAME_HEADER - caplen;
        unsigned       media = base[4] >= 1 && left >= 2 ? le16(trailer) : le16(base + 6);
        if (media >= MEDIA_NOTES)
            continue;
        if (interface_of(c, link_of(media), &number) == NULL)
            return capture_over(c, true);
        capture_give(c, p, number, f + FRAME_HEADER, caplen, len, frame_time(base, f, trailer, left));
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
