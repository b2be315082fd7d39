import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from agent.budget import DEEP
from agent.errors import ModelError, OverLimit
from agent.journal import Journal, MemoryEntries
from agent.meter import SHARE, Meter, Paused
from agent.models import NoneAnswered, Switched, Usage
from agent.steer import MemoryControl
from tests.clerk import Clerk
from tests.ports import Clerks

MANY = 16


def meter_of(models=None, control=None, entries=None, **limits) -> Meter:
    return Meter(replace(DEEP, **limits), Journal(entries or MemoryEntries()), models, control or MemoryControl())


def at_once(work, count=200):
    """What each of many calls in many threads gave or raised."""
    def one(n):
        try:
            return work(n)
        except (OverLimit, ModelError, Paused) as fault:
            return fault

    with ThreadPoolExecutor(MANY) as pool:
        return list(pool.map(one, range(count)))


def ask(meter, n, role="read", words="hello"):
    return meter.ask(role, f"call {n}", lambda room: [{"role": "user", "content": words}], max_tokens=100)


@pytest.mark.parametrize("limit", ["searches", "pages"])
def test_many_threads_overrun_no_limit_of_steps(limit):
    done, meter = [], meter_of(**{limit: 7})
    found = at_once(lambda n: meter.step("read", n, limit, lambda: done.append(n) or n + 1))
    assert len(done) == meter.used[limit] == 7
    assert {fault.limit for fault in found if isinstance(fault, OverLimit)} == {limit}


def test_what_fails_costs_nothing_and_is_not_remembered():
    meter = meter_of(pages=2)

    def fail():
        raise ModelError("no")

    at_once(lambda n: meter.step("read", n, "pages", fail), 20)
    assert meter.used["pages"] == 0
    assert meter.step("read", 0, "pages", lambda: "there") == "there"


@pytest.mark.parametrize(("limits", "most"), [({"model_calls": 9}, 9 * SHARE["read"]), ({"money": 0.1}, 10 * SHARE["read"])])
def test_many_threads_overrun_no_limit_of_calls(limits, most):
    models = Clerks(Clerk(), money=0.01)
    meter = meter_of(models, **limits)
    ask(meter, "first")  # from here on it is known what a call costs
    at_once(lambda n: ask(meter, n), 60)
    assert 1 < len(models.asked) <= most
    assert meter.used["money"] <= meter.limits()["money"]


def test_tokens_are_set_aside_while_a_call_is_under_way():
    models = Clerks(Clerk())
    meter = meter_of(models, tokens=1_000)
    at_once(lambda n: ask(meter, n), 60)
    assert meter.used["tokens"] <= 1_000 * SHARE["read"]
    assert meter.held == {"tokens": 0, "model_calls": 0, "money": 0}, "all of it is given back"


def test_a_reserve_is_kept_for_writing_and_for_checking():
    models = Clerks(Clerk())
    meter = meter_of(models, model_calls=10)
    for role, upto in (("read", 7), ("write", 9), ("check", 10)):
        at_once(lambda n, role=role: ask(meter, f"{role} {n}", role), 20)
        assert len(models.asked) == upto


@pytest.mark.parametrize("few", [1, 2, 3])
def test_of_very_few_calls_one_is_left_to_write(few):
    models = Clerks(Clerk())
    meter = meter_of(models, model_calls=few)
    at_once(lambda n: ask(meter, n, "plan"), 5)
    assert ask(meter, "page", "write")
    assert len(models.asked) <= few


def test_what_was_paid_for_is_answered_by_the_journal_whatever_the_human_says_now():
    entries, models = MemoryEntries(), Clerks(Clerk())
    said = ask(meter_of(models, entries=entries), 1)
    control = MemoryControl()
    control.wish("stop")
    again = meter_of(models, control, entries)
    assert ask(again, 1) == said
    assert len(models.asked) == again.used["model_calls"] == 1
    with pytest.raises(OverLimit):
        ask(again, 2)


@pytest.mark.parametrize(("kind", "role", "raised"), [
    ("pause", "read", Paused), ("pause", "write", Paused),
    ("finish", "read", OverLimit), ("finish", "plan", OverLimit), ("stop", "write", OverLimit)])
def test_the_human_is_heeded_before_anything_is_begun(kind, role, raised):
    control = MemoryControl()
    control.wish(kind)
    models = Clerks(Clerk())
    with pytest.raises(raised):
        ask(meter_of(models, control), 1, role)
    assert not models.asked


def test_finish_leaves_writing_alone():
    control = MemoryControl()
    control.wish("finish")
    assert ask(meter_of(Clerks(Clerk()), control), 1, "write")


def test_time_of_earlier_sittings_counts_and_may_be_raised_by_the_human_alone():
    control, models = MemoryControl(worked=95.0), Clerks(Clerk())
    meter = meter_of(models, control, seconds=100)
    with pytest.raises(OverLimit, match="time is up"):
        ask(meter, 1, "write")
    control.wish("raise", limits={"seconds": 900})
    assert ask(meter, 1, "write")


def test_failed_endpoints_are_told_and_what_they_cost_is_counted():
    class Failing(Clerks):
        def ask(self, *asked, **more):
            first, last = Switched("m", "n", "broke", Usage(50, 0, 5, 0.5)), Switched("n", "", "too", Usage(1, 0, 0, 0.1))
            raise NoneAnswered("All failed.", (first, last))

    meter = meter_of(Failing())
    with pytest.raises(ModelError):
        ask(meter, 1)
    assert (meter.used["tokens"], round(meter.used["money"], 2), meter.used["model_calls"]) == (56, 0.6, 0)
    assert [trouble[1] for trouble in meter.troubles] == ["m", "n"]


def test_a_pause_waits_for_what_is_under_way_but_not_after_a_stop():
    control, begun, end = MemoryControl(), threading.Event(), threading.Event()
    meter = meter_of(None, control)
    thread = threading.Thread(target=lambda: meter.step("read", 1, "pages", lambda: begun.set() or end.wait(10)))
    thread.start()
    assert begun.wait(5)
    meter.settle(0.05)
    assert meter.under_way == 1
    threading.Timer(0.1, end.set).start()
    meter.settle(10)
    assert meter.under_way == 0, "woken as soon as it had ended"
    thread.join()
    control.wish("stop")
    with meter.busy():
        meter.settle(10)


def test_a_run_that_is_closed_begins_nothing_more():
    meter = meter_of(Clerks(Clerk()))
    meter.closed.set()
    with pytest.raises(OverLimit):
        meter.step("search", 1, "searches", lambda: 1)
