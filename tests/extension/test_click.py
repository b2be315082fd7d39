"""A real click in a real Chromium: what reaches the clipboard, and what never leaves the page."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from tests.extension.button import Button
from tests.extension.f1 import f1
from tests.extension.running import LeashUp
from tests.fakes import Answer, Asked, ScriptedSite

PAGES = (
    "https://docs.python.org/3.11/library/json.html", "https://docs.python.org/3.11/whatsnew/3.11.html",
    "https://www.postgresql.org/docs/15/mvcc-intro.html", "https://sqlite.org/wal.html", "https://git-scm.com/docs/git-rebase.html",
    "https://flask.palletsprojects.com/en/2.2.x/quickstart.html", "https://requests.readthedocs.io/en/v2.28.1/user/quickstart.html",
    "https://www.debian.org/doc/debian-policy/debconf_specification.html", "https://history.frozen.test/", "https://varnish.frozen.test/",
)
FAULTS = {"fields": 0, "secrets": 0, "frames": 0, "more_frames": 0, "cut": False}


def leash_text(leash: LeashUp, url: str) -> str:
    """As `leash text` gives it: the same code behind another door."""
    return leash.ask("GET", f"/api/text?{urlencode({'url': url, 'format': 'markdown'})}")


@pytest.mark.parametrize("url", PAGES)
def test_the_clipboard_has_what_leash_makes_of_the_address(button: Button, leash: LeashUp, url: str) -> None:
    page = button.visit(url)
    page.wait_for_load_state("networkidle")
    button.clear_clipboard()
    state = button.take(page)
    assert state["copied"] is True
    pasted = button.clipboard()
    assert f1(pasted, leash_text(leash, page.url)) >= 0.97
    assert pasted == button.kept("shown")[0]["capture"]["text"]


SIGNED_IN = """<!DOCTYPE html><html lang="en"><title>Your orders</title><body>
<main id="m"><h1>Sign in</h1><p>Please sign in to see your orders.</p></main>
<script>document.getElementById("m").innerHTML = "<h1>Your orders</h1>" + Array.from({length: 30}, (_, n) =>
 `<p>Order ${n}: the copper kettle number ${n} was sent on the ${n % 28 + 1}th of May and arrives within the week.</p>`
).join("")</script></body></html>"""


def test_what_a_script_drew_for_the_signed_in_user_is_taken(button: Button, leash: LeashUp, site: Callable) -> None:
    page = button.visit(site({"/orders": SIGNED_IN}) + "/orders")
    button.take(page)
    pasted = button.clipboard()
    assert "copper kettle number 29" in pasted
    assert "Please sign in" not in pasted


SHADOWS = """<!DOCTYPE html><html lang="en"><title>Parts</title><meta name="csrf-token" content="META-SECRET"><body><main>
<h1>The page of parts</h1>
<p>This page is made of parts that a simple reader does not see, and each of them says something of its own to the user.</p>
<wind-card><span slot="name">the slotted name of the wind</span><span>never slotted, never seen</span></wind-card>
<iframe src="/inner"></iframe><iframe src="{elsewhere}/other"></iframe>
<form><label>Who <input name="who" value="TYPED-BY-USER"></label><input type="hidden" name="t" value="HIDDEN-SECRET">
<input type="PASSWORD" value="PASSWORD-SECRET"><textarea>TEXTAREA-SECRET</textarea>
<input name="childNodes"><input name="firstChild"><input name="attributes">
<p>Words inside of the form are words of the page as well and are to be read like those.</p></form>
<p data-access-token="DATA-SECRET">A last paragraph stands here so that the page has an end which can be told from the rest.</p></main>
<script>window.inline = "SCRIPT-SECRET"; customElements.define("wind-card", class extends HTMLElement {{
 constructor() {{ super(); window.made = (window.made || 0) + 1; this.attachShadow({{mode: "open"}}).innerHTML =
  "<p>In the shadow root: <slot name='name'>nobody</slot> blows over the hills of the north all day.</p>"; }} }});
document.querySelector("[type=PASSWORD]").value = "TYPED-PASSWORD";
new MutationObserver((all) => {{ window.changes = (window.changes || 0) + all.length; }}).observe(document,
 {{subtree: true, childList: true, attributes: true, characterData: true}});</script></body></html>"""


def test_shadows_and_frames_are_read_and_secrets_are_not(button: Button, site: Callable) -> None:
    other = site({"/other": "<p>Another site's frame</p>"}).replace("127.0.0.1", "localhost")
    inner = "<title>no</title><p>In the frame of the same site: a paragraph about rain, which falls on the plain in spring.</p>"
    page = button.visit(site({"/": SHADOWS.format(elsewhere=other), "/inner": inner}) + "/")
    page.wait_for_load_state("networkidle")
    before = page.content()
    sent = posted(button, lambda: button.take(page))
    for words in ("In the shadow root", "the slotted name of the wind", "In the frame of the same site", "Words inside of the form",
                  "A last paragraph"):
        assert words in sent["html"]
        assert words in button.clipboard()
    assert "never slotted" not in sent["html"]
    for secret in ("META", "HIDDEN", "PASSWORD", "TEXTAREA", "DATA", "SCRIPT", "TYPED"):
        assert f"{secret}-" not in json.dumps(sent), secret
    assert "Another site" not in sent["html"]
    assert button.kept("shown")[0]["left"] == {**FAULTS, "fields": 2, "secrets": 2, "frames": 1}
    assert page.content() == before
    assert page.evaluate("[window.made, window.changes || 0]") == [1, 0]


def posted(button: Button, act: Callable[[], object]) -> dict:
    """What the extension sent while `act` went on, as it stood on the wire."""
    bodies: list[str] = []

    def hear(request: object) -> None:
        if request.method == "POST" and request.url.endswith("/api/captures"):
            bodies.append(request.post_data)

    button.context.on("request", hear)
    act()
    button.context.remove_listener("request", hear)
    assert len(bodies) == 1
    return json.loads(bodies[0])


HOSTILE = """<!DOCTYPE html><html lang="en"><title>Hostile</title><body><main><h1>A page that fights</h1>
<p>This page rewrites what scripts stand on, and hopes that a reader of it stumbles over one of its traps on the way.</p></main><script>
for (const [holder, names] of [
  [Node.prototype, ["nodeType", "childNodes", "firstChild", "lastChild", "previousSibling", "textContent"]],
  [Element.prototype, ["localName", "attributes", "shadowRoot", "outerHTML"]],
  [Document.prototype, ["documentElement", "title", "body"]],
]) for (const name of names) Object.defineProperty(holder, name, {get() { for (;;); }});
const trap = () => { throw new Error("trap"); };
Array.prototype.push = Array.prototype.pop = String.prototype.replace = JSON.stringify = Promise.prototype.then = trap;
window.setTimeout = window.fetch = null; Object.prototype.toJSON = () => "trap"; Object.freeze(Object.prototype);
document.getSelection = window.getSelection = () => { throw new Error("trap"); };</script></body></html>"""


def test_a_page_that_rewrites_prototypes_is_read_like_any_other(button: Button, site: Callable) -> None:
    page = button.visit(site({"/": HOSTILE}) + "/")
    button.take(page)
    assert "stumbles over one of its traps" in button.clipboard()


def test_five_thousand_frames_are_bounded_and_said(button: Button, site: Callable) -> None:
    html = """<!DOCTYPE html><title>Frames</title><main><h1>Frames without end</h1>
    <p>This page holds five thousand frames, which is more than anybody can read.</p></main>
    <script>for (let n = 0; n < 5000; n += 1) document.body.append(document.createElement("iframe"));</script>"""
    page = button.context.new_page()
    page.goto(site({"/": html}) + "/", timeout=120_000)
    button.take(page)
    assert button.kept("shown")[0]["left"] == {**FAULTS, "more_frames": 4800}
    assert "more than anybody can read" in button.clipboard()


def test_a_page_of_fifty_megabytes_is_cut_and_never_freezes(button: Button, site: Callable) -> None:
    html = """<!DOCTYPE html><title>Long</title><main><h1>Long</h1></main><script>
    const line = "The river goes on and on between its banks and says the same again in other words. ".repeat(60);
    const main = document.querySelector("main");
    const add = (n) => { main.append(document.createElement("p")); main.lastChild.textContent = n + line; };
    for (let n = 0; n < 10000; n += 1) add(n);
    let last = performance.now(); window.longest = 0;
    setInterval(() => { const now = performance.now(); window.longest = Math.max(window.longest, now - last); last = now; }, 5);
    </script>"""
    page = button.context.new_page()
    page.goto(site({"/": html}) + "/", timeout=120_000)
    page.evaluate("new Promise((go) => setTimeout(() => { longest = 0; go(); }, 1500))")
    state = button.take(page, "done", "fault")
    if state["step"] == "done":
        assert button.kept("shown")[0]["left"]["cut"] is True
    else:
        assert state["fault"]["code"] in ("no-text", "too-large", "no-worker"), state
        assert state["fault"]["detail"]
    assert page.evaluate("longest") < 1000


VTT = """WEBVTT

00:00:01.000 --> 00:00:04.000
<v Ann>Welcome to the talk on kites.</v>

1
00:01:05.500 --> 00:01:09.000
The string must hold.
"""
TALK = """<!DOCTYPE html><html lang="en"><title>A talk</title><main><h1>A talk on kites</h1>
<p>The recording of a talk that was held in the spring on how to build a kite from paper.</p>
<video controls><track kind="captions" src="/talk.vtt" srclang="en"></video></main></html>"""


def test_a_talk_brings_its_transcript_with_times(button: Button, site: Callable) -> None:
    page = button.visit(site({"/": TALK, "/talk.vtt": VTT}) + "/")
    button.take(page)
    pasted = button.clipboard()
    assert "Transcript" in pasted
    assert "[0:01] Welcome to the talk on kites." in pasted.replace("\\", "")
    assert "[1:05] The string must hold." in pasted.replace("\\", "")
    assert page.evaluate("document.querySelector('track').track.mode") == "disabled"


LISTED = """<!DOCTYPE html><html lang="en"><title>Choice</title><main><h1>Choice</h1><p>First paragraph, which nobody has chosen.</p>
<p id="a">Second paragraph, of which the end is chosen by the user.</p><pre id="b">line one
line two</pre><p>Third paragraph, which nobody has chosen.</p></main></html>"""


def test_a_selection_is_taken_alone(button: Button, site: Callable) -> None:
    page = button.visit(site({"/": LISTED}) + "/")
    page.evaluate("""() => { const range = document.createRange(); range.setStart(document.getElementById("a").firstChild, 18);
        range.setEnd(document.getElementById("b").firstChild, 8); getSelection().addRange(range); }""")
    sent = posted(button, lambda: button.take(page))
    assert sent["selection"] is True
    assert "of which the end is chosen" in sent["html"]
    assert "line one" in sent["html"]
    assert "<pre" in sent["html"]
    for left in ("nobody", "Second", "line two"):
        assert left not in sent["html"]
    assert page.evaluate("getSelection().toString().length") > 20


def test_a_navigation_in_the_middle_ends_in_a_text_or_a_sentence(button: Button, site: Callable) -> None:
    page = button.visit(site({"/": LISTED, "/next": LISTED.replace("Choice", "Next")}) + "/")
    page.evaluate("setTimeout(() => { location.href = '/next'; })")
    state = button.take(page, "done", "fault")
    assert state["step"] == "done" or state["fault"]["code"] == "page-moved"


def test_a_tab_that_closes_in_the_middle_is_said(button: Button) -> None:
    """While the capture waits for the captions of a talk."""
    asked = threading.Event()

    def answer(path: Asked) -> Answer:
        if path.path != "/talk.vtt":
            return Answer((TALK.encode(),), kind="text/html")
        asked.set()
        return Answer((VTT.encode(),), kind="text/vtt", wait=1.4)

    with ScriptedSite(answer) as site:
        page = button.visit(site.base + "/")
        button.worker.evaluate("chrome.storage.session.clear()")
        button.press(page)
        assert asked.wait(10)
        page.close()
        assert button.wait("fault")["fault"]["code"] in ("tab-closed", "page-moved")


@pytest.mark.parametrize("url", ["chrome://version/", "chrome://settings/"])
def test_a_page_of_the_browsers_own_is_refused_with_a_sentence(button: Button, url: str) -> None:
    state = button.take(button.visit(url), "fault")
    assert state["fault"]["code"] == "browser-page"


def test_the_key_is_assigned(button: Button) -> None:
    commands = button.worker.evaluate("chrome.commands.getAll()")
    assert [command["shortcut"] for command in commands] == ["Alt+Shift+Y"]


def test_it_asks_for_nothing_that_warns(button: Button) -> None:
    manifest = json.dumps(button.worker.evaluate("chrome.runtime.getManifest()"))
    warnings = button.worker.evaluate("(manifest) => chrome.management?.getPermissionWarningsByManifest?.(manifest) ?? []", manifest)
    assert warnings == []
    assert button.worker.evaluate("chrome.permissions.getAll()")["origins"] == []


PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj
trailer<</Root 1 0 R>>"""


def test_a_pdf_in_the_viewer_is_told(button: Button, site: Callable) -> None:
    page = button.context.new_page()
    page.goto(site({"/paper.pdf": PDF}) + "/paper.pdf")
    state = button.take(page, "pdf", "fault")
    assert state["step"] == "pdf" or state["fault"]["code"] == "browser-page"
    panel = button.panel()
    panel.get_by_role("button", name="Fetch it").wait_for()
