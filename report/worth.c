#include "tlswhy/report.h"

bool is_tls_port(uint16_t port)
{
    switch (port) {
    case 261: case 443: case 448: case 465: case 563: case 585: case 614: case 636: case 684: case 695:
    case 832: case 853: case 854: case 989: case 990: case 991: case 992: case 993: case 994: case 995:
    case 2083: case 2087: case 2096: case 2376: case 2484: case 3269: case 3424: case 4433: case 4443:
    case 5061: case 5223: case 5349: case 5671: case 5986: case 6251: case 6443: case 6514: case 6679:
    case 6697: case 7443: case 8443: case 8883: case 9443: case 10250: case 10443:
        return true;
    default:
        return false;
    }
}

/* A connection that never opened is about TLS where its port says so, or its server or port is seen to speak
 * TLS elsewhere in the input; or where the input holds nothing else: then somebody captured this trouble. */
static bool meant_for_tls(const struct handshake *h, const struct peers *others)
{
    enum { FEW = 16 };
    if (is_tls_port(h->ends[SERVER].port) || peers_speaks_tls(others, &h->ends[SERVER]) ||
        peers_port_speaks_tls(others, h->ends[SERVER].port))
        return true;
    const struct peer_sums *sums = others != NULL ? peers_sums(others) : NULL;
    return sums != NULL && sums->connections == sums->not_opened && sums->connections <= FEW;
}

/* Plain text to a port of TLS, or from one whose server speaks TLS to others. */
static bool plain_on_tls_port(const struct handshake *h, const struct peers *others)
{
    bool spoke = h->plain[CLIENT].start.p != NULL || h->plain[SERVER].start.p != NULL;
    return spoke && (is_tls_port(h->ends[SERVER].port) || peers_speaks_tls(others, &h->ends[SERVER]));
}

bool worth_showing(const struct handshake *h, const struct peers *others)
{
    if (h->tls_seen[CLIENT] || h->tls_seen[SERVER] || h->known & (KNOW_CLIENT_HELLO | KNOW_CLIENT_HELLO_PART | KNOW_SERVER_HELLO))
        return true;
    if (h->prelude.kind != PRELUDE_NONE && (h->prelude.asked_for_tls || h->prelude.kind == PRELUDE_CONNECT || h->prelude.not_offered))
        return true;
    switch (h->outcome) {
    case OUTCOME_NOT_OPENED: return meant_for_tls(h, others);
    case OUTCOME_NOT_TLS: return plain_on_tls_port(h, others) || h->fetch_n != 0;
    default: return true;
    }
}

bool surely_other(const struct handshake *h)
{
    static const char bad_request[] = "HTTP/1.? 400"; /* what a TLS port answers to a plain request */
    struct bytes said = h->plain[SERVER].start;
    if (h->outcome == OUTCOME_NOT_TLS && h->prelude.kind == PRELUDE_NONE && said.p == NULL && h->plain[CLIENT].start.p == NULL)
        return true; /* nobody said a word */
    if (h->outcome != OUTCOME_NOT_TLS || h->prelude.kind != PRELUDE_NONE || is_tls_port(h->ends[SERVER].port) || said.p == NULL)
        return false;
    bool refused = said.n >= sizeof bad_request - 1;
    for (size_t i = 0; refused && i < sizeof bad_request - 1; i++)
        refused = bad_request[i] == '?' || said.p[i] == (uint8_t)bad_request[i];
    return !refused && h->fetch_n == 0;
}

bool shown_by_default(const struct handshake *h, enum result result)
{
    const unsigned begun = KNOW_CLIENT_HELLO | KNOW_CLIENT_HELLO_PART | KNOW_SERVER_HELLO | KNOW_CERTIFICATE;
    switch (result) {
    case RESULT_FAILURE: return true;
    case RESULT_UNCLEAR: return h->known & begun || h->prelude.kind != PRELUDE_NONE || last_fatal_alert(h, SIDE_ANY) != NULL;
    default: return false;
    }
}
