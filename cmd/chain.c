/* tlswhy chain CHAIN.pem: judges a certificate chain for a moment, a name and a client. */
#include "probe_parts.h"

#include "tlswhy/cmd.h"
#include "tlswhy/profile.h"
#include "tlswhy/trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LABEL = 12, WIDTH = 100, WORDS_MAX = 64, POOLS_MAX = 16 };
enum { OPT_TRUST = 256, OPT_TIME, OPT_NAME, OPT_POOL, OPT_CLIENT, OPT_SIGS, OPT_KEYS, OPT_JSON };

static const struct option_row options[] = {
    { OPT_TRUST, "ca", "FILE|DIR",
      "trust anchors, or authroot.stl with certificates beside it: these and no other (default: the system's, which "
      "may not be the client's)" },
    { OPT_TRUST, "trust", "FILE|DIR", "the same" },
    { OPT_TIME, "at", "TIME", "judge at this moment: 2024-02-03T10:11:12Z or seconds since 1970 (now)" },
    { OPT_TIME, "time", "TIME", "the same" },
    { OPT_NAME, "name", "NAME", "the host name or address asked for (without it names are not checked)" },
    { OPT_POOL, "pool", "FILE", "more certificates to build with; the server did not send them" },
    { OPT_SIGS, "cert-sigs", "LIST",
      "signatures that the client can verify: rsa-sha1,rsa-sha256,rsa-pss-sha256,ecdsa-sha256,..." },
    { OPT_KEYS, "cert-keys", "LIST", "keys that the client can use: rsa,ecdsa,ed25519" },
    { OPT_CLIENT, "client", "PROFILE", "judge as this client: what it can verify, and which keys it takes" },
    { OPT_JSON, "json", NULL, "one JSON object" },
    { 'h', "help", NULL, "this text" },
    { 0 },
};

struct asked {
    const char *ca, *name, *file, *sigs, *keys, *client;
    const char *pools[POOLS_MAX];
    size_t      pool_count;
    int64_t     at;
    bool        json;
    char        ascii[256]; /* the name */
};

/* "a,b,c" -> words; NULL stays NULL. The copy lives in the arena. */
static const char *const *words_of(struct arena *a, const char *list)
{
    if (list == NULL)
        return NULL;
    const char **v = ARENA_NEW_N(a, WORDS_MAX + 1, const char *);
    char        *copy = arena_str(a, list), *rest = NULL;
    size_t       n = 0;
    for (char *w = strtok_r(copy, ", ", &rest); w != NULL && n < WORDS_MAX; w = strtok_r(NULL, ", ", &rest))
        v[n++] = w;
    return v;
}

static void row(struct text *out, const char *label, const char *value) { text_row(out, label, value, LABEL, WIDTH); }

static void show_problem(struct text *out, struct arena *a, const struct chain_problem *p)
{
    static const char *const labels[] = { [SEV_INFO] = "Remark", [SEV_WARNING] = "Warning", [SEV_ERROR] = "Error" };
    row(out, labels[p->severity], arena_printf(a, "%s (%s%s): %s", p->code, p->role, p->unsure ? ", likely" : "", p->detail));
    if (p->severity == SEV_INFO)
        return;
    row(out, "  Fix", p->fix);
    const char *aka = NULL;
    for (size_t i = 0; p->also_known_as != NULL && p->also_known_as[i] != NULL; i++)
        aka = aka == NULL ? p->also_known_as[i] : arena_printf(a, "%s; %s", aka, p->also_known_as[i]);
    if (aka != NULL)
        row(out, "  Others", aka);
}

static void show(struct text *out, struct arena *a, const struct asked *o, const struct chain *c)
{
    static const char *const said[] = { "GOOD", "FAILED", "UNKNOWN" };
    char                     date[40];
    time_rfc3339_s(date, c->time);
    text_printf(out, "%s  %s", said[c->verdict], safe_str(a, o->file, strlen(o->file)));
    if (o->name != NULL)
        text_printf(out, "  for %s", safe_str(a, o->name, strlen(o->name)));
    text_printf(out, "  at %s%s%s\n", date, c->primary != NULL ? "  " : "",
                c->primary != NULL ? c->primary : "");
    for (size_t i = 0; i < c->path_len; i++) {
        const struct path_step *s = &c->path[i];
        char                    key[64];
        const char             *from = strcmp(s->from, "trust") == 0 ? "trusted"
            : strcmp(s->from, "pool") == 0 ? "not sent, from the pool"
            : arena_printf(a, "sent as number %zu", s->index + 1);
        row(out, i == 0 ? "Path" : "",
            arena_printf(a, "%s%s  (%s, %s, %s)", i == 0 ? "" : "<- ", cert_short_name(a, s->cert),
                         cert_key_name(s->cert, key), cert_sig_name(s->cert), from));
    }
    if (c->anchors != NULL)
        row(out, "Anchors", arena_printf(a, "%zu, %s%s", c->anchors->n,
                                         safe_str(a, c->anchors->name, strlen(c->anchors->name)),
                                         c->anchors->clients_own ? ""
                                         : " (the client's own list may differ: --ca)"));
    for (size_t i = 0; i < c->n; i++)
        show_problem(out, a, &c->problems[i]);
}

static void show_json(struct text *out, const struct chain *c, struct cert *const *certs, size_t n)
{
    struct json j = { .out = out };
    json_open(&j, NULL, '{');
    json_str(&j, "type", "chain");
    json_str(&j, "schema", "tlswhy/1");
    chain_json(&j, c);
    json_open(&j, "certs", '[');
    for (size_t i = 0; i < n; i++)
        cert_facts_json(&j, NULL, certs[i]);
    json_close(&j, ']');
    json_close(&j, '}');
    text_char(out, '\n');
}

/* Reads the options; false: `*status` is the exit status. */
static bool read_options(int argc, char **argv, struct asked *o, int *status)
{
    const char *value = NULL;
    int         first = 1, id;
    int64_t     ns = 0;
    struct err  err = { .text = "" };
    *status = EXIT_TROUBLE;
    o->at = (int64_t)time(NULL);
    while ((id = option_next(options, argc, argv, &value, &first)) > 0)
        switch (id) {
        case OPT_TRUST: o->ca = value; break;
        case OPT_NAME: /* certificates hold the ASCII form of a name (RFC 5890), and clients ask for that */
            o->name = name_to_ascii(value, o->ascii, sizeof o->ascii, &err) ? o->ascii : value;
            break;
        case OPT_SIGS: o->sigs = value; break;
        case OPT_KEYS: o->keys = value; break;
        case OPT_CLIENT: o->client = value; break;
        case OPT_JSON: o->json = true; break;
        case OPT_POOL:
            if (o->pool_count == POOLS_MAX)
                return trouble("chain: more than %d --pool files; put them into one", POOLS_MAX), false;
            o->pools[o->pool_count++] = value;
            break;
        case OPT_TIME:
            if (!time_parse(value, &ns))
                return trouble("chain: --at %s is no time; write 2024-02-03T10:11:12Z or seconds since 1970",
                               value), false;
            o->at = ns >= 0 ? ns / NS_PER_S : -((-ns + NS_PER_S - 1) / NS_PER_S);
            break;
        default:
            options_help(&chain_command,
                         "  tlswhy chain --name www.example.com --at 2024-02-03 fullchain.pem\n"
                         "  tlswhy chain --ca roots.pem --json fullchain.pem\n");
            *status = out_finish(EXIT_NONE_FOUND);
            return false;
        }
    if (id < 0)
        return false;
    if (argc - first != 1)
        return trouble("chain: %s; usage: tlswhy chain [--ca ROOTS] [--at TIME] [--name NAME] CHAIN.pem",
                       first >= argc ? "no file" : "more than one file; put the chain into one, leaf first"),
                       false;
    o->file = argv[first];
    return true;
}

/* All --pool files in one array. */
static bool read_pools(const struct asked *o, struct cert_store *s, struct cert ***pool, size_t *n,
                       struct err *err)
{
    for (size_t i = 0; i < o->pool_count; i++) {
        struct cert **v = NULL;
        size_t        count = 0;
        if (!certs_load(s, o->pools[i], &v, &count, err))
            return false;
        *pool = mem_grow(*pool, *n + count, sizeof(struct cert *));
        memcpy(*pool + *n, v, count * sizeof *v);
        *n += count;
        free(v);
    }
    return true;
}

static int run_chain(int argc, char **argv)
{
    static const int   statuses[] = { [CHAIN_OK] = EXIT_NONE_FOUND, [CHAIN_FAIL] = EXIT_FOUND,
                                      [CHAIN_UNKNOWN] = EXIT_TROUBLE };
    struct asked       o = { 0 };
    int                status;
    struct err         err = { .text = "" };
    struct arena       a = { 0 };
    struct anchors     anchors = { 0 };
    struct text        out = { 0 };
    struct cert      **certs = NULL, **pool = NULL;
    size_t             n = 0, pool_n = 0;
    if (!read_options(argc, argv, &o, &status))
        return status;
    struct cert_store *s = cert_store_new();
    const struct profile *client = o.client == NULL ? NULL : profile_named(o.client);
    if (o.client != NULL && client == NULL && (client = profile_read(o.client, &a, &err)) == NULL) {
        status = trouble("chain: --client %s is no client known here, nor a profile file: %s", o.client,
                         err.text);
        goto done;
    }
    if (!certs_load(s, o.file, &certs, &n, &err) || !anchors_load(o.ca, s, &anchors, &err) ||
        !read_pools(&o, s, &pool, &pool_n, &err)) {
        status = trouble("%s", err.text);
        goto done;
    }
    struct trust_question q = { .store = s, .certs = certs, .n = n, .pool = pool, .pool_n = pool_n,
                                .anchors = &anchors, .time = o.at, .name = o.name,
                                .name_len = o.name != NULL ? strlen(o.name) : 0, .sigs = words_of(&a, o.sigs),
                                    .keys = words_of(&a, o.keys) };
    if (client != NULL) {
        struct client_match one = client_match_of(client);
        trust_ask_as(&q, &one, true, &a);
    }
    struct chain c;
    chain_judge(&q, &a, &c);
    if (o.json)
        show_json(&out, &c, certs, n);
    else
        show(&out, &a, &o, &c);
    out_flush(&out);
    status = out_finish(statuses[c.verdict]);
done:
    free(certs);
    free(pool);
    anchors_free(&anchors);
    text_free(&out);
    arena_free(&a);
    cert_store_free(s);
    return status;
}

const struct command chain_command = { "chain", "CHAIN.pem", "judge a certificate chain", run_chain, options };
