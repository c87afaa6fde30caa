#!/usr/bin/env python3
"""Scripted boxes in front of a real server: relay.py NAME PORT TO_PORT [option...].

  hide EXT          gives the ClientHello's extension EXT (a number) an unassigned number, as a filtering box does
  intolerant MAX    resets hellos whose highest version is above MAX (hex, 0303), passes the others on
  flip              turns a bit in the client's Finished (its first record after ChangeCipherSpec)
  whole             closes on a ClientHello that is split over records
  cut               closes on the client's key exchange
  slow SECONDS      passes the server's first record on and holds back the rest
  nosplit           closes on an application data record of one byte (the 1/n-1 split)
  only NAME         resets hellos that do not carry this server name
  delay SECONDS     holds back everything the server says
"""
import socket
import struct
import sys
import threading
import time


def take(s, n):
    got = b""
    while len(got) < n:
        more = s.recv(n - len(got))
        if not more:
            raise EOFError
        got += more
    return got


def record(s):
    head = take(s, 5)
    return head + take(s, struct.unpack(">H", head[3:5])[0])


def extensions(hello):
    """(offset, type, body) of each extension of a ClientHello in one record."""
    at = 5 + 4 + 2 + 32
    at += 1 + hello[at]
    at += 2 + struct.unpack(">H", hello[at:at + 2])[0]
    at += 1 + hello[at]
    end = at + 2 + struct.unpack(">H", hello[at:at + 2])[0] if at < len(hello) else at
    at += 2
    found = []
    while at + 4 <= end:
        kind, size = struct.unpack(">HH", hello[at:at + 4])
        found.append((at, kind, hello[at + 4:at + 4 + size]))
        at += 4 + size
    return found


def highest_version(hello):
    best = struct.unpack(">H", hello[9:11])[0]
    for _, kind, body in extensions(hello):
        if kind == 43:
            offered = struct.unpack(">%dH" % (body[0] // 2), body[1:])
            best = max([v for v in offered if v >> 8 == 3] + [best])
    return best


class Reset(Exception):
    pass


class Close(Exception):
    pass


class Box:
    """What it does to a record: gives the bytes to pass on, or raises Reset or Close."""

    def __init__(self, option):
        self.option = option
        self.done = False

    def client(self, rec, first):
        return rec

    def server(self, rec):
        return rec


class hide(Box):
    def client(self, rec, first):
        out = bytearray(rec)
        for at, kind, _ in extensions(rec) if first else ():
            if kind == int(self.option):
                out[at:at + 2] = b"\x5f\x5f"
        return bytes(out)


class intolerant(Box):
    def client(self, rec, first):
        if first and highest_version(rec) > int(self.option, 16):
            raise Reset
        return rec


class only(Box):
    def client(self, rec, first):
        if first and not any(kind == 0 and self.option.encode() in body for _, kind, body in extensions(rec)):
            raise Reset
        return rec


class flip(Box):
    seen_ccs = False

    def client(self, rec, first):
        if self.done or not self.seen_ccs:
            self.seen_ccs = self.seen_ccs or rec[0] == 20
            return rec
        self.done = True
        return rec[:-1] + bytes([rec[-1] ^ 1])


class whole(Box):
    def client(self, rec, first):
        if first and int.from_bytes(rec[6:9], "big") + 4 > len(rec) - 5:
            raise Close
        return rec


class cut(Box):
    def client(self, rec, first):
        if not first:
            raise Close
        return rec


class slow(Box):
    def server(self, rec):
        if self.done:
            time.sleep(float(self.option))
        self.done = True
        return rec


class nosplit(Box):
    def client(self, rec, first):
        if rec[0] == 23 and not self.done:
            self.done = True
            if len(rec) <= 5 + 37:
                raise Close
        return rec


class delay(Box):
    def server(self, rec):
        if not self.done:
            time.sleep(float(self.option))
            self.done = True
        return rec


def pump(box, a, b, from_client):
    first = True
    try:
        while True:
            rec = record(a)
            b.sendall(box.client(rec, first) if from_client else box.server(rec))
            first = False
    except (EOFError, OSError):
        pass
    except Reset:
        a.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        a.close()
        b.shutdown(socket.SHUT_RDWR)
        return
    except Close:
        pass
    for s in (a, b):
        try:
            s.shutdown(socket.SHUT_RDWR if from_client else socket.SHUT_WR)
        except OSError:
            pass


def main():
    kind, port, to = globals()[sys.argv[1]], int(sys.argv[2]), int(sys.argv[3])
    listener = socket.create_server(("0.0.0.0", port))
    while True:
        a, _ = listener.accept()
        b = socket.create_connection(("127.0.0.1", to), 5)
        a.settimeout(20)
        b.settimeout(20)
        for s in (a, b):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        box = kind(sys.argv[4] if len(sys.argv) > 4 else "")
        threading.Thread(target=pump, args=(box, a, b, True), daemon=True).start()
        threading.Thread(target=pump, args=(box, b, a, False), daemon=True).start()


if __name__ == "__main__":
    main()
