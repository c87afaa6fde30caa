/* fuzz_fetch.c - plain HTTP of two sides: the input is the client's bytes, a NUL, and the server's; and what it leads to
 * for the list inside. */
#include <string.h>

#include "tlswhy/fetched.h"
#include "tlswhy/rootlist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nul = size != 0 ? memchr(data, 0, size) : NULL;
    size_t         n = nul != NULL ? (size_t)(nul - data) : size, rest = nul != NULL ? size - n - 1 : 0;
    const struct fetch_mark marks[2] = { { n, { .frame = 1, .ns = 1 } }, { rest, { .frame = 2, .ns = 2 } } };
    const struct talk t = { .side = { { .bytes = { data, n }, .mark = &marks[0], .marks = 1 },
                                      { .bytes = { data + size - rest, rest }, .mark = &marks[1], .marks = 1 } },
                            .server_left = size % 2 == 0 };
    struct arena        a = { 0 };
    struct cert_store  *store = cert_store_new();
    const struct fetch *v = NULL;
    size_t              found = n != 0 ? fetches_read(&t, &a, &v) : 0;
    for (size_t i = 0; i < found; i++) {
        struct fetch      f = v[i];
        struct fetch_note note;
        struct rootlist   list;
        struct list_question q = { .has_time = true };
        if (f.body.p != NULL) {
            rootlist_read("x", f.body, store, &a, &list);
            rootlist_judge(&q, store, &a, &list);
            f.list = &list;
        }
        fetch_noted(&f, NULL, &a, &note);
    }
    arena_free(&a);
    cert_store_free(store);
    return 0;
}
