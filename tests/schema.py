#!/usr/bin/env python3
"""Holds the JSON of tlswhy against doc/schema.json: schema.py TLSWHY [CAPTURE...]

Every case of tests/cases.tsv, every kind of object that the other commands print without a network, and the captures named are run; every line
that is not valid is told. Every type that the schema knows must be seen, and every type and field that is seen must be known. Servers are those of the lab; what a proxy is asked is checked by
tests/proxy_check.py, which has proxies.
"""
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ELSEWHERE = {"proxy"}
COMMANDS = [
    "profiles --json", "cert --json pcaps/roots.pem tests/wire/lists/root.pem", "chain --json pcaps/roots.pem", "chain --json --ca pcaps/roots.pem --name www.lab.example pcaps/roots.pem",
    "explain --json 0x80090302", "explain --json 60", "explain --json protocol-version", "explain --json 0x80090302 70", "explain --json event 36887 alert 70",
    "ctl --json --ca tests/wire/lists/root.pem tests/wire/lists/sound.cab", "ctl --json tests/wire/lists/signer-only.stl", "ctl --json --client winsrv2008sp2 tests/wire/lists/sound.stl",
    "ctl --json --root 'test root 2' tests/wire/lists/sound.stl", "ctl --json tests/wire/lists/sound.stl tests/wire/lists/later.stl", "ctl --json README.md",
    "compare --json pcaps/intercepted-and-direct.pcap", "compare --json pcaps/half-client-only.pcap pcaps/half-server-only.pcap",
]


def closed(schema):
    """The same, and no field that it does not name."""
    if isinstance(schema, list):
        return [closed(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    shut = {k: closed(v) for k, v in schema.items()}
    if schema.get("type") == "object" and isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema:
        shut["unevaluatedProperties"] = False
    return shut


def cases():
    rows = [line.rstrip("\n").split("\t") for line in open(os.path.join(TOP, "tests", "cases.tsv")) if line.strip() and line[0] != "#"]
    runs = {(r[2], r[1]) for r in rows[1:]}
    return sorted("read --json --all %s pcaps/%s" % ("" if options == "-" else options.replace("{pcaps}", "pcaps"), capture) for options, capture in runs)


def ask_lab(program, work):
    """(command, what it printed) of commands that want a server."""
    out = os.path.join(work, "lab")
    lab = subprocess.Popen([program, "lab", "--json", "--for", "60", "--root", os.path.join(work, "root.pem"), "iis6", "expired", "client-certificate"], stdout=open(out, "w"))
    try:
        ports = []
        for _ in range(200):
            ports = [json.loads(line)["port"] for line in open(out) if line.endswith("\n") and '"type":"lab",' in line]
            if len(ports) == 3:
                break
            time.sleep(0.05)
        with_root = ["--json", "--ca", os.path.join(work, "root.pem"), "--sni", "www.lab.example", "--timeout", "5"]
        sweeps = []
        for port in ports:
            target = "127.0.0.1:%d" % port
            for more in ([], ["--clients"], ["--sweep"]):
                argv = ["probe", *more, *with_root, target]
                yield argv, subprocess.run([program, *argv], stdout=subprocess.PIPE).stdout
            sweeps.append(os.path.join(work, "sweep%d" % port))
            open(sweeps[-1], "wb").write(subprocess.run([program, "probe", "--sweep", *with_root, target], stdout=subprocess.PIPE).stdout)
        argv = ["compare", "--json", *sweeps[:2]]
        yield argv, subprocess.run([program, *argv], stdout=subprocess.PIPE).stdout
    finally:
        lab.send_signal(signal.SIGINT)
        lab.wait()
    yield ["lab"], open(out, "rb").read()


def run_all(program, work, captures):
    for run in cases() + COMMANDS + ["read --json --all " + shlex.quote(os.path.abspath(c)) for c in captures]:
        argv = shlex.split(run)
        yield argv, subprocess.run([program, *argv], cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout
    yield from ask_lab(program, work)


def main():
    try:
        import jsonschema
    except ImportError:
        print("SKIP schema: python3-jsonschema is not installed")
        return 0
    schema = json.load(open(os.path.join(TOP, "doc", "schema.json")))
    jsonschema.Draft202012Validator.check_schema(schema)
    open_facts = schema["$defs"]["cert-facts"]
    schema = closed(schema)
    schema["$defs"]["cert-facts"] = open_facts  # cert adds to them
    schema["$defs"]["cert"]["unevaluatedProperties"] = False
    known = {branch["$ref"].rsplit("/", 1)[1] for branch in schema["oneOf"]}
    # the branch of the schema for a type says more than "none of them fits"
    branch = {t: jsonschema.Draft202012Validator({"$ref": "#/$defs/" + t, "$defs": schema["$defs"]}) for t in known}
    runs, seen, bad, lines = 0, {}, 0, 0
    work = tempfile.TemporaryDirectory()
    for argv, out in run_all(os.path.abspath(sys.argv[1]), work.name, sys.argv[2:]):
        runs += 1
        for record in map(json.loads, out.decode().splitlines()):
            lines += 1
            seen[record["type"]] = seen.get(record["type"], 0) + 1
            errors = list(branch[record["type"]].iter_errors(record)) if record["type"] in known else ["no such type in the schema"]
            bad += bool(errors)
            for e in errors[:3]:
                print("FAIL schema: tlswhy %s: %s" % (" ".join(argv), e if isinstance(e, str) else "/".join(map(str, e.absolute_path)) + ": " + e.message[:200]))
    if not bad:
        print("PASS schema: %d lines of %d runs are valid" % (lines, runs))
    missing = known - set(seen) - ELSEWHERE
    print("FAIL schema: nothing printed %s" % ", ".join(sorted(missing)) if missing else "PASS schema: %s" % ", ".join("%d %s" % (n, t) for t, n in sorted(seen.items())))
    return 1 if bad or missing else 0


if __name__ == "__main__":
    sys.exit(main())
