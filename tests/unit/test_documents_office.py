"""Word, PowerPoint, Excel and EPUB files: their text and structure, and archives that mean harm."""

import io
import zipfile

import pytest

from agent.errors import Unreadable
from agent.extract.document import extract
from agent.extract.want import Want
from tests.papers import docx, epub, packed, paragraph, pptx, shape, xlsx


def read(body, want=None):
    return extract(body, "application/octet-stream", "", "https://a.org/file", want)


TABLE = "<w:tbl>" + "".join("<w:tr>" + "".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row) + "</w:tr>"
                            for row in (("name", "meaning"), ("a", "first"))) + "</w:tbl>"


def test_a_word_document_keeps_its_headings_and_tables():
    found = read(docx(paragraph("The title", "Heading1") + paragraph("Some words &amp; more.") + TABLE), Want())
    assert found["text"] == "# The title\n\nSome words & more.\n\n| name | meaning |\n|---|---|\n| a | first |"
    assert (found["format"], found["title"], found["author"], found["date"]) == ("docx", "A paper", "Ann Author", "2024-05-06")


def test_bold_words_are_marked_only_where_the_marked_form_is_asked_for():
    body = docx('<w:p><w:r><w:t xml:space="preserve">One </w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>two</w:t></w:r></w:p>')
    assert (read(body)["text"], read(body)["markdown"]) == ("One two", "")
    assert read(body, Want())["markdown"] == "One **two**"


def test_slides_come_in_the_order_of_the_show_with_their_notes():
    body = pptx([shape("title", (0, "First slide")) + shape("body", (0, "one"), (1, "one a"), (0, "two")) + shape("sldNum", (0, "1")),
                 shape("ctrTitle", (0, "Second slide")) + shape("body", (0, "alone"))], {2: "Say this slowly."})
    found = read(body)
    assert found["text"] == ("## First slide\n\n- one\n  - one a\n- two\n\n## Second slide\n\nalone\n\n### Notes\n\nSay this slowly.")
    assert (found["format"], found["title"]) == ("pptx", "A talk")


def test_a_workbook_is_a_table_for_each_sheet():
    found = read(xlsx({"Prices": [["item", "price"], ["pear|apple", 2.0], ["plum", 2.5]], "Empty": []}))
    assert found["text"] == "## Prices\n\n| item | price |\n|---|---|\n| pear\\|apple | 2 |\n| plum | 2.5 |"
    assert found["format"] == "xlsx"


def test_a_long_sheet_says_how_many_rows_are_left_out():
    found = read(xlsx({"Long": [["n"], *[[float(n)] for n in range(1500)]]}), Want())
    assert "501 more follow the first 1,000" in found["receipt"]["dropped"][0]["why"]
    assert "501 more" in found["markdown"]
    assert "501 more" not in found["text"]


def test_a_book_is_its_chapters_in_order():
    chapters = ["<h1>One</h1><p>First <em>words</em>.</p><pre>x\n  y</pre>", '<h1>Two</h1><p><a href="c0.xhtml">Back</a></p>']
    found = read(epub(chapters), Want())
    assert found["text"] == "# One\n\nFirst words.\n\n```\nx\n  y\n```\n\n# Two\n\nBack"
    assert "First *words*." in found["markdown"]
    assert (found["format"], found["title"], found["author"], found["date"], found["language"]) == (
        "epub", "A book", "Ann Author", "2023-02-01", "en")


def cut(body, share):
    return body[:int(len(body) * share)]


@pytest.mark.parametrize("make", [lambda: docx(paragraph("word " * 500)), lambda: pptx([shape("title", (0, "t"))]),
                                  lambda: xlsx({"a": [["b"]]}), lambda: epub(["<p>x</p>"])])
def test_a_file_that_is_cut_off_says_so(make):
    for share in (0.3, 0.7, 0.98):
        with pytest.raises(Unreadable, match="damaged|cut off"):
            read(cut(make(), share))


@pytest.mark.parametrize("part", ["word/document.xml", "ppt/presentation.xml", "xl/workbook.xml", "META-INF/container.xml"])
def test_a_part_that_is_no_xml_is_damage(part):
    with pytest.raises(Unreadable, match="damaged|cannot be opened"):
        read(packed({part: b"\x00\x01 no xml"}))


@pytest.mark.parametrize("part", ["word/document.xml", "xl/worksheets/sheet1.xml", "ppt/slides/slide1.xml", "OPS/text/c 0.xhtml"])
def test_a_bomb_is_never_unpacked(part):
    bomb = packed({"word/document.xml": "<a/>", part: b"a" * 20_000_000})
    assert len(bomb) < 50_000
    with pytest.raises(Unreadable, match="bomb"):
        read(bomb)


def test_an_archive_of_very_many_parts_is_a_bomb_too():
    with pytest.raises(Unreadable, match="bomb"):
        read(packed({"word/document.xml": "<a/>", **{f"word/{n}": "" for n in range(20_001)}}))


def test_a_part_that_lies_about_its_size_is_damaged():
    body = bytearray(packed({"word/document.xml": b"<a>" + b"b" * 5_000_000}))
    size = (5_000_003).to_bytes(4, "little")
    while (place := body.find(size)) >= 0:
        body[place:place + 4] = (900).to_bytes(4, "little")
    with pytest.raises(Unreadable, match="damaged"):
        read(bytes(body))


LAUGHS = '<!DOCTYPE a [<!ENTITY a "ha ha ha ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'


def test_a_word_document_with_entities_is_not_opened():
    with pytest.raises(Unreadable, match="entities"):
        read(docx(paragraph("&b;&c;"), LAUGHS))


def test_slides_with_entities_show_no_file():
    with pytest.raises(Unreadable):
        read(packed({"ppt/presentation.xml": f"{LAUGHS}<a>&c;&b;</a>"}))


def test_an_encrypted_archive_says_so():
    body = bytearray(docx(paragraph("x")))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = body.find(mark)
        while start >= 0:
            body[start + place] |= 1
            start = body.find(mark, start + 4)
    with pytest.raises(Unreadable, match="encrypted"):
        read(bytes(body))


def test_a_plain_archive_and_an_old_office_file_are_told_as_such():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("readme.txt", "words")
    with pytest.raises(Unreadable, match="zip archive"):
        read(out.getvalue())
    with pytest.raises(Unreadable, match="before 2007"):
        read(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))


def test_an_opendocument_file_is_told_as_such():
    with pytest.raises(Unreadable, match="OpenDocument"):
        read(packed({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<office:document-content/>"}))


def test_an_unknown_method_of_packing_is_told_as_such():
    body = bytearray(docx(paragraph("x")))
    for mark, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        start = body.find(mark)
        while start >= 0:
            body[start + place] = 97
            start = body.find(mark, start + 4)
    with pytest.raises(Unreadable, match="method that Leash cannot unpack"):
        read(bytes(body))


def test_an_edition_of_zip_that_is_not_known_is_told_as_such_and_not_as_damage():
    body = bytearray(docx(paragraph("x")))
    start = body.find(b"PK\x01\x02")
    while start >= 0:
        body[start + 6] = 99  # the edition that is needed to unpack, 9.9
        start = body.find(b"PK\x01\x02", start + 4)
    with pytest.raises(Unreadable, match="method that Leash cannot unpack"):
        read(bytes(body))
