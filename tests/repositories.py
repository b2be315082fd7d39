"""Repositories that tests make: real ones from files, hostile ones from objects alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

AUTHOR = ("-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "init.defaultBranch=main", "-c", "core.hooksPath=/dev/null")


def git(folder: Path, *words: str, feed: bytes = b"") -> str:
    done = subprocess.run(["git", *AUTHOR, "-C", str(folder), *words], input=feed, capture_output=True, check=True)
    return done.stdout.decode("utf-8", "replace").strip()


def committed(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q")
    for name, raw in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(raw)
    git(folder, "add", "-A", "-f")
    git(folder, "commit", "-q", "--allow-empty", "-m", "first")
    return folder


def by_names(folder: Path, names: dict[bytes, tuple[str, bytes]]) -> Path:
    """A commit whose names no file system need bear: made of objects alone. Values are the mode and the content."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q")
    rows = []
    for name, (mode, raw) in names.items():
        oid = raw.decode() if mode == "160000" else git(folder, "hash-object", "-w", "--stdin", feed=raw)
        rows.append(f"{mode} {'commit' if mode == '160000' else 'blob'} {oid}\t".encode() + name + b"\0")
    tree = git(folder, "mktree", "-z", "--missing", feed=b"".join(rows))
    commit = git(folder, "commit-tree", tree, "-m", "hostile")
    git(folder, "update-ref", "refs/heads/main", commit)
    git(folder, "symbolic-ref", "HEAD", "refs/heads/main")
    return folder
