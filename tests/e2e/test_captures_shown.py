"""Captures in a real browser, before the real service and its database: every screen, by keyboard, and a page left out of a question."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from agent.settings import ModelEndpoint, Settings
from server import create_app
from server.reading import reading_of
from server.service import Service, open_service
from tests.e2e.conftest import TOKEN
from tests.e2e.test_access import SCREENS, check
from tests.fakes_text import read_of

TITLES = ("The old bridge at Marrow, and who is to pay for its new chain before the winter", "Harbour rules")


@dataclass
class Real:
    address: str
    service: Service
    ids: list[str]

    def given(self) -> str:
        return f"{self.address}/?{'&'.join(f'given=capture:{one}' for one in self.ids)}&given=url:https://open.example/rules"


def capture(service: Service, title: str) -> str:
    store, url = service.store.captures, f"https://intranet.example/{len(title)}?ticket=1"
    text = f"# {title}\n\nIt opens *twice* a day. {'It has never opened on a Sunday. ' * 30}\n\n```sh\nopen {title}\n```\n"
    read = read_of(url, text)
    capture_id = store.add(url, title, "<p>It opens.", True, 1_700_000_000.0)
    made = replace(reading_of(read, url, 1_700_000_000.0), title=title)
    store.settle(capture_id, read.page, made)
    return capture_id


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Real]:
    models = [ModelEndpoint("https://models.example/v1", "gentle-writer")]
    settings = Settings(_env_file=None, data_dir=tmp_path, token=TOKEN, models=models)
    service = open_service(settings)
    server = make_server("127.0.0.1", 0, create_app(settings, service), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Real(f"http://127.0.0.1:{server.server_port}", service, [capture(service, title) for title in TITLES])
    server.shutdown()
    thread.join()
    service.store.close()


@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("size", SCREENS)
def test_every_screen(real: Real, browser: Browser, look: str, size: str) -> None:
    width, height = SCREENS[size]
    with browser.new_context(color_scheme=look, viewport={"width": width, "height": height}, reduced_motion="reduce") as own:
        page, faults = own.new_page(), []
        own.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
        page.goto(f"{real.address}/?token={TOKEN}")
        page.goto(f"{real.address}/captures")
        page.locator(".forget summary").first.click()
        check(page)
        page.goto(f"{real.address}/captures/{real.ids[0]}")
        page.locator(".forget summary").click()
        check(page)
        page.goto(real.given())
        page.locator("[value=model]").check()
        expect(page.locator("[name=hosted]")).to_be_visible()
        check(page)
        run = real.service.ask("Why?", "research", context=[{"capture": one} for one in real.ids], hosted=True)
        page.goto(f"{real.address}/runs/{run.id}", wait_until="domcontentloaded")
        expect(page.locator("aside.given")).to_be_visible()
        check(page)
        for one in real.ids:
            real.service.forget_capture(one)
        page.goto(f"{real.address}/captures")
        expect(page.locator("#how")).to_have_text("Nothing captured yet")
        check(page)
        assert faults == []


def test_a_page_is_left_out_by_keyboard_and_nothing_that_was_typed_is_lost(real: Real, page: Page) -> None:
    page.set_default_timeout(8000)
    page.goto(f"{real.address}/?token={TOKEN}")
    page.goto(real.given())
    page.get_by_label("What do you want to know?").fill("When does it open?")
    page.get_by_label("Leave out “Harbour rules”").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_have_count(2)
    expect(page.get_by_label("What do you want to know?")).to_have_value("When does it open?")
    expect(page.get_by_label("Leave out “https://open.example/rules”")).to_be_focused()
    assert page.url.count("given=") == 2
    page.locator("[value=model]").check()
    page.keyboard.press("Shift+Tab")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("#ask-trouble")).to_contain_text("models.example is not on this machine")
    page.get_by_label("Leave out “The old bridge").click()
    expect(page.locator("[name=hosted]")).to_have_count(0)
    page.locator("[data-off]").click()
    expect(page.locator("[data-given], [data-use]")).to_have_count(0)
    expect(page.get_by_label("What do you want to know?")).to_be_focused()


def test_what_is_given_is_asked_of(real: Real, page: Page) -> None:
    page.set_default_timeout(8000)
    page.goto(f"{real.address}/?token={TOKEN}")
    page.goto(f"{real.address}/captures")
    page.get_by_label("Ask about “Harbour rules”").click()
    expect(page.locator("[name=web]").first).to_be_checked()
    expect(page.locator(".outside").first).to_be_hidden()
    page.get_by_label("What do you want to know?").fill("When does it open?")
    page.get_by_label("Quotes only").check()
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("aside.given")).to_contain_text("Private. It was given this page that you captured, and keeps to it:")
    run = real.service.runs()[0]
    assert (run.private, run.web, run.hosted) == (True, False, False)
