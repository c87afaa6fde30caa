#!/usr/bin/env python3
"""What README.md shows is what the program prints: readme.py TLSWHY [--update]. Every block that begins with "$ tlswhy ..." is run
(from the top folder) and compared, line by line; a line "..." stands for lines left out. --update puts in what is printed now."""
import os
import re
import shlex
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def matches(shown, printed):
    """Do the shown lines cover the printed ones in order, "..." standing for any number of them?"""
    pattern = "".join(r"(?:[^\n]*\n)*?" if line.strip() == "..." else re.escape(line.rstrip()) + r"\n" for line in shown)
    return re.fullmatch(pattern, "".join(line.rstrip() + "\n" for line in printed)) is not None


def main():
    text = open(os.path.join(TOP, "README.md")).read()
    blocks = [b for b in re.findall(r"^```[a-z]*\n(.*?)^```", text, re.S | re.M) if b.startswith("$ tlswhy")]
    failed = 0
    for block in blocks:
        command, *shown = block.rstrip("\n").split("\n")
        argv = shlex.split(command[2:])
        p = subprocess.run([os.path.abspath(sys.argv[1])] + argv[1:], cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        printed = p.stdout.decode().rstrip("\n").split("\n")
        ok = matches(shown, printed)
        if not ok and "--update" in sys.argv:
            text = text.replace(block, "\n".join([command] + printed) + "\n")
            open(os.path.join(TOP, "README.md"), "w").write(text)
            ok = True
        failed += not ok
        print("PASS readme: %s" % command if ok else "FAIL readme: %s prints something else now:\n    %s" % (command, "\n    ".join(printed)))
    if not blocks:
        failed = 1
        print("FAIL readme: shows no verdict")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
