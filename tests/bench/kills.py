"""Kills the worker with -9 at random moments of real runs, and looks for what was lost or done twice.

    python -m tests.bench.kills [--depth deep] [--kills N] [--seed N]

The real engine in real workers on a real Redis; the web and the model are scripted servers on loopback, slow enough for
a kill to fall anywhere. After each kill a new worker is started, as `leash up` does. Prints a line a run, then the sums;
ends with 1 if a run was lost or a completed step was done again. With --depth deep see tests/bench/siege.py.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from agent.settings import Settings
from server.service import open_service
from server.store.records import OVER
from tests.bench import siege
from tests.bench.first_words import html
from tests.crew import RedisServer, Workers, wait_until
from tests.fakes import Answer, Asked, Says, ScriptedModel, ScriptedSearch, ScriptedSite, answer_json

LONGEST_RUN = 4.0  # seconds after the question within which a kill falls


@dataclass
class World:
    """What is asked of the outside, in order."""

    site: ScriptedSite
    search: ScriptedSearch
    model: ScriptedModel

    def counts(self) -> tuple[int, int, int]:
        return len(self.site.asked), len(self.search.asked), len(self.model.requests)

    def since(self, before: tuple[int, int, int]) -> dict[str, list[str]]:
        """Pages, wordings and model calls asked for since then."""
        return {"read": [asked.path for asked in self.site.asked[before[0]:]],
                "search": [asked.query["q"] for asked in self.search.asked[before[1]:]],
                "write": ["" for asked in self.model.requests[before[2]:] if "response_format" not in asked]}


def open_world() -> World:
    rand = random.Random(1)
    pages = {f"/page{n}": html(f"/page{n}", 1500).encode() for n in range(14)}
    site = ScriptedSite(lambda asked: Answer((pages[asked.path],), wait=rand.uniform(0.1, 0.8)) if asked.path in pages
                        else Answer(status=404))
    search = ScriptedSearch()
    hits = [{"url": site.base + path, "title": f"Zip entry date {path}", "content": "The limit of a date."} for path in pages]

    def results(asked: Asked) -> Answer:
        return answer_json({"results": hits if asked.query.get("pageno", "1") == "1" else []}, wait=0.3)

    search.reply = results
    said = Says("The limit of a date is said here [p1]. And more is said there [p2].", first=0.5, pause=0.1, piece=8)
    return World(site, search, ScriptedModel(lambda _: said))


def done_steps(database: Path, run_id: str) -> list[tuple[str, dict]]:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        return [(kind, json.loads(inputs))
                for kind, inputs in db.execute("SELECT kind, inputs FROM step WHERE run_id = ?", [run_id])]


def repeated(done: list[tuple[str, dict]], asked: dict[str, list[str]]) -> list[str]:
    """What had completed before the kill and was asked for again after it."""
    names = {"read": lambda inputs: urlsplit(inputs["url"]).path, "search": lambda inputs: inputs["wording"], "write": lambda _: ""}
    steps = [("write" if kind == "model" and inputs[0] == "write" else kind, inputs) for kind, inputs in done]
    return [f"{kind} {names[kind](inputs)}" for kind, inputs in steps if kind in names and names[kind](inputs) in asked[kind]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--depth", choices=("quick", "deep"), default="quick")
    given = parser.parse_args()
    return deep(given.kills, given.seed) if given.depth == "deep" else quick(given)


def deep(kills: int, seed: int) -> int:
    """Deep runs, and kills of every process that takes part in them."""
    rand = random.Random(seed)
    with (siege.world(0.5) as outside, tempfile.TemporaryDirectory() as folder,
          siege.Siege(Path(folder), outside, rand, lambda line: print(line, flush=True)) as held):
        held.lay(kills)
        print(f"seed {seed}")
        return 0 if held.report() else 1


def quick(given: argparse.Namespace) -> int:
    rand, world = random.Random(given.seed), open_world()
    lost, twice, back = 0, 0, []
    with tempfile.TemporaryDirectory() as folder:
        redis = RedisServer(Settings(_env_file=None, data_dir=folder))
        os.environ.update({"LEASH_SEARXNG_URL": world.search.base, "LEASH_MODEL_URL": world.model.url, "LEASH_MODEL": "m",
                           "LEASH_ALLOW_NETS": "127.0.0.1/32", "LEASH_FIND_MODELS": "false"})
        settings = Settings(_env_file=None, data_dir=folder, redis_url=redis.url)
        service, workers = open_service(settings), Workers(settings, redis.url, lease=10.0, engine="")
        try:
            workers.start()
            for number in range(given.kills):
                run = service.ask(f"What is the limit of the date of zip entry number {number}?")
                moment = rand.uniform(0.05, LONGEST_RUN)
                wait_until(lambda run=run: service.run(run.id).status != "queued", 60)
                time.sleep(moment)
                workers.kill()
                killed, before = time.monotonic(), world.counts()
                over = service.run(run.id).status in OVER
                done = done_steps(Path(folder) / "leash.db", run.id)
                workers.start()
                wait_until(lambda run=run: service.run(run.id).status in OVER, 90)
                again = repeated(done, world.since(before))
                seconds = time.monotonic() - killed
                ended = service.run(run.id).status
                lost, twice = lost + (ended != "done"), twice + len(again)
                back += [] if over else [seconds]
                print(f"{number + 1:3d}  killed after {moment:4.2f} s with {len(done):2d} steps done: {ended} "
                      f"{'at once' if over else f'{seconds:4.1f} s later'}{'; again: ' + ', '.join(again) if again else ''}", flush=True)
        finally:
            workers.close()
            service.store.close()
            redis.kill()
    print(f"{given.kills} kills (seed {given.seed}): {lost} runs lost, {twice} completed steps done again, "
          f"whole at most {max(back, default=0):.1f} s after the kill, worker's start included")
    return 1 if lost or twice else 0


if __name__ == "__main__":
    sys.exit(main())
