"""SearXNG through its JSON API. Needs a SearXNG whose settings list json under search.formats."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from agent.errors import SearchError
from agent.records import Hit
from agent.search.wire import Reply, Wire, hits, looks_like_html, plain, read_json, rows
from agent.shape import pick

A_PAGE, MOST_PAGES = 10, 3  # results a page, at the least of most engines
COMMAND = re.compile(r"(?<!\S)[!:?<]+(?=\S)")  # SearXNG reads words that begin so as orders: !engine :language <seconds
FORMATS = "its settings.yml must list json under search.formats (then restart it)"


class Searxng:
    name = "searxng"

    def __init__(self, url: str, wire: Wire) -> None:
        self._address = url.rstrip("/").removesuffix("/search") + "/search"
        self._wire = wire

    def search(self, wording: str, count: int) -> list[Hit]:
        """As many of its pages of results as `count` needs, asked for at once; only the first one has to come."""
        numbers = range(1, 1 + min(MOST_PAGES, -(-count // A_PAGE)))
        with ThreadPoolExecutor(len(numbers), thread_name_prefix="searxng") as pool:
            first, *more = [pool.submit(self._page, wording, number) for number in numbers]
        found = hits(self.name, rows(first.result(), "results"), count)
        for page in more:
            if page.exception() is None:
                found += hits(self.name, rows(page.result(), "results"), count)
        if not found:
            complain(first.result())
        return found[:count]

    def _page(self, wording: str, number: int) -> Any:
        asked = {"q": COMMAND.sub("", wording), "format": "json", **({"pageno": number} if number > 1 else {})}
        return understand(self._wire.ask("GET", self._address, params=asked))


def understand(reply: Reply) -> Any:
    if reply.status == 403:
        raise SearchError(f"It refused to answer in JSON (status 403): {FORMATS}.")
    if reply.status == 200 and looks_like_html(reply):
        raise SearchError(f"It answered with a web page instead of JSON: is this a SearXNG? If so, {FORMATS}.")
    data = read_json(reply)
    if not isinstance(pick(data, "results"), list):
        raise SearchError("Its JSON holds no list of results: is LEASH_SEARXNG_URL a SearXNG?")
    return data


def complain(data: Any) -> None:
    """Nothing found is only believed if no engine behind it failed."""
    engines = pick(data, "unresponsive_engines")
    pairs = [pair for pair in engines if isinstance(pair, list)] if isinstance(engines, list) else []
    failed = [": ".join(plain(part) for part in pair[:2]) for pair in pairs]
    if failed:
        raise SearchError(f"It found nothing, and engines behind it failed ({'; '.join(failed)[:300]}).")
