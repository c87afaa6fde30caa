/* The closed list of what can be wrong with a chain, in order of precedence: the first that applies is the
 * verdict's. What others call it: names and numbers as their programs print them. */
#include "judge.h"

#include <string.h>

#define NO_PATH_JAVA "Java: unable to find valid certification path to requested target"

static const struct word words[] = {
    { "malformed", SEV_ERROR, "Server: install the certificate again as the CA issued it, or have it issued anew.",
      { "OpenSSL: decode error", "Windows: CRYPT_E_ASN1_BADTAG 0x8009310B", "NSS: SEC_ERROR_BAD_DER", "Go: x509: malformed certificate" } },
    { "wrong_leaf", SEV_ERROR, "Server: put the server's own certificate first in its chain file, then the CA that issued it.",
      { "OpenSSL: 62 hostname mismatch", "NSS: SSL_ERROR_BAD_CERT_DOMAIN" } },
    { "self_signed_leaf", SEV_ERROR, "Server: install a certificate from a CA that its clients trust; or client: import this certificate as trusted.",
      { "OpenSSL: 18 self-signed certificate", "GnuTLS: issuer is unknown", "Windows: CERT_E_UNTRUSTEDROOT 0x800B0109", "NSS: MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT", NO_PATH_JAVA } },
    { "bad_signature", SEV_ERROR, "Server: send the CA certificate whose key really signed this one, or install the certificate again if its bytes were changed.",
      { "OpenSSL: 7 certificate signature failure", "GnuTLS: signature invalid", "Windows: TRUST_E_CERT_SIGNATURE 0x80096004", "NSS: SEC_ERROR_BAD_SIGNATURE", "Java: signature check failed" } },
    { "interception_suspected", SEV_WARNING, "Client: import the CA of the intercepting product, or have this destination exempted from inspection.",
      { "OpenSSL: 19 or 20", "Windows: CERT_E_UNTRUSTEDROOT 0x800B0109", "NSS: MOZILLA_PKIX_ERROR_MITM_DETECTED" } },
    { "missing_intermediate", SEV_ERROR, "Server: append the missing intermediate certificate to its chain file (leaf first, then each issuer).",
      { "OpenSSL: 20 or 21 unable to get local issuer certificate", "GnuTLS: issuer is unknown", "Windows: CERT_E_CHAINING 0x800B010A", "NSS: SEC_ERROR_UNKNOWN_ISSUER", NO_PATH_JAVA } },
    { "untrusted_root", SEV_ERROR, "Client: import the root certificate into its trust store, after checking its fingerprint with its owner; or server: use a certificate from a CA that the client trusts.",
      { "OpenSSL: 19 self-signed certificate in certificate chain, or 20", "GnuTLS: issuer is unknown", "Windows: CERT_E_UNTRUSTEDROOT 0x800B0109", "NSS: SEC_ERROR_UNKNOWN_ISSUER", NO_PATH_JAVA } },
    { "distrusted", SEV_ERROR, "Server: get a certificate from another CA.", { "NSS: SEC_ERROR_UNTRUSTED_ISSUER", "Chrome: ERR_CERT_AUTHORITY_INVALID" } },
    { "ctl_missing_root", SEV_ERROR, "Client: import the root certificate, or let Windows fetch its root list.", { "Windows: CERT_E_UNTRUSTEDROOT 0x800B0109" } },
    { "cross_sign_expired", SEV_ERROR, "Client: add the newer root of the same CA to its trust store; server: stop sending the expired cross certificate.",
      { "OpenSSL: 10 certificate has expired", "GnuTLS: uses expired certificate", "Windows: CERT_E_EXPIRED 0x800B0101" } },
    { "expired", SEV_ERROR, "Server: renew the certificate that ran out and reload the service.",
      { "OpenSSL: 10 certificate has expired", "GnuTLS: uses expired certificate", "Windows: CERT_E_EXPIRED 0x800B0101", "NSS: SEC_ERROR_EXPIRED_CERTIFICATE", "Java: NotAfter" } },
    { "not_yet_valid", SEV_ERROR, "Whoever owns the clock: set the client's clock right; or server: use a certificate that is already valid.",
      { "OpenSSL: 9 certificate is not yet valid", "GnuTLS: not yet valid", "Windows: CERT_E_EXPIRED 0x800B0101", "NSS: MOZILLA_PKIX_ERROR_NOT_YET_VALID_CERTIFICATE", "Java: NotBefore" } },
    { "expired_anchor", SEV_ERROR, "Client: update its trust store; server: send a chain that leads to a newer root.",
      { "OpenSSL: 10 certificate has expired", "GnuTLS: uses expired certificate", "Windows: CERT_E_EXPIRED 0x800B0101", "Java: NotAfter" } },
    { "not_a_ca", SEV_ERROR, "Server: get the certificate from a real CA; this issuer's certificate does not make it one.",
      { "OpenSSL: 79 invalid CA certificate", "GnuTLS: not a CA", "Windows: TRUST_E_BASIC_CONSTRAINTS 0x80096019", "NSS: SEC_ERROR_CA_CERT_INVALID", "Java: basic constraints check failed" } },
    { "path_len", SEV_ERROR, "The CA: issue the lower CA certificate from one whose path length allows it.",
      { "OpenSSL: 25 path length constraint exceeded", "GnuTLS: signer's constraints", "Windows: TRUST_E_BASIC_CONSTRAINTS 0x80096019", "NSS: SEC_ERROR_PATH_LEN_CONSTRAINT_INVALID", "Java: pathLenConstraint" } },
    { "name_constraint", SEV_ERROR, "Server: get a certificate from a CA that may issue for this name.",
      { "OpenSSL: 47 permitted or 48 excluded subtree violation", "GnuTLS: signer's constraints", "Windows: CERT_E_INVALID_NAME 0x800B0114", "NSS: SEC_ERROR_CERT_NOT_IN_NAME_SPACE", "Java: name constraints" } },
    { "wrong_eku", SEV_ERROR, "Server: get a certificate made for TLS server authentication.",
      { "OpenSSL: 26 unsuitable certificate purpose", "GnuTLS: intended purpose", "Windows: CERT_E_WRONG_USAGE 0x800B0110", "NSS: SEC_ERROR_INADEQUATE_CERT_TYPE", "Java: Extended key usage does not permit use for TLS server authentication" } },
    { "wrong_ku", SEV_ERROR, "Server: get a certificate whose key usage fits the cipher suites in use; or CA: certify the issuer for keyCertSign.",
      { "OpenSSL: 32 key usage does not include certificate signing", "GnuTLS: signer's constraints", "Windows: CERT_E_WRONG_USAGE 0x800B0110", "NSS: SEC_ERROR_INADEQUATE_KEY_USAGE" } },
    { "name_mismatch", SEV_ERROR, "Client: connect by a name that is in the certificate; or server: get a certificate with this name, or send the right one for it (SNI).",
      { "OpenSSL: 62 hostname mismatch or 64 IP address mismatch", "GnuTLS: name does not match", "Windows: CERT_E_CN_NO_MATCH 0x800B010F", "NSS: SSL_ERROR_BAD_CERT_DOMAIN", "Java: No subject alternative DNS name matching" } },
    { "no_san", SEV_WARNING, "Server: get a certificate that carries the name as a subjectAltName.",
      { "Chrome: ERR_CERT_COMMON_NAME_INVALID", "NSS: SSL_ERROR_BAD_CERT_DOMAIN", "Go: certificate relies on legacy Common Name field" } },
    { "unknown_critical_ext", SEV_ERROR, "Server: get a certificate without this extension, or with it not critical.",
      { "OpenSSL: 34 unhandled critical extension", "GnuTLS: unknown critical extension", "Windows: CERT_E_CRITICAL 0x800B0105", "NSS: SEC_ERROR_UNKNOWN_CRITICAL_EXTENSION", "Java: unrecognized critical extension(s)" } },
    { "sha2_unsupported_by_client", SEV_ERROR, "Client: install the update that adds SHA-2 certificates, or use a newer client; no public CA issues SHA-1 any more.",
      { "Windows: SEC_E_UNSUPPORTED_FUNCTION 0x80090302", "Windows: NTE_BAD_ALGID 0x80090008", "Java: NoSuchAlgorithmException" } },
    { "unsupported_key_for_client", SEV_ERROR, "Server: offer an RSA certificate of 2048 bits beside this one; or client: update it.",
      { "Windows: NTE_BAD_ALGID 0x80090008", "GnuTLS: no certificate was found" } },
    { "sig_unsupported_by_client", SEV_ERROR, "Server: use a chain signed with an algorithm the client knows (RSA with SHA-256 is the widest); or client: update it.",
      { "Windows: NTE_BAD_ALGID 0x80090008", "NSS: SEC_ERROR_CERT_SIGNATURE_ALGORITHM_DISABLED" } },
    { "weak_signature", SEV_ERROR, "Server: replace the certificate by one that is signed with SHA-256.",
      { "OpenSSL: 68 CA signature digest algorithm too weak", "GnuTLS: insecure algorithm", "Windows: CERT_TRUST_HAS_WEAK_SIGNATURE 0x100000", "NSS: SEC_ERROR_CERT_SIGNATURE_ALGORITHM_DISABLED", "Java: algorithm constraints check failed" } },
    { "weak_key", SEV_ERROR, "Server: make a new key (RSA 2048 or EC P-256) and have it certified.",
      { "OpenSSL: 66 EE or 67 CA certificate key too weak", "GnuTLS: insecure algorithm", "NSS: SEC_ERROR_INADEQUATE_KEY_SIZE", "Java: algorithm constraints check failed" } },
    { "unsupported_by_tool", SEV_WARNING, "Check this one with software that knows the algorithm.", { NULL } },
    { "revoked", SEV_ERROR, "Server: replace the revoked certificate.",
      { "OpenSSL: 23 certificate revoked", "GnuTLS: revoked", "Windows: CRYPT_E_REVOKED 0x80092010", "NSS: SEC_ERROR_REVOKED_CERTIFICATE", "Java: CertificateRevokedException" } },
    { "ocsp_bad", SEV_ERROR, "Server: refresh its OCSP staple (can it reach the CA's responder? is its clock right?), or turn stapling off.",
      { "NSS: SEC_ERROR_OCSP_OLD_RESPONSE", "GnuTLS: invalid OCSP status" } },
    { "ocsp_missing", SEV_ERROR, "Server: turn OCSP stapling on; this certificate asks for it.",
      { "NSS: MOZILLA_PKIX_ERROR_REQUIRED_TLS_FEATURE_MISSING", "GnuTLS: requires the OCSP status" } },
    /* From here on: remarks. */
    { "profile_violation", SEV_WARNING, "The CA: issue certificates that follow RFC 5280.", { NULL } },
    { "non_strict_der", SEV_WARNING, "The CA: encode certificates in strict DER.", { NULL } },
    { "ku_no_digital_signature", SEV_WARNING, "Server: get a certificate with digitalSignature; without it only RSA key exchange may use the key.", { NULL } },
    { "wrong_order", SEV_WARNING, "Server: sort its chain file: leaf first, then each issuer.", { NULL } },
    { "expired_cross_sign", SEV_WARNING, "Server: take the expired cross certificate out of its chain file; old clients stumble over it.", { NULL } },
    { "extra_certs", SEV_WARNING, "Server: take the certificates that nobody needs out of its chain file.", { NULL } },
    { "duplicate_certs", SEV_WARNING, "Server: take the second copy out of its chain file.", { NULL } },
    { "root_sent", SEV_INFO, "Server: the root need not be sent; leave it out to save bytes.", { NULL } },
    { "must_staple", SEV_INFO, "Server: keep OCSP stapling on; this certificate asks for it.", { NULL } },
    { "long_validity", SEV_INFO, "Server: public CAs may issue for 398 days at most; browsers refuse more.", { NULL } },
    { "no_sct", SEV_INFO, "Server: public certificates need signed certificate timestamps for Chrome and Safari.", { NULL } },
};

const struct word *word_of(const char *code)
{
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(words[i].code, code) == 0)
            return &words[i];
    return NULL;
}

int word_rank(const char *code)
{
    const struct word *w = word_of(code);
    return w != NULL ? (int)(w - words) : (int)ARRAY_LEN(words);
}
