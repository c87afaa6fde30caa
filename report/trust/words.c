/* The closed list of what can be wrong with a chain: report/knowledge/chain_words.tsv, in order of precedence. */
#include "judge.h"

#include <assert.h>
#include <string.h>

static const struct word words[] = {
#define ROW(code, severity, fix, openssl, gnutls, windows, nss, java, others, source) \
    { code, severity, fix, { openssl, gnutls, windows, nss, java, others } },
#include "gen/knowledge/chain_words.inc"
#undef ROW
};

static const char *const who_says[WORD_NAMES] = { "OpenSSL: ", "GnuTLS: ", "Windows: ", "NSS: ", "Java: ",
                                                  "" };

const struct word *word_of(const char *code)
{
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(words[i].code, code) == 0)
            return &words[i];
    assert(0 && "a code that is no row of chain_words.tsv");
    return NULL;
}

int word_rank(const char *code) { return (int)(word_of(code) - words); }

enum severity word_severity(const struct word *w)
{
    return strcmp(w->severity, "error") == 0 ? SEV_ERROR : strcmp(w->severity, "warning") == 0 ? SEV_WARNING
           : SEV_INFO;
}

const char *const *word_names(const struct word *w, struct arena *a)
{
    const char **v = ARENA_NEW_N(a, WORD_NAMES + 1, const char *);
    size_t       n = 0;
    for (size_t i = 0; i < WORD_NAMES; i++)
        if (w->names[i][0] != '\0')
            v[n++] = arena_printf(a, "%s%s", who_says[i], w->names[i]);
    return n != 0 ? v : NULL;
}
