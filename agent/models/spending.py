"""What an answer cost. An endpoint's own counts are taken where they can be true, else counted here."""

from __future__ import annotations

from typing import Any

from agent.models.records import Usage
from agent.shape import pick

CACHED = (("prompt_tokens_details", "cached_tokens"), ("prompt_cache_hit_tokens",), ("cached_tokens",), ("cache_read_input_tokens",))
SLACK = 2000  # tokens that an endpoint may add of its own (a template, a system prompt)
TIMES = 4  # how far its way of counting may be off from ours


def usage_of(said: dict[str, Any], asked: int, wrote: int, max_tokens: int) -> Usage:
    """`asked` and `wrote` are our own counts; thinking that is not shown is counted by the endpoint alone."""
    prompt = believed(said.get("prompt_tokens"), asked, TIMES * asked + SLACK)
    completion = believed(said.get("completion_tokens"), wrote, TIMES * (wrote + max_tokens) + SLACK)
    cached = max((count(pick(said, *path)) for path in CACHED), default=0)
    return Usage(prompt, min(cached, prompt), completion)


def priced(usage: Usage, price: tuple[float, float, float]) -> Usage:
    sent, cached, written = price
    fresh = usage.prompt_tokens - usage.cached_tokens
    money = (fresh * sent + usage.cached_tokens * cached + usage.completion_tokens * written) / 1_000_000
    return Usage(usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens, round(money, 9))


def believed(theirs: Any, ours: int, most: int) -> int:
    number = count(theirs)
    return number if ours // TIMES <= number <= most and number else ours


def count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
