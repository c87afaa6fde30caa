#!/usr/bin/env python3
"""hosts.py TLSWHY RESPONDER FLOOR WORK - one hello to each of many hosts of 127.0.0.0/8, against the canned responder: hosts a
CPU second of the client (so that whoever else is busy does not count), as a ratio of what an epoll client does that looks at
nothing; and the peak of memory for a number of targets and four times as many. Exit status 1 where a bar is missed."""
import os
import resource
import subprocess
import sys
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


def address(i):
    return f"127.{1 + (i >> 16)}.{i >> 8 & 255}.{i & 255}"


def main():
    tlswhy, responder, floor, work = sys.argv[1:]
    os.makedirs(work, exist_ok=True)
    with open(f"{work}/flight.bin", "wb") as f:
        f.write(flight(certificate(work)))
    with open(f"{work}/hello.bin", "wb") as f: # of 517 bytes
        f.write(b"\x16\x03\x01" + vector(2, message(1, bytes(508))))
    bad = []
    server = subprocess.Popen([responder, f"{work}/flight.bin", "600"], stdout=subprocess.PIPE, text=True)
    try:
        port = int(server.stdout.readline())
        options = ["probe", "--json", "--jobs", str(AT_ONCE), "--ca", f"{work}/root.pem", "--sni", "bench.example"]
        rates = {"floor": [], "tlswhy": [], "named": []}
        peaks = []
        targets = lambda n: (f"{address(i)}:{port}\n" for i in range(n))
        for _ in range(3):
            wall, cpu, _ = run([floor, f"{work}/hello.bin", str(port), str(HOSTS), str(AT_ONCE)], work)
            rates["floor"].append((HOSTS / cpu, HOSTS / wall))
            wall, cpu, peak = run([tlswhy, *options, "-"], work, targets(HOSTS))
            if in_order(work) != HOSTS:
                bad.append(f"only {in_order(work)} of {HOSTS} hosts were in order")
            rates["tlswhy"].append((HOSTS / cpu, HOSTS / wall))
            peaks.append(peak)
        wall, cpu, _ = run([tlswhy, *options, "-"], work, (f"localhost:{port}\n" for _ in range(HOSTS // 4)))
        rates["named"].append((HOSTS / 4 / cpu, HOSTS / 4 / wall))
        _, _, peak4 = run([tlswhy, *options, "-"], work, targets(4 * HOSTS))
    finally:
        server.terminate()
        server.wait()
    best = {k: max(v) for k, v in rates.items()}
    rate, ratio = best["tlswhy"][0], best["tlswhy"][0] / best["floor"][0]
    print(f"hosts: {rate:,.0f} a CPU second ({best['tlswhy'][1]:,.0f} a second beside the responder), floor {best['floor'][0]:,.0f} ({best['floor'][1]:,.0f}): {ratio:.2f} of it")
    print(f"hosts by a name of /etc/hosts: {best['named'][0]:,.0f} a CPU second")
    print(f"memory: {min(peaks) / 1024:.1f} MB for {HOSTS:,} targets, {peak4 / 1024:.1f} MB for {4 * HOSTS:,}")
    if rate < LEAST:
        bad.append(f"less than {LEAST} hosts a CPU second")
    if peak4 > 1.1 * min(peaks) + 1024:
        bad.append("memory grows with the number of targets")
    for sentence in bad:
        print(f"MISSED: {sentence}")
    return 1 if bad else 0


sys.exit(main())
