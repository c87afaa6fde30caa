#include "tlswhy/base.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define __SANITIZE_ADDRESS__
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
enum { CARVED = 0 }; /* each thing on its own, so that late uses show, and uses of what was left there */
#else
enum { CARVED = 1 };
#endif

enum { SMALL = 64 * 1024, SMALLS = 16, HUGE_PAGE = PIECE_SIZE, ALIGN = 16 };

/* What is left of the newest piece of memory. A small run gets small pieces; a large one pieces that the kernel may
 * make of huge pages: one fault for all of it, and far fewer address translations. */
static _Thread_local struct {
    char  *at;
    size_t left, pieces;
} room;

/* `n` is a multiple of HUGE_PAGE. */
static char *huge_pages(size_t n)
{
    char *p = mmap(NULL, n + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    size_t before = (HUGE_PAGE - (uintptr_t)p % HUGE_PAGE) % HUGE_PAGE, after = HUGE_PAGE - before;
    if (before != 0)
        munmap(p, before);
    if (after != 0)
        munmap(p + before + n, after);
    madvise(p + before, n, MADV_HUGEPAGE); /* a hint; without it all is well, only slower */
    return p + before;
}

static _Thread_local size_t in_use;

size_t memory_in_use(void) { return in_use; }
void   memory_note(size_t got, size_t gone) { in_use += got - gone; }

/* The one that was put back last: used again, it need not be cleared by the kernel. */
static _Thread_local void *spare;

void *piece_get(void)
{
    void *p = spare != NULL ? spare : huge_pages(PIECE_SIZE);
    if (p == NULL)
        mem_fail();
    spare = NULL;
    memory_note(PIECE_SIZE, 0);
    return p;
}

void piece_put(void *p)
{
    if (p == NULL)
        return;
    memory_note(0, PIECE_SIZE);
    if (CARVED && spare == NULL)
        spare = p;
    else
        munmap(p, PIECE_SIZE);
}

void *pages_get(size_t n)
{
    void *p = n % HUGE_PAGE != 0 ? mem_get(n, 1) : huge_pages(n);
    if (p == NULL)
        mem_fail();
    memory_note(n, 0);
    return p;
}

void pages_put(void *p, size_t n)
{
    if (p == NULL)
        return;
    memory_note(0, n);
    if (n % HUGE_PAGE != 0)
        free(p);
    else
        munmap(p, n);
}

static void *carve(size_t size)
{
    size = (size + ALIGN - 1) / ALIGN * ALIGN;
    if (size > room.left) {
        bool small = room.pieces < SMALLS && size <= SMALL;
        room.left = small ? SMALL : HUGE_PAGE;
        room.at = small ? malloc(SMALL) : huge_pages(HUGE_PAGE);
        room.pieces++;
        if (room.at == NULL)
            mem_fail();
    }
    void *p = room.at;
    room.at += size;
    room.left -= size;
    return p;
}

void *pool_take(struct pool *p)
{
    void *thing = p->first;
    memory_note(p->size, 0);
    if (thing != NULL)
        memcpy(&p->first, thing, sizeof p->first);
    else if (CARVED)
        thing = carve(p->size);
    else if ((thing = malloc(p->size)) == NULL)
        mem_fail();
    return thing;
}

void *pool_get(struct pool *p) { return memset(pool_take(p), 0, p->size); }

void pool_put(struct pool *p, void *thing)
{
    if (thing == NULL)
        return;
    memory_note(0, p->size);
    if (!CARVED) {
        free(thing);
        return;
    }
    memcpy(thing, &p->first, sizeof p->first);
    p->first = thing;
}
