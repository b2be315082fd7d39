"""The ladder: how one address becomes one page. The site's own Markdown, else HTTP, else the browser; and why.

Markdown comes first because it costs nothing to ask for: every request says that Leash would rather have it. What a page
merely links to as its Markdown costs a second request, so it is fetched only where it pays: for a page that the user
named, or whose HTML gives little. The browser is for pages that a script draws, that break off at a button, or of which
too little became text. Keeps nothing, and knows no engine.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from agent.errors import BadStatus, FetchError, Refused, Unreadable, Walled
from agent.extract.signs.offers import MARKDOWN, header_offers
from agent.extract.signs.walls import GONE
from agent.extract.want import Want
from agent.extract.words import word_count
from agent.fetch.http import Fetched
from agent.fetch.later import later
from agent.fetch.robots import Says, header_signals
from agent.records import Page, Read, Validators

if TYPE_CHECKING:
    from agent.fetch.browser import Shown
    from agent.read import Reader

PATIENCE = 5.0  # seconds of a Retry-After that are waited for, once
GRACE = 1.0  # seconds that a page which is there waits for what its site's robots.txt or llms.txt says
SIDE_SECONDS, SIDE_BYTES = 3.0, 2_000_000  # for a page's Markdown, its site's llms.txt, its captions
NO_MARKDOWN = "text/html,application/xhtml+xml,*/*;q=0.5"  # where a selector is to choose: Markdown has no elements
FIRST_PART = 60  # words: a paywalled page of less has no first part worth keeping
SHELL_WORDS = 15  # “Loading…”, “This site needs JavaScript”: not the page, if the browser fails too
LITTLE = 40  # words: a Markdown file of less may be one that says “not found”
ALIKE, NEARLY = 0.5, 0.9  # share of the page's words that its own Markdown must hold; of those by HTTP that a browser must find
OF_DATA = 0.5  # share of the words of a shell's data that a browser must find
WORD = re.compile(r"\w{4,}")
ABOUT = ("title", "author", "date", "site", "language", "canonical", "kind")  # the HTML says these of the page better

SHELL = "The page holds no text of its own: a script draws it"
CONSENT = "it asks about cookies first"
SCRIPTED, LOW = "a script draws it", "little of it became text over HTTP"
UNMATCHED = "nothing that came over HTTP matches the selector “{selector}”"
NO_MATCH = "Nothing on the page matches the selector “{selector}”. Check the selector, or leave it out."
BREAKS_OFF = "it breaks off at a button, “{name}”"
WALLS = {
    "challenge": "{host} asks for proof that a person is reading, so what came is a test and not the page. Open it in your own "
                 "browser and send it to Leash with the button there.",
    "paywall": "{host} shows this page only to those who pay. If you may read it, open it in your own browser and send it to "
               "Leash with the button there.",
    "login": "{host} shows this page only after a login. Log in with your own browser and send the page to Leash with the "
             "button there.",
    "missing": "{host} has no such page: it says so in words, though not by its status. Check the address.",
    "consent": "{host} shows this page only to those who have answered it about cookies. Open it in your own browser, answer there, and "
               "send it to Leash with the button there.",
    "requests": "{host} says that it was asked too often, so what came is not the page. Try again later.",
    "region": "{host} does not show this page in the country that Leash reads from. Check whether the site has another address for it.",
    "maintenance": "{host} is closed for maintenance, so what came is not the page. Try again later.",
    "age": "{host} asks for its reader's age first. Open it in your own browser, answer there, and send it to Leash with the button "
           "there.",
}
FIRST_ONLY = "{host} shows the rest of this page only to those who pay: this is its first part."
OWN_MARKDOWN = "This is the site's own Markdown, from {url}."
OVERVIEW = "The page itself holds little text, so this is the site's overview for programs, {url}."
SHOWN = "A browser showed this page, because {why}."
NOT_SHOWN = "The page may go on: {why}, but the browser could not show it ({error})"
BROKE_OFF = "{host} broke off before the end of the page, so this is what came until then."
PRESSED = "The browser pressed: {labels}."
GIVEN_ANYWAY = "{no} You gave the address, so Leash opened it all the same."
ASKS = "The site asks of programs: {signal}."
LLMS = "The site offers an overview for programs at {url}."
TRANSCRIPT = "\n\n## Transcript\n\n"


class Climb:
    """One address on its way up. Used once, by one thread."""

    def __init__(self, reader: Reader, url: str, chosen_by: str, seconds: float, want: Want | None) -> None:
        self.reader, self.url, self.chosen_by, self.want = reader, url, chosen_by, want
        self.until = time.monotonic() + seconds
        self.notes: list[str] = []
        self.validators, self.max_age, self.whole = Validators(), None, True
        self.robots: Callable[[float], Says | None] = lambda _: None
        self.overview: Future[str] | None = None

    @property
    def left(self) -> float:
        return self.until - time.monotonic()

    @property
    def selector(self) -> str:
        return self.want.selector if self.want else ""

    @property
    def by_user(self) -> bool:
        return self.chosen_by == "user"

    # ------------------------------------------------------------ the way up

    def read(self, known: Validators | None = None) -> Read | None:
        """The page by the first rung that gives it; None if it is unchanged since `known`."""
        self.ask_leave()
        self.look_for_overview()
        fetched = self.patiently(known.headers() if known else {})
        if fetched.status == 304:
            return None
        self.validators, self.max_age = validators_of(fetched), good_for(fetched)
        found = self.part_of(fetched) if fetched.broke_off else self.text_of(fetched)
        found["offers"] = {**header_offers(fetched.headers.get("link", ""), fetched.final_url), **found["offers"]}
        self.notes += [ASKS.format(signal=signal) for signal in header_signals(fetched.headers)]
        return self.told(self.best(found, fetched))

    def shown(self) -> Read:
        """The page as the browser shows it, nothing else tried."""
        self.ask_leave()
        return self.told(self.by_browser())

    def best(self, found: dict[str, Any], fetched: Fetched) -> Read:
        if found["format"] != "html":
            return self.of_file(found, fetched)
        why = UNMATCHED.format(selector=self.selector) if self.selector and not found["text"].strip() else reason_for_browser(found)
        if found["wall"] == "consent" and self.reader.browser is not None:  # it may answer that, and nothing else of the kind
            with suppress(FetchError):
                return self.by_browser(CONSENT)
        self.heed(found, fetched.final_url)
        if found["wall"]:
            return self.made(found, fetched.final_url, "http")
        read = self.own_markdown(found) if (why or self.by_user) and not self.selector else None
        read = read or (self.overview_for(found, fetched) if found["thin"] and not self.selector else None)
        if read:
            return read
        return self.by_browser_or(found, fetched, why) if why else self.made(self.with_captions(found), fetched.final_url, "http")

    def of_file(self, found: dict[str, Any], fetched: Fetched) -> Read:
        """What was never HTML: the site's Markdown of the page if that is what it sent, else a file of another kind."""
        sent = found["format"] == "markdown" and fetched.content_type in MARKDOWN
        if sent and says_missing(found["text"]):
            raise self.walled("missing", fetched.final_url)
        rung = "markdown" if sent else "pdf" if found["format"] == "pdf" else "http"
        return self.made(found, fetched.final_url, rung)

    def by_browser_or(self, found: dict[str, Any], fetched: Fetched, why: str) -> Read:
        """The page as the browser shows it, if that is at least as much as what HTTP gave."""
        words = word_count(found["text"])
        try:
            read = self.by_browser(why)
        except FetchError as error:
            if found["thin"] and (isinstance(error, Walled) or str(error) == NO_MATCH.format(selector=self.selector)):
                raise
            if found["thin"] and words < SHELL_WORDS:
                shell = why.capitalize() if self.selector and not words else SHELL
                raise Unreadable(f"{shell}, and the browser could not show it: {error}") from error
            self.notes.append(NOT_SHOWN.format(why=why, error=error))
            return self.made(found, fetched.final_url, "http")
        enough = OF_DATA if found["from_data"] and not read.from_data else NEARLY  # data may say more than the page shows
        if word_count(read.page.text) >= enough * words:
            return read
        return self.made(found, fetched.final_url, "http")

    def by_browser(self, why: str = "") -> Read:
        seen = self.seen()
        found = self.extracted(seen.html.encode("utf-8", "replace"), "text/html", "utf-8", seen.final_url)
        self.heed(found, seen.final_url)
        if not found["text"].strip():
            raise Unreadable(NO_MATCH.format(selector=self.selector) if self.selector else "The page stayed empty.")
        self.validators = Validators()  # that the shell is unchanged says nothing of what its script brings
        notes = [SHOWN.format(why=why) if why else "", PRESSED.format(labels=", ".join(f"“{label}”" for label in seen.pressed[:8]))
                 if seen.pressed else "", seen.cut, seen.goes_on]
        made = self.made(self.with_captions(found), seen.final_url, "browser")
        return replace(made, notes=(*made.notes, *filter(None, notes)), page=replace(made.page, picture=seen.screenshot))

    def seen(self) -> Shown:
        reader = self.reader
        if reader.browser is None:
            raise Unreadable("There is no browser here; `leash doctor` says how to get one.")
        reader.shows.add(self.url)
        try:
            pictured = self.want is None  # a run keeps the page, and shows how it looked; text for programs needs no picture
            return reader.browser.show(self.url, seconds=max(2.0, self.left), screenshot=pictured)
        finally:
            reader.shows.discard(self.url)

    # ------------------------------------------------------------ leave, and walls

    def ask_leave(self) -> None:
        """What the agent chose waits for the site's robots.txt; for what the user gave it is asked meanwhile."""
        if self.reader.robots is None:
            return
        if self.by_user:
            self.robots = self.reader.robots.ask(self.url)
        else:
            self.leave(self.url)

    def leave(self, url: str) -> None:
        says = self.reader.robots.says(url) if self.reader.robots else Says()
        if says.no:
            raise Refused(says.no)
        self.robots = lambda _: says

    def told(self, read: Read) -> Read:
        """The page with what its site asks, and what it offers, in its notes."""
        says, overview = self.robots(GRACE), self.overview_address(GRACE)
        notes = [GIVEN_ANYWAY.format(no=says.no)] if says and says.no else [ASKS.format(signal=says.signal)] if says and says.signal else []
        offers = {**({"llms": overview} if overview else {}), **read.offers}
        asked = [ASKS.format(signal=read.offers["asks"])] if "asks" in read.offers else []
        told = [LLMS.format(url=offers["llms"])] if self.by_user and "llms" in offers and read.page.final_url != offers["llms"] else []
        return replace(read, offers=offers, notes=tuple(dict.fromkeys((*self.notes, *read.notes, *asked, *notes, *told))))

    def heed(self, found: dict[str, Any], url: str) -> None:
        """Raises Walled for a wall; a paywall with a first part before it is kept, and said."""
        wall = found["wall"]
        if wall == "paywall" and word_count(found["text"]) >= FIRST_PART:
            self.notes.append(FIRST_ONLY.format(host=urlsplit(url).hostname))
        elif wall:
            raise self.walled(wall, url)

    def walled(self, wall: str, url: str) -> Walled:
        return Walled(WALLS[wall].format(host=urlsplit(url).hostname), wall=wall)

    # ------------------------------------------------------------ what the site offers

    def own_markdown(self, found: dict[str, Any]) -> Read | None:
        """The Markdown that the page links to as its own, if it is that."""
        url = found["offers"].get("markdown")
        other = self.side_file(url) if url else None
        if other is None or other["format"] != "markdown" or says_missing(other["text"]):
            return None
        trusted = word_count(other["text"]) >= LITTLE if found["thin"] or low(found) else alike(other["text"], found["text"])
        if not trusted:
            return None
        told = {name: found[name] or other[name] for name in ABOUT}
        self.notes.append(OWN_MARKDOWN.format(url=url))
        return self.made({**other, **told, "offers": found["offers"]}, url, "markdown")

    def look_for_overview(self) -> None:
        """A site's root that the user named may have an llms.txt beside it: asked for while the page comes."""
        parts = urlsplit(self.url)
        if self.by_user and parts.path in ("", "/") and not parts.query:
            address = urljoin(self.url, "/llms.txt")
            self.overview = later(lambda: address if self.overview_text(address) else "", "leash-llms")

    def overview_text(self, url: str) -> dict[str, Any] | None:
        """The llms.txt at this address as a document; None for what is none: it must be Markdown that starts with a heading."""
        found = self.side_file(url)
        text = found["text"].lstrip("\ufeff \t\r\n") if found and found["format"] in ("markdown", "text") else ""
        return found if text.startswith("# ") and not says_missing(text) else None

    def overview_address(self, seconds: float) -> str:
        with suppress(FetchError, NotYet):
            return self.overview.result(seconds) if self.overview else ""
        return ""

    def overview_for(self, found: dict[str, Any], fetched: Fetched) -> Read | None:
        """The overview in place of a site's root that is itself only a shell."""
        address = found["offers"].get("llms") or self.overview_address(GRACE)
        if not (self.by_user and address and urlsplit(fetched.final_url).path in ("", "/")):
            return None
        text = self.overview_text(address)
        if text is None:
            return None
        self.notes.append(OVERVIEW.format(url=address))
        return self.made({**text, "offers": {**found["offers"], "llms": address}}, address, "markdown")

    def side_file(self, url: str) -> dict[str, Any] | None:
        """A file that stands beside the page, as a document; None if it cannot be had."""
        with suppress(FetchError):
            seconds = min(SIDE_SECONDS, max(0.5, self.left))
            fetched = self.reader.http.get(url, seconds=seconds, limit=SIDE_BYTES, leave=None if self.by_user else self.leave)
            return None if fetched.broke_off else self.text_of(fetched)
        return None

    def with_captions(self, found: dict[str, Any]) -> dict[str, Any]:
        """The page of a video with what is said in it after its own text, if the page offers that."""
        said = self.side_file(found["captions"]) if found["captions"] else None
        if said is None or said["receipt"]["extractor"] != "captions":
            return found
        whole = self.want is not None and not self.selector
        marked = f"{found['markdown']}{TRANSCRIPT}{said['text']}" if whole else found["markdown"]
        return {**found, "text": f"{found['text']}{TRANSCRIPT}{said['text']}", "markdown": marked}

    # ------------------------------------------------------------ bytes to text

    def patiently(self, headers: Mapping[str, str]) -> Fetched:
        """The reply; a site that asks for a short pause gets it, once."""
        try:
            return self.fetched(headers)
        except BadStatus as error:
            wait = error.retry_after
            if error.status not in (429, 503) or wait is None or wait > min(PATIENCE, self.left - 1):
                raise
        time.sleep(wait)
        return self.fetched(headers)

    def fetched(self, headers: Mapping[str, str]) -> Fetched:
        leave = None if self.by_user else self.leave
        own = {"Accept": NO_MARKDOWN, **headers} if self.selector else headers
        return self.reader.http.get(self.url, seconds=max(0.1, self.left), headers=own, leave=leave)

    def text_of(self, fetched: Fetched) -> dict[str, Any]:
        return self.extracted(fetched.body, fetched.content_type, fetched.charset, fetched.final_url)

    def part_of(self, fetched: Fetched) -> dict[str, Any]:
        """What came of a page that broke off; nobody may take that for the page when its site is asked again."""
        host = urlsplit(fetched.final_url).hostname
        self.validators, self.whole = Validators(), False
        try:
            return self.text_of(fetched)
        except Unreadable as error:
            raise FetchError(f"{host} broke off the connection before the page was there: of what came no text can be had.") from error

    def extracted(self, body: bytes, content_type: str, charset: str, url: str) -> dict[str, Any]:
        return self.reader.children.run(body, content_type, charset, url, self.want)

    def made(self, found: dict[str, Any], final_url: str, rung: str) -> Read:
        made = page(found, self.url, final_url, rung, self.chosen_by)
        whole = self.whole or rung == "browser"
        notes = (*self.notes, *found["notes"], *([] if whole else [BROKE_OFF.format(host=urlsplit(final_url).hostname)]))
        return Read(made, found["markdown"], found["kind"], found["format"], found["canonical"], found["receipt"], found["wall"], notes,
                    self.validators, found["offers"], tuple(found["pages"]), self.max_age, found["from_data"], whole)


def reason_for_browser(found: dict[str, Any]) -> str:
    if found["thin"]:
        return SCRIPTED
    if found["hides"]:
        return BREAKS_OFF.format(name=found["hides"])
    return LOW if low(found) else ""


def low(found: Mapping[str, Any]) -> bool:
    return bool(found["receipt"].get("low"))


def says_missing(text: str) -> bool:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return word_count(text) < LITTLE and bool(GONE.search(first.strip("# \t")))


def alike(markdown: str, text: str) -> bool:
    """Whether the Markdown is of the same page: it holds half of the page's own words, and is not much shorter."""
    words = set(WORD.findall(text.lower()))
    shared = words & set(WORD.findall(markdown.lower()))
    return len(shared) >= ALIKE * len(words) and word_count(markdown) >= ALIKE * word_count(text)


def validators_of(fetched: Fetched) -> Validators:
    return Validators(fetched.headers.get("etag", "")[:500], fetched.headers.get("last-modified", "")[:100])


def good_for(fetched: Fetched) -> float | None:
    """For how many seconds more the site says that its reply is good; None if it does not say."""
    said = fetched.headers.get("cache-control", "").lower()
    if re.search(r"\bno-(?:cache|store)\b", said):
        return 0.0
    age, most = fetched.headers.get("age", ""), re.search(r"\bmax-age=\"?(\d{1,9})", said)
    return max(0.0, float(most[1]) - (int(age) if age.isdecimal() and len(age) < 10 else 0)) if most else None


def page(found: dict[str, Any], url: str, final_url: str, rung: str, chosen_by: str) -> Page:
    about = {name: found[name] for name in ("title", "text", "site", "author", "date", "language")}
    snapshot = found["html"].encode("utf-8", "replace") if found["html"] is not None else None
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Page(url=url, final_url=final_url, fetched_at=now, rung=rung, chosen_by=chosen_by, html=snapshot,
                **{**about, "title": about["title"] or final_url})
