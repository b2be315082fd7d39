"""Two hundred answers by a scripted model over real HTTP, half of them citing what is not there: no false citation gets through."""

import random

import pytest

from agent.budget import QUICK
from agent.engine import research
from agent.events import Answered
from agent.events import Draft as Drafted
from agent.models import Models
from agent.quotes import stands
from agent.settings import ModelEndpoint, Settings
from tests.clerk import kind_of
from tests.fakes import Says, ScriptedModel, answer_error
from tests.ports import Web, page, tools_of

ANSWERS = 200
TOPICS = ("zip", "tar", "gzip", "bzip2", "lzma", "zlib")
PAGES = [page(f"https://docs.org/{topic}", f"# {topic}\n\n" + "\n\n".join(
    f"The {topic} module keeps number {n} in its table. It was added in release {n}.{len(topic)}." for n in range(12)), topic)
    for topic in TOPICS]
GOOD = ("[p1]", "[p2][p3]", "[p4, p5]", "[P6]", "【p7】")
BAD = ("[p99]", "[p0]", "[p-1]", "[p1", "p2]", "[[p3]]", "[p4](https://evil.org)", "[1]", "[source 2]", "[p1p2]", "[p9999999999999999999]",
       "[p3; p88]", "[^p5]", "【99】", "[p１]", "(p2)", "[p1][p1][p1]", "[p2 and p77]", "![p3](x)", "[passage p4]")


def scripted_answer(rand: random.Random, honest: bool) -> str:
    sentences = (f"Sentence {n} tells of {rand.choice(TOPICS)} {rand.choice(GOOD if honest else GOOD + BAD * 3)}."
                 for n in range(rand.randint(1, 7)))
    return rand.choice((" ", "\n\n", "\n- ")).join(sentences)


@pytest.fixture(scope="module")
def answers():
    """Each answer with its run's pages and drafts; the model speaks in pieces of a few letters."""
    rand = random.Random(20261122)
    replies = [Says(scripted_answer(rand, n % 2 == 0), piece=rand.randint(1, 30)) for n in range(ANSWERS)]
    rest = iter(replies)
    with ScriptedModel(lambda body: next(rest) if kind_of(body) == "text" else answer_error(500, "It checks nothing.")) as model:
        models = Models([ModelEndpoint(url=model.url, model="m")], Settings(_env_file=None))
        found = []
        for number in range(ANSWERS):
            events = list(research(f"What does {TOPICS[number % 6]} keep?", QUICK, tools_of(Web(*PAGES), models=models)))
            found.append((events[-1], [event for event in events if isinstance(event, Drafted)], replies[number].text))
        yield found


def test_no_citation_is_false(answers):
    kept = {one.sha256: one for one in PAGES}
    cited = 0
    for ended, drafts, _ in answers:
        assert isinstance(ended, Answered)
        shown = [c for claim in ended.answer.claims for c in claim.citations] + [c for draft in drafts for c in draft.citations]
        for citation in shown:
            cited += 1
            assert stands(kept[citation.page_sha256], citation.start, citation.end, citation.quote)
            assert citation.url == kept[citation.page_sha256].final_url
    assert cited > 2 * ANSWERS


def test_what_is_made_up_is_shown_and_never_passed_on(answers):
    shown = 0
    for ended, _, said in answers:
        answer = ended.answer
        assert "evil.org" not in answer.answer
        numbers = {source.n for source in answer.sources}
        assert all(c.n in numbers for claim in answer.claims for c in claim.citations)
        unknown = [word for claim in answer.claims for word in claim.unknown]
        shown += len(unknown)
        if "p99]" in said:
            assert "p99" in unknown
    assert shown > ANSWERS / 4


def test_half_of_them_were_honest_and_lost_nothing(answers):
    honest = [ended.answer for ended, _, _ in answers[::2]]
    assert all(claim.citations for answer in honest for claim in answer.claims)
