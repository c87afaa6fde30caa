/* Classic pcap, and what all formats share: a buffer that slides, gzip undone below it (zlib reads a plain file
 * straight into the buffer). A packet is borrowed from the buffer until the next one is asked for. */
#include "capture_parts.h"

#include "tlswhy/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER = 128 * 1024, ZLIB_BUFFER = 32 * 1024 }; /* small, so that what was read is still in the cache when it is taken apart */

bool capture_read(struct capture *c, size_t n, struct err *err)
{
    while (capture_left(c) < n && !c->ended && c->gz != NULL) {
        size_t left = capture_left(c);
        if (n > c->cap) { /* a packet larger than the buffer: rare, and bounded by LARGEST_PACKET */
            size_t   cap = n + BUFFER;
            uint8_t *bigger = mem_get(cap, 1);
            memcpy(bigger, c->p, left);
            free(c->buf);
            c->buf = bigger;
            c->cap = cap;
        } else if (left != 0) {
            memmove(c->buf, c->p, left);
        }
        c->p = c->buf;
        c->end = c->buf + left;
        int got = gzread(c->gz, c->buf + left, (unsigned)(c->cap - left));
        int code = Z_OK;
        if (got > 0) {
            c->end += got;
            continue;
        }
        gzerror(c->gz, &code);
        c->ended = true;
        if (code == Z_MEM_ERROR)
            mem_fail();
        if (code == Z_ERRNO)
            err_sys(err, "cannot read %s", c->path);
        else if (code != Z_OK)
            c->facts.cut_short = true; /* a gzip stream that is damaged or ends early: what came before counts */
    }
    return capture_left(c) >= n;
}

struct capture_interface *capture_add_interface(struct capture *c)
{
    if (c->interfaces == INTERFACES_MAX)
        return NULL;
    if (c->interfaces == c->interface_cap) {
        c->interface_cap = c->interface_cap != 0 ? c->interface_cap * 2 : 4;
        c->interface = mem_grow(c->interface, c->interface_cap, sizeof *c->interface);
    }
    struct capture_interface *i = &c->interface[c->interfaces++];
    *i = (struct capture_interface){ .units = 1000000 };
    return i;
}

int64_t capture_ns(const struct capture_interface *i, uint64_t ticks)
{
    int64_t ns = 0;
    if (i->units == 1000000)
        ns = ticks <= INT64_MAX / 1000 ? (int64_t)ticks * 1000 : INT64_MAX;
    else {
        __extension__ typedef unsigned __int128 wide;
        wide v = (wide)ticks * 1000000000u / i->units;
        ns = v <= (wide)INT64_MAX ? (int64_t)v : INT64_MAX;
    }
    return __builtin_add_overflow(ns, i->offset_ns, &ns) ? INT64_MAX : ns;
}

uint64_t capture_ticks(const struct capture_interface *i, int64_t ns)
{
    __extension__ typedef unsigned __int128 wide;
    int64_t since = 0;
    return __builtin_sub_overflow(ns, i->offset_ns, &since) || since < 0 ? 0 : (uint64_t)((wide)since * i->units / (wide)NS_PER_S);
}

void capture_give(struct capture *c, struct packet *p, size_t interface, const uint8_t *data, uint32_t caplen, uint32_t len, int64_t ns)
{
    struct capture_facts           *f = &c->facts;
    const struct capture_interface *i = &c->interface[interface];
    if (len < caplen)
        len = caplen;
    f->packets++;
    if (f->packets == 1 || ns < f->first_ns)
        f->first_ns = ns;
    if (f->packets == 1 || ns > f->last_ns)
        f->last_ns = ns;
    if (caplen < len) {
        f->snapped++;
        if (f->snaplen == 0 || caplen < f->snaplen)
            f->snaplen = caplen;
    }
    c->last_ns = ns;
    *p = (struct packet){ .p = data, .caplen = caplen, .len = len, .frame = f->packets, .ns = ns, .linktype = i->linktype,
                          .interface = (uint32_t)interface };
}

bool capture_over(struct capture *c, bool in_the_middle)
{
    c->facts.cut_short |= in_the_middle;
    return false;
}

static bool pcap_next(struct capture *c, struct packet *p, struct err *err)
{
    size_t header = 16 + c->record_extra;
    if (!capture_fill(c, header, err))
        return capture_over(c, capture_left(c) != 0);
    uint32_t s = capture_u32(c, c->p), part = capture_u32(c, c->p + 4), caplen = capture_u32(c, c->p + 8), len = capture_u32(c, c->p + 12);
    if (caplen > LARGEST_PACKET)
        return capture_over(c, true); /* no packet is that long: the file is damaged from here on */
    if (!capture_fill(c, header + caplen, err))
        return capture_over(c, true);
    const uint8_t *data = c->p + header;
    c->p = data + caplen;
    int64_t ns = (int64_t)s * NS_PER_S + (c->interface[0].units == 1000000 ? (int64_t)part * 1000 : (int64_t)part);
    capture_give(c, p, 0, data, caplen, len, ns);
    return true;
}

static bool pcap_at_hand(const struct capture *c)
{
    size_t header = 16 + c->record_extra, left = capture_left(c);
    return left >= header && left - header >= capture_u32(c, c->p + 8);
}

static bool pcap_open(struct capture *c, struct err *err)
{
    static const struct { uint32_t magic; uint64_t units; uint32_t extra; } kinds[] = {
        { 0xa1b2c3d4, 1000000, 0 },
        { 0xa1b23c4d, 1000000000, 0 },
        { 0xa1b2cd34, 1000000, 8 }, /* Kuznetzov's libpcap: interface, protocol, packet type behind each record header */
    };
    uint32_t little = le32(c->p), big = be32(c->p);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (little != kinds[i].magic && big != kinds[i].magic)
            continue;
        c->swapped = big == kinds[i].magic;
        if (!capture_fill(c, 24, err)) {
            err_set(err, "%s ends inside its file header (%zu of 24 bytes): capture it again, or copy it again", c->path, capture_left(c));
            return true;
        }
        struct capture_interface *in = capture_add_interface(c);
        in->units = kinds[i].units;
        in->snaplen = capture_u32(c, c->p + 16);
        in->linktype = capture_u32(c, c->p + 20) & 0xffff; /* above: FCS length, draft-ietf-opsawg-pcap section 4 */
        c->record_extra = kinds[i].extra;
        c->p += 24;
        c->next = pcap_next;
        c->at_hand = pcap_at_hand;
        return true;
    }
    return false;
}

/* Looks at the first bytes. True: `next` is set, or err says what this is instead. */
static void detect(struct capture *c, struct err *err)
{
    static const struct { const char *start; size_t n; const char *what; } others[] = {
        { "snoop\0\0", 7, "a Solaris snoop file; convert it with editcap" },
        { "TRSNIFF data", 12, "a Sniffer trace; convert it with editcap" },
        { "\x1f\x9d", 2, "compressed with compress(1); unpack it first" },
        { "BZh", 3, "compressed with bzip2; pipe it in: bzcat FILE | tlswhy read -" },
        { "\xfd" "7zXZ", 5, "compressed with xz; pipe it in: xzcat FILE | tlswhy read -" },
        { "\x28\xb5\x2f\xfd", 4, "compressed with zstd; pipe it in: zstdcat FILE | tlswhy read -" },
        { "PK\x03\x04", 4, "a zip archive; unpack it first" },
    };
    static const char hint[] = "tlswhy reads pcap and pcapng, also gzipped";
    size_t            name = strlen(c->path);
    bool              four = capture_fill(c, 4, err);
    if (err->text[0] != '\0')
        return;
    if (capture_left(c) == 0 && c->ended) {
        err_set(err, c->facts.cut_short ? "%s is a gzip file that cannot be unpacked" : "%s is empty: no capture was written to it", c->path);
        return;
    }
    if (name > 4 && strcasecmp(c->path + name - 4, ".etl") == 0) {
        err_set(err, "%s is a Windows ETW trace (netsh trace, pktmon): convert it with etl2pcapng, then read that", c->path);
        return;
    }
    if (four && pcap_open(c, err))
        return;
    if (four && be32(c->p) == 0x0a0d0d0a) {
        c->next = pcapng_next;
        c->at_hand = pcapng_at_hand;
        if (!capture_fill(c, 28, err))
            err_set(err, "%s ends inside its file header (%zu of 28 bytes): capture it again, or copy it again", c->path, capture_left(c));
        return;
    }
    if (four && memcmp(c->p, "GMBU", 4) == 0 && netmon_open(c, err))
        return;
    if (err->text[0] != '\0')
        return;
    capture_fill(c, 16, err);
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        if (capture_left(c) >= others[i].n && memcmp(c->p, others[i].start, others[i].n) == 0) {
            err_set(err, "%s is %s", c->path, others[i].what);
            return;
        }
    }
    err_set(err, "%s is no capture file (its first bytes are no pcap or pcapng magic): %s", c->path, hint);
}

static struct capture *started(struct capture *c, struct err *err)
{
    struct err own = { "" };
    detect(c, &own);
    if (own.text[0] == '\0')
        return c;
    err_set(err, "%s", own.text);
    capture_close(c);
    return NULL;
}

struct capture *capture_open_memory(const void *p, size_t n, struct err *err)
{
    struct capture *c = mem_get(1, sizeof *c);
    c->path = "(memory)";
    c->p = p;
    c->end = c->p + n;
    c->ended = true;
    return started(c, err);
}

struct capture *capture_open(const char *path, struct err *err)
{
    bool standard = strcmp(path, "-") == 0;
    return capture_open_fd(standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC), standard ? "standard input" : path, err);
}

struct capture *capture_open_fd(int fd, const char *path, struct err *err)
{
    struct stat s;
    if (fd < 0 || fstat(fd, &s) != 0) {
        err_sys(err, "cannot open capture %s", path);
        goto failed;
    }
    if (S_ISDIR(s.st_mode)) {
        err_set(err, "%s is a directory: name the capture files in it", path);
        goto failed;
    }
    struct capture *c = mem_get(1, sizeof *c);
    c->path = path;
    c->gz = gzdopen(fd, "rb");
    if (c->gz == NULL)
        mem_fail();
    gzbuffer(c->gz, ZLIB_BUFFER); /* plain files go past it where at least two of it are asked for */
    c->cap = BUFFER;
    c->buf = mem_get(c->cap, 1);
    c->p = c->end = c->buf;
    return started(c, err);
failed:
    if (fd >= 0)
        close(fd);
    return NULL;
}

bool capture_next(struct capture *c, struct packet *p, struct err *err)
{
    return c->next(c, p, err);
}

size_t capture_some(struct capture *c, struct packet *p, size_t n, struct err *err)
{
    size_t got = 0;
    while (got < n && !c->over && (got == 0 || (c->at_hand != NULL && c->at_hand(c)))) {
        c->over = !c->next(c, &p[got], err);
        got += !c->over;
    }
    return got;
}

const struct capture_facts *capture_facts(const struct capture *c) { return &c->facts; }

void capture_close(struct capture *c)
{
    if (c == NULL)
        return;
    if (c->gz != NULL)
        gzclose(c->gz);
    free(c->interface);
    free(c->secrets.p);
    free(c->marks.p);
    free(c->names.p);
    free(c->buf);
    free(c);
}
