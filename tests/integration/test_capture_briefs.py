"""A capture in brief through real processes: asked for, made by a worker, told, gone with its capture; and who may see the page."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from agent.settings import Settings
from server import create_app
from server.doorbell import NoDoorbell
from server.kept import Reading
from server.service import Service
from server.store import open_store
from server.store.captures import brief_key
from tests.clerk import Clerk
from tests.crew import page, wait_until
from tests.fakes import ScriptedModel
from tests.integration.test_captures import BEARER, HERE, TOKEN, Leash

CANARY = "Kanarienvogel-4417"
PAGE = f"""<!doctype html><html lang=en><head><title>Marrow Bridge</title></head><body><main><h1>Marrow Bridge</h1>
<p>Marrow Bridge is a bascule bridge over the Tarn, and its code word is {CANARY}.</p><h2>When does the bridge open?</h2>
<p>The bridge opens twice a day at high water, for twelve minutes each time.</p><h2>The keeper</h2>
<p>When the wind is above force seven, the keeper of the bridge refuses to open.</p>
{"".join(f"<p>In the year {1931 + n} the harbour board counted {n * 7} openings of the old bridge at Marrow.</p>" for n in range(30))}
</main></body></html>"""


def start(stack: ExitStack, folder: Path, *models: dict) -> Leash:
    given = {"models": json.dumps(list(models))} if models else {}
    leash = Leash(folder, engine="", **given)
    stack.callback(leash.close)
    leash.workers.environment["LEASH_FIND_MODELS"] = "no"
    leash.workers.start(1)
    return leash


@pytest.fixture(scope="module")
def leash(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Leash]:
    with ExitStack() as stack:
        yield start(stack, tmp_path_factory.mktemp("briefs"))


def sent(leash: Leash) -> dict:
    return leash.send(html=PAGE, title="Marrow Bridge", url="https://intranet.example/marrow").json


def brief_of(leash: Leash, capture_id: str, **given: object) -> dict:
    begun = leash.call("POST", f"/api/captures/{capture_id}/brief", **given)
    assert (begun.status_code, begun.json["state"] in ("working", "done")) == (202, True), begun.text
    wait_until(lambda: leash.call("GET", f"/api/captures/{capture_id}/brief").json["state"] != "working", 60)
    return leash.call("GET", f"/api/captures/{capture_id}/brief").json


def test_without_a_model_in_the_pages_own_words(leash: Leash) -> None:
    made = sent(leash)
    assert leash.call("GET", f"/api/captures/{made['id']}/brief").status_code == 404
    told = brief_of(leash, made["id"])
    assert (told["state"], told["by"], set(told)) == ("done", "", {"state", "summary", "questions", "by", "note"})
    assert told["note"].startswith("Made without a model")
    assert "private" not in told["note"]
    assert told["summary"]
    assert all(one["quote"] in made["text"] for one in (*told["summary"], *told["questions"]))
    assert "When does the bridge open?" in [one["text"] for one in told["questions"]]


def test_a_brief_goes_with_its_capture(leash: Leash) -> None:
    made = sent(leash)
    brief_of(leash, made["id"])
    assert leash.call("DELETE", f"/api/captures/{made['id']}").status_code == 200
    assert leash.call("GET", f"/api/captures/{made['id']}/brief").status_code == 404
    assert leash.service.readings.texts.asked(brief_key(made["id"])) is None
    for other in leash.call("GET", "/api/captures").json["captures"]:
        leash.call("DELETE", f"/api/captures/{other['id']}")
    assert CANARY.encode() not in b"".join(path.read_bytes() for path in leash.folder.glob("leash.db*"))


def test_a_second_press_while_it_is_made_makes_one(leash: Leash) -> None:
    made = sent(leash)
    first, second = (leash.call("POST", f"/api/captures/{made['id']}/brief") for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 202)
    assert brief_of(leash, made["id"])["state"] == "done"


@pytest.mark.parametrize("body", [[], {"hosted": 1}, {"hosted": True, "model": "x"}, "yes"])
def test_what_cannot_be_asked_is_a_sentence(leash: Leash, body: object) -> None:
    answer = leash.call("POST", f"/api/captures/{sent(leash)['id']}/brief", json=body)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert leash.call("POST", "/api/captures/none/brief").status_code == 404


def test_a_local_model_writes_it_and_one_elsewhere_is_not_asked(tmp_path: Path) -> None:
    with ExitStack() as stack, ScriptedModel(Clerk()) as model:
        far = {"url": "http://models.invalid/v1", "model": "far"}
        leash = start(stack, tmp_path, far, {"url": model.url, "model": "near"})
        told = brief_of(leash, sent(leash)["id"])
        assert (told["state"], told["by"]) == ("done", "near")
        assert len(told["questions"]) == 5
        assert CANARY in str(model.requests[0])


def test_a_model_elsewhere_sees_a_private_page_by_the_users_word_alone(tmp_path: Path) -> None:
    with ExitStack() as stack:
        leash = start(stack, tmp_path, {"url": "http://models.invalid/v1", "model": "far"})
        made = sent(leash)
        kept_back = brief_of(leash, made["id"])
        assert (kept_back["by"], "this page is private: they were not asked" in kept_back["note"]) == ("", True)
        allowed = brief_of(leash, made["id"], json={"hosted": True})
        assert "private" not in allowed["note"]
        assert "No model could answer" in allowed["note"]


def test_without_a_worker_it_says_so(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path, token=TOKEN)
    store = open_store(settings)
    service = Service(store, NoDoorbell(), settings)
    capture_id = store.captures.add("https://a.example/", "A", "<p>x</p>", False, time.time())
    made = Reading("https://a.example/", "x", 1.0, 1.0, 1.0)
    store.captures.settle(capture_id, page("x"), made)
    client = create_app(settings, service).test_client()
    answer = client.post(f"/api/captures/{capture_id}/brief", base_url=HERE, headers=BEARER)
    assert (answer.status_code, answer.json["code"]) == (503, "no-worker")
    assert client.get(f"/api/captures/{capture_id}/brief", base_url=HERE, headers=BEARER).status_code == 404
    store.close()
