"""Rendering: what the ways of Want change, what plain text keeps, and pages made to exhaust it."""

import time

import lxml.html
import pytest

from agent.errors import BadInput
from agent.extract.render.links import destination, resolved
from agent.extract.render.markdown import markdown
from agent.extract.want import Want

BASE = "https://a.org/docs/page.html?v=1"
MANY = 20_000


def marked(html: str, want: Want | None = None, base: str = BASE) -> str:
    return markdown(lxml.html.document_fromstring(html), lambda el: False, want or Want(), base)


def plain(html: str) -> str:
    return markdown(lxml.html.document_fromstring(html), lambda el: False)


@pytest.mark.parametrize("wrong", [{"links": "all"}, {"links": None}, {"images": "yes"}, {"selector": 3}])
def test_a_way_that_there_is_not_is_refused(wrong):
    with pytest.raises(BadInput):
        Want(**wrong)


def test_links_are_kept_listed_or_dropped():
    html = '<p><a href="/x">One</a>, <a href="y">two</a>, <a href="/x">again</a>.</p>'
    assert marked(html) == "[One](https://a.org/x), [two](https://a.org/docs/y), [again](https://a.org/x)."
    assert marked(html, Want(links="footnotes")) == (
        "[One][1], [two][2], [again][1].\n\n[1]: https://a.org/x\n[2]: https://a.org/docs/y")
    assert marked(html, Want(links="none")) == "One, two, again."


def test_images_are_kept_or_dropped():
    html = '<p>See <img src="/i.png" alt="A plan"></p>'
    assert marked(html) == "See ![A plan](https://a.org/i.png)"
    assert marked(html, Want(images=False)) == "See"


@pytest.mark.parametrize(("href", "url"), [
    ("x", "https://a.org/docs/x"), ("?q=1&r=2", "https://a.org/docs/page.html?q=1&r=2"), ("#part", "https://a.org/docs/page.html?v=1#part"),
    ("../x#y", "https://a.org/x#y"), ("//b.org", "https://b.org"), (" /a\n b ", "https://a.org/a%20b"), ("\\x\\y?\\z", "https://a.org/x/y?\\z"),
    ("mailto:a@b.org", "mailto:a@b.org"), ("JavaScript:go()", ""), ("java\nscript:go()", ""), ("#", ""), ("", ""), ("http://[bad", ""),
    ("x?", "https://a.org/docs/x?"), ("data:text/html,x", ""), ("https://b.org/./c/../d", "https://b.org/d"),
])
def test_an_address_is_what_a_browser_makes_of_it(href, url):
    assert resolved(href, BASE) == url


def test_a_page_names_the_base_of_its_addresses():
    assert marked('<base href="/other/"><a href="x">x</a>') == "[x](https://a.org/other/x)"


@pytest.mark.parametrize(("url", "written"), [
    ("https://a.org/x_(y)", "https://a.org/x_(y)"), ("https://a.org/x(y", "<https://a.org/x(y>"), ("https://a.org/a b", "https://a.org/a%20b"),
    ("https://a.org/?a=1&copy=2", "https://a.org/?a=1&copy=2"), ("https://a.org/?a&copy;", "https://a.org/?a&amp;copy;")])
def test_an_address_is_written_so_that_it_can_be_read(url, written):
    assert destination(url) == written


def test_plain_text_has_no_inline_marks():
    html = ('<p><b>Bold</b>, <a href="/x">a link</a>, <code>a_b*c</code>, <img src="/i.png" alt="pic">x<sup>2</sup>.</p><hr>'
            "<p>*a* [b](c)</p>")
    assert plain(html) == "Bold, a link, a_b*c, x2.\n\n*a* [b](c)"


def test_a_cell_over_rows_is_said_in_each_and_one_over_columns_once():
    html = ("<table><tr><th>a</th><th>b</th><th>c</th></tr><tr><td rowspan=2>1</td><td colspan=2>2</td></tr>"
            "<tr><td>3</td><td>4</td></tr></table>")
    assert plain(html) == "| a | b | c |\n|---|---|---|\n| 1 | 2 |  |\n| 1 | 3 | 4 |"


@pytest.mark.parametrize("icon", [
    '<svg aria-label="Yes"></svg>', "<svg><title>Yes</title><path/></svg>", '<i class="check" aria-label="Yes"></i>',
    '<span aria-label="Yes"><svg aria-hidden="true" aria-label="tick"></svg></span>'])
def test_an_icon_alone_in_a_cell_says_its_label(icon):
    html = f"<table><tr><th>Plan<th>Free</tr><tr><td>SSO</td><td>{icon}</td></tr><tr><td>Logs</td><td>none {icon}</td></tr></table>"
    assert "| SSO | Yes |" in plain(html)
    assert "| SSO | Yes |" in marked(html)
    assert "| Logs | none |" in plain(html)


@pytest.mark.parametrize(("html", "said"), [
    ("<p>Now <span>€129</span><del>€149</del>each</p>", "Now €129 ~~€149~~ each"),
    ("<p><span>€129</span><del>€149</del></p>", "€129 ~~€149~~"),
    ("<p>a<del>b</del>c</p>", "a~~b~~c"),
])
def test_what_is_struck_out_stays_struck_out_beside_other_words(html, said):
    assert marked(html) == said


@pytest.mark.parametrize("words", ["dump()", "dump", "str"])
def test_a_short_cross_reference_of_a_manual_is_no_footnote(words):
    manual = f"""<main><p>See <a class="reference internal" href="#json.dump"><code>{words}</code></a> for more.</p>
    <dl class="py function"><dt class="sig" id="json.dump">json.dump(obj, fp)</dt><dd><p>Serialize obj.</p></dd></dl></main>"""
    text = marked(manual)
    assert "json.dump(obj, fp)\n: Serialize obj." in text
    assert f"[`{words}`]({BASE}#json.dump)" in text
    assert "[^" not in text


def test_stars_that_are_all_of_an_emphasis_are_words():
    assert marked("<p>f(<em><span>*</span></em>, <em><span>**</span><span>kw</span></em>)</p>") == r"f(\*, *\*\*kw*)"


def test_the_term_of_a_note_in_a_list_is_its_number_and_no_other_term():
    notes = """<main><p>Words<a class="footnote-reference" href="#n1">[1]</a> and<a class="footnote-reference" href="#n2">[2]</a>.</p>
    <dl><dt id="n1">[1]</dt><dd>A note.</dd><dt id="n2">A title that is not the number</dt><dd>Another.</dd></dl></main>"""
    text = marked(notes)
    assert "[^1]: A note." in text
    assert "A title that is not the number" in text


def test_no_language_is_invented():
    assert marked('<body class="lang-en"><pre>x</pre>') == "```\nx\n```"
    assert marked('<div class="language-js"><pre>a</pre><pre>b</pre></div>') == "```\na\n```\n\n```\nb\n```"


def test_a_formula_is_said_once_also_in_plain_text():
    html = ('<p>So <span class="katex"><span class="katex-mathml"><math><semantics><mi>x</mi><annotation encoding="application/x-tex">x_1'
            '</annotation></semantics></math></span><span class="katex-html">x1</span></span>.</p>')
    assert plain(html) == marked(html) == "So $x_1$."


HOSTILE = {
    "divs": "<div>" * MANY + "x", "lists": "<ul><li>" * MANY + "x", "quotations": "<blockquote>" * MANY + "x",
    "tables": "<table><tr><td>" * MANY, "marks": "<b><i>" * MANY + "x",
    "cells": "<table><tr>" + "<td>x" * MANY, "links": "<p>" + "<a href='/x?y=1'>w</a> " * MANY,
    "spans": "<table>" + "<tr><td rowspan=1000000000 colspan=1000000000>x</td><td>y</td></tr>" * 2000,
    "wide and tall": "<table><tr>" + "<th>x</th>" * 5000 + "</tr>" + "<tr><td>y</td></tr>" * 5000 + "</table>",
    "signs": "<p>" + "* _a_ `b` [c](d) \\( $x " * MANY, "formulas": "<span class='katex'>" * MANY + "x", "math": "<math>" + "<mrow>" * MANY,
    "slots": "<p><template shadowrootmode=open><slot></slot></template>" * 2000, "code": "<pre>" + "<div>" * MANY + "x",
    "notes": "".join(f"<a href='#fn{n}'>{n}</a><p id='fn{n}'>x <a href='#fnref{n}'>^</a></p>" for n in range(2000)),
    "grid": "<div role=table><div role=row>" * 1000 + "<div role=cell>x</div>" * 1000, "breaks": "<p>a" + "<br>" * MANY,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_pages_made_to_exhaust_end_soon(name):
    tree = lxml.html.document_fromstring(HOSTILE[name], parser=lxml.html.HTMLParser(huge_tree=True))
    started = time.process_time()
    for style in (Want(), None):
        assert len(markdown(tree, lambda el: False, style, BASE)) < 3_000_000
    assert time.process_time() - started < 8


@pytest.mark.parametrize(("html", "said"), [
    ("<a href=/b>bob</a><span>Posts: 12</span><span>Joined: Mar 2020</span>", "bob Posts: 12 Joined: Mar 2020"),
    ("<span>€129</span><small>incl. VAT</small>", "€129 incl. VAT"), ("€129<small>incl. VAT</small>", "€129 incl. VAT"),
    ("<b>bob wrote:</b><span>How do I</span>", "bob wrote: How do I"), ("<cite>bob wrote:</cite>How do I", "bob wrote: How do I"),
    ("<a href=1>1</a><a href=2>2</a><a href=3>Next</a>", "1 2 Next"), ("Published by:<span>Mega Crit</span>", "Published by: Mega Crit"),
    ("<a href=/x><span class=t>The title</span><span class=n>12 comments</span></a>", "The title 12 comments"),
    ("<span class=name>nullable</span><span class=kind>string</span>", "nullable string"),
    ("<span class=n>(8)</span><span class=say>8 reviews with a mean</span>", "(8) 8 reviews with a mean"),
    ("<kbd>Ctrl</kbd><kbd>C</kbd>", "Ctrl C"), ("<span>One</span><img src=i.png alt=''><span>Two things</span>", "One Two things"),
])
def test_words_that_only_a_style_keeps_apart_stay_apart(html, said):
    assert plain(f"<p>{html}") == said
    assert marked(f"<p>{html}", Want(links="none", images=False)).replace("*", "").replace("`", "") == said


@pytest.mark.parametrize(("html", "said"), [
    ("<span>O</span><span>nce upon a time</span>", "Once upon a time"), ("<b>H</b>ello there", "Hello there"),
    ("<span class=c1>Le</span><span class=c1>arn More</span>", "Learn More"),
    ("<span>inspired p</span><span>roducts of old</span>", "inspired products of old"),
    ("<a href=1>日本</a><a href=2>東京都</a><span>の大学 3</span>", "日本東京都の大学 3"),
    ("<span class=n>tools.</span><span class=f>batched</span><span class=p>(</span><em class=a>it</em>", "tools.batched(it"),
    ("<span class=n>12:</span><span class=m>30 today</span>", "12:30 today"), ("<span>3</span><span>rd time</span>", "3rd time"),
    ("CO<b>2 is</b>", "CO2 is"), ("the i<b>Phone 12</b>", "the iPhone 12"), ("<b>Java</b>Script", "JavaScript"),
    ("<a href=1>Spinach</a><strong class=s>, or more</strong>", "Spinach, or more"), ("<a href=1>walk</a><b>ing on</b>", "walking on"),
    ("<code>a<b class=k>Foo bar</b><i class=n>Bar foo</i></code>", "aFoo barBar foo"), ("<b>x</b><sup>Two words</sup>", "xTwo words"),
])
def test_a_word_that_is_cut_over_elements_stays_one(html, said):
    assert plain(f"<p>{html}") == said


@pytest.mark.parametrize(("html", "said"), [
    ("Donau\u00addampf\u00adschiff, in\u200bvisible, \ufeffwords, no\u200djoin", "Donaudampfschiff, invisible, words, nojoin"),
    ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
    ("<b>\u0645\u06cc</b>\u200c\u062e\u0648", "\u0645\u06cc\u200c\u062e\u0648"),
    ("\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937"), ("\u17a0\u17be\u200b\u1780", "\u17a0\u17be\u200b\u1780"),
    ("\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"), ("\u2764\ufe0f\u200d\U0001f525", "\u2764\ufe0f\u200d\U0001f525"),
    ("日本語\n  の文。\r\n次の文 word\n日", "日本語の文。次の文 word 日"), ("한국어\n문장", "한국어 문장"),
])
def test_what_nobody_sees_is_no_text(html, said):
    assert plain(f"<p>{html}") == said
    assert marked(f"<p>{html}").replace("*", "") == said


def test_code_keeps_what_nobody_sees():
    assert "a\u00adb\u200dc" in plain("<pre>a\u00adb\u200dc</pre>")
    assert marked("<p><code>a\u00adb\u200dc</code>") == "`a\u00adb\u200dc`"


@pytest.mark.parametrize(("html", "said"), [
    ("<ul><li><input type=checkbox checked> Done<li><input type=checkbox> Open</ul>", "- [x] Done\n- [ ] Open"),
    ("<ul><li><input type=checkbox name=brand value=b> Brand</ul>", "- Brand"),
    ("<ul><li><input type=checkbox id=fold><label for=fold></label> A post</ul>", "- A post"),
    ("<form><ul><li><input type=checkbox> Brand</ul></form>", "- Brand"),
])
def test_the_box_of_a_task_is_kept_and_that_of_a_form_is_not(html, said):
    assert marked(html) == said


@pytest.mark.parametrize("img", ["<img alt=Plan>", "<img alt=Plan src=data:image/gif;base64,R0>"])
def test_a_picture_is_had_from_its_sources(img):
    picture = f"<picture><source srcset='/a.webp 100w, /b.webp 200w'></source>{img}</picture>"
    assert marked(f"<p>See {picture} now.") == "See ![Plan](https://a.org/b.webp) now."
    assert marked(f"<p><a href=/x>{picture}A plan</a>") == "[A plan](https://a.org/x)"


@pytest.mark.parametrize(("html", "said"), [
    ("Rating: <span role=img aria-label='4.5 out of 5 stars'></span> (12)", "Rating: 4.5/5 (12)"),
    ("<i title='Rated 4 of 5'></i>good", "4/5 good"), ("<svg><title>4,5 von 5 Sternen</title><path/></svg>", "4,5/5"),
    ("<span aria-label='4.5 out of 5'>4.5</span>", "4.5"), ("<i title='4 of 5'></i><b>4</b> (12)", "**4** (12)"),
    ("<span aria-label='Close'></span>ok", "ok"),
    ("<span title='Page 4 of 5 in the long guide to bridges and to their many keepers'></span>ok", "ok"),
])
def test_stars_that_are_drawn_are_said(html, said):
    assert marked(f"<p>{html}") == said


def test_lines_that_a_style_keeps_are_kept():
    assert plain("<div style='white-space:pre-wrap'>Roses are red\nViolets <b>are</b> blue</div>") == "Roses are red\nViolets are blue"
    assert marked("<div style='white-space:pre-line'>Roses\nViolets <b>are</b>\nblue</div>") == "Roses  \nViolets **are**  \nblue"
    code = "<div style='color:red; white-space: pre'>for x in y:\n    print(x)</div>after"
    assert plain(code) == marked(code) == "```\nfor x in y:\n    print(x)\n```\n\nafter"


def test_buttons_that_only_act_are_no_text():
    html = "<p>Run this <span role=button>Copy</span></p><div role=button>Add to cart</div><div role=button>What is a pump?</div>"
    assert plain(html) == marked(html) == "Run this\n\nWhat is a pump?"
