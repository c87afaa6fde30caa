/* script.h - scripted connections for tests: a file of tests/wire/ played as wire events.
 *
 *     # a comment            > 1603...   bytes of the client, one segment; a line that starts with two spaces goes on
 *     < FIN, > RST           closes      > GAP 100   bytes that were not captured
 *     ! no-syn               the capture starts in the middle */
#ifndef TLSWHY_TESTS_SCRIPT_H
#define TLSWHY_TESTS_SCRIPT_H

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tlswhy/observe.h"

struct script_player {
    struct observer  *o;
    struct tcp_facts  tcp;
    struct endpoint   ends[2];
    void             *slot;
    uint64_t          frame, at[2];
    size_t            piece;  /* segments are cut to this many bytes; 0 = as written */
    uint64_t          budget; /* events are played while it lasts; UINT64_MAX = all */
};

static inline void script_event(struct script_player *p, struct wire_event ev)
{
    p->frame++;
    ev.frame = p->frame;
    ev.ns = (int64_t)p->frame * 1000000;
    ev.ends = p->ends;
    ev.tcp = &p->tcp;
    ev.slot = &p->slot;
    enum side back = ev.from == CLIENT ? SERVER : CLIENT;
    p->tcp.acked[back] = p->at[back]; /* whoever speaks has received what came before, captured or not */
    p->tcp.last_seen[ev.from] = (struct place){ .frame = ev.frame, .ns = ev.ns };
    observe(p->o, &ev);
}

static inline void script_bytes(struct script_player *p, enum side from, const uint8_t *b, size_t n)
{
    while (n > 0 && p->budget > 0) {
        size_t now = p->piece != 0 && p->piece < n ? p->piece : n;
        now = p->budget < now ? (size_t)p->budget : now;
        uint8_t *copy = mem_get(now, 1); /* of its own size, so that a sanitizer sees every step too far */
        memcpy(copy, b, now);
        p->tcp.bytes[from] += now;
        script_event(p, (struct wire_event){ .kind = WIRE_BYTES, .from = from, .at = p->at[from], .bytes = copy, .len = now });
        free(copy);
        p->at[from] += now;
        b += now;
        n -= now;
        p->budget -= p->budget != UINT64_MAX ? now : 0;
    }
}

static inline void script_start(struct script_player *p, struct observer *o, bool syn)
{
    p->o = o;
    p->ends[CLIENT] = (struct endpoint){ .ip = { 192, 0, 2, 1 }, .ip_len = 4, .port = 49152 };
    p->ends[SERVER] = (struct endpoint){ .ip = { 192, 0, 2, 2 }, .ip_len = 4, .port = 443 };
    p->tcp.both_directions = true;
    p->tcp.start_seen[CLIENT] = p->tcp.start_seen[SERVER] = syn;
    if (syn)
        p->tcp.syn = p->tcp.syn_ack = (struct place){ .frame = 1, .ns = 1000000 };
    p->frame = syn ? 1 : 0;
    script_event(p, (struct wire_event){ .kind = WIRE_OPEN });
}

/* A directive behind > or <: FIN, RST, GAP n. */
static inline void script_directive(struct script_player *p, enum side from, const char *word)
{
    if (p->budget == 0)
        return;
    if (strncmp(word, "FIN", 3) == 0)
        script_event(p, (struct wire_event){ .kind = WIRE_FIN, .from = from, .at = p->at[from] });
    else if (strncmp(word, "RST", 3) == 0)
        script_event(p, (struct wire_event){ .kind = WIRE_RST, .from = from, .at = p->at[from] });
    else if (strncmp(word, "GAP ", 4) == 0) {
        size_t n = (size_t)strtoul(word + 4, NULL, 10);
        script_event(p, (struct wire_event){ .kind = WIRE_GAP, .from = from, .at = p->at[from], .len = n });
        p->at[from] += n;
        p->tcp.missing[from] += n;
    }
}

static inline size_t script_hex(const char *s, uint8_t *out, size_t max)
{
    size_t n = 0;
    for (; isxdigit((unsigned char)s[0]) && isxdigit((unsigned char)s[1]) && n < max; s += 2) {
        char two[3] = { s[0], s[1], '\0' };
        out[n++] = (uint8_t)strtoul(two, NULL, 16);
    }
    return n;
}

/* Plays tests/wire/NAME.hex; the handshake is the caller's. NULL: no such file. `in` says how it is to be cut. */
static inline struct handshake *script_play(const char *name, struct observer *o, size_t piece, uint64_t budget)
{
    static uint8_t       bytes[1 << 18];
    struct script_player p = { .piece = piece, .budget = budget };
    char                 path[256], line[4096];
    size_t               n = 0;
    int                  from = -1;
    bool                 syn = true, started = false;
    snprintf(path, sizeof path, "tests/wire/%s.hex", name);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return NULL;
    for (bool more = true; more;) {
        more = fgets(line, sizeof line, f) != NULL;
        if (more && line[0] == ' ') {
            n += script_hex(line + 2, bytes + n, sizeof bytes - n);
            continue;
        }
        if (!started && (!more || line[0] == '>' || line[0] == '<')) {
            script_start(&p, o, syn);
            started = true;
        }
        if (n > 0)
            script_bytes(&p, (enum side)from, bytes, n);
        n = 0;
        if (more && line[0] == '!')
            syn = false;
        if (more && (line[0] == '>' || line[0] == '<')) {
            from = line[0] == '>' ? CLIENT : SERVER;
            if (isupper((unsigned char)line[2]))
                script_directive(&p, (enum side)from, line + 2);
            else
                n = script_hex(line + 2, bytes, sizeof bytes);
        }
    }
    fclose(f);
    script_event(&p, (struct wire_event){ .kind = WIRE_END });
    return observed(o);
}

#endif
