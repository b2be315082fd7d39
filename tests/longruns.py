"""What tests of whole runs with a plan share: a web of pages, a human who wishes something at a moment, and the events that come of it."""

from __future__ import annotations

from dataclasses import replace

from agent.budget import DEEP
from agent.engine import research
from agent.journal import MemoryEntries, MemoryShelf
from agent.steer import MemoryControl
from tests.clerk import Clerk
from tests.ports import Web, page

QUESTION = "What is the limit of the archive?"
QUICKLY = replace(DEEP, patience=0)


def numbered(n: int):
    """A page that says what no other says."""
    words = " ".join(f"Entry {n}x{k} of the archive has a limit of {n * k + 7} bytes." for k in range(12))
    return page(f"https://s{n}.org/a", f"# Archive {n}\n\nThe limit of archive {n} is {n * 7 + 3} entries. {words}", f"Archive {n}")


PAGES = [numbered(n) for n in range(24)]


class Human(MemoryControl):
    """Wishes something once an event of that kind (and lane) is told for the n-th time."""

    def __init__(self, *wishes, worked=0.0):
        super().__init__(worked)
        self.wishes_by, self.seen = list(wishes), []

    def hears(self, event):
        self.seen.append(event)
        for row in list(self.wishes_by):
            when, kind, data = row
            if when(event):
                self.wishes_by.remove(row)
                self.wish(kind, **data)


def once(kind, **has):
    return lambda event: isinstance(event, kind) and all(getattr(event, name) == value for name, value in has.items())


def events_of(tools, budget=QUICKLY, control=None, question=QUESTION):
    control, told = control or MemoryControl(), []
    for event in research(question, budget, tools, control):
        told.append(event)
        if isinstance(control, Human):
            control.hears(event)
    return told


def the(kind, events):
    return [event for event in events if isinstance(event, kind)]


def reads(web):
    return [call for call in web.calls if call.startswith("read ")]


def searches(web):
    return [call for call in web.calls if call.startswith("search ")]


def twice(calls):
    return sorted({call for call in calls if calls.count(call) > 1})


MOMENTS = {"planning": "items", "choosing": "open_", "noting": "keep_", "outlining": "sections", "writing": "text",
           "reading over": "summary", "checking": "verdicts"}


def world():
    return Web(*PAGES), Clerk(parts=2, rounds=2, keep=5), MemoryEntries(), MemoryShelf()
