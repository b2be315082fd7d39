"""From a file's bytes to its text: decoded, judged, with secrets taken out, perhaps only its outline.

Pure: the same bytes and wishes give the same Text.
"""

from __future__ import annotations

from typing import NamedTuple

from agent.repo.leftout import by_content
from agent.repo.secrets import redacted

ENCODINGS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


class How(NamedTuple):
    """How files are read: everything that is text, only signatures, tokens exactly counted."""

    everything: bool = False
    outline: bool = False
    exact: bool = True
    lines: tuple[int, ...] = ()


class Text(NamedTuple):
    """What a file gave. `reason` says why it is left out, "" if it is not; `tokens` is -1 until they are counted.

    `secrets` are the kinds that were taken out, each with how often; `note` is a remark for the reader.
    """

    text: str
    tokens: int = -1
    reason: str = ""
    secrets: tuple[tuple[str, int], ...] = ()
    note: str = ""


def read_text(path: str, raw: bytes, how: How) -> Text:
    """The text of a file, or the reason why there is none."""
    reason = by_content(path, raw, how.everything)
    if reason:
        return Text("", reason=reason)
    raw, secrets = redacted(path, raw)
    text, note = formed(path, decoded(raw), how)
    if how.lines:
        text, note = some_lines(text, how.lines)
    return Text(text, secrets=tuple(secrets.items()), note=note)


def decoded(raw: bytes) -> str:
    """As text: by its mark, as UTF-8, else as Windows had it, which reads any byte."""
    for mark, encoding in ENCODINGS:
        if raw.startswith(mark):
            return raw.decode(encoding, "replace")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def formed(path: str, text: str, how: How) -> tuple[str, str]:
    """The text in the form that a reader wants: a notebook as Markdown, signatures only if asked for."""
    if path.endswith(".ipynb"):
        return notebook_text(path, text)
    if how.outline:
        from agent.repo.outline import outline

        return outline(path, text)
    return text, ""


def notebook_text(path: str, text: str) -> tuple[str, str]:
    from agent.errors import Unreadable
    from agent.extract.formats.notebook import read
    from agent.extract.source import Source

    try:
        found = read(Source(text.encode(), "application/x-ipynb+json", "utf-8", path))
    except Unreadable:
        return text, "not a notebook that can be read: as it is"
    return found.markdown or found.text, "a notebook, as Markdown"


def some_lines(text: str, lines: tuple[int, ...]) -> tuple[str, str]:
    first, last = lines
    chosen = text.splitlines(keepends=True)[first - 1:last]
    return "".join(chosen), f"lines {first} to {first + len(chosen) - 1}" if chosen else f"it has no line {first}"
