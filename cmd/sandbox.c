#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

void sandbox_free(struct sandbox *s) { free(s->paths); }

static void add(struct sandbox *s, const char *path, bool write)
{
    if (path == NULL || strcmp(path, "-") == 0 || s->all_files)
        return;
    if (s->n == SANDBOX_PATHS) {
        s->all_files = true;
        return;
    }
    if (s->n % 16 == 0)
        s->paths = mem_grow(s->paths, s->n + 16, sizeof *s->paths);
    s->paths[s->n++] = (struct sandbox_path){ path, write };
}

void sandbox_reads(struct sandbox *s, const char *path) { add(s, path, false); }
void sandbox_writes(struct sandbox *s, const char *path) { add(s, path, true); }

/* ---- rights ---- */

static bool drop_capabilities(void)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct   none[2] = { { 0 } };
    return syscall(SYS_capset, &head, none) == 0;
}

bool sandbox_drop_rights(const char *folder, char user[64], struct err *err)
{
    struct stat          s;
    const struct passwd *nobody = NULL;
    uid_t                uid = getuid();
    gid_t                gid = getgid();
    if (geteuid() == 0 || uid == 0) {
        bool there = folder != NULL && stat(folder, &s) == 0;
        nobody = there ? getpwuid(s.st_uid) : getpwnam("nobody");
        uid = there ? s.st_uid : nobody != NULL ? nobody->pw_uid : 65534;
        gid = there ? s.st_gid : nobody != NULL ? nobody->pw_gid : 65534;
        if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0) {
            err_sys(err, "cannot become user %u to parse packets without root's rights", uid);
            return false;
        }
    }
    if (nobody != NULL)
        snprintf(user, 64, "%s", nobody->pw_name);
    else
        snprintf(user, 64, "%u", uid);
    if (drop_capabilities())
        return true;
    err_sys(err, "cannot give up the right to capture before packets are parsed");
    return false;
}

/* ---- Landlock: files (linux/landlock.h, and what came after the oldest header that is supported) ---- */

enum { ABI_REFER = 2, ABI_TRUNCATE = 3, ABI_NET = 4, ABI_SCOPE = 6 };
static const uint64_t fs_truncate = UINT64_C(1) << 14, net_all = 3, scope_all = 3;
static const uint64_t fs_read = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
static const uint64_t fs_write = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG;
static const uint64_t fs_all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

struct rules {
    int fd;
    struct {
        uint64_t fs, net, scope;
    } attr; /* what is forbidden but for what is granted */
};

/* `access` is cut to what the rules speak of at all. */
static bool grant(const struct rules *r, const char *path, uint64_t access)
{
    struct landlock_path_beneath_attr beneath = { .allowed_access = access & r->attr.fs };
    beneath.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (beneath.parent_fd < 0)
        return true; /* whoever opens it will say so */
    struct stat s;
    if (fstat(beneath.parent_fd, &s) == 0 && !S_ISDIR(s.st_mode))
        beneath.allowed_access &= LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | fs_truncate;
    bool ok = beneath.allowed_access == 0 || syscall(SYS_landlock_add_rule, r->fd, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0 ||
              errno == EBADFD; /* a pipe needs none */
    close(beneath.parent_fd);
    return ok;
}

/* A file is written beside its place and moved there, so its folder is granted; a device is written as it is. */
static bool grant_output(const struct rules *r, const char *path)
{
    struct stat s;
    const char *slash = strrchr(path, '/');
    uint64_t    access = fs_write | fs_truncate | LANDLOCK_ACCESS_FS_READ_FILE;
    if (stat(path, &s) == 0 && S_ISDIR(s.st_mode))
        return grant(r, path, access | LANDLOCK_ACCESS_FS_READ_DIR);
    if (stat(path, &s) == 0 && !S_ISREG(s.st_mode))
        return grant(r, path, access);
    if (slash == NULL)
        return grant(r, ".", access);
    char folder[4096];
    snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    return grant(r, folder, access);
}

/* Gives the version in force; 0: the kernel has none of it, -1: it has and refused. */
static int restrict_files(const struct sandbox *s)
{
    struct rules r = { .fd = -1, .attr.fs = fs_all };
    long         abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 1)
        return 0;
    r.attr.fs |= abi >= ABI_REFER ? LANDLOCK_ACCESS_FS_REFER : 0;
    r.attr.fs |= abi >= ABI_TRUNCATE ? fs_truncate : 0;
    r.attr.net = abi >= ABI_NET ? net_all : 0;
    r.attr.scope = abi >= ABI_SCOPE ? scope_all : 0;
    if (s->all_files || SANITIZED)
        r.attr.fs &= ~fs_read;
    size_t size = abi >= ABI_SCOPE ? sizeof r.attr : abi >= ABI_NET ? 2 * sizeof r.attr.fs : sizeof r.attr.fs;
    r.fd = (int)syscall(SYS_landlock_create_ruleset, &r.attr, size, 0);
    if (r.fd < 0)
        return -1;
    bool ok = true;
    for (size_t i = 0; ok && i < s->n; i++)
        ok = s->paths[i].write ? grant_output(&r, s->paths[i].path) : grant(&r, s->paths[i].path, fs_read);
    ok = ok && syscall(SYS_landlock_restrict_self, r.fd, 0) == 0;
    close(r.fd);
    return ok ? (int)abi : -1;
}

/* ---- seccomp: system calls ---- */

/* What the parsers, the C library and zlib use, on Debian 12 and 13; tests/sandbox.sh shows which of them are met. */
static const char *const calls[] = {
    "read", "readv", "pread64", "write", "writev", "pwrite64", "close", "lseek", "fstat", "newfstatat", "stat", "lstat", "statx", "openat",
    "open", "fcntl", "dup", "ftruncate", "fadvise64", "fchmod", "umask", "rename", "renameat", "renameat2", "unlink", "unlinkat",
    "getdents64", "access", "faccessat", "faccessat2", "readlink", "readlinkat",
    "brk", "munmap", "mremap", "madvise",
    "clock_gettime", "clock_nanosleep", "gettimeofday", "time", "nanosleep", "getrandom", "sysinfo", "getpid", "gettid", "getuid", "geteuid",
    "rt_sigreturn", "rt_sigaction", "rt_sigprocmask", "sigaltstack", "restart_syscall", "futex", "tgkill", "rseq", "sched_yield",
    "exit", "exit_group", "poll", "ppoll",
};
/* Of a capture that is open already: its packets and counts; not one makes a new connection. */
static const char *const live_calls[] = { "recvfrom", "recvmsg", "getsockopt", "setsockopt" };

static bool allow(scmp_filter_ctx f, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int call = seccomp_syscall_resolve_name(names[i]);
        if (call >= 0 && seccomp_rule_add(f, SCMP_ACT_ALLOW, call, 0) != 0) /* below 0: this processor has no such call */
            return false;
    }
    return true;
}

/* Memory that is never executable, and of ioctl what terminals and links answer. */
static bool allow_parts(scmp_filter_ctx f, bool live)
{
    enum { TCGETS_ = 0x5401, TIOCGWINSZ_ = 0x5413, SIOCGIFFLAGS_ = 0x8913, SIOCGIFNAME_ = 0x8910 };
    static const unsigned asked[] = { TCGETS_, TIOCGWINSZ_, SIOCGIFFLAGS_, SIOCGIFNAME_ };
    const struct scmp_arg_cmp no_exec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    bool ok = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &no_exec) == 0 &&
              seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, &no_exec) == 0;
    for (size_t i = 0; ok && i < (live ? ARRAY_LEN(asked) : 2); i++)
        ok = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, asked[i], 0)) == 0;
    return ok;
}

static bool restrict_calls(const struct sandbox *s)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    bool            ok = f != NULL && allow(f, calls, ARRAY_LEN(calls)) && (!s->live || allow(f, live_calls, ARRAY_LEN(live_calls))) &&
              allow_parts(f, s->live) && seccomp_load(f) == 0;
    if (f != NULL)
        seccomp_release(f);
    return ok;
}

bool sandbox_enter(struct sandbox *s, struct err *err)
{
    if (s->off) {
        snprintf(s->in_force, sizeof s->in_force, "no sandbox");
        return true;
    }
    char files[64];
    bool calls_there = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0 && !SANITIZED;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        err_sys(err, "cannot enter the sandbox: no_new_privs");
        return false;
    }
    int landlock = restrict_files(s);
    if (landlock < 0) {
        err_sys(err, "cannot enter the sandbox: Landlock");
        return false;
    }
    if (calls_there && !restrict_calls(s)) {
        err_set(err, "cannot enter the sandbox: seccomp");
        return false;
    }
    snprintf(files, sizeof files, "Landlock version %d", landlock);
    snprintf(s->in_force, sizeof s->in_force, "%s, %s%s", landlock > 0 ? files : "no Landlock in this kernel",
             calls_there ? "seccomp" : SANITIZED ? "no seccomp, reading allowed: this build has sanitizers" : "no seccomp in this kernel",
             s->all_files ? ", reading allowed: there are too many files to name" : "");
    return true;
}
