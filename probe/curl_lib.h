/* curl_lib.h - libcurl by its stable binary interface: the numbers of its options never change (curl.se/libcurl/abi.html),
 * so no header of it is needed to build this. It is loaded when it is first wanted: nothing else pays for it, and a machine
 * without it loses only what needs it. For probe/fetch_curl.c and probe/tunnel.c. */
#ifndef TLSWHY_PROBE_CURL_LIB_H
#define TLSWHY_PROBE_CURL_LIB_H

#include "tlswhy/base.h"

typedef void curl_handle;
typedef void curl_multi;
struct curl_list; /* curl_slist */
struct curl_message { /* CURLMsg */
    int          what;
    curl_handle *of;
    union {
        void *any;
        int   result;
    } data;
};

/* Options below 10000 take a long, from 10000 on a pointer, from 20000 on a function. */
enum curl_option {
    CURL_VERBOSE = 41, CURL_FOLLOWLOCATION = 52, CURL_HTTPPROXYTUNNEL = 61, CURL_NOSIGNAL = 99, CURL_PROXYTYPE = 101, CURL_PROXYAUTH = 111,
    CURL_CONNECT_ONLY = 141, CURL_TIMEOUT_MS = 155, CURL_CONNECTTIMEOUT_MS = 156, CURL_PROTOCOLS = 181, CURL_SOCKS5_AUTH = 267,
    CURL_WRITEDATA = 10001, CURL_URL = 10002, CURL_PROXY = 10004, CURL_PROXYUSERPWD = 10006, CURL_ERRORBUFFER = 10010, CURL_USERAGENT = 10018,
    CURL_HEADERDATA = 10029, CURL_DEBUGDATA = 10095, CURL_SOCKOPTDATA = 10149, CURL_OPENSOCKETDATA = 10164, CURL_PROXYUSERNAME = 10175,
    CURL_PROXYPASSWORD = 10176, CURL_NOPROXY = 10177, CURL_RESOLVE = 10203, CURL_PROXY_CAINFO = 10246, CURL_PROXY_CAPATH = 10247,
    CURL_WRITEFUNCTION = 20011, CURL_HEADERFUNCTION = 20079, CURL_DEBUGFUNCTION = 20094, CURL_SOCKOPTFUNCTION = 20148, CURL_OPENSOCKETFUNCTION = 20163
};
enum curl_multi_option { CURL_MULTI_SOCKETDATA = 10002, CURL_MULTI_TIMERDATA = 10005, CURL_MULTI_SOCKETFUNCTION = 20001, CURL_MULTI_TIMERFUNCTION = 20004 };
enum curl_info {
    CURL_INFO_CONNECTCODE = 0x200016, CURL_INFO_OS_ERRNO = 0x200019, CURL_INFO_PROXY_ERROR = 0x20003b, CURL_INFO_ACTIVESOCKET = 0x50002c
};
enum { CURL_PROTO_HTTP = 1, CURL_PROTO_HTTPS = 2 };
enum { CURL_AUTH_NONE = 0, CURL_AUTH_BASIC = 1, CURL_AUTH_DIGEST = 2, CURL_AUTH_NEGOTIATE = 4, CURL_AUTH_NTLM = 8 };
enum { CURL_OK = 0, CURL_AGAIN = 81, CURL_ERROR_SIZE = 256, CURL_MESSAGE_DONE = 1 };
enum { CURL_POLL_IN = 1, CURL_POLL_OUT = 2, CURL_POLL_REMOVE = 4, CURL_POLL_ERR = 4 };

struct curl_lib {
    curl_handle *(*init)(void);
    int (*setopt)(curl_handle *, int option, ...);
    int (*perform)(curl_handle *);
    void (*cleanup)(curl_handle *);
    const char *(*strerror)(int);
    int (*getinfo)(curl_handle *, int info, ...);
    int (*send)(curl_handle *, const void *, size_t, size_t *);
    int (*recv)(curl_handle *, void *, size_t, size_t *);
    struct curl_list *(*list_append)(struct curl_list *, const char *);
    void (*list_free)(struct curl_list *);
    curl_multi *(*multi_init)(void);
    int (*multi_setopt)(curl_multi *, int option, ...);
    int (*multi_add)(curl_multi *, curl_handle *);
    int (*multi_remove)(curl_multi *, curl_handle *);
    int (*multi_action)(curl_multi *, int fd, int what, int *running); /* fd -1: a time that is due */
    struct curl_message *(*multi_read)(curl_multi *, int *left);
    int (*multi_cleanup)(curl_multi *);
};
/* NULL: err says what to install. */
const struct curl_lib *curl_lib(struct err *err);

#endif
