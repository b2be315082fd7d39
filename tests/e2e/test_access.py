"""Every screen, light and dark, wide and narrow: axe finds nothing, and nothing scrolls sideways."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import QUESTION, Site

AXE = Axe()
SCREENS = {"wide": (1280, 800), "narrow": (320, 640)}


def check(page: Page) -> None:
    found = AXE.run(page, options={"iframes": False})  # it would send a message into the frame, which hears none
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{page.url} scrolls sideways"


@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("size", SCREENS)
def test_every_screen(site: Site, browser: Browser, look: str, size: str) -> None:
    width, height = SCREENS[size]
    shape = {"width": width, "height": height}
    with browser.new_context(color_scheme=look, viewport=shape, reduced_motion="reduce") as own:
        page = own.new_page()
        site.watch(own)
        site.open(page)
        check(page)
        site.service.hold("writing")
        running = site.service.ask(QUESTION)
        page.goto(f"{site.address}/runs/{running.id}")
        expect(page.locator(".found li")).to_have_count(3)
        check(page)
        site.service.release()
        expect(page.locator(".facts")).to_be_visible()
        page.locator(".trace summary").click()
        page.locator(".claims summary").click()
        check(page)
        page.locator("a.cite").first.focus()
        check(page)
        page.locator("a.cite").first.click()
        expect(page.frame_locator(".panel iframe").locator("#quote")).to_be_visible()
        check(page)
        page.goto(site.address)
        page.locator(".forget summary").click()
        page.locator("input[name=depth]").nth(1).check()
        check(page)
        assert site.faults == []
        page.goto(f"{site.address}/runs/none")
        expect(page.locator("h1")).to_have_text("Not found")
        check(page)


@pytest.mark.parametrize(("look", "size"), [("light", "wide"), ("dark", "narrow")])
def test_every_screen_of_a_run_with_a_plan(site: Site, browser: Browser, look: str, size: str) -> None:
    width, height = SCREENS[size]
    shape = {"width": width, "height": height}
    with browser.new_context(color_scheme=look, viewport=shape, reduced_motion="reduce") as own:
        page = own.new_page()
        site.watch(own)
        site.open(page)
        page.locator("input[name=depth]").nth(2).check()
        page.locator(".limit-set:visible .change summary").click()
        page.locator(".notices summary").click()
        check(page)
        page.goto(site.deep(hold="gauge"))
        expect(page.locator(".plan.asking")).to_be_visible()
        check(page)
        page.get_by_role("button", name="Approve and start").click()
        expect(page.locator("#lane-q1")).to_contain_text("Noting")
        page.locator("#lane-q1 > details > summary").click()
        page.locator(".plan.folded > summary").click()
        page.locator(".raise summary").click()
        page.get_by_role("textbox", name="Steer it").fill("Only what is newer than 2020")
        page.get_by_role("textbox", name="Steer it").press("Enter")
        expect(page.locator(".wish")).to_contain_text("heard")
        check(page)
        site.service.hold("answered")
        expect(page.locator(".draft-note")).to_be_visible()
        check(page)
        site.service.release()
        expect(page.locator(".score")).to_be_visible()
        page.locator(".trace > summary").click()
        page.locator(".claims summary").click()
        page.locator("a.badge").first.focus()
        expect(page.locator(".card")).to_be_visible()
        check(page)
        assert site.faults == []


@pytest.mark.parametrize("look", ["light", "dark"])
def test_a_kept_page_on_its_own(site: Site, page: Page, look: str) -> None:
    """Its own policy lets no script run, axe neither; so its HTML is set into a page that does."""
    site.open(page)
    page.emulate_media(color_scheme=look)
    page.goto(site.done())
    address = page.locator("a.cite").first.get_attribute("href")
    html = page.request.get(site.address + address).text()
    page.goto("about:blank")
    page.set_content(html)
    check(page)
