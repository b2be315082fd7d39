"""A run with a plan in the words of a terminal: its limits, its plan, its steps by lane, and the answer. Prints nothing itself."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from agent.budget import Budget
from agent.check import NOTHING, tally
from agent.events import Event, Gauge, Lane, Noted
from agent.markup import ESCAPED, outside_code, pieces
from agent.records import Answer, Citation, Claim, Plan
from server.ask import told as told_short
from server.dial import Estimate
from server.phrases import amount, estimate_words, failing, limits_of, listed, needles, role_rows, stopped_words
from server.render import SUPPORT_WORDS
from server.told import Told

GAUGE_EVERY = 15.0  # seconds of the run between two lines on its needles
REASONS = 3  # of the passages kept that a line names


def limit_lines(budget: Budget, estimate: Estimate, has_model: bool = True) -> list[str]:
    """What it may spend, and what it will probably take: said before anything is begun."""
    rows = [f"{number} {word}" for number, word in limits_of(budget) if has_model or "model" not in word]
    rows += [f"{amount('tokens', budget.tokens)} tokens", amount("money", budget.money)] if has_model else []
    return [f"{budget.title}: at most {listed(rows)}{'' if has_model else ', without a model'}.", estimate_words(estimate)]


def waiting_lines(until: str) -> list[str]:
    """How long the plan waits, by the clock of this terminal; nothing where it waits for ever."""
    if not until:
        return []
    return [f"The plan waits for your word until {datetime.fromisoformat(until).astimezone():%H:%M on %d %B}, then it runs as it is."]


def plan_lines(plan: Plan) -> list[str]:
    """The plan, a sub-question a line with what belongs to it under it."""
    lines = []
    for item in plan.items:
        lines.append(f"{item.id:>4}  {item.text}")
        lines += [f"      {name}: {words}" for name, words in (("done when", item.done_when), ("where", item.where)) if words]
    lines += [f"  taken for granted: {text}" for text in plan.assumptions]
    return lines + [f"  asked: {one.text} – {one.answer or one.default}" for one in plan.questions]


# ---------------------------------------------------------------- on the way

class Teller:
    """What is news of a run's events, as lines. After `again()` a run that begins anew tells nothing twice."""

    def __init__(self) -> None:
        self.before: list[Event] = []
        self.told = Told(())
        self.next_gauge = GAUGE_EVERY

    def again(self) -> None:
        self.told = Told(self.before)

    def lines(self, event: Event) -> Iterator[str]:
        for news in self.told.news([event]):
            self.before.append(news)
            yield from self.gauged(news) if isinstance(news, Gauge) else lines_of(news)

    def gauged(self, gauge: Gauge) -> Iterator[str]:
        """The needles, now and then."""
        if gauge.used["seconds"] >= self.next_gauge:
            self.next_gauge = gauge.used["seconds"] + GAUGE_EVERY
            yield "used: " + ", ".join(f"{one.word} {one.used} of {one.limit}" for one in needles(gauge.used, gauge.limits))


def lines_of(event: Event) -> list[str]:
    """Lines of an event, each with its lane before it."""
    make = KINDS.get(event.kind)
    lane = getattr(event, "lane", "")
    found = make(event) if make else told_short(event)
    return [f"{lane:>4}  {line}" if lane else line for line in found]


def lane_lines(event: Lane) -> list[str]:
    missing = f" Still missing: {'; '.join(event.missing)}" if event.missing else ""
    if event.doing in ("done", "open", "skipped"):
        return [" ".join(filter(None, [{"open": "left open."}.get(event.doing, f"{event.doing}."), event.note])) + missing]
    return [f"goes on.{missing}"] if event.doing == "searching" and missing else []


def noted_lines(event: Noted) -> list[str]:
    many = len(event.kept) + len(event.dropped)
    whys = "; ".join(one.reason for one in event.kept[:REASONS] if one.reason)
    return [f"keeps {len(event.kept)} of {many} passages{f': {whys}' if whys else ''}"]


KINDS: dict[str, Callable[[Any], list[str]]] = {
    "planned": lambda e: [f"The plan{f', by {by_words(e.by)}' if e.by else ''}:", *plan_lines(e.plan)],
    "lane": lane_lines,
    "reading": lambda e: [f"  opens {e.title or e.url}{f': {e.reason}' if e.reason else ''}"],
    "noted": noted_lines,
    "disputed": lambda e: [f"pages contradict each other: {e.dispute.about}"],
    "steered": lambda e: [e.words],
    "checking": lambda e: [f"checked {e.done} of {e.of} sentences"] if e.done in (0, e.of) else [],
}


def by_words(by: str) -> str:
    return "you" if by == "user" else by


# ---------------------------------------------------------------- the answer

def answer_lines(answer: Answer, width: int) -> Iterator[str]:
    """Its head, its text with the state of each sentence beside it, what is disputed and left open, and its sources with their quotes."""
    extractive = answer.mode == "extractive"
    yield from [] if extractive else [tally(answer.claims).line()]
    if why := stopped_words(answer):
        yield why
    if extractive and answer.claims:
        yield "No model wrote this: these are the passages that bear best on the question, word for word."
    yield ""
    text = with_states(answer)
    yield from wrapped(text, width)
    yield from apart(answer)
    yield from ("", *(f"Not found: {sentence}" for sentence in answer.not_found if sentence not in text))
    for dispute in answer.disputes:
        yield f"Disputed: {dispute.about}"
        yield from quote_lines(dispute.citations, width)
    yield from (f"Left open: {text}" for text in answer.left_open)
    yield from source_lines(answer, width)


def with_states(answer: Answer) -> str:
    """The text with a word behind each sentence on how its check went; as it is where its quotes are the sentences."""
    found, text = pieces(answer.answer), answer.answer
    if answer.mode == "extractive" or not beside(answer):
        return text
    for piece, claim in reversed(list(zip(found, answer.claims, strict=True))):
        text = text[:piece.end] + state_of(claim) + text[piece.end:]
    return text


def beside(answer: Answer) -> bool:
    """Whether each claim's place in the text is known."""
    return len(pieces(answer.answer)) == len(answer.claims)


def apart(answer: Answer) -> Iterator[str]:
    """The claims to look at, by themselves, where their state could not be set beside them."""
    if answer.mode != "extractive" and not beside(answer):
        yield from ("", *(f"Look at: {claim.text}{state_of(claim)}" for _, claim in failing(answer)))


def state_of(claim: Claim) -> str:
    if claim.reason == NOTHING:
        return ""
    if claim.support == "supported":
        return " ✓"
    reason = f": {claim.reason}" if claim.reason else ""
    return f" ⟨{SUPPORT_WORDS[claim.support]}{reason}⟩"


def wrapped(markdown: str, width: int) -> Iterator[str]:
    """Lines no longer than a terminal is wide; tables and code keep theirs."""
    for line in outside_code(markdown, lambda text: ESCAPED.sub(r"\1", text)).split("\n"):
        indent = " " * (len(line) - len(line.lstrip(" >-*")))
        whole = line.startswith(("|", "    ", "`")) or not line.strip()
        yield from [line] if whole else textwrap.wrap(line, width, subsequent_indent=indent, break_long_words=False)


def source_lines(answer: Answer, width: int) -> Iterator[str]:
    cited = [citation for claim in answer.claims for citation in claim.citations]
    for source in answer.sources:
        yield f"\n[{source.n}] {source.title} · {source.url}"
        if answer.mode == "model":
            yield from quote_lines(dict.fromkeys(one for one in cited if one.n == source.n), width)


def quote_lines(citations: Iterable[Citation], width: int) -> Iterator[str]:
    for one in citations:
        yield from textwrap.wrap(f"[{one.n}] “{one.quote}”", width, initial_indent="    ", subsequent_indent="      ")


def role_lines(answer: Answer) -> Sequence[str]:
    """Who did what, and what it cost."""
    return [", ".join(filter(None, [
        f"{row['role']}: {row['model']}", f"{row['calls']} calls", f"{row['sent']} tokens sent",
        row["cached"] and f"{row['cached']} of them cached", f"{row['got']} written", row["money"]])) for row in role_rows(answer.roles)]
