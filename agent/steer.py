"""The human's end of the leash: wishes for a run, in order, and what they come to.

A wish is kept before it is heeded, so a killed run heeds it again when it starts anew. Knows nothing of how a wish
arrives: `Control` is the port, `MemoryControl` its in-memory twin; the service keeps wishes in its database.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from agent.budget import limit
from agent.errors import BadInput
from agent.search.merge import page_key

KINDS = ("approve", "plan", "words", "pin", "drop", "block", "skip", "dig", "pause", "resume", "finish", "stop", "raise")
ABOUT = {"words": "text", "pin": "url", "drop": "url", "block": "domain", "skip": "lane", "dig": "lane"}
FIELDS = {"plan": ("items", "answers", "assumptions", "questions"), "raise": ("limits",)}  # a plan may be sent as it was shown
OF_ITEM = ("id", "text", "done_when", "where", "chosen_by")
MOST_WORDS = 1000  # characters
MOST_ITEMS = 20  # of a plan


@dataclass(frozen=True)
class Wish:
    """What the human wants of a run, the `seq`-th from 1. `data` by kind:

    approve {} · plan {"items": [{"id"?, "text", "done_when"?, "where"?}], "answers"?: {question id: text}} · words {"text"} ·
    pin, drop {"url"} · block {"domain"} · skip, dig {"lane"} · pause, resume, finish, stop {} · raise {"limits": {…}}.

    In a plan an item without an id is new; those that are left out are dropped; what else a plan shows of itself may stand there
    and changes nothing. `finish` ends the search and writes; `stop` writes at once from what is there, asking no model any more.
    """

    seq: int
    kind: str
    data: dict[str, Any]


class Control(Protocol):
    """One run's wishes. Asked often, from many threads: an answer may be half a second old."""

    worked: float  # seconds that earlier sittings of this run took

    def wishes(self) -> list[Wish]:
        """All so far, in order."""
        ...


class MemoryControl:
    """Wishes of one process."""

    def __init__(self, worked: float = 0.0) -> None:
        self.worked, self._wishes, self._lock = worked, [], threading.Lock()

    def wish(self, kind: str, **data: Any) -> None:
        with self._lock:
            self._wishes.append(Wish(len(self._wishes) + 1, kind, data))

    def wishes(self) -> list[Wish]:
        with self._lock:
            return list(self._wishes)


@dataclass(frozen=True)
class Steering:
    """What all wishes together come to. `plan` is the latest plan wish's data, None if there is none."""

    plan: Mapping[str, Any] | None = None
    approved: bool = False
    words: tuple[str, ...] = ()
    pinned: tuple[str, ...] = ()
    dropped: frozenset[str] = frozenset()
    blocked: frozenset[str] = frozenset()
    skipped: frozenset[str] = frozenset()
    dug: tuple[str, ...] = ()
    paused: bool = False
    finish: bool = False
    stop: bool = False
    limits: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, wishes: Iterable[Wish]) -> Steering:
        now: dict[str, Any] = {"words": (), "pinned": (), "dropped": set(), "blocked": set(), "skipped": set(), "dug": (), "limits": {}}
        for wish in wishes:
            heed(now, wish.kind, wish.data)
        frozen = {name: frozenset(value) if isinstance(value, set) else value for name, value in now.items()}
        return cls(**frozen)


def heed(now: dict[str, Any], kind: str, data: Mapping[str, Any]) -> None:
    """One more wish. What is contradicted later gives way: a page that is pinned after it was dropped is wanted."""
    if kind in FLAGS:
        name, value = FLAGS[kind]
        now[name] = value
        now["paused"] = now.get("paused", False) and kind not in ("finish", "stop")
    elif kind == "plan":
        now["plan"] = data
    elif kind == "raise":
        now["limits"] |= data["limits"]
    else:
        heed_one(now, kind, next(iter(data.values())))


FLAGS = {"approve": ("approved", True), "finish": ("finish", True), "stop": ("stop", True),
         "pause": ("paused", True), "resume": ("paused", False)}


def heed_one(now: dict[str, Any], kind: str, what: str) -> None:
    """A wish about one thing: words, a page, a domain or a lane."""
    listed = {"words": "words", "pin": "pinned", "dig": "dug"}.get(kind)
    if listed:
        now[listed] += (what,)
    else:
        now[{"drop": "dropped", "block": "blocked", "skip": "skipped"}[kind]].add(what)
    if kind == "pin":
        now["dropped"] = {url for url in now["dropped"] if page_key(url) != page_key(what)}
    if kind == "dig":
        now["skipped"] -= {what}
    if kind in ("drop", "block"):
        gone = is_of if kind == "block" else is_same
        now["pinned"] = tuple(url for url in now["pinned"] if not gone(url, what))


def is_same(url: str, other: str) -> bool:
    return page_key(url) == page_key(other)


def is_of(url: str, domain: str) -> bool:
    return f".{host_of(url)}".endswith(f".{domain}")


def checked_wish(kind: Any, data: Any, most: Mapping[str, float]) -> dict[str, Any]:
    """A wish's data as it may be kept. Raises BadInput with one sentence for what cannot be a wish."""
    if kind not in KINDS:
        raise BadInput(f"There is no wish “{str(kind)[:40]}”. A wish is one of: {', '.join(KINDS)}.")
    if not isinstance(data, dict):
        raise BadInput("A wish's details are a JSON object.")
    wanted = ABOUT.get(kind)
    only(data, FIELDS.get(kind, (wanted,) if wanted else ()), "A plan" if kind == "plan" else f"The wish “{kind}”")
    if wanted:
        return {wanted: {"url": checked_url, "domain": checked_domain}.get(wanted, str)(checked_text(data, wanted))}
    if kind == "plan":
        return checked_plan(data)
    if kind == "raise":
        given = data.get("limits")
        if not isinstance(given, dict) or not given:
            raise BadInput('Say which limits: {"limits": {"pages": 60}}.')
        return {"limits": {name: limit(name, value, most.get(name, 0)) for name, value in given.items()}}
    return {}


def only(data: Mapping[str, Any], names: Sequence[str], what: str) -> None:
    """Raises BadInput for a field that nothing would come of: it may be a known one mistyped."""
    for name in data:
        if name not in names:
            can = f"only {', '.join(names)}" if names else "none"
            raise BadInput(f"{what} has no field “{str(name)[:40]}”; it takes {can}.")


def checked_url(given: str) -> str:
    if host_of(given) and given.startswith(("https://", "http://")):
        return given
    raise BadInput(f"“{given[:80]}” is no web address. One looks like https://example.org/page.")


def checked_domain(given: str) -> str:
    """As it is compared with hosts: of an address its host, without the usual first name."""
    host = host_of(given if "//" in given else f"//{given}").removeprefix("www.")
    if "." not in host or not host.replace(".", "").replace("-", "").isalnum():
        raise BadInput(f"“{given[:80]}” is no domain. One looks like example.org.")
    return host


def host_of(address: str) -> str:
    """In small letters, "" for what has none."""
    try:
        return "" if " " in address else (urlsplit(address).hostname or "").rstrip(".")
    except ValueError:
        return ""


def checked_text(data: Mapping[str, Any], name: str, most: int = MOST_WORDS, needed: bool = True) -> str:
    value = data.get(name, "")
    if not isinstance(value, str) or (needed and not value.strip()):
        raise BadInput(f"“{name}” is missing: it is a text.")
    if len(value) > most:
        raise BadInput(f"“{name}” has {len(value):,} characters, and at most {most:,} can be used.")
    return " ".join(value.split())


def checked_plan(data: Mapping[str, Any]) -> dict[str, Any]:
    items, answers = data.get("items"), data.get("answers", {})
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise BadInput('A plan is {"items": [{"text": "…"}]}, each item a sub-question.')
    if not items:
        raise BadInput("A plan needs at least one sub-question. To end the run instead, stop it.")
    if len(items) > MOST_ITEMS:
        raise BadInput(f"A plan has at most {MOST_ITEMS} sub-questions; this one has {len(items)}.")
    for item in items:
        only(item, OF_ITEM, "A sub-question of a plan")
    if not isinstance(answers, dict):
        raise BadInput("“answers” is an object: the id of each question and what you answer.")
    rows = [{"text": checked_text(item, "text"), **optional(item)} for item in items]
    idents = [row["id"] for row in rows if "id" in row]
    if len(idents) != len(set(idents)):
        raise BadInput("Two sub-questions of the plan carry the same id.")
    return {"items": rows, "answers": {str(name)[:20]: checked_text(answers, name, needed=False) for name in answers}}


def optional(item: Mapping[str, Any]) -> dict[str, str]:
    kept = {name: checked_text(item, name, needed=False) for name in ("done_when", "where") if item.get(name)}
    return {"id": checked_text(item, "id", 20), **kept} if item.get("id") else kept
