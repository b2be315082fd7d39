"""One address to one page: plain HTTP first, the browser where a script draws the page. Keeps nothing: that is the shelf's."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agent.errors import FetchError, Unreadable
from agent.extract.child import Children
from agent.fetch.http import Http
from agent.records import Page
from agent.settings import Settings

if TYPE_CHECKING:
    from agent.fetch.browser import Browser

SHELL = "The page holds no text of its own: a script draws it"


@dataclass(frozen=True)
class Reader:
    """May be used by many threads. `browser` is None where there is none to be had."""

    settings: Settings
    http: Http
    children: Children
    browser: Browser | None = None
    shows: set[str] = field(default_factory=set)

    @property
    def showing(self) -> bool:
        """Whether the browser has a page before it right now."""
        return bool(self.shows)

    def read(self, url: str, chosen_by: str = "agent", seconds: float | None = None) -> Page:
        """The page at this address within `seconds`. Raises the FetchError tree, with a sentence that says why."""
        started = time.monotonic()
        limit = seconds or self.settings.page_seconds
        fetched = self.http.get(url, seconds=limit)
        found = self.text_of(fetched.body, fetched.content_type, fetched.charset, fetched.final_url)
        if not found["thin"]:
            return page(found, url, fetched.final_url, "http", chosen_by)
        try:
            return self.shown(url, chosen_by, limit - (time.monotonic() - started))
        except FetchError as error:
            if found["text"].strip():
                return page(found, url, fetched.final_url, "http", chosen_by)
            raise Unreadable(f"{SHELL}, and the browser could not show it: {error}") from error

    def shown(self, url: str, chosen_by: str, seconds: float) -> Page:
        """The page as a browser shows it."""
        if self.browser is None:
            raise Unreadable("there is no browser here; `leash doctor` says how to get one.")
        self.shows.add(url)
        try:
            seen = self.browser.show(url, seconds=max(2.0, seconds))
        finally:
            self.shows.discard(url)
        found = self.text_of(seen.html.encode(), "text/html", "utf-8", seen.final_url)
        if not found["text"].strip():
            raise Unreadable("it stayed empty.")
        return page(found, url, seen.final_url, "browser", chosen_by)

    def text_of(self, body: bytes, content_type: str, charset: str, url: str) -> dict[str, Any]:
        return self.children.run(body, content_type, charset, url)


def page(found: dict[str, Any], url: str, final_url: str, rung: str, chosen_by: str) -> Page:
    about = {name: found[name] for name in ("title", "text", "site", "author", "date", "language")}
    snapshot = found["html"].encode("utf-8", "replace") if found["html"] is not None else None
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Page(url=url, final_url=final_url, fetched_at=now, rung=rung, chosen_by=chosen_by, html=snapshot,
                **{**about, "title": about["title"] or final_url})
