"""How a text may be asked for: every option, how its value is read, and what it is for, in one place.

The prefix takes them as `leash_NAME` in the query and as `Leash-Name` headers, `/api/text` as plain names, the terminal
as `--name`; `file-bytes` and `file_bytes` are the same name. Knows neither Flask nor a page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any

from agent.errors import BadInput
from agent.extract.want import LINKS, Want

PREFIX = "leash_"
FORMATS = ("markdown", "json", "html", "xml")
MOST_TOKENS = 100_000_000
LONGEST = 500  # characters of a selector or a pattern
MOST_FILE_BYTES = 20_000_000
FOR_PAGES = ("select", "links", "images", "browser")
FOR_REPOSITORIES = ("include", "exclude", "outline", "all", "ref", "file_bytes", "token_estimate")


@dataclass(frozen=True)
class Options:
    """`format` "" leaves the form to the Accept header; what stands behind it is for repositories."""

    tokens: int | None = None
    select: str = ""
    links: str = "inline"
    images: bool = True
    cache: bool = True
    browser: bool = False
    format: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    outline: bool = False
    all: bool = False
    ref: str = ""
    file_bytes: int | None = None
    token_estimate: bool = False

    @property
    def want(self) -> Want:
        return Want(self.select, self.links, self.images)

    @property
    def shape(self) -> dict[str, Any]:
        """What makes the text of a page another one; the rest chooses from it, or how it is shown."""
        return {"select": self.select, "links": self.links, "images": self.images, "browser": self.browser}

    def to_json(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Options:
        listed = {name: tuple(data.get(name, ())) for name in ("include", "exclude")}
        return cls(**{**data, **listed})


@dataclass(frozen=True)
class Option:
    """How a value that was typed becomes the option's (ValueError says what is wanted), and what it is for."""

    read: Callable[[str], Any]
    values: str
    help: str
    many: bool = False


def count(value: str) -> int:
    if not (value.isascii() and value.isdigit() and 0 < int(value[:12]) <= MOST_TOKENS):
        raise ValueError("a whole number above 0")
    return int(value)


def few_bytes(value: str) -> int:
    if not (value.isascii() and value.isdigit() and 0 < int(value[:12]) <= MOST_FILE_BYTES):
        raise ValueError(f"a whole number from 1 to {MOST_FILE_BYTES:,}")
    return int(value)


def flag(value: str) -> bool:
    words = {"yes": True, "true": True, "1": True, "on": True, "": True, "no": False, "false": False, "0": False, "off": False}
    if value.lower() not in words:
        raise ValueError("yes or no")
    return words[value.lower()]


def one_of(*names: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value.lower() not in names:
            raise ValueError(f"{', '.join(names[:-1])} or {names[-1]}")
        return value.lower()
    return read


def words(value: str) -> str:
    if not value.strip() or len(value) > LONGEST or not value.isprintable():
        raise ValueError(f"a text of at most {LONGEST} characters")
    return value.strip()


OPTIONS: dict[str, Option] = {
    "tokens": Option(count, "a whole number", "At most so many tokens: cut at the end of a block, and what was left out is said."),
    "select": Option(words, "a CSS selector", "Only what the selector matches."),
    "links": Option(one_of(*LINKS), "inline, footnotes or none", "Links beside their words, numbered at the end, or not at all."),
    "images": Option(flag, "yes or no", "Whether images stay, as their description and address."),
    "cache": Option(flag, "yes or no", "Whether a text that Leash has already may be the answer."),
    "browser": Option(flag, "yes or no", "Open the page in the browser at once, and wait for what its scripts draw."),
    "format": Option(one_of(*FORMATS), "markdown, json, html or xml", "The form of the answer; xml for repositories only."),
    "include": Option(words, "a pattern", "Repositories: only files that match, as src/*.py; may be given more than once.", many=True),
    "exclude": Option(words, "a pattern", "Repositories: no files that match; may be given more than once.", many=True),
    "outline": Option(flag, "yes or no", "Repositories: only signatures and docstrings."),
    "all": Option(flag, "yes or no", "Repositories: also generated, vendored and minified files and lock files."),
    "ref": Option(words, "a branch, tag or commit", "Repositories: this one instead of the one that the address names."),
    "file_bytes": Option(few_bytes, "a whole number", "Repositories: leave out files that are larger; 1,000,000 if not given."),
    "token_estimate": Option(flag, "yes or no", "Repositories: estimate tokens instead of counting them: faster."),
}


def read_options(given: Iterable[tuple[str, str]], shown: Callable[[str], str] = str) -> Options:
    """The options of (name, value) pairs, plain names. Raises BadInput; `shown` is how the asker writes a name."""
    found: dict[str, Any] = {}
    for typed, value in given:
        name = typed.replace("-", "_")
        option = OPTIONS.get(name)
        if option is None:
            raise BadInput(f"“{shown(typed)[:50]}” is not an option. There are: {', '.join(map(shown, OPTIONS))}.")
        if name in found and not option.many:
            raise BadInput(f"“{shown(name)}” is given twice. Leave one of them out.")
        found[name] = (*found.get(name, ()), read_value(name, value, shown)) if option.many else read_value(name, value, shown)
    return Options(**found)


def refuse_for_repository(options: Options) -> None:
    """Raises BadInput for an option that only pages have."""
    if unfit := asked_of(options, FOR_PAGES):
        raise BadInput(f"“{unfit[0]}” is for pages, and this is the address of a repository.")


def refuse_for_page(options: Options) -> None:
    """Raises BadInput for an option that only repositories have."""
    unfit = [*asked_of(options, FOR_REPOSITORIES), *(["the format xml"] if options.format == "xml" else [])]
    if unfit:
        raise BadInput(f"“{unfit[0]}” is for repositories, and this is the address of a page.")


def asked_of(options: Options, names: Iterable[str]) -> list[str]:
    return [name for name in names if getattr(options, name) != getattr(Options(), name)]


def read_value(name: str, value: str, shown: Callable[[str], str]) -> Any:
    try:
        return OPTIONS[name].read(value)
    except ValueError as error:
        raise BadInput(f"“{shown(name)}” is {error}, not “{value[:100]}”.") from None
