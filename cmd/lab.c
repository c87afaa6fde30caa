/* tlswhy lab [CASE...]: servers on loopback that are broken on purpose, for trying tlswhy and other clients on. */
#include "tlswhy/cmd.h"
#include "tlswhy/loop.h"
#include "tlswhy/names.h"
#include "tlswhy/resolve.h"
#include "tlswhy/serve.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPT_JSON = 256, OPT_LIST, OPT_ROOT, OPT_LISTEN, OPT_PORT, OPT_NAME, OPT_FOR };
static const struct option_row rows[] = {
    { OPT_LIST, "list", NULL, "list the cases and start none" },
    { OPT_ROOT, "root", "FILE", "write the root certificate that clients are to trust there; default: a temporary file, removed at the end" },
    { OPT_LISTEN, "listen", "ADDRESS", "listen there; default 127.0.0.1" },
    { OPT_PORT, "port", "N", "the first port, further cases take the next ones; default: free ports" },
    { OPT_NAME, "name", "NAME", "one more name or address that the certificates are for; may be repeated" },
    { OPT_FOR, "for", "SECONDS", "end after so long; default: at Ctrl-C" },
    { OPT_JSON, "json", NULL, "one JSON object a case, and one a connection" },
    { 'v', "verbose", NULL, "a line for each connection: who came and how it ended" },
    { 'h', "help", NULL, "this text" },
    { 0 }
};
static const char examples[] =
    "  tlswhy lab                            all of them: what is broken, the port, and the probe to try\n"
    "  tlswhy lab --list                     what there is\n"
    "  tlswhy lab --root root.pem expired sha1-chain\n"
    "  tlswhy lab --json --for 60 | jq -r '[.port, .name, .cause] | @tsv'\n";

enum { CASES_MAX = 256 };
struct lab {
    struct serve_options serve;
    const struct serve_case *cases[CASES_MAX];
    size_t               n;
    const char          *root, *listen;
    uint16_t             port;
    int64_t              for_ns; /* 0 = until told to end */
    bool                 json, verbose, list;
    bool                 unread; /* who read our output is gone */
    char                 temporary[64]; /* "" = the root is where the user wants it */
    struct text          out;
};

static volatile sig_atomic_t told_to_end;
static void on_signal(int number)
{
    (void)number;
    told_to_end = 1;
}

/* ------------------------------------------------------------------------------------ options */

static const char *case_name(size_t i) { return serve_case_at(i) != NULL ? serve_case_at(i)->name : NULL; }

static bool set_option(struct lab *l, int id, const char *value)
{
    char  *end = NULL;
    double n = 0;
    switch (id) {
    case OPT_LIST: l->list = true; return true;
    case OPT_JSON: l->json = true; return true;
    case 'v': l->verbose = true; return true;
    case OPT_ROOT: l->root = value; return true;
    case OPT_LISTEN: l->listen = value; return true;
    case OPT_NAME:
        if (l->serve.name_n == SERVE_NAMES_MAX || strlen(value) > 63 || value[0] == '\0')
            return trouble("--name: at most %d names of 1 to 63 bytes", SERVE_NAMES_MAX) == EXIT_NONE_FOUND;
        l->serve.names[l->serve.name_n++] = value;
        return true;
    default: break;
    }
    n = strtod(value, &end);
    bool number = end != value && *end == '\0';
    if (id == OPT_FOR) {
        if (!number || !(n > 0) || n > 86400 * 365.0)
            return trouble("--for takes seconds, more than 0 and at most a year, not '%s'", value) == EXIT_NONE_FOUND;
        l->for_ns = (int64_t)(n * (double)NS_PER_S);
        return true;
    }
    if (!number || n < 1 || n > 65535 || n != (uint16_t)n)
        return trouble("--port takes a port from 1 to 65535, not '%s'", value) == EXIT_NONE_FOUND;
    l->port = (uint16_t)n;
    return true;
}

static bool pick_case(struct lab *l, const char *name)
{
    const struct serve_case *c = serve_case_named(name);
    const char              *cannot = c != NULL ? serve_cannot(c) : NULL;
    if (c == NULL) {
        const char *near = nearest_word(name, case_name);
        trouble("there is no case '%s'%s%s%s; tlswhy lab --list lists them", name, near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                near != NULL ? "'?" : "");
        return false;
    }
    if (cannot != NULL && !l->list)
        return trouble("the case '%s' cannot be started: %s", name, cannot) == EXIT_NONE_FOUND;
    if (l->n < CASES_MAX)
        l->cases[l->n++] = c;
    return true;
}

static bool pick_cases(struct lab *l, int n, char **names)
{
    for (int i = 0; i < n; i++)
        if (!pick_case(l, names[i]))
            return false;
    for (size_t i = 0; n == 0 && serve_case_at(i) != NULL && l->n < CASES_MAX; i++)
        l->cases[l->n++] = serve_case_at(i);
    return true;
}

/* ------------------------------------------------------------------------------------ the listing */

static const char *sni_of(const struct serve_case *c) { return c->sni != NULL ? c->sni : SERVE_NAME; }

/* The probe to try; `port` 0: it is not running. */
static void command(const struct lab *l, const struct serve_case *c, uint16_t port, struct text *t)
{
    bool six = strchr(l->listen, ':') != NULL;
    text_printf(t, "tlswhy probe --ca %s", l->root);
    if (sni_of(c)[0] != '\0')
        text_printf(t, " --sni %s", sni_of(c));
    text_printf(t, "%s%s %s%s%s:%u", c->options[0] != '\0' ? " " : "", c->options, six ? "[" : "", l->listen, six ? "]" : "", port);
}

static void case_json(struct lab *l, const struct serve_case *c, uint16_t port)
{
    struct json j = { .out = &l->out };
    struct text t = { 0 };
    json_open(&j, NULL, '{');
    json_str(&j, "type", "lab");
    json_str(&j, "schema", "tlswhy/1");
    json_str(&j, "name", c->name);
    json_str(&j, "broken", c->broken);
    json_str(&j, "cause", c->cause);
    if (port != 0) {
        command(l, c, port, &t);
        json_str(&j, "address", l->listen);
        json_uint(&j, "port", port);
        json_str(&j, "root", l->root);
        json_str(&j, "command", t.s);
    } else if (serve_cannot(c) != NULL) {
        json_str(&j, "unavailable", serve_cannot(c));
    }
    json_close(&j, '}');
    text_char(&l->out, '\n');
    text_free(&t);
}

static void case_text(struct lab *l, const struct serve_case *c, uint16_t port)
{
    enum { INDENT = 48, WIDTH = 100 };
    text_printf(&l->out, "%-22s %-24s ", c->name, c->cause);
    text_wrap(&l->out, c->broken, INDENT, WIDTH);
    if (serve_cannot(c) != NULL)
        text_printf(&l->out, "\n    not here: %s", serve_cannot(c));
    if (port != 0) {
        text_add(&l->out, "\n    ");
        command(l, c, port, &l->out);
    }
    text_char(&l->out, '\n');
}

static void show_case(struct lab *l, const struct serve_case *c, uint16_t port) { (l->json ? case_json : case_text)(l, c, port); }

static void saw(void *ctx, const struct serve_sight *s)
{
    static const char *const ends[] = {
        [SERVE_NO_HELLO] = "no hello", [SERVE_NOT_TLS] = "not TLS", [SERVE_PLAYED] = "played", [SERVE_FAILED] = "failed", [SERVE_ESTABLISHED] = "established",
    };
    struct lab *l = ctx;
    struct json j = { .out = &l->out };
    char        from[64] = "", buf[NAME_MAX_LEN];
    getnameinfo((const struct sockaddr *)&s->from, sizeof s->from, from, sizeof from, NULL, 0, NI_NUMERICHOST);
    if (l->json) {
        json_open(&j, NULL, '{');
        json_str(&j, "type", "lab-connection");
        json_str(&j, "schema", "tlswhy/1");
        json_str(&j, "name", serve_case_at(s->which)->name);
        json_uint(&j, "port", s->port);
        json_str(&j, "from", from);
        json_str(&j, "end", ends[s->end]);
        json_int(&j, "ms", s->ms);
        if (s->alert >= 0)
            json_str(&j, "alert", alert_name((unsigned)s->alert, buf));
        if (s->alpn[0] != '\0')
            json_str(&j, "alpn", s->alpn);
        if (s->request_n != 0)
            json_bytes(&j, "request", s->request, s->request_n);
        json_uint(&j, "pieces", s->pieces);
        json_hex(&j, "heard", s->heard, s->heard_n);
        json_close(&j, '}');
        text_char(&l->out, '\n');
    } else if (l->verbose) {
        text_printf(&l->out, "%s  from %s, %zu bytes, %s", serve_case_at(s->which)->name, from, s->heard_n, ends[s->end]);
        if (s->alert >= 0)
            text_printf(&l->out, ", the client sent %s", alert_name((unsigned)s->alert, buf));
        if (s->request_n != 0) {
            size_t line = 0;
            while (line < s->request_n && s->request[line] != '\r' && s->request[line] != '\n')
                line++;
            text_add(&l->out, ", ");
            text_safe(&l->out, s->request, line, 100);
        }
        text_char(&l->out, '\n');
    }
}

/* ------------------------------------------------------------------------------------ running */

static bool write_root(struct lab *l, const char *pem)
{
    const char *dir = getenv("TMPDIR");
    FILE       *f = NULL;
    int         fd = -1;
    if (l->root == NULL) {
        int n = snprintf(l->temporary, sizeof l->temporary, "%s/tlswhy-lab-XXXXXX.pem", dir != NULL && strlen(dir) < 32 ? dir : "/tmp");
        fd = n > 0 && (size_t)n < sizeof l->temporary ? mkstemps(l->temporary, 4) : -1;
        f = fd >= 0 ? fdopen(fd, "w") : NULL;
        l->root = l->temporary;
    } else {
        f = fopen(l->root, "w");
    }
    bool ok = f != NULL && fputs(pem, f) >= 0;
    ok = (f == NULL || fclose(f) == 0) && ok;
    if (ok)
        return true;
    trouble("cannot write the root certificate to %s: %s; --root names another file", l->root, strerror(errno));
    l->temporary[0] = '\0';
    return false;
}

/* The address to listen on, with the port of the i-th case. False: it is none. */
static bool address_of(const struct lab *l, size_t i, struct address *out)
{
    return address_in_text(l->listen, l->port != 0 ? (uint16_t)(l->port + i) : 0, out);
}

static void show_now(struct lab *l)
{
    out_flush(&l->out);
    l->unread = out_error() == EPIPE;
}

static bool start_all(struct lab *l, struct serve *s)
{
    struct address on;
    struct err     err = { 0 };
    for (size_t i = 0; i < l->n; i++) {
        uint16_t port = 0;
        address_of(l, i, &on);
        if (serve_cannot(l->cases[i]) == NULL && (port = serve_start(s, l->cases[i], (const struct sockaddr *)&on.to, on.len, &err)) == 0) {
            trouble("%s; --port and --listen choose others", err.text);
            return false;
        }
        show_case(l, l->cases[i], port);
    }
    return true;
}

static void serve_all(struct lab *l, struct serve *s)
{
    int64_t now = loop_now(), end = l->for_ns != 0 ? now + l->for_ns : INT64_MAX;
    for (; !told_to_end && now < end && out_error() == 0; now = loop_now()) {
        serve_step(s, end - now < NS_PER_S ? end - now : NS_PER_S);
        show_now(l);
    }
}

static int run_all(struct lab *l)
{
    struct err       err = { 0 };
    struct sigaction act = { .sa_handler = on_signal };
    l->serve.saw = saw;
    l->serve.ctx = l;
    if (l->serve.name_n < SERVE_NAMES_MAX)
        l->serve.names[l->serve.name_n++] = l->listen;
    struct serve *s = serve_new(&l->serve, &err);
    if (s == NULL)
        return trouble("%s", err.text);
    int status = EXIT_TROUBLE;
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (write_root(l, serve_root_pem(s)) && start_all(l, s)) {
        if (!l->json)
            text_printf(&l->out, "%zu cases on %s; Ctrl-C ends them. Each line has the name, the cause that should be told, and what is broken.\n", l->n, l->listen);
        show_now(l);
        serve_all(l, s);
        status = EXIT_NONE_FOUND;
    }
    serve_free(s);
    if (l->temporary[0] != '\0')
        unlink(l->temporary);
    return status;
}

static int run(int argc, char **argv)
{
    struct lab  l = { .listen = "127.0.0.1" };
    const char *value = NULL;
    int         id = 0, first = 1, status = EXIT_NONE_FOUND;
    while ((id = option_next(rows, argc, argv, &value, &first)) > 0) {
        if (id == 'h') {
            options_help(&lab_command, examples);
            return out_finish(EXIT_NONE_FOUND);
        }
        if (!set_option(&l, id, value))
            return EXIT_TROUBLE;
    }
    struct address on;
    if (id == 0 && !address_of(&l, 0, &on))
        return trouble("--listen takes a numeric address of this machine, not '%s'", l.listen);
    if (id == 0 && l.port != 0 && l.port > 65536 - CASES_MAX)
        return trouble("--port takes a port that leaves room for the cases behind it: at most %d", 65536 - CASES_MAX);
    if (id < 0 || !pick_cases(&l, argc - first, argv + first))
        return EXIT_TROUBLE;
    for (size_t i = 0; i < l.n && l.list; i++)
        show_case(&l, l.cases[i], 0);
    out_flush(&l.out);
    status = l.list ? EXIT_NONE_FOUND : run_all(&l);
    text_free(&l.out);
    return l.unread ? EXIT_TROUBLE : out_finish(status);
}

const struct command lab_command = { "lab", "[CASE...]", "servers on loopback that are broken on purpose", run, rows };
