"""What a run may spend: limits, ceilings and terms as a user asks for them, on a real SQLite."""


import pytest

from agent.budget import DEEP, MOST
from agent.errors import BadInput
from agent.settings import Settings
from server.dial import Dial
from server.worker import budget_of


def test_a_run_has_its_depths_limits_with_what_the_user_changed(service):
    run = service.ask("Why?", "deep", limits={"pages": 60, "money": 2.5}, patience=30, notify=" https://hook.example/x ")
    assert run.limits == {**DEEP.limits(), "pages": 60, "money": 2.5}
    assert (run.patience, run.notify, service.run(run.id)) == (30, "https://hook.example/x", run)
    assert service.ask("Why?", "deep").patience == 600
    assert service.ask("Why?", "research").limits["lanes"] == 4
    budget = budget_of(run)
    assert (budget.pages, budget.money, budget.patience, budget.approves, budget.searches) == (60, 2.5, 30, True, DEEP.searches)
    assert not {"notify", "fence", "worked", "tries"} & set(run.to_json())


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"limits": {"pages": 301}}, "from 1 to 300 on this server; 301 is not"),
        ({"limits": {"pages": 0}}, "from 1 to 300"),
        ({"limits": {"pages": -5}}, "from 1 to 300"),
        ({"limits": {"pages": 2.5}}, "whole number"),
        ({"limits": {"pages": "all"}}, "whole number"),
        ({"limits": {"pages": True}}, "whole number"),
        ({"limits": {"money": float("nan")}}, "is a number"),
        ({"limits": {"money": float("inf")}}, "from 0 to 25"),
        ({"limits": {"love": 1}}, "no limit “love”"),
        ({"limits": "all"}, "“limits” is an object"),
        ({"patience": -1}, "from 0 to 604,800"),
        ({"patience": 604_801}, "from 0 to 604,800"),
        ({"patience": True}, "from 0 to 604,800"),
        ({"notify": "hook.example"}, "no address that a notice"),
        ({"notify": "javascript:alert(1)"}, "no address that a notice"),
        ({"notify": "http://[::1"}, "no address that a notice"),
        ({"notify": "https://a.example/\r\nHost: b"}, "no address that a notice"),
        ({"notify": 7}, "at most 2,000 characters"),
        ({"notify": "https://" + "a" * 2000}, "at most 2,000 characters"),
    ],
)
def test_terms_that_cannot_be_get_one_sentence(service, given, says):
    with pytest.raises(BadInput, match=says):
        service.ask("Why?", "deep", **given)
    assert service.runs() == []


def test_no_depth_goes_above_the_servers_most(tmp_path):
    settings = Settings(data_dir=tmp_path, most='{"pages": 50, "money": 0}')
    dial = Dial(settings.most)
    assert (settings.most["pages"], settings.most["seconds"]) == (50, MOST["seconds"])
    assert (dial.row("deep").pages, dial.row("deep").money, dial.row("quick").pages) == (50, 0, 14)
    assert dial.estimate(dial.row("deep")).seconds <= DEEP.seconds
    with pytest.raises(BadInput, match="from 1 to 50"):
        dial.terms("deep", {"pages": 51}, None, "")


def test_an_estimate_follows_the_limits_and_the_price():
    dial = Dial(price=(1.0, 0.1, 8.0))
    deep, small = dial.row("deep"), dial.row("deep").changed({"pages": 10, "money": 0.01}, MOST)
    assert dial.estimate(small).seconds < dial.estimate(deep).seconds <= deep.seconds
    assert dial.estimate(small).tokens < dial.estimate(deep).tokens <= deep.tokens
    assert 0 < dial.estimate(small).money <= 0.01 < dial.estimate(deep).money <= deep.money
    assert dial.estimate(deep, model=False).tokens == dial.estimate(deep, model=False).money == 0
    assert Dial().estimate(deep).money is None


@pytest.mark.parametrize("given", ['{"love": 1}', "[]", "{", '{"pages": 0}', '{"pages": "all"}'])
def test_ceilings_that_cannot_be_are_told(tmp_path, given):
    with pytest.raises(BadInput, match="LEASH_MOST"):
        Settings(data_dir=tmp_path, most=given)
