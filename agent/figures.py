"""Numbers, units, dates and times of day as text writes them, in the main languages, and whether two say the same.

Knows nothing of claims or quotes. It reads a number in every way that it may be meant ("1.600" is 1.6 and 1600), because
its readers object to what cannot be meant, and must not cry wolf.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

from agent.measures import DAY, HAN, MONTH, PLAIN, SHARE, in_letters, scale_of, unit_of
from agent.wordings import STOPWORDS

ABOUT = re.compile(
    r"(?:about|around|roughly|approximately|approx\.?|some|circa|ca\.|nearly|almost|close to|an estimated|etwa|rund|ungefähr|fast|knapp|"
    r"environ|près de|presque|alrededor de|cerca de|casi|quasi|ongeveer|bijna|около|примерно|почти|約|约|大约|~|≈)\s*$", re.IGNORECASE)
OVER = re.compile(
    r"(?:more than|over|above|exceed\w*|mehr als|über|plus de|más de|oltre|più di|mais de|meer dan|более|больше|>)\s*$", re.IGNORECASE)
UNDER = re.compile(
    r"(?:less than|under|fewer than|below|weniger als|unter|moins de|menos de|meno di|minder dan|менее|меньше|<)\s*$", re.IGNORECASE)
JOINED = re.compile(r"\s?(?:-|to|or|and|bis|oder|und|à|ou|et|a|o|y|e|of|en|или|и|до)\s?(?=\d)", re.IGNORECASE)

# ---------------------------------------------------------------- reading


@dataclass(frozen=True)
class Figure:
    """A number with what it counts. `values` are its readings in the unit's base, `step` half of its last decimal's worth
    (0 if it has none), `grain` one of its unit.

    `unit` is a kind of measure ("time"), `noun` the word after a bare number; `word` tells that it is written in letters;
    `bounds` is how far from it, as shares of it, what it stands for may lie ("about", "over", "under").
    """

    written: str
    values: frozenset[float]
    step: float = 0.0
    grain: float = 1.0
    unit: str = ""
    noun: str = ""
    word: bool = False
    bounds: tuple[float, float] = (0.0, 0.0)

    def small_count(self) -> bool:
        """Few of something ("three ways"): a writer may count such for himself."""
        return not self.unit and (bool(self.noun) or self.word) and all(value <= 12 for value in self.values)


@dataclass(frozen=True)
class Day:
    """A date, or a part of one: what is not said is 0. `swapped` where day and month may be either."""

    written: str
    year: int = 0
    month: int = 0
    day: int = 0
    swapped: bool = False

    def agrees(self, other: Day) -> bool:
        """Nothing that both say differs, and `other` says the day and month that this one says."""
        if (self.year and other.year and self.year != other.year) or (self.month and not other.month) or (self.day and not other.day):
            return False
        same = (self.month or other.month, self.day or other.day) == (other.month, other.day)
        return same or ((self.swapped or other.swapped) and (self.month, self.day) == (other.day, other.month))


@dataclass
class Reading:
    """What a text says in figures; `rest` is the text with dates and times of day blanked out."""

    days: list[Day]
    clocks: list[tuple[str, frozenset[int]]]
    figures: list[Figure]
    rest: str


SIGNS = {"٫": ".", "٬": ",", "½": " 0.5 ", "¼": " 0.25 ", "¾": " 0.75 "}
FORMS = str.maketrans({**SIGNS, **dict.fromkeys("–—−‐‑", "-"), **dict.fromkeys("⁰¹²³⁴⁵⁶⁷⁸⁹", " ")})


def plain(text: str) -> str:
    """The text with one form of each digit, blank, dash and mark of decimals, whatever its script."""
    text = unicodedata.normalize("NFKC", text.translate(FORMS))
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else " " if char == "\u00a0" else char for char in text)


YEAR = r"(?:1[4-9]|20|21)\d\d"
NAMES = "|".join(sorted(map(re.escape, MONTH), key=len, reverse=True))
NTH = r"(?:st|nd|rd|th|er|º|\.)?"
THEN_YEAR = rf"(?:de\s+|of\s+)?(?P<y>{YEAR})\b"
DATES = tuple(re.compile(shape, re.IGNORECASE) for shape in (
    rf"\b(?P<y>{YEAR})[-/.](?P<m>0?[1-9]|1[0-2])[-/.](?P<d>[0-2]?\d|3[01])(?!\d)",
    rf"(?P<y>{YEAR})\s?[年년]\s?(?:(?P<m>\d\d?)\s?[月월]\s?(?:(?P<d>\d\d?)\s?[日일])?)?",
    rf"\b(?P<a>[0-3]?\d)[./-](?P<m>[0-3]?\d)[./-](?P<y>{YEAR})\b",
    rf"\b(?P<y>{YEAR})-(?P<m>0[1-9]|1[0-2])\b(?!-?\d)",
    rf"\b(?P<d>[0-3]?\d){NTH}\s+(?:of\s+|de\s+|di\s+)?(?P<n>{NAMES})\b\.?,?(?:\s+{THEN_YEAR})?",
    rf"\b(?P<n>{NAMES})\b\.?\s+(?P<d>[0-3]?\d){NTH}(?!\w|\s*%)(?:(?:,\s*|\s+)(?:\d\d:\d\d(?::\d\d)?\s+)?(?P<y>{YEAR})\b)?",
    rf"\b(?P<n>{NAMES})\b\.?,?\s+{THEN_YEAR}",
))
CLOCK = re.compile(
    r"(?<![\d.:])(\d{1,2}):(\d\d)(?::\d\d(?:\.\d+)?)?(?:\s?([ap])\.?\s?m\b\.?)?|(?<![\d.:])(\d{1,2})\s?([ap])\.?m\b\.?", re.IGNORECASE)
DIGITS = r"\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?|\d{1,3}(?:[ .'’]\d{3})+(?:,\d+)?(?![\d])|\d+[.,]\d+|\d+"
NUMBER = re.compile(
    rf"(?<![\w.])(?<!\d,)(?P<sign>[$€£¥])?\s?(?P<digits>{DIGITS})(?![.,]?\d)(?P<end>st\b|nd\b|rd\b|th\b|s\b(?<=\d\d\d0s)|x\b)?")
LETTERS = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
NEXT = re.compile(r"[\s-]?\s?(°[CF]|[%$€£¥]|[^\W\d_]+)")
CENTURY = re.compile(r"\s*(?:centur|jahrhundert|siècle|siglo|secolo|século|eeuw|век|世纪|世紀)", re.IGNORECASE)


def read(text: str) -> Reading:
    """All figures of a text, each once: what is part of a date is no number besides."""
    text = plain(text)
    days, text = take_days(text)
    clocks: list[tuple[str, frozenset[int]]] = []

    def clock(found: re.Match[str]) -> str:
        clocks.append((found[0].strip(), minutes(found)))
        return " " * len(found[0])

    rest = CLOCK.sub(clock, text)
    return Reading(days, clocks, [*numbers(rest), *spelled(rest)], rest)


def take_days(text: str) -> tuple[list[Day], str]:
    days: list[Day] = []

    def take(found: re.Match[str]) -> str:
        parts = found.groupdict()
        if parts.get("n") and not believable(parts["n"], bool(parts.get("y"))):
            return found[0]
        month = MONTH[parts["n"].lower()] if parts.get("n") else int(parts.get("m") or 0)
        day = int(parts.get("d") or parts.get("a") or 0)
        days.append(Day(found[0].strip(" ,."), int(parts.get("y") or 0), month, day, bool(parts.get("a"))))
        return " " * len(found[0])

    for shape in DATES:
        text = shape.sub(take, text)
    return days, text


def believable(month: str, dated: bool) -> bool:
    """Words that are also others ("may", "mars", "dec") are months where they have a capital or a year."""
    return dated or month[0].isupper() or month not in {"may", "march", "mar", "mars", "dec", "dez", "sep", "sept", "jan", "jun", "out"}


def minutes(found: re.Match[str]) -> frozenset[int]:
    """The time of day in minutes; without am or pm, and before one o'clock in the afternoon, it may be either."""
    hour, half = int(found[1] or found[4]), (found[3] or found[5] or "").lower()
    minute = int(found[2] or 0)
    if half:
        return frozenset({(hour % 12 + (12 if half == "p" else 0)) * 60 + minute})
    return frozenset({hour * 60 + minute} | ({(hour + 12) * 60 + minute} if 0 < hour < 12 else set()))


def numbers(text: str) -> Iterator[Figure]:
    """Those written in digits."""
    for found in NUMBER.finditer(text):
        if CENTURY.match(text, found.end()) or re.match(r"[^\W\d_]{3,}\d|_", text[found.end():]):
            continue
        values, step = readings(found["digits"])
        if found["end"] == "s":
            yield Figure(found[0].strip(), frozenset(value + year for value in values for year in range(10)))
            continue
        yield measured(text, (found.start(), found.end()), values, step, found["sign"] or "")


def readings(digits: str) -> tuple[frozenset[float], float]:
    """What these digits may mean, and half of the last one's worth."""
    bare = re.sub(r"[ '’]", "", digits)
    points = [char for char in bare if char in ".,"]
    grouped = re.fullmatch(r"\d{1,3}(?:[.,]\d{2,3})*[.,]\d{3}", bare) is not None and len(set(points)) == 1
    found = {float(re.sub("[.,]", "", bare))} if grouped or not points else set()
    if points and (points.count(points[-1]) == 1):
        whole, _, part = bare.rpartition(points[-1])
        found.add(float(f"{re.sub('[.,]', '', whole)}.{part}"))
        return frozenset(found), 0.5 * 10 ** -len(part) if not grouped else 0.0
    return frozenset(found or {float(re.sub("[.,]", "", bare))}), 0.0


def measured(text: str, span: tuple[int, int], values: frozenset[float], step: float, sign: str = "") -> Figure:
    """A number with the scale, unit or noun that follows it. One in letters begins with a letter."""
    start, end = span
    if not sign and (shared := unit_of_range(text, end)):
        return figure(text[start:end], values, step, shared)
    after = NEXT.match(text, end)
    while after and (scale := scale_of(after[1], text[end:after.start(1)])):
        values, step, end = frozenset(value * scale for value in values), max(step, 0.5) * scale, after.end(1)
        after = NEXT.match(text, end)
    unit = unit_of(sign or (after[1] if after else ""))
    if unit[0]:
        return figure(text[start:end if sign else after.end(1)], values, step, unit, bounds=bounds_before(text, start))
    noun = after[1] if after and len(after[1]) > 2 and after[1].lower() not in STOPWORDS else ""
    return figure(text[start:end], values, step, unit, noun, bounds_before(text, start))


def figure(written: str, values: frozenset[float], step: float, unit: tuple[str, tuple[float, ...]], noun: str = "",
           bounds: tuple[float, float] = (0.0, 0.0)) -> Figure:
    kind, factors = unit
    written = written.strip()
    based = frozenset(value * factor for value in values for factor in factors)
    return Figure(written, based, step * max(factors), max(factors), kind, noun, written[:1].isalpha(), bounds)


def unit_of_range(text: str, end: int) -> tuple[str, tuple[float, ...]] | None:
    """What "5 or 8 bytes" and "100-200 ms" count, for the first of the two."""
    joint = JOINED.match(text, end)
    other = NUMBER.match(text, joint.end()) if joint else None
    after = NEXT.match(text, other.end()) if other else None
    return unit_of(after[1]) if after else ("", (1.0,)) if other else None


def bounds_before(text: str, start: int) -> tuple[float, float]:
    """How far off the words before a number allow it to be."""
    text = text[max(0, start - 24):start]
    return (-0.1, 0.1) if ABOUT.search(text) else (0.0, 0.34) if OVER.search(text) else (-0.34, 0.0) if UNDER.search(text) else (0.0, 0.0)


def spelled(text: str) -> Iterator[Figure]:
    """Those written in letters: "twenty-five", "two hundred", "three weeks", "half"."""
    words = [(match.start(), match.end(), match[0].lower()) for match in LETTERS.finditer(text)]
    place = 0
    while place < len(words):
        start, end, word = words[place]
        place += 1
        if word in SHARE:
            yield Figure(word, frozenset({SHARE[word]}), 0.0, 1.0, "share" if SHARE[word] < 1 else "", "", word=True)
        elif (value := in_letters(word)) is not None:
            if value >= 20 and value % 10 == 0 and place < len(words) and 0 < PLAIN.get(words[place][2], 0) < 10:
                value, end, place = value + PLAIN[words[place][2]], words[place][1], place + 1
            yield measured(text, (start, end), frozenset({value}), 0.0)
    for found in re.finditer(r"[〇零一二三四五六七八九十两兩](?=[个個名种種人年月日天周週倍秒分小時时台本つ回])", text):
        yield measured(text, (found.start(), found.end()), frozenset({HAN[found[0]]}), 0.0)


# ---------------------------------------------------------------- comparing

def same(said: Figure, shown: Figure) -> bool:
    """Whether what a writer says may be what a page shows: equal, converted, or rounded as people round."""
    if said.unit and shown.unit and said.unit != shown.unit:
        return False
    return any(close(said, shown, a, b) for a in said.values for b in shown.values)


def close(said: Figure, shown: Figure, a: float, b: float) -> bool:
    gap, size = abs(a - b), max(abs(a), abs(b))
    if not isfinite(size):
        return a == b
    if gap <= 1e-6 * size or (said.unit == "time" and size >= 28 * DAY and gap <= 0.025 * size):
        return True
    rounded = gap <= said.step * 1.000001 or (shown.step > 0 and said.step == 0 and gap <= said.grain / 2 and a >= 10 * said.grain)
    bare = a == int(a) and a >= 1000 and a % 100 == 0 and gap <= 0.01 * size and not is_year(said)
    return rounded or bare or a * (1 + said.bounds[0]) <= b <= a * (1 + said.bounds[1])


def is_year(figure: Figure) -> bool:
    return re.fullmatch(YEAR, figure.written) is not None
