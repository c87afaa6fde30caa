#!/usr/bin/env python3
"""measure.py KIND TLSWHY FLOOR CAPTURE - CPU seconds of both, in turn, and what was found. Exit 1: slower than it may be."""
import json
import os
import re
import statistics
import subprocess
import sys

LIMITS = {"handshakes": 3.0, "bulk": 1.5, "mixed": 1.5, "scan": 1.5}


def run(*command):
    with subprocess.Popen(command, stdout=subprocess.PIPE) as p:
        text = p.stdout.read().decode()
        _, _, used = os.wait4(p.pid, 0)
        p.returncode = 0
    return text, used.ru_utime + used.ru_stime, used.ru_maxrss


def main():
    kind, program, floor, capture = sys.argv[1:]
    ours, floors, memory, text, found = [], [], 0, "", ""
    for _ in range(3):
        found, seconds, _ = run(floor, capture)
        floors.append(seconds)
        _, seconds, memory = run(program, "read", capture)
        ours.append(seconds)
    text, _, _ = run(program, "read", "--json", capture)
    summary = json.loads(text.splitlines()[-1])
    ratio = statistics.median(ours) / statistics.median(floors)
    streams = int(re.search(r"(\d+) connections", found).group(1))
    megabytes = os.path.getsize(capture) / 1e6
    print("%-11s %6.0f MB  %5.2f s  floor %5.2f s  ratio %5.2f (at most %.1f)  %4d MB memory  %d connections, %s handshakes, %s failed" %
          (kind, megabytes, statistics.median(ours), statistics.median(floors), ratio, LIMITS[kind], memory / 1024, streams,
           summary.get("handshakes"), summary.get("failed")))
    return 0 if ratio <= LIMITS[kind] else 1


if __name__ == "__main__":
    sys.exit(main())
