/* pipe.h - from the bytes of a capture to its verdicts, in process, for tests that do it many times: all of
 * `tlswhy read --all --ca FOLDER/roots.pem` but the text that it prints.
 *
 * Owns: a world keeps certificates and anchors between runs (signature checks are cached); answers are copies. */
#ifndef TLSWHY_TESTS_PIPE_H
#define TLSWHY_TESTS_PIPE_H

#include "tlswhy/why.h"

struct answer {
    uint32_t     stream;
    enum outcome outcome;
    enum blame   side;
    enum sure    sure;
    uint16_t     ports[2];
    char         cause[40], rule[48];
};
#define ANSWERS 64
struct answers {
    struct answer v[ANSWERS];
    size_t        n;
};

struct world {
    struct verdicts *verdicts;
    struct peers    *others;
    char             roots[4096]; /* file of the anchors */
    struct bytes     secrets;     /* key log text, beside what a capture holds itself */
    /* NULL, or called with each handshake that is explained. */
    void (*each)(struct world *w, const struct handshake *h, struct arena *a);
    size_t           wrong;       /* what ask_twice found */
};

/* For `each`: every rule is asked again, whatever its row says that it needs, and so is the cause alone. A rule that says yes and
 * would not have been asked, and a cause that is not that of the whole finding, are told on standard output and counted. */
void ask_twice(struct world *w, const struct handshake *h, struct arena *a);

/* The folder's roots.pem holds the client's anchors; NULL: the system's stand in. Ends the program where there are none. */
void world_new(struct world *w, const char *folder);
void world_free(struct world *w);

void                 answers_of(struct world *w, const void *capture, size_t n, struct answers *out);
const struct answer *answer_of_stream(const struct answers *all, uint32_t stream); /* NULL: no such object */

/* A whole file, to be freed; NULL with a sentence on standard error. */
uint8_t *file_bytes(const char *path, size_t *n);
bool     is_capture_name(const char *name);

#endif
