"""The human's end of the leash in a real browser: the plan by mouse and keyboard, steering, watching, and the checked report."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Site
from tests.fakes_story import PLAN, STORY_PAGES, Lane, Waiting, beginning, cite, deep_run, quotes_run, searching

pytestmark = pytest.mark.usefixtures("quiet")
TEXTS = [item.text for item in PLAN.items]


def plan(page: Page) -> list[str]:
    return [one.input_value() for one in page.locator(".plan.asking .item:not(.blank) textarea[name=text]").all()]


def wished(site: Site) -> list[tuple[str, dict]]:
    return [(wish.kind, wish.data) for wish in site.service.wishes(site.service.runs()[0].id)]


def test_a_run_that_waits_is_seen_at_first_glance_and_counts_down(site: Site, reader: Page) -> None:
    reader.goto(site.deep())
    expect(reader.locator(".status")).to_contain_text("Waiting for you")
    expect(reader).to_have_title("Waiting for you · How do SQLite and PostgreSQL decide when to checkpoint, and what can… · Leash")
    expect(reader.get_by_role("button", name="Approve and start")).to_be_in_viewport()
    expect(reader.locator("time[data-until]")).to_contain_text("days")


def test_the_plan_by_keyboard(site: Site, reader: Page) -> None:
    reader.goto(site.deep(hold="gauge"))
    reader.get_by_role("button", name="Move sub-question 2 up").press("Enter")
    assert plan(reader)[:2] == [TEXTS[1], TEXTS[0]]
    expect(reader.locator("[data-say]")).to_have_text("Moved to place 1 of 5.")
    reader.get_by_label("Sub-question 5", exact=True).press("Alt+ArrowUp")
    assert plan(reader)[3:] == [TEXTS[4], TEXTS[3]]
    reader.get_by_label("Sub-question 1", exact=True).fill("What starts one?")
    reader.get_by_label("Sub-question 1", exact=True).press("Enter")
    reader.get_by_label("One more sub-question").first.fill("And MySQL?")
    reader.get_by_label("One more sub-question").nth(1).fill("And Oracle?")
    reader.get_by_label("Leave sub-question 3 out").press("Space")
    reader.get_by_label("Which versions matter to you?").fill("17")
    expect(reader.locator("[data-plan-say]")).to_be_visible()
    assert wished(site) == []
    reader.get_by_role("button", name="Approve and start").press("Enter")
    expect(reader.locator(".plan.asking")).to_have_count(0)
    expect(reader.locator("main h1")).to_be_focused()
    (kind, data), approved = wished(site)
    assert (kind, approved[0]) == ("plan", "approve")
    assert [item["text"] for item in data["items"]] == [TEXTS[1], "What starts one?", TEXTS[4], TEXTS[3], "And MySQL?", "And Oracle?"]
    assert data["answers"] == {"a1": "17"}


def test_a_page_as_the_browser_saw_it(site: Site, reader: Page) -> None:
    blog = STORY_PAGES["blog"]
    site.service.pages[blog.sha256] = replace(blog, picture=reader.screenshot(type="jpeg"))
    reader.goto(site.deep(hold="writing"))
    site.service.wish(site.service.runs()[0].id, "approve")
    reader.locator(".lane", has=reader.locator(".row-seen")).locator("summary").first.click()
    expect(reader.locator(".row-seen img")).to_have_js_property("naturalWidth", reader.viewport_size["width"])
    reader.get_by_role("link", name=f"{blog.title}, as the browser saw it").click()
    reader.wait_for_url(f"**/pages/{blog.sha256}/picture")
    expect(reader.locator("img")).to_have_js_property("naturalWidth", reader.viewport_size["width"])


def test_the_plan_by_mouse(site: Site, reader: Page) -> None:
    reader.goto(site.deep())
    first, third = reader.locator("#item-q1"), reader.locator("#item-q3")
    first.hover()
    grip, goal = first.locator("[data-grip]").bounding_box(), third.bounding_box()
    reader.mouse.move(grip["x"] + 5, grip["y"] + 5)
    reader.mouse.down()
    reader.mouse.move(goal["x"] + 20, goal["y"] + goal["height"] / 2, steps=12)
    reader.mouse.up()
    assert plan(reader)[:3] == [TEXTS[1], TEXTS[2], TEXTS[0]]
    reader.get_by_role("button", name="Save changes").click()
    expect(reader.locator("[data-plan-say]")).to_be_hidden()
    assert [item["id"] for item in wished(site)[0][1]["items"]] == ["q2", "q3", "q1", "q4", "q5"]


def test_what_is_typed_into_the_plan_outlives_what_streams_in(site: Site, reader: Page) -> None:
    site.service.script = lambda run: searching()
    site.service.hold("noted")
    run = site.service.ask("How?", "deep")
    site.service.tell(run.id, next(beginning()))
    for event in list(beginning())[1:2]:
        site.service.tell(run.id, event)
    reader.goto(f"{site.address}/runs/{run.id}")
    reader.locator(".plan.folded > summary").click()
    reader.locator("#item-q2 textarea[name=text]").fill("Mine")
    reader.get_by_role("textbox", name="Steer it").fill("half a wish")
    reader.locator("#lane-q3 > details > summary").click()
    site.service.release()
    expect(reader.locator("#lane-q3")).to_contain_text("It says the same as a page that is kept.")
    expect(reader.locator("#lane-q3 > details")).to_have_attribute("open", "")
    expect(reader.locator("#item-q2 textarea[name=text]")).to_have_value("Mine")
    expect(reader.get_by_role("textbox", name="Steer it")).to_have_value("half a wish")


def test_what_is_typed_and_not_sent_outlives_a_reload(site: Site, reader: Page) -> None:
    reader.goto(site.deep())
    reader.get_by_label("Sub-question 2", exact=True).fill("Mine")
    reader.get_by_label("One more sub-question").first.fill("And MySQL?")
    reader.get_by_role("button", name="Move sub-question 3 up").click()
    reader.get_by_label("Leave sub-question 4 out").check(force=True)
    reader.get_by_label("Which versions matter to you?").fill("17")
    reader.get_by_role("textbox", name="Steer it").fill("half a wish")
    expected = [TEXTS[0], TEXTS[2], "Mine", TEXTS[3], TEXTS[4], "And MySQL?"]
    for _ in range(2):
        reader.reload()
        assert plan(reader) == expected
        expect(reader.get_by_label("Leave sub-question 4 out")).to_be_checked()
        expect(reader.get_by_label("Which versions matter to you?")).to_have_value("17")
        expect(reader.get_by_role("textbox", name="Steer it")).to_have_value("half a wish")
        expect(reader.locator("[data-plan-say]")).to_have_text("Not saved yet, but kept in this browser.")
    reader.get_by_role("button", name="Save changes").click()
    expect(reader.locator("[data-plan-say]")).to_be_hidden()
    kept = [item["text"] for item in wished(site)[0][1]["items"]]
    assert kept == [TEXTS[0], TEXTS[2], "Mine", TEXTS[4], "And MySQL?"]
    reader.reload()
    expect(reader.locator("[data-plan-say]")).to_be_hidden()
    assert "Mine" not in plan(reader), "what was sent is the server's, whose plan the fake has not changed"


def test_what_is_typed_outlives_a_run_that_goes_on_by_itself(site: Site, reader: Page) -> None:
    reader.goto(site.deep(hold="gauge"))
    reader.get_by_label("Sub-question 2", exact=True).fill("Mine")
    site.service.wish(site.service.runs()[0].id, "approve")
    site.service.tell(site.service.runs()[0].id, Lane("q1", "searching"))
    expect(reader.locator(".plan.asking")).to_have_count(0)
    expect(reader.locator(".plan.folded #item-q2 textarea[name=text]")).to_be_visible()
    expect(reader.locator(".plan.folded #item-q2 textarea[name=text]")).to_have_value("Mine")
    expect(reader.locator(".plan.folded [data-save]")).to_be_visible()


def test_a_plan_waits_for_one_who_types_in_it(site: Site, reader: Page) -> None:
    reader.goto(site.deep())
    expect(reader.locator(".until")).to_contain_text("While you type in it, it waits for you.")
    before = reader.locator("time[data-until]").get_attribute("datetime")
    reader.get_by_label("Sub-question 2", exact=True).fill("Mine")
    expect(reader.locator("time[data-until]")).not_to_have_attribute("datetime", before)
    reader.get_by_label("Sub-question 2", exact=True).press_sequentially(", all of it")
    assert plan(reader)[1] == "Mine, all of it"
    assert len([url for url in site.asked if url.endswith("/at-work")]) == 1, "it is told now and then, not at every key"


def test_the_keys_of_a_letter_can_be_turned_off(site: Site, reader: Page) -> None:
    reader.goto(site.deep())
    site.service.wish(site.service.runs()[0].id, "approve")
    expect(reader.locator(".hint")).to_contain_text("Press j")
    switch = reader.locator("[data-keys-switch]")
    for _ in range(60):
        if switch.evaluate("(one) => one === document.activeElement"):
            break
        reader.keyboard.press("Tab")
    reader.keyboard.press("Enter")
    expect(reader.locator("[data-say]")).to_have_text("The keys of a single letter are off.")
    expect(switch).to_be_focused()
    for key in "jnkpx":
        reader.keyboard.press(key)
    expect(switch).to_be_focused()
    expect(reader.locator(".panel, .card").locator("visible=true")).to_have_count(0)
    reader.reload()
    expect(reader.locator(".hint")).not_to_contain_text("Press j", use_inner_text=True)
    reader.locator("body").press("j")
    expect(reader.locator(".panel")).to_be_hidden()
    reader.locator("a.cite").first.click()
    expect(reader.locator(".panel kbd").locator("visible=true")).to_have_text(["Esc"])
    reader.keyboard.press("Escape")
    expect(reader.locator(".panel")).to_be_hidden()
    reader.get_by_role("button", name="Turn the keys of a single letter on").click()
    reader.locator("body").press("j")
    expect(reader.locator(".panel")).to_be_visible()


def test_watching_and_steering(site: Site, reader: Page) -> None:
    reader.goto(site.deep(hold="gauge"))
    reader.evaluate("window.sameDocument = true")
    reader.get_by_role("button", name="Approve and start").click()
    expect(reader.locator("#lane-q1")).to_contain_text("Noting which passages bear on it")
    site.service.hold("steered")
    expect(reader.locator("#lane-q2")).to_contain_text("Still missing: the version since which these defaults hold")
    expect(reader.locator(".needle", has_text="searches")).to_contain_text("8 of 80")
    reader.get_by_role("textbox", name="Steer it").fill("Only what is newer than 2020 counts.")
    reader.get_by_role("textbox", name="Steer it").press("Enter")
    expect(reader.locator(".wish")).to_contain_text("heard")
    expect(reader.get_by_role("textbox", name="Steer it")).to_have_value("")
    reader.locator("#lane-q3 > details > summary").click()
    reader.get_by_role("button", name="Read nothing more from vendor.example").click()
    expect(reader.locator("#lane-q3")).to_contain_text("you blocked vendor.example")
    reader.locator("#lane-q3").get_by_role("button", name="Dig deeper").click()
    expect(reader.locator(".wish").first).to_contain_text("Dig deeper into “What can hold a SQLite checkpoint up?”")
    assert [kind for kind, _ in wished(site)] == ["approve", "words", "block", "dig"]
    site.service.release()
    expect(reader.locator(".score")).to_have_text("18 of 19 sentences checked, 13 supported")
    expect(reader.locator(".controls")).to_have_count(0)
    assert reader.evaluate("window.sameDocument")


def test_pausing_going_on_and_raising_a_limit(site: Site, reader: Page) -> None:
    site.service.script = lambda run: iter([*beginning(waits=False), *searching(), Waiting("resume"), *list(deep_run())[-3:]])
    site.service.hold("waiting")
    run = site.service.ask("How?", "deep")
    for event in list(beginning())[:2]:
        site.service.tell(run.id, event)
    reader.goto(f"{site.address}/runs/{run.id}")
    reader.get_by_role("button", name="Pause").click()
    expect(reader.locator(".status")).to_contain_text("Pausing")  # the wish is there, before the run comes to heed it
    site.service.wish(run.id, "approve")
    site.service.release()
    expect(reader.locator(".status")).to_contain_text("Paused by you")
    reader.locator(".raise summary").click()
    reader.locator(".raise").get_by_label("pages").fill("150")
    reader.get_by_role("button", name="Set").click()
    expect(reader.locator(".wish")).to_contain_text("Limits: pages 150")
    reader.get_by_role("button", name="Resume").click()
    expect(reader.locator(".score")).to_be_visible()


def test_the_state_of_a_sentence_and_its_reason_by_keyboard(site: Site, reader: Page) -> None:
    reader.goto(site.deep())
    site.service.wish(site.service.runs()[0].id, "approve")
    expect(reader.locator(".score")).to_be_visible()
    reader.keyboard.press("x")
    expect(reader.locator(".card")).to_contain_text("The quote says nothing of SQLite.")
    reader.keyboard.press("x")
    expect(reader.locator(".card")).to_contain_text("The quote says 3.4 GB, the sentence 4.3 GB.")
    expect(reader.locator(".card")).to_contain_text("checked by code")
    reader.locator(".failing a").nth(1).click()
    expect(reader.locator(".card")).to_contain_text("No quote says that it shrinks by itself.")
    reader.keyboard.press("Escape")
    reader.keyboard.press("j")
    expect(reader.frame_locator(".panel iframe").locator("#quote")).to_contain_text(cite("forum").quote)
    reader.keyboard.press("Escape")
    reader.get_by_role("link", name="How it came to be").click()
    expect(reader.locator("#part-3")).to_be_in_viewport()


def test_a_reload_shows_the_same(site: Site, reader: Page) -> None:
    reader.goto(site.deep())
    site.service.wish(site.service.runs()[0].id, "approve")
    expect(reader.locator(".score")).to_be_visible()
    slots = ("state", "rail", "facts", "answer", "sources", "trace")
    streamed = ["".join(reader.locator(f"[data-slot={slot}]").text_content().split()) for slot in slots]
    reader.reload()
    assert ["".join(reader.locator(f"[data-slot={slot}]").text_content().split()) for slot in slots] == streamed


def test_the_helm_without_javascript(site: Site, browser: Browser) -> None:
    address = site.deep(hold="gauge")
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.set_default_timeout(8000)
        site.open(page)
        page.goto(address)
        page.get_by_label("One more sub-question").fill("And MySQL?")
        page.get_by_role("button", name="Approve and start").click()
        assert [kind for kind, _ in wished(site)] == ["plan", "approve"]
        expect(page.locator("#lane-q1")).to_contain_text("Noting")
        page.get_by_role("textbox", name="Steer it").fill("Only what is newer than 2020")
        page.get_by_role("button", name="Tell it").click()
        expect(page.locator(".wish").first).to_contain_text("Only what is newer than 2020")
        site.service.release()
        expect(page.locator(".score")).to_be_visible()


def test_what_the_reader_folds_stays_folded_and_what_the_page_folds_is_folded(site: Site, reader: Page) -> None:
    site.service.script = lambda run: quotes_run()
    site.service.hold("answered")
    run = site.service.ask("How?", "research", model=False)
    reader.goto(f"{site.address}/runs/{run.id}")
    expect(reader.locator("details.lanes")).to_be_visible()
    reader.locator("details.lanes > summary").click()
    site.service.tell(run.id, Lane("q5", "skipped", "You skipped it."))
    expect(reader.locator("#lane-q5")).to_contain_text("You skipped it.")
    expect(reader.locator("details.lanes")).to_have_attribute("open", "")
    site.service.release()
    expect(reader.locator(".facts")).to_contain_text("no model wrote this")
    expect(reader.locator(".quotes[open]")).to_have_count(0)
    expect(reader.locator(".trace .needle", has_text="tokens")).to_have_count(0)
