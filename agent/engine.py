"""The loop, readable top to bottom: search, read, rank, write. A question in, events out.

Knows its limits (a Budget) and its tools (ports); not who listens, where things are kept, or what a depth is called.
A page or a model that fails is an event and the run goes on; a fault of our own raises.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from agent.answer import Verdict, judge, pick
from agent.budget import Budget
from agent.errors import FetchError, ModelError, SearchError, StorageError
from agent.events import (
    Answered,
    Dropped,
    Event,
    Failed,
    Found,
    Kept,
    Reading,
    Searched,
    Searching,
    Started,
    Trouble,
    Writing,
)
from agent.events import Draft as Drafted
from agent.models import Spent, Switched, Wrote
from agent.rank import Likeness, Ranked, choose_hits, in_short, passages_of, rank
from agent.records import Answer, Hit, Page
from agent.search.merge import page_key
from agent.search.provider import why_nothing
from agent.steer import Control
from agent.tools import Tools
from agent.wordings import widened, wordings
from agent.write import Draft, Ledger, brief, messages

DEEPEST = 20  # results asked of the first wording, the question itself; ten of each other (docs/LOG.md)
A_FEW = 10
WIDER = 1  # searches kept for what the first ones teach: recall at 14 pages .82 without, .85 with
BEST_FEW = 5  # results whose words make that search
LATER = 5  # pages kept for the results of that search
AT_ONCE = 4  # pages opened before the results have been compared by meaning
SHARE_ENOUGH = 0.6  # of the pages: once so many came, the rest get GRACE more seconds
GRACE = 1.0
SHOWING = 5.0  # seconds instead, while the browser shows one of the most promising: its start alone takes one
SHOWN_TO_MODEL = 24  # passages: some 5,000 tokens


@dataclass
class Run:
    """One run's tally: what was spent, and when it began."""

    question: str
    budget: Budget
    tools: Tools
    started: float = field(default_factory=time.monotonic)
    used: dict[str, float] = field(default_factory=lambda: dict.fromkeys(
        ("searches", "pages", "rounds", "model_calls", "tokens", "quotes"), 0))
    troubles: list[tuple[str, str]] = field(default_factory=list)
    likeness: Likeness = field(init=False)
    stopped_by: str = "done"

    def __post_init__(self) -> None:
        self.likeness = Likeness(self.question, self.tools.embedder)

    def seconds(self) -> float:
        return time.monotonic() - self.started

    def seconds_left(self) -> float:
        return self.budget.seconds - self.seconds()


def research(question: str, budget: Budget, tools: Tools, control: Control | None = None) -> Iterator[Event]:
    """The events of one run; the last is Answered or Failed. Closing the generator stops the run."""
    run = Run(question, budget, tools)
    yield Started(question, budget.depth, budget.limits(), tools.models.names[0] if tools.models else "")
    rankings = yield from search(run)
    if rankings is None:
        yield Failed(*why_nothing(run.troubles))
        return
    pages = yield from read(run, rankings)
    ranked = rank(pages, run.likeness)
    best = pick(ranked, budget.quotes)
    yield found(best, len(ranked))
    verdict = judge(question, best, tools.embedder.unusual)
    yield from write(run, ranked, best, verdict)


# ---------------------------------------------------------------- search

def search(run: Run) -> Iterator[Event]:
    """The results of each wording, best first; None if nothing could be searched at all."""
    asked = wordings(run.question, run.budget.searches - WIDER)
    counts = [DEEPEST, *[A_FEW] * (len(asked) - 1)]
    rankings, answered = yield from search_all(run, asked, counts)
    run.used["rounds"] += 1
    return rankings if answered else None


def search_wider(run: Run, rankings: list[list[Hit]], best: Sequence[Hit]) -> Iterator[Event]:
    """The results so far and those of one more search, in the words of the best of them."""
    if not best or run.used["searches"] >= run.budget.searches:
        return rankings
    wording = widened(run.question, [in_short(hit) for hit in best[:BEST_FEW]], [in_short(hit) for hit in best])
    more, _ = yield from search_all(run, [wording], [A_FEW])
    return [*rankings, *more]


def search_all(run: Run, asked: Sequence[str], counts: Sequence[int]) -> Iterator[Event]:
    """The results of each of these wordings, searched for at once, and whether any provider answered."""
    yield Searching(tuple(asked), run.tools.searcher.names)
    rankings, answered = [], False
    with ThreadPoolExecutor(len(asked), thread_name_prefix="search") as pool:
        for wording, results in zip(asked, pool.map(lambda w, n: search_one(run, w, n), asked, counts), strict=True):
            hits, troubles, worked = results
            answered |= worked
            run.used["searches"] += 1
            yield Searched(wording, len(hits), tuple(hit.title for hit in hits[:3]))
            for trouble in dict.fromkeys(troubles):
                if trouble not in run.troubles:
                    run.troubles.append(trouble)
                    yield Trouble("search", *trouble)
            rankings.append(hits)
    return rankings, answered


def search_one(run: Run, wording: str, count: int) -> tuple[list[Hit], list[tuple[str, str]], bool]:
    """Results, troubles, and whether any provider answered. Only an answer is remembered."""
    troubles: list[tuple[str, str]] = []

    def work() -> list[dict]:
        results = run.tools.searcher.search(wording, count)
        troubles.extend(results.troubles)
        if not results.hits and not results.answered:
            raise SearchError
        return [asdict(hit) for hit in results.hits]

    inputs = {"wording": wording, "count": count, "providers": list(run.tools.searcher.names)}
    try:
        rows = run.tools.journal.step("search", inputs, work)
    except SearchError:
        return [], troubles, False
    return [Hit(**{**row, "providers": tuple(row["providers"])}) for row in rows], troubles, True


# ---------------------------------------------------------------- read

def read(run: Run, rankings: Sequence[Sequence[Hit]]) -> Iterator[Event]:
    """The pages that could be read, the most promising result first opened; near-identical texts count once."""
    pool = ThreadPoolExecutor(run.budget.lanes, thread_name_prefix="read")
    opened: dict[Future[Page], Hit] = {}
    try:
        yield from open_pages(run, pool, opened, choose_hits(rankings, None)[:AT_ONCE])
        best = choose_hits(rankings, run.likeness)
        yield from open_pages(run, pool, opened, best[:run.budget.pages - LATER])
        rankings = yield from search_wider(run, rankings, best)
        yield from open_pages(run, pool, opened, choose_hits(rankings, run.likeness))
        pages = yield from gather(run, opened)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return pages


def open_pages(run: Run, pool: ThreadPoolExecutor, opened: dict[Future[Page], Hit], hits: Sequence[Hit]) -> Iterator[Event]:
    seen = {page_key(hit.url) for hit in opened.values()}
    for hit in hits:
        if len(opened) >= run.budget.pages:
            return
        if page_key(hit.url) in seen or blocked(run, hit.url):
            continue
        seen.add(page_key(hit.url))
        opened[pool.submit(read_one, run, hit.url)] = hit
        yield Reading(hit.url, hit.title)


def blocked(run: Run, url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return any(host == domain or host.endswith("." + domain) for domain in run.tools.blocked)


def read_one(run: Run, url: str) -> Page:
    """The page of this address, from the shelf if this run has read it before."""
    def work() -> str:
        page = run.tools.reader.read(url, "agent", min(run.seconds_left(), 30))
        run.tools.shelf.keep(page)
        return page.sha256

    page = run.tools.shelf.page(run.tools.journal.step("read", {"url": url}, work))
    if page is None:
        raise FetchError("It was read before, but its text is no longer kept.")
    return page


def gather(run: Run, opened: dict[Future[Page], Hit]) -> Iterator[Event]:
    """Pages as they come. The slowest are not waited for once most are there."""
    waiting, pages = set(opened), {}
    started, enough_at = time.monotonic(), None
    promising = list(opened.values())[:AT_ONCE]
    while waiting:
        awaited = any(opened[future] in promising for future in waiting)
        grace = SHOWING if awaited and run.tools.reader.showing else GRACE
        patience = run.seconds_left() if enough_at is None else enough_at + grace - time.monotonic()
        done, waiting = wait(waiting, timeout=max(0, patience), return_when=FIRST_COMPLETED)
        if not done:
            break
        for future in sorted(done, key=list(opened).index):
            yield from took(run, opened[future], future, pages, time.monotonic() - started)
        if enough_at is None and len(pages) >= SHARE_ENOUGH * len(opened):
            enough_at = time.monotonic()
    for future in waiting:
        yield Dropped(opened[future].url, "It did not come in time.")
    order = {hit.url: place for place, hit in enumerate(opened.values())}
    return sorted(pages.values(), key=lambda page: order.get(page.url, len(order)))


def took(run: Run, hit: Hit, future: Future[Page], pages: dict[str, Page], seconds: float) -> Iterator[Event]:
    """One page that came or failed. The first one's best passage is shown at once."""
    try:
        page = future.result()
    except (FetchError, StorageError) as error:
        yield Dropped(hit.url, str(error))
        return
    if page.sha256 in pages:
        yield Dropped(hit.url, f"It says the same as {pages[page.sha256].final_url}.")
        return
    pages[page.sha256] = page
    run.used["pages"] += 1
    yield Kept(page.final_url, page.title, page.site, page.rung, page.sha256, len(page.text.split()), round(seconds, 2), page.date)
    if len(pages) == 1:
        yield found(rank([page], run.likeness, by_meaning=False)[:1], 1)
    passages_of(page)


def found(ranked: Sequence[Ranked], looked_at: int) -> Found:
    ledger = Ledger.of(ranked)
    return Found(tuple(filter(None, map(ledger.cite, ledger.passages))), looked_at)


# ---------------------------------------------------------------- write

def write(run: Run, ranked: Sequence[Ranked], best: Sequence[Ranked], verdict: Verdict) -> Iterator[Event]:
    """By the model if there is one; by the passages themselves if there is none, or none that works."""
    if run.tools.models and ranked:
        answer = yield from write_by_model(run, ranked)
        if answer:
            yield Answered(answer)
            return
    yield Writing("")
    ledger = Ledger.of(best)
    markdown, claims = brief(best, ledger)
    cited = tuple(citation for claim in claims for citation in claim.citations)
    yield Drafted(markdown, cited)
    if not claims:
        run.stopped_by = "nothing found"
    yield Answered(finished(run, Answer(run.question, run.budget.depth, "extractive", markdown, claims, ledger.sources(),
                                        verdict.sentences)))


def write_by_model(run: Run, ranked: Sequence[Ranked]) -> Iterator[Event]:
    """One writing call, streamed; None if every endpoint failed. A call that was paid for before is replayed."""
    shown = pick(ranked, SHOWN_TO_MODEL)
    asked = messages(run.question, shown, datetime.now(UTC).date())
    inputs = {"models": list(run.tools.models.names), "messages": asked}
    said = run.tools.journal.recall("write", inputs)
    if said is None:
        try:
            said = yield from ask_model(run, shown, asked)
        except ModelError as error:
            yield Trouble("write", ", ".join(run.tools.models.names), f"{error} The quotes below stand without a model.")
            return None
        run.tools.journal.remember("write", inputs, said)
    else:
        yield Writing(said["model"])
    draft = Draft(Ledger.of(shown), run.budget.quotes)
    markdown, cited = draft.feed(said["text"], last=True)
    run.used["model_calls"] += 1
    run.used["tokens"] += said["tokens"]
    if said["finish"] == "length":
        run.stopped_by = "tokens"
        yield Trouble("write", said["model"], "The model reached its limit of tokens: the answer ends early.")
    claims, not_found = draft.claims(), draft.not_found()
    if not any(claim.citations for claim in claims):
        not_found = not_found or ("The model's answer names no passage, so nothing in it can be checked.",)
    answer = Answer(run.question, run.budget.depth, "model", markdown.strip(), claims, draft.ledger.sources(), not_found,
                    model=said["model"])
    return finished(run, answer)


def ask_model(run: Run, shown: Sequence[Ranked], asked: list[dict[str, str]]) -> Iterator[Event]:
    """Streams the answer as Drafts and returns what was said, whole. Raises ModelError if every endpoint failed."""
    draft, text, model = Draft(Ledger.of(shown), run.budget.quotes), "", run.tools.models.names[0]
    spent = Spent(model, 0, 0, "stop")
    yield Writing(model)
    for piece in run.tools.models.stream(asked, max_tokens=min(2_000, run.budget.tokens // 4)):
        if isinstance(piece, Switched):
            yield Trouble("write", piece.model, piece.reason)
            draft, text, model = Draft(Ledger.of(shown), run.budget.quotes), "", piece.to
            yield Writing(model)
        elif isinstance(piece, Wrote):
            text, model = text + piece.text, piece.model
            yield from drafted(*draft.feed(piece.text))
        else:
            spent = piece
    yield from drafted(*draft.feed("", last=True))
    tokens = spent.prompt_tokens + spent.completion_tokens
    return {"text": text, "model": model, "tokens": tokens, "finish": spent.finish}


def drafted(markdown: str, cited: tuple) -> Iterator[Event]:
    if markdown:
        yield Drafted(markdown, cited)


def finished(run: Run, answer: Answer) -> Answer:
    quotes = {(c.page_sha256, c.start) for claim in answer.claims for c in claim.citations}
    used = {**run.used, "quotes": len(quotes), "seconds": round(run.seconds(), 2)}
    record = {**vars(answer), "limits": run.budget.limits(), "used": used, "stopped_by": run.stopped_by,
              "seconds": used["seconds"]}
    return Answer(**record)
