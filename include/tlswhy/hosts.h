/* hosts.h - names of addresses, from the DNS answers in a capture and from pcapng name resolution blocks: they
 * give a server its name where the hello has none (Windows XP never sends SNI). Nothing is ever looked up.
 *
 * The name is the one the question asked for, at the end of whatever CNAMEs led to the address: it is what the
 * client wanted, so it is what a certificate is held against.
 * Bounds: 65,536 addresses, then new ones are passed over; 64 answers a message; compression pointers only
 *         backwards (RFC 1035 section 4.1.4), so reading always ends.
 * Owns:   names are copied and live as long as the table. */
#ifndef TLSWHY_HOSTS_H
#define TLSWHY_HOSTS_H

#include "tlswhy/wire.h"

struct hosts;
struct hosts *hosts_new(void);
void          hosts_free(struct hosts *t);

/* A datagram from or to a port of DNS or multicast DNS? */
bool is_dns_message(const struct wire_event *ev);
/* Learns from one DNS message over UDP; anything but an answer with addresses is passed over. */
void hosts_learn_dns(struct hosts *t, const uint8_t *message, size_t n);
/* `ip_len` 4 or 16; `name` is outside text. The latest name of an address counts. */
void hosts_learn(struct hosts *t, const uint8_t *ip, size_t ip_len, const char *name, size_t n);

/* p NULL: no name known. */
struct bytes hosts_find(const struct hosts *t, const struct endpoint *e);
/* The same, but an address that was the answer for several names (a host of many sites) tells none of them. */
struct bytes hosts_find_only(const struct hosts *t, const struct endpoint *e);

#endif
