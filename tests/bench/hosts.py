#!/usr/bin/env python3
"""hosts.py TLSWHY RESPONDER FLOOR WORK - one hello to each of many hosts of 127.0.0.0/8, against the canned responder: hosts a
CPU second of the client (so that whoever else is busy does not count), as a ratio of what an epoll client does that looks at
nothing; how much of that is left for targets by name (/etc/hosts, DNS) and through a proxy; and the peak of memory for a number of
targets and four times as many. DNS needs namespaces of our own (root). Exit status 1 where a bar is missed."""
import os
import select
import socket
import struct
import subprocess
import sys
import threading
import time

HOSTS, AT_ONCE, LEAST = 20000, 500, 7000


def certificate(work):
    """A root and a leaf of 2048 bits; as PEM (the root) and DER (leaf, root)."""
    def openssl(*args, data=None):
        return subprocess.run(["openssl", *args], input=data, capture_output=True, check=True, cwd=work).stdout
    with open(f"{work}/leaf.cnf", "w", encoding="ascii") as f:
        f.write("subjectAltName=DNS:bench.example\nextendedKeyUsage=serverAuth\n")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "root.key", "-out", "root.pem", "-subj", "/CN=Bench root", "-days", "365")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=bench.example")
    openssl("x509", "-req", "-in", "leaf.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-extfile", "leaf.cnf", "-days", "300", "-out", "leaf.pem")
    return [openssl("x509", "-in", name, "-outform", "DER") for name in ("leaf.pem", "root.pem")]


def vector(width, body):
    return len(body).to_bytes(width, "big") + body


def message(kind, body):
    return bytes([kind]) + vector(3, body)


def flight(certs, size=3804):
    """ServerHello of TLS 1.2 (TLS_RSA_WITH_AES_128_GCM_SHA256), Certificate, ServerHelloDone: of about that size."""
    while sum(map(len, certs)) + 120 + len(certs[-1]) <= size:
        certs = certs + [certs[-1]]
    hello = b"\x03\x03" + bytes(range(32)) + b"\0" + b"\0\x9c" + b"\0" + vector(2, b"\xff\x01\0\x01\0")
    body = message(2, hello) + message(11, vector(3, b"".join(vector(3, c) for c in certs))) + message(14, b"")
    return b"\x16\x03\x03" + vector(2, body)


def run(argv, work, targets=None):
    """Wall seconds, CPU seconds, peak KB; what it says goes to a file, as a child's peak begins with its parent's size."""
    if targets is not None:
        with open(f"{work}/targets", "w", encoding="ascii") as f:
            f.writelines(targets)
    with open(f"{work}/targets" if targets is not None else os.devnull, "rb") as stdin, open(f"{work}/out", "wb") as out:
        began = time.monotonic()
        with subprocess.Popen(argv, stdin=stdin, stdout=out, stderr=subprocess.DEVNULL) as p:
            _, _, usage = os.wait4(p.pid, 0)
            p.returncode = 0
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def in_order(work):
    with open(f"{work}/out", "rb") as f:
        return sum(b'"outcome":"success"' in line for line in f)


def dns():
    """Answers every A question with 127.1.0.1, and that there is nothing else."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    s.bind(("127.0.0.1", 53))

    def serve():
        while True:
            query, whom = s.recvfrom(4096)
            end = query.index(0, 12) + 5
            found = query[end - 4:end - 2] == b"\0\1"
            answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\1\0\1" if found else b""
            s.sendto(query[:2] + struct.pack(">HHHHH", 0x8180, 1, found, 0, 0) + query[12:end] + answer, whom)
    threading.Thread(target=serve, daemon=True).start()


def proxy():
    """An HTTP proxy that opens every tunnel; its port."""
    door = socket.create_server(("127.0.0.1", 0), backlog=1024)

    def tunnel(a):
        asked = a.recv(4096).split(b" ")[1].decode()
        host, port = asked.rsplit(":", 1)
        with a, socket.create_connection((host, int(port))) as b:
            a.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            while True:
                for s in select.select([a, b], [], [])[0]:
                    got = s.recv(65536)
                    if not got:
                        return
                    (b if s is a else a).sendall(got)

    def guarded(a):
        try:
            tunnel(a)
        except OSError:
            pass

    def serve():
        while True:
            threading.Thread(target=guarded, args=(door.accept()[0],), daemon=True).start()
    threading.Thread(target=serve, daemon=True).start()
    return door.getsockname()[1]


def own_namespaces(work):
    """Runs all of this again in namespaces of its own, where that may be. True: in there; False: it may not."""
    if os.environ.get("HOSTS_APART"):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        with open(f"{work}/resolv.conf", "w", encoding="ascii") as f:
            f.write("nameserver 127.0.0.1\n")
        subprocess.run(["mount", "--bind", f"{work}/resolv.conf", os.path.realpath("/etc/resolv.conf")], check=True)
        return True
    if subprocess.run(["unshare", "-mn", "true"], capture_output=True, check=False).returncode != 0:
        return False
    os.environ["HOSTS_APART"] = "1"
    os.execvp("unshare", ["unshare", "-mn", sys.executable, *sys.argv])


def address(i):
    return f"127.{1 + (i >> 16)}.{i >> 8 & 255}.{i & 255}"


def main():
    tlswhy, responder, floor, work = sys.argv[1:]
    os.makedirs(work, exist_ok=True)
    apart = own_namespaces(work)
    with open(f"{work}/flight.bin", "wb") as f:
        f.write(flight(certificate(work)))
    with open(f"{work}/hello.bin", "wb") as f: # of 517 bytes
        f.write(b"\x16\x03\x01" + vector(2, message(1, bytes(508))))
    bad = []
    server = subprocess.Popen([responder, f"{work}/flight.bin", "600"], stdout=subprocess.PIPE, text=True)
    try:
        port = int(server.stdout.readline())
        options = ["probe", "--json", "--jobs", str(AT_ONCE), "--ca", f"{work}/root.pem", "--sni", "bench.example"]
        rates = {"floor": [], "tlswhy": []}
        peaks, slower = [], []
        targets = lambda n: (f"{address(i)}:{port}\n" for i in range(n))
        for _ in range(3):
            wall, cpu, _ = run([floor, f"{work}/hello.bin", str(port), str(HOSTS), str(AT_ONCE)], work)
            rates["floor"].append((HOSTS / cpu, HOSTS / wall))
            wall, cpu, peak = run([tlswhy, *options, "-"], work, targets(HOSTS))
            if in_order(work) != HOSTS:
                bad.append(f"only {in_order(work)} of {HOSTS} hosts were in order")
            rates["tlswhy"].append((HOSTS / cpu, HOSTS / wall))
            peaks.append(peak)
        some = HOSTS // 10
        ways = [("by a name of /etc/hosts", [], lambda i: "localhost"), ("through an HTTP proxy", ["--proxy", f"http://127.0.0.1:{proxy()}"], address)]
        if apart:
            dns()
            ways.append(("by a name in DNS", [], lambda i: f"h{i}.bench.example"))
        for name, more, host in ways:
            _, cpu, _ = run([tlswhy, *options, "--jobs", "100", *more, "-"], work, (f"{host(i)}:{port}\n" for i in range(some)))
            if in_order(work) != some:
                bad.append(f"only {in_order(work)} of {some} hosts {name} were in order")
            slower.append((name, some / cpu))
        _, _, peak4 = run([tlswhy, *options, "-"], work, targets(4 * HOSTS))
    finally:
        server.terminate()
        server.wait()
    best = {k: max(v) for k, v in rates.items()}
    rate, ratio = best["tlswhy"][0], best["tlswhy"][0] / best["floor"][0]
    print(f"hosts: {rate:,.0f} a CPU second ({best['tlswhy'][1]:,.0f} a second beside the responder), floor {best['floor'][0]:,.0f} ({best['floor'][1]:,.0f}): {ratio:.2f} of it")
    for name, one in slower:
        print(f"hosts {name}: {one:,.0f} a CPU second, {one / rate:.2f} of that")
    print(f"memory: {min(peaks) / 1024:.1f} MB for {HOSTS:,} targets, {peak4 / 1024:.1f} MB for {4 * HOSTS:,}")
    if rate < LEAST:
        bad.append(f"less than {LEAST} hosts a CPU second")
    if peak4 > 1.1 * min(peaks) + 1024:
        bad.append("memory grows with the number of targets")
    for sentence in bad:
        print(f"MISSED: {sentence}")
    return 1 if bad else 0


sys.exit(main())
