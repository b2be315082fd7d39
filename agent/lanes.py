"""Works a plan off: a lane a sub-question, several at once, each in a thread of its own; the plan may change meanwhile.

What the human wants is looked for between any two events. Knows nothing of what an inquiry does, or of writing.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from agent.answer import from_row, pick
from agent.dossier import Group
from agent.events import Dropped, Event, Kept, Lane, Planned, Steered
from agent.inquire import inquire
from agent.look import Inquiry
from agent.meter import Paused
from agent.note import Note, take_rest
from agent.rank import Likeness, rank
from agent.records import SubQuestion
from agent.run import Run
from agent.topics import topics_of

TICK = 0.2
GAUGE_EVERY = 1.0
MOST_AT_ONCE = 64  # threads; a run's limit of lanes is far below
GRACE = 3.0  # seconds that a lane may take to end once its limit is reached,
SETTLED = 30.0  # once it is paused,
REPLAYED = 6.0  # and once the human has said stop, where all that it does is to take up what an earlier sitting paid for
MORE_ROUNDS = 2  # that "dig deeper" gives a lane
PINNED = 3  # passages noted of a page that the human pinned
MOST_PINNED = 33  # pages whose passages have numbers of their own: those below 100


@dataclass
class Lanes:
    """The lanes of one run. `searches` are wordings by a sub-question's text."""

    run: Run
    searches: dict[str, list[str]]
    inquiries: dict[str, Inquiry] = field(default_factory=dict)
    active: dict[str, Future[None]] = field(default_factory=dict)
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="lane"))
    told: queue.SimpleQueue = field(default_factory=queue.SimpleQueue)
    heeded: int = 0
    pinned: dict[str, list[Note]] = field(default_factory=dict)
    topics: bool = False
    found: set[str] = field(default_factory=set)  # ids of the sub-topics that the first look found
    paused: bool = False
    replays: bool = field(init=False)  # whether nothing new may begin from the first

    def __post_init__(self) -> None:
        self.replays = self.is_over()

    def work(self) -> Iterator[Event]:
        """Until every lane has ended, a limit is reached, or the human says so. Raises Paused once no step is under way."""
        next_gauge = 0.0
        while True:
            yield from self.heed()
            self.start()
            yield from self.drain(TICK)
            yield from self.run.told_troubles()
            if time.monotonic() >= next_gauge:
                next_gauge = time.monotonic() + GAUGE_EVERY
                yield self.run.meter.gauge()
            if self.startable() or self.more_topics():
                continue
            if self.is_over():
                yield from self.wind_up()
                break
            if not self.active and not self.pinning():
                break
        self.pool.shutdown(wait=False)
        yield from self.drain(0)
        if self.paused:
            raise Paused
        self.take_rest()

    def take_rest(self) -> None:
        """Of lanes that were ended in the middle, what was read and not looked at. When the human said stop there is no time for it."""
        if self.run.meter.has_model and not self.run.meter.steering.stop:
            for ident in [item.id for item in self.run.plan.items if item.id in self.inquiries and item.id not in self.active]:
                take_rest(self.inquiries[ident])

    # ---------------------------------------------------------------- the human

    def heed(self) -> Iterator[Event]:
        """What was wished since the last look: told, and the plan changed by it."""
        wishes = self.run.control.wishes()
        if len(wishes) > self.heeded:
            if self.run.edit():
                yield Planned(self.run.plan, "user")
                for item in self.run.plan.items:
                    if item.id in self.inquiries:
                        self.inquiries[item.id].item = item
            for wish in wishes[self.heeded:]:
                yield Steered(wish.seq, wish.kind, words_of(wish.kind, wish.data, self.run.meter.has_model))
            self.heeded = len(wishes)
        yield from self.read_pinned()

    def read_pinned(self) -> Iterator[Event]:
        """A page that the human pinned is read at once, and its best passages are notes."""
        for url in self.pinning():
            future = self.run.open(url, "user")
            if not future.done():
                continue
            self.pinned[url] = []
            if error := future.exception():
                yield Dropped(url, str(error))
                continue
            page = future.result()
            item = SubQuestion("q0", self.run.question)
            holder = self.inquiries.setdefault("q0", Inquiry(self.run, item, "", state="done"))
            holder.pages[page.sha256] = page
            yield Kept(page.final_url, page.title, page.site, page.rung, page.sha256, len(page.text.split()), 0.0, page.date)
            ranked = pick(rank([page], self.run.likeness), PINNED)
            self.pinned[url] = [Note(f"p{n}", "q0", one) for n, one in enumerate(ranked, self.first_ident(url))]
            holder.notes += self.pinned[url]

    def pinning(self) -> list[str]:
        """Pinned pages that have not come yet."""
        return [url for url in dict.fromkeys(self.run.meter.steering.pinned) if url not in self.pinned]

    def first_ident(self, url: str) -> int:
        """The number of a pinned page's first passage: by its place among all that were ever pinned, in whatever order they come."""
        pins = list(dict.fromkeys(wish.data["url"] for wish in self.run.control.wishes() if wish.kind == "pin"))
        return 1 + PINNED * (pins.index(url) % MOST_PINNED)

    # ---------------------------------------------------------------- lanes

    def startable(self) -> list[SubQuestion]:
        """Sub-questions, in the plan's order, whose lane may begin, or go on: dug deeper, taken up again, or its limit raised."""
        skipped, over = self.run.meter.steering.skipped, self.is_over()
        free = [item for item in self.run.plan.items if item.id not in skipped and item.id not in self.active]
        return [item for item in free if (self.has_begun(item) if over else self.goes_on(self.inquiries.get(item.id)))]

    def has_begun(self, item: SubQuestion) -> bool:
        """Whether a lane of an earlier sitting is still to be replayed: what it paid for counts, though nothing new may begin."""
        return item.id not in self.inquiries and self.run.tools.journal.recall("lane", item.id) is not None

    def goes_on(self, inquiry: Inquiry | None) -> bool:
        if inquiry is None or inquiry.state == "skipped":
            return True
        limit, was = inquiry.ended_at
        raised = limit and self.run.meter.limits().get(limit, was) > was
        return raised or self.run.meter.steering.dug.count(inquiry.item.id) > inquiry.dug

    def start(self) -> None:
        """Begin as many lanes as may run at once."""
        room = int(self.run.meter.limits()["lanes"]) - len(self.active)
        for item in self.startable()[:max(0, room)]:
            if item.id not in self.inquiries:
                self.inquiries[item.id] = Inquiry(self.run, item, item.id)
                self.run.tools.journal.step("lane", item.id, lambda: True)
            self.begin(self.inquiries[item.id])

    def begin(self, inquiry: Inquiry) -> None:
        """In a thread of its own. A lane that has ended before and is dug deeper gets more rounds than its limit."""
        if inquiry.state and self.run.meter.steering.dug.count(inquiry.item.id) > inquiry.dug:
            inquiry.dug += 1
            inquiry.more = max(0, inquiry.rounds - int(self.run.meter.limits()["rounds"])) + MORE_ROUNDS
        inquiry.state, inquiry.ended_at = "", ("", 0)
        self.active[inquiry.item.id] = lane = self.pool.submit(self.pump, inquiry)
        self.run.meter.at_least("lanes", len(self.active))
        lane.add_done_callback(lambda done: self.told.put((inquiry.item.id, done.exception())))

    def pump(self, inquiry: Inquiry) -> None:
        """In a thread of its own: hand on the lane's events. What it raises is told last, and raised in the engine's thread."""
        threading.current_thread().name = f"lane-{inquiry.item.id}"
        for event in inquire(inquiry, self.searches.get(inquiry.item.text, []), inquiry.more):
            self.told.put(event)

    def drain(self, patience: float) -> Iterator[Event]:
        """What the lanes have told by now, after waiting `patience` seconds for the first."""
        try:
            told = self.told.get(timeout=patience) if patience else self.told.get_nowait()
            while True:
                if isinstance(told, tuple):
                    self.end(*told)
                else:
                    yield told
                told = self.told.get_nowait()
        except queue.Empty:
            return

    def end(self, ident: str, fault: BaseException | None) -> None:
        self.active.pop(ident, None)
        if isinstance(fault, Paused):
            self.paused = True
        elif fault:
            raise fault

    def is_over(self) -> bool:
        """Whether nothing new may begin: paused, finished, stopped, or the time for looking is up."""
        wanted = self.run.meter.steering
        return self.paused or wanted.paused or wanted.finish or wanted.stop or self.run.meter.seconds_left(0.7) <= 0

    def wind_up(self) -> Iterator[Event]:
        """Wait for what is under way, or is replayed, as long as there is time to."""
        began = time.monotonic()
        while self.active and time.monotonic() - began < self.patience():
            yield from self.drain(TICK)
        wanted = self.run.meter.steering
        self.paused = (self.paused or wanted.paused) and not wanted.stop
        if self.paused:
            return
        if self.active or self.left_open():
            self.run.reached("user" if wanted.stop else "finish" if wanted.finish else "seconds")
        for ident in list(self.active):
            inquiry = self.inquiries[ident]
            inquiry.state = "open"
            yield Lane(inquiry.lane, "open", "It was ended in the middle; what was found is kept.", inquiry.missing)

    def patience(self) -> float:
        """Long where it is paused, for a step that ends is not paid for twice, where it is replayed, and where the model is to write
        of what is being read; but the human's stop is heeded at once."""
        if self.run.meter.steering.stop:
            return REPLAYED if self.replays else GRACE
        wanted = self.run.meter.steering
        return SETTLED if self.paused or self.replays or wanted.paused or wanted.finish else GRACE

    # ---------------------------------------------------------------- without a model: lanes by heading and term

    def more_topics(self) -> bool:
        """Whether the plan has grown by what the first look found: sub-topics, once."""
        known = self.run.tools.journal.recall("topics", {}) is not None
        if self.topics or self.active or self.run.meter.has_model or (self.is_over() and not known):
            return False
        first = next((self.inquiries[item.id] for item in self.run.plan.items if item.id in self.inquiries), None)
        if first is None:
            return False
        self.topics = True
        found = self.run.tools.journal.step("topics", {}, lambda: topics_of(first, self.run.budget.report))
        self.searches |= {text: [wording] for text, wording in found}
        items = self.run.grow([text for text, _ in found])
        self.found = {item.id for item in items}
        if items:
            self.told.put(Planned(self.run.plan, ""))
        return bool(items)

    # ---------------------------------------------------------------- what came of it

    def notes(self) -> list[Note]:
        """All notes, in the plan's order, without those of pages that the human has dropped."""
        order = {item.id: place for place, item in enumerate(self.run.plan.items)}
        inquiries = sorted(self.inquiries.values(), key=lambda one: order.get(one.item.id, len(order)))
        return [note for one in inquiries for note in list(one.notes) if self.run.kept([note.ranked.page])]

    def groups(self) -> list[Group]:
        """Passages by sub-question, best first; what a lane's second look found is a group of its own, after those of all parts."""
        first, further = [], []
        for one in list(self.inquiries.values()):
            pages = self.run.kept(list(one.pages.values()))
            core = [page for page in pages if page.sha256 in one.core] or pages
            first.append((one.item, rank(core, self.measure(one))))
            further.append((one.item, rank([page for page in pages if page not in core], self.measure(one))))
        found = [(item, ranked) for item, ranked in (*first, *further) if ranked]
        return found or [(self.run.plan.items[0], rank(self.run.kept(self.run.pages()), self.run.likeness))]

    def groups_from(self, rows: Sequence[Any]) -> list[Group]:
        """The groups that these rows, of a sub-question's id and text and a passage, were made of, in their order."""
        pages = {page.sha256: page for one in self.inquiries.values() for page in one.pages.values()}
        groups: dict[str, Group] = {}
        for ident, text, row in rows:
            if page := pages.get(row[0]) or self.run.tools.shelf.page(row[0]):
                groups.setdefault(ident, (SubQuestion(ident, text), []))[1].append(from_row(row, page))
        return list(groups.values())

    def measure(self, inquiry: Inquiry) -> Likeness:
        """What passages are weighed by: a part of the question by itself, a sub-topic that was found by the question."""
        return self.run.likeness if inquiry.item.id in self.found else inquiry.likeness

    def disputes(self) -> list[tuple[str, tuple[str, ...]]]:
        return [dispute for one in list(self.inquiries.values()) for dispute in one.disputes]

    def missing(self) -> dict[str, tuple[str, ...]]:
        return {one.item.id: one.missing for one in list(self.inquiries.values()) if one.missing}

    def looked(self) -> dict[str, tuple[str, ...]]:
        """What was searched for and which sites were read; in a run that keeps to what it was given nothing was searched for."""
        web = self.run.context.web
        return {one.item.id: (*(one.searched if web else ()), *one.hosts()) for one in list(self.inquiries.values())}

    def left_open(self) -> list[str]:
        """Sub-questions that were not worked off."""
        done = {one.item.id for one in self.inquiries.values() if one.state in ("done", "skipped")}
        return [item.text for item in self.run.plan.items if item.id not in done]


WORDS = {
    "words": "From now on: “{text}”.", "pin": "{url} is read.", "drop": "{url} is left out.",
    "block": "Nothing of {domain} is opened or cited.",
    "skip": "The lane {lane} goes no further.", "dig": "The lane {lane} goes deeper.", "pause": "The run pauses.",
    "resume": "The run goes on.", "finish": "The search ends; the answer is written.", "stop": "The run ends with what is there.",
    "approve": "The plan is approved.", "plan": "The plan is changed.", "raise": "The limits are changed."}


def words_of(kind: str, data: Mapping[str, Any], has_model: bool) -> str:
    """What a wish changes, in a sentence."""
    if kind == "words" and not has_model:
        return f"“{data['text']}” is kept, but no model works on this run to understand it. Pin, drop or block sources instead."
    return WORDS[kind].format(**data)
