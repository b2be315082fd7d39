"""Every claim of an answer against its own quotes: code first, then the model of the role "check".

A check that failed says so ("unchecked", with the reason) and never passes for one that was made. Knows nothing of how the
answer was written, nor of what else the run has read: a claim is judged by what a reader sees beside it.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from agent.errors import ModelError, OverLimit
from agent.facts import objections
from agent.markup import idents_in, pieces, settled
from agent.passages import all_of
from agent.quotes import stands
from agent.records import Citation, Claim, Page
from agent.shape import pick
from agent.tokens import count
from agent.write import address, asked, fenced

if TYPE_CHECKING:
    from agent.meter import Asks

NOTHING = "says nothing to check"
NO_SOURCE = "It names no source."
NO_SUCH = "It names a passage that there is not."
NOT_THERE = "What it quotes does not stand in the kept page."
NO_MODEL = "No model has compared it with its quotes."
NO_VERDICT = "The model that checks gave no verdict on it."
SAID = {"partial": "Its quotes say only a part of it.", "contradicted": "Its quotes say otherwise.",
        "not found": "Its quotes do not say it."}

TOGETHER = 5  # claims a call: each is judged by its own quotes alone, and weak models lose count of more
QUOTES = 10  # quotes a call at most, beyond those of one claim
AT_ONCE = 4
VERDICT_TOKENS = 120  # of a claim's reply
SENTENCE_TOKENS = 200
LONGEST_WHY = 240  # characters

NOW = re.compile(
    r"\b(?:as of|today|currently|at present|stand|heute|derzeit|aujourd|à ce jour|hoy|actualmente|oggi|hoje|сегодня)\b|今日|現在|目前",
    re.IGNORECASE)
ABOUT_ITSELF = re.compile(
    r"^(?:here (?:is|are)|below\b|the following\b|this (?:report|section|answer|page|table|summary|overview)\b|"
    r"in (?:short|summary|brief|sum)\W*$|(?:see|compare) (?:also|below|above)\b|the (?:table|list|sections?|timeline) "
    r"(?:below|above|that follows?)\b|(?:the )?(?:sources|pages|passages) (?:read )?(?:do(?:es)? not|say nothing|disagree|differ)\b|"
    r"not found\b|nothing (?:was )?found\b|im folgenden\b|die folgende\w*\b|voici\b|ci-dessous\b|a continuación\b|di seguito\b)",
    re.IGNORECASE)
STATES = re.compile(r"\d|\b(?:is|are|was|were|has|have|had|will|can|must|should|does|do|ist|sind|war|hat|wird|kann|muss|est|sont|ont|peut|"
                    r"es|son|fue|tiene|è|sono|ha|é|são|foi|tem|wordt|heeft|zijn)\b")


@dataclass(frozen=True)
class Case:
    """A claim that a model must judge. `where` says for each of its citations on which page and under which headings it stands."""

    place: int
    claim: Claim
    where: tuple[str, ...]
    objections: tuple[str, ...]


@dataclass(frozen=True)
class Faulty:
    """A sentence that failed its check, to be said anew from its quotes, which are (ident, quote, where it stands).

    `lead` is what stands before it and stays: a table's row and column.
    """

    place: int
    sentence: str
    quotes: tuple[tuple[str, str, str], ...]
    reason: str = ""
    lead: str = ""


@dataclass(frozen=True)
class Tally:
    """How the claims of an answer fared. What says nothing to check is not among them."""

    claims: int
    checked: int
    supported: int
    partial: int
    contradicted: int
    not_found: int
    unchecked: int

    def line(self) -> str:
        """The answer's head."""
        return f"{self.checked} of {self.claims} checked, {self.supported} supported" if self.claims else "Nothing to check"


def tally(claims: Iterable[Claim]) -> Tally:
    states = [claim.support for claim in claims if claim.reason != NOTHING]
    counts = [states.count(state) for state in ("supported", "partial", "contradicted", "not found", "unchecked")]
    return Tally(len(states), len(states) - counts[-1], *counts)


def failed(claim: Claim) -> bool:
    """Whether it is worth saying anew: it was judged and found wanting, and has quotes to say it from."""
    return bool(claim.citations) and claim.support in ("partial", "contradicted", "not found")


def check(claims: Sequence[Claim], pages: Mapping[str, Page], asks: Asks | None, today: date) -> Iterator[tuple[int, Claim]]:
    """Each claim's place, and the claim with its state, as soon as that is known; each exactly once. `pages` by their sha256."""
    cases = []
    for place, claim in enumerate(claims):
        held = replace(claim, citations=tuple(one for one in claim.citations if in_page(one, pages)))
        if decided := by_code(claim, held):
            yield place, decided
        else:
            cases.append(case_of(place, held, pages, today))
    yield from by_model(cases, asks, today) if asks else ((case.place, without_model(case)) for case in cases)


# ---------------------------------------------------------------- by code

def in_page(citation: Citation, pages: Mapping[str, Page]) -> bool:
    page = pages.get(citation.page_sha256)
    return page is not None and stands(page, citation.start, citation.end, citation.quote)


def by_code(claim: Claim, held: Claim) -> Claim | None:
    """The claim, where no model is needed to judge it. `held` has only those citations that stand."""
    if held.citations:
        return replace(held, support="supported", reason="", checked_by="words") if is_quote(held) else None
    if claim.citations:
        return replace(claim, support="not found", reason=NOT_THERE, checked_by="code")
    if says_nothing(claim):
        return replace(claim, support="unchecked", reason=NOTHING, checked_by="")
    return replace(claim, support="not found", reason=NO_SUCH if claim.unknown else NO_SOURCE, checked_by="code")


def is_quote(claim: Claim) -> bool:
    """Whether its words are whole sentences of one of its quotes, and nothing else."""
    words = " ".join(claim.text.split())
    shape = re.compile(rf"(?:^|[.!?:;。！？]\W?\s|\n)\W*{re.escape(words)}(?:$|(?<=[.!?。！？…])\W)")
    quotes = [" ".join(one.quote.split()) for one in claim.citations]
    return words in quotes or (len(words) > 20 and any(shape.search(quote) or words in lines(one.quote)
                                                       for quote, one in zip(quotes, claim.citations, strict=True)))


def lines(quote: str) -> list[str]:
    return [" ".join(line.split()).lstrip("->*•| ") for line in quote.split("\n")]


def says_nothing(claim: Claim) -> bool:
    """A heading, a transition, a question, or what an answer says of itself: no fact that a page could bear."""
    text = claim.text.strip()
    if claim.unknown:
        return False
    if text.endswith(("?", "？")) or ABOUT_ITSELF.match(text):
        return True
    short = len(text.split()) <= 12 and len(text) <= 100
    return short and (text.endswith((":", "：")) or not text.endswith(tuple(".!。！…"))) and not STATES.search(text)


def case_of(place: int, claim: Claim, pages: Mapping[str, Page], today: date) -> Case:
    where = tuple(" › ".join(dict.fromkeys([one.title or one.url, *headings_over(pages[one.page_sha256].text, one.start)]))
                  for one in claim.citations)
    around = [*where, *(f"{one.url} {one.site} {one.date}" for one in claim.citations)]
    if NOW.search(claim.text):
        around.append(f"{today:%d %B %Y}")
    return Case(place, claim, where, objections(claim.text, [one.quote for one in claim.citations], around))


def headings_over(text: str, start: int) -> list[str]:
    """The headings (and the term that is defined) that this place stands under, from the outside in."""
    everything = all_of(text)
    place = bisect_right(everything, start, key=lambda one: one.start) - 1
    return list(everything[place].headings[-3:]) if place >= 0 else []


def without_model(case: Case) -> Claim:
    reason = " ".join(case.objections) or NO_MODEL
    return replace(case.claim, support="unchecked", reason=reason, checked_by="code" if case.objections else "")


# ---------------------------------------------------------------- by the model

def by_model(cases: Sequence[Case], asks: Asks, today: date) -> Iterator[tuple[int, Claim]]:
    batches = batched(cases, lambda case: len(case.claim.citations))
    yield from at_once(batches, lambda batch: judged(batch, asks, today))


def batched(cases: Sequence[Any], quotes: Callable[[Any], int]) -> list[list[Any]]:
    found: list[list[Any]] = []
    for case in cases:
        if not found or len(found[-1]) == TOGETHER or sum(map(quotes, found[-1])) + quotes(case) > QUOTES:
            found.append([])
        found[-1].append(case)
    return found


def at_once(batches: Sequence[list[Any]], work: Callable[[list[Any]], list[tuple[int, Any]]]) -> Iterator[tuple[int, Any]]:
    """The results of all, as they come. Closing this early waits for nothing."""
    if not batches:
        return
    pool = ThreadPoolExecutor(min(AT_ONCE, len(batches)), thread_name_prefix="check")
    try:
        for done in as_completed([pool.submit(work, batch) for batch in batches]):
            yield from done.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def judged(cases: Sequence[Case], asks: Asks, today: date) -> list[tuple[int, Claim]]:
    """The cases with the model's verdicts; those of several that it left out are asked for once more, one by one."""
    name = name_of("claims", [(case.claim.text, [one.quote for one in case.claim.citations]) for case in cases])
    blocks, tokens = [*map(claim_block, cases)], VERDICT_TOKENS * (len(cases) + 1)
    try:
        reply = asks.ask("check", name, lambda room: packed("check", today, blocks, room), max_tokens=tokens, schema=VERDICTS)
    except (ModelError, OverLimit) as error:
        return [(case.place, replace(case.claim, support="unchecked", reason=why_unchecked(error, case))) for case in cases]
    verdicts, by = read_verdicts(reply, len(cases)), asks.who("check", name)
    found = [(case.place, decided(case, *verdicts[n], by)) for n, case in enumerate(cases, 1) if n in verdicts]
    left = [case for n, case in enumerate(cases, 1) if n not in verdicts]
    if len(cases) == 1:
        return found or [(case.place, replace(case.claim, support="unchecked", reason=joined(NO_VERDICT, case))) for case in left]
    return found + [one for case in left for one in judged([case], asks, today)]


def name_of(kind: str, inputs: Any) -> str:
    """The same whenever the same is asked: a replayed run finds its reply by it."""
    return f"{kind} {hashlib.sha256(repr(inputs).encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def claim_block(case: Case) -> str:
    quotes = [f"From: {where} ({', '.join(filter(None, [address(one.url), one.date and f'dated {one.date}']))})\n{fenced(one.quote)}"
              for where, one in zip(case.where, case.claim.citations, strict=True)]
    return "\n".join([f"Sentence: {' '.join(case.claim.text.split())}", "Its quotes:", *quotes])


def packed(prompt: str, today: date, blocks: Sequence[str], room: int) -> list[dict[str, str]]:
    """The instructions with as many of the numbered blocks as fit, the first always. What is left out goes without a reply."""
    shown = [f"Number {n}\n{block}" for n, block in enumerate(blocks, 1)]
    left = room - count(asked(prompt, today, [])[0]["content"])
    sizes = [count(block) + 8 for block in shown]
    fit = max(1, max((n for n in range(len(shown) + 1) if sum(sizes[:n]) <= left), default=1))
    return asked(prompt, today, [*shown[:fit], f"End. Answer for number 1{f' to {fit}' if fit > 1 else ''}, each by its own quotes alone."])


VERDICTS = {"type": "object", "required": ["verdicts"], "properties": {"verdicts": {"type": "array", "items": {
    "type": "object", "required": ["number", "why", "verdict"], "properties": {
        "number": {"type": "integer"}, "why": {"type": "string"},
        "verdict": {"type": "string", "enum": ["supported", "partial", "contradicted", "not found"]}}}}}}
STRICTNESS = ("contradicted", "not found", "partial", "supported")
OTHER_WORDS = {"partially supported": "partial", "partly supported": "partial", "contradict": "contradicted", "refuted": "contradicted",
               "unsupported": "not found", "not supported": "not found", "notfound": "not found"}


def read_verdicts(reply: Any, most: int) -> dict[int, tuple[str, str]]:
    """The verdict and its reason by number. Of two on one sentence the stricter counts; what is no verdict is left out."""
    found: dict[int, tuple[str, str]] = {}
    for row in rows_of(reply, "verdicts"):
        number, word = as_number(pick(row, "number")), verdict_of(pick(row, "verdict"))
        if 1 <= number <= most and word and (number not in found or STRICTNESS.index(word) < STRICTNESS.index(found[number][0])):
            found[number] = word, one_line(pick(row, "why"))
    return found


def rows_of(reply: Any, name: str) -> list[Any]:
    rows = pick(reply, name)
    return rows if isinstance(rows, list) else []


def as_number(value: Any) -> int:
    digits = re.search(r"\d{1,4}", str(value))
    return int(digits[0]) if digits and not isinstance(value, bool) else 0


def verdict_of(value: Any) -> str:
    word = re.sub(r"[\W_]+", " ", str(value).lower()).strip()
    return word if word in STRICTNESS else OTHER_WORDS.get(word, "")


def one_line(value: Any) -> str:
    line = " ".join(value.split()) if isinstance(value, str) else ""
    return line if len(line) <= LONGEST_WHY else line[:LONGEST_WHY].rsplit(" ", 1)[0] + " …"


def decided(case: Case, verdict: str, why: str, by: str) -> Claim:
    """What code cannot find in the quotes keeps a model's "supported" from standing: it is "partial", and the reason names it."""
    if verdict == "supported":
        support, reason = ("partial", " ".join(case.objections)) if case.objections else ("supported", "")
    else:
        support, reason = verdict, joined(why or SAID[verdict], case)
    return replace(case.claim, support=support, reason=reason, checked_by=by)


def joined(reason: str, case: Case) -> str:
    return " ".join([reason, *case.objections])


def why_unchecked(error: Exception, case: Case) -> str:
    return joined(f"It could not be checked: {error}", case)


# ---------------------------------------------------------------- said anew

SENTENCES = {"type": "object", "required": ["sentences"], "properties": {"sentences": {"type": "array", "items": {
    "type": "object", "required": ["number", "text"], "properties": {"number": {"type": "integer"}, "text": {"type": "string"}}}}}}


def rewrite(faulty: Sequence[Faulty], asks: Asks, today: date | None = None) -> Iterator[tuple[int, str]]:
    """For each one's place a sentence said only from its quotes, with its [p203] marks; "" where there is none better."""
    day = today or datetime.now(UTC).date()
    batches = batched([one for one in faulty if one.quotes], lambda one: len(one.quotes))
    yield from ((one.place, "") for one in faulty if not one.quotes)
    yield from at_once(batches, lambda batch: said_anew(batch, asks, day))


def said_anew(batch: Sequence[Faulty], asks: Asks, today: date) -> list[tuple[int, str]]:
    name = name_of("rewrite", [(one.sentence, one.quotes) for one in batch])
    blocks, tokens = [*map(faulty_block, batch)], SENTENCE_TOKENS * (len(batch) + 1)
    try:
        reply = asks.ask("check", name, lambda room: packed("rewrite", today, blocks, room), max_tokens=tokens, schema=SENTENCES)
    except (ModelError, OverLimit):
        return [(one.place, "") for one in batch]
    texts = {as_number(pick(row, "number")): pick(row, "text") for row in rows_of(reply, "sentences")}
    return [(one.place, fitting(texts.get(n), one)) for n, one in enumerate(batch, 1)]


def faulty_block(one: Faulty) -> str:
    quotes = [f"[{ident}] From: {where}\n{fenced(quote)}" for ident, quote, where in one.quotes]
    before = [f"It stands in a table, after: {one.lead}"] if one.lead else []
    return "\n".join([f"Sentence: {' '.join(one.sentence.split())}", *before, f"What is wrong: {one.reason or 'its quotes do not bear it'}",
                      "Its quotes:", *quotes])


def fitting(text: Any, one: Faulty) -> str:
    """The new sentence, if it is one, cites nothing but its own passages, and is not the old one; else ""."""
    line = settled(" ".join(text.split())) if isinstance(text, str) else ""
    known = {ident for ident, *_ in one.quotes}
    cited = idents_in(line)
    fits = cited and set(cited) <= known and "[?" not in line and len(pieces(line)) == 1 and line != settled(one.sentence).strip()
    return line if fits else ""
