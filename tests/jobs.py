#!/usr/bin/env python3
"""jobs.py TLSWHY - many targets in one run: where they come from, what is under way at once, and what monitoring systems take.
Servers are threads of this process on loopback; names are asked of a DNS server of our own in a network namespace of our own
(skipped where there may be none)."""
import json
import os
import pty
import resource
import select
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

program = os.path.abspath(sys.argv[1])
ALERT = bytes([21, 3, 1, 0, 2, 2, 40])  # handshake_failure


def said(name, good, detail=""):
    print(f"PASS jobs {name}" if good else f"FAIL jobs {name}: {str(detail)[:500]}")


def skipped(name, why):
    print(f"SKIP jobs {name}: {why}")


class Server:
    """Visitors are counted; `manner` speaks with each in a thread of its own."""

    def __init__(self, manner, address="127.0.0.1"):
        self.manner, self.open, self.most, self.times, self.lock = manner, 0, 0, [], threading.Lock()
        self.listener = socket.create_server((address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET, backlog=256)
        self.port = self.listener.getsockname()[1]
        self.target = f"{address}:{self.port}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.times.append(time.monotonic())
                self.open += 1
                self.most = max(self.most, self.open)
            threading.Thread(target=self.visit, args=(s,), daemon=True).start()

    def visit(self, s):
        try:
            s.settimeout(20)
            self.manner(self, s)
        except OSError:
            pass
        with self.lock:
            self.open -= 1
        s.close()


def refuses(server, s):
    s.recv(65536)
    time.sleep(0.05)
    s.sendall(ALERT)


def hangs(server, s):
    while s.recv(65536):
        pass


def drips(server, s):
    s.recv(65536)
    for byte in b"\x16\x03\x03\x40\x00" + bytes(60):
        s.sendall(bytes([byte]))
        time.sleep(0.2)


def floods(server, s):
    while True:
        s.sendall(b"A" * 65536)


def one_at_a_time(server, s):
    if server.open > 1:
        return
    refuses(server, s)


def probe(*options, targets=None, timeout=60, binary=False):
    r = subprocess.run([program, "probe", *options], input=targets, capture_output=True, timeout=timeout, check=False)
    return r if binary else subprocess.CompletedProcess(r.args, r.returncode, r.stdout.decode(), r.stderr.decode())


def objects(r):
    return [json.loads(line) for line in r.stdout.splitlines()]


def finals(r):
    return [o for o in objects(r) if o["type"] == "handshake" and o["probe"].get("final")]


def tls_server(work):
    """A server whose certificate (RSA, 40 days) is its own root."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{work}/key.pem", "-out", f"{work}/cert.pem", "-days", "40",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,DNS:xn--bcher-kva.example,IP:127.0.0.1"], capture_output=True, check=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{work}/cert.pem", f"{work}/key.pem")
    context.set_ecdh_curve("prime256v1")  # newer OpenSSL prefers a hybrid group, and what that hides is asked for again

    def manner(server, s):
        with context.wrap_socket(s, server_side=True) as t:
            t.recv(1)
    return Server(manner)


# ---------------------------------------------------------------------------------------- where targets come from

def sources(work, good, refusing):
    ca = ("--ca", f"{work}/cert.pem")
    lines = f"\ufeff# a comment\r\n{good.target}\r\n\n   localhost:{good.port}   # and another\nhttps://127.0.0.1:{good.port}/path?x\n{refusing.target}"
    r = probe("--json", *ca, "-", targets=lines.encode())
    typed = sorted(o["probe"]["target"] for o in finals(r))
    said("lines: comments, blanks, CR, a byte order mark, no last line feed",
         typed == sorted([good.target, f"localhost:{good.port}", f"https://127.0.0.1:{good.port}/path?x", refusing.target]), typed or r.stderr)
    summary = objects(r)[-1]
    said("the sums come last", summary["type"] == "summary" and summary["handshakes"] == 4 and summary["failed"] + summary["unknown"] == 1 and summary["complete"], summary)
    said("a healthy server is asked once", len(good.times) == 3, len(good.times))
    with open(f"{work}/targets", "w", encoding="utf-8") as f:
        f.write(f"{good.target}\n")
    r = probe("--json", *ca, f"@{work}/targets", good.target, "-", targets=f"{good.target}\n".encode())
    said("operands, a file and standard input in one run", r.returncode == 0 and len(finals(r)) == 3, r.stderr or r.stdout)
    bad = [b"two words", b"host:99999", b"", b"[::1", b"x" * 300, b"y" * 40000, b"nul\0here", b"\xff\xfe.example", b"a..b", good.target.encode()]
    r = probe("--json", *ca, "-", targets=b"\n".join(bad) + b"\n", binary=True)
    told = r.stderr.decode().splitlines()
    said("bad lines are told one by one and the rest goes on", r.returncode == 2 and len(finals(subprocess.CompletedProcess([], 0, r.stdout.decode(), ""))) == 1 and
         len(told) == 8 and all(line.startswith("tlswhy: ") for line in told), told)
    said("with the number of the line", sum(f"standard input, line {n}: " in r.stderr.decode() for n in (1, 2, 4, 5, 6, 7, 8)) == 7, told)
    r = probe("@" + work + "/none", good.target, *ca)
    said("a file that is not there", r.returncode == 2 and "cannot read targets from" in r.stderr and "ok " in r.stdout, r.stderr)
    r = probe("--json", "-", targets=b"")
    said("no targets at all", r.returncode == 0 and objects(r)[-1]["handshakes"] == 0, r.stdout + r.stderr)


def streaming(work, good):
    p = subprocess.Popen([program, "probe", "--json", "--ca", f"{work}/cert.pem", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    p.stdin.write(f"{good.target}\n127.0.0.1".encode())
    p.stdin.flush()
    first = select.select([p.stdout], [], [], 10)[0] and json.loads(p.stdout.readline())
    said("results come while standard input is still open", first and first["probe"]["target"] == good.target and p.poll() is None, first)
    p.stdin.write(f":{good.port}\n".encode())
    p.stdin.close()
    rest = p.stdout.read().decode().splitlines()
    said("a line in two pieces", len(rest) == 2 and json.loads(rest[0])["probe"]["target"] == good.target, rest)
    p.wait(10)


def completion(work, good):
    silent = Server(hangs, "127.0.0.2")  # of another address: nothing of ours crowds it
    began = time.monotonic()
    r = probe("--json", "--timeout", "1.5", "--hello", f"{work}/hello.hex", "-", targets=f"{silent.target}\n{good.target}\n".encode())
    order = [o["probe"]["target"] for o in finals(r)]
    said("in the order of completion", order == [good.target, silent.target], order or r.stderr)
    said("silence ends at --timeout", 1.5 <= time.monotonic() - began < 2.5 and finals(r)[-1]["event"]["code"] == "silent-drop", time.monotonic() - began)
    pit = Server(drips)
    began = time.monotonic()
    r = probe("--json", "--timeout", "1", "--hello", f"{work}/hello.hex", pit.target)
    said("a tar pit ends at --timeout", time.monotonic() - began < 2 and len(finals(r)) == 1, time.monotonic() - began)
    began = time.monotonic()
    r = probe("--json", "--timeout", "1.2", "--no-sni", Server(hangs, "127.0.0.3").target)
    took = time.monotonic() - began
    said("all questions to a silent server end a second later", 1.2 <= took < 3 and len(objects(r)) > 1 and finals(r)[-1]["event"]["code"] == "silent-drop", (took, r.stdout))
    r = probe("--json", "--timeout", "5", Server(floods, "127.0.0.4").target)
    said("data without end", finals(r)[-1]["event"]["code"] == "not-tls", r.stdout)


# ---------------------------------------------------------------------------------------- what is under way at once

def limits(work):
    for jobs in (1, 5):
        server = Server(refuses)
        probe("--json", "--jobs", str(jobs), "--hello", f"{work}/hello.hex", "-", targets=f"{server.target}\n".encode() * 20)
        said(f"--jobs {jobs}", server.most == jobs and len(server.times) == 20, (server.most, len(server.times)))
    server = Server(refuses)
    probe("--json", "--hello", f"{work}/hello.hex", "-", targets=f"{server.target}\n".encode() * 20)
    said("8 at once without --jobs", server.most == 8, server.most)
    server = Server(refuses)
    probe("--json", "--pause", "60", "--hello", f"{work}/hello.hex", "-", targets=f"{server.target}\n".encode() * 6)
    gaps = [b - a for a, b in zip(server.times, server.times[1:])]
    said("--pause between connections to one server", len(gaps) == 5 and min(gaps) > 0.03 and sum(gaps) > 0.28, gaps)
    a, b = Server(refuses), Server(refuses, "127.0.0.2")
    began = time.monotonic()
    probe("--json", "--pause", "400", "--hello", f"{work}/hello.hex", a.target, b.target)
    said("and none between two servers", time.monotonic() - began < 0.4, time.monotonic() - began)
    shy = Server(one_at_a_time)
    r = probe("--json", "--jobs", "4", "--hello", f"{work}/hello.hex", "-", targets=f"{shy.target}\n".encode() * 4)
    said("a server that takes one visitor at a time is asked again alone", len(finals(r)) == 4 and all(o["tlswhy"]["alerts"] for o in finals(r)), [o["event"]["code"] for o in finals(r)])

    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
    r = subprocess.run([program, "probe", "--jobs", "500", "127.0.0.1:1"], capture_output=True, text=True, preexec_fn=few, check=False)
    said("more jobs than open files are allowed", r.returncode == 2 and "--jobs" in r.stderr and len(r.stderr.splitlines()) == 1, r.stderr)
    for wrong in (["--jobs", "0"], ["--jobs", "x"], ["--jobs", "100000"], ["--pause", "-1"], ["--pause", "1s"], ["--expiry", "soon"], ["--timeout", "0"]):
        r = probe(*wrong, "127.0.0.1:1")
        said(f"wrong: {' '.join(wrong)}", r.returncode == 2 and wrong[0] in r.stderr and len(r.stderr.splitlines()) == 1, r.stderr)


def memory():
    """Ports that refuse cost little, so many are probed: the peak does not grow with them."""
    peaks = []
    for n in (500, 5000):
        with tempfile.TemporaryFile() as f:
            f.write(b"".join(b"127.9.%d.%d:1\n" % (i >> 8, i & 255) for i in range(n)))
            f.seek(0)
            p = subprocess.Popen(["sh", "-c", f'exec "{program}" probe --jobs 100 - >/dev/null'], stdin=f)
            _, _, usage = os.wait4(p.pid, 0)
            p.returncode = 1
        peaks.append(usage.ru_maxrss)
    if "asan" in program:
        skipped("memory is flat", "sanitizers keep what was freed")
    else:
        said("memory is flat in the number of targets", peaks[1] < peaks[0] + 2048, peaks)


def progress(work):
    silent = Server(hangs)
    screen, terminal = pty.openpty()
    p = subprocess.Popen([program, "probe", "--timeout", "1.6", "--hello", f"{work}/hello.hex", "127.0.0.1:1", silent.target], stdout=subprocess.DEVNULL, stderr=terminal)
    os.close(terminal)
    shown = b""
    while select.select([screen], [], [], 15)[0]:
        try:
            more = os.read(screen, 4096)
        except OSError:
            break
        if not more:
            break
        shown += more
    p.kill()
    p.wait()
    os.close(screen)
    said("a line of progress on a terminal, wiped at the end", b"1 of 2 done, 1 failed" in shown and b"\x1b[K" in shown, shown)
    r = probe("--timeout", "1.6", "--hello", "/dev/null", silent.target)
    said("and none elsewhere", "\r" not in r.stderr, r.stderr)


# ---------------------------------------------------------------------------------------- monitoring

def nagios(work, good, refusing):
    ca = ("--ca", f"{work}/cert.pem", "--nagios")
    cases = (("ok", 0, "TLS OK - ", (good.target,)), ("soon", 1, "TLS WARNING - ", ("--expiry", "60", good.target)),
             ("failed", 2, "TLS CRITICAL - ", ("--at", "2100-01-01", good.target)), ("refused", 2, "TLS CRITICAL - ", ("127.0.0.1:1",)),
             ("no such name", 3, "TLS UNKNOWN - ", ("no such name",)), ("wrong option", 3, "TLS UNKNOWN - ", ("--jobs", "none", good.target)),
             ("two targets", 3, "TLS UNKNOWN - ", (good.target, good.target)), ("expected", 0, "TLS OK - ", ("--expect", "tcp-refused", "127.0.0.1:1")),
             ("no anchors", 3, "TLS UNKNOWN - ", ("--ca", "/nonexistent", good.target)))
    for name, status, words, options in cases:
        r = probe(*ca, *options)
        line = r.stdout.splitlines()
        figures = status == 3 or (line and " | time=" in line[0] and line[0].count("|") == 1)
        said(f"--nagios: {name}", r.returncode == status and len(line) == 1 and line[0].startswith(words) and figures, (r.returncode, r.stdout, r.stderr))
    line = probe(*ca, good.target).stdout
    said("--nagios: days left, with the threshold as a range", " days_left=39;14:;0:" in line, line)


def prom(work, good):
    path = f"{work}/tls.prom"
    targets = f"{good.target}\n127.0.0.1:1\nlocalhost:{good.port}\n{good.target}\nno such\n".encode()
    r = probe("--json", "--ca", f"{work}/cert.pem", "--prom", path, "-", targets=targets)
    with open(path, encoding="ascii") as f:
        text = f.read()
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    series = [line.rsplit(" ", 1)[0] for line in samples]
    said("--prom: no series twice, no timestamps", len(set(series)) == len(series) and all(len(line.rsplit("}", 1)[1].split()) == 1 for line in samples), text)
    wanted = [f'probe_success{{target="{good.target}"}} 1', 'probe_success{target="127.0.0.1:1"} 0', f'probe_tls_version_info{{target="{good.target}",version="TLS 1.3"}} 1',
              'tlswhy_verdict_info{target="127.0.0.1:1",code="tcp-refused",side="server"} 1', f'tlswhy_verdict_info{{target="localhost:{good.port}",code="ok",side="none"}} 1']
    said("--prom: the samples", all(line in samples for line in wanted), text)
    names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    said("--prom: the names", names == ["probe_success", "probe_duration_seconds", "probe_ssl_earliest_cert_expiry", "probe_ssl_last_chain_expiry_timestamp_seconds",
                                        "probe_tls_version_info", "probe_tls_cipher_info", "tlswhy_verdict_info"], names)
    ends = [float(line.split()[-1]) for line in samples if line.startswith("probe_ssl_earliest_cert_expiry")]
    said("--prom: when the certificate ends", len(ends) == 2 and all(39 < (end - time.time()) / 86400 < 41 for end in ends), ends)
    said("--prom: renamed, nothing left beside it", [n for n in os.listdir(work) if n.startswith("tls.prom")] == ["tls.prom"], os.listdir(work))
    said("--prom: the output stays", r.returncode == 2 and len(finals(r)) == 4, r.stdout[-300:])
    r = probe("--prom", f"{work}/none/tls.prom", "--ca", f"{work}/cert.pem", good.target)
    said("--prom: a folder that is not there", r.returncode == 2 and "--prom: cannot write" in r.stderr, r.stderr)


# ---------------------------------------------------------------------------------------- names

def idn(work, good):
    r = probe("--json", "--ca", f"{work}/cert.pem", "--sni", "bücher.example", good.target)
    asked = finals(r)[0]
    said("a name in UTF-8 is asked for in its ASCII form", r.returncode == 0 and asked["tls"]["client"]["server_name"] == "xn--bcher-kva.example", asked["event"])


class Names:
    """A DNS server: A and AAAA records by name; `silent.*` is never answered, everything else does not exist."""
    HOSTS = {"two.example": ["127.0.0.3", "127.0.0.1"], "one.example": ["127.0.0.1"], "six.example": ["::1"], "xn--bcher-kva.example": ["127.0.0.1"], "both.example": ["::1", "127.0.0.1"]}

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            query, whom = self.socket.recvfrom(4096)
            labels, at = [], 12
            while query[at]:
                labels.append(query[at + 1:at + 1 + query[at]].decode())
                at += 1 + query[at]
            kind = struct.unpack(">H", query[at + 1:at + 3])[0]
            name = ".".join(labels).lower()
            if name.startswith("silent."):
                continue
            family = {1: socket.AF_INET, 28: socket.AF_INET6}.get(kind)
            found = [ip for ip in self.HOSTS.get(name, []) if (":" in ip) == (family == socket.AF_INET6)] if family else []
            records = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, 4 if family == socket.AF_INET else 16) + socket.inet_pton(family, ip) for ip in found)
            flags = 0x8180 if name in self.HOSTS else 0x8183
            self.socket.sendto(query[:2] + struct.pack(">HHHHH", flags, 1, len(found), 0, 0) + query[12:at + 5] + records, whom)


def names(work):
    """Runs in namespaces of its own: nothing of the machine's own names or addresses is there."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with open(f"{work}/resolv.conf", "w", encoding="ascii") as f:
        f.write("nameserver 127.0.0.1\noptions timeout:1\n")
    subprocess.run(["mount", "--bind", f"{work}/resolv.conf", os.path.realpath("/etc/resolv.conf")], check=True)
    Names()
    server, six = Server(refuses), Server(refuses, "::1")
    hello = ("--json", "--hello", f"{work}/hello.hex", "--timeout", "2")
    r = probe(*hello, f"one.example:{server.port}", f"six.example:{six.port}", f"bücher.example:{server.port}")
    where = {o["probe"]["target"].split(":")[0]: o["probe"]["address"] for o in finals(r)}
    said("names: A, AAAA, and one in UTF-8", where == {"one.example": "127.0.0.1", "six.example": "::1", "bücher.example": "127.0.0.1"}, where or r.stderr)
    r = probe(*hello, f"two.example:{server.port}")
    tried = sorted((o["probe"]["address"], bool(o["probe"].get("final"))) for o in objects(r))
    said("names: the next address where one does not open", ("127.0.0.1", True) in tried, tried or r.stderr)
    door, waiting = socket.socket(socket.AF_INET6), [socket.socket(socket.AF_INET6) for _ in range(4)]
    door.bind(("::1", server.port))
    door.listen(0)
    for s in waiting: # until no more are let in
        s.setblocking(False)
        s.connect_ex(("::1", server.port))
    began = time.monotonic()
    r = probe(*hello, f"both.example:{server.port}")
    took = time.monotonic() - began
    said("names: an address that does not open leaves the next its time", [o["probe"]["address"] for o in finals(r)] == ["127.0.0.1"] and took < 1.9, (took, r.stdout))
    for s in door, *waiting:
        s.close()
    r = probe(*hello, "-4", f"both.example:{server.port}")
    said("names: -4", [o["probe"]["address"] for o in finals(r)] == ["127.0.0.1"], r.stdout or r.stderr)
    r = probe(*hello, "-6", f"one.example:{server.port}")
    said("names: -6 of a name without such an address", r.returncode == 2 and "cannot find the address of 'one.example'" in r.stderr, r.stderr)
    began = time.monotonic()
    r = probe(*hello, "-", targets=f"silent.example\nnone.example\none.example:{server.port}\n".encode())
    took = time.monotonic() - began
    told = r.stderr.splitlines()
    said("names: one that is never answered ends at --timeout and holds up nobody", r.returncode == 2 and 2 <= took < 3 and len(finals(r)) == 1 and
         len(told) == 2 and "'none.example': there is no such name" in told[0] and "'silent.example': the DNS servers do not answer" in told[1], (took, told))
    began = time.monotonic()
    r = probe(*hello, "--jobs", "300", "-", targets=(f"one.example:{server.port}\n" * 300).encode())
    said("names: 300 at once", len(finals(r)) == 300, (len(finals(r)), r.stderr[:200]))


def in_namespaces(work):
    if subprocess.run(["unshare", "-mn", "true"], capture_output=True, check=False).returncode != 0:
        skipped("names", "no network namespace may be made here")
        return
    r = subprocess.run(["unshare", "-mn", sys.executable, __file__, program, "names", work], capture_output=True, text=True, timeout=120, check=False)
    print(r.stdout, end="")
    if r.returncode != 0:
        said("names", False, r.stderr[-400:])


def main():
    if len(sys.argv) > 2:
        names(sys.argv[3])
        return
    with tempfile.TemporaryDirectory() as work:
        with open("tests/wire/hello-profiles.hex", encoding="ascii") as f, open(f"{work}/hello.hex", "w", encoding="ascii") as out:
            out.write(next(line for line in f if line.startswith("openssl102e ")).split()[1])
        good, refusing = tls_server(work), Server(refuses)
        sources(work, good, refusing)
        streaming(work, good)
        completion(work, good)
        limits(work)
        memory()
        progress(work)
        nagios(work, good, refusing)
        prom(work, good)
        idn(work, good)
        in_namespaces(work)


main()
