"""What a reader of a repository may ask for, checked."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from agent.errors import BadInput

FORM_NAMES = ("markdown", "xml", "json")
FEWEST_TOKENS = 500
FILE_BYTES = 1_000_000


def never() -> bool:
    return False


@dataclass(frozen=True)
class Wishes:
    """`tokens` is a budget for the whole text, None for no limit. `everything` brings back what is text but left out by default.

    `estimate`: count no tokens, estimate them. `ref` names a branch, tag or commit. `stop` is asked now and then whether
    the text is still wanted no more. Patterns are globs on paths: * stays within a folder, ** does not; a pattern without a
    slash is for names, one that ends in a slash for folders.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    tokens: int | None = None
    form: str = "markdown"
    outline: bool = False
    estimate: bool = False
    everything: bool = False
    ref: str = ""
    file_bytes: int = FILE_BYTES
    stop: Callable[[], bool] = never

    def __post_init__(self) -> None:
        """Raises BadInput for what cannot be done."""
        if self.form not in FORM_NAMES:
            raise BadInput(f"There is no format {self.form[:40]}; there are {', '.join(FORM_NAMES)}.")
        if self.tokens is not None and self.tokens < FEWEST_TOKENS:
            raise BadInput(f"A budget of {self.tokens} tokens is too small; the least is {FEWEST_TOKENS}.")
        if not 0 < self.file_bytes <= 20_000_000:
            raise BadInput("The most bytes of a file must be between 1 and 20,000,000.")
        for pattern in (*self.include, *self.exclude):
            glob(pattern)

    def matches(self, path: str) -> bool:
        """Whether the patterns let a path in."""
        if self.include and not any(glob(pattern).search(path) for pattern in self.include):
            return False
        return not any(glob(pattern).search(path) for pattern in self.exclude)


@cache
def glob(pattern: str) -> re.Pattern[str]:
    """A glob as an expression for whole paths. Raises BadInput."""
    text = pattern.removeprefix("./")
    anchored = text.startswith("/") or "/" in text.rstrip("/")
    body = translated(text.strip("/"))
    # a pattern that names a folder takes all that is in it
    try:
        return re.compile(("^" if anchored else "(?:^|/)") + body + ("/" if text.endswith("/") else "(?:/|$)"))
    except re.error:
        raise BadInput(f"“{pattern[:100]}” is no pattern that Leash understands. Try one like src/*.py.") from None


PIECE = re.compile(r"\*\*/|\*\*|\*|\?|\[[^\]]+\]|\{[^{}]*\}|.", re.DOTALL)
PARTS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def translated(text: str) -> str:
    return "".join(PARTS.get(part) or classed(part) for part in PIECE.findall(text))


def classed(part: str) -> str:
    if part[0] == "[" and len(part) > 1:
        inside = part[1:-1].replace("\\", "\\\\").replace("[", "\\[")
        return f"[{'^' + inside[1:] if inside[0] in '!^' else inside}]"
    if part[0] == "{" and len(part) > 1:
        return "(?:" + "|".join(map(translated, part[1:-1].split(","))) + ")"
    return re.escape(part)
