/* dialog.h - what is said before TLS in protocols that start in plain text: a script for each, a row of a table
 * (smtp RFC 3207, lmtp, imap RFC 9051, pop3 RFC 2595, ftp RFC 4217, nntp RFC 4642, sieve RFC 5804, irc, xmpp RFC 6120,
 * ldap RFC 4511 section 4.14, postgres, mysql, rdp [MS-RDPBCGR] 2.2.1.1, mssql [MS-TDS] 2.2.6.5).
 *
 * Pure: bytes heard since the last line was sent go in, what to do comes out. What was refused, and in what words, the
 * observer tells (handshake.h, struct prelude). */
#ifndef TLSWHY_DIALOG_H
#define TLSWHY_DIALOG_H

#include "tlswhy/base.h"

struct dialog; /* one protocol */
const struct dialog *dialog_named(const char *name);     /* NULL: no such protocol */
const struct dialog *dialog_of_port(uint16_t port);      /* NULL: no plain-text start is usual there */
const char          *dialog_name_at(size_t i);           /* NULL past the last */
const char          *dialog_name(const struct dialog *d);
uint16_t             dialog_port(const struct dialog *d);

enum dialog_says { DIALOG_WAIT, DIALOG_SEND, DIALOG_TLS, DIALOG_REFUSED };
/* `step` begins at 0 and is moved on here; `heard` is all that came since the last send. DIALOG_SEND: *out is to be sent (in
 * the arena, or static). */
enum dialog_says dialog_next(const struct dialog *d, size_t *step, struct bytes heard, const char *host, struct arena *a, struct bytes *out);
/* What is to be sent of TLS, in the packets of a protocol that has some around it; for others as it is. In the arena. */
bool         dialog_wraps(const struct dialog *d); /* d may be NULL */
struct bytes dialog_wrap(const struct dialog *d, struct bytes tls, struct arena *a);

#endif
