#!/usr/bin/env python3
"""A long line: delay.py NETNS_A DEV_A NETNS_B DEV_B MILLISECONDS carries IP packets between two tun devices."""
import ctypes
import fcntl
import heapq
import os
import select
import struct
import sys
import time

TUNSETIFF, IFF_TUN_NO_PI, CLONE_NEWNET = 0x400454CA, 0x1001, 0x40000000


def tun(netns, dev):
    with open("/run/netns/" + netns) as ns:
        if ctypes.CDLL(None, use_errno=True).setns(ns.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns " + netns)
    fd = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", dev.encode(), IFF_TUN_NO_PI))
    return fd


def main():
    a, b = tun(sys.argv[1], sys.argv[2]), tun(sys.argv[3], sys.argv[4])
    delay, due = float(sys.argv[5]) / 1000, []
    print("ready", flush=True)
    while True:
        wait = max(0, due[0][0] - time.monotonic()) if due else None
        for fd in select.select([a, b], [], [], wait)[0]:
            heapq.heappush(due, (time.monotonic() + delay, len(due), b if fd == a else a, os.read(fd, 65536)))
        while due and due[0][0] <= time.monotonic():
            _, _, fd, packet = heapq.heappop(due)
            os.write(fd, packet)


if __name__ == "__main__":
    main()
