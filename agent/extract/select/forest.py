"""Boosted decision trees as plain arrays of numbers: read from a file, and asked for many rows at once.

Trained elsewhere (tests/quality/train_blocks.py); knows nothing of pages. A tree is a slice of nodes; a node says which
column to look at, up to which value to go left, and where left and right are; a leaf's children are itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Forest:
    roots: np.ndarray
    column: np.ndarray
    limit: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    depth: int

    def score(self, rows: np.ndarray) -> np.ndarray:
        """The sum of the trees' values for each row, before any link function."""
        if not len(rows):
            return np.zeros(0)
        flat, width = np.ascontiguousarray(rows, dtype=np.float32).ravel(), rows.shape[1]
        start = (np.arange(len(rows)) * width)[:, None]
        at = np.tile(self.roots, (len(rows), 1))
        for _ in range(self.depth):
            goes_left = flat[start + self.column[at]] <= self.limit[at]
            at = np.where(goes_left, self.left[at], self.right[at])
        return self.value[at].sum(axis=1)

    def chance(self, rows: np.ndarray) -> np.ndarray:
        """The score as a probability."""
        return 1 / (1 + np.exp(-self.score(rows)))


def read_forests(path: Path) -> dict[str, Forest]:
    """Every forest of a file, by name."""
    with np.load(path, allow_pickle=False) as held:
        names = sorted({key.partition(".")[0] for key in held.files})
        return {name: one_of(held, name) for name in names}


def one_of(held: np.lib.npyio.NpzFile, name: str) -> Forest:
    part = {key: held[f"{name}.{key}"] for key in ("roots", "column", "limit", "left", "right", "value")}
    return Forest(**{key: wide(key, column) for key, column in part.items()}, depth=int(held[f"{name}.depth"]))


def wide(key: str, column: np.ndarray) -> np.ndarray:
    """Kept small in the file, but numpy looks things up fastest by its own index type."""
    return column.astype(np.float32 if key in ("limit", "value") else np.intp)
