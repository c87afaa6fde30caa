/* Cabinets made here: sound, cut, damaged, and those that promise too much. */
#include "tlswhy/cab.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { ROOM = 1 << 20, BLOCK = 32768, CONTENT = 70000 };

struct made {
    uint8_t *p;
    size_t   n;
};

static void put(struct made *m, uint64_t v, size_t width)
{
    for (size_t i = 0; i < width; i++)
        m->p[m->n++] = (uint8_t)(v >> (8 * i));
}

/* The checksum of [MS-CAB], written a second time and another way: byte by byte. */
static uint32_t sum(const uint8_t *p, size_t n, uint32_t seed)
{
    for (size_t i = 0; i < n / 4 * 4; i++)
        seed ^= (uint32_t)p[i] << (8 * (i % 4));
    for (size_t i = n / 4 * 4, rest = n % 4; i < n; i++, rest--)
        seed ^= (uint32_t)p[i] << (8 * (rest - 1));
    return seed;
}

static size_t deflated(const uint8_t *content, size_t at, size_t n, uint8_t *out, size_t cap)
{
    z_stream z = { 0 };
    uint8_t  copy[BLOCK];
    memcpy(copy, content + at, n);
    deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    if (at >= BLOCK)
        deflateSetDictionary(&z, content + at - BLOCK, BLOCK);
    z.next_in = copy;
    z.avail_in = (uInt)n;
    z.next_out = out;
    z.avail_out = (uInt)cap;
    deflate(&z, Z_FINISH);
    size_t got = cap - z.avail_out;
    deflateEnd(&z);
    return got;
}

struct shape {
    unsigned type;      /* 0 none, 1 MSZIP, 3 LZX */
    bool     reserve, checksum;
    size_t   claim;     /* uncompressed size that each block claims; 0 = the true one */
    unsigned folders;   /* that the header claims; 0 = 1 */
};

static struct made cabinet(const struct shape *s, const uint8_t *content, size_t n)
{
    struct made m = { mem_get(ROOM, 1), 0 };
    unsigned    blocks = (unsigned)((n + BLOCK - 1) / BLOCK);
    size_t      header = 36 + (s->reserve ? 4u + 8 : 0), folder = 8 + (s->reserve ? 2u : 0), name = sizeof "authroot.stl";
    size_t      files = header + folder, data = files + 16 + name;
    memcpy(m.p, "MSCF\0\0\0\0", 8);
    m.n = 12; /* size: later */
    put(&m, 0, 4);
    put(&m, files, 4);
    put(&m, 0, 4);
    put(&m, 0x0103, 2);
    put(&m, s->folders != 0 ? s->folders : 1, 2);
    put(&m, 1, 2);
    put(&m, s->reserve ? 4 : 0, 2);
    put(&m, 0, 4);
    if (s->reserve) {
        put(&m, 8, 2);
        put(&m, 2, 1);
        put(&m, 3, 1);
        put(&m, 0x5555555555555555, 8);
    }
    put(&m, data, 4);
    put(&m, blocks, 2);
    put(&m, s->type, 2);
    put(&m, 0, s->reserve ? 2 : 0);
    put(&m, n, 4);
    put(&m, 0, 4);
    put(&m, 0, 2);
    put(&m, 0, 4);
    put(&m, 0x20, 2);
    memcpy(m.p + m.n, "authroot.stl", name);
    m.n += name;
    for (size_t at = 0; at < n; at += BLOCK) {
        size_t   len = n - at < BLOCK ? n - at : BLOCK, packed = len;
        uint8_t *block = m.p + m.n, *to = block + 8 + (s->reserve ? 3 : 0);
        if (s->type == 0)
            memcpy(to, content + at, len);
        else {
            to[0] = 'C';
            to[1] = 'K';
            packed = 2 + deflated(content, at, len, to + 2, BLOCK);
        }
        m.n += 4;
        put(&m, packed, 2);
        put(&m, s->claim != 0 ? s->claim : len, 2);
        uint32_t check = s->checksum ? sum(block + 4, 4, sum(to, packed, 0)) : 0;
        for (size_t i = 0; i < 4; i++)
            block[i] = (uint8_t)(check >> (8 * i));
        m.n = (size_t)(to - m.p) + packed;
    }
    for (size_t i = 0; i < 4; i++)
        m.p[8 + i] = (uint8_t)(m.n >> (8 * i));
    return m;
}

static uint8_t *some_content(void)
{
    uint8_t *p = mem_get(CONTENT, 1);
    uint32_t x = 1;
    for (size_t i = 0; i < CONTENT; i++) { /* compresses to about half, with matches far back */
        x = x * 1103515245 + 12345;
        p[i] = i % 2 == 0 ? (uint8_t)(x >> 16) : (uint8_t)(i / 64);
    }
    return p;
}

static bool reads_back(struct bytes b, const uint8_t *content)
{
    struct arena a = { 0 };
    struct cab   c;
    cab_read(b, &a, &c);
    bool good = c.broken == NULL && c.files == 1 && c.file[0].content.n == CONTENT && memcmp(c.file[0].content.p, content, CONTENT) == 0 &&
                c.file[0].name.n == strlen("authroot.stl");
    arena_free(&a);
    return good;
}

static void sound_ones(void)
{
    static const struct shape t[] = { { .type = 1 }, { .type = 1, .checksum = true }, { .type = 1, .reserve = true, .checksum = true }, { .type = 0, .checksum = true } };
    uint8_t *content = some_content();
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct made m = cabinet(&t[i], content, CONTENT);
        CU_ASSERT(cab_is((struct bytes){ m.p, m.n }));
        CU_ASSERT(reads_back((struct bytes){ m.p, m.n }, content));
        free(m.p);
    }
    free(content);
}

static void cut_anywhere(void)
{
    uint8_t    *content = some_content();
    struct made m = cabinet(&(struct shape){ .type = 1, .checksum = true }, content, CONTENT);
    for (size_t n = 0; n < m.n; n += n < 600 ? 1 : 97) {
        struct arena a = { 0 };
        struct cab   c;
        uint8_t     *exact = mem_get(n + 1, 1); /* so that a read past the end is seen */
        memcpy(exact, m.p, n);
        cab_read((struct bytes){ exact, n }, &a, &c);
        CU_ASSERT_PTR_NOT_NULL(c.broken);
        arena_free(&a);
        free(exact);
    }
    free(content);
    free(m.p);
}

static void flipped_bits(void)
{
    uint8_t    *content = some_content();
    struct made m = cabinet(&(struct shape){ .type = 1, .checksum = true }, content, CONTENT);
    size_t      data = 36 + 8 + 16 + sizeof "authroot.stl", passed = 0;
    for (size_t i = data + 4; i < m.n; i += 53) { /* not in the first checksum itself: 0 there means "none" */
        m.p[i] ^= 1;
        passed += reads_back((struct bytes){ m.p, m.n }, content);
        m.p[i] ^= 1;
    }
    CU_ASSERT_EQUAL(passed, 0);
    free(content);
    free(m.p);
}

static void bombs(void)
{
    uint8_t *zeros = mem_get(CONTENT, 1);
    memset(zeros, 0, CONTENT);
    /* 70,000 zero bytes pack to some hundred: over 64:1, refused before unpacking */
    struct made m = cabinet(&(struct shape){ .type = 1 }, zeros, CONTENT);
    struct arena a = { 0 };
    struct cab   c;
    cab_read((struct bytes){ m.p, m.n }, &a, &c);
    CU_ASSERT(c.broken != NULL && strstr(c.broken, "not unpacked") != NULL);
    CU_ASSERT(a.used < 4096);
    CU_ASSERT(c.files == 1 && c.file[0].content.p == NULL);
    arena_free(&a);
    free(m.p);

    /* 600 blocks that claim 32 KB each: over 16 MB */
    size_t       n = 0;
    struct made  big = { mem_get(ROOM * 4, 1), 0 };
    uint8_t     *content = some_content();
    struct made  one = cabinet(&(struct shape){ .type = 0 }, content, BLOCK);
    memcpy(big.p, one.p, one.n - BLOCK - 8);
    big.n = one.n - BLOCK - 8;
    big.p[40] = 600 & 255;
    big.p[41] = 600 >> 8;
    for (n = 0; n < 600; n++) {
        put(&big, 0, 4);
        put(&big, 1024, 2);
        put(&big, BLOCK, 2);
        memset(big.p + big.n, 0, 1024);
        big.n += 1024;
    }
    cab_read((struct bytes){ big.p, big.n }, &a, &c);
    CU_ASSERT(c.broken != NULL && strstr(c.broken, "not unpacked") != NULL);
    CU_ASSERT(a.used < 4096);
    arena_free(&a);
    free(one.p);
    free(big.p);
    free(content);
    free(zeros);
}

static void lies(void)
{
    static const struct shape t[] = { { .type = 1, .claim = 1 }, { .type = 1, .claim = 32769 }, { .type = 1, .claim = 65535 }, { .type = 3 }, { .type = 1, .folders = 9 } };
    uint8_t *content = some_content();
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct made  m = cabinet(&t[i], content, CONTENT);
        struct arena a = { 0 };
        struct cab   c;
        cab_read((struct bytes){ m.p, m.n }, &a, &c);
        CU_ASSERT_PTR_NOT_NULL(c.broken);
        arena_free(&a);
        free(m.p);
    }
    free(content);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("cab", NULL, NULL);
    CU_add_test(s, "sound cabinets", sound_ones);
    CU_add_test(s, "cut anywhere", cut_anywhere);
    CU_add_test(s, "flipped bits", flipped_bits);
    CU_add_test(s, "bombs", bombs);
    CU_add_test(s, "sizes and folders that lie", lies);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
