#!/usr/bin/env python3
"""Runs tests/cases.tsv: cases.py TLSWHY [RULES_LIST UNIT_OUTPUT...]

One row is one end-to-end test: `TLSWHY read --json --all ARGUMENTS CAPTURE` must give for that tcp.stream the
cause (or one of several, comma-separated; the first is the best), the side, a certainty within its bounds, and the exit
status. "-" is: do not look. Prints a line a test, PASS or FAIL; exit status 1 if any failed.
Also checked: every recording has a row, every row a recording; every rule has a page, a row that expects its cause, and a recording
that it applies to, or a unit test that it decides (their output says so: "rule NAME").
"""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)
PCAPS = os.path.join(TOP, "pcaps")
SURE = ["possible", "likely", "certain"]


def table(path):
    rows = [line.rstrip("\n").split("\t") for line in open(path) if line.strip() and line[0] != "#"]
    return [dict(zip(rows[0], row)) for row in rows[1:]]


def run(program, case):
    argv = [program, "read", "--json", "--all"]
    argv += [] if case["arguments"] == "-" else case["arguments"].replace("{pcaps}", PCAPS).split()
    p = subprocess.run(argv + [os.path.join(PCAPS, case["capture"])], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30)
    objects = [json.loads(line) for line in p.stdout.decode().splitlines()]
    return p.returncode, objects, p.stderr.decode(errors="replace").strip()


def wrong(program, case):
    """What is wrong with this case, or None."""
    try:
        status, objects, said = run(program, case)
    except (subprocess.TimeoutExpired, ValueError) as e:
        return "no usable answer: %s" % e
    if said and status != 2:
        return "says on standard error: " + said
    mine = [o for o in objects if o.get("type") == "handshake" and o["tlswhy"]["stream"] == int(case["stream"])]
    if case["cause"] == "none":
        return None if not mine else "an object for stream %s" % case["stream"]
    if not mine:
        return "no object for stream %s, exit %d %s" % (case["stream"], status, said)
    event, why = mine[-1]["event"], mine[-1]["tlswhy"]
    cause, side, sure = event.get("code"), why.get("side"), why.get("certainty")
    found = "%s / %s / %s" % (cause, side, sure)
    if cause not in case["cause"].split(","):
        return found
    if case["side"] != "-" and side not in case["side"].split(","):
        return "another side: " + found
    if case["at_least"] != "-" and (sure not in SURE or SURE.index(sure) < SURE.index(case["at_least"])):
        return "not as sure as it could be: " + found
    if case["at_most"] != "-" and (sure not in SURE or SURE.index(sure) > SURE.index(case["at_most"])):
        return "surer than the capture allows: " + found
    if case["exit"] != "-" and status != int(case["exit"]):
        return "exit status %d, expected %s (%s)" % (status, case["exit"], found)
    return None


def completeness(cases):
    """Every recording a case."""
    shipped = {f for f in os.listdir(PCAPS) if f.endswith((".pcap", ".pcapng", ".pcap.gz", ".pcapng.gz"))}
    manifest = {row["file"] for row in table(os.path.join(PCAPS, "MANIFEST.tsv"))}
    tested = {c["capture"] for c in cases}
    for what, names in (("no row in MANIFEST.tsv", shipped - manifest), ("named in MANIFEST.tsv but not there", manifest - shipped),
                        ("no row in cases.tsv", shipped - tested), ("named in cases.tsv but not there", tested - shipped)):
        for name in sorted(names):
            yield "%s: %s" % (name, what)


def rules_complete(cases, rules_list, unit_output):
    """Every rule a page, a case of its cause, and a test of its own."""
    causes = {c["cause"].split(",")[0] for c in cases}
    in_units = {line[5:].strip() for path in unit_output for line in open(path, errors="replace") if line.startswith("rule ")}
    for line in subprocess.run([rules_list, PCAPS], stdout=subprocess.PIPE, check=True).stdout.decode().splitlines():
        rule, cause, applied, _ = line.split("\t")
        if not os.path.exists(os.path.join(TOP, "report/why/pages", cause + ".md")):
            yield "rule %s: no page report/why/pages/%s.md" % (rule, cause)
        if cause not in causes:
            yield "rule %s: no case in tests/cases.tsv expects %s" % (rule, cause)
        if applied == "0" and rule not in in_units:
            yield "rule %s: it applies to no recording and decides no unit test" % rule


def main():
    program = sys.argv[1]
    cases = table(os.path.join(HERE, "cases.tsv"))
    failed = 0
    for case in cases:
        trouble = wrong(program, case)
        failed += trouble is not None
        print("PASS case " + case["name"] if not trouble else "FAIL case %s: expected %s, got %s" % (case["name"], case["cause"], trouble))
    missing = list(completeness(cases)) + (list(rules_complete(cases, sys.argv[2], sys.argv[3:])) if len(sys.argv) > 2 else [])
    for trouble in missing:
        failed += 1
        print("FAIL " + trouble)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
