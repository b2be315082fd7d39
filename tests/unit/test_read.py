"""What the ladder decides by: when the browser is worth it, and which Markdown is this page's own."""

from __future__ import annotations

import pickle

import pytest

from agent.errors import Unreadable, Walled
from agent.fetch.http import status_fault
from agent.ladder import alike, reason_for_browser, says_missing
from agent.records import Validators

TEXT = "The grey heron stands at the edge of the water and waits for fish, frogs and voles."


def found(**given: object) -> dict[str, object]:
    return {"thin": False, "hides": "", "receipt": {"low": False}, **given}


@pytest.mark.parametrize(("given", "why"), [
    ({}, ""), ({"receipt": {}}, ""), ({"thin": True}, "a script draws it"), ({"hides": "Show more"}, "breaks off at a button, “Show more”"),
    ({"receipt": {"low": True}}, "little of it became text"),
])
def test_when_the_browser_is_worth_it(given: dict[str, object], why: str) -> None:
    reason = reason_for_browser(found(**given))
    assert why in reason if why else reason == ""


@pytest.mark.parametrize(("markdown", "own"), [
    (f"# Herons\n\n{TEXT}\n\n{TEXT}", True), (f"**{TEXT}**", True), ("# Herons\n\nSoon.", False), ("An owl hunts by night. " * 20, False),
])
def test_which_markdown_is_this_pages_own(markdown: str, own: bool) -> None:
    assert alike(markdown, TEXT) is own


@pytest.mark.parametrize(("text", "missing"), [
    ("# Page not found\n\nSorry.", True), ("404 Not Found", True), ("# Herons\n\nNot found in Iceland.", False), ("", False),
    ("# Not found\n\n" + TEXT * 9, False),
])
def test_markdown_that_says_it_is_not_there(text: str, missing: bool) -> None:
    assert says_missing(text) is missing


def test_validators_become_the_headers_of_a_request() -> None:
    assert Validators('"1"', "Wed, 21 Oct 2015 07:28:00 GMT").headers() == {
        "If-None-Match": '"1"', "If-Modified-Since": "Wed, 21 Oct 2015 07:28:00 GMT"}
    assert Validators().headers() == {}


def test_a_wall_keeps_its_kind_between_processes() -> None:
    fault = pickle.loads(pickle.dumps(Walled("birds.example asks for a login.", wall="login")))
    assert (fault.wall, str(fault), isinstance(fault, Unreadable)) == ("login", "birds.example asks for a login.", True)


@pytest.mark.parametrize("headers", [{"cf-mitigated": "challenge"}, {"x-amzn-waf-action": "captcha"}, {"x-datadome": "protected"}])
def test_a_status_that_is_a_test_for_robots(headers: dict[str, str]) -> None:
    fault = status_fault("birds.example", 403, headers)
    assert isinstance(fault, Walled)
    assert "proof that a person is reading (status 403)" in str(fault)


@pytest.mark.parametrize(("status", "advice"), [(403, "with the button there"), (404, "Check the address."), (401, "Log in"), (402, "pay")])
def test_a_status_says_what_to_do_next(status: int, advice: str) -> None:
    assert advice in str(status_fault("birds.example", status, {}))
    assert str(status_fault("birds.example", 429, {"retry-after": "7"})).endswith("Try again in 7 s.")
