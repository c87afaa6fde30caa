#!/usr/bin/env python3
"""tlswhy compare: compare.py TLSWHY. Two views of one connection are made of the recordings in pcaps/: packets taken out of one
of them, bytes of a hello changed, clocks moved; the verdict on both together must name what was done, where, and how surely."""
import json
import os
import struct
import subprocess
import sys
import tempfile

from told import Told

PCAPS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "pcaps")
SYN, RST, FIN = 2, 4, 1


class Packet:
    """An Ethernet frame with IPv4 and TCP, from a classic little-endian capture."""

    def __init__(self, ns, frame):
        self.ns, self.frame = ns, bytearray(frame)
        ip = 14 + 4 * (self.frame[14] & 15)
        self.tcp = ip
        self.sport, self.dport = struct.unpack(">HH", self.frame[ip:ip + 4])
        self.flags = self.frame[ip + 13]
        self.data = ip + 4 * (self.frame[ip + 12] >> 4)
        self.size = struct.unpack(">H", self.frame[16:18])[0] + 14 - self.data

    def payload(self):
        return bytes(self.frame[self.data:self.data + self.size])

    def of(self, other):
        return {self.sport, self.dport} == {other.sport, other.dport}


def load(name):
    with open(os.path.join(PCAPS, name), "rb") as f:
        data = f.read()
    magic, = struct.unpack("<I", data[:4])
    scale = {0xa1b2c3d4: 1000, 0xa1b23c4d: 1}[magic]
    at, out = 24, []
    while at + 16 <= len(data):
        s, frac, n, _ = struct.unpack("<IIII", data[at:at + 16])
        out.append(Packet(s * 10**9 + frac * scale, data[at + 16:at + 16 + n]))
        at += 16 + n
    return out


def save(path, packets):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 262144, 1))
        for p in packets:
            f.write(struct.pack("<IIII", p.ns // 10**9, p.ns % 10**9, len(p.frame), len(p.frame)) + p.frame)


def connections(packets):
    """The packets of each connection, in order of its SYN."""
    out = []
    for p in packets:
        if p.flags & (SYN | 16) == SYN and not any(c[0].of(p) for c in out):
            out.append([p])
        else:
            for c in out:
                if c[0].of(p):
                    c.append(p)
                    break
    return out


def from_server(c, p):
    return p.sport == c[0].dport


def moved(packets, ns):
    out = [Packet(p.ns + ns, p.frame) for p in packets]
    return out


def hello_changed(packets):
    """The first cipher suite of the ClientHello becomes another one."""
    out = moved(packets, 0)
    for p in out:
        d = p.payload()
        if len(d) > 80 and d[0] == 22 and d[5] == 1:
            p.frame[p.data + 46 + d[43]:p.data + 48 + d[43]] = b"\x00\x0a"
            break
    return out


def without(packets, drop):
    return [p for p in packets if not drop(p)]
tells = Told("compare ")
check = tells.check


class Case:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def run(self, client, server, *args):
        paths = []
        for name, packets in (("client", client), ("server", server)):
            if packets is not None:
                paths.append(os.path.join(self.folder, name + ".pcap"))
                save(paths[-1], packets)
        p = subprocess.run([self.program, "compare", "--json", "--ca", os.path.join(PCAPS, "roots.pem"), *args, *paths], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, timeout=60)
        return p.returncode, [json.loads(line) for line in p.stdout.decode().splitlines()]

    def expect(self, name, client, server, relation, code, side=None, sure=None):
        status, objects = self.run(client, server)
        o = objects[0] if objects else {}
        got = (o.get("relation"), o.get("event", {}).get("code"), o.get("tlswhy", {}).get("side"), o.get("tlswhy", {}).get("certainty"))
        want = (relation, code, side, sure)
        same = all(w is None or w == g for w, g in zip(want, got)) and status == (0 if code == "ok" else 1)
        check(name, same, "wanted %s, got %s, exit status %d" % (want, got, status))
        return o


def same_twice(case):
    """A capture beside itself: forwarded, and the verdict that read gives."""
    for name in ("expired-openssl.pcap", "unknown-root.pcap", "version-client-too-old.pcap", "ok-tls13-curl-nginx.pcap", "client-cert-missing.pcap"):
        packets = connections(load(name))[0]
        path = os.path.join(case.folder, "one.pcap")
        save(path, packets)
        out = subprocess.run([case.program, "read", "--json", "--all", "--ca", os.path.join(PCAPS, "roots.pem"), path], stdout=subprocess.PIPE).stdout
        read = json.loads(out.decode().splitlines()[0])
        case.expect("the same twice, " + name, packets, packets, "forwarded", read["event"]["code"], read["tlswhy"].get("side"),
                    read["tlswhy"]["certainty"])


def two_runs(program, folder):
    """Recordings of a probe: the same target asked twice, for another name at the second time."""
    root = os.path.join(folder, "root.pem")
    lab = subprocess.Popen([program, "lab", "--json", "--for", "20", "--root", root, "healthy"], stdout=subprocess.PIPE)
    try:
        port = json.loads(lab.stdout.readline())["port"]
        paths = []
        for name in ("www.lab.example", "other.example"):
            paths.append(os.path.join(folder, name + ".pcapng"))
            subprocess.run([program, "probe", "--ca", root, "--sni", name, "--write", paths[-1], "127.0.0.1:%d" % port], stdout=subprocess.DEVNULL, timeout=20)
        for a, b, status, code in ((0, 0, 0, "ok"), (0, 1, 1, "cert-name"), (1, 0, 0, "ok")):
            p = subprocess.run([program, "compare", "--json", "--ca", root, paths[a], paths[b]], stdout=subprocess.PIPE, timeout=20)
            o = json.loads(p.stdout.decode().splitlines()[0])
            check("two runs of a probe, %s" % code, p.returncode == status and o["relation"] == "repeated" and o["event"]["code"] == code,
                  "%d %s %s" % (p.returncode, o["relation"], o["event"]["code"]))
    finally:
        lab.terminate()
        lab.wait()


def main():
    with tempfile.TemporaryDirectory() as folder:
        case = Case(sys.argv[1], folder)
        same_twice(case)
        two_runs(sys.argv[1], folder)

        reset = connections(load("reset-on-hello.pcap"))[0]
        cut = next(i for i, p in enumerate(reset) if p.flags & RST and from_server(reset, p))
        good = connections(load("ok-tls12-java-haproxy.pcap"))[0]
        case.expect("a reset that the server never sent", reset, reset[:cut], "forwarded", "tcp-reset", "path", "certain")
        whole = case.run(reset, reset)[1][0]
        check("a reset that the server did send is not blamed on the path for certain",
              whole["tlswhy"].get("side") != "path" or whole["tlswhy"]["certainty"] != "certain", str(whole["tlswhy"]))
        shift = reset[0].ns - good[0].ns
        busy = moved(good[:len(good) // 2], shift - 10**9) + moved(good[len(good) // 2:], shift + 10**9)
        busy = [p for p in busy if not p.of(reset[0])]
        case.expect("nothing arrived while the server's side was captured", reset, busy, "unpaired", "tcp-reset", "path", "certain")
        case.expect("nothing arrived, and nothing at all was captured there", reset, [], "unpaired", "tcp-reset", "path", "likely")

        answered = [p for p in good if p.flags & (RST | FIN) == 0]
        first = next(i for i, p in enumerate(answered) if from_server(good, p) and p.size > 0)
        case.expect("the answer is lost on the way back", answered[:first], answered[:first + 3], "forwarded", "silent-drop", "path", "certain")
        hello = next(i for i, p in enumerate(answered) if not from_server(good, p) and p.size > 0)
        o = case.expect("the hello is lost on the way", answered[:hello + 1], answered[:hello], "forwarded", None, "path", "certain")
        check("the hello is lost on the way: named", o["event"]["code"] in ("silent-drop", "hello-size"), o["event"]["code"])

        broken = connections(load("unknown-root.pcap"))[0]
        o = case.expect("a hello changed on the way", broken, hello_changed(broken), "edited", "protocol-error", "path", "certain")
        check("a hello changed on the way: what", "ciphers" in [c["field"] for c in o["changes"]], str(o["changes"]))

        both = connections(load("intercepted-and-direct.pcap"))
        direct, bumped = both[0], both[1]
        direct = moved(direct, bumped[0].ns - direct[0].ns + 2 * 10**6)
        o = case.expect("another certificate on each side", bumped, direct, "terminated", "interception", "proxy", "certain")
        fields = [c["field"] for c in o["changes"]]
        check("another certificate on each side: what", "issuer" in fields and "certificate" in fields, str(fields))

        merged = sorted(bumped + direct, key=lambda p: p.ns)
        case.expect("both sides of a proxy in one capture", merged, None, "terminated", "interception", "proxy", "certain")

        ok = connections(load("ok-tls13-curl-nginx.pcap"))[0]
        case.expect("an hour apart", ok, moved(ok, 3600 * 10**9), "forwarded", "ok")
        save(os.path.join(folder, "a.pcap"), ok)
        save(os.path.join(folder, "b.pcap"), moved(ok, 3600 * 10**9))
        text = subprocess.run([sys.argv[1], "compare", os.path.join(folder, "a.pcap"), os.path.join(folder, "b.pcap")], stdout=subprocess.PIPE).stdout
        check("an hour apart: the clocks", b"3600000.000 ms ahead" in " ".join(text.decode().split()).encode(), text.decode())

        for name, args in (("no capture", []), ("three of them", ["a", "b", "c"]), ("a file that is not there", [os.path.join(folder, "none.pcap")]),
                           ("a text file", [os.path.abspath(__file__), os.path.join(folder, "a.pcap")])):
            p = subprocess.run([sys.argv[1], "compare", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            check(name, p.returncode == 2 and p.stderr.decode().count("\n") == 1, "%d %s" % (p.returncode, p.stderr.decode()))
    return tells.failed != 0


sys.exit(main())
