/* link.h - inside of the flow layer: from a captured frame to the transport header, through links and tunnels. */
#ifndef DISSECT_LINK_H
#define DISSECT_LINK_H

#include "tlswhy/capture.h"
#include "tlswhy/wire.h"

/* What is left of a frame: `cap` bytes are there, `len` were on the wire (len >= cap). */
struct cut {
    const uint8_t *p;
    size_t         cap, len;
};

static inline bool cut_off(struct cut *c, size_t n)
{
    if (n > c->cap)
        return false;
    c->p += n;
    c->cap -= n;
    c->len -= n;
    return true;
}

/* Shortens to n bytes on the wire: Ethernet padding goes, what IP says stays. */
static inline void cut_to(struct cut *c, size_t n)
{
    if (n < c->len)
        c->len = n;
    if (c->cap > c->len)
        c->cap = c->len;
}

/* What the next layer is. */
enum layer { LAYER_NONE, LAYER_ETHERNET, LAYER_ETHERTYPE, LAYER_IP, LAYER_LLC, LAYER_PPP, LAYER_EAPOL, LAYER_TRANSPORT, LAYER_UNKNOWN_LINK };

struct transport {
    struct endpoint src, dst; /* ports not set here */
    uint8_t         proto, ttl;
    uint16_t        ip_id;
    struct cut      body;
};

struct unwrap; /* fragments being put together */
struct unwrap *unwrap_new(void);
void           unwrap_free(struct unwrap *u);

/* Takes one frame apart down to TCP, UDP or ICMP. LAYER_TRANSPORT: `out` is set; LAYER_UNKNOWN_LINK: no row for
 * its link type; LAYER_NONE: something else, a fragment that waits for others, or cut too short. */
enum layer unwrap_packet(struct unwrap *u, const struct packet *p, struct transport *out);
/* The same of frames that are nothing but Ethernet, IP, TCP; false: of others nothing is said. */
bool       plain_frame(const struct packet *p, struct transport *out);
uint64_t   unwrap_fragments(const struct unwrap *u);
const uint64_t *unwrap_eap(const struct unwrap *u); /* frames of EAP_METHODS, counted only */
/* The IP header of a quoted packet (ICMP errors): no fragments, no tunnels. */
bool ip_header(struct cut *c, struct transport *out);

/* link.c: the first layer of a frame; `type` is the EtherType where that is what follows. */
enum layer link_layer(uint32_t linktype, struct cut *c, unsigned *type);
enum layer ethertype_layer(struct cut *c, unsigned *type);
enum layer ethernet_layer(struct cut *c, unsigned *type);
enum layer llc_layer(struct cut *c, unsigned *type);
enum layer ppp_layer(struct cut *c, unsigned *type);

#endif
