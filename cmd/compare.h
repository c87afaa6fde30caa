/* compare.h - the kinds of input that `tlswhy compare` takes, a file each. */
#ifndef TLSWHY_CMD_COMPARE_H
#define TLSWHY_CMD_COMPARE_H

#include "verdicts.h"

struct keylog;
struct compare_options {
    struct verdict_options verdicts; /* renderer: json_renderer or text_renderer */
    struct keylog         *keylog;
    size_t                 memory;
};

/* Captures of the client's and the server's side; b NULL: both sides are in a. Gives the exit status. */
int compare_captures(const struct compare_options *o, const char *a, const char *b);
/* Two results of probe --sweep --json, each server with itself: EXIT_FOUND where anything changed. */
int compare_sweeps(const struct compare_options *o, const char *a, const char *b);
bool is_json_file(const char *path); /* the first byte that is no blank begins an object */

#endif
