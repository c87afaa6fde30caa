/* IPv4 and IPv6 with extension headers and fragments, and the tunnels inside IP. One loop walks the layers, with a
 * limit on their number: hostile nesting ends, and nothing recurses. */
#include "link.h"

#include "tlswhy/names.h"
#include "tlswhy/reader.h"

#include <stdlib.h>
#include <string.h>

enum {
    DEPTH = 16, FRAGMENTED = 64, PIECES = 64, LARGEST_DATAGRAM = 65535,
    P_HOPOPT = 0, P_ICMP = 1, P_IPIP = 4, P_TCP = 6, P_UDP = 17, P_IPV6 = 41, P_ROUTING = 43, P_FRAGMENT = 44, P_GRE = 47,
    P_AH = 51, P_ETHERIP = 97, P_MPLS = 137, P_ICMPV6 = 58, P_DSTOPTS = 60, P_MOBILITY = 135, P_HIP = 139, P_SHIM6 = 140,
    PORT_VXLAN = 4789, PORT_VXLAN_LINUX = 8472, PORT_GENEVE = 6081, PORT_GTP_U = 2152, GRE_ERSPAN = 0x88be, GRE_ERSPAN3 = 0x22eb, TYPE_MPLS = 0x8847
};

struct fragment { /* of one header already read */
    bool     is, more;
    size_t   at;
    uint32_t id;
};

/* One datagram being put together (RFC 791 section 3.2, RFC 8200 section 4.5). Overlaps: the first copy wins. */
struct datagram {
    bool     used;
    uint8_t  src[16], dst[16], proto;
    uint32_t id;
    uint64_t age;
    size_t   total, pieces; /* total 0 = last fragment not seen */
    struct { uint16_t at, n; } piece[PIECES];
    uint8_t *bytes;
};

struct unwrap {
    struct datagram table[FRAGMENTED];
    uint64_t        clock, fragments, eap[EAP_METHODS];
    uint8_t        *whole; /* of the datagram that was completed last */
};

struct unwrap *unwrap_new(void) { return mem_get(1, sizeof(struct unwrap)); }
uint64_t       unwrap_fragments(const struct unwrap *u) { return u->fragments; }
const uint64_t *unwrap_eap(const struct unwrap *u) { return u->eap; }

void unwrap_free(struct unwrap *u)
{
    if (u == NULL)
        return;
    for (size_t i = 0; i < FRAGMENTED; i++)
        free(u->table[i].bytes);
    free(u->whole);
    free(u);
}

/* RFC 4302: it only signs; what it signs is readable. */
static bool authentication_header(struct cut *c, struct transport *t)
{
    size_t n = c->cap >= 2 ? ((size_t)c->p[1] + 2) * 4 : 0;
    if (n < 8 || n > c->cap)
        return false;
    t->proto = c->p[0];
    return cut_off(c, n);
}

static bool ip4(struct cut *c, struct transport *t, struct fragment *f)
{
    const uint8_t *h = c->p;
    size_t         header = c->cap >= 20 ? (size_t)(h[0] & 15) * 4 : 0;
    if (header < 20 || header > c->cap)
        return false;
    size_t total = be16(h + 2);
    t->ttl = h[8];
    t->proto = h[9];
    t->ip_id = be16(h + 4);
    t->src.ip_len = t->dst.ip_len = 4;
    memcpy(t->src.ip, h + 12, 4);
    memcpy(t->dst.ip, h + 16, 4);
    unsigned part = be16(h + 6);
    *f = (struct fragment){ .is = (part & 0x3fff) != 0, .more = (part & 0x2000) != 0, .at = (size_t)(part & 0x1fff) * 8, .id = t->ip_id };
    if (total >= header) /* 0 is what segmentation offload leaves: then the frame's own length holds */
        cut_to(c, total);
    return cut_off(c, header) && (t->proto != P_AH || f->is || authentication_header(c, t));
}

static bool ip6(struct cut *c, struct transport *t, struct fragment *f)
{
    if (c->cap < 40)
        return false;
    const uint8_t *h = c->p;
    size_t         payload = be16(h + 4);
    t->ttl = h[7];
    t->proto = h[6];
    t->ip_id = 0;
    t->src.ip_len = t->dst.ip_len = 16;
    memcpy(t->src.ip, h + 8, 16);
    memcpy(t->dst.ip, h + 24, 16);
    *f = (struct fragment){ 0 };
    if (payload != 0)
        cut_to(c, 40 + payload);
    cut_off(c, 40);
    for (unsigned i = 0; i < DEPTH; i++) {
        size_t n = 0;
        switch (t->proto) {
        case P_HOPOPT: case P_ROUTING: case P_DSTOPTS: case P_MOBILITY: case P_HIP: case P_SHIM6:
            n = c->cap >= 2 ? ((size_t)c->p[1] + 1) * 8 : 0;
            break;
        case P_AH:
            n = c->cap >= 2 ? ((size_t)c->p[1] + 2) * 4 : 0;
            break;
        case P_FRAGMENT:
            n = 8;
            if (c->cap >= 8)
                *f = (struct fragment){ .is = (be16(c->p + 2) & 0xfff9) != 0, .more = (c->p[3] & 1) != 0, .at = be16(c->p + 2) & 0xfff8,
                                        .id = be32(c->p + 4) };
            break;
        default:
            return true;
        }
        if (n < 8 || n > c->cap)
            return false;
        t->proto = c->p[0];
        cut_off(c, n);
        if (f->is)
            return true; /* what follows is a part, not a header */
    }
    return false;
}

static bool ip_any(struct cut *c, struct transport *t, struct fragment *f)
{
    *t = (struct transport){ 0 };
    unsigned version = c->cap != 0 ? c->p[0] >> 4 : 0;
    return version == 4 ? ip4(c, t, f) : version == 6 ? ip6(c, t, f) : false;
}

bool ip_header(struct cut *c, struct transport *out)
{
    struct fragment f;
    if (!ip_any(c, out, &f) || (f.is && f.at != 0))
        return false;
    out->body = *c;
    return true;
}

static struct datagram *datagram_of(struct unwrap *u, const struct transport *t, uint32_t id)
{
    struct datagram *oldest = &u->table[0];
    for (size_t i = 0; i < FRAGMENTED; i++) {
        struct datagram *d = &u->table[i];
        if (d->used && d->id == id && d->proto == t->proto && memcmp(d->src, t->src.ip, 16) == 0 && memcmp(d->dst, t->dst.ip, 16) == 0)
            return d;
        if (!d->used || (oldest->used && d->age < oldest->age))
            oldest = d;
    }
    uint8_t *bytes = oldest->bytes;
    *oldest = (struct datagram){ .used = true, .proto = t->proto, .id = id };
    memcpy(oldest->src, t->src.ip, 16);
    memcpy(oldest->dst, t->dst.ip, 16);
    oldest->bytes = bytes != NULL ? bytes : mem_get(LARGEST_DATAGRAM, 1);
    return oldest;
}

/* Bytes 0 to total all there? Pieces are few; each round finds the one that reaches furthest from where we are. */
static bool is_whole(const struct datagram *d)
{
    size_t reach = 0;
    for (size_t round = 0; d->total != 0 && round <= d->pieces; round++) {
        size_t before = reach;
        for (size_t i = 0; i < d->pieces; i++) {
            if (d->piece[i].at <= reach && (size_t)d->piece[i].at + d->piece[i].n > reach)
                reach = (size_t)d->piece[i].at + d->piece[i].n;
        }
        if (reach >= d->total)
            return true;
        if (reach == before)
            return false;
    }
    return false;
}

/* Adds a fragment. True: `c` is now the whole datagram, borrowed until the next one is whole. */
static bool assemble(struct unwrap *u, const struct transport *t, const struct fragment *f, struct cut *c)
{
    struct datagram *d = datagram_of(u, t, f->id);
    u->fragments++;
    d->age = ++u->clock;
    size_t n = c->cap;
    if (n > LARGEST_DATAGRAM || f->at > LARGEST_DATAGRAM - n || d->pieces == PIECES || n == 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        bool   had = false;
        size_t at = f->at + i, j = 0;
        for (; j < d->pieces && !had; j++)
            had = at >= d->piece[j].at && at < (size_t)d->piece[j].at + d->piece[j].n;
        if (!had)
            d->bytes[at] = c->p[i];
        else
            i += (size_t)d->piece[j - 1].at + d->piece[j - 1].n - at - 1; /* skip what that piece holds */
    }
    d->piece[d->pieces].at = (uint16_t)f->at;
    d->piece[d->pieces++].n = (uint16_t)n;
    if (!f->more && c->cap == c->len)
        d->total = f->at + n;
    if (!is_whole(d))
        return false;
    uint8_t *spare = u->whole;
    u->whole = d->bytes;
    *c = (struct cut){ u->whole, d->total, d->total };
    *d = (struct datagram){ .bytes = spare };
    return true;
}

/* GRE (RFC 2784, 2890; version 1 is PPTP, RFC 2637) and ERSPAN inside it. */
static enum layer gre(struct cut *c, unsigned *type)
{
    if (c->cap < 4)
        return LAYER_NONE;
    unsigned flags = be16(c->p), version = flags & 7;
    size_t   n = 4;
    *type = be16(c->p + 2);
    if (version == 1) {
        n = (size_t)8 + ((flags & 0x1000) != 0 ? 4 : 0) + ((flags & 0x0080) != 0 ? 4 : 0);
        return (flags & 0x1000) != 0 && cut_off(c, n) ? LAYER_PPP : LAYER_NONE;
    }
    bool sequence = (flags & 0x1000) != 0;
    n += (size_t)((flags & 0x8000) != 0 ? 4 : 0) + ((flags & 0x2000) != 0 ? 4u : 0u) + (sequence ? 4u : 0u);
    if (version != 0 || !cut_off(c, n))
        return LAYER_NONE;
    if (*type == GRE_ERSPAN) /* type I has no header of its own and no GRE sequence number; type II has 8 bytes */
        return !sequence || cut_off(c, 8) ? LAYER_ETHERNET : LAYER_NONE;
    if (*type == GRE_ERSPAN3) {
        bool platform = c->cap >= 12 && (c->p[11] & 1) != 0;
        return cut_off(c, platform ? 20 : 12) ? LAYER_ETHERNET : LAYER_NONE;
    }
    return LAYER_ETHERTYPE;
}

/* GTP-U (3GPP TS 29.281 section 5): flags, type 255 = user packet, optional fields, extension headers. */
static enum layer gtp(struct cut *c)
{
    if (c->cap < 8 || c->p[0] >> 5 != 1 || c->p[1] != 255)
        return LAYER_NONE;
    uint8_t flags = c->p[0], next = 0;
    cut_off(c, 8);
    if ((flags & 7) != 0) {
        if (c->cap < 4)
            return LAYER_NONE;
        next = (flags & 4) != 0 ? c->p[3] : 0;
        cut_off(c, 4);
    }
    for (unsigned i = 0; next != 0 && i < DEPTH; i++) {
        size_t n = c->cap != 0 ? (size_t)c->p[0] * 4 : 0;
        if (n < 4 || n > c->cap)
            return LAYER_NONE;
        next = c->p[n - 1];
        cut_off(c, n);
    }
    return next == 0 ? LAYER_IP : LAYER_NONE;
}

/* Tunnels over UDP, by port. LAYER_NONE: an ordinary datagram. */
static enum layer udp_tunnel(const struct cut *body, struct cut *inner, unsigned *type)
{
    if (body->cap < 16)
        return LAYER_NONE;
    unsigned from = be16(body->p), to = be16(body->p + 2);
    *inner = *body;
    cut_off(inner, 8);
    if (to == PORT_VXLAN || to == PORT_VXLAN_LINUX) /* RFC 7348: flags with the I bit, VNI */
        return (inner->p[0] & 0x08) != 0 && cut_off(inner, 8) ? LAYER_ETHERNET : LAYER_NONE;
    if (to == PORT_GENEVE) { /* RFC 8926 section 3.4 */
        *type = be16(inner->p + 2);
        return inner->p[0] >> 6 == 0 && cut_off(inner, 8 + (size_t)(inner->p[0] & 0x3f) * 4) ? LAYER_ETHERTYPE : LAYER_NONE;
    }
    return to == PORT_GTP_U || from == PORT_GTP_U ? gtp(inner) : LAYER_NONE;
}

/* What an IP payload is: a tunnel to walk on in, or the transport header we came for. */
static enum layer ip_payload(struct cut *c, struct transport *t, unsigned *type)
{
    struct cut inner;
    enum layer tunnel = LAYER_NONE;
    switch (t->proto) {
    case P_IPIP:
    case P_IPV6:
        return LAYER_IP;
    case P_GRE:
        return gre(c, type);
    case P_UDP:
        tunnel = udp_tunnel(c, &inner, type);
        if (tunnel != LAYER_NONE) {
            *c = inner;
            return tunnel;
        }
        break;
    case P_ETHERIP: /* RFC 3378: version 3 and 12 bits of zero */
        return c->cap >= 2 && c->p[0] >> 4 == 3 && cut_off(c, 2) ? LAYER_ETHERNET : LAYER_NONE;
    case P_MPLS: /* RFC 4023 */
        *type = TYPE_MPLS;
        return LAYER_ETHERTYPE;
    case P_TCP: case P_ICMP: case P_ICMPV6:
        break;
    default:
        return LAYER_NONE;
    }
    t->body = *c;
    return LAYER_TRANSPORT;
}

/* IEEE 802.1X: version, type 0 = EAP, length; EAP (RFC 3748 section 4): request 1 or response 2, id, length, method. */
static void count_eap(struct unwrap *u, const struct cut *c)
{
    enum { EAPOL = 4, METHOD = EAPOL + 4 };
    int method = c->cap > METHOD && c->p[1] == 0 && (c->p[EAPOL] == 1 || c->p[EAPOL] == 2) ? eap_method_of(c->p[METHOD]) : -1;
    if (method >= 0)
        u->eap[method]++;
}

/* Most frames are Ethernet, then IPv4 without options or IPv6 without extension headers, then TCP, and nothing in
 * between: what the walk below finds in them can be read off. False: walk. */
bool plain_frame(const struct packet *p, struct transport *t)
{
    enum { LINK_ETHERNET = 1, ETHERNET = 14, IP4 = 20, IP6 = 40, TYPE_IP4 = 0x0800, TYPE_IP6 = 0x86dd };
    const uint8_t *h = p->p + ETHERNET;
    if (p->linktype != LINK_ETHERNET || p->caplen < ETHERNET + IP6)
        return false;
    unsigned type = be16(p->p + 12);
    size_t   header = type == TYPE_IP4 ? IP4 : IP6, total = type == TYPE_IP4 ? be16(h + 2) : (size_t)IP6 + be16(h + 4);
    if (type == TYPE_IP4 ? h[0] != 0x45 || h[9] != P_TCP || (be16(h + 6) & 0x3fff) != 0 || total < IP4
                         : type != TYPE_IP6 || h[0] >> 4 != 6 || h[6] != P_TCP || total == IP6)
        return false;
    *t = (struct transport){ .proto = P_TCP, .body = { h, p->caplen - ETHERNET, p->len - ETHERNET } };
    if (type == TYPE_IP4) {
        t->ttl = h[8];
        t->ip_id = be16(h + 4);
        t->src.ip_len = t->dst.ip_len = 4;
        memcpy(t->src.ip, h + 12, 4);
        memcpy(t->dst.ip, h + 16, 4);
    } else {
        t->ttl = h[7];
        t->src.ip_len = t->dst.ip_len = 16;
        memcpy(t->src.ip, h + 8, 16);
        memcpy(t->dst.ip, h + 24, 16);
    }
    cut_to(&t->body, total);
    return cut_off(&t->body, header);
}

enum layer unwrap_packet(struct unwrap *u, const struct packet *p, struct transport *out)
{
    if (plain_frame(p, out))
        return LAYER_TRANSPORT;
    struct cut      c = { p->p, p->caplen, p->len };
    struct fragment f;
    unsigned        type = 0;
    enum layer      at = link_layer(p->linktype, &c, &type);
    for (unsigned depth = 0; depth < DEPTH; depth++) {
        switch (at) {
        case LAYER_ETHERNET:  at = ethernet_layer(&c, &type); break;
        case LAYER_ETHERTYPE: at = ethertype_layer(&c, &type); break;
        case LAYER_LLC:       at = llc_layer(&c, &type); break;
        case LAYER_PPP:       at = ppp_layer(&c, &type); break;
        case LAYER_EAPOL:
            count_eap(u, &c);
            return LAYER_NONE;
        case LAYER_IP:
            if (!ip_any(&c, out, &f) || (f.is && !assemble(u, out, &f, &c)))
                return LAYER_NONE;
            at = ip_payload(&c, out, &type);
            break;
        case LAYER_TRANSPORT: case LAYER_NONE: case LAYER_UNKNOWN_LINK:
            return at;
        }
    }
    return at == LAYER_TRANSPORT ? at : LAYER_NONE;
}
