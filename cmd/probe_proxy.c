/* probe_proxy.c - which proxy to go through, and the login for it: options, environment, file, terminal. What is secret is
 * copied, and wiped where it stood, before anything else is done. */
#include "probe_parts.h"
#include "secret.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

bool proxy_set_url(struct proxy_options *o, char *value)
{
    struct err err = { 0 };
    o->none = strcmp(value, "none") == 0 || value[0] == '\0';
    o->given = true;
    bool read = o->none || tunnel_way_parse(value, &o->way, &err);
    secret_wipe_url(value);
    return read || trouble("--proxy: %s", err.text) == EXIT_NONE_FOUND;
}

bool proxy_set_auth(struct proxy_options *o, const char *value)
{
    o->auth_given = proxy_auth_named(value, &o->auth);
    return o->auth_given || trouble("--proxy-auth takes none, basic, digest, ntlm or negotiate, not '%s'", value) == EXIT_NONE_FOUND;
}

/* USER[:PASSWORD] or @FILE */
bool proxy_set_user(struct proxy_options *o, char *value)
{
    char       line[SECRET_LINE] = "";
    struct err err = { 0 };
    bool       from_file = value[0] == '@';
    if (from_file && !secret_read_login(value + 1, line))
        return false;
    o->user_given = tunnel_way_login(&o->login, from_file ? line : value, &err);
    explicit_bzero(line, sizeof line);
    if (!from_file)
        secret_wipe_login(value);
    return o->user_given || trouble("--proxy-user: %s", err.text) == EXIT_NONE_FOUND;
}

/* Asks on the terminal, which does not show what is typed. */
static bool ask_password(struct tunnel_way *w)
{
    struct termios shown, hidden;
    FILE *tty = fopen("/dev/tty", "r+e");
    if (tty == NULL || tcgetattr(fileno(tty), &shown) != 0) {
        if (tty != NULL)
            fclose(tty);
        return trouble("the proxy's password is not given and there is no terminal to ask on; use --proxy-user @FILE") == EXIT_NONE_FOUND;
    }
    setvbuf(tty, NULL, _IONBF, 0); /* no second copy of what is typed */
    hidden = shown;
    hidden.c_lflag &= (tcflag_t)~ECHO;
    tcsetattr(fileno(tty), TCSAFLUSH, &hidden); /* first: it drops what was typed before */
    fprintf(tty, "Password of the proxy's user %s: ", w->user);
    fflush(tty);
    bool there = fgets(w->password, sizeof w->password, tty) != NULL;
    tcsetattr(fileno(tty), TCSAFLUSH, &shown);
    fputs("\n", tty);
    fclose(tty);
    w->password[strcspn(w->password, "\r\n")] = '\0';
    w->has_password = there;
    return there || trouble("no password was typed") == EXIT_NONE_FOUND;
}

static bool ready(const struct tunnel_way *w)
{
    struct err err = { 0 };
    return tunnel_ready(w, &err) || trouble("%s", err.text) == EXIT_NONE_FOUND;
}

/* All options are known: which proxy, if any. Whose login counts: --proxy-user, else the URL's. */
bool proxy_settle(struct proxy_options *o, const char *ca)
{
    const char *url = o->given ? NULL : proxy_of_environment();
    struct err  err = { 0 };
    if (o->direct && o->none)
        return trouble("--direct compares the way through a proxy with the direct one; there is no proxy with --proxy none") == EXIT_NONE_FOUND;
    if (url != NULL && !tunnel_way_parse(url, &o->way, &err))
        return trouble("the proxy of the environment (https_proxy, all_proxy): %s", err.text) == EXIT_NONE_FOUND;
    o->used = (o->given && !o->none) || url != NULL;
    if (!o->used && (o->user_given || o->auth_given || o->direct || o->ca != NULL))
        return trouble("%s is for a proxy; name it with --proxy URL", o->user_given   ? "--proxy-user"
                                                                      : o->auth_given ? "--proxy-auth"
                                                                      : o->direct     ? "--direct" : "--proxy-ca") == EXIT_NONE_FOUND;
    if (!o->used)
        return true;
    if (o->user_given) {
        memcpy(o->way.user, o->login.user, sizeof o->way.user);
        memcpy(o->way.password, o->login.password, sizeof o->way.password);
        o->way.has_user = true;
        o->way.has_password = o->login.has_password;
    }
    if (o->user_given && !o->way.has_password && o->auth != PROXY_AUTH_NEGOTIATE && !ask_password(&o->way))
        return false;
    bool needs_password = o->auth == PROXY_AUTH_BASIC || o->auth == PROXY_AUTH_DIGEST || o->auth == PROXY_AUTH_NTLM;
    if (needs_password && !o->way.has_user)
        return trouble("--proxy-auth %s needs --proxy-user USER:PASSWORD", proxy_auth_name(o->auth)) == EXIT_NONE_FOUND;
    if (o->auth_given && !proxy_is_http(o->way.kind))
        return trouble("--proxy-auth is for http and https proxies; a SOCKS proxy takes --proxy-user") == EXIT_NONE_FOUND;
    o->way.auth = o->auth;
    o->way.ca = o->ca != NULL ? o->ca : ca;
    return ready(&o->way);
}

void proxy_forget(struct proxy_options *o)
{
    tunnel_way_wipe(&o->way);
    tunnel_way_wipe(&o->login);
}

const struct tunnel_way *proxy_for(const struct proxy_options *o, const char *host)
{
    const char *list = o->noproxy != NULL ? o->noproxy : no_proxy_of_environment();
    return o->used && !no_proxy_covers(list, host) ? &o->way : NULL;
}

/* ------------------------------------------------------------------------------------ logging on */

static bool offered(const struct handshake *h, enum proxy_auth auth)
{
    const struct byte_list *list = &h->prelude.schemes;
    enum proxy_auth         one;
    for (size_t i = 0; i < list->n; i++) {
        char word[32];
        snprintf(word, sizeof word, "%.*s", (int)(list->v[i].n < 31 ? list->v[i].n : 31), (const char *)list->v[i].p);
        if (proxy_auth_named(word, &one) && one == auth)
            return true;
    }
    return false;
}

/* The scheme to try after this answer: the strongest that the proxy offers and that was not tried. None: PROXY_AUTH_NONE. */
enum proxy_auth proxy_next_auth(const struct proxy_options *o, const struct handshake *h, unsigned *tried)
{
    enum { LOGIN_WANTED = 407 };
    if (h->prelude.status != LOGIN_WANTED || o->auth_given || !o->way.has_user)
        return PROXY_AUTH_NONE;
    for (int auth = PROXY_AUTHS - 1; auth > PROXY_AUTH_NONE; auth--) {
        if ((*tried & 1u << auth) != 0 || !offered(h, (enum proxy_auth)auth))
            continue;
        *tried |= 1u << auth;
        return (enum proxy_auth)auth;
    }
    return PROXY_AUTH_NONE;
}
