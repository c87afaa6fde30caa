#!/usr/bin/env python3
"""measure.py KIND TLSWHY FLOOR CAPTURE - CPU seconds of both, and on handshakes of whichever other tools are installed, in turn;
memory; and what was found. Exit 1: slower, or larger in memory, than it may be."""
import json
import os
import re
import shutil
import statistics
import subprocess
import sys

RUNS = 3
LIMITS = {"handshakes": 3.0, "bulk": 1.5, "mixed": 1.5, "scan": 1.5}
MEMORY = {"handshakes": 96, "bulk": 96, "mixed": 96, "scan": 350}  # MB
# Others at their usual work on a capture, as near to ours as they come, and how much faster we must be.
PEERS = {
    "suricata": (4, ["suricata", "-r", "{}", "-l", "{}.suricata", "-S", "/dev/null"]),
    "ndpiReader": (6, ["ndpiReader", "-q", "-i", "{}"]),
    "tshark": (18, ["tshark", "-n", "-r", "{}"]),
    "ssldump": (None, ["ssldump", "-n", "-r", "{}"]),
    "tcpdump": (None, ["tcpdump", "-n", "-r", "{}", "-w", "/dev/null"]),
}


def run(*command, keep=False):
    """Text, CPU seconds, MB."""
    out = subprocess.PIPE if keep else subprocess.DEVNULL
    with subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL) as p:
        text = p.stdout.read().decode() if keep else ""
        _, _, used = os.wait4(p.pid, 0)
        p.returncode = 0
    return text, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def peers(capture):
    for name, (_, words) in PEERS.items():
        if shutil.which(name):
            if name == "suricata":
                os.makedirs(capture + ".suricata", exist_ok=True)
            yield name, [word.replace("{}", capture) for word in words]


def main():
    kind, program, floor, capture = sys.argv[1:]
    commands = {"floor": [floor, capture], "tlswhy": [program, "read", capture]}
    seconds, memory = {name: [] for name in commands}, {}
    for _ in range(RUNS):
        for name, command in commands.items():
            _, cpu, memory[name] = run(*command)
            seconds[name].append(cpu)
    found, _, _ = run(floor, capture, keep=True)
    text, _, _ = run(program, "read", "--json", capture, keep=True)
    summary = json.loads(text.splitlines()[-1])
    ours, least = (statistics.median(seconds[name]) for name in ("tlswhy", "floor"))
    streams = int(re.search(r"(\d+) connections", found).group(1))
    print("%-11s %5.0f MB  %5.2f s  floor %5.2f s  ratio %5.2f (at most %.1f)  memory %4.0f MB (at most %d)  %d connections, %s handshakes, %s failed" %
          (kind, os.path.getsize(capture) / 1e6, ours, least, ours / least, LIMITS[kind], memory["tlswhy"], MEMORY[kind], streams,
           summary.get("handshakes"), summary.get("failed")))
    good = ours / least <= LIMITS[kind] and memory["tlswhy"] <= MEMORY[kind]
    for name, command in peers(capture) if kind == "handshakes" else []:
        _, cpu, peak = run(*command)
        wanted = PEERS[name][0]
        print("%-11s %5.2f s  %5.1f times ours%s  memory %4.0f MB" % (name, cpu, cpu / ours, " (at least %d)" % wanted if wanted else "", peak))
        good = good and (wanted is None or cpu >= wanted * ours)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
