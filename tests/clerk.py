"""A model's stand-in that answers every prompt of a run by rule: a clerk, who follows the form and understands nothing.

It goes by the schema that is asked for, and by the ids and numbers that the prompt shows. Knows nothing of Leash's code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes import Says

ID = re.compile(r"^\[(p\d+)\]", re.MULTILINE)
NUMBER = re.compile(r"^(\d+)\. ", re.MULTILINE)


@dataclass
class Clerk:
    """Answers by `replies` (the schema's first property, or "text") where there is one, else by its own rule.

    `parts` is how many sub-questions it plans, `rounds` how many rounds a lane goes before nothing is missing, `keep` and `open`
    how many it takes. `first` and `pause` are seconds, as of Says.
    """

    parts: int = 2
    rounds: int = 1
    keep: int = 3
    open: int = 3
    first: float = 0.0
    pause: float = 0.0
    replies: Mapping[str, Callable[[str], str]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, body: dict[str, Any]) -> Says:
        kind, said = kind_of(body), "\n".join(message["content"] for message in body["messages"][1:])
        self.asked.append((kind, said))
        text = self.replies[kind](said) if kind in self.replies else getattr(self, kind)(said)
        return Says(text, first=self.first, pause=self.pause, piece=400)

    def items(self, said: str) -> str:
        question = re.search(r"Question: (.+)", said)[1]
        rows = [{"text": f"{question} Part {n}?", "done_when": f"part {n} is known", "where": "the manual",
                 "searches": [f"{question} part {n}"]} for n in range(1, self.parts + 1)]
        return json.dumps({"items": rows, "assumptions": ["The newest version is meant."],
                           "questions": [{"text": "Which version?", "default": "The newest."}]})

    def open_(self, said: str) -> str:
        return json.dumps({"open": [{"n": int(n), "why": "it is near the top"} for n in NUMBER.findall(said)[:self.open]]})

    def keep_(self, said: str) -> str:
        fresh = said.partition("New passages:")[2]
        done = len(re.findall(r"Searched for already: (.*)", said)[0].split("; ")) >= self.rounds
        searches = [] if done else [f"{re.search('The sub-question: (.+)', said)[1]} more {len(said)}"]
        return json.dumps({"keep": [{"id": one, "why": "it tells something"} for one in ID.findall(fresh)[:self.keep]],
                           "missing": [] if done else ["something more"], "searches": searches})

    def sections(self, said: str) -> str:
        idents = ID.findall(said)
        halves = [idents[:len(idents) // 2], idents[len(idents) // 2:]]
        return json.dumps({"sections": [{"title": f"Section {n}", "answers": "a part", "form": "prose", "passages": half}
                                        for n, half in enumerate(halves, 1)]})

    def summary(self, said: str) -> str:
        return json.dumps({"answered": [], "summary": [{"text": "This is the summary.", "from": [1]}], "drop": [], "rewrite": []})

    def verdicts(self, said: str) -> str:
        numbers = re.findall(r"^Number (\d+)$", said, re.MULTILINE) or ["1"]
        return json.dumps({"verdicts": [{"number": int(n), "why": "its words are there", "verdict": "supported"}
                                        for n in dict.fromkeys(numbers)]})

    def questions(self, said: str) -> str:
        """A brief: its passages' first words, and a question a passage that repeats them."""
        blocks = re.findall(r"^\[(p\d+)\][^\n]*\n<<<\n(.*?)\n>>>", said, re.MULTILINE | re.DOTALL)
        rows = [(one, " ".join(words.split()[:10])) for one, words in blocks[:5]]
        return json.dumps({"questions": [{"text": f"What is said of “{words}”?", "from": one, "answer": words} for one, words in rows],
                           "summary": [{"text": f"It is said that {words}.", "from": one} for one, words in rows[:3]]})

    def answers(self, said: str) -> str:
        numbers = re.findall(r"^Number (\d+)$", said, re.MULTILINE)
        return json.dumps({"answers": [{"number": int(n), "why": "its words are there", "answered": "yes"} for n in numbers]})

    def sentences(self, said: str) -> str:
        return json.dumps({"sentences": []})

    def text(self, said: str) -> str:
        """A sentence a passage: its first words, with its mark."""
        blocks = re.findall(r"^\[(p\d+)\][^\n]*\n<<<\n(.*?)\n>>>", said, re.MULTILINE | re.DOTALL)
        return "\n\n".join(f"It is said that {' '.join(words.split()[:12])} [{one}]." for one, words in blocks[:8]) or "Nothing is known."


def kind_of(body: dict[str, Any]) -> str:
    """The first property of the schema that is asked for, as a method's name here; "text" without one."""
    schema = ((body.get("response_format") or {}).get("json_schema") or {}).get("schema") or {}
    name = next(iter(schema.get("properties", {})), "text")
    return {"open": "open_", "keep": "keep_"}.get(name, name)
