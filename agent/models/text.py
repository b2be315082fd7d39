"""What comes out of a model, looked at while it streams: thinking left out, endless repetition noticed, halves put together.

Knows nothing of endpoints or HTTP.
"""

from __future__ import annotations

import re

from agent.tokens import count

OPEN, CLOSE = "<think>", "</think>"
LOOP_TAIL, LOOP_PERIOD = 2400, 600  # at least four repetitions of at most 600 characters
LOOK_EVERY = 200
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")  # no letters: they move a cursor, break XML, or part lines unseen


class Speech:
    """The answer without its thinking part. Only a `<think>` at the very start counts: later it may be quoted text."""

    def __init__(self) -> None:
        self.said = ""
        self.thought = False
        self._held = ""
        self._state = "start"

    def feed(self, piece: str) -> tuple[bool, str]:
        """(whether all said so far turned out to be thinking, what is new to be said)."""
        if self._state == "said":
            return self._say(piece)
        self._held += piece
        if self._state == "start":
            self._begin()
        if self._state == "thinking":
            self._think()
        return self._say(self._release()) if self._state == "said" else (False, "")

    def rest(self) -> str:
        """What was held back when the stream ended; thinking that never ended is not it."""
        return self._say(self._release())[1] if self._state == "start" else ""

    def _begin(self) -> None:
        start = self._held.lstrip()
        if start.startswith(OPEN):
            self._state, self._held, self.thought = "thinking", start[len(OPEN) :], True
        elif not OPEN.startswith(start):
            self._state = "said"

    def _think(self) -> None:
        before, close, after = self._held.partition(CLOSE)
        self._held = after if close else before[-len(CLOSE) :]
        if close:
            self._state = "said"

    def _release(self) -> str:
        held, self._held, self._state = self._held, "", "said"
        return held

    def _say(self, piece: str) -> tuple[bool, str]:
        piece = piece if self.said else piece.lstrip()
        self.said += piece
        if self.thought or CLOSE not in self.said[-len(piece) - len(CLOSE) :]:
            return False, piece
        # some servers swallow the opening tag: then all until the first closing tag was thinking
        before, _, after = self.said.partition(CLOSE)
        self.thought = True
        if OPEN in before:
            return False, piece
        self.said = after.lstrip()
        return True, self.said


class LoopWatch:
    """Notices that a text goes round in circles: its last 2,400 characters are one short piece again and again."""

    def __init__(self) -> None:
        self._tail = ""
        self._fresh = 0

    def turns(self, piece: str) -> bool:
        self._tail = (self._tail + piece)[-LOOP_TAIL:]
        self._fresh += len(piece)
        if self._fresh < LOOK_EVERY or len(self._tail) < LOOP_TAIL:
            return False
        self._fresh = 0
        return repeats(self._tail)


def repeats(text: str) -> bool:
    return any(text[period:] == text[:-period] for period in range(1, LOOP_PERIOD + 1))



class Halves:
    """Puts letters together that came in two halves (surrogates), and leaves out what is none."""

    def __init__(self) -> None:
        self._half = ""

    def joined(self, piece: str) -> str:
        piece, self._half = self._half + piece, ""
        if piece and "\ud800" <= piece[-1] <= "\udbff":
            piece, self._half = piece[:-1], piece[-1]
        return letters(piece)


def letters(text: str) -> str:
    """The text without lone halves and without what cannot be seen; lines and tabs stay."""
    return UNSEEN.sub("", text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


DECLINES = re.compile(
    r"(?:i'?m sorry|i am sorry|sorry|i apologi[sz]e|unfortunately)?[,.!]?\s*(?:but )?(?:as an ai[^,.]*, )?"
    r"(?:i (?:can(?:no|')t|can not|won't|will not|must decline to)|i(?:'m| am) (?:unable|not able) to) "
    r"(?:help|assist|comply|fulfil|engage with|continue with|discuss that|do that)",
    re.IGNORECASE)


def declines(text: str) -> bool:
    """Whether a whole answer is one of the usual refusals, and no more than that."""
    return len(text) < 400 and DECLINES.match(text.replace("\u2019", "'").strip()) is not None


def roughly(text: str) -> int:
    """About how many tokens a text has: those of one family of models, exactly; others count a little differently."""
    return count(text)
