/* completions.h - completion scripts for shells. */
#ifndef TLSWHY_COMPLETIONS_H
#define TLSWHY_COMPLETIONS_H

#include "tlswhy/cmd.h"

/* Writes the script for this shell ("bash", "zsh", "fish") to standard output; gives the exit status. */
int completions(const char *shell, const struct command *const *all, size_t n);

#endif
