"""Captures through real processes: the web application here, a worker with the real extractor, Redis, and the store between them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.settings import Settings
from server import create_app
from server.service import Service, open_service
from server.store.records import Given, Item
from tests.crew import ROOT, RedisServer, Workers, wait_until

TOKEN = "a-token-of-enough-length"
HERE = "http://127.0.0.1"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
CANARY = "Kanarienvogel-7731"
URL = "https://intranet.example/bridge?ticket=9"
LONG = "".join(f"<p>Paragraph {n} of the report says how often the bridge was opened that year, and who asked.</p>" for n in range(60))
PAGE = f"""<!doctype html><html lang=en><head><title>The bridge report</title>
<script type="application/ld+json">{{"@type": "Article", "author": "A. Keeper"}}</script><script>stolen = "{CANARY}-script"</script></head>
<body><main><h1>The bridge report</h1><p>The code word is {CANARY}. The bridge opens twice a day.</p>
<pre><code class="language-sh">open --now</code></pre>{LONG}</main>
<form><input type=password name=p value="{CANARY}-pass"><input type="hidden" value="{CANARY}-hidden"><input value="shown"
autocomplete="cc-number {CANARY}"></form></body></html>"""


class Leash:
    """A Leash of several processes, whose worker has the real tools."""

    def __init__(self, folder: Path, engine: str = "server.worker:RealEngine", **given: object) -> None:
        plain = Settings(_env_file=None, data_dir=folder)
        self.redis = RedisServer(plain)
        self.settings = Settings(_env_file=None, data_dir=folder, redis_url=self.redis.url, token=TOKEN, page_seconds=5, **given)
        self.service: Service = open_service(self.settings)
        self.app = create_app(self.settings, self.service)
        self.workers, self.folder = Workers(self.settings, self.redis.url, engine=engine), folder
        self.workers.environment |= {f"LEASH_{name.upper()}": str(value) for name, value in given.items()}

    def call(self, method: str, path: str, **given: object):
        return self.app.test_client().open(path, method=method, base_url=HERE, headers=BEARER, buffered=True, **given)

    def send(self, **changed: object):
        body = {"url": URL, "title": "A title", "html": PAGE, "selection": False, "captured_at": "2026-01-02T03:04:05Z", **changed}
        return self.call("POST", "/api/captures", json=body)

    def close(self) -> None:
        self.workers.close()
        self.redis.kill()
        self.service.store.close()


@pytest.fixture(scope="module")
def leash(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Leash]:
    """One Leash for the tests of this file that break nothing."""
    made = Leash(tmp_path_factory.mktemp("captures"), engine="")
    made.workers.environment["LEASH_FIND_MODELS"] = "no"
    made.workers.start(1)
    yield made
    made.close()


def blobs_of(leash: Leash) -> dict[str, bytes]:
    """Every compressed thing in the database that holds the canary, by its place."""
    found = {}
    with leash.service.store.database.read() as connection:
        for table, column in (("page", "text"), ("page", "html"), ("capture", "text"), ("capture", "sent"), ("reading", "text")):
            for number, row in enumerate(connection.exec_driver_sql(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL")):
                if CANARY.encode() in zlib.decompress(row[0]):
                    found[f"{table}.{column} {number}"] = row[0]
    return found


def holding(folder: Path, *wanted: bytes) -> list[str]:
    """The files below the folder in which any of these bytes stand."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    return [str(file.relative_to(folder)) for file in files if any(one in file.read_bytes() for one in wanted)]


def test_a_page_that_was_sent_is_text_at_once_and_the_same_text_as_in_a_stream_of_pages(leash: Leash) -> None:
    reply = leash.send()
    made = reply.json
    assert reply.status_code == 201
    assert (made["title"], made["url"], made["private"], made["saved"], made["runs"]) == ("The bridge report", URL, True, False, [])
    assert made["captured_at"] == "2026-01-02T03:04:05Z"
    assert made["headings"] == [[1, "The bridge report"]]
    assert '```sh\nopen --now\n```' in made["text"]
    assert re.search(r"^rung: capture$", made["text"], re.MULTILINE)
    line = json.dumps({"id": 1, "url": URL, "html": PAGE})
    done = subprocess.run([sys.executable, "-m", "server.cli", "text", "--jsonl"], input=line, cwd=ROOT, capture_output=True, text=True,
                          timeout=60, check=True)
    assert made["text"].partition("\n---\n\n")[2].strip() == json.loads(done.stdout)["text"].strip()
    assert leash.call("GET", f"/api/captures/{made['id']}").json["text"].split("\nage:")[0] == made["text"].split("\nage:")[0]
    listed = leash.call("GET", "/api/captures").json["captures"]
    assert listed[0]["id"] == made["id"]
    assert "text" not in listed[0]
    leash.call("DELETE", f"/api/captures/{made['id']}")


def test_what_is_kept_of_a_page_holds_no_script_and_no_secret_of_a_form_and_what_was_sent_stays_nowhere(leash: Leash) -> None:
    made = leash.send().json
    html = leash.service.page(made["sha256"]).html.decode()
    assert f"{CANARY}-" not in html
    assert '"@type": "Article"' in html
    assert f"The code word is {CANARY}" in html
    sent = zlib.compress(PAGE.encode(), 1)
    wait_until(lambda: not holding(leash.folder, sent[50:150]))
    assert leash.call("GET", f"/api/pages/{made['sha256']}").json["rung"] == "capture"
    leash.call("DELETE", f"/api/captures/{made['id']}")


def test_a_deleted_capture_is_nowhere_any_more(leash: Leash) -> None:
    made = leash.send(title=CANARY, url=f"https://intranet.example/{CANARY}").json
    leash.call("POST", f"/api/captures/{made['id']}/save")
    blobs = blobs_of(leash)
    slices = [blob[len(blob) // 2:len(blob) // 2 + 60] for blob in blobs.values()]
    assert {name.split()[0] for name in blobs} == {"page.text", "page.html", "capture.text"}
    assert holding(leash.folder, *slices)
    assert leash.call("DELETE", f"/api/captures/{made['id']}").json == {"runs_deleted": 0}
    assert holding(leash.folder, CANARY.encode(), *slices) == []
    assert blobs_of(leash) == {}
    for reply in (leash.call("GET", f"/api/captures/{made['id']}"), leash.call("GET", f"/api/pages/{made['sha256']}"),
                  leash.call("DELETE", f"/api/captures/{made['id']}")):
        assert reply.status_code == 404


def test_of_a_text_that_a_run_has_read_elsewhere_the_run_keeps_the_words_and_not_the_snapshot(leash: Leash) -> None:
    made = leash.send().json
    store = leash.service.store
    page = store.pages.get(made["sha256"])
    run = store.runs.add("Why?", "quick", False)
    store.pages.save(run.id, [type(page)("https://open.example/", "https://open.example/", "Open", page.text, page.fetched_at)])
    leash.call("DELETE", f"/api/captures/{made['id']}")
    left = store.pages.get(made["sha256"])
    assert (left.url, left.rung, left.html) == ("https://open.example/", "http", None)
    store.runs.forget(run.id)
    assert leash.call("GET", f"/api/pages/{made['sha256']}").status_code == 404


def test_a_run_that_is_deleted_leaves_a_page_that_a_capture_holds(leash: Leash) -> None:
    made = leash.send().json
    store = leash.service.store
    run = store.runs.add("Why?", "quick", False)
    store.pages.save(run.id, [store.captures.page(made["id"])])
    store.runs.forget(run.id)
    assert leash.call("GET", f"/api/captures/{made['id']}").status_code == 200
    assert store.pages.get(made["sha256"]).html
    leash.call("DELETE", f"/api/captures/{made['id']}")


def test_a_selection_is_taken_whole(leash: Leash) -> None:
    fragment = "<nav>Menu words that a judge would leave out</nav><ul><li>one</li><li>two</li></ul>"
    made = leash.send(html=fragment, selection=True, title="Where it stood").json
    assert made["title"] == "Where it stood"
    assert "Menu words that a judge would leave out" in made["text"]
    assert "- one\n- two" in made["text"]
    assert made["notes"] == ["This is what was selected on the page, and not all of it."]
    leash.call("DELETE", f"/api/captures/{made['id']}")


LOGIN = "<title>Sign in</title><h1>Sign in</h1><form><input type=password></form>"


@pytest.mark.parametrize(("html", "says"), [
    ("<html><body></body></html>", "There is no text on this page as your browser sent it"),
    ("   ", "There is no text on this page as your browser sent it"),
    ("<html><body><script>draw()</script><canvas></canvas></body></html>", "There is no text on this page as your browser sent it"),
    (LOGIN, "intranet.example asks for a login here. Log in"),
    ("<title>Just a moment...</title><div class=cf-challenge>Checking your browser</div>", "intranet.example shows a test"),
])
def test_where_there_is_no_text_a_sentence_says_why_and_nothing_is_kept(leash: Leash, html: str, says: str) -> None:
    reply = leash.send(html=html)
    assert (reply.status_code, reply.json["code"]) == (422, "no-text")
    assert reply.json["detail"].startswith(says)
    assert reply.mimetype == "application/problem+json"
    with leash.service.store.database.read() as connection:
        assert connection.exec_driver_sql("SELECT (SELECT count(*) FROM capture) + (SELECT count(*) FROM reading_ask)").scalar() == 0
    assert not holding(leash.folder, b"intranet.example")


@pytest.mark.parametrize("body", [
    {"url": "file:///etc/passwd"}, {"url": "javascript:alert(1)"}, {"url": "https://"}, {"url": 7},
    {"url": "https://a.example/" + "x" * 9000},
    {"html": None}, {"html": ["a"]}, {"title": 5}, {"selection": "yes"}, {"captured_at": "yesterday"}, {"captured_at": 5}, {"more": 1},
])
def test_what_is_no_capture_is_refused_in_a_sentence(leash: Leash, body: dict) -> None:
    reply = leash.send(**body)
    assert reply.status_code == 400
    assert reply.json["detail"].endswith((".", "}."))


def test_a_large_page_may_be_sent_here_and_only_here(leash: Leash) -> None:
    large = PAGE.replace("</form>", f"</form><!-- {'x' * 5_000_000} -->")
    assert leash.send(html=large).status_code == 201
    reply = leash.send(html="x" * 12_000_000)
    assert (reply.status_code, reply.json["code"]) == (413, "too-large")
    assert "12 MB" in reply.json["detail"]
    assert leash.call("POST", "/api/runs", json={"question": "x" * 1_500_000}).status_code == 413


def test_what_an_address_carries_before_its_host_is_not_kept(leash: Leash) -> None:
    made = leash.send(url="https://me:secret@intranet.example/x").json
    assert made["url"] == "https://intranet.example/x"


def test_after_a_week_what_nobody_saved_goes(leash: Leash) -> None:
    old, saved = leash.send().json["id"], leash.send(title="b").json["id"]
    leash.call("POST", f"/api/captures/{saved}/save")
    with leash.service.store.database.write() as connection:
        connection.exec_driver_sql("UPDATE capture SET created_at = ?", (time.time() - 8 * 86_400,))
    leash.service.store.captures.prune()
    assert leash.call("GET", f"/api/captures/{old}").status_code == 404
    assert leash.call("GET", f"/api/captures/{saved}").json["saved"] is True
    leash.call("DELETE", f"/api/captures/{saved}")


def test_without_a_worker_it_is_said_and_nothing_is_kept(tmp_path: Path) -> None:
    alone = Leash(tmp_path)
    alone.service.readings.patience = 0.2
    reply = alone.send()
    assert (reply.status_code, reply.json["code"]) == (503, "no-worker")
    alone.redis.kill()
    reply = alone.send()
    assert (reply.status_code, reply.json["code"]) == (503, "no-worker")
    assert "leash doctor" in reply.json["detail"]
    assert blobs_of(alone) == {}
    alone.close()


def test_nobody_captures_without_the_token(leash: Leash) -> None:
    assert leash.app.test_client().post("/api/captures", base_url=HERE, json={}).status_code == 401


# ---------------------------------------------------------------- runs that are given captures

def finished(leash: Leash, run_id: str) -> dict:
    return wait_until(lambda: (told := leash.call("GET", f"/api/runs/{run_id}").json)["ended_at"] and told, 90)


def asked(leash: Leash, made: dict, **more: object):
    body = {"question": f"What is the code word of {CANARY}?", "model": False, "context": [{"capture": made["id"]}], **more}
    return leash.call("POST", "/api/runs", json=body)


def test_a_run_answers_from_a_capture_alone_and_goes_with_it(leash: Leash) -> None:
    made = leash.send().json
    run = finished(leash, asked(leash, made).json["id"])
    assert (run["status"], run["private"], run["web"], run["hosted"]) == ("done", True, False, False)
    assert run["context"] == [{"kind": "capture", "id": made["id"], "url": URL, "title": "The bridge report"}]
    answer = run["answer"]
    assert {citation["page_sha256"] for claim in answer["claims"] for citation in claim["citations"]} == {made["sha256"]}
    assert any(CANARY in claim["text"] for claim in answer["claims"])
    assert answer["basis"].startswith("This was made from the page that you gave")
    assert answer["used"]["searches"] == answer["used"]["pages"] == 0
    assert leash.call("GET", f"/api/captures/{made['id']}").json["runs"] == [run["id"]]
    assert leash.call("DELETE", f"/api/captures/{made['id']}").json == {"runs_deleted": 1}
    assert leash.call("GET", f"/api/runs/{run['id']}").status_code == 404
    assert holding(leash.folder, CANARY.encode()) == []
    assert blobs_of(leash) == {}


def test_a_capture_that_a_run_holds_outlives_its_week(leash: Leash) -> None:
    made = leash.send().json
    finished(leash, asked(leash, made).json["id"])
    with leash.service.store.database.write() as connection:
        connection.exec_driver_sql("UPDATE capture SET created_at = ?", (time.time() - 8 * 86_400,))
    leash.service.store.captures.prune()
    assert leash.call("DELETE", f"/api/captures/{made['id']}").json == {"runs_deleted": 1}


def test_a_run_that_was_given_pages_can_be_deleted_without_them(leash: Leash) -> None:
    made = leash.send().json
    run = asked(leash, made).json["id"]
    finished(leash, run)
    assert leash.call("DELETE", f"/api/runs/{run}").status_code == 204
    assert leash.call("GET", f"/api/captures/{made['id']}").json["runs"] == []
    leash.call("DELETE", f"/api/captures/{made['id']}")


@pytest.mark.parametrize("body", [
    {"context": [{"capture": "nosuchthing0"}]}, {"context": "all"}, {"context": [{"capture": 5}]}, {"context": [{"url": "file:///etc"}]},
    {"context": [{"url": "https://a.example/", "capture": "x"}]}, {"context": [{"page": "x"}]}, {"context": [["url"]]},
    {"context": [{"url": f"https://a.example/{n}"} for n in range(31)]}, {"web": "no"}, {"hosted": 1}, {"web": False}, {"context": None},
])
def test_what_cannot_be_given_is_refused_in_a_sentence(leash: Leash, body: dict) -> None:
    reply = leash.call("POST", "/api/runs", json={"question": "Why?", "model": False, **body})
    assert reply.status_code == 400
    assert reply.json["detail"].endswith(".")


def test_a_killed_worker_leaves_a_private_run_to_the_next_and_it_is_closed_still(tmp_path: Path) -> None:
    made_here = Leash(tmp_path, engine="")
    made_here.workers.environment["LEASH_FIND_MODELS"] = "no"
    try:
        made_here.workers.start(1)
        made_here.workers.start(1, queue="long")
        made = made_here.send().json
        run = asked(made_here, made, depth="research").json["id"]
        wait_until(lambda: [entry for entry in made_here.service.events(run) if entry.event.kind == "kept"])
        made_here.workers.kill(1)
        made_here.workers.start(1, queue="long")
        told = finished(made_here, run)
        kinds = [entry.event.kind for entry in made_here.service.events(run)]
        assert (told["status"], told["answer"]["basis"][:13]) == ("done", "This was made")
        assert kinds.count("kept") == 1
        assert "searching" not in kinds
    finally:
        made_here.close()


def said_by(leash: Leash, run_id: str) -> str:
    """What went wrong in a run, in its own words."""
    troubles = [entry.event for entry in leash.service.events(run_id) if entry.event.kind == "trouble"]
    return " ".join(f"{one.subject} {one.message}" for one in troubles)


HOSTED = [{"url": "https://models.example/v1", "model": "big"}, {"url": "http://127.0.0.1:9/v1", "model": "small", "roles": ["write"]}]


def test_a_model_elsewhere_sees_a_private_page_only_by_the_users_word(tmp_path: Path) -> None:
    made_here = Leash(tmp_path, engine="", models=json.dumps(HOSTED))
    try:
        made_here.workers.start(1)
        made = made_here.send().json
        reply = asked(made_here, made, model=True)
        assert (reply.status_code, reply.json["code"], reply.json["hosts"]) == (400, "hosted-model", ["models.example"])
        assert "models.example is not on this machine" in reply.json["detail"]
        assert asked(made_here, made, model=True, web=True).status_code == 400
        assert asked(made_here, made, model=True, context=[{"url": "https://open.example/"}]).status_code == 201
        for more in ({"model": False}, {"model": True, "hosted": True}):
            reply = asked(made_here, made, **more)
            assert reply.status_code == 201
        told = finished(made_here, reply.json["id"])
        assert (told["private"], told["hosted"]) == (True, True)
        assert "models.example" in said_by(made_here, told["id"])
        page = made_here.service.captures.get(made["id"])
        given = Given((Item("capture", page.id, page.url, page.title, page.sha256),), web=False, hosted=False)
        run = made_here.service.store.runs.add(f"What is {CANARY}?", "quick", True, given=given)  # past the door that refuses it
        made_here.service.doorbell.ring(run)
        assert finished(made_here, run.id)["answer"]["mode"] == "extractive"
        assert "small" in said_by(made_here, run.id)
        assert "models.example" not in said_by(made_here, run.id)
    finally:
        made_here.close()
