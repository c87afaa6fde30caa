/* inside.h - the answer to an HTTP request sent inside a finished handshake: who gave it, and what his page says was wrong.
 * An inspecting proxy that fails upstream tells it there and nowhere else.
 *
 * Pure. The page is searched for a reason: a verification code, a paragraph that says what failed, else its title.
 * Owns: what is found is copied to the arena. Everything in it is outside bytes. */
#ifndef TLSWHY_INSIDE_H
#define TLSWHY_INSIDE_H

#include "tlswhy/handshake.h"

enum { INSIDE_MAX = 64 * 1024 }; /* of an answer that is looked at */
/* Fills status, line, server, error and reason from the answer as far as it came. */
void inside_read(struct arena *a, struct bytes answer, struct inside *out);

#endif
