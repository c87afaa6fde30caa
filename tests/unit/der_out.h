/* der_out.h - DER for tests, made from the inside out: bytes first, then the tag and length before them. */
#ifndef TLSWHY_TESTS_DER_OUT_H
#define TLSWHY_TESTS_DER_OUT_H

#include <CUnit/Basic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { DER_OUT_MAX = 256 * 1024 };

struct der_out {
    uint8_t b[DER_OUT_MAX];
    size_t n;
};

static inline void put(struct der_out *o, const void *p, size_t n)
{
    CU_ASSERT_FATAL(o->n + n <= DER_OUT_MAX);
    memcpy(o->b + o->n, p, n);
    o->n += n;
}

static inline void put_hex(struct der_out *o, const char *hex)
{
    unsigned byte;
    for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
        put(o, &(uint8_t){ (uint8_t)byte }, 1);
}

/* Wraps all from `start` on. */
static inline void wrap(struct der_out *o, size_t start, uint8_t tag)
{
    size_t n = o->n - start;
    uint8_t head[5] = { tag, 0x83, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };
    size_t len = n < 128 ? 2 : n < 256 ? 3 : n < 65536 ? 4 : 5; /* as short as can be */
    if (len < 5) {
        head[1] = (uint8_t)(len == 2 ? n : 0x80 + len - 2);
        head[2] = (uint8_t)(len == 3 ? n : n >> 8);
        head[3] = (uint8_t)n;
    }
    put(o, head, len);
    memmove(o->b + start + len, o->b + start, n);
    memcpy(o->b + start, head, len);
}

#endif
