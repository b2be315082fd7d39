"""A page in brief by a model over real HTTP: what goes over the wire, a model that is away, and one that writes nonsense."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from agent.brief import brief
from agent.embed import Embedder
from agent.models import Models
from agent.settings import ModelEndpoint, Settings
from agent.tools import Tools
from tests.briefs import GOOD, PAGE, TEXT, asks
from tests.clerk import Clerk
from tests.fakes import Says, ScriptedModel, answer_error


def tools_of(*models: ScriptedModel) -> Tools:
    endpoints = [ModelEndpoint(url=model.url, model=f"m{n}") for n, model in enumerate(models)]
    return Tools(None, None, Embedder(), Models(endpoints, Settings(_env_file=None, model_timeout=3, model_switch=1), pause=0.05))


def test_a_brief_over_the_wire() -> None:
    with ScriptedModel(Clerk(replies={"questions": asks(*GOOD[:5])})) as model:
        made = brief(PAGE, tools_of(model))
        first = model.requests[0]
    assert [one.text for one in made.questions] == [text for text, *_ in GOOD[:5]]
    assert made.by == "m0"
    assert [message["role"] for message in first["messages"]] == ["system", "user"]
    assert first["messages"][1]["content"].count("marrow.example/bridge") == 1
    assert len(model.requests) == 2  # to write, and to try the questions: of no sentence there is nothing to check


def test_the_next_model_takes_over() -> None:
    with ScriptedModel(lambda body: answer_error(500)) as away, ScriptedModel(Clerk()) as there:
        made = brief(PAGE, tools_of(away, there))
    assert (made.by, len(made.questions)) == ("m1", 5)
    assert all(one.quote in TEXT for one in (*made.summary, *made.questions))


@pytest.mark.parametrize("reply", [
    lambda body: answer_error(500), lambda body: answer_error(401), lambda body: Says("I cannot do that."),
    lambda body: Says('{"questions": "none"}'), lambda body: Says("", finish=None, done=False, cut=True)])
def test_a_model_that_cannot_gives_way_to_the_page(reply: Callable) -> None:
    with ScriptedModel(reply) as model:
        made = brief(PAGE, tools_of(model))
    assert made.by == ""
    assert made.note.startswith("Made without a model")
    assert "No model could answer" in made.note
    assert made.questions


def test_a_model_that_writes_at_random_gets_nothing_through() -> None:
    idents = ["p9000", "", "[p1", "p-1", "p1 p2", "💥"]
    rows = [{"text": f"What about {n}?", "from": ident, "answer": "x"} for n, ident in enumerate(idents)]
    said = json.dumps({"questions": rows, "summary": [{"text": "All is well.", "from": "p0"}]})
    with ScriptedModel(Clerk(replies={"questions": lambda _: said, "answers": lambda _: '{"answers": []}'})) as model:
        made = brief(PAGE, tools_of(model))
    assert made.questions == ()
    assert all(one.quote in TEXT for one in made.summary)
