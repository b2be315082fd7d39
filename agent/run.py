"""One run's state, shared by the engine and the inquiries that work for it. Pages are opened here, each once."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

from agent.budget import Budget
from agent.errors import FetchError, Refused
from agent.meter import Meter
from agent.near import Sketch, sketch_of, too_near
from agent.rank import Likeness
from agent.records import Page, Plan, SubQuestion
from agent.search.merge import page_key
from agent.steer import Control, MemoryControl
from agent.tools import Tools

READERS = 14  # pages opened at once: most of that time they wait for a server
PAGE_SECONDS = 30.0


@dataclass
class Run:
    """What all parts of a run share. May be used by many threads."""

    question: str
    budget: Budget
    tools: Tools
    control: Control = field(default_factory=MemoryControl)
    meter: Meter = field(init=False)
    likeness: Likeness = field(init=False)
    plan: Plan = field(init=False)
    today: date = field(init=False)
    began: float = field(init=False)
    troubles: list[tuple[str, str]] = field(default_factory=list)
    answered: bool = False  # whether any search was answered
    stopped_by: str = "done"

    def __post_init__(self) -> None:
        self.meter = Meter(self.budget, self.tools.journal, self.tools.models, self.control)
        self.likeness = Likeness(self.question, self.tools.embedder)
        self.plan = Plan((SubQuestion("q1", self.question),))
        self.began = self.tools.journal.step("began", {}, time.time)
        self.today = datetime.fromtimestamp(self.began, UTC).date()
        self._opened: dict[str, Future[Page]] = {}
        self._sketches: dict[str, Sketch] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="read")

    def close(self) -> None:
        """Begin nothing more. What is under way is left to itself: it can no longer spend."""
        self.meter.closed.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def reached(self, limit: str) -> None:
        """The first limit that was reached is the one that is told."""
        if self.stopped_by == "done":
            self.stopped_by = limit

    # ---------------------------------------------------------------- pages

    def open(self, url: str, chosen_by: str = "agent") -> Future[Page]:
        """The page of this address, under way or there already: nothing is opened twice in a run."""
        with self._lock:
            key = page_key(url)
            if key not in self._opened:
                self._opened[key] = self._pool.submit(self._read, url, chosen_by)
            return self._opened[key]

    def has_opened(self, url: str) -> bool:
        return page_key(url) in self._opened

    def pages(self) -> list[Page]:
        """All that have come by now, in the order in which they were opened."""
        with self._lock:
            done = [future for future in self._opened.values() if future.done() and not future.cancelled()]
        return list({future.result().sha256: future.result() for future in done if future.exception() is None}.values())

    def _read(self, url: str, chosen_by: str) -> Page:
        """From the shelf if this run has read it before."""
        def work() -> str:
            if self.blocked(url):
                raise Refused("You said that it is not to be read.")
            page = self.tools.reader.read(url, chosen_by, min(self.meter.seconds_left(), PAGE_SECONDS))
            self.tools.shelf.keep(page)
            return page.sha256

        page = self.tools.shelf.page(self.meter.step("read", {"url": url}, "pages", work))
        if page is None:
            raise FetchError("It was read before, but its text is no longer kept.")
        return page

    def blocked(self, url: str) -> bool:
        """Whether a setting or the human keeps this address from being opened."""
        host, steering = urlsplit(url).hostname or "", self.meter.steering
        domains = [*self.tools.blocked, *steering.blocked]
        dropped = {page_key(one) for one in steering.dropped}
        return page_key(url) in dropped or any(host == domain or host.endswith("." + domain) for domain in domains)

    def same_as(self, page: Page) -> Page | None:
        """An earlier page that says the same, or nearly: it counts as one source."""
        mine = sketch_of(page)
        with self._lock:
            for earlier in self._sketches.values():
                if earlier.page.sha256 != page.sha256 and too_near(mine, earlier):
                    return earlier.page
            self._sketches[page.sha256] = mine
        return None

    def trouble(self, subject: str, message: str) -> bool:
        """Whether this is told for the first time."""
        with self._lock:
            new = (subject, message) not in self.troubles
            if new:
                self.troubles.append((subject, message))
        return new

    def kept(self, pages: Sequence[Page]) -> list[Page]:
        """Those that the human has not dropped since."""
        return [page for page in pages if not self.blocked(page.final_url) and not self.blocked(page.url)]
