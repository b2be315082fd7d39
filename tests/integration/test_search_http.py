"""The providers against real HTTP: what they ask, and one clear sentence for every way in which an API can fail."""

import gzip
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from agent.errors import RateLimited, SearchError
from agent.fetch.egress import Egress
from agent.records import Hit
from agent.search.brave import Brave
from agent.search.ddgs import Ddgs
from agent.search.searxng import Searxng
from agent.search.setup import searcher_from
from agent.search.tavily import Tavily
from agent.search.wikipedia import Wikipedia
from agent.search.wire import Wire
from agent.settings import Settings
from tests.fakes import Answer, Asked, ScriptedSearch, ScriptedSite, answer_error, answer_json, answer_text

SECONDS = 0.4
URLS = ["https://one.test/", "https://two.test/"]

FAULTS: dict[str, tuple[Answer, str]] = {
    "JSON not allowed": (answer_text("Forbidden", status=403), r"must list json under search\.formats"),
    "web page": (answer_text("<!doctype html><p>Search</p>"), "web page instead of JSON"),
    "web page unlabelled": (answer_text("  <html>", kind="text/plain"), "web page instead of JSON"),
    "not JSON": (answer_text("oops", kind="application/json"), "not JSON"),
    "deep JSON": (answer_text("[" * 200_000, kind="application/json"), "not JSON"),
    "other JSON": (answer_json({"hello": "world"}), "no list of results"),
    "server error": (answer_error(500), "status 500"),
    "not found": (answer_error(404), "status 404"),
    "redirect": (Answer(status=301, headers={"Location": "https://s.test/search"}), "redirects to https://s.test/search"),
    "silent": (answer_json({}, wait=60), "did not answer within 0.4 s"),
    "drip": (Answer((b" ",) * 300, pause=0.05), "did not answer within 0.4 s"),
    "too big": (Answer((b" " * 500_000,) * 6), "larger than 2 MB"),
    "bomb": (Answer((gzip.compress(b" " * 50_000_000),), headers={"Content-Encoding": "gzip"}), "larger than 2 MB"),
    "bad gzip": (Answer((b"not gzip",), headers={"Content-Encoding": "gzip"}), "cannot be read"),
    "odd packing": (Answer((b"x",), headers={"Content-Encoding": "br"}), "packed as br"),
    "cut": (Answer((b"{",), cut=True), "broke off"),
}


@pytest.fixture
def wire() -> Wire:
    return Wire(seconds=SECONDS)


@pytest.fixture
def site() -> Iterator[Callable[..., ScriptedSite]]:
    opened: list[ScriptedSite] = []

    def start(script: Answer | Callable[[Asked], Answer]) -> ScriptedSite:
        opened.append(ScriptedSite(script))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def test_searxng_is_asked_for_json(wire: Wire) -> None:
    with ScriptedSearch(URLS) as search:
        found = Searxng(search.url + "/", wire).search("what is a leash", 1)
        assert found == [Hit(URLS[0], f"Title of {URLS[0]}", f"Snippet of {URLS[0]}", ("searxng",))]
        assert search.asked[0].path == "/search"
        assert search.asked[0].query == {"q": "what is a leash", "format": "json"}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_searxng_is_said_in_a_sentence(fault: str, wire: Wire) -> None:
    answer, words = FAULTS[fault]
    with ScriptedSearch(answer) as search:
        before = time.monotonic()
        with pytest.raises(SearchError, match=words):
            Searxng(search.url, wire).search("q", 5)
        assert time.monotonic() - before < 4 * SECONDS


def test_nothing_found_is_believed_only_if_the_engines_behind_it_work(wire: Wire) -> None:
    with ScriptedSearch() as search:
        assert Searxng(search.url, wire).search("q", 5) == []
    with ScriptedSearch(failing=["google"]) as search, pytest.raises(SearchError, match="google: CAPTCHA"):
        Searxng(search.url, wire).search("q", 5)
    with ScriptedSearch(URLS, failing=["google"]) as search:
        assert len(Searxng(search.url, wire).search("q", 5)) == 2


@pytest.mark.parametrize(("status", "header", "wait"), [(429, "17", 17), (503, "4", 4), (429, "", None)])
def test_a_request_to_slow_down_is_passed_on(status: int, header: str, wait: float | None, wire: Wire) -> None:
    with ScriptedSearch(answer_error(status, retry_after=header)) as search:
        with pytest.raises(RateLimited, match="slow down") as raised:
            Searxng(search.url, wire).search("q", 5)
        assert raised.value.retry_after == wait


def test_nothing_listens(wire: Wire) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(SearchError, match=f"nothing answers at 127.0.0.1:{port}"):
        Searxng(f"http://user:secret@127.0.0.1:{port}", wire).search("q", 5)


def test_a_packed_answer_is_read(wire: Wire) -> None:
    body = gzip.compress(b'{"results": [{"url": "https://one.test/"}]}')
    with ScriptedSearch(Answer((body,), headers={"Content-Encoding": "gzip"})) as search:
        assert Searxng(search.url, wire).search("q", 5)[0].url == "https://one.test/"


def test_rows_of_a_wrong_shape_are_left_out(wire: Wire) -> None:
    rows: list[Any] = [None, 3, "x", {}, {"url": 5}, {"url": "data:text/html,x"}, {"url": URLS[0], "title": 3}]
    with ScriptedSearch(answer_json({"results": rows, "unresponsive_engines": "x"})) as search:
        assert [(hit.url, hit.title) for hit in Searxng(search.url, wire).search("q", 5)] == [(URLS[0], "one.test")]


def test_brave(wire: Wire, site: Any) -> None:
    row = {"url": URLS[0], "title": "One", "description": "A <strong>leash</strong>"}
    brave = site(answer_json({"web": {"results": [row]}}))
    found = Brave("the-key", wire, brave.base).search("x" * 900, 50)
    assert [(hit.title, hit.snippet) for hit in found] == [("One", "A leash")]
    assert brave.asked[0].headers["x-subscription-token"] == "the-key"
    assert brave.asked[0].query == {"q": "x" * 400, "count": "20", "text_decorations": "false"}


def test_tavily(wire: Wire, site: Any) -> None:
    tavily = site(answer_json({"results": [{"url": URLS[0], "title": "One", "content": "words"}]}))
    assert Tavily("the-key", wire, tavily.base).search("q", 5)[0].snippet == "words"
    assert tavily.asked[0].headers["authorization"] == "Bearer the-key"
    assert tavily.asked[0].json["query"] == "q"


def test_a_refused_key_names_its_setting_and_not_itself(wire: Wire, site: Any) -> None:
    refusing = site(answer_error(401, "the-key is bad"))
    with pytest.raises(SearchError, match=r"check LEASH_BRAVE_KEY\.$"):
        Brave("the-key", wire, refusing.base).search("q", 5)
    with pytest.raises(SearchError, match=r"check LEASH_TAVILY_KEY\.$"):
        Tavily("the-key", wire, refusing.base).search("q", 5)


def test_a_plan_that_is_used_up(wire: Wire, site: Any) -> None:
    with pytest.raises(RateLimited, match="plan") as raised:
        Tavily("k", wire, site(answer_error(432)).base).search("q", 5)
    assert raised.value.retry_after == 3600


def test_wikipedia(wire: Wire, site: Any) -> None:
    row = {"title": "C++ (language)", "snippet": 'a <span class="searchmatch">leash</span> &amp; more'}
    wiki = site(answer_json({"query": {"search": [row, {"title": 7}]}}))
    found = Wikipedia(wire, address=wiki.base).search("What is a leash?", 5)
    assert [(hit.url, hit.snippet) for hit in found] == [(f"{wiki.base}/wiki/C%2B%2B_(language)", "a leash & more")]
    assert wiki.asked[0].query["srsearch"] == "leash"
    assert "Leash" in wiki.asked[0].headers["user-agent"]


def test_wikipedia_is_asked_for_any_of_the_words_if_none_has_all(wire: Wire, site: Any) -> None:
    def script(asked: Asked) -> Answer:
        found = [{"title": "Dog"}] if " OR " in asked.query["srsearch"] else []
        return answer_json({"query": {"search": found}})

    wiki = site(script)
    assert len(Wikipedia(wire, address=wiki.base).search("leash for a dog", 5)) == 1
    assert [asked.query["srsearch"] for asked in wiki.asked] == ["leash dog", "leash OR dog"]


def test_an_error_of_wikipedia_is_said(wire: Wire, site: Any) -> None:
    wiki = site(answer_json({"error": {"code": "x", "info": "The query is too long"}}))
    with pytest.raises(SearchError, match="The query is too long"):
        Wikipedia(wire, address=wiki.base).search("q", 5)


def test_public_engines_that_turn_us_away_are_told_from_empty_ones(site: Any) -> None:
    """The library's requests go to a proxy here that answers in the engines' place; mojeek's are made plain HTTP."""
    from ddgs.engines.mojeek import Mojeek

    class PlainMojeek(Mojeek):
        name = "plain"
        search_url = "http://www.mojeek.test/search"

    from ddgs.engines import ENGINES

    page = '<ul class="results"><li><h2><a href="https://one.test/">One</a></h2><p class="s">words</p></li></ul>'
    answers = [answer_text(page), answer_text("<p>Nothing</p>"), answer_text("no", status=403)]
    proxy = site(lambda asked: answers.pop(0))
    ENGINES["text"]["plain"] = PlainMojeek
    try:
        provider = Ddgs(proxy=proxy.base, backends=("plain",))
        assert provider.search("q", 5) == [Hit("https://one.test/", "One", "words", ("ddgs:plain",), 1)]
        assert provider.search("q", 5) == []
        with pytest.raises(RateLimited, match=r"turned us away \(plain turned us away \(status 403\)\)"):
            provider.search("q", 5)
        with pytest.raises(RateLimited):  # it rests, so it is not asked again: the script has no fourth answer
            provider.search("q", 5)
    finally:
        del ENGINES["text"]["plain"]


def test_a_searcher_made_from_settings_finds_pages() -> None:
    with ScriptedSearch(lambda query: [f"https://one.test/{query}"]) as search:
        searcher = searcher_from(Settings(searxng_url=search.url, search_providers="searxng"), None)
        assert [hit.url for hit in searcher.search("leash").hits] == ["https://one.test/leash"]
        assert search.queries == ["leash"]


def test_searxng_is_reached_through_the_door_as_a_service() -> None:
    with ScriptedSearch(URLS) as search:
        settings = Settings(searxng_url=search.url, search_providers="searxng")
        door = Egress(settings, [search.url]).start()
        try:
            assert len(searcher_from(settings, door).search("leash").hits) == 2
            assert [(crossing.who, crossing.outcome) for crossing in list(door.log)][:1] == [("service", "opened")]
        finally:
            door.close()


def test_what_the_door_refuses_is_said_in_its_words() -> None:
    with ScriptedSearch(URLS) as search:
        settings = Settings(searxng_url=search.url, search_providers="searxng")
        door = Egress(settings).start()
        try:
            results = searcher_from(settings, door).search("leash")
            assert results.hits == ()
            assert "cannot be reached" in results.troubles[0][1]
            assert "reads only the public web" in results.troubles[0][1]
        finally:
            door.close()
