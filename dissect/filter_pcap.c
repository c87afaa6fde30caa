#include "tlswhy/filter.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINKS = 16, LINKTYPE_RAW = 101, LINKTYPE_LOOP = 108, WORD = 128 };

struct filter {
    char  *expression;
    size_t n; /* of `link` */
    struct {
        uint32_t           linktype;
        bool               ok;
        struct bpf_program program;
    } link[LINKS];
};

/* Every word of the language (pcap-filter(7)) that is no name. What stands in none of these lists, is no number
 * and no address, would be looked up. */
static const char *const words[] = {
    "host", "net", "port", "portrange", "src", "dst", "or", "and", "not", "ether", "fddi", "tr", "wlan", "ip", "ip6", "arp", "rarp",
    "decnet", "tcp", "udp", "sctp", "icmp", "icmp6", "igmp", "igrp", "pim", "ah", "esp", "vrrp", "carp", "proto", "protochain",
    "gateway", "broadcast", "multicast", "less", "greater", "len", "mask", "inbound", "outbound", "vlan", "mpls", "pppoed", "pppoes",
    "geneve", "vxlan", "link", "type", "subtype", "dir", "addr1", "addr2", "addr3", "addr4", "ra", "ta", "mgt", "ctl", "data", "llc",
    "iso", "clnp", "esis", "isis", "stp", "ipx", "netbeui", "aarp", "atalk", "lat", "moprc", "mopdl", "radio", "slip", "ppp", "l1", "l2",
    "iih", "lsp", "snp", "csnp", "psnp", "on", "ifname", "rnr", "rulenum", "reason", "rset", "ruleset", "srnr", "subrulenum", "action",
    "tcpflags", "icmptype", "icmpcode", "icmp6type", "icmp6code", "tcp-fin", "tcp-syn", "tcp-rst", "tcp-push", "tcp-ack", "tcp-urg",
    "tcp-ece", "tcp-cwr", "icmp-echo", "icmp-echoreply", "icmp-unreach", "icmp-timxceed", "icmp-redirect",
};

static bool is_number(const char *w)
{
    char *end = NULL;
    strtoul(w, &end, 0);
    return end != w && *end == '\0';
}

/* 443-445 */
static bool is_range(const char *w)
{
    const char *dash = strchr(w, '-');
    return dash != NULL && dash != w && dash[1] != '\0' && strspn(w, "0123456789") == (size_t)(dash - w) &&
           strspn(dash + 1, "0123456789") == strlen(dash + 1);
}

/* 192.0.2.1, 192.0.2 (a network, shortened), 192.0.2.0/24, 2001:db8::/32, 00:1b:21:aa:bb:cc */
static bool is_address(const char *w)
{
    char    address[WORD];
    uint8_t ip[16];
    snprintf(address, sizeof address, "%s", w);
    char *slash = strchr(address, '/');
    if (slash != NULL) {
        if (!is_number(slash + 1))
            return false;
        *slash = '\0';
    }
    if (inet_pton(AF_INET6, address, ip) == 1)
        return true;
    size_t digits = strspn(address, "0123456789."), hex = strspn(address, "0123456789abcdefABCDEF:-.");
    return digits == strlen(address) || (hex == strlen(address) && strchr(address, ':') != NULL);
}

static bool is_known(const char *w)
{
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp(words[i], w) == 0)
            return true;
    }
    return is_number(w) || is_range(w) || is_address(w);
}

/* The first word that would be looked up; false: there is none. */
static bool name_in(const char *s, char name[WORD])
{
    while (*s != '\0') {
        size_t n = 0;
        while (isalnum((unsigned char)s[n]) || (s[n] != '\0' && strchr("._-:/\\", s[n]) != NULL))
            n++;
        if (n == 0) {
            s++;
            continue;
        }
        snprintf(name, WORD, "%.*s", n < WORD ? (int)n : WORD - 1, s);
        /* a backslash only keeps a word from being a keyword; tcp[13:2] is an offset and a size */
        const char *bare = name + (name[0] == '\\');
        if (!is_known(bare) && strspn(bare, "0123456789:") != strlen(bare))
            return true;
        s += n;
    }
    return false;
}

/* Link types whose number in files differs from libpcap's own (pcap-linktype(7)). */
static int dlt_of(uint32_t linktype)
{
    return linktype == LINKTYPE_RAW ? DLT_RAW : linktype == LINKTYPE_LOOP ? DLT_LOOP : (int)linktype;
}

static bool compile(struct filter *f, uint32_t linktype, struct bpf_program *program, struct err *err)
{
    pcap_t *dead = pcap_open_dead(dlt_of(linktype), 262144);
    if (dead == NULL)
        mem_fail();
    bool ok = pcap_compile(dead, program, f->expression, 1, PCAP_NETMASK_UNKNOWN) == 0;
    if (!ok)
        err_set(err, "the filter \"%s\" cannot be used: %s (pcap-filter(7) has the language)", f->expression, pcap_geterr(dead));
    pcap_close(dead);
    return ok;
}

struct filter *filter_new(const char *expression, struct err *err)
{
    char name[WORD];
    if (name_in(expression, name)) {
        err_set(err, "the filter names \"%s\", and tlswhy looks no name up: give the address or port number", name);
        return NULL;
    }
    struct filter *f = mem_get(1, sizeof *f);
    f->expression = strcpy(mem_get(strlen(expression) + 1, 1), expression);
    struct bpf_program trial;
    if (!compile(f, DLT_EN10MB, &trial, err)) { /* a slip is told before the first packet */
        filter_free(f);
        return NULL;
    }
    pcap_freecode(&trial);
    return f;
}

void filter_free(struct filter *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->n && i < LINKS; i++) {
        if (f->link[i].ok)
            pcap_freecode(&f->link[i].program);
    }
    free(f->expression);
    free(f);
}

bool filter_passes(struct filter *f, const struct packet *p, struct err *err)
{
    size_t i = 0;
    while (i < f->n && f->link[i].linktype != p->linktype)
        i++;
    if (i == LINKS)
        return false;
    if (i == f->n) {
        f->link[i].linktype = p->linktype;
        f->link[i].ok = compile(f, p->linktype, &f->link[i].program, err);
        f->n++;
    }
    struct pcap_pkthdr header = { .caplen = p->caplen, .len = p->len };
    return f->link[i].ok && pcap_offline_filter(&f->link[i].program, &header, p->p) != 0;
}
