"""Brave's search API, by key."""

from __future__ import annotations

from agent.records import Hit
from agent.search.wire import Wire, hits, read_json, rows

ADDRESS = "https://api.search.brave.com/res/v1/web/search"
LONGEST = 400
MOST = 20


class Brave:
    name = "brave"

    def __init__(self, key: str, wire: Wire, address: str = ADDRESS) -> None:
        self._key, self._wire, self._address = key, wire, address

    def search(self, wording: str, count: int) -> list[Hit]:
        asked = {"q": wording[:LONGEST], "count": min(count, MOST), "text_decorations": "false"}
        headers = {"X-Subscription-Token": self._key, "Accept": "application/json"}
        data = read_json(self._wire.ask("GET", self._address, params=asked, headers=headers), key="LEASH_BRAVE_KEY")
        return hits(self.name, rows(data, "web", "results"), count, ("url", "title", "description"))
