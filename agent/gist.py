"""What a page says in short and which questions it answers, with no model: its own sentences, and questions formed from them.

The forms are English; of a page in another language only its headings become questions. A question counts only where it
leads back to the place that it came from: asked like any other, it finds that passage first of all the page's passages.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from math import log
from typing import TYPE_CHECKING

from agent.answer import judge
from agent.embed import Embedder
from agent.passages import Sentence, all_of
from agent.quotes import stands
from agent.rank import Likeness, rank, terms
from agent.records import Page

if TYPE_CHECKING:
    import numpy as np

SUMMARY = 4  # sentences,
SHARE = 0.34  # and no more than this of a short page's
LOOKED_AT = 120  # sentences that meaning compares: a second and a half
LEAD, TITLE = 0.15, 0.5  # what stands first in a page, and what is like its title, is more often what it is about
REPEATED = 0.45  # what likeness to a sentence that is taken already costs
SHORTEST, LONGEST = 40, 350  # characters of a sentence that can stand alone
TRIED = 30  # questions, each some 20 ms
NEXT = 3  # passages after the first that may be its part's beginning
OF_ONE_PART = 2  # questions under one heading

NO_START = frozenset(
    "this that these those it its he she they his her their there here such both either neither another one some all each most many "
    "however but and or so also then thus therefore hence otherwise instead moreover furthermore if when while where although since "
    "because as in on at for with by from to what which who we you i see note please click read optional additional same".split())
NO_PART = frozenset(
    "introduction overview contents references notes example examples summary conclusion abstract".split()) | {
    "see also", "external links", "further reading", "table of contents", "related articles", "read more", "share this"}
NUMBERED = re.compile(r"^(?:[\dA-Z]{1,2}\.)+\d*\.?\s+|^\d+(?:\.\d+)*\.?\s+|^§\s*[\d.]+\s*")
SIGNS = re.compile(r"[*_`#¶]+(?=\W|$)|(?<!\w)[*_`#¶]+")
ASKS = re.compile(r"(?:how|why|when|where|what|which|who)(?:['’]s)? (?:is|are|was|were|do|does|did|can|could|should|will|not)\b",
                  re.IGNORECASE)
TO_DO = re.compile(r"(how|when|where|what) to (.+)", re.IGNORECASE)
DEFINES = re.compile(r"(?P<what>[^,.;:()“”\"]{2,60}?) (?P<is>is|are|was|were) (?:an?|the|one of|used|any|called|known) \w")
DOES = re.compile(r"(?P<what>[^,.;:()“”\"]{2,50}?) (?P<does>returns|creates|provides|requires|supports|contains|controls|prevents|causes|"
                  r"allows|determines|specifies|raises|means|improves|reduces|replaces) \w")
ARTICLE = re.compile(r"^(?:the|an?) ", re.IGNORECASE)
WHEN = re.compile(r"(?P<when>When|If|Once|After) (?P<what>[^,;:()]{12,140}), (?:then )?\w")
IN_ORDER = re.compile(r"(?:In order )?[Tt]o (?P<do>[a-z]+ [^,;:()]{6,100}), \w")
JOINED = re.compile(r"\b(?:that|which|who|is|are|was|were|has|have|can|will|must|and|or|also|only|not|just)\b")
POINTS = re.compile(r"\b(?:this|these|those|it|its|they|them|their|he|she|his|her|such|here|above|below|following|previous|i|we|our|my)\b",
                    re.IGNORECASE)


@dataclass(frozen=True)
class Asked:
    """A question and the span that answers it; `part` are the headings over that."""

    question: str
    start: int
    end: int
    part: tuple[str, ...]


# ---------------------------------------------------------------- the summary

def gist(page: Page, embedder: Embedder) -> list[Sentence]:
    """The sentences that are nearest to all that the page says and least like each other, in the page's order."""
    able = list({page.text[one.start:one.end]: one for one in reversed(all_of(page.text)) if can_stand(page, one)}.values())[::-1]
    most = min(SUMMARY, max(1, int(SHARE * len(able))))
    if len(able) <= most:
        return able
    texts = [page.text[one.start:one.end] for one in able]
    if not embedder.ready:
        return [able[place] for place in sorted(by_words(texts)[:most])]
    looked = nearest(embedder.rough([terms(text) for text in texts]), LOOKED_AT)
    vectors = embedder.vectors([*(texts[place] for place in looked), page.title or texts[0]])
    middle = vectors[:-1].mean(axis=0) + TITLE * vectors[-1]
    return [able[place] for place in sorted(looked[place] for place in unlike(vectors[:-1], middle, most))]


def can_stand(page: Page, one: Sentence) -> bool:
    """Whether it is prose that says something without the sentence before it."""
    first = re.match(r"\W*(\w+)", page.text[one.start:one.end])
    return is_prose(page, one) and bool(first) and first[1].lower() not in NO_START


def is_prose(page: Page, one: Sentence) -> bool:
    """Whether it is one whole sentence of words, and stands so in the page as it came."""
    text = page.text[one.start:one.end]
    words = sum(sign.isalpha() or sign == " " for sign in text)
    return (not one.code and "\n" not in text and SHORTEST <= len(text) <= LONGEST and words > 0.8 * len(text)
            and (text[0].isalnum() or text[0] in "“‘\"'(«„「") and not text[0].islower()
            and text.rstrip("\"'”’)]").endswith((".", "!", "。", "！")) and stands(page, one.start, one.end, text))


def nearest(vectors: np.ndarray, most: int) -> list[int]:
    """The places of those that are nearest to the mean, in their order."""
    return sorted(int(place) for place in (vectors @ vectors.mean(axis=0)).argsort()[::-1][:most])


def unlike(vectors: np.ndarray, middle: np.ndarray, most: int) -> list[int]:
    """Places chosen one by one: near to the middle, early, and unlike those that are chosen (maximal marginal relevance)."""
    import numpy as np

    worth = vectors @ middle + LEAD * np.linspace(1, 0, len(vectors))
    chosen: list[int] = []
    while len(chosen) < most:
        alike = (vectors @ vectors[chosen].T).max(axis=1) if chosen else np.zeros(len(vectors))
        score = worth - REPEATED * alike
        score[chosen] = -np.inf
        chosen.append(int(score.argmax()))
    return chosen


def by_words(texts: Sequence[str]) -> list[int]:
    """Places, those first whose words the page uses most."""
    counts = Counter(word for text in texts for word in terms(text))
    worth = [sum(log(counts[word]) for word in set(terms(text))) / (6 + len(set(terms(text)))) for text in texts]
    return sorted(range(len(texts)), key=lambda place: -worth[place])


# ---------------------------------------------------------------- questions

def asked_of(page: Page, embedder: Embedder, most: int) -> list[Asked]:
    """Up to `most` questions that lead back to the passage that answers them, in the page's order."""
    lead, found, parts = Way(page, embedder), [], Counter()
    for one in islice(candidates(page), TRIED):
        if len(found) == most or parts[one.part] == OF_ONE_PART or any(overlap(one, other) for other in found):
            continue
        if back := lead.back(one):
            found.append(back)
            parts[one.part] += 1
    return sorted(found, key=lambda one: one.start)


class Way:
    """The way from a question to a page's passages; a passage's meaning is looked at once for all questions."""

    def __init__(self, page: Page, embedder: Embedder) -> None:
        self.page, self.embedder, self.seen = page, embedder, {}

    def back(self, one: Asked) -> Asked | None:
        """The question with the sentences to quote, if its own place is the first that it finds and that is called an answer."""
        best = rank([self.page], Likeness(one.question, self.embedder, self.seen))[:NEXT]
        mine = [ranked.passage for ranked in best if one.start < ranked.passage.end and ranked.passage.start < one.end]
        if not mine or mine[0] != best[0].passage or judge(one.question, best[:1], self.embedder.unusual).sentences:
            return None
        first = min(mine, key=lambda passage: passage.start)  # a part answers its heading at its beginning sooner than at its end
        start, end = max(one.start, first.start), min(one.end, first.end)
        held = [told for told in all_of(self.page.text) if start <= told.start and told.end <= end and is_prose(self.page, told)]
        if not held or not stands(self.page, *(span := (held[0].start, held[-1].end)), self.page.text[slice(*span)]):
            return None
        return Asked(one.question, *span, one.part)


def overlap(one: Asked, other: Asked) -> bool:
    return (one.start < other.end and other.start < one.end) or one.question.lower() == other.question.lower()


def candidates(page: Page) -> Iterator[Asked]:
    """What may be asked: by headings that ask, by sentences of a telling form, by other headings."""
    parts = [(path, list(group)) for path, group in groupby(all_of(page.text), key=lambda one: one.headings)]
    told = [(path, group) for path, group in parts if path and any(is_prose(page, one) for one in group)]
    asks = [(question, path, prose) for path, prose in told if (question := of_asking(plain(path[-1])))]
    yield from (Asked(question, prose[0].start, prose[-1].end, path) for question, path, prose in asks)
    if page.language.lower()[:2] in ("", "en"):
        able = [one for one in all_of(page.text) if is_prose(page, one)]
        for form in (of_definition, of_deed, of_condition, of_purpose):
            yield from (Asked(question, one.start, one.end, one.headings) for one in able
                        if (question := form(page.text[one.start:one.end])))
    title = short_title(page.title)
    yield from (Asked(of_heading(plain(path[-1]), title), prose[0].start, prose[-1].end, path)
                for path, prose in told if title and is_subject(plain(path[-1]), page.title))


def plain(heading: str) -> str:
    return " ".join(SIGNS.sub("", NUMBERED.sub("", heading)).split()).rstrip(":¶ ")


def of_asking(heading: str) -> str:
    """The question that a heading asks, "" if it asks none."""
    if heading.endswith(("?", "？")):
        return heading if len(heading.split()) > 2 or heading.endswith("？") else ""
    if told := TO_DO.fullmatch(heading):
        return f"{told[1].capitalize()} {'do' if told[1].lower() == 'how' else 'should'} you {told[2]}?"
    return f"{heading}?" if ASKS.match(heading) else ""


def of_heading(heading: str, title: str) -> str:
    return f"What does “{title}” say about “{heading}”?"


def of_condition(sentence: str) -> str:
    found = WHEN.match(sentence)
    if not found or POINTS.search(found["what"]):
        return ""
    asks = "should you do" if found["what"].startswith("you ") else "happens"
    return f"What {asks} {found['when'].lower()} {found['what']}?"


def of_purpose(sentence: str) -> str:
    found = IN_ORDER.match(sentence)
    return f"How do you {found['do']}?" if found and not POINTS.search(found["do"]) else ""


def of_definition(sentence: str) -> str:
    found = DEFINES.match(sentence)
    return f"What {found['is']} {subject}?" if found and (subject := subject_of(found["what"])) else ""


def of_deed(sentence: str) -> str:
    found = DOES.match(sentence)
    return f"What does {subject} {found['does'].removesuffix('s')}?" if found and (subject := subject_of(found["what"])) else ""


def subject_of(words: str) -> str:
    """What a sentence speaks of, as it stands in a question; "" for what cannot be understood without the page."""
    bare = plain(ARTICLE.sub("", words))
    if not bare or len(bare.split()) > 6 or bare.split()[0].lower() in NO_START or JOINED.search(bare):
        return ""
    article = ARTICLE.match(words)
    if article and article[0].lower() == "the " and len(bare.split()) == 1 and bare.islower():
        return ""
    return f"{article[0].lower()}{bare}" if article else bare


def is_subject(heading: str, title: str) -> bool:
    return heading.lower() not in NO_PART and 3 <= len(heading) <= 80 and bool(terms(heading)) and heading.lower() not in title.lower()


def short_title(title: str) -> str:
    """A page's title without its site's name after a bar or a dash."""
    first = re.split(r"\s+[|—–·»]\s+|\s+-\s+(?=[^-]*$)", plain(title))[0]
    return first if len(first) <= 80 else first[:80].rsplit(" ", 1)[0] + "…"


def texts(page: Page, spans: Iterable[Sentence]) -> list[str]:
    return [page.text[one.start:one.end] for one in spans]
