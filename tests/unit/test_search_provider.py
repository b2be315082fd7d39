"""The searcher: all at once, cool-downs, troubles said once, and the sentence for when nobody answers."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from agent.cooldown import Cooldowns, retry_after, span
from agent.errors import BadSetting, RateLimited, SearchError
from agent.records import Hit
from agent.search.ddgs import BACKENDS, Ddgs, Watched, make_engine
from agent.search.provider import Searcher, why_nothing
from agent.search.searxng import COMMAND
from agent.search.setup import searcher_from
from agent.search.wikipedia import key_words
from agent.search.wire import hits
from agent.settings import SecretStr, Settings


class Scripted:
    """A provider that does what it is told."""

    def __init__(self, name: str, answer: Callable[[str], list[Hit]]) -> None:
        self.name, self.answer, self.asked = name, answer, []

    def search(self, wording: str, count: int) -> list[Hit]:
        self.asked.append(wording)
        return self.answer(wording)


class Clock:
    now = 5000.0

    def __call__(self) -> float:
        return self.now


def finds(name: str, *urls: str) -> Scripted:
    return Scripted(name, lambda wording: [Hit(url, url, "", (name,)) for url in urls])


def fails(name: str, error: SearchError) -> Scripted:
    def answer(wording: str) -> list[Hit]:
        raise error

    return Scripted(name, answer)


def test_the_results_of_all_are_merged() -> None:
    results = Searcher([finds("a", "http://x/1", "http://x/2"), finds("b", "http://x/2")]).search("q")
    assert [hit.url for hit in results.hits] == ["http://x/2", "http://x/1"]
    assert results.troubles == ()
    assert results.answered == ("a", "b")


def test_no_more_than_asked_for() -> None:
    assert len(Searcher([finds("a", *(f"http://x/{n}" for n in range(20)))]).search("q", 3).hits) == 3


def test_providers_are_asked_at_the_same_time() -> None:
    both_are_there = threading.Barrier(2, timeout=5)

    def meet(wording: str) -> list[Hit]:
        both_are_there.wait()  # breaks, and raises, if they are asked one after the other
        return []

    assert Searcher([Scripted("a", meet), Scripted("b", meet)]).search("q").answered == ("a", "b")


def test_a_failing_provider_is_said_once_and_left_alone() -> None:
    clock, bad = Clock(), fails("bad", SearchError("It is broken."))
    searcher = Searcher([bad, finds("good", "http://x/1")], clock)
    assert searcher.search("one").troubles == (("bad", "It is broken. It is left alone for 30 s."),)
    clock.now += 29
    assert searcher.search("two").troubles == ()
    assert bad.asked == ["one"]
    clock.now += 2
    assert searcher.search("three").troubles == (("bad", "It is broken. It is left alone for 60 s."),)
    clock.now += 59
    searcher.search("four")
    assert bad.asked == ["one", "three"]


def test_rests_double_up_to_ten_minutes_and_end_with_success() -> None:
    clock = Clock()
    rests = Cooldowns(clock)
    lengths = []
    for _ in range(7):
        assert rests.begin("x", "why")
        lengths.append(rests.left("x"))
        clock.now += rests.left("x")
    assert lengths == [30, 60, 120, 240, 480, 600, 600]
    rests.end("x")
    rests.begin("x", "why")
    assert rests.left("x") == 30


def test_what_a_provider_asks_for_is_honoured() -> None:
    clock, bad = Clock(), fails("bad", RateLimited("Slow down.", retry_after=100))
    searcher = Searcher([bad, finds("good", "http://x/1")], clock)
    assert searcher.search("one").troubles == (("bad", "Slow down. It is left alone for 2 min."),)
    clock.now += 99
    searcher.search("two")
    assert len(bad.asked) == 1
    clock.now += 2
    searcher.search("three")
    assert len(bad.asked) == 2


def test_failures_side_by_side_are_one_failure() -> None:
    all_failed_at_once = threading.Barrier(4, timeout=5)

    def answer(wording: str) -> list[Hit]:
        all_failed_at_once.wait()
        raise SearchError("It is broken.")

    searcher = Searcher([Scripted("bad", answer), finds("good", "http://x/1")], Clock())
    said: list[tuple[tuple[str, str], ...]] = []
    threads = [threading.Thread(target=lambda: said.append(searcher.search("q").troubles)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert sorted(map(len, said)) == [0, 0, 0, 1]
    assert [troubles[0][1] for troubles in said if troubles] == ["It is broken. It is left alone for 30 s."]


def test_when_nobody_answers_all_troubles_are_said_each_time() -> None:
    searcher = Searcher([fails("a", SearchError("One.")), fails("b", SearchError("Two."))], Clock())
    for _ in range(2):
        results = searcher.search("q")
        assert [name for name, _ in results.troubles] == ["a", "b"]
        assert results.answered == ()


def test_nothing_found_is_no_trouble() -> None:
    results = Searcher([finds("a")]).search("q")
    assert (results.hits, results.troubles, results.answered) == ((), (), ("a",))


def test_our_own_faults_are_not_hidden() -> None:
    def broken(wording: str) -> list[Hit]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Searcher([Scripted("a", broken)]).search("q")


def test_why_nothing_could_be_searched_is_worded() -> None:
    message, advice = why_nothing([("searxng", "It refused."), ("searxng", "It refused."), ("brave", "It is down.")])
    assert message == "Nothing could be searched. searxng: It refused. brave: It is down."
    assert "LEASH_SEARXNG_URL" in advice
    assert "LEASH_BRAVE_KEY" in why_nothing([("ddgs", "Blocked.")])[1]
    assert all(why_nothing([]))


def test_retry_after_in_all_its_forms() -> None:
    assert retry_after({"retry-after": "7"}) == 7
    assert retry_after({"retry-after": "1.5"}) == 1.5
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=60))
    assert retry_after({"retry-after": soon}) == pytest.approx(60, abs=2)
    assert retry_after({"retry-after": "Sun, 06 Nov 1994 08:49:37 GMT"}) == 0
    for nonsense in ("", "soon", "-5", "Sun", "9" * 400 + "x"):
        assert retry_after({"retry-after": nonsense}) is None
    assert retry_after({}) is None


def test_a_later_failure_does_not_shorten_a_rest_that_was_asked_for() -> None:
    rests = Cooldowns(Clock())
    assert rests.begin("x", "asked", asked=300)
    assert not rests.begin("x", "broken")
    assert rests.left("x") == 300
    assert rests.of("x").reason == "asked"


def test_no_rest_is_longer_than_an_hour() -> None:
    rests = Cooldowns(Clock())
    rests.begin("x", "why", asked=1e9)
    assert rests.left("x") == 3600


def test_spans_are_said_as_people_do() -> None:
    assert [span(seconds) for seconds in (0.2, 30, 100, 3600, 7300)] == ["1 s", "30 s", "2 min", "60 min", "2 h"]


ROWS = [
    {"url": "https://x.test/", "title": "<b>A &amp; B</b>\n\x00", "content": "one  <i>two</i>"},
    {"url": "javascript:alert(1)", "title": "t"},
    {"url": "ftp://x.test/", "title": "t"},
    {"url": "https://", "title": "t"},
    {"url": "https://x.test/\u202e", "title": "t"},
    {"url": "https://x.test/" + "a" * 3000, "title": "t"},
    {"url": 7, "title": "t"},
    {"url": None},
    {},
    {"url": " http://y.test/p ", "title": None, "content": ["x"]},
]


def test_only_web_addresses_are_kept_and_texts_are_plain() -> None:
    kept = hits("p", ROWS, 10)
    assert kept == [Hit("https://x.test/", "A & B", "one two", ("p",)), Hit("http://y.test/p", "y.test", "", ("p",))]


def names(**given: object) -> tuple[str, ...]:
    return searcher_from(Settings(_env_file=None, **given), None).names


def test_which_providers_are_set_up() -> None:
    searxng, key = "http://127.0.0.1:8888", SecretStr("k")
    assert names() == ("ddgs", "wikipedia")
    assert names(searxng_url=searxng) == ("searxng",)
    assert names(brave_key=key) == ("brave", "ddgs", "wikipedia")
    assert names(searxng_url=searxng, tavily_key=key) == ("searxng", "tavily")
    assert names(searxng_url=searxng, search_providers="wikipedia, Searxng,wikipedia") == ("wikipedia", "searxng")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"search_providers": "gogle"}, "'gogle', which Leash does not know; it knows searxng, brave"),
        ({"search_providers": "brave"}, "names brave, but LEASH_BRAVE_KEY is empty"),
        ({"search_providers": "searxng"}, "LEASH_SEARXNG_URL is empty"),
        ({"searxng_url": "localhost:8080"}, "LEASH_SEARXNG_URL is not a web address"),
        ({"searxng_url": "http://x:99999"}, "LEASH_SEARXNG_URL is not a web address"),
    ],
)
def test_a_provider_that_cannot_be_had_is_a_bad_setting(given: dict[str, object], words: str) -> None:
    with pytest.raises(BadSetting, match=words):
        names(**given)


def test_words_that_searxng_takes_as_orders_are_disarmed() -> None:
    assert COMMAND.sub("", "!g :de <3 why is a != b in c++ !!w") == "g de 3 why is a = b in c++ w"


def test_wikipedia_is_asked_for_the_words_that_count() -> None:
    assert key_words("What is the capital of France?") == ["capital", "France"]
    assert key_words("how to be") == ["how", "to", "be"]
    assert key_words("C++ vs. .NET") == ["C++", "vs", ".NET"]
    assert key_words("???") == ["???"]


def test_every_engine_that_is_asked_is_still_in_the_library() -> None:
    for backend in BACKENDS:
        engine = make_engine(backend, None, True)
        assert callable(engine.search)
        assert callable(engine.http_client.request)
    with pytest.raises(SearchError, match="not in the ddgs library"):
        make_engine("altavista", None, True)


class Page:
    def __init__(self, status: int, text: str = "") -> None:
        self.status_code, self.text = status, text


class Client:
    """The twin of the library's HTTP client."""

    client = None

    def __init__(self, page: Page) -> None:
        self.page = page

    def request(self, *args: object) -> Page:
        return self.page


@pytest.mark.parametrize("page", [Page(403), Page(202), Page(429), Page(200, '<form id="g-captcha-form">')])
def test_blocked_is_told_from_nothing_found(page: Page) -> None:
    watched = Watched(Client(page))
    watched.request("GET", "/")
    with pytest.raises(RateLimited, match="turned us away"):
        watched.explain()


def test_a_page_without_results_is_nothing_found() -> None:
    watched = Watched(Client(Page(200, "<p>No results for your search for captcha</p>")))
    watched.request("GET", "/")
    watched.explain()


def test_engines_that_are_gone_are_said_and_cool_down() -> None:
    provider = Ddgs(backends=("altavista", "lycos"), clock=Clock())
    for _ in range(2):
        with pytest.raises(SearchError, match=r"altavista is not in the ddgs library any more; lycos is not"):
            provider.search("q", 5)
