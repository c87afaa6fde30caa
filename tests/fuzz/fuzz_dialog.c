/* Any server behind any dialog that leads to TLS: it ends, what is to be sent is there, and TLS in packets is all of it. */
#include "tlswhy/dialog.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = { 0 };
    struct bytes out, heard = { data, 0 };
    size_t       count = 0, step = 0, sent = 0;
    while (dialog_name_at(count) != NULL)
        count++;
    if (size < 2)
        return 0;
    const struct dialog *d = dialog_named(dialog_name_at(data[0] % count));
    heard.p = data + 1;
    for (size_t taken = 0; taken < size - 1; taken++) { /* byte by byte, as it may come */
        enum dialog_says says = DIALOG_SEND;
        while (says == DIALOG_SEND && sent < 16) {
            says = dialog_next(d, &step, heard, "www.example", &a, &out);
            if (says == DIALOG_SEND) {
                if (out.p == NULL || out.n == 0 || out.n > 4096)
                    abort();
                heard = (struct bytes){ heard.p + heard.n, 0 };
                sent++;
            }
        }
        if (says != DIALOG_WAIT)
            break;
        heard.n++;
    }
    if (sent > 8)
        abort();
    struct bytes packed = dialog_wrap(d, (struct bytes){ data, size }, &a);
    if (packed.n < size || packed.n > size + 8 * (size / 4088 + 1))
        abort();
    arena_free(&a);
    return 0;
}
