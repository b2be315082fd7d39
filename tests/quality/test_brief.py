"""Pinned scores of the brief over questions on the small frozen web. A floor is raised when the score rises, and never
lowered without a line in docs/LOG.md that says why. A dozen questions are few: this catches what breaks, `score.py` on the
full frozen web measures."""

import json
import re

import pytest

from agent.budget import QUICK
from agent.engine import research
from agent.settings import Settings
from agent.tools import open_tools
from tests.conftest import frozen_program

SITES = re.compile(r"//(docs\.python\.org|www\.postgresql\.org|sqlite\.org|git-scm\.com|flask\.pallets|requests\.read)")
COUNT = 14
GOLD, GROUNDED = 0.7, 0.35  # measured: 0.79 and 0.39; the questions that come first are hard ones


def questions():
    rows = [json.loads(line) for line in (frozen_program().parent / "questions-dev.jsonl").read_text().splitlines()]
    small = [row for row in rows if row["gold"] and all(SITES.search(url) for urls in row["gold"] for url in urls)]
    return small[:COUNT]


@pytest.fixture(scope="module")
def answers(frozen_web, tmp_path_factory):
    """Each question with its answer; the tools are opened once, as a worker does."""
    settings = Settings(_env_file=None, data_dir=tmp_path_factory.mktemp("data"), searxng_url=frozen_web.search,
                        proxy=frozen_web.proxy, ca_bundle=frozen_web.ca)
    tools = open_tools(settings, model=False)
    try:
        yield [(row, list(research(row["question"], QUICK, tools))[-1].answer) for row in questions()]
    finally:
        tools.close()


def address(url: str) -> str:
    return re.sub(r"^https?://(www\.)?", "", url).removesuffix("index.html").rstrip("/").lower()


def scores(row, answer) -> tuple[float, float]:
    """The share of the needed facts whose page is cited, and of those that are stated as well."""
    cited = {address(c.url) for claim in answer.claims for c in claim.citations}
    text = "\n".join(claim.text for claim in answer.claims)
    gold = [any(address(url) in cited for url in urls) for urls in row["gold"]]
    said = [any(re.search(one, text, re.IGNORECASE | re.DOTALL) for one in fact) for fact in row["must"]]
    return sum(gold) / len(gold), sum(a and b for a, b in zip(gold, said, strict=True)) / len(gold)


def test_the_brief_finds_and_states_what_is_asked_for(answers):
    rows = [scores(row, answer) for row, answer in answers]
    gold, grounded = (sum(column) / len(rows) for column in zip(*rows, strict=True))
    print(f"\n{len(rows)} questions: gold {gold:.2f} (floor {GOLD}), grounded {grounded:.2f} (floor {GROUNDED})")
    assert len(rows) == COUNT
    assert gold >= GOLD
    assert grounded >= GROUNDED


def test_what_saying_unanswered_costs(answers):
    """Few of the questions that the pages do answer are said to be maybe unanswered."""
    answered = [answer for row, answer in answers if scores(row, answer)[1] == 1]
    doubted = [answer for answer in answered if answer.not_found]
    print(f"\n{len(doubted)} of {len(answered)} answered questions are said to be maybe unanswered")
    assert len(doubted) <= 0.2 * len(answered)


def test_a_brief_is_short_enough_to_check(answers):
    for _, answer in answers:
        assert len({(c.page_sha256, c.start) for claim in answer.claims for c in claim.citations}) <= QUICK.quotes
