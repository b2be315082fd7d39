"""What a press of the browser button costs: from the click to the clipboard, and of the page's own main thread.

    python -m tests.bench.button [--rounds N]

The shipped extension in a real Chromium, a real toolbar click, `leash up` as it is installed, ten pages of the frozen web of
different sites. The clock stops when the page itself reads the text from the clipboard. The capture's milliseconds are those that
its script spent on the page's main thread, on a DOM of 1 MB made for it; the longest gap is that which a timer of the page saw
meanwhile. F1 is that of the clipboard's words against those of `leash text` of the same address.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.conftest import FrozenWeb, free_ports, frozen_program
from tests.extension.button import Button, Profile, unpacked
from tests.extension.f1 import f1
from tests.extension.pages import served
from tests.extension.running import LeashUp, full_browser
from tests.extension.test_click import PAGES

MEGABYTE = """<!DOCTYPE html><html lang="en"><title>One megabyte</title><main><h1>One megabyte</h1></main><script>
const words = "The river goes on between its banks and says the same again in other words".split(" ");
const main = document.querySelector("main");
for (let n = 0; main.innerHTML.length < 1000000; n += 1) for (let part = 0; part < 40; part += 1) {
  const box = document.createElement("div"), line = document.createElement("p"), link = document.createElement("a");
  box.className = "row row-" + n; link.href = "/part/" + n + "/" + part; link.textContent = words[part % words.length] + " " + part;
  line.append(words.join(" ") + " ", link, "."); box.append(line); main.append(box);
}
let last = performance.now(); window.longest = 0;
setInterval(() => { const now = performance.now(); window.longest = Math.max(window.longest, now - last); last = now; }, 1);
</script></html>"""
READ = """async ([before]) => {
    for (const until = Date.now() + 20000; Date.now() < until;) {
        const text = await navigator.clipboard.readText().catch(() => before);
        if (text !== before) return text;
        await new Promise((go) => setTimeout(go, 5));
    }
    throw new Error("nothing came to the clipboard");
}"""


def timed(button: Button, page: Page) -> tuple[float, str]:
    """Milliseconds from the click until the text can be pasted, and the text."""
    page.bring_to_front()
    page.evaluate("navigator.clipboard.writeText('before')")
    target = button.target_of(page)
    began = time.perf_counter()
    button.press_target(target)
    text = page.evaluate(READ, ["before"])
    return 1000 * (time.perf_counter() - began), text


def capture_cost(button: Button, page: Page, rounds: int) -> tuple[list[float], float, int]:
    """The capture's own milliseconds, the longest gap that the page saw, and the characters of HTML."""
    button.take(page)
    found, gaps = [], []
    for _ in range(rounds):
        page.wait_for_timeout(200)
        page.evaluate("longest = 0")
        taken = button.worker.evaluate("""async () => {
            const [tab] = await chrome.tabs.query({active: true, lastFocusedWindow: true});
            const [first] = await chrome.scripting.executeScript({target: {tabId: tab.id}, files: ["capture.js"]});
            return [first.result.ms, first.result.html.length];
        }""")
        found.append(taken[0])
        gaps.append(page.evaluate("longest"))
    return found, statistics.median(gaps), taken[1]


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    proxy, search = free_ports(2)
    cache = Path.home() / ".cache" / "frozenweb"
    command = [sys.executable, str(frozen_program()), "serve", "--small", "--proxy-port", str(proxy), "--search-port", str(search)]
    with (tempfile.TemporaryDirectory() as home, subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as web,
          sync_playwright() as pw, served({"/": "<title>Home</title>", "/megabyte": MEGABYTE}) as pages):
        any(line.startswith("proxy http") for line in web.stdout or ())
        frozen = FrozenWeb(f"http://127.0.0.1:{proxy}", f"http://127.0.0.1:{search}", cache / "ca.pem", Path(home) / "log")
        leash = LeashUp(frozen, Path(home) / "data")
        leash.start()
        try:
            measure(pw, leash, Path(home), pages, rounds)
        finally:
            leash.stop()
            web.kill()


def measure(pw: object, leash: LeashUp, home: Path, pages: str, rounds: int) -> None:
    profile = Profile(pw, full_browser(), home / "profile", unpacked("chromium", home / "extension"), leash.env["LEASH_PROXY"])
    profile.allow("clipboardWrite")
    button = profile.open()
    button.home.goto(pages)
    button.pair(leash.address, leash.code())
    times: list[float] = []
    alike: list[float] = []
    for url in PAGES:
        page = button.visit(url)
        page.wait_for_load_state("networkidle")
        mine = [timed(button, page) for _ in range(rounds)]
        alike.append(f1(mine[-1][1], leash.text(page.url)))
        times += [one for one, _ in mine]
        print(f"{url:70} {statistics.median(one for one, _ in mine):6.0f} ms  F1 {alike[-1]:.4f}")
        page.close()
    print(f"click to clipboard: p50 {percentile(times, 0.5):.0f} ms, p95 {percentile(times, 0.95):.0f} ms, n = {len(times)}")
    print(f"F1 against leash text: least {min(alike):.4f}, mean {statistics.mean(alike):.4f}")
    found, gap, size = capture_cost(button, button.visit(f"{pages}/megabyte"), max(5, rounds))
    print(f"capture of a DOM of {size / 1e6:.2f} MB: median {statistics.median(found):.0f} ms of the main thread, most {max(found):.0f};"
          f" longest gap {gap:.0f} ms")
    button.context.close()


if __name__ == "__main__":
    main()
