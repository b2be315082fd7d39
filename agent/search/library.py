"""The library among the providers: pages that runs have read before, by their words and by what those words mean.

A library holds pages, never answers, and a run never finds its own. What it finds is a result like any other: the page is
read anew where it can be. Where the pages lie is not known here: `Library` is the port, `MemoryLibrary` its twin in memory.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol
from urllib.parse import urlsplit

from agent.embed import Embedder
from agent.errors import SearchError, StorageError
from agent.rank import terms
from agent.records import Hit, Page
from agent.search.merge import page_key, under

NAME = "library"
WEIGHED = 30  # pages, the best by words, of which the rough meaning is looked at: with 60 it is the same (docs/LOG.md)
NEAR = 0.5  # cosine of rough meaning: 19 of 20 pages that answer a question come nearer, and half of the others do not
RANK = 10  # the k of reciprocal rank, small since the heads are what counts
SEEN = 100_000  # characters of a page in which its best part is looked for
WINDOW = 400  # characters of that part: as much as an engine's snippet, and a little more
SIGN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")  # of scripts that write words without spaces between them


class Library(Protocol):
    """Pages that were read before. Called from many threads. Raises StorageError."""

    def search(self, words: Sequence[str], count: int) -> list[Page]:
        """Pages that have any of the words, each once, the best first, without snapshots."""
        ...

    def newest(self, url: str) -> Page | None:
        """The page as it was last read at this address."""
        ...


class MemoryLibrary:
    """Some pages of this process."""

    def __init__(self, pages: Iterable[Page] = ()) -> None:
        self.pages = list(pages)

    def search(self, words: Sequence[str], count: int) -> list[Page]:
        had = {page.sha256: len(set(words) & set(terms(f"{page.title} {page.text}"))) for page in self.pages}
        return sorted((page for page in self.pages if had[page.sha256]), key=lambda page: -had[page.sha256])[:count]

    def newest(self, url: str) -> Page | None:
        read = [page for page in self.pages if page_key(url) in (page_key(page.url), page_key(page.final_url))]
        return max(read, key=lambda page: page.fetched_at, default=None)


class LibrarySearch:
    """The provider. Domains of `blocked` stay out."""

    name = NAME

    def __init__(self, library: Library, embedder: Embedder, blocked: Sequence[str] = ()) -> None:
        self.library, self.embedder, self.blocked = library, embedder, tuple(blocked)

    def search(self, wording: str, count: int) -> list[Hit]:
        words = words_of(wording)
        try:
            pages = self.library.search(words, WEIGHED) if words else []
        except StorageError as error:
            raise SearchError(f"What was read before cannot be searched. {error}") from error
        hits = [Hit(page.final_url, page.title, best_part(page.text, words), (NAME,)) for page in pages if not self._is_blocked(page)]
        plain = SIGN.search(wording) or not self.embedder.ready
        return (hits if plain else self._weighed(wording, hits))[:count]

    def _weighed(self, wording: str, hits: list[Hit]) -> list[Hit]:
        """By words and by rough meaning together; those that have little to do with it are left out."""
        if not hits:
            return []
        *mine, asked = self.embedder.rough([*(terms(f"{hit.title} {hit.snippet}") for hit in hits), terms(wording)])
        near = [float(one @ asked) for one in mine]
        by_meaning = sorted(range(len(hits)), key=lambda place: -near[place])
        scores = {place: 1 / (RANK + place) + 1 / (RANK + rank) for rank, place in enumerate(by_meaning)}
        return [hits[place] for place in sorted(scores, key=scores.__getitem__, reverse=True) if near[place] >= NEAR]

    def _is_blocked(self, page: Page) -> bool:
        return any(under(urlsplit(url).hostname or "", self.blocked) for url in (page.url, page.final_url))


def words_of(text: str) -> list[str]:
    """What is looked for, each word once; where words are written without spaces, each pair of signs."""
    found: list[str] = []
    for word in terms(text):
        signs = bool(SIGN.search(word)) and len(word) > 2
        found += [word[at:at + 2] for at in range(len(word) - 1)] if signs else [word]
    return list(dict.fromkeys(found))


def best_part(text: str, words: Sequence[str]) -> str:
    """The stretch of a text that has most of these words, in one line. Endings of words do not count."""
    low = text[:SEEN].lower()
    found = sorted(place for word in words for place in places_of(word, low))
    held: Counter[str] = Counter()
    first, best, start = 0, 0, 0
    for place, word in found:
        held[word] += 1
        while found[first][0] < place - WINDOW * 3 // 4:
            held[found[first][1]] -= 1
            first += 1
        kinds = sum(map(bool, held.values()))
        if kinds > best:
            best, start = kinds, found[first][0]
    start = low.rfind("\n", max(0, start - WINDOW // 4), start) + 1 or start
    return " ".join(text[start:start + WINDOW].split())


def places_of(word: str, low: str) -> Iterator[tuple[int, str]]:
    """Where a word stands in a text of small letters, whatever its ending; a search for letters is ten times as quick as an expression."""
    stem, alone = (word, False) if SIGN.search(word) else (word[:max(3, len(word) - 2)], True)
    at = low.find(stem)
    while at >= 0:
        if not (alone and at and low[at - 1].isalnum()):
            yield at, stem
        at = low.find(stem, at + len(stem))
