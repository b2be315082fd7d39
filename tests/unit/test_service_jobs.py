"""A worker's shift on one run, with a scripted engine in this process."""

import threading
import time

import pytest

from agent.events import Searched, Trouble
from agent.journal import Journal
from agent.settings import Settings
from agent.steer import MemoryControl
from server.doorbell import NoDoorbell
from server.jobs import ATTEMPTS, Crew
from server.service import Service
from server.store import open_store
from server.told import Told
from tests.crew import ScriptedEngine, log_of, page, wait_until


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def store(settings):
    opened = open_store(settings)
    yield opened
    opened.close()


@pytest.fixture
def service(store):
    return Service(store, NoDoorbell())


@pytest.fixture
def crew(store, settings):
    return Crew(store, NoDoorbell(), ScriptedEngine(settings), "w1")


def kinds(service, run):
    return [entry.event.kind for entry in service.events(run.id)]


def expire(store):
    with store.database.write() as connection:
        connection.exec_driver_sql("UPDATE run SET lease_until = 0, rung_at = 0 WHERE status = 'running'")


def test_a_run_is_worked_on_to_its_end(service, crew):
    run = service.ask("step a\nstep b")
    crew.work(run.id)
    done = service.run(run.id)
    assert (done.status, done.mode, done.stopped_by, done.error) == ("done", "extractive", "done", "")
    assert done.created_at <= done.started_at <= done.ended_at
    assert kinds(service, run) == ["started", "searched", "searched", "answered"]
    assert service.answer(run.id).answer == "All done. [1]"
    assert service.page(page("Page a.").sha256).text == "Page a."


def test_a_run_that_is_over_or_gone_or_stopped_is_left_alone(service, crew, settings):
    run, stopped, gone = service.ask("step a"), service.ask("step a"), service.ask("step a")
    service.stop(stopped.id)
    service.forget(gone.id)
    for one in (run, run, stopped, gone):
        crew.work(one.id)
    assert log_of(settings, run).count("start") == 1
    assert log_of(settings, stopped) == log_of(settings, gone) == []


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("refuse The search engine is away.", "The search engine is away."),
        ("break", "Leash met a fault of its own while it worked on this."),
        ("vanish", "Leash met a fault of its own while it worked on this."),
    ],
)
def test_whatever_goes_wrong_becomes_an_ending(service, crew, script, says):
    run = service.ask(f"step a\n{script}")
    crew.work(run.id)
    failed = service.run(run.id)
    assert (failed.status, failed.error) == ("failed", says)
    assert "leash doctor" in failed.advice
    assert kinds(service, run) == ["started", "searched", "failed"]
    assert "secret" not in str([entry.event for entry in service.events(run.id)])


def test_a_stopped_run_answers_from_what_is_there(service, crew):
    run = service.ask("step a\nwait for ever\nstep b")
    working = threading.Thread(target=crew.work, args=(run.id,))
    working.start()
    wait_until(lambda: len(service.events(run.id)) == 2)
    assert service.stop(run.id).status == "running"
    working.join(10)
    assert not working.is_alive()
    stopped = service.run(run.id)
    assert (stopped.status, stopped.stopped_by, stopped.mode) == ("stopped", "user", "extractive")
    assert kinds(service, run) == ["started", "searched", "answered"]


def test_an_engine_that_heeds_no_stop_has_a_while_and_is_ended(service, crew, settings):
    run = service.ask("step a\ndeaf for ever")
    crew.grace = 0.5
    working = threading.Thread(target=crew.work, args=(run.id,))
    working.start()
    wait_until(lambda: len(service.events(run.id)) == 2)
    asked = time.monotonic()
    service.stop(run.id)
    working.join(10)
    assert not working.is_alive()
    assert time.monotonic() - asked > crew.grace
    stopped = service.run(run.id)
    assert (stopped.status, stopped.stopped_by) == ("stopped", "user")
    assert kinds(service, run) == ["started", "searched"]
    assert service.page(page("Page a.").sha256)
    (settings.data_dir / "for ever").touch()


def test_a_worker_that_leaves_gives_its_run_back(service, crew, settings, store):
    run = service.ask("step a\nwait gate\nstep b")
    working = threading.Thread(target=crew.work, args=(run.id,))
    working.start()
    wait_until(lambda: "done a" in log_of(settings, run))
    crew.leaving.set()
    working.join(10)
    assert service.run(run.id).status == "queued"
    (settings.data_dir / "gate").touch()
    Crew(store, NoDoorbell(), ScriptedEngine(settings), "w2").work(run.id)
    assert service.run(run.id).status == "done"
    assert log_of(settings, run).count("begin a") == 1


def test_the_next_worker_tells_progress_once_and_writes_anew(service, crew, store, settings):
    run = service.ask("step a\ntell x\nwrite Half an\nwait gate\ntell y")
    mine = store.runs.claim(run.id, "dead", 10)
    dead = Crew(store, NoDoorbell(), ScriptedEngine(settings), "dead")
    engine = dead.engine(mine, Journal(store.entries(mine)), store.shelf(mine), MemoryControl())
    store.runs.append(mine, [next(engine) for _ in range(5)])
    expire(store)
    (settings.data_dir / "gate").touch()
    crew.work(run.id)
    told = [entry.event for entry in service.events(run.id)]
    assert [event.kind for event in told] == [
        "started", "searched", "searched", "writing", "draft", "trouble", "writing", "draft", "searched", "answered",
    ]
    assert [entry.seq for entry in service.events(run.id)] == list(range(1, 11))
    assert isinstance(told[5], Trouble)
    assert (told[5].stage, told[5].subject) == ("worker", "w1")
    assert log_of(settings, run).count("begin a") == 1


def test_progress_may_come_in_another_order_and_at_another_speed():
    told = Told([Searched(name, 1) for name in "aab"])
    assert told.news([Searched("b", 1), Searched("a", 1), Searched("c", 1)]) == [Searched("c", 1)]
    assert told.news([Searched("a", 1), Searched("a", 1)]) == [Searched("a", 1)]


def test_a_worker_that_lost_its_run_ends_in_silence(service, crew, store, settings):
    run = service.ask("step a\nwait gate\nstep b")
    working = threading.Thread(target=crew.work, args=(run.id,))
    working.start()
    wait_until(lambda: kinds(service, run) == ["started", "searched"])
    expire(store)
    other = store.runs.claim(run.id, "w2", 10)
    working.join(10)
    assert not working.is_alive()
    (settings.data_dir / "gate").touch()
    assert (service.run(run.id).status, service.run(run.id).fence) == ("running", other.fence)
    assert kinds(service, run) == ["started", "searched"]


def test_a_run_that_no_worker_survives_ends(service, crew, store, settings):
    run = service.ask("step a")
    for _ in range(ATTEMPTS):
        store.runs.claim(run.id, "dead", 0)
        expire(store)
    crew.work(run.id)
    assert "begun 10 times" in service.run(run.id).error
    assert log_of(settings, run) == []


def test_a_stop_that_the_last_worker_did_not_live_to_see_is_heeded(service, crew, store, settings):
    run = service.ask("step a")
    store.runs.claim(run.id, "dead", 10)
    service.stop(run.id)
    expire(store)
    crew.work(run.id)
    assert service.run(run.id).status == "stopped"
    assert log_of(settings, run) == []
