/* keylog.c - key log text into a table by client random. The key of the table is drawn at random: the lines may come
 * from outside. */
#include "tlswhy/keylog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RANDOM = 32, MASTER = 48, FILE_ROOM = KEYLOG_FILE_MAX + 1 };
enum label { LABEL_MASTER, LABEL_CLIENT_HANDSHAKE, LABEL_SERVER_HANDSHAKE, LABEL_CLIENT_DATA, LABEL_SERVER_DATA, LABELS };

/* Labels of the format. Those with LABELS are known, and not needed to read a handshake. */
static const struct label_name { const char *name; enum label label; } label_names[] = {
    { "CLIENT_RANDOM", LABEL_MASTER },
    { "CLIENT_HANDSHAKE_TRAFFIC_SECRET", LABEL_CLIENT_HANDSHAKE },
    { "SERVER_HANDSHAKE_TRAFFIC_SECRET", LABEL_SERVER_HANDSHAKE },
    { "CLIENT_TRAFFIC_SECRET_0", LABEL_CLIENT_DATA },
    { "SERVER_TRAFFIC_SECRET_0", LABEL_SERVER_DATA },
    { "CLIENT_EARLY_TRAFFIC_SECRET", LABELS },
    { "EARLY_EXPORTER_SECRET", LABELS },
    { "EARLY_EXPORTER_MASTER_SECRET", LABELS },
    { "EXPORTER_SECRET", LABELS },
    { "ECH_SECRET", LABELS },
    { "ECH_CONFIG", LABELS },
    { "PMS_CLIENT_RANDOM", LABELS },
    { "RSA", LABELS },
};

struct secrets_of {
    uint8_t        random[RANDOM];
    const uint8_t *secret[LABELS]; /* in a chunk; NULL = not known */
    uint8_t        len[LABELS];
    bool           used;
};

/* Decoded secrets of one text. They do not move, so no copy of one stays behind. */
struct chunk {
    struct chunk *next;
    size_t        n, cap;
    uint8_t       bytes[];
};

struct keylog {
    struct hash_key    key;
    struct secrets_of *table; /* open addressing; `cap` is a power of two, at least half of it free */
    size_t             n, cap, lines;
    struct chunk      *chunks;
};

struct keylog *keylog_new(void)
{
    struct keylog *k = mem_get(1, sizeof *k);
    k->key = hash_key_random();
    return k;
}

void keylog_free(struct keylog *k)
{
    if (k == NULL)
        return;
    for (struct chunk *c = k->chunks, *next; c != NULL; c = next) {
        next = c->next;
        keys_wipe(c->bytes, c->cap);
        free(c);
    }
    free(k->table);
    free(k);
}

size_t keylog_handshakes(const struct keylog *k) { return k->n; }

/* ------------------------------------------------------------------------------------ the table */

/* Its place, or the free one where it would go. */
static struct secrets_of *place_of(const struct keylog *k, const uint8_t *random)
{
    size_t i = (size_t)hash_bytes(&k->key, random, RANDOM) & (k->cap - 1);
    while (k->table[i].used && memcmp(k->table[i].random, random, RANDOM) != 0)
        i = (i + 1) & (k->cap - 1);
    return &k->table[i];
}

static void grow(struct keylog *k)
{
    struct secrets_of *old = k->table;
    size_t             old_cap = k->cap;
    k->cap = old_cap != 0 ? 2 * old_cap : 64;
    k->table = mem_get(k->cap, sizeof *k->table);
    for (size_t i = 0; i < old_cap; i++)
        if (old[i].used)
            *place_of(k, old[i].random) = old[i];
    free(old);
}

static void add(struct keylog *k, const uint8_t *random, enum label label, const uint8_t *secret, size_t n)
{
    if (2 * (k->n + 1) > k->cap)
        grow(k);
    struct secrets_of *s = place_of(k, random);
    k->n += !s->used;
    s->used = true;
    memcpy(s->random, random, RANDOM);
    if (s->secret[label] == NULL) {
        s->secret[label] = secret;
        s->len[label] = (uint8_t)n;
    }
}

/* ------------------------------------------------------------------------------------ lines */

static bool is_blank(uint8_t c) { return c == ' ' || c == '\t' || c == '\r'; }

static struct bytes next_word(struct bytes *line)
{
    size_t from = 0, to;
    while (from < line->n && is_blank(line->p[from]))
        from++;
    for (to = from; to < line->n && !is_blank(line->p[to]);)
        to++;
    struct bytes word = { line->p + from, to - from };
    *line = (struct bytes){ line->p + to, line->n - to };
    return word;
}

static const struct label_name *label_of(struct bytes word)
{
    for (size_t i = 0; i < ARRAY_LEN(label_names); i++)
        if (word.n == strlen(label_names[i].name) && memcmp(word.p, label_names[i].name, word.n) == 0)
            return &label_names[i];
    return NULL;
}

static int hex_value(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

/* Gives how many bytes the word is; 0: it is no hex, or more than there is room for. */
static size_t hex_decode(struct bytes word, uint8_t *out, size_t room)
{
    if (word.n % 2 != 0 || word.n / 2 > room)
        return 0;
    for (size_t i = 0; i < word.n; i += 2) {
        int high = hex_value(word.p[i]), low = hex_value(word.p[i + 1]);
        if (high < 0 || low < 0)
            return 0;
        out[i / 2] = (uint8_t)(high << 4 | low);
    }
    return word.n / 2;
}

/* True: a line of the format, needed or not. */
static bool take_line(struct keylog *k, struct chunk *c, struct bytes line)
{
    uint8_t                  random[RANDOM];
    const struct label_name *name = label_of(next_word(&line));
    if (name == NULL || name->label == LABELS)
        return name != NULL;
    if (hex_decode(next_word(&line), random, sizeof random) != RANDOM)
        return false;
    uint8_t *secret = c->bytes + c->n;
    size_t   room = c->cap - c->n < DIGEST_MAX ? c->cap - c->n : DIGEST_MAX, n = hex_decode(next_word(&line), secret, room);
    if (n < RANDOM || (name->label == LABEL_MASTER && n != MASTER))
        return false;
    c->n += n;
    add(k, random, name->label, secret, n);
    return true;
}

size_t keylog_learn(struct keylog *k, struct bytes text)
{
    size_t known = 0, cap = text.n / 2; /* hex is twice as long as what it means */
    if (text.n == 0)
        return 0;
    struct chunk *c = mem_get(1, sizeof *c + cap);
    *c = (struct chunk){ .next = k->chunks, .cap = cap };
    k->chunks = c;
    while (text.n > 0 && k->lines < KEYLOG_LINES_MAX) {
        const uint8_t *end = memchr(text.p, '\n', text.n);
        struct bytes   line = { text.p, end != NULL ? (size_t)(end - text.p) : text.n };
        size_t         took = line.n + (end != NULL);
        text = (struct bytes){ text.p + took, text.n - took };
        k->lines++;
        known += take_line(k, c, line);
    }
    return known;
}

bool keylog_follow(struct keylog *k, struct bytes text, size_t *taken)
{
    if (text.n <= *taken)
        return false;
    keylog_learn(k, (struct bytes){ text.p + *taken, text.n - *taken });
    *taken = text.n;
    return true;
}

/* ------------------------------------------------------------------------------------ files */

/* A text in which every line is a comment or blank says nothing wrong. */
static bool only_comments(const uint8_t *p, size_t n)
{
    bool start = true, comment = false;
    for (size_t i = 0; i < n; i++) {
        comment = (start && p[i] == '#') || (comment && p[i] != '\n');
        if (!comment && !is_blank(p[i]) && p[i] != '\n')
            return false;
        start = p[i] == '\n';
    }
    return true;
}

/* What realloc leaves behind would not be wiped. */
static uint8_t *move(uint8_t *text, size_t n, size_t cap)
{
    uint8_t *to = mem_get(cap, 1);
    if (n != 0)
        memcpy(to, text, n);
    keys_wipe(text, n);
    free(text);
    return to;
}

bool keylog_read(struct keylog *k, const char *path, struct err *err)
{
    FILE    *f = fopen(path, "rb");
    uint8_t *text = NULL;
    size_t   n = 0, cap = 0;
    bool     ok = false;
    if (f == NULL) {
        err_sys(err, "cannot open the key log %s", path);
        return false;
    }
    setvbuf(f, NULL, _IONBF, 0); /* no copy of secrets in a buffer of the library's */
    do {
        if (n == cap) {
            cap = cap == 0 ? 64 * 1024 : 4 * cap < FILE_ROOM ? 4 * cap : FILE_ROOM;
            text = move(text, n, cap);
        }
        n += fread(text + n, 1, cap - n, f);
    } while (n <= KEYLOG_FILE_MAX && !feof(f) && !ferror(f));
    if (ferror(f))
        err_sys(err, "cannot read the key log %s", path);
    else if (n > KEYLOG_FILE_MAX)
        err_set(err, "the key log %s is larger than 64 MB; give one that was written with the capture", path);
    else if (keylog_learn(k, (struct bytes){ text, n }) == 0 && !only_comments(text, n))
        err_set(err, "%s holds no secrets in the format of SSLKEYLOGFILE (lines like CLIENT_RANDOM ...)", path);
    else
        ok = true;
    keys_wipe(text, n);
    free(text);
    fclose(f);
    return ok;
}

/* ------------------------------------------------------------------------------------ asking */

static size_t give(const struct secrets_of *s, enum label label, uint8_t out[DIGEST_MAX])
{
    if (s->secret[label] != NULL)
        memcpy(out, s->secret[label], s->len[label]);
    return s->len[label];
}

bool keylog_secrets(void *keylog, const struct handshake *h, struct tls13_secrets *out)
{
    const struct keylog *k = keylog;
    uint8_t              random[RANDOM] = { 0 };
    struct bytes         r = h->hello.random; /* a shorter one, of the SSL 2.0 format, is filled up in front (RFC 5246 E.2) */
    *out = (struct tls13_secrets){ 0 };
    if (k->n == 0 || r.n == 0 || r.n > RANDOM)
        return false;
    memcpy(random + RANDOM - r.n, r.p, r.n);
    const struct secrets_of *s = place_of(k, random);
    if (!s->used)
        return false;
    out->master_len = give(s, LABEL_MASTER, out->master);
    out->handshake_len[CLIENT] = give(s, LABEL_CLIENT_HANDSHAKE, out->handshake[CLIENT]);
    out->handshake_len[SERVER] = give(s, LABEL_SERVER_HANDSHAKE, out->handshake[SERVER]);
    out->application_len[CLIENT] = give(s, LABEL_CLIENT_DATA, out->application[CLIENT]);
    out->application_len[SERVER] = give(s, LABEL_SERVER_DATA, out->application[SERVER]);
    return true;
}
