/* html.h - one self-contained page: sums with the causes as a chart, then each failed handshake with its verdict, a ladder, the
 * offer beside the answer, the chain as a picture, and the fix. No script, nothing from the network (its own CSP says so).
 *
 * Outside bytes are made harmless twice: as in every output, and for markup.
 * Bounds: 1,000 handshakes in full and 16 MB of page; the rest is counted and stands in the table. */
#ifndef TLSWHY_HTML_H
#define TLSWHY_HTML_H

#include "tlswhy/report.h"

struct html;
struct html *html_new(void);
void         html_free(struct html *p);
void         html_handshake(struct html *p, struct handshake *h, const struct finding *f);
/* The whole page. `title`: what was read or asked. `groups` may be NULL. */
void         html_page(struct html *p, const char *title, const struct summary *s, struct group_table *groups, struct text *out);
/* Text for markup: & < > " become references, so it can stand between tags and in attributes with double quotes. It must be
 * free of control characters already. */
void         html_text(struct text *t, const char *s);

#endif
