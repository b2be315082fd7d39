"""The last reading of a report: its statements numbered for the model, and the model's wishes carried out by code.

The model names statements by their numbers and nothing else, so no mark passes through its hands: what it drops or says
anew keeps its citations, and each sentence of its summary carries those of the statements that it was made from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from agent.markup import Piece, edited, idents_in, opens, outside_code, pieces, said, settled, unmarked
from agent.shape import pick

MOST_DROPPED = 1 / 3  # of all statements: more is a misunderstanding
MARKS = 4  # most marks that a sentence of the summary carries
FIGURE = re.compile(r"\d+(?:[.,:-]\d+)*")
STOP_AT_END = re.compile(r"[.!?…。！？]+[\"'”’)]*$|$")

NUMBER = {"type": "integer"}
SCHEMA = {
    "type": "object", "additionalProperties": False, "required": ["summary", "drop", "rewrite", "answered"],
    "properties": {
        "summary": {"type": "array", "items": {
            "type": "object", "additionalProperties": False, "required": ["text", "from"],
            "properties": {"text": {"type": "string"}, "from": {"type": "array", "items": NUMBER}}}},
        "drop": {"type": "array", "items": {
            "type": "object", "additionalProperties": False, "required": ["s", "same_as"],
            "properties": {"s": NUMBER, "same_as": NUMBER}}},
        "rewrite": {"type": "array", "items": {
            "type": "object", "additionalProperties": False, "required": ["s", "text"],
            "properties": {"s": NUMBER, "text": {"type": "string"}}}},
        "answered": {"type": "array", "items": {
            "type": "object", "additionalProperties": False, "required": ["m", "s"],
            "properties": {"m": NUMBER, "s": NUMBER}}}}}


@dataclass(frozen=True)
class Statement:
    """One piece of one section, as the model sees it: S with its number."""

    section: int
    place: int
    piece: Piece
    text: str
    idents: tuple[str, ...]


def statements(bodies: Sequence[str]) -> list[Statement]:
    """All pieces of all sections in order; the first is S1."""
    return [Statement(section, place, piece, said(body, piece), tuple(idents_in(body[piece.start:piece.end])))
            for section, body in enumerate(bodies) for place, piece in enumerate(pieces(body))]


def numbered(titles: Sequence[str], rows: Sequence[Statement]) -> list[str]:
    """The report as the model reads it, a block a section."""
    blocks = []
    for section, title in enumerate(titles):
        lines = [f"S{number}: {row.text}" for number, row in enumerate(rows, 1) if row.section == section]
        blocks.append("\n".join([f"Section: {title}", *lines]))
    return blocks


def summary_of(data: Any, rows: Sequence[Statement]) -> str:
    """The summary, each sentence with the marks of the statements that it says again. A sentence from none is left out."""
    found, opener = [], ""
    for one in listed(data, "summary"):
        text = one_line(one.get("text"))
        idents = marks_for(text, [rows[n] for n in numbers(one.get("from"), rows)], rows)
        if idents:
            found.append(marked(f"{opener} {text}".strip(), idents))
            opener = ""
        elif text and opens(text):
            opener = text
    return " ".join(found)


def marks_for(text: str, sources: list[Statement], rows: Sequence[Statement]) -> list[str]:
    """One mark of each source, then the rest, MARKS at most. A figure that no source has points to one that was meant."""
    if not text or not sources:
        return []
    lost = figures(text) - figures(" ".join(row.text for row in sources))
    meant = [row for row in rows if row.idents and lost & figures(row.text)]
    if meant:
        sources = [*sources, max(meant, key=lambda row: (len(lost & figures(row.text)), len(words(text) & words(row.text))))]
    firsts = [ident for row in sources for ident in row.idents[:1]]
    return list(dict.fromkeys([*firsts, *(ident for row in sources for ident in row.idents)]))[:MARKS]


def applied(bodies: Sequence[str], data: Any, rows: Sequence[Statement]) -> list[str]:
    """The sections without what was said twice, and with what was said better. No citation is lost by either."""
    drops = dropped(data, rows)
    changes: dict[int, str | None] = dict.fromkeys(drops)
    for n, words_anew in rewritten(data, rows).items():
        if n not in drops:
            changes[n] = marked(words_anew, rows[n].idents)
    for n, kept in drops.items():
        lacking = [ident for ident in rows[n].idents if ident not in rows[kept].idents]
        if lacking:
            changes[kept] = marked(changes.get(kept) or source(bodies, rows[kept]), lacking)
    return [edited(body, {rows[n].place: text for n, text in changes.items() if rows[n].section == section}).strip()
            for section, body in enumerate(bodies)]


def dropped(data: Any, rows: Sequence[Statement]) -> dict[int, int]:
    """Which statements go, and for each the one that stays for it. Tables stay whole, and so does most of the report."""
    found: dict[int, int] = {}
    for one in listed(data, "drop"):
        pair = [*numbers([one.get("s")], rows), *numbers([one.get("same_as")], rows)]
        if len(pair) == 2 and may_go(*pair, rows, found):
            found[pair[0]] = pair[1]
    return found if len(found) <= MOST_DROPPED * len(rows) else {}


def may_go(gone: int, kept: int, rows: Sequence[Statement], found: dict[int, int]) -> bool:
    """No statement goes that another one stays for, and none stays for one if it has gone itself."""
    free = gone != kept and kept not in found and gone not in found.values()
    return free and not rows[gone].piece.cells and not rows[kept].piece.row


def rewritten(data: Any, rows: Sequence[Statement]) -> dict[int, str]:
    """Better words for statements, if they bring no figure of their own, lose none, and are no longer than twice the old ones."""
    found = {}
    for one in listed(data, "rewrite"):
        text = one_line(one.get("text"))
        for n in numbers([one.get("s")], rows):
            row = rows[n]
            if text and not row.piece.cells and figures(text) == figures(row.text) and len(text) <= 2 * len(row.text) + 40:
                found[n] = text + stop_of(row, text)
    return found


def stop_of(row: Statement, text: str) -> str:
    """The full stop that the old words had and the new ones lack."""
    old, new = (STOP_AT_END.search(words).group() for words in (row.text, text))
    return "" if new else old


def still_missing(data: Any, lines: Sequence[str], rows: Sequence[Statement]) -> list[str]:
    """The "Not found" lines of the writers, but for those that a statement with a source answers."""
    answered = {m for one in listed(data, "answered") for m in numbers([one.get("m")], lines)
                if any(rows[n].idents for n in numbers([one.get("s")], rows))}
    return [line for m, line in enumerate(lines) if m not in answered]


def source(bodies: Sequence[str], row: Statement) -> str:
    return bodies[row.section][row.piece.start:row.piece.end]


def marked(text: str, idents: Iterable[str]) -> str:
    """With these marks at the end of each of its sentences, before the full stop."""
    marks = "".join(f"[{ident}]" for ident in idents)
    for piece in reversed(pieces(text)) if marks else ():
        sentence = text[piece.start:piece.end]
        at = piece.start + STOP_AT_END.search(sentence).start()
        joined = text[:at].rstrip()
        blank = "" if joined.endswith("]") else " "
        text = f"{joined}{blank}{marks}{text[at:]}"
    return text


def one_line(text: Any) -> str:
    """A model's sentence without marks, on one line, which is no heading, list or table."""
    if not isinstance(text, str):
        return ""
    line = outside_code(" ".join(settled(text).split()), unmarked)
    return re.sub(r"^(?:[#>|*+-]+\s+|not found\W{0,3}:.*$)", "", line, flags=re.IGNORECASE).strip()


def listed(data: Any, name: str) -> list[dict[str, Any]]:
    rows = pick(data, name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def numbers(values: Any, rows: Sequence[Any]) -> list[int]:
    """Places in `rows` of the numbers that the model gave (from 1; "S7" is 7)."""
    found = [re.search(r"\d{1,4}", str(value)) for value in values] if isinstance(values, list) else []
    return [int(one[0]) - 1 for one in found if one and 0 < int(one[0]) <= len(rows)]


def figures(text: str) -> set[str]:
    return set(FIGURE.findall(text))


def words(text: str) -> set[str]:
    return set(re.findall(r"\w{3,}", text.lower()))
