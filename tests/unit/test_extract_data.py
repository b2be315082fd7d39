"""Pages whose body is a shell: what their data says becomes the text, in order, with its structure, and nothing hostile ends it."""

import json
import time

import pytest

from agent.errors import Unreadable
from agent.extract.document import FROM_DATA, MOSTLY_DATA
from agent.extract.document import extract as from_bytes
from agent.extract.html import extract
from agent.extract.want import Want
from agent.quotes import stands
from agent.records import Page

URL = "https://birds.example/posts/grey-heron"
FIRST = "The grey heron stands still at the edge of the water until a fish comes near enough, and then it strikes with great speed."
SECOND = "In winter, when the ponds are frozen, it moves to rivers and to the coast, where it takes what the tide has left behind."
THIRD = "Both parents bring food to the nest, which they build of sticks in the crown of a tall tree, often with many others beside it."
BODY = (f"<p>{FIRST}</p><h2>In winter</h2><p>{SECOND} <a href='/eels'>More on eels</a></p>"
        f"<ul><li>crabs</li><li>small eels</li></ul><p>{THIRD}</p>")
OTHER = "A quite different story about the starling, which gathers in large flocks at dusk and then turns in the air as one."


def shell(*scripts: str, body: str = "<div id=__next></div>") -> str:
    return f"<!doctype html><html><head><title>The grey heron | Birds</title></head><body>{body}{''.join(scripts)}</body></html>"


def next_data(data: object) -> str:
    text = json.dumps(data).replace("</", "<\\/")
    return f'<script id="__NEXT_DATA__" type="application/json">{text}</script>'


def linked(data: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


def text_of(*scripts: str, **given: str) -> str:
    return extract(shell(*scripts, **given), URL)["text"]


POST = {"title": "The grey heron", "slug": "grey-heron", "body": BODY,
        "author": {"bio": "Ann has watched birds on this river for twenty long and happy years."}}
RICH = {"title": "The grey heron", "content": {"nodeType": "document", "content": [
    {"nodeType": "paragraph", "content": [{"nodeType": "text", "value": FIRST[:40]}, {"nodeType": "text", "value": FIRST[40:]}]},
    {"nodeType": "heading-2", "content": [{"nodeType": "text", "value": "In winter"}]},
    {"nodeType": "paragraph", "content": [{"nodeType": "text", "value": SECOND + " "}, {
        "nodeType": "hyperlink", "content": [{"nodeType": "text", "value": "More on eels"}]}]},
    {"nodeType": "list-item", "content": [{"nodeType": "paragraph", "content": [{"nodeType": "text", "value": "crabs"}]}]},
    {"nodeType": "paragraph", "content": [{"nodeType": "text", "value": THIRD}]}]}}
PORTABLE = {"headline": "The grey heron", "body": [
    {"_type": "block", "style": "normal", "children": [{"_type": "span", "text": FIRST}]},
    {"_type": "block", "style": "h2", "children": [{"_type": "span", "text": "In winter"}]},
    {"_type": "block", "style": "normal", "children": [{"_type": "span", "text": SECOND + " More on eels"}]},
    {"_type": "block", "listItem": "bullet", "style": "normal", "children": [{"_type": "span", "text": "crabs"}]},
    {"_type": "block", "style": "normal", "children": [{"_type": "span", "text": THIRD}]}]}
EDITOR = {"title": "The grey heron", "blocks": [
    {"type": "paragraph", "data": {"text": FIRST}}, {"type": "header", "data": {"text": "In winter", "level": 2}},
    {"type": "paragraph", "data": {"text": f"{SECOND} <a href='/eels'>More on eels</a>"}}, {"type": "paragraph", "data": {"text": "crabs"}},
    {"type": "paragraph", "data": {"text": THIRD}}]}
MARKDOWN = {"title": "The grey heron", "source": f"{FIRST}\n\n## In winter\n\n{SECOND} More on eels\n\n- crabs\n- small eels\n\n{THIRD}"}
STATE = {"cookieText": "We use cookies on this site so that we know what our readers like, and to show them what they like.",
         "related": [{"title": "Starlings", "body": OTHER * 30}], "buildId": "x" * 400}


@pytest.mark.parametrize("post", [POST, RICH, PORTABLE, EDITOR, MARKDOWN], ids=["html", "rich text", "portable text", "blocks", "markdown"])
@pytest.mark.parametrize("script", [
    lambda data: next_data({"props": {"pageProps": data}}),
    lambda data: f"<script>window.__INITIAL_STATE__ = {json.dumps(data)}; window.y = 1</script>",
    lambda data: f"<script>window['__PRELOADED_STATE__'] = JSON.parse({json.dumps(json.dumps(data))})</script>",
    lambda data: f'<script type="application/json" id="__NUXT_DATA__">{json.dumps(data)}</script>',
    lambda data: "<div id=app data-page='" + json.dumps(data).replace("&", "&amp;").replace("'", "&#39;") + "'></div>",
], ids=["next", "state", "parsed", "json", "attribute"])
def test_the_articles_prose_comes_from_the_data_of_its_script(post: dict, script) -> None:
    text = text_of(script({**STATE, "post": post}))
    assert text.startswith("# The grey heron\n\n")
    places = [text.find(part) for part in (FIRST, "## In winter", SECOND, "More on eels", "crabs", THIRD)]
    assert -1 not in places
    assert places == sorted(places)
    assert not any(part in text for part in ("cookies", "starling", "xxxx"))


def attribute(data: object) -> str:
    value = json.dumps(data).replace("&", "&amp;").replace("'", "&#39;")
    return f"<div id=app data-page='{value}'></div>"


def parsed(data: object) -> str:
    return f"<script>window['__PRELOADED_STATE__'] = JSON.parse({json.dumps(json.dumps(data))})</script>"


ODD = {"title": "x", "body": "Fr\u00e9d\u00e9ric saw \"the\" heron,\nwhich stood in the old mill's pond &amp; did not move for long."}


@pytest.mark.parametrize("post", [POST, PORTABLE, ODD])
@pytest.mark.parametrize("script", [next_data, attribute, parsed])
def test_what_came_from_data_can_be_quoted(post: dict, script) -> None:
    html = shell(script({"props": post}))
    text = extract(html, URL)["text"]
    page = Page(url=URL, final_url=URL, title="x", text=text, html=html.encode(), fetched_at="", rung="http")
    quotes = [line for line in text.split("\n\n") if len(line) > 40]
    assert quotes
    for quote in quotes:
        start = text.index(quote)
        assert stands(page, start, start + len(quote), quote)
    start, end = 0, len(text)
    assert len(quotes) == 1 or not stands(page, start, end, text)  # put together from several strings


def test_html_in_the_data_is_rendered_as_html_links_and_all() -> None:
    found = extract(shell(next_data({"props": {"post": POST}})), URL, Want())
    assert "[More on eels](https://birds.example/eels)" in found["markdown"]
    assert "- crabs\n- small eels" in found["markdown"]
    assert found["from_data"]
    assert (found["receipt"]["extractor"], found["receipt"]["low"]) == ("data in the markup", False)
    assert found["receipt"]["text"]["words"] > 60


def test_scripts_and_styles_in_a_string_are_no_words_of_it() -> None:
    odd = f"<style>p {{ color: red }}</style><p>{FIRST}</p><script>track('heron')</script> and a tail <p>{SECOND}</p>"
    found = extract(shell(next_data({"post": {"title": "The grey heron", "body": odd}})), URL, Want())
    assert found["markdown"] == f"# The grey heron\n\n{FIRST}\n\nand a tail\n\n{SECOND}"
    assert found["receipt"]["text"]["words"] == len(found["text"].split()) - 1  # the mark of the heading


def test_a_flat_list_of_values_gives_its_sentences() -> None:
    values = json.dumps([{"a": 1}, "Reactive", 7, BODY, FIRST, "/x"])
    text = text_of(f'<script type="application/json" id="__NUXT_DATA__">{values}</script>')
    assert "## In winter" in text
    assert text.count(FIRST) == 1


def test_posts_of_a_thread_come_one_after_the_other() -> None:
    posts = [{"id": n, "cooked": f"<p>Reply {n}. {words}</p>"} for n, words in enumerate((FIRST, SECOND, THIRD))]
    topic = json.dumps({"title": "Where do herons go?", "post_stream": {"posts": posts}})
    data = json.dumps({"site": json.dumps({"name": "x" * 200}), "topic_1": topic}).replace("&", "&amp;").replace("'", "&#39;")
    text = text_of(body=f"<div class=hidden id=data-preloaded data-preloaded='{data}'></div>")
    assert [n for n in range(3) if f"Reply {n}." in text] == [0, 1, 2]
    assert text.startswith("# Where do herons go?")


def test_an_article_in_json_ld() -> None:
    data = {"@context": "https://schema.org", "@graph": [{"@type": "WebSite", "name": "Birds", "description": "A site."}, {
        "@type": ["BlogPosting"], "headline": "The grey heron", "author": {"name": "Ann"}, "datePublished": "2024-05-06",
        "articleBody": f"{FIRST}\n\n{SECOND}"}]}
    found = extract(shell(linked(data)), URL)
    assert found["text"] == f"# The grey heron\n\n{FIRST}\n\n{SECOND}"
    assert (found["author"], found["date"], found["from_data"]) == ("Ann", "2024-05-06", True)


def test_a_product_in_json_ld_says_its_price() -> None:
    product = {"@type": "Product", "name": "Field glass", "description": FIRST, "brand": {"@type": "Brand", "name": "Lumen"}, "sku": "FG-8",
               "offers": {"@type": "Offer", "price": 129, "priceCurrency": "EUR", "availability": "https://schema.org/InStock"},
               "aggregateRating": {"ratingValue": "4.5", "reviewCount": 12},
               "review": [{"@type": "Review", "author": {"name": "Bo"}, "reviewBody": SECOND, "reviewRating": {"ratingValue": 4}}]}
    text = text_of(linked(product))
    for line in ("# Field glass", "- Price: 129 EUR", "- Availability: in stock", "- Rating: 4.5 of 5 (12 ratings)", "- Brand: Lumen",
                 "- SKU: FG-8", FIRST, "Bo", SECOND):
        assert line in text
    offers = [{"@type": "AggregateOffer", "lowPrice": "9.90", "highPrice": "12", "priceCurrency": "USD"}]
    assert "Price: 9.90–12 USD" in text_of(linked({"@type": "Product", "name": "Glass", "offers": offers}))


def test_a_recipe_in_json_ld() -> None:
    recipe = {"@type": "Recipe", "name": "Pea soup", "recipeYield": "4 servings", "totalTime": "PT1H30M", "prepTime": "PT0S",
              "recipeIngredient": ["500 g split peas", "1 onion"],
              "recipeInstructions": [{"@type": "HowToSection", "name": "Soup", "itemListElement": [
                  {"@type": "HowToStep", "text": "Soak the peas overnight."},
                  {"@type": "HowToStep", "name": "Cook", "text": "Boil for an hour."}]},
                  "Serve it hot."]}
    text = text_of(linked(recipe))
    for part in ("- Yield: 4 servings", "- Total time: 1 h 30 min", "- 500 g split peas\n- 1 onion", "### Soup",
                 "1. Soak the peas overnight.\n2. Cook: Boil for an hour.", "1. Serve it hot."):
        assert part in text
    assert "Preparation" not in text


def test_questions_and_their_answers_in_json_ld() -> None:
    page = {"@type": "QAPage", "mainEntity": {"@type": "Question", "name": "Where do herons go?", "text": FIRST,
            "acceptedAnswer": {"@type": "Answer", "text": f"<p>{SECOND}</p>", "author": {"name": "Ann"}},
            "suggestedAnswer": [{"@type": "Answer", "text": THIRD}]}}
    text = text_of(linked(page))
    places = [text.find(part) for part in ("Where do herons go?", FIRST, "Ann", SECOND, THIRD)]
    assert -1 not in places
    assert places == sorted(places)


def test_microdata_that_the_page_does_not_show() -> None:
    body = f"""<div itemscope itemtype="https://schema.org/Product"><meta itemprop="name" content="Field glass"><meta itemprop="description"
      content="{FIRST}"><span itemprop="offers" itemscope itemtype="https://schema.org/Offer"><meta itemprop="price" content="129.00"><meta
      itemprop="priceCurrency" content="EUR"><link itemprop="availability" href="https://schema.org/OutOfStock"></span></div>"""
    text = text_of(body=body)
    assert "# Field glass\n\n- Price: 129.00 EUR\n- Availability: out of stock" in text
    assert FIRST in text


def test_a_page_with_text_of_its_own_keeps_to_it() -> None:
    own = "".join(f"<p>{OTHER} Number {n}.</p>" for n in range(6))
    found = extract(shell(linked({"@type": "Article", "articleBody": FIRST}), next_data({"post": POST}), body=f"<main>{own}</main>"), URL)
    assert FIRST not in found["text"]
    assert not found["from_data"]


def test_a_short_page_whose_data_says_hardly_more_keeps_to_its_text() -> None:
    own = f"<main><h1>Herons</h1><p>{FIRST}</p></main>"
    assert text_of(linked({"@type": "Article", "articleBody": FIRST, "description": OTHER}), body=own) == f"# Herons\n\n{FIRST}"


def test_an_article_that_its_data_calls_not_free_is_not_taken_from_there() -> None:
    data = {"@type": "NewsArticle", "isAccessibleForFree": False, "articleBody": FIRST + SECOND}
    teaser = "<main><h1>Herons</h1><p>A heron stands at the water's edge and waits for a fish to come near it.</p></main>"
    assert FIRST not in text_of(linked(data), body=teaser)


def test_a_browser_may_still_show_more_of_what_came_from_data() -> None:
    found = from_bytes(shell(next_data({"post": POST})).encode(), "text/html", "", URL)
    assert found["thin"]
    assert found["notes"] == [FROM_DATA]
    quiet = from_bytes(shell(linked({"@type": "Article", "articleBody": FIRST + SECOND})).encode(), "text/html", "", URL)
    assert (quiet["thin"], quiet["notes"]) == (False, [MOSTLY_DATA])
    plain = from_bytes(f"<main><h1>Herons</h1><p>{FIRST} {SECOND} {THIRD}</p></main>".encode(), "text/html", "", URL)
    assert (plain["notes"], plain["from_data"]) == ([], False)


def test_what_reads_like_no_sentence_is_not_taken() -> None:
    data = {"css": "a{color:red} " * 50, "copy": "query Post($id: ID!) { post(id: $id) { title body author { name } } } " * 4,
            "text": "var a = function(){ return b[0] + c(1); }; " * 20,
            "greeting": "Dear {name}, there are {count} new letters in the box for you, sir."}
    found = from_bytes(shell(next_data(data)).encode(), "text/html", "", URL)
    assert found["text"] == ""


def nested(inner: str, start: str, end: str, levels: int = 600) -> str:
    return start * levels + inner + end * levels


@pytest.mark.parametrize("data", [
    nested('"x"', '{"name": ', "}"), nested('"x"', "[", "]"), nested('"x"', '{"@type": "Article", "mainEntity": ', "}"),
    nested('"x"', '{"itemListElement": ', "}"), nested('{"text": "y"}', '{"type": "p", "children": [', "]}", 300),
    nested("1", '{"@graph": [', "]}", 300),
])
def test_data_nested_deeply_is_bounded(data: str) -> None:
    scripts = [f'<script type="application/json">{data}</script>']
    for key in ("author", "name", "offers", "mainEntity", "recipeInstructions", "text", "address", "itemListElement", "aggregateRating"):
        row = f'{{"@type": "Article", "headline": "The grey heron", "{key}": {data}}}'
        scripts.append(f'<script type="application/ld+json">{row}</script>')
    found = from_bytes(shell(*scripts).encode(), "text/html", "", URL)
    assert "The grey heron" in found["text"]


@pytest.mark.parametrize("data", [
    "[" * 100_000 + "]" * 100_000, '{"a":' * 50_000, json.dumps([[FIRST]] * 100_000), json.dumps({"body": "<p>" * 100_000}),
    json.dumps({"a": [{"text": "x", "type": "p", "children": [{"text": "y"}]}] * 100_000}), json.dumps("[" * 3000),
    json.dumps({"body": "<" + "a" * 3_000_000}), '{"body": "' + "\\u0000" * 1000 + FIRST + '"}',
    '{"title": ["x"], "slug": {"a": 1}, "children": "x"}',
])
def test_hostile_data_is_bounded(data: str) -> None:
    since = time.process_time()
    from_bytes(shell(f'<script type="application/json">{data}</script>', linked(json.loads(data) if len(data) < 90_000 else {})).encode(),
               "text/html", "", URL)
    assert time.process_time() - since < 3


@pytest.mark.parametrize(("words", "told"), [(20, False), (80, True)])
def test_a_description_in_the_meta_tags_is_text_only_where_it_is_long(words: int, told: bool) -> None:
    line = " ".join(f"heron{number}" for number in range(words))
    page = f'<html><head><meta name="description" content="{line}"></head><body><div id="app"></div></body></html>'
    if told:
        assert extract(page, "https://birds.example/")["text"] == line
    else:
        with pytest.raises(Unreadable):
            extract(page, "https://birds.example/")


def test_a_rating_has_few_digits() -> None:
    rating = {"@type": "AggregateRating", "ratingValue": 4.248459958932238, "reviewCount": 487}
    text = text_of(linked({"@type": "Product", "name": "Field glass", "description": FIRST, "aggregateRating": rating}))
    assert "Rating: 4.25 of 5 (487 ratings)" in text
