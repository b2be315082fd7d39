"""Where the submodules of a repository come from, as .gitmodules says; none is fetched."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.repo.names import Entry, shown
from agent.repo.tree import Commit, Folder

SECTION = re.compile(r'\[submodule\b[^\]]*\](?P<body>[^\[]*)')
PAIR = re.compile(r"^\s*(path|url)\s*=\s*(.+?)\s*$", re.MULTILINE)
PASSWORD = re.compile(r"(?<=://)[^/@\s]+@")


def module_addresses(tree: Commit | Folder, entries: Sequence[Entry]) -> dict[str, str]:
    """Address by path; a login in an address is left away."""
    listed = [entry for entry in entries if entry.path == ".gitmodules" and entry.kind == "file"]
    raw = next(iter(tree.read(listed, 100_000)), None) or b""
    found = {}
    for section in SECTION.finditer(raw.decode("utf-8", "replace")):
        pairs = dict(PAIR.findall(section["body"]))
        if "path" in pairs:
            found[pairs["path"]] = shown(PASSWORD.sub("", pairs.get("url", "")))
    return found
