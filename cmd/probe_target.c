/* probe_target.c - what the user wrote, as host and port. */
#include "probe_parts.h"

#include <idn2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool parse_port(const char *s, uint16_t *out)
{
    char         *end = NULL;
    unsigned long n = strtoul(s, &end, 10);
    *out = (uint16_t)n;
    return s[0] >= '0' && s[0] <= '9' && *end == '\0' && n > 0 && n <= 65535;
}

/* HOST, HOST:PORT, [V6], [V6]:PORT, V6, or https://HOST[:PORT]/... */
bool name_to_ascii(const char *name, char *out, size_t size, struct err *err)
{
    char *ascii = NULL;
    size_t plain = 0;
    while ((unsigned char)name[plain] < 0x80 && name[plain] != '\0')
        plain++;
    int bad = name[plain] == '\0' ? IDN2_OK : idn2_to_ascii_8z(name, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    const char *done = ascii != NULL ? ascii : name;
    bool fits = bad == IDN2_OK && strlen(done) < size;
    if (fits)
        memcpy(out, done, strlen(done) + 1);
    else
        err_set(err, "'%.60s' is no name: %s", name, bad != IDN2_OK ? idn2_strerror(bad) : "it is too long");
    free(ascii);
    return fits;
}

bool parse_target(const struct probe_options *o, const char *where, const char *s, struct target *t)
{
    struct err   err = { 0 };
    struct bytes ip;
    uint8_t      buf[16];
    char         copy[sizeof t->text - 8];
    const char  *start = strncasecmp(s, "https://", 8) == 0 ? s + 8 : s;
    size_t       n = start != s ? strcspn(start, "/?#") : strlen(start);
    *t = (struct target){ .port = o->starttls != NULL ? dialog_port(o->starttls) : 443 };
    if (n == 0 || n >= sizeof copy)
        return trouble("%s'%.60s' is no target; write HOST or HOST:PORT", where, s) == EXIT_NONE_FOUND;
    snprintf(copy, sizeof copy, "%.*s", (int)n, start);
    char *host = copy, *colon = strrchr(copy, ':'), *bracket = copy[0] == '[' ? strchr(copy, ']') : NULL;
    bool  bare_v6 = copy[0] != '[' && colon != NULL && strchr(copy, ':') != colon;
    if (copy[0] == '[' && bracket == NULL)
        return trouble("%s'%.60s' is no target; write [ADDRESS]:PORT", where, s) == EXIT_NONE_FOUND;
    if (bracket != NULL) {
        host = copy + 1;
        *bracket = '\0';
        colon = bracket[1] == ':' ? bracket + 1 : NULL;
        if (colon == NULL && bracket[1] != '\0')
            return trouble("%s'%.60s' is no target; write [ADDRESS]:PORT", where, s) == EXIT_NONE_FOUND;
    }
    if (bare_v6)
        colon = NULL;
    if (colon != NULL && !parse_port(colon + 1, &t->port))
        return trouble("%s'%s' in %.60s is no port; 1 to 65535", where, colon + 1, s) == EXIT_NONE_FOUND;
    if (colon != NULL)
        *colon = '\0';
    size_t len = strlen(host);
    if (len > 1 && host[len - 1] == '.')
        host[--len] = '\0';
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)host[i] <= ' ' || host[i] == 0x7f)
            return trouble("%s'%.60s' is no target; write one HOST or HOST:PORT, without blanks", where, s) == EXIT_NONE_FOUND;
    if (len == 0)
        return trouble("%s'%.60s' names no host", where, s) == EXIT_NONE_FOUND;
    if (!name_to_ascii(host, t->host, sizeof t->host, &err))
        return trouble("%s%s", where, err.text) == EXIT_NONE_FOUND;
    len = strlen(t->host);
    t->starttls = o->starttls_given ? o->starttls : dialog_of_port(t->port);
    t->is_ip = ip_from_text(t->host, len, &ip, buf);
    snprintf(t->text, sizeof t->text, t->is_ip && strchr(t->host, ':') != NULL ? "[%s]:%u" : "%s:%u", t->host, t->port);
    return true;
}
