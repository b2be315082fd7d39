"""A line that breaks: nothing that was typed or found is lost, and the page says what happened."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import QUESTION, Site

STREAM = re.compile(r"/runs/\w+/stream\?")


def test_a_question_that_could_not_be_sent_stays_in_the_box(site: Site, reader: Page) -> None:
    reader.route("**/runs", lambda route: route.abort())
    reader.locator("textarea").fill(QUESTION)
    reader.locator("textarea").press("Enter")
    expect(reader.locator("#ask-trouble")).to_contain_text("Leash does not answer")
    expect(reader.locator("textarea")).to_have_value(QUESTION)
    reader.reload()
    expect(reader.locator("textarea")).to_have_value(QUESTION)
    reader.unroute("**/runs")
    reader.locator("textarea").press("Enter")
    expect(reader.locator("h1")).to_have_text(QUESTION)


def test_a_question_that_cannot_be_used_stays_with_the_reason(reader: Page) -> None:
    reader.locator("textarea").fill("?!")
    reader.get_by_role("button", name="Ask", exact=True).click()
    expect(reader.locator("#ask-trouble")).to_contain_text("holds no word")
    expect(reader.locator("textarea")).to_have_value("?!")


def test_without_javascript_too(site: Site, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        site.open(page)
        page.locator("textarea").fill(QUESTION)
        page.locator("input[name=depth]").nth(2).check()
        page.locator(".limit-set:visible .change summary").click()
        page.locator("[name='deep.pages']").fill("120000")
        page.locator("form.ask").evaluate("form => { form.noValidate = true; }")
        page.locator("form.ask .go").click()
        expect(page.locator("#ask-trouble")).to_contain_text("The limit of pages is from 1 to 300")
        expect(page.locator("textarea")).to_have_value(re.compile(re.escape(QUESTION)))
        expect(page.locator("[name='deep.pages']")).to_have_value("120000")


def test_a_lost_line_is_said_and_taken_up_again(site: Site, reader: Page) -> None:
    site.service.hold("writing")
    run = site.service.ask(QUESTION)
    reader.route(STREAM, lambda route: route.abort())
    reader.goto(f"{site.address}/runs/{run.id}")
    expect(reader.locator("[data-lost]")).to_contain_text("Connection lost, trying again")
    reader.unroute(STREAM)
    site.service.release()
    expect(reader.locator(".status")).to_contain_text("Done", timeout=15_000)
    expect(reader.locator("[data-lost]")).to_be_hidden()


IN_SIGHT = """box => {
  const { x, y, width, height } = box.getBoundingClientRect();
  return !document.elementFromPoint(x + width / 2, y + height / 2)?.closest(".plan-foot");
}"""


def test_a_plan_edited_to_nothing_stays_on_the_screen(site: Site, reader: Page) -> None:
    reader.goto(site.deep())
    for place in range(1, 6):
        left_out = reader.get_by_label(f"Leave sub-question {place} out")
        left_out.focus()
        assert left_out.evaluate(IN_SIGHT), "what has the focus is not behind the foot of the plan"
        left_out.check(force=True)
    reader.get_by_role("button", name="Approve and start").click()
    expect(reader.locator(".plan.asking [data-trouble]")).to_contain_text("at least one sub-question")
    reader.get_by_label("Leave sub-question 2 out").uncheck(force=True)
    reader.get_by_role("button", name="Approve and start").click()
    expect(reader.locator(".plan.asking")).to_have_count(0)


def test_limits_beyond_the_servers_are_refused_where_they_were_typed(site: Site, reader: Page) -> None:
    reader.goto(site.deep())
    reader.locator(".raise summary").click()
    reader.locator(".raise").get_by_label("pages").fill("100000")
    reader.locator(".raise form").evaluate("form => { form.noValidate = true; }")
    reader.get_by_role("button", name="Set").click()
    expect(reader.locator(".raise [data-trouble]")).to_contain_text("from 1 to 300")
    assert site.service.wishes(site.service.runs()[0].id) == []


def test_wrong_limits_of_another_depth_keep_nobody_from_asking(site: Site, reader: Page) -> None:
    reader.get_by_label("What do you want to know?").fill("When does it open?")
    reader.get_by_label("Deep research").check(force=True)
    deep = reader.locator(".limit-set[data-depth=deep]")
    deep.get_by_text("Change the limits").click()
    deep.get_by_label("pages").fill("100000")
    deep.get_by_text("Change the limits").click()
    reader.get_by_role("button", name="Ask", exact=True).click()
    expect(deep.get_by_label("pages")).to_be_focused()
    assert site.service.runs() == []
    reader.get_by_label("Quick search").check(force=True)
    reader.get_by_role("button", name="Ask", exact=True).click()
    reader.wait_for_url("**/runs/*")


def test_asking_nothing_is_answered(reader: Page) -> None:
    box = reader.get_by_label("What do you want to know?")
    box.fill("   ")
    box.press("Enter")
    expect(reader.locator("#ask-trouble")).to_contain_text("Nothing was asked")
    expect(box).to_be_focused()


def test_a_control_that_cannot_be_sent_says_so_and_keeps_what_was_typed(site: Site, reader: Page) -> None:
    reader.goto(site.deep())
    reader.route("**/steer", lambda route: route.abort())
    reader.get_by_role("textbox", name="Steer it").fill("only after 2020")
    reader.get_by_role("button", name="Tell it").click()
    expect(reader.locator(".steer [data-trouble]")).to_contain_text("Leash does not answer")
    expect(reader.get_by_role("textbox", name="Steer it")).to_have_value("only after 2020")
