/* Trust anchors from a file, a folder, or the place where this system keeps them. */
#include "tlswhy/ctl.h"
#include "tlswhy/trust.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FOLDER_FILES = 4096 };
#define SERVER_AUTH "1.3.6.1.5.5.7.3.1"

/* Debian, Fedora, openSUSE, Alpine and BSD, in the order in which OpenSSL builds look. */
static const char *const system_places[] = { "/etc/ssl/certs/ca-certificates.crt",
                                             "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
                                             "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                                             "/etc/ssl/cert.pem", "/usr/local/etc/ssl/cert.pem",
                                                 "/usr/local/share/certs/ca-root-nss.crt" };

const char *anchors_system_place(size_t i) { return i < ARRAY_LEN(system_places) ? system_places[i] : NULL; }

/* Appends what is not there yet; interned certificates are equal when their pointers are. */
static void append(struct anchors *out, struct cert **v, size_t n)
{
    if (n == 0)
        return;
    out->v = mem_grow(out->v, out->n + n, sizeof(struct cert *));
    for (size_t i = 0; i < n; i++) {
        bool there = v[i]->malformed;
        for (size_t k = 0; k < out->n && !there; k++)
            there = out->v[k] == v[i];
        if (!there)
            out->v[out->n++] = v[i];
    }
}

static bool load_file(const char *path, struct cert_store *s, struct anchors *out, struct err *err)
{
    struct cert **v = NULL;
    size_t        n = 0;
    bool          good = certs_load(s, path, &v, &n, err);
    append(out, v, n);
    free(v);
    return good;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* OpenSSL folders hold each file twice (a hash link): interning makes one of it. */
static bool load_folder(const char *path, struct cert_store *s, struct anchors *out, struct err *err)
{
    struct dirent **names = NULL;
    int             n = scandir(path, &names, NULL, by_name);
    if (n < 0) {
        err_sys(err, "cannot read the folder %s", path);
        return false;
    }
    for (int i = 0; i < n; i++) {
        struct stat st;
        struct err  ignored = { .text = "" };
        char       *file = NULL;
        if (i < FOLDER_FILES && asprintf(&file, "%s/%s", path, names[i]->d_name) > 0 &&
            stat(file, &st) == 0 && S_ISREG(st.st_mode))
            load_file(file, s, out, &ignored);
        free(file);
        free(names[i]);
    }
    free(names);
    if (out->n == 0)
        err_set(err, "the folder %s holds no certificate; give a folder of PEM or DER files", path);
    return out->n != 0;
}

/* ---- Windows lists: digests of roots, and what each is good for */

static int by_sha1(const void *a, const void *b) { return memcmp(a, b, 20); }

const struct root_limit *anchors_limit(const struct anchors *a, const struct cert *c)
{
    return a->limits != 0 ? bsearch(cert_sha1(c), a->limit, a->limits, sizeof *a->limit, by_sha1) : NULL;
}

static bool for_servers(struct bytes usages) { return usages.p == NULL || ctl_usages_hold(usages, SERVER_AUTH); }

static void take_entries(const struct ctl *list, struct anchors *out)
{
    out->limit = mem_get(list->entries, sizeof *out->limit);
    for (size_t i = 0; i < list->entries; i++) {
        const struct ctl_entry *e = &list->entry[i];
        struct root_limit      *l = &out->limit[out->limits];
        bool refused = e->refused_usages.p != NULL; /* without a date: always */
        if (e->id.n != sizeof l->sha1)
            continue;
        memcpy(l->sha1, e->id.p, sizeof l->sha1);
        l->servers = for_servers(e->usages);
        l->has_refused_from = (refused || e->has_disallowed_from) && for_servers(e->refused_usages);
        l->refused_from = e->has_disallowed_from ? e->disallowed_from : 0;
        l->has_not_before = e->has_not_before && for_servers(e->late_usages);
        l->not_before = e->not_before;
        out->limits++;
    }
    if (out->limits != 0)
        qsort(out->limit, out->limits, sizeof *out->limit, by_sha1);
}

/* Drops the certificates that the list does not name. */
static void keep_listed(struct anchors *out)
{
    size_t n = 0;
    for (size_t i = 0; i < out->n; i++)
        if (anchors_limit(out, out->v[i]) != NULL)
            out->v[n++] = out->v[i];
    out->n = n;
}

/* Is the file a list? Then its entries, and the certificates of the files beside it. False: err may tell of a list that
 * is of no use; else it is something else. */
static bool load_list(const char *path, struct cert_store *s, struct anchors *out, struct err *err)
{
    struct arena    a = { 0 };
    struct err      ignored = { .text = "" };
    struct ctl_file f = { 0 };
    size_t          n = 0;
    uint8_t        *bytes = strcmp(path, "-") != 0 ? file_read(path, &n, &ignored) : NULL;
    if (bytes != NULL && (p7_is((struct bytes){ bytes, n }) || cab_is((struct bytes){ bytes, n })))
        ctl_file_read((struct bytes){ bytes, n }, s, &a, &f);
    bool list = f.is_list && f.list.entries != 0;
    bool of_roots = list && f.list.usages != 0 && strcmp(f.list.usage[0], OID_ROOT_LIST_SIGNER) == 0;
    if (f.in_cab && !list)
        err_set(err, "the cabinet %s holds no list of roots that can be read", path);
    else if (list && !of_roots)
        err_set(err, "%s is a list, but not one of trusted roots; give authroot.stl or authrootstl.cab", path);
    else if (list)
        take_entries(&f.list, out);
    free(bytes);
    arena_free(&a);
    if (out->limits == 0)
        return false;
    const char *slash = strrchr(path, '/');
    char       *folder = slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
    load_folder(folder, s, out, &ignored); /* none beside it: what the server sends may still be in the list */
    free(folder);
    keep_listed(out);
    return true;
}

bool anchors_load(const char *path, struct cert_store *s, struct anchors *out, struct err *err)
{
    struct stat st;
    *out = (struct anchors){ .clients_own = path != NULL, .name = path };
    for (size_t i = 0; path == NULL && i < ARRAY_LEN(system_places); i++)
        if (stat(system_places[i], &st) == 0)
            path = system_places[i];
    if (path == NULL) {
        err_set(err, "no list of trusted roots was found on this system; name one with --ca");
        return false;
    }
    if (out->name == NULL)
        out->name = "system bundle";
    bool folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    if (!folder && out->clients_own && load_list(path, s, out, err))
        return true;
    if (err->text[0] != '\0')
        return false;
    if (!(folder ? load_folder(path, s, out, err) : load_file(path, s, out, err))) {
        anchors_free(out);
        return false;
    }
    if (out->n == 0)
        err_set(err, "no certificate in %s decodes", path);
    return out->n != 0;
}

void anchors_free(struct anchors *a)
{
    free(a->v);
    free(a->limit);
    *a = (struct anchors){ 0 };
}
