#!/usr/bin/env python3
"""quiet.py TLSWHY - connections that stay open by the thousand are packed while nothing follows; what is said of them must not show it.
A recording's connection, many times: first all of them up to the end of their handshakes, then, in the same order, the rest. Of a few of
them (which never rest) and of many the verdicts are the same but for frames and times."""
import json
import os
import struct
import subprocess
import sys
import tempfile

RECORDINGS = ["pcaps/client-cert-missing-tls13.pcap", "pcaps/expired-nss.pcap"]  # established, and ended oddly
FEW, MANY, LOOKED_AT = 200, 2600, 100
COUNTED = {"frame", "frames", "time", "start", "end", "@timestamp", "duration"}


def packets(path):
    with open(path, "rb") as f:
        data = f.read()
    at, found = 24, []
    while at + 16 <= len(data):
        size = struct.unpack_from("<I", data, at + 8)[0]
        found.append(data[at + 16:at + 16 + size])
        at += 16 + size
    return data[:24], found


def of_client(packet, client, number):
    """The same packet of another client, by the number in its address. Checksums are not looked at."""
    changed = bytearray(packet)
    for at in (26, 30):
        if packet[at:at + 4] == client:
            changed[at:at + 4] = bytes([10, 77, number >> 8, number & 255])
    return bytes(changed)


def capture(path, header, parts, clients):
    with open(path, "wb") as f:
        f.write(header)
        for step, (part, client) in enumerate((part, n) for part in parts for n in range(clients)):
            for i, packet in enumerate(part):
                packet = of_client(packet, CLIENT, client)
                f.write(struct.pack("<IIII", 1_750_000_000 + step // 100, step % 100 * 10_000 + i, len(packet), len(packet)) + packet)


def verdicts(tlswhy, path):
    done = subprocess.run([tlswhy, "read", "--json", "--all", path], stdout=subprocess.PIPE, timeout=120, check=False)
    assert done.returncode in (0, 1), done.returncode
    return [plain(json.loads(line)) for line in done.stdout.splitlines()[:LOOKED_AT]]


def plain(value, key=""):
    """Without what depends on the place in the capture."""
    if isinstance(value, dict):
        return {k: plain(v, k) for k, v in value.items() if not any(word in k for word in COUNTED)}
    if isinstance(value, list):
        return [plain(v, key) for v in value]
    return "".join(c for c in value if not c.isdigit()) if isinstance(value, str) else value


failed = 0
for recording in RECORDINGS:
    head, whole = packets(recording)
    CLIENT = next(p[26:30] for p in whole if p[47] & 0x12 == 2)  # the sender of the SYN
    quiet_from = len(whole) * 3 // 4  # the handshake is over, and the end is still to come
    with tempfile.TemporaryDirectory() as folder:
        name = os.path.join(folder, "quiet.pcap")
        said = []
        for n in (FEW, MANY):
            capture(name, head, (whole[:quiet_from], whole[quiet_from:]), n)
            said.append(verdicts(sys.argv[1], name))
    same = said[0] == said[1] and len(said[0]) == LOOKED_AT
    failed += not same
    print("%s quiet %s" % ("PASS" if same else "FAIL", recording))
    for few, many in zip(*said) if not same else []:
        if few != many:
            print("  few:  %s\n  many: %s" % (json.dumps(few)[:2000], json.dumps(many)[:2000]))
            break
sys.exit(failed != 0)
