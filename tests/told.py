"""told.py - what a test tells of each thing that it looks at, PASS or FAIL with why; the environment and the ports that it gives its children."""
import os
import random
import socket


class Told:
    """`test` stands before each name: "proxy "."""

    def __init__(self, test):
        self.test, self.failed = test, 0

    def check(self, name, good, why=""):
        self.failed += not good
        print(f"PASS {self.test}{name}" if good else f"FAIL {self.test}{name}: {str(why)[:600]}")

    def result(self, name, trouble):
        self.check(name, trouble is None, trouble)


def environment(**more):
    """Ours, without the proxies that whoever runs the test has set."""
    return {k: v for k, v in os.environ.items() if "proxy" not in k.lower()} | more


def free_port(in_a_row=1):
    """Of 127.0.0.1, and below those that outgoing connections take: while a server starts nobody gets it by chance, not even who waits
    for the server (a connection to a free port of that range may meet itself)."""
    while True:
        port = random.randrange(20000, 32000)
        try:
            for i in range(in_a_row):
                with socket.socket() as s:
                    s.bind(("127.0.0.1", port + i))
            return port
        except OSError:
            pass
