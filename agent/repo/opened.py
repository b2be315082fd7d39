"""Opens a repository, wherever it is, for as long as it is read: the tree, the commit, and how it is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.errors import BadInput
from agent.repo.git import Git, GitFailed, program
from agent.repo.names import shown
from agent.repo.tree import Commit, Folder

LOG = ("log", "-1", "--no-show-signature", "--format=%H %cI", "--end-of-options")


@dataclass(frozen=True)
class Opened:
    """A repository that can be read. `url` is "" for one on this disk; `path` and `lines` are the part that was asked for.

    `ref` is the branch, tag or pull request that was asked for, in words; "" for none. `commit` and `date` are "" where there
    is no commit; `notes` are sentences for the reader.
    """

    tree: Commit | Folder
    name: str
    url: str = ""
    commit: str = ""
    date: str = ""
    path: str = ""
    lines: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    ref: str = ""


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
    head = git.begin(*LOG, ref or "HEAD", "--")
    try:
        said = git.ask("rev-parse", "--is-inside-work-tree", "--show-cdup", "--show-prefix").decode("utf-8", "surrogateescape").split("\n")
    except GitFailed as fault:
        if ref:
            raise BadInput(f"{shown(str(path))} is in no git repository, so it has no {shown(ref)}.") from fault
        import tempfile

        with tempfile.TemporaryDirectory(dir=scratch(), prefix="repo-") as empty:
            yield Opened(plain_folder(folder, only, Path(empty)), whole.name, notes=("It is a folder in no git repository.",))
        return
    place = Place(git, said[0] == "true", (folder / said[1]).resolve().name, said[2] + only)
    opened = at_commit(place, ref or "HEAD", head) if ref or not place.inside else as_it_stands(place, only, head)
    try:
        yield opened
    finally:
        opened.tree.close()


@dataclass(frozen=True)
class Place:
    """Where in a repository a folder is. `inside`: in its work tree, and not in a bare one; `path` is seen from its top."""

    git: Git
    inside: bool
    name: str
    path: str


def plain_folder(folder: Path, only: str, empty: Path) -> Folder:
    Git(empty).ask("init", "-q", "--bare", "--template=", ".")
    return Folder(Git(folder, environment={"GIT_DIR": str(empty), "GIT_WORK_TREE": str(folder)}), only)


def as_it_stands(place: Place, only: str, head: Callable[[], bytes]) -> Opened:
    tree = Folder(place.git, only)  # which lists itself meanwhile
    try:
        commit, date = commit_said(head, "HEAD")
    except BadInput:
        commit, date = "", ""  # before the first commit
    note = "Read as the files stand on the disk, also where they differ from the commit."
    return Opened(tree, place.name, commit=commit, date=date, path=place.path, notes=(note,))


def commit_of(git: Git, ref: str) -> tuple[str, str]:
    return commit_said(git.begin(*LOG, ref, "--"), ref)


def commit_said(said: Callable[[], bytes], ref: str) -> tuple[str, str]:
    """The commit and its date from what git says to LOG."""
    try:
        words = said().decode().split()
    except GitFailed:
        raise BadInput(f"The repository has no commit, branch or tag {shown(ref)}.") from None
    if not words:
        raise BadInput(f"{shown(ref)} is not a commit.")
    return words[0], words[1]


def at_commit(place: Place, ref: str, said: Callable[[], bytes]) -> Opened:
    commit, date = commit_said(said, ref)
    path = place.path.rstrip("/")
    return Opened(Commit(place.git, commit, path), place.name, commit=commit, date=date, path=path, ref="" if ref == "HEAD" else shown(ref))
