"""Work in the background whose end nobody has to wait for. Knows nothing of what the work is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from agent.errors import LeashError

Result = TypeVar("Result")


def later(work: Callable[[], Result], name: str) -> Future[Result]:
    """Runs the work in a thread of its own, which does not hold up the program's end. Its LeashErrors are the future's."""
    future: Future[Result] = Future()
    threading.Thread(target=run, args=(work, future), name=name, daemon=True).start()
    return future


def run(work: Callable[[], Result], future: Future[Result]) -> None:
    try:
        future.set_result(work())
    except LeashError as fault:
        future.set_exception(fault)
    finally:
        future.cancel()  # without effect on one that is done; who waits for work that failed otherwise is let go
