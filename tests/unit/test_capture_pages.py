"""The pages of captures, and the question box with what a run is given, without a browser and without a worker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import lxml.html
import pytest
from flask.testing import FlaskClient

from agent.events import Answered, Started
from agent.records import Answer, RoleUse
from agent.settings import ModelEndpoint, Settings
from server import create_app
from server.reading import reading_of
from server.service import Service, open_service
from tests.fakes_text import read_of

TOKEN, HERE = "a-token-of-enough-length", "http://127.0.0.1"
MODELS = (ModelEndpoint("https://models.example/v1", "big"),)


@dataclass
class Shelf:
    service: Service
    client: FlaskClient

    def add(self, title: str = "The old bridge", url: str = "https://intranet.example/bridge",
            text: str = "# The old bridge\n\nIt opens.\n") -> str:
        """A capture as a worker would have left it."""
        captures, read = self.service.store.captures, read_of(url, text)
        capture_id = captures.add(url, title, "<p>It opens.", False, 1_700_000_000.0)
        made = reading_of(read, url, 1_700_000_000.0)
        captures.settle(capture_id, read.page, made)
        return capture_id

    def get(self, path: str, status: int = 200) -> lxml.html.HtmlElement:
        reply = self.client.get(path, base_url=HERE)
        assert reply.status_code == status
        return lxml.html.fromstring(reply.text)

    def post(self, path: str, **data: object):
        return self.client.post(path, data=data, headers={"Origin": HERE}, base_url=HERE)


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    settings = Settings(_env_file=None, data_dir=tmp_path, token=TOKEN, models=list(MODELS))
    service = open_service(settings)
    client = create_app(settings, service).test_client()
    client.get(f"/?token={TOKEN}", base_url=HERE)
    yield Shelf(service, client)
    service.store.close()


def words(tree: lxml.html.HtmlElement) -> str:
    return " ".join(tree.text_content().split())


def test_an_empty_shelf_teaches(shelf: Shelf) -> None:
    said = words(shelf.get("/captures"))
    assert "Nothing captured yet" in said
    assert "Pair it with this Leash once" in said
    assert "127.0.0.1/api/captures" in said


def test_the_list_says_what_each_is_and_leads_to_asking(shelf: Shelf) -> None:
    one = shelf.add()
    row = shelf.get("/captures").cssselect(".run")[0]
    assert "tides.example" in words(row)
    assert "goes tomorrow" not in words(row)
    assert "goes in 7 days" in words(row)
    assert row.cssselect(".ask-of")[0].get("href") == f"/?given=capture:{one}"
    assert "Delete its text and its snapshot?" in words(row)
    shelf.post(f"/captures/{one}/save")
    assert "saved" in words(shelf.get("/captures").cssselect(".run")[0])


def test_before_a_delete_it_is_said_how_many_runs_go_too(shelf: Shelf) -> None:
    one = shelf.add()
    runs = [shelf.service.ask("Why?", model=False, context=[{"capture": one}]).id for _ in range(2)]
    for path in ("/captures", f"/captures/{one}"):
        assert "and with them the 2 runs that were given it, which hold its quotes?" in words(shelf.get(path))
    reply = shelf.post(f"/captures/{one}/delete")
    assert (reply.status_code, reply.headers["Location"]) == (303, "/captures")
    for path in (f"/captures/{one}", *(f"/runs/{run}" for run in runs)):
        shelf.get(path, 404)


def test_a_capture_is_read_as_text_in_which_nothing_acts(shelf: Shelf) -> None:
    evil = "# <script>alert(1)</script>\n\n[x](javascript:alert(1)) <img src=x onerror=alert(1)>\n"
    one = shelf.add(text=evil, url="https://intranet.example/?a=<b>")
    tree = shelf.get(f"/captures/{one}")
    assert not tree.cssselect("main script, main img, a[href^='javascript']")
    reply = shelf.client.get(f"/captures/{one}/text", base_url=HERE)
    assert reply.mimetype == "text/markdown"
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.text.startswith("---\ntitle: ")


def test_the_box_shows_what_is_given_and_asks_where_it_may_look(shelf: Shelf) -> None:
    one, two = shelf.add("First"), shelf.add("Second", text="# Second\n\nOther.\n")
    tree = shelf.get(f"/?given=capture:{one}&given=capture:{two}&given=url:https://open.example/&given=capture:gone&given=nonsense")
    assert [field.get("value") for field in tree.cssselect("[name=given]")] == [f"capture:{one}", f"capture:{two}", "url:https://open.example/"]
    assert tree.cssselect(".chip-off")[0].get("href") == f"/?given=capture:{two}&given=url:https://open.example/"
    assert [field.get("value") for field in tree.cssselect("[name=web]") if "checked" in field.attrib] == ["no"]
    assert "Search words may be made of what stands in your private pages" in words(tree)
    assert "Send what it reads there to models.example" in words(tree)
    assert not [field for field in tree.cssselect("[name=hosted]") if "checked" in field.attrib]


def test_a_public_address_alone_needs_no_leave(shelf: Shelf) -> None:
    tree = shelf.get("/?given=url:https://open.example/")
    assert not tree.cssselect("[name=hosted]")
    assert "private" not in words(tree.cssselect("[data-use]")[0])
    assert not shelf.get("/").cssselect("[data-use], [name=given]")


def test_asking_takes_what_was_given(shelf: Shelf) -> None:
    one = shelf.add()
    given = {"question": "Why?", "depth": "quick", "given": [f"capture:{one}", "url:https://open.example/"], "web": "no"}
    refused = shelf.post("/runs", writer="model", **given)
    assert refused.status_code == 400
    tree = lxml.html.fromstring(refused.text)
    assert "models.example is not on this machine" in words(tree)
    assert len(tree.cssselect(".chip")) == 2
    asked = [shelf.post("/runs", writer="quotes", **given), shelf.post("/runs", writer="model", hosted="yes", **{**given, "web": "yes"})]
    runs = [shelf.service.run(reply.headers["Location"].split("/")[-1]) for reply in asked]
    assert [(run.private, run.web, run.hosted, len(run.context)) for run in runs] == [(True, False, False, 2), (True, True, True, 2)]
    again = shelf.get(f"/?again={runs[1].id}")
    assert [field.get("value") for field in again.cssselect("[name=web]") if "checked" in field.attrib] == ["yes"]
    assert not [field for field in again.cssselect("[name=hosted]") if "checked" in field.attrib]


def test_a_run_says_what_it_was_given_and_which_model_elsewhere_saw_it(shelf: Shelf) -> None:
    one = shelf.add()
    context = [{"capture": one}]
    plain = shelf.service.ask("Why?", model=False, context=context)
    said = words(shelf.get(f"/runs/{plain.id}").cssselect("aside.given")[0])
    assert said.startswith("Private. It was given this page that you captured, and keeps to it:")
    assert "No model outside of this machine and your own networks has seen it." in said
    assert "private" in words(shelf.get("/").cssselect(".run")[0])
    runs, asked = shelf.service.store.runs, shelf.service.ask("Why?", context=context, hosted=True, web=True)
    roles = (RoleUse("write", "big", 1), RoleUse("check", "tiny", 0))
    answer = Answer("Why?", "quick", "model", "So.", roles=roles, basis="From it alone.")
    runs.append(runs.claim(asked.id, "w", 10), [Started("Why?", "quick", {}, "big"), Answered(answer)])
    tree = shelf.get(f"/runs/{asked.id}")
    said = words(tree.cssselect("aside.given")[0])
    assert "may use the web as well" in said
    assert "Passages of it were sent to big at models.example, as you allowed." in said
    assert "From it alone." in words(tree.cssselect(".facts")[0])


def test_a_run_without_a_context_says_nothing_of_one(shelf: Shelf) -> None:
    run = shelf.service.ask("Why?", model=False)
    assert not shelf.get(f"/runs/{run.id}").cssselect("aside.given")
    assert "private" not in words(shelf.get("/").cssselect(".run")[0])
