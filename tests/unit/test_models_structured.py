"""JSON out of what models say: found, mended where it is plain what was meant, and held against the schema."""

import time
from typing import Any

import pytest

from agent.models.structured import Misfit, fitted, instruction, mended, strict, understood

ITEM = {"type": "object", "properties": {"text": {"type": "string"}, "score": {"type": "integer", "minimum": 0, "maximum": 5}},
        "required": ["text"]}
SCHEMA = {"type": "object", "properties": {"items": {"type": "array", "items": ITEM, "maxItems": 3}}, "required": ["items"]}
WANTED = {"items": [{"text": "one", "score": 1}, {"text": "two"}]}
PLAIN = '{"items": [{"text": "one", "score": 1}, {"text": "two"}]}'
STATE = {"type": "object", "properties": {"state": {"enum": ["supported", "not found"]}, "sure": {"type": "boolean"}},
         "required": ["state"]}


@pytest.mark.parametrize(
    "said",
    [
        PLAIN,
        f"```json\n{PLAIN}\n```",
        f"Sure, here it is:\n\n```\n{PLAIN}\n```\nI hope that {{this}} helps.",
        f"With {{braces}} in the prose: {PLAIN} And more {{of}} them.",
        '{"items": [{"text": "one", "score": 1,}, {"text": "two"},],}',
        "{'items': [{'text': 'one', 'score': 1}, {'text': 'two'}]}",
        '{items: [{text: "one", score: 1}, {text: "two"}]}',
        '{"items": [{"text": "one" "score": 1} {"text": "two"}]}',
        '{"items": [ // the first\n {"text": "one", "score": 1}, /* and */ {"text": "two", "score": None}]}',
        '{"items": [{"text": "one", "score": 1}, {"text": "two"}',
        '{"items": [{"text": "one", "score": "1"}, {"text": "two"}], "confidence": "high"}',
        '[{"text": "one", "score": 1.0}, {"text": "two"}]',
        '{"items": [{"text": "one", "score": 1}, {"text": "two"}]]}',
        f"```json\n{PLAIN}",
        f"\ufeff{PLAIN}",
    ],
)
def test_what_was_plainly_meant_is_understood(said: str) -> None:
    assert understood(said, SCHEMA) == WANTED


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("", "holds no JSON object"),
        ("I would say that there are two.", "holds no JSON object"),
        ('{"items": [{"text": "one", "score": 1}, {"text": "tw', "no valid JSON"),  # cut: nobody knows what it lacks
        ('{"items": [{"text": "one", "score": 1},', "no valid JSON"),
        ('{"items": "none" "at all', "no valid JSON"),
        ('{"points": []}', "the answer lacks 'items'"),
        ('{"items": [{"score": 1}]}', r"'items\[0\]' lacks 'text'"),
        ('{"items": [{"text": "a", "score": 9}]}', r"'items\[0\].score' is to be at most 5, not 9"),
        ('{"items": [{"text": "a", "score": "high"}]}', "is to be integer, not string"),
        ('{"items": [{"text": null}]}', "is to be string, not null"),
        ('{"items": null}', "is to be array, not null"),
        ('{"items": [{"text": "a"}, {"text": "a"}, {"text": "a"}, {"text": "a"}]}', "at most 3 items, not 4"),
        ('{"items": [true]}', "is to be object, not boolean"),
        ('{"items": [{"text": {"a": 1}}]}', "is to be string, not object"),
        ("[1, 2]", "is to be object"),
    ],
)
def test_what_does_not_fit_is_named(said: str, fault: str) -> None:
    with pytest.raises(Misfit, match=fault):
        understood(said, SCHEMA)


def test_words_of_a_list_are_known_in_other_spellings() -> None:
    assert understood('{"state": "Not_Found", "sure": "Yes"}', {**STATE, "properties": {"state": STATE["properties"]["state"]}}) == {
        "state": "not found"}
    assert understood('{"state": "supported", "sure": "true"}', STATE) == {"state": "supported", "sure": True}
    with pytest.raises(Misfit, match="'state' is to be one of 'supported', 'not found', not 'maybe'"):
        understood('{"state": "maybe"}', STATE)
    with pytest.raises(Misfit, match="'sure' is to be boolean"):
        understood('{"state": "supported", "sure": "Yes"}', STATE)


def test_line_ends_within_quotes_and_halves_of_letters_do_no_harm() -> None:
    said = '{"items": [{"text": "a\nb \\ud83d\\ude00 \\ud83d \\u0000c"}]}'
    assert understood(said, SCHEMA) == {"items": [{"text": "a\nb 😀 \ufffd c"}]}


def test_what_is_optional_may_be_null_and_what_is_unknown_is_left_out() -> None:
    assert fitted({"text": "a", "score": None, "more": 1}, ITEM, "") == {"text": "a"}


def test_a_quote_within_quotes_is_no_guess() -> None:
    with pytest.raises(Misfit):
        understood('{"items": [{"text": "he said "hi" and left, "score": 1}]}', SCHEMA)


@pytest.mark.parametrize(
    "hostile",
    ["[" * 60_000, '{"a":' * 10_000, '{"a"' * 15_000, "well { then " * 5_000, "{" + "," * 60_000, '{"a":"' + "\\" * 60_000,
     "{" + "[" * 30_000 + "}" * 30_000, "```json\n{" * 6_000, "{'" * 30_000, "{/*" * 20_000, "{" + "1" * 60_000,
     '{"a": ' + "9" * 6_000 + "}",
     "{" + "\\" * 60_000, "{" + "a " * 30_000],
)
def test_hostile_text_takes_no_time(hostile: str) -> None:
    before = time.process_time()
    with pytest.raises(Misfit):
        understood(hostile, SCHEMA)
    assert time.process_time() - before < 2


def test_mending_gives_nothing_where_it_would_guess() -> None:
    assert mended('{"a": "cut in the mid') == ""
    assert mended("no brackets") == ""
    assert mended('{"a": [1, 2') == '{"a":[1,2]}'
    assert mended('{"a": ') == '{"a":null}'


def test_a_strict_schema_names_every_property_and_no_other() -> None:
    tight: Any = strict(SCHEMA)
    assert tight["additionalProperties"] is False
    assert tight["properties"]["items"]["items"]["required"] == ["text", "score"]
    assert "additionalProperties" not in SCHEMA
    named: Any = strict({"type": "object", "properties": {"properties": {"type": "string"}}})
    assert named["properties"] == {"properties": {"type": "string"}}


def test_the_schema_is_said_in_words_too() -> None:
    assert '"maxItems": 3' in instruction(SCHEMA)
