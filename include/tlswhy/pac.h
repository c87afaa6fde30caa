/* pac.h - what a proxy configuration file (proxy auto-config, a script) names, without running it: its strings are searched for the
 * words that FindProxyForURL may return.
 *
 * Pure, one pass. Bounds: 64 addresses; more are counted.
 * Owns: nothing; everything points into the file. */
#ifndef TLSWHY_PAC_H
#define TLSWHY_PAC_H

#include "tlswhy/base.h"

enum { PAC_PLACES = 64, PAC_MAX = 1 << 20 };
struct pac_place {
    const char  *how;   /* "PROXY", "HTTPS", "SOCKS", "SOCKS5", ...: as it is written there, upper case */
    struct bytes where; /* "proxy.example:8080"; outside bytes */
};
struct pac {
    const char      *from;     /* URL or file, for people */
    struct bytes     body;
    bool             is_script; /* it has a function FindProxyForURL */
    bool             direct;    /* "DIRECT" is among the answers */
    struct pac_place place[PAC_PLACES]; /* each once, in order */
    size_t           n, more;
};
void pac_read(struct bytes body, struct pac *out); /* `from` is left as it is */
/* Is host:port among them? The host without regard to case. */
bool pac_names(const struct pac *p, const char *host, uint16_t port);

#endif
