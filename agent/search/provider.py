"""The port that searching goes through, and the one who asks all providers at once. Knows no provider by name."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Protocol

from agent.cooldown import Cooldowns, span
from agent.errors import SearchError
from agent.records import Hit
from agent.search.merge import first_of_each, merge, page_key

PATIENCE = 12.0
FROM_LIBRARY = 5  # results of one search that the library alone has


class Provider(Protocol):
    """Somebody who can be asked for pages. An empty list means: asked, and nothing was found."""

    name: str

    def search(self, wording: str, count: int) -> list[Hit]:
        """The best `count` pages in order. Raises SearchError, or RateLimited if it asks to slow down."""
        ...


@dataclass(frozen=True)
class Results:
    """What a search brought. `troubles` are (provider, message); `answered` names those who did, if with nothing."""

    hits: tuple[Hit, ...]
    troubles: tuple[tuple[str, str], ...]
    answered: tuple[str, ...] = ()


class Searcher:
    """Asks every provider that does not rest, at once, and merges what they found. May be used by many threads.

    `library` is asked along with those who know the web, and is none of them: that it was asked says nothing of the web.
    """

    def __init__(self, providers: Sequence[Provider], clock: Callable[[], float] = time.monotonic,
                 library: Provider | None = None) -> None:
        self._providers, self._library = tuple(providers), library
        self._cooldowns = Cooldowns(clock)
        self.names = tuple(provider.name for provider in (*self._providers, *filter(None, [library])))

    def along(self, library: Provider) -> Searcher:
        """The same searcher, its cool-downs too, that asks this library along."""
        with_library = Searcher(self._providers, library=library)
        with_library._cooldowns = self._cooldowns
        return with_library

    def search(self, wording: str, count: int = 10) -> Results:
        """The merged results. A provider's trouble is said once a cool-down, and again whenever the web was not searched."""
        everyone = [*self._providers, *filter(None, [self._library])]
        ready = [provider for provider in everyone if not self._cooldowns.left(provider.name)]
        found, troubles = self._collect(ready, ask(ready, wording, count))
        own = self._library.name if self._library else ""
        answered = [name for name in found if name != own or found[name]]
        if not set(answered) - {own}:
            troubles = [(provider.name, self._why(provider.name)) for provider in self._providers]
        web = merge([hits for name, hits in found.items() if name != own])[:count]
        return Results(tuple(followed(web, found.get(own, []))), tuple(troubles), tuple(answered))

    def _collect(
        self, providers: list[Provider], answers: list[Future[list[Hit]]]
    ) -> tuple[dict[str, list[Hit]], list[tuple[str, str]]]:
        found, troubles = {}, []
        for provider, answer in zip(providers, answers, strict=True):
            try:
                found[provider.name] = hits_of(answer)
                self._cooldowns.end(provider.name)
            except SearchError as error:
                if self._cooldowns.begin(provider.name, str(error), asked=error.retry_after):
                    troubles.append((provider.name, self._why(provider.name)))
        return found, troubles

    def _why(self, name: str) -> str:
        rest = self._cooldowns.of(name)
        if rest is None:
            return "It did not answer."
        return f"{rest.reason} It is left alone for {span(self._cooldowns.left(name))}."


def followed(web: Sequence[Hit], own: Sequence[Hit]) -> list[Hit]:
    """The web's results in their order, those marked that the library has too; then a few that it alone has.

    Merged as one more ranking, it moved what was read before ahead of what answers (docs/LOG.md).
    """
    mine = first_of_each(own)
    marked = [replace(hit, providers=(*hit.providers, *mine[key].providers)) if (key := page_key(hit.url)) in mine else hit for hit in web]
    known = {page_key(hit.url) for hit in web}
    more = [hit for key, hit in mine.items() if key not in known][:FROM_LIBRARY]
    return [*marked, *(replace(hit, rank=rank) for rank, hit in enumerate(more, len(marked) + 1))]


def ask(providers: list[Provider], wording: str, count: int) -> list[Future[list[Hit]]]:
    """Each provider's answer, or at least its promise of one after PATIENCE seconds."""
    if not providers:
        return []
    pool = ThreadPoolExecutor(len(providers), thread_name_prefix="search")
    answers = [pool.submit(provider.search, wording, count) for provider in providers]
    wait(answers, timeout=PATIENCE)
    pool.shutdown(wait=False, cancel_futures=True)
    return answers


def hits_of(answer: Future[list[Hit]]) -> list[Hit]:
    if not answer.done():
        raise SearchError(f"It did not answer within {PATIENCE:g} s.")
    return answer.result()


def why_nothing(troubles: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """For a run in which no provider answered: what happened, and what to do next."""
    if not troubles:
        return "There is no search provider to ask.", "Set LEASH_SEARXNG_URL, LEASH_BRAVE_KEY or LEASH_TAVILY_KEY."
    said = " ".join(f"{name}: {message}" for name, message in dict(troubles).items())
    return f"Nothing could be searched. {said}", advice_for({name for name, _ in troubles})


def advice_for(names: set[str]) -> str:
    if "searxng" in names:
        return "See that the SearXNG at LEASH_SEARXNG_URL runs and can reach the web, then ask again."
    return (
        "Check the network connection and ask again in a few minutes. Keyless search is often turned away: your own "
        "SearXNG (LEASH_SEARXNG_URL) or a key (LEASH_BRAVE_KEY, LEASH_TAVILY_KEY) is dependable."
    )
