"""Token counts: exact by the library's ranks, estimates near them, both bounded on hostile text."""

from __future__ import annotations

import time

import pytest

from agent import tokens
from tests.conftest import ROOT

PROSE = (ROOT / "README.md").read_text() + (ROOT / "docs" / "architecture.md").read_text()
CODE = "\n".join(path.read_text() for path in sorted((ROOT / "agent").glob("*.py"))[:8])


def test_known_counts() -> None:
    assert [tokens.count(text) for text in ("", "hello world", "人工智能", "    return x\n")] == [0, 2, 2, 4]


def test_special_words_are_text() -> None:
    assert tokens.count("<|endoftext|>") > 1


def test_half_a_surrogate_pair_is_counted() -> None:
    assert tokens.count("a\ud800b") > 0


@pytest.mark.parametrize("text", [PROSE, CODE], ids=["prose", "code"])
def test_estimate_is_within_five_percent(text: str) -> None:
    assert tokens.estimate(text.encode()) == pytest.approx(tokens.count(text), rel=0.05)


def test_estimate_holds_for_chinese() -> None:
    text = "这是一个开源的研究助手，它会搜索网页、阅读内容，并给出每一句都有出处的答案。" * 20
    assert tokens.estimate(text.encode()) == pytest.approx(tokens.count(text), rel=0.25)


@pytest.mark.parametrize("text", ["a" * 1_000_000, "日" * 1_000_000, "=" * 1_000_000, "aB" * 500_000, "\n" * 1_000_000])
def test_hostile_runs_take_no_longer(text: str) -> None:
    tokens.count("loaded")
    start = time.process_time()
    assert tokens.count(text) > 0
    assert 0 < tokens.estimate(text.encode()) <= len(text.encode())
    assert time.process_time() - start < 2

