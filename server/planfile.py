"""A plan as lines of text that a person may edit, and what the edited lines wish for. Knows neither a terminal nor a run."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from agent.records import Plan, SubQuestion

HEAD = """# The plan. Change, move, add or delete lines; a line that is new becomes a sub-question of its own.
# What is indented belongs to the line above it and may be left out. Lines that begin with # are not read.
"""
ASKED = "\n# Questions to you: change what stands after the =.\n"
NAMED = re.compile(r"^\s*\[([qa]\d{1,4})\]\s*(.*)$")
DETAIL = re.compile(r"^\s+(done when|where)\s*:\s*(.*)$", re.IGNORECASE)
ANSWER = re.compile(r"^\s*=\s*(.*)$")
Ask = Callable[[str], str]


def text_of(plan: Plan) -> str:
    """The plan as `wish_from` reads it."""
    asked = [f"[{one.id}] {one.text}\n    = {one.answer or one.default}\n" for one in plan.questions]
    return HEAD + "\n".join(map(item_text, plan.items)) + "\n" + (ASKED + "".join(asked) if asked else "")


def item_text(item: SubQuestion) -> str:
    details = (("done when", item.done_when), ("where", item.where))
    return "\n".join([f"[{item.id}] {item.text}", *(f"    {name}: {words}" for name, words in details if words)])


def wish_from(text: str, plan: Plan) -> dict[str, Any]:
    """The data of a "plan" wish. Of what is indented, the first of its kind belongs to its line; the rest is left from lines deleted."""
    items: list[dict[str, str]] = []
    answers: dict[str, str] = {}
    about = ""
    for line in (line.rstrip() for line in text.splitlines()):
        if not line or line.startswith("#"):
            continue
        named = NAMED.match(line)
        about = named[1] if named else about if line[0].isspace() or ANSWER.match(line) else "new"
        if about.startswith("a"):
            answers |= {about: found[1]} if (found := ANSWER.match(line)) else {}
        elif detail := DETAIL.match(line):
            (items or [{}])[-1].setdefault(detail[1].lower().replace(" ", "_"), detail[2])
        elif line[0].isspace() and not named and items:
            items[-1]["text"] += f" {line.strip()}"
        else:
            items.append({"id": named[1], "text": named[2]} if named else {"text": line.strip("-* ")})
    defaults = {one.id: one.default for one in plan.questions}
    return {"items": items, "answers": {name: said for name, said in answers.items() if name in defaults and said != defaults[name]}}


def by_lines(plan: Plan, ask: Ask) -> dict[str, Any]:
    """The data of a "plan" wish, asked for line by line."""
    items = []
    for item in plan.items:
        said = ask(f"{item.text}\n  Enter = keep, - = drop, or other words: ")
        if said != "-":
            items.append({"id": item.id, "text": said or item.text, **details_of(item)})
    while said := ask("One more sub-question (Enter = none): "):
        items.append({"text": said})
    return {"items": items, "answers": {one.id: one.answer for one in plan.questions if one.answer}}


def details_of(item: SubQuestion) -> dict[str, str]:
    return {name: getattr(item, name) for name in ("done_when", "where") if getattr(item, name)}
