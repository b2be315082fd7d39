"""Every hostile host of the frozen web, and bad input besides: one clear error each, in bounded time and memory.

The reader runs in a process of its own, so that its memory can be told. Times are generous: the machine may be busy.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.conftest import FrozenWeb
from tests.fakes import Answer, Asked, ScriptedSite

PATIENCE = 12.0  # seconds beyond a page's own time, for a machine that is busy
MOST_GROWTH = 150e6  # bytes that the reading process may grow by, whatever comes
EXTRACT_SECONDS, EXTRACT_MEMORY = 4, 900_000_000

PROGRAM = """
import json, resource, sys, time
from agent.errors import LeashError
from agent.settings import Settings
from agent.tools import open_tools

tools = open_tools(Settings(_env_file=None, **json.loads(sys.argv[1])), model=False)
first = True
for line in sys.stdin:
    asked = json.loads(line)
    started, told = time.monotonic(), {}
    try:
        read = tools.reader.open(asked["url"], chosen_by=asked.get("by", "user"), seconds=asked.get("seconds", 3.0),
                                 browser=asked.get("browser", False))
        told = {"rung": read.page.rung, "size": len(read.page.text), "text": read.page.text[:300], "notes": read.notes}
    except LeashError as fault:
        told = {"fault": type(fault).__name__, "why": str(fault), "retry_after": fault.retry_after,
                "status": getattr(fault, "status", None), "wall": getattr(fault, "wall", None)}
    told["seconds"] = time.monotonic() - started
    unit = 1 if sys.platform == "darwin" else 1024
    told["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    print(json.dumps(told), flush=True)
tools.close()
print(json.dumps({"children": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit}), flush=True)
"""


@dataclass
class Process:
    """A reader in another process. `base` is its memory once it is warm."""

    process: subprocess.Popen[str]
    base: float = 0.0

    def open(self, url: str, **given: Any) -> dict[str, Any]:
        """What came of it; fails where it took too long, or too much memory."""
        self.process.stdin.write(json.dumps({"url": url, **given}) + "\n")
        self.process.stdin.flush()
        told = json.loads(self.process.stdout.readline())
        limit = given.get("seconds", 3.0) + EXTRACT_SECONDS + PATIENCE
        assert told["seconds"] < limit, (url, told)
        assert not self.base or told["memory"] - self.base < MOST_GROWTH, (url, told)
        return told

    def fault(self, url: str, **given: Any) -> dict[str, Any]:
        """The same, where an error is due: one sentence or two, for people."""
        told = self.open(url, **given)
        assert "fault" in told, told
        assert told["why"].endswith("."), told
        assert len(told["why"]) < 500
        assert "Traceback" not in told["why"]
        return told


@pytest.fixture(scope="module")
def reader(frozen_web: FrozenWeb, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """The frozen web's reader."""
    yield from started(tmp_path_factory, proxy=frozen_web.proxy, ca_bundle=str(frozen_web.ca))


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """One that may read 127.0.0.1."""
    yield from started(tmp_path_factory, allow_nets=["127.0.0.1"])


def started(folders: pytest.TempPathFactory, **given: Any) -> Iterator[Process]:
    settings = {**given, "data_dir": str(folders.mktemp("data")), "extract_seconds": EXTRACT_SECONDS, "extract_memory": EXTRACT_MEMORY}
    command = [sys.executable, "-c", PROGRAM, json.dumps(settings)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        made = Process(process)
        watch = threading.Timer(300, process.kill)
        watch.start()
        try:
            if "proxy" in given:
                assert "rung" in made.open("https://docs.python.org/3.11/library/json.html", seconds=30)
                made.base = made.open("https://frozen.test/")["memory"]
            yield made
        finally:
            process.stdin.close()
            children = json.loads(process.stdout.readline())["children"]
            watch.cancel()
        assert children < EXTRACT_MEMORY  # and the browser's own processes


# ------------------------------------------------------------------ the hosts


@pytest.mark.parametrize(("host", "seconds"), [("slow.frozen.test/60", 1.0), ("drip.frozen.test/", 1.5)])
def test_hosts_that_are_slow_or_drip(reader: Process, host: str, seconds: float) -> None:
    told = reader.fault(f"https://{host}", seconds=seconds)
    assert told["fault"] == "TooSlow"
    assert told["seconds"] < seconds + 4


def test_a_host_that_is_a_little_slow_is_waited_for(reader: Process) -> None:
    assert "This took 1 seconds" in reader.open("https://slow.frozen.test/1", seconds=10)["text"]


@pytest.mark.parametrize(("status", "wait"), [(400, None), (401, None), (402, None), (403, None), (404, None), (410, None), (418, None),
                                              (429, 1), (451, None), (500, None), (502, None), (503, 1)])
def test_hosts_that_answer_with_an_error(reader: Process, status: int, wait: float | None) -> None:
    told = reader.fault(f"https://status.frozen.test/{status}")
    assert (told["fault"], told["status"], told["retry_after"]) == ("BadStatus", status, wait)
    assert "status.frozen.test" in told["why"]
    assert f"(status {status})" in told["why"]


def test_a_pause_that_is_asked_for_is_kept_once(reader: Process) -> None:
    assert 1.0 <= reader.fault("https://status.frozen.test/429", seconds=6)["seconds"] < 6


@pytest.mark.parametrize(("path", "why"), [("11", "more than 10 times"), ("loop", "in a circle")])
def test_hosts_that_send_on_without_end(reader: Process, path: str, why: str) -> None:
    assert why in reader.fault(f"https://hop.frozen.test/{path}")["why"]


@pytest.mark.parametrize("to", [
    "http://127.0.0.1/", "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/", "http://127.1/", "http://[::1]/",
    "http://[::ffff:7f00:1]/", "http://[64:ff9b::7f00:1]/", "http://localhost./", "http://169.254.169.254/", "http://user@10.0.0.1/",
    "file:///etc/passwd", "gopher://a.example/", "data:text/html,hi",
])
def test_hosts_that_lead_to_where_nobody_may_go(reader: Process, to: str) -> None:
    told = reader.fault(f"https://to.frozen.test/?u={to}")
    assert told["fault"] == "Refused"
    assert "to.frozen.test" in told["why"]


@pytest.mark.parametrize(("by", "browser"), [("user", False), ("agent", False), ("user", True)])
@pytest.mark.parametrize("url", [
    "", "heron", "ftp://a.example/", "file:///etc/passwd", "javascript:alert(1)", "http://", "http://[::1", "http://u:p@a.example/",
    "http://127.0.0.1:8091/", "http://[::ffff:127.0.0.1]/", "http://10.0.0.1/", "http://localhost/", "http://a.example:22/",
    "https://x" * 2000,
])
def test_addresses_that_are_none_or_not_for_leash(reader: Process, url: str, by: str, browser: bool) -> None:
    told = reader.fault(url, by=by, browser=browser)
    assert told["fault"] == "Refused"
    assert told["seconds"] < PATIENCE


@pytest.mark.parametrize("host", ["big.frozen.test/100", "bomb.frozen.test/"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_hosts_that_send_too_much(reader: Process, scheme: str, host: str) -> None:
    told = reader.fault(f"{scheme}://{host}", seconds=20)
    assert told["fault"] == "TooBig"
    assert "larger than 10 MB" in told["why"]


def test_a_long_flat_page_ends_in_its_time(reader: Process) -> None:
    told = reader.open("https://big.frozen.test/8", seconds=20)
    assert told.get("size", 0) > 900_000 or told["fault"] == "Unreadable"  # eight times the same megabyte, which is told once


def test_robots_txt_is_asked_before_the_agent_opens_a_page_and_costs_a_bounded_time(reader: Process) -> None:
    assert "rung" in reader.open("https://robots.frozen.test/public/x", by="agent")
    assert "robots.txt asks programs not to open" in reader.fault("https://robots.frozen.test/private/x", by="agent")["why"]
    told = reader.open("https://robots.frozen.test/private/x")
    assert any("You gave the address" in note for note in told["notes"])
    assert "did not say in time" in reader.fault("https://drip.frozen.test/x", by="agent", seconds=5)["why"]
    assert reader.fault("https://bomb.frozen.test/x", by="agent", seconds=10)["fault"] == "TooBig"


# ------------------------------------------------------------------ the same in the browser


@pytest.mark.parametrize(("host", "found"), [
    ("slow.frozen.test/60", "TooSlow"), ("drip.frozen.test/", ""), ("status.frozen.test/404", "BadStatus"), ("hop.frozen.test/loop", ""),
    ("to.frozen.test/?u=http://127.0.0.1:8091/", "Refused"), ("to.frozen.test/?u=file:///etc/passwd", "Refused"),
])
def test_the_browser_ends_too(reader: Process, host: str, found: str) -> None:
    told = reader.open(f"https://{host}", browser=True, seconds=2.5)
    assert told.get("fault", "") == found if found else "fault" in told or "xx" in told["text"]


@pytest.mark.parametrize("host", ["bomb.frozen.test/", "big.frozen.test/100"])
def test_the_browser_is_not_flooded(reader: Process, host: str) -> None:
    told = reader.open(f"https://{host}", browser=True, seconds=4)
    assert "fault" in told or told["size"] < 10_000_000
    assert "frozen.test" in reader.open("https://frozen.test/", browser=True, seconds=20)["text"]


# ------------------------------------------------------------------ bodies


def packed(times: int, size: int) -> bytes:
    """So many bytes of blanks, packed again and again."""
    data = gzip.compress(b" " * size, 9)
    for _ in range(times - 1):
        data = gzip.compress(data, 9)
    return data


LATIN = ("<title>Vögel</title><p>Der Graureiher steht am Ufer und wartet auf Fische, Frösche und Mäuse. "
         "Die meisten Stöße gehen fehl.").encode("cp1252")
BODIES = {
    "/gzip": (packed(1, 300_000_000), "gzip"), "/gzip2": (packed(2, 300_000_000), "gzip"), "/gzip3": (packed(3, 300_000_000), "gzip"),
    "/gzip-twice": (packed(2, 300_000_000), "gzip, gzip"),
    "/gzip-thrice": (packed(3, 300_000_000), "gzip, gzip, gzip"),
    "/not-gzip": (b"<p>hi", "gzip"),
    "/brotli": (b"<p>hi", "br"), "/latin": (LATIN, ""), "/empty": (b"", ""), "/zeros": (b"\x00" * 5000, ""),
    "/deep": (b"<div>" * 50_000 + b"heron", ""), "/attributes": (b"<p " + b"a=b " * 100_000 + b">heron", ""),
    "/buttons": (b"heron" + b"<button>Show more</button>" * 50_000, ""), "/opened": (b"<script" * 100_000, ""),
    "/heads": (b"<title>" * 200_000, ""),
    "/links": (b'<link rel="alternate" ' * 100_000, ""), "/heading": (b"<h1>heron " + b"404 " * 200_000, ""),
}


@pytest.fixture(scope="module")
def bodies() -> Iterator[ScriptedSite]:
    def answer(asked: Asked) -> Answer:
        body, encoding = BODIES.get(asked.path, (b"", ""))
        headers = {"Content-Encoding": encoding} if encoding else {}
        return Answer((body,), 200 if asked.path in BODIES else 404, "text/html; charset=utf-8", headers)

    with ScriptedSite(answer) as site:
        yield site


@pytest.mark.parametrize(("path", "fault"), [
    ("/gzip", "TooBig"), ("/gzip2", "Unreadable"), ("/gzip3", "Unreadable"), ("/gzip-twice", "Unreadable"), ("/gzip-thrice", "Unreadable"),
    ("/not-gzip", "Unreadable"), ("/brotli", "Unreadable"), ("/empty", "Unreadable"), ("/zeros", "Unreadable"),
])
def test_bodies_that_are_bombs_or_nothing(near: Process, bodies: ScriptedSite, path: str, fault: str) -> None:
    assert near.fault(bodies.base + path)["fault"] == fault


def test_a_page_in_another_charset_than_it_says_is_read(near: Process, bodies: ScriptedSite) -> None:
    assert "Die meisten Stöße gehen fehl" in near.open(bodies.base + "/latin")["text"]


@pytest.mark.parametrize("path", ["/deep", "/attributes", "/buttons", "/opened", "/heads", "/links", "/heading"])
def test_pages_built_to_take_long_end(near: Process, bodies: ScriptedSite, path: str) -> None:
    told = near.open(bodies.base + path, seconds=5)
    assert "heron" in told.get("text", "heron")
