/* recorder.h - the packets of handshakes under way, and of those that failed a capture file each.
 *
 *     recorder_packet(r, &packet, datagram, stream)   every packet of a connection
 *     recorder_failed(r, &handshake, &finding)        its file, the deciding frame with a comment
 *     recorder_forget(r, datagram, stream)            it did not fail, or its file is written
 *
 * Files: DIR/tlswhy-TIME-STREAM-CAUSE.pcapng; when there are more than `keep`, the oldest go, those of earlier runs
 *        included. At most 20 a second; what is beyond them is counted.
 * Bounds: 64 KB and 200 packets a connection, its first; when `memory` bytes are full the oldest connections are
 *        forgotten. */
#ifndef TLSWHY_RECORDER_H
#define TLSWHY_RECORDER_H

#include "tlswhy/pcapng.h"
#include "tlswhy/why.h"

struct recorder;

/* `dir` NULL: no files of their own; `all` NULL: no file of all of them. NULL: err says why. */
struct recorder *recorder_new(const char *dir, size_t keep, struct pcapng_writer *all, size_t memory, struct err *err);
void             recorder_free(struct recorder *r);
void             recorder_packet(struct recorder *r, const struct packet *p, bool datagram, uint32_t stream);
/* `remark` is the comment on the frame that decides. False: err says why the file could not be written. */
bool             recorder_failed(struct recorder *r, const struct handshake *h, const struct finding *f, const char *remark, int64_t steady_ns,
                                 struct err *err);
void             recorder_forget(struct recorder *r, bool datagram, uint32_t stream);
/* Failed handshakes that got no file: too many at once, or their packets were no longer at hand. */
uint64_t         recorder_missed(const struct recorder *r);

#endif
