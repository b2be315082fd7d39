"""What may be asked: one place for every door."""

from __future__ import annotations

import unicodedata

from agent.errors import BadInput

LONGEST = 4000  # characters: more than any question needs, less than a page pasted by mistake


def checked(question: str) -> str:
    """The question, trimmed. Raises BadInput if it is empty, too long or not text; what it says is never judged."""
    asked = question.strip()
    if not asked:
        raise BadInput("Nothing was asked. Type a question.")
    if len(asked) > LONGEST:
        raise BadInput(
            f"The question has {len(asked):,} characters, and at most {LONGEST:,} can be asked. Ask for the heart of it."
        )
    if any(is_binary(char) for char in asked):
        raise BadInput("The question holds characters that are not text (binary data?). Type it in words.")
    if not any(char.isalnum() for char in asked):
        raise BadInput("The question holds no words. Ask it in words.")
    return asked


def is_binary(char: str) -> bool:
    """Control characters, halves of surrogate pairs, unassigned ones, and the mark of bytes that were no text."""
    return char == "\ufffd" or (unicodedata.category(char) in ("Cc", "Cs", "Cn") and char not in "\n\r\t")
