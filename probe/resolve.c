#include "tlswhy/probe.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool probe_resolve(const char *host, uint16_t port, int family, struct address **out, size_t *n, struct err *err)
{
    struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_STREAM, .ai_flags = AI_IDN | AI_NUMERICSERV }, *list = NULL;
    char            service[8];
    *out = NULL;
    *n = 0;
    snprintf(service, sizeof service, "%u", port);
    int bad = getaddrinfo(host, service, &hints, &list);
    if (bad != 0) {
        err_set(err, "cannot find the address of '%.200s': %s", host, bad == EAI_SYSTEM ? strerror(errno) : gai_strerror(bad));
        return false;
    }
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        if (a->ai_addrlen > sizeof(struct sockaddr_storage))
            continue;
        *out = mem_grow(*out, *n + 1, sizeof **out);
        (*out)[*n] = (struct address){ .len = a->ai_addrlen };
        memcpy(&(*out)[(*n)++].to, a->ai_addr, a->ai_addrlen);
    }
    freeaddrinfo(list);
    if (*n == 0)
        err_set(err, "'%.200s' has no address that can be connected to", host);
    return *n != 0;
}
