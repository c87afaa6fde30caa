"""hellos.py TLSWHY - hellos as they go out: those of all client profiles against their fixtures, byte for byte but for what is drawn
anew (random, session id, key shares, GREASE), and what tshark says of them; and each option that changes a hello."""
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading

from told import Told

tlswhy = sys.argv[1]
folder = tempfile.TemporaryDirectory()
GREASE = {n * 0x1010 + 0x0A0A for n in range(16)}
tells = Told("hellos ")
check = tells.check


class Collector:
    """Keeps what comes on each connection, in the pieces that came, and hangs up once the hello is whole."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.heard = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            c, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, c):
        pieces = []
        self.heard.append(pieces)
        c.settimeout(3)
        try:
            while not whole(b"".join(pieces)):
                piece = c.recv(65536)
                if not piece:
                    break
                pieces.append(piece)
        except OSError:
            pass
        c.close()


def records(data):
    at = 0
    while at + 5 <= len(data):
        kind, version, n = struct.unpack_from(">BHH", data, at)
        yield kind, version, data[at + 5 : at + 5 + n]
        at += 5 + n


def whole(data):
    if data[:1] == b"\x80" or data[:1] == b"\x81":
        return len(data) >= 2 and len(data) >= 2 + (struct.unpack(">H", data[:2])[0] & 0x7FFF)
    message = b"".join(body for _, _, body in records(data))
    return len(message) >= 4 and len(message) >= 4 + int.from_bytes(message[1:4], "big") and len(data) > 5


class Hello:
    def __init__(self, data):
        self.records = [(v, len(b)) for _, v, b in records(data)]
        m = b"".join(b for _, _, b in records(data))
        self.message = m
        self.version = struct.unpack_from(">H", m, 4)[0]
        at = 38
        n = m[at]
        self.session_id = m[at + 1 : at + 1 + n]
        at += 1 + n
        n = struct.unpack_from(">H", m, at)[0]
        self.suites = list(struct.unpack_from(f">{n // 2}H", m, at + 2))
        at += 2 + n
        n = m[at]
        self.compression = list(m[at + 1 : at + 1 + n])
        at += 1 + n
        self.extensions = []
        if at < len(m):
            end = at + 2 + struct.unpack_from(">H", m, at)[0]
            at += 2
            while at < end:
                t, n = struct.unpack_from(">HH", m, at)
                self.extensions.append((t, m[at + 4 : at + 4 + n]))
                at += 4 + n
        self.types = [t for t, _ in self.extensions]
        self.ext = dict(self.extensions)

    def without_draws(self):
        """All that is said, but for what is drawn anew."""
        plain = lambda v: 0x0A0A if v in GREASE else v
        numbers = lambda b: [plain(v) for v in struct.unpack(f">{len(b) // 2}H", b)]
        out = []
        for t, body in self.extensions:
            if t == 10:
                body = numbers(body[2:])
            elif t == 43:
                body = numbers(body[1:])
            elif t == 51:
                shares, at = [], 2
                while at < len(body):
                    group, n = struct.unpack_from(">HH", body, at)
                    shares.append((plain(group), n))
                    at += 4 + n
                body = shares
            elif t == 0xFE0D:
                body = len(body)
            elif t in GREASE:
                body = body.hex()
            out.append((plain(t), body))
        return (self.records, self.version, len(self.session_id), [plain(s) for s in self.suites], self.compression, out)


def v2(data):
    """An SSL 2.0 hello without its challenge."""
    suites, sid, challenge = struct.unpack_from(">HHH", data, 5)
    return data[: 11 + suites + sid], len(data), challenge


fixtures = dict(line.split() for line in open("tests/wire/hello-profiles.hex"))
fixtures = {name: bytes.fromhex(text) for name, text in fixtures.items()}

# the fixtures, as tshark sees them
if shutil.which("tshark"):
    path = os.path.join(folder.name, "profiles.pcap")
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101))
        for i, hello in enumerate(fixtures.values()):
            ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40 + len(hello), i, 0, 64, 6, 0, bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2]))
            packet = ip + struct.pack(">HHIIBBHHH", 20000 + i, 443, 1, 1, 0x50, 0x18, 1000, 0, 0) + hello
            f.write(struct.pack("<IIII", i, 0, len(packet), len(packet)) + packet)
    wanted = ["tls.handshake.type", "ssl.handshake.type", "_ws.malformed", "_ws.expert.message", "tls.handshake.ja3", "tcp.stream"]
    wanted = [w for w in wanted if not w.startswith("ssl.")]
    run = subprocess.run(["tshark", "-n", "-r", path, "-T", "fields", "-E", "separator=|", *[x for w in wanted for x in ("-e", w)]], capture_output=True, text=True)
    rows = [line.split("|") for line in run.stdout.splitlines() if line.count("|") == len(wanted) - 1]
    complaints = [(list(fixtures)[i], r) for i, r in enumerate(rows) if r[1] or r[2]]
    silent = [list(fixtures)[i] for i, r in enumerate(rows) if r[0] != "1" and list(fixtures.values())[i][0] == 22]
    check(f"tshark parses {len(rows)} of {len(fixtures)} without a complaint", len(rows) == len(fixtures) and not complaints and not silent, complaints[:2] or silent or run.stderr)
else:
    print("SKIP hellos tshark: tshark is not installed")

# the profiles on the wire
c = Collector()
recording = os.path.join(folder.name, "clients.pcapng")
subprocess.run([tlswhy, "probe", "--clients", "--json", "--sni", "www.example", "--timeout", "5", "--starttls", "none", f"127.0.0.1:{c.port}"],
               capture_output=True, timeout=120)
sent = [b"".join(p) for p in c.heard]
plain = [Hello(h).without_draws() for h in sent if h[:1] == b"\x16"]
old = [v2(h) for h in sent if h[:1] == b"\x80"]
lost = [name for name, h in fixtures.items() if (v2(h) not in old if h[0] != 22 else Hello(h).without_draws() not in plain)]
check(f"{len(fixtures)} profiles go out as their fixtures", len(fixtures) >= 70 and not lost, lost)


# options
def first(*options):
    """The first hello with these options: its pieces."""
    before = len(c.heard)
    run = subprocess.run([tlswhy, "probe", "--json", "--sni", "www.example", "--timeout", "1", *options, f"127.0.0.1:{c.port}"], capture_output=True, text=True, timeout=60)
    assert len(c.heard) > before, run.stderr
    return c.heard[before]


def hello(*options):
    return Hello(b"".join(first(*options)))


usual = hello("--groups", "x25519")
h = hello("--groups", "x25519", "--record-version", "0x0303", "--hello-version", "1.1")
check("--record-version, --hello-version", h.records[0][0] == 0x0303 and h.version == 0x0302 and h.types == usual.types, (h.records, hex(h.version)))
h = hello("--groups", "x25519", "--ext", "0x1234=00ff", "--ext", "13=00020403", "--ext", "0x4321", "--no-ext", "23", "--no-ext", "0x12")
check("--ext, --no-ext", h.ext.get(0x1234) == b"\0\xff" and h.ext.get(13) == b"\0\2\4\3" and h.ext.get(0x4321) == b"" and 23 not in h.ext and 18 not in h.ext, h.types)
h = hello("--groups", "x25519", "--ext-order", "43,0x000d,999,0")
check("--ext-order", h.types[:3] == [43, 13, 0] and sorted(h.types) == sorted(usual.types), h.types)
h = hello("--groups", "x25519", "--grease")
check("--grease", h.suites[0] in GREASE and h.types[0] in GREASE and h.types[-1] in GREASE and h.types[0] != h.types[-1] and
      struct.unpack_from(">H", h.ext[10], 2)[0] in GREASE and struct.unpack_from(">H", h.ext[43], 1)[0] in GREASE and struct.unpack_from(">H", h.ext[51], 2)[0] in GREASE, h.types)
h = hello("--as", "chromium137", "--no-grease")
check("--no-grease", not GREASE & {*h.suites, *h.types, *struct.unpack(f">{len(h.ext[10]) // 2}H", h.ext[10])}, h.types)
for size in (300, 517, 4000, 20000):
    h = hello("--groups", "x25519", "--pad-to", str(size))
    check(f"--pad-to {size}", len(h.message) == size and h.types[-1] == 21, len(h.message))
h = hello("--groups", "x25519", "--session-id", "0xc0ffee")
check("--session-id, bytes", h.session_id == b"\xc0\xff\xee", h.session_id)
check("--session-id, length", len(hello("--groups", "x25519", "--session-id", "17").session_id) == 17 and len(hello("--groups", "x25519", "--session-id", "0").session_id) == 0)
h = hello("--scsv", "fallback,renegotiation")
check("--scsv", h.suites[-2:] == [0x5600, 0x00FF], h.suites)
check("--compression", hello("--compression", "deflate,null,0x40").compression == [1, 0, 64])
h = hello("--groups", "x25519", "--split-records", "100")
check("--split-records", [n for _, n in h.records] == [100] * (len(h.message) // 100) + [len(h.message) % 100], h.records)


def pieces(right, *options):
    """Lengths of the pieces it came in; where this machine is so busy that the listener reads two as one, of another try."""
    for _ in range(5):
        got = [len(p) for p in first("--groups", "x25519", *options)]
        if right(got):
            break
    return right(got), got


check("--split-segments with a pause", *pieces(lambda got: got[:-1] == [60] * (len(got) - 1) and len(got) > 3, "--split-segments", "60,40"))
good, one = pieces(lambda got: sum(got) == 6 * len(usual.message) and len(got) > 500, "--split-segments", "1,1", "--split-records", "1", "--timeout", "4")
check("--split-segments and --split-records of one byte", good, len(one))
old = b"".join(first("--sslv2-format", "--tls", "1.0"))
check("--sslv2-format", old[0] == 0x80 and old[2:5] == b"\1\3\1" and b"\0\0\x2f" in old, old[:16].hex())
profile = os.path.join(folder.name, "mine.profile")
with open(profile, "w") as f:
    f.write("name: mine\nrecord_version: 0301\nclient_version: 0303\ncipher_suites: c02f,002f\nextensions: 0000,000a,000b,000d\ngroups: 0017\nsignature_algorithms: 0401\n")
h = hello("--as", profile, "--ext", "0xfafa=01")
check("--as FILE.profile with options", h.suites == [0xC02F, 0x2F] and h.types == [0, 10, 11, 13, 0xFAFA], (h.suites, h.types))
for options, word in (
    (["--ext", "x=1"], "--ext takes"), (["--ext", "1=abc"], "no hex of whole bytes"), (["--ext", "70000"], "--ext takes"), (["--no-ext", "-1"], "--no-ext takes"),
    (["--session-id", "33"], "0 to 32"), (["--session-id", "0x1"], "no hex"), (["--scsv", "foo"], "none of them"), (["--pad-to", "0"], "1 to"),
    (["--split-records", "20000"], "1 to 16384"), (["--split-segments", "0"], "a size in bytes"), (["--split-segments", "5,x"], "a size in bytes"),
    (["--record-version", "9"], "--record-version takes"), (["--hello-version", "1.0-1.2"], "not a range"), (["--grease", "--no-grease"], "opposite"),
    (["--sslv2-format", "--ext", "5"], "--sslv2-format"), (["--compression", "256"], "none of them"), (["--clients", "--grease"], "--clients"),
):
    run = subprocess.run([tlswhy, "probe", *options, "127.0.0.1:1"], capture_output=True, text=True)
    check(f"refused: {' '.join(options)}", run.returncode == 2 and word in run.stderr and run.stderr.count("\n") == 1, run.stderr)
sys.exit(tells.failed != 0)
