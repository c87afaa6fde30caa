#!/usr/bin/env python3
"""tlswhy watch in a network namespace of its own: watch.py TLSWHY

Recordings are sent over a veth pair, real failures are made with openssl, and the interface, the outputs and the clock of a
watch are broken. Needs root (for namespaces); without it, or without ip and unshare, it is skipped. Nothing of it touches the network.
"""
import glob
import json
import os
import pty
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NOBODY = 65534
# each in one piece of time, so that what a replay changes (the pace) changes nothing
RECORDINGS = ["version-client-too-old", "missing-intermediate", "self-signed", "expired-openssl", "cipher-none-shared", "alpn-http11-h2",
              "http-to-tls-port", "client-cert-missing", "proxy-407-negotiate", "starttls-454", "usage-client-only", "sha1-leaf"]


def say(name, good, more=""):
    print("PASS watch, %s" % name if good else "FAIL watch, %s%s" % (name, ": " + str(more)[:600] if more != "" else ""), flush=True)


def until(condition, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


class Watch:
    """A watch with its standard output and error in files, ready once it is in its sandbox and packets are taken."""

    def __init__(self, *options, interface="v1", stdout=None, stderr=None, **more):
        self.out, self.err = tempfile.NamedTemporaryFile(), tempfile.NamedTemporaryFile()
        self.process = subprocess.Popen([PROGRAM, "watch", interface, *options], stdin=subprocess.DEVNULL, stdout=stdout or self.out,
                                        stderr=stderr or self.err, **more)
        until(lambda: self.process.poll() is not None or self.blocked(), 10)

    def blocked(self):
        """Waits for packets: its handler of SIGINT is set and its ring is there."""
        try:
            with open("/proc/%d/status" % self.process.pid) as f:
                status = dict(line.split(":", 1) for line in f)
            with open("/proc/%d/syscall" % self.process.pid) as f:
                call = f.read().split()[0]
        except (OSError, IndexError):
            return False
        return int(status["SigCgt"], 16) & 1 << signal.SIGINT - 1 != 0 and call in ("7", "271", "running") and status["State"].strip()[0] == "S"

    def text(self):
        with open(self.out.name, errors="replace") as f:
            return f.read()

    def errors(self):
        with open(self.err.name, errors="replace") as f:
            return f.read()

    def objects(self, kind=None):
        found = []
        for line in self.text().splitlines():
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if kind in (None, record["type"]):
                found.append(record)
        return found

    def end(self, how=signal.SIGINT):
        """Gives the exit status and how long it took."""
        began = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            status = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = "did not end"
        return status, time.monotonic() - began


def run(*words):
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.decode(errors="replace")


def make_veth():
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "v0", "mtu", "65535", "type", "veth", "peer", "name", "v1", "mtu", "65535")
    for end in ("v0", "v1"):
        with open("/proc/sys/net/ipv6/conf/%s/disable_ipv6" % end, "w") as f:
            f.write("1")
        run("ip", "link", "set", end, "up")


def frames(name):
    with open(os.path.join(TOP, "pcaps", name + ".pcap"), "rb") as f:
        data = f.read()
    at = 24
    while at + 16 <= len(data):
        length = struct.unpack("<I", data[at + 8:at + 12])[0]
        yield data[at + 16:at + 16 + length]
        at += 16 + length


def replay(*names):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind(("v0", 0))
        for name in names:
            for frame in frames(name):
                s.send(frame)


def causes(records):
    return sorted(r["event"]["code"] for r in records if r["type"] == "handshake" and r["event"]["outcome"] != "success")


def test_list():
    out = run(PROGRAM, "watch")
    say("without an interface, a list of them", "\nv1 " in "\n" + out and "\nlo " in "\n" + out, out)


def test_refusals():
    for name, words, wanted in [("an unknown interface", ["watch", "nothing0"], "there is no interface nothing0"),
                                ("a name in the filter", ["watch", "v1", "host", "www.example.com"], "looks no name up"),
                                ("a slip in the filter", ["watch", "v1", "tcp", "prt", "443"], "prt"),
                                ("no folder", ["watch", "v1", "--write", "/nothing"], "is no folder"),
                                ("a ring of nothing", ["watch", "v1", "--ring", "1"], "--ring"),
                                ("--keep 0", ["watch", "v1", "--keep", "0"], "--keep")]:
        p = subprocess.run([PROGRAM] + words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=10)
        err = p.stderr.decode()
        say(name + " is refused with a sentence", p.returncode == 2 and wanted in err and err.count("\n") == 1, err)
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        copy = shutil.copy(PROGRAM, folder)
        p = subprocess.run([copy, "watch", "v1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=10, user=NOBODY, group=NOBODY, extra_groups=[])
        err = p.stderr.decode()
        say("without rights, the command that gives them", p.returncode == 2 and "sudo setcap cap_net_raw=ep %s" % copy in err and err.count("\n") == 1, err)


def test_recordings():
    """What is replayed gets the verdicts that `read` comes to."""
    paths = [os.path.join(TOP, "pcaps", name + ".pcap") for name in RECORDINGS]
    out = subprocess.run([PROGRAM, "read", "--json", *paths], stdout=subprocess.PIPE).stdout.decode()
    wanted = causes(json.loads(line) for line in out.splitlines())
    w = Watch("--json", "--ca", os.path.join(TOP, "pcaps", "roots.pem"), "-v")
    replay(*RECORDINGS)
    until(lambda: len(causes(w.objects())) >= len(wanted), 5)
    early = causes(r for r in w.objects() if "corrects" not in r.get("tlswhy", {}))
    with open("/proc/%d/status" % w.process.pid) as f:
        state = dict(line.split(":", 1) for line in f)
    status, took = w.end()
    out = subprocess.run([PROGRAM, "read", "--json", "--ca", os.path.join(TOP, "pcaps", "roots.pem"), *paths], stdout=subprocess.PIPE).stdout.decode()
    wanted = causes(json.loads(line) for line in out.splitlines())
    say("recordings that are replayed have the causes that read finds, before the end", early == wanted, "%s, not %s" % (early, wanted))
    say("the summary comes within 200 ms", status == 1 and took < 0.2 + SLACK and len(w.objects("summary")) == 1, "%s after %.3f s" % (status, took))
    total = w.objects("summary")[-1] if w.objects("summary") else {}
    sent = sum(1 for name in RECORDINGS for _ in frames(name))
    say("every packet is counted, none dropped", total.get("packets") == sent and total.get("dropped") == 0 and total.get("complete"),
        "%d sent, %s" % (sent, total))
    say("packets are parsed as nobody, without a capability", state["Uid"].split() == [str(NOBODY)] * 4 and int(state["CapPrm"], 16) == 0, state["Uid"])
    if "seccomp" in w.errors() and "no seccomp" not in w.errors():
        say("in a seccomp filter, without new privileges", state["Seccomp"].strip() == "2" and state["NoNewPrivs"].strip() == "1")
    else:
        print("SKIP watch, seccomp: %s" % w.errors().strip())
    say("-v says what is in force", "in force: user nobody" in w.errors(), w.errors())


def test_filter():
    w = Watch("--json", "tcp", "port", "1")
    replay("self-signed")
    time.sleep(0.3)
    w.end()
    say("the filter is applied by the kernel", w.objects("summary")[0]["packets"] == 0, w.text())


def test_signals():
    w = Watch("--json")
    replay("self-signed")
    until(lambda: causes(w.objects()))
    w.process.send_signal(signal.SIGUSR1)
    until(lambda: w.objects("summary"))
    interim = w.objects("summary")
    replay("expired-openssl")
    until(lambda: len(causes(w.objects())) == 2)
    status, took = w.end(signal.SIGTERM)
    last = w.objects("summary")[-1]
    say("SIGUSR1 sums up so far", len(interim) == 1 and interim[0].get("interim") is True and interim[0]["failed"] == 1, interim)
    say("SIGTERM sums up and ends", status == 1 and "interim" not in last and last["failed"] == 2 and took < 0.2 + SLACK, "%s %.3f %s" % (status, took, last))
    w = Watch()
    w.process.send_signal(signal.SIGINT)
    status, took = w.end()
    say("a second signal ends at once", status in (0, -signal.SIGINT) and took < 0.2 + SLACK, "%s after %.3f s" % (status, took))


def test_recorder(folder):
    w = Watch("--json", "--write", folder, "--keep", "3")
    for name in RECORDINGS[:5]:
        replay(name)
        until(lambda: len(causes(w.objects())) >= RECORDINGS.index(name) + 1, 3)
    w.end()
    files = sorted(glob.glob(folder + "/tlswhy-*.pcapng"))
    say("--keep 3 leaves the latest three", len(files) == 3, files)
    again = [causes(json.loads(line) for line in run(PROGRAM, "read", "--json", f).splitlines() if line.startswith("{")) for f in files]
    named = [[f.rsplit("-", 1)[0].split("Z-")[1].split("-", 1)[1] + "-" + f.rsplit("-", 1)[1][:-7]] if f.count("-") > 2 else [] for f in files]
    say("a recording has one failure, of the cause in its name", again == named, "%s, not %s" % (again, named))
    comments = [b"tlswhy: " in open(f, "rb").read() for f in files]
    say("the deciding frame has a comment", all(comments))
    w = Watch("--json", "--annotate", os.path.join(folder, "all.pcapng"))
    replay(*RECORDINGS[:3])
    until(lambda: len(causes(w.objects())) == 3, 3)
    w.end()
    all_of = causes(json.loads(line) for line in run(PROGRAM, "read", "--json", os.path.join(folder, "all.pcapng")).splitlines())
    say("--annotate has all failures in one file", all_of == causes(w.objects()) and len(all_of) == 3, all_of)
    w = Watch("--json", "--certs", folder)
    replay("missing-intermediate")
    until(lambda: glob.glob(folder + "/*.der"), 3)
    w.end()
    say("--certs writes certificates", len(glob.glob(folder + "/*.der")) >= 1)


def test_broken_outputs(folder):
    with open("/dev/full", "w") as full:
        w = Watch("--json", stdout=full)
        replay("self-signed")
        status = w.process.wait(5)
    say("a full disk under the verdicts ends it with 2", status == 2 and "could not be written whole" in w.errors(), w.errors())
    read, write = os.pipe()
    w = Watch("--json", stdout=write)
    os.close(write)
    os.close(read)
    replay("self-signed")
    until(lambda: w.process.poll() is not None, 5)
    status, _ = w.end(signal.SIGKILL)
    say("a closed pipe ends it quietly", status in (2, -signal.SIGPIPE) and w.errors() == "", "%s %s" % (status, w.errors()))
    small = os.path.join(folder, "small")
    os.mkdir(small)
    run("mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", small)
    run("dd", "if=/dev/zero", "of=" + os.path.join(small, "fill"))
    w = Watch("--json", "--write", small)
    replay("self-signed")
    until(lambda: w.process.poll() is not None, 5)
    status, _ = w.end(signal.SIGKILL)
    left = glob.glob(small + "/tlswhy*")
    run("umount", small)
    say("a full disk under the recordings ends it with 2, and leaves no part", status == 2 and "cannot write" in w.errors() and left == [], "%s %s %s" % (status, w.errors(), left))


def test_terminal():
    master, slave = pty.openpty()
    w = Watch(stderr=slave)
    replay("self-signed")
    time.sleep(1.3)
    os.close(slave)
    shown = os.read(master, 65536).decode(errors="replace")
    w.end()
    os.close(master)
    say("a status line on a terminal", " packets, " in shown and " failed, 0 dropped" in shown and "\r\x1b[K" in shown, repr(shown))


def test_real():
    """A real client and server over lo, seen on `any`."""
    if shutil.which("openssl") is None:
        print("SKIP watch, real failures: openssl is not installed")
        return
    with tempfile.TemporaryDirectory() as folder:
        key, cert = folder + "/key.pem", folder + "/cert.pem"
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=fail.example")
        server = subprocess.Popen(["openssl", "s_server", "-accept", "127.0.0.1:4433", "-key", key, "-cert", cert, "-quiet"],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: ":1151 " in open("/proc/net/tcp").read())
        w = Watch("--json", interface="any")
        client = ["openssl", "s_client", "-connect", "127.0.0.1:4433", "-servername", "fail.example"]
        for options in (["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], ["-tls1_2"], ["-tls1_2", "-verify_return_error"]):
            subprocess.run(client + options, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=10)
        until(lambda: len(causes(w.objects())) >= 2, 5)
        server.terminate()
        server.wait()
        status, _ = w.end()
        told = causes(w.objects())
        say("real failures on any", status == 1 and len(told) == 2 and "protocol-version" in told and any(c.startswith("cert-") for c in told), told)


def test_calls(folder):
    """No system call of a watch in its sandbox is denied: what it does not need it does not try."""
    if shutil.which("strace") is None or subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], stderr=subprocess.DEVNULL).returncode != 0:
        print("SKIP watch, system calls: strace is not installed, or may not trace")
        return
    trace = os.path.join(folder, "trace")
    out = tempfile.NamedTemporaryFile()
    process = subprocess.Popen(["strace", "-qq", "-o", trace, PROGRAM, "watch", "v1", "--json", "--write", folder, "--certs", folder,
                                "--html", os.path.join(folder, "page.html")], stdout=out, stderr=subprocess.DEVNULL, env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
    until(lambda: os.path.exists(trace) and "poll(" in open(trace).read())
    replay("missing-intermediate", "self-signed")
    until(lambda: len(open(out.name).read().splitlines()) == 2, 5)
    traced = [int(p) for p in open("/proc/%d/task/%d/children" % (process.pid, process.pid)).read().split()]
    for how in (signal.SIGUSR1, signal.SIGINT):
        for pid in traced:
            os.kill(pid, how)
        time.sleep(0.2)
    process.wait(10)
    lines = open(trace).read().splitlines()
    begin = [i for i, line in enumerate(lines) if line.startswith("seccomp(SECCOMP_SET_MODE_FILTER, 0")]
    if not begin:
        print("SKIP watch, system calls: this build enters no seccomp filter")
        return
    inside = lines[begin[0] + 1:]
    denied = [line for line in inside if "EPERM" in line or "EACCES" in line]
    met = sorted({line.split("(")[0] for line in inside if "(" in line and line[0].islower()})
    say("no call of watch is denied; met: %s" % " ".join(met), denied == [] and "poll" in met, denied[:3])


def test_correction():
    """The first connection alone looks like a cipher mismatch; the second shows that it was the key type."""
    parts = {}
    for frame in frames("key-type-answered"):
        parts.setdefault(max(struct.unpack(">HH", frame[34:38])), []).append(frame)
    w = Watch("--json")
    for i, part in enumerate(parts.values()):
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
            s.bind(("v0", 0))
            for frame in part:
                s.send(frame)
        until(lambda: len(causes(w.objects())) > i, 4)
    w.end()
    told = [(r["event"]["code"], r["tlswhy"]["stream"], r["tlswhy"].get("corrects", {}).get("code")) for r in w.objects("handshake")]
    say("a neighbour that comes later corrects a verdict", told == [("cipher-mismatch", 0, None), ("cert-key-type", 0, "cipher-mismatch")], told)
    total = w.objects("summary")[0]
    say("what was corrected is counted once", total["failed"] == 1 and total["causes"] == {"cert-key-type": 1}, total)


def syn(port):
    """An Ethernet frame with a SYN that nobody answers, 192.0.2.1 to 192.0.2.2."""
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40, 1, 0, 64, 6, 0, socket.inet_aton("192.0.2.1"), socket.inet_aton("192.0.2.2"))
    return bytes(12) + b"\x08\x00" + ip + struct.pack(">HHIIBBHHH", port, 443, 1, 0, 0x50, 2, 1000, 0, 0)


def test_timeout():
    """Told while the watch goes on: nobody answered. And a link that goes down, and goes."""
    w = Watch("--json")
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind(("v0", 0))
        s.send(syn(40000))
        for frame in list(frames("self-signed"))[:4]: # up to the hello
            s.send(frame)
    sent = time.monotonic()
    run("ip", "link", "set", "v0", "down")
    until(lambda: "link is down" in w.errors(), 5)
    run("ip", "link", "set", "v0", "up")
    until(lambda: "up again" in w.errors(), 5)
    say("a link that goes down and comes up is said", "v1: the link is down" in w.errors() and "v1: the link is up again" in w.errors(), w.errors())
    until(lambda: causes(w.objects()), 20)
    say("a SYN without an answer is told by the clock", causes(w.objects()) == ["tcp-timeout"] and 10 <= time.monotonic() - sent < 15,
        "%s after %.1f s" % (w.objects(), time.monotonic() - sent))
    until(lambda: len(causes(w.objects())) == 2, 10)
    say("a hello without an answer is told by the clock", causes(w.objects()) == ["silent-drop", "tcp-timeout"] and 15 <= time.monotonic() - sent < 20,
        "%s after %.1f s" % (causes(w.objects()), time.monotonic() - sent))
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind(("v0", 0))
        for frame in list(frames("self-signed"))[4:]:
            s.send(frame)
    until(lambda: "went on" in w.text(), 5)
    back = [r for r in w.objects("handshake") if "corrects" in r["tlswhy"]]
    say("and taken back when the answer comes after all", [(r["event"]["code"], r["tlswhy"]["corrects"]["code"]) for r in back] ==
        [("capture-incomplete", "silent-drop")], w.text()[-1500:])
    replay("expired-openssl")
    until(lambda: "cert-expired" in w.text(), 5)
    run("ip", "link", "del", "v0")
    until(lambda: w.process.poll() is not None, 5)
    status, _ = w.end(signal.SIGKILL)
    say("an interface that goes ends it with 2 and the sums", status == 2 and len(w.objects("summary")) == 1 and w.objects("summary")[0]["failed"] == 2 and
        ("gone" in w.errors() or "disappeared" in w.errors()), "%s %s" % (status, w.errors()))


def inside():
    make_veth()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        run("mount", "--make-rprivate", "/")
        test_list()
        test_refusals()
        test_recordings()
        test_filter()
        test_signals()
        for name in ("kept", "broken", "calls"):
            os.mkdir(os.path.join(folder, name))
        test_recorder(os.path.join(folder, "kept"))
        test_broken_outputs(os.path.join(folder, "broken"))
        test_terminal()
        test_calls(os.path.join(folder, "calls"))
        test_real()
        test_correction()
        test_timeout()


SLACK = 0.1  # of a machine that does other things, too
PROGRAM = os.path.abspath(sys.argv[1])
if sys.argv[2:] == ["inside"]:
    inside()
elif os.getuid() != 0 or not shutil.which("ip") or subprocess.run(["unshare", "-nm", "true"], stderr=subprocess.DEVNULL).returncode != 0:
    print("SKIP watch: namespaces need root, ip and unshare")
else:
    sys.exit(subprocess.run(["unshare", "-nm", sys.executable, os.path.abspath(__file__), PROGRAM, "inside"]).returncode)
