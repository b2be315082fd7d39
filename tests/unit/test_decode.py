"""Unpacking: what was packed comes back whole, and what is packed to explode or to deceive stops at its bound."""

import gzip
import random
import tracemalloc
import zlib

import pytest

from agent.errors import TooBig, Unreadable
from agent.fetch.decode import unpack

TEXT = "".join(random.Random(1).choices("abcdefgh \n", k=300_000)).encode()
RAW = zlib.compressobj(9, zlib.DEFLATED, -15)
PACKED = {
    "": TEXT,
    "identity": TEXT,
    "gzip": gzip.compress(TEXT),
    "x-gzip": gzip.compress(TEXT[:1000]) + gzip.compress(TEXT[1000:]),
    "GZIP ": gzip.compress(TEXT) + b"\0" * 512,
    "deflate": zlib.compress(TEXT),
    "Deflate": RAW.compress(TEXT) + RAW.flush(),
}


def pieces(data, size):
    return (data[at : at + size] for at in range(0, len(data), size))


@pytest.mark.parametrize("encoding", PACKED)
@pytest.mark.parametrize("size", [1, 7, 65536, 10**7])
def test_what_was_packed_comes_back(encoding, size):
    assert unpack(pieces(PACKED[encoding], size), encoding, len(TEXT)) == (TEXT, True)


@pytest.mark.parametrize("encoding", PACKED)
def test_one_byte_more_than_the_limit_is_too_big(encoding):
    with pytest.raises(TooBig, match="MB"):
        unpack([PACKED[encoding]], encoding, len(TEXT) - 1)


@pytest.mark.parametrize("encoding", ["gzip, gzip", "gzip,deflate", "br", "zstd", "compress", "chunked", "gzip\x00"])
def test_only_the_encodings_asked_for_and_only_one(encoding):
    with pytest.raises(Unreadable, match="did not ask for"):
        unpack([gzip.compress(gzip.compress(TEXT))], encoding, 10**7)


@pytest.mark.parametrize(("encoding", "data"), [
    ("gzip", b"<html>not packed at all</html>"), ("deflate", b"\xff" * 100),
    ("gzip", PACKED["gzip"][:2000] + bytes(20) + PACKED["gzip"][2020:]),
])
def test_damaged_bytes_are_unreadable(encoding, data):
    with pytest.raises(Unreadable):
        unpack([data], encoding, 10**7)


def test_a_page_cut_short_gives_what_came():
    body, whole = unpack([PACKED["gzip"][:5000]], "gzip", 10**7)
    assert TEXT.startswith(body)
    assert body
    assert not whole


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "Deflate"])
def test_any_page_cut_short_is_known_as_one(encoding):
    packed = PACKED[encoding]
    for size in (1, 3, len(packed) // 3, len(packed) - 1):
        assert not unpack(pieces(packed[:size], 1000), encoding, 10**7)[1]
    assert unpack([], encoding, 10**7) == (b"", True)


def test_a_bomb_dies_at_its_bound_of_memory():
    bomb = gzip.compress(bytes(60_000_000), 9)
    tracemalloc.start()
    with pytest.raises(TooBig):
        unpack([bomb], "gzip", 2_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000


def test_ten_thousand_tiny_members_are_not_unpacked():
    with pytest.raises(Unreadable, match="too many pieces"):
        unpack([gzip.compress(b"") * 10_000], "gzip", 10**7)
