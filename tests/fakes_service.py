"""A twin of server.service.Service in memory, whose runs follow a script: three pages kept, one dropped, an answer.

A test may set another script. After a Waiting the script goes on once a wish wakes the run, as in the real one; other
wishes are kept and nobody heeds them, unless the script looks into `wished`. `hold("draft")` makes every run wait before
its next event of that kind until `release()`: a test can look at a page in the middle of a run without racing it.
"""

from __future__ import annotations

import itertools
import threading
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryDirectory
from typing import Any

import lxml.html

from agent.budget import budget_for
from agent.errors import NotFound, TooLate
from agent.events import (
    Answered,
    Draft,
    Dropped,
    Event,
    Failed,
    Found,
    Kept,
    Planned,
    Reading,
    Searched,
    Searching,
    Started,
    Trouble,
    Waiting,
    Writing,
)
from agent.question import checked
from agent.records import Answer, Citation, Claim, Page, Plan, Source
from agent.steer import Wish
from server.dial import Dial
from server.pairing import Pairing
from server.steering import checked_for
from server.store import Database
from server.store.devices import Devices
from server.store.library import Shelved
from server.store.records import Entry, Run, ending_of, rest_of
from server.store.tables import metadata
from server.store.wishes import WAKING
from tests.fakes_text import FakeReadings

LONG = "".join(f"<p>Paragraph {n} of the long beginning says how the town came by its bridge.</p>" for n in range(60))
HTML = {
    "https://tides.example/bridge": (
        "The old bridge at Marrow", "<nav><a href='/'>Home</a> Menu</nav><main><h1>The old bridge</h1>" + LONG +
        "<p>The bridge opens <b>twice a&nbsp;day</b>, at\nhigh water,\nfor <a href='https://evil.example/x'>twelve "
        "minutes</a>. It has <em>never</em> opened on a Sunday.</p><p>The last keeper left in 1987.</p><script>"
        "document.title='ran'</script><img src='https://evil.example/pixel.png' alt='The bridge, open'></main>"),
    "https://harbour.example/rules": (
        "Harbour rules", "<article><h1>Rules</h1><p>A vessel over nine metres must ask the keeper an hour before. "
        "The keeper may refuse when the wind is above force seven.</p><pre>open --at high-water --for 12m</pre>"
        "</article>"),
    "https://paper.example/report.pdf": (
        "Report of the harbour board", "<p>In the year of the survey the bridge opened 702 times. Two openings failed, "
        "both in January, when the chain was frozen.</p>"),
}
QUOTES = (
    (0, "The bridge opens twice a day, at high water, for twelve minutes."),
    (1, "The keeper may refuse when the wind is above force seven."),
    (2, "Two openings failed, both in January, when the chain was frozen."),
    (0, "It has never opened on a Sunday."),
)
EXTRACTIVE = "## The bridge\n\n- {0}[1]\n- {3}[1]\n\n## The keeper\n\n- {1}[2]\n- {2}[3]\n"
WRITTEN = ("The bridge opens twice a day at high water[1], but never on a Sunday[1].",
           " The keeper refuses above force six[2].",
           " In the survey year two openings failed in the cold[3], and nobody was hurt[?p99].")
MODEL = "gentle-writer-7b"


def page_at(url: str) -> Page:
    title, html = HTML[url]
    blocks = lxml.html.fromstring(f"<body>{html}</body>").xpath("//h1 | //p | //pre")
    text = "\n\n".join(" ".join(block.text_content().split()) for block in blocks)
    pdf = url.endswith(".pdf")
    return Page(url, url, title, text, "2026-11-20T08:15:00+00:00", site=url.split("/")[2], date="2024-03-09",
                language="en", rung="pdf" if pdf else "http", html=None if pdf else html.encode())


PAGES = tuple(page_at(url) for url in HTML)


def citation(number: int) -> Citation:
    place, quote = QUOTES[number]
    page = PAGES[place]
    start = page.text.index(quote)
    span = (start, start + len(quote), quote)
    return Citation(place + 1, page.url, page.title, page.sha256, *span, page.site, page.date)


def sources() -> tuple[Source, ...]:
    return tuple(Source(n, page.url, page.title, page.rung, page.fetched_at, page.sha256, page.site, page.date)
                 for n, page in enumerate(PAGES, 1))


def answer_to(run: Run) -> Answer:
    limits = {name: float(value) for name, value in budget_for("quick").limits().items()}
    used = {"searches": 3, "pages": 4, "model_calls": int(run.model), "quotes": 4, "seconds": 2.4}
    about = {"sources": sources(), "limits": limits, "used": used, "seconds": 2.43}
    if not run.model:
        claims = tuple(Claim(quote, "supported", (citation(n),)) for n, (_, quote) in enumerate(QUOTES))
        order = (0, 3, 1, 2)
        return Answer(run.question, run.depth, "extractive", EXTRACTIVE.format(*(quote for _, quote in QUOTES)),
                      tuple(claims[n] for n in order), **about)
    claims = (
        Claim("The bridge opens twice a day at high water, but never on a Sunday.", "supported",
              (citation(0), citation(3))),
        Claim("The keeper refuses above force six.", "contradicted", (citation(1),)),
        Claim("In the survey year two openings failed in the cold, and nobody was hurt.", "unchecked", (citation(2),),
              ("p99",)))
    return Answer(run.question, run.depth, "model", "".join(WRITTEN), claims, model=MODEL,
                  not_found=("The pages do not say who pays for the bridge.",), **about)


def script(run: Run) -> Iterator[Event]:
    answer, wordings = answer_to(run), ("marrow bridge opening hours", "marrow bridge high water")
    yield Started(run.question, run.depth, answer.limits, answer.model)
    yield Searching(wordings, ("searxng", "wikipedia"))
    yield Searched(wordings[0], 9, ("The old bridge at Marrow",))
    yield Trouble("search", "wikipedia", "Wikipedia asks to slow down, so it is left out of this run.")
    yield Searched(wordings[1], 4)
    for page in PAGES:
        yield Reading(page.url, page.title, "first among the results")
    yield Reading("https://slow.example/", "A page that never came", "named in two searches")
    for place, page in enumerate(PAGES):
        words = len(page.text.split())
        yield Kept(page.url, page.title, page.site, page.rung, page.sha256, words, 0.21 * (place + 1), page.date)
    yield Dropped("https://slow.example/", "The page did not come within its time.")
    yield Found((citation(0), citation(2), citation(1)), 46)
    yield Writing(answer.model)
    if run.model:
        yield Draft(WRITTEN[0], (citation(0), citation(3)))
        yield Draft(WRITTEN[1], (citation(1),))
        yield Draft(WRITTEN[2], (citation(2),))
    yield Answered(answer)


def database_in(owner: object) -> Database:
    """A real one, empty, that goes with its owner: what pairs browsers has no twin."""
    folder = TemporaryDirectory()
    weakref.finalize(owner, folder.cleanup)
    database = Database(f"sqlite:///{folder.name}/leash.db")
    metadata.create_all(database.engine)
    return database


class FakeService:
    def __init__(self, pace: float = 0.0) -> None:
        self.pace, self.news = pace, threading.Condition()
        self.all: dict[str, Run] = {}
        self.entries: dict[str, list[Entry]] = {}
        self.pages = {page.sha256: page for page in PAGES}
        self.numbers, self.held, self.readings = itertools.count(1), "", FakeReadings()
        self.script: Callable[[Run], Iterator[Event]] = script
        self.dial, self.wished = Dial(), defaultdict(list)
        self.pairing = Pairing(Devices(database_in(self)))

    def library(self, query: str = "", limit: int = 50, before: int | None = None) -> list[Shelved]:
        """Newest first by their place among the pages; the first one is what every answer stands on."""
        users = tuple((run.id, run.question) for run in self.all.values())
        read = [Shelved(place, page, datetime.now(UTC), users) for place, page in enumerate(self.pages.values(), 1)]
        had = [one for one in reversed(read) if all(word in f"{one.page.title} {one.page.text}".lower() for word in query.lower().split())]
        return [one for one in had if before is None or one.id < before][:limit]

    def library_size(self) -> int:
        return len(self.pages)

    def forget_page(self, sha256: str) -> None:
        if sha256 == PAGES[0].sha256 and self.all:
            raise TooLate("A run stands on this page, so it stays.")
        if self.pages.pop(sha256, None) is None:
            raise NotFound("There is no such page in the library. It may have been deleted.")

    def forget_text(self, url: str) -> int:
        return self.readings.forget(url)

    def hold(self, kind: str) -> None:
        with self.news:
            self.held = kind
            self.news.notify_all()

    def release(self) -> None:
        self.hold("")

    def ask(self, question: str, depth: str = "quick", model: bool = True, limits: dict[str, float] | None = None,
            patience: int | None = None, notify: str = "") -> Run:
        question, terms = checked(question), self.dial.terms(depth, limits, patience, notify)
        run = Run(f"run{next(self.numbers)}", question, depth, model, "running", datetime.now(UTC), **vars(terms))
        self.all[run.id], self.entries[run.id] = run, []
        threading.Thread(target=self.work, args=(run,), daemon=True).start()
        return run

    def work(self, run: Run) -> None:
        for event in self.script(run):
            with self.news:
                self.news.wait_for(lambda: run.id not in self.all or self.all[run.id].status != "waiting")
                self.news.wait_for(lambda kind=event.kind: self.held != kind)
                self.news.wait_for(lambda: False, self.pace)
                if run.id not in self.all or self.all[run.id].over:
                    return
                self.tell(run.id, event)

    def tell(self, run_id: str, event: Event) -> None:
        """Store an event, as the worker would."""
        with self.news:
            ending, entries, rest = ending_of(event), self.entries[run_id], rest_of(event)
            entries.append(Entry(len(entries) + 1, datetime.now(UTC), event))
            if ending:
                self.all[run_id] = replace(self.all[run_id], ended_at=datetime.now(UTC), **vars(ending))
            if rest:
                wake_at = datetime.fromtimestamp(rest.wake_at, UTC) if rest.wake_at else None
                self.all[run_id] = replace(self.all[run_id], status="waiting", waiting_for=rest.waiting_for, wake_at=wake_at)
            self.news.notify_all()

    def wait_over(self, run_id: str) -> None:
        with self.news:
            assert self.news.wait_for(lambda: self.all[run_id].over, 10)

    def fail(self, run_id: str, message: str, advice: str) -> None:
        self.tell(run_id, Failed(message, advice))

    def run(self, run_id: str) -> Run:
        if run_id not in self.all:
            raise NotFound("There is no such run. It may have been deleted.")
        return self.all[run_id]

    def runs(self, limit: int = 50, before: str | None = None) -> list[Run]:
        listed = list(reversed(self.all.values()))
        ids = [run.id for run in listed]
        return listed[ids.index(before) + 1 if before in ids else 0:][:limit]

    def events(self, run_id: str, after: int = 0) -> list[Entry]:
        self.run(run_id)
        return self.entries[run_id][after:]

    def watch(self, run_id: str, after: int = 0) -> Iterator[Entry | None]:
        self.run(run_id)
        return self._watch(run_id, after)

    def _watch(self, run_id: str, after: int) -> Iterator[Entry | None]:
        over = False
        while not over:
            with self.news:
                over = run_id not in self.all or self.all[run_id].over
                fresh = self.entries.get(run_id, [])[after:]
                if not fresh and not over:
                    self.news.wait(5)
            for entry in fresh:
                after = entry.seq
                yield entry

    def wish(self, run_id: str, kind: str, data: dict[str, Any] | None = None) -> Run:
        run = self.run(run_id)
        if run.over:
            raise TooLate("This run is over, so it cannot be steered any more. Ask again to go further.")
        kept = checked_for(run, self.plan(run_id), kind, {} if data is None else data, self.dial.most)
        with self.news:
            self.wished[run_id].append(Wish(len(self.wished[run_id]) + 1, kind, kept))
            if run.status == "waiting" and kind in WAKING:
                self.all[run_id] = replace(run, status="running", waiting_for="", wake_at=None)
            self.news.notify_all()
        return self.all[run_id]

    def keep_waiting(self, run_id: str) -> None:
        """Each time it is told of, the plan waits a day longer."""
        run = self.run(run_id)
        if run.waiting_for == "plan" and run.wake_at:
            self.tell(run_id, Waiting("plan", (run.wake_at + timedelta(days=1)).isoformat(timespec="seconds")))

    def wishes(self, run_id: str) -> list[Wish]:
        self.run(run_id)
        return list(self.wished[run_id])

    def plan(self, run_id: str) -> Plan | None:
        plans = [entry.event.plan for entry in self.events(run_id) if isinstance(entry.event, Planned)]
        return plans[-1] if plans else None

    def stop(self, run_id: str) -> Run:
        with self.news:
            if not self.run(run_id).over:
                stopped = {"status": "stopped", "stop_requested": True, "ended_at": datetime.now(UTC)}
                self.all[run_id] = replace(self.all[run_id], **stopped)
                self.wished[run_id].append(Wish(len(self.wished[run_id]) + 1, "stop", {}))
            self.news.notify_all()
        return self.all[run_id]

    def forget(self, run_id: str) -> None:
        self.run(run_id)
        del self.all[run_id]

    def page(self, sha256: str) -> Page:
        if sha256 not in self.pages:
            raise NotFound("This page is not kept here. It may have been deleted with its run.")
        return self.pages[sha256]

    def picture(self, sha256: str) -> bytes | None:
        return self.pages[sha256].picture if sha256 in self.pages else None

    def pictured(self, run_id: str) -> frozenset[str]:
        self.run(run_id)
        return frozenset(sha256 for sha256, page in self.pages.items() if page.picture)

    def answer(self, run_id: str) -> Answer | None:
        last = self.events(run_id)[-1:]
        return last[0].event.answer if last and isinstance(last[0].event, Answered) else None
