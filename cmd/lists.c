#include "lists.h"

#include "tlswhy/cmd.h"
#include "tlswhy/why.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MEMBERS_MAX = 400, SSL2 = 0x0002, OLDEST = 0x0300, NEWEST = 0x0304 };

static const char *suite_text(uint16_t id, char buf[NAME_MAX_LEN])
{
    (void)buf;
    return suite_of(id) != NULL ? suite_of(id)->name : "";
}

/* Everyday names of groups beside those of the registry. */
static const struct { const char *name; uint16_t id; } aliases[] = {
    { "P-256", 0x0017 }, { "P-384", 0x0018 }, { "P-521", 0x0019 }, { "prime256v1", 0x0017 }, { "X25519", 0x001d }, { "X448", 0x001e },
};

static bool number_of(const char *word, const char *(*name)(uint16_t, char *), uint16_t *out)
{
    char          buf[NAME_MAX_LEN], *end = NULL;
    unsigned long n = strtoul(word, &end, 16);
    if (end != word && *end == '\0' && word[0] != '-' && n <= 0xffff && (strlen(word) == 4 || strncmp(word, "0x", 2) == 0)) {
        *out = (uint16_t)n;
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(aliases) && name == group_name; i++) {
        if (strcasecmp(aliases[i].name, word) == 0) {
            *out = aliases[i].id;
            return true;
        }
    }
    for (unsigned id = 0; id <= 0xffff; id++) {
        if (strcasecmp(name((uint16_t)id, buf), word) == 0) {
            *out = (uint16_t)id;
            return true;
        }
    }
    return false;
}

/* The words between the commas, in the arena. */
static size_t words_of(const char *text, struct arena *a, char *out[MEMBERS_MAX])
{
    char  *rest = NULL;
    size_t n = 0;
    for (char *w = strtok_r(arena_str(a, text), ", ", &rest); w != NULL && n < MEMBERS_MAX; w = strtok_r(NULL, ", ", &rest))
        out[n++] = w;
    return n;
}

static bool numbers(const char *option, const char *text, const char *what, const char *(*name)(uint16_t, char *), struct arena *a, struct u16s *out)
{
    char  *words[MEMBERS_MAX];
    size_t n = words_of(text, a, words);
    *out = (struct u16s){ 0 };
    if (strcmp(text, "none") == 0)
        return true;
    uint16_t *v = ARENA_NEW_N(a, n + 1, uint16_t);
    for (size_t i = 0; i < n; i++)
        if (!number_of(words[i], name, &v[i]))
            return trouble("%s: '%s' is no %s; write its registered name or number, as 0x%s", option, words[i], what,
                           name == suite_text ? "c02f" : name == group_name ? "001d" : "0403") == EXIT_NONE_FOUND;
    *out = (struct u16s){ v, n };
    return n != 0 || trouble("%s: an empty list; 'none' leaves it out", option) == EXIT_NONE_FOUND;
}

bool list_groups(const char *option, const char *text, struct arena *a, struct u16s *out)
{
    return numbers(option, text, "group", group_name, a, out);
}

bool list_sigalgs(const char *option, const char *text, struct arena *a, struct u16s *out)
{
    return numbers(option, text, "signature algorithm", sigalg_name, a, out);
}

bool list_suites(const char *option, const char *text, struct arena *a, struct u32s *out)
{
    struct u16s narrow;
    if (!numbers(option, text, "cipher suite", suite_text, a, &narrow))
        return false;
    if (narrow.n == 0)
        return trouble("%s: a hello offers one cipher suite at least", option) == EXIT_NONE_FOUND;
    uint32_t *v = ARENA_NEW_N(a, narrow.n, uint32_t);
    for (size_t i = 0; i < narrow.n; i++)
        v[i] = narrow.v[i];
    *out = (struct u32s){ v, narrow.n };
    return true;
}

bool list_words(const char *option, const char *text, struct arena *a, struct byte_list *out)
{
    char  *words[MEMBERS_MAX];
    size_t n = words_of(text, a, words);
    *out = (struct byte_list){ 0 };
    if (strcmp(text, "none") == 0)
        return true;
    struct bytes *v = ARENA_NEW_N(a, n + 1, struct bytes);
    for (size_t i = 0; i < n; i++) {
        v[i] = (struct bytes){ (const uint8_t *)words[i], strlen(words[i]) };
        if (v[i].n > 255)
            return trouble("%s: '%.40s...' is longer than 255 bytes", option, words[i]) == EXIT_NONE_FOUND;
    }
    *out = (struct byte_list){ v, n };
    return n != 0 || trouble("%s: an empty list; 'none' leaves it out", option) == EXIT_NONE_FOUND;
}

static bool one_version(const char *s, size_t n, uint16_t *out)
{
    static const struct { const char *word; uint16_t version; } t[] = {
        { "ssl2", SSL2 }, { "ssl3", 0x0300 }, { "3.0", 0x0300 }, { "1.0", 0x0301 }, { "1.1", 0x0302 }, { "1.2", 0x0303 }, { "1.3", 0x0304 },
        { "tls1.0", 0x0301 }, { "tls1.1", 0x0302 }, { "tls1.2", 0x0303 }, { "tls1.3", 0x0304 },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        if (strlen(t[i].word) == n && strncasecmp(t[i].word, s, n) == 0) {
            *out = t[i].version;
            return true;
        }
    }
    return false;
}

bool version_range(const char *option, const char *text, uint16_t *low, uint16_t *high)
{
    const char *dash = strchr(text, '-');
    size_t      first = dash != NULL ? (size_t)(dash - text) : strlen(text);
    *low = OLDEST;
    *high = NEWEST;
    bool ok = (first == 0 && dash != NULL) || one_version(text, first, low);
    if (dash == NULL)
        *high = *low;
    else if (dash[1] != '\0')
        ok = ok && one_version(dash + 1, strlen(dash + 1), high);
    ok = ok && strcmp(text, "-") != 0 && *low <= *high && (*low != SSL2 || *high == SSL2);
    return ok || trouble("%s takes versions like 1.2, 1.0-1.2, ssl3- or ssl2 (alone), not '%s'", option, text) == EXIT_NONE_FOUND;
}

static const char *cause_code(size_t i) { return cause_at(i) != NULL ? cause_at(i)->code : NULL; }

bool cause_named(const char *option, const char *code)
{
    if (cause_of(code) != NULL)
        return true;
    const char *near = nearest_word(code, cause_code);
    return trouble("%s: there is no cause '%s'%s%s%s", option, code, near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                   near != NULL ? "'?" : "") == EXIT_NONE_FOUND;
}
