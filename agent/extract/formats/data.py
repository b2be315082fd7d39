"""JSON, CSV and XML as text that a reader can follow. Knows nothing of what the data mean; resolves and opens nothing."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice

from agent.errors import Unreadable
from agent.extract.formats.plain import cleaned
from agent.extract.sniff import delimiter
from agent.extract.source import Found, Source

MOST_CHARACTERS = 400_000  # some 100,000 tokens: what is beyond is more than any reader takes
LONGEST_TRIED = 4_000_000  # characters of JSON that are parsed to see whether they can be
MOST_ROWS, MOST_COLUMNS, MOST_CELL = 1000, 100, 2000
DEEPEST = 20  # levels that are indented: the indentation of 100,000 levels would be larger than any memory
ONE_LINE = 100  # characters of a list or object that stays on one line
STRING = r'"(?:[^"\\]++|\\.)*+"'
SHORT = re.compile(rf'\s*[\[{{](?:[^{{}}\[\]"]|{STRING})*+[\]}}]', re.DOTALL)  # a list or object that holds no other
TOKEN = re.compile(rf'{STRING}|[\[\]{{}},:]|[^\s\[\]{{}},:"]+|"', re.DOTALL)
OPENING, CLOSING = ("[", "{"), ("]", "}")
SPACES = re.compile(rf"({STRING})|\s*([,:])\s*|\s+", re.DOTALL)
ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


# ---------------------------------------------------------------- JSON

def read_json(source: Source) -> Found:
    """Indented, every value letter for letter as it was sent; JSON lines stay one a line. Laid out unparsed, so never too deep."""
    text = cleaned(source.text).strip()
    found = Found("json", text if is_lines(text) else "".join(laid_out(text)), title=title_of(text))
    found = fenced(found, "json", len(text))
    if fault := fault_of(text):
        found.markdown += f"\n\n*({fault})*"
    return found


def fault_of(text: str) -> str:
    """Where a text stops being JSON, in a sentence; "" where it does not, or is too long to be tried."""
    if len(text) > LONGEST_TRIED or is_lines(text):
        return ""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        how = "breaks off" if error.pos >= len(text) else "breaks"
        return f"This is not valid JSON: it {how} at line {error.lineno}, column {error.colno}."
    except (ValueError, RecursionError):  # numbers and depths that a parser in use may well take
        return ""
    return ""


def is_lines(text: str) -> bool:
    """Whether there is a value on each line, and more than one."""
    first, _, rest = text.partition("\n")
    if not rest.strip() or len(first) > 1_000_000:
        return False
    try:
        json.loads(first)
        return True
    except (ValueError, RecursionError):
        return False


def laid_out(text: str) -> Iterator[str]:
    """The pieces of the indented text, as many as are wanted of it."""
    place, depth, size, before = 0, 0, 0, ""
    while size <= MOST_CHARACTERS and (match := SHORT.match(text, place, place + ONE_LINE) or TOKEN.search(text, place)):
        piece, place = match[0].strip(), match.end()
        depth -= piece in CLOSING and depth > 0
        line = "\n" + "  " * min(depth, DEEPEST)
        out = (line if starts_line(before, piece) else "") + tidied(piece) + (" " if piece == ":" else "")
        depth += piece in OPENING
        size, before = size + len(out), piece
        yield out


def starts_line(before: str, piece: str) -> bool:
    if piece in CLOSING:
        return before not in OPENING
    return before in OPENING or before == "," if before else False


def tidied(piece: str) -> str:
    """A value on one line, with one space after each comma and colon; escaped letters as themselves."""
    text = SPACES.sub(lambda m: m[1] or (f"{m[2]} " if m[2] else ""), piece) if piece[:1] in OPENING else piece
    return ESCAPED.sub(letter, text) if "\\u" in text and "\\\\" not in text else text


def letter(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if character.isprintable() and character not in '"\\' else match[0]


def title_of(text: str) -> str:
    found = re.search(rf'"(?:title|name)"\s*:\s*({STRING})', text[:2000])
    try:
        return str(json.loads(found[1])) if found else ""
    except ValueError:
        return ""


def fenced(found: Found, language: str, whole: int) -> Found:
    """The data cut to its limit; with its fence in the marked form."""
    if len(found.text) > MOST_CHARACTERS:
        found.text = found.text[:MOST_CHARACTERS].rpartition("\n")[0] or found.text[:MOST_CHARACTERS]
        found.drop("the rest of the data", f"only the first {len(found.text):,} characters are kept of {whole:,} that came")
    fence = "`" * max(3, 1 + max(map(len, re.findall(r"`{3,}", found.text)), default=0))
    found.markdown = f"{fence}{language}\n{found.text}\n{fence}" + noted(found)
    found.title = found.title or f"{language.upper()} data"
    return found


def noted(found: Found) -> str:
    """What was left out, as a line for the marked form: the plain one is quoted, and holds the document's words only."""
    return "".join(f"\n\n*(Left out: {row['what']}; {row['why']}.)*" for row in found.dropped)


# ---------------------------------------------------------------- CSV

def read_csv(source: Source) -> Found:
    """A pipe table of the first rows."""
    text = cleaned(source.text)
    csv.field_size_limit(20_000_000)
    rows = csv.reader(text.splitlines(keepends=True), delimiter=delimiter(text) or declared_delimiter(source))
    found = Found("csv", "", title=source.url.rstrip("/").rpartition("/")[2].partition("?")[0])
    found.text = "\n".join(table(rows, found))
    if left := left_over(rows, source):
        found.drop("rows", f"{left:,} more rows follow the first {found.text.count(chr(10)):,}")
    found.markdown = found.text + noted(found)
    return found


def declared_delimiter(source: Source) -> str:
    return "\t" if "tab" in source.content_type else ","


def table(rows: Iterable[list[str]], found: Found) -> Iterator[str]:
    """The lines of a pipe table. Notes what columns and letters of cells it had no room for."""
    width = size = 0
    for row in safely(islice(rows, MOST_ROWS)):
        if not any(row):
            continue
        if not width:
            width = min(len(row), MOST_COLUMNS)
        note_cut(row, found)
        line = "| " + " | ".join(cell_text(cell) for cell in [*row[:MOST_COLUMNS], *[""] * (width - len(row))]) + " |"
        yield line
        if not size:
            yield "|" + "---|" * width
        size += len(line)
        if size > MOST_CHARACTERS:
            return


def note_cut(row: list[str], found: Found) -> None:
    cut = {"columns": len(row) > MOST_COLUMNS, "the end of long cells": any(len(cell) > MOST_CELL for cell in row[:MOST_COLUMNS])}
    why = {"columns": f"{len(row):,} columns came, the first {MOST_COLUMNS} are kept",
           "the end of long cells": f"the first {MOST_CELL:,} characters of a cell are kept"}
    for what in (name for name, is_cut in cut.items() if is_cut):
        if all(dropped["what"] != what for dropped in found.dropped):
            found.drop(what, why[what])


def cell_text(cell: str) -> str:
    return " ".join(cell[:MOST_CELL].split()).replace("|", "\\|")


def safely(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    """Ends where a row cannot be read."""
    try:
        yield from rows
    except csv.Error:
        return


def left_over(rows: Iterator[list[str]], source: Source) -> int:
    count = 0
    for count, _ in enumerate(safely(rows), 1):  # noqa: B007 - the last number is what is wanted
        if source.used > 1:
            break
    return count


# ---------------------------------------------------------------- XML

def read_xml(source: Source) -> Found:
    """Indented. Entities stay names, external ones are never looked for; what is no XML from some point on ends there."""
    from lxml import etree

    root = parsed_xml(source.body, source.text)
    if root is None:
        text = cleaned(source.text)
        return fenced(Found("xml", text), "xml", len(text))
    etree.indent(root, "  ")
    text = etree.tostring(root, encoding="unicode", with_tail=False)
    titles = (el.text for el in root.iter("{*}title", "{*}name") if el.text and el.text.strip())
    return fenced(Found("xml", text, title=" ".join(next(titles, etree.QName(root).localname).split())), "xml", len(text))


def parsed_xml(body: bytes, text: str) -> object | None:
    """The root element, or None; never opens anything, nor replaces an entity by what it stands for."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True, remove_blank_text=True,
                             remove_pis=True, huge_tree=False)
    declared = re.sub(r"\A\ufeff?\s*<\?xml[^>]*\?>", "", text.replace("\x00", ""), count=1)
    try:
        return etree.fromstring(declared.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError) as fault:
        if not body:
            raise Unreadable("The page is empty.") from fault
        return None
