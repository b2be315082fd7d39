"""What an OpenAI-compatible endpoint is asked, and what its chunks and errors say, whatever their shape."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agent.shape import pick

Messages = list[dict[str, str]]


@dataclass
class Dialect:
    """What an endpoint has shown that it understands."""

    usage: bool = True
    limit: str = "max_tokens"

    def simpler(self, complaint: str) -> Dialect | None:
        """The dialect to try after it rejected a request, or None if there is nothing left to leave out."""
        if "max_completion_tokens" in complaint and self.limit == "max_tokens":
            return Dialect(self.usage, "max_completion_tokens")
        return Dialect(False, self.limit) if self.usage else None


@dataclass
class Account:
    """What a stream has said about itself so far."""

    finish: str = ""
    usage: dict[str, Any] = field(default_factory=dict)
    letters: str = ""

    def note(self, chunk: dict[str, Any]) -> None:
        finish = pick(chunk, "choices", 0, "finish_reason")
        self.finish = finish if isinstance(finish, str) and finish else self.finish
        usage = chunk.get("usage")
        self.usage = usage if isinstance(usage, dict) else self.usage


def request_body(model: str, messages: Messages, max_tokens: int, dialect: Dialect) -> dict[str, Any]:
    body = {"model": model, "messages": messages, "stream": True, dialect.limit: max_tokens}
    return {**body, "stream_options": {"include_usage": True}} if dialect.usage else body


def pick_text(chunk: Any, name: str) -> str:
    text = pick(chunk, "choices", 0, "delta", name)
    return text if isinstance(text, str) else ""


def said_in(body: Any) -> str:
    """The endpoint's own words in an error's body, whichever of the usual places they are in."""
    for path in (("error", "message"), ("message",), ("error",), ("detail",)):
        if isinstance(said := pick(body, *path), str):
            return said
    return ""


def count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def nothing_said(account: Account) -> str:
    if account.finish == "length":
        return "used up its tokens on thinking" if account.letters else "wrote nothing, being cut short"
    return "thought, but wrote nothing" if account.letters else "wrote nothing"
