"""The doors to text as a browser or a program knocks at them: who is let in, which form, what each answer carries."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlencode

import lxml.html
import pytest
from flask.testing import FlaskClient

from agent.settings import Settings
from server import create_app
from server.options import OPTIONS
from server.text import header_of
from tests.fakes_service import FakeService

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-of-enough-length"
HERE = "http://127.0.0.1"
URL = "https://tides.example/bridge"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "Sec-Fetch-Mode": "navigate",
           "Sec-Fetch-Dest": "document"}


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def client(service: FakeService, tmp_path: Path) -> FlaskClient:
    """A browser with the cookie."""
    client = create_app(Settings(data_dir=tmp_path, token=TOKEN), service).test_client()
    client.get(f"/?token={TOKEN}", base_url=HERE)
    return client


def ask(client: FlaskClient, path: str, **headers: str):
    return client.get(path, base_url=HERE, headers=headers)


def opened(service: FakeService) -> list[str]:
    return service.readings.reader.opened()


@pytest.mark.parametrize(("site", "status"), [("none", 200), ("same-origin", 200), ("cross-site", 403), ("same-site", 403)])
@pytest.mark.parametrize("path", [f"/{URL}", f"/api/text?url={URL}", f"/text?url={URL}"])
def test_another_site_cannot_make_leash_open_an_address(client: FlaskClient, service: FakeService, path: str, site: str,
                                                        status: int) -> None:
    """Also where the browser sends the cookie along: a link that was followed, a page of another port of this machine."""
    answer = ask(client, path, **BROWSER, **{"Sec-Fetch-Site": site})
    assert (answer.status_code if answer.status_code != 303 else 200) == status
    if status == 403:
        assert opened(service) == []


@pytest.mark.parametrize("headers", [
    {}, {"Host": "evil.example"}, {"Authorization": "Bearer wrong"}, {"Origin": "https://evil.example", **BEARER},
    {**BEARER, "Host": "evil.example"},
])
def test_the_gate_stands_before_this_door_too(service: FakeService, tmp_path: Path, headers: dict) -> None:
    stranger = create_app(Settings(data_dir=tmp_path, token=TOKEN), service).test_client()
    for path in (f"/{URL}", f"/api/text?url={URL}"):
        assert stranger.get(path, base_url=HERE, headers=headers).status_code in (401, 403)
    assert stranger.delete(f"/api/text?url={URL}", base_url=HERE, headers=headers).status_code in (401, 403)
    assert opened(service) == []


@pytest.mark.parametrize(("accept", "kind"), [
    (None, "text/markdown"), ("*/*", "text/markdown"), ("text/markdown", "text/markdown"), ("application/json", "application/json"),
    ("text/html,*/*;q=0.8", "text/html"), ("text/plain", "text/markdown"), ("image/png", "text/markdown"),
    ("application/json;q=0.5,text/markdown", "text/markdown"),
])
def test_the_form_that_is_preferred(client: FlaskClient, accept: str | None, kind: str) -> None:
    answer = ask(client, f"/{URL}", **({"Accept": accept} if accept else {}))
    assert answer.mimetype == kind
    assert answer.headers["Vary"].startswith("Accept")
    assert answer.content_type.endswith("charset=utf-8") or kind == "application/json"


def test_the_form_that_is_named_wins(client: FlaskClient) -> None:
    assert ask(client, f"/{URL}?leash_format=json", Accept="text/html").mimetype == "application/json"
    assert ask(client, f"/{URL}", Accept="text/html", **{"Leash-Format": "markdown"}).mimetype == "text/markdown"
    assert ask(client, f"/api/text?url={URL}&format=markdown").mimetype == "text/markdown"
    assert ask(client, f"/api/text?url={URL}").mimetype == "application/json"


def test_what_every_answer_carries(client: FlaskClient) -> None:
    for form in ("markdown", "json", "html"):
        answer = ask(client, f"/{URL}?leash_format={form}")
        assert answer.headers["ETag"].startswith('W/"')
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Age"] == "0"
        assert ask(client, f"/{URL}?leash_format={form}", **{"If-None-Match": answer.headers["ETag"]}).status_code == 304
    tags = {ask(client, f"/{URL}?leash_format={form}").headers["ETag"] for form in ("markdown", "json", "html")}
    assert len(tags) == 3


@pytest.mark.parametrize("path", ["/library", "/captures", "/devices", "/text", "/library?q=a%26b"])
def test_a_page_of_our_own_is_found_with_a_slash_behind_it(client: FlaskClient, path: str) -> None:
    name, _, query = path.partition("?")
    answer = ask(client, f"{name}/{'?' * bool(query)}{query}", **BROWSER)
    assert (answer.status_code, answer.headers["Location"]) == (308, path)
    assert ask(client, path, **BROWSER).status_code != 404


@pytest.mark.parametrize("path", ["/library//", "/nothing/", "/runs/", "/text/forget/", "//library/", "/library/x/", "//evil.example/"])
def test_what_is_no_page_of_our_own_is_none_with_a_slash_either(client: FlaskClient, service: FakeService, path: str) -> None:
    assert "Location" not in ask(client, path, **BROWSER).headers
    assert "library" not in " ".join(opened(service))


@pytest.mark.parametrize("path", ["/https://tides.example//double//slash?x=%2F&&y", "/https:/tides.example//double//slash?x=%2F&&y"])
def test_the_address_goes_out_as_it_was_typed(client: FlaskClient, service: FakeService, path: str) -> None:
    assert ask(client, path).status_code == 200
    assert opened(service) == ["https://tides.example//double//slash?x=%2F&&y first"]


@pytest.mark.parametrize(("path", "status"), [
    ("/ftp://example.com/", 400), (f"/{URL}?leash_tokens=none", 400), (f"/{URL}?leash_colour=red", 400),
    ("/https://user:pw@example.com/", 400), ("/http://127.0.0.1/runs/one", 400), ("/http://127.0.0.1/https://tides.example/", 400),
    ("/api/text", 400), ("/api/text?url=", 400), (f"/api/text?url={URL}&url={URL}", 400), ("/api/text?url=what", 400), ("/nothing", 404),
    ("/api/nothing", 404), ("/static/nothing.js", 404),
])
def test_what_cannot_be_read_is_said_in_every_form(client: FlaskClient, service: FakeService, path: str, status: int) -> None:
    for accept, kind in (("application/json", "application/problem+json"), ("text/html", "text/html"), ("text/markdown", "text/markdown")):
        answer = ask(client, path, Accept=accept)
        assert answer.status_code == status
        if not path.startswith(("/api/nothing", "/static")):
            assert answer.mimetype == kind
    assert opened(service) == []


def test_a_word_that_is_no_address_is_told_what_to_do_in_the_terminal(client: FlaskClient) -> None:
    answer = ask(client, "/nothing", Accept="*/*")
    assert (answer.status_code, answer.mimetype) == (404, "text/markdown")
    assert f"{HERE}/https://example.com/page" in answer.text


def test_an_option_in_a_header_yields_to_the_query(client: FlaskClient) -> None:
    long = "https://tides.example/long"
    few = ask(client, f"/{long}", Accept="application/json", **{"Leash-Tokens": "50"}).json["cut"]
    assert few["limit"] == 50
    assert ask(client, f"/{long}?leash_tokens=70", Accept="application/json", **{"Leash-Tokens": "50"}).json["cut"]["limit"] == 70
    assert ask(client, f"/{long}", **{"Leash-Tokens": "few"}).status_code == 400


def test_the_page_of_a_text(client: FlaskClient) -> None:
    page = lxml.html.document_fromstring(ask(client, f"/{URL}?q=1&leash_links=inline", **BROWSER).data)
    assert page.xpath("string(//h1)") == "The old bridge"
    assert page.xpath("//article//a/@href") == ["https://tides.example/rules"]
    assert page.xpath("//a[@download]/@href") == [f"/{URL}?q=1&leash_links=inline&leash_format=markdown"]
    assert page.xpath("//a[@download]/@download") == ["the-old-bridge.md"]
    assert "twice" in page.xpath("string(//article//em)")
    research = page.xpath("//a[contains(., 'Research this')]/@href")[0]
    box = lxml.html.document_fromstring(ask(client, research).data)
    assert f"{URL}?q=1" in box.get_element_by_id("question").text


def test_a_pages_text_is_never_live(client: FlaskClient) -> None:
    page = lxml.html.document_fromstring(ask(client, "/https://tides.example/evil", **BROWSER).data)
    article = page.xpath("//article")[0]
    assert article.xpath(".//script | .//img | .//@*[starts-with(name(), 'on')]") == []
    assert article.xpath(".//a/@href") == []
    assert all(source.startswith("/static/") for source in page.xpath("//script/@src"))


def test_a_title_cannot_break_out_of_the_page(client: FlaskClient, service: FakeService) -> None:
    from dataclasses import replace

    ask(client, f"/{URL}")
    evil = '"><script>alert(1)</script>'
    service.readings.kept = {key: replace(made, title=evil, url=f"{URL}?{evil}") for key, made in service.readings.kept.items()}
    for path in (f"/{URL}", "/text"):
        assert "<script>alert" not in ask(client, path, **BROWSER).text


def test_the_box_leads_to_the_text_or_says_why_not(client: FlaskClient) -> None:
    assert ask(client, "/text?url=tides.example/bridge").headers["Location"] == f"/{URL}?leash_format=html"
    answer = ask(client, "/text?url=hello+there")
    page = lxml.html.document_fromstring(answer.text)
    assert answer.status_code == 400
    assert "is not a web address" in page.get_element_by_id("read-trouble").text_content()
    assert page.get_element_by_id("url").value == "hello there"


def test_what_was_read_is_listed_and_can_be_deleted(client: FlaskClient) -> None:
    assert "Nothing read yet" in ask(client, "/text").text
    ask(client, f"/{URL}")
    assert f'href="/{URL}"' in ask(client, "/text").text
    gone = client.post("/text/forget", data={"url": URL}, base_url=HERE, headers={"Origin": HERE})
    assert gone.headers["Location"] == "/text#recent"
    assert "Nothing read yet" in ask(client, "/text").text
    assert client.post("/text/forget", data={"url": URL}, base_url=HERE, headers={"Origin": "https://evil.example"}).status_code == 403


def test_what_is_not_there_is_told_to_programs_as_the_documentation_says(client: FlaskClient) -> None:
    nothing = ask(client, "/api/runs/none", Accept="application/json")
    assert (nothing.status_code, nothing.json["type"]) == (404, "urn:leash:problem:not-found")
    stray = ask(client, "/favicon.png", Accept="application/json")
    assert (stray.status_code, stray.json["type"]) == (404, "urn:leash:problem:not-found")
    posted = client.post(f"/{URL}", base_url=HERE, headers={"Accept": "application/json", "Origin": HERE})
    assert (posted.status_code, posted.mimetype) == (405, "application/problem+json")
    assert client.post(f"/{URL}", base_url=HERE, headers={"Accept": "text/html", "Origin": HERE}).mimetype == "text/html"


def test_a_header_that_is_no_option_is_refused_as_a_name_in_the_query_is(client: FlaskClient) -> None:
    by_query = ask(client, f"/{URL}?leash_file-byte=9", Accept="application/json")
    by_header = ask(client, f"/{URL}", Accept="application/json", **{"Leash-Token": "9"})
    assert (by_query.status_code, by_header.status_code) == (400, 400)
    assert by_query.json["detail"] == by_header.json["detail"].replace("leash_token”", "leash_file-byte”")
    assert "leash_file_bytes, leash_token_estimate." in by_header.json["detail"]


@pytest.mark.parametrize("asked", [{"leash_ref": "main"}, {"leash_all": "yes"}, {"leash_file_bytes": "9"}, {"leash_token-estimate": ""}])
def test_what_only_repositories_have_is_refused_of_a_page(client: FlaskClient, asked: dict) -> None:
    answer = ask(client, f"/{URL}?{urlencode(asked)}", Accept="application/json")
    assert answer.status_code == 400
    assert "is for repositories" in answer.json["detail"]


def test_head_tells_as_much_as_get(client: FlaskClient) -> None:
    answer = client.head(f"/{URL}", base_url=HERE)
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "text/markdown", b"")


def test_the_documentation_names_every_option_and_field() -> None:
    text = (ROOT / "docs" / "text.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `leash_(\w+)` \| `(Leash-[\w-]+)`", text, re.MULTILINE))
    assert rows == {name: header_of(name) for name in OPTIONS}
    for name, option in OPTIONS.items():
        assert f"| `leash_{name}` | `{header_of(name)}` | {option.values} | {option.help} |" in text


def test_the_documentation_names_every_part_and_problem(client: FlaskClient) -> None:
    from server.faces import FAULTS, SLOW_DOWN

    text = (ROOT / "docs" / "text.md").read_text(encoding="utf-8")
    parts = ask(client, f"/{URL}", Accept="application/json").json
    assert [name for name in parts if f"`{name}`" not in text] == []
    named = dict(re.findall(r"^\| `urn:leash:problem:([\w-]+)` \| (\d+) \|", text, re.MULTILINE))
    assert named == {fault.name: str(fault.status) for fault in (*(fault for _, fault in FAULTS), SLOW_DOWN)}
