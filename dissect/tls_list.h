/* tls_list.h - lists of numbers and of vectors, read into the arena. For dissect/tls_*.c alone. */
#ifndef TLSWHY_TLS_LIST_H
#define TLSWHY_TLS_LIST_H

#include "tlswhy/tls.h"

/* All of `r` as 16-bit numbers; never NULL, so that an empty list is told from none. */
static inline struct u16s list_u16(struct reader r, struct arena *a, const char **malformed)
{
    size_t    n = rd_left(&r) / 2;
    uint16_t *v = ARENA_ROOM_N(a, n + 1, uint16_t);
    const uint8_t *b = n != 0 ? rd_bytes(&r, n * 2, "list entry") : NULL;
    for (size_t i = 0; i < n; i++)
        v[i] = be16(b + 2 * i);
    if ((r.want != NULL || rd_left(&r) != 0) && *malformed == NULL)
        *malformed = r.want != NULL ? r.want : "odd list length";
    return (struct u16s){ v, n };
}

/* All of `r` as vectors with a length of `width` bytes; at most `max` are kept. `all` counts them (may be NULL). */
static inline struct byte_list list_vec(struct reader r, size_t width, size_t max, struct arena *a, size_t *all,
                                        const char **malformed)
{
    struct reader count = r;
    size_t        n = 0;
    while (rd_more(&count)) {
        rd_vec(&count, width, "list entry");
        n += count.want == NULL;
    }
    if (all != NULL)
        *all = n;
    if (count.want != NULL && *malformed == NULL)
        *malformed = count.want;
    n = n < max ? n : max;
    struct bytes *v = ARENA_ROOM_N(a, n + 1, struct bytes);
    for (size_t i = 0; i < n; i++) {
        struct reader one = rd_vec(&r, width, "list entry");
        v[i] = rd_rest(&one);
    }
    return (struct byte_list){ v, n };
}

#endif
