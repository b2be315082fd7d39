"""Watch pages: what they say of a video, its chapters, and where its transcript is to be had. Fetches nothing.

A YouTube page holds no words for a reader in its HTML; what the page's own script would show stands in two pieces of data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml.html import HtmlElement

from agent.extract.formats import tree
from agent.extract.formats.captions import clock
from agent.extract.source import Found, Source, day

PLAYER = re.compile(r"ytInitialPlayerResponse[\"'\]]*\s*=\s*(?=\{)")
DATA = re.compile(r"ytInitialData[\"'\]]*\s*=\s*(?=\{)")
TIME = r"\(?\[?((?:\d{1,2}:)?\d{1,2}:\d{2})\]?\)?"
TIMED = re.compile(rf"^\W*{TIME}\s*[-–—:|)\]]*\s*(\S.*)$|^(\S.*?)\s*[-–—:|(\[]*\s*{TIME}\s*$")
TRACK = re.compile(r"<track\b", re.IGNORECASE)
KINDS = ("captions", "subtitles")


def is_watch_page(page: str) -> bool:
    return PLAYER.search(page) is not None


def watched(source: Source) -> dict[str, Any] | None:
    """What document.extract says of a watch page: the text, the canonical address, the captions; None for what tells of no video."""
    player = value_after(PLAYER, source.text)
    video = player.get("videoDetails") if isinstance(player, dict) else None
    if not isinstance(video, dict) or not words(video.get("title")):
        return None
    about = within(player, "microformat", "playerMicroformatRenderer") or {}
    canonical = f"https://www.youtube.com/watch?v={video['videoId']}" if re.fullmatch(r"[\w-]{6,20}", str(video.get("videoId"))) else ""
    body = page_of(video, about, chapters_of(source.text, words(video.get("shortDescription"))), canonical)
    text, marked = tree.texts(body, source)
    language = re.search(r"<html[^>]*\slang=[\"']?([A-Za-z]{2,3})", source.text[:20_000])
    track = track_of(player, language[1].lower() if language else "")
    found = Found("html", text, marked, title=words(video.get("title")), author=words(video.get("author")),
                  date=day(str(about.get("publishDate") or about.get("uploadDate") or "")), extractor="video",
                  language=str(track.get("languageCode", "")).split("-")[0])
    return {"found": found, "canonical": canonical, "captions": address_of(track, source.url)}


def page_of(video: dict[str, Any], about: dict[str, Any], chapters: list[tuple[int, str]], canonical: str) -> HtmlElement:
    body = tree.new("div")
    body.append(tree.new("h1", words(video.get("title"))))
    seconds = str(video.get("lengthSeconds") or "")
    length = clock(int(seconds)) if re.fullmatch(r"\d{1,7}", seconds) else ""
    facts = [words(video.get("author")), day(str(about.get("publishDate") or "")), length]
    body.append(tree.new("p", " · ".join(filter(None, facts))))
    body.extend(described(words(video.get("shortDescription"), lines=True)))
    if chapters:
        body.append(tree.new("h2", "Chapters"))
        body.append(listed(chapters, canonical))
    return body


def described(text: str) -> Iterator[HtmlElement]:
    """The description's paragraphs, lines kept."""
    if text.strip():
        yield tree.new("h2", "Description")
    for part in re.split(r"\n\s*\n", text):
        lines = [line for line in part.split("\n") if line.strip()]
        if lines:
            paragraph = tree.new("p", lines[0])
            for line in lines[1:]:
                paragraph.append(tree.new("br"))
                paragraph[-1].tail = tree.sound(line)
            yield paragraph


def listed(chapters: list[tuple[int, str]], canonical: str) -> HtmlElement:
    items = tree.new("ul")
    for start, title in chapters:
        item = tree.new("li")
        item.append(tree.new("a", clock(start), href=f"{canonical}&t={start}s") if canonical else tree.new("span", clock(start)))
        item[0].tail = tree.sound(f" {title}")
        items.append(item)
    return items


# ---------------------------------------------------------------- chapters

def chapters_of(page: str, description: str) -> list[tuple[int, str]]:
    """Seconds and title of each: the page's own, else those that the description lists."""
    found = sorted(set(marked_chapters(value_after(DATA, page))))
    return found or listed_chapters(description)


def marked_chapters(data: Any) -> Iterator[tuple[int, str]]:
    waiting, seen = [data], 0
    while waiting and seen < 500_000:
        here = waiting.pop()
        seen += 1
        if isinstance(here, list):
            waiting += here
        elif isinstance(here, dict):
            for name in ("macroMarkersListItemRenderer", "chapterRenderer"):
                yield from chapter(here.get(name))
            waiting += here.values()


def chapter(value: Any) -> Iterator[tuple[int, str]]:
    if isinstance(value, dict) and (title := words(value.get("title"))):
        start = value.get("timeRangeStartMillis")
        if isinstance(start, int):
            yield start // 1000, title
        elif re.fullmatch(r"[\d:]{4,8}", said := words(value.get("timeDescription"))):
            yield seconds_of(said), title


def listed_chapters(description: str) -> list[tuple[int, str]]:
    """Lines with a time, if there are three or more, in order, from the start on."""
    found = []
    for line in description.split("\n"):
        if match := TIMED.match(line.strip()):
            found.append((seconds_of(match[1] or match[4]), (match[2] or match[3]).strip(" -–—:|")))
    in_order = found == sorted(found) and found[:1] and found[0][0] == 0
    return found if len(found) > 2 and in_order else []


def seconds_of(text: str) -> int:
    total = 0
    for part in text.split(":"):
        total = total * 60 + int(part or 0)
    return total


# ---------------------------------------------------------------- captions

def track_of(player: Any, language: str) -> dict[str, Any]:
    """The track in the page's language, or the spoken one; of each the one that people made before the automatic one."""
    given = within(player, "captions", "playerCaptionsTracklistRenderer", "captionTracks")
    listed_ones = given if isinstance(given, list) else []
    tracks = [track for track in listed_ones if isinstance(track, dict) and isinstance(track.get("baseUrl"), str)]
    spoken = next((code_of(track) for track in tracks if track.get("kind") == "asr"), "")
    order = {code: rank for rank, code in reversed([*enumerate([language, spoken])])}
    return min(tracks, key=lambda track: (order.get(code_of(track), 2), track.get("kind") == "asr"), default={})


def code_of(track: dict[str, Any]) -> str:
    return str(track.get("languageCode", "")).split("-")[0].lower()


def address_of(track: dict[str, Any], url: str) -> str:
    """The track's address, in the form that is the easiest to read."""
    address = urljoin(url, track.get("baseUrl", "")) if track else ""
    if urlsplit(address).scheme not in ("http", "https"):
        return ""
    return address if "fmt=" in address else f"{address}{'&' if '?' in address else '?'}fmt=json3"


def offered_track(page: str, root: HtmlElement | None, url: str) -> str:
    """The caption file that a page names beside its video, in the page's language if it can; "" for none."""
    if root is None or not TRACK.search(page):
        return ""
    tracks = [el for el in root.iter("track") if (el.get("kind") or "subtitles").lower() in KINDS and el.get("src")]
    language = (root.get("lang") or "").split("-")[0].lower()
    tracks.sort(key=lambda el: ((el.get("srclang") or "").split("-")[0].lower() != language, el.get("default") is None))
    address = urljoin(url, tracks[0].get("src", "")) if tracks else ""
    return address if urlsplit(address).scheme in ("http", "https") else ""


# ---------------------------------------------------------------- the page's data

def value_after(mark: re.Pattern[str], page: str) -> Any:
    for found in mark.finditer(page):
        try:
            return json.JSONDecoder().raw_decode(page, found.end())[0]
        except (ValueError, RecursionError):
            continue
    return None


def within(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def words(value: Any, lines: bool = False) -> str:
    """A text as the page's data hold it: plain, or in runs."""
    if isinstance(value, dict):
        runs = value.get("runs")
        value = value.get("simpleText") or ("".join(str(run.get("text", "")) for run in runs if isinstance(run, dict))
                                            if isinstance(runs, list) else "")
    text = value if isinstance(value, str) else ""
    return text.replace("\r\n", "\n") if lines or "\n" in text else " ".join(text.split())
