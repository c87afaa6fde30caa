#!/usr/bin/env python3
"""Scripted servers: peer.py NAME PORT [option...]. Each does one thing that no real server does on demand.

  hang              reads the hello, answers nothing, keeps the connection open
  close             reads the hello, closes
  reset             reads the hello, resets
  alert NUMBER      reads the hello, sends a fatal alert and closes
  banner TEXT       sends TEXT at once
  answer TEXT       waits for a request's blank line, sends TEXT, closes; escapes (\\r\\n) are read
  tunnel [TEXT]     a proxy that opens the tunnel, then answers the hello with TEXT, or closes
  smtp LINES...     answers one line for each command; the first is the greeting
  authroot STATUS   an HTTP server that answers every request with this status line
"""
import socket
import struct
import sys
import threading
import time


def unescape(text):
    return text.encode().decode("unicode_escape").encode("latin-1")


def read_record(s):
    """One TLS record, or what comes instead of it."""
    head = b""
    while len(head) < 5:
        more = s.recv(5 - len(head))
        if not more:
            return head
        head += more
    body = b""
    need = struct.unpack(">H", head[3:5])[0]
    while head[0] == 22 and len(body) < need:
        more = s.recv(need - len(body))
        if not more:
            break
        body += more
    return head + body


def read_lines(s, end):
    got = b""
    while end not in got and len(got) < 65536:
        more = s.recv(4096)
        if not more:
            break
        got += more
    return got


def hang(s, options):
    read_record(s)
    time.sleep(20)


def close(s, options):
    read_record(s)


def reset(s, options):
    read_record(s)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def alert(s, options):
    read_record(s)
    s.sendall(bytes([21, 3, 1, 0, 2, 2, int(options[0])]))


def banner(s, options):
    s.sendall(unescape(options[0]))
    s.settimeout(3)
    try:
        s.recv(4096)
    except socket.timeout:
        pass


def answer(s, options):
    read_lines(s, b"\r\n\r\n")
    s.sendall(unescape(options[0]))


def tunnel(s, options):
    read_lines(s, b"\r\n\r\n")
    s.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    read_record(s)
    if options:
        s.sendall(unescape(options[0]))


def smtp(s, options):
    s.sendall(unescape(options[0]))
    for line in options[1:]:
        if not read_lines(s, b"\n"):
            return
        s.sendall(unescape(line))
    read_lines(s, b"\n")


def authroot(s, options):
    read_lines(s, b"\r\n\r\n")
    s.sendall(b"HTTP/1.1 " + unescape(options[0]) + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


PLAYS = {f.__name__: f for f in (hang, close, reset, alert, banner, answer, tunnel, smtp, authroot)}


def serve(play, s, options):
    s.settimeout(30)
    try:
        play(s, options)
    except OSError:
        pass
    s.close()


def main():
    play, port, options = PLAYS[sys.argv[1]], int(sys.argv[2]), sys.argv[3:]
    listener = socket.create_server(("0.0.0.0", port), reuse_port=False)
    while True:
        s, _ = listener.accept()
        threading.Thread(target=serve, args=(play, s, options), daemon=True).start()


if __name__ == "__main__":
    main()
