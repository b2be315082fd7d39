"""The dial: a depth is a row of limits. No other file knows the depths' names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from agent.errors import BadInput


@dataclass(frozen=True)
class Budget:
    """What a run may spend, and what it asks the human.

    `money` is in dollars, `seconds` of working time (waiting for the human does not count), `lanes` sub-questions worked
    on at once, `quotes` the most citations an answer carries. `plans`: it has a plan and works it off in lanes;
    `approves`: it waits for the human's word on that plan, `patience` seconds at most; `report`: the answer has sections,
    each written by itself.
    """

    depth: str
    title: str
    purpose: str
    searches: int
    pages: int
    rounds: int
    model_calls: int
    tokens: int
    money: float
    seconds: int
    lanes: int
    quotes: int
    patience: int = 0
    plans: bool = False
    approves: bool = False
    report: bool = False
    available: bool = True

    def limits(self) -> dict[str, float]:
        """The numbers alone, by name."""
        return {name: getattr(self, name) for name in LIMITS}

    def changed(self, limits: Mapping[str, Any], most: Mapping[str, float]) -> Budget:
        """With these limits instead. Raises BadInput for a name, a kind of number, or a value that cannot be."""
        return replace(self, **{name: limit(name, value, most.get(name, 0)) for name, value in limits.items()})


LIMITS = ("searches", "pages", "rounds", "model_calls", "tokens", "money", "seconds", "lanes", "quotes")
LEAST = {"searches": 1, "pages": 1, "rounds": 1, "model_calls": 0, "tokens": 0, "money": 0, "seconds": 10, "lanes": 1, "quotes": 1}
MOST = {"searches": 200, "pages": 300, "rounds": 10, "model_calls": 500, "tokens": 5_000_000, "money": 25, "seconds": 3600,
        "lanes": 12, "quotes": 80}  # what a server allows unless its setting says otherwise
QUICK = Budget("quick", "Quick search", "One look around: a few searches, the best pages, a short answer.",
               searches=5, pages=14, rounds=1, model_calls=3, tokens=24_000, money=0.25, seconds=60, lanes=14, quotes=8)
RESEARCH = Budget("research", "Research", "A few minutes, a dozen or two of pages, a page of answer.",
                  searches=20, pages=24, rounds=3, model_calls=30, tokens=200_000, money=1.0, seconds=300, lanes=4, quotes=20,
                  plans=True)
DEEP = Budget("deep", "Deep research", "Up to half an hour, a hundred pages, a plan you approve, a structured report.",
              searches=80, pages=120, rounds=6, model_calls=200, tokens=2_000_000, money=10.0, seconds=1800, lanes=6, quotes=40,
              patience=600, plans=True, approves=True, report=True)
DEPTHS = (QUICK, RESEARCH, DEEP)


def limit(name: str, value: Any, most: float) -> float:
    """One limit as the human gave it. Raises BadInput saying what it may be."""
    if name not in LIMITS:
        raise BadInput(f"There is no limit “{str(name)[:40]}”. The limits are: {', '.join(LIMITS)}.")
    words = name.replace("_", " ")
    whole = name != "money"
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)) or value != value:
        raise BadInput(f"The limit of {words} is a {'whole ' if whole else ''}number.")
    if not LEAST[name] <= value <= most:
        raise BadInput(f"The limit of {words} is from {LEAST[name]:,} to {most:,} on this server; {value:,} is not.")
    return value


def budget_for(depth: str) -> Budget:
    """The row of that name. Raises BadInput for a name that is none, or a depth that is not there yet."""
    for budget in DEPTHS:
        if budget.depth == depth and budget.available:
            return budget
        if budget.depth == depth:
            raise BadInput(f"The depth “{budget.title}” is not there yet. Use “{QUICK.title}” for now.")
    raise BadInput(f"There is no depth “{depth}”. Choose one of: {', '.join(b.depth for b in DEPTHS if b.available)}.")
