"""The dial as this server allows it: each depth's limits within the server's own, an estimate, and what a user may change.

Knows the settings' ceilings and what the first model costs; neither runs nor wishes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from agent.budget import DEPTHS, MOST, Budget, budget_for
from agent.errors import BadInput
from agent.settings import Settings

if TYPE_CHECKING:
    from server.store.records import Terms

PATIENCE = 7 * 24 * 3600  # the longest that a plan may wait for its human
ADDRESS = 2000  # characters of an address for notices
SECONDS_A_PAGE, SECONDS_A_CALL = 1.5, 8.0  # in one lane. Guesses: how long a page and a call take is not known before
SECONDS_TO_WRITE = {False: 20, True: 60}  # and to check, by whether the answer is a report: guesses too
TOKENS_A_PAGE, TOKENS_TO_WRITE = 1_500, 15_000
SHARE = 0.7  # of the pages that a run may read: what it takes until "done when" is met


@dataclass(frozen=True)
class Estimate:
    """What a run will probably take. `money` is None where no price is known."""

    seconds: int
    tokens: int
    money: float | None


class Dial:
    """`price` is the first model's: dollars for a million tokens in, in from its cache, and out; None if none is set."""

    def __init__(self, most: Mapping[str, float] = MOST, price: tuple[float, ...] | None = None) -> None:
        self.most, self.price = most, price

    def rows(self) -> list[Budget]:
        return [self.row(budget.depth) for budget in DEPTHS if budget.available]

    def row(self, depth: str) -> Budget:
        """The depth's limits, none above the server's. Raises BadInput for a name that is none."""
        budget = budget_for(depth)
        return replace(budget, **{name: min(value, self.most[name]) for name, value in budget.limits().items()})

    def terms(self, depth: str, limits: Any = None, patience: Any = None, notify: Any = "") -> Terms:
        """What the user asked for, checked. Raises BadInput with one sentence."""
        if not isinstance(limits, dict | None):
            raise BadInput('“limits” is an object such as {"pages": 60, "seconds": 600}.')
        from server.store.records import Terms  # the terminal knows the dial and no database

        budget = self.row(depth).changed(limits or {}, self.most)
        return Terms(budget.limits(), checked_patience(patience, budget), checked_address(notify))

    def estimate(self, budget: Budget, model: bool = True) -> Estimate:
        """From the limits alone, so it changes as they are changed; never above them."""
        pages = budget.pages * SHARE
        tokens = min(budget.tokens, int(pages * TOKENS_A_PAGE) + TOKENS_TO_WRITE * (3 if budget.report else 1))
        calls = min(budget.model_calls, pages / 2) if budget.plans else 1
        work = pages * SECONDS_A_PAGE + (calls * SECONDS_A_CALL if model else 0)
        seconds = min(budget.seconds, work / budget.lanes + (SECONDS_TO_WRITE[budget.report] if model else 5))
        return Estimate(round(seconds), tokens if model else 0, self.cost(tokens, budget) if model else 0.0)

    def cost(self, tokens: int, budget: Budget) -> float | None:
        """Most of what is paid for is read, a seventh is written."""
        if self.price is None:
            return None
        return round(min(budget.money, (tokens * 6 / 7 * self.price[0] + tokens / 7 * self.price[-1]) / 1e6), 3)


def price_of(settings: Settings) -> tuple[float, ...] | None:
    """What the first model costs, None where nobody has said."""
    first = settings.endpoints[0].price if settings.endpoints else ()
    return first if any(first) else None


def checked_patience(given: Any, budget: Budget) -> int:
    if given is None:
        return budget.patience
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= PATIENCE:
        raise BadInput(f"“patience” is how many seconds the plan may wait for you: a whole number from 0 to {PATIENCE:,}.")
    return given


def checked_address(given: Any) -> str:
    """Where notices go, "" for nowhere."""
    if not isinstance(given, str) or len(given) > ADDRESS:
        raise BadInput(f"“notify” is an address of at most {ADDRESS:,} characters, or empty.")
    if not given.strip():
        return ""
    try:
        parts = urlsplit(given.strip())
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not given.strip().isprintable() or " " in given.strip():
        raise BadInput(f"“{given.strip()[:60]}” is no address that a notice can be sent to. One looks like https://example.org/hook.")
    return given.strip()
