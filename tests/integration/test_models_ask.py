"""Asking models, over real HTTP: routes by role, data by schema, packing to the window, what it costs, who is awaited."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from agent.errors import ModelError
from agent.models import Abandoned, Models, NoneAnswered, Spent, Switched, Wrote
from agent.settings import ModelEndpoint, SecretStr, Settings
from tests.fakes import Answer, Says, ScriptedModel, answer_error, chunk, sse, sse_answer

ASK = [{"role": "user", "content": "Which colours? In JSON."}]
SCHEMA = {"type": "object", "properties": {"colours": {"type": "array", "items": {"type": "string"}}}, "required": ["colours"]}
GOOD = '{"colours": ["red"]}'
RED = {"colours": ["red"]}


@pytest.fixture
def settings() -> Settings:
    return Settings(_env_file=None, model_timeout=4, model_switch=1)


@pytest.fixture
def model() -> Iterator[Callable[..., ScriptedModel]]:
    opened: list[ScriptedModel] = []

    def start(*replies: Any) -> ScriptedModel:
        opened.append(ScriptedModel(replies[0] if replies and callable(replies[0]) else list(replies)))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def endpoint(scripted: ScriptedModel, name: str = "m0", **more: Any) -> ModelEndpoint:
    return ModelEndpoint(url=scripted.url, model=name, **more)


def ask(models: Models, **more: Any) -> Any:
    return models.ask("plan", more.pop("build", lambda room: ASK), **{"max_tokens": 100, "schema": SCHEMA, **more})


def last_words(request: dict[str, Any]) -> str:
    return request["messages"][-1]["content"]


# ---------------------------------------------------------------- routes

def test_each_role_has_its_own_order(settings: Settings, model: Any) -> None:
    small, large = model(lambda request: "Small."), model(lambda request: "Large.")
    rows = [endpoint(small, "small", roles=("read", "check")), endpoint(large, "large", roles=("plan", "write")),
            endpoint(small, "small", roles=("write",)), endpoint(large, "large", roles=("check",))]
    models = Models(rows, settings)
    assert models.names == ("small", "large")
    assert {role: models.names_for(role) for role in ("plan", "read", "write", "check")} == {
        "plan": ("large",), "read": ("small",), "write": ("large", "small"), "check": ("small", "large")}
    assert models.ask("read", ASK, max_tokens=50).text == "Small."
    assert models.ask("write", ASK, max_tokens=50).model == "large"
    assert [item.text for item in models.stream(ASK, max_tokens=50) if isinstance(item, Wrote)] == ["Large."]


def test_a_role_that_nobody_serves_says_so(settings: Settings, model: Any) -> None:
    models = Models([endpoint(model(), roles=("write",))], settings)
    assert models.names_for("plan") == ()
    with pytest.raises(NoneAnswered, match="No model endpoint is set for the role 'plan'"):
        ask(models)


def test_an_endpoint_that_stands_twice_has_one_cool_down(settings: Settings, model: Any) -> None:
    bad, good = model(answer_error(500)), model(GOOD, GOOD)
    rows = [endpoint(bad, "bad", roles=("plan",)), endpoint(bad, "bad", roles=("check",)), endpoint(good, "good")]
    models = Models(rows, settings)
    ask(models)
    assert models.ask("check", ASK, max_tokens=50).switches == ()
    assert len(bad.requests) == 1


# ---------------------------------------------------------------- data

def test_a_schema_is_sent_strictly_and_its_data_comes_back(settings: Settings, model: Any) -> None:
    scripted = model(GOOD)
    reply = ask(Models([endpoint(scripted)], settings))
    assert (reply.data, reply.text, reply.model, reply.finish, reply.switches) == (RED, GOOD, "m0", "stop", ())
    sent = scripted.requests[0]["response_format"]
    assert sent["json_schema"]["strict"] is True
    assert sent["json_schema"]["schema"]["additionalProperties"] is False


def test_an_endpoint_without_schemas_is_asked_for_an_object_then_in_words_and_remembered(settings: Settings, model: Any) -> None:
    def takes(forms: tuple[str, ...]) -> Callable[[dict[str, Any]], Any]:
        def reply(request: dict[str, Any]) -> Any:
            form = request.get("response_format", {}).get("type", "plain")
            return GOOD if form in forms else answer_error(400, f"response_format {form} is unavailable now")
        return reply

    for forms, tries in ((("json_object", "plain"), 2), (("plain",), 3)):
        scripted = model(takes(forms))
        models = Models([endpoint(scripted)], settings)
        assert ask(models).data == RED
        assert ask(models).data == RED
        assert len(scripted.requests) == tries + 1
        assert '"colours"' in last_words(scripted.requests[-1])
        assert "stream_options" in scripted.requests[-1]


def test_what_does_not_fit_is_asked_for_once_more_naming_the_fault(settings: Settings, model: Any) -> None:
    scripted = model("I think it is red.", GOOD)
    reply = ask(Models([endpoint(scripted, price=(10, 10, 40))], settings))
    assert reply.data == RED
    again = scripted.requests[1]["messages"]
    assert [message["role"] for message in again] == ["user", "assistant", "user"]
    assert again[1]["content"] == "I think it is red."
    assert "it holds no JSON object" in again[2]["content"]
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (200, 40)
    assert reply.usage.money == pytest.approx((200 * 10 + 40 * 40) / 1e6)


def test_after_one_repair_the_next_endpoint_takes_over_and_what_was_paid_is_said(settings: Settings, model: Any) -> None:
    bad, good = model(lambda request: '{"colors": []}'), model(GOOD)
    models = Models([endpoint(bad, "bad", price=(1, 1, 1)), endpoint(good, "good")], settings)
    reply = ask(models)
    assert (reply.data, reply.model, len(bad.requests)) == (RED, "good", 2)
    [switched] = reply.switches
    assert switched.reason == "gave no usable answer, twice: the answer lacks 'colours'"
    assert switched.usage.prompt_tokens == 200
    assert switched.usage.money == pytest.approx(240 / 1e6)
    assert reply.usage.prompt_tokens == 100
    good.add(GOOD)
    assert ask(models).switches == ()  # the one that failed rests


def test_what_all_that_failed_cost_is_said(settings: Settings, model: Any) -> None:
    bad, worse = model(lambda request: "red"), model(lambda request: answer_error(500))
    with pytest.raises(NoneAnswered) as raised:
        ask(Models([endpoint(bad, "bad"), endpoint(worse, "worse")], settings))
    assert [(one.model, one.to, one.usage.prompt_tokens) for one in raised.value.switches] == [("bad", "", 200), ("worse", "", 0)]


# ---------------------------------------------------------------- windows

def test_messages_are_built_for_the_room_that_there_is(settings: Settings, model: Any) -> None:
    rooms: list[int] = []
    scripted = model("Yes.")
    Models([endpoint(scripted, context=10_000)], settings).ask("read", lambda room: rooms.append(room) or ASK, max_tokens=2000)
    assert 7000 < rooms[0] < 8000
    assert scripted.requests[0]["max_tokens"] == 2000


def packed(room: int) -> list[dict[str, str]]:
    return [{"role": "user", "content": "word " * room}]


@pytest.mark.parametrize(
    ("complaint", "window"),
    [("This model's maximum context length is 8192 tokens. However, you requested 9000.", 8192), ("context_length_exceeded", 16_384)],
)
def test_an_overflow_teaches_the_window_and_is_asked_once_more(complaint: str, window: int, settings: Settings, model: Any) -> None:
    def narrow(request: dict[str, Any]) -> Any:
        return answer_error(400, complaint) if len(last_words(request)) > 5 * window else Says("Yes.", usage=None)

    scripted = model(narrow)
    models = Models([endpoint(scripted)], settings)
    reply = models.ask("read", packed, max_tokens=1000)
    assert (reply.text, reply.switches, len(scripted.requests)) == ("Yes.", (), 2)
    models.ask("read", packed, max_tokens=1000)
    assert len(scripted.requests) == 3
    assert window * 0.7 < len(last_words(scripted.requests[-1])) / 5 < window


def test_messages_that_cannot_be_packed_anew_go_to_the_next_endpoint(settings: Settings, model: Any) -> None:
    narrow, wide = model(answer_error(400, "maximum context length is 8192 tokens")), model("Yes.")
    reply = Models([endpoint(narrow, "narrow"), endpoint(wide, "wide")], settings).ask("read", packed(9000), max_tokens=1000)
    assert reply.model == "wide"
    assert len(narrow.requests) == 1


def test_a_prompt_that_was_silently_cut_off_is_packed_anew(settings: Settings, model: Any) -> None:
    def ollama(request: dict[str, Any]) -> Any:
        return Says("Yes.", usage=(min(4096, len(last_words(request)) // 5), 2))

    scripted = model(ollama)
    models = Models([endpoint(scripted)], settings)
    items = list(models.stream(packed, max_tokens=500))
    [switched] = [item for item in items if isinstance(item, Switched)]
    assert switched.reason.startswith("read only 4,096 tokens of the")
    assert switched.usage.prompt_tokens > 0
    assert len(last_words(scripted.requests[-1])) / 5 < 4096
    assert isinstance(items[-1], Spent)


def test_a_shorter_answer_is_asked_for_where_the_endpoint_writes_no_longer_ones(settings: Settings, model: Any) -> None:
    def short(request: dict[str, Any]) -> Any:
        most = "max_tokens is too large: 9000. This model supports at most 4096 completion tokens."
        return answer_error(400, most) if request["max_tokens"] > 4096 else "Yes."

    scripted = model(short)
    assert Models([endpoint(scripted)], settings).ask("write", ASK, max_tokens=9000).text == "Yes."
    assert [request["max_tokens"] for request in scripted.requests] == [9000, 4096]


def test_an_answer_that_filled_its_room_ended_early_whatever_the_endpoint_calls_it(settings: Settings, model: Any) -> None:
    models = Models([endpoint(model(Says("Half an ans", usage=(50, 100))))], settings)
    assert models.ask("write", ASK, max_tokens=100).finish == "length"


# ---------------------------------------------------------------- who is awaited, and for how long

def test_the_only_endpoint_is_awaited_if_it_asks_for_a_short_pause(settings: Settings, model: Any) -> None:
    busy = model(answer_error(429, retry_after="1"), GOOD)
    before = time.monotonic()
    reply = ask(Models([endpoint(busy)], settings))
    assert time.monotonic() - before > 0.9
    assert reply.data == RED


def test_one_that_is_too_busy_and_does_not_say_for_how_long_is_asked_again_after_our_own_pause(settings: Settings, model: Any) -> None:
    busy = model(answer_error(429), answer_error(529), GOOD)
    items = list(Models([endpoint(busy)], settings, pause=0.05).stream(ASK, max_tokens=50))
    assert [(item.model, item.to, item.reason) for item in items if isinstance(item, Switched)] == [
        ("m0", "m0", "asks to slow down (status 429): scripted"), ("m0", "m0", "is overloaded (status 529): scripted")]
    assert isinstance(items[-1], Spent)


def test_who_is_answered_does_not_end_the_pause_that_another_was_asked_for(settings: Settings, model: Any) -> None:
    slow = Says(GOOD, first=0.5)
    first, second = model(slow, answer_error(429, retry_after="300")), model(GOOD, GOOD)
    models = Models([endpoint(first, "first", parallel=4), endpoint(second, "second")], settings)
    with ThreadPoolExecutor(1) as pool:
        begun = pool.submit(ask, models)
        wait_until(lambda: len(first.asked) == 1)
        assert ask(models).model == "second"
        assert begun.result().model == "first"
    assert ask(models).model == "second"
    assert len(first.requests) == 2


def test_letters_that_trickle_are_as_good_as_silence(settings: Settings, model: Any) -> None:
    trickle = Says("A leash is a line.", piece=1, pause=0.4)
    items = list(Models([endpoint(model(trickle), "slow"), endpoint(model("Yes."), "quick")], settings).stream(ASK, max_tokens=50))
    assert [(item.model, item.to) for item in items if isinstance(item, Switched)] == [("slow", "quick")]


def test_headers_that_trickle_are_as_good_as_silence(settings: Settings, model: Any) -> None:
    def drip(listener: socket.socket, done: threading.Event) -> None:
        connection, _ = listener.accept()
        for letter in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1000:
            if done.wait(0.1):
                break
            connection.send(bytes([letter]))
        connection.close()

    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener, done))
        thread.start()
        slow = ModelEndpoint(url=f"http://127.0.0.1:{listener.getsockname()[1]}/v1", model="slow")
        before = time.monotonic()
        reply = Models([slow, endpoint(model("Yes."), "quick")], settings).ask("read", ASK, max_tokens=50)
        assert time.monotonic() - before < 3
        assert (reply.model, reply.switches[0].reason) == ("quick", "sent no word for 1 s")
        done.set()
        thread.join()


def test_a_reader_who_takes_their_time_makes_no_model_late(model: Any) -> None:
    hasty = Settings(_env_file=None, model_switch=0.4)
    said, others = Says("one two three four five six seven eight", piece=4, pause=0.05), model(GOOD)
    models = Models([endpoint(model(said), "first"), endpoint(others, "second")], hasty)
    stream = models.stream(ASK, max_tokens=50)
    first, until = next(stream), time.monotonic() + 0.6
    wait_until(lambda: time.monotonic() > until)
    assert not [item for item in stream if isinstance(item, Switched)]
    assert isinstance(first, Wrote)


def test_asks_of_a_local_endpoint_wait_for_each_other_and_none_is_late(model: Any) -> None:
    local = endpoint(model(lambda request: Says(GOOD, first=0.4)))
    models = Models([local], Settings(_env_file=None, model_timeout=1))
    before = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        assert [reply.data for reply in pool.map(lambda _: ask(models), range(4))] == [RED] * 4
    assert time.monotonic() - before > 1.5


def test_who_finds_the_first_endpoint_busy_with_others_goes_to_the_next(settings: Settings, model: Any) -> None:
    busy, idle = model(Says("word " * 1000, pause=0.05)), model(GOOD)
    models = Models([endpoint(busy, "busy"), endpoint(idle, "idle")], settings)
    held = models.stream(ASK, max_tokens=5000)
    assert isinstance(next(held), Wrote)
    reply = ask(models)
    assert (reply.model, reply.switches[0].reason) == ("idle", "was busy with other questions for 1 s")
    held.close()


def test_many_threads_share_an_endpoint_that_is_still_to_be_known(settings: Settings, model: Any) -> None:
    def picky(request: dict[str, Any]) -> Any:
        if "stream_options" in request:
            return answer_error(400, "unknown field stream_options")
        form = request.get("response_format", {}).get("type")
        return answer_error(422, "json_schema is not supported") if form == "json_schema" else GOOD

    models = Models([endpoint(model(picky), parallel=8)], settings)
    with ThreadPoolExecutor(8) as pool:
        assert [reply.data for reply in pool.map(lambda _: ask(models), range(40))] == [RED] * 40


def test_a_run_that_ends_awaits_no_model(settings: Settings, model: Any) -> None:
    ended = threading.Event()
    scripted = model(Says(GOOD, first=60), answer_error(429, retry_after="15"))
    for _ in range(2):
        ended.clear()
        threading.Timer(0.3, ended.set).start()
        before = time.monotonic()
        with pytest.raises(Abandoned):
            ask(Models([endpoint(scripted)], settings), stopped=ended.is_set)
        assert time.monotonic() - before < 1.5


def test_a_key_of_one_endpoint_never_goes_to_another(settings: Settings, model: Any) -> None:
    bad, good = model(answer_error(500)), model(GOOD)
    ask(Models([endpoint(bad, "bad", key=SecretStr("key-of-bad-one")), endpoint(good, "good", key=SecretStr("good"))], settings))
    assert "key-of-bad-one" not in json.dumps([good.asked[0].headers, good.requests])


def test_halves_of_letters_are_put_together(settings: Settings, model: Any) -> None:
    halves = b'data: {"choices": [{"delta": {"content": "%s"}}]}\n\n'
    said = sse_answer(halves % rb"Hi \ud83d", halves % rb"\ude00 \u0000there", sse(chunk({}, "stop")), b"data: [DONE]\n\n")
    assert Models([endpoint(model(said))], settings).ask("read", ASK, max_tokens=50).text == "Hi 😀 there"


def test_what_is_no_message_at_all_is_a_fault(settings: Settings, model: Any) -> None:
    with pytest.raises(ModelError, match="not a model's answer"):
        Models([endpoint(model(Answer((b"null",), kind="application/json")))], settings).ask("read", ASK, max_tokens=50)


def wait_until(what: Callable[[], bool], seconds: float = 5) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not come about"
        threading.Event().wait(0.01)
