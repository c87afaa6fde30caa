#!/usr/bin/env python3
"""Every server of `tlswhy lab` is probed and must be told for what it is: lab_cases.py TLSWHY. Loopback only, free ports, the lab ends by
its process id. Also: what ordinary clients get from the whole servers, the command's ends and its refusals."""
import concurrent.futures
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

from told import Told

PROGRAM = os.path.abspath(sys.argv[1])
tells = Told("lab ")
verdict = tells.check


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


class Lab:
    """A running lab; its cases by name. It writes to a file, so that it never waits for us."""

    def __init__(self, work, *args):
        self.path = os.path.join(work, "lab.json")
        self.p = subprocess.Popen([PROGRAM, "lab", "--json", "--for", "120", *args], stdout=open(self.path, "w"), stderr=subprocess.PIPE, text=True)
        self.cases = {}

    def start(self, count):
        for _ in range(300):
            lines = [l for l in open(self.path) if l.endswith("\n")]
            if len(lines) == count or self.p.poll() is not None:
                break
            time.sleep(0.1)
        self.cases = {o["name"]: o for o in map(json.loads, lines)}
        if len(self.cases) != count:
            raise SystemExit("FAIL lab starts: %d of %d cases" % (len(self.cases), count))
        return self

    def stop(self):
        self.p.send_signal(signal.SIGTERM)
        _, err = self.p.communicate(timeout=20)
        return [o for o in objects(open(self.path).read()) if o["type"] == "lab-connection"], err, self.p.returncode


def probe(case):
    command = case["command"].split()
    command[0] = PROGRAM
    command[2:2] = ["--json"]
    p = subprocess.run(command, capture_output=True, text=True, timeout=60)
    told = objects(p.stdout)
    if not told:
        return False, p.stderr
    last = told[-1]
    got, sure = last["event"]["code"], last["tlswhy"]["certainty"]
    return got == case["cause"] and last["probe"].get("final", False), "%s (%s) instead of %s: %s" % (got, sure, case["cause"], last["event"]["reason"])


def fetch(case, root, name="www.lab.example", alpn=None, verify=True):
    """One HTTPS request by an ordinary client; the answer, and the protocol agreed."""
    context = ssl.create_default_context(cafile=root) if verify else ssl._create_unverified_context()
    if alpn:
        context.set_alpn_protocols(alpn)
    with socket.create_connection(("127.0.0.1", case["port"]), 10) as raw, context.wrap_socket(raw, server_hostname=name) as s:
        h2 = s.selected_alpn_protocol() == "h2"
        s.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" if h2 else b"GET /x HTTP/1.1\r\nHost: www.lab.example\r\n\r\n")
        answer = b""
        while True:
            more = s.recv(4096)
            answer += more
            if not more:
                return answer, s.selected_alpn_protocol()


def ordinary_clients(lab, root):
    answer, _ = fetch(lab.cases["healthy"], root)
    verdict("answers HTTP", answer.startswith(b"HTTP/1.1 200 OK") and answer.endswith(b"tlswhy lab: healthy\n"), answer)
    answer, _ = fetch(lab.cases["healthy-rsa"], root)
    verdict("answers HTTP with RSA", answer.endswith(b"tlswhy lab: healthy-rsa\n"), answer)
    answer, alpn = fetch(lab.cases["h2"], root, alpn=["h2", "http/1.1"])
    verdict("agrees on h2", alpn == "h2" and answer[3:4] == b"\4", (alpn, answer))
    for name, word in (("expired", "expired"), ("wrong-name", "not valid for"), ("self-signed", "self-signed"), ("untrusted-root", "self-signed"),
                       ("missing-intermediate", "local issuer"), ("wrong-usage", "purpose"), ("not-a-ca", "invalid CA"), ("unknown-critical", "critical"),
                       ("not-yet-valid", "not yet valid"), ("bad-signature", "signature failure")):
        try:
            fetch(lab.cases[name], root)
            verdict("an ordinary client refuses " + name, False, "it does not")
        except ssl.SSLCertVerificationError as e:
            verdict("an ordinary client refuses " + name, word in str(e).replace("self signed", "self-signed"), e)
        answer, _ = fetch(lab.cases[name], root, verify=False)
        verdict(name + " answers who does not look", answer.endswith(b"tlswhy lab: %s\n" % name.encode()), answer)


def split_hello(case):
    """A hello in two records is closed upon; in one it is answered."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl._create_unverified_context().wrap_bio(incoming, outgoing, server_hostname="www.lab.example")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    hello = outgoing.read()
    body = hello[5:]
    halves = b"".join(hello[:3] + len(half).to_bytes(2, "big") + half for half in (body[:100], body[100:]))
    got = []
    for sent in (hello, halves):
        with socket.create_connection(("127.0.0.1", case["port"]), 10) as s:
            s.settimeout(10)
            s.sendall(sent)
            got.append(s.recv(5))
    verdict("split-hello takes one record only", got[0][:1] == b"\x16" and got[1] == b"", got)


def behaves_badly(case):
    """Whatever a client sends, the server goes on serving."""
    for sent in (b"", b"\x16", b"GET / HTTP/1.0\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\0" * 70000, b"\x16\x03\x01\x00\x04\x01\xff\xff\xff" * 3000, os.urandom(40000)):
        with socket.create_connection(("127.0.0.1", case["port"]), 10) as s:
            try:
                s.sendall(sent)
                s.shutdown(socket.SHUT_WR)
                s.settimeout(10)
                while s.recv(65536):
                    pass
            except OSError:
                pass


def run(*args, **more):
    return subprocess.run([PROGRAM, "lab", *args], capture_output=True, text=True, timeout=60, **more)


def refusals():
    p = run("expird")
    verdict("names the nearest case", p.returncode == 2 and "did you mean 'expired'" in p.stderr, p.stderr)
    for args, word in ((["--for", "x"], "--for"), (["--port", "0"], "--port"), (["--listen", "nowhere.example"], "--listen"), (["--name", ""], "--name"),
                       (["--root", "/nowhere/x.pem", "healthy"], "/nowhere/x.pem"), (["--nonsense"], "--nonsense")):
        p = run(*args)
        verdict("refuses " + " ".join(args), p.returncode == 2 and word in p.stderr and p.stderr.count("\n") == 1, p.stderr)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = min(taken.getsockname()[1], 60000)
        p = run("--port", str(port), "healthy") if port < 60000 else None
    verdict("a port that is taken", p is None or (p.returncode == 2 and "in use" in p.stderr), p and p.stderr)


def ends(work):
    p = run("--for", "0.2", "healthy", env=dict(os.environ, TMPDIR=work))
    verdict("--for ends it, its root is gone", p.returncode == 0 and "--ca " + work in p.stdout and not [f for f in os.listdir(work) if "lab-" in f], p.stdout + p.stderr)
    listed = run("--list")
    verdict("--list starts none", listed.returncode == 0 and "expired" in listed.stdout and "127.0.0.1:" not in listed.stdout, listed.stdout)
    names = [o["name"] for o in objects(run("--list", "--json").stdout)]
    verdict("names are told once", len(names) == len(set(names)) > 40, names)
    p = subprocess.run("'%s' lab --for 5 | head -1" % PROGRAM, shell=True, capture_output=True, text=True, timeout=30, env=dict(os.environ, TMPDIR=work))
    verdict("a closed pipe ends it quietly", p.stderr == "" and not [f for f in os.listdir(work) if "lab-" in f], p.stderr)
    return names


def schema(told):
    try:
        import jsonschema
    except ImportError:
        print("SKIP lab schema: python3-jsonschema is not installed")
        return
    checker = jsonschema.Draft202012Validator(json.load(open(os.path.join(os.path.dirname(__file__), "..", "doc", "schema.json"))))
    wrong = [e.message for o in told for e in checker.evolve(schema={"$ref": "#/$defs/" + o["type"], "$defs": checker.schema["$defs"]}).iter_errors(o)]
    verdict("schema of %d objects" % len(told), not wrong, wrong[:2])


def main():
    with tempfile.TemporaryDirectory() as work:
        names = ends(work)
        refusals()
        root = os.path.join(work, "root.pem")
        lab = Lab(work, "--root", root).start(len(names))
        started = [c for c in lab.cases.values() if "port" in c]
        for name in (n for n, c in lab.cases.items() if "port" not in c):
            print("SKIP lab %s: %s" % (name, lab.cases[name]["unavailable"]))
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for case, (ok, why) in zip(started, pool.map(probe, started)):
                verdict("case " + case["name"], ok, why)
        ordinary_clients(lab, root)
        split_hello(lab.cases["split-hello"])
        for name in ("healthy", "healthy-tls13", "hello-retry", "smtp", "revoked"):
            behaves_badly(lab.cases[name])
        verdict("still serves", probe(lab.cases["healthy"])[0] and probe(lab.cases["hello-retry"])[0])
        seen, err, status = lab.stop()
        verdict("SIGTERM ends it", status == 0 and err == "", err)
        asked = [o for o in seen if o["name"] == "healthy" and o.get("request", "").startswith("GET /x ")]
        verdict("tells what it saw", len(asked) == 1 and asked[0]["end"] == "established" and asked[0]["heard"].startswith("1603"), asked)
        told = {o["end"] for o in seen}
        schema(objects(open(lab.path).read()))
        verdict("tells every end", told == {"established", "failed", "played", "not TLS", "no hello"}, told)
    return tells.failed != 0


if __name__ == "__main__":
    sys.exit(main())
