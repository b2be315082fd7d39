"""One line of text while it is being gathered: its words, and the marks around them that Markdown knows.

Characters are escaped only where a Markdown parser would take them for a mark. Knows no elements: render.py opens and
closes the marks.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lxml.html import HtmlElement

from agent.extract.render.links import has_words
from agent.extract.render.unseen import seen

BREAK = "\x00"  # a line break that the page asks for
HARD_SPACE = "\x01"  # a space that stays, also at the start of a line; markdown() makes it a space again
SPECIAL = re.compile(r"[\\`*_\[<&~$]")
FORMULA = re.compile(
    r"\\\(((?:(?!\\\().){1,500}?)\\\)|\\\[((?:(?!\\\[).){1,1500}?)\\\]|"
    r"(\$\$?)(?=[^\s$])((?:[^$\n]*?[\\^_{=][^$\n]*?))(?<=[^\s\\])\3(?!\d)", re.DOTALL)
TICKS_ETC = re.compile(
    r"(?P<tick>`)|(?P<slash>\\(?=[!-/:-@\[-`{-~]))|(?P<entity>&(?=#\d{1,7};|#[xX][\da-fA-F]{1,6};|[A-Za-z][A-Za-z\d]{1,31};))"
    r"|(?P<tag><(?=[A-Za-z/!?][^<]*>))|(?P<strike>~(?=~))|(?P<bracket>\](?=\(|\[|:))|(?P<star>\*+)|(?P<under>_+)|(?P<open>\[(?=\^))")
STARTS = re.compile(r"(?:#{1,6}(?=\s|$)|[-+*](?=\s|$)|>|~~~|:(?=\s)|(?:-\s*){3,}$|(?:=\s*)+$|\[(?=[^\]]+\]:))|(\d{1,9})(?=[.)](?:\s|$))")
IMAGE, PICTURES, WORD = "![", re.compile(r"!\[(?:[^\]\\]|\\.)*\]\([^)]*\)"), re.compile(r"\w")
PUNCTUATION = re.compile(r"[^\w\s]")
MOVABLE = "\"'“”‘’.,;:?…。、，！？；：「」『』（）()"
WRAPS = {"em": "*", "strong": "**", "del": "~~"}
ORDINAL = re.compile(r"(?:st|nd|rd|th|er|re|e|ème|º|ª|o|a|tm|sm|®|©|™)", re.IGNORECASE)


@dataclass
class Link:
    """A link that is open. `suffix` makes what follows its words; it is asked once, at its heading or else its first words."""

    el: HtmlElement
    url: str
    suffix: Callable[[str], str]
    spent: bool = False

    @cached_property
    def heading(self) -> bool:
        return len(self.el) > 0 and next(self.el.iter("h1", "h2", "h3", "h4", "h5", "h6"), None) is not None

    @cached_property
    def words(self) -> bool:
        return has_words(self.el)


class Marked:
    """Words with their marks, kept apart until both neighbours are known."""

    __slots__ = ("core", "kind", "url")

    def __init__(self, kind: str, core: str, url: str = "") -> None:
        self.kind, self.core, self.url = kind, core, url


class PlainLine:
    """Gathers words and line breaks alone."""

    def __init__(self) -> None:
        self.pieces: list[Any] = []
        self.marks: list[list[Any]] = []  # kind, where its pieces start, its link
        self.says = False  # whether there is more than white space

    def text(self, text: str | None) -> None:
        if text and (text := seen(text)):
            self.pieces.append(text)
            self.says = self.says or not text.isspace()

    def raw(self, text: str) -> None:
        """Text that is Markdown already."""
        self.pieces.append(text)
        self.says = True

    def open(self, kind: str, link: Link | None = None) -> None:
        """Plain text has no marks."""

    def close(self, heading: bool = False) -> None:
        """Plain text has no marks."""

    def take(self, heading: bool = False) -> str:
        """The line so far; another one begins."""
        text = "".join(self.pieces) if self.says else ""
        self.clear()
        return text

    def clear(self) -> None:
        self.pieces.clear()
        self.says = False
        for mark in self.marks:
            mark[1] = 0


class RichLine(PlainLine):
    def __init__(self) -> None:
        super().__init__()
        self.stars = self.opener = False

    def text(self, text: str | None) -> None:
        if text and (text := seen(text)):
            self.pieces.append(self.escaped(text) if SPECIAL.search(text) else text)
            self.says = self.says or not text.isspace()

    def open(self, kind: str, link: Link | None = None) -> None:
        self.marks.append([kind, len(self.pieces), link])

    def close(self, heading: bool = False) -> None:
        if self.marks:
            self.fold(*self.marks.pop(), heading)

    def take(self, heading: bool = False) -> str:
        """The line so far; marks that are open go on in the next one."""
        if not self.says:
            self.clear()
            return ""
        for mark in reversed(self.marks):
            self.fold(*mark, heading)
        text = join(self.pieces)
        self.clear()
        self.stars = self.opener = False
        return text

    def fold(self, kind: str, start: int, link: Link | None, heading: bool) -> None:
        """The pieces since `start` become one, with white space outside its marks."""
        inner = self.pieces[start:]
        if kind == "link":
            inner = balanced(inner)
        whole = join(inner)
        core = whole.strip(" \t\r\n\f\v\u00a0" + BREAK)
        if not core:
            return
        at = whole.index(core)
        self.pieces[start:] = [whole[:at], wrapped(kind, core, link, heading), whole[at + len(core):]]

    def escaped(self, text: str) -> str:
        if "$" in text or "\\(" in text or "\\[" in text:
            parts, last = [], 0
            for found in FORMULA.finditer(text):
                parts += [self.escaped_words(text[last:found.start()]), formula_of(found)]
                last = found.end()
            return "".join([*parts, self.escaped_words(text[last:])])
        return self.escaped_words(text)

    def escaped_words(self, text: str) -> str:
        return TICKS_ETC.sub(lambda found: self.escape(found, text), text)

    def escape(self, found: re.Match[str], text: str) -> str:
        run, kind = found[0], found.lastgroup
        before, after = text[found.start() - 1:found.start()] or " ", text[found.end():found.end() + 1] or " "
        if kind == "star":
            return run if before.isspace() and after.isspace() and not self.marks else self.star(run)
        if kind == "under":
            return self.underscore(run, before, after)
        return "\\" + run

    def star(self, run: str) -> str:
        """A star alone is no mark: the first of a line, outside all marks, stays as it is."""
        first = not self.stars and not self.marks and len(run) == 1
        self.stars = True
        return run if first else "\\*" * len(run)

    def underscore(self, run: str, before: str, after: str) -> str:
        """Inside words it is never a mark; at the end of a word only where another one began before it."""
        if before.isalnum() and after.isalnum():
            return run
        if after.isalnum() and not before.isalnum():
            self.opener = True
            return run
        return "\\_" * len(run) if self.opener and not before.isspace() else run


def formula_of(found: re.Match[str]) -> str:
    """TeX that stands in the text between its own marks, as `$…$`."""
    if found[1] is not None:
        return f"${' '.join(found[1].split())}$"
    if found[2] is not None:
        return f"$${' '.join(found[2].split())}$$"
    return found[0]


def wrapped(kind: str, core: str, link: Link | None, heading: bool) -> Marked | str:
    if kind == "link":
        return linked(core, link, heading) if link else core
    if kind in ("sup", "sub"):
        return raised(kind, core)
    if kind == "strong" and heading:
        return core
    if kind == "quote":
        return f"“{core}”"
    return Marked(kind, core)


def linked(core: str, link: Link, heading: bool) -> Marked | str:
    if link.spent or (not heading and link.heading) or (IMAGE in core and link.words and not WORD.search(PICTURES.sub("", core))):
        return core
    link.spent = True
    return Marked("link", core.replace(BREAK, " ").removeprefix("^"), link.suffix(link.url))


def raised(kind: str, core: str) -> str:
    """x^2, a_1, x^(n+1); an ordinal's letters, a trade mark and a note's number need no sign."""
    if core.startswith("[[^") and core.endswith("]]"):
        return core[1:-1]
    if core[0] in "[(\\$`*!^" or ORDINAL.fullmatch(core) or len(core) > 30:
        return core
    sign = "^" if kind == "sup" else "_"
    return f"{sign}{core}" if re.fullmatch(r"[-+−]?[\w.]+|\W", core) else f"{sign}({core})"


def balanced(pieces: list[Any]) -> list[Any]:
    """A link's words must have their brackets in pairs; if they have not, each gets a backslash."""
    depth = 0
    for bracket in re.findall(r"(?<!\\)[\[\]]", "".join(piece for piece in pieces if type(piece) is str)):
        depth += 1 if bracket == "[" else -1
        if depth < 0:
            break
    if not depth:
        return pieces
    return [re.sub(r"(?<!\\)([\[\]])", r"\\\1", piece) if type(piece) is str else piece for piece in pieces]


def join(pieces: list[Any]) -> str:
    """The pieces as one text; where a mark's neighbours would keep a parser from seeing it, the mark moves or goes."""
    if len(pieces) == 1 and type(pieces[0]) is str:
        return pieces[0]
    pieces = merged([piece for piece in pieces if piece != ""])
    parts: list[str] = []
    for at, piece in enumerate(pieces):
        if type(piece) is str:
            parts.append(piece)
        else:
            before = next((part[-1] for part in reversed(parts) if part), " ")
            parts.append(said(piece, before, first_of(pieces, at + 1), parts))
    return "".join(parts)


def merged(pieces: list[Any]) -> list[Any]:
    """Two stretches of the same emphasis side by side are one."""
    out: list[Any] = []
    for piece in pieces:
        last = out[-1] if out else ""
        if type(piece) is Marked and type(last) is Marked and piece.kind == last.kind != "link":
            out[-1] = Marked(piece.kind, last.core + piece.core)
        else:
            out.append(piece)
    return out


def first_of(pieces: list[Any], at: int) -> str:
    if at >= len(pieces):
        return " "
    piece = pieces[at]
    return piece[0] if type(piece) is str else ("[" if piece.kind == "link" else "*")


def said(piece: Marked, before: str, after: str, parts: list[str]) -> str:
    if piece.kind == "link":
        if before == "!":
            parts[-1] = parts[-1][:-1] + "\\!"
        return f"[{piece.core}]{piece.url}"
    mark, core = WRAPS[piece.kind], piece.core
    lead, core, trail = moved(core, before, after)
    if not core or not sees(mark, core, before, after, (lead, trail)):
        return apart(core, before, after) if core and piece.kind == "del" else lead + core + trail
    return f"{lead}{mark}{core}{mark}{trail}"


def apart(core: str, before: str, after: str) -> str:
    """What is struck out would say the opposite without its mark, so blanks make the mark one."""
    return f"{'' if before.isspace() else ' '}~~{core}~~{'' if after.isspace() else ' '}"


def moved(core: str, before: str, after: str) -> tuple[str, str, str]:
    """Punctuation at the edge of emphasis that touches a word goes outside of it."""
    lead = trail = ""
    if before.isalnum():
        stripped = core.lstrip(MOVABLE)
        lead, core = core[:len(core) - len(stripped)], stripped
    if after.isalnum():
        stripped = core.rstrip(MOVABLE)
        core, trail = stripped, core[len(stripped):]
    return lead, core, trail


def sees(mark: str, core: str, before: str, after: str, moved_out: tuple[str, str]) -> bool:
    """Whether a parser sees the marks: their inner side must be a word's, or their outer side must not."""
    outer_left, outer_right = moved_out[0][-1:] or before, moved_out[1][:1] or after
    if mark[0] in (outer_left, outer_right, *core[:1], *core[-1:]) and mark != "**" and core[0] != "*":
        return False
    left = not PUNCTUATION.match(core[0]) or not outer_left.isalnum()
    right = not PUNCTUATION.match(core[-1]) or not outer_right.isalnum()
    return left and right and not core[0].isspace() and not core[-1].isspace()


def escape_start(line: str) -> str:
    """Words that start like a heading, an item, a quotation or a rule are none: a backslash says so."""
    found = STARTS.match(line)
    if found is None:
        return line
    return f"{found[1]}\\{line[found.end(1):]}" if found[1] else "\\" + line


def code_span(text: str) -> str:
    """Code in backticks, one more than any run of them inside."""
    runs = {len(run) for run in re.findall(r"`+", text)}
    ticks = "`" * next(count for count in range(1, len(runs) + 2) if count not in runs)
    pad = " " if text.startswith("`") or text.endswith("`") or (text[0] == text[-1] == " " and text.strip()) else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"
