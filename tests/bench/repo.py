"""Repositories as text, side by side with gitingest and repomix, on source trees committed to git on the spot.

    python -m tests.bench.repo TREE... [--gitingest PROGRAM --ranks FOLDER] [--repomix PROGRAM]

Each TREE is an unpacked source package; it is copied and committed in a scratch folder. "first" is Leash where nothing is kept
of a tree, "again" where all of it was counted before and nothing has changed since, "changed" where one file has; peers keep
nothing, and are compared with both. The floor is what git and cat take to print every text file. Wall time is the best of the
passes, and so is that to the first byte. Memory is the highest sum over the process and its children: MB as the system counts
it for each (RSS), held as they hold it together, with pages that they share counted once (PSS). Python's bytecode is kept in
the scratch folder, for Leash and gitingest alike, as an installation has it. Memory is watched in a first pass that is not
timed, as watching takes half a core. gitingest counts tokens, as Leash and repomix do, only where it finds the ranks: FOLDER
holds fb374d419588a4632f3f557e76b4b70aebbca790 (o200k_base.tiktoken as tiktoken keeps it; litellm's package carries that file).
On a machine that does other work the CPU seconds tell more than the wall.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import psutil

ROOT = Path(__file__).resolve().parents[2]
FLOOR = "git grep -I --cached -lz '' | xargs -0 cat"


def committed(source: Path, scratch: Path) -> Path:
    tree = scratch / source.name
    shutil.copytree(source, tree, symlinks=True, ignore=shutil.ignore_patterns(".git"))
    git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@localhost", "-C", str(tree)]
    for words in (["init", "-q"], ["add", "-A", "-f"], ["commit", "-q", "-m", "tree"]):
        subprocess.run([*git, *words], check=True, stdout=subprocess.DEVNULL)
    return tree


def run(words: list[str], folder: Path, output: Path, watched: bool) -> tuple[float, ...]:
    """Seconds to the first byte and to the end, CPU seconds, most megabytes of the whole process tree, also as held."""
    start, before, most, held, first = time.monotonic(), os.times(), 0, 0, 0.0
    with output.open("wb") as sink:
        process = psutil.Popen(words, cwd=folder, stdout=sink, stderr=subprocess.DEVNULL, env=environment())
        while process.poll() is None:
            if watched:
                most, held = max(most, tree_memory(process, resident)), max(held, tree_memory(process, share))
            first = first or (time.monotonic() - start if output.stat().st_size else 0.0)
            time.sleep(0.005)  # how often it is looked at
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return first or time.monotonic() - start, time.monotonic() - start, used, most / 1e6, held / 1e6


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": f"{os.environ['LEASH_DATA_DIR']}/bytecode"}


def tree_memory(process: psutil.Popen, measure: Callable[[psutil.Process], int]) -> int:
    total = 0
    try:
        for one in (process, *process.children(recursive=True)):
            total += measure(one)
    except (psutil.Error, OSError):
        pass
    return total


def resident(process: psutil.Process) -> int:
    return process.memory_info().rss


def share(process: psutil.Process) -> int:
    """Its own pages, and its part of those that it shares; 0 where the system does not tell."""
    rollup = Path(f"/proc/{process.pid}/smaps_rollup")
    lines = rollup.read_text().splitlines() if rollup.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


class Row(NamedTuple):
    """A contestant: its command, and what is done before it runs, untimed."""

    words: list[str]
    before: Callable[[Path], None] = lambda tree: None


def forget(_tree: Path) -> None:
    shutil.rmtree(f"{os.environ['LEASH_DATA_DIR']}/counts", ignore_errors=True)


def change(tree: Path) -> None:
    with next(tree.glob("README*")).open("a") as file:
        file.write(f"Changed at {time.time_ns()}.\n")


def contestants(tree: Path, given: argparse.Namespace, scratch: Path) -> dict[str, Row]:
    """By name, in the order of a pass: "again" and "changed" follow what they need."""
    rows = {"floor": Row(["sh", "-c", FLOOR])}
    for options in ("--token-estimate", "--outline", "--tokens 100000", ""):
        words = [sys.executable, "-m", "server.cli", "repo", str(tree), *options.split()]
        rows |= {f"leash {options}".strip() + ", first": Row(words, forget), f"leash {options}".strip() + ", again": Row(words)}
    rows["leash, changed"] = Row(words, change)
    if given.gitingest:
        rows["gitingest"] = Row([given.gitingest, str(tree), "-o", str(scratch / "gitingest.txt")])
    if given.repomix:
        rows["repomix"] = Row([given.repomix, str(tree), "-o", str(scratch / "repomix.xml"), "--quiet"])
    return rows


def compare(tree: Path, given: argparse.Namespace, scratch: Path) -> None:
    rows = contestants(tree, given, scratch)
    memory: dict[str, tuple[float, ...]] = {}
    best: dict[str, tuple[float, ...]] = {}
    for watched in (True, *[False] * given.passes):
        for name, row in rows.items():
            row.before(tree)
            found = run(row.words, tree, scratch / "out.txt", watched)
            if watched:
                memory[name] = found[3:]
            else:
                best[name] = tuple(map(min, found[:3], best.get(name, found)))
    print(f"\n{tree.name:32} {'wall s':>8} {'byte s':>8} {'CPU s':>7} {'MB':>6} {'held':>6}")
    for name, (first, wall, used) in best.items():
        print(f"  {name:30} {wall:8.2f} {first:8.2f} {used:7.2f} {memory[name][0]:6.0f} {memory[name][1]:6.0f}")
    print(f"  allowed with estimates: {0.5 + 4 * best['floor'][1]:.2f} s")
    for peer in ("gitingest", "repomix"):
        if peer in best:
            for name in ("leash, first", "leash, again"):
                wall, used = (best[peer][at] / best[name][at] for at in (1, 2))
                print(f"  {peer} takes {wall:.1f} times as long as {name}, and {used:.1f} times the CPU seconds")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("trees", nargs="+", type=Path)
    words.add_argument("--gitingest")
    words.add_argument("--ranks", default="/nonexistent")
    words.add_argument("--repomix")
    words.add_argument("--passes", type=int, default=3)
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(LEASH_DATA_DIR=f"{folder}/data", TIKTOKEN_CACHE_DIR=given.ranks)
        for source in given.trees:
            compare(committed(source, Path(folder)), given, Path(folder))


if __name__ == "__main__":
    main()
