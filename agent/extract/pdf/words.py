"""The words of a PDF's pages with their place and type, by PDFium. Knows nothing of lines, columns and paragraphs.

The only importer of pypdfium2. Scripts, forms and attachments of a PDF are never run, filled or opened.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pypdfium2.raw as pdfium

from agent.errors import Unreadable

PASSWORD, SECURITY = 4, 5
BOLD = re.compile(r"bold|black|heavy|semibd|demi|\bbd\b|CMBX|CMSSBX|SFBX|PFBX|t1-zgb", re.IGNORECASE)
MONO = re.compile(r"mono|courier|consol|typewriter|CMTT|SFTT|PFTT|menlo|inconsolata|fixed|cmtt|CMSLTT|teletype|\btt\b", re.IGNORECASE)
WORD = re.compile(r"[^\s\x00\x02\ufffe]+[\x02\ufffe]?|[\x02\ufffe]")  # PDFium's mark of a divided word stands for its line's end
RUN = re.compile(r"[^\r\n]+")
LINE_END_HYPHENS = str.maketrans({"\ufffe": "\u00ad", "\x02": "\u00ad", "\uffff": None})
MOST_CHARACTERS = 200_000  # of one page: a page full of a book's letters is some 5000
MOST_MARKS = 5000
MOST_OBJECTS, MOST_BOXES = 20_000, 2000  # of one page: more is a drawing
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Type:
    size: float
    bold: bool
    mono: bool


@dataclass(slots=True)
class Word:
    """`y` is the baseline, upwards."""

    text: str
    x0: float
    x1: float
    y: float
    kind: Type


@dataclass(frozen=True)
class Mark:
    """An entry of the outline (bookmarks); `page` counts from 0, -1 if it leads nowhere."""

    title: str
    level: int
    page: int



class Pdf:
    """Raises Unreadable, with a sentence of its own, for one that is encrypted, or broken."""

    def __init__(self, body: bytes) -> None:
        pdfium.FPDF_InitLibrary()
        self._body = body  # PDFium reads from it as long as the document is open
        self._document = pdfium.FPDF_LoadMemDocument64(body, len(body), None)
        if not self._document:
            raise Unreadable(fault(pdfium.FPDF_GetLastError()))
        self.count: int = pdfium.FPDF_GetPageCount(self._document)
        self._types: dict[tuple[str, float, int], Type] = {}
        self._places = tuple(ctypes.c_double() for _ in range(6))

    def about(self, name: str) -> str:
        """A line of the document's own description, as "Title"."""
        size = pdfium.FPDF_GetMetaText(self._document, name.encode(), None, 0)
        if not 2 < size < 20_000:
            return ""
        buffer = ctypes.create_string_buffer(size)
        pdfium.FPDF_GetMetaText(self._document, name.encode(), buffer, size)
        return utf16(buffer.raw)

    def marks(self) -> list[Mark]:
        """The outline in its order, up to a limit; one that leads in a circle ends there."""
        found: list[Mark] = []
        self._below(None, 1, found, set())
        return found

    def _below(self, parent: object, level: int, found: list[Mark], seen: set[int]) -> None:
        entry = pdfium.FPDFBookmark_GetFirstChild(self._document, parent)
        while entry and len(found) < MOST_MARKS and level < 12:
            address = ctypes.addressof(entry.contents)
            if address in seen:
                return
            seen.add(address)
            found.append(Mark(self._mark_title(entry), level, self._mark_page(entry)))
            self._below(entry, level + 1, found, seen)
            entry = pdfium.FPDFBookmark_GetNextSibling(self._document, entry)

    def _mark_title(self, entry: object) -> str:
        size = min(4096, pdfium.FPDFBookmark_GetTitle(entry, None, 0))
        buffer = ctypes.create_string_buffer(max(2, size))
        pdfium.FPDFBookmark_GetTitle(entry, buffer, size)
        return " ".join(utf16(buffer.raw).split())

    def _mark_page(self, entry: object) -> int:
        target = pdfium.FPDFBookmark_GetDest(self._document, entry)
        return pdfium.FPDFDest_GetDestPageIndex(self._document, target) if target else -1

    def page(self, number: int) -> tuple[list[Word], list[Box]] | None:
        """The words of a page in the order in which they were written, and what lines are drawn; None where there is no such page."""
        page = pdfium.FPDF_LoadPage(self._document, number)
        if not page:
            return None
        try:
            return self._page_words(page), boxes_of(page)
        finally:
            pdfium.FPDF_ClosePage(page)

    def _page_words(self, page: object) -> list[Word]:
        letters = pdfium.FPDFText_LoadPage(page)
        if not letters:
            return []
        try:
            return upright([*self._runs(letters)])
        finally:
            pdfium.FPDFText_ClosePage(letters)

    def _runs(self, letters: object) -> Iterator[tuple[int, list[Word]]]:
        """What PDFium takes for lines, each with the way it runs (0 to 3 quarters of a turn)."""
        text = page_text(letters, min(MOST_CHARACTERS, max(0, pdfium.FPDFText_CountChars(letters))))
        for run in RUN.finditer(text):
            places = [(run.start() + match.start(), match[0]) for match in WORD.finditer(run[0])]
            if places:
                way = round(pdfium.FPDFText_GetCharAngle(letters, places[0][0]) / (math.pi / 2)) % 4
                kind = self._line_type(letters, places[0][0], places[-1][0])
                yield way, [self._word(letters, first, word, kind, way) for first, word in places]

    def _word(self, letters: object, first: int, text: str, kind: Type, way: int) -> Word:
        x, y, left, right, low, top = self._places
        pdfium.FPDFText_GetCharOrigin(letters, first, x, y)
        pdfium.FPDFText_GetCharBox(letters, first + len(text) - 1, left, right, low, top)
        x0, x1, base = turned(way, (x.value, y.value), (left.value, low.value, right.value, top.value))
        return Word(text.translate(LINE_END_HYPHENS), x0, max(x0, x1), base, kind)

    def _line_type(self, letters: object, first: int, last: int) -> Type:
        """A line is bold, or of even width, if its first and last words both are."""
        start, end = self._type(letters, first), self._type(letters, last)
        return start if start == end else Type(start.size, start.bold and end.bold, start.mono and end.mono)

    def _type(self, letters: object, index: int) -> Type:
        thing = pdfium.FPDFText_GetTextObject(letters, index)
        size, matrix = pdfium.FPDFText_GetFontSize(letters, index), pdfium.FS_MATRIX()
        if pdfium.FPDFText_GetMatrix(letters, index, matrix):
            size *= math.hypot(matrix.c, matrix.d) or 1.0
        weight = pdfium.FPDFText_GetFontWeight(letters, index)
        key = (font_name(thing), round(size * 2) / 2, weight)
        if key not in self._types:
            self._types[key] = Type(key[1], weight >= 600 or bool(BOLD.search(key[0])), bool(MONO.search(key[0])))
        return self._types[key]

    def close(self) -> None:
        pdfium.FPDF_CloseDocument(self._document)


def boxes_of(page: object) -> list[Box]:
    """Where lines and boxes are drawn, as left, low, right, top; none on a page that is turned, or full of drawing."""
    count = pdfium.FPDFPage_CountObjects(page)
    if pdfium.FPDFPage_GetRotation(page) or count > MOST_OBJECTS:
        return []
    left, low, right, top = places = tuple(ctypes.c_float() for _ in range(4))
    found = []
    for thing in (pdfium.FPDFPage_GetObject(page, number) for number in range(count)):
        if pdfium.FPDFPageObj_GetType(thing) == pdfium.FPDF_PAGEOBJ_PATH:
            parts = pdfium.FPDFPath_CountSegments(thing)
            if parts <= 6 and pdfium.FPDFPageObj_GetBounds(thing, *places):
                box = (left.value, low.value, right.value, top.value)
                found.append(slim(box) if parts == 2 else box)
    return found if len(found) < MOST_BOXES else []


def slim(box: Box) -> Box:
    """A stroke without the room that PDFium keeps around it for the ends of its pen."""
    left, low, right, top = box
    room = min(right - left, top - low) / 2
    return left + room, low + room, right - room, top - room


def fault(code: int) -> str:
    if code == PASSWORD:
        return "This PDF is encrypted: it opens with a password only, which Leash does not have."
    if code == SECURITY:
        return "This PDF is encrypted in a way that Leash cannot open."
    return "This PDF is broken or cut off, so it cannot be opened."


def utf16(raw: bytes) -> str:
    return raw.decode("utf-16-le", "replace").partition("\x00")[0].strip()


def font_name(thing: object) -> str:
    font = pdfium.FPDFTextObj_GetFont(thing) if thing else None
    if not font:
        return ""
    buffer = ctypes.create_string_buffer(128)
    size = pdfium.FPDFFont_GetBaseFontName(font, buffer, 128)
    return buffer.value.decode("latin-1") if 0 < size <= 128 else ""


def page_text(letters: object, count: int) -> str:
    """One character for each that PDFium counts, so that a place in the text is a place on the page."""
    buffer = (ctypes.c_ushort * (count + 1))()
    size = pdfium.FPDFText_GetText(letters, 0, count, buffer)
    text = bytes(buffer)[:2 * max(0, size - 1)].decode("utf-16-le", "replace")
    if len(text) == count:
        return text
    return "".join(chr(code) if code and code < 0x110000 and not 0xD800 <= code < 0xE000 else " " for code in (
        pdfium.FPDFText_GetUnicode(letters, i) for i in range(count)))


def turned(way: int, origin: tuple[float, float], box: tuple[float, float, float, float]) -> tuple[float, float, float]:
    """Start, end and baseline as they are when the text is held upright."""
    (x, y), (left, low, right, top) = origin, box
    return ((x, right, y), (y, top, -x), (-x, -left, -y), (-y, -low, x))[way]


def upright(runs: list[tuple[int, list[Word]]]) -> list[Word]:
    """The words that run as most do: a page's margin may hold a stamp that runs another way."""
    letters: Counter[int] = Counter()
    for way, words in runs:
        letters[way] += sum(len(word.text) for word in words)
    most = letters.most_common(1)[0][0] if letters else 0
    return [word for way, words in runs if way == most for word in words]
