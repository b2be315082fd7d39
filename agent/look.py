"""Search and read, for one inquiry: wordings in, kept pages out. Every step is told as an event of the inquiry's lane."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from urllib.parse import urlsplit

from agent.errors import FetchError, OverLimit, SearchError, StorageError
from agent.events import Dropped, Event, Found, Kept, Reading, Searched, Searching, Trouble
from agent.meter import Paused
from agent.note import Note
from agent.rank import Likeness, Ranked, choose_hits, in_short, passages_of, rank
from agent.records import Hit, Page, Passage, SubQuestion
from agent.run import Run
from agent.search.library import NAME
from agent.search.merge import page_key
from agent.wordings import widened
from agent.write import Ledger

DEEPEST = 20  # results asked of the first wording, the question itself; ten of each other (docs/LOG.md)
A_FEW = 10
FURTHER_DOWN = 50  # results of a wording that are looked at a second time
BEST_FEW = 5  # results whose words make one more search
LATER = 5  # pages kept for the results of that search
AT_ONCE = 4  # pages opened before the results have been compared by meaning
SHARE_ENOUGH = 0.6  # of the pages: once so many came, the rest get GRACE more seconds
GRACE = 1.0
GLANCE = 0.5  # seconds between two looks at what the human wants
SHOWING = 5.0  # seconds instead, while the browser shows one of the most promising: its start alone takes one

Reasons = Callable[[Hit], str]


class Skipped(Exception):
    """The human has skipped or dropped this sub-question."""


@dataclass
class Inquiry:
    """The work on one sub-question. `lane` names it in events ("" where the run has no plan).

    `offered` are the results of its searches so far, a ranking a wording; `pages` what it read, best first; `fresh` those of
    the last look, `core` those of the first one, where a second went further down the results.
    `came` are those of `opened` that came or failed. `shown` are the passages that a model has looked at (`looked`: by
    round), `notes` what it kept of them; `missing` is what its "done when" still lacks. `state` is "" while it goes on, then done, open or
    skipped; `ended_at` the limit that ended it, and what that was; `dug` how often it was dug deeper,
    and `more` the rounds that gives it beyond its limit.
    """

    run: Run
    item: SubQuestion
    lane: str = ""
    searched: list[str] = field(default_factory=list)
    offered: list[list[Hit]] = field(default_factory=list)
    opened: dict[Future[Page], Hit] = field(default_factory=dict)
    came: set[Future[Page]] = field(default_factory=set)
    pages: dict[str, Page] = field(default_factory=dict)
    core: list[str] = field(default_factory=list)
    fresh: list[Page] = field(default_factory=list)
    shown: list[Passage] = field(default_factory=list)
    looked: dict[int | str, list[Note]] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    disputes: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    missing: tuple[str, ...] = ()
    rounds: int = 0
    state: str = ""
    ended_at: tuple[str, float] = ("", 0)
    dug: int = 0
    more: int = 0
    likeness: Likeness = field(init=False)

    def __post_init__(self) -> None:
        same = self.item.text == self.run.question
        seen = self.run.likeness.seen
        self.pages |= self.run.given
        self.likeness = self.run.likeness if same else Likeness(self.item.text, self.run.tools.embedder, seen)

    def unseen(self, hits: Sequence[Hit]) -> list[Hit]:
        """Those that this inquiry has not opened, each page once."""
        mine = {page_key(hit.url) for hit in self.opened.values()}
        found = {page_key(hit.url): hit for hit in reversed(hits) if page_key(hit.url) not in mine and not self.run.blocked(hit.url)}
        return list({key: found[key] for hit in hits if (key := page_key(hit.url)) in found}.values())

    def reached(self, limit: str) -> None:
        """A limit kept a lane from something that it wanted. One look alone is told how far it may go."""
        if self.lane:
            self.run.reached(limit)

    def offer(self, wording: str, hits: list[Hit]) -> None:
        """What a wording found; in the place of what it found before."""
        if wording in self.searched:
            self.offered[self.searched.index(wording)] = hits
        else:
            self.searched.append(wording)
            self.offered.append(hits)

    def hosts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(urlsplit(page.final_url).hostname or "" for page in self.pages.values()))


# ---------------------------------------------------------------- search

def search(inquiry: Inquiry, asked: Sequence[str], counts: Sequence[int], again: bool = False) -> Iterator[Event]:
    """Search for these wordings at once; the results are added to what is offered. Raises OverLimit only if none could be asked.

    A wording is searched for once; `again`, deeper: its results then take the place of those it had.
    """
    run = inquiry.run
    asked = [wording for wording in dict.fromkeys(asked) if again or wording not in inquiry.searched]
    if not run.context.web:
        for wording in asked:
            inquiry.offer(wording, [])
        return
    if not asked:
        return
    yield Searching(tuple(asked), run.tools.searcher.names, inquiry.lane)
    reached: list[Exception] = []
    with ThreadPoolExecutor(len(asked), thread_name_prefix="search") as pool:
        for wording, results in zip(asked, pool.map(lambda w, n: search_one(run, w, n), asked, counts), strict=False):
            if isinstance(results, Exception):
                reached.append(results)
                continue
            hits, troubles, answered = results
            run.answered |= answered
            yield Searched(wording, len(hits), tuple(hit.title for hit in hits[:3]), inquiry.lane)
            for trouble in filter(lambda one: run.trouble(*one), dict.fromkeys(troubles)):
                yield Trouble("search", *trouble, inquiry.lane)
            inquiry.offer(wording, hits)
    if len(reached) == len(asked):
        raise reached[0]
    if reached and isinstance(reached[0], OverLimit):
        inquiry.reached(reached[0].limit)


def search_one(run: Run, wording: str, count: int) -> tuple[list[Hit], list[tuple[str, str]], bool] | Exception:
    """Results, troubles, and whether any provider answered. Only an answer is remembered. A limit or a pause is given back."""
    troubles: list[tuple[str, str]] = []

    def work() -> list[dict]:
        results = run.tools.searcher.search(wording, count)
        troubles.extend(results.troubles)
        if not results.hits and not results.answered:
            raise SearchError
        return [asdict(hit) for hit in results.hits]

    inputs = {"wording": wording, "count": count, "providers": list(run.tools.searcher.names)}
    try:
        rows = run.meter.step("search", inputs, "searches", work)
    except SearchError:
        return [], troubles, False
    except (OverLimit, Paused) as reached:
        return reached
    return [Hit(**{**row, "providers": tuple(row["providers"])}) for row in rows], troubles, True


def look_around(inquiry: Inquiry, wordings: Sequence[str], most: int, deepest: int = DEEPEST) -> Iterator[Event]:
    """Search, open the most promising, search once more in the words of what was found, open those too, and wait for them."""
    yield from search(inquiry, wordings, [deepest, *[A_FEW] * len(wordings)])
    upto = len(inquiry.opened) + most
    yield from open_hits(inquiry, choose_hits(inquiry.offered, None)[:min(AT_ONCE, most)], upto)
    best = choose_hits(inquiry.offered, inquiry.likeness)
    yield from open_hits(inquiry, best, upto - LATER)
    if best:
        wording = widened(inquiry.item.text, [in_short(hit) for hit in best[:BEST_FEW]], [in_short(hit) for hit in best])
        yield from search_more(inquiry, [wording], [A_FEW])
        yield from open_hits(inquiry, choose_hits(inquiry.offered, inquiry.likeness), upto)
    yield from gather(inquiry)


def look_further(inquiry: Inquiry, wordings: Sequence[str], most: int) -> Iterator[Event]:
    """The same wordings, further down their results: what the first look passed over."""
    yield from search_more(inquiry, wordings, [FURTHER_DOWN] * len(wordings), again=True)
    yield from open_hits(inquiry, choose_hits(inquiry.offered, inquiry.likeness), len(inquiry.opened) + most)
    yield from gather(inquiry)


def search_more(inquiry: Inquiry, wordings: Sequence[str], counts: Sequence[int], again: bool = False) -> Iterator[Event]:
    """As `search`, where it is no loss if the limit of searches has been reached."""
    try:
        yield from search(inquiry, wordings, counts, again)
    except OverLimit as reached:
        if reached.limit != "searches":
            raise
        inquiry.reached("searches")


# ---------------------------------------------------------------- read

def open_hits(inquiry: Inquiry, hits: Sequence[Hit], upto: int, reason: Reasons = lambda _: "") -> Iterator[Event]:
    """Begin to read these, until the inquiry has opened `upto` pages in all."""
    for hit in inquiry.unseen(hits)[:max(0, upto - len(inquiry.opened))]:
        known = inquiry.run.has_opened(hit.url)
        if not known and inquiry.run.meter.left("pages") < 1 and not inquiry.run.has_read(hit.url):
            inquiry.reached("pages")
            continue
        inquiry.opened[inquiry.run.open(hit.url, lane=inquiry.lane)] = hit
        if not known:
            yield Reading(hit.url, hit.title, in_words(hit, reason(hit)), inquiry.lane, hit.providers)


def in_words(hit: Hit, reason: str) -> str:
    """Why it is opened; of what the library has, that too."""
    return "; ".join(filter(None, [reason, "in your library" if NAME in hit.providers else ""]))


def gather(inquiry: Inquiry) -> Iterator[Event]:
    """Pages as they come, into `fresh` in the order they were opened. The slowest are not waited for once most are there."""
    before, started = len(inquiry.pages), time.monotonic()
    inquiry.fresh = []
    try:
        late = yield from waited_for(inquiry, set(inquiry.opened) - inquiry.came, started)
        for future in late:
            yield from too_late(inquiry, inquiry.opened[future], future)
    finally:
        order = {hit.url: place for place, hit in enumerate(inquiry.opened.values())}
        inquiry.fresh = sorted(list(inquiry.pages.values())[before:], key=lambda page: order.get(page.url, len(order)))


def waited_for(inquiry: Inquiry, waiting: set[Future[Page]], started: float) -> Iterator[Event]:
    """Takes them as they come. Returns those that are too late; raises what ends the inquiry while nothing comes."""
    run, enough_at, many, before = inquiry.run, None, len(waiting), len(inquiry.pages)
    promising = list(inquiry.opened.values())[:AT_ONCE]
    while waiting:
        awaited = any(inquiry.opened[future] in promising for future in waiting)
        grace = SHOWING if awaited and run.tools.reader.showing else GRACE
        patience = run.meter.seconds_left() if enough_at is None else enough_at + grace - time.monotonic()
        done, waiting = wait(waiting, timeout=max(0, min(patience, GLANCE)), return_when=FIRST_COMPLETED)
        if not done:
            heed(inquiry, [inquiry.opened[future] for future in waiting])
            if patience <= GLANCE:
                return waiting
        inquiry.came |= done
        for future in sorted(done, key=list(inquiry.opened).index):
            yield from took(inquiry, inquiry.opened[future], future, time.monotonic() - started)
        if enough_at is None and len(inquiry.pages) - before >= SHARE_ENOUGH * many:
            enough_at = time.monotonic()
    return waiting


def heed(inquiry: Inquiry, waiting: Sequence[Hit]) -> None:
    """The human's word while pages are awaited. Those that an earlier sitting has read come at once, whatever is said now.

    Once the sitting is over none comes any more, read before or not.
    """
    run = inquiry.run
    if not run.meter.closed.is_set() and all(run.has_read(hit.url) for hit in waiting):
        return
    run.meter.gate()
    if inquiry.lane and run.is_skipped(inquiry.lane):
        raise Skipped


def took(inquiry: Inquiry, hit: Hit, future: Future[Page], seconds: float) -> Iterator[Event]:
    """One page that came or failed. The run's first one's best passage is shown at once."""
    try:
        page = future.result()
    except OverLimit as reached:
        inquiry.opened.pop(future)  # it may be opened once its limit is raised
        yield Dropped(hit.url, str(reached), inquiry.lane)
        return
    except Paused:
        return
    except (FetchError, StorageError) as error:
        yield Dropped(hit.url, str(error), inquiry.lane)
        return
    yield from keep(inquiry, hit, page, seconds)


def too_late(inquiry: Inquiry, hit: Hit, future: Future[Page]) -> Iterator[Event]:
    """A page that is not waited for any longer: what the library has of it stands in."""
    page = inquiry.run.late(hit.url)
    if page is None:
        yield Dropped(hit.url, "It did not come in time.", inquiry.lane)
        return
    inquiry.came.add(future)
    yield from keep(inquiry, hit, page, 0.0)


def keep(inquiry: Inquiry, hit: Hit, page: Page, seconds: float) -> Iterator[Event]:
    """Take a page in, unless one is there that says the same."""
    if page.sha256 in inquiry.pages:
        yield Dropped(hit.url, f"It says the same as {inquiry.pages[page.sha256].final_url}.", inquiry.lane)
        return
    if twin := inquiry.run.same_as(page):
        yield Dropped(hit.url, f"It says nearly the same as {twin.final_url}, so the two count as one source.", inquiry.lane)
        inquiry.pages.setdefault(twin.sha256, twin)
        return
    inquiry.pages[page.sha256] = page
    yield Kept(page.final_url, page.title, page.site, page.rung, page.sha256, len(page.text.split()), round(seconds, 2),
               page.date, inquiry.lane, hit.url if hit.url != page.final_url else "")
    if said := inquiry.run.instead(page):
        yield Trouble("read", page.final_url, said, inquiry.lane)
    if len(inquiry.pages) == 1 and not inquiry.lane:
        yield found(rank([page], inquiry.likeness, by_meaning=False)[:1], 1)
    passages_of(page)


def found(ranked: Sequence[Ranked], looked_at: int) -> Found:
    ledger = Ledger.of(ranked)
    return Found(tuple(filter(None, map(ledger.cite, ledger.passages))), looked_at)
