#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file that nobody can find and that is gone when it is closed. */
static int nameless_file(const char *dir)
{
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
        return fd;
    char path[4096];
    if (snprintf(path, sizeof path, "%s/tlswhy.XXXXXX", dir) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkstemp(path);
    if (fd >= 0)
        unlink(path);
    return fd;
}

static bool write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t put = write(fd, p, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        p += put;
        n -= (size_t)put;
    }
    return true;
}

/* Everything from one into the other. False: errno. `*reading`: it is reading that failed. */
static bool pour(int from, int to, bool *reading)
{
    enum { PIECE = 64 * 1024 };
    char   *buf = mem_get(PIECE, 1);
    ssize_t n = 0;
    bool    ok = true;
    while (ok && ((n = read(from, buf, PIECE)) > 0 || (n < 0 && errno == EINTR)))
        ok = n < 0 || write_all(to, buf, (size_t)n);
    *reading = ok && n < 0;
    free(buf);
    return ok && n == 0;
}

const char *spool_folder(void)
{
    const char *dir = getenv("TMPDIR");
    return dir != NULL && dir[0] != '\0' ? dir : "/tmp";
}

bool spool_begin(struct spool *s, const char *path, bool again, struct err *err)
{
    const char *dir = spool_folder();
    bool        reading = false;
    *s = (struct spool){ .path = path, .fd = -1 };
    if (!again || strcmp(path, "-") != 0)
        return true;
    s->fd = nameless_file(dir);
    if (s->fd >= 0 && pour(STDIN_FILENO, s->fd, &reading))
        return true;
    if (reading)
        err_sys(err, "cannot read standard input");
    else
        err_sys(err, "cannot keep standard input in %s (TMPDIR can name another folder)", dir);
    spool_end(s);
    return false;
}

struct capture *spool_open(const struct spool *s, struct err *err)
{
    if (s->fd < 0)
        return capture_open(s->path, err);
    return capture_open_fd(lseek(s->fd, 0, SEEK_SET) == 0 ? dup(s->fd) : -1, "standard input", err);
}

void spool_end(struct spool *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}
