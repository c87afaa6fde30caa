/* cmd.h - subcommands: one file and one row each. Exit status as grep: 0 no failure, 1 failure found,
 * 2 wrong usage or the work could not be done. */
#ifndef TLSWHY_CMD_H
#define TLSWHY_CMD_H

#include "tlswhy/base.h"

enum { EXIT_NONE_FOUND = 0, EXIT_FOUND = 1, EXIT_TROUBLE = 2 };

struct command {
    const char *name, *synopsis, *summary;
    int (*run)(int argc, char **argv); /* argv[0] is the subcommand */
};
extern const struct command read_command, cert_command, chain_command;

/* Says one sentence on standard error ("tlswhy: ...") and gives EXIT_TROUBLE. */
int trouble(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
