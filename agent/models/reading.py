"""Reads one answer as it streams: what is said goes on, thinking is left out, and what is no answer is raised as a Fault."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agent.models.faults import Words
from agent.models.pump import Pump
from agent.models.records import Ask, Spent, Switched, Usage, Wrote
from agent.models.reply import Account, finish_of, nothing_said, pick_text, said_in
from agent.models.spending import priced, usage_of
from agent.models.text import Halves, LoopWatch, Speech, declines, roughly
from agent.models.window import Overflow, cut_off
from agent.models.wire import Fault

LETTERS_PER_TOKEN = 16  # far above any real text: more than this for each allowed token is a runaway


class Reading:
    """One answer of the endpoint `name` to `ask`, of which `max_tokens` were granted to the answer."""

    def __init__(self, name: str, words: Words, ask: Ask, asked: int, max_tokens: int) -> None:
        self.account = Account()
        self._name, self._words, self._ask, self._asked, self._max_tokens = name, words, ask, asked, max_tokens
        self._speech, self._halves, self._loop = Speech(), Halves(), LoopWatch()

    def of(self, pump: Pump) -> Iterator[Wrote | Switched]:
        for chunk in pump:
            piece = self._piece(chunk)
            self._check(self._loop.turns(piece), len(self.account.letters))
            pump.heard(len(piece))
            yield from self._said(*self._speech.feed(self._halves.joined(pick_text(chunk, "content"))))

    def end(self, ended: bool) -> Iterator[Wrote | Switched]:
        """What was still held back. Raises Fault where this is not the end of a whole answer; `ended`: it was said to be."""
        if not (self.account.finish or ended):
            raise Fault("broke off in the middle of its answer" if self.account.letters else "sent no answer")
        finish_of(self.account)
        rest = self._speech.rest()
        if not self._speech.said.strip():
            raise nothing_said(self.account)
        if declines(self._speech.said):
            raise Fault(f"declined to answer: {' '.join(self._speech.said.split())[:200]}", rest=False)
        yield from self._said(False, rest)
        self._whole_prompt()

    def usage(self, price: tuple[float, float, float]) -> Usage:
        wrote = roughly(self.account.letters)
        return priced(usage_of(self.account.usage, self._asked, wrote, self._max_tokens), price)

    def spent(self, price: tuple[float, float, float]) -> Spent:
        usage = self.usage(price)
        full = self.account.usage.get("completion_tokens") == self._max_tokens  # some endpoints call it a stop
        finish = "length" if full else finish_of(self.account)
        return Spent(self._name, usage.prompt_tokens, usage.completion_tokens, finish, usage.cached_tokens, usage.money)

    def _said(self, void: bool, fresh: str) -> Iterator[Wrote | Switched]:
        if void:
            yield Switched(self._name, self._name, "had only been thinking aloud")
        if fresh:
            yield Wrote(self._name, fresh)

    def _piece(self, chunk: Any) -> str:
        """The new letters of a chunk, spoken or thought."""
        if not isinstance(chunk, dict):
            raise Fault("sent something that is not a model's answer")
        if chunk.get("error"):
            raise self._words.inside(said_in(chunk))
        return self.account.note(chunk)

    def _check(self, looping: bool, letters: int) -> None:
        if looping:
            raise Fault("repeated itself without end")
        if letters > self._max_tokens * LETTERS_PER_TOKEN + 4000:
            raise Fault("wrote on and on, past the length that it was given")

    def _whole_prompt(self) -> None:
        theirs = self.account.usage.get("prompt_tokens")
        if isinstance(theirs, int) and cut_off(self._asked, theirs):
            raise Overflow(f"read only {theirs:,} tokens of the {self._asked:,} or so that it was sent", theirs)
