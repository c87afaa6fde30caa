#include "packet_options.h"

#include "lists.h"
#include "pick_profile.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct packet_options packet_options_new(void)
{
    return (struct packet_options){ .verdicts = { .renderer = &text_renderer }, .memory = (size_t)256 << 20, .keylog = keylog_new() };
}

void packet_options_free(struct packet_options *o)
{
    filter_free(o->filter);
    keylog_free(o->keylog);
    arena_free(&o->arena);
}

static bool parse_number(const char *s, uint32_t *out)
{
    char              *end = NULL;
    unsigned long long n = strtoull(s, &end, 10);
    *out = (uint32_t)n;
    return end != s && *end == '\0' && s[0] != '-' && n <= UINT32_MAX;
}

static bool add_ignored(struct verdict_options *o, const char *cause)
{
    if (!cause_named("--ignore", cause))
        return false;
    if (o->ignored_n == IGNORED_MAX)
        return trouble("--ignore: %d causes at most", IGNORED_MAX) == EXIT_NONE_FOUND;
    o->ignored[o->ignored_n++] = cause;
    return true;
}

bool folder_there(const char *option, const char *dir)
{
    struct stat s;
    if (stat(dir, &s) == 0 && S_ISDIR(s.st_mode))
        return true;
    return trouble("%s: %s is no folder; make it first", option, dir) == EXIT_NONE_FOUND;
}

static bool set_client(struct packet_options *o, const char *value)
{
    o->verdicts.client = &o->client;
    return pick_profile("--client", value, &o->arena, &o->client);
}

bool packet_option(struct packet_options *o, int id, const char *value)
{
    struct verdict_options *v = &o->verdicts;
    struct err              err = { 0 };
    bool                    ok = true;
    switch (id) {
    case OPT_JSON: v->renderer = &json_renderer; break;
    case OPT_ALL: v->report.all = true; break;
    case 'v': v->report.verbose = true; break;
    case OPT_NO_SANDBOX: o->no_sandbox = true; break;
    case OPT_CA: v->ca = value; break;
    case OPT_WRITE: o->write = value; break;
    case OPT_ANNOTATE:
        o->annotate = value;
        if (strcmp(value, "-") == 0)
            ok = trouble("--annotate takes a file: standard output holds the verdicts") == EXIT_NONE_FOUND;
        break;
    case OPT_HTML:
        v->html = value;
        if (strcmp(value, "-") == 0)
            v->renderer = &silent_renderer;
        break;
    case OPT_CERTS:
        v->certs_dir = value;
        return folder_there("--certs", value);
    case OPT_CLIENT: return set_client(o, value);
    case OPT_IGNORE: return add_ignored(v, value);
    case OPT_COLOR: return color_wanted(value, &v->report.color);
    case OPT_AT:
        v->at_given = true;
        if (!time_parse(value, &v->at_ns))
            ok = trouble("--at takes a time like 2024-02-03T10:11:12Z or seconds since 1970, not '%s'", value) == EXIT_NONE_FOUND;
        break;
    case OPT_STREAM:
        v->one_stream = true;
        if (!parse_number(value, &v->stream))
            ok = trouble("--stream takes a number, as in tcp.stream == 4, not '%s'", value) == EXIT_NONE_FOUND;
        break;
    case OPT_MEMORY:
        o->memory_given = true;
        if (!size_parse(value, &o->memory) || o->memory < 1024 * 1024)
            ok = trouble("--memory takes a size of at least 1M, like 64M or 2G, not '%s'", value) == EXIT_NONE_FOUND;
        break;
    case OPT_KEYLOG:
        v->secrets = true;
        if (!keylog_read(o->keylog, value, &err))
            ok = trouble("--keylog: %s", err.text) == EXIT_NONE_FOUND;
        break;
    case OPT_FILTER:
        filter_free(o->filter);
        o->filter = filter_new(value, &err);
        if (o->filter == NULL)
            ok = trouble("%s", err.text) == EXIT_NONE_FOUND;
        break;
    default: break;
    }
    return ok;
}
