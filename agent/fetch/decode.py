"""Unpacking the bodies of replies with a bound: what is packed to explode stops at the limit, whatever it claims.

What came of a body that breaks off is unpacked, and it is said that its end is missing.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from agent.errors import TooBig, Unreadable

STEP = 65536
MOST_MEMBERS = 64  # of one gzip file; each costs a copy of what is left of its chunk
GZIP, ZLIB, RAW = 31, 15, -15
ACCEPTED = "gzip, deflate"


def unpack(chunks: Iterable[bytes], encoding: str, limit: int) -> tuple[bytes, bool]:
    """The body as it was before packing, and whether its end came.

    Raises TooBig past `limit` bytes, Unreadable for what it cannot unpack.
    """
    body, came = bytearray(), 0
    packed = unpacker(encoding)
    for chunk in chunks:
        came += len(chunk)
        for piece in packed.pieces(chunk):
            body += piece
            check(max(len(body), came), limit)
    return bytes(body), packed.whole or not came


def check(size: int, limit: int) -> None:
    if size > limit:
        raise TooBig(f"The page is larger than {limit / 1e6:g} MB, so Leash stopped reading it.")


def unpacker(encoding: str) -> Plain | Inflater | Deflated:
    """Whose `pieces` makes of each packed chunk unpacked pieces of a bounded size. One encoding only: never packed twice."""
    name = encoding.strip().lower().removeprefix("x-")
    if name in ("", "identity"):
        return Plain()
    if name == "gzip":
        return Inflater(GZIP)
    if name == "deflate":
        return Deflated()
    raise Unreadable(f"The page came packed as “{name[:40]}”, which Leash did not ask for and does not unpack.")


class Plain:
    """What is not packed has no end of its own."""

    whole = True

    def pieces(self, data: bytes) -> tuple[bytes, ...]:
        return (data,)


class Inflater:
    """zlib's unpacker, piece by piece, over the members of a gzip file."""

    def __init__(self, form: int) -> None:
        self._form = form
        self._zlib = zlib.decompressobj(form)
        self._members = 0
        self._begun = False  # whether the present member has given a byte; what follows the last one may be padding

    @property
    def whole(self) -> bool:
        return self._members > 0 and not self._begun

    def pieces(self, data: bytes) -> Iterator[bytes]:
        piece = b""
        while data or len(piece) == STEP:
            piece = self._inflate(data)
            data = self._rest()
            yield piece

    def _inflate(self, data: bytes) -> bytes:
        try:
            piece = self._zlib.decompress(data, STEP)
            self._begun |= bool(piece)
            return piece
        except zlib.error:
            if not self._members:
                raise Unreadable("The page came packed, and cannot be unpacked: its bytes are damaged.") from None
        self._zlib = zlib.decompressobj(self._form)  # what follows the last member is padding
        return b""

    def _rest(self) -> bytes:
        if not self._zlib.eof:
            return self._zlib.unconsumed_tail
        self._members, self._begun = self._members + 1, False
        if self._members >= MOST_MEMBERS:
            raise Unreadable("The page came packed in too many pieces.")
        rest, self._zlib = self._zlib.unused_data, zlib.decompressobj(self._form)
        return rest


class Deflated:
    """The encoding "deflate" comes with zlib's head, as the standard says, or without: two bytes tell."""

    def __init__(self) -> None:
        self._head = b""
        self._inflater: Inflater | None = None

    @property
    def whole(self) -> bool:
        return self._inflater is not None and self._inflater.whole

    def pieces(self, data: bytes) -> Iterator[bytes]:
        if self._inflater is None:
            data = self._head = self._head + data
            if len(data) < 2:
                return
            self._inflater = Inflater(ZLIB if data[0] & 15 == 8 and (data[0] * 256 + data[1]) % 31 == 0 else RAW)
        yield from self._inflater.pieces(data)
