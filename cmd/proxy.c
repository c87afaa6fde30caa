/* tlswhy proxy URL [TARGET]: checks what a proxy does to TLS. */
#include "proxy_run.h"

#include "tlswhy/resolve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { OPT_JSON = 256, OPT_HTML, OPT_CA, OPT_COLOR, OPT_LISTEN, OPT_PORT, OPT_NAME, OPT_LAB_ROOT, OPT_PAC, OPT_FETCH, OPT_TIMEOUT, OPT_PROXY_USER, OPT_PROXY_AUTH,
       OPT_PROXY_CA, OPT_LIST };
static const struct option_row rows[] = {
    { OPT_LISTEN, "listen", "ADDRESS", "the lab's origins listen there, where the proxy can reach them; default 127.0.0.1" },
    { OPT_PORT, "port", "N", "the first port of the origins, the others are the next ones; default: free ports" },
    { OPT_NAME, "name", "NAME", "what the proxy is told to connect to instead of ADDRESS: a name that leads there; may be repeated, the first counts" },
    { OPT_LAB_ROOT, "lab-root", "FILE", "the root of the lab's certificates, which the proxy is to trust, and its key in FILE.key; made where they are not there" },
    { OPT_CA, "ca", "FILE|DIR", "the proxy's authority: what the proxy shows is held against it" },
    { OPT_PROXY_USER, "proxy-user", "USER[:PASSWORD]|@FILE", "log on at the proxy; without a password it is asked for on the terminal" },
    { OPT_PROXY_AUTH, "proxy-auth", "SCHEME", "none, basic, digest, ntlm or negotiate; default: those that the proxy offers, one by one" },
    { OPT_PROXY_CA, "proxy-ca", "FILE", "trust anchors for an https:// proxy's own certificate; default: the system's" },
    { OPT_FETCH, "fetch", "URL", "fetch this, too, as the Windows computer account would; may be repeated" },
    { OPT_PAC, "pac", "URL|FILE|wpad", "show what this proxy configuration file names; it is never run" },
    { OPT_TIMEOUT, "timeout", "S", "for each connection, in seconds; default 5" },
    { OPT_LIST, "list", NULL, "list the origins in the order of their ports and the tests, and ask nothing" },
    { OPT_HTML, "html", "FILE", "write a page, too" },
    { OPT_JSON, "json", NULL, "one JSON object" },
    { OPT_COLOR, "color", "WHEN", "auto, always or never" },
    { 'v', "verbose", NULL, "a line for each question that is answered" },
    { 'h', "help", NULL, "this text" },
    { 0 }
};
static const char examples[] =
    "  tlswhy proxy http://127.0.0.1:3128              a proxy on this machine, against the built-in lab\n"
    "  tlswhy proxy --lab-root lab.pem http://127.0.0.1:3128\n"
    "                                                  the same, once the proxy trusts lab.pem: bad certificates, too\n"
    "  tlswhy proxy --listen 192.0.2.7 --name lab.example.net http://proxy.example.net:8080\n"
    "  tlswhy proxy http://proxy.example.net:8080 www.example.com\n"
    "  tlswhy proxy --port 7000 tcp://192.0.2.9        what takes over connections there, port by port\n";

static bool add(const char **list, size_t *n, size_t max, const char *option, const char *value)
{
    if (*n == max || value[0] == '\0' || strlen(value) > 300)
        return trouble("--%s: at most %zu of 1 to 300 bytes", option, max) == EXIT_NONE_FOUND;
    list[(*n)++] = value;
    return true;
}

static bool set_number(struct check_options *o, int id, const char *value)
{
    char  *end = NULL;
    double n = strtod(value, &end);
    bool   number = end != value && *end == '\0';
    if (id == OPT_TIMEOUT) {
        if (!number || !(n > 0) || n > 3600)
            return trouble("--timeout takes seconds, more than 0 and at most 3600, not '%s'", value) == EXIT_NONE_FOUND;
        o->timeout_ns = (int64_t)(n * (double)NS_PER_S);
        return true;
    }
    if (!number || n < 1 || n > 65535 - ASK_COUNT || n != (uint16_t)n)
        return trouble("--port takes a port that leaves room for the origins behind it: 1 to %d, not '%s'", 65535 - ASK_COUNT, value) == EXIT_NONE_FOUND;
    o->port = (uint16_t)n;
    return true;
}

static bool set_option(struct check_options *o, int id, char *value)
{
    switch (id) {
    case OPT_JSON: o->json = true; return true;
    case OPT_HTML: o->html = value; return true;
    case OPT_CA: o->ca = value; return true;
    case OPT_COLOR: return color_wanted(value, &o->report.color);
    case OPT_LISTEN: o->listen = value; return true;
    case OPT_NAME: return add(o->names, &o->name_n, SERVE_NAMES_MAX - 1, "name", value);
    case OPT_LAB_ROOT: o->root = value; return true;
    case OPT_PAC: o->pac = value; return true;
    case OPT_FETCH: return add(o->fetches, &o->fetch_n, PROXY_FETCHES_MAX - 3, "fetch", value);
    case OPT_PROXY_USER: return proxy_set_user(&o->proxy, value);
    case OPT_PROXY_AUTH: return proxy_set_auth(&o->proxy, value);
    case OPT_PROXY_CA: o->proxy.ca = value; return true;
    case 'v': o->report.verbose = true; return true;
    default: return set_number(o, id, value);
    }
}

/* URL: a proxy's, or tcp://HOST, where connections are taken over. */
static bool set_proxy(struct check_options *o, char *url)
{
    static const char relay[] = "tcp://";
    if (strncasecmp(url, relay, sizeof relay - 1) == 0) {
        const char *host = url + sizeof relay - 1;
        size_t      n = strcspn(host, "/");
        bool        fits = n > 0 && n < sizeof o->relay && (host[n] == '\0' || host[n + 1] == '\0') && (memchr(host, ':', n) == NULL || host[0] == '[');
        if (!fits)
            return trouble("'%.60s' is no tcp://HOST; it takes no port: connections go to the port of the origin they are for", url) == EXIT_NONE_FOUND;
        bool bracket = host[0] == '[' && host[n - 1] == ']';
        snprintf(o->relay, sizeof o->relay, "%.*s", (int)(bracket ? n - 2 : n), host + bracket);
        if (o->proxy.user_given || o->proxy.auth_given || o->proxy.ca != NULL)
            return trouble("%s knows no login and no TLS of its own; leave --proxy-user, --proxy-auth and --proxy-ca out", "tcp://") == EXIT_NONE_FOUND;
        return true;
    }
    if (!proxy_set_url(&o->proxy, url))
        return false;
    if (o->proxy.none)
        return trouble("tlswhy proxy checks a proxy; name it: http://proxy.example:8080") == EXIT_NONE_FOUND;
    return proxy_settle(&o->proxy, NULL);
}

static bool set_places(struct check_options *o, const char *target)
{
    const struct probe_options plain = { 0 };
    struct address             on;
    if (!address_in_text(o->listen, 0, &on))
        return trouble("--listen takes a numeric address of this machine, not '%s'", o->listen) == EXIT_NONE_FOUND;
    if (o->relay[0] != '\0' && o->port == 0 && target == NULL)
        return trouble("tcp:// needs --port: what takes connections over has to know the origins' ports (tlswhy proxy --list)") == EXIT_NONE_FOUND;
    return target == NULL || parse_target(&plain, "", target, &o->target);
}

static void list_all(const struct check_options *o)
{
    struct text out = { 0 };
    const char *id = NULL, *name;
    text_add(&out, "Origins, in the order of their ports:\n");
    for (int q = 0; q <= ASK_COUNT; q++)
        text_printf(&out, "  %5u  %-22s %s\n", o->port != 0 ? o->port + (unsigned)q : (unsigned)q, q < ASK_COUNT ? question_case((enum proxy_question)q) : "web",
                    q < ASK_COUNT ? question_words((enum proxy_question)q) : "plain HTTP: revocation lists, OCSP, a file of roots");
    text_add(&out, "Tests:\n");
    for (size_t i = 0; (name = proxy_test_name(i, &id)) != NULL; i++)
        text_printf(&out, "  %-5s  %s\n", id, name);
    out_flush(&out);
    text_free(&out);
}

static int run(int argc, char **argv)
{
    struct check_options o = { .listen = "127.0.0.1", .timeout_ns = 5 * NS_PER_S };
    const char          *value = NULL;
    int                  id = 0, first = 1, status = EXIT_TROUBLE;
    bool                 list = false;
    color_wanted("auto", &o.report.color);
    while ((id = option_next(rows, argc, argv, &value, &first)) > 0) {
        if (id == 'h') {
            options_help(&proxy_command, examples);
            return out_finish(EXIT_NONE_FOUND);
        }
        list = list || id == OPT_LIST;
        if (id != OPT_LIST && !set_option(&o, id, (char *)(uintptr_t)value)) /* it points into argv */
            goto done;
    }
    if (id < 0)
        goto done;
    if (list) {
        list_all(&o);
        status = EXIT_NONE_FOUND;
    } else if (argc - first < 1 || argc - first > 2) {
        status = trouble("tlswhy proxy takes the proxy's URL and, if wanted, one server; tlswhy proxy --help has examples");
    } else if (set_proxy(&o, argv[first]) && set_places(&o, argc - first > 1 ? argv[first + 1] : NULL)) {
        status = check_run(&o);
    }
done:
    proxy_forget(&o.proxy);
    return out_finish(status);
}

const struct command proxy_command = { "proxy", "URL [TARGET]", "check what a proxy does to TLS, and grade it", run, rows };
