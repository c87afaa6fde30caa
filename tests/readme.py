#!/usr/bin/env python3
"""What README.md shows is what the program prints: readme.py TLSWHY [--update]. Every block that begins with "$ " is run, by a shell that finds
tlswhy, in a folder with pcaps/ in it, and what its commands print is compared, line by line; a line "..." stands for lines left out. A command
that ends in & goes on until all is done; the port 44330 stands for a free one. --update puts in what is printed now. What README.md links to and
what doc/modules.md names must be there."""
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from told import free_port

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PORT = "44330"


def matches(shown, printed):
    """Do the shown lines cover the printed ones in order, "..." standing for any number of them?"""
    pattern = "".join(r"(?:[^\n]*\n)*?" if line.strip() == "..." else re.escape(line.rstrip()) + r"\n" for line in shown)
    return re.fullmatch(pattern, "".join(line.rstrip() + "\n" for line in printed)) is not None


def behind(command, work, environment):
    p = subprocess.Popen(["sh", "-c", "exec " + command], cwd=work, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    p.stdout.readline()  # it has begun
    return p


def run(commands, work, environment, port):
    """(what they print, the processes that go on)"""
    printed, begun = "", []
    for command in (c.replace(PORT, port) for c in commands):
        if command.endswith(" &"):
            begun.append(behind(command[:-2], work, environment))
            time.sleep(0.2)
        else:
            printed += subprocess.run(["sh", "-c", command], cwd=work, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60).stdout.decode()
    return printed.replace(port, PORT).rstrip("\n").split("\n"), begun


def main():
    readme = os.path.join(TOP, "README.md")
    text = open(readme).read()
    blocks = [b for b in re.findall(r"^```[a-z]*\n(.*?)^```", text, re.S | re.M) if b.startswith("$ ")]
    failed, begun, port = 0, [], str(free_port(2))
    with tempfile.TemporaryDirectory() as work:
        os.mkdir(os.path.join(work, "bin"))
        os.symlink(os.path.abspath(sys.argv[1]), os.path.join(work, "bin", "tlswhy"))
        os.symlink(os.path.join(TOP, "pcaps"), os.path.join(work, "pcaps"))
        environment = dict(os.environ, PATH=os.path.join(work, "bin") + ":" + os.environ["PATH"], LC_ALL="C.UTF-8")
        try:
            for block in blocks:
                lines = block.rstrip("\n").split("\n")
                commands = [line[2:] for line in lines if line.startswith("$ ")]
                shown = [line for line in lines if not line.startswith("$ ")]
                missing = [tool for tool in re.findall(r"(?:^|\| )(\w+)", "\n".join(commands), re.M) if tool != "tlswhy" and shutil.which(tool) is None]
                if missing:
                    print("SKIP readme: %s: %s is not installed" % (commands[-1], missing[0]))
                    continue
                printed, more = run(commands, work, environment, port)
                begun += more
                ok = matches(shown, printed)
                if not ok and "--update" in sys.argv:
                    text = text.replace(block, "\n".join(["$ " + c for c in commands] + printed) + "\n")
                    ok = True
                failed += not ok
                print("PASS readme: %s" % commands[-1] if ok else "FAIL readme: %s prints something else now:\n    %s" % (commands[-1], "\n    ".join(printed)))
        finally:
            for p in begun:
                p.send_signal(signal.SIGTERM)
                p.wait()
    for picture in re.findall(r"\]\((doc/[^)]*)\)", text):
        if not os.path.exists(os.path.join(TOP, picture)):
            failed += 1
            print("FAIL readme: %s is not there" % picture)
    for name in re.findall(r"`((?:base|dissect|probe|report|cmd|include)/[\w./*-]+)`", open(os.path.join(TOP, "doc", "modules.md")).read()):
        if not glob.glob(os.path.join(TOP, name)):
            failed += 1
            print("FAIL readme: doc/modules.md speaks of %s, which is not there" % name)
    if len(blocks) < 5:
        failed += 1
        print("FAIL readme: shows too little")
    if "--update" in sys.argv:
        open(readme, "w").write(text)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
