/* tlswhy watch: the options, and what must be done before the first packet is parsed. */
#include "sandbox.h"
#include "watch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPT_KEEP = OPT_OWN, OPT_RING };
static const struct option_row rows[] = {
    { OPT_JSON, "json", NULL, "one JSON object a line, as things happen; the sums last" },
    { OPT_ALL, "all", NULL, "good handshakes and plain connections, too" },
    { OPT_FILTER, "filter", "BPF", "the same as FILTER behind the interface; numeric, applied by the kernel" },
    { OPT_STREAM, "stream", "N", "only the Nth connection, counted from 0" },
    { OPT_IGNORE, "ignore", "CAUSE", "accepted here: neither shown nor a failure for the exit status; may be repeated" },
    { OPT_CA, "ca", "FILE|DIR", "trust anchors of the client; default: this system's, which settle less" },
    { OPT_AT, "at", "TIME", "judge certificate dates at this time; default: the packet's" },
    { OPT_CLIENT, "client", "PROFILE", "judge as this client, or one described in a file NAME.profile; default: as its hello says" },
    { OPT_KEYLOG, "keylog", "FILE", "secrets that a client or server writes (SSLKEYLOGFILE); what is added to it counts, too" },
    { OPT_CERTS, "certs", "DIR", "write the certificates seen as DIR/SHA256.der" },
    { OPT_WRITE, "write", "DIR", "the packets of each failed handshake as a capture file in DIR, the deciding one with a comment" },
    { OPT_KEEP, "keep", "N", "how many of these files there may be; then the oldest goes; default 1000" },
    { OPT_ANNOTATE, "annotate", "OUT.pcapng", "the packets of all failed handshakes in one file, each deciding one with a comment" },
    { OPT_HTML, "html", "FILE", "a page of it all, written at the end" },
    { OPT_RING, "ring", "SIZE", "kernel memory for packets that wait for us; default 16M" },
    { OPT_MEMORY, "memory", "SIZE", "for connections, verdicts, certificates and recordings; default 256M" },
    { OPT_NO_SANDBOX, "no-sandbox", NULL, "parse without it, as debuggers and tracers need" },
    { OPT_COLOR, "color", "WHEN", "auto, always or never" },
    { 'v', "verbose", NULL, "more of what was seen with each verdict; says what the sandbox is" },
    { 'h', "help", NULL, "this text" },
    { 0 }
};
static const char examples[] =
    "  tlswhy watch                                  the interfaces there are\n"
    "  tlswhy watch eth0                             failures as they happen; Ctrl-C sums up, SIGUSR1 sums up so far\n"
    "  tlswhy watch any tcp port 443 or tcp port 8443\n"
    "  tlswhy watch eth0 --write /var/log/tls --keep 500 --json >> failures.ndjson\n";

static bool own_option(struct watch_options *o, int id, const char *value)
{
    char *end = NULL;
    switch (id) {
    case OPT_KEEP:
        o->keep = strtoul(value, &end, 10);
        return (end != value && *end == '\0' && o->keep >= 1 && o->keep <= 1000000) ||
               trouble("--keep takes a number of files from 1 to 1000000, not '%s'", value) == EXIT_NONE_FOUND;
    case OPT_RING:
        return (size_parse(value, &o->ring) && o->ring >= 64 * 1024 && o->ring <= (size_t)1 << 30) ||
               trouble("--ring takes a size from 64K to 1G, not '%s'", value) == EXIT_NONE_FOUND;
    case OPT_FILTER:
        o->filter = value;
        break;
    case OPT_HTML:
        if (strcmp(value, "-") == 0)
            return trouble("--html takes a file: standard output holds the verdicts") == EXIT_NONE_FOUND;
        break;
    case OPT_KEYLOG:
        o->keylog_path = value;
        break;
    case OPT_WRITE:
        if (!folder_there("--write", value))
            return false;
        break;
    default:
        break;
    }
    return packet_option(&o->packets, id, value);
}

/* FILTER: all words behind the interface. False: trouble was said. */
static bool take_filter(struct watch_options *o, char *const *words)
{
    struct text joined = { 0 };
    if (words[0] == NULL)
        return true;
    if (o->filter != NULL)
        return trouble("the filter is given twice: behind the interface, and with --filter") == EXIT_NONE_FOUND;
    for (size_t i = 0; words[i] != NULL; i++)
        text_printf(&joined, "%s%s", i != 0 ? " " : "", words[i]);
    o->filter = arena_str(&o->packets.arena, joined.s);
    text_free(&joined);
    return true;
}

/* As read's: EXIT_NONE_FOUND where the work can begin, EXIT_FOUND where all is said. */
static int take_options(struct watch_options *o, int argc, char **argv)
{
    const char *value = NULL;
    int         id = 0, first = 1;
    color_wanted("auto", &o->packets.verdicts.report.color);
    while ((id = option_next(rows, argc, argv, &value, &first)) > 0) {
        if (id == 'h') {
            options_help(&watch_command, examples);
            return EXIT_FOUND;
        }
        if (!own_option(o, id, value))
            return EXIT_TROUBLE;
    }
    if (id < 0)
        return EXIT_TROUBLE;
    o->interface = argv[first];
    o->packets.verdicts.memory = o->packets.memory / 4;
    return o->interface == NULL || take_filter(o, argv + first + 1) ? EXIT_NONE_FOUND : EXIT_TROUBLE;
}

static int list_interfaces(void)
{
    struct err              err = { 0 };
    struct text             out = { 0 };
    struct live_interface   one;
    struct live_interfaces *l = live_list(&err);
    if (l == NULL)
        return trouble("%s", err.text);
    for (size_t i = 0; (one = live_listed(l, i)).name != NULL; i++) {
        const char *about = one.addresses[0] != '\0' ? one.addresses : one.about != NULL ? one.about : "";
        text_printf(&out, "%-16s %-5s %s\n", one.name, one.up ? "up" : "down", about);
    }
    text_add(&out, "\nWatch one of them: tlswhy watch IFACE [FILTER...]\n");
    out_flush(&out);
    text_free(&out);
    live_list_free(l);
    return EXIT_NONE_FOUND;
}

/* The folder that an output stands in, or is; NULL: no output. */
static const char *folder_of(const char *path, bool is_folder, char room[4096])
{
    const char *slash = path != NULL ? strrchr(path, '/') : NULL;
    if (path == NULL || is_folder)
        return path;
    snprintf(room, 4096, "%.*s", slash == NULL || slash == path ? 1 : (int)(slash - path), slash != NULL ? path : ".");
    return room;
}

/* Everything is open: rights go, and the sandbox closes. Where rights are given up, the outputs must still be possible
 * afterwards. False: trouble was said. */
static bool lock_up(const struct watch_options *o)
{
    const struct verdict_options *v = &o->packets.verdicts;
    const struct { const char *option, *path; bool is_folder; } outputs[] = {
        { "--write", o->packets.write, true }, { "--certs", v->certs_dir, true }, { "--annotate", o->packets.annotate, false }, { "--html", v->html, false },
    };
    struct sandbox box = { .live = true, .off = o->packets.no_sandbox };
    struct err     err = { 0 };
    char           user[64], room[4096];
    const char    *owned = NULL;
    char           counters[128]; /* what the interface itself had to drop; libpcap adds it to its count */
    snprintf(counters, sizeof counters, "/sys/class/net/%s/statistics", o->interface);
    sandbox_reads(&box, counters);
    for (size_t i = 0; i < ARRAY_LEN(outputs); i++) {
        sandbox_writes(&box, outputs[i].path);
        owned = owned != NULL ? owned : folder_of(outputs[i].path, outputs[i].is_folder, room);
    }
    bool ok = sandbox_drop_rights(owned, user, &err);
    for (size_t i = 0; ok && i < ARRAY_LEN(outputs); i++) {
        const char *folder = folder_of(outputs[i].path, outputs[i].is_folder, room);
        if (folder != NULL && access(folder, W_OK | X_OK) != 0)
            ok = trouble("%s: packets are parsed as user %s, who cannot write to %s: chown it", outputs[i].option, user, folder) == EXIT_NONE_FOUND;
    }
    ok = ok && sandbox_enter(&box, &err);
    if (err.text[0] != '\0')
        trouble("%s", err.text);
    if (ok && v->report.verbose)
        trouble("in force: user %s without capabilities, %s", user, box.in_force);
    sandbox_free(&box);
    return ok;
}

static int watch_interface(const struct watch_options *o)
{
    struct err    err = { 0 };
    struct watch *w = watch_open(o, &err);
    if (w == NULL)
        return err.text[0] != '\0' ? trouble("%s", err.text) : EXIT_TROUBLE;
    if (lock_up(o))
        return watch_run(w);
    watch_abandon(w);
    return EXIT_TROUBLE;
}

static int run(int argc, char **argv)
{
    struct watch_options o = { .packets = packet_options_new(), .ring = (size_t)16 << 20, .keep = 1000 };
    int status = take_options(&o, argc, argv);
    if (status == EXIT_FOUND)
        status = EXIT_NONE_FOUND;
    else if (status == EXIT_NONE_FOUND)
        status = o.interface == NULL ? list_interfaces() : watch_interface(&o);
    status = out_finish(status);
    packet_options_free(&o.packets);
    return status;
}

const struct command watch_command = { "watch", "IFACE [FILTER...]", "the same from the wire; Ctrl-C sums up", run, rows };
