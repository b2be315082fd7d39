"""From a name to its addresses, within a time, remembered for a while. Knows nothing of which addresses are good."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from ipaddress import ip_address

from agent.fetch.addresses import Address, literal

Resolve = Callable[[str], Sequence[str]]
Found = tuple[Address, ...]
FOUND_SECONDS, UNKNOWN_SECONDS = 60.0, 10.0
MOST_NAMES, MOST_THREADS = 1024, 32


def system_resolve(host: str) -> list[str]:
    """The addresses as the machine's own resolver gives them, best first. Raises OSError if there is none."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


class Lookup:
    """Lives on one asyncio loop. Lookups run in daemon threads, so that a hanging resolver never holds up the exit."""

    def __init__(self, resolve: Resolve, seconds: float) -> None:
        self._resolve = resolve
        self._seconds = seconds
        self._known: dict[str, tuple[float, asyncio.Task[Found]]] = {}
        self._threads = asyncio.Semaphore(MOST_THREADS)

    async def addresses(self, host: str) -> Found:
        """All addresses of a plain host; () if there is no such name, or no answer in time."""
        address = literal(host)
        if address is not None:
            return (address,)
        try:
            return await asyncio.wait_for(asyncio.shield(self._remembered(host) or self._ask(host)), self._seconds)
        except TimeoutError:
            return ()

    def _remembered(self, host: str) -> asyncio.Task[Found] | None:
        asked, task = self._known.get(host, (0.0, None))
        if task is None:
            return None
        keep = UNKNOWN_SECONDS if task.done() and not task.result() else FOUND_SECONDS
        return task if time.monotonic() - asked < keep else None

    def _ask(self, host: str) -> asyncio.Task[Found]:
        task = asyncio.get_running_loop().create_task(self._run(host))
        self._known.pop(host, None)
        self._known[host] = (time.monotonic(), task)
        while len(self._known) > MOST_NAMES:
            self._known.pop(next(iter(self._known)))
        return task

    async def _run(self, host: str) -> Found:
        async with self._threads:
            answer: Future[Found] = Future()
            threading.Thread(target=self._work, args=(host, answer), name="leash-lookup", daemon=True).start()
            return await asyncio.wrap_future(answer)

    def _work(self, host: str, answer: Future[Found]) -> None:
        if not answer.set_running_or_notify_cancel():  # and from here on, who stops waiting cannot undo it
            return
        try:
            texts = self._resolve(host)
        except (OSError, UnicodeError):
            texts = []
        answer.set_result(tuple(dict.fromkeys(ip_address(text.partition("%")[0]) for text in texts)))
