"""A quote as Markdown, laid out as its page has it: code as code, rows under the header of their table, items with their marks.

The words are the quote's own. A header that stands further up in the page is shown with the rows, and is no part of the quote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from agent.passages import sentences_near
from agent.records import Passage

ROW = re.compile(r"\s*\| ")
RULE = re.compile(r"\s*\|(?:---\|)+\s*")
MARK = re.compile(r"(?:- |\d{1,9}[.)] )$")
QUOTATION = re.compile(r"(?:\s*>(?: |$))*")
CELL = re.compile(r"(?<!\\)\|")


def quotation(text: str, passage: Passage, mark: str) -> str:
    """The passage of this text as a Markdown quotation that ends in `mark`; its words mean nothing but themselves."""
    blocks = [code(text, passage)] if is_code(text, passage) else list(prose_and_tables(text, passage))
    last = blocks[-1]
    if last[-1].startswith(("|", "`")):
        blocks.append([mark])
    else:
        last[-1] = f"{last[-1]} {mark}"
    return "\n>\n".join("\n".join(f"> {line}" for line in block) for block in blocks)


def is_code(text: str, passage: Passage) -> bool:
    """Prose and code never share a passage."""
    return any(one.code and one.start <= passage.start < one.end for one in sentences_near(text, passage.start, passage.end))


def code(text: str, passage: Passage) -> list[str]:
    """Its lines, indented among each other as in the page, in a fence that they cannot close."""
    at = line_start(text, passage.start)
    lines = text[at:passage.end].split("\n")
    if ">" in text[at:passage.start]:
        lines = [line[QUOTATION.match(line).end():] for line in lines]
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    longest = max((len(run) for run in re.findall(r"`+", passage.text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [fence, *(line[margin:].rstrip() for line in lines), fence]


def prose_and_tables(text: str, passage: Passage) -> Iterator[list[str]]:
    """Blocks of lines: what is no table is one block after the other, each of its lines ended by a break."""
    mark = MARK.search(text[line_start(text, passage.start):passage.start])
    lines = [line[QUOTATION.match(line).end():] for line in f"{mark[0] if mark else ''}{passage.text}".split("\n")]
    header = header_of(text, passage.start)
    for is_row, group in groupby(filter(str.strip, lines), key=in_table):
        if is_row:
            if rows := [line for line in group if not RULE.fullmatch(line)]:
                yield table(header, rows)
        else:
            told = [plain(line.strip()) for line in group]
            yield [*(f"{line}  " for line in told[:-1]), told[-1]]
        header = ""


def in_table(line: str) -> bool:
    return bool(ROW.match(line) or RULE.fullmatch(line))


def header_of(text: str, at: int) -> str:
    """The first row of the table that this place is in, "" where it is in none."""
    found, start = "", line_start(text, at)
    while in_table(line := text[start:line_end(text, start)]):
        found = line
        if not start:
            break
        start = line_start(text, start - 1)
    return found


def header_over(text: str, passage: Passage) -> str:
    """The header further up in the page under which the passage's first row stands; "" where there is none, or the passage has it."""
    header = header_of(text, passage.start)
    return "" if header in passage.text.split("\n") else header.strip()


def table(header: str, rows: Sequence[str]) -> list[str]:
    """Rows under their header; without one, the first row is it."""
    every = [cells(line) for line in ([header] if header and header not in rows else []) + list(rows)]
    width = max(map(len, every))
    head, *rest = (row([*one, *[""] * (width - len(one))]) for one in every)
    return [head, "|" + "---|" * width, *rest]


def cells(line: str) -> list[str]:
    """What stands between the bars of a row, as words."""
    return [cell.strip().replace("\\|", "|") for cell in CELL.split(line.strip())[1:-1]]


def row(found: Sequence[str]) -> str:
    return f"| {' | '.join(map(plain, found))} |"


def line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, max(at, 0)) + 1


def line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def plain(text: str) -> str:
    """Page text in Markdown, where it must mean nothing but itself."""
    return re.sub(r"([\\`*_\[\]<>#|~!&])", r"\\\1", text)
