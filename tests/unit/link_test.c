/* Headers before TCP: each row builds a frame from the outside in, and the payload "hi" from 10.0.0.1:40000 (or its IPv6
 * kin) to port 443 must come out; or, where `out` says so, nothing.
 *
 * Words: hex bytes; ip:PROTO, ip6:PROTO, udp:PORT with right lengths; tcp (the last one). */
#include "tlswhy/flows.h"
#include "tlswhy/text.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAC "0200000000010200000000020800" /* and EtherType IPv4 */
#define MACS "020000000001020000000002"
#define SNAP "aaaa03000000"

static const struct { uint32_t link; const char *name, *frame; bool nothing; } frames[] = {
    { 1, "Ethernet", MAC " ip:6 tcp", false },
    { 1, "Ethernet, IPv6", MACS "86dd ip6:6 tcp", false },
    { 1, "padding behind the packet", MAC " ip:6 tcp 000000000000", false },
    { 1, "VLAN", MACS "8100 0001 0800 ip:6 tcp", false },
    { 1, "QinQ", MACS "88a8 0001 8100 0002 0800 ip:6 tcp", false },
    { 1, "802.3 with SNAP", MACS "0034" SNAP "0800 ip:6 tcp", false },
    { 1, "MPLS", MACS "8847 00001000 00001100 ip:6 tcp", false },
    { 1, "MPLS, Ethernet pseudowire", MACS "8847 00001100 00000000 " MAC " ip:6 tcp", false },
    { 1, "PPPoE", MACS "8864 1100 0001 002c 0021 ip:6 tcp", false },
    { 1, "PPPoE discovery", MACS "8863 1109 0000 0004 01010000", true },
    { 1, "Cisco metadata", MACS "8909 0101 0001 0012 0800 ip:6 tcp", false },
    { 1, "Cisco FabricPath", MACS "8903 4020 " MAC " ip:6 tcp", false },
    { 1, "IP in IP", MAC " ip:4 ip:6 tcp", false },
    { 1, "6in4", MAC " ip:41 ip6:6 tcp", false },
    { 1, "4in6", MACS "86dd ip6:4 ip:6 tcp", false },
    { 1, "GRE", MAC " ip:47 0000 0800 ip:6 tcp", false },
    { 1, "GRE with checksum, key, sequence", MAC " ip:47 b000 0800 00000000 00000001 00000002 ip:6 tcp", false },
    { 1, "GRE with Ethernet", MAC " ip:47 0000 6558 " MAC " ip:6 tcp", false },
    { 1, "PPTP", MAC " ip:47 3001 880b 002c 0001 00000000 ff03 0021 ip:6 tcp", false },
    { 1, "ERSPAN I", MAC " ip:47 0000 88be " MAC " ip:6 tcp", false },
    { 1, "ERSPAN II", MAC " ip:47 1000 88be 00000001 10010001 00000000 " MAC " ip:6 tcp", false },
    { 1, "ERSPAN III", MAC " ip:47 1000 22eb 00000001 20010001 00000000 00000000 " MAC " ip:6 tcp", false },
    { 1, "VXLAN", MAC " ip:17 udp:4789 08000000 00000100 " MAC " ip:6 tcp", false },
    { 1, "GENEVE with an option", MAC " ip:17 udp:6081 0100 6558 00000100 00000000 " MAC " ip:6 tcp", false },
    { 1, "GTP-U", MAC " ip:17 udp:2152 30ff 002c 00000001 ip:6 tcp", false },
    { 1, "GTP-U with an extension header", MAC " ip:17 udp:2152 34ff 002c 00000001 0000 00 85 01 000000 ip:6 tcp", false },
    { 1, "EtherIP", MAC " ip:97 3000 " MAC " ip:6 tcp", false },
    { 1, "MPLS in IP", MAC " ip:137 00001100 ip:6 tcp", false },
    { 1, "IPv6 extension headers", MACS "86dd ip6:0 2b00 000000000000 3c00 000000000000 0600 000000000000 tcp", false },
    { 1, "authentication header", MAC " ip:51 0604 0000 00000001 00000001 000000000000000000000000 tcp", false },
    { 1, "an IPv6 fragment that is whole", MACS "86dd ip6:44 0600 0000 00000001 tcp", false },
    { 1, "nesting without end", MAC " ip:4 ip:4 ip:4 ip:4 ip:4 ip:4 ip:4 ip:4 ip:4 ip:4 ip:4 ip:4 ip:4 ip:4 ip:4 ip:4 ip:4 ip:4 ip:6 tcp", true },
    { 1, "ARP", MACS "0806 0001 0800 0604 0001", true },
    { 101, "raw IP", "ip:6 tcp", false },
    { 12, "raw IP by another number", "ip6:6 tcp", false },
    { 228, "raw IPv4", "ip:6 tcp", false },
    { 229, "raw IPv6", "ip6:6 tcp", false },
    { 0, "BSD loopback", "02000000 ip:6 tcp", false },
    { 0, "BSD loopback, big-endian, IPv6", "0000001e ip6:6 tcp", false },
    { 108, "OpenBSD loopback", "00000002 ip:6 tcp", false },
    { 113, "Linux cooked", "0000 0001 0006 020000000001 0000 0800 ip:6 tcp", false },
    { 113, "Linux cooked, VLAN", "0000 0001 0006 020000000001 0000 8100 0001 0800 ip:6 tcp", false },
    { 276, "Linux cooked 2", "0800 0000 00000001 0001 00 06 020000000001 0000 ip:6 tcp", false },
    { 9, "PPP", "ff03 0021 ip:6 tcp", false },
    { 9, "PPP, compressed header", "21 ip:6 tcp", false },
    { 50, "PPP in HDLC framing", "ff03 0021 ip:6 tcp", false },
    { 166, "PPP with a direction", "0003 0021 ip:6 tcp", false },
    { 9, "PPP that is Cisco HDLC", "0f00 0800 ip:6 tcp", false },
    { 104, "Cisco HDLC", "0f00 0800 ip:6 tcp", false },
    { 107, "Frame Relay", "1841 03 cc ip:6 tcp", false },
    { 106, "classical IP over ATM", SNAP "0800 ip:6 tcp", false },
    { 105, "802.11 data", "0801 0000 020000000001 020000000002 020000000003 0000 " SNAP "0800 ip:6 tcp", false },
    { 105, "802.11 QoS data", "8801 0000 020000000001 020000000002 020000000003 0000 0000 " SNAP "0800 ip:6 tcp", false },
    { 105, "802.11 QoS data, padded", "8801 0000 020000000001 020000000002 020000000003 0000 0000 0000 " SNAP "0800 ip:6 tcp", false },
    { 105, "802.11 encrypted", "0841 0000 020000000001 020000000002 020000000003 0000 0000000000000000 0000000000000000", true },
    { 105, "802.11 beacon", "8000 0000 020000000001 020000000002 020000000003 0000 0000000000000000 0000000000000000", true },
    { 127, "radiotap", "0000 0900 00000000 00 0801 0000 020000000001 020000000002 020000000003 0000 " SNAP "0800 ip:6 tcp", false },
    { LINK_NETMON_80211, "Network Monitor 802.11", "02 2000 0000000000000000000000000000000000000000000000000000000000 0801 0000 020000000001 020000000002 "
      "020000000003 0000 " SNAP "0800 ip:6 tcp", false },
    { 119, "Prism", "44000000 0c000000 00000000 0801 0000 020000000001 020000000002 020000000003 0000 " SNAP "0800 ip:6 tcp", false },
    { 163, "AVS", "80211001 0000000c 00000000 0801 0000 020000000001 020000000002 020000000003 0000 " SNAP "0800 ip:6 tcp", false },
    { 192, "PPI", "0000 0800 69000000 0801 0000 020000000001 020000000002 020000000003 0000 " SNAP "0800 ip:6 tcp", false },
    { 239, "NFLOG", "0200 0000 0500 0a00 00000000 2e00 0900 ip:6 tcp", false },
    { 281, "Broadcom tag", MACS "00000000 0800 ip:6 tcp", false },
    { 282, "Broadcom tag in front", "00000000 " MAC " ip:6 tcp", false },
    { 283, "DSA tag", MACS "40000001 0800 ip:6 tcp", false },
    { 284, "Ethernet DSA tag", MACS "dada 0000 40000001 0800 ip:6 tcp", false },
    { 117, "pflog", "3d02 0000 6c6f3000000000000000000000000000 00000000000000000000000000000000 0000000000000000 00000000 00000000 00000000 00000000 01000000 ip:6 tcp", false },
    { 109, "IPsec enc", "02000000 00000001 00000000 ip:6 tcp", false },
    { 258, "PKTAP", "14000000 01000000 01000000 656e3000 00000000 " MAC " ip:6 tcp", false },
    { 258, "PKTAP, raw IP", "0c000000 01000000 0c000000 ip:6 tcp", false },
    { 258, "PKTAP in PKTAP", "0c000000 01000000 02010000 0c000000 01000000 0c000000 ip:6 tcp", true },
};

struct frame {
    uint8_t b[1024];
    size_t  n;
    struct { size_t at; char kind; } lengths[24];
    size_t  layers;
};

static void put16(uint8_t *p, size_t v) { p[0] = (uint8_t)(v >> 8), p[1] = (uint8_t)v; }

static void add_hex(struct frame *f, const char *hex)
{
    unsigned byte = 0;
    for (; sscanf(hex, "%2x", &byte) == 1 && hex[0] != '\0'; hex += 2)
        f->b[f->n++] = (uint8_t)byte;
}

static void add_layer(struct frame *f, char kind, const char *hex)
{
    f->lengths[f->layers].at = f->n;
    f->lengths[f->layers++].kind = kind;
    add_hex(f, hex);
}

static void add_word(struct frame *f, const char *word)
{
    const char *colon = strchr(word, ':');
    unsigned    arg = colon != NULL ? (unsigned)atoi(colon + 1) : 0;
    if (strncmp(word, "ip:", 3) == 0) {
        add_layer(f, '4', "4500000000000000400000000a0000010a000002");
        f->b[f->n - 11] = (uint8_t)arg;
    } else if (strncmp(word, "ip6:", 4) == 0) {
        add_layer(f, '6', "600000000000004020010db800000000000000000000000120010db8000000000000000000000002");
        f->b[f->n - 34] = (uint8_t)arg;
    } else if (strncmp(word, "udp:", 4) == 0) {
        add_layer(f, 'u', "c00000000000 0000");
        add_hex(f, "0000");
        f->n = f->lengths[f->layers - 1].at + 8;
        put16(f->b + f->n - 6, arg);
    } else if (strcmp(word, "tcp") == 0) {
        add_hex(f, "9c4001bb0000006400000000501000ff00000000");
        f->b[f->n++] = 'h';
        f->b[f->n++] = 'i';
        for (size_t i = 0; i < f->layers; i++) { /* what follows now is padding */
            uint8_t *l = f->b + f->lengths[i].at;
            size_t   n = f->n - f->lengths[i].at;
            put16(f->lengths[i].kind == '4' ? l + 2 : l + 4, f->lengths[i].kind == '6' ? n - 40 : n);
        }
    } else {
        add_hex(f, word);
    }
}

static void build(struct frame *f, const char *words)
{
    char word[256];
    int  used = 0;
    *f = (struct frame){ .n = 0 };
    for (; sscanf(words, " %255s%n", word, &used) == 1; words += used)
        add_word(f, word);
}

static bool gives_hi(const struct frame *f, size_t n, uint32_t link)
{
    struct flows     *flows = flows_new(1 << 20);
    struct err        err = { "" };
    struct wire_event ev;
    uint8_t          *own = memcpy(mem_get(n, 1), f->b, n);
    struct packet     p = { .p = own, .caplen = (uint32_t)n, .len = (uint32_t)f->n, .frame = 1, .linktype = link };
    bool              hi = !flows_packet(flows, &p, &err); /* never: the link type is known */
    while (flows_next(flows, &ev))
        hi |= ev.kind == WIRE_BYTES && ev.len == 2 && memcmp(ev.bytes, "hi", 2) == 0 && ev.ends[CLIENT].port == 40000 && ev.ends[SERVER].port == 443;
    flows_free(flows);
    free(own);
    return hi;
}

/* EAP with TLS inside is counted by method, on wires and in the air, and nothing else is. */
static void eap_is_counted(void)
{
    static const struct { uint32_t link; const char *frame; int method; } t[] = {
        { 1, MACS "888e 01 00 000a 01 07 000a 0d 2000000000", 0 },
        { 1, MACS "888e 02 00 000a 02 07 000a 19 8000000000", 2 },
        { 1, MACS "8100 0005 888e 01 00 000a 01 07 000a 15 2000000000", 1 },
        { 105, "0801 0000 020000000001 020000000002 020000000003 0000 " SNAP "888e 02 00 000a 01 09 000a 37 2000000000", 4 },
        { 1, MACS "888e 01 00 000a 01 07 000a 04 2000000000", -1 },
        { 1, MACS "888e 01 01 0000 01 07 000a 0d 2000000000", -1 },
        { 1, MACS "888e 01 00 0004 03 07 0004 0d", -1 },
        { 1, MACS "888e 01 00 000a 01 07 000a", -1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct flows *f = flows_new(1 << 20);
        struct err    err = { "" };
        struct frame  frame;
        build(&frame, t[i].frame);
        struct packet p = { .p = frame.b, .caplen = (uint32_t)frame.n, .len = (uint32_t)frame.n, .frame = 1, .linktype = t[i].link };
        CU_ASSERT_TRUE(flows_packet(f, &p, &err));
        for (int m = 0; m < EAP_METHODS; m++)
            CU_ASSERT_EQUAL(flow_facts(f)->eap[m], m == t[i].method);
        flows_free(f);
    }
}

static void headers_come_off(void)
{
    for (size_t i = 0; i < ARRAY_LEN(frames); i++) {
        struct frame f;
        build(&f, frames[i].frame);
        bool hi = gives_hi(&f, f.n, frames[i].link);
        if (hi == frames[i].nothing)
            printf("\n  link type %u, %s\n", frames[i].link, frames[i].name);
        CU_ASSERT_NOT_EQUAL(hi, frames[i].nothing);
        for (size_t n = 0; n < f.n; n++) /* every shorter capture of it: nothing is read beyond its end */
            gives_hi(&f, n, frames[i].link);
    }
}

static void unknown_links_are_said_once(void)
{
    struct flows *f = flows_new(1 << 20);
    struct err    err = { "" };
    uint8_t       b[4] = { 0 };
    struct packet p = { .p = b, .caplen = sizeof b, .len = sizeof b, .frame = 1, .linktype = 147 };
    CU_ASSERT_FALSE(flows_packet(f, &p, &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "147"));
    err.text[0] = '\0';
    CU_ASSERT_FALSE(flows_packet(f, &p, &err));
    CU_ASSERT_STRING_EQUAL(err.text, "");
    CU_ASSERT_EQUAL(flow_facts(f)->unknown_link, 2);
    flows_free(f);
}

/* ---- fragments: pieces of one TCP segment with payload "hello, world", by offset into the IP payload ---- */

struct part {
    unsigned at, n; /* multiples of 8, but for the last */
    bool     more;
};
static const struct { const char *name; struct part part[4]; bool six, whole; } sets[] = {
    { "in order", { { 0, 16, true }, { 16, 16, false } }, false, true },
    { "last first", { { 16, 16, false }, { 0, 16, true } }, false, true },
    { "three", { { 8, 16, true }, { 24, 8, false }, { 0, 8, true } }, false, true },
    { "one twice, overlapping", { { 0, 16, true }, { 0, 16, true }, { 8, 16, true }, { 24, 8, false } }, false, true },
    { "one missing", { { 0, 8, true }, { 16, 16, false } }, false, false },
    { "without end", { { 0, 16, true }, { 16, 16, true } }, false, false },
    { "IPv6", { { 0, 16, true }, { 16, 16, false } }, true, true },
};

static void fragments_are_put_together(void)
{
    struct frame segment = { .n = 0 };
    add_hex(&segment, "9c4001bb0000006400000000501000ff00000000");
    memcpy(segment.b + segment.n, "hello, world", 12);
    for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
        struct flows     *f = flows_new(1 << 20);
        struct err        err = { "" };
        struct wire_event ev;
        unsigned          whole = 0, parts = 0;
        for (const struct part *part = sets[i].part; parts < 4 && part->n != 0; part++, parts++) {
            struct frame b = { .n = 0 };
            unsigned     header = sets[i].six ? 48 : 20;
            add_hex(&b, sets[i].six ? "600000000000 2c40" : "45000000 1234");
            b.n = 0;
            add_hex(&b, sets[i].six ? "6000000000002c4020010db800000000000000000000000120010db800000000000000000000000206000000000000ff"
                                    : "4500000012340000400600000a0000010a000002");
            put16(b.b + (sets[i].six ? 4 : 2), sets[i].six ? 8 + part->n : 20 + part->n);
            put16(b.b + (sets[i].six ? 42 : 6), sets[i].six ? part->at | part->more : part->at / 8 | (part->more ? 0x2000u : 0));
            memcpy(b.b + header, segment.b + part->at, part->n);
            struct packet p = { .p = b.b, .caplen = header + part->n, .len = header + part->n, .frame = parts + 1, .linktype = 101 };
            flows_packet(f, &p, &err);
            while (flows_next(f, &ev))
                whole += ev.kind == WIRE_BYTES && ev.len == 12 && memcmp(ev.bytes, "hello, world", 12) == 0;
        }
        if (whole != sets[i].whole)
            printf("\n  %s\n", sets[i].name);
        CU_ASSERT_EQUAL(whole, sets[i].whole);
        CU_ASSERT_EQUAL(flow_facts(f)->fragments, parts);
        flows_free(f);
    }
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("link", NULL, NULL);
    CU_add_test(s, "headers come off", headers_come_off);
    CU_add_test(s, "EAP is counted by method", eap_is_counted);
    CU_add_test(s, "unknown links are said once", unknown_links_are_said_once);
    CU_add_test(s, "fragments are put together", fragments_are_put_together);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
