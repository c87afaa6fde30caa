/* handshake.h - the observation: all that a rule or a renderer may look at. Recorded facts only; nothing
 * here is a judgement but `outcome`, which is derived once, at the end (INTERFACE.md has its definition).
 *
 * Known:  "not offered" is never "not captured". Where `known` lacks a bit, the fields it covers are zero
 *         and mean nothing. A list with p/v == NULL inside a known hello means the extension is not there.
 * Sides:  CLIENT is the TLS client, found from the content where possible.
 * Units:  bytes, ns. Numbers are as on the wire; GREASE values (RFC 8701) stay in raw lists and are
 *         passed over by max_version and the renderers.
 * Owns:   everything lives in the handshake's arena, freed with handshake_free, except `certs`, which
 *         belong to the run's certificate store (x509.h) and outlive every handshake. */
#ifndef TLSWHY_HANDSHAKE_H
#define TLSWHY_HANDSHAKE_H

#include "tlswhy/names.h"
#include "tlswhy/wire.h"
#include "tlswhy/x509.h"

enum known {
    KNOW_OPEN = 1 << 0,           /* SYN and SYN-ACK seen */
    KNOW_CLIENT_HELLO = 1 << 1,   /* whole */
    KNOW_SERVER_HELLO = 1 << 2,   /* whole */
    KNOW_CLIENT_HELLO_PART = 1 << 3, /* its start only: what could be read is filled in */
    KNOW_CERTIFICATE = 1 << 4,    /* the server's Certificate message, whole and readable */
    KNOW_CERT_REQUEST = 1 << 5,
    KNOW_CLIENT_CERT = 1 << 6,    /* a client Certificate message was sent in clear; client_certs may be empty */
    KNOW_SERVER_KEX = 1 << 7,
    KNOW_STAPLE = 1 << 8,         /* CertificateStatus */
    KNOW_CLOSE = 1 << 9,
    KNOW_BOTH_SIDES = 1 << 10,    /* frames of both directions are in the capture */
    KNOW_WHOLE_CLIENT = 1 << 11,  /* the client's stream has no hole from its first byte up to the first close */
    KNOW_WHOLE_SERVER = 1 << 12,
    KNOW_DECRYPTED = 1 << 13      /* secrets were there and messages or alerts were read with them */
};

struct u16s {
    const uint16_t *v; /* NULL = the extension or field is not there */
    size_t          n;
};
struct u32s {
    const uint32_t *v;
    size_t          n;
};
struct extension {
    uint16_t     type;
    struct bytes body;
};

enum psk_modes { PSK_KE = 1, PSK_DHE_KE = 2 };

/* Of what a hello offers, without random, session id, key shares, server name, whatever GREASE was drawn: equal offers have equal numbers. */
struct hello_digest {
    uint64_t suites, offer; /* of the suites in order; of all. 0 = not worked out */
};

/* ClientHello (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2; SSL 2.0 and its v2 format: RFC 5246 E.2). */
struct client_hello {
    struct place where;
    struct bytes raw;            /* the handshake message with its 4-byte header; v2 format: the record body */
    bool         v2_format;
    uint16_t     record_version, version; /* of its first record; legacy_version */
    uint16_t     max_version;    /* highest offered, from supported_versions where there */
    uint16_t     min_version;    /* lowest offered; without supported_versions unknown: 0 */
    struct bytes random, session_id;
    struct u32s  suites;         /* in order, signalling values included */
    struct bytes compression;
    bool         has_extensions; /* an extension block, even an empty one */
    const struct extension *ext; /* in order */
    size_t       exts;
    struct bytes sni;            /* host_name; p NULL = no server_name extension */
    struct byte_list alpn;
    struct u16s  versions, groups, sigalgs, sigalgs_cert, key_shares;
    struct bytes point_formats;
    unsigned     psk_modes;      /* bits of enum psk_modes */
    size_t       psk_identities;
    struct bytes ticket;         /* session_ticket: p NULL = not there, n 0 = asks for one */
    bool         fallback_scsv, renego_scsv, renego_info, ems, early_data, status_request, sct, ech, heartbeat, grease;
    bool         compress_cert, post_handshake_auth, padding;
    uint16_t     record_size_limit; /* 0 = not there */
    uint8_t      max_fragment;
    size_t       records, segments; /* how many TLS records and TCP segments carried it */
    const char  *malformed;      /* name of the first field that did not fit, or NULL */
    bool         duplicate_ext;
    struct hello_digest digest;  /* worked out as it was read, while it is at hand */
};

/* ServerHello, HelloRetryRequest (RFC 8446 section 4.1.3 and 4.1.4), SSL 2.0 SERVER-HELLO. */
struct server_hello {
    struct place where;
    struct bytes raw;
    uint16_t     record_version, version; /* legacy_version */
    uint16_t     chosen_version; /* from supported_versions where there */
    struct bytes random, session_id;
    uint32_t     suite;
    uint8_t      compression;
    bool         has_extensions;
    const struct extension *ext;
    size_t       exts;
    struct bytes alpn;           /* chosen protocol; p NULL = none (TLS 1.3: in EncryptedExtensions, unseen) */
    uint16_t     group;          /* key_share, or the HelloRetryRequest's selected_group; 0 = none */
    bool         psk;            /* pre_shared_key selected */
    bool         ticket, renego_info, ems, status_request, sni_ack, heartbeat;
    struct bytes point_formats;
    enum { DOWNGRD_NONE, DOWNGRD_TLS12, DOWNGRD_TLS11 } downgrade; /* RFC 8446 section 4.1.3 sentinels */
    const char  *malformed;
    bool         duplicate_ext;
    bool         unoffered_ext;  /* an extension the client had not offered */
    bool         session_id_hit; /* SSL 2.0 */
};

/* ServerKeyExchange (RFC 4492 section 5.4, RFC 5246 section 7.4.3). */
struct server_kex {
    struct place where;
    enum kex     kind;           /* KEX_ECDHE, KEX_DHE or other */
    uint16_t     group;          /* named curve */
    unsigned     dh_bits;        /* of the prime, leading zeros not counted */
    uint16_t     sigalg;         /* TLS 1.2: scheme that signed it; 0 = older or none */
    struct bytes params, signature; /* what it signs after both randoms; the signature */
    enum sig_check verified;     /* by the leaf's key; SIG_UNCHECKED where not tried */
    enum sig_check as_before;    /* where not tried: what several others under this key had come to, one after the other */
};

struct cert_request {
    struct place where;
    struct bytes types;          /* certificate_types; TLS 1.3: NULL */
    struct u16s  sigalgs;
    size_t       authorities;    /* number of CA names */
    struct byte_list ca_names;   /* DER, at most 32 */
};

struct alert {
    struct place where;
    enum side    from;
    uint8_t      level, number;  /* as sent; encrypted: 0 */
    bool         encrypted;      /* known by its size and place only */
    bool         decrypted;      /* encrypted on the wire, and read with its keys: level and number are known */
    bool         after_close;    /* after the first close, or after the handshake was finished */
    bool         after_established;
};

/* What was sent, for ladders, history and comparison. `type` is the handshake type, or one of these. */
enum message_type {
    MSG_HELLO_VERIFY_REQUEST = 3, /* DTLS (RFC 6347 section 4.2.1) */
    MSG_CHANGE_CIPHER_SPEC = 0x114, MSG_ALERT = 0x115, MSG_APPLICATION_DATA = 0x117, MSG_HEARTBEAT = 0x118,
    MSG_ENCRYPTED_HANDSHAKE = 0x116, /* type 22 under encryption (TLS <= 1.2) */
    MSG_ENCRYPTED = 0x120,           /* TLS 1.3: type 23 before the handshake is known to be over */
    MSG_UNKNOWN = 0x121, MSG_HELLO_RETRY_REQUEST = 0x122,
    MSG_V2 = 0x200                   /* + SSL 2.0 message type */
};
struct message {
    struct place where;
    enum side    from;
    uint16_t     type;
    uint16_t     version; /* of its record */
    bool         late;    /* after the first close in capture order */
};

enum prelude_kind { PRELUDE_NONE, PRELUDE_CONNECT, PRELUDE_STARTTLS, PRELUDE_SOCKS, PRELUDE_PROXY_PROTOCOL };

/* What came before TLS on the connection. */
struct prelude {
    enum prelude_kind kind;
    const char  *protocol;       /* "http-connect", "smtp", "imap", "pop3", ...: a row of dissect/names/starttls.tsv */
    struct place asked, answered;
    struct bytes host;           /* CONNECT target or SOCKS destination */
    uint16_t     port;
    int          status;         /* HTTP status, SMTP code, SOCKS reply; 0 = none seen */
    struct bytes answer;         /* first line of the answer, outside bytes */
    struct bytes server;         /* Server, Via or Proxy-Agent header, or the banner */
    struct bytes location;       /* of a 3xx */
    struct bytes user_agent;
    struct bytes client;         /* PROXY header: the address it names as the real client */
    struct byte_list schemes;    /* Proxy-Authenticate scheme names, as written */
    struct bytes sent_scheme;    /* Proxy-Authorization scheme the client sent (never the secret); p NULL = none */
    unsigned     tries;          /* CONNECT requests on this connection */
    bool         accepted;       /* the peer said yes: TLS is due next */
    bool         refused;        /* it said no */
    bool         not_offered;    /* STARTTLS: the capability list lacks it */
    bool         asked_for_tls;  /* the client sent STARTTLS / CONNECT */
    bool         offered;        /* STARTTLS: the server said that it can */
    bool         plain_on;       /* no TLS was agreed and the client went on in plain text */
    bool         auth_failed;    /* the proxy wants a login: 407, no SOCKS method in common, or the login was refused */
};

/* First bytes that are no TLS, where TLS was to be expected. */
struct plain {
    struct place where;
    struct bytes start;      /* at most 256 bytes of it */
    const char  *protocol;   /* "http", "smtp", "ssh", ... or NULL = not recognised */
};

/* Of a QUIC connection, in clear (RFC 9000 section 17.2). */
struct quic_facts {
    uint32_t     version;  /* of the client's first Initial packet; 0 = no QUIC */
    bool         retry;    /* the server asked for a token */
    struct u32s  offered;  /* what a Version Negotiation packet lists; v NULL = none came */
    struct place offered_at;
};

enum close_how { CLOSE_NONE, CLOSE_FIN, CLOSE_RST };

struct closing {
    enum side      by;
    enum close_how how;
    struct place   where;
    struct segment seg;
    uint64_t       acked;      /* bytes of the other side that it acknowledges: they came before it, whenever captured; 0 unknown */
    bool           acks;       /* that number is known, 0 too: what lies beyond it had not reached the closer */
    int64_t        since_peer; /* ns since the other side's last payload or, without one, its last segment; -1 unknown */
};

enum outcome {
    OUTCOME_ESTABLISHED, OUTCOME_ABORTED_BY_CLIENT, OUTCOME_ABORTED_BY_SERVER, OUTCOME_RESET_BY_CLIENT,
    OUTCOME_RESET_BY_SERVER, OUTCOME_NO_SERVER_HELLO, OUTCOME_INCOMPLETE, OUTCOME_NOT_TLS, OUTCOME_NOT_OPENED,
    OUTCOME_STOPPED /* by us: a probe that saw the server's whole flight and hung up */
};

#define ENC_KEPT 8 /* first encrypted records kept a side */

/* How far one side got, and how much it sent under encryption. */
struct side_progress {
    bool     ccs;              /* ChangeCipherSpec */
    bool     finished_seen;    /* an encrypted handshake record after CCS (<= 1.2), or Finished in clear (NULL suites);
                                * TLS 1.3: encrypted records that are no alert, the client's after the server's */
    struct place ccs_at, finished_at;
    size_t   enc_records;      /* records under encryption, alerts included */
    uint32_t enc_len[ENC_KEPT]; /* record body lengths of the first of them */
    struct place enc_where[ENC_KEPT];
    uint8_t  enc_type[ENC_KEPT]; /* 21, 22 or 23 */
    size_t   app_records;      /* application data after the handshake was over, as far as it shows */
    uint64_t app_bytes;        /* of record bodies */
    struct place first_app, last_tls;
    size_t   handshake_bytes;
};

/* What a probe knows of its own attempt, for renderers. */
struct probed {
    const char *target;   /* HOST:PORT */
    const char *typed;    /* the same as the user wrote it */
    const char *as;       /* whose hello */
    const char *starttls; /* the protocol that was to lead to TLS; NULL = none */
    const char *changed;  /* what is asked differently than at first; NULL = nothing */
    unsigned    attempt;  /* 1.. of this target */
    unsigned    unopened, untried; /* other addresses of the name: that did not open, that were not needed */
    const char *direct;   /* why the server was not asked without the proxy, though that was wanted; NULL = it was, or was not wanted */
    bool        final;    /* it answers the question */
    bool        own_certificate; /* there was a client certificate to send, */
    bool        hybrid_only; /* the same hello without X25519MLKEM768 was refused: that group hides the server's certificate from us */
    bool        unsteady;    /* the same hello was refused before: chance, or servers that take turns */
    bool        kept_back;       /* and it was not sent: the server takes none of the schemes that its key signs with */
};

struct fetch;
/* A probe's way through a proxy, beside what was said on it (struct prelude). */
enum way_trouble {
    WAY_FINE,
    WAY_REFUSED,     /* the proxy said no: the prelude has its words */
    WAY_CLOSED,      /* it hung up before it answered, or answered something else than a proxy does */
    WAY_RESET,
    WAY_CERTIFICATE, /* https://: its own certificate did not verify */
    WAY_NO_TLS,      /* https://: no handshake with it */
    WAY_NO_PROXY,    /* what it said is none of the protocol that a proxy of this kind speaks */
    WAY_NAME,        /* socks4, socks5: the server's name could not be looked up here */
    WAY_LOGIN,       /* the login could not be made here: no Kerberos ticket */
    WAY_BROKEN       /* anything else, in `words` */
};
struct way {
    const char      *proxy;   /* "https://proxy.example:8080"; never with a login */
    const char      *login;   /* scheme that was used to log on; NULL = none */
    enum way_trouble trouble;
    const char      *words;   /* the library's about it, outside bytes; "" = none */
};

/* The answer to one HTTP request that a probe sent inside a finished handshake. */
struct inside {
    bool         finished;    /* the handshake of the request was */
    uint16_t     version;     /* that it was made with; it is another handshake than the one that was looked at */
    int          status;      /* of HTTP; 0 = no answer that is HTTP */
    struct bytes line;        /* its status line, outside bytes */
    struct bytes server;      /* Server, Via or Proxy-Agent header */
    struct bytes reason;      /* what the page says was wrong, as far as it was found; outside bytes */
    struct bytes error;       /* what a proxy calls the trouble in a header of its own (X-Squid-Error) */
    bool         intercepted; /* the certificate is not the one that the server shows when it is asked directly */
    const char  *trouble;     /* why there is no answer; NULL = there is one */
};

struct chain;         /* what the chain judge said: trust.h; set by cmd, NULL = not judged */
struct client_match;  /* profiles that the hello fits: profile.h; NULL = not looked up */

struct handshake {
    struct arena      arena;
    const char       *file;       /* capture it came from, or NULL */
    uint32_t          stream;
    bool              datagram;   /* UDP */
    struct endpoint   ends[2];
    int64_t           start_ns, end_ns;
    struct place      first, last; /* first and last frame of the connection */
    unsigned          known;      /* bits of enum known */
    enum outcome      outcome;

    struct tcp_facts  tcp;
    bool              refused, unreachable, timed_out, stopped_by_us;
    int               code;       /* of WIRE_UNREACHABLE or a socket error */
    struct place      error_at;
    bool              at_end_of_capture; /* the connection was still open when the capture ended */
    int64_t           capture_left; /* ns between its last frame and the end of the capture */

    struct prelude    prelude;
    struct quic_facts   quic;
    struct plain      plain[2];   /* per side; start.p NULL = none */
    const struct fetch *fetches;  /* plain HTTP for a root list and the like (fetch.h), in order */
    size_t            fetch_n;
    bool              tls_seen[2]; /* at least one TLS record (or v2 hello) of this side */

    struct client_hello hello;
    struct client_hello hello2;   /* after HelloRetryRequest; where.frame or raw.p tell whether there */
    struct server_hello answer;
    struct server_hello retry;    /* HelloRetryRequest */
    struct server_kex   kex;
    struct cert_request cert_request;
    struct cert       **certs;    /* the server's, in the order sent */
    size_t              cert_count, certs_dropped;
    struct place        certs_at;
    struct cert       **client_certs;
    size_t              client_cert_count;
    struct place        client_certs_at;
    struct bytes        staple;   /* OCSPResponse, DER */
    uint16_t            client_verify_sigalg; /* CertificateVerify of the client, 0 = none or pre-1.2 */
    struct place        hello_done; /* ServerHelloDone, whole */
    struct bytes        new_ticket; /* NewSessionTicket, the first: its body; p NULL = not seen */
    bool                resumed;  /* agreed: session id echoed, ticket or PSK taken, as far as visible */

    struct message     *messages; /* at most 128 */
    size_t              message_count, messages_dropped;
    struct alert       *alerts;   /* at most 16 */
    size_t              alert_count, alerts_dropped;
    struct side_progress side[2];
    bool                unopened; /* TLS 1.3: there were secrets, and a record of the server's did not open with them */
    size_t              oversized[2]; /* bytes of handshake messages passed over for their size */
    const char         *malformed[2]; /* first field that did not fit in a handshake message of this side */
    struct place        malformed_at[2];
    bool                record_split; /* the client's first application data record(s) show the 1/n-1 split */

    struct closing      close;    /* the first FIN or RST */
    struct closing      close2;   /* the first close of the other side */
    struct place        last_before_close[2]; /* last TLS message of each side before the first close */

    char                ja3[33], ja3s[33], ja4[40]; /* filled by handshake_fingerprints */
    struct handshake   *again;    /* renegotiation on the same connection, in order */
    size_t              renegotiations;

    struct bytes        dns_name; /* what DNS answers in the capture call the server's address; p NULL = none. Set by
                                   * cmd where the client asked for no name; outlives the handshake */
    const struct chain        *chain;
    const struct client_match *client;
    const struct probed       *probed; /* NULL: seen in a capture */
    const struct way          *way;    /* a probe's through a proxy; NULL: none */
    const struct inside       *inside; /* NULL: no request was sent inside */
    const struct session      *session; /* of a probe that went on to its end for it; NULL: none (session.h) */
};

static inline bool knows(const struct handshake *h, unsigned bits) { return (h->known & bits) == bits; }

struct handshake *handshake_new(void); /* all zero */
void        handshake_free(struct handshake *h);
void        handshake_leave(struct handshake *h); /* frees the struct alone: a copy of it lives on with all that it points to */
const char *outcome_name(enum outcome o); /* "aborted_by_client" */

/* Was it there when the connection was first closed? All that a side sends comes before its FIN, and what the closer
 * acknowledges came before its close, even where the capture shows a later copy; what it does not acknowledge had not
 * reached it, even where the capture, nearer to the sender, shows it before. Else frame order decides, or, without
 * frames (a socket), time. Where both are there and disagree by less than a second, time does: an interface with several queues
 * writes packets out of order. */
bool before_close(const struct handshake *h, enum side from, const struct place *p);

/* Are bytes of this side missing that the other end never had either? It was heard afterwards and acknowledged nothing behind
 * the hole: so they were lost on the way, not by the capture. */
bool lost_on_the_way(const struct handshake *h, enum side s);

/* The last fatal alert in clear before (or as) the end, of one side or, with SIDE_ANY, of either. NULL: none. */
#define SIDE_ANY (-1)
const struct alert *last_fatal_alert(const struct handshake *h, int side);
/* An alert of any level and kind by that side before the handshake was over; encrypted ones too. */
const struct alert *alert_before_end(const struct handshake *h, int side);

struct hello_digest hello_digest(const struct client_hello *c);

/* Negotiated version: the ServerHello's, 0 = none. */
uint16_t handshake_version(const struct handshake *h);
bool     offers_suite(const struct client_hello *c, uint32_t id);
bool     offers_group(const struct client_hello *c, uint16_t id);
bool     offers_sigalg(const struct client_hello *c, uint16_t id);
bool     offers_version(const struct client_hello *c, uint16_t version); /* also by client_version where no list */
bool     has_ext(const struct client_hello *c, uint16_t type);

/* Checks the ServerKeyExchange signature with the leaf's key into kex.verified; costs milliseconds, so only
 * those ask who have a failure to explain. */
void handshake_check_kex(struct handshake *h);

/* JA3, JA3S, JA4 into the handshake. Digests cost, so only a renderer that prints them asks. */
void handshake_fingerprints(struct handshake *h);
/* Letters of Zeek's ssl_history into buf (client upper-case). */
void handshake_history(const struct handshake *h, char *buf, size_t size);
/* Community ID v1 (seed 0) of the connection. */
void handshake_community_id(const struct handshake *h, char buf[48]);
const char *endpoint_text(const struct endpoint *e, char buf[64]);    /* "10.0.0.1:443", "[2001:db8::1]:443" */
const char *endpoint_ip_text(const struct endpoint *e, char buf[64]); /* without the port */

#endif
