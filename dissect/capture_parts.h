/* capture_parts.h - inside of the capture reader: one buffer, and one function a file format. */
#ifndef DISSECT_CAPTURE_PARTS_H
#define DISSECT_CAPTURE_PARTS_H

#include "tlswhy/capture.h"
#include "tlswhy/reader.h"

#include <zlib.h>

enum { LARGEST_PACKET = 16 * 1024 * 1024, LARGEST_KEPT = 1024 * 1024, LARGEST_MARKS = 16 * 1024 * 1024, INTERFACES_MAX = 4096 };

struct capture_interface {
    uint32_t linktype, snaplen;
    uint64_t units;     /* ticks a second */
    int64_t  offset_ns; /* if_tsoffset */
    uint64_t dropped;   /* latest statistics */
};

struct capture {
    const char *path;
    gzFile      gz;      /* undoes gzip, or passes plain files through; NULL = memory */
    uint8_t    *buf;     /* NULL = memory */
    size_t      cap;
    const uint8_t *p, *end; /* what was read and not taken yet */
    bool        ended;   /* the source has no more */
    bool        swapped; /* file's byte order is not little-endian */
    bool      (*next)(struct capture *c, struct packet *p, struct err *err);
    bool      (*at_hand)(const struct capture *c); /* is what comes next a packet, whole in the buffer? NULL = nobody knows */
    bool        over;    /* `next` has given false */
    struct capture_facts facts;
    struct capture_interface *interface;
    size_t      interfaces, interface_cap;
    uint32_t    record_extra; /* classic pcap: bytes of a record header beyond 16 */
    struct kept {
        uint8_t *p;
        size_t   n;
    } secrets, marks, names; /* names: address length, address, length of the name in two bytes, name; one behind another */
    uint64_t    stats_dropped; /* of sections that are over */
    int64_t     last_ns;
    void      (*tap)(void *ctx, struct bytes block, const struct packet *p); /* is shown each pcapng block as it stands; NULL = nobody */
    void       *tap_ctx;
    size_t      frames_taken; /* Network Monitor: entries of its frame table */
};

static inline size_t capture_left(const struct capture *c) { return (size_t)(c->end - c->p); }
/* At least n bytes at c->p. False: the source ends before (c->end - c->p tells how many there are). */
bool capture_read(struct capture *c, size_t n, struct err *err);
static inline bool capture_fill(struct capture *c, size_t n, struct err *err) { return capture_left(c) >= n || capture_read(c, n, err); }
static inline uint16_t capture_u16(const struct capture *c, const uint8_t *b) { return c->swapped ? be16(b) : le16(b); }
static inline uint32_t capture_u32(const struct capture *c, const uint8_t *b) { return c->swapped ? be32(b) : le32(b); }
struct capture_interface *capture_add_interface(struct capture *c);
/* Fills the common fields of a packet and counts it. */
void capture_give(struct capture *c, struct packet *p, size_t interface, const uint8_t *data, uint32_t caplen, uint32_t len, int64_t ns);
int64_t capture_ns(const struct capture_interface *i, uint64_t ticks);
uint64_t capture_ticks(const struct capture_interface *i, int64_t ns); /* the way back, rounded down */
/* The file ends here: true if in the middle of something. */
bool capture_over(struct capture *c, bool in_the_middle);

bool pcapng_at_hand(const struct capture *c);
bool pcapng_next(struct capture *c, struct packet *p, struct err *err);
bool netmon_open(struct capture *c, struct err *err); /* Microsoft Network Monitor 2.x */

#endif
