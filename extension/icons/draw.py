"""Draws the icons from the shape of server/static/mark.svg, at each size that browsers ask for. `python draw.py`"""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
MARK = HERE.parents[1] / "server" / "static" / "mark.svg"
SIZES = (16, 32, 48, 128)
BOX = 32.0
STEPS = 24  # points a curve
FINE = 4  # samples a pixel, each way
WIDTH = {16: 3.6, 32: 3.0}  # a thin line is lost in few pixels
PAPER, INK = (11, 102, 119), (255, 255, 255)


def curves(path: str) -> list[np.ndarray]:
    """The points of the path, as one line; knows M, C, S and c, s, which are those that the mark has."""
    points: list[np.ndarray] = []
    at = last = np.zeros(2)
    for command, given in re.findall(r"([A-Za-z])([^A-Za-z]*)", path):
        pairs = np.array([float(n) for n in re.findall(r"-?(?:\d+\.\d+|\.\d+|\d+)", given)]).reshape(-1, 2)
        if command == "M":
            at = last = pairs[0]
            continue
        size = {"c": 3, "s": 2}[command.lower()]
        for first in range(0, len(pairs), size):
            group = pairs[first:first + size] + (at if command.islower() else 0)
            one = group[0] if size == 3 else 2 * at - last
            last, end = group[-2], group[-1]
            t = np.linspace(0, 1, STEPS)[:, None]
            points.append((1 - t) ** 3 * at + 3 * (1 - t) ** 2 * t * one + 3 * (1 - t) * t ** 2 * last + t ** 3 * end)
            at = end
    return points


def distance(grid: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Of each point of the grid from the line."""
    best = np.full(grid.shape[:2], np.inf)
    for start, end in zip(line, line[1:], strict=False):
        along = end - start
        share = np.clip(((grid - start) @ along) / max(along @ along, 1e-9), 0, 1)
        best = np.minimum(best, np.linalg.norm(grid - start - share[..., None] * along, axis=2))
    return best


def drawn(size: int) -> np.ndarray:
    """The mark, white on a round square of the accent."""
    svg = MARK.read_text()
    line = np.concatenate(curves(re.search(r' d="([^"]+)"', svg)[1]))
    cx, cy, r = (float(re.search(rf' {name}="([\d.]+)"', svg)[1]) for name in ("cx", "cy", "r"))
    places = (np.arange(size * FINE) + 0.5) / FINE / size * BOX
    grid = np.stack(np.meshgrid(places, places), axis=2)
    half = WIDTH.get(size, 2.6) / 2
    inner = (grid - 16) / 0.86 + 16  # a margin around the mark
    ink = (distance(inner, line) < half) | (np.abs(np.linalg.norm(inner - (cx, cy), axis=2) - r) < half)
    corner = np.maximum(np.abs(grid - 16) - 9, 0)
    paper = np.linalg.norm(corner, axis=2) < 7
    colour = np.where(ink[..., None], INK, PAPER).astype(float)
    alpha = paper.astype(float)[..., None]
    cells = np.concatenate([colour * alpha, alpha], axis=2).reshape(size, FINE, size, FINE, 4).mean(axis=(1, 3))
    solid = np.maximum(cells[..., 3:], 1e-9)
    return np.concatenate([cells[..., :3] / solid, cells[..., 3:] * 255], axis=2).round().astype(np.uint8)


def png(image: np.ndarray) -> bytes:
    height, width, _ = image.shape
    rows = b"".join(b"\0" + row.tobytes() for row in image)
    parts = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts)


if __name__ == "__main__":
    for size in SIZES:
        (HERE / f"{size}.png").write_bytes(png(drawn(size)))
