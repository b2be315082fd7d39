"""Drives the extension in a real Chromium: presses its toolbar button, reads its state, its panel and the clipboard."""

from __future__ import annotations

import json
import runpy
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, Playwright, Worker

files_for = runpy.run_path(str(Path(__file__).parents[2] / "extension" / "pack.py"))["files_for"]
ID = "ebfmaaeilfmfdibidnbiefoelmlihcdl"
PATIENCE = 30.0
OPENED = """await new Promise((done) => {
    const asked = indexedDB.open("leash", 1);
    asked.onupgradeneeded = () => {
        const stores = [["unsent", "id"], ["tray", "id"], ["shown", "window"]];
        for (const [name, keyPath] of stores) asked.result.createObjectStore(name, { keyPath });
    };
    asked.onsuccess = () => done(asked.result);
})"""


def unpacked(browser: str, folder: Path) -> Path:
    """What the zip of a browser holds, as a folder."""
    for name, raw in files_for(browser).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(raw)
    return folder


@dataclass
class Profile:
    """A profile with the extension in it."""

    playwright: Playwright
    browser: str
    folder: Path
    extension: Path
    proxy: str = ""

    def open(self, **more: Any) -> Button:
        args = ["--enable-unsafe-extension-debugging", f"--disable-extensions-except={self.extension}",
                f"--load-extension={self.extension}", "--lang=en"]
        proxy = {"server": self.proxy, "bypass": "127.0.0.1,localhost"} if self.proxy else None
        context = self.playwright.chromium.launch_persistent_context(
            str(self.folder), executable_path=self.browser, headless=True, args=args, proxy=proxy, ignore_https_errors=True,
            viewport={"width": 900, "height": 700}, locale="en-US", **more)
        context.set_default_timeout(PATIENCE * 1000)
        return Button(context)

    def allow(self, permission: str) -> None:
        """What the browser writes down when the user says yes to its question, which has no form without a screen."""
        opened = self.open()
        opened.context.close()
        file = self.folder / "Default" / "Preferences"
        settings = json.loads(file.read_text())
        about = settings["extensions"]["settings"][ID]
        for name in ("active_permissions", "granted_permissions", "runtime_granted_permissions"):
            about.setdefault(name, {}).setdefault("api", []).append(permission)
        file.write_text(json.dumps(settings))


class Button:
    """The extension in an open browser."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.wire = context.browser.new_browser_cdp_session()
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.home = context.pages[0]

    @property
    def worker(self) -> Worker:
        """The service worker; a sleeping one is woken by its own page."""
        found = next((one for one in self.context.service_workers if ID in one.url), None)
        return found or self.context.wait_for_event("serviceworker")

    # ------------------------------------------------------------ what it holds

    def set(self, **settings: Any) -> None:
        self.worker.evaluate("(given) => chrome.storage.local.set(given)", settings)

    def settings(self) -> dict[str, Any]:
        return self.worker.evaluate("chrome.storage.local.get()")

    def forget_all(self) -> None:
        self.worker.evaluate("async () => { await chrome.storage.local.clear(); await chrome.storage.session.clear(); }")
        self.worker.evaluate("""async () => {
            const base = OPENED;
            for (const name of base.objectStoreNames) base.transaction(name, "readwrite").objectStore(name).clear();
            base.close();
        }""".replace("OPENED", OPENED))

    def kept(self, name: str) -> list[dict[str, Any]]:
        """What its store holds under a name."""
        return self.worker.evaluate("""async (name) => {
            const base = OPENED;
            const asked = base.transaction(name).objectStore(name).getAll();
            await new Promise((done) => { asked.onsuccess = done; });
            base.close();
            return asked.result;
        }""".replace("OPENED", OPENED), name)

    def pair(self, address: str, code: str) -> dict[str, Any]:
        """As the panel pairs it, with the user's word to send; the settings that came of it."""
        panel = self.panel()
        panel.get_by_label("Address of your Leash").fill(address)
        panel.get_by_label("One-time code").fill(code)
        panel.get_by_role("button", name="Pair", exact=True).click()
        panel.get_by_role("heading", name="Take a page").wait_for()
        panel.close()
        self.set(consent=address, copy=True)
        return self.settings()

    # ------------------------------------------------------------ pressing

    def press(self, page: Page) -> None:
        """A click on the toolbar button of the tab, as a user makes it: it alone grants activeTab."""
        self.press_target(self.target_of(page))

    def press_target(self, target: str) -> None:
        self.wire.send("Extensions.triggerAction", {"id": ID, "targetId": target})

    def target_of(self, page: Page) -> str:
        session = self.context.new_cdp_session(page)
        mine = session.send("Target.getTargetInfo")["targetInfo"]["targetId"]
        session.detach()
        tabs = [one for one in self.targets() if one["type"] == "tab"]
        page_url = next(one["url"] for one in self.targets() if one["targetId"] == mine)
        same = [one for one in tabs if one["url"] == page_url]
        assert len(same) == 1, f"{len(same)} tabs show {page_url}"
        return same[0]["targetId"]

    def targets(self) -> list[dict[str, Any]]:
        return self.wire.send("Target.getTargets", {"filter": [{}]})["targetInfos"]

    def state(self) -> dict[str, Any]:
        """What the window's panel is at, {} for nothing."""
        held = self.worker.evaluate("chrome.storage.session.get()")
        return next((value for name, value in held.items() if name.startswith("now-")), {})

    def wait(self, *steps: str, after_fault: bool = False, patience: float = PATIENCE) -> dict[str, Any]:
        """The state once it is one of these; a fault that is none of them ends it, unless it stood there before."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            state = self.state()
            if state.get("step") in steps:
                return state
            assert after_fault or state.get("step") != "fault", state
            self.home.wait_for_timeout(15)
        raise AssertionError(f"It did not come to {steps}, but to {state}")

    def take(self, page: Page, *steps: str) -> dict[str, Any]:
        """Press, and wait for the end of it."""
        self.worker.evaluate("chrome.storage.session.clear()")
        page.bring_to_front()
        self.press(page)
        try:
            return self.wait(*(steps or ("done",)))
        except AssertionError:  # on a busy machine a press that no hand made is at times granted nothing: a person presses again
            if self.state().get("fault", {}).get("code") != "browser-page" or not page.url.startswith("http"):
                raise
        self.press(page)
        return self.wait(*(steps or ("done",)), after_fault=True)

    # ------------------------------------------------------------ what is seen

    def visit(self, address: str) -> Page:
        page = self.context.new_page()
        page.goto(address)
        return page

    def panel(self, width: int = 380, height: int = 760) -> Page:
        """The panel as a tab of the same window: the same document as beside a page."""
        page = self.context.new_page()
        page.set_viewport_size({"width": width, "height": height})
        page.goto(f"chrome-extension://{ID}/panel.html")
        page.locator("main > *").first.wait_for(state="attached")
        return page

    def clipboard(self) -> str:
        self.home.bring_to_front()
        return self.home.evaluate("navigator.clipboard.readText()")

    def clear_clipboard(self) -> None:
        self.home.bring_to_front()
        self.home.evaluate("navigator.clipboard.writeText('nothing yet')")

    def close_pages(self) -> None:
        for page in self.context.pages:
            if page != self.home:
                page.close()
