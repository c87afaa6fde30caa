#include "tlswhy/sweep_changes.h"

#include <string.h>

enum { INDENT = 4 };

void sweep_changes_text(struct text *out, const struct report_options *o, const struct sweep_comparison *c)
{
    struct text line = { 0 };
    text_add(out, c->changes > 0 ? "CHANGED " : "same    ");
    text_safe(out, c->target, strlen(c->target), 64);
    if (c->other != NULL && strcmp(c->other, c->target) != 0) {
        text_add(out, " and ");
        text_safe(out, c->other, strlen(c->other), 64);
    }
    text_char(out, '\n');
    for (size_t i = 0; i < c->changes; i++) {
        const struct sweep_change *x = &c->change[i];
        text_clear(&line);
        if (x->before[0] == '\0')
            text_printf(&line, "%s: new: %s", x->field, x->after);
        else if (x->after[0] == '\0')
            text_printf(&line, "%s: gone: %s", x->field, x->before);
        else
            text_printf(&line, "%s: %s -> %s", x->field, x->before, x->after);
        text_add(out, "  ");
        text_wrap(out, line.s, INDENT, report_width(o));
        text_char(out, '\n');
    }
    text_free(&line);
}

void sweep_changes_json(struct text *out, const struct report_options *o, const struct sweep_comparison *c)
{
    struct json j = { .out = out };
    (void)o;
    json_open(&j, NULL, '{');
    json_str(&j, "type", "server-comparison");
    json_str(&j, "schema", "tlswhy/1");
    json_str(&j, "target", c->target);
    if (c->other != NULL && strcmp(c->other, c->target) != 0)
        json_str(&j, "other_target", c->other);
    json_str(&j, "before", c->before);
    json_str(&j, "after", c->after);
    json_open(&j, "changes", '[');
    for (size_t i = 0; i < c->changes; i++) {
        json_open(&j, NULL, '{');
        json_str(&j, "field", c->change[i].field);
        json_str(&j, "before", c->change[i].before);
        json_str(&j, "after", c->change[i].after);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    text_char(out, '\n');
}
