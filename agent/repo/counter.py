"""A child process that counts tokens, and its sibling: run as a script, with nothing imported but what counts.

    python -I -S -B counter.py IN OUT IN OUT FOLDER...

The numbers are open pipes, a pair for each of the two; the folders are where modules are found. The ranks are loaded once;
the sibling is a fork, so that it shares them. Each counts what comes until there is no more.
"""

import marshal
import os
import sys

HEAD = 8  # bytes of a frame's length


def send(number: int, what: object) -> None:
    """A frame into a pipe: its length, then marshal's bytes. Raises OSError if nobody reads it."""
    raw = marshal.dumps(what)
    left = memoryview(len(raw).to_bytes(HEAD, "little") + raw)
    while left:
        left = left[os.write(number, left):]


def receive(number: int) -> list:
    """The next frame. Raises EOFError if there is none, or not all of one."""
    return marshal.loads(exactly(number, int.from_bytes(exactly(number, HEAD), "little")))


def exactly(number: int, size: int) -> bytes:
    parts = []
    while size:
        part = os.read(number, size)
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def serve(source: int, drain: int) -> None:
    from agent.tokens import count

    try:
        while True:
            send(drain, [count(text) for text in receive(source)])
    except (EOFError, OSError):
        return


def main() -> None:
    ends = [int(word) for word in sys.argv[1:5]]
    sys.path += sys.argv[5:]
    from agent.tokens import count

    count("the ranks are loaded while there is nothing yet to count")
    sibling = os.fork()
    mine, others = (ends[:2], ends[2:]) if sibling else (ends[2:], ends[:2])
    for number in others:
        os.close(number)
    serve(*mine)
    if sibling:
        os.close(mine[0])
        os.waitpid(sibling, 0)


if __name__ == "__main__":
    main()
    os._exit(0)  # there is nothing to put away, and the parent waits
