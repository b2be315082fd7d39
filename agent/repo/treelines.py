"""The tree of a repository as lines: folders once, what is in them indented, tokens beside each file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agent.repo.leftout import LINK, MODULE
from agent.repo.names import Entry, shown

STEP = "  "


def tree_lines(entries: Sequence[Entry], tokens: Mapping[str, int], exact: bool) -> Iterator[str]:
    """A line for each folder and each file; a file without tokens is left out of the text, and says so by a dash."""
    mark = "" if exact else "~"
    above: list[str] = []
    for entry in entries:
        *folders, name = entry.path.split("/")
        same = shared(above, folders)
        yield from (f"{STEP * depth}{shown(folders[depth])}/\n" for depth in range(same, len(folders)))
        above = folders
        count = f"{mark}{tokens[entry.path]:,}" if entry.path in tokens else kind_mark(entry)
        yield f"{STEP * len(folders)}{shown(name)}  {count}\n"


def shared(above: list[str], folders: list[str]) -> int:
    """How many folders two paths begin with alike."""
    same = 0
    for one, other in zip(above, folders, strict=False):
        if one != other:
            break
        same += 1
    return same


def kind_mark(entry: Entry) -> str:
    return {"link": f"({LINK})", "module": f"({MODULE})"}.get(entry.kind, "-")


def json_lines(entries: Sequence[Entry], tokens: Mapping[str, int], exact: bool) -> Iterator[dict[str, Any]]:
    for entry in entries:
        yield {"path": shown(entry.path), "kind": entry.kind, "bytes": max(entry.size, 0), "tokens": tokens.get(entry.path), "exact": exact}


def folded(entries: Sequence[Entry], tokens: Mapping[str, int], depth: int) -> list[str]:
    """The tree down to a depth: what lies deeper as one line a folder."""
    lines: list[str] = []
    held: dict[str, tuple[int, int]] = {}
    for entry in entries:
        words = entry.path.split("/")
        if len(words) <= depth + 1:
            lines.append(f"{shown(entry.path)}  {'~' + format(tokens[entry.path], ',') if entry.path in tokens else kind_mark(entry)}\n")
        else:
            folder = "/".join(words[:depth + 1])
            files, known = held.get(folder, (0, 0))
            held[folder] = (files + 1, known + tokens.get(entry.path, 0))
    return lines + [f"{shown(folder)}/  {files:,} files, ~{known:,}\n" for folder, (files, known) in held.items()]
