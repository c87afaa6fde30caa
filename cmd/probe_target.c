/* probe_target.c - what the user wrote, as host and port. */
#include "probe_parts.h"

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
bool parse_target(const struct probe_options *o, const char *s, struct target *t)
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
