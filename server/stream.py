"""Server-sent events: frames, signs of life, and the end. Knows not what an event means.

A reader that lost its connection says in Last-Event-ID what it has seen; `resume_point` reads it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from flask import Request, Response, stream_with_context

from agent.errors import BadInput
from server.store import Entry

Message = tuple[str, str]
RECONNECT_MS = 1000
LINE = re.compile(r"\r\n|\r|\n")
END: tuple[Message, ...] = (("end", "{}"),)


def event_stream(
    entries: Iterable[Entry | None],
    to_message: Callable[[Entry], Iterable[Message]],
    ending: Callable[[], Iterable[Message]] = lambda: END,
) -> Iterator[str]:
    """The frames of `entries`, each made of the (event name, data) pairs that `to_message` gives for it.

    After the last come the frames of `ending`; the reader then closes, or it would connect again for ever.
    """
    yield f"retry: {RECONNECT_MS}\n\n"
    for entry in entries:
        if entry is None:
            yield ": still here\n\n"
        else:
            yield from frames(to_message(entry), entry.seq)
    yield from frames(ending())


def frames(messages: Iterable[Message], seq: int | None = None) -> Iterator[str]:
    """The last frame alone carries the id, so a reader cut off between two gets all of them again."""
    listed = list(messages)
    for place, (name, data) in enumerate(listed, 1):
        yield frame(name, data, seq if place == len(listed) else None)


def frame(name: str, data: str, seq: int | None = None) -> str:
    head = "" if seq is None else f"id: {seq}\n"
    lines = "".join(f"data: {line}\n" for line in LINE.split(data))
    return f"{head}event: {name}\n{lines}\n"


def stream_response(frames_: Iterator[str]) -> Response:
    """A response that no proxy holds back or keeps."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Response(stream_with_context(frames_), mimetype="text/event-stream", headers=headers)


def resume_point(request: Request) -> int:
    """The number of the last event that the reader has, 0 for none. Raises BadInput for what is no number."""
    given = request.headers.get("Last-Event-ID") or request.args.get("after") or "0"
    if not re.fullmatch(r"[0-9]{1,9}", given):
        raise BadInput("Last-Event-ID and “after” are the number of the last event that you have.")
    return int(given)
