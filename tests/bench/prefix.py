"""The URL prefix through `leash up`, as it is installed: a kept page at 50 requests a second, and what a fresh page costs.

    python -m tests.bench.prefix [--rate N] [--seconds S] [--pages N] [--wait MS] [--html FOLDER]

The pages come from a site on loopback that answers after --wait milliseconds: real ones from a folder of .html.gz files
(shared/extraction/html beside this tree, if it is there), else made ones. Prints milliseconds: for kept pages the time
from the moment a request was due, for fresh ones what is over a plain GET of the same page at the same site.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.first_words import html
from tests.fakes import Answer, Asked, ScriptedSite

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "extraction" / "html"
TOKEN = "a-token-of-enough-length"
local = threading.local()


def bodies(folder: Path, count: int) -> dict[str, bytes]:
    """The pages, by path."""
    files = sorted(folder.glob("*.html.gz"))[:count] if folder.is_dir() else []
    if files:
        return {f"/{number}.html": gzip.decompress(file.read_bytes()) for number, file in enumerate(files)}
    return {f"/{number}.html": html(f"/{number}.html", 1500).encode() for number in range(count)}


@contextmanager
def leash(folder: str) -> Iterator[str]:
    """A whole Leash; its host and port."""
    given = {"LEASH_DATA_DIR": folder, "LEASH_PORT": "0", "LEASH_TOKEN": TOKEN, "LEASH_ALLOW_NETS": "127.0.0.0/8",
             "LEASH_FIND_MODELS": "no"}
    command = [sys.executable, "-m", "server.cli", "up"]
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **given}, stdout=subprocess.PIPE, text=True) as up:
        try:
            found = next(filter(None, (re.search(r"http://(\S+?)/\?token", line) for line in up.stdout)))
            yield found[1]
        finally:
            up.terminate()


def get(host: str, path: str) -> tuple[int, int]:
    """Status and size of a GET, over this thread's own connection."""
    lines = vars(local).setdefault("lines", {})
    line = lines.setdefault(host, http.client.HTTPConnection(host, timeout=60))
    try:
        line.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}", "Accept": "text/markdown"})
        reply = line.getresponse()
        return reply.status, len(reply.read())
    except (OSError, http.client.HTTPException):
        lines.pop(host).close()
        raise


def timed(host: str, path: str, due: float | None = None) -> float:
    """Milliseconds since it was due, nan for a reply that was no page."""
    started = due or time.perf_counter()
    status, _ = get(host, path)
    return (time.perf_counter() - started) * 1000 if status == 200 else float("nan")


def at_rate(host: str, paths: list[str], rate: float, seconds: float) -> list[float]:
    """An open loop: each request is sent when it is due, whether or not those before it are answered."""
    begin, count = time.perf_counter() + 0.2, int(rate * seconds)
    with ThreadPoolExecutor(48) as threads:
        def one(number: int) -> float:
            due = begin + number / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            return timed(host, paths[number % len(paths)], due)
        return list(threads.map(one, range(count)))


def shown(times: list[float]) -> str:
    good = sorted(value for value in times if value == value)
    if len(good) < 2:
        return f"{len(good)} of {len(times)} answered"
    p99 = good[min(len(good) - 1, int(len(good) * 0.99))]
    p50, p90 = statistics.median(good), good[int(len(good) * 0.9)]
    return f"p50 {p50:6.1f}  p90 {p90:6.1f}  p99 {p99:6.1f}  most {good[-1]:6.1f} ms  ({len(good)} of {len(times)})"


def main() -> None:
    given = parse()
    pages = bodies(given.html, given.pages)

    def serve(asked: Asked) -> Answer:
        return Answer((pages.get(asked.path, b""),), kind="text/html", wait=given.wait / 1000)

    with ScriptedSite(serve) as site, tempfile.TemporaryDirectory() as folder, leash(folder) as host:
        there = urlsplit(site.base).netloc
        paths = {path: f"/http://{there}{path}" for path in pages}
        timed(host, paths["/0.html"] + "?leash_cache=no")  # the worker's first page warms it
        direct = [timed(there, path) for path in pages]
        fresh = [timed(host, path) for path in paths.values()]
        over = [late - own for late, own in zip(fresh, direct, strict=True)]
        kept = [path for path, took in zip(paths.values(), fresh, strict=True) if took == took]
        again = [timed(host, path + "?leash_cache=no") - own for path, own in zip(paths.values(), direct, strict=True)]
        print(f"{len(pages)} pages, {statistics.mean(map(len, pages.values())) / 1000:.0f} KB on average")
        print("fresh, over a plain GET   ", shown(over))
        print("again, over a plain GET   ", shown(again))
        print(f"kept, {given.rate:g} a second        ", shown(at_rate(host, kept, given.rate, given.seconds)))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--pages", type=int, default=40)
    parser.add_argument("--wait", type=float, default=20)
    parser.add_argument("--html", type=Path, default=SHARED)
    return parser.parse_args()


if __name__ == "__main__":
    main()
