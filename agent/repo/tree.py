"""The files of a repository: listed from a commit or from a folder on this disk, and their bytes read. Writes nothing."""

from __future__ import annotations

import os
import stat
import subprocess
from collections import deque
from collections.abc import Iterable, Iterator
from functools import cached_property

from agent.repo.git import Git
from agent.repo.names import MISSING, Entry

AHEAD = 64  # objects asked of git before the first is read
KINDS = {"120000": "link", "160000": "module"}


class Commit:
    """The tree of one commit, or the part of it under `path`; bytes come from one `git cat-file`."""

    def __init__(self, git: Git, commit: str, path: str = "") -> None:
        self.git, self.commit, self.path = git, commit, path
        self._cat: subprocess.Popen[bytes] | None = None

    def entries(self) -> list[Entry]:
        under = ["--", self.path] if self.path else []
        return [tree_entry(row) for row in self.git.rows("ls-tree", "-r", "-l", "-z", "--full-tree", self.commit, *under)]

    def changed_at(self) -> float:
        """Never: a commit is what it is."""
        return 0.0

    def top(self) -> list[Entry]:
        """What stands in no folder, also where a part alone is read."""
        rows = self.git.rows("ls-tree", "-l", "-z", "--full-tree", self.commit)
        return [tree_entry(row) for row in rows if not row.startswith(b"040000")]

    def read(self, entries: Iterable[Entry], limit: int) -> Iterator[bytes | None]:
        """The bytes of each, in order; None if they are not here or more than the limit. Some are asked for ahead."""
        cat = self._cat = self._cat or self.git.start("cat-file", "--batch", feed=True)
        asked: deque[Entry] = deque()
        for entry in entries:
            cat.stdin.write(f"{entry.oid}\n".encode())
            asked.append(entry)
            if len(asked) >= AHEAD:
                cat.stdin.flush()
                while len(asked) > AHEAD // 2:
                    asked.popleft()
                    yield self._answer(cat, limit)
        cat.stdin.flush()
        for _ in asked:
            yield self._answer(cat, limit)

    def _answer(self, cat: subprocess.Popen[bytes], limit: int) -> bytes | None:
        head = cat.stdout.readline().split()
        if len(head) != 3:
            return None
        size = int(head[2])
        if size <= limit:
            raw = cat.stdout.read(size + 1)[:-1]
            return raw if len(raw) == size else None
        left = size + 1
        while left and (chunk := cat.stdout.read(min(left, 65536))):
            left -= len(chunk)
        return None

    def close(self) -> None:
        if self._cat:
            self._cat.kill()
            self._cat.communicate()
            self._cat = None


def tree_entry(row: bytes) -> Entry:
    head, _, path = row.partition(b"\t")
    mode, _, oid, size = head.decode().split()
    return Entry(os.fsdecode(path), KINDS.get(mode, "file"), int(size) if size.isdigit() else MISSING, oid)


class Folder:
    """A folder on this disk as the user sees it: what git tracks there and what it does not ignore.

    A folder that is in no repository is listed by git too, with the rules of its .gitignore files. No symbolic link is
    followed, also none that stands in place of a tracked folder.
    """

    def __init__(self, git: Git, only: str = "") -> None:
        self.git, self.only = git, only
        self._root = f"{git.folder.resolve()}/"  # a text, as joining thousands of Paths takes longer than reading the files
        self._plain: dict[str, bool] = {"": True}
        self._newest = 0.0
        # both run from now on, while the reader makes ready
        self._tracked = git.rows("ls-files", "-z", "-s")
        self._loose = git.rows("ls-files", "-z", "-o", "--exclude-standard")

    def entries(self) -> list[Entry]:
        return self._listed

    def changed_at(self) -> float:
        """When the file that was changed last was changed, in seconds since 1970."""
        return self._newest if self._listed else 0.0

    @cached_property
    def _listed(self) -> list[Entry]:
        found = dict(self._untracked())
        found.update(map(tracked_path, self._tracked))
        return [self._entry(path, kind) for path, kind in sorted(found.items()) if self.only in ("", path)]

    def _untracked(self) -> Iterator[tuple[str, str]]:
        for row in self._loose:
            path = os.fsdecode(row)
            yield path.rstrip("/"), "module" if path.endswith("/") else "file"  # a repository within, not part of this one

    def _entry(self, path: str, kind: str) -> Entry:
        if kind == "module":
            return Entry(path, kind, 0)
        try:
            found = os.lstat(self._root + path) if self._inside(path.rpartition("/")[0]) else None
        except (OSError, ValueError):
            found = None
        if found is None:
            return Entry(path, "file", MISSING)
        self._newest = max(self._newest, found.st_mtime)
        if stat.S_ISLNK(found.st_mode):
            return Entry(path, "link", found.st_size)
        return Entry(path, "file", found.st_size if stat.S_ISREG(found.st_mode) else MISSING)

    def _inside(self, folder: str) -> bool:
        """Whether a folder is one, and every folder above it, down from the top: no link, no way out."""
        if folder not in self._plain:
            above, _, name = folder.rpartition("/")
            whole = name not in ("", ".", "..") and self._inside(above)
            self._plain[folder] = whole and stat.S_ISDIR(os.lstat(self._root + folder).st_mode)
        return self._plain[folder]

    def read(self, entries: Iterable[Entry], limit: int) -> Iterator[bytes | None]:
        """The bytes of each, in order; None if they cannot be read or are more than the limit."""
        return (self._read(entry, limit) for entry in entries)

    def _read(self, entry: Entry, limit: int) -> bytes | None:
        try:
            if entry.kind == "link":
                return os.fsencode(os.readlink(self._root + entry.path))  # noqa: PTH115
            number = os.open(self._root + entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return None
        try:
            return regular_bytes(number, limit)
        except OSError:
            return None
        finally:
            os.close(number)

    def close(self) -> None:
        """Nothing is held open."""


def regular_bytes(number: int, limit: int) -> bytes | None:
    """All bytes of an open file; None if it is no plain file or has more than the limit."""
    found = os.fstat(number)
    if not stat.S_ISREG(found.st_mode) or found.st_size > limit:
        return None
    most = min(limit, found.st_size) + 1  # one more, which is not there unless it grows: a short read is the end
    parts = []
    while len(part := os.read(number, most)):
        parts.append(part)
        if sum(map(len, parts)) > limit:
            return None
        if len(part) < most:
            break
    return b"".join(parts)


def tracked_path(row: bytes) -> tuple[str, str]:
    head, _, path = row.partition(b"\t")
    return os.fsdecode(path), KINDS.get(head[:6].decode(), "file")
