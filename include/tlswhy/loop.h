/* loop.h - waiting for many things at once: sockets that become ready and moments that come, by epoll(7) and a heap of
 * moments. What it costs does not grow with the number of things that wait.
 *
 * A `struct watch` is a part of its owner's struct, set to zero but for `call`, `ctx` and `fd` (-1: it waits for its moment
 * alone). It may be forgotten and freed at any time, in any call.
 * Edges:  readiness is told once. Read until there is nothing left (a short read without LOOP_HUP is that, too), send until
 *         no more is taken; who stops before says loop_again.
 * Units:  ns of CLOCK_MONOTONIC. */
#ifndef TLSWHY_LOOP_H
#define TLSWHY_LOOP_H

#include "tlswhy/base.h"

enum { LOOP_IN = 1, LOOP_OUT = 2, LOOP_HUP = 4, LOOP_DUE = 8 };

struct watch {
    int    fd;
    void (*call)(void *ctx, unsigned what); /* bits LOOP_*; an error of the socket is LOOP_IN | LOOP_OUT | LOOP_HUP */
    void  *ctx;
    /* the loop's own */
    bool    polled;
    int64_t due;
    size_t  heap_at, ready_at; /* 1..; 0 = in neither */
};

struct loop;
struct loop *loop_new(void); /* NULL: the system gives none, see errno */
void         loop_free(struct loop *l);
int64_t      loop_now(void);
bool         loop_poll(struct loop *l, struct watch *w);  /* its fd is watched from now on. False: see errno */
bool         loop_again(struct loop *l, struct watch *w); /* tells what is ready once more */
void         loop_due(struct loop *l, struct watch *w, int64_t at); /* INT64_MAX: never */
void         loop_forget(struct loop *l, struct watch *w); /* before its fd is closed; nothing of it will be called */
void         loop_close(struct loop *l, struct watch *w);  /* the same, and closes it, which costs less than both */
/* Waits until something is ready or due, at most until `until`, and tells the owners. False: nothing is waited for. */
bool         loop_step(struct loop *l, int64_t until);

#endif
