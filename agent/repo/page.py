"""A repository as one kept page of a run: its README, and those parts of its files that bear on the question.

Nothing in the text is ours but headings and fences, so whatever is quoted of it stands in the repository. Within bounds: a
repository that is too large, or comes too slowly, is left to be read as the page that its forge shows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from agent.errors import LeashError, Unreadable
from agent.rank import terms, word_scores
from agent.records import Page
from agent.repo.forms import FENCE
from agent.repo.git import Bounds
from agent.repo.kinds import kind_of
from agent.repo.leftout import by_name
from agent.repo.names import MISSING, Entry, shown
from agent.repo.opened import Opened
from agent.repo.order import rank, tier
from agent.repo.reading import How, read_text
from agent.repo.remote import Means, open_remote
from agent.repo.target import Target, target_of
from agent.settings import Settings

if TYPE_CHECKING:
    from agent.fetch.egress import Egress

KINDS = ("repository", "tree", "file")  # a commit, a pull request or an issue says more as the page that its forge shows
SECONDS, BYTES = 10.0, 30_000_000  # of a transfer: nine in ten repositories are smaller, packed and one commit deep
FILE_BYTES = 200_000  # of a file; larger ones do not come
LOOKED_AT = 2_000_000  # bytes of files whose words are looked at: some 0.5 s
CHARACTERS = 120_000  # of the text, some 30,000 tokens
README_SHARE = 30_000  # and of the README
LINES, PIECE = 40, 6_000  # lines and characters of a part: a function, a section
PROSE = ("Markdown", "reStructuredText", "AsciiDoc", "Text")
PLAIN = How(exact=False)


class Part(NamedTuple):
    """Some lines of a file: its `number`-th part, from 0."""

    path: str
    number: int
    text: str


@dataclass(frozen=True)
class GitReader:
    """Who reads repositories for runs. Without the user's tokens: what those open is private, and a run goes where a page sends it."""

    settings: Settings
    door: Egress

    def read(self, url: str, question: str, seconds: float, chosen_by: str = "agent") -> Page | None:
        """The page of a repository's address, None for any other. Raises the FetchError tree."""
        target = repository_at(url)
        if target is None:
            return None
        bounds = Bounds(min(SECONDS, seconds, self.settings.repo_seconds), min(BYTES, self.settings.repo_bytes))
        try:
            with open_remote(target, "", Means(self.settings, self.door, login=False), bounds, FILE_BYTES) as opened:
                text = text_of(opened, question)
        except (LeashError, OSError) as error:
            raise Unreadable(f"It could not be read by git: {error}") from error
        if not text:
            raise Unreadable("There is no file of text in it.")
        title = f"{opened.name}: {opened.path}" if opened.path else opened.name
        return Page(url, url, shown(title), text, datetime.now(UTC).isoformat(timespec="seconds"), target.host, date=opened.date[:10],
                    rung="git", chosen_by=chosen_by)


def repository_at(url: str) -> Target | None:
    """The repository, or the part of one, that git can read better than HTTP."""
    target = target_of(url) if url.startswith(("http://", "https://")) else None
    raw = url.split("/")[2:3] == ["raw.githubusercontent.com"]
    return target if target and target.kind in KINDS and not raw else None


def text_of(opened: Opened, question: str) -> str:
    """The README first, then the parts that bear on the question, those of a file together; "" if there is no text."""
    asked = terms(question)
    parts = list(parts_of(opened, asked))
    if not parts:
        return ""
    scores = word_scores(asked, [terms(part.text) for part in parts])
    places = range(len(parts))
    readme = [place for place in places if tier(parts[place].path) == 0]
    others = [place for place in places if place not in readme and (scores[place] > 0 or opened.path)]
    others.sort(key=lambda place: -scores[place] * (1 + len({*asked} & {*terms(parts[place].path)})))
    chosen = fitting(parts, readme, README_SHARE)
    chosen += fitting(parts, others, CHARACTERS - sum(len(parts[place].text) for place in chosen))
    files = dict.fromkeys(parts[place].path for place in chosen)
    return f"# {shown(opened.name)}\n" + "".join(
        written([parts[place] for place in sorted(chosen) if parts[place].path == path]) for path in files)


def fitting(parts: Sequence[Part], places: Sequence[int], room: int) -> list[int]:
    """As many of them, from the first on, as there is room for."""
    chosen = []
    for place in places:
        if len(parts[place].text) <= room:
            chosen.append(place)
            room -= len(parts[place].text)
    return chosen


def parts_of(opened: Opened, asked: Sequence[str]) -> Iterator[Part]:
    """The parts of the files that are looked at: README, those that the question names, prose, then what matters most."""
    entries = [entry for entry in opened.tree.entries() if entry.size != MISSING and not by_name(entry, FILE_BYTES)]
    named = set(asked)
    entries.sort(key=lambda entry: (tier(entry.path) != 0, -len(named & set(terms(entry.path))), kind_of(entry.path)[0] not in PROSE,
                                    rank(entry, Counter())))
    looked = list(within(entries, LOOKED_AT))
    for entry, raw in zip(looked, opened.tree.read(looked, FILE_BYTES), strict=True):
        found = read_text(entry.path, raw or b"", PLAIN)
        if not found.reason:
            yield from (Part(entry.path, number, piece) for number, piece in enumerate(pieces_of(found.text)))


def within(entries: Iterable[Entry], most: int) -> Iterator[Entry]:
    for entry in entries:
        most -= entry.size
        if most < 0:
            return
        yield entry


def pieces_of(text: str) -> Iterator[str]:
    """A text in pieces of about LINES lines, parted at empty lines where there are any, none much longer than PIECE."""
    piece: list[str] = []
    size = 0
    for line in text.splitlines(keepends=True):
        piece.append(line[:PIECE])
        size += len(line)
        if len(piece) >= 2 * LINES or (len(piece) >= LINES and not line.strip()) or size > PIECE:
            yield "".join(piece)
            piece, size = [], 0
    if "".join(piece).strip():
        yield "".join(piece)


def written(parts: Sequence[Part]) -> str:
    """The chosen parts of one file, each stretch of it under the file's name."""
    path, prose = parts[0].path, kind_of(parts[0].path)[0] in PROSE
    stretches: list[list[Part]] = []
    for part in parts:
        if stretches and stretches[-1][-1].number + 1 == part.number:
            stretches[-1].append(part)
        else:
            stretches.append([part])
    texts = ["".join(part.text for part in stretch).strip("\n") for stretch in stretches]
    return "".join(f"\n## {shown(path)}\n\n{text if prose else fenced(text, kind_of(path)[1])}\n" for text in texts)


def fenced(text: str, language: str) -> str:
    fence = "`" * max(3, 1 + max(map(len, re.findall(FENCE, text)), default=0))
    return f"{fence}{language}\n{text}\n{fence}"
