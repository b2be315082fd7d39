"""Small pages in the markup of many tools, beside the Markdown that a careful person would write for them.

Both texts are read by a Markdown parser and compared part by part: each line of code, cell of a table, item of a list, term,
note, formula, link and heading. The share of parts that agree is pinned, over all pages and for each.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from pathlib import Path

import lxml.html
import pytest
from markdown_it import MarkdownIt
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin

from agent.extract.render.markdown import markdown
from agent.extract.want import Want

FOLDER = Path(__file__).parent / "structure"
NAMES = sorted(path.stem for path in FOLDER.glob("*.html"))
KEPT, LEAST = 0.97, 0.8  # over all pages; of each page
CONTAINERS = ("bullet_list", "ordered_list", "blockquote", "dl", "footnote")
PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"]).use(deflist_plugin).use(footnote_plugin).use(dollarmath_plugin)


def parts(text: str) -> list[tuple]:
    """What a parser sees in the text, each with the containers around it."""
    out: list[tuple] = []
    around: list[str] = []
    for token in PARSER.parse(text):
        kind = token.type.removesuffix("_open").removesuffix("_close")
        if token.type.endswith("_open"):
            around.append(f"{kind}{token.info if kind == 'list_item' else token.tag if kind == 'heading' else ''}")
        elif token.type.endswith("_close"):
            around.pop()
        elif token.type == "inline":
            out.append((*around, *map(inline_part, token.children)))
        elif token.type in ("fence", "code_block", "math_block", "html_block"):
            out += [(*around, token.type, token.info, line.rstrip()) for line in token.content.split("\n")]
        else:
            out.append((*around, token.type, str(token.meta)))
    return out


def inline_part(token) -> tuple:
    mark = "" if token.type == "code_inline" else token.markup
    return (token.type, token.content, tuple(sorted(token.attrs.items())), str(token.meta.get("label", "")), mark)


def agreement(given: list[tuple], right: list[tuple]) -> tuple[int, int]:
    same = sum(block.size for block in SequenceMatcher(None, given, right, autojunk=False).get_matching_blocks())
    return same, max(len(given), len(right))


def rendered(name: str) -> str:
    tree = lxml.html.document_fromstring((FOLDER / f"{name}.html").read_text())
    return markdown(tree, lambda el: False, Want(), "https://ex.org/docs/page.html")


def right(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_each_page_keeps_its_structure(name):
    given = rendered(name)
    same, all_parts = agreement(parts(given), parts(right(name)))
    assert same >= LEAST * all_parts, given


def test_structure_is_kept_over_all_pages():
    scores = [agreement(parts(rendered(name)), parts(right(name))) for name in NAMES]
    same, all_parts = (sum(column) for column in zip(*scores, strict=True))
    print(f"\n{len(NAMES)} pages: {same} of {all_parts} parts, {same / all_parts:.3f}")
    assert len(NAMES) >= 60
    assert same >= KEPT * all_parts


def test_the_measure_sees_what_is_lost():
    """A fence without its language, a cell that moved and a list that lost a level all cost parts."""
    for name, old, new in [("code-pygments", "python3", ""), ("table-rowspan", "| Reds | Bob |", "|  | Bob |"),
                           ("list-nested", "     - deep", "- deep")]:
        assert old in right(name)
        same, all_parts = agreement(parts(right(name).replace(old, new)), parts(right(name)))
        assert same < all_parts
