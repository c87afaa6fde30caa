#!/usr/bin/env python3
"""doc/recipes.md as it stands: recipes.py TLSWHY [--update]. Blocks of shell are run in one folder, in order, with captures and a lab of
ours; the block behind one is what it prints ("..." stands for lines left out; --update puts in what is printed now). SQL is run on the rows
that the recipe makes (in SQLite: no more of the language is used than both have), Elasticsearch's types are held against the objects,
manifests of Kubernetes are read and their command is run for every index, names of metrics must be in the file that --prom writes."""
import collections
import datetime
import ipaddress
import json
import os
import re
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time

import readme
from told import Told

PROGRAM = os.path.abspath(sys.argv[1])
TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RECIPES = os.path.join(TOP, "doc", "recipes.md")
Block = collections.namedtuple("Block", "language text needs title")
tells = Told("recipes: ")
verdict = tells.check


def blocks(text):
    title, found = "", []
    for heading, needs, language, body in re.findall(r"^## ([^\n]*)$|(?:^<!-- needs ([^\n]*) -->\n)?^```([a-z]*)\n(.*?)^```$", text, re.S | re.M):
        if heading:
            title = heading
        else:
            found.append(Block(language, body, needs.split(), title))
    return found


# ---- the folder in which they are run


def split_capture(path, folder, pieces):
    """What tcpdump -C makes of it: the same header before each part of the packets."""
    data = open(path, "rb").read()
    at, packets = 24, []
    while at < len(data):
        n = struct.unpack("<I", data[at + 8:at + 12])[0]
        packets.append(data[at:at + 16 + n])
        at += 16 + n
    for i in range(pieces):
        part = packets[len(packets) * i // pieces:len(packets) * (i + 1) // pieces]
        open(os.path.join(folder, "part%d.pcap" % i), "wb").write(data[:24] + b"".join(part))


def make_captures(work):
    pcaps = os.path.join(TOP, "pcaps")
    cycle = ["ok-tls12-resumed", "missing-intermediate", "expired-openssl", "version-client-too-old", "ok-tls13-curl-nginx"]
    for folder in ("traces", "rotated"):
        os.mkdir(os.path.join(work, folder))
    for i in range(15):
        shutil.copy(os.path.join(pcaps, cycle[i % len(cycle)] + ".pcap"), os.path.join(work, "traces", "%04d.pcap" % i))
    split_capture(os.path.join(pcaps, "winsrv2008sp2-sha256-chain.pcap"), os.path.join(work, "rotated"), 3)
    shutil.copy(os.path.join(pcaps, "roots.pem"), work)


def make_ssl_log(work):
    """What Zeek would have logged of two of the captures."""
    rows = ["#separator \\x09", "#path\tssl", "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tversion\tserver_name\testablished"]
    for name in ("0000", "0001", "0002"):
        out = subprocess.run([PROGRAM, "read", "--json", "--all", "traces/%s.pcap" % name], cwd=work, stdout=subprocess.PIPE, text=True).stdout
        for o in map(json.loads, out.splitlines()):
            if o["type"] == "handshake":
                rows.append("\t".join(["1700000000.0", "C" + name, o["source"]["ip"], str(o["source"]["port"]), o["destination"]["ip"], str(o["destination"]["port"]),
                                       "TLSv12", "-", "T" if o["tls"]["established"] else "F"]))
    open(os.path.join(work, "ssl.log"), "w").write("\n".join(rows) + "\n")


def start_lab(work):
    """A list of hosts: servers of the lab, whose root joins those that the clients trust."""
    cases = ["expired", "healthy", "missing-intermediate", "self-signed", "iis6", "untrusted-root", "not-yet-valid", "reset"]
    lab = subprocess.Popen([PROGRAM, "lab", "--json", "--for", "120", "--name", "127.0.0.1", "--root", "lab.pem", *cases], cwd=work, stdout=open(os.path.join(work, "lab"), "w"))
    ports = []
    for _ in range(200):
        ports = [o["port"] for o in (json.loads(line) for line in open(os.path.join(work, "lab")) if line.endswith("\n")) if "port" in o]
        if len(ports) == len(cases) or lab.poll() is not None:
            break
        time.sleep(0.05)
    open(os.path.join(work, "hosts.txt"), "w").write("".join("127.0.0.1:%d\n" % port for port in ports))
    open(os.path.join(work, "roots.pem"), "a").write(open(os.path.join(work, "lab.pem")).read())
    return lab, len(ports) == len(cases)


# ---- what is no shell


def sql(work, b):
    rows = [json.loads(line) for line in open(os.path.join(work, "failures.ndjson"))]
    base = sqlite3.connect(os.path.join(work, "failures.db"))
    if b.text.startswith("CREATE TABLE"):
        inside = b.text[b.text.index("(") + 1:b.text.rindex(") ENGINE")]
        columns = dict(c.split(None, 1) for c in re.split(r",\s*", inside.strip()))
        fits = {"DateTime64(6)": lambda v: datetime.datetime.fromisoformat(v.replace("Z", "+00:00")), "UInt16": lambda v: 0 <= v < 65536 and type(v) is int}
        bad = [(k, r[k]) for r in rows for k, t in columns.items() if not fits.get(t, lambda v: type(v) is str)(r[k])]
        verdict("ClickHouse: the rows have the table's columns", rows and all(list(r) == list(columns) for r in rows), rows[:1])
        verdict("ClickHouse: their types fit", not bad, bad)
        base.execute("CREATE TABLE failures (%s)" % ", ".join(columns))
        base.executemany("INSERT INTO failures VALUES (%s)" % ", ".join("?" * len(columns)), [list(r.values()) for r in rows])
        base.commit()
        if shutil.which("clickhouse"):
            p = subprocess.run(["clickhouse", "local", "--date_time_input_format", "best_effort", "--multiquery", "--query",
                                b.text + "INSERT INTO failures FROM INFILE 'failures.ndjson' FORMAT JSONEachRow; SELECT count() FROM failures"], cwd=work, capture_output=True, text=True)
            verdict("ClickHouse itself takes them", p.stdout.strip() == str(len(rows)), p.stderr)
        return
    for query in b.text.strip().split("\n"):
        verdict("SQL: " + query.split(" FROM")[0], len(base.execute(query).fetchall()) > 0, "no row")


def elastic(work, b):
    kinds = {"keyword": lambda v: type(v) is str, "text": lambda v: type(v) is str, "long": lambda v: type(v) is int, "boolean": lambda v: type(v) is bool,
             "ip": lambda v: ipaddress.ip_address(v), "date": lambda v: datetime.datetime.fromisoformat(v.replace("Z", "+00:00")), "object": lambda v: True}
    seen, bad = set(), []

    def walk(mapping, value, path):
        for key, m in mapping["properties"].items():
            if key not in value:
                continue
            if "properties" in m:
                walk(m, value[key], path + (key,))
                continue
            seen.add(path + (key,))
            bad.extend(path + (key, v) for v in (value[key] if isinstance(value[key], list) else [value[key]]) if v is not None and not kinds[m["type"]](v))

    lines = [json.loads(line) for line in open(os.path.join(work, "bulk.ndjson"))]
    template = json.loads(b.text)["template"]["mappings"]
    for o in lines[1::2]:
        walk(template, o, ())
    wanted = len(re.findall(r'"type": ', b.text))
    verdict("Elasticsearch: an action before each object", all(list(a) == ["create"] for a in lines[::2]) and all(o["type"] == "handshake" for o in lines[1::2]))
    verdict("Elasticsearch: each type of the template fits, each field occurs", not bad and len(seen) == wanted, (bad[:3], len(seen), wanted))


def manifest(work, b, environment):
    try:
        import yaml
    except ImportError:
        print("SKIP recipes: manifests: python3-yaml is not installed")
        return
    o = yaml.safe_load(b.text)
    if "groups" in o:
        names = {m for g in o["groups"] for r in g["rules"] for m in re.findall(r"\b(?:probe|tlswhy)_\w+", r["expr"])}
        written = set(re.findall(r"^# TYPE (\w+)", open(os.path.join(work, "tls.prom")).read(), re.M))
        verdict("Prometheus: rules about metrics that exist", names and names <= written, names - written)
        return
    job = o["spec"]["jobTemplate"]["spec"]
    pod = job["template"]["spec"]
    one = pod["containers"][0]
    mounts = {v["name"] for v in one["volumeMounts"]}
    verdict("Kubernetes: a CronJob of an Indexed Job", (o["apiVersion"], o["kind"], job["completionMode"]) == ("batch/v1", "CronJob", "Indexed") and pod["restartPolicy"] == "Never")
    verdict("Kubernetes: what is mounted is there", mounts == {v["name"] for v in pod["volumes"]}, mounts)
    targets = []
    for index in range(job["completions"]):
        p = subprocess.run(one["command"] + [one["args"][0].replace("/targets/", "")], cwd=work, env=dict(environment, JOB_COMPLETION_INDEX=str(index)), stdout=subprocess.PIPE, text=True)
        targets += [o["probe"]["target"] for o in map(json.loads, p.stdout.splitlines()) if o.get("probe", {}).get("final")]
        if p.returncode != 0:
            verdict("Kubernetes: index %d" % index, False, "exit status %d" % p.returncode)
    verdict("Kubernetes: all pods together ask each host once", sorted(targets) == sorted(open(os.path.join(work, "hosts.txt")).read().split()), targets)


def shell(work, b, expected, environment, text):
    name = "%s: %s" % (b.title, b.text.split("\n")[0][:60])
    missing = [n for n in b.needs + ["jq"] if shutil.which(n) is None]
    if missing:
        print("SKIP recipes: %s: %s is not installed" % (name, missing[0]))
        return text
    try:
        p = subprocess.run(["sh", "-eu", "-c", b.text], cwd=work, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    except subprocess.TimeoutExpired:
        verdict(name, False, "takes more than a minute")
        return text
    ok = p.returncode == 0 and (expected is None or readme.matches(expected.rstrip("\n").split("\n"), p.stdout.rstrip("\n").split("\n")))
    if not ok and expected is not None and "--update" in sys.argv and p.returncode == 0:
        text = text.replace("```\n" + expected + "```", "```\n" + p.stdout + "```", 1)
        ok = True
    verdict(name, ok, "exit status %d, prints\n%s%s" % (p.returncode, p.stdout, p.stderr))
    return text


def whole_lines(work):
    """Two processes write to one file at once, and each line is one object."""
    with open(os.path.join(work, "both"), "w") as out:
        argv = [PROGRAM, "read", "--json", "--ca", "roots.pem"] + ["traces/0001.pcap"] * 300
        for p in [subprocess.Popen(argv, cwd=work, stdout=out) for _ in range(2)]:
            p.wait()
    lines = open(os.path.join(work, "both")).read().splitlines()
    try:
        failures = sum(json.loads(line)["type"] == "handshake" for line in lines)
    except ValueError as e:
        failures = "a line that is none: %s" % e
    verdict("lines of two processes do not mix", failures == 600, failures)


def loads_no_curl(work):
    p = subprocess.run([PROGRAM, "read", "--json", "traces/0001.pcap"], cwd=work, env=dict(os.environ, LD_DEBUG="files"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    verdict("libcurl has no part in read", "libpcap" in p.stderr and "libcurl" not in p.stderr, p.stderr[-300:])


def main():
    text = open(RECIPES).read()
    found = blocks(text)
    verdict("the page has its blocks", len(found) > 20, len(found))
    with tempfile.TemporaryDirectory() as work:
        os.mkdir(os.path.join(work, "bin"))
        os.symlink(PROGRAM, os.path.join(work, "bin", "tlswhy"))
        environment = dict(os.environ, PATH=os.path.join(work, "bin") + ":" + os.environ["PATH"], LC_ALL="C", TZ="UTC", HOME=work)
        os.makedirs(os.path.join(work, ".parallel"))
        open(os.path.join(work, ".parallel", "will-cite"), "w").close()
        make_captures(work)
        make_ssl_log(work)
        whole_lines(work)
        loads_no_curl(work)
        lab, ready = start_lab(work)
        try:
            verdict("a lab to ask", ready)
            for i, b in enumerate(found):
                following = found[i + 1] if i + 1 < len(found) else None
                if b.language == "sh":
                    text = shell(work, b, following.text if following is not None and following.language == "" else None, environment, text)
                elif b.language == "sql":
                    sql(work, b)
                elif b.language == "json":
                    elastic(work, b)
                elif b.language == "yaml":
                    manifest(work, b, environment)
        finally:
            lab.send_signal(signal.SIGTERM)
            lab.wait()
    if "--update" in sys.argv:
        open(RECIPES, "w").write(text)
    return 1 if tells.failed else 0


if __name__ == "__main__":
    sys.exit(main())
