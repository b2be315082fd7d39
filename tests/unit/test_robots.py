"""What a site asks of programs: whose rules, which path, which signal, and what a missing or broken file means."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from agent.errors import BadStatus, FetchError, TooBig, TooSlow
from agent.fetch.http import Fetched
from agent.fetch.robots import MOST_ORIGINS, Robots, Rulebook, header_signals, readable, signal_for

SITE = "https://birds.example"


class Files:
    """A twin of Http: one robots.txt for all sites, or the fault that it raises. `asked` are the addresses."""

    def __init__(self, text: str | Exception | Callable[[], str], broke_off: bool = False) -> None:
        self.text, self.asked, self.broke_off = text, [], broke_off

    def get(self, url: str, **given: object) -> Fetched:
        self.asked.append(url)
        if isinstance(self.text, Exception):
            raise self.text
        body = (self.text() if callable(self.text) else self.text).encode()
        return Fetched(url, url, 200, {}, body, "text/plain", "", (), 0.0, self.broke_off)


def no(text: str | Exception, path: str) -> str:
    return Robots(Files(text)).says(SITE + path).no


@pytest.mark.parametrize(("path", "closed"), [
    ("/", False), ("/private", False), ("/private/", True), ("/private/heron?x=1", True), ("/private/open/x", False), ("/a.pdf", True),
    ("/a.pdf?x", False), ("/%70rivate/x", True),
])
def test_paths_are_matched_as_the_standard_says(path: str, closed: bool) -> None:
    text = "User-agent: *\nDisallow: /private/\nAllow: /private/open/\nDisallow: /*.pdf$\n"
    assert bool(no(text, path)) is closed


@pytest.mark.parametrize(("text", "closed"), [
    ("User-agent: Leash\nDisallow: /\n\nUser-agent: *\nAllow: /\n", True),
    ("User-agent: leash\nUser-agent: other\nDisallow: /\n", True),
    ("User-agent: *\nDisallow: /\n\nUser-agent: Leash\nDisallow:\n", False),
    ("User-agent: GPTBot\nDisallow: /\n", False), ("", False), ("<!doctype html><p>Disallow: /", False), ("\x00\x01", False),
])
def test_the_group_that_names_leash_goes_before_the_one_for_all(text: str, closed: bool) -> None:
    assert bool(no(text, "/heron")) is closed


@pytest.mark.parametrize(("fault", "closed"), [
    (BadStatus(404), False), (BadStatus(403), False), (BadStatus(429), False), (BadStatus(500), True), (BadStatus(503), True),
    (TooSlow(), True), (TooBig(), False), (FetchError("redirects in a circle"), False),
])
def test_a_site_that_cannot_say_allows_nothing_and_one_without_the_file_allows_all(fault: FetchError, closed: bool) -> None:
    sentence = no(fault, "/heron")
    assert bool(sentence) is closed
    assert not closed or ("birds.example" in sentence and "try again later" in sentence)


def test_of_a_file_that_breaks_off_the_whole_rules_hold() -> None:
    robots = Robots(Files("User-agent: *\nDisallow: /private/\nDisallow: /p", broke_off=True))
    assert robots.says(f"{SITE}/private/heron").no
    assert not robots.says(f"{SITE}/public").no


def test_the_sentence_names_the_address() -> None:
    assert no("User-agent: *\nDisallow: /", "/heron") == (
        "The site's robots.txt asks programs not to open this address (https://birds.example/heron).")


@pytest.mark.parametrize(("text", "path", "signal"), [
    ("User-agent: *\nContent-Signal: search=yes,ai-train=no\nAllow: /", "/x", "search=yes,ai-train=no"),
    ("User-agent: *\nDisallow: /y\nContent-signal: ai-input=no # why\n", "/x", "ai-input=no"),
    ("User-agent: *\nContent-Signal: ai-input=no\n\nUser-agent: Leash\nContent-Signal: ai-input=yes\n", "/x", "ai-input=yes"),
    ("User-agent: *\nContent-Signal: search=yes\nContent-Signal: /blog/ ai-input=no\n", "/blog/a", "ai-input=no"),
    ("User-agent: *\nContent-Signal: search=yes\nContent-Signal: /blog/ ai-input=no\n", "/a", "search=yes"),
    ("User-agent: other\nContent-Signal: ai-input=no\n", "/x", ""), ("Content-Usage: train-ai=n\n", "/x", "train-ai=n"), ("", "/x", ""),
])
def test_the_signal_for_a_path(text: str, path: str, signal: str) -> None:
    assert signal_for(text, path) == signal


def test_only_a_signal_against_input_forbids() -> None:
    says = Robots(Files("User-agent: *\nContent-Signal: search=yes, ai-train=no\nAllow: /")).says(SITE + "/heron")
    assert (says.no, says.signal) == ("", "search=yes, ai-train=no")
    assert "Content-Signal: ai-input=no" in no("User-agent: *\nContent-Signal: ai-input=no\nAllow: /", "/heron")


def test_signals_of_headers() -> None:
    assert header_signals({"x-robots-tag": "noindex", "content-type": "text/html"}) == []
    assert header_signals({"x-robots-tag": "bot: noai", "tdm-reservation": "1"}) == ["tdm-reservation: 1", "X-Robots-Tag: bot: noai"]


def test_many_threads_ask_once_and_all_wait() -> None:
    go = threading.Event()

    def slow() -> str:
        assert go.wait(10)
        return "User-agent: *\nDisallow: /private/"

    files = Files(slow)
    robots = Robots(files)
    with ThreadPoolExecutor(8) as lanes:
        waiting = [lanes.submit(robots.says, f"{SITE}/private/{number}") for number in range(8)]
        later = robots.ask(f"{SITE}/private/9")
        assert later(0.01) is None
        go.set()
        assert all(one.result(10).no for one in waiting)
    assert later(10).no
    assert files.asked == [f"{SITE}/robots.txt"]


def test_origins_are_told_apart_and_forgotten_in_order() -> None:
    files = Files("")
    robots = Robots(files)
    for number in range(MOST_ORIGINS + 1):
        robots.says(f"https://h{number}.example/")
    robots.says("https://h1.example/")
    robots.says("http://h1.example/")
    robots.says("https://h1.example:8443/")
    assert files.asked[-2:] == ["http://h1.example/robots.txt", "https://h1.example:8443/robots.txt"]
    robots.says("https://h0.example/")
    assert files.asked[-1] == "https://h0.example/robots.txt"


def test_a_file_without_end_is_read_to_its_bound_and_costs_little() -> None:
    text = readable(b"User-agent: *\n" + b"Disallow: /*a*a*a*a*a*b$\n" * 100_000 + b"Disallow: /heron\n")
    assert 499 * 1024 < len(text) <= 500 * 1024
    assert Rulebook(text).says(f"{SITE}/heron/" + "a" * 2000).no == ""
