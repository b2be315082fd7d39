"""Moving bytes between a guest of the door and where it wants to go, with bounds. Knows no rules and no names."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from dataclasses import dataclass

import h11

from agent.errors import FetchError

CHUNK, HEAD_BYTES = 65536, 65536
LINGER = 15.0
OUR_HEADER = b"leash-door"
BETWEEN_NEIGHBOURS = frozenset((b"connection", b"proxy-connection", b"proxy-authorization", b"proxy-authenticate",
                                b"keep-alive", b"te", b"trailer", b"upgrade", b"expect", OUR_HEADER))


@dataclass
class Line:
    """One end of a conversation. `came` counts the bytes that were read from it."""

    reader: StreamReader
    writer: StreamWriter
    came: int = 0

    async def read(self) -> bytes:
        data = await self.reader.read(CHUNK)
        self.came += len(data)
        return data

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def leave(self) -> None:
        """Close once what is still to be sent is sent, or after a while without that."""
        self.writer.close()
        asyncio.get_running_loop().call_later(LINGER, self.writer.transport.abort)


class Patience:
    """A time-out that starts again with each byte that moves, in either direction."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timeout = asyncio.timeout(seconds)

    async def __aenter__(self) -> Patience:
        await self._timeout.__aenter__()
        return self

    async def __aexit__(self, *fault: object) -> bool | None:
        return await self._timeout.__aexit__(*fault)

    def renew(self, seconds: float | None = None) -> None:
        self._seconds = seconds or self._seconds
        self._timeout.reschedule(asyncio.get_running_loop().time() + self._seconds)


async def tunnel(guest: Line, host: Line, idle: float) -> None:
    """Carry bytes both ways until both ends are done, one breaks off, or nothing moved for `idle` seconds."""
    try:
        async with Patience(idle) as patience, asyncio.TaskGroup() as group:
            group.create_task(pour(guest, host, patience))
            group.create_task(pour(host, guest, patience))
    except* OSError:
        pass  # a tunnel that breaks has ended, and both ends see it


async def pour(source: Line, drain: Line, patience: Patience) -> None:
    while data := await source.read():
        await drain.send(data)
        patience.renew()
    patience.renew(LINGER)
    if drain.writer.can_write_eof():
        drain.writer.write_eof()


class Parley:
    """HTTP/1.1 with one end of a conversation, its framing kept by h11."""

    def __init__(self, line: Line, role: type[h11.CLIENT] | type[h11.SERVER]) -> None:
        self.line = line
        self.http = h11.Connection(role, max_incomplete_event_size=HEAD_BYTES)

    async def hear(self) -> h11.Event:
        """The next event. Raises FetchError if what comes is not HTTP, or ends too early."""
        try:
            while (event := self.http.next_event()) is h11.NEED_DATA:
                self.http.receive_data(await self._more())
        except h11.RemoteProtocolError as fault:
            raise FetchError(f"What came back is not proper HTTP ({fault}).") from None
        if isinstance(event, h11.ConnectionClosed) or event is h11.PAUSED:
            raise FetchError("The connection was broken off before the end.")
        return event

    async def _more(self) -> bytes:
        data = await self.line.read()
        if not self.line.came:  # left without a word: the other end sees the same, and may try again
            raise ConnectionResetError
        return data

    async def say(self, event: h11.Event) -> None:
        data = self.http.send(event)
        if data:
            await self.line.send(data)


async def exchange(guest: Parley, host: Parley, request: h11.Request, idle: float) -> None:
    """One request over plain HTTP and its reply; both connections are closed after it. A guest who leaves ends it."""
    async with Patience(idle) as patience:
        await host.say(request)
        if guest.http.they_are_waiting_for_100_continue:
            await guest.say(h11.InformationalResponse(status_code=100, headers=[]))
        await forward(guest, host, patience)
        reply = asyncio.ensure_future(answer(guest, host, patience))
        gone = asyncio.ensure_future(guest.line.reader.read(1))
        try:
            await asyncio.wait((reply, gone), return_when=asyncio.FIRST_COMPLETED)
            if reply.done():
                reply.result()
        finally:
            reply.cancel()
            gone.cancel()


async def answer(guest: Parley, host: Parley, patience: Patience) -> None:
    while isinstance(event := await host.hear(), h11.InformationalResponse):
        pass
    if event.status_code == 407:  # a site may not ask for what is a proxy's to ask
        raise FetchError("The upstream proxy wants a user and a password. Put them into LEASH_PROXY.")
    headers = [*kept_headers(event.headers), (b"Connection", b"close")]
    await guest.say(h11.Response(status_code=event.status_code, reason=event.reason, headers=headers))
    await forward(host, guest, patience)


async def forward(source: Parley, drain: Parley, patience: Patience) -> None:
    """A body, piece by piece, to its end."""
    while not isinstance(event := await source.hear(), h11.EndOfMessage):
        patience.renew()
        await drain.say(h11.Data(data=event.data))
    await drain.say(h11.EndOfMessage())


def kept_headers(headers: h11.Headers) -> list[tuple[bytes, bytes]]:
    """The headers that concern the two ends: none that is between neighbours, nor a forged one of ours."""
    named = {name.strip().lower() for key, value in headers if key == b"connection" for name in value.split(b",")}
    dropped = BETWEEN_NEIGHBOURS | (named - {b"content-length", b"transfer-encoding"})
    return [(name, value) for name, value in headers.raw_items() if name.lower() not in dropped]
