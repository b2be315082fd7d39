"""Long runs in real workers: they wait, are steered, woken and killed at bad moments, and nothing is lost or done twice."""

import json
import random
import signal
import time

from redis import Redis

from server.store.records import OVER
from tests.crew import log_of, wait_until
from tests.integration.test_worker import Leash, check_complete, leash, worker_of

__all__ = ["leash"]  # the fixture
STEPS = "\n".join(f"step {n}" for n in range(30))


def deep(leash: Leash, script: str, **given):
    return leash.service.ask(f"plan Costs, Risks\n{script}", "deep", **given)


def status(leash: Leash, run, wanted: str):
    """The run, once it has that status; dead workers are replaced meanwhile."""
    def look():
        leash.workers.tend()
        found = leash.service.run(run.id)
        return found if found.status == wanted else None
    return wait_until(look)


def test_a_long_run_is_left_to_its_own_workers_and_never_holds_up_a_quick_one(leash):
    leash.workers.start(queue="short")
    run = deep(leash, "step a")
    assert leash.ended(leash.service.ask("step b")).status == "done"
    assert leash.service.run(run.id).status == "queued"
    leash.workers.start(queue="long")
    status(leash, run, "waiting")
    second = deep(leash, "step c", patience=0)
    assert leash.ended(second).status == "done", "a run that waits holds no worker"
    leash.service.wish(run.id, "approve")
    assert leash.ended(run).status == "done"
    assert log_of(leash.settings, run).count("start") == 2


def test_a_long_run_killed_again_and_again_does_every_step_once(leash):
    leash.workers.start(2, queue="long")
    run = deep(leash, STEPS, patience=0)
    for _ in range(3):
        told = len(leash.told(run))
        wait_until(lambda: len(leash.told(run)) > told + random.randint(1, 4))  # noqa: B023
        if leash.service.run(run.id).status == "running":
            leash.workers.kill(worker_of(leash, run))
            leash.workers.start(queue="long")
    leash.ended(run)
    check_complete(leash, run, kills=3)
    assert leash.told(run).count("planned") == 1


def test_a_waiting_run_outlives_its_worker_and_an_empty_redis(leash):
    leash.workers.start(queue="long")
    run = deep(leash, "step a\nsteered")
    status(leash, run, "waiting")
    leash.workers.kill()
    leash.redis.wipe()
    leash.service.wish(run.id, "words", {"text": "Only after 2020."})
    assert leash.service.wish(run.id, "approve").status == "queued", "nobody hears the bell"
    leash.redis.start()
    leash.workers.start(queue="long")
    asked = time.monotonic()
    assert leash.ended(run).status == "done"
    print(f"back after {time.monotonic() - asked:.1f} s, worker's start included")
    assert leash.told(run) == ["started", "planned", "waiting", "searched", "steered", "steered", "answered"]
    assert log_of(leash.settings, run).count("begin a") == 1


def test_a_run_that_nobody_answers_goes_on_by_itself(leash):
    leash.workers.start(queue="long")
    run = deep(leash, "step a", patience=2)
    asked = time.monotonic()
    assert leash.ended(run).status == "done"
    assert 2 <= time.monotonic() - asked < 20
    assert leash.told(run) == ["started", "planned", "waiting", "searched", "answered"]


def test_redis_wiped_while_a_run_waits_does_not_delay_what_comes_by_itself(leash):
    leash.workers.start(queue="long")
    run = deep(leash, "step a", patience=4)
    status(leash, run, "waiting")
    leash.redis.wipe()
    leash.redis.start()
    assert leash.ended(run).status == "done"


def test_wishes_are_heard_at_once_and_by_the_next_worker_too(leash):
    leash.workers.start(2, queue="long")
    run = deep(leash, "step a\nwait gate\nsteered\nwait second\nsteered\nstep b", patience=0)
    wait_until(lambda: "done a" in log_of(leash.settings, run))
    leash.service.wish(run.id, "words", {"text": "Leave vendor blogs out."})
    leash.workers.kill(worker_of(leash, run))
    (leash.settings.data_dir / "gate").touch()
    wait_until(lambda: "steered" in leash.told(run))
    leash.service.wish(run.id, "pause")
    paused = status(leash, run, "waiting")
    assert (paused.waiting_for, paused.wake_at) == ("resume", None)
    leash.service.wish(run.id, "resume")
    (leash.settings.data_dir / "second").touch()
    assert leash.ended(run).status == "done"
    told = [entry.event.wish for entry in leash.service.events(run.id) if entry.event.kind == "steered"]
    assert told.count("words") == 2, "told at both its places, once each"
    assert log_of(leash.settings, run).count("begin a") == 1


def test_a_stop_that_its_worker_did_not_live_to_heed_is_heeded_by_the_next(leash):
    leash.workers.start(2, queue="long")
    run = deep(leash, "step a\ndeaf gate\nstep b", patience=0)
    wait_until(lambda: "done a" in log_of(leash.settings, run))
    leash.service.stop(run.id)
    leash.workers.kill(worker_of(leash, run))
    asked = time.monotonic()
    assert leash.ended(run).status == "stopped"
    assert time.monotonic() - asked < 20
    assert leash.service.answer(run.id).stopped_by == "user"
    assert "begin b" not in log_of(leash.settings, run)


def test_a_notice_is_sent_by_one_of_many_workers(leash):
    leash.workers.start(3, queue="long")
    run = deep(leash, "step a", notify="https://hook.example/x")
    notices = leash.settings.data_dir / "notices"
    wait_until(notices.exists)
    leash.service.wish(run.id, "approve")
    wait_until(lambda: len(notices.read_text().splitlines()) == 2)
    leash.ended(run)
    sent = [json.loads(line) for line in notices.read_text().splitlines()]
    assert [(address, notice["status"]) for address, notice in sent] == [
        ("https://hook.example/x", "waiting"), ("https://hook.example/x", "done")]


def test_a_worker_that_was_only_frozen_finds_its_run_taken_and_writes_nothing_more(leash):
    leash.workers.start(2, queue="long")
    run = deep(leash, STEPS, patience=0)
    wait_until(lambda: len(leash.told(run)) > 5)
    frozen = leash.workers.processes[worker_of(leash, run)]
    frozen.send_signal(signal.SIGSTOP)
    wait_until(lambda: "trouble" in leash.told(run))
    frozen.send_signal(signal.SIGCONT)
    leash.ended(run)
    check_complete(leash, run, kills=1)
    assert leash.service.run(run.id).fence == 2
    assert not Redis.from_url(leash.redis.url).llen("rq:queue:long")


def test_a_run_woken_twice_is_worked_on_once(leash):
    leash.workers.start(3, queue="long")
    run = deep(leash, "step a\nwait gate")
    status(leash, run, "waiting")
    for kind in ("approve", "approve", "resume"):
        leash.service.wish(run.id, kind)
    wait_until(lambda: "done a" in log_of(leash.settings, run))
    for _ in range(3):
        leash.service.doorbell.ring(leash.service.run(run.id))
    (leash.settings.data_dir / "gate").touch()
    assert leash.ended(run).status in OVER
    assert log_of(leash.settings, run).count("start") == 2
    assert log_of(leash.settings, run).count("begin a") == 1
