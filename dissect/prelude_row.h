/* prelude_row.h - shared by the files of the prelude machine; its text helpers by http.c and fetch.c, too. */
#ifndef TLSWHY_DISSECT_PRELUDE_ROW_H
#define TLSWHY_DISSECT_PRELUDE_ROW_H

#include "tlswhy/prelude.h"
#include "tlswhy/reader.h"

enum fit { FIT_NO, FIT_MAYBE, FIT_YES }; /* maybe: so far, but too few bytes to say */

/* What a row's function works with. `in` is never empty. */
struct prelude_step {
    struct prelude_machine *m;
    struct arena           *arena;
    enum side               from;
    struct bytes            in;
    const struct place     *where;
    struct prelude         *out;
    enum prelude_says       says; /* PRELUDE_GOES_ON unless the row says otherwise */
};

struct prelude_row {
    const char *name;
    enum fit (*fits)(enum side from, struct bytes start, unsigned *dialog);
    size_t (*step)(struct prelude_step *s); /* takes one unit and gives its length; 0 = took nothing */
};

/* What a row finds out, written into `out`. Those that give a size end a step: `took`, or 0. */
void         prelude_asked(struct prelude_step *s, enum prelude_kind kind, const char *protocol);
void         prelude_answer(struct prelude_step *s, int status, const void *line, size_t n); /* or a code's name */
size_t       prelude_accept(struct prelude_step *s, size_t took);
size_t       prelude_refuse(struct prelude_step *s, size_t took);
size_t       prelude_plain(struct prelude_step *s); /* the client goes on without TLS */
size_t       prelude_stop(struct prelude_step *s, enum prelude_says says);
struct bytes prelude_keep(struct prelude_step *s, const void *p, size_t n); /* a copy, at most KEPT_MAX */
enum fit     prelude_prefix(struct bytes start, const void *magic, size_t n);

/* Text without case, by length: headers and command words. */
bool         text_is(struct bytes a, const char *word);
bool         text_starts(struct bytes a, const char *prefix);
struct bytes text_line(struct bytes in, size_t *took); /* without CR LF; p NULL and *took 0 = no line end yet */
struct bytes text_word(struct bytes *line);            /* cuts the next word off, blanks skipped */
struct bytes text_trim(struct bytes a);

enum fit http_fits(enum side from, struct bytes start, unsigned *dialog);
size_t   http_step(struct prelude_step *s);
enum fit lines_fits(enum side from, struct bytes start, unsigned *dialog);
size_t   lines_step(struct prelude_step *s);
enum fit xmpp_fits(enum side from, struct bytes start, unsigned *dialog);
size_t   xmpp_step(struct prelude_step *s);
enum fit socks_fits(enum side from, struct bytes start, unsigned *dialog);
size_t   socks_step(struct prelude_step *s);
enum fit proxy_header_fits(enum side from, struct bytes start, unsigned *dialog);
size_t   proxy_header_step(struct prelude_step *s);
enum fit postgres_fits(enum side from, struct bytes start, unsigned *dialog);
size_t   postgres_step(struct prelude_step *s);
enum fit mysql_fits(enum side from, struct bytes start, unsigned *dialog);
size_t   mysql_step(struct prelude_step *s);
enum fit ldap_fits(enum side from, struct bytes start, unsigned *dialog);
size_t   ldap_step(struct prelude_step *s);
enum fit rdp_fits(enum side from, struct bytes start, unsigned *dialog);
size_t   rdp_step(struct prelude_step *s);
enum fit tds_fits(enum side from, struct bytes start, unsigned *dialog);
size_t   tds_step(struct prelude_step *s);

enum { LINE_MAX_LEN = 8 * 1024, HEADERS_MAX_LEN = 16 * 1024, MESSAGE_MAX_LEN = 64 * 1024 };
enum { UNITS_MAX = 1000, KEPT_MAX = 512 };

#endif
