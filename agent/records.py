"""The nouns that every part of Leash shares. Plain data: no record knows how it was made or shown."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

SUPPORT = ("supported", "partial", "contradicted", "not found", "unchecked")
RUNGS = ("markdown", "http", "browser", "pdf", "capture", "git")


@dataclass(frozen=True)
class Hit:
    """One search result. `providers` are the names of all that returned it, `rank` its place (from 1) after merging."""

    url: str
    title: str
    snippet: str = ""
    providers: tuple[str, ...] = ()
    rank: int = 0


@dataclass(frozen=True)
class Page:
    """One kept document: its text never changes, `sha256` is that of the text in UTF-8.

    `url` is the address asked for, `final_url` the one that answered. `date` is the page's own (ISO, may be ""),
    `fetched_at` ours (ISO, UTC). `html` is the snapshot as decoded bytes, None for what was never HTML. `picture` is a small
    JPEG of its top as the browser showed it, None where no browser was used. `chosen_by` is "user" or "agent".
    """

    url: str
    final_url: str
    title: str
    text: str
    fetched_at: str
    site: str = ""
    author: str = ""
    date: str = ""
    language: str = ""
    rung: str = "http"
    chosen_by: str = "agent"
    html: bytes | None = None
    picture: bytes | None = None
    sha256: str = ""

    def __post_init__(self) -> None:
        if not self.sha256:
            object.__setattr__(self, "sha256", sha256_of(self.text))

    def meta(self) -> dict[str, Any]:
        """All but the text, the snapshot and the picture, as JSON."""
        return {name: value for name, value in vars(self).items() if name not in ("text", "html", "picture")}


@dataclass(frozen=True)
class Validators:
    """What a site said by which it can tell later whether its page has changed; both "" if it cannot."""

    etag: str = ""
    last_modified: str = ""

    def headers(self) -> dict[str, str]:
        named = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True)
class Read:
    """A page with all that is known of it.

    `markdown` is the LLM-ready text ("" unless it was asked for), `page.text` the one that quotes are of. `wall` is "" or
    "paywall", where the first part of a page stands before one (other walls raise Walled). `notes` are sentences for the
    user; `offers` are addresses that the page offers of itself; `pages` are the offsets of a PDF's pages; `max_age` is for
    how many seconds the site says that its reply is good, None if it does not. `from_data` says that the text is what the data in
    a shell's markup says; `whole` is False where the site broke off before the page's end, so that this text is soon to be got anew.
    """

    page: Page
    markdown: str = ""
    kind: str = ""
    format: str = "html"
    canonical: str = ""
    receipt: Mapping[str, Any] = field(default_factory=dict)
    wall: str = ""
    notes: tuple[str, ...] = ()
    validators: Validators = Validators()
    offers: Mapping[str, str] = field(default_factory=dict)
    pages: tuple[int, ...] = ()
    max_age: float | None = None
    from_data: bool = False
    whole: bool = True


@dataclass(frozen=True)
class Passage:
    """A span of a page's text (`page.text[start:end] == text`), with the headings above it."""

    page_sha256: str
    start: int
    end: int
    text: str
    headings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Citation:
    """From a claim to a span of a kept page. `n` is the source's number in the answer."""

    n: int
    url: str
    title: str
    page_sha256: str
    start: int
    end: int
    quote: str
    site: str = ""
    date: str = ""


@dataclass(frozen=True)
class Claim:
    """One sentence of an answer. `support` is one of SUPPORT.

    `text` is without citation marks. `unknown` holds marks the writer made that name no passage (shown, never passed on).
    `reason` says in a few words why it has that state ("" where there is nothing to say); `checked_by` is "" until it
    was checked, then "words" (it is a quote itself), "code", or the model's name.
    """

    text: str
    support: str = "unchecked"
    citations: tuple[Citation, ...] = ()
    unknown: tuple[str, ...] = ()
    reason: str = ""
    checked_by: str = ""


@dataclass(frozen=True)
class SubQuestion:
    """One item of a plan. `id` is its own for the run's life ("q1"): no edit gives it to another.

    `done_when` says what an answer must hold, `where` the kinds of source to look in (both may be ""); `chosen_by` is
    "agent" or "user".
    """

    id: str
    text: str
    done_when: str = ""
    where: str = ""
    chosen_by: str = "agent"


@dataclass(frozen=True)
class AskBack:
    """A question to the human. `default` is what the run takes if nothing is said; `answer` is what was said, "" if nothing."""

    id: str
    text: str
    default: str
    answer: str = ""


@dataclass(frozen=True)
class Plan:
    """What a run works on, in this order. `questions` are at most three."""

    items: tuple[SubQuestion, ...]
    assumptions: tuple[str, ...] = ()
    questions: tuple[AskBack, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Plan:
        return cls(tuple(SubQuestion(**item) for item in data["items"]), tuple(data.get("assumptions", ())),
                   tuple(AskBack(**one) for one in data.get("questions", ())))


@dataclass(frozen=True)
class RoleUse:
    """What one model did in one role. Tokens as the endpoint counts them; `money` in dollars, 0 where no price is set."""

    role: str
    model: str
    calls: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    money: float = 0.0


@dataclass(frozen=True)
class Dispute:
    """Where pages contradict each other: what about, and a quote or more of each side."""

    about: str
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True)
class Source:
    """A page as an answer lists it, numbered from 1."""

    n: int
    url: str
    title: str
    rung: str
    fetched_at: str
    sha256: str
    site: str = ""
    date: str = ""


@dataclass(frozen=True)
class Answer:
    """What a run ends with.

    `mode` is "model" or "extractive"; `answer` is Markdown with [n] marks, n a source's number; `not_found` says in
    plain sentences what the pages do not answer; `limits` and `used` share their keys with Budget; `stopped_by` is
    "done", "nothing found", "user" (stopped), "finish" (the human had it written early) or the name of the limit that was
    reached; `model` is who wrote it ("" for none).
    `basis` says, where nothing was searched, that it was made from given pages alone ("" otherwise).
    `plan` is what was worked on (None where a run needs none), `roles` who did what at which cost, `left_open` the
    sub-questions that a limit or the user ended before they were done.
    """

    question: str
    depth: str
    mode: str
    answer: str
    claims: tuple[Claim, ...] = ()
    sources: tuple[Source, ...] = ()
    not_found: tuple[str, ...] = ()
    limits: dict[str, float] = field(default_factory=dict)
    used: dict[str, float] = field(default_factory=dict)
    stopped_by: str = "done"
    seconds: float = 0.0
    model: str = ""
    plan: Plan | None = None
    roles: tuple[RoleUse, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    left_open: tuple[str, ...] = ()
    basis: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def for_programs(self) -> dict[str, Any]:
        """As JSON for one who may read `answer` alone: what it lacks stands first in it, where it does not say so itself."""
        lacking = [sentence for sentence in self.not_found if sentence not in self.answer]
        return {**self.to_json(), "answer": "\n\n".join([*lacking, self.answer])}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Answer:
        claims = tuple(claim_from_json(claim) for claim in data.get("claims", ()))
        sources = tuple(Source(**source) for source in data.get("sources", ()))
        later = {"plan": Plan.from_json(data["plan"]) if data.get("plan") else None,
                 "roles": tuple(RoleUse(**role) for role in data.get("roles", ())),
                 "disputes": tuple(dispute_from_json(one) for one in data.get("disputes", ())),
                 "left_open": tuple(data.get("left_open", ()))}
        return cls(**{**data, "claims": claims, "sources": sources, "not_found": tuple(data.get("not_found", ())), **later})


def claim_from_json(data: dict[str, Any]) -> Claim:
    return Claim(data["text"], data.get("support", "unchecked"), citations_from_json(data.get("citations", ())),
                 tuple(data.get("unknown", ())), data.get("reason", ""), data.get("checked_by", ""))


def dispute_from_json(data: dict[str, Any]) -> Dispute:
    return Dispute(data["about"], citations_from_json(data.get("citations", ())))


def citations_from_json(rows: Iterable[dict[str, Any]]) -> tuple[Citation, ...]:
    return tuple(Citation(**row) for row in rows)


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
