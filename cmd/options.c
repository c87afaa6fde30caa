#include "tlswhy/cmd.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPTIONS_MAX = 64 };

int trouble(const char *fmt, ...)
{
    struct text said = { 0 }, safe = { 0 };
    char        line[1024];
    va_list     ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    text_printf(&said, "tlswhy: ");
    text_safe(&safe, line, strlen(line), sizeof line); /* file names may hold anything */
    text_add_n(&said, safe.s != NULL ? safe.s : "", safe.n);
    fflush(stdout);
    fprintf(stderr, "%s\n", said.s);
    text_free(&said);
    text_free(&safe);
    return EXIT_TROUBLE;
}

static const struct option_row *rows_used;
static const char *option_name(size_t i)
{
    for (size_t k = 0; k <= i; k++) {
        if (rows_used[k].id == 0)
            return NULL;
    }
    return rows_used[i].name;
}

/* What is wrong with the option that getopt_long refused, in a sentence. */
static int refuse(const struct option_row *rows, char **argv, int first)
{
    char        name[64];
    const char *word = argv[first] != NULL ? argv[first] : "";
    if (strncmp(word, "--", 2) != 0 || optopt != 0) {
        for (const struct option_row *r = rows; r->id != 0; r++) {
            if (r->id == optopt && r->value != NULL) {
                trouble("option --%s needs a value: --%s %s", r->name, r->name, r->value);
                return -1;
            }
            if (r->id == optopt) {
                trouble("option --%s takes no value", r->name);
                return -1;
            }
        }
        trouble("there is no option -%c; tlswhy %s --help lists them", optopt, argv[0]);
        return -1;
    }
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    rows_used = rows;
    const char *near = nearest_word(name, option_name);
    if (near != NULL)
        trouble("there is no option --%s; did you mean --%s? (tlswhy %s --help lists them)", name, near, argv[0]);
    else
        trouble("there is no option --%s; tlswhy %s --help lists them", name, argv[0]);
    return -1;
}

int option_next(const struct option_row *rows, int argc, char **argv, const char **value, int *first)
{
    struct option longs[OPTIONS_MAX + 1] = { 0 };
    char          shorts[2 * OPTIONS_MAX + 2] = ":";
    size_t        n = 0, s = 1;
    for (const struct option_row *r = rows; r->id != 0; r++) {
        assert(n < OPTIONS_MAX);
        longs[n++] = (struct option){ r->name, r->value != NULL ? required_argument : no_argument, NULL, r->id };
        if (r->id > 255)
            continue;
        shorts[s++] = (char)r->id;
        if (r->value != NULL)
            shorts[s++] = ':';
    }
    opterr = 0;
    int before = optind, id = getopt_long(argc, argv, shorts, longs, NULL);
    *value = optarg;
    *first = optind;
    if (id == '?' || id == ':')
        return refuse(rows, argv, optind > before && optind <= argc ? optind - 1 : before);
    return id == -1 ? 0 : id;
}

void options_help(const struct command *c, const char *examples)
{
    struct text t = { 0 };
    text_printf(&t, "tlswhy %s %s - %s\n\n%s\n", c->name, c->synopsis, c->summary, examples);
    for (const struct option_row *r = c->options; r->id != 0; r++) {
        char name[64];
        if (r->id <= 255)
            snprintf(name, sizeof name, "-%c, --%s%s%s", r->id, r->name, r->value != NULL ? " " : "", r->value != NULL ? r->value : "");
        else
            snprintf(name, sizeof name, "    --%s%s%s", r->name, r->value != NULL ? " " : "", r->value != NULL ? r->value : "");
        if (strlen(name) > 24) /* its help has lines of its own */
            text_printf(&t, "  %s\n%27s", name, "");
        else
            text_printf(&t, "  %-24s ", name);
        text_wrap(&t, r->help, 27, 100);
        text_char(&t, '\n');
    }
    out_flush(&t);
    text_free(&t);
}

bool color_wanted(const char *when, bool *out)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    if (strcmp(when, "always") == 0)
        *out = true;
    else if (strcmp(when, "never") == 0)
        *out = false;
    else if (strcmp(when, "auto") == 0)
        *out = isatty(STDOUT_FILENO) && (no == NULL || no[0] == '\0') && (term == NULL || strcmp(term, "dumb") != 0);
    else
        return trouble("--color takes auto, always or never, not '%s'", when) == EXIT_NONE_FOUND;
    return true;
}

bool size_parse(const char *s, size_t *out)
{
    static const char units[] = "KMGT";
    char              *end = NULL;
    errno = 0;
    unsigned long long n = strtoull(s, &end, 10);
    if (end == s || s[0] == '-' || errno != 0)
        return false;
    size_t value = (size_t)n;
    if (*end != '\0') {
        char        unit = (char)(*end & ~0x20);
        const char *at = unit != '\0' ? strchr(units, unit) : NULL;
        if (at == NULL || (end[1] != '\0' && strcmp(end + 1, "B") != 0 && strcmp(end + 1, "iB") != 0))
            return false;
        if (__builtin_mul_overflow(value, (size_t)1 << (10 * (at - units + 1)), &value))
            return false;
    }
    *out = value;
    return true;
}

/* Edit distance (Levenshtein) of two short words; long ones are far from everything. */
static size_t distance(const char *a, const char *b)
{
    size_t row[33], n = strlen(b);
    if (strlen(a) > 32 || n > 32)
        return 99;
    for (size_t i = 0; i <= n; i++)
        row[i] = i;
    for (size_t k = 1; a[k - 1] != '\0'; k++) {
        size_t corner = row[0];
        row[0] = k;
        for (size_t i = 1; i <= n; i++) {
            size_t change = corner + (a[k - 1] != b[i - 1]), step = (row[i] < row[i - 1] ? row[i] : row[i - 1]) + 1;
            corner = row[i];
            row[i] = change < step ? change : step;
        }
    }
    return row[n];
}

const char *nearest_word(const char *wrong, const char *(*next)(size_t i))
{
    const char *best = NULL, *word = NULL;
    size_t      least = strlen(wrong) / 3 + 2; /* exclusive: one slip in a short word, more in a long one */
    for (size_t i = 0; (word = next(i)) != NULL; i++) {
        size_t d = strncmp(word, wrong, strlen(wrong)) == 0 ? 1 : distance(wrong, word); /* the start of a word is near, too */
        if (d < least) {
            least = d;
            best = word;
        }
    }
    return best;
}

static int first_error; /* of writing: out_finish tells it */

/* Past stdio, in one piece: lines stay whole where several processes write to one file, as below xargs -P. */
void out_flush(struct text *t)
{
    fflush(stdout);
    for (size_t done = 0; done < t->n && first_error == 0;) {
        ssize_t now = write(STDOUT_FILENO, t->s + done, t->n - done);
        if (now > 0)
            done += (size_t)now;
        else if (errno != EINTR)
            first_error = errno;
    }
    text_clear(t);
}

int out_error(void) { return first_error; }

int out_finish(int status)
{
    errno = 0;
    bool failed = fflush(stdout) != 0 || ferror(stdout) || first_error != 0;
    int  reason = first_error != 0 ? first_error : errno;
    failed |= fclose(stdout) != 0;
    reason = reason != 0 ? reason : errno;
    if (!failed)
        return status;
    if (reason == EPIPE)
        return EXIT_TROUBLE;
    return trouble("the output could not be written whole%s%s; make room and run it again", reason != 0 ? ": " : "",
                   reason != 0 ? strerror(reason) : "");
}
