"""The answer: by a model that may cite nothing but passages, or, with no model, the best passages themselves.

The model names passage ids; code turns them into citations and checks that each quote stands word for word in its kept
page. A mark that names no passage is shown as one ([?p99]) and never becomes a citation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files

from agent.passages import END
from agent.quotes import stands
from agent.rank import Ranked
from agent.records import Citation, Claim, Page, Passage, Source

MARK = re.compile(r"\[\^?([A-Za-z]{0,12}[\s_-]?\d[^\[\]\n]{0,60})\](?!\()|【([^】\n]{1,60})】")
OPEN_MARK = re.compile(r"(?:\[[^\[\]\n]{0,70}|【[^】\n]{0,70}|\[[^\[\]\n]{0,70}\]\([^()\n]{0,300})$")
IDENT = re.compile(r"^p\s?(\d+)$", re.IGNORECASE)
LINK = re.compile(r"!?\[([^\[\]\n]*)\]\([^()\n]*\)")
LATE = re.compile(r"([.!?])((?:\s*\[\?? ?[\w .-]+\])+)(?=\s|$)")
SHOWN = re.compile(r"\s*\[(\?)?([^\[\]\n]+)\]")
BULLET = re.compile(r"^\s*(?:[-*+]|\d+[.)]|#{1,6}|>|\|)\s*")
MISSING = re.compile(r"^\W{0,4}not found\W{0,3}:\s*(.+)$", re.IGNORECASE | re.MULTILINE)


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
    """A model's text as it comes: `feed` gives back what may be shown, its marks turned into [n] and [?…]."""

    ledger: Ledger
    most_quotes: int
    held: str = ""
    shown: str = ""
    cited: dict[str, Citation] = field(default_factory=dict)
    order: list[Citation] = field(default_factory=list)

    def feed(self, text: str, last: bool = False) -> tuple[str, tuple[Citation, ...]]:
        """What can be shown by now, and a citation for each of its marks. A mark that may still grow is held back."""
        self.held += text
        unsure = None if last else OPEN_MARK.search(self.held)
        ready, self.held = (self.held[:unsure.start()], self.held[unsure.start():]) if unsure else (self.held, "")
        before = len(self.order)
        markdown = MARK.sub(lambda found: self.marks(found[1] or found[2]), LINK.sub(r"\1", ready))
        self.shown += markdown
        return markdown, tuple(self.order[before:])

    def marks(self, inside: str) -> str:
        """[p3, p7] as [1][2]: each id by itself, those that are none of ours as [?…]."""
        return "".join(self.mark(part.strip()) for part in re.split(r"[,;&]| and ", inside) if part.strip())

    def mark(self, word: str) -> str:
        ident = IDENT.match(word)
        citation = self.citation(f"p{int(ident[1])}") if ident else None
        if citation is None:
            return f"[?{word}]"
        self.order.append(citation)
        return f"[{citation.n}]"

    def citation(self, ident: str) -> Citation | None:
        """One citation an id. Beyond the most quotes that an answer may carry, there is none."""
        if ident not in self.cited and len(self.cited) >= self.most_quotes:
            return None
        citation = self.cited.get(ident) or self.ledger.cite(ident)
        if citation:
            self.cited[ident] = citation
        return citation

    def claims(self) -> tuple[Claim, ...]:
        """The sentences of what was shown, each with the citations of its marks, in order."""
        rest = iter(self.order)
        found = []
        for sentence in sentences_of(MISSING.sub("", self.shown)):
            words = SHOWN.findall(sentence)
            citations = tuple(next(rest) for unknown, word in words if not unknown and word.isdigit())
            unknown = tuple(word for flag, word in words if flag)
            text = re.sub(r"\s+([.,;:!?])", r"\1", SHOWN.sub("", sentence)).strip()
            if re.search(r"\w", text):
                found.append(Claim(text, "unchecked", tuple(dict.fromkeys(citations)), unknown))
        return tuple(found)

    def not_found(self) -> tuple[str, ...]:
        return tuple(SHOWN.sub("", found).strip() for found in MISSING.findall(self.shown))


def sentences_of(markdown: str) -> Iterable[str]:
    """An answer's sentences with their marks; a mark that follows the full stop belongs to the sentence before it."""
    for line in LATE.sub(r"\2\1", markdown).split("\n"):
        bare, at = BULLET.sub("", line), 0
        for stop in END.finditer(bare):
            yield bare[at:stop.end()]
            at = stop.end()
        if bare[at:].strip(" |-"):
            yield bare[at:]


def messages(question: str, ranked: Sequence[Ranked], today: date) -> list[dict[str, str]]:
    """What the model is asked: the instructions, then the question and the passages, each with its id and where it stands."""
    prompt = files("agent.prompts").joinpath("write.md").read_text().split("-->\n", 1)[1]
    blocks = [f"Question: {question}", "Passages:"]
    blocks += [passage_block(f"p{place}", one) for place, one in enumerate(ranked, 1)]
    blocks.append(f"End of the passages. The question again: {question}")
    return [{"role": "system", "content": prompt.replace("{today}", f"{today:%A, %d %B %Y}")},
            {"role": "user", "content": "\n\n".join(blocks)}]


def passage_block(ident: str, one: Ranked) -> str:
    page, path = one.page, " › ".join(one.passage.headings[-3:])
    where = " · ".join(filter(None, [page.title, page.site, page.date and f"dated {page.date}", path]))
    return f"[{ident}] {where}\n{fenced(one.passage.text)}"


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
        quotes = [f"> {quoted(citation.quote)} [{citation.n}]" for citation in cited]
        parts.append("\n\n".join([f"**{plain(ledger.pages[sha].title)}** · {plain(ledger.pages[sha].site)}", *quotes]))
    return "\n\n".join(parts), tuple(claims)


def quoted(quote: str) -> str:
    """A quote as one Markdown paragraph a block: its words untouched, its marks of structure made harmless."""
    lines = (plain(line.strip()) for line in quote.split("\n") if line.strip())
    return "  \n> ".join(lines)


def plain(text: str) -> str:
    """Page text in Markdown, where it must mean nothing but itself."""
    return re.sub(r"([\\`*_\[\]<>#|~!&])", r"\\\1", text)
