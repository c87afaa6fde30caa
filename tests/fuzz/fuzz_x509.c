/* Certificates and stapled OCSP answers from any bytes. The first octet says how to read the rest. */
#include "tlswhy/x509.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(struct cert_store *s, const struct cert *c)
{
    struct arena a = { 0 };
    struct ocsp  o;
    char         key[64];
    bool         cn;
    x509_name_text(&a, &c->subject);
    x509_name_text(&a, &c->issuer);
    cert_short_name(&a, c);
    cert_key_name(c, key);
    cert_sig_name(c);
    for (size_t i = 0; i < c->sans; i++)
        san_text(&a, &c->san[i]);
    cert_matches_name(c, "www.example", 11, &cn);
    cert_matches_name(c, "192.0.2.1", 9, &cn);
    cert_signed_by(s, c, c);
    ocsp_read(&a, c->der, c, &o);
    arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cert_store *s = cert_store_new();
    struct cert      **v = NULL;
    size_t             n = 0, bad = 0;
    if (size > 1 && data[0] % 2 == 0) {
        look(s, cert_intern(s, data + 1, size - 1));
    } else if (size > 1) {
        certs_from_memory(s, data + 1, size - 1, &v, &n, &bad);
        for (size_t i = 0; i < n; i++)
            look(s, v[i]);
    }
    free(v);
    cert_store_free(s);
    return 0;
}
