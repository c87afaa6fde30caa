#!/usr/bin/env python3
"""Scripted proxies (HTTP CONNECT), each wrong in one way: middlebox.py MODE [CERT.pem] - prints its port, and serves until it is ended.

  pass        forwards
  blind       intercepts with CERT.pem and verifies nothing
  cut         intercepts with CERT.pem, and refuses what does not verify by closing on its client (SSL_CERT_FILE has its roots)
  first       resets hellos that do not arrive in one piece
  large       never answers hellos of more than 1400 bytes
  grease      resets hellos that have a cipher suite nobody knows
  records     closes on hellos in several records
  edit        changes a byte of the hello
  403 407 302 refuses with that status; page: says yes, and answers the hello with a page
  silent      takes the request and never answers; close: hangs up on it
"""
import select
import socket
import ssl
import struct
import sys
import threading

RST = struct.pack("ii", 1, 0)


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)
    s.close()


def pump(a, b):
    pair = {a: b, b: a}
    while True:
        for s in select.select(list(pair), [], [], 20)[0]:
            data = s.recv(65536)
            if not data:
                return
            pair[s].sendall(data)


def greased(hello):
    at = 5 + 4 + 2 + 32
    at += 1 + hello[at]
    suites = hello[at + 2:at + 2 + struct.unpack(">H", hello[at:at + 2])[0]]
    return any(suites[i] & 15 == 10 and suites[i] == suites[i + 1] for i in range(0, len(suites) - 1, 2))


def whole(hello):
    """Is it a ClientHello that ends in its first record?"""
    return len(hello) > 9 and struct.unpack(">H", hello[3:5])[0] == 4 + struct.unpack(">I", b"\0" + hello[6:9])[0]


def relay(mode, c, place):
    o = socket.create_connection(place, 5)
    o.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    hello = c.recv(65536)
    told = 5 + struct.unpack(">H", hello[3:5])[0]
    if mode == "first" and len(hello) < told or mode == "grease" and greased(hello):
        return reset(c)
    if mode == "large" and told > 1400:
        select.select([c], [], [], 20)
        return None
    if mode == "records" and not whole(hello):
        return None
    if mode == "edit": # the last byte: of an extension
        hello = hello[:-1] + bytes([hello[-1] ^ 1])
    o.sendall(hello)
    return pump(c, o)


def intercept(mode, c, place, cert):
    out = ssl.create_default_context() if mode == "cut" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if mode == "blind":
        out.check_hostname = False
        out.verify_mode = ssl.CERT_NONE
    try:
        o = out.wrap_socket(socket.create_connection(place, 5), server_hostname=place[0])
    except OSError:
        return reset(c)
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(cert)
    t = own.wrap_socket(c, server_side=True)
    o.sendall(t.recv(65536))
    while data := o.recv(65536):
        t.sendall(data)
    return t.unwrap()


def one(mode, c, cert):
    c.settimeout(20)
    c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        head = b""
        while b"\r\n\r\n" not in head:
            more = c.recv(1)
            if not more:
                return
            head += more
        verb, where = head.split()[:2]
        if mode in ("403", "407", "302"):
            c.sendall(b"HTTP/1.1 %s No\r\nProxy-Authenticate: Basic realm=\"x\"\r\nProxy-Authenticate: NTLM\r\nLocation: http://portal.example/\r\n"
                      b"Content-Length: 0\r\nConnection: close\r\n\r\n" % mode.encode())
        elif mode == "silent":
            c.recv(1)
        elif mode == "close":
            pass
        elif verb != b"CONNECT": # a file over plain HTTP
            host, _, path = where[7:].partition(b"/")
            name, _, port = host.partition(b":")
            o = socket.create_connection((name.decode(), int(port)), 5)
            o.sendall(head.replace(where, b"/" + path, 1))
            pump(c, o)
        else:
            name, _, port = where.decode().rpartition(":")
            c.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            if mode == "page":
                c.recv(65536)
                c.sendall(b"HTTP/1.1 403 Blocked by policy\r\nContent-Length: 0\r\n\r\n")
            elif mode in ("blind", "cut"):
                intercept(mode, c, (name, int(port)), cert)
            else:
                relay(mode, c, (name, int(port)))
    except (OSError, IndexError, struct.error): # one of them left
        pass
    finally:
        c.close()


def main():
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen(64)
    print(s.getsockname()[1], flush=True)
    while True:
        c, _ = s.accept()
        threading.Thread(target=one, args=(sys.argv[1], c, sys.argv[2] if len(sys.argv) > 2 else None), daemon=True).start()


main()
