/* rules.h - the families of rules: a family is one file, report/why/NAME.c with `const struct rule NAME_rules[]`
 * ended by { 0 }, and one line here. Of findings of equal standing the earlier one wins. */
#ifndef TLSWHY_RULES_H
#define TLSWHY_RULES_H

#include "tlswhy/why.h"

#define RULE_FAMILIES(FAMILY) \
    FAMILY(proxy) FAMILY(service) FAMILY(version) FAMILY(name) FAMILY(clientauth) FAMILY(cipher) FAMILY(certificate) \
    FAMILY(interception) FAMILY(fetched) FAMILY(abilities) FAMILY(protocol) FAMILY(path) FAMILY(limits) FAMILY(probed)

#define FAMILY(name) extern const struct rule name##_rules[];
RULE_FAMILIES(FAMILY)
#undef FAMILY

/* why.c: what a finding leaves open is filled in: the frame that decides, and from its page side, fix and settle. */
void finding_complete(const struct case_file *c, struct finding *f);

/* probed.c: a probe read all that the server says before its part is over, and hung up by itself. */
bool probe_saw_flight(const struct handshake *h);
/* The server's random value says that it can do more than was agreed, though more was offered (RFC 8446 section 4.1.3). */
bool marked_as_downgraded(const struct handshake *h);
/* The chain is signed with SHA-2, and whether the client that is named can verify that is not known. */
bool sha2_in_doubt(const struct handshake *h);
/* What a probe that found no fault says; false where it is no such probe. */
bool probed_sound(const struct case_file *c, struct finding *f);

/* Evidence: each adds one line, in words that people and JSON share, and nothing where the fact is not known or
 * the list is full. */
void cite(struct finding *f, const struct handshake *h, uint64_t frame, int from, const char *what, const char *label,
          const char *note);
void cite_hello(const struct case_file *c, struct finding *f);       /* version, suites, name asked for */
void cite_answer(const struct case_file *c, struct finding *f);      /* ServerHello: version and suite */
void cite_certificate(const struct case_file *c, struct finding *f); /* leaf, who signed it and how */
void cite_alert(const struct case_file *c, struct finding *f, const struct alert *a); /* NULL: nothing */
void cite_close(const struct case_file *c, struct finding *f);       /* who, how, how long after what */
void cite_prelude(const struct case_file *c, struct finding *f);
void cite_plain(const struct case_file *c, struct finding *f, enum side side); /* bytes that are no TLS */
void cite_opening(const struct case_file *c, struct finding *f);     /* SYN, SYN-ACK, refusal */
/* All of the above that is there, in frame order: how far it got. */
void cite_story(const struct case_file *c, struct finding *f);

/* The clients that send such a hello, or nearly such; NULL: nobody known does. */
const struct client_match *recognised(const struct handshake *h);

/* "4 ms", "1.2 s", "0.3 ms" in the arena. */
const char *duration_text(struct arena *a, int64_t ns);

#endif
