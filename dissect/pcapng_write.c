/* pcapng_write.c - sections, interfaces and packets of our own, and blocks of others as they are. */
#include "pcapng_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPT_APPLICATION = 4, OPT_TSRESOL = 9, INTERFACES = 64 };

struct pcapng_writer {
    FILE    *file;
    char    *path, *part; /* where it shall stand; where it is written. part NULL = standard output */
    struct last_act last; /* a part that stays a part is removed */
    uint32_t linktype[INTERFACES];
    size_t   interfaces;
    bool     in_section;  /* one of ours has begun and goes on */
    bool     anything;    /* was written */
    int      error;       /* errno of the first failure */
    uint32_t unfit;       /* a link type that pcapng has no number for; 0 = none */
};

static void put(struct pcapng_writer *w, const void *p, size_t n)
{
    w->anything = true;
    if (w->error == 0 && n != 0 && fwrite(p, 1, n, w->file) != n)
        w->error = errno != 0 ? errno : EIO;
}

static void put32(struct pcapng_writer *w, uint32_t v) { put(w, &v, sizeof v); }

void pcapng_raw(struct pcapng_writer *w, const void *p, size_t n) { put(w, p, n); }

static void put_padded(struct pcapng_writer *w, const void *p, size_t n)
{
    put(w, p, n);
    put(w, "\0\0\0", pcapng_padded(n) - n);
}

static void put_option(struct pcapng_writer *w, uint16_t code, const void *p, size_t n)
{
    uint16_t head[2] = { code, (uint16_t)n };
    put(w, head, sizeof head);
    put_padded(w, p, n);
}

static uint32_t option_size(size_t n) { return 4 + pcapng_padded(n); }

void pcapng_section(struct pcapng_writer *w)
{
    static const char application[] = "tlswhy";
    uint32_t          len = 28 + option_size(sizeof application - 1) + 4;
    uint16_t          version[2] = { 1, 0 };
    uint64_t          unknown = UINT64_MAX; /* section length: not given */
    put32(w, BLOCK_SECTION);
    put32(w, len);
    put32(w, ORDER_MAGIC);
    put(w, version, sizeof version);
    put(w, &unknown, sizeof unknown);
    put_option(w, OPT_APPLICATION, application, sizeof application - 1);
    put_option(w, OPT_END, NULL, 0);
    put32(w, len);
    w->interfaces = 0;
    w->in_section = true;
}

void pcapng_section_over(struct pcapng_writer *w) { w->in_section = false; }

static void begin(struct pcapng_writer *w)
{
    if (!w->in_section)
        pcapng_section(w);
}

/* The interface of this link type, described at its first use. */
static uint32_t interface_of(struct pcapng_writer *w, uint32_t linktype)
{
    size_t i = 0;
    begin(w);
    if (linktype > UINT16_MAX)
        w->unfit = linktype;
    while (i < w->interfaces && w->linktype[i] != linktype)
        i++;
    if (i < w->interfaces || i == INTERFACES)
        return (uint32_t)(i < w->interfaces ? i : INTERFACES - 1);
    static const uint8_t nanoseconds = 9;
    uint16_t             head[2] = { (uint16_t)linktype, 0 };
    uint32_t             len = 20 + option_size(1) + 4;
    put32(w, BLOCK_INTERFACE);
    put32(w, len);
    put(w, head, sizeof head);
    put32(w, 0); /* snap length: no limit */
    put_option(w, OPT_TSRESOL, &nanoseconds, 1);
    put_option(w, OPT_END, NULL, 0);
    put32(w, len);
    w->linktype[w->interfaces++] = linktype;
    return (uint32_t)i;
}

/* Network Monitor's own header stands before an 802.11 frame: pcapng knows the frame alone. */
static struct packet without_netmon_header(const struct packet *p)
{
    enum { LINK_80211 = 105 };
    struct packet out = *p;
    size_t        header = p->caplen >= 3 ? le16(p->p + 1) : 0;
    if (header > p->caplen)
        header = 0;
    out.linktype = LINK_80211;
    out.p += header;
    out.caplen -= (uint32_t)header;
    out.len -= (uint32_t)header;
    return out;
}

void pcapng_packet(struct pcapng_writer *w, const struct packet *p, const char *comment)
{
    struct packet frame;
    if (p->linktype == LINK_NETMON_80211) {
        frame = without_netmon_header(p);
        p = &frame;
    }
    uint32_t interface = interface_of(w, p->linktype);
    size_t   said = comment != NULL ? strnlen(comment, PCAPNG_COMMENT_MAX) : 0;
    uint32_t len = 32 + pcapng_padded(p->caplen) + (comment != NULL ? option_size(said) + 4 : 0);
    uint64_t t = (uint64_t)p->ns;
    put32(w, BLOCK_PACKET);
    put32(w, len);
    put32(w, interface);
    put32(w, (uint32_t)(t >> 32));
    put32(w, (uint32_t)t);
    put32(w, p->caplen);
    put32(w, p->len);
    put_padded(w, p->p, p->caplen);
    if (comment != NULL) {
        put_option(w, OPT_COMMENT, comment, said);
        put_option(w, OPT_END, NULL, 0);
    }
    put32(w, len);
}

void pcapng_secrets(struct pcapng_writer *w, const char *keylog, size_t n)
{
    uint32_t len = 20 + pcapng_padded(n);
    begin(w);
    put32(w, BLOCK_SECRETS);
    put32(w, len);
    put32(w, SECRETS_TLS_KEY_LOG);
    put32(w, (uint32_t)n);
    put_padded(w, keylog, n);
    put32(w, len);
}

void pcapng_custom(struct pcapng_writer *w, uint32_t enterprise, const void *p, size_t n)
{
    uint32_t len = 16 + pcapng_padded(n);
    begin(w);
    put32(w, BLOCK_CUSTOM);
    put32(w, len);
    put32(w, enterprise);
    put_padded(w, p, n);
    put32(w, len);
}

static void remove_part(void *ctx)
{
    const struct pcapng_writer *w = ctx;
    unlink(w->part);
}

struct pcapng_writer *pcapng_create(const char *path, struct err *err)
{
    struct pcapng_writer *w = mem_get(1, sizeof *w);
    struct stat           s;
    size_t                n = strlen(path);
    int                   fd = -1;
    w->path = memcpy(mem_get(n + 1, 1), path, n);
    if (strcmp(path, "-") == 0) {
        w->file = stdout;
        return w;
    }
    if (stat(path, &s) == 0 && !S_ISREG(s.st_mode)) { /* a device or pipe cannot be replaced: write into it */
        w->file = S_ISDIR(s.st_mode) ? (errno = EISDIR, NULL) : fopen(path, "wb");
    } else {
        static const char suffix[] = ".XXXXXX";
        w->part = mem_get(n + sizeof suffix, 1);
        memcpy(w->part, path, n);
        memcpy(w->part + n, suffix, sizeof suffix);
        fd = mkstemp(w->part);
        w->last = (struct last_act){ .act = remove_part, .ctx = w };
        last_act_add(&w->last);
        mode_t mask = umask(0);
        umask(mask);
        if (fd >= 0 && fchmod(fd, 0666 & ~mask) == 0)
            w->file = fdopen(fd, "wb");
    }
    if (w->file == NULL) {
        err_sys(err, "cannot write %s", path);
        if (fd >= 0) {
            close(fd);
            unlink(w->part);
        }
        last_act_remove(&w->last);
        free(w->part);
        free(w->path);
        free(w);
        return NULL;
    }
    return w;
}

bool pcapng_finish(struct pcapng_writer *w, bool keep, struct err *err)
{
    if (!w->anything)
        pcapng_section(w); /* a capture without packets is one, too */
    if (fflush(w->file) != 0 && w->error == 0)
        w->error = errno;
    if (w->file != stdout && fclose(w->file) != 0 && w->error == 0)
        w->error = errno;
    bool ok = w->error == 0 || !keep;
    if (!ok) {
        errno = w->error;
        err_sys(err, "cannot write %s", w->path);
    }
    if (ok && keep && w->unfit != 0) {
        err_set(err, "cannot write %s: pcapng has no number for link type %u", w->path, w->unfit);
        ok = false;
    }
    if (w->part != NULL && ok && keep && rename(w->part, w->path) != 0) {
        err_sys(err, "cannot put %s in place", w->path);
        ok = false;
    }
    if (w->part != NULL && (!ok || !keep))
        unlink(w->part);
    last_act_remove(&w->last);
    free(w->part);
    free(w->path);
    free(w);
    return ok;
}
