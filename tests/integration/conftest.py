"""Servers on loopback that the integration tests talk to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import pytest

from agent.fetch.egress import Egress
from agent.settings import Settings

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"


class Canary:
    """A server that counts who comes. `reply` is what it sends; `heard` what each visitor said first."""

    def __init__(self, host: str, port: int = 0, reply: Callable[[socket.socket, bytes], None] | bytes = OK) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family)
        self.host, self.port = self._listener.getsockname()[:2]
        self.heard: list[bytes] = []
        self._reply = reply
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/"

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                visitor, _ = self._listener.accept()
                threading.Thread(target=self._answer, args=(visitor,), daemon=True).start()

    def _answer(self, visitor: socket.socket) -> None:
        with visitor, suppress(OSError):
            said = visitor.recv(65536)
            self.heard.append(said)
            if callable(self._reply):
                self._reply(visitor, said)
            else:
                visitor.sendall(self._reply)

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def canary() -> Iterator[Callable[..., Canary]]:
    """Makes canaries, on 127.0.0.1 unless told otherwise."""
    with ExitStack() as stack:
        def make(host: str = "127.0.0.1", **given: object) -> Canary:
            made = Canary(host, **given)
            stack.callback(made.close)
            return made

        yield make


@pytest.fixture
def open_door() -> Iterator[Callable[..., Egress]]:
    """Makes doors that know nothing but the settings given, and closes them."""
    with ExitStack() as stack:
        def make(services: tuple[str, ...] = (), resolve: object = None, **settings: object) -> Egress:
            given = (Settings(_env_file=None, **settings), services, *([resolve] if resolve else []))
            door = Egress(*given).start()
            stack.callback(door.close)
            return door

        yield make
