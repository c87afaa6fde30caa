/* tlswhy probe HOST[:PORT]: makes a handshake, and says why it fails. */
#include "tlswhy/cmd.h"
#include "tlswhy/plan.h"
#include "tlswhy/probe.h"
#include "tlswhy/report.h"
#include "judge.h"
#include "lists.h"
#include "pick_profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { OPT_JSON = 256, OPT_CA, OPT_AT, OPT_COLOR, OPT_TLS, OPT_CIPHERS, OPT_GROUPS, OPT_SIGALGS, OPT_SNI, OPT_NO_SNI, OPT_ALPN, OPT_AS,
       OPT_HELLO, OPT_TIMEOUT, OPT_EXPECT, OPT_CLIENTS, OPT_STARTTLS };
static const struct option_row rows[] = {
    { OPT_AS, "as", "PROFILE", "the hello of this client, judged with its eyes; or one described in a file NAME.profile" },
    { OPT_TLS, "tls", "RANGE", "versions to offer: 1.2, 1.0-1.2, ssl3-, ssl2" },
    { OPT_CIPHERS, "ciphers", "LIST", "cipher suites to offer, by registered name or number (c02f)" },
    { OPT_GROUPS, "groups", "LIST", "key exchange groups to offer (x25519,secp256r1), or none" },
    { OPT_SIGALGS, "sigalgs", "LIST", "signature algorithms to offer (rsa_pkcs1_sha256), or none" },
    { OPT_ALPN, "alpn", "LIST", "application protocols to offer (h2,http/1.1), or none" },
    { OPT_SNI, "sni", "NAME", "the server name to ask for and to look for in the certificate; default: HOST" },
    { OPT_NO_SNI, "no-sni", NULL, "ask for no server name; the certificate is still held against HOST" },
    { OPT_STARTTLS, "starttls", "PROTO",
      "ask for TLS first: smtp, lmtp, imap, pop3, ftp, nntp, sieve, irc, xmpp, xmpp-server, ldap, postgres, mysql, rdp; default: by the "
      "port, none: never" },
    { OPT_CLIENTS, "clients", NULL, "try every client profile: who gets in, with what, and who does not and why" },
    { OPT_HELLO, "hello", "FILE", "send these bytes instead: TLS records, raw or in hex" },
    { '4', "ipv4", NULL, "IPv4 addresses only" },
    { '6', "ipv6", NULL, "IPv6 addresses only" },
    { OPT_TIMEOUT, "timeout", "S", "for each connection, in seconds; default 10" },
    { OPT_CA, "ca", "FILE|DIR", "trust anchors; default: this system's" },
    { OPT_AT, "at", "TIME", "judge certificate dates at this time; default: now" },
    { OPT_EXPECT, "expect", "CAUSE|ok", "exit status 0 if and only if this is the answer" },
    { OPT_JSON, "json", NULL, "one JSON object a line" },
    { OPT_COLOR, "color", "WHEN", "auto, always or never" },
    { 'v', "verbose", NULL, "more of what was seen with each verdict" },
    { 'h', "help", NULL, "this text" },
    { 0 }
};
static const char examples[] =
    "  tlswhy probe www.example.com                  a modern hello; why it fails, or what was agreed\n"
    "  tlswhy probe --as winsrv2008sp2 10.0.0.7:8443  would this client get in?\n"
    "  tlswhy probe --tls 1.0 --ciphers 002f,0035 old.example\n"
    "  tlswhy probe --json --ca corporate.pem intra.example | jq -r .event.code\n";

struct probe_options {
    struct report_options  report;
    const struct renderer *renderer;
    struct arena           arena;  /* what an option's value was made into */
    struct profile         shape;
    const char            *as, *ca, *sni, *expect, *hello_file;
    struct client_match    client;
    struct bytes           raw;
    const struct dialog   *starttls;
    bool                   starttls_given;
    bool                   no_sni, clients, at_given, tls_given, shaped; /* shaped: options changed the hello */
    uint16_t               tls_low, tls_high;
    int64_t                at_ns, timeout_ns;
    int                    family;
};

/* What the run holds beside the options. */
struct run {
    const struct probe_options *o;
    struct cert_store          *store;
    struct anchors              anchors;
    bool                        anchors_there;
    struct text                 out;
    bool                        failed, trouble; /* a failure was found; a target could not be probed */
    bool                        expected;        /* every answer was the one expected */
};

/* ------------------------------------------------------------------------------------ options */

static bool read_hello(struct probe_options *o)
{
    enum { HELLO_MAX = 128 * 1024 };
    FILE    *f = fopen(o->hello_file, "rb");
    uint8_t *p = ARENA_NEW_N(&o->arena, HELLO_MAX + 1, uint8_t);
    size_t   n = f != NULL ? fread(p, 1, HELLO_MAX + 1, f) : 0;
    bool     whole = f != NULL && !ferror(f);
    if (f != NULL)
        fclose(f);
    if (!whole)
        return trouble("--hello: cannot read %s", o->hello_file) == EXIT_NONE_FOUND;
    if (n == 0 || n > HELLO_MAX)
        return trouble("--hello: %s holds %s", o->hello_file, n == 0 ? "nothing" : "more than 128 KB") == EXIT_NONE_FOUND;
    size_t hex = strspn((const char *)p, "0123456789abcdefABCDEF: \t\r\n"); /* the arena ends it with a zero */
    if (hex >= n) {
        size_t digits = 0;
        for (size_t i = 0; i < n; i++) {
            if (strchr(": \t\r\n", p[i]) != NULL)
                continue;
            unsigned nibble = p[i] <= '9' ? (unsigned)(p[i] - '0') : (unsigned)((p[i] | 0x20) - 'a') + 10;
            p[digits / 2] = (uint8_t)(digits % 2 == 0 ? nibble << 4 : p[digits / 2] | nibble);
            digits++;
        }
        if (digits % 2 != 0 || digits == 0)
            return trouble("--hello: %s holds an odd number of hex digits", o->hello_file) == EXIT_NONE_FOUND;
        n = digits / 2;
    }
    o->raw = (struct bytes){ p, n };
    return true;
}

static bool parse_seconds(const char *s, int64_t *ns)
{
    char  *end = NULL;
    double v = strtod(s, &end);
    if (end == s || *end != '\0' || !(v > 0) || v > 3600)
        return trouble("--timeout takes seconds, more than 0 and at most 3600, not '%s'", s) == EXIT_NONE_FOUND;
    *ns = (int64_t)(v * (double)NS_PER_S);
    return true;
}

static const char *cause_code(size_t i) { return cause_at(i) != NULL ? cause_at(i)->code : NULL; }

static bool set_expect(struct probe_options *o, const char *value)
{
    o->expect = value;
    if (cause_of(value) != NULL)
        return true;
    const char *near = nearest_word(value, cause_code);
    trouble("--expect: there is no cause '%s'%s%s%s", value, near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
            near != NULL ? "'?" : "");
    return false;
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

/* What is wanted beside the profile waits until the profile is known: --as may come last. */
struct changes {
    const char *ciphers, *groups, *sigalgs, *alpn;
};

static bool set_option(struct probe_options *o, struct changes *c, int id, const char *value)
{
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
    case OPT_SNI: o->sni = value; return strlen(value) < 256 || trouble("--sni: a name has 255 bytes at most") == EXIT_NONE_FOUND;
    case OPT_STARTTLS: return set_starttls(o, value);
    case OPT_NO_SNI: o->no_sni = true; return true;
    case OPT_CLIENTS: o->clients = true; return true;
    case OPT_HELLO: o->hello_file = value; return read_hello(o);
    case OPT_TLS: o->tls_given = true; return version_range("--tls", value, &o->tls_low, &o->tls_high);
    case OPT_TIMEOUT: return parse_seconds(value, &o->timeout_ns);
    case OPT_CA: o->ca = value; return true;
    case OPT_EXPECT: return set_expect(o, value);
    case OPT_COLOR: return color_wanted(value, &o->report.color);
    default: /* OPT_AT */
        o->at_given = true;
        return time_parse(value, &o->at_ns) ||
               trouble("--at takes a time like 2024-02-03T10:11:12Z or seconds since 1970, not '%s'", value) == EXIT_NONE_FOUND;
    }
}

/* The hello's shape: a profile or our own, with the changes. */
static bool make_shape(struct probe_options *o, const struct changes *c)
{
    struct profile *p = &o->shape;
    *p = o->as != NULL ? *o->client.profiles[0] : *hello_modern();
    o->shaped = o->tls_given || c->ciphers != NULL || c->groups != NULL || c->sigalgs != NULL || c->alpn != NULL;
    if (o->raw.p != NULL && (o->as != NULL || o->shaped))
        return trouble("--hello sends the file's bytes as they are; leave out what would change them") == EXIT_NONE_FOUND;
    if (o->clients && (o->as != NULL || o->shaped || o->raw.p != NULL || o->expect != NULL))
        return trouble("--clients sends each client's own hello; leave out what would change it, and --expect") == EXIT_NONE_FOUND;
    if (o->tls_given)
        hello_set_versions(p, o->tls_low, o->tls_high, &o->arena);
    if (c->ciphers != NULL && !list_suites("--ciphers", c->ciphers, &o->arena, &p->suites))
        return false;
    if (c->groups != NULL) {
        struct u16s groups;
        if (!list_groups("--groups", c->groups, &o->arena, &groups))
            return false;
        hello_set_groups(p, groups, &o->arena);
    }
    if (c->sigalgs != NULL && !list_sigalgs("--sigalgs", c->sigalgs, &o->arena, &p->sigalgs))
        return false;
    if (c->alpn != NULL && !list_words("--alpn", c->alpn, &o->arena, &p->alpn))
        return false;
    if (p->sigalgs.v != NULL && c->sigalgs != NULL)
        hello_add_extension(p, EXT_SIGNATURE_ALGORITHMS, &o->arena);
    if (p->alpn.v != NULL && c->alpn != NULL)
        hello_add_extension(p, EXT_APPLICATION_LAYER_PROTOCOL_NEGOTIATION, &o->arena);
    if (o->sni != NULL)
        hello_add_extension(p, EXT_SERVER_NAME, &o->arena);
    return true;
}

/* ------------------------------------------------------------------------------------ targets */

struct target {
    char     text[300]; /* as shown: HOST:PORT */
    char     host[256];
    uint16_t port;
    bool     is_ip;
    const struct dialog *starttls; /* NULL = none */
};

static bool parse_port(const char *s, uint16_t *out)
{
    char         *end = NULL;
    unsigned long n = strtoul(s, &end, 10);
    *out = (uint16_t)n;
    return s[0] >= '0' && s[0] <= '9' && *end == '\0' && n > 0 && n <= 65535;
}

/* HOST, HOST:PORT, [V6], [V6]:PORT, V6, or https://HOST[:PORT]/... */
static bool parse_target(const struct probe_options *o, const char *s, struct target *t)
{
    struct bytes ip;
    uint8_t      buf[16];
    char         copy[300];
    const char  *start = strncasecmp(s, "https://", 8) == 0 ? s + 8 : s;
    size_t       n = start != s ? strcspn(start, "/?#") : strlen(start);
    *t = (struct target){ .port = o->starttls != NULL ? dialog_port(o->starttls) : 443 };
    if (n == 0 || n >= sizeof t->host)
        return trouble("'%.60s' is no target; write HOST or HOST:PORT", s) == EXIT_NONE_FOUND;
    snprintf(copy, sizeof copy, "%.*s", (int)n, start);
    char *host = copy, *colon = strrchr(copy, ':'), *bracket = copy[0] == '[' ? strchr(copy, ']') : NULL;
    bool  bare_v6 = copy[0] != '[' && colon != NULL && strchr(copy, ':') != colon;
    if (bracket != NULL) {
        host = copy + 1;
        *bracket = '\0';
        colon = bracket[1] == ':' ? bracket + 1 : NULL;
        if (colon == NULL && bracket[1] != '\0')
            return trouble("'%.60s' is no target; write [ADDRESS]:PORT", s) == EXIT_NONE_FOUND;
    }
    if (bare_v6)
        colon = NULL;
    if (colon != NULL && !parse_port(colon + 1, &t->port))
        return trouble("'%s' in %.60s is no port; 1 to 65535", colon + 1, s) == EXIT_NONE_FOUND;
    if (colon != NULL)
        *colon = '\0';
    size_t len = strlen(host);
    if (len > 1 && host[len - 1] == '.')
        host[--len] = '\0';
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)host[i] >= 0x80 || (unsigned char)host[i] <= ' ')
            return trouble("'%.60s': write the name in its ASCII form (xn--...)", s) == EXIT_NONE_FOUND;
    if (len == 0)
        return trouble("'%.60s' names no host", s) == EXIT_NONE_FOUND;
    memcpy(t->host, host, len + 1); /* n was less than its size */
    t->starttls = o->starttls_given ? o->starttls : dialog_of_port(t->port);
    t->is_ip = ip_from_text(t->host, len, &ip, buf);
    snprintf(t->text, sizeof t->text, t->is_ip && strchr(t->host, ':') != NULL ? "[%s]:%u" : "%s:%u", t->host, t->port);
    return true;
}

/* ------------------------------------------------------------------------------------ one target */

enum { ATTEMPTS_MAX = 512, AT_ONCE = 8 };

/* All attempts at one target. */
struct trial {
    struct run          *run;
    const struct target *target;
    struct prober       *prober;
    struct peers        *peers;
    struct arena         arena;
    struct address      *addresses;
    size_t               address_n, address; /* the one in use */
    struct handshake    *made[ATTEMPTS_MAX];
    size_t               n;
};

static struct bytes name_asked(const struct probe_options *o, const struct target *t)
{
    if (o->sni != NULL)
        return (struct bytes){ (const uint8_t *)o->sni, strlen(o->sni) };
    return (struct bytes){ (const uint8_t *)t->host, strlen(t->host) };
}

static struct hello_spec spec_of(const struct trial *t)
{
    const struct probe_options *o = t->run->o;
    struct hello_spec spec = { .shape = o->shape };
    if (!o->no_sni && (o->sni != NULL || !t->target->is_ip))
        spec.sni = name_asked(o, t->target);
    return spec;
}

/* What a renderer and the rules need beside what was observed. `client`: whose eyes judge; NULL: nobody's in particular. */
static void finish_attempt(struct trial *t, struct handshake *h, const struct client_match *client, const char *as, const char *changed)
{
    const struct probe_options *o = t->run->o;
    struct probed *facts = ARENA_NEW(&h->arena, struct probed);
    *facts = (struct probed){ .target = t->target->text, .as = as, .changed = changed,
                              .starttls = t->target->starttls != NULL ? dialog_name(t->target->starttls) : NULL, .attempt = (unsigned)t->n + 1 };
    h->probed = facts;
    h->client = client;
    if (h->timed_out && h->error_at.ns > h->end_ns)
        h->capture_left = h->error_at.ns - h->end_ns;
    if (knows(h, KNOW_SERVER_KEX))
        handshake_check_kex(h);
    const struct judging j = { .store = t->run->store, .anchors = t->run->anchors_there ? &t->run->anchors : NULL, .at_given = o->at_given,
                               .at_ns = o->at_ns, .client_named = client != NULL };
    judge_chain(&j, h, name_asked(o, t->target), false);
    peers_add(t->peers, h);
    t->made[t->n++] = h;
}

static struct handshake *attempt(struct trial *t, const struct hello_spec *spec, const char *changed)
{
    const struct probe_options *o = t->run->o;
    struct probe_ask  ask = { .to = t->addresses[t->address], .spec = *spec, .raw = o->raw, .timeout_ns = o->timeout_ns,
                              .starttls = t->target->starttls, .host = t->target->host };
    struct handshake *h = NULL;
    probe_all(t->prober, &ask, 1, 1, &h);
    finish_attempt(t, h, o->as != NULL ? &o->client : NULL, o->raw.p != NULL ? o->hello_file : o->as != NULL ? o->client.profiles[0]->id : "tlswhy",
                   changed);
    return h;
}

/* The first of the host's addresses where the connection opens. */
static struct handshake *first_attempt(struct trial *t, const struct hello_spec *spec)
{
    struct handshake *h = NULL;
    for (t->address = 0; t->address < t->address_n && t->n < ATTEMPTS_MAX / 8; t->address++) {
        h = attempt(t, spec, NULL);
        if (h->outcome != OUTCOME_NOT_OPENED)
            return h;
    }
    t->address = t->address_n - 1;
    return h;
}

/* Did the server pick a key exchange whose keys we cannot compute, though a hello without it may do? */
static bool picked_hybrid(const struct handshake *h)
{
    uint16_t group = h->retry.raw.p != NULL && !knows(h, KNOW_SERVER_HELLO) ? h->retry.group : h->answer.group;
    return h->outcome == OUTCOME_STOPPED && h->cert_count == 0 && group == GROUP_X25519MLKEM768;
}

/* The first hello with one thing changed. */
static struct hello_spec changed(const struct hello_spec *first, enum change change, struct arena *a)
{
    struct hello_spec s = *first;
    struct profile   *p = &s.shape;
    uint16_t          newest = 0x0304;
    switch (change) {
    case CHANGE_VERSIONS: hello_set_versions(p, 0x0300, newest, a); break;
    case CHANGE_SUITES: hello_all_suites(p, a); break;
    case CHANGE_SIGALGS: hello_all_sigalgs(p, a); break;
    case CHANGE_GROUPS: hello_all_groups(p, a); break;
    case CHANGE_NO_ALPN: hello_drop_extension(p, EXT_APPLICATION_LAYER_PROTOCOL_NEGOTIATION, a); break;
    case CHANGE_NO_SNI: s.sni = (struct bytes){ 0 }; break;
    case CHANGE_SMALL: hello_drop_group(p, GROUP_X25519MLKEM768, a); break;
    case CHANGE_NO_TLS13: hello_set_versions(p, 0x0300, 0x0303, a); break;
    case CHANGE_WIDE:
    case CHANGE_OLDEST:
    case CHANGE_SAME_VERSIONS:
        hello_all_groups(p, a);
        hello_all_sigalgs(p, a);
        hello_all_suites(p, a);
        hello_drop_extension(p, EXT_APPLICATION_LAYER_PROTOCOL_NEGOTIATION, a);
        if (change != CHANGE_SAME_VERSIONS)
            hello_set_versions(p, 0x0300, change == CHANGE_WIDE ? newest : 0x0301, a);
        break;
    default: break;
    }
    return s;
}

/* Asks again, one thing changed at a time, until the answer is there. */
static size_t ask_again(struct trial *t, const struct hello_spec *spec, struct tried tried[CHANGE_COUNT], size_t n)
{
    enum change change;
    while (n < CHANGE_COUNT && t->n < ATTEMPTS_MAX && (change = plan_next(tried, n)) != CHANGE_NONE) {
        struct hello_spec again = changed(spec, change, &t->arena);
        tried[n++] = (struct tried){ attempt(t, &again, change_words(change)), change };
    }
    return n;
}

/* Is the hello one of a current client? Then a server that refuses it is the one behind. */
static bool is_modern(const struct probe_options *o) { return o->as == NULL && !o->shaped && o->raw.p == NULL; }

/* As JSON every attempt is told, the one that answers the question last. */
static void tell_attempts(struct trial *t, const struct handshake *but)
{
    struct run *run = t->run;
    for (size_t i = 0; i < t->n && run->o->renderer == &json_renderer; i++) {
        struct finding f = { 0 };
        if (t->made[i] == but)
            continue;
        why_explain(t->made[i], t->peers, &t->made[i]->arena, &f);
        run->o->renderer->handshake(&run->out, &run->o->report, t->made[i], &f);
    }
}

static void answer(struct trial *t, const struct tried *tried, size_t n)
{
    struct handshake *h = t->made[tried[0].h->probed->attempt - 1];
    struct run    *run = t->run;
    struct finding f = { 0 };
    struct probed *final = ARENA_NEW(&h->arena, struct probed);
    *final = *h->probed;
    final->final = true;
    h->probed = final;
    if (!plan_explain(tried, n, is_modern(run->o), t->peers, &h->arena, &f))
        why_explain(h, t->peers, &h->arena, &f);
    tell_attempts(t, h);
    run->failed = run->failed || finding_counts(h, &f);
    run->expected = run->expected && run->o->expect != NULL && strcmp(run->o->expect, f.cause) == 0;
    run->o->renderer->handshake(&run->out, &run->o->report, h, &f);
    out_flush(&run->out);
    fflush(stdout);
}

/* One connection, and more where that tells why. */
static void ask_once(struct trial *t)
{
    const struct probe_options *o = t->run->o;
    struct hello_spec spec = spec_of(t);
    struct tried      tried[CHANGE_COUNT] = { { first_attempt(t, &spec), CHANGE_NONE } };
    size_t            n = 1;
    if (picked_hybrid(tried[0].h) && o->raw.p == NULL) { /* another hello reads the certificate; if that one fails, the group is why */
        hello_drop_group(&spec.shape, GROUP_X25519MLKEM768, &t->arena);
        tried[1] = (struct tried){ tried[0].h, CHANGE_GROUPS };
        tried[0].h = attempt(t, &spec, "without X25519MLKEM768");
        n = 2;
    } else if (o->raw.p == NULL) {
        n = ask_again(t, &spec, tried, n);
    }
    if (n > 1 && tried[n - 1].change == CHANGE_REPEAT && tried[n - 1].h->outcome == OUTCOME_STOPPED) { /* a bad moment, over now */
        tried[0].h = tried[n - 1].h;
        n = 1;
    }
    answer(t, tried, n);
}

/* ------------------------------------------------------------------------------------ every client */

static void client_row(struct run *run, const struct profile *p, const struct handshake *h, const struct finding *f)
{
    char version[NAME_MAX_LEN], suite[NAME_MAX_LEN];
    bool in = finding_result(h, f) == RESULT_SUCCESS;
    text_printf(&run->out, "%-24s ", p->id);
    if (in)
        text_printf(&run->out, "%-8s %s%s\n", version_name(handshake_version(h), version), suite_name(h->answer.suite, suite),
                    f->sure == CERTAIN ? "" : " (certificate not judged)");
    else
        text_printf(&run->out, "%-8s %s, %s%s%s\n", "-", f->cause, sure_name(f->sure), f->side != BLAME_NONE ? ", " : "",
                    f->side != BLAME_NONE ? blame_name(f->side) : "");
}

static void client_object(struct run *run, const struct profile *p, const struct handshake *h, const struct finding *f)
{
    struct json j = { .out = &run->out };
    char        buf[NAME_MAX_LEN];
    bool        in = finding_result(h, f) == RESULT_SUCCESS;
    json_open(&j, NULL, '{');
    json_str(&j, "type", "client");
    json_str(&j, "schema", "tlswhy/1");
    json_str(&j, "target", h->probed->target);
    json_str(&j, "profile", p->id);
    json_bool(&j, "accepted", in);
    if (knows(h, KNOW_SERVER_HELLO)) {
        json_str(&j, "version", version_name(handshake_version(h), buf));
        json_str(&j, "cipher", suite_name(h->answer.suite, buf));
    }
    json_open(&j, "event", '{');
    json_str(&j, "outcome", in ? "success" : "failure");
    json_str(&j, "code", f->cause);
    json_str(&j, "reason", f->why);
    json_close(&j, '}');
    json_str(&j, "certainty", sure_name(f->sure));
    if (f->side != BLAME_NONE)
        json_str(&j, "side", blame_name(f->side));
    json_close(&j, '}');
    text_char(&run->out, '\n');
}

/* What the others got explains most refusals; where that leaves doubt, this client is asked about by itself. */
static void explain_client(struct trial *t, const struct hello_spec *spec, struct handshake *h, struct finding *f)
{
    struct tried tried[CHANGE_COUNT] = { { h, CHANGE_NONE } };
    why_explain(h, t->peers, &h->arena, f);
    if (f->sure == CERTAIN || t->n + CHANGE_COUNT > ATTEMPTS_MAX)
        return;
    size_t n = ask_again(t, spec, tried, 1);
    if (n > 1 && !plan_explain(tried, n, false, t->peers, &h->arena, f))
        why_explain(h, t->peers, &h->arena, f);
}

/* All profiles against the server, and each judged by what the others got. */
static void ask_as_all(struct trial *t)
{
    const struct probe_options *o = t->run->o;
    struct handshake   *h[ATTEMPTS_MAX] = { 0 };
    struct probe_ask   *asks = ARENA_NEW_N(&t->arena, ATTEMPTS_MAX, struct probe_ask);
    struct client_match *clients = ARENA_NEW_N(&t->arena, ATTEMPTS_MAX, struct client_match);
    size_t              n = 0, in = 0;
    for (; n < ATTEMPTS_MAX && profile_at(n) != NULL; n++) {
        clients[n] = client_match_of(profile_at(n));
        asks[n] = (struct probe_ask){ .to = t->addresses[0], .spec = spec_of(t), .timeout_ns = o->timeout_ns,
                                      .starttls = t->target->starttls, .host = t->target->host };
        asks[n].spec.shape = *profile_at(n);
    }
    probe_all(t->prober, asks, n, AT_ONCE, h);
    for (size_t i = 0; i < n; i++)
        finish_attempt(t, h[i], &clients[i], profile_at(i)->id, NULL);
    if (o->renderer == &text_renderer)
        text_printf(&t->run->out, "%s\n", t->target->text);
    for (size_t i = 0; i < n; i++) {
        struct finding f = { 0 };
        explain_client(t, &asks[i].spec, h[i], &f);
        (o->renderer == &json_renderer ? client_object : client_row)(t->run, profile_at(i), h[i], &f);
        in += finding_result(h[i], &f) == RESULT_SUCCESS;
    }
    if (o->renderer == &text_renderer)
        text_printf(&t->run->out, "%zu of %zu clients get in. tlswhy probe --as CLIENT %s explains one.\n", in, n, t->target->text);
    out_flush(&t->run->out);
}

static void probe_target(struct run *run, const struct target *target)
{
    struct trial t = { .run = run, .target = target };
    struct err   err = { 0 };
    if (!probe_resolve(target->host, target->port, run->o->family, &t.addresses, &t.address_n, &err)) {
        trouble("%s; check the name, or write the address", err.text);
        run->trouble = true;
        return;
    }
    t.prober = prober_new(run->store);
    t.peers = peers_new();
    if (run->o->clients)
        ask_as_all(&t);
    else
        ask_once(&t);
    for (size_t i = 0; i < t.n; i++)
        handshake_free(t.made[i]);
    peers_free(t.peers);
    prober_free(t.prober);
    arena_free(&t.arena);
    free(t.addresses);
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
            options_help(&probe_command, rows, examples);
            return EXIT_FOUND;
        }
        if (!set_option(o, &changes, id, value))
            return EXIT_TROUBLE;
    }
    if (id == 0 && *first == argc)
        return trouble("which server? tlswhy probe HOST[:PORT] (--help for more)");
    return id == 0 && make_shape(o, &changes) ? EXIT_NONE_FOUND : EXIT_TROUBLE;
}

static int probe_targets(const struct probe_options *o, int n, char **names)
{
    struct run run = { .o = o, .store = cert_store_new(), .expected = true };
    struct err err = { 0 };
    run.anchors_there = anchors_load(o->ca, run.store, &run.anchors, &err);
    run.anchors.clients_own = true; /* we are the client */
    if (!run.anchors_there && o->ca != NULL) {
        trouble("%s", err.text);
        cert_store_free(run.store);
        return EXIT_TROUBLE;
    }
    for (int i = 0; i < n; i++) {
        struct target target;
        if (parse_target(o, names[i], &target))
            probe_target(&run, &target);
        else
            run.trouble = true;
    }
    anchors_free(&run.anchors);
    cert_store_free(run.store);
    text_free(&run.out);
    if (run.trouble)
        return EXIT_TROUBLE;
    return o->expect != NULL ? (run.expected ? EXIT_NONE_FOUND : EXIT_FOUND) : run.failed ? EXIT_FOUND : EXIT_NONE_FOUND;
}

static int run_probe(int argc, char **argv)
{
    struct probe_options o = { .renderer = &text_renderer, .timeout_ns = 10 * NS_PER_S, .family = AF_UNSPEC };
    int first = 0, status = take_options(&o, argc, argv, &first);
    if (status == EXIT_NONE_FOUND)
        status = out_finish(probe_targets(&o, argc - first, argv + first));
    else if (status == EXIT_FOUND)
        status = out_finish(EXIT_NONE_FOUND);
    arena_free(&o.arena);
    return status;
}

const struct command probe_command = { "probe", "HOST[:PORT]...", "make a handshake with a server and explain what happens", run_probe };
