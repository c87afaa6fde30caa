#!/usr/bin/env python3
"""Root lists by URL, from servers and proxies made here: ctl_url.py TLSWHY"""
import http.server
import os
import subprocess
import sys
import threading
import time

from told import environment

LISTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "wire", "lists")
with open(os.path.join(LISTS, "sound.cab"), "rb") as f:
    SOUND = f.read()
LARGE = 33 << 20
held = threading.Event()


class Server(http.server.BaseHTTPRequestHandler):
    """An origin, and a proxy for http:// URLs that wants a login for /login and keeps /held waiting."""

    def log_message(self, *args):
        pass

    def do_GET(self):
        path = "/" + self.path.split("/")[-1]
        if path == "/login" and "Proxy-Authorization" not in self.headers:
            self.send_response(407)
            self.send_header("Proxy-Authenticate", 'Basic realm="x"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if path == "/held":
            held.wait(10)
        self.send_response(200)
        self.send_header("Content-Length", str({"/large": LARGE, "/half": len(SOUND)}.get(path, len(SOUND))))
        self.end_headers()
        try:
            if path == "/large":
                for _ in range(33):
                    self.wfile.write(bytes(1 << 20))
            else:
                self.wfile.write(SOUND[:900] if path == "/half" else SOUND)
        except OSError:
            pass


def main():
    program, failed = os.path.realpath(sys.argv[1]), False
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = "127.0.0.1:%d" % server.server_port
    ca = ["--ca", os.path.join(LISTS, "root.pem"), "--timeout", "10"]

    def ctl(*args):
        p = subprocess.run([program, "ctl"] + ca + list(args), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment(), timeout=30)
        return p.returncode, p.stdout.decode(errors="replace")

    def check(name, status, words, *args):
        nonlocal failed
        got, out = ctl(*args)
        good = got == status and words in out
        failed |= not good
        print("PASS ctl url %s" % name if good else "FAIL ctl url %s: %d %s" % (name, got, out[:200]))

    got, out = ctl("http://%s/sound.cab" % here)
    if "libcurl" in out and got == 2:
        print("SKIP ctl url: libcurl is not installed")
        return False
    check("sound", 0, "OK", "http://%s/sound.cab" % here)
    check("too large", 2, "larger than 32 MB", "http://%s/large" % here)
    check("half of it", 2, "only 900 bytes came", "http://%s/half" % here)
    check("a proxy's 407", 1, "407", "--proxy", "http://" + here, "http://lists.example/login")
    check("a proxy with login", 0, "OK", "--proxy", here, "--proxy-user", "u:secret", "http://lists.example/login")
    check("the login in the URL", 0, "OK", "--proxy", "http://u:secret@" + here, "http://lists.example/login")
    check("no proxy", 0, "OK", "--proxy", "none", "http://%s/sound.cab" % here)
    check("no such login file", 2, "--proxy-user", "--proxy", here, "--proxy-user", "@does-not-exist", "http://lists.example/login")

    for how in (["--proxy", here, "--proxy-user", "u:secret"], ["--proxy", "http://u:secret@" + here]):
        p = subprocess.Popen([program, "ctl"] + ca + how + ["http://lists.example/held"], stdout=subprocess.DEVNULL, env=environment())
        line, end = b"secret", time.time() + 5
        while b"secret" in line and time.time() < end:
            time.sleep(0.02)
            with open("/proc/%d/cmdline" % p.pid, "rb") as f:
                line = f.read()
        held.set()
        good = p.wait(20) == 0 and b"secret" not in line and b"u:***" in line
        failed |= not good
        print("%s ctl url the password is wiped (%s)" % ("PASS" if good else "FAIL", how[-2]))
        held.clear()
    server.shutdown()
    return failed


if __name__ == "__main__":
    sys.exit(main())
