"""A Jupyter notebook as Markdown: its cells in order, code fenced, text output kept within bounds, pictures only named."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

MOST_OUTPUT = 2000  # characters of one output: tables and logs run on
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def notebook_markdown(text: str) -> tuple[str, str]:
    """Markdown and a remark; the text as it is if it is not a notebook."""
    try:
        book = json.loads(text)
        cells = book["cells"] if "cells" in book else [cell for sheet in book["worksheets"] for cell in sheet["cells"]]
        language = str(book.get("metadata", {}).get("kernelspec", {}).get("language", "python"))
        parts = [part for cell in cells for part in cell_parts(cell, language)]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return text, "not a notebook that can be read; as it is"
    return "\n\n".join(parts) + "\n", "a notebook, as Markdown"


def cell_parts(cell: dict[str, Any], language: str) -> Iterator[str]:
    source = joined(cell.get("source", cell.get("input", ""))).strip("\n")
    if cell.get("cell_type") == "code":
        if source:
            yield fenced(source, language)
        for output in cell.get("outputs") or ():
            said = output_text(output)
            if said:
                yield "Output:\n\n" + fenced(said, "")
    elif source:
        yield source


def output_text(output: dict[str, Any]) -> str:
    data = output.get("data", {})
    said = joined(output.get("text") or data.get("text/plain") or output.get("traceback") or "")
    said = ESCAPES.sub("", said).strip("\n")
    pictures = [kind for kind in data if kind.startswith("image/")]
    if pictures:
        said = f"{said}\n({pictures[0]}, not shown)".strip("\n")
    return said if len(said) <= MOST_OUTPUT else f"{said[:MOST_OUTPUT]}\n… ({len(said) - MOST_OUTPUT:,} more characters)"


def joined(source: Any) -> str:
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def fenced(text: str, word: str) -> str:
    """In a fence that is longer than any in it."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{word}\n{text}\n{fence}"
