#!/usr/bin/env python3
"""Makes the small trust lists beside this file, with openssl: keys and certificates of our own, good for a test only.

    tests/wire/lists/make.py      writes root.pem and *.stl, *.cab
"""
import hashlib
import os
import struct
import subprocess
import tempfile
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
MS = "1.3.6.1.4.1.311"
NOW, LATER = (time.strftime("%y%m%d%H%M%SZ", time.gmtime(time.time() + s)).encode() for s in (60, 86460))
SHA1, SHA256, RSA = "1.3.14.3.2.26", "2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.1"


def der(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    if n < 128:
        size = bytes([n])
    else:
        size = n.to_bytes((n.bit_length() + 7) // 8, "big")
        size = bytes([0x80 | len(size)]) + size
    return bytes([tag]) + size + body


def seq(*parts):
    return der(0x30, *parts)


def oid(text):
    words = [int(w) for w in text.split(".")]
    out = bytes([words[0] * 40 + words[1]])
    for w in words[2:]:
        b = [w & 127]
        while w > 127:
            w >>= 7
            b.insert(0, 128 | w & 127)
        out += bytes(b)
    return der(6, out)


def octets(b):
    return der(4, b)


def algorithm(o):
    return seq(oid(o), der(5))


def run(*words, data=None):
    return subprocess.run(words, input=data, capture_output=True, check=True).stdout


def attribute(o, *values):
    return seq(oid(o), der(0x31, *values))


class Pki:
    """A root, an intermediate and signers; valid from the day they are made."""

    def __init__(self, folder):
        self.folder = folder
        self.serial = 0
        self.root = self.issue("Test List Root", None, ca=True)
        self.ca = self.issue("Test List CA", self.root, ca=True)

    def path(self, name, ext):
        return os.path.join(self.folder, name.replace(" ", "-") + "." + ext)

    def issue(self, name, issuer, ca=False, eku=None):
        self.serial += 1
        key, crt, cnf = (self.path(name, e) for e in ("key", "der", "cnf"))
        run("openssl", "genrsa", "-out", key, "2048")
        with open(cnf, "w") as f:
            f.write("[x]\nbasicConstraints=critical,CA:%s\n" % ("TRUE" if ca else "FALSE"))
            if eku:
                f.write("extendedKeyUsage=%s\n" % eku)
        csr = run("openssl", "req", "-new", "-key", key, "-subj", "/O=tlswhy tests/CN=" + name)
        sign = ["-signkey", key] if issuer is None else ["-CA", self.path(issuer, "pem"), "-CAkey", self.path(issuer, "key")]
        pem = run("openssl", "x509", "-req", "-sha256", "-days", "7300", "-set_serial", str(self.serial), "-extfile", cnf, "-extensions", "x", *sign, data=csr)
        with open(self.path(name, "pem"), "wb") as f:
            f.write(pem)
        with open(crt, "wb") as f:
            f.write(run("openssl", "x509", "-outform", "DER", data=pem))
        return name

    def der(self, name):
        with open(self.path(name, "der"), "rb") as f:
            return f.read()

    def issuer_and_serial(self, name, issuer):
        serial = int(run("openssl", "x509", "-inform", "DER", "-in", self.path(name, "der"), "-noout", "-serial").split(b"=")[1], 16)
        subject = self.subject(issuer)
        return seq(subject, der(2, serial.to_bytes(serial.bit_length() // 8 + 1, "big")))

    def subject(self, name):
        def rdn(o, text):
            return der(0x31, seq(oid(o), der(0x0c, text.encode())))
        return seq(rdn("2.5.4.10", "tlswhy tests"), rdn("2.5.4.3", name))


def signed(pki, content_type, content, signer, certs, digest, nested=None, detached=False):
    """A SignedData; a list is digested without its outer header, a detached content whole."""
    h = {SHA1: "sha1", SHA256: "sha256"}[digest]
    value = content if detached else content[2 if content[1] < 128 else 2 + (content[1] & 127):]
    attributes = [attribute("1.2.840.113549.1.9.3", oid(content_type)), attribute("1.2.840.113549.1.9.4", octets(hashlib.new(h, value).digest()))]
    attributes = b"".join(sorted(attributes))
    signature = run("openssl", "dgst", "-" + h, "-sign", pki.path(signer, "key"), data=der(0x31, attributes))
    info = [der(2, b"\x01"), pki.issuer_and_serial(signer, pki.ca), algorithm(digest), der(0xa0, attributes), algorithm(RSA), octets(signature)]
    if nested:
        info.append(der(0xa1, attribute(MS + ".2.4.1", nested)))
    inner = [oid(content_type)] + ([] if detached else [der(0xa0, content)])
    body = seq(der(2, b"\x01"), der(0x31, algorithm(digest)), seq(*inner), der(0xa0, *[pki.der(c) for c in certs]), der(0x31, seq(*info)))
    return seq(oid("1.2.840.113549.1.7.2"), der(0xa0, body))


def filetime(seconds):
    return octets(struct.pack("<Q", (seconds + 11644473600) * 10000000))


def entry(i, *more):
    name = ("Test Root %d" % i).encode("utf-16-le") + b"\0\0"
    p = MS + ".10.11."
    wrapped = [attribute(p + "11", octets(name)), attribute(p + "98", octets(hashlib.sha256(b"%d" % i).digest()))]
    return seq(octets(hashlib.sha1(b"%d" % i).digest()), der(0x31, *wrapped, *more))


def trust_list(usage, when, entries):
    return seq(seq(oid(usage)), der(2, b"\x01\x02\x03"), der(0x17, when), algorithm(SHA1), seq(*entries))


def cabinet(content):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"CK" + packer.compress(content) + packer.flush()
    name = b"authroot.stl\0"
    files, data = 44, 44 + 16 + len(name)
    block = struct.pack("<IHH", 0, len(packed), len(content)) + packed
    return (b"MSCF" + struct.pack("<IIIIIBBHHHHH", 0, data + len(block), 0, files, 0, 3, 1, 1, 1, 0, 0, 0) + struct.pack("<IHH", data, 1, 1)
            + struct.pack("<IIHHHH", len(content), 0, 0, 0, 0, 0x20) + name + block)


def main():
    with tempfile.TemporaryDirectory() as folder:
        pki = Pki(folder)
        root_list, server = MS + ".10.3.9", "serverAuth"
        signer = pki.issue("Test List Signer", pki.ca, eku=root_list)
        wrong = pki.issue("Test Web Server", pki.ca, eku=server)
        usages = attribute(MS + ".10.11.9", octets(seq(oid("1.3.6.1.5.5.7.3.1"))))
        late = attribute(MS + ".10.11.126", filetime(1700000000))
        gone = attribute(MS + ".10.11.104", filetime(1600000000))
        one = trust_list(root_list, NOW, [entry(1, usages), entry(2, late), entry(3, gone)])
        two = trust_list(root_list, LATER, [entry(1, usages), entry(2), entry(4)])
        refused = trust_list(MS + ".10.3.30", NOW, [entry(7)])
        chain = [signer, pki.ca]
        ctl = MS + ".10.1"
        nested = signed(pki, "1.2.840.113549.1.7.1", one, signer, chain, SHA256, detached=True)
        made = {
            "sound.stl": signed(pki, ctl, one, signer, chain, SHA256),
            "later.stl": signed(pki, ctl, two, signer, chain, SHA256),
            "signer-only.stl": signed(pki, ctl, one, signer, [signer], SHA256),
            "no-certificates.stl": signed(pki, ctl, one, signer, [], SHA256),
            "sha1-nested.stl": signed(pki, ctl, one, signer, chain, SHA1, nested=nested),
            "wrong-usage.stl": signed(pki, ctl, one, wrong, [wrong, pki.ca], SHA256),
            "refused.stl": signed(pki, ctl, refused, signer, chain, SHA256),
        }
        made["sound.cab"] = cabinet(made["sound.stl"])
        with open(pki.path(pki.root, "pem"), "rb") as f:
            made["root.pem"] = f.read()
        for name, data in made.items():
            with open(os.path.join(HERE, name), "wb") as f:
                f.write(data)
            print(name, len(data))


if __name__ == "__main__":
    main()
