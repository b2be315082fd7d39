"""JSON, CSV, XML, feeds, notebooks, Markdown and pictures: told by what they hold, kept letter for letter, cut with a note."""

import json
import struct

import pytest

from agent.errors import BadInput, Unreadable
from agent.extract.document import extract
from agent.extract.want import Want


def read(body, content_type="", url="https://a.org/file", want=None):
    return extract(body.encode() if isinstance(body, str) else body, content_type, "", url, want)


RSS = '<?xml version="1.0"?><rss version="2.0"><channel><title>T</title><item><title>One</title></item></channel></rss>'
BOOK = json.dumps({"nbformat": 4, "metadata": {}, "cells": [{"cell_type": "markdown", "source": ["# Title\n", "words"]}]})


@pytest.mark.parametrize(("body", "declared", "kind"), [
    ('{"a": [1, 2]}', "text/html", "json"), ('[{"a": 1}]', "text/plain", "json"), ('{"a":1}\n{"a":2}\n', "", "json"),
    ("[1] See the first note.\n", "text/plain", "text"), ("{% raw %} a template", "text/plain", "text"), ("12", "text/plain", "text"),
    ("12", "application/json", "json"), ('{"a": [1, 2, {"b": "cut he', "", "json"),
    (RSS, "text/html", "feed"), ('<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title></feed>', "text/plain", "feed"),
    ('{"version": "https://jsonfeed.org/version/1.1", "title": "x", "items": []}', "application/json", "feed"),
    (BOOK, "text/plain", "notebook"), ("<?xml version='1.0'?><note><to>x</to></note>", "text/html", "xml"),
    ('<note xmlns="urn:x"><to>words</to></note>', "", "xml"), ("<note><to>words</to></note>\n", "text/plain", "xml"),
    ('<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"><body><p>words</p></body></html>', "", "html"),
    ("<!-- c --><p>words <b>here</b></p>", "text/plain", "html"), ("words <div>here</div>", "text/html", "html"),
    ("a,b,c\n1,2,3\n4,5,6\n", "text/plain", "csv"), ("a\tb\n1\t2\n3\t4\n", "", "csv"), ("a;b;c\n1;2;3\n4;5;6\n", "", "csv"),
    ("Well, here we go.\nYes, there it is.\nNo, that was all.\n", "text/plain", "text"), ("a,b\n1,2\n", "text/csv", "csv"),
    ("# Title\n\nwords\n\n## Part\n\nmore\n", "text/plain", "markdown"), ("#!/bin/sh\n# a comment\necho x\n", "text/plain", "text"),
    ("just words", "text/markdown", "markdown"), ("# A comment\nkey = value\n", "text/plain", "text"),
    ("<svg xmlns='http://www.w3.org/2000/svg' width='10' height='20'></svg>", "text/plain", "image"),
    ("Just a line of words.", "text/html", "text"), ("BM is how this text starts, and MZ how another.", "text/plain", "text"),
    ("\ufeffwords".encode("utf-16"), "text/plain", "text"),
])
def test_a_document_is_what_its_bytes_are(body, declared, kind):
    assert read(body, declared)["format"] == kind


@pytest.mark.parametrize("body", [b"\x7fELF\x02\x01\x01" + bytes(50), b"ID3\x04" + bytes(50), b"\x00\x00\x00\x18ftypmp42" + bytes(50),
                                  b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(50), b"\x1a\x45\xdf\xa3" + bytes(50), b"wOF2" + bytes(50),
                                  b"{\\rtf1 words}", b"%!PS-Adobe-3.0\n", b"SQLite format 3\x00" + bytes(50), bytes(range(256)) * 20])
def test_what_holds_no_text_says_so_in_one_sentence(body):
    with pytest.raises(Unreadable, match="^This address holds [^.]*\\.$"):
        read(body)


def test_every_document_has_every_key_and_a_receipt():
    found = read("words of a text\n", "text/plain")
    assert set(found) >= {"canonical", "kind", "format", "wall", "offers", "receipt", "pages", "captions", "markdown", "thin", "html"}
    assert found["receipt"] == {"page": {"words": 4, "code": 0, "tables": 0, "links": 0}, "dropped": [], "extractor": "text", "low": False,
                                "text": {"words": 4, "code": 0, "tables": 0, "links": 0}}
    assert found["markdown"] == ""


def test_a_selector_is_for_pages_of_html():
    assert "selector" in read("words", "text/plain", want=Want(selector="p"))["receipt"]["dropped"][0]["why"]
    with pytest.raises(BadInput):
        read("<p>words</p>", "text/html", want=Want(selector="p["))


# ---------------------------------------------------------------- JSON

def test_json_is_laid_out_and_its_values_stay_as_they_were_sent():
    found = read('{"n":1.50e3,"s":"Gr\\u00fc\\u00dfe \\"x\\"","e":[],"l":[{"a":1},{"b":[1,2]}],"n":10000000000000000000001}', want=Want())
    assert found["text"] == ('{\n  "n": 1.50e3,\n  "s": "Grüße \\"x\\"",\n  "e": [],\n  "l": [\n    {"a": 1},\n'
                             '    {\n      "b": [1, 2]\n    }\n  ],\n  "n": 10000000000000000000001\n}')
    assert found["markdown"] == f"```json\n{found['text']}\n```"


def test_laid_out_json_means_what_it_meant():
    value = {"a": [[1, [2, [3, {"x": "y, [z] {w}: \\ \"q\""}]]], {}], "b" * 200: ["c" * 90, "d" * 90, None, True, -1.5e-7], "": ""}
    assert json.loads(read(json.dumps(value))["text"]) == value


def test_huge_json_is_cut_with_a_note():
    found = read(json.dumps([{"number": n, "words": "some words"} for n in range(40_000)]), want=Want())
    assert len(found["text"]) <= 400_000
    assert "Left out" in found["markdown"]
    assert found["receipt"]["dropped"][0]["what"] == "the rest of the data"


# ---------------------------------------------------------------- CSV

def test_csv_is_a_table_with_quoted_cells_whole():
    found = read('name,"the, size",note\na|b,1,"two\nlines"\nc,2,\n')
    assert found["text"] == "| name | the, size | note |\n|---|---|---|\n| a\\|b | 1 | two lines |\n| c | 2 |  |"


def test_long_csv_says_how_many_rows_are_left_out():
    found = read("a,b,c\n" + "1,2,3\n" * 5000, want=Want())
    assert found["receipt"]["dropped"] == [{"what": "rows", "words": 0, "why": "4,001 more rows follow the first 1,000"}]
    assert found["text"].count("\n") == 1000
    assert found["markdown"].endswith("(Left out: rows; 4,001 more rows follow the first 1,000.)*")


def test_wide_csv_says_how_many_columns_are_left_out():
    found = read("\n".join([",".join("x" * 3000)] * 3), "text/csv")
    assert found["text"].splitlines()[0].count("x") == 100
    assert "3,000 columns came" in found["receipt"]["dropped"][0]["why"]


# ---------------------------------------------------------------- XML and feeds

def test_xml_is_indented_and_opens_nothing(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    found = read(f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "{secret.as_uri()}"><!ENTITY y "boom">]>'
                 '<r><name>List</name><a k="1">t &amp; u</a><b>&x;&y;</b></r>', want=Want())
    assert '<a k="1">t &amp; u</a>' in found["text"]
    assert "the secret" not in found["text"]
    assert found["title"] == "List"
    assert found["markdown"].startswith("```xml\n<r>\n  <name>")


ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>News</title><link rel="self" href="/feed"/>
<entry><title type="html">One &lt;b&gt;bold&lt;/b&gt;</title><link rel="enclosure" href="/x.mp3"/><link href="/one"/>
<updated>2024-05-06T10:00:00Z</updated><author><name>Ann</name></author>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><h1>Part</h1><p>See <a href="two">the next</a>.</p></div></content></entry>
<entry><title>Two</title><link href="https://b.org/two"/><summary>Plain &lt; words

in two paragraphs</summary></entry></feed>"""


def test_a_feed_is_its_items_with_date_link_and_content():
    found = read(ATOM, url="https://a.org/blog/feed", want=Want())
    assert found["text"] == ("# News\n\n## One bold\n\n2024-05-06 · Ann\n\n### Part\n\nSee the next.\n\n## Two\n\nPlain < words\n\n"
                             "in two paragraphs")
    assert "## [One bold](https://a.org/one)" in found["markdown"]
    assert "See [the next](https://a.org/two)." in found["markdown"]
    assert (found["title"], found["date"], found["language"]) == ("News", "2024-05-06", "de")


def test_an_rss_item_prefers_its_whole_content():
    found = read('<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>T</title><item>'
                 "<title>One</title><link>https://a.org/1</link><pubDate>Tue, 05 Mar 2024 10:00:00 GMT</pubDate>"
                 "<description>Short.</description><content:encoded><![CDATA[<p>Long <i>words</i>.</p><pre>a\n  b</pre>]]>"
                 "</content:encoded></item></channel></rss>")
    assert found["text"] == "# T\n\n## One\n\n2024-03-05\n\nLong words.\n\n```\na\n  b\n```"


def test_a_json_feed_is_a_feed():
    found = read(json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "T", "authors": [{"name": "Ann"}], "items": [
        {"title": "One", "url": "/1", "content_html": "<p>Words</p>", "date_published": "2024-01-02T00:00:00Z"},
        {"content_text": "x"}, 7]}))
    assert found["text"] == "# T\n\n## One\n\n2024-01-02\n\nWords\n\n## Item\n\nx"
    assert found["author"] == "Ann"


# ---------------------------------------------------------------- notebooks, Markdown, pictures

def test_a_notebook_keeps_prose_code_and_short_outputs():
    cells = [{"cell_type": "markdown", "source": "# My work\n\n![plot](attachment:p.png)"},
             {"cell_type": "code", "source": ["x = 1\n", "print(x)"], "outputs": [
                 {"output_type": "stream", "text": ["1\n", "\x1b[31mred\x1b[0m\n"]},
                 {"output_type": "display_data", "data": {"image/png": "AAAA", "text/plain": "<Figure size 1x1>"}},
                 {"output_type": "error", "ename": "ValueError", "evalue": "no"}]},
             {"cell_type": "code", "source": "big()", "outputs": [{"output_type": "stream", "text": "line\n" * 2000}]}]
    found = read(json.dumps({"nbformat": 4, "metadata": {"kernelspec": {"language": "julia"}}, "cells": cells}), want=Want())
    assert "# My work\n\n(image: plot)\n\n```julia\nx = 1\nprint(x)\n```\n\n```\n1\nred\n\nValueError: no\n```" in found["text"]
    assert "(output: an image, image/png)" in found["text"]
    assert "AAAA" not in found["text"]
    assert len(found["text"]) < 3000
    assert found["receipt"]["dropped"][0]["words"] > 1000
    assert found["title"] == "My work"


def test_markdown_says_its_title_and_keeps_its_text():
    found = read('---\ntitle: "On leashes"\ndate: 2024-05-06\nauthor: Ann\n---\n\n# Other\n\nSome *words* [here](x).\n', "text/plain")
    assert (found["title"], found["date"], found["author"]) == ("On leashes", "2024-05-06", "Ann")
    assert found["text"] == "# Other\n\nSome *words* [here](x).\n"
    assert read("```\n# no title\n```\n\nTitle *one*\n=====\n\n## b\n", "text/plain")["title"] == "Title one"


def test_wrapped_text_stays_wrapped():
    text = "A line that its writer\nwrapped by hand,\n\n  and an indented one.\n"
    assert read(text.replace("\n", "\r\n"), "text/plain")["text"] == text


def test_a_picture_is_its_format_and_size_and_nothing_else():
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", 640, 480, 8, 2, 0, 0, 0) + bytes(20)
    found = read(png, "text/html", "https://a.org/my%20cat.png")
    assert found["text"] == f"An image (PNG, 640 × 480 pixels, {len(png)} bytes). Leash reads no text in images."
    assert (found["title"], found["format"]) == ("my cat.png", "image")
    for broken in (b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff\xe0", b"<svg ", b"BM" + bytes(10), b"II*\x00" + b"\xff" * 30):
        assert "An image" in read(broken, "image/x")["text"]


@pytest.mark.parametrize(("text", "fault"), [
    ('{"a": [1, 2', "it breaks off at line 1, column 12"), ('{"a": 1,\n "b" 2}', "it breaks at line 2, column 6"), ('{"a": 1}', ""),
    ('{"a": 1}\n{"a": 2}', ""), ("[" * 5000 + "]" * 5000, ""),
])
def test_json_that_is_broken_is_said_to_be(text, fault):
    found = read(text, "application/json", want=Want())
    assert (f"*(This is not valid JSON: {fault}.)*" in found["markdown"]) == bool(fault)
    assert "valid JSON" not in found["text"]
