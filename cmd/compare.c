/* tlswhy compare A [B]: what changed between two views of one thing. */
#include "tlswhy/cmd.h"
#include "tlswhy/keylog.h"
#include "compare.h"

#include <string.h>

enum { OPT_JSON = 256, OPT_CA, OPT_AT, OPT_KEYLOG, OPT_MEMORY, OPT_COLOR };
static const struct option_row rows[] = {
    { OPT_JSON, "json", NULL, "one JSON object a connection" },
    { OPT_CA, "ca", "FILE|DIR", "trust anchors of the client; default: this system's, which settle less" },
    { OPT_AT, "at", "TIME", "judge certificate dates at this time; default: the packet's" },
    { OPT_KEYLOG, "keylog", "FILE", "secrets that a client or server wrote (SSLKEYLOGFILE); those in a pcapng file are used anyway" },
    { OPT_MEMORY, "memory", "SIZE", "for connections and verdicts held; default 256M" },
    { OPT_COLOR, "color", "WHEN", "auto, always or never" },
    { 'v', "verbose", NULL, "more of what was seen with each connection" },
    { 'h', "help", NULL, "this text" },
    { 0 }
};
static const char examples[] =
    "  tlswhy compare client.pcap server.pcap        captured at the client and at the server: who changed what, who cut it\n"
    "  tlswhy compare proxy.pcapng                   one capture that holds both sides of a proxy\n"
    "  tlswhy compare before.json after.json         two results of probe --sweep --json: what changed on the server\n"
    "  tlswhy compare --json a.pcap b.pcap | jq -r .relation\n";

static bool set_option(struct compare_options *o, int id, const char *value)
{
    struct verdict_options *v = &o->verdicts;
    struct err              err = { 0 };
    switch (id) {
    case OPT_JSON: v->renderer = &json_renderer; return true;
    case OPT_CA: v->ca = value; return true;
    case 'v': v->report.verbose = true; return true;
    case OPT_COLOR: return color_wanted(value, &v->report.color);
    case OPT_KEYLOG: return keylog_read(o->keylog, value, &err) || trouble("--keylog: %s", err.text) == EXIT_NONE_FOUND;
    case OPT_MEMORY:
        return (size_parse(value, &o->memory) && o->memory >= 1024 * 1024) ||
               trouble("--memory takes a size of at least 1M, like 64M or 2G, not '%s'", value) == EXIT_NONE_FOUND;
    default: /* OPT_AT */
        v->at_given = true;
        return time_parse(value, &v->at_ns) ||
               trouble("--at takes a time like 2024-02-03T10:11:12Z or seconds since 1970, not '%s'", value) == EXIT_NONE_FOUND;
    }
}

/* Gives EXIT_NONE_FOUND where the work can begin at *first, EXIT_FOUND where help was all that was wanted, and EXIT_TROUBLE. */
static int take_options(struct compare_options *o, int argc, char **argv, int *first)
{
    const char *value = NULL;
    int         id = 0;
    *first = 1;
    color_wanted("auto", &o->verdicts.report.color);
    while ((id = option_next(rows, argc, argv, &value, first)) > 0) {
        if (id == 'h') {
            options_help(&compare_command, examples);
            return EXIT_FOUND;
        }
        if (!set_option(o, id, value))
            return EXIT_TROUBLE;
    }
    int n = argc - *first;
    if (id == 0 && (n < 1 || n > 2))
        return trouble("compare takes two captures, of the client's and of the server's side, or one that holds both (--help for more)");
    return id == 0 ? EXIT_NONE_FOUND : EXIT_TROUBLE;
}

static int run(int argc, char **argv)
{
    struct compare_options o = { .verdicts.renderer = &text_renderer, .memory = (size_t)256 << 20, .keylog = keylog_new() };
    int first = 0, status = take_options(&o, argc, argv, &first);
    const char *a = status == EXIT_NONE_FOUND ? argv[first] : NULL, *b = status == EXIT_NONE_FOUND && argc - first == 2 ? argv[first + 1] : NULL;
    if (a != NULL && b == NULL && is_json_file(a))
        status = trouble("a sweep is compared with another one: tlswhy compare BEFORE.json AFTER.json");
    else if (a != NULL && b != NULL && is_json_file(a))
        status = out_finish(compare_sweeps(&o, a, b));
    else if (a != NULL)
        status = out_finish(compare_captures(&o, a, b));
    else if (status == EXIT_FOUND)
        status = out_finish(EXIT_NONE_FOUND);
    keylog_free(o.keylog);
    return status;
}

const struct command compare_command = { "compare", "A [B]", "two captures of one connection, or two sweeps of a server: what changed", run, rows };
