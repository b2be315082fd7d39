"""The lines of a PDF's pages as Markdown blocks: headings, paragraphs, lists, tables and code. Knows no PDF, only lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from agent.extract.pdf.layout import Piece, Row
from agent.extract.pdf.words import Mark

BULLET = re.compile(r"^([•◦▪▸►‣⁃∙●○■□–—*·\uf0b7\uf0a7-])\s+(?=\S)")
NUMBER = re.compile(r"^(?:\(?(?:\d{1,3}|[a-z]|[ivx]{1,4})[.)]|\[\d{1,3}\])\s+(?=\S)")
LEADERS = re.compile(r"(?:\s?[.·]){4,}\s*")
HYPHENS = ("\u00ad", "-", "\u2010")
WORDS = re.compile(r"\w+")
COMPOUND = re.compile(r"\b\w+-\w+\b")
LAST_WORD, FIRST_WORD = re.compile(r"(\w+)\W?\Z"), re.compile(r"\A(\w+)")
ENDED = (".", "!", "?", ":", ";", "。", "”", '"', ")")
UNSPACED = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60]")
HEADING_WORDS = 30


@dataclass(slots=True)
class Block:
    """`kind`: heading, text, item, table or code. `page` counts from 0; `x0` is where it starts.

    `breaks` are the places in the text where a further page starts, with that page.
    """

    kind: str
    text: str
    page: int
    level: int = 0
    x0: float = 0.0
    breaks: list[tuple[int, int]] = field(default_factory=list)


class Style:
    """What is usual in this document: the size of its prose, its heading sizes, its hyphens, its outline."""

    def __init__(self, pages: list[list[Row]], marks: list[Mark]) -> None:
        letters: Counter[float] = Counter()
        self.compounds: set[str] = set()
        bold = 0
        for row in (row for rows in pages for row in rows):
            letters[row.kind.size] += len(row.text)
            bold += len(row.text) * row.kind.bold
            if "-" in row.text:
                self.compounds.update(COMPOUND.findall(row.text.lower()))
        self.body = letters.most_common(1)[0][0] if letters else 10.0
        self.mostly_bold = bold > 0.4 * sum(letters.values())
        large = sorted((size for size in letters if size >= self.body * 1.12), reverse=True)
        self.levels = {size: min(4, rank) for rank, size in enumerate(large, 1)}
        self.marks: dict[int, dict[str, int]] = {}
        for mark in marks:
            self.marks.setdefault(mark.page, {})[bare(mark.title)] = mark.level

    def level(self, row: Row, page: int) -> int:
        """The level of the heading that the line is, 0 if it is none."""
        if len(row.text.split()) > HEADING_WORDS or not re.search(r"[^\W\d_]", row.text) or LEADERS.search(row.text):
            return 0
        if marked := self.marked(bare(row.text), page):
            return marked
        if row.kind.size in self.levels:
            return self.levels[row.kind.size]
        least = self.body * (0.8 if row.text.isupper() else 0.95)
        if row.kind.bold and not self.mostly_bold and row.kind.size >= least and not row.text.endswith((".", ",", ";")):
            return min(6, len(set(self.levels.values())) + 1)
        return 0

    def marked(self, text: str, page: int) -> int:
        """The outline's level of a line that says what a bookmark of the page says, but for its number."""
        for title, level in self.marks.get(page, {}).items():
            if title and len(text) < len(title) + 14 and (text == title or (len(title) > 3 and re.fullmatch(
                    rf"(?:chapter|appendix|section|part)?[\da-zivx]{{0,6}}{re.escape(title)}", text))):
                return min(6, level)
        return 0


def bare(text: str) -> str:
    return "".join(WORDS.findall(text.lower()))[:200]


def blocks_of(rows: list[Row], page: int, style: Style) -> Iterator[Block]:
    """The page's blocks, in order."""
    place, pitches = 0, usual_pitches(rows)
    while place < len(rows):
        if cells := rows[place].cells[0].cells:
            yield Block("table", pipes(cells), page)
            place += 1
            continue
        for find in (code_run, table_run):
            if end := find(rows, place):
                text = code_text(rows[place:end]) if find is code_run else table_text(rows[place:end])
                yield Block("code" if find is code_run else "table", text, page)
                place = end
                break
        else:
            end, block = heading(rows, place, page, style) or paragraph(rows, place, page, (style, pitches))
            yield block
            place = end


# ---------------------------------------------------------------- headings and paragraphs

def heading(rows: list[Row], place: int, page: int, style: Style) -> tuple[int, Block] | None:
    """A heading, over as many lines as it takes."""
    row, level = rows[place], style.level(rows[place], page)
    if not level:
        return None
    end, lines = place + 1, [row.text]
    while end < len(rows) and len(lines) < 4 and same_heading(row, rows[end - 1], rows[end]) \
            and style.level(rows[end], page) == level and not style.marked(bare(lines[0]), page):
        lines.append(rows[end].text)
        end += 1
    if len(lines) > 3 and row.kind.size not in style.levels:
        return None
    return end, Block("heading", joined(lines, style), page, level)


def same_heading(first: Row, before: Row, row: Row) -> bool:
    return row.kind == first.kind and not row.cells[0].cells and 0 < before.y - row.y < 1.5 * first.kind.size


def paragraph(rows: list[Row], place: int, page: int, usual: tuple[Style, dict[tuple[int, float], float]]) -> tuple[int, Block]:
    (style, pitches), first = usual, rows[place]
    item = mark_of(first.text)
    lines, end = [first], place + 1
    pitch = pitches.get((first.column, first.kind.size), 1.3 * first.kind.size)
    while end < len(rows) and continues(lines, rows[end], pitch, bool(item)) and not style.level(rows[end], page):
        if rows[end].cells[0].cells or code_run(rows, end) or table_run(rows, end):
            break
        lines.append(rows[end])
        end += 1
    text = joined([line.text for line in lines], style)
    entry = entry_of(lines[-1].text)
    if entry or (item and not NUMBER.match(text)):
        text = "- " + BULLET.sub("", text)
    return end, Block("item" if item or entry else "text", text, page, x0=first.x0)


def entry_of(text: str) -> bool:
    """Whether the line is of a table of contents: dots lead to a number."""
    return bool(LEADERS.search(text)) and text[-1:].isalnum()


def mark_of(text: str) -> str:
    found = BULLET.match(text) or NUMBER.match(text)
    return found[0] if found else ""


def usual_pitches(rows: list[Row]) -> dict[tuple[int, float], float]:
    """The distance of lines, for each column and size of letters."""
    steps: dict[tuple[int, float], list[float]] = {}
    for a, b in pairwise(rows):
        if a.column == b.column and a.kind.size == b.kind.size and 0 < a.y - b.y < 3 * a.kind.size:
            steps.setdefault((a.column, a.kind.size), []).append(a.y - b.y)
    return {key: median(found) for key, found in steps.items()}


def continues(lines: list[Row], row: Row, pitch: float, item: bool) -> bool:
    """Whether this line goes on with the paragraph."""
    last, size = lines[-1], lines[-1].kind.size
    if abs(row.kind.size - size) > 0.08 * size or row.kind.mono != last.kind.mono or mark_of(row.text) or entry_of(last.text):
        return False
    if row.column != last.column:
        return flows(last, row)
    step, indent = last.y - row.y, min(row.x0 - last.x0, row.x0 - last.cells[-1].x0, key=abs)
    if not 0 < step <= 1.3 * min(pitch, 1.6 * size):
        return False
    if last.text.endswith("\u00ad") and row.text[:1].islower():
        return True
    if last.x1 < last.edges[1] - 0.25 * (last.edges[1] - last.edges[0]) and last.text.endswith(ENDED):
        return False
    if item and len(lines) == 1:
        return indent > -0.5 * size
    return -0.8 * size * (1 if len(lines) > 1 else 5) < indent < 0.8 * size


def flows(last: Row, row: Row) -> bool:
    """Whether a line goes on with one that ended the column before."""
    return not last.text.endswith(ENDED) and row.text[:1].islower() and len(last.text) > 24


def joined(lines: list[str], style: Style) -> str:
    text = lines[0]
    for line in lines[1:]:
        text = knit(text, line, style)
    return LEADERS.sub(" … ", text).replace("\u00ad", "").strip()


def knit(text: str, line: str, style: Style) -> str:
    """Two lines as one: a word that was divided at the line's end is whole again, a hyphen of its own stays."""
    before, after = LAST_WORD.search(text), FIRST_WORD.search(line)
    if text.endswith(HYPHENS) and before and after and after[1][0].islower():
        compound = f"{before[1]}-{after[1]}".lower() in style.compounds or line[after.end():after.end() + 1] in HYPHENS
        return text[:-1] + ("-" if compound else "") + line
    if UNSPACED.match(text[-1:]) and UNSPACED.match(line[:1]):
        return text + line
    return f"{text[:-1]}-{line}" if text.endswith("\u00ad") else f"{text} {line}"


def over_pages(blocks: list[Block], style: Style) -> list[Block]:
    """The blocks, a paragraph or piece of code that goes on over a page's end in one."""
    out: list[Block] = []
    for block in blocks:
        last = out[-1] if out else None
        page = last.breaks[-1][1] if last and last.breaks else last.page if last else -1
        if last and block.page > page and last.kind in ("text", "item") and block.kind == "text" \
                and not last.text.endswith(ENDED) and block.text[:1].islower():
            last.text = knit(last.text, block.text, style)
            last.breaks.append((len(last.text) - len(block.text), block.page))
        else:
            out.append(block)
    return out


# ---------------------------------------------------------------- code

def code_run(rows: list[Row], place: int) -> int:
    """The end of the lines of even letters that start here, 0 if none do."""
    end = place
    while end < len(rows) and all(cell.kind.mono and not cell.cells for cell in rows[end].cells) and rows[end].column == rows[place].column:
        end += 1
    return end if end > place and (end > place + 1 or len(rows[place].text.split()) > 1) else 0


def code_text(rows: list[Row]) -> str:
    """The lines with their indentation and inner gaps, counted in letters' widths; a taller gap is an empty line."""
    widths = [(cell.x1 - cell.x0) / len(cell.text) for row in rows for cell in row.cells if len(cell.text) > 3]
    width, left = max(1.0, median(widths) if widths else 5.0), min(row.x0 for row in rows)
    steps = [a.y - b.y for a, b in pairwise(rows) if a.y > b.y]
    pitch, lines = (median(steps) if steps else 10.0), []
    for before, row in pairwise([rows[0], *rows]):
        if before is not row and before.y - row.y > 1.6 * pitch:
            lines.append("")
        lines.append(placed(row.cells, left, width))
    return "\n".join(lines).replace("\u00ad", "-")


def placed(cells: list[Piece], left: float, width: float) -> str:
    line = ""
    for cell in cells:
        gap = min(200, round((cell.x0 - left) / width)) - len(line)
        line += " " * max(gap, 1 if line else 0) + cell.text
    return line


# ---------------------------------------------------------------- tables

def table_run(rows: list[Row], place: int) -> int:
    """The end of the table that starts here, 0 if none does: rows of several cells that stand below one another."""
    if not is_row(rows[place]):
        return 0
    end = place
    while end < len(rows) and rows[end].column == rows[place].column and (is_row(rows[end]) or is_rest(rows, end, place)):
        end += 1
    while end > place and not is_row(rows[end - 1]) and not is_rest(rows, end - 1, place):
        end -= 1
    several = [row for row in rows[place:end] if is_row(row)]
    enough = len(several) >= 3 or (len(several) == 2 and min(len(row.cells) for row in several) > 2)
    return end if enough and aligned(several) else 0


def is_row(row: Row) -> bool:
    return len(row.cells) > 1 and not mark_of(row.text) and not LEADERS.search(row.text) and not all(c.kind.mono for c in row.cells)


def is_rest(rows: list[Row], here: int, start: int) -> bool:
    """Whether a line of one cell goes on with a cell of the row above: it stands close below it, under a later cell."""
    row, above = rows[here], rows[here - 1]
    return here > start and len(row.cells) == 1 and 0 < above.y - row.y < 1.4 * row.kind.size \
        and row.x0 > rows[start].cells[0].x1 and any(abs(row.x0 - cell.x0) < row.kind.size for cell in rows[start].cells)


def aligned(rows: list[Row]) -> bool:
    """Whether the cells fall into columns that most rows have."""
    spans = spans_of(rows)
    if not 2 <= len(spans) <= 20:
        return False
    filled = Counter(rank for row in rows for rank in {span_of(cell, spans) for cell in row.cells})
    return all(filled[rank] * 3 >= len(rows) for rank in range(len(spans))) and sum(len(r.cells) for r in rows) > 1.5 * len(rows)


def spans_of(rows: list[Row]) -> list[tuple[float, float]]:
    """The columns: where cells overlap in width, they are of one."""
    spans: list[tuple[float, float]] = []
    for cell in sorted((cell for row in rows for cell in row.cells), key=lambda c: c.x0):
        if spans and cell.x0 < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], cell.x1))
        else:
            spans.append((cell.x0, cell.x1))
    return spans


def span_of(cell: Piece, spans: list[tuple[float, float]]) -> int:
    return max(range(len(spans)), key=lambda rank: min(cell.x1, spans[rank][1]) - max(cell.x0, spans[rank][0]))


def table_text(rows: list[Row]) -> str:
    spans, lines = spans_of(rows), []
    for row in rows:
        line = [""] * len(spans)
        for cell in row.cells:
            rank = span_of(cell, spans)
            line[rank] = f"{line[rank]} {cell.text}".strip()
        if not is_row(row) and lines:
            lines[-1] = [f"{a} {b}".strip() for a, b in zip(lines[-1], line, strict=True)]
        else:
            lines.append(line)
    return pipes(lines)


def pipes(lines: list[list[str]]) -> str:
    shown = ["| " + " | ".join(cell.replace("\u00ad", "").replace("|", "\\|") for cell in line) + " |" for line in lines]
    return "\n".join([shown[0], "|" + "---|" * len(lines[0]), *shown[1:]])
