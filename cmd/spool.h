/* spool.h - a capture that is read twice: a file is opened again, standard input is kept in a file without a name. */
#ifndef TLSWHY_SPOOL_H
#define TLSWHY_SPOOL_H

#include "tlswhy/capture.h"

struct spool {
    const char *path;
    int         fd; /* of what was kept; -1 = none is needed */
};

const char     *spool_folder(void); /* TMPDIR or /tmp */
/* Standard input ("-") is read to its end and kept, in TMPDIR or /tmp, where it is to be read `again`. False: err. */
bool            spool_begin(struct spool *s, const char *path, bool again, struct err *err);
/* From its beginning, each time. NULL: err. */
struct capture *spool_open(const struct spool *s, struct err *err);
void            spool_end(struct spool *s);

#endif
