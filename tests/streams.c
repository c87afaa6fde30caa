/* streams - the stream number of every packet of a capture, a line each: FRAME t|u STREAM. For streams_random.py. */
#include "tlswhy/capture.h"
#include "tlswhy/flows.h"

#include <inttypes.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    struct err        err = { "" }, odd = { "" };
    struct packet     p;
    struct wire_event ev;
    uint32_t          stream = 0;
    bool              datagram = false;
    struct capture   *c = argc == 2 ? capture_open(argv[1], &err) : NULL;
    if (c == NULL) {
        fprintf(stderr, "%s\n", argc == 2 ? err.text : "usage: streams CAPTURE");
        return 2;
    }
    struct flows *f = flows_new(0);
    while (capture_next(c, &p, &err)) {
        flows_packet(f, &p, &odd);
        if (flows_stream(f, &stream, &datagram))
            printf("%" PRIu64 " %c%" PRIu32 "\n", p.frame, datagram ? 'u' : 't', stream);
        while (flows_next(f, &ev))
            continue;
    }
    flows_free(f);
    capture_close(c);
    return 0;
}
