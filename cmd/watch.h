/* watch.h - live handshakes, from the interface to verdicts.
 *
 *     w = watch_open(&o, &err)     everything is opened
 *     give up rights, enter the sandbox
 *     watch_run(w)                 until a signal, a broken output or the end of the interface */
#ifndef TLSWHY_WATCH_H
#define TLSWHY_WATCH_H

#include "packet_options.h"
#include "tlswhy/live.h"

struct watch_options {
    struct packet_options packets;
    const char           *interface; /* NULL: list them */
    const char           *filter, *keylog_path;
    size_t                ring, keep;
};

struct watch;
struct watch *watch_open(const struct watch_options *o, struct err *err); /* NULL: err, or trouble was said */
int           watch_run(struct watch *w);     /* frees it; gives the exit status */
void          watch_abandon(struct watch *w);

#endif
