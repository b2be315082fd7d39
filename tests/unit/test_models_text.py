"""Thinking left out, repetition noticed, shapes not trusted: the parts of the model port that need no endpoint."""

import pytest

from agent.errors import BadSetting
from agent.models import names_of
from agent.models.line import base_address
from agent.models.local import first_model
from agent.models.reply import Dialect, said_in
from agent.models.structured import understood
from agent.models.text import Halves, LoopWatch, Speech, declines, roughly
from agent.settings import ModelEndpoint


def spoken(text: str, size: int) -> str:
    """What a reader who obeys `void` ends up with, the text coming in pieces of `size`."""
    speech, seen = Speech(), ""
    for start in range(0, len(text), size):
        void, fresh = speech.feed(text[start : start + size])
        seen = fresh if void else seen + fresh
    return seen + speech.rest()


CASES = [
    ("Plain words.", "Plain words."),
    ("<think>Hmm, let me see.</think>\n\nThe answer.", "The answer."),
    ("\n <think>a < b </thin </think>The answer.", "The answer."),
    ("swallowed opening tag</think>\nThe answer.", "The answer."),
    ("The tags <think> and </think> mark thinking.", "The tags <think> and </think> mark thinking."),
    ("<think>one</think>It ends with </think>, always.", "It ends with </think>, always."),
    ("<th", "<th"),
    ("<think>never ends", ""),
    ("<table> is a tag", "<table> is a tag"),
]


@pytest.mark.parametrize("size", [1, 3, 8, 1000])
@pytest.mark.parametrize(("text", "answer"), CASES)
def test_thinking_is_left_out_however_it_is_cut(text: str, answer: str, size: int) -> None:
    assert spoken(text, size) == answer


def loops(text: str, size: int = 7) -> bool:
    watch = LoopWatch()
    return any(watch.turns(text[start : start + size]) for start in range(0, len(text), size))


def test_a_text_that_goes_round_in_circles_is_noticed() -> None:
    assert loops("Intro. " + "I am sorry, I cannot. " * 200)
    assert loops(" " * 4000)
    assert loops("x" * 4000, 1)


def test_a_long_table_is_no_loop() -> None:
    assert not loops("".join(f"| row {number} | the same words again | [p{number}] |\n" for number in range(300)))


def test_tokens_are_guessed_by_script() -> None:
    assert roughly("") == 0
    assert roughly("A leash is a line that is held at one end.") == pytest.approx(12, abs=3)
    assert roughly("日本語です") == pytest.approx(4, abs=2)
    assert roughly("\ud83d") > 0


@pytest.mark.parametrize(
    "said",
    ["I'm sorry, but I can't help with that.", "I\u2019m sorry, I can\u2019t assist with this request.", "I cannot comply with that.",
     "Unfortunately, I am unable to help you here.", "As an AI language model, I can't do that.", "Sorry, I won't continue with this."],
)
def test_the_usual_refusals_are_noticed(said: str) -> None:
    assert declines(said)


@pytest.mark.parametrize(
    "said",
    ["I cannot find the date in the passages.", "I'm sorry to say that the pages contradict each other [p101].", "",
     "I can't help with that. " + "But here is what the passages say of it. " * 20, "The page says: I can't help with that."],
)
def test_an_answer_that_is_no_refusal_is_let_be(said: str) -> None:
    assert not declines(said)


def test_halves_of_letters_are_joined_and_lone_ones_replaced() -> None:
    halves = Halves()
    assert [halves.joined(piece) for piece in ("a\ud83d", "\ude00b\0", "\ud83d", "c", "")] == ["a", "😀b", "", "\ufffdc", ""]


def test_what_cannot_be_seen_is_left_out_and_lines_stay() -> None:
    given = "one\r\ntwo\x1b]8;;http://x.test\x07\tthree\x0b\x1c\x85\x9b4"
    assert Halves().joined(given) == "one\ntwo]8;;http://x.test\tthree4"
    assert understood('{"why": "a\\u001b[2Jb\\u0000c"}', {"type": "object", "properties": {"why": {"type": "string"}}}) == {"why": "a[2Jbc"}


def test_names_tell_endpoints_apart() -> None:
    endpoints = [
        ModelEndpoint(url="http://one:1/v1", model="m"),
        ModelEndpoint(url="http://user:secret@two:2/v1", model="m"),
        ModelEndpoint(url="http://three:3"),
        ModelEndpoint(url="http://four/v1", model="other"),
    ]
    assert names_of(endpoints) == ["m at one:1", "m at two:2", "three:3", "other"]
    assert len(set(names_of([endpoints[0]] * 3))) == 3


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("http://127.0.0.1:11434", "http://127.0.0.1:11434/v1"),
        ("http://127.0.0.1:11434/", "http://127.0.0.1:11434/v1"),
        ("https://x.test/openai/v1/", "https://x.test/openai/v1"),
        ("https://x.test/v1/chat/completions", "https://x.test/v1"),
    ],
)
def test_addresses_are_understood_as_people_write_them(given: str, base: str) -> None:
    assert base_address(given) == base


@pytest.mark.parametrize("given", ["", "localhost:8080", "ftp://x/v1", "http://", "http://x:99999/v1"])
def test_what_is_no_address_is_a_bad_setting(given: str) -> None:
    with pytest.raises(BadSetting, match="not a web address"):
        base_address(given)


@pytest.mark.parametrize(
    ("listing", "model"),
    [
        ({"data": [{"id": "nomic-embed-text"}, {"id": "llama3"}]}, "llama3"),
        ({"data": None}, ""),
        ({"data": [1, {"id": 2}, {}]}, ""),
        ([], ""),
        ("x", ""),
    ],
)
def test_the_first_model_that_can_talk_is_taken(listing: object, model: str) -> None:
    assert first_model(listing) == model


def test_a_rejected_request_is_made_simpler_until_nothing_is_left() -> None:
    first = Dialect()
    second = first.simpler("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
    assert second == Dialect(True, "max_completion_tokens")
    third = second.simpler("unknown field stream_options")
    assert third == Dialect(False, "max_completion_tokens")
    assert third.simpler("no") is None


def test_the_shape_of_an_answer_is_asked_for_in_simpler_ways_where_it_is_complained_of() -> None:
    first = Dialect().simpler("response_format json_schema is not supported", shaped=True)
    assert first == Dialect(form="object")
    assert first.simpler("no response_format", shaped=True) == Dialect(form="plain")
    assert Dialect().simpler("unknown field stream_options", shaped=True) == Dialect(usage=False)
    assert Dialect(usage=False).simpler("bad request", shaped=True) == Dialect(usage=False, form="object")
    assert Dialect(usage=False).simpler("bad request") is None


def test_what_two_threads_learn_is_put_together() -> None:
    assert Dialect(form="object").merged(Dialect(usage=False, limit="max_completion_tokens")) == Dialect(
        False, "max_completion_tokens", "object")


@pytest.mark.parametrize(
    ("body", "said"),
    [({"error": {"message": "m"}}, "m"), ({"error": "e"}, "e"), ({"detail": "d"}, "d"), (["x"], ""), (None, "")],
)
def test_an_error_is_found_in_its_usual_places(body: object, said: str) -> None:
    assert said_in(body) == said
