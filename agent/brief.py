"""One page in brief: a summary and the questions that it can answer, each with the page's own words for it.

A model writes from numbered passages; code turns numbers into quotes, and what a second reading does not find in them is
dropped, questions being replaced once. Without a model agent/gist.py does the same. Knows nothing of runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from agent.answer import unmentioned
from agent.budget import QUICK
from agent.check import as_number, check, headings_over, name_of, packed, rows_of
from agent.errors import ModelError, OverLimit
from agent.gist import POINTS, asked_of, gist, texts
from agent.journal import Journal, MemoryEntries
from agent.meter import Meter
from agent.packing import SAFE
from agent.passages import CHARACTERS, SENTENCES, Sentence, all_of, runs
from agent.quotes import stands
from agent.rank import Ranked, terms
from agent.records import Citation, Claim, Page, Passage
from agent.shape import pick
from agent.steer import MemoryControl
from agent.tokens import count
from agent.write import address, asked, fenced

if TYPE_CHECKING:
    from agent.embed import Embedder
    from agent.tools import Tools

QUESTIONS = 5
SHOWN = 8_000  # tokens of passages that a model is shown: of a longer page those that are nearest to the whole
PURSE = replace(QUICK, model_calls=8, tokens=60_000, seconds=120)  # two to write, as many to check, and what fails among them
TOKENS = 1_500
CHECK_TOKENS = 600
LONGEST_TEXT = 400  # characters of a sentence or a question
TEXT = {"type": "string"}
POINT = {"type": "object", "required": ["text", "from"], "properties": {"text": TEXT, "from": TEXT}}
ASKED = {"type": "object", "required": ["text", "from"], "properties": {"text": TEXT, "from": TEXT, "answer": TEXT}}
WRITTEN = {"type": "object", "required": ["questions", "summary"], "properties": {
    "questions": {"type": "array", "items": ASKED}, "summary": {"type": "array", "items": POINT}}}
ANSWERED = {"type": "object", "required": ["answers"], "properties": {"answers": {"type": "array", "items": {
    "type": "object", "required": ["number", "why", "answered"], "properties": {
        "number": {"type": "integer"}, "why": TEXT, "answered": {"type": "string", "enum": ["yes", "partly", "no"]}}}}}}
BY_RULE = "Made without a model: the summary is the page’s own sentences, the questions are formed from its headings and definitions."


@dataclass(frozen=True)
class Point:
    """A sentence of the summary or a question, and the page's own words that bear or answer it."""

    text: str
    quote: str


@dataclass(frozen=True)
class Brief:
    """`by` is the model that wrote it, "" for none; `note` says what the reader should know of how it was made."""

    summary: tuple[Point, ...] = ()
    questions: tuple[Point, ...] = ()
    by: str = ""
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "summary": [asdict(one) for one in self.summary], "questions": [asdict(one) for one in self.questions]}


def brief(page: Page, tools: Tools) -> Brief:
    """The page in brief, by a model if one answers; fewer than five questions where the page does not surely answer five."""
    meter = Meter(PURSE, Journal(MemoryEntries()), tools.models, MemoryControl())  # a journal knows its calls by name alone: one a page
    if meter.has_model:
        try:
            return Writer(page, tools.embedder, meter).brief()
        except (ModelError, OverLimit) as error:
            return by_rule(page, tools.embedder, f"{BY_RULE} {error}")
    return by_rule(page, tools.embedder, BY_RULE)


def by_rule(page: Page, embedder: Embedder, note: str) -> Brief:
    summary = [Point(text, text) for text in texts(page, gist(page, embedder))]
    questions = [Point(one.question, page.text[one.start:one.end]) for one in asked_of(page, embedder, QUESTIONS)]
    return Brief(tuple(summary), tuple(questions), "", " ".join([note, *too_few(questions)]))


def too_few(questions: Sequence[Point]) -> list[str]:
    if len(questions) >= QUESTIONS:
        return []
    number = ("No question", "Only one question", "Only two questions", "Only three questions", "Only four questions")[len(questions)]
    return [f"{number} of five could be found that this page surely answers."]


class Writer:
    """One page before a model."""

    def __init__(self, page: Page, embedder: Embedder, meter: Meter) -> None:
        self.page, self.embedder, self.meter = page, embedder, meter
        self.today: date = datetime.now(UTC).date()
        self.passages = {f"p{place}": passage for place, passage in enumerate(cover(page), 1)}
        self.worth = by_worth(self.passages, embedder)

    def brief(self) -> Brief:
        """Raises ModelError or OverLimit if the model cannot write."""
        said = self.written("first", QUESTIONS, ())
        summary, note = self.summary(said), []
        questions = self.answered(self.questions(said, ()))
        if len(questions) < QUESTIONS and self.passages:
            questions += self.replaced(said, questions)
        if not summary:
            summary = [Point(text, text) for text in texts(self.page, gist(self.page, self.embedder))]
            note = ["The summary is the page’s own sentences: what the model wrote did not stand in it."]
        return Brief(tuple(summary), tuple(questions), self.meter.who("write", "brief first"), " ".join([*note, *too_few(questions)]))

    def replaced(self, said: Any, kept: Sequence[Point]) -> list[Point]:
        """Questions in place of those that failed; none where the model cannot be asked again."""
        before = [line(pick(row, "text")) for row in rows_of(said, "questions")]
        try:
            again = self.written("again", QUESTIONS - len(kept), before)
        except (ModelError, OverLimit):
            return []
        return self.answered(self.questions(again, before))[:QUESTIONS - len(kept)]

    def written(self, name: str, most: int, before: Sequence[str]) -> Any:
        return self.meter.ask("write", f"brief {name}", lambda room: self.messages(room, most, before), max_tokens=TOKENS, schema=WRITTEN)

    def messages(self, room: int, most: int, before: Sequence[str]) -> list[dict[str, str]]:
        """The passages in the page's order: all of them, or as many of the weightiest as there is room for."""
        blocks = {ident: block(ident, passage) for ident, passage in self.passages.items()}
        others = "\n".join(f"- {one}" for one in before)
        told = [f"No summary this time: give an empty list. Asked already, so ask about other points:\n{others}"] if before else []
        fixed = asked("brief", self.today, [*told, "…"], most=most)
        left = min(SHOWN, int(room / SAFE) - sum(count(message["content"]) for message in fixed) - 100)
        shown = fitting(blocks, self.worth, left)
        out = len(blocks) - len(shown)
        said = [f"({out} more passages of the page are not shown for want of room.)"] if out else []
        page = self.page
        head = " · ".join(filter(None, [page.title, address(page.final_url), page.date and f"dated {page.date}"]))
        passages = [f"The page: {head}", "Its passages:", *(blocks[ident] for ident in shown), "End of the passages."]
        return asked("brief", self.today, [*passages, *said, *told], most=most)

    def summary(self, said: Any) -> list[Point]:
        """The sentences that their passages bear, as the check of any answer finds it."""
        claims = [Claim(text, citations=(cited,)) for row in rows_of(said, "summary")
                  if (text := line(pick(row, "text"))) and (cited := self.cited(pick(row, "from")))]
        checked = sorted(check(claims, {self.page.sha256: self.page}, self.meter, self.today), key=lambda row: row[0])
        return [Point(claim.text, claim.citations[0].quote) for _, claim in checked if claim.support == "supported"]

    def questions(self, said: Any, before: Iterable[str]) -> list[tuple[Point, Passage]]:
        """The questions that name a passage, and nothing that the page does not know; with the sentences that hold the answer."""
        found: dict[str, tuple[Point, Passage]] = {}
        known = {text.lower() for text in before}
        for row in rows_of(said, "questions"):
            text, passage = line(pick(row, "text")), self.passages.get(ident_of(pick(row, "from")))
            if text and passage and text.lower() not in known and not self.strange(text, passage):
                start, end = around(self.page, passage, pick(row, "answer"))
                if stands(self.page, start, end, self.page.text[start:end]):
                    found.setdefault(text.lower(), (Point(text, self.page.text[start:end]), replace(passage, start=start, end=end)))
        return list(found.values())[:QUESTIONS]

    def strange(self, question: str, passage: Passage) -> list[str]:
        """What the question names and the page does not, and its numbers that the passage does not have."""
        return unmentioned(question, [ranked(self.page, passage)], self.embedder.unusual)

    def answered(self, points: Sequence[tuple[Point, Passage]]) -> list[Point]:
        """Those that a reading of the quote alone finds answered by it. Where nobody can read it, none is."""
        blocks = [f"Question: {point.text}\nFrom: {self.where(passage)}\n{fenced(point.quote)}" for point, passage in points]
        if not blocks:
            return []
        try:
            reply = self.meter.ask("check", name_of("answers", blocks), lambda room: packed("answers", self.today, blocks, room),
                                   max_tokens=CHECK_TOKENS, schema=ANSWERED)
        except (ModelError, OverLimit):
            return []
        said = {as_number(pick(row, "number")): pick(row, "answered") for row in reversed(rows_of(reply, "answers"))}
        return [point for number, (point, _) in enumerate(points, 1) if said.get(number) == "yes"]

    def where(self, passage: Passage) -> str:
        path = dict.fromkeys([self.page.title, *headings_over(self.page.text, passage.start)])
        return f"{' › '.join(filter(None, path))} ({address(self.page.final_url)})"

    def cited(self, ident: Any) -> Citation | None:
        passage, page = self.passages.get(ident_of(ident)), self.page
        if passage is None or not stands(page, passage.start, passage.end, passage.text):
            return None
        return Citation(1, page.final_url, page.title, page.sha256, passage.start, passage.end, passage.text, page.site, page.date)


# ---------------------------------------------------------------- passages

def cover(page: Page) -> list[Passage]:
    """The whole page as passages that do not overlap."""
    found = []
    for run in runs(all_of(page.text)):
        part: list[Sentence] = []
        for one in run:
            if part and (len(part) == SENTENCES or one.end - part[0].start > CHARACTERS):
                found.append(part)
                part = []
            part.append(one)
        found.append(part)
    return [Passage(page.sha256, part[0].start, part[-1].end, page.text[part[0].start:part[-1].end], part[0].headings) for part in found]


def by_worth(passages: Mapping[str, Passage], embedder: Embedder) -> list[str]:
    """Their ids: the first two, which say what the page is, then those that are nearest to the whole."""
    idents = list(passages)
    if not embedder.ready or len(idents) < 3:
        return idents
    vectors = embedder.rough([terms(f"{one.text} {' '.join(one.headings)}") for one in passages.values()])
    order = (vectors @ vectors.mean(axis=0)).argsort()[::-1]
    return list(dict.fromkeys([*idents[:2], *(idents[int(place)] for place in order)]))


def block(ident: str, passage: Passage) -> str:
    return f"[{ident}] {' › '.join(passage.headings[-3:])}".rstrip() + f"\n{fenced(passage.text)}"


def fitting(blocks: Mapping[str, str], worth: Sequence[str], tokens: int) -> list[str]:
    """As many of the weightiest as these tokens hold, one at least, in the page's order."""
    kept: set[str] = set()
    for ident in worth:
        tokens -= count(blocks[ident]) + 4
        if tokens < 0 and kept:
            break
        kept.add(ident)
    return [ident for ident in blocks if ident in kept]


def ranked(page: Page, passage: Passage) -> Ranked:
    return Ranked(page, passage, 0.0, 0.0, 0.0)


def around(page: Page, passage: Passage, answer: Any) -> tuple[int, int]:
    """The sentences of the passage in which the answer's words stand, from where they are understood; all of it where they do not."""
    words = answer.strip(" .…\"'“”‘’").split() if isinstance(answer, str) else []
    found = re.search(r"\s+".join(map(re.escape, words)), passage.text, re.IGNORECASE) if words and len(answer) <= CHARACTERS else None
    if not found:
        return passage.start, passage.end
    first, last = passage.start + found.start(), passage.start + found.end()
    inside = [one for one in all_of(page.text) if passage.start <= one.start and one.end <= passage.end]
    held = [place for place, one in enumerate(inside) if one.start < last and first < one.end]
    begin = held[0]
    while begin > 0 and POINTS.search(page.text[inside[begin].start:inside[begin].end]):
        begin -= 1
    return inside[begin].start, inside[held[-1]].end


def ident_of(value: Any) -> str:
    """The id that a model meant, whatever it put around it; of several the first."""
    found = re.search(r"p\s?(\d{1,6})", str(value), re.IGNORECASE)
    return f"p{int(found[1])}" if found else ""


def line(value: Any) -> str:
    text = " ".join(value.split()) if isinstance(value, str) else ""
    return text if len(text) <= LONGEST_TEXT else ""
