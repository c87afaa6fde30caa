/* reader.h - bounded reading of borrowed bytes.
 * Units:  lengths and offsets are bytes; `at` counts from the start of this side's stream.
 * Errors: a read past the end gives 0 (or an empty reader), moves nothing, and sets `want` to the name
 *         of the first field that did not fit. Later reads give zeros. Ask once, at the end.
 * Owns:   nothing; the bytes outlive the reader and every reader cut from it.
 * Format: big-endian numbers and length-prefixed vectors, RFC 8446 section 3. */
#ifndef TLSWHY_READER_H
#define TLSWHY_READER_H

#include "tlswhy/base.h"

struct reader {
    const uint8_t *p, *end;
    uint64_t       at;
    const char    *want; /* NULL while every read has fitted */
};

static inline struct reader rd_of(const void *p, size_t n)
{
    const uint8_t *b = p;
    return (struct reader){ .p = b, .end = b != NULL ? b + n : NULL };
}

static inline size_t rd_left(const struct reader *r)
{
    return r->p != NULL ? (size_t)(r->end - r->p) : 0;
}

/* True while there is something left to read and nothing has failed: the condition of every loop. */
static inline bool rd_more(const struct reader *r)
{
    return r->want == NULL && rd_left(r) > 0;
}

static inline const uint8_t *rd_bytes(struct reader *r, size_t n, const char *what)
{
    const uint8_t *here = r->p;
    if (r->want != NULL || here == NULL || n > (size_t)(r->end - here)) {
        r->want = r->want != NULL ? r->want : what;
        return NULL;
    }
    r->p += n;
    r->at += n;
    return here;
}

static inline uint32_t rd_uint(struct reader *r, size_t width, const char *what)
{
    const uint8_t *b = rd_bytes(r, width, what);
    uint32_t       v = 0;
    for (size_t i = 0; b != NULL && i < width; i++)
        v = v << 8 | b[i];
    return v;
}

static inline uint8_t rd_u8(struct reader *r, const char *what) { return (uint8_t)rd_uint(r, 1, what); }
static inline uint16_t rd_u16(struct reader *r, const char *what) { return (uint16_t)rd_uint(r, 2, what); }
static inline uint32_t rd_u24(struct reader *r, const char *what) { return rd_uint(r, 3, what); }
static inline uint32_t rd_u32(struct reader *r, const char *what) { return rd_uint(r, 4, what); }

/* A new reader over the next n bytes, which only it can reach. */
static inline struct reader rd_cut(struct reader *r, size_t n, const char *what)
{
    uint64_t       at = r->at;
    const uint8_t *p = rd_bytes(r, n, what);
    return (struct reader){ .p = p, .end = p != NULL ? p + n : NULL, .at = at, .want = r->want };
}

/* Cuts out a vector: a length of `width` bytes, then the bytes that only the new reader can reach. */
static inline struct reader rd_vec(struct reader *r, size_t width, const char *what)
{
    size_t n = rd_uint(r, width, what);
    return rd_cut(r, n, what);
}

/* All that is left, as borrowed bytes. */
static inline struct bytes rd_rest(struct reader *r)
{
    size_t n = rd_left(r);
    return (struct bytes){ .p = rd_bytes(r, n, ""), .n = n };
}

/* Little-endian numbers from a fixed place: for capture files only; the caller has checked the bounds. */
static inline uint32_t le32(const uint8_t *b) { return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24; }
static inline uint16_t le16(const uint8_t *b) { return (uint16_t)(b[0] | b[1] << 8); }
static inline uint32_t be32(const uint8_t *b) { return (uint32_t)b[3] | (uint32_t)b[2] << 8 | (uint32_t)b[1] << 16 | (uint32_t)b[0] << 24; }
static inline uint16_t be16(const uint8_t *b) { return (uint16_t)(b[0] << 8 | b[1]); }

#endif
