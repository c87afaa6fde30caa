#!/usr/bin/env python3
"""chains.py TLSWHY - chains whose certificates have one thing wrong each, down to the octet: what `tlswhy chain` calls them.

The certificates are put together here and signed by the openssl command; most of these no tool would issue. What is
expected was held against OpenSSL 3, GnuTLS 3.7, Java 17 and Go 1.19: an error is what at least two of the first three refuse."""
import base64, json, os, subprocess, sys, tempfile, time

from told import Told, environment

NOW, DAY = 1750000000, 86400
SERVER, ANY = "1.3.6.1.5.5.7.3.1", "2.5.29.37.0"
P256, RSA = ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"], ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
NULL, TRUE = b"\5\0", b"\1\1\xff"


def tlv(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    size = bytes([n]) if n < 128 else (lambda b: bytes([0x80 | len(b)]) + b)(n.to_bytes((n.bit_length() + 7) // 8, "big"))
    return bytes([tag]) + size + body


def seq(*parts): return tlv(0x30, *parts)
def number(n): return tlv(2, n.to_bytes(n.bit_length() // 8 + 1, "big", signed=True))
def bits(body, unused=0): return tlv(3, bytes([unused]), body)
def octets(body): return tlv(4, body)
def text(s): return tlv(0x0c, s.encode())
def dns(s): return tlv(0x82, s.encode())


def oid(dotted):
    arcs = [int(a) for a in dotted.split(".")]
    out = b""
    for arc in [arcs[0] * 40 + arcs[1]] + arcs[2:]:
        groups = [arc & 0x7f]
        while arc := arc >> 7:
            groups.insert(0, arc & 0x7f | 0x80)
        out += bytes(groups)
    return tlv(6, out)


def name(cn): return seq(tlv(0x31, seq(oid("2.5.4.3"), text(cn))))
def ext(which, value, critical=False): return seq(oid(which), TRUE if critical else b"", octets(value))
def stamp(seconds, form="%y%m%d%H%M%SZ", tag=0x17): return tlv(tag, time.strftime(form, time.gmtime(seconds)).encode())


BEFORE, AFTER = stamp(NOW - DAY), stamp(NOW + DAY)
CA = [ext("2.5.29.19", seq(TRUE), True), ext("2.5.29.15", bits(b"\6", 1), True)]
BASIC, USAGE = ext("2.5.29.19", seq(), True), ext("2.5.29.15", bits(b"\xa0", 5), True)
LEAF = [BASIC, USAGE, ext("2.5.29.37", seq(oid(SERVER))), ext("2.5.29.17", seq(dns("www.example")))]
NO_NAMES = LEAF[:3]
SHA256 = {"EC": seq(oid("1.2.840.10045.4.3.2")), "RSA": seq(oid("1.2.840.113549.1.1.11"), NULL)}


def named(*names): return NO_NAMES + [ext("2.5.29.17", seq(*names))]
def bound(*trees): return CA + [ext("2.5.29.30", seq(tlv(0xa0, *[seq(t) for t in trees])), True)]


def pss(digest="2.16.840.1.101.3.4.2.1", mask="2.16.840.1.101.3.4.2.1", salt=32):
    return seq(tlv(0xa0, seq(oid(digest), NULL)), tlv(0xa1, seq(oid("1.2.840.113549.1.1.8"), seq(oid(mask), NULL))), tlv(0xa2, number(salt)))


class Maker:
    def __init__(self, folder):
        self.folder, self.serial = folder, 100

    def run(self, *command, stdin=None):
        return subprocess.run(["openssl", *command], input=stdin, capture_output=True, check=True, cwd=self.folder).stdout

    def key(self, who, kind=P256):
        path = os.path.join(self.folder, who + ".key")
        if not os.path.exists(path):
            self.run("genpkey", "-algorithm", *kind, "-out", path)
        return path

    def make(self, who, issuer=None, exts=CA, kind=P256, by=P256, version=2, serial=None, times=BEFORE + AFTER, spki=None, inner=None,
             outer=None, sign=(), tamper=None, key_ids=None, cn=None):
        """A certificate as DER; `issuer` is another's name, whose key signs it."""
        key, signer = self.key(who, kind), self.key(issuer or who, by if issuer else kind)
        algorithm = SHA256[(by if issuer else kind)[0]]
        self.serial += 1
        body = seq(tlv(0xa0, number(version)) if version else b"", serial or number(self.serial), inner or algorithm, name(issuer or who),
                   seq(times), name(cn or who), spki or self.run("pkey", "-in", key, "-pubout", "-outform", "DER"),
                   tlv(0xa3, seq(*exts, *(key_ids or []))) if exts else b"")
        signature = self.run("dgst", "-sha256", "-sign", signer, *sign, stdin=body)
        return seq(body, outer or inner or algorithm, bits(tamper(signature) if tamper else signature))


def pem(der): return f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(der).decode()}-----END CERTIFICATE-----\n"


def cases(m):
    """What it is, the chain, the roots, the name asked for, the verdict with the primary code, and a code that must be there."""
    root, inter = m.make("Root"), m.make("Inter", "Root")
    def leaf(**more): return m.make("leaf", **{"issuer": "Inter", "exts": LEAF, "cn": "www.example"} | more)
    def one(what, verdict, also=None, asked=None, **more): return what, [leaf(**more), inter], [root], asked, verdict, also
    def below(what, verdict, ca, also=None, asked=None, **more): return what, [leaf(issuer=more.pop("by_name", "Inter"), **more), ca], [root], asked, verdict, also
    yield one("good", "ok", asked="www.example")
    # extensions
    yield one("an unknown extension twice", "fail malformed", exts=LEAF + [ext("1.2.3.4", NULL)] * 2)
    yield one("key usage twice", "fail malformed", exts=LEAF + [USAGE])
    yield one("extensions in version 1", "fail malformed", version=0)
    yield one("version 4", "ok", "profile_violation", version=3)
    yield one("broken key usage, critical", "fail malformed", exts=[BASIC, ext("2.5.29.15", seq(), True)] + LEAF[2:])
    yield one("broken key usage, not critical", "ok", "non_strict_der", exts=[BASIC, ext("2.5.29.15", seq())] + LEAF[2:])
    yield below("broken key usage of a CA", "fail malformed", m.make("Inter", "Root", [CA[0], ext("2.5.29.15", seq())]))
    yield one("critical access information", "fail unknown_critical_ext", exts=LEAF + [ext("1.3.6.1.5.5.7.1.1", seq(), True)])
    yield one("critical CRL distribution points", "ok", "unknown_critical_ext", exts=LEAF + [ext("2.5.29.31", seq(), True)])
    yield one("critical policies", "ok", exts=LEAF + [ext("2.5.29.32", seq(seq(oid("1.2.3"))), True)])
    critical_root = m.make("Root", exts=CA + [ext("1.2.3.4", NULL, True)])
    yield "unknown critical extension of the root", [leaf(), inter], [critical_root], None, "fail unknown_critical_ext", None
    yield one("Netscape type without SSL server", "fail wrong_eku", exts=LEAF + [ext("2.16.840.1.113730.1.1", bits(b"\x80", 4))])
    yield one("any usage only", "ok", "wrong_eku", exts=LEAF[:2] + [ext("2.5.29.37", seq(oid(ANY)))] + LEAF[3:])
    yield one("server usage behind 99 others", "ok", exts=LEAF[:2] + [ext("2.5.29.37", seq(*[oid(f"1.2.3.{i}") for i in range(99)], oid(SERVER)))] + LEAF[3:])
    yield one("3,000 names", "ok", asked="h2999.example", exts=named(*[dns(f"h{i}.example") for i in range(3000)]))
    # fields
    yield one("no serial number", "fail malformed", serial=b"\2\0")
    yield one("long-winded serial number", "ok", "non_strict_der", serial=b"\2\2\0\1")
    yield one("date with an offset", "fail malformed", times=stamp(NOW - DAY, "%y%m%d%H%M%S+0000") + AFTER)
    yield one("date with a fraction", "fail malformed", times=stamp(NOW - DAY, "%Y%m%d%H%M%S.5Z", 0x18) + AFTER)
    yield one("date without seconds", "ok", "non_strict_der", times=stamp(NOW - DAY, "%y%m%d%H%MZ") + AFTER)
    # signatures
    yield one("an octet behind the signature", "fail bad_signature", tamper=lambda s: s + b"\0")
    yield one("another octet in the signature", "fail bad_signature", tamper=lambda s: s[:-1] + bytes([s[-1] ^ 1]))
    rsa_ca = m.make("RSA CA", "Root", kind=RSA)
    def by_rsa(what, verdict, salt, mask, **params):
        way = ("-sigopt", "rsa_padding_mode:pss", "-sigopt", f"rsa_pss_saltlen:{salt}", "-sigopt", "rsa_mgf1_md:" + mask)
        return below(what, verdict, rsa_ca, by_name="RSA CA", by=RSA, sign=way, **params)
    how = seq(oid("1.2.840.113549.1.1.10"), pss())
    sha1_mask = seq(oid("1.2.840.113549.1.1.10"), pss(mask="1.3.14.3.2.26"))
    yield by_rsa("RSA-PSS", "ok", 32, "sha256", inner=how)
    yield by_rsa("RSA-PSS, its mask made with SHA-1", "ok", 32, "sha1", inner=sha1_mask)
    yield by_rsa("RSA-PSS, another mask than it says", "fail bad_signature", 32, "sha1", inner=how)
    yield by_rsa("RSA-PSS, another salt than it says", "fail bad_signature", 20, "sha256", inner=how)
    yield by_rsa("RSA-PSS, other parameters outside", "fail malformed", 32, "sha256", inner=how, outer=sha1_mask)
    plain = m.run("pkey", "-in", m.key("RSA CA"), "-pubout", "-outform", "DER")
    point = plain[plain.index(b"\3\x82"):]
    for what, verdict, params in (("any", "ok", b""), ("the same", "ok", pss()), ("a longer salt", "fail bad_signature", pss(salt=48)),
                                  ("another hash", "fail bad_signature", pss("2.16.840.1.101.3.4.2.2"))):
        bound_key = seq(seq(oid("1.2.840.113549.1.1.10"), params), point)
        ca = m.make("RSA CA", "Root", kind=RSA, spki=bound_key)
        way = ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32")
        yield below("RSA-PSS key that takes " + what, verdict, ca, by_name="RSA CA", by=RSA, sign=way, inner=how)
    yield "names itself, signed by another", [m.make("leaf", exts=LEAF, tamper=lambda s: s[:-1] + bytes([s[-1] ^ 1]))], [root], None, "fail self_signed_leaf", None
    # issuers
    yield "trusted, but no CA and no root", [leaf()], [m.make("Inter", "Root", [])], None, "fail not_a_ca", None
    yield "trusted root that does not say that it is a CA", [leaf(), inter], [m.make("Root", exts=[ext("2.5.29.14", octets(b"x"))])], None, "ok", "not_a_ca"
    other_id = m.make("Inter", "Root", key_ids=[ext("2.5.29.14", octets(b"one"))])
    yield below("key identifiers that differ", "fail missing_intermediate", other_id, key_ids=[ext("2.5.29.35", seq(tlv(0x80, b"two")))])
    alike = [m.make("Root", key_ids=[ext("2.5.29.14", octets(b"%d" % i))], spki=m.run("pkey", "-in", m.key(f"r{i % 5}"), "-pubout", "-outform", "DER")) for i in range(80)]
    right = m.make("Root", key_ids=[ext("2.5.29.14", octets(b"right"))])
    theirs = m.make("Inter", "Root", key_ids=[ext("2.5.29.35", seq(tlv(0x80, b"right")))])
    yield "80 roots of one name", [leaf(), theirs], alike + [right], None, "ok", None
    small = m.make("Small", kind=["RSA", "-pkeyopt", "rsa_keygen_bits:768"])
    yield "root of 768 bits", [m.make("leaf", "Small", LEAF, by=RSA, cn="www.example")], [small], None, "fail weak_key", None
    k1 = m.make("Odd curve", "Root", kind=["EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"])
    yield below("CA on secp256k1", "ok", k1, "unsupported_key_for_client", by_name="Odd curve", by=["EC"])
    # names
    yield one("asked for in its own script", "ok", asked="b\u00fccher.example", exts=named(dns("xn--bcher-kva.example")))
    yield one("underscore under a wildcard", "ok", "name_mismatch", asked="a_b.h.example", exts=named(dns("*.h.example")))
    yield one("underscore in full", "ok", asked="a_b.h.example", exts=named(dns("a_b.h.example")))
    yield one("wildcard inside a label", "fail name_mismatch", asked="www.h.example", exts=named(dns("w*.h.example")))
    only = m.make("Inter", "Root", bound(dns("allowed.example")))
    yield below("common name outside of the constraints", "fail name_constraint", only, exts=NO_NAMES)
    yield below("common name that is no host", "ok", only, exts=NO_NAMES, cn="Some Person")
    upn = [tlv(0xa0, oid("1.3.6.1.4.1.311.20.2.3"), tlv(0xa0, text(s))) for s in ("@x.example", "u@x.example")]
    yield below("constraint that few can compare", "fail name_constraint", m.make("Inter", "Root", bound(upn[0])), exts=named(dns("www.example"), upn[1]))
    yield below("the same without such a name", "ok", m.make("Inter", "Root", bound(upn[0])))


def trusted_settings(m, program, told):
    """A root in OpenSSL's form that is trusted for e-mail only, or refused for servers."""
    root, leaf = m.make("Root"), m.make("leaf", "Root", LEAF, cn="www.example")
    for what, how, verdict in (("for servers", ["-addtrust", "serverAuth"], "ok"), ("for e-mail", ["-addtrust", "emailProtection"], "fail distrusted"),
                               ("not for servers", ["-addreject", "serverAuth"], "fail distrusted"), ("without a word", [], "ok")):
        out = m.run("x509", "-trustout", *how, stdin=pem(root).encode()).decode()
        judge(program, m.folder, told, "root trusted " + what, pem(leaf), out, None, verdict, None)


def judge(program, folder, told, what, chain, roots, asked, verdict, also):
    for file, content in (("chain.pem", chain), ("roots.pem", roots)):
        with open(os.path.join(folder, file), "w", encoding="ascii") as f:
            f.write(content)
    command = [program, "chain", "--json", "--ca", "roots.pem", "--at", str(NOW)] + (["--name", asked] if asked else []) + ["chain.pem"]
    r = subprocess.run(command, cwd=folder, capture_output=True, env=environment(LC_ALL="C.UTF-8"), check=False)
    try:
        got = json.loads(r.stdout)
    except ValueError:
        told.check(what, False, f"exit status {r.returncode}: {r.stderr.decode(errors='replace')}")
        return
    codes = [p["code"] for p in got["problems"]]
    said = got["verdict"] + (" " + got["primary"] if got.get("primary") else "")
    told.check(what, said == verdict and (also is None or also in codes), f"{said}, {codes}; expected {verdict} {also or ''}")


def main():
    program, told = os.path.realpath(sys.argv[1]), Told("chains, ")
    with tempfile.TemporaryDirectory() as folder:
        m = Maker(folder)
        for what, chain, roots, asked, verdict, also in cases(m):
            judge(program, folder, told, what, "".join(map(pem, chain)), "".join(map(pem, roots)), asked, verdict, also)
        trusted_settings(m, program, told)
    return 1 if told.failed else 0


if __name__ == "__main__":
    sys.exit(main())
