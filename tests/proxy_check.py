#!/usr/bin/env python3
"""proxy_check.py TLSWHY - `tlswhy proxy` against scripted proxies (tests/plays/middlebox.py), each wrong in one way, and against real ones
that are installed: what each is, which bad origins it lets through, what it breaks. Loopback only; children end by their process id."""
import concurrent.futures
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from told import Told, environment, free_port

TLSWHY = os.path.abspath(sys.argv[1])
HERE = os.path.dirname(os.path.abspath(__file__))
BAD = ["expired", "not-yet-valid", "wrong-name", "self-signed", "untrusted-root", "missing-intermediate", "not-a-ca", "unknown-critical", "wrong-usage",
       "sha1-chain", "md5-chain", "weak-key", "revoked"]
PASSWORD = "geheim-%64-x"
tells = Told("proxy check: ")
result = tells.result


try:
    import jsonschema
    with open(os.path.join(HERE, "..", "doc", "schema.json")) as f:
        VALID = jsonschema.Draft202012Validator(json.load(f))
except ImportError:
    VALID = None


class Work:
    def __init__(self, folder):
        self.dir, self.children = folder, []
        self.env = environment()
        self.root = folder + "/root.pem"

    def path(self, name):
        return os.path.join(self.dir, name)

    def run(self, url, *options):
        return subprocess.run([TLSWHY, "proxy", "--json", "--name", "localhost", "--lab-root", self.root, "--timeout", "2", *options, url],
                              env=self.env, capture_output=True, text=True, timeout=100)

    def check(self, url, *options):
        p = self.run(url, *options)
        if p.returncode not in (0, 1) or not p.stdout:
            raise AssertionError("exit %d, %s" % (p.returncode, p.stderr.strip()))
        told = json.loads(p.stdout)
        if VALID is not None:
            wrong = [e.message for e in VALID.iter_errors(told)]
            if wrong:
                raise AssertionError("not as the schema says: %s" % wrong[0][:200])
        bad = told["kind"] not in ("forwarder", "interceptor") or any(told[g] in ("C", "F") for g in ("security", "compatibility"))
        if p.returncode != bad:
            raise AssertionError("exit %d with %s" % (p.returncode, {k: told[k] for k in ("kind", "security", "compatibility")}))
        return told

    def start(self, *argv, env=None):
        p = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True, env=env or self.env,
                             start_new_session=True)
        self.children.append(p)
        return p

    def middlebox(self, mode):
        env = dict(self.env, SSL_CERT_FILE=self.root)
        p = self.start(sys.executable, HERE + "/plays/middlebox.py", mode, self.path("own.pem"), env=env)
        return "http://127.0.0.1:%s" % p.stdout.readline().strip()

    def stop(self):
        for p in self.children:
            try:
                os.killpg(p.pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        for p in self.children:
            try:
                p.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(p.pid, signal.SIGKILL)
                p.wait()


def failures(told, *of):
    return sorted((t["id"] for t in told["tests"] if t["result"] == "fail" and (not of or t["id"] in of)), key=lambda i: int(i[1:]))


def expects(**want):
    """A checker: fields of the object, `fails` (the tests that do not pass, of all but those that depend on the origin)."""
    def look(told):
        got = {k: told.get(k) for k in want if k != "fails"}
        if "fails" in want:
            got["fails"] = failures(told)
        return None if got == want else "%s, wanted %s (%s)" % (got, want, told["reason"])
    return look


SCRIPTED = [
    ("a proxy that forwards", "pass", expects(kind="forwarder", security="A", compatibility="A", let_through=[], fails=[])),
    ("an interceptor that verifies nothing", "blind", expects(kind="interceptor", security="F", let_through=sorted(BAD))),
    ("a hello that must arrive in one piece", "first", expects(kind="forwarder", compatibility="F", fails=["T20", "T21", "T26"])),
    ("a hello that must be small", "large", expects(kind="forwarder", compatibility="F", fails=["T20", "T21", "T22", "T23", "T26"])),
    ("GREASE that is minded", "grease", expects(kind="forwarder", compatibility="F", fails=["T22"])),
    ("records that are minded", "records", expects(kind="forwarder", compatibility="C", fails=["T25"])),
    ("a hello that is changed", "edit", expects(kind="broken", security=None, compatibility=None)),
    ("403", "403", expects(kind="refuses", security=None)),
    ("302", "302", expects(kind="refuses")),
    ("407", "407", expects(kind="authenticates", fails=["T1", "T2", "T34"])),
    ("a page instead of TLS", "page", expects(kind="refuses")),
    ("no answer to CONNECT", "silent", expects(kind="broken")),
    ("CONNECT hung up on", "close", expects(kind="broken")),
]


def in_order(told):
    return dict(told, let_through=sorted(told["let_through"]))


def scripted(w, case):
    name, mode, look = case
    try:
        result(name, look(in_order(w.check(w.middlebox(mode)))))
    except AssertionError as e:
        result(name, str(e))


def cutting(w):
    """OpenSSL's own idea of what is bad, beside the revocation that it does not look for."""
    told = in_order(w.check(w.middlebox("cut")))
    worst = set(told["let_through"]) & {"expired", "not-yet-valid", "wrong-name", "self-signed", "untrusted-root", "not-a-ca", "unknown-critical", "wrong-usage", "md5-chain"}
    result("an interceptor that verifies", None if told["kind"] == "interceptor" and told["lab_trusted"] and not worst and "revoked" in told["let_through"]
           else str({k: told[k] for k in ("kind", "lab_trusted", "let_through", "reason")}))


def refusals(w):
    for name, args, want in (("no proxy named", [], "takes the proxy's URL"), ("a relay without ports", ["tcp://127.0.0.1"], "needs --port"),
                             ("a relay with a port", ["--port", "7000", "tcp://127.0.0.1:80"], "takes no port"),
                             ("an address that is none", ["--listen", "here", "http://127.0.0.1:1"], "--listen"),
                             ("no PAC", ["--pac", w.path("none.pac"), "http://127.0.0.1:1"], "--pac"),
                             ("a port too high", ["--port", "65530", "http://127.0.0.1:1"], "--port"),
                             ("a URL that is none", ["ftp://127.0.0.1"], "--proxy"), ("none", ["none"], "name it")):
        p = subprocess.run([TLSWHY, "proxy", *args], env=w.env, capture_output=True, text=True, timeout=20)
        ok = p.returncode == 2 and want in p.stderr and p.stderr.count("\n") == 1 and p.stdout == ""
        result(name, None if ok else "exit %d, %r" % (p.returncode, p.stderr))


def root_files(w):
    """The root is made once, its key is nobody else's to read, and half of the two is refused."""
    mode = os.stat(w.root + ".key").st_mode & 0o777
    before = open(w.root).read()
    w.run("http://127.0.0.1:9")
    result("the root is kept", None if open(w.root).read() == before and mode == 0o600 else "mode %o" % mode)
    shutil.copy(w.root, w.path("half.pem"))
    p = subprocess.run([TLSWHY, "proxy", "--lab-root", w.path("half.pem"), "http://127.0.0.1:9"], env=w.env, capture_output=True, text=True, timeout=20)
    result("half a root", None if p.returncode == 2 and "half.pem.key" in p.stderr else p.stderr)
    with open(w.path("half.pem.key"), "w") as f:
        f.write("no key\n")
    p = subprocess.run([TLSWHY, "proxy", "--lab-root", w.path("half.pem"), "http://127.0.0.1:9"], env=w.env, capture_output=True, text=True, timeout=20)
    result("a root with another key", None if p.returncode == 2 and "do not belong together" in p.stderr else p.stderr)


def outputs(w):
    url = w.middlebox("407").replace("//", "//user:%s@" % PASSWORD.replace("%", "%25"))
    with open(w.path("x.pac"), "w") as f:
        f.write("function FindProxyForURL(u, h) { return 'PROXY other.example:8080; DIRECT'; }\n")
    p = subprocess.run([TLSWHY, "proxy", "--pac", f.name, "--html", w.path("x.html"), "--timeout", "2", "-v", url], env=w.env, capture_output=True, text=True, timeout=60)
    page = open(w.path("x.html")).read()
    everything = p.stdout + p.stderr + page
    result("no password anywhere", None if PASSWORD not in everything and "geheim" not in everything else everything[:300])
    result("the configuration file", None if "other.example:8080" in p.stdout and "other.example:8080" in page and "not this proxy" in p.stdout else p.stdout[-600:])
    result("a login that is not taken", None if p.returncode == 1 and "takes none of those" in p.stdout else p.stdout[:400])


def interrupted(w):
    p = subprocess.Popen([TLSWHY, "proxy", "--json", "--timeout", "30", w.middlebox("silent")], env=w.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(1.5)
    began = time.time()
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=60)
    told = json.loads(out) if out else {}
    result("Ctrl-C", None if told.get("complete") is False and time.time() - began < 25 else "%s, %s" % (told.get("reason"), err))


def against_server(w):
    """A server of ours in place of somebody else's: directly and through the proxy."""
    port = free_port()
    listening(w.start(TLSWHY, "lab", "--for", "100", "--port", str(port), "--root", w.path("server.pem"), "--name", "localhost", "healthy"), port)
    for mode, kind in (("pass", "forwarder"), ("blind", "interceptor")):
        p = subprocess.run([TLSWHY, "proxy", "--json", "--timeout", "3", w.middlebox(mode), "localhost:%d" % port], env=w.env, capture_output=True, text=True, timeout=60)
        told = json.loads(p.stdout)
        ok = told["kind"] == kind and told["security"] == ("A" if mode == "pass" else None) and told["target"] == "localhost:%d" % port
        result("one server, %s" % mode, None if ok else str({k: told[k] for k in ("kind", "security", "reason")}))


# ---- real ones

def listening(p, port):
    end = time.time() + 20
    while time.time() < end and p.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            time.sleep(0.1)
    return False


def squid(w):
    port, plain = free_port(), free_port()
    certgen = "/usr/lib/squid/security_file_certgen"
    if shutil.which("squid") is None or not os.path.exists(certgen):
        print("SKIP proxy check squid: squid with OpenSSL is not installed")
        return
    home = w.path("squid")
    os.mkdir(home)
    os.chmod(w.dir, 0o755)
    with open(home + "/conf", "w") as f:
        f.write("""visible_hostname squid.example
pid_filename none
cache_log /dev/null
access_log none
cache deny all
pinger_enable off
shutdown_lifetime 0 seconds
coredump_dir %(home)s
sslcrtd_program %(certgen)s -s %(home)s/db -M 4MB
sslcrtd_children 2 startup=1 idle=1
http_port 127.0.0.1:%(port)d name=bump ssl-bump tls-cert=%(own)s generate-host-certificates=on
http_port 127.0.0.1:%(plain)d name=plain
acl bump myportname bump
acl first at_step SslBump1
ssl_bump peek first bump
ssl_bump bump bump
tls_outgoing_options cafile=%(root)s default-ca=off
http_access allow all
""" % dict(home=home, certgen=certgen, port=port, plain=plain, own=w.path("own.pem"), root=w.root))
        if os.getuid() == 0:
            f.write("cache_effective_user proxy\ncache_effective_group proxy\n")
    subprocess.run([certgen, "-c", "-s", home + "/db", "-M", "4MB"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if os.getuid() == 0:
        subprocess.run(["chown", "-R", "proxy:", home])
    p = w.start("squid", "-N", "-f", home + "/conf")
    if not listening(p, port):
        print("SKIP proxy check squid: it does not start here")
        return
    began = time.time()
    told = w.check("http://127.0.0.1:%d" % port, "--ca", w.path("cert.pem"))
    took = time.time() - began
    result("squid bump", expects(kind="interceptor", security="B", compatibility="C", let_through=["revoked"], lab_trusted=True)(told))
    who = told["tests"][2]
    result("squid bump names its authority", None if "tests' own authority" in told["ca"]["name"] and "which --ca knows" in who["detail"] else str([told["ca"], who]))
    result("squid bump in less than 20 s", None if took < 20 else "%.1f s" % took)
    result("squid forwards", expects(kind="forwarder", security="A", compatibility="A", let_through=[], fails=[])(w.check("http://127.0.0.1:%d" % plain)))


def tinyproxy(w):
    if shutil.which("tinyproxy") is None:
        print("SKIP proxy check tinyproxy: it is not installed")
        return
    port = free_port()
    with open(w.path("tinyproxy"), "w") as f:
        f.write("Port %d\nListen 127.0.0.1\nTimeout 20\nMaxClients 50\nLogLevel Critical\nBasicAuth user secret\n" % port)
    if not listening(w.start("tinyproxy", "-d", "-c", f.name), port):
        print("SKIP proxy check tinyproxy: it does not start here")
        return
    url = "http://127.0.0.1:%d" % port
    result("tinyproxy wants a login", expects(kind="authenticates")(w.check(url)))
    told = w.check(url, "--proxy-user", "user:secret")
    result("tinyproxy with a login", expects(kind="forwarder", security="B", compatibility="C", fails=["T34"])(told))
    result("a 407 for what Windows fetches", None if all(f["status"] == 407 and "Basic" in f["schemes"] for f in told["windows"]) else str(told["windows"]))


def mitmproxy(w):
    if shutil.which("mitmdump") is None:
        print("SKIP proxy check mitmproxy: it is not installed")
        return
    port = free_port()
    p = w.start("mitmdump", "-q", "--listen-host", "127.0.0.1", "-p", str(port), "--ssl-insecure", env=dict(w.env, HOME=w.dir))
    if not listening(p, port):
        print("SKIP proxy check mitmproxy: it does not start here")
        return
    told = in_order(w.check("http://127.0.0.1:%d" % port, "--ca", w.root))
    result("an authority that is not the one of --ca", None if failures(told, "T3") == ["T3"] else str(told["tests"][2]))
    result("mitmproxy that verifies nothing", expects(kind="interceptor", security="F", let_through=sorted(BAD))(told))


def main():
    with tempfile.TemporaryDirectory() as folder:
        w = Work(folder)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=tests' own authority", "-days", "30", "-keyout", w.path("key.pem"),
                        "-out", w.path("cert.pem"), "-addext", "subjectAltName=DNS:localhost"], check=True, stderr=subprocess.DEVNULL)
        with open(w.path("own.pem"), "w") as f:
            f.write(open(w.path("key.pem")).read() + open(w.path("cert.pem")).read())
        os.chmod(f.name, 0o644)
        try:
            w.run("http://127.0.0.1:9") # makes the root
            parts = [lambda case=case: scripted(w, case) for case in SCRIPTED]
            parts += [lambda part=part: part(w) for part in (squid, mitmproxy, tinyproxy, cutting, outputs, against_server, interrupted, refusals, root_files)]
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                for done in [pool.submit(part) for part in parts[::-1]]:
                    try:
                        done.result()
                    except AssertionError as e:
                        result("it ran", str(e))
        finally:
            w.stop()
    sys.exit(tells.failed != 0)


main()
