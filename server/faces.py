"""The forms in which a text is handed over: Markdown with its provenance on top, its parts as JSON; and faults likewise.

Used by the prefix, the API and the terminal, which so say the same. Pure: knows neither Flask nor the store's insides.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agent.errors import (
    BadInput,
    BadStatus,
    Busy,
    FetchError,
    LeashError,
    NotFound,
    Refused,
    StorageError,
    TooBig,
    TooSlow,
    Unreadable,
    Walled,
)
from server import receipts

if TYPE_CHECKING:
    from server.kept import Reading

MINUTE, HOUR, DAY = 60, 3600, 86_400
LONGEST_NAME = 80
PLAIN_FIELDS = ("url", "final_url", "title", "author", "date", "site", "language", "canonical", "kind", "format", "rung", "wall", "sha256")
REFERENCE = re.compile(r"\]\[(\d+)\]")
CUT = "[Cut at the limit of {limit:,} tokens: {tokens:,} tokens in {blocks} follow in the whole text of {whole:,}.]"


# ---------------------------------------------------------------- as much as was asked for

@dataclass(frozen=True)
class Part:
    """The beginning of a text. `left_tokens` and `left_blocks` are what follows it, 0 if it is the whole."""

    text: str
    tokens: int
    left_tokens: int = 0
    left_blocks: int = 0


def part_of(made: Reading, limit: int | None) -> Part:
    """The text up to the last block that ends within `limit` tokens; where not even one does, a part of the first.

    Of addresses that are listed at the text's end, those of the links that remain stay below them, within the limit.
    """
    if limit is None or made.tokens <= limit:
        return Part(made.text, made.tokens)
    listed = listed_in(made)
    place, tokens, named = within(made, limit, listed)
    if not place and listed:  # not one block fits with its addresses
        place, tokens, named = within(made, limit, {})
    left = sum(mark[2] for mark in made.marks if mark[0] > place) - bool(named)
    kept = [listed[number] for number in listed if number in named]
    tokens += sum(size for _, size in kept)
    text = closed(made.text[:place])
    return Part(f"{text.rstrip()}\n\n{''.join(line for line, _ in kept)}" if kept else text, tokens, made.tokens - tokens, left)


def within(made: Reading, limit: int, listed: dict[str, tuple[str, int]]) -> tuple[int, int, set[str]]:
    """Where to cut, the tokens up to there, and which of the listed addresses are referred to before it."""
    best, spent, last, named = (0, 0, set()), 0, 0, set()
    whole = False
    for place, tokens, ends in made.marks:
        new = set(REFERENCE.findall(made.text, last, place)) & listed.keys() - named if listed else set()
        named, last = named | new, place
        spent += sum(listed[number][1] for number in new)
        if tokens + spent > limit:
            break
        if ends or not whole:
            best, whole = (place, tokens, named), whole or ends
    return best


def listed_in(made: Reading) -> dict[str, tuple[str, int]]:
    """The addresses that a text lists at its end: by their number, the line and its tokens."""
    from server.reading import LISTED

    ends = [mark for mark in made.marks if mark[2]][-2:]
    start, before = ends[0][:2] if len(ends) == 2 else (0, 0)
    if not LISTED.fullmatch(made.text, start):
        return {}
    listed = {}
    for place, tokens, _ in (mark for mark in made.marks if mark[0] > start):
        line = made.text[start:place]
        listed[line[1:line.index("]")]] = line, tokens - before
        start, before = place, tokens
    return listed


def closed(text: str) -> str:
    """With the fence shut that a cut has left open."""
    from server.reading import after_line

    fence = ""
    for line in text.splitlines():
        fence = after_line(line, fence)
    return f"{text.rstrip()}\n{fence}\n" if fence else text


# ---------------------------------------------------------------- Markdown

def markdown_of(made: Reading, limit: int | None, now: float) -> str:
    """The text with its provenance on top; a cut text says what was left out."""
    part = part_of(made, limit)
    lines = [f"{name}: {value}" for name, value in provenance_of(made, part, limit, now)]
    text = "\n".join(["---", *lines, "---", "", part.text.rstrip("\n"), ""])
    return f"{text}\n{cut_words(made, part, limit)}\n" if part.left_tokens else text


def provenance_of(made: Reading, part: Part, limit: int | None, now: float) -> list[tuple[str, str]]:
    """The lines on top, those there are. A page's own words are quoted as JSON does it, which YAML reads too."""
    size = f"{'' if made.exact else 'about '}{part.tokens}"
    address = made.final_url or made.url
    rows = [
        ("title", quoted(made.title)), ("url", quoted(address)),
        ("asked", quoted(made.url) if made.url != address else ""),
        ("canonical", quoted(made.canonical) if made.canonical not in (address, made.url) else ""),
        ("author", quoted(made.author)), ("date", quoted(made.date)), ("site", quoted(made.site)),
        ("fetched", moment(made.fetched_at)), ("age", age_words(now - made.checked_at)), ("rung", made.rung),
        ("kind", made.kind), ("format", made.format if made.format != "html" else ""), ("wall", made.wall),
        ("tokens", f"{size} of {made.tokens}" if part.left_tokens else size),
        ("receipt", quoted(receipts.line(receipt_of(made, part, limit)))),
    ]
    return [row for row in rows if row[1]] + [("note", quoted(note)) for note in made.notes]


def cut_words(made: Reading, part: Part, limit: int | None) -> str:
    blocks = f"{part.left_blocks:,} more block{'' if part.left_blocks == 1 else 's'}"
    return CUT.format(limit=limit, tokens=part.left_tokens, blocks=blocks, whole=made.tokens)


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False) if text else ""


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def age_words(seconds: float) -> str:
    """`0 seconds`, `5 minutes`, `2 days`."""
    steps = ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (1, "second"))
    size, word = next((step for step in steps if seconds >= step[0]), steps[-1])
    number = max(0, int(seconds // size))
    return f"{number} {word}{'' if number == 1 else 's'}"


# ---------------------------------------------------------------- JSON

def json_of(made: Reading, limit: int | None, now: float) -> dict[str, Any]:
    """The parts. `tokens` is the size of the whole text, `cut` what a limit left out of `text`, None for nothing."""
    part = part_of(made, limit)
    cut = {"limit": limit, "tokens": part.tokens, "left_out_tokens": part.left_tokens, "left_out_blocks": part.left_blocks}
    return {
        **{name: getattr(made, name) for name in PLAIN_FIELDS}, "fetched_at": moment(made.fetched_at),
        "checked_at": moment(made.checked_at), "age": max(0, int(now - made.checked_at)), "tokens": made.tokens,
        "tokens_exact": made.exact, "cut": cut if part.left_tokens else None, "text": part.text,
        "links": [{"text": words, "url": url} for words, url in made.links],
        "headings": [{"level": level, "text": words} for level, words in made.headings],
        "receipt": receipt_of(made, part, limit), "offers": made.offers, "pages": list(made.pages), "notes": list(made.notes),
    }


def receipt_of(made: Reading, part: Part, limit: int | None) -> dict[str, Any]:
    """The receipt of as much of the text as is given."""
    if not part.left_tokens or limit is None:
        return made.receipt
    from server.reading import counts_in

    return receipts.cut(made.receipt, counts_in(part.text), limit)


def file_name(made: Reading, ending: str = "md") -> str:
    """A name for a download that no system stumbles on, made of the title's or the address's plain letters."""
    plain = unicodedata.normalize("NFKD", made.title or made.url).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_NAME].strip("-")
    return f"{stem or 'page'}.{ending}"


# ---------------------------------------------------------------- faults

@dataclass(frozen=True)
class Fault:
    """How a fault is told: the HTTP status, a name for programs, a title, and what to do next."""

    status: int
    name: str
    title: str
    advice: str


AGAIN = "Try again in a while."
FAULTS: tuple[tuple[type[LeashError], Fault], ...] = (
    (NotFound, Fault(404, "not-found", "There is no such thing here", "Check the address.")),
    (BadInput, Fault(400, "bad-input", "That cannot be used", "Mend the address or the option, and ask again.")),
    (Refused, Fault(403, "refused", "Leash does not open this address",
                    "If it is a page of a network that Leash may read, name the network in the setting LEASH_ALLOW_NETS.")),
    (TooBig, Fault(502, "too-big", "The page is too large", "Ask for a smaller page, or raise the setting LEASH_PAGE_BYTES.")),
    (TooSlow, Fault(504, "too-slow", "The page did not come in time",
                    "Try again; for a site that is always slow, raise the setting LEASH_PAGE_SECONDS.")),
    (BadStatus, Fault(502, "site-status", "The site answered with an error", "Open the address in a browser to see what the site says.")),
    (Walled, Fault(502, "walled", "The site shows a wall in place of the page", "Open it in your own browser to see what it asks for.")),
    (Unreadable, Fault(502, "unreadable", "No text could be had from the page",
                       "Open the address in your own browser to see what it holds.")),
    (FetchError, Fault(502, "unreachable", "The page could not be read", "Check the address, or try again in a while.")),
    (Busy, Fault(503, "busy", "Leash is busy", AGAIN)),
    (StorageError, Fault(507, "storage", "Leash cannot keep the text", "Make room on the disk of the data folder.")),
    (LeashError, Fault(500, "fault", "A fault of Leash’s own", "Its log in the data folder tells more.")),
)
SLOW_DOWN = Fault(503, "slow-down", "The site asks to slow down", AGAIN)


SAYS_NEXT = re.compile(r"(?<=[.:)] )(?:Add|Ask|Check|Choose|Give|Leave|Log in|Make|Open|Raise|Save|Try|Write)\b[^:]*\Z")


def fault_of(error: LeashError) -> Fault:
    if isinstance(error, BadStatus) and error.status == 429:
        return SLOW_DOWN
    return next(fault for kind, fault in FAULTS if isinstance(error, kind))


def next_step(error: LeashError) -> str:
    """What to do now: as the fault itself says it in its last words, else what always helps with its kind."""
    said = SAYS_NEXT.search(str(error))
    return said[0] if said else fault_of(error).advice


def problem_json(error: LeashError, url: str) -> dict[str, Any]:
    """The fault as an RFC 9457 problem; `next` says what to do, `upstream_status` what the site answered."""
    fault = fault_of(error)
    body = {"type": f"urn:leash:problem:{fault.name}", "title": fault.title, "status": fault.status, "detail": str(error),
            "next": next_step(error), "url": url, "retry_after": error.retry_after,
            "upstream_status": getattr(error, "status", None), "wall": getattr(error, "wall", None)}
    return {name: value for name, value in body.items() if value not in (None, "")}


def problem_markdown(error: LeashError, url: str) -> str:
    return "\n\n".join(filter(None, [f"# {fault_of(error).title}", *sentences_of(error), url])) + "\n"


def sentences_of(error: LeashError) -> list[str]:
    """What happened and why, and what to do next where that is not said in it."""
    advice = next_step(error)
    return [str(error)] if str(error).endswith(advice) else [str(error), advice]
