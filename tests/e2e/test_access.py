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
