"""How much an endpoint takes in at once: what was set, corrected by what it says when it was too much.

Knows the usual wordings of such complaints, and no HTTP.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass

from agent.models.text import roughly
from agent.models.wire import Fault

LEAST = 512  # tokens: in less room nothing can be asked
NOTABLE = 1000  # tokens: of a shorter prompt a count says nothing about how this model counts

TOO_LONG = re.compile(
    r"context.?(?:length|window|size|limit)|maximum (?:model|prompt|input) length|(?:prompt|input|request|conversation)[\w ]* too "
    r"(?:long|large)|too many (?:input )?tokens|token count[^.]* exceeds|reduce the length|exceeds? the (?:available|model'?s) context|"
    r"trying to keep the first|larger than the model'?s max|request_too_large|maximum (?:number of )?tokens allowed",
    re.IGNORECASE)
LIMIT = re.compile(
    r"(?:maximum|max)[ \w]* (?:context|model|prompt|input) length (?:of|is)(?: only)? (\d+)|context (?:size|length|window)"
    r"(?: of| is|:)?(?: only)? ?\(?(\d+)|> ?(\d+)|tokens allowed \((\d+)\)|(\d+) maximum|n_ctx\D{1,5}(\d+)|Limit (\d+), Requested",
    re.IGNORECASE)
ANSWER_TOO_LONG = re.compile(
    r"at most (\d+) (?:completion|output) tokens|max_(?:completion_|output_)?tokens\W+(?:must be |should be |to be )?"
    r"(?:less than or equal to|<=|at most)\W+(\d+)|max_tokens: \d+ > (\d+), which is the maximum allowed number of output",
    re.IGNORECASE)


class Overflow(Fault):
    """More was asked than the endpoint takes in at once. `limit` is what it says it takes, 0 if it does not say."""

    def __init__(self, message: str, limit: int = 0, answer: bool = False) -> None:
        super().__init__(message, rest=False)
        self.limit, self.answer = limit, answer

    def saying(self, message: str) -> Overflow:
        """The same, in other words."""
        return Overflow(message, self.limit, self.answer)


@dataclass(frozen=True)
class Room:
    """How one ask is cut: so many tokens for its messages (by our count), so many for the answer, of this window."""

    prompt: int
    answer: int
    window: int


class Window:
    """May be used by many threads; only ever gets smaller."""

    def __init__(self, tokens: int) -> None:
        self._lock = threading.Lock()
        self._tokens, self._most_answer, self._ratio = tokens, tokens, 1.0

    def room(self, max_tokens: int, extra: int = 0) -> Room:
        """Room for an answer and `extra` tokens of our own; the messages get the rest, less what counting may be off."""
        with self._lock:
            tokens, most, ratio = self._tokens, self._most_answer, self._ratio
        answer = min(max_tokens, most, tokens // 2)
        prompt = int((tokens - answer - 128 - tokens // 16) / ratio) - extra
        if prompt < LEAST:
            raise Fault(f"takes in {tokens:,} tokens at once, which is too few for this", rest=False)
        return Room(prompt, answer, tokens)

    def shrink(self, fault: Overflow, tried: int) -> None:
        """Learns from a complaint about an ask made for a window of `tried` tokens: what it says, else half."""
        with self._lock:
            if fault.answer:
                self._most_answer = min(self._most_answer, max(fault.limit, 1))
            else:
                told = fault.limit if LEAST < fault.limit < tried * 0.95 else tried // 2
                self._tokens = min(self._tokens, told)

    def counted(self, ours: int, theirs: int) -> None:
        """Learns that this model counts more tokens than we do."""
        if ours >= NOTABLE and ours < theirs <= 3 * ours:
            with self._lock:
                self._ratio = max(self._ratio, theirs / ours)


def overflow(said: str, status: int = 0) -> Overflow | None:
    """The complaint, if an endpoint's words are one about length (or its status is 413)."""
    if found := ANSWER_TOO_LONG.search(said):
        return Overflow("writes shorter answers at most", number_in(found.groups()), answer=True)
    if status != 413 and not TOO_LONG.search(said):
        return None
    found = LIMIT.search(said.replace(",", ""))
    return Overflow("finds the request too long", number_in(found.groups()) if found else 0)


def number_in(groups: tuple[str | None, ...]) -> int:
    return next((int(group[:12]) for group in groups if group), 0)


def cut_off(ours: int, theirs: int) -> bool:
    """Whether the endpoint silently left out a part of the prompt, as Ollama does: it then read exactly its window."""
    return theirs >= NOTABLE and theirs < ours * 0.8 and theirs % 1024 in (0, 1, 1023)


def size(messages: list[dict[str, str]]) -> int:
    """About how many tokens messages are."""
    return sum(roughly(str(message.get("content", ""))) + 4 for message in messages)
