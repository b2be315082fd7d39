"""The ladder without a browser: the site's Markdown, HTTP, robots.txt, walls, and what is told of each."""

from __future__ import annotations

import gzip
import json

import pytest

from agent.errors import BadStatus, FetchError, Refused, Unreadable, Walled
from agent.extract.want import Want
from agent.read import Validators
from server.reading import reading_of
from tests.fakes import Answer, answer_text
from tests.integration.ladder.conftest import BODY, HERON, MARKDOWN, SHELL, World, html

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


# ------------------------------------------------------------------ a reply that breaks off

def test_a_page_that_breaks_off_is_kept_as_far_as_it_came(world: World) -> None:
    packed = gzip.compress(html("".join(f"<p>{n}. {HERON}</p>" for n in range(300))).encode())
    named = {"ETag": '"1"', "Cache-Control": "max-age=9000", "Content-Encoding": "gzip"}
    world.pages["/half"] = Answer((packed[:len(packed) // 2],), kind="text/html", headers=named)
    read = world.reader.open(world.url("/half"), Want())
    assert "Most of its strikes miss." in read.page.text
    assert any("broke off before the end" in note for note in read.notes)
    assert (read.whole, read.validators) == (False, Validators())  # asked again, its site cannot call it unchanged
    kept = reading_of(read, read.page.url, 1000.0)
    assert not kept.is_fresh(1000.0)
    world.pages["/half"] = Answer((packed,), kind="text/html", headers=named)
    whole = world.reader.open(world.url("/half"), Want())
    assert "299. The grey heron" in whole.page.text
    assert (whole.whole, whole.validators.etag, any("broke off" in note for note in whole.notes)) == (True, '"1"', False)
    assert reading_of(whole, whole.page.url, 1000.0).is_fresh(1000.0)


def test_of_what_gives_no_text_as_it_broke_off_that_is_the_reason(world: World) -> None:
    world.pages["/bit"] = Answer((b"<!doctype html><html><head><title>The",), kind="text/html", headers={"Content-Length": "5000"})
    with pytest.raises(FetchError, match="broke off the connection before the page was there"):
        world.reader.open(world.url("/bit"), Want())
