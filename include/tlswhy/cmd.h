/* cmd.h - subcommands: one file and one row each. Exit status as grep: 0 no failure, 1 failure found,
 * 2 wrong usage or the work could not be done. */
#ifndef TLSWHY_CMD_H
#define TLSWHY_CMD_H

#include "tlswhy/text.h"

enum { EXIT_NONE_FOUND = 0, EXIT_FOUND = 1, EXIT_TROUBLE = 2 };

/* Options: one table a subcommand, from which parsing and help are made. The last row has id 0. */
struct option_row {
    int         id;    /* a letter: also the short option; above 255: none */
    const char *name;
    const char *value; /* "FILE"; NULL: the option takes none */
    const char *help;
};

struct command {
    const char *name, *synopsis, *summary;
    int (*run)(int argc, char **argv); /* argv[0] is the subcommand */
    const struct option_row *options;
};
extern const struct command read_command, watch_command, cert_command, chain_command, explain_command, ctl_command, compare_command, probe_command,
    profiles_command, lab_command, proxy_command;

/* The next option's id, its value in *value; 0 at the end, when *first is the index of the first operand. -1:
 * trouble was said. Call it with *first 1 at the beginning; operands and options may be mixed. */
int  option_next(const struct option_row *rows, int argc, char **argv, const char **value, int *first);
void options_help(const struct command *c, const char *examples);

/* --color: auto is a terminal without NO_COLOR. False: no such word, and trouble was said. */
bool color_wanted(const char *when, bool *out);
/* "64M", "1G", "4096". False: no size, or too large. */
bool size_parse(const char *s, size_t *out);
/* The word nearest to `wrong`, or NULL where none is near; `next` gives word i, NULL past the last. */
const char *nearest_word(const char *wrong, const char *(*next)(size_t i));

/* Writes the text to standard output at once and empties it. */
void out_flush(struct text *t);
/* The errno of the first write of it that failed; 0: none did. */
int out_error(void);
/* Ends standard output: gives `status`, or EXIT_TROUBLE where something could not be written (told, unless the
 * reader just closed its pipe). */
int out_finish(int status);

/* Writes a whole file: beside its place first, so that a full disk leaves no cut one. "-" is standard output. False: err says why. */
bool save_text(const char *path, const struct text *t, struct err *err);

/* Says one sentence on standard error ("tlswhy: ...") and gives EXIT_TROUBLE. */
int trouble(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
