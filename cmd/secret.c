/* secret.c - logins on the command line: what is secret in them must not stay where ps shows it. */
#include "secret.h"

#include "tlswhy/cmd.h"
#include "tlswhy/x509.h"

#include <stdlib.h>
#include <string.h>

static void wipe(char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        s[i] = '*';
}

void secret_wipe_url(char *url)
{
    char *s = strstr(url, "://"), *at = NULL;
    s = s != NULL ? s + 3 : url;
    for (char *p = s; *p != '\0'; p++)
        at = *p == '@' ? p : at;
    char *colon = at != NULL ? memchr(s, ':', (size_t)(at - s)) : NULL;
    if (colon != NULL)
        wipe(colon + 1, (size_t)(at - colon - 1));
}

void secret_wipe_login(char *login)
{
    char *colon = strchr(login, ':');
    if (colon != NULL)
        wipe(colon + 1, strlen(colon + 1));
}

bool secret_read_login(const char *path, char out[SECRET_LINE])
{
    struct err err = { 0 };
    size_t     n = 0;
    uint8_t   *p = file_read(path, &n, &err);
    if (p == NULL)
        return trouble("--proxy-user: %s", err.text) == EXIT_NONE_FOUND;
    size_t line = 0;
    while (line < n && p[line] != '\n' && p[line] != '\r')
        line++;
    bool fits = line > 0 && line < SECRET_LINE && memchr(p, '\0', line) == NULL;
    if (fits) {
        memcpy(out, p, line);
        out[line] = '\0';
    }
    explicit_bzero(p, n);
    free(p);
    return fits || trouble("--proxy-user: the first line of %s is to be USER:PASSWORD", path) == EXIT_NONE_FOUND;
}
