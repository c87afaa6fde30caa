/* needs.h - a rule is asked only about cases that show what its row needs. One that would say yes to another case has a row
 * that is wrong, and its finding is lost. */
#ifndef TLSWHY_TESTS_NEEDS_H
#define TLSWHY_TESTS_NEEDS_H

#include "tlswhy/why.h"

/* Asks every rule, whatever it needs: the first that says yes and would not have been asked. NULL: none. */
static inline const struct rule *undue_rule(const struct handshake *h, const struct peers *others, struct arena *a)
{
    const struct rule *rule;
    for (size_t i = 0; (rule = rule_at(i)) != NULL; i++) {
        bool due;
        if (rule_says(rule, h, others, a, &due) && !due)
            return rule;
    }
    return NULL;
}

#endif
