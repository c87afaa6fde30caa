/* Any bytes as a root list (cabinet, bare, or in an HTTP answer): read, judged and shown. Nothing unsigned may pass. */
#include "tlswhy/rootlist.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cert_store      *s = cert_store_new();
    struct arena            a = { 0 };
    struct text             t = { 0 };
    struct rootlist         l;
    const struct ctl_entry *found[4];
    struct list_question    q = { .time = 1600000000, .client = size % 2 != 0 ? "winsrv2008sp2" : NULL };
    rootlist_read("fuzz", (struct bytes){ data, size }, s, &a, &l);
    rootlist_judge(&q, s, &a, &l);
    if (l.verdict == CHAIN_OK && !l.signature_ok)
        abort();
    size_t n = rootlist_find(&l, &(struct root_key){ .text = "a" }, &a, found, 4);
    rootlist_show(&t, &l, false);
    rootlist_show_roots(&t, &l, "a", true, found, n < 4 ? n : 4, n);
    rootlist_json(&t, &l, "a", found, n < 4 ? n : 4, n);
    text_free(&t);
    arena_free(&a);
    cert_store_free(s);
    return 0;
}
