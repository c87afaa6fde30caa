"""Throw-away certificates for the recordings, made with the openssl command.

    make(folder)    fills it once with keys, certificates and chains; a second call leaves it as it is

NAME.pem is the certificate followed by its intermediates, as a server sends it; NAME.chain the intermediates
alone (empty: none); NAME.key its key.
roots.pem is what clients trust. Nothing here is secret and no key is ever shipped.
"""
import os
import subprocess
import time

DAY = 86400
HOST = "www.lab.example"

CONF = """
[ca]
default_ca = lab
[lab]
new_certs_dir = .
database = index.txt
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = none
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = dn
[dn]
"""


def sh(*argv, **kw):
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **kw)


def stamp(days):
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + days * DAY))


class Pki:
    def __init__(self, folder):
        self.dir = folder

    def path(self, name):
        return os.path.join(self.dir, name)

    def key(self, name, kind="rsa:2048"):
        algorithm, _, size = kind.partition(":")
        args = {"rsa": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:" + size],
                "ec": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:" + size],
                "ed25519": ["-algorithm", "ED25519"]}[algorithm]
        sh("openssl", "genpkey", *args, "-out", self.path(name + ".key"))

    def cert(self, name, issuer, cn, key="rsa:2048", ext="", start=-30, end=3650, md="sha256", chain=None, share_key=None):
        """One certificate. `chain` names what NAME.pem carries behind the leaf; issuer == name: self-signed."""
        if share_key:
            sh("cp", self.path(share_key + ".key"), self.path(name + ".key"))
        else:
            self.key(name, key)
        conf = self.path(name + ".cnf")
        with open(conf, "w") as f:
            f.write(CONF + "[ext]\n" + ext.replace(";", "\n") + "\n")
        sh("openssl", "req", "-new", "-key", self.path(name + ".key"), "-subj", "/CN=" + cn, "-config", conf, "-out", self.path(name + ".csr"))
        sign = ["-selfsign", "-keyfile", self.path(name + ".key")] if issuer == name else \
               ["-cert", self.path(issuer + ".crt"), "-keyfile", self.path(issuer + ".key")]
        sh("openssl", "ca", "-batch", "-config", conf, "-notext", "-md", md, "-in", name + ".csr", "-out", name + ".crt", *sign,
           "-extensions", "ext", "-startdate", stamp(start), "-enddate", stamp(end), cwd=self.dir)
        self.bundle(name + ".pem", [name] + (chain or []))
        self.bundle(name + ".chain", chain or [])

    def bundle(self, name, parts):
        with open(self.path(name), "w") as out:
            for part in parts:
                out.write(open(self.path(part + ".crt")).read())


CA = "basicConstraints=critical,CA:TRUE;keyUsage=critical,keyCertSign,cRLSign;subjectKeyIdentifier=hash"
LEAF = "basicConstraints=critical,CA:FALSE;keyUsage=critical,digitalSignature,keyEncipherment;extendedKeyUsage=serverAuth,clientAuth;subjectKeyIdentifier=hash;authorityKeyIdentifier=keyid"
SAN = ";subjectAltName=DNS:%s"


def make(folder):
    os.makedirs(folder, exist_ok=True)
    p = Pki(folder)
    if os.path.exists(p.path("done")):
        return p
    open(p.path("index.txt"), "w").close()
    p.cert("root", "root", "Lab Root CA", ext=CA, end=7300)
    p.cert("inter", "root", "Lab Issuing CA 1", ext=CA + ";authorityKeyIdentifier=keyid", end=3700)
    p.cert("stranger-root", "stranger-root", "Stranger Root CA", ext=CA, end=7300)
    p.cert("stranger-inter", "stranger-root", "Stranger Issuing CA", ext=CA + ";authorityKeyIdentifier=keyid", end=3700)
    p.cert("proxy-ca", "proxy-ca", "Lab Inspection Proxy CA", ext=CA, end=7300)
    good = LEAF + SAN % HOST
    via = ["inter"]
    p.cert("www", "inter", HOST, ext=good, chain=via)
    p.cert("ec", "inter", HOST, key="ec:P-256", ext=good, chain=via)
    p.cert("ec384", "inter", HOST, key="ec:P-384", ext=good, chain=via)
    p.cert("ed25519", "inter", HOST, key="ed25519", ext=good, chain=via)
    p.cert("expired", "inter", HOST, ext=good, start=-400, end=-3, chain=via)
    p.cert("notyet", "inter", HOST, ext=good, start=20, end=400, chain=via)
    p.cert("othername", "inter", "mail.lab.example", ext=LEAF + SAN % "mail.lab.example,DNS:*.mail.lab.example", chain=via)
    p.cert("selfsigned", "selfsigned", HOST, ext="basicConstraints=CA:FALSE;subjectKeyIdentifier=hash" + SAN % HOST)
    p.cert("stranger", "stranger-inter", HOST, ext=good, chain=["stranger-inter"])
    p.cert("nointer", "inter", HOST, ext=good, chain=[])
    p.cert("clientonly", "inter", HOST, ext=good.replace("serverAuth,clientAuth", "clientAuth"), chain=via)
    p.cert("codesign", "inter", HOST, ext=good.replace("serverAuth,clientAuth", "codeSigning"), chain=via)
    p.cert("weak", "inter", HOST, key="rsa:1024", ext=good, chain=via)
    p.cert("sha1", "inter", HOST, ext=good, md="sha1", chain=via)
    p.cert("md5", "inter", HOST, ext=good, md="md5", chain=via)
    p.cert("byleaf", "www", HOST, ext=good, chain=["www", "inter"])
    p.cert("pathlen0", "root", "Lab Issuing CA 2", ext=CA.replace("CA:TRUE", "CA:TRUE,pathlen:0"), end=3700)
    p.cert("pathlen1", "pathlen0", "Lab Issuing CA 2.1", ext=CA, end=3700)
    p.cert("deep", "pathlen1", HOST, ext=good, chain=["pathlen1", "pathlen0"])
    p.cert("muststaple", "inter", HOST, ext=good + ";tlsfeature=status_request", chain=via)
    p.cert("revoked", "inter", HOST, ext=good, chain=via)
    p.cert("user", "inter", "user 1", key="ec:P-256", ext=LEAF, chain=via)
    p.cert("user-expired", "inter", "user 2", key="ec:P-256", ext=LEAF, start=-400, end=-3, chain=via)
    p.cert("user-stranger", "stranger-inter", "user 3", key="ec:P-256", ext=LEAF, chain=["stranger-inter"])
    broken_signature(p)
    revocation(p)
    p.bundle("roots.pem", ["root"])
    nss(p)
    java(p)
    open(p.path("done"), "w").close()
    return p


def broken_signature(p):
    """The leaf with one bit of its signature turned."""
    sh("cp", p.path("www.key"), p.path("badsig.key"))
    der = bytearray(subprocess.run(["openssl", "x509", "-in", p.path("www.crt"), "-outform", "DER"], check=True, stdout=subprocess.PIPE).stdout)
    der[-40] ^= 1
    pem = subprocess.run(["openssl", "x509", "-inform", "DER"], input=bytes(der), check=True, stdout=subprocess.PIPE).stdout
    open(p.path("badsig.crt"), "wb").write(pem)
    p.bundle("badsig.pem", ["badsig", "inter"])
    p.bundle("badsig.chain", ["inter"])


def revocation(p):
    """A revocation list with `revoked` on it, and an OCSP answer that says so."""
    conf = p.path("inter.cnf")
    sh("openssl", "ca", "-config", conf, "-cert", "inter.crt", "-keyfile", "inter.key", "-revoke", "revoked.crt", "-crl_reason", "keyCompromise", cwd=p.dir)
    sh("openssl", "ca", "-config", conf, "-cert", "inter.crt", "-keyfile", "inter.key", "-gencrl", "-crldays", "3650", "-md", "sha256", "-out", "inter.crl", cwd=p.dir)
    sh("openssl", "ocsp", "-index", "index.txt", "-rsigner", "inter.crt", "-rkey", "inter.key", "-CA", "inter.crt", "-issuer", "inter.crt",
       "-cert", "revoked.crt", "-ndays", "3650", "-respout", "revoked.ocsp", "-noverify", cwd=p.dir)


def nss(p):
    """NSS keeps keys in databases: one for the client, one for the server."""
    for db in ("nss-client", "nss-server"):
        os.makedirs(p.path(db), exist_ok=True)
        sh("certutil", "-N", "-d", "sql:" + p.path(db), "--empty-password")
        sh("certutil", "-A", "-d", "sql:" + p.path(db), "-n", "root", "-t", "CT,C,C", "-i", p.path("root.crt"))
        sh("certutil", "-A", "-d", "sql:" + p.path(db), "-n", "inter", "-t", ",,", "-i", p.path("inter.crt"))
    for name in ("www", "ec", "expired"):
        sh("openssl", "pkcs12", "-export", "-in", p.path(name + ".crt"), "-inkey", p.path(name + ".key"), "-name", name, "-passout", "pass:lab", "-out", p.path(name + ".p12"))
        sh("pk12util", "-i", p.path(name + ".p12"), "-d", "sql:" + p.path("nss-server"), "-W", "lab", "-K", "")


def java(p):
    sh("keytool", "-importcert", "-noprompt", "-alias", "root", "-file", p.path("root.crt"), "-keystore", p.path("roots.jks"), "-storepass", "labpass")
    for name in ("www", "ec", "othername"):
        sh("openssl", "pkcs12", "-export", "-in", p.path(name + ".pem"), "-inkey", p.path(name + ".key"), "-name", name, "-passout", "pass:labpass", "-out", p.path(name + "-java.p12"))
