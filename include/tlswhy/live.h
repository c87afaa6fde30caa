/* live.h - packets as they pass an interface.
 *
 * Never blocks and never asks for immediate mode (which loses most packets at high rates): wait with poll(2) on live_fd,
 * take what is there, look in at least every LIVE_TICK_MS. The kernel hands a block of packets over when it is full or
 * LIVE_BLOCK_MS old.
 * Filters: numeric, as in filter.h; the kernel applies them, so what they pass over is not counted anywhere.
 * Memory: packets are borrowed from the ring until the next call. */
#ifndef TLSWHY_LIVE_H
#define TLSWHY_LIVE_H

#include "tlswhy/capture.h"

enum { LIVE_BLOCK_MS = 50, LIVE_TICK_MS = 100 };

struct live;

/* `filter` NULL: everything; `ring`: bytes. NULL: err says why, and what to do (a missing right: the exact command). */
struct live *live_open(const char *interface, const char *filter, size_t ring, struct err *err);
void         live_close(struct live *l);
int          live_fd(const struct live *l);

enum live_state {
    LIVE_PACKET,
    LIVE_NONE, /* for now */
    LIVE_GONE  /* err says what happened to the interface */
};
enum live_state live_next(struct live *l, struct packet *p, struct err *err);

/* Packets so far, and how many the kernel dropped because we were too slow (brought up to date here). */
const struct capture_facts *live_facts(struct live *l);

/* LINK_UNKNOWN: "any" has no link of its own. */
enum live_link { LINK_UNKNOWN, LINK_UP, LINK_DOWN, LINK_GONE };
enum live_link live_link(const struct live *l);

/* One interface that can be captured on. Text is borrowed; `name` NULL past the last. */
struct live_interface {
    const char *name, *about; /* `about` may be NULL */
    bool        up;
    char        addresses[200]; /* the first few; "" = none */
};
struct live_interfaces;
struct live_interfaces *live_list(struct err *err); /* NULL: err */
struct live_interface   live_listed(const struct live_interfaces *l, size_t i);
void                    live_list_free(struct live_interfaces *l);

#endif
