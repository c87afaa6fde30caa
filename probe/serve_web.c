/* serve_web.c - the lab's plain HTTP: the revocation list and the OCSP answers that its certificates point to, and what stands for
 * the file of roots that Windows fetches. */
#include "serving.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PATH_MAX_LEN = 128 };

/* The path of "GET /x HTTP/1.1", or of "GET http://host/x HTTP/1.1" as proxies are asked. False: it is no request. */
static bool path_of(struct bytes request, char path[PATH_MAX_LEN])
{
    const char *p = (const char *)request.p, *end = memchr(p, '\r', request.n), *slash;
    const char *at = end != NULL ? memchr(p, ' ', (size_t)(end - p)) : NULL;
    if (at == NULL || (strncmp(p, "GET ", 4) != 0 && strncmp(p, "POST ", 5) != 0 && strncmp(p, "HEAD ", 5) != 0))
        return false;
    at++;
    if (end - at > 7 && strncasecmp(at, "http://", 7) == 0 && (slash = memchr(at + 7, '/', (size_t)(end - at) - 7)) != NULL)
        at = slash;
    size_t n = 0;
    while (at + n < end && at[n] != ' ' && n + 1 < PATH_MAX_LEN)
        n++;
    memcpy(path, at, n);
    path[n] = '\0';
    return true;
}

void web_answer(struct pki *pki, struct bytes request, struct writer *out)
{
    static const char   cabinet[] = "MSCF\0\0\0\0tlswhy lab: no list of roots, but what stands for one\n";
    struct err          err = { 0 };
    struct arena        a = { 0 };
    char                path[PATH_MAX_LEN], head[256];
    const char         *type = "text/plain", *status = "200 OK";
    struct bytes        body = { (const uint8_t *)"tlswhy lab\n", 11 };
    const struct serve_certs *revoked = pki_chain(pki, CHAIN_REVOKED, &err);
    if (!path_of(request, path)) {
        status = "400 Bad Request";
    } else if (strcmp(path, "/lab.crl") == 0 && revoked != NULL) {
        type = "application/pkix-crl";
        body = pki_crl(pki, revoked, &a);
    } else if (strncmp(path, "/ocsp", 5) == 0 && revoked != NULL) {
        type = "application/ocsp-response";
        body = pki_revoked(pki, revoked, &a);
    } else if (strcmp(path, "/authrootstl.cab") == 0) {
        type = "application/vnd.ms-cab-compressed";
        body = (struct bytes){ (const uint8_t *)cabinet, sizeof cabinet - 1 };
    }
    int n = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nServer: tlswhy-lab\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", status, type,
                     body.n);
    wr_bytes(out, head, (size_t)n);
    if (strncmp((const char *)request.p, "HEAD ", 5) != 0)
        wr_bytes(out, body.p, body.n);
    arena_free(&a);
}
