#!/usr/bin/env python3
"""Hostile floods: `tlswhy read` stays within its time and its memory.

    flood.py TLSWHY         a small flood of each kind, for make check
    flood.py TLSWHY full    a million SYNs, 100,000 halves of hellos ..., with what each came to

Each is read with little --memory and with the usual one: the peak is at most 16 MB above it, the CPU seconds a packet are bounded, and
where connections were let go the summary counts them and says that it is not complete."""
import json
import os
import struct
import subprocess
import sys
import tempfile

SYN, RST, PSH_ACK, ACK, SYN_ACK = 2, 4, 24, 16, 18
CLIENTS, SERVERS = 0x0A000000, 0xC6120000
MB = 1 << 20

def half_hello(record):
    """A hello of which 250 KB are declared, in a record of so many bytes, and 1,000 come."""
    return struct.pack("!BHHBBH", 22, 0x0301, record, 1, 250000 >> 16, 250000 & 0xFFFF) + b"\3\3" + bytes(994)


HELLO = struct.pack("!BHHBBH", 22, 0x0301, 45, 1, 0, 41) + b"\3\3" + bytes(32) + b"\0" + b"\0\2\xc0\x2f" + b"\1\0"
WARNING = struct.pack("!BHHBB", 21, 0x0303, 2, 1, 90)


class Capture:
    def __init__(self, path):
        self.out = open(path, "wb", buffering=MB)
        self.out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        self.packets = 0

    def add(self, src, dst, sport, dport, seq, ack, flags, payload=b""):
        n = 54 + len(payload)
        at = self.packets * 10
        self.packets += 1
        self.out.write(struct.pack("<IIII", 1800000000 + at // 1000000, at % 1000000, n, n)
                       + struct.pack("!12xHBBHHHBBHIIHHIIBBHHH", 0x0800, 0x45, 0, n - 14, self.packets & 0xFFFF, 0, 64, 6, 0, src, dst,
                                     sport, dport, seq, ack, 0x50, flags, 64240, 0, 0) + payload)

    def open_flow(self, i):
        """A handshake of TCP; gives what a segment of the client, and one of the server, begins with."""
        c, s, port = CLIENTS + i // 50000, SERVERS + i % 251, 10000 + i % 50000
        self.add(c, s, port, 443, 1, 0, SYN)
        self.add(s, c, 443, port, 1, 2, SYN_ACK)
        return (c, s, port, 443), (s, c, 443, port)


def syns(cap, n):
    for i in range(n):
        cap.add(CLIENTS + i // 60000, SERVERS + i % 65521, 1024 + i % 60000, 443, i, 0, SYN)


def halves(cap, n):
    for i in range(n):
        client, _ = cap.open_flow(i)
        cap.add(*client, 2, 2, PSH_ACK, half_hello(1000 if i % 2 == 0 else 16384))


def colliding(cap, n):
    """One sum and, for pairs of them, one exclusive or of the ends: all in one place of a table whose hash has no key."""
    for i in range(n):
        cap.add(CLIENTS + i, SERVERS + 0x200000 - i, 40000, 443, 7, 0, SYN)


def alerts(cap, n):
    """10,000 to a connection, as many to a segment as it holds."""
    for i in range(n // 10000):
        client, server = cap.open_flow(i)
        cap.add(*client, 2, 2, PSH_ACK, HELLO)
        for k in range(0, 10000, 200):
            cap.add(*server, 2 + 7 * k, 2 + len(HELLO) + 7 * k, PSH_ACK, WARNING * 200)
            cap.add(*client, 2 + len(HELLO) + 7 * k, 2 + 7 * (k + 200), PSH_ACK, WARNING * 200)


def single_bytes(cap, n):
    """A hello of 250 KB in segments of one byte; of every other connection, from its end to its beginning."""
    body = half_hello(1000)
    for i in range(n // len(body)):
        client, _ = cap.open_flow(i)
        for k in range(len(body)):
            at = k if i % 2 == 0 else len(body) - 1 - k
            cap.add(*client, 2 + at, 2, PSH_ACK, body[at:at + 1])


FLOODS = [  # kind, how much of it in make check, in full; microseconds of CPU a packet
    (syns, 60000, 1000000, 12),
    (halves, 8000, 100000, 25),
    (colliding, 60000, 1000000, 12),
    (alerts, 100000, 10000000, 400),
    (single_bytes, 60000, 2000000, 12),
]


def run(tool, args):
    """CPU seconds, peak in bytes, the summary."""
    with subprocess.Popen([tool, "read", "--json"] + args, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as p:
        last = b"{}"
        for line in p.stdout:
            last = line
        _, status, used = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, p.returncode, json.loads(last)


def judge(tool, path, packets, kind, most_us, memory):
    cpu, peak, code, summary = run(tool, ["--memory", f"{memory}M", path])
    evicted, complete = summary.get("evicted", -1), summary.get("complete")
    wrong = []
    if code not in (0, 1):
        wrong.append(f"exit status {code}")
    if peak > (memory + 16) * MB:
        wrong.append(f"more than {memory + 16} MB")
    if cpu > 0.3 + packets * most_us / 1e6:
        wrong.append(f"more than {0.3 + packets * most_us / 1e6:.1f} s")
    if evicted < 0 or (evicted > 0) == complete:
        wrong.append(f"complete: {complete}")
    name = kind.__name__.replace("_", " ")
    print(f"{'FAIL' if wrong else 'PASS'} flood of {name}, --memory {memory}M: {packets} packets, {cpu:.2f} s, {peak / MB:.0f} MB, "
          f"{evicted} let go{': ' + ', '.join(wrong) if wrong else ''}", flush=True)
    return not wrong


def main():
    tool, full = sys.argv[1], len(sys.argv) > 2
    good = True
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "flood.pcap")
        for kind, few, many, most_us in FLOODS:
            cap = Capture(path)
            kind(cap, many if full else few)
            cap.out.close()
            for memory in (8, 32, 64, 128, 256) if full else (8, 256):
                good &= judge(tool, path, cap.packets, kind, most_us, memory)
    return 0 if good else 1


sys.exit(main())
