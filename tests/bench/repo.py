"""Repositories as text, side by side with gitingest and repomix, on source trees committed to git on the spot.

    python -m tests.bench.repo TREE... [--gitingest PROGRAM] [--repomix PROGRAM]

Each TREE is an unpacked source package; it is copied and committed in a scratch folder. The floor is what git and cat take to
print every text file. Wall time is the best of the passes; memory is the highest sum over the process and its children.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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


def run(words: list[str], folder: Path, output: Path) -> tuple[float, float, float, float]:
    """Seconds to the first byte and to the end, CPU seconds, most megabytes of the whole process tree."""
    start, before, most, first = time.monotonic(), os.times(), 0, 0.0
    with output.open("wb") as sink:
        process = psutil.Popen(words, cwd=folder, stdout=sink, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(ROOT)})
        while process.poll() is None:
            most = max(most, tree_memory(process))
            first = first or (time.monotonic() - start if output.stat().st_size else 0.0)
            time.sleep(0.01)  # how often memory is looked at
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return first or time.monotonic() - start, time.monotonic() - start, used, most / 1e6


def tree_memory(process: psutil.Popen) -> int:
    total = 0
    try:
        for one in (process, *process.children(recursive=True)):
            total += one.memory_info().rss
    except psutil.Error:
        pass
    return total


def contestants(tree: Path, given: argparse.Namespace, scratch: Path) -> dict[str, list[str]]:
    leash = [sys.executable, "-m", "server.cli", "repo", str(tree)]
    rows = {"floor": ["sh", "-c", FLOOR], "leash --token-estimate": [*leash, "--token-estimate"], "leash": leash,
            "leash --outline": [*leash, "--outline"], "leash --tokens 100000": [*leash, "--tokens", "100000"]}
    if given.gitingest:
        rows["gitingest"] = [given.gitingest, str(tree), "-o", str(scratch / "gitingest.txt")]
    if given.repomix:
        rows["repomix"] = [given.repomix, str(tree), "-o", str(scratch / "repomix.xml"), "--quiet"]
    return rows


def compare(tree: Path, given: argparse.Namespace, scratch: Path) -> None:
    best: dict[str, tuple[float, ...]] = {}
    for _ in range(given.passes):
        for name, words in contestants(tree, given, scratch).items():
            found = run(words, tree, scratch / "out.txt")
            best[name] = tuple(min(pair) for pair in zip(found[:3], best[name][:3], strict=True)) + (max(found[3], best[name][3]),) \
                if name in best else found
    print(f"\n{tree.name}: {'wall s':>26} {'first s':>8} {'CPU s':>7} {'MB':>6}")
    for name, (first, wall, used, memory) in best.items():
        print(f"  {name:28} {wall:8.2f} {first:8.2f} {used:7.2f} {memory:6.0f}")
    print(f"  allowed with estimates: {0.5 + 4 * best['floor'][1]:.2f} s")
    for peer in ("gitingest", "repomix"):
        if peer in best:
            print(f"  {peer} takes {best[peer][1] / best['leash'][1]:.1f} times as long")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("trees", nargs="+", type=Path)
    words.add_argument("--gitingest")
    words.add_argument("--repomix")
    words.add_argument("--passes", type=int, default=3)
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LEASH_DATA_DIR"] = f"{folder}/data"
        for source in given.trees:
            compare(committed(source, Path(folder)), given, Path(folder))


if __name__ == "__main__":
    main()
