"""How agent/extract/select/blocks.npz was made: the trees that tell a page's content from its furniture, and its kind.

    uv pip install lightgbm rapidfuzz        (for training alone; reading a page needs neither)
    python -m tests.quality.train_blocks check     judge each fifth of the hosts by trees trained on the rest, twice; write nothing
    python -m tests.quality.train_blocks write     train on all pages, write the file

The 420 pages and their gold texts are those of ../shared/extraction. A block is labelled with the share of its words that the
gold text holds, in the page's order (longest common subsequence; a word counts only beside a neighbour that was matched too), or
in another one where no other block has those words of the gold text. `check` judges with all that choose.py adds to the trees.
Folds are made of hosts, never of pages: two pages of a site are as good as one. Whoever changes the columns of
agent/extract/select/features.py or page_kind.py runs `write` again.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import sys
from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from agent.extract.html import SHELL, is_better, parse
from agent.extract.select.blocks import Blocks, blocks_of
from agent.extract.select.choose import KINDS, MODEL, Judgement
from agent.extract.select.features import Features
from agent.extract.select.page_kind import page_marks
from agent.extract.select.structured import told_by_data
from tests.conftest import ROOT

PAGES = ROOT.parent / "shared" / "extraction"
WORD = re.compile(r"\w+")
BLOCK = {"objective": "cross_entropy", "num_leaves": 24, "max_depth": 6, "learning_rate": 0.06, "min_child_samples": 40, "max_bin": 63,
         "feature_fraction": 0.4, "bagging_fraction": 0.7, "bagging_freq": 1, "lambda_l2": 5, "verbose": -1, "num_threads": 2, "seed": 1,
         "extra_trees": True}  # limits at random, not the ones that part the pages learnt from best: other hosts have others
KIND = {"objective": "multiclass", "num_class": 7, "num_leaves": 6, "max_depth": 3, "learning_rate": 0.08, "min_child_samples": 6,
        "feature_fraction": 0.4, "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 3, "verbose": -1, "num_threads": 2, "seed": 1}
BLOCK_TREES, KIND_TREES = 200, 70


@dataclass
class Page:
    kind: str
    host: str
    gold: list[str]
    words: list[list[str]]
    blocks: Blocks
    features: Features
    rows: np.ndarray
    label: np.ndarray
    data: list[str]  # the words that its data says

    @property
    def sizes(self) -> np.ndarray:
        return np.array([len(words) for words in self.words])


def read_pages() -> list[Page]:
    return [page_of(json.loads(line)) for line in (PAGES / "truth.jsonl").read_text().splitlines()]


def page_of(row: dict[str, Any]) -> Page:
    html = gzip.decompress((PAGES / "html" / f"{row['id']}.html.gz").read_bytes()).decode("utf-8", "replace")
    tree = parse(html)
    body = tree.find("body")
    blocks = blocks_of(tree if body is None else body)
    features = Features(blocks)
    rows = features.matrix(page_marks(tree, row["url"]))
    data = told_by_data(tree, row["url"], "")
    for held in (blocks.elements, blocks.owned, features.columns):
        held.clear()  # 420 trees, and each matrix twice
    words = [WORD.findall(text.lower()) for text in blocks.texts]
    gold = WORD.findall(row["text"].lower())
    told = [] if data is None else WORD.findall(data.text_content().lower())
    return Page(row["type"], host_of(row), gold, words, blocks, features, rows, labels(words, gold), told)


def host_of(row: dict[str, Any]) -> str:
    """The site's registered name, near enough: its last two parts, three where the last but one is short (co.uk)."""
    parts = (urlsplit(row["url"]).hostname or row["id"]).split(".")
    return ".".join(parts[-3:] if len(parts) > 2 and len(parts[-1]) == 2 and len(parts[-2]) <= 3 else parts[-2:])


def labels(words: list[list[str]], gold: list[str]) -> np.ndarray:
    """For each block the share of its words that are the gold text's."""
    from rapidfuzz.distance import LCSseq

    page = [word for block in words for word in block]
    at = np.full(len(page), -10)
    for step in LCSseq.opcodes(page, gold) if page and gold else ():
        if step.tag == "equal":
            at[step.src_start : step.src_end] = np.arange(step.dest_start, step.dest_end)
    before, after = np.concatenate([[-10], at[:-1]]), np.concatenate([at[1:], [-10]])
    matched = (at >= 0) & ((before == at - 1) | (after == at + 1))
    missed = np.ones(len(gold), bool)
    missed[at[matched]] = False
    threes = {tuple(gold[start : start + 3]) for start in range(len(gold) - 2) if missed[start : start + 3].all()}
    ends = np.cumsum([len(block) for block in words])
    shares = [matched[end - len(block) : end].mean() if block else 0.0 for block, end in zip(words, ends, strict=True)]
    return np.array([max(share, elsewhere(block, threes)) if share < 0.5 and len(block) > 3 else share
                     for block, share in zip(words, shares, strict=True)])


def elsewhere(block: list[str], threes: set[tuple[str, ...]]) -> float:
    """The share of the block's words that stand three by three in what is left of the gold text, in whatever order that has."""
    hit = np.zeros(len(block), bool)
    for start in range(len(block) - 2):
        if tuple(block[start : start + 3]) in threes:
            hit[start : start + 3] = True
    return float(hit.mean())


def train_blocks(pages: list[Page]) -> Any:
    import lightgbm

    told = [page for page in pages if page.sizes.any()]
    rows = np.vstack([page.rows[page.sizes > 0] for page in told])
    label = np.concatenate([page.label[page.sizes > 0] for page in told])
    weight = np.concatenate([weights(page) for page in told])
    return lightgbm.train(BLOCK, lightgbm.Dataset(rows, label, weight=weight / weight.mean()), BLOCK_TREES)


def weights(page: Page) -> np.ndarray:
    """Long blocks count more, but a page not more for being long: the score is a mean over pages."""
    each = page.sizes[page.sizes > 0] ** 0.75
    gold = ((page.sizes * page.label) ** 0.75).sum()
    return each / (np.sqrt(each.sum() * (gold + 1e-3)) + 10)


def train_kinds(pages: list[Page]) -> Any:
    import lightgbm

    data = lightgbm.Dataset(np.array([page.features.page for page in pages]), np.array([KINDS.index(page.kind) for page in pages]))
    return lightgbm.train(KIND, data, KIND_TREES)


def f1(page: Page, kept: np.ndarray) -> float:
    got = Counter(word for row in np.flatnonzero(kept) for word in page.words[row])
    if page.data and is_better(len(page.data), got.total()):
        got = Counter(page.data) + (got if got.total() >= SHELL else Counter())
    both = sum((got & Counter(page.gold)).values())
    return 2 * both / (got.total() + len(page.gold)) if both else float(not got and not page.gold)


def check(pages: list[Page], parts: int, splits: int = 2) -> None:
    """Each part of the hosts judged by trees that saw none of it: F1 by kind.

    Other splits of the same hosts give other figures, so the mean over some is told, with the error that the choice of pages makes.
    """
    told = np.array([held_out(pages, parts, split) for split in range(splits)])
    kinds = np.array([page.kind for page in pages])
    for kind in (*KINDS, "all"):
        scores = told[:, (kinds == kind) | (kind == "all")]
        error = scores.mean(axis=0).std() / np.sqrt(scores.shape[1])
        each = ", ".join(f"{score:.3f}" for score in scores.mean(axis=1))
        print(f"{kind:14s} {scores.mean():.3f} ± {error:.3f} ({scores.shape[1]} pages; by split {each})")


def held_out(pages: list[Page], parts: int, split: int) -> list[float]:
    """Every page's F1, by trees trained on the parts that its host is not in."""
    part = [int(hashlib.sha256(f"{split}{page.host}".encode()).hexdigest(), 16) % parts for page in pages]
    scores = [0.0] * len(pages)
    for number in range(parts):
        rest = [page for page, one in zip(pages, part, strict=True) if one != number]
        blocks, kinds = train_blocks(rest), train_kinds(rest)
        for at, page in enumerate(pages):
            if part[at] == number:
                kind = dict(zip(KINDS, kinds.predict(page.features.page[None, :])[0].tolist(), strict=True))
                scores[at] = f1(page, Judgement(page.blocks, page.features, blocks.predict(page.rows), kind).kept)
    return scores


def packed(name: str, trees: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    """The trees as the arrays that agent/extract/select/forest.py reads."""
    nodes: list[list[float]] = []
    depths = [0]

    def add(node: dict[str, Any], depth: int) -> int:
        here, limit = len(nodes), np.float32(node.get("threshold", 0))
        depths.append(depth)
        nodes.append([node.get("split_feature", 0), limit, here, here, node.get("leaf_value", 0)])
        if "split_feature" in node:
            exact = limit if limit <= node["threshold"] else np.nextafter(limit, np.float32(-np.inf))
            nodes[here] = [node["split_feature"], exact, add(node["left_child"], depth + 1), add(node["right_child"], depth + 1), 0]
        return here

    roots = [add(tree["tree_structure"], 0) for tree in trees]
    column, limit, left, right, value = (np.array(each) for each in zip(*nodes, strict=True))
    parts = {"roots": np.array(roots), "column": column, "limit": limit, "left": left, "right": right, "value": value,
             "depth": np.array(max(depths))}
    small = {"column": np.int16, "limit": np.float32, "value": np.float32}
    return {f"{name}.{key}": part.astype(small.get(key, np.int32)) for key, part in parts.items()}


def write(pages: list[Page]) -> None:
    arrays = packed("block", train_blocks(pages).dump_model()["tree_info"])
    trees = train_kinds(pages).dump_model()["tree_info"]
    for number, kind in enumerate(KINDS):
        arrays |= packed(kind, trees[number :: len(KINDS)])
    np.savez_compressed(MODEL, **arrays)
    print(f"{MODEL.name}: {MODEL.stat().st_size:,} bytes")


if __name__ == "__main__":
    given = sys.argv[1:] or ["check"]
    everything = read_pages()
    write(everything) if given[0] == "write" else check(everything, int(given[1]) if len(given) > 1 else 5)
