"""A page as text in a real browser: the box, the page, its buttons, and that nothing is wrong with them."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Site

pytestmark = pytest.mark.usefixtures("quiet")
URL = "https://tides.example/bridge"
SCREENS = {"box": "/text", "text": f"/{URL}", "long": "/https://tides.example/long", "code": "/https://tides.example/fenced?leash_tokens=9000"}


@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(reader: Page, site: Site, look: str, width: int) -> None:
    reader.emulate_media(color_scheme=look)
    reader.set_viewport_size({"width": width, "height": 800})
    for name, path in SCREENS.items():
        reader.goto(site.address + path)
        reader.evaluate("document.querySelectorAll('details.receipt').forEach((one) => one.open = true)")
        found = Axe().run(reader).response["violations"]
        assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == [], name
        assert reader.evaluate("document.documentElement.scrollWidth") <= width, name


def test_from_the_box_to_the_text_by_keyboard(reader: Page, site: Site) -> None:
    reader.goto(f"{site.address}/text")
    expect(reader.get_by_role("heading", level=1)).to_be_visible()
    reader.keyboard.type("tides.example/bridge")
    reader.keyboard.press("Enter")
    expect(reader.get_by_role("heading", name="The old bridge", level=1)).to_be_visible()
    expect(reader.locator(".size")).to_contain_text("tokens")
    expect(reader.get_by_text("Kept of the page: 12 of 40 words")).to_be_visible()
    expect(reader.get_by_text("asks for consent")).to_be_hidden()
    reader.get_by_text("Kept of the page: 12 of 40 words").click()
    expect(reader.get_by_text("asks for consent")).to_be_visible()
    assert reader.url == f"{site.address}/{URL}?leash_format=html"


def test_an_address_that_cannot_be_read_is_ready_to_be_mended(reader: Page, site: Site) -> None:
    reader.goto(f"{site.address}/text")
    reader.keyboard.type("foo")
    reader.keyboard.press("Enter")
    expect(reader.get_by_role("alert")).to_contain_text("not a web address")
    expect(reader.locator("#url")).to_be_focused()
    site.faults.clear()  # the browser complains of the status


def test_a_page_that_is_awaited_says_so_and_can_be_stopped(reader: Page, site: Site) -> None:
    reader.goto(f"{site.address}/text")
    # an answer that does not come: the driver itself would wait for a navigation that goes on
    reader.evaluate("document.querySelector('form').addEventListener('submit', (event) => event.preventDefault())")
    box = reader.get_by_label("Which page or repository shall become text?")
    box.fill("slow.example")
    reader.get_by_role("button", name="Read").click()
    expect(reader.get_by_role("status")).to_have_text("Asking the site, and making text of what it sends.")
    expect(reader.locator("[data-seconds]")).to_have_text("1 s")
    assert Axe().run(reader).response["violations"] == []
    expect(reader.get_by_role("status")).to_contain_text("It takes longer than most", timeout=10_000)
    reader.get_by_role("button", name="Stop").click()
    expect(reader.get_by_role("status")).to_contain_text("Stopped waiting.")
    expect(reader.get_by_role("button", name="Read")).to_be_enabled()
    expect(reader.get_by_role("button", name="Stop")).to_be_hidden()
    expect(box).to_be_focused()
    expect(box).to_have_value("slow.example")


def test_copy_takes_all_of_the_markdown(reader: Page, site: Site) -> None:
    reader.context.grant_permissions(["clipboard-read", "clipboard-write"])
    reader.goto(f"{site.address}/https://tides.example/long")
    reader.get_by_role("button", name="Copy").click()
    expect(reader.get_by_text("Copied", exact=True)).to_be_visible()
    copied = reader.evaluate("navigator.clipboard.readText()")
    assert copied.startswith('---\ntitle: "The old bridge"')
    assert "Paragraph 199 says" in copied


def test_where_the_clipboard_is_shut_the_text_is_selected(reader: Page, site: Site) -> None:
    reader.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    reader.goto(f"{site.address}/{URL}")
    reader.get_by_role("button", name="Copy").click()
    expect(reader.get_by_role("status")).to_have_text("The text is selected: copy it with your keyboard.")
    assert "It opens *twice* a day" in reader.evaluate("getSelection().toString()")


def test_download_and_research(reader: Page, site: Site) -> None:
    reader.goto(f"{site.address}/{URL}")
    with reader.expect_download() as download:
        reader.get_by_role("link", name="Download", exact=True).click()
    assert download.value.suggested_filename == "the-old-bridge.md"
    reader.get_by_role("link", name="Research this").click()
    expect(reader.get_by_label("What do you want to know?")).to_have_value(f"What does {URL} say about ")


def test_a_text_of_a_hostile_page_does_nothing(reader: Page, site: Site) -> None:
    reader.goto(f"{site.address}/https://tides.example/evil")
    expect(reader.get_by_role("article")).to_contain_text("<script>alert(1)</script>")
    assert reader.locator("article a[href], article img, article script").count() == 0


def test_what_was_read_can_be_deleted(reader: Page, site: Site) -> None:
    reader.goto(f"{site.address}/{URL}")
    reader.get_by_role("link", name="Read a page").click()
    reader.locator("summary", has_text="Delete").click()
    reader.get_by_role("button", name="Delete for good").click()
    expect(reader.get_by_text("Nothing read yet")).to_be_visible()
    assert site.service.readings.kept == {}


def test_lists_keep_their_room_where_lines_run_from_the_right(reader: Page, site: Site) -> None:
    reader.goto(f"{site.address}/https://tides.example/arabic")
    assert reader.locator(".prose ul").evaluate("list => getComputedStyle(list).paddingRight") != "0px"


def test_words_in_a_table_are_not_broken_where_it_can_scroll(reader: Page, site: Site) -> None:
    reader.set_viewport_size({"width": 360, "height": 800})
    reader.goto(f"{site.address}/https://tides.example/narrow")
    one_line = reader.locator(".prose td").first.bounding_box()
    assert one_line is not None
    assert reader.locator(".prose th").first.bounding_box()["height"] == pytest.approx(one_line["height"], abs=2)
