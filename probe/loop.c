#include "tlswhy/loop.h"

#include "tlswhy/text.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { AT_A_TIME = 256 };

struct loop {
    int                epoll;
    size_t             polled;     /* watches with an fd */
    struct watch     **heap;       /* [1..n], the soonest first */
    size_t             n, cap;
    struct epoll_event ready[AT_A_TIME];
};

int64_t loop_now(void) { return time_steady(); }

struct loop *loop_new(void)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0)
        return NULL;
    struct loop *l = mem_get(1, sizeof *l);
    l->epoll = fd;
    return l;
}

void loop_free(struct loop *l)
{
    if (l == NULL)
        return;
    close(l->epoll);
    free(l->heap);
    free(l);
}

/* ------------------------------------------------------------------------------------ moments */

static void put(struct loop *l, size_t at, struct watch *w)
{
    l->heap[at] = w;
    w->heap_at = at;
}

static void rise(struct loop *l, size_t at, struct watch *w)
{
    for (; at > 1 && l->heap[at / 2]->due > w->due; at /= 2)
        put(l, at, l->heap[at / 2]);
    put(l, at, w);
}

static void sink(struct loop *l, size_t at, struct watch *w)
{
    for (size_t child; (child = 2 * at) <= l->n; at = child) {
        if (child < l->n && l->heap[child + 1]->due < l->heap[child]->due)
            child++;
        if (l->heap[child]->due >= w->due)
            break;
        put(l, at, l->heap[child]);
    }
    put(l, at, w);
}

static void place(struct loop *l, size_t at, struct watch *w)
{
    if (at > 1 && l->heap[at / 2]->due > w->due)
        rise(l, at, w);
    else
        sink(l, at, w);
}

static void take_out(struct loop *l, struct watch *w)
{
    size_t        at = w->heap_at;
    struct watch *last = l->heap[l->n--];
    w->heap_at = 0;
    if (last != w)
        place(l, at, last);
}

void loop_due(struct loop *l, struct watch *w, int64_t at)
{
    w->due = at;
    if (w->heap_at != 0 && at == INT64_MAX) {
        take_out(l, w);
    } else if (w->heap_at != 0) {
        place(l, w->heap_at, w);
    } else if (at != INT64_MAX) {
        if (l->n + 2 > l->cap) {
            l->cap = l->cap != 0 ? 2 * l->cap : 64;
            l->heap = mem_grow(l->heap, l->cap, sizeof(struct watch *));
        }
        rise(l, ++l->n, w);
    }
}

/* ------------------------------------------------------------------------------------ sockets */

static bool control(struct loop *l, struct watch *w, int how)
{
    struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = w };
    return epoll_ctl(l->epoll, how, w->fd, &ev) == 0;
}

bool loop_poll(struct loop *l, struct watch *w)
{
    w->polled = control(l, w, EPOLL_CTL_ADD);
    l->polled += w->polled;
    return w->polled;
}

bool loop_again(struct loop *l, struct watch *w) { return control(l, w, EPOLL_CTL_MOD); }

/* All but telling the kernel. */
static void leave(struct loop *l, struct watch *w)
{
    if (w->heap_at != 0)
        take_out(l, w);
    if (w->ready_at != 0)
        l->ready[w->ready_at - 1].data.ptr = NULL;
    w->ready_at = 0;
    l->polled -= w->polled;
    w->polled = false;
}

void loop_forget(struct loop *l, struct watch *w)
{
    if (w->polled)
        epoll_ctl(l->epoll, EPOLL_CTL_DEL, w->fd, NULL);
    leave(l, w);
}

void loop_close(struct loop *l, struct watch *w)
{
    leave(l, w);
    if (w->fd >= 0)
        close(w->fd); /* nobody else has it: epoll lets it go by itself */
    w->fd = -1;
}

static unsigned what_of(uint32_t events)
{
    unsigned bad = (events & (EPOLLERR | EPOLLHUP)) != 0 ? LOOP_IN | LOOP_OUT | LOOP_HUP : 0;
    return bad | ((events & EPOLLIN) != 0 ? LOOP_IN : 0) | ((events & EPOLLOUT) != 0 ? LOOP_OUT : 0) |
           ((events & EPOLLRDHUP) != 0 ? LOOP_IN | LOOP_HUP : 0);
}

/* ------------------------------------------------------------------------------------ the step */

static int wait_ms(const struct loop *l, int64_t until)
{
    enum { LONGEST = 60000 };
    int64_t first = l->n > 0 && l->heap[1]->due < until ? l->heap[1]->due : until, now = first == INT64_MAX ? 0 : loop_now();
    if (first <= now)
        return 0;
    int64_t ms = (first - now - 1) / 1000000 + 1;
    return ms > LONGEST ? LONGEST : (int)ms;
}

static void tell_ready(struct loop *l, int n)
{
    for (int i = 0; i < n; i++)
        ((struct watch *)l->ready[i].data.ptr)->ready_at = (size_t)i + 1;
    for (int i = 0; i < n; i++) {
        struct watch *w = l->ready[i].data.ptr;
        if (w == NULL)
            continue;
        w->ready_at = 0;
        w->call(w->ctx, what_of(l->ready[i].events));
    }
}

static void tell_due(struct loop *l)
{
    int64_t now = l->n > 0 ? loop_now() : 0;
    while (l->n > 0 && l->heap[1]->due <= now) {
        struct watch *w = l->heap[1];
        take_out(l, w);
        w->call(w->ctx, LOOP_DUE);
    }
}

bool loop_step(struct loop *l, int64_t until)
{
    if (l->polled == 0 && l->n == 0)
        return false;
    int n = epoll_wait(l->epoll, l->ready, AT_A_TIME, wait_ms(l, until));
    tell_ready(l, n > 0 ? n : 0); /* EINTR: as if nothing had happened */
    tell_due(l);
    return true;
}
