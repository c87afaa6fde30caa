#!/usr/bin/env python3
"""Holds the JSON of tlswhy against doc/schema.json: schema.py TLSWHY [CAPTURE...]

Every case of tests/cases.tsv, every kind of object that the other commands print without a network, and the captures named are run; every line
that is not valid is told. Every type that the schema knows must be seen, and every type and field that is seen must be known. Objects of `probe` and `lab`
are checked by tests/lab_cases.py and tests/sweep.sh as they are made.
"""
import glob
import json
import os
import shlex
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# printed where servers are asked
ELSEWHERE = {"lab", "lab-connection", "server", "server-comparison", "client", "proxy"}
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
    runs = cases() + COMMANDS + ["read --json --all " + shlex.quote(os.path.abspath(c)) for c in sys.argv[2:]]
    seen, bad, lines = {}, 0, 0
    for run in runs:
        out = subprocess.run([os.path.abspath(sys.argv[1])] + shlex.split(run), cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout
        for record in map(json.loads, out.decode().splitlines()):
            lines += 1
            seen[record["type"]] = seen.get(record["type"], 0) + 1
            errors = list(branch[record["type"]].iter_errors(record)) if record["type"] in known else ["no such type in the schema"]
            bad += bool(errors)
            for e in errors[:3]:
                print("FAIL schema: tlswhy %s: %s" % (run, e if isinstance(e, str) else "/".join(map(str, e.absolute_path)) + ": " + e.message[:200]))
    if not bad:
        print("PASS schema: %d lines of %d runs are valid" % (lines, len(runs)))
    missing = known - set(seen) - ELSEWHERE
    print("FAIL schema: nothing printed %s" % ", ".join(sorted(missing)) if missing else "PASS schema: %s" % ", ".join("%d %s" % (n, t) for t, n in sorted(seen.items())))
    return 1 if bad or missing else 0


if __name__ == "__main__":
    sys.exit(main())
