/* Any bytes as a capture file: what is given lies within them, and counts as the facts say. */
#include "tlswhy/capture.h"
#include "tlswhy/marks.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err          err = { "" };
    struct packet       p;
    struct capture_host h;
    uint64_t            frames = 0;
    unsigned            sum = 0;
    struct capture     *c = capture_open_memory(data, size, &err);
    if (c == NULL)
        return 0;
    while (capture_next(c, &p, &err)) {
        if (p.frame != ++frames || p.caplen > p.len || p.p < data || p.caplen > (size_t)(data + size - p.p))
            abort();
    }
    if (capture_facts(c)->packets != frames)
        abort();
    for (size_t at = 0; capture_host(c, &at, &h);) {
        for (size_t i = 0; i < h.n; i++)
            sum += (unsigned char)h.name[i] + h.ip[i % h.ip_len];
    }
    struct reader marks = rd_of(capture_facts(c)->marks.p, capture_facts(c)->marks.n);
    for (struct mark m; mark_next(&marks, &m);) {
        struct text again = { 0 };
        mark_add(&again, &m); /* what was read can be written, and reads the same */
        struct reader r = rd_of(again.s, again.n);
        struct mark   same;
        if (!mark_next(&r, &same) || same.kind != m.kind || same.ns != m.ns || same.acked != m.acked || !bytes_equal(same.name, m.name))
            abort();
        text_free(&again);
    }
    capture_close(c);
    return (int)(sum & 0); /* 0: only that reading it is no error was the question */
}
