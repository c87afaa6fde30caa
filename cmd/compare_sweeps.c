/* compare_sweeps.c - two results of probe --sweep --json: what changed on the servers. libjansson reads them. */
#include "tlswhy/sweep_changes.h"
#include "tlswhy/x509.h"
#include "compare.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SERVERS_MAX = 10000, DEPTH_MAX = 3, CHANGES_MAX = 4096 };

/* The `server` objects of a file, in its order. */
struct sweeps {
    json_t     *v[SERVERS_MAX];
    size_t      n;
    const char *file;
};

bool is_json_file(const char *path)
{
    FILE *f = strcmp(path, "-") != 0 ? fopen(path, "rb") : NULL;
    int   c = ' ';
    while (f != NULL && c != EOF && isspace(c))
        c = fgetc(f);
    if (f != NULL)
        fclose(f);
    return c == '{';
}

/* ------------------------------------------------------------------------------------ reading */

static bool is_server(const json_t *o)
{
    const char *type = json_string_value(json_object_get(o, "type"));
    return type != NULL && strcmp(type, "server") == 0 && json_is_object(json_object_get(o, "versions"));
}

static const char *target_of(const json_t *server)
{
    const char *target = json_string_value(json_object_get(json_object_get(server, "probe"), "target"));
    return target != NULL ? target : "?";
}

/* False: trouble was said. */
static bool load(const char *path, struct sweeps *out)
{
    struct err   err = { 0 };
    size_t       size = 0, at = 0;
    char        *text = (char *)file_read(path, &size, &err);
    json_error_t wrong;
    out->file = path;
    if (text == NULL)
        return trouble("%s", err.text) == EXIT_NONE_FOUND;
    while (at < size && isspace((unsigned char)text[at]))
        at++;
    while (at < size && out->n < SERVERS_MAX) {
        json_t *o = json_loadb(text + at, size - at, JSON_DISABLE_EOF_CHECK, &wrong);
        if (o == NULL) {
            trouble("%s, byte %zu: %s; it takes the output of tlswhy probe --sweep --json", path, at + (size_t)(wrong.position > 0 ? wrong.position : 0),
                    wrong.text);
            break;
        }
        at += (size_t)wrong.position;
        if (is_server(o))
            out->v[out->n++] = o;
        else
            json_decref(o);
        while (at < size && isspace((unsigned char)text[at]))
            at++;
    }
    bool whole = at >= size;
    free(text);
    if (whole && out->n == 0)
        trouble("%s holds no result of a sweep; it takes the output of tlswhy probe --sweep --json", path);
    return whole && out->n > 0;
}

static void unload(struct sweeps *s)
{
    for (size_t i = 0; i < s->n; i++)
        json_decref(s->v[i]);
    free(s);
}

/* ------------------------------------------------------------------------------------ comparing */

struct changes {
    struct arena       *arena;
    struct sweep_change *v;
    size_t              n;
};

static void change(struct changes *c, const char *field, const char *before, const char *after)
{
    if (c->n < CHANGES_MAX)
        c->v[c->n++] = (struct sweep_change){ field, before, after };
}

static const char *safe(struct changes *c, const char *s) { return safe_str(c->arena, s, strlen(s)); }

/* What a scalar, or an element of a list, is called. */
static const char *words(struct changes *c, const json_t *v)
{
    const json_t *key = json_object_get(v, "key"), *sha = json_object_get(v, "sha256");
    if (json_is_string(v))
        return safe(c, json_string_value(v));
    if (json_is_boolean(v))
        return json_is_true(v) ? "yes" : "no";
    if (json_is_integer(v))
        return arena_printf(c->arena, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    if (json_is_string(key) && json_is_string(sha)) /* a certificate */
        return arena_printf(c->arena, "%s %.16s", safe(c, json_string_value(key)), safe(c, json_string_value(sha)));
    return v == NULL ? "not asked" : "none";
}

static bool holds(struct changes *c, const json_t *list, const char *word)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(words(c, json_array_get(list, i)), word) == 0)
            return true;
    return false;
}

/* Elements of the one that the other lacks, commas between; "" = none. */
static const char *only_in(struct changes *c, const json_t *list, const json_t *other)
{
    struct text t = { 0 };
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *word = words(c, json_array_get(list, i));
        if (!holds(c, other, word))
            text_printf(&t, "%s%s", t.n > 0 ? ", " : "", word);
    }
    const char *s = t.n > 0 ? arena_str(c->arena, t.s) : "";
    text_free(&t);
    return s;
}

static const char *in_order(struct changes *c, const json_t *list)
{
    struct text t = { 0 };
    for (size_t i = 0; i < json_array_size(list); i++)
        text_printf(&t, "%s%s", i > 0 ? ", " : "", words(c, json_array_get(list, i)));
    const char *s = t.n > 0 ? arena_str(c->arena, t.s) : "";
    text_free(&t);
    return s;
}

static void compare_lists(struct changes *c, const char *field, const json_t *a, const json_t *b, bool ordered)
{
    const char *gone = only_in(c, a, b), *new = only_in(c, b, a);
    if (gone[0] != '\0' || new[0] != '\0')
        change(c, field, gone, new);
    else if (ordered && strcmp(in_order(c, a), in_order(c, b)) != 0)
        change(c, arena_printf(c->arena, "%s, order", field), in_order(c, a), in_order(c, b));
}

static bool is_text(const json_t *v, const char *text) { return json_is_string(v) && strcmp(json_string_value(v), text) == 0; }

/* An order means something where it is the server's, before and after. */
static bool in_servers_order(const json_t *a, const json_t *b, const char *list)
{
    const char *whose = strcmp(list, "ciphers") == 0 ? "preference" : strcmp(list, "groups") == 0 ? "group_preference" : NULL;
    return whose != NULL && is_text(json_object_get(a, whose), "server") && is_text(json_object_get(b, whose), "server");
}

/* A version that came or went: the rest of it follows. False: it is no such thing. */
static bool compare_versions(struct changes *c, const char *field, const json_t *a, const json_t *b)
{
    const json_t *before = json_object_get(a, "accepted"), *after = json_object_get(b, "accepted");
    if (!json_is_boolean(before) || !json_is_boolean(after) || json_is_true(before) == json_is_true(after))
        return false;
    const json_t *had = json_is_true(before) ? a : b, *refusal = json_object_get(json_is_true(before) ? b : a, "refusal");
    const char   *yes = arena_printf(c->arena, "accepted, %zu cipher suites", json_array_size(json_object_get(had, "ciphers")));
    const char   *no = arena_printf(c->arena, "refused, %s", words(c, refusal));
    change(c, field, had == a ? yes : no, had == a ? no : yes);
    return true;
}

/* Not compared: how it was asked, what it cost, and texts that follow from the rest. */
static bool passed_over(const char *key)
{
    static const char *const keys[] = { "type", "schema", "probe", "connections", "cost", "findings" };
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

static void compare_objects(struct changes *c, const char *field, json_t *a, json_t *b, unsigned depth);

static void compare_member(struct changes *c, const char *object, const char *key, json_t *a, json_t *b, unsigned depth)
{
    const char *field = depth == 0 ? safe(c, key) : arena_printf(c->arena, "%s, %s", object, safe(c, key));
    json_t     *x = json_object_get(a, key), *y = json_object_get(b, key);
    if (json_is_array(x) || json_is_array(y))
        compare_lists(c, field, x, y, in_servers_order(a, b, key));
    else if (depth < DEPTH_MAX && json_is_object(x) && json_is_object(y))
        compare_objects(c, field, x, y, depth + 1);
    else if (json_is_object(x) || json_is_object(y))
        change(c, field, json_is_object(x) ? "yes" : words(c, x), json_is_object(y) ? "yes" : words(c, y));
    else if (strcmp(words(c, x), words(c, y)) != 0)
        change(c, field, words(c, x), words(c, y));
}

/* Depth is bounded: what stands deeper than in any sweep is not looked at. */
static void compare_objects(struct changes *c, const char *field, json_t *a, json_t *b, unsigned depth)
{
    const char *key;
    json_t     *v;
    if (compare_versions(c, field, a, b))
        return;
    json_object_foreach (a, key, v)
        if (depth > 0 || !passed_over(key))
            compare_member(c, field, key, a, b, depth);
    json_object_foreach (b, key, v) /* what is new */
        if ((depth > 0 || !passed_over(key)) && json_object_get(a, key) == NULL)
            compare_member(c, field, key, a, b, depth);
}

static json_t *partner_of(const struct sweeps *a, size_t i, const struct sweeps *b)
{
    if (a->n == 1 && b->n == 1)
        return b->v[0];
    for (size_t k = 0; k < b->n; k++)
        if (strcmp(target_of(a->v[i]), target_of(b->v[k])) == 0)
            return b->v[k];
    return NULL;
}

static size_t compare_all(const struct compare_options *o, const struct sweeps *a, const struct sweeps *b, struct text *out)
{
    size_t changed = 0;
    for (size_t i = 0; i < a->n; i++) {
        struct arena   arena = { 0 };
        struct changes c = { .arena = &arena, .v = ARENA_NEW_N(&arena, CHANGES_MAX, struct sweep_change) };
        json_t        *other = partner_of(a, i, b);
        if (other != NULL)
            compare_objects(&c, "", a->v[i], other, 0);
        else
            change(&c, "target", "there", "not there");
        const struct sweep_comparison all = { .target = target_of(a->v[i]), .other = other != NULL ? target_of(other) : NULL, .before = a->file,
                                              .after = b->file, .change = c.v, .changes = c.n };
        (o->verdicts.renderer == &json_renderer ? sweep_changes_json : sweep_changes_text)(out, &o->verdicts.report, &all);
        changed += c.n > 0;
        arena_free(&arena);
    }
    return changed;
}

int compare_sweeps(const struct compare_options *o, const char *a, const char *b)
{
    struct sweeps *before = mem_get(1, sizeof *before), *after = mem_get(1, sizeof *after);
    struct text    out = { 0 };
    int            status = EXIT_TROUBLE;
    *before = *after = (struct sweeps){ 0 };
    if (load(a, before) && load(b, after))
        status = compare_all(o, before, after, &out) > 0 ? EXIT_FOUND : EXIT_NONE_FOUND;
    out_flush(&out);
    text_free(&out);
    unload(before);
    unload(after);
    return status;
}
