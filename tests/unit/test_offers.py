"""What a page says of itself by its tags and its Link header; and buttons at which a page breaks off."""

from __future__ import annotations

import lxml.html
import pytest

from agent.extract.signs.buttons import hides_more
from agent.extract.signs.offers import header_offers, offers_of

URL = "https://birds.example/docs/heron.html"


@pytest.mark.parametrize(("html", "found"), [
    ('<link rel="alternate" type="text/markdown" href="heron.md">', {"markdown": "https://birds.example/docs/heron.md"}),
    ("<LINK href='/m?a=1&amp;b=2' type='text/markdown; charset=utf-8' rel='nofollow Alternate'>", {"markdown": "https://birds.example/m?a=1&b=2"}),
    ('<link rel="alternate" type="application/rss+xml" href="feed">', {}),
    ('<link rel="alternate" type="text/markdown" href="https://other.example/heron.md">', {}),
    ('<link rel="alternate" type="text/markdown" href="javascript:x">', {}), ('<link rel="alternate" type="text/markdown">', {}),
    ('<a href="/docs/heron.md">Copy as Markdown</a>', {"markdown": "https://birds.example/docs/heron.md"}),
    ('<a href="heron.html.md">Raw</a>', {"markdown": "https://birds.example/docs/heron.html.md"}),
    ('<a href="/docs/egret.md">Egret</a>', {}), ('<a href="/README.md">Read me</a>', {}),
    ('<link rel="describedby" href="/llms.txt">', {"llms": "https://birds.example/llms.txt"}),
    ('<link rel="describedby" href="/schema.json" type="application/json">', {}),
    ('<meta name="robots" content="noai, noimageai">', {"asks": "robots: noai, noimageai"}), ('<meta name="robots" content="noindex">', {}),
    ('<link rel="alternate" type="text/markdown" href="http://[">', {}),
])
def test_what_a_page_offers(html: str, found: dict[str, str]) -> None:
    assert offers_of(html, URL) == found


@pytest.mark.parametrize(("header", "found"), [
    ('<heron.md>; rel="alternate"; type="text/markdown"', {"markdown": "https://birds.example/docs/heron.md"}),
    ('</x.css>; rel=preload, </llms.txt>; rel="describedby"; type="text/markdown"', {"llms": "https://birds.example/llms.txt"}),
    ("", {}), ("<<<>>>,;", {}),
])
def test_what_a_link_header_offers(header: str, found: dict[str, str]) -> None:
    assert header_offers(header, URL) == found


TEXT = "<h1>Herons</h1>" + "<p>The grey heron stands at the edge of the water and waits for fish and frogs.</p>" * 4


def hides(body: str) -> str:
    return hides_more(lxml.html.document_fromstring(f"<html><body>{body}</body></html>"))


@pytest.mark.parametrize("button", [
    "<button>Show more</button>", "<div><button type=button>Load the rest</button></div>", '<div role="button" tabindex=0>Read more</div>',
    '<a href="#">Continue reading</a>', '<a href="javascript:void(0)">Weiterlesen</a>', '<input type=button value="Show more">',
    "<button>Mehr anzeigen</button>", "<button>Voir plus</button>", "<button>続きを読む</button>", "<button>Читать далее</button>",
    "<button aria-controls=rest aria-expanded=false>Show full text</button><div id=rest></div>",
])
def test_a_page_that_breaks_off_at_a_button(button: str) -> None:
    assert hides(f"<nav>{'<a href=/x>Birds</a>' * 9}</nav><main>{TEXT}{button}</main><footer>{TEXT}</footer>")


@pytest.mark.parametrize("body", [
    TEXT, f"<nav><button>Show more</button></nav>{TEXT}", f"{TEXT}<footer><button>Show more</button></footer>",
    f"<button>Show more</button>{TEXT}", f"{TEXT}<button>Show more</button>{TEXT}", f"{TEXT}<a href='/all'>Read more</a>",
    f"{TEXT}<button>Show more images</button>", f"{TEXT}<button>See all reviews</button>", f"{TEXT}<button>Sign in to read more</button>",
    f"<article>{TEXT}<button>Read more</button></article><article>{TEXT}<button>Read more</button></article>",
    f"{TEXT}<div class='filter-list'><button>Show more</button></div>", f"{TEXT}<form><button>Add to cart</button></form>",
    f"<div class='text-clamp'>{TEXT}</div><button>Show more</button>",
    f"{TEXT}<button aria-controls=rest aria-expanded=false>Show more</button><div id=rest>{TEXT}</div>",
    f"{TEXT}<button hidden>Show more</button>", f"{TEXT}<button disabled>Show more</button>",
    "<a href=/1>Heron</a> " * 40 + "<button>Load more</button>", "<button>Show more</button>",
])
def test_pages_whose_buttons_bring_no_text_of_theirs(body: str) -> None:
    assert hides(body) == ""
