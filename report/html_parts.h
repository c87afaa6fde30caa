/* html_parts.h - the pieces of a handshake's section. */
#ifndef TLSWHY_HTML_PARTS_H
#define TLSWHY_HTML_PARTS_H

#include "tlswhy/html.h"

void html_head(struct text *out, const char *title, const char *heading); /* up to the content; `title`: what was read or asked */
void html_foot(struct text *out);
void html_outside(struct text *t, const void *p, size_t n, size_t max); /* outside bytes, at most `max` characters of them */
void html_offer(struct text *t, const struct handshake *h);             /* what the client offered beside what the server took */
void html_chain(struct text *t, const struct handshake *h);             /* the certificates as boxes, the faulty one marked */

#endif
