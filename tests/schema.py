#!/usr/bin/env python3
"""Holds the JSON of tlswhy against doc/schema.json: schema.py TLSWHY [OPTION...] CAPTURE...

Runs `TLSWHY read --json --all` over each capture and prints every line that is not valid; exit status 1 if one was.
Without python3-jsonschema it says so and checks nothing.
"""
import json
import os
import subprocess
import sys

try:
    import jsonschema
except ImportError:
    print("schema: skipped, python3-jsonschema is not installed")
    sys.exit(0)

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def main():
    with open(os.path.join(TOP, "doc", "schema.json")) as f:
        validator = jsonschema.Draft202012Validator(json.load(f))
    options = [a for a in sys.argv[2:] if a.startswith("-")]
    lines = bad = 0
    for capture in (a for a in sys.argv[2:] if not a.startswith("-")):
        out = subprocess.run([sys.argv[1], "read", "--json", "--all"] + options + [capture], stdout=subprocess.PIPE).stdout
        for line in out.decode().splitlines():
            lines += 1
            record = json.loads(line)
            # the branch of the schema for this type says more than "none of them fits"
            branch = validator.evolve(schema={"$ref": "#/$defs/" + record["type"], "$defs": validator.schema["$defs"]})
            for error in branch.iter_errors(record):
                bad += 1
                print("%s: %s: %s" % (capture, "/".join(map(str, error.absolute_path)), error.message[:200]))
    print("schema: %d lines, %d not valid" % (lines, bad))
    return bad != 0


sys.exit(main())
