#include "tlswhy/base.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static void err_vset(struct err *err, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
static void err_vset(struct err *err, const char *fmt, va_list ap)
{
    if (err != NULL && err->text[0] == '\0')
        vsnprintf(err->text, sizeof err->text, fmt, ap);
}

void err_set(struct err *err, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    err_vset(err, fmt, ap);
    va_end(ap);
}

void err_sys(struct err *err, const char *fmt, ...)
{
    int     number = errno;
    va_list ap;
    if (err == NULL || err->text[0] != '\0')
        return;
    va_start(ap, fmt);
    err_vset(err, fmt, ap);
    va_end(ap);
    size_t n = strlen(err->text);
    snprintf(err->text + n, sizeof err->text - n, ": %s", strerror(number));
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static struct last_act *last_acts;

void last_act_add(struct last_act *l)
{
    l->older = last_acts;
    last_acts = l;
}

void last_act_remove(const struct last_act *l)
{
    struct last_act **at = &last_acts;
    while (*at != NULL && *at != l)
        at = &(*at)->older;
    if (*at != NULL)
        *at = l->older;
}

/* Said with write(2): nothing here may ask for memory. Acts are taken off before they are done: one that fails is not tried again. */
_Noreturn void mem_fail(void)
{
    static const char line[] = "tlswhy: out of memory; read a smaller capture, or lower --memory\n";
    for (struct last_act *l; (l = last_acts) != NULL;) {
        last_acts = l->older;
        l->act(l->ctx);
    }
    fflush(stdout);
    ssize_t ignored = write(STDERR_FILENO, line, sizeof line - 1);
    (void)ignored;
    _exit(2);
}

void *mem_get(size_t n, size_t size)
{
    void *p = calloc(n != 0 ? n : 1, size != 0 ? size : 1); /* calloc checks the product */
    if (p == NULL)
        mem_fail();
    return p;
}

void *mem_grow(void *p, size_t n, size_t size)
{
    size_t bytes = 0;
    if (__builtin_mul_overflow(n != 0 ? n : 1, size != 0 ? size : 1, &bytes) || (p = realloc(p, bytes)) == NULL)
        mem_fail();
    return p;
}

/* Blocks of the common size come from a pool: most arenas are small, and many live and die each second. Blocks grow
 * once an arena is no longer small. Nothing is zeroed before it is handed out. */
struct arena_block {
    struct arena_block *next;
    size_t              size, used;
    max_align_t         data[];
};

enum { COMMON_BLOCK = 2048 - sizeof(struct arena_block), SMALL_ARENA = 8 * 1024, LARGEST_BLOCK = 64 * 1024 };
static _Thread_local struct pool blocks = { .size = sizeof(struct arena_block) + COMMON_BLOCK };

static struct arena_block *block_new(size_t size)
{
    struct arena_block *b = NULL;
    if (size == COMMON_BLOCK)
        b = pool_take(&blocks);
    else if (size > SIZE_MAX - sizeof *b || (b = malloc(sizeof *b + size)) == NULL)
        mem_fail();
    else
        memory_note(sizeof *b + size, 0);
    b->size = size;
    b->used = 0;
    return b;
}

static void block_free(struct arena_block *b)
{
    if (b->size == COMMON_BLOCK) {
        pool_put(&blocks, b);
        return;
    }
    memory_note(0, sizeof *b + b->size);
    free(b);
}

/* A new block with room for `size`; an outsized piece goes behind the current one, which may still have room. */
static struct arena_block *arena_grow(struct arena *a, size_t size)
{
    struct arena_block *b = a->blocks;
    size_t              want = a->used < SMALL_ARENA || b == NULL ? COMMON_BLOCK : b->size < LARGEST_BLOCK / 2 ? b->size * 2 : LARGEST_BLOCK;
    struct arena_block *fresh = block_new(want < size ? size : want);
    if (b != NULL && size > b->size / 4 && b->size - b->used > size / 4 && want < size) {
        fresh->next = b->next;
        b->next = fresh;
    } else {
        fresh->next = b;
        a->blocks = fresh;
    }
    return fresh;
}

/* Not zeroed. */
static void *arena_take(struct arena *a, size_t size, size_t align)
{
    struct arena_block *b = a->blocks;
    size_t              at = b != NULL ? (b->used + align - 1) & ~(align - 1) : 0;
    assert(align != 0 && (align & (align - 1)) == 0 && align <= _Alignof(max_align_t));
    if (b == NULL || at > b->size || size > b->size - at) {
        b = arena_grow(a, size);
        at = 0;
    }
    b->used = at + size;
    a->used += size;
    return (uint8_t *)b->data + at;
}

void *arena_get(struct arena *a, size_t size, size_t align)
{
    return memset(arena_take(a, size, align), 0, size);
}

void *arena_room_n(struct arena *a, size_t n, size_t size, size_t align)
{
    size_t bytes = 0;
    if (__builtin_mul_overflow(n, size, &bytes))
        mem_fail();
    return n != 0 ? arena_take(a, bytes, align) : NULL;
}

void *arena_get_n(struct arena *a, size_t n, size_t size, size_t align)
{
    void *p = arena_room_n(a, n, size, align);
    return n != 0 ? memset(p, 0, n * size) : NULL;
}

void *arena_copy(struct arena *a, const void *p, size_t n)
{
    char *copy = arena_take(a, n + 1, 1);
    if (n != 0)
        memcpy(copy, p, n);
    copy[n] = '\0';
    return copy;
}

char *arena_str(struct arena *a, const char *s) { return arena_copy(a, s, strlen(s)); }

char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
    char    small[512]; /* most texts: formatted once, then copied */
    va_list again;
    va_copy(again, ap);
    assert(fmt != NULL);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    assert(n >= 0);
    char *s = arena_take(a, (size_t)n + 1, 1);
    if ((size_t)n < sizeof small)
        memcpy(s, small, (size_t)n + 1);
    else
        vsnprintf(s, (size_t)n + 1, fmt, again);
    va_end(again);
    return s;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *s = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return s;
}

size_t arena_size(const struct arena *a)
{
    size_t sum = 0;
    for (const struct arena_block *b = a->blocks; b != NULL; b = b->next)
        sum += sizeof *b + b->size;
    return sum;
}

void arena_free(struct arena *a)
{
    struct arena_block *b = a->blocks;
    while (b != NULL) {
        struct arena_block *next = b->next;
        block_free(b);
        b = next;
    }
    *a = (struct arena){ 0 };
}

struct hash_key hash_key_random(void)
{
    struct hash_key key = { { 0 } };
    /* Without the system call a key from the clock is still unknown to whoever wrote the capture. */
    if (getrandom(&key, sizeof key, GRND_NONBLOCK) != (ssize_t)sizeof key) {
        struct timespec t = { 0 };
        clock_gettime(CLOCK_REALTIME, &t);
        key.k[0] = (uint64_t)t.tv_nsec * UINT64_C(0x9e3779b97f4a7c15);
        key.k[1] = (uint64_t)t.tv_sec ^ (uint64_t)getpid() << 32;
    }
    return key;
}

static inline uint64_t word64(const uint8_t *p)
{
    uint64_t w;
    memcpy(&w, p, sizeof w);
    return w;
}

static inline uint32_t word32(const uint8_t *p)
{
    uint32_t w;
    memcpy(&w, p, sizeof w);
    return w;
}

/* One multiplication for 16 bytes (as wyhash does it); both factors depend on the key, which nobody outside knows. Of much, two
 * products are under way at a time. The last words may overlap: the length is part of the hash. */
uint64_t hash_bytes(const struct hash_key *key, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    const uint64_t k = key->k[1];
    uint64_t       h = key->k[0] ^ n, other = key->k[0], a = 0, b = 0;
    if (n > 32) {
        for (; n > 32; n -= 32, p += 32) {
            h = hash_fold(word64(p) ^ k, word64(p + 8) ^ h);
            other = hash_fold(word64(p + 16) ^ k, word64(p + 24) ^ other);
        }
        h ^= other;
    }
    for (; n > 16; n -= 16, p += 16)
        h = hash_fold(word64(p) ^ k, word64(p + 8) ^ h);
    if (n >= 8)
        a = word64(p), b = word64(p + n - 8);
    else if (n >= 4)
        a = word32(p), b = word32(p + n - 4);
    else if (n != 0)
        a = p[0] | (uint64_t)p[n / 2] << 8 | (uint64_t)p[n - 1] << 16;
    h = hash_fold(a ^ k, b ^ h);
    return hash_fold(h ^ key->k[0], k | 1);
}
