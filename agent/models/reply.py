"""What an OpenAI-compatible endpoint is asked, and what its chunks and errors say, whatever their shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agent.models.records import Messages
from agent.models.structured import instruction, strict
from agent.models.wire import Fault
from agent.shape import pick

FORMS = ("schema", "object", "plain")  # how an answer's shape is asked for, the richest first
ABOUT_SHAPE = re.compile(r"response_format|json|schema|structured|grammar|guided", re.IGNORECASE)
LENGTHS = ("length", "max_tokens", "model_length")
FILTERED = ("content_filter", "safety", "recitation", "refusal", "blocklist", "prohibited_content", "sensitive")
BROKEN = ("error", "abort", "aborted", "cancelled", "insufficient_system_resource")


@dataclass(frozen=True)
class Dialect:
    """What an endpoint has shown that it understands."""

    usage: bool = True
    limit: str = "max_tokens"
    form: str = FORMS[0]

    def simpler(self, complaint: str, shaped: bool = False) -> Dialect | None:
        """The dialect to try after it rejected a request, or None if there is nothing left to leave out."""
        if "max_completion_tokens" in complaint and self.limit == "max_tokens":
            return replace(self, limit="max_completion_tokens")
        left = FORMS[FORMS.index(self.form) + 1 :] if shaped else ()
        if left and (not self.usage or ABOUT_SHAPE.search(complaint)):
            return replace(self, form=left[0])
        return replace(self, usage=False) if self.usage else None

    def merged(self, other: Dialect) -> Dialect:
        """What both know: two threads may learn two things at once."""
        limit = other.limit if self.limit == "max_tokens" else self.limit
        return Dialect(self.usage and other.usage, limit, max(self.form, other.form, key=FORMS.index))


@dataclass
class Account:
    """What a stream has said about itself so far. `letters` is all that it wrote: spoken, thought, or for a tool."""

    finish: str = ""
    usage: dict[str, Any] = field(default_factory=dict)
    letters: str = ""
    refusal: str = ""
    tools: bool = False

    def note(self, chunk: dict[str, Any]) -> str:
        """The new letters of a chunk."""
        finish = pick(chunk, "choices", 0, "finish_reason")
        self.finish = finish.lower() if isinstance(finish, str) and finish else self.finish
        usage = chunk.get("usage")
        self.usage = usage if isinstance(usage, dict) else self.usage
        call = tool_letters(chunk)
        self.refusal += pick_text(chunk, "refusal")
        self.tools = self.tools or bool(call)
        piece = "".join(pick_text(chunk, name) for name in ("reasoning_content", "reasoning", "content", "refusal")) + call
        self.letters += piece
        return piece


def request_body(
    model: str, messages: Messages, max_tokens: int, dialect: Dialect, schema: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    body: dict[str, Any] = {"model": model, "messages": messages, "stream": True, dialect.limit: max_tokens}
    if dialect.usage:
        body["stream_options"] = {"include_usage": True}
    if schema is not None and dialect.form == "schema":
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": strict(schema)}}
    elif schema is not None:
        body["messages"] = instructed(messages, schema)
        body.update({"response_format": {"type": "json_object"}} if dialect.form == "object" else {})
    return body


def instructed(messages: Messages, schema: Mapping[str, Any]) -> Messages:
    """The messages with the schema at the end of the last one: some endpoints refuse a second message of one role."""
    *before, last = messages
    return [*before, {**last, "content": f"{last['content']}\n\n{instruction(schema)}"}]


def pick_text(chunk: Any, name: str) -> str:
    """A text of a chunk; some endpoints send it in parts."""
    text = pick(chunk, "choices", 0, "delta", name)
    parts = text if isinstance(text, list) else [{"text": text}]
    return "".join(part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str))


def tool_letters(chunk: Any) -> str:
    """The letters of a call to a tool, of which none was offered."""
    calls = pick(chunk, "choices", 0, "delta", "tool_calls")
    calls = calls if isinstance(calls, list) else []
    functions = [pick(call, "function") for call in calls] + [pick(chunk, "choices", 0, "delta", "function_call")]
    return "".join(str(pick(one, name) or "") for one in functions for name in ("name", "arguments"))


def whole_as_chunk(data: Any) -> Any:
    """A whole answer, of an endpoint that does not stream, in the form of a chunk."""
    if not isinstance(data, dict) or not isinstance(message := pick(data, "choices", 0, "message"), dict):
        return data
    finish = pick(data, "choices", 0, "finish_reason")
    return {**data, "choices": [{"delta": message, "finish_reason": finish if isinstance(finish, str) else "stop"}]}


def said_in(body: Any) -> str:
    """The endpoint's own words in an error's body, whichever of the usual places they are in."""
    for path in (("error", "message"), ("message",), ("error",), ("detail",)):
        if isinstance(said := pick(body, *path), str):
            return said
    return ""


def number_of(body: Any) -> str:
    """The window's size, where an error gives it beside its words (llama.cpp does)."""
    size = pick(body, "error", "n_ctx") or pick(body, "n_ctx")
    return f" n_ctx: {size}" if isinstance(size, int) else ""


def finish_of(account: Account) -> str:
    """ "stop" or "length". Raises Fault where what was written is not meant to be read."""
    if account.finish in FILTERED:
        raise Fault("was stopped by its filter of contents", rest=False)
    if account.finish in BROKEN:
        raise Fault("broke off in the middle of its answer")
    return "length" if account.finish in LENGTHS else "stop"


def nothing_said(account: Account) -> Fault:
    """Why there is no answer."""
    if account.refusal:
        return Fault(f"declined to answer: {' '.join(account.refusal.split())[:200]}", rest=False)
    if account.finish in LENGTHS:
        return NoRoom("used up its tokens on thinking" if account.letters else "wrote nothing, being cut short")
    if account.tools:
        return Fault("called a tool, though there is none, and wrote nothing")
    return Fault("thought, but wrote nothing" if account.letters else "wrote nothing")


class NoRoom(Fault):
    """The answer did not fit into its tokens."""

    def __init__(self, message: str) -> None:
        super().__init__(message, rest=False)
