/* sandbox.h - what a program that parses other people's bytes may do from now on: little.
 *
 *     sandbox_reads(&s, "a.pcap")      what is still to be opened,
 *     sandbox_writes(&s, "out.pcapng") and where outputs go (their folders; NULL and "-" are nothing)
 *     sandbox_enter(&s, &err)
 *
 * Then no file outside these can be opened (Landlock), no socket, process or program made, no memory made executable (seccomp:
 * such calls fail with EPERM), and no right ever comes back (no_new_privs). What the kernel lacks is left out and said in `in_force`.
 * sandbox_drop_rights gives up what root or setcap gave, for programs that need it only to open something. */
#ifndef TLSWHY_SANDBOX_H
#define TLSWHY_SANDBOX_H

#include "tlswhy/base.h"

enum { SANDBOX_PATHS = 4096 };

struct sandbox {
    struct sandbox_path {
        const char *path; /* borrowed */
        bool        write;
    }          *paths;
    size_t      n;
    bool        off;  /* not wanted */
    bool        live; /* packets are still to be taken from a socket that is open already */
    bool        all_files; /* too many to name: any may be read */
    char        in_force[200]; /* one clause for people, once entered */
};

void sandbox_reads(struct sandbox *s, const char *path);  /* a file or a folder with all that is in it */
void sandbox_writes(struct sandbox *s, const char *path); /* a file: the folder it stands in; a folder: itself */
/* Capabilities go, and root becomes the owner of `folder`, where the outputs go, or nobody where there is none (NULL). False:
 * err says why; then nothing should be parsed. */
bool sandbox_drop_rights(const char *folder, char user[64], struct err *err);
/* False: the kernel has it and refused; err says what. */
bool sandbox_enter(struct sandbox *s, struct err *err);
void sandbox_free(struct sandbox *s);

#endif
