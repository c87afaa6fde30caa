/* writer.h - bounded writing of big-endian numbers and length-prefixed vectors (RFC 8446 section 3), the reader's mirror.
 *
 *     size_t list = wr_begin(&w, 2);     two bytes for the length
 *     wr_u16(&w, 0x1301);
 *     wr_end(&w, list, 2);               now they hold it
 *
 * Errors: what does not fit is left out and sets `full`; ask once, at the end. */
#ifndef TLSWHY_WRITER_H
#define TLSWHY_WRITER_H

#include "tlswhy/base.h"

#include <string.h>

struct writer {
    uint8_t *p;
    size_t   n, cap;
    bool     full; /* something did not fit, or a vector is too long for its length */
};

static inline void wr_bytes(struct writer *w, const void *p, size_t n)
{
    if (w->full || n > w->cap - w->n) {
        w->full = true;
        return;
    }
    if (n != 0)
        memcpy(w->p + w->n, p, n);
    w->n += n;
}

static inline void wr_uint(struct writer *w, size_t width, uint64_t v)
{
    uint8_t b[8];
    for (size_t i = 0; i < width; i++)
        b[i] = (uint8_t)(v >> 8 * (width - 1 - i));
    wr_bytes(w, b, width);
}

static inline void wr_u8(struct writer *w, unsigned v) { wr_uint(w, 1, v); }
static inline void wr_u16(struct writer *w, unsigned v) { wr_uint(w, 2, v); }

static inline size_t wr_begin(struct writer *w, size_t width)
{
    size_t here = w->n;
    wr_uint(w, width, 0);
    return here;
}

static inline void wr_end(struct writer *w, size_t begin, size_t width)
{
    if (w->full)
        return;
    size_t len = w->n - begin - width;
    for (size_t i = 0; i < width; i++)
        w->p[begin + i] = (uint8_t)(len >> 8 * (width - 1 - i));
    w->full = width < sizeof len && len >> 8 * width != 0;
}

#endif
