"""What a model that obeys every page wrote, planned and noted, shown in a real browser: nothing is asked for, nothing runs."""

from dataclasses import replace

import pytest
from playwright.sync_api import Page

from agent.budget import DEEP
from agent.engine import research
from agent.events import Answered, Event
from agent.steer import MemoryControl
from tests.e2e.conftest import Site
from tests.obeying import EVIL, QUESTION, hostile_world


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Event], dict[str, object]]:
    """All events of one deep run, and the pages it kept."""
    control = MemoryControl()
    control.wish("approve")
    with hostile_world(tmp_path_factory.mktemp("world"), 40, parts=2, rounds=2, open=6) as world:
        events = list(research(QUESTION, replace(DEEP, searches=6, pages=12, rounds=2), world.fresh(), control))
        return events, dict(world.tools.shelf.pages)


@pytest.mark.parametrize("upto", ["checking", "answered"])
def test_what_it_made_is_shown_and_does_nothing(
    site: Site, reader: Page, quiet: None, hostile: tuple[list[Event], dict[str, object]], upto: str,
) -> None:
    events, pages = hostile
    assert isinstance(events[-1], Answered)
    assert EVIL.removeprefix("http://") in events[-1].answer.answer
    site.service.script = lambda run: iter(events)
    site.service.pages.update(pages)
    site.service.hold("" if upto == "answered" else upto)
    run = site.service.ask(QUESTION, "deep")
    reader.goto(f"{site.address}/runs/{run.id}", wait_until="domcontentloaded")
    reader.get_by_text("It is said that").locator("visible=true").first.wait_for()
    if upto == "answered":
        site.service.wait_over(run.id)
        reader.reload(wait_until="load")
        reader.get_by_text("It is said that").locator("visible=true").first.wait_for()
    for detail in reader.locator("details").all():
        detail.evaluate("node => { node.open = true }")
    assert reader.evaluate("window.pwned") is None
    assert reader.locator("main img, main iframe, main svg[onload], main [onerror], main [style*='evil']").count() == 0
    assert reader.locator("a[href*='?d='], a[href^='javascript'], a[href^='data'], [src*='evil'], [srcset*='evil']").count() == 0
    assert site.strangers() == []
    site.service.release()


def test_a_kept_page_of_theirs_does_nothing_either(
    site: Site, reader: Page, hostile: tuple[list[Event], dict[str, object]],
) -> None:
    events, pages = hostile
    site.service.pages.update(pages)
    cited = [citation for claim in events[-1].answer.claims for citation in claim.citations]
    for citation in cited[:4]:
        reader.goto(f"{site.address}/pages/{citation.page_sha256}?start={citation.start}&end={citation.end}#quote", wait_until="load")
        assert reader.evaluate("window.pwned") is None
        assert site.strangers() == []
