"""One hand of hands.py: a process that reads frames of files from its parent and answers with their texts, in order.

Light to import, as its start is what small repositories would wait for. Frames are marshal's, of its parent alone.
"""

from __future__ import annotations

import marshal
import struct
import sys
from contextlib import suppress
from typing import BinaryIO

from agent.repo.reading import How, read_text


def send(pipe: BinaryIO, what: object) -> None:
    raw = marshal.dumps(what)
    pipe.write(struct.pack("<Q", len(raw)))
    pipe.write(raw)
    pipe.flush()


def receive(pipe: BinaryIO) -> list:
    head = pipe.read(8)
    if len(head) < 8:
        raise EOFError
    return marshal.loads(pipe.read(struct.unpack("<Q", head)[0]))


def serve(words: list[str], source: BinaryIO, drain: BinaryIO) -> None:
    """The child: texts for files until its parent has no more."""
    how = How(*(word == "1" for word in words))
    read_text("", b"warm", how)  # the ranks are loaded while there is nothing yet to read
    with suppress(EOFError, BrokenPipeError):
        while True:
            send(drain, [tuple(read_text(path, raw, how)) for path, raw in receive(source)])


if __name__ == "__main__":
    serve(sys.argv[1:], sys.stdin.buffer, sys.stdout.buffer)
