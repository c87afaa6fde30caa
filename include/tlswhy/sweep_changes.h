/* sweep_changes.h - what changed on a server between two sweeps, for people and as JSON.
 *
 * Owns: everything is borrowed; texts are escaped, but for the names of targets and files. */
#ifndef TLSWHY_SWEEP_CHANGES_H
#define TLSWHY_SWEEP_CHANGES_H

#include "tlswhy/report.h"

struct sweep_change {
    const char *field;         /* "versions, TLS 1.0, accepted" */
    const char *before, *after; /* of lists: what is there only; "" = nothing */
};

struct sweep_comparison {
    const char *target, *other; /* other NULL: the later sweeps do not have it */
    const char *before, *after; /* files */
    const struct sweep_change *change;
    size_t changes;
};

void sweep_changes_text(struct text *out, const struct report_options *o, const struct sweep_comparison *c);
void sweep_changes_json(struct text *out, const struct report_options *o, const struct sweep_comparison *c);

#endif
