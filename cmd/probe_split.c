/* probe_split.c - probe --record-split: the same hello and request again, cut otherwise into records. */
#include "probe_parts.h"

enum { RECORD_BYTES = 64 }; /* of a hello that is cut: two or three records of a hello of TLS 1.0 */

bool ask_split(struct trial *t, struct handshake *h)
{
    struct hello_spec spec = t->first;
    t->split[t->split_n++].h = h; /* the first is SPLIT_WHOLE, the zero step */
    enum split_step next = split_next(t->split, t->split_n);
    if (next == SPLIT_DONE)
        return false;
    spec.record_max = next == SPLIT_HELLO || next == SPLIT_HELLO_AGAIN ? RECORD_BYTES : 0;
    t->split[t->split_n].step = next;
    struct probe_ask ask = trial_question(t, &spec);
    ask.split_request = next == SPLIT_DATA || next == SPLIT_DATA_AGAIN;
    trial_ask(t, &ask, split_words(next));
    return true;
}

/* What there is to split: unless the user says otherwise, a hello of TLS 1.0 with its CBC suites. */
bool shape_for_split(struct probe_options *o, const struct changes *c)
{
    static const uint32_t cbc[] = { 0xc014, 0xc00a, 0x0039, 0xc013, 0xc009, 0x0033, 0x0035, 0x002f, 0xc012, 0xc008, 0x0016, 0x000a };
    if (o->clients || o->sweep || o->raw.p != NULL)
        return trouble("--record-split goes with a plain probe; leave out --%s", o->clients ? "clients" : o->sweep ? "sweep" : "hello") == EXIT_NONE_FOUND;
    o->shaped = true;
    if (o->as != NULL)
        return true;
    if (!o->tls_given)
        hello_set_versions(&o->shape, 0x0301, 0x0301, &o->arena);
    if (c->ciphers == NULL)
        o->shape.suites = (struct u32s){ cbc, ARRAY_LEN(cbc) };
    return true;
}
