#include "pick_profile.h"

#include "tlswhy/cmd.h"

#include <string.h>

static const char *profile_id(size_t i) { return profile_at(i) != NULL ? profile_at(i)->id : NULL; }

bool pick_profile(const char *option, const char *value, struct arena *a, struct client_match *out)
{
    struct err            err = { 0 };
    const struct profile *p = profile_named(value);
    if (p == NULL && (strchr(value, '.') != NULL || strchr(value, '/') != NULL))
        p = profile_read(value, a, &err);
    if (p == NULL && err.text[0] != '\0')
        return trouble("%s: %s", option, err.text) == EXIT_NONE_FOUND;
    if (p == NULL) {
        const char *near = nearest_word(value, profile_id);
        trouble("%s: there is no profile '%s'%s%s%s", option, value, near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                near != NULL ? "'?" : "");
        return false;
    }
    *out = client_match_of(p);
    return true;
}
