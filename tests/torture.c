/* torture STEP - runs of every command that reads, again and again, and each time another allocation fails: of every STEP-th one, by
 * whatever library it is made. The run must come to what it comes to with memory enough, or end with exit status 2 and one
 * sentence; then what it wrote is the beginning of that, in whole lines, and no file that it was to write is there in part. One
 * child a run. Called where the recordings are in pcaps/. */
#include "tlswhy/cmd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
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

enum { WORDS = 12 };
#define ROOTS "--ca", "pcaps/roots.pem"
#define JSON(name) { .command = &read_command, .words = { "read", "--no-sandbox", "--json", "--all", ROOTS, "pcaps/" name } }
/* "@" is the folder for outputs. Without memory libseccomp may never end: the sandbox is left out. */
static const struct run { const struct command *command; const char *words[WORDS]; bool early; /* the first verdict is written before the end */ } runs[] = {
    JSON("self-signed.pcap"), JSON("missing-intermediate.pcap"), JSON("version-client-too-old.pcap"), JSON("cipher-none-shared.pcap"),
    JSON("expired-openssl.pcap"), JSON("wrong-private-key.pcap"), JSON("revoked-stapled.pcap"), JSON("proxy-407-negotiate.pcap"),
    JSON("starttls-454.pcap"), JSON("bad-signature.pcap"), JSON("alpn-http11-h2.pcap"), JSON("sha1-leaf.pcap"), JSON("client-cert-missing.pcap"),
    JSON("intercepted.pcap"), JSON("snaplen-96.pcap"), JSON("key-type-answered.pcap"), JSON("syn-unanswered.pcap"), JSON("keys-ok-tls13.pcapng"),
    JSON("keys-expired-tls13.pcapng"), JSON("keys-ok-tls12-cbc.pcapng"),
    { .command = &read_command, .words = { "read", "--no-sandbox", "-v", ROOTS, "pcaps/missing-intermediate.pcap", "pcaps/self-signed.pcap" }, .early = true },
    { .command = &read_command, .words = { "read", "--no-sandbox", ROOTS, "--html", "-", "pcaps/expired-openssl.pcap" } },
    { .command = &read_command, .words = { "read", "--no-sandbox", ROOTS, "--html", "@/page.html", "pcaps/self-signed.pcap" } },
    { .command = &read_command, .words = { "read", "--no-sandbox", ROOTS, "--write", "@/failed.pcapng", "pcaps/self-signed.pcap" } },
    { .command = &read_command, .words = { "read", "--no-sandbox", ROOTS, "--annotate", "@/all.pcapng", "pcaps/keys-expired-tls13.pcapng" } },
    { .command = &cert_command, .words = { "cert", "pcaps/roots.pem" } },
    { .command = &cert_command, .words = { "cert", "--json", "pcaps/roots.pem" } },
    { .command = &chain_command, .words = { "chain", ROOTS, "pcaps/roots.pem" } },
    { .command = &ctl_command, .words = { "ctl", "--ca", "tests/wire/lists/root.pem", "tests/wire/lists/sound.cab" } },
    { .command = &ctl_command, .words = { "ctl", "--json", "--ca", "tests/wire/lists/root.pem", "tests/wire/lists/sound.stl", "tests/wire/lists/later.stl" } },
    { .command = &explain_command, .words = { "explain", "0x80090326", "SSL_ERROR_NO_CYPHER_OVERLAP", "SEC_E_ILLEGAL_MESSAGE" } },
    { .command = &explain_command, .words = { "explain", "--json", "alert 40" } },
    { .command = &compare_command, .words = { "compare", ROOTS, "pcaps/expired-openssl.pcap", "pcaps/self-signed.pcap" } },
    { .command = &compare_command, .words = { "compare", "--json", ROOTS, "pcaps/expired-openssl.pcap", "pcaps/self-signed.pcap" } },
};

struct outcome {
    int         status; /* as waitpid's */
    size_t      made;
    struct text out, err;
    struct text files; /* name and content of all in the folder, which is empty again */
};

static char folder[] = "/tmp/tlswhy-torture-XXXXXX";

static void outcome_free(struct outcome *o)
{
    text_free(&o->out);
    text_free(&o->err);
    text_free(&o->files);
}

static void take_all(int fd, struct text *into)
{
    char    buf[65536];
    ssize_t n;
    while ((n = read(fd, buf, sizeof buf)) > 0)
        text_add_n(into, buf, (size_t)n);
    close(fd);
}

static void take_files(struct text *into)
{
    struct dirent **names = NULL;
    int             n = scandir(folder, &names, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        char path[sizeof folder + 256];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        int fd = names[i]->d_name[0] != '.' ? open(path, O_RDONLY) : -1;
        if (fd >= 0) {
            text_printf(into, "%s\n", names[i]->d_name);
            take_all(fd, into);
            unlink(path);
        }
        free(names[i]);
    }
    free(names);
}

/* The child: allocation number `fail` fails. The standard streams have their buffers, as they would after a first line. */
static _Noreturn void tortured(const struct run *r, size_t fail, int count)
{
    static char paths[WORDS][sizeof folder + 256], buf[BUFSIZ];
    char       *words[WORDS + 1];
    int         n = 0;
    for (; n < WORDS && r->words[n] != NULL; n++) {
        const char *word = r->words[n];
        snprintf(paths[n], sizeof paths[n], "%s%s", word[0] == '@' ? folder : "", word[0] == '@' ? word + 1 : word);
        words[n] = paths[n];
    }
    words[n] = NULL;
    setvbuf(stdout, buf, _IOFBF, sizeof buf);
    alarm(20);
    fails_at = fail != 0 ? fail : SIZE_MAX;
    int status = r->command->run(n, words);
    if (write(count, &made, sizeof made) != (ssize_t)sizeof made)
        status = 3;
    fflush(stderr);
    _exit(status);
}

static struct outcome run(const struct run *r, size_t fail)
{
    struct outcome o = { .status = -1 };
    int            out[2], err[2], count[2];
    if (pipe(out) != 0 || pipe(err) != 0 || pipe(count) != 0)
        exit(2);
    pid_t child = fork();
    if (child == 0) {
        dup2(out[1], STDOUT_FILENO);
        dup2(err[1], STDERR_FILENO);
        close(out[0]), close(out[1]), close(err[0]), close(err[1]), close(count[0]);
        tortured(r, fail, count[1]);
    }
    close(out[1]), close(err[1]), close(count[1]);
    take_all(out[0], &o.out);
    take_all(err[0], &o.err);
    if (read(count[0], &o.made, sizeof o.made) != (ssize_t)sizeof o.made)
        o.made = 0;
    close(count[0]);
    waitpid(child, &o.status, 0);
    take_files(&o.files);
    return o;
}

static bool same(const struct text *a, const struct text *b) { return a->n == b->n && (a->n == 0 || memcmp(a->s, b->s, a->n) == 0); }

/* What was found before stands there, and nothing half: lines of what there is with memory enough. */
static bool begins(const struct text *some, const struct text *all)
{
    return some->n == 0 || (some->n <= all->n && memcmp(some->s, all->s, some->n) == 0 && some->s[some->n - 1] == '\n');
}

/* One, behind what is said with memory enough. */
static bool adds_a_sentence(const struct text *t, const struct text *all)
{
    size_t same = 0;
    while (same < t->n && same < all->n && t->s[same] == all->s[same])
        same++;
    while (same > 0 && t->s[same - 1] != '\n')
        same--;
    const char *rest = t->s + same, *end = t->n != same ? memchr(rest, '\n', t->n - same) : NULL;
    return t->n - same > 8 && memcmp(rest, "tlswhy: ", 8) == 0 && end == t->s + t->n - 1;
}

/* NULL: it is as it should be, or an honest end. */
static const char *complaint(const struct outcome *o, const struct outcome *enough)
{
    if (!WIFEXITED(o->status))
        return WTERMSIG(o->status) == SIGALRM ? "does not end" : "ends by a signal";
    if (o->files.n != 0 && !same(&o->files, &enough->files))
        return "leaves a file that is not whole";
    if (WEXITSTATUS(o->status) == EXIT_TROUBLE)
        return !adds_a_sentence(&o->err, &enough->err) ? "does not say one sentence" : !begins(&o->out, &enough->out) ? "does not write whole lines of what it found" : NULL;
    if (o->status != enough->status || !same(&o->files, &enough->files))
        return "comes to something else";
    return same(&o->out, &enough->out) ? NULL : "says something else";
}

static size_t torture(const struct run *r, size_t step, size_t *n)
{
    struct outcome enough = run(r, 0);
    size_t         failed = 0;
    bool           wrote = !r->early;
    if (!WIFEXITED(enough.status) || WEXITSTATUS(enough.status) == EXIT_TROUBLE) {
        printf("FAIL torture, %s: status %d with memory enough: %.300s\n", r->words[0], enough.status, enough.err.n != 0 ? enough.err.s : "");
        failed++;
    }
    for (size_t fail = 1 + (size_t)(r - runs) % step; failed < 5 && fail <= enough.made; fail += step, ++*n) {
        struct outcome o = run(r, fail);
        const char    *what = complaint(&o, &enough);
        wrote |= WEXITSTATUS(o.status) == EXIT_TROUBLE && o.out.n != 0;
        if (what != NULL) {
            failed++;
            printf("FAIL torture, %s", r->words[0]);
            for (size_t i = 1; i < WORDS && r->words[i] != NULL; i++)
                printf(" %s", r->words[i]);
            printf(", allocation %zu of %zu: %s (status 0x%x) %.300s\n", fail, enough.made, what, (unsigned)o.status, o.err.n != 0 ? o.err.s : "");
        }
        outcome_free(&o);
    }
    outcome_free(&enough);
    if (!wrote) {
        printf("FAIL torture, %s: what was found before memory ran out is not written\n", r->words[0]);
        failed++;
    }
    return failed;
}

int main(int argc, char **argv)
{
    size_t step = argc > 1 ? strtoul(argv[1], NULL, 10) : 0, n = 0, failed = 0;
    if (step == 0 || mkdtemp(folder) == NULL) {
        fprintf(stderr, "usage: torture STEP\n");
        return 2;
    }
    for (size_t i = 0; i < ARRAY_LEN(runs); i++)
        failed += torture(&runs[i], step, &n);
    rmdir(folder);
    if (failed == 0)
        printf("PASS torture, %zu allocations of %zu runs failed once\n", n, ARRAY_LEN(runs));
    return failed != 0;
}
#endif
