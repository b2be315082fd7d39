"""From a page's text to passages: spans of whole sentences that can be quoted as they stand.

Offsets are into the text itself, so a passage is verbatim by construction. Knows Markdown's block structure as
agent/extract/render/markdown.py writes it; knows nothing of questions.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby

from agent.records import Page, Passage

SENTENCES = 4  # most sentences of a passage: what a person takes in at one glance beside a claim
CHARACTERS = 600  # most characters of a passage, some 130 tokens: 900 and 1400 ground fewer facts (docs/LOG.md)
TERM = 7  # a defined term ranks below the six levels of headings
LONGEST = 1200  # most characters of a quote
LABEL = 3  # most words of a label: "Note", "See also"
NAME = 8  # most words of an entry in a table of contents
LINES = 6  # lines of code that count as one sentence; a paragraph of up to twice as many is not parted

RULE = re.compile(r"\s*\|(?:---\|)+\s*$", re.MULTILINE)
HEADING = re.compile(r"(#{1,6}) (.+)")
AROUND = re.compile(r"(?:\s*(?:- |\d+[.)] |: |>(?: |$)))*\s*")  # what a line carries of the lists and quotations that it stands in
QUOTED, SPACE = re.compile(r"\s*(?:> ?)*\s*"), re.compile(r"\s*")
TERM_LINE = re.compile(r" *(\S[^\n]{0,200})\n *: ")
NUMBERED = re.compile(r"\s*\d+[.)] ")
END = re.compile(r"[.!?…。！？][\"'”’)\]]*(?=\s+[\"'“‘(\[]*[^\sa-z])|[。！？]")
ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|al|no|vol|fig|sec|ch|approx|mr|mrs|ms|dr|prof|st|inc|ltd|jr|sr|resp)|\b[A-Z]|^\s*\d+)\.$",
    re.IGNORECASE)


@dataclass(frozen=True)
class Sentence:
    """A span that is quoted whole or not at all. `joins` is false where a quote must not run on from the one before."""

    start: int
    end: int
    headings: tuple[str, ...]
    joins: bool = True
    code: bool = False


def passages(page: Page) -> list[Passage]:
    """Windows of up to SENTENCES sentences, each starting one or two after the last, never across a heading."""
    found = []
    for run in runs(all_of(page.text)):
        for first, last in windows(run):
            start, end = run[first].start, run[last].end
            found.append(Passage(page.sha256, start, end, page.text[start:end], run[first].headings))
    return found


def runs(all_sentences: Sequence[Sentence]) -> Iterator[list[Sentence]]:
    """Stretches of sentences that may stand in one quote."""
    run: list[Sentence] = []
    for sentence in all_sentences:
        if run and (not sentence.joins or sentence.headings != run[-1].headings):
            yield run
            run = []
        run.append(sentence)
    if run:
        yield run


def windows(run: list[Sentence]) -> Iterator[tuple[int, int]]:
    """Places (first, last) in the run: as many sentences as fit, half of them shared with the next window."""
    first = 0
    while first < len(run):
        last = first
        while last + 1 < min(len(run), first + SENTENCES) and run[last + 1].end - run[first].start <= CHARACTERS:
            last += 1
        yield first, last
        if last == len(run) - 1:
            return
        first = max(first + 1, (first + last + 1) // 2)


def widest(text: str, start: int, end: int) -> tuple[int, int]:
    """The span from `start` to `end`, made longer by what follows and what leads to it while it is still one passage."""
    run = next((run for run in runs(sentences_near(text, start, end)) if run[0].start <= start and end <= run[-1].end), [])
    inside = [place for place, one in enumerate(run) if one.start >= start and one.end <= end]
    if not inside:
        return start, end
    first, last = inside[0], inside[-1]
    while last - first + 1 < SENTENCES:
        if last + 1 < len(run) and run[last + 1].end - run[first].start <= LONGEST:
            last += 1
        elif first > 0 and run[last].end - run[first - 1].start <= LONGEST:
            first -= 1
        else:
            break
    return run[first].start, run[last].end


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without what at its end leads to something that is not in it: "For example:", "Note", a table's header.

    Empty where it does nothing but lead on.
    """
    inside = [one for one in sentences_near(text, start, end) if one.start >= start and one.end <= end]
    if not inside:
        return start, end
    while inside and leads_on(text, inside[-1]):
        inside.pop()
    return (inside[0].start, inside[-1].end) if inside else (start, start)


def leads_on(text: str, one: Sentence) -> bool:
    """Whether these words announce others: a colon at their end, a label that is a paragraph of its own, a table's header."""
    words = text[one.start:one.end]
    if one.code:
        return False
    if words.startswith("| "):
        return bool(RULE.match(text, one.end))
    alone = not text[text.rfind("\n", 0, one.start) + 1:one.start].strip()
    return words.endswith(":") or (alone and len(words.split()) <= LABEL and words[-1].isalnum())


def is_list_of_names(text: str, start: int, end: int) -> bool:
    """Whether the span says nothing: a table of contents, say, or names without a sentence. Code and tables are something else."""
    inside = [one for one in sentences_near(text, start, end) if one.start >= start and one.end <= end]
    return bool(inside) and all(is_name(text[one.start:one.end]) and not one.code for one in inside)


def is_name(words: str) -> bool:
    return words[-1] not in ".!?:;。！？" and not words.startswith("| ") and len(words.split()) <= NAME


@lru_cache(maxsize=32)
def all_of(text: str) -> tuple[Sentence, ...]:
    return tuple(sentences(text))


def sentences_near(text: str, start: int, end: int) -> list[Sentence]:
    """The sentences around a span: enough of them for any quote that holds it."""
    everything = all_of(text)
    first = bisect_left(everything, start, key=lambda one: one.start)
    last = bisect_left(everything, end, key=lambda one: one.end)
    return list(everything[max(0, first - SENTENCES):last + SENTENCES + 1])


def sentences(text: str) -> Iterator[Sentence]:
    """All sentences of a text in order, with the headings above them; a defined term is a heading of its definition."""
    path: list[tuple[int, str]] = []
    after_code = False
    for start, end in blocks(text):
        block = text[start:end]
        if heading := HEADING.fullmatch(block):
            path = [*above(path, len(heading[1])), (len(heading[1]), heading[2])]
            continue
        depth = TERM + len(block) - len(block.lstrip(" "))
        path = above(path, depth)
        if term := TERM_LINE.match(block):
            path = [*path, (depth, one_space(term[1]))]
        headings = tuple(name for _, name in path)
        for sentence in of_block(text, start, end, headings):
            yield replace(sentence, joins=False) if after_code and not sentence.code else sentence
            after_code = sentence.code


def above(path: list[tuple[int, str]], level: int) -> list[tuple[int, str]]:
    return [(at, name) for at, name in path if at < level]


def one_space(text: str) -> str:
    return " ".join(text.split())


def blocks(text: str) -> Iterator[tuple[int, int]]:
    """Spans of the blocks of a text: what blank lines part, fences kept whole."""
    start, fence, at, end = None, "", 0, 0
    for line in text.splitlines(keepends=True):
        bare = line.strip()
        if fence:
            if within(line) == fence:
                fence = ""
        elif fence := fence_of(line):
            if start is None:
                start = at
        elif not bare:
            if start is not None:
                yield start, end
            start = None
        elif start is None:
            start = at
        at += len(line)
        end = at - (len(line) - len(line.rstrip("\r\n")))
    if start is not None:
        yield start, end


def within(line: str) -> str:
    """The line without the marks of the lists and quotations that it stands in."""
    return line[AROUND.match(line).end():].rstrip()


def fence_of(line: str) -> str:
    """The marks that this line opens code with, "" if it opens none."""
    bare = within(line) if "```" in line else ""
    return bare[:len(bare) - len(bare.lstrip("`"))] if bare.startswith("```") else ""


def of_block(text: str, start: int, end: int, headings: tuple[str, ...]) -> Iterator[Sentence]:
    """The sentences of one block: code by a few lines, lists by item, tables by row, prose by full stop."""
    fence, lines, joins, margin = "", [], True, SPACE
    at = start
    for line in text[start:end].splitlines(keepends=True):
        bare, stop = within(line), at + len(line.rstrip())
        if fence and bare == fence:
            yield from of_code(lines, headings)
            fence, lines, joins = "", [], False
        elif fence:
            first = min(at + margin.match(line).end(), stop)
            lines.append((first, stop, first < stop))
        elif fence := fence_of(line):
            margin = QUOTED if line.lstrip().startswith(">") else SPACE
            lines, joins = [], False
        elif bare and not (bare[0] == "|" and RULE.fullmatch(bare)):
            first = stop - len(bare)
            if bare.startswith("| "):
                yield Sentence(first, stop, headings, joins)
            else:
                yield from of_prose(text, first, stop, headings, joins and not NUMBERED.match(line))
            joins = True
        at += len(line)
    if lines:
        yield from of_code(lines, headings)


def of_code(lines: list[tuple[int, int, bool]], headings: tuple[str, ...]) -> Iterator[Sentence]:
    """Code in pieces of some LINES lines, never joined to the prose above: the fence between them is not the page's."""
    for place, piece in enumerate(pieces_of(lines)):
        yield Sentence(piece[0][0], piece[-1][1], headings, joins=place > 0, code=True)


def pieces_of(lines: list[tuple[int, int, bool]]) -> Iterator[list[tuple[int, int, bool]]]:
    """Paragraphs of code together while they are short, parted where they are long."""
    piece: list[tuple[int, int, bool]] = []
    for told, group in groupby(lines, key=lambda line: line[2]):
        paragraph = list(group) if told else []
        if piece and len(piece) + len(paragraph) > LINES:
            yield piece
            piece = []
        while len(paragraph) > 2 * LINES or (paragraph and paragraph[-1][1] - paragraph[0][0] > LONGEST and len(paragraph) > LINES):
            yield paragraph[:LINES]
            paragraph = paragraph[LINES:]
        piece += paragraph
    if piece:
        yield piece


def of_prose(text: str, start: int, end: int, headings: tuple[str, ...], joins: bool) -> Iterator[Sentence]:
    at = start
    for stop in END.finditer(text, start, end):
        if ABBREVIATION.search(text, max(at, stop.start() - 12), stop.start() + 1):
            continue
        yield Sentence(at, stop.end(), headings, joins)
        at, joins = stop.end() + len(text[stop.end():end]) - len(text[stop.end():end].lstrip()), True
    if text[at:end].strip():
        yield Sentence(at, at + len(text[at:end].rstrip()), headings, joins)
