"""Notes: which passages bear on which sub-question, and all that writing may know of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from agent.rank import Ranked
from agent.records import Plan


@dataclass(frozen=True)
class Note:
    """A passage that bears on a sub-question. `ident` ("p203") is the same whenever the run is replayed; `item` is SubQuestion.id."""

    ident: str
    item: str
    ranked: Ranked
    why: str = ""


@dataclass(frozen=True)
class Material:
    """All that writing may know.

    `disputes` are what about, and the idents of both sides. By a sub-question's id: `missing` is what its "done when"
    still lacks, `looked` the wordings searched for and the hosts read. `words` is the human's steering, in words.
    """

    question: str
    today: date
    plan: Plan
    notes: tuple[Note, ...]
    disputes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    looked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    words: tuple[str, ...] = ()
