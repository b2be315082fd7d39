"""Work that children do in tests: good, slow, greedy, rude."""

import os
import sys
import time
from pathlib import Path

from agent.errors import BadStatus, TooBig
from agent.records import Passage


def double(value):
    return value * 2


def process_id():
    return os.getpid()


def modules():
    return sorted(sys.modules)


def environment():
    return dict(os.environ)


def for_ever(mark=None):
    if mark:
        Path(mark).write_text(str(os.getpid()))
    while True:
        time.sleep(1)


def deaf_for_ever():
    """Holds the interpreter's lock, so that no thread of this process could end it."""
    return sum(1 for _ in iter(int, 1))


def greedy():
    return len(bytearray(4 << 30))


def talkative():
    print("this is not the protocol", flush=True)
    os.write(1, b"\0" * 100)
    os.write(2, b"nor this\n")
    return sys.stdin.read()


def too_big():
    raise TooBig("This is larger than it may be.", retry_after=3)


def bad_status():
    raise BadStatus(418)


def clumsy():
    raise ZeroDivisionError("nobody divides by that")


def passage():
    return Passage("0" * 64, 1, 2, "x", ("A",))


def die():
    os._exit(7)


class Trap:
    def __reduce__(self):
        return (os.system, ("echo taken over",))


def trap():
    return Trap()


def one_of(name, *args):
    return globals()[name](*args)
