#!/usr/bin/env python3
"""proxy.py TLSWHY - probes through scripted proxies on loopback, one for each thing that a proxy may do; and that a password
shows nowhere: not in an output, not in a recording, not in the list of processes."""
import base64
import hashlib
import json
import os
import re
import select
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from told import Told, environment, free_port

TLSWHY = os.path.abspath(sys.argv[1])
PASSWORD = "Wer5-das%liest"
ENCODED = "Wer5-das%25liest"
tells = Told("proxy ")
result = tells.result


# ---- peers

class Listener:
    """Serves each connection with a function of its own thread."""

    def __init__(self, serve, context=None):
        self.serve, self.context = serve, context
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(50)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            c, _ = self.socket.accept()
            c.settimeout(10)
            threading.Thread(target=self.one, args=(c,), daemon=True).start()

    def one(self, c):
        try:
            if self.context is not None:
                c = self.context.wrap_socket(c, server_side=True)
            self.serve(c)
        except (OSError, IndexError): # the client left
            pass
        finally:
            c.close()


def request(c):
    """A request with its empty line; the headers, lower case."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = c.recv(1)
        if not more:
            raise OSError
        got += more
    lines = got.decode("latin-1").split("\r\n")
    return lines[0], {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:]) if k}


def relay(a, b):
    def one_way(x, y):
        try:
            while True:
                data = x.recv(65536)
                if not data:
                    break
                y.sendall(data)
            y.shutdown(socket.SHUT_WR)
        except OSError:
            pass
    t = threading.Thread(target=one_way, args=(b, a), daemon=True)
    t.start()
    one_way(a, b)
    t.join(5)


def forward(c, line):
    host, _, port = line.split()[1].rpartition(":")
    try:
        with socket.create_connection(("127.0.0.1", int(port)), 5) as upstream:
            c.sendall(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 scripted\r\n\r\n")
            relay(c, upstream)
    except OSError:
        c.sendall(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")


def opens(c):
    forward(c, request(c)[0])


def answers(text):
    def serve(c):
        request(c)
        c.sendall(text)
        time.sleep(0.05)
    return serve


def wants(*schemes):
    """A proxy that takes Basic and Digest of user:PASSWORD, of those that it offers; each on a connection of its own."""
    challenges = {"Basic": 'Basic realm="lab"', "Digest": 'Digest realm="lab", nonce="abc", qop="auth", algorithm=MD5', "NTLM": "NTLM", "Negotiate": "Negotiate"}

    def right(line, value):
        scheme, _, rest = value.partition(" ")
        if scheme not in schemes:
            return False
        if scheme == "Basic":
            return base64.b64decode(rest).decode() == "user:" + PASSWORD
        if scheme == "Digest":
            part = dict((k, a or b) for k, a, b in re.findall(r'(\w+)=(?:"([^"]*)"|([^", ]*))', rest))
            md5 = lambda s: hashlib.md5(s.encode()).hexdigest()
            return part.get("response") == md5(":".join((md5("user:lab:" + PASSWORD), "abc", part["nc"], part["cnonce"], "auth",
                                                         md5("CONNECT:" + part["uri"]))))
        return False

    def serve(c):
        line, headers = request(c)
        if right(line, headers.get("proxy-authorization", "")):
            forward(c, line)
            return
        c.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nServer: scripted\r\nConnection: close\r\nContent-Length: 3\r\n" +
                  b"".join(b"Proxy-Authenticate: %s\r\n" % challenges[s].encode() for s in schemes) + b"\r\nno\n")
    return serve


def speaks_http_only(c):
    c.recv(65536)
    c.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    time.sleep(0.05)


def silent(c):
    request(c)
    time.sleep(8)


def hangs_up(c):
    request(c)


def resets(c):
    request(c)
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def greets(c):
    c.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    time.sleep(0.3)


def intercepts(context, page=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"):
    def serve(c):
        request(c)
        c.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with context.wrap_socket(c, server_side=True) as inside:
            request(inside)
            inside.sendall(page)
    return serve


def alerts(c):
    c.recv(65536)
    c.sendall(bytes([21, 3, 3, 0, 2, 2, 40]))


def socks(reply=0, login=False):
    def serve(c):
        head = c.recv(2)
        methods = c.recv(head[1])
        method = 2 if login else 0
        if method not in methods:
            c.sendall(b"\5\xff")
            return
        c.sendall(bytes([5, method]))
        if login:
            _, n = c.recv(2)
            user = c.recv(n)
            password = c.recv(c.recv(1)[0])
            good = (user, password) == (b"user", PASSWORD.encode())
            c.sendall(bytes([1, not good]))
            if not good:
                return
        head = c.recv(4)
        c.recv(c.recv(1)[0] if head[3] == 3 else 4 if head[3] == 1 else 16)
        port = struct.unpack(">H", c.recv(2))[0]
        c.sendall(bytes([5, reply, 0, 1, 0, 0, 0, 0, 0, 0]))
        if reply == 0:
            with socket.create_connection(("127.0.0.1", port), 5) as upstream:
                relay(c, upstream)
    return serve


def socks4(c):
    head = c.recv(8)
    port = struct.unpack(">H", head[2:4])[0]
    c.recv(512)
    c.sendall(bytes([0, 90, 0, 0, 0, 0, 0, 0]))
    with socket.create_connection(("127.0.0.1", port), 5) as upstream:
        relay(c, upstream)


# ---- certificates

def certificates(work):
    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=work, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(work + "/c.cnf", "w") as f:
        f.write("[req]\ndistinguished_name=d\n[d]\n[ca]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n[leaf]\n"
                "subjectAltName=DNS:www.example,DNS:localhost\nextendedKeyUsage=serverAuth\n")
    for ca in "root", "corporate":
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", ca + ".key", "-out", ca + ".pem", "-subj", "/CN=%s CA" % ca, "-days", "30",
                "-config", "c.cnf", "-extensions", "ca")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", ca + "-leaf.key", "-out", "leaf.csr", "-subj", "/CN=www.example", "-config", "c.cnf")
        openssl("x509", "-req", "-in", "leaf.csr", "-CA", ca + ".pem", "-CAkey", ca + ".key", "-CAcreateserial", "-extfile", "c.cnf", "-extensions", "leaf",
                "-out", ca + "-leaf.pem", "-days", "20")
    with open(work + "/c.cnf", "a") as f:
        f.write("[other]\nsubjectAltName=DNS:other.example\nextendedKeyUsage=serverAuth\n")
    shutil.copy(work + "/root-leaf.key", work + "/other-leaf.key")
    openssl("req", "-new", "-key", "other-leaf.key", "-out", "leaf.csr", "-subj", "/CN=other.example", "-config", "c.cnf")
    openssl("x509", "-req", "-in", "leaf.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-extfile", "c.cnf", "-extensions", "other",
            "-out", "other-leaf.pem", "-days", "20")
    both = open(work + "/both.pem", "w")
    both.write(open(work + "/root.pem").read() + open(work + "/corporate.pem").read())
    both.close()


def server_context(work, ca):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain("%s/%s-leaf.pem" % (work, ca), "%s/%s-leaf.key" % (work, ca))
    return c


# ---- the tests

def told(future):
    if future.exception() is not None:
        result("a test that broke", repr(future.exception()))


class Tests:
    def __init__(self, work):
        self.work = work
        self.texts = []
        self.pool = ThreadPoolExecutor(6) # most of them wait
        self.origin = Listener(lambda c: c.recv(1), server_context(work, "root"))

    def probe(self, *options, target=None, env=None):
        command = [TLSWHY, "probe", "--ca", self.work + "/root.pem", "--timeout", "2", *options, target or "www.example:%d" % self.origin.port]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=60, env=env or environment())
        self.texts.append(done.stdout + done.stderr)
        return done

    def expect(self, *args, **more):
        self.pool.submit(self.expected, *args, **more).add_done_callback(told)

    def expected(self, name, serve, cause, side=None, sure=None, words=None, scheme="http", options=(), login="", status=None, host="127.0.0.1", target=None):
        port = serve if isinstance(serve, int) else serve.port if isinstance(serve, Listener) else Listener(serve).port
        url = "%s://%s%s:%d" % (scheme, login, host, port)
        done = self.probe("--json", "--proxy", url, *options, target=target)
        self.probe("--proxy", url, "-v", *options, target=target)
        rows = [json.loads(line) for line in done.stdout.decode().splitlines()]
        trouble = None
        if not rows:
            trouble = "nothing came out, but on standard error: %s" % done.stderr.decode()
        else:
            h = rows[-1]
            got = (h["event"]["code"], h["tlswhy"].get("side"), h["tlswhy"]["certainty"])
            want = (cause, side, sure)
            if any(w is not None and w != g for w, g in zip(want, got)):
                trouble = "%s instead of %s: %s" % (got, want, h["event"]["reason"])
            elif words is not None and words not in h["event"]["reason"]:
                trouble = "no '%s' in: %s" % (words, h["event"]["reason"])
            elif done.returncode != (0 if cause == "ok" else 1):
                trouble = "exit status %d" % done.returncode
            elif status is not None and h["tlswhy"]["prelude"].get("status") != status:
                trouble = "status %s" % h["tlswhy"]["prelude"]
            elif h["probe"]["proxy"] != "%s://%s:%d" % (scheme, host, port):
                trouble = "proxy %s" % h["probe"]["proxy"]
        result(name, trouble)

    def answers(self):
        fault = "No TLS was sent: the server is not at fault."
        login = "user:%s@" % ENCODED
        wrong = "user:wrong@"
        e = self.expect
        e("CONNECT", opens, "ok", status=200)
        e("407 names the schemes", wants("Negotiate", "NTLM"), "proxy-auth", "proxy", "certain", "(Negotiate, NTLM) of the account that runs the program", status=407)
        e("407 without a login", wants("Basic", "Digest"), "proxy-auth", "proxy", "certain", "the client sent none. " + fault, status=407)
        e("Basic", wants("Basic"), "ok", login=login)
        e("Digest", wants("Digest"), "ok", login=login)
        e("the scheme that works of four", wants("Negotiate", "NTLM", "Digest", "Basic"), "ok", login=login)
        e("Basic alone, as told", wants("Digest", "Basic"), "ok", login=login, options=("--proxy-auth", "basic"))
        e("no login, as told", wants("Basic"), "proxy-auth", login=login, options=("--proxy-auth", "none"), words="the client sent none")
        e("a wrong password, Basic", wants("Basic"), "proxy-auth", "proxy", "certain", "tried Basic: wrong user or password", login=wrong, status=407)
        e("a wrong password, Digest", wants("Digest"), "proxy-auth", "proxy", "certain", "tried Digest: wrong user or password", login=wrong, status=407)
        e("a scheme that is not offered", wants("Digest"), "proxy-auth", "proxy", "certain", "tried Basic, which it did not accept", login=login,
          options=("--proxy-auth", "basic"))
        e("NTLM that is refused", wants("NTLM"), "proxy-auth", "proxy", "certain", "NTLM", login=login, status=407)
        e("403", answers(b"HTTP/1.1 403 Forbidden\r\n\r\n"), "proxy-denied", "proxy", "certain", '"HTTP/1.1 403 Forbidden". ' + fault, status=403)
        e("302", answers(b"HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n\r\n"), "proxy-denied", "proxy", "certain", "to http://login.example/", status=302)
        e("502", answers(b"HTTP/1.1 502 Bad Gateway\r\n\r\n"), "proxy-upstream", "proxy", "certain", "502 Bad Gateway", status=502)
        e("503", answers(b"HTTP/1.0 503 Service Unavailable\r\n\r\n"), "proxy-upstream", "proxy", "certain", "503 Service Unavailable", status=503)
        e("silence", silent, "proxy-upstream", "proxy", "likely", "said nothing for 2.0 s")
        e("close", hangs_up, "proxy-upstream", "proxy", "likely", "hung up without an answer")
        e("reset", resets, "proxy-upstream", "proxy", "likely", "reset the connection without an answer")
        e("no proxy", greets, "not-tls", "proxy", "certain", 'it answered "SSH-2.0-OpenSSH_9.2"')
        e("an answer that is none", answers(b"what do you want?\r\n"), "not-tls", "proxy", "certain", '"what do you want?"')
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            nobody = s.getsockname()[1]
        e("nobody there", nobody, "tcp-refused", "proxy", "certain", "nothing listens there")
        e("escape sequences", answers(b"HTTP/1.1 403 \x1b[31mred\r\n\r\n"), "proxy-denied", words="\\x1b[31mred")

    def tls_proxies(self):
        e, work = self.expect, self.work
        corporate = ("--proxy-ca", work + "/corporate.pem")
        tls = Listener(opens, server_context(work, "corporate"))
        e("a TLS proxy", tls, "ok", scheme="https", options=corporate, host="localhost")
        e("a TLS proxy with a login", Listener(wants("Digest"), server_context(work, "corporate")), "ok", scheme="https", options=corporate, host="localhost",
          login="user:%s@" % ENCODED)
        e("a TLS proxy of an unknown authority", tls, "cert-untrusted-root", "proxy", "certain", "its own certificate does not verify", scheme="https", host="localhost")
        e("a TLS proxy of another name", tls, "cert-name", "proxy", "certain", "its own certificate does not verify", scheme="https", options=corporate)
        e("a TLS proxy that speaks none", speaks_http_only, "not-tls", "proxy", None, "no TLS handshake with the proxy", scheme="https", options=corporate, host="localhost")
        e("a TLS proxy spoken to in clear", tls, "proxy-upstream", "proxy", "likely", "without an answer", host="localhost")

    def socks_proxies(self):
        e = self.expect
        login = "user:%s@" % ENCODED
        e("SOCKS 5, name told", socks(), "ok", scheme="socks5h")
        e("SOCKS 4a", socks4, "ok", scheme="socks4a")
        e("SOCKS 5 with a login", socks(login=True), "ok", scheme="socks5h", login=login)
        e("SOCKS 5 wants a login", socks(login=True), "proxy-auth", "proxy", "certain", "wants a login and got none", scheme="socks5h")
        e("SOCKS 5, wrong password", socks(login=True), "proxy-auth", "proxy", "certain", "refused the login", scheme="socks5h", login="user:wrong@")
        for reply, cause, words in ((1, "proxy-upstream", "1 (general failure)"), (2, "proxy-denied", "2 (not allowed by its rules)"),
                                    (3, "proxy-upstream", "3 (network unreachable)"), (4, "proxy-upstream", "4 (host unreachable)"),
                                    (5, "proxy-upstream", "5 (connection refused)"), (6, "proxy-upstream", "6 (TTL expired)"),
                                    (7, "proxy-denied", "7 (command not supported)"), (8, "proxy-denied", "8 (address type not supported)")):
            e("SOCKS reply %d" % reply, socks(reply), cause, "proxy", "certain", words, scheme="socks5h", status=reply)
        e("SOCKS 5, no such name here", socks(), "proxy-upstream", "client", "certain", "could not be looked up here", scheme="socks5", target="no.such.invalid")
        e("a SOCKS proxy that is none", answers(b""), "proxy-upstream", "proxy", "likely", "said nothing", scheme="socks5h")

    def both_ways(self):
        """--direct, and what is found inside."""
        work = self.work
        corporate, other = server_context(work, "corporate"), Listener(lambda c: c.recv(1), server_context(work, "other"))
        squid = b"HTTP/1.1 503 Service Unavailable\r\nServer: squid/5.7\r\nX-Squid-Error: ERR_SECURE_CONNECT_FAIL 0\r\n\r\n<p>(TLS code: X509_V_ERR_CERT_HAS_EXPIRED)</p>"
        plain = b"HTTP/1.1 502 Bad Gateway\r\nServer: nginx\r\n\r\n<p>connection refused</p>"
        both = ("--ca", work + "/both.pem")

        def ways(*args, **more):
            done = self.pool.submit(compared_ways, *args, **more)
            done.add_done_callback(told)
            return done

        def compared_ways(name, serve, origin, relation, code, side, words, options=both, status=None, direct=True):
            url = "http://127.0.0.1:%d" % Listener(serve).port
            port = origin if isinstance(origin, int) else origin.port
            option = ("--direct",) if direct else ()
            done = self.probe("--json", "--proxy", url, "--sni", "www.example", *option, *options, target="127.0.0.1:%d" % port)
            self.texts.append(self.probe("--proxy", url, "--sni", "www.example", *option, *options, target="127.0.0.1:%d" % port).stdout)
            rows = [json.loads(line) for line in done.stdout.decode().splitlines()]
            final = [r for r in rows if r.get("probe", {}).get("final")]
            compared = [r for r in rows if r["type"] == "comparison"]
            if len(final) != 1 or len(compared) != direct:
                result(name, "%d verdicts, %d comparisons: %s" % (len(final), len(compared), done.stderr.decode()))
                return None
            got = (compared[0]["relation"] if direct else None, final[0]["event"]["code"], final[0]["tlswhy"].get("side"))
            trouble = None
            if got != (relation, code, side):
                trouble = "%s instead of %s: %s" % (got, (relation, code, side), final[0]["event"]["reason"])
            elif words not in final[0]["event"]["reason"]:
                trouble = "no '%s' in: %s" % (words, final[0]["event"]["reason"])
            elif direct and compared[0]["event"]["code"] != code:
                trouble = "the comparison says %s" % compared[0]["event"]["code"]
            elif status is not None and final[0]["tlswhy"].get("inside", {}).get("http_status") != status:
                trouble = "inside %s" % final[0]["tlswhy"].get("inside")
            result(name, trouble)
            return compared[0] if direct else final[0]

        ways("a proxy that forwards", opens, self.origin, "forwarded", "ok", None, "The proxy forwards")
        seen = ways("a proxy that intercepts", intercepts(corporate), self.origin, "terminated", "ok", None, "which this client trusts", status=200)
        seen = seen.result()
        change = {c["field"]: (c["client"], c["server"]) for c in seen["changes"]} if seen else {}
        result("what an interceptor changed", None if change.get("issuer") == ("CN=corporate CA", "CN=root CA") else str(change))
        ways("an interceptor that is not trusted", intercepts(corporate), self.origin, "terminated", "interception", "proxy", "which this client does not trust", options=())
        ways("an interceptor that fails upstream", intercepts(corporate, squid), self.origin, "terminated", "proxy-upstream", "proxy",
             "X509_V_ERR_CERT_HAS_EXPIRED", status=503)
        ways("an interceptor without a name that fails upstream", intercepts(corporate, plain), self.origin, "terminated", "proxy-upstream", "proxy",
             "connection refused", status=502)
        ways("the same without a look at the server", intercepts(corporate, squid), self.origin, None, "proxy-upstream", "proxy", "503 Service Unavailable", status=503,
             direct=False)
        ways("a bad page of the server's own", intercepts(corporate, plain), self.origin, None, "ok", None, "in order", status=502, direct=False)
        ways("an interceptor that tells of a bad server inside only", intercepts(corporate, squid), other, "terminated", "cert-name", "server",
             "The failure is not the proxy's", status=503)
        ways("an interceptor that hides a bad server", intercepts(corporate), other, "terminated", "cert-name", "server", "hides that", status=200)
        ways("a server that fails both ways", opens, Listener(alerts), "unpaired", "cipher-mismatch", "server", "The failure is not the proxy's")
        ways("an interceptor before a server that refuses", intercepts(corporate), Listener(alerts), "terminated", "cipher-mismatch", "server", "it took what this client refuses")
        ways("a login that is missing", wants("Basic"), self.origin, "unpaired", "proxy-auth", "proxy", "Directly the server is in order")
        ways("nobody at the server's port", opens, 1, "unpaired", "proxy-upstream", "proxy", "Directly the server fails, too")
        done = self.probe("--json", "--direct", "--proxy", "http://127.0.0.1:%d" % Listener(opens).port, "--timeout", "3")
        h = json.loads(done.stdout.decode().splitlines()[-1])
        result("a name that is known to the proxy only", None if h["event"]["code"] == "ok" and "direct" in h["probe"] else str(h["probe"]))

    def real_proxies(self):
        """Those that are installed."""
        work = self.work
        children = []

        def started(program, *args):
            port = free_port()
            if program == "tinyproxy":
                with open("%s/tinyproxy-%d.conf" % (work, port), "w") as f:
                    f.write("Port %d\nListen 127.0.0.1\nTimeout 20\nMaxClients 20\nLogLevel Critical\n%s\n" % (port, "\n".join(args)))
                args = ("-d", "-c", f.name)
            args = [a.replace("PORT", str(port)) for a in args]
            children.append(subprocess.Popen([program, *args], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                                             env=environment(HOME=work)))
            end = time.time() + 20
            while time.time() < end and children[-1].poll() is None:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    return port
                except OSError:
                    time.sleep(0.1)
            return port

        def there(program):
            if shutil.which(program) is None:
                print("SKIP proxy %s: it is not installed" % program)
            return shutil.which(program) is not None

        def through(name, url, want, *options):
            done = self.probe("--json", "--direct", "--ca", work + "/real.pem", "--sni", "www.example", "--timeout", "8", "--proxy", url, *options,
                              target="127.0.0.1:%d" % self.origin.port)
            rows = [json.loads(line) for line in done.stdout.decode().splitlines()]
            got = [(r["relation"], r["event"]["code"]) for r in rows if r["type"] == "comparison"]
            result(name, None if got == [want] else "%s: %s" % (got, rows[-1]["event"]["reason"] if rows else done.stderr.decode()))

        shutil.copy(work + "/both.pem", work + "/real.pem")
        try:
            if there("tinyproxy"):
                through("tinyproxy forwards", "http://127.0.0.1:%d" % started("tinyproxy"), ("forwarded", "ok"))
                through("tinyproxy wants a login", "http://127.0.0.1:%d" % started("tinyproxy", "BasicAuth user secret"), ("unpaired", "proxy-auth"))
                through("tinyproxy and a login", "http://user:secret@127.0.0.1:%d" % started("tinyproxy", "BasicAuth user secret"), ("forwarded", "ok"))
            if there("microsocks"):
                port = started("microsocks", "-i", "127.0.0.1", "-p", "PORT", "-u", "user", "-P", "secret")
                through("microsocks and a login", "socks5h://user:secret@127.0.0.1:%d" % port, ("forwarded", "ok"))
                through("microsocks, wrong password", "socks5h://user:wrong@127.0.0.1:%d" % port, ("unpaired", "proxy-auth"))
            if there("mitmdump"):
                port = started("mitmdump", "-q", "--listen-host", "127.0.0.1", "-p", "PORT", "--ssl-insecure", "--set", "confdir=" + work)
                through("mitmproxy intercepts", "http://127.0.0.1:%d" % port, ("terminated", "interception"))
        finally:
            for child in children:
                child.terminate()
                child.wait(10)

    def sweeps(self):
        """A sweep through a proxy that wants a login finds what one without it finds, and its recording can be read."""
        record, port = self.work + "/sweep.pcapng", Listener(wants("Basic")).port
        through = self.probe("--sweep", "--json", "--write", record, "--proxy", "http://user:%s@127.0.0.1:%d" % (ENCODED, port))
        direct = self.probe("--sweep", "--json", "--sni", "www.example", target="127.0.0.1:%d" % self.origin.port)
        a, b = json.loads(through.stdout), json.loads(direct.stdout)
        for sweep in a, b:
            sweep["certificates"] = [(c["sha256"], c["answers"]) for c in sweep["certificates"]] # the rest tells the time
        unlike = [(k, a[k], b[k]) for k in a if k not in ("probe", "cost", "connections") and a[k] != b[k]]
        way = {k: a["probe"][k] for k in ("proxy", "proxy_login")}
        result("a sweep", "unlike without the proxy: %s" % unlike if unlike else None if a["resumption"] else "no sessions")
        result("a sweep tells its way", None if way == {"proxy": "http://127.0.0.1:%d" % port, "proxy_login": "Basic"} and b["probe"]["proxy"] is None else way)
        read = subprocess.run([TLSWHY, "read", "--json", record], stdout=subprocess.PIPE)
        summary = json.loads(read.stdout.splitlines()[-1])
        recorded = open(record, "rb").read()
        result("the recording of a sweep", None if summary["complete"] and summary["handshakes"] >= a["connections"] and PASSWORD.encode() not in recorded else summary)

    def environment(self):
        p = Listener(opens)
        url = "http://127.0.0.1:%d" % p.port
        for variable in "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY":
            done = self.probe("--json", env=environment(**{variable: url}))
            h = json.loads(done.stdout.decode().splitlines()[-1]) if done.stdout else {}
            result(variable, None if h.get("probe", {}).get("proxy") == url and h["event"]["code"] == "ok" else done.stdout.decode() + done.stderr.decode())
        local = "127.0.0.1:%d" % self.origin.port
        for case, options, env, want in (("NO_PROXY", (), {"https_proxy": url, "NO_PROXY": "other,127.0.0.0/8"}, None),
                                         ("no_proxy that names another", (), {"https_proxy": url, "no_proxy": "10.0.0.0/8"}, url),
                                         ("--proxy none", ("--proxy", "none"), {"https_proxy": url}, None),
                                         ("--noproxy", ("--noproxy", "127.0.0.1"), {"https_proxy": url}, None),
                                         ("--noproxy overrides", ("--noproxy", "", "--proxy", url), {"no_proxy": "*"}, url),
                                         ("http_proxy is for http", (), {"http_proxy": url}, None)):
            done = self.probe("--json", "--sni", "www.example", *options, target=local, env=environment(**env))
            h = json.loads(done.stdout.decode().splitlines()[-1]) if done.stdout else {}
            result(case, None if h.get("probe", {"proxy": 0})["proxy"] == want else "%s %s" % (done.stdout.decode()[:200], done.stderr.decode()))

    def logins(self):
        """From a file, and from a terminal."""
        p = Listener(wants("Basic"))
        url = "http://127.0.0.1:%d" % p.port
        with open(self.work + "/login", "w") as f:
            f.write("user:%s\nanother line\n" % PASSWORD)
        for name, value in ("a login in a file", "@" + self.work + "/login"), ("a login in an option", "user:" + PASSWORD):
            done = self.probe("--json", "--proxy", url, "--proxy-user", value)
            result(name, None if done.returncode == 0 else done.stdout.decode()[-400:] + done.stderr.decode())
        import pty
        pid, fd = pty.fork()
        if pid == 0:
            os.execve(TLSWHY, [TLSWHY, "probe", "--ca", self.work + "/root.pem", "--timeout", "2", "--proxy", url, "--proxy-user", "user",
                               "www.example:%d" % self.origin.port], environment())
        said, typed = b"", False
        end = time.time() + 10
        while time.time() < end:
            if not select.select([fd], [], [], 1)[0]:
                continue
            try:
                more = os.read(fd, 4096)
            except OSError:
                break
            if not more:
                break
            said += more
            if not typed and b"Password of the proxy's user user: " in said:
                os.write(fd, PASSWORD.encode() + b"\n")
                typed = True
        if time.time() >= end:
            os.kill(pid, 9)
        _, status = os.waitpid(pid, 0)
        self.texts.append(said)
        result("a login typed in", None if typed and os.waitstatus_to_exitcode(status) == 0 else said.decode())

    def bad_options(self):
        for name, words, options in (("a URL that is none", "--proxy: ", ("--proxy", "ftp://user:%s@x" % PASSWORD)),
                                     ("a port that is none", "port", ("--proxy", "http://user:%s@x:99999" % PASSWORD)),
                                     ("an unknown scheme of login", "--proxy-auth takes", ("--proxy", "http://127.0.0.1:1", "--proxy-auth", "bearer")),
                                     ("a login without a proxy", "--proxy-user is for a proxy", ("--proxy-user", "user:" + PASSWORD)),
                                     ("--direct without a proxy", "--direct is for a proxy", ("--direct",)),
                                     ("--direct of every client", "leave out --clients", ("--direct", "--clients", "--proxy", "http://127.0.0.1:1")),
                                     ("Digest without a user", "needs --proxy-user", ("--proxy", "http://127.0.0.1:1", "--proxy-auth", "digest")),
                                     ("a scheme of login for SOCKS", "SOCKS", ("--proxy", "socks5://127.0.0.1:1", "--proxy-auth", "none")),
                                     ("a login in no file", "--proxy-user: ", ("--proxy", "http://127.0.0.1:1", "--proxy-user", "@" + self.work + "/nothing")),
                                     ("a proxy without an address", "the proxy: ", ("--proxy", "http://no.such.invalid:1"))):
            done = self.probe(*options)
            said = done.stderr.decode()
            result(name, None if done.returncode == 2 and words in said and said.count("\n") == 1 and not done.stdout else "%d %s" % (done.returncode, said))

    def secrecy(self):
        """A password shows up nowhere, in whatever form it went over the wire."""
        shown = []
        p = Listener(silent)
        record = self.work + "/run.pcapng"
        can_record = b"--write" in subprocess.run([TLSWHY, "probe", "--help"], stdout=subprocess.PIPE).stdout
        for options in (("--proxy", "http://user:%s@127.0.0.1:%d" % (ENCODED, p.port)), ("--proxy=http://user:%s@127.0.0.1:%d" % (ENCODED, p.port),),
                        ("--proxy", "http://127.0.0.1:%d" % p.port, "--proxy-user", "user:" + PASSWORD),
                        ("--proxy", "http://127.0.0.1:%d" % p.port, "--proxy-user=user:" + PASSWORD)):
            child = subprocess.Popen([TLSWHY, "probe", "--timeout", "1", *options, "www.example"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                     env=environment())
            time.sleep(0.4)
            with open("/proc/%d/cmdline" % child.pid, "rb") as f:
                shown.append(f.read())
            self.texts.append(child.communicate(timeout=20)[0])
        if can_record:
            for scheme, serve in ("http", wants("Basic", "Digest", "NTLM")), ("socks5h", socks(login=True)):
                self.probe("--write", record, "--proxy", "%s://user:%s@127.0.0.1:%d" % (scheme, ENCODED, Listener(serve).port))
                if os.path.exists(record):
                    shown.append(open(record, "rb").read())
        secrets = [PASSWORD.encode(), ENCODED.encode(), base64.b64encode(("user:" + PASSWORD).encode()), hashlib.md5(("user:lab:" + PASSWORD).encode()).hexdigest().encode()]
        leaks = [s for s in secrets for t in self.texts + shown if s in t]
        result("no password in %d outputs, recordings and lists of processes" % (len(self.texts) + len(shown)), "%d leaks" % len(leaks) if leaks else None)


def main():
    if shutil.which("openssl") is None:
        print("SKIP proxy: openssl is not installed")
        return
    with tempfile.TemporaryDirectory() as work:
        certificates(work)
        t = Tests(work)
        if b"libcurl" in t.probe("--proxy", "http://127.0.0.1:1").stderr:
            print("SKIP proxy: libcurl is not installed")
            return
        for part in t.answers, t.tls_proxies, t.socks_proxies, t.both_ways, t.real_proxies, t.sweeps, t.environment, t.logins, t.bad_options:
            part()
        t.pool.shutdown()
        t.secrecy()
    sys.exit(1 if tells.failed else 0)


main()
