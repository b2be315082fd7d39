"""From a page that was read to a reading that is kept: its size in tokens, where it may be cut, its links and headings.

The worker's and the terminal's half of the doors to text; `Reads` is the port to whoever opens pages. Knows neither
Flask nor Redis.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from agent import errors
from agent.errors import LeashError
from agent.extract.words import word_count
from agent.records import sha256_of
from agent.tokens import count
from server.kept import Reading, key_of
from server.options import Options
from server.receipts import counted

if TYPE_CHECKING:
    from agent.capture import Sent
    from agent.extract.want import Want
    from agent.records import Read, Validators
    from server.store.captures import Captures

KEEP, LEAST, MOST = 600.0, 60.0, 86_400.0  # seconds that a text is fresh: unless the site says, at least, at most
FINE = 1200  # characters: a longer block is cut inside where no whole block fits
HEADING = re.compile(r"(#{1,6})[ \t]+(.+?)[ \t]*#*$")
WORDS, ADDRESS = r"(?:[^\[\]\n]|!?\[[^\[\]\n]*\](?:\([^()\s]*\))?)*", r"(?:[^()\s<>]|\([^()\s]*\))+"
LINK = re.compile(rf"(?<!!)\[({WORDS})\]\(<?({ADDRESS})>?(?:[ \t]+\"[^\"\n]*\")?\)")
NOTE = re.compile(r"\[(\^?[^\]\n]{1,20})\]:[ \t]+<?(https?://\S+?)>?$")
FENCE = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(`{3,}|~{3,})")
LISTED = re.compile(r"(?:\[\d+\]: \S+\n)+")
TABLE = re.compile(r"[ \t>]*\|(?:\s*:?-{3,}:?\s*\|)+\s*")
PICTURE, TARGET = re.compile(rf"!\[[^\]]*\]\({ADDRESS}\)"), re.compile(rf"\](?:\({ADDRESS}\)|\[\d+\])")
SIGNS = re.compile(r"[ \t>]*(?:(?:[-*+:]|\d{1,9}[.)]|#{1,6})[ \t]+)*")  # of a line's place: quotation, list, heading
SPAN = re.compile(r"(`+)(?:(?!\1).)+\1")
MARKUP = re.compile(rf"!\[([^\]]*)\]\((?:{ADDRESS})\)|\[([^\]]*)\]\((?:{ADDRESS})\)|(?<!\\)[*_`]{{1,3}}(?=\S)|(?<=[^\s\\])[*_`]{{1,3}}")
ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


class Reads(Protocol):
    """Who opens a page (agent/read.py has the real one). Raises the FetchError tree, BadInput for a bad selector."""

    def open(self, url: str, want: Want | None = None, chosen_by: str = "user", seconds: float | None = None,
             browser: bool = False, known: Validators | None = None) -> Read | None: ...

    def receive(self, sent: Sent) -> Read: ...


class Keeps(Protocol):
    """Who keeps texts (server/store/texts.py has all of them, server/text_cli.py those of one command)."""

    def get(self, key: str) -> Reading | None: ...

    def save(self, key: str, made: Reading) -> None: ...

    def confirm(self, key: str, checked_at: float, expires_at: float) -> None: ...


def refresh(reader: Reads, texts: Keeps, url: str, options: Options) -> Reading:
    """Read the page and keep its text; what is kept and unchanged is confirmed, without making text of it again."""
    key = key_of(url, options.shape)
    kept = texts.get(key) if options.cache else None
    read = reader.open(url, options.want, "user", browser=options.browser, known=validators_of(kept))
    now = time.time()
    if read is not None:
        made = reading_of(read, url, now)
        texts.save(key, made)
        return made
    if kept is None:
        raise RuntimeError("A page was called unchanged, though nothing was known of it.")
    made = replace(kept, checked_at=now, expires_at=now + (kept.expires_at - kept.checked_at))
    texts.confirm(key, made.checked_at, made.expires_at)
    return made


def make_text(reader: Reads, captures: Captures, capture_id: str) -> None:
    """Make text of a page that the user's browser sent, and keep it in place of what was sent."""
    from agent.capture import Sent

    sent = captures.sent(capture_id)
    if sent is not None:
        read = reader.receive(Sent(**sent))
        captures.settle(capture_id, read.page, reading_of(read, sent["url"], time.time()))


def read_now(reader: Reads, url: str, options: Options) -> Reading:
    """The page as a reading that nobody keeps."""
    read = reader.open(url, options.want, "user", browser=options.browser)
    if read is None:
        raise RuntimeError("A page was called unchanged, though nothing was known of it.")
    return reading_of(read, url, time.time())


def validators_of(kept: Reading | None) -> Validators | None:
    if kept is None or not (kept.etag or kept.last_modified):
        return None
    from agent.read import Validators

    return Validators(kept.etag, kept.last_modified)


def reading_of(read: Read, url: str, now: float) -> Reading:
    page, text = read.page, clean(read.markdown or read.page.text).strip("\n") + "\n"
    marks = tuple(marks_of(text))
    about = {name: clean(getattr(page, name)) for name in ("title", "author", "date", "site", "language", "rung")}
    own = {name: clean(getattr(read, name)) for name in ("kind", "format", "wall", "canonical")}
    links, headings = structure_of(text)
    held = {name: number for name, number in counts_in(text).items() if name != "words"}  # these are the page's own, without alt texts
    fetched = datetime.fromisoformat(page.fetched_at).timestamp()
    good = fresh_seconds(read.max_age) if read.whole else 0.0
    return Reading(url, text, min(fetched, now), now, now + good, page.final_url, **about, **own,
                   tokens=marks[-1][1], exact=True, sha256=sha256_of(text), etag=read.validators.etag,
                   last_modified=read.validators.last_modified, notes=tuple(map(clean, read.notes)), links=links,
                   headings=headings, marks=marks, receipt=counted(dict(read.receipt), held), offers=dict(read.offers), pages=read.pages)


def measured(text: str) -> Reading:
    """A text alone, as a reading that says its size and where it may be cut."""
    marks = tuple(marks_of(text))
    return Reading("", text, 0, 0, 0, tokens=marks[-1][1], marks=marks)


def fresh_seconds(max_age: float | None) -> float:
    """How long a text is given without asking the site again."""
    return KEEP if max_age is None else min(max(max_age, LEAST), MOST)


def clean(text: str) -> str:
    """Without what no database's text and no UTF-8 can hold."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


# ---------------------------------------------------------------- where a text may be cut

def marks_of(text: str) -> Iterator[tuple[int, int, bool]]:
    """The ends of the blocks, and places inside those that are long, each with the tokens up to there."""
    place = tokens = 0
    for block in blocks_of(text):
        *inner, last = pieces_of(block)
        for piece in inner:
            place, tokens = place + len(piece), tokens + count(piece)
            yield place, tokens, False
        place, tokens = place + len(last), tokens + count(last)
        yield place, tokens, True


def blocks_of(text: str) -> Iterator[str]:
    """The blocks of a Markdown text, each with the blank lines behind it; a fence is one block."""
    lines, closes = [], ""
    for line in text.splitlines(keepends=True):
        blank_before = bool(lines) and not lines[-1].strip()
        if not closes and blank_before and line.strip():
            yield "".join(lines)
            lines = []
        lines.append(line)
        closes = after_line(line, closes)
    yield "".join(lines)


def after_line(line: str, closes: str) -> str:
    """The fence that is open behind this line, "" for none."""
    mark = FENCE.match(line)
    if not mark:
        return closes
    if closes:
        return "" if mark[1].startswith(closes) and not line[mark.end():].strip() else closes
    return mark[1]


def pieces_of(block: str) -> list[str]:
    """A long block in pieces that end with a line, or where lines are long too, with a word."""
    if LISTED.fullmatch(block):  # the addresses of links: a cut keeps those that it needs
        return block.splitlines(keepends=True)
    if len(block) <= FINE:
        return [block]
    pieces = [""]
    for line in block.splitlines(keepends=True):
        for part in [line] if len(line) <= FINE else re.findall(rf"[\s\S]{{1,{FINE}}}(?:\s|$)|[\s\S]{{1,{FINE}}}", line):
            if pieces[-1] and len(pieces[-1]) + len(part) > FINE:
                pieces.append("")
            pieces[-1] += part
    return pieces


# ---------------------------------------------------------------- what it holds

def structure_of(text: str) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[int, str], ...]]:
    """The links as (words, address) and the headings as (level, words), in reading order; code is passed over."""
    links, headings, closes = [], [], ""
    for line in text.splitlines():
        before, closes = closes, after_line(line, closes)
        if before or closes:
            continue
        plain = SPAN.sub(lambda span: " " * len(span[0]), line) if "`" in line else line
        if "](" in line:
            links += [(words_of(line[found.start(1):found.end(1)]), found[2]) for found in LINK.finditer(plain)]
        elif found := NOTE.match(line):
            links.append((found[1], found[2]))
        if found := HEADING.match(line):
            headings.append((len(found[1]), words_of(found[2])))
    return tuple(links), tuple(headings)


def counts_in(text: str) -> dict[str, int]:
    """How much of what a receipt counts stands in a Markdown text. Addresses are no words."""
    words = code = tables = 0
    closes = ""
    for line in text.splitlines():
        before, closes = closes, after_line(line, closes)
        code += bool(closes and not before)
        if before and closes:
            words += word_count(line)
        elif TABLE.fullmatch(line) and not before:
            tables += 1
        elif not (before or closes or LISTED.match(line + "\n")):
            words += word_count(said_in(line))
    return {"words": words, "code": code, "tables": tables, "links": len(structure_of(text)[0])}


def said_in(line: str) -> str:
    """A line without images, addresses of links, and the signs of its place: enough to count its words, and soon done."""
    if "](" in line:
        line = TARGET.sub("]", PICTURE.sub(" ", line))
    return SIGNS.sub("", line, count=1).replace("|", " ")


def words_of(markdown: str) -> str:
    """A line's words without its marks, also those inside the words of a link."""
    bare = MARKUP.sub(lambda found: found[1] or found[2] or "", markdown)
    return ESCAPED.sub(r"\1", MARKUP.sub(lambda found: found[1] or found[2] or "", bare)).strip()


# ---------------------------------------------------------------- faults, from one process to another

def problem_of(error: LeashError) -> dict[str, str | float | None]:
    """An error as plain data, for another process to raise again."""
    told = {name: getattr(error, name) for name in ("status", "wall") if hasattr(error, name)}
    return {"kind": type(error).__name__, "message": str(error), "retry_after": error.retry_after, **told}


def error_of(problem: dict[str, Any]) -> LeashError:
    """The error that `problem_of` took apart."""
    kind = getattr(errors, str(problem.get("kind")), LeashError)
    kind = kind if isinstance(kind, type) and issubclass(kind, LeashError) else LeashError
    extra = {name: problem[name] for name in ("status", "wall") if name in problem}
    error = kind(message=str(problem.get("message", "")), **extra)
    error.retry_after = problem.get("retry_after")
    return error


