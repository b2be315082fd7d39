"""The ladder: how one address becomes one page. The site's own Markdown, else HTTP, else the browser; and why.

Markdown comes first because it costs nothing to ask for: every request says that Leash would rather have it. What a page
merely links to as its Markdown costs a second request, so it is fetched only where it pays: for a page that the user
named, or whose HTML gives little. The browser is for pages that a script draws, that hide a part behind a button, or of
which too little became text. Keeps nothing, and knows no engine.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agent.errors import BadStatus, FetchError, Refused, TooSlow, Unreadable, Walled
from agent.extract.want import Want
from agent.fetch.http import Fetched
from agent.fetch.robots import header_signals
from agent.records import Page

if TYPE_CHECKING:
    from agent.read import Reader

SHELL = "The page holds no text of its own: a script draws it"
PATIENCE = 5.0  # seconds of a Retry-After that are waited for, once
ROBOTS_GRACE = 1.0  # seconds that a page which is there waits for its site's robots.txt, to tell the user what it says
FIRST_PART = 60  # words: a paywalled page of less has no first part worth keeping
WALLS = {
    "challenge": "{host} asks for proof that a person is reading, so Leash got a test in place of the page. Open it in your own "
                 "browser and send it to Leash with the button there.",
    "paywall": "{host} shows this page only to those who pay. If you may read it, open it in your own browser and send it to "
               "Leash with the button there.",
    "login": "{host} shows this page only after a login. Log in with your own browser and send the page to Leash with the button "
             "there.",
    "missing": "{host} has no such page: it says so in words, though not by its status. Check the address.",
}
FIRST_ONLY = "{host} shows the rest of this page only to those who pay: this is its first part."
OWN_MARKDOWN = "This is the site's own Markdown, from {url}."
GIVEN_ANYWAY = "{no} You gave the address, so Leash opened it all the same."
SIGNALLED = "The site asks of programs: {signal}."
LLMS = "The site offers an overview for programs at {url}."


@dataclass(frozen=True)
class Validators:
    """What a site said by which it can tell later whether its page has changed; both "" if it cannot."""

    etag: str = ""
    last_modified: str = ""

    def headers(self) -> dict[str, str]:
        named = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True)
class Read:
    """A page with all that is known of it.

    `markdown` is the LLM-ready text ("" unless it was asked for), `page.text` the one that quotes are of. `wall` is "" or
    "paywall", where the first part of a page stands before one (other walls raise Walled). `notes` are sentences for the
    user; `offers` are addresses that the page offers of itself; `pages` are the offsets of a PDF's pages; `picture` is
    the browser's JPEG or None; `max_age` is for how many seconds the site says that its reply is good, None if it does not.
    """

    page: Page
    markdown: str = ""
    kind: str = ""
    format: str = "html"
    canonical: str = ""
    receipt: Mapping[str, Any] = field(default_factory=dict)
    wall: str = ""
    notes: tuple[str, ...] = ()
    validators: Validators = Validators()
    offers: Mapping[str, str] = field(default_factory=dict)
    pages: tuple[int, ...] = ()
    picture: bytes | None = None
    max_age: float | None = None


class Climb:
    """One address on its way up. Used once, by one thread."""

    def __init__(self, reader: Reader, url: str, chosen_by: str, seconds: float, want: Want | None) -> None:
        self.reader, self.url, self.chosen_by, self.want = reader, url, chosen_by, want
        self.until = time.monotonic() + seconds
        self.notes: list[str] = []

    @property
    def left(self) -> float:
        return self.until - time.monotonic()

    # ------------------------------------------------------------ the rungs

    def read(self, known: Validators | None = None) -> Read | None:
        """The page by the first rung that gives it; None if it is unchanged since `known`."""
        fetched = self.fetched(self.url, known.headers() if known else {})
        if fetched.status == 304:
            return None
        found = self.text_of(fetched)
        return self.finished(found, fetched)

    def finished(self, found: dict[str, Any], fetched: Fetched) -> Read:
        if not found["thin"]:
            return self.made(found, fetched.final_url, "http", Validators())
        try:
            return self.by_browser()
        except FetchError as error:
            if found["text"].strip():
                return self.made(found, fetched.final_url, "http", Validators())
            raise Unreadable(f"{SHELL}, and the browser could not show it: {error}") from error

    def by_browser(self) -> Read:
        """The page as a browser shows it."""
        reader = self.reader
        if reader.browser is None:
            raise Unreadable("there is no browser here; `leash doctor` says how to get one.")
        reader.shows.add(self.url)
        try:
            seen = reader.browser.show(self.url, seconds=max(2.0, self.left))
        finally:
            reader.shows.discard(self.url)
        found = self.extracted(seen.html.encode(), "text/html", "utf-8", seen.final_url)
        if not found["text"].strip():
            raise Unreadable("it stayed empty.")
        return self.made(found, seen.final_url, "browser", Validators())

    def fetched(self, url: str, headers: Mapping[str, str]) -> Fetched:
        return self.reader.http.get(url, seconds=max(0.1, self.left), headers=headers)

    def text_of(self, fetched: Fetched) -> dict[str, Any]:
        return self.extracted(fetched.body, fetched.content_type, fetched.charset, fetched.final_url)

    def extracted(self, body: bytes, content_type: str, charset: str, url: str) -> dict[str, Any]:
        return self.reader.children.run(body, content_type, charset, url, self.want)

    def made(self, found: dict[str, Any], final_url: str, rung: str, validators: Validators) -> Read:
        made = page(found, self.url, final_url, rung, self.chosen_by)
        return Read(made, found["markdown"], found["kind"], found["format"], found["canonical"], found["receipt"], found["wall"],
                    tuple(self.notes), validators, found["offers"], tuple(found["pages"]))


def page(found: dict[str, Any], url: str, final_url: str, rung: str, chosen_by: str) -> Page:
    about = {name: found[name] for name in ("title", "text", "site", "author", "date", "language")}
    snapshot = found["html"].encode("utf-8", "replace") if found["html"] is not None else None
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Page(url=url, final_url=final_url, fetched_at=now, rung=rung, chosen_by=chosen_by, html=snapshot,
                **{**about, "title": about["title"] or final_url})
