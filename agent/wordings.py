"""A few wordings of a question, for searching: with no model, from the question's own words.

A question as people ask it carries much that no page says ("I'm", "how do I", "right?"). Engines that match words are
helped by fewer, rarer ones; engines that read meaning are helped by the question itself. So both are asked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from math import log

STOPWORDS = frozenset(
    "a about actually after again ago all already also always am an and another any anybody anyone anything are as ask asked at away "
    "be because been before being best between both but by call called came can cannot come comes could did do does doing done down "
    "each either else end ends enough even ever every everything exactly far few find first for from get gets getting give given gives go "
    "goes going gone got had happen happens has have having he her here him his how however i if in instead into is it its itself just "
    "keep keeps kind know known last least leave left less let lets like long look looks lot made make makes making many may maybe me mean "
    "means might mine more most much must my myself name near need needs neither never new next no none nor not nothing now of off "
    "often on once one only onto or other our out over own part people per perhaps please point put quite rather really right roughly "
    "said same say says see seem seems shall she should since so some somebody someone something soon sort still such take takes tell "
    "tells than that the their them then there these they thing things think this those though through to together told too try trying "
    "turn two under until up upon us use used uses using very want wants was way we well went were what whatever when where "
    "whether which while who whole whom whose why will wish with within without won word work works would yes yet you your yours "
    "true false correct according accordingly "
    "i'm i've i'd i'll it's that's what's there's don't doesn't didn't can't won't isn't aren't wasn't you're they're we're let's".split()
)
WORD = re.compile(r"[^\W_](?:[\w.+#/-]*[\w+#])?(?:['’]\w+)?")
TERM = re.compile(r"[^\W_]+")
CLAUSE = re.compile(r"(?:[,;:.?!–—]|\s-\s|\b(?:and|but|or|because|when|while|if|so|then|compared|than|versus|vs)\b)+\s*", re.IGNORECASE)


def wordings(question: str, most: int) -> list[str]:
    """Up to `most` different wordings, the question itself first, then one for each thing named, then its clauses."""
    question = " ".join(question.split())[:400]
    content = content_words(question)
    named = names(question)
    found = [question, " ".join(content)]
    if len(named) > 1:
        found += [" ".join(word for word in content if word not in named or word == name) for name in named]
    found += [" ".join(words) for words in clauses(question)]
    return distinct(found, most)


def content_words(text: str) -> list[str]:
    """The words that carry meaning, in order, each once."""
    words = (re.sub(r"['’]s$", "", word) for word in WORD.findall(text))
    return list(dict.fromkeys(word for word in words if word.lower().replace("’", "'") not in STOPWORDS))


def names(question: str) -> list[str]:
    """What the question names: words written as names or as code, not merely because a sentence starts with them."""
    starts = {match.end() for match in re.finditer(r"(?:^|[.?!:]\s+)[\"'“(]*", question)}
    found = [m[0] for m in WORD.finditer(question) if m.start() not in starts or re.search(r".[A-Z\d_]", m[0])]
    named = (re.sub(r"['’]s$", "", word) for word in found if re.search(r"[A-Z_]", word) and len(word) > 1)
    return list(dict.fromkeys(word for word in named if word.lower().replace("’", "'") not in STOPWORDS))


def clauses(question: str) -> list[list[str]]:
    """The content words of each clause that has enough of them to be searched for by itself, with what the question names."""
    parts = [content_words(part) for part in CLAUSE.split(question)]
    named = names(question)[:1]
    return [[*(n for n in named if n not in part), *part] for part in parts if len(part) >= 3]


def widened(question: str, best: Sequence[str], all_texts: Sequence[str], most: int = 10) -> str:
    """A wording in the words of what was found: what the question names, and the terms that mark the best results.

    `best` and `all_texts` are titles with snippets. A term counts for more the fewer results carry it (pseudo-relevance
    feedback, as Rocchio's, with inverse document frequency for its weights).
    """
    carried = Counter(term for text in all_texts for term in set(plain_terms(text)))
    asked, weight = set(plain_terms(question)), Counter()
    for place, text in enumerate(best):
        for term in sorted(set(plain_terms(text)) - asked):
            weight[term] += log(1 + len(all_texts) / max(1, carried[term])) / (1 + place / 5)
    return " ".join([*names(question), *(term for term, _ in weight.most_common(most))])


def plain_terms(text: str) -> list[str]:
    words = (match[0] for match in TERM.finditer(text.lower()))
    return [word for word in words if len(word) > 2 and not word.isdigit() and word not in STOPWORDS]


def distinct(found: list[str], most: int) -> list[str]:
    """The first `most` that differ in their words. One word alone finds everything, so only a question may be that."""
    kept: dict[frozenset[str], str] = {}
    for wording in found:
        words = frozenset(map(str.lower, content_words(wording)))
        if len(words) > 1 or wording == found[0]:
            kept.setdefault(words, wording)
    return list(kept.values())[:most]
