"""Paths of a tree and how they are printed. Light to import: a child that reads files needs no more of a tree.

A path is a str as os.fsdecode makes it, so that every name on disk has one; `shown` is how it is printed.
"""

from __future__ import annotations

import re
from typing import NamedTuple

MISSING = -1


class Entry(NamedTuple):
    """One path of a tree. `kind` is "file", "link" or "module"; `size` is MISSING if its bytes are not here."""

    path: str
    kind: str
    size: int
    oid: str = ""


# compiled when first needed: most trees have ASCII names
UNPRINTABLE = r"[^\x20-\x7e\u00a1-\U0010ffff]|[\ud800-\udfff\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
LONGEST_NAME = 300


def shown(path: str) -> str:
    """A path as one printable line: control characters, marks that turn text around and stray bytes as escapes."""
    text = path if path.isascii() and path.isprintable() else re.sub(UNPRINTABLE, lambda found: escaped(found[0]), path)
    return text if len(text) <= LONGEST_NAME else f"{text[:200]}…{text[-80:]}"


def escaped(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
