/* capture.h - saved captures: pcap, pcapng, each also gzipped, from a file or standard input.
 *
 * Errors: a file that is no capture, an unreadable file: capture_open or capture_next gives false and
 *         `err` one sentence. A file that ends early is read to its end: capture_next gives false with
 *         `err` empty and `cut_short` says so.
 * Units:  times in ns since 1970, lengths in bytes, frames count from 1 over all packets of one file.
 * Memory: one read buffer; packets are borrowed from it until the next call. No allocation per packet.
 * Format: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng. */
#ifndef TLSWHY_CAPTURE_H
#define TLSWHY_CAPTURE_H

#include "tlswhy/base.h"

/* Not a LINKTYPE_ of the registry: 802.11 behind the header of Network Monitor. */
enum { LINK_NETMON_80211 = 0x10006 };

struct packet {
    const uint8_t *p;
    uint32_t       caplen, len; /* captured and original length; caplen <= len, whatever the file says */
    uint64_t       frame;
    int64_t        ns;
    uint32_t       linktype;    /* LINKTYPE_ of its interface */
    uint32_t       interface;   /* number within the section */
};

struct capture;

/* NULL: err says why. "-" is standard input. End it with capture_close. */
struct capture *capture_open(const char *path, struct err *err);
/* The same of an open file (-1: errno says why it is none), which belongs to the capture from now on, whatever comes; `path` is
 * what to call it. */
struct capture *capture_open_fd(int fd, const char *path, struct err *err);
/* The same over bytes that outlive it, for tests and fuzzing. */
struct capture *capture_open_memory(const void *p, size_t n, struct err *err);
bool            capture_next(struct capture *c, struct packet *p, struct err *err);
/* Up to n of them at once, as many as are in the buffer with nothing between them but packets; all are borrowed until the next
 * call. 0: where capture_next would give false. */
size_t          capture_some(struct capture *c, struct packet *p, size_t n, struct err *err);

/* What is known once capture_next has given false (or so far). */
struct capture_facts {
    uint64_t packets;
    uint64_t dropped;   /* by the capturing system, as its statistics blocks say */
    bool     cut_short; /* the file ended inside a packet or a block */
    uint32_t snaplen;   /* smallest snap length of an interface that cut packets; 0 = none was cut */
    uint64_t snapped;   /* packets cut by their snap length */
    int64_t  first_ns, last_ns;
    struct bytes marks;   /* of a probe's recording: for mark_next (marks.h), at most 16 MB */
    struct bytes secrets; /* TLS key log text of all Decryption Secrets Blocks, at most 1 MB; p NULL = none */
};
const struct capture_facts *capture_facts(const struct capture *c);
void                        capture_close(struct capture *c);

/* Names of addresses, from the name resolution blocks read so far: start with *at = 0, go on until false. Borrowed
 * until capture_next; for hosts_learn. At most 1 MB of them is kept. */
struct capture_host {
    const uint8_t *ip;
    size_t         ip_len; /* 4 or 16 */
    const char    *name;   /* outside text */
    size_t         n;
};
bool capture_host(const struct capture *c, size_t *at, struct capture_host *h);

#endif
