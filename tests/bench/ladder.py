"""Does the ladder bring what the script sites of the frozen web hide? `python -m tests.bench.ladder [SITE] [--every N]`.

Walks every page of varnish.frozen.test (a script draws it) and history.frozen.test (a button brings the rest), and compares
the text with that of the page's real file. Then it counts which of the 420 real pages would be sent to the browser for a
button, and which would be taken for walls. Uses a frozen web of its own, the small one.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import importlib.util
import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from types import ModuleType
from typing import Any

import lxml.html

from agent.errors import LeashError
from agent.extract.document import extract
from agent.extract.signs.buttons import hides_more
from agent.extract.signs.walls import wall_of
from agent.read import Reader
from agent.settings import Settings
from agent.tools import open_tools
from tests.conftest import ROOT, frozen_program

SITES = ("varnish.frozen.test", "history.frozen.test")
SHARED = ROOT.parent / "shared"
ENOUGH = 0.97  # share of the real page's runs of three words that the ladder's text must hold


@dataclass(frozen=True)
class Walked:
    """One page: the share of the real text that was got, that of the hidden part alone, and that of every word of the real
    page in the kept HTML; the rung, and the time."""

    url: str
    share: float
    hidden: float
    kept: float
    rung: str
    seconds: float

    @property
    def whole(self) -> bool:
        return self.share >= ENOUGH and self.hidden >= ENOUGH


def frozenweb() -> ModuleType:
    spec = importlib.util.spec_from_file_location("frozenweb", frozen_program())
    made = importlib.util.module_from_spec(spec)
    sys.modules["frozenweb"] = made
    spec.loader.exec_module(made)
    return made


def pages_of(host: str) -> Iterator[tuple[str, str]]:
    """Each page's address and the text of its real file."""
    web = frozenweb()
    cache = Path(os.environ.get("FROZENWEB_CACHE", web.DEFAULT_CACHE))
    for site in web.load_sites(True):
        if site.host == host:
            for name in web.pages_of(site, cache):
                yield site.url(name).replace("http:", "https:"), (site.folder(cache) / name).read_text("utf-8", "replace")


def hidden_part(host: str, raw: str) -> str:
    """What the page does not hold before its script runs, or its button is pressed, as a page of its own."""
    web = frozenweb()
    title, body = web.page_text(raw)
    rest = body[web.cut_point(body):] if host.startswith("history") else body
    return f"<html><title>{title}</title><body>{rest}</body></html>"


def runs(text: str) -> Counter[tuple[str, ...]]:
    words = [word.strip("*_`#|\\[]()").lower() for word in text.split()]
    words = [word for word in words if word]
    return Counter(zip(words, words[1:], words[2:], strict=False))


def share(wanted: str, got: str) -> float:
    wanted_runs, got_runs = runs(wanted), runs(got)
    return sum((wanted_runs & got_runs).values()) / wanted_runs.total() if wanted_runs else 1.0


def text_of(html: str, url: str) -> str:
    with contextlib.suppress(LeashError):
        return extract(html.encode(), "text/html", "utf-8", url)["text"]
    return ""


def words_of(html: str) -> str:
    body = html[max(0, html.find("<body")):]
    bare = re.sub(r"<(script|style|noscript)\b.*?</\1>", " ", body, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]*>", " ", bare))


def walk(reader: Reader, host: str, url: str, raw: str) -> Walked:
    started = time.monotonic()
    try:
        page = reader.open(url, seconds=30).page
    except LeashError as fault:
        return Walked(f"{url}  {fault}", 0.0, 0.0, 0.0, "none", time.monotonic() - started)
    seconds = time.monotonic() - started
    whole = text_of(raw, url)
    hidden = "\n".join(line for line in text_of(hidden_part(host, raw), url).splitlines() if line in whole)
    return Walked(url, share(whole, page.text), share(hidden, page.text), share(words_of(raw), words_of((page.html or b"").decode())),
                  page.rung, seconds)


def walk_site(reader: Reader, host: str, every: int = 1) -> list[Walked]:
    wanted = list(pages_of(host))[::every]
    with ThreadPoolExecutor(3) as lanes:
        return list(lanes.map(lambda given: walk(reader, host, *given), wanted))


def real_pages() -> Iterator[tuple[dict[str, Any], str]]:
    """The 420 pages of the extraction sample."""
    for line in (SHARED / "extraction" / "truth.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        yield row, gzip.decompress((SHARED / "extraction" / "html" / f"{row['id']}.html.gz").read_bytes()).decode("utf-8", "replace")


def sent_to_browser() -> list[str]:
    """Which of the real pages the rule about buttons would send to the browser."""
    named = ((row, hides_more(lxml.html.document_fromstring(html))) for row, html in real_pages())
    return [f"{row['id']} {row['type']}: “{name}”" for row, name in named if name]


def taken_for_walls() -> list[str]:
    """Which of the real pages would be taken for walls, going by the text that people chose as theirs."""
    told = ((row, wall_of(html, row["text"], row["url"])) for row, html in real_pages())
    return [f"{row['id']} {row['type']}: {wall}" for row, wall in told if wall]


def report(host: str, walked: list[Walked]) -> None:
    short = [page for page in walked if not page.whole]
    seconds = sorted(page.seconds for page in walked)
    print(f"{host}: {len(walked) - len(short)} of {len(walked)} texts whole, "
          f"{sum(page.kept == 1 for page in walked)} snapshots; {seconds[len(seconds) // 2]:.2f} s p50, "
          f"{seconds[-1]:.2f} s most; {dict(Counter(page.rung for page in walked))}")
    for page in short:
        print(f"   {page.share:.3f} {page.hidden:.3f} {page.kept:.3f} {page.rung} {page.url}")


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("sites", nargs="*", default=list(SITES))
    given.add_argument("--every", type=int, default=1)
    asked = given.parse_args()
    tools = open_tools(Settings(), model=False)
    try:
        for host in asked.sites:
            report(host, walk_site(tools.reader, host, asked.every))
    finally:
        tools.close()
    for title, rows in (("sent to the browser for a button", sent_to_browser()), ("taken for walls", taken_for_walls())):
        print(f"{len(rows)} of 420 real pages {title}", *rows, sep="\n   ")


if __name__ == "__main__":
    main()
