"""`leash text`: a page as text in the terminal, and many pages at once with --jsonl. Does its work in this process."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from concurrent.futures import Future

    from agent.errors import LeashError
    from agent.settings import Settings
    from server.kept import Reading
    from server.options import Options
    from server.reading import Reads
    from server.store import Store
    from server.store.texts import Texts

DONE, FAULT, BAD_INPUT = 0, 1, 2
SOON, LATER = 2.0, 10.0  # seconds after which it is said that a page is awaited: first, and again


@click.command("text", short_help="Print the page at URL as Markdown.")
@click.argument("url", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the parts as one JSON object instead of Markdown.")
@click.option("--tokens", metavar="N", help="At most N tokens: cut at the end of a block, and what was left out is said.")
@click.option("--select", metavar="CSS", help="Only what this CSS selector matches.")
@click.option("--links", metavar="WAY", help="inline (the default), footnotes or none.")
@click.option("--no-images", is_flag=True, help="Leave images out.")
@click.option("--no-cache", is_flag=True, help="Read the page anew, also where its text is kept.")
@click.option("--browser", is_flag=True, help="Open the page in the browser at once, and wait for what its scripts draw.")
@click.option("--jsonl", is_flag=True, help='Read lines {"id","url","html"} and write lines {"id","text"} in the same order.')
def command(url: str | None, jsonl: bool, as_json: bool, no_images: bool, no_cache: bool, browser: bool, **typed: str | None) -> None:
    """Print the page at URL as Markdown, with its title, address, date and size on top.

    The page is read in this process and kept in the data folder: a second time it is there at once. With --jsonl no
    address is opened: the pages come on standard input. Exit code: 0 done, 2 the address or an option cannot be used,
    1 the page cannot be read.
    """
    from agent.errors import BadInput, LeashError

    flags = {"images": no_images, "cache": no_cache}
    given = {**{name: value for name, value in typed.items() if value is not None}, **{name: "no" for name, no in flags.items() if no},
             **({"browser": "yes"} if browser else {})}
    try:
        sys.exit(bulk(given, bool(url)) if jsonl else one(url, given, as_json))
    except LeashError as error:
        tell(error, url or "", as_json)
        sys.exit(BAD_INPUT if isinstance(error, BadInput) else FAULT)


def one(url: str | None, given: dict[str, str], as_json: bool) -> int:
    from agent.settings import load_settings
    from server.options import read_options
    from server.prefix import given_address, is_repository

    address, options = given_address(url or ""), read_options(given.items(), option_name)
    if is_repository(address):
        return repository(address, options, as_json)
    from server.faces import json_of, markdown_of

    with ExitStack() as stack:
        stack.enter_context(telling(address))
        made = reading(address, options, load_settings(), stack)
    face = json.dumps(json_of(made, options.tokens, time.time()), ensure_ascii=False) if as_json else \
        markdown_of(made, options.tokens, time.time())
    write(face.rstrip("\n") + "\n")
    return DONE


@contextmanager
def telling(url: str) -> Iterator[None]:
    """Say on standard error what is awaited, if it lasts: once soon, and again while it goes on."""
    done, started = Event(), time.monotonic()

    def tell_on() -> None:
        while not done.wait(SOON if time.monotonic() - started < SOON else LATER):
            click.echo(f"Reading {url} ({time.monotonic() - started:.0f} s)", err=True)

    Thread(target=tell_on, name="telling", daemon=True).start()
    try:
        yield
    finally:
        done.set()


def repository(url: str, options: Options, as_json: bool) -> int:
    """The text of a repository, as `leash repo` prints it."""
    from agent.repo.wishes import Wishes
    from server.options import refuse_for_repository
    from server.repo import packed
    from server.repo import write as write_pieces

    refuse_for_repository(options)
    wishes = Wishes(tokens=options.tokens, form="json" if as_json else "markdown")
    with packed(url, wishes) as pieces:
        write_pieces(pieces, None)
    return DONE


def option_name(name: str) -> str:
    return f"--no-{name}" if name in ("images", "cache") else f"--{name.replace('_', '-')}"


def reading(url: str, options: Options, settings: Settings, stack: ExitStack) -> Reading:
    """The text: kept and fresh, else read here and kept."""
    from server.kept import key_of

    texts = OwnTexts(settings)
    kept = texts.get(key_of(url, options.shape)) if options.cache else None
    if kept and kept.is_fresh(time.time()):
        return kept
    from agent.tokens import begin
    from server.reading import refresh

    reader = open_reader(settings, stack)
    begin()
    texts.begin()
    return refresh(reader, texts, url, options)


class OwnTexts:
    """The texts of this command: server.reading.Keeps. A kept one is had at a glance, without the store.

    A data folder that cannot be used only means that none is kept.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.opening: Future[Store | None] | None = None

    def begin(self) -> Future[Store | None]:
        """Open the store beside whatever comes next: most of a quarter of a second, which the page mostly takes too."""
        from agent.fetch.later import later

        self.opening = self.opening or later(partial(store_of, self.settings), "leash-store")
        return self.opening

    def get(self, key: str) -> Reading | None:
        from server.kept import glance

        if not self.settings.database_url:
            return glance(self.settings, key)
        store = self.begin().result()
        return store.texts.get(key) if store else None

    def save(self, key: str, made: Reading) -> None:
        self.keep(lambda texts: texts.save(key, made))

    def confirm(self, key: str, checked_at: float, expires_at: float) -> None:
        self.keep(lambda texts: texts.confirm(key, checked_at, expires_at))

    def keep(self, write: Callable[[Texts], None]) -> None:
        from agent.errors import StorageError

        store = self.begin().result()
        if store is None:
            return
        try:
            write(store.texts)
        except StorageError as error:
            click.echo(f"This text is not kept. {error}", err=True)
        finally:
            store.close()


def store_of(settings: Settings) -> Store | None:
    from agent.errors import StorageError
    from server.store import open_store

    with suppress(StorageError):
        return open_store(settings)
    return None


def open_reader(settings: Settings, stack: ExitStack) -> Reads:
    """A reader of this process alone: what a run would open for searching and writing is left out."""
    from agent.read import open_reader

    reader, close = open_reader(settings)
    stack.callback(close)
    return reader


def bulk(given: dict[str, str], named: bool) -> int:
    """Every line of standard input, answered as soon as its turn comes."""
    from agent.errors import BadInput
    from agent.settings import load_settings
    from server.bulk import texts
    from server.options import read_options

    unfit = sorted(set(given) - {"select", "links", "images", "tokens"})
    if named or unfit:
        raise BadInput(f"--jsonl reads its pages from standard input, so it takes no {option_name(unfit[0]) if unfit else 'URL'}.")
    lines = (line.decode("utf-8", "replace") for line in sys.stdin.buffer)
    options = read_options(given.items(), option_name)
    for row in texts(lines, load_settings(), options.want, options.tokens):
        write(json.dumps(row) + "\n")  # ASCII: halves of surrogate pairs in an id come back as they were
    return DONE


def write(text: str) -> None:
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()


def tell(error: LeashError, url: str, as_json: bool) -> None:
    """The fault and what to do, on standard error; with --json as a problem."""
    from server.faces import problem_json, sentences_of

    told: Any = json.dumps(problem_json(error, url), ensure_ascii=False) if as_json else "\n".join(sentences_of(error))
    click.echo(told, err=True)
