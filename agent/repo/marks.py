"""What the .gitattributes files of a repository say of its paths: which are generated, and which are somebody else's.

Only the two marks by which forges fold files away. export-ignore is none of them: it keeps tests and documentation out of
archives, and a reader wants both.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from agent.errors import BadInput
from agent.repo.leftout import GENERATED, VENDORED
from agent.repo.names import Entry
from agent.repo.tree import Commit, Folder
from agent.repo.wishes import glob

NAME = ".gitattributes"
MARKS = {"linguist-generated": GENERATED, "linguist-vendored": VENDORED}
MOST_FILES, MOST_BYTES, MOST_RULES = 50, 60_000, 64
LONGEST, MOST_STARS, MOST_DOUBLE = 200, 1, 2  # of a pattern: with more stars one that means harm takes long to match
MOST_SECONDS = 5.0  # for all paths: 100,000 take two with as many rules as may be
STAR = re.compile(r"\*+")


class Rule(NamedTuple):
    """The paths under a folder ("" or with a slash at its end) that a pattern matches are, or are not, what `reason` says."""

    under: str
    pattern: re.Pattern[str]
    reason: str
    on: bool


class Marks:
    def __init__(self, tree: Commit | Folder, entries: Sequence[Entry], seconds: float = MOST_SECONDS) -> None:
        files = [entry for entry in entries if entry.kind == "file" and entry.path.rpartition("/")[2] == NAME]
        files = sorted(files, key=lambda entry: entry.path.count("/"))[:MOST_FILES]
        read = zip(files, tree.read(files, MOST_BYTES), strict=True)
        rules = [rule for entry, raw in read for rule in rules_of(entry.path.removesuffix(NAME), raw or b"")]
        self._rules = rules[:MOST_RULES]
        self._until = time.monotonic() + seconds

    def reason(self, path: str, named: str) -> str:
        """Why a path is left out. `named` is what its name alone says, which a mark may contradict."""
        said: dict[str, bool] = {}
        for rule in self._rules if time.monotonic() < self._until else ():  # a later one has the last word
            if path.startswith(rule.under) and rule.pattern.search(path[len(rule.under):]):
                said[rule.reason] = rule.on
        return "" if said.get(named) is False else named or next((reason for reason, on in said.items() if on), "")


def rules_of(folder: str, raw: bytes) -> Iterator[Rule]:
    for line in raw.decode("utf-8", "replace").splitlines():
        pattern, *words = line.split() or [""]
        if words and sound(pattern):
            for word in words:
                name, _, value = word.lstrip("-").partition("=")
                if name in MARKS:
                    with suppress(BadInput):
                        yield Rule(folder, glob(pattern), MARKS[name], not word.startswith("-") and value != "false")


def sound(pattern: str) -> bool:
    stars = STAR.findall(pattern)
    few = stars.count("*") <= MOST_STARS and stars.count("**") <= MOST_DOUBLE and all(len(star) < 3 for star in stars)
    return few and len(pattern) <= LONGEST and not pattern.startswith(("#", '"', "[attr]"))
