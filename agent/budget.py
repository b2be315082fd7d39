"""The dial: a depth is a row of limits. No other file knows the depths' names."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from agent.errors import BadInput


@dataclass(frozen=True)
class Budget:
    """What a run may spend. `seconds` is wall time; `quotes` the most citations an answer carries."""

    depth: str
    title: str
    purpose: str
    searches: int
    pages: int
    rounds: int
    model_calls: int
    tokens: int
    seconds: int
    lanes: int
    quotes: int
    available: bool = True

    def limits(self) -> dict[str, float]:
        """The numbers alone, by name."""
        return {name: value for name, value in asdict(self).items() if isinstance(value, int) and name != "available"}


QUICK = Budget("quick", "Quick search", "One look around: a few searches, the best pages, a short answer.",
               searches=5, pages=14, rounds=1, model_calls=1, tokens=16_000, seconds=60, lanes=14, quotes=8)
RESEARCH = Budget("research", "Research", "A few minutes, a dozen or two of pages, a page of answer.",
                  searches=16, pages=24, rounds=3, model_calls=20, tokens=200_000, seconds=300, lanes=6, quotes=20,
                  available=False)
DEEP = Budget("deep", "Deep research", "Up to half an hour, a hundred pages, a plan you approve, a structured report.",
              searches=80, pages=120, rounds=6, model_calls=200, tokens=2_000_000, seconds=1800, lanes=6, quotes=40,
              available=False)
DEPTHS = (QUICK, RESEARCH, DEEP)


def budget_for(depth: str) -> Budget:
    """The row of that name. Raises BadInput for a name that is none, or a depth that is not there yet."""
    for budget in DEPTHS:
        if budget.depth == depth and budget.available:
            return budget
        if budget.depth == depth:
            raise BadInput(f"The depth “{budget.title}” is not there yet. Use “{QUICK.title}” for now.")
    raise BadInput(f"There is no depth “{depth}”. Choose one of: {', '.join(b.depth for b in DEPTHS if b.available)}.")
