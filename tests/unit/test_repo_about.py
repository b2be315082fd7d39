"""The tokens of a tree told from samples of it: near the exact count, in whatever script its files are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from agent.repo.about import Density
from agent.repo.names import Entry
from agent.tokens import count
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
    density = Density(tree, tree.entries, 10_000_000)
    assert sum(map(density.tokens, tree.entries)) == pytest.approx(sum(map(count, texts.values())), rel=0.05)
