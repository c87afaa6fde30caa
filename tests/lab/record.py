#!/usr/bin/python3
"""Makes the recordings of pcaps/ again: record.py FOLDER [--only REGEX] [--keep-work DIR]

Real clients against real servers in a network of their own (lab.py), each pair broken on purpose in one known way. Where no
real peer can be had a scripted one of tests/plays stands in and is named so. Root only. Writes FOLDER/*.pcap,
roots.pem (what the clients trusted) and MANIFEST.tsv.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import lab
import pki
import stacks
from lab import OTHER, PROXY, SERVER, SERVER6
from recordings import RECORDINGS

COLUMNS = ("file", "client", "server", "broken", "cause", "side", "made_by")


def have(argv):
    return shutil.which(argv[0]) is not None


def far_line(work):
    """The long line: 203.0.113.80 is 80 ms away, over tun devices."""
    p = lab.Process("box", [sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "delay.py"),
                            lab.NS["client"], "tun0", lab.NS["server"], "tun0", "80"], work + "/delay.log")
    for _ in range(100):
        if b"ready" in open(work + "/delay.log", "rb").read():
            break
        time.sleep(0.05)
    for side, mine, other in (("client", "203.0.113.10", "203.0.113.80"), ("server", "203.0.113.80", "203.0.113.10")):
        lab.run("ip", "-n", lab.NS[side], "addr", "add", mine, "peer", other, "dev", "tun0")
        lab.run("ip", "-n", lab.NS[side], "link", "set", "tun0", "up")
    return p


def record(r, out, work):
    """One recording. Gives its manifest row."""
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    os.chmod(work, 0o755)
    stacks.WORK = work
    servers = [s() for s in r.servers]
    clients = [c() for c in r.clients]
    missing = [argv[0] for argv, *_ in servers + clients if not have(argv)]
    if missing:
        raise RuntimeError("needs " + ", ".join(missing))
    running = []
    lab.box_rules(r.box)
    for argv in r.before:
        lab.run(*lab.inside(argv[0], argv[1:]), check=False)
    try:
        if r.far:
            running.append(far_line(work))
        for i, (argv, port, _) in enumerate(servers):
            p = lab.Process("server", argv, "%s/server%d.log" % (work, i))
            running.append(p)
            p.wait_listening(port)
        raw = os.path.join(work, "raw.pcap")
        steps = list(enumerate(clients))
        if r.late is None:
            cap = lab.Capture(raw, **r.capture)
        for i, (argv, _) in steps:
            log = "%s/client%d.log" % (work, i)
            p = lab.Process("client", argv, log, stdin=subprocess.PIPE if r.say else None, env={"SSLKEYLOGFILE": stacks.keylog()} if r.secrets else None)
            if r.late is not None:
                time.sleep(r.late)
                cap = lab.Capture(raw, **r.capture)
            if r.say:
                time.sleep(r.pause)
                try:
                    p.p.stdin.write(r.say)
                    p.p.stdin.flush()
                except BrokenPipeError:
                    pass
                time.sleep(0.2)
            try:
                p.p.stdin.close() if r.say else None
            except BrokenPipeError:
                pass
            p.wait(r.seconds)
            p.stop()
            time.sleep(0.1)
        time.sleep(r.after)
        cap.stop()
    finally:
        for p in reversed(running):
            p.stop()
        for argv in r.undo:
            lab.run(*lab.inside(argv[0], argv[1:]), check=False)
    name = r.name + (".pcapng" if r.pcapng or r.secrets else ".pcap")
    finish(raw, os.path.join(out, name), r, key_lines(stacks.keylog()) if r.secrets else b"")
    describe = lambda parts: " then ".join(dict.fromkeys(" ".join(p[-1].split()) for p in parts)) or "none"
    made_by = "tests/lab; " + ("scripted peer" if "scripted" in describe(servers) + describe(clients) else "real programs")
    return name, describe(clients), describe(servers), r.broken, r.cause, r.side, made_by


def key_lines(path):
    """What a reader needs of a key log."""
    with open(path, "rb") as f:
        lines = [line for line in f if line[:1] != b"#" and b"EXPORTER" not in line]
    return b"".join(dict.fromkeys(lines))


def finish(raw, out, r, secrets):
    data = open(raw, "rb").read()
    if r.cut:
        data = data[:r.cut if r.cut > 0 else len(data) + r.cut]
    if r.pcapng or r.secrets:
        data = as_pcapng(data, secrets)
    with open(out, "wb") as f:
        f.write(data)
    if len(data) <= 24:
        raise RuntimeError("nothing was recorded")


def as_pcapng(data, secrets=b""):
    """The packets of a classic capture as pcapng (section header, one interface, enhanced packet blocks; microseconds), key log
    text in front of them as a Decryption Secrets Block."""
    import struct
    linktype = struct.unpack("<I", data[20:24])[0]

    def block(kind, body):
        body += b"\0" * (-len(body) % 4)
        return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)

    out = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)) + block(1, struct.pack("<HHI", linktype, 0, 262144))
    if secrets:
        out += block(10, struct.pack("<II", 0x544C534B, len(secrets)) + secrets)
    at = 24
    while at + 16 <= len(data):
        sec, usec, cap, size = struct.unpack("<IIII", data[at:at + 16])
        ts = sec * 1000000 + usec
        out += block(6, struct.pack("<IIIII", 0, ts >> 32, ts & 0xffffffff, cap, size) + data[at + 16:at + 16 + cap])
        at += 16 + cap
    return out


def read_manifest(path):
    if not os.path.exists(path):
        return {}
    rows = [line.rstrip("\n").split("\t") for line in open(path)][1:]
    return {row[0]: row for row in rows}


def write_manifest(path, rows, order):
    with open(path, "w") as f:
        f.write("\t".join(COLUMNS) + "\n")
        for name in sorted(rows, key=lambda n: order.get(n.rsplit(".", 1)[0], 1 << 20)):
            f.write("\t".join(rows[name]) + "\n")


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("folder")
    ap.add_argument("--only", default="")
    ap.add_argument("--keep-work", metavar="DIR", help="keys, certificates and logs stay there and are used again")
    o = ap.parse_args()
    if os.geteuid() != 0:
        sys.exit("record.py: needs root for its network namespaces; run it with sudo")
    os.makedirs(o.folder, exist_ok=True)
    base = o.keep_work or tempfile.mkdtemp(prefix="tlswhy-lab.")
    os.makedirs(base, exist_ok=True)
    os.chmod(base, 0o755)
    pki.make(base + "/pki")
    stacks.P = base + "/pki"
    subprocess.run(["javac", "-d", stacks.P, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Peer.java")], check=False)
    manifest = os.path.join(o.folder, "MANIFEST.tsv")
    rows, failed = read_manifest(manifest), 0
    order = {r.name: i for i, r in enumerate(RECORDINGS)}
    try:
        for r in RECORDINGS:
            if not re.search(o.only, r.name):
                continue
            try:
                lab.up()  # a new network each time: nothing is sent again from the last one
                row = record(r, o.folder, base + "/work-" + r.name)
                rows[row[0]] = row
                print("%-40s %s" % (row[0], r.cause), flush=True)
            except (RuntimeError, OSError, subprocess.CalledProcessError) as e:
                failed += 1
                print("%-40s FAILED: %s" % (r.name, e), flush=True)
            finally:
                lab.down()
    finally:
        shutil.copy(stacks.P + "/roots.pem", o.folder)
        write_manifest(manifest, {k: v for k, v in rows.items() if k.rsplit(".", 1)[0] in order}, order)
        if not o.keep_work:
            shutil.rmtree(base)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
