"""A Jupyter notebook as text: prose as it is, code in fences of the kernel's language, outputs kept short. Runs nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from agent.errors import Unreadable
from agent.extract.formats.data import MOST_CHARACTERS, noted
from agent.extract.formats.plain import heading
from agent.extract.source import Found, Source

MOST_OUTPUT = 2000  # characters of one cell's outputs
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f]")
ATTACHED = re.compile(r"!\[([^\]]*)\]\((?:attachment:([^)\s]*)|data:[^)]*)\)")


def read(source: Source) -> Found:
    """Raises Unreadable for what only looks like a notebook."""
    try:
        book = json.loads(source.text.lstrip("\ufeff"))
        cells, about = book["cells"], book.get("metadata") or {}
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as fault:
        raise Unreadable("This notebook is broken or cut off, so it cannot be read.") from fault
    found = Found("notebook", "")
    language = language_of(about)
    found.text = within([part for cell in cells if isinstance(cell, dict) for part in parts(cell, language, found)], found)
    authors = about.get("authors")
    found.author = ", ".join(str(a["name"]) for a in authors if isinstance(a, dict) and "name" in a) if isinstance(authors, list) else ""
    found.title = str(about.get("title") or "") or heading(found.text)
    found.markdown = found.text + noted(found)
    return found


def within(parts_: list[str], found: Found) -> str:
    size = kept = 0
    for kept, part in enumerate(parts_):  # noqa: B007 - where it stopped is wanted
        size += len(part)
        if size > 4 * MOST_CHARACTERS:
            found.drop("the rest of the notebook", f"{len(parts_) - kept:,} of {len(parts_):,} parts are beyond what is kept")
            return "\n\n".join(parts_[:kept])
    return "\n\n".join(parts_)


def language_of(about: Any) -> str:
    for place, name in (("language_info", "name"), ("kernelspec", "language")):
        value = about.get(place) if isinstance(about, dict) else None
        if isinstance(value, dict) and isinstance(value.get(name), str):
            return re.sub(r"[^\w+#.-]", "", value[name].lower())
    return "python"


def parts(cell: dict[str, Any], language: str, found: Found) -> Iterator[str]:
    text = joined(cell.get("source")).strip("\n")
    kind = cell.get("cell_type")
    if kind == "code":
        if text.strip():
            yield fence(text, language)
        outputs = cell.get("outputs")
        yield from shown(outputs if isinstance(outputs, list) else [], found)
    elif text.strip():
        yield ATTACHED.sub(lambda m: f"(image: {m[1] or m[2] or 'without a name'})", text)


def shown(outputs: list[Any], found: Found) -> Iterator[str]:
    """What the cell printed, as one block; pictures by their name."""
    texts = [text for text in (output_text(one) for one in outputs if isinstance(one, dict)) if text.strip()]
    whole = "\n".join(texts).strip("\n")
    if len(whole) > MOST_OUTPUT:
        words = len(whole[MOST_OUTPUT:].split())
        found.drop("the end of a cell's output", f"the first {MOST_OUTPUT:,} characters of each are kept", words)
        whole = whole[:MOST_OUTPUT].rpartition("\n")[0] or whole[:MOST_OUTPUT]
    if whole:
        yield fence(whole, "")
    for one in outputs:
        if isinstance(one, dict) and (kind := picture(one)):
            yield f"(output: an image, {kind})"


def output_text(one: dict[str, Any]) -> str:
    held = one.get("data") if isinstance(one.get("data"), dict) else {}
    text = joined(one.get("text") or held.get("text/markdown") or held.get("text/plain"))
    if one.get("output_type") == "error":
        text = f"{one.get('ename')}: {one.get('evalue')}"
    return "" if picture(one) and text.startswith("<") else CONTROL.sub("", text)


def picture(one: dict[str, Any]) -> str:
    held = one.get("data")
    return next((kind for kind in held if isinstance(kind, str) and kind.startswith("image/")), "") if isinstance(held, dict) else ""


def joined(lines: Any) -> str:
    if isinstance(lines, list):
        lines = "".join(line for line in lines if isinstance(line, str))
    return lines.replace("\r\n", "\n").replace("\x00", "") if isinstance(lines, str) else ""


def fence(text: str, language: str) -> str:
    mark = "`" * max(3, 1 + max(map(len, re.findall(r"`{3,}", text)), default=0))
    return f"{mark}{language}\n{text}\n{mark}"
