"""The shipped extension in a real Chromium, pressed by a real toolbar click, before a real Leash and the frozen web."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from tests.conftest import FrozenWeb, free_ports, frozen_program
from tests.extension.button import Button, Profile, unpacked
from tests.extension.pages import Pages, served
from tests.repositories import committed, git

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-of-enough-length"
FULL_BROWSERS = ("chromium", "chromium-browser", "google-chrome-for-testing")


def full_browser() -> str:
    """A browser that loads extensions: the headless shell does not."""
    found = os.environ.get("CHROMIUM_FULL") or next(filter(None, map(shutil.which, FULL_BROWSERS)), None)
    if not found:
        pytest.fail("The extension's tests need Debian's chromium (apt install chromium), or its path in CHROMIUM_FULL.")
    return found


# ---------------------------------------------------------------- what stands around the button

@pytest.fixture(scope="session")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrozenWeb]:
    """The small frozen web with a forge: github.com/acme/kite is a repository."""
    home = tmp_path_factory.mktemp("forge")
    files = {"README.md": b"# Kite\n\nFlies by string.\n", "src/kite.py": b"def fly(height):\n    return height * 2\n",
             "src/string.py": b"LENGTH = 40\n", "docs/wind.md": b"# Wind\n\nNeeds four Beaufort.\n", "logo.png": b"\x89PNG\r\n\x1a\n\0\0"}
    source = committed(home / "kite", files)
    bare = home / "repos" / "acme" / "kite.git"
    bare.parent.mkdir(parents=True)
    git(home, "clone", "-q", "--bare", str(source), str(bare))
    git(bare, "config", "uploadpack.allowFilter", "true")
    git(bare, "config", "uploadpack.allowAnySHA1InWant", "true")
    log, cache = home / "requests.log", Path(os.environ.get("FROZENWEB_CACHE", Path.home() / ".cache" / "frozenweb"))
    proxy, search = free_ports(2)
    command = [sys.executable, str(frozen_program()), "serve", "--small", "--cache", str(cache), "--log", str(log),
               "--proxy-port", str(proxy), "--search-port", str(search), "--repos", str(home / "repos")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            if not any(line.startswith("proxy http") for line in process.stdout or ()):
                pytest.fail(f"The frozen web did not start; its words are above. Try: {' '.join(command)}")
            yield FrozenWeb(f"http://127.0.0.1:{proxy}", f"http://127.0.0.1:{search}", cache / "ca.pem", log)
        finally:
            process.kill()


class LeashUp:
    """A `leash up` of its own, which can be ended and started again on the same port and data."""

    def __init__(self, web: FrozenWeb, folder: Path) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("LEASH_", "OPENAI_"))}
        self.env = {**clean, "LEASH_DATA_DIR": str(folder), "LEASH_TOKEN": TOKEN, "LEASH_SEARXNG_URL": web.search, "LEASH_WORKERS": "1",
                    "LEASH_PROXY": web.proxy, "LEASH_CA_BUNDLE": str(web.ca), "LEASH_FIND_MODELS": "false"}
        self.port = free_ports(1)[0]
        self.address = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "server.cli", "up", "--port", str(self.port)]
        self.process = subprocess.Popen(command, cwd=ROOT, env=self.env, stdout=subprocess.PIPE, text=True)
        if not any("Leash is ready" in line for line in self.process.stdout or ()):
            pytest.fail("Leash did not start; its words are above.")

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.communicate(timeout=30)
            self.process = None

    def ask(self, method: str, path: str, data: bytes | None = None) -> str:
        """As the owner's own pages do."""
        from urllib.request import Request, urlopen
        headers = {"Authorization": f"Bearer {TOKEN}", **({"Content-Type": "application/json"} if data is not None else {})}
        with urlopen(Request(self.address + path, data, headers, method=method), timeout=30) as reply:
            return reply.read().decode()

    def code(self) -> str:
        """A new one-time code, as the page of browsers shows it."""
        return re.search(r"data-signs[^>]*>\s*([0-9A-Z]{4}-[0-9A-Z]{4})", self.ask("POST", "/devices/code", b"{}"))[1]


@pytest.fixture(scope="session")
def leash(forge: FrozenWeb, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LeashUp]:
    running = LeashUp(forge, tmp_path_factory.mktemp("leash"))
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def profile(tmp_path_factory: pytest.TempPathFactory, playwright: Playwright, forge: FrozenWeb) -> Profile:
    """A browser in which the user has allowed the clipboard, as the first page's question asks."""
    folder = tmp_path_factory.mktemp("browser")
    made = Profile(playwright, full_browser(), folder / "profile", unpacked("chromium", folder / "extension"), forge.proxy)
    made.allow("clipboardWrite")
    return made


@pytest.fixture(scope="session")
def browser_with_button(profile: Profile) -> Iterator[Button]:
    with served({"/": "<title>Home</title>"}) as home:
        button = profile.open()
        button.home.goto(home)
        yield button
        button.context.close()


@pytest.fixture
def fresh(browser_with_button: Button) -> Iterator[Button]:
    """The button as after its installation: unpaired, nothing kept."""
    browser_with_button.forget_all()
    yield browser_with_button
    browser_with_button.close_pages()


@pytest.fixture
def button(fresh: Button, leash: LeashUp, pairing: dict) -> Button:
    """Paired with the running Leash, and allowed to send."""
    fresh.set(**pairing, consent=pairing["address"], copy=True)
    return fresh


@pytest.fixture(scope="session")
def pairing(browser_with_button: Button, leash: LeashUp) -> dict:
    """One pairing for the tests that are not about it, made as the panel makes it."""
    browser_with_button.forget_all()
    panel = browser_with_button.panel()
    panel.get_by_label("Address of your Leash").fill(leash.address)
    panel.get_by_label("One-time code").fill(leash.code())
    panel.get_by_role("button", name="Pair", exact=True).click()
    panel.get_by_role("heading", name="Take a page").wait_for()
    made = browser_with_button.worker.evaluate("chrome.storage.local.get(['address', 'token', 'device'])")
    browser_with_button.close_pages()
    return made


# ---------------------------------------------------------------- pages of our own

@pytest.fixture
def site() -> Iterator[Callable[[Pages], str]]:
    """Serves pages by their paths on a port of its own, and gives its address."""
    with ExitStack() as stack:
        yield lambda pages: stack.enter_context(served(pages))
