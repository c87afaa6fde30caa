/* packet_options.h - what everything takes that explains handshakes in packets: read and watch. */
#ifndef TLSWHY_PACKET_OPTIONS_H
#define TLSWHY_PACKET_OPTIONS_H

#include "tlswhy/filter.h"
#include "tlswhy/keylog.h"
#include "verdicts.h"

enum {
    OPT_JSON = 256, OPT_ALL, OPT_CA, OPT_AT, OPT_COLOR, OPT_MEMORY, OPT_STREAM, OPT_IGNORE, OPT_FILTER, OPT_CERTS, OPT_CLIENT, OPT_WRITE,
    OPT_KEYLOG, OPT_ANNOTATE, OPT_NO_SANDBOX, OPT_HTML, OPT_OWN /* a command's own options count from here */
};

struct packet_options {
    struct verdict_options verdicts;
    struct arena           arena; /* what an option's value was made into */
    struct client_match    client;
    const char            *write, *annotate;
    struct filter         *filter;
    struct keylog         *keylog; /* of --keylog, and of the captures' own secrets blocks */
    size_t                 memory;
    bool                   memory_given; /* then it bounds the whole program, else what is kept of connections */
    bool                   no_sandbox;
};

struct packet_options packet_options_new(void);
/* False: trouble was said. An option that is none of these changes nothing. */
bool packet_option(struct packet_options *o, int id, const char *value);
/* --write, --certs: is there a folder of this name? False: trouble was said. */
bool folder_there(const char *option, const char *dir);
void packet_options_free(struct packet_options *o);

#endif
