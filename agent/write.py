"""The answer: by a model that may cite nothing but passages, or, with no model, the best passages themselves.

The model names passage ids; code turns them into citations and checks that each quote stands word for word in its kept
page. A mark that names no passage is shown as one ([?p99]) and never becomes a citation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agent.layout import plain, quotation
from agent.markup import (
    IDENT,
    MARK,
    Piece,
    edited,
    inert,
    marks_in,
    missing,
    outside_code,
    pieces,
    said,
    settled,
    unknown_mark,
    unsure,
    words_in,
)
from agent.quotes import stands
from agent.rank import Ranked
from agent.records import Citation, Claim, Page, Passage, Source

if TYPE_CHECKING:
    from agent.note import Note

LONGEST_ADDRESS = 90  # characters of a page's address that a model is shown


@dataclass
class Ledger:
    """The passages that an answer may cite, by id, and the numbers that their pages get in the order they are cited."""

    pages: dict[str, Page]
    passages: dict[str, Passage]
    numbers: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, ranked: Sequence[Ranked]) -> Ledger:
        pages = {one.page.sha256: one.page for one in ranked}
        return cls(pages, {f"p{place}": one.passage for place, one in enumerate(ranked, 1)})

    @classmethod
    def of_notes(cls, notes: Sequence[Note]) -> Ledger:
        """Ids that stay the same when the run is replayed."""
        return cls({one.ranked.page.sha256: one.ranked.page for one in notes}, {one.ident: one.ranked.passage for one in notes})

    def cite(self, ident: str) -> Citation | None:
        """The citation of a passage, None if there is no such passage or its quote is not in its page."""
        passage = self.passages.get(ident)
        page = self.pages.get(passage.page_sha256) if passage else None
        if passage is None or page is None or not stands(page, passage.start, passage.end, passage.text):
            return None
        n = self.numbers.setdefault(page.sha256, len(self.numbers) + 1)
        return Citation(n, page.final_url, page.title, page.sha256, passage.start, passage.end, passage.text, page.site, page.date)

    def sources(self) -> tuple[Source, ...]:
        """The cited pages in the order of their numbers."""
        listed = ((n, self.pages[sha]) for sha, n in self.numbers.items())
        return tuple(Source(n, p.final_url, p.title, p.rung, p.fetched_at, p.sha256, p.site, p.date) for n, p in listed)


@dataclass
class Draft:
    """A model's text as it comes: `feed` gives back what may be shown, its marks turned into [n] and [?…].

    `places` are the marks that cite: where each stands in `shown`, and the citation it stands for.
    """

    ledger: Ledger
    most_quotes: int
    held: str = ""
    shown: str = ""
    cited: dict[str, Citation] = field(default_factory=dict)
    places: list[tuple[int, Citation]] = field(default_factory=list)

    def feed(self, text: str, last: bool = False) -> tuple[str, tuple[Citation, ...]]:
        """What can be shown by now, and a citation for each of its marks. What may still grow into a mark is held back."""
        self.held += text
        cut = len(self.held) if last else unsure(self.held)
        ready, self.held = inert(self.held[:cut]), self.held[cut:]
        begun, before = len(self.shown), len(self.places)
        outside_code(ready, self.show, self.copy)
        return self.shown[begun:], tuple(citation for _, citation in self.places[before:])

    def copy(self, text: str) -> str:
        self.shown += text
        return text

    def show(self, text: str) -> str:
        at = 0
        for mark in MARK.finditer(text):
            self.copy(text[at:mark.start()])
            for word in words_in(mark):
                self.mark(word)
            at = mark.end()
        return self.copy(text[at:])

    def mark(self, word: str) -> None:
        """Each id by itself; one that is none of ours as [?…]."""
        ident = IDENT.match(word)
        citation = self.citation(f"p{int(ident[1])}") if ident else None
        if citation:
            self.places.append((len(self.shown), citation))
        self.copy(f"[{citation.n}]" if citation else unknown_mark(word))

    def citation(self, ident: str) -> Citation | None:
        """One citation an id. Beyond the most quotes that an answer may carry, there is none."""
        if ident not in self.cited and len(self.cited) >= self.most_quotes:
            return None
        citation = self.cited.get(ident) or self.ledger.cite(ident)
        if citation:
            self.cited[ident] = citation
        return citation

    def claims(self) -> tuple[Claim, ...]:
        """What was shown, piece by piece, each with the citations of its marks, in order."""
        return tuple(self.claim(piece) for piece in pieces(self.shown))

    def claim(self, piece: Piece) -> Claim:
        inside = (citation for place, citation in self.places if piece.start <= place < piece.end)
        unknown = tuple(word[2:-1] for word in marks_in(self.shown[piece.start:piece.end]) if word.startswith("[?"))
        return Claim(said(self.shown, piece), "unchecked", tuple(dict.fromkeys(inside)), unknown)

    def not_found(self) -> tuple[str, ...]:
        return missing(self.shown)


def spans(markdown: str) -> list[tuple[int, int]]:
    """Where each of Draft.claims() stands in a model's text, once that is `settled`."""
    return [(piece.start, piece.end) for piece in pieces(markdown)]


def replaced(markdown: str, sentences: Mapping[int, str]) -> str:
    """The model's text, settled, with these sentences (and their [p203] marks) for the claims of these places.

    It has as many claims afterwards: "", and what is not exactly one sentence, changes nothing.
    """
    markdown = settled(markdown)
    found = pieces(markdown)
    fresh = {place: settled(" ".join(text.split())) for place, text in sentences.items()}
    fits = {place: text for place, text in fresh.items() if text and (found[place].cells or alone(text))}
    return edited(markdown, fits)


def alone(text: str) -> bool:
    """Whether it is one sentence, from its start: no heading, no bullet, no two."""
    return spans(text) == [(0, len(text))]


def messages(question: str, ranked: Sequence[Ranked], today: date) -> list[dict[str, str]]:
    """What the model is asked: the instructions, then the question and the passages, each with its id and where it stands."""
    blocks = [f"Question: {question}", "Passages:"]
    blocks += [passage_block(f"p{place}", one) for place, one in enumerate(ranked, 1)]
    blocks.append(f"End of the passages. The question again: {question}")
    return asked("write", today, blocks)


def asked(prompt: str, today: date, blocks: Sequence[str], **fills: object) -> list[dict[str, str]]:
    """The instructions of that name, the day (and what else they leave open) filled in; then the blocks, as the user's."""
    text = files("agent.prompts").joinpath(f"{prompt}.md").read_text().split("-->\n", 1)[1]
    for name, value in {"today": f"{today:%A, %d %B %Y}", **fills}.items():
        text = text.replace(f"{{{name}}}", str(value))
    return [{"role": "system", "content": text}, {"role": "user", "content": "\n\n".join(blocks)}]


def passage_block(ident: str, one: Ranked) -> str:
    page = one.page
    path = " › ".join(heading for heading in one.passage.headings[-3:] if heading != page.title)
    where = " · ".join(filter(None, [page.title, address(page.final_url), page.date and f"dated {page.date}", path]))
    return f"[{ident}] {where}\n{fenced(one.passage.text)}"


def address(url: str) -> str:
    """Host and path: in many a manual nothing else tells which product and version a page titled "Advanced Usage" is about."""
    parts = urlsplit(url)
    return f"{(parts.hostname or '').removeprefix('www.')}{parts.path}".rstrip("/")[:LONGEST_ADDRESS]


def fenced(text: str) -> str:
    """The passage between marks that it cannot close itself."""
    return f"<<<\n{text.replace('<<<', '‹‹‹').replace('>>>', '›››')}\n>>>"


def brief(ranked: Sequence[Ranked], ledger: Ledger) -> tuple[str, tuple[Claim, ...]]:
    """The extractive answer: the passages word for word, grouped by page in the order of the best of each."""
    idents = {one.passage: ident for ident, one in zip(ledger.passages, ranked, strict=True)}
    parts, claims = [], []
    for sha in dict.fromkeys(one.page.sha256 for one in ranked):
        group = sorted((one.passage for one in ranked if one.page.sha256 == sha), key=lambda passage: passage.start)
        cited = [citation for passage in group if (citation := ledger.cite(idents[passage]))]
        claims += [Claim(citation.quote, "supported", (citation,)) for citation in cited]
        text = ledger.pages[sha].text
        quotes = [quotation(text, Passage(sha, one.start, one.end, one.quote), f"[{one.n}]") for one in cited]
        parts.append("\n\n".join([f"**{plain(ledger.pages[sha].title)}** · {plain(ledger.pages[sha].site)}", *quotes]))
    return "\n\n".join(parts), tuple(claims)


def quoted(quote: str) -> str:
    """A quote as one Markdown paragraph a block: its words untouched, its marks of structure made harmless."""
    lines = (plain(line.strip()) for line in quote.split("\n") if line.strip())
    return "  \n> ".join(lines)
