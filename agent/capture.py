"""A page as the user's own browser showed it and sent it here: made into text by the same code as every page that is fetched.

Opens nothing: such a page may be private, so its address is never asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from agent.errors import Unreadable, Walled
from agent.extract.child import Children
from agent.extract.signs.notices import NOTICES
from agent.extract.signs.walls import word_count
from agent.extract.want import Want
from agent.ladder import FIRST_PART, page
from agent.records import Read

EMPTY = (
    "There is no text on this page as your browser sent it: it may be a picture, an app that draws its own letters, or a frame of "
    "another site. Open what you want to read in a tab of its own, and press the button again."
)
NOTICE = "{host} shows a short notice in place of the page. Answer it, or come back later, and press the button again."
WALLS = dict.fromkeys(NOTICES, NOTICE) | {
    "challenge": "{host} shows a test in place of the page. Solve it, wait until the page is there, and press the button again.",
    "login": "{host} asks for a login here. Log in, open the page that you want, and press the button again.",
    "missing": "{host} says that it has no such page. Open the one that you want, and press the button again.",
    "paywall": "{host} shows this page only to those who pay, and hardly a word of it is here. Open it where you may read it, and "
               "press the button again.",
}
TOO_MUCH = "Select the part that you want, and send that alone."
FOR_PAY = "{host} says that this page is only for those who pay: this is as much of it as your browser showed."
SELECTED = "This is what was selected on the page, and not all of it."


@dataclass(frozen=True)
class Sent:
    """What the browser sent: `html` is the page as it stood there, or the part of it that was selected. `at` is when (ISO, UTC)."""

    url: str
    title: str
    html: str
    selection: bool
    at: str


def read_sent(sent: Sent, children: Children) -> Read:
    """Its text, as every page's, and of its HTML what may be kept. Raises Unreadable, or Walled, with what the user can do."""
    found = extracted(sent, children)
    wall = "" if sent.selection else found["wall"]
    host = urlsplit(sent.url).hostname or sent.url
    if wall and (wall != "paywall" or word_count(found["text"]) < FIRST_PART):
        raise Walled(WALLS[wall].format(host=host), wall=wall)
    if not found["text"].strip():
        raise Unreadable(EMPTY)
    notes = [*([FOR_PAY.format(host=host)] if wall else [SELECTED] if sent.selection else []), *found["notes"]]
    made = replace(page(found, sent.url, sent.url, "capture", "user"), fetched_at=sent.at)
    return Read(made, found["markdown"], found["kind"], found["format"], found["canonical"], found["receipt"], wall, tuple(notes),
                offers=found["offers"], pages=tuple(found["pages"]))


def extracted(sent: Sent, children: Children) -> dict[str, Any]:
    """What was selected is wanted whole, so nothing of it is judged; the title is then the page's own, which it does not hold."""
    html = f"<!doctype html><body>{sent.html}</body>" if sent.selection else sent.html
    want = Want(selector="body") if sent.selection else Want()
    try:
        found = children.run(html.encode("utf-8", "replace"), "text/html", "utf-8", sent.url, want, True)
    except Unreadable as error:
        raise Unreadable(EMPTY if str(error) in NOTHING else f"{error} {TOO_MUCH}") from error
    title = sent.title or found["title"] if sent.selection else found["title"] or sent.title
    return {**found, "title": title[:300]}


NOTHING = ("The page is empty.", "The page holds no text (it may be drawn by a script).")
