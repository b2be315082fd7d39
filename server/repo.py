"""`leash repo`: a repository as text on standard output, in this process, without Redis or the server."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from agent.errors import StorageError

if TYPE_CHECKING:
    from agent.repo.opened import Opened
    from agent.repo.wishes import Wishes

CHUNK, BLINK = 1 << 18, 0.05  # bytes of a write; seconds


@click.command("repo", short_help="Print a repository as text for a model.")
@click.argument("where", metavar="URL|PATH")
@click.option("--include", "-i", multiple=True, metavar="GLOB", help="Only files that match; may be given again.")
@click.option("--exclude", "-e", multiple=True, metavar="GLOB", help="No files that match; may be given again.")
@click.option("--tokens", type=int, metavar="N", help="A budget for the whole text: what matters first is kept, the rest listed.")
@click.option("--format", "form", type=click.Choice(["markdown", "xml", "json"]), default="markdown", show_default=True)
@click.option("--outline", is_flag=True, help="Only signatures and docstrings of source code.")
@click.option("--token-estimate", "estimate", is_flag=True, help="Estimate tokens instead of counting them: faster.")
@click.option("--all", "everything", is_flag=True, help="Also generated, vendored and minified files and lock files.")
@click.option("--ref", default="", help="A branch, tag or commit; of a local repository instead of its work tree.")
@click.option("--file-bytes", type=int, default=1_000_000, show_default=True, help="Leave out files that are larger.")
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="A file to write instead of standard output.")
def command(where: str, output: Path | None, **wishes: object) -> None:
    """Print a repository as LLM-ready text: summary, tree, files, what was left out.

    URL is a repository's address on GitHub, GitLab, Bitbucket, Codeberg or any git server, or that of a folder, file,
    branch, tag, commit or pull request in one; PATH a folder or file on this disk. A second time is quicker: hashes of the
    texts and their tokens are kept in the data folder.
    """
    from agent.repo.wishes import Wishes

    asked = Wishes(**wishes)
    with packed(where, asked) as pieces:
        write(pieces, output)


@contextmanager
def packed(where: str, wishes: Wishes) -> Iterator[Iterator[str]]:
    """The text of a repository in pieces, as they are ready. What is counted is kept for the next time, also if nobody reads on."""
    from server.counts import kept_counts

    with kept_counts(data_folder(), place_of(where)) as counts, opened(where, wishes) as repository:
        counts.expect(repository.tree.changed_at())
        from agent.repo.pack import pack

        with closing(pack(repository, wishes, counts)) as pieces:
            yield pieces


def data_folder() -> Path:
    """Where counts may be kept: nowhere if the settings cannot be read, as the text of a folder that is here needs none of them."""
    from agent.errors import BadSetting
    from agent.settings import load_settings

    try:
        return load_settings().data_dir
    except (BadSetting, OSError, RuntimeError, ValueError):  # also a .env that is no text, a user without a home
        return Path(os.devnull)


def place_of(where: str) -> str:
    return str(Path(where).absolute()) if Path(where).exists() else where


@contextmanager
def opened(where: str, wishes: Wishes) -> Iterator[Opened]:
    from agent.repo.opened import open_folder

    local = Path(where).exists()
    with open_folder(Path(where), wishes.ref, local_scratch) if local else opened_remote(where, wishes) as repository:
        yield repository


@contextmanager
def opened_remote(where: str, wishes: Wishes) -> Iterator[Opened]:
    from agent.errors import BadInput
    from agent.repo.target import target_of

    target = target_of(where)
    if target is None:
        raise BadInput(f"{where[:200]} is neither a folder here nor the address of a repository. An address looks like "
                       "https://github.com/owner/name, or ends in .git.")
    from agent.fetch.egress import Egress
    from agent.repo.remote import Means, open_target
    from agent.settings import load_settings

    settings = load_settings()
    door = Egress(settings).start()
    try:
        with open_target(target, wishes, Means(settings, door)) as repository:
            yield repository
    finally:
        door.close()


def local_scratch() -> Path:
    from agent.repo.remote import scratch
    from agent.settings import load_settings

    return scratch(load_settings())


def write(pieces: Iterator[str], output: Path | None) -> None:
    """To a file, or to standard output; to a terminal without what would steer it."""
    if output:
        try:
            with output.open("wb", CHUNK) as file:
                pour(pieces, file)
        except OSError as error:
            raise StorageError(f"{output} cannot be written: {error.strerror}.") from error
    elif sys.stdout.isatty():
        pour(map(steady, pieces), sys.stdout.buffer)
    else:
        with open(sys.stdout.fileno(), "wb", CHUNK, closefd=False) as file:  # noqa: PTH123
            pour(pieces, file)


def pour(pieces: Iterator[str], file: BinaryIO) -> None:
    """In large writes, but nothing is held back for longer than a blink."""
    due = 0.0
    for piece in pieces:
        file.write(piece.encode("utf-8", "replace"))
        if (now := time.monotonic()) > due:
            file.flush()
            due = now + BLINK


def steady(text: str) -> str:
    return "".join(char if char.isprintable() or char in "\n\t" else "\ufffd" for char in text)
