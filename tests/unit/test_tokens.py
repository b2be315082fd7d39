"""Token counts: exact by the library's ranks, one by one and many at once, and bounded on hostile text."""

from __future__ import annotations

import time

import pytest

from agent import tokens


def test_known_counts() -> None:
    assert [tokens.count(text) for text in ("", "hello world", "人工智能", "    return x\n")] == [0, 2, 2, 4]


def test_special_words_are_text() -> None:
    assert tokens.count("<|endoftext|>") > 1


def test_half_a_surrogate_pair_is_counted() -> None:
    assert tokens.count("a\ud800b") > 0


def test_many_at_once_are_counted_as_each_alone() -> None:
    texts = ["", "hello world", "a <|endoftext|> b", "人工智能", "    return x\n"]
    assert tokens.count_all(texts) == [tokens.count(text) for text in texts] == [0, 2, 9, 2, 4]
    assert tokens.count_all([*texts, "a\ud800b"])[:5] == [0, 2, 9, 2, 4]
    assert tokens.count_all([]) == []


@pytest.mark.parametrize("text", ["a" * 1_000_000, "日" * 1_000_000, "=" * 1_000_000, "aB" * 500_000, "\n" * 1_000_000])
def test_hostile_runs_take_no_longer(text: str) -> None:
    tokens.count("loaded")
    start = time.process_time()
    assert tokens.count(text) > 0
    assert time.process_time() - start < 2

