"""Letters that nobody sees: they say where a line may break or how letters join, and would keep a word from being found."""

from __future__ import annotations

import re

# Thai, Khmer and their like part words by U+200B; Arabic, Indic and Mongolian letters and emoji are shaped by joiners.
BREAKING, JOINED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff", (
    r"\u0590-\u08ff\u0900-\u109f\u1780-\u18af\u1a00-\u1cff\u2190-\u2bff\ua800-\uabff\ufb1d-\ufdff\ufe0f\ufe70-\ufefe\U0001f000-\U0001faff")
UNSEEN = re.compile(rf"[\u00ad\u2060\ufeff]|(?<![{BREAKING}])\u200b|(?<![{JOINED}])[\u200c\u200d](?![{JOINED}])")
WIDE = r"\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff60\U00020000-\U0003ffff"  # Korean parts its words by blanks
WIDE_BREAK = re.compile(rf"(?<=[{WIDE}])[ \t]*[\r\n]\s*(?=[{WIDE}])")


def seen(text: str) -> str:
    """The text without them, and without the line breaks that part letters of a script without blanks."""
    return text if text.isascii() else WIDE_BREAK.sub("", UNSEEN.sub("", text))
