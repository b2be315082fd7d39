"""What kind of document some bytes are: their first bytes, then a look at the text; what was declared only breaks ties.

Reads no document. A kind in `NO_TEXT` or one that `kind_of` refuses has a sentence for the user.
"""

from __future__ import annotations

import csv
import json
import re

from agent.errors import Unreadable
from agent.extract.formats.captions import is_captions
from agent.extract.source import Source

LOOK = 4000
MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image"), (b"GIF8", "image"), (b"\xff\xd8\xff", "image"), (b"BM", "image"), (b"II*\x00", "image"),
    (b"MM\x00*", "image"), (b"\x00\x00\x01\x00", "image"), (b"\xff\x0a", "image"), (b"\x00\x00\x00\x0cJXL ", "image"),
    (b"\x00\x00\x00\x0cjP  ", "image"),
)
NO_TEXT = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a Word, Excel or PowerPoint file of the kind made before 2007, or an encrypted one"),
    (b"\x1f\x8b", "a gzip archive"), (b"BZh", "a bzip2 archive"), (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"), (b"7z\xbc\xaf\x27\x1c", "a 7z archive"), (b"Rar!\x1a\x07", "a RAR archive"),
    (b"PK\x05\x06", "an empty zip archive"), (b"\x7fELF", "a program"), (b"MZ", "a program"), (b"\xca\xfe\xba\xbe", "a program"),
    (b"\xcf\xfa\xed\xfe", "a program"), (b"\x00asm", "a WebAssembly program"), (b"SQLite format 3\x00", "a database"),
    (b"ID3", "sound"), (b"\xff\xfb", "sound"), (b"\xff\xf3", "sound"), (b"fLaC", "sound"), (b"OggS", "sound or video"),
    (b"\x1a\x45\xdf\xa3", "video"), (b"FLV\x01", "video"), (b"\x00\x00\x01\xba", "video"),
    (b"wOFF", "a font"), (b"wOF2", "a font"), (b"OTTO", "a font"), (b"\x00\x01\x00\x00\x00", "a font"), (b"%!PS", "PostScript"),
    (b"{\\rtf", "a Rich Text (RTF) document"),
)
RIFF = {b"WEBP": "", b"WAVE": "sound", b"AVI ": "video"}
BRANDS = {b"avif": "", b"avis": "", b"heic": "", b"heix": "", b"mif1": "", b"msf1": "", b"M4A ": "sound"}
MARKUP = re.compile(r"<(?:!doctype html|html|head|body|title|div|p|h1|meta|table|article|script)\b", re.IGNORECASE)
TAG = re.compile(r"<[a-zA-Z/!]|&#?\w+;")
PROLOGUE = re.compile(r"(?:\s|\ufeff|<\?.*?\?>|<!--.*?-->|<!DOCTYPE\s[^\[>]*(?:\[.*?\]\s*)?>)*", re.DOTALL | re.IGNORECASE)
ROOT = re.compile(r"<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)[\s/>]")
FEEDS = frozenset(("rss", "feed", "rdf"))
HEADED = re.compile(r"\A---\n(?:[^\n]*\n){1,40}?---\n|^(?:#{1,6} \S|```|\[[^\]\n]+\]\([^)\s]+\)|[^\n]+\n(?:={3,}|-{3,})$)", re.MULTILINE)
MARKDOWN_NAME = re.compile(r"\.(?:md|markdown|mdx|mkd)\Z", re.IGNORECASE)


def kind_of(source: Source) -> str:
    """The format's word, as in Found.format. Raises Unreadable for what is empty, or of a kind that holds no text."""
    body = source.body
    if not body.strip(b"\x00 \t\r\n"):
        raise Unreadable("The page is empty.")
    if b"%PDF-" in body[:1024]:
        return "pdf"
    if body.startswith(b"PK\x03\x04"):
        return packed_kind(body)
    return pictured(body) or refuse(body) or of_text(source)


def pictured(body: bytes) -> str:
    """"image" for one; "" for what may be text."""
    if body[:4] == b"RIFF":
        return refuse_data(RIFF.get(body[8:12], "data")) or "image"
    if body[4:8] == b"ftyp":
        return refuse_data(BRANDS.get(body[8:12], "video")) or "image"
    if body.startswith(b"BM") and body[6:10] != b"\x00\x00\x00\x00":
        return ""
    return next((kind for mark, kind in MAGIC if body.startswith(mark)), "")


def refuse(body: bytes) -> str:
    what = next((what for mark, what in NO_TEXT if body.startswith(mark)), "")
    return refuse_data("" if what == "a program" and looks_like_text(body[:LOOK]) else what)


def refuse_data(what: str) -> str:
    if what:
        raise Unreadable(f"This address holds {what}, which has no text that Leash could read.")
    return ""


def looks_like_text(head: bytes) -> bool:
    return b"\x00" not in head and sum(byte < 9 or 13 < byte < 32 for byte in head) * 50 < len(head)


def packed_kind(body: bytes) -> str:
    """Which office document a zip archive is. Raises Unreadable for a plain one."""
    from agent.extract.formats.archive import Archive

    names = Archive(body).names
    for mark, kind in (("word/document.xml", "docx"), ("ppt/presentation.xml", "pptx"), ("xl/workbook.xml", "xlsx"),
                       ("xl/workbook.bin", "xlsx"), ("META-INF/container.xml", "epub")):
        if mark in names:
            return kind
    if "content.xml" in names:
        raise Unreadable("This address holds an OpenDocument file, which Leash cannot read yet. Save it as DOCX, XLSX, PPTX or PDF.")
    return next((kind for name in names for kind in ("docx", "pptx", "xlsx") if re.fullmatch(PARTS[kind], name)), "") or refuse_data(
        "a zip archive")


PARTS = {"docx": r"word/document\d*\.xml", "pptx": r"ppt/presentation\d*\.xml", "xlsx": r"xl/workbook\d*\.xml"}


def of_text(source: Source) -> str:
    declared, head = source.content_type, source.text[:LOOK]
    if not looks_like_text(head.encode("utf-8", "replace")):
        raise Unreadable(f"This address holds data ({declared or 'of no declared kind'}), not text.")
    if not source.text.strip("\x00 \t\r\n\ufeff"):
        raise Unreadable("The page is empty.")
    if is_captions(source.text):
        return "captions"
    first = source.text.lstrip("\ufeff \t\r\n")[:1]
    if first == "<":
        return of_markup(source.text, declared)
    if first and first in "{[" and (kind := of_json(source.text)):
        return kind
    if ("html" in declared and TAG.search(source.text)) or (MARKUP.search(head) and not is_markdown(source)):
        return "html"
    if first and first in "{[" and "json" in source.content_type:  # broken, and said to be so
        return "json"
    return "json" if is_json_value(source) else of_prose(source)


def of_markup(text: str, declared: str) -> str:
    """html, feed, image (SVG) or xml, by the root element; HTML where it has none."""
    start = PROLOGUE.match(text, 0, 100_000)
    root = ROOT.match(text, start.end() if start else 0)
    name = root[1].lower() if root else ""
    if name in ("svg", *FEEDS):
        return "image" if name == "svg" else "feed"
    if not root or MARKUP.match(text, root.start()):
        return "html"
    if re.match(r"\s*<\?xml", text) or "xml" in declared or "xmlns" in root_tag(text, root):
        return "xml"
    return "html" if "html" in declared or MARKUP.search(text[:LOOK]) else closed_kind(text, root[1])


def root_tag(text: str, root: re.Match[str]) -> str:
    return text[root.start():root.start() + LOOK].partition(">")[0]


def closed_kind(text: str, root: str) -> str:
    return "xml" if re.search(rf"</(?:[\w.-]+:)?{re.escape(root)}\s*>\s*\Z", text[-500:]) else "html"


def of_json(text: str) -> str:
    """notebook, feed, json, or "" for what only starts like it."""
    if re.search(r'"nbformat"\s*:\s*\d', text) and '"cells"' in text:
        return "notebook"
    if "jsonfeed.org/version/" in text[:LOOK]:
        return "feed"
    try:
        json.loads(text.lstrip("\ufeff"))
    except RecursionError:
        return "json"
    except ValueError as fault:
        return "json" if are_values(text.splitlines()[:6]) or looks_cut(text, getattr(fault, "pos", 0)) else ""
    return "json"


def are_values(lines: list[str]) -> bool:
    """Whether the lines are JSON values: the last may be cut."""
    try:
        kinds = [type(json.loads(line)) for line in lines[:-1] if line.strip()]
    except (ValueError, RecursionError):
        return False
    return len(kinds) > 0 and set(kinds) <= {dict, list}


def looks_cut(text: str, fault: int) -> bool:
    """Whether the text is JSON whose end is missing: it is sound up to its last value."""
    rest = text[fault:].strip()
    return bool(re.match(r'[{\[]\s*["{\[\d]', text)) and fault > 8 and not re.search(r'[\]}"]', rest[1:])


def is_json_value(source: Source) -> bool:
    """A lone number or string is JSON only where the site says so."""
    if "json" not in source.content_type:
        return False
    try:
        json.loads(source.text)
    except (ValueError, RecursionError):
        return False
    return True


def of_prose(source: Source) -> str:
    if "csv" in source.content_type or "tab-separated" in source.content_type or delimiter(source.text):
        return "csv"
    return "markdown" if is_markdown(source) else "text"


def is_markdown(source: Source) -> bool:
    """Where nobody says so, two signs of it are wanted: a `#` alone also starts a comment."""
    if "markdown" in source.content_type or MARKDOWN_NAME.search(source.url.split("?")[0].split("#")[0]):
        return True
    return len(HEADED.findall(source.text[:20_000].replace("\r\n", "\n"))) > 1


def delimiter(text: str) -> str:
    """The character that parts the cells of every line, "" where the lines are not as regular as a table's."""
    lines = text[:64_000].splitlines()[:40]
    lines = lines[:-1] if len(text) > 64_000 else lines
    if len(lines) < 3:
        return ""
    widths = {mark: [len(row) for row in rows_of(lines, mark)] for mark in "\t,;|"}
    regular = [mark for mark, counts in widths.items() if counts and min(counts) == max(counts) > 1]
    likely = [mark for mark in regular if mark == "\t" or widths[mark][0] > 2 or prose_free(lines, mark)]
    return max(likely, key=lambda mark: widths[mark][0], default="")


def rows_of(lines: list[str], mark: str) -> list[list[str]]:
    try:
        return [row for row in csv.reader(lines, delimiter=mark) if row]
    except csv.Error:
        return []


def prose_free(lines: list[str], mark: str) -> bool:
    """Two columns may be prose with one comma a line: a table's cells do not start with a space and are short."""
    return not any(cell.startswith(" ") or len(cell) > 60 for row in rows_of(lines, mark) for cell in row[1:])
