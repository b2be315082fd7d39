"""What a sentence states that none of its quotes shows: numbers, dates, names, identifiers, and a negation turned round.

Plain code, no model. It objects only to what it can name, and is written to be believed: where a quote may mean the same
(rounding, another unit, another script, an inflected name, a language that it cannot compare), it says nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from agent.figures import LETTERS, Day, Figure, Reading, plain, read, same
from agent.measures import unit_of
from agent.wordings import STOPWORDS

LONGEST = 2000  # characters of a sentence that are looked at: no real one is longer
MOST = 3  # objections said of one sentence: more tell a reader nothing new

LANGUAGES = {
    "en": "the of and to is in that for with are was were not by from which this it has have be on as an or if its",
    "de": "der die das und ist nicht mit von den dem ein eine für auf wird sind zu auch sich bei im des werden kann wurde oder",
    "fr": "le la les des est et une dans pour que qui pas sur avec par du sont au ne plus ce cette il elle",
    "es": "el los las es y una para que con por del se su no en son al como más este esta fue",
    "it": "il gli è e una per che con non di del della sono nel alla dei si più questo da",
    "pt": "o os as é e uma para que com não do da em são no na ao mais por foi dos",
    "nl": "de het een en is van niet met voor op zijn wordt dat die te bij ook naar uit",
}
SPOKEN = {name: frozenset(words.split()) for name, words in LANGUAGES.items()}

NEGATORS = frozenset("""not no never none neither nor cannot without nothing nowhere nobody nicht kein keine keinen keiner keinem nie
niemals ohne pas jamais aucun aucune sans nunca sin ningún ninguna non mai senza não nem sem niet geen nooit zonder
не нет никогда без""".split())
NEGATIVE = re.compile(
    r"(?:un\w{4,}|in(?:secure|valid|active|correct|complete|compatible|accurate|effective|visible|sufficient|ability|capable)\w*|"
    r"im(?:possible|mutable)\w*|dis(?:abl|allow|continu|card|regard)\w*|non-?\w{3,}|\w{3,}less|fail\w*|lack\w*|refus\w*|avoid\w*|"
    r"instead|except\w*|unless|only|forb\w+|ignor\w*|prevent\w*|stop\w*|false|miss\w*|absent|absence|rather|formerly|hardly|rarely|seldom|barely|"
    r"den[iy]\w*|reject\w*|remov\w*|drop\w*|omit\w*|skip\w*|exclu\w*|old|few|little|zero|neglect\w*|bypass\w*|no-op|void|myth|wrong\w*|"
    r"contrary|but|however|although|though|until|till|before|deprecat\w*|former\w*|any\s?more|than|too|cease\w*|end(?:s|ed)?|abandon\w*|"
    r"prohibit\w*|ban|bans|banned|block\w*|yet|whether|if|both|either|necessarily|always|just|merely|simply|necessary)", re.IGNORECASE)
OPPOSITES = [tuple(frozenset(side.split()) for side in pair.split("|")) for pair in (
    "increase increases increased rise rises rose risen grew grows higher|decrease decreases decreased fall falls fell fallen shrank lower",
    "before|after", "above|below", "minimum|maximum", "enabled enables enable|disabled disables disable",
    "more|less fewer", "faster|slower",
    "always|never", "first|last", "larger bigger|smaller", "oldest|newest", "allowed allows allow|forbidden forbids prohibited prohibits",
    "accepted accepts accept|rejected rejects reject", "upper|lower", "earlier|later", "optional|required mandatory", "true|false",
    "legal|illegal", "possible|impossible", "secure|insecure", "won|lost", "best|worst", "mutable|immutable", "synchronous|asynchronous")]
ALIKE = 0.6  # of a sentence's words of meaning: only a quote that says nearly the same can say its opposite
ALIKE_MOST = 4  # and at least that many of them
REACH, FARTHER = 5, 12  # words that a "not" may stand before what it denies; before each of a list with "or"
PARTS = re.compile(r"(?<=[.!?;。])\s+|\n+")
TOKENS = re.compile(r"non-[^\W_]+|[^\W_]+(?:'[^\W\d_]+)?|[,;:()]", re.IGNORECASE)

TRADE = frozenset("""API APIs URL URLs URI CLI CPU CPUs GPU RAM SQL JSON XML HTML CSS HTTP HTTPS GUI UI OS PDF IDE UTC GMT ISO ID IDs IP DNS
TCP UDP TLS SSL USA US UK EU UN AD BC CE BCE AI IT PC TV OK FAQ CEO DNA RNA Internet Web Earth Sun Moon English American British Dutch
French German Swiss Yes No Not Both Only Since None True False NULL Null North South East West Western Eastern Northern Southern
Monday Tuesday Wednesday Thursday Friday Saturday Sunday Mondays Tuesdays Wednesdays Thursdays Fridays Saturdays Sundays
January February March April May June July August September October November December Jan Feb Mar Apr Jun Jul Aug Sep Oct Nov Dec
Christian Christmas Easter Q1 Q2 Q3 Q4 Mr Mrs Ms Dr Prof President Minister I""".split())
CODE = re.compile(r"`([^`\n]+)`")
TOKEN = re.compile(r"[^\s|]+")
EDGES = "\"'“”‘’„«»()[]{}<>,;:!?.*…"
WORDS = re.compile(r"[^\W_]+")
OPENS = re.compile(r"(?:^|[.:!?|•–—(\"“„«‘>]\s*|\*\*\s*|-\s+)$")
VERSION = re.compile(r"v?\d+(?:\.\d+){2,}")
MEASURED = re.compile(r"[-+]?\d[\d.,:'’]*(?:[-/x×]\d[\d.,]*)*(?:st|nd|rd|th|s|x|k|[A-Za-zµ°%]{1,3})?", re.IGNORECASE)


def objections(sentence: str, quotes: Sequence[str], context: Sequence[str] = ()) -> tuple[str, ...]:
    """Short plain sentences, the weightiest first; none if the quotes show all that code can compare.

    `context` is what a reader sees beside the quotes (titles, headings, dates, addresses): it vouches for names, dates and
    bare numbers, never for a measure.
    """
    said, shown = Text(unmarked(sentence[:LONGEST])), Text("\n".join(quotes))
    around = Text("\n".join(context))
    found = [*turned(said.text, quotes)]
    for look in (wrong_figures, wrong_days, missing_names):
        found += look(said, shown, around)
    return tuple(dict.fromkeys(found))[:MOST]


def unmarked(sentence: str) -> str:
    """Without Markdown's marks of emphasis and links; code keeps its ticks."""
    return re.sub(r"\*\*|__(?=\W)|(?<=\W)__|!?\[([^\[\]\n]*)\]\([^()\n]*\)", lambda found: found[1] or "", sentence).strip()


@dataclass
class Text:
    """A text with what is looked up in it, each worked out once."""

    text: str

    @cached_property
    def plain(self) -> str:
        return plain(self.text)

    @cached_property
    def reading(self) -> Reading:
        return read(self.text)

    @cached_property
    def words(self) -> frozenset[str]:
        """Its words, folded, and each two neighbours as one ("IPv 6" is "IPv6")."""
        words = [fold(word) for word in WORDS.findall(self.plain)]
        return frozenset([*words, *map("".join, zip(words, words[1:], strict=False))])

    @cached_property
    def letters(self) -> str:
        return fold(self.plain)

    @cached_property
    def initials(self) -> str:
        """The first letters of its words, and again of those that are no small words: where acronyms are spelled out."""
        words = WORDS.findall(self.plain)
        long = [word for word in words if word.lower() not in STOPWORDS]
        return " ".join("".join(word[0] for word in some).lower() for some in (words, long))


def fold(text: str) -> str:
    """Letters and digits alone, without case and accents."""
    split = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in split if char.isalnum())


# ---------------------------------------------------------------- numbers and dates

def wrong_figures(said: Text, shown: Text, around: Text) -> Iterator[str]:
    for one in said.reading.figures:
        if not (vouched(one, said, shown, around) or uncountable(one, shown) or years_apart(one, shown) or clocks_apart(one, shown)):
            yield missing(one, shown)


def vouched(one: Figure, said: Text, shown: Text, around: Text) -> bool:
    """Whether some figure of the quotes may be this one; for a bare number, whether it merely stands there or beside them."""
    if any(same(one, other) or bare(one, other, shown) for other in shown.reading.figures):
        return True
    if one.unit and any(other.unit == one.unit for other in shown.reading.figures):
        return False
    return stands_in(one, shown) or (not one.unit and telling(one, said) and stands_in(one, around))


def bare(one: Figure, other: Figure, shown: Text) -> bool:
    """Whether the other is the same number with its unit elsewhere ("within 48 hours, mostly within twelve", "in seconds; default 20")."""
    if not one.unit or other.unit or other.noun or not any(abs(a / one.grain - b) <= 1e-6 * b for a in one.values for b in other.values):
        return False
    units = {unit_of(word) for word in LETTERS.findall(shown.plain)}
    return any(kind == one.unit and one.grain in factors for kind, factors in units) or all(kind != one.unit for kind, _ in units)


def telling(one: Figure, said: Text) -> bool:
    """Whether a title or address may vouch for it: a year or another large number, or one that a name carries ("Debian 8", "version 8")."""
    return max(one.values) >= 100 or re.search(rf"(?:\b[A-Z]\w*|\bversion)\s+{re.escape(one.written)}", said.plain) is not None


def stands_in(one: Figure, text: Text) -> bool:
    """The digits as they are written, as a whole number, the front part of a version, or a part of a date."""
    digits = re.match(r"[\d., '’]*\d", one.written)
    if digits and re.search(rf"(?<!\d)(?<!\d[.,]){re.escape(digits[0])}(?!\d)", text.plain):
        return True
    return any(float(part) in one.values for day in text.reading.days for part in (day.year, day.month, day.day) if part)


def uncountable(one: Figure, shown: Text) -> bool:
    """Few of something may be the writer's own count, unless a quote counts the same otherwise; "half" is often no number."""
    if one.word and one.unit == "share" and " " not in one.written:
        return True
    return one.small_count() and not rivals(one, shown)


def rivals(one: Figure, shown: Text) -> list[Figure]:
    """The figures of the quotes that measure or count the same thing."""
    if one.unit:
        return [other for other in shown.reading.figures if other.unit == one.unit]
    stem = fold(one.noun)[:5]
    return [other for other in shown.reading.figures if stem and len(one.noun) > 3 and fold(other.noun)[:5] == stem]


def years_apart(one: Figure, shown: Text) -> bool:
    """"16 years" where the quotes name 1999 and 2015."""
    years = [int(year) for year in re.findall(r"\b(?:1[5-9]|20)\d\d\b", shown.plain)]
    counted = {value / (365 * 86400) for value in one.values} if one.unit == "time" else set()
    return any(abs(a - b) in counted or abs(a - b) + 1 in counted for a in years for b in years)


def clocks_apart(one: Figure, shown: Text) -> bool:
    """"Two hours" where the quotes name 13:00 and 15:00."""
    minutes = [minute for _, clock in shown.reading.clocks for minute in clock]
    counted = {value / 60 for value in one.values} if one.unit == "time" else set()
    return any(abs(a - b) in counted for a in minutes for b in minutes)


def missing(one: Figure, shown: Text) -> str:
    others = list(dict.fromkeys(other.written for other in rivals(one, shown)))
    instead = f"; they say “{others[0]}”" if len(others) == 1 else ""
    return f"“{one.written}” is in none of its quotes{instead}."


def wrong_days(said: Text, shown: Text, around: Text) -> Iterator[str]:
    known = [*shown.reading.days, *around.reading.days]
    for day in said.reading.days:
        if not any(day.agrees(other) for other in known) or not year_known(day, shown, around):
            others = list(dict.fromkeys(other.written for other in shown.reading.days))
            yield f"The date “{day.written}” is in none of its quotes" + (f"; they say “{others[0]}”." if len(others) == 1 else ".")
    clocks = [clock for _, clock in (*shown.reading.clocks, *around.reading.clocks)]
    for written, clock in said.reading.clocks:
        if not any(clock & other for other in clocks) and fold(written) not in shown.letters:
            yield f"The time “{written}” is in none of its quotes."


def year_known(day: Day, shown: Text, around: Text) -> bool:
    return not day.year or any(str(day.year) in text.plain for text in (shown, around))


# ---------------------------------------------------------------- names and identifiers

def missing_names(said: Text, shown: Text, around: Text) -> Iterator[str]:
    for word in identifiers(said.text):
        if not any(known_code(word, text) for text in (shown, around)):
            yield f"“{word}” is in none of its quotes."
    if comparable(said.text, shown.text):
        names = proper_names(said.text)
        for name in names:
            if not any(known_name(name, text) for text in (shown, around)) and not spelled_out(name, names, shown, around):
                yield f"“{name}” is in none of its quotes."


def identifiers(sentence: str) -> list[str]:
    """Words of code, versions, options, paths: what must be written so and no other way."""
    ticked = [word for span in CODE.findall(sentence) for word in TOKEN.findall(span)]
    bare = TOKEN.findall(CODE.sub(" ", sentence))
    words = [*(clean(word) for word in ticked), *(clean(word) for word in bare if coded(clean(word)))]
    telling_words = (word for word in words if re.search(r"\w", word) and (VERSION.fullmatch(word) or not MEASURED.fullmatch(word)))
    return list(dict.fromkeys(telling_words))


def clean(word: str) -> str:
    """Without the punctuation around it; a placeholder (<driver>) is nobody's word."""
    return re.sub(r"<\w*>|['’]s$", "", word).strip(EDGES)


def coded(word: str) -> bool:
    """Whether a bare word is written as no language writes its words."""
    return bool(
        re.search(r"\w_\w|::|\(\)|^--?[A-Za-z]|[$=@\\~]|\d\.\d+\.\d|^[/.]\w+/|\w\.[a-z]{2,4}$", word)
        or (word.isascii() and not MEASURED.fullmatch(word) and re.search(r"[A-Za-z]\d|\d[A-Za-z]", word)))


def known_code(word: str, text: Text) -> bool:
    """The whole of it, or each of its parts, stands in the text."""
    folded = fold(plain(word))
    if not folded or folded in text.words or (len(folded) > 5 and folded in text.letters):
        return True
    parts = [fold(part) for part in WORDS.findall(plain(word))]
    if re.fullmatch(r"v?\d+(?:\.\d+)+", word):
        return re.search(rf"(?<![\d.]){re.escape(word.lstrip('v'))}(?!\d)", text.plain) is not None
    return len(parts) > 1 and all(part in text.words for part in parts)


def proper_names(sentence: str) -> list[str]:
    """Words with a capital that stand in the midst of a sentence, and those that have one inside (SQLite)."""
    bare = CODE.sub(lambda found: " " * len(found[0]), sentence)
    words = [(found.start(), re.sub(r"['’]s?$", "", clean(found[0]))) for found in TOKEN.finditer(bare)]
    capital = [word for _, word in words if word[:1].isupper()]
    if len(words) > 2 and len(capital) > 0.6 * len(words):
        return []  # a title, where every word has one
    found = [part for start, word in words for place, part in enumerate(re.split(r"[-/]", word))
             if named(part, opens=not place and bool(OPENS.search(bare[max(0, start - 6):start])))]
    return list(dict.fromkeys(found))


def named(word: str, opens: bool) -> bool:
    if len(word) < 2 or coded(word) or word in TRADE or unit_of(word)[0] or not re.fullmatch(r"[^\W\d_]+(?:['’.][^\W\d_]+)*", word):
        return False
    inner = re.search(r"[^\W\d_][A-ZÀ-Þ]", word) is not None
    return inner or (word[0].isupper() and not opens and word.lower() not in STOPWORDS)


def known_name(name: str, text: Text) -> bool:
    folded = fold(name)
    if folded in text.words or (len(folded) > 5 and folded in text.letters):
        return True
    if name.isupper() and len(folded) <= 6 and folded in text.initials:
        return True
    return any(inflected(folded, word) for word in text.words if word[:1] == folded[:1])


def inflected(one: str, other: str) -> bool:
    """Two forms of one name: the same front, and short ends that differ ("Postgres", "PostgreSQL"; "Москва", "Москве")."""
    front = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        front += 1
    short, long = sorted((len(one), len(other)))
    return (front >= 4 and long - front <= 3) or (3 <= front == short and long - short <= 2)


def spelled_out(name: str, names: Sequence[str], *texts: Text) -> bool:
    """A long name of several words whose acronym stands in a text ("European Union", EU)."""
    at = names.index(name)
    spans = [names[start:start + size] for size in (2, 3, 4) for start in range(max(0, at - size + 1), at + 1)]
    runs = ["".join(fold(one)[:1] for one in span) for span in spans]
    return any(len(run) > 1 and re.search(rf"\b{run.upper()}\b", text.plain) for run in runs for text in texts)


def comparable(sentence: str, quotes: str) -> bool:
    """Names are compared within one language, and not in German, which writes every noun with a capital."""
    return language(sentence) == language(quotes) != "de" and script(sentence) == script(quotes)


def language(text: str) -> str:
    """A guess by small words; "" where they are too few to tell."""
    words = [word.lower() for word in WORDS.findall(text)]
    counts = {name: sum(word in spoken for word in words) for name, spoken in SPOKEN.items()}
    best = max(counts, key=counts.__getitem__)
    return best if counts[best] > 0 else "en" if text.isascii() else ""


def script(text: str) -> str:
    letters = [unicodedata.name(char, "?").split()[0] for char in text if char.isalpha()]
    return max(set(letters), key=letters.count) if letters else ""


# ---------------------------------------------------------------- negation

def turned(sentence: str, quotes: Sequence[str]) -> Iterator[str]:
    """A sentence that says nearly what a quote's sentence says, but one of them with a "not" or an opposite word."""
    said = Polarity.of(sentence)
    if len(said.denied) < ALIKE_MOST:
        return
    shown = [Polarity.of(part) for quote in quotes for part in PARTS.split(quote)]
    near = [one for one in shown if len(said.denied.keys() & one.denied.keys()) >= max(ALIKE_MOST, ALIKE * len(said.denied))]
    if near and (found := said.against(max(near, key=lambda one: len(said.denied.keys() & one.denied.keys())))):
        yield found


@dataclass(frozen=True)
class Polarity:
    """A sentence's words that carry meaning, by stem: where each stands, and whether a "not" reaches it (None: cannot be told)."""

    words: tuple[str, ...]
    denied: dict[str, bool | None]

    @classmethod
    def of(cls, text: str) -> Polarity:
        words = tuple(TOKENS.findall(text.replace("’", "'")))
        found: dict[str, bool | None] = {}
        for place, word in enumerate(words):
            if meaningful(word):
                state = reached(words, place)
                stem = fold(word)[:6]
                found[stem] = state if found.get(stem, state) == state else None
        return cls(words, found)

    def against(self, other: Polarity) -> str:
        """What makes the two opposites, in words; "" if nothing does for certain."""
        for stem, state in self.denied.items():
            if state is not None and other.denied.get(stem) is not None and other.denied[stem] != state:
                word = next(word for word in self.words if fold(word)[:6] == stem)
                does, did = ("deny", "affirms") if state else ("affirm", "denies")
                return f"It seems to {does} “{word}”, which its quote {did}."
        words = opposite(set(map(str.lower, self.words)), set(map(str.lower, other.words)))
        return f"It says “{words[0]}” where its quote says “{words[1]}”." if words else ""


def meaningful(word: str) -> bool:
    low = word.lower()
    return low not in STOPWORDS and not denies(word) and (len(low) > 2 or low.isdigit()) and word[0].isalnum()


def reached(words: Sequence[str], place: int) -> bool | None:
    """Whether a "not" turns this word: the first that carries meaning after it. None where that cannot be told."""
    if any(NEGATIVE.fullmatch(word) for word in words[max(0, place - 2):place + 2] if not denies(word)):
        return None
    if {*words[place + 1:place + 2]} & {"would", "could", "might"} or {*words[:place]} & {"unless", "Unless"}:
        return None  # what is only supposed is neither said nor denied
    listed, between = not {"or", "nor"}.isdisjoint(words[max(0, place - 2):place + 6]), 0
    for word in reversed(words[max(0, place - (FARTHER if listed else REACH)):place]):
        if not word[0].isalnum() and not (listed and word == ","):
            return False
        if denies(word):
            return None if between else True
        between += meaningful(word)
    return False


def denies(word: str) -> bool:
    """"None" with a capital is a value in code, WITHOUT a keyword of it."""
    return (word.lower() in NEGATORS and word not in ("None", "NO", "NOT", "WITHOUT", "Sin")) or word.lower().endswith("n't")


def opposite(said: set[str], shown: set[str]) -> tuple[str, str] | None:
    for one, other in (sides for pair in OPPOSITES for sides in (pair, pair[::-1])):
        if said & one and shown & other and not (said & other or shown & one):
            return min(said & one), min(shown & other)
    return None
