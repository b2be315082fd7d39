"""Keyless search through the `ddgs` library, which reads the result pages of public search engines.

Its own front (DDGS.text) picks other engines when it does not know a name and calls a blocked engine "no results", so
each of its engines is asked here by name, and the status and text of what the engine was sent are looked at.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from agent.cooldown import Cooldowns
from agent.errors import RateLimited, SearchError
from agent.records import Hit
from agent.search.merge import merge
from agent.search.wire import MOST_BYTES, hits

BACKENDS = ("duckduckgo", "brave", "mojeek", "startpage", "yahoo")
AT_ONCE = 2
SECONDS = 3.0  # a request; one engine needs two
BLOCKED = (202, 401, 403, 418, 429, 503)
CHALLENGE = re.compile(r"[-_/]captcha|captcha[-_/]|anomaly[-.](?:modal|js)|unusual traffic", re.IGNORECASE)


class Ddgs:
    """Asks two engines at once, and the next two only if those found nothing. A blocked engine cools down by itself."""

    name = "ddgs"

    def __init__(
        self,
        proxy: str | None = None,
        ca_bundle: Path | None = None,
        backends: Sequence[str] = BACKENDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._proxy, self._verify = proxy, str(ca_bundle) if ca_bundle else True
        self._backends = tuple(backends)
        self._cooldowns = Cooldowns(clock)

    def search(self, wording: str, count: int) -> list[Hit]:
        faults: list[str] = []
        answered = False
        for pair in self._pairs():
            rankings = self._ask(pair, wording, faults)
            answered = answered or bool(rankings)
            if any(rankings):
                return merge(rankings)[:count]
        if not answered:
            raise self._nobody(faults)
        return []

    def _pairs(self) -> Iterator[list[str]]:
        ready = [name for name in self._backends if not self._cooldowns.left(name)]
        # a third round would outlast the searcher's patience
        return (ready[at : at + AT_ONCE] for at in range(0, min(len(ready), 2 * AT_ONCE), AT_ONCE))

    def _ask(self, backends: list[str], wording: str, faults: list[str]) -> list[list[Hit]]:
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="ddgs") as pool:
            answers = {name: pool.submit(self._one, name, wording) for name in backends}
        rankings = []
        for name, answer in answers.items():
            try:
                rankings.append(answer.result())
                self._cooldowns.end(name)
            except SearchError as error:
                self._cooldowns.begin(name, str(error))
                faults.append(f"{name} {error}")
        return rankings

    def _one(self, backend: str, wording: str) -> list[Hit]:
        engine = make_engine(backend, self._proxy, self._verify)
        engine.http_client = watched = Watched(engine.http_client)
        found = run_engine(engine, wording)
        if not found:
            watched.explain()
        return hits(f"ddgs:{backend}", [vars(row) for row in found], 20, ("href", "title", "body"))

    def _nobody(self, faults: list[str]) -> SearchError:
        said = faults or [f"{name} {rest.reason}" for name in self._backends if (rest := self._cooldowns.of(name))]
        if all("turned us away" in word for word in said):
            return RateLimited(f"The public search engines turned us away ({'; '.join(said)}).")
        return SearchError(f"No public search engine could be asked ({'; '.join(said)}).")


class Watched:
    """An engine's HTTP client that remembers what came back, as the engine itself does not say."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.client = inner.client
        self._status, self._text = 200, ""

    def request(self, *args: Any, **kwargs: Any) -> Any:
        reply = self._inner.request(*args, **kwargs)
        self._status, self._text = reply.status_code, reply.text[:MOST_BYTES]
        if len(reply.text) > MOST_BYTES:
            raise SearchError("sent more than a page of results")
        return reply

    def explain(self) -> None:
        """Raise if nothing was found because the engine turned us away."""
        if self._status in BLOCKED or CHALLENGE.search(self._text[:200_000]):
            raise RateLimited(f"turned us away (status {self._status})")
        if self._status != 200:
            raise SearchError(f"answered with status {self._status}")


def make_engine(backend: str, proxy: str | None, verify: str | bool) -> Any:
    from ddgs.engines import ENGINES

    if backend not in ENGINES["text"]:
        raise SearchError("is not in the ddgs library any more")
    return ENGINES["text"][backend](proxy=proxy, timeout=SECONDS, verify=verify)


def run_engine(engine: Any, wording: str) -> list[Any]:
    from ddgs.exceptions import DDGSException, TimeoutException
    from lxml.etree import LxmlError

    try:
        return engine.search(wording) or []
    except TimeoutException:
        raise SearchError(f"did not answer within {SECONDS:g} s") from None
    except DDGSException:
        raise SearchError("could not be reached") from None
    except (LxmlError, ValueError, LookupError, TypeError, AttributeError):  # its pages change without notice
        raise SearchError("sent a page that could not be read") from None
