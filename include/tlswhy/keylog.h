/* keylog.h - secrets that a client or server wrote down: key logs in the format of NSS (draft-ietf-tls-keylogfile),
 * from a file (SSLKEYLOGFILE) or from the Decryption Secrets Blocks of a pcapng file.
 *
 *     observer_secrets(o, keylog_secrets, keylog)
 *
 * A line is a label, the ClientHello's random and a secret, both in hex. Comments, blank and unknown lines, CRLF and
 * the labels that nothing here needs (RSA, EXPORTER_SECRET, ...) are passed over. The first secret of a label stays.
 * Bounds: files of 64 MB, 1,000,000 lines in all; what is beyond them is left out.
 * Owns:   copies of the secrets, wiped by keylog_free. They are never printed. */
#ifndef TLSWHY_KEYLOG_H
#define TLSWHY_KEYLOG_H

#include "tlswhy/tls13.h"

enum { KEYLOG_FILE_MAX = 64 << 20, KEYLOG_LINES_MAX = 1000000 };

struct keylog;
struct keylog *keylog_new(void);
void           keylog_free(struct keylog *k);
/* Takes the lines of a text; an unfinished last line counts. Gives how many of them are of the format. */
size_t         keylog_learn(struct keylog *k, struct bytes text);
/* Takes what a growing text (capture_facts()->secrets) has more than `taken` bytes. True: there was something. */
bool           keylog_follow(struct keylog *k, struct bytes text, size_t *taken);
/* Takes a file. False: err says why; a file with text of another kind is an error, an empty one is not. */
bool           keylog_read(struct keylog *k, const char *path, struct err *err);
/* Of how many handshakes it holds secrets. */
size_t         keylog_handshakes(const struct keylog *k);
/* A secrets_source (observe.h); `keylog` is a struct keylog. */
bool           keylog_secrets(void *keylog, const struct handshake *h, struct tls13_secrets *out);

#endif
