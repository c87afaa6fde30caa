/* rules_list - every rule of the program, one a line: its name and the cause it can give. With a folder of
 * captures two more columns tell how many connections the rule applied to, and how many it decided; a rule that applies to one
 * that does not show what it needs is told on standard error, and the exit status is 1. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipe.h"

#define RULES_MAX 512
static size_t applied[RULES_MAX], decided[RULES_MAX], undue[RULES_MAX];

static void apply(struct world *w, const struct handshake *h, struct arena *a)
{
    const struct rule *r;
    bool               due;
    for (size_t k = 0; !ended_well(h) && k < RULES_MAX && (r = rule_at(k)) != NULL; k++) {
        bool applies = rule_says(r, h, w->others, a, &due);
        applied[k] += applies;
        undue[k] += applies && !due;
    }
}

static void count(const struct answers *all)
{
    for (size_t i = 0; i < all->n; i++) {
        const struct rule *r;
        for (size_t k = 0; k < RULES_MAX && (r = rule_at(k)) != NULL; k++)
            decided[k] += strcmp(r->id, all->v[i].rule) == 0;
    }
}

static void read_folder(const char *folder, const char *roots)
{
    struct dirent **names = NULL;
    int             n = scandir(folder, &names, NULL, alphasort);
    struct world    w;
    world_new(&w, roots);
    w.each = apply;
    for (int i = 0; i < n; i++) {
        char            path[4096];
        struct answers all;
        size_t          size = 0;
        snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        uint8_t *p = is_capture_name(names[i]->d_name) ? file_bytes(path, &size) : NULL;
        if (p != NULL) {
            answers_of(&w, p, size, &all);
            count(&all);
        }
        free(p);
        free(names[i]);
    }
    free(names);
    world_free(&w);
}

int main(int argc, char **argv)
{
    const struct rule *r;
    int                status = 0;
    if (argc > 1) {
        read_folder(argv[1], argv[1]);
        read_folder(argv[1], NULL); /* rules for what the anchors leave open */
    }
    for (size_t k = 0; k < RULES_MAX && (r = rule_at(k)) != NULL; k++) {
        printf("%s\t%s", r->id, r->cause);
        if (argc > 1)
            printf("\t%zu\t%zu", applied[k], decided[k]);
        putchar('\n');
        if (undue[k] != 0) {
            fprintf(stderr, "rules_list: %s applies to %zu connections that do not show what it needs; look at its row\n", r->id, undue[k]);
            status = 1;
        }
    }
    return status;
}
