/* resolve.h - names to addresses without anybody waiting: what /etc/hosts says, and else the DNS servers of this system
 * (libcares). An address in text is no question and is answered at once.
 *
 * Order:  as the system would take them (RFC 6724), but families in turn, so that the second one tried is reached another
 *         way than the first (RFC 8305 section 4). */
#ifndef TLSWHY_RESOLVE_H
#define TLSWHY_RESOLVE_H

#include "tlswhy/probe.h"

struct resolver;
/* NULL: err says why, in one sentence. */
struct resolver *resolver_new(struct loop *l, struct err *err);
void             resolver_free(struct resolver *r); /* what is not answered by then never is */

/* `list` is yours (free); NULL: err says why, in one sentence. */
typedef void resolve_answer(void *ctx, struct address *list, size_t n, const struct err *err);
/* Answers once, perhaps before it returns, at the latest `timeout_ns` after its turn has come (64 names are asked for at a
 * time). `family`: AF_UNSPEC, AF_INET or AF_INET6. */
void             resolve(struct resolver *r, const char *host, uint16_t port, int family, int64_t timeout_ns, resolve_answer *answer, void *ctx);

/* A numeric address, with this port. False: it is none. */
bool             address_in_text(const char *s, uint16_t port, struct address *out);

/* Puts the families in turn, the first of the list's first. */
void             addresses_in_turn(struct address *list, size_t n);

#endif
