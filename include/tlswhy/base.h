/* base.h - what every file uses: our own errors, memory that lives and dies together, sizes.
 *
 * Errors: `struct err` is for trouble of our own (unreadable file, wrong option, no memory). What a peer
 *         or the path did wrong is data, never an err.
 * Owns:   what an arena gives is freed with the arena, all at once; nothing in it is freed alone. */
#ifndef TLSWHY_BASE_H
#define TLSWHY_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* One sentence: what failed, where, what to do next. An empty `text` means no error. The first error
 * stays: a later one does not overwrite it. */
struct err {
    char text[512];
};

void err_set(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The same, with ": " and the text of errno behind it. */
void err_sys(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Borrowed bytes: never freed through this. p == NULL means absent; n == 0 with p != NULL means empty. */
struct bytes {
    const uint8_t *p;
    size_t         n;
};

struct byte_list {
    const struct bytes *v; /* NULL = not there */
    size_t              n;
};

bool bytes_equal(struct bytes a, struct bytes b);

/* Memory for one thing of many parts (a handshake, a report). Zeroed. Running out of memory ends the
 * program with one sentence and exit code 2 (see mem_fail): a half-built observation would lie. */
struct arena {
    struct arena_block *blocks; /* newest first; private */
    size_t              used;   /* bytes handed out, for --memory */
};

void *arena_get(struct arena *a, size_t size, size_t align);
/* n objects of a type; NULL only for n == 0. The product is checked for overflow. */
void *arena_get_n(struct arena *a, size_t n, size_t size, size_t align);
#define ARENA_NEW(a, type) ((type *)arena_get((a), sizeof(type), _Alignof(type)))
#define ARENA_NEW_N(a, n, type) ((type *)arena_get_n((a), (n), sizeof(type), _Alignof(type)))
/* The same, but not zeroed: for lists that are filled at once. */
void *arena_room_n(struct arena *a, size_t n, size_t size, size_t align);
#define ARENA_ROOM_N(a, n, type) ((type *)arena_room_n((a), (n), sizeof(type), _Alignof(type)))

/* A copy of n bytes with a NUL behind them (not counted). */
void *arena_copy(struct arena *a, const void *p, size_t n);
char *arena_str(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
void  arena_free(struct arena *a); /* frees all; the arena is empty and usable again */
size_t arena_size(const struct arena *a); /* of its blocks, used or not */

/* malloc, calloc and realloc that cannot return NULL for n > 0: they end the program as above. */
void *mem_get(size_t n, size_t size);
void *mem_grow(void *p, size_t n, size_t size);
_Noreturn void mem_fail(void);

/* What is still done when memory has run out, the newest first: what was found is written, what was half written goes. It must
 * not ask for memory. The struct is the caller's, and stays where it is until it is taken off. */
struct last_act {
    void (*act)(void *ctx);
    void            *ctx;
    struct last_act *older; /* private */
};
void last_act_add(struct last_act *l);
void last_act_remove(const struct last_act *l); /* NULL, or one that was never added, is fine */

/* Things of one size of which many come and go: what was put back is given again, so that memory in the cache is used
 * first. The memory stays with the pool to the end of the program, so a pool is a static of its thread; zeros with `size`
 * set are ready. At most a megabyte a thing. */
struct pool {
    size_t size;
    void  *first; /* private */
};
void *pool_get(struct pool *p); /* zeroed */
void *pool_take(struct pool *p); /* as it is */
void  pool_put(struct pool *p, void *thing); /* NULL is fine */

/* A large piece, as it is. */
enum { PIECE_SIZE = 2 * 1024 * 1024 };
void *piece_get(void);
void  piece_put(void *p); /* NULL is fine */
/* A table of n bytes, zeroed; of whole pieces, where n is a multiple of their size. It goes back to the system at once. */
void *pages_get(size_t n);
void  pages_put(void *p, size_t n); /* NULL is fine */

/* What this thread's pools, arenas and pieces have given out and not got back, and what others noted: --memory is held against it. */
size_t memory_in_use(void);
void   memory_note(size_t got, size_t gone);

/* Keyed 64-bit hash for tables that peers can fill. The key is drawn once a run. */
struct hash_key {
    uint64_t k[2];
};
struct hash_key hash_key_random(void);
uint64_t        hash_bytes(const struct hash_key *key, const void *p, size_t n);

/* Folds 128 bits of a product into 64; a factor that nobody outside knows makes a hash of it. */
static inline uint64_t hash_fold(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide p = (wide)a * b;
    return (uint64_t)p ^ (uint64_t)(p >> 64);
}

/* One more number into a hash that is no secret. */
static inline uint64_t hash_mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

#endif
