/* cab.h - Microsoft Cabinet files, unpacked in memory ([MS-CAB]): authrootstl.cab holds one .stl file.
 *
 * Folders stored plain or compressed with MSZIP are read; others are told by name. Errors are facts about the
 * file: `broken` says in one clause what does not fit, and what was unpacked before it stays.
 * Bounds: 16 MB of content, 64 times what the blocks hold, 16 files, 8 folders. Both are checked before a byte is
 * unpacked, so a bomb costs nothing.
 * Owns:   names are borrowed from the input, content lives in the arena. */
#ifndef TLSWHY_CAB_H
#define TLSWHY_CAB_H

#include "tlswhy/base.h"

enum { CAB_FILES = 16, CAB_FOLDERS = 8, CAB_CONTENT_MAX = 16 << 20, CAB_RATIO_MAX = 64 };

struct cab_file {
    struct bytes name;    /* as stored; outside bytes */
    struct bytes content; /* p NULL: not unpacked */
};
struct cab {
    const char     *broken;       /* NULL = sound */
    const char     *compression;  /* "MSZIP", "none", "LZX", "Quantum" */
    size_t          declared;     /* size by its header; larger than the input: cut short */
    bool            cut_short;
    unsigned        bad_checksums, blocks;
    struct cab_file file[CAB_FILES];
    size_t          files;
};

bool cab_is(struct bytes b); /* it begins like one */
void cab_read(struct bytes b, struct arena *a, struct cab *out);

#endif
