"""Plain English for the pages: numbers, dates, states and limits. Knows no request and no template."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agent.budget import DEPTHS, Budget
from agent.records import Answer, Claim, RoleUse, Source
from agent.settings import Settings
from server.dial import Estimate
from server.story import counted

if TYPE_CHECKING:
    from server.store import Run

LIMITS = {"searches": "searches", "pages": "pages", "rounds": "rounds", "model_calls": "model calls", "tokens": "tokens",
          "money": "dollars", "seconds": "seconds", "lanes": "lanes at once", "quotes": "quotes"}
TOLD = ("searches", "pages", "seconds", "model_calls", "quotes")  # of a depth, before it is chosen
NEEDLES = ("seconds", "searches", "pages", "rounds", "model_calls", "tokens", "money")  # what is used up; the others only bound
OF_MODELS = ("model_calls", "tokens", "money")
NEAR = 0.8
RUNG_WORDS = {"markdown": "read as the site’s own Markdown", "http": "read over HTTP", "browser": "read with a browser",
              "pdf": "read from a PDF", "capture": "captured by you", "git": "read from its repository"}
STATE_WORDS = {"queued": "waiting", "waiting": "waits for you",
               "running": "under way", "done": "done", "failed": "failed", "stopped": "stopped"}
STOPPED_WORDS = {"user": "You stopped this run: this is what had been found by then.",
                 "finish": "You had it written early: it says what had been found by then.",
                 "nothing found": "Nothing was found that answers the question."}
STATES = ("supported", "partial", "contradicted", "not found", "unchecked")
WAITS = {0: "Do not wait, start at once", 120: "Wait 2 minutes, then go on", 600: "Wait 10 minutes, then go on",
         3600: "Wait an hour, then go on", 86_400: "Wait a day, then go on", 604_800: "Wait a week, then go on"}
WORST_FIRST = ("contradicted", "not found", "partial", "unchecked", "supported")
NOTHING_TO_CHECK = "says nothing to check"
ROLES = {"plan": "Planned", "read": "Read", "write": "Wrote", "check": "Checked"}
WORDS = {"seconds": "time", "money": "money"}
MINUTE, HOUR, DAY = 60, 3600, 86_400


def limits_of(budget: Budget) -> list[tuple[str, str]]:
    """The limits of a depth as (number, word), in the order that they are met."""
    rows = []
    for name in TOLD:
        number, word = getattr(budget, name), LIMITS[name]
        if name == "seconds" and number >= 2 * MINUTE:
            number, word = number // MINUTE, "minutes"
        rows.append((f"{number:,}", singular(word) if number == 1 else word))
    return rows


def alone_words(budget: Budget) -> str:
    """What a depth does with given pages alone, where nothing is searched."""
    if budget.report:
        return "A plan that you approve, several looks at the pages for each part of it, a report of sections."
    return "A plan, a look at the pages for each part of it, a page of answer." if budget.plans else "One look, a short answer."


def estimate_words(estimate: Estimate) -> str:
    """`Probably about 4 minutes, 48k tokens and $0.12.`"""
    short_run = estimate.seconds < 100
    took = f"{max(5, 5 * round(estimate.seconds / 5))} seconds" if short_run else counted(round(estimate.seconds / MINUTE), "minute")
    parts = [took, f"{short(estimate.tokens)} tokens" if estimate.tokens else "",
             f"${estimate.money:,.2f}" if estimate.money else ""]
    return f"Probably about {listed([part for part in parts if part])}."


def listed(parts: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def waits(budget: Budget) -> list[tuple[int, str]]:
    """How long a plan may wait for its human: (seconds, words), the depth's own among them."""
    if not budget.approves:
        return []
    own = {budget.patience: f"Wait {lasting(budget.patience)}, then go on"} if budget.patience else {}
    return sorted({**WAITS, **own}.items())


def lasting(seconds: int) -> str:
    """`10 minutes`, `2 hours`, `1 day`."""
    size, word = next((row for row in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")) if seconds >= row[0]), (1, "second"))
    return counted(seconds // size, word)


def singular(word: str) -> str:
    return word.removesuffix("es") if word.endswith("ches") else word.removesuffix("s")


def title_of(depth: str) -> str:
    return next((budget.title for budget in DEPTHS if budget.depth == depth), depth)


@dataclass(frozen=True)
class Needle:
    """How much of one limit is used. `share` is in percent, `state` is calm, near or full."""

    name: str
    word: str
    used: str
    limit: str
    share: int

    @property
    def state(self) -> str:
        return "full" if self.share >= 100 else "near" if self.share >= 100 * NEAR else "calm"


def needles(used: Mapping[str, float], limits: Mapping[str, float]) -> list[Needle]:
    """One for each limit that can be used up. A limit of nothing (no model, no money) has none until something is used."""
    names = [name for name in NEEDLES if limits.get(name) or used.get(name)]
    return [Needle(name, WORDS.get(name, LIMITS[name]), amount(name, used.get(name, 0)), amount(name, limits.get(name, 0)),
                   share(used.get(name, 0), limits.get(name, 0))) for name in names]


def share(used: float, limit: float) -> int:
    return min(100, int(100 * used / limit)) if limit else 100


def amount(name: str, number: float) -> str:
    """A number of one limit: minutes as 4:05, dollars to the cent, tokens in thousands or millions."""
    if name == "seconds":
        return f"{int(number) // MINUTE}:{int(number) % MINUTE:02}"
    if name == "money":
        return f"${number:,.2f}"
    return short(number) if name == "tokens" else f"{round(number):,}"


def short(number: float) -> str:
    """`940`, `12k`, `1.4M`."""
    if number < 1000:
        return f"{round(number)}"
    return f"{round(number / 1000):,}k" if number < 999_500 else f"{number / 1e6:.1f}M".replace(".0M", "M")


@dataclass(frozen=True)
class Score:
    """What the check of an answer came to. `parts` are (state, how many), those there are, `of` all that can be checked."""

    of: int
    checked: int
    supported: int
    parts: tuple[tuple[str, int], ...]


def score_of(answer: Answer | None) -> Score:
    """Sentences that say nothing to check (headings, transitions) are left out of the count."""
    claims = [claim for claim in answer.claims if says_something(claim)] if answer else []
    tally = Counter(claim.support for claim in claims)
    parts = tuple((state, tally[state]) for state in STATES if tally[state])
    return Score(len(claims), len(claims) - tally["unchecked"], tally["supported"], parts)


def says_something(claim: Claim) -> bool:
    return not claim.reason.startswith(NOTHING_TO_CHECK)


def failing(answer: Answer) -> list[tuple[int, Claim]]:
    """The claims that the reader should look at, each with its place: the worst first, those not checked last."""
    rows = [(place, claim) for place, claim in enumerate(answer.claims, 1) if claim.support != "supported" and says_something(claim)]
    return sorted(rows, key=lambda row: WORST_FIRST.index(row[1].support))


def role_rows(roles: Iterable[RoleUse]) -> list[dict[str, str]]:
    """Who did what, at which cost, in the order of the work."""
    ordered = sorted(roles, key=lambda use: (*ROLES, use.role).index(use.role))
    return [{"role": ROLES.get(use.role, use.role), "model": use.model, "calls": f"{use.calls:,}",
             "sent": f"{use.prompt_tokens:,}", "cached": f"{use.cached_tokens:,}" if use.cached_tokens else "",
             "got": f"{use.completion_tokens:,}", "money": f"${use.money:,.2f}" if use.money else ""} for use in ordered]


def by_line(answer: Answer) -> list[str]:
    """`written by x`, `checked by y`, `$0.42`: the short form of who did what."""
    if answer.mode != "model":
        return ["no model wrote this"]
    checkers = list(dict.fromkeys(c.checked_by for c in answer.claims if c.checked_by not in ("", "words", "code")))
    money = sum(use.money for use in answer.roles)
    told = [f"written by {answer.model or 'a model'}", f"checked by {' and '.join(checkers)}" if checkers else "",
            f"${money:,.2f}" if money else ""]
    return [part for part in told if part]


def lasted(seconds: float) -> str:
    """`2.4 s`, `48 s`, `12 min 5 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole} s" if whole < 2 * MINUTE else f"{whole // MINUTE} min {whole % MINUTE} s"


def stopped_words(answer: Answer | None) -> str:
    """Why the run ended, where that is not because it was done."""
    if answer is None or answer.stopped_by == "done":
        return ""
    limit = LIMITS.get(answer.stopped_by, answer.stopped_by.replace("_", " "))
    reached = answer.limits.get(answer.stopped_by)
    numbered = f"{limit} ({amount(answer.stopped_by, reached)})" if reached is not None else limit
    return STOPPED_WORDS.get(answer.stopped_by, f"The limit of {numbered} was reached, so it wrote what it knew by then.")


def state_of(run: Run) -> str:
    if run.status == "waiting" and run.waiting_for == "resume":
        return "paused"
    if run.status == "done" and run.stopped_by in ("user", "nothing found"):
        return {"user": "stopped", "nothing found": "nothing found"}[run.stopped_by]
    return STATE_WORDS.get(run.status, run.status)


def got(source: Source) -> str:
    """How and when a source was read."""
    day = page_day(source.fetched_at)
    return " ".join(part for part in (RUNG_WORDS.get(source.rung, source.rung), f"on {day}" if day else "") if part)


def facts_of(source: Source) -> list[str]:
    """What there is to say of a source beside its title."""
    dated = f"dated {page_day(source.date)}" if source.date else ""
    return [fact for fact in (source.site or site(source.url), dated, got(source)) if fact]


def writer_of(settings: Settings) -> dict[str, object]:
    """Which model will write, as far as is known before a run."""
    writers = [one for one in settings.endpoints if "write" in one.roles]
    if writers:
        first, *others = writers
        more = f"; {counted(len(others), 'other')} if it fails" if others else ""
        host = urlsplit(first.url).hostname or first.url
        return {"set": True, "possible": True, "name": first.model or "A model",
                "note": f"Writes from quotes alone, at {host}{more}."}
    if settings.find_models:
        return {"set": False, "possible": True, "name": "A local model, if one runs",
                "note": "None is set. If Ollama, llama.cpp or LM Studio answers, it writes; if not, you get quotes."}
    return {"set": False, "possible": False, "name": "With a model", "note": "None is set."}


def ago(moment: datetime, now: datetime | None = None) -> str:
    """`just now`, `5 minutes ago`, `yesterday`, `12 March 2026`."""
    passed = ((now or datetime.now(UTC)) - aware(moment)).total_seconds()
    if passed < MINUTE:
        return "just now"
    if passed < HOUR:
        return f"{counted(int(passed // MINUTE), 'minute')} ago"
    if passed < DAY:
        return f"{counted(int(passed // HOUR), 'hour')} ago"
    return "yesterday" if passed < 2 * DAY else day(moment)


def aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def day(moment: datetime | date) -> str:
    return f"{moment.day} {moment:%B %Y}"


def page_day(iso: str) -> str:
    """`12 March 2026` for an ISO date or time; what is none is left as it is."""
    try:
        return day(date.fromisoformat(iso[:10]))
    except ValueError:
        return iso


def site(url: str) -> str:
    try:
        return urlsplit(url).hostname or url
    except ValueError:
        return url


def cut(text: str, length: int) -> str:
    """The beginning of a text, at a word's end, with … where more follows."""
    text = " ".join(text.split())
    return text if len(text) <= length else text[:length].rsplit(" ", 1)[0][:length] + "…"


def clock(iso: str) -> str:
    """`at 14:32 (UTC)`; a script makes a countdown of it."""
    try:
        return f"at {datetime.fromisoformat(iso).astimezone(UTC):%H:%M} (UTC)"
    except ValueError:
        return iso


def until(iso: str) -> str:
    return f"It goes on by itself {clock(iso)}." if iso else ""


def plain_words(markdown: str) -> str:
    """A sentence without the signs of Markdown: emphasis, code, and the bars between a table's cells."""
    bare = re.sub(r"(\*\*|__|`|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w))", "", markdown)
    return " · ".join(part.strip() for part in bare.split("|") if part.strip())


def quote_words(quote: str) -> str:
    """A quote without the signs of structure that are no words of its page: of definitions, quotations, a table's rule and bars."""
    bare = re.sub(r"^\s*\|(?:---\|)+\s*\n", "", quote, flags=re.MULTILINE)
    lines = (re.sub(r"^[ \t]*(?:(?:: |>(?: |$))[ \t]*)+", "", line) for line in bare.split("\n"))
    return "\n".join(cells_of(line) if line.lstrip().startswith("| ") else line for line in lines)


def cells_of(line: str) -> str:
    return " · ".join(cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line) if cell.strip())
