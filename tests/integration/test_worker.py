"""Real workers and a real Redis, killed at bad moments: no run is lost, nothing that was done is done again."""

import random
import signal
import time
from dataclasses import replace

import pytest
from redis import Redis

from agent.settings import Settings
from server.service import open_service
from server.store.records import OVER
from tests.crew import RedisServer, Workers, log_of, wait_until

STEPS = "\n".join(f"step {n}" for n in range(30))  # 0.6 s of work at least


@pytest.fixture
def leash(tmp_path):
    """A service with its Redis; `workers` are started by the test."""
    with Leash(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def steady(tmp_path_factory):
    """One for tests that leave all as they found it, with a worker."""
    with Leash(tmp_path_factory.mktemp("steady")) as made:
        made.workers.start()
        yield made


class Leash:
    def __init__(self, folder):
        bare = Settings(data_dir=folder / "data")
        bare.data_dir.mkdir()
        self.redis = RedisServer(bare)
        self.settings = Settings(data_dir=bare.data_dir, redis_url=self.redis.url)
        self.service = open_service(self.settings)
        self.workers = Workers(self.settings, self.redis.url)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.workers.close()
        self.redis.kill()
        self.service.store.close()

    def ended(self, run, seconds=30):
        """The run, once it is over; workers that ended are started again meanwhile, as a supervisor would."""
        def look():
            self.workers.tend()
            found = self.service.run(run.id)
            return found if found.status in OVER else None
        return wait_until(look, seconds)

    def told(self, run):
        return [entry.event.kind for entry in self.service.events(run.id)]


def check_complete(leash, run, kills):
    """The run is done, its events are in order, and no step that was done began again."""
    log, seqs = log_of(leash.settings, run), [entry.seq for entry in leash.service.events(run.id)]
    assert leash.service.run(run.id).status == "done", log
    assert seqs == list(range(1, len(seqs) + 1))
    assert leash.told(run)[-1] == "answered"
    assert leash.told(run).count("answered") == leash.told(run).count("started") == 1
    assert leash.told(run).count("searched") == 30
    begun = [line for line in log if line.startswith("begin")]
    assert len(set(begun)) == 30
    assert len(begun) <= 30 + kills
    for number in range(30):
        done = log.index(f"done {number}")
        assert f"begin {number}" not in log[done:]


def test_a_question_is_answered(steady):
    run = steady.service.ask("step a\nstep b")
    assert steady.ended(run).status == "done"
    assert steady.told(run) == ["started", "searched", "searched", "answered"]
    redis = Redis.from_url(steady.redis.url)
    wait_until(lambda: not redis.keys("rq:job:*"))  # nothing of a finished run stays there


def test_workers_killed_at_random_moments_lose_nothing(leash):
    leash.workers.start(2)
    first = leash.service.ask("step warm")
    leash.ended(first)
    for _ in range(3):
        run = leash.service.ask(STEPS)
        moment = random.randint(1, 29)
        wait_until(lambda: len(leash.told(run)) > moment)  # noqa: B023
        leash.workers.kill(worker_of(leash, run))
        leash.workers.start()
        leash.ended(run)
        check_complete(leash, run, kills=1)
        assert "trouble" in leash.told(run)


def worker_of(leash, run):
    """The place among our workers of the one that has the run: its name holds its process id."""
    with leash.service.store.database.read() as connection:
        name = connection.exec_driver_sql("SELECT worker FROM run WHERE id = ?", (run.id,)).scalar()
    pids = [process.pid for process in leash.workers.processes]
    return pids.index(int(name.split("-")[-2]))


def test_with_the_lease_of_real_life_a_run_goes_on_within_thirty_seconds(leash):
    leash.workers.lease = 10
    leash.workers.start(2)
    run = leash.service.ask(STEPS)
    wait_until(lambda: len(leash.told(run)) > 5)
    leash.workers.kill(worker_of(leash, run))
    killed = time.monotonic()
    wait_until(lambda: "trouble" in leash.told(run))
    waited = time.monotonic() - killed
    print(f"went on after {waited:.1f} s")
    assert waited < 30
    leash.ended(run)
    check_complete(leash, run, kills=1)


def test_a_run_is_worked_on_once_however_often_the_bell_rings(leash):
    run = leash.service.ask("step a\nwait gate\nstep b")
    queue = Redis.from_url(leash.redis.url)
    for _ in range(4):
        leash.service.doorbell.ring(run)
    assert queue.llen("rq:queue:short") == 1
    for fence in range(1, 5):
        leash.service.doorbell.ring(replace(run, fence=fence))
    assert queue.llen("rq:queue:short") == 5
    leash.workers.start(2)
    wait_until(lambda: queue.llen("rq:queue:short") == 0 and "done a" in log_of(leash.settings, run))
    (leash.settings.data_dir / "gate").touch()
    assert leash.ended(run).fence == 1
    assert log_of(leash.settings, run).count("start") == 1


def test_redis_wiped_empty_loses_nothing(leash):
    leash.workers.start()
    gate = leash.settings.data_dir / "gate"
    running = leash.service.ask("step a\nwait gate\nstep b")
    wait_until(lambda: "done a" in log_of(leash.settings, running))
    queued = [leash.service.ask(f"step {n}") for n in range(3)]
    leash.redis.wipe()
    alone = leash.service.ask("step lonely")
    assert leash.service.run(alone.id).status == "queued"
    leash.redis.start()
    assert Redis.from_url(leash.redis.url).llen("rq:queue:short") == 0
    gate.touch()
    for run in (running, alone, *queued):
        assert leash.ended(run).status == "done"
        assert log_of(leash.settings, run).count("start") == 1


def test_a_worker_asked_to_end_gives_its_run_back_at_once(leash):
    leash.workers.start()
    run = leash.service.ask("step a\nwait gate\nstep b")
    wait_until(lambda: "done a" in log_of(leash.settings, run))
    asked = time.monotonic()
    assert leash.workers.kill(how=signal.SIGTERM) == 0
    assert time.monotonic() - asked < 5
    assert leash.service.run(run.id).status == "queued"
    (leash.settings.data_dir / "gate").touch()
    leash.workers.start()
    assert leash.ended(run).status == "done"
    assert log_of(leash.settings, run).count("begin a") == 1


def test_the_log_tells_of_runs_but_not_of_questions(steady):
    run = steady.service.ask("log my-secret-illness")
    assert steady.ended(run).status == "done"
    log = (steady.settings.data_dir / "workers.log").read_text()
    assert f"Run {run.id}: attempt 1." in log
    assert "A warning." in log
    assert "my-secret-illness" not in log


def test_a_user_stops_a_run_that_waits_for_ever(steady):
    run = steady.service.ask("step a\nwait for ever")
    wait_until(lambda: "done a" in log_of(steady.settings, run))
    asked = time.monotonic()
    steady.service.stop(run.id)
    assert steady.ended(run).status == "stopped"
    assert time.monotonic() - asked < 4
    following = steady.service.ask("step b")
    assert steady.ended(following).status == "done", "the worker is free again"


def test_a_reader_hears_of_events_as_they_happen(steady):
    run = steady.service.ask("step a\nwait gate\ntell x")
    seen = []
    for entry in steady.service.watch(run.id):
        if entry:
            seen.append(entry.event.kind)
            if seen == ["started", "searched"]:
                (steady.settings.data_dir / "gate").touch()
    assert seen == ["started", "searched", "searched", "answered"]


def test_a_worker_without_a_redis_address_says_so(tmp_path):
    workers = Workers(Settings(data_dir=tmp_path), "")
    workers.start()
    assert workers.processes[0].wait(30) == 2
    workers.close()
    assert "LEASH_REDIS_URL" in (tmp_path / "workers.log").read_text()
