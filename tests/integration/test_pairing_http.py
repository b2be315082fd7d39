"""Pairing and what follows over real HTTP, with two web processes on one data folder."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse

import pytest

from agent.settings import Settings
from server.service import Service, open_service
from tests.crew import ROOT

TOKEN = "a-token-of-the-tests"
CHROME = "chrome-extension://abcdefghijklmnopabcdefghijklmnop"
SERVE = """
import sys
from werkzeug.serving import make_server
from agent.settings import Settings
from server import create_app
server = make_server("127.0.0.1", 0, create_app(Settings(data_dir=sys.argv[1], token=sys.argv[2])), threaded=True)
print(server.server_port, flush=True)
server.serve_forever()
"""


class Web:
    """A web process of its own."""

    def __init__(self, settings: Settings) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", SERVE, str(settings.data_dir), TOKEN], cwd=ROOT, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.port = int(self.process.stdout.readline())

    def open(self, method: str, path: str, data: object = None, **headers: str) -> HTTPResponse:
        line = HTTPConnection("127.0.0.1", self.port, timeout=30)
        given = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
        line.request(method, path, None if data is None else json.dumps(data), given)
        return line.getresponse()

    def call(self, method: str, path: str, data: object = None, **headers: str) -> tuple[int, dict, dict]:
        """Status, headers and JSON of an answer that an extension has asked for."""
        with self.open(method, path, data, Origin=CHROME, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="cors", **headers) as answer:
            body = answer.read()
            return answer.status, dict(answer.headers), json.loads(body) if body else {}

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(data_dir=tmp_path_factory.mktemp("pairing"))


@pytest.fixture(scope="module")
def service(settings: Settings) -> Iterator[Service]:
    opened = open_service(settings)
    yield opened
    opened.store.close()


@pytest.fixture(scope="module")
def webs(settings: Settings) -> Iterator[list[Web]]:
    made = [Web(settings), Web(settings)]
    yield made
    for web in made:
        web.close()


def code_shown(web: Web) -> str:
    """The code that the owner's page shows."""
    with web.open("POST", "/devices/code", {}, Authorization=f"Bearer {TOKEN}") as answer:
        return answer.read().decode().partition("data-signs>")[2][:9]


def test_from_the_code_of_one_process_to_a_run_in_the_other(webs: list[Web], service: Service) -> None:
    one, other = webs
    assert other.call("GET", "/api/hello")[2]["paired"] is False
    status, headers, traded = other.call("POST", "/api/pair", {"code": code_shown(one), "name": "Chromium", "version": "1"})
    assert (status, headers["Access-Control-Allow-Origin"]) == (201, CHROME)
    mine = {"Authorization": f"Bearer {traded['token']}"}
    assert one.call("GET", "/api/hello", **mine)[2]["device"] == traded["device"]
    status, headers, made = one.call("POST", "/api/runs", {"question": "Why?", "model": False}, **mine)
    assert (status, headers["Vary"]) == (201, "Origin")
    assert other.call("GET", made["url"], **mine)[2]["question"] == "Why?"
    with other.open("GET", made["events"], Origin=CHROME, **mine) as stream:
        assert stream.headers["Access-Control-Allow-Origin"] == CHROME
        assert stream.headers["Content-Type"].startswith("text/event-stream")
    service.pairing.revoke(traded["device"]["id"])
    for web in webs:
        status, headers, told = web.call("GET", "/api/runs", **mine)
        assert (status, headers["Access-Control-Allow-Origin"], told["code"]) == (401, CHROME, "unpaired")


def test_wrong_codes_are_counted_over_all_processes(webs: list[Web]) -> None:
    code = code_shown(webs[0])
    wrong = "0000-0000" if code != "0000-0000" else "0000-0001"
    tries = [webs[place % 2].call("POST", "/api/pair", {"code": wrong}) for place in range(6)]
    assert [told["code"] for _, _, told in tries] == ["bad-code"] * 4 + ["too-many"] * 2
    assert 0 < int(tries[-1][1]["Retry-After"]) <= 300
    assert webs[1].call("POST", "/api/pair", {"code": code})[2]["code"] == "too-many"
