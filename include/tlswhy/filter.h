/* filter.h - capture filters (pcap-filter(7)), compiled once for each link type of the input.
 *
 * Numeric only: a host, network or port name in a filter would be looked up, and reading a capture touches no
 * network; such a filter is refused with the word that would have resolved. */
#ifndef TLSWHY_FILTER_H
#define TLSWHY_FILTER_H

#include "tlswhy/capture.h"

struct filter;

/* NULL: err says what is wrong with the expression. */
struct filter *filter_new(const char *expression, struct err *err);
void           filter_free(struct filter *f);
/* A link type for which the expression makes no sense ("ether" on raw IP) lets nothing through; `err` says so once. */
bool           filter_passes(struct filter *f, const struct packet *p, struct err *err);

#endif
