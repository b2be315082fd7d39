"""`leash repo` on a repository that was packed before: the same text, without the ranks where nothing is new."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.repo.opened import open_folder
from agent.repo.pack import pack
from agent.repo.wishes import Wishes
from tests.conftest import ROOT
from tests.repositories import committed

FILES = {f"src/f{n}.py": f'"""Module {n}."""\n\ndef value_{n}() -> int:\n    return {n}\n'.encode() * 40 for n in range(30)}
LARGE = {f"big/{n}.txt": f"many words of file {n}\n".encode() * 40_000 for n in range(3)}


def packed(tree: Path, data: Path, *options: str, folder: Path = ROOT) -> tuple[str, bool]:
    """The text that the command prints, and whether it loaded the ranks."""
    done = subprocess.run([sys.executable, "-X", "importtime", "-m", "server.cli", "repo", str(tree), *options], cwd=folder, timeout=120,
                          capture_output=True, env={**os.environ, "LEASH_DATA_DIR": str(data)}, check=True)
    said = [line for line in done.stderr.splitlines() if not line.startswith(b"import time:")]
    assert said == []
    return done.stdout.decode(), b"splintr" in done.stderr


def uncounted(tree: Path, wishes: Wishes) -> str:
    with open_folder(tree, wishes.ref, lambda: tree.parent) as opened:
        return "".join(pack(opened, wishes))


WAYS = {(): Wishes(), ("--outline",): Wishes(outline=True), ("--token-estimate",): Wishes(estimate=True),
        ("--tokens", "3000"): Wishes(tokens=3000), ("--format", "json", "--ref", "HEAD"): Wishes(form="json", ref="HEAD")}


@pytest.mark.parametrize("options", WAYS, ids=" ".join)
@pytest.mark.parametrize("files", [FILES, {**FILES, **LARGE}], ids=["small", "large"])
def test_again_is_the_same_text_without_the_ranks(tmp_path: Path, files: dict[str, bytes], options: tuple[str, ...]) -> None:
    tree, data = committed(tmp_path / "w", files), tmp_path / "data"
    expected = uncounted(tree, WAYS[options])
    assert packed(tree, data, *options) == (expected, True)
    assert packed(tree, data, *options) == (expected, False)


def test_a_changed_file_is_counted_anew(tmp_path: Path) -> None:
    tree, data = committed(tmp_path / "w", FILES), tmp_path / "data"
    packed(tree, data)
    (tree / "src/f3.py").write_text("other_words = 'than before'\n")
    (tree / "src/f4.py").rename(tree / "src/moved.py")
    assert packed(tree, data) == (uncounted(tree, Wishes()), True)
    (tree / "src/moved.py").rename(tree / "src/f4.py")
    (tree / "src/f3.py").write_bytes(FILES["src/f3.py"])
    os.utime(tree / "src/f3.py", (1e9, 1e9))  # as if it had never been another
    assert packed(tree, data) == (uncounted(tree, Wishes()), False)


def test_the_ranks_are_begun_for_what_was_touched_and_for_no_other_reason(tmp_path: Path) -> None:
    tree, data = committed(tmp_path / "w", FILES), tmp_path / "data"
    packed(tree, data)
    (tree / "src/f3.py").unlink()
    assert packed(tree, data) == (uncounted(tree, Wishes()), False)
    os.utime(tree / "src/f4.py", (4e9, 4e9))
    assert packed(tree, data) == (uncounted(tree, Wishes()), True)


def test_a_data_folder_that_cannot_be_had_changes_nothing(tmp_path: Path) -> None:
    tree, data = committed(tmp_path / "w", FILES), tmp_path / "data"
    data.write_text("a file")
    for _ in range(2):
        assert packed(tree, data) == (uncounted(tree, Wishes()), True)


@pytest.mark.parametrize(("name", "content"), [(".env", b"LEASH_PORT=none"), (".env", b"NAME=\xff"), ("leash.toml", b"port =")])
def test_settings_that_cannot_be_read_change_nothing(tmp_path: Path, name: str, content: bytes) -> None:
    tree = committed(tmp_path / "w", {**FILES, ".gitignore": b".env\nleash.toml\n"})
    (tree / name).write_bytes(content)
    assert packed(tree, tmp_path / "data", folder=tree) == (uncounted(tree, Wishes()), True)
    assert not (tmp_path / "data").exists()


def test_read_in_part_it_is_whole_the_next_time(tmp_path: Path) -> None:
    tree, data = committed(tmp_path / "w", {**FILES, **LARGE}), tmp_path / "data"
    words = [sys.executable, "-m", "server.cli", "repo", str(tree)]
    with subprocess.Popen(words, cwd=ROOT, env={**os.environ, "LEASH_DATA_DIR": str(data)}, stdout=subprocess.PIPE) as running:
        assert running.stdout.read(100)
        running.stdout.close()
        assert running.wait(60) != 0
    assert packed(tree, data)[0] == uncounted(tree, Wishes())
