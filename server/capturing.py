"""Captures as the web process takes them: kept as they were sent, until a worker that is called and waited for has made text of them.

The web process looks into no page. Knows neither Flask nor how a page becomes text.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from agent.errors import BadInput, LeashError
from server.readings import Readings
from server.store.captures import KIND, Capture, Captures, ask_key
from server.store.texts import Ask

FIELDS = ("url", "title", "html", "selection", "captured_at")
EXAMPLE = '{"url": "https://…", "title": "…", "html": "<html>…", "selection": false, "captured_at": "2026-01-31T09:30:00Z"}'
LONGEST_URL, LONGEST_TITLE = 8000, 300


@dataclass(frozen=True)
class Given:
    """A page as a browser sent it, checked."""

    url: str
    title: str
    html: str
    selection: bool
    captured_at: float

    @classmethod
    def of(cls, data: dict[str, Any]) -> Given:
        """Raises BadInput with one sentence for what cannot be a capture."""
        if unknown := sorted(set(data) - set(FIELDS)):
            raise BadInput(f"“{unknown[0][:50]}” is not known here; a capture is {EXAMPLE}.")
        html, title, selection = data.get("html"), data.get("title", ""), data.get("selection", False)
        if not isinstance(html, str) or not isinstance(title, str) or not isinstance(selection, bool):
            raise BadInput(f"A capture is {EXAMPLE}.")
        title = " ".join(title.split())[:LONGEST_TITLE]
        return cls(checked_url(data.get("url")), title, html, selection, checked_moment(data.get("captured_at")))


class Capturing:
    """May be used by many threads."""

    def __init__(self, captures: Captures, readings: Readings) -> None:
        self.kept, self.readings = captures, readings

    def add(self, given: Given) -> Capture:
        """The capture with its text. Raises Unreadable where there is none, and then keeps nothing; NoWorker, TooSlow, Busy."""
        capture_id = self.kept.add(given.url, given.title, given.html, given.selection, given.captured_at)
        try:
            self.readings.answered(Ask(ask_key(capture_id), KIND, "", {"id": capture_id}, time.time()))
        except LeashError:
            self.kept.forget(capture_id)
            raise
        return self.kept.get(capture_id)

    def get(self, capture_id: str) -> Capture:
        """Raises NotFound."""
        return self.kept.get(capture_id)

    def newest(self) -> list[Capture]:
        """Newest first, without the texts."""
        return self.kept.newest()

    def save(self, capture_id: str) -> Capture:
        """Keep it until it is deleted. Raises NotFound."""
        return self.kept.save(capture_id)

    def forget(self, capture_id: str) -> list[str]:
        """Delete it with all that came of it; the runs that went with it. Raises NotFound."""
        self.kept.get(capture_id)
        return self.kept.forget(capture_id)


def checked_url(given: Any) -> str:
    """Without the name and password that an address may carry. Raises BadInput for what is no address of a page."""
    try:
        parts = urlsplit(given if isinstance(given, str) else "")
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not host or len(given) > LONGEST_URL:
        raise BadInput("A capture is of a web page: its “url” begins with https:// or http://.")
    return urlunsplit(parts._replace(netloc=host))


def checked_moment(given: Any) -> float:
    """Seconds since 1970, none of them to come; now where nothing was said. Raises BadInput."""
    if given is None:
        return time.time()
    try:
        found = datetime.fromisoformat(given)
    except (ValueError, TypeError):
        raise BadInput("“captured_at” is a moment like 2026-01-31T09:30:00Z.") from None
    return min((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp(), time.time())
