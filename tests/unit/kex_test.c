/* kex_test.c - the signature over the server's key exchange: checked with the certificate's key, and only a signature
 * that was really computed and differs makes the two no pair. */
#include <CUnit/Basic.h>

#include "certs.h"
#include "script.h"
#include "tlswhy/why.h"

static struct cert_store *store;

/* A connection of tests/wire/ (ECDHE, signed with a P-256 key). */
static struct handshake *play(const char *file)
{
    struct observer *o = observer_new(store, NULL);
    struct handshake *h = script_play(file, o, 0, UINT64_MAX);
    observer_free(o);
    CU_ASSERT_PTR_NOT_NULL_FATAL(h);
    CU_ASSERT_FATAL(knows(h, KNOW_SERVER_KEX) && h->cert_count > 0);
    return h;
}

static void give_certificate(struct handshake *h, const char *pem)
{
    struct cert **v = NULL;
    size_t n, bad;
    certs_from_memory(store, pem, strlen(pem), &v, &n, &bad);
    CU_ASSERT_FATAL(n == 1);
    h->certs[0] = v[0];
    free(v);
}

static enum sig_check checked(struct handshake *h)
{
    enum sig_check was;
    handshake_check_kex(h);
    was = h->kex.verified;
    handshake_free(h);
    return was;
}

static void signatures(void)
{
    CU_ASSERT_EQUAL(checked(play("tls12")), SIG_GOOD);
    static const struct {
        const char *what, *pem;
        enum sig_check is;
    } t[] = {
        { "another key of the same kind", PEM_LEAF, SIG_BAD },
        { "a larger key of the same kind", PEM_P384, SIG_BAD },
        { "RSA: another kind of key", PEM_RSAROOT, SIG_UNSUPPORTED },
        { "Ed25519: nobody here can tell", PEM_ED, SIG_UNSUPPORTED },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct handshake *h = play("tls12");
        give_certificate(h, t[i].pem);
        enum sig_check is = checked(h);
        if (is != t[i].is)
            printf("\n  %s: %d", t[i].what, (int)is);
        CU_ASSERT_EQUAL(is, t[i].is);
    }
}

/* What was signed begins with both randoms: a changed bit anywhere counts, as long as the bytes can be trusted. */
static void what_is_signed(void)
{
    for (int i = 0; i < 5; i++) {
        struct handshake *h = play("tls12");
        struct bytes *part = i == 0 ? &h->hello.random : i == 1 ? &h->answer.random : i == 2 ? &h->kex.params : &h->kex.signature;
        uint8_t *copy = arena_copy(&h->arena, part->p, part->n);
        copy[part->n / 2] ^= 1;
        part->p = copy;
        h->tcp.overlap_differs = i == 4;
        CU_ASSERT_EQUAL(checked(h), i == 4 ? SIG_UNCHECKED : SIG_BAD);
    }
    struct handshake *h = play("tls12");
    h->kex.sigalg = 0x0807;
    CU_ASSERT_EQUAL(checked(h), SIG_UNSUPPORTED);
    h = play("tls12");
    h->kex.signature = (struct bytes){ 0 };
    CU_ASSERT_EQUAL(checked(h), SIG_UNCHECKED);
}

/* The verdict: certain, but where the client's alert says that it did not come as far. */
static void verdicts(void)
{
    static const struct {
        uint8_t alert;
        bool other_key, is_key_mismatch, certain;
    } t[] = {
        { ALERT_DECRYPT_ERROR, true, true, true },
        { ALERT_HANDSHAKE_FAILURE, true, true, true },
        { ALERT_CERTIFICATE_EXPIRED, true, false, false },
        { ALERT_HANDSHAKE_FAILURE, false, false, false },
        { ALERT_DECRYPT_ERROR, false, false, false },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct handshake *h = play("unknown-ca"); /* the client's alert comes right after the server's flight */
        struct finding f = { 0 };
        h->alerts[h->alert_count - 1].number = t[i].alert;
        if (t[i].other_key)
            give_certificate(h, PEM_LEAF);
        handshake_check_kex(h);
        why_explain(h, NULL, &h->arena, &f);
        bool is = strcmp(f.cause, "key-mismatch") == 0;
        if (is != t[i].is_key_mismatch)
            printf("\n  alert %u, %s key: %s, %s", t[i].alert, t[i].other_key ? "another" : "its own", f.cause, sure_name(f.sure));
        CU_ASSERT_EQUAL(is && f.sure == CERTAIN, t[i].certain);
        CU_ASSERT(t[i].is_key_mismatch ? is : !is || f.sure != CERTAIN);
        handshake_free(h);
    }
}

int main(void)
{
    store = cert_store_new();
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("kex", NULL, NULL);
    CU_add_test(s, "signatures", signatures);
    CU_add_test(s, "what is signed", what_is_signed);
    CU_add_test(s, "verdicts", verdicts);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    cert_store_free(store);
    return failed != 0;
}
