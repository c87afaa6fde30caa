/* cut_test - every capture of a folder cut at every byte: nothing crashes, and no verdict becomes certain and
 * different from the whole file's. What a cut capture says about success does not count: a handshake may
 * be whole before the cut. Rules are asked again (ask_twice).
 *
 *     cut_test FOLDER [STEP]     STEP > 1 takes every STEP-th byte (slow machines, sanitizers) */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipe.h"

static size_t cuts, bad;

static bool certain_and_other(const struct answer *cut, const struct answer *whole)
{
    if (cut->sure != CERTAIN || strcmp(cut->cause, "ok") == 0 || strcmp(cut->cause, "capture-incomplete") == 0)
        return false;
    return whole == NULL || strcmp(cut->cause, whole->cause) != 0 || cut->side != whole->side;
}

static void cut_at(struct world *w, const char *name, const uint8_t *p, size_t at, const struct answers *whole)
{
    /* a copy of just these bytes, so that a sanitizer sees a read past the cut */
    uint8_t        *part = mem_get(at + 1, 1);
    struct answers cut;
    memcpy(part, p, at);
    part = mem_grow(part, at > 0 ? at : 1, 1);
    answers_of(w, part, at, &cut);
    for (size_t i = 0; i < cut.n; i++) {
        const struct answer *all = answer_of_stream(whole, cut.v[i].stream);
        if (!certain_and_other(&cut.v[i], all))
            continue;
        bad++;
        printf("FAIL %s cut at %zu, stream %u: certain %s (rule %s), the whole file says %s\n", name, at, cut.v[i].stream, cut.v[i].cause,
               cut.v[i].rule, all != NULL ? all->cause : "nothing");
    }
    free(part);
    cuts++;
}

static void one_file(struct world *w, const char *folder, const char *name, size_t step)
{
    char            path[4096];
    size_t          n = 0;
    struct answers whole;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    uint8_t *p = file_bytes(path, &n);
    if (p == NULL)
        exit(EXIT_FAILURE);
    answers_of(w, p, n, &whole);
    size_t before = bad;
    for (size_t at = 0; at < n && bad - before < 3; at += step)
        cut_at(w, name, p, at, &whole);
    free(p);
}

int main(int argc, char **argv)
{
    struct dirent **names = NULL;
    size_t          step = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    int             n = argc > 1 ? scandir(argv[1], &names, NULL, alphasort) : -1;
    if (n < 0 || step == 0) {
        fprintf(stderr, "usage: cut_test FOLDER [STEP]\n");
        return 2;
    }
    struct world w;
    world_new(&w, argv[1]);
    w.each = ask_twice;
    for (int i = 0; i < n; i++) {
        if (is_capture_name(names[i]->d_name))
            one_file(&w, argv[1], names[i]->d_name, step);
        free(names[i]);
    }
    free(names);
    world_free(&w);
    bad += w.wrong;
    printf("cut: %zu cuts, %zu failed\n", cuts, bad);
    return bad != 0 || cuts == 0;
}
