"""Pinned scores of the text of real pages, seven kinds of them. A floor is raised when the score rises, and never lowered without
a line in docs/LOG.md that says why.

The judge was trained on these pages, so the floors catch what breaks; what it is worth on pages that it has not seen,
`python -m tests.quality.train_blocks check` tells (docs/LOG.md has the numbers). Every other page, for the time it takes.
"""

import gzip
import importlib.util
import json
from collections import defaultdict

import pytest

from agent.errors import Unreadable
from agent.extract.html import extract, parse
from agent.extract.select import blocks
from tests.conftest import ROOT

PAGES = ROOT.parent / "shared" / "extraction"
FLOORS = {"article": 0.95, "documentation": 0.94, "forum": 0.80, "listing": 0.84, "collection": 0.83, "product": 0.80, "service": 0.89}
ALL, WITHOUT = 0.875, 0.08



def score_program():
    made = importlib.util.spec_from_file_location("extraction_score", PAGES / "score.py")
    program = importlib.util.module_from_spec(made)
    made.loader.exec_module(program)
    return program


def text_of(row):
    html = gzip.decompress((PAGES / "html" / f"{row['id']}.html.gz").read_bytes()).decode("utf-8", "replace")
    try:
        return extract(html, row["url"])
    except Unreadable:
        return {"text": "", "kind": ""}


@pytest.fixture(scope="module")
def scored():
    """Each page's row with its word F1, the share of boilerplate snippets it holds, and the kind it was taken for."""
    program = score_program()
    rows = [json.loads(line) for line in (PAGES / "truth.jsonl").read_text().splitlines()][::2]
    found = [(row, text_of(row)) for row in rows]
    texts = [program.plain(page["text"]) for _, page in found]
    return [(row, program.word_f1(text, row["text"]), program.share(row["without"], text), page["kind"])
            for (row, page), text in zip(found, texts, strict=True)]


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def test_each_kind_of_page_keeps_its_content(scored):
    kinds = defaultdict(list)
    for row, f1, _, _ in scored:
        kinds[row["type"]].append(f1)
    print("\n" + ", ".join(f"{kind} {mean(values):.3f} ({len(values)})" for kind, values in kinds.items()))
    assert {kind: floor for kind, floor in FLOORS.items() if mean(kinds[kind]) < floor} == {}


def test_all_pages_together(scored):
    f1, without = mean(f1 for _, f1, _, _ in scored), mean(share for _, _, share, _ in scored if share is not None)
    print(f"\n{len(scored)} pages: F1 {f1:.3f} (floor {ALL}), boilerplate {without:.3f} (ceiling {WITHOUT})")
    assert f1 >= ALL
    assert without <= WITHOUT


def test_a_pages_kind_is_recognised(scored):
    right = mean(row["type"] == kind for row, _, _, kind in scored)
    print(f"\n{right:.2f} of the kinds are right")
    assert right >= 0.8


def test_the_quick_look_for_phrases_misses_none():
    """Texts of real blocks: what has no telling letters has no phrase either."""
    rows = [json.loads(line) for line in (PAGES / "truth.jsonl").read_text().splitlines()][::20]
    pages = (gzip.decompress((PAGES / "html" / f"{row['id']}.html.gz").read_bytes()).decode("utf-8", "replace") for row in rows)
    texts = {text for page in pages for text in blocks.blocks_of(parse(page).find("body")).texts if len(text) <= blocks.SHORT}
    assert len(texts) > 2000
    assert {text for text in texts if blocks.PHRASE_RULE.search(text) and not blocks.phrases_in(text)} == set()
