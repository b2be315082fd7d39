"""The panel, in the very document that stands beside a page: each state, by mouse and by key, in light and dark."""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as xml
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.conftest import FrozenWeb
from tests.extension.button import Button
from tests.extension.pages import served
from tests.extension.running import ROOT, LeashUp

JSON_PAGE = "https://docs.python.org/3.11/library/json.html"
WAL_PAGE = "https://sqlite.org/wal.html"
KITE = "https://github.com/acme/kite"
SHOTS = ROOT / "docs" / "extension"


def seen(panel: Page, name: str) -> None:
    """A state of the panel, as the user has it before them: nothing that axe finds, and a picture where LEASH_SHOTS wishes one."""
    panel.bring_to_front()
    found = Axe().run(panel).response["violations"]
    assert not found, [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]
    assert panel.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if os.environ.get("LEASH_SHOTS"):
        SHOTS.mkdir(exist_ok=True)
        panel.screenshot(path=SHOTS / f"{name}.png")


@pytest.fixture
def taken(button: Button) -> Page:
    """The panel of a page that was taken; the page's own tab is beside it."""
    button.take(button.visit(JSON_PAGE))
    return button.panel()


def status(panel: Page) -> str:
    return panel.locator("#say").inner_text()


# ---------------------------------------------------------------- pairing, and the first page

def test_from_installation_to_the_first_text(fresh: Button, leash: LeashUp) -> None:
    before = leash_captures(leash)
    panel = fresh.panel()
    seen(panel, "pairing")
    page = fresh.visit(JSON_PAGE)
    fresh.press(page)
    state = fresh.wait("fault")
    assert (state["fault"]["code"], state["kept"]) == ("unpaired", True)
    panel.get_by_label("Address of your Leash").fill(leash.address)
    panel.get_by_label("One-time code").fill("0000-0000")
    panel.keyboard.press("Enter")
    expect(panel.locator("main").get_by_text("This is not the code that Leash shows")).to_be_visible()
    code = leash.code()
    panel.get_by_label("One-time code").fill(code.lower().replace("-", " "))
    panel.get_by_role("button", name="Pair", exact=True).click()
    fresh.wait("consent", after_fault=True)
    expect(panel.get_by_role("heading", name="Before the first page goes off")).to_be_visible()
    expect(panel.locator("main").get_by_text("127.0.0.1")).to_be_visible()
    seen(panel, "consent")
    assert leash_captures(leash) == before
    panel.get_by_role("button", name="Send it").click()
    fresh.wait("done")
    expect(panel.get_by_role("heading", name="json")).to_be_visible()
    assert fresh.kept("unsent") == []
    assert leash_captures(leash) == before + 1
    fresh.take(page, "done")  # it asks once
    assert "Chromium" in leash.ask("GET", "/devices")


def leash_captures(leash: LeashUp) -> int:
    return leash.ask("GET", "/api/captures").count('"captured_at"')


def test_not_now_sends_nothing_and_keeps_nothing(button: Button, site: Callable) -> None:
    button.set(consent="")
    button.take(button.visit(JSON_PAGE), "consent")
    panel = button.panel()
    panel.get_by_role("button", name="Not now").click()
    expect(panel.get_by_role("heading", name="Take a page")).to_be_visible()
    assert button.kept("unsent") == []
    seen(panel, "empty")


# ---------------------------------------------------------------- the text, and what is done with it

def test_the_real_side_panel_opens_beside_the_page(button: Button) -> None:
    button.take(button.visit(JSON_PAGE))
    assert [one for one in button.targets() if one["type"] == "page" and one["url"].endswith("/panel.html")]


def test_what_was_taken_is_shown_and_used_by_keys(button: Button, taken: Page, leash: LeashUp) -> None:
    expect(taken.get_by_role("heading", name="json — JSON encoder and decoder")).to_be_visible()
    expect(taken.locator("main").get_by_text("tokens", exact=False).first).to_be_visible()
    expect(taken.locator(".preview")).to_contain_text("JSON (JavaScript Object Notation)")
    seen(taken, "text")
    button.clear_clipboard()
    taken.bring_to_front()
    taken.keyboard.press("c")
    expect(taken.locator("#say")).to_have_text("Copied")
    assert button.clipboard() == button.kept("shown")[0]["capture"]["text"]
    taken.bring_to_front()
    with taken.expect_download() as got:
        taken.keyboard.press("d")
    assert got.value.suggested_filename == "json-json-encoder-and-decoder.md"
    assert Path(got.value.path()).read_text() == button.kept("shown")[0]["capture"]["text"]
    taken.keyboard.press("a")
    expect(taken.locator("#to-tray")).to_contain_text("1")
    taken.keyboard.press("s")
    expect(taken.get_by_role("button", name="Saved")).to_be_disabled()
    assert '"saved":true' in leash.ask("GET", f"/api/captures/{button.kept('shown')[0]['capture']['id']}").replace(" ", "")
    taken.keyboard.press("q")
    expect(taken.get_by_label("Your question")).to_be_focused()
    taken.keyboard.type("c is only a letter here")
    assert taken.get_by_label("Your question").input_value() == "c is only a letter here"


def test_text_of_pages_is_never_markup(button: Button, site: Callable) -> None:
    evil = "<img src=x onerror=alert(1)>"
    page = button.visit(site({"/": """<!DOCTYPE html><title>Evil</title><main><h1>&lt;img src=x onerror=alert(1)&gt;</h1>
        <p>A paragraph that shows a piece of markup to its readers: &lt;img src=x onerror=alert(1)&gt; and goes on.</p></main>"""}) + "/")
    button.take(page)
    panel = button.panel()
    expect(panel.locator("h1")).to_contain_text(evil)
    expect(panel.locator(".preview")).to_contain_text("piece of markup")
    assert panel.locator("main img").count() == 0


def test_it_says_which_page_it_holds_and_when_the_tab_has_moved_on(button: Button) -> None:
    page = button.visit(JSON_PAGE)
    button.take(page)
    panel = button.panel()
    expect(panel.locator("#stale")).to_be_empty()
    page.goto(JSON_PAGE + "#basic-usage")
    expect(panel.locator("#stale")).to_be_empty()
    page.goto(WAL_PAGE)
    expect(panel.locator("#stale")).to_contain_text("The tab has moved on")
    seen(panel, "moved-on")
    page.close()
    expect(panel.locator("#stale")).to_contain_text("is closed")


def test_delete_means_gone_here_and_there(button: Button, taken: Page, leash: LeashUp) -> None:
    held = button.kept("shown")[0]["capture"]["id"]
    taken.keyboard.press("a")
    expect(taken.locator("#to-tray")).to_contain_text("1")
    taken.on("dialog", lambda dialog: dialog.accept())
    taken.get_by_role("button", name="Delete it from Leash").click()
    expect(taken.get_by_role("heading", name="Take a page")).to_be_visible()
    assert (button.kept("shown"), button.kept("tray")) == ([], [])
    with pytest.raises(Exception, match="404"):
        leash.ask("GET", f"/api/captures/{held}")


def test_a_summary_and_five_questions(button: Button, taken: Page) -> None:
    taken.keyboard.press("b")
    expect(taken.get_by_role("heading", name="Questions that this page can answer")).to_be_visible(timeout=60_000)
    assert 1 <= taken.locator(".brief ol > li").count() <= 5
    taken.locator(".brief ol details summary").first.click()
    quote_ = taken.locator(".brief ol blockquote").first
    expect(quote_).to_be_visible()
    taken.locator(".brief").scroll_into_view_if_needed()
    seen(taken, "brief")
    first = taken.locator(".brief ol .link").first
    words = first.inner_text()
    first.click()
    assert taken.get_by_label("Your question").input_value() == words


# ---------------------------------------------------------------- the tray

def test_the_tray_gathers_orders_and_copies_as_one(button: Button, taken: Page) -> None:
    taken.keyboard.press("a")
    expect(taken.locator("#to-tray")).to_contain_text("1")
    button.take(button.visit(WAL_PAGE))
    taken.bring_to_front()
    expect(taken.locator("h1")).to_contain_text("Write-Ahead Logging")
    taken.keyboard.press("a")
    taken.locator("#to-tray").click()
    expect(taken.locator(".tray li")).to_have_count(2)
    sum_ = sum(item["tokens"] for item in button.kept("tray"))
    expect(taken.locator("#meter-words")).to_contain_text(f"{sum_:,} of 128,000 tokens")
    taken.get_by_role("button", name="Up: Write-Ahead Logging").click()
    expect(taken.locator(".tray li").first).to_contain_text("Write-Ahead Logging")
    expect(taken.locator("#say")).to_contain_text("is now number 1")
    seen(taken, "tray")
    taken.get_by_text("Another model or window").click()
    taken.get_by_label("Model", exact=True).fill("small-8k")
    taken.get_by_label("Its window, in tokens").fill("8000")
    taken.keyboard.press("Tab")
    expect(taken.locator("#meter-words")).to_contain_text("more than the 8,000 of small-8k")
    taken.locator("main").focus()
    taken.keyboard.press("c")
    expect(taken.locator("#say")).to_contain_text("2 texts are on the clipboard")
    root = xml.fromstring(button.clipboard())
    assert [one.get("url") for one in root] == [WAL_PAGE, JSON_PAGE]
    assert all(one.get("title") and one.get("date") for one in root)
    assert "JavaScript Object Notation" in root[1].text
    again = button.panel()
    again.locator("#to-tray").click()
    expect(again.locator(".tray li").first).to_contain_text("Write-Ahead Logging")
    again.get_by_role("button", name="Drop: Write-Ahead Logging").click()
    expect(again.locator(".tray li")).to_have_count(1)


# ---------------------------------------------------------------- a repository

def test_a_repository_is_chosen_from_and_copied(button: Button) -> None:
    button.take(button.visit(KITE), "repository")
    panel = button.panel()
    expect(panel.locator(".tree")).to_contain_text("README.md")
    panel.locator(".tree summary", has_text="src/").click()
    expect(panel.locator(".tree")).to_contain_text("kite.py")
    assert "logo.png" not in panel.locator(".tree").inner_text()
    seen(panel, "repository")
    panel.get_by_label("Folder docs").uncheck()
    panel.get_by_label("string.py", exact=False).uncheck()
    button.clear_clipboard()
    panel.bring_to_front()
    panel.keyboard.press("c")
    expect(panel.locator("#say")).to_have_text("Copied")
    pasted = button.clipboard()
    assert "def fly(height)" in pasted
    assert "Flies by string" in pasted
    assert "Beaufort" not in pasted
    assert "LENGTH = 40" not in pasted
    panel.bring_to_front()
    panel.keyboard.press("a")
    expect(panel.locator("#to-tray")).to_contain_text("1")
    panel.get_by_label("Only these files").fill("docs/*")
    panel.get_by_label("Only these files").press("Tab")
    expect(panel.locator(".tree")).not_to_contain_text("README.md")


def test_a_repository_that_is_not_to_be_had_says_why(button: Button) -> None:
    page = button.context.new_page()
    page.goto("https://github.com/acme/hidden")
    button.take(page, "repository")
    panel = button.panel()
    expect(panel.locator("#tree .trouble")).to_contain_text("no repository acme/hidden")
    panel.get_by_role("button", name="Take the page as I see it instead").click()
    assert button.wait("done", "fault", patience=20)


# ---------------------------------------------------------------- the slider

def test_a_question_about_the_page_is_answered_in_the_panel(button: Button, taken: Page, leash: LeashUp) -> None:
    taken.keyboard.press("q")
    taken.get_by_label("Your question").fill("What does json.dumps do with skipkeys?")
    expect(taken.locator("main").get_by_text("This context is private")).to_be_visible()
    expect(taken.get_by_label("Search the web too")).not_to_be_checked()
    seen(taken, "ask")
    taken.keyboard.press("Enter")
    expect(taken.get_by_role("heading", name="Answer")).to_be_visible(timeout=90_000)
    claim = taken.locator(".claim").first
    expect(claim.locator(".support")).to_be_visible()
    claim.locator("summary").click()
    card = claim.locator(".quote").first
    expect(card.locator("blockquote")).to_be_visible()
    assert JSON_PAGE in card.locator("a").get_attribute("href")
    assert words_of(card.locator("blockquote").inner_text()) in words_of(button.kept("shown")[0]["capture"]["text"])
    seen(taken, "answer")
    run = button.settings()["runs"][0]
    assert (run["over"], run["seen"]) == (True, True)
    assert taken.get_by_role("link", name="Review in Leash").get_attribute("href") == f"{leash.address}/runs/{run['id']}"
    told = leash.ask("GET", f"/api/runs/{run['id']}").replace(" ", "")
    assert '"private":true' in told
    assert '"web":false' in told


def words_of(text: str) -> str:
    """Its letters and digits, the addresses of its links aside."""
    return "".join(letter for letter in re.sub(r"\]\([^)\s]*\)", "", text).lower() if letter.isalnum())


def test_a_deep_run_waits_for_its_plan_and_is_stopped(button: Button, taken: Page) -> None:
    taken.keyboard.press("r")
    slider = taken.get_by_label("How long is the leash?")
    assert slider.get_attribute("aria-valuetext") == "Research"
    slider.press("ArrowRight")
    expect(taken.locator("#depth-words")).to_contain_text("At most 80 searches")
    taken.get_by_label("Your question").fill("How do json.dumps and json.dump differ, and what do they do with NaN?")
    taken.locator("#ask-go").click()
    expect(taken.get_by_role("button", name="Approve the plan")).to_be_visible(timeout=60_000)
    seen(taken, "plan")
    taken.keyboard.press("g")
    expect(taken.get_by_role("button", name="Approve the plan")).to_be_hidden(timeout=60_000)
    expect(taken.get_by_role("heading", name="Answer")).to_be_visible(timeout=120_000)


def test_a_model_elsewhere_sees_a_private_page_only_by_the_users_word(fresh: Button, forge: FrozenWeb, tmp_path: Path) -> None:
    leash = LeashUp(forge, tmp_path / "data")
    leash.env |= {"LEASH_MODEL_URL": "https://api.model.test/v1", "LEASH_MODEL": "big", "LEASH_MODEL_KEY": "k"}
    leash.start()
    try:
        fresh.pair(leash.address, leash.code())
        fresh.take(fresh.visit(WAL_PAGE))
        panel = fresh.panel()
        panel.keyboard.press("q")
        tick = panel.get_by_label("Let api.model.test read it")
        expect(tick).not_to_be_checked()
        seen(panel, "hosted")
        asked = [asking(panel, "What is a checkpoint?", tick_first=wanted) for wanted in (False, True)]
    finally:
        leash.stop()
    assert [(one["hosted"], one.get("model"), one["web"]) for one in asked] == [(False, False, False), (True, None, False)]


def asking(panel: Page, question: str, tick_first: bool) -> dict:
    """Ask it, and give what was sent; then go back to the form."""
    panel.get_by_label("Your question").fill(question)
    panel.get_by_label("Let api.model.test read it").set_checked(tick_first)
    with panel.expect_request(lambda request: request.method == "POST" and request.url.endswith("/api/runs")) as sent:
        panel.locator("#ask-go").click()
    panel.get_by_role("button", name="Ask something else").click()
    return sent.value.post_data_json


# ---------------------------------------------------------------- what goes wrong

def test_a_server_that_is_down_loses_nothing(button: Button, leash: LeashUp) -> None:
    page = button.visit(JSON_PAGE)
    leash.stop()
    try:
        state = button.take(page, "fault")
        assert (state["fault"]["code"], state["kept"]) == ("down", True)
        panel = button.panel()
        expect(panel.locator("main").get_by_text("Leash does not answer at")).to_be_visible()
        expect(panel.locator("main").get_by_text("is kept here until it can be sent")).to_be_visible()
        seen(panel, "down")
        page.close()
    finally:
        leash.start()
    panel.get_by_role("button", name="Send again").click()
    button.wait("done", after_fault=True)
    expect(panel.get_by_role("heading", name="json")).to_be_visible()
    assert button.kept("unsent") == []


def test_a_revoked_browser_is_told_and_pairs_anew(fresh: Button, leash: LeashUp) -> None:
    made = fresh.worker.evaluate("""async ([address, code]) => (await (await fetch(address + "/api/pair", {method: "POST",
        headers: {"Content-Type": "application/json"}, body: JSON.stringify({code, name: "Doomed", version: "1"})})).json())""",
        [leash.address, leash.code()])
    fresh.set(address=leash.address, token=made["token"], device=made["device"], consent=leash.address)
    page = fresh.visit(JSON_PAGE)
    fresh.take(page)
    leash.ask("POST", f"/devices/{made['device']['id']}/revoke", b"{}")
    state = fresh.take(page, "fault")
    assert (state["fault"]["code"], state["kept"]) == ("unpaired", True)
    panel = fresh.panel()
    expect(panel.locator("main").get_by_text("does not know this browser any more")).to_be_visible()
    seen(panel, "revoked")
    panel.get_by_label("One-time code").fill(leash.code())
    panel.keyboard.press("Enter")
    fresh.wait("done", after_fault=True)
    assert fresh.kept("unsent") == []


@pytest.mark.parametrize(("answer", "code"), [("<h1>a router</h1>", "strange"), ('{"leash": "9", "api": 2}', "strange")])
def test_what_is_no_leash_is_told(button: Button, answer: str, code: str) -> None:
    with served({"/": answer}) as elsewhere:
        button.set(address=elsewhere, consent=elsewhere)
        state = button.take(button.visit(JSON_PAGE), "fault")
    assert state["fault"]["code"] in (code, "down")
    assert state["kept"] is True


def test_a_page_without_text_is_said_once_and_not_kept(button: Button, site: Callable) -> None:
    state = button.take(button.visit(site({"/": "<!DOCTYPE html><title>Nothing</title>"}) + "/"), "fault")
    assert (state["fault"]["code"], state["kept"]) == ("no-text", False)
    panel = button.panel()
    expect(panel.locator(".trouble")).to_be_visible()


def test_the_settings_name_the_server_and_forget_it(button: Button, leash: LeashUp) -> None:
    panel = button.panel()
    panel.locator("#to-settings").click()
    expect(panel.get_by_role("heading", name="Paired with")).to_be_visible()
    expect(panel.locator("main").get_by_text("No model: answers are passages")).to_be_visible()
    seen(panel, "settings")
    panel.get_by_role("button", name="Forget the token").click()
    expect(panel.get_by_role("heading", name="Pair with your Leash")).to_be_visible()
    assert button.settings()["token"] == ""


@pytest.mark.parametrize("width", [320, 420])
def test_dark_narrow_and_by_keyboard_alone(button: Button, taken: Page, width: int) -> None:
    taken.emulate_media(color_scheme="dark")
    taken.set_viewport_size({"width": width, "height": 760})
    seen(taken, f"dark-{width}")
    taken.locator("#to-page").focus()
    stops = []
    for _ in range(9):
        taken.keyboard.press("Tab")
        stops.append(taken.evaluate("document.activeElement.innerText.trim() || document.activeElement.id"))
    assert stops[0].startswith("Context")
    assert any(one.startswith("Copy") for one in stops)

