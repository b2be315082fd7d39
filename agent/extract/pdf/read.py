"""A PDF as text: its pages one after the other, without the lines that every page repeats. Pages that time does not suffice
for are left out, and said to be. Knows what a page's number is worth; words, lines and blocks are made by its neighbours.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from agent.errors import Unreadable
from agent.extract.pdf.blocks import Block, Style, blocks_of, over_pages
from agent.extract.pdf.layout import Row, reading_order
from agent.extract.pdf.words import Pdf
from agent.extract.source import Found, Source, day

READING = 0.66  # of the time for a document: making blocks of the lines takes the rest
MOST_MISSING = 20  # pages in a row that are declared and are not there
EDGE = 3  # lines at the top and at the bottom of a page, among which a running head or foot is looked for
NUMBERING = re.compile(r"\W*(?:page|seite|página|p\.?)?\s*(?:\d{1,4}|[ivxlc]{1,7})(?:\s*(?:/|of|von|de)\s*\d{1,4})?\W*", re.IGNORECASE)
OWN_NUMBER = re.compile(r"\A\W*(?:\d+|[ivxlc]+\b)|(?:\b\d+|\b[ivxlc]+)(?:\s*(?:/|of|von|de|sur)\s*\d+)?\W*\Z")
NO_TITLE = re.compile(r"^(?:microsoft (?:word|powerpoint)\s*-|untitled|document\d*$|slide \d|.*\.(?:docx?|dvi|tex|indd|pptx?|pdf|fm|md)$)",
                      re.IGNORECASE)
LIKE_STRUCTURE = re.compile(r"#{1,6} |```|~~~|>")
SCANNED = "This PDF holds pictures of pages only (it is scanned): there is no text in it that Leash could read."


def read(source: Source) -> Found:
    """Raises Unreadable for one that is encrypted, broken, or holds pictures of pages only: each has its own sentence."""
    body = source.body
    pdf = Pdf(body[body.find(b"%PDF-"):])
    found = Found("pdf", "", extractor="pdfium")
    pages = taken(pdf, source, found)
    if not any(pages):
        raise Unreadable(SCANNED if pages else "This PDF is broken or cut off, so it cannot be opened.")
    note_empty(pages, found)
    pages = without_running_lines(pages, found)
    style = Style(pages, pdf.marks())
    blocks = over_pages([block for number, rows in enumerate(pages) for block in blocks_of(rows, number, style)], style)
    write(blocks, len(pages), found)
    describe(pdf, blocks, found)
    return found


def taken(pdf: Pdf, source: Source, found: Found) -> list[list[Row]]:
    """The rows of as many pages as time suffices for."""
    pages: list[list[Row]] = []
    missing = 0
    for number in range(pdf.count):
        if source.used > READING or missing > MOST_MISSING:
            break
        page = pdf.page(number)
        missing = missing + 1 if page is None else 0
        pages.append(reading_order(*page) if page else [])
    pages = pages[:len(pages) - missing]
    if len(pages) < pdf.count:
        why = "they are declared, but not there" if missing > MOST_MISSING or missing == pdf.count else "there was no time for them"
        found.drop(f"pages {len(pages) + 1:,} to {pdf.count:,}", why)
    return pages


def note_empty(pages: list[list[Row]], found: Found) -> None:
    empty = [number for number, rows in enumerate(pages, 1) if not rows]
    if empty:
        shown = ", ".join(map(str, empty[:10])) + (" and more" if len(empty) > 10 else "")
        found.drop(f"page{'s' * (len(empty) > 1)} {shown}", "no text in it: a picture or an empty page")


# ---------------------------------------------------------------- running heads and feet

def without_running_lines(pages: list[list[Row]], found: Found) -> list[list[Row]]:
    """The pages without the heads and feet that others share, and without their bare numbers."""
    if len(pages) < 3:
        return pages
    seen = Counter(key for rows in pages for key in {running_key(row) for edge in edges(rows) for row in edge})
    common = {key for key, count in seen.items() if count >= max(3, min(6, len(pages) // 4))}
    first = first_number(pages)
    out, lost = [], 0
    for number, rows in enumerate(pages):
        gone = {id(row) for row in running(rows, common, number + first)}
        lost += sum(len(row.text.split()) for row in rows if id(row) in gone)
        out.append([row for row in rows if id(row) not in gone])
    if lost:
        found.drop("running heads, feet and page numbers", "they repeat from page to page", lost)
    return out


def running(rows: list[Row], common: set[tuple[str, int]], printed: int) -> Iterator[Row]:
    """From both edges inwards, up to the first line that is the page's own."""
    for edge in edges(rows):
        for rank, row in enumerate(edge):
            numbered = rank == 0 and (NUMBERING.fullmatch(row.text) or printed in numbers(row))
            if not numbered and running_key(row) not in common:
                break
            yield row


def edges(rows: list[Row]) -> tuple[list[Row], list[Row]]:
    """The first and last lines by their height on the page, whatever column they are in, the outermost first."""
    ranked = sorted(rows, key=lambda row: -row.y)
    return ranked[:EDGE], ranked[::-1][:EDGE]


def outermost(rows: list[Row]) -> tuple[Row, ...]:
    return tuple(edge[0] for edge in edges(rows) if edge)


def first_number(pages: list[list[Row]]) -> int:
    """The printed number of the first page, as the heads and feet of most pages count; far off where they do not."""
    firsts = Counter(number - place for place, rows in enumerate(pages) for number in {
        number for row in outermost(rows) for number in numbers(row)})
    first, count = firsts.most_common(1)[0] if firsts else (0, 0)
    return first if count >= max(3, len(pages) // 4) else 1_000_000


def numbers(row: Row) -> set[int]:
    """The numbers at the ends of a short line."""
    ends = re.findall(r"\A\d{1,4}(?=\s|\Z)|(?<=\s)\d{1,4}\Z", row.text)
    return {int(end) for end in ends} if len(row.text) < 120 else set()


def running_key(row: Row) -> tuple[str, int]:
    """The line without the page's number, and its height on the page: a heading that recurs stands elsewhere each time."""
    return OWN_NUMBER.sub("#", row.text.lower())[:120], round(row.y / 4)


# ---------------------------------------------------------------- the text

def write(blocks: list[Block], count: int, found: Found) -> None:
    """Fills text and pages, and markdown: the same with a mark where each page starts."""
    parts, starts, length = [], {0: 0}, 0
    indents: list[float] = []
    for before, block in zip([None, *blocks], blocks, strict=False):
        glue = "" if before is None else "\n" if before.kind == block.kind == "item" else "\n\n"
        lead, shown = prefix(block, indents), block_text(block)
        length += len(glue)
        starts.setdefault(block.page, length)
        for offset, page in block.breaks:
            starts[page] = length + len(lead) + offset
        parts += [glue, lead, shown]
        length += len(lead) + len(shown)
    found.text = "".join(parts)
    found.pages = filled(starts, count, length)
    found.markdown = with_marks(found.text, starts)


def prefix(block: Block, indents: list[float]) -> str:
    """The indentation of an item of a list in a list. `indents` are the starts of the lists that are open."""
    if block.kind != "item":
        indents.clear()
        return ""
    while indents and block.x0 < indents[-1] - 3:
        indents.pop()
    if not indents or block.x0 > indents[-1] + 3:
        indents.append(block.x0)
    return "  " * (len(indents) - 1)


def block_text(block: Block) -> str:
    if block.kind == "heading":
        return f"{'#' * block.level} {block.text}"
    if block.kind == "code":
        fence = "`" * max(3, 1 + max(map(len, re.findall(r"`{3,}", block.text)), default=0))
        return f"{fence}\n{block.text}\n{fence}"
    return "\\" + block.text if LIKE_STRUCTURE.match(block.text) else block.text


def filled(starts: dict[int, int], count: int, length: int) -> list[int]:
    """Where each page starts; an empty one where the next does."""
    pages = [length] * count
    for page in range(count - 1, -1, -1):
        pages[page] = starts.get(page, pages[page + 1] if page + 1 < count else length)
    return pages


def with_marks(text: str, starts: dict[int, int]) -> str:
    out, end = [], 0
    for page, start in sorted(starts.items(), key=lambda item: item[1]):
        alone = start == 0 or text[start - 1] == "\n"
        out += [text[end:start], f"<!-- page {page + 1} -->" + ("\n\n" if alone else " ")]
        end = start
    return "".join([*out, text[end:]])


# ---------------------------------------------------------------- what it says of itself

def describe(pdf: Pdf, blocks: list[Block], found: Found) -> None:
    """Title, author and date: its own, if it is not the name of the file that it was made from."""
    title = " ".join(pdf.about("Title").split())
    found.title = title if len(title) > 2 and not NO_TITLE.match(title) else largest(blocks)
    found.author = " ".join(pdf.about("Author").split())
    found.date = pdf_day(pdf.about("ModDate")) or pdf_day(pdf.about("CreationDate"))


def largest(blocks: list[Block]) -> str:
    """The highest heading of the first two pages."""
    first = [block for block in blocks if block.kind == "heading" and block.page < 2]
    return min(first, key=lambda block: block.level).text if first else ""


def pdf_day(text: str) -> str:
    """The day of a date like D:20230306180657Z."""
    found = re.match(r"(?:D:)?((?:19|20)\d\d)([01]\d)([0-3]\d)", text)
    return "-".join(found.groups()) if found else day(text)
