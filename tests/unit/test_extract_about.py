"""What a page says of itself: its meta tags first, then its JSON-LD and its microdata; published before changed."""

import json

import pytest

from agent.extract.about import about
from agent.extract.html import parse

URL = "https://birds.example/heron"


def said(head: str = "", body: str = "<p>Herons stand still.</p>") -> dict[str, str]:
    return about(parse(f"<html><head><title>Herons</title>{head}</head><body>{body}</body></html>"), URL)


def linked(data: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


def article(**given: object) -> dict[str, object]:
    return {"@context": "https://schema.org", "@type": "NewsArticle", "headline": "Herons", **given}


@pytest.mark.parametrize(("author", "named"), [
    ("Ann Bird", "Ann Bird"), ({"@type": "Person", "name": "Ann Bird"}, "Ann Bird"), ({"@id": "#ann"}, "Ann Bird"), (7, "7"), (None, ""),
    ({"name": ["Ann Bird", "Bo Reed"]}, "Ann Bird, Bo Reed"), (["Ann Bird", {"name": "Bo &amp; Co"}], "Ann Bird, Bo & Co"),
    ("https://birds.example/ann", ""),
    ({"@id": "#nobody"}, ""), ([[["deep"]]], "deep"),
])
def test_an_author_in_json_ld_in_each_of_its_forms(author: object, named: str) -> None:
    people = {"@type": "Person", "@id": "#ann", "name": "Ann Bird"}
    assert said(linked({"@graph": [{"@type": "WebSite", "name": "Birds"}, people, article(author=author)]}))["author"] == named


def test_meta_tags_come_first_but_an_address_is_no_author() -> None:
    data = linked(article(author="Ann Bird", datePublished="2024-01-02", publisher={"name": "The Press"}))
    given = said(f'<meta name="author" content="Bo Reed"><meta property="og:site_name" content="Birds">{data}')
    assert (given["author"], given["site"], given["date"]) == ("Bo Reed", "Birds", "2024-01-02")
    assert said(f'<meta property="article:author" content="https://www.facebook.com/birds">{data}')["author"] == "Ann Bird"
    assert said(data)["site"] == "The Press"
    assert said(linked({"@graph": [{"@type": ["WebSite"], "name": "Birds"}, article(publisher={"name": "The Press"})]}))["site"] == "Birds"


@pytest.mark.parametrize("head", [
    '<meta property="article:modified_time" content="2025-05-05"><meta property="article:published_time" content="2024-01-02T08:00">',
    linked(article(dateModified="2025-05-05", datePublished="2024-01-02")),
    '<meta property="article:modified_time" content="2025-05-05">' + linked(article(datePublished="2024-01-02")),
    '<script type="application/ld+json">{"dateModified": "2025-05-05", "datePublished": "2024-01-02", broken</script>',
])
def test_the_date_is_the_one_of_publishing(head: str) -> None:
    assert said(head)["date"] == "2024-01-02"
    assert said(head.replace("published_time", "x").replace("datePublished", "x"))["date"] == "2025-05-05"


def test_of_several_articles_the_pages_own_is_meant_or_none() -> None:
    others = [article(headline=f"Bird {n}", author=f"Writer {n}", url=f"https://birds.example/{n}") for n in range(3)]
    assert said(linked(others))["author"] == ""
    assert said(linked([*others, article(author="Ann Bird", mainEntityOfPage={"@id": f"{URL}/"})]))["author"] == "Ann Bird"


def test_microdata_says_who_and_when() -> None:
    body = """<div itemscope itemtype="https://schema.org/BlogPosting"><h1 itemprop="headline">Herons</h1>
      <span itemprop="author" itemscope itemtype="https://schema.org/Person"><b itemprop="name">Ann Bird</b></span>
      <time itemprop="dateModified" datetime="2025-05-05">May</time><time itemprop="datePublished" datetime="2024-01-02">then</time>
      <div itemprop="comment" itemscope><i itemprop="author">Somebody</i></div></div>"""
    given = said(body=body)
    assert (given["author"], given["date"]) == ("Ann Bird", "2024-01-02")


@pytest.mark.parametrize("text", ['{"@type":', "[" * 5000 + "]" * 5000, '"a string"', "null", '{"@type": {"a": 1}, "author": {"name": {}}}',
                                  '{"@graph": {"@graph": [1, null, []]}}', '{"@id": [1], "@type": "Article", "author": {"@id": {}}}'])
def test_hostile_data_says_nothing_and_breaks_nothing(text: str) -> None:
    given = said(f'<script type="application/ld+json">{text}</script>')
    assert (given["title"], given["author"]) == ("Herons", "")
