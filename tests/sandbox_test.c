/* sandbox_test DIR - enters the sandbox of `read` and of `watch` and tries what must not be possible there, and what must.
 * DIR is granted for outputs. One child a try: what a sandbox forbids it forbids for good. */
#include "../cmd/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *dir;

static bool opens(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static const char *in_dir(const char *name)
{
    static char path[2][4096];
    static int  turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
    return path[turn];
}

static bool read_passwd(void) { return opens("/etc/passwd", O_RDONLY); }
static bool list_root(void) { return opens("/", O_RDONLY | O_DIRECTORY); }
static bool write_elsewhere(void) { return opens("/tmp/tlswhy-sandbox-test", O_WRONLY | O_CREAT); }
static bool write_input(void) { return opens(in_dir("../input"), O_WRONLY); }
static bool climb_out(void) { return opens(in_dir("../../../../../../../etc/passwd"), O_RDONLY); }
static bool make_folder(void) { return mkdir(in_dir("folder"), 0700) == 0; }
static bool make_link(void) { return symlink("/etc/passwd", in_dir("link")) == 0; }
static bool new_socket(void) { return socket(AF_INET, SOCK_STREAM, 0) >= 0; }
static bool unix_pair(void) { int fd[2]; return socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0; }
static bool fork_child(void) { pid_t p = fork(); if (p == 0) _exit(0); return p > 0; }
static bool run_program(void) { char *none[] = { NULL }; execve("/bin/true", none, none); return false; }
static bool executable_memory(void) { return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED; }
static bool make_executable(void) { void *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); return mprotect(p, 4096, PROT_EXEC) == 0; }
static bool trace_parent(void) { return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0; }
static bool kill_parent(void) { return kill(getppid(), 0) == 0; }
static bool become_root(void) { return setresuid(0, 0, 0) == 0 && setgid(0) == 0; }
static bool change_root(void) { return chroot("/") == 0; }
static bool set_clock(void) { struct timespec t = { 0 }; return clock_settime(CLOCK_REALTIME, &t) == 0; }

static bool read_input(void) { return opens(in_dir("../input"), O_RDONLY); }
static bool write_output(void)
{
    return opens(in_dir("part"), O_RDWR | O_CREAT | O_EXCL) && rename(in_dir("part"), in_dir("whole")) == 0 &&
           opens(in_dir("whole"), O_WRONLY | O_TRUNC) && unlink(in_dir("whole")) == 0;
}
static bool allocate(void) { void *p = malloc((size_t)8 << 20); free(p); return p != NULL; }
static bool say(void) { return write(STDOUT_FILENO, "", 0) == 0; }
static bool look_at_clock(void) { struct timespec t; return clock_gettime(CLOCK_MONOTONIC, &t) == 0; }
static bool wait_a_moment(void) { return poll(NULL, 0, 1) == 0; }

/* What has to be in force for a try to fail. */
enum needs { NOTHING, FILES, READING, CALLS };
static const struct { const char *name; bool (*can)(void); bool may; enum needs needs; } tries[] = {
    { "an input is read", read_input, true, NOTHING },
    { "an output is written beside its place and moved there", write_output, true, NOTHING },
    { "memory is had", allocate, true, NOTHING },
    { "standard output is written", say, true, NOTHING },
    { "the clock is read", look_at_clock, true, NOTHING },
    { "waiting", wait_a_moment, true, NOTHING },
    { "open /etc/passwd", read_passwd, false, READING },
    { "list the root folder", list_root, false, READING },
    { "write in a folder that was not granted", write_elsewhere, false, FILES },
    { "write to an input", write_input, false, FILES },
    { "climb out of the granted folder", climb_out, false, READING },
    { "make a folder", make_folder, false, FILES },
    { "make a symbolic link", make_link, false, FILES },
    { "socket()", new_socket, false, CALLS },
    { "socketpair()", unix_pair, false, CALLS },
    { "fork()", fork_child, false, CALLS },
    { "execve()", run_program, false, CALLS },
    { "executable memory", executable_memory, false, CALLS },
    { "memory made executable", make_executable, false, CALLS },
    { "trace another process", trace_parent, false, CALLS },
    { "signal another process", kill_parent, false, CALLS },
    { "become another user", become_root, false, CALLS },
    { "chroot()", change_root, false, CALLS },
    { "set the clock", set_clock, false, CALLS },
};

/* 0: it can, 1: it cannot, 2: no sandbox. The parts in force are told by `in_force`. */
static int try_one(bool live, bool (*can)(void), char in_force[200])
{
    int pipe_fd[2];
    if (pipe(pipe_fd) != 0)
        return 2;
    pid_t child = fork();
    if (child == 0) {
        struct sandbox box = { .live = live };
        struct err     err = { 0 };
        char           input[4096];
        snprintf(input, sizeof input, "%s", in_dir("../input"));
        sandbox_reads(&box, input);
        sandbox_writes(&box, dir);
        if (!sandbox_enter(&box, &err)) {
            fprintf(stderr, "%s\n", err.text);
            _exit(2);
        }
        if (write(pipe_fd[1], box.in_force, sizeof box.in_force) != (ssize_t)sizeof box.in_force)
            _exit(2);
        _exit(!can());
    }
    int     status = 0;
    ssize_t got = read(pipe_fd[0], in_force, 200);
    close(pipe_fd[0]);
    close(pipe_fd[1]);
    waitpid(child, &status, 0);
    return got == 200 && WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

static bool is_in_force(enum needs needs, const char *in_force)
{
    bool files = strstr(in_force, "Landlock version") != NULL;
    switch (needs) {
    case FILES: return files;
    case READING: return files && strstr(in_force, "reading allowed") == NULL;
    case CALLS: return strstr(in_force, ", seccomp") != NULL;
    default: return true;
    }
}

int main(int argc, char **argv)
{
    char in_force[200] = "";
    int  failed = 0;
    if (argc != 2)
        return 2;
    dir = argv[1];
    for (int live = 0; live < 2; live++) {
        unsigned skipped = 0;
        for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
            int         got = try_one(live, tries[i].can, in_force);
            bool        there = is_in_force(tries[i].needs, in_force);
            const char *name = tries[i].name, *command = live ? "watch" : "read";
            if (!there && !tries[i].may && got != 2)
                skipped++;
            else if (got == (tries[i].may ? 0 : 1))
                printf("PASS sandbox of %s, %s%s\n", command, name, tries[i].may ? "" : " fails");
            else
                printf("FAIL sandbox of %s, %s: %s\n", command, name, got == 2 ? "not entered" : tries[i].may ? "fails" : "works");
            failed += got != (tries[i].may ? 0 : 1) && (there || tries[i].may);
        }
        if (skipped != 0)
            printf("SKIP sandbox of %s, %u tries that only a whole one denies: %s\n", live ? "watch" : "read", skipped, in_force);
    }
    return failed != 0;
}
