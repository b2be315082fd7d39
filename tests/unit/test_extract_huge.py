"""Pages too large to be judged: all of their text in a plain way, in little time and memory; its first part where the time is over."""

import time

import pytest

from agent.errors import BadInput, Unreadable
from agent.extract.child import Child, Children
from agent.extract.document import extract
from agent.extract.html import extract as extract_html
from agent.extract.html import parse
from agent.extract.huge import MANY, plain_text
from agent.extract.want import Want

URL = "https://a.example/readings"
ROWS = 60_000


def table(rows: int) -> str:
    cells = "".join(f"<tr><td>{n}</td><td>station {n % 97}</td><td>{n * 7 % 1013}.5</td></tr>" for n in range(rows))
    return ("<!doctype html><title>Readings</title><body><nav><a href=/>Home of it all</a></nav><main><h1>All readings</h1>"
            "<p>Of each station.</p><table><tr><th>n</th><th>name</th><th>value</th></tr>"
            f"{cells}</table><p>That is all.</p></main><footer>Foot</footer>")


def paragraphs(count: int) -> str:
    said = "says that the heron stands at the water and waits until a fish comes near"
    return f"<title>Long</title><body><h1>Long</h1>{''.join(f'<p>Paragraph {n} {said}.</p>' for n in range(count))}"


def spent(work) -> tuple[float, object]:
    since = time.process_time()
    found = work()
    return time.process_time() - since, found


def test_a_table_of_60000_rows_is_whole() -> None:
    seconds, found = spent(lambda: extract(table(ROWS).encode(), "text/html", "", URL, Want()))
    lines = found["text"].splitlines()
    assert lines[:4] == ["# All readings", "", "Of each station.", ""]
    assert lines[4:7] == ["| n | name | value |", "|---|---|---|", "| 0 | station 0 | 0.5 |"]
    assert lines[-3:] == ["| 59999 | station 53 | 611.5 |", "", "That is all."]
    assert len([line for line in lines if line.startswith("| ")]) == ROWS + 1
    assert "Home of it all" not in found["text"]
    assert "very large" in found["notes"][0]
    assert (found["receipt"]["extractor"], found["receipt"]["text"]["tables"], found["kind"]) == ("plain", 1, "")
    assert seconds < 4  # 1.1 s where nothing else runs; 18 s before


def test_seven_megabytes_of_paragraphs_are_whole_within_a_childs_bounds() -> None:
    child = Child("agent.extract.document:extract", 5, 600_000_000)
    try:
        found = child.run((paragraphs(ROWS).encode(), "text/html", "", URL), 20)
    finally:
        child.kill()
    assert found["text"].count("\n\n") == ROWS
    assert found["text"].endswith("Paragraph 59999 says that the heron stands at the water and waits until a fish comes near.")


def test_structure_is_kept_in_the_plain_way_too() -> None:
    html = """<body><div><header>Site head</header></div><nav>menu</nav><h2>Birds</h2>lone <b>words</b><p>One<br>two &amp; three</p>
      <ul><li>heron<ul><li>grey</li></ul></li><li><p>egret</p></li></ul><p>After.</p><pre>def f():
    return 1</pre><table><tr><th>a|b<th>c<tr><td><p>x</p><p>y</p></td><td><table><tr><td>inner</table></td></table><p hidden>secret</p>
      <script>bad()</script><dl><dt>term</dt><dd>meaning</dd></dl><!-- no -->end</body>"""
    found = plain_text([parse(html).find("body")], lambda: False)
    assert found["text"] == ("## Birds\n\nlone words\n\nOne two & three\n\n- heron\n- grey\n- egret\n\nAfter.\n\n"
                             "```\ndef f():\n    return 1\n```\n\n| a\\|b | c |\n|---|---|\n| x y | inner |\n\nterm\nmeaning\n\nend")
    assert found["receipt"]["dropped"] == [{"what": "the frame of the page", "words": 4,
                                            "why": "navigation, head, foot, forms and hidden parts"}]


def test_where_the_time_is_over_its_first_part_comes_with_what_is_left_out() -> None:
    looks = iter([False] * 10)
    found = extract_html(paragraphs(ROWS), URL, Want(), late=lambda: next(looks, True))
    assert found["text"].startswith("# Long\n\nParagraph 0 says")
    assert 20_000 < found["text"].count("Paragraph ") < 24_000
    assert "about 63% of it" in found["notes"][1]
    assert "LEASH_EXTRACT_SECONDS" in found["notes"][1]
    assert found["receipt"]["dropped"][-1]["what"] == "the end of the page"


def test_a_selector_chooses_of_a_huge_page_too() -> None:
    found = extract_html(table(ROWS), URL, Want(selector="h1, footer"))
    assert found["text"] == "# All readings\n\nFoot"
    with pytest.raises(Unreadable, match="matches the selector"):
        extract_html(table(ROWS), URL, Want(selector=".none"))
    with pytest.raises(BadInput):
        extract_html(table(ROWS), URL, Want(selector="]["))


def test_a_large_page_below_the_limit_is_judged_as_ever() -> None:
    found = extract_html(table(MANY // 5), URL, Want())
    assert found["receipt"]["extractor"] != "plain"
    assert len([line for line in found["text"].splitlines() if line.startswith("| ")]) == MANY // 5 + 1


def test_what_takes_too_long_names_what_may_be_done() -> None:
    children = Children("time:sleep", 1, 0.2, 1_000_000_000)
    try:
        with pytest.raises(Unreadable, match=r"gave it up\. Raise the setting LEASH_EXTRACT_SECONDS, or ask for a part"):
            children.run(5)
    finally:
        children.close()
