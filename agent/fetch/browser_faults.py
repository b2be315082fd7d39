"""What a browser's failures mean, in a sentence for the user. Knows no page and no browser."""

from __future__ import annotations

from collections.abc import Iterable

from agent.errors import FetchError, Refused, TooSlow, Unreadable
from agent.fetch.egress import Crossing
from agent.fetch.http import status_fault
from agent.fetch.rules import PAGE
from agent.fetch.targets import read_target


def said_by_door(log: Iterable[Crossing], url: str, since: float) -> FetchError | None:
    """What the door said of this address to a page. (Of a tunnel that it refuses, the browser itself tells no more.)"""
    try:
        target = read_target(url)
    except Refused as fault:
        return fault
    for crossing in log:
        ours = (crossing.who, crossing.host, crossing.port) == (PAGE, target.host, target.port)
        if ours and crossing.at >= since and crossing.outcome in ("refused", "failed"):
            return (Refused if crossing.outcome == "refused" else FetchError)(crossing.reason)
    return None


def bad_status(url: str, status: int, headers: dict[str, str]) -> FetchError:
    return status_fault(read_target(url).host, status, headers)


FAILURES: tuple[tuple[str, type[FetchError], str], ...] = (
    ("Download is starting", Unreadable, "{host} gives a file to download here, not a page that a browser shows."),
    ("ERR_ABORTED", Unreadable, "{host} gives no page here that a browser shows."),
    ("Timeout", TooSlow, "{host} did not answer the browser in time."),
    ("ERR_TIMED_OUT", TooSlow, "{host} did not answer the browser in time."),
    ("ERR_CERT", FetchError, "The certificate of {host} cannot be trusted, so the browser did not open it."),
    ("ERR_TOO_MANY_REDIRECTS", FetchError, "{host} redirects in a circle, so there is no page to read."),
    ("ERR_UNSAFE_REDIRECT", Refused, "{host} redirects to what is not an http or https address."),
    ("ERR_UNSAFE_PORT", Refused, "This port of {host} is not one that web pages come from, so the browser does not open it."),
    ("ERR_TUNNEL", FetchError, "{host} could not be reached."),
)


def failure(url: str, text: str) -> FetchError:
    host = read_target(url).host
    for mark, kind, sentence in FAILURES:
        if mark in text:
            return kind(sentence.format(host=host))
    reason = text.partition("net::")[2].split()[:1] or [text.splitlines()[0][:100]]
    return FetchError(f"The browser could not open {host} ({reason[0]}).")
