"""The library's page before a real browser: by keyboard alone, narrow and wide, with no fault and no stranger asked."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Site
from tests.fakes_service import PAGES


@pytest.mark.parametrize("width", [360, 1280])
def test_what_was_read_is_found_opened_and_deleted_by_keyboard(page: Page, site: Site, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    site.open(page)
    page.get_by_role("link", name="Library").click()
    expect(page).to_have_title("Library · Leash")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("searchbox", name="What have you read?").focus()
    page.keyboard.type(PAGES[1].title)
    page.keyboard.press("Enter")
    kept = page.get_by_role("link", name=PAGES[1].title)
    expect(kept).to_be_visible()
    page.get_by_label(f"Delete “{PAGES[1].title}”").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Delete for good").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("No page has all of these words.")).to_be_visible()
    page.get_by_role("link", name="look through all").click()
    page.get_by_role("link", name=PAGES[0].title).click()
    expect(page.get_by_text("A kept copy, as it was read on")).to_be_visible()
    assert site.faults == []
    assert site.strangers() == []
