/* pick_profile.h - a client named by the user: a built-in profile, or a file NAME.profile. */
#ifndef TLSWHY_PICK_PROFILE_H
#define TLSWHY_PICK_PROFILE_H

#include "tlswhy/profile.h"

/* False: trouble was said, with the nearest name there is. */
bool pick_profile(const char *option, const char *value, struct arena *a, struct client_match *out);

#endif
