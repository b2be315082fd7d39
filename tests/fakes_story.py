"""A deep run as its events tell it, from the plan to the checked report: what the pages of runs with a plan are tried with.

Five sub-questions, eight pages kept and two not, a dispute, a wish, a wait for the human, and a report whose sentences
are in all five states. The texts are made up for this; what they say is true.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from agent.budget import DEEP
from agent.events import (
    Answered,
    Checking,
    Disputed,
    Draft,
    Dropped,
    Event,
    Found,
    Gauge,
    Kept,
    Lane,
    Noted,
    Planned,
    Reading,
    Remark,
    Searched,
    Searching,
    Started,
    Steered,
    Trouble,
    Waiting,
    Writing,
)
from agent.records import Answer, AskBack, Citation, Claim, Dispute, Page, Plan, RoleUse, Source, SubQuestion

QUESTION = "How do SQLite and PostgreSQL decide when to checkpoint, and what can hold a checkpoint up?"
UNTIL = "2031-05-04T10:00:00+00:00"
PLANNER, WRITER, CHECKER = "steady-planner-30b", "gentle-writer-70b", "stern-checker-8b"

TEXTS = {
    "wal": ("https://sqlite.example/wal.html", "Write-Ahead Logging", "2025-06-02", "markdown",
            "By default a checkpoint runs by itself when the log reaches 1000 pages.\n\n"
            "A checkpoint can only move frames that no open reader still needs, so a reader that never ends keeps the log growing.\n\n"
            "The last connection to close a database runs a checkpoint and removes the log.\n\n"
            "Write-ahead logging came with version 3.7.0 in 2010."),
    "pragma": ("https://sqlite.example/pragma.html", "Pragma statements", "2025-05-30", "http",
               "PRAGMA wal_autocheckpoint sets the number of pages at which a checkpoint is tried; zero or less turns it off.\n\n"
               "There are four modes: passive, full, restart and truncate. A passive one waits for nobody.\n\n"
               "The busy handler is called in every mode but passive."),
    "pgwal": ("https://postgres.example/docs/wal-configuration", "WAL configuration", "2025-09-25", "http",
              "A checkpoint begins every checkpoint_timeout seconds, or when max_wal_size is about to be exceeded, whichever comes "
              "first.\n\n"
              "The default settings are 5 minutes and 1 GB.\n\n"
              "Writing is spread over checkpoint_completion_target of the time to the next checkpoint; the default is 0.9."),
    "pgnotes": ("https://postgres.example/docs/release-14", "Release notes, version 14", "2021-09-30", "http",
                "The default of checkpoint_completion_target was changed to 0.9; it was 0.5 before."),
    "blog": ("https://tuning.example/checkpoint-storms", "Living with checkpoint storms", "2019-03-11", "browser",
             "By default writing is spread over half of the time between two checkpoints.\n\n"
             "On our busiest table a checkpoint took 11 minutes before we raised max_wal_size."),
    "slots": ("https://postgres.example/docs/replication-slots", "Replication slots", "2025-09-25", "http",
              "A replication slot that nobody reads keeps log files from being removed, even past max_wal_size."),
    "paper": ("https://journal.example/papers/wal-study.pdf", "A study of write-ahead logs in small databases", "2023-11-20", "pdf",
              "In 9 of the 14 applications that we looked at, a long read transaction was what kept the log from being reset.\n\n"
              "The largest log that we saw was 3.4 GB beside a database of 210 MB."),
    "forum": ("https://forum.example/t/wal-never-shrinks/8812", "The log file never shrinks", "2022-02-08", "http",
              "The file stays as large as it once was unless journal_size_limit is set or a truncating checkpoint runs."),
}
NUMBERS = {name: n for n, name in enumerate(TEXTS, 1)}


def page_of(name: str) -> Page:
    url, title, date, rung, text = TEXTS[name]
    html = None if rung == "pdf" else "".join(f"<p>{part}</p>" for part in [title, *text.split("\n\n")]).encode()
    return Page(url, url, title, text, "2026-11-20T08:15:00+00:00", url.split("/")[2], "", date, "en", rung, html=html)


STORY_PAGES = {name: page_of(name) for name in TEXTS}


def cite(name: str, part: int = 0) -> Citation:
    """The `part`-th paragraph of a page."""
    page = STORY_PAGES[name]
    quote = page.text.split("\n\n")[part]
    start = page.text.index(quote)
    return Citation(NUMBERS[name], page.url, page.title, page.sha256, start, start + len(quote), quote, page.site, page.date)


PLAN = Plan(
    (SubQuestion("q1", "What makes SQLite begin a checkpoint?", "The default size and how to change it, from SQLite’s own pages",
                 "SQLite’s documentation"),
     SubQuestion("q2", "What makes PostgreSQL begin a checkpoint?", "Both triggers with their defaults and the version they hold for",
                 "PostgreSQL’s documentation and release notes"),
     SubQuestion("q3", "What can hold a SQLite checkpoint up?", "At least two causes, each with what the documentation says of it", ""),
     SubQuestion("q4", "What keeps PostgreSQL’s log from being removed?", "Each cause, and how to see that it is at work", ""),
     SubQuestion("q5", "How do the two compare in practice?", "Measurements of real applications, not older than 2020",
                 "Papers, field reports")),
    ("“Checkpoint” means moving the write-ahead log into the database, not a save point.", "Current stable versions are meant."),
    (AskBack("a1", "Which versions matter to you?", "The current stable ones"),
     AskBack("a2", "Is SQLite’s rollback journal of interest too?", "No, only write-ahead logging")))


@dataclass(frozen=True)
class Said:
    """A sentence of the report: its words, its citations, and what the check said of it."""

    text: str
    cited: tuple[Citation, ...] = ()
    support: str = "supported"
    reason: str = ""
    by: str = CHECKER

    @property
    def markdown(self) -> str:
        marks = "".join(f"[{citation.n}]" for citation in self.cited)
        head, stop = (self.text[:-1], self.text[-1]) if self.text[-1] in ".!?|" else (self.text, "")
        return f"{head}{marks} {stop}" if stop == "|" else head + marks + stop

    @property
    def claim(self) -> Claim:
        return Claim(self.text, self.support, self.cited, (), self.reason, "" if self.support == "unchecked" else self.by)


def heading(text: str) -> Said:
    return Said(text, (), "unchecked", "says nothing to check")


def only(text: str, *cited: Citation) -> Said:
    return Said(text, cited)


REPORT: tuple[str | Said, ...] = (
    only("Both systems begin a checkpoint by size: SQLite when its log reaches 1,000 pages.", cite("wal")), " ",
    only("PostgreSQL also begins one by the clock, every five minutes unless told otherwise.", cite("pgwal"), cite("pgwal", 1)), " ",
    only("In SQLite the usual hindrance is a reader that never ends.", cite("wal", 1)),
    "\n\n### ", heading("When a checkpoint begins"), "\n\n",
    only("SQLite tries a checkpoint at a number of pages that `wal_autocheckpoint` sets, and zero turns it off.", cite("pragma")), " ",
    only("The last connection to close runs one too.", cite("wal", 2)), " ",
    only("In PostgreSQL **whichever comes first** decides: the time or the size of the log.", cite("pgwal")),
    "\n\n| | SQLite | PostgreSQL |\n|---|---|---|\n| ",
    only("By size | 1,000 pages | 1 GB |", cite("pgwal", 1)), "\n| ",
    only("By time | never | every 5 minutes |", cite("pgwal", 1)), "\n| ",
    Said("Spread over | nothing | 0.9 of the interval |", (cite("pgwal", 2),), "partial", "The quote says nothing of SQLite."),
    "\n\n### ", heading("What holds it up"), "\n\n",
    only("A checkpoint moves only what no open reader still needs.", cite("wal", 1)), " ",
    Said("In most of the applications of one study, 9 of 14, a long read was to blame.", (cite("paper"),)), " ",
    Said("The largest log it saw had 4.3 GB.", (cite("paper", 1),), "contradicted", "The quote says 3.4 GB, the sentence 4.3 GB.",
         "code"), " ",
    Said("A busy handler is called in every mode.", (cite("pragma", 2),), "partial", "Not in passive mode, says the quote."), " ",
    Said("A slot that nobody reads keeps PostgreSQL’s log files, even past `max_wal_size`.", (cite("slots"),)),
    "\n\n### ", heading("How it came to be"), "\n\n- ",
    Said("**2010**: SQLite gets write-ahead logging with version 3.7.0.", (cite("wal", 3),)), "\n- ",
    Said("**2021**: PostgreSQL 14 spreads a checkpoint over 0.9 of the interval, no longer half.", (cite("pgnotes"),)), "\n- ",
    Said("**2022**: the log file of SQLite shrinks by itself.", (cite("forum"),), "not found",
         "No quote says that it shrinks by itself."), "\n- ",
    Said("In 2025 both projects made this faster again.", (), "not found", "It names no source.", "code"), "\n\n",
    Said("Field reports tell of checkpoints that took 11 minutes.", (cite("blog", 1),), "unchecked",
         "No model could check it: stern-checker-8b did not answer in time."),
)
NOT_FOUND = ("What a checkpoint costs on flash storage: looked for in “checkpoint latency nvme” and “wal fsync cost”, on 3 sites.",)
DISPUTE = Dispute("Over how much of the interval PostgreSQL spreads a checkpoint by default", (cite("pgwal", 2), cite("blog")))
ROLES = (RoleUse("plan", PLANNER, 2, 3_120, 0, 640, 0.01), RoleUse("read", PLANNER, 19, 148_300, 61_000, 7_450, 0.21),
         RoleUse("write", WRITER, 6, 41_200, 18_400, 5_120, 0.34), RoleUse("check", CHECKER, 5, 22_900, 0, 1_980, 0.03))
USED = {"searches": 14, "pages": 10, "rounds": 2, "model_calls": 32, "tokens": 230_710, "money": 0.59, "seconds": 412,
        "lanes": 5, "quotes": 17}


def markdown_of(parts: tuple[str | Said, ...]) -> str:
    return "".join(part if isinstance(part, str) else part.markdown for part in parts)


def sources() -> tuple[Source, ...]:
    pages = [STORY_PAGES[name] for name in TEXTS]
    return tuple(Source(n, p.url, p.title, p.rung, p.fetched_at, p.sha256, p.site, p.date) for n, p in enumerate(pages, 1))


def report(depth: str = "deep") -> Answer:
    """The checked report."""
    claims = tuple(part.claim for part in REPORT if isinstance(part, Said))
    return Answer(QUESTION, depth, "model", markdown_of(REPORT), claims, sources(), NOT_FOUND,
                  {**DEEP.limits(), "searches": 14}, {name: float(value) for name, value in USED.items()}, "searches", 412.0, WRITER,
                  PLAN, ROLES, (DISPUTE,), ("How do the two compare in practice?",))


def kept(name: str, lane: str) -> Kept:
    page = STORY_PAGES[name]
    return Kept(page.url, page.title, page.site, page.rung, page.sha256, len(page.text.split()) * 40, 0.84, page.date, lane)


def open_page(name: str, lane: str, why: str) -> Reading:
    return Reading(STORY_PAGES[name].url, STORY_PAGES[name].title, why, lane)


def gauge(share: float) -> Gauge:
    """The needles when that much of the work is done."""
    used = {name: value * share for name, value in USED.items()}
    whole = {name: value if name == "money" else int(value) for name, value in used.items()}
    return Gauge(whole, DEEP.limits(), ROLES[:2] if share < 1 else ROLES)


def beginning(waits: bool = True, model: str = WRITER) -> Iterator[Event]:
    """To the plan, and to the wait for its approval."""
    yield Started(QUESTION, "deep", DEEP.limits(), model)
    yield Planned(PLAN, PLANNER if model else "")
    if waits:
        yield Waiting("plan", UNTIL)


def searching() -> Iterator[Event]:
    """The lanes at work: one done, one skipped by nobody, one that has not begun."""
    yield Steered(1, "approve", "The plan was approved.")
    for lane, wording, titles in (("q1", "sqlite wal_autocheckpoint default pages", ("Write-Ahead Logging", "Pragma statements")),
                                  ("q2", "postgresql checkpoint_timeout max_wal_size default", ("WAL configuration",)),
                                  ("q3", "sqlite checkpoint starvation long reader", ("The log file never shrinks",)),
                                  ("q4", "postgresql replication slot keeps wal files", ("Replication slots",))):
        yield Lane(lane, "searching")
        yield Searching((wording,), ("searxng", "wikipedia"), lane)
        yield Searched(wording, 12, titles, lane)
        yield Lane(lane, "choosing")
    yield open_page("wal", "q1", "SQLite’s own page on the subject")
    yield open_page("pragma", "q1", "names the setting")
    yield open_page("pgwal", "q2", "PostgreSQL’s own page")
    yield Lane("q1", "reading")
    yield kept("wal", "q1")
    yield kept("pragma", "q1")
    yield Lane("q1", "noting")
    yield Noted("q1", (Remark(cite("wal"), "names the default"), Remark(cite("pragma"), "how to change it")),
                (Remark(cite("wal", 3), "when it came, which was not asked"),))
    yield Found((cite("wal"), cite("pragma"), cite("wal", 1)), 41)
    yield gauge(0.3)
    yield Lane("q1", "done", "Both the default and the setting are known.")
    yield Lane("q2", "reading")
    yield kept("pgwal", "q2")
    yield open_page("blog", "q2", "tells how it is in the field")
    yield kept("blog", "q2")
    yield Noted("q2", (Remark(cite("pgwal"), "both triggers"), Remark(cite("pgwal", 1), "their defaults")), ())
    yield Disputed("q2", DISPUTE)
    yield Lane("q2", "searching", missing=("the version since which these defaults hold",))
    yield Searching(("postgresql release notes checkpoint_completion_target default",), ("searxng",), "q2")
    yield Lane("q3", "reading")
    yield open_page("paper", "q3", "a study with numbers")
    yield open_page("forum", "q3", "asks the very question")
    yield Reading("https://vendor.example/blog/wal-tips", "Ten WAL tips", "among the first results", "q3")
    yield Dropped("https://vendor.example/blog/wal-tips", "It says the same as a page that is kept.", "q3")
    yield kept("forum", "q3")
    yield Lane("q4", "reading")
    yield open_page("slots", "q4", "PostgreSQL’s own page")
    yield Trouble("search", "wikipedia", "Wikipedia asks to slow down, so it is left out of this run.")
    yield gauge(0.6)


def steered() -> Iterator[Event]:
    """A wish, heeded; the last lane begins and is ended by a limit."""
    yield Steered(2, "words", "Only what is newer than 2020 counts.")
    yield kept("paper", "q3")
    yield Reading("https://slow.example/", "A page that never came", "named in two searches", "q3")
    yield Dropped("https://slow.example/", "The page did not come within its time.", "q3")
    yield Noted("q3", (Remark(cite("paper"), "counts the causes"), Remark(cite("forum"), "")),
                (Remark(cite("paper", 1), "a size, not a cause"),))
    yield Lane("q3", "done", "Two causes are known.")
    yield kept("slots", "q4")
    yield Noted("q4", (Remark(cite("slots"), "names the cause"),), ())
    yield Lane("q4", "skipped", "You skipped it.")
    yield open_page("pgnotes", "q2", "the release notes say since when")
    yield kept("pgnotes", "q2")
    yield Lane("q2", "done", "The version is known.")
    yield Lane("q5", "searching")
    yield gauge(0.9)
    yield Lane("q5", "open", "The limit of searches was reached.", ("a measurement that is not older than 2020",))


def writing(answer: Answer | None = None) -> Iterator[Event]:
    """The report as it is written and checked, and the end."""
    answer = answer or report()
    yield Writing(WRITER)
    order = [citation for part in REPORT if isinstance(part, Said) for citation in part.cited]
    for block in re.split(r"(?<=\n\n)", answer.answer):
        marks = len(re.findall(r"\[\d+\]", block))
        yield Draft(block, tuple(order[:marks]))
        order = order[marks:]
    for done in (6, len(answer.claims)):
        yield Checking(done, len(answer.claims))
    yield gauge(1.0)
    yield Answered(answer)


def deep_run() -> Iterator[Event]:
    """All of it, from the start to the answer."""
    for part in (beginning(), searching(), steered(), writing()):
        yield from part


def quotes_run() -> Iterator[Event]:
    """The same with no model: the plan is made of words, the answer of quotes."""
    yield from beginning(waits=False, model="")
    yield from (replace(event, roles=()) if isinstance(event, Gauge) else event for event in searching())
    quotes = (cite("wal"), cite("pragma"), cite("pgwal"), cite("slots"))
    claims = tuple(Claim(citation.quote, "supported", (citation,), checked_by="words") for citation in quotes)
    text = "\n\n".join(f"> {citation.quote} [{citation.n}]" for citation in quotes)
    yield Writing("")
    yield Draft(text, quotes)
    used = {**report().used, "model_calls": 0, "tokens": 0, "money": 0}
    yield Answered(replace(report(), mode="extractive", used=used, answer=text, claims=claims, model="", roles=(), stopped_by="done"))
