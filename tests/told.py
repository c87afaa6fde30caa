"""told.py - what a test tells of each thing that it looks at, PASS or FAIL with why; and the environment that it gives its children."""
import os


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
