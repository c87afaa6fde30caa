/* http.h - the head of an HTTP/1 message (RFC 9112 section 2.1), shared by the prelude machine and the fetches. */
#ifndef TLSWHY_DISSECT_HTTP_H
#define TLSWHY_DISSECT_HTTP_H

#include "tlswhy/base.h"

/* Length of the header block with its empty line; 0 = not all of it is here. */
size_t http_head(struct bytes in);
/* The next header of a block whose first line was taken off: name without colon, value trimmed. False: there is none. */
bool   http_header(struct bytes *block, struct bytes *name, struct bytes *value);
/* "HTTP/1.1 407 Proxy ...": the number, 0 = none. */
int    http_status(struct bytes line);

#endif
