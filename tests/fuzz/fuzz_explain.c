/* Any bytes as an argument and as a log, in two pieces: the same finds wherever the cut is. */
#include "tlswhy/explain.h"

#include <stdlib.h>
#include <string.h>

static size_t finds(const uint8_t *data, size_t size, size_t cut)
{
    struct log *l = log_new();
    size_t      n;
    log_push(l, data, cut);
    log_push(l, data + cut, size - cut);
    log_end(l);
    log_codes(l, &n);
    log_free(l);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct code *v[READINGS];
    struct together    g;
    struct text        t = { 0 };
    char              *s = malloc(size + 1);
    memcpy(s, data, size);
    s[size] = '\0';
    size_t n = explain_lookup(s, v);
    for (size_t i = 0; i < n; i++) {
        show_code(&t, v[i], s, NULL);
        show_code_json(&t, v[i], s, i + 1, n, NULL);
    }
    explain_together(v, n, &g);
    show_together(&t, &g);
    show_unknown(&t, s);
    show_unknown_json(&t, s);
    if (size > 16 && finds(data, size, 16) != finds(data, size, size)) /* 16: enough to see how it is encoded */
        abort();
    text_free(&t);
    free(s);
    return 0;
}
