/* tlswhy ctl FILE|URL [OTHER]: a Windows list of roots: who signed it, can it be verified, what is in it. */
#include "secret.h"

#include "tlswhy/cmd.h"
#include "tlswhy/fetch_url.h"
#include "tlswhy/profile.h"
#include "tlswhy/rootlist.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

enum { INPUT_MAX = FETCH_MAX, FOUND = 20, TIMEOUT_S = 20, LISTS = 2 };

static const struct option_row rows[] = {
    { 1000, "json", NULL, "one JSON object a list, instead of text" },
    { 1001, "root", "CERT|HASH|NAME", "is this root in the list, with what limits: a certificate file, its SHA-1 or SHA-256, or a part of its name" },
    { 1002, "client", "PROFILE", "can that Windows verify the list (tlswhy profiles)" },
    { 1003, "ca", "FILE|DIR", "roots to check the last link of the signer's chain with" },
    { 1004, "at", "TIME", "judge dates at this time; without it, what is past today is told and not held against the list" },
    { 1005, "proxy", "URL", "fetch through this proxy, written as for curl; 'none' ignores the environment's" },
    { 1006, "proxy-user", "USER[:PASSWORD]|@FILE", "login for the proxy" },
    { 1007, "https", NULL, "fetch https URLs, too" },
    { 1008, "timeout", "S", "give a fetch this many seconds (20)" },
    { 1009, "save", "FILE", "keep what was fetched" },
    { 1010, "color", "WHEN", "auto (the default), always or never" },
    { 'h', "help", NULL, "this help" },
    { 0 },
};
static const char examples[] = "  tlswhy ctl authrootstl.cab                          is it sound, who signed it, what does it need\n"
                               "  tlswhy ctl authroot.stl --root \"ISRG Root X1\"       is this root in it, with what limits\n"
                               "  tlswhy ctl authrootstl.cab --client winsrv2008sp2   can that Windows verify it\n"
                               "  tlswhy ctl old.cab new.cab                          what changed\n"
                               "  tlswhy ctl http://ctldl.windowsupdate.com/msdownload/update/v3/static/trustedr/en/authrootstl.cab\n";

struct job {
    bool                 json, color;
    const char          *root, *save;
    struct list_question question;
    struct fetch_request request;
    struct cert_store   *store;
    struct arena         arena;
    struct text          out;
};

static bool is_url(const char *s) { return strncasecmp(s, "http://", 7) == 0 || strncasecmp(s, "https://", 8) == 0; }

static bool read_stream(FILE *f, const char *name, struct bytes *out, struct arena *a, struct err *err)
{
    size_t   n = 0, cap = 1 << 16;
    uint8_t *p = mem_get(cap, 1);
    for (size_t got = 1; got != 0 && n <= INPUT_MAX; n += got) {
        if (n == cap)
            p = mem_grow(p, cap *= 2, 1);
        got = fread(p + n, 1, cap - n, f);
    }
    bool whole = !ferror(f) && n <= INPUT_MAX;
    if (n > INPUT_MAX)
        err_set(err, "'%s' is larger than %d MB, no root list is", name, INPUT_MAX >> 20);
    else if (!whole)
        err_sys(err, "cannot read '%s'", name);
    else
        *out = (struct bytes){ arena_copy(a, p, n), n };
    free(p);
    return whole;
}

static bool read_file(const char *path, struct bytes *out, struct arena *a, struct err *err)
{
    bool  standard = strcmp(path, "-") == 0;
    FILE *f = standard ? stdin : fopen(path, "rb");
    if (f == NULL) {
        err_sys(err, "cannot open '%s'", path);
        return false;
    }
    bool good = read_stream(f, standard ? "standard input" : path, out, a, err);
    if (!standard)
        fclose(f);
    return good;
}

static bool save(const char *path, const uint8_t *p, size_t n, struct err *err)
{
    FILE *f = fopen(path, "wb");
    bool  good = f != NULL && fwrite(p, 1, n, f) == n;
    good = f != NULL && fclose(f) == 0 && good;
    if (!good)
        err_sys(err, "cannot write '%s'", path);
    return good;
}

static bool fetch(struct job *j, const char *url, struct bytes *out, struct err *err)
{
    struct fetch_answer answer;
    j->request.url = url;
    if (!fetch_url(&j->request, &answer, err))
        return false;
    if (answer.too_large || (answer.cut_short && answer.status == 200)) { /* half a list is no list: it would be judged for what the path did */
        if (answer.too_large)
            err_set(err, "the answer of '%s' is larger than %d MB, no root list is", url, FETCH_MAX >> 20);
        else
            err_set(err, "of '%s' only %zu bytes came before the connection ended or the time was over; fetch it again, or give it longer (--timeout)", url, answer.n - answer.head);
        free(answer.message);
        return false;
    }
    bool good = j->save == NULL || save(j->save, answer.message + answer.head, answer.n - answer.head, err);
    *out = (struct bytes){ arena_copy(&j->arena, answer.message, answer.n), answer.n };
    free(answer.message);
    return good;
}

static bool load(struct job *j, const char *name, struct rootlist *l)
{
    struct bytes b = { NULL, 0 };
    struct err   err = { .text = "" };
    if (is_url(name) ? !fetch(j, name, &b, &err) : !read_file(name, &b, &j->arena, &err)) {
        trouble("%s", err.text);
        return false;
    }
    rootlist_read(name, b, j->store, &j->arena, l);
    rootlist_judge(&j->question, j->store, &j->arena, l);
    return true;
}

/* A certificate file, else hex or a name. */
static struct root_key root_key(struct job *j)
{
    struct root_key key = { .text = j->root };
    struct cert   **v = NULL;
    size_t          n = 0;
    struct err      err = { .text = "" };
    if (access(j->root, R_OK) == 0 && certs_load(j->store, j->root, &v, &n, &err) && n != 0)
        key.cert = v[0];
    free(v);
    return key;
}

static bool show(struct job *j, const struct rootlist *l)
{
    const struct ctl_entry *found[FOUND];
    size_t                  n = 0;
    bool                    by_name = false;
    if (j->root != NULL) {
        struct root_key key = root_key(j);
        by_name = root_key_is_name(&key);
        n = rootlist_find(l, &key, &j->arena, found, FOUND);
    }
    size_t shown = n < FOUND ? n : FOUND;
    if (j->json) {
        rootlist_json(&j->out, l, j->root, found, shown, n);
    } else {
        rootlist_show(&j->out, l, j->color);
        if (j->root != NULL && l->file.is_list)
            rootlist_show_roots(&j->out, l, j->root, by_name, found, shown, n);
    }
    return j->root == NULL || n != 0;
}

static int check(struct job *j, int n, char **names)
{
    struct rootlist list[LISTS];
    int             status = EXIT_NONE_FOUND;
    for (int i = 0; i < n; i++) {
        if (!load(j, names[i], &list[i]))
            return EXIT_TROUBLE;
        if (i != 0 && !j->json)
            text_char(&j->out, '\n');
        bool there = show(j, &list[i]);
        int  one = list[i].verdict == CHAIN_FAIL || !there ? EXIT_FOUND : list[i].verdict == CHAIN_UNKNOWN ? EXIT_TROUBLE : EXIT_NONE_FOUND;
        status = one > status ? one : status;
    }
    if (n == LISTS && list[0].file.is_list && list[1].file.is_list) {
        size_t                    changes;
        const struct list_change *v = rootlist_compare(&list[0], &list[1], &j->arena, &changes);
        if (j->json)
            rootlist_changes_json(&j->out, &list[0], &list[1], v, changes);
        else
            rootlist_show_changes(&j->out, &list[0], &list[1], v, changes);
    }
    out_flush(&j->out);
    return status;
}

static const char *profile_word(size_t i)
{
    const struct profile *p = profile_at(i);
    return p != NULL ? p->id : NULL;
}

static bool set_proxy(struct job *j, char *value)
{
    j->request.proxy = strcmp(value, "none") == 0 ? "" : arena_copy(&j->arena, value, strlen(value) + 1);
    secret_wipe_url(value);
    return true;
}

/* USER[:PASSWORD] or @FILE */
static bool set_login(struct job *j, char *value)
{
    char line[SECRET_LINE] = "";
    bool from_file = value[0] == '@';
    if (from_file && !secret_read_login(value + 1, line))
        return false;
    const char *login = from_file ? line : value;
    j->request.proxy_user = arena_copy(&j->arena, login, strlen(login) + 1);
    explicit_bzero(line, sizeof line);
    if (!from_file)
        secret_wipe_login(value);
    return true;
}

static bool set_option(struct job *j, int id, const char *value, const char **ca)
{
    char *end = NULL;
    long  seconds;
    int64_t ns;
    switch (id) {
    case 1000: j->json = true; return true;
    case 1001: j->root = value; return true;
    case 1002:
        if (profile_named(value) == NULL) {
            const char *near = nearest_word(value, profile_word);
            return trouble("there is no client profile '%s'%s%s%s", value, near != NULL ? "; did you mean '" : "", near != NULL ? near : "", near != NULL ? "'?" : "") == EXIT_NONE_FOUND;
        }
        j->question.client = value;
        return true;
    case 1003: *ca = value; return true;
    case 1004:
        if (!time_parse(value, &ns))
            return trouble("--at takes a date (2020-01-11), a time (2020-01-11T00:32:35Z) or seconds since 1970, not '%s'", value) == EXIT_NONE_FOUND;
        j->question.has_time = true;
        j->question.time = ns / NS_PER_S;
        return true;
    case 1005: return set_proxy(j, optarg); /* the argument itself, to wipe what is secret in it */
    case 1006: return set_login(j, optarg);
    case 1007: j->request.https = true; return true;
    case 1008:
        seconds = strtol(value, &end, 10);
        if (*end != '\0' || seconds < 1 || seconds > 3600)
            return trouble("--timeout takes 1 to 3600 seconds, not '%s'", value) == EXIT_NONE_FOUND;
        j->request.timeout_ms = (unsigned)seconds * 1000;
        return true;
    case 1009: j->save = value; return true;
    default: return color_wanted(value, &j->color);
    }
}

/* Gives EXIT_NONE_FOUND where the work can begin at *first, EXIT_FOUND where help was all that was wanted, and EXIT_TROUBLE. */
static int take_options(struct job *j, int argc, char **argv, const char **ca, int *first)
{
    const char *value;
    int         id;
    *first = 1;
    color_wanted("auto", &j->color);
    while ((id = option_next(rows, argc, argv, &value, first)) > 0) {
        if (id == 'h') {
            options_help(&ctl_command, examples);
            return EXIT_FOUND;
        }
        if (!set_option(j, id, value, ca))
            return EXIT_TROUBLE;
    }
    if (id == 0 && (argc - *first < 1 || argc - *first > LISTS))
        return trouble("ctl takes one list, or two to compare: tlswhy ctl %s", ctl_command.synopsis);
    return id == 0 ? EXIT_NONE_FOUND : EXIT_TROUBLE;
}

static int check_lists(struct job *j, const char *ca, int n, char **names)
{
    struct anchors anchors = { 0 };
    struct err     err = { .text = "" };
    int            status = EXIT_TROUBLE;
    j->store = cert_store_new();
    if (ca != NULL && !anchors_load(ca, j->store, &anchors, &err)) {
        trouble("%s", err.text);
    } else {
        j->question.anchors = ca != NULL ? &anchors : NULL;
        status = check(j, n, names);
    }
    anchors_free(&anchors);
    cert_store_free(j->store);
    return status;
}

static int run_ctl(int argc, char **argv)
{
    struct job  j = { .question = { .time = (int64_t)time(NULL) }, .request = { .timeout_ms = TIMEOUT_S * 1000 } };
    const char *ca = NULL;
    int         first, status = take_options(&j, argc, argv, &ca, &first);
    if (status == EXIT_NONE_FOUND)
        status = out_finish(check_lists(&j, ca, argc - first, argv + first));
    else if (status == EXIT_FOUND)
        status = out_finish(EXIT_NONE_FOUND);
    arena_free(&j.arena);
    text_free(&j.out);
    return status;
}

const struct command ctl_command = { "ctl", "FILE|URL [OTHER]", "check a Windows root list (authrootstl.cab, authroot.stl)", run_ctl, rows };
