"""One sub-question of a plan as its run's page shows it: what it is doing, what it read, kept, dropped and still lacks.

Pure, as the story that it is a part of: the same events make the same lanes. Knows no page and no template.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from agent.events import Kept, Remark, Searched
from agent.records import SubQuestion

ENDED = ("done", "open", "skipped")
MOST_SHOWN = 12  # passages of a kind that a lane lists; the others are counted


@dataclass
class PageRow:
    """A page as the trace lists it. `state` is opening, kept or dropped."""

    url: str
    title: str
    why: str = ""
    state: str = "opening"
    kept: Kept | None = None
    lane: str = ""


@dataclass
class LaneStory:
    """What happened in one lane so far. `item` is None for one whose sub-question was never in a plan that was told."""

    id: str
    item: SubQuestion | None = None
    planned: bool = True
    doing: str = ""
    note: str = ""
    missing: tuple[str, ...] = ()
    wordings: dict[str, Searched | None] = field(default_factory=dict)
    rows: dict[str, PageRow] = field(default_factory=dict)
    kept: list[Remark] = field(default_factory=list)
    dropped: list[Remark] = field(default_factory=list)

    @property
    def text(self) -> str:
        return self.item.text if self.item else self.id

    @property
    def ended(self) -> bool:
        return self.doing in ENDED

    @property
    def state(self) -> str:
        """One word: left (out of the plan), next, one of ENDED, or busy."""
        if self.ended:
            return self.doing
        return "left" if not self.planned else "busy" if self.doing else "next"

    @property
    def opening(self) -> list[PageRow]:
        return [row for row in self.rows.values() if row.state == "opening"]

    @property
    def pages_kept(self) -> int:
        return sum(row.state == "kept" for row in self.rows.values())

    @property
    def begun(self) -> bool:
        """Whether there is anything of it to show but its question."""
        return bool(self.doing or self.rows or self.wordings or self.kept)


def line_of(lane: LaneStory, over: bool = False, paused: bool = False) -> str:
    """What a lane is doing, or how it ended, in a few words; nothing for one that rests because its run is paused."""
    if lane.ended or lane.state == "left":
        return lane.note or {"left": "No longer in the plan; what it found is kept.", "skipped": "Skipped."}.get(lane.state, "")
    if lane.state == "next" or over:
        return "Not begun." if not lane.begun else "Not done when the run ended."
    if paused:
        return ""
    asks = any(result is None for result in lane.wordings.values())
    doing = "reading" if lane.opening and not asks and lane.doing in ("searching", "choosing") else lane.doing
    return {"searching": searching_line, "reading": reading_line}.get(doing, other_line)(lane)


def lanes_line(lanes: Iterable[LaneStory]) -> str:
    """`3 done, 1 skipped, 1 open`: how many lanes ended in which way."""
    tally = Counter(lane.state for lane in lanes)
    words = {"done": "done", "open": "left open", "skipped": "skipped", "busy": "under way", "next": "not begun", "left": "left out"}
    return ", ".join(f"{tally[state]} {word}" for state, word in words.items() if tally[state])


def searching_line(lane: LaneStory) -> str:
    asked = [wording for wording, result in lane.wordings.items() if result is None]
    return f"Searching for “{asked[-1]}”" if asked else "Searching"


def reading_line(lane: LaneStory) -> str:
    sites = list(dict.fromkeys(filter(None, (site_of(row.url) for row in lane.opening))))
    more = f" and {len(sites) - 3} more" if len(sites) > 3 else ""
    return f"Reading {', '.join(sites[:3])}{more}" if sites else "Reading"


def other_line(lane: LaneStory) -> str:
    return {"choosing": "Choosing what to open", "noting": "Noting which passages bear on it"}.get(lane.doing, lane.doing.capitalize())


def site_of(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""
