#!/usr/bin/env python3
"""advice.py TLSWHY: every tlswhy command line that a page, a table or the manual advises exists, with its options."""
import glob
import re
import subprocess
import sys

program = sys.argv[1]


def text(*args):
    return subprocess.run([program, *args], capture_output=True, text=True).stdout


commands = set(re.findall(r"^  tlswhy (\w+) ", text("--help"), re.M))
options = {c: set(re.findall(r"(?<![\w-])(--?[a-z0-9][a-z0-9-]*)", text(c, "--help"))) for c in commands}
failed = passed = 0
for path in sorted(glob.glob("report/why/pages/*.md") + glob.glob("report/knowledge/*.tsv") + ["README.md", "doc/recipes.md", "doc/tlswhy.1"]):
    wrong = []
    for m in re.finditer(r"\btlswhy (read|watch|probe|proxy|compare|chain|cert|ctl|explain|profiles|lab)\b([^`;.\n\t|)]*)", open(path, encoding="utf-8").read()):
        command, rest = m.groups()
        unknown = [o for o in re.findall(r"(?<![\w-])--[a-z][a-z-]*", rest) if o not in options.get(command, ())]
        if command not in commands or unknown:
            wrong.append("tlswhy %s%s" % (command, rest.rstrip()))
    print(("FAIL advice of %s: there is no %s" % (path, "; ".join(wrong))) if wrong else "PASS advice of %s" % path)
    failed += bool(wrong)
sys.exit(failed != 0)
