import json

import pytest

from agent.budget import MOST
from agent.errors import BadInput
from agent.records import AskBack, Plan, SubQuestion
from agent.steer import MOST_ITEMS, MemoryControl, Steering, checked_wish


def after(*wishes) -> Steering:
    control = MemoryControl()
    for kind, data in wishes:
        control.wish(kind, **checked_wish(kind, data, MOST))
    return Steering.of(control.wishes())


A = "https://www.a.org/x"


def test_wishes_add_up():
    now = after(("approve", {}), ("words", {"text": "Only  after 2020."}), ("words", {"text": "No blogs."}), ("pin", {"url": A}),
                ("drop", {"url": "https://b.org/"}), ("block", {"domain": "https://www.C.org/path"}), ("skip", {"lane": "q1"}),
                ("raise", {"limits": {"pages": 60}}), ("raise", {"limits": {"searches": 9, "pages": 70}}))
    assert now.approved
    assert now.words == ("Only after 2020.", "No blogs.")
    assert (now.pinned, now.dropped, now.blocked, now.skipped) == ((A,), {"https://b.org/"}, {"c.org"}, {"q1"})
    assert now.limits == {"searches": 9, "pages": 70}


@pytest.mark.parametrize(("wishes", "pinned", "dropped"), [
    ((("pin", {"url": A}), ("drop", {"url": "http://a.org/x#top"})), (), {"http://a.org/x#top"}),
    ((("drop", {"url": "http://a.org/x#top"}), ("pin", {"url": A})), (A,), set()),
    ((("pin", {"url": A}), ("block", {"domain": "a.org"})), (), set()),
    ((("block", {"domain": "a.org"}), ("pin", {"url": A})), (A,), set()),
    ((("pin", {"url": "https://nota.org/x"}), ("block", {"domain": "a.org"})), ("https://nota.org/x",), set())])
def test_of_contradictions_about_a_page_the_later_one_counts(wishes, pinned, dropped):
    now = after(*wishes)
    assert (now.pinned, now.dropped) == (pinned, dropped)


def test_of_contradictions_about_the_run_the_later_one_counts():
    assert after(("skip", {"lane": "q1"}), ("dig", {"lane": "q1"})).skipped == set()
    assert after(("dig", {"lane": "q1"}), ("skip", {"lane": "q1"})).skipped == {"q1"}
    assert after(("dig", {"lane": "q1"}), ("dig", {"lane": "q1"})).dug == ("q1", "q1"), "twice is deeper"
    assert not after(("pause", {}), ("resume", {})).paused
    assert after(("resume", {}), ("pause", {})).paused
    for end in ("finish", "stop"):
        assert not after(("pause", {}), (end, {})).paused, "who wants the end does not want it to wait"
        assert after((end, {}), ("pause", {})).paused


@pytest.mark.parametrize(("kind", "data", "says"), [
    ("fly", {}, "There is no wish"), (None, {}, "There is no wish"), ("words", [], "JSON object"), ("words", {}, "missing"),
    ("words", {"text": " "}, "missing"), ("words", {"text": "x" * 1001}, "at most"),
    ("pin", {"url": "file:///etc/passwd"}, "no web address"),
    ("pin", {"url": "https://a b"}, "no web address"), ("block", {"domain": "localhost"}, "no domain"), ("skip", {"lane": 3}, "missing"),
    ("raise", {}, "which limits"), ("raise", {"limits": {"pages": 0}}, "from 1 to"), ("raise", {"limits": {"pages": -4}}, "from 1 to"),
    ("raise", {"limits": {"pages": 10**9}}, "on this server"), ("raise", {"limits": {"pages": True}}, "whole number"),
    ("raise", {"limits": {"money": float("nan")}}, "number"), ("raise", {"limits": {"speed": 1}}, "no limit"),
    ("plan", {"items": []}, "at least one"), ("plan", {"items": "x"}, "A plan is"), ("plan", {"items": [{"text": ""}]}, "missing"),
    ("plan", {"items": [{"text": "x"}] * (MOST_ITEMS + 1)}, "at most"), ("plan", {"items": [{"text": "x"}], "answers": 3}, "object"),
    ("plan", {"items": [{"id": "q1", "text": "x"}, {"id": "q1", "text": "y"}]}, "same id"),
    ("plan", {"items": [{"text": "x", "doneWhen": "y"}]}, "sub-question of a plan has no field “doneWhen”.* done_when"),
    ("plan", {"items": [{"text": "x"}], "answer": {}}, "A plan has no field “answer”.* answers"),
    ("words", {"text": "x", "lane": "q1"}, "“words” has no field “lane”; it takes only text"),
    ("raise", {"limits": {"pages": 9}, "page": 9}, "no field “page”"), ("pause", {"until": 3}, "no field “until”; it takes none")])
def test_what_is_no_wish_is_refused_with_a_sentence(kind, data, says):
    with pytest.raises(BadInput, match=says):
        checked_wish(kind, data, MOST)


def test_a_plan_may_be_sent_back_as_it_was_shown():
    plan = Plan((SubQuestion("q1", "What?", "x is known", "manuals", "user"),), ("y",), (AskBack("a1", "Which?", "This."),))
    shown = json.loads(json.dumps(plan.to_json()))
    assert checked_wish("plan", shown, MOST) == {
        "items": [{"id": "q1", "text": "What?", "done_when": "x is known", "where": "manuals"}], "answers": {}}


def test_a_control_gives_out_a_copy():
    control = MemoryControl()
    control.wishes().append("mine")
    assert control.wishes() == []
