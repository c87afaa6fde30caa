/* Link layers: one row a link type, one small function where a header has to be walked. Each function cuts its
 * header off and says what follows; nesting is walked by the caller's loop, never by recursion. */
#include "link.h"

#include "tlswhy/reader.h"

enum {
    TYPE_IP4 = 0x0800, TYPE_IP6 = 0x86dd, TYPE_VLAN = 0x8100, TYPE_QINQ = 0x88a8, TYPE_QINQ_OLD = 0x9100, TYPE_MPLS = 0x8847,
    TYPE_MPLS_UP = 0x8848, TYPE_PPPOE = 0x8864, TYPE_CISCO_META = 0x8909, TYPE_TEB = 0x6558, TYPE_FABRICPATH = 0x8903,
    TYPE_EAPOL = 0x888e, PPP_IP4 = 0x0021, PPP_IP6 = 0x0057, PPP_MPLS = 0x0281
};

enum layer ethertype_layer(struct cut *c, unsigned *type)
{
    switch (*type) {
    case TYPE_IP4:
    case TYPE_IP6:
        return LAYER_IP;
    case TYPE_VLAN:
    case TYPE_QINQ:
    case TYPE_QINQ_OLD:
        if (c->cap < 4)
            return LAYER_NONE;
        *type = be16(c->p + 2);
        cut_off(c, 4);
        return *type <= 1500 ? LAYER_LLC : LAYER_ETHERTYPE;
    case TYPE_MPLS:
    case TYPE_MPLS_UP: {
        bool last = false;
        for (unsigned labels = 0; !last && labels < 16; labels++) { /* RFC 3032: bit 0 of byte 2 ends the stack */
            if (c->cap < 4)
                return LAYER_NONE;
            last = (c->p[2] & 1) != 0;
            cut_off(c, 4);
        }
        if (c->cap != 0 && (c->p[0] >> 4 == 4 || c->p[0] >> 4 == 6))
            return LAYER_IP;
        /* a pseudowire carries Ethernet, mostly behind a control word of zeros (RFC 4448 section 4.6) */
        return c->cap > 4 && c->p[0] >> 4 == 0 && cut_off(c, 4) ? LAYER_ETHERNET : LAYER_NONE;
    }
    case TYPE_PPPOE: /* RFC 2516: version, code, session, length */
        if (c->cap < 6 || c->p[1] != 0)
            return LAYER_NONE;
        cut_to(c, 6 + (size_t)be16(c->p + 4));
        return cut_off(c, 6) ? LAYER_PPP : LAYER_NONE;
    case TYPE_CISCO_META: { /* version, length in units of 8 bytes, options, then the real type */
        size_t n = c->cap >= 2 ? 2 + 8 * (size_t)c->p[1] - 2 : 0;
        if (c->cap < 2 || c->p[1] == 0 || n + 2 > c->cap)
            return LAYER_NONE;
        *type = be16(c->p + n - 2);
        cut_off(c, n);
        return LAYER_ETHERTYPE;
    }
    case TYPE_TEB:
        return LAYER_ETHERNET;
    case TYPE_EAPOL:
        return LAYER_EAPOL;
    case TYPE_FABRICPATH: /* Cisco: forwarding tag and time to live, then the frame as it came */
        return cut_off(c, 2) ? LAYER_ETHERNET : LAYER_NONE;
    default:
        return LAYER_NONE;
    }
}

enum layer ethernet_layer(struct cut *c, unsigned *type)
{
    if (c->cap < 14)
        return LAYER_NONE;
    *type = be16(c->p + 12);
    cut_off(c, 14);
    if (*type > 1500)
        return LAYER_ETHERTYPE;
    cut_to(c, *type); /* IEEE 802.3: a length, and LLC behind it */
    return LAYER_LLC;
}

/* IEEE 802.2 with SNAP: aa aa 03, organisation, EtherType. */
enum layer llc_layer(struct cut *c, unsigned *type)
{
    if (c->cap < 8 || c->p[0] != 0xaa || c->p[1] != 0xaa || c->p[2] != 3)
        return LAYER_NONE;
    *type = be16(c->p + 6);
    cut_off(c, 8);
    return LAYER_ETHERTYPE;
}

/* RFC 1661: protocol in two bytes, or in one where the first is odd; RFC 1662 may put ff 03 before. */
enum layer ppp_layer(struct cut *c, unsigned *type)
{
    if (c->cap >= 2 && c->p[0] == 0xff && c->p[1] == 3)
        cut_off(c, 2);
    if (c->cap < 2)
        return LAYER_NONE;
    bool     brief = (c->p[0] & 1) != 0;
    unsigned protocol = brief ? c->p[0] : be16(c->p);
    cut_off(c, brief ? 1 : 2);
    if (protocol == PPP_MPLS) {
        *type = TYPE_MPLS;
        return LAYER_ETHERTYPE;
    }
    return protocol == PPP_IP4 || protocol == PPP_IP6 ? LAYER_IP : LAYER_NONE;
}

static enum layer raw_ip(struct cut *c, unsigned *type)
{
    (void)type;
    return c->cap != 0 ? LAYER_IP : LAYER_NONE;
}

/* BSD loopback: an address family in the capturing machine's or in network byte order. What follows shows which IP. */
static enum layer null_loop(struct cut *c, unsigned *type) { return cut_off(c, 4) ? raw_ip(c, type) : LAYER_NONE; }

static enum layer cooked(struct cut *c, unsigned *type, size_t at, size_t header)
{
    if (c->cap < header)
        return LAYER_NONE;
    *type = be16(c->p + at);
    cut_off(c, header);
    return *type == 1 ? LAYER_ETHERNET : *type == 4 ? LAYER_LLC : LAYER_ETHERTYPE;
}
static enum layer linux_sll(struct cut *c, unsigned *type) { return cooked(c, type, 14, 16); }
static enum layer linux_sll2(struct cut *c, unsigned *type) { return cooked(c, type, 0, 20); }

/* IEEE 802.11 data frames. Encrypted ones (Protected Frame) say nothing. */
static enum layer ieee80211(struct cut *c, unsigned *type)
{
    if (c->cap < 24 || (c->p[0] & 0x0c) != 0x08 || (c->p[0] & 0x40) != 0) /* data, and not a null function */
        return LAYER_NONE;
    bool   qos = (c->p[0] & 0x80) != 0, four = (c->p[1] & 3) == 3, order = (c->p[1] & 0x80) != 0;
    size_t n = (size_t)24 + (four ? 6 : 0) + (qos ? 2 : 0) + (qos && order ? 4 : 0);
    if ((c->p[1] & 0x40) != 0 || !cut_off(c, n))
        return LAYER_NONE;
    if (c->cap >= 3 && n % 4 != 0 && c->p[0] != 0xaa && c->p[2] == 0xaa) /* some drivers pad the header to 4 bytes */
        cut_off(c, 2);
    return llc_layer(c, type);
}

/* A header whose length it tells itself, little-endian: radiotap at 2, PPI at 2, AVS elsewhere. */
static enum layer radiotap(struct cut *c, unsigned *type)
{
    return c->cap >= 4 && cut_off(c, le16(c->p + 2)) ? ieee80211(c, type) : LAYER_NONE;
}
static enum layer ppi(struct cut *c, unsigned *type)
{
    if (c->cap < 8)
        return LAYER_NONE;
    uint32_t inner = le32(c->p + 4);
    size_t   n = le16(c->p + 2);
    if (!cut_off(c, n))
        return LAYER_NONE;
    return inner == 105 ? ieee80211(c, type) : inner == 1 ? LAYER_ETHERNET : LAYER_NONE;
}

/* Prism: message code, length; AVS: version 0x80211001, length, both big-endian. */
static enum layer prism_or_avs(struct cut *c, unsigned *type)
{
    if (c->cap < 8)
        return LAYER_NONE;
    bool     avs = be32(c->p) >> 4 == 0x8021100;
    uint32_t n = avs || le32(c->p + 4) > 0xffff ? be32(c->p + 4) : le32(c->p + 4);
    return cut_off(c, n) ? ieee80211(c, type) : LAYER_NONE;
}

/* Network Monitor's: version 2, length, little-endian. */
static enum layer netmon_80211(struct cut *c, unsigned *type)
{
    return c->cap >= 3 && c->p[0] == 2 && cut_off(c, le16(c->p + 1)) ? ieee80211(c, type) : LAYER_NONE;
}

/* Netfilter log: family, version, resource id, then TLVs in the machine's byte order; type 9 is the payload. */
static enum layer nflog(struct cut *c, unsigned *type)
{
    if (!cut_off(c, 4))
        return LAYER_NONE;
    for (unsigned i = 0; i < 64 && c->cap >= 4; i++) {
        bool   big = le16(c->p) > 0xff; /* types are small: the order that makes it so is the right one */
        size_t n = big ? be16(c->p) : le16(c->p);
        unsigned what = big ? be16(c->p + 2) : le16(c->p + 2);
        if (n < 4)
            return LAYER_NONE;
        if ((what & 0x7fff) == 9) {
            cut_to(c, n);
            return cut_off(c, 4) ? raw_ip(c, type) : LAYER_NONE;
        }
        if (!cut_off(c, (n + 3) & ~(size_t)3))
            return LAYER_NONE;
    }
    return LAYER_NONE;
}

static enum layer ethernet(struct cut *c, unsigned *type) { return ethernet_layer(c, type); }
/* Cisco HDLC and PPP share their link types: 0f/8f 00 TYPE, or [ff 03] PROTOCOL. */
static enum layer hdlc(struct cut *c, unsigned *type)
{
    if (c->cap < 4)
        return LAYER_NONE;
    if (c->p[0] != 0x0f && c->p[0] != 0x8f)
        return ppp_layer(c, type);
    *type = be16(c->p + 2);
    cut_off(c, 4);
    return LAYER_ETHERTYPE;
}

static enum layer pppoe(struct cut *c, unsigned *type)
{
    *type = TYPE_PPPOE;
    return ethertype_layer(c, type);
}

/* Switch tags between the addresses and the EtherType: Broadcom and Marvell DSA (4 bytes), Marvell's with an EtherType
 * of its own (8). */
static enum layer tagged(struct cut *c, unsigned *type, size_t tag)
{
    if (c->cap < 14 + tag)
        return LAYER_NONE;
    *type = be16(c->p + 12 + tag);
    cut_off(c, 14 + tag);
    return *type > 1500 ? LAYER_ETHERTYPE : LAYER_LLC;
}
static enum layer switch_tag(struct cut *c, unsigned *type) { return tagged(c, type, 4); }
static enum layer switch_ethertype_tag(struct cut *c, unsigned *type) { return tagged(c, type, 8); }
static enum layer brcm_tag_prepended(struct cut *c, unsigned *type) { return cut_off(c, 4) ? ethernet_layer(c, type) : LAYER_NONE; }

/* PPP of pppd: the address byte tells the direction instead. */
static enum layer ppp_pppd(struct cut *c, unsigned *type) { return cut_off(c, 2) ? ppp_layer(c, type) : LAYER_NONE; }

/* RFC 2427: address of 2 to 4 bytes, 03, a pad of 00, NLPID; Cisco has an EtherType behind the address. */
static enum layer frame_relay(struct cut *c, unsigned *type)
{
    bool last = false;
    for (unsigned i = 0; !last && i < 4 && c->cap != 0; i++) {
        last = (c->p[0] & 1) != 0;
        cut_off(c, 1);
    }
    if (c->cap < 3)
        return LAYER_NONE;
    if (c->p[0] != 3) {
        *type = be16(c->p);
        return cut_off(c, 2) ? LAYER_ETHERTYPE : LAYER_NONE;
    }
    cut_off(c, c->p[1] == 0 ? 2 : 1);
    unsigned nlpid = c->p[0];
    cut_off(c, 1);
    if (nlpid == 0xcc || nlpid == 0x8e)
        return raw_ip(c, type);
    if (nlpid != 0x80 || c->cap < 5)
        return LAYER_NONE;
    *type = be16(c->p + 3);
    cut_off(c, 5);
    return LAYER_ETHERTYPE;
}

/* Linux Classical IP over ATM: with LLC or without. */
static enum layer atm_clip(struct cut *c, unsigned *type) { return c->cap != 0 && c->p[0] == 0xaa ? llc_layer(c, type) : raw_ip(c, type); }

/* OpenBSD's packet filter log: its length, without padding, comes first. */
static enum layer pflog(struct cut *c, unsigned *type)
{
    return c->cap != 0 && cut_off(c, ((size_t)c->p[0] + 3) & ~(size_t)3) ? raw_ip(c, type) : LAYER_NONE;
}

/* Address family, SPI, flags in front of what IPsec unpacked. */
static enum layer enc(struct cut *c, unsigned *type) { return cut_off(c, 12) ? raw_ip(c, type) : LAYER_NONE; }

/* LINKTYPE_ numbers: www.tcpdump.org/linktypes.html */
static const struct link_row {
    uint32_t number;
    enum layer (*open)(struct cut *, unsigned *);
} links[] = {
    { 1, ethernet },   { 0, null_loop },   { 108, null_loop },    { 101, raw_ip },       { 12, raw_ip },      { 14, raw_ip },
    { 228, raw_ip },   { 229, raw_ip },    { 113, linux_sll },    { 276, linux_sll2 },   { 9, hdlc },         { 50, hdlc },
    { 51, pppoe },     { 104, hdlc },      { 166, ppp_pppd },     { 107, frame_relay },  { 106, atm_clip },   { 105, ieee80211 },
    { 127, radiotap }, { 192, ppi },       { 119, prism_or_avs }, { 163, prism_or_avs }, { 239, nflog },      { 117, pflog },
    { 109, enc },      { 281, switch_tag }, { 283, switch_tag },  { 284, switch_ethertype_tag }, { 282, brcm_tag_prepended },
    { LINK_NETMON_80211, netmon_80211 },
};
enum { LINK_PKTAP = 258, LINK_PKTAP_OLD = 149 };

static enum layer link_of_number(uint32_t number, struct cut *c, unsigned *type)
{
    for (size_t i = 0; i < ARRAY_LEN(links); i++) {
        if (links[i].number == number)
            return links[i].open(c, type);
    }
    return LAYER_UNKNOWN_LINK;
}

/* macOS puts a header before each frame that names its real link type. */
enum layer link_layer(uint32_t linktype, struct cut *c, unsigned *type)
{
    if (linktype != LINK_PKTAP && linktype != LINK_PKTAP_OLD)
        return link_of_number(linktype, c, type);
    if (c->cap < 12)
        return LAYER_NONE;
    uint32_t header = le32(c->p), inner = le32(c->p + 8);
    enum layer next = header >= 12 && cut_off(c, header) ? link_of_number(inner, c, type) : LAYER_NONE;
    return next != LAYER_UNKNOWN_LINK ? next : LAYER_NONE;
}
