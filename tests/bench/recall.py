#!/usr/bin/env python3
"""recall.py TRUTH.tsv CAPTURE [TLSWHY] - is what was measured also right? Compares `tlswhy read --json --all` with the list of the
connections that a generator made, and prints found/there for hellos, answers, alerts and outcomes, and the false failures.

TRUTH.tsv has a header (a # may stand before it) and these columns, in any order, others are passed over; 0 or - = not there:
    client cport server sport            the ends; a connection is known by them
    outcome by                           see OUTCOMES; by: C or S
    frame_ch frame_sh                    frames of the ClientHello's last segment (where segments changed places, it is whole only
                                         later) and of the server's first; frame_ch 0: no hello, or not to be compared
    frame_alert alert_level alert_desc   of an alert in clear, sent by `by`
Exit 1: less than 99.9 % of one of them, or a false failure."""
import ipaddress
import json
import subprocess
import sys

WANTED = 0.999
SHOWN = 20  # misses
# What the connection must come to; {} is the side in `by`. None: no object need be there, nobody meant TLS as far as is seen.
# silent_*: a hello to which the end of the capture came sooner than an answer could.
OUTCOMES = {
    "complete": ["established"],
    "alert_plain": ["aborted_by_{}"],
    "alert_enc": ["aborted_by_client", "aborted_by_server", "established"],  # whose it is cannot be seen in TLS 1.3
    "rst_after_ch": ["reset_by_{}"], "rst_mid_srv": ["reset_by_{}"], "rst_after_srv": ["reset_by_{}"],
    "fin_after_ch": ["aborted_by_{}"], "fin_after_srv": ["aborted_by_{}"],
    "silent_after_ch": ["no_server_hello", "incomplete_capture"], "silent_mid_srv": ["incomplete_capture"],
    "syn_only": ["not_opened", "incomplete_capture", None], "refused": ["not_opened"],
    "half_open": ["not_tls", "incomplete_capture", None], "rst_before_ch": ["not_tls", None],
    "failed": ["aborted_by_client", "aborted_by_server", "reset_by_client", "reset_by_server", "no_server_hello", "not_opened"],
}
SIDES = {"C": "client", "S": "server"}


def truth(path):
    with open(path, encoding="ascii") as f:
        names = next(f).lstrip("#").split()
        for line in f:
            row = dict(zip(names, line.rstrip("\n").split("\t")))
            yield {k: "" if v == "-" else v for k, v in row.items()}


def address(text):
    return str(ipaddress.ip_address(text))


def ends(row):
    return address(row["client"]), int(row["cport"]), address(row["server"]), int(row["sport"])


def number(row, column):
    return int(row.get(column) or 0)


def seen(program, capture):
    """What is compared of each connection, by its ends."""
    out = {}
    with subprocess.Popen([program, "read", "--json", "--all", capture], stdout=subprocess.PIPE) as p:
        for line in p.stdout:
            o = json.loads(line)
            if o.get("type") != "handshake":
                continue
            t = o["tlswhy"]
            key = address(o["source"]["ip"]), o["source"]["port"], address(o["destination"]["ip"]), o["destination"]["port"]
            alerts = [(a["from"], a["frame"], a.get("number")) for a in t.get("alerts") or [] if not a["encrypted"]]
            out[key] = (t["outcome"], o["event"]["outcome"], o["event"].get("code"), t["frames"].get("hello"), t["frames"].get("answer"), alerts)
    return out


def main():
    program = sys.argv[3] if len(sys.argv) > 3 else "tlswhy"
    have = seen(program, sys.argv[2])
    sums = {k: [0, 0] for k in ("hellos", "answers", "alerts", "outcomes")}
    misses, false_failures, good = [], 0, 0
    for row in truth(sys.argv[1]):
        outcome, event, code, hello, answer, alerts = have.get(ends(row), (None, None, None, None, None, []))
        accepted = [o and o.format(SIDES.get(row.get("by"), "")) for o in OUTCOMES[row["outcome"]]]
        checks = {"outcomes": outcome in accepted}
        if number(row, "frame_ch"):
            latest = number(row, "frame_sh") or sys.maxsize
            checks["hellos"] = number(row, "frame_ch") <= (hello or 0) < latest
        if number(row, "frame_sh") and row["outcome"] == "complete":
            checks["answers"] = bool(answer)
        if number(row, "frame_alert") and row["outcome"] == "alert_plain":
            checks["alerts"] = (SIDES.get(row["by"]), number(row, "frame_alert"), number(row, "alert_desc")) in alerts
        false = row["outcome"] == "complete" and event == "failure"
        good += row["outcome"] == "complete"
        false_failures += false
        for name, right in checks.items():
            sums[name][0] += right
            sums[name][1] += 1
        if false or not all(checks.values()):
            misses.append((row, [k for k, right in checks.items() if not right], outcome, code, hello, answer, alerts))
    for row, what, *found in misses[:SHOWN]:
        print("miss:", ", ".join(what) or "false failure", row, "found:", found)
    poor = [name for name, (right, there) in sums.items() if there and right / there < WANTED]
    print("; ".join("%s %d/%d" % (name, right, there) for name, (right, there) in sums.items() if there) +
          "; false failures %d/%d" % (false_failures, good))
    return 1 if poor or false_failures else 0


if __name__ == "__main__":
    sys.exit(main())
