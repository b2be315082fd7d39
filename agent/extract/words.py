"""How many words a text has, also where its script writes no blanks between them. Knows no page."""

from __future__ import annotations

import re

UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def word_count(text: str) -> int:
    """Words, where two characters of a script without blanks count as one."""
    words = len(text.split())
    return words if text.isascii() else words + len(UNSPACED.findall(text)) // 2
