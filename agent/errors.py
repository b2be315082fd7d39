"""Every fault that Leash expects, as one tree. A class's docstring is its default message.

LeashError
├── BadInput            the user can mend it: exit code 2, HTTP 400
│   ├── BadSetting
│   ├── NotFound        there is no run or page of that name: HTTP 404
│   └── TooLate         it is over, or no longer to be had: HTTP 409
├── Busy                too much is going on at once; .retry_after: HTTP 503
├── FetchError          a page could not be read; the run goes on
│   ├── Refused         the address may not be opened (private, scheme, blocked)
│   ├── TooBig
│   ├── TooSlow
│   ├── BadStatus       .status, .retry_after
│   └── Unreadable      it came, but no text could be had from it
│       └── Walled      what came is a wall before the text: .wall (challenge, paywall, login, missing, or a notice's name)
├── SearchError         a provider failed; the next one is asked
│   └── RateLimited     .retry_after
├── ModelError          an endpoint failed; the next one takes over
├── OverLimit           a limit of the run is reached, or the human said stop; .limit names it
└── StorageError        a disk is full or a folder cannot be written
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any


class LeashError(Exception):
    """Something went wrong."""

    more: Mapping[str, Any] = MappingProxyType({})  # for programs: `code`, a short stable word that tells cases apart, and the like

    def __init__(self, message: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())
        self.retry_after = retry_after


class BadInput(LeashError):
    """What was given cannot be used."""


class BadSetting(BadInput):
    """A setting has a value that cannot be used."""


class NotFound(BadInput):
    """There is no such thing here."""


class TooLate(BadInput):
    """It is over, so nothing of it can be changed."""


class Busy(LeashError):
    """Too much is going on at once. Try again in a moment."""


class FetchError(LeashError):
    """The page could not be read."""


class Refused(FetchError):
    """This address is not a public web address, so Leash does not open it."""


class TooBig(FetchError):
    """The page is larger than the limit."""


class TooSlow(FetchError):
    """The page did not come within its time."""


class BadStatus(FetchError):
    """The site answered with an error."""

    def __init__(self, status: int, message: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(message or f"The site answered with status {status}.", retry_after=retry_after)
        self.status = status


class Unreadable(FetchError):
    """The page came, but no readable text could be had from it."""


class Walled(Unreadable):
    """The site shows a wall in place of this page's text."""

    def __init__(self, message: str = "", *, wall: str = "challenge") -> None:
        super().__init__(message)
        self.wall = wall


class SearchError(LeashError):
    """The search provider failed."""


class RateLimited(SearchError):
    """The search provider asks to slow down."""


class ModelError(LeashError):
    """The model endpoint failed."""


OVER = {"user": "You ended it before that.", "finish": "You ended the search before that.", "seconds": "The run's time is up."}


class OverLimit(LeashError):
    """The run may not do more of this."""

    def __init__(self, limit: str, message: str = "") -> None:
        super().__init__(message or OVER.get(limit, f"The run's limit of {limit.replace('_', ' ')} is reached."))
        self.limit = limit


class StorageError(LeashError):
    """The data folder cannot be written."""
