"""Answers and kept pages as HTML: what is shown, and that nothing nasty comes through."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import lxml.html
import pytest
from lxml import etree
from markupsafe import Markup

from agent.events import Answered, Draft, Dropped, Kept, Reading, Started, Writing
from agent.records import Citation, Claim, Page, Source
from agent.settings import Settings
from server import create_app
from server.align import wordings_of
from server.marking import shown_answer
from server.render import answer_html, live_url, marks_along, marks_of, numbers_in, text_html
from server.snapshot import blocks_of, view_of
from server.story import story_of
from tests.fakes_service import PAGES, FakeService, answer_to, citation

NASTY = [line for line in (Path(__file__).parents[1] / "nasty.txt").read_text().split("\n") if line]
TOKEN = "a-token-of-enough-length"
OWN_WORDS = "div p strong em code pre ul ol li blockquote h3 table thead tbody tr th td a span hr br s"
OWN_TAGS = set(OWN_WORDS.split())
ACTS = {"script", "style", "img", "a", "form", "iframe", "svg", "input", "link", "meta", "base", "video", "object"}
OWN_ATTRIBUTES = {"class", "href", "data-quote", "aria-label", "title", "start", "tabindex", "id", "data-claim"}


def cited(n: int, start: int = 0, quote: str = "word for word", page: str = "ab" * 32) -> Citation:
    return Citation(n, "https://a.example/x", "A title", page, start, start + len(quote), quote, "a.example")


def page_of(html: str, text: str) -> Page:
    return Page("https://a.example/", "https://a.example/", "T", text, "2026-01-02T00:00:00Z", html=html.encode())


def marked(html: str) -> str:
    return "".join(lxml.html.fromstring(f"<div>{html}</div>").xpath("//mark//text()"))


def elements(html: str) -> list:
    return list(lxml.html.fromstring(f"<div>{html}</div>").iterdescendants(etree.Element))


# Marks


def test_a_mark_links_to_its_quote_in_the_kept_page() -> None:
    html = answer_html("It is so [1].", marks_of([Claim("It is so.", "supported", (cited(1, 4),))]))
    link = lxml.html.fromstring(html).find(".//a")
    assert (link.text, link.get("data-quote")) == ("1", "q1")
    assert link.get("href") == f"/pages/{'ab' * 32}?start=4&end=17#quote"


def test_marks_of_one_number_get_their_own_quotes_in_order() -> None:
    marks = marks_of([Claim("a", citations=(cited(1, 0),)), Claim("b", citations=(cited(2, 0, page="cd" * 32),)),
                      Claim("c", citations=(cited(1, 50),))])
    html = answer_html("a[1] b[2] c[1]", marks)
    assert [link.get("data-quote") for link in elements(html) if link.tag == "a"] == ["q1", "q2", "q3"]


def test_a_mark_repeated_in_a_sentence_does_not_take_the_next_sentences_quote() -> None:
    first, second = cited(1, 0), cited(1, 50)
    claims = (Claim("a and b", "partial", (first,)), Claim("c", "supported", (second,)))
    marks = marks_along((first, first, second), claims)
    assert [(mark.key, mark.support) for mark in marks] == [("q1", "partial"), ("q1", "partial"), ("q2", "supported")]


def test_unknown_marks_are_shown_as_such() -> None:
    html = answer_html("So [?p99]. And [7].", marks_of([Claim("So", citations=(cited(1),))]))
    assert [element.text for element in elements(html) if element.get("class") == "unknown"] == ["p99", "7"]
    assert "<a" not in html


@pytest.mark.parametrize("markdown", [r"as the page says.\[1\]", "in `a[1]` code", "```\na[1]\n```"])
def test_what_the_page_itself_writes_in_brackets_is_no_mark(markdown: str) -> None:
    html = answer_html(markdown, marks_of([Claim("x", citations=(cited(1),))]))
    assert "<a" not in html
    assert "[1]" in html


def test_several_numbers_in_one_bracket_are_several_marks() -> None:
    html = answer_html("So [1, 2].", marks_of([Claim("So", citations=(cited(1), cited(2, 9)))]))
    assert [link.text for link in elements(html) if link.tag == "a"] == ["1", "2"]
    assert numbers_in("So [1, 2] and [?x] and \\[3]") == [1, 2]


def test_only_what_the_check_found_wrong_is_said_in_the_text() -> None:
    for state, said in (("supported", False), ("unchecked", False), ("partial", True), ("contradicted", True)):
        html = answer_html("So [1].", marks_of([Claim("So", state, (cited(1),))]))
        assert ('class="support' in html) is said


def test_headings_start_at_three_and_skip_none() -> None:
    html = answer_html("# A\n\n### B\n\n# C\n\n## D\n")
    assert [element.tag for element in elements(html)] == ["h3", "h4", "h3", "h4"]


def test_a_quoted_definition_is_shown_without_the_colon_of_its_page() -> None:
    html = answer_html("> wal_level (enum)  \n> : How much is written. [1]\n\nNot in a quote  \n: it stays.")
    assert "wal_level (enum)<br>\nHow much is written." in html
    assert ": it stays." in html


def test_a_links_words_stay_and_its_address_goes() -> None:
    assert answer_html("See [the manual](https://evil.example/).") == "<p>See the manual.</p>\n"


def test_a_texts_definitions_and_notes_are_shown_as_such() -> None:
    html = text_html("A[^1].\n\nterm\n: its meaning\n\n[^1]: A note, with [a link](#q).\n")
    assert "<dt>term</dt>" in html
    assert '<a href="#fn1"' in html
    assert '<li id="fn1"><p>A note, with <a rel' in html


def test_where_a_pdfs_page_begins_is_said_in_words() -> None:
    html = text_html("<!-- page 1 -->\n\nIt is divi<!-- page 2 --> ded.\n\n`<!-- page 3 -->` <!-- else -->")
    assert '<p><span class="picture">[page 1]</span></p>' in html
    assert 'divi<span class="picture">[page 2]</span> ded' in html
    assert "<code>&lt;!-- page 3 --&gt;</code> &lt;!-- else --&gt;" in html


def test_the_live_page_opens_at_the_quote() -> None:
    assert live_url(cited(1)) == "https://a.example/x#:~:text=word%20for%20word"
    anchored = replace(cited(1, quote=" ".join(f"w{n}" for n in range(20))), url="https://a.example/x#y")
    assert live_url(anchored) == "https://a.example/x#y:~:text=w0%20w1%20w2%20w3%20w4,w15%20w16%20w17%20w18%20w19"
    assert live_url(replace(cited(1), url="javascript:alert(1)")) == ""


# Kept pages


def test_a_quote_is_marked_across_elements() -> None:
    page = PAGES[0]
    quote = citation(0)
    html = view_of(page, quote.start, quote.end).html
    assert " ".join(marked(html).split()) == quote.quote
    assert html.count('id="quote"') == 1
    assert "evil.example" not in html


def test_of_two_like_sentences_the_one_in_the_right_place_is_marked() -> None:
    text = "Alpha says yes. It depends on the weather.\n\nBeta says no. It depends on the weather."
    html = "<p>Alpha says yes. It depends on the weather.</p><p>Beta says no. It depends on <i>the</i> weather.</p>"
    start = text.rindex("It depends")
    assert '<p>Beta says no. <mark id="quote">' in view_of(page_of(html, text), start, len(text)).html


@pytest.mark.parametrize(("html", "text"), [
    ("<ol><li>Open the lid</li><li>Pour the water</li></ol>", "1. Open the lid\n2. Pour the water"),
    ("<p>ﬁnd x² here</p>", "find x2 here"),
    ("<p>See <a href='/m'>the manual</a> first</p>", "See [the manual](https://a.example/m_(x)) first"),
    ("<p>Run</p><pre>ls -l\ncd /</pre>", "Run\n\n```sh\nls -l\ncd /\n```"),
    ("<table><tr><td>a</td><td>b</td></tr></table>", "| a | b |\n|---|---|"),
    ("<p>The sea level rose<sup>[12]</sup> by nine <button>copy</button>centimetres in the last century, they say.</p>",
     "The sea level rose by nine centimetres in the last century, they say."),
])
def test_a_quote_is_placed_though_its_markup_differs(html: str, text: str) -> None:
    view = view_of(page_of(html, text), 0, len(text))
    assert view.kind == "page"
    drawn, wanted = wordings_of(marked(view.html))[0], wordings_of(text)[-1]
    assert (drawn[:9], drawn[-9:]) == (wanted[:9], wanted[-9:])


def test_what_is_around_the_page_is_left_out_unless_the_quote_is_there() -> None:
    html = "<nav>Menu of things</nav><main><p>The text.</p></main><footer>Printed in Ulm</footer>"
    page = page_of(html, "The text.\nPrinted in Ulm")
    assert "Menu" not in view_of(page, 0, 9).html
    assert marked(view_of(page, 10, len(page.text)).html) == "Printed in Ulm"


@pytest.mark.parametrize("html", [None, b"", b"<p>something else entirely</p>", b"<p>x</p>" * 300_000])
def test_where_the_html_is_no_use_the_text_is_marked_at_its_offsets(html: bytes | None) -> None:
    page = replace(page_of("", "# Head\n\nOne <b> line.\n\n```\ncode\n\nmore\n```\nEnd."), html=html)
    view = view_of(page, 8, 21)
    assert view.kind == "text"
    assert view.note
    assert marked(view.html) == "One <b> line."
    assert [tag for _, _, tag in blocks_of(page.text)] == ["h1", "p", "pre", "p"]


def test_a_mark_over_several_blocks_is_named_once() -> None:
    page = replace(page_of("", "One.\n\nTwo.\n\nThree."), html=None)
    html = view_of(page, 2, 14).html
    assert html.count("<mark") == 3
    assert html.count('id="quote"') == 1


# The run as a story


def test_a_second_start_tells_the_run_from_its_beginning() -> None:
    begun = [Started("q", "quick", {}, "m"), Reading("u", "t"), Writing("m"), Draft("Half a", (cited(1),))]
    story = story_of([*begun, Started("q", "quick", {}, "m"), Reading("u", "t")])
    assert (story.draft, story.cited, story.restarts, len(story.rows)) == ("", [], 1, 1)


def test_a_second_writer_starts_the_draft_over() -> None:
    story = story_of([Writing("m"), Draft("Wrong", (cited(1),)), Writing(""), Draft("Right")])
    assert (story.draft, story.cited) == ("Right", [])


def test_a_page_that_came_after_all_or_is_found_again_is_kept_and_nothing_else() -> None:
    late, same = (Dropped("https://a.example/", reason) for reason in ("It did not come in time.", "It says the same as another."))
    came = Kept("https://a.example/", "A page", "a.example", "http", "0" * 64, 12, 1.0)
    for events in ([late, came], [came, same], [late, came, same]):
        row = story_of(events).rows["https://a.example/"]
        assert (row.state, row.why, row.kept) == ("kept", "", came)


def test_a_page_found_by_two_addresses_is_one_row_and_none_is_left_opening() -> None:
    ways = [Reading("https://a.example/old", "A", "near the top", "q1"), Reading("https://a.example/?utm=1", "A", "", "q2")]
    came = Kept("https://a.example/", "A page", "a.example", "http", "0" * 64, 12, 1.0, lane="q1", asked="https://a.example/old")
    again = replace(came, lane="q2", asked="https://a.example/?utm=1")
    story = story_of([*ways, came, again])
    assert [(row.url, row.title, row.state) for row in story.rows.values()] == [("https://a.example/", "A page", "kept")]
    for lane in ("q1", "q2"):
        assert [row.state for row in story.lanes[lane].rows.values()] == ["kept"]
        assert not story.lanes[lane].opening


def test_while_it_is_written_sources_are_those_cited_so_far() -> None:
    kept = Kept("https://a.example/x", "A title", "a.example", "pdf", "ab" * 32, 10, 0.1)
    story = story_of([Reading(kept.url, "t"), kept, Writing("m"), Draft("x[1]", (cited(1),))])
    assert [(source.n, source.rung) for source in story.sources] == [(1, "pdf")]


def test_a_header_cell_without_words_heads_nothing() -> None:
    html = answer_html("| | A |\n|---|---|\n| b | c |\n")
    assert (html.count("<th>"), html.count("<td>")) == (1, 3)


# Nothing nasty comes through


@pytest.mark.parametrize("payload", NASTY)
def test_no_answer_can_act(payload: str) -> None:
    for markdown in (payload, f"x [1] {payload} y", f"> {payload}\n\n- {payload}\n", f"| a |\n|---|\n| {payload} |\n"):
        bad = replace(cited(1), title=payload, site=payload)
        claims = [Claim(payload, "partial", (bad,))]
        html = answer_html(markdown, marks_of(claims))
        marked_too = shown_answer(html, claims, lambda place, claim: Markup("<b>!</b>")).html
        for element in [*elements(html), *(one for one in elements(marked_too) if one.tag != "b")]:
            assert element.tag in OWN_TAGS
            assert set(element.attrib) <= OWN_ATTRIBUTES
            assert element.get("href", "/pages/").startswith("/pages/")


@pytest.mark.parametrize("payload", NASTY)
def test_no_kept_page_can_act(payload: str) -> None:
    text = "before the quote after"
    for html in (f"{payload}<p>before <b>the</b> quote after</p>",
                 f"<main><p>before the {payload} quote after</p></main>",
                 f"<!doctype html><html><head><title>{payload}</title></head><body>{payload}<p>before the quote after"):
        for prefer in ("page", "text"):
            view = view_of(page_of(html, text + payload), 7, 16, prefer)
            check_inert(view.html)


def check_inert(html: str) -> None:
    for element in elements(html):
        assert element.tag not in ACTS
        assert set(element.attrib) <= {"id", "colspan", "rowspan", "start"}
        assert element.get("id", "quote") == "quote"


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory):
    """Reads a run whose every word is the payload, as the browser gets it."""
    fake = FakeService()
    app = create_app(Settings(data_dir=tmp_path_factory.mktemp("data"), token=TOKEN), fake)
    client = app.test_client()
    client.get(f"/?token={TOKEN}", base_url="http://127.0.0.1")

    def read(payload: str) -> list[str]:
        run = FakeService.ask(fake, f"Why {payload}?", model=False)
        fake.wait_over(run.id)
        page = Page(payload, payload, payload, payload, payload, site=payload, language=payload, html=payload.encode())
        fake.pages[page.sha256] = page
        bad = Citation(1, payload, payload, page.sha256, 0, len(payload), payload, payload, payload)
        source = Source(1, payload, payload, payload, payload, page.sha256, payload, payload)
        claim = Claim(payload, "partial", (bad,), (payload,))
        fake.tell(run.id, Answered(replace(
            answer_to(run), mode="model", model=payload, answer=f"{payload} [1]", claims=(claim,), sources=(source,),
            not_found=(payload,), stopped_by=payload)))
        places = ("/", f"/runs/{run.id}", f"/pages/{page.sha256}?start=0&end=1", f"/runs/{payload}")
        texts = [client.get(place, base_url="http://127.0.0.1").text for place in places]
        fake.forget(run.id)
        return texts

    return read


@pytest.mark.parametrize("payload", NASTY)
def test_no_page_of_ours_can_be_made_to_act(payload: str, reader) -> None:
    for html in reader(payload):
        for element in lxml.html.document_fromstring(html).iter():
            if isinstance(element.tag, str):
                check_ours(element)


def check_ours(element) -> None:
    assert element.tag not in ("img", "object", "embed", "iframe", "base", "marquee", "video", "audio", "xss")
    if element.tag == "script":
        assert element.get("src", "").startswith("/static/js/")
        assert not (element.text or "").strip()
    for name, value in element.attrib.items():
        assert not name.startswith("on")
        assert name not in ("style", "srcdoc", "formaction", "background", "ping", "autofocus")
        if name in ("href", "src", "action"):
            assert value.startswith(("/", "#")), (element.tag, value)
            assert not value.startswith("//")
        if name == "data-live":
            assert value == "" or value.startswith(("http://", "https://"))


def test_a_formula_is_shown_as_it_was_written_and_money_is_none():
    html = text_html("In $a\\,b_1*c*$ and $$x\\\\y<z$$, for $5 or $6.\n\n$$\n\\begin{matrix}1 & 2\\\\3\\,4\\end{matrix}\n$$\n")
    assert "<p>In $a\\,b_1*c*$ and $$x\\\\y&lt;z$$, for $5 or $6.</p>" in html
    assert "\\begin{matrix}1 &amp; 2\\\\3\\,4\\end{matrix}" in html


def test_a_line_may_end_within_a_cell():
    html = text_html("| a |\n|---|\n| x<br>`y<br>` \\<br> |\n")
    assert "x<br>\n<code>y&lt;br&gt;</code> &lt;br&gt;" in html
