"""Deep runs under a `leash up` whose worker, its children, Redis (at times wiped), web process and browser are killed with -9.

The real engine, store, queue and supervisor; site, search and model are scripted servers on loopback that write down when
they were asked for what. What was lost, done again or slow to come back is told by `Siege.report`.
"""

from __future__ import annotations

import json
import os
import random
import re
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from agent.settings import Settings
from server.redisd import socket_path
from server.service import open_service
from server.store.records import OVER
from tests.bench.first_words import html
from tests.clerk import Clerk
from tests.crew import ROOT, wait_until
from tests.fakes import Answer, Asked, ScriptedModel, ScriptedSearch, ScriptedSite, answer_json

PAGES = 40  # of each run's own web
DRAWN = 8  # each so many-th page is drawn by a script, and needs the browser
LIMITS = {"pages": 30, "rounds": 3, "seconds": 900}
BACK_BAR = 30.0


# ---------------------------------------------------------------- the world outside

@dataclass
class World:
    """Addresses, and what was asked for when: (time, path), (time, wording), (time, prompt)."""

    site: str
    search: str
    model: str
    read: list[tuple[float, str]]
    searched: list[tuple[float, str]]
    asked: list[tuple[float, str]]


@contextmanager
def world(pause: float) -> Iterator[World]:
    """`pause` is the seconds that a model takes; pages take up to that long."""
    read, searched, asked = [], [], []
    clerk = Clerk(parts=3, rounds=2, keep=4, open=5, first=pause)

    def site_says(request: Asked) -> Answer:
        read.append((time.time(), request.path))
        wait = random.Random(request.path).uniform(0.1, 1.0) * pause
        found = re.fullmatch(r"/run\d+/page(\d+)", request.path)
        return Answer((page_html(request.path, int(found[1])).encode(),), kind="text/html", wait=wait) if found else Answer(status=404)

    def search_says(request: Asked) -> Answer:
        wording = request.query["q"]
        searched.append((time.time(), wording))
        number = re.search(r"number (\d+)", wording)[1]
        chosen = random.Random(wording).sample(range(PAGES), 12)
        hits = [{"url": f"{site.base}/run{number}/page{n}", "title": f"Archive {number}, page {n}", "content": "A limit."} for n in chosen]
        return answer_json({"results": hits if request.query.get("pageno", "1") == "1" else []}, wait=pause / 2)

    def model_says(body: dict[str, Any]) -> Any:
        asked.append((time.time(), body["messages"][-1]["content"]))
        return clerk(body)

    with ScriptedSite(site_says) as site, ScriptedSearch() as search, ScriptedModel(model_says) as model:
        search.reply = search_says
        yield World(site.base, search.base, model.url, read, searched, asked)


def page_html(path: str, number: int) -> str:
    text = html(path, 400)
    if number % DRAWN:
        return text
    body = json.dumps(text.partition("<main>")[2])
    return f"<!doctype html><html><title>{path}</title><body><div id=app></div><script>app.innerHTML = {body}</script>"


# ---------------------------------------------------------------- who is killed

def victims(leash: psutil.Process) -> dict[str, list[psutil.Process]]:
    """Processes by what they are, of the long runs' worker and of what all runs share."""
    found: dict[str, list[psutil.Process]] = {}
    with suppress(psutil.Error):
        for process in leash.children(recursive=True):
            with suppress(psutil.Error):
                found.setdefault(role_of(process), []).append(process)
    found.pop("", None)
    return found


def role_of(process: psutil.Process) -> str:
    line = " ".join(process.cmdline())
    if "server.worker" in line:
        return "worker" if "long" in line else ""
    if "agent.extract.document" in line:
        return "child" if "long" in " ".join(process.parent().cmdline()) else ""
    if "redis-server" in line or "valkey" in line:
        return "redis"
    if "chrom" in process.name() or "headless" in process.name():
        return "browser" if "--type=" not in line else ""
    return "web" if "server.webserver" in line else ""


WIPED = 1 / 3  # of the times that Redis is killed


@dataclass
class Blow:
    """A kill: of what, how many seconds later the run was at work again, and how many calls of a model it cut off."""

    of: str
    back: float


@dataclass
class Siege:
    """A `leash up` on a folder, and what became of its runs."""

    folder: Path
    world: World
    rand: random.Random
    say: Callable[[str], None] = print
    blows: list[Blow] = field(default_factory=list)
    ends: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> Siege:
        self.process = subprocess.Popen([sys.executable, "-m", "server.cli", "up", "--port", "0"], env=self.environment(), cwd=ROOT,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        ready = next((line for line in self.process.stdout if "Leash is ready" in line), "")
        assert ready, "leash up did not start"
        threading.Thread(target=lambda: [None for _ in self.process.stdout], daemon=True).start()
        self.leash = psutil.Process(self.process.pid)
        settings = Settings(_env_file=None, data_dir=self.folder)
        self.service = open_service(Settings(_env_file=None, data_dir=self.folder, redis_url=f"unix://{socket_path(settings.data_dir)}"))
        return self

    def __exit__(self, *fault: object) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.service.store.close()

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("LEASH_", "OPENAI_"))}
        model = json.dumps([{"url": self.world.model, "model": "clerk", "parallel": 8}])
        return {**kept, "LEASH_DATA_DIR": str(self.folder), "LEASH_WORKERS": "1", "LEASH_LONG_WORKERS": "1", "LEASH_FIND_MODELS": "0",
                "LEASH_MODELS": model, "LEASH_SEARXNG_URL": self.world.search, "LEASH_ALLOW_NETS": "127.0.0.1/32", "PYTHONPATH": str(ROOT)}

    def lay(self, kills: int, longest: float = 4.0, each: bool = False) -> None:
        """Kill so often, one run after another, up to `longest` seconds after the last kill's run was back; then let the last run end.

        `each` kills every kind of process in turn instead of at random.
        """
        run = None
        while len(self.blows) < kills:
            if run is None or self.service.run(run.id).over:
                run = self.ask()
                wait_until(lambda run=run: self.mark(run)[0] != "queued", 60)
            threading.Event().wait(self.rand.uniform(0.1, longest))
            if not self.service.run(run.id).over:
                self.strike(run, victims(self.leash), each)
        wait_until(lambda: all(self.service.run(ident).over for ident in self.ends), 180)
        self.ends = {ident: self.service.run(ident).status for ident in self.ends}

    def ask(self) -> Any:
        question = f"What is the limit of the archive number {len(self.ends) + 1}?"
        run = self.service.ask(question, "deep", limits=LIMITS, patience=0)
        self.ends[run.id] = ""
        return run

    def strike(self, run: Any, found: dict[str, list[psutil.Process]], each: bool) -> None:
        if not found:
            return
        struck = Counter(blow.of for blow in self.blows)
        of = min(sorted(found), key=lambda one: struck[one]) if each else self.rand.choice(sorted(found))
        victim = self.rand.choice(found[of])
        before = self.mark(run)
        with suppress(psutil.Error):
            victim.kill()
            if of == "redis" and self.rand.random() < WIPED:
                self.wipe(victim)
        killed = time.monotonic()
        wait_until(lambda: self.is_back(run, of, before), 120)
        self.blows.append(Blow(of, time.monotonic() - killed))
        self.say(f"{len(self.blows):3d}  {of:8s} killed, at work again after {self.blows[-1].back:4.1f} s")

    def wipe(self, redis: psutil.Process) -> None:
        """Take from Redis what it kept: the queue is then rebuilt from the database."""
        redis.wait(5)
        for kept in (self.folder / "redis").rglob("*"):
            if kept.is_file():
                kept.unlink(missing_ok=True)

    def is_back(self, run: Any, of: str, before: tuple) -> bool:
        """Whether the run has got on since, and what was killed is there again (a browser and a child come when they are needed)."""
        now = self.mark(run)
        return (now[0] in OVER or now[1:] != before[1:]) and (of in ("browser", "child") or of in victims(self.leash))

    def mark(self, run: Any) -> tuple:
        """The run's status, and how many steps and events it has."""
        with sqlite3.connect(f"file:{self.folder / 'leash.db'}?mode=ro", uri=True, timeout=10) as db:
            steps = db.execute("SELECT count(*) FROM step WHERE run_id = ?", [run.id]).fetchone()[0]
            return self.service.run(run.id).status, steps, len(self.service.events(run.id))

    # ------------------------------------------------------------ what came of it

    def steps(self) -> list[tuple[str, Any, float]]:
        with sqlite3.connect(f"file:{self.folder / 'leash.db'}?mode=ro", uri=True) as db:
            return [(kind, json.loads(inputs), at) for kind, inputs, at in db.execute("SELECT kind, inputs, at FROM step")]

    def repeated(self) -> list[str]:
        """Searches and pages that were asked for after their result had been kept."""
        reads = {urlsplit(inputs["url"]).path: at for kind, inputs, at in self.steps() if kind == "read"}
        searches = {inputs["wording"]: at for kind, inputs, at in self.steps() if kind == "search"}
        again = [f"read {path}" for at, path in self.world.read if at > reads.get(path, at)]
        return again + [f"search {wording}" for at, wording in self.world.searched if at > searches.get(wording, at)]

    def calls_again(self) -> int:
        """Calls of a model beyond one for each that was kept: those that a kill cut off, or whose answer it lost."""
        return len(self.world.asked) - sum(kind == "model" for kind, *_ in self.steps())

    def lost(self) -> list[str]:
        return [status for status in self.ends.values() if status != "done"]

    def late(self) -> float:
        """Seconds within which 95 of 100 kills were overcome."""
        times = [blow.back for blow in self.blows]
        return statistics.quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else sum(times)

    def report(self) -> bool:
        """Tells all, and whether every bar is met."""
        kinds = ", ".join(f"{of} {count}" for of, count in sorted(Counter(blow.of for blow in self.blows).items()))
        calls = self.calls_again() / max(1, len(self.blows))
        self.say(f"{len(self.blows)} kills ({kinds}) over {len(self.ends)} deep runs: {len(self.lost())} runs lost, "
                 f"{len(self.repeated())} completed steps repeated, {calls:.2f} model calls made again a kill, "
                 f"at work again within {self.late():.1f} s (95 %), {max(blow.back for blow in self.blows):.1f} s at worst")
        return not self.lost() and not self.repeated() and calls <= 1 and self.late() <= BACK_BAR
