"""Tavily's search API, by key."""

from __future__ import annotations

from agent.errors import RateLimited
from agent.records import Hit
from agent.search.wire import Wire, hits, read_json, rows

ADDRESS = "https://api.tavily.com/search"
LONGEST = 400
MOST = 20
USED_UP = (432, 433)  # Tavily's own: the plan's or the key's limit is reached


class Tavily:
    name = "tavily"

    def __init__(self, key: str, wire: Wire, address: str = ADDRESS) -> None:
        self._key, self._wire, self._address = key, wire, address

    def search(self, wording: str, count: int) -> list[Hit]:
        body = {"query": wording[:LONGEST], "max_results": min(count, MOST), "search_depth": "basic"}
        reply = self._wire.ask("POST", self._address, json=body, headers={"Authorization": f"Bearer {self._key}"})
        if reply.status in USED_UP:
            raise RateLimited(f"What its plan allows is used up (status {reply.status}).", retry_after=3600)
        data = read_json(reply, key="LEASH_TAVILY_KEY")
        return hits(self.name, rows(data, "results"), count)
