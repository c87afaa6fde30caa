"""A private network of three namespaces, a capture on it, and processes that end with it.

    client 192.0.2.10, .11 ---- box 192.0.2.1 | 198.51.100.1 ---- server 198.51.100.80 (and .8, .81, 2001:db8:2::80)

The box routes, and drops, resets or forges where a recording says so (nftables). All addresses are those
of RFC 5737 and RFC 3849. Needs root, iproute2, tcpdump. Everything started here is ended by its process id.
"""
import os
import signal
import subprocess
import time

CLIENT, SERVER, OTHER, PROXY = "192.0.2.10", "198.51.100.80", "198.51.100.81", "198.51.100.8"
CLIENT6, SERVER6 = "2001:db8:1::10", "2001:db8:2::80"
NS = {side: "tlswhy-%s-%d" % (side, os.getpid()) for side in ("client", "box", "server")}


def run(*argv, check=True, **kw):
    return subprocess.run(argv, check=check, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **kw)


def inside(side, argv):
    return ["ip", "netns", "exec", NS[side]] + list(argv)


def up():
    for ns in NS.values():
        run("ip", "netns", "add", ns)
        run("ip", "-n", ns, "link", "set", "lo", "up")
        # off: addresses must be usable at once, and no neighbour chatter
        run("ip", "netns", "exec", ns, "sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.default.router_solicitations=0")
    wire("client", "c0", "02:00:00:00:00:10", ["192.0.2.10/24", "192.0.2.11/24", "2001:db8:1::10/64"], "box", "b0", "02:00:00:00:00:01", ["192.0.2.1/24", "2001:db8:1::1/64"])
    wire("server", "s0", "02:00:00:00:00:80", ["198.51.100.80/24", "198.51.100.81/24", "198.51.100.8/24", "2001:db8:2::80/64"],
         "box", "b1", "02:00:00:00:00:02", ["198.51.100.1/24", "2001:db8:2::1/64"])
    for side, via4, via6 in (("client", "192.0.2.1", "2001:db8:1::1"), ("server", "198.51.100.1", "2001:db8:2::1")):
        run("ip", "-n", NS[side], "route", "add", "default", "via", via4)
        run("ip", "-n", NS[side], "-6", "route", "add", "default", "via", via6)
    run(*inside("box", ["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]))
    run(*inside("server", ["sysctl", "-qw", "net.ipv4.ip_unprivileged_port_start=0"]))


def wire(a, a_dev, a_mac, a_ips, b, b_dev, b_mac, b_ips):
    run("ip", "link", "add", a_dev, "netns", NS[a], "address", a_mac, "type", "veth", "peer", "name", b_dev, "netns", NS[b], "address", b_mac)
    for side, dev, ips in ((a, a_dev, a_ips), (b, b_dev, b_ips)):
        for ip in ips:
            run("ip", "-n", NS[side], "addr", "add", ip, "dev", dev)
        run("ip", "-n", NS[side], "link", "set", dev, "up")
        # segments as they would be on a wire, not as offload shows them
        subprocess.run(inside(side, ["ethtool", "-K", dev, "tso", "off", "gso", "off", "gro", "off"]), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def down():
    for ns in NS.values():
        run("ip", "netns", "del", ns, check=False)


def box_rules(rules):
    """Replaces what the box does to traffic: nft rules for the forward chain, or one whole table."""
    run(*inside("box", ["nft", "flush", "ruleset"]))
    if rules and rules[0].startswith("table"):
        run(*inside("box", ["nft", rules[0]]))
    elif rules:
        text = "table inet lab { chain forward { type filter hook forward priority 0; %s; } ; }" % "; ".join(rules)
        run(*inside("box", ["nft", text]))


class Process:
    def __init__(self, side, argv, log, stdin=None, env=None):
        self.log = open(log, "wb")
        self.p = subprocess.Popen(inside(side, argv), stdin=stdin or subprocess.DEVNULL, stdout=self.log,
                                  stderr=subprocess.STDOUT, start_new_session=True, env={**os.environ, **(env or {})})

    def wait_listening(self, port, seconds=15):
        end = time.time() + seconds
        while time.time() < end:
            if self.p.poll() is not None:
                raise RuntimeError("%s ended early, see %s" % (self.p.args, self.log.name))
            if listening(self.p.pid, port):
                return
            time.sleep(0.03)
        raise RuntimeError("%s does not listen on %d" % (self.p.args, port))

    def wait(self, seconds):
        try:
            self.p.wait(seconds)
        except subprocess.TimeoutExpired:
            self.stop()

    def stop(self, sig=signal.SIGTERM):
        for s in (sig, signal.SIGKILL):
            try:
                os.killpg(self.p.pid, s)
                self.p.wait(3)
                break
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
        self.log.close()


def listening(pid, port):
    """Does anything in this process's network namespace listen there? Looked up without connecting."""
    for table, state in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
        try:
            rows = open("/proc/%d/net/%s" % (pid, table)).read().split("\n")[1:]
        except OSError:
            return False
        for row in rows:
            f = row.split()
            if len(f) > 3 and f[3] == state and int(f[1].split(":")[1], 16) == port:
                return True
    return False


class Capture:
    FILTER = "tcp or icmp or (icmp6 and ip6[40] == 1) or udp port 53 or udp port 443"

    def __init__(self, path, side="client", dev="c0", expr=None, snaplen=262144, linktype=None):
        argv = ["tcpdump", "-U", "-n", "--immediate-mode", "-Z", "root", "-i", dev, "-s", str(snaplen), "-w", path]
        argv += ["-y", linktype] if linktype else []
        self.p = subprocess.Popen(inside(side, argv + [expr or self.FILTER]), stderr=subprocess.PIPE, text=True)
        while "listening on" not in self.p.stderr.readline():
            if self.p.poll() is not None:
                raise RuntimeError("tcpdump ended early")

    def stop(self):
        time.sleep(0.25)
        self.p.send_signal(signal.SIGINT)
        self.p.communicate()
