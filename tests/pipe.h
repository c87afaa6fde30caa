/* pipe.h - the whole way from the bytes of a capture to verdicts, in process, for tests that need it many
 * times: as `tlswhy read --ca roots.pem` does it, without printing.
 *
 * Owns: a world keeps certificates and anchors between runs (signature checks are cached); answers hold copies. */
#ifndef TLSWHY_TESTS_PIPE_H
#define TLSWHY_TESTS_PIPE_H

#include "tlswhy/why.h"

struct world {
    struct cert_store *store;
    struct anchors     anchors;
};
/* With the roots.pem of this folder as the client's own anchors. Ends the program where there is none. */
void world_new(struct world *w, const char *folder);
void world_free(struct world *w);

struct answer {
    uint32_t     stream;
    enum outcome outcome;
    enum blame   side;
    enum sure    sure;
    char         cause[40], rule[48];
};
#define ANSWERS 64
struct answers {
    struct answer v[ANSWERS];
    size_t        n;
    bool          opened; /* capture_open_memory took the bytes for a capture */
};

void                 answers_of(struct world *w, const void *capture, size_t n, struct answers *out);
const struct answer *answer_of_stream(const struct answers *all, uint32_t stream); /* NULL: no such object */

/* A whole file, to be freed; NULL with a sentence on standard error. */
uint8_t *file_bytes(const char *path, size_t *n);
bool     is_capture_name(const char *name);

#endif
