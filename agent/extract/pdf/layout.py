"""The words of a page as lines in the order in which a reader takes them: columns one after the other. Pure geometry.

A page is cut where a gap runs down it that (nearly) no line crosses, if both sides read as prose or were written one after
the other; lines that cross the gap (a title, a wide table) part the page into bands. A gap between short pieces that stand
side by side is a table's, and the row stays a row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from agent.extract.pdf.grid import cells_of, grids
from agent.extract.pdf.words import Box, Type, Word

WIDE = 1.6  # a gap in a line, in letters' height: beyond it another cell or column begins
BIN = 3.0  # points
FEW = 0.12  # of a page's lines may cross the gap between two columns


@dataclass(slots=True)
class Piece:
    """Words of one line without a wide gap; `place` is its rank in the order of writing. Or a table that is drawn: its `cells`."""

    text: str
    x0: float
    x1: float
    y: float
    kind: Type
    place: int
    cells: list[list[str]] | None = None


@dataclass(slots=True)
class Row:
    """What stands on one line of a column: one piece in prose, more in a table. `column` is the column's rank on the page."""

    cells: list[Piece]
    column: int = 0
    edges: tuple[float, float] = (0.0, 0.0)
    text: str = field(init=False)
    kind: Type = field(init=False)
    x0: float = field(init=False)
    x1: float = field(init=False)
    y: float = field(init=False)

    def __post_init__(self) -> None:
        first, last = self.cells[0], self.cells[-1]
        self.text = " ".join(cell.text for cell in self.cells) if first is not last else first.text
        self.kind = max(self.cells, key=lambda cell: len(cell.text)).kind if first is not last else first.kind
        self.x0, self.x1, self.y = first.x0, last.x1, first.y


def reading_order(words: list[Word], boxes: list[Box]) -> list[Row]:
    """The page's lines, first to last; a table between drawn lines is one of them."""
    rows = []
    tables, words = drawn_tables(words, boxes)
    for column, pieces in enumerate(columns([*pieces_of(words), *tables])):
        edges = (min(piece.x0 for piece in pieces), max(piece.x1 for piece in pieces))
        for row in rows_of(pieces):
            row.column, row.edges = column, edges
            rows.append(row)
    return rows


def drawn_tables(words: list[Word], boxes: list[Box]) -> tuple[list[Piece], list[Word]]:
    """The tables, and the words that stand in none."""
    tables = []
    for grid in grids(boxes) if len(boxes) > 3 else ():
        inside = [word for word in words if grid.holds(word)]
        if cells := cells_of(grid, inside):
            text, first = " ".join(cell for row in cells for cell in row if cell), inside[0]
            tables.append(Piece(text, grid.xs[0], grid.xs[-1], grid.ys[0] - first.kind.size, first.kind, len(words), cells))
            words = [word for word in words if not grid.holds(word)]
    return tables, words


def pieces_of(words: Iterable[Word]) -> list[Piece]:
    pieces: list[Piece] = []
    for word in words:
        last = pieces[-1] if pieces else None
        size = word.kind.size
        if last and abs(last.y - word.y) < 0.3 * size and -0.5 * size <= word.x0 - last.x1 <= WIDE * size:
            last.text, last.x1 = f"{last.text} {word.text}", max(last.x1, word.x1)
        else:
            pieces.append(Piece(word.text, word.x0, word.x1, word.y, word.kind, len(pieces)))
    return pieces


# ---------------------------------------------------------------- columns

def columns(pieces: list[Piece], depth: int = 0) -> list[list[Piece]]:
    """The parts of the page that are read one after the other."""
    gap = gutter(pieces) if depth < 3 else None
    if gap is None:
        return [pieces] if pieces else []
    out: list[list[Piece]] = []
    for band in bands(pieces, gap):
        if any(crosses(piece, gap) for piece in band):
            out.append(band)
        else:
            out += columns([p for p in band if p.x1 <= gap], depth + 1) + columns([p for p in band if p.x1 > gap], depth + 1)
    return out


def crosses(piece: Piece, gap: float) -> bool:
    return piece.x0 < gap < piece.x1


def bands(pieces: list[Piece], gap: float) -> list[list[Piece]]:
    """From top to bottom: what crosses the gap, and what stands on its sides, in turn."""
    crossing = [piece.y for piece in pieces if crosses(piece, gap)]
    out: list[list[Piece]] = []
    before: bool | None = None
    for piece in sorted(pieces, key=lambda p: -p.y):
        wide = any(abs(piece.y - y) < 0.3 * piece.kind.size for y in crossing)
        if wide != before:
            out.append([])
        out[-1].append(piece)
        before = wide
    return out


def gutter(pieces: list[Piece]) -> float | None:
    """Where a gap between columns runs, the widest first."""
    if len(pieces) < 8:
        return None
    left, right = min(p.x0 for p in pieces), max(p.x1 for p in pieces)
    size = median(p.kind.size for p in pieces)
    if right - left < 20 * size:
        return None
    for start, end in sorted(gaps(pieces, left, right), key=lambda gap: gap[0] - gap[1]):
        middle = (start + end) / 2
        if end - start >= 0.7 * size and left + 0.15 * (right - left) < middle < right - 0.15 * (right - left) \
                and are_columns(pieces, middle, (left, right)):
            return middle
    return None


def gaps(pieces: list[Piece], left: float, right: float) -> list[tuple[float, float]]:
    """The strips that few pieces cross."""
    count = min(2000, int((right - left) / BIN) + 1)
    cover = [0] * (count + 1)
    for piece in pieces:
        cover[min(count, max(0, int((piece.x0 - left) / BIN)))] += 1
        cover[min(count, max(0, int((piece.x1 - left) / BIN) + 1))] -= 1
    open_at, height, found = None, 0, []
    for i, change in enumerate(cover):
        height += change
        if height <= FEW * len(pieces):
            open_at = i if open_at is None else open_at
        elif open_at is not None:
            found.append((left + open_at * BIN, left + i * BIN))
            open_at = None
    return found


def are_columns(pieces: list[Piece], gap: float, edges: tuple[float, float]) -> bool:
    sides = [p for p in pieces if p.x1 <= gap], [p for p in pieces if p.x0 >= gap]
    if min(map(len, sides)) < 4:
        return False
    written = [p.x0 >= gap for p in sorted((*sides[0], *sides[1]), key=lambda p: p.place)]
    changes = sum(a != b for a, b in pairwise(written))
    if changes <= 3 + len(pieces) // 40:
        return max(len(side) for side in sides) >= 6
    widths = gap - edges[0], edges[1] - gap
    return all(is_prose(side, width) for side, width in zip(sides, widths, strict=True))


def is_prose(pieces: list[Piece], width: float) -> bool:
    """Lines that mostly fill their column, and hold several words each."""
    return median(p.x1 - p.x0 for p in pieces) > 0.6 * width and median(len(p.text) for p in pieces) > 24


# ---------------------------------------------------------------- rows

def rows_of(pieces: list[Piece]) -> list[Row]:
    """Pieces on the same baseline stand in one row, from left to right; a raised note's mark goes with its line."""
    groups: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda p: (-p.y, p.x0)):
        if groups and not piece.cells and not groups[-1][0].cells and same_line(groups[-1], piece):
            groups[-1].append(piece)
        else:
            groups.append([piece])
    return [Row(merged(sorted(group, key=lambda p: p.x0))) for group in groups]


def same_line(group: list[Piece], piece: Piece) -> bool:
    """Whether a piece that starts lower belongs to the line all the same."""
    main = max(group, key=lambda p: p.kind.size)
    size = max(main.kind.size, piece.kind.size)
    near = 0.3 if abs(main.kind.size - piece.kind.size) < 0.1 * size else 0.5
    return abs(group[0].y - piece.y) < near * size and not any(overlap(other, piece) for other in group)


def overlap(a: Piece, b: Piece) -> bool:
    return min(a.x1, b.x1) - max(a.x0, b.x0) > 0.3 * min(a.kind.size, b.kind.size)


def merged(group: list[Piece]) -> list[Piece]:
    cells = [group[0]]
    for piece in group[1:]:
        last, size = cells[-1], max(cells[-1].kind.size, piece.kind.size)
        gap = piece.x0 - last.x1
        if gap > WIDE * size or (gap > 0.9 * size and piece.kind.mono):
            cells.append(piece)
            continue
        kind = max((last, piece), key=lambda p: len(p.text)).kind
        last.text += ("" if gap < 0.12 * size else " ") + piece.text
        last.x1, last.kind = max(last.x1, piece.x1), kind
    return cells
