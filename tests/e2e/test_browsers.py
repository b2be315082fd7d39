"""The page “Browsers” in a real browser: a code, a browser that pairs while it is shown, and its end."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from server.store.devices import TRIES
from tests.e2e.conftest import TOKEN, Site

pytestmark = pytest.mark.usefixtures("quiet")
CHROME = "chrome-extension://abcdefghijklmnopabcdefghijklmnop"
FIREFOX = "moz-extension://0f3a2b1c-1111-4222-8333-0123456789ab"
AXE = Axe()


def check(page: Page) -> None:
    found = AXE.run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{page.url} scrolls sideways"


def shown_code(page: Page) -> str:
    return page.locator("[data-signs]").inner_text()


@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(reader: Page, site: Site, look: str, width: int) -> None:
    reader.emulate_media(color_scheme=look, reduced_motion="reduce")
    reader.set_viewport_size({"width": width, "height": 800})
    reader.goto(f"{site.address}/devices")
    check(reader)
    reader.get_by_role("button", name="Pair a browser").click()
    expect(reader.get_by_text("more, and for one browser")).to_be_visible()
    check(reader)
    for name, origin in (("Chromium on Linux", CHROME), ("A name as long as it may be, " * 3, FIREFOX)):
        site.service.pairing.pair(site.service.pairing.offer().shown, name, origin)
    reader.goto(f"{site.address}/devices")
    reader.locator("summary").first.click()
    check(reader)


def test_a_browser_is_paired_while_the_code_is_shown(reader: Page, site: Site) -> None:
    reader.goto(site.address)
    reader.get_by_role("link", name="Browsers").click()
    expect(reader.get_by_role("heading", name="Three steps to the button")).to_be_visible()
    reader.get_by_role("button", name="Pair a browser").focus()
    reader.keyboard.press("Enter")
    expect(reader.get_by_role("heading", name="Type this code into the extension")).to_be_focused()
    expect(reader.get_by_text(site.address, exact=True).first).to_be_visible()
    expect(reader.locator("[data-clock]")).to_have_text("Good for 4:58 more")
    made, _ = site.service.pairing.pair(shown_code(reader), "Chromium <b>on</b> Linux", CHROME)
    expect(reader.locator(f"#browser-{made.id}")).to_be_focused()
    expect(reader.get_by_role("heading", name="Chromium <b>on</b> Linux")).to_be_visible()
    expect(reader.get_by_role("status")).to_have_text("Paired.")
    expect(reader.get_by_text("Three steps")).to_have_count(0)
    reader.locator("summary", has_text="Revoke").focus()
    reader.keyboard.press("Enter")
    reader.get_by_role("button", name="Revoke for good").click()
    expect(reader.get_by_role("heading", name="Three steps to the button")).to_be_visible()
    assert site.service.pairing.devices.all() == []


def test_a_code_that_was_tried_too_often_says_so(reader: Page, site: Site) -> None:
    reader.goto(f"{site.address}/devices")
    reader.get_by_role("button", name="Pair a browser").click()
    wrong = "0000-0000" if shown_code(reader) != "0000-0000" else "0000-0001"
    for _ in range(TRIES):
        reader.request.post(f"{site.address}/api/pair", data={"code": wrong}, headers={"Origin": CHROME})
    expect(reader.get_by_role("alert")).to_contain_text("Too many wrong codes")
    check(reader)
    old = shown_code(reader)
    reader.get_by_role("button", name="Another code").click()
    expect(reader.locator("[data-clock]")).to_contain_text("Good for")
    assert shown_code(reader) != old
    reader.goto(reader.url)
    expect(reader).to_have_url(f"{site.address}/devices")


def test_the_code_is_copied(reader: Page, site: Site) -> None:
    reader.context.grant_permissions(["clipboard-read", "clipboard-write"])
    reader.goto(f"{site.address}/devices")
    reader.get_by_role("button", name="Pair a browser").click()
    reader.get_by_role("button", name="Copy").click()
    expect(reader.get_by_text("Copied")).to_be_visible()
    assert reader.evaluate("navigator.clipboard.readText()") == shown_code(reader)


def test_without_scripts(site: Site, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False) as own:
        page = own.new_page()
        page.goto(f"{site.address}/?token={TOKEN}")
        page.get_by_role("link", name="Browsers").click()
        page.get_by_role("button", name="Pair a browser").click()
        expect(page.get_by_text("Good until")).to_contain_text("(UTC)")
        site.service.pairing.pair(shown_code(page), "Firefox", FIREFOX)
        page.get_by_role("link", name="look at the list").click()
        expect(page.get_by_role("heading", name="Firefox")).to_be_visible()
        page.locator("summary", has_text="Revoke").click()
        page.get_by_role("button", name="Revoke for good").click()
        expect(page.get_by_role("heading", name="Three steps to the button")).to_be_visible()


def test_every_page_leads_there(reader: Page, site: Site) -> None:
    for path in ("/", "/text", "/https://tides.example/bridge", "/devices", "/runs/none", site.done().removeprefix(site.address)):
        reader.goto(site.address + path)
        assert reader.get_by_role("navigation", name="Main").get_by_role("link", name="Browsers").get_attribute("href") == "/devices"
    site.faults.clear()  # the browser's own word for the 404 among them
