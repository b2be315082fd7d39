"""The human's wishes in plain words: as a run's page lists them, and as its forms bring them. Knows no request and no template."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from agent.budget import LIMITS
from agent.errors import BadInput
from agent.records import Plan
from agent.steer import ABOUT, Wish
from server import phrases
from server.lanes import site_of
from server.story import Story

ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
DIGITS = 15
MOVES = {"up": -1, "down": 1}
LISTED = ("words", "pin", "drop", "block", "skip", "dig", "raise", "plan")  # the others are seen in what the run does


@dataclass(frozen=True)
class WishRow:
    """A wish as its page lists it. `heeded` once the run has said that it is in effect; `fate` is that, in a word."""

    seq: int
    kind: str
    words: str
    heeded: bool
    fate: str


def rows_of(wishes: Iterable[Wish], story: Story, has_model: bool = True) -> list[WishRow]:
    """The last first. Words that no model is there to understand are never in effect, whatever the run heard of them."""
    rows = [row_of(wish, story, has_model) for wish in wishes if wish.kind in LISTED]
    return rows[::-1]


def row_of(wish: Wish, story: Story, has_model: bool) -> WishRow:
    heard = wish.seq in story.steered
    lost = heard and wish.kind == "words" and not has_model
    fate = "no model works on this run to understand it" if lost else "in effect" if heard else "heard"
    return WishRow(wish.seq, wish.kind, words_of(wish, story), heard and not lost, fate)


def words_of(wish: Wish, story: Story) -> str:
    data = wish.data
    if wish.kind in ("skip", "dig"):
        lane = story.lanes.get(data["lane"])
        return f"{'Skip' if wish.kind == 'skip' else 'Dig deeper into'} “{lane.text if lane else data['lane']}”"
    if wish.kind in ("pin", "drop"):
        row = story.rows.get(data["url"])
        what = row.title if row and row.title else data["url"]
        return f"Read and use “{what}”" if wish.kind == "pin" else f"Leave out “{what}”"
    if wish.kind == "raise":
        told = (f"{phrases.LIMITS[name]} {phrases.amount(name, value)}" for name, value in data["limits"].items())
        return f"Limits: {', '.join(told)}"
    if wish.kind == "block":
        return f"Nothing from {data['domain']}"
    return f"“{data['text']}”" if wish.kind == "words" else "The plan was changed"


def steer_wish(kind: str, about: str) -> tuple[str, dict[str, str]]:
    """A wish as a form brings it: a kind and what it is about. An address typed as words is a page to read."""
    about = about.strip()
    if kind == "words" and ADDRESS.fullmatch(about):
        kind = "pin"
    if kind == "block" and ADDRESS.fullmatch(about):
        about = site_of(about)
    field = ABOUT.get(kind)
    return kind, {field: about} if field else {}


def plan_from(form: Any, plan: Plan) -> dict[str, Any] | None:
    """The plan as the form has it, None if that is the plan as it is. Rows without a text are nothing, those marked are left out."""
    names = ("key", "text", "done_when", "where")
    columns = [form.getlist(name) for name in names]
    gone, known = set(form.getlist("drop")), {item.id for item in plan.items}
    rows = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=False)]
    rows = moved([row for row in rows if row["text"].strip() and row["key"] not in gone], form.get("move", ""))
    items = [item_from(row, known) for row in rows]
    given = {one.id: form.get(f"answer-{one.id}", "").strip() for one in plan.questions}
    answers = {one.id: given[one.id] for one in plan.questions if given[one.id] not in ("", one.default, one.answer)}
    same = items == [item_from({"key": one.id, **vars(one)}, known) for one in plan.items]
    return None if same and not answers else {"items": items, **({"answers": answers} if answers else {})}


def item_from(row: Mapping[str, str], known: set[str]) -> dict[str, str]:
    own = {"id": row["key"]} if row["key"] in known else {}
    return {**own, **{name: " ".join(row[name].split()) for name in ("text", "done_when", "where") if row[name].strip()}}


def moved(rows: list[dict[str, str]], move: str) -> list[dict[str, str]]:
    """The rows with one of them a place up or down, as `up:q2` says; as they are if that cannot be."""
    way, _, key = move.partition(":")
    here = next((place for place, row in enumerate(rows) if row["key"] == key), None)
    there = None if here is None or way not in MOVES else here + MOVES[way]
    if there is not None and 0 <= there < len(rows):
        rows[here], rows[there] = rows[there], rows[here]
    return rows


def limits_from(form: Any, shown: Mapping[str, float], prefix: str = "") -> dict[str, float]:
    """The limits that a form changes. Fields are named as the limits, but that time may come in minutes. Raises BadInput."""
    given = {name: form.get(f"{prefix}{name}") for name in LIMITS}
    found = {name: number_in(name, text) for name, text in given.items() if text is not None and text.strip()}
    minutes = form.get(f"{prefix}minutes")
    if minutes and minutes.strip():
        found["seconds"] = round(60 * number_in("money", minutes, "minutes"))
    return {name: value for name, value in found.items() if value != shown.get(name)}


def number_in(name: str, text: str, word: str = "") -> float:
    text = text.strip()
    with suppress(ValueError):
        number = float(text) if name == "money" and not text.isdecimal() else int(text[:DIGITS])
        if len(text) <= DIGITS and math.isfinite(number):
            return number
    raise BadInput(f"The limit of {word or phrases.LIMITS[name]} is a number; “{text[:DIGITS]}” is not.")


def fields_of(limits: Mapping[str, float], most: Mapping[str, float], names: Sequence[str] = LIMITS) -> list[dict[str, Any]]:
    """A number field for each limit: name, word, value, least and most that it takes. Two minutes and more are told in minutes."""
    return [field_of(name, limits[name], most.get(name, limits[name])) for name in names if name in limits]


def field_of(name: str, value: float, most: float) -> dict[str, Any]:
    if name == "seconds" and value >= 2 * phrases.MINUTE:
        return {"name": "minutes", "word": "minutes", "value": f"{value / 60:g}", "most": f"{most / 60:g}", "step": "any", "least": "0.5"}
    step = "any" if name == "money" else "1"
    least = {"seconds": "10", "model_calls": "0", "tokens": "0", "money": "0"}.get(name, "1")
    return {"name": name, "word": phrases.LIMITS[name], "value": f"{value:g}" if name == "money" else f"{int(value)}",
            "most": f"{most:g}" if name == "money" else f"{int(most)}", "step": step, "least": least}
