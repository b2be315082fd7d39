"""Tables: of data as pipe tables, of layout as the blocks in their cells, of code as code.

A cell over several rows is said again in each of them, so that a row can be read alone; one over several columns is said
once, in the first. Rows of headings become one, each column's headings joined by “ / ”. A table without headings gets an
empty row of them. Columns in which nothing is said are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml.html import HtmlElement

from agent.extract.render import code
from agent.extract.render.tags import one_line

if TYPE_CHECKING:
    from agent.extract.render.markdown import Flow

WIDEST, TALLEST = 100, 65_534  # columns and rows that one cell can span
REPEATED = 20_000  # cells and 200 times as many characters that spanning may add to a table, whatever it says
RAGGED = 1_000_000  # cells from which on short rows are not filled up
LAYOUT = ("h1", "h2", "h3", "h4", "h5", "h6", "form", "article", "section", "blockquote", "main", "nav", "hr", "iframe", "video")
LARGE = 700  # characters: a cell that holds several paragraphs and more than these is a part of the page
PIPE = re.compile(r"\|")
ICONS = ("svg", "i", "span", "div")
SAID = re.compile(r"[\w .,:;%/+'’()-]{1,60}")  # nothing that Markdown would take for a mark
HEAD_CLASS = re.compile(r"head", re.IGNORECASE)


@dataclass
class Cell:
    text: str
    down: int = 1
    across: int = 1
    head: bool = False


@dataclass
class Row:
    cells: list[Cell]
    head: bool = False  # in <thead>


def table(flow: Flow, el: HtmlElement) -> list[str]:
    if (holder := code.table_code(el)) is not None:
        return code.block(flow, holder)
    rows = list(rows_of(flow, el))
    if flow.r.one_line:
        return in_one_line(flow, rows)
    if is_layout(el, rows):
        return flow.r.flow(el)
    captions = [flow.r.words(one) for one in el if one.tag == "caption" and not flow.r.silent(one)]
    return [*filter(None, captions), *pipes([read(flow, row) for row in rows], plain=not flow.r.rich)]


def grid(flow: Flow, el: HtmlElement) -> bool:
    """A table made of other elements, which say by their roles what they are; not one that holds another, or rows in rows."""
    if el.tag == "table" or flow.r.one_line or next(by_role(el, "table grid treegrid"), None) is not None:
        return False
    rows = list(by_role(el, "row"))
    if any(next(by_role(row, "row"), None) is not None for row in rows[:1]) or next(el.iter("table"), None) is not None:
        return False
    cells = [list(by_role(row, "cell gridcell columnheader rowheader")) for row in rows]
    if max(map(len, cells), default=0) < 2:
        return False
    said = [Row([Cell(cell_text(flow, cell), head="header" in (cell.get("role") or "")) for cell in row]) for row in cells]
    return flow.block(pipes(said))


def by_role(el: HtmlElement, roles: str) -> Iterator[HtmlElement]:
    return (inner for inner in el.iter() if isinstance(inner.tag, str) and inner is not el and inner.get("role") in roles.split())


def rows_of(flow: Flow, el: HtmlElement) -> Iterator[tuple[HtmlElement, list[HtmlElement]]]:
    """The rows of this table alone, not of one inside it; a foot that stands before the body comes last."""
    feet = []
    for part in el:
        if flow.r.silent(part):
            continue
        if part.tag == "tr":
            yield part, cells_of(flow, part)
        elif part.tag == "tfoot":
            feet.append(part)
        elif part.tag in ("thead", "tbody", "form", "div"):
            yield from ((row, cells_of(flow, row)) for row in part.iterchildren("tr") if not flow.r.silent(row))
    for part in feet:
        yield from ((row, cells_of(flow, row)) for row in part.iterchildren("tr") if not flow.r.silent(row))


def cells_of(flow: Flow, row: HtmlElement) -> list[HtmlElement]:
    return [cell for cell in row if cell.tag in ("td", "th") and not flow.r.silent(cell)]


def is_layout(el: HtmlElement, rows: list[tuple[HtmlElement, list[HtmlElement]]]) -> bool:
    role = (el.get("role") or "").lower()
    if not rows or role in ("presentation", "none"):
        return True
    cells = [cell for _, row in rows for cell in row]
    head = any(cell.tag == "th" for cell in cells) or el.find("thead") is not None or el.find("caption") is not None
    if max(len(row) for _, row in rows) < 2:
        return not head or len(rows) < 2
    if head:
        return len(rows) == 1 and any(is_part(cell) for cell in cells)
    return any(is_part(cell) for cell in cells)


def holds_data(el: HtmlElement) -> bool:
    """Whether a table would be said as one, as far as can be told before it is rendered."""
    rows = [(row, [cell for cell in row if cell.tag in ("td", "th")]) for row in el.xpath("./tr | ./*/tr")]
    return code.table_code(el) is None and not is_layout(el, rows)


def is_part(cell: HtmlElement) -> bool:
    """Whether a cell holds a part of a page rather than a value."""
    if next(cell.iter("table", "pre", *LAYOUT), None) is not None:
        return True
    return len(cell.findall(".//p")) + len(cell.findall(".//li")) > 2 and len(cell.text_content()) > LARGE


def read(flow: Flow, row: tuple[HtmlElement, list[HtmlElement]]) -> Row:
    parent = row[0].getparent()
    cells = [Cell(cell_text(flow, cell), span(cell.get("rowspan"), TALLEST), span(cell.get("colspan"), WIDEST), is_head(cell))
             for cell in row[1]]
    return Row(cells, parent is not None and parent.tag == "thead")


def is_head(cell: HtmlElement) -> bool:
    if cell.tag == "th":
        return cell.get("scope") not in ("row", "rowgroup")
    bold = len(cell) == 1 and cell[0].tag in ("b", "strong")
    return bold and not (cell.text or "").strip() and not (cell[0].tail or "").strip()


def span(text: str | None, most: int) -> int:
    found = re.match(r"\s*(\d{1,12})", text or "")
    return min(max(int(found[1]), 1), most) if found else 1


def cell_text(flow: Flow, cell: HtmlElement) -> str:
    text = flow.r.words(cell, "<br>" if flow.r.rich else " ") or icon_words(cell)
    return PIPE.sub(r"\\|", text)


def icon_words(cell: HtmlElement) -> str:
    """What the one icon in a cell says to those who cannot see it: yes, no, four of five stars."""
    said = [el.text or "" if el.tag == "title" else el.get("aria-label") or "" for el in cell.iter("title", *ICONS)
            if el.get("aria-hidden") != "true"]
    words = [one_line(text) for text in said if text.strip()]
    return words[0] if len(set(words)) == 1 and SAID.fullmatch(words[0]) else ""


def in_one_line(flow: Flow, rows: list[tuple[HtmlElement, list[HtmlElement]]]) -> list[str]:
    """A table within a cell: its rows parted by semicolons, the first cell of each by a colon."""
    said = []
    for _, cells in rows:
        words = [text for text in (flow.r.words(cell, " ") for cell in cells) if text]
        said.append(words[0] + ": " + ", ".join(words[1:]) if len(words) > 1 else "".join(words))
    text = ("; " if flow.r.rich else " ").join(filter(None, said))
    return [text] if text else []


def pipes(rows: list[Row], plain: bool = False) -> list[str]:
    rows = [row for row in rows if any(cell.text for cell in row.cells)]
    if not rows:
        return []
    heads = head_rows(rows) or int(plain)
    body = [joined_heads(rows[:heads]), *laid_out(rows)[heads:]]
    used = range(max(map(len, body)))
    if len(used) * len(body) < RAGGED:
        body = [padded(row, len(used)) for row in body]
        used = [at for at in used if any(row[at] for row in body)]
        body = [[row[at] for at in used] for row in body]
    lines = ["| " + " | ".join(row) + " |" for row in body]
    return ["\n".join([lines[0] if body[0] else "|" + "  |" * len(used), "|" + "---|" * len(used), *lines[1:]])]


def head_rows(rows: list[Row]) -> int:
    """How many of the first rows are headings: those in <thead>, else those of headings alone (not a group's title)."""
    declared = any(row.head for row in rows)
    count = 0
    for row in rows:
        titles = all(cell.head or not cell.text for cell in row.cells) and (len(row.cells) > 1 or count == 0)
        if not (row.head if declared else titles):
            break
        count += 1
    return count if count < min(5, len(rows)) else 1


def laid_out(rows: list[Row]) -> list[list[str]]:
    """Each row's texts by column; a cell from above goes on as far as it spans."""
    out: list[list[str]] = []
    above: dict[int, tuple[int, str]] = {}  # column -> rows that it still spans, its text
    spare = REPEATED
    for at, row in enumerate(rows):
        line, going, column = [], {}, 0
        cells = iter(row.cells)
        cell = next(cells, None)
        while cell is not None or any(key >= column for key in above):
            if column in above:
                left, text = above.pop(column)
                spare -= 1 + len(text) // 200
                line.append(text if spare > 0 else "")
                if left > 1 and spare > 0:
                    going[column] = (left - 1, text)
                column += 1
            elif cell is not None:
                across = cell.across if spare > 0 else 1
                spare -= across - 1
                line += [cell.text, *[""] * (across - 1)]
                if cell.down > 1 and at + 1 < len(rows):
                    going.update({column + step: (cell.down - 1, cell.text if not step else "") for step in range(across)})
                column += across
                cell = next(cells, None)
            else:
                line.append("")
                column += 1
        above = going
        out.append(line)
    return out


def joined_heads(rows: list[Row]) -> list[str]:
    """One heading for each column; a heading over several columns is part of each of theirs, where there are rows of them."""
    many = len(rows) > 1 and sum(cell.across for row in rows for cell in row.cells) < REPEATED
    lines = laid_out([spread(row) for row in rows] if many else rows)
    width = max((len(line) for line in lines), default=0)
    columns = zip(*(padded(line, width) for line in lines), strict=True)
    return [" / ".join(dict.fromkeys(text for text in column if text)) for column in columns]


def spread(row: Row) -> Row:
    return Row([Cell(cell.text, cell.down) for cell in row.cells for _ in range(cell.across)])


def padded(row: list[str], width: int) -> list[str]:
    return row + [""] * (width - len(row))
