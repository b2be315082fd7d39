"""What matters first when there is not room for all: README, manifests, entry points, then what other files refer to most.

References are counted cheaply: the words of import-like lines, matched with file names. No file is understood.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from agent.repo.names import Entry

README = re.compile(r"(?:readme|about|overview)(?:[-._]\w+)*", re.IGNORECASE)
MANIFESTS = frozenset(
    "pyproject.toml setup.py setup.cfg package.json cargo.toml go.mod pom.xml build.gradle build.gradle.kts gemfile composer.json makefile"
    " cmakelists.txt dockerfile docker-compose.yml compose.yml deno.json mix.exs pubspec.yaml package.swift build.sbt stack.yaml"
    " tsconfig.json requirements.txt pipfile meson.build justfile agents.md claude.md contributing.md architecture.md".split())
ENTRY = re.compile(r"(?:main|__main__|__init__|index|app|cli|server|lib|mod|manage|program|cmd|application|core)\.\w+", re.IGNORECASE)
MINOR = re.compile(
    r"(?:^|/)(?:tests?|specs?|__tests__|testdata|fixtures?|examples?|samples?|benchmarks?|bench|docs?|locales?|i18n|migrations|\.github)/"
    r"|(?:^|/)(?:test_|conftest)|_test\.\w+$|\.(?:test|spec)\.\w+$", re.IGNORECASE)
DATA = re.compile(r"\.(?:po|pot|csv|tsv|svg|json|xml|txt|lock|log|sql|html?|ya?ml)\Z", re.IGNORECASE)
REFERRING = re.compile(
    rb"^[ \t]*(?:from[ \t]+(?P<a>[\w.]+)[ \t]+import|import[ \t]+(?P<b>[\w., \t]+)"
    rb"|(?:import|export)\b[^\n'\"]{0,200}['\"](?P<c>[^'\"\n]{1,200})['\"]"
    rb"|#[ \t]*include[ \t]*[<\"](?P<d>[^>\"\n]{1,200})"
    rb"|(?:use|mod|pub mod|pub use)[ \t]+(?P<e>[\w:]+)|require(?:_relative)?[ \t(]+['\"](?P<f>[^'\"\n]{1,200})"
    rb"|(?:const|let|var)[^\n=]{1,100}=[ \t]*require\(['\"](?P<g>[^'\"\n]{1,200})|using[ \t]+(?P<h>[\w.]+)[ \t]*;)", re.MULTILINE)
WORD = re.compile(rb"[\w-]+")
COMMON = frozenset(b"py js ts tsx jsx h hpp go rs src lib index init main mod crate self super std com org os sys re".split())


def ranked(entries: Sequence[Entry], references: Counter[str]) -> list[Entry]:
    """Entries from what matters most; ties by depth, then by path."""
    return sorted(entries, key=lambda entry: rank(entry, references))


def rank(entry: Entry, references: Counter[str]) -> tuple[int, int, int, str]:
    return (tier(entry.path), -references[entry.path], entry.path.count("/"), entry.path)


def tier(path: str) -> int:
    """0 README, 1 manifest, 2 entry point near the top, 3 code, 4 data and prose, 5 tests, examples and translations."""
    name, depth = path.rpartition("/")[2], path.count("/")
    if README.fullmatch(name) and depth == 0:
        return 0
    if name.lower() in MANIFESTS and depth == 0:
        return 1
    if MINOR.search(path):
        return 5
    if ENTRY.fullmatch(name) and depth <= 2:
        return 2
    return 4 if DATA.search(path) or README.fullmatch(name) else 3


def count_references(files: Iterable[tuple[Entry, bytes | None]], entries: Sequence[Entry]) -> Counter[str]:
    """How many other files refer to each: by the last two words of what they import, if those name a file or its folder."""
    named = names_of(entries)
    counts: Counter[str] = Counter()
    for entry, raw in files:
        found = {path for words in imported(raw or b"") for path in named.get(words, ())}
        counts.update(found - {entry.path})
    return counts


def names_of(entries: Sequence[Entry]) -> dict[tuple[bytes, ...], list[str]]:
    """Files by the last word of their path without its suffix, and by the last two; index files by their folder."""
    named: dict[tuple[bytes, ...], list[str]] = {}
    for entry in entries:
        words = stem_words(entry.path.encode("utf-8", "surrogateescape"))
        for key in {tuple(words[-2:]), tuple(words[-1:])}:
            if key and not (len(key) == 1 and key[0] in COMMON):
                named.setdefault(key, []).append(entry.path)
    # one word that names many files tells nothing
    return {key: paths for key, paths in named.items() if len(paths) <= (3 if len(key) == 2 else 1)}


def stem_words(path: bytes) -> list[bytes]:
    words = WORD.findall(path.rpartition(b".")[0] or path)
    return words[:-1] if words[-1:] and words[-1] in (b"__init__", b"index", b"mod") else words


def imported(raw: bytes) -> set[tuple[bytes, ...]]:
    """What the import-like lines name: the last word, and the last two."""
    found: set[tuple[bytes, ...]] = set()
    for match in REFERRING.finditer(raw):
        for part in match[match.lastgroup].split(b","):
            words = WORD.findall(part)
            if words[-1:] and words[-1] in COMMON and len(words) > 1:
                words = words[:-1]
            found.update({tuple(words[-1:]), tuple(words[-2:])})
    return found
