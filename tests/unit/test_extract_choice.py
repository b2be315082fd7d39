"""What of a page is chosen as its content, and what its receipt says of the rest."""

import numpy as np
import pytest

from agent.errors import BadInput, Unreadable
from agent.extract.html import extract, parse
from agent.extract.select.blocks import blocks_of, names_of
from agent.extract.select.choose import best_share, named, once, whole_lists, whole_tables
from agent.extract.select.features import Features
from agent.extract.select.forest import Forest
from agent.extract.select.receipt import receipt
from agent.extract.want import Want

SENTENCES = "The pump lifts water from the well into the tank, and the tank feeds every tap in the house by its own weight. "
MENU = "".join(f'<li><a href="/{n}">Menu entry {n}</a></li>' for n in range(20))
FOOT = "<footer><p>© 2024 The Company. All rights reserved.</p><a href='/privacy'>Privacy policy</a></footer>"


def page(content: str, head: str = "") -> str:
    return (f"<!doctype html><html lang=en><head><title>A page</title>{head}</head><body><nav class=navbar><ul>{MENU}</ul></nav>"
            f"<div class=wrapper>{content}</div>{FOOT}</body></html>")


def post(author: str, words: str) -> str:
    return f'<div class="post"><div class="author"><a href="/u/{author}">{author}</a></div><div class="postbody"><p>{words}</p></div></div>'


def test_every_post_of_a_thread_is_kept():
    posts = [f"Reply number {n}: {SENTENCES}" for n in range(6)]
    found = extract(page("<h1>How does a pump work?</h1>" + "".join(post(f"user{n}", words) for n, words in enumerate(posts))),
                    "https://a.org/t/pump/12")
    assert all(f"Reply number {n}:" in found["text"] for n in range(6))
    assert "Menu entry 3" not in found["text"]


def test_the_page_for_readers_without_scripts_is_read():
    hidden = "".join(f"<p>Answer {n}. {SENTENCES}</p>" for n in range(4))
    found = extract(f"<html><body><div id=app></div><noscript><div>{hidden}</div></noscript></body></html>", "https://a.org/t/x/1")
    assert "Answer 3." in found["text"]


def test_a_shell_says_what_its_structured_data_says():
    data = '{"@type": "Article", "description": "short", "articleBody": "First paragraph of it.\\n\\nSecond <b>paragraph</b>."}'
    found = extract(f"<html><head><script type='application/ld+json'>[{data}, {{]</script><script type='application/ld+json'>{data}"
                    "</script></head><body><div id=root></div></body></html>", "https://a.org/x")
    assert "First paragraph of it.\n\nSecond paragraph." in found["text"]


def test_the_receipt_counts_what_was_left_out_and_says_why():
    found = extract(page(f"<article><h1>Pumps</h1>{('<p>' + SENTENCES * 3 + '</p>') * 6}<pre>x = 1</pre></article>"), "https://a.org/blog/pumps-and-wells")
    report = found["receipt"]
    assert report["page"]["words"] > report["text"]["words"] > 300
    assert report["page"]["links"] > report["text"]["links"]
    assert report["text"]["code"] == 1
    assert {"what": "navigation", "words": 60, "why": "links that lead about the site"} in report["dropped"]
    assert (report["extractor"], report["low"]) == ("judge", False)


def test_the_receipt_says_what_stands_in_the_text_already():
    said = "The grey heron stands still at the water's edge until a fish comes near."
    blocks = blocks_of(parse(f"<body><main><p>{said}</p><p>{said}</p><p>Elsewhere it walks.</p></main></body>"))
    kept = [text == said and not any(text == before for before in blocks.texts[:row]) for row, text in enumerate(blocks.texts)]
    assert {"what": "repetitions", "words": 14, "why": "stands in the text already"} in receipt(blocks, kept, "blocks")["dropped"]


def test_a_receipt_is_low_where_next_to_nothing_is_kept():
    blocks = blocks_of(parse(page(f"<p>{SENTENCES * 20}</p><p>Kept.</p>")).find("body"))
    kept = [text == "Kept." for text in blocks.texts]
    assert receipt(blocks, kept, "judge")["low"]
    assert not receipt(blocks, [True] * len(kept), "judge")["low"]


def test_a_receipt_is_low_where_the_code_is_lost():
    blocks = blocks_of(parse(page(f"<p>{SENTENCES * 20}</p>" + "<pre>a = 1</pre>" * 4)).find("body"))
    assert receipt(blocks, [el.tag == "p" for el in blocks.elements], "judge")["low"]


def test_only_what_a_selector_matches_is_said():
    html = page("<div class=a><p>First part.</p><p class=b>Inner <em>part</em>.</p></div><p class=b>Last part.</p>")
    found = extract(html, "https://a.org/", Want(selector=".b"))
    assert found["text"] == "Inner part.\n\nLast part."
    assert found["markdown"] == "Inner *part*.\n\nLast part."
    assert found["receipt"]["extractor"] == "selector"
    assert found["receipt"]["dropped"] == [
        {"what": "the rest of the page", "words": 71, "why": "the selector “.b” does not match it"}]


def test_parts_that_a_selector_matches_share_the_numbers_of_their_links():
    html = page("<p>No.</p><p class=b>Inner <a href=/x>ex</a>.</p><p class=b><a href=/y>why</a> and <a href=/x>ex</a>.</p>lost tail")
    found = extract(html, "https://a.org/", Want(selector=".b", links="footnotes"))
    assert found["markdown"] == "Inner [ex][1].\n\n[why][2] and [ex][1].\n\n[1]: https://a.org/x\n[2]: https://a.org/y"


def test_tables_that_only_place_things_are_no_tables_of_the_page():
    data = "<table><tr><th>a<th>b<tr><td>c<td>d</table>"
    placed = f"<table><tr><td><p>{SENTENCES}</p>{data}</td><td>{SENTENCES}</td></tr></table>"
    assert extract(page(placed), "https://a.org/")["receipt"]["page"]["tables"] == 1


@pytest.mark.parametrize("selector", ["p[", "..", "p::nonsense(("])
def test_a_bad_selector_is_told(selector):
    with pytest.raises(BadInput, match="selector"):
        extract(page("<p>Words.</p>"), "https://a.org/", Want(selector=selector))


def test_a_selector_that_matches_nothing_is_told():
    with pytest.raises(Unreadable, match="matches"):
        extract(page("<p>Words.</p>"), "https://a.org/", Want(selector="#nowhere"))


@pytest.mark.parametrize(("link", "address"), [
    ('<link rel="canonical" href="/pumps">', "https://a.org/pumps"),
    ('<meta property="og:url" content="https://b.org/p">', "https://b.org/p"),
    ('<link rel="canonical" href="javascript:alert(1)">', ""),
    ('<link rel="canonical" href="http://[bad/">', ""),
    ("", ""),
])
def test_a_pages_own_address(link, address):
    assert extract(page(f"<p>{SENTENCES}</p>", link), "https://a.org/x")["canonical"] == address


@pytest.mark.parametrize("url", ["https://a.org/x", "http://[bad", "", "https://[::1]/x]"])
def test_whatever_the_address_the_page_is_read(url):
    assert "pump" in extract(page(f"<p>{SENTENCES * 5}</p>"), url)["text"]


def test_questions_on_buttons_and_shadow_trees_are_content():
    questions = "".join(f"<h3><button>Question {n} of the house?</button></h3><div><p>{SENTENCES}</p></div>" for n in range(5))
    shadow = f"<my-note><template shadowrootmode=open><p>In the shade. {SENTENCES}</p></template></my-note>"
    text = extract(page(f"<main><h1>Pumps</h1><p>{SENTENCES * 4}</p>{questions}{shadow}</main>"), "https://a.org/docs/pumps")["text"]
    assert "### Question 3 of the house?" in text
    assert "In the shade." in text


def test_the_likeliest_blocks_are_kept_down_to_where_the_promise_is_best():
    kept, sure = best_share(np.array([0.9, 0.8, 0.05, 0.0]), np.array([10, 10, 10, 0]))
    assert kept.tolist() == [True, True, False, False]
    assert sure == pytest.approx(2 * 17 / (20 + 17.5))


ROWS = {"before": "<p>Herons wait.</p>", "lead": "<p>They eat:</p>", "list": "<ul><li>fish</li><li>frogs</li><li>newts</li></ul>",
        "after": "<p>They nest in spring.</p>"}


@pytest.mark.parametrize(("kept", "wanted"), [
    ({"before": .9, "lead": .1, "fish": .6, "frogs": .4, "newts": .1, "after": .9}, "Herons They fish frogs newts They"),
    ({"before": .9, "lead": .1, "fish": .2, "frogs": .4, "newts": .1, "after": .9}, "Herons They"),
    ({"before": .1, "lead": .1, "fish": .6, "frogs": .6, "newts": .4, "after": .9}, "fish frogs newts They"),
    ({"before": .9, "lead": .1, "fish": .6, "frogs": .4, "newts": .4, "after": .1}, "Herons"),
    ({"before": .1, "lead": .1, "fish": .9, "frogs": .1, "newts": .1, "after": .1}, "fish"),
], ids=["amid what is kept", "none of it", "most of alike", "few of alike", "unlike"])
def test_a_list_is_kept_or_left_out_whole(kept, wanted):
    blocks = blocks_of(parse("<body>" + "".join(ROWS.values())).find("body"))
    words = np.array([float(len(text.split())) for text in blocks.texts])
    said = np.flatnonzero(words)
    chance = np.zeros(len(words))
    chance[said] = list(kept.values())
    chosen = chance > .5
    whole_lists(blocks, chosen, chance, words)
    assert " ".join(blocks.texts[row].split()[0] for row in said if chosen[row]) == wanted


@pytest.mark.parametrize(("around", "asks"), [
    ('<div id="onetrust-consent-sdk"><div class="text"><p>{}</p></div></div>', True),
    ('<div id="CybotCookiebotDialog"><p>{}</p></div>', True),
    ('<main class="cookie-notice"><h1>Cookies</h1><p>{}</p></main>', False),
    ('<div class="cookie-banner"><article><p>{}</p></article></div>', False),
    ('<div class="cookies"><p>{}</p></div>', False),
], ids=["a dialog", "named in one word", "a page about them", "around an article", "some other name"])
def test_a_dialog_that_asks_for_consent_is_no_content(around, asks):
    words = "These cookies are necessary for the website to function. " * 12
    blocks = blocks_of(parse(page(f"<h1>Pumps</h1><p>{SENTENCES * 3}</p>{around.format(words)}")).find("body"))
    features = Features(blocks)
    features.matrix([])
    row = next(row for row, text in enumerate(blocks.texts) if text.startswith("These cookies"))
    assert features.asks[row] == features.furniture[row] == asks
    if asks:
        assert "necessary" not in extract(page(f"<main><h1>Pumps</h1><p>{SENTENCES * 9}</p></main>{around.format(words)}"), "https://a.org/x")["text"]


def test_a_page_that_says_no_more_than_that_it_wants_scripts_has_no_text():
    with pytest.raises(Unreadable, match="script"):
        extract("<html><body><noscript>You need to enable JavaScript to run this app.</noscript><div id=root></div></body></html>", "https://a.org/x")


@pytest.mark.parametrize(("before", "after", "whole"), [(True, True, True), (True, False, False), (False, True, False)])
def test_a_table_amid_what_is_kept_is_kept(before, after, whole):
    table = "<table><tr><th>Bird</th><th>Eggs</th></tr><tr><td>heron</td><td>4</td></tr></table>"
    blocks = blocks_of(parse(f"<body><p>They nest.</p>{table}<p>They leave.</p></body>").find("body"))
    kept = np.array([{"They nest.": before, "They leave.": after}.get(text, False) for text in blocks.texts])
    whole_tables(blocks, kept, np.array([float(len(text.split())) for text in blocks.texts]))
    assert kept[blocks.texts.index("heron")] == whole


def test_what_a_thread_quotes_is_told_once():
    said = "The pump lifts water from the well into the tank on the roof"
    html = f"<p>{said} since May.</p><blockquote>{said}</blockquote><h3>{said} no longer</h3><pre>{said}</pre><p>Thanks.</p><p>Thanks.</p>"
    blocks = blocks_of(parse(f"<body>{html}</body>").find("body"))
    kept = np.array([bool(text) for text in blocks.texts])
    once(blocks, kept)
    assert [el.tag for el, keep in zip(blocks.elements, kept, strict=True) if keep] == ["p", "h3", "pre", "p", "p"]


def test_words_are_measured_where_there_are_no_blanks():
    counts = [receipt(blocks_of(parse(f"<body><p>{text}").find("body")), [True, True], "judge")["text"]["words"] for text in (
        "The grey heron stands in the water and waits.", "アオサギは水の中に立って魚を待っている。", "นกกระสายืนนิ่งในน้ำตื้นและรอปลา")]
    assert counts[0] == 9
    assert all(6 <= count <= 18 for count in counts[1:])


def test_a_forest_sums_its_trees():
    limits, values = np.array([1.5, 0, 0, 0], np.float32), np.array([0, -1, 2, 0.5], np.float32)
    left, right = np.array([1, 1, 2, 3]), np.array([2, 1, 2, 3])
    forest = Forest(np.array([0, 3]), np.zeros(4, int), limits, left, right, values, 1)
    assert forest.score(np.array([[1.0], [2.0]])).tolist() == [-0.5, 2.5]


def test_names_are_whole_words_in_whatever_spelling():
    assert names_of("mainNav") == names_of("main nav") == names_of("main_nav") == names_of("MAIN-NAV".lower())
    assert names_of("canvas") == 0


def test_a_kind_that_is_not_sure_is_not_named():
    assert named({"article": 0.7, "forum": 0.3}) == "article"
    assert named({"article": 0.5, "forum": 0.45, "product": 0.05}) == ""
    short = extract(f"<title>Landed</title><body><main><h1>Landed</h1><p>{SENTENCES}</p></main>", "https://a.org/landed")
    assert short["kind"] == ""
