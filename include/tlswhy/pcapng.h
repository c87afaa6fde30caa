/* pcapng.h - writing captures (draft-ietf-opsawg-pcapng): packets as they came, with comments.
 *
 * The file is written beside its place and takes it at the end, so a full disk or a crash never leaves a cut
 * file that looks whole. "-" writes to standard output.
 * Units: times in ns since 1970; interfaces are told apart by link type and given out in order of first use. */
#ifndef TLSWHY_PCAPNG_H
#define TLSWHY_PCAPNG_H

#include "tlswhy/capture.h"

struct pcapng_writer;

/* NULL: err says why. */
struct pcapng_writer *pcapng_create(const char *path, struct err *err);
/* `comment` may be NULL. Write errors are kept and told by pcapng_finish. */
void                  pcapng_packet(struct pcapng_writer *w, const struct packet *p, const char *comment);
/* Ends the file and puts it in place. False: err says why, and nothing stands at `path` that was not there before.
 * `keep` false throws it away. Frees w in any case. */
bool                  pcapng_finish(struct pcapng_writer *w, bool keep, struct err *err);

#endif
