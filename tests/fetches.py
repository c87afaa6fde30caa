#!/usr/bin/env python3
"""Root lists inside captures: fetches.py TLSWHY

Each case puts an HTTP conversation made here before the packets of a recorded handshake of the same client, and holds what
`tlswhy read` says of that handshake, and of the fetch in the sums, against what is expected. Lists: tests/wire/lists.
"""
import gzip
import json
import os
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PCAPS = os.path.join(os.path.dirname(HERE), "pcaps")
PATH = "/msdownload/update/v3/static/trustedr/en/authrootstl.cab"
AGENT = "User-Agent: Microsoft-CryptoAPI/6.1\r\n"
CLIENT, SERVER = bytes([192, 0, 2, 10]), bytes([198, 51, 100, 8])
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
DAY = 86400


def wire_list(name):
    with open(os.path.join(HERE, "wire", "lists", name), "rb") as f:
        return f.read()


def records(path):
    with open(path, "rb") as f:
        data = f.read()
    at, out = 24, []
    while at < len(data):
        s, us, n, whole = struct.unpack_from("<IIII", data, at)
        out.append((s, us, data[at + 16:at + 16 + n]))
        at += 16 + n
    return data[:24], out


class Talk:
    """One TCP connection as Ethernet frames."""

    def __init__(self, client=CLIENT, port=50000):
        self.frames, self.ends, self.seq = [], ((client, port), (SERVER, 80)), [1000, 9000]
        self.send(0, SYN, b"", 1)
        self.send(1, SYN | ACK, b"", 1)
        self.send(0, ACK)

    def send(self, side, flags, data=b"", more=0, lost=False):
        (src, sport), (dst, dport) = self.ends[side], self.ends[1 - side]
        tcp = struct.pack(">HHIIBBHHH", sport, dport, self.seq[side], 0 if flags == SYN else self.seq[1 - side], 5 << 4, flags, 65535, 0, 0) + data
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), len(self.frames), 0, 64, 6, 0, src, dst) + tcp
        self.seq[side] += len(data) + more
        if not lost:
            self.frames.append(b"\0" * 12 + b"\x08\0" + ip)

    def say(self, side, data, lose=None):
        pieces = [data[i:i + 1448] for i in range(0, len(data), 1448)]
        for i, piece in enumerate(pieces):
            self.send(side, PSH | ACK, piece, lost=i == lose)
            if i != lose:
                self.send(1 - side, ACK)

    def end(self, side, flags=FIN | ACK):
        self.send(side, flags, b"", 1)
        if flags & FIN:
            self.send(1 - side, FIN | ACK, b"", 1)
            self.send(side, ACK)


def get(url=PATH, method="GET", more=AGENT):
    return ("%s %s HTTP/1.1\r\nHost: ctldl.windowsupdate.com\r\n%s\r\n" % (method, url, more)).encode()


def answer(body, status="200 OK", more="", length=None):
    return ("HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n" % (status, more, len(body) if length is None else length)).encode() + body


def chunked(body):
    out = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    for i in range(0, len(body), 700):
        out += b"%x\r\n%s\r\n" % (len(body[i:i + 700]), body[i:i + 700])
    return out + b"0\r\n\r\n"


def one(*replies, ask=None, closer=1, how=FIN | ACK, lose=None, client=CLIENT, port=50000):
    t = Talk(client, port)
    for reply in replies:
        t.say(0, ask or get())
        t.say(1, reply, lose)
    if closer is not None:
        t.end(closer, how)
    return t.frames


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


LOGIN = answer(b"", "407 Proxy Authentication Required", "Proxy-Authenticate: Negotiate\r\n")
PAGE = answer(b"<html><title>Please log in</title></html>", more="Content-Type: text/html\r\n")
SOUND, ALONE, STL = wire_list("sound.cab"), wire_list("signer-only.stl"), wire_list("sound.stl")
STRANGER, OLD, OTHER = "rootlist-407.pcap", "winsrv2008sp2-sha256-chain.pcap", "ok-tls13-curl-nginx.pcap"
URL_STL = PATH.replace("authrootstl.cab", "authroot.stl")

# name, frames before, capture, cause, certainty ("or": trust-list is another possibility), words of its why; state and primary of the note, words of what was got
CASES = [
    ("signer's chain incomplete", one(answer(ALONE), ask=get(URL_STL)), STRANGER, "trust-list", "likely", '"Test List CA" is missing', "bad_list", "missing_intermediate", "not complete"),
    ("an HTML page", one(PAGE), STRANGER, "trust-list", "likely", 'HTML page with the title "Please log in"', "not_a_list", None, "HTML page"),
    ("cut short", one(answer(SOUND[:900], length=len(SOUND))), STRANGER, "trust-list", "likely", "in its place", "not_a_list", None, "cabinet"),
    ("cut short by a reset", one(answer(SOUND[:900], length=len(SOUND)), how=RST | ACK), STRANGER, "trust-list", "likely", "in its place", "not_a_list", None, "cabinet"),
    ("a bit flipped", one(answer(flipped(STL, 500)), ask=get(URL_STL)), STRANGER, "trust-list", "likely", "does not verify", "bad_list", "bad_digest", "changed or damaged"),
    ("a login wanted", one(LOGIN), STRANGER, "trust-list", "likely", "a proxy wants a login (Negotiate)", "refused", None, "status 407"),
    ("a refusal", one(answer(b"", "403 Forbidden")), STRANGER, "trust-list", "likely", "status 403", "refused", None, "status 403"),
    ("a bad gateway", one(answer(b"", "502 Bad Gateway")), STRANGER, "trust-list", "likely", "status 502", "refused", None, "status 502"),
    ("a redirect", one(answer(b"", "302 Found", "Location: http://portal.example/\r\n")), STRANGER, "cert-untrusted-root", "or", None, "redirected", None, "redirect"),
    ("no answer", one(b""), STRANGER, "cert-untrusted-root", "or", None, "unanswered", None, "no answer"),
    ("the computer account", one(LOGIN), STRANGER, "trust-list", "likely", "the computer account", "refused", None, "407"),
    ("another program's hello", one(LOGIN), "unknown-root.pcap", "cert-untrusted-root,trust-list", "-", None, "refused", None, "407"),
    ("a login, and then the list", one(LOGIN, answer(SOUND)), STRANGER, "cert-untrusted-root", "-", None, "refused", None, "407"),
    ("refused, and fetched later elsewhere", one(LOGIN) + one(answer(SOUND), port=50001), STRANGER, "cert-untrusted-root", "-", None, "refused", None, "407"),
    ("a sound list", one(answer(SOUND)), STRANGER, "cert-untrusted-root", "-", None, None, None, None),
    ("a sound list in chunks", one(chunked(SOUND)), STRANGER, "cert-untrusted-root", "-", None, None, None, None),
    ("a sound list to the end", one(b"HTTP/1.1 200 OK\r\n\r\n" + SOUND), STRANGER, "cert-untrusted-root", "-", None, None, None, None),
    ("a broken list in chunks", one(chunked(ALONE), ask=get(URL_STL)), STRANGER, "trust-list", "likely", '"Test List CA"', "bad_list", "missing_intermediate", "not complete"),
    ("compressed: not read", one(answer(gzip.compress(ALONE), more="Content-Encoding: gzip\r\n"), ask=get(URL_STL)), STRANGER, "cert-untrusted-root", "-", None, "unread", None, "compressed"),
    ("a part: not read", one(answer(ALONE[:400], "206 Partial Content", "Content-Range: bytes 0-399/1827\r\n"), ask=get(URL_STL)), STRANGER, "cert-untrusted-root", "-", None, "unread", None, "a part"),
    ("bytes missing: not read", one(answer(SOUND), lose=0, ask=get()), STRANGER, "cert-untrusted-root,capture-incomplete", "-", None, "-", None, None),
    ("bytes missing in the middle: not read", one(answer(SOUND), lose=1), STRANGER, "cert-untrusted-root", "-", None, "unread", None, "missing"),
    ("the client left: not read", one(answer(SOUND[:900], length=len(SOUND)), closer=0), STRANGER, "cert-untrusted-root", "-", None, "unread", None, "client left"),
    ("too large: not read", one(answer(b"MSCF" + bytes(500000))), STRANGER, "cert-untrusted-root", "-", None, "unread", None, "larger"),
    ("another client's fetch", one(LOGIN, client=bytes([192, 0, 2, 99])), STRANGER, "cert-untrusted-root", "-", None, "refused", None, "407"),
    ("SHA-256 only, and Server 2008 SP2", one(answer(SOUND)), OLD, "sha2-unsupported", "or", None, None, None, None),
    ("no list for Server 2008 SP2", one(LOGIN), OLD, "sha2-unsupported,trust-list", "-", None, "refused", None, "407"),
    ("a good handshake", one(answer(ALONE), ask=get(URL_STL)), OTHER, "ok", "-", None, "bad_list", "missing_intermediate", "not complete"),
    ("no handshake", one(PAGE), None, None, "-", None, "not_a_list", None, "HTML page"),
    ("the other list", one(LOGIN, ask=get(PATH.replace("authroot", "disallowedcert"))), STRANGER, "cert-untrusted-root", "-", None, "refused", None, "407"),
    ("a CRL refused", one(LOGIN, ask=get("/ca.crl")), OTHER, "ok", "-", None, "refused", None, "407"),
    ("a page for OCSP", one(PAGE, ask=get("/MFEwTzBN", more="").replace(b"ctldl.windowsupdate.com", b"ocsp.example")), OTHER, "ok", "-", None, "not_a_list", None, "HTML page"),
    ("a page for an issuer", one(PAGE, ask=get("/ca.crt")), OTHER, "ok", "-", None, "not_a_list", None, "HTML page"),
]


def capture(path, frames, base):
    head, rest = records(os.path.join(PCAPS, base or STRANGER))
    skip = 0
    if base == STRANGER:  # its own fetch is stream 0
        skip = next(i for i, (_, _, f) in enumerate(rest) if f[12:14] == b"\x08\0" and f[34:36] + f[36:38] == b"\xc0\xb8\x01\xbb")
    rest = rest[skip:] if base else rest[:1]
    s0 = rest[0][0] + DAY
    with open(path, "wb") as out:
        out.write(head)
        for i, f in enumerate(frames):
            out.write(struct.pack("<IIII", s0 - 5, i * 500, len(f), len(f)) + f)
        for s, us, f in rest if base else []:
            out.write(struct.pack("<IIII", s + DAY, us, len(f), len(f)) + f)


def wrong(program, case, path, roots):
    name, frames, base, cause, sure, words, state, primary, got = case
    capture(path, frames, base)
    p = subprocess.run([program, "read", "--json", "--all", "--ca", roots, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30)
    text = subprocess.run([program, "read", "--ca", roots, path], stdout=subprocess.PIPE, timeout=30).stdout.decode()
    if p.stderr:
        return "says " + p.stderr.decode(errors="replace")
    objects = [json.loads(line) for line in p.stdout.decode().splitlines()]
    notes = objects[-1].get("fetches", [])
    mine = [o for o in objects if o.get("type") == "handshake" and o["destination"]["port"] == 443]
    if cause is not None:
        if not mine:
            return "no handshake"
        event, why = mine[-1]["event"], mine[-1]["tlswhy"]
        if event["code"] not in cause.split(","):
            return "%s: %s" % (event["code"], event["reason"])
        if sure == "or" and "trust-list" not in why["alternatives"]:
            return "not even possible: %s" % why["alternatives"]
        if sure not in ("-", "or") and why["certainty"] != sure:
            return "certainty %s" % why["certainty"]
        if words is not None and words not in event["reason"]:
            return event["reason"]
        if event["code"] == "trust-list" and not any(e["what"] == "fetch" for e in why["evidence"]):
            return "the fetch is not in the evidence"
    elif p.returncode != 0:
        return "exit status %d" % p.returncode
    if state == "-":
        return None
    if (state is None) != (notes == []):
        return "notes: %s" % notes
    if state is not None and (notes[0]["state"] != state or notes[0].get("primary") != primary or got not in notes[0]["got"]):
        return "note: %s" % notes[0]
    told = mine and mine[-1]["event"]["code"] == "trust-list"
    if state is not None and not told and "Note: " not in text:
        return "no note for people"
    return None


def main():
    program, failed = os.path.realpath(sys.argv[1]), False
    with tempfile.TemporaryDirectory() as folder:
        roots, path = os.path.join(folder, "roots.pem"), os.path.join(folder, "x.pcap")
        with open(roots, "wb") as out:
            for name in (os.path.join(PCAPS, "roots.pem"), os.path.join(HERE, "wire", "lists", "root.pem")):
                with open(name, "rb") as f:
                    out.write(f.read())
        for case in CASES:
            said = wrong(program, case, path, roots)
            failed |= said is not None
            print("PASS fetch %s" % case[0] if said is None else "FAIL fetch %s: %s" % (case[0], said))
    return failed


if __name__ == "__main__":
    sys.exit(main())
