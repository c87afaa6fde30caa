/* pcapng_parts.h - inside of pcapng writing: numbers of the format, and bytes that go out as they are. */
#ifndef DISSECT_PCAPNG_PARTS_H
#define DISSECT_PCAPNG_PARTS_H

#include "tlswhy/pcapng.h"
#include "tlswhy/reader.h"

enum {
    BLOCK_SECTION = 0x0a0d0d0a, BLOCK_INTERFACE = 1, BLOCK_OLD_PACKET = 2, BLOCK_SIMPLE_PACKET = 3, BLOCK_NAMES = 4, BLOCK_STATISTICS = 5,
    BLOCK_PACKET = 6, BLOCK_SECRETS = 10, BLOCK_CUSTOM = 0xbad, /* draft-ietf-opsawg-pcapng section 4 */
    ORDER_MAGIC = 0x1a2b3c4d, SECRETS_TLS_KEY_LOG = 0x544c534b, OPT_END = 0, OPT_COMMENT = 1, PCAPNG_COMMENT_MAX = 65000
};

static inline uint32_t pcapng_padded(size_t n) { return (uint32_t)((n + 3) & ~(size_t)3); }
void pcapng_raw(struct pcapng_writer *w, const void *p, size_t n);
/* A section of our own begins, or is over: blocks of somebody else's follow. */
void pcapng_section(struct pcapng_writer *w);
void pcapng_section_over(struct pcapng_writer *w);

#endif
