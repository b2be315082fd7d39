"""What is told of a tree before it is read: its tokens from samples, in whatever script its files are, and its own marks."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

import pytest

from agent.repo.about import Density
from agent.repo.marks import Marks
from agent.repo.names import Entry
from agent.tokens import count, count_all
from tests.conftest import ROOT

CODE = "".join(path.read_text("utf-8") for path in sorted((ROOT / "agent").rglob("*.py")))
STYLE = "".join(path.read_text("utf-8") for path in sorted((ROOT / "server" / "static").rglob("*.css")))
PROSE = "".join(path.read_text("utf-8") for path in sorted((ROOT / "docs").glob("*.md")))
WORDS = {
    "greek": "Ο ερωδιός στέκεται ακίνητος στα ρηχά και περιμένει το ψάρι. ", "russian": "Цапля стоит на мелководье и ждёт рыбу. ",
    "hebrew": "האנפה עומדת במים הרדודים ומחכה לדג. ", "thai": "นกกระสายืนนิ่งในน้ำตื้นและรอปลา ", "chinese": "苍鹭站在浅水里等鱼。\n",
}


class Texts:
    """A tree of texts in memory."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.raw = {name: text.encode() for name, text in texts.items()}
        self.entries = [Entry(name, "file", len(raw)) for name, raw in self.raw.items()]

    def read(self, entries: Iterable[Entry], limit: int) -> Iterator[bytes | None]:
        return (self.raw[entry.path] for entry in entries)


@pytest.mark.parametrize("texts", [
    {"a.py": CODE}, {"a.md": PROSE}, {f"{at}.py": CODE[at:at + 3000] for at in range(0, 300_000, 3000)},
    {"a.py": CODE, "a.css": STYLE, "b.md": PROSE}, *({f"{name}.txt": text * 2000} for name, text in WORDS.items()),
], ids=["code", "prose", "small files", "mixed", *WORDS])
def test_the_sum_is_within_five_percent(texts: dict[str, str]) -> None:
    tree = Texts(texts)
    density = Density(tree, tree.entries, 10_000_000, count_all)
    assert sum(map(density.tokens, tree.entries)) == pytest.approx(sum(map(count, texts.values())), rel=0.05)


def test_patterns_that_mean_harm_take_no_longer() -> None:
    rules = ["*a*a*a*a*a*a*a*b linguist-generated", "**/a**a*b linguist-vendored", f"{'a*' * 90}b linguist-generated"] * 30
    tree = Texts({".gitattributes": "\n".join(rules)})
    marks, start = Marks(tree, tree.entries, seconds=0.1), time.process_time()
    assert not any(marks.reason(f"{'a' * 200}/{'a' * 200}/{n}", "") for n in range(2000))
    assert time.process_time() - start < 2
