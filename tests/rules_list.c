/* rules_list - every rule of the program, one a line: its name and the cause it can give. With a folder of
 * captures a third column tells how many of its connections the rule decided. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipe.h"

#define RULES_MAX 512
static size_t decided[RULES_MAX];

static void count(const struct answers *all)
{
    for (size_t i = 0; i < all->n; i++) {
        const struct rule *r;
        for (size_t k = 0; k < RULES_MAX && (r = rule_at(k)) != NULL; k++)
            decided[k] += strcmp(r->id, all->v[i].rule) == 0;
    }
}

static void read_folder(const char *folder)
{
    struct dirent **names = NULL;
    int             n = scandir(folder, &names, NULL, alphasort);
    struct world    w;
    world_new(&w, folder);
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
    if (argc > 1)
        read_folder(argv[1]);
    for (size_t k = 0; k < RULES_MAX && (r = rule_at(k)) != NULL; k++) {
        printf("%s\t%s", r->id, r->cause);
        if (argc > 1)
            printf("\t%zu", decided[k]);
        putchar('\n');
    }
    return 0;
}
