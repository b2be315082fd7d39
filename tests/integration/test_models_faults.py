"""The 24 faults that a model endpoint may have, each over real HTTP and in each way of asking: the next one takes over.

Nothing is ever cut off in silence: what an endpoint said before its fault is void.
"""

import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from agent.errors import ModelError
from agent.models import Models, NoneAnswered, Spent, Switched, Wrote
from agent.settings import ModelEndpoint, Settings
from tests.fakes import Answer, Says, ScriptedModel, answer_error, answer_json, answer_text, chunk, sse, sse_answer

PATIENCE = 0.5
ASK = [{"role": "user", "content": "What is a leash? Answer in JSON."}]
SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
GOOD = '{"text": "A leash is a line that is held at one end."}'
HALF = '{"text": "A lea'
TOOL = {"tool_calls": [{"index": 0, "id": "1", "type": "function", "function": {"name": "web_search", "arguments": '{"query": "lea'}}]}
OVERFLOW = "This model's maximum context length is 8000 tokens. However, you requested 9000 tokens."
ABSURD = {"prompt_tokens": 10**15, "completion_tokens": -7, "prompt_tokens_details": {"cached_tokens": "all"}}

LOST = {"error": {"message": "lost", "code": 502}}
BYTES = tuple(bytes([one]) for one in sse(chunk({"content": GOOD})))

# name → (what the endpoint answers, what is said of it; "" where it is no fault for the reader)
FAULTS: dict[str, tuple[Any, str]] = {
    "1 slow down, with Retry-After": (answer_error(429, retry_after="60"), "asks to slow down"),
    "2 slow down, without": (answer_error(429), "asks to slow down"),
    "3 a fault of its own": (answer_error(500), "has a fault of its own"),
    "4 overloaded": (answer_error(529), "is overloaded"),
    "5 key refused": (answer_error(401), "asks for a key"),
    "6 refused connection": (None, "nothing answers"),
    "7 hangs before its headers": (Says(GOOD, first=60), "no word for 0.5 s"),
    "8 trickle of bytes": (Answer(BYTES, kind="text/event-stream", pause=0.1), "no word for 0.5 s"),
    "9 cut mid-token": (Says(HALF, finish=None, done=False, usage=None, cut=True), "broke off"),
    "10 ends without saying so": (Says(HALF, finish=None, done=False, usage=None), "broke off in the middle"),
    "11 an error inside the stream": (sse_answer(chunk({"content": HALF}), LOST), "with an error: lost"),
    "12 broken JSON": (sse_answer(chunk({"content": HALF}), b'data: {"choices": [{"del\n\n'), "not a model's answer"),
    "13 no choices": (sse_answer({**chunk({}), "choices": []}, b"data: [DONE]\n\n"), "wrote nothing"),
    "14 null content": (sse_answer(chunk({"content": None}), chunk({}, "stop"), b"data: [DONE]\n\n"), "wrote nothing"),
    "15 refusal": (sse_answer(chunk({"refusal": "I will not."}), chunk({}, "stop"), b"data: [DONE]\n\n"), "declined to answer: I will not"),
    "15 refusal in words": (Says("I’m sorry, but I can’t help with that."), "declined to answer"),
    "15 refusal by a filter": (Says(HALF, finish="content_filter"), "stopped by its filter"),
    "16 cut short by its length": (Says(HALF, finish="length"), "cut short by its limit of tokens, twice"),
    "17 context overflow": (answer_error(400, OVERFLOW), "finds the request too long"),
    "17 context overflow inside the stream": (sse_answer({"error": {"message": OVERFLOW}}), "stopped with an error: This model's maximum"),
    "18 unknown model": (answer_error(404, "no such model"), "knows no model 'm0'"),
    "19 broken tool call": (sse_answer(chunk(TOOL), chunk({}, "tool_calls"), b"data: [DONE]\n\n"), "called a tool, though there is none"),
    "20 repetition without end": (Says("I am a leash. " * 3000, piece=400), "repeated itself without end"),
    "21 a line of 50 MB": (sse_answer(b"data: " + b"x" * 50_000_000), "enormous line"),
    "22 wrong usage": (sse_answer(chunk({"content": GOOD}), chunk({}, "stop"), {**chunk({}), "usage": ABSURD}, b"data: [DONE]\n\n"), ""),
    "23 HTML": (answer_text("<html>Welcome</html>"), "web page"),
    "24 an error with status 200": (answer_json({"error": {"message": "quota used up"}}), "stopped with an error: quota used up"),
}


@pytest.fixture
def settings() -> Settings:
    return Settings(_env_file=None, model_timeout=4 * PATIENCE, model_switch=PATIENCE)


@pytest.fixture
def model() -> Iterator[Callable[..., str]]:
    opened: list[ScriptedModel] = []

    def start(reply: Any) -> str:
        if reply is None:
            with socket.create_server(("127.0.0.1", 0)) as listener:
                return f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        opened.append(ScriptedModel(lambda request: reply))
        return opened[-1].url

    yield start
    for one in opened:
        one.close()


def models_of(settings: Settings, *urls: str) -> Models:
    return Models([ModelEndpoint(url=url, model=f"m{n}") for n, url in enumerate(urls)], settings, pause=0.05)


def by_stream(models: Models) -> tuple[str, Any, list[Switched]]:
    """The text as a reader has it, its usage, and who failed."""
    text, switches = "", []
    for item in models.stream(lambda room: ASK, max_tokens=100):
        if isinstance(item, Switched):
            text, switches = "", [*switches, item]
        else:
            text, last = (text + item.text, item) if isinstance(item, Wrote) else (text, item)
    assert isinstance(last, Spent)
    return text, last.usage, switches


def by_text(models: Models) -> tuple[str, Any, list[Switched]]:
    reply = models.ask("read", lambda room: ASK, max_tokens=100)
    return reply.text, reply.usage, list(reply.switches)


def by_schema(models: Models) -> tuple[str, Any, list[Switched]]:
    reply = models.ask("check", lambda room: ASK, max_tokens=100, schema=SCHEMA)
    return json.dumps(reply.data), reply.usage, list(reply.switches)


@pytest.mark.parametrize("way", [by_stream, by_text, by_schema])
@pytest.mark.parametrize("fault", [name for name in FAULTS if not name.startswith("16")])
def test_the_next_endpoint_takes_over_with_a_whole_answer(fault: str, way: Any, settings: Settings, model: Any) -> None:
    reply, words = FAULTS[fault]
    before = time.monotonic()
    text, usage, switches = way(models_of(settings, model(reply), model(GOOD)))
    assert time.monotonic() - before < 10 * PATIENCE
    assert text == GOOD
    to_others = [one for one in switches if one.to != one.model]
    assert [(one.model, one.to) for one in to_others] == ([("m0", "m1")] if words else [])
    assert not words or words in to_others[0].reason
    assert 0 < usage.prompt_tokens < 5000
    assert 0 < usage.completion_tokens < 1000


def test_a_text_that_ends_early_is_passed_on_and_said_to_end_early(settings: Settings, model: Any) -> None:
    models = models_of(settings, model(FAULTS["16 cut short by its length"][0]))
    assert models.ask("write", ASK, max_tokens=100).finish == "length"
    assert list(models.stream(ASK, max_tokens=100))[-1].finish == "length"


def test_data_that_ends_early_is_asked_for_with_more_room_and_then_of_the_next(settings: Settings, model: Any) -> None:
    text, _, switches = by_schema(models_of(settings, model(FAULTS["16 cut short by its length"][0]), model(GOOD)))
    assert text == GOOD
    assert [(one.model, one.to, one.reason) for one in switches] == [("m0", "m1", "was cut short by its limit of tokens, twice")]


@pytest.mark.parametrize("fault", [name for name, (_, words) in FAULTS.items() if words])
def test_with_no_other_endpoint_it_is_said_what_is_wrong(fault: str, settings: Settings, model: Any) -> None:
    reply, words = FAULTS[fault]
    with pytest.raises(NoneAnswered) as raised:
        models_of(settings, model(reply)).ask("plan", ASK, max_tokens=100, schema=SCHEMA)
    assert words.replace("0.5", "2") in str(raised.value)
    assert raised.value.switches[-1].to == ""
    assert isinstance(raised.value, ModelError)


def test_by_default_an_endpoint_with_another_behind_it_gets_eight_seconds() -> None:
    assert Settings(_env_file=None).model_switch == 8
