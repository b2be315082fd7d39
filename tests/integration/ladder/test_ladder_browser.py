"""The ladder's last rung: what is read with the browser, and when it is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.errors import Unreadable, Walled
from agent.extract.document import FROM_DATA
from agent.extract.want import Want
from agent.read import Reader, Validators
from agent.settings import Settings
from server.store import open_store
from tests.conftest import FrozenWeb
from tests.integration.ladder.conftest import BODY, HERON, SHELL, World, html

# ------------------------------------------------------------------ the browser


DRAWS = f"document.getElementById('root').innerHTML = {('<main>' + BODY + '</main>')!r}"


def test_a_page_that_a_script_draws_is_read_by_the_browser(drawn: World) -> None:
    url = drawn.put("/heron", SHELL.format(script=DRAWS), ETag='"1"')
    read = drawn.reader.open(url, Want())
    assert read.page.rung == "browser"
    assert "Most of its strikes miss." in read.page.text
    assert "Most of its strikes miss." in read.markdown
    assert read.validators == Validators()  # the shell's say nothing of the text
    assert read.page.picture is None  # text for programs; nobody keeps the page
    assert any("a script draws it" in note for note in read.notes)


BLANK, MOST_BYTES = 6_000, 150_000  # of a JPEG of nothing, and of what is kept


def test_a_page_is_kept_as_the_browser_saw_it(drawn: World, tmp_path: Path) -> None:
    long = f"document.getElementById('root').innerHTML = {('<main>' + BODY * 30 + '</main>')!r}"
    page = drawn.reader.read(drawn.put("/heron", SHELL.format(script=long)))
    assert page.picture.startswith(b"\xff\xd8\xff")
    assert BLANK < len(page.picture) <= MOST_BYTES  # its top, though it was scrolled to its end
    store = open_store(Settings(_env_file=None, data_dir=tmp_path))
    run = store.runs.claim(store.runs.add("Why?", "quick", False).id, "w", 60)
    store.shelf(run).keep(page)
    assert store.shelf(run).page(page.sha256) == page
    assert store.pages.picture(page.sha256) == page.picture
    store.close()


def test_a_page_of_noise_has_a_small_picture_or_none(drawn: World) -> None:
    noise = """;const c = document.createElement('canvas'); c.width = 640; c.height = 500;
      c.style = 'position:absolute;top:0;left:0;width:1280px;height:1000px;image-rendering:pixelated';
      const at = c.getContext('2d'), all = at.createImageData(640, 500);
      for (let n = 0; n < all.data.length; n += 1) all.data[n] = n % 4 == 3 ? 255 : Math.random() * 256;
      at.putImageData(all, 0, 0); document.body.append(c)"""
    page = drawn.reader.read(drawn.put("/noise", SHELL.format(script=DRAWS + noise)))
    assert "Most of its strikes miss." in page.text
    assert len(page.picture or b"") <= MOST_BYTES


def test_a_page_that_came_over_http_has_no_picture(drawn: World) -> None:
    page = drawn.reader.read(drawn.put("/heron", html(BODY)))
    assert (page.rung, page.picture) == ("http", None)


MORE = """<div id=rest></div><button id=more>{name}</button><script>
document.getElementById('more').onclick = (event) => {{
  document.getElementById('rest').innerHTML = '<p>It can swim, too.</p>'; event.target.remove(); }};</script>"""


@pytest.mark.parametrize("name", ["Show more", "Continue reading", "Weiterlesen", "Lire la suite"])
def test_the_part_behind_the_button_is_read(drawn: World, name: str) -> None:
    page = drawn.reader.read(drawn.put("/heron", html(BODY + MORE.format(name=name))), "agent")
    assert page.rung == "browser"
    assert "It can swim, too." in page.text
    assert "Most of its strikes miss." in page.text


def test_a_button_in_the_menu_is_no_reason_for_the_browser(drawn: World) -> None:
    menu = "<nav><button aria-expanded=false>Show more</button></nav>"
    assert drawn.reader.read(drawn.put("/heron", html(menu + BODY)), "agent").rung == "http"


def test_the_browser_can_be_asked_for(drawn: World) -> None:
    assert drawn.reader.open(drawn.put("/heron", html(BODY)), browser=True).page.rung == "browser"


@pytest.mark.parametrize("outer", [
    "<html><title>Birds</title><frameset cols='20%,80%'><frame src='/menu'><frame src='/inner'></frameset></html>",
    "<html><title>Birds</title><body><iframe src='/inner'></iframe></body></html>",
    "<html><title>Birds</title><body><heron-card></heron-card><script>customElements.define('heron-card', class extends HTMLElement {"
    f"constructor() {{ super(); this.attachShadow({{mode: 'open'}}).innerHTML = {BODY!r}; }} }});</script></body></html>",
])
def test_frames_and_shadow_roots_are_read(drawn: World, outer: str) -> None:
    drawn.put("/inner", html(BODY))
    drawn.put("/menu", html("<a href=/>Home</a>"))
    read = drawn.reader.open(drawn.put("/heron", outer))
    assert read.page.rung == "browser"
    assert "Most of its strikes miss." in read.page.text


SCRIPT = "<script>document.title += ''</script>"


def test_a_small_part_is_no_reason_for_the_browser(world: World) -> None:
    read = world.reader.open(world.put("/heron", html("<h2>Habits</h2>" + BODY + SCRIPT)), Want(selector="h2"))
    assert (read.page.rung, read.markdown.strip(), read.notes) == ("http", "## Habits", ())


def test_a_selector_is_not_answered_with_the_sites_whole_markdown(world: World) -> None:
    world.put("/heron.md", "# The heron\n\n" + "It stands still and waits. " * 30, "text/markdown")
    head = '<link rel="alternate" type="text/markdown" href="/heron.md">'
    read = world.reader.open(world.put("/heron", html("<h2>Habits</h2><p>It stands still and waits.</p>" * 9, head)), Want(selector="h2"))
    assert read.page.rung == "http"
    assert "waits" not in read.markdown
    assert "markdown" not in next(asked for asked in world.site.asked if asked.path == "/heron").headers["accept"]


def test_a_selector_that_matches_nothing_is_told(drawn: World) -> None:
    url = drawn.put("/heron", html(BODY + SCRIPT))
    with pytest.raises(Unreadable, match=r"^Nothing on the page matches the selector “\.nest”\. Check the selector"):
        drawn.reader.open(url, Want(selector=".nest"))


def test_a_selector_may_be_for_what_a_script_draws(drawn: World) -> None:
    url = drawn.put("/heron", SHELL.format(script=DRAWS))
    read = drawn.reader.open(url, Want(selector="p"))
    assert read.page.rung == "browser"
    assert "Most of its strikes miss." in read.markdown


def test_a_wall_that_a_script_draws_is_a_wall(drawn: World) -> None:
    inner = "<h1>Log in</h1><form><label>Password <input type=password></label><button>Log in</button></form>"
    with pytest.raises(Walled) as fault:
        drawn.reader.open(drawn.put("/heron", SHELL.format(script=f"document.getElementById('root').innerHTML = {inner!r}")), seconds=8)
    assert fault.value.wall == "login"


def test_a_shell_is_not_taken_for_the_page_where_no_browser_is(world: World) -> None:
    with pytest.raises(Unreadable, match="a script draws it, and the browser could not show it: There is no browser here"):
        world.reader.open(world.put("/heron", SHELL.format(script="")))


def test_what_http_gave_is_kept_where_no_browser_is(world: World) -> None:
    read = world.reader.open(world.put("/heron", html(BODY + MORE.format(name="Show more"))))
    assert read.page.rung == "http"
    assert any("breaks off at a button" in note for note in read.notes)


# ------------------------------------------------------------------ the script sites of the frozen web


@pytest.fixture(scope="module")
def frozen(frozen_web: FrozenWeb, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    from agent.tools import open_tools

    settings = Settings(_env_file=None, proxy=frozen_web.proxy, ca_bundle=frozen_web.ca, page_seconds=20, extract_seconds=20,
                        data_dir=tmp_path_factory.mktemp("data"))
    tools = open_tools(settings, model=False)
    yield tools.reader
    tools.close()


@pytest.mark.parametrize(("host", "every"), [("varnish.frozen.test", 40), ("history.frozen.test", 15)])
def test_the_script_sites_give_what_their_shells_hide(frozen: Reader, host: str, every: int) -> None:
    from tests.bench.ladder import walk_site

    walked = walk_site(frozen, host, every)
    assert len(walked) >= 3
    assert [page for page in walked if not page.whole] == []


# ------------------------------------------------------------------ data in a shell's markup

TOLD = json.dumps({"props": {"post": {"title": "The heron", "body": BODY}, "others": [f"<p>{HERON.replace('heron', 'stork')}</p>"]}})
FULL = SHELL.replace("<script>", f'<script id="__NEXT_DATA__" type="application/json">{TOLD}</script><script>')


def told(script: str) -> str:
    return FULL.replace("{script}", script)


def test_where_no_browser_is_data_in_the_markup_is_the_text(world: World) -> None:
    read = world.reader.open(world.put("/heron", told("")), Want())
    assert read.page.rung == "http"
    assert read.markdown.startswith("# The heron")
    assert "Most of its strikes miss." in read.page.text
    assert FROM_DATA in read.notes
    assert any("could not show it" in note for note in read.notes)


def test_the_browser_comes_before_the_data_where_it_shows_the_page(drawn: World) -> None:
    read = drawn.reader.open(drawn.put("/heron", told(DRAWS)), Want())
    assert read.page.rung == "browser"
    assert "Most of its strikes miss." in read.page.text
    assert FROM_DATA not in read.notes


def test_where_the_browser_shows_nothing_the_data_stays(drawn: World) -> None:
    read = drawn.reader.open(drawn.put("/heron", told("")), Want())
    assert "Most of its strikes miss." in read.page.text
    assert FROM_DATA in read.notes


# ------------------------------------------------------------------ a page behind a question about cookies

ASKED = ("<title>Before you continue</title><body><div id=consent style='position:fixed;bottom:0;left:0;right:0;height:200px'><h1>Before "
         "you continue</h1><p>We use cookies to show you ads. You may accept or reject them.</p><button onclick=\""
         "document.getElementById('consent').outerHTML = {main}\">Accept all</button></div><script>ask()</script>")


def test_consent_is_given_by_the_browser_alone(drawn: World, world: World) -> None:
    main = json.dumps(f"<main>{BODY}</main>").replace('"', "&quot;")
    read = drawn.reader.open(drawn.put("/asks", ASKED.replace("{main}", main)), Want())
    assert read.page.rung == "browser"
    assert "Most of its strikes miss." in read.page.text


def test_without_a_browser_the_question_about_cookies_is_told(world: World) -> None:
    with pytest.raises(Walled, match="about cookies") as told_of:
        world.reader.open(world.put("/asks", ASKED), Want())
    assert told_of.value.wall == "consent"
