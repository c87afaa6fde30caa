/* tlswhy probe HOST[:PORT]: makes a handshake, and says why it fails. */
#include "probe_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPT_JSON = 256, OPT_CA, OPT_AT, OPT_COLOR, OPT_TLS, OPT_CIPHERS, OPT_GROUPS, OPT_SIGALGS, OPT_SNI, OPT_NO_SNI, OPT_ALPN, OPT_AS,
       OPT_HELLO, OPT_TIMEOUT, OPT_EXPECT, OPT_CLIENTS, OPT_SWEEP, OPT_STARTTLS, OPT_JOBS, OPT_PAUSE, OPT_NAGIOS, OPT_PROM, OPT_HTML, OPT_EXPIRY,
       OPT_PROXY, OPT_PROXY_USER, OPT_PROXY_AUTH, OPT_PROXY_CA, OPT_NOPROXY, OPT_DIRECT,
       OPT_CERT, OPT_KEY, OPT_RECORD_SPLIT,
       OPT_WRITE };
static const struct option_row rows[] = {
    { OPT_AS, "as", "PROFILE", "the hello of this client, judged with its eyes; or one described in a file NAME.profile" },
    { OPT_TLS, "tls", "RANGE", "versions to offer: 1.2, 1.0-1.2, ssl3-, ssl2" },
    { OPT_CIPHERS, "ciphers", "LIST", "cipher suites to offer, by registered name or number (c02f)" },
    { OPT_GROUPS, "groups", "LIST", "key exchange groups to offer (x25519,secp256r1), or none" },
    { OPT_SIGALGS, "sigalgs", "LIST", "signature algorithms to offer (rsa_pkcs1_sha256), or none" },
    { OPT_ALPN, "alpn", "LIST", "application protocols to offer (h2,http/1.1), or none" },
    { OPT_SNI, "sni", "NAME", "the server name to ask for and to look for in the certificate; default: HOST" },
    { OPT_NO_SNI, "no-sni", NULL, "ask for no server name; the certificate is still held against HOST" },
    { OPT_RECORD_VERSION, "record-version", "VERSION", "of the hello's record: 1.0, 1.2, or a number (0x0301)" },
    { OPT_HELLO_VERSION, "hello-version", "VERSION", "in the hello itself (legacy_version); what is offered stays as it is" },
    { OPT_EXT, "ext", "N[=HEX]", "an extension by number, with these bytes or the usual ones; may be repeated" },
    { OPT_NO_EXT, "no-ext", "N", "leave this extension out; may be repeated" },
    { OPT_EXT_ORDER, "ext-order", "LIST", "extensions by number that come first, in this order" },
    { OPT_GREASE, "grease", NULL, "values that nobody knows (RFC 8701) among suites, groups, versions and extensions, as browsers send them" },
    { OPT_NO_GREASE, "no-grease", NULL, "without them, where --as has them" },
    { OPT_PAD_TO, "pad-to", "SIZE", "pad the hello message to so many bytes" },
    { OPT_SESSION_ID, "session-id", "LENGTH|0xHEX", "a random session id of so many bytes, or this one" },
    { OPT_SCSV, "scsv", "LIST", "signals among the cipher suites: fallback, renegotiation" },
    { OPT_COMPRESSION, "compression", "LIST", "compression methods to offer: null, deflate, or numbers" },
    { OPT_SPLIT_RECORDS, "split-records", "SIZE", "the hello in records of so many bytes" },
    { OPT_SPLIT_SEGMENTS, "split-segments", "SIZE[,MS]", "the hello in TCP segments of so many bytes, with a pause between them" },
    { OPT_SSLV2_FORMAT, "sslv2-format", NULL, "the hello in the format of SSL 2.0, as clients of old began" },
    { OPT_STARTTLS, "starttls", "PROTO",
      "ask for TLS first: smtp, lmtp, imap, pop3, ftp, nntp, sieve, irc, xmpp, xmpp-server, ldap, postgres, mysql, rdp, mssql; default: by the "
      "port, none: never" },
    { OPT_CLIENTS, "clients", NULL, "try every client profile: who gets in, with what, and who does not and why" },
    { OPT_SWEEP, "sweep", NULL, "list all that the server accepts: versions, suites and their order, groups, signature algorithms, certificates" },
    { OPT_HELLO, "hello", "FILE", "send these bytes instead: TLS records, raw or in hex" },
    { OPT_CERT, "cert", "FILE", "the client certificate for servers that ask for one, and those of its CAs behind it" },
    { OPT_KEY, "key", "FILE", "its private key; default: in the same file" },
    { OPT_RECORD_SPLIT, "record-split", NULL,
      "does the server take what is split over records? One HTTP request inside TLS 1.0 with and without the 1/n-1 split, and a hello in pieces" },
    { OPT_PROXY, "proxy", "URL",
      "go through this proxy: [http|https|socks4|socks4a|socks5|socks5h://][USER:PASSWORD@]HOST[:PORT]; default: https_proxy and "
      "all_proxy of the environment, none: none" },
    { OPT_PROXY_USER, "proxy-user", "USER[:PASSWORD]|@FILE", "log on at the proxy; without a password it is asked for on the terminal" },
    { OPT_PROXY_AUTH, "proxy-auth", "SCHEME", "none, basic, digest, ntlm or negotiate; default: those that the proxy offers, one by one" },
    { OPT_PROXY_CA, "proxy-ca", "FILE", "trust anchors for an https:// proxy's own certificate; default: as --ca" },
    { OPT_NOPROXY, "noproxy", "LIST", "hosts to go to without the proxy; default: no_proxy of the environment" },
    { OPT_DIRECT, "direct", NULL, "with a proxy: also without it, what the proxy changed, and whose fault a failure is" },
    { '4', "ipv4", NULL, "IPv4 addresses only" },
    { '6', "ipv6", NULL, "IPv6 addresses only" },
    { OPT_TIMEOUT, "timeout", "S", "the most to wait for one connection, and in vain for a target, in seconds; default 10" },
    { OPT_JOBS, "jobs", "N", "connections at once, over all targets; default 8" },
    { OPT_PAUSE, "pause", "MS", "between the beginnings of two connections to one server, in milliseconds; default 0" },
    { OPT_NAGIOS, "nagios", NULL, "one line and the exit status of a monitoring plugin: 0 ok, 1 certificate ends soon, 2 failed, 3 not probed" },
    { OPT_EXPIRY, "expiry", "DAYS", "--nagios: soon is within so many days; default 14" },
    { OPT_HTML, "html", "FILE", "a page of it all, too: verdicts, ladders, chains; - is standard output, then nothing else" },
    { OPT_PROM, "prom", "FILE", "write metrics for Prometheus' textfile collector, too" },
    { OPT_CA, "ca", "FILE|DIR", "trust anchors; default: this system's" },
    { OPT_AT, "at", "TIME", "judge certificate dates at this time; default: now" },
    { OPT_EXPECT, "expect", "CAUSE|ok", "exit status 0 if and only if this is the answer" },
    { OPT_WRITE, "write", "OUT.pcapng", "record the conversations, for tlswhy read and for Wireshark, with the secrets that open them" },
    { OPT_JSON, "json", NULL, "one JSON object a line" },
    { OPT_COLOR, "color", "WHEN", "auto, always or never" },
    { 'v', "verbose", NULL, "more of what was seen with each verdict" },
    { 'h', "help", NULL, "this text" },
    { 0 }
};
static const char examples[] =
    "  tlswhy probe www.example.com                  a modern hello; why it fails, or what was agreed\n"
    "  tlswhy probe --as winsrv2008sp2 10.0.0.7:8443  would this client get in?\n"
    "  tlswhy probe --sweep www.example.com          all that it accepts\n"
    "  tlswhy probe --tls 1.0 --ciphers 002f,0035 old.example\n"
    "  tlswhy probe --json --jobs 500 - < targets.txt  many, one a line\n"
    "  tlswhy probe --json --ca corporate.pem intra.example | jq -r .event.code\n";

/* ------------------------------------------------------------------------------------ options */

/* A number of some unit, in ns. */
static bool parse_time(const char *option, const char *s, const char *unit, int64_t unit_ns, double least, double most, int64_t *ns)
{
    char  *end = NULL;
    double v = strtod(s, &end);
    if (end == s || *end != '\0' || !(v >= least) || v > most)
        return trouble("%s takes %s, %g to %g, not '%s'", option, unit, least, most, s) == EXIT_NONE_FOUND;
    *ns = (int64_t)(v * (double)unit_ns);
    return true;
}

static bool parse_jobs(const char *s, size_t *out)
{
    char         *end = NULL;
    unsigned long n = strtoul(s, &end, 10);
    *out = n;
    return (s[0] >= '0' && s[0] <= '9' && *end == '\0' && n >= 1 && n <= JOBS_MAX) ||
           trouble("--jobs takes a number of connections, 1 to %d, not '%s'", JOBS_MAX, s) == EXIT_NONE_FOUND;
}

static bool set_sni(struct probe_options *o, const char *value)
{
    enum { NAME_BYTES = 256 };
    char      *name = ARENA_NEW_N(&o->arena, NAME_BYTES, char);
    struct err err = { 0 };
    o->sni = name;
    return name_to_ascii(value, name, NAME_BYTES, &err) || trouble("--sni: %s", err.text) == EXIT_NONE_FOUND;
}

static bool set_starttls(struct probe_options *o, const char *value)
{
    o->starttls_given = true;
    o->starttls = dialog_named(value);
    if (o->starttls != NULL || strcmp(value, "none") == 0)
        return true;
    const char *near = nearest_word(value, dialog_name_at);
    trouble("--starttls: no such protocol: '%s'%s%s%s; --help lists them", value, near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
            near != NULL ? "'" : "");
    return false;
}

static bool set_option(struct probe_options *o, struct changes *c, int id, const char *value)
{
    bool ok = true;
    if (custom_option(o, c, id, value, &ok))
        return ok;
    switch (id) {
    case OPT_JSON: o->renderer = &json_renderer; return true;
    case 'v': o->report.verbose = true; return true;
    case '4': o->family = AF_INET; return true;
    case '6': o->family = AF_INET6; return true;
    case OPT_AS: o->as = value; return pick_profile("--as", value, &o->arena, &o->client);
    case OPT_CIPHERS: c->ciphers = value; return true;
    case OPT_GROUPS: c->groups = value; return true;
    case OPT_SIGALGS: c->sigalgs = value; return true;
    case OPT_ALPN: c->alpn = value; return true;
    case OPT_SNI: return set_sni(o, value);
    case OPT_STARTTLS: return set_starttls(o, value);
    case OPT_NO_SNI: o->no_sni = true; return true;
    case OPT_WRITE:
        o->write = value;
        return strcmp(value, "-") != 0 || trouble("--write takes a file: standard output holds the verdicts") == EXIT_NONE_FOUND;
    case OPT_CLIENTS: o->clients = true; return true;
    case OPT_SWEEP: o->sweep = true; return true;
    case OPT_HELLO: o->hello_file = value; return read_hello(o);
    case OPT_TLS: o->tls_given = true; return version_range("--tls", value, &o->tls_low, &o->tls_high);
    case OPT_RECORD_SPLIT: o->record_split = true; return true;
    case OPT_CERT: o->cert = value; return true;
    case OPT_KEY: o->key = value; return true;
    case OPT_PROXY: return proxy_set_url(&o->proxy, optarg); /* the argument itself, to wipe what is secret in it */
    case OPT_PROXY_USER: return proxy_set_user(&o->proxy, optarg);
    case OPT_PROXY_AUTH: return proxy_set_auth(&o->proxy, value);
    case OPT_PROXY_CA: o->proxy.ca = value; return true;
    case OPT_NOPROXY: o->proxy.noproxy = value; return true;
    case OPT_DIRECT: o->proxy.direct = true; return true;
    case OPT_TIMEOUT: return parse_time("--timeout", value, "seconds", NS_PER_S, 0.001, 3600, &o->timeout_ns);
    case OPT_JOBS: return parse_jobs(value, &o->jobs);
    case OPT_PAUSE: return parse_time("--pause", value, "milliseconds", NS_PER_S / 1000, 0, 3600000, &o->pause_ns);
    case OPT_NAGIOS: o->nagios = true; return true;
    case OPT_EXPIRY: return parse_time("--expiry", value, "days", 86400 * NS_PER_S, 0, 36500, &o->expiry_ns);
    case OPT_PROM: o->prom = value; return true;
    case OPT_HTML:
        o->html = value;
        o->renderer = strcmp(value, "-") == 0 ? &silent_renderer : o->renderer;
        return true;
    case OPT_CA: o->ca = value; return true;
    case OPT_EXPECT: o->expect = value; return cause_named("--expect", value);
    case OPT_COLOR: return color_wanted(value, &o->report.color);
    default: /* OPT_AT */
        o->at_given = true;
        return time_parse(value, &o->at_ns) ||
               trouble("--at takes a time like 2024-02-03T10:11:12Z or seconds since 1970, not '%s'", value) == EXIT_NONE_FOUND;
    }
}

/* --cert and --key. */
static bool load_identity(struct probe_options *o)
{
    struct err err = { 0 };
    if (o->cert == NULL)
        return o->key == NULL || trouble("--key is the private key of a client certificate: give that to --cert") == EXIT_NONE_FOUND;
    if (o->clients || o->sweep || o->raw.p != NULL)
        return trouble("--cert goes with a plain probe; leave out --%s", o->clients ? "clients" : o->sweep ? "sweep" : "hello") == EXIT_NONE_FOUND;
    o->own = identity_load(o->cert, o->key, &err);
    return o->own != NULL || trouble("%s", err.text) == EXIT_NONE_FOUND;
}

/* ------------------------------------------------------------------------------------ the command */

static int take_options(struct probe_options *o, int argc, char **argv, int *first)
{
    struct changes changes = { 0 };
    const char    *value = NULL;
    int            id = 0;
    *first = 1;
    color_wanted("auto", &o->report.color);
    while ((id = option_next(rows, argc, argv, &value, first)) > 0) {
        if (id == 'h') {
            options_help(&probe_command, examples);
            return EXIT_FOUND;
        }
        if (!set_option(o, &changes, id, value))
            return EXIT_TROUBLE;
    }
    if (id == 0 && *first == argc)
        return trouble("which server? tlswhy probe HOST[:PORT] (--help for more)");
    if (id == 0 && o->nagios && (o->clients || o->sweep || source_is_list(argc - *first, argv + *first)))
        return trouble("--nagios is about one target: tlswhy probe --nagios HOST[:PORT]");
    if (id == 0 && o->proxy.direct && (o->clients || o->sweep))
        return trouble("--direct asks one question both ways; leave out --%s", o->clients ? "clients" : "sweep");
    if (id == 0 && o->html != NULL && (o->clients || o->sweep))
        return trouble("--html shows what a plain probe finds; leave out --%s", o->clients ? "clients" : "sweep");
    if (id == 0 && o->prom != NULL && (o->clients || o->sweep))
        return trouble("--prom takes what a plain probe finds; leave out --%s", o->clients ? "clients" : "sweep");
    return id == 0 && make_shape(o, &changes) && load_identity(o) && proxy_settle(&o->proxy, o->ca) ? EXIT_NONE_FOUND : EXIT_TROUBLE;
}

/* To Nagios 2 is a finding and 3 is trouble, of whatever kind: wrong options, too. */
static bool is_plugin(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--nagios") == 0)
            return true;
    }
    return false;
}

static int run_probe(int argc, char **argv)
{
    struct probe_options o = { .renderer = &text_renderer, .timeout_ns = 10 * NS_PER_S, .expiry_ns = 14 * 86400 * NS_PER_S, .jobs = AT_ONCE,
                               .family = AF_UNSPEC };
    bool plugin = is_plugin(argc, argv);
    int  first = 0, status = take_options(&o, argc, argv, &first);
    if (status == EXIT_NONE_FOUND)
        status = probe_run(&o, argc - first, argv + first);
    else
        status = status == EXIT_FOUND ? (int)EXIT_NONE_FOUND : (int)NOT_BEGUN;
    if (status == NOT_BEGUN && plugin)
        puts("TLS UNKNOWN - nothing was asked; standard error says why");
    if (status == NOT_BEGUN)
        status = plugin ? (int)PLUGIN_UNKNOWN : (int)EXIT_TROUBLE;
    status = out_finish(status);
    identity_free(o.own);
    arena_free(&o.arena);
    proxy_forget(&o.proxy);
    return status;
}

const struct command probe_command = { "probe", "HOST[:PORT]... | -", "make a handshake with a server and explain what happens", run_probe, rows };
