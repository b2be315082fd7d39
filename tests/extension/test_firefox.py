"""The same extension in a real Firefox: it loads, pairs, takes a page, and copies."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import pytest

from tests.extension.button import unpacked
from tests.extension.firefox import ORIGIN, Firefox, running
from tests.extension.running import LeashUp

PAGE = """<!DOCTYPE html><html lang="en"><title>Kites</title><main><h1>Kites</h1>
<p>A kite flies because the wind is slowed on its upper side.</p>
<p>Its string must be as strong as the wind is on the day on which it flies.</p><input type="hidden" value="HIDDEN-SECRET"></main></html>"""
PRESS = """(async () => {
    const policy = WebExtensionPolicy.getByID("button@leash.invalid");
    const window_ = Services.wm.getMostRecentWindow("navigator:browser");
    const { browserActionFor } = policy.extension.apiManager.global;
    await browserActionFor(policy.extension).triggerAction(window_);
    return true;
})()"""


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    program = os.environ.get("FIREFOX") or next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))), None)
    if not program and os.environ.get("CI"):
        pytest.fail("CI installs a Firefox, so that there is none is a fault.")
    if not program:
        pytest.skip("There is no Firefox here: apt install firefox-esr, or name its path in FIREFOX.")
    folder = tmp_path_factory.mktemp("firefox")
    with running(program, folder / "profile", unpacked("firefox", folder / "extension")) as browser:
        yield browser


def test_it_loads_pairs_takes_a_page_and_copies(firefox: Firefox, leash: LeashUp, site: Callable) -> None:
    panel = firefox.open(f"{ORIGIN}/panel.html")
    firefox.until(panel, "!!document.getElementById('code')")
    firefox.run(panel, f"""(() => {{ document.getElementById("address").value = "{leash.address}";
        document.getElementById("code").value = "{leash.code()}";
        document.querySelector("form").requestSubmit(); return true; }})()""")
    firefox.until(panel, "document.body.innerText.includes('Take a page')")
    page = firefox.open(site({"/": PAGE}) + "/")
    firefox.tell("browsingContext.activate", context=page)
    chrome = firefox.tell("browsingContext.getTree", **{"moz:scope": "chrome"})["contexts"][0]["context"]
    firefox.run(chrome, PRESS, privileged=True)
    firefox.until(panel, "!!document.getElementById('consent-yes')")
    firefox.tell("browsingContext.activate", context=panel)
    firefox.run(panel, "(document.getElementById('consent-yes').click(), true)")
    firefox.until(panel, "document.querySelector('.preview')?.textContent.includes('A kite flies')")
    assert "HIDDEN-SECRET" not in leash.ask("GET", "/api/captures")
    firefox.until(panel, "document.body.innerText.includes('Copied')")
    pasted = firefox.run(chrome, "navigator.clipboard.readText()", privileged=True)
    assert "Its string must be as strong as the wind" in pasted
    assert "Firefox" in leash.ask("GET", "/devices")


def test_nothing_is_granted_beyond_what_was_asked(firefox: Firefox) -> None:
    panel = firefox.open(f"{ORIGIN}/panel.html")
    granted = firefox.run(panel, "chrome.permissions.getAll().then((all) => JSON.stringify(all))")
    assert '"origins":[]' in granted
