#include "tlswhy/pcapng.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BLOCK_SECTION = 0x0a0d0d0a, BLOCK_INTERFACE = 1, BLOCK_PACKET = 6, /* draft-ietf-opsawg-pcapng sections 4.1 to 4.3 */
    ORDER_MAGIC = 0x1a2b3c4d, OPT_END = 0, OPT_COMMENT = 1, OPT_APPLICATION = 4, OPT_TSRESOL = 9,
    INTERFACES = 64, LONGEST_COMMENT = 65000
};

struct pcapng_writer {
    FILE    *file;
    char    *path, *part; /* where it shall stand; where it is written. part NULL = standard output */
    uint32_t linktype[INTERFACES];
    size_t   interfaces;
    int      error;       /* errno of the first failure */
};

static void put(struct pcapng_writer *w, const void *p, size_t n)
{
    if (w->error == 0 && n != 0 && fwrite(p, 1, n, w->file) != n)
        w->error = errno != 0 ? errno : EIO;
}

static void put32(struct pcapng_writer *w, uint32_t v) { put(w, &v, sizeof v); }
static uint32_t padded(size_t n) { return (uint32_t)((n + 3) & ~(size_t)3); }

static void put_padded(struct pcapng_writer *w, const void *p, size_t n)
{
    put(w, p, n);
    put(w, "\0\0\0", padded(n) - n);
}

static void put_option(struct pcapng_writer *w, uint16_t code, const void *p, size_t n)
{
    uint16_t head[2] = { code, (uint16_t)n };
    put(w, head, sizeof head);
    put_padded(w, p, n);
}

static uint32_t option_size(size_t n) { return 4 + padded(n); }

static void section(struct pcapng_writer *w)
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
}

/* The interface of this link type, described at its first use. */
static uint32_t interface_of(struct pcapng_writer *w, uint32_t linktype)
{
    size_t i = 0;
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

void pcapng_packet(struct pcapng_writer *w, const struct packet *p, const char *comment)
{
    uint32_t interface = interface_of(w, p->linktype);
    size_t   said = comment != NULL ? strnlen(comment, LONGEST_COMMENT) : 0;
    uint32_t len = 32 + padded(p->caplen) + (comment != NULL ? option_size(said) + 4 : 0);
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

struct pcapng_writer *pcapng_create(const char *path, struct err *err)
{
    struct pcapng_writer *w = mem_get(1, sizeof *w);
    struct stat           s;
    size_t                n = strlen(path);
    int                   fd = -1;
    w->path = memcpy(mem_get(n + 1, 1), path, n);
    if (strcmp(path, "-") == 0) {
        w->file = stdout;
        section(w);
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
        free(w->part);
        free(w->path);
        free(w);
        return NULL;
    }
    section(w);
    return w;
}

bool pcapng_finish(struct pcapng_writer *w, bool keep, struct err *err)
{
    if (fflush(w->file) != 0 && w->error == 0)
        w->error = errno;
    if (w->file != stdout && fclose(w->file) != 0 && w->error == 0)
        w->error = errno;
    bool ok = w->error == 0 || !keep;
    if (!ok) {
        errno = w->error;
        err_sys(err, "cannot write %s", w->path);
    }
    if (w->part != NULL && ok && keep && rename(w->part, w->path) != 0) {
        err_sys(err, "cannot put %s in place", w->path);
        ok = false;
    }
    if (w->part != NULL && (!ok || !keep))
        unlink(w->part);
    free(w->part);
    free(w->path);
    free(w);
    return ok;
}
