"""Which pages to open, and which passages bear on a question: by their words (BM25), by meaning, and both together.

Words find what is named, meaning finds what is meant; each alone misses a third of what the other finds (docs/LOG.md has
the figures). Meaning is costly, some 10 ms a passage, so words choose what it looks at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.embed import Embedder
from agent.passages import passages
from agent.records import Hit, Page, Passage
from agent.wordings import STOPWORDS

if TYPE_CHECKING:
    import numpy as np

WORD = re.compile(r"[^\W_]+")
EACH_PAGE = 6  # passages of every page that meaning looks at, however few of the question's words they share
OVER_ALL = 40  # and of all pages together, the best by words
BY_WORDS = 0.35  # the weight of words against meaning: flat between 0.2 and 0.5
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
    """How near each text is in meaning to one question; a text is looked at once."""

    def __init__(self, question: str, embedder: Embedder) -> None:
        self.question, self.embedder, self.known = question, embedder, {}

    def of(self, texts: Sequence[str]) -> list[float]:
        """A cosine a text; all 0 where there is no embedder."""
        new = [text for text in dict.fromkeys(texts) if text not in self.known]
        if new and self.embedder.ready:
            vectors = self.embedder.vectors([self.question, *new])
            self.known.update(zip(new, map(float, vectors[1:] @ vectors[0]), strict=True))
        return [self.known.get(text, 0.0) for text in texts]


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


def rank(question: str, pages: Sequence[Page], embedder: Embedder | None) -> list[Ranked]:
    """The passages of these pages that meaning looked at, best first; without the embedder, the best by words."""
    found = [(page, passage) for page in pages for passage in passages(page)]
    if not found:
        return []
    by_words = word_scores(question, found)
    if embedder is None or not embedder.ready:
        order = by_words.argsort()[::-1][:OVER_ALL]
        return [Ranked(*found[i], float(by_words[i]), float(by_words[i]), 0.0) for i in order]
    looked = preselect(by_words, [page.sha256 for page, _ in found])
    vectors = embedder.vectors([question, *[in_context(*found[i]) for i in looked]])
    meaning = vectors[1:] @ vectors[0]
    score = BY_WORDS * by_words[looked] + (1 - BY_WORDS) * spread(meaning)
    order = score.argsort()[::-1]
    return [Ranked(*found[looked[i]], float(score[i]), float(by_words[looked[i]]), float(meaning[i])) for i in order]


def spread(values: np.ndarray) -> np.ndarray:
    """The same order, from 0 to 1."""
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else values * 0


def word_scores(question: str, found: Sequence[tuple[Page, Passage]]) -> np.ndarray:
    """BM25 of each passage with its headings and its page's title, the best being 1."""
    import bm25s
    import numpy as np
    import Stemmer

    stem = Stemmer.Stemmer("english").stemWords
    documents = [stem(terms(f"{passage.text} {above(page, passage)}")) or ["~"] for page, passage in found]
    index = bm25s.BM25()
    index.index(documents, show_progress=False)
    asked = [term for term in dict.fromkeys(stem(terms(question))) if term in index.vocab_dict]
    scores = index.get_scores(asked) if asked else np.zeros(len(found), np.float32)
    return scores / (scores.max() or 1)


def terms(text: str) -> list[str]:
    return [word for word in WORD.findall(text.lower()) if len(word) > 1 and word not in STOPWORDS]


def above(page: Page, passage: Passage) -> str:
    return " ".join([page.title, *passage.headings])


def in_context(page: Page, passage: Passage) -> str:
    """A passage as meaning sees it: after its page's title and the two headings nearest to it."""
    return f"{page.title}. {' '.join(passage.headings[-2:])}: {' '.join(passage.text.split())}"


def preselect(by_words: np.ndarray, page_of: Sequence[str]) -> list[int]:
    order = [int(place) for place in by_words.argsort()[::-1]]
    kept, counts = set(order[:OVER_ALL]), dict.fromkeys(page_of, 0)
    for place in order:
        if counts[page_of[place]] < EACH_PAGE:
            counts[page_of[place]] += 1
            kept.add(place)
    return sorted(kept)
