"""Caption tracks as a transcript: WebVTT, SubRip, and the two forms that YouTube sends (JSON and XML). Fetches nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from html import unescape
from typing import Any

from agent.errors import Unreadable
from agent.extract.source import Found, Source

CUE = re.compile(r"(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})\s*-->")
TAG = re.compile(r"<[^>]*>|\{\\[^}]*\}")
YOUTUBE = re.compile(r"(?:<\?xml[^>]*>\s*)?<(?:timedtext|transcript)[\s>]")
LINE = 240  # characters of a line of the transcript, if the talk does not pause before
PAUSE = 4.0  # seconds
Cue = tuple[float, str]


def read(source: Source) -> Found:
    """The transcript as a text of its own."""
    return Found("text", transcript(source.text), title="Transcript", extractor="captions")


def is_captions(text: str) -> bool:
    head = text[:3000].lstrip("\ufeff \t\r\n")
    if head[:1] == "{":
        return '"events"' in head and '"tStartMs"' in head
    if head[:1] == "<":
        return bool(YOUTUBE.match(head)) and bool(re.search(r"<(?:p t|text start)=", head))
    return head.startswith("WEBVTT") or bool(re.match(r"\d+\s*\n\d\d:\d\d:\d\d,\d{3} -->", head))


def transcript(body: str | bytes) -> str:
    """Lines that start with the time at which they are said, as [1:05]. Raises Unreadable for what is no caption track."""
    text = (body.decode("utf-8", "replace") if isinstance(body, bytes) else body).lstrip("\ufeff \t\r\n")
    if not is_captions(text):
        raise Unreadable("The transcript is in a form that Leash does not know.")
    cues = from_json(text) if text[:1] == "{" else from_xml(text) if text[:1] == "<" else from_lines(text)
    lines = "\n".join(f"[{clock(start)}] {line}" for start, line in gathered(fresh(cues)))
    if not lines:
        raise Unreadable("The transcript is empty.")
    return lines


def clock(seconds: float) -> str:
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def fresh(cues: Iterable[Cue]) -> Iterator[Cue]:
    """Captions that roll up show each line twice: the second time is left out."""
    before: list[str] = []
    for start, text in cues:
        lines = [" ".join(unescape(TAG.sub("", line)).split()) for line in text.split("\n")]
        new = [line for line in lines if line and line not in before]
        before = [line for line in lines if line] or before
        if new:
            yield start, " ".join(new)


def gathered(cues: Iterable[Cue]) -> Iterator[Cue]:
    """Several cues a line: as they are shown, two seconds each, the times would outweigh the words."""
    begun, last, parts = 0.0, 0.0, []
    for start, text in cues:
        if parts and (sum(map(len, parts)) + len(text) > LINE or start - last > 2 * PAUSE):
            yield begun, " ".join(parts)
            parts = []
        if not parts:
            begun = start
        parts.append(text)
        last = start
    if parts:
        yield begun, " ".join(parts)


def from_lines(text: str) -> Iterator[Cue]:
    """WebVTT and SubRip: a line of times, then what is said until an empty line."""
    for block in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        lines = block.split("\n")
        rank = next((rank for rank, line in enumerate(lines[:3]) if CUE.match(line.strip())), -1)
        if rank >= 0:
            hours, minutes, seconds, rest = CUE.match(lines[rank].strip()).groups()  # type: ignore[union-attr]
            start = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + int(rest.ljust(3, "0")) / 1000
            yield start, "\n".join(lines[rank + 1:])


def from_json(text: str) -> Iterator[Cue]:
    try:
        events = json.loads(text).get("events")
    except (ValueError, RecursionError, AttributeError) as fault:
        raise Unreadable("The transcript is broken or cut off.") from fault
    for event in events if isinstance(events, list) else []:
        pieces = event.get("segs") if isinstance(event, dict) else None
        if isinstance(pieces, list):
            yield milliseconds(event.get("tStartMs")), "".join(str(piece.get("utf8", "")) for piece in pieces if isinstance(piece, dict))


def milliseconds(value: Any) -> float:
    return value / 1000 if isinstance(value, int | float) else 0.0


def from_xml(text: str) -> Iterator[Cue]:
    from agent.extract.formats.data import parsed_xml

    root: Any = parsed_xml(b"", text)
    for el in root.iter("p", "text") if root is not None else ():
        start, divisor = (el.get("t"), 1000) if el.tag == "p" else (el.get("start"), 1)
        words = "".join(el.itertext())
        if re.fullmatch(r"\d{1,9}(?:\.\d{1,6})?", start or ""):
            yield float(start) / divisor, unescape(words).replace("\n", " ")
