from contextlib import suppress

import pytest

from agent.errors import Unreadable
from agent.extract.document import decode, extract
from agent.extract.html import extract as extract_html
from agent.extract.html import parse
from agent.extract.render.markdown import markdown
from agent.extract.want import Want

PAGE = """<!doctype html><html lang="en-GB"><head><title>Zip — Docs</title>
<meta property="og:site_name" content="The Docs"><meta name="author" content="Ann">
<meta property="article:published_time" content="2024-05-06T10:00:00Z"></head><body>
<nav><ul><li><a href="/">Home</a></li><li><a href="/b">Elsewhere in the navigation</a></li></ul></nav>
<main><h1>Zip files<a class="headerlink" href="#zip">¶</a></h1>
<p>An archive holds <code>files(<em><code>n</code></em>)</code> and their dates, which are kept in a table of its own.</p>
<div class="highlight-python3"><pre>import zipfile
    with open(x):
        pass
</pre></div>
<ol start="3"><li>Third thing to do with an archive.</li><li><p>Fourth thing.</p><p>More of it.</p></li></ol>
<table><tr><th>name</th><th>meaning</th></tr><tr><td>a|b</td><td>one <b>two</b></td></tr></table>
<dl><dt>strict</dt><dd>Clamps old dates to the year that zip began with.</dd></dl>
<aside class="sidebar"><a href="/1">Related story one</a> <a href="/2">Related story two</a></aside>
</main><footer>Copyright and a footer line that no reader wants to see here</footer><script>var hidden = "x";</script></body></html>"""


def text_of(html: str) -> str:
    return extract_html(html, "https://docs.org/zip")["text"]


@pytest.mark.parametrize("tag", ["main", "article", "section"])
def test_a_page_may_leave_out_its_bodys_tag(tag):
    said = "An archive holds files and their dates, which are kept in a table of its own."
    text = text_of(f"<!doctype html><title>Zip</title><{tag}><h1>Zip files</h1><p>{said}</p></{tag}><p>And more.</p>")
    assert text.index("# Zip files") < text.index(said) < text.index("And more.")


def test_what_follows_a_part_without_a_bodys_tag_stays_behind_it():
    body = parse("<title>Zip</title><main><p>First comes this.</p></main>Then these words.<p>And last of all this.</p>").find("body")
    assert " ".join(body.text_content().split()) == "First comes this.Then these words.And last of all this."


def test_a_page_keeps_its_words_and_their_structure():
    text = text_of(PAGE)
    assert "# Zip files\n" in text
    assert "An archive holds files(n) and their dates" in text
    assert "```python3\nimport zipfile\n    with open(x):\n        pass\n```" in text
    assert "3. Third thing to do with an archive.\n4. Fourth thing." in text
    assert "| name | meaning |\n|---|---|\n| a\\|b | one two |" in text
    assert "strict\n: Clamps old dates" in text


def test_furniture_is_left_out():
    text = text_of(PAGE)
    for words in ("Elsewhere in the navigation", "footer line", "Related story", "hidden", "¶"):
        assert words not in text


def test_a_page_says_what_it_is():
    about = extract_html(PAGE, "https://www.docs.org/zip")
    assert (about["title"], about["author"], about["date"], about["site"], about["language"]) == (
        "Zip files", "Ann", "2024-05-06", "The Docs", "en")


def test_the_site_is_the_host_where_the_page_names_none():
    assert extract_html("<p>" + "Some words of a page. " * 20, "https://www.a.org/x")["site"] == "a.org"


def test_inline_markup_never_parts_or_reorders_words():
    tree = parse("<div><p>one<b>two</b> <i>three</i><br>four</p><p>\u00a0</p><span><div>five</div></span>six</div>")
    assert markdown(tree, lambda el: False) == "onetwo three\nfour\n\nfive\n\nsix"


def test_text_that_looks_like_structure_is_marked_as_text():
    assert markdown(parse("<p># not a heading</p>"), lambda el: False) == "\\# not a heading"


@pytest.mark.parametrize("html", ["", "   ", "<html></html>", "<p></p>", "<!-- -->", "\x00"])
def test_an_empty_page_is_unreadable(html):
    with pytest.raises(Unreadable):
        extract(html.encode(), "text/html", "utf-8", "https://a.org/")


def test_a_shell_that_a_script_fills_is_thin():
    shell = b"<!doctype html><title>App</title><div id=root>Loading</div><script>go()</script>"
    found = extract(shell, "text/html", "", "https://a.org/")
    assert found["thin"]
    assert not extract(PAGE.encode() + b"<p>" + b"word " * 80, "text/html", "", "https://a.org/")["thin"]


@pytest.mark.parametrize(("body", "charset", "text"), [
    ("Grüße".encode("latin-1"), "iso-8859-1", "Grüße"),
    ("Grüße".encode(), "", "Grüße"),
    ("\ufeffGrüße".encode("utf-16"), "", "Grüße"),
    ('<meta charset="windows-1252">“Grüße”'.encode("windows-1252"), "", '<meta charset="windows-1252">“Grüße”'),
    ("Grüße".encode(), "no-such-charset", "Grüße"),
    ("“Grüße” – 5 €".encode("cp1252"), "iso-8859-1", "“Grüße” – 5 €"),
    ("“Grüße” – 5 €".encode(), "iso-8859-1", "“Grüße” – 5 €"),
    ("朱镕基的话".encode("gbk"), "gb2312", "朱镕基的话"),
    ("①髙島屋".encode("cp932"), "shift_jis", "①髙島屋"),
])
def test_bytes_become_the_text_they_stand_for(body, charset, text):
    assert decode(body, charset).lstrip("\ufeff") == text


@pytest.mark.parametrize(("body", "kind"), [
    (b"\x1f\x8b\x08", "gzip"), (b"PK\x03\x04", "zip"), (b"\x00\x01\x02" * 9, "data")])
def test_what_is_no_text_says_what_it_is(body, kind):
    with pytest.raises(Unreadable, match=kind):
        extract(body, "application/octet-stream", "", "https://a.org/x")


def test_plain_text_stays_as_it_is():
    found = extract(b"Title line\r\n\r\nBody < 5 & more.\r\n", "text/plain", "", "https://a.org/x.txt")
    assert found["text"] == "Title line\n\nBody < 5 & more.\n"
    assert (found["title"], found["html"]) == ("Title line", None)


def test_deep_nesting_is_no_fault():
    deep = "<div>" * 3000 + "At the bottom there is a sentence." + "</div>" * 3000
    with suppress(Unreadable):
        assert "bottom" in text_of(deep)


def test_the_footnotes_that_the_text_refers_to_are_kept_wherever_they_stand():
    note = '<aside class="footnote" id="fn1" role="doc-footnote"><p>Only in the long form of the grammar.</p></aside>'
    said = '<p>The dates are clamped<a href="#fn1" role="doc-noteref">1</a> by default, and always were so.</p>'
    page = PAGE.replace("</main>", f"{said}</main>")
    marked = extract_html(page.replace("<footer>", f"<footer>{note}"), "https://docs.org/zip", Want())["markdown"]
    assert "clamped[^1]" in marked
    assert "[^1]: Only in the long form of the grammar." in marked
    assert "footer line" not in marked


@pytest.mark.parametrize(("selector", "text"), [
    ("h1", "# Zip files"), ("ol", "3. Third thing to do"), ("pre", "```python3\nimport zipfile")])
def test_a_selected_element_keeps_its_own_structure(selector, text):
    assert extract_html(PAGE, "https://docs.org/zip", Want(selector=selector))["markdown"].startswith(text)


@pytest.mark.parametrize("tag", ["wbr", "wbr/", "WBR", "wbr class='x'"])
def test_a_place_where_a_word_may_break_swallows_nothing(tag):
    html = PAGE.replace("which are kept", f"which stay in std::<{tag}>collections and are kept").replace("import zip", f"import zip<{tag}>")
    text = text_of(html)
    assert "which stay in std::collections and are kept in a table of its own." in text
    assert "import zipfile\n    with open(x):\n        pass" in text


@pytest.mark.parametrize("left_open", ["<div class='post'>", "<font size='2'>", "<span>"])
def test_a_page_that_never_closes_a_tag_is_read_to_its_end(left_open):
    said = "".join(f"{left_open}<p>Post {n} tells of the {n}th bridge and of those who built it.</p>" for n in range(1000, 1600))
    text = text_of(f"<!doctype html><html><head><title>A thread</title></head><body><h1>A thread</h1>{said}</body></html>")
    assert all(f"Post {n} tells" in text for n in range(1000, 1600))


FOLDED = "<div class='faq'><button aria-expanded='false' aria-controls='a'{}>May I cancel?</button><div id='a' hidden><p>{}</p></div></div>"
TABS = ("<div role='tablist'><button role='tab'>pip</button><button role='tab'>conda</button></div>"
        "<div role='tabpanel'><pre>pip add zip</pre></div><div role='tabpanel' hidden><pre>conda add zip</pre></div>")


def test_what_the_reader_unfolds_with_a_press_is_text():
    said = "Yes, at any time that you like, from the page of your account."
    text = text_of(PAGE.replace("<ol", FOLDED.format("", said) + TABS + "<ol"))
    assert said in text
    assert "pip add zip" in text
    assert "conda add zip" in text


def test_a_menu_that_is_folded_is_none():
    said = "Alpha and beta and gamma are the pages of this site."
    assert said not in text_of(PAGE.replace("<ol", FOLDED.format(" aria-haspopup='true'", said) + "<ol"))
    assert said not in text_of(PAGE.replace("<main>", f"<nav>{FOLDED.format('', said)}</nav><main>"))


@pytest.mark.parametrize(("part", "said"), [
    ("<aside class='callout callout-tip' role='note'><p>{}</p></aside>", "Keep a copy of the archive in another place."),
    ("<aside class='starlight-aside starlight-aside--tip'><p>Tip</p><div><p>{}</p></div></aside>", "Keep a copy of it elsewhere."),
    ("<blockquote><p>Whatever can be packed has been packed before.</p><footer>{}</footer></blockquote>", "— Ann, in a letter"),
])
def test_remarks_and_sources_of_quotations_are_text_whatever_their_tags(part, said):
    assert said in text_of(PAGE.replace("<ol", part.format(said) + "<ol"))


@pytest.mark.parametrize("said", ["", "<p>Redirecting to the new place.</p>"])
def test_a_page_that_sends_its_reader_on_in_its_markup_is_for_the_browser(said):
    sends = "<meta http-equiv='Refresh' content='0; URL=latest/index.html'>"
    assert extract(f"<head>{sends}</head><body>{said}</body>".encode(), "text/html", "", "https://docs.org/")["thin"]
    assert not extract(PAGE.replace("</head>", sends + "</head>").encode(), "text/html", "", "https://docs.org/")["thin"]


def test_data_about_a_short_page_is_no_script_that_draws_it():
    short = "<article><h1>Zip</h1><p>An archive holds files and their dates in a table.</p></article>{}"
    assert not extract(short.format('<script type="application/ld+json">{}</script>').encode(), "text/html", "", "https://docs.org/")["thin"]
    assert extract(short.format("<script>draw()</script>").encode(), "text/html", "", "https://docs.org/")["thin"]
