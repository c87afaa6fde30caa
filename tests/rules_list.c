/* rules_list - every rule of the program, one a line: its name and the cause it can give. With a folder of
 * captures two more columns tell how many connections the rule applied to, and how many it decided. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipe.h"

#define RULES_MAX 512
static size_t applied[RULES_MAX], decided[RULES_MAX];

static void apply(const struct handshake *h, const struct peers *others, struct arena *a)
{
    const struct case_file c = { .h = h, .others = others, .arena = a };
    const struct rule     *r;
    for (size_t k = 0; !ended_well(h) && k < RULES_MAX && (r = rule_at(k)) != NULL; k++) {
        struct finding f = { .rule = r->id, .cause = r->cause };
        applied[k] += r->look(&c, &f);
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
    if (argc > 1) {
        read_folder(argv[1], argv[1]);
        read_folder(argv[1], NULL); /* rules for what the anchors leave open */
    }
    for (size_t k = 0; k < RULES_MAX && (r = rule_at(k)) != NULL; k++) {
        printf("%s\t%s", r->id, r->cause);
        if (argc > 1)
            printf("\t%zu\t%zu", applied[k], decided[k]);
        putchar('\n');
    }
    return 0;
}
