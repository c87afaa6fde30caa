#!/usr/bin/env python3
"""What is read with secrets: secrets.py TLSWHY. For every recording that carries its key log: alerts, Finished and the
server's certificate are those that tshark sees with the same keys; the same key log beside the capture (--keylog) says
the same; a key log with one bit wrong in each secret says no more than none; and no secret is ever printed."""
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

PCAPS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "pcaps")
SECRETS_BLOCK = 10


def split(data):
    """The capture without its secrets, and the secrets. Recordings are little-endian."""
    rest, secrets, at = b"", b"", 0
    while at + 12 <= len(data):
        kind, size = struct.unpack("<II", data[at:at + 8])
        if kind == SECRETS_BLOCK:
            length, = struct.unpack("<I", data[at + 12:at + 16])
            secrets += data[at + 16:at + 16 + length]
        else:
            rest += data[at:at + size]
        at += size
    return rest, secrets


def one_bit_wrong(secrets):
    out = []
    for line in secrets.decode().splitlines():
        label, random, secret = line.split()
        out.append("%s %s %02x%s\n" % (label, random, int(secret[:2], 16) ^ 1, secret[2:]))
    return "".join(out)


def read(program, *args):
    p = subprocess.run([program, "read", "--json", "--all", "--ca", os.path.join(PCAPS, "roots.pem"), *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return (p.stdout + p.stderr).decode()


def objects(text):
    return [{k: v for k, v in json.loads(line).items() if k != "file"} for line in text.splitlines()]


def handshakes(text):
    return [o for o in objects(text) if o["type"] == "handshake"]


def tshark(path, *fields):
    argv = ["tshark", "-n", "-r", path, "-Y", "tls", "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=,"]
    for f in ("tcp.stream", "frame.number") + fields:
        argv += ["-e", f]
    p = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return [line.split("\t") for line in p.stdout.decode().splitlines()]


def differs_from_tshark(ours, path):
    """The first difference, or None. A second handshake of a connection is not in the JSON."""
    alerts, finished, leaf = {}, {}, {}
    for stream, frame, numbers, types, certs in tshark(path, "tls.alert_message.desc", "tls.handshake.type", "tls.handshake.certificate"):
        for n in filter(None, numbers.split(",")):
            alerts.setdefault(int(stream), set()).add((int(frame), int(n)))
        finished[int(stream)] = finished.get(int(stream), 0) + types.split(",").count("20")
        if certs and int(stream) not in leaf:
            leaf[int(stream)] = hashlib.sha256(bytes.fromhex(certs.split(",")[0].replace(":", ""))).hexdigest().upper()
    for h in ours:
        t, s = h["tlswhy"], h["tlswhy"]["stream"]
        again = "renegotiation" in path
        mine = {(a["frame"], a["number"]) for a in t["alerts"] if "number" in a}
        if mine != alerts.get(s, set()) and not again:
            return "alerts %s, tshark has %s" % (sorted(mine), sorted(alerts.get(s, set())))
        both = t["history"].count("F") + t["history"].count("f")
        if both * (2 if again else 1) != finished.get(s, 0):
            return "%d Finished, tshark has %d" % (both, finished.get(s, 0))
        mine = h["tls"].get("server", {}).get("hash", {}).get("sha256")
        if mine != leaf.get(s):
            return "leaf %s, tshark has %s" % (mine, leaf.get(s))
    return None


def verdicts(hs):
    return [(h["event"]["code"], h["tlswhy"]["certainty"], h["tlswhy"]["outcome"], h["tlswhy"]["alerts"]) for h in hs]


def wrong(program, path, scratch):
    rest, secrets = split(open(path, "rb").read())
    bare, log, bad = (os.path.join(scratch, n) for n in ("bare.pcapng", "keys.log", "bad.log"))
    open(bare, "wb").write(rest)
    open(log, "wb").write(secrets)
    open(bad, "w").write(one_bit_wrong(secrets))
    inside, beside = read(program, path), read(program, "--keylog", log, bare)
    for line in secrets.decode().split():
        if len(line) >= 96 and line.lower() in (inside + beside).lower():
            return "a secret was printed"
    if objects(inside) != objects(beside):
        return "--keylog says other things than the secrets block"
    spoiled, none = read(program, "--keylog", bad, bare), read(program, bare)
    if verdicts(handshakes(spoiled)) != verdicts(handshakes(none)):
        return "wrong keys say other things than none"
    if json.loads(spoiled.splitlines()[-1]).get("decrypted") != 0:
        return "wrong keys are counted"
    if shutil.which("tshark"):
        return differs_from_tshark(handshakes(inside), path)
    return None


def main():
    failed = 0
    for name in sorted(os.listdir(PCAPS)):
        if not name.startswith("keys-"):
            continue
        with tempfile.TemporaryDirectory() as scratch:
            trouble = wrong(sys.argv[1], os.path.join(PCAPS, name), scratch)
        failed += trouble is not None
        print("%s secrets %s%s" % ("FAIL" if trouble else "PASS", name, ": " + trouble if trouble else ""))
    if not shutil.which("tshark"):
        print("SKIP secrets against tshark: tshark is not installed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
