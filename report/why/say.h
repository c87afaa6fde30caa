/* say.h - what the rules share: how far a handshake got, how it ended, which neighbours tell more, and the words for
 * all that. Pure functions of the case; texts live in its arena. */
#ifndef TLSWHY_SAY_H
#define TLSWHY_SAY_H

#include "rules.h"

/* How far it got, as far as encryption lets see. */
enum stage {
    STAGE_NONE,   /* no whole ClientHello */
    STAGE_HELLO,  /* a ClientHello; of the server at most an alert */
    STAGE_RETRY,  /* HelloRetryRequest and no ServerHello after it */
    STAGE_ANSWER, /* a ServerHello */
    STAGE_FLIGHT, /* the server went on: Certificate, ServerHelloDone or, in TLS 1.3, encrypted records */
    STAGE_REPLY,  /* to TLS 1.2: the client accepted that flight and sent its keys */
    STAGE_DONE    /* established */
};
enum stage stage_of(const struct handshake *h);

/* Who ended it first, and how: the alert if there was one, else the close. */
enum end_how { END_NONE, END_ALERT, END_WARNING, END_HIDDEN_ALERT, END_FIN, END_RST };
struct ending {
    enum side by;
    enum end_how how;
    int number; /* of an alert in clear; ALERT_NONE otherwise */
    const struct alert *alert;
    struct place where;
};
struct ending ending_of(const struct handshake *h);

/* Did the client walk away from the server's certificate, and how does it show? refusal.h */
enum refusal_when {
    REFUSED_NOT,
    REFUSED_AT_FLIGHT, /* right after the server's flight, before sending keys: where most stacks check */
    REFUSED_AT_REPLY,  /* with or after its own Finished, before the server's (NSS) */
    REFUSED_AFTER /* the handshake completed and the client left without sending data (Node, checks by the program) */
};
struct refusal {
    enum refusal_when when;
    struct ending how;
    bool hidden; /* the certificate itself is not to be seen (TLS 1.3) */
};

/* How it went: what most rules look at first. */
struct course {
    enum stage stage;
    struct ending end;
    struct refusal refusal;
    const struct crossing *fault; /* certificate.c: what is wrong with the chain and explains that refusal; NULL: nothing */
    const struct chain_problem *problem; /* the same in the judge's words */
};
void course_of(const struct handshake *h, struct course *went);

bool ended_by(const struct ending *e, enum side side);
/* An alert in clear by that side with this number ended it. */
bool ended_by_alert(const struct ending *e, enum side side, int number);
bool ended_silently(const struct ending *e); /* FIN or RST and no alert */

/* "the server sent the fatal alert handshake_failure (40)", "the client closed the connection without an alert". */
const char *ending_words(const struct case_file *c, const struct ending *e);
/* The same where nothing but the end itself is said: "alert handshake_failure (40)", "a FIN without an alert". */
const char *ending_noun(const struct case_file *c, const struct ending *e);
const char *version_words(const struct case_file *c, uint16_t version);
/* "TLS 1.0 to TLS 1.2", "TLS 1.3 only", "at most TLS 1.2" (where the lowest is not told). */
/* protocol.c: what the ServerHello may not say to this ClientHello; NULL = nothing. */
const char *answer_fault(const struct case_file *c);
const char *offer_words(const struct case_file *c);
/* The name asked for, made harmless; `none` where the hello has none. */
const char *asked_name(const struct case_file *c, const char *none);

bool sent(const struct handshake *h, enum side side, unsigned type);  /* a message of that type, in time */
bool flight_whole(const struct handshake *h);                         /* ServerHelloDone, in time */
bool server_spoke(const struct handshake *h);                         /* TLS from the server before the first close */
bool server_plain(const struct handshake *h);                         /* the server's bytes are no TLS, and no alert came before them */
bool alert_instead_of_hello(const struct handshake *h);               /* the first TLS there is: the client's fatal alert */
bool server_late(const struct handshake *h);                          /* TLS from the server after it */
/* Is the close a reset that acknowledges nothing? It answers a packet of a connection that its sender does not know, or no more
 * (RFC 9293 section 3.10.7.1); an end that drops a connection of its own acknowledges what it had. */
bool reset_by_stranger(const struct handshake *h);
bool sent_unseen(const struct handshake *h, enum side side);          /* bytes or a FIN that are not in the capture */
int64_t ns_between(const struct place *from, const struct place *to); /* -1 where one was not seen */
/* From SYN to SYN-ACK, ns; -1 where one of them was sent again, which makes it longer than a round trip takes, or not seen. */
int64_t round_trip(const struct handshake *h);

/* Whose certificates a server that asks for one takes, and whether the one sent is from them: sentences, or "" where it names no
 * authority. */
const char *authorities_words(const struct case_file *c);

/* Offers, GREASE and signalling values left out. */
size_t real_suites(const struct client_hello *hello);
size_t real_values(const struct u16s *list);
bool offers_13(const struct handshake *h);
bool only_13(const struct handshake *h); /* nothing below TLS 1.3 */
bool any_suite(const struct client_hello *hello, bool (*fits)(const struct suite *s));
bool suite_of_today(const struct suite *s);                          /* not weak, not anonymous, not 3DES */
bool any_sigalg(const struct client_hello *hello, enum sig_key key); /* for such a key, SHA-2 or better */

/* Neighbours. `fits` gets the case's own fact, too. */
typedef bool peer_test(const struct case_file *c, const struct peer_fact *own, const struct peer_fact *other);
const struct peer_fact *find_peer(const struct case_file *c, peer_test *fits); /* of the same server */
const struct peer_fact *find_client_peer(const struct case_file *c, peer_test *fits);
size_t count_peers(const struct case_file *c, peer_test *fits);
void cite_peer(const struct case_file *c, struct finding *f, const struct peer_fact *p, uint64_t frame,
               const char *note);
void cite_elsewhere(const struct case_file *c, struct finding *f, uint32_t stream, uint64_t frame, const char *what,
                    const char *label, const char *note);

/* Fills a finding and gives true, so that a rule can end with it. Cites the story, the ending decides unless
 * f->decisive is set, and what the stage rules out is listed. */
bool say(const struct case_file *c, struct finding *f, enum blame side, enum sure sure, const char *because,
         const char *why);
#define WORDS(c, ...) ((c)->brief ? "" : arena_printf((c)->arena, __VA_ARGS__))
/* Causes to name as alternatives: ALSO(f, "cipher-mismatch", "group-mismatch"). */
#define ALSO(f, ...)      add_causes((f)->alternatives, &(f)->alternatives_n, (const char *const[]){ __VA_ARGS__, NULL })
#define NOT_THESE(f, ...) add_causes((f)->ruled_out, &(f)->ruled_out_n, (const char *const[]){ __VA_ARGS__, NULL })
void add_causes(const char **list, size_t *n, const char *const *causes);

#endif
