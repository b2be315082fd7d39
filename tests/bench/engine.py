"""A deep run against its critical path, with latencies simulated; what it costs in processor time and memory.

    python -m tests.bench.engine [--pages N] [--words N] [--json]

The real engine with its real tools, in a process that is warm, as a worker is; search (300 ms), pages (100 to 1500 ms) and
model (2 s a call) are scripted servers on loopback in this process. The critical path is made of the spans that were
recorded: plan, the slowest lane's rounds (search, choose, its slowest page, note), outline, slowest section, the whole,
check, rewrite and check again. Processor time and memory (each process's proportional share) are those of the engine's
process and all its children. Ends with 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.bench.first_words import html
from tests.clerk import Clerk
from tests.fakes import Answer, Asked, ScriptedModel, ScriptedSearch, ScriptedSite, answer_json

BARS = {"wall": 1.3, "cpu": 120.0, "memory": 600.0}  # of the critical path, ms a page, MB
SEARCH, MODEL, SLOWEST = 0.3, 2.0, 1.5
SITE_PAGES, FOUND, LANES, ROUNDS = 500, 20, 6, 4
QUESTION = "What is the limit of the date of an archive entry in each version?"


# ---------------------------------------------------------------- the world outside

@contextmanager
def world(words: int) -> Iterator[dict[str, str]]:
    """The addresses of a site, a search and a model that take their time."""
    pages = {f"/page{n}": html(f"/page{n}", words).encode() for n in range(SITE_PAGES)}

    def site_says(asked: Asked) -> Answer:
        wait = random.Random(asked.path).uniform(0.1, SLOWEST)
        return Answer((pages[asked.path],), kind="text/html", wait=wait) if asked.path in pages else Answer(status=404)

    clerk = Clerk(parts=LANES, rounds=ROUNDS, keep=6, open=8, first=MODEL)
    with ScriptedSite(site_says) as site, ScriptedSearch() as search, ScriptedModel(clerk) as model:
        def results(asked: Asked) -> Answer:
            chosen = random.Random(asked.query["q"]).sample(sorted(pages), FOUND)
            hits = [{"url": site.base + path, "title": f"Archive entries {path}", "content": "The limit of a date."} for path in chosen]
            return answer_json({"results": hits if asked.query.get("pageno", "1") == "1" else []}, wait=SEARCH)

        search.reply = results
        yield {"search": search.base, "model": model.url}


# ---------------------------------------------------------------- the engine's process

@dataclass
class Spans:
    """What was waited for: kind, name, thread, start and end."""

    rows: list[tuple[str, str, str, float, float]] = field(default_factory=list)

    def timed(self, kind: str, name: str, work: Callable[[], Any]) -> Any:
        started = time.monotonic()
        try:
            return work()
        finally:
            self.rows.append((kind, name, threading.current_thread().name, started, time.monotonic()))


@dataclass
class Timed:
    """A port that writes down how long each call took; all else is the real one's."""

    real: Any
    spans: Spans

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def search(self, wording: str, count: int = 10) -> Any:
        return self.spans.timed("search", wording, lambda: self.real.search(wording, count))

    def read(self, url: str, chosen_by: str = "agent", seconds: float | None = None) -> Any:
        return self.spans.timed("read", url, lambda: self.real.read(url, chosen_by, seconds))

    def ask(self, role: str, build: Any, **more: Any) -> Any:
        kind = next(iter((more.get("schema") or {}).get("properties", {})), role)
        return self.spans.timed(kind, role, lambda: self.real.ask(role, build, **more))

    def stream(self, build: Any, **more: Any) -> Iterator[Any]:
        started = time.monotonic()
        yield from self.real.stream(build, **more)
        self.spans.rows.append(("section", "write", threading.current_thread().name, started, time.monotonic()))


def engine(pages: int, addresses: dict[str, str]) -> None:
    """Runs once, warm, and prints what came of it; waits for a line before and after, so that it can be measured."""
    from agent.budget import DEEP, QUICK
    from agent.engine import research
    from agent.settings import ModelEndpoint, Settings
    from agent.tools import open_tools
    from server.worker import LongEngine

    with tempfile.TemporaryDirectory() as folder:
        endpoint = ModelEndpoint(url=addresses["model"], model="clerk", parallel=8)
        tools = open_tools(Settings(_env_file=None, data_dir=folder, searxng_url=addresses["search"], models=[endpoint],
                                    allow_nets=["127.0.0.1/32"]), threads=LongEngine.threads)
        list(research("Which version is the first?", replace(QUICK, pages=4), tools))
        say("warm")
        spans, started, lanes = Spans(), time.monotonic(), {}
        timed = replace(tools, searcher=Timed(tools.searcher, spans), reader=Timed(tools.reader, spans), models=Timed(tools.models, spans))
        budget = replace(DEEP, pages=pages, rounds=ROUNDS, lanes=LANES, patience=0)
        for event in research(QUESTION, budget, fresh(timed)):
            note_lane(lanes, event)
        wall = time.monotonic() - started
        answer = event.answer
        say({"wall": wall, "pages": answer.used["pages"], "claims": len(answer.claims), "stopped_by": answer.stopped_by,
             "path": critical(spans.rows, lanes)})
        tools.close()


def fresh(tools: Any) -> Any:
    from agent.journal import Journal, MemoryEntries, MemoryShelf

    return replace(tools, journal=Journal(MemoryEntries()), shelf=MemoryShelf())


def say(data: Any) -> None:
    print(json.dumps(data), flush=True)
    sys.stdin.readline()


def note_lane(lanes: dict[str, str], event: Any) -> None:
    """Which lane searched for which wording, and opened which page."""
    for name in (*getattr(event, "wordings", ()), getattr(event, "url", "")) if event.kind in ("searching", "reading") else ():
        lanes.setdefault(name, event.lane)


# ---------------------------------------------------------------- the critical path

def critical(rows: list[tuple[str, str, str, float, float]], lanes: dict[str, str]) -> dict[str, float]:
    """Seconds by part; their sum is the least that the run could have taken with these waits."""
    longest = {kind: max((end - start for what, *_, start, end in rows if what == kind), default=0.0)
               for kind in ("items", "sections", "section", "summary", "verdicts", "sentences")}
    again = longest["verdicts"] if longest["sentences"] else 0.0
    parts = {"plan": longest["items"], "lanes": max(chain(rows, lanes, f"q{n}") for n in range(1, LANES + 1)),
             "outline": longest["sections"], "section": longest["section"], "whole": longest["summary"],
             "check": longest["verdicts"], "rewrite": longest["sentences"], "check again": again}
    return {name: round(seconds, 2) for name, seconds in parts.items()}


def chain(rows: list[tuple[str, str, str, float, float]], lanes: dict[str, str], lane: str) -> float:
    """A lane's rounds: each its slowest search, its choice, its slowest page that was there when it noted, and its notes."""
    asked = sorted((row for row in rows if row[2] == f"lane-{lane}"), key=lambda row: row[3])
    total, before = 0.0, 0.0
    for choose, note in zip(asked[::2], asked[1::2], strict=False):
        mine = [row for row in rows if lanes.get(row[1]) == lane]
        searched = [row[4] - row[3] for row in mine if row[0] == "search" and before <= row[3] <= choose[3]]
        read = [row[4] - row[3] for row in mine if row[0] == "read" and choose[3] <= row[3] and row[4] <= note[3]]
        total += max(searched, default=0) + max(read, default=0) + choose[4] - choose[3] + note[4] - note[3]
        before = note[3]
    return total


# ---------------------------------------------------------------- what it costs

def tree(pid: int) -> list[int]:
    """A process and all that came of it."""
    return [pid, *(one for child in children(pid) for one in tree(child))]


def children(pid: int) -> list[int]:
    found: list[str] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # a thread that has just ended
            found += file.read_text().split()
    return list(map(int, found))


def cpu_seconds(pids: list[int]) -> dict[int, float]:
    found = {}
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found[pid] = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return found


def memory_mb(pids: list[int]) -> float:
    total = 0
    for pid in pids:
        try:
            rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += next((int(row.split()[1]) for row in rows if row.startswith("Pss:")), 0)
    return total / 1024


def measured(pages: int, addresses: dict[str, str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.engine", "--engine", json.dumps(addresses), "--pages", str(pages)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    lines, peak, over = [], 0.0, threading.Event()
    try:
        lines.append(process.stdout.readline())
        before = cpu_seconds(tree(process.pid))
        sampler = threading.Thread(target=lambda: lines.append(process.stdout.readline()) or over.set(), daemon=True)
        tell(process)
        sampler.start()
        while not over.wait(1.0):
            peak = max(peak, memory_mb(tree(process.pid)))
        after = cpu_seconds(tree(process.pid))
        tell(process)
        process.wait(30)
    finally:
        process.kill()
    result = json.loads(lines[1])
    spent = sum(seconds - before.get(pid, 0) for pid, seconds in after.items())
    return {**result, "cpu": 1000 * spent / max(1, result["pages"]), "memory": peak}


def tell(process: subprocess.Popen) -> None:
    process.stdin.write("\n")
    process.stdin.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=150)
    parser.add_argument("--words", type=int, default=1500)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--engine", type=json.loads, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.engine:
        engine(given.pages, given.engine)
        return 0
    with world(given.words) as addresses:
        found = measured(given.pages, addresses)
    path = sum(found["path"].values())
    shown = {"wall": found["wall"] / path, "cpu": found["cpu"], "memory": found["memory"]}
    if given.json:
        print(json.dumps({**found, "critical": path, "shown": shown}))
    print(f"{found['pages']:.0f} pages, {found['claims']} claims, stopped by {found['stopped_by']}")
    print("critical path  " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in found["path"].items()))
    print(f"wall time      {found['wall']:6.1f} s of {path:.1f} s: {shown['wall']:.2f}× (bar {BARS['wall']}×)")
    print(f"processor time {shown['cpu']:6.0f} ms a page read (bar {BARS['cpu']:.0f} ms)")
    print(f"memory         {shown['memory']:6.0f} MB at most, all processes (bar {BARS['memory']:.0f} MB)")
    return 1 if any(shown[name] > bar for name, bar in BARS.items()) else 0


if __name__ == "__main__":
    sys.exit(main())
