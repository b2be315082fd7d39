"""The shipped extension in a real Chromium, pressed by a real toolbar click, before a real Leash and the frozen web."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Playwright

from tests.conftest import FrozenWeb, serving
from tests.extension.button import Button, Profile, unpacked
from tests.extension.pages import Pages, served
from tests.extension.running import LeashUp, full_browser
from tests.repositories import committed, git

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
    with serving(home, "--repos", str(home / "repos")) as web:
        yield web


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
    fresh.set(**pairing)
    return fresh


@pytest.fixture(scope="session")
def pairing(browser_with_button: Button, leash: LeashUp) -> dict:
    """One pairing for the tests that are not about it, made as the panel makes it."""
    browser_with_button.forget_all()
    made = browser_with_button.pair(leash.address, leash.code())
    browser_with_button.close_pages()
    return made


# ---------------------------------------------------------------- pages of our own

@pytest.fixture
def site() -> Iterator[Callable[[Pages], str]]:
    """Serves pages by their paths on a port of its own, and gives its address."""
    with ExitStack() as stack:
        yield lambda pages: stack.enter_context(served(pages))
