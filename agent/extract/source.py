"""What every reader of a kind of document is given, and what it gives back. Knows no kind.

Light to import: each child process that makes text of documents does so at its start.
"""

from __future__ import annotations

import codecs
import re
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.extract.want import Want

META_CHARSET = re.compile(rb"<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w:.-]+)", re.IGNORECASE)
MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe\x00\x00", "utf-32"), (b"\x00\x00\xfe\xff", "utf-32"),
         (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
# Names that pages give to a narrower charset than the one they are written in; browsers read them as these.
MEANT = {"ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "tis-620": "cp874", "shift_jis": "cp932",
         "euc_kr": "cp949", "gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs"}
WORKING = 4.0  # seconds of a call that a reader may use where nothing bounds the call
SHARE = 0.8  # of a call's time: the rest is for what comes after reading, on a busy machine


@dataclass(frozen=True)
class Source:
    """A reply's body and what was declared of it. `want` is how the text is wanted; None for the plain form alone."""

    body: bytes
    content_type: str
    charset: str
    url: str
    want: Want | None = None
    started: float = field(default_factory=time.monotonic)
    seconds: float = field(default_factory=lambda: working_time())

    @cached_property
    def text(self) -> str:
        return decode(self.body, self.charset)

    @property
    def used(self) -> float:
        """The share of its time that a reader has used. Beyond 1 it should end with what it has: soon its process is killed."""
        return (time.monotonic() - self.started) / max(0.01, self.seconds)


@dataclass
class Found:
    """What a reader made of a source. `text` has Markdown's blocks and no inline markup; `markdown` has both, "" if the same.

    `dropped` names what is not in the text, each as {"what", "words", "why"}; `pages` is where each page starts in `text`.
    """

    format: str
    text: str
    markdown: str = ""
    title: str = ""
    author: str = ""
    date: str = ""
    language: str = ""
    pages: list[int] = field(default_factory=list)
    dropped: list[dict[str, Any]] = field(default_factory=list)
    extractor: str = ""

    def drop(self, what: str, why: str, words: int = 0) -> None:
        self.dropped.append({"what": what, "words": words, "why": why})


def working_time() -> float:
    """Seconds that this call may work: its process has an alarm that ends it (child.py), a second after its time."""
    left = signal.getitimer(signal.ITIMER_REAL)[0]
    return (left - 1) * SHARE if left else WORKING


def decode(body: bytes, charset: str) -> str:
    """The text in the charset of its byte order mark, its header, its own declaration, UTF-8, or the likeliest, in this order."""
    named = [codec for mark, codec in MARKS if body.startswith(mark)]
    meta = META_CHARSET.search(body[:4096])
    for codec in [*named, charset, meta[1].decode("ascii", "ignore") if meta else "", "utf-8"]:
        try:
            if codec:
                return decoded(body, codec)
        except (LookupError, UnicodeDecodeError):
            continue
    return guessed(body)


def decoded(body: bytes, charset: str) -> str:
    """As browsers take the charset's name; but what is UTF-8 through and through is so, though a server calls all of its pages Latin-1."""
    name = codecs.lookup(charset).name
    codec = MEANT.get(name, name)
    if codec == "cp1252":
        with suppress(UnicodeDecodeError):
            return body.decode("utf-8")
    return body.decode(codec)


FEW = 60  # bytes beyond ASCII: from fewer a charset cannot be told, so it is the commonest, as browsers take it


def guessed(body: bytes) -> str:
    """A page with a few wrong bytes keeps its charset; one that is mostly wrong is of another."""
    from charset_normalizer import from_bytes

    text = body.decode("utf-8", "replace")
    if text.count("\ufffd") * 200 < len(text):
        return text
    if sum(byte > 127 for byte in body[:200_000]) < FEW:
        return body.decode("cp1252", "replace")
    best = from_bytes(body[:200_000]).best()
    return body.decode(best.encoding, "replace") if best else body.decode("latin-1")


def first_line(text: str) -> str:
    return next((line.strip("# \t") for line in text.splitlines() if line.strip("# \t")), "")[:120]


def day(text: str) -> str:
    """The day (ISO) that a date of whatever form names, "" if it names none that can be told."""
    from email.utils import parsedate_to_datetime

    if found := re.match(r"\s*((?:19|20)\d\d)-([01]\d)-([0-3]\d)", text):
        return "-".join(found.groups())
    try:
        return parsedate_to_datetime(text).date().isoformat()
    except (ValueError, TypeError, IndexError):
        return ""
