#include "http.h"

#include "prelude_row.h"

#include <ctype.h>
#include <string.h>

size_t http_head(struct bytes in)
{
    size_t at = 0, took = 1;
    while (at < in.n) {
        struct bytes line = text_line((struct bytes){ in.p + at, in.n - at }, &took);
        if (took == 0)
            return 0;
        at += took;
        if (line.n == 0)
            return at;
    }
    return 0;
}

bool http_header(struct bytes *block, struct bytes *name, struct bytes *value)
{
    size_t       took;
    struct bytes line = text_line(*block, &took);
    if (took == 0 || line.n == 0)
        return false;
    block->p += took;
    block->n -= took;
    const uint8_t *colon = memchr(line.p, ':', line.n);
    size_t         n = colon != NULL ? (size_t)(colon - line.p) : line.n;
    *name = text_trim((struct bytes){ line.p, n });
    *value = text_trim((struct bytes){ line.p + n + (colon != NULL), line.n - n - (colon != NULL) });
    return true;
}

int http_status(struct bytes line)
{
    int status = 0;
    text_word(&line);
    struct bytes code = text_word(&line);
    for (size_t i = 0; i < code.n && i < 3 && isdigit(code.p[i]); i++)
        status = status * 10 + (code.p[i] - '0');
    return status;
}
