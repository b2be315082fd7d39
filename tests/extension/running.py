"""The real Leash and the real browser that the extension's tests run against."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.conftest import FrozenWeb, free_ports

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-of-enough-length"
FULL_BROWSERS = ("chromium", "chromium-browser", "google-chrome-for-testing")


def full_browser() -> str:
    """A browser that loads extensions: the headless shell does not."""
    found = os.environ.get("CHROMIUM_FULL") or next(filter(None, map(shutil.which, FULL_BROWSERS)), None)
    if not found:
        pytest.fail("The extension's tests need Debian's chromium (apt install chromium), or its path in CHROMIUM_FULL.")
    return found


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
        headers = {"Authorization": f"Bearer {TOKEN}", **({"Content-Type": "application/json"} if data is not None else {})}
        with urlopen(Request(self.address + path, data, headers, method=method), timeout=30) as reply:
            return reply.read().decode()

    def code(self) -> str:
        """A new one-time code, as the page of browsers shows it."""
        return re.search(r"data-signs[^>]*>\s*([0-9A-Z]{4}-[0-9A-Z]{4})", self.ask("POST", "/devices/code", b"{}"))[1]

    def text(self, url: str) -> str:
        """What `leash text` gives for an address, beside this one's own data."""
        env = {**self.env, "LEASH_DATA_DIR": self.env["LEASH_DATA_DIR"] + "-text"}
        command = [sys.executable, "-m", "server.cli", "text", url]
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=True).stdout
