"""Wishes, waiting runs and what wakes them, on a real SQLite with a scripted engine in this process."""

import threading
import time
from datetime import datetime

import pytest

from agent.errors import BadInput, NotFound, TooLate
from agent.events import Answered, Failed, Planned, Searched
from agent.journal import Fenced
from agent.records import Answer, Plan, SubQuestion
from agent.steer import Steering
from server.dial import PATIENCE
from server.doorbell import LONG, SHORT, queue_of
from server.jobs import ATTEMPTS, OVERTIME, Crew
from server.steering import RunControl
from server.store import Ending, Rest
from server.store.wishes import MOST as MOST_WISHES
from tests.crew import ScriptedEngine, log_of, page, wait_until


@pytest.fixture
def crew(service, settings):
    return Crew(service.store, service.doorbell, ScriptedEngine(settings), "w1")


@pytest.fixture
def waiting(service, crew):
    """A deep run that waits for its plan to be approved, nothing kept yet."""
    run = service.ask("plan Costs, Risks\nstep a\nsteered", "deep")
    crew.work(run.id)
    return service.run(run.id)


def kinds(service, run):
    return [entry.event.kind for entry in service.events(run.id)]


def change(service, run, values):
    with service.store.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE run SET {values} WHERE id = ?", (run.id,))


# What a run is given

def test_quick_runs_do_not_queue_behind_long_ones(service):
    queues = [queue_of(service.ask("Why?", depth)) for depth in ("quick", "research", "deep")]
    assert queues == [SHORT, LONG, LONG]


# Waiting

def test_a_deep_run_waits_for_its_plan_and_is_let_go_of(service, crew, waiting, settings):
    assert (waiting.status, waiting.waiting_for, waiting.over, waiting.tries) == ("waiting", "plan", False, 0)
    assert 590 < waiting.wake_at.timestamp() - time.time() <= 600
    assert [item.text for item in service.plan(waiting.id).items] == ["Costs", "Risks"]
    service.doorbell.rung.clear()
    crew.work(waiting.id)  # a ring that came late
    crew.reap()
    assert (log_of(settings, waiting), service.doorbell.rung) == (["start"], [])
    assert service.run(waiting.id).status == "waiting"


def test_approval_rings_at_once_and_nothing_is_told_twice(service, crew, waiting):
    service.doorbell.rung.clear()
    woken = service.wish(waiting.id, "approve")
    assert (woken.status, woken.waiting_for, woken.wake_at, service.doorbell.rung) == ("queued", "", None, [waiting.id])
    crew.work(waiting.id)
    assert service.run(waiting.id).status == "done"
    assert kinds(service, waiting) == ["started", "planned", "waiting", "searched", "steered", "answered"]


def test_a_run_that_nobody_answers_goes_on_by_itself(service, crew, waiting):
    service.doorbell.rung.clear()
    change(service, waiting, "wake_at = 1, rung_at = 0")
    crew.reap()
    assert service.doorbell.rung == [waiting.id]
    mine = service.store.runs.claim(waiting.id, "w2", 10)
    assert (mine.status, mine.waiting_for, mine.wake_at) == ("running", "", None)


def test_with_no_patience_it_does_not_wait(service, crew):
    run = service.ask("plan Costs\nstep a", "deep", patience=0)
    crew.work(run.id)
    assert kinds(service, run) == ["started", "planned", "searched", "answered"]


def test_another_plan_is_shown_before_it_is_approved(service, crew, waiting):
    service.wish(waiting.id, "plan", {"items": [{"text": "Dangers"}]})
    crew.work(waiting.id)
    assert service.run(waiting.id).status == "waiting"
    assert [item.text for item in service.plan(waiting.id).items] == ["Dangers"]
    service.wish(waiting.id, "approve")
    crew.work(waiting.id)
    assert kinds(service, waiting) == ["started", "planned", "waiting", "planned", "waiting", "searched", "steered", "steered", "answered"]


def test_other_wishes_are_kept_until_it_goes_on(service, waiting):
    service.doorbell.rung.clear()
    assert service.wish(waiting.id, "words", {"text": "Only after 2020."}).status == "waiting"
    assert service.wish(waiting.id, "raise", {"limits": {"pages": 130}}).status == "waiting"
    assert service.doorbell.rung == []
    assert [(one.seq, one.kind, one.data) for one in service.wishes(waiting.id)] == [
        (1, "words", {"text": "Only after 2020."}), (2, "raise", {"limits": {"pages": 130}})]


def test_a_word_that_comes_while_the_run_lies_down_wakes_it(service):
    mine = service.store.runs.claim(service.ask("Why?", "deep").id, "w", 10)
    control = RunControl(service.store.wishes, mine, fresh=60)
    assert control.wishes() == []
    service.wish(mine.id, "approve")
    assert control.wishes() == []  # as it knew a moment ago
    assert service.store.runs.rest(mine, [], Rest("plan", None), control.heard) is False
    assert service.run(mine.id).status == "queued"
    again = service.store.runs.claim(mine.id, "w", 10)
    assert service.store.runs.rest(again, [], Rest("resume", None), heard=1) is False, "nobody has paused it"
    service.wish(mine.id, "pause")
    again = service.store.runs.claim(mine.id, "w", 10)
    assert service.store.runs.rest(again, [], Rest("resume", None), heard=2) is True


def test_pause_and_resume(service, crew, settings):
    run = service.ask("step a\nwait gate\nstep b", "research")
    working = threading.Thread(target=crew.work, args=(run.id,))
    working.start()
    wait_until(lambda: "done a" in log_of(settings, run))
    service.wish(run.id, "pause")
    working.join(10)
    paused = service.run(run.id)
    assert (paused.status, paused.waiting_for, paused.wake_at) == ("waiting", "resume", None)
    assert 0 < paused.worked < 10
    service.wish(run.id, "resume")
    (settings.data_dir / "gate").touch()
    crew.work(run.id)
    done = service.run(run.id)
    assert done.status == "done"
    assert done.worked > paused.worked
    assert log_of(settings, run).count("begin a") == 1
    assert kinds(service, run) == ["started", "searched", "waiting", "searched", "answered"]


def test_the_time_of_earlier_sittings_is_told_to_the_next(service):
    mine = service.store.runs.claim(service.ask("Why?", "deep").id, "w", 0)
    service.store.runs.beat(mine, 0, worked=1.5)
    service.store.runs.rest(mine, [], Rest("resume", 0), heard=0, worked=2.0)
    again = service.store.runs.claim(mine.id, "w", 10)
    assert RunControl(service.store.wishes, again).worked == 3.5


# Stopping

def test_a_waiting_run_that_has_nothing_ends_at_once(service, crew, waiting):
    stopped = service.stop(waiting.id)
    assert (stopped.status, stopped.stopped_by, stopped.waiting_for, stopped.over) == ("stopped", "user", "", True)
    crew.work(waiting.id)
    assert service.run(waiting.id).status == "stopped"


def test_a_waiting_run_that_has_pages_is_woken_to_write(service, crew):
    run = service.ask("step a\nplan Costs\nstep b", "deep")
    crew.work(run.id)
    assert service.stop(run.id).status == "queued"
    crew.work(run.id)
    assert (service.run(run.id).status, service.answer(run.id).stopped_by) == ("stopped", "user")
    assert kinds(service, run)[-1] == "answered"
    assert "searched" in kinds(service, run)


def test_finish_writes_too(service, crew, waiting):
    service.wish(waiting.id, "finish")
    crew.work(waiting.id)
    assert service.answer(waiting.id) is not None


def test_a_stop_outlives_its_worker_and_the_pages_are_written_from(service, crew):
    run = service.ask("step b", "deep")
    mine = service.store.runs.claim(run.id, "dead", 10)
    service.store.shelf(mine).keep(page("Kept."))
    service.stop(run.id)
    change(service, run, "lease_until = 0, rung_at = 0")
    crew.work(run.id)
    assert (service.run(run.id).status, kinds(service, run)) == ("stopped", ["trouble", "started", "answered"])


def test_a_run_that_is_stopped_before_it_found_anything_has_not_failed(service, crew, settings):
    run = service.ask("Why?", "deep")

    def engine(*given):
        yield Searched("x", 0)
        wait_until(lambda: Steering.of(given[3].wishes()).stop)
        yield Failed("You stopped the run before anything was found.")

    working = threading.Thread(target=Crew(service.store, service.doorbell, engine, "w").work, args=(run.id,))
    working.start()
    wait_until(lambda: kinds(service, run))
    service.stop(run.id)
    working.join(10)
    assert (service.run(run.id).status, service.run(run.id).stopped_by) == ("stopped", "user")


def test_an_answer_that_the_user_cut_short_makes_a_stopped_run(service):
    mine = service.store.runs.claim(service.ask("Why?").id, "w", 10)
    answered = Answered(Answer("Why?", "quick", "extractive", "Because.", stopped_by="user"))
    crew = Crew(service.store, service.doorbell, lambda *_: iter([answered]), "w")
    service.store.runs.release(mine)
    crew.work(mine.id)
    assert service.run(mine.id).status == "stopped"


# Wishes that cannot be

@pytest.mark.parametrize(
    ("kind", "data", "says"),
    [
        ("dance", {}, "no wish “dance”"),
        (None, {}, "no wish “None”"),
        (["stop"], {}, "no wish"),
        ("words", {"text": " \n"}, "“text” is missing"),
        ("words", ["text"], "JSON object"),
        ("words", {"text": 7}, "“text” is missing"),
        ("pin", {"url": "file:///etc/passwd"}, "is no web address"),
        ("pin", {"url": "not an address"}, "is no web address"),
        ("drop", {}, "“url” is missing"),
        ("block", {"domain": "no domain at all"}, "is no domain"),
        ("skip", {"lane": "q9"}, "no sub-question “q9”"),
        ("dig", {"lane": "Costs"}, "no sub-question “Costs”"),
        ("plan", {"items": []}, "at least one sub-question"),
        ("plan", {"items": [{"text": "x"}] * 21}, "at most 20"),
        ("plan", {"items": [{"id": "q1", "text": "x"}, {"id": "q1", "text": "y"}]}, "same id"),
        ("plan", {"items": [{"text": "x"}], "answers": []}, "“answers” is an object"),
        ("raise", {"limits": {"pages": 301}}, "from 1 to 300"),
        ("raise", {"limits": {}}, "Say which limits"),
    ],
)
def test_what_cannot_be_wished_gets_one_sentence_and_changes_nothing(service, waiting, kind, data, says):
    with pytest.raises(BadInput, match=says):
        service.wish(waiting.id, kind, data)
    assert service.wishes(waiting.id) == []
    assert service.run(waiting.id) == waiting


def test_addresses_and_domains_are_kept_as_they_will_be_compared(service, waiting):
    service.wish(waiting.id, "block", {"domain": " https://www.Vendor.example/blog "})
    service.wish(waiting.id, "skip", {"lane": "q2"})
    assert [one.data for one in service.wishes(waiting.id)] == [{"domain": "vendor.example"}, {"lane": "q2"}]


def test_a_run_that_is_over_cannot_be_steered(service, crew):
    run = service.ask("step a", "research")
    crew.work(run.id)
    for kind in ("words", "stop", "approve"):
        with pytest.raises(TooLate, match="is over"):
            service.wish(run.id, kind, {"text": "x"})
    assert service.stop(run.id).status == "done"
    with pytest.raises(NotFound):
        service.wish("nope", "stop")
    with pytest.raises(NotFound):
        service.wishes("nope")


def test_a_quick_search_has_no_plan_to_steer(service):
    run = service.ask("Why?")
    for kind, data in (("plan", {"items": [{"text": "x"}]}), ("approve", {}), ("words", {"text": "x"}), ("dig", {"lane": "q1"})):
        with pytest.raises(BadInput, match="has no plan"):
            service.wish(run.id, kind, data)
    service.wish(run.id, "pause")
    assert service.plan(run.id) is None


def test_a_run_is_not_steered_without_end(service):
    run = service.ask("Why?", "deep")
    with service.store.database.write() as connection:
        connection.exec_driver_sql("INSERT INTO wish VALUES (?, ?, 0, 'words', '{\"text\": \"x\"}')", (run.id, MOST_WISHES))
    with pytest.raises(BadInput, match="500 times"):
        service.wish(run.id, "words", {"text": "more"})
    assert service.stop(run.id).status == "stopped"


def test_wishes_go_with_their_run(service, waiting):
    service.wish(waiting.id, "words", {"text": "x"})
    service.forget(waiting.id)
    with service.store.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM wish").scalar() == 0


# Workers that die

def test_a_run_that_gets_on_is_tried_more_often_than_one_that_does_not(service):
    run = service.ask("Why?", "deep")
    for number in range(ATTEMPTS * 2):
        mine = service.store.runs.claim(run.id, "dead", 0)
        if number % 3 == 0:
            service.store.entries(mine).save(f"key {number}", "read", {}, 1)
    assert service.store.runs.get(run.id).tries <= 3
    assert service.store.runs.get(run.id).fence == ATTEMPTS * 2


def test_a_worker_that_lost_a_waiting_run_can_neither_rest_nor_write(service, waiting):
    lost = service.store.runs.claim(service.wish(waiting.id, "approve").id, "lost", 0)
    service.store.runs.claim(waiting.id, "other", 10)
    for write in (
        lambda: service.store.runs.rest(lost, [Searched("x", 1)], Rest("resume"), 0),
        lambda: service.store.runs.append(lost, [], Ending("done")),
        lambda: service.store.runs.beat(lost, 10, 1.0),
    ):
        with pytest.raises(Fenced):
            write()
    assert service.run(waiting.id).status == "running"


def test_an_engine_that_heeds_no_limit_is_ended(service, settings):
    run = service.ask("deaf for ever", "deep", limits={"seconds": 10})
    change(service, run, f"worked = {10 + OVERTIME}")
    Crew(service.store, service.doorbell, ScriptedEngine(settings), "w").work(run.id)
    (settings.data_dir / "for ever").touch()
    assert (service.run(run.id).status, "far longer than its limits" in service.run(run.id).error) == ("failed", True)


def test_a_limit_that_was_raised_is_heeded_there_too(service, crew, settings):
    run = service.ask("wait gate", "deep", limits={"seconds": 10})
    change(service, run, f"worked = {10 + OVERTIME}")
    service.wish(run.id, "raise", {"limits": {"seconds": 3600}})
    (settings.data_dir / "gate").touch()
    crew.work(run.id)
    assert service.run(run.id).status == "done"


def test_the_plan_is_the_last_that_was_told(service):
    mine = service.store.runs.claim(service.ask("Why?", "deep").id, "w", 10)
    plans = [Plan((SubQuestion("q1", text),)) for text in ("Costs", "Risks")]
    service.store.runs.append(mine, [Planned(plan) for plan in plans])
    assert service.plan(mine.id) == plans[1]


# Somebody is at work on the plan

def left(service, run):
    return service.run(run.id).wake_at.timestamp() - time.time()


def test_a_plan_that_is_typed_in_waits_five_minutes_from_then(service, crew, waiting):
    before = waiting.wake_at
    service.keep_waiting(waiting.id)
    assert (service.run(waiting.id).wake_at, kinds(service, waiting)[-1]) == (before, "waiting"), "it waits long enough as it is"
    change(service, waiting, f"wake_at = {time.time() + 30}")
    service.keep_waiting(waiting.id)
    assert 299 < left(service, waiting) < 302
    last = service.events(waiting.id)[-1].event
    assert datetime.fromisoformat(last.until) == service.run(waiting.id).wake_at.replace(microsecond=0), "who watches is told"
    service.keep_waiting(waiting.id)
    assert len(kinds(service, waiting)) == 4, "and not at every key"


def test_one_whose_time_is_just_up_waits_too(service, crew, waiting):
    change(service, waiting, f"wake_at = {time.time() - 5}")
    service.keep_waiting(waiting.id)
    assert left(service, waiting) > 299
    assert service.store.runs.claim(waiting.id, "w2", 10) is None


def test_an_engine_that_is_asked_meanwhile_waits_as_long(service, waiting):
    change(service, waiting, f"wake_at = {time.time() + 30}")
    service.keep_waiting(waiting.id)
    put_off = service.run(waiting.id).patience - waiting.patience
    assert 269 <= put_off <= 271


def test_no_plan_waits_for_ever_for_one_that_types(service, waiting):
    change(service, waiting, f"wake_at = {time.time() + 30}, patience = {PATIENCE}")
    service.keep_waiting(waiting.id)
    assert left(service, waiting) < 31


def test_what_waits_for_no_plan_is_left_alone(service, waiting):
    service.wish(waiting.id, "approve")
    service.keep_waiting(waiting.id)
    assert (service.run(waiting.id).status, service.run(waiting.id).wake_at) == ("queued", None)
