"""annotate.py TLSWHY - read --annotate: the input again, block by block, with comments where the verdicts are.

Every block of the copy is held against the input's, every packet of a converted pcap against the packet; tshark says what it
sees as frame.comment. Also gzip, standard input, several inputs, both byte orders, blocks that nobody knows, and comments
that are there already."""
import glob
import gzip
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

from told import Told

tlswhy = sys.argv[1]
SECTION, INTERFACE, OLD, SIMPLE, PACKET, CUSTOM = 0x0A0D0D0A, 1, 2, 3, 6, 0xBAD
tells = Told("annotate ")
check = tells.check


def blocks(data):
    """(byte order, type, body) of each block."""
    at, order = 0, "<"
    while at < len(data):
        if data[at : at + 4] == b"\x0a\x0d\x0d\x0a":
            order = "<" if data[at + 8 : at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
        kind, size = struct.unpack_from(order + "II", data, at)
        assert size % 4 == 0 and struct.unpack_from(order + "I", data, at + size - 4)[0] == size, f"a block at {at} is out of shape"
        yield order, kind, data[at + 8 : at + size - 4]
        at += size


def options(order, raw):
    at, out = 0, []
    while at + 4 <= len(raw):
        code, n = struct.unpack_from(order + "HH", raw, at)
        if code == 0:
            break
        out.append((code, raw[at + 4 : at + 4 + n]))
        at += 4 + (n + 3) // 4 * 4
    return out


def packet(order, kind, body):
    """Fixed fields, data, options of a packet block."""
    if kind == SIMPLE:
        return None, body[4:], []
    n = struct.unpack_from(order + "I", body, 12)[0]
    return body[:20], body[20 : 20 + n], options(order, body[20 + (n + 3) // 4 * 4 :])


def same_blocks(before, after):
    """What differs beyond comments, in words; None: nothing."""
    before, after = list(blocks(before)), list(blocks(after))
    if len(before) != len(after):
        return f"{len(before)} blocks, {len(after)} in the copy"
    for i, (a, b) in enumerate(zip(before, after)):
        if a == b or (a[1] == b[1] == SECTION and a[2][:8] + a[2][16:] == b[2][:8] + b[2][16:] and b[2][8:16] == b"\xff" * 8):
            continue
        if a[1] not in (OLD, SIMPLE, PACKET):
            return f"block {i} of type {a[1]:#x} differs"
        fixed, data, opts = packet(*a)
        fixed2, data2, opts2 = packet(*b)
        added = opts2[: len(opts2) - len(opts)]
        if data2[: len(data)] != data and data[: len(data2)] != data2:
            return f"the packet of block {i} differs"
        if (fixed is not None and fixed != fixed2) or opts2[len(added) :] != opts or [code for code, _ in added] != [1]:
            return f"block {i}: more than one comment was added"
    return None


def pcap_packets(data):
    """(ns, original length, bytes) of a classic pcap."""
    order = "<" if data[:1] in b"\xd4\x4d\x34" else ">"
    magic = struct.unpack_from(order + "I", data)[0]
    unit, extra, at = (1 if magic == 0xA1B23C4D else 1000), (8 if magic == 0xA1B2CD34 else 0), 24
    while at + 16 + extra <= len(data):
        s, part, n, length = struct.unpack_from(order + "IIII", data, at)
        if at + 16 + extra + n > len(data):
            return
        yield s * 10**9 + part * unit, length, data[at + 16 + extra : at + 16 + extra + n]
        at += 16 + extra + n


def pcapng_packets(data):
    for order, kind, body in blocks(data):
        if kind == PACKET:
            fixed, inner, _ = packet(order, kind, body)
            _, high, low, _, length = struct.unpack(order + "IIIII", fixed)
            yield high << 32 | low, length, inner


def annotate(inputs, out, stdin=None):
    """The JSON objects, and the copy."""
    run = subprocess.run([tlswhy, "read", "--json", "--annotate", out, *inputs], input=stdin, capture_output=True)
    if run.returncode > 1:
        raise SystemExit(f"FAIL annotate: {run.stderr.decode()}")
    with open(out, "rb") as f:
        return [json.loads(line) for line in run.stdout.splitlines()], f.read()


def block(order, kind, body):
    body += b"\0" * (-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def option(order, code, value):
    return struct.pack(order + "HH", code, len(value)) + value + b"\0" * (-len(value) % 4)


def strange(order, source):
    """A pcapng file with all that is rare, around the packets of a pcap."""
    out = block(order, SECTION, struct.pack(order + "IHHQ", 0x1A2B3C4D, 1, 0, 4711) + option(order, 1, b"of a section") + option(order, 0, b""))
    out += block(order, INTERFACE, struct.pack(order + "HHI", 1, 0, 0) + option(order, 9, b"\x06") + option(order, 0, b""))
    out += block(order, 4, struct.pack(order + "HH", 1, 16) + bytes([192, 0, 2, 1]) + b"name.example" + option(order, 0, b""))
    out += block(order, 0x7FFF1234, b"nobody knows this block") + block(order, CUSTOM, struct.pack(order + "I", 32473) + b"nor this")
    for i, (ns, length, data) in enumerate(source):
        fixed = struct.pack(order + "IIIII", 0, ns // 1000 >> 32, ns // 1000 & 0xFFFFFFFF, len(data), length)
        padded = data + b"\0" * (-len(data) % 4)
        said = option(order, 1, "earlier, and ü".encode()) + option(order, 2, struct.pack(order + "I", 1)) + option(order, 0, b"")
        if i % 4 == 0:
            out += block(order, SIMPLE, struct.pack(order + "I", length) + data)
        elif i % 4 == 1:
            out += block(order, OLD, struct.pack(order + "HH", 0, 7) + fixed[4:] + padded)
        else:
            out += block(order, PACKET, fixed + padded + (said if i % 4 == 2 else b""))
    return out + block(order, 5, struct.pack(order + "III", 0, 0, 0) + option(order, 4, struct.pack(order + "Q", 99)) + option(order, 0, b""))


def verdicts(objects):
    """The frames that shall have a comment, and the causes in it."""
    want = {}
    for o in objects:
        if o.get("type") == "handshake" and o["event"]["outcome"] == "failure":
            frames = o["tlswhy"]["frames"]
            for frame in {frames.get("first"), frames.get("decisive", frames.get("last"))} - {None}:
                want.setdefault((o["file"], frame), set()).add(o["event"]["code"])
    return want


with tempfile.TemporaryDirectory() as folder:
    out = os.path.join(folder, "out.pcapng")
    files = sorted(glob.glob("pcaps/*.pcap") + glob.glob("pcaps/*.pcapng"))
    contents = {f: open(f, "rb").read() for f in files}

    # one file after another into one copy: sections
    objects, copy = annotate(files, out)
    parts = [b"\x0a\x0d\x0d\x0a" + part for part in copy.split(b"\x0a\x0d\x0d\x0a")[1:]]
    want_frames = {}
    wrong, frames_before, at = [], 0, 0
    for f in files:
        data = contents[f]
        if data[:4] == b"\x0a\x0d\x0d\x0a":
            n = len(list(blocks(data)))
            own = list(blocks(copy[at:]))[:n]
            size = sum(len(body) + 12 for _, _, body in own)
            trouble = same_blocks(data, copy[at : at + size])
            count = sum(kind in (OLD, SIMPLE, PACKET) for _, kind, _ in own)
        else:
            before = list(pcap_packets(data))
            size, seen = 0, 0
            for i, (_, kind, body) in enumerate(blocks(copy[at:])):
                if kind == SECTION and i > 0:
                    break
                size, seen = size + len(body) + 12, seen + (kind == PACKET)
            trouble = None if list(pcapng_packets(copy[at : at + size])) == before else "packets differ"
            count = seen
        if trouble:
            wrong.append(f"{f}: {trouble}")
        want_frames[f] = frames_before
        frames_before += count
        at += size
    check("every block and packet of all recordings", not wrong and at == len(copy), wrong or f"{at} of {len(copy)} bytes")
    want = verdicts(objects)
    if shutil.which("tshark"):
        seen = subprocess.run(["tshark", "-n", "-r", out, "-Y", "frame.comment", "-T", "fields", "-e", "frame.number", "-e", "frame.comment"],
                              capture_output=True, text=True).stdout
        comments = {int(line.split("\t")[0]): line.split("\t")[1] for line in seen.splitlines() if line[:1].isdigit()}
        expected = {want_frames[f] + frame: codes for (f, frame), codes in want.items()}
        lacking = [n for n, codes in expected.items() if not all(code in comments.get(n, "") for code in codes)]
        ours = [n for n, text in comments.items() if "tlswhy:" in text and n not in expected]
        check(f"tshark sees the verdicts of {len(expected)} frames", expected and not lacking and not ours, f"lacking {lacking}, too many {ours}")
    else:
        print("SKIP annotate tshark: tshark is not installed")

    # rare blocks, both byte orders, gzip, standard input
    name = next(f for (f, _), codes in sorted(want.items()) if f.endswith(".pcap") and "protocol-version" in codes)
    source = list(pcap_packets(contents[name]))
    for order, word in (("<", "little-endian"), (">", "big-endian")):
        data = strange(order, source)
        path = os.path.join(folder, "strange.pcapng")
        with open(path, "wb") as f:
            f.write(data)
        objects, copy = annotate([path], out)
        trouble = same_blocks(data, copy)
        check(f"rare blocks, {word}", trouble is None and copy != data and verdicts(objects), trouble)
        again, _ = annotate([out], os.path.join(folder, "again.pcapng"))
        check(f"the copy reads as the input, {word}", [o["event"] for o in again[:-1]] == [o["event"] for o in objects[:-1]])
        with gzip.open(path, "wb") as f:
            f.write(data)
        check(f"gzip, {word}", annotate([path], out)[1] == copy)
        check(f"standard input, {word}", annotate(["-"], out, stdin=data)[1] == copy)
        check(f"a file that is cut, {word}", copy.startswith(annotate(["-"], out, stdin=data[:-50])[1]), "not the start of the whole copy")

    # trouble
    def fails(args, words, **more):
        run = subprocess.run([tlswhy, "read", *args], capture_output=True, text=True, **more)
        return run.returncode == 2 and all(w in run.stderr for w in words) and run.stderr.count("\n") == 1, run.stderr

    check("no folder", *fails(["--annotate", folder + "/none/out.pcapng", name], ["cannot write"]))
    check("standard output", *fails(["--annotate", "-", name], ["--annotate takes a file"]))
    check("no place to keep standard input", *fails(["--annotate", out, "-"], ["TMPDIR"], env={**os.environ, "TMPDIR": folder + "/none"}, input=""))
    os.remove(out)
    run = subprocess.run([tlswhy, "read", "--annotate", out, name, __file__], capture_output=True)
    check("nothing is left of a run with an input that is no capture", run.returncode == 2 and os.listdir(folder).count("out.pcapng") == 0)
sys.exit(tells.failed != 0)
