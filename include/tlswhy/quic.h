/* quic.h - QUIC as far as its handshake can be read without secrets: the headers of all packets, and the content of Initial
 * packets, whose keys follow from what is in clear (RFC 9000, RFC 9001 section 5.2, RFC 9369; drafts 22 to 32, mvfst, T050 and
 * T051). Pure. */
#ifndef TLSWHY_QUIC_H
#define TLSWHY_QUIC_H

#include "tlswhy/keys.h"
#include "tlswhy/reader.h"
#include "tlswhy/wire.h"

enum quic_type { QUIC_INITIAL, QUIC_0RTT, QUIC_HANDSHAKE, QUIC_RETRY, QUIC_NEGOTIATION, QUIC_SHORT };

struct quic_packet {
    enum quic_type type;
    uint32_t       version;
    struct bytes   dcid, scid; /* at most 20 bytes */
    struct bytes   whole;      /* from its first byte to its last */
    size_t         number_at;  /* offset of the packet number; 0 where there is none to read */
    struct bytes   versions;   /* of a Version Negotiation packet: four bytes each */
};
/* The next packet of a datagram, `r` moved past it: several may be coalesced. False: what is left is none. */
bool quic_packet(struct reader *r, struct quic_packet *out);
/* Could this datagram begin a connection: an Initial packet of a version whose keys we can make? */
bool quic_begins(struct bytes datagram);

struct quic_keys {
    uint8_t key[16], iv[12], hp[16];
};
/* Of Initial packets of both sides, by enum side. `dcid`: the destination of the client's first Initial packet (after a
 * Retry: of the first one behind it). A reserved version may be read in several ways: `nth` counts them from 0. False: there is
 * none such. */
bool quic_initial_keys(uint32_t version, size_t nth, struct bytes dcid, struct quic_keys out[2]);
/* Opens an Initial packet into `out` (whole.n bytes of room): its frames. Gives their length, -1: not with these keys. */
ptrdiff_t quic_open(const struct quic_keys *k, const struct quic_packet *p, uint8_t *out);

enum quic_frame_kind { QUIC_CRYPTO, QUIC_CLOSE, QUIC_OTHER };
struct quic_frame {
    enum quic_frame_kind kind;
    uint64_t             at;    /* CRYPTO: offset in the stream of handshake bytes */
    struct bytes         body;  /* CRYPTO: its bytes. CLOSE: the reason, outside text */
    uint64_t             code;  /* CLOSE: error code; 0x100 + alert number for TLS's own (RFC 9001 section 4.8) */
};
/* The next frame that may stand in an Initial packet. False: the end, or one that may not. */
bool quic_frame(struct reader *r, struct quic_frame *out);

#endif
