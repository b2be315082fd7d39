"""What readers are told when another worker goes on with a run: nothing twice, and no state stale."""

import random

import pytest

from agent.events import (
    Answered,
    Checking,
    Disputed,
    Draft,
    Gauge,
    Kept,
    Lane,
    Noted,
    Planned,
    Reading,
    Remark,
    Searched,
    Started,
    Steered,
    Waiting,
    Writing,
)
from agent.records import Answer, Citation, Dispute, Plan, RoleUse, SubQuestion
from server.told import HOLDS, Told


def cite(start):
    return Citation(1, "https://a.example/", "A", "f" * 64, start, start + 4, "Text")


def noted(lane, kept, dropped=()):
    return Noted(lane, tuple(Remark(cite(at), "It bears.") for at in kept), tuple(Remark(cite(at)) for at in dropped))


def gauge(pages):
    return Gauge({"pages": pages, "seconds": pages * 1.5}, {"pages": 9})


def plan(*items):
    return Planned(Plan(tuple(SubQuestion(f"q{n}", text) for n, text in enumerate(items))))


ANSWERED = Answered(Answer("Why?", "deep", "extractive", "Because."))
SITTING = [
    Started("Why?", "deep", {}), plan("a", "b"), Lane("q1", "searching"), Searched("a", 3, (), "q1"), gauge(0),
    Lane("q2", "searching"), Searched("b", 3, (), "q2"), Lane("q1", "reading"), Reading("https://a.example/", "A", "", "q1"),
    Kept("https://a.example/", "A", "a", "http", "f" * 64, 9, 0.4, "", "q1"), gauge(1), Lane("q1", "noting"),
    noted("q1", [0, 10], [20]), Disputed("q1", Dispute("when", (cite(0), cite(10)))), Steered(1, "words", "Only after 2020."),
    Lane("q1", "searching"), Searched("a again", 2, (), "q1"), gauge(2), Lane("q1", "reading"),
]
AFTER = [noted("q1", [30]), Lane("q1", "done"), gauge(3), Writing(""), Draft("Because."), ANSWERED]


class Clock:
    """Time that passes when it is told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def both(before, after):
    """What readers have seen in the end, and what a second worker told of it."""
    news = Told(before, Clock()).news(after)
    return before + news, news


def test_a_first_sitting_tells_everything_but_the_same_state_twice():
    assert Told([]).news([*SITTING, gauge(2), *AFTER]) == SITTING + AFTER


@pytest.mark.parametrize("cut", range(1, len(SITTING)))
def test_after_a_kill_anywhere_the_rest_is_told_once(cut):
    seen, _ = both(SITTING[:cut], SITTING + AFTER)
    for event in SITTING + AFTER:
        assert seen.count(event) >= 1, event
        if not isinstance(event, Lane | Gauge):
            assert seen.count(event) == 1, event
    lanes = [event for event in seen if isinstance(event, Lane)]
    assert lanes == [event for event in SITTING + AFTER if isinstance(event, Lane)], "no lane goes back"
    needles = [event.used["pages"] for event in seen if isinstance(event, Gauge)]
    assert needles == sorted(set(needles)), "no needle falls back"
    assert last_states(seen) == last_states(SITTING + AFTER)


def last_states(events):
    lanes = {event.lane: event.doing for event in events if isinstance(event, Lane)}
    plans = [event for event in events if isinstance(event, Planned)]
    return lanes, plans[-1]


def test_lanes_may_run_in_another_order():
    told = SITTING[:]
    again = [event for event in SITTING if getattr(event, "lane", "") != "q1"] + [e for e in SITTING if getattr(e, "lane", "") == "q1"]
    _, news = both(told, again + AFTER)
    assert [event for event in news if not isinstance(event, Gauge)] == [e for e in AFTER if not isinstance(e, Gauge)]


def test_progress_in_any_order_is_not_told_again():
    progress = [event for event in SITTING if not isinstance(event, Lane | Gauge | Planned)]
    again = random.Random(4).sample(progress, len(progress))
    assert Told(SITTING).news(again) == []


def test_passages_in_other_company_are_told_once():
    _, news = both([noted("q1", [0, 10], [20])], [noted("q1", [0]), noted("q1", [10, 30], [20]), noted("q2", [0])])
    assert news == [noted("q1", [30]), noted("q2", [0])]
    _, news = both([noted("q1", [], [20])], [noted("q1", [20])])
    assert news == [noted("q1", [20])], "kept after all"


def test_needles_do_not_fall_when_they_start_anew():
    told = Told([gauge(5)])
    assert told.news([gauge(0), gauge(1), gauge(5)]) == [], "as readers see them"
    assert told.news([gauge(6), gauge(6)]) == [gauge(6)]
    role = RoleUse("plan", "m", 4, 900)
    told = Told([Gauge({"tokens": 900}, {}, (role,))])
    news = told.news([Gauge({"tokens": 200}, {}, (RoleUse("plan", "m", 1, 200), RoleUse("read", "m", 1, 50)))])
    assert news == [Gauge({"tokens": 900}, {}, (role, RoleUse("read", "m", 1, 50)))]


def test_a_plan_that_was_changed_back_is_shown_as_it_is():
    _, news = both([plan("a"), plan("b")], [plan("a"), Waiting("plan")])
    assert news == [plan("a"), Waiting("plan")]
    _, news = both([plan("a"), plan("b")], [plan("a"), plan("b"), Waiting("plan")])
    assert news == [Waiting("plan")]


def test_an_old_plan_does_not_flicker_past_while_lanes_run_in_another_order():
    before = [plan("a"), Searched("a", 1), plan("a", "b"), Searched("b", 1)]
    _, news = both(before, [plan("a"), Searched("new", 1), plan("a", "b"), Searched("b", 1)])
    assert news == [Searched("new", 1)]


def test_a_lane_that_went_another_way_is_shown_as_it_is_after_a_while():
    clock = Clock()
    told = Told([Lane("q1", "searching"), Lane("q1", "reading")], clock)
    assert told.news([Lane("q1", "searching"), Searched("new", 1)]) == [Searched("new", 1)]
    clock.now += HOLDS
    assert told.news([]) == [Lane("q1", "searching")]
    clock.now += HOLDS
    assert told.news([]) == []


def test_a_run_starts_once_though_its_limits_were_raised():
    assert Told([Started("Why?", "deep", {"pages": 9})]).news([Started("Why?", "deep", {"pages": 12})]) == []


def test_writing_starts_over():
    before = [Writing("m"), Draft("Half"), Checking(1, 4)]
    again = [Writing("m"), Draft("Whole"), Checking(1, 4), Checking(2, 4), ANSWERED]
    assert both(before, again)[1] == again
