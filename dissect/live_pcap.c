/* Live capture and the list of interfaces, through libpcap. */
#include "tlswhy/live.h"

#include "tlswhy/filter.h"
#include "tlswhy/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { SNAPLEN = 262144, LINKTYPE_RAW = 101 };

struct live {
    pcap_t              *pcap;
    struct capture_facts facts;
    uint32_t             linktype;
    char                 interface[IFNAMSIZ];
    bool                 nanoseconds;
};

/* Numbers in files differ from libpcap's own for raw IP alone, as far as interfaces of Linux go (pcap-linktype(7)). */
static uint32_t linktype_of(int dlt) { return dlt == DLT_RAW ? LINKTYPE_RAW : (uint32_t)dlt; }

/* The command that gives this very program the right to capture. */
static void say_setcap(const char *interface, struct err *err)
{
    char    self[1024];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = '\0';
    err_set(err, "capturing on %s needs a right that you do not have: give it to the program with `sudo setcap cap_net_raw=ep %s`, or run "
            "it as root", interface, n > 0 ? self : "tlswhy");
}

static void say_why_not(pcap_t *p, int code, const char *interface, struct err *err)
{
    switch (code) {
    case PCAP_ERROR_PERM_DENIED:
    case PCAP_ERROR_PROMISC_PERM_DENIED:
        say_setcap(interface, err);
        break;
    case PCAP_ERROR_NO_SUCH_DEVICE:
        err_set(err, "there is no interface %s; `tlswhy watch` alone lists them", interface);
        break;
    case PCAP_ERROR_IFACE_NOT_UP:
        err_set(err, "the interface %s is down: bring it up (ip link set %s up)", interface, interface);
        break;
    default:
        err_set(err, "cannot capture on %s: %s", interface, pcap_geterr(p)[0] != '\0' ? pcap_geterr(p) : pcap_statustostr(code));
    }
}

static bool set_filter(struct live *l, const char *expression, struct err *err)
{
    struct filter     *checked = filter_new(expression, err); /* numeric only: its own words for what is wrong */
    struct bpf_program program;
    bool               ok = checked != NULL;
    filter_free(checked);
    if (ok && pcap_compile(l->pcap, &program, expression, 1, PCAP_NETMASK_UNKNOWN) != 0) {
        err_set(err, "the filter \"%s\" cannot be used on %s: %s", expression, l->interface, pcap_geterr(l->pcap));
        return false;
    }
    if (ok && pcap_setfilter(l->pcap, &program) != 0) {
        err_set(err, "the kernel refuses the filter \"%s\": %s", expression, pcap_geterr(l->pcap));
        ok = false;
    }
    if (checked != NULL)
        pcap_freecode(&program);
    return ok;
}

static bool activate(struct live *l, const char *interface, size_t ring, struct err *err)
{
    pcap_t *p = l->pcap;
    pcap_set_snaplen(p, SNAPLEN);
    pcap_set_promisc(p, 1);
    pcap_set_timeout(p, LIVE_BLOCK_MS);
    pcap_set_buffer_size(p, ring < INT32_MAX ? (int)ring : INT32_MAX);
    pcap_set_tstamp_precision(p, PCAP_TSTAMP_PRECISION_NANO);
    int code = pcap_activate(p); /* above 0: a warning, as that "any" cannot be promiscuous */
    if (code < 0) {
        say_why_not(p, code, interface, err);
        return false;
    }
    char why[PCAP_ERRBUF_SIZE];
    if (pcap_setnonblock(p, 1, why) != 0 || pcap_get_selectable_fd(p) < 0) {
        err_set(err, "%s cannot be waited for, so it cannot be watched", interface);
        return false;
    }
    l->linktype = linktype_of(pcap_datalink(p));
    l->nanoseconds = pcap_get_tstamp_precision(p) == PCAP_TSTAMP_PRECISION_NANO;
    return true;
}

struct live *live_open(const char *interface, const char *filter, size_t ring, struct err *err)
{
    char         why[PCAP_ERRBUF_SIZE] = "";
    struct live *l = mem_get(1, sizeof *l);
    snprintf(l->interface, sizeof l->interface, "%s", interface);
    l->pcap = pcap_create(interface, why);
    if (l->pcap == NULL)
        err_set(err, "cannot capture on %s: %s", interface, why);
    if (l->pcap != NULL && activate(l, interface, ring, err) && (filter == NULL || set_filter(l, filter, err)))
        return l;
    live_close(l);
    return NULL;
}

void live_close(struct live *l)
{
    if (l == NULL)
        return;
    if (l->pcap != NULL)
        pcap_close(l->pcap);
    free(l);
}

int live_fd(const struct live *l) { return pcap_get_selectable_fd(l->pcap); }

enum live_state live_next(struct live *l, struct packet *p, struct err *err)
{
    struct pcap_pkthdr  *h = NULL;
    const unsigned char *bytes = NULL;
    int                  got = pcap_next_ex(l->pcap, &h, &bytes);
    if (got == 0)
        return LIVE_NONE;
    if (got < 0) {
        err_set(err, "%s: %s", l->interface, pcap_geterr(l->pcap));
        return LIVE_GONE;
    }
    struct capture_facts *f = &l->facts;
    int64_t               ns = h->ts.tv_sec * NS_PER_S + h->ts.tv_usec * (l->nanoseconds ? 1 : 1000);
    if (f->packets++ == 0)
        f->first_ns = ns;
    f->last_ns = ns > f->last_ns ? ns : f->last_ns;
    if (h->caplen < h->len) {
        f->snapped++;
        f->snaplen = SNAPLEN;
    }
    *p = (struct packet){ .p = bytes, .caplen = h->caplen, .len = h->len < h->caplen ? h->caplen : h->len, .frame = f->packets, .ns = ns,
                          .linktype = l->linktype };
    return LIVE_PACKET;
}

const struct capture_facts *live_facts(struct live *l)
{
    struct pcap_stat s = { 0 };
    if (pcap_stats(l->pcap, &s) == 0)
        l->facts.dropped += (uint32_t)(s.ps_drop + s.ps_ifdrop - (uint32_t)l->facts.dropped); /* theirs wrap after 32 bits */
    return &l->facts;
}

enum live_link live_link(const struct live *l)
{
    struct ifreq r = { 0 };
    memcpy(r.ifr_name, l->interface, sizeof r.ifr_name);
    if (strcmp(l->interface, "any") == 0)
        return LINK_UNKNOWN;
    if (ioctl(pcap_fileno(l->pcap), SIOCGIFFLAGS, &r) != 0)
        return errno == ENODEV ? LINK_GONE : LINK_UNKNOWN;
    return (r.ifr_flags & IFF_UP) != 0 && (r.ifr_flags & IFF_RUNNING) != 0 ? LINK_UP : LINK_DOWN;
}

/* ---- the list ---- */

struct live_interfaces {
    pcap_if_t *first;
};

struct live_interfaces *live_list(struct err *err)
{
    char                    why[PCAP_ERRBUF_SIZE] = "";
    struct live_interfaces *l = mem_get(1, sizeof *l);
    if (pcap_findalldevs(&l->first, why) == 0)
        return l;
    err_set(err, "cannot list the interfaces: %s", why);
    free(l);
    return NULL;
}

/* What libpcap also calls devices: no network packets come from them. */
static bool is_network(const char *name)
{
    static const char *const others[] = { "bluetooth", "usbmon", "nflog", "nfqueue", "dbus-" };
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        if (strncmp(name, others[i], strlen(others[i])) == 0)
            return false;
    }
    return true;
}

static void add_address(char *out, size_t size, const struct sockaddr *a)
{
    char        text[INET6_ADDRSTRLEN];
    const void *ip = a == NULL ? NULL
                     : a->sa_family == AF_INET  ? (const void *)&((const struct sockaddr_in *)(const void *)a)->sin_addr
                     : a->sa_family == AF_INET6 ? (const void *)&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr
                                                : NULL;
    size_t n = strlen(out);
    if (ip != NULL && inet_ntop(a->sa_family, ip, text, sizeof text) != NULL && n + strlen(text) + 2 < size)
        snprintf(out + n, size - n, "%s%s", n != 0 ? " " : "", text);
}

struct live_interface live_listed(const struct live_interfaces *l, size_t i)
{
    struct live_interface out = { 0 };
    const pcap_if_t      *d = l->first;
    for (; d != NULL && (!is_network(d->name) || i-- != 0); d = d->next) {}
    if (d == NULL)
        return out;
    out.name = d->name;
    out.about = d->description;
    out.up = (d->flags & PCAP_IF_UP) != 0;
    for (const pcap_addr_t *a = d->addresses; a != NULL; a = a->next)
        add_address(out.addresses, sizeof out.addresses, a->addr);
    return out;
}

void live_list_free(struct live_interfaces *l)
{
    if (l == NULL)
        return;
    pcap_freealldevs(l->first);
    free(l);
}
