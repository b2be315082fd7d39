"""The whole path with nothing scripted but the web: `leash up`, a question in the browser, a quote card, the kept page."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

ROOT = Path(__file__).parents[2]
QUESTION = "What happens to files newer than 2107 when ZipFile's strict_timestamps is False in Python?"


@pytest.fixture
def address(frozen_web, tmp_path):
    """Of a `leash up` of its own, ended afterwards."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LEASH_", "OPENAI_"))}
    env = {**clean, "LEASH_DATA_DIR": str(tmp_path / "data"), "LEASH_SEARXNG_URL": frozen_web.search, "LEASH_WORKERS": "1",
           "LEASH_PROXY": frozen_web.proxy, "LEASH_CA_BUNDLE": str(frozen_web.ca), "LEASH_FIND_MODELS": "false"}
    command = [sys.executable, "-m", "server.cli", "up", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield next(line for line in process.stdout if "Leash is ready" in line).split()[-1]
        finally:
            process.terminate()
            process.communicate(timeout=30)


def test_ask_read_the_card_and_open_the_page(address: str, page: Page):
    page.set_default_timeout(60_000)
    page.goto(address)
    page.get_by_role("textbox").first.fill(QUESTION)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/runs/"))
    page.get_by_text("no model wrote this", exact=False).first.wait_for()
    page.locator("a.cite").first.hover()
    quote = letters(page.locator(".card blockquote").inner_text())
    page.locator("a.cite").first.click()
    marks = page.frame_locator(".panel iframe").locator("mark")
    expect(marks.first).to_be_in_viewport()
    assert letters("".join(marks.all_text_contents())) == quote
    page.reload()
    expect(page.locator("a.cite").first).to_be_visible()
    assert any("alsosettothelimit" in letters(text) for text in page.locator("blockquote").all_text_contents())


def letters(text: str) -> str:
    return re.sub(r"\W", "", text)
