#!/usr/bin/env python3
"""Stream numbers are Wireshark's, whatever the packets are: streams_random.py STREAMS [SEEDS | CAPTURE...]. STREAMS is the
program of tests/streams.c. Captures of random segments over few tuples (port reuse, odd flags, cut and broken headers, ICMP
errors that quote them), or the captures named: each packet must have the number that tshark gives it."""
import os
import random
import struct
import subprocess
import sys
import tempfile

A, B, C = b"\x0a\0\0\1", b"\x0a\0\0\2", b"\x0a\0\0\3"


def tcp(ports, seq, ack, flags, payload):
    return struct.pack(">HHIIBBHHH", *ports, seq, ack, 0x50, flags, 1000, 0, 0) + payload


def ip(src, dst, proto, payload):
    return struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, proto, 0, src, dst) + payload


def packet(r):
    src, dst = r.choice([(A, B), (B, A), (A, C), (C, A)])
    ports = (r.choice([1000, 1001]), 443)
    ports = ports if src == A else ports[::-1]
    flags = r.choice([2, 2, 0x12, 0x10, 0x10, 0x11, 4, 0x14, 0x18, 0, 1, 0x0a])
    t = tcp(ports, r.choice([100, 101, 200, 201, 5000]), r.choice([100, 101, 201, 0, 5001, 200]), flags, r.choice([b"", b"abc"]))
    kind = r.random()
    if kind < 0.08:
        return ip(dst, src, 1, bytes([r.choice([3, 11]), 1, 0, 0, 0, 0, 0, 0]) + ip(src, dst, 6, t)[:20 + r.choice([16, 20, 23])])
    if kind < 0.12:
        return ip(src, dst, 6, t[:r.choice([4, 14, 16, 18])])
    if kind < 0.14:
        return ip(src, dst, 6, t[:12] + bytes([r.choice([0, 0x40, 0xf0])]) + t[13:])
    if kind < 0.2:
        return ip(src, dst, 17, struct.pack(">HHHH", *ports, 11, 0) + b"abc")
    return ip(src, dst, 6, t)


def make(path, seed):
    r = random.Random(seed)
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
        for i in range(400):
            p = packet(r)
            cut = p if r.random() < 0.9 else p[:r.choice([34, 36, 38, 40])]
            f.write(struct.pack("<IIII", i // 10, i * 100, len(cut), len(p)) + cut)


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode().splitlines()


def wrong(program, path):
    ours = dict(line.split() for line in run(program, path))
    for line in run("tshark", "-n", "-r", path, "-T", "fields", "-e", "frame.number", "-e", "tcp.stream", "-e", "udp.stream"):
        frame, t, u = line.split("\t")
        theirs = ["t" + n for n in t.split(",") if n] + ["u" + n for n in u.split(",") if n]
        if theirs and ours.get(frame) not in theirs:
            return "frame %s is %s, not %s" % (frame, " or ".join(theirs), ours.get(frame))
    return None


def main():
    if subprocess.run(["which", "tshark"], stdout=subprocess.DEVNULL).returncode != 0:
        print("SKIP streams of random segments: no tshark")
        return 0
    named = [a for a in sys.argv[2:] if not a.isdigit()]
    seeds = int(([a for a in sys.argv[2:] if a.isdigit()] or ["0" if named else "10"])[0])
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for what in named + list(range(seeds)):
            path = what if isinstance(what, str) else os.path.join(folder, "random.pcap")
            if path != what:
                make(path, what)
            trouble = wrong(sys.argv[1], path)
            failed += trouble is not None
            print("PASS streams of %s" % what if not trouble else "FAIL streams of %s: %s" % (what, trouble))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
