#include "tlswhy/trust.h"

static void problem_json(struct json *j, const struct chain_problem *p)
{
    json_open(j, NULL, '{');
    json_str(j, "code", p->code);
    json_str(j, "severity", severity_name(p->severity));
    if (p->cert >= 0)
        json_int(j, "cert", p->cert);
    else
        json_nil(j, "cert");
    json_str(j, "role", p->role);
    if (p->unsure)
        json_bool(j, "unsure", true);
    json_str(j, "detail", p->detail);
    json_str(j, "fix", p->fix);
    json_open(j, "also_known_as", '[');
    for (size_t i = 0; p->also_known_as != NULL && p->also_known_as[i] != NULL; i++)
        json_str(j, NULL, p->also_known_as[i]);
    json_close(j, ']');
    json_close(j, '}');
}

void chain_json(struct json *j, const struct chain *c)
{
    json_str(j, "verdict", verdict_name(c->verdict));
    json_str(j, "primary", c->primary);
    json_open(j, "problems", '[');
    for (size_t i = 0; i < c->n; i++)
        problem_json(j, &c->problems[i]);
    json_close(j, ']');
    json_open(j, "path", '[');
    for (size_t i = 0; i < c->path_len; i++) {
        json_open(j, NULL, '{');
        json_str(j, "from", c->path[i].from);
        json_uint(j, "index", c->path[i].index);
        json_hex(j, "sha256", cert_sha256(c->path[i].cert), 32);
        json_close(j, '}');
    }
    json_close(j, ']');
    json_int(j, "time", c->time);
    if (c->anchors == NULL) {
        json_nil(j, "anchors");
        return;
    }
    json_open(j, "anchors", '{');
    json_str(j, "name", c->anchors->name);
    json_uint(j, "count", c->anchors->n);
    json_close(j, '}');
}
