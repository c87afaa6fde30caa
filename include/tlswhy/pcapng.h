/* pcapng.h - writing captures (draft-ietf-opsawg-pcapng): packets as they came, with comments; and whole captures again, block
 * by block, with comments added.
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
/* A Decryption Secrets Block with lines of a key log; it serves the packets behind it. */
void                  pcapng_secrets(struct pcapng_writer *w, const char *keylog, size_t n);
/* A Custom Block of this private enterprise number. */
void                  pcapng_custom(struct pcapng_writer *w, uint32_t enterprise, const void *p, size_t n);

/* The comment for a frame, NULL for none; asked for each frame of a capture in order. */
typedef const char *comment_source(void *ctx, uint64_t frame);
/* Copies a capture to its end and closes it. pcapng: every block as it stands, also those that are not understood, so that only
 * a packet with a comment differs (by that option; a Simple Packet Block has none and becomes an Enhanced one) and a section's
 * stated length, which is no longer said. Other formats become a section of packets. What is cut off at the end is
 * left out. False: err says what could not be read; write errors are kept. */
bool                  pcapng_copy(struct pcapng_writer *w, struct capture *c, comment_source *comment, void *ctx, struct err *err);
/* Ends the file and puts it in place. False: err says why, and nothing stands at `path` that was not there before.
 * `keep` false throws it away. Frees w in any case. */
bool                  pcapng_finish(struct pcapng_writer *w, bool keep, struct err *err);

#endif
