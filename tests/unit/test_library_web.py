"""The library's page and its API, with the service's twin behind them."""

from __future__ import annotations

from pathlib import Path

import lxml.html
import pytest
from flask.testing import FlaskClient

from agent.settings import Settings
from server import create_app
from tests.fakes_service import PAGES, FakeService

TOKEN = "a-token-of-enough-length"
HERE = "http://127.0.0.1"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def client(service: FakeService, tmp_path: Path) -> FlaskClient:
    client = create_app(Settings(data_dir=tmp_path, token=TOKEN), service).test_client()
    client.get(f"/?token={TOKEN}", base_url=HERE)
    return client


def shown(client: FlaskClient, path: str = "/library") -> lxml.html.HtmlElement:
    return lxml.html.fromstring(client.get(path, base_url=HERE).text)


def titles(tree: lxml.html.HtmlElement) -> list[str]:
    return [link.text_content() for link in tree.cssselect(".run-question")]


def test_every_page_leads_to_it_and_it_lists_what_was_read(client: FlaskClient, service: FakeService) -> None:
    run = service.ask("When does the bridge open?")
    service.wait_over(run.id)
    assert shown(client, "/").cssselect("nav a[href='/library']")
    tree = shown(client)
    assert titles(tree) == [page.title for page in reversed(PAGES)]
    assert tree.cssselect(".run-question")[-1].get("href") == f"/pages/{PAGES[0].sha256}"
    assert tree.cssselect(".read-for a")[0].get("href") == f"/runs/{run.id}"
    assert not tree.cssselect(".older")


def test_words_are_looked_for_and_what_has_none_of_them_says_what_to_do(client: FlaskClient) -> None:
    word = PAGES[0].title.split()[-1]
    tree = shown(client, f"/library?q={word}")
    assert PAGES[0].title in titles(tree)
    assert tree.cssselect("#q")[0].get("value") == word
    assert "Try fewer" in shown(client, "/library?q=nosuchword").text_content()


def test_an_empty_library_says_what_it_will_be(client: FlaskClient, service: FakeService) -> None:
    service.pages.clear()
    tree = shown(client)
    assert "Nothing read yet" in tree.text_content()
    assert not tree.cssselect(".run")


def test_a_query_is_text_and_nothing_else(client: FlaskClient) -> None:
    tree = shown(client, "/library?q=%3Cscript%3Ealert(1)%3C/script%3E&before=x")
    assert [one.get("src") for one in tree.cssselect("script") if not one.get("src")] == []
    assert tree.cssselect("#q")[0].get("value") == "<script>alert(1)</script>"


def test_a_page_is_deleted_and_one_that_is_cited_says_why_it_stays(client: FlaskClient, service: FakeService) -> None:
    run = service.ask("When does the bridge open?")
    service.wait_over(run.id)
    gone = client.post(f"/library/{PAGES[1].sha256}/delete", base_url=HERE, data={"q": "bridge"}, headers={"Origin": HERE})
    assert (gone.status_code, gone.headers["Location"]) == (303, "/library?q=bridge")
    stays = client.post(f"/library/{PAGES[0].sha256}/delete", base_url=HERE, data={}, headers={"Origin": HERE})
    assert stays.status_code == 409
    assert "so it stays" in lxml.html.fromstring(stays.text).cssselect("[role=alert]")[0].text_content()
    assert PAGES[1].sha256 not in service.pages


def test_the_api_lists_and_deletes(client: FlaskClient, service: FakeService) -> None:
    first = client.get("/api/library?limit=1", base_url=HERE, headers=BEARER).json
    assert first["size"] == len(PAGES)
    (one,) = first["pages"]
    assert (one["sha256"], one["runs"]) == (PAGES[-1].sha256, [])
    assert "text" not in one
    rest = client.get(f"/api/library?before={one['id']}", base_url=HERE, headers=BEARER).json["pages"]
    assert [page["sha256"] for page in rest] == [page.sha256 for page in reversed(PAGES[:-1])]
    assert client.get("/api/library?limit=x", base_url=HERE, headers=BEARER).status_code == 400
    assert client.delete(f"/api/pages/{PAGES[0].sha256}", base_url=HERE, headers=BEARER).status_code == 204
    assert client.delete(f"/api/pages/{PAGES[0].sha256}", base_url=HERE, headers=BEARER).status_code == 404
    assert client.get("/api/library", base_url=HERE).status_code == 200  # by the cookie
    assert create_app(Settings(token=TOKEN), service).test_client().get("/api/library", base_url=HERE).status_code == 401


def test_a_question_that_was_asked_twice_is_named_once(client: FlaskClient, service: FakeService) -> None:
    for question in ("When does it open?", "When does it open?", "Who pays?"):
        service.wait_over(service.ask(question).id)
    first = shown(client).cssselect(".read-for")[0]
    assert sorted(link.text_content() for link in first.cssselect("a")) == ["When does it open?", "Who pays?"]
    assert "more" not in first.text_content()
