"""`leash ask`: the engine in this process, without Redis or the server. Progress on standard error, the answer on standard output."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from agent.budget import Budget
    from agent.events import Event
    from agent.journal import Shelf
    from agent.records import Answer, Claim, Page
    from agent.search.library import Library
    from agent.settings import Settings
    from agent.tools import Tools

ANSWERED, FAULT, BAD_INPUT, NOTHING_FOUND, QUIT = 0, 1, 2, 3, 130


@dataclass(frozen=True)
class Wanted:
    """What was typed after `leash ask`. `limits` are as typed (pages=60), `patience` is in seconds, None for the depth's own."""

    question: str
    depth: str = "quick"
    limits: tuple[str, ...] = ()
    patience: int | None = None
    plan_only: bool = False
    yes: bool = False
    no_model: bool = False
    as_json: bool = False


@click.command("ask", short_help="Answer QUESTION from the web, every citation a quote.")
@click.argument("question")
@click.option("--depth", default="quick", show_default=True, help="How far Leash may go alone: quick, research or deep.")
@click.option("--limit", "limits", multiple=True, metavar="NAME=NUMBER", help="Another limit, such as pages=60; may be given again.")
@click.option("--plan-only", is_flag=True, help="Print the plan of research or deep research, and stop.")
@click.option("--yes", is_flag=True, help="Ask nothing: the plan runs as it is, its questions take their defaults.")
@click.option("--patience", type=int, metavar="SECONDS", help="How long the plan of deep research waits for your word.")
@click.option("--no-model", is_flag=True, help="Quote the best passages word for word instead of having a model write.")
@click.option("--json", "as_json", is_flag=True, help="Print, last, the answer (or the plan) as one JSON object.")
def command(**given: Any) -> None:
    """Ask QUESTION and print an answer whose every citation is a quote.

    Searches, reads and answers in this process; no server is needed. Deep research shows its plan and waits for your
    word. While research or deep research runs, Ctrl-C once finishes now, twice stops and keeps, three times quits.

    Exit code: 0 answered, 3 nothing found, 2 the question or a setting cannot be used, 1 a fault, 130 you quit.
    """
    leave(ask(Wanted(**given)))


def leave(code: int) -> None:
    """End the program. Lanes that were left in the middle of their work would make the C++ runtime abort an orderly end."""
    if any(thread.name.startswith(("lane", "read")) for thread in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def ask(wanted: Wanted) -> int:
    from agent.errors import BadInput, LeashError

    try:
        return begun(wanted)
    except BadInput as error:
        click.echo(str(error), err=True)
        return BAD_INPUT
    except LeashError as error:
        click.echo(str(error), err=True)
        return FAULT


def begun(wanted: Wanted) -> int:
    """The run in this process. Raises BadInput for what cannot be run."""
    from agent.budget import budget_for
    from agent.errors import BadInput
    from agent.question import checked

    question, budget = checked(wanted.question), budget_for(wanted.depth)
    if wanted.plan_only and not budget.plans:
        raise BadInput(f"{budget.title} has no plan to print. Use --depth research or --depth deep with --plan-only.")
    if budget.plans or wanted.limits:
        from server.sitting import before_the_start

        budget = before_the_start(budget, wanted)
    tools = opened(not wanted.no_model)
    try:
        return followed(wanted, question, budget, tools)
    except KeyboardInterrupt:
        click.echo("Stopped.", err=True)
        return QUIT
    finally:
        tools.close()


def followed(wanted: Wanted, question: str, budget: Budget, tools: Tools) -> int:
    if budget.plans:
        from server.sitting import Sitting

        return Sitting(wanted, question, budget, tools).run()
    from agent.engine import research

    return follow(research(question, budget, tools), wanted.as_json, tools.shelf)


def opened(model: bool) -> Tools:
    """The tools, the slowest begun first: the children import what makes text while this process imports the rest."""
    from agent.extract.child import text_children
    from agent.settings import load_settings

    settings = load_settings()
    children = text_children(settings)
    from agent.journal import Journal, MemoryEntries, MemoryShelf
    from agent.tools import open_tools

    tools = open_tools(settings, model, children)
    return replace(tools.with_journal(Journal(MemoryEntries()), MemoryShelf(library_of(settings))), closers=tools.closers)


def library_of(settings: Settings) -> Library | None:
    """What the service has read before, if it has a database here."""
    return LibraryHere(settings) if settings.database_url or (settings.data_dir / "leash.db").is_file() else None


class LibraryHere:
    """The service's library, opened in the background: what reads a database takes half a second to load."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.lock = settings, threading.Lock()
        threading.Thread(target=self.opened, daemon=True).start()

    @cached_property
    def found(self) -> Library | None:
        from server.store.library import open_library

        return open_library(self.settings)

    def opened(self) -> Library | None:
        with self.lock:
            return self.found

    def search(self, words: Sequence[str], count: int) -> list[Page]:
        library = self.opened()
        return library.search(words, count) if library else []

    def newest(self, url: str) -> Page | None:
        library = self.opened()
        return library.newest(url) if library else None


def follow(events: Any, as_json: bool, shelf: Shelf) -> int:
    from agent.events import Answered, Failed

    seen: list[Event] = []
    for event in events:
        seen.append(event)
        for line in told(event):
            click.echo(line, err=True)
        if isinstance(event, Failed):
            click.echo(f"{event.message}\n{event.advice}".strip(), err=True)
            return NOTHING_FOUND
        if isinstance(event, Answered):
            if as_json:
                show_json(event.answer)
            else:
                show_text(event.answer, shelf)
            return ANSWERED if event.answer.claims else NOTHING_FOUND
    return FAULT


def told(event: Event) -> list[str]:
    """What a person watching the terminal wants to know of this event."""
    kinds: dict[str, Callable[[Any], str]] = {
        "searching": lambda e: f"searching {', '.join(e.providers)}: " + " | ".join(e.wordings),
        "searched": lambda e: f"  {e.found} results for “{textwrap.shorten(e.wording, 70, placeholder='…')}”",
        "kept": lambda e: f"  read {e.site}: {e.title} ({e.words} words, {e.seconds:.1f} s, {e.rung})",
        "dropped": lambda e: f"  left out {e.url}: {e.reason}",
        "trouble": lambda e: f"  {e.subject}: {e.message}",
        "writing": lambda e: f"writing with {e.model}" if e.model else "choosing quotes",
    }
    return [clean(kinds[event.kind](event))] if event.kind in kinds else []


def clean(text: str) -> str:
    """Without control characters: a page's title may not move the cursor."""
    return "".join(char if char.isprintable() or char == "\n" else " " for char in text)


def show_json(answer: Answer) -> None:
    click.echo(json.dumps(answer.for_programs(), ensure_ascii=False))


def show_text(answer: Answer, shelf: Shelf) -> None:
    width = min(100, shutil.get_terminal_size().columns)
    click.echo()
    if answer.mode == "extractive" and answer.claims:
        click.echo("No model wrote this: these are the passages that bear best on the question, word for word.\n")
    for claim in answer.claims:
        for line in [*header_lines(claim, answer.mode, shelf), *claim_lines(claim, answer.mode, width)]:
            click.echo(clean(line))
        click.echo()
    for sentence in answer.not_found:
        click.echo(f"Not found: {clean(sentence)}")
    for source in answer.sources:
        click.echo(f"[{source.n}] {clean(source.title)} · {source.url}")
    click.echo(f"\n{summary(answer)}", err=True)


def header_lines(claim: Claim, mode: str, shelf: Shelf) -> list[str]:
    """The header of the table that a quote's rows were taken from: before the quote, since it is no part of it."""
    from agent.layout import header_over
    from agent.records import Passage

    one = claim.citations[0] if mode == "extractive" and claim.citations else None
    page = shelf.page(one.page_sha256) if one else None
    header = header_over(page.text, Passage(page.sha256, one.start, one.end, one.quote)) if page else ""
    return [f"   {header}"] if header else []


def claim_lines(claim: Any, mode: str, width: int) -> list[str]:
    """A sentence with its numbers, then under it what it stands on."""
    numbers = "".join(f"[{citation.n}]" for citation in claim.citations)
    unknown = "".join(f" [?{word}: no such source]" for word in claim.unknown)
    if mode == "extractive":
        return [row for line in f"“{claim.text}” {numbers}".split("\n") if line.strip() for row in wrapped(line, width)]
    lines = textwrap.wrap(f"{claim.text} {numbers}{unknown}", width)
    for citation in claim.citations:
        quote = f"[{citation.n}] “{citation.quote}”"
        lines += textwrap.wrap(quote, width - 6, initial_indent="      ", subsequent_indent="        ")
    return lines


def wrapped(line: str, width: int) -> list[str]:
    """A quote's line, in its own place: code and tables keep their lines, and what leads into them."""
    indent = " " * (2 + len(line) - len(line.lstrip()))
    return textwrap.wrap(line.lstrip(), width - 4, initial_indent=indent, subsequent_indent=f"{indent} ")


def summary(answer: Answer) -> str:
    used = answer.used
    writer = f"written by {answer.model}" if answer.model else "no model"
    return (f"{int(used['quotes'])} quotes from {len(answer.sources)} pages · {int(used['pages'])} pages read · "
            f"{int(used['searches'])} searches · {answer.seconds:.1f} s · {writer} · stopped: {answer.stopped_by}")
