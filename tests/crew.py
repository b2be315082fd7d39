"""For tests of the service: a scripted engine at the worker's seam, real Redis servers and real worker processes.

The engine does what the question says, a word a line:
    step N        a journaled step that takes PAUSE seconds and writes down that it begins and is done
    tell TEXT     an event of progress
    write TEXT    the beginning of a draft
    log TEXT      what a talkative library writes into the log
    wait NAME     nothing, until a file of that name is in the data folder, or the run is stopped or paused
    deaf NAME     the same, but no stop is heard
    plan A, B     a plan of these sub-questions, which waits for approval as long as the run's patience says
    steered       what the human has wished so far, one event a wish
    refuse TEXT   a LeashError with that text
    break         a fault of ours
    vanish        an end without an answer
It answers at the end, if it comes so far; when it is stopped or told to finish, before the next line. A pause is a rest.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from agent.budget import QUICK
from agent.errors import LeashError
from agent.events import Answered, Draft, Event, Planned, Searched, Started, Steered, Waiting, Writing
from agent.journal import Journal, Shelf
from agent.records import Answer, Page, Plan, SubQuestion
from agent.settings import Settings
from agent.steer import Control, Steering
from server.redisd import find_redis, redis_command, socket_path
from server.store import Run
from tests.fakes_text import ScriptedPacker, ScriptedReader

ROOT = Path(__file__).resolve().parents[1]
PAUSE = 0.02


@dataclass(frozen=True)
class Means:
    shelf: Shelf
    control: Control


class ScriptedEngine:
    """Each line of its log is written at once, so it tells the truth of a process that was killed."""

    def __init__(self, settings: Settings) -> None:
        self.folder, self.reader = settings.data_dir, ScriptedReader(settings.data_dir)
        self.packer = ScriptedPacker(settings.data_dir)
        self.never = threading.Event()

    def __call__(self, run: Run, journal: Journal, shelf: Shelf, control: Control) -> Iterator[Event]:
        self.note(run, "start")
        yield Started(run.question, run.depth, QUICK.limits())
        for line in run.question.splitlines():
            now = Steering.of(control.wishes())
            if now.stop or now.finish:
                break
            if now.paused:
                yield Waiting("resume")
                return
            word, _, rest = line.partition(" ")
            ends = yield from getattr(self, f"do_{word}")(rest, run, journal, Means(shelf, control))
            if ends:
                return
        self.note(run, "answer")
        now = Steering.of(control.wishes())
        stopped_by = "user" if now.stop or now.finish else "done"
        yield Answered(Answer(run.question, run.depth, "extractive", "All done. [1]", stopped_by=stopped_by))

    def do_plan(self, items: str, run: Run, journal: Journal, means: Means) -> Iterator[Event]:
        """Waits once, for as long as the run may; a plan of the human takes the place of this one."""
        yield Planned(Plan(tuple(SubQuestion(f"q{n}", text) for n, text in enumerate(items.split(", "), 1))), "scripted")
        now = Steering.of(means.control.wishes())
        if now.plan:
            yield Planned(Plan(tuple(SubQuestion(f"q{n}", item["text"]) for n, item in enumerate(now.plan["items"], 1))), "user")
        until = journal.step("wait", run.patience, lambda: (datetime.now(UTC) + timedelta(seconds=run.patience)).isoformat())
        if now.approved or datetime.fromisoformat(until) <= datetime.now(UTC):
            return False
        yield Waiting("plan", until)
        return True

    def do_steered(self, _: str, run: Run, journal: Journal, means: Means) -> Iterator[Event]:
        for wish in means.control.wishes():
            yield Steered(wish.seq, wish.kind, str(wish.data))

    def do_step(self, name: str, run: Run, journal: Journal, means: Means) -> Iterator[Event]:
        result = journal.step("count", name, lambda: self.work(name, run, means.shelf))
        self.note(run, f"done {name}")
        yield Searched(name, result["found"])

    def work(self, name: str, run: Run, shelf: Shelf) -> dict[str, int]:
        self.note(run, f"begin {name}")
        self.never.wait(PAUSE)
        shelf.keep(page(f"Page {name}."))
        return {"found": len(name)}

    def do_tell(self, text: str, *_: Any) -> Iterator[Event]:
        yield Searched(text, 1)

    def do_write(self, text: str, *_: Any) -> Iterator[Event]:
        yield Writing("scripted")
        yield Draft(text)

    def do_log(self, text: str, *_: Any) -> Iterator[Event]:
        talkative = logging.getLogger("talkative")
        talkative.setLevel(logging.DEBUG)
        talkative.info(text)
        talkative.warning("A warning.")
        yield from ()

    def do_wait(self, name: str, run: Run, journal: Journal, means: Means) -> Iterator[Event]:
        wait_until(lambda: (self.folder / name).exists() or self.is_called(means.control), 60)
        yield from ()

    def is_called(self, control: Control) -> bool:
        now = Steering.of(control.wishes())
        return now.stop or now.paused

    def do_deaf(self, name: str, *_: Any) -> Iterator[Event]:
        wait_until(lambda: (self.folder / name).exists(), 60)
        yield from ()

    def do_refuse(self, text: str, *_: Any) -> Iterator[Event]:
        raise LeashError(text)

    def do_break(self, *_: Any) -> Iterator[Event]:
        raise ZeroDivisionError("secret /path")

    def do_vanish(self, *_: Any) -> Iterator[Event]:
        yield from ()
        return True

    def brief(self, page: Page, hosted: bool) -> dict[str, Any]:
        return {"summary": [], "questions": [], "by": "scripted" if hosted else "", "note": page.title}

    def note(self, run: Run, text: str) -> None:
        with (self.folder / f"log-{run.id}").open("a") as file:
            file.write(text + "\n")

    def post(self, address: str, notice: dict[str, Any]) -> None:
        """Writes down what would be sent; an address with "refuse" in it takes nothing."""
        with (self.folder / "notices").open("a") as file:
            file.write(json.dumps([address, notice]) + "\n")
        if "refuse" in address:
            raise LeashError("Nobody is at home.")

    def close(self) -> None:
        pass


def page(text: str, html: bytes | None = None, picture: bytes | None = None) -> Page:
    rung = "browser" if picture else "http"
    return Page("https://a.example/", "https://a.example/", "A", text, "2026-01-01T00:00:00Z", rung=rung, html=html, picture=picture)


def log_of(settings: Settings, run: Run) -> list[str]:
    """What the engine wrote down about a run."""
    path = settings.data_dir / f"log-{run.id}"
    return path.read_text().splitlines() if path.exists() else []


class RedisServer:
    """A real server on a socket in the data folder."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.process = settings, None
        self.url = f"unix://{socket_path(settings.data_dir)}"
        self.start()

    def start(self) -> None:
        program = find_redis()
        assert program, "these tests need a redis-server"
        command = redis_command(program, self.settings.data_dir)
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_until(self.answers)

    def answers(self) -> bool:
        with suppress(RedisError):
            return Redis.from_url(self.url, socket_timeout=1).ping()
        return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def wipe(self) -> None:
        """Killed, and all that it kept is gone; it is not started again."""
        self.kill()
        for path in (self.settings.data_dir / "redis").rglob("*"):
            if path.is_file():
                path.unlink()


class Workers:
    """Real worker processes; those that ended are replaced when `tend` is called."""

    def __init__(self, settings: Settings, redis_url: str, lease: float = 1.5, engine: str = "tests.crew:ScriptedEngine") -> None:
        self.lease, self.processes, self.engine = lease, [], ["--engine", engine] if engine else []
        self.log = (settings.data_dir / "workers.log").open("a")
        given = {"LEASH_DATA_DIR": str(settings.data_dir), "LEASH_REDIS_URL": redis_url}
        self.environment = {**os.environ, **given}

    def start(self, count: int = 1, queue: str = "short") -> None:
        command = [sys.executable, "-m", "server.worker", "--queue", queue, "--lease", str(self.lease), *self.engine]
        for _ in range(count):
            self.begin(command)

    def begin(self, command: list[str]) -> None:
        started = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=self.log, stderr=self.log)
        self.processes.append(started)

    def tend(self) -> None:
        for ended in [process for process in self.processes if process.poll() is not None]:
            self.processes.remove(ended)
            self.begin(ended.args)

    def kill(self, number: int = 0, how: int = signal.SIGKILL) -> int:
        process = self.processes.pop(number)
        process.send_signal(how)
        return process.wait(20)

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
        self.log.close()


def wait_until(condition: Callable[[], Any], seconds: float = 30) -> Any:
    """What the condition becomes, once it is true. Fails when it does not become so in time."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        pause.wait(0.01)
