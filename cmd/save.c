/* save.c - files that are there whole or not at all. */
#include "tlswhy/cmd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_all(FILE *f, const struct text *t)
{
    bool whole = t->n == 0 || fwrite(t->s, 1, t->n, f) == t->n;
    return fflush(f) == 0 && whole;
}

/* Something that is no plain file (a terminal, a pipe, /dev/full) is written to as it is. */
static bool is_special(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && !S_ISREG(s.st_mode);
}

bool save_text(const char *path, const struct text *t, struct err *err)
{
    struct text beside = { 0 };
    bool        special = is_special(path), whole = false;
    if (strcmp(path, "-") == 0) {
        write_all(stdout, t); /* an error stays in the stream: out_finish tells it */
        return true;
    }
    text_printf(&beside, special ? "%s" : "%s.tmp", path);
    FILE *f = fopen(beside.s, "wb");
    if (f != NULL) {
        whole = write_all(f, t);
        whole = fclose(f) == 0 && whole;
    }
    whole = whole && (special || rename(beside.s, path) == 0);
    if (!whole) {
        err_sys(err, "cannot write %s", path);
        if (f != NULL && !special)
            unlink(beside.s);
    }
    text_free(&beside);
    return whole;
}
