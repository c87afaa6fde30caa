/* sweep.c - what both pages of a sweep need: certificates each once, results in words. */
#include "tlswhy/sweep_page.h"

#include <ctype.h>
#include <string.h>

size_t sweep_leaves(const struct sweep_facts *f, struct sweep_leaf out[CHECK_COUNT])
{
    size_t n = 0;
    for (enum sweep_check c = 0; c < CHECK_COUNT; c++) {
        const struct handshake *h = f->check[c].h;
        size_t                  i = 0;
        if (sweep_check_tolerance(c) || f->check[c].kind != ANSWER_HELLO || h == NULL || h->cert_count == 0) /* those are read as far as the ServerHello */
            continue;
        while (i < n && out[i].leaf != h->certs[0])
            i++;
        if (i == n)
            out[n++] = (struct sweep_leaf){ .h = h, .leaf = h->certs[0] };
        out[i].asked |= 1u << c;
    }
    return n;
}

uint16_t sweep_hides(const struct sweep_facts *f)
{
    const struct sweep_answer *a = &f->check[CHECK_USUAL_13];
    bool                       hidden = a->kind == ANSWER_HELLO && a->h != NULL && a->h->outcome == OUTCOME_STOPPED && !knows(a->h, KNOW_DECRYPTED);
    return hidden && sweep_best(f, 0x0303) == NULL ? a->group : 0;
}

const char *sweep_key_name(const struct cert *c, char buf[64])
{
    cert_key_name(c, buf);
    for (char *p = buf; *p != '\0'; p++)
        *p = *p == ' ' ? '-' : (char)tolower((unsigned char)*p);
    return buf;
}

static const struct cert *leaf_of(const struct sweep_answer *a)
{
    return a->kind == ANSWER_HELLO && a->h != NULL && a->h->cert_count > 0 ? a->h->certs[0] : NULL;
}

const char *sweep_name_result(const struct sweep_facts *f, enum sweep_check c)
{
    const struct sweep_answer *a = &f->check[c], *usual = &f->check[f->check[CHECK_USUAL].kind == ANSWER_HELLO ? CHECK_USUAL : CHECK_USUAL_13];
    if (a->kind == ANSWER_NONE)
        return NULL;
    if (a->kind != ANSWER_HELLO)
        return "refused";
    if (leaf_of(a) == NULL || leaf_of(usual) == NULL)
        return "answered";
    return leaf_of(a) == leaf_of(usual) ? "same-certificate" : "other-certificate";
}

const char *sweep_tolerance_result(const struct sweep_facts *f, enum sweep_check c, char buf[NAME_MAX_LEN])
{
    const struct sweep_answer *a = &f->check[c];
    return a->kind == ANSWER_NONE ? NULL : a->kind == ANSWER_HELLO ? "ok" : sweep_answer_text(a, buf);
}
