/* Trust anchors from a file, a folder, or the place where this system keeps them. */
#include "tlswhy/trust.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FOLDER_FILES = 4096 };

/* Debian, Fedora, openSUSE, Alpine and BSD, in the order in which OpenSSL builds look. */
static const char *const system_places[] = { "/etc/ssl/certs/ca-certificates.crt",
                                             "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
                                             "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                                             "/etc/ssl/cert.pem", "/usr/local/etc/ssl/cert.pem",
                                                 "/usr/local/share/certs/ca-root-nss.crt" };

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
    *a = (struct anchors){ 0 };
}
