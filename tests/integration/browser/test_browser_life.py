"""The browser itself: started when it is needed, started again when it died, and gone with its owner."""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from agent.errors import FetchError
from agent.fetch.browser import Browser, find_browser
from agent.fetch.egress import Egress
from agent.settings import Settings
from tests.integration.browser.conftest import HERON, HOST, HostileSite

# ------------------------------------------------------------------ its own life


def chromiums() -> set[psutil.Process]:
    found = set()
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            found |= {process} if "chrom" in process.name() else set()
    return found


def until(condition: Callable[[], object], seconds: float = 15) -> None:
    patience = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < patience
        time.sleep(0.02)


def test_a_warmed_browser_is_up_before_its_first_page(make: Callable[..., Browser]) -> None:
    browser = make()
    assert browser.sandboxed is None
    before = chromiums()
    browser.warm()
    until(lambda: chromiums() - before)


def test_a_browser_that_died_is_started_again(make: Callable[..., Browser], site: HostileSite) -> None:
    browser = make(allow_nets=[f"{HOST}/32"])
    before = chromiums()
    browser.show(site.url("plain.html"))
    for process in chromiums() - before:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    assert HERON in browser.show(site.url("plain.html")).html


def test_close_leaves_nothing_behind(make: Callable[..., Browser], site: HostileSite) -> None:
    before = set(psutil.Process().children(recursive=True))
    browser = make(allow_nets=[f"{HOST}/32"])
    browser.show(site.url("plain.html"))
    started = set(psutil.Process().children(recursive=True)) - before
    browser.close()
    assert started
    assert psutil.wait_procs(started, timeout=5)[1] == []


def test_closing_lets_go_of_whoever_waits(make: Callable[..., Browser], site: HostileSite) -> None:
    browser = make(allow_nets=[f"{HOST}/32"])
    browser.show(site.url("plain.html"))
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(browser.show, site.url("loop.html"), seconds=60)
        until(lambda: "/loop.html" in site.asked[-1])
        browser.close()
        with pytest.raises(FetchError, match="closed"):
            waiting.result(5)


def test_a_child_after_a_fork_has_a_browser_of_its_own(browser: Browser, site: HostileSite) -> None:
    browser.show(site.url("plain.html"))
    asking, telling = multiprocessing.Pipe()

    def in_child() -> None:
        telling.send(browser.show(site.url("plain.html")).html)

    child = multiprocessing.get_context("fork").Process(target=in_child)
    child.start()
    assert asking.poll(20)
    assert HERON in asking.recv()
    child.join(10)
    assert child.exitcode == 0
    assert HERON in browser.show(site.url("plain.html")).html


KILLED = """
import sys, time
from pathlib import Path
from agent.settings import Settings
from agent.fetch.egress import Egress
from agent.fetch.browser import Browser
settings = Settings(_env_file=None, data_dir=Path(sys.argv[1]), allow_nets=["127.0.0.2/32"])
browser = Browser(settings, Egress(settings).start())
browser.show(sys.argv[2])
print("shown", flush=True)
browser.show(sys.argv[3], seconds=60)
"""


def test_a_killed_leash_leaves_no_browser(site: HostileSite, tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path), site.url("plain.html"), site.url("loop.html")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"shown\n"
        started = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
    assert len(started) > 2
    assert psutil.wait_procs(started, timeout=8)[1] == []


def test_importing_and_making_one_starts_nothing(tmp_path: Path) -> None:
    code = ("import sys; from agent.fetch.browser import Browser; from agent.settings import Settings\n"
            "Browser(Settings(_env_file=None), None); print('playwright' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == "False\n"


def test_without_a_browser_it_says_how_to_get_one(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, browser="/nowhere/chromium", data_dir=tmp_path)
    assert find_browser(settings) == ""
    with pytest.raises(FetchError, match="LEASH_BROWSER"):
        Browser(settings, Egress(settings)).show("http://example.com/")
