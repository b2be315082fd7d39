"""Numbers, units, dates and times of day as text writes them, in the main languages, and whether two say the same.

Knows nothing of claims or quotes. It reads a number in every way that it may be meant ("1.600" is 1.6 and 1600), because
its readers object to what cannot be meant, and must not cry wolf.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from agent.wordings import STOPWORDS

# ---------------------------------------------------------------- words for numbers, units and months

SMALL = """zero null zéro cero nul ноль|one eins ein eine einen einem einer un une uno una um uma een один одна одно|
two zwei deux dos due dois duas twee два две|three drei trois tres tre três drie три|four vier quatre cuatro quattro quatro четыре|
five fünf cinq cinco cinque vijf пять|six sechs seis sei zes шесть|seven sieben sept siete sette sete zeven семь|
eight acht huit ocho otto oito восемь|nine neun neuf nueve nove negen девять|ten zehn dix diez dieci dez tien десять|
eleven elf onze once undici одиннадцать|twelve zwölf douze doce dodici doze twaalf двенадцать dozen dutzend douzaine|
thirteen dreizehn treize trece tredici dertien тринадцать|fourteen vierzehn quatorze catorce quattordici veertien|
fifteen fünfzehn quinze quince quindici vijftien пятнадцать|sixteen sechzehn seize dieciséis sedici dezesseis zestien|
seventeen siebzehn dix-sept diecisiete diciassette dezessete zeventien|eighteen achtzehn dix-huit dieciocho diciotto dezoito achttien|
nineteen neunzehn dix-neuf diecinueve diciannove dezenove negentien"""
TENS = """twenty zwanzig vingt veinte venti vinte twintig двадцать|thirty dreißig dreissig trente treinta trenta trinta dertig тридцать|
forty vierzig quarante cuarenta quaranta quarenta veertig сорок|fifty fünfzig cinquante cincuenta cinquanta cinquenta vijftig пятьдесят|
sixty sechzig soixante sesenta sessanta sessenta zestig шестьдесят|seventy siebzig soixante-dix setenta settanta zeventig семьдесят|
eighty achtzig quatre-vingts quatre-vingt ochenta ottanta oitenta tachtig восемьдесят|
ninety neunzig quatre-vingt-dix noventa novanta negentig девяносто"""
SCALES = {1e2: "hundred hundert cent cents cien ciento cento honderd сто", 1e3: "thousand thousands k tausend mille mil mila duizend тысяча "
          "тысячи тысяч тыс 千", 1e4: "万 萬 만", 1e5: "lakh lakhs", 1e6: "million millions millionen mio mn millón millones milione milioni milhão "
          "milhões miljoen миллион миллиона миллионов млн", 1e7: "crore crores", 1e8: "億 亿 억", 1e9: "billion billions bn milliarde "
          "milliarden mrd milliard milliards miliardo miliardi miljard миллиард миллиарда миллиардов млрд", 1e12: "trillion trillions "
          "billionen 兆"}
SHARES = {0.5: "half halves hälfte halb moitié mitad metà metade helft половина", 0.25: "quarter viertel quart cuarto",
          0.75: "three-quarters dreiviertel", 1.0: "single once", 2.0: "twice double doubled both pair couple doppelt double", 3.0: "triple thrice"}
PLAIN = {word: float(place) for place, row in enumerate(SMALL.split("|")) for word in row.split()}
PLAIN |= {word: 20.0 + 10 * place for place, row in enumerate(TENS.split("|")) for word in row.split()}
SCALE = {word: value for value, row in SCALES.items() for word in row.split()}
SHARE = {word: value for value, row in SHARES.items() for word in row.split()}
HAN = {char: float(place) for place, char in enumerate("〇一二三四五六七八九十")} | {"两": 2.0, "兩": 2.0, "零": 0.0}

DAY = 86400.0
UNITS = {
    "time": {1e-9: "ns nanosecond*", 1e-6: "µs μs us microsecond*", 1e-3: "ms millisecond* millisekunde* milliseconde* milisegundo* мс 毫秒 ミリ秒",
             1.0: "s sec secs second seconds sekunde sekunden seconde secondes segundo segundos secondo secondi seconden секунд* 秒 초",
             60.0: "min mins minute minutes minuten minuto minutos minuti minuut минут* 分钟 分鐘 分間 분",
             3600.0: "h hr hrs hour hours stunde stunden heure heures hora horas ora ore uur час часа часов 小时 小時 時間 시간",
             DAY: "day days tag tage tagen jour jours día días giorno giorni dia dias dag dagen день дня дней 天 日間",
             7 * DAY: "week weeks woche wochen semaine semaines semana semanas settimana settimane weken недел* 周 週間 星期",
             30 * DAY: "month months monat monate monaten mois mes meses mese mesi mês maand maanden месяц* 个月 か月 ヶ月",
             365 * DAY: "year years jahr jahre jahren an ans année années año años anno anni ano anos jaar год года лет"},
    "data": {0.125: "bit bits", 1.0: "B byte bytes octet octets", 1e3: "KB kB kilobyte*", 2**10: "KiB kibibyte*", 1e6: "MB megabyte*", 2**20: "MiB mebibyte*",
             1e9: "GB gigabyte*", 2**30: "GiB gibibyte*", 1e12: "TB terabyte*", 2**40: "TiB tebibyte*"},
    "length": {1e-9: "nm", 1e-3: "mm millimet*", 1e-2: "cm centimet*", 1.0: "metre metres meter meters mètre mètres metro metros метр*", 1e3: "km kilomet* "
               "kilomèt* километр* 公里", 0.0254: "inch inches", 0.3048: "ft foot feet", 1609.344: "mile miles mi"},
    "mass": {1e-6: "mg milligram*", 1e-3: "g gram grams gramm", 1.0: "kg kilogram* kilo kilos килограмм*", 1e3: "tonne tonnes tonnen",
             0.45359: "lb lbs pound pounds"},
    "share": {0.01: "% percent prozent procent pour-cent por-ciento процент*"},
    "frequency": {1.0: "Hz hertz", 1e3: "kHz", 1e6: "MHz megahertz", 1e9: "GHz gigahertz"},
    "power": {1.0: "W watt watts", 1e3: "kW kilowatt*", 1e6: "MW megawatt*", 1e9: "GW gigawatt*"},
    "energy": {1.0: "Wh", 1e3: "kWh", 1e6: "MWh", 1e9: "GWh", 1e12: "TWh"},
    "warmth": {1.0: "°C celsius"}, "heat": {1.0: "°F fahrenheit"},
    "dollar": {1.0: "$ usd dollar dollars"}, "euro": {1.0: "€ eur euro euros"}, "pound": {1.0: "£ gbp"}, "yen": {1.0: "¥ jpy yen 円"},
}
TWICE = {1e3: 2.0**10, 1e6: 2.0**20, 1e9: 2.0**30, 1e12: 2.0**40}  # "KB" to some is 1024
UNIT = {word: (kind, factor) for kind, rows in UNITS.items() for factor, words in rows.items() for word in words.split()}
STEMS = {word[:-1]: meaning for word, meaning in UNIT.items() if word.endswith("*")}

MONTHS = """january jan januar janvier enero gennaio janeiro januari января|february feb februar février febrero febbraio fevereiro februari
февраля|march mar märz mars marzo março maart марта|april apr avril abril aprile апреля|may mai mayo maggio maio mei мая|june jun juni juin
junio giugno junho июня|july jul juli juillet julio luglio julho июля|august aug août agosto augustus августа|september sep sept septembre
septiembre settembre setembro сентября|october oct oktober okt octobre octubre ottobre outubro октября|november nov novembre noviembre
novembro ноября|december dec dezember dez décembre diciembre dicembre dezembro декабря"""
MONTH = {word: place for place, row in enumerate(MONTHS.split("|"), 1) for word in row.split()}

ABOUT = re.compile(r"(?:about|around|roughly|approximately|approx\.?|some|circa|ca\.|nearly|almost|close to|an estimated|etwa|rund|ungefähr|fast|"
                   r"knapp|environ|près de|presque|alrededor de|cerca de|casi|quasi|ongeveer|bijna|около|примерно|почти|約|约|大约|~|≈)\s*$", re.IGNORECASE)
OVER = re.compile(r"(?:more than|over|above|exceed\w*|mehr als|über|plus de|más de|oltre|più di|mais de|meer dan|более|больше|>)\s*$", re.IGNORECASE)
UNDER = re.compile(r"(?:less than|under|fewer than|below|weniger als|unter|moins de|menos de|meno di|minder dan|менее|меньше|<)\s*$", re.IGNORECASE)
JOINED = re.compile(r"\s?(?:-|to|or|and|bis|oder|und|à|ou|et|a|o|y|e|of|en|или|и|до)\s?(?=\d)", re.IGNORECASE)

# ---------------------------------------------------------------- reading


@dataclass(frozen=True)
class Figure:
    """A number with what it counts. `values` are its readings in the unit's base, `step` half of its last digit's worth.

    `unit` is a kind of measure ("time"), `noun` the word after a bare number; `word` tells that it is written in letters;
    `bounds` is how far from it, as shares of it, what it stands for may lie ("about", "over", "under").
    """

    written: str
    values: frozenset[float]
    step: float = 0.0
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


def plain(text: str) -> str:
    """The text with one form of each digit, blank, dash and mark of decimals, whatever its script."""
    text = re.sub(r"[⁰¹²³⁴-⁹]+", " ", text).replace("٫", ".").replace("٬", ",").replace("½", " 0.5 ").replace("¼", " 0.25 ").replace("¾", " 0.75 ")
    text = unicodedata.normalize("NFKC", re.sub("[–—−‐‑]", "-", text))
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else " " if char == "\u00a0" else char for char in text)


YEAR = r"(?:1[4-9]|20|21)\d\d"
NAMES = "|".join(sorted(map(re.escape, MONTH), key=len, reverse=True))
DATES = (
    re.compile(rf"\b(?P<y>{YEAR})[-/.](?P<m>0?[1-9]|1[0-2])[-/.](?P<d>[0-2]?\d|3[01])(?!\d)"),
    re.compile(rf"(?P<y>{YEAR})\s?[年년]\s?(?:(?P<m>\d\d?)\s?[月월]\s?(?:(?P<d>\d\d?)\s?[日일])?)?"),
    re.compile(rf"\b(?P<a>[0-3]?\d)[./-](?P<m>[0-3]?\d)[./-](?P<y>{YEAR})\b"),
    re.compile(rf"\b(?P<y>{YEAR})-(?P<m>0[1-9]|1[0-2])\b(?!-?\d)"),
    re.compile(rf"\b(?P<d>[0-3]?\d)(?:st|nd|rd|th|er|º|\.)?\s+(?:of\s+|de\s+|di\s+)?(?P<n>{NAMES})\b\.?,?(?:\s+(?:de\s+|of\s+)?(?P<y>{YEAR})\b)?", re.IGNORECASE),
    re.compile(rf"\b(?P<n>{NAMES})\b\.?\s+(?P<d>[0-3]?\d)(?:st|nd|rd|th)?\b(?!\s*%)(?:(?:,\s*|\s+)(?:\d\d:\d\d(?::\d\d)?\s+)?(?P<y>{YEAR})\b)?", re.IGNORECASE),
    re.compile(rf"\b(?P<n>{NAMES})\b\.?,?\s+(?:de\s+|of\s+)?(?P<y>{YEAR})\b", re.IGNORECASE),
)
CLOCK = re.compile(r"(?<![\d.:])(\d{1,2})(?::(\d\d))(?::\d\d(?:\.\d+)?)?(?:\s?([ap])\.?\s?m\b\.?)?|(?<![\d.:])(\d{1,2})\s?([ap])\.?m\b\.?", re.IGNORECASE)
DIGITS = r"\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?|\d{1,3}(?:[ .'’]\d{3})+(?:,\d+)?(?![\d])|\d+[.,]\d+|\d+"
NUMBER = re.compile(rf"(?<![\w.])(?<!\d,)(?P<sign>[$€£¥])?\s?(?P<digits>{DIGITS})(?![.]\d)(?P<end>st\b|nd\b|rd\b|th\b|s\b(?<=0s)|x\b)?")
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
        days.append(Day(found[0].strip(" ,."), int(parts.get("y") or 0), month, int(parts.get("d") or parts.get("a") or 0), bool(parts.get("a"))))
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
        yield measured(text, found.start(), found.end(), values, step, sign=found["sign"] or "")


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


def measured(text: str, start: int, end: int, values: frozenset[float], step: float, *, sign: str = "", word: bool = False) -> Figure:
    """A number with the scale, unit or noun that follows it."""
    after, scaled = NEXT.match(text, end), False
    if not sign and not word and (beyond := JOINED.match(text, end)) and (other := NUMBER.match(text, beyond.end())):
        after_other = NEXT.match(text, other.end())
        kind, factors = unit_of(after_other[1] if after_other else "")
        return Figure(text[start:end].strip(), frozenset(value * factor for value in values for factor in factors), step * max(factors), kind)
    while after and (scale := scale_of(after[1], text[end:after.start(1)])):
        values, step, end, scaled = frozenset(value * scale for value in values), max(step, 0.5) * scale, after.end(1), True
        after = NEXT.match(text, end)
    kind, factors = unit_of(sign or (after[1] if after else ""))
    if kind and not sign:
        end = after.end(1)
    noun = after[1] if after and not kind and len(after[1]) > 2 and after[1].lower() not in STOPWORDS else ""
    return Figure(text[start:end].strip(), frozenset(value * factor for value in values for factor in factors),
                  step * max(factors) if step or scaled else 0.0, kind, noun, word, bounds_before(text[:start]))


def bounds_before(text: str) -> tuple[float, float]:
    """How far off the words before a number allow it to be."""
    return (-0.1, 0.1) if ABOUT.search(text) else (0.0, 0.34) if OVER.search(text) else (-0.34, 0.0) if UNDER.search(text) else (0.0, 0.0)


def scale_of(word: str, gap: str) -> float:
    """Of "million" and such; a "k" or "mn" stands close to its digits."""
    return SCALE.get(word.lower(), 0.0) if len(word) > 1 or not word.isascii() or not gap else 0.0


def unit_of(word: str) -> tuple[str, tuple[float, ...]]:
    """Which measure a word is, and its worth in the measure's base, in each way that it is meant."""
    low = word.lower()
    found = UNIT.get(word) or (UNIT.get(low) if len(low) > 2 else None) or next(
        (meaning for stem, meaning in STEMS.items() if low.startswith(stem)), None)
    if not found:
        return "", (1.0,)
    return found[0], (found[1], TWICE[found[1]]) if found[0] == "data" and found[1] in TWICE else (found[1],)


def spelled(text: str) -> Iterator[Figure]:
    """Those written in letters: "twenty-five", "two hundred", "three weeks", "half"."""
    words = [(match.start(), match.end(), match[0].lower()) for match in LETTERS.finditer(text)]
    place = 0
    while place < len(words):
        start, end, word = words[place]
        place += 1
        if word in SHARE:
            yield Figure(word, frozenset({SHARE[word]}), 0.0, "share" if SHARE[word] < 1 else "", "", word=True)
        elif (value := in_letters(word)) is not None:
            if value >= 20 and value % 10 == 0 and place < len(words) and 0 < PLAIN.get(words[place][2], 0) < 10:
                value, end, place = value + PLAIN[words[place][2]], words[place][1], place + 1
            yield measured(text, start, end, frozenset({value}), 0.0, word=True)
    for found in re.finditer(r"[〇零一二三四五六七八九十两兩](?=[个個名种種人年月日天周週倍秒分小時时台本つ回])", text):
        yield measured(text, found.start(), found.end(), frozenset({HAN[found[0]]}), 0.0, word=True)


def in_letters(word: str) -> float | None:
    """The value of one written word, hyphens and German's units-before-tens included."""
    if word in PLAIN:
        return PLAIN[word]
    tens, _, ones = word.rpartition("-")
    if PLAIN.get(tens, 0) >= 20 and 0 < PLAIN.get(ones, 0) < 10:
        return PLAIN[tens] + PLAIN[ones]
    german = re.fullmatch(r"(\w+?)(?:und|en|ën)(\w+(?:zig|ßig|tig))", word)
    if german and german[1] in PLAIN and german[2] in PLAIN:
        return PLAIN[german[1]] + PLAIN[german[2]]
    return None


# ---------------------------------------------------------------- comparing

def same(said: Figure, shown: Figure) -> bool:
    """Whether what a writer says may be what a page shows: equal, converted, or rounded as people round."""
    if said.unit and shown.unit and said.unit != shown.unit:
        return False
    return any(close(said, a, b) for a in said.values for b in shown.values)


def close(said: Figure, a: float, b: float) -> bool:
    gap, size = abs(a - b), max(abs(a), abs(b))
    if gap <= 1e-6 * size or (said.unit == "time" and size >= 28 * DAY and gap <= 0.025 * size):
        return True
    rounded = gap <= said.step * 1.000001 or (b != int(b) and a == round(b) and a >= 10)
    bare = a == int(a) and a >= 1000 and a % 100 == 0 and gap <= 0.01 * size and not is_year(said)
    return rounded or bare or a * (1 + said.bounds[0]) <= b <= a * (1 + said.bounds[1])


def is_year(figure: Figure) -> bool:
    return re.fullmatch(YEAR, figure.written) is not None
