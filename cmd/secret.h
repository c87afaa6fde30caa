/* secret.h - logins on the command line. The argument itself is what ps shows, so it is copied first and then wiped in
 * place: every character of the password becomes a star. */
#ifndef TLSWHY_CMD_SECRET_H
#define TLSWHY_CMD_SECRET_H

#include <stdbool.h>

enum { SECRET_LINE = 520 };
void secret_wipe_url(char *url);     /* scheme://USER:PASSWORD@host */
void secret_wipe_login(char *login); /* USER:PASSWORD */
/* The first line of a file, for --proxy-user @FILE. False: trouble was told. Wipe `out` after use. */
bool secret_read_login(const char *path, char out[SECRET_LINE]);

#endif
