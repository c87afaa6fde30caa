#!/usr/bin/env python3
"""faults.py TLSWHY - what goes wrong around the program: input that trickles, disks that are full, readers that leave, clocks that jump.
What it says then is the same, or one sentence and exit status 2; nothing that was written in part is left looking whole."""
import gzip
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import threading

from told import Told

TLSWHY = os.path.realpath(sys.argv[1])
os.chdir(os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
work = tempfile.mkdtemp()
ROOTS = ["--ca", "pcaps/roots.pem"]
GOOD = "pcaps/self-signed.pcap"
LIST = "tests/wire/lists/sound.cab"
tells = Told("faults, ")
check = tells.check


def run(words, **how):
    how = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": 60, **how}
    return subprocess.run([TLSWHY] + words, **how)


def one_sentence(p):
    return p.stderr.startswith(b"tlswhy: ") and p.stderr.count(b"\n") == 1 and p.stderr.endswith(b"\n")


def trickled(words, data, size):
    """Runs it with `data` on standard input, `size` bytes a write."""
    child = subprocess.Popen([TLSWHY] + words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)

    def feed():
        try:
            for at in range(0, len(data), size):
                child.stdin.write(data[at : at + size])
            child.stdin.close()
        except OSError:
            pass

    feeder = threading.Thread(target=feed)
    feeder.start()
    out, err = child.stdout.read(), child.stderr.read()
    feeder.join()
    return child.wait(), out, err


def test_short_reads():
    for path in (GOOD, "pcaps/keys-ok-tls13.pcapng"):
        data = open(path, "rb").read()
        for name, bytes_ in ((path, data), (path + ", gzipped", gzip.compress(data))):
            for words in (["read", "--json", "--all"] + ROOTS + ["-"], ["read", "--write", work + "/w.pcapng"] + ROOTS + ["-"]):
                results = []
                for size in (1, len(bytes_)):
                    results.append(trickled(words, bytes_, size))
                    if "--write" in words:
                        results[-1] += (open(work + "/w.pcapng", "rb").read(),)
                        os.unlink(work + "/w.pcapng")
                check(f"byte by byte, {words[1]}, {os.path.basename(name)}", results[0] == results[1] and results[0][0] in (0, 1) and results[0][1] != b"", results)


def recordings(dir):
    """Every way to write a file, each with a file there before it. The words, and the file."""
    yield ["read", "--write", dir + "/out"] + ROOTS + [GOOD], "out"
    yield ["read", "--annotate", dir + "/out"] + ROOTS + [GOOD], "out"
    yield ["read", "--html", dir + "/out"] + ROOTS + [GOOD], "out"


# What writes to standard output.
TELLERS = [
    ["read"] + ROOTS + [GOOD],
    ["read", "--json"] + ROOTS + [GOOD],
    ["read", "--html", "-"] + ROOTS + [GOOD],
    ["read", "--write", "-"] + ROOTS + [GOOD],
    ["cert", "pcaps/roots.pem"],
    ["chain"] + ROOTS + ["pcaps/roots.pem"],
    ["ctl", "--ca", "tests/wire/lists/root.pem", LIST],
    ["explain", "0x80090326"],
    ["compare"] + ROOTS + [GOOD, GOOD],
    ["profiles"],
    ["lab", "--list"],
    ["probe", "--json", "127.0.0.1:1"],
    ["--help"],
    ["--version"],
    ["read", "--help"],
    ["--completions", "bash"],
]


def test_full_output():
    for words in TELLERS:
        p = run(words)
        if p.returncode == 2:  # no such option in this build: then the list above is wrong
            check(f"{' '.join(words)} works at all", False, p.stderr)
            continue
        with open("/dev/full", "wb") as full:
            p = run(words, stdout=full)
        check(f"standard output on a full disk, {' '.join(words[:2])}", p.returncode == 2 and one_sentence(p), (p.returncode, p.stderr))
    for option in ("--write", "--annotate", "--html"):
        p = run(["read", option, "/dev/full"] + ROOTS + [GOOD])
        check(f"{option} on a full disk", p.returncode == 2 and one_sentence(p), (p.returncode, p.stderr))
    p = run(["probe", "--write", "/dev/full", "127.0.0.1:1"])
    check("probe --write on a full disk", p.returncode == 2 and one_sentence(p), (p.returncode, p.stderr))


def test_full_disk():
    """A disk of a few kilobytes, in a mount namespace of its own."""
    dir = work + "/disk"
    os.mkdir(dir)
    inside = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=12k none "$0" && exec "$@"', dir]
    if os.geteuid() != 0 or subprocess.run(inside + ["true"], stderr=subprocess.DEVNULL).returncode != 0:
        print("SKIP faults, a small disk: only root can mount one")
        return
    script = 'echo before >"$DISK/out"; head -c 4000 /dev/zero >"$DISK/ballast"; "$@" >/dev/null; s=$?; ls "$DISK" | tr "\\n" " "; head -c 100 "$DISK/out"; exit $s'
    for words, _ in recordings(dir):
        if os.path.getsize(GOOD) < 4096 and words[1] != "--html":
            words = words[:-1] + ["pcaps/keys-expired-tls13.pcapng", "pcaps/intercepted.pcap", "pcaps/missing-intermediate.pcap"]
        p = subprocess.run(inside + ["sh", "-c", script, "x", TLSWHY] + words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ, DISK=dir), timeout=60)
        check(f"a small disk, {words[1]}", p.returncode == 2 and one_sentence(p) and p.stdout == b"ballast out before\n", (p.returncode, p.stdout, p.stderr))
    p = subprocess.run(inside + ["sh", "-c", 'head -c 12000 /dev/zero >"$DISK/ballast"; mkdir "$DISK/certs"; "$@" >/dev/null; s=$?; ls -s "$DISK/certs" | grep -c der; exit $s', "x", TLSWHY,
                                 "read", "--certs", dir + "/certs"] + ROOTS + [GOOD], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ, DISK=dir), timeout=60)
    check("a small disk, --certs", p.returncode == 2 and p.stderr.startswith(b"tlswhy: ") and p.stdout == b"0\n", (p.returncode, p.stdout, p.stderr))


def test_broken_pipe():
    for words in TELLERS:
        reader, writer = os.pipe()
        os.close(reader)
        p = run(words, stdout=writer)
        os.close(writer)
        check(f"a reader that left, {' '.join(words[:2])}", p.returncode in (0, 1, 2, -13) and p.stderr == b"", (p.returncode, p.stderr))


# ---- captures as clocks and mirrors spoil them ----


def packets(path):
    """Of a classic capture with microseconds, little-endian: its header, and [seconds, microseconds, length on the wire, bytes]."""
    data = open(path, "rb").read()
    assert data[:4] == b"\xd4\xc3\xb2\xa1", path
    out, at = [], 24
    while at < len(data):
        s, us, caplen, n = struct.unpack_from("<IIII", data, at)
        out.append([s, us, n, data[at + 16 : at + 16 + caplen]])
        at += 16 + caplen
    return data[:24], out


def save(header, list_):
    path = work + "/changed.pcap"
    with open(path, "wb") as f:
        f.write(header)
        for s, us, n, data in list_:
            f.write(struct.pack("<IIII", s, us, len(data), n) + data)
    return path


def verdicts(path):
    p = run(["read", "--json", "--all"] + ROOTS + [path])
    events = [json.loads(line) for line in p.stdout.splitlines()]
    return p.returncode, [(e["event"]["code"], *(e["tlswhy"].get(k) for k in ("outcome", "side", "certainty"))) for e in events if e["type"] == "handshake"]


CLOCKED = ["self-signed", "missing-intermediate", "version-client-too-old", "cipher-none-shared", "wrong-private-key", "client-cert-missing", "sha1-leaf", "bad-signature"]


def test_clock():
    def jump(list_, at, by):
        for k in list_[at:]:
            k[0] += by

    def stand_still(list_):
        for k in list_:
            k[0], k[1] = list_[0][0], list_[0][1]

    def backwards(list_):
        times = [(k[0], k[1]) for k in list_]
        for k, t in zip(list_, reversed(times)):
            k[0], k[1] = t

    for name in CLOCKED:
        path = f"pcaps/{name}.pcap"
        if open(path, "rb").read(4) != b"\xd4\xc3\xb2\xa1":
            continue
        before = verdicts(path)
        header, whole = packets(path)
        for what, change in (
            ("an hour back in the middle", lambda v: jump(v, len(v) // 2, -3600)),
            ("an hour on in the middle", lambda v: jump(v, len(v) // 2, 3600)),
            ("that stands still", stand_still),
            ("that goes backwards", backwards),
            ("that begins at zero", lambda v: jump(v, 0, -v[0][0])),
        ):
            changed = [list(k) for k in whole]
            change(changed)
            after = verdicts(save(header, changed))
            good = after == before
            if what == "that begins at zero":  # certificates are judged by the clock: only that it ends well
                good = after[0] in (0, 1) and len(after[1]) == len(before[1])
            elif what == "that goes backwards":  # who came first is told by time, too: the cause is the same, the outcome need not be
                good = [v[0] for v in after[1]] == [v[0] for v in before[1]]
            check(f"a clock {what}, {name}", good, (before, after))


try:
    test_short_reads()
    test_full_output()
    test_full_disk()
    test_broken_pipe()
    test_clock()
finally:
    shutil.rmtree(work, ignore_errors=True)
sys.exit(tells.failed != 0)
