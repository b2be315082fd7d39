"""Sub-topics of a question without a model: the headings under which its best passages stand, and the terms that mark them.

Each becomes a lane of its own, that is searched for in the words of what was found.
"""

from __future__ import annotations

import re
from collections import Counter

from agent.look import Inquiry
from agent.rank import in_context, rank, terms
from agent.wordings import names, plain_terms, widened

LOOKED_AT = 40  # passages
MOST = {False: 1, True: 3}  # sub-topics, by whether the answer is a report
MARK = re.compile(r"[`*_#¶]|^[\d.]+\s+")


def topics_of(inquiry: Inquiry, report: bool) -> list[list[str]]:
    """Up to MOST of [what the sub-topic is called, a wording to search for it]."""
    ranked = rank(list(inquiry.pages.values()), inquiry.likeness)[:LOOKED_AT]
    if not ranked:
        return []
    question, worth, shown = inquiry.item.text, Counter(), {}
    for one in ranked:
        heading = MARK.sub("", "".join(one.passage.headings[-1:])).strip()
        key = " ".join(sorted(set(terms(heading))))
        if key and len(heading) <= 80:
            worth[key] += max(0.0, one.score)
            shown.setdefault(key, (heading, []))[1].append(in_context(one.page, one.passage))
    texts = [in_context(one.page, one.passage) for one in ranked]
    found = [["", widened(question, texts[:5], texts)]]
    for key, _ in worth.most_common(2 * MOST[report]):
        heading, own = shown[key]
        if len(set(plain_terms(heading)) - set(plain_terms(question))) > 0:
            found.append([heading, " ".join(dict.fromkeys([*names(question), *heading.split(), *marking(own, texts, question)]))])
    return [[heading or found_name(wording, question), wording] for heading, wording in found][:MOST[report]]


def found_name(wording: str, question: str) -> str:
    """What a sub-topic that has no heading is called: by the terms that mark what was found."""
    fresh = [term for term in wording.split() if term.lower() not in question.lower()]
    return ", ".join(fresh[:4]) or wording


def marking(own: list[str], texts: list[str], question: str, most: int = 3) -> list[str]:
    """The terms that mark these texts among all of them."""
    fresh = set(plain_terms(question))
    return [term for term in widened("", own, texts, most + 5).split() if term not in fresh][:most]
