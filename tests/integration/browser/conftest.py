"""A site of hostile pages, canaries that must not be reached, and browsers behind doors of their own."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from agent.fetch.browser import Browser
from agent.fetch.egress import Egress
from agent.settings import Settings
from tests.conftest import FrozenWeb
from tests.integration.conftest import Canary

PAGES = Path(__file__).parents[1] / "pages"
HERON = "Most of its strikes miss."
HOST = "127.0.0.2"  # the only private address that the door of these tests allows; the canaries live at 127.0.0.1


class Hostile(BaseHTTPRequestHandler):
    """The pages of the folder `pages`, and some that only a server can make."""

    server: HostileSite

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.asked.append(self.path)
        if path == "/hop":
            return self.answer(302, b"", Location=f"http://{self.server.canary}/hop")
        if path == "/file.bin":
            return self.answer(200, b"x" * 1000, "application/octet-stream", Content_Disposition="attachment")
        if path == "/onward":
            return self.answer(200, b"<p>on<script>location = '/onward?' + Math.random()</script>")
        if path == "/worker.js":
            return self.answer(200, b"self.onfetch = () => {}", "text/javascript")
        if path == "/empty":
            return self.answer(503, b"", Retry_After="7")
        return self.answer(200, self.page(path))

    def page(self, path: str) -> bytes:
        host, port = self.server.canary.split(":")
        text = (PAGES / path.strip("/")).read_text("utf-8").replace("CANARY", f"{host}:{port}").replace("PORT", port)
        return text.replace("UDP", str(self.server.udp)).encode()

    def answer(self, status: int, body: bytes, kind: str = "text/html; charset=utf-8", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


class HostileSite(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, canary: str, udp: int) -> None:
        super().__init__((HOST, 0), Hostile)
        self.canary, self.udp, self.asked = canary, udp, []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, page: str) -> str:
        return f"http://{HOST}:{self.server_port}/{page}"


@pytest.fixture(scope="module")
def tcp() -> Iterator[Canary]:
    made = Canary("127.0.0.1")
    yield made
    made.close()


@pytest.fixture(scope="module")
def udp() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        made.setblocking(False)
        yield made


@pytest.fixture(scope="module")
def site(tcp: Canary, udp: socket.socket) -> Iterator[HostileSite]:
    made = HostileSite(f"127.0.0.1:{tcp.port}", udp.getsockname()[1])
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Browser]]:
    """Makes browsers behind doors of their own, and closes both."""
    opened: list[Browser | Egress] = []

    def browser(**given: object) -> Browser:
        settings = Settings(_env_file=None, data_dir=tmp_path_factory.mktemp("data"), **given)
        opened.append(Egress(settings).start())
        opened.append(Browser(settings, opened[-1]))
        return opened[-1]

    yield browser
    for one in reversed(opened):
        one.close()


@pytest.fixture(scope="module")
def browser(make: Callable[..., Browser]) -> Browser:
    return make(allow_nets=[f"{HOST}/32"])


@pytest.fixture(scope="module")
def frozen(make: Callable[..., Browser], frozen_web: FrozenWeb) -> Browser:
    return make(proxy=frozen_web.proxy, ca_bundle=frozen_web.ca)


def text(html: str) -> str:
    bare = re.sub(r"<(script|style|title)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", bare)).split())
