#include "tlswhy/report.h"

#include <stdlib.h>
#include <string.h>

static int by_number(const void *a, const void *b)
{
    uint16_t x = *(const uint16_t *)a, y = *(const uint16_t *)b;
    return x < y ? -1 : x > y;
}

bool is_tls_port(uint16_t port)
{
    static const uint16_t ports[] = { /* sorted */
        261, 443, 448, 465, 563, 585, 614, 636, 684, 695, 832, 853, 854, 989, 990, 991, 992, 993, 994, 995, 2083, 2087, 2096,
        2376, 2484, 3269, 3424, 4433, 4443, 5061, 5223, 5349, 5671, 5986, 6251, 6443, 6514, 6679, 6697, 7443, 8443, 8883, 9443, 10250, 10443
    };
    return bsearch(&port, ports, ARRAY_LEN(ports), sizeof ports[0], by_number) != NULL;
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

bool shown_by_default(const struct handshake *h, const struct finding *f)
{
    const unsigned begun = KNOW_CLIENT_HELLO | KNOW_CLIENT_HELLO_PART | KNOW_SERVER_HELLO | KNOW_CERTIFICATE;
    switch (finding_result(h, f)) {
    case RESULT_FAILURE: return true;
    case RESULT_UNCLEAR: return h->known & begun || h->prelude.kind != PRELUDE_NONE || last_fatal_alert(h, SIDE_ANY) != NULL;
    default: return false;
    }
}
