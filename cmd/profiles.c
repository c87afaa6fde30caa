/* tlswhy profiles [NAME]: the clients that are known, and what each can do. */
#include "tlswhy/cmd.h"
#include "tlswhy/profile.h"
#include "pick_profile.h"

#include <stdio.h>
#include <string.h>

enum { OPT_JSON = 256, LABEL = 16, WIDTH = 100 };
static const struct option_row rows[] = {
    { OPT_JSON, "json", NULL, "one JSON object a client" },
    { 'h', "help", NULL, "this text" },
    { 0 }
};
static const char examples[] =
    "  tlswhy profiles                    all of them, and how each is known\n"
    "  tlswhy profiles winsrv2008sp2      one in full\n"
    "  tlswhy profiles my.profile         one of your own\n";

static const char *origin_name(enum profile_origin o)
{
    static const char *const names[] = { "observed", "mixed", "inferred", "synthetic" };
    return names[o];
}

/* The newest version that it offers. */
static uint16_t newest(const struct profile *p)
{
    uint16_t best = p->versions.v == NULL ? p->client_version : 0;
    for (size_t i = 0; i < p->versions.n; i++)
        if (!is_grease(p->versions.v[i]) && version_rank(p->versions.v[i]) > version_rank(best))
            best = p->versions.v[i];
    return best;
}

/* "yes", "no", and where nobody knows "?". */
static const char *ability(const struct profile *p, unsigned bit)
{
    return p->disputed & bit ? "disputed" : p->can & bit ? "yes" : p->cannot & bit ? "no" : "?";
}

static void row(struct text *t, const char *label, const char *value)
{
    if (value != NULL)
        text_row(t, label, value, LABEL, WIDTH);
}

static const char *names_of(struct arena *a, struct u16s list, const char *(*name)(uint16_t, char *))
{
    struct text t = { 0 };
    char        buf[NAME_MAX_LEN];
    if (list.v == NULL)
        return "none";
    for (size_t i = 0; i < list.n; i++)
        text_printf(&t, "%s%s", i > 0 ? ", " : "", is_grease(list.v[i]) ? "GREASE" : name(list.v[i], buf));
    const char *s = arena_str(a, t.s != NULL ? t.s : "");
    text_free(&t);
    return s;
}

static const char *suites_of(struct arena *a, struct u32s list)
{
    struct text t = { 0 };
    char        buf[NAME_MAX_LEN];
    for (size_t i = 0; i < list.n; i++)
        text_printf(&t, "%s%s", i > 0 ? ", " : "", list.v[i] <= UINT16_MAX && is_grease((uint16_t)list.v[i]) ? "GREASE" : suite_name(list.v[i], buf));
    const char *s = arena_str(a, t.s != NULL ? t.s : "");
    text_free(&t);
    return s;
}

static const char *words(struct arena *a, const char *const *list)
{
    const char *s = NULL;
    for (; list != NULL && *list != NULL; list++)
        s = s == NULL ? *list : arena_printf(a, "%s, %s", s, *list);
    return s;
}

static const char *version_text(uint16_t v, char *buf) { return version_name(v, buf); }

static void show(struct text *t, const struct profile *p)
{
    struct arena a = { 0 };
    char         buf[NAME_MAX_LEN];
    text_printf(t, "%s\n", p->id);
    row(t, "Client", p->name);
    row(t, "Known", arena_printf(&a, "%s%s%s", origin_name(p->origin), p->source != NULL ? ", " : "", p->source != NULL ? p->source : ""));
    row(t, "Newest", version_name(newest(p), buf));
    row(t, "Versions", p->versions.v != NULL ? names_of(&a, p->versions, version_text) : NULL);
    row(t, "Cipher suites", suites_of(&a, p->suites));
    row(t, "Groups", names_of(&a, p->groups, group_name));
    row(t, "Signatures", names_of(&a, p->sigalgs, sigalg_name));
    row(t, "Extensions", names_of(&a, p->extensions, extension_name));
    row(t, "Verifies", words(&a, p->cert_sigs));
    row(t, "Keys", words(&a, p->cert_keys));
    row(t, "Can", arena_printf(&a, "SHA-2 in chains: %s; server name: %s; RSA 1024: %s; certificate without subjectAltName: %s",
                               ability(p, CAN_SHA2_CHAIN), ability(p, CAN_SNI), ability(p, CAN_RSA_1024), ability(p, CAN_WITHOUT_SAN)));
    row(t, "Roots", p->root_era);
    row(t, "Abilities from", p->can_source);
    row(t, "Notes", p->notes);
    arena_free(&a);
}

static void list_row(struct text *t, const struct profile *p)
{
    char buf[NAME_MAX_LEN];
    text_printf(t, "%-24s %-9s %-8s SHA-2 %-9s %s\n", p->id, origin_name(p->origin), version_name(newest(p), buf), ability(p, CAN_SHA2_CHAIN), p->name);
}

static void json_row(struct text *t, const struct profile *p)
{
    struct json j = { .out = t };
    char        buf[NAME_MAX_LEN];
    json_open(&j, NULL, '{');
    json_str(&j, "type", "profile");
    json_str(&j, "schema", "tlswhy/1");
    json_str(&j, "profile", p->id);
    json_str(&j, "name", p->name);
    json_str(&j, "known", origin_name(p->origin));
    json_str(&j, "version", version_name(newest(p), buf));
    json_open(&j, "ciphers", '[');
    for (size_t i = 0; i < p->suites.n; i++)
        json_str(&j, NULL, suite_name(p->suites.v[i], buf));
    json_close(&j, ']');
    json_str(&j, "sha2_chain", ability(p, CAN_SHA2_CHAIN));
    json_str(&j, "server_name", ability(p, CAN_SNI));
    json_str(&j, "source", p->source);
    json_close(&j, '}');
    text_char(t, '\n');
}

static int run(int argc, char **argv)
{
    struct text         out = { 0 };
    struct arena        a = { 0 };
    struct client_match one;
    const char         *value = NULL;
    int                 id = 0, first = 1;
    bool                json = false, ok = true;
    while ((id = option_next(rows, argc, argv, &value, &first)) > 0) {
        if (id == 'h') {
            options_help(&profiles_command, examples);
            return out_finish(EXIT_NONE_FOUND);
        }
        json = true;
    }
    if (id < 0)
        return EXIT_TROUBLE;
    for (int i = first; i < argc && ok; i++) {
        ok = pick_profile("profiles", argv[i], &a, &one);
        if (ok)
            (json ? json_row : show)(&out, one.profiles[0]);
    }
    for (size_t i = 0; first == argc && profile_at(i) != NULL; i++)
        (json ? json_row : list_row)(&out, profile_at(i));
    out_flush(&out);
    text_free(&out);
    arena_free(&a);
    return out_finish(ok ? EXIT_NONE_FOUND : EXIT_TROUBLE);
}

const struct command profiles_command = { "profiles", "[NAME...]", "the client profiles and what each can do", run, rows };
