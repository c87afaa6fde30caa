/* The text of a client profile -> struct profile, and the built-in ones. Matching is in profile_match.c. */
#include "tlswhy/profile.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GREASE = 0x0a0a, LIST_MAX = 512, FILE_MAX = 64 * 1024 };

struct parse {
    const char    *id;
    unsigned       line;
    struct arena  *arena;
    struct err    *err;
    struct profile p;
};

static bool wrong(struct parse *s, const char *what, const char *value)
{
    err_set(s->err, "client profile %s, line %u: %s: '%.60s'; see the other profiles for the form", s->id, s->line,
            what, value);
    return false;
}

static bool read_number(struct parse *s, const char *value, int base, unsigned long max, unsigned long *out)
{
    char *end;
    errno = 0;
    *out = strtoul(value, &end, base);
    if (!isxdigit((unsigned char)value[0]) || *end != '\0' || errno != 0 || *out > max)
        return wrong(s, "no number in range", value);
    return true;
}

static bool is_absent(const char *v) { return strcmp(v, "absent") == 0 || strcmp(v, "none") == 0; }

/* Cuts `text` at each separator; gives the pieces, NULL-terminated, in the arena. */
static char **split(struct parse *s, const char *text, char separator, size_t *n)
{
    char  *copy = arena_str(s->arena, text);
    size_t pieces = 1;
    for (const char *p = text; *p != '\0'; p++)
        pieces += *p == separator;
    char **v = ARENA_NEW_N(s->arena, pieces + 1, char *);
    *n = 0;
    for (char *p = copy; p != NULL;) {
        char *cut = strchr(p, separator);
        if (cut != NULL)
            *cut++ = '\0';
        if (*p != '\0')
            v[(*n)++] = p;
        p = cut;
    }
    return v;
}

static bool read_u32s(struct parse *s, const char *value, unsigned long max, struct u32s *out)
{
    size_t n;
    if (is_absent(value)) {
        *out = (struct u32s){ 0 };
        return true;
    }
    char    **word = split(s, value, ',', &n);
    uint32_t *v = ARENA_NEW_N(s->arena, n + 1, uint32_t);
    for (size_t i = 0; i < n; i++) {
        unsigned long number = GREASE;
        if (strcmp(word[i], "GREASE") != 0 && !read_number(s, word[i], 16, max, &number))
            return false;
        v[i] = (uint32_t)number;
    }
    *out = (struct u32s){ .v = v, .n = n };
    return n <= LIST_MAX || wrong(s, "too long a list", value);
}

static bool read_u16s(struct parse *s, const char *value, struct u16s *out)
{
    struct u32s wide;
    if (!read_u32s(s, value, UINT16_MAX, &wide))
        return false;
    uint16_t *v = ARENA_NEW_N(s->arena, wide.n + 1, uint16_t);
    for (size_t i = 0; i < wide.n; i++)
        v[i] = (uint16_t)wide.v[i];
    *out = (struct u16s){ .v = wide.v != NULL ? v : NULL, .n = wide.n };
    return true;
}

static bool read_alpn(struct parse *s, const char *value)
{
    size_t n = 0;
    if (is_absent(value))
        return true;
    char        **word = split(s, value, ',', &n);
    struct bytes *v = ARENA_NEW_N(s->arena, n + 1, struct bytes);
    for (size_t i = 0; i < n; i++)
        v[i] = (struct bytes){ .p = (const uint8_t *)word[i], .n = strlen(word[i]) };
    s->p.alpn = (struct byte_list){ .v = v, .n = n };
    return true;
}

static bool read_key_shares(struct parse *s, const char *value)
{
    size_t            n;
    char            **word = split(s, value, ',', &n);
    struct key_share *v = ARENA_NEW_N(s->arena, n + 1, struct key_share);
    for (size_t i = 0; i < n; i++) {
        char         *colon = strchr(word[i], ':');
        unsigned long group = GREASE, bytes = 0;
        if (colon == NULL)
            return wrong(s, "no group:bytes", word[i]);
        *colon = '\0';
        if (strcmp(word[i], "GREASE") != 0 && !read_number(s, word[i], 16, UINT16_MAX, &group))
            return false;
        if (!read_number(s, colon + 1, 10, UINT16_MAX, &bytes))
            return false;
        v[i] = (struct key_share){ .group = (uint16_t)group, .bytes = bytes };
    }
    s->p.key_shares = v;
    s->p.key_share_count = n;
    return true;
}

static bool read_version(struct parse *s, const char *value, uint16_t *out)
{
    unsigned long v = 0;
    bool          unknown = strcmp(value, "unknown") == 0;
    if (strcmp(value, "sslv2") == 0)
        s->p.v2_format = unknown = true;
    if (!unknown && !read_number(s, value, 16, UINT16_MAX, &v))
        return false;
    *out = (uint16_t)v;
    return true;
}

static bool read_size(struct parse *s, const char *value, unsigned *out)
{
    unsigned long v;
    if (!read_number(s, value, 10, UINT16_MAX, &v))
        return false;
    *out = (unsigned)v;
    return true;
}

static bool read_choice(struct parse *s, const char *value, const char *const *choices, size_t n, unsigned *out)
{
    for (*out = 0; *out < n; (*out)++)
        if (strcmp(value, choices[*out]) == 0)
            return true;
    return wrong(s, "no such choice", value);
}

static void note(struct profile *p, bool can, unsigned bit) { *(can ? &p->can : &p->cannot) |= bit; }

static bool read_san(struct parse *s, const char *value)
{
    static const char *const choices[] = { "no", "yes" };
    unsigned needed;
    if (!read_choice(s, value, choices, ARRAY_LEN(choices), &needed))
        return false;
    note(&s->p, needed == 0, CAN_WITHOUT_SAN);
    return true;
}

static bool read_origin(struct parse *s, const char *value)
{
    static const char *const choices[] = { "yes", "mixed", "inferred", "synthetic" }; /* enum profile_origin */
    unsigned origin;
    if (!read_choice(s, value, choices, ARRAY_LEN(choices), &origin))
        return false;
    s->p.origin = (enum profile_origin)origin;
    return true;
}

static bool read_renegotiation(struct parse *s, const char *value)
{
    static const char *const choices[] = { "secure", "any" };
    unsigned any;
    if (!read_choice(s, value, choices, ARRAY_LEN(choices), &any))
        return false;
    note(&s->p, any != 0, CAN_OLD_RENEGO);
    return true;
}

static bool read_disputed(struct parse *s, const char *value)
{
    if (strcmp(value, "sha2-chain") != 0)
        return wrong(s, "no such choice", value);
    s->p.disputed |= CAN_SHA2_CHAIN;
    return true;
}

static bool read_length(struct parse *s, const char *value, size_t *out)
{
    unsigned v = 0;
    bool     ok = read_size(s, value, &v);
    *out = v;
    return ok;
}

static bool read_line(struct parse *s, const char *key, const char *value)
{
    struct profile *p = &s->p;
    size_t          n;
    const struct { const char *key; const char **out; } texts[] = {
        { "name", &p->name }, { "source", &p->source }, { "notes", &p->notes }, { "can_source", &p->can_source },
        { "root_era", &p->root_era },
    };
    const struct { const char *key; struct u16s *out; } lists[] = {
        { "supported_versions", &p->versions }, { "extensions", &p->extensions }, { "groups", &p->groups },
        { "signature_algorithms", &p->sigalgs }, { "compression", &p->compression },
        { "point_formats", &p->point_formats },
    };
    const struct { const char *key; unsigned *out; } sizes[] = {
        { "rsa_min", &p->rsa_min }, { "dh_min", &p->dh_min }, { "dh_max", &p->dh_max },
    };
    const struct { const char *key; const char *const **out; } words[] = {
        { "cert_sigs", &p->cert_sigs }, { "cert_keys", &p->cert_keys },
    };
    const struct { const char *key; bool (*read)(struct parse *, const char *); } others[] = {
        { "alpn", read_alpn }, { "key_shares", read_key_shares }, { "san_needed", read_san },
        { "observed", read_origin }, { "disputed", read_disputed }, { "renegotiation", read_renegotiation },
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (strcmp(key, texts[i].key) == 0)
            return *texts[i].out = arena_str(s->arena, value), true;
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        if (strcmp(key, lists[i].key) == 0)
            return read_u16s(s, value, lists[i].out);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        if (strcmp(key, sizes[i].key) == 0)
            return read_size(s, value, sizes[i].out);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(key, words[i].key) == 0)
            return *words[i].out = (const char *const *)split(s, value, ' ', &n), true;
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (strcmp(key, others[i].key) == 0)
            return others[i].read(s, value);
    if (strcmp(key, "record_version") == 0)
        return read_version(s, value, &p->record_version);
    if (strcmp(key, "client_version") == 0)
        return read_version(s, value, &p->client_version);
    if (strcmp(key, "cipher_suites") == 0)
        return read_u32s(s, value, 0xffffff, &p->suites);
    if (strcmp(key, "session_id") == 0)
        return read_length(s, value, &p->session_id_len);
    if (strcmp(key, "hello_bytes") == 0)
        return read_length(s, value, &p->hello_bytes);
    return wrong(s, "unknown key", key);
}

static bool has_word(const char *const *words, const char *part)
{
    for (size_t i = 0; words[i] != NULL; i++)
        if (strstr(words[i], part) != NULL)
            return true;
    return false;
}

static bool lists(struct u16s list, uint16_t v)
{
    for (size_t i = 0; i < list.n; i++)
        if (list.v[i] == v)
            return true;
    return false;
}

/* What follows from the lines: abilities that rules ask for. */
static void derive(struct profile *p)
{
    uint16_t highest = p->versions.v == NULL ? p->client_version : 0;
    for (size_t i = 0; i < p->versions.n; i++)
        if (!is_grease(p->versions.v[i]) && p->versions.v[i] > highest)
            highest = p->versions.v[i];
    note(p, highest >= 0x0303, CAN_TLS12);
    note(p, highest >= 0x0304, CAN_TLS13);
    note(p, lists(p->extensions, EXT_SERVER_NAME), CAN_SNI);
    note(p, p->groups.n > 0, CAN_ECC);
    if (p->cert_sigs != NULL) {
        note(p, has_word(p->cert_sigs, "sha256"), CAN_SHA2_CHAIN);
        note(p, has_word(p->cert_sigs, "sha1"), CAN_SHA1_CHAIN);
    }
    if (p->cert_keys != NULL)
        note(p, has_word(p->cert_keys, "ecdsa"), CAN_ECDSA_CERT);
    if (p->rsa_min != 0)
        note(p, p->rsa_min <= 1024, CAN_RSA_1024);
    if (p->dh_min != 0)
        note(p, p->dh_min <= 1024, CAN_DH_1024);
    if (p->dh_max != 0)
        note(p, p->dh_max >= 2048, CAN_DH_2048);
}

/* Takes the next line off, without blanks at its ends. */
static char *next_line(char **text)
{
    char *line = *text, *end = strchr(line, '\n');
    if (end != NULL)
        *end = '\0';
    *text = end != NULL ? end + 1 : line + strlen(line);
    while (isspace((unsigned char)*line))
        line++;
    for (size_t n = strlen(line); n > 0 && isspace((unsigned char)line[n - 1]); n--)
        line[n - 1] = '\0';
    return line;
}

const struct profile *profile_parse(const char *id, const char *text, size_t n, struct arena *a, struct err *err)
{
    struct parse s = { .id = id, .arena = a, .err = err };
    char        *rest = arena_copy(a, text, n);
    while (*rest != '\0') {
        char *line = next_line(&rest);
        s.line++;
        if (line[0] == '\0' || line[0] == '#')
            continue;
        char *value = strchr(line, ':');
        if (value == NULL)
            return wrong(&s, "no 'key: value'", line), NULL;
        *value++ = '\0';
        value += strspn(value, " \t");
        if (!read_line(&s, line, value))
            return NULL;
    }
    if (s.p.name == NULL || s.p.suites.n == 0)
        return wrong(&s, "ends without name and cipher_suites", s.p.name != NULL ? s.p.name : ""), NULL;
    derive(&s.p);
    s.p.id = arena_str(a, id);
    struct profile *p = ARENA_NEW(a, struct profile);
    *p = s.p;
    return p;
}

const struct profile *profile_read(const char *path, struct arena *a, struct err *err)
{
    const struct profile *p = NULL;
    char                 *text = NULL;
    const char           *slash = strrchr(path, '/'), *base = slash != NULL ? slash + 1 : path;
    FILE                 *f = fopen(path, "rb");
    if (f == NULL) {
        err_sys(err, "cannot open client profile %s", path);
        goto done;
    }
    text = mem_get(FILE_MAX, 1);
    size_t n = fread(text, 1, FILE_MAX, f);
    if (ferror(f))
        err_sys(err, "cannot read client profile %s", path);
    else if (n == FILE_MAX || memchr(text, '\0', n) != NULL)
        err_set(err, "%s is no client profile: lines of 'key: value', at most 64 KB", path);
    else
        p = profile_parse(arena_printf(a, "%.*s", (int)strcspn(base, "."), base), text, n, a, err);
done:
    if (f != NULL)
        fclose(f);
    free(text);
    return p;
}

static const struct built_in { const char *id, *text; } built_ins[] = {
#define PROFILE(id, text) { id, text },
#include "gen/profiles.inc" /* from dissect/clients, in the order of their names */
#undef PROFILE
};

/* Parsed once, at the first question; they live as long as the program. */
const struct profile *profile_at(size_t i)
{
    static struct arena          arena;
    static const struct profile *parsed[ARRAY_LEN(built_ins)];
    if (i >= ARRAY_LEN(built_ins))
        return NULL;
    if (parsed[i] == NULL) {
        struct err err = { 0 };
        parsed[i] = profile_parse(built_ins[i].id, built_ins[i].text, strlen(built_ins[i].text), &arena, &err);
        if (parsed[i] == NULL) { /* a test reads them all: this is a bug of ours */
            fprintf(stderr, "tlswhy: %s\n", err.text);
            abort();
        }
    }
    return parsed[i];
}

const struct profile *profile_named(const char *id)
{
    for (size_t i = 0; i < ARRAY_LEN(built_ins); i++)
        if (strcmp(built_ins[i].id, id) == 0)
            return profile_at(i);
    return NULL;
}

bool extension_decides(uint16_t type)
{
    static const uint16_t deciding[] = { EXT_SERVER_NAME, EXT_SUPPORTED_GROUPS, EXT_EC_POINT_FORMATS, EXT_SIGNATURE_ALGORITHMS,
                                         EXT_SUPPORTED_VERSIONS, EXT_PSK_KEY_EXCHANGE_MODES, EXT_KEY_SHARE, EXT_RENEGOTIATION_INFO };
    for (size_t i = 0; i < ARRAY_LEN(deciding); i++)
        if (deciding[i] == type)
            return true;
    return false;
}
