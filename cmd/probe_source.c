/* probe_source.c - targets from operands, and from standard input and files, one a line. What comes later is not waited for:
 * the probes under way go on meanwhile. */
#include "probe_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct source {
    struct loop *loop;
    char       **operands;
    int          n, at;
    const char  *name;      /* of the lines that are read now; NULL = none are */
    struct watch watch;     /* its fd */
    bool         eof, failed, passing; /* passing over what is left of a line that does not fit */
    char         buf[16 * 1024];
    size_t       from, to;
    uint64_t     line;
    char         where[300];
};

static void readable(void *ctx, unsigned what) /* to have been woken is enough */
{
    (void)ctx;
    (void)what;
}

struct source *source_new(struct loop *loop, int n, char **operands)
{
    struct source *s = mem_get(1, sizeof *s);
    s->loop = loop;
    s->n = n;
    s->operands = operands;
    s->where[0] = '\0';
    return s;
}

static bool is_lines(const char *operand) { return strcmp(operand, "-") == 0 || operand[0] == '@'; }

bool source_is_list(int n, char **operands) { return n > 1 || is_lines(operands[0]); }
bool source_failed(const struct source *s) { return s->failed; }

static void close_lines(struct source *s)
{
    if (s->name == NULL)
        return;
    loop_forget(s->loop, &s->watch);
    if (s->watch.fd > STDIN_FILENO)
        close(s->watch.fd);
    s->name = NULL;
    s->where[0] = '\0';
}

void source_free(struct source *s)
{
    if (s == NULL)
        return;
    close_lines(s);
    free(s);
}

static void open_lines(struct source *s, const char *operand)
{
    bool        input = strcmp(operand, "-") == 0;
    const char *path = operand + 1;
    int         fd = input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        trouble("cannot read targets from %s: %s", path, strerror(errno));
        s->failed = true;
        return;
    }
    s->name = input ? "standard input" : path;
    s->watch = (struct watch){ .fd = fd, .call = readable, .ctx = s };
    loop_poll(s->loop, &s->watch); /* a regular file cannot be waited for: it is always there */
    s->eof = false;
    s->from = s->to = 0;
    s->line = 0;
}

/* More of the lines. False: nothing is there yet. */
static bool fill(struct source *s)
{
    struct pollfd now = { .fd = s->watch.fd, .events = POLLIN };
    memmove(s->buf, s->buf + s->from, s->to - s->from);
    s->to -= s->from;
    s->from = 0;
    if (poll(&now, 1, 0) == 0)
        return false;
    ssize_t got = read(s->watch.fd, s->buf + s->to, sizeof s->buf - s->to);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return false;
    if (got < 0) {
        trouble("cannot read targets from %s: %s", s->name, strerror(errno));
        s->failed = true;
    }
    s->to += got > 0 ? (size_t)got : 0;
    s->eof = got <= 0;
    return true;
}

/* What a line says without its comment and the blanks around it. Copies it; false: it is too long. */
static bool line_says(const char *p, size_t n, char text[TARGET_LINE])
{
    static const char blanks[] = " \t\r\v\f";
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '#' && (i == 0 || strchr(blanks, p[i - 1]) != NULL))
            n = i;
    }
    while (n > 0 && p[n - 1] != '\0' && strchr(blanks, p[n - 1]) != NULL)
        n--;
    while (n > 0 && *p != '\0' && strchr(blanks, *p) != NULL)
        p++, n--;
    if (n >= TARGET_LINE)
        return false;
    for (size_t i = 0; i < n; i++)
        text[i] = p[i] != '\0' ? p[i] : '\1'; /* no target has one: it is told as bad */
    text[n] = '\0';
    return true;
}

/* The next line that says something. */
static enum source_says next_line(struct source *s, char text[TARGET_LINE])
{
    static const char mark[] = "\xef\xbb\xbf"; /* a byte order mark, as some editors write */
    for (;;) {
        char  *p = s->buf + s->from;
        size_t left = s->to - s->from;
        char  *end = memchr(p, '\n', left);
        size_t n = end != NULL ? (size_t)(end - p) : left;
        if (end == NULL && !s->eof && left < sizeof s->buf) {
            if (!fill(s))
                return SOURCE_WAIT;
            continue;
        }
        if (end == NULL && left == 0)
            return SOURCE_END;
        s->from += n + (end != NULL);
        bool rest = s->passing;
        s->passing = end == NULL && !s->eof;
        if (rest)
            continue;
        s->line++;
        snprintf(s->where, sizeof s->where, "%.200s, line %llu: ", s->name, (unsigned long long)s->line);
        if (s->line == 1 && n >= 3 && memcmp(p, mark, 3) == 0)
            p += 3, n -= 3;
        if (!line_says(p, n, text)) {
            trouble("%sa line of more than %d bytes is no target; passed over", s->where, TARGET_LINE - 1);
            s->failed = true;
        } else if (text[0] != '\0') {
            return SOURCE_TARGET;
        }
    }
}

enum source_says source_next(struct source *s, char text[TARGET_LINE], const char **where)
{
    *where = s->where;
    for (;;) {
        enum source_says says = s->name != NULL ? next_line(s, text) : SOURCE_END;
        if (says == SOURCE_WAIT && s->watch.polled)
            loop_again(s->loop, &s->watch);
        if (says != SOURCE_END)
            return says;
        close_lines(s);
        if (s->at == s->n)
            return SOURCE_END;
        const char *operand = s->operands[s->at++];
        if (is_lines(operand)) {
            open_lines(s, operand);
        } else if (strlen(operand) < TARGET_LINE) {
            memcpy(text, operand, strlen(operand) + 1);
            return SOURCE_TARGET;
        } else {
            trouble("'%.60s...' is no target; write HOST or HOST:PORT", operand);
            s->failed = true;
        }
    }
}
