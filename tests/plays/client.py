#!/usr/bin/env python3
"""Synthetic clients: client.py PROFILE LEAVE HOST PORT NAME.

Sends the ClientHello of a client that no longer runs here and leaves as told:
  fin, rst          right after the server's flight, as Schannel does when it refuses a chain
  alert:NUMBER      with a fatal alert
  cancel            after the hello, without waiting (a lost race)
"""
import os
import socket
import struct
import sys

SCHANNEL60 = (0x002f, 0x0035, 0x0005, 0x000a, 0xc009, 0xc00a, 0xc013, 0xc014, 0x0032, 0x0038, 0x0013, 0x0004)
SCHANNEL51 = (0x0004, 0x0005, 0x000a, 0x0009, 0x0064, 0x0062, 0x0003, 0x0006, 0x0013, 0x0012, 0x0063)
SCHANNEL61 = (0xc028, 0xc027, 0xc014, 0xc013, 0x009f, 0x009e, 0x009d, 0x009c, 0x003d, 0x003c, 0x0035, 0x002f, 0xc02c, 0xc02b, 0xc024, 0xc023,
              0xc00a, 0xc009, 0x006a, 0x0040, 0x0038, 0x0032, 0x000a, 0x0013)
SERVER_NAME, STATUS_REQUEST, GROUPS, POINT_FORMATS, SIGNATURE_ALGORITHMS, EMS, RENEGOTIATION = 0, 5, 10, 11, 13, 23, 0xff01
COMMON = (SERVER_NAME, STATUS_REQUEST, GROUPS, POINT_FORMATS)

# version, suites, extensions in order, groups, signature algorithms
PROFILES = {
    # Windows Server 2008 SP2 and Vista: TLS 1.0, no signature_algorithms
    "winsrv2008sp2": (0x0301, SCHANNEL60, COMMON + (RENEGOTIATION,), (23, 24, 25), ()),
    # Windows XP SP3: TLS 1.0, no AES, no server name
    "winxp-ie8": (0x0301, SCHANNEL51, (RENEGOTIATION,), (), ()),
    # Windows 7 with TLS 1.2
    "win7-ie11": (0x0303, SCHANNEL61, COMMON + (SIGNATURE_ALGORITHMS, EMS, RENEGOTIATION), (23, 24),
                  (0x0601, 0x0603, 0x0401, 0x0501, 0x0201, 0x0403, 0x0503, 0x0203, 0x0202)),
}


def vec(width, body):
    return len(body).to_bytes(width, "big") + body


def u16s(values):
    return b"".join(struct.pack(">H", v) for v in values)


def extension(kind, body):
    return struct.pack(">H", kind) + vec(2, body)


def hello(profile, name):
    version, suites, extensions, groups, sigalgs = PROFILES[profile]
    bodies = {SERVER_NAME: vec(2, b"\0" + vec(2, name.encode())), STATUS_REQUEST: b"\1\0\0\0\0", GROUPS: vec(2, u16s(groups)),
              POINT_FORMATS: b"\1\0", SIGNATURE_ALGORITHMS: vec(2, u16s(sigalgs)), EMS: b"", RENEGOTIATION: b"\0"}
    ext = b"".join(extension(kind, bodies[kind]) for kind in extensions)
    body = struct.pack(">H", version) + os.urandom(32) + b"\0" + vec(2, u16s(suites)) + b"\1\0" + vec(2, ext)
    return b"\x16\x03\x01" + vec(2, b"\1" + vec(3, body))


def server_flight(s):
    """Reads until ServerHelloDone, an alert, or the end."""
    stream, shakes = b"", b""
    while True:
        more = s.recv(16384)
        if not more:
            return
        stream += more
        while len(stream) >= 5 and len(stream) >= 5 + struct.unpack(">H", stream[3:5])[0]:
            size = 5 + struct.unpack(">H", stream[3:5])[0]
            kind, body, stream = stream[0], stream[5:size], stream[size:]
            if kind != 22:
                return
            shakes += body
        while len(shakes) >= 4 and len(shakes) >= 4 + int.from_bytes(shakes[1:4], "big"):
            kind, shakes = shakes[0], shakes[4 + int.from_bytes(shakes[1:4], "big"):]
            if kind == 14:
                return


def main():
    profile, leave, host, port, name = sys.argv[1:6]
    s = socket.create_connection((host, int(port)), 5)
    s.settimeout(6)
    s.sendall(hello(profile, name))
    if leave != "cancel":
        server_flight(s)
    if leave.startswith("alert:"):
        s.sendall(bytes([21, 3, PROFILES[profile][0] & 255, 0, 2, 2, int(leave[6:])]))
    if leave == "rst":
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


if __name__ == "__main__":
    main()
