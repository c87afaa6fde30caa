#include "tlswhy/cab.h"

#include <string.h>
#include <zlib.h>

#include "tlswhy/reader.h"

/* [MS-CAB] section 2: CFHEADER, CFFOLDER, CFFILE, CFDATA; all numbers little-endian. MSZIP ([MS-MCI]): each block is
 * "CK" and a raw deflate stream (RFC 1951) of at most 32 KB, with the block before it as its window. */

enum { CAB_BLOCK = 32768, HAS_PREVIOUS = 1, HAS_NEXT = 2, HAS_RESERVE = 4, TYPE_MASK = 15, TYPE_NONE = 0, TYPE_MSZIP = 1, NAME_BYTES = 256 };

static uint32_t le(struct reader *r, size_t width, const char *what)
{
    const uint8_t *b = rd_bytes(r, width, what);
    uint32_t       v = 0;
    for (size_t i = width; b != NULL && i-- > 0;)
        v = v << 8 | b[i];
    return v;
}

static struct bytes name(struct reader *r, const char *what)
{
    size_t left = rd_left(r) < NAME_BYTES ? rd_left(r) : NAME_BYTES;
    const uint8_t *end = left != 0 ? memchr(r->p, 0, left) : NULL;
    struct bytes   s = { r->p, end != NULL ? (size_t)(end - r->p) : 0 };
    if (rd_bytes(r, s.n + 1, what) == NULL || end == NULL)
        return (struct bytes){ NULL, 0 };
    return s;
}

struct header {
    uint32_t size, files_at;
    unsigned folders, files, folder_reserve, data_reserve;
    struct reader folder; /* at the first CFFOLDER */
};

static struct header header(struct bytes b, struct cab *out)
{
    struct header h = { 0 };
    struct reader r = rd_of(b.p, b.n);
    rd_bytes(&r, 8, "the header");
    h.size = le(&r, 4, "the header");
    le(&r, 4, "the header");
    h.files_at = le(&r, 4, "the header");
    rd_bytes(&r, 6, "the header"); /* reserved, version */
    h.folders = le(&r, 2, "the header");
    h.files = le(&r, 2, "the header");
    unsigned flags = le(&r, 2, "the header");
    rd_bytes(&r, 4, "the header"); /* set id, number in the set */
    if ((flags & HAS_RESERVE) != 0) {
        size_t own = le(&r, 2, "the header");
        h.folder_reserve = le(&r, 1, "the header");
        h.data_reserve = le(&r, 1, "the header");
        rd_bytes(&r, own, "the reserved part of the header");
    }
    for (unsigned i = 0; i < 2u * ((flags & HAS_PREVIOUS) != 0) + 2u * ((flags & HAS_NEXT) != 0); i++)
        name(&r, "the name of another cabinet of its set");
    out->broken = r.want;
    out->declared = h.size;
    out->cut_short = h.size > b.n;
    h.folder = r;
    return h;
}

/* XOR of the little-endian words; a rest of one to three bytes counts from its other end ([MS-CAB] section 3.1). */
static uint32_t checksum(const uint8_t *p, size_t n, uint32_t seed)
{
    for (; n >= 4; p += 4, n -= 4)
        seed ^= le32(p);
    uint32_t rest = 0;
    for (size_t i = 0; i < n; i++)
        rest = rest << 8 | p[i];
    return seed ^ rest;
}

struct block {
    struct bytes packed;
    size_t       unpacked;
    bool         wrong; /* its checksum says so */
};

static bool next_block(struct reader *r, unsigned reserve, struct block *out)
{
    const uint8_t *sizes;
    struct reader  peek = *r;
    uint32_t       sum = le(r, 4, "a data block");
    rd_bytes(&peek, 4, "");
    sizes = rd_bytes(&peek, 4, "");
    size_t n = le(r, 2, "a data block");
    out->unpacked = le(r, 2, "a data block");
    rd_bytes(r, reserve, "a data block");
    out->packed = (struct bytes){ rd_bytes(r, n, "a data block"), n };
    if (r->want != NULL)
        return false;
    out->wrong = sum != 0 && sum != checksum(sizes, 4, checksum(out->packed.p, n, 0));
    return true;
}

/* One MSZIP block behind `done` bytes of its folder. */
static bool inflate_block(const struct block *b, uint8_t *folder, size_t done)
{
    if (b->packed.n < 2 || b->packed.p[0] != 'C' || b->packed.p[1] != 'K')
        return false;
    z_stream z = { 0 };
    if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
        mem_fail();
    size_t window = done < CAB_BLOCK ? done : CAB_BLOCK;
    if (window != 0)
        inflateSetDictionary(&z, folder + done - window, (uInt)window);
    union { /* zlib's input pointer is not const in all builds; it is only read */
        const uint8_t *in;
        Bytef         *z;
    } in = { .in = b->packed.p + 2 };
    z.next_in = in.z;
    z.avail_in = (uInt)(b->packed.n - 2);
    z.next_out = folder + done;
    z.avail_out = (uInt)b->unpacked;
    int  got = inflate(&z, Z_FINISH);
    bool whole = got == Z_STREAM_END && z.avail_out == 0;
    inflateEnd(&z);
    return whole;
}

struct folder {
    struct bytes content;
    unsigned     type, blocks;
    struct reader data;
};

/* What the blocks promise: sizes only, nothing is unpacked. */
static bool measure(const struct folder *f, unsigned reserve, size_t *packed, size_t *unpacked, unsigned *whole)
{
    struct reader r = f->data;
    struct block  b;
    for (*whole = 0; *whole < f->blocks && next_block(&r, reserve, &b); ++*whole) {
        *packed += b.packed.n;
        *unpacked += b.unpacked;
        if (b.unpacked > CAB_BLOCK)
            return false;
    }
    return true;
}

static void unpack(struct folder *f, unsigned reserve, unsigned whole, size_t size, struct arena *a, struct cab *out)
{
    uint8_t      *to = ARENA_NEW_N(a, size + 1, uint8_t);
    size_t        done = 0;
    struct reader r = f->data;
    struct block  b;
    for (unsigned i = 0; i < whole && next_block(&r, reserve, &b); i++) {
        bool good = f->type == TYPE_MSZIP ? inflate_block(&b, to, done) : b.packed.n == b.unpacked;
        if (good && f->type == TYPE_NONE && b.unpacked != 0)
            memcpy(to + done, b.packed.p, b.unpacked);
        out->bad_checksums += b.wrong;
        out->blocks++;
        if (!good) {
            out->broken = out->broken != NULL ? out->broken : "a compressed block does not unpack to the size it names";
            break;
        }
        done += b.unpacked;
    }
    f->content = (struct bytes){ to, done };
}

static const char *type_name(unsigned type)
{
    static const char *const names[] = { "none", "MSZIP", "Quantum", "LZX" };
    return type < ARRAY_LEN(names) ? names[type] : "unknown";
}

static size_t folders(struct bytes b, struct header *h, struct folder *v, struct arena *a, struct cab *out)
{
    size_t n = 0, packed = 0, unpacked = 0;
    for (; n < h->folders && n < CAB_FOLDERS && out->broken == NULL; n++) {
        size_t   before = unpacked;
        uint32_t at = le(&h->folder, 4, "a folder");
        v[n].blocks = le(&h->folder, 2, "a folder");
        v[n].type = le(&h->folder, 2, "a folder") & TYPE_MASK;
        rd_bytes(&h->folder, h->folder_reserve, "a folder");
        out->compression = type_name(v[n].type);
        unsigned whole = 0;
        if (h->folder.want != NULL || at > b.n) {
            out->broken = out->cut_short ? "it is cut short" : "a folder lies outside the file";
        } else if (v[n].type != TYPE_NONE && v[n].type != TYPE_MSZIP) {
            out->broken = "its compression is not one that root lists use";
        } else {
            v[n].data = rd_of(b.p + at, b.n - at);
            if (!measure(&v[n], h->data_reserve, &packed, &unpacked, &whole))
                out->broken = "a block claims more than the 32 KB that a block may hold";
            else if (unpacked > CAB_CONTENT_MAX || unpacked > packed * CAB_RATIO_MAX)
                out->broken = "it claims to unpack to more than any root list holds; it was not unpacked";
            else if (whole < v[n].blocks)
                out->broken = "it is cut short";
            if (unpacked <= CAB_CONTENT_MAX && unpacked <= packed * CAB_RATIO_MAX && unpacked - before <= CAB_CONTENT_MAX)
                unpack(&v[n], h->data_reserve, whole, unpacked - before, a, out);
        }
    }
    return n;
}

bool cab_is(struct bytes b) { return b.n >= 4 && memcmp(b.p, "MSCF", 4) == 0; }

void cab_read(struct bytes b, struct arena *a, struct cab *out)
{
    struct folder v[CAB_FOLDERS] = { 0 };
    *out = (struct cab){ 0 };
    struct header h = header(b, out);
    if (out->broken != NULL || h.files_at > b.n) {
        out->broken = out->cut_short ? "it is cut short" : "the header does not fit";
        return;
    }
    size_t        n = folders(b, &h, v, a, out);
    struct reader r = rd_of(b.p + h.files_at, b.n - h.files_at);
    for (unsigned i = 0; i < h.files && out->files < CAB_FILES; i++) {
        size_t   size = le(&r, 4, "a file"), at = le(&r, 4, "a file");
        unsigned folder = le(&r, 2, "a file");
        rd_bytes(&r, 6, "a file"); /* date, time, attributes */
        struct cab_file f = { .name = name(&r, "a file") };
        if (r.want != NULL) {
            out->broken = out->broken != NULL ? out->broken : "the list of files does not fit";
            return;
        }
        if (folder < n && v[folder].content.p != NULL && at <= v[folder].content.n && size <= v[folder].content.n - at)
            f.content = (struct bytes){ v[folder].content.p + at, size };
        else if (out->broken == NULL)
            out->broken = "a file in it lies outside its content";
        out->file[out->files++] = f;
    }
    if (out->broken == NULL && out->bad_checksums != 0)
        out->broken = "the checksum of a block is wrong";
}
