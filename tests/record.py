"""record.py TLSWHY - what `probe --write` records, `read` judges as the probe did, and tshark opens without a complaint.

Servers on loopback: OpenSSL's, and scripted ones that refuse, fall silent, reset, or speak something else. Each is probed once
with --write; the objects of the probe and of `read --all` over the recording are held against each other, field by field."""
import concurrent.futures
import json
import os
import re
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

from told import Told

tlswhy = sys.argv[1]
folder = tempfile.TemporaryDirectory()
ca, key, leaf = (os.path.join(folder.name, n) for n in ("ca.pem", "leaf.key", "leaf.pem"))
tells = Told("record ")
check = tells.check


def certificate():
    run = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", leaf, "-subj", "/CN=www.example", "-days", "5",
           "-addext", "subjectAltName=DNS:www.example"]
    subprocess.run(run, check=True, capture_output=True)
    shutil.copy(leaf, ca)


class Scripted:
    """A server that does `script` with each connection; its port is free."""

    def __init__(self, script, family=socket.AF_INET):
        self.listener = socket.socket(family)
        self.listener.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
        self.listener.listen(32)
        self.script = script
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            try:
                c, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, c):
        try:
            c.settimeout(5)
            self.script(c)
        except OSError:
            pass
        c.close()

    def close(self):
        """Not before the thread is done: it would take connections of the next server, which gets the same descriptor."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()


class OpenSSL:
    def __init__(self, *options):
        s = socket.socket()
        s.bind(("127.0.0.1", 0))
        self.port = s.getsockname()[1]
        s.close()
        self.child = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-cert", leaf, "-key", key, "-quiet", *options],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.03)

    def close(self):
        self.child.kill()
        self.child.wait()


def hangs_up(c):
    c.recv(4096)


def resets(c):
    c.recv(4096)
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def silent(c):
    c.recv(65536)
    while c.recv(65536):
        pass


def says(*lines, first=True):
    """Plain text: its first line at once, each other one for what it hears."""

    def script(c):
        for i, line in enumerate(lines):
            if i > 0 or not first:
                c.recv(4096)
            c.sendall(line)
        while c.recv(4096):
            pass

    return script


def alert(number):
    return lambda c: (c.recv(65536), c.sendall(bytes([21, 3, 3, 0, 2, 2, number])))


def half_an_answer(c):
    c.recv(65536)
    c.sendall(bytes([22, 3, 3, 0, 122, 2, 0, 0, 118, 3, 3]) + b"x" * 20)
    time.sleep(3)


def exactly(c, n):
    data = b""
    while len(data) < n:
        more = c.recv(n - len(data))
        if not more:
            raise OSError("the client left")
        data += more
    return data


def sql_server(encryption, newest=ssl.TLSVersion.TLSv1_3):
    """TDS: PRELOGIN of both sides, then TLS in PRELOGIN packets, small ones, as the handshake goes."""

    def packet(c):
        kind, last, n = struct.unpack(">BBH", exactly(c, 8)[:4])
        return kind, exactly(c, n - 8)

    def script(c):
        kind, asked = packet(c)
        assert kind == 0x12 and asked[asked.index(b"\xff") + 7] == 1
        body = b"\0\0\x0b\0\6\1\0\x11\0\1\xff" + b"\x10\0\x0f\xa0\0\0" + bytes([encryption])
        c.sendall(struct.pack(">BBHHBB", 4, 1, 8 + len(body), 0, 1, 0) + body)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(leaf, key)
        context.maximum_version = newest
        heard, said = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(heard, said, server_side=True)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                pass
            out = said.read()
            for at in range(0, len(out), 700):
                piece = out[at : at + 700]
                c.sendall(struct.pack(">BBHHBB", 0x12, at + 700 >= len(out), 8 + len(piece), 0, 1, 0) + piece)
            kind, more = packet(c)
            heard.write(more)

    return script


certificate()
cases = [
    # name, server, options
    ("TLS 1.3", lambda: OpenSSL(), []),
    ("TLS 1.3, retry", lambda: OpenSSL("-groups", "P-384"), []),
    ("TLS 1.2", lambda: OpenSSL("-tls1_2"), []),
    ("TLS 1.2, client certificate wanted", lambda: OpenSSL("-tls1_2", "-Verify", "1"), []),
    ("TLS 1.3, client certificate wanted", lambda: OpenSSL("-Verify", "1"), []),
    ("TLS 1.3, client certificate asked for", lambda: OpenSSL("-verify", "1"), []),
    ("TLS 1.0 alone", lambda: OpenSSL("-tls1", "-cipher", "ALL:@SECLEVEL=0"), ["--tls", "1.2-1.3"]),
    ("old client", lambda: OpenSSL("-tls1_2"), ["--tls", "1.0"]),
    ("no shared suite", lambda: OpenSSL("-tls1_2"), ["--tls", "1.2", "--ciphers", "0035,002f", "--groups", "none"]),
    ("as a client", lambda: OpenSSL("-tls1_2"), ["--as", "winsrv2008sp2"]),
    ("as a modern client", lambda: OpenSSL(), ["--as", "winxp-ie8"]),
    ("wrong name", lambda: OpenSSL(), ["--sni", "other.example"]),
    ("no name", lambda: OpenSSL("-tls1_2"), ["--no-sni"]),
    ("unknown root", lambda: OpenSSL(), ["--ca", "pcaps/roots.pem"]),
    ("every client", lambda: OpenSSL("-tls1_2"), ["--clients"]),
    ("hangs up", lambda: Scripted(hangs_up), []),
    ("resets", lambda: Scripted(resets), []),
    ("silence", lambda: Scripted(silent), ["--timeout", "1.2"]),
    ("alert 40", lambda: Scripted(alert(40)), []),
    ("alert 112", lambda: Scripted(alert(112)), []),
    ("half an answer", lambda: Scripted(half_an_answer), ["--timeout", "1"]),
    ("SSH", lambda: Scripted(says(b"SSH-2.0-OpenSSH_9.2\r\n")), []),
    ("HTTP", lambda: Scripted(says(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", first=False)), []),
    ("SMTP without STARTTLS", lambda: Scripted(says(b"220 mail ESMTP\r\n", b"250 mail\r\n", b"502 no\r\n")), ["--starttls", "smtp"]),
    ("SMTP that says nothing", lambda: Scripted(silent), ["--starttls", "smtp", "--timeout", "1"]),
    ("SQL Server, TLS 1.3", lambda: Scripted(sql_server(1)), ["--starttls", "mssql"]),
    ("SQL Server, TLS 1.2", lambda: Scripted(sql_server(3, ssl.TLSVersion.TLSv1_2)), ["--starttls", "mssql"]),
    ("SQL Server, large hello", lambda: Scripted(sql_server(1)), ["--starttls", "mssql", "--pad-to", "9000"]),
    ("SQL Server, old client", lambda: Scripted(sql_server(1, ssl.TLSVersion.TLSv1_2)), ["--starttls", "mssql", "--tls", "1.0"]),
    ("SQL Server without TLS", lambda: Scripted(sql_server(2)), ["--starttls", "mssql"]),
    ("SSH for a SQL Server", lambda: Scripted(says(b"SSH-2.0-OpenSSH_9.2\r\n")), ["--starttls", "mssql"]),
    ("IPv6", lambda: Scripted(alert(70), socket.AF_INET6), []),
]


class Nobody:
    def __init__(self):
        s = socket.socket()
        s.bind(("127.0.0.1", 0))
        self.port = s.getsockname()[1]
        s.close()

    def close(self):
        pass


class Full:
    """Listens and never accepts; its queue is full, so a SYN gets no answer."""

    def __init__(self):
        self.s = socket.socket()
        self.s.bind(("127.0.0.1", 0))
        self.s.listen(0)
        self.port = self.s.getsockname()[1]
        self.crowd = []
        for _ in range(3):
            c = socket.socket()
            c.setblocking(False)
            c.connect_ex(("127.0.0.1", self.port))
            self.crowd.append(c)
        time.sleep(0.1)

    def close(self):
        for s in [self.s, *self.crowd]:
            s.close()


cases += [("refused", Nobody, []), ("no answer to SYN", Full, ["--timeout", "1.5"])]


def handshakes(output):
    return [o for o in map(json.loads, output.splitlines()) if o["type"] == "handshake"]


def compared(o):
    """What must be equal; streams count from 0 in a capture, and attempts from 1."""
    text = json.dumps(o)
    if "file" not in o:
        text = re.sub(r"\bstream (\d+)", lambda m: f"stream {int(m[1]) - 1}", text)
    o = json.loads(text)
    for field in ("file", "source"):
        o.pop(field, None)
    o["probe"].pop("connect_ms", None)
    t = o["tlswhy"]
    for field in ("stream", "filter", "settle", "fix"):
        t.pop(field, None)
    for e in t.get("evidence", []):
        e.pop("stream", None)
    return o


def differences(a, b, at=""):
    if isinstance(a, dict) and isinstance(b, dict):
        return [d for k in sorted(a.keys() | b.keys()) for d in differences(a.get(k), b.get(k), f"{at}.{k}")]
    return [] if a == b else [f"{at}: {json.dumps(a)} probed, {json.dumps(b)} read"]


def recorded(name, options, target, out, wrap=()):
    at = options.index("--ca") if "--ca" in options else None
    anchors = ["--ca", ca] if at is None else options[at : at + 2]
    options = options if at is None else options[:at] + options[at + 2 :]
    sni = [] if "--sni" in options or "--no-sni" in options else ["--sni", "www.example"]
    timeout = [] if "--timeout" in options else ["--timeout", "4"]
    probe = subprocess.run([*wrap, tlswhy, "probe", "--json", *anchors, *sni, *timeout, *options, "--write", out, target], capture_output=True, text=True)
    read = subprocess.run([tlswhy, "read", "--json", "--all", *anchors, out], capture_output=True, text=True)
    if probe.returncode == 2 or read.returncode == 2:
        check(name, False, probe.stderr + read.stderr)
        return [], []
    return handshakes(probe.stdout), handshakes(read.stdout)


def unlike(made, seen):
    """What differs between the probe's objects and those of its recording."""
    key = lambda o: o["probe"]["attempt"]
    made, seen = sorted(made, key=key), sorted(seen, key=key)
    if len(made) != len(seen) or not made:
        return [f"{len(made)} attempts, {len(seen)} in the recording"]
    return [d for a, b in zip(made, seen) for d in differences(compared(a), compared(b))]


def same(name, made, seen):
    wrong = unlike(made, seen)
    check(f"{name}: {'/'.join(sorted({o['event']['code'] for o in made}))}", not wrong, "; ".join(wrong))


files, LAB_SAME = [], []
for name, server, options in cases:
    s = server()
    out = os.path.join(folder.name, f"{len(files)}.pcapng")
    host = "[::1]" if name == "IPv6" else "127.0.0.1"
    made, seen = recorded(name, options, f"{host}:{s.port}", out)
    s.close()
    files.append(out)
    if "--clients" not in options:
        same(name, made, seen)
    else:
        check(f"{name}: {len(seen)} attempts are read", len(seen) > 60 and all("probe" in o for o in seen))

# no way there: in a network namespace without one
if os.geteuid() == 0 and subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode == 0:
    out = os.path.join(folder.name, "unreachable.pcapng")
    for target in ("192.0.2.1:443", "[2001:db8::1]:443"):
        made, seen = recorded("unreachable", [], target, out, wrap=("unshare", "-n"))
        same(f"unreachable, {target}", made, seen)
        files.append(out) if out not in files else None
else:
    print("SKIP record unreachable: no network namespaces here")

# every case of the built-in lab
class Lab:
    def __init__(self):
        self.root, self.out = os.path.join(folder.name, "lab.pem"), os.path.join(folder.name, "lab.json")
        self.child = subprocess.Popen([tlswhy, "lab", "--json", "--for", "120", "--root", self.root], stdout=open(self.out, "w"), stderr=subprocess.DEVNULL)
        before = -1
        for _ in range(200):
            time.sleep(0.1)
            self.cases = [json.loads(line) for line in open(self.out) if line.endswith("\n")]
            if len(self.cases) == before and before > 0:
                break
            before = len(self.cases)
        self.cases = [o for o in self.cases if o["type"] == "lab" and "port" in o]

    def close(self):
        self.child.terminate()
        self.child.wait(20)


def lab_case(case):
    words = case["command"].split()[2:]
    return recorded(case["name"], words[:-1], words[-1], os.path.join(folder.name, f"lab-{case['name']}.pcapng"))


lab = Lab()
with concurrent.futures.ThreadPoolExecutor(6) as pool:
    for case, (made, seen) in zip(lab.cases, pool.map(lab_case, lab.cases)):
        files.append(os.path.join(folder.name, f"lab-{case['name']}.pcapng"))
        wrong = unlike(made, seen)
        if wrong:
            check(f"lab case {case['name']}", False, "; ".join(wrong))
        else:
            LAB_SAME.append(case["name"])
lab.close()
check(f"{len(LAB_SAME)} of {len(lab.cases)} lab cases have the same verdicts", len(LAB_SAME) == len(lab.cases) > 50)

if shutil.which("tshark"):
    every = os.path.join(folder.name, "all.pcapng")
    with open(every, "wb") as f:
        for name in files:
            f.write(open(name, "rb").read())
    strict = ["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
    wanted = ["frame.number", "_ws.malformed", "ip.checksum.status", "tcp.checksum.status", "tcp.analysis.flags", "tls.handshake.type"]
    seen = subprocess.run(["tshark", "-n", "-r", every, *strict, "-T", "fields", *[x for w in wanted for x in ("-e", w)], "-E", "separator=|"],
                          capture_output=True, text=True)
    rows = [line.split("|") for line in seen.stdout.splitlines() if "|" in line]
    bad = [r for r in rows if r[1] or "0" in r[2].split(",")[:1] or "0" in r[3].split(",")[:1] or r[4]]
    check(f"tshark: {len(rows)} frames, checksums and sequence numbers", len(rows) > 100 and not bad and "cut short" not in seen.stderr, bad[:3] or seen.stderr)
    opened = subprocess.run(["tshark", "-n", "-r", files[0], "-T", "fields", "-e", "tls.handshake.type"], capture_output=True, text=True).stdout
    check("tshark: the secrets open TLS 1.3", {"11", "15", "20"} <= set(opened.replace("\n", ",").split(",")), opened)
else:
    print("SKIP record tshark: tshark is not installed")

# without its marks a recording shows a connection whose capture ends, not a rejection
data = open(files[2], "rb").read()
with open(os.path.join(folder.name, "bare.pcapng"), "wb") as f:
    f.write(data[: data.rindex(b"\xad\x0b\0\0")])
bare = handshakes(subprocess.run([tlswhy, "read", "--json", "--all", "--ca", ca, f.name], capture_output=True, text=True).stdout)
check("no marks, no rejection", len(bare) == 1 and bare[0]["event"]["outcome"] != "failure", bare)
run = subprocess.run([tlswhy, "probe", "--write", folder.name + "/none/x.pcapng", "127.0.0.1:1"], capture_output=True, text=True)
check("no folder", run.returncode == 2 and "cannot write" in run.stderr and run.stderr.count("\n") == 1, run.stderr)
sys.exit(tells.failed != 0)
