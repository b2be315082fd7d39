"""Tells the user, at the address that they gave, that a run waits or is over. Beside the runs, never in their way.

A notice is tried three times, by whichever worker comes first, through the one door: it reaches what pages may be read
from and nothing else. The address came from the user with the question; no page and no model can name another.
"""

from __future__ import annotations

import logging
import threading
from typing import Any, Protocol

from agent.errors import LeashError, StorageError
from agent.settings import Settings
from server.store import Run, Store
from server.store.notices import Due
from server.up import address_of

EVERY = 1.0
SECONDS = 10.0  # for one try
SAYS = {"waiting": "waits for you", "done": "is answered", "failed": "has failed", "stopped": "was stopped"}
log = logging.getLogger("leash.worker")


class Post(Protocol):
    def __call__(self, address: str, notice: dict[str, Any]) -> None:
        """Send it as JSON. Raises LeashError if it did not arrive."""
        ...


class Herald:
    """`base` is where people reach this Leash, with a slash at its end."""

    def __init__(self, store: Store, post: Post, base: str) -> None:
        self.store, self.post, self.base = store, post, base

    def keep_telling(self, leaving: threading.Event) -> None:
        while not leaving.wait(EVERY):
            try:
                self.tell_all()
            except StorageError as error:
                log.warning("Notices cannot be looked for: %s", error)

    def tell_all(self) -> None:
        """Send whatever is due."""
        while due := self.store.notices.take():
            self.tell(due)

    def tell(self, due: Due) -> None:
        try:
            self.post(due.run.notify, notice_of(due.run, self.base))
        except LeashError as error:
            log.warning("Notice %d of run %s did not arrive: %s", due.attempt, due.run.id, error)
        else:
            self.store.notices.done(due)


def notice_of(run: Run, base: str) -> dict[str, Any]:
    """`text` is for chats that show it as it is."""
    link = f"{base}runs/{run.id}"
    text = f"Leash: “{run.question}” {SAYS.get(run.status, 'goes on')}. {link}"
    return {"id": run.id, "question": run.question, "status": run.status, "waiting_for": run.waiting_for, "link": link, "text": text}


def base_of(settings: Settings) -> str:
    """Where people reach this Leash."""
    return settings.public_url.rstrip("/") + "/" if settings.public_url else address_of(settings.host, settings.port)


class HttpPost:
    """Posts through the door; follows no redirect. Needs the worker's door, so it knows no other way out."""

    def __init__(self, proxy: str, ca_bundle: Any) -> None:
        self.proxy, self.ca_bundle = proxy, ca_bundle

    def __call__(self, address: str, notice: dict[str, Any]) -> None:
        import httpx2

        from agent.tls import trusted

        with httpx2.Client(proxy=self.proxy, verify=trusted(self.ca_bundle), timeout=SECONDS, trust_env=False) as client:
            try:
                status = client.post(address, json=notice, headers={"User-Agent": "Leash"}).status_code
            except (httpx2.HTTPError, httpx2.InvalidURL) as error:
                raise LeashError(f"{type(error).__name__}: {str(error)[:200]}") from None
        if not 200 <= status < 300:
            raise LeashError(f"it was answered with status {status}.")
