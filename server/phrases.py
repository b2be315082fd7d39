"""Plain English for the pages: numbers, dates, states and limits. Knows no request and no template."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

from agent.budget import DEPTHS, Budget
from agent.records import Answer, Source
from agent.settings import Settings
from server.store import Run
from server.story import counted

LIMITS = {"searches": "searches", "pages": "pages", "seconds": "seconds", "model_calls": "model calls",
          "quotes": "quotes"}
RUNG_WORDS = {"markdown": "read as the site’s own Markdown", "http": "read over HTTP", "browser": "read with a browser",
              "pdf": "read from a PDF", "capture": "captured by you", "git": "read from its repository"}
STATE_WORDS = {"queued": "waiting", "running": "under way", "done": "done", "failed": "failed", "stopped": "stopped"}
STOPPED_WORDS = {"user": "You stopped this run: this is what had been found by then.",
                 "nothing found": "Nothing was found that answers the question."}
STATES = ("supported", "partial", "contradicted", "not found", "unchecked")
MINUTE, HOUR, DAY = 60, 3600, 86_400


def limits_of(budget: Budget) -> list[tuple[str, str]]:
    """The limits of a depth as (number, word), in the order that they are met."""
    rows = []
    for name, word in LIMITS.items():
        number = getattr(budget, name)
        if name == "seconds" and number >= 2 * MINUTE:
            number, word = number // MINUTE, "minutes"
        rows.append((f"{number:,}", singular(word) if number == 1 else word))
    return rows


def singular(word: str) -> str:
    return word.removesuffix("es") if word.endswith("ches") else word.removesuffix("s")


def title_of(depth: str) -> str:
    return next((budget.title for budget in DEPTHS if budget.depth == depth), depth)


def spent(answer: Answer | None) -> list[tuple[str, str, str]]:
    """What a run used of each limit: (word, used, limit)."""
    if answer is None:
        return []
    names = [name for name in LIMITS if name in answer.used and name in answer.limits]
    return [(LIMITS[name], f"{round(answer.used[name], 1):,}", f"{answer.limits[name]:,}") for name in names]


def states_of(answer: Answer | None) -> list[tuple[str, int]]:
    """How many sentences are in each state, those there are."""
    tally = Counter(claim.support for claim in answer.claims) if answer else Counter()
    return [(state, tally[state]) for state in STATES if tally[state]]


def stopped_words(answer: Answer | None) -> str:
    """Why the run ended, where that is not because it was done."""
    if answer is None or answer.stopped_by == "done":
        return ""
    limit = LIMITS.get(answer.stopped_by, answer.stopped_by.replace("_", " "))
    return STOPPED_WORDS.get(answer.stopped_by, f"The limit of {limit} was reached, so it wrote what it knew by then.")


def state_of(run: Run) -> str:
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
    if settings.endpoints:
        first, *others = settings.endpoints
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
