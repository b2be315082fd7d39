"""Pages a second, this project's extraction beside plain trafilatura, page by page in one run: `python -m tests.bench.extraction [EVERY]`.

Seconds of this process's own CPU, so that what else the machine does matters little. EVERY takes every so-manieth page (default 4).
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress

import trafilatura

from agent.errors import Unreadable
from agent.extract.html import extract
from tests.conftest import ROOT

PAGES = ROOT.parent / "shared" / "extraction"


def seconds(work: Callable[[str, str], object], html: str, url: str) -> float:
    started = time.process_time()
    with suppress(Unreadable):
        work(html, url)
    return time.process_time() - started


def main() -> None:
    every = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    rows = [json.loads(line) for line in (PAGES / "truth.jsonl").read_text().splitlines()][::every]
    ours = theirs = 0.0
    extract("<p>warm</p>", "https://a.org/")
    for row in rows:
        html = gzip.decompress((PAGES / "html" / f"{row['id']}.html.gz").read_bytes()).decode("utf-8", "replace")
        ours += seconds(extract, html, row["url"])
        theirs += seconds(lambda page, url: trafilatura.extract(page, url=url), html, row["url"])
    count = len(rows)
    print(f"{count} pages: Leash {count / ours:.1f} a second, trafilatura {count / theirs:.1f}: {theirs / ours:.2f} times its speed")


if __name__ == "__main__":
    main()
