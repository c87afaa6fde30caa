/* Signs that something on the path answered with a certificate of its own: the name of a product that does
 * that in the issuer, and at least one more. One sign alone proves nothing, and a product's own web page shows
 * its name in the subject too. */
#include "judge.h"

#include <string.h>

enum { FRESH = 2 * 86400 };

static const struct { const char *word, *product; } products[] = {
#define ROW(word, product, source) { word, product },
#include "gen/knowledge/interceptors.inc"
#undef ROW
};

/* The bytes that occur, as a set of 64 kinds: what has a byte of a kind that the other lacks does not stand in it. */
static uint64_t kinds_of(const void *p, size_t n)
{
    const uint8_t *b = p;
    uint64_t       kinds = 0;
    for (size_t i = 0; i < n; i++)
        kinds |= UINT64_C(1) << b[i] % 64;
    return kinds;
}

static bool holds(const struct x509_name *n, const char *word)
{
    for (size_t i = 0; i < n->n; i++)
        if (memmem(n->attr[i].value, n->attr[i].len, word, strlen(word)) != NULL)
            return true;
    return false;
}

static const char *product_of(const struct judge *j)
{
    uint64_t there = 0; /* in any issuer's name: few words are worth looking for */
    for (size_t i = 0; i < j->path.n; i++) {
        const struct x509_name *issuer = &path_cert(j, i)->issuer;
        for (size_t k = 0; k < issuer->n; k++)
            there |= kinds_of(issuer->attr[k].value, issuer->attr[k].len);
    }
    for (size_t p = 0; p < ARRAY_LEN(products); p++) {
        if ((kinds_of(products[p].word, strlen(products[p].word)) & ~there) != 0)
            continue;
        for (size_t i = 0; i < j->path.n; i++)
            if (holds(&path_cert(j, i)->issuer, products[p].word) &&
                !holds(&path_cert(j, 0)->subject, products[p].word))
                return products[p].product;
    }
    return NULL;
}

void check_interception(struct judge *j)
{
    const struct cert *leaf = path_cert(j, 0);
    enum severity      end = SEV_WARNING;
    bool               cn, foreign = j->path.end != END_ANCHOR;
    if (leaf->malformed || (j->path.end == END_SELF_SIGNED && j->path.n == 1) ||
        (j->q->name != NULL && !cert_matches_name(leaf, j->q->name, j->q->name_len, &cn)))
        return;
    bool fresh = leaf->not_before.ok && j->q->time >= leaf->not_before.s &&
        j->q->time - leaf->not_before.s <= FRESH;
    bool no_sct = leaf->sct_count == 0;
    const char *product = foreign || fresh || no_sct ? product_of(j) : NULL;
    if (product == NULL)
        return;
    for (size_t i = 0; i < j->found->n; i++) /* as grave as what it explains */
        if (strcmp(j->found->v[i].code, "untrusted_root") == 0 ||
            strcmp(j->found->v[i].code, "missing_intermediate") == 0)
            end = j->found->v[i].severity;
    problem_add_as(j, "interception_suspected", end, 0,
                   "the certificate was issued by %s, a product that intercepts TLS%s%s%s", product,
                   foreign ? "; no list used here knows its CA" : "",
                   fresh ? "; it was made within two days of the connection" : "",
                       no_sct ? "; it carries no certificate transparency timestamp" : "");
}
