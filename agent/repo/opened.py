"""Opens a repository, wherever it is, for as long as it is read: the tree, the commit, and how it is called."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.errors import BadInput, LeashError
from agent.repo.git import Git, GitFailed, program
from agent.repo.tree import Commit, Folder, shown


@dataclass(frozen=True)
class Opened:
    """A repository that can be read. `url` is "" for one on this disk; `path` and `lines` are the part that was asked for.

    `commit` and `date` are "" where there is no commit; `notes` are sentences for the reader.
    """

    tree: Commit | Folder
    name: str
    url: str = ""
    commit: str = ""
    date: str = ""
    path: str = ""
    lines: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


@contextmanager
def open_folder(path: Path, ref: str, scratch: Callable[[], Path]) -> Iterator[Opened]:
    """A folder or file on this disk: its work tree, or a commit of its repository if `ref` names one.

    `scratch` gives a folder that may be written. Raises BadInput with a sentence for what cannot be used.
    """
    program()
    whole = path.absolute()
    if not whole.exists():
        raise BadInput(f"There is no file or folder {shown(str(path))}.")
    folder, only = (whole, "") if whole.is_dir() else (whole.parent, whole.name)
    git = Git(folder)
    try:
        git.ask("rev-parse", "--git-dir")
    except GitFailed as fault:
        if ref:
            raise BadInput(f"{shown(str(path))} is in no git repository, so it has no {shown(ref)}.") from fault
        with tempfile.TemporaryDirectory(dir=scratch(), prefix="repo-") as empty:
            yield Opened(plain_folder(folder, only, Path(empty)), whole.name, notes=("It is a folder in no git repository.",))
        return
    opened = at_commit(git, ref, only) if ref else as_it_stands(git, only)
    try:
        yield opened
    finally:
        opened.tree.close()


def plain_folder(folder: Path, only: str, empty: Path) -> Folder:
    Git(empty).ask("init", "-q", "--bare", "--template=", ".")
    return Folder(Git(folder, environment={"GIT_DIR": str(empty), "GIT_WORK_TREE": str(folder)}), only)


def as_it_stands(git: Git, only: str) -> Opened:
    if git.ask("rev-parse", "--is-inside-work-tree").strip() != b"true":
        return at_commit(git, "HEAD", "")
    commit, date = head_of(git)
    note = "Read as the files stand on the disk, with changes that are in no commit."
    return Opened(Folder(git, only), called(git), commit=commit, date=date, path=only, notes=(note,))


def head_of(git: Git) -> tuple[str, str]:
    """The commit and its date; both "" before the first."""
    try:
        return commit_of(git, "HEAD")
    except BadInput:
        return "", ""


def commit_of(git: Git, ref: str) -> tuple[str, str]:
    try:
        said = git.ask("log", "-1", "--no-show-signature", "--format=%H %cI", "--end-of-options", ref, "--")
    except GitFailed:
        raise BadInput(f"The repository has no commit, branch or tag {shown(ref)}.") from None
    commit, date = said.decode().split()
    return commit, date


def at_commit(git: Git, ref: str, only: str) -> Opened:
    if ref.startswith("-"):
        raise BadInput(f"{shown(ref)} is not the name of a commit.")
    commit, date = commit_of(git, ref)
    prefix = os.fsdecode(git.ask("rev-parse", "--show-prefix").rstrip(b"\n")) + only
    return Opened(Commit(git, commit, prefix.rstrip("/")), called(git), commit=commit, date=date, path=prefix.rstrip("/"))


def called(git: Git) -> str:
    """What to call a repository on this disk: its folder."""
    try:
        top = os.fsdecode(git.ask("rev-parse", "--show-toplevel").rstrip(b"\n"))
    except LeashError:
        top = str(git.folder)
    return Path(top).name
