#include "tlswhy/peers.h"

#include <stdlib.h>
#include <string.h>

enum { FACTS_MAX = 100000, FETCHES_MAX = 1024, BODIES_MAX = 16, LIST_MAX = 32, LIST_FIRST = 16, NONE = 0, KEY_LEN = 19 };
enum list { BY_SERVER, BY_CLIENT, BY_NAME, LISTS };

struct fact {
    struct peer_fact is;
    uint32_t         kind;        /* digest of what makes a fact different from others */
    uint32_t         next[LISTS]; /* number + 1 of the next fact of the same server, client, name; NONE = last */
};

/* A server, a client or a name, and the list of its facts. Two of them fit a cache line. */
struct key {
    uint8_t  bytes[KEY_LEN]; /* what is shorter has zeros behind it */
    unsigned used : 1;       /* 0 = free slot */
    unsigned speaks_tls : 1; /* servers only */
    unsigned facts : 6;
    uint32_t first, last;    /* number + 1 */
    uint32_t kinds;          /* number + 1 of its row in `kinds`, once there are LIST_FIRST facts */
};
_Static_assert(sizeof(struct key) == 32, "two to a cache line");

enum { FIRST_FACTS = 512, CHUNK_FACTS = PIECE_SIZE / sizeof(struct fact), FACT_CHUNKS = 2 + FACTS_MAX / CHUNK_FACTS };

struct keys {
    struct key *slot; /* open addressing; a power of two, at most four fifths full */
    size_t      slots, used;
};

struct peers {
    struct hash_key  secret;
    struct keys      keys[LISTS];
    struct fact     *fact[FACT_CHUNKS]; /* they stand still; the first chunk is small */
    size_t           n, most;         /* facts: there are, may be */
    uint32_t       (*kinds)[LIST_MAX]; /* of the facts of busy keys, together: the facts are spread over the table */
    size_t           busy, busy_cap;
    struct fetch    *fetches;
    size_t           fetch_n, bodies;
    struct arena     text;            /* of fetches */
    uint8_t          tls_port[65536 / 8];
    struct peer_sums sums;
    struct recent *recent;
};

/* Whose keys were looked up last: the rules ask of one handshake again and again. */
struct recent {
    const struct handshake *h; /* NULL = nobody's */
    uint32_t                stream;
    bool                    looked[LISTS];
    const struct key       *key[LISTS];
};

/* By number + 1. */
static struct fact *fact_at(const struct peers *p, uint32_t number)
{
    size_t i = number - 1;
    return i < FIRST_FACTS ? &p->fact[0][i] : &p->fact[1 + (i - FIRST_FACTS) / CHUNK_FACTS][(i - FIRST_FACTS) % CHUNK_FACTS];
}

static struct fact *fact_new(struct peers *p)
{
    size_t i = p->n++;
    if (i == 0)
        p->fact[0] = mem_get(FIRST_FACTS, sizeof **p->fact);
    else if (i >= FIRST_FACTS && (i - FIRST_FACTS) % CHUNK_FACTS == 0)
        p->fact[1 + (i - FIRST_FACTS) / CHUNK_FACTS] = piece_get();
    return fact_at(p, (uint32_t)i + 1);
}

struct peers *peers_new(void)
{
    struct peers *p = mem_get(1, sizeof *p);
    p->secret = hash_key_random();
    p->most = FACTS_MAX;
    p->recent = mem_get(1, sizeof *p->recent);
    return p;
}

/* A fact has up to three keys of its own. */
void peers_keep_within(struct peers *p, size_t memory)
{
    size_t most = memory / (sizeof(struct fact) + LISTS * sizeof(struct key));
    p->most = most < FACTS_MAX ? most : FACTS_MAX;
}

void peers_free(struct peers *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < LISTS; i++)
        pages_put(p->keys[i].slot, p->keys[i].slots * sizeof *p->keys[i].slot);
    free(p->kinds);
    free(p->fact[0]);
    for (size_t i = 1; i < FACT_CHUNKS; i++)
        piece_put(p->fact[i]);
    free(p->fetches);
    free(p->recent);
    arena_free(&p->text);
    free(p);
}

/* Names of the same spelling give the same number; equal within a run is all that is asked of it. */
static uint64_t name_hash(struct bytes name)
{
    static _Thread_local struct hash_key key;
    char   lower[256];
    size_t n = name.n < sizeof lower ? name.n : sizeof lower;
    for (size_t i = 0; i < n; i++) /* several at once: no calls, no branches */
        lower[i] = (char)(name.p[i] + (name.p[i] >= 'A' && name.p[i] <= 'Z' ? 'a' - 'A' : 0));
    if (key.k[1] == 0) {
        key = hash_key_random();
        key.k[1] |= 1;
    }
    uint64_t h = name.n != 0 ? hash_bytes(&key, lower, n) : 0;
    return h != 0 || name.n == 0 ? h : 1;
}

static bool left_after_certificate(const struct handshake *h)
{
    return knows(h, KNOW_CERTIFICATE) && (h->outcome == OUTCOME_ABORTED_BY_CLIENT || h->outcome == OUTCOME_RESET_BY_CLIENT);
}

static uint32_t frame_of(const struct place *p) { return p->frame <= UINT32_MAX ? (uint32_t)p->frame : 0; }

void peer_fact_of(const struct handshake *h, struct peer_fact *out)
{
    const struct alert *a = last_fatal_alert(h, SIDE_ANY);
    *out = (struct peer_fact){
        .stream = h->stream, .outcome = (uint8_t)h->outcome, .start_ns = h->start_ns, .end_ns = h->end_ns,
        .client = h->ends[CLIENT], .server = h->ends[SERVER],
        .hello_frame = frame_of(&h->hello.where), .answer_frame = frame_of(&h->answer.where), .close_frame = frame_of(&h->close.where),
        .hello = knows(h, KNOW_CLIENT_HELLO), .answered = knows(h, KNOW_SERVER_HELLO),
        .server_alert = a != NULL && a->from == SERVER, .finished = h->outcome == OUTCOME_ESTABLISHED,
        .resumed = h->resumed, .client_rejected = left_after_certificate(h),
        .leaf_key = h->cert_count != 0 ? (uint8_t)h->certs[0]->key : 0,
        .alert = a != NULL ? a->number : 0xff, .alert_from = (uint8_t)(a != NULL ? a->from : CLIENT),
        .leaf = h->cert_count != 0 ? h->certs[0] : NULL
    };
    if (out->answered) {
        out->version = handshake_version(h);
        out->suite = h->answer.suite;
        out->group = h->answer.group != 0 ? h->answer.group : h->kex.group;
    }
    if (out->hello) {
        out->had_sni = h->hello.sni.p != NULL;
        out->had_sigalgs = h->hello.sigalgs.v != NULL;
        out->fallback_scsv = h->hello.fallback_scsv;
        out->name_hash = name_hash(h->hello.sni);
        out->max_version = h->hello.max_version;
        out->hello_len = (uint32_t)h->hello.raw.n;
        struct hello_digest offer = h->hello.digest.offer != 0 ? h->hello.digest : hello_digest(&h->hello);
        out->suites_hash = offer.suites;
        out->hello_hash = offer.offer;
    }
}

/* What a rule could tell apart: another fact of the same kind adds nothing after the first few. */
static uint32_t kind_of(const struct peer_fact *f)
{
    uint64_t       h = 4;
    const uint64_t parts[] = { f->outcome, f->version, f->max_version, f->suite, f->group, f->alert, f->alert_from, f->leaf_key,
                               f->had_sni, f->fallback_scsv, f->hello_hash, (uint64_t)f->hello << 1 | f->answered };
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        h = hash_mix(h, parts[i]);
    return (uint32_t)h;
}

/* A key to look for, and where. */
struct sought {
    uint8_t  bytes[KEY_LEN];
    bool     none; /* there is no such key */
    uint64_t hash;
};

static struct sought sought_of(const struct peers *p, enum list list, const struct peer_fact *f)
{
    const struct endpoint *e = list == BY_SERVER ? &f->server : &f->client;
    struct sought          s = { .none = list == BY_NAME && f->name_hash == 0 };
    if (list == BY_NAME) {
        memcpy(s.bytes, &f->name_hash, sizeof f->name_hash);
    } else {
        memcpy(s.bytes, e->ip, sizeof e->ip);
        s.bytes[16] = e->ip_len;
        if (list == BY_SERVER)
            memcpy(s.bytes + 17, &e->port, sizeof e->port);
    }
    s.hash = hash_bytes(&p->secret, s.bytes, KEY_LEN);
    return s;
}

/* The slot that holds this key, or the free one where it belongs. */
static struct key *slot_of(const struct keys *keys, const uint8_t bytes[KEY_LEN], uint64_t hash)
{
    size_t i = (size_t)hash & (keys->slots - 1);
    while (keys->slot[i].used && memcmp(keys->slot[i].bytes, bytes, KEY_LEN) != 0)
        i = (i + 1) & (keys->slots - 1);
    return &keys->slot[i];
}

static const struct key *key_find(const struct peers *p, enum list list, const struct peer_fact *f)
{
    struct sought s = sought_of(p, list, f);
    if (s.none || p->keys[list].slots == 0)
        return NULL;
    const struct key *k = slot_of(&p->keys[list], s.bytes, s.hash);
    return k->used ? k : NULL;
}

/* The tables are large, and their slots are seldom at hand: they are asked for some time before. */
static struct sought key_ahead(const struct peers *p, enum list list, const struct peer_fact *f)
{
    const struct keys *keys = &p->keys[list];
    struct sought      s = sought_of(p, list, f);
    if (keys->slots != 0)
        __builtin_prefetch(&keys->slot[s.hash & (keys->slots - 1)]);
    return s;
}

static void keys_grow(const struct peers *p, struct keys *keys)
{
    struct keys more = { .slots = keys->slots != 0 ? keys->slots * 2 : 64, .used = keys->used };
    more.slot = pages_get(more.slots * sizeof *more.slot);
    for (size_t i = 0; i < keys->slots; i++) {
        if (keys->slot[i].used)
            *slot_of(&more, keys->slot[i].bytes, hash_bytes(&p->secret, keys->slot[i].bytes, KEY_LEN)) = keys->slot[i];
    }
    pages_put(keys->slot, keys->slots * sizeof *keys->slot);
    *keys = more;
}

/* NULL: no name to file it under, or the table is full. */
static struct key *key_add(struct peers *p, enum list list, const struct sought *s)
{
    struct keys *keys = &p->keys[list];
    if (s->none)
        return NULL;
    if (keys->used * 5 >= keys->slots * 4)
        keys_grow(p, keys);
    struct key *k = slot_of(keys, s->bytes, s->hash);
    if (!k->used && keys->used >= p->most)
        return NULL;
    if (!k->used) {
        memcpy(k->bytes, s->bytes, sizeof k->bytes);
        k->used = 1;
        keys->used++;
    }
    return k;
}

static void gather_kinds(struct peers *p, struct key *k, enum list list)
{
    size_t n = 0;
    if (p->busy == p->busy_cap) {
        p->busy_cap = p->busy_cap != 0 ? p->busy_cap * 2 : 64;
        p->kinds = mem_grow(p->kinds, p->busy_cap, sizeof *p->kinds);
    }
    uint32_t *kinds = p->kinds[p->busy++];
    k->kinds = (uint32_t)p->busy;
    for (uint32_t i = k->first; i != NONE; i = fact_at(p, i)->next[list])
        kinds[n++] = fact_at(p, i)->kind;
}

static bool wants(struct peers *p, struct key *k, enum list list, uint32_t kind)
{
    if (k == NULL || k->facts >= LIST_MAX)
        return false;
    if (k->facts < LIST_FIRST)
        return true;
    if (k->kinds == NONE)
        gather_kinds(p, k, list);
    for (size_t i = 0; i < k->facts; i++) {
        if (p->kinds[k->kinds - 1][i] == kind)
            return false;
    }
    return true;
}

static struct bytes text_copy(struct peers *p, struct bytes b)
{
    return b.p != NULL ? (struct bytes){ arena_copy(&p->text, b.p, b.n), b.n } : b;
}

static void fetch_add(struct peers *p, const struct fetch *from)
{
    if (p->fetch_n == FETCHES_MAX)
        return;
    if (p->fetches == NULL)
        p->fetches = mem_get(FETCHES_MAX, sizeof *p->fetches);
    struct fetch *f = &p->fetches[p->fetch_n++];
    *f = *from;
    f->url = text_copy(p, f->url);
    f->agent = text_copy(p, f->agent);
    f->answer = text_copy(p, f->answer);
    f->more = text_copy(p, f->more);
    f->unread = f->unread != NULL ? arena_str(&p->text, f->unread) : NULL;
    if (f->body.p != NULL && p->bodies == BODIES_MAX) {
        f->body = (struct bytes){ 0 };
        f->unread = "enough lists of this capture were read";
    }
    p->bodies += f->body.p != NULL;
    f->body = text_copy(p, f->body);
}

/* Plain text that is no prelude says nothing of TLS; a dialog that leads to it does. */
static bool about_tls(const struct handshake *h)
{
    return h->tls_seen[SERVER] || knows(h, KNOW_SERVER_HELLO) || (h->prelude.kind != PRELUDE_NONE && h->prelude.asked_for_tls);
}

bool peers_pass_over_unopened(struct peers *p)
{
    if (p->n < p->most)
        return false;
    p->sums.connections++;
    p->sums.not_opened++;
    p->sums.passed_over++;
    return true;
}

void peers_count_silent(struct peers *p) { p->sums.connections++; }

void peers_add(struct peers *p, const struct handshake *h)
{
    struct fact f = { 0 };
    bool        wanted[LISTS], any = false;
    struct key *k[LISTS];
    struct sought sought[LISTS];
    p->recent->h = NULL; /* keys may move */
    p->sums.connections++;
    p->sums.not_opened += h->outcome == OUTCOME_NOT_OPENED && h->prelude.kind == PRELUDE_NONE;
    p->sums.tls += h->tls_seen[CLIENT] || about_tls(h);
    for (size_t i = 0; i < h->fetch_n; i++)
        fetch_add(p, &h->fetches[i]);
    if (h->outcome == OUTCOME_NOT_TLS)
        return;
    if (p->n >= p->most && !about_tls(h)) {
        p->sums.passed_over++;
        return;
    }
    f.is.client = h->ends[CLIENT];
    f.is.server = h->ends[SERVER];
    sought[BY_SERVER] = key_ahead(p, BY_SERVER, &f.is);
    sought[BY_CLIENT] = key_ahead(p, BY_CLIENT, &f.is);
    peer_fact_of(h, &f.is);
    sought[BY_NAME] = key_ahead(p, BY_NAME, &f.is);
    f.kind = kind_of(&f.is);
    for (size_t i = 0; i < LISTS; i++) {
        k[i] = key_add(p, (enum list)i, &sought[i]);
        wanted[i] = wants(p, k[i], (enum list)i, f.kind);
        any |= wanted[i];
    }
    if (about_tls(h)) {
        uint16_t port = h->ends[SERVER].port;
        p->tls_port[port / 8] |= (uint8_t)(1 << port % 8);
        if (k[BY_SERVER] != NULL)
            k[BY_SERVER]->speaks_tls = 1;
    }
    if (!any || p->n >= p->most) {
        p->sums.passed_over++;
        return;
    }
    *fact_new(p) = f;
    for (size_t i = 0; i < LISTS; i++) {
        if (!wanted[i])
            continue;
        if (k[i]->last != NONE)
            fact_at(p, k[i]->last)->next[i] = (uint32_t)p->n;
        else
            k[i]->first = (uint32_t)p->n;
        k[i]->last = (uint32_t)p->n;
        if (k[i]->kinds != NONE)
            p->kinds[k[i]->kinds - 1][k[i]->facts] = f.kind;
        k[i]->facts = (k[i]->facts + 1u) & 63;
    }
}

static const struct key *key_of(const struct peers *p, enum list list, const struct handshake *h)
{
    struct recent *r = p->recent;
    if (r->h != h || r->stream != h->stream)
        *r = (struct recent){ .h = h, .stream = h->stream };
    if (!r->looked[list]) {
        struct peer_fact own = { .client = h->ends[CLIENT], .server = h->ends[SERVER], .name_hash = list == BY_NAME ? name_hash(h->hello.sni) : 0 };
        r->key[list] = key_find(p, list, &own);
        r->looked[list] = true;
    }
    return r->key[list];
}

/* `walk` holds the number + 1 of the fact given last. */
static const struct peer_fact *walk_list(const struct peers *p, const struct handshake *h, enum list list, size_t *walk)
{
    uint32_t i = NONE;
    if (p == NULL)
        return NULL;
    if (*walk == 0) {
        const struct key *k = key_of(p, list, h);
        i = k != NULL ? k->first : NONE;
    } else {
        i = fact_at(p, (uint32_t)*walk)->next[list];
    }
    while (i != NONE && fact_at(p, i)->is.stream == h->stream)
        i = fact_at(p, i)->next[list];
    if (i == NONE)
        return NULL;
    *walk = i;
    return &fact_at(p, i)->is;
}

const struct peer_fact *peers_server(const struct peers *p, const struct handshake *h, size_t *walk)
{
    return walk_list(p, h, BY_SERVER, walk);
}

const struct peer_fact *peers_client(const struct peers *p, const struct handshake *h, size_t *walk)
{
    return walk_list(p, h, BY_CLIENT, walk);
}

const struct peer_fact *peers_name(const struct peers *p, const struct handshake *h, size_t *walk)
{
    return walk_list(p, h, BY_NAME, walk);
}

const struct fetch *peers_fetch(const struct peers *p, const struct handshake *h, size_t *walk)
{
    while (p != NULL && *walk < p->fetch_n) {
        const struct fetch *f = &p->fetches[(*walk)++];
        if (same_host(&f->client, &h->ends[CLIENT]) && f->stream != h->stream)
            return f;
    }
    return NULL;
}

struct fetch *peers_fetch_at(struct peers *p, size_t i) { return p != NULL && i < p->fetch_n ? &p->fetches[i] : NULL; }

void peers_fetch_told(struct peers *p, uint32_t stream, uint64_t asked_frame)
{
    for (size_t i = 0; i < p->fetch_n; i++)
        p->fetches[i].told |= p->fetches[i].stream == stream && p->fetches[i].asked.frame == asked_frame;
}

bool peers_speaks_tls(const struct peers *p, const struct endpoint *server)
{
    const struct peer_fact f = { .server = *server };
    const struct key *k = p != NULL ? key_find(p, BY_SERVER, &f) : NULL;
    return k != NULL && k->speaks_tls;
}

bool peers_port_speaks_tls(const struct peers *p, uint16_t port)
{
    return p != NULL && (p->tls_port[port / 8] >> port % 8 & 1) != 0;
}

const struct peer_sums *peers_sums(const struct peers *p) { return &p->sums; }
