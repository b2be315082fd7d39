"""Do two pages say nearly the same? Versions, mirrors and print views of one text count as one source. And does a sentence add anything?

By the resemblance of their runs of words (Broder 1997): of all runs of five words those with the smallest hashes are
kept, and the share of them that two pages have in common estimates the share of all. Knows nothing of addresses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from heapq import nsmallest
from zlib import crc32

from agent.facts import denies
from agent.records import Claim, Page
from agent.wordings import content_words

RUN = 5  # words
KEPT = 256  # hashes: a resemblance of .9 is then known to ±.02
NEAR = 0.9  # of what one page says: pages of two versions of a manual stay two sources if a tenth differs
WORD = re.compile(r"\w+")
DENIAL = re.compile(r"[\w'’]+")
MOST_WORDS = 5_000  # of a page: some 4 ms


@dataclass(frozen=True)
class Sketch:
    page: Page
    hashes: frozenset[int]


@lru_cache(maxsize=512)
def hashes_of(text: str) -> frozenset[int]:
    words = WORD.findall(text.lower())[:MOST_WORDS]
    runs = (" ".join(words[at:at + RUN]) for at in range(max(1, len(words) - RUN + 1)))
    return frozenset(nsmallest(KEPT, {crc32(run.encode("utf-8", "replace")) for run in runs}))


def sketch_of(page: Page) -> Sketch:
    return Sketch(page, hashes_of(page.text))


def too_near(one: Sketch, other: Sketch) -> bool:
    """Whether their resemblance is NEAR or more."""
    both, either = one.hashes & other.hashes, one.hashes | other.hashes
    if len(both) < NEAR * min(KEPT, len(either)):  # of a hundred pages each is compared with each: most end here
        return False
    smallest = nsmallest(KEPT, either)
    return sum(value in both for value in smallest) >= NEAR * len(smallest)


def adds_nothing(claim: Claim, other: Claim) -> bool:
    """Whether another sentence says all that this one says, of the same quotes: each of its telling words, and the same negations."""
    import Stemmer

    stems = [set(Stemmer.Stemmer("english").stemWords([word.lower() for word in content_words(one.text)])) for one in (claim, other)]
    denials = [sum(map(denies, DENIAL.findall(one.text))) for one in (claim, other)]
    same = bool(claim.citations) and set(claim.citations) <= set(other.citations)
    return same and stems[0] <= stems[1] and denials[0] == denials[1]
