"""What a person does with the pages, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import QUESTION, TOKEN, Site
from tests.fakes_service import MODEL, QUOTES

pytestmark = pytest.mark.usefixtures("quiet")
SLOTS = ["state", "controls", "facts", "found", "answer", "sources", "trace"]


def texts(page: Page) -> dict[str, str]:
    """What each part of a run's page says, folded parts too, without the space between."""
    return {slot: "".join(page.locator(f"[data-slot={slot}]").text_content().split()) for slot in SLOTS}


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.className + ' ' + document.activeElement.id")


def tab_to(page: Page, selector: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("(s) => document.activeElement.matches(s)", selector):
            return
    pytest.fail(f"No number of tabs leads to {selector}.")


def in_view(page: Page) -> None:
    """The quote is marked in the frame, and where the reader sees it."""
    mark = page.frame_locator(".panel iframe").locator("#quote")
    expect(mark).to_be_visible()
    frame, box = page.locator(".panel iframe").bounding_box(), mark.bounding_box()
    assert frame["y"] <= box["y"] <= frame["y"] + frame["height"] - box["height"]
    assert frame["x"] <= box["x"] <= frame["x"] + frame["width"]


def marked(page: Page) -> str:
    parts = page.frame_locator(".panel iframe").locator("mark").all_text_contents()
    return " ".join("".join(parts).split())


def test_ask_and_watch_the_run_as_it_happens(site: Site, reader: Page) -> None:
    site.service.hold("dropped")
    reader.get_by_label("What do you want to know?").fill(QUESTION)
    reader.locator("input[name=writer][value=model]").check()
    reader.get_by_label("What do you want to know?").press("Enter")
    reader.wait_for_url("**/runs/*")
    expect(reader.locator(".row.is-opening")).to_have_count(1)
    expect(reader.locator(".row.is-kept")).to_have_count(3)
    expect(reader.locator(".troubles")).to_contain_text("Wikipedia asks to slow down")
    expect(reader.locator(".status")).to_contain_text("Reading 4 pages, 3 kept")
    reader.evaluate("window.sameDocument = true")

    site.service.hold("writing")
    expect(reader.locator(".row.is-dropped")).to_contain_text("did not come within its time")
    expect(reader.locator(".found blockquote")).to_have_count(3)
    expect(reader.locator(".found")).to_contain_text(QUOTES[0][1])

    site.service.hold("answered")
    expect(reader.locator(".prose a.cite")).to_have_count(4)
    expect(reader.locator(".found")).to_have_count(0)
    expect(reader.locator(".prose .unknown")).to_contain_text("p99")

    site.service.release()
    expect(reader.locator(".facts")).to_contain_text("4 quotes from 3 pages")
    expect(reader.locator(".facts")).to_contain_text("each checked to stand word for word in the kept page")
    expect(reader.locator(".facts")).to_contain_text(f"written by {MODEL}")
    expect(reader.locator(".states")).to_contain_text("1 contradicted")
    expect(reader.locator(".score")).to_have_text("2 of 3 sentences checked, 1 supported")
    expect(reader.locator(".prose a.badge.is-contradicted")).to_be_visible()
    expect(reader.locator(".not-found")).to_contain_text("do not say who pays")
    expect(reader.locator("[data-stop]")).to_have_count(0)
    expect(reader.locator(".trace")).not_to_have_attribute("open", "")
    assert reader.evaluate("window.sameDocument")


def test_a_reload_shows_the_same_run(site: Site, reader: Page) -> None:
    site.service.hold("started")
    run = site.service.ask(QUESTION)
    reader.goto(f"{site.address}/runs/{run.id}")
    expect(reader.locator(".status")).to_contain_text("Waiting for a worker")
    site.service.release()
    expect(reader.locator(".status")).to_contain_text("Done")
    streamed = texts(reader)
    reader.reload()
    assert texts(reader) == streamed


def test_no_model_says_so(site: Site, reader: Page) -> None:
    reader.goto(site.done(model=False))
    expect(reader.locator(".facts")).to_contain_text("no model wrote this")
    expect(reader.locator(".claims")).to_have_count(0)


def test_a_number_shows_its_quote_at_once_and_asks_nobody(site: Site, reader: Page) -> None:
    reader.goto(site.done())
    before = len(site.asked)
    for place, quote in enumerate((0, 3, 1, 2)):
        reader.locator("a.cite").nth(place).hover()
        expect(reader.locator(".card blockquote")).to_have_text(QUOTES[quote][1])
    expect(reader.locator(".card")).to_contain_text("Report of the harbour board")
    expect(reader.locator(".card")).to_contain_text("paper.example · 9 March 2024")
    reader.keyboard.press("Escape")
    expect(reader.locator(".card")).to_be_hidden()
    assert len(site.asked) == before


def test_a_click_opens_the_kept_page_at_the_quote(site: Site, reader: Page) -> None:
    reader.goto(site.done())
    reader.locator("a.cite").first.click()
    in_view(reader)
    assert marked(reader) == QUOTES[0][1]
    expect(reader.locator("[data-panel-place]")).to_have_text("Quote 1 of 4")
    expect(reader.locator(".panel h2")).to_have_text("The old bridge at Marrow")
    live = reader.get_by_role("link", name="Open the live page")
    assert live.get_attribute("href").startswith("https://tides.example/bridge#:~:text=The%20bridge")
    assert live.get_attribute("rel") == "noopener noreferrer"

    reader.get_by_role("button", name="Next quote").click()
    expect(reader.locator("[data-panel-place]")).to_have_text("Quote 2 of 4")
    expect(reader.frame_locator(".panel iframe").locator("#quote")).to_contain_text("It has")
    in_view(reader)
    reader.get_by_role("button", name="Text").click()
    expect(reader.frame_locator(".panel iframe").locator(".kept-text")).to_be_visible()
    in_view(reader)
    assert marked(reader) == QUOTES[3][1]
    expect(reader.locator("[data-panel-note]")).to_be_hidden()


def test_a_page_that_was_never_html_is_shown_as_text(site: Site, reader: Page) -> None:
    reader.goto(site.done())
    reader.locator("a.cite").nth(3).click()
    expect(reader.locator("[data-panel-note]")).to_contain_text("never HTML")
    in_view(reader)
    assert marked(reader) == QUOTES[2][1]


def test_nothing_in_the_frame_can_act(site: Site, reader: Page) -> None:
    reader.goto(site.done())
    reader.locator("a.cite").first.click()
    in_view(reader)
    frame = reader.frame_locator(".panel iframe")
    assert reader.locator(".panel iframe").get_attribute("sandbox") == ""
    assert frame.locator("script, a, img, form, link").count() == 0
    assert site.strangers() == []


def test_by_keyboard_alone(site: Site, reader: Page) -> None:
    tab_to(reader, "textarea")
    reader.keyboard.type(QUESTION)
    tab_to(reader, "input[name=depth]")
    reader.keyboard.press("ArrowRight")
    expect(reader.locator("#limits-2")).to_be_visible()
    reader.keyboard.press("ArrowLeft")
    tab_to(reader, "input[name=writer]")
    reader.keyboard.press("Enter")
    reader.wait_for_url("**/runs/*")
    expect(reader.locator(".status")).to_contain_text("Done")
    tab_to(reader, "a.cite")
    expect(reader.locator(".card blockquote")).to_have_text(QUOTES[0][1])
    reader.keyboard.press("Enter")
    in_view(reader)
    assert "panel" in focused(reader)
    reader.keyboard.press("j")
    expect(reader.locator("[data-panel-place]")).to_have_text("Quote 2 of 4")
    told = reader.locator(".panel [role=status]").inner_text()
    assert told.startswith("Quote 2 of 4, "), "a screen reader hears what is shown, though the focus stays"
    assert "“It has never opened on a Sunday.”" in told
    reader.keyboard.press("k")
    reader.keyboard.press("k")
    expect(reader.locator("[data-panel-place]")).to_have_text("Quote 4 of 4")
    reader.keyboard.press("Escape")
    expect(reader.locator(".panel")).to_be_hidden()
    assert "cite" in focused(reader)


def test_stopping_and_deleting(site: Site, reader: Page) -> None:
    site.service.hold("found")
    run = site.service.ask(QUESTION)
    reader.goto(f"{site.address}/runs/{run.id}")
    reader.get_by_role("button", name="Stop").click()
    expect(reader.locator(".status")).to_contain_text("Stopped")
    reader.goto(site.address)
    reader.locator(".forget summary").click()
    reader.get_by_role("button", name="Delete for good").click()
    expect(reader.locator(".run")).to_have_count(0)
    expect(reader.locator(".example")).to_have_count(3)
    assert site.service.runs() == []


def test_a_failed_run_says_what_to_do(site: Site, reader: Page) -> None:
    site.service.hold("found")
    run = site.service.ask(QUESTION)
    reader.goto(f"{site.address}/runs/{run.id}")
    expect(reader.locator(".row.is-kept")).to_have_count(3)
    site.service.fail(run.id, "No search provider answered.", "Set LEASH_SEARXNG_URL, or try again later.")
    expect(reader.locator(".notice.bad")).to_contain_text("Set LEASH_SEARXNG_URL")
    reader.get_by_role("link", name="Ask it again").click()
    expect(reader.locator("textarea")).to_have_value(QUESTION)


def test_an_example_is_asked_with_one_press(site: Site, reader: Page) -> None:
    first = reader.locator(".example").first
    words = first.text_content().strip()
    first.click()
    expect(reader.locator("h1")).to_have_text(words)


def test_reading_and_hovering_survive_what_streams_in(site: Site, reader: Page) -> None:
    site.service.hold("answered")
    run = site.service.ask(QUESTION)
    reader.goto(f"{site.address}/runs/{run.id}")
    expect(reader.locator("a.cite")).to_have_count(4)
    reader.locator("a.cite").nth(2).focus()
    site.service.release()
    expect(reader.locator(".status")).to_contain_text("Done")
    assert "cite" in focused(reader)


def test_the_look_that_was_chosen_stays(reader: Page) -> None:
    def paper() -> str:
        return reader.evaluate("getComputedStyle(document.body).backgroundColor")

    light = paper()
    reader.get_by_role("button", name="Switch to the dark look").click()
    dark = paper()
    reader.reload()
    assert paper() == dark != light


def test_without_javascript(site: Site, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        site.watch(context)
        site.open(page)
        page.get_by_label("What do you want to know?").fill(QUESTION)
        page.get_by_role("button", name="Ask", exact=True).click()
        page.wait_for_url("**/runs/*")
        expect(page.locator(".facts")).to_contain_text("4 quotes", timeout=8000)
        page.locator("a.cite").first.click()
        page.wait_for_url("**/pages/*")
        expect(page.locator("#quote")).to_be_in_viewport()


def test_the_token_is_needed(site: Site, browser: Browser) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        assert page.goto(site.address).status == 401
        assert page.goto(f"{site.address}/?token={TOKEN}").status == 200
