#!/usr/bin/env python3
"""Stream and frame numbers are Wireshark's: streams.py TLSWHY. For every recording, tshark must put the frames that
tlswhy names (first, hello, answer, decisive, last) into the tcp.stream that tlswhy names, and see no stream begin elsewhere."""
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

PCAPS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "pcaps")


def tshark_streams(path, transport):
    p = subprocess.run(["tshark", "-n", "-r", path, "-T", "fields", "-e", "frame.number", "-e", transport + ".stream"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return {int(f): int(s) for f, s in (line.split("\t") for line in p.stdout.decode().splitlines()) if s.isdigit()}


def wrong(program, path):
    out = subprocess.run([program, "read", "--json", "--all", path], stdout=subprocess.PIPE).stdout.decode()
    ours = [json.loads(line) for line in out.splitlines()]
    ours = [o for o in ours if o.get("type") == "handshake"]
    transport = ours[0]["network"]["transport"] if ours else "tcp" # a recording has one of them
    ours = [o["tlswhy"] for o in ours if o["network"]["transport"] == transport]
    theirs = tshark_streams(path, transport)
    if not theirs:
        return None if not ours else "tshark sees no such streams here"
    for t in ours:
        for what, frame in t["frames"].items():
            if frame in theirs and theirs[frame] != t["stream"]:
                return "frame %d (%s) is in stream %d, not %d" % (frame, what, theirs[frame], t["stream"])
        first = min((f for f, s in theirs.items() if s == t["stream"]), default=None)
        if t["frames"].get("first") != first:
            return "stream %d begins at frame %s, not %s" % (t["stream"], first, t["frames"].get("first"))
    missing = set(theirs.values()) - {t["stream"] for t in ours}
    return "no object for stream %s" % sorted(missing) if missing else None


def main():
    failed = 0
    names = [name for name in sorted(os.listdir(PCAPS)) if name.endswith((".pcap", ".pcapng"))]
    with ThreadPoolExecutor(2) as two: # tshark takes its time to start
        answers = list(two.map(lambda name: wrong(sys.argv[1], os.path.join(PCAPS, name)), names))
    for name, trouble in zip(names, answers):
        failed += trouble is not None
        print("PASS streams " + name if not trouble else "FAIL streams %s: %s" % (name, trouble))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
