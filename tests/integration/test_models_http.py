"""The transfer switch against real HTTP: every fault that an endpoint can have, alone and with a second endpoint."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from agent.errors import ModelError
from agent.fetch.egress import Egress
from agent.models import Models, Spent, Switched, Wrote, models_from
from agent.models.local import found_locally
from agent.settings import ModelEndpoint, SecretStr, Settings
from tests.fakes import Answer, Says, ScriptedModel, answer_error, answer_json, answer_text, chunk, sse_answer

PATIENCE = 0.5
ASK = [{"role": "user", "content": "What is a leash?"}]
GOOD = "A leash is a line that is held at one end."
COMMENTS = [b": still here\n\n"] * 200
FINISHED = chunk({}, "stop")


def odd(**fields: Any) -> dict[str, Any]:
    return {**chunk({}), **fields}


FAULTS: dict[str, tuple[Any, str]] = {
    "key refused": (answer_error(401, "bad key"), r"refused its key, see LEASH_MODEL_KEY \(status 401\): bad key"),
    "no credit": (answer_error(402), "no credit"),
    "unknown model": (answer_error(404, "no such model"), "knows no model 'm0' at http"),
    "slow down": (answer_error(429), "asks to slow down"),
    "too long a request": (answer_error(400, "context length exceeded"), "context length exceeded"),
    "server error": (answer_error(500), "fault of its own"),
    "overloaded": (answer_error(503), "fault of its own"),
    "error page": (answer_text("<html>Bad gateway</html>", status=502), r"fault of its own \(status 502\)"),
    "silent": (Says("late", first=60), "no word for 0.5 s"),
    "silent between words": (Says("one two three four five six", finish=None, done=False, hang=True), "no word for"),
    "only comments": (sse_answer(*COMMENTS, pause=0.02), "no word for"),
    "only empty chunks": (sse_answer(*[chunk({"content": ""})] * 200, pause=0.02), "no word for"),
    "web page": (answer_text("<html>Welcome</html>"), "web page"),
    "whole JSON of nothing": (answer_json({"choices": []}), "sent no answer"),
    "whole JSON cut": (answer_text('{"choices": [{"mess', kind="application/json"), "not a model's answer"),
    "broken JSON": (sse_answer(b'data: {"choices": [{"del\n\n'), "not a model's answer"),
    "deep JSON": (sse_answer(b"data: " + b"[" * 200_000 + b"\n\n"), "not a model's answer"),
    "not UTF-8": (sse_answer(b"data: \xff\xfe\n\n"), "not a model's answer"),
    "a list": (sse_answer([1, 2]), "not a model's answer"),
    "empty choices": (sse_answer(odd(choices=[]), b"data: [DONE]\n\n"), "wrote nothing"),
    "odd choices": (sse_answer(odd(choices="x"), odd(choices=[7]), FINISHED, b"data: [DONE]\n\n"), "wrote nothing"),
    "null content": (sse_answer(chunk({"content": None}), FINISHED, b"data: [DONE]\n\n"), "wrote nothing"),
    "empty content": (Says(""), "wrote nothing"),
    "only thinking": (Says("<think>hm</think>"), "thought, but wrote nothing"),
    "error first": (sse_answer({"error": {"message": "overloaded", "code": 529}}), "stopped with an error: overloaded"),
    "error inside": (sse_answer(chunk({"content": "A le"}), {"error": {"message": "lost"}}), "with an error: lost"),
    "no end": (Says(GOOD, finish=None, done=False, usage=None), "broke off in the middle"),
    "cut": (Says(GOOD, finish=None, done=False, usage=None, cut=True), "broke off"),
    "nothing at all": (sse_answer(), "sent no answer"),
    "loop": (Says("I am sorry. " * 2000, piece=200), "repeated itself"),
    "runaway": (Says("".join(f"{n} " for n in range(20_000)), piece=2000), "wrote on and on"),
    "enormous line": (sse_answer(b"data: " + b"x" * 3_000_000), "enormous line"),
    "redirect": (Answer(status=307, headers={"Location": "http://other.test/"}), "redirects to http://other.test/"),
    "packed": (Answer((b"\x1f\x8b",), headers={"Content-Encoding": "gzip"}), "packed"),
}


@pytest.fixture
def settings() -> Settings:
    return Settings(model_timeout=PATIENCE)


def models_of(settings: Settings, *urls: str, key: str = "secret-key", **more: Any) -> Models:
    endpoints = [ModelEndpoint(url=url, model=f"m{n}", key=SecretStr(key)) for n, url in enumerate(urls)]
    return Models(endpoints, settings, **{"pause": 0.05, **more})


def text_of(items: list[Any]) -> str:
    """The text as a reader has it: what was written since the last switch."""
    last = max((n for n, item in enumerate(items) if isinstance(item, Switched)), default=-1)
    return "".join(item.text for item in items[last + 1 :] if isinstance(item, Wrote))


def take(models: Models, max_tokens: int = 100) -> list[Any]:
    return list(models.stream(ASK, max_tokens=max_tokens))


@pytest.fixture
def model() -> Iterator[Callable[..., ScriptedModel]]:
    opened: list[ScriptedModel] = []

    def start(*replies: Any, **more: Any) -> ScriptedModel:
        script = replies[0] if replies and callable(replies[0]) else list(replies)
        opened.append(ScriptedModel(script, **more))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_hands_over_to_the_next_endpoint(fault: str, settings: Settings, model: Any) -> None:
    reply, words = FAULTS[fault]
    bad, good = model(lambda request: reply), model(GOOD)
    before = time.monotonic()
    items = take(models_of(settings, bad.url, good.url))
    assert time.monotonic() - before < 8 * PATIENCE
    switched = [item for item in items if isinstance(item, Switched)]
    assert [(item.model, item.to) for item in switched] == [("m0", "m1")]
    assert text_of(items) == GOOD
    assert items[-1] == Spent("m1", 100, 20, "stop")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_only_endpoint_is_said_in_a_sentence(fault: str, settings: Settings, model: Any) -> None:
    reply, words = FAULTS[fault]
    with pytest.raises(ModelError, match=words) as raised:
        take(models_of(settings, model(lambda request: reply).url))
    assert str(raised.value).startswith("No model could answer. m0 ")
    assert "secret-key" not in str(raised.value)


def test_nothing_listens(settings: Settings, model: Any, closed_port: int) -> None:
    nowhere = f"http://127.0.0.1:{closed_port}/v1"
    items = take(models_of(settings, nowhere, model(GOOD).url))
    assert items[0].reason == f"cannot be reached: nothing answers at 127.0.0.1:{closed_port}"
    assert text_of(items) == GOOD


def test_all_that_failed_is_said(settings: Settings, model: Any, closed_port: int) -> None:
    models = models_of(settings, f"http://127.0.0.1:{closed_port}/v1", model(answer_error(401)).url)
    with pytest.raises(ModelError, match=r"m0 cannot be reached.* m1 refused its key"):
        take(models)


def test_the_failed_one_is_left_alone_and_then_asked_again(settings: Settings, model: Any) -> None:
    now = [1000.0]
    first, second = model(answer_error(500), "First is back."), model(GOOD, GOOD)
    models = models_of(settings, first.url, second.url, clock=lambda: now[0])
    assert text_of(take(models)) == GOOD
    now[0] += 29
    assert text_of(take(models)) == GOOD
    assert len(first.requests) == 1
    now[0] += 2
    assert text_of(take(models)) == "First is back."


def test_retry_after_is_honoured_even_by_the_only_endpoint(settings: Settings, model: Any) -> None:
    now = [0.0]
    only = model(answer_error(429, retry_after="300"), GOOD)
    models = models_of(settings, only.url, clock=lambda: now[0])
    for _ in range(3):
        with pytest.raises(ModelError, match="slow down"):
            take(models)
    assert len(only.requests) == 1
    now[0] += 301
    assert text_of(take(models)) == GOOD


def test_the_only_endpoint_is_asked_again_at_once_after_a_fault_of_the_moment(settings: Settings, model: Any) -> None:
    models = models_of(settings, model(answer_error(500), GOOD).url)
    with pytest.raises(ModelError):
        take(models)
    assert text_of(take(models)) == GOOD


def test_the_length_limit_is_reported(settings: Settings, model: Any) -> None:
    items = take(models_of(settings, model(Says(GOOD, finish="length")).url))
    assert text_of(items) == GOOD
    assert items[-1].finish == "length"


def test_thinking_is_not_passed_on(settings: Settings, model: Any) -> None:
    replies = [Says(f"<think>{'hm ' * 50}</think>\n{GOOD}", piece=5), Says(GOOD, think="hm " * 50)]
    models = models_of(settings, model(*replies).url)
    assert text_of(take(models)) == GOOD
    assert text_of(take(models)) == GOOD


def test_thinking_aloud_is_made_void(settings: Settings, model: Any) -> None:
    items = take(models_of(settings, model(f"Hm, let me see.</think>{GOOD}").url))
    assert [(item.model, item.to) for item in items if isinstance(item, Switched)] == [("m0", "m0")]
    assert text_of(items) == GOOD


def test_thinking_keeps_a_slow_model_alive(settings: Settings, model: Any) -> None:
    slow = Says(GOOD, think="hm " * 12, piece=6, pause=PATIENCE / 5)
    assert text_of(take(models_of(settings, model(slow).url))) == GOOD


def test_what_breaks_after_the_end_does_no_harm(settings: Settings, model: Any) -> None:
    for reply in (Says(GOOD, usage=None, done=False, hang=True), Says(GOOD, usage=None, done=False, cut=True)):
        items = take(models_of(settings, model(reply).url))
        assert text_of(items) == GOOD
        assert items[-1].finish == "stop"


def test_done_without_a_finish_reason_is_an_end(settings: Settings, model: Any) -> None:
    items = take(models_of(settings, model(Says(GOOD, finish=None)).url))
    assert text_of(items) == GOOD


def test_comments_two_ends_and_wrong_counts_do_no_harm(settings: Settings, model: Any) -> None:
    wrong = {**chunk({}), "choices": [], "usage": {"prompt_tokens": "many", "completion_tokens": -3}}
    events = [b": hello\n\n", chunk({"content": GOOD}), FINISHED, wrong, b"data: [DONE]\n\ndata: [DONE]\n\n"]
    items = take(models_of(settings, model(sse_answer(*events)).url))
    assert text_of(items) == GOOD
    assert items[-1].prompt_tokens > 0
    assert items[-1].completion_tokens == pytest.approx(len(GOOD) / 4, abs=2)


def test_an_endpoint_that_rejects_stream_options_is_asked_without(settings: Settings, model: Any) -> None:
    def plain(request: dict[str, Any]) -> Any:
        return answer_error(400, "unknown field") if "stream_options" in request else GOOD

    strict = model(plain)
    models = models_of(settings, strict.url)
    assert text_of(take(models)) == GOOD
    assert text_of(take(models)) == GOOD
    assert ["stream_options" in request for request in strict.requests] == [True, False, False]


def test_a_newer_name_of_the_limit_is_understood(settings: Settings, model: Any) -> None:
    def newer(request: dict[str, Any]) -> Any:
        return answer_error(400, "Use 'max_completion_tokens' instead.") if "max_tokens" in request else GOOD

    strict = model(newer)
    assert text_of(take(models_of(settings, strict.url), max_tokens=77)) == GOOD
    assert strict.requests[-1]["max_completion_tokens"] == 77


def test_a_model_is_chosen_from_the_list_where_none_is_set(settings: Settings, model: Any) -> None:
    listed = model(GOOD, models=["text-embedding-3", "llama"])
    models = Models([ModelEndpoint(url=listed.url)], settings)
    assert text_of(take(models)) == GOOD
    assert listed.requests[0]["model"] == "llama"
    with pytest.raises(ModelError, match="lists no model"):
        take(Models([ModelEndpoint(url=model(GOOD, models=["embed"]).url)], settings))


def test_only_its_own_key_goes_to_an_endpoint(settings: Settings, model: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-this-one")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-not-for-this-one")
    keyed, keyless = model(GOOD), model(GOOD)
    take(models_of(settings, keyed.url))
    take(models_of(settings, keyless.url, key=""))
    assert keyed.asked[0].headers["authorization"] == "Bearer secret-key"
    assert "authorization" not in keyless.asked[0].headers
    assert "not-for-this-one" not in json.dumps([keyed.asked[0].headers, keyless.asked[0].headers])


def test_a_key_that_an_endpoint_repeats_is_not_passed_on(settings: Settings, model: Any) -> None:
    telling = answer_error(401, "Incorrect API key provided: secret-key, or sk-abc***xyz123")
    with pytest.raises(ModelError) as raised:
        take(models_of(settings, model(telling).url))
    assert "secret-key" not in str(raised.value)
    assert "xyz123" not in str(raised.value)


def test_a_reader_who_leaves_ends_the_answer(settings: Settings, model: Any) -> None:
    models = models_of(settings, model(Says("word " * 100, pause=0.05), GOOD).url)
    stream = models.stream(ASK, max_tokens=500)
    assert isinstance(next(stream), Wrote)
    stream.close()
    assert text_of(take(models)) == GOOD


def test_a_model_that_thought_too_long_gets_more_room_once(settings: Settings, model: Any) -> None:
    thinker = model(Says(think="hm " * 30, finish="length"), GOOD)
    items = take(models_of(settings, thinker.url))
    assert text_of(items) == GOOD
    assert [request["max_tokens"] for request in thinker.requests] == [100, 200]
    with pytest.raises(ModelError, match="used up its tokens on thinking"):
        take(models_of(settings, model(lambda request: Says(think="hm " * 30, finish="length")).url))


def test_an_endpoint_that_does_not_stream_is_understood(settings: Settings, model: Any) -> None:
    whole = answer_json({"choices": [{"message": {"content": GOOD}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 50}})
    items = take(models_of(settings, model(whole).url))
    assert text_of(items) == GOOD
    assert items[-1].prompt_tokens == 50


def test_local_servers_are_found_in_order(model: Any, closed_port: int) -> None:
    first, no_models, second = model(models=["nomic-embed", "llama"]), model(models=[]), model(models=["qwen"])
    ports = [int(one.base.rpartition(":")[2]) for one in (first, no_models, second)]
    found = found_locally((ports[0], closed_port, ports[1], ports[2]), seconds=2)
    assert found == [(f"{first.base}/v1", "llama"), (f"{second.base}/v1", "qwen")]


def test_looking_for_local_servers_takes_no_time(model: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        before = time.monotonic()
        assert found_locally((silent.getsockname()[1],)) == []
        assert time.monotonic() - before < 0.6


def test_set_endpoints_win_over_looking(model: Any, monkeypatch: Any) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    set_up = models_from(Settings(model_url=model(GOOD).url, model="mine"), None)
    assert set_up is not None
    assert set_up.names == ("mine",)
    assert models_from(Settings(find_models=False), None) is None


def test_an_endpoint_is_reached_through_the_door(settings: Settings, model: Any) -> None:
    good, unnamed = model(GOOD), model(GOOD)
    door = Egress(settings, [good.url]).start()
    try:
        items = take(models_of(settings, unnamed.url, good.url, door=door))
        assert "reads only the public web" in items[0].reason
        assert text_of(items) == GOOD
    finally:
        door.close()


def test_openai_is_not_imported_before_its_use() -> None:
    code = "import sys, agent.models; sys.exit('openai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
