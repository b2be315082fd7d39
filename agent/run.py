"""One run's state, shared by the engine and the inquiries that work for it. Pages are opened here, each once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

from agent import plan as planning
from agent.budget import Budget
from agent.context import Context
from agent.errors import FetchError, OverLimit, Refused, StorageError
from agent.events import Trouble
from agent.meter import Meter, Paused
from agent.near import Sketch, sketch_of, too_near
from agent.rank import Likeness
from agent.records import Page, Plan, SubQuestion
from agent.search.merge import page_key, under
from agent.steer import Control, MemoryControl
from agent.tools import Tools

READERS = 14  # pages opened at once: most of that time they wait for a server
PAGE_SECONDS = 30.0


class Unwanted(Refused):
    """You said that it is not to be read."""


NOT_READ = (Unwanted, OverLimit, Paused)  # what kept a page from being read, and may not any more


@dataclass
class Run:
    """What all parts of a run share. May be used by many threads."""

    question: str
    budget: Budget
    tools: Tools
    control: Control = field(default_factory=MemoryControl)
    context: Context = field(default_factory=Context)
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
        self.tools = self.context.fenced(self.tools, lambda: self.meter.steering.pinned)
        self.likeness = Likeness(self.question, self.tools.embedder)
        self.plan = Plan((SubQuestion("q1", self.question),))
        self.began = self.tools.journal.step("began", {}, time.time)
        self.today = datetime.fromtimestamp(self.began, UTC).date()
        self.given: dict[str, Page] = {}  # by SHA-256: what the user gave, that every inquiry begins with
        self._opened: dict[str, Future[Page]] = {}
        self._wanted: dict[str, set[str]] = {}  # by page, the lanes that want it; "" stands for nobody's lane
        self._items, self._edits = {}, 0
        self._sketches: dict[str, Sketch] = {}
        self.stand_ins: dict[str, str] = {}  # by page from the library, why it could not be read now
        self._late: dict[str, Page] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="read")

    def close(self) -> None:
        """Begin nothing more. What is under way is left to itself: it can no longer spend."""
        self.meter.closed.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def reached(self, limit: str) -> None:
        """The first limit that was reached is the one that is told; the human's stop is told whatever came before."""
        if self.stopped_by == "done" or limit == "user":
            self.stopped_by = limit

    def told_troubles(self) -> Iterator[Trouble]:
        """What models did wrong since the last look."""
        while self.meter.troubles:
            stage, subject, message = self.meter.troubles.pop(0)
            if "limit of tokens" in message:
                self.reached("tokens")
            yield Trouble(stage, subject, message)

    def edit(self) -> bool:
        """Change the plan as the human has wished since the last look; whether it did change. No id is ever given twice."""
        wishes = self.control.wishes()
        plan = planning.edited(self.plan, wishes[self._edits:], self._items)
        changed, self.plan, self._edits = plan != self.plan, plan, len(wishes)
        return changed

    def grow(self, texts: Sequence[str]) -> list[SubQuestion]:
        """Add sub-questions at the plan's end."""
        items = []
        self._items |= {item.id: item for item in self.plan.items}
        for text in texts:
            items.append(SubQuestion(planning.next_id(self._items), text))
            self._items[items[-1].id] = items[-1]
        self.plan = replace(self.plan, items=(*self.plan.items, *items))
        return items

    # ---------------------------------------------------------------- pages

    def give(self, page: Page) -> None:
        """The user gave this page, so it is there from the start."""
        self.given[page.sha256] = page
        self.same_as(page)
        came: Future[Page] = Future()
        came.set_result(page)
        with self._lock:
            self._opened.setdefault(page_key(page.url), came)

    def open(self, url: str, chosen_by: str = "agent", lane: str = "") -> Future[Page]:
        """The page of this address, under way or there already: nothing is opened twice in a run.

        What was not read because nobody wanted it is opened once somebody does.
        """
        key = page_key(url)
        with self._lock:
            self._wanted.setdefault(key, set()).add(lane)
            if key not in self._opened or was_not_read(self._opened[key]):
                self._opened[key] = self._pool.submit(self._read, url, chosen_by, lane)
            return self._opened[key]

    def has_opened(self, url: str) -> bool:
        with self._lock:
            future = self._opened.get(page_key(url))
        return future is not None and not was_not_read(future)

    def pages(self) -> list[Page]:
        """All that have come by now, in the order in which they were opened."""
        with self._lock:
            done = [future for future in self._opened.values() if future.done() and not future.cancelled()]
        came = [future.result() for future in done if future.exception() is None]
        return list({page.sha256: page for page in (*self.given.values(), *came, *self._late.values())}.values())

    def _read(self, url: str, chosen_by: str, lane: str) -> Page:
        """From the shelf if this run has read it before. That a page cannot be read is remembered too, but costs nothing."""
        def work() -> str | dict[str, str]:
            if self.blocked(url) or self._skipped(url):
                raise Unwanted
            try:
                page = self._fresh(url, chosen_by, lane)
            except FetchError as error:
                kept = None if isinstance(error, Refused) else self._from_library(url, chosen_by)
                return {"kept": kept.sha256, "failed": str(error)} if kept else {"failed": str(error)}
            self.tools.shelf.keep(page)
            return page.sha256

        read = self.meter.step("read", {"url": url}, "pages", work)
        failed = read.get("failed", "") if isinstance(read, dict) else ""
        if failed and "kept" not in read:
            self.meter.count("pages", -1)
            raise FetchError(failed)
        page = self.tools.shelf.page(read["kept"] if failed else read)
        if page is None:
            raise FetchError("It was read before, but its text is no longer kept.")
        if failed:
            self.stand_ins[page.sha256] = failed
        return page

    def _fresh(self, url: str, chosen_by: str, lane: str) -> Page:
        """A repository by git, where that can be; anything else, and where git fails, as a page."""
        until = time.monotonic() + min(self.meter.seconds_left(), PAGE_SECONDS)
        if self.tools.repositories:
            with suppress(FetchError):
                item = next((item.text for item in self.plan.items if item.id == lane), "")
                page = self.tools.repositories.read(url, f"{self.question} {item}", until - time.monotonic(), chosen_by)
                if page:
                    return page
        return self.tools.reader.read(url, chosen_by, until - time.monotonic())

    def late(self, url: str) -> Page | None:
        """What stands in for a page that does not come in time: as it was read before, if it was."""
        page = self._from_library(url, "agent")
        if page:
            self.stand_ins[page.sha256] = "It did not come in time."
            with self._lock:
                self._late[page_key(url)] = page
        return page

    def _from_library(self, url: str, chosen_by: str) -> Page | None:
        """The page as an earlier run read it, put on this run's shelf with its date; None if none did, or it is unwanted."""
        with suppress(StorageError):
            found = self.tools.shelf.library.newest(url) if self.tools.shelf.library else None
            if found and not self.blocked(found.final_url):
                page = replace(found, url=url, chosen_by=chosen_by)
                self.tools.shelf.keep(page)
                return page
        return None

    def instead(self, page: Page) -> str:
        """The sentence that says of a page from the library why it stands in; "" for a page that was read now."""
        if page.sha256 not in self.stand_ins:
            return ""
        day = datetime.fromisoformat(page.fetched_at)
        return f"{self.stand_ins[page.sha256]} So its text stands in as it was read on {day.day} {day:%B %Y}."

    def has_read(self, url: str) -> bool:
        """Whether a reading of it, by this sitting or an earlier one, is in the journal."""
        return self.tools.journal.recall("read", {"url": url}) is not None

    def _skipped(self, url: str) -> bool:
        """Whether every lane that wanted it has been skipped or dropped since."""
        with self._lock:
            return all(lane and self.is_skipped(lane) for lane in self._wanted.get(page_key(url), {""}))

    def is_skipped(self, lane: str) -> bool:
        """Whether the human wants no more of this sub-question."""
        return lane in self.meter.steering.skipped or all(item.id != lane for item in self.plan.items)

    def blocked(self, url: str) -> bool:
        """Whether the context, a setting or the human keeps this address from being opened."""
        return not self.context.may_open(url, self.meter.steering.pinned) or self.unwanted(url)

    def unwanted(self, url: str) -> bool:
        """Whether a setting or the human wants nothing of this address. A page that was pinned is wanted wherever it is."""
        host, steering, key = urlsplit(url).hostname or "", self.meter.steering, page_key(url)
        if under(host, self.tools.blocked) and key not in self.context.taken:
            return True
        wanted = key in {page_key(one) for one in steering.pinned}
        return not wanted and (under(host, steering.blocked) or key in {page_key(one) for one in steering.dropped})

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
        pinned = {page_key(one) for one in self.meter.steering.pinned}
        return [page for page in pages if page_key(page.url) in pinned or not (self.unwanted(page.final_url) or self.unwanted(page.url))]


def was_not_read(future: Future[Page]) -> bool:
    """Whether nobody wanted it, or a limit was in the way."""
    return future.done() and not future.cancelled() and isinstance(future.exception(), NOT_READ)
