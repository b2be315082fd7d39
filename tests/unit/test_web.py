"""The pages as a browser asks for them, without a browser: forms, streams that resume, policies, errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import lxml.html
import pytest
from flask.testing import FlaskClient

from agent.errors import BadInput
from agent.events import Failed, Kept, Started
from agent.settings import ModelEndpoint, Settings
from server import create_app
from server.phrases import quote_words
from tests.fakes_service import PAGES, FakeService, citation

TOKEN = "a-token-of-enough-length"
HERE = "http://127.0.0.1"


@pytest.fixture
def service() -> Iterator[FakeService]:
    service = FakeService()
    yield service
    service.release()


def client_of(service: FakeService, folder: Path, **settings) -> FlaskClient:
    app = create_app(Settings(data_dir=folder, token=TOKEN, **settings), service)
    client = app.test_client()
    client.get(f"/?token={TOKEN}", base_url=HERE)
    return client


@pytest.fixture
def client(service: FakeService, tmp_path: Path) -> FlaskClient:
    return client_of(service, tmp_path)


def post(client: FlaskClient, path: str, **data: str):
    headers = {"Origin": HERE, **data.pop("headers", {})}
    return client.post(path, data=data, headers=headers, base_url=HERE)


def messages(text: str) -> list[tuple[str, str]]:
    """(id, event) of each frame."""
    frames = [frame for frame in text.split("\n\n") if "event:" in frame]
    found = [(re.search(r"^id: (.+)$", frame, re.MULTILINE), re.search(r"^event: (.+)$", frame, re.MULTILINE))
             for frame in frames]
    return [(number[1] if number else "", name[1]) for number, name in found]


def test_asking_leads_to_the_run(client: FlaskClient) -> None:
    answer = post(client, "/runs", question="Why?", depth="quick", writer="quotes")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/runs/run1")


def reason(service: FakeService, question: str = "", depth: str = "quick") -> str:
    with pytest.raises(BadInput) as refused:
        service.ask(question, depth)
    return str(refused.value)


@pytest.mark.parametrize("given", [
    {"question": "  "}, {"question": "Why?", "depth": "x"},
    {"question": "x" * 100_000}, {"question": "\x01why"},
])
def test_what_cannot_be_asked_comes_back_and_says_why(client: FlaskClient, service: FakeService, given: dict) -> None:
    answer = post(client, "/runs", **given)
    page = lxml.html.document_fromstring(answer.text.replace("\x01", "^"))
    assert answer.status_code == 400
    assert page.get_element_by_id("ask-trouble").text_content() == reason(service, **given)
    assert page.get_element_by_id("question").text == given["question"].replace("\x01", "^")


def test_a_script_is_told_in_json(client: FlaskClient, service: FakeService) -> None:
    wants = {"Accept": "application/json"}
    assert post(client, "/runs", question="Why?", headers=wants).json == {"url": "/runs/run1"}
    assert post(client, "/runs", question="", headers=wants).json["trouble"] == reason(service)


def test_a_stream_resumes_after_what_was_seen(client: FlaskClient, service: FakeService) -> None:
    run = service.ask("Why?")
    service.wait_over(run.id)
    whole = messages(client.get(f"/runs/{run.id}/stream", base_url=HERE).text)
    ids = [int(number) for number, _ in whole if number]
    assert ids == sorted(set(ids))
    assert whole[-1] == ("", "end")
    seen = str(ids[-3])
    rest = client.get(f"/runs/{run.id}/stream", base_url=HERE, headers={"Last-Event-ID": seen})
    assert [int(number) for number, _ in messages(rest.text) if number] == ids[-2:]
    assert "opens twice a day" in rest.text


def test_the_page_starts_the_stream_where_it_stands(client: FlaskClient, service: FakeService) -> None:
    service.hold("kept")
    run = service.ask("Why?")
    first = next(entry for entry in service.watch(run.id, 8))
    page = client.get(f"/runs/{run.id}", base_url=HERE).text
    assert f"/runs/{run.id}/stream?after={first.seq}" in page


@pytest.mark.parametrize("path", ["/runs/none", "/pages/none", "/nothing", "/nothing.php/here", "/runs/none/stream"])
def test_what_is_not_there_is_said_kindly(client: FlaskClient, path: str) -> None:
    answer = client.get(path, base_url=HERE, headers={"Accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == 404
    assert "Back to the question box" in answer.text


def test_a_kept_page_has_a_policy_that_lets_nothing_run_or_leave(client: FlaskClient, service: FakeService) -> None:
    quote = citation(0)
    answer = client.get(f"/pages/{quote.page_sha256}?start={quote.start}&end={quote.end}", base_url=HERE)
    policy = answer.headers["Content-Security-Policy"]
    assert re.sub(r"'sha256-[^']+'", "HASH", policy) == (
        "default-src 'none'; style-src HASH; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'self'")
    assert (answer.headers["Leash-View"], answer.headers["Leash-Note"]) == ("page", "")


JPEG = b"\xff\xd8\xff\xe0 a small picture"


def test_a_picture_of_a_page_is_that_and_nothing_else(client: FlaskClient, service: FakeService) -> None:
    shown = replace(PAGES[0], picture=b"<script>alert(1)</script>")
    service.pages[shown.sha256] = shown
    answer = client.get(f"/pages/{shown.sha256}/picture", base_url=HERE)
    assert (answer.data, answer.headers["Content-Type"]) == (shown.picture, "image/jpeg")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    again = client.get(f"/pages/{shown.sha256}/picture", base_url=HERE, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_picture_is_shown_to_nobody_without_the_token(client: FlaskClient, service: FakeService) -> None:
    service.pages[PAGES[0].sha256] = replace(PAGES[0], picture=JPEG)
    path = f"/pages/{PAGES[0].sha256}/picture"
    assert client.application.test_client().get(path, base_url=HERE).status_code == 401
    assert client.get(path, base_url=HERE, headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image"}).status_code == 403


@pytest.mark.parametrize("sha256", [PAGES[0].sha256, "none"])
def test_a_page_without_a_picture_says_so(client: FlaskClient, sha256: str) -> None:
    answer = client.get(f"/pages/{sha256}/picture", base_url=HERE)
    assert answer.status_code == 404
    assert "There is no picture of this page" in answer.text


def test_the_trace_shows_a_page_as_the_browser_saw_it(client: FlaskClient, service: FakeService) -> None:
    shown = replace(PAGES[0], rung="browser", picture=JPEG)
    rungs = zip(PAGES, ("browser", "browser", "http"), strict=True)
    kept = [Kept(page.url, page.title, page.site, rung, page.sha256, 40, 0.5) for page, rung in rungs]
    service.script = lambda run: iter([Started(run.question, run.depth, {}), *kept, Failed("It ends here.")])
    service.pages[shown.sha256] = shown
    run = service.ask("Why?")
    service.wait_over(run.id)
    tree = lxml.html.document_fromstring(client.get(f"/runs/{run.id}", base_url=HERE).text)
    assert [link.get("href") for link in tree.cssselect(".trace a.row-seen")] == [f"/pages/{shown.sha256}/picture"]
    assert [image.get("src") for image in tree.cssselect(".row-seen img")] == [f"/pages/{shown.sha256}/picture"]
    assert tree.cssselect("a.row-seen")[0].text_content() == f"{shown.title}, as the browser saw it"


def test_the_api_links_to_the_picture(client: FlaskClient, service: FakeService) -> None:
    service.pages[PAGES[0].sha256] = replace(PAGES[0], picture=JPEG)
    told = [client.get(f"/api/pages/{page.sha256}", base_url=HERE).json["picture"] for page in PAGES[:2]]
    assert told == [f"/pages/{PAGES[0].sha256}/picture", None]


@pytest.mark.parametrize("span", ["", "?start=5", "?start=9&end=4", "?start=0&end=99999999", "?start=-1&end=4",
                                  "?start=a&end=b"])
def test_a_span_that_cannot_be_marks_nothing(client: FlaskClient, span: str) -> None:
    answer = client.get(f"/pages/{PAGES[0].sha256}{span}", base_url=HERE)
    assert answer.status_code == 200
    assert "<mark" not in answer.text


def test_a_page_that_is_gone_is_not_called_checked(client: FlaskClient, service: FakeService) -> None:
    run = service.ask("Why?")
    service.wait_over(run.id)
    del service.pages[PAGES[2].sha256]
    page = client.get(f"/runs/{run.id}", base_url=HERE).text
    assert "3 of 4 stand word for word in a kept page" in page
    assert "each checked" not in page


def test_who_will_write_is_said_before_the_ask(service: FakeService, tmp_path: Path) -> None:
    with_model = client_of(service, tmp_path, model_url="http://127.0.0.1:9/v1", model="gentle-writer")
    named = with_model.get("/", base_url=HERE).text
    assert "gentle-writer" in named
    assert "How to set a model" not in named
    roles = {"keen-reader": "read", "slow-writer": "write"}
    models = [ModelEndpoint("http://127.0.0.1:9/v1", name, roles=(role,)) for name, role in roles.items()]
    choice = client_of(service, tmp_path, models=models).get("/", base_url=HERE).text
    assert "<b>slow-writer</b>" in choice
    assert "if it fails" not in choice
    none = client_of(service, tmp_path, find_models=False).get("/", base_url=HERE).text
    assert "LEASH_MODEL_URL" in none
    assert re.search(r'value="model"[^>]*disabled', none)


def test_the_limits_of_each_depth_are_shown(client: FlaskClient) -> None:
    page = lxml.html.document_fromstring(client.get("/", base_url=HERE).text)
    words = " ".join(page.get_element_by_id("limits-1").text_content().split())
    for word in ("searches", "pages", "60 seconds", "model call", "quotes"):
        assert word in words
    assert "30 minutes" in page.get_element_by_id("limits-3").text_content()


def test_the_page_of_browsers_names_the_address_that_people_use(service: FakeService, tmp_path: Path) -> None:
    assert "<b class=\"here\">http://127.0.0.1</b>" in post(client_of(service, tmp_path / "a"), "/devices/code").text
    client = client_of(service, tmp_path / "b", public_url="https://leash.team.example/")
    assert "<b class=\"here\">https://leash.team.example</b>" in post(client, "/devices/code").text
    assert client.get("/devices/code", base_url=HERE).location == "/devices"
    assert post(client, "/devices/none/revoke").status_code == 404


def test_a_quote_is_shown_without_the_signs_of_its_pages_structure():
    quote = "term\n: What it is.\n> > Said twice.\n>\n> More.\n| name | a \\| b |\n|---|---|\n| x |  |\n- item: one"
    assert quote_words(quote) == "term\nWhat it is.\nSaid twice.\n\nMore.\nname · a | b\nx\n- item: one"
