/* sweep_page.h - what a sweep found, as a page for people or as the `server` object.
 *
 * Owns: everything is borrowed. */
#ifndef TLSWHY_SWEEP_PAGE_H
#define TLSWHY_SWEEP_PAGE_H

#include "tlswhy/report.h"
#include "tlswhy/sweep.h"

#define SWEEP_FINDINGS 8
struct sweep_page {
    const struct sweep_facts *facts;
    const struct handshake   *first;      /* what a current client gets; its `probed` says who was asked */
    const char               *name;       /* asked for; NULL = none */
    struct finding            finding[SWEEP_FINDINGS]; /* causes, each once; the first hello's first */
    size_t                    findings;
    unsigned                  repeats, unlike; /* the first hello again, after all: how often, and how often it got another answer */
    struct sweep_answer       other;       /* the first such answer */
    bool                      other_certificate; /* it was only the certificate that differed */
    unsigned                  connections; /* the trial of causes included */
};

void sweep_text(struct text *out, const struct report_options *o, const struct sweep_page *p);
void sweep_json(struct text *out, const struct sweep_page *p);

/* Leaf certificates that were seen, each once, in the order of the questions; at most CHECK_COUNT. */
struct sweep_leaf {
    const struct handshake *h;     /* of the first question that got it */
    const struct cert      *leaf;
    unsigned                asked; /* bits of enum sweep_check: who got it */
};
size_t      sweep_leaves(const struct sweep_facts *f, struct sweep_leaf out[CHECK_COUNT]);
const char *sweep_key_name(const struct cert *c, char buf[64]); /* "rsa-2048", "ec-secp256r1", "ed25519" */
/* The group whose keys hide all that follows the ServerHello of TLS 1.3 where no other is taken, and no older version; 0: it is read. */
uint16_t    sweep_hides(const struct sweep_facts *f);
/* Which of two answers of hellos without and with a name, "the same certificate", ... for people and JSON: see doc/. */
const char *sweep_name_result(const struct sweep_facts *f, enum sweep_check c);
const char *sweep_tolerance_result(const struct sweep_facts *f, enum sweep_check c, char buf[NAME_MAX_LEN]); /* "ok", "alert 40"; NULL: not asked */

#endif
