"""PDFs: the order of reading, what is structure, what repeats, and that each fault says what it is."""

import pytest

from agent.errors import Unreadable
from agent.extract.document import extract
from agent.extract.want import Want
from tests.papers import pdf, prose

LEFT = ["The left column holds the first part of the text, and", "each of its lines is nearly as wide as the column it-",
        "self, as lines of prose are. A reader goes down this", "column to its end before the other one is begun, and",
        "so must the text that is made of the page, whatever", "the order in which its words were written. Here the",
        "left column comes to its end."]
RIGHT = ["Right of the gap the second part begins. It holds a", "sentence or two on what comes after, which nobody is",
         "to read in the middle of the first part, line by line,", "as happens where lines are taken from edge to edge.",
         "Some more words fill the column so that it is as long", "as the left one is, and then the page itself is over,",
         "as is the text."]


def read(body, want=None):
    return extract(body, "application/pdf", "", "https://a.org/paper.pdf", want)


def two_columns(written_across):
    left, right = prose(50, 700, LEFT), prose(320, 700, RIGHT)
    lines = [line for pair in zip(left, right, strict=True) for line in pair] if written_across else [*left, *right]
    return pdf([[(150, 740, "B", 18, "A title over both of the columns"), *lines]])


@pytest.mark.parametrize("written_across", [False, True])
def test_columns_are_read_one_after_the_other(written_across):
    text = read(two_columns(written_across))["text"]
    assert text.startswith("# A title over both of the columns\n\nThe left column holds")
    assert "as wide as the column itself, as lines of prose are. A reader goes down this column to its end" in text
    assert text.index("comes to its end") < text.index("Right of the gap")
    assert "which nobody is to read in the middle of the first part, line by line, as happens" in text


def test_words_divided_at_a_lines_end_are_whole_again_and_true_hyphens_stay():
    body = pdf([prose(50, 700, ["Some of these are well known and others state", "things that a well-known manual calls state-",
                                "of-the-art: a divi-", "ded word is mended, the well-", "known ones are not."])])
    text = read(body)["text"]
    assert "a divided word is mended, the well-known ones are not." in text
    assert "state-of-the-art" in text


def test_headings_are_told_by_size_weight_and_bookmarks():
    body = pdf([[(50, 750, "B", 20, "The whole manual"), *prose(50, 700, LEFT), (50, 580, "B", 10, "A bold line of its own"),
                 *prose(50, 560, RIGHT), (50, 440, "F", 10, "2.1 Named by a bookmark"), *prose(50, 420, LEFT)]],
               marks=[("The whole manual", 0), ("Named by a bookmark", 0)])
    text = read(body)["text"]
    assert "# The whole manual\n\n" in text
    assert "\n\n## A bold line of its own\n\n" in text
    assert "\n\n# 2.1 Named by a bookmark\n\n" in text


def test_lists_nest_and_code_keeps_its_indentation():
    body = pdf([[*prose(50, 700, LEFT[:2]), (60, 660, "F", 10, "\x95 first thing"), (80, 646, "F", 10, "1. inner thing"),
                 (60, 632, "F", 10, "\x95 second thing that goes"), (68, 620, "F", 10, "on here"),
                 *prose(50, 580, ["def f(x):", "    if x:", "        return 1"], font="M")]])
    text = read(body)["text"]
    assert "- first thing\n  1. inner thing\n- second thing that goes on here" in text
    assert "```\ndef f(x):\n    if x:\n        return 1\n```" in text


def test_cells_that_stand_below_one_another_are_a_table():
    rows = [("name", "size", "kept"), ("alpha", "10", "yes"), ("beta|gamma", "2,000", "no"), ("delta", "", "yes")]
    lines = [(50 + 120 * column, 600 - 14 * rank, "F", 10, cell) for rank, row in enumerate(rows)
             for column, cell in enumerate(row) if cell]
    text = read(pdf([[*prose(50, 700, LEFT), *lines]]))["text"]
    assert "| name | size | kept |\n|---|---|---|\n| alpha | 10 | yes |\n| beta\\|gamma | 2,000 | no |\n| delta |  | yes |" in text


def drawn(sides):
    """The lines of a table of two columns and three rows, with those at its sides or without."""
    xs, ys = (50, 150, 400), (600, 580, 540, 500)
    upright = xs if sides else xs[1:-1]
    return "".join(f"{xs[0]} {y} m {xs[-1]} {y} l S\n" for y in ys) + "".join(f"{x} {ys[0]} m {x} {ys[-1]} l S\n" for x in upright)


@pytest.mark.parametrize("sides", [True, False])
def test_a_drawn_table_keeps_cells_of_several_lines_whole(sides):
    cells = [(55, 586, "F", 10, "name"), (155, 586, "F", 10, "what it is"), (55, 562, "F", 10, "alpha"),
             (155, 568, "F", 10, "a long descrip-"), (155, 556, "F", 10, "tion of it"),
             (55, 528, "F", 10, "beta"), (55, 516, "F", 10, "two"), (155, 522, "F", 10, "short")]
    found = read(pdf([[*prose(50, 700, LEFT), *cells, *prose(50, 470, RIGHT)]], drawn=drawn(sides)))
    assert "\n\n| name | what it is |\n|---|---|\n| alpha | a long description of it |\n| beta two | short |\n\nRight of" in found["text"]


def test_one_box_around_words_is_no_table():
    body = pdf([prose(50, 700, LEFT)], drawn="40 600 500 120 re S\n")
    assert read(body)["text"].startswith("The left column holds the first part of the text, and each of")


def book(count=6):
    return pdf([[(50, 770, "F", 9, f"The Leash Manual   Chapter {1 + number // 3}"), *prose(50, 700, [
        f"Page {number + 1} begins here and tells of number {number} only, at", f"some length, and then {number} goes on without any end"]),
        (300, 20, "F", 9, f"Page {number + 1} of {count}")] for number in range(count)])


def test_what_every_page_repeats_is_left_out_and_told():
    found = read(book())
    assert "Leash Manual" not in found["text"]
    assert "of 6" not in found["text"]
    assert "tells of number 5 only" in found["text"]
    assert [row["what"] for row in found["receipt"]["dropped"]] == ["running heads, feet and page numbers"]
    assert found["receipt"]["dropped"][0]["words"] == 6 * (5 + 4)
    assert found["receipt"]["page"]["words"] == found["receipt"]["text"]["words"] + 54


def test_every_page_starts_where_it_says_and_only_the_marked_text_shows_it():
    found = read(book(), Want())
    assert len(found["pages"]) == 6
    assert all(found["text"][start:].startswith(f"Page {number} begins") for number, start in enumerate(found["pages"], 1))
    assert "<!--" not in found["text"]
    assert "<!-- page 3 -->\n\nPage 3 begins here" in found["markdown"]


def test_a_sentence_goes_on_over_the_end_of_a_page():
    body = pdf([prose(50, 700, ["This sentence begins on the first page and its last word is divi-"]), [],
                prose(50, 700, ["ded there. Another follows."])])
    found = read(body, Want())
    assert found["text"] == "This sentence begins on the first page and its last word is divided there. Another follows."
    assert found["text"][found["pages"][2]:].startswith("ded there")
    assert "divi<!-- page 3 --> ded there" in found["markdown"]
    assert found["pages"] == sorted(found["pages"])


def test_a_page_on_its_side_reads_as_if_held_upright():
    upright = pdf([[(50, 750, "B", 20, "Title"), *prose(50, 700, LEFT)]], rotate=90)
    assert "# Title\n\nThe left column holds the first part of the text, and each of its" in read(upright)["text"]


def test_a_pdf_says_its_title_author_and_date_if_they_are_any():
    found = read(pdf([prose(50, 700, LEFT)], {"Title": "On columns", "Author": "Ann", "ModDate": "D:20230306180657Z"}))
    assert (found["title"], found["author"], found["date"], found["format"]) == ("On columns", "Ann", "2023-03-06", "pdf")
    assert found["html"] is None
    named = read(pdf([[(50, 750, "B", 20, "A heading"), *prose(50, 700, LEFT)]], {"Title": "Microsoft Word - draft3.doc"}))
    assert named["title"] == "A heading"


def test_a_pdf_is_told_by_its_bytes_and_may_stand_after_others():
    body = b"\r\n\r\n" + pdf([prose(50, 700, LEFT)])
    assert extract(body, "text/html", "utf-8", "https://a.org/x.html")["format"] == "pdf"


ENCRYPTED = f"/Encrypt << /Filter /Standard /V 1 /R 2 /O <{'41' * 32}> /U <{'42' * 32}> /P -4 >> /ID [<{'43' * 16}> <{'43' * 16}>]"


@pytest.mark.parametrize(("body", "why"), [
    (pdf([prose(50, 700, LEFT)], trailer=ENCRYPTED), "encrypted"),
    (b"%PDF-1.7\n" + b"garbage " * 500, "broken or cut off"),
    (b"%PDF-1.7", "broken or cut off"),
    (pdf([[], []], drawn="0 0 m 100 100 l S\n"), "scanned"),
    (pdf([]), "broken"),
])
def test_a_pdf_without_text_says_why(body, why):
    with pytest.raises(Unreadable, match=why) as caught:
        read(body)
    assert str(caught.value).count(".") <= 1
