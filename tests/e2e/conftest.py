"""A real browser before the real pages, with the service's twin behind them."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page
from werkzeug.serving import make_server

from agent.settings import Settings
from server import create_app
from tests.fakes_service import FakeService
from tests.fakes_story import QUESTION as STORY
from tests.fakes_story import STORY_PAGES, deep_run

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
TOKEN = "a-token-of-enough-length"
QUESTION = "When does the old bridge at Marrow open, and what can stop it?"


def browser_path() -> str:
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        pytest.fail(f"A browser is needed: install one of {', '.join(BROWSERS)}, or name its path in CHROMIUM.")
    return found


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    return {**browser_type_launch_args, "executable_path": browser_path()}


@dataclass
class Site:
    """`faults` are what the browser complained of; `asked` the addresses it asked for, in order."""

    address: str
    service: FakeService
    faults: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        context.on("console", self.hear)
        context.on("weberror", lambda error: self.faults.append(str(error.error)))
        context.on("request", lambda request: self.asked.append(request.url))

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(message.text)

    def strangers(self) -> list[str]:
        return [url for url in self.asked if urlsplit(url).netloc != urlsplit(self.address).netloc]

    def open(self, page: Page) -> None:
        page.goto(f"{self.address}/?token={TOKEN}")

    def done(self, model: bool = True, question: str = QUESTION) -> str:
        """The address of a run that is over."""
        run = self.service.ask(question, model=model)
        self.service.wait_over(run.id)
        return f"{self.address}/runs/{run.id}"

    def deep(self, hold: str = "") -> str:
        """The address of a run with a plan, which waits before its next event of that kind."""
        self.service.script = lambda run: deep_run()
        self.service.hold(hold)
        return f"{self.address}/runs/{self.service.ask(STORY, 'deep').id}"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    service = FakeService()
    service.pages |= {page.sha256: page for page in STORY_PAGES.values()}
    settings = Settings(data_dir=tmp_path, token=TOKEN, find_models=True)
    server = make_server("127.0.0.1", 0, create_app(settings, service), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    site = Site(f"http://127.0.0.1:{server.server_port}", service)
    yield site
    service.release()
    server.shutdown()
    thread.join()
    assert site.strangers() == []


@pytest.fixture
def reader(site: Site, page: Page) -> Page:
    """A page that has the cookie, under watch."""
    page.set_default_timeout(8000)
    site.watch(page.context)
    site.open(page)
    return page


@pytest.fixture
def quiet(site: Site) -> Iterator[None]:
    """The browser has nothing to complain of: no error, no breach of the content-security policy."""
    yield
    assert site.faults == []
