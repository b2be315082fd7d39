"""What it costs to have a captured page as text: from POST /api/captures to the answer, beside extraction alone.

    python -m tests.bench.capture [--pages N] [--rounds N]

Against `leash up` as it is installed. The pages are the frozen web's, as a search of it lists them, of as many sites as there are;
the same bytes are then extracted in a child process here. Prints milliseconds.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

from agent.capture import Sent, read_sent
from agent.extract.child import text_children
from agent.settings import Settings
from tests.bench.prefix import TOKEN, leash
from tests.conftest import free_ports, frozen_program

WORDINGS = ("transaction isolation", "list comprehension", "rebase branch", "regular expression", "memory allocation", "http header",
            "thread lock", "install package", "file permission", "string format")


@contextmanager
def frozen() -> Iterator[tuple[str, str]]:
    proxy, search = free_ports(2)
    command = [sys.executable, str(frozen_program()), "serve", "--small", "--proxy-port", str(proxy), "--search-port", str(search),
               "--scheme", "http"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            next(line for line in process.stdout if line.startswith("proxy http"))
            yield f"http://127.0.0.1:{proxy}", f"http://127.0.0.1:{search}"
        finally:
            process.kill()


def pages(proxy: str, search: str, count: int) -> dict[str, str]:
    """HTML by address, in turn of one site and another."""
    browser = urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy}))
    plain = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    by_site: dict[str, list[str]] = {}
    for wording in WORDINGS:
        with plain.open(f"{search}/search?q={quote(wording)}&format=json") as reply:
            for row in json.load(reply)["results"]:
                by_site.setdefault(urlsplit(row["url"]).hostname, []).append(row["url"])
    turns = [url for place in range(count) for urls in by_site.values() for url in urls[place:place + 1]]
    found = {}
    for url in dict.fromkeys(turns):
        with browser.open(url) as reply:
            if "html" in reply.headers.get("Content-Type", ""):
                found[url] = reply.read().decode("utf-8", "replace")
        if len(found) == count:
            break
    return found


def post(line: http.client.HTTPConnection, url: str, html: str) -> tuple[float, dict]:
    body = json.dumps({"url": url, "title": "", "html": html})
    began = time.perf_counter()
    line.request("POST", "/api/captures", body, {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"})
    reply = line.getresponse()
    data = json.loads(reply.read())
    return (time.perf_counter() - began) * 1000, data


def told(name: str, times: list[float]) -> None:
    rows = sorted(times)
    print(f"{name:28} p50 {statistics.median(rows):6.0f}   p95 {rows[int(len(rows) * 0.95) - 1]:6.0f}   most {rows[-1]:6.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with frozen() as (proxy, search):
        found = pages(proxy, search, given.pages)
    sizes = [len(html) / 1000 for html in found.values()]
    print(f"{len(found)} pages of {len({urlsplit(url).hostname for url in found})} sites, "
          f"{statistics.median(sizes):.0f} kB in the middle, {max(sizes):.0f} kB at most")
    with tempfile.TemporaryDirectory() as folder, leash(folder) as host:
        line = http.client.HTTPConnection(host)
        children = text_children(Settings(_env_file=None, data_dir=Path(folder)))
        for url, html in found.items():  # what is slow at first is not what a day's work feels
            post(line, url, html)
        whole, alone = [], []
        for _ in range(given.rounds):
            for url, html in found.items():
                whole.append(post(line, url, html)[0])
                began = time.perf_counter()
                read_sent(Sent(url, "", html, False, "2026-01-01T00:00:00+00:00"), children)
                alone.append((time.perf_counter() - began) * 1000)
        children.close()
    told("POST to text", whole)
    told("extraction alone", alone)
    told("over extraction", [a - b for a, b in zip(whole, alone, strict=True)])


if __name__ == "__main__":
    main()
