"""The ladder on pages of every sort: the site's Markdown, HTTP, the browser; robots.txt, walls, and what is told of each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from agent.errors import BadStatus, Refused, Unreadable, Walled
from agent.extract.child import Children
from agent.extract.want import Want
from agent.fetch.browser import Browser
from agent.fetch.egress import Egress
from agent.fetch.http import Http
from agent.fetch.robots import Robots
from agent.read import Reader, Validators
from agent.settings import Settings
from server.store import open_store
from tests.conftest import FrozenWeb
from tests.fakes import Answer, Asked, ScriptedSite, answer_text

HERON = ("The grey heron stands at the edge of the water and waits. It eats fish, frogs, voles and what else it can swallow. "
         "Most of its strikes miss. It nests in colonies, high in trees, and comes back to the same nest each spring. ")
BODY = f"<h1>The heron</h1><p>{HERON}</p><p>{HERON.replace('heron', 'egret')}</p>"
MARKDOWN = f"# The heron\n\n{HERON}\n\n{HERON.replace('heron', 'egret')}\n\n## Only in Markdown\n\nIt can swim, too.\n"
SHELL = "<title>Birds</title><div id=root>Loading…</div><script>{script}</script>"


def html(body: str, head: str = "") -> str:
    return f'<!doctype html><html lang="en"><head><title>The heron</title>{head}</head><body><main>{body}</main></body></html>'


@dataclass
class World:
    """A site of scripted pages, by path, and a reader that may open it. `asked` are the paths that were asked for."""

    site: ScriptedSite
    reader: Reader
    pages: dict[str, Answer] = field(default_factory=dict)

    def url(self, path: str = "/") -> str:
        return self.site.base + path

    @property
    def asked(self) -> list[str]:
        return [asked.path for asked in self.site.asked if asked.path != "/robots.txt"]

    def put(self, path: str, text: str, kind: str = "text/html", **headers: str) -> str:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = answer_text(text, kind, headers=named)
        return self.url(path)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Egress]]:
    settings = Settings(_env_file=None, allow_nets=["127.0.0.1"], data_dir=tmp_path_factory.mktemp("data"), page_seconds=20,
                        extract_seconds=20)
    opened = Egress(settings).start()
    yield settings, opened
    opened.close()


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    made = Children("agent.extract.document:extract", 1, 20, 1_000_000_000)
    yield made
    made.close()


@pytest.fixture(scope="module")
def headless(door: tuple[Settings, Egress]) -> Iterator[Browser]:
    made = Browser(*door)
    yield made
    made.close()


@pytest.fixture
def world(door: tuple[Settings, Egress], children: Children) -> Iterator[World]:
    """Without a browser."""
    settings, egress = door
    http = Http(settings, egress)
    pages: dict[str, Answer] = {}

    def answer(asked: Asked) -> Answer:
        found = pages.get(asked.path, answer_text("<h1>Not found</h1>", status=404))
        known = found.headers.get("ETag")
        return Answer((), 304, headers=found.headers) if known and asked.headers.get("if-none-match") == known else found

    with ScriptedSite(answer) as site:
        yield World(site, Reader(settings, http, children, None, Robots(http)), pages)
    http.close()


@pytest.fixture
def drawn(world: World, headless: Browser) -> World:
    """With one."""
    world.reader = replace(world.reader, browser=headless)
    return world


# ------------------------------------------------------------------ the site's own Markdown


def test_every_request_says_that_markdown_is_liked_best(world: World) -> None:
    world.reader.open(world.put("/heron", html(BODY)))
    accept = next(asked.headers["accept"] for asked in world.site.asked if asked.path == "/heron")
    assert accept.startswith("text/markdown,text/html;q=0.9")


def test_markdown_by_negotiation_is_its_own_rung_and_costs_no_request(world: World) -> None:
    read = world.reader.open(world.put("/heron", MARKDOWN, "text/markdown; charset=utf-8"))
    assert (read.page.rung, read.format, read.page.html) == ("markdown", "markdown", None)
    assert "It can swim, too." in read.page.text
    assert world.asked == ["/heron"]
    assert world.reader.read(world.url("/heron")).rung == "markdown"


def test_html_sent_as_markdown_is_read_as_what_it_is(world: World) -> None:
    read = world.reader.open(world.put("/heron", html(BODY), "text/markdown"))
    assert (read.page.rung, read.format) == ("http", "html")
    assert "Most of its strikes miss." in read.page.text


def test_markdown_that_says_not_found_is_not_believed(world: World) -> None:
    with pytest.raises(Walled, match="no such page") as fault:
        world.reader.open(world.put("/heron", "# Page not found\n\nSorry.\n", "text/markdown"))
    assert fault.value.wall == "missing"


LINKED = '<link rel="alternate" type="text/markdown" href="/heron.md">'


def test_linked_markdown_is_fetched_for_the_user_and_spared_for_the_agent(world: World) -> None:
    url = world.put("/heron", html(BODY, LINKED))
    world.put("/heron.md", MARKDOWN, "text/markdown")
    read = world.reader.open(url)
    assert (read.page.rung, read.page.final_url) == ("markdown", world.url("/heron.md"))
    assert "It can swim, too." in read.page.text
    assert any(world.url("/heron.md") in note for note in read.notes)
    assert world.reader.read(url).rung == "http"
    assert world.asked == ["/heron", "/heron.md", "/heron"]


def test_linked_markdown_spares_a_page_that_a_script_draws_the_browser(world: World) -> None:
    world.put("/heron.md", MARKDOWN, "text/plain")
    page = world.reader.read(world.put("/heron", LINKED + SHELL.format(script="")))
    assert page.rung == "markdown"
    assert "Most of its strikes miss." in page.text


@pytest.mark.parametrize(("text", "kind"), [
    (html(BODY), "text/markdown"), ("# 404 page not found\n", "text/markdown"),
    ("# Owls\n\n" + "An owl hunts by night. " * 60, "text/markdown"),
    ("# The heron\n\nSoon.", "text/markdown"),
])
def test_linked_markdown_that_is_not_this_page_is_not_believed(world: World, text: str, kind: str) -> None:
    world.put("/heron.md", text, kind)
    read = world.reader.open(world.put("/heron", html(BODY, LINKED)))
    assert read.page.rung == "http"
    assert "Most of its strikes miss." in read.page.text


@pytest.mark.parametrize(("head", "body", "headers"), [
    ("", '<a href="/heron.md">View as Markdown</a>', {}),
    ("", "", {"Link": '</heron.md>; rel="alternate"; type="text/markdown"'}),
])
def test_markdown_is_found_by_the_pages_button_and_by_its_header(world: World, head: str, body: str, headers: dict[str, str]) -> None:
    world.put("/heron.md", MARKDOWN, "text/markdown")
    assert world.reader.open(world.put("/heron", html(BODY + body, head), **headers)).page.rung == "markdown"


def test_markdown_on_another_host_is_left_alone(world: World) -> None:
    link = '<link rel="alternate" type="text/markdown" href="https://elsewhere.example/heron.md">'
    assert world.reader.open(world.put("/heron", html(BODY, link))).page.rung == "http"


def test_nothing_is_asked_for_on_suspicion(world: World) -> None:
    world.reader.open(world.put("/heron", html(BODY)))
    assert world.asked == ["/heron"]


# ------------------------------------------------------------------ llms.txt


def test_the_llms_txt_beside_a_root_is_told_of(world: World) -> None:
    world.put("/llms.txt", "# Birds\n\n> All of them.\n\n- [Heron](/heron.md)\n", "text/plain")
    read = world.reader.open(world.put("/", html(BODY)))
    assert read.page.rung == "http"
    assert read.offers["llms"] == world.url("/llms.txt")
    assert any("/llms.txt" in note for note in read.notes)


@pytest.mark.parametrize("text", [html("<p>Nothing here.</p>"), "# Page not found\n", "nothing"])
def test_an_llms_txt_that_is_a_soft_404_is_not_believed(world: World, text: str) -> None:
    world.put("/llms.txt", text, "text/plain")
    read = world.reader.open(world.put("/", html(BODY)))
    assert "llms" not in read.offers
    assert not any("llms" in note for note in read.notes)


def test_the_llms_txt_stands_for_a_root_that_only_a_script_draws(world: World) -> None:
    world.put("/llms.txt", f"# Birds\n\n> {HERON}\n\n- [Heron](/heron.md): how it lives\n", "text/plain")
    read = world.reader.open(world.put("/", SHELL.format(script="")))
    assert (read.page.rung, read.page.final_url) == ("markdown", world.url("/llms.txt"))
    assert any("overview" in note for note in read.notes)


def test_a_linked_llms_txt_is_offered_and_not_opened(world: World) -> None:
    read = world.reader.open(world.put("/a/heron", html(BODY, '<link rel="describedby" href="/llms.txt" type="text/plain">')))
    assert read.offers["llms"] == world.url("/llms.txt")
    assert world.asked == ["/a/heron"]


# ------------------------------------------------------------------ captions


PLAYER = {"videoDetails": {"videoId": "heron000001", "title": "A heron waits", "shortDescription": HERON, "lengthSeconds": "60"},
          "captions": {"playerCaptionsTracklistRenderer": {"captionTracks": [{"baseUrl": "/captions", "languageCode": "en"}]}}}
VTT = "WEBVTT\n\n00:01.000 --> 00:03.000\nIt stands quite still.\n\n00:05.000 --> 00:08.000\nAnd there it strikes!\n"


def test_the_transcript_of_a_video_stands_after_its_description(world: World) -> None:
    script = f"var ytInitialPlayerResponse = {json.dumps(PLAYER)};"
    url = world.put("/watch", f"<html><title>A heron waits</title><script>{script}</script></html>")
    assert "Transcript" not in world.reader.open(url).page.text
    world.put("/captions", VTT, "text/vtt")
    text = world.reader.open(url).page.text
    assert text.index("Most of its strikes miss.") < text.index("## Transcript") < text.index("And there it strikes!")


# ------------------------------------------------------------------ unchanged


def test_a_page_that_is_unchanged_is_not_sent_again(world: World) -> None:
    url = world.put("/heron", html(BODY), ETag='"1"')
    read = world.reader.open(url)
    assert read.validators == Validators('"1"', "")
    assert world.reader.open(url, known=read.validators) is None
    world.put("/heron", html(BODY), ETag='"2"')
    assert world.reader.open(url, known=read.validators).validators.etag == '"2"'


def test_a_site_that_asks_for_a_short_pause_gets_it_once(world: World) -> None:
    url, waits = world.put("/heron", html(BODY)), [1, 1]
    page = world.pages["/heron"]

    class Busy(dict):
        def get(self, path: str, default: Answer | None = None) -> Answer | None:
            if path == "/heron" and waits:
                waits.pop()
                return Answer((), 429, headers={"Retry-After": "0"})
            return super().get(path, default)

    world.site._script = lambda asked: Busy({"/heron": page}).get(asked.path, answer_text("", status=404))
    with pytest.raises(BadStatus) as fault:
        world.reader.open(url)
    assert fault.value.status == 429
    waits[:] = [1]
    assert "Most of its strikes miss." in world.reader.open(url).page.text


def test_a_long_pause_is_told_and_not_waited_for(world: World) -> None:
    world.pages["/heron"] = Answer((), 503, headers={"Retry-After": "3600"})
    with pytest.raises(BadStatus, match="Try again in 3600 s") as fault:
        world.reader.open(world.url("/heron"))
    assert fault.value.retry_after == 3600
    assert world.asked == ["/heron"]


# ------------------------------------------------------------------ robots.txt and signals


def test_robots_txt_binds_the_agent_and_not_the_user(world: World) -> None:
    world.put("/robots.txt", "User-agent: *\nDisallow: /private/\n", "text/plain")
    url = world.put("/private/heron", html(BODY))
    with pytest.raises(Refused, match=r"The site's robots.txt asks programs not to open this address"):
        world.reader.read(url, "agent")
    assert world.asked == []
    read = world.reader.open(url)
    assert "Most of its strikes miss." in read.page.text
    assert any("asks programs not to open" in note and "You gave the address" in note for note in read.notes)


def test_a_redirect_does_not_lead_the_agent_past_robots_txt(world: World) -> None:
    world.put("/robots.txt", "User-agent: leash\nDisallow: /private/\n", "text/plain")
    world.put("/private/heron", html(BODY))
    world.pages["/open"] = Answer((), 302, headers={"Location": "/private/heron", "Content-Length": "0"})
    with pytest.raises(Refused, match="not to open"):
        world.reader.read(world.url("/open"), "agent")
    assert "/private/heron" not in world.asked


def test_content_signals_bind_the_agent_and_are_told_to_the_user(world: World) -> None:
    world.put("/robots.txt", "User-agent: *\nContent-Signal: search=yes, ai-input=no\nAllow: /\n", "text/plain")
    url = world.put("/heron", html(BODY, '<meta name="robots" content="noai">'), X_Robots_Tag="noai, noimageai")
    with pytest.raises(Refused, match="ai-input=no"):
        world.reader.read(url, "agent")
    notes = " ".join(world.reader.open(url).notes)
    assert "ai-input=no" in notes
    assert "X-Robots-Tag: noai" in notes
    assert "robots: noai" in notes


def test_robots_txt_is_asked_for_once_a_site(world: World) -> None:
    for number in range(3):
        world.reader.read(world.put(f"/{number}", html(BODY)), "agent")
    assert [asked.path for asked in world.site.asked].count("/robots.txt") == 1


def test_a_site_whose_robots_txt_is_broken_is_left_alone_by_the_agent(world: World) -> None:
    url = world.put("/heron", html(BODY))
    world.pages["/robots.txt"] = Answer((), 500)
    with pytest.raises(Refused, match="could not say what programs may open"):
        world.reader.read(url, "agent")
    assert world.reader.open(url).page.rung == "http"


# ------------------------------------------------------------------ walls


WALLS = {
    "challenge": '<title>Just a moment...</title><div id="cf-challenge"></div><p>Verify you are human by completing the action below.</p>'
                 '<script src="/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1"></script>',
    "login": "<title>Log in – Birds</title><h1>Log in</h1><form><label>Name<input name=u></label>"
             "<label>Password<input type=password></label><button>Log in</button></form>",
    "missing": "<title>Page not found – Birds</title><h1>Page not found</h1><p>Sorry. Perhaps the search helps.</p>",
    "paywall": "<title>Herons</title><script type='application/ld+json'>{\"isAccessibleForFree\": false}</script>"
               "<article><h1>Herons</h1><p>They wait.</p><p>Subscribe to continue reading.</p></article>",
}


@pytest.mark.parametrize("wall", WALLS)
def test_a_wall_is_told_and_never_taken_for_the_page(world: World, wall: str) -> None:
    with pytest.raises(Walled) as fault:
        world.reader.open(world.put("/heron", WALLS[wall]))
    assert fault.value.wall == wall
    assert "127.0.0.1" in str(fault.value)
    assert isinstance(fault.value, Unreadable)


def test_a_test_that_says_so_in_its_headers_is_a_wall_whatever_its_status(world: World) -> None:
    world.pages["/heron"] = Answer((b"x",), 403, headers={"cf-mitigated": "challenge"})
    with pytest.raises(Walled, match="proof that a person is reading"):
        world.reader.open(world.url("/heron"))


def test_the_first_part_before_a_paywall_is_kept_and_said(world: World) -> None:
    body = f"<script type='application/ld+json'>{{\"isAccessibleForFree\": false}}</script><article>{BODY}</article>"
    read = world.reader.open(world.put("/heron", html(body)))
    assert read.wall == "paywall"
    assert "Most of its strikes miss." in read.page.text
    assert any("first part" in note for note in read.notes)


def test_a_page_about_logins_is_no_wall(world: World) -> None:
    form = "<form><input type=password><button>Log in</button></form>"
    assert "strikes miss" in world.reader.open(world.put("/heron", html(BODY * 3 + form))).page.text


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
