/* curl_lib.c - the one place that loads libcurl. */
#include "curl_lib.h"

#include <dlfcn.h>
#include <string.h>

static struct curl_lib lib;

static bool load(struct err *err)
{
    static const char *const names[] = { "libcurl.so.4", "libcurl-gnutls.so.4", "libcurl-nss.so.4" };
    void *file = NULL;
    for (size_t i = 0; i < ARRAY_LEN(names) && file == NULL; i++)
        file = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (file == NULL) {
        err_set(err, "libcurl is not installed, so nothing can be fetched, and no proxy asked; install it (Debian: apt install libcurl4)");
        return false;
    }
    const struct {
        const char *name;
        void       *at;
    } symbols[] = {
        { "curl_easy_init", &lib.init }, { "curl_easy_setopt", &lib.setopt }, { "curl_easy_perform", &lib.perform },
        { "curl_easy_cleanup", &lib.cleanup }, { "curl_easy_strerror", &lib.strerror }, { "curl_easy_getinfo", &lib.getinfo },
        { "curl_easy_send", &lib.send }, { "curl_easy_recv", &lib.recv }, { "curl_slist_append", &lib.list_append },
        { "curl_slist_free_all", &lib.list_free }, { "curl_multi_init", &lib.multi_init }, { "curl_multi_setopt", &lib.multi_setopt },
        { "curl_multi_add_handle", &lib.multi_add }, { "curl_multi_remove_handle", &lib.multi_remove },
        { "curl_multi_socket_action", &lib.multi_action }, { "curl_multi_info_read", &lib.multi_read },
        { "curl_multi_cleanup", &lib.multi_cleanup },
    };
    for (size_t i = 0; i < ARRAY_LEN(symbols); i++) {
        void *p = dlsym(file, symbols[i].name); /* POSIX: an object pointer that holds a function's address */
        if (p == NULL) {
            err_set(err, "the libcurl found here has no %s; update it", symbols[i].name);
            lib = (struct curl_lib){ 0 };
            return false;
        }
        memcpy(symbols[i].at, &p, sizeof p);
    }
    return true;
}

const struct curl_lib *curl_lib(struct err *err) { return lib.init != NULL || load(err) ? &lib : NULL; }
