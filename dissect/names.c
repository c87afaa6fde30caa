/* names.c - look-ups in the tables of dissect/names/, all constant and sorted by number. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tlswhy/names.h"

/* Every table's row begins with its number, so one search serves them all. */
struct row {
    uint32_t    id;
    const char *name;
};

static const struct row versions[] = {
#define VERSION(id, name, rank) { id, name },
#include "gen/versions.inc"
#undef VERSION
};
static const uint16_t version_ranks[] = {
#define VERSION(id, name, rank) rank,
#include "gen/versions.inc"
#undef VERSION
};
static const struct row groups[] = {
#define GROUP(id, name) { id, name },
#include "gen/groups.inc"
#undef GROUP
};
static const struct row extensions[] = {
#define EXTENSION(id, name, upper) { id, name },
#include "gen/extensions.inc"
#undef EXTENSION
};
static const struct row messages[] = {
#define MESSAGE(id, name, letter) { id, name },
#include "gen/messages.inc"
#undef MESSAGE
};
static const char *const message_letters[] = {
#define MESSAGE(id, name, letter) letter,
#include "gen/messages.inc"
#undef MESSAGE
};
static const struct suite suites[] = {
#define SUITE(id, name, kex, auth, cbc, aead, tag, weak) { id, name, kex, auth, cbc, aead, tag, weak },
#include "gen/suites.inc"
#undef SUITE
};
static const struct sigalg {
    uint32_t     id;
    const char  *name;
    enum sig_key key;
    uint8_t      hash, pss;
} sigalgs[] = {
#define SIGALG(id, name, key, hash, pss) { id, name, key, hash, pss },
#include "gen/sigalgs.inc"
#undef SIGALG
};
static const struct alert_row {
    uint32_t    id;
    const char *name, *rfc, *plain;
} alerts[] = {
#define ALERT(id, name, upper, rfc, plain) { id, name, rfc, plain },
#include "gen/alerts.inc"
#undef ALERT
};
static const struct oid {
    const char *dotted, *name, *attribute;
} oids[] = {
#define OID(dotted, name, attribute) { dotted, name, attribute },
#include "gen/oids.inc"
#undef OID
};

static int by_id(const void *key, const void *row)
{
    uint32_t a = *(const uint32_t *)key, b = *(const uint32_t *)row;
    return (a > b) - (a < b);
}

#define FIND(table, id) bsearch(&(uint32_t){ id }, table, ARRAY_LEN(table), sizeof((table)[0]), by_id)

/* The row's name; without a row the number, marked as GREASE or unknown. */
static const char *named(const struct row *r, uint32_t id, char buf[NAME_MAX_LEN])
{
    if (r != NULL)
        return r->name;
    snprintf(buf, NAME_MAX_LEN, "%s(0x%04x)", id <= UINT16_MAX && is_grease((uint16_t)id) ? "GREASE" : "Unknown",
             (unsigned)id);
    return buf;
}

/* Drafts of TLS 1.3: 0x7fNN; Facebook's own: 0xfbNN. */
static bool is_draft(uint16_t v) { return v >> 8 == 0x7f || v >> 8 == 0xfb; }

const char *version_name(uint16_t v, char buf[NAME_MAX_LEN])
{
    const struct row *r = FIND(versions, v);
    if (r != NULL)
        return r->name;
    if (is_draft(v))
        snprintf(buf, NAME_MAX_LEN, "TLS 1.3-%sdraft%u", v >> 8 == 0xfb ? "fb-" : "", v & 0xffu);
    else
        snprintf(buf, NAME_MAX_LEN, "0x%04x", v);
    return buf;
}

/* Few, in order, and asked for often. */
unsigned version_rank(uint16_t v)
{
    for (size_t i = 0; i < ARRAY_LEN(versions) && versions[i].id <= v; i++) {
        if (versions[i].id == v)
            return version_ranks[i];
    }
    return is_draft(v) ? 1200u + (v & 0x3fu) : 0;
}

bool version_is_13(uint16_t v) { return v == 0x0304 || ((v < 0x0300 || v > 0x0303) && version_rank(v) >= 1200); }

/* Asked for several times a handshake, so the search has no calls and no branches in it. */
const struct suite *suite_of(uint32_t id)
{
    const struct suite *at = suites;
    for (size_t n = ARRAY_LEN(suites); n > 1; n -= n / 2)
        at += at[n / 2].id <= id ? n / 2 : 0;
    return at->id == id ? at : NULL;
}
const struct suite *suite_at(size_t i) { return i < ARRAY_LEN(suites) ? &suites[i] : NULL; }

const char *suite_name(uint32_t id, char buf[NAME_MAX_LEN])
{
    const struct suite *s = suite_of(id);
    return named(s != NULL ? &(struct row){ id, s->name } : NULL, id, buf);
}

const char *group_name(uint16_t id, char buf[NAME_MAX_LEN]) { return named(FIND(groups, id), id, buf); }
const char *extension_name(uint16_t id, char buf[NAME_MAX_LEN]) { return named(FIND(extensions, id), id, buf); }
const char *handshake_type_name(unsigned type, char buf[NAME_MAX_LEN])
{
    return named(FIND(messages, type), type, buf);
}

char handshake_type_letter(unsigned type)
{
    const struct row *r = FIND(messages, type);
    return r != NULL ? message_letters[r - messages][0] : 'Z';
}

/* Content types share the message table: there 0x100 is added to them (enum message_type). */
const char *content_type_name(unsigned type, char buf[NAME_MAX_LEN])
{
    return type == 22 ? "Handshake" : named(FIND(messages, 0x100 + type), type, buf);
}

static const struct sigalg *sigalg_of(uint16_t id) { return FIND(sigalgs, id); }

const char *sigalg_name(uint16_t id, char buf[NAME_MAX_LEN])
{
    const struct sigalg *s = sigalg_of(id);
    return named(s != NULL ? &(struct row){ id, s->name } : NULL, id, buf);
}

enum sig_key sigalg_key(uint16_t id)
{
    const struct sigalg *s = sigalg_of(id);
    return s != NULL ? s->key : KEY_UNKNOWN;
}

unsigned sigalg_hash(uint16_t id)
{
    const struct sigalg *s = sigalg_of(id);
    return s != NULL ? s->hash : 0;
}

bool sigalg_is_pss(uint16_t id)
{
    const struct sigalg *s = sigalg_of(id);
    return s != NULL && s->pss;
}

const char *alert_name(unsigned number, char buf[NAME_MAX_LEN])
{
    const struct alert_row *a = FIND(alerts, number);
    if (a != NULL)
        return a->name;
    snprintf(buf, NAME_MAX_LEN, "%u (unassigned)", number);
    return buf;
}

int alert_number(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(alerts); i++)
        if (strcmp(alerts[i].name, name) == 0)
            return (int)alerts[i].id;
    return ALERT_NONE;
}

const char *alert_plain(unsigned number)
{
    const struct alert_row *a = FIND(alerts, number);
    return a != NULL ? a->plain : "";
}

static int by_dotted(const void *key, const void *row) { return strcmp(key, ((const struct oid *)row)->dotted); }

static const struct oid *oid_of(const char *dotted)
{
    return bsearch(dotted, oids, ARRAY_LEN(oids), sizeof oids[0], by_dotted);
}

const char *oid_name(const char *dotted)
{
    const struct oid *o = oid_of(dotted);
    return o != NULL ? o->name : dotted;
}

const char *oid_attribute(const char *dotted)
{
    const struct oid *o = oid_of(dotted);
    return o != NULL && o->attribute[0] != '\0' ? o->attribute : NULL;
}

/* EAP types: www.iana.org/assignments/eap-numbers */
static const struct eap_method {
    uint8_t     type;
    const char *name;
} eap_methods[EAP_METHODS] = { { 13, "EAP-TLS" }, { 21, "EAP-TTLS" }, { 25, "PEAP" }, { 43, "EAP-FAST" }, { 55, "TEAP" } };

const char *eap_method_name(size_t i) { return eap_methods[i].name; }

int eap_method_of(uint8_t type)
{
    for (int i = 0; i < EAP_METHODS; i++) {
        if (eap_methods[i].type == type)
            return i;
    }
    return -1;
}
