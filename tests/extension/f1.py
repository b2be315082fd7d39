"""How alike two texts are, by their words."""

from __future__ import annotations

import re
from collections import Counter


def f1(one: str, other: str) -> float:
    """Of the words of two texts, each counted as often as it stands there."""
    left, right = (Counter(re.findall(r"\w+", without_head(text).lower())) for text in (one, other))
    shared = sum((left & right).values())
    return 2 * shared / max(1, left.total() + right.total())


def without_head(text: str) -> str:
    """Without the provenance on top, which differs by how the page came."""
    return re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
