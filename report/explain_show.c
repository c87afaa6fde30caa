#include "tlswhy/explain.h"

#include <stdio.h>
#include <string.h>

/* Codes and causes for people and for programs. Labels stand in column 3, what they say from column 13 on. */
enum { WIDTH = 100, INDENT = 12, INPUT_MAX = 200 };

static void paragraph(struct text *t, const char *label, const char *s) { text_row(t, label, s, INDENT, WIDTH); }

static void add_causes(struct text *t, const struct code_cause *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        text_printf(t, "%s%s%s", i != 0 ? ", " : "", v[i].cause->code, v[i].strong ? " (strong)" : "");
}

/* "recalled" rows are told as such: nobody read a page that says so. */
static const char *trust_of(const struct code *c)
{
    const char *recalled = strstr(c->source, "recalled"), *text = strstr(c->source, "message text recalled");
    bool        only_text = text != NULL && recalled == text + strlen("message text ");
    return recalled == c->source ? "from memory, no source read" : recalled != NULL && !only_text ? "in part from memory" : NULL;
}

void show_code(struct text *t, const struct code *c, const char *input, const char *where)
{
    struct code_cause v[CODE_CAUSES];
    struct text       line = { 0 };
    const char       *next[3];
    size_t            n = code_causes(c, v), steps = code_next(c, next);
    code_title(&line, c);
    text_printf(t, "%s  (%s", line.s, c->system);
    if (where == NULL && strcasestr(line.s, input) == NULL) {
        text_add(t, ", given as ");
        text_safe(t, input, strlen(input), INPUT_MAX);
    }
    text_printf(t, ")%s%s\n", where != NULL ? "  " : "", where != NULL ? where : "");
    text_clear(&line);
    paragraph(t, "Means", c->meaning);
    if (n != 0) {
        add_causes(&line, v, n);
        paragraph(t, "Fits", line.s);
    }
    if (c->not_this[0] != '\0')
        paragraph(t, "Not", c->not_this);
    for (size_t i = 0; i < steps; i++)
        paragraph(t, i == 0 ? "Next" : "", next[i]);
    if (trust_of(c) != NULL)
        paragraph(t, "Source", trust_of(c));
    text_free(&line);
}

static void json_begin(struct json *j, struct text *t, const char *input, const char *system, const char *symbol, const char *meaning)
{
    *j = (struct json){ .out = t };
    json_open(j, NULL, '{');
    json_str(j, "type", "explanation");
    json_str(j, "schema", "tlswhy/1");
    json_bytes(j, "input", input, strlen(input));
    json_str(j, "system", system);
    json_str(j, "symbol", symbol);
    json_str(j, "meaning", meaning);
}

static void json_causes(struct json *j, const struct code_cause *v, size_t n)
{
    json_open(j, "causes", '[');
    for (size_t i = 0; i < n; i++) {
        json_open(j, NULL, '{');
        json_str(j, "code", v[i].cause->code);
        json_str(j, "strength", v[i].strong ? "strong" : "weak");
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void json_end(struct json *j)
{
    json_close(j, '}');
    text_char(j->out, '\n');
}

static const char *or_null(const char *s) { return s[0] != '\0' ? s : NULL; }

void show_code_json(struct text *t, const struct code *c, const char *input, size_t reading, size_t readings, const struct log_code *in_log)
{
    struct code_cause v[CODE_CAUSES];
    const char       *next[3];
    struct json       j;
    size_t            n = code_causes(c, v), steps = code_next(c, next);
    json_begin(&j, t, input, c->system, or_null(c->symbol), c->meaning);
    json_str(&j, "code", or_null(c->code));
    json_causes(&j, v, n);
    json_str(&j, "not", or_null(c->not_this));
    json_strs(&j, "next", next, steps);
    if (in_log != NULL) {
        json_uint(&j, "line", in_log->line);
        json_uint(&j, "count", in_log->count);
        json_bytes(&j, "excerpt", in_log->excerpt, in_log->excerpt_n);
    } else {
        json_uint(&j, "reading", reading);
        json_uint(&j, "readings", readings);
    }
    json_str(&j, "source", c->source);
    json_end(&j);
}

/* What several codes say in common. Nothing where they have nothing in common. */
void show_together(struct text *t, const struct together *g)
{
    struct text line = { 0 };
    if (g->cause != NULL) {
        text_printf(t, "Together: %s\n", g->cause->code);
        if (g->why != NULL) {
            text_add(&line, g->why);
        } else {
            for (size_t i = 0; i < g->agree_n; i++) {
                text_add(&line, i == 0 ? "" : i + 1 == g->agree_n ? " and " : ", ");
                code_title(&line, g->agree[i]);
            }
            text_printf(&line, " all fit it: %s", g->cause->meaning);
        }
        paragraph(t, "Why", line.s);
    }
    text_clear(&line);
    if (g->others_n != 0) {
        add_causes(&line, g->others, g->others_n);
        if (g->cause == NULL)
            text_add(t, "Together: no one cause stands out\n");
        paragraph(t, g->cause != NULL ? "Also fits" : "Fits", line.s);
    }
    if (g->next != NULL)
        paragraph(t, "Next", g->next);
    if (g->cause != NULL) {
        text_clear(&line);
        text_printf(&line, "tlswhy explain %s", g->cause->code);
        paragraph(t, "More", line.s);
    }
    text_free(&line);
}

void show_together_json(struct text *t, const struct together *g, const char *input)
{
    struct code_cause v[CODE_CAUSES + 1];
    struct json       j;
    size_t            n = 0;
    if (g->cause != NULL)
        v[n++] = (struct code_cause){ g->cause, true };
    for (size_t i = 0; i < g->others_n; i++)
        v[n++] = (struct code_cause){ g->others[i].cause, false };
    json_begin(&j, t, input, "together", NULL, g->why != NULL ? g->why : g->cause != NULL ? g->cause->meaning : NULL);
    json_causes(&j, v, n);
    json_strs(&j, "next", &g->next, g->next != NULL);
    json_end(&j);
}

void show_unknown(struct text *t, const char *input)
{
    const struct code *near[3] = { NULL };
    struct text        says = { 0 }, line = { 0 };
    size_t             n = explain_nearest(input, near, &says);
    text_safe(t, input, strlen(input), INPUT_MAX);
    text_add(t, "\n");
    if (says.n != 0)
        text_printf(&line, "not in the table; by its form it is %s", says.s);
    else
        text_add(&line, "not in the table, and no other number or message in it is");
    paragraph(t, "Unknown", line.s);
    for (size_t i = 0; i < n; i++) {
        text_clear(&line);
        code_title(&line, near[i]);
        text_printf(&line, ": %s", near[i]->meaning);
        paragraph(t, i == 0 ? "Near" : "", line.s);
    }
    if (n != 0)
        paragraph(t, "", "nearness of numbers or names says nothing about meaning: check what was typed");
    text_free(&says);
    text_free(&line);
}

void show_unknown_json(struct text *t, const char *input)
{
    const struct code *near[3] = { NULL };
    struct text        says = { 0 }, title = { 0 };
    struct json        j;
    size_t             n = explain_nearest(input, near, &says);
    json_begin(&j, t, input, NULL, NULL, says.n != 0 ? says.s : NULL);
    json_causes(&j, NULL, 0);
    json_strs(&j, "next", NULL, 0);
    json_open(&j, "nearest", '[');
    for (size_t i = 0; i < n; i++) {
        text_clear(&title);
        code_title(&title, near[i]);
        json_str(&j, NULL, title.s);
    }
    json_close(&j, ']');
    json_end(&j);
    text_free(&says);
    text_free(&title);
}
