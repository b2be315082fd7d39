"""What a model wrote, in Markdown: made harmless, and taken apart into the pieces that can be checked one by one.

Code (`so`, and fenced) is left as it is and holds no marks. Knows how marks look and nothing of what they stand for:
as the model writes them ([p203]) and as they are shown ([3], [?p9]) a text falls into the same pieces.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from agent.passages import ABBREVIATION

CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)
MARK = re.compile(r"(?<!\\)\[\^?([A-Za-z]{0,12}[\s_-]?\d[^\[\]【】\n]{0,60})\](?!\()|(?<!\\)【([^】\n]{1,60})】")
ANY_MARK = re.compile(r"(?<!\\)\[(?:\?[^\[\]\n]*|[pP]?\d+)\]")
LEFT_OUT = re.compile(rf"\s*{ANY_MARK.pattern}(?:\s+(?=[.,;:!?]))?")
IDENT = re.compile(r"^p\s?(\d+)$", re.IGNORECASE)
LINK = re.compile(r"!?\[([^\[\]\n]*)\]\((?:[^()\n]|\([^()\n]*\))*\)")
DEFINED = re.compile(r"^([ >*+-]*(?:\[[^\]\n]+\]|【[^】\n]+】)):", re.MULTILINE)
SCHEME = re.compile(r"(?:\b[a-z][a-z0-9+.-]{1,15})?://|\bwww\.(?=\w)", re.IGNORECASE)
HTML = re.compile(
    r"<!--.*?-->|<(?:https?://|mailto:)([^<>\n]*)>|</?(?:a|abbr|audio|b|base|body|br|button|center|code|dd|del|details|div|"
    r"dl|dt|em|embed|font|form|frame|h[1-6]|head|hr|html|i|iframe|img|input|ins|li|link|math|meta|object|ol|p|picture|pre|s|script|small|source|span|"
    r"strong|style|sub|summary|sup|svg|table|tbody|td|template|th|thead|tr|u|ul|video)(?:[\s/][^<>\n]*)?>", re.IGNORECASE | re.DOTALL)
TAG_LIKE = re.compile(r"(?<!\\)<(?=[A-Za-z/!?])")
MISSING = re.compile(r"^\W{0,4}not found\W{0,3}:\s*(.+)$", re.IGNORECASE | re.MULTILINE)
ESCAPED = re.compile(r"\\([\\`*_\[\]<>#|~!&])")

OPEN = re.compile(
    r"(?:\\?\[[^\[\]\n]{0,70}(?:\]:?)?|\]:?|\\?【[^】\n]{0,70}(?:】:?)?|\\?\[[^\[\]\n]{0,70}\]\([^()\n]{0,300}|<(?:[A-Za-z/!?][^<>\n]{0,300})?|\\|\bw{1,3}|\bh(?:t(?:tp?s?)?)?|(?:\bhttps?)?:/?)$",
    re.IGNORECASE)
CLOSED_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
OPEN_CODE = re.compile(r"```.*\Z|`+[^`\n]{0,200}\Z", re.DOTALL)

MASK = "\ue000"
STOP = re.compile(
    rf"[.!?…][\"'”’)\]*_]*(?:\s*{MASK}+)*(?=\s+[\"'“‘(\[*_]*[^\sa-z{MASK}])|[。！？][」』”’)]*(?:\s*{MASK}+)*")
BULLET = re.compile(r"^\s*(?:(?:[-*+]|\d{1,3}[.)])\s+|>\s*)*")
HEADING = re.compile(r"^\s{0,3}#{1,6}(?:\s|$)|^\s*(\*\*|__)[^*_\n\ue000]*[^*_\n\ue000.!?]\1:?\s*$|^\s*[-=*_]{3,}\s*$")
RULE = re.compile(r"^\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$")
BAR = re.compile(r"(?<!\\)\|")
NOTHING = re.compile(r"^(?:\W*|n/?a|unknown|not found\.?|none found)$", re.IGNORECASE)
OPENER = 2  # words: "No." and "Yes, both." are one claim with the sentence after them


@dataclass(frozen=True)
class Piece:
    """What is checked by itself: a sentence, or what a table says in a cell (`lead` tells the row and the column).

    `cells` is how many cells of its table the piece takes up, 0 for a sentence; of several, `row` is what they say.
    """

    start: int
    end: int
    lead: str = ""
    cells: int = 0
    row: str = ""


def inert(markdown: str) -> str:
    """Without links, images, HTML and addresses that a viewer would make links of; their words stay."""
    return outside_code(markdown, harmless)


def outside_code(markdown: str, change: Callable[[str], str], code_too: Callable[[str], str] = str) -> str:
    parts, at = [], 0
    for code in CODE.finditer(markdown):
        parts += [change(markdown[at:code.start()]), code_too(code[0])]
        at = code.end()
    return "".join([*parts, change(markdown[at:])])


def harmless(text: str) -> str:
    before = None
    while before != text:
        before, text = text, LINK.sub(r"\1", text)
    text = HTML.sub(words_of_tag, text.replace(MASK, ""))
    text = TAG_LIKE.sub(r"\\<", SCHEME.sub("", text)).replace("](", "] (").replace("】(", "】 (")
    return DEFINED.sub(r"\1 :", text)


def words_of_tag(tag: re.Match[str]) -> str:
    """An address between angles keeps its words; a blank where words, or a mark and a bracket, would grow together."""
    parts = tag[0].lower().startswith("<br") or tag.string[tag.start() - 1:tag.start()] in ("", "]", "】")
    return tag[1] or (" " if parts else "")


def unsure(held: str) -> int:
    """Where the end of a text that still grows begins, which may yet turn out to be a mark, a link, a tag or code."""
    closed = max((code.end() for code in CLOSED_CODE.finditer(held)), default=0)
    tails = OPEN_CODE.search(held, closed), OPEN.search(held, closed)
    return min((tail.start() for tail in tails if tail), default=len(held))


def settled(markdown: str) -> str:
    """As `inert`, each mark in the one form [p203]; what is a mark and names no id can be none becomes [?so]."""
    before = None
    while before != markdown:  # what is taken out may bring together what is a mark only then
        before = markdown
        markdown = outside_code(inert(markdown), lambda text: MARK.sub(lambda found: "".join(map(one_mark, words_in(found))), text))
    return markdown


def words_in(mark: re.Match[str]) -> list[str]:
    """[p3, p7 and p9] is three marks."""
    return [part.strip() for part in re.split(r"[,;&]| and ", mark[1] or mark[2]) if part.strip()]


def one_mark(word: str) -> str:
    ident = IDENT.match(word)
    return f"[p{int(ident[1])}]" if ident else unknown_mark(word)


def unknown_mark(word: str) -> str:
    return f"[?{re.sub('[【】]', '', word)}]"


def marks_in(markdown: str) -> list[str]:
    """The marks of a text, settled or shown, in order."""
    return ANY_MARK.findall(outside_code(markdown, str, lambda _: " "))


def idents_in(markdown: str) -> list[str]:
    """The ids of a settled text's marks, in order, each once."""
    return list(dict.fromkeys(mark[1:-1] for mark in marks_in(markdown) if mark.startswith("[p")))


def missing(markdown: str) -> tuple[str, ...]:
    """What its "Not found" lines say."""
    return tuple(clean(found) for found in MISSING.findall(markdown))


# ---------------------------------------------------------------- pieces

def pieces(markdown: str) -> list[Piece]:
    """All that can be checked, in order. Headings, code and "Not found" lines are none."""
    masked, found, header, at = mask(markdown), [], None, 0
    lines = masked.splitlines(keepends=True)
    for number, line in enumerate(lines):
        bare = line.rstrip("\r\n")
        if bare.lstrip().startswith("|"):
            if header is None and number + 1 < len(lines) and RULE.match(lines[number + 1]):
                header = [clean(markdown[at + a:at + b]) for a, b in cells_of(bare)]
            elif not RULE.match(bare):
                found += of_row(markdown, at, bare, header or [])
        else:
            header = None
            found += [] if HEADING.match(bare) else of_line(markdown, at, bare)
        at += len(line)
    return found


def mask(markdown: str) -> str:
    """The same length, with nothing in it that only looks like the end of a sentence."""
    def code(found: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", found[0]) if found[0].startswith("```") else "x" * len(found[0])

    hidden = CODE.sub(code, markdown.replace(MASK, " "))
    hidden = ANY_MARK.sub(lambda found: MASK * len(found[0]), hidden)
    return MISSING.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), hidden)


def of_line(markdown: str, base: int, line: str) -> Iterator[Piece]:
    start = BULLET.match(line).end()
    for stop in [*STOP.finditer(line, start), None]:
        end = stop.end() if stop else len(line.rstrip())
        if stop and (ABBREVIATION.search(line, max(start, stop.start() - 12), stop.start() + 1) or opens(line[start:end])):
            continue
        if re.search(r"\w", line[start:end]):
            yield Piece(base + start, base + end)
        start = end + len(line[end:]) - len(line[end:].lstrip())


def opens(sentence: str) -> bool:
    return MASK not in sentence and len(sentence.split()) <= OPENER and not re.search(r"\d", sentence)


def of_row(markdown: str, base: int, line: str, header: list[str]) -> Iterator[Piece]:
    """Each cell after the first by itself; the whole row where one mark, at its start or end, is for all of it."""
    cells = cells_of(line)
    name, rest = clean(markdown[base + cells[0][0]:base + cells[0][1]]) if cells else "", cells[1:]
    marked = [place for place, (a, b) in enumerate(cells) if MASK in line[a:b]]
    if rest and (marked == [0] or marked == [len(rest)] and len(rest) > 1):
        whole = "; ".join(f"{column(header, place)}{clean(markdown[base + a:base + b])}" for place, (a, b) in enumerate(rest, 1))
        taken = cells if marked == [0] else rest
        yield Piece(base + taken[0][0], base + rest[-1][1], "", len(taken), f"{name} – {whole}")
        return
    for place, (a, b) in enumerate(rest, 1):
        if not (MASK not in line[a:b] and NOTHING.match(line[a:b])):
            yield Piece(base + a, base + b, f"{name} – {column(header, place)}" if name else column(header, place), 1)
    if not rest and cells:
        yield Piece(base + cells[0][0], base + cells[0][1], "", 1)


def column(header: list[str], place: int) -> str:
    return f"{header[place]}: " if place < len(header) and header[place] else ""


def cells_of(line: str) -> list[tuple[int, int]]:
    """The span of each cell's words."""
    bars = [bar.start() for bar in BAR.finditer(line)]
    ends = [*bars[1:], *([len(line)] if line[bars[-1] + 1:].strip() else [])]
    return [trimmed(line, bar + 1, end) for bar, end in zip(bars, ends, strict=False)]


def trimmed(line: str, start: int, end: int) -> tuple[int, int]:
    inside = line[start:end]
    first = start + len(inside) - len(inside.lstrip())
    return first, max(first, start + len(inside.rstrip()))


def said(markdown: str, piece: Piece) -> str:
    """A piece in words, without marks: what is checked."""
    return piece.row or piece.lead + clean(markdown[piece.start:piece.end])


def clean(text: str) -> str:
    """Without marks and bold, as a reader sees it."""
    return ESCAPED.sub(r"\1", outside_code(text, lambda part: re.sub(r"\*\*(\S(?:.*?\S)?)\*\*", r"\1", unmarked(part)))).strip()


def unmarked(text: str) -> str:
    """Without marks, and without the blank that one leaves before a full stop. Other blanks are the text's own (`|| :`)."""
    return LEFT_OUT.sub("", text)


# ---------------------------------------------------------------- changes

def edited(markdown: str, changes: Mapping[int, str | None]) -> str:
    """With other words for the pieces of these places; None (or none at all) takes a piece out, and its line if nothing else is on it."""
    found = pieces(markdown)
    for place in sorted(changes, reverse=True):
        piece, words = found[place], changes[place]
        whole = words and markdown[:piece.start] + fitted(words, piece) + markdown[piece.end:]
        markdown = whole or without(markdown, piece)
    return re.sub(r"\n{3,}", "\n\n", markdown)


def fitted(words: str, piece: Piece) -> str:
    """One line; in a table what would end a cell is escaped, and the row keeps its number of cells."""
    line = " ".join(words.split())
    if not piece.cells:
        return line
    return BAR.sub(r"\\|", line) + " | " * (piece.cells - 1)


def without(markdown: str, piece: Piece) -> str:
    if piece.cells:
        return markdown[:piece.start] + "–" + " | " * (piece.cells - 1) + markdown[piece.end:]
    before, after = markdown[:piece.start], markdown[piece.end:].lstrip(" ")
    line = before.rpartition("\n")[2]
    if after[:1] in ("", "\n") and not line[BULLET.match(line).end():].strip():
        return before[:len(before) - len(line)].rstrip("\n") + ("\n" + after.lstrip("\n") if line.strip() else "\n\n" + after.lstrip("\n"))
    return before.rstrip(" ") + after if after[:1] in ("", "\n") else before + after
