/* proxy_lab.c - the origins of a proxy check: a server of the lab for each question, in a process of their own, and what arrived there. */
#include "proxy_run.h"

#include "tlswhy/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HELLOS_KEPT = 4, CONNECTION_S = 10 };

/* ------------------------------------------------------------------------------------ the root */

static char *read_text(const char *path, struct err *err)
{
    size_t   n = 0;
    uint8_t *p = file_read(path, &n, err);
    if (p == NULL)
        return NULL;
    char *s = mem_get(n + 1, 1);
    memcpy(s, p, n);
    explicit_bzero(p, n);
    free(p);
    return s;
}

/* With nobody else able to read it, and never over a file that is there. */
static bool write_new(const char *path, const char *text, mode_t mode, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (!ok)
        err_sys(err, "cannot write %s", path);
    return (fd < 0 || close(fd) == 0) && ok;
}

static bool key_path(const char *root, char *out, size_t size) { return snprintf(out, size, "%s.key", root) < (int)size; }

/* --lab-root FILE: FILE is the certificate, FILE.key its key; made at the first run, and used again at the next. */
static bool read_root(const char *root, struct serve_options *s, struct err *err)
{
    char path[4096];
    if (root == NULL)
        return true;
    if (!key_path(root, path, sizeof path)) {
        err_set(err, "the name of the root's file is too long");
        return false;
    }
    if (access(root, F_OK) != 0 && access(path, F_OK) != 0)
        return true;
    char *cert = read_text(root, err), *key = cert != NULL ? read_text(path, err) : NULL;
    s->root = cert;
    s->root_key = key;
    return key != NULL;
}

static bool keep_root(const char *root, const struct serve_options *s, const struct serve *serve, struct err *err)
{
    char path[4096];
    if (root == NULL || s->root != NULL)
        return true;
    key_path(root, path, sizeof path);
    if (!write_new(path, serve_root_key_pem(serve), 0600, err) || !write_new(root, serve_root_pem(serve), 0644, err))
        return false;
    fprintf(stderr, "tlswhy: %s is new: let the proxy trust it for the tests of bad certificates, and no longer than for them (its key is %s)\n", root, path);
    return true;
}

static void forget_root(struct serve_options *s)
{
    if (s->root_key != NULL)
        explicit_bzero((char *)(uintptr_t)s->root_key, strlen(s->root_key));
    free((char *)(uintptr_t)s->root_key);
    free((char *)(uintptr_t)s->root);
}

/* ------------------------------------------------------------------------------------ starting */

static uint16_t start(struct lab_origins *l, const struct check_options *o, const char *name, size_t at, struct err *err)
{
    struct address on;
    address_in_text(o->listen, o->port != 0 ? (uint16_t)(o->port + at) : 0, &on);
    return serve_start(l->serve, serve_case_named(name), (const struct sockaddr *)&on.to, on.len, err);
}

static bool start_all(struct lab_origins *l, const struct check_options *o, struct err *err)
{
    l->web = start(l, o, "web", ASK_COUNT, err); /* first: certificates name it */
    if (l->web == 0)
        return false;
    for (size_t q = 0; q < ASK_COUNT; q++) {
        const char *name = question_case((enum proxy_question)q);
        l->cannot[q] = serve_cannot(serve_case_named(name));
        if (l->cannot[q] == NULL && (l->port[q] = start(l, o, name, q, err)) == 0)
            return false;
    }
    return true;
}

bool lab_open(struct lab_origins *l, const struct check_options *o)
{
    struct err           err = { 0 };
    struct serve_options s = { .timeout_ns = CONNECTION_S * NS_PER_S };
    for (size_t i = 0; i < o->name_n; i++)
        s.names[s.name_n++] = o->names[i];
    if (s.name_n < SERVE_NAMES_MAX)
        s.names[s.name_n++] = o->listen;
    bool ok = read_root(o->root, &s, &err) && (l->serve = serve_new(&s, &err)) != NULL && keep_root(o->root, &s, l->serve, &err) && start_all(l, o, &err) &&
              serve_fork(l->serve, &err) >= 0;
    forget_root(&s);
    if (!ok)
        trouble("the lab: %s", err.text);
    return ok;
}

void lab_close(struct lab_origins *l) { serve_free(l->serve); }

/* ------------------------------------------------------------------------------------ what arrived */

static void note(struct lab_origins *l, enum proxy_question q, struct serve_sight *s, struct arena *a)
{
    struct client_hello *hello = ARENA_NEW(a, struct client_hello);
    struct serve_sight  *kept = arena_copy(a, s, sizeof *s); /* a hello of SSL 2.0 points into it */
    l->arrived[q] = true;
    l->requested[q] = l->requested[q] || s->request_n != 0;
    if (!serve_hello(kept, a, hello))
        return;
    l->hello[q] = hello;
    if (l->hellos[q] < HELLOS_KEPT) {
        l->randoms[q][l->hellos[q]] = hello->random;
        l->raws[q][l->hellos[q]++] = hello->raw;
    }
}

static bool asks_for_status(const struct serve_sight *s)
{
    return memmem(s->request, s->request_n, "/lab.crl", 8) != NULL || memmem(s->request, s->request_n, "/ocsp", 5) != NULL;
}

bool lab_take(struct lab_origins *l, int64_t wait_ns, struct arena *a)
{
    struct serve_sight s;
    if (l->serve == NULL || !serve_next(l->serve, wait_ns, &s))
        return false;
    l->status_fetches += s.port == l->web && asks_for_status(&s);
    for (size_t q = 0; q < ASK_COUNT; q++)
        if (l->port[q] == s.port)
            note(l, (enum proxy_question)q, &s, a);
    return true;
}

void lab_tell(const struct lab_origins *l, enum proxy_question q, struct proxy_fact *f)
{
    f->arrived = l->arrived[q];
    f->requested = l->requested[q];
    f->upstream = l->hello[q];
    for (size_t i = 0; i < l->hellos[q]; i++) {
        if (f->h->hello.random.n == 0 || !bytes_equal(l->randoms[q][i], f->h->hello.random))
            continue;
        f->forwarded = true;
        f->edited = !bytes_equal(l->raws[q][i], f->h->hello.raw);
    }
}
