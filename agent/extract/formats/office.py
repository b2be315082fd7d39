"""Word, PowerPoint and Excel files as text. Word by mammoth (which makes HTML of it), Excel by calamine, slides by their XML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from posixpath import dirname, join, normpath
from typing import Any

from lxml import etree
from lxml.html import HtmlElement

from agent.errors import Unreadable
from agent.extract.formats import data, tree
from agent.extract.formats.archive import Archive
from agent.extract.source import Found, Source, day

MOST_SLIDES = 1000
MOST_SHEETS = 50
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
DAMAGED = "This {} is damaged or of an unusual make, so it cannot be opened."


def parsed(raw: bytes) -> Any:
    """A part's root element; no entity is replaced, nothing is opened. Raises Unreadable for what is no XML."""
    try:
        return etree.fromstring(raw, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False))
    except (etree.XMLSyntaxError, ValueError) as fault:
        raise Unreadable("A part of this document is damaged, so it cannot be opened.") from fault


def part(archive: Archive, name: str) -> Any:
    return parsed(archive.read(name)) if name in archive.names else None


def about(archive: Archive, found: Found) -> None:
    """Title, author and date as the file says them of itself."""
    core = part(archive, "docProps/core.xml")
    said = {el.tag.rpartition("}")[2]: (el.text or "").strip() for el in core if isinstance(el.tag, str)} if core is not None else {}
    found.title = found.title or said.get("title", "")
    found.author, found.date = said.get("creator", ""), day(said.get("modified") or said.get("created") or "")
    found.language = said.get("language", "").split("-")[0]


# ---------------------------------------------------------------- Word

def read_docx(source: Source) -> Found:
    """Headings, lists, tables, notes and links; of pictures their descriptions."""
    import zipfile
    from xml.parsers.expat import ExpatError

    import mammoth

    archive = Archive(source.body)
    refuse_entities(archive)
    found = Found("docx", "", extractor="mammoth")
    try:
        html = mammoth.convert_to_html(BytesIO(source.body), convert_image=mammoth.images.img_element(lambda image: {"src": ""})).value
    except (LookupError, ValueError, AttributeError, TypeError, OSError, RecursionError, ExpatError, zipfile.BadZipFile) as fault:
        raise Unreadable(DAMAGED.format("Word document")) from fault
    root = tree.fragment(html, "")
    found.text, found.markdown = tree.texts(root, source)
    about(archive, found)
    heading = next((el.text_content() for el in root.iter("h1", "h2")), "")
    found.title = found.title or " ".join(heading.split())
    return checked(found, "Word document")


def refuse_entities(archive: Archive) -> None:
    """mammoth's parser would replace entities, which no Office file declares."""
    for name in archive.names:
        if name.endswith((".xml", ".rels")) and re.search(rb"<!(?:DOCTYPE|ENTITY)", archive.read(name)):
            raise Unreadable("This document declares entities of its own, as attacks do and documents do not, so Leash did not open it.")


def checked(found: Found, kind: str) -> Found:
    if not found.text.strip():
        raise Unreadable(f"This {kind} holds no text.")
    return found


# ---------------------------------------------------------------- PowerPoint

def read_pptx(source: Source) -> Found:
    """Each slide a heading with its text, tables and the speaker's notes, in the order of the show."""
    archive, found, body = Archive(source.body), Found("pptx", ""), tree.new("div")
    slides = slides_of(archive)
    for number, name in enumerate(slides[:MOST_SLIDES], 1):
        if source.used > 1:
            found.drop(f"slides {number} to {len(slides)}", "there was no time for them")
            break
        add_slide(archive, name, number, body)
    if len(slides) > MOST_SLIDES:
        found.drop("slides", f"{len(slides) - MOST_SLIDES:,} more follow the first {MOST_SLIDES:,}")
    found.text, found.markdown = tree.texts(body, source)
    about(archive, found)
    found.title = found.title or next((el.text_content() for el in body.iter("h2")), "")
    return checked(found, "presentation")


def slides_of(archive: Archive) -> list[str]:
    name = next((name for name in archive.names if re.fullmatch(r"ppt/presentation\d*\.xml", name)), "")
    show, targets = part(archive, name), related(archive, name)
    if show is None:
        raise Unreadable(DAMAGED.format("presentation"))
    return [targets[one.get(RELATION)][1] for one in show.iter("{*}sldId") if one.get(RELATION) in targets]


def related(archive: Archive, name: str) -> dict[str, tuple[str, str]]:
    """The parts that a part refers to: for each reference the kind and the part's name."""
    root = part(archive, f"{dirname(name)}/_rels/{name.rpartition('/')[2]}.rels")
    if root is None:
        return {}
    return {el.get("Id", ""): (el.get("Type", "").rpartition("/")[2], normpath(join(dirname(name), el.get("Target", ""))).lstrip("/"))
            for el in root if isinstance(el.tag, str) and el.get("TargetMode") != "External"}


def add_slide(archive: Archive, name: str, number: int, body: HtmlElement) -> None:
    slide = part(archive, name)
    if slide is None:
        return
    shapes = [*slide.iter("{*}sp", "{*}graphicFrame")]
    titles = [shape for shape in shapes if (role(shape) or "").lower() in ("title", "ctrtitle")]
    title = " ".join(line for shape in titles[:1] for line, _ in lines_of(shape))
    body.append(tree.new("h2", title or f"Slide {number}"))
    for shape in shapes:
        if shape not in titles[:1] and role(shape) not in ("sldNum", "dt", "ftr"):
            add_shape(shape, body)
    for kind, target in related(archive, name).values():
        notes = part(archive, target) if kind == "notesSlide" else None
        if notes is not None:
            add_notes(notes, body)


def role(shape: Any) -> str | None:
    place = shape.find(".//{*}nvPr/{*}ph")
    return place.get("type", "body") if place is not None else None


def lines_of(shape: Any) -> Iterator[tuple[str, int]]:
    """Each paragraph of a shape, with its level."""
    for paragraph in shape.iter("{http://schemas.openxmlformats.org/drawingml/2006/main}p"):
        text = "".join("\n" if el.tag.endswith("}br") else el.text or "" for el in paragraph.iter("{*}t", "{*}br"))
        style = paragraph.find("{*}pPr")
        level = style.get("lvl", "0") if style is not None else "0"
        if text.strip():
            yield " ".join(text.split()), min(8, int(level)) if level.isdigit() else 0


def add_shape(shape: Any, body: HtmlElement) -> None:
    grid = shape.find(".//{*}tbl")
    if grid is not None:
        body.append(table_of([[" ".join(line for line, _ in lines_of(cell)) for cell in row.iter("{*}tc")] for row in grid.iter("{*}tr")]))
        return
    lines = list(lines_of(shape))
    if len(lines) < 2 or role(shape) is None:
        body.extend(tree.new("p", line) for line, _ in lines)
    else:
        body.append(nested(lines))


def nested(lines: list[tuple[str, int]]) -> HtmlElement:
    """Bullets as lists in lists."""
    root = tree.new("ul")
    open_lists = [root]
    for line, level in lines:
        while len(open_lists) > level + 1:
            open_lists.pop()
        while len(open_lists) < level + 1 and len(open_lists[-1]):
            open_lists[-1][-1].append(tree.new("ul"))
            open_lists.append(open_lists[-1][-1][-1])
        open_lists[-1].append(tree.new("li", line))
    return root


def table_of(rows: list[list[str]]) -> HtmlElement:
    table = tree.new("table")
    for rank, row in enumerate(rows):
        line = tree.new("tr")
        line.extend(tree.new("td" if rank else "th", cell) for cell in row)
        table.append(line)
    return table


def add_notes(notes: Any, body: HtmlElement) -> None:
    lines = [line for shape in notes.iter("{*}sp") if role(shape) == "body" for line, _ in lines_of(shape)]
    if lines:
        body.append(tree.new("h3", "Notes"))
        body.extend(tree.new("p", line) for line in lines)


# ---------------------------------------------------------------- Excel

def read_xlsx(source: Source) -> Found:
    """Each sheet a heading and a table of its first rows, values as they are shown where the file keeps them."""
    import python_calamine as calamine

    archive, found = Archive(source.body), Found("xlsx", "", extractor="calamine")
    try:
        book = calamine.load_workbook(BytesIO(source.body))
        names = book.sheet_names
    except (calamine.CalamineError, OSError, ValueError) as fault:
        raise Unreadable(DAMAGED.format("Excel workbook")) from fault
    parts = []
    for name in names[:MOST_SHEETS]:
        if source.used > 1:
            found.drop("sheets", "there was no time for all of them")
            break
        if lines := sheet_lines(book, name, found):
            parts += [f"## {' '.join(name.split())}", "\n".join(lines)]
    found.text = "\n\n".join(parts)
    found.markdown = found.text + data.noted(found)
    about(archive, found)
    found.title = found.title or (names[0] if names else "")
    return checked(found, "workbook")


def sheet_lines(book: Any, name: str, found: Found) -> list[str]:
    import python_calamine as calamine

    try:
        rest = book.get_sheet_by_name(name).iter_rows()
        rows = [[shown(cell) for cell in row] for row in islice(rest, data.MOST_ROWS)]
        more = sum(1 for _ in rest)
    except (calamine.CalamineError, OSError, ValueError, OverflowError) as fault:
        found.drop(f"the sheet {name}", f"it cannot be read ({type(fault).__name__})")
        return []
    if more:
        found.drop(f"rows of the sheet {name}", f"{more:,} more follow the first {data.MOST_ROWS:,}")
    return list(data.table(trimmed(rows), found))


def trimmed(rows: list[list[str]]) -> list[list[str]]:
    """Without the empty columns at the right."""
    width = max((rank for row in rows for rank, cell in enumerate(row, 1) if cell), default=0)
    return [row[:width] for row in rows]


def shown(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return "" if cell is None else str(cell)
