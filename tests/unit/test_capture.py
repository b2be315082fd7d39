"""From what a browser sent to a page, without a child process; and what is kept of its HTML."""

from __future__ import annotations

from typing import Any

import pytest

from agent.capture import FOR_PAY, Sent, read_sent
from agent.errors import Unreadable, Walled
from agent.extract.bare import bare
from agent.extract.document import extract

URL = "https://paper.example/story"
STORY = "<p>" + "The bridge was opened by its keeper at dawn, and nobody in the town had known of it before. " * 12 + "</p>"
NOT_FREE = '<script type="application/ld+json">{"@type": "NewsArticle", "isAccessibleForFree": false}</script>'


class Here:
    """A twin of the children that works in this process."""

    def run(self, *args: Any, seconds: float | None = None) -> Any:
        return extract(*args)


class Failing:
    def run(self, *args: Any, seconds: float | None = None) -> Any:
        raise Unreadable("Making text of the page took longer than 5 s, so Leash gave it up.")


def read(html: str, selection: bool = False, title: str = "", children: Any = None):
    whole = html if selection else f"<html><head></head><body>{html}</body></html>"
    return read_sent(Sent(URL, title, whole, selection, "2026-01-02T03:04:05+00:00"), children or Here())


def test_a_page_is_the_users_own_and_knows_when_it_was_sent() -> None:
    page = read(f"<title>Dawn</title><main><h1>Dawn</h1>{STORY}</main>").page
    assert (page.rung, page.chosen_by, page.url, page.final_url) == ("capture", "user", URL, URL)
    assert (page.title, page.fetched_at) == ("Dawn", "2026-01-02T03:04:05+00:00")


def test_of_a_page_that_is_sold_what_the_browser_showed_is_kept_and_said() -> None:
    got = read(f"{NOT_FREE}<title>Dawn</title><main><h1>Dawn</h1>{STORY}</main>")
    assert (got.wall, got.notes) == ("paywall", (FOR_PAY.format(host="paper.example"),))
    with pytest.raises(Walled, match="only to those who pay"):
        read(f"{NOT_FREE}<title>Dawn</title><main><h1>Dawn</h1><p>The bridge was opened by its keeper at dawn.</p></main>")


def test_what_was_selected_is_no_wall_and_goes_by_the_pages_title() -> None:
    got = read("<h1>Sign in</h1><p>Log in to see more.</p><input type=password value=x>", selection=True, title="Dawn")
    assert got.page.title == "Dawn"
    assert "Log in to see more." in got.page.text


def test_a_title_that_the_page_does_not_say_is_the_browsers() -> None:
    assert read(f"<main>{STORY}</main>", title="From the tab").page.title == "From the tab"


def test_a_page_that_takes_too_long_says_what_to_do() -> None:
    with pytest.raises(Unreadable, match="Select the part that you want, and send that alone."):
        read("<p>x</p>", children=Failing())


@pytest.mark.parametrize("html", [
    '<input type="password" value="SECRET">', "<INPUT TYPE=PASSWORD VALUE=SECRET>", '<input type=" hidden " value="SECRET">',
    '<input autocomplete="current-password" value="SECRET">', '<input autocomplete="billing cc-number" value="SECRET">',
    '<input autocomplete="one-time-code" value="SECRET">', "<script>let a = 'SECRET'</script>", '<script type="module">SECRET</script>',
    '<script type="application/json">{"state": "SECRET"}</script>', '<svg><script>SECRET</script></svg>',
    '<form><table><tr><td><input value="SECRET" type="password"></table></form>', '<template><input type=hidden value=SECRET></template>',
])
def test_no_script_and_no_secret_of_a_form_is_kept(html: str) -> None:
    kept = bare(f"<html><body><p>Before.</p>{html}<p>After.</p></body></html>")
    assert "SECRET" not in kept
    assert "Before." in kept
    assert "After." in kept


def test_structured_data_and_what_a_field_shows_stay() -> None:
    kept = bare(f'<html><head>{NOT_FREE}</head><body><input value="shown"><pre>a &lt; b</pre></body></html>')
    assert "isAccessibleForFree" in kept
    assert 'value="shown"' in kept
    assert "a &lt; b" in kept
