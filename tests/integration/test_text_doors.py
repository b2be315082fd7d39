"""The doors to text through real processes: the web application here, a worker process, Redis, and the store between them."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from agent.settings import Settings
from server import create_app
from server.kept import key_of
from server.options import Options
from server.packs import shape_of
from server.service import Service, open_service
from tests.crew import RedisServer, Workers, wait_until
from tests.fakes_text import TEXT, ScriptedPacker, ScriptedReader

TOKEN = "a-token-of-enough-length"
HERE = "http://127.0.0.1"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


class Doors:
    """A Leash of several processes. `reader` and `packer` only look at what the worker's own twins wrote down."""

    def __init__(self, folder: Path) -> None:
        plain = Settings(_env_file=None, data_dir=folder)
        self.redis = RedisServer(plain)
        self.settings = Settings(_env_file=None, data_dir=folder, redis_url=self.redis.url, token=TOKEN, page_seconds=5)
        self.service: Service = open_service(self.settings)
        self.app = create_app(self.settings, self.service)
        self.workers = Workers(self.settings, self.redis.url)
        self.folder, self.reader, self.packer = folder, ScriptedReader(folder), ScriptedPacker(folder)

    def client(self) -> FlaskClient:
        return self.app.test_client()

    def get(self, path: str, **headers: str):
        return self.client().get(path, base_url=HERE, headers={**BEARER, **headers}, buffered=True)

    def make_stale(self, url: str) -> None:
        """As if the time that the text is good for had passed."""
        key = key_of(url, Options().shape)
        self.service.store.texts.confirm(key, time.time() - 100, time.time() - 1)

    def allow(self, name: str) -> None:
        (self.folder / name).touch()

    def close(self) -> None:
        self.workers.close()
        self.redis.kill()
        self.service.store.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """One Leash for the tests of this file that break nothing."""
    made = Doors(tmp_path_factory.mktemp("doors"))
    made.workers.start(1)
    yield made
    made.close()


@pytest.fixture
def doors(tmp_path: Path) -> Iterator[Doors]:
    made = Doors(tmp_path)
    yield made
    made.close()


def test_a_page_is_read_once_and_then_there_at_once(shared: Doors) -> None:
    url = "https://tides.example/once?a=%20b"
    first = shared.get(f"/{url}&leash_links=inline")
    assert (first.status_code, first.mimetype) == (200, "text/markdown")
    assert first.text.endswith(TEXT)
    assert f'url: "{url}"' in first.text
    again = shared.get(f"/{url}")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert shared.reader.opened().count(f"{url} first") == 1
    assert shared.get(f"/{url}", **{"If-None-Match": first.headers["ETag"]}).status_code == 304
    shared.get(f"/{url}&leash_cache=no")
    assert shared.reader.opened().count(f"{url} first") == 2


def test_a_stale_page_is_asked_for_changes_and_no_more(shared: Doors) -> None:
    url = "https://tides.example/same"
    tag = shared.get(f"/{url}").headers["ETag"]
    shared.make_stale(url)
    again = shared.get(f"/{url}")
    assert (again.headers["ETag"], again.headers["Age"]) == (tag, "0")
    assert [line for line in shared.reader.opened() if line.startswith(url)] == [f"{url} first", f"{url} again"]


def test_the_parts_as_json_and_by_the_api(shared: Doors) -> None:
    url = "https://tides.example/parts"
    parts = shared.get(f"/{url}?leash_tokens=9", Accept="application/json").json
    assert parts["title"] == "The old bridge"
    assert parts["cut"]["left_out_blocks"] == 1
    api = shared.get("/api/text", ).status_code, shared.get(f"/api/text?url={url}&tokens=9").json
    assert api == (400, {**parts, "age": api[1]["age"]})
    by_header = shared.get(f"/{url}", Accept="application/json", **{"Leash-Tokens": "9"}).json
    assert by_header["text"] == parts["text"]


def test_asks_for_one_page_at_once_share_one_reading(shared: Doors) -> None:
    url = "https://tides.example/wait/together"
    with ThreadPoolExecutor(4) as threads:
        asks = [threads.submit(shared.get, f"/{url}") for _ in range(4)]
        wait_until(lambda: f"{url} first" in shared.reader.opened())
        shared.allow("together")
        assert {ask.result().status_code for ask in asks} == {200}
    assert shared.reader.opened().count(f"{url} first") == 1


@pytest.mark.parametrize(("path", "status", "name"), [
    ("status/404", 502, "site-status"), ("status/429", 503, "slow-down"), ("slow", 504, "too-slow"), ("refuse", 403, "refused"),
    ("wall", 502, "walled"), ("badselector", 400, "bad-input"), ("break", 500, "fault"),
])
def test_a_fault_is_told_in_the_form_that_was_asked_for(shared: Doors, path: str, status: int, name: str) -> None:
    url = f"/https://tides.example/{path}"
    problem = shared.get(url, Accept="application/json")
    assert (problem.status_code, problem.mimetype) == (status, "application/problem+json")
    assert (problem.json["type"], problem.json["status"]) == (f"urn:leash:problem:{name}", status)
    assert problem.json["next"]
    assert "secret" not in problem.text
    plain = shared.get(url)
    assert (plain.status_code, plain.mimetype, plain.text[:2]) == (status, "text/markdown", "# ")
    page = shared.get(url, Accept="text/html,*/*;q=0.8")
    assert (page.status_code, page.mimetype) == (status, "text/html")
    assert problem.headers.get("Retry-After") == ("7" if path == "status/429" else None)


def test_a_kept_text_stands_in_while_the_site_is_down(shared: Doors) -> None:
    url = "https://tides.example/status/503"
    from server.reading import reading_of
    from tests.fakes_text import read_of

    shared.service.store.texts.save(key_of(url, Options().shape), reading_of(read_of(url), url, time.time()))
    shared.make_stale(url)
    answer = shared.get(f"/{url}", Accept="application/json")
    assert answer.status_code == 200
    assert answer.json["age"] >= 100
    assert "as it was kept" in answer.json["notes"][-1]


def test_forgetting_an_address_forgets_it_in_every_shape(shared: Doors) -> None:
    url = "https://tides.example/forget"
    shared.get(f"/{url}")
    shared.get(f"/{url}?leash_links=none")
    gone = shared.client().delete(f"/api/text?url={url}", base_url=HERE, headers=BEARER)
    assert gone.status_code == 204
    assert shared.service.store.texts.keys_of(url) == []
    assert url not in [made.url for made in shared.service.readings.newest()]


def test_a_page_does_not_wait_for_a_run(shared: Doors) -> None:
    run = shared.service.ask("wait endless")
    wait_until(lambda: shared.service.run(run.id).status == "running")
    assert shared.get("/https://tides.example/beside").status_code == 200
    shared.service.stop(run.id)


def test_a_killed_workers_page_is_read_by_another(doors: Doors) -> None:
    doors.workers.start(1)
    url = "https://tides.example/wait/killed"
    with ThreadPoolExecutor(1) as threads:
        ask = threads.submit(doors.get, f"/{url}")
        wait_until(lambda: doors.reader.opened() == [f"{url} first"])
        doors.workers.kill(0, signal.SIGKILL)
        doors.allow("killed")
        doors.workers.start(1)
        assert ask.result(40).status_code == 200
    assert doors.reader.opened() == [f"{url} first"] * 2


def test_without_redis_it_is_said_at_once(doors: Doors) -> None:
    doors.redis.kill()
    answer = doors.get("/https://tides.example/x", Accept="application/json")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "doctor" in answer.json["detail"]


# ---------------------------------------------------------------- repositories

def test_a_repository_comes_as_it_is_written_and_is_kept(shared: Doors) -> None:
    path = "/https://github.com/owner/slow"
    shared.allow("piece-0")
    answer = shared.client().get(path, base_url=HERE, headers=BEARER, buffered=False)
    assert (answer.status_code, answer.mimetype) == (200, "text/markdown")
    pieces = (piece.decode() for piece in answer.response if piece)
    assert next(pieces) == "markdown piece 0 of https://github.com/owner/slow\n"
    for number in (1, 2, 3):
        shared.allow(f"piece-{number}")
        assert next(pieces) == f"markdown piece {number} of https://github.com/owner/slow\n"
    assert list(pieces) == []
    answer.close()
    opened = shared.packer.packed().count("https://github.com/owner/slow")
    again = shared.get("/owner/slow")
    assert again.text.count("piece") == 4
    assert again.headers["Leash-Commit"] == "c" * 40
    assert shared.get("/owner/slow", **{"If-None-Match": again.headers["ETag"]}).status_code == 304
    assert shared.packer.packed().count("https://github.com/owner/slow") == opened == 1


def test_a_repository_that_nobody_waits_for_is_let_go_of(doors: Doors) -> None:
    doors.workers.start(1)
    doors.allow("piece-0")
    answer = doors.client().get("/owner/slow", base_url=HERE, headers=BEARER, buffered=False)
    assert b"piece 0" in next(piece for piece in answer.response if piece)
    answer.close()
    wait_until(lambda: doors.packer.packed() == ["https://github.com/owner/slow", "closed"])
    wait_until(lambda: list((doors.folder / "packs").iterdir()) == [])


def test_a_repository_that_is_not_there_and_one_that_breaks_off(shared: Doors) -> None:
    none = shared.get("/owner/none", Accept="application/json")
    assert (none.status_code, none.json["detail"]) == (502, "github.com has no repository none. Check the address.")
    broken = shared.get("/owner/broken")
    assert broken.status_code in (200, 502)  # the beginning may have been handed out already
    assert "The line broke." in broken.text
    assert shared.service.store.texts.get(key_of("https://github.com/owner/broken", shape_of(Options()))) is None


def test_the_same_commit_is_not_packed_again(shared: Doors) -> None:
    url = "https://github.com/owner/quick"
    first = shared.get(f"/{url}")
    key = key_of(url, shape_of(Options()))
    shared.service.store.texts.confirm(key, time.time() - 100, time.time() - 1)
    before = (shared.folder / "packs" / f"{key}.txt").stat().st_ino
    again = shared.get(f"/{url}")
    assert again.text == first.text
    assert (shared.folder / "packs" / f"{key}.txt").stat().st_ino == before
    shared.service.forget_text(url)
    assert not (shared.folder / "packs" / f"{key}.txt").exists()


@pytest.mark.parametrize(("options", "form"), [("leash_format=xml", "xml"), ("leash_format=json", "json"),
                                             ("leash_include=*.py", "markdown")])
def test_a_repositorys_options(shared: Doors, options: str, form: str) -> None:
    assert shared.get(f"/owner/options?{options}").text.startswith(f"{form} piece 0")


@pytest.mark.parametrize("path", ["/owner/options?leash_select=p", "/https://tides.example/x?leash_include=*.py",
                                  "/tides.example/x?leash_format=xml"])
def test_an_option_of_the_other_kind_is_refused(shared: Doors, path: str) -> None:
    assert shared.get(path).status_code == 400


def test_a_repositorys_page_shows_its_beginning(shared: Doors) -> None:
    page = shared.get("/owner/shown", Accept="text/html")
    assert page.mimetype == "text/html"
    assert "piece 3 of" in page.text
    assert "/https://github.com/owner/shown?leash_format=xml" in page.text


def test_many_at_once_are_told_to_wait(shared: Doors) -> None:
    held = [shared.service.readings.seats.acquire(blocking=False) for _ in range(40)]
    try:
        assert all(held)
        assert shared.get("/https://tides.example/many").status_code == 503
    finally:
        for _ in held:
            shared.service.readings.seats.release()


def test_asks_of_a_dead_leash_are_begun_anew(doors: Doors) -> None:
    """An ask that was left open long ago holds nobody up."""
    from server.store.texts import Ask

    url = "https://tides.example/left"
    name = key_of(url, Options().shape)
    doors.service.store.texts.ask(Ask(name, "page", url, Options().to_json(), time.time() - 500, time.time() + 500, "dead"), 20)
    doors.workers.start(1)
    assert doors.get(f"/{url}").status_code == 200


def test_a_text_is_never_live(shared: Doors) -> None:
    page = shared.get("/https://tides.example/evil", Accept="text/html").text
    assert "<script>alert" not in page
    assert "onerror=" not in page.replace("onerror=alert(1)&gt;", "")
    assert 'href="javascript:' not in page
    assert 'href="/runs/x"' not in page
    assert "evil.example/p.png" not in page.split("<pre")[0]
    assert json.loads(shared.get("/https://tides.example/evil", Accept="application/json").text)["text"].startswith("<script>")


def test_threads_end_with_the_worker(doors: Doors) -> None:
    doors.workers.start(1)
    assert doors.get("/https://tides.example/x").status_code == 200
    assert doors.workers.kill(0, signal.SIGTERM) == 0
    assert threading.active_count() < 60
