"""Which pages to open, and which passages bear on a question: by their words (BM25), by meaning, and both together.

Words find what is named, meaning finds what is meant (docs/LOG.md has the figures). Meaning is costly, some 10 ms a
passage, so words, and their rough meaning, choose what it looks at.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from agent.embed import Embedder
from agent.passages import passages
from agent.records import Hit, Page, Passage
from agent.wordings import STOPWORDS

if TYPE_CHECKING:
    import numpy as np

WORD = re.compile(r"[^\W_]+")
BY_WORD = 20  # passages of all pages that meaning looks at because of their words,
BY_ROUGH = 15  # and because of their words' rough meaning; without the second kind it must look at twice as many
CLOSER, CLOSER_PAGES = 30, 2  # then passages of the best pages, where an answer may stand in words of its own
WITHOUT_MEANING = 40
TITLE = 60  # characters
BY_WORDS = 0.35  # the weight of words against meaning: flat between 0.2 and 0.5
K1, B = 1.5, 0.75  # BM25's usual numbers: how soon more of the same word counts no more, and how much length counts
HIT_RANK = 10  # the k of reciprocal rank for search results: small, since their heads are what counts


@dataclass(frozen=True)
class Ranked:
    """A passage and how well it bears on the question: `score` orders; `meaning` is a cosine, comparable across questions."""

    page: Page
    passage: Passage
    score: float
    words: float
    meaning: float


class Likeness:
    """How near each text is in meaning to one question; a text is looked at once, for all that share `seen`."""

    def __init__(self, question: str, embedder: Embedder, seen: dict[str, np.ndarray] | None = None) -> None:
        self.question, self.embedder, self.lock = question, embedder, threading.Lock()
        self.seen = {} if seen is None else seen

    @cached_property
    def mine(self) -> np.ndarray:
        return self.embedder.vectors([self.question])[0]

    @cached_property
    def mine_rough(self) -> np.ndarray:
        return self.embedder.rough([terms(self.question)])[0]

    def rough(self, found: Sequence[tuple[Page, Passage]]) -> np.ndarray:
        """A quick cosine a passage, from its words alone."""
        return self.embedder.rough([words_of(*one) for one in found]) @ self.mine_rough

    def of(self, texts: Sequence[str]) -> list[float]:
        """A cosine a text; all 0 where there is no embedder."""
        with self.lock:
            new = [text for text in dict.fromkeys(texts) if text not in self.seen]
            if new and self.embedder.ready:
                self.seen.update(zip(new, self.embedder.vectors(new), strict=True))
        return [float(self.seen[text] @ self.mine) if text in self.seen else 0.0 for text in texts]


def in_short(hit: Hit) -> str:
    return f"{hit.title}. {hit.snippet}"


def choose_hits(rankings: Sequence[Sequence[Hit]], likeness: Likeness | None) -> list[Hit]:
    """All results, the most promising first: by reciprocal rank over the searches and over title and snippet by meaning."""
    hits = {hit.url: hit for ranking in reversed(rankings) for hit in ranking}
    if likeness and likeness.embedder.ready:
        near = dict(zip(hits, likeness.of([in_short(hit) for hit in hits.values()]), strict=True))
        rankings = [*rankings, sorted(hits.values(), key=lambda hit: -near[hit.url])]
    scores: dict[str, float] = {}
    for ranking in rankings:
        for place, hit in enumerate(ranking, 1):
            scores[hit.url] = scores.get(hit.url, 0) + 1 / (HIT_RANK + place)
    return [hits[url] for url in sorted(scores, key=scores.__getitem__, reverse=True)]


@lru_cache(maxsize=64)
def passages_of(page: Page) -> tuple[tuple[Page, Passage], ...]:
    """The page's passages, their words made ready too: while other pages are awaited there is time for it."""
    found = tuple((page, passage) for passage in passages(page))
    for one in found:
        words_of(*one)
    return found


def rank(pages: Sequence[Page], likeness: Likeness, by_meaning: bool = True, wide: int = 1) -> list[Ranked]:
    """The passages of these pages that meaning looked at, `wide` times as many as usual, best first.

    Without the embedder they are the best by words.
    """
    found = [one for page in pages for one in passages_of(page)]
    if not found:
        return []
    by_words = word_scores(terms(likeness.question), [words_of(*one) for one in found])
    if not by_meaning or not likeness.embedder.ready:
        order = by_words.argsort()[::-1][:wide * WITHOUT_MEANING]
        return [Ranked(*found[i], float(by_words[i]), float(by_words[i]), 0.0) for i in order]
    page_of = [page.sha256 for page, _ in found]
    rough = likeness.rough(found)
    looked = sorted({*best_of(by_words, page_of, wide * BY_WORD), *best_of(rough, page_of, wide * BY_ROUGH)})
    looked += closer(looked, weighed(found, looked, by_words, likeness)[0], page_of, spread(by_words) + spread(rough))
    score, meaning = weighed(found, looked, by_words, likeness)
    order = score.argsort()[::-1]
    return [Ranked(*found[looked[i]], float(score[i]), float(by_words[looked[i]]), float(meaning[i])) for i in order]


def weighed(found: Sequence[tuple[Page, Passage]], looked: Sequence[int], by_words: np.ndarray,
           likeness: Likeness) -> tuple[np.ndarray, np.ndarray]:
    """Of the passages at these places: words and meaning together, and meaning alone."""
    import numpy as np

    meaning = np.array(likeness.of([in_context(*found[i]) for i in looked]))
    return BY_WORDS * by_words[looked] + (1 - BY_WORDS) * spread(meaning), meaning


def closer(looked: Sequence[int], score: np.ndarray, page_of: Sequence[str], promise: np.ndarray) -> list[int]:
    """The places of the most promising passages of the best pages that meaning has not looked at."""
    best = list(dict.fromkeys(page_of[looked[i]] for i in score.argsort()[::-1]))[:CLOSER_PAGES]
    known = set(looked)
    return [int(i) for i in promise.argsort()[::-1] if page_of[i] in best and i not in known][:CLOSER]


def best_of(scores: np.ndarray, page_of: Sequence[str], most: int) -> set[int]:
    """The places of the `most` best, and of the best of every page."""
    order = [int(place) for place in scores.argsort()[::-1]]
    best_of_page = {page_of[place]: place for place in reversed(order)}
    return {*order[:most], *best_of_page.values()}


def spread(values: np.ndarray) -> np.ndarray:
    """The same order, from 0 to 1."""
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else values * 0


def word_scores(question: list[str], worded: Sequence[Sequence[str]]) -> np.ndarray:
    """BM25 of each passage's words for the question's, the best being 1.

    Lucene's form of it (Kamphuis et al. 2020, "Which BM25 do you mean?"), counted for the asked words alone: an index of all
    words would be used once and take ten times as long.
    """
    import numpy as np

    counts = counts_of(question, worded)
    lengths = np.array([len(words) or 1 for words in worded], np.float32)
    found_in = (counts > 0).sum(axis=0)
    rarity = np.log(1 + (len(worded) - found_in + 0.5) / (found_in + 0.5))
    scores = (counts / (counts + K1 * (1 - B + B * lengths / lengths.mean())[:, None])) @ rarity
    return scores / (scores.max(initial=0) or 1)


def counts_of(question: list[str], worded: Sequence[Sequence[str]]) -> np.ndarray:
    """How often each passage (a row) has each of the question's words (a column), whatever their endings."""
    import numpy as np
    import Stemmer

    stem = Stemmer.Stemmer("english").stemWords
    column = {stemmed: place for place, stemmed in enumerate(dict.fromkeys(stem(question)))}
    known = list({word for words in worded for word in words})
    place = {word: column[stemmed] for word, stemmed in zip(known, stem(known), strict=True) if stemmed in column}
    counts = np.zeros((len(worded), len(column)), np.float32)
    for row, words in enumerate(worded):
        for word in words:
            if word in place:
                counts[row, place[word]] += 1
    return counts


@lru_cache(maxsize=20_000)
def words_of(page: Page, passage: Passage) -> tuple[str, ...]:
    return tuple(terms(f"{passage.text} {page.title} {' '.join(passage.headings)}"))


def terms(text: str) -> list[str]:
    return [word for word in WORD.findall(text.lower()) if len(word) > 1 and word not in STOPWORDS]


def in_context(page: Page, passage: Passage) -> str:
    """A passage as meaning sees it: after its page's title and the heading nearest to it, both kept short."""
    heading = "".join(passage.headings[-1:])
    return f"{page.title[:TITLE]}. {heading[:TITLE]}: {' '.join(passage.text.split())}"
