"""`leash ask` for a depth that plans: shows limits and plan, hears the human's word and Ctrl-C, and follows the run to its answer.

Progress and questions go to standard error, the answer to standard output. Knows how a person types; what is shown is in
server.terminal, how a plan becomes text in server.planfile.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

import click

from agent.budget import Budget
from agent.engine import research
from agent.errors import BadInput
from agent.events import Answered, Event, Failed, Planned, Waiting
from agent.plan import edited
from agent.records import Plan
from agent.settings import load_settings
from agent.steer import MemoryControl, Wish, checked_wish
from agent.tools import Tools
from server.ask import ANSWERED, FAULT, NOTHING_FOUND, QUIT, Wanted, clean, show_json, summary
from server.dial import Dial, checked_patience, price_of
from server.planfile import by_lines, text_of, wish_from
from server.terminal import Teller, answer_lines, limit_lines, plan_lines, role_lines, waiting_lines

PRESSES = ("finish", "stop")
SAID = (b"\nFinishing now: no more searching, the answer is written from what is there. Ctrl-C again: stop and keep.\n",
        b"\nStopping: what is there is kept, no model is asked any more. Ctrl-C again: quit without an answer.\n")
WORD = "Enter = go on, e = edit the plan in your editor, l = line by line, q = quit: "
YES, QUITS, EDITS = ("", "y", "yes"), ("q", "quit"), ("e", "edit", "l")


def before_the_start(budget: Budget, wanted: Wanted) -> Budget:
    """The depth's limits as they were asked for, within this machine's own; said, with an estimate. Raises BadInput."""
    settings = load_settings()
    dial = Dial(settings.most, price_of(settings))
    changed = dial.row(budget.depth).changed(dict(map(pair, wanted.limits)), dial.most)
    changed = replace(changed, patience=checked_patience(wanted.patience, changed))
    may_write = not wanted.no_model and bool(settings.endpoints or settings.find_models)
    tell(limit_lines(changed, dial.estimate(changed, may_write), may_write))
    return changed


def pair(given: str) -> tuple[str, float | str]:
    name, equals, value = given.partition("=")
    if not equals:
        raise BadInput(f"“{given[:60]}” is no limit. One looks like pages=60.")
    for kind in (int, float):
        try:
            return name.strip(), kind(value)
        except ValueError:
            continue
    return name.strip(), value


class TerminalControl(MemoryControl):
    """Wishes of a terminal. A signal may come while the lock is held, so Ctrl-C only counts here and is a wish when it is asked for."""

    presses = 0

    def wishes(self) -> list[Wish]:
        kept = super().wishes()
        return [*kept, *(Wish(len(kept) + n, kind, {}) for n, kind in enumerate(PRESSES[:self.presses], 1))]


@dataclass
class Typist:
    """A person at the terminal; each answer within a time, on a terminal alone."""

    until: float = float("inf")
    typed: bytes = b""

    def line(self, prompt: str) -> str:
        """What is typed. Raises TimeoutError when the time is up, EOFError at the end of the input."""
        click.echo(clean(prompt), err=True, nl=False)
        while b"\n" not in self.typed:
            patience = None if self.until == float("inf") else max(0.0, self.until - time.time())
            if not select.select([sys.stdin], [], [], patience)[0]:
                click.echo(err=True)
                raise TimeoutError
            piece = os.read(sys.stdin.fileno(), 4096)
            if not piece:
                raise EOFError
            self.typed += piece
        line, _, self.typed = self.typed.partition(b"\n")
        return line.decode("utf-8", "replace").strip()


@dataclass
class Sitting:
    """One run, from its limits to its answer, over as many calls of the engine as the human's word takes."""

    wanted: Wanted
    question: str
    budget: Budget
    tools: Tools
    control: TerminalControl = field(default_factory=TerminalControl)
    teller: Teller = field(default_factory=Teller)
    plan: Plan | None = None
    planned: Planned | None = None
    asking: bool = False

    def run(self) -> int:
        if self.budget.approves and not self.wanted.plan_only and self.alone():
            self.control.wish("approve")
        with ctrl_c(self.press):
            while isinstance(last := self.follow(), Waiting):
                if not self.word(last):
                    tell(["You ended the run before it began. Nothing is kept."])
                    return QUIT
                self.teller.again()
            return self.end(last)

    def alone(self) -> bool:
        """Whether nobody is to be asked; said where that is not the user's own word."""
        here = sys.stdin is not None and sys.stdin.isatty()
        if not here and not self.wanted.yes:
            tell(["Standard input is no terminal, so the plan runs as it is, with the defaults (as with --yes)."])
        return self.wanted.yes or not here

    def press(self, *_: object) -> None:
        """Ctrl-C: finish, then stop, then quit; at a question it quits at once. Says it by itself: this is a signal's handler."""
        if self.asking or self.control.presses == len(PRESSES):
            raise KeyboardInterrupt
        self.control.presses += 1  # first: the next press may come while this one is told
        os.write(2, SAID[self.control.presses - 1])

    def follow(self) -> Event | None:
        """The last event of one call of the engine, or the plan where that is all that is wanted."""
        began, last = time.monotonic(), None
        events = research(self.question, self.budget, self.tools, self.control)
        try:
            for last in events:
                if isinstance(last, Planned):
                    self.plan, self.planned = last.plan, last
                    if self.wanted.plan_only:
                        break
                tell(self.teller.lines(last))
            return last
        finally:
            events.close()
            self.control.worked += time.monotonic() - began

    def end(self, last: Event | None) -> int:
        if isinstance(last, Planned):
            self.show_plan(last)
            return ANSWERED
        if isinstance(last, Failed):
            tell([last.message, last.advice])
            return NOTHING_FOUND
        if not isinstance(last, Answered):
            return FAULT
        if self.wanted.as_json:
            show_json(last.answer)
        else:
            for line in answer_lines(last.answer, min(100, shutil.get_terminal_size().columns)):
                click.echo(clean(line))
        tell(["", summary(last.answer), *role_lines(last.answer)])
        return ANSWERED if last.answer.claims else NOTHING_FOUND

    def show_plan(self, planned: Planned) -> None:
        if self.wanted.as_json:
            about = {"question": self.question, "depth": self.budget.depth, "limits": self.budget.limits(), "by": planned.by}
            click.echo(json.dumps({**about, **planned.plan.to_json()}, ensure_ascii=False))
        else:
            click.echo("\n".join(map(clean, plan_lines(planned.plan))))

    # ---------------------------------------------------------------- the human's word on the plan

    def word(self, waiting: Waiting) -> bool:
        """Whether to go on. What was said by then is wished for; when the time is up the engine goes on by itself."""
        self.asking = True
        typist = Typist(datetime.fromisoformat(waiting.until).timestamp() + 1 if waiting.until else float("inf"))
        tell(waiting_lines(waiting.until))
        wish: dict[str, Any] = {}
        try:
            wish |= self.answers(typist)
            while (said := typist.line(WORD).lower()) not in YES + QUITS:
                wish |= self.edited(said, typist, wish) if said in EDITS else {}
        except TimeoutError:
            said = "late"
        except EOFError:
            said = "quit"
        finally:
            self.asking = False
        if wish:
            self.control.wish("plan", **wish)
        if said in YES:
            self.control.wish("approve")
        return said not in QUITS

    def answers(self, typist: Typist) -> dict[str, Any]:
        """What the human says to the plan's questions, as a plan wish; {} if nothing."""
        said = {one.id: typist.line(f"{one.text}\n  Enter = {one.default}: ") for one in self.plan.questions}
        given = {name: words for name, words in said.items() if words}
        return checked_wish("plan", {"items": rows(self.plan), "answers": given}, {}) if given else {}

    def edited(self, how: str, typist: Typist, wish: Mapping[str, Any]) -> dict[str, Any]:
        """The plan as the human edits it, in an editor or line by line, as a plan wish; {} if it stays as it was."""
        plan = edited(self.plan, [Wish(1, "plan", dict(wish))]) if wish else self.plan
        try:
            if how == "l":
                data = by_lines(plan, typist.line)
            else:
                text = click.edit(text_of(plan), extension=".txt")
                data = {} if text is None else wish_from(text, plan)
            data = checked_wish("plan", data, {}) if data else {}
        except (BadInput, click.ClickException) as error:
            tell([f"{error} The plan stays as it was."])
            return {}
        if data:
            tell(["The plan now:", *plan_lines(edited(plan, [Wish(1, "plan", data)]))])
        return data


def rows(plan: Plan) -> list[dict[str, str]]:
    return [{name: value for name, value in asdict(item).items() if name != "chosen_by" and value} for item in plan.items]


def tell(lines: Sequence[str] | Iterator[str]) -> None:
    for line in lines:
        click.echo(clean(line), err=True)


@contextmanager
def ctrl_c(press: Callable[..., None]) -> Iterator[None]:
    before = signal.signal(signal.SIGINT, press)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

