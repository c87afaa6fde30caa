/* record.h - a probe's conversations as a capture (pcapng): the real bytes in IP and TCP headers made for them, with sequence
 * numbers, times and checksums; its TLS 1.3 secrets; and marks for what packets do not show (marks.h).
 *
 * Link type RAW. A refusal is a RST, an error of the way an ICMP message, a timeout an answer that is missing. What comes
 * from no packet is made up: initial sequence numbers, windows, TTL 64. Passwords for proxies are replaced by '*'.
 * Frames are numbered as probe.h says, over all connections. */
#ifndef TLSWHY_RECORD_H
#define TLSWHY_RECORD_H

#include "tlswhy/handshake.h"
#include "tlswhy/marks.h"
#include "tlswhy/tls13.h"

struct recording;

/* NULL: err says why. The file takes its place at the end (pcapng.h). */
struct recording    *recording_new(const char *path, struct err *err);
uint64_t           *recording_frames(struct recording *r); /* how many there are: whoever tells of one counts it */
/* The first SYN of a connection; then everything that the observer is told, after it was told. */
void                recording_syn(struct recording *r, const struct wire_event *ev);
void                recording_take(struct recording *r, const struct wire_event *ev);
/* The secrets of a handshake, before the event that they open is taken. */
void                recording_secrets(struct recording *r, const struct handshake *h, const struct tls13_secrets *s);
void                recording_mark(struct recording *r, const struct mark *m);
/* Ends the file, and frees r. False: err says why. */
bool                recording_finish(struct recording *r, struct err *err);

/* Replaces the values of Authorization and Proxy-Authorization headers (RFC 9110 section 11) but for their scheme. */
void                mask_credentials(uint8_t *p, size_t n);

#endif
