"""Wikipedia's own search, without a key."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from agent.errors import SearchError
from agent.records import Hit
from agent.search.wire import Wire, hits, plain, read_json, rows
from agent.shape import pick

LONGEST = 300  # CirrusSearch refuses longer queries
WORD = re.compile(r"[\w'’.+#-]*\w[+#]*")
STOPWORDS = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be by can could did do does for from had has have how i if in into is it its me my of on "
        "or our should so than that the their them then there these they this to was we were what when where which who "
        "whom whose why will with would you your",
    )
)


class Wikipedia:
    name = "wikipedia"

    def __init__(self, wire: Wire, language: str = "en", address: str = "") -> None:
        self._site = address or f"https://{language}.wikipedia.org"
        self._wire = wire

    def search(self, wording: str, count: int) -> list[Hit]:
        words = key_words(wording)
        found = self._ask(" ".join(words)[:LONGEST], count)
        if not found and len(words) > 1:  # all words at once are in no article: any of them, best first
            found = self._ask(" OR ".join(words[:12])[:LONGEST], count)
        return found

    def _ask(self, query: str, count: int) -> list[Hit]:
        asked = {"action": "query", "list": "search", "srsearch": query, "srlimit": min(count, 50), "format": "json"}
        data = read_json(self._wire.ask("GET", f"{self._site}/w/api.php", params=asked))
        if pick(data, "error"):
            raise SearchError(f"It answered: {plain(pick(data, 'error', 'info'))[:200] or 'an error without a word'}.")
        found = [{**row, "url": self._address(row.get("title"))} for row in rows(data, "query", "search")]
        return hits(self.name, found, count, ("url", "title", "snippet"))

    def _address(self, title: Any) -> str:
        return f"{self._site}/wiki/{quote(title.replace(' ', '_'), safe='/:(),')}" if isinstance(title, str) else ""


def key_words(wording: str) -> list[str]:
    """The words that say what is looked for; Wikipedia wants every word of a query in the article."""
    words = WORD.findall(wording) or [wording]
    return [word for word in words if word.lower() not in STOPWORDS] or words
