"""Kills parts of a running Leash with -9 at random moments of deep runs, and looks for what was lost or done twice.

    python -m tests.bench.chaos [--kills N] [--seed N] [--pages N]

A whole `leash up` with the real engine and no model; the web is scripted servers on loopback, slow enough for a kill to
fall anywhere. What is killed: a long worker, one of its children (text, browser), Redis (now and then wiped too), the web
process. Prints a line a kill, then the sums; ends with 1 if a run was lost, a completed step was done again, or going on
took more than thirty seconds at the 95th percentile.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil

from agent.events import Answered
from agent.settings import Settings
from server.home import read_state
from server.redisd import socket_path
from server.service import open_service
from server.store import Run
from server.store.records import OVER
from tests.bench.first_words import html
from tests.bench.kills import done_steps, repeated
from tests.crew import ROOT, wait_until
from tests.fakes import Answer, Asked, ScriptedSearch, ScriptedSite, answer_json

PARTS = ("worker", "worker", "child", "redis", "wiped redis", "web")
LIMITS = {"pages": 60, "searches": 40, "seconds": 600}
LONGEST_WAIT = 6.0  # seconds of work before the next kill


class World:
    """Sites and a search engine; what was asked of them, in order."""

    def __init__(self, pages: int) -> None:
        rand = random.Random(1)
        texts = {f"/page{n}": html(f"/page{n}", 600).encode() for n in range(pages)}
        self.site = ScriptedSite(lambda asked: Answer((texts[asked.path],), wait=rand.uniform(0.3, 2.0)) if asked.path in texts
                                 else Answer(status=404))
        self.search, self.hits = ScriptedSearch(), [
            {"url": self.site.base + path, "title": f"Zip entry date {path}", "content": "The limit of a date."} for path in texts]
        self.search.reply = self.results

    def results(self, asked: Asked) -> Answer:
        chosen = random.Random(asked.query.get("q", "")).sample(self.hits, 20)
        return answer_json({"results": chosen if asked.query.get("pageno", "1") == "1" else []}, wait=0.5)

    def mark(self) -> tuple[int, int]:
        return len(self.site.asked), len(self.search.asked)

    def since(self, mark: tuple[int, int]) -> dict[str, list[str]]:
        return {"read": [asked.path for asked in self.site.asked[mark[0]:]],
                "search": [asked.query["q"] for asked in self.search.asked[mark[1]:]], "write": []}


class Leash:
    """A `leash up` in a folder, and the service beside it."""

    def __init__(self, folder: Path, world: World) -> None:
        self.folder = folder
        given = {"LEASH_DATA_DIR": str(folder), "LEASH_SEARXNG_URL": world.search.base, "LEASH_SEARCH_PROVIDERS": "searxng",
                 "LEASH_ALLOW_NETS": "127.0.0.1/32", "LEASH_FIND_MODELS": "false", "LEASH_WORKERS": "1", "LEASH_LONG_WORKERS": "2",
                 "PYTHONPATH": str(ROOT)}
        command = ["env", *(f"{name}={value}" for name, value in given.items()), sys.executable, "-m", "server.cli", "up", "--port", "0"]
        self.log = (folder / "up.log").open("w")
        self.process = subprocess.Popen(command, cwd=folder, stdout=self.log, stderr=subprocess.STDOUT)
        wait_until(lambda: {"worker-1", "long-1", "long-2", "redis", "web"} <= set(self.pids()), 90)
        self.service = open_service(Settings(_env_file=None, data_dir=folder, redis_url=f"unix://{socket_path(folder)}"))

    def pids(self) -> dict[str, int]:
        return {name: pid for name, (pid, _) in read_state(self.folder).get("children", {}).items()}

    def kill(self, part: str, run: Run) -> bool:
        """Kill that part of what works on the run; False if there is none now."""
        victim = self.victim(part, run)
        with suppress(psutil.Error):
            if victim is None:
                return False
            victim.kill()
            if part == "wiped redis":
                victim.wait(5)
                for kept in (self.folder / "redis").rglob("*"):
                    kept.unlink() if kept.is_file() else None
        return True

    def victim(self, part: str, run: Run) -> psutil.Process | None:
        if part in ("redis", "wiped redis", "web"):
            return psutil.Process(self.pids()[part.split()[-1]])
        with self.service.store.database.read() as connection:
            name = connection.exec_driver_sql("SELECT worker FROM run WHERE id = ?", (run.id,)).scalar() or "x-0-x"
        with suppress(psutil.Error):
            worker = psutil.Process(int(name.split("-")[-2]))
            children = worker.children(recursive=True)
            return worker if part == "worker" else random.choice(children) if children else None
        return None

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.service.store.close()
        self.log.close()


class Chaos:
    """One kill after another, over as many runs as it takes, and what came of them."""

    def __init__(self, leash: Leash, world: World, rand: random.Random) -> None:
        self.leash, self.service, self.world, self.rand = leash, leash.service, world, rand
        self.runs: list[Run] = []
        self.back: list[float] = []
        self.again: list[str] = []

    def strike(self) -> str:
        """Kill something, wait until the run gets on, and tell of it in a line."""
        run, part = self.current(), self.rand.choice(PARTS)
        time.sleep(self.rand.uniform(0.2, LONGEST_WAIT))
        part = part if self.leash.kill(part, run) else "nothing"
        killed, mark, done = time.monotonic(), self.world.mark(), self.steps(run)
        wait_until(lambda: self.is_over(run) or len(self.steps(run)) > len(done), 120)
        self.back.append(time.monotonic() - killed)
        again = repeated([step for step in done if step[0] in ("read", "search")], self.world.since(mark))
        self.again += again
        return f"{part:11s}  after {len(done):3d} steps: further in {self.back[-1]:4.1f} s  {', '.join(again)}"

    def current(self) -> Run:
        """The run that is worked on; a new one when the last is over."""
        if not self.runs or self.is_over(self.runs[-1]):
            question = f"What is the limit of the date of zip entry number {len(self.runs)}, and who set it?"
            self.runs.append(self.service.ask(question, "deep", limits=LIMITS, patience=0))
            wait_until(lambda: self.service.run(self.runs[-1].id).status != "queued", 60)
        return self.runs[-1]

    def is_over(self, run: Run) -> bool:
        return self.service.run(run.id).status in OVER

    def steps(self, run: Run) -> list[tuple[str, dict]]:
        return done_steps(self.leash.folder / "leash.db", run.id)

    def lost(self) -> list[str]:
        """Of the runs that did not end with one answer what they say, once all are over."""
        wait_until(lambda: self.is_over(self.runs[-1]), 900)
        ended = [self.service.run(run.id) for run in self.runs]
        return [f"{run.id}: {run.status} {run.error}" for run in ended if run.status != "done" or self.answers(run) != 1]

    def answers(self, run: Run) -> int:
        return sum(isinstance(entry.event, Answered) for entry in self.service.events(run.id))

    def late(self) -> float:
        return sorted(self.back)[math.ceil(len(self.back) * 0.95) - 1]

    def sums(self, lost: list[str]) -> str:
        return (f"{len(self.back)} kills over {len(self.runs)} runs: {len(lost)} runs lost, {len(self.again)} completed steps done again; "
                f"going on took {statistics.median(self.back):.1f} s in the middle, {self.late():.1f} s at the 95th percentile, "
                f"{max(self.back):.1f} s at most")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--pages", type=int, default=80)
    given = parser.parse_args()
    world = World(given.pages)
    with tempfile.TemporaryDirectory() as folder:
        leash = Leash(Path(folder), world)
        try:
            chaos = Chaos(leash, world, random.Random(given.seed))
            for number in range(1, given.kills + 1):
                print(f"{number:3d}  {chaos.strike()}", flush=True)
            lost = chaos.lost()
            print("\n".join([*lost, f"seed {given.seed}: {chaos.sums(lost)}"]))
        finally:
            leash.close()
    return 1 if lost or chaos.again or chaos.late() > 30 else 0


if __name__ == "__main__":
    sys.exit(main())
