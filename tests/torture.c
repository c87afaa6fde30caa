/* torture [STEP] CAPTURE... - reads each capture again and again, and each time another allocation fails: of every STEP-th one, by
 * whatever library it is made. The run must come to the verdict it comes to with memory enough, or end with exit status 2 and a
 * sentence. One child a run. */
#include "tlswhy/cmd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifdef SANITIZED
int main(void)
{
    puts("SKIP torture: sanitizers have allocators of their own");
    return 0;
}
#else
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);

static size_t made, fails_at; /* 0: none fails */

static bool fails(void)
{
    if (fails_at == 0 || ++made != fails_at)
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t n) { return fails() ? NULL : __libc_malloc(n); }
void *calloc(size_t n, size_t size) { return fails() ? NULL : __libc_calloc(n, size); }
void *realloc(void *p, size_t n) { return fails() ? NULL : __libc_realloc(p, n); }

struct outcome {
    int    status; /* as waitpid's */
    size_t made;
    char   err[2048];
    size_t out_sum, out_n; /* of standard output */
};

/* Takes what the child writes until it has closed all. */
static void listen_to(const int out[2], const int err[2], struct outcome *o)
{
    char    buf[65536];
    ssize_t n;
    size_t  errs = 0;
    while ((n = read(out[0], buf, sizeof buf)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            o->out_sum = o->out_sum * 31 + (unsigned char)buf[i];
        o->out_n += (size_t)n;
    }
    while ((n = read(err[0], o->err + errs, sizeof o->err - 1 - errs)) > 0)
        errs += (size_t)n;
    o->err[errs] = '\0';
    close(out[0]);
    close(err[0]);
}

static struct outcome run(char *capture, size_t fail)
{
    static char    command[] = "read", json[] = "--json", all[] = "--all", ca[] = "--ca", roots[] = "pcaps/roots.pem", no_sandbox[] = "--no-sandbox"; /* without memory libseccomp may never end */
    char          *words[] = { command, json, all, ca, roots, no_sandbox, capture, NULL };
    struct outcome o = { .status = -1 };
    int            out[2], err[2], count[2];
    if (pipe(out) != 0 || pipe(err) != 0 || pipe(count) != 0)
        exit(2);
    pid_t child = fork();
    if (child == 0) {
        dup2(out[1], STDOUT_FILENO);
        dup2(err[1], STDERR_FILENO);
        close(out[0]), close(out[1]), close(err[0]), close(err[1]);
        alarm(10);
        fails_at = fail != 0 ? fail : SIZE_MAX;
        int status = read_command.run(7, words);
        if (write(count[1], &made, sizeof made) != (ssize_t)sizeof made)
            status = 3;
        fflush(stderr);
        _exit(status);
    }
    close(out[1]), close(err[1]), close(count[1]);
    listen_to(out, err, &o);
    if (read(count[0], &o.made, sizeof o.made) != (ssize_t)sizeof o.made)
        o.made = 0;
    close(count[0]);
    waitpid(child, &o.status, 0);
    return o;
}

/* Is it the verdict, or an honest end? */
static bool good(const struct outcome *o, const struct outcome *enough)
{
    if (!WIFEXITED(o->status))
        return false;
    if (WEXITSTATUS(o->status) == EXIT_TROUBLE)
        return strncmp(o->err, "tlswhy: ", 8) == 0 && strchr(o->err, '\n') != NULL;
    return o->status == enough->status && o->out_n == enough->out_n && o->out_sum == enough->out_sum;
}

int main(int argc, char **argv)
{
    size_t step = argc > 1 ? strtoul(argv[1], NULL, 10) : 0, runs = 0;
    int    failed = 0;
    for (int i = 2; step != 0 && i < argc; i++) {
        struct outcome enough = run(argv[i], 0);
        for (size_t fail = 1 + (size_t)i % step; fail <= enough.made; fail += step, runs++) {
            struct outcome o = run(argv[i], fail);
            if (good(&o, &enough))
                continue;
            failed++;
            printf("FAIL torture, %s, allocation %zu of %zu: %s %d, %.300s\n", argv[i], fail, enough.made, WIFEXITED(o.status) ? "exit" : "signal",
                   WIFEXITED(o.status) ? WEXITSTATUS(o.status) : WTERMSIG(o.status), o.err);
        }
    }
    if (runs == 0)
        printf("FAIL torture: nothing was run\n");
    else if (failed == 0)
        printf("PASS torture, %zu allocations failed once\n", runs);
    return failed != 0 || runs == 0;
}
#endif
