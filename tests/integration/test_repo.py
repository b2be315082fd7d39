"""Repositories on this disk as text: work trees and commits, real and hostile, by real git."""

from __future__ import annotations

import json
import os
import random
import shutil
import string
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from agent.errors import BadInput
from agent.repo.names import shown
from agent.repo.opened import open_folder
from agent.repo.pack import pack
from agent.repo.wishes import Wishes
from agent.tokens import count
from tests.conftest import ROOT
from tests.repositories import committed, git

TOKEN = "ghp_" + "".join(random.Random(3).choices(string.ascii_letters + string.digits, k=36))


def local(path: Path, wishes: Wishes | None = None, scratch: Path | None = None) -> str:
    asked = wishes or Wishes()
    with open_folder(path, asked.ref, lambda: scratch or path.parent) as opened:
        return "".join(pack(opened, asked))


def local_json(path: Path, **wishes: object) -> dict:
    return json.loads(local(path, Wishes(form="json", **wishes)))


# Local trees


@pytest.mark.parametrize("ref", ["", "HEAD"])
def test_every_tracked_file_is_in_the_text_or_left_out_with_a_reason(tmp_path: Path, ref: str) -> None:
    tree = tmp_path / "real"
    for folder in ("agent", "server", "tests", "docs"):
        shutil.copytree(ROOT / folder, tree / folder, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    committed(tree, {"README.md": (ROOT / "README.md").read_bytes(), "uv.lock": b"x\n", "a.bin": b"\0\1"})
    tracked = {shown(name) for name in git(tree, "ls-files", "-z").split("\0") if name}
    found = local_json(tree, ref=ref)
    told = [file["path"] for file in found["files"]] + [row["path"] for row in found["left_out"]]
    assert sorted(told) == sorted(tracked)
    assert all(row["reason"] for row in found["left_out"])
    assert all(file["tokens"] == count(file["text"]) for file in found["files"])
    assert found["totals"]["tokens"] == sum(file["tokens"] for file in found["files"])
    assert found["tokens_estimated"] == pytest.approx(found["totals"]["tokens"], rel=0.1)


@pytest.mark.parametrize("ref", ["", "HEAD"])
def test_marks_of_gitattributes_are_heeded(tmp_path: Path, ref: str) -> None:
    names = ("api/client.py", "api/own.py", "web/lib/a.js", "vendor/ours.py", "vendor/theirs.py", "tests/a.py", "b_pb2.py",
             "src/x/gen/a.ts")
    marks = ("# what forges fold away", "api/*.py linguist-generated", "api/own.py -linguist-generated", "tests export-ignore",
             "/vendor/ours.py linguist-vendored=false", "*_pb2.py linguist-generated=false", "**/gen/** text linguist-generated=true",
             f"{'*' * 300} linguist-generated", "[z-a]* linguist-generated")
    tree = committed(tmp_path / "m", {**dict.fromkeys(names, b"x = 1\n"), ".gitattributes": "\n".join(marks).encode(),
                                      "web/.gitattributes": b"lib linguist-vendored\n"})
    found = local_json(tree, ref=ref)
    assert {row["path"]: row["reason"].split()[0] for row in found["left_out"]} == {
        "api/client.py": "generated", "web/lib/a.js": "vendored", "vendor/theirs.py": "vendored", "src/x/gen/a.ts": "generated"}
    assert local_json(tree, ref=ref, everything=True)["left_out"] == []


def test_work_tree_is_read_as_the_user_sees_it(tmp_path: Path) -> None:
    tree = committed(tmp_path / "w", {"a.py": b"old = 1\n", "gone.py": b"x\n", ".gitignore": b"*.log\n"})
    (tree / "a.py").write_bytes(b"new = 2\n")
    (tree / "new.py").write_bytes(b"fresh = 3\n")
    (tree / "x.log").write_bytes(b"noise\n")
    (tree / "gone.py").unlink()
    found = local_json(tree)
    assert {file["path"]: file["text"] for file in found["files"]} == {
        ".gitignore": "*.log\n",
        "a.py": "new = 2\n",
        "new.py": "fresh = 3\n",
    }
    assert [row["path"] for row in found["left_out"]] == ["gone.py"]
    old = local_json(tree, ref="HEAD")
    assert {file["path"]: file["text"] for file in old["files"]} == {".gitignore": "*.log\n", "a.py": "old = 1\n", "gone.py": "x\n"}


def test_folder_in_no_repository_and_a_single_file(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "a.py").write_bytes(b"a = 1\n")
    (folder / "b.py").write_bytes(b"b = 1\n")
    assert [file["path"] for file in local_json(folder)["files"]] == ["a.py", "b.py"]
    assert [file["path"] for file in local_json(folder / "b.py")["files"]] == ["b.py"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plain"]  # the scratch is gone


def test_links_are_told_and_never_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key.txt").write_bytes(b"outside\n")
    tree = committed(tmp_path / "w", {"sub/key.txt": b"inside\n", "a.txt": b"a\n"})
    (tree / "up").symlink_to("../secret/key.txt")
    git(tree, "add", "-A")
    (tree / "sub" / "key.txt").unlink()
    (tree / "sub").rmdir()
    (tree / "sub").symlink_to("../secret")  # in place of a tracked folder
    os.mkfifo(tree / "pipe")
    text = local(tree)
    assert "outside" not in text
    assert "→ ../secret/key.txt" in text


def test_repository_of_somebody_else_runs_nothing(tmp_path: Path) -> None:
    tree = committed(tmp_path / "w", {"a.txt": b"a\n", ".gitattributes": b"* filter=evil diff=evil\n"})
    ran = tmp_path / "ran"
    for key in ("core.fsmonitor", "filter.evil.clean", "filter.evil.smudge", "diff.evil.textconv", "core.pager", "core.sshCommand"):
        git(tree, "config", key, f"touch {ran}; cat")
    (tree / ".git" / "hooks").mkdir(exist_ok=True)
    for hook in ("post-checkout", "post-index-change", "fsmonitor-watchman"):
        (tree / ".git" / "hooks" / hook).write_text(f"#!/bin/sh\ntouch {ran}\n")
        (tree / ".git" / "hooks" / hook).chmod(0o755)
    assert "a.txt" in local(tree)
    assert "a.txt" in local(tree, Wishes(ref="HEAD"))
    assert not ran.exists()


@pytest.mark.parametrize(
    ("path", "ref", "says"),
    [
        ("nope", "", "no file or folder"),
        ("w", "nope", "no commit, branch or tag"),
        ("w", "--output=x", "not the name of a commit|no commit"),
        ("empty", "", "is empty"),
    ],
)
def test_bad_asks(tmp_path: Path, path: str, ref: str, says: str) -> None:
    committed(tmp_path / "w", {"a": b"a\n"})
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match=says):
        local(tmp_path / path, Wishes(ref=ref))


def test_budget_is_kept_and_what_matters_is_first(tmp_path: Path) -> None:
    files = {f"pkg/mod{n}.py": b"from pkg.base import thing\n" + b"value = [1, 2, 3]\n" * 60 for n in range(60)}
    tree = committed(
        tmp_path / "w", {**files, "README.md": b"# Hello\n", "pyproject.toml": b"[project]\n", "pkg/base.py": b"thing = 1\n" * 50}
    )
    for form in ("markdown", "xml", "json"):
        text = local(tree, Wishes(tokens=3000, form=form))
        assert count(text) <= 3000
        assert "no room in the budget" in text
    found = local_json(tree, tokens=3000)
    assert [file["path"] for file in found["files"][:3]] == ["README.md", "pyproject.toml", "pkg/base.py"]


def test_a_small_budget_says_for_each_reason_how_many_were_left_out(tmp_path: Path) -> None:
    tree = committed(tmp_path / "w", {"README.md": b"# Hello\n", **{f"module_{n}.py": b"value = [1, 2, 3]\n" * 60 for n in range(200)}})
    assert "no room in the budget: 200\n" in local(tree, Wishes(tokens=600))
    assert '<group reason="no room in the budget" count="200">' in local(tree, Wishes(tokens=600, form="xml"))
    assert local_json(tree, tokens=600)["totals"]["reasons"] == {"no room in the budget": 200}


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    tree = committed(tmp_path / "w", {"a": b"a\n"})
    done = subprocess.run([sys.executable, "-m", "server.cli", "repo", str(tree), "-o", str(tmp_path / "no" / "x")],
                          cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.strip().endswith("cannot be written: No such file or directory.")


def test_secrets_are_counted_a_file_and_in_all(tmp_path: Path) -> None:
    tree = committed(tmp_path / "w", {"a.py": f"t = '{TOKEN}'\nu = '{TOKEN}'\n".encode(), "b.py": b"x = 1\n"})
    found = local_json(tree)
    assert TOKEN not in json.dumps(found)
    assert found["files"][0]["secrets"] == {"GitHub token": 2}
    assert found["totals"]["secrets"] == {"GitHub token": 2}


def test_notebook_pointer_and_lines(tmp_path: Path) -> None:
    book = {
        "cells": [{"cell_type": "markdown", "source": ["# Title"]}, {"cell_type": "code", "source": "x = 1", "outputs": []}],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 98765\n"
    found = local_json(committed(tmp_path / "w", {"n.ipynb": json.dumps(book).encode(), "big.csv": pointer}))
    assert "# Title" in found["files"][0]["text"]
    assert "```python\nx = 1\n```" in found["files"][0]["text"]
    assert found["left_out"][0]["reason"] == "Git LFS pointer to 98,765 bytes"


def test_first_words_do_not_wait_for_the_last_file(tmp_path: Path) -> None:
    tree = committed(tmp_path / "w", {f"f{n}.txt": b"some words of text\n" * 2000 for n in range(60)})
    with open_folder(tree, "", lambda: tmp_path) as opened:
        pieces = pack(opened, Wishes())
        assert next(pieces).startswith("# w")
        (tree / "f59.txt").write_bytes(b"written after the first words\n")
        assert "written after the first words" in "".join(pieces)


def test_many_files_are_the_same_with_and_without_a_child(tmp_path: Path) -> None:
    tree = committed(tmp_path / "w", {f"d{n % 7}/f{n}.py": f"value_{n} = {n}\n".encode() * 900 for n in range(220)})
    assert sum(path.stat().st_size for path in tree.rglob("*.py")) > 2_000_000
    found = local_json(tree)
    assert [file["path"] for file in found["files"]] == sorted(file["path"] for file in found["files"])
    assert all(file["tokens"] == count(file["text"]) and file["text"] == (tree / file["path"]).read_text() for file in found["files"])


def test_a_child_that_dies_changes_nothing(tmp_path: Path) -> None:
    tree = committed(tmp_path / "w", {f"f{n}.txt": f"some words of text {n}\n".encode() * 20_000 for n in range(12)})
    before = {child.pid for child in psutil.Process().children()}
    with open_folder(tree, "", lambda: tmp_path) as opened:
        pieces = pack(opened, Wishes(form="json"))
        begun = next(pieces)
        for child in psutil.Process().children():
            if child.pid not in before:
                child.kill()
        found = json.loads(begun + "".join(pieces))
    assert len(found["files"]) == 12
    assert all(file["tokens"] == count(file["text"]) for file in found["files"])


def test_stopped_early_leaves_nothing_running(tmp_path: Path) -> None:
    tree = committed(tmp_path / "w", {f"f{n}.txt": b"some words of text\n" * 20_000 for n in range(20)})
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    with open_folder(tree, "HEAD", lambda: tmp_path) as opened:
        pieces = pack(opened, Wishes())
        for _ in range(8):
            next(pieces)
        pieces.close()
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before


def test_a_hundred_thousand_files_take_bounded_memory(tmp_path: Path) -> None:
    tree = tmp_path / "w"
    tree.mkdir()
    git(tree, "init", "-q")
    stream = [b"commit refs/heads/main\ncommitter t <t@localhost> 1700000000 +0000\ndata 1\nx\n"]
    # few blobs, many names: what is measured is the listing
    stream += [f"M 644 inline d{n // 500}/f{n}.txt\ndata 8\nnumber{n % 7}\n".encode() for n in range(100_000)]
    git(tree, "fast-import", "--quiet", feed=b"".join(stream))
    assert most_memory([str(tree), "--ref", "main", "--token-estimate", "-o", str(tmp_path / "out.md")]) < 200_000_000
    with (tmp_path / "out.md").open() as out:
        assert sum(line.startswith("### ") for line in out) == 100_000


def test_giant_file_is_left_out_unread(tmp_path: Path) -> None:
    tree = committed(tmp_path / "w", {"a.txt": b"a\n"})
    with (tree / "giant.txt").open("wb") as giant:
        giant.truncate(1_000_000_000)
    assert most_memory([str(tree), "-o", str(tmp_path / "out.md")]) < 200_000_000
    assert "- larger than 1 MB: 1\n  - `giant.txt` 1,000,000,000 bytes\n" in (tmp_path / "out.md").read_text()


def most_memory(words: list[str]) -> int:
    """The most bytes that the command and its children held together; it must succeed."""
    environment = {**os.environ, "LEASH_DATA_DIR": str(Path(words[0]).parent / "data")}
    most, process = 0, psutil.Popen([sys.executable, "-m", "server.cli", "repo", *words], cwd=ROOT, env=environment)
    while process.poll() is None:
        most = max(most, memory(process))
        process_wait(process)
    assert process.returncode == 0
    return most


def memory(process: psutil.Process) -> int:
    try:
        return sum(one.memory_info().rss for one in (process, *process.children(recursive=True)))
    except psutil.Error:
        return 0


def process_wait(process: psutil.Popen) -> None:
    try:
        process.wait(0.02)
    except psutil.TimeoutExpired:
        return
