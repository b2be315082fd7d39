"""Pinned: how much of the code, tables and links of real pages is kept, line by line and row by row.

The pages are those of the sample in shared/extraction that hold code or a table. Measured twice: through the whole pipeline,
where what html.py takes for clutter counts as lost if it belongs to the page's gold text; and with the whole body rendered,
where nothing but the rendering can lose it. page_facts.py reads the HTML, a Markdown parser the text.
"""

import pytest

from agent.errors import Unreadable
from agent.extract.html import extract, parse
from agent.extract.render.markdown import markdown
from agent.extract.want import Want
from tests.conftest import ROOT
from tests.quality.fidelity import SHAPES, Score, sample, score
from tests.quality.page_facts import PageFacts

FOLDER = ROOT.parent / "shared" / "extraction"
# What the project promises; the rendering alone must do better.
FLOORS = {"lines": 0.95, "indented": 0.95, "languages": 0.95, "rows": 0.9, "links": 1.0}
BODY_FLOORS = {"lines": 0.99, "indented": 0.995, "languages": 0.99, "rows": 0.99, "links": 1.0}
LEAST = {"lines": 2500, "indented": 1500, "languages": 100, "rows": 300, "links": 2000}  # fewer, and the measure itself is broken


@pytest.fixture(scope="module")
def pages():
    return sample(FOLDER)


def through_pipeline(page: dict) -> str:
    try:
        return extract(page["html"], page["url"], Want())["markdown"]
    except Unreadable:
        return ""


def whole_body(page: dict) -> str:
    tree = parse(page["html"])
    body = tree.find("body")
    return markdown(tree if body is None else body, lambda el: False, Want(), page["url"])


def total(pages: list[dict], text_of) -> Score:
    out = Score()
    for page in pages:
        out.update(score(page["facts"], page["url"], text_of(page), page["text"]))
    return out


def report(title: str, given: Score) -> None:
    print(f"\n{title}: " + ", ".join(f"{kind} {given.kept[kind]}/{given.there[kind]} = {given.share(kind):.4f}" for kind in SHAPES))


@pytest.mark.parametrize(("title", "text_of", "floors", "every"), [
    ("pipeline", through_pipeline, FLOORS, 1), ("whole body of every second page", whole_body, BODY_FLOORS, 2)])
def test_code_tables_and_links_of_real_pages_are_kept(pages, title, text_of, floors, every):
    given = total(pages[::every], text_of)
    report(title, given)
    assert {kind: given.there[kind] >= LEAST[kind] for kind in SHAPES} == dict.fromkeys(SHAPES, True)
    for kind in SHAPES:
        assert given.share(kind) >= floors[kind], given.lost[kind][:10]


def test_the_measure_sees_what_is_lost():
    html = """<pre class="lang-py"><code>if a:
    b()</code></pre><table><tr><th>x</th><th>y</th></tr><tr><td>1</td><td>2</td></tr></table><a href="/p">words</a>"""
    good = "```py\nif a:\n    b()\n```\n\n| x | y |\n|---|---|\n| 1 | 2 |\n\n[words](https://a.org/p)"
    for old, new, kind in [("    b()", "b()", "indented"), ("```", "", "lines"), ("py\n", "\n", "languages"),
                           ("| 1 | 2 |", "| 1 |", "rows"), ("/p)", "/q)", "links")]:
        assert score(PageFacts(html), "https://a.org/d/", good, None).share(kind) == 1
        assert score(PageFacts(html), "https://a.org/d/", good.replace(old, new), None).share(kind) < 1
