"""Tables that are drawn: from a page's lines to grids, and from the words between the lines to cells. Pure geometry."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from agent.extract.pdf.words import Word

THIN = 2.5  # points: a box less wide is a line
NEAR = 4.0
SHORT = 6.0
Line = tuple[float, float, float]  # where it stands across its direction; its start and end
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Grid:
    """`xs` and `ys` are the lines between the cells, from left to right and from the top down."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]

    def holds(self, word: Word) -> bool:
        return self.xs[0] - 1 < (word.x0 + word.x1) / 2 < self.xs[-1] + 1 and self.ys[-1] - 1 < word.y < self.ys[0] + 1


def grids(boxes: list[Box]) -> list[Grid]:
    """The tables that these lines and boxes draw: two columns and two rows at least."""
    standing, lying = lines_of(boxes)
    spans: dict[tuple[int, int], list[Line]] = {}
    for line in standing:
        key = next((key for key in spans if abs(key[0] - line[1]) < NEAR and abs(key[1] - line[2]) < NEAR), None)
        spans.setdefault(key or (round(line[1]), round(line[2])), []).append(line)
    found = (grid_of((low, high), sorted(line[0] for line in group), lying) for (low, high), group in spans.items())
    return [grid for grid in found if grid is not None]


def grid_of(span: tuple[float, float], xs: list[float], lying: list[Line]) -> Grid | None:
    """The grid of these upright lines and the level ones that cross them; a frame that is open at its sides is closed."""
    xs = apart(xs)
    level = [line for line in lying if span[0] - NEAR < line[0] < span[1] + NEAR and line[1] < xs[0] + NEAR and line[2] > xs[-1] - NEAR]
    ys = apart(sorted(line[0] for line in level))
    if not 3 <= len(ys) <= 200:
        return None
    left, right = median(line[1] for line in level), median(line[2] for line in level)
    xs = [*([left] if left < xs[0] - SHORT else []), *xs, *([right] if right > xs[-1] + SHORT else [])]
    return Grid(tuple(xs), tuple(reversed(ys))) if 3 <= len(xs) <= 25 else None


def apart(places: list[float]) -> list[float]:
    """The places without those that are close to the one before: a line may be drawn as a thin box, by both its sides."""
    return [place for rank, place in enumerate(places) if not rank or place - places[rank - 1] > NEAR]


def lines_of(boxes: list[Box]) -> tuple[list[Line], list[Line]]:
    """The upright and the level lines, those that continue one another as one; a box is its four sides."""
    standing, lying = [], []
    for x0, y0, x1, y1 in boxes:
        if x1 - x0 < THIN:
            standing.append(((x0 + x1) / 2, y0, y1))
        elif y1 - y0 < THIN:
            lying.append(((y0 + y1) / 2, x0, x1))
        else:
            standing += [(x0, y0, y1), (x1, y0, y1)]
            lying += [(y0, x0, x1), (y1, x0, x1)]
    return continued(standing), continued(lying)


def continued(lines: list[Line]) -> list[Line]:
    out: list[Line] = []
    for place, start, end in sorted(lines, key=lambda line: (round(line[0] / 2), line[1])):
        last = out[-1] if out else None
        if last and abs(last[0] - place) < THIN and start <= last[2] + NEAR:
            out[-1] = (last[0], last[1], max(last[2], end))
        else:
            out.append((place, start, end))
    return [line for line in out if line[2] - line[1] > SHORT]


def cells_of(grid: Grid, words: list[Word]) -> list[list[str]]:
    """The text of each cell, by rows. Empty if so few cells hold words that the lines draw something else."""
    rows: list[list[list[Word]]] = [[[] for _ in grid.xs[1:]] for _ in grid.ys[1:]]
    for word in words:
        rank = next((rank for rank, (top, low) in enumerate(pairwise(grid.ys)) if low - 1 <= word.y < top), len(rows) - 1)
        middle = (word.x0 + word.x1) / 2
        column = next((column for column, (_, right) in enumerate(pairwise(grid.xs)) if middle < right), len(grid.xs) - 2)
        rows[rank][column].append(word)
    texts = [[cell_text(cell) for cell in row] for row in rows if any(row)]
    filled = sum(bool(cell) for row in texts for cell in row)
    return texts if len(texts) > 1 and filled > 0.3 * len(texts) * len(texts[0]) else []


def cell_text(words: list[Word]) -> str:
    """The words in lines, top to bottom; a word divided at a line's end is whole again."""
    text = ""
    for word in sorted(words, key=lambda word: -round(word.y / 3)):
        glue = "" if text.endswith("\u00ad") or not text else " "
        text = text.removesuffix("\u00ad") + glue + word.text
    return text
